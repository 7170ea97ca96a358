"""Drift: made vessels that go with the stream, and those that only look like it."""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.drift import DriftRule
from ais.loitering import loitering
from ais.schema import EVENTS, POSITIONS, STATICS, empty
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
KNOT_M = 30.8667
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})


def voyage(
    x, y, heading, *, mmsi=412000001, minutes=None, noise_m=5.0, origin=(122.0, 29.0), **columns
) -> pl.DataFrame:
    """Return positions of metres east and north of ``origin``, by default one a minute."""
    rng = np.random.default_rng(1)
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(x)
    minutes = np.arange(n) if minutes is None else np.asarray(minutes)
    lat = origin[1] + (y + rng.normal(0, noise_m, n)) / M_LAT
    lon = origin[0] + (x + rng.normal(0, noise_m, n)) / (M_LAT * np.cos(np.radians(lat)))
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + minutes * 60_000).astype(np.int64),
        "lon": (lon + 180) % 360 - 180,
        "lat": lat,
        "heading_deg": [None if h is None else h % 360 for h in np.broadcast_to(heading, n)],
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    } | columns
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def found(p: pl.DataFrame, rule: DriftRule | None = None, length_m: float | None = None, **more):
    statics = empty(STATICS)
    if length_m is not None:
        row = dict.fromkeys(STATICS) | {
            "mmsi": 412000001, "t": datetime(2026, 3, 1, tzinfo=UTC), "length_m": length_m
        }  # fmt: skip
        statics = pl.DataFrame([row], schema=STATICS)
    more = {"berths": NO_BERTHS} | more
    return loitering(tracks(p), statics=statics, drift=rule, **more)


def said(events: pl.DataFrame) -> list[dict]:
    return [json.loads(e) for e in events["evidence"]]


