"""The simulated behaviours that a watch should find, each with its label, and its decoys."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ais._simulate_fleet import DAY, Vessel, World
from ais._simulate_motion import KNOT, MOORED, OFF, PLANTED, UNDER_WAY, wander

Floats = NDArray[np.float64]

# How long before an outing the boat is taken; how often an outing is at night, on the tide.
_MARGIN_S = 5.0 * 3600.0
_NIGHT_SHARE = 0.85
_CHAINED_SHARE = 0.35
_LANDINGS_TRIED, _BOATS_TRIED = 4, 3
_DASH_KN = (21.0, 27.0)


@dataclass(frozen=True)
class Label:
    """What really happened: kind, vessel (its number in the fleet), seconds and metres."""

    kind: str
    vessel: int
    t0: float
    t1: float
    xy: Floats
    chain: int


@dataclass(frozen=True)
class Outing:
    """One planted trip: idle offshore, run to the shore, or both."""

    peak: float
    landing: int
    loiters: bool
    lands: bool


def choose_outings(
    world: World, count: int, weights: Floats, quiet: list[tuple[float, float]]
) -> list[Outing]:
    """Return outings with ``count`` loiterings and ``count`` landings, in time order.

    Most peaks are night high waters; ``quiet`` are spans of seconds to leave out.
    """
    rng = world.rng
    high = world.tide.high_s
    hour = (high - world.solar_s) % DAY / 3600.0
    use = (high > 0.2 * DAY) & (high < world.duration_s - 4 * 3600.0)
    dark = high[use & ((hour >= 19.5) | (hour < 4.5))]
    chained = round(_CHAINED_SHARE * count)
    kinds = [(True, True)] * chained + [(True, False)] * (count - chained)
    kinds += [(False, True)] * (count - chained)
    outings: list[Outing] = []
    for loiters, lands in kinds:
        for _ in range(50):
            if len(dark) and rng.random() < _NIGHT_SHARE:
                peak = float(rng.choice(dark) + rng.normal(0.0, 0.5) * 3600.0)
            else:
                peak = float(rng.uniform(0.2 * DAY, world.duration_s - 4 * 3600.0))
            if all(peak + 2 * 3600 < q0 or peak - 4 * 3600 > q1 for q0, q1 in quiet):
                break
        landing = int(rng.choice(len(weights), p=weights / weights.sum()))
        outings.append(Outing(peak, landing, loiters, lands))
    return sorted(outings, key=lambda o: o.peak)


def plant(
    world: World,
    fleet: list[Vessel],
    outings: list[Outing],
    shore: Floats,
    off_shore: Floats,
    holes: Floats,
) -> list[Label]:
    """Send runners on the outings and return the labels.

    ``shore`` and ``off_shore`` are the landings and the places on the water before them,
    ``holes`` the places (x, y, radius) where nothing is heard.
    """
    runners = [n for n, vessel in enumerate(fleet) if vessel.kind == "runner"]
    labels: list[Label] = []
    free_at = dict.fromkeys(runners, -DAY)
    for n in runners:
        fleet[n].course.begin(-0.5 * DAY, fleet[n].home)
    spots: dict[int, Floats | None] = {}
    for chain, outing in enumerate(outings):
        ready = [n for n in runners if free_at[n] < outing.peak - _MARGIN_S]
        # Where no boat can make it in time, the next landing along the coast will do.
        away = np.hypot(*(off_shore - off_shore[outing.landing]).T)
        tries = [
            (int(landing), n)
            for landing in np.argsort(away, kind="stable")[:_LANDINGS_TRIED]
            for n in sorted(
                ready, key=lambda n: float(np.hypot(*(fleet[n].home - off_shore[landing])))
            )[:_BOATS_TRIED]
        ]
        for landing, n in tries:
            goal = off_shore[landing]
            if landing not in spots:
                spots[landing] = _idling_place(world, goal, holes)
            spot = spots[landing]
            if spot is None:
                continue
            made = _outing(world, fleet[n], n, outing, shore[landing], goal, spot, chain)
            if made:
                labels += made
                free_at[n] = fleet[n].course.now + 1800.0
                break
    for n in runners:
        fleet[n].course.stay(world.duration_s, MOORED)
    return labels


def _idling_place(world: World, goal: Floats, holes: Floats) -> Floats | None:
    """Return a place 1.5 to 7 km off a landing, clear of wharves, anchorages and holes."""
    wharves = np.concatenate([pool for pool in world.berths.values() if len(pool)])
    for spot in world.sea.find(world.rng, 40, low_m=900, high_m=7000, about=goal, within_m=7000):
        if (
            np.hypot(*(spot - goal)) > 1500
            and np.hypot(*(wharves - spot).T).min() > 1500
            and (len(world.anchorages) == 0 or np.hypot(*(world.anchorages - spot).T).min() > 1800)
            and all(np.hypot(*(spot - hole[:2])) > hole[2] + 800 for hole in holes)
        ):
            return np.asarray(spot, dtype=np.float64)
    return None


def _outing(
    world: World,
    vessel: Vessel,
    number: int,
    outing: Outing,
    shore: Floats,
    goal: Floats,
    spot: Floats,
    chain: int,
) -> list[Label]:
    rng, sea, course = world.rng, world.sea, vessel.course
    out = sea.way(vessel.home, spot, clearance_m=350.0)
    run = sea.way(spot, goal, clearance_m=200.0)
    if out is None or run is None:
        return []
    cruise = rng.uniform(9.0, 14.0)
    idle_s = rng.uniform(75.0, 165.0) * 60.0 if outing.loiters else 0.0
    run_m = float(np.hypot(*np.diff(run, axis=0).T).sum()) if outing.lands else 0.0
    dash = rng.uniform(*_DASH_KN) if outing.loiters else rng.uniform(8.0, 15.0)
    out_s = float(np.hypot(*np.diff(out, axis=0).T).sum()) / (cruise * KNOT)
    leave = outing.peak - run_m / (dash * KNOT) - idle_s - out_s
    if leave < course.now + 600.0:
        return []
    course.stay(leave - rng.uniform(300, 1500), OFF)
    course.stay(leave, MOORED)
    course.go(out, cruise)
    made: list[Label] = []
    if outing.loiters:
        start = course.now
        t, xy = wander(spot, start, start + idle_s, rng.uniform(0.8, 1.55), rng)
        # Ease into the first loop and out of the last at a few knots, not in one jump.
        course.go(np.vstack([course.at, xy[0]]), 4.0)
        late = course.now - start
        course.add(t + late, xy, PLANTED)
        made.append(
            Label(
                "loitering", number, start + late, course.now, spot, chain if outing.lands else -1
            )
        )
    if outing.lands:
        course.go(np.vstack([course.at, run]), dash, PLANTED, slow_end_m=320.0, slow_kn=3.5)
        arrived = course.now
        nudge = 6.0 * (goal - shore) / max(float(np.hypot(*(goal - shore))), 1.0)
        ashore = arrived + rng.uniform(9.0, 34.0) * 60.0
        course.add(np.array([arrived + 60.0, ashore]), np.vstack([goal, goal + nudge]), PLANTED)
        made.append(
            Label(
                "shore_approach",
                number,
                arrived - 320.0 / (3.5 * KNOT),
                ashore,
                goal,
                chain if outing.loiters else -1,
            )
        )
        course.go(run[::-1], rng.uniform(9.0, 15.0), PLANTED)
    course.go(np.vstack([course.at, out[::-1]]), cruise, UNDER_WAY, slow_end_m=250.0)
    course.stay(course.now + 900.0, MOORED)
    return made
