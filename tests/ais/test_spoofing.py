"""Jumps, circles and places on land: made voyages, decoys, and real files."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais._events import sailed
from ais.clean import clean
from ais.hulls import assign
from ais.identity import MOVERS, kind_of
from ais.io import read
from ais.schema import EVENTS, POSITIONS, TIME, empty
from ais.spoofing import by_turns, circles, jumps, on_land, placed, unexplained
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
MMSI = 412000001
KNOT = 1852 / 3600


def voyage(x, y, seconds, *, mmsi=MMSI, noise_m=8.0, seed=1, at=(122.0, 29.0), **columns):
    """Return positions at metres east and north of a place."""
    rng = np.random.default_rng(seed)
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(x)
    y = y + rng.normal(0, noise_m, n)
    x = x + rng.normal(0, noise_m, n)
    lon = at[0] + x / (M_LAT * np.cos(np.radians(at[1])))
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + np.asarray(seconds) * 1000).astype(np.int64),
        "lon": (lon + 180) % 360 - 180,
        "lat": at[1] + y / M_LAT,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    } | columns
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def said(events: pl.DataFrame) -> list[dict]:
    assert events.schema == EVENTS
    assert events["kind"].unique().to_list() in ([], ["spoofing"])
    return [json.loads(e) for e in events["evidence"]]


# --- what spoofing explains ---


def event(kind: str, a: int, b: int | None, mmsi: int = MMSI) -> dict:
    begun = datetime(2026, 3, 1, tzinfo=UTC)
    return {
        "event_id": f"{kind}{a}", "kind": kind, "mmsi": mmsi, "t0": begun + timedelta(minutes=a),
        "t1": None if b is None else begun + timedelta(minutes=b), "lon": 122.0, "lat": 29.0,
    }  # fmt: skip


def test_speeds_and_courses_of_false_positions_are_explained() -> None:
    found = pl.DataFrame(
        [
            event("course_anomaly", 0, 30),  # half of it, by two together
            event("spoofing", 0, 10),
            event("spoofing", 5, 15),
            event("speed_anomaly", 9, 30),  # less than half
            event("stop", 0, 10),
            event("speed_anomaly", 0, 10, MMSI + 1),
            event("speed_anomaly", 12, 12),
        ],
        schema=EVENTS,
    )
    assert unexplained(found)["event_id"].to_list() == [
        "spoofing0", "spoofing5", "speed_anomaly9", "stop0", "speed_anomaly0", "speed_anomaly12",
    ]  # fmt: skip
    assert unexplained(found.sort("event_id", descending=True)).height == 6
    assert unexplained(empty(EVENTS)).is_empty()


# --- circles ---------------------------------------------------------------------------------


def circling(radius, turns, knots, step=None, *, lead_s=1200, hand=1.0, wobble=0.0, surge=0.0,
             carried_mps=0.0, **more):  # fmt: skip
    """Return a voyage that comes to a circle on a tangent, goes round, and leaves it so."""
    speed = knots * KNOT
    step = step or max(2.0, min(60.0, 2 * np.pi * radius / speed / 24))
    t = np.arange(0, turns * 2 * np.pi * radius / speed, step)
    phi = speed * t / radius
    phi = phi + surge * np.sin(phi)
    r = radius * (1 + wobble * np.sin(3 * phi))
    x, y = r * np.cos(phi), r * np.sin(phi)
    lead = np.arange(step, lead_s, step)
    x = np.r_[np.full(len(lead), radius), x, x[-1] - speed * lead * np.sin(phi[-1])]
    y = np.r_[-speed * lead[::-1], y, y[-1] + speed * lead * np.cos(phi[-1])]
    t = np.r_[-lead[::-1], t, t[-1] + lead]
    return voyage(x + carried_mps * t, -hand * y, t, **more)


def rounds(p: pl.DataFrame) -> list[dict]:
    return said(circles(sailed(tracks(p))))


@pytest.mark.parametrize("radius", [115, 300, 900, 3000, 9500])
@pytest.mark.parametrize("knots", [3.5, 9, 20])
def test_a_circle_is_found_with_its_figures(radius: float, knots: float) -> None:
    for hand in (1.0, -1.0):
        p = circling(radius, 3.3, knots, hand=hand)
        (found,) = rounds(p)
        assert found["why"] == "circle"
        assert found["radius_m"] == pytest.approx(radius, rel=0.02, abs=5)
        assert found["turns"] == pytest.approx(3.3, abs=0.15)
        assert found["speed_kn"] == pytest.approx(knots, rel=0.05)
        assert found["hand"] == ("right" if hand > 0 else "left")
        event = circles(sailed(tracks(p)))
        assert event["lon"].item() == pytest.approx(122, abs=radius * 3e-7 + 5e-5)
        assert event["lat"].item() == pytest.approx(29, abs=radius * 3e-7 + 5e-5)


def share(**case) -> float:
    return float(np.mean([len(rounds(circling(**case, seed=k))) > 0 for k in range(8)]))


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ({"turns": 2.2}, {"turns": 1.8}),
        ({"turns": 3, "wobble": 0.08}, {"turns": 3, "wobble": 0.12}),
        ({"turns": 3, "surge": 0.15}, {"turns": 3, "surge": 0.27}),
        ({"turns": 3, "knots": 3.4}, {"turns": 3, "knots": 2.6}),
        ({"turns": 3, "radius": 125}, {"turns": 3, "radius": 85}),
        ({"turns": 3, "radius": 8500}, {"turns": 3, "radius": 12_000}),
    ],
)
def test_thresholds_are_sharp(within: dict, beyond: dict) -> None:
    usual = {"radius": 800, "knots": 10}
    assert share(**usual | within) == 1
    assert share(**usual | beyond) == 0


def test_what_comes_and_goes_slowly_is_no_part_of_the_turns() -> None:
    p = circling(1100, 1.99, 8, lead_s=1)
    ends = p["t"].min(), p["t"].max()
    lain = [
        p.filter(pl.col("t") == at).with_columns(pl.col("t") + timedelta(minutes=hand * k))
        for at, hand in zip(ends, (-1, 1), strict=True)
        for k in range(1, 6)
    ]
    assert rounds(pl.concat([p, *lain]).sort("t")) == []


def test_twenty_turns_are_one_event() -> None:
    (found,) = rounds(circling(400, 20, 12))
    assert found["turns"] == pytest.approx(20, abs=0.2)


def test_a_heading_that_does_not_turn_with_it_is_said() -> None:
    p = circling(500, 4, 10)
    n = p.height
    (frozen,) = rounds(p.with_columns(heading_deg=pl.lit(40.0, pl.Float32)))
    assert frozen["heading_tangential_share"] == pytest.approx(1 / 6, abs=0.06)
    xy = np.diff(np.c_[p["lon"] * np.cos(np.radians(29)), p["lat"]], axis=0)
    ahead = np.degrees(np.arctan2(xy[:, 0], xy[:, 1])) % 360
    true = pl.Series(np.r_[ahead, 0.0].astype(np.float32))
    assert rounds(p.with_columns(heading_deg=true))[0]["heading_tangential_share"] > 0.9
    assert rounds(p)[0]["heading_tangential_share"] is None
    assert n > 100


def test_what_is_no_circle() -> None:
    minute = np.arange(0, 24 * 60)
    swing = 2 * np.pi * minute / 745
    rng = np.random.default_rng(3)
    k = np.arange(0, 7200, 10)
    course = np.cumsum(np.full(len(k), 0.04) + rng.normal(0, 0.12, len(k)))
    lap = np.interp(k % 900, [0, 300, 400, 700, 800, 900], [0, 1500, 1500, 0, 0, 0])
    across = np.interp(k % 900, [0, 300, 400, 700, 800, 900], [0, 0, 400, 400, 0, 0])
    eight = 2 * np.pi * k / 600
    trawl = 400 * (1 + 0.35 * np.sin(k / 500))
    cases = {
        "swinging at anchor": voyage(300 * np.cos(swing), 300 * np.sin(swing), minute * 60),
        "lying moored": voyage(np.zeros(20_000), np.zeros(20_000), np.arange(20_000) * 3),
        "a tug turning on the spot": circling(45, 6, 5, 3),
        "trawling about": voyage(np.cumsum(18 * np.sin(course)), np.cumsum(18 * np.cos(course)), k),
        "trawling in and out": voyage(trawl * np.cos(k / 130), trawl * np.sin(k / 130), k),
        "carried by the stream": circling(300, 4, 8, 5, carried_mps=0.4),
        "racing laps": voyage(lap, across, k),
        "figures of eight": voyage(400 * np.sin(eight), 400 * np.sin(2 * eight) / 2, k),
        "a square": circling(600, 4, 9, wobble=0.2),
        "from corner to corner": voyage(
            *(
                900 * np.interp(k / 150 % 6, np.arange(7), f(np.arange(7) * np.pi / 3))
                for f in (np.cos, np.sin)
            ),
            k,
        ),
        "straight on": voyage(np.arange(3000) * 50.0, np.zeros(3000), np.arange(3000) * 10),
    }
    for why, p in cases.items():
        assert rounds(p) == [], why
    # Adjusting a compass: once round to either hand.
    one, two = circling(250, 1.1, 5, lead_s=120), circling(250, 1.1, 5, lead_s=120, hand=-1.0)
    after = two.with_columns(pl.col("t") + (one["t"].max() - two["t"].min()) + timedelta(seconds=5))
    assert rounds(pl.concat([one, after.cast(POSITIONS)])) == []


@given(st.integers(0, 2**32 - 1), st.sampled_from([(122.0, 29.0), (180.0, -10.0), (15.0, 75.0)]))
def test_order_repeats_and_place_make_no_difference(seed: int, at: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    p = circling(float(rng.uniform(300, 1500)), 3, float(rng.uniform(6, 20)), seed=seed, at=at)
    straight = circles(sailed(tracks(p)))
    assert straight.height == 1
    assert abs((straight["lon"].item() - at[0] + 180) % 360 - 180) < 0.002
    other = circling(400, 3, 9, seed=seed, mmsi=MMSI + 1)
    both = pl.concat([other, p]).sample(fraction=1, shuffle=True, seed=1)
    out = circles(sailed(tracks(clean(pl.concat([both, both])).kept)))
    assert out.filter(pl.col("mmsi") == MMSI).equals(straight)


def test_circles_cost_as_much_as_there_are_rows(full: bool) -> None:
    each, vessels = (100_000, 50) if full else (5_000, 20)
    rng = np.random.default_rng(5)
    parts = []
    for v in range(vessels):
        course = np.cumsum(rng.normal(0, 0.02, each))
        speed = (0.0, 5.0, 50.0, 90.0)[v % 4]
        parts.append(
            voyage(speed * np.cumsum(np.sin(course)), speed * np.cumsum(np.cos(course)),
                   np.arange(each) * 10, mmsi=MMSI + v, seed=v)
        )  # fmt: skip
    s = sailed(tracks(pl.concat(parts)))
    begun = time.process_time()
    assert circles(s).is_empty()
    if full:
        assert time.process_time() - begun < 2


# --- jumps -----------------------------------------------------------------------------------


def leaps(p: pl.DataFrame) -> pl.DataFrame:
    return jumps(placed(assign(tracks(clean(p).kept))))


def sailing(minutes: int = 240, every_s: float = 60, **more) -> pl.DataFrame:
    t = np.arange(0, minutes * 60, every_s)
    return voyage(4.0 * t, np.zeros(len(t)), t, **more)


def put(p: pl.DataFrame, which, x_m, y_m) -> pl.DataFrame:
    """Return positions of which some are off by so many metres."""
    hit = np.isin(np.arange(p.height), which)
    x, y = (np.where(hit, v, 0.0) for v in (x_m, y_m))
    return p.with_columns(
        pl.col("lon") + pl.Series(x / (M_LAT * np.cos(np.radians(29)))),
        pl.col("lat") + pl.Series(y / M_LAT),
    )


def test_three_positions_far_away_within_an_hour_are_a_jump() -> None:
    (found,) = said(leaps(put(sailing(), [60, 80, 100], 0, [9e3] * 240)))
    assert found["why"] == "jumps"
    assert found["n_positions"] == 3
    assert found["minutes"] == 40
    assert found["off_m"] == pytest.approx(9000, abs=60)
    assert found["returned"]
    assert found["needed_kn"] > 60


def test_it_is_shown_where_the_vessel_was_meanwhile() -> None:
    out = leaps(put(sailing(), range(100, 110), 0, 80e3))
    assert out.height == 1
    assert out["lat"].item() == pytest.approx(29.0, abs=1e-3)
    assert out["lon"].item() == pytest.approx(
        122 + 4 * 6000 / (M_LAT * np.cos(np.radians(29))), abs=1e-3
    )
    assert out["t0"].item() == datetime(2026, 3, 1, 1, 40, tzinfo=UTC)
    assert out["t1"].item() == datetime(2026, 3, 1, 1, 49, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [20, 50, 90, 400])
def test_a_stay_elsewhere_is_one_jump_however_long(minutes: int) -> None:
    p = sailing(900)
    (found,) = said(leaps(put(p, range(200, 200 + minutes), 30e3, 150e3)))
    assert found["n_positions"] == minutes
    assert found["returned"]


def test_one_that_never_comes_back() -> None:
    (found,) = said(leaps(put(sailing(), range(200, 240), 0, 150e3)))
    assert found["n_positions"] == 40
    assert not found["returned"]


def test_what_is_no_jump() -> None:
    p = sailing()
    k = np.arange(240)
    cases = {
        "sound": p,
        "two only": put(p, [60, 80], 0, 9e3),
        "an hour and more apart": put(p, [20, 85, 150], 0, 9e3),
        "near": put(p, [60, 80, 100], 0, 4.4e3),
        "a silence and a long way": pl.concat([p[:60], put(p, k, 0, 60e3)[180:]]),
    }
    for why, rows in cases.items():
        assert leaps(rows).is_empty(), why


def test_two_hulls_under_one_number_are_no_jump() -> None:
    other = voyage(np.zeros(240), np.full(240, 90e3), np.arange(240) * 60 + 30, seed=2)
    assert leaps(pl.concat([sailing(), other])).is_empty()
    # And one of them may jump.
    away = put(sailing(), [60, 80, 100], 0, -50e3)
    out = leaps(pl.concat([away, other]))
    assert [e["n_positions"] for e in said(out)] == [3]
    assert said(out)[0]["off_m"] == pytest.approx(50e3, rel=0.01)


def test_a_hull_that_changed_its_name_is_no_jump_where_another_uses_its_number() -> None:
    p = pl.concat([sailing(), voyage(np.zeros(60), np.full(60, 90e3), np.arange(60) * 60 + 3030,
                                     seed=2)])  # fmt: skip
    rows = assign(tracks(p))
    # Those heard long before under the name of the other are counted to its hull.
    early = voyage(np.zeros(900), np.zeros(900), np.arange(900) * 60 - 7 * 86_400, seed=3)
    early = tracks(early).with_columns(hull=pl.lit(1, pl.UInt8), track_id=pl.lit(999, pl.UInt32))
    both = pl.concat([early.select(rows.columns), rows]).sort("mmsi", "t")
    assert jumps(placed(both)).is_empty()


def test_a_copy_of_the_way_beside_it_is_no_second_hull() -> None:
    bends = np.cumsum(200 * np.sin(np.arange(240) / 9))
    p = put(sailing(), np.arange(240), 0, bends)
    copy = put(p, np.arange(100, 140, 3), 30e3, 20e3)
    assert assign(tracks(copy))["hull"].max() == 1
    assert [e["n_positions"] for e in said(leaps(copy))] == [14]


def turning(places: int, seed: int, minutes: float = 4.0) -> pl.DataFrame:
    """Return one MMSI that some vessels send for some minutes, each where it is and as it likes."""
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(places):
        every = float(rng.choice([10.0, 20.0, 30.0]))
        t = np.arange(rng.uniform(0, every), minutes * 60, every)
        t = t[rng.random(len(t)) < 0.7] + rng.uniform(-1, 1)
        if k == 0 or len(t) < 3:
            t = np.arange(1.0, minutes * 60, 9.0)
        speed = float(rng.choice([0.0, 4.0]))
        parts.append(voyage(speed * t, np.full(len(t), 150e3 * k), np.round(t), noise_m=3, seed=k))
    return pl.concat(parts)


@given(st.integers(2, 7), st.integers(0, 2**32 - 1))
def test_a_number_by_turns_from_several_places_is_several_hulls(places: int, seed: int) -> None:
    p = turning(places, seed)
    assert leaps(p).is_empty()
    (found,) = by_turns(placed(assign(tracks(clean(p).kept)))).rows(named=True)
    assert found["mmsi"] == MMSI
    assert 2 <= found["hulls"] <= places
    assert found["why"] == "in_turn"
    assert 0 < found["overlap_s"] <= 240
    assert found["distance_km"] > 100
    mixed = pl.concat([p, p, sailing(mmsi=MMSI + 7)]).sample(fraction=1, shuffle=True, seed=1)
    assert by_turns(placed(assign(tracks(clean(mixed).kept)))).row(0, named=True) == found


@given(st.integers(3, 60), st.integers(1, 2), st.floats(20e3, 9e5))
def test_spells_away_are_jumps_and_no_hulls(minutes: int, spells: int, far_m: float) -> None:
    p = sailing(400)
    away = [k for s in range(spells) for k in range(100 + 100 * s, 100 + 100 * s + minutes)]
    away = put(p, away, 0, far_m)
    assert by_turns(placed(assign(tracks(away)))).is_empty()
    assert sum(e["n_positions"] for e in said(leaps(away))) == minutes * spells


def test_single_places_and_copies_of_the_way_are_no_hulls() -> None:
    p = put(sailing(), np.arange(240), 0, np.cumsum(200 * np.sin(np.arange(240) / 9)))
    for which in ([60, 80, 100], np.arange(100, 140, 3), [60, 63, 66, 69]):
        away = put(p, which, 30e3, 20e3)
        assert by_turns(placed(assign(tracks(away)))).is_empty()
        assert leaps(away).height == 1
    assert by_turns(placed(tracks(empty(POSITIONS)))).is_empty()


def test_a_copy_is_known_where_the_number_had_another_hull_before() -> None:
    p = put(sailing(), np.arange(240), 0, np.cumsum(200 * np.sin(np.arange(240) / 9)))
    away = put(p, np.arange(100, 130, 5), 30e3, 20e3)
    rows = tracks(away)
    for main in (0, 1):
        # Whichever hull is the one with more positions in all.
        early = voyage(np.zeros(900), np.zeros(900), np.arange(900) * 60 - 7 * 86_400, seed=3)
        early = tracks(early).with_columns(track_id=pl.lit(999, pl.UInt32))
        hulled = rows.with_columns(
            hull=pl.when(pl.col("lat") > 29.15).then(1).otherwise(0).cast(pl.UInt8)
        )
        both = pl.concat([early.with_columns(hull=pl.lit(main, pl.UInt8)).select(hulled.columns),
                          hulled]).sort("mmsi", "t")  # fmt: skip
        assert [e["n_positions"] for e in said(jumps(placed(both)))] == [6], main


def test_reports_that_come_late_are_no_jump() -> None:
    p = sailing(300, 10)
    stale = p[200:203].with_columns(
        pl.col("t") + timedelta(minutes=60) + pl.duration(seconds=4, minutes=pl.int_range(3) * 9)
    )
    assert leaps(pl.concat([p, stale.cast(POSITIONS)])).is_empty()
    # A backlog of reports under one time.
    at = p["t"][900]
    backlog = put(p, np.arange(p.height), 0, 40e3)[[100, 300, 500, 700]]
    assert leaps(pl.concat([p, backlog.with_columns(t=pl.lit(at)).cast(POSITIONS)])).is_empty()


def test_a_number_without_a_home_has_none_to_jump_from() -> None:
    rng = np.random.default_rng(1)
    n = 40
    t = np.sort(rng.uniform(0, 3600, n))
    p = voyage(rng.uniform(-5e6, 5e6, n), rng.uniform(-3e6, 3e6, n), t)
    out = leaps(p)
    assert out.height <= 1


@given(st.integers(0, 2**32 - 1))
def test_jumps_are_the_same_in_any_order_and_company(seed: int) -> None:
    rng = np.random.default_rng(seed)
    which = np.sort(rng.choice(240, 12, replace=False))
    p = put(sailing(seed=seed), which, rng.uniform(20e3, 9e5, 240), rng.uniform(20e3, 9e5, 240))
    out = leaps(p)
    assert out.height >= 1
    assert sum(e["n_positions"] for e in said(out)) <= 12
    other = sailing(mmsi=MMSI + 7, at=(-179.9, 10.0))
    mixed = pl.concat([other, p, p]).sample(fraction=1, shuffle=True, seed=2)
    assert leaps(mixed).equals(out)


def test_jumps_of_nothing() -> None:
    assert leaps(empty(POSITIONS)).equals(empty(EVENTS))
    assert jumps(placed(tracks(put(sailing(), range(100, 110), 0, 80e3)))).height == 1


# --- on land ---------------------------------------------------------------------------------


def ashore(minutes, inside_m, *, mmsi=MMSI, lon=121.5, lat=29.0) -> pl.DataFrame:
    n = len(minutes)
    return pl.DataFrame(
        {
            "mmsi": pl.Series([mmsi] * n, dtype=pl.UInt32),
            "t": pl.Series(T0 + np.asarray(minutes) * 60_000).cast(pl.Int64).cast(TIME),
            "lon": np.broadcast_to(lon, n).astype(float),
            "lat": np.broadcast_to(lat, n).astype(float),
            "inside_m": np.broadcast_to(inside_m, n).astype(np.float32),
        }
    )


def test_some_time_on_land_is_told_with_its_depth() -> None:
    rows = ashore([0, 3, 6, 9, 12, 15], [400, 1200, 1500, 2500, 1500, 1100])
    (found,) = said(on_land(rows))
    assert (found["why"], found["n_positions"], found["minutes"]) == ("on_land", 5, 12)
    assert (found["inside_m"], found["median_inside_m"]) == (2500, 1500)
    assert on_land(rows).select("t0", "t1").row(0) == (
        datetime(2026, 3, 1, 0, 3, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 15, tzinfo=UTC),
    )
    assert on_land(pl.concat([rows[::-1], rows])).equals(on_land(rows))


@pytest.mark.parametrize(
    ("minutes", "inside_m", "events"),
    [
        ([0, 3, 6, 9, 12], 1010, 1),
        ([0, 3, 6, 9, 12], 990, 0),
        ([0, 3, 6, 9], 2000, 0),
        ([0, 2, 4, 6, 9], 2000, 0),
        ([0, 2, 4, 6, 10], 2000, 1),
        ([0, 5, 10, 70.5, 75, 80], 2000, 0),
        ([0, 3, 6, 9, 12, 100, 103, 106, 109, 112], 2000, 2),
    ],
)
def test_time_number_and_depth_bound_it(minutes, inside_m, events) -> None:
    assert on_land(ashore(minutes, inside_m)).height == events


def test_where_all_sail_is_water() -> None:
    times = np.arange(8) * 3
    river = [
        ashore(times + 1440 * day, 3000, mmsi=MMSI + day, lon=121.505, lat=29.005)
        for day in range(5)
    ]
    assert on_land(pl.concat(river)).is_empty()
    assert on_land(pl.concat(river[:3])).height == 3
    # A jammer's false place takes many in on one day.
    one_day = [rows.with_columns(pl.col("t") - timedelta(days=d)) for d, rows in enumerate(river)]
    assert on_land(pl.concat([rows.cast(river[0].schema) for rows in one_day])).height == 5
    assert on_land(ashore([], [])).equals(empty(EVENTS))


# --- real ones -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "jumping"),
    [
        # Upstream's smoothing ran seven minutes away with a trawler.
        ("dma_layout_kattegat_202511_52k.csv.gz", [219009229]),
        # Two boats in two harbours 1,400 km apart, each heard a few times.
        ("noaa_marinecadastre_20220103_100k.csv.gz", [367654040]),
        ("positions_world_20190701_43k.csv.gz", []),
        ("uscg_nais_20160728_100k.nm4.gz", []),
        # Numbers that several send by turns.
        ("aishub_world_85k.nmea.gz", []),
    ],
)
def test_real_vessels(shared: Path, name: str, jumping: list[int]) -> None:
    rows = pl.concat([batch.positions for batch in read(shared / "ais" / name)])
    told = assign(tracks(clean(rows).kept))
    assert jumps(placed(told))["mmsi"].to_list() == jumping
    assert circles(sailed(told)).is_empty()


def test_real_numbers_that_several_send_by_turns(shared: Path) -> None:
    batches = read(shared / "ais" / "aishub_world_85k.nmea.gz")
    told = assign(tracks(clean(pl.concat([batch.positions for batch in batches])).kept))
    found = by_turns(placed(told))["mmsi"].to_list()
    assert [mmsi for mmsi in found if kind_of(mmsi) in MOVERS] == [
        123, 1193046, 123456789, 222222222, 244645890, 244711426, 273000000, 412000000, 412123456,
        413000000,
    ]  # fmt: skip
