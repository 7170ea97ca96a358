"""Whether a silent vessel was at a shore, and at which: a nested logit (docs/reach.md)."""

from dataclasses import astuple, dataclass, fields
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from ais._arrays import Floats, Ints


@dataclass(frozen=True)
class ReachWeights:
    """The model's parameters, in the order of docs/reach.md.

    The first three say whether the vessel was at any shore: a base, the logarithm of the hours to
    spare, and how much the segments' own sum counts. The others say at which: detour's share of
    the time to spare, logarithm of the detour, nearness to where it was heard, being right there,
    no time for a landing, landable share, lying ahead.
    """

    base: float
    spare: float
    choice: float
    detour_share: float
    detour: float
    near_end: float
    at_end: float
    hasty: float
    landable: float
    ahead: float


class Choices(NamedTuple):
    """What the model needs of silences: rows of all segments in reach, silence by silence.

    ``start`` is [silence + 1]; ``about`` [row, 7] are the figures that ``ReachWeights`` weighs, in
    its order; ``log_spare`` is of each silence, in hours, and 0 without a
    second end.
    """

    start: Ints
    segment: Ints
    about: Floats
    log_spare: Floats


def probabilities(of: Choices, weights: ReachWeights) -> tuple[Floats, Floats]:
    """Return the probability of each row, and of none for each silence."""
    total, share = _within(of, np.array(astuple(weights)[3:]))
    any_ = _any(of, total, np.array(astuple(weights)[:3]))
    return share * np.repeat(any_, np.diff(of.start)), 1.0 - any_


def fit(of: Choices, touched: Ints, start: ReachWeights, *, ridge: float = 1e-3) -> ReachWeights:
    """Return the weights under which what is known to have happened is likeliest.

    Parameters
    ----------
    touched : for each silence the segment that the vessel was at, -1 for none. A silence whose
        segment is not among the choices is left out.
    ridge : how strongly (per silence) weights are held towards 0.
    """
    count = np.diff(of.start)
    owner = np.repeat(np.arange(len(count)), count)
    hit = np.full(len(count), -1, dtype=np.int64)
    own = np.flatnonzero(of.segment == touched[owner])
    hit[owner[own]] = own
    used = (count > 0) & ((touched < 0) | (hit >= 0))

    def loss(w: Floats) -> tuple[float, Floats]:
        total, share = _within(of, w[3:])
        any_ = _any(of, total, w[:3])
        mean = _sums(of.start, share[:, None] * of.about)
        yes = used & (hit >= 0)
        no = used & (hit < 0)
        value = -np.log(np.maximum(1.0 - any_[no], 1e-12)).sum()
        value -= np.log(np.maximum(any_[yes] * share[hit[yes]], 1e-300)).sum()
        pull = np.where(yes, 1.0 - any_, -any_) * used
        # Without a segment in reach the sum is minus infinity, and the silence is not used.
        sums = np.where(count > 0, total, 0.0)
        first = np.array([pull.sum(), pull @ of.log_spare, pull @ sums])
        then = w[2] * (pull @ mean) + (of.about[hit[yes]] - mean[yes]).sum(axis=0)
        n = max(int(used.sum()), 1)
        return value / n + ridge * float(w @ w), -np.concatenate([first, then]) / n + 2 * ridge * w

    # The tide may count for nothing, but never against a landing.
    bounds = [(0.0 if one.name == "landable" else None, None) for one in fields(ReachWeights)]
    best = minimize(loss, np.array(astuple(start)), jac=True, method="L-BFGS-B", bounds=bounds)
    return ReachWeights(*(float(value) for value in best.x))


def _sums(start: Ints, rows: Floats) -> Floats:
    """Return the sums of rows silence by silence, 0 where there are none."""
    # Each by itself: a silence's figures may not depend on those it is asked together with.
    total = np.zeros((len(start) - 1, *rows.shape[1:]))
    some = np.diff(start) > 0
    if some.any():
        total[some] = np.add.reduceat(rows, start[:-1][some], axis=0)
    return total


def _within(of: Choices, weights: Floats) -> tuple[Floats, Floats]:
    """Return the logarithm of each silence's sum, and each row's share of it."""
    count = np.diff(of.start)
    utility = (of.about * weights).sum(axis=1)
    top = np.zeros(len(count))
    some = count > 0
    if some.any():
        top[some] = np.maximum.reduceat(utility, of.start[:-1][some])
    strength = np.exp(utility - np.repeat(top, count))
    total = _sums(of.start, strength)
    share = strength / np.repeat(np.maximum(total, 1e-300), count)
    with np.errstate(divide="ignore"):
        return top + np.log(total), share


def _any(of: Choices, total: Floats, weights: Floats) -> Floats:
    """Return the probability that the vessel was at any segment, 0 without one in reach."""
    some = np.isfinite(total)
    drive = weights[0] + weights[1] * of.log_spare + weights[2] * np.where(some, total, 0.0)
    return np.where(some, 1.0 / (1.0 + np.exp(-np.clip(drive, -50.0, 50.0))), 0.0)
