"""Say where a team has fewer people than the rules want."""

from datetime import date
from typing import Annotated, Self

import polars as pl
from pydantic import Field, model_validator

from duty._toml import Frozen, once, parse
from duty.posts import in_force
from duty.roles import ObjectKind

_Text = Annotated[str, Field(min_length=1)]
STAFFING = pl.Schema(
    {
        "rule": pl.String(),
        "object_kind": pl.String(),
        "object_id": pl.String(),
        "incidents": pl.Int64(),
        "mean": pl.Float64(),
        "needed": pl.Int64(),
        "there": pl.Int64(),
        "lacking": pl.Int64(),
        "why_zh": pl.String(),
        "why_en": pl.String(),
    }
)


class Step(Frozen):
    """From how many incidents a year on, how many people are wanted at least."""

    mean_from: Annotated[float, Field(ge=0)]
    least: Annotated[int, Field(ge=0)]


class Rule(Frozen):
    """A rule for the objects of one kind: whose posts count, over how many years, the steps."""

    id: _Text
    zh: _Text
    en: _Text
    source_zh: _Text
    source_en: _Text
    object_kind: ObjectKind
    roles: Annotated[tuple[_Text, ...], Field(min_length=1)]
    years: Annotated[int, Field(ge=1, le=20)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        begins = [step.mean_from for step in self.steps]
        if begins != sorted(set(begins)) or begins[0] != 0:
            raise ValueError(f"mean_from is {begins}; it must begin with 0 and increase")
        return self


class Rules(Frozen):
    """All rules."""

    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        once([rule.id for rule in self.rules])
        return self


def load(text: str, *, where: str) -> Rules:
    """Read rules from TOML text; raise InputError naming every problem."""
    return parse(Rules, text, where=where)


def staffing(
    rules: Rules,
    posts: pl.DataFrame,
    objects: pl.DataFrame,
    incidents: pl.DataFrame,
    day: date,
) -> pl.DataFrame:
    """Return per rule and object how many people are needed, there and lacking on a day.

    Parameters
    ----------
    rules : Rules
        What is wanted.
    posts : polars.DataFrame
        As for `duty.posts.answering`. Holders in force on the day count, away or not; deputies
        hold a post of their own or none, and do not count twice.
    objects : polars.DataFrame
        ``object_kind, object_id`` of the objects that there are.
    incidents : polars.DataFrame
        ``object_kind, object_id, year, incidents``. Of a rule's years the last is the one before
        the day's: a year that is still running has no mean. A year without a row had none.
    day : date
        The local day.

    Returns
    -------
    polars.DataFrame
        ``STAFFING`` by rule in their order, the most lacking first.
    """
    held = in_force(posts, day).filter(pl.col("deputy_of").is_null())
    found = [_by_rule(rule, held, objects, incidents, day.year) for rule in rules.rules]
    return pl.concat([STAFFING.to_frame(), *found])


def _by_rule(
    rule: Rule, held: pl.DataFrame, objects: pl.DataFrame, incidents: pl.DataFrame, year: int
) -> pl.DataFrame:
    on = ["object_kind", "object_id"]
    years = pl.col("year").is_between(year - rule.years, year - 1)
    happened = incidents.filter(years).group_by(on).agg(pl.col("incidents").sum())
    people = held.filter(pl.col("role").is_in(rule.roles)).group_by(on).agg(there=pl.len())
    needed = pl.lit(None, dtype=pl.Int64)
    for step in rule.steps:
        reached = pl.col("mean") >= step.mean_from
        needed = pl.when(reached).then(pl.lit(step.least)).otherwise(needed)
    span = f"{year - rule.years}–{year - 1}"
    return (
        objects.filter(pl.col("object_kind") == rule.object_kind)
        .select(on)
        .unique()
        .join(happened, on=on, how="left")
        .join(people, on=on, how="left")
        .with_columns(pl.col("incidents", "there").fill_null(0).cast(pl.Int64))
        .with_columns(mean=pl.col("incidents") / rule.years, rule=pl.lit(rule.id))
        .with_columns(needed=needed)
        .with_columns(lacking=(pl.col("needed") - pl.col("there")).clip(0))
        .with_columns(
            _mean=pl.col("mean").round(1).cast(pl.String),
            _zh=pl.lit(rule.zh),
            _en=pl.lit(rule.en),
        )
        .with_columns(
            why_zh=pl.format(
                f"{{}}（{span} 年年均 {{}} 起，依据：{{}}）", "_zh", "_mean", pl.lit(rule.source_zh)
            ),
            why_en=pl.format(
                f"{{}} ({span}: {{}} a year; by {{}})", "_en", "_mean", pl.lit(rule.source_en)
            ),
        )
        .sort("lacking", "object_id", descending=[True, False])
        .select(STAFFING.names())
        .cast(STAFFING)
    )
