"""List measures, and make the tables as they would be after each of them, side by side."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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

_TOUCHED: dict[str, tuple[str, ...]] = {
    "facilities": ("facility_cover", "facility_broken", "camera_cover"),
    "inspections": ("inspection_overdue",),
    "effort": ("patrol_cover",),
}
_PLACE_OF_WORK = {
    "mend": "facilities", "add": "facilities", "inspect": "inspections", "patrol": "effort",
}  # fmt: skip
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
        done.filter(pl.col("t").cast(pl.Datetime("ms")) <= _utc(as_of))
        .group_by("place_id")
        .agg(last=pl.col("t").max().cast(pl.Datetime("ms")))
    )
    due = pl.col("last") + pl.duration(hours=pl.col("cadence_days") * 24)
    late = (
        places.filter(pl.col("cadence_days") > 0)
        .join(last, on="place_id", how="left")
        .filter(pl.col("last").is_null() | (due < _utc(as_of)))
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


def _utc(t: datetime) -> pl.Expr:
    return pl.from_epoch(pl.lit(round(t.timestamp() * 1000.0)), time_unit="ms")


def apply(inputs: Inputs, measures: Measures, *, as_of: datetime) -> Inputs:
    """Return the inputs as they would be with all of the measures taken at ``as_of``."""
    targets = _targets(measures)
    mend = targets.filter(pl.col("what") == "mend")["target"].to_list()
    new = measures.table.filter(pl.col("what") == "add")
    if inputs.facilities is not None and inputs.facility_pairs is not None:
        mended = pl.col("facility_id").cast(pl.String).is_in(mend)
        facilities = inputs.facilities.with_columns(
            status=pl.when(mended).then(pl.lit("working")).otherwise("status")
        )
        reach = measures.reach.join(new, on="measure", how="semi")
        inputs = replace(
            inputs,
            facilities=_with(facilities, _facility_rows(new)),
            facility_pairs=_with(
                inputs.facility_pairs.with_columns(pl.col("segment").cast(pl.Int64)),
                reach.rename({"measure": "facility_id"}),
            ),
        )
        if inputs.camera_views is not None:
            views = inputs.camera_views.with_columns(pl.col("segment").cast(pl.Int64))
            inputs = replace(inputs, camera_views=_with(views, _views(measures.reach, new)))
    seen = targets.filter(pl.col("what") == "inspect").select(place_id="target")
    if inputs.inspections is not None:
        inputs = replace(inputs, inspections=_with(inputs.inspections, _at(seen, "t", as_of)))
    walked = targets.filter(pl.col("what") == "patrol").select(segment_id="target")
    if inputs.effort is not None:
        km = inputs.segments.select("segment_id", km=pl.col("length_m") / 1000.0)
        rows = _at(walked.join(km, on="segment_id"), "shift_start", as_of)
        inputs = replace(inputs, effort=_with(inputs.effort, rows))
    return inputs


def explode(
    inputs: Inputs, measures: Measures, *, as_of: datetime
) -> Iterator[tuple[pl.DataFrame, Inputs, tuple[str, ...]]]:
    """Yield what the reached segments would be after each measure, as segments of their own.

    Each row of reach becomes a segment that only its measure has changed, so that one evaluation
    tells of all measures. Comes by the table that is changed: the rows of reach in the order of
    those segments, the inputs, and the indicators that may change.
    """
    for source, ids in _TOUCHED.items():
        names = [what for what, work in _PLACE_OF_WORK.items() if work == source]
        own = measures.table.filter(pl.col("what").is_in(names))
        part = Measures(own, measures.reach.join(own, on="measure", how="semi"))
        rows = part.reach.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        if rows.is_empty():
            continue
        bare = Inputs(
            segments=inputs.segments[rows["segment"]].with_columns(
                segment_id=rows["row"].cast(pl.String)
            ),
            light=inputs.light,
        )
        if source == "facilities":
            after = _facilities(inputs, part, rows, bare)
        elif source == "inspections":
            after = _inspections(inputs, part, rows, bare, as_of)
        else:
            after = _effort(inputs, rows, bare, as_of)
        yield rows, after, ids


def _facilities(inputs: Inputs, measures: Measures, rows: pl.DataFrame, bare: Inputs) -> Inputs:
    assert inputs.facilities is not None  # noqa: S101 - else nothing could be mended or added
    assert inputs.facility_pairs is not None  # noqa: S101
    known = inputs.facilities.with_columns(pl.col("facility_id").cast(pl.String))
    mended, pairs = _renamed(inputs.facility_pairs, "facility_id", measures, rows)
    new = measures.table.filter(pl.col("what") == "add")
    fixed = known.join(mended, on="facility_id").with_columns(
        facility_id="renamed", status=pl.lit("working")
    )
    own = rows.join(new, on="measure", how="semi").select(
        facility_id="measure", segment="row", distance_m="distance_m"
    )
    after = replace(
        bare,
        facilities=_with(_with(known, fixed.drop("renamed")), _facility_rows(new)),
        facility_pairs=pl.concat([pairs, own]),
    )
    if inputs.camera_views is None:
        return after
    _, views = _renamed(inputs.camera_views, "facility_id", measures, rows, value="share")
    seen = _views(rows.with_columns(pl.col("row").alias("segment")), new)
    return replace(after, camera_views=_with(views, seen))


def _views(reach: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return what new cameras see: all in their range, as it is not settled where they look."""
    cameras = new.filter(pl.col("kind") == "camera").select("measure", "range_m")
    seen = reach.join(cameras, on="measure").filter(pl.col("distance_m") <= pl.col("range_m"))
    return seen.select(facility_id="measure", segment="segment", share=pl.lit(None, pl.Float64))


