"""Share the variance of an outcome among the weights, by SALib (an optional extra)."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import gammaincinv

from geo.errors import InputError
from risk import _sensitivity_kernels as kernels
from risk.indicators import Evaluated
from risk.sensitivity import Draws, known_values, top_of
from risk.weights import PILLARS, WeightSet, as_arrays

Floats = npt.NDArray[np.float64]
Outcome = Callable[[Draws], Floats]
"""Given weights, one figure per draw."""

# Quantiles beyond these are not drawn: the very ends have no finite gamma.
_SOBOL_ENDS = (1e-4, 1.0 - 1e-4)
_MORRIS_ENDS = (0.05, 0.95)
_LEVELS = 4
_CELLS_AT_ONCE = 4_000_000

SOBOL = pl.Schema(
    {
        "factor": pl.String,
        "first": pl.Float64,
        "first_pm": pl.Float64,
        "total": pl.Float64,
        "total_pm": pl.Float64,
    }
)
"""Share of the outcome's variance by a weight alone and with all that it interacts with, each
with the half width of its 95 % interval; null where the outcome does not vary."""

MORRIS = pl.Schema(
    {
        "factor": pl.String,
        "mean_effect": pl.Float64,
        "mean_size": pl.Float64,
        "spread": pl.Float64,
        "mean_size_pm": pl.Float64,
    }
)
"""Elementary effects of a weight (from its 5 % to its 95 % quantile): their mean, the mean of
their sizes, their standard deviation, and the half width of the 95 % interval of ``mean_size``."""


def sobol(
    outcome: Outcome,
    weights: WeightSet,
    *,
    n: int = 128,
    concentration: float = 50.0,
    seed: int = 0,
) -> pl.DataFrame:
    """Return first-order and total Sobol indices of the weights.

    The factors are the pillars and the indicators. Each has a gamma variable of its own, whose
    shares of their sum are the Dirichlet weights of `risk.sensitivity.draw`: independent factors,
    as the indices need (Saltelli et al. 2010, Computer Physics Communications 181(2)). The
    outcome is asked for n x (factors + 2) draws at once.

    Parameters
    ----------
    outcome : callable
        What is to be explained: `mean_score`, `segment_score`, `top_overlap` or one's own.
    weights : WeightSet
        The set.
    n : int
        Size of the sample; a power of 2.
    concentration : float
        How sure the weights are.
    seed : int
        The same seed gives the same sample.

    Returns
    -------
    polars.DataFrame
        ``SOBOL``, by total index.

    Raises
    ------
    InputError
        When SALib is not installed, or n is not a power of 2.
    """
    if n < 2 or n & (n - 1):
        raise InputError(
            f"the sample is of {n}", where="Sobol indices", mend="Take a power of 2, 128 say"
        )
    problem = _problem(weights, _SOBOL_ENDS)
    names = problem["names"]
    x = _salib("sample.sobol").sample(problem, n, calc_second_order=False, seed=seed)
    y = outcome(_draws(x, weights, concentration))
    if np.ptp(y) < 1e-12:
        nothing = [None] * len(names)
        return pl.DataFrame([names, nothing, nothing, nothing, nothing], schema=SOBOL, orient="col")
    # SALib wants a centred outcome for small samples (its own manual says so).
    found = _salib("analyze.sobol").analyze(
        problem, (y - y.mean()) / y.std(), calc_second_order=False, seed=seed
    )
    columns = [names, found["S1"], found["S1_conf"], found["ST"], found["ST_conf"]]
    table = pl.DataFrame(columns, schema=SOBOL, orient="col")
    return table.sort("total", "factor", descending=[True, False])


def morris(
    outcome: Outcome,
    weights: WeightSet,
    *,
    n: int = 32,
    concentration: float = 50.0,
    seed: int = 0,
) -> pl.DataFrame:
    """Return Morris elementary effects of the weights, a cheaper look than Sobol's.

    Factors as in `sobol`, over four levels (Morris 1991, Technometrics 33(2); mean of sizes by
    Campolongo, Cariboni & Saltelli 2007, Environmental Modelling & Software 22(10)). The outcome
    is asked for n x (factors + 1) draws at once.

    Parameters
    ----------
    outcome : callable
        As in `sobol`.
    weights : WeightSet
        The set.
    n : int
        How many ways through the levels.
    concentration : float
        How sure the weights are.
    seed : int
        The same seed gives the same sample.

    Returns
    -------
    polars.DataFrame
        ``MORRIS``, by ``mean_size``.

    Raises
    ------
    InputError
        When SALib is not installed.
    """
    problem = _problem(weights, (0.0, 1.0))
    x = _salib("sample.morris").sample(problem, n, num_levels=_LEVELS, seed=seed)
    lo, hi = _MORRIS_ENDS
    y = outcome(_draws(lo + (hi - lo) * x, weights, concentration))
    found = _salib("analyze.morris").analyze(problem, x, y, num_levels=_LEVELS, seed=seed)
    figures = (np.asarray(found[c]) for c in ("mu", "mu_star", "sigma", "mu_star_conf"))
    table = pl.DataFrame([problem["names"], *figures], schema=MORRIS, orient="col")
    return table.sort("mean_size", "factor", descending=[True, False])


def mean_score(evaluated: Evaluated, weights: WeightSet, length_km: Floats) -> Outcome:
    """Ask for the mean score by kilometres over all segments and shifts."""
    value, pillar = known_values(evaluated, weights), as_arrays(weights)[0]
    share = np.repeat(length_km / np.sum(length_km) / value.shape[2], value.shape[2])

    def outcome(draws: Draws) -> Floats:
        return np.concatenate([s @ share for s in _scores(value, pillar, draws)])

    return outcome


def segment_score(evaluated: Evaluated, weights: WeightSet, *, segment: int, shift: int) -> Outcome:
    """Ask for the score of one segment in one shift."""
    value, pillar = known_values(evaluated, weights), as_arrays(weights)[0]
    cell = value[:, segment : segment + 1, shift : shift + 1]

    def outcome(draws: Draws) -> Floats:
        return np.concatenate([s[:, 0] for s in _scores(cell, pillar, draws)])

    return outcome


def top_overlap(
    evaluated: Evaluated,
    weights: WeightSet,
    length_km: Floats,
    *,
    shift: int,
    share: float = 0.05,
) -> Outcome:
    """Ask how much of the set's top kilometres of one shift stays in the top."""
    value = known_values(evaluated, weights)[:, :, [shift]]
    pillar, within, between = as_arrays(weights)
    own = next(_scores(value, pillar, Draws(within[None], between[None])))
    km = np.asarray(length_km)[:, None]
    top = top_of(own.T, length_km, share=share)

    def outcome(draws: Draws) -> Floats:
        kept = [
            ((top_of(s.T, length_km, share=share) & top) * km).sum(axis=0)
            for s in _scores(value, pillar, draws)
        ]
        overlap: Floats = np.concatenate(kept) / (top * km).sum()
        return overlap

    return outcome