def stream(minutes: int, knots: float, towards: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    k = np.arange(minutes) * knots * KNOT_M
    at = np.radians(towards)
    return k * np.sin(at), k * np.cos(at)


@pytest.mark.parametrize("step", [1, 3, 6])
@pytest.mark.parametrize("knots", [0.35, 1.0, 2.7])
def test_broadside_to_the_stream_is_a_drift(step: int, knots: float) -> None:
    heading = 90 + np.random.default_rng(2).normal(0, 8, 150)
    events = found(voyage(*stream(150, knots), heading)[::step])
    assert events.schema == EVENTS
    assert events["kind"].to_list() == ["drift"]
    told = said(events)[0]
    assert told["off_course_share"] > 0.9
    assert told["off_course_deg"] == pytest.approx(90, abs=6)
    assert told["mean_speed_kn"] == pytest.approx(knots, rel=0.2)
    assert told["duration_min"] == pytest.approx(149, abs=13)
    assert told["known_share"] > 0.9


def test_a_way_that_turns_with_the_tide_is_one_drift() -> None:
    k = np.arange(800)
    speed = 1.6 * np.sin(2 * np.pi * k / 745)  # M2: out and back again, with slack between
    y = np.cumsum(speed * KNOT_M)
    events = found(voyage(0.1 * k, y, 100))
    assert events["kind"].to_list() == ["drift"]
    assert said(events)[0]["duration_min"] > 700
    assert said(events)[0]["displacement_ratio"] < 0.2


@pytest.mark.parametrize("step_s", [10, 60, 180])
@pytest.mark.parametrize(
    ("minutes", "knots", "angle", "is_one"),
    [
        (56, 1.2, 80, False), (65, 1.2, 80, True),
        (120, 0.17, 80, False), (120, 0.24, 80, True), (120, 2.8, 80, True),
        (120, 3.3, 80, False), (100, 1.2, 34, False), (100, 1.2, 48, True),
    ],
)  # fmt: skip
def test_near_the_thresholds_between_two_ways_at_speed(
    minutes: float, knots: float, angle: float, is_one: bool, step_s: float
) -> None:
    """What she does before and after, ahead at 8 kn, is not taken for what the stream does."""
    seconds = np.arange(0, (60 + minutes) * 60, step_s)
    adrift = (seconds >= 1800) & (seconds < 1800 + minutes * 60)
    gained = np.where(adrift, knots, 8.0) * KNOT_M * step_s / 60
    towards = np.radians(np.where(adrift, 90 - angle, 90))
    x = np.cumsum(gained * np.sin(towards)) - gained[0]
    y = np.cumsum(gained * np.cos(towards)) - gained[0]
    heading = 90 + np.random.default_rng(3).normal(0, 5, len(x))
    events = found(voyage(x, y, heading, minutes=seconds / 60)).filter(pl.col("kind") == "drift")
    assert (events.height == 1) == is_one
    if is_one:
        assert said(events)[0]["duration_min"] == pytest.approx(minutes, abs=5)


@pytest.mark.parametrize("length_m", [20.0, 180.0])
def test_a_slow_drift_of_a_long_ship_is_no_anchorage(length_m: float) -> None:
    """In a circle wide enough for her to swing in, she passes for one at anchor for an hour."""
    events = found(voyage(*stream(240, 0.4), 75), length_m=length_m)
    assert events["kind"].to_list() == ["drift"]
    assert said(events)[0]["duration_min"] > 220


def swinging(minutes: int, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k = np.arange(minutes)
    turn = np.pi * np.tanh(2 * np.sin(2 * np.pi * k / 745)) / 2 + 0.2 * np.sin(k / 4)
    heading = np.degrees(np.arctan2(-np.cos(turn), -np.sin(turn)))
    return radius * np.cos(turn), radius * np.sin(turn), heading


@pytest.mark.parametrize("step", [1, 5])
def test_what_is_no_drift(step: int) -> None:
    k = np.arange(240)
    turning = np.linspace(0, 8 * np.pi, 240)
    circle = 400 * np.cos(turning), 400 * np.sin(turning)
    aft = np.degrees(np.arctan2(np.gradient(circle[0]), np.gradient(circle[1])))
    half = np.where(k % 60 < 30, 90, 0)
    cases = {
        "no heading": voyage(*stream(240, 1), None),
        "by the head": voyage(*stream(240, 1), 25 * np.sin(k / 5)),
        "too fast": voyage(*stream(240, 3.4), 90),
        "too short": voyage(*stream(54, 1), 90),
        "hardly moving": voyage(*stream(240, 0.1), 90),
        "under way in circles": voyage(*circle, aft),
        "half of the time": voyage(*stream(240, 1.5), half),
        "at the quay": voyage(np.zeros(600), np.zeros(600), 45, noise_m=15),
    }
    for why, p in cases.items():
        assert "drift" not in found(p[::step])["kind"], why
    x, y, heading = swinging(1440, 300)
    assert found(voyage(x, y, heading, noise_m=8)[::step], length_m=180).is_empty()
    x, y, heading = swinging(1440, 80)
    status = {"status": [1] * 1440}
    assert found(voyage(x, y, heading, noise_m=8, **status)[::step], length_m=30).is_empty()


def test_a_drift_takes_the_place_of_loitering_for_its_time() -> None:
    """Two hours of circling by the head, three adrift and back, two of circling again."""
    k = np.arange(120)
    at = k * 1.2 * KNOT_M / 500
    cx, cy = 500 * np.cos(at), 500 * np.sin(at)
    ahead = np.degrees(-at)
    k = np.arange(1, 181)
    dy = np.interp(k, [0, 90, 180], [0, 1800, 0]) + cy[-1]
    x = np.r_[cx, np.full(180, cx[-1]), cx + cx[-1] - cx[0]]
    y = np.r_[cy, dy, cy + cy[-1] - cy[0]]
    heading = np.r_[ahead, np.full(180, 90.0), ahead]
    p = voyage(x, y, heading)
    events = found(p)
    assert events["kind"].to_list() == ["loitering", "drift", "loitering"]
    t0, t1 = events["t0"].to_list(), events["t1"].to_list()
    assert t1[0] <= t0[1]
    assert t1[1] <= t0[2]
    begin = (t0[1].timestamp() * 1000 - T0) / 60_000
    assert begin == pytest.approx(120, abs=6)
    without = found(p.with_columns(heading_deg=pl.lit(None, pl.Float32)))
    assert without["kind"].to_list() == ["loitering"]


def test_a_drift_ends_where_the_vessel_goes_on_or_lies_in_a_known_anchorage() -> None:
    x, y = stream(120, 1)
    far = np.arange(1, 61) * 8 * KNOT_M
    p = voyage(np.r_[x, x[-1] + far], np.r_[y, y[-1] + 0 * far], 90)
    events = found(p)
    assert events["kind"].to_list() == ["drift"]
    assert said(events)[0]["duration_min"] == pytest.approx(119, abs=6)
    berth = pl.DataFrame({"lon": [122.0], "lat": [29.0], "radius_m": [5000.0]})
    assert found(p, berths=berth).is_empty()


def test_every_preset_that_a_run_fulfils_is_named() -> None:
    def names(minutes: int, knots: float, heading, preset="coastal") -> list[str]:
        at = np.arange(minutes) * knots * KNOT_M / 700
        p = voyage(700 * np.cos(at), 700 * np.sin(at), heading)
        return [e["presets"] for e in said(found(p))]

    assert names(100, 1.2, None) == [["coastal", "zhoushan"]]
    assert names(180, 1.2, None) == [["coastal", "gfw", "zhoushan"]]
    assert names(300, 1.2, None) == [["coastal", "gfw", "starboard", "zhoushan"]]
    straight = found(voyage(*stream(300, 1.2), 90))
    assert said(straight)[0]["presets"] == ["gfw", "starboard"]


def test_the_rule_is_used() -> None:
    p = voyage(*stream(100, 1), 90)
    for rule in (
        DriftRule(min_speed_kn=1.3),
        DriftRule(max_speed_kn=0.8),
        DriftRule(least_min=110),
        DriftRule(least_path_m=4000),
        DriftRule(off_deg=110),
    ):
        assert found(p, rule).is_empty(), rule


@pytest.mark.parametrize("origin", [(179.995, 29.0), (20.0, 75.0), (-179.99, -74.0)])
def test_the_date_line_and_high_latitudes_make_no_difference(origin: tuple[float, float]) -> None:
    x, y = stream(150, 1.2, 70)
    here = found(voyage(x, y, 170))
    there = found(voyage(x, y, 170, origin=origin))
    assert there["kind"].to_list() == ["drift"]
    keys = ("mean_speed_kn", "duration_min", "off_course_deg", "off_course_share")
    for name in keys:
        assert said(there)[0][name] == pytest.approx(said(here)[0][name], rel=0.02), name


@given(seed=st.integers(0, 10_000), mirror=st.booleans())
def test_order_copies_other_vessels_and_a_mirror_change_nothing(seed: int, mirror: bool) -> None:
    rng = np.random.default_rng(seed)
    towards = np.cumsum(rng.normal(0, 0.05, 200)) + rng.uniform(0, 6)
    speed = rng.uniform(0.3, 2.5)
    x = np.cumsum(np.sin(towards)) * speed * KNOT_M
    y = np.cumsum(np.cos(towards)) * speed * KNOT_M
    heading = np.degrees(towards) + np.repeat(rng.choice([0, 50, 90], 10), 20)
    p = voyage(x, y, heading, noise_m=0)
    one = found(p)
    other = voyage(y, x, heading + 60, mmsi=412000000, noise_m=0)
    shuffled = pl.concat([p, other]).sample(fraction=1, shuffle=True, seed=seed)
    assert found(shuffled).filter(pl.col("mmsi") == 412000001).equals(one)
    if mirror:
        mirrored = found(voyage(-x, y, -heading, noise_m=0))
        assert mirrored.select("kind", "t0", "t1").equals(one.select("kind", "t0", "t1"))


def test_what_was_sailed_before_or_after_changes_nothing() -> None:
    k = np.arange(300)
    fast = k[1:] * 8 * KNOT_M
    x, y = stream(150, 1)
    alone = found(voyage(np.r_[x, fast], np.r_[y, y[-1] + 0 * fast], 90, noise_m=0))
    before = voyage(
        np.r_[-fast[::-1], x, fast], np.r_[0 * fast, y, y[-1] + 0 * fast], 90, noise_m=0,
        minutes=np.arange(-299, 449),
    )  # fmt: skip
    assert found(before)["kind"].to_list() == ["drift"]
    assert found(before)["t1"].equals(alone["t1"])
    long_ago = voyage(*stream(300, 8), 0, minutes=np.arange(-900, -600), noise_m=0)
    again = voyage(np.r_[x, fast], np.r_[y, y[-1] + 0 * fast], 90, noise_m=0)
    assert found(pl.concat([long_ago, again])).equals(alone)
