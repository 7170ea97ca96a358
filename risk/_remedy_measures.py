"""List what might be done against risk: measures, and which segments each reaches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from risk.history import Shore
from risk.inputs import Inputs

MEASURES = pl.Schema(
    {
        "measure": pl.String(),
        "what": pl.String(),
        "kind": pl.String(),
        "targets": pl.List(pl.String()),
        "range_m": pl.Float64(),
    }
)
"""One row per measure. ``what`` is mend (facilities ``targets``), inspect (places), add (a facility
of ``kind`` with ``range_m`` at a place or segment) or patrol (once along segments)."""

REACH = pl.Schema({"measure": pl.String(), "segment": pl.Int64(), "distance_m": pl.Float64()})
"""Which segment rows a measure reaches, once each, with the shore distance."""

_OUT = ("broken", "missing")


@dataclass(frozen=True)
class Measures:
    """What might be done (``MEASURES``), and where it tells (``REACH``)."""

    table: pl.DataFrame
    reach: pl.DataFrame

    def __len__(self) -> int:
        """Return how many measures there are."""
        return len(self.table)

    def only(self, names: Iterable[str]) -> "Measures":
        """Return those of some names."""
        keep = pl.col("measure").is_in(list(names))
        return Measures(self.table.filter(keep), self.reach.filter(keep))

    def without(self, names: Iterable[str]) -> "Measures":
        """Return all but those of some names."""
        keep = ~pl.col("measure").is_in(list(names))
        return Measures(self.table.filter(keep), self.reach.filter(keep))

    def parts(self, most_rows: int) -> Iterator["Measures"]:
        """Yield some measures at a time, of about so many rows of reach."""
        counts = self.table.select("measure").join(
            self.reach.group_by("measure").len(), on="measure", how="left", maintain_order="left"
        )
        part = (counts["len"].fill_null(0).cum_sum() // most_rows).alias("part")
        for names in counts.with_columns(part).partition_by("part", maintain_order=True):
            yield self.only(names["measure"].to_list())


def candidates(
    inputs: Inputs,
    *,
    as_of: datetime,
    kinds: Mapping[str, float] | None = None,
    near: Shore | None = None,
    patrol_km: float = 2.0,
) -> Measures:
    """List what might be done: mend, inspect, add and patrol.

    Every facility out of order can be mended, and all those together that share their nearest
    segment; every place that is overdue can be inspected; a facility of each of ``kinds`` can be
    added at every landing place, and at every segment where ``near`` is given; every stretch of
    about ``patrol_km`` can be patrolled once. What rests on a source that does not exist is left
    out: what it would change is unknown.

    Parameters
    ----------
    inputs : Inputs
        What is known.
    as_of : datetime
        The aware instant at which a place is overdue or not.
    kinds : mapping of str to float, optional
        Kinds of facility that can be added, with their range in metres; none by default.
    near : Shore, optional
        Near pairs of the segments, for facilities that stand at no landing place.
    patrol_km : float
        The length of a stretch.
    """
    lists = [
        _mendable(inputs),
        _overdue(inputs, as_of),
        *_new_at_places(inputs, kinds or {}),
        *_new_at_segments(inputs, kinds or {}, near),
        _patrols(inputs, patrol_km),
    ]
    empty = (pl.DataFrame(schema=MEASURES), pl.DataFrame(schema=REACH))
    tables, reaches = zip(empty, *(found for found in lists if found), strict=True)
    reach = pl.concat(reaches).group_by("measure", "segment").agg(pl.col("distance_m").min())
    return Measures(pl.concat(tables), reach.sort("measure", "segment"))


_Found = tuple[pl.DataFrame, pl.DataFrame]


def _named(what: str, grouped: pl.DataFrame, pairs: pl.DataFrame, key: str) -> _Found:
    """Return measures on groups of things (``targets``), reaching what the things reach."""
    table = grouped.select(
        measure=pl.lit(f"{what}:") + pl.col("targets").list.join("+"),
        what=pl.lit(what),
        kind=pl.lit(None, pl.String),
        targets="targets",
        range_m=pl.lit(None, pl.Float64),
    )
    reach = (
        table.select("measure", pl.col("targets").alias(key))
        .explode(key)
        .join(pairs.with_columns(pl.col(key).cast(pl.String)), on=key)
        .select("measure", pl.col("segment").cast(pl.Int64), pl.col("distance_m").cast(pl.Float64))
    )
    return table, reach


def _mendable(inputs: Inputs) -> _Found | None:
    if inputs.facilities is None or inputs.facility_pairs is None:
        return None
    out = inputs.facilities.filter(pl.col("status").is_in(_OUT)).select(
        pl.col("facility_id").cast(pl.String)
    )
    pairs = inputs.facility_pairs.with_columns(pl.col("facility_id").cast(pl.String))
    nearest = out.join(pairs, on="facility_id").sort("distance_m", "segment")
    together = (
        nearest.unique("facility_id", keep="first", maintain_order=True)
        .group_by("segment")
        .agg(targets=pl.col("facility_id").sort())
        .filter(pl.col("targets").list.len() > 1)
    )
    single = out.select(targets=pl.concat_list("facility_id"))
    grouped = pl.concat([single, together.select("targets")]).sort("targets")
    return _named("mend", grouped, pairs, "facility_id")


def _overdue(inputs: Inputs, as_of: datetime) -> _Found | None:
    places, done = inputs.landing_places, inputs.inspections
    if places is None or inputs.place_pairs is None or done is None:
        return None
    last = (
        done.filter(pl.col("t").cast(pl.Datetime("ms")) <= utc(as_of))
        .group_by("place_id")
        .agg(last=pl.col("t").max().cast(pl.Datetime("ms")))
    )
    due = pl.col("last") + pl.duration(hours=pl.col("cadence_days") * 24)
    late = (
        places.filter(pl.col("cadence_days") > 0)
        .join(last, on="place_id", how="left")
        .filter(pl.col("last").is_null() | (due < utc(as_of)))
        .sort("place_id")
        .select(targets=pl.concat_list(pl.col("place_id").cast(pl.String)))
    )
    return _named("inspect", late, inputs.place_pairs, "place_id")


def _new_at_places(inputs: Inputs, kinds: Mapping[str, float]) -> Iterator[_Found]:
    places, pairs = inputs.landing_places, inputs.place_pairs
    if inputs.facilities is None or places is None or pairs is None:
        return
    single = places.sort("place_id").select(
        targets=pl.concat_list(pl.col("place_id").cast(pl.String))
    )
    for kind, range_m in kinds.items():
        yield _new(kind, range_m, single, pairs, "place_id")


def _new_at_segments(
    inputs: Inputs, kinds: Mapping[str, float], near: Shore | None
) -> Iterator[_Found]:
    if inputs.facilities is None or near is None:
        return
    ids = inputs.segments["segment_id"].cast(pl.String)
    pairs = pl.DataFrame(
        {"segment_id": ids.gather(near.a), "segment": near.b, "distance_m": near.distance_m}
    )
    single = pl.DataFrame({"targets": ids}).select(targets=pl.concat_list("targets"))
    for kind, range_m in kinds.items():
        yield _new(kind, range_m, single, pairs, "segment_id")


def _new(kind: str, range_m: float, single: pl.DataFrame, pairs: pl.DataFrame, key: str) -> _Found:
    table, reach = _named(f"add:{kind}", single, pairs, key)
    return (
        table.with_columns(
            what=pl.lit("add"), kind=pl.lit(kind), range_m=pl.lit(range_m, pl.Float64)
        ),
        reach,
    )


def _patrols(inputs: Inputs, patrol_km: float) -> _Found | None:
    if inputs.effort is None:
        return None
    rows = inputs.segments.select(
        pl.col("segment_id").cast(pl.String),
        "shoreline_id",
        stretch=(pl.col("from_m") / (1000.0 * patrol_km)).floor(),
        segment=pl.int_range(pl.len(), dtype=pl.Int64),
        distance_m=pl.lit(0.0),
    )
    grouped = rows.group_by("shoreline_id", "stretch", maintain_order=True).agg(
        targets=pl.col("segment_id")
    )
    named = pl.lit("patrol:") + pl.col("targets").list.first()
    table, reach = _named("patrol", grouped, rows, "segment_id")
    short = table.select("measure", short=named)
    reach = reach.join(short, on="measure").with_columns(measure="short").drop("short")
    return table.with_columns(measure=named), reach


def utc(t: datetime) -> pl.Expr:
    """Return an aware instant as a UTC time without a zone."""
    return pl.from_epoch(pl.lit(round(t.timestamp() * 1000.0)), time_unit="ms")
