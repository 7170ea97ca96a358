"""Odd speeds and courses: made ways near the thresholds, and what real receivers do besides."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais._events import sailed
from ais.anomalies import LIMITS, CourseRule, SpeedRule, course_anomalies, speed_anomalies
from ais.clean import clean
from ais.dash import fast_runs
from ais.identity import MOVERS, kinds
from ais.io import read
from ais.loitering import COASTAL, loitering_events
from ais.schema import EVENTS, POSITIONS, STATICS, TIME
from ais.stops import StopRule, find_stops
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
KNOT = 1852 / 3600
MMSI = 412000001
REAL = (
    "dma_layout_kattegat_202511_52k.csv.gz",
    "noaa_marinecadastre_20220103_100k.csv.gz",
    "positions_world_20190701_43k.csv.gz",
)
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})
NO_SHIPS = STATICS.to_frame()


def ship(*kinds: int | None, minute: tuple[float, ...] = (0,), mmsi: int = MMSI) -> pl.DataFrame:
    """Return what was told of the type, and in which minute."""
    told = {
        "mmsi": pl.Series([mmsi] * len(kinds), dtype=pl.UInt32),
        "t": pl.Series([T0 + round(m * 60_000) for m in minute], dtype=pl.Int64).cast(TIME),
        "ship_type": pl.Series(kinds, dtype=pl.UInt8),
    }
    return pl.concat([NO_SHIPS, pl.DataFrame(told)], how="diagonal")


def sail(
    *legs: tuple[float, float, float],
    step_s: float = 60,
    noise_m: float = 5.0,
    mmsi: int = MMSI,
    origin=(122.0, 29.0),
    mirror: int = 1,
    **columns,
) -> pl.DataFrame:
    """Return a way along legs of (knots, course, minutes), told as it was made."""
    rng = np.random.default_rng(1)
    seconds = np.arange(0, sum(leg[2] for leg in legs) * 60 + 1e-6, step_s)
    ends = np.cumsum([0] + [leg[2] * 60 for leg in legs])
    at = np.radians([leg[1] for leg in legs])
    way = [leg[0] * KNOT * leg[2] * 60 for leg in legs]
    x = mirror * np.interp(seconds, ends, np.cumsum([0, *(way * np.sin(at))]))
    y = np.interp(seconds, ends, np.cumsum([0, *(way * np.cos(at))]))
    n = len(x)
    leg = np.clip(np.searchsorted(ends, seconds, side="left") - 1, 0, len(legs) - 1)
    lat = origin[1] + (y + rng.normal(0, noise_m, n)) / M_LAT
    lon = origin[0] + (x + rng.normal(0, noise_m, n)) / (M_LAT * np.cos(np.radians(lat)))
    told = {
        "sog_kn": np.array([leg[0] for leg in legs])[leg],
        "cog_deg": mirror * np.array([leg[1] for leg in legs])[leg] % 360,
    }
    data = told | {
        "mmsi": [mmsi] * n,
        "t": (T0 + seconds * 1000).astype(np.int64),
        "lon": (lon + 180) % 360 - 180,
        "lat": lat,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    }
    data |= {k: np.broadcast_to(np.array(v, dtype=object), n).tolist() for k, v in columns.items()}
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def said(events: pl.DataFrame) -> list[dict]:
    return [json.loads(e) for e in events["evidence"]]


def why(events: pl.DataFrame) -> list[str]:
    return [e["why"] for e in said(events)]


def speeds(p: pl.DataFrame, ships: pl.DataFrame = NO_SHIPS, rule=None) -> pl.DataFrame:
    return speed_anomalies(sailed(tracks(p)), ships, rule)


def turns(p: pl.DataFrame, rule=None) -> pl.DataFrame:
    return course_anomalies(sailed(tracks(p)), rule)


# --- faster than the type --------------------------------------------------------------------


@pytest.mark.parametrize("step_s", [5, 60, 180])
@pytest.mark.parametrize(
    ("kind", "limit"),
    [(30, 16), (32, 16), (52, 16), (36, 15), (79, 24), (80, 24), (60, 45), (31, 45), (51, 45),
     (37, 50), (0, 45), (99, 45), (None, 45)],
)  # fmt: skip
def test_the_limit_is_that_of_the_type(kind: int | None, limit: float, step_s: float) -> None:
    over = sail((5, 90, 20), (limit * 1.06, 90, 8), (5, 90, 20), step_s=step_s)
    found = speeds(over, ship(kind))
    assert found.schema == EVENTS
    assert found["kind"].to_list() == ["speed_anomaly"]
    told = said(found)[0]
    assert told["why"] == "over_type"
    assert told["limit_kn"] == limit
    assert told["mean_speed_kn"] == pytest.approx(limit * 1.06, rel=0.03)
    assert told["duration_min"] == pytest.approx(8, abs=3.1 if step_s == 180 else 1.1)
    under = sail((5, 90, 20), (limit * 0.95, 90, 20), (5, 90, 20), step_s=step_s)
    assert speeds(under, ship(kind)).is_empty()


@pytest.mark.parametrize(
    ("kinds", "minute", "n"),
    [
        ((37, 52), (0, 50), 0),
        ((52, 37), (0, 50), 1),
        ((52, 37), (0, 15), 0),
        ((37, 52), (0, 15), 1),
        ((37, 52), (0, 25), 0),  # for three minutes only
        ((52,), (500,), 1),  # told later only
        ((52,), (-500,), 1),
        ((52, None), (0, 15), 1),
        ((52, 37, 52), (0, 12, 60), 0),
        ((None,), (0,), 0),
    ],
)
def test_a_vessel_is_held_against_the_type_that_it_told_then(kinds, minute, n: int) -> None:
    fast = sail((5, 90, 20), (24, 90, 8), (5, 90, 30))
    others = pl.concat([ship(52, mmsi=MMSI - 1), ship(30, minute=(24,), mmsi=MMSI + 1)])
    told = pl.concat([others, ship(*kinds, minute=minute)])
    found = speeds(fast, told)
    assert why(found) == ["over_type"] * n
    assert speeds(fast, told.reverse()).equals(found)


def test_too_short_over_the_limit_is_nothing_and_groups_do_not_overlap() -> None:
    for step_s in (5, 60):
        assert speeds(sail((5, 0, 9), (18, 0, 4), (5, 0, 9), step_s=step_s), ship(30)).is_empty()
    types = [t for group, _ in LIMITS.values() for t in group]
    assert len(types) == len(set(types))
    slow = SpeedRule(limits_kn=SpeedRule().limits_kn | {"fishing": 10.0})
    assert speeds(sail((12, 0, 20)), ship(30)).is_empty()
    assert speeds(sail((12, 0, 20)), ship(30), slow).height == 1


@pytest.mark.parametrize("late_s", [0, 1, 5, 14])
def test_steps_that_come_a_little_early_are_not_drawn_out(late_s: int) -> None:
    """The last fast step takes less than a minute, the one before more; what follows is slow."""
    p = sail((5, 90, 20), (24, 90, 8), (3, 90, 20), step_s=1, noise_m=0)
    second = (p["t"].dt.epoch("ms") - T0) // 1000
    at = [60 * m + (late_s if m == 27 else 0) for m in range(48)]
    run = fast_runs(sailed(tracks(p.filter(second.is_in(at)))))
    assert run["t1"].dt.epoch("ms").to_list() == [T0 + 28 * 60_000]


def test_a_single_step_that_both_ends_deny_is_no_speed() -> None:
    legs = [(2, 0, 30), (30, 0, 8), (2, 0, 30)]
    p = sail(*legs, step_s=60)
    minute = (p["t"].dt.epoch("ms") - T0) // 60_000
    sparse = p.filter((minute <= 30) | (minute >= 38))
    for told, n in ((2.0, 0), (20.0, 1), (None, 1)):
        q = sparse.with_columns(sog_kn=pl.lit(told, pl.Float32))
        assert why(speeds(q, ship(30))).count("over_type") == n
        assert fast_runs(sailed(tracks(q))).height == n


@pytest.mark.parametrize("minutes", [5.4, 5.8, 6.3])
@pytest.mark.parametrize("phase_s", [0, 17, 41])
def test_the_parts_of_steps_in_which_it_speeds_up_count(minutes: float, phase_s: int) -> None:
    def over(minutes: float) -> list[str]:
        p = sail((8.5, 0, 20 + phase_s / 60), (18, 0, minutes), (8.5, 0, 20), step_s=60)
        return why(speeds(p, ship(30)))

    assert over(minutes) == ["over_type"]
    assert over(10 - minutes) == []


@pytest.mark.parametrize("wrong", [[20], [20, 21], [20, 21, 22]])
def test_false_positions_are_no_speed_where_told_speeds_deny_it(wrong: list[int]) -> None:
    p = sail((11, 0, 240), step_s=180)
    rows = np.isin(np.arange(p.height), wrong)
    aside = p.with_columns(pl.col("lon") + 0.04 * rows, pl.col("lat") - 0.02 * rows)
    # It is farther from the last of them on to the next: nobody was heard in between.
    sparse = aside.filter(pl.Series(np.arange(p.height) != wrong[-1] + 1))
    assert why(speeds(sparse, ship(80))) == []


# --- another speed than told -----------------------------------------------------------------


@pytest.mark.parametrize("step_s", [10, 60, 180, 300])
@pytest.mark.parametrize(("knots", "told"), [(12.0, 1.0), (12.0, 5.5), (8.0, 24.0), (0.1, 9.0)])
def test_another_speed_told_than_made(knots: float, told: float, step_s: float) -> None:
    p = sail((knots, 60, 40), step_s=step_s, sog_kn=told)
    found = speeds(p)
    assert why(found) == ["told_speed"]
    figures = said(found)[0]
    assert figures["told_kn"] == pytest.approx(told)
    assert figures["told_unchanged"]
    assert figures["made_good_kn"] == pytest.approx(knots, abs=0.6)


@pytest.mark.parametrize("step_s", [10, 60, 180, 360])
def test_what_is_no_other_speed(step_s: float) -> None:
    half = [(6.0, float(c), 3.0) for c in range(0, 3600, 90)]
    stops = [(k, 45.0, 10.0) for k in (12, 0.1) * 6]
    cases = {
        "as made": sail((12, 30, 90), step_s=step_s),
        "a little off": sail((12, 30, 90), step_s=step_s, sog_kn=16.5),
        "by less than half": sail((20, 30, 90), step_s=step_s, sog_kn=11.0),
        "for too short": sail((12, 30, 20), (1, 30, 6), (12, 30, 20), step_s=step_s, sog_kn=12),
        "nothing told": sail((12, 30, 90), step_s=step_s, sog_kn=None),
        "no more than the greatest": sail((0, 30, 90), step_s=step_s, sog_kn=102.2),
        "noughts for nothing": sail((12, 30, 90), step_s=step_s, sog_kn=0, cog_deg=0),
        "round and round": sail(*half, step_s=step_s),
        "stop and go": sail(*stops, step_s=step_s),
        "noise at the quay": sail((0, 0, 90), step_s=step_s, noise_m=15),
    }
    for name, p in cases.items():
        assert speeds(p).is_empty(), name
    p = cases["as made"]
    stray = p.with_columns(lat=pl.when(pl.int_range(pl.len()) == p.height // 2).then(
        pl.col("lat") + 6 * step_s / M_LAT).otherwise(pl.col("lat")))  # fmt: skip
    assert speeds(stray).is_empty()


# --- turning back ----------------------------------------------------------------------------


@pytest.mark.parametrize("step_s", [4, 30, 60, 150])
def test_turning_back_under_way_is_a_reversal(step_s: float) -> None:
    p = sail((10, 20, 30), (8, 110, 1), (10, 185, 30), step_s=step_s)
    found = turns(p)
    assert found["kind"].to_list() == ["course_anomaly"]
    told = said(found)[0]
    assert told["why"] == "reversal"
    assert told["turned_deg"] == pytest.approx(165, abs=4 if step_s <= 60 else 10)
    assert told["turn_min"] <= 5
    middle = found["t0"].item() + (found["t1"].item() - found["t0"].item()) / 2
    assert (middle.timestamp() * 1000 - T0) / 60_000 == pytest.approx(30.5, abs=3)
    assert told["speed_before_kn"] == pytest.approx(10, abs=0.7)


@pytest.mark.parametrize(("minutes", "n"), [(2, 1), (4.2, 1), (4.7, 1), (5.4, 0), (6, 0)])
@pytest.mark.parametrize("step_s", [10, 30, 60])
def test_the_time_in_which_it_turns_back_is_that_of_150_degrees(minutes, n, step_s) -> None:
    taken = minutes * 176 / 150
    bend = [(8.7, 176 * (k + 0.5) / 16, taken / 16) for k in range(16)]
    p = sail((8.7, 0, 25), *bend, (8.7, 176, 25), step_s=step_s, noise_m=3)
    assert why(turns(p)).count("reversal") == n


def test_who_slows_down_to_turn_is_not_under_way_at_the_speed_asked() -> None:
    p = sail((9, 0, 25), (4, 0, 3), (9, 180, 25), step_s=60)
    assert "reversal" not in why(turns(p))


@pytest.mark.parametrize("step_s", [4, 30, 60, 150])
def test_what_is_no_reversal(step_s: float) -> None:
    trawl = [(3.5, c, 40.0) for c in (0, 180) * 3]
    cases = {
        "140 degrees": sail((10, 0, 30), (10, 140, 30), step_s=step_s),
        "slowly round": sail((10, 0, 30), *[(10, 30.0 * k, 2) for k in range(1, 6)], (10, 180, 30),
                             step_s=step_s),
        "hardly steady before": sail((10, 90, 30), (10, 0, 7), (10, 180, 30), step_s=step_s),
        "a trawler": sail(*trawl, step_s=step_s),
        "a ferry at its wharf": sail((12, 0, 30), (0, 0, 3.5), (12, 180, 30), step_s=step_s),
        "too slow": sail((4.5, 0, 30), (4.5, 180, 30), step_s=step_s),
    }  # fmt: skip
    if step_s > 60:
        del cases["slowly round"]  # in ten minutes, of which four positions show no more
    for name, p in cases.items():
        assert "reversal" not in why(turns(p)), name
        if step_s <= 60:
            untold = p.with_columns(sog_kn=pl.lit(None, pl.Float32))
            assert "reversal" not in why(turns(untold)), name


# --- zigzag ----------------------------------------------------------------------------------


def tacks(n: int, degrees: float, minutes: float, knots: float = 8.0, **more) -> pl.DataFrame:
    legs = [(knots, 90 + degrees / 2 * (-1) ** k, minutes) for k in range(n + 1)]
    return sail((knots, 90 + degrees / 2, 20), *legs[1:-1], (knots, legs[-1][1], 20), **more)


@pytest.mark.parametrize("step_s", [5, 60, 180])
@pytest.mark.parametrize(("n", "degrees", "minutes"), [(4, 68, 12), (6, 100, 9), (9, 120, 8)])
def test_turns_to_alternating_hands_are_a_zigzag(n, degrees, minutes, step_s: float) -> None:
    found = turns(tacks(n, degrees, minutes, step_s=step_s))
    assert why(found) == ["zigzag"]
    told = said(found)[0]
    assert told["turns"] == n
    assert told["smallest_turn_deg"] == pytest.approx(degrees, abs=25)
    assert told["duration_min"] == pytest.approx((n - 1) * minutes, abs=8)


@pytest.mark.parametrize("step_s", [5, 60, 180])
def test_what_is_no_zigzag(step_s: float) -> None:
    round_ = [(8.0, 72.0 * k, 6.0) for k in range(15)]
    bends = [(8.0, 45 * np.sin(2 * np.pi * k / 50), 1.0) for k in range(120)]
    cases = {
        "three turns": tacks(3, 100, 12, step_s=step_s),
        "too little": tacks(8, 50, 8, step_s=step_s),
        "too rare": tacks(8, 90, 21, step_s=step_s),
        "too slow": tacks(8, 90, 8, knots=4.5, step_s=step_s),
        "always to one hand": sail(*round_, step_s=step_s),
        "bends of a channel": sail(*bends, step_s=step_s),
    }
    for name, p in cases.items():
        assert "zigzag" not in why(turns(p)), name


# --- another course than told ----------------------------------------------------------------


@pytest.mark.parametrize("step_s", [10, 60, 300])
def test_another_course_told_than_made(step_s: float) -> None:
    p = sail((9, 350, 40), step_s=step_s, cog_deg=45.0)
    found = turns(p)
    assert why(found) == ["told_course"]
    told = said(found)[0]
    assert told["off_deg"] == pytest.approx(55, abs=4)
    assert told["told_unchanged"]
    cases = {
        "40 degrees": sail((9, 350, 40), step_s=step_s, cog_deg=30.0),
        "too slow": sail((4, 350, 40), step_s=step_s, cog_deg=90.0),
        "too short": sail((9, 350, 7), step_s=step_s, cog_deg=90.0),
        "told as still": sail((9, 350, 40), step_s=step_s, cog_deg=90.0, sog_kn=0.1),
        "untold": sail((9, 350, 40), step_s=step_s, cog_deg=None),
        "turning": sail(*[(9, 40.0 * k, 3.0) for k in range(20)], step_s=step_s),
    }
    for name, q in cases.items():
        assert "told_course" not in why(turns(q)), name


@pytest.mark.parametrize(("off", "n"), [(50, 1), (-50, 1), (40, 0)])
def test_in_a_bend_what_is_told_halfway_counts(off: float, n: int) -> None:
    bends = [(8, 15.0 * k, 1.5) for k in range(40)]
    p = sail(*bends, step_s=60)
    p = p.with_columns((pl.col("cog_deg") + off) % 360)
    assert why(turns(p)).count("told_course") == n


@pytest.mark.parametrize("what", ["sog_kn", "cog_deg"])
def test_a_report_that_tells_nothing_ends_nothing(what: str) -> None:
    p = sail((12, 350, 12), step_s=60, sog_kn=5.0, cog_deg=60.0)
    some = pl.when(pl.arange(p.height) % 4 == 2).then(None).otherwise(what).alias(what)
    q = p.with_columns(some)
    assert why(speeds(q)) == why(speeds(p)) == ["told_speed"]
    assert why(turns(q)) == why(turns(p)) == ["told_course"]


# --- all -------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [(179.98, 29.0), (20.0, 75.0), (-179.98, -74.0)])
def test_the_date_line_and_high_latitudes_make_no_difference(origin) -> None:
    for p in (
        sail((18, 70, 30), origin=origin, step_s=30),
        sail((12, 80, 30), (12, 250, 30), origin=origin),
        tacks(6, 100, 9, origin=origin),
        sail((9, 90, 40), cog_deg=150.0, origin=origin),
    ):
        here = p.with_columns(pl.col("lat") - origin[1] + 29.0)
        scale = np.cos(np.radians(origin[1])) / np.cos(np.radians(29.0))
        shift = ((pl.col("lon") - origin[0] + 180) % 360 - 180) * scale
        here = here.with_columns(lon=122.0 + shift)
        for a, b in ((speeds(p, ship(30)), speeds(here, ship(30))), (turns(p), turns(here))):
            assert a.select("t0", "t1").equals(b.select("t0", "t1"))
            assert why(a) == why(b)


@given(seed=st.integers(0, 10_000), step_s=st.sampled_from([20, 60, 150]))
def test_order_copies_the_past_and_a_mirror_change_nothing(seed: int, step_s: float) -> None:
    rng = np.random.default_rng(seed)
    legs = [
        (float(rng.choice([3, 8, 18])), float(rng.choice([0, 10, 100, 170, 275])),
         float(rng.uniform(3, 15)))
        for _ in range(14)
    ]  # fmt: skip
    told = float(rng.choice([2, 12])) if seed % 2 else None
    p = sail(*legs, step_s=step_s, noise_m=0, **({} if told is None else {"sog_kn": told}))

    def both(q: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([speeds(q, ship(30)), turns(q)])

    one = both(p)
    other = sail((18, 20, 30), (18, 200, 30), step_s=step_s, mmsi=412000000)
    past = p.with_columns(pl.col("t") - pl.duration(hours=9))
    mixed = pl.concat([p, p, other, past]).sample(fraction=1, shuffle=True, seed=seed)
    mixed = clean(mixed).kept
    again = both(mixed).filter(pl.col("mmsi") == MMSI, pl.col("t0") >= p["t"].min())
    assert again.equals(one)
    mirrored = sail(*legs, step_s=step_s, noise_m=0, mirror=-1,
                    **({} if told is None else {"sog_kn": told}))  # fmt: skip
    assert Counter(why(both(mirrored))) == Counter(why(one))


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, tuple[float, Counter[str]]]:
    """Return the vessel-days under observation and the events by kind and why, of each file."""
    out = {}
    for name in REAL:
        batches = list(read(shared / "ais" / name))
        p = clean(pl.concat([b.positions for b in batches])).kept
        statics = pl.concat([b.statics for b in batches])
        movers = kinds(p, statics).filter(pl.col("kind").is_in(MOVERS))["mmsi"]
        cut = tracks(p.filter(pl.col("mmsi").is_in(movers.implode())))
        lasted = cut.group_by("track_id").agg(pl.col("t").max() - pl.col("t").min())
        days = lasted["t"].dt.total_seconds().sum() / 86_400
        s = sailed(cut)
        lain = find_stops(s, statics, StopRule())
        slow = loitering_events(s, lain, berths=NO_BERTHS, preset=COASTAL, rule=StopRule())
        found = pl.concat([slow, fast_runs(s), speed_anomalies(s, statics), course_anomalies(s)])
        what = [e.get("why", kind) for kind, e in zip(found["kind"], said(found), strict=True)]
        out[name] = (days, Counter(what))
    return out


def test_real_vessels_are_seldom_odd(real) -> None:
    """By vessel-day: looked at one by one, they are a ferry that calls itself a cargo ship, a
    device that tells no speed, and a tow that follows the bends of a river."""
    days, kattegat = real[REAL[0]]
    assert days > 30
    assert kattegat["loitering"] <= 3
    assert {k: n for k, n in kattegat.items() if k not in ("loitering", "dash")} == {}
    assert kattegat["dash"] / days < 0.5  # fast runs of ferries; none of them judged
    days, noaa = real[REAL[1]]
    assert days > 100
    assert noaa["drift"] == noaa["loitering"] == 0  # less than half an hour of each vessel
    odd = {k: n for k, n in noaa.items() if k != "dash"}
    assert odd == {"over_type": 1, "told_speed": 1, "zigzag": 1}
    days, world = real[REAL[2]]
    assert set(world) == {"dash"}
    assert world["dash"] < 60


def test_real_ways_told_falsely_are_found(shared: Path) -> None:
    """Every vessel that is under way long enough, at any spacing of its positions; no other."""
    p = pl.concat([b.positions for b in read(shared / "ais" / REAL[0])])
    # Upstream drew straight lines between false and true positions of this one.
    p = clean(p).kept.filter(pl.col("mmsi") != 219009229)
    minute = p["t"].dt.epoch("s") // 60
    for spacing in (1, 6):
        cut = tracks(p.filter(minute % spacing == 0))
        moving = cut.filter((pl.col("sog_kn") > 7) & ~pl.col("impossible"))
        lasted = moving.group_by("mmsi").agg(pl.col("step_s").filter(pl.col("step_s") < 600).sum())
        sure = set(lasted.filter(pl.col("step_s") > 3600)["mmsi"])
        assert len(sure) > 150
        changes = {
            "told_course": pl.col("cog_deg").add(60) % 360,
            "told_speed": pl.col("sog_kn") * 0.3,
            "nothing": (pl.col("cog_deg") + 30) % 360,
            "nor this": pl.col("sog_kn") * 1.4,
        }
        for kind, change in changes.items():
            s = sailed(cut.with_columns(change))
            found = pl.concat([speed_anomalies(s, NO_SHIPS), course_anomalies(s)])
            told = found.filter(
                pl.Series([w.startswith("told") for w in why(found)], dtype=pl.Boolean)
            )
            if kind.startswith("told"):
                assert set(why(told)) == {kind}
                assert len(sure - set(told["mmsi"])) <= 1
            else:
                assert told["mmsi"].n_unique() <= 1


def test_ferries_between_islands_are_not_odd(shared: Path) -> None:
    """Twenty days of five vessels in Greek waters, without speeds and courses told."""
    lines = (shared / "ais" / "annot_vessels_input.csv").read_text().splitlines()
    rows = [r.split() for r in lines if r.count(" ") == 3]
    p = pl.DataFrame(
        {
            "mmsi": [412000000 + int(r[0]) for r in rows],
            "t": [int(r[3]) * 1000 for r in rows],
            "lon": [float(r[1]) for r in rows],
            "lat": [float(r[2]) for r in rows],
        }
        | {c: [None] * len(rows) for c in POSITIONS if c not in ("mmsi", "t", "lon", "lat")}
    )
    s = sailed(tracks(clean(p.select(POSITIONS.names()).cast(POSITIONS)).kept))
    assert course_anomalies(s).is_empty()
    assert speed_anomalies(s, NO_SHIPS).is_empty()
    assert fast_runs(s)["mmsi"].n_unique() == 3


def test_nothing_gives_nothing() -> None:
    p = sail((5, 0, 10))[:0]
    assert speeds(p).schema == EVENTS
    assert turns(p).schema == EVENTS
    assert fast_runs(sailed(tracks(p))).is_empty()
    assert turns(sail((5, 0, 1))[:1]).is_empty()
    assert CourseRule().turns == 4
