"""One transmission heard by several receivers, whose rows come in files of their own."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ais.schema import POSITIONS
from tests.bench._fleet import DAY, hours
from workspace import _archive_compact, archive

FIRST = DAY.date()


def heard(
    source: str | None,
    seconds: range | list[int],
    *,
    begin: datetime = DAY,
    mmsi: int = 412_000_001,
    moved: bool = True,
    sog_kn: float | None = 5.0,
    lag_s: int = 0,
) -> pl.DataFrame:
    """Return what a receiver writes of a vessel that reports at these seconds."""
    return pl.DataFrame(
        {
            "mmsi": mmsi,
            "t": [begin + timedelta(seconds=s + lag_s) for s in seconds],
            "lon": [121 + s / 1_000 * moved for s in seconds],
            "lat": 29.0,
            "sog_kn": sog_kn,
            "cog_deg": 90.0,
            "heading_deg": None,
            "status": 0,
            "msg_type": 1,
            "cls": "A",
            "source": source,
        },
        schema=POSITIONS,
        strict=False,
    )


def _ended(folder: Path) -> pl.DataFrame:
    """Compact as an ingest does at its end, and return what reads give."""
    archive.compact(folder, days=archive.needs_compaction(folder))
    return archive.read(folder)


@pytest.mark.parametrize("late_first", [False, True])
def test_what_two_stations_heard_is_there_once(tmp_path: Path, *, late_first: bool) -> None:
    folder = tmp_path / "a"
    a, b = heard("a", range(0, 2_000, 10)), heard("b", range(0, 2_000, 10), lag_s=2)
    for rows in (b, a) if late_first else (a, b):
        assert archive.append(folder, rows) == 200
    assert archive.needs_compaction(folder) == [FIRST]
    done = archive.compact(folder)
    assert (done.rows, done.heard_again, done.duplicates, done.files_after) == (200, 200, 0, 2)
    assert archive.read(folder).equals(a)
    assert archive.summary(folder) == (200, a["t"].min(), a["t"].max())
    assert archive.by_day(folder)["rows"].to_list() == [200]
    assert archive.buckets(folder).select("rows", "files").row(0) == (200, 1)
    assert len(archive.touched(folder)) == 1
    assert archive.by_source(folder)["source"].to_list() == ["a"]
    assert archive.coverage(folder, day=FIRST, cell_deg=10.0)["rows"].to_list() == [200]
    # What is put by is known: it does not come back, and there is nothing more to do.
    assert archive.append(folder, pl.concat([a, b])) == 0
    assert archive.needs_compaction(folder) == []
    assert archive.compact(folder) == archive.Compacted()
    assert archive.read(folder).equals(a)
    assert archive.retain(folder, before=FIRST + timedelta(days=1)) == 200
    assert archive.append(folder, b) == 200


def test_a_better_row_for_one_that_is_put_by_goes_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    a = heard("a", range(0, 600, 10), sog_kn=None)
    b = heard("b", range(0, 600, 10), sog_kn=None, lag_s=2)
    archive.append(folder, a)
    archive.append(folder, b)
    assert _ended(folder).equals(a)
    # With its speed told it is another report than that of the other station.
    better = b[7:12].with_columns(sog_kn=pl.lit(4.0, POSITIONS["sog_kn"]))
    assert archive.append(folder, better) == 0
    assert archive.summary(folder)[0] == archive.read(folder).height == 60
    assert _ended(folder).equals(pl.concat([a, better]).sort(archive.KEY))
    assert archive.append(folder, pl.concat([b, better])) == 0
    assert archive.needs_compaction(folder) == []


def test_a_chain_of_stations_ends_alike_whichever_two_were_merged_first(tmp_path: Path) -> None:
    """Of A at 0 s, B at 25 s and C at 50 s, B goes; C is no more than 30 s after B alone."""
    chain = [heard(s, [t], moved=False) for s, t in (("a", 0), ("b", 25), ("c", 50))]
    ends = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)):
        folder = tmp_path / "".join(map(str, order))
        for one in order:
            archive.append(folder, chain[one])
            archive.compact(folder)
        ends.append(archive.read(folder))
    assert all(end.equals(pl.concat([chain[0], chain[2]])) for end in ends)


def test_a_pair_across_midnight_stays(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    midnight = DAY + timedelta(days=1)
    archive.append(folder, heard("a", [-1], begin=midnight))
    archive.append(folder, heard("b", [-1], begin=midnight, lag_s=2))
    archive.compact(folder)
    assert archive.summary(folder)[0] == 2


_VALUES = st.tuples(
    st.integers(0, 2),
    st.integers(0, 12),
    st.sampled_from([None, 4.0, 5.0]),
    st.sampled_from(["a", "b", "c", None]),
)


def _table(values: list[tuple[int, int, float | None, str | None]]) -> pl.DataFrame:
    return pl.concat(
        [
            heard(source, [10 * t], mmsi=412_000_000 + vessel, moved=False, sog_kn=speed)
            for vessel, t, speed, source in values
        ]
    )


def _once(
    values: list[tuple[int, int, float | None, str | None]],
) -> list[tuple[int, int, float | None, str | None]]:
    """Return what must be left of such rows, worked out row by row."""
    of_key: dict[tuple[int, int], tuple[int, int, float | None, str | None]] = {}
    for row in sorted(values, key=lambda r: (r[2] is None, r[2] or 0, r[3] is None, r[3] or "")):
        of_key.setdefault(row[:2], row)
    kept: list[tuple[int, int, float | None, str | None]] = []
    for row in sorted(of_key.values(), key=lambda r: r[:2]):
        vessel, t, speed, source = row
        if not any(
            (v, s) == (vessel, speed) and t - 3 <= u <= t and of != source for v, u, s, of in kept
        ):
            kept.append(row)
    return kept


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), n=st.sampled_from([2, 1_000]))
def test_order_cuts_and_kills_make_no_difference_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, n: int
) -> None:
    """A file is the rows of a station, or of several; a killed run had some of it appended."""
    folder = tmp_path_factory.mktemp("a")
    values = data.draw(st.lists(_VALUES, min_size=1, max_size=40))
    files: dict[str | None, list[tuple[int, int, float | None, str | None]]] = {}
    together = data.draw(st.booleans())
    for row in values:
        files.setdefault(None if together else row[3], []).append(row)
    for name in data.draw(st.permutations(sorted(files, key=str))):
        rows = files[name]
        cut = data.draw(st.integers(0, len(rows)))
        # The first run is killed after a piece; the second begins the file again.
        for piece in (rows[:cut], rows):
            if piece:
                archive.append(folder, _table(piece))
            if data.draw(st.booleans()):
                archive.compact(folder, bucket_rows=n)
    got = _ended(folder).select(
        pl.col("mmsi") - 412_000_000,
        (pl.col("t") - DAY).dt.total_seconds() // 10,
        "sog_kn",
        "source",
    )
    assert got.rows() == _once(values)
    assert archive.summary(folder)[0] == got.height
    archive.compact(folder, bucket_rows=n)
    assert archive.read(folder).height == got.height


def test_days_are_named_where_sources_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = heard("a", range(0, 2_000, 10))
    others = {
        "same source": (heard("a", range(5, 2_000, 10)), False),
        "meets": (heard("b", range(500, 600, 10), lag_s=1), True),
        "29 s after the end": (heard("b", [1_990 + 29]), True),
        "31 s after the end": (heard("b", [1_990 + 31]), False),
        "another vessel": (heard("b", range(0, 100, 10), mmsi=9), False),
        "two sources in one": (pl.concat([heard("b", [9_000]), heard(None, [9_009])]), True),
    }
    for name, (rows, named) in others.items():
        folder = tmp_path / name
        archive.append(folder, a)
        archive.compact(folder)
        archive.append(folder, rows)
        assert archive.needs_compaction(folder) == [FIRST] * named, name
    # A large day waits until a tenth is new.
    monkeypatch.setattr(_archive_compact, "_SMALL", 100)
    assert archive.needs_compaction(tmp_path / "meets") == []
    archive.append(tmp_path / "meets", heard("b", range(600, 1_600, 10), lag_s=1))
    assert archive.needs_compaction(tmp_path / "meets") == [FIRST]


def test_sources_are_told_by_a_checkpoint_too(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    archive.append(folder, heard("a", range(0, 2_000, 10)))
    DeltaTable(folder).create_checkpoint()
    assert archive.needs_compaction(folder) == []
    archive.append(folder, heard("a", range(5, 2_000, 10)))
    DeltaTable(folder).create_checkpoint()
    assert archive.needs_compaction(folder) == []
    archive.append(folder, heard("b", range(5, 2_000, 10), lag_s=1))
    DeltaTable(folder).create_checkpoint()
    assert archive.needs_compaction(folder) == [FIRST]


def test_two_stations_of_a_fleet_are_one_fleet_again(tmp_path: Path) -> None:
    """The first station is first everywhere; the second is heard up to 3 s later, with gaps."""
    folder = tmp_path / "a"
    fleet = pl.concat(list(hours(200, 20_000))).with_columns(source=pl.lit("a"))
    late = (
        fleet.sample(fraction=0.8, seed=3)
        .with_columns(pl.col("t") + pl.duration(milliseconds=pl.int_range(pl.len()) % 3_000))
        .with_columns(source=pl.lit("b"))
        .sort("t")
        .filter(pl.col("t").dt.date() == FIRST)
    )
    for one in (late, fleet):
        for part in one.iter_slices(7_000):
            archive.append(folder, part)
    done = archive.compact(folder, bucket_rows=8_000)
    assert archive.buckets(folder)["n"].max() > 1
    assert done.rows + done.heard_again + done.duplicates == fleet.height + late.height
    assert archive.read(folder).equals(fleet.sort(archive.KEY))
