"""Correct what patrols found for how much they patrolled, so that looking does not make risk.

Where patrols go, more is found; where more is found, patrols go: shares of a model fed with its
own discoveries run away from the truth (Lum & Isaac 2016, "To predict and serve?", Significance
13(5); Ensign et al. 2018, "Runaway Feedback Loops in Predictive Policing", PMLR 81).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk.explore import expected_effort

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DISCOVERED = "discovered"
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class EffortRule:
    """How discoveries are weighed; every figure is a judgement, frozen so that weights keep.

    Attributes
    ----------
    usual_passes : float
        Passes of a stretch a day at which a discovery counts 1.
    pass_finds : float
        The chance that one pass finds what is there, above 0 and below 1.
    days : float
        How many days before an incident its stretch's patrols are counted over.
    shrink_days : float
        As many days at the usual rate are counted in, so that a short record says little.
    most : float
        No discovery counts more than this, nor less than 1 / this.

    Raises
    ------
    InputError
        When a figure is out of its range.
    """

    usual_passes: float = 0.5
    pass_finds: float = 0.5
    days: float = 28.0
    shrink_days: float = 3.0
    most: float = 3.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        problems = [
            f"{name} is {getattr(self, name)}, expected more than 0"
            for name in ("usual_passes", "days", "shrink_days")
            if not getattr(self, name) > 0.0
        ]
        if not 0.0 < self.pass_finds < 1.0:
            problems.append(
                f"pass_finds is {self.pass_finds}, expected more than 0 and less than 1"
            )
        if not self.most >= 1.0:
            problems.append(f"most is {self.most}, expected 1 or more")
        if problems:
            raise InputError(
                "; ".join(problems),
                where="effort correction",
                mend="docs/feedback.md says what each figure means",
            )


def chance(passes: Floats, rule: EffortRule) -> Floats:
    """Return the chance that patrols find what is there for a day, by passes a day.

    1 - (1 - ``pass_finds``)^passes: passes look independently of each other (the exponential law
    of random search, Koopman 1946, "Search and Screening").
    """
    found: Floats = -np.expm1(np.asarray(passes, dtype=np.float64) * np.log1p(-rule.pass_finds))
    return found


def discovery_weight(passes: Floats, known_days: Floats, rule: EffortRule) -> Floats:
    """Return how much a discovery counts: the inverse of its chance, 1 at the usual rate.

    The estimator of Horvitz & Thompson 1952 (Journal of the American Statistical Association
    47(260)), on the scale of the usual rate, with the rate shrunk towards the usual one and the
    weight capped.

    Parameters
    ----------
    passes : [n]
        Passes over the whole stretch within the days before, 0 or more.
    known_days : [n]
        On how many of these days effort was noted at all; 0 gives 1.
    rule : EffortRule
    """
    known = np.asarray(known_days, dtype=np.float64)
    # What was noted, and shrink_days at the usual rate, over all of these days.
    daily = (passes + rule.usual_passes * rule.shrink_days) / (known + rule.shrink_days)
    usual = chance(np.array(rule.usual_passes), rule)
    weight: Floats = np.clip(usual / chance(daily, rule), 1.0 / rule.most, rule.most)
    return np.where(known > 0.0, weight, 1.0)


def effort_weights(
    t: Ints,
    stretch: Ints,
    source: pl.Series,
    effort: pl.DataFrame,
    *,
    rule: EffortRule | None = None,
) -> Floats:
    """Return how much each incident counts for how it came to be known: ``[n]``.

    Discoveries are weighed by the patrols along their stretch up to the incident, none later;
    what was reported, told from outside or tipped off hangs on no patrol and counts 1, and so
    does a discovery whose place or effort is not known.

    Parameters
    ----------
    t : [n]
        Milliseconds since 1970.
    stretch : [n]
        Rows of the shore, -1 where the place is not known.
    source : n strings
        ``reported``, ``discovered``, ``external`` or ``tip``; null is not known.
    effort : DataFrame
        ``t`` (milliseconds of the shift's start), ``stretch`` (row), ``passes`` (kilometres
        patrolled over the stretch's length).
    rule : EffortRule, optional
        The shipped one by default.
    """
    rule = rule or EffortRule()
    weight = np.ones(len(t))
    which = np.flatnonzero(source.eq_missing(DISCOVERED).to_numpy() & (stretch >= 0))
    if not len(which) or effort.is_empty():
        return weight
    sought = pl.DataFrame(
        {"row": which, "stretch": stretch[which].astype(np.int64), "at": t[which].astype(np.int64)}
    )
    span = int(rule.days * _DAY_MS)
    done = effort.select(pl.col("stretch", "t").cast(pl.Int64), "passes")
    walked = (
        sought.join(done, on="stretch")
        .filter((pl.col("t") <= pl.col("at")) & (pl.col("t") > pl.col("at") - span))
        .group_by("row")
        .agg(pl.col("passes").sum())
    )
    passes = (
        sought.join(walked, on="row", how="left", maintain_order="left")["passes"]
        .fill_null(0.0)
        .to_numpy()
    )
    # A day is known from its first patrol anywhere on: on days without one nobody kept the book.
    begun = np.sort(
        done.group_by(pl.col("t") // _DAY_MS).agg(first=pl.col("t").min())["first"].to_numpy()
    )
    at = sought["at"].to_numpy()
    known = np.searchsorted(begun, at, "right") - np.searchsorted(begun, at - span, "right")
    weight[which] = discovery_weight(passes, known.astype(np.float64), rule)
    return weight


def nearest(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return ``incident_id, segment``: the nearest of the segments that each is paired with."""
    return (
        pairs.sort("distance_m", "segment")
        .unique("incident_id", keep="first", maintain_order=True)
        .select("incident_id", pl.col("segment").cast(pl.Int64))
    )


def corrected(
    incidents: pl.DataFrame,
    pairs: pl.DataFrame,
    segments: pl.DataFrame,
    effort: pl.DataFrame | None,
    *,
    drawn: pl.DataFrame | None = None,
    rule: EffortRule | None = None,
) -> pl.DataFrame:
    """Return incidents with their ``weight`` (1 where null) times what `effort_weights` gives.

    Parameters
    ----------
    incidents, pairs, segments, effort : DataFrame
        As `risk.inputs.Inputs` holds them; an incident's stretch is its nearest segment. Without
        effort nothing is corrected.
    drawn : DataFrame, optional
        As `risk.inputs.Inputs` holds it: counted by chance (`risk.explore.expected_effort`).
    rule : EffortRule, optional
        The shipped one by default.
    """
    plain = incidents.with_columns(pl.col("weight").cast(pl.Float64).fill_null(1.0))
    if effort is None or effort.is_empty() or incidents.is_empty():
        return plain
    if drawn is not None:
        effort = expected_effort(effort, drawn, segments)
    at = plain.select("incident_id", "source", t=pl.col("t0").dt.epoch("ms")).join(
        nearest(pairs), on="incident_id", how="left", maintain_order="left"
    )
    rows = segments.select("segment_id", "length_m", stretch=pl.int_range(pl.len()))
    done = effort.join(rows, on="segment_id").select(
        "stretch",
        t=pl.col("shift_start").dt.epoch("ms"),
        passes=pl.col("km") * 1000.0 / pl.col("length_m"),
    )
    factor = effort_weights(
        at["t"].fill_null(0).to_numpy(),
        at["segment"].fill_null(-1).to_numpy(),
        at["source"],
        done,
        rule=rule,
    )
    return plain.with_columns(weight=pl.col("weight") * pl.Series(factor))
