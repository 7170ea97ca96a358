"""Keep a share of the patrols for stretches that the plan leaves out, each with a known chance."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SHARES = (0.10, 0.20)
EXPLORED = pl.Schema(
    {
        "stretch": pl.UInt32(),
        "part": pl.String(),
        "probability": pl.Float64(),
        "chosen": pl.Boolean(),
    }
)
"""One row per stretch: ``part`` is ``plan`` or ``explore``, ``probability`` that it was to be
patrolled (1 for what the plan has), ``chosen`` whether it is."""


def kilometres(budget_km: float, *, share: float) -> tuple[float, float]:
    """Return a budget in two: for the plan, and for exploration.

    Raises
    ------
    InputError
        When the share is not 10 to 20 %, or the budget is below 0.
    """
    problems = []
    if not SHARES[0] <= share <= SHARES[1]:
        problems.append(f"the exploration share is {share:g}, expected {SHARES[0]} to {SHARES[1]}")
    if not (np.isfinite(budget_km) and budget_km >= 0.0):
        problems.append(f"the patrol budget is {budget_km:g} km, expected 0 or more")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="exploration",
            mend="Keep 10 to 20 % of the kilometres for stretches that the plan leaves out",
        )
    return budget_km * (1.0 - share), budget_km * share


def explore(
    planned: Bools, length_km: Floats, *, explore_km: float, seed: int | Sequence[int]
) -> pl.DataFrame:
    """Draw the stretches to patrol beside the plan; every one left out has the same chance.

    Systematic sampling along the shore from one random start (Madow & Madow 1944, Annals of
    Mathematical Statistics 15(1)): each stretch has exactly the probability that is logged, those
    drawn lie apart, and their number is at most one off its mean. Their kilometres are
    ``explore_km`` on average. Divide what is found there by the probability to know what there is.

    Parameters
    ----------
    planned : [n]
        Which stretches, in the order of the shore, the plan patrols anyway.
    length_km : [n]
        Their lengths.
    explore_km : float
        The kilometres kept for exploration, as `kilometres` gives them.
    seed : int or several
        The same seed draws the same stretches; take another one each shift.

    Returns
    -------
    DataFrame
        ``EXPLORED``, in the order of the stretches.
    """
    rest = np.flatnonzero(~planned)
    probability = planned.astype(np.float64)
    chosen = planned.copy()
    left_km = float(length_km[rest].sum())
    if left_km > 0.0:
        each = min(1.0, explore_km / left_km)
        probability[rest] = each
        start = np.random.default_rng(seed).random()
        # A stretch is drawn when its step of the running sum passes a whole number + start.
        steps = np.floor(np.arange(len(rest) + 1) * each + start)
        chosen[rest] = np.diff(steps) > 0.0
    return pl.DataFrame(
        {
            "stretch": np.arange(len(planned), dtype=np.uint32),
            "part": np.where(planned, "plan", "explore"),
            "probability": probability,
            "chosen": chosen,
        },
        schema=EXPLORED,
    )


def expected_effort(
    effort: pl.DataFrame, drawn: pl.DataFrame, segments: pl.DataFrame
) -> pl.DataFrame:
    """Return patrol effort in which what was drawn counts by its chance, not by the draw.

    A discovery on a stretch that was drawn says that it was drawn: the walk that found it is no
    sign of how often anybody walks there. The chance of one walk, drawn or not, takes its place
    (the design's own probability, as Horvitz & Thompson 1952 weigh by), in shifts of which
    patrols were noted at all; where none were, nobody may have gone.

    Parameters
    ----------
    effort : DataFrame
        ``segment_id, shift_start, km`` as noted.
    drawn : DataFrame
        ``segment_id, shift_start, probability, chosen`` of stretches left to exploration.
    segments : DataFrame
        ``segment_id, length_m``.

    Returns
    -------
    DataFrame
        ``segment_id, shift_start, km``.
    """
    key = ["segment_id", "shift_start"]
    kept = effort.select(*key, "km")
    told = drawn.join(effort.select("shift_start").unique(), on="shift_start")
    walked = kept.join(told.filter("chosen"), on=key, how="anti")
    by_chance = told.join(segments.select("segment_id", "length_m"), on="segment_id").select(
        *key, km=pl.col("probability") * pl.col("length_m") / 1000.0
    )
    return pl.concat([walked, by_chance])
