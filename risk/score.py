"""Turn evaluated indicators into scores whose contributions add up."""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from risk.indicators import Evaluated
from risk.weights import WeightSet, as_arrays

Floats = npt.NDArray[np.float64]
FLOOR = 0.02


@dataclass(frozen=True)
class Scores:
    """Scores 0..100 per segment and shift, their interval, pillars and contributions.

    ``score``, ``lo``, ``hi`` and the pillars (0.02..1) are ``[segment, shift]``; ``contributions``
    (points) and ``missing`` are ``[indicator, segment, shift]`` in the order of ``ids``. ``base``
    plus the contributions of a segment and shift is its score.
    """

    ids: tuple[str, ...]
    score: Floats
    lo: Floats
    hi: Floats
    threat: Floats
    opportunity: Floats
    guardianship_deficit: Floats
    contributions: Floats
    base: float
    missing: npt.NDArray[np.bool_]


def score(evaluated: Evaluated, weights: WeightSet) -> Scores:
    """Score every segment and shift.

    A pillar is the weighted mean of its indicators, floored at 0.02; the score is 100 x the
    product of pillar^weight. A missing indicator counts with its prior, and the interval runs
    from all missing ones at ``prior_lo`` to all at ``prior_hi``. Contributions are the exact
    Shapley values of the three pillars against all pillars at the floor (Shapley 1953, "A value
    for n-person games"), shared within a pillar in proportion to weight x value.

    Parameters
    ----------
    evaluated : Evaluated
        Values 0..1, NaN where missing.
    weights : WeightSet
        The weights and priors, with the same indicators in the same order.

    Raises
    ------
    InputError
        When the indicators are not those of the weight set.
    """
    values = evaluated.of(weights)
    shape = values.shape
    value = values.reshape(shape[0], -1)
    pillar, weight, between = as_arrays(weights)
    exponent = between[:, None]
    mean, missing = pillar_means(values, weights)
    mean = mean.reshape(3, 3, -1)
    powers = np.clip(mean[0], FLOOR, 1.0) ** exponent
    floor = FLOOR ** exponent[:, 0]
    total = 100.0 * powers.prod(axis=0)
    lo, hi = total, total
    if missing.any():
        lo, hi = (
            100.0 * (np.clip(bound, FLOOR, 1.0) ** exponent).prod(axis=0) for bound in mean[1:]
        )
        lo, hi = np.minimum(lo, total), np.maximum(hi, total)
    prior = np.array([i.prior for i in weights.indicators])
    contributions = _contributions(value, pillar, weight, prior, mean[0], powers, floor)
    cells = shape[1:]
    pillars = np.clip(mean[0], FLOOR, 1.0).reshape(3, *cells)
    return Scores(
        ids=evaluated.ids,
        score=total.reshape(cells),
        lo=lo.reshape(cells),
        hi=hi.reshape(cells),
        threat=pillars[0],
        opportunity=pillars[1],
        guardianship_deficit=pillars[2],
        contributions=contributions.reshape(shape),
        base=float(100.0 * floor.prod()),
        missing=missing,
    )


def pillar_means(value: Floats, weights: WeightSet) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the weighted means of the pillars, not floored, and what is missing.

    The means are ``[prior|lo|hi, pillar, segment, shift]``: with what is missing at its prior, at
    its lower and at its upper bound.
    """
    pillar, weight, _ = as_arrays(weights)
    priors = np.array([(i.prior, i.prior_lo, i.prior_hi) for i in weights.indicators])
    mean, missing = _means(value.reshape(len(value), -1), pillar, weight, priors)
    return mean.reshape(3, 3, *value.shape[1:]), missing.reshape(value.shape)


@numba.njit(cache=True)
def _means(
    value: Floats, pillar: npt.NDArray[np.int64], weight: Floats, priors: Floats
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return pillar means ``[prior|lo|hi, pillar, cell]`` and what is missing."""
    n_ind, n = value.shape
    mean = np.zeros((3, 3, n))
    missing = np.empty((n_ind, n), np.bool_)
    for k in range(n_ind):
        w, known, lacks = weight[k], value[k], missing[k]
        at, lo, hi = mean[0, pillar[k]], mean[1, pillar[k]], mean[2, pillar[k]]
        prior, prior_lo, prior_hi = priors[k]
        for c in range(n):  # rows taken out beforehand and no branches: the compiler vectorises
            v = known[c]
            lack = v != v
            lacks[c] = lack
            at[c] += w * (prior if lack else v)
            lo[c] += w * (prior_lo if lack else v)
            hi[c] += w * (prior_hi if lack else v)
    return mean, missing


@numba.njit(cache=True)
def _contributions(
    value: Floats,
    pillar: npt.NDArray[np.int64],
    weight: Floats,
    prior: Floats,
    mean: Floats,
    powers: Floats,
    floor: Floats,
) -> Floats:
    """Return Shapley points per indicator and cell.

    With three factors each either at its power a or its floor f, the Shapley value of factor 0 is
    (a0 - f0) (f1 f2 / 3 + (a1 f2 + f1 a2) / 6 + a1 a2 / 3).
    """
    n_ind, n = value.shape
    rate = np.empty((3, n))  # points per unit of weight x value
    for i in range(3):
        j, m = (i + 1) % 3, (i + 2) % 3
        for c in range(n):
            gain = powers[i, c] - floor[i]
            if mean[i, c] <= FLOOR:
                rate[i, c] = 0.0
                continue
            others = (floor[j] * floor[m] + powers[j, c] * powers[m, c]) / 3.0
            others += (powers[j, c] * floor[m] + floor[j] * powers[m, c]) / 6.0
            rate[i, c] = 100.0 * gain * others / mean[i, c]
    out = np.empty((n_ind, n))
    for k in range(n_ind):
        w, instead, known, points, per = weight[k], prior[k], value[k], out[k], rate[pillar[k]]
        for c in range(n):
            v = known[c]
            points[c] = per[c] * w * (instead if v != v else v)
    return out
