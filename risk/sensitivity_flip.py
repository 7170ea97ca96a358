"""Find the least change of weights that turns the order of two segments."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from geo.errors import InputError
from risk.indicators import Evaluated
from risk.score import FLOOR
from risk.sensitivity import known_values
from risk.weights import PILLARS, WeightSet, as_arrays

Floats = npt.NDArray[np.float64]
Scope = Literal["pillars", "all"]

# How far past the tie, in the logarithm of the score: 0.0001 % of it.
_PAST = 1e-6
_LEAST = 1e-6  # no weight is less: a set without one would be another set


@dataclass(frozen=True)
class Flip:
    """The set in which the lower one of two segments scores (barely) higher.

    ``weights`` is the changed set; ``distance`` the Euclidean distance of the changed shares from
    the set's (of pillars, or of all indicators in the whole, by scope); ``moved`` how much of the
    whole weight goes from some factors to others (half the sum of absolute changes).
    """

    weights: WeightSet
    distance: float
    moved: float


def smallest_flip(
    evaluated: Evaluated,
    weights: WeightSet,
    *,
    first: int,
    second: int,
    shift: int,
    scope: Scope = "all",
) -> Flip | None:
    """Find the least change of weights after which two segments have changed places.

    The logarithm of the score is linear in the weights of the pillars: with ``scope`` "pillars"
    the nearest weights of a tie are the foot of the perpendicular on a line in the triangle of
    weights, or an end of that line, exactly. With "all" every indicator's share of the whole
    (pillar x its weight in it) may move; that is not convex, so the answer is the best of several
    descents (SLSQP, Kraft 1988, DFVLR-FB 88-28), one from the exact answer for pillars; a nearer
    one may exist. Shares are never negative.

    Parameters
    ----------
    evaluated : Evaluated
        Values; what is missing counts with its prior.
    weights : WeightSet
        The set.
    first, second : int
        Rows of two segments, in any order.
    shift : int
        The shift's column.
    scope : {"pillars", "all"}
        Which weights may change.

    Returns
    -------
    Flip or None
        None where no weights turn the order (the one is nowhere lower than the other), or none
        were found.

    Raises
    ------
    InputError
        When the two are the same or tie already, or the indicators are not the set's.
    """
    value = known_values(evaluated, weights)[:, [first, second], shift]
    pillar, within, between = as_arrays(weights)
    lead = _lead(value, pillar, within * between[pillar])
    if first == second or abs(lead) < 1e-12:
        raise InputError(
            f"segments {first} and {second} have the same score",
            where="smallest flip",
            mend="Choose two segments whose scores differ",
        )
    if lead < 0:
        value = value[:, ::-1]
    exact = _pillars(_pillar_gap(value, pillar, within), between)
    if scope == "pillars":
        return None if exact is None else _flip(weights, within, exact, exact - between)
    return _all(value, weights, exact)


def _pillar_gap(value: Floats, pillar: npt.NDArray[np.int64], within: Floats) -> Floats:
    """Return by pillar how much higher the first's logarithm is."""
    mean = np.stack([np.bincount(pillar, within * v) for v in value.T])
    logs = np.log(np.clip(mean, FLOOR, 1.0))
    gap: Floats = logs[0] - logs[1]
    return gap


def _lead(value: Floats, pillar: npt.NDArray[np.int64], shares: Floats) -> float:
    """Return how much higher the first's logarithm is, with these shares of the whole."""
    between = np.bincount(pillar, shares)
    return float(_pillar_gap(value, pillar, shares / between[pillar]) @ between / between.sum())


def _pillars(gap: Floats, between: Floats) -> Floats | None:
    """Return the nearest pillar weights with ``gap`` x weights = -_PAST, None where there are none.

    They lie on a line in the plane of weights that add up to 1.
    """
    along = np.cross(np.ones(3), gap)
    size = np.linalg.norm(along)
    if size < 1e-12:
        return None  # every pillar tells the two apart alike
    along /= size
    rows = np.stack([np.ones(3), gap])
    foot = between + np.linalg.pinv(rows) @ (np.array([1.0, -_PAST]) - rows @ between)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = (_LEAST - foot) / along  # where a weight becomes the least
    up, down = along > 1e-12, along < -1e-12
    if (foot[~up & ~down] < _LEAST).any():
        return None
    lo = ends[up].max(initial=-np.inf)
    hi = ends[down].min(initial=np.inf)
    if lo > hi:
        return None
    nearest: Floats = foot + np.clip(0.0, lo, hi) * along
    return nearest


def _all(value: Floats, weights: WeightSet, exact: Floats | None) -> Flip | None:
    pillar, within, between = as_arrays(weights)
    own = within * between[pillar]
    constraints = [
        {"type": "eq", "fun": lambda g: g.sum() - 1.0},
        {"type": "ineq", "fun": lambda g: -_PAST - _lead(value, pillar, g)},
    ]
    # What speaks for the second alone, and for it within each pillar, and the pillars' answer.
    against = np.maximum(value[:, 1] - value[:, 0], 0.0)
    starts = [own] if exact is None else [own, within * exact[pillar]]
    if against.any():
        starts += [
            (1.0 - a) * own + a * against / against.sum() for a in (0.25, 0.6, 0.95)
        ]  # fmt: skip
    best: Floats | None = None
    for start in starts:
        found = minimize(
            lambda g: float(((g - own) ** 2).sum()) * 1e2,
            np.clip(start, _LEAST, 1.0),
            jac=lambda g: 2e2 * (g - own),
            method="SLSQP",
            bounds=[(_LEAST, 1.0)] * len(own),
            constraints=constraints,
            options={"maxiter": 300, "ftol": 1e-14},
        )
        for g in (found.x, start):
            g = np.clip(g, _LEAST, 1.0)
            g = g / g.sum()
            if _lead(value, pillar, g) < 0 and (
                best is None or np.linalg.norm(g - own) < np.linalg.norm(best - own)
            ):
                best = g
    if best is None:
        return None
    changed = np.bincount(pillar, best).astype(np.float64)
    return _flip(weights, best / changed[pillar], changed, best - own)


def _flip(weights: WeightSet, within: Floats, between: Floats, change: Floats) -> Flip:
    changed = weights.model_copy(
        update={
            "pillars": {p: float(between[j]) for j, p in enumerate(PILLARS)},
            "indicators": tuple(
                i.model_copy(update={"weight": float(w)})
                for i, w in zip(weights.indicators, within, strict=True)
            ),
        }
    )
    return Flip(changed, float(np.linalg.norm(change)), float(np.abs(change).sum() / 2.0))
