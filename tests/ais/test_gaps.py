"""Silences and gaps: planted switchings-off among outages, holes, departures and berths."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais._events import Sailed
from ais.gaps import GapRule, gap_events, judged, silences, unspoken
from ais.life import HAUNTS, days
from ais.reception import Reception, slots
from ais.schema import EVENTS, SILENCES, SLOTS, empty
from tests.ais._silent_sea import M_LON, T0, Scene, both, sailed_of, scene

END = datetime.fromtimestamp(T0 / 1000, tz=UTC) + timedelta(days=1)


NOBODY = empty(HAUNTS)


def found(s: Scene) -> tuple[pl.DataFrame, Reception, pl.DataFrame]:
    quiet = silences(s.sailed)
    reception = Reception.of(slots(s.sailed), silences=quiet, horizon=s.horizon)
    return quiet, reception, days(s.sailed)[1]


def crossing(minutes, *, kn=10.0, mmsi=412_000_001, noise=0.0, lon0=122.0, lat=29.0) -> Sailed:
    """Return a vessel going east, heard at ``minutes``."""
    minutes = np.asarray(minutes)
    n = len(minutes)
    lon = lon0 + minutes * kn * 30.87 / M_LON
    return sailed_of(
        np.full(n, mmsi), T0 + minutes * 60_000, lon, np.full(n, lat) + noise, np.full(n, kn),
        np.full(n, 90.0),
    )  # fmt: skip


def busy(minutes: int = 720, vessels: int = 20) -> Sailed:
    """Return vessels that go to and fro along 29° N, heard every three minutes."""
    parts = []
    for v in range(vessels):
        m = np.arange(v % 3, minutes, 3)
        x = np.abs((m * 0.004 + v * 0.13) % 1.6 - 0.8)
        n = len(m)
        parts.append(
            sailed_of(np.full(n, 413_000_000 + v), T0 + m * 60_000, 121.8 + x,
                      np.full(n, 29.0), np.full(n, 12.0), np.full(n, 90.0))
        )  # fmt: skip
    return both(*parts)


# --- silences --------------------------------------------------------------------------------


def judged_gaps(
    silences: pl.DataFrame, reception: Reception, haunts: pl.DataFrame, **rest: object
) -> pl.DataFrame:
    """Return the events of those silences that are gaps."""
    return gap_events(judged(silences, reception, haunts, **rest), reception, rule=GapRule())


def test_silences_are_those_between_positions_and_after_the_last() -> None:
    s = crossing(np.r_[np.arange(0, 60, 2), np.arange(100, 160, 2)])
    quiet = silences(s, horizon=END)
    assert quiet.schema == SILENCES
    assert quiet["t1"].is_null().to_list() == [False, True]
    first = quiet.row(0, named=True)
    assert (first["t1"] - first["t0"]) == timedelta(minutes=42)
    assert first["sog0_kn"] == first["sog1_kn"] == 10.0
    assert first["plausible_kn"] == pytest.approx(10.5)
    assert silences(s, horizon=END - timedelta(hours=21, minutes=1)).height == 1
    assert silences(s).height == 2


def test_speed_and_course_are_made_good_where_they_are_not_told() -> None:
    s = crossing(np.arange(0, 60, 2))
    bare = s._replace(sog=np.full(30, np.nan, np.float32), cog=np.full(30, np.nan, np.float32))
    last = silences(bare).row(0, named=True)
    assert last["sog0_kn"] == pytest.approx(10, abs=0.1)
    assert last["cog0_deg"] == pytest.approx(90, abs=0.1)
    assert last["plausible_kn"] == pytest.approx(10, abs=0.6)
    assert silences(crossing([0, 2, 4])).row(0, named=True)["plausible_kn"] == 12.0
    slow = silences(crossing(np.arange(0, 60, 2), kn=3.0)).row(0, named=True)
    assert slow["plausible_kn"] == 8.0


def test_one_who_is_seldom_heard_has_no_silences() -> None:
    assert silences(crossing(np.arange(0, 3000, 15))).is_empty()
    assert silences(crossing(np.arange(0, 3000, 10))).is_empty()
    assert silences(crossing(np.arange(0, 3000, 45))).is_empty()
    assert silences(crossing([])).schema == SILENCES


def test_a_silence_begins_when_the_next_report_was_due() -> None:
    for every, lasts, silent in ((1, 31, 1), (1, 30.5, 0), (6, 36, 1), (6, 35, 0), (3, 33, 1)):
        before = np.arange(0, 60.1, every)
        s = crossing(np.r_[before, before[-1] + lasts + before])
        assert silences(s, horizon=END - timedelta(hours=24)).height == silent, (every, lasts)
        # What is no silence tells of reception: each slot counts once.
        told = slots(s)
        assert (told["slots"].sum() > told["heard"].sum()) == (silent == 0), (every, lasts)


def test_who_sends_what_is_not_believed_is_not_silent() -> None:
    quiet = silences(crossing(np.r_[np.arange(0, 60, 2), np.arange(140, 200, 2)]))
    assert quiet.height == 2

    def refused(minute: float, mmsi: int = 412_000_001) -> pl.DataFrame:
        t = pl.Series([T0 + int(minute * 60_000)]).cast(SILENCES["t0"])
        return pl.DataFrame({"mmsi": pl.Series([mmsi], dtype=pl.UInt32), "t": t})

    assert unspoken(quiet, refused(100)).equals(quiet[1:])
    assert unspoken(quiet, refused(300)).equals(quiet[:1])
    assert unspoken(quiet, pl.concat([refused(300), refused(100)])).is_empty()
    for other in (refused(58), refused(140), refused(150), refused(100, 412_000_002)):
        assert unspoken(quiet, other).equals(quiet)
    assert unspoken(empty(SILENCES), refused(100)).schema == SILENCES


def test_tracks_that_overlap_make_no_silence() -> None:
    s = crossing(np.arange(0, 300, 2))
    order = np.r_[np.arange(0, 150, 2), np.arange(1, 150, 2)]
    apart = Sailed(*(c[order] for c in s))
    assert silences(apart).equals(silences(s))
    assert slots(apart).equals(slots(s))


# --- gaps ------------------------------------------------------------------------------------


def judge(minutes, *, horizon=END, **options) -> pl.DataFrame:
    """Judge one vessel's silences among busy ones."""
    s = both(busy(), crossing(minutes))
    quiet = silences(s)
    reception = Reception.of(slots(s), silences=quiet, horizon=horizon)
    mine = quiet.filter(pl.col("mmsi") == 412_000_001)
    return judged(mine, reception, days(s)[1], horizon=horizon, **options)


