"""Tell what a stretch's past and what is known of it say, as columns a model can learn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array

from risk._learned_places import joined, place_rates
from risk.history import Floats, Ints, Shore

Features = Callable[[datetime, datetime], tuple[Sequence[str], Floats]]
"""What is known of every stretch when a period begins: names, and values 0..1 ``[n, k]`` (NaN
where missing), the same names in the same order at every call."""

UNIFORM_WORTH = 5.0
"""So many incidents an even spread counts for: the prior of a Gamma–Poisson rate (Clayton and
Kaldor 1987, Biometrics 43: 671), so that one incident is not taken for a rate."""

REACHES = (0.0, 1.5, 4.0, 10.0)
"""Standard deviations of the kernels by shore distance, in stretches' lengths; 0 is the stretch."""

HALF_LIVES_D = (180.0, 730.0, float("inf"))
"""Half-lives of memory in days."""

PLACE_HALF_LIVES_D = (730.0, float("inf"))
"""Half-lives of memory of the counts that hot places are found in."""

REPEAT_REACH = 1.5
REPEAT_HALF_LIFE_D = 14.0
"""Near-repeats: within weeks and about a kilometre (Johnson et al. 2007, J. Quant. Criminol. 23:
201)."""

SEASON_REACH = 4.0
SEASON_SHARPNESS = 3.0
"""Concentration of the von Mises weight of earlier incidents by their time of year."""

_CUT = 3.0
_YEAR_D = 365.25


@dataclass(frozen=True)
class Past:
    """Incidents as arrays: days since an arbitrary zero, rows of the shore, weights."""

    day: Floats
    row: Ints
    weight: Floats


def past(history: pl.DataFrame, zero: datetime) -> Past:
    """Return a ``HISTORY`` as arrays, in days since ``zero``, in an order of its own."""
    ordered = history.sort("t", "segment", "weight", "source")
    day = (ordered["t"] - zero).dt.total_milliseconds().to_numpy() / 86_400_000
    return Past(
        np.asarray(day, dtype=np.float64),
        ordered["segment"].cast(pl.Int64).to_numpy(),
        ordered["weight"].to_numpy().astype(np.float64),
    )


def kernels(shore: Shore) -> dict[float, csr_array]:
    """Return matrices that spread a count by shore distance, by their reach in lengths.

    Gaussian, cut at three standard deviations, by kilometres of the stretch that receives; what a
    stretch gives sums to one, so that no incident is lost or doubled at a shore's end.
    """
    out = {}
    step = float(np.median(shore.length_km)) * 1000
    n = len(shore)
    for reach in sorted({*REACHES, REPEAT_REACH, SEASON_REACH} - {0.0}):
        near = shore.distance_m <= _CUT * reach * step
        value = np.exp(-0.5 * (shore.distance_m[near] / (reach * step)) ** 2)
        value = value * shore.length_km[shore.a[near]]
        matrix = coo_array((value, (shore.a[near], shore.b[near])), shape=(n, n)).tocsr()
        given = np.asarray(matrix.sum(axis=0)).ravel()
        # A stretch without pairs keeps what it has.
        lonely = coo_array((np.where(given > 0, 0.0, 1.0), (np.arange(n), np.arange(n))))
        scale = np.where(given > 0, 1 / np.where(given > 0, given, 1), 1.0)
        out[reach] = ((matrix + lonely.tocsr()) * scale[None, :]).tocsr()
    return out


def history_names() -> list[str]:
    """Return the names of the columns of the past."""
    names = [f"past {reach:g} {half_life:g}" for half_life in HALF_LIVES_D for reach in REACHES]
    return [*names, "near repeat", "season", *(f"places {h:g}" for h in PLACE_HALF_LIVES_D)]


def history_columns(
    shore: Shore, spread: dict[float, csr_array], before: Past, days: Floats, middles: Floats
) -> Floats:
    """Return what the past says at each of some times.

    Parameters
    ----------
    shore, spread
        The stretches, and their ``kernels``.
    before
        Incidents; at each time only those before it are seen.
    days, middles
        When periods begin and their middles, ``[b]``.

    Returns
    -------
    Floats
        ``[b, n, k]``: logarithms of Gamma–Poisson rates per km against the even spread.
    """
    n, b = len(shore), len(days)
    age = days[None, :] - before.day[:, None]
    seen = before.weight[:, None] * (age > 0)
    age = np.maximum(age, 0)
    put = csr_array(
        (np.ones(len(before.row)), (before.row, np.arange(len(before.row)))),
        shape=(n, len(before.row)),
    )
    even = shore.length_km / shore.length_km.sum()
    out = np.empty((b, n, len(history_names())))

    def rate(counts: Floats) -> Floats:
        total = counts.sum(axis=0)
        worth = (counts + UNIFORM_WORTH * even[:, None]) / even[:, None]
        return np.asarray(np.log(worth / (total + UNIFORM_WORTH)).T)

    k = 0
    for half_life in HALF_LIVES_D:
        counts = put @ (seen * 0.5 ** (age / half_life))
        for reach in REACHES:
            out[:, :, k] = rate(counts if reach == 0 else spread[reach] @ counts)
            k += 1
    recent = put @ (seen * 0.5 ** (age / REPEAT_HALF_LIFE_D))
    out[:, :, k] = rate(spread[REPEAT_REACH] @ recent)
    turn = 2 * np.pi * (middles[None, :] - before.day[:, None]) / _YEAR_D
    alike = put @ (seen * np.exp(SEASON_SHARPNESS * (np.cos(turn) - 1)))
    out[:, :, k + 1] = rate(spread[SEASON_REACH] @ alike)
    joint = joined(shore)
    for j, half_life in enumerate(PLACE_HALF_LIVES_D):
        counts = put @ (seen * 0.5 ** (age / half_life))
        out[:, :, k + 2 + j] = np.log(place_rates(counts, even, joint)).T
    return out


def feature_columns(
    features: Features, zero: datetime, starts: Floats, ends: Floats
) -> tuple[list[str], Floats]:
    """Return names, and what is known at the beginning of each period, ``[b, n, k]``."""
    names: list[str] = []
    values = []
    for t0, t1 in zip(starts, ends, strict=True):
        said, value = features(zero + timedelta(days=float(t0)), zero + timedelta(days=float(t1)))
        names = list(said)
        values.append(np.asarray(value, dtype=np.float64))
    return names, np.stack(values)
