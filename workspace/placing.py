"""Places put on the coast of a workspace, and what follows when the coast is imported anew."""

import geopandas as gpd
import polars as pl
from sqlalchemy import Connection

from duty.sections import hang_islands
from geo.nearest import ShoreIndex
from workspace import store
from workspace._cache import cached
from workspace.folder import Workspace

PLACED = ("wharves", "risk_points", "facilities", "incidents")


def shorelines(ws: Workspace) -> gpd.GeoDataFrame:
    """Return the shorelines in the order in which the segments follow them."""
    return cached(ws, "shorelines", ("shorelines", "segments"), lambda: _shorelines(ws))


def _shorelines(ws: Workspace) -> gpd.GeoDataFrame:
    found = store.layer(ws.engine, "shorelines").set_index("shoreline_id", drop=False)
    order = store.read(ws.engine, "segments", columns=["shoreline_id"]).unique(maintain_order=True)
    return found.loc[order["shoreline_id"].to_list()].reset_index(drop=True)


def shore_index(ws: Workspace) -> ShoreIndex:
    """Return the index that finds the nearest shore of a position."""
    return cached(
        ws,
        "shore index",
        ("shorelines", "segments"),
        lambda: ShoreIndex.build(shorelines(ws), store.layer(ws.engine, "segments")),
    )


def snap(ws: Workspace, lon: pl.Series, lat: pl.Series, *, max_m: float) -> pl.DataFrame:
    """Return shoreline_id, chainage_m, offset_m and segment_id of places; null beyond ``max_m``."""
    near = shore_index(ws).nearest(lon.to_numpy(), lat.to_numpy(), max_m=max_m)
    lines = shorelines(ws)["shoreline_id"].tolist()
    segments = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"].to_list()
    return pl.DataFrame(
        {
            "shoreline_id": [None if at < 0 else lines[at] for at in near.shoreline],
            "chainage_m": pl.Series(near.chainage_m).fill_nan(None),
            "offset_m": [
                None if at < 0 else float(d)
                for at, d in zip(near.shoreline, near.distance_m, strict=True)
            ],
            "segment_id": [None if at < 0 else segments[at] for at in near.segment],
        },
        schema={
            "shoreline_id": pl.String,
            "chainage_m": pl.Float64,
            "offset_m": pl.Float64,
            "segment_id": pl.String,
        },
    )


def resnap(ws: Workspace) -> int:
    """Put every stored place on the shorelines of now, hang the islands; return how many places.

    To be called after a coast was imported over places that were there before.
    """
    moved = 0
    with ws.begin() as connection:
        for name in PLACED:
            table = store.table_of(name)
            rows = store.read(connection, name)
            if rows.is_empty():
                continue
            points = store.to_layer(rows).geometry
            lon, lat = pl.Series(points.x.to_numpy()), pl.Series(points.y.to_numpy())
            limit = ws.config.reach_m if name == "incidents" else ws.config.max_snap_m
            place = snap(ws, lon, lat, max_m=limit)
            columns = [column for column in place.columns if column in table.columns]
            store.write(connection, name, rows.with_columns(place.select(columns)), replace=True)
            moved += rows.height
        hang(connection)
    return moved


def hang(connection: Connection) -> None:
    """Hang every shoreline without a cut on the nearest one that has cuts."""
    cuts = store.read(connection, "section_cuts")
    lengths = store.read(connection, "shorelines", columns=["shoreline_id", "length_m"])
    # A cut on a shoreline that is gone, or beyond its new end, would divide nothing.
    good = (
        cuts.join(lengths, on="shoreline_id")
        .filter(pl.col("chainage_m") < pl.col("length_m"))
        .select(cuts.columns)
    )
    segments = store.read(
        connection, "segments", columns=["shoreline_id", "from_m", "to_m", "lon", "lat"]
    )
    store.write(connection, "section_cuts", good, replace=True)
    store.write(connection, "section_hangs", hang_islands(segments, good), replace=True)
