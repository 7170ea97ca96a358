"""Whether the truth of what is ordinary, and of what sensors see, is as the definitions say."""

from datetime import timedelta

import numpy as np
import polars as pl
from shapely import STRtree

from ais._simulate_motion import ADRIFT, MOORED, OFF, Course, Motion
from ais._simulate_numbers import Numbers
from ais._simulate_ordinary import ordinary
from ais._simulate_stage import Effect
from ais._simulate_world import Vessel
from ais.schema import DETECTIONS
from ais.simulate import Simulation
from tests.ais._truth import MINUTE, cases, longest, minutes, off_berths_m, shore_m, way


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


def test_stops_last_as_long_as_is_said(sim: Simulation) -> None:
    for row in cases(sim, "stop", "alongside"):
        _, xy = way(sim, row)
        assert np.hypot(*(xy - xy[len(xy) // 2]).T).max() <= 105
        assert minutes(row) >= 10
    for row in cases(sim, "stop", miss=True):
        _, xy = way(sim, row, about_min=6)
        at = way(sim, row)[1].mean(axis=0)
        assert longest(np.hypot(*(xy - at).T) <= 100) * 10 < 600


def rests(sim: Simulation) -> list[tuple[set[int], np.datetime64, np.datetime64]]:
    """Return who lies still with AIS, and from when to when it is within 100 m of there."""
    truly = sim.noiseless
    mmsis: dict[int, set[int]] = {}
    for mmsi, n in truly.vessels.items():
        mmsis.setdefault(n, set()).add(mmsi)
    for row in sim.truth.filter(pl.col("what") == "two_hulls").iter_rows(named=True):
        mmsis[truly.vessels[row["other_mmsi"]]].add(row["mmsi"])
    found = []
    for n, numbers in mmsis.items():
        if not np.isfinite(truly.motion.first[n]):
            continue
        t = np.arange(max(truly.motion.first[n], 0.0), truly.motion.last[n], 10.0)
        who = np.full(len(t), n)
        xy, doing = truly.motion.place(who, t), truly.motion.doing(who, t)
        # The truth tells nothing of the beacons on nets.
        on = ~np.isin(doing, [OFF, ADRIFT])
        still = (np.hypot(*np.diff(xy, axis=0).T) < 0.2) & on[1:] & on[:-1]
        edge = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
        for a, b in zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True):
            if (b - a) * 10 < 300:
                continue
            away = np.flatnonzero((np.hypot(*(xy - xy[(a + b) // 2]).T) > 100) | ~on)
            k = int(np.searchsorted(away, a))
            first = away[k - 1] + 1 if k else 0
            last = away[k] - 1 if k < len(away) else len(t) - 1
            ends = (truly.t0_ms + 1000 * t[[first, last]]).astype(np.int64)
            found.append((numbers, *ends.astype("datetime64[ms]")))
    return found


def test_every_rest_that_is_a_stop_is_told_as_one(sim: Simulation) -> None:
    stops = sim.truth.filter((pl.col("kind") == "stop") & ~pl.col("decoy"))
    t0, t1 = (stops[end].dt.replace_time_zone(None).to_numpy() for end in ("t0", "t1"))
    mmsi = stops["mmsi"].to_numpy()
    for numbers, a, b in rests(sim):
        # As much as is nobody's error less than ten minutes; longer ones may be cut by a number.
        if (b - a) / MINUTE >= 10 / 1.05:
            both = (np.minimum(t1, b) - np.maximum(t0, a))[np.isin(mmsi, list(numbers))]
            assert len(both), numbers
            assert (both.max() / MINUTE) >= min(9.2, 0.4 * ((b - a) / MINUTE)), (numbers, a, b)


def test_no_near_miss_of_a_stop_is_an_ordinary_one(sim: Simulation) -> None:
    stops = sim.truth.filter(pl.col("kind") == "stop")
    misses = stops.filter("decoy")
    assert misses.height
    both = misses.join(stops.filter(~pl.col("decoy")), on="mmsi").filter(
        (pl.col("t0") < pl.col("t1_right")) & (pl.col("t0_right") < pl.col("t1"))
    )
    assert both.is_empty()


def test_who_lies_on_under_another_number_makes_another_stop() -> None:
    course = Course()
    course.begin(0.0, np.zeros(2))
    course.stay(7200.0, MOORED)
    boat = Vessel("runner", "B", 37, 10, 3, 0.8, course)
    spare = Vessel("runner", "B", 37, 10, 3, 0.8)
    effects = [Effect(0, -100.0, 1000.0, "borrow", (1.0,))]
    numbers = Numbers(np.array([7, 8], dtype=np.uint32), effects, 7200.0)
    labels = ordinary(
        [boat, spare],
        Motion.of([course, spare.course], 7200.0),
        np.array([[0.0, 0.0, 250.0]]),
        7200.0,
        numbers,
        np.random.default_rng(1),
    )
    for kind in ("stop", "berth_visit"):
        told = {(numbers.of(0, a.t0), a.t0, a.t1) for a in labels if a.kind == kind}
        # The last look of those that are looked for in the motion is before the end.
        assert {(n, round(t0, -2), round(t1, -2)) for n, t0, t1 in told} == {
            (8, 0.0, 1000.0),
            (7, 1000.0, 7200.0),
        }


def test_boats_without_ais_come_to_the_shore(sim: Simulation, coast: STRtree) -> None:
    """Where a boat is seen to come within reach of a shore that is no wharf's, a row says so."""
    rows = sim.truth.filter((pl.col("kind") == "shore_approach") & pl.col("mmsi").is_null())
    assert rows.height
    assert rows["ordinary"].all()
    assert not rows["decoy"].any()
    at = sim.noiseless.sea.metres(rows["lon"].to_numpy(), rows["lat"].to_numpy())
    assert shore_m(coast, at).max() < 300
    seen = sim.detections.join(sim.sightings, on="detection_id").drop_nulls("boat").sort("t")
    checked = 0
    for _, one in seen.drop_nulls("track_id").group_by("track_id", maintain_order=True):
        xy = sim.noiseless.sea.metres(one["lon"].to_numpy(), one["lat"].to_numpy())
        off = shore_m(coast, xy)
        came = (off[1:] < 130) & (off[:-1] - off[1:] > 300)
        came &= (np.diff(one["t"].to_numpy()) <= 4 * MINUTE) & (off_berths_m(sim, xy[1:]) > 60)
        for k in np.flatnonzero(came) + 1:
            near = np.hypot(*(at - xy[k]).T) < 1000
            t = one["t"][int(k)]
            assert rows.filter(
                pl.Series(near) & (pl.col("t0") <= t) & (pl.col("t1") >= t)
            ).height, t
            checked += 1
    assert checked