def test_one_who_switches_off_among_others_is_a_gap() -> None:
    minutes = np.r_[np.arange(0, 60, 2), np.arange(140, 200, 2)]
    rows = judge(minutes, horizon=END - timedelta(hours=20, minutes=41))
    assert rows["verdict"].to_list() == ["gap"]
    s = both(busy(), crossing(minutes))
    quiet = silences(s)
    reception = Reception.of(slots(s), silences=quiet)
    event = gap_events(rows, reception, rule=GapRule())
    assert event.schema == EVENTS
    said = json.loads(event["evidence"].item())
    assert said["open"] is False
    assert said["duration_min"] == 82
    assert said["distance_m"] == pytest.approx(82 * 308.7, rel=0.01)
    assert said["implied_kn"] == pytest.approx(10, abs=0.1)
    assert said["reception_least"] >= 0.9
    assert said["chance"] <= 1e-4
    assert said["other_vessels"] >= 2
    assert shapely.from_wkb(event["geometry"].item()).geom_type == "LineString"


def test_a_silence_under_half_an_hour_is_none() -> None:
    minutes = np.r_[np.arange(0, 60, 2), np.arange(86, 600, 2)]
    assert judge(minutes, horizon=END - timedelta(hours=14)).is_empty()


def test_an_open_gap_does_not_grow_for_ever() -> None:
    minutes = np.arange(0, 62, 2)
    soon = judge(minutes, horizon=END - timedelta(hours=21))
    assert (soon["verdict"].item(), soon["open"].item(), soon["minutes"].item()) == (
        "gap",
        True,
        120,
    )
    later = [judge(minutes, horizon=END + timedelta(days=d)).row(0, named=True) for d in (0, 3)]
    assert later[0]["end"] == later[1]["end"] == later[0]["t0"] + timedelta(hours=12)
    assert judge(minutes, horizon=END - timedelta(hours=22, minutes=31)).is_empty()


