"""What vessels under way do that a definition calls odd: turning back, too fast for their type."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import AT_ANCHOR, BRIEF, KNOT, MOORED, OFF, Motion
from ais._simulate_stage import Label, Said
from ais._simulate_world import Vessel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_STEP_S = 30.0
# A twentieth on either side of a definition is nobody's error.
_SLACK = 1.05
_LEAST_KN, _BACK_DEG, _STEADY_DEG = 5.0, 150.0, 30.0
_TURN_S, _STEADY_S, _OVER_S = 300.0, 600.0, 300.0
_LIMITS_KN = (
    (30, 30, 16.0), (31, 34, 16.0), (36, 36, 15.0), (37, 37, 50.0), (40, 49, 60.0),
    (52, 52, 16.0), (60, 69, 45.0), (70, 79, 24.0), (80, 89, 20.0),
)  # fmt: skip
_USUAL_KN = 45.0


def turns(fleet: list[Vessel], said: list[Said], motion: Motion, duration: float) -> list[Label]:
    """Return when vessels turn back between steady courses, and when they exceed their type.

    The type is the one that a vessel tells at the time: ``said`` are those that change.
    """
    labels: list[Label] = []
    for n, vessel in enumerate(fleet):
        if not vessel.course.t or vessel.kind == "beacon":
            continue
        t = np.arange(max(motion.first[n], 0.0), min(motion.last[n], duration), _STEP_S)
        if len(t) < 2 * _STEADY_S / _STEP_S + 4:
            continue
        who = np.full(len(t), n)
        xy = motion.place(who, t)
        free = ~np.isin(motion.doing(who, t), [OFF, MOORED, AT_ANCHOR, BRIEF])
        step = np.diff(xy, axis=0)
        knots = np.where(free[1:] & free[:-1], np.hypot(*step.T) / _STEP_S / KNOT, 0.0)
        labels += [
            Label("course_anomaly", n, t[a], t[b], xy[(a + b) // 2], ordinary=True, what="back")
            for a, b in _reversals(xy, np.degrees(np.arctan2(*step.T)), knots)
        ]
        labels += [
            Label("speed_anomaly", n, t[a], t[b], xy[(a + b) // 2], ordinary=True, what="fast")
            for a, b in runs(knots * _SLACK >= _limits_kn(n, vessel, said, t[:-1]))
            if (b - a) * _STEP_S * _SLACK >= _OVER_S
        ]
    return labels


def _limits_kn(n: int, vessel: Vessel, said: list[Said], t: Floats) -> Floats:
    limit = np.full(len(t), _limit_kn(vessel.ship_type))
    for told in sorted(said, key=lambda told: told.t):
        if told.vessel == n and told.ship_type is not None:
            limit[t >= told.t] = _limit_kn(told.ship_type)
    return limit


def _limit_kn(ship_type: int) -> float:
    return next((kn for low, high, kn in _LIMITS_KN if low <= ship_type <= high), _USUAL_KN)


def runs(hit: Bools) -> list[tuple[int, int]]:
    """Return from where to before where each unbroken run of what is so lasts."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], hit.astype(int), [0]])))
    return list(zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True))


def _apart(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.abs((a - b + 180.0) % 360.0 - 180.0))


def _reversals(xy: Floats, course: Floats, knots: Floats) -> list[tuple[int, int]]:
    """Return from which to which place each turning back lasts, with its steady courses.

    ``course`` and ``knots`` are of the steps between the places.
    """
    long = int(_STEADY_S / _SLACK / _STEP_S)
    legs = xy[long:] - xy[:-long]
    leg = np.degrees(np.arctan2(*legs.T))
    # The slowest step of a leg, from a running sum of the steps that are too slow.
    slow = np.concatenate([[0], np.cumsum(knots * _SLACK < _LEAST_KN)])
    fast = slow[long:] == slow[:-long]
    marked = np.zeros(len(xy) + 1, dtype=np.int64)
    for late in range(int(_TURN_S * _SLACK / _STEP_S) + 1):
        # One leg ends where the next begins, but for the time that the turn takes.
        ahead = long + late
        back = _apart(leg[:-ahead], leg[ahead:]) * _SLACK >= _BACK_DEG
        rows = np.flatnonzero(back & fast[:-ahead] & fast[ahead:])
        if not len(rows):
            continue
        within = np.arange(long)
        for first in (0, ahead):
            steps = course[rows[:, None] + first + within]
            off = _apart(steps, leg[rows + first][:, None]).max(axis=1)
            rows = rows[off <= _STEADY_DEG * _SLACK]
        np.add.at(marked, rows, 1)
        np.add.at(marked, np.minimum(rows + ahead + long + 2, len(xy)), -1)
    last = len(xy) - 1
    return [(a, min(b, last)) for a, b in runs(np.cumsum(marked) > 0)]
