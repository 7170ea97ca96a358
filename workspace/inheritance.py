"""What hangs on a coast, put onto a newer one: places, cuts, incidents, events, scores, zones."""

import json

import geopandas as gpd
import polars as pl
import shapely
from sqlalchemy import Connection, select

from geo.errors import Refusal
from geo.lineage import Carried
from workspace import db, store
from workspace._inherit_sections import carry_sections, parents_of
from workspace.config import Config
from workspace.nearness import Ground, near_segments
from workspace.placing import Shore

_SNAPPED = ("wharves", "risk_points", "facilities")


def inherit(
    connection: Connection,
    config: Config,
    carried: Carried,
    new: Shore,
    ground: Ground,
    older: pl.DataFrame,
) -> tuple[dict[str, int], list[Refusal]]:
    """Carry over all that hangs on segments and shorelines.

    To be called in the transaction that replaces the coast, when the newer segments are stored. A
    segment without a successor loses its scores and its effort with the shore that is gone; new
    shore has none until the next run.

    Parameters
    ----------
    older : ``segment_id, shoreline_id, from_m, to_m`` of the segments before, and ``length_m,
        is_ring`` of their shorelines.

    Returns
    -------
    What was moved and lost, counted; and the places that find no shore any more.
    """
    segment_ids = pl.Series(carried.segments["segment_id"].to_list(), dtype=pl.String)
    heirs = carried.lineage.drop_nulls(["old_segment_id", "new_segment_id"])
    lost: list[Refusal] = []
    counts = {"places_moved": 0}
    for name in _SNAPPED:
        counts["places_moved"] += _snapped(connection, config, name, new, lost)
    counts["places_lost"] = len(lost)
    counts["incidents_moved"] = _incidents(connection, config, carried, new, lost)
    counts["incidents_lost"] = len(lost) - counts["places_lost"]
    counts["section_changed_m"] = carry_sections(connection, carried, older)
    counts["events_moved"] = _events(connection, config, ground, segment_ids)
    counts["effort_lost_km"] = _effort(connection, heirs)
    counts["scores_carried"] = _by_parent(connection, carried, "scores")
    _by_parent(connection, carried, "explorations")
    counts["zones_carried"] = _zones(connection, heirs, carried.segments)
    return counts, lost


def _snapped(
    connection: Connection, config: Config, name: str, new: Shore, lost: list[Refusal]
) -> int:
    """Put places on the newer shore nearest to them; return how many found one."""
    rows = store.read(connection, name)
    if rows.is_empty():
        return 0
    place, lon, lat = _nearest(rows, new, config.max_snap_m)
    _note_lost(name, rows, place, lon, lat, config.max_snap_m, lost)
    columns = [c for c in place.columns if c in store.table_of(name).columns]
    store.write(connection, name, rows.with_columns(place.select(columns)), replace=True)
    return rows.height - place["shoreline_id"].null_count()


def _nearest(
    rows: pl.DataFrame, new: Shore, max_m: float
) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    points = store.to_layer(rows).geometry
    lon, lat = pl.Series(points.x.to_numpy()), pl.Series(points.y.to_numpy())
    return new.snap(lon, lat, max_m=max_m), lon, lat


def _note_lost(
    name: str,
    rows: pl.DataFrame,
    place: pl.DataFrame,
    lon: pl.Series,
    lat: pl.Series,
    max_m: float,
    lost: list[Refusal],
) -> None:
    """Note the places that had a shore and have none on the newer coast."""
    gone = rows["shoreline_id"].is_not_null() & place["shoreline_id"].is_null()
    key = rows.columns[0]
    lost += [
        Refusal(
            name,
            None,
            "shore_gone",
            f"`{key}` {rows[key][at]} has no shore within {max_m / 1000:g} km of it any more",
            "It was kept, without a place on the shore; correct its place and import it again.",
            float(lon[at]),
            float(lat[at]),
        )
        for at in gone.arg_true()
    ]


def _incidents(
    connection: Connection, config: Config, carried: Carried, new: Shore, lost: list[Refusal]
) -> int:
    """Leave incidents on the stretch of shore where they were, or on the nearest one."""
    rows = store.read(connection, "incidents")
    if rows.is_empty():
        return 0
    place, lon, lat = _nearest(rows, new, config.reach_m)
    known = rows["shoreline_id"].fill_null("").to_list()
    lines, at_m = carried.locate(known, rows["chainage_m"].fill_null(0.0).to_numpy())
    found = pl.Series(lines, dtype=pl.String).is_not_null()
    segment = new.segment_ids.gather(
        pl.Series(new.index.segment_at(new.rows_of(lines), at_m), dtype=pl.Int64).replace(-1, None)
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
    _note_lost("incidents", rows, put, lon, lat, config.reach_m, lost)
    store.write(connection, "incidents", rows.with_columns(put), replace=True)
    return rows.height - put["shoreline_id"].null_count()


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


def _effort(connection: Connection, heirs: pl.DataFrame) -> int:
    """Share the kilometres and hours of patrols among the heirs of each segment.

    Returns how many kilometres went with shore that is gone.
    """
    effort = store.read(connection, "effort")
    if effort.is_empty():
        return 0
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
    return round(float(effort["km"].sum() - passed["km"].sum()))


def _by_parent(connection: Connection, carried: Carried, name: str) -> int:
    """Give a segment that is the child of others the rows of the one it has most shore from.

    To be called when the newer segments are stored.
    """
    orphaned = store.table_of(name).c.segment_id.not_in(select(db.segments.c.segment_id))
    lost = store.read(connection, name, where=orphaned)
    passed = lost.join(parents_of(carried), on="segment_id").drop("segment_id")
    store.clear(connection, name, where=orphaned)
    store.write(connection, name, passed.rename({"new_segment_id": "segment_id"}))
    return store.count(connection, name)


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