def test_off_at_its_berth_is_none_unless_it_turns_up_elsewhere() -> None:
    n = 31
    m = np.arange(0, 62, 2)
    lying = sailed_of(np.full(n, 412_000_001), T0 + m * 60_000, np.full(n, 122.2),
                      np.full(n, 29.0), np.zeros(n), np.full(n, 90.0))  # fmt: skip
    berth = pl.DataFrame({"lon": [122.2], "lat": [29.0], "radius_m": [200.0]})

    def verdicts(s: Sailed, berths: pl.DataFrame | None) -> list[str]:
        s = both(busy(), s)
        quiet = silences(s)
        reception = Reception.of(slots(s), silences=quiet)
        mine = quiet.filter(pl.col("mmsi") == 412_000_001)
        rows = judged(mine, reception, NOBODY, horizon=END - timedelta(hours=18), berths=berths)
        return rows["verdict"].to_list()

    assert verdicts(lying, berth) == ["berth"]
    assert verdicts(lying, None) == ["gap"]
    later = crossing(np.arange(300, 358, 2), lon0=122.0)
    elsewhere = later._replace(lon=later.lon - later.lon[0] + 122.4)
    assert verdicts(both(lying, elsewhere), berth)[0] == "gap"
    here = lying._replace(t=lying.t + 5 * 3_600_000)
    assert verdicts(both(lying, here), berth)[0] == "berth"


def test_going_on_ashore_is_not_taken_for_leaving_coverage() -> None:
    # Others are heard up to 122.6° E; it heads there and beyond is land.
    minutes = np.arange(0, 172, 2)
    horizon = END - timedelta(hours=19)
    assert judge(minutes, horizon=horizon)["verdict"].to_list() == ["unjudged"]
    rows = judge(minutes, horizon=horizon, afloat=lambda lon, lat: lon < 122.59)
    assert rows["verdict"].to_list() == ["gap"]


def lane(lat: float, *, vessels: int = 20) -> Sailed:
    """Return vessels that go to and fro along a parallel."""
    s = busy(vessels=vessels)
    mmsi = s.mmsi + np.uint32(round((lat - 28) * 100_000))
    return sailed_of(mmsi, s.t, s.lon, s.lat + lat - 29, s.sog, s.cog)


def test_over_a_slanted_edge_of_coverage_no_silence_can_be_judged() -> None:
    # It trawls south-east, over a line on which the file was cut, and comes back over it.
    kn, k = 3.0, np.r_[np.arange(0, 60, 2), np.arange(104, 150, 2)]
    m = np.where(k < 100, k - 58, 102 - k) * kn * 30.87 / np.sqrt(2)
    own = sailed_of(np.full(len(k), 412_000_001), T0 + k * 60_000, 122.2 + m / M_LON,
                    29.0 - m / 111_195, np.full(len(k), kn), np.full(len(k), 135.0))  # fmt: skip
    mine = pl.col("mmsi") == 412_000_001
    lanes = [lane(lat) for lat in np.arange(28.7, 29.3, 0.02)]

    def verdict(cut: bool, *more: Sailed) -> str:
        s = both(*lanes)
        kept = (s.lon - 122.2) * M_LON - (s.lat - 29.0) * 111_195 < (150 if cut else np.inf)
        s = both(Sailed(*(c[kept] for c in s)), own, *more)
        quiet = silences(s)
        reception = Reception.of(slots(s), silences=quiet)
        return judged(quiet.filter(mine), reception, days(s)[1], horizon=END)["verdict"][0]

    assert verdict(cut=False) == "gap"
    assert verdict(cut=True) == "unjudged"
    beyond = crossing(np.arange(0, 60, 2), mmsi=412_000_002, lat=28.96, lon0=122.21, kn=6.0)
    assert verdict(True, beyond) == "gap"


