"""Events whose vessel was on land say so."""

import numpy as np
import polars as pl

from workspace import archive


def flagged(events: pl.DataFrame, ashore: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Return events with ``on_land`` and ``inside_m`` in the evidence of those that were on land.

    The number of the vessel's positions on land from the event's beginning to its end, and the
    greatest distance inside. ``ashore`` are the positions on land, with ``inside_m``; those that
    belong to no track count for nothing.
    """
    on_land = (
        ashore.join(events.select("mmsi"), on="mmsi", how="semi")
        .join(tracks.filter(~pl.col("impossible")), on=archive.KEY, how="semi")
        .sort("mmsi", "t")
        .with_row_index("at")
    )
    if on_land.is_empty():
        return events
    ends = events.select("mmsi", "t0", "t1").with_row_index("event")
    at = on_land.select("mmsi", "t", "at")
    first = ends.sort("mmsi", "t0").join_asof(
        at, left_on="t0", right_on="t", by="mmsi", strategy="forward", check_sortedness=False
    )
    last = ends.sort("mmsi", "t1").join_asof(
        at, left_on="t1", right_on="t", by="mmsi", strategy="backward", check_sortedness=False
    )
    spans = (
        first.select("event", first="at")
        .join(last.select("event", last="at"), on="event")
        .filter(pl.col("first") <= pl.col("last"))
    )
    bounds = spans.select("first", pl.col("last") + 1).to_numpy().ravel()
    # The end of the last span may lie beyond the last position.
    inside = np.append(on_land["inside_m"].to_numpy(), np.float32(0))
    deepest = np.maximum.reduceat(inside, bounds)[::2] if len(bounds) else inside[:0]
    told = spans.select(
        pl.col("event").alias("row"),
        said=pl.format(
            ', "on_land": {}, "inside_m": {}}}',
            pl.col("last") - pl.col("first") + 1,
            pl.Series("inside_m", deepest).cast(pl.Float64).round(1),
        ),
    )
    return (
        events.with_row_index("row")
        .join(told, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("said").is_not_null())
            .then(pl.col("evidence").str.strip_suffix("}") + pl.col("said"))
            .otherwise("evidence")
            .alias("evidence")
        )
        .drop("row", "said")
    )