def _scores(value: Floats, pillar: npt.NDArray[np.int64], draws: Draws) -> Iterator[Floats]:
    """Yield scores ``[draw, cell]`` of some draws at a time, so that they fit in memory."""
    flat = np.ascontiguousarray(value.reshape(len(value), -1))
    step = max(1, _CELLS_AT_ONCE // max(flat.shape[1], 1))
    for at in range(0, len(draws.within), step):
        part = slice(at, at + step)
        logs = kernels.log_scores(flat, pillar, draws.within[part], draws.between[part])
        yield 100.0 * np.exp(logs)


def _draws(quantile: Floats, weights: WeightSet, concentration: float) -> Draws:
    """Return the weights at these quantiles ``[draw, pillars then indicators]``."""
    pillar, within, between = as_arrays(weights)
    n = len(PILLARS)
    gamma = gammaincinv(concentration * np.concatenate([between, within]), quantile)
    gamma = np.maximum(gamma, 1e-300)
    drawn = gamma[:, n:]
    for j in range(n):
        same = pillar == j
        drawn[:, same] /= drawn[:, same].sum(axis=1, keepdims=True)
    return Draws(drawn, gamma[:, :n] / gamma[:, :n].sum(axis=1, keepdims=True))


def _problem(weights: WeightSet, ends: tuple[float, float]) -> dict[str, Any]:
    """Return the factors as SALib names them: the pillars, then the indicators."""
    names = [*PILLARS, *weights.ids]
    return {"num_vars": len(names), "names": names, "bounds": [ends] * len(names)}


def _salib(module: str) -> ModuleType:
    if find_spec("SALib") is None:
        raise InputError(
            "SALib is not installed",
            where="Sobol and Morris indices",
            mend='Install it: pip install "shoregrid[sensitivity]"',
        )
    return import_module(f"SALib.{module}")
