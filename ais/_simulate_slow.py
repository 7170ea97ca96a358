"""Planted slow behaviours: loitering, drift, rendezvous."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import KNOT, stream_axis
from ais._simulate_stage import Case, Stage, Trip

Floats = NDArray[np.float64]

SMALL = ("runner", "fisher")
MOTHERS = ("coaster", "fisher")
# The definitions, as this generator reads them.
LOITER_MIN, LOITER_KN, LOITER_RATIO = 60.0, 2.0, 0.3
DRIFT_MIN, DRIFT_KN, DRIFT_DEG = 60.0, 3.0, 40.0
MEET_MIN, MEET_KN, MEET_M = 20.0, 2.0, 200.0


def loops(length_m: float, rng: np.random.Generator) -> Floats:
    """Return a way of a length that leads nowhere: loops of changing width."""
    for _ in range(20):
        radius = float(np.clip(length_m / (2 * np.pi * rng.uniform(1.25, 1.8)), 150.0, 380.0))
        angle = np.arange(0.0, 1.6 * length_m / radius + 1.0, 0.15)
        size = radius * (1.0 + 0.22 * np.sin(angle * rng.uniform(0.25, 0.45) + rng.uniform(0, 6)))
        xy = size[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
        xy += radius * 0.3 * np.column_stack([np.sin(angle * 0.21), np.cos(angle * 0.17)])
        way = cut(xy - xy[0], length_m)
        if np.hypot(*(way[-1] - way[0])) < 0.2 * length_m:
            return way
    return way


def cut(way: Floats, length_m: float) -> Floats:
    """Return the first metres of a way."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    keep = along < length_m
    end = [np.interp(length_m, along, way[:, k]) for k in (0, 1)]
    return np.vstack([way[keep], end])


