"""Measure what a forecast of incidents is worth along kilometres of shore.

Stretches are taken from the highest expected rate per kilometre down, until a share of the
kilometres is reached; the last stretch is taken in part. Stretches of one rate are taken
together, each by the same part: what a forecast does not tell apart earns its expectation, so
that cutting a stretch in two changes nothing and a constant forecast has a PAI of 1.
"""

import numpy as np
import polars as pl
from scipy.stats import chi2

from risk.history import Floats, Ints

SHARES = (0.01, 0.02, 0.05, 0.10, 0.20)
"""Shares of the kilometres of shore at which forecasts are compared."""

JUDGED_SHARE = 0.05
"""Share of the kilometres at which forecasts are judged."""

FLOOR = 0.01
"""Share of uniform by length mixed into every forecast before its logarithm is taken: one that
was sure of the wrong places loses ln(100) = 4.6 for an incident, not everything."""

# Rates that differ by less are one rate: expected / length is not exact.
_TIE = 1e-9


def caught(expected: Floats, length_km: Floats, *, shares: tuple[float, ...] = SHARES) -> Floats:
    """Return which part of each stretch is taken at each share of the kilometres.

    Parameters
    ----------
    expected : expected incidents per stretch, ``[n]``; only their order per kilometre counts.
    length_km : ``[n]``, above 0.
    shares : shares of the kilometres, 0..1.

    Returns
    -------
    ``[n, shares]``, 0..1. ``happened @ caught(...)`` is the weight of the incidents caught.
    """
    rate = expected / length_km
    order = np.argsort(-rate, kind="stable")
    ranked = rate[order]
    group = np.concatenate([[0], np.cumsum(ranked[1:] < ranked[:-1] * (1.0 - _TIE))])
    size = np.bincount(group, length_km[order])
    size = size / size.sum()
    start = np.concatenate([[0.0], np.cumsum(size)[:-1]])
    part = np.clip((np.array(shares) - start[:, None]) / size[:, None], 0.0, 1.0)
    out = np.empty((len(rate), len(shares)))
    out[order] = part[group]
    return out


def best(happened: Floats, length_km: Floats, *, shares: tuple[float, ...] = SHARES) -> Floats:
    """Return the most weight that as many kilometres could have caught, ``[shares]``."""
    found: Floats = happened @ caught(happened, length_km, shares=shares)
    return found


def curve(
    expected: Floats,
    happened: Floats,
    length_km: Floats,
    *,
    shares: tuple[float, ...] = SHARES,
) -> pl.DataFrame:
    """Return hit rate, PAI and PEI of one forecast.

    The hit rate is the share of the incidents' weight on the kilometres taken. PAI, the
    prediction accuracy index, is the hit rate over the share of the kilometres (Chainey, Tompson
    and Uhlig 2008, "The utility of hotspot mapping for predicting spatial patterns of crime",
    Security Journal 21, with kilometres for area). PEI, the prediction efficiency index, is PAI
    over the best that could be had with as many kilometres (Hunt 2016, "Do crime hot spots move?",
    dissertation, American University).

    Returns
    -------
    ``share, hit_rate, pai, pei``; null where nothing happened.
    """
    total = float(happened.sum())
    hits = happened @ caught(expected, length_km, shares=shares)
    most = best(happened, length_km, shares=shares)
    return pl.DataFrame({"share": shares, "hits": hits, "best": most}).select(
        "share",
        hit_rate=pl.when(total > 0).then(pl.col("hits") / total),
        pai=pl.when(total > 0).then(pl.col("hits") / total / pl.col("share")),
        pei=pl.when(total > 0).then(pl.col("hits") / pl.col("best")),
    )


