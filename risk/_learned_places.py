"""Find hot places: runs of shore whose rate is of one level, by a hidden Markov chain."""

import numpy as np
from numba import njit

from risk.history import Floats, Shore

LEVELS: Floats = np.geomspace(0.25, 64.0, 9, dtype=np.float64)
"""Rates against the even spread that a run may have."""

RUN = 4.0
"""Mean length of a run before anything is seen, in stretches, worth ``RUN_WORTH`` joints."""

RUN_WORTH = 50.0
LEVEL_WORTH = 20.0
"""The levels' prior shares, halving from the lowest, are worth so many stretches."""

_ROUNDS = 12


def joined(shore: Shore) -> Floats:
    """Return 1 where a row's stretch goes on in the next row's, else 0, ``[n]``."""
    out = np.zeros(len(shore))
    nearest = shore.length_km * 1000
    follows = shore.b == shore.a + 1
    a, b = shore.a[follows], shore.b[follows]
    out[a] = shore.distance_m[follows] <= 0.75 * (nearest[a] + nearest[b])
    return out


def place_rates(counts: Floats, even: Floats, joint: Floats) -> Floats:
    """Return expected rates against the even spread, ``[n, b]``, of counts at b times.

    A stretch's count is Poisson with the even spread's expectation times its level. Along the
    shore the level stays, or is drawn anew (a Markov-switching Poisson model; for disease maps:
    Green and Richardson 2002, JASA 97: 1055). How often, and from what, is fitted by
    expectation–maximisation with priors on the latest time; rates are posterior means.
    """
    total = counts.sum(axis=0)
    share = 0.5 ** np.arange(len(LEVELS))
    prior = share / share.sum()
    share, leave = prior.copy(), 1 / RUN
    last = counts.shape[1] - 1
    for _ in range(_ROUNDS):
        _, drawn, left = _smoothed(counts[:, last], even * total[last], joint, share, leave, LEVELS)
        share = (drawn + LEVEL_WORTH * prior) / (drawn.sum() + LEVEL_WORTH)
        leave = (left + RUN_WORTH / RUN) / (joint.sum() + RUN_WORTH)
    return np.column_stack(
        [
            _smoothed(counts[:, k], even * total[k], joint, share, leave, LEVELS)[0]
            for k in range(counts.shape[1])
        ]
    )


@njit(cache=True)
def _smoothed(  # noqa: C901 - a kernel is one loop nest
    count: Floats, exposed: Floats, joint: Floats, share: Floats, leave: float, levels: Floats
) -> tuple[Floats, Floats, float]:
    """Return posterior mean levels, how often each level was drawn, and how often one was left."""
    n, m = len(count), len(levels)
    likely = np.empty((n, m))
    ahead = np.empty((n, m))
    back = np.ones((n, m))
    for i in range(n):
        top = -np.inf
        for k in range(m):
            likely[i, k] = count[i] * np.log(levels[k]) - exposed[i] * levels[k]
            top = max(top, likely[i, k])
        total = 0.0
        stay = joint[i - 1] * (1 - leave) if i > 0 else 0.0
        for k in range(m):
            likely[i, k] = np.exp(likely[i, k] - top)
            came = stay * ahead[i - 1, k] if i > 0 else 0.0
            ahead[i, k] = likely[i, k] * (came + (1 - stay) * share[k])
            total += ahead[i, k]
        for k in range(m):
            ahead[i, k] /= total
    for i in range(n - 2, -1, -1):
        stay = joint[i] * (1 - leave)
        drawn = 0.0
        for k in range(m):
            drawn += share[k] * likely[i + 1, k] * back[i + 1, k]
        total = 0.0
        for k in range(m):
            back[i, k] = stay * likely[i + 1, k] * back[i + 1, k] + (1 - stay) * drawn
            total += back[i, k]
        for k in range(m):
            back[i, k] /= total
    mean = np.zeros(n)
    drawn_of = np.zeros(m)
    left = 0.0
    for i in range(n):
        total = 0.0
        for k in range(m):
            total += ahead[i, k] * back[i, k]
        stay = joint[i - 1] * (1 - leave) if i > 0 else 0.0
        for k in range(m):
            part = ahead[i, k] * back[i, k] / total
            mean[i] += part * levels[k]
            came = stay * ahead[i - 1, k] if i > 0 else 0.0
            fresh = part * (1 - stay) * share[k] / (came + (1 - stay) * share[k])
            drawn_of[k] += fresh
            if i > 0 and joint[i - 1] > 0:
                left += fresh
    return mean, drawn_of, left
