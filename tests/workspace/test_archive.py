"""The archive of positions: once each, whichever way they come, and only what is needed read."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ais.schema import POSITIONS
from workspace import archive
from workspace._archive_files import ordered

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def made(n: int, *, seed: int = 1, days: float = 3.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    t = [DAY + timedelta(milliseconds=int(x)) for x in rng.integers(0, int(days * 86_400_000), n)]
    return pl.DataFrame(
        {
            "mmsi": rng.integers(200_000_000, 999_999_999, 40)[rng.integers(0, 40, n)],
            "t": t,
            "lon": rng.uniform(121, 123, n),
            "lat": rng.uniform(28, 30, n),
            "sog_kn": rng.uniform(0, 20, n),
            "cog_deg": None,
            "heading_deg": rng.integers(0, 360, n),
            "status": 5,
            "msg_type": 1,
            "cls": "A",
            "source": "test",
        },
        schema=POSITIONS,
        strict=False,
    )


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(*archive.KEY)


def test_an_empty_archive_reads_as_nothing(tmp_path: Path) -> None:
    assert archive.read(tmp_path / "none").schema == POSITIONS
    assert archive.summary(tmp_path / "none") == (0, None, None)
    assert archive.append(tmp_path / "none", made(0)) == 0


def test_what_goes_in_comes_out_with_every_value(tmp_path: Path) -> None:
    frame = made(3_000)
    assert archive.append(tmp_path / "a", frame) == 3_000
    back = archive.read(tmp_path / "a")
    assert back.schema == POSITIONS
    assert back["mmsi"].is_sorted()
    assert _sorted(back).equals(_sorted(frame))
    rows, oldest, newest = archive.summary(tmp_path / "a")
    assert (rows, oldest, newest) == (3_000, frame["t"].min(), frame["t"].max())
    assert archive.by_day(tmp_path / "a")["rows"].sum() == 3_000


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 400), max_size=5), again=st.lists(st.integers(0, 400), max_size=3)
)
def test_splitting_and_repeating_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], again: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    frame = made(400, seed=3)
    borders = [0, *sorted(cuts), 400]
    pieces = [frame[a:b] for a, b in itertools.pairwise(borders)]
    pieces += [frame[start : start + 50] for start in again]
    added = sum(archive.append(folder, piece) for piece in pieces)
    assert added == 400
    assert _sorted(archive.read(folder)).equals(_sorted(frame))


def test_reads_open_only_the_files_that_matter(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    frame = made(6_000)
    archive.append(folder, frame)
    assert len(archive.touched(folder)) == 3
    second = DAY + timedelta(days=1)
    assert len(archive.touched(folder, t0=second, t1=second + timedelta(hours=3))) == 1
    assert archive.touched(folder, bbox=(0, 0, 1, 1)) == []
    assert archive.touched(folder, mmsi=[5]) == []
    west = frame["lon"].median()
    limits = {"t0": second, "t1": second + timedelta(hours=3), "bbox": (121, 28, west, 29.5)}
    vessel = int(frame["mmsi"][0])
    expected = frame.filter(
        pl.col("t") >= limits["t0"],
        pl.col("t") < limits["t1"],
        pl.col("lon") <= west,
        pl.col("lat") <= 29.5,
        pl.col("mmsi") == vessel,
    )
    got = archive.read(folder, **limits, mmsi=[vessel], columns=["mmsi", "t", "lon", "lat"])
    assert _sorted(got).equals(_sorted(expected.select(got.columns)))


def test_a_box_may_cross_the_antimeridian(tmp_path: Path) -> None:
    frame = made(3).with_columns(lon=pl.Series([179.9, -179.9, 0.0]))
    archive.append(tmp_path / "a", frame)
    got = archive.read(tmp_path / "a", bbox=(179, -90, -179, 90))
    assert sorted(got["lon"]) == [-179.9, 179.9]


@pytest.mark.parametrize("days", [1.0, 90.0, 200.0])
def test_rows_are_ordered_by_the_whole_key(days: float) -> None:
    rows = made(600, seed=5, days=days)
    some = rows.sample(100, seed=6)
    again = [some.with_columns(pl.col(name).reverse()) for name in ("lon", "lat")]
    mixed = pl.concat([rows, *again]).sample(fraction=1.0, shuffle=True, seed=7)
    got = ordered(mixed)
    assert got.select(archive.KEY).equals(mixed.sort(archive.KEY).select(archive.KEY))
    assert got.select(mixed.columns).sort(mixed.columns).equals(mixed.sort(mixed.columns))
    assert ordered(mixed.clear()).is_empty()


def test_two_writers_at_once_add_each_row_once(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    shared, own = made(300, seed=1), [made(100, seed=n) for n in (2, 3, 4)]
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        added = pool.starmap(archive.append, [(folder, pl.concat([shared, x])) for x in own])
    assert sum(added) == 600
    assert _sorted(archive.read(folder)).equals(_sorted(pl.concat([shared, *own])))


_KILLED = """
    import pathlib, sys
    sys.path.insert(0, {root!r})
    from tests_archive_made import made
    from workspace import archive
    print("ready", flush=True)
    for n in range(200):
        archive.append(pathlib.Path({folder!r}), made(4000, seed=1)[n * 20 : n * 20 + 20])
        print(n, flush=True)
"""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_writer_killed_leaves_whole_appends_and_can_be_run_again(
    tmp_path: Path, after: int
) -> None:
    folder = tmp_path / "a"
    (tmp_path / "tests_archive_made.py").write_text(Path(__file__).read_text())
    root = str(Path(__file__).resolve().parents[2])
    code = textwrap.dedent(_KILLED.format(root=root, folder=str(folder)))
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{root}"},
    )
    for line in child.stdout:
        if line.strip() == str(after):
            child.send_signal(signal.SIGKILL)
            break
    child.wait(timeout=60)
    child.stdout.close()
    frame = made(4_000, seed=1)
    kept = archive.read(folder)
    assert kept.height % 20 == 0
    assert kept.height >= 20 * (after + 1)
    archive.append(folder, frame)
    assert _sorted(archive.read(folder)).equals(_sorted(frame))
