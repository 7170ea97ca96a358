"""Dashes: made runs at a made shore, fast, sparse, noisy; and what they come after."""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais._events import sailed
from ais.dash import DashRule, dashes, fast_runs
from ais.schema import EVENTS, POSITIONS, TIME, empty
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
KNOT = 1852 / 3600
LAT0 = 29.0


def voyage(x, y, seconds, *, mmsi=412000001, noise_m=5.0, origin=(122.0, LAT0), **columns):
    """Return positions of metres east and north of ``origin`` at seconds after the start."""
    rng = np.random.default_rng(1)
    n = len(x)
    lat = origin[1] + (np.asarray(y, float) + rng.normal(0, noise_m, n)) / M_LAT
    lon = origin[0] + (np.asarray(x, float) + rng.normal(0, noise_m, n)) / (
        M_LAT * np.cos(np.radians(lat))
    )
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + np.asarray(seconds) * 1000).astype(np.int64),
        "lon": (lon + 180) % 360 - 180,
        "lat": lat,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    } | columns
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def sail(*legs: tuple[float, float], step_s: float = 60, **more) -> pl.DataFrame:
    """Return a way due north to the shore at y = 0 along legs of (knots, minutes)."""
    seconds = np.arange(0, sum(m for _, m in legs) * 60 + 1e-6, step_s)
    ends = np.cumsum([0] + [m * 60 for _, m in legs])
    gained = np.cumsum([0] + [k * KNOT * m * 60 for k, m in legs])
    y = np.interp(seconds, ends, gained) - gained[-1] - 300
    return voyage(0 * y, y, seconds, **more)


def runs(p: pl.DataFrame, rule: DashRule | None = None) -> pl.DataFrame:
    return fast_runs(sailed(tracks(p)), rule)


def said(events: pl.DataFrame) -> list[dict]:
    return [json.loads(e) for e in events["evidence"]]


def off(lon, lat):
    """Return the distance to a shore along the 29th parallel."""
    return np.abs(LAT0 - np.asarray(lat)) * M_LAT


def event(kind="loitering", *, ended_min=0.0, y=-5000.0, mmsi=412000001, other=None, lasted=120):
    t1 = T0 + round(ended_min * 60_000)
    row = dict.fromkeys(EVENTS.names()) | {
        "event_id": f"{kind}{ended_min:g}",
        "kind": kind,
        "mmsi": mmsi,
        "other_mmsi": other,
        "lon": 122.0,
        "lat": LAT0 + y / M_LAT,
        "evidence": "{}",
    }
    times = {"t0": t1 - lasted * 60_000, "t1": t1}
    return pl.DataFrame([row | times], schema_overrides={"other_mmsi": pl.UInt32}).select(
        pl.col(c).cast(d) for c, d in EVENTS.items()
    )


@pytest.mark.parametrize("step_s", [2, 10, 30, 60, 180])
def test_a_fast_run_is_found_with_its_times(step_s: float) -> None:
    found = runs(sail((2, 30), (27, 9), (3, 30), step_s=step_s))
    assert found.schema == EVENTS
    assert found["kind"].to_list() == ["dash"]
    begin = (found["t0"].item().timestamp() * 1000 - T0) / 60_000
    end = (found["t1"].item().timestamp() * 1000 - T0) / 60_000
    assert begin == pytest.approx(30, abs=0.5)
    assert end == pytest.approx(39, abs=0.5)
    told = said(found)[0]
    assert told["mean_speed_kn"] == pytest.approx(27, rel=0.05)
    assert told["longest_step_min"] == pytest.approx(step_s / 60, abs=0.05)


def test_ten_minutes_between_positions_are_taken_for_what_they_show() -> None:
    assert runs(sail((2, 30), (25, 10), (2, 30), step_s=600)).height == 1
    assert runs(sail((2, 30), (25, 5), (2, 35), step_s=600)).is_empty()
    coming = sail((2, 30), (26, 10), (26, 3), (1, 7), step_s=600)
    told = said(runs(coming))[0]
    assert told["next_min"] == 10
    assert told["longest_step_min"] == 10
    judged = dashes(runs(coming), event(ended_min=25, y=-10000), off)
    assert judged.height == 1
    assert said(judged)[0]["min_shore_m"] < 400


@pytest.mark.parametrize(
    ("legs", "is_one"),
    [
        ([(2, 30), (21, 3.5), (2, 30)], True),
        ([(2, 30), (23, 2.3), (2, 30)], False),
        ([(2, 30), (19, 12), (2, 30)], False),
        ([(2, 30), (26, 2), (12, 1), (26, 2), (2, 30)], True),
        ([(2, 30), (21, 2), (10, 1), (21, 2), (2, 30)], False),
        ([(2, 30), (26, 2), (26, 0.5), (12, 3), (26, 2), (2, 30)], False),
    ],
)
@pytest.mark.parametrize("step_s", [5, 30])
def test_near_the_thresholds(legs, is_one: bool, step_s: float) -> None:
    assert (runs(sail(*legs, step_s=step_s)).height == 1) == is_one


