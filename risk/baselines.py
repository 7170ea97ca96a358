"""Forecast incidents simply: what a better forecast has to beat.

All expect the same number in all, from the history's rate (``rate``), and differ in where. Each
mixes its pattern with uniform by length, so that nowhere is impossible; how much of it is fitted
on the history before the origin, by how well each incident is foretold by the others (leaving
one out: Silverman 1986, "Density Estimation", section 3.4.4). Where nothing is known, all are
uniform.
"""

from datetime import datetime

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from risk._past import Past, past, rate
from risk._triggering import triggered
from risk.history import Floats, Forecast, Shore

HALF_LIFE_DAYS = 180.0
"""Half-life of decayed counts and of the network kernel."""

_BACKGROUND_HALF_LIFE_DAYS = 730.0
_YEAR_DAYS = 365.25
_BANDWIDTHS = (0.125, 0.25, 0.5, 1.0)
_LEAST_UNIFORM = 0.01
_ROUNDS = 50


def baselines(shore: Shore) -> dict[str, Forecast]:
    """Return all baselines by name."""
    return {
        "uniform": uniform(shore),
        "last_year": last_year(shore),
        "decayed": decayed(shore),
        "kernel": kernel(shore),
        "near_repeat": near_repeat(shore),
    }


def uniform(shore: Shore) -> Forecast:
    """Forecast the same rate per kilometre everywhere."""

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        return _length_share(shore) * rate(past(history, t0)) * _days(t0, t1)

    return forecast


def last_year(shore: Shore) -> Forecast:
    """Forecast where incidents were in the last 365.25 days, each counting alike."""

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        seen = past(history, t0)
        counts = seen.weight * (seen.age_days <= _YEAR_DAYS)
        share, _, _ = _mixed(shore, seen, counts, None)
        return share * rate(seen) * _days(t0, t1)

    return forecast


def decayed(shore: Shore, *, half_life_days: float = HALF_LIFE_DAYS) -> Forecast:
    """Forecast where incidents were, each counting half as much after every half-life."""

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        seen = past(history, t0)
        share, _, _ = _mixed(shore, seen, seen.decayed(half_life_days), None)
        return share * rate(seen) * _days(t0, t1)

    return forecast


def kernel(shore: Shore, *, half_life_days: float = HALF_LIFE_DAYS) -> Forecast:
    """Forecast decayed counts spread along the shore.

    A quartic kernel of shore distance, so that nothing spreads over land; each incident's
    stretches share one incident among them, by kernel x length (Okabe and Sugihara 2012,
    "Spatial Analysis along Networks", chapter 9: mass is kept). The bandwidth is the eighth, the
    quarter, the half or the whole of what the shore's pairs reach, whichever foretells the
    history best. The narrowest may be no wider than a stretch: decayed counts.
    """
    widths = _widths(shore)

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        seen = past(history, t0)
        share, _ = _best_spread(shore, seen, seen.decayed(half_life_days), widths)
        return share * rate(seen) * _days(t0, t1)

    return forecast


def near_repeat(shore: Shore) -> Forecast:
    """Forecast a background and what recent incidents set off nearby.

    A self-exciting point process (Mohler et al. 2011, "Self-exciting point process modeling of
    crime", JASA 106; with exponential triggering and fitted by EM as Mohler 2014, "Marked point
    process hotspot maps", International Journal of Forecasting 30). The background is the
    network kernel's with a half-life of two years; what is set off falls within the narrowest
    kernel. How much and how long is fitted on the history, and is nothing without one.
    """
    widths = _widths(shore)

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        seen = past(history, t0)
        counts = seen.decayed(_BACKGROUND_HALF_LIFE_DAYS)
        share, foretold = _best_spread(shore, seen, counts, widths)
        days = _days(t0, t1)
        after, part = triggered(seen, foretold, widths[0], days)
        return share * rate(seen) * (1.0 - part) * days + after

    return forecast


def _days(t0: datetime, t1: datetime) -> float:
    return (t1 - t0).total_seconds() / 86_400.0


def _length_share(shore: Shore) -> Floats:
    share: Floats = shore.length_km / shore.length_km.sum()
    return share


def _widths(shore: Shore) -> list[csr_array]:
    reach_m = float(shore.distance_m.max(initial=0.0))
    return [_spread(shore, max(part * reach_m, 1.0)) for part in _BANDWIDTHS]


def _spread(shore: Shore, bandwidth_m: float) -> csr_array:
    """Return which share of an incident on each row's stretch goes to each column's."""
    n = len(shore)
    near = shore.distance_m < bandwidth_m
    a, b = shore.a[near], shore.b[near]
    part = (1.0 - (shore.distance_m[near] / bandwidth_m) ** 2) ** 2 * shore.length_km[b]
    part /= np.bincount(a, part, n)[a]
    return csr_array((part, (a, b)), shape=(n, n))


def _best_spread(
    shore: Shore, seen: Past, counts: Floats, widths: list[csr_array]
) -> tuple[Floats, Floats]:
    """Return the pattern of the bandwidth that foretells the history best, as ``_mixed`` does."""
    tried = [_mixed(shore, seen, counts, width) for width in widths]
    share, foretold, _ = max(tried, key=lambda found: found[2])
    return share, foretold


def _mixed(
    shore: Shore, seen: Past, counts: Floats, width: csr_array | None
) -> tuple[Floats, Floats, float]:
    """Return a pattern with its fitted part of uniform.

    Returns
    -------
    share : of the expected incidents on each stretch, ``[n]``, sums to 1.
    foretold : the share that the others give to each incident's stretch, ``[incidents]``.
    likelihood : mean logarithm of that over uniform's.
    """
    plain = _length_share(shore)
    total = counts.sum()
    pattern = np.bincount(seen.segment, counts, len(shore))
    own = counts
    if width is not None:
        pattern = width.T @ pattern
        own = counts * width.diagonal()[seen.segment]
    if not total > 0:
        return plain, plain[seen.segment], 0.0
    others = np.maximum(total - counts, 0.0)
    left = np.maximum(pattern[seen.segment] - own, 0.0)
    # Without others, and where only rounding is left of them, nothing foretells it.
    told = np.divide(left, others, out=np.zeros_like(left), where=others > 1e-9 * total)
    told[told < 1e-9] = 0.0
    here = plain[seen.segment]
    # Maximum likelihood by EM, from one incident that was uniform's.
    part = 0.5
    for _ in range(_ROUNDS):
        by_uniform = part * here / (part * here + (1.0 - part) * told)
        part = float((1.0 + seen.weight @ by_uniform) / (1.0 + seen.weight.sum()))
        part = min(max(part, _LEAST_UNIFORM), 1.0)
    foretold = part * here + (1.0 - part) * told
    likelihood = float(seen.weight @ np.log(foretold / here) / seen.weight.sum())
    return part * plain + (1.0 - part) * pattern / total, foretold, likelihood