def log_gain(expected: Floats, length_km: Floats, *, floor: float = FLOOR) -> Floats:
    """Return what an incident on each stretch gains in log score against uniform by length.

    In nats, ``[n]``: the logarithm of the forecast's share over the share of the kilometres,
    after ``floor`` of uniform has been mixed in. Its mean over incidents is the information gain
    per incident (Rhoades et al. 2011, "Efficient testing of earthquake forecasting models",
    Acta Geophysica 59, eq. 14), here of place alone: how many were expected is measured apart.
    A forecast that expects nothing anywhere counts as uniform.
    """
    uniform = length_km / length_km.sum()
    total = expected.sum()
    share = expected / total if total > 0 else uniform
    gained: Floats = np.log((1.0 - floor) * share / uniform + floor)
    return gained


def chance(expected: Floats) -> Floats:
    """Return the chance of at least one incident, 1 - exp(-expected): arrivals as Poisson's."""
    at_least_one: Floats = -np.expm1(-expected)
    return at_least_one


def brier(expected: Floats, happened: Floats) -> float:
    """Return the mean squared error of the chance of at least one incident on a stretch.

    Brier 1950, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78. Both arrays have one shape; each entry is one stretch in one period.
    """
    return float(np.mean((chance(expected) - (happened > 0)) ** 2))


def reliability(expected: Floats, happened: Floats, *, bins: int = 10) -> pl.DataFrame:
    """Compare the chance told with how often something happened, from the least to the most.

    Stretches x periods are ranked by their chance and cut into bins that expect about the same
    number of incidents: bins of equal width would leave all but the first empty. Equal chances
    stay in one bin.

    Returns
    -------
    ``bin, places`` (stretches x periods), ``chance`` (mean told), ``frequency`` (share where
    something happened) with its 95 % interval ``lo, hi`` (Wilson 1927, "Probable inference",
    JASA 22), ``expected, happened`` (incidents). Empty where nothing is expected.
    """
    told = expected.ravel()
    order = np.argsort(told, kind="stable")
    ranked = told[order]
    group = np.concatenate([[0], np.cumsum(ranked[1:] > ranked[:-1] * (1.0 + _TIE))])
    size = np.bincount(group, ranked)
    total = size.sum()
    if total <= 0:
        return pl.DataFrame(schema=_RELIABILITY)
    middle = (np.cumsum(size) - size / 2) / total
    which = np.minimum((middle * bins).astype(np.int64), bins - 1)[group]
    some = happened.ravel()[order]
    count = np.bincount(which, minlength=bins)
    frequency, lo, hi = wilson(np.bincount(which[some > 0], minlength=bins), count)
    table = pl.DataFrame(
        {
            "bin": np.arange(1, bins + 1),
            "places": count,
            "chance": np.bincount(which, chance(ranked), bins) / np.maximum(count, 1),
            "frequency": frequency,
            "lo": lo,
            "hi": hi,
            "expected": np.bincount(which, ranked, bins),
            "happened": np.bincount(which, some, bins),
        },
        schema=_RELIABILITY,
    )
    return table.filter(pl.col("places") > 0)


_RELIABILITY = pl.Schema(
    {
        "bin": pl.Int64,
        "places": pl.Int64,
        "chance": pl.Float64,
        "frequency": pl.Float64,
        "lo": pl.Float64,
        "hi": pl.Float64,
        "expected": pl.Float64,
        "happened": pl.Float64,
    }
)


def wilson(hits: Ints, count: Ints) -> tuple[Floats, Floats, Floats]:
    """Return a share and its 95 % interval (Wilson 1927); 0 and 0..1 where there is nothing."""
    z = 1.959964
    n = np.maximum(count, 1).astype(np.float64)
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    none = count == 0
    return (
        share,
        np.where(none, 0.0, np.clip(middle - half, 0.0, share)),
        np.where(none, 1.0, np.clip(middle + half, share, 1.0)),
    )


def poisson_interval(count: float) -> tuple[float, float]:
    """Return the 95 % interval of the mean of a Poisson count (Garwood 1936, Biometrika 28)."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count > 0 else 0.0
    return low, float(chi2.ppf(0.975, 2 * (count + 1))) / 2