def zigzags(length_m: float, ratio: float, leg_m: float) -> Floats:
    """Return a way that goes ``ratio`` of its length forward, to and fro across its line."""
    legs = max(2, 2 * round(length_m / leg_m / 2))
    leg = length_m / legs
    step = leg * np.array([[np.sqrt(1 - ratio**2), ratio], [-np.sqrt(1 - ratio**2), ratio]])
    return np.vstack([[0.0, 0.0], np.cumsum(np.tile(step, (legs // 2, 1)), axis=0)])


def loitering(stage: Stage, case: Case, t: float) -> bool:
    """Plant idling at sea: a small boat comes, idles and goes home."""
    minutes = stage.figure(case, "duration", LOITER_MIN, (75.0, 165.0))
    if case.dim == "duration" and case.miss:
        # Fast enough that no hour with some minutes of the passage in it is slow on the whole.
        speed = float(stage.world.rng.uniform(1.75, 1.93))
    else:
        speed = stage.figure(case, "speed", LOITER_KN, (0.9, 1.6), more=False)
    ratio = stage.figure(case, "ratio", LOITER_RATIO, (0.0, 0.2), more=False)
    spot = stage.open_spot(SMALL, off_m=1100.0)
    if spot is None or not stage.quiet(t, t + minutes * 60.0):
        return False
    if case.dim == "ratio":
        return _onward(stage, case, spot, t, ratio)
    shape = loops(speed * KNOT * minutes * 60.0, stage.world.rng)
    trip = stage.cast(SMALL, spot, t)
    way = stage.turned(shape, spot, off_m=600.0)
    if trip is None or way is None:
        return False
    stage.depart(trip)
    idle(stage, trip, case, way, speed)
    stage.back(trip)
    return True


def _onward(stage: Stage, case: Case, spot: Floats, t: float, ratio: float) -> bool:
    """Work slowly to and fro across a line, having come along it and going on along it.

    So no hour that takes in some of the passage gets less far for its length.
    """
    speed, minutes = stage.world.rng.uniform((1.3, 66.0), (1.6, 80.0))
    slow = zigzags(speed * KNOT * minutes * 60.0, ratio, speed * KNOT * 540.0)
    lead = np.array([0.0, 6.5 * 60.0 * 10.0 * KNOT])
    shape = np.vstack([[0.0, 0.0], slow + lead, slow[-1] + 2 * lead])
    laid = stage.turned(shape, spot, off_m=450.0)
    trip = stage.cast(SMALL, spot, t) if laid is not None else None
    if laid is None or trip is None:
        return False
    stage.depart(trip)
    stage.go(trip.vessel, laid[1:2], 10.0)
    idle(stage, trip, case, laid[1:-1], speed)
    stage.go(trip.vessel, laid[-1:], 10.0)
    stage.back(trip, pause=True)
    return True


def idle(
    stage: Stage, trip: Trip, case: Case | None, way: Floats, speed: float, chain: int = -1
) -> tuple[float, float]:
    """Idle along a way from where a vessel has come to; note it as loitering."""
    start = stage.now(trip.vessel)
    stage.go(trip.vessel, way[1:], speed)
    end = stage.now(trip.vessel)
    noted = case or Case("loitering", "easy")
    stage.note("loitering", trip.vessel, start, end, noted, chain=chain)
    return start, end


def drift(stage: Stage, case: Case, t: float) -> bool:
    """Plant a ship without way on her, carried along the shore by the stream."""
    rng = stage.world.rng
    minutes = stage.figure(case, "duration", DRIFT_MIN, (75.0, 150.0))
    if case.dim == "duration" and case.miss:
        speed = float(rng.uniform(2.72, 2.9))
    else:
        speed = stage.figure(case, "speed", DRIFT_KN, (0.5, 1.9), more=False)
    angle = stage.figure(case, "angle", DRIFT_DEG, (55.0, 110.0))
    spot = stage.open_spot(MOTHERS, off_m=1800.0)
    if spot is None or not stage.quiet(t, t + minutes * 60.0):
        return False
    trip = stage.cast(MOTHERS, spot, t, cls="A")
    way = _carried(stage, spot, speed * KNOT * minutes * 60.0)
    if trip is None or way is None:
        return False
    stage.depart(trip)
    start = stage.now(trip.vessel)
    stage.go(trip.vessel, way[1:], speed)
    end = stage.now(trip.vessel)
    stage.effect(trip.vessel, start, end, "heading", float(rng.choice([-1.0, 1.0])) * angle)
    stage.note("drift", trip.vessel, start, end, case)
    stage.back(trip)
    return True


def _carried(stage: Stage, spot: Floats, length: float) -> Floats | None:
    """Return a way along the stream, a little bent, that lies clear."""
    axis = stream_axis(stage.world.sea, spot)
    bend = stage.world.rng.uniform(-0.25, 0.25)
    turn = axis + bend * np.linspace(-1.0, 1.0, 12)
    for ahead in (0.0, np.pi, 0.5, np.pi + 0.5, -0.5, np.pi - 0.5):
        step = length / 12 * np.column_stack([np.sin(turn + ahead), np.cos(turn + ahead)])
        way = spot + np.vstack([[0.0, 0.0], np.cumsum(step, axis=0)])
        if stage.clear(way, off_m=600.0):
            return np.asarray(way, dtype=np.float64)
    return None


def rendezvous(stage: Stage, case: Case, t: float) -> bool:
    """Plant a meeting of a larger vessel and a small one."""
    met = meet(stage, case, t)
    if met is None:
        return False
    _, mother, boat, _, _ = met
    stage.back(mother)
    stage.back(boat)
    return True


def meet(
    stage: Stage, case: Case, t: float, *, spot: Floats | None = None, chain: int = -1
) -> tuple[Floats, Trip, Trip, float, float] | None:
    """Let two vessels come together at ``t`` and lie so for a while; return where and when."""
    minutes = stage.figure(case, "duration", MEET_MIN, (26.0, 50.0))
    speed = stage.figure(case, "speed", MEET_KN, (0.5, 1.4), more=False)
    easy = (8.0, 25.0) if case.variant == "alongside" else (50.0, 150.0)
    apart = stage.figure(case, "distance", MEET_M, easy, more=False)
    spot = stage.open_spot(MOTHERS, ("runner",), off_m=1700.0) if spot is None else spot
    if spot is None or not stage.quiet(t, t + minutes * 60.0):
        return None
    way = _carried(stage, spot, speed * KNOT * minutes * 60.0)
    if way is None:
        return None
    across = way[-1] - way[0]
    side = apart * np.array([across[1], -across[0]]) / np.hypot(*across)
    mother = stage.cast(MOTHERS, way[0], t)
    if mother is None:
        return None
    boat = stage.cast(("runner",), way[0] + side, t, but=mother.vessel)
    if boat is None:
        return None
    for trip, shift in ((mother, np.zeros(2)), (boat, side)):
        stage.depart(trip)
        stage.go(trip.vessel, way[1:] + shift, speed)
    end = min(stage.now(mother.vessel), stage.now(boat.vessel))
    _note_meeting(stage, case, mother, boat, t, end, chain)
    return way, mother, boat, t, end


def _note_meeting(
    stage: Stage, case: Case, mother: Trip, boat: Trip, t0: float, t1: float, chain: int
) -> None:
    low, high = sorted((mother.vessel, boat.vessel))
    stage.note("rendezvous", low, t0, t1, case, other=high, chain=chain)
