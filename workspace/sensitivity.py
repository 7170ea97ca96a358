"""How far the scores of one day hang on the weights of a set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk import sensitivity_indices
from risk.indicators import Evaluated
from risk.score import score
from risk.sensitivity import Draws, draw, roles, standing
from risk.sensitivity_flip import Flip, smallest_flip
from risk.shifts import Shift
from risk.weights import WeightSet
from workspace._export_choice import Selection, shifts_wanted
from workspace._run import need_coast
from workspace._weighed import evaluated
from workspace.folder import Workspace
from workspace.placing import segments

SPREAD = 0.07
"""How far a weight of 0.40 varies, as one standard deviation."""
_TYPICAL = 0.40

Method = Literal["sobol", "morris"]


@dataclass(frozen=True)
class Tried:
    """One set on the shifts of one day, with the scores that it gives, ``[segment, shift]``.

    ``shore`` has a row per segment: segment_id, shoreline_id, from_m, to_m, section_id, km.
    """

    weights: WeightSet
    shifts: tuple[Shift, ...]
    shore: pl.DataFrame
    indicators: Evaluated
    score: npt.NDArray[np.float64]

    @property
    def km(self) -> npt.NDArray[np.float64]:
        """Return the length of each segment."""
        return self.shore["km"].to_numpy()


def tried(
    ws: Workspace,
    weights: WeightSet,
    *,
    day: date | None = None,
    shift: str | None = None,
    now: datetime | None = None,
) -> Tried:
    """Evaluate a set on the shifts of a local day (today), or on one of them.

    ``shift`` is a local start ("22:00") or the number of the shift in its day, from 1.

    Raises
    ------
    InputError
        When there is no coast, or no such shift.
    """
    moment = now or datetime.now(UTC)
    need_coast(ws)
    chosen = day or moment.astimezone(ws.config.tz).date()
    wanted = shifts_wanted(ws, Selection(day=chosen, shift=shift), moment) or []
    indicators = evaluated(ws, weights, wanted, moment)
    cut = segments(ws)
    shore = pl.DataFrame(
        {
            **{name: cut[name].to_list() for name in ("segment_id", "shoreline_id")},
            **{name: cut[name].to_numpy() for name in ("from_m", "to_m")},
            "section_id": pl.Series(cut["section_id"].to_list(), dtype=pl.String),
            "km": cut["length_m"].to_numpy() / 1000.0,
        }
    )
    return Tried(weights, tuple(wanted), shore, indicators, score(indicators, weights).score)


def concentration(spread: float) -> float:
    """Return the Dirichlet concentration at which a weight of 0.40 varies by ``spread``."""
    return _TYPICAL * (1.0 - _TYPICAL) / spread**2 - 1.0


def standings(
    one: Tried, *, draws: int = 200, spread: float = SPREAD, seed: int = 0
) -> pl.DataFrame:
    """Return how sure each segment's place is, a row per segment and shift, the surest first.

    Columns shift_id, those of ``Tried.shore``, score, top (probability to be in the top 5 % of
    kilometres), rank, rank_lo, rank_hi (`risk.sensitivity.standing`).
    """
    drawn = draw(one.weights, n=draws, concentration=concentration(spread), seed=seed)
    found = standing(one.indicators, one.weights, one.km, draws=drawn)
    tables = [
        one.shore.with_columns(
            shift_id=pl.lit(shift.shift_id),
            score=pl.Series(one.score[:, column]),
            **{
                name: pl.Series(getattr(found, name)[:, column])
                for name in ("top", "rank", "rank_lo", "rank_hi")
            },
        )
        for column, shift in enumerate(one.shifts)
    ]
    table = pl.concat(tables).select("shift_id", pl.exclude("shift_id"))
    return table.sort("top", "score", descending=True, maintain_order=True)


def factors(one: Tried) -> pl.DataFrame:
    """Score without each factor (`risk.sensitivity.ROLES`)."""
    return roles(one.indicators, one.weights, one.km)


@dataclass(frozen=True)
class Pair:
    """Two segments in one shift; ``flip`` is None where they tie or no weights turn them."""

    shift_id: str
    first: float
    second: float
    flip: Flip | None


def flips(one: Tried, first: str, second: str) -> list[Pair]:
    """Find for each shift the least change of weights that turns the order of two segments.

    Raises
    ------
    InputError
        When a segment is not there, or both are the same.
    """
    at = {name: row for row, name in enumerate(one.shore["segment_id"])}
    unknown = [name for name in (first, second) if name not in at]
    if unknown:
        raise InputError(
            f"there is no segment {', '.join(unknown)}",
            where="--pair",
            mend="`shoregrid weights WS sensitivity --out FILE.csv` lists them.",
        )
    if first == second:
        raise InputError(
            f"both segments are {first}", where="--pair", mend="Name two different ones."
        )
    a, b = at[first], at[second]
    found = []
    for column, shift in enumerate(one.shifts):
        scores = float(one.score[a, column]), float(one.score[b, column])
        tie = abs(scores[0] - scores[1]) < 1e-9
        flip = None if tie else smallest_flip(
            one.indicators, one.weights, first=a, second=b, shift=column
        )  # fmt: skip
        found.append(Pair(shift.shift_id, *scores, flip))
    return found


def indices(one: Tried, method: Method, *, spread: float = SPREAD, seed: int = 0) -> pl.DataFrame:
    """Tell which weights decide what is in the top 5 % (`risk.sensitivity_indices`).

    The outcome is how much of the set's own top kilometres stays in the top, as a mean over the
    shifts. Columns are ``SOBOL`` or ``MORRIS``.

    Raises
    ------
    InputError
        When SALib is not installed.
    """
    of_shifts = [
        sensitivity_indices.top_overlap(one.indicators, one.weights, one.km, shift=column)
        for column in range(len(one.shifts))
    ]

    def outcome(draws: Draws) -> npt.NDArray[np.float64]:
        mean: npt.NDArray[np.float64] = np.mean([part(draws) for part in of_shifts], axis=0)
        return mean

    work = {"sobol": sensitivity_indices.sobol, "morris": sensitivity_indices.morris}[method]
    return work(outcome, one.weights, concentration=concentration(spread), seed=seed)


def settled(table: pl.DataFrame, shifts: Sequence[Shift]) -> tuple[float, float]:
    """Return the kilometres in the top in nine draws of ten, and in one to nine, per shift."""
    sure = table.filter(pl.col("top") >= 0.9)["km"].sum() / len(shifts)
    open_ = table.filter(pl.col("top").is_between(0.1, 0.9, closed="left"))["km"].sum()
    return float(sure), float(open_ / len(shifts))
