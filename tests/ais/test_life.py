"""What vessels ordinarily do: days added up, places come back to, patterns and their reasons."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ais import life
from ais._events import sailed
from ais.schema import EVENTS, POSITIONS, empty
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
LON0, LAT0 = 122.0, 29.0
M_LAT = 6_371_008.8 * np.pi / 180
KNOT_M_MIN = 30.8667


def voyage(x, y, *, mmsi=412000001, minutes=None, lon0=LON0, lat0=LAT0, noise_m=5.0, seed=1):
    """Return positions metres east and north of a place, one a minute."""
    rng = np.random.default_rng(seed)
    x, y = np.asarray(x, float), np.asarray(y, float)
    n = len(x)
    minutes = np.arange(n) if minutes is None else np.asarray(minutes)
    lon = lon0 + (x + rng.normal(0, noise_m, n)) / (M_LAT * np.cos(np.radians(lat0)))
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + minutes * 60_000).astype(np.int64),
        "lon": (lon + 180) % 360 - 180,
        "lat": lat0 + (y + rng.normal(0, noise_m, n)) / M_LAT,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    }
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def along(*legs: tuple[float, float]) -> np.ndarray:
    """Return metres sailed each minute by legs of (minutes, knots); knots may be negative."""
    return np.cumsum(np.concatenate([np.full(int(m), k * KNOT_M_MIN) for m, k in legs]))


def lived(p: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return life.days(sailed(tracks(p)))


def vessels(*rows: tuple[int, int | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows),
        schema={"mmsi": pl.UInt32, "ship_type": pl.UInt8, "length_m": pl.Float32},
        orient="row",
    )


def judged(p: pl.DataFrame, ship_type: int | None, events: pl.DataFrame | None = None) -> dict:
    days, _ = lived(p)
    known = vessels(*((m, ship_type, 20.0) for m in sorted(set(p["mmsi"]))))
    found = life.profiles(days, empty(EVENTS) if events is None else events, known)
    assert found.schema == life.PROFILES
    return found.row(0, named=True)


def happened(kind: str, rows: list[tuple[int, int | None, float, float, float, float]]):
    """Return events of (mmsi, other, begin h, end h, metres east, metres north)."""
    lon = [LON0 + r[4] / (M_LAT * np.cos(np.radians(LAT0))) for r in rows]
    data = {
        "event_id": [f"{kind}{k}" for k in range(len(rows))],
        "kind": [kind] * len(rows),
        "mmsi": [r[0] for r in rows],
        "other_mmsi": [r[1] for r in rows],
        "t0": [T0 + round(r[2] * 3.6e6) for r in rows],
        "t1": [T0 + round(r[3] * 3.6e6) for r in rows],
        "lon": lon,
        "lat": [LAT0 + r[5] / M_LAT for r in rows],
        "evidence": ["{}"] * len(rows),
    }
    rest = {c: [None] * len(rows) for c in EVENTS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(EVENTS.names()).cast(EVENTS)


# --- days and haunts ---------------------------------------------------------------------------


def test_hours_fall_into_the_classes_of_speed() -> None:
    x = along((120, 0.0), (120, 1.2), (180, 3.5), (60, 9.0), (60, 15.0), (30, 25.0))
    days, haunts = lived(voyage(x, 0 * x))
    row = days.row(0, named=True)
    assert days.schema == life.DAYS
    assert haunts.schema == life.HAUNTS
    expected = [2, 2, 3, 1, 1, 0.5]
    assert [row[h] for h in life.HOURS] == pytest.approx(expected, abs=0.2)
    assert row["tow_h"] == pytest.approx(3, abs=0.2)
    assert row["path_km"] == pytest.approx((x[-1] - x[0]) / 1000, rel=0.05)
    assert haunts["minutes"].sum() == pytest.approx(60 * sum(row[h] for h in life.HOURS))


def test_short_spells_at_towing_speed_are_no_tow() -> None:
    x = along(*[(30, 3.5), (30, 9.0)] * 6)
    row = lived(voyage(x, 0 * x))[0].row(0, named=True)
    assert row["trawl_h"] == pytest.approx(3, abs=0.4)
    assert row["tow_h"] == 0


def test_turns_are_counted_at_sea_and_not_at_the_berth() -> None:
    x = along(*[(60, 3.0), (60, -3.0)] * 4)
    assert lived(voyage(x, 0 * x))[0]["turns"].item() == 7
    assert lived(voyage(np.zeros(480), np.zeros(480)))[0]["turns"].item() == 0


def test_a_leg_over_midnight_is_shared_by_both_days() -> None:
    minutes = np.array([1400, 1460])
    days, haunts = lived(voyage([0, 60 * KNOT_M_MIN * 4], [0, 0], minutes=minutes, noise_m=0))
    assert days["date"].to_list() == [date(2026, 3, 1), date(2026, 3, 2)]
    assert days["trawl_h"].to_list() == pytest.approx([40 / 60, 20 / 60])
    assert days["path_km"].sum() == pytest.approx(7.408, rel=0.01)
    assert haunts["minutes"].to_list() == pytest.approx([40, 20])


def test_days_of_all_vessels_are_those_of_each() -> None:
    a = voyage(along((600, 4.0)), np.zeros(600))
    b = voyage(np.zeros(600), along((600, 2.5)), mmsi=412000002, seed=2)
    both = lived(pl.concat([b, a]))
    for whole, one, other in zip(both, lived(a), lived(b), strict=True):
        assert whole.equals(pl.concat([one, other]))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_and_duplicates_change_nothing(seed: int) -> None:
    x = along((90, 3.0), (40, 10.0), (200, 0.8))
    p = voyage(x, 0.3 * x)
    again = pl.concat([p, p.sample(20, seed=seed)]).sample(fraction=1.0, shuffle=True, seed=seed)
    for one, other in zip(lived(p), lived(again.unique()), strict=True):
        assert one.equals(other)


@pytest.mark.parametrize(("lon0", "lat0"), [(179.99, 29.0), (-180.0, -29.0), (20.0, 75.0)])
def test_it_is_the_same_at_the_antimeridian_and_far_north(lon0: float, lat0: float) -> None:
    x = along((120, 1.2), (180, 3.5), (60, 9.0))
    here = lived(voyage(x, 0 * x))[0].row(0, named=True)
    there, haunts = lived(voyage(x, 0 * x, lon0=lon0, lat0=lat0))
    row = there.row(0, named=True)
    for name in (*life.HOURS, "tow_h"):
        assert row[name] == pytest.approx(here[name], abs=0.2)
    assert haunts["col"].is_between(0, round(360 / life.CELL_DEG) - 1).all()


def test_nobody_has_no_days() -> None:
    days, haunts = lived(empty(POSITIONS))
    assert days.schema == life.DAYS
    assert haunts.schema == life.HAUNTS
    assert days.is_empty()
    assert haunts.is_empty()
    assert life.profiles(days, empty(EVENTS), vessels()).schema == life.PROFILES


def test_one_position_a_day_tells_nothing() -> None:
    found = judged(voyage([0.0], [0.0]), 30)
    assert (found["pattern"], found["why"], found["confidence"]) == (
        "unknown", "says_fishing little_seen", 0.0
    )  # fmt: skip


# --- patterns ----------------------------------------------------------------------------------


def trawl(days: int = 3) -> pl.DataFrame:
    """Out at 9 kn, five hours towing up and down at 3.5 kn, home, each day."""
    day = [(120, 9.0), *[(75, 3.5), (75, -3.5)] * 2, (120, -9.0), (900, 0.0)]
    x = along(*day * days)
    return voyage(x, 0 * x)


def work_nets(days: int = 3) -> pl.DataFrame:
    """Out at 8 kn, four hours along the nets at 1.2 kn, home, each day."""
    day = [(90, 8.0), *[(60, 1.2), (60, -1.2)] * 2, (90, -8.0), (1020, 0.0)]
    x = along(*day * days)
    return voyage(x, 0 * x)


def sail(knots: float, days: int = 3) -> pl.DataFrame:
    x = along(*[(240, knots), (240, -knots), (960, 0.0)] * days)
    return voyage(x, 0 * x)


@pytest.mark.parametrize(
    ("made", "ship_type", "pattern", "why"),
    [
        (trawl, 30, "trawling", "says_fishing tows_for_hours"),
        (trawl, None, "trawling", "says_nothing tows_for_hours"),
        (trawl, 70, "cargo", "says_cargo keeps_a_ships_pace"),
        (work_nets, 30, "netting", "says_fishing works_slowly"),
        (work_nets, 90, "netting", "says_nothing works_slowly"),
        (lambda: sail(9.0), 30, "unknown", "says_fishing never_fishes"),
        (lambda: sail(25.0), 30, "unknown", "says_fishing too_fast"),
        (lambda: sail(25.0), 52, "unknown", "says_working too_fast"),
        (lambda: sail(25.0), 70, "unknown", "says_cargo too_fast"),
        (lambda: sail(25.0), 60, "passenger", "says_passenger keeps_a_ships_pace"),
        (lambda: sail(9.0), 52, "working", "says_working keeps_a_ships_pace"),
        (lambda: sail(11.0), 80, "cargo", "says_cargo keeps_a_ships_pace"),
        (lambda: sail(7.0), 37, "pleasure", "says_pleasure keeps_a_ships_pace"),
        (lambda: sail(25.0), 55, "government", "says_government"),
        (lambda: sail(20.0), 50, "pilot", "says_pilot"),
        (lambda: sail(9.0), None, "unknown", "says_nothing little_seen"),
        (lambda: sail(9.0), 255, "unknown", "says_nothing little_seen"),
    ],
)
def test_patterns(made, ship_type: int | None, pattern: str, why: str) -> None:
    found = judged(made(), ship_type)
    assert (found["pattern"], found["why"]) == (pattern, why)
    assert set(found["why"].split()) <= set(life.REASONS)
    assert found["pattern"] in life.PATTERNS


def test_what_is_said_and_shown_is_surer_than_what_is_shown_alone() -> None:
    assert judged(trawl(), 30)["confidence"] > judged(trawl(), None)["confidence"] > 0


def test_who_says_nothing_must_show_a_pattern_on_several_days() -> None:
    """A boat that idles at sea for one night is no fishing boat by that."""
    assert judged(work_nets(1), None)["pattern"] == "unknown"
    assert judged(work_nets(2), None)["pattern"] == "unknown"
    assert judged(work_nets(1), 30)["pattern"] == "netting"
    assert judged(work_nets(1), 30)["confidence"] < 0.3


def test_little_slow_work_is_neither_fishing_nor_proof_against_it() -> None:
    x = along(*[(120, 8.0), (60, 1.2), (120, -8.0), (1140, 0.0)] * 3)
    found = judged(voyage(x, 0 * x), 30)
    assert (found["pattern"], found["why"]) == ("unknown", "says_fishing little_seen")


def test_confidence_grows_with_the_days_heard() -> None:
    sure = [judged(trawl(n), 30)["confidence"] for n in (1, 3, 7)]
    assert sure == sorted(sure)
    assert sure[0] < 0.5 < 0.85 < sure[2]


def shuttle(trips: int, across: float = 4000, mmsi: int = 412000001, h: float = 1.0):
    rows = [(mmsi, None, k * h, k * h + h / 2, across * (k % 2), 0.0) for k in range(trips + 1)]
    return happened("berth_visit", rows)


def test_a_ferry_goes_back_and_forth_between_the_same_two_berths() -> None:
    quick = voyage(along(*[(15, 9.0), (15, 0.0), (15, -9.0), (15, 0.0)] * 8), np.zeros(480))
    found = judged(quick, 60, shuttle(8))
    assert (found["pattern"], found["why"]) == ("ferry", "says_passenger same_two_berths")
    assert np.ptp(found["end_lon"]) == pytest.approx(0.041, abs=0.001)
    assert found["end_lat"] == pytest.approx([LAT0, LAT0])
    assert judged(quick, None, shuttle(4))["pattern"] == "ferry"
    assert judged(quick, None, shuttle(3))["pattern"] == "unknown"
    assert judged(quick, None, shuttle(8, across=400))["pattern"] == "unknown"
    assert judged(quick, None, shuttle(8, h=14.0))["pattern"] == "unknown"
    week = voyage(along(*[(60, 9.0), (60, -9.0), (1320, 0.0)] * 7), np.zeros(7 * 1440))
    assert judged(week, None, shuttle(8))["pattern"] == "unknown"
    assert judged(week, 60, shuttle(8))["pattern"] == "ferry"
    assert judged(quick, 30, shuttle(8))["pattern"] == "unknown"
    assert judged(quick, None, shuttle(8))["confidence"] < found["confidence"]


def test_many_berths_in_turn_make_no_ferry() -> None:
    rows = [(412000001, None, k, k + 0.5, 3000.0 * (k % 5), 0.0) for k in range(20)]
    quick = voyage(along(*[(15, 9.0), (15, -9.0)] * 16), np.zeros(480))
    assert judged(quick, None, happened("berth_visit", rows))["pattern"] == "unknown"


def test_stops_tell_a_ferry_only_where_no_visits_are_given() -> None:
    quick = voyage(along(*[(15, 9.0), (15, -9.0)] * 16), np.zeros(480))
    stops = shuttle(8).with_columns(pl.lit("stop").alias("kind"))
    assert judged(quick, None, stops)["pattern"] == "ferry"
    other = shuttle(1, mmsi=412000009)
    assert judged(quick, None, pl.concat([stops, other]))["pattern"] == "unknown"


def test_short_meetings_with_many_ships_make_a_pilot() -> None:
    p = sail(14.0)
    days, _ = lived(p)
    ships = vessels((412000001, None, None), *((413000000 + k, 70, 120.0) for k in range(5)))

    def met(n: int, hours: float) -> str:
        rows = [(412000001, 413000000 + k, 5.0 * k, 5.0 * k + hours, 0, 0) for k in range(n)]
        found = life.profiles(days, happened("rendezvous", rows), ships)
        return found["pattern"][0]

    assert met(5, 0.5) == "pilot"
    assert met(5, 3.0) == "unknown"
    assert met(3, 0.5) == "unknown"


def test_profiles_do_not_depend_on_the_order_of_rows() -> None:
    p = pl.concat([trawl(), sail(9.0).with_columns(mmsi=pl.lit(412000002, pl.UInt32))])
    days, _ = lived(p)
    known = vessels((412000002, 30, 20.0), (412000001, 30, 20.0), (412000003, 70, 100.0))
    events = shuttle(8)
    one = life.profiles(days, events, known)
    other = life.profiles(days.reverse(), events.reverse(), known.reverse())
    assert one.equals(other)
    assert one["mmsi"].to_list() == [412000001, 412000002, 412000003]
    assert one["why"].to_list()[2] == "says_cargo little_seen"
