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
def _smoothed(
    count: Floats, exposed: Floats, joint: Floats, share: Floats, leave: float, levels: Floats
) -> tuple[Floats, Floats, float]:
    """Return posterior mean levels, how often each level was drawn, and how often one was left."""
    n, m = len(count), len(levels)
    stay = np.zeros(n)  # that the level of the stretch before goes on
    stay[1:] = joint[:-1] * (1 - leave)
    likely = _likely(count, exposed, levels)
    ahead, back = _ahead(likely, stay, share), _back(likely, stay, share)
    mean, drawn, left = np.zeros(n), np.zeros(m), 0.0
    for i in range(n):
        total = 0.0
        for k in range(m):
            total += ahead[i, k] * back[i, k]
        for k in range(m):
            part = ahead[i, k] * back[i, k] / total
            mean[i] += part * levels[k]
            came = stay[i] * ahead[i - 1, k]
            fresh = part * (1 - stay[i]) * share[k] / (came + (1 - stay[i]) * share[k])
            drawn[k] += fresh
            left += fresh * (stay[i] > 0)
    return mean, drawn, left


@njit(cache=True)
def _likely(count: Floats, exposed: Floats, levels: Floats) -> Floats:
    """Return the likelihood of each stretch's count by level, ``[n, m]``, 1 for the best level."""
    out = np.empty((len(count), len(levels)))
    logs = np.log(levels)
    for i in range(len(count)):
        top = -np.inf
        for k in range(len(levels)):
            out[i, k] = count[i] * logs[k] - exposed[i] * levels[k]
            top = max(top, out[i, k])
        for k in range(len(levels)):
            out[i, k] = np.exp(out[i, k] - top)
    return out


@njit(cache=True)
def _ahead(likely: Floats, stay: Floats, share: Floats) -> Floats:
    """Return each level's chance by what is seen up to the stretch, ``[n, m]``."""
    out = np.zeros_like(likely)
    for i in range(len(likely)):
        total = 0.0
        for k in range(len(share)):
            out[i, k] = likely[i, k] * (stay[i] * out[i - 1, k] + (1 - stay[i]) * share[k])
            total += out[i, k]
        for k in range(len(share)):
            out[i, k] /= total
    return out


@njit(cache=True)
def _back(likely: Floats, stay: Floats, share: Floats) -> Floats:
    """Return how likely each level makes what is seen beyond the stretch, ``[n, m]``, scaled."""
    out = np.ones_like(likely)
    for i in range(len(likely) - 2, -1, -1):
        drawn = 0.0
        for k in range(len(share)):
            drawn += share[k] * likely[i + 1, k] * out[i + 1, k]
        total = 0.0
        for k in range(len(share)):
            out[i, k] = stay[i + 1] * likely[i + 1, k] * out[i + 1, k] + (1 - stay[i + 1]) * drawn
            total += out[i, k]
        for k in range(len(share)):
            out[i, k] /= total
    return out
