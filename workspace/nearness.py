"""Which places are near which segments, by shore distance."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import polars as pl

from geo.crs import Floats
from geo.water import WaterGrid
from workspace import store
from workspace._cache import cached
from workspace.folder import Workspace
from workspace.placing import shore_index, shorelines

# A raster of more cells than this is made coarser: 150 m holds for some 700 km x 700 km.
_MAX_CELLS = 20_000_000
_CELL_M = 150.0
_M_PER_DEG = 111_320.0


def water_grid(ws: Workspace) -> WaterGrid:
    """Return the coast's water, as fine as its extent allows."""
    return cached(ws, "water", ("land",), lambda: _water(store.layer(ws.engine, "land")))


def _water(land: gpd.GeoDataFrame) -> WaterGrid:
    west, south, east, north = land.total_bounds
    width_m = (east - west) * _M_PER_DEG * np.cos(np.radians((south + north) / 2))
    height_m = (north - south) * _M_PER_DEG
    cell_m = max(_CELL_M, float(np.sqrt(width_m * height_m / _MAX_CELLS)))
    return WaterGrid.build(land, cell_m=cell_m)


def near_pairs(
    ws: Workspace, key: str, ids: Sequence[str], lon: Floats, lat: Floats, *, radius_m: float
) -> pl.DataFrame:
    """Return which places are near which segments.

    Shore distance is the lesser of the way over water to the segment's middle and the way along
    the shore; a creek narrower than a cell of the water's raster is closed to the former only.

    Returns
    -------
    DataFrame
        ``key`` (the place's id), ``segment`` (row, u32), ``distance_m`` at most ``radius_m``.
    """
    columns = ["shoreline_id", "from_m", "to_m", "lon", "lat"]
    cut = store.read(ws.engine, "segments", columns=columns)
    if not len(ids) or cut.is_empty():
        return pl.DataFrame(schema={key: pl.String, "segment": pl.UInt32, "distance_m": pl.Float64})
    thing, segment, way_m = water_grid(ws).near(
        lon, lat, to_lon=cut["lon"].to_numpy(), to_lat=cut["lat"].to_numpy(), radius_m=radius_m
    )
    over_water = pl.DataFrame({"thing": thing, "segment": segment, "distance_m": way_m})
    least = (
        pl.concat([over_water, _along_shore(ws, cut, lon, lat, radius_m)])
        .group_by("thing", "segment")
        .agg(pl.col("distance_m").min())
        .sort("thing", "segment")
    )
    names = pl.Series(key, list(ids), dtype=pl.String)
    return least.select(
        names.gather(least["thing"]), pl.col("segment").cast(pl.UInt32), "distance_m"
    )


def _along_shore(
    ws: Workspace, cut: pl.DataFrame, lon: Floats, lat: Floats, radius_m: float
) -> pl.DataFrame:
    """Return (thing, segment, distance) along the shoreline that each thing stands at."""
    found = shore_index(ws).nearest(lon, lat, max_m=min(radius_m, ws.config.max_snap_m))
    shores = shorelines(ws)
    things = pl.DataFrame(
        {
            "thing": np.arange(len(lon)),
            "shoreline": found.shoreline,
            "at_m": found.chainage_m,
            "offset_m": found.distance_m,
        }
    ).filter(pl.col("shoreline") >= 0)
    lines = pl.DataFrame(
        {
            "shoreline_id": shores["shoreline_id"].to_list(),
            "shoreline": np.arange(len(shores), dtype=np.int32),
            "total_m": shores["length_m"].to_numpy(dtype=np.float64),
            "is_ring": shores["is_ring"].to_numpy(dtype=bool),
        }
    )
    pieces = cut.select(
        "from_m", "to_m", "shoreline_id", segment=pl.int_range(pl.len(), dtype=pl.Int64)
    ).join(lines, on="shoreline_id")
    direct = (pl.col("at_m") - (pl.col("from_m") + pl.col("to_m")) / 2).abs()
    around = pl.min_horizontal(direct, pl.col("total_m") - direct)
    along = pl.when(pl.col("is_ring")).then(around).otherwise(direct)
    inside = pl.col("at_m").is_between("from_m", "to_m")
    return (
        things.join(pieces, on="shoreline")
        .with_columns(distance_m=pl.when(inside).then(0.0).otherwise(along) + pl.col("offset_m"))
        .filter(pl.col("distance_m") <= radius_m)
        .select(pl.col("thing").cast(pl.Int64), "segment", "distance_m")
    )
