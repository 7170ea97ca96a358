"""Fit and foretell what recent incidents set off nearby."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from risk._past import Past
from risk.history import Floats, Ints

# Pairs further apart in time are not looked at: four of the longest means, e^-4 = 2 % is left.
_WINDOW_DAYS = 120.0
_MEAN_DAYS = (1.0, 30.0)
# What is assumed beforehand, worth so many incidents: none sets off another; a mean of 14 days.
_PRIOR_WEIGHT = 5.0
_PRIOR_DAYS = 14.0
_MOST_OFFSPRING = 0.9
_ROUNDS = 40


class _Pairs(NamedTuple):
    """Earlier and later incidents (rows), days between, and kernel of the later's stretch."""

    earlier: Ints
    later: Ints
    days: Floats
    share: Floats


def triggered(
    seen: Past, background: Floats, width: csr_array, days: float
) -> tuple[Floats, float]:
    """Return what past incidents are expected to set off, and which part of all was set off.

    Parameters
    ----------
    seen : what happened before the origin.
    background : share of the background on each incident's stretch, above 0.
    width : which share of what is set off on a row's stretch falls on each column's.
    days : from the origin to the end of the forecast.
    """
    none: Floats = np.zeros(width.shape[0])
    if len(seen.weight) < 2:
        return none, 0.0
    pairs = _pairs(seen, width)
    offspring, rate, part = _fitted(seen, background, pairs)
    left = np.exp(-rate * seen.age_days) - np.exp(-rate * (seen.age_days + days))
    sources = np.bincount(seen.segment, seen.weight * offspring * left, len(none))
    after: Floats = width.T @ sources
    return after, part


def _pairs(seen: Past, width: csr_array) -> _Pairs:
    """Return pairs of incidents within the window and within reach."""
    at = -seen.age_days
    until = np.searchsorted(at, at + _WINDOW_DAYS, side="right")
    since = np.searchsorted(at, at, side="right")
    count = until - since
    earlier = np.repeat(np.arange(len(at)), count)
    later = np.arange(len(earlier)) - np.repeat(np.cumsum(count) - count, count)
    later += np.repeat(since, count)
    places, row = np.unique(seen.segment, return_inverse=True)
    share = width[places][:, places].toarray()[row[earlier], row[later]]
    near = share > 0
    earlier, later = earlier[near], later[near]
    return _Pairs(earlier, later, at[later] - at[earlier], share[near])


def _fitted(seen: Past, background: Floats, pairs: _Pairs) -> tuple[float, float, float]:
    """Return offspring per incident, rate per day of the waiting time, and the part set off."""
    weight, age = seen.weight, seen.age_days
    total = weight.sum()
    base = total / max(age.max(), 1.0)
    offspring, rate, part = 0.2, 1.0 / _PRIOR_DAYS, 0.0
    source = weight[pairs.earlier] * pairs.share
    target = weight[pairs.later]
    for _ in range(_ROUNDS):
        pull = offspring * rate * np.exp(-rate * pairs.days) * source
        mean = base * background + np.bincount(pairs.later, pull, len(weight))
        by_pair = pull / mean[pairs.later] * target
        caused = by_pair.sum()
        base = (total - caused) / max(age.max(), 1.0)
        part = caused / (total + _PRIOR_WEIGHT)
        seen_through = weight @ -np.expm1(-rate * age)
        offspring = min(caused / (seen_through + _PRIOR_WEIGHT), _MOST_OFFSPRING)
        waited = by_pair @ pairs.days
        rate = (caused + _PRIOR_WEIGHT) / (waited + _PRIOR_WEIGHT * _PRIOR_DAYS)
        rate = min(max(rate, 1.0 / _MEAN_DAYS[1]), 1.0 / _MEAN_DAYS[0])
    return float(offspring), float(rate), float(part)
