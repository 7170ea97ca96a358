"""What would help most in a workspace: what to mend, inspect, add or patrol, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from risk.inputs import Inputs
from risk.remedy import Measures, candidates, choose, effects, in_words
from risk.shifts import Shift
from workspace._run import need_coast, shifts_from
from workspace.evidence import CAMERA_M, evidence, inputs
from workspace.folder import Workspace
from workspace.placing import segments
from workspace.weighting import weight_set

_DAYS = 3


@dataclass(frozen=True)
class Remedies:
    """What might be done, as of when, and over which shifts risk is summed.

    ``every`` is `risk.remedy.EFFECTS` with text_zh, text_en, segment_id (the nearest it
    reaches), shoreline_id, chainage_m and section_id: each measure alone, the greatest fall
    first. ``plan`` has the same columns and ``together``: the best, each after those before it.
    ``lacking`` names the sources that are not there, whose measures are unknown.
    """

    every: pl.DataFrame
    plan: pl.DataFrame
    as_of: datetime
    shifts: tuple[Shift, ...]
    lacking: tuple[str, ...]


def remedies(
    ws: Workspace, day: date | None = None, *, top: int = 10, now: datetime | None = None
) -> Remedies:
    """Rank what would lower risk most over three local days from ``day`` (today) on.

    Measures are taken now, or at the beginning of a day that is past; the set in force weighs.

    Raises
    ------
    InputError
        When the workspace has no coast.
    """
    need_coast(ws)
    moment = now or datetime.now(UTC)
    wanted = shifts_from(ws, day or moment.astimezone(ws.config.tz).date(), _DAYS)
    as_of = moment if day is None else min(moment, wanted[0].t0)
    coming = [shift for shift in wanted if shift.t0 >= as_of]
    weights = weight_set(ws)
    known = inputs(ws, weights, coming)
    measures = candidates(known, as_of=as_of, kinds={"camera": CAMERA_M})
    alone = effects(known, coming, measures, as_of=as_of, weights=weights)
    best = choose(known, coming, measures, k=top, as_of=as_of, weights=weights)
    places = _places(ws, known, measures)
    names = _names(evidence(ws, weights).facilities, known.landing_places)
    every, plan = (
        in_words(found, known, names=names).join(
            places, on="measure", how="left", maintain_order="left"
        )
        for found in (alone, best)
    )
    sources = {
        "facilities": known.facilities,
        "inspections": known.inspections,
        "effort": known.effort,
    }
    lacking = tuple(name for name, table in sources.items() if table is None)
    return Remedies(every, plan, as_of, tuple(coming), lacking)


def _names(*tables: pl.DataFrame | None) -> dict[str, tuple[str, str]]:
    """Return the names (zh, en) of facilities and places by id."""
    keys = ("facility_id", "place_id")
    return {
        key: (zh, en or zh)
        for table, name in zip(tables, keys, strict=True)
        if table is not None
        for key, zh, en in table.select(name, "name", "name_en").iter_rows()
        if zh
    }


def _places(ws: Workspace, known: Inputs, measures: Measures) -> pl.DataFrame:
    """Return where each measure is: at its first target, in the section of its nearest segment."""
    cut = segments(ws)
    shore = pl.DataFrame(
        {
            "segment": range(len(cut)),
            "segment_id": cut["segment_id"].to_list(),
            "section_id": pl.Series(cut["section_id"].to_list(), dtype=pl.String),
            "at_shoreline": cut["shoreline_id"].to_list(),
            "at_m": ((cut["from_m"] + cut["to_m"]) / 2.0).to_numpy(),
        },
        schema_overrides={"segment": pl.Int64},
    )
    nearest = measures.reach.sort("distance_m", "segment").unique(
        "measure", keep="first", maintain_order=True
    )
    placed = _placed(((known.facilities, "facility_id"), (known.landing_places, "place_id")))
    first = measures.table.select("measure", target=pl.col("targets").list.first())
    return (
        first.join(nearest, on="measure", how="left")
        .join(shore, on="segment", how="left")
        .join(placed, on="target", how="left")
        .select(
            "measure",
            "segment_id",
            pl.coalesce("shoreline_id", "at_shoreline").alias("shoreline_id"),
            pl.coalesce("chainage_m", "at_m").round(1).alias("chainage_m"),
            "section_id",
        )
    )


def _placed(tables: Sequence[tuple[pl.DataFrame | None, str]]) -> pl.DataFrame:
    """Return ``target, shoreline_id, chainage_m`` of things that have a place on the shore."""
    empty = pl.DataFrame(
        schema={"target": pl.String, "shoreline_id": pl.String, "chainage_m": pl.Float64}
    )
    found = [
        table.select(pl.col(key).alias("target"), "shoreline_id", "chainage_m").drop_nulls()
        for table, key in tables
        if table is not None
    ]
    return pl.concat([empty, *found]).unique("target", keep="first", maintain_order=True)
