"""What hangs on a coast, put onto a newer one: places, cuts, incidents, events, scores, zones."""

import json

import geopandas as gpd
import polars as pl
import shapely
from sqlalchemy import Connection, select

from geo.lineage import Carried
from workspace import db, store
from workspace.config import Config
from workspace.detection import near_segments
from workspace.nearness import Ground
from workspace.placing import Shore, hang

_STILL_M = 0.01
_SNAPPED = ("wharves", "risk_points", "facilities")


def inherit(
    connection: Connection, config: Config, carried: Carried, new: Shore, ground: Ground
) -> dict[str, int]:
    """Carry over all that hangs on segments and shorelines; return what was moved and lost.

    To be called in the transaction that replaces the coast. A segment without a successor loses
    its scores and its effort with the shore that is gone; new shore has none until the next run.
    """
    segment_ids = pl.Series(carried.segments["segment_id"].to_list(), dtype=pl.String)
    heirs = carried.lineage.drop_nulls(["old_segment_id", "new_segment_id"])
    counts = {
        "places_moved": sum(_snapped(connection, config, name, new) for name in _SNAPPED),
        "incidents_moved": _incidents(connection, config, carried, new),
        "cuts_lost": _cuts(connection, config, carried, new),
        "events_moved": _events(connection, config, ground, segment_ids),
    }
    hang(connection)
    _effort(connection, heirs)
    counts["scores_carried"] = _scores(connection, heirs)
    counts["zones_carried"] = _zones(connection, heirs, carried.segments)
    return counts


def _snapped(connection: Connection, config: Config, name: str, new: Shore) -> int:
    """Put places on the newer shore nearest to them."""
    rows = store.read(connection, name)
    if rows.is_empty():
        return 0
    points = store.to_layer(rows).geometry
    place = new.snap(
        pl.Series(points.x.to_numpy()), pl.Series(points.y.to_numpy()), max_m=config.max_snap_m
    )
    columns = [c for c in place.columns if c in store.table_of(name).columns]
    store.write(connection, name, rows.with_columns(place.select(columns)), replace=True)
    return rows.height


def _incidents(connection: Connection, config: Config, carried: Carried, new: Shore) -> int:
    """Leave incidents on the stretch of shore where they were, or on the nearest one."""
    rows = store.read(connection, "incidents")
    if rows.is_empty():
        return 0
    points = store.to_layer(rows).geometry
    place = new.snap(
        pl.Series(points.x.to_numpy()), pl.Series(points.y.to_numpy()), max_m=config.reach_m
    )
    known = rows["shoreline_id"].fill_null("").to_list()
    lines, at_m = carried.locate(known, rows["chainage_m"].fill_null(0.0).to_numpy())
    found = pl.Series(lines, dtype=pl.String).is_not_null()
    at = new.rows_of(lines)
    segment = new.segment_ids.gather(
        pl.Series(new.index.segment_at(at, at_m), dtype=pl.Int64).replace(-1, None)
    )
    put = place.with_columns(
        shoreline_id=pl.Series(lines, dtype=pl.String).zip_with(found, place["shoreline_id"]),
        chainage_m=pl.Series(at_m).zip_with(found, place["chainage_m"]),
        # At the cut itself a rounding would do to pass an incident to the neighbour.
        segment_id=rows["segment_id"].zip_with(
            rows["segment_id"].is_in(new.segment_ids.to_list()).fill_null(value=False),
            segment.zip_with(found, place["segment_id"]),
        ),
    )
    store.write(connection, "incidents", rows.with_columns(put), replace=True)
    return rows.height


def _cuts(connection: Connection, config: Config, carried: Carried, new: Shore) -> int:
    """Put the cuts between sections where they stood; return how many found no shore."""
    cuts = store.read(connection, "section_cuts")
    if cuts.is_empty():
        return 0
    lines, at_m = carried.locate(cuts["shoreline_id"].to_list(), cuts["chainage_m"].to_numpy())
    place = pl.DataFrame(
        {"shoreline_id": pl.Series(lines, dtype=pl.String), "chainage_m": pl.Series(at_m)}
    )
    again = _nearest(carried, cuts, new, config.max_snap_m)
    found = place["shoreline_id"].is_not_null()
    place = pl.DataFrame({name: place[name].zip_with(found, again[name]) for name in place.columns})
    # Where the shore did not move, neither does the cut, not by rounding either.
    still = (place["shoreline_id"] == cuts["shoreline_id"]) & (
        (place["chainage_m"] - cuts["chainage_m"]).abs() < _STILL_M
    )
    chainage = place["chainage_m"].zip_with(~still.fill_null(value=False), cuts["chainage_m"])
    open_lines = new.shoreline_ids.filter(~new.is_ring)
    first = pl.col("chainage_m") == pl.col("chainage_m").min().over("shoreline_id")
    moved = (
        cuts.with_columns(place["shoreline_id"], chainage.alias("chainage_m"))
        .drop_nulls("shoreline_id")
        .unique(["shoreline_id", "chainage_m"], keep="first", maintain_order=True)
        # An open line's shore before its first cut would belong to nobody.
        .with_columns(
            chainage_m=pl.when(first & pl.col("shoreline_id").is_in(open_lines.implode()))
            .then(0.0)
            .otherwise("chainage_m")
        )
    )
    store.write(connection, "section_cuts", moved, replace=True)
    return cuts.height - moved.height


