"""The matching and the figures of the validation themselves."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ais.schema import EVENTS
from ais.simulate import TRUTH
from tests.validation._figures import figures, threshold, wilson
from tests.validation._match import judge

T0 = datetime(2026, 9, 7, tzinfo=UTC)
RANKED = {**EVENTS, "rank": pl.Float64()}


def true(*rows: tuple) -> pl.DataFrame:
    """Rows of kind, mmsi, other, minutes from, to, decoy, ordinary."""
    return pl.DataFrame(
        [
            {
                "kind": kind, "mmsi": mmsi, "other_mmsi": other, "t0": T0 + timedelta(minutes=a),
                "t1": T0 + timedelta(minutes=b), "lon": 122.0, "lat": 29.0, "chain": None,
                "decoy": decoy, "near": False, "ordinary": ordinary, "what": "x", "margin": None,
            }
            for kind, mmsi, other, a, b, decoy, ordinary in rows
        ],
        schema=TRUTH,
    )  # fmt: skip


def raised(*rows: tuple) -> pl.DataFrame:
    """Rows of kind, mmsi, other, minutes from, to, rank."""
    return pl.DataFrame(
        [
            {
                "event_id": str(n), "kind": kind, "mmsi": mmsi, "other_mmsi": other,
                "t0": T0 + timedelta(minutes=a), "t1": T0 + timedelta(minutes=b), "lon": 122.0,
                "lat": 29.0, "geometry": None, "evidence": "{}", "version": 1, "algorithm": "",
                "rank": rank,
            }
            for n, (kind, mmsi, other, a, b, rank) in enumerate(rows)
        ],
        schema=RANKED,
    )  # fmt: skip


def test_each_case_and_each_event_is_matched_once() -> None:
    truth = true(("gap", 1, None, 0, 60, False, False))
    cases, judged = judge(truth, raised(("gap", 1, None, 0, 58, 0.9), ("gap", 1, None, 5, 60, 0.8)))
    assert cases["found"].to_list() == [True]
    # The second tells of the same hour again: neither found nor false.
    assert sorted(judged["outcome"]) == ["excused", "true"]


def test_time_kind_and_vessel_must_agree() -> None:
    truth = true(("gap", 1, None, 0, 60, False, False))
    other = raised(
        ("gap", 1, None, 50, 200, 0.9),
        ("gap", 2, None, 0, 60, 0.9),
        ("dash", 1, None, 0, 60, 0.9),
    )
    cases, judged = judge(truth, other)
    assert cases["found"].to_list() == [False]
    assert judged["outcome"].to_list().count("false") == 3


def test_a_short_event_matches_by_its_ends() -> None:
    truth = true(("dash", 1, None, 0, 4, False, False))
    assert judge(truth, raised(("dash", 1, None, 7, 12, 0.9)))[0]["found"].all()
    assert not judge(truth, raised(("dash", 1, None, 11, 15, 0.9)))[0]["found"].any()


def test_either_vessel_of_a_pair_will_do() -> None:
    truth = true(("chain", 1, 2, 0, 60, False, False))
    assert judge(truth, raised(("chain", 2, 1, 0, 60, 0.9)))[0]["found"].all()
    assert judge(truth, raised(("chain", 2, None, 0, 60, 0.9)))[0]["found"].all()


def test_decoys_come_before_excuses_and_cases_before_decoys() -> None:
    truth = true(
        ("loitering", 1, None, 0, 50, True, False),
        ("loitering", 1, None, 0, 60, False, True),
        ("loitering", 2, None, 0, 60, False, True),
        ("loitering", 3, None, 0, 60, False, False),
        ("loitering", 3, None, 0, 60, True, False),
    )
    events = raised(
        ("loitering", 1, None, 0, 55, 0.9),
        ("loitering", 2, None, 0, 90, 0.9),
        ("loitering", 3, None, 0, 60, 0.9),
        ("loitering", 4, None, 0, 60, 0.9),
    )
    _, judged = judge(truth, events)
    assert dict(zip(judged["mmsi"], judged["outcome"], strict=True)) == {
        1: "decoy", 2: "excused", 3: "true", 4: "false",
    }  # fmt: skip


def test_without_an_mmsi_the_place_tells_whose_it_is() -> None:
    truth = true(
        ("shore_approach", None, None, 0, 3, False, True),
        ("shore_approach", 5, None, 60, 63, False, True),
    )
    events = raised(
        ("shore_approach", None, None, 1, 2, 0.9),
        ("shore_approach", None, None, 1, 2, 0.9),
        ("shore_approach", 5, None, 1, 2, 0.9),
        ("shore_approach", None, None, 61, 62, 0.9),
    )
    # The second is two kilometres off.
    events = events.with_columns(
        lat=pl.when(pl.col("event_id") == "1").then(29.018).otherwise("lat")
    )
    _, judged = judge(truth, events)
    assert judged.sort("event_id")["outcome"].to_list() == ["excused", "false", "false", "false"]


def test_assignment_is_the_best_one() -> None:
    truth = true(("gap", 1, None, 0, 60, False, False), ("gap", 1, None, 40, 100, False, False))
    events = raised(("gap", 1, None, 20, 80, 0.9), ("gap", 1, None, 0, 60, 0.9))
    cases, _ = judge(truth, events)
    assert cases["found"].all()


def test_figures_read_precision_at_the_recall() -> None:
    truth = true(*(("gap", n, None, 0, 60, False, False) for n in range(1, 11)))
    events = raised(
        *(("gap", n, None, 0, 60, 1.0 - n / 20) for n in range(1, 11)),
        ("gap", 50, None, 0, 60, 0.9),
        ("gap", 51, None, 0, 60, 0.1),
    )
    cases, judged = (table.with_columns(seed=pl.lit(1)) for table in judge(truth, events))
    assert threshold(cases) == pytest.approx(0.55)
    (row,) = figures(cases, judged, 200.0)
    assert row.recall == 1.0
    assert row.precision == pytest.approx(10 / 12)
    assert row.precision_at == pytest.approx(9 / 10)
    assert row.false_per == pytest.approx(1.0)


def test_wilson_interval() -> None:
    low, high = wilson(9, 10)
    assert (low, high) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