def test_where_the_way_on_is_unknown_one_heard_again_is_judged_by_the_way_there() -> None:
    # It sails out of lanes, and is heard again where it fell silent: known there and back.
    def crossed(from_lat: float) -> pl.DataFrame:
        k = np.arange(0, 30, 2)
        n = 2 * len(k)
        north = from_lat + np.r_[k, k[::-1]] * 308.7 / 111_195
        s = sailed_of(np.full(n, 412_000_001), T0 + np.r_[k, 100 + k] * 60_000, np.full(n, 122.2),
                      north, np.full(n, 10.0), np.zeros(n))  # fmt: skip
        s = both(s, *(lane(lat) for lat in (28.85, 28.9, 28.95, 29.0, 29.05)))
        quiet = silences(s)
        reception = Reception.of(slots(s), silences=quiet)
        mine = quiet.filter(pl.col("mmsi") == 412_000_001)
        return judged(mine, reception, days(s)[1], horizon=END)[0]

    amid, near = crossed(28.94), crossed(28.99)
    assert (amid["verdict"].item(), amid["known_min"].item()) == ("gap", 40.0)
    assert amid["chance"].item() <= 1e-4
    assert near["verdict"].item() == "unjudged"


def test_a_source_that_is_down_for_most_of_a_silence_explains_it() -> None:
    early = busy(130)
    late = busy()
    late = late._replace(t=late.t + 1_300 * 60_000)
    s = both(early, late, crossing(np.r_[np.arange(0, 60, 2), np.arange(1_310, 1_370, 2)]))
    quiet = silences(s)
    mine = quiet.filter(pl.col("mmsi") == 412_000_001)
    rows = judged(mine, Reception.of(slots(s)), NOBODY, horizon=END + timedelta(days=2))
    assert (rows["least"][0] >= 0.9, rows["through"][0] < 0.3) == (True, True)
    assert rows["verdict"][0] == "unheard"


def test_alone_at_sea_no_silence_can_be_judged() -> None:
    s = crossing(np.r_[np.arange(0, 60, 2), np.arange(140, 200, 2)])
    quiet = silences(s)
    rows = judged(quiet, Reception.of(slots(s), silences=quiet), NOBODY, horizon=END)
    assert set(rows["verdict"]) == {"unjudged"}
    assert judged_gaps(quiet, Reception.of(empty(SLOTS)), NOBODY, horizon=END).is_empty()
    assert (
        judged_gaps(empty(SILENCES), Reception.of(slots(s)), NOBODY, horizon=END).schema == EVENTS
    )


@given(st.integers(0, 10_000))
def test_order_and_duplicates_change_nothing(seed: int) -> None:
    s = both(busy(240, 8), crossing(np.r_[np.arange(0, 60, 2), np.arange(140, 200, 2)]))
    rng = np.random.default_rng(seed)
    k = rng.permutation(np.r_[np.arange(len(s.t)), rng.integers(0, len(s.t), 20)])
    mixed = sailed_of(*(c[k] for c in (s.mmsi, s.t, s.lon, s.lat, s.sog, s.cog, s.cls)))
    assert silences(mixed).equals(silences(s))
    assert slots(mixed).equals(slots(s))


def test_planted_gaps_are_found_among_decoys(full: bool) -> None:
    planted = hits = told = 0
    for seed in range(8 if full else 3):
        sea = scene(seed)
        quiet, reception, haunts = found(sea)
        events = judged_gaps(quiet, reception, haunts, horizon=sea.horizon, berths=sea.berths)
        a, b = pl.col("t0_event").dt.epoch("ms"), pl.col("t1_event").dt.epoch("ms")
        both_ms = pl.min_horizontal(b, "t1") - pl.max_horizontal(a, "t0")
        any_ms = pl.max_horizontal(b, "t1") - pl.min_horizontal(a, "t0")
        pairs = (
            sea.off.cast({"mmsi": pl.UInt32})
            .join(events, on="mmsi", suffix="_event")
            .filter(both_ms > 0.5 * any_ms)
        )
        planted, told = planted + sea.off.height, told + events.height
        hits += pairs["event_id"].n_unique()
    assert planted > 140
    assert hits / planted >= 0.9, (hits, planted, told)
    assert hits / told >= 0.9, (hits, planted, told)
