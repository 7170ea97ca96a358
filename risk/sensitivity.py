"""Tell how far ranks and bands hang on the weights, fast enough to move a slider."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk import _sensitivity_kernels as kernels
from risk.bands import band_index
from risk.indicators import Evaluated
from risk.weights import PILLAR_LABEL, PILLARS, WeightSet, as_arrays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROLES = pl.Schema(
    {
        "factor": pl.String,
        "label_zh": pl.String,
        "label_en": pl.String,
        "pillar": pl.String,
        "weight": pl.Float64,
        "km_changed": pl.Float64,
        "km_up": pl.Float64,
        "km_down": pl.Float64,
        "mean_change": pl.Float64,
        "top_kept": pl.Float64,
    }
)
"""One row per factor, the one that moves most kilometres first; kilometres are means over shifts.
``km_up`` and ``km_down`` change to a higher and a lower band without the factor, ``mean_change``
is in points, ``top_kept`` is the share of the top's kilometres that stay in it."""


@dataclass(frozen=True)
class Draws:
    """Weights drawn around a set's own.

    ``within`` ``[draw, indicator]`` adds up to 1 in each pillar, ``between`` ``[draw, pillar]``
    to 1.
    """

    within: Floats
    between: Floats


@dataclass(frozen=True)
class Standing:
    """How sure a segment's place is, ``[segment, shift]``.

    ``top`` is the probability to be in the top share of the shore; ``rank`` is the middle rank (1
    is the highest score), ``rank_lo``..``rank_hi`` hold it in nine draws of ten.
    """

    top: Floats
    rank: Ints
    rank_lo: Ints
    rank_hi: Ints
    draws: int


def draw(weights: WeightSet, *, n: int, concentration: float = 50.0, seed: int = 0) -> Draws:
    """Draw weights from Dirichlet distributions around a set's.

    Between the pillars, and within each, the weights are Dirichlet with the parameters
    ``concentration`` x weight: their mean is the set's, and a weight w varies by
    sqrt(w (1 - w) / (concentration + 1)): at 50, a weight of 0.40 by 0.07 (Butler, Jia & Dyer
    1997, European Journal of Operational Research 103(3), vary all weights at once likewise).

    Parameters
    ----------
    weights : WeightSet
        The set.
    n : int
        How many draws.
    concentration : float
        How sure the weights are; more is surer.
    seed : int
        The same seed gives the same draws.

    Raises
    ------
    InputError
        When there would be no draw, or the concentration is not above 0.
    """
    problems = []
    if n < 1:
        problems.append(f"{n} draws were asked for")
    if not 0 < concentration < np.inf:
        problems.append(f"the concentration is {concentration:g}")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="weight uncertainty",
            mend="Ask for at least one draw, and a concentration above 0",
        )
    rng = np.random.default_rng(seed)
    pillar, within, between = as_arrays(weights)
    drawn = np.empty((n, len(pillar)))
    for j in range(len(PILLARS)):
        drawn[:, pillar == j] = rng.dirichlet(concentration * within[pillar == j], size=n)
    return Draws(drawn, rng.dirichlet(concentration * between, size=n))


def known_values(evaluated: Evaluated, weights: WeightSet) -> Floats:
    """Return the values as the score counts them: what is missing has its prior.

    Raises
    ------
    InputError
        When the indicators are not those of the weight set.
    """
    value = evaluated.of(weights)
    prior = np.array([i.prior for i in weights.indicators])[:, None, None]
    return np.where(np.isnan(value), prior, value)


def standing(
    evaluated: Evaluated,
    weights: WeightSet,
    length_km: Floats,
    *,
    draws: Draws,
    share: float = 0.05,
) -> Standing:
    """Tell in how many draws each segment is among the top kilometres of its shift.

    A segment is in the top where less than ``share`` of the shore scores higher: the one that
    reaches over the edge is in. Scores within 0.006 % of each other share a rank.

    Parameters
    ----------
    evaluated : Evaluated
        Values of n segments.
    weights : WeightSet
        For the priors of what is missing.
    length_km : array
        ``[n]``, kilometres of each segment.
    draws : Draws
        The weights, as `draw` makes them.
    share : float
        The share of all kilometres that is the top.

    Raises
    ------
    InputError
        When the indicators are not the set's, or the lengths or the share are impossible.
    """
    value = known_values(evaluated, weights)
    _check_shore(value, length_km, share)
    n, n_shift = value.shape[1:]
    pillar = as_arrays(weights)[0]
    top_km = share * float(length_km.sum())
    n_draws = len(draws.within)
    kth = np.array([int(0.05 * (n_draws - 1)), n_draws // 2, -int(-0.95 * (n_draws - 1) // 1)])

    def one(s: int) -> tuple[Ints, npt.NDArray[np.int32]]:
        rank = np.empty((n_draws, n), np.int32)
        inside = kernels.standings(
            np.ascontiguousarray(value[:, :, s]), pillar, draws.within, draws.between,
            length_km, top_km, rank,
        )  # fmt: skip
        sorted_there = np.partition(np.ascontiguousarray(rank.T), kth, axis=1)
        return inside, sorted_there[:, kth]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, range(n_shift)))
    inside = np.stack([f[0] for f in found], axis=1) if found else np.zeros((n, 0))
    ranks = np.stack([f[1] for f in found], axis=1) if found else np.zeros((n, 0, 3))
    lo, mid, hi = np.moveaxis(ranks.astype(np.int64), 2, 0)
    return Standing(inside / n_draws, mid, lo, hi, n_draws)


