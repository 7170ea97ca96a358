"""Make the tables as they would be after measures, taken together or each by itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import polars as pl

from risk._remedy_measures import Measures, utc
from risk.inputs import Inputs

_TOUCHED: dict[str, tuple[str, ...]] = {
    "facilities": ("facility_cover", "facility_broken", "camera_cover"),
    "inspections": ("inspection_overdue",),
    "effort": ("patrol_cover",),
}
_PLACE_OF_WORK = {
    "mend": "facilities", "add": "facilities", "inspect": "inspections", "patrol": "effort",
}  # fmt: skip


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
    those segments, the inputs, and the indicators that may change. Measures on a source that does
    not exist are left out.
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
        if after is not None:
            yield rows, after, ids


def _facilities(
    inputs: Inputs, measures: Measures, rows: pl.DataFrame, bare: Inputs
) -> Inputs | None:
    if inputs.facilities is None or inputs.facility_pairs is None:
        return None
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
) -> Inputs | None:
    places, done = inputs.landing_places, inputs.inspections
    if places is None or inputs.place_pairs is None or done is None:
        return None
    known = places.with_columns(pl.col("place_id").cast(pl.String))
    seen, pairs = _renamed(inputs.place_pairs, "place_id", measures, rows)
    copies = known.join(seen, on="place_id").with_columns(place_id="renamed").drop("renamed")
    now = _at(seen.select(place_id="renamed"), "t", as_of)
    return replace(
        bare,
        landing_places=pl.concat([known, copies]),
        place_pairs=pairs,
        inspections=_with(done, now),
    )


def _effort(inputs: Inputs, rows: pl.DataFrame, bare: Inputs, as_of: datetime) -> Inputs | None:
    if inputs.effort is None:
        return None
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
    return rows.with_columns(utc(t).dt.replace_time_zone("UTC").alias(column))


def _with(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return a table with rows added, in its own types; what they lack is null."""
    fitting = [pl.col(c).cast(t) for c, t in table.schema.items() if c in rows.columns]
    if "range_m" in rows.columns and "range_m" not in table.columns:
        fitting.append(pl.col("range_m"))
    return pl.concat([table, rows.select(fitting)], how="diagonal")