@pytest.mark.parametrize("step_s", [2, 10, 60, 240])
def test_noise_and_strays_are_no_speed(step_s: float) -> None:
    seconds = np.arange(0, 7200, step_s)
    y = -5000 + 2 * KNOT * seconds
    assert runs(voyage(0 * y, y, seconds, noise_m=12)).is_empty()
    x = 0 * y
    x[len(x) // 2] = 18 * step_s
    assert runs(voyage(x, y, seconds)).is_empty()


def test_a_short_turn_at_speed_is_no_stray() -> None:
    seconds = np.arange(0, 1201, 60)
    y = -25 * KNOT * np.abs(seconds - 600) - 300
    found = runs(voyage(0 * y, y, seconds))
    assert found.height == 1
    assert said(found)[0]["duration_min"] == 20


def test_a_dash_names_what_it_came_after() -> None:
    found = runs(sail((2, 30), (27, 9), step_s=30))
    before = pl.concat(
        [
            event("stop", ended_min=29),
            event("drift", ended_min=-100),
            event("rendezvous", ended_min=10, mmsi=412000009, other=412000001),
            event("loitering", ended_min=20, mmsi=412000002),
            event("gap", ended_min=25, y=-1000),
        ]
    )
    judged = dashes(found, before, off)
    assert judged.schema == EVENTS
    assert judged["event_id"].equals(found["event_id"])
    told = said(judged)[0]
    assert told["before"] == {
        "event_id": "rendezvous10",
        "kind": "rendezvous",
        "hours": pytest.approx(20 / 60, abs=0.02),
        "off_shore_m": pytest.approx(5000, abs=1),
    }
    assert told["fall_m"] == pytest.approx(27 * KNOT * 540, rel=0.03)
    assert told["min_shore_m"] == pytest.approx(300, abs=40)
    assert float(off(0, judged["lat"].item())) == pytest.approx(300, abs=40)


def test_a_gap_lay_where_it_ended_too() -> None:
    found = runs(sail((27, 9), step_s=30))
    gap = event("gap", ended_min=0, y=-500)
    assert dashes(found, gap, off).is_empty()
    way = shapely.LineString([(122, LAT0), (122, LAT0 - 7000 / M_LAT)])
    gap = gap.with_columns(geometry=pl.lit(shapely.to_wkb(way)))
    assert dashes(found, gap, off).height == 1
    still_silent = gap.with_columns(t1=pl.lit(None, TIME))
    assert dashes(found, still_silent, off).is_empty()


def test_a_run_after_a_silence_begins_where_the_vessel_is_heard_again() -> None:
    """Forty minutes unheard at 25 kn are a gap; the five after it are the dash."""
    p = sail((2, 30), (25, 45), step_s=30)
    minute = (p["t"].dt.epoch("ms") - T0) / 60_000
    found = runs(p.filter((minute <= 30) | (minute >= 70)))
    assert found.height == 1
    assert (found["t0"].item().timestamp() * 1000 - T0) / 60_000 == pytest.approx(70, abs=0.6)
    silence = event("gap", ended_min=70, lasted=40, y=-4500)
    assert dashes(found, silence, off).height == 1


def test_what_is_no_dash() -> None:
    found = runs(sail((2, 30), (27, 9), step_s=30))
    ok = event(ended_min=29)
    assert dashes(found, ok, off).height == 1
    assert dashes(found, event(ended_min=-151), off).is_empty()
    assert dashes(found, event(ended_min=-149), off).height == 1
    assert dashes(found, event(ended_min=200), off).is_empty()
    assert dashes(found, event(ended_min=29, y=-1400), off).is_empty()
    assert dashes(found, event(ended_min=29, mmsi=412000002), off).is_empty()
    assert dashes(found, empty(EVENTS), off).is_empty()
    assert dashes(empty(EVENTS), ok, off).schema == EVENTS
    assert dashes(found, ok, lambda x, y: off(x, y) + 800).is_empty()
    north = sail((2, 30), (27, 9), step_s=30).with_columns(lat=2 * LAT0 - pl.col("lat"))
    away = north.with_columns(t=pl.col("t").reverse()).sort("t")
    assert dashes(runs(away), ok, off).is_empty()
    along = voyage(np.arange(0, 9000, 420), np.full(22, -500), np.arange(22) * 30)
    assert runs(along).height == 1
    assert dashes(runs(along), event(ended_min=-5), off).is_empty()
    far = dashes(found, ok, lambda x, y: np.where(off(x, y) > 3000, np.inf, off(x, y)))
    assert far.height == 1


@pytest.mark.parametrize("origin", [(180.0, LAT0), (20.0, 75.0), (-179.999, -74.0)])
def test_the_date_line_and_high_latitudes_make_no_difference(origin) -> None:
    k = np.arange(0, 1200, 30)
    x = 25 * KNOT * k - 7000
    here = said(runs(voyage(x, 0 * x, k)))[0]
    there = said(runs(voyage(x, 0 * x, k, origin=origin)))[0]
    for name in ("duration_min", "mean_speed_kn", "max_speed_kn"):
        assert there[name] == pytest.approx(here[name], rel=0.02)


@given(seed=st.integers(0, 10_000), step_s=st.sampled_from([5, 20, 60, 200]))
def test_order_copies_other_vessels_and_the_past_change_nothing(seed: int, step_s: int) -> None:
    rng = np.random.default_rng(seed)
    legs = [(float(rng.uniform(1, 30)), float(rng.uniform(1, 8))) for _ in range(12)]
    p = sail(*legs, step_s=step_s)
    one = runs(p)
    other = sail((30, 20), step_s=step_s, mmsi=412000000)
    past = p.with_columns(pl.col("t") - pl.duration(hours=9))
    mixed = pl.concat([p, other, past]).sample(fraction=1, shuffle=True, seed=seed)
    again = runs(mixed).filter(pl.col("mmsi") == 412000001, pl.col("t0") >= p["t"].min())
    assert again.equals(one)
    assert all(e["duration_min"] >= 3.0 for e in said(one))
    assert ((one["t1"] - one["t0"]).dt.total_seconds() >= 60).all()
    assert all(e["mean_speed_kn"] >= 19.9 for e in said(one))
