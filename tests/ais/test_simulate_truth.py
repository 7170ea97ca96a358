"""Whether what the simulator calls true is so, by the definitions, from the noiseless motion."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from shapely import STRtree

from ais.schema import DETECTIONS
from ais.simulate import Places, Simulation, simulate
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.water import WaterGrid

COAST = Path(__file__).resolve().parents[2] / "data" / "land_osm.gpkg"
T0 = datetime(2026, 11, 9, tzinfo=UTC)
M2_S = 44_714.16
KNOT = 1852 / 3600
MINUTE = np.timedelta64(60_000, "ms")


@pytest.fixture(scope="module")
def sim(full: bool) -> Simulation:
    days, vessels = (14, 330) if full else (3, 130)
    land, _ = repair_land(gpd.read_file(COAST), name="land")
    lines = shorelines(land, clip_box=(121.30, 28.75, 122.50, 29.95))
    shore = segments(lines)
    shore = shore[shore["shoreline_id"].isin(lines["shoreline_id"][:6])].iloc[20:]
    wharves, landings = shore.iloc[::60], shore.iloc[30::20]
    classes = ["fishing", "port", "ferry", "other", "ferry"]
    start = np.datetime64(T0.replace(tzinfo=None), "ms") - np.timedelta64(86_400_000, "ms")
    turns = np.arange(int((days + 2) * 86_400 / M2_S) + 2) * M2_S * 1000
    places = Places(
        pl.DataFrame(
            {
                "lon": wharves["lon"].to_numpy(),
                "lat": wharves["lat"].to_numpy(),
                "wharf_class": [classes[n % 5] for n in range(len(wharves))],
            }
        ),
        pl.DataFrame(
            {
                "lon": landings["lon"].to_numpy(),
                "lat": landings["lat"].to_numpy(),
                "weight": np.ones(len(landings)),
            }
        ),
        start + turns.astype("timedelta64[ms]"),
    )
    return simulate(land, WaterGrid.build(land), places, t0=T0, days=days, vessels=vessels, seed=11)


@pytest.fixture(scope="module")
def coast(sim: Simulation) -> STRtree:
    return STRtree(shapely.get_rings(sim.noiseless.sea.polygons))


def cases(sim: Simulation, kind: str, *what: str, miss: bool = False) -> list[dict]:
    rows = sim.truth.filter((pl.col("kind") == kind) & ~pl.col("ordinary"))
    told = pl.col("what").str.starts_with("near_miss")
    rows = rows.filter(told if miss else ~pl.col("decoy"))
    if what:
        rows = rows.filter(pl.col("what").str.strip_prefix("near_miss_").is_in(what))
    assert rows.height or miss, kind
    return rows.to_dicts()


def way(sim: Simulation, row: dict, *, step_s: int = 10, about_min: float = 0.0, who: str = "mmsi"):
    """Return times (ms) and true places from the beginning of a case to its end."""
    margin = np.timedelta64(round(about_min * 60_000), "ms")
    t = np.arange(
        np.datetime64(row["t0"].replace(tzinfo=None), "ms") - margin,
        np.datetime64(row["t1"].replace(tzinfo=None), "ms") + margin,
        np.timedelta64(step_s * 1000, "ms"),
    )
    return t, sim.noiseless.place(row[who], t)


def speeds(xy: np.ndarray, step_s: int = 10) -> np.ndarray:
    return np.hypot(*np.diff(xy, axis=0).T) / step_s / KNOT


def path_m(xy: np.ndarray) -> float:
    return float(np.hypot(*np.diff(xy, axis=0).T).sum())


def minutes(row: dict) -> float:
    return (row["t1"] - row["t0"]).total_seconds() / 60


def longest(hit: np.ndarray) -> int:
    edge = np.flatnonzero(np.diff(np.concatenate([[0], hit.astype(int), [0]])))
    return int((edge[1::2] - edge[::2]).max(initial=0))


def shore_m(coast: STRtree, xy: np.ndarray) -> np.ndarray:
    return coast.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)[1]


def off_berths_m(sim: Simulation, xy: np.ndarray) -> np.ndarray:
    known = pl.concat([sim.berths, sim.anchorages])
    at = sim.noiseless.sea.metres(known["lon"].to_numpy(), known["lat"].to_numpy())
    far = np.hypot(xy[:, None, 0] - at[:, 0], xy[:, None, 1] - at[:, 1])
    return (far - known["radius_m"].to_numpy()).min(axis=1)


def test_each_kind_is_planted_and_a_third_of_the_cases_are_near(sim: Simulation) -> None:
    real = sim.truth.filter(~pl.col("decoy") & ~pl.col("ordinary"))
    assert real["kind"].n_unique() == 14
    # What has a figure with a threshold; a seen boat or a berth has none.
    assert real["near"].mean() >= 0.3
    misses = sim.truth.filter(pl.col("what").str.starts_with("near_miss"))
    near = real["near"].sum()
    assert abs(misses.height - near) <= 0.2 * near
    assert misses["decoy"].all()
    assert misses["margin"].is_between(-0.2, 0, closed="none").all()
    assert real.filter("near")["margin"].is_between(0, 0.2, closed="right").all()


def test_decoys_of_all_sorts_are_there(sim: Simulation, full: bool) -> None:
    decoys = set(sim.truth.filter("decoy")["what"])
    assert not full or {"pilot", "bunkering", "hole", "outage"} <= decoys
    assert {
        "anchored", "moored_ferry", "channel_passage", "fast_ferry", "pair_trawlers",
        "tow", "drift_fishing", "home_fast", "glitch", "misspelt", "class_b", "left_area",
    } <= decoys  # fmt: skip
    assert sim.truth.filter(pl.col("ordinary") & (pl.col("kind") == "loitering")).height > 0


def test_loitering_is_slow_and_leads_nowhere(sim: Simulation) -> None:
    for row in cases(sim, "loitering"):
        _, xy = way(sim, row)
        assert minutes(row) >= 60
        assert path_m(xy) / (minutes(row) * 60) / KNOT < 2
        assert np.hypot(*(xy[-1] - xy[0])) / path_m(xy) <= 0.3
        assert off_berths_m(sim, xy).min() > 0


def test_no_hour_about_a_near_miss_is_loitering(sim: Simulation) -> None:
    for row in cases(sim, "loitering", miss=True):
        _, xy = way(sim, row, step_s=60, about_min=70)
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        for long in (60, 75, 90, 120):
            if long >= len(xy):
                continue
            went, gone = along[long:] - along[:-long], np.hypot(*(xy[long:] - xy[:-long]).T)
            slow = went / (long * 60) / KNOT < 2
            assert not (slow & (gone <= 0.3 * went)).any(), row


def test_drift_is_carried_aslant(sim: Simulation) -> None:
    for row in cases(sim, "drift"):
        _, xy = way(sim, row)
        assert minutes(row) >= 60
        assert 0.2 <= path_m(xy) / (minutes(row) * 60) / KNOT < 3
        assert path_m(xy) >= 500
        assert slant(sim, row) >= 39
    for row in cases(sim, "drift", miss=True):
        _, xy = way(sim, row)
        fast = path_m(xy) / (minutes(row) * 60) / KNOT > 3
        assert fast or minutes(row) < 60 or slant(sim, row) < 40


def slant(sim: Simulation, row: dict) -> float:
    """Return the median angle between the heading told and the true way."""
    told = sim.positions.filter(
        (pl.col("mmsi") == row["mmsi"]) & pl.col("t").is_between(row["t0"], row["t1"])
    ).drop_nulls("heading_deg")[2:-2]
    t = told["t"].dt.replace_time_zone(None).to_numpy()
    step = sim.noiseless.place(row["mmsi"], t + MINUTE) - sim.noiseless.place(
        row["mmsi"], t - MINUTE
    )
    course = np.degrees(np.arctan2(step[:, 0], step[:, 1]))
    return float(np.median(np.abs((told["heading_deg"].to_numpy() - course + 180) % 360 - 180)))


def together(sim: Simulation, row: dict, about_min: float) -> int:
    """Return how many seconds on end two vessels are within 200 m, both slow."""
    _, one = way(sim, row, about_min=about_min)
    _, two = way(sim, row, about_min=about_min, who="other_mmsi")
    close = (np.hypot(*(one - two).T) <= 200)[1:] & (off_berths_m(sim, one) > 0)[1:]
    return 10 * longest(close & (speeds(one) < 2) & (speeds(two) < 2))


def test_rendezvous_is_close_and_slow_and_near_misses_are_not(sim: Simulation) -> None:
    for row in cases(sim, "rendezvous"):
        _, xy = way(sim, row)
        assert row["mmsi"] < row["other_mmsi"]
        assert together(sim, row, 0) >= 1190
        assert off_berths_m(sim, xy).min() > 0
    for row in cases(sim, "rendezvous", miss=True):
        assert together(sim, row, 30) < 1190


def test_work_side_by_side_is_no_rendezvous(sim: Simulation) -> None:
    rows = sim.truth.filter(pl.col("what").is_in(["pilot", "pair_trawlers", "tow"]))
    assert rows.height > 3
    for row in rows.iter_rows(named=True):
        _, one = way(sim, row)
        _, two = way(sim, row, who="other_mmsi")
        far = np.hypot(*(one - two).T)[1:]
        slow = (far <= 200) & (speeds(one) < 2) & (speeds(two) < 2)
        slow &= off_berths_m(sim, one)[1:] > 0
        assert 10 * longest(slow) < 1200, row


def test_gaps_are_silent_for_as_long_as_is_said(sim: Simulation) -> None:
    for miss in (False, True):
        for row in cases(sim, "gap", miss=miss):
            mine = sim.positions.filter(pl.col("mmsi") == row["mmsi"])
            assert mine.filter(
                pl.col("t").is_between(row["t0"], row["t1"], closed="none")
            ).is_empty()
            before = mine.filter(pl.col("t") <= row["t0"])["t"].max()
            after = mine.filter(pl.col("t") >= row["t1"])["t"].min()
            silent = (after - before).total_seconds() / 60
            assert (silent < 30) == miss, row
            assert silent - minutes(row) < 3.1
            assert (minutes(row) < 30) == miss


def test_a_shore_approach_is_within_two_hundred_metres(sim: Simulation, coast: STRtree) -> None:
    for row in cases(sim, "shore_approach"):
        _, xy = way(sim, row)
        close = shore_m(coast, xy) <= 200
        assert longest(close[1:] & (speeds(xy) < 5)) * 10 >= 180
        assert off_berths_m(sim, xy).min() > 0
    for row in cases(sim, "shore_approach", miss=True):
        _, xy = way(sim, row, about_min=10)
        assert shore_m(coast, xy).min() > 200


def test_a_dash_is_fast_and_ends_near_the_shore(sim: Simulation, coast: STRtree) -> None:
    before = sim.truth.filter(
        ~pl.col("decoy") & pl.col("kind").is_in(["loitering", "drift", "rendezvous", "gap"])
    )
    for row in cases(sim, "dash"):
        _, xy = way(sim, row, step_s=5)
        assert np.hypot(*(xy[-1] - xy[0])) / ((len(xy) - 1) * 5) / KNOT >= 20
        assert minutes(row) >= 3
        off = shore_m(coast, xy)
        assert off[0] - off.min() >= 1500
        assert off.min() <= 1010
        same = (pl.col("mmsi") == row["mmsi"]) | (pl.col("other_mmsi") == row["mmsi"])
        led = before.filter(same & (pl.col("t1") <= row["t0"]))
        wait = led.select((pl.lit(row["t0"]) - pl.col("t1")).dt.total_minutes() / 60)
        assert wait.to_series().min() <= 3
        xy = sim.noiseless.sea.metres(led["lon"].to_numpy(), led["lat"].to_numpy())
        assert shore_m(coast, xy).max() >= 1500


def test_near_misses_of_a_dash_fail_by_what_they_say(sim: Simulation, coast: STRtree) -> None:
    for row in cases(sim, "dash", miss=True):
        _, xy = way(sim, row, step_s=5)
        fast = np.hypot(*(xy[-1] - xy[0])) / ((len(xy) - 1) * 5) / KNOT >= 20
        near = shore_m(coast, xy).min() <= 1000
        what = row["what"].removeprefix("near_miss_")
        assert (fast, minutes(row) >= 3, near) == {
            "speed": (False, True, True),
            "duration": (True, False, True),
            "reach": (True, True, False),
            "delay": (True, True, True),
        }[what]


def test_speed_anomalies(sim: Simulation) -> None:
    kinds = dict(sim.statics.drop_nulls("ship_type").group_by("mmsi").agg(
        pl.col("ship_type").first()
    ).iter_rows())  # fmt: skip
    for row in cases(sim, "speed_anomaly", "fishing", "cargo", "speed"):
        _, xy = way(sim, row)
        assert speeds(xy).min() > (16 if kinds[row["mmsi"]] == 30 else 24)
        assert minutes(row) >= 5
    for row in cases(sim, "speed_anomaly", "told_speed", "difference", "ratio"):
        made, told = told_beside_true(sim, row)
        differ = np.median(made - told)
        assert differ >= 4.9
        assert differ >= 0.49 * np.median(made)
        assert minutes(row) >= 10
    for row in cases(sim, "speed_anomaly", "difference", "ratio", miss=True):
        made, told = told_beside_true(sim, row)
        differ = np.median(made - told)
        assert differ < 5 or differ < 0.5 * np.median(made)


def told_beside_true(sim: Simulation, row: dict) -> tuple[np.ndarray, np.ndarray]:
    told = sim.positions.filter(
        (pl.col("mmsi") == row["mmsi"]) & pl.col("t").is_between(row["t0"], row["t1"])
    ).drop_nulls("sog_kn")
    t = told["t"].dt.replace_time_zone(None).to_numpy()
    five = np.timedelta64(5000, "ms")
    step = sim.noiseless.place(row["mmsi"], t + five) - sim.noiseless.place(row["mmsi"], t - five)
    return np.hypot(*step.T) / 10 / KNOT, told["sog_kn"].to_numpy()


def courses(xy: np.ndarray) -> np.ndarray:
    step = np.diff(xy, axis=0)
    return np.degrees(np.unwrap(np.arctan2(step[:, 0], step[:, 1])))


def test_reversals_turn_back_between_steady_courses(sim: Simulation) -> None:
    for row in cases(sim, "course_anomaly", "reversal", "steady", "turn", "angle"):
        assert turned_deg(sim, row) >= 149, row
        _, xy = way(sim, row)
        for steady in (xy[1:59], xy[-59:-1]):
            assert speeds(steady).min() >= 4.9
            assert np.ptp(courses(steady)) < 30
    for row in cases(sim, "course_anomaly", "turn", "angle", miss=True):
        assert turned_deg(sim, row) < 150


def turned_deg(sim: Simulation, row: dict) -> float:
    """Return the most that a vessel turns in five minutes."""
    turn = courses(way(sim, row)[1])
    return float(np.abs(turn[30:] - turn[:-30]).max())


def test_zigzags_turn_to_alternating_hands(sim: Simulation) -> None:
    for row in cases(sim, "course_anomaly", "zigzag", "span", "bend"):
        _, xy = way(sim, row, about_min=1)
        turn = courses(xy)
        # A corner may lie within a step: look over two.
        over = turn[2:] - turn[:-2]
        hands = np.where(np.abs(over) >= 59.9, np.sign(over), 0)
        corners = hands[np.flatnonzero(np.diff(hands, prepend=0) * hands > 0)]
        assert len(corners) >= 4
        assert (corners[1:] * corners[:-1] < 0).all()
        assert np.percentile(speeds(xy), 5) >= 5


def test_jumps_and_places_on_land_are_as_far_off_as_is_said(
    sim: Simulation, coast: STRtree
) -> None:
    for miss in (False, True):
        for row in cases(sim, "spoofing", "jumps", "distance", miss=miss):
            far = astray_m(sim, row)
            assert (far > 500).sum() >= 3
            assert ((far > 5000).sum() >= 3) != miss
        for row in cases(sim, "spoofing", "on_land", "depth", miss=miss):
            at = sim.noiseless.sea.metres(np.array([row["lon"]]), np.array([row["lat"]]))
            assert not sim.noiseless.sea.is_wet(at)[0]
            assert (shore_m(coast, at)[0] >= 1000) != miss
            assert (astray_m(sim, row) > 500).sum() >= 5


def astray_m(sim: Simulation, row: dict) -> np.ndarray:
    told = sim.positions.filter(
        (pl.col("mmsi") == row["mmsi"]) & pl.col("t").is_between(row["t0"], row["t1"])
    )
    t = told["t"].dt.replace_time_zone(None).to_numpy()
    xy = sim.noiseless.sea.metres(told["lon"].to_numpy(), told["lat"].to_numpy())
    return np.hypot(*(xy - sim.noiseless.place(row["mmsi"], t)).T)


def test_circles_are_even(sim: Simulation) -> None:
    for row in cases(sim, "spoofing", "circle", "turns", "radius", "circle_speed"):
        _, xy = way(sim, row)
        turn = courses(xy)
        assert abs(turn[-1] - turn[0]) >= 700
        assert speeds(xy).min() >= 3 - 0.05
        assert np.ptp(speeds(xy)) < 0.4 * speeds(xy).mean()


def test_identities_change_as_is_said(sim: Simulation) -> None:
    for row in cases(sim, "identity", "another_mmsi", "pause"):
        old = sim.positions.filter(pl.col("mmsi") == row["mmsi"])["t"].max()
        new = sim.positions.filter(pl.col("mmsi") == row["other_mmsi"])["t"].min()
        assert old <= row["t0"]
        assert new >= row["t1"]
        assert 0 <= (new - old).total_seconds() / 60 <= 62
        names = [
            set(sim.statics.filter(pl.col("mmsi") == number)["callsign"].drop_nulls())
            for number in (row["mmsi"], row["other_mmsi"])
        ]
        assert names[0] & names[1]
    for row in cases(sim, "identity", "name"):
        assert sim.statics.filter(pl.col("mmsi") == row["mmsi"])["name"].n_unique() >= 2
    for row in cases(sim, "identity", "two_hulls"):
        mine = sim.positions.filter(
            (pl.col("mmsi") == row["mmsi"]) & pl.col("t").is_between(row["t0"], row["t1"])
        )
        assert mine["lon"].max() - mine["lon"].min() + mine["lat"].max() - mine["lat"].min() > 0.1


def test_chains_are_of_their_parts(sim: Simulation) -> None:
    for row in cases(sim, "chain"):
        parts = sim.truth.filter((pl.col("chain") == row["chain"]) & (pl.col("kind") != "chain"))
        assert "rendezvous" in parts["kind"].to_list()
        ashore = sim.truth.filter(
            (pl.col("kind") == "shore_approach") & (pl.col("t1") == row["t1"]) & ~pl.col("decoy")
        )
        met = parts.filter(pl.col("kind") == "rendezvous")
        assert ashore.height
        assert (ashore["t0"][0] - met["t1"][0]).total_seconds() <= 6 * 3600


def test_detections_show_boats_without_ais_others_and_clutter(sim: Simulation) -> None:
    assert sim.detections.schema == DETECTIONS
    assert sim.detections["detection_id"].is_unique().all()
    seen = sim.detections.join(sim.sightings, on="detection_id", how="inner")
    assert seen.height == sim.detections.height
    assert seen["mmsi"].drop_nulls().n_unique() > 3
    assert seen["boat"].drop_nulls().n_unique() >= 2
    assert seen.filter(pl.col("mmsi").is_null() & pl.col("boat").is_null()).height > 10
    assert (
        seen.drop_nulls("track_id")
        .group_by("track_id")
        .agg(pl.col("boat").n_unique())["boat"]
        .max()
        == 1
    )
    for row in cases(sim, "dark_target"):
        hit = seen.filter(
            (pl.col("sensor") == row["what"])
            & pl.col("boat").is_not_null()
            & pl.col("t").is_between(
                row["t0"] - timedelta(seconds=1), row["t1"] + timedelta(seconds=1)
            )
        )
        assert hit.height


def test_a_track_of_a_dark_boat_is_one_case(sim: Simulation) -> None:
    seen = sim.detections.join(sim.sightings, on="detection_id").filter(
        pl.col("boat").is_not_null()
    )
    tracks = seen.drop_nulls("track_id").group_by("track_id").agg(pl.len())
    long = tracks.filter(pl.col("len") >= 4).height
    plots = seen.filter(pl.col("track_id").is_null()).height
    assert len(cases(sim, "dark_target")) == long + plots
    for row in cases(sim, "dark_target"):
        at = seen.filter(
            (pl.col("sensor") == row["what"])
            & (pl.col("t") >= row["t0"] - timedelta(seconds=1))
            & (pl.col("t") <= row["t1"] + timedelta(seconds=1))
        )
        far = np.hypot(
            (at["lon"].to_numpy() - row["lon"]) * 97_000,
            (at["lat"].to_numpy() - row["lat"]) * 111e3,
        )
        assert far.min() < 350


def test_vessels_seen_while_mute_are_dark_but_nobodys_case(sim: Simulation) -> None:
    mute = sim.truth.filter((pl.col("kind") == "dark_target") & pl.col("ordinary"))
    assert mute.height
    assert not mute["decoy"].any()
    assert mute["mmsi"].null_count() == mute.height


def test_what_is_told_too_briefly_is_told_too_briefly(sim: Simulation) -> None:
    for kind, what in (
        ("speed_anomaly", "told_duration"),
        ("course_anomaly", "told_duration"),
        ("spoofing", "land_duration"),
    ):
        rows = sim.truth.filter(
            (pl.col("kind") == kind) & pl.col("what").str.ends_with(what) & ~pl.col("ordinary")
        )
        for row in rows.iter_rows(named=True):
            assert (minutes(row) < 10) == row["decoy"], row
            assert abs(minutes(row) - 10 * (1 + row["margin"])) < 1.2


def test_nobody_sails_twice_about_a_centre_but_who_is_planted(sim: Simulation) -> None:
    for row in cases(sim, "speed_anomaly", "told_speed", "difference", "ratio"):
        _, xy = way(sim, row, about_min=10)
        turn = courses(xy)
        assert np.ptp(turn) < 680, row


def test_ordinary_turnings_back_turn_back(sim: Simulation) -> None:
    rows = sim.truth.filter((pl.col("kind") == "course_anomaly") & pl.col("ordinary"))
    for row in rows.iter_rows(named=True):
        assert minutes(row) >= 18
        _, xy = way(sim, row)
        out, back = xy[48] - xy[0], xy[-1] - xy[-49]
        assert out @ back < np.cos(np.radians(130)) * np.hypot(*out) * np.hypot(*back), row


def test_stops_last_as_long_as_is_said(sim: Simulation) -> None:
    for row in cases(sim, "stop", "alongside"):
        _, xy = way(sim, row)
        assert np.hypot(*(xy - xy[len(xy) // 2]).T).max() <= 105
        assert minutes(row) >= 10
    for row in cases(sim, "stop", miss=True):
        _, xy = way(sim, row, about_min=6)
        at = way(sim, row)[1].mean(axis=0)
        assert longest(np.hypot(*(xy - at).T) <= 100) * 10 < 600
