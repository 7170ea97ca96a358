"""Whether odd speeds, courses, identities and places are planted as the definitions say."""

import numpy as np
import polars as pl
from shapely import STRtree

from ais.simulate import Simulation
from tests.ais._truth import KNOT, cases, courses, minutes, shore_m, speeds, way


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
