"""Planted oddities of those under way: gaps, speeds, courses."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_fast import rounds
from ais._simulate_motion import KNOT
from ais._simulate_stage import PAUSE_KN, Case, Stage, Trip, way_m

Floats = NDArray[np.float64]

ALL = ("runner", "fisher", "coaster")
# The definitions, as this generator reads them.
GAP_MIN = 30.0
NEAR_GAP_MIN = (25.0, 27.5)
FISHING_KN, CARGO_KN, OVER_MIN = 16.0, 24.0, 5.0
TOLD_KN, TOLD_SHARE, TOLD_MIN, TOLD_DEG = 5.0, 0.5, 10.0, 45.0
TURN_DEG, TURN_MIN, STEADY_MIN = 150.0, 5.0, 10.0
ZIGZAG_DEG, ZIGZAG_MIN = 60.0, 60.0
PAUSE_MIN = 6.5
# What is told lasts from the first report of it to the last, at a report a minute.
BETWEEN_MIN = 1.1


def about(
    stage: Stage,
    t: float,
    minutes: float,
    speed: float,
    *,
    kinds: tuple[str, ...] = ALL,
    spot: Floats | None = None,
    sides: int = 6,
    side_m: float = 1100.0,
) -> tuple[Trip, float, float] | None:
    """Send a vessel out to go round and round for some minutes; return when it began and ended.

    It keeps going ten minutes before and after: what is planted lies between, to the second.
    """
    spot = stage.open_spot(kinds, off_m=900.0) if spot is None else spot
    if spot is None or not stage.quiet(t - 900.0, t + minutes * 60.0 + 900.0):
        return None
    # It comes to the first place of the shape from where its pause ends, some way behind it.
    length = (minutes + 20.0) * 60.0 * speed * KNOT - PAUSE_MIN * 60.0 * PAUSE_KN * KNOT
    laid = stage.turned(rounds(length, sides, side_m), spot, off_m=450.0)
    trip = stage.cast(kinds, spot, t - 1000.0)
    if laid is None or trip is None:
        return None
    stage.depart(trip)
    stage.idle(trip.vessel, PAUSE_MIN, laid[0] - laid[1])
    begun = stage.now(trip.vessel)
    left = way_m(np.vstack([stage.fleet[trip.vessel].course.at, laid[1:]]))
    stage.go(trip.vessel, laid[1:], left / ((minutes + 20.0) * 60.0 * KNOT))
    return trip, begun + 600.0, stage.now(trip.vessel) - 600.0


def told_min(stage: Stage, case: Case, dim: str, limit: float) -> float:
    """Return for how many minutes something is told, so that the reports of it span the figure."""
    minutes = stage.figure(case, dim, limit, (15.0, 40.0))
    return minutes if case.miss else minutes + BETWEEN_MIN


def gap(stage: Stage, case: Case, t: float) -> bool:
    """Plant a transponder switched off at sea, where it was heard well."""
    minutes = stage.figure(case, "duration", GAP_MIN, (42.0, 140.0))
    if case.miss:
        # What counts is the time between the reports before and after, a minute off on each side.
        minutes = float(stage.world.rng.uniform(*NEAR_GAP_MIN))
        case.margin = minutes / GAP_MIN - 1.0
    made = about(stage, t, minutes, stage.world.rng.uniform(6.0, 9.5))
    if made is None:
        return False
    trip, t0, t1 = made
    n = trip.vessel
    stage.effect(n, t0 - 600.0, t0, "sure")
    stage.effect(n, t0, t1, "mute")
    stage.effect(n, t1, t1 + 600.0, "sure")
    stage.note("gap", n, t0, t1, case)
    stage.back(trip, pause=True)
    return True


def over_type(stage: Stage, case: Case, t: float) -> bool:
    """Plant a fishing boat or a cargo ship faster than its kind."""
    rng = stage.world.rng
    fishing = case.variant == "fishing"
    limit = FISHING_KN if fishing else CARGO_KN
    speed = stage.figure(case, "speed", limit, (19.5, 25.0) if fishing else (28.5, 31.0))
    minutes = stage.figure(case, "duration", OVER_MIN, (6.6, 9.0))
    if case.dim == "duration":
        speed = limit * float(rng.uniform(1.06, 1.17))
    slow = 8.5
    legs = np.cumsum([0.0, 4 * slow, minutes * speed, 4 * slow]) * 60.0 * KNOT
    kinds = ("fisher",) if fishing else ("coaster",)
    spot = stage.open_spot(kinds, off_m=900.0)
    if spot is None or not stage.quiet(t, t + 1800.0):
        return False
    laid = stage.turned(np.column_stack([np.zeros(4), legs]), spot, off_m=400.0)
    trip = stage.cast(kinds, spot, t)
    if laid is None or trip is None:
        return False
    n = trip.vessel
    stage.depart(trip)
    stage.idle(n, 6.5, laid[0] - laid[1])
    stage.go(n, laid[1:2], slow)
    t0 = stage.now(n)
    stage.go(n, laid[2:3], speed)
    t1 = stage.now(n)
    stage.note("speed_anomaly", n, t0, t1, case)
    stage.go(n, laid[3:4], slow)
    stage.back(trip, pause=True)
    return True


def told_speed(stage: Stage, case: Case, t: float) -> bool:
    """Plant a vessel that tells less speed than it makes."""
    rng = stage.world.rng
    minutes = told_min(stage, case, "told_duration", TOLD_MIN)
    if case.dim == "ratio":
        speed = 12.4
        less = speed * stage.figure(case, "ratio", TOLD_SHARE, (0.0, 0.0))
    else:
        speed = float(rng.uniform(8.3, 9.2))
        less = stage.figure(case, "difference", TOLD_KN, (6.1, 7.4))
    made = about(stage, t, minutes, speed, sides=10)
    if made is None:
        return False
    trip, t0, t1 = made
    stage.effect(trip.vessel, t0, t1, "sog", -less)
    stage.note("speed_anomaly", trip.vessel, t0, t1, case)
    stage.back(trip, pause=True)
    return True


def told_course(stage: Stage, case: Case, t: float) -> bool:
    """Plant a vessel that tells another course than it makes."""
    rng = stage.world.rng
    minutes = told_min(stage, case, "told_duration", TOLD_MIN)
    angle = stage.figure(case, "told_angle", TOLD_DEG, (65.0, 170.0))
    made = about(stage, t, minutes, rng.uniform(6.5, 9.0), sides=20, side_m=420.0)
    if made is None:
        return False
    trip, t0, t1 = made
    stage.effect(trip.vessel, t0, t1, "cog", float(rng.choice([-1.0, 1.0])) * angle)
    stage.note("course_anomaly", trip.vessel, t0, t1, case)
    stage.back(trip, pause=True)
    return True


def reversal(stage: Stage, case: Case, t: float) -> bool:
    """Plant a turning back between two steady courses."""
    rng = stage.world.rng
    angle = stage.figure(case, "angle", TURN_DEG, (179.0, 186.0))
    before = stage.figure(case, "steady", STEADY_MIN, (12.5, 16.0))
    taken = float(rng.uniform(0.6, 2.0))
    if case.dim == "turn":
        angle = 176.0
        # What is judged is the time in which the first 150 degrees are turned.
        taken = stage.figure(case, "turn", TURN_MIN, (0.0, 0.0), more=False) * angle / TURN_DEG
    speed = float(rng.uniform(7.0, 9.0))
    pace = speed * KNOT * 60.0
    # A short leg square to the next, so that the steady course begins where it should.
    heading = [np.pi / 2, 0.0, *np.radians(angle * (np.arange(12) + 0.5) / 12), np.radians(angle)]
    legs = pace * np.array([4.0, before, *np.full(12, taken / 12), 14.0])
    steps = legs[:, None] * np.column_stack([np.sin(heading), np.cos(heading)])
    shape = np.vstack([[0.0, 0.0], np.cumsum(steps, axis=0)])
    made = _figure_at_sea(stage, shape, speed, t)
    if made is None:
        return False
    trip, times = made
    stage.note("course_anomaly", trip.vessel, times[1], times[-2] + 600.0, case)
    stage.back(trip, pause=True)
    return True


def zigzag(stage: Stage, case: Case, t: float) -> bool:
    """Plant turns to alternating hands."""
    rng = stage.world.rng
    angle = np.radians(stage.figure(case, "bend", ZIGZAG_DEG, (78.0, 120.0)))
    speed = float(rng.uniform(5.8, 7.5))
    leg, turns = float(rng.uniform(6.0, 9.0)), int(rng.integers(5, 7))
    if case.dim == "span":
        span = stage.figure(case, "span", ZIGZAG_MIN, (0.0, 0.0), more=False)
        leg, turns, angle, speed = span / 3.0, 4, np.radians(125.0), 5.7
    side = np.where(np.arange(turns + 1) % 2 == 0, 0.5, -0.5) * angle
    step = leg * speed * KNOT * 60.0 * np.column_stack([np.sin(side), np.cos(side)])
    made = _figure_at_sea(stage, np.vstack([[0.0, 0.0], np.cumsum(step, axis=0)]), speed, t)
    if made is None:
        return False
    trip, times = made
    stage.note("course_anomaly", trip.vessel, times[1], times[-2], case)
    stage.back(trip, pause=True)
    return True


def _figure_at_sea(
    stage: Stage, shape: Floats, speed: float, t: float
) -> tuple[Trip, Floats] | None:
    """Send a vessel out to sail a shape; return when it passes each corner."""
    spot = stage.open_spot(ALL, off_m=900.0)
    if spot is None or not stage.quiet(t, t + 5400.0):
        return None
    laid = stage.turned(shape, spot, off_m=400.0)
    trip = stage.cast(ALL, spot, t) if laid is not None else None
    if laid is None or trip is None:
        return None
    stage.depart(trip)
    # A pause, so that the way out is no part of the shape.
    stage.idle(trip.vessel, 6.5, laid[0] - laid[1])
    stage.go(trip.vessel, laid, speed)
    times = stage.fleet[trip.vessel].course.t[-1][1:]
    return trip, times