def roles(
    evaluated: Evaluated, weights: WeightSet, length_km: Floats, *, share: float = 0.05
) -> pl.DataFrame:
    """Score without each factor: how many kilometres change band, and how much of the top stays.

    Without an indicator, the others of its pillar take its weight in proportion; without a pillar
    (or the only indicator of one), the other pillars do.

    Parameters
    ----------
    evaluated : Evaluated
        Values of n segments.
    weights : WeightSet
        The set.
    length_km : array
        ``[n]``, kilometres of each segment.
    share : float
        The share of all kilometres that is the top.

    Returns
    -------
    polars.DataFrame
        ``ROLES``: the pillars and the indicators.

    Raises
    ------
    InputError
        As `standing`.
    """
    value = known_values(evaluated, weights)
    _check_shore(value, length_km, share)
    pillar, own_within, own_between = as_arrays(weights)
    n_ind, n_pil = len(pillar), len(PILLARS)
    within = np.tile(own_within, (1 + n_pil + n_ind, 1))
    between = np.tile(own_between, (1 + n_pil + n_ind, 1))
    for j in range(n_pil):
        between[1 + j, j] = 0.0
    for k in range(n_ind):
        row = 1 + n_pil + k
        same = pillar == pillar[k]
        if same.sum() == 1:
            between[row, pillar[k]] = 0.0
        else:
            within[row, k] = 0.0
            within[row, same] /= within[row, same].sum()
    between /= between.sum(axis=1, keepdims=True)

    flat = np.ascontiguousarray(value.reshape(n_ind, -1))
    scores = 100.0 * np.exp(kernels.log_scores(flat, pillar, within, between))
    scores = scores.reshape(-1, *value.shape[1:])
    km = np.asarray(length_km)[:, None] / value.shape[2]
    bands = band_index(scores)
    top = np.stack([top_of(s, length_km, share=share) for s in scores])
    moved = bands[1:] - bands[0]
    named: list[tuple[str, str, str, str, float]] = [
        (p, *PILLAR_LABEL[p], p, float(own_between[j])) for j, p in enumerate(PILLARS)
    ]
    named += [
        (i.id, i.label_zh, i.label_en, i.pillar, float(own_within[k]))
        for k, i in enumerate(weights.indicators)
    ]
    up, down = ((side * km).sum(axis=(1, 2)) for side in (moved > 0, moved < 0))
    mean_change = ((scores[1:] - scores[0]) * km).sum(axis=(1, 2)) / km.sum() / value.shape[2]
    kept = (top[1:] & top[0]) * km
    factor, label_zh, label_en, of_pillar, weight = zip(*named, strict=True)
    return pl.DataFrame(
        {
            "factor": factor,
            "label_zh": label_zh,
            "label_en": label_en,
            "pillar": of_pillar,
            "weight": weight,
            "km_changed": up + down,
            "km_up": up,
            "km_down": down,
            "mean_change": mean_change,
            "top_kept": kept.sum(axis=(1, 2)) / (top[0] * km).sum(),
        },
        schema=ROLES,
    ).sort("km_changed", "factor", descending=[True, False])


def top_of(score: Floats, length_km: Floats, *, share: float) -> npt.NDArray[np.bool_]:
    """Return which segments are among the top ``share`` of kilometres, ``[segment, shift]``.

    In where less than that share of the shore scores higher, as in `standing`, but to the last
    digit.
    """
    order = np.argsort(-score, axis=0, kind="stable")
    ordered = np.take_along_axis(score, order, axis=0)
    km = np.asarray(length_km)[order]
    above = km.cumsum(axis=0) - km
    new = np.ones(ordered.shape, np.bool_)
    new[1:] = ordered[1:] < ordered[:-1]
    above = np.maximum.accumulate(np.where(new, above, 0.0), axis=0)  # equal scores: the same
    inside = np.empty(score.shape, np.bool_)
    np.put_along_axis(inside, order, above < share * float(np.sum(length_km)), axis=0)
    return inside


def _check_shore(value: Floats, length_km: Floats, share: float) -> None:
    problems = []
    if np.shape(length_km) != value.shape[1:2]:
        problems.append(f"{np.size(length_km)} lengths for {value.shape[1]} segments")
    elif not len(length_km) or not (np.isfinite(length_km) & (np.asarray(length_km) > 0)).all():
        problems.append("there is no segment, or a length is not above 0 km")
    if not value.shape[2]:
        problems.append("there is no shift")
    if not 0.0 < share <= 1.0:
        problems.append(f"the top share is {share:g}")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="sensitivity",
            mend="Give every segment its length, one shift or more, and a share above 0 up to 1",
        )
