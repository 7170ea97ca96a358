"""What became of events found before: each kept, gone on, revised, succeeded or withdrawn."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ais.schema import EVENTS
from workspace._revised import compare

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=6)


def found(*rows: dict) -> pl.DataFrame:
    plain = {
        "kind": "loitering", "mmsi": 412_000_001, "other_mmsi": None, "lon": 121.9, "lat": 29.1,
        "geometry": b"", "version": 1, "algorithm": "behaviours 2: loitering",
    }  # fmt: skip
    made = []
    for row in rows:
        one = plain | row
        one["t0"] = NOON + timedelta(minutes=one["t0"])
        one["t1"] = NOON + timedelta(minutes=one["t1"])
        one["evidence"] = json.dumps(one.get("evidence", {}))
        made.append(one)
    return pl.DataFrame(made, schema=EVENTS)


def first(*rows: dict) -> pl.DataFrame:
    """Return events as they are stored when they were found for the first time, at noon."""
    nobody = pl.DataFrame(
        schema=dict(EVENTS)
        | {
            "version": pl.Int64,
            "first_found": pl.Datetime("ms", "UTC"),
            "revised": pl.Datetime("ms", "UTC"),
            "changes": pl.String,
            "rank": pl.Float64,
        }
    )
    done = compare(nobody, found(*rows), past={}, now=NOON, since=None)
    assert done.counts["new"] == len(rows)
    return done.events.with_columns(rank=pl.lit(0.5))


def test_what_is_found_again_keeps_its_version() -> None:
    rows = {"event_id": "a", "t0": 0, "t1": 60, "evidence": {"reach_m": 5}}
    done = compare(first(rows), found(rows), past={}, now=LATER, since=None)
    assert done.events["version"].to_list() == [1]
    assert done.events["first_found"].to_list() == [NOON]
    assert done.fresh.is_empty()
    assert done.history.is_empty()
    assert set(done.counts.values()) == {0}


def test_what_was_open_goes_on_and_what_was_closed_is_revised() -> None:
    before = first(
        {"event_id": "a", "t0": 0, "t1": 60, "evidence": {"open": True}},
        {"event_id": "b", "t0": 0, "t1": 60, "evidence": {"open": False, "reach_m": 5}},
    )
    done = compare(
        before,
        found(
            {"event_id": "a", "t0": 0, "t1": 90, "evidence": {"open": False}},
            {"event_id": "b", "t0": 0, "t1": 90, "evidence": {"open": False, "reach_m": 7}},
        ),
        past={},
        now=LATER,
        since=None,
    )
    assert done.events["version"].to_list() == [1, 2]
    assert done.events["revised"].to_list() == [None, LATER]
    changes = json.loads(done.events["changes"][1])
    assert changes["reach_m"] == [5, 7]
    assert [t[11:16] for t in changes["t1"]] == ["13:00", "13:30"]
    assert done.history.select("event_id", "version", "became", "until").rows() == [
        ("b", 1, "b", LATER)
    ]
    assert sorted(done.fresh) == ["a", "b"]


def test_late_data_that_moves_the_beginning_makes_an_heir_and_nothing_vanishes() -> None:
    before = first(
        {"event_id": "a", "t0": 30, "t1": 90},
        {"event_id": "lone", "t0": 600, "t1": 700},
        {"event_id": "others", "t0": 30, "t1": 90, "mmsi": 412_000_002},
    )
    done = compare(
        before,
        found(
            {"event_id": "a2", "t0": 0, "t1": 90},
            {"event_id": "others", "t0": 30, "t1": 90, "mmsi": 412_000_002},
        ),
        past={},
        now=LATER,
        since=None,
    )
    now = {row["event_id"]: row for row in done.events.iter_rows(named=True)}
    assert now["a2"]["version"] == 2
    assert now["a2"]["first_found"] == NOON
    past = {row["event_id"]: row["became"] for row in done.history.iter_rows(named=True)}
    assert past == {"a": "a2", "lone": None}
    assert sorted(done.gone) == ["a", "lone"]
    assert (done.counts["succeeded"], done.counts["withdrawn"], done.counts["new"]) == (1, 1, 0)


def test_an_event_whose_positions_were_let_go_stays() -> None:
    before = first(
        {"event_id": "old", "t0": 0, "t1": 60}, {"event_id": "b", "t0": 2000, "t1": 2060}
    )
    done = compare(
        before,
        found({"event_id": "b", "t0": 2000, "t1": 2060}),
        past={},
        now=LATER,
        since=NOON + timedelta(minutes=1000),
    )
    assert done.gone == []
    assert done.history.is_empty()


def test_what_comes_back_after_it_was_withdrawn_goes_on_from_its_last_version() -> None:
    nobody = first({"event_id": "b", "t0": 0, "t1": 60})
    again = compare(
        nobody,
        found({"event_id": "b", "t0": 0, "t1": 60}, {"event_id": "a", "t0": 100, "t1": 160}),
        past={"a": 2},
        now=LATER,
        since=None,
    )
    assert dict(again.events.select("event_id", "version").iter_rows()) == {"b": 1, "a": 3}


span = st.tuples(st.integers(0, 300), st.integers(1, 120))


@given(st.lists(span, max_size=6, unique=True), st.lists(span, max_size=6, unique=True))
def test_every_event_of_before_is_there_or_in_the_history(was: list, now: list) -> None:
    def rows(spans: list) -> list[dict]:
        return [{"event_id": f"{a}-{d}", "t0": a, "t1": a + d} for a, d in spans]

    before = first(*rows(was))
    done = compare(before, found(*rows(now)), past={}, now=LATER, since=None)
    here, past = set(done.events["event_id"]), set(done.history["event_id"])
    assert set(before["event_id"]) <= here | past
    assert here == {row["event_id"] for row in rows(now)}
    assert set(done.gone) == past - here
    heirs = done.history.filter(pl.col("became").is_not_null())["became"]
    assert set(heirs) <= here
    assert done.events["event_id"].is_unique().all()
