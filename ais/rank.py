"""Rank behaviours by how much each deserves a look, from stated factors that add up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from ais._rank_factors import factors
from ais._rank_model import MIN_DECISIONS, MIN_EACH, Model, TooLittle, fitted, too_little
from ais._rank_weights import BASE, FACTORS, NAMES
from ais.life import HAUNTS
from ais.schema import empty

__all__ = [
    "BASE",
    "FACTORS",
    "MIN_DECISIONS",
    "MIN_EACH",
    "PARTS",
    "RANKS",
    "Model",
    "RankRule",
    "TooLittle",
    "learn",
    "parts",
    "rank",
]

RANKS = pl.Schema({"event_id": pl.String(), "rank": pl.Float64(), "parts": pl.String()})
"""``rank`` is 0..1; ``parts`` a JSON list of objects with factor, value and effect (log-odds)."""
PARTS = pl.Schema(
    {
        "event_id": pl.String(),
        "factor": pl.String(),
        "value": pl.Float64(),
        "effect": pl.Float64(),
    }
)
"""What each factor brings: rank = 1 / (1 + exp(-sum of effects))."""


@dataclass(frozen=True)
class RankRule:
    """The weights by rule, in log-odds: of each kind on its own, and of each factor at value 1."""

    base: Mapping[str, float] = field(default_factory=lambda: dict(BASE))
    weights: Mapping[str, float] = field(
        default_factory=lambda: {f.name: f.weight for f in FACTORS}
    )


def rank(
    events: pl.DataFrame,
    profiles: pl.DataFrame,
    *,
    haunts: pl.DataFrame | None = None,
    context: pl.DataFrame | None = None,
    watched: Collection[int] = (),
    model: Model | None = None,
    rule: RankRule | None = None,
) -> pl.DataFrame:
    """Rank events from 0 (ordinary) to 1; 0.5 is as likely worth a look as not.

    The same tables give the same ranks, whatever the order of their rows.

    Parameters
    ----------
    events : DataFrame
        ``EVENTS``, all that were found: how seldom a thing is done is counted in them.
    profiles : DataFrame
        ``ais.life.PROFILES``; a vessel without a row is unknown.
    haunts : DataFrame, optional
        ``ais.life.HAUNTS``; without them no place is strange and no ground a boat's own.
    context : DataFrame, optional
        event_id and any of dark (share of the time, 0..1), shore_m (to the shore), landing_m (to
        the nearest landing place), berth_m (outside the nearest berth's circle), on_watchlist. A
        null is not known and counts neither way.
    watched : collection of int
        MMSIs on a watch list.
    model : Model, optional
        What was learned (`learn`); it is used where its ``used`` is true, else the rules are.

    Returns
    -------
    DataFrame
        ``RANKS``, by event id.
    """
    found = factors(events, profiles, empty(HAUNTS) if haunts is None else haunts, context, watched)
    use = rule or RankRule()
    base, weights, common = dict(use.base), dict(use.weights), 0.0
    if model is not None and model.used:
        base |= model.base
        weights |= model.weights
        common = model.common
    table = _weighed(found.with_row_index("at"), base, weights, common)
    odds = pl.col("effect").sum().round(4)
    # Rounded, since sums and exponentials may differ in the last digit by where a row stands.
    return (
        table.group_by("at", maintain_order=True)
        .agg(
            (1.0 / (1.0 + (-odds).exp())).round(9).alias("rank"),
            pl.struct("factor", "value", "effect").struct.json_encode().alias("parts"),
        )
        .with_columns(pl.format("[{}]", pl.col("parts").list.join(", ")))
        .join(found.with_row_index("at").select("at", "event_id"), on="at")
        .sort("at")
        .select(RANKS.names())
        .cast(RANKS)
    )


def _weighed(
    found: pl.DataFrame, base: Mapping[str, float], weights: Mapping[str, float], common: float
) -> pl.DataFrame:
    """Return at, factor, value, effect of all events: the kind first, then the strongest."""
    one = pl.lit(1.0).alias("value")
    of_kind = pl.col("kind").replace_strict(dict(base), default=0.0, return_dtype=pl.Float64)
    first = [found.select("at", pl.lit("kind").alias("factor"), one, of_kind.alias("effect"))]
    if common:
        all_ = pl.lit(common).alias("effect")
        first.append(found.select("at", pl.lit("decisions").alias("factor"), one, all_))
    rest = (
        found.select("at", *NAMES)
        .unpivot(index="at", variable_name="factor")
        .drop_nulls("value")
        .with_columns(
            (pl.col("value") * pl.col("factor").replace_strict(dict(weights)))
            .round(4)
            .alias("effect")
        )
        .filter(pl.col("effect") != 0)
    )
    stage = [f.with_columns(stage=pl.lit(k)) for k, f in enumerate([*first, rest])]
    return pl.concat(stage).sort(
        "at", "stage", pl.col("effect").abs(), "factor", descending=[False, False, True, False]
    )


def parts(ranks: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of ``RANKS`` as a table, ``PARTS``."""
    struct = pl.List(pl.Struct({c: t for c, t in PARTS.items() if c != "event_id"}))
    return (
        ranks.select("event_id", pl.col("parts").str.json_decode(struct))
        .explode("parts")
        .unnest("parts")
        .cast(PARTS)
    )


def learn(
    decisions: pl.DataFrame,
    events: pl.DataFrame,
    profiles: pl.DataFrame,
    *,
    haunts: pl.DataFrame | None = None,
    context: pl.DataFrame | None = None,
    watched: Collection[int] = (),
    rule: RankRule | None = None,
) -> Model | TooLittle:
    """Learn from reviewers' decisions what deserves a look, starting from the rules.

    A logistic regression (scikit-learn) on the factors that `rank` adds up, drawn to the rules'
    weights: few decisions change little. It is cross-validated vessel by vessel against the rules
    (given the same chance to be scaled), and used only where it is better.

    Parameters
    ----------
    decisions : DataFrame
        event_id, decision; ``confirm`` and ``dismiss`` count, others (undecided) do not. With a
        column ``t`` the last decision on an event counts; else one must be alone or agree.

    Returns
    -------
    Model or TooLittle
        TooLittle below 30 decisions, 8 of each, or 5 vessels; `rank` takes the rules then.
    """
    use = rule or RankRule()
    said = _said(decisions)
    decided = events.join(said, on="event_id")
    if lacking := too_little(decided):
        return lacking
    found = factors(events, profiles, empty(HAUNTS) if haunts is None else haunts, context, watched)
    judged = found.join(said, on="event_id").sort("event_id")
    return fitted(judged, base=use.base, weights=use.weights)


def _said(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return event_id and ``confirmed`` of what was decided."""
    told = decisions.filter(pl.col("decision").is_in(["confirm", "dismiss"]))
    if "t" in told.columns:
        told = told.sort("t", "decision").unique("event_id", keep="last", maintain_order=True)
    sure = pl.col("decision") == "confirm"
    return (
        told.group_by("event_id")
        .agg(sure.any().alias("confirmed"), (sure.any() & ~sure.all()).alias("split"))
        .filter(~pl.col("split"))
        .select("event_id", "confirmed")
    )
