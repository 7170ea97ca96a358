"""Say how many incidents are expected on the whole shore in a period."""

import numpy as np

from risk._learned_columns import Past
from risk.history import Floats

HALF_LIFE_D = 730.0
PRIOR_A_YEAR = 1.0
"""Incidents a year expected of a shore of which nothing is known, worth 18 days of seeing."""

PRIOR_D = 18.0
_YEAR_D = 365.25


def expected(before: Past, start: float, end: float) -> float:
    """Return how many incidents are expected between two days.

    A Gamma–Poisson rate with a memory of ``HALF_LIFE_D``, times the season: one harmonic of the
    year over the last whole years, shrunk by how far it is beyond chance (James–Stein). 0 or more,
    finite; the prior's rate if nothing has happened yet.
    """
    if len(before.day) == 0:
        return PRIOR_A_YEAR / _YEAR_D * (end - start)
    decay = np.log(2) / HALF_LIFE_D
    count = float(before.weight @ np.exp(-decay * (start - before.day)))
    # The first incident opens the time of seeing, so it does not count.
    first = int(np.argmin(before.day))
    span = start - float(before.day[first])
    count -= float(before.weight[first] * np.exp(-decay * span))
    seen = float(-np.expm1(-decay * span)) / decay
    rate = (count + PRIOR_A_YEAR / _YEAR_D * PRIOR_D) / (seen + PRIOR_D)
    middles = start + (np.arange(12) + 0.5) / 12 * (end - start)
    return float(rate * _season(before, start, middles).mean() * (end - start))


def _season(before: Past, start: float, at: Floats) -> Floats:
    """Return the factor of the time of year."""
    years = np.floor((start - before.day.min()) / _YEAR_D)
    inside = before.day >= start - years * _YEAR_D
    weight, turn = before.weight[inside], 2 * np.pi * before.day[inside] / _YEAR_D
    if years < 1 or weight.sum() <= 0:
        return np.ones(len(at))
    a = 2 * float(weight @ np.cos(turn)) / float(weight.sum())
    b = 2 * float(weight @ np.sin(turn)) / float(weight.sum())
    power = a**2 + b**2
    chance = 4 * float((weight**2).sum()) / float(weight.sum()) ** 2
    shrunk = max(0.0, 1 - chance / max(power, 1e-12))
    wave = a * np.cos(2 * np.pi * at / _YEAR_D) + b * np.sin(2 * np.pi * at / _YEAR_D)
    return np.maximum(0.1, 1 + shrunk * wave)
