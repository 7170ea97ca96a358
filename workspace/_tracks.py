"""The ways of the vessels, thinned to what a map can draw."""

from collections.abc import Sequence
from datetime import datetime

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from ais.tracks import tracks as cut_tracks
from workspace import archive, store
from workspace.folder import Workspace


def tracks(
    ws: Workspace,
    *,
    t0: datetime,
    t1: datetime,
    bbox: Sequence[float] | None,
    max_points: int = 10_000,
) -> tuple[gpd.GeoDataFrame, bool]:
    """Return the ways of the vessels in a time and box, and whether points were left out.

    Columns: mmsi, name, kind, t0, t1, n (positions), geometry LineString. Ways are the
    tracks of ``ais.tracks``. Above ``max_points`` every k-th position is kept, first and last of
    each way always.
    """
    found = (
        cut_tracks(archive.read(ws.positions, t0=t0, t1=t1, bbox=bbox))
        .filter(pl.col("track_id").is_not_null())
        .select("mmsi", "t", "lon", "lat", way="track_id")
        .sort("way", "t")
        .with_columns(n=pl.len().over("way"), at=pl.int_range(pl.len()).over("way"))
        .filter(pl.col("n") > 1)
    )
    step = max(1, -(-found.height // max_points))
    if step > 1:
        ends = (pl.col("at") == 0) | (pl.col("at") == pl.col("n") - 1)
        found = found.filter(ends | (pl.col("at") % step == 0))
    ways = (
        found.group_by("way", maintain_order=True)
        .agg(
            pl.col("mmsi").first(),
            t0=pl.col("t").first(),
            t1=pl.col("t").last(),
            n=pl.col("n").first(),
        )
        .with_columns(pl.col("mmsi").cast(pl.Int64))
        .join(
            store.read(ws.engine, "vessels", columns=["mmsi", "name", "kind"]),
            on="mmsi",
            how="left",
            maintain_order="left",
        )
    )
    number = (found["way"].rle_id()).to_numpy() if found.height else np.empty(0, dtype=np.int64)
    lines = (
        shapely.linestrings(found.select("lon", "lat").to_numpy(), indices=number)
        if found.height
        else []
    )
    columns = ("mmsi", "name", "kind", "t0", "t1", "n")
    return (
        gpd.GeoDataFrame(
            {name: ways[name].to_list() for name in columns}, geometry=list(lines), crs=4326
        ),
        step > 1,
    )
