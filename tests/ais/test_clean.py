"""What cleaning keeps, blanks, merges and refuses."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.clean import HEARD_AGAIN_S, Cleaned, clean
from ais.io import read
from ais.schema import POSITIONS, empty
from geo.errors import REFUSED

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def table(seconds, **columns) -> pl.DataFrame:
    """Return positions of one vessel at these seconds; a column may be one value or many."""
    n = len(seconds)
    usual = {"mmsi": 412000001, "lon": 122.0, "lat": 29.0, "sog_kn": 5.0, "cog_deg": 90.0}
    usual |= {"heading_deg": 91.0, "status": 0, "msg_type": 1, "cls": "A", "source": "a"}
    data = {
        name: list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value] * n
        for name, value in (usual | columns).items()
    }
    data["t"] = [T0 + timedelta(seconds=float(s)) for s in seconds]
    return pl.DataFrame(data, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def adds_up(out: Cleaned) -> bool:
    total = sum(n for reason, n in out.counts.items() if reason != "rows_in")
    return total == out.counts["rows_in"] and out.counts["kept"] == out.kept.height


def rows(kept: pl.DataFrame) -> list[tuple[object, ...]]:
    return sorted(kept.iter_rows(), key=repr)


def test_books_add_up_and_nothing_given_changes() -> None:
    lon = [122.0, 122.0, 200.0, 0.0, 122.1, 181.0, None]
    lat = [29.0, 29.0, 29.0, 0.0, 29.0, 91.0, 29.0]
    p = pl.concat([table([0, 0, 1, 2, 3, 4, 5], lon=lon, lat=lat), table([0], mmsi=0)])
    before = p.clone()
    out = clean(p)
    assert out.counts == {
        "rows_in": 8, "kept": 2, "duplicate": 1, "bad_position": 2, "no_position": 2, "bad_mmsi": 1,
    }  # fmt: skip
    assert adds_up(out)
    assert out.kept["lon"].to_list() == [122.0, 122.1]
    assert out.kept.schema == POSITIONS
    assert out.refused.schema == REFUSED
    assert out.refused.height == 6
    assert p.equals(before)


def test_what_is_not_available_becomes_null() -> None:
    p = table(
        range(6),
        sog_kn=[102.3, 102.2, -0.1, 5.0, 700.0, 1023.0],
        cog_deg=[360.0, 359.9, -10.0, 0.0, 5.0, 5.0],
        heading_deg=[511.0, 359.0, 360.0, 0.0, float("nan"), 5.0],
        status=[15, 14, 200, 0, 0, 0],
        msg_type=[1, 1, 1, 1, 9, 9],
        lon=122 + np.arange(6) / 10,
    )
    out = clean(p)
    sog = [None, 102.2, None, 5.0, 700.0, None]
    assert out.kept["sog_kn"].to_list() == [None if s is None else pytest.approx(s) for s in sog]
    cog = [None, 359.9, None, 0.0, 5.0, 5.0]
    assert out.kept["cog_deg"].to_list() == [None if c is None else pytest.approx(c) for c in cog]
    assert out.kept["heading_deg"].to_list() == [None, 359.0, None, 0.0, None, 5.0]
    assert out.kept["status"].to_list() == [None, 14, None, 0, 0, 0]
    assert out.blanked == {"sog_kn": 3, "cog_deg": 2, "heading_deg": 3, "status": 2}
    assert out.counts == {"rows_in": 6, "kept": 6}


def test_a_time_that_is_too_late_is_refused_when_asked() -> None:
    p = table([0, 60, 120], lon=[122.0, 122.1, 122.2])
    out = clean(p, not_after=T0 + timedelta(seconds=60))
    assert out.counts == {"rows_in": 3, "kept": 2, "future": 1}
    assert clean(p).counts["kept"] == 3


def test_one_transmission_heard_by_three_stations_is_told_once() -> None:
    out = clean(table([0, 2, 7], source=["a", "b", "c"]))
    assert out.counts == {"rows_in": 3, "kept": 1, "heard_again": 2}
    assert out.kept["source"].to_list() == ["a"]
    assert out.refused.height == 0


def test_reports_of_one_source_are_never_merged() -> None:
    moored = table(range(0, 600, 10), sog_kn=0.0)
    assert clean(moored).counts == {"rows_in": 60, "kept": 60}
    # Another station hears the half of them, two seconds later, and goes on when the first ends.
    other = table(range(2, 900, 20), sog_kn=0.0, source="b")
    out = clean(pl.concat([moored, other]))
    assert out.kept.filter(pl.col("source") == "a").height == 60
    late = other.filter(pl.col("t") > T0 + timedelta(seconds=590 + HEARD_AGAIN_S))
    assert out.kept.filter(pl.col("source") == "b").equals(late)


def test_another_content_or_thirty_seconds_are_another_report() -> None:
    p = table([0, 2, 4, 35], source=["a", "b", "c", "d"], cog_deg=[90.0, 91.0, 90.0, 90.0])
    assert clean(p).kept["source"].to_list() == ["a", "b", "d"]
    null = table([0, 2], source=["a", "b"], cog_deg=None, heading_deg=None, sog_kn=None)
    assert clean(null).counts["heard_again"] == 1


def test_the_fullest_of_two_reports_at_one_instant_stays() -> None:
    p = table([0, 0], sog_kn=[None, 5.0], source=["a", "b"])
    for given_rows in (p, p.reverse()):
        assert clean(given_rows).kept["sog_kn"].to_list() == [5.0]


ROW = st.tuples(
    st.integers(0, 2),
    st.integers(0, 90),
    st.sampled_from([122.0, 122.5, 181.0, None]),
    st.sampled_from([0.0, 4.0, 102.3, None]),
    st.sampled_from(["a", "b", "c", None]),
)


@given(st.lists(ROW, max_size=60), st.randoms(use_true_random=False))
def test_order_makes_no_difference_and_twice_is_once(found, random) -> None:
    p = table(
        [row[1] for row in found],
        mmsi=[row[0] for row in found],
        lon=[row[2] for row in found],
        sog_kn=[row[3] for row in found],
        source=[row[4] for row in found],
    )
    out = clean(p, not_after=T0 + timedelta(seconds=80))
    assert adds_up(out)
    twice = clean(out.kept, not_after=T0 + timedelta(seconds=80))
    assert twice.kept.equals(out.kept)
    assert twice.blanked == {}
    order = list(range(p.height))
    random.shuffle(order)
    other = clean(p[order], not_after=T0 + timedelta(seconds=80))
    assert rows(other.kept) == rows(out.kept)
    assert other.counts == out.counts
    # What went as heard again has a kept report of another source in the 30 s before.
    kept = out.kept.group_by("mmsi", "t").len()
    assert kept.height <= out.kept.height


def test_of_nothing_comes_nothing() -> None:
    out = clean(empty(POSITIONS))
    assert out.counts == {"rows_in": 0, "kept": 0}
    assert out.kept.schema == POSITIONS


def test_the_coast_guards_log_tells_each_report_once(shared: Path) -> None:
    path = shared / "ais" / "uscg_nais_20160728_100k.nm4.gz"
    p = pl.concat([batch.positions for batch in read(path)])
    out = clean(p)
    assert adds_up(out)
    # Independently: no two kept rows of different sources tell the same within 30 s.
    kept = out.kept.select("mmsi", "lon", "lat", "sog_kn", "cog_deg", "heading_deg", "t", "source")
    content = ["mmsi", "lon", "lat", "sog_kn", "cog_deg", "heading_deg"]
    pairs = kept.join(kept, on=content, nulls_equal=True).filter(
        (pl.col("source") != pl.col("source_right"))
        & ((pl.col("t_right") - pl.col("t")).dt.total_seconds().is_between(0, 30))
    )
    assert pairs.height == 0
    # Every report that anybody sent is still told: place by place, each vessel's are all there.
    place = ["mmsi", "lon", "lat", "sog_kn", "cog_deg", "heading_deg"]
    assert out.kept.select(place).unique().height == p.select(place).unique().height