def _nearest(carried: Carried, cuts: pl.DataFrame, new: Shore, max_m: float) -> pl.DataFrame:
    """Return the newer shore nearest to where each cut stood."""
    lon, lat = carried.stood(cuts["shoreline_id"].to_list(), cuts["chainage_m"].to_numpy())
    place = new.snap(pl.Series(lon), pl.Series(lat), max_m=max_m)
    return place.select("shoreline_id", "chainage_m")


def _events(connection: Connection, config: Config, ground: Ground, segment_ids: pl.Series) -> int:
    """Work out anew which segments the events are near."""
    events = store.read(connection, "events")
    if events.is_empty():
        return 0
    near, pairs = near_segments(ground, events, segment_ids, reach_m=config.reach_m)
    put = events.drop("segment_id").join(near, on="event_id", how="left", maintain_order="left")
    store.write(connection, "events", put, replace=True)
    store.write(connection, "event_segments", pairs, replace=True)
    return events.height


def _effort(connection: Connection, heirs: pl.DataFrame) -> None:
    """Share the kilometres and hours of patrols among the heirs of each segment."""
    effort = store.read(connection, "effort")
    if effort.is_empty():
        return
    share = heirs.select(
        "old_segment_id",
        "new_segment_id",
        share=pl.col("new_m") / pl.col("new_m").sum().over("old_segment_id").clip(1e-9),
    )
    passed = (
        effort.join(share, left_on="segment_id", right_on="old_segment_id")
        .group_by(segment_id="new_segment_id", shift_start="shift_start")
        .agg(
            km=(pl.col("km") * pl.col("share")).sum(),
            hours=(pl.col("hours") * pl.col("share")).sum(),
            made=pl.col("made").any(),
        )
        .sort("segment_id", "shift_start")
    )
    store.write(connection, "effort", passed, replace=True)


def _scores(connection: Connection, heirs: pl.DataFrame) -> int:
    """Give a segment that is the child of others the scores of the one it has most shore from.

    To be called when the newer segments are stored.
    """
    orphaned = db.scores.c.segment_id.not_in(select(db.segments.c.segment_id))
    lost = store.read(connection, "scores", where=orphaned)
    parents = (
        heirs.sort("new_m", "old_segment_id", descending=[True, False])
        .unique("new_segment_id", keep="first", maintain_order=True)
        .select("new_segment_id", segment_id="old_segment_id")
    )
    passed = lost.join(parents, on="segment_id").drop("segment_id")
    store.clear(connection, "scores", where=orphaned)
    store.write(connection, "scores", passed.rename({"new_segment_id": "segment_id"}))
    return store.count(connection, "scores")


def _zones(connection: Connection, heirs: pl.DataFrame, segments: gpd.GeoDataFrame) -> int:
    """Draw each zone along the heirs of its segments; one whose shore is gone goes too."""
    zones = store.read(connection, "zones")
    if zones.is_empty():
        return 0
    order = {name: row for row, name in enumerate(segments["segment_id"])}
    children: dict[str, list[str]] = {}
    for old, new in heirs.select("old_segment_id", "new_segment_id").iter_rows():
        children.setdefault(old, []).append(new)
    kept, ids, km, shapes = [], [], [], []
    for row, listed in enumerate(zones["segment_ids"]):
        mine = {new for old in json.loads(listed) for new in children.get(old, [])}
        rows = sorted(order[name] for name in mine)
        if rows:
            kept.append(row)
            ids.append(store.as_json([segments["segment_id"].iloc[at] for at in rows]))
            km.append(float(segments["length_m"].to_numpy()[rows].sum()) / 1000.0)
            lines = shapely.line_merge(shapely.union_all(segments.geometry.to_numpy()[rows]))
            shapes.append(shapely.to_wkb(lines, byte_order=1))
    passed = zones[kept].with_columns(
        segment_ids=pl.Series(ids, dtype=pl.String),
        km=pl.Series(km, dtype=pl.Float64),
        geometry=pl.Series(shapes, dtype=pl.Binary),
    )
    store.write(connection, "zones", passed, replace=True)
    return passed.height
