"""Compaction: the same rows in fewer, sorted files; what is read of them; days let go."""

import itertools
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import typer
from deltalake import DeltaTable, Schema, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from ais.schema import POSITIONS
from tests.bench._fleet import DAY, hours
from workspace import _archive_log, archive, config
from workspace._cli_archive import compact
from workspace.folder import init

FIRST = DAY.date()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fleet() -> pl.DataFrame:
    """Return some two days of 300 vessels, in the order of time."""
    return pl.concat(list(hours(300, 600_000))).sample(300_000, seed=2).sort("t")


@pytest.fixture(scope="module")
def some(fleet: pl.DataFrame) -> pl.DataFrame:
    """Return every fifth row of it."""
    return fleet.gather_every(5)


@pytest.fixture(scope="module")
def _filled(some: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "positions"
    for part in some.iter_slices(6_000):
        archive.append(folder, part)
    return folder


@pytest.fixture
def filled(tmp_path: Path, _filled: Path) -> Path:
    """Return an archive that got those in ten appends."""
    return Path(shutil.copytree(_filled, tmp_path / "海 岸" / "positions"))


def _few(values: list[tuple[int, int, int | None, int, str]]) -> pl.DataFrame:
    """Return rows of few keys, each key many times with other details."""
    return pl.DataFrame(
        [
            {
                "mmsi": 200_000_000 + vessel,
                "t": DAY + timedelta(hours=20 * hour),
                "lon": 121.0,
                "lat": 29.0,
                "sog_kn": speed,
                "msg_type": kind,
                "source": source,
                **dict.fromkeys(("cog_deg", "heading_deg", "status")),
                "cls": "A",
            }
            for vessel, hour, speed, kind, source in values
        ],
        schema=POSITIONS,
        strict=False,
    )


def _best(values: list[tuple[int, int, int | None, int, str]]) -> list[tuple[object, ...]]:
    """Return what must be kept of such rows, worked out row by row."""
    kept: dict[tuple[int, int], tuple[int, int, int | None, int, str]] = {}

    def rank(row: tuple[int, int, int | None, int, str]) -> tuple[object, ...]:
        return (row[2] is None, row[3] == 0, row[3], row[2] or 0, row[4])

    for row in values:
        key = row[:2]
        if key not in kept or rank(row) < rank(kept[key]):
            kept[key] = row
    return sorted(kept.values(), key=lambda row: row[:2])


_ROW = st.tuples(
    st.integers(0, 4),
    st.integers(0, 2),
    st.none() | st.integers(0, 2),
    st.sampled_from([0, 1, 18]),
    st.sampled_from(["a", "b"]),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(_ROW, min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    compacted=st.sets(st.integers(0, 4)),
    n=st.sampled_from([2, 1_000]),
)
def test_the_better_row_is_kept_in_whichever_order_rows_come(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[tuple[int, int, int | None, int, str]],
    cuts: list[int],
    compacted: set[int],
    n: int,
) -> None:
    folder = tmp_path_factory.mktemp("a")
    expected = _best(values)
    borders = [0, *sorted(cuts), 40]
    added = 0
    for number, (start, stop) in enumerate(itertools.pairwise(borders)):
        added += archive.append(folder, _few(values[start:stop]))
        if number in compacted:
            archive.compact(folder, bucket_rows=n)
    got = archive.read(folder)
    told = got.select(
        pl.col("mmsi") - 200_000_000,
        (pl.col("t") - DAY).dt.total_hours() // 20,
        "sog_kn",
        "msg_type",
        "source",
    )
    assert told.rows() == expected
    assert added == len(expected) == archive.summary(folder)[0]
    assert archive.by_day(folder)["rows"].sum() == len(expected)
    assert archive.read(folder, columns=["source"])["source"].to_list() == [r[4] for r in expected]
    assert archive.by_source(folder)["rows"].sum() == len(expected)
    archive.compact(folder, bucket_rows=n)
    assert archive.read(folder).equals(got)


def test_compaction_keeps_the_rows_and_is_done_once(filled: Path, some: pl.DataFrame) -> None:
    before = archive.read(filled)
    assert_frame_equal(before, some.sort(*archive.KEY))
    second = FIRST + timedelta(days=1)
    assert archive.needs_compaction(filled) == [FIRST, second]
    done = archive.compact(filled, days=[FIRST])
    assert (done.days, done.files_after, done.duplicates) == (1, 1, 0)
    assert done.files_before > 4
    assert archive.needs_compaction(filled) == [second]
    rest = archive.compact(filled)
    assert done.rows + rest.rows == some.height
    assert archive.compact(filled) == archive.Compacted()
    assert len(archive.touched(filled)) == archive.buckets(filled).height == 2
    assert archive.read(filled).equals(before)


def test_a_large_day_is_parted_and_appends_keep_to_it(filled: Path, some: pl.DataFrame) -> None:
    before = archive.read(filled)
    archive.compact(filled, bucket_rows=14_000)
    parted = archive.buckets(filled)
    assert parted.filter(pl.col("date") == FIRST)["n"].unique().to_list() == [3]
    assert parted["rows"].sum() == some.height
    assert parted["files"].to_list() == [1] * parted.height
    assert archive.read(filled).equals(before)
    late = some.head(2_000).with_columns(pl.col("t") + timedelta(milliseconds=1))
    assert archive.append(filled, pl.concat([late, some.head(5_000)])) == 2_000
    assert archive.buckets(filled)["n"].to_list() == parted["n"].to_list()
    vessel = int(late["mmsi"][0])
    assert len(archive.touched(filled, t1=DAY + timedelta(days=1), mmsi=[vessel])) <= 2 + 1
    archive.compact(filled, bucket_rows=14_000)
    assert archive.read(filled).equals(pl.concat([before, late]).sort(*archive.KEY))


@pytest.mark.parametrize("bucket_rows", [14_000, 10_000_000])
def test_turns_by_bucket_read_everything_once(
    filled: Path, some: pl.DataFrame, bucket_rows: int
) -> None:
    archive.compact(filled, bucket_rows=bucket_rows)
    turns = [archive.read(filled, bucket=(k, 6)) for k in range(6)]
    assert all(turn["mmsi"].is_sorted() for turn in turns)
    assert all((turn["mmsi"] % 6 == k).all() for k, turn in enumerate(turns))
    assert pl.concat(turns).sort(*archive.KEY).equals(some.sort(*archive.KEY))
    first = {"t1": DAY + timedelta(hours=20), "bucket": (1, 6)}
    assert len(archive.touched(filled, **first)) == 1


_READ = """
    import json, pathlib, sys
    from datetime import datetime
    from workspace import archive
    limits = json.loads(sys.argv[2])
    for name in ("t0", "t1"):
        limits[name] = datetime.fromisoformat(limits[name])
    print(archive.read(pathlib.Path(sys.argv[1]), **limits).height)
"""


def _groups(folder: Path, **limits: object) -> tuple[int, int, int, int]:
    """Return rows found, files opened, row groups read, and row groups that these files have."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_READ), str(folder), json.dumps(limits)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "POLARS_VERBOSE": "1"},
    )
    read = [
        tuple(map(int, pair))
        for pair in re.findall(r"Predicate pushdown: reading (\d+) / (\d+) row", done.stderr)
    ]
    return int(done.stdout), len(read), sum(a for a, _ in read), sum(b for _, b in read)


def test_a_vessel_day_and_a_box_day_touch_few_row_groups(
    tmp_path: Path, fleet: pl.DataFrame
) -> None:
    folder = tmp_path / "a"
    archive.append(folder, fleet)
    archive.compact(folder)
    day = {"t0": DAY.isoformat(), "t1": (DAY + timedelta(days=1)).isoformat()}
    today = fleet.filter(pl.col("t").dt.date() == FIRST)
    vessel = int(today.filter(pl.col("status") == 0)["mmsi"][0])
    rows, files, _, there = _groups(folder, **day, mmsi=[vessel])
    assert rows == today.filter(pl.col("mmsi") == vessel).height > 0
    assert (files, there) == (1, -(-today.height // 16_384))
    (path,) = archive.touched(folder, t1=DAY + timedelta(hours=1), mmsi=[vessel])
    lies = pl.read_parquet(path, columns=["mmsi"]).with_row_index("row")
    spot = lies.filter(pl.col("mmsi") == vessel)["row"]
    assert spot[-1] - spot[0] == rows - 1
    lon, lat = today.filter(pl.col("status") == 5).select("lon", "lat").row(0)
    box = (lon - 0.05, lat - 0.045, lon + 0.05, lat + 0.045)
    rows, files, read, there = _groups(folder, **day, bbox=box)
    inside = pl.col("lon").is_between(*box[::2]) & pl.col("lat").is_between(*box[1::2])
    assert rows == today.filter(inside).height > 0
    assert files == 1
    assert read <= there // 2


def test_an_append_of_new_times_or_vessels_reads_nothing(
    tmp_path: Path, some: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    middle = some["t"][some.height // 2]
    number = int(some["mmsi"].median())
    for name, first in (("t", pl.col("t") < middle), ("mmsi", pl.col("mmsi") < number)):
        with monkeypatch.context() as patch:
            patch.delattr(pl, "scan_parquet")
            archive.append(tmp_path / name, some.filter(first))
            archive.append(tmp_path / name, some.filter(~first))
        assert archive.read(tmp_path / name).equals(some.sort(*archive.KEY))


def test_an_archive_of_the_version_before_goes_on(tmp_path: Path, some: pl.DataFrame) -> None:
    folder = tmp_path / "a"
    stored = some.with_columns(
        *(pl.col(name).cast(dtype) for name, dtype in _archive_log.STORED.items()),
        date=pl.col("t").dt.date(),
    ).sort("mmsi", "t")
    DeltaTable.create(
        str(folder), schema=Schema.from_arrow(stored.to_arrow().schema), partition_by=["date"]
    )
    for part in (stored.head(40_000), stored.tail(-40_000)):
        write_deltalake(folder, part.to_arrow(), mode="append")
    expected = some.sort(*archive.KEY)
    assert archive.read(folder).equals(expected)
    assert archive.summary(folder)[0] == some.height
    late = some.head(100).with_columns(pl.col("t") + timedelta(milliseconds=1))
    assert archive.append(folder, pl.concat([some.head(900), late])) == 100
    assert DeltaTable(folder).metadata().partition_columns == ["date", "bucket"]
    expected = pl.concat([expected, late]).sort(*archive.KEY)
    assert archive.read(folder).equals(expected)
    archive.compact(folder)
    assert archive.read(folder).equals(expected)
    assert archive.buckets(folder)["files"].to_list() == [1, 1]


def test_files_replaced_stay_for_an_hour_and_those_of_a_killed_writer_too(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    replaced = archive.touched(filled)
    killed = [Path(replaced[0]).with_name(f"part-{name}.parquet") for name in "ab"]
    for path in killed:
        path.write_bytes(b"PAR1")
    os.utime(killed[0], (1, 1))
    with monkeypatch.context() as patch:
        patch.setattr(_archive_log.time, "time", lambda: now - 3_500)
        archive.compact(filled, days=[FIRST])
    assert not killed[0].exists()
    assert killed[1].exists()
    archive.compact(filled)
    assert all(Path(path).exists() for path in replaced)
    with monkeypatch.context() as patch:
        patch.setattr(_archive_log.time, "time", lambda: now - 3_700)
        archive.retain(filled, before=FIRST + timedelta(days=1))
    rows = archive.read(filled)
    archive.compact(filled)
    left = set(filled.glob("date=*/**/*.parquet"))
    assert not [path for path in left if "base-" in path.name and f"date={FIRST}" in str(path)]
    assert {str(path) for path in left} >= set(archive.touched(filled))
    assert archive.read(filled).equals(rows)


def test_days_let_go_are_whole_and_counted(filled: Path, some: pl.DataFrame) -> None:
    assert archive.retain(filled, before=FIRST) == 0
    second = FIRST + timedelta(days=1)
    kept = some.filter(pl.col("t").dt.date() >= second)
    assert archive.retain(filled, before=second) == some.height - kept.height
    assert archive.read(filled).equals(kept.sort(*archive.KEY))
    assert archive.retain(filled, before=second) == 0
    assert archive.retain(filled.parent / "none", before=second) == 0
    assert archive.append(filled, some) == some.height - kept.height


def test_sources_and_coverage_add_up(filled: Path, some: pl.DataFrame) -> None:
    archive.compact(filled, days=[FIRST])
    sources = archive.by_source(filled)
    day = pl.col("t").dt.date().alias("date")
    expected = (
        some.group_by(day, "source")
        .agg(
            rows=pl.len().cast(pl.Int64),
            vessels=pl.col("mmsi").n_unique().cast(pl.Int64),
            t0=pl.col("t").min(),
            t1=pl.col("t").max(),
        )
        .sort("date", "source")
    )
    assert_frame_equal(sources, expected)
    assert archive.by_source(filled, [FIRST]).equals(expected.filter(pl.col("date") == FIRST))
    assert archive.by_source(filled, []).is_empty()
    today = some.filter(day == FIRST, pl.col("source") == "station 2")
    cells = archive.coverage(filled, day=FIRST, source="station 2", cell_deg=0.5)
    assert cells["rows"].sum() == today.height
    west, south, rows, vessels = cells.sort("rows").row(-1)
    inside = today.filter(
        pl.col("lon").is_between(west, west + 0.5, closed="left"),
        pl.col("lat").is_between(south, south + 0.5, closed="left"),
    )
    assert (rows, vessels) == (inside.height, inside["mmsi"].n_unique())
    assert archive.coverage(filled, day=date(2020, 1, 1), cell_deg=0.5).is_empty()


def _append_all(folder: Path, fleet: pl.DataFrame) -> int:
    return sum(archive.append(folder, part) for part in fleet.iter_slices(3_000))


def _compact_often(folder: Path, rows: int) -> int:
    turns = 0
    while archive.summary(folder)[0] < rows:
        archive.compact(folder, bucket_rows=9_000)
        turns += 1
    return turns


def test_compaction_beside_writers_loses_and_doubles_nothing(
    tmp_path: Path, some: pl.DataFrame
) -> None:
    folder = tmp_path / "a"
    rows = some.head(30_000)
    archive.append(folder, rows.head(10))
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        turns = pool.apply_async(_compact_often, (folder, rows.height))
        added = [pool.apply_async(_append_all, (folder, part)) for part in (rows, rows[::-1])]
        assert sum(one.get(120) for one in added) == rows.height - 10
        assert turns.get(120) > 0
    assert archive.read(folder).equals(rows.sort(*archive.KEY))
    archive.compact(folder)
    assert archive.read(folder).equals(rows.sort(*archive.KEY))


def test_the_command_compacts_and_lets_old_days_go(tmp_path: Path, some: pl.DataFrame) -> None:
    root = tmp_path / "ws"
    ws = init(root)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = some.with_columns(pl.col("t") + (today - timedelta(days=2) - DAY))
    for part in rows.iter_slices(20_000):
        archive.append(ws.positions, part)
    command = typer.Typer()
    command.command()(compact)
    command.command("other")(lambda: None)

    def counts(*words: str) -> dict[str, int]:
        done = CliRunner().invoke(command, ["compact", str(root), *words, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.output.splitlines()[-1])["counts"]

    first = counts()
    assert (first["days"], first["rows"], first["let_go"]) == (2, rows.height, 0)
    assert first["files_after"] == 2 < first["files_before"]
    assert counts("--keep-days", "2") == dict.fromkeys(first, 0)
    old = rows.filter(pl.col("t") < today - timedelta(days=1)).height
    assert counts("--keep-days", "1")["let_go"] == old
    ws.close()
    config.write(root / config.FILE_NAME, {"keep_days": 1})
    assert counts() == dict.fromkeys(first, 0)
    assert archive.summary(ws.positions)[0] == rows.height - old
