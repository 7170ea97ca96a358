"""How far inside land positions lie, and which of them that refuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import polars as pl
from rasterio.features import rasterize
from rasterio.transform import from_origin

from ais._arrays import Bools, Floats
from geo.errors import REFUSED
from geo.land import LandMask
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import shorelines

MARGIN_M = 300.0
"""Beyond the coast's own error: harbours, piers and creeks that a coast leaves out, and the error
of a position (10 m where it is "high", and more where it is not: ITU-R M.1371-5, table 50)."""
DEEPEST_M = 10_000.0
"""Distances are not worked out beyond this; nothing depends on them."""
_CELL_DEG = 0.005
_MOST_CELLS = 40_000_000
_SAMPLES = 100
_MEND = "The position is false, or the coast is out of date there; look at both on the map."


class Judged(NamedTuple):
    """Positions with ``inside_m``, and the books of those too far inside land."""

    kept: pl.DataFrame
    refused: pl.DataFrame
    counts: dict[str, int]
    deep: pl.DataFrame
    """All that are too far inside, with ``inside_m``."""


@dataclass(frozen=True)
class Land:
    """Land polygons and their shores, ready for millions of positions."""

    mask: LandMask
    shore: ShoreIndex
    west: float
    north: float
    cell_deg: float
    near_land: Bools
    """Which cells of a grid in degrees may hold land; the rest are sea and cost nothing."""

    @classmethod
    def build(cls, land: gpd.GeoDataFrame, *, clip_box: Sequence[float] | None = None) -> "Land":
        """Index repaired land.

        Parameters
        ----------
        land : as ``geo.shoreline.land_of`` returns it (EPSG:4326).
        clip_box : (min_lon, min_lat, max_lon, max_lat) that the layer was cut with; None to see.
            Its edge is no shore: a position just inside it is as far from the sea as the
            nearest real shore is.

        Raises
        ------
        InputError
            When the land has no shore.
        """
        mask = LandMask.build(land)
        shores = shorelines(land, clip_box=clip_box)
        shore = ShoreIndex.build(shores, segments(shores))
        west, south, east, north = land.total_bounds
        wide, high = east - west, north - south
        cell_deg = max(_CELL_DEG, float(np.sqrt(wide * high / _MOST_CELLS)))
        west, north = west - 2 * cell_deg, north + 2 * cell_deg
        shape = (int(high / cell_deg) + 5, int(wide / cell_deg) + 5)
        near = rasterize(
            land.geometry.values,
            out_shape=shape,
            transform=from_origin(west, north, cell_deg, cell_deg),
            all_touched=True,
            dtype="uint8",
        ).astype(bool)
        # A cell about each: a shore that runs along a cell's edge touches its neighbour.
        for axis in (0, 1):
            near |= np.roll(near, 1, axis) | np.roll(near, -1, axis)
        return cls(mask, shore, float(west), float(north), cell_deg, near)


def inside_m(lon: Floats, lat: Floats, land: Land) -> Floats:
    """Return how far inside land each place is, in metres; 0 at sea and where there is no place.

    The distance is to the nearest shore (a clip box's edge is none), at most 10 km.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    out = np.zeros(len(lon))
    at = np.flatnonzero(_near_land(lon, lat, land))
    at = at[land.mask.contains(lon[at], lat[at])]
    if len(at):
        distance_m = land.shore.nearest(lon[at], lat[at], max_m=DEEPEST_M).distance_m
        out[at] = np.minimum(distance_m, DEEPEST_M)
    return out


def judge(
    positions: pl.DataFrame, land: Land, *, error_m: float, margin_m: float = MARGIN_M
) -> Judged:
    """Flag positions on land with their distance inside, and refuse those too far inside.

    Parameters
    ----------
    positions : DataFrame
        With ``mmsi, t, lon, lat, source``; may have no other columns of ``POSITIONS``.
    error_m : float
        How far off the coast is said to be. A boat that lands lies within this of the shore, on
        either side of it: it is kept.

    Returns
    -------
    Judged
        ``kept`` with ``inside_m`` f32 (0 at sea); ``refused`` (columns of ``REFUSED``, at most
        100 samples) deeper than ``error_m + margin_m``; ``counts`` with ``rows_in``, ``kept``
        and ``on_land``, and apart from that sum ``flagged``: how many of those kept are on land.
    """
    depth = inside_m(positions["lon"].to_numpy(), positions["lat"].to_numpy(), land)
    rows = positions.with_columns(pl.Series("inside_m", depth.astype(np.float32)))
    too_deep = pl.col("inside_m") > error_m + margin_m
    kept, bad = rows.filter(too_deep.not_()), rows.filter(too_deep)
    said = pl.format(
        "MMSI {}, time {}: {} m inside land", "mmsi", "t", pl.col("inside_m").round().cast(pl.Int64)
    )
    refused = bad.head(_SAMPLES).select(
        pl.col("source").alias("file"),
        pl.lit(None, pl.Int64).alias("row"),
        pl.lit("on_land").alias("reason"),
        said.alias("detail"),
        pl.lit(_MEND).alias("mend"),
        "lon",
        "lat",
    )
    counts = {"rows_in": positions.height, "kept": kept.height, "on_land": bad.height}
    counts["flagged"] = int((kept["inside_m"] > 0).sum())
    return Judged(kept, refused.cast(REFUSED), counts, bad)


def _near_land(lon: Floats, lat: Floats, land: Land) -> Bools:
    """Return which places lie in a cell that may hold land."""
    n_row, n_col = land.near_land.shape
    known = np.isfinite(lon) & np.isfinite(lat)
    col = np.floor((np.where(known, lon, land.west) - land.west) / land.cell_deg)
    row = np.floor((land.north - np.where(known, lat, land.north)) / land.cell_deg)
    known &= (col >= 0) & (col < n_col) & (row >= 0) & (row < n_row)
    cell = np.where(known, row * n_col + col, 0).astype(np.int64)
    near: Bools = known & land.near_land.ravel()[cell]
    return near
