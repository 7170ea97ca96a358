"""Whether what the simulator calls true is so, by the definitions, from the noiseless motion."""

import numpy as np
import polars as pl
from shapely import STRtree

from ais.simulate import Simulation
from tests.ais._truth import (
    KNOT,
    MINUTE,
    cases,
    longest,
    minutes,
    off_berths_m,
    path_m,
    shore_m,
    speeds,
    way,
)


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
