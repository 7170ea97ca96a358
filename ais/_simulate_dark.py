"""What those do whom sensors see and no AIS explains: loitering, approaches, dashes."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ais._simulate_company import approaches
from ais._simulate_motion import KNOT, OFF, Motion
from ais._simulate_ordinary import loitering
from ais._simulate_stage import Label, Stage
from ais._simulate_turns import runs

Floats = NDArray[np.float64]

_STEP_S = 10.0
_IDLE_STEP_S = 30.0
# At 25 kn, a boat is within a kilometre of its place in the middle of so long.
_MOST_S = 120.0
# A twentieth on either side of a definition is nobody's error.
_SLACK = 1.05
_DASH_KN, _DASH_S, _DASH_FALL_M, _DASH_REACH_M = 20.0, 180.0, 1500.0, 1000.0
_DASH_DELAY_S, _DASH_OFF_M = 3 * 3600.0, 1500.0


def unexplained(
    stage: Stage, motion: Motion, circles: Floats, spans: list[tuple[int, float, float]]
) -> list[Label]:
    """Return what is done, of the kinds that are looked for on sensor tracks, by nobody's MMSI.

    ``spans`` are who (in ``motion``), and from when to when no AIS explains it; ``circles``
    (x, y, radius) the known berths and anchorages. Without an MMSI only the place tells whose it
    is: an approach is told in parts, each at its own.
    """
    labels: list[Label] = []
    looks = []
    for who, t0, t1 in spans:
        t = np.arange(np.floor(t0 / _STEP_S), np.ceil(t1 / _STEP_S) + 1.0) * _STEP_S
        t = t[(t - _STEP_S >= motion.first[who]) & (t + _STEP_S <= motion.last[who])]
        t = t[motion.doing(np.full(len(t), who), t) != OFF]
        looks.append(np.column_stack([np.full(len(t), who), t]))
        idle = loitering(who, motion, circles, t0, t1, _IDLE_STEP_S)
        labels += idle + _dashes(stage, who, t, motion, idle)
    if looks:
        # A span may hold others of the same vessel.
        who_t = np.unique(np.vstack(looks), axis=0)
        number, t = who_t[:, 0].astype(np.int64), who_t[:, 1]
        labels += approaches(stage, motion, circles, number, t, motion.doing(number, t), _MOST_S)
    return [replace(label, vessel=-1) for label in labels]


def _dashes(stage: Stage, who: int, t: Floats, motion: Motion, idle: list[Label]) -> list[Label]:
    """Return the fast runs to the shore that come after an idle hour; each where it ends."""
    led = [label for label in idle if stage.shore_m(label.xy[None, :])[0] * _SLACK >= _DASH_OFF_M]
    if not led:
        return []
    xy = motion.place(np.full(len(t), who), t)
    knots = np.hypot(*np.diff(xy, axis=0).T) / np.diff(t) / KNOT
    labels = []
    for a, b in runs(knots * _SLACK >= _DASH_KN):
        off = stage.shore_m(xy[a : b + 1])
        late = min((t[a] - label.t1 for label in led if label.t0 < t[a]), default=np.inf)
        if (
            (t[b] - t[a]) * _SLACK >= _DASH_S
            and (off[0] - off.min()) * _SLACK >= _DASH_FALL_M
            and off.min() <= _SLACK * _DASH_REACH_M
            and late <= _SLACK * _DASH_DELAY_S
        ):
            labels.append(
                Label("dash", who, float(t[a]), float(t[b]), xy[b], ordinary=True, what="ashore")
            )
    return labels
