"""Planted runs to the shore: approaches, dashes, and chains that a rendezvous begins."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import KNOT, PLANTED, place_at
from ais._simulate_slow import MOTHERS, idle, loops, meet
from ais._simulate_stage import Case, Label, Stage, Trip, way_m

Floats = NDArray[np.float64]

# The definitions, as this generator reads them.
APPROACH_M = 200.0
DASH_KN, DASH_MIN, DASH_REACH_M, DASH_FALL_M, DASH_DELAY_H = 20.0, 3.0, 1000.0, 1500.0, 3.0
CHAIN_DELAY_H = 6.0

_WHARF_M = 700.0
_SLOW_M, _SLOW_KN = 320.0, 3.5


def approach(stage: Stage, case: Case, t: float) -> bool:
    """Plant a landing: a small boat comes to a lonely shore, lies there, and goes home."""
    found = _landing(stage)
    if found is None or not stage.quiet(t, t + 2400.0):
        return False
    shore, goal = found
    hover = goal
    if case.dim == "distance":
        limit = stage.figure(case, "distance", APPROACH_M, (0.0, 0.0), more=False)
        out = _outward(stage, shore, goal, limit)
        if out is None:
            return False
        hover = out
    trip = stage.cast(("runner", "fisher"), hover, t)
    if trip is None or (case.miss and not _keeps_off(stage, trip.way, 0.97 * (200.0 + 6.0))):
        return False
    stage.depart(trip)
    land(stage, trip, case, shore, chain=-1)
    stage.back(trip)
    return True


def _landing(stage: Stage) -> tuple[Floats, Floats] | None:
    """Return a place on the shore and the water before it, well away from wharves."""
    for _ in range(6):
        k = int(stage.world.rng.choice(len(stage.weight), p=stage.weight))
        goal = stage.off_shore[k]
        wharves = np.concatenate([pool for pool in stage.world.berths.values() if len(pool)])
        if np.hypot(*(wharves - goal).T).min() > _WHARF_M:
            return stage.shore[k], goal
    return None


def _outward(stage: Stage, shore: Floats, goal: Floats, off_m: float) -> Floats | None:
    """Return the place straight off a landing that lies exactly ``off_m`` from any shore."""
    ahead = (goal - shore) / np.hypot(*(goal - shore))
    line = shore + np.arange(40.0, 600.0, 3.0)[:, None] * ahead
    off = stage.shore_m(line)
    first = np.flatnonzero(off >= off_m)
    if len(first) == 0 or off[first[0]] > off_m + 4.0:
        return None
    place = line[first[0]]
    return place if stage.world.sea.is_wet(place[None, :])[0] else None


def _keeps_off(stage: Stage, way: Floats, off_m: float) -> bool:
    """Return whether the last kilometres of a way to a place keep off every shore."""
    step = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    along = np.arange(max(0.0, step[-1] - 4000.0), step[-1] + 1.0, 40.0)
    dense = np.column_stack([np.interp(along, step, way[:, k]) for k in (0, 1)])
    return bool((stage.shore_m(dense) >= off_m).all())


def land(stage: Stage, trip: Trip, case: Case, shore: Floats, *, chain: int) -> tuple[float, float]:
    """Lie before a shore where a vessel has come to, and note it as a shore approach."""
    course, rng = stage.fleet[trip.vessel].course, stage.world.rng
    arrived, at = course.now, course.at
    ahead = (at - shore) / max(float(np.hypot(*(at - shore))), 1.0)
    # Nosing out by some metres: no boat lies still before a beach.
    ashore = arrived + rng.uniform(9.0, 30.0) * 60.0
    nudge = 0.0 if case.dim == "distance" else 6.0
    course.add(np.array([arrived + 60.0, ashore]), np.vstack([at, at + nudge * ahead]), PLANTED)
    stage.note("shore_approach", trip.vessel, arrived, ashore, case, chain=chain, xy=at)
    return arrived, ashore


def exact(stage: Stage) -> None:
    """Let every approach last from when the boat comes within reach of a shore until it leaves."""
    for k, label in enumerate(stage.labels):
        if label.kind != "shore_approach" or label.decoy:
            continue
        t = np.arange(label.t0 - 2400.0, label.t1 + 2400.0, 10.0)
        where, _ = place_at(stage.fleet[label.vessel].course, t)
        near = stage.shore_m(where) <= APPROACH_M
        inside = int(np.searchsorted(t, (label.t0 + label.t1) / 2))
        away = np.flatnonzero(~near)
        first = away[away < inside].max(initial=-1) + 1
        last = away[away > inside].min(initial=len(t)) - 1
        stage.labels[k] = replace(label, t0=float(t[first]), t1=float(t[last]))
        for c, whole in enumerate(stage.labels):
            if whole.kind == "chain" and (whole.vessel, whole.t1) == (label.vessel, label.t1):
                stage.labels[c] = replace(whole, t1=float(t[last]))


def dash(stage: Stage, case: Case, t: float) -> bool:
    """Plant a dash: an hour or so idle (or silent) offshore, then at speed to the shore."""
    made = _line(stage, 2900.0 if case.dim == "reach" else 2000.0, ("runner",))
    if made is None:
        return False
    shore, goal, spot = made
    speed = float(stage.world.rng.uniform(1.0, 1.6))
    minutes = float(stage.world.rng.uniform(66.0, 110.0))
    way = stage.turned(loops(speed * KNOT * minutes * 60.0, stage.world.rng), spot, off_m=600.0)
    if way is None or not _straight(stage, way[-1], goal):
        return False
    plan = _plan(stage, case, way[-1], goal)
    if plan is None:
        return False
    start = t - minutes * 60.0
    trip = stage.cast(("runner",), spot, start)
    if trip is None or not stage.quiet(start - 1200.0, t + 4 * 3600.0):
        return False
    chain = stage.chains
    stage.chains += 1
    stage.depart(trip)
    if case.variant == "after_gap":
        _silent(stage, trip, way, speed, chain)
    else:
        idle(stage, trip, None, way, speed, chain)
    if not _delay(stage, trip, case, way[-1]):
        stage.back(trip)
        return False
    _run(stage, trip, case, plan, shore, goal, chain)
    stage.back(trip)
    return True


def _line(
    stage: Stage, off_m: float, *groups: tuple[str, ...]
) -> tuple[Floats, Floats, Floats] | None:
    """Return a shore, the water before it, and a place offshore straight before that."""
    found = _landing(stage)
    if found is None:
        return None
    shore, goal = found
    far = np.hypot(*(stage.spots - goal).T)
    off = stage.world.sea.off_shore_m(stage.spots)
    near = np.flatnonzero((far > 3600.0) & (far < 9000.0) & (off > off_m) & stage.near(*groups))
    for k in stage.world.rng.permutation(near)[:12]:
        if _straight(stage, stage.spots[k], goal):
            return shore, goal, stage.spots[k]
    return None


def _straight(stage: Stage, spot: Floats, goal: Floats) -> bool:
    """Return whether the straight line to a landing is water, but for its end."""
    count = int(np.hypot(*(goal - spot)) / 60.0) + 2
    line = spot + (goal - spot) * np.linspace(0.0, 1.0, count)[:, None]
    left = np.hypot(*(line - goal).T)
    open_water = stage.world.sea.off_shore_m(line[left > 450.0]) >= 200.0
    return bool(open_water.all() and stage.world.sea.is_wet(line).all())


def _silent(stage: Stage, trip: Trip, way: Floats, speed: float, chain: int) -> None:
    """Idle with the transponder off, and note it as a gap."""
    n = trip.vessel
    start = stage.now(n)
    stage.effect(n, start - 1200.0, start, "sure")
    stage.go(n, way[1:], speed)
    end = stage.now(n)
    stage.effect(n, start, end, "mute")
    stage.effect(n, end, end + 1200.0, "sure")
    stage.note("gap", n, start, end, Case("gap", "before_dash"), chain=chain)


def _delay(stage: Stage, trip: Trip, case: Case, at: Floats) -> bool:
    """Steam about for hours where the case is about them."""
    if case.dim != "delay":
        return True
    hours = stage.figure(case, "delay", DASH_DELAY_H, (0.0, 0.0), more=False)
    speed = 6.0
    laid = stage.turned(rounds(hours * 3600.0 * speed * KNOT, 6), at, off_m=500.0)
    if laid is None:
        return False
    stage.go(trip.vessel, laid[1:], way_m(laid) / (hours * 3600.0) / KNOT)
    return True


def rounds(length_m: float, sides: int, side_m: float = 1300.0) -> Floats:
    """Return a way about a polygon and its mirror image by turns, back to where it begins.

    So it is never twice about one centre: that would be a circle as it is defined.
    """
    turns = max(1, round(length_m / (sides * side_m)))
    side = length_m / (turns * sides)
    corner = np.tile(2 * np.pi / sides * np.arange(sides), turns)
    angle = corner * np.repeat(np.where(np.arange(turns) % 2 == 0, 1.0, -1.0), sides)
    step = side * np.column_stack([np.sin(angle), np.cos(angle)])
    return np.vstack([[0.0, 0.0], np.cumsum(step, axis=0)])


@dataclass(frozen=True)
class Plan:
    """A run to the shore: from where to where it is fast, and how fast."""

    begin: Floats
    end: Floats
    speed_kn: float
    lands: bool


def _plan(stage: Stage, case: Case, at: Floats, goal: Floats) -> Plan | None:
    """Return how to run from a place straight to a landing, None where the shore is too near."""
    speed = stage.figure(case, "speed", DASH_KN, (23.5, 29.0))
    ahead = (goal - at) / np.hypot(*(goal - at))
    begin, end = at, goal - _SLOW_M * ahead
    if case.dim == "duration":
        minutes = stage.figure(case, "duration", DASH_MIN, (0.0, 0.0))
        # So fast that even in a short time the shore comes nearer by what is asked.
        speed = float(stage.world.rng.uniform(22.5, 26.0))
        end = goal - 700.0 * ahead
        begin = end - speed * KNOT * minutes * 60.0 * ahead
    if case.dim == "reach":
        reach = stage.figure(case, "reach", DASH_REACH_M, (0.0, 0.0), more=False)
        line = at + np.arange(0.0, float(np.hypot(*(goal - at))), 5.0)[:, None] * ahead
        end = line[np.flatnonzero(stage.shore_m(line) <= reach)[0]]
    fall = float(-np.diff(stage.shore_m(np.vstack([begin, end])))[0])
    long_enough = float(np.hypot(*(end - begin))) > speed * KNOT * (DASH_MIN * 60.0 + 15.0)
    if fall < DASH_FALL_M + 60.0 or not (long_enough or case.dim == "duration"):
        return None
    return Plan(begin, end, speed, case.dim != "reach")


def _run(
    stage: Stage, trip: Trip, case: Case, plan: Plan, shore: Floats, goal: Floats, chain: int
) -> float:
    """Run to a landing; note the dash and the approach; return when it is over."""
    n = trip.vessel
    course = stage.fleet[n].course
    if np.hypot(*(plan.begin - course.at)) > 1.0:
        stage.go(n, plan.begin[None, :], 9.0)
    start = stage.now(n)
    stage.go(n, plan.end[None, :], plan.speed_kn)
    arrived = stage.now(n)
    stage.note("dash", n, start, arrived, case, chain=chain)
    if not plan.lands:
        stage.idle(n, 7.0, plan.begin - plan.end)
        return arrived
    left = float(np.hypot(*(goal - course.at)))
    if left > _SLOW_M + 5.0:
        stage.go(n, (goal - _SLOW_M / left * (goal - course.at))[None, :], 8.0)
    stage.go(n, goal[None, :], _SLOW_KN)
    return land(stage, trip, Case("shore_approach", "after_dash"), shore, chain=chain)[1]


def chain(stage: Stage, case: Case, t: float) -> bool:
    """Plant a chain: mother ship, go-between, shore."""
    made = _line(stage, 2000.0, MOTHERS, ("runner",))
    if made is None:
        return False
    shore, goal, spot = made
    number = stage.chains
    plain = Case("rendezvous", ("alongside", "apart")[number % 2])
    met = meet(stage, plain, t - 2400.0, spot=spot, chain=number)
    if met is None:
        return False
    stage.chains += 1
    _, mother, boat, t0, t1 = met
    stage.back(mother)
    at = stage.fleet[boat.vessel].course.at
    fast = Case("dash", "after_meeting")
    plan = _plan(stage, fast, at, goal) if not case.dim and _straight(stage, at, goal) else None
    if plan is not None:
        ashore: float | None = _run(stage, boat, fast, plan, shore, goal, number)
        stage.back(boat)
    else:
        ashore = _later(stage, case, boat, shore, goal, t1)
    if ashore is None:
        return False
    stage.labels.append(
        Label(
            "chain",
            boat.vessel,
            t0,
            ashore,
            goal,
            number,
            mother.vessel,
            **case.said(),  # type: ignore[arg-type]
        )
    )
    return True


def _later(
    stage: Stage, case: Case, boat: Trip, shore: Floats, goal: Floats, met: float
) -> float | None:
    """Go home from a meeting, and land hours after it."""
    hours = stage.figure(case, "delay", CHAIN_DELAY_H, (2.5, 4.5), more=False)
    stage.back(boat)
    trip = stage.trip(boat.vessel, goal, met + hours * 3600.0)
    if trip is None:
        return None
    stage.depart(trip)
    _, ashore = land(stage, trip, Case("shore_approach", "after_meeting"), shore, chain=-1)
    stage.back(trip)
    return ashore