def _inspections(
    inputs: Inputs, measures: Measures, rows: pl.DataFrame, bare: Inputs, as_of: datetime
) -> Inputs:
    assert inputs.landing_places is not None  # noqa: S101 - else nothing could be inspected
    assert inputs.place_pairs is not None  # noqa: S101
    assert inputs.inspections is not None  # noqa: S101
    known = inputs.landing_places.with_columns(pl.col("place_id").cast(pl.String))
    seen, pairs = _renamed(inputs.place_pairs, "place_id", measures, rows)
    copies = known.join(seen, on="place_id").with_columns(place_id="renamed").drop("renamed")
    done = _at(seen.select(place_id="renamed"), "t", as_of)
    return replace(
        bare,
        landing_places=pl.concat([known, copies]),
        place_pairs=pairs,
        inspections=_with(inputs.inspections, done),
    )


def _effort(inputs: Inputs, rows: pl.DataFrame, bare: Inputs, as_of: datetime) -> Inputs:
    assert inputs.effort is not None  # noqa: S101 - else nothing could be added to it
    where = rows.select(
        segment_id=inputs.segments["segment_id"].gather(rows["segment"]), renamed=pl.col("row")
    ).with_columns(pl.col("renamed").cast(pl.String))
    before = (
        inputs.effort.join(where, on="segment_id")
        .with_columns(segment_id="renamed")
        .drop("renamed")
    )
    km = bare.segments.select("segment_id", km=pl.col("length_m") / 1000.0)
    return replace(bare, effort=_with(before, _at(km, "shift_start", as_of)))


def _renamed(
    pairs: pl.DataFrame,
    key: str,
    measures: Measures,
    rows: pl.DataFrame,
    *,
    value: str = "distance_m",
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return names for the changed things, and the pairs of every row with the thing it sees."""
    targets = _targets(measures).select("measure", pl.col("target").alias(key))
    own = pairs.select(pl.col(key).cast(pl.String), pl.col("segment").cast(pl.Int64), value)
    changed = pl.lit("changed:") + pl.col(key)
    seen = (
        rows.select("row", "measure", "segment")
        .join(own, on="segment")
        .join(targets.with_columns(hit=pl.lit(value=True)), on=["measure", key], how="left")
        .select(
            pl.when(pl.col("hit")).then(changed).otherwise(pl.col(key)).alias(key),
            pl.col("row").alias("segment"),
            value,
        )
    )
    return targets.select(key).unique().with_columns(renamed=changed), seen


def _targets(measures: Measures) -> pl.DataFrame:
    """Return what is mended, inspected or patrolled, one row each."""
    table = measures.table.filter(pl.col("what") != "add")
    return table.select("measure", "what", target="targets").explode("target")


def _facility_rows(new: pl.DataFrame) -> pl.DataFrame:
    return new.select(
        facility_id="measure",
        kind="kind",
        line=pl.lit(None, pl.String),
        status=pl.lit("working"),
        range_m="range_m",
    )


def _at(rows: pl.DataFrame, column: str, t: datetime) -> pl.DataFrame:
    return rows.with_columns(_utc(t).dt.replace_time_zone("UTC").alias(column))


def _with(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return a table with rows added, in its own types; what they lack is null."""
    fitting = [pl.col(c).cast(t) for c, t in table.schema.items() if c in rows.columns]
    if "range_m" in rows.columns and "range_m" not in table.columns:
        fitting.append(pl.col("range_m"))
    return pl.concat([table, rows.select(fitting)], how="diagonal")
