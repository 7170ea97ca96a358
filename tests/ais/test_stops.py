"""How long a vessel lay, reckoned from reports minutes apart, and what is no stop."""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ais.schema import POSITIONS, STATICS, empty
from ais.stops import StopRule, stops
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
M_LON = M_LAT * np.cos(np.radians(29.0))
KNOT = 1852 / 3600
RULE = StopRule()


def reports(seconds, x, y, sog=None, *, noise_m=0.0) -> pl.DataFrame:
    """Return reports at seconds of metres east and north of 122 E 29 N, with the speed told."""
    rng = np.random.default_rng(1)
    n = len(seconds)
    told = {
        "mmsi": [412000001] * n,
        "t": (T0 + 1000 * np.asarray(seconds)).astype(np.int64),
        "lon": 122.0 + (np.asarray(x, float) + rng.normal(0, noise_m, n)) / M_LON,
        "lat": 29.0 + (np.asarray(y, float) + rng.normal(0, noise_m, n)) / M_LAT,
        "sog_kn": sog,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    }
    rest = {c: [None] * n for c in POSITIONS if c not in told}
    return pl.DataFrame(told | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def found(positions: pl.DataFrame) -> list[dict]:
    events = stops(tracks(positions), statics=empty(STATICS))
    return [json.loads(text) for text in events["evidence"]]


def call(lain_s: float, knots: float, *, turn: float, step_s: float, phase_s: float):
    """Return reports of a boat that comes from afar, lies, and goes off by another course."""
    seconds = np.arange(phase_s, 2 * 1800 + lain_s, step_s)
    early = np.minimum(seconds - 1800, 0) * knots * KNOT
    late = np.maximum(seconds - 1800 - lain_s, 0) * knots * KNOT
    still = (early == 0) & (late == 0)
    sog = np.where(still, 0.0, knots)
    return reports(seconds, early + late * np.cos(turn), late * np.sin(turn), sog)


@settings(max_examples=60, deadline=None)
@given(
    lain_s=st.floats(420, 1500),
    knots=st.floats(2.5, 14),
    turn=st.floats(0, 6.28),
    phase_s=st.floats(0, 59),
)
def test_a_stay_told_every_minute_is_reckoned_to_half_a_minute(lain_s, knots, turn, phase_s):
    said = found(call(lain_s, knots, turn=turn, step_s=60, phase_s=phase_s))
    inside_min = (lain_s + 2 * RULE.moored_m / (knots * KNOT)) / 60
    if inside_min > RULE.moored_min + 0.5:
        assert len(said) == 1
    if inside_min < RULE.moored_min - 0.5:
        assert not said
    for one in said:
        assert one["reckoned_min"] == pytest.approx(inside_min, abs=0.5)


@settings(max_examples=60, deadline=None)
@given(
    lain_s=st.floats(300, 3000),
    knots=st.floats(2.5, 14),
    step_s=st.floats(20, 360),
    phase=st.floats(0, 0.99),
)
def test_what_was_heard_and_what_is_reckoned_are_told_apart(lain_s, knots, step_s, phase):
    for one in found(call(lain_s, knots, turn=2.0, step_s=step_s, phase_s=phase * step_s)):
        assert one["duration_min"] <= one["reckoned_min"]
        assert one["reckoned_min"] >= RULE.moored_min
        # Nobody is in a circle for longer than from the report before it to the one after it.
        assert one["reckoned_min"] <= one["duration_min"] + 2 * step_s / 60 + 0.11


@settings(max_examples=60, deadline=None)
@given(slow=st.floats(0.75, 0.95), fast=st.floats(5, 20), heading=st.floats(0, 6.28))
def test_who_runs_back_through_a_place_had_left_it(slow, fast, heading):
    minute = slow * KNOT * 60
    # Adrift for long enough to be out of every moored circle about the last minutes, then back.
    out = np.arange(0, 60) * minute
    back = out[-1] - np.arange(1, 30) * fast * KNOT * 60
    along = np.r_[out, back]
    sog = np.r_[np.full(60, slow), np.full(29, fast)]
    x, y = along * np.sin(heading), along * np.cos(heading)
    assert not found(reports(60 * np.arange(len(along)), x, y, sog))


@pytest.mark.parametrize("told", [True, False])
def test_one_who_strays_and_lies_again_had_not_left(told: bool) -> None:
    x = np.zeros(60)
    x[[30, 31]] = 400
    sog = np.zeros(60) if told else None
    said = found(reports(60 * np.arange(60), x, x, sog, noise_m=5))
    assert [one["duration_min"] for one in said] == [59]


def test_two_reports_of_which_one_is_under_way_are_no_stop() -> None:
    seconds = 360 * np.arange(6)
    x = [-900, -311, -14, 14, 242, 800]
    assert not found(reports(seconds, x, np.zeros(6), [2.0, 1.7, 1.7, 0.6, 1.5, 2.0]))
    assert found(reports(seconds, x, np.zeros(6), [2.0, 1.7, 0.2, 0.6, 1.5, 2.0]))
