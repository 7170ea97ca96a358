"""When a boat can land on a stretch of shore.

A segment is landable when the way from the nearest water that is deep enough to firm shore is no
longer than goods are carried over that kind of shore. Depth and carrying distance make one number
of this, the tide height from which it holds: landable hours then need no geometry at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import geopandas as gpd
import numpy as np
import polars as pl
import rasterio
from rasterio.io import DatasetReader
from scipy.ndimage import distance_transform_edt

from geo.crs import Floats, to_lonlat, to_metres, working_crs
from geo.errors import InputError

# Places of the profile, as shares of the carrying distance.
_PROFILE = (0.25, 0.5, 0.75, 1.0)
_FINER = 20
_ALL_ROUND = np.radians(np.arange(0.0, 360.0, 45.0))
# A raster's coast and the shoreline never quite agree: cells this near to a known one take its
# depth, so that the first metres off the shore are not blank.
_FRINGE_CELLS = 2.0


@dataclass(frozen=True)
class Depth:
    """A seabed raster: elevation in m relative to mean sea level, row 0 northernmost, EPSG:4326.

    ``made`` tells that it is not a survey.
    """

    elevation_m: Floats
    west: float
    north: float
    step_lon: float
    step_lat: float
    made: bool

    @classmethod
    def read(cls, source: DatasetReader, *, name: str) -> "Depth":
        """Take a lon/lat raster of elevations (m above mean sea level).

        Cells without data stay unknown, but for the two next to a known cell, which take its
        elevation.
        """
        if source.crs is None or not source.crs.is_geographic:
            raise InputError(
                f"the raster's CRS is {source.crs}",
                where=name,
                mend="Warp it to EPSG:4326 first (gdalwarp -t_srs EPSG:4326).",
            )
        t = source.transform
        if t.b or t.d or t.e >= 0 or t.a <= 0:
            raise InputError(
                "the raster is not north-up", where=name, mend="Warp it with gdalwarp first."
            )
        band = source.read(1, masked=True).astype(np.float64)
        made = "SYNTHETIC" in " ".join([*source.tags().keys(), *source.tags().values()]).upper()
        elevation = np.ma.filled(band, np.nan)
        unknown = np.isnan(elevation)
        if not (elevation < 0).any():
            raise InputError(
                "no cell lies below mean sea level",
                where=name,
                mend="Elevations are wanted, negative below the sea; turn depths' sign first.",
            )
        if unknown.any() and not unknown.all():
            away, (row, col) = distance_transform_edt(unknown, return_indices=True)
            elevation = np.where(away <= _FRINGE_CELLS, elevation[row, col], np.nan)
        return cls(elevation, t.c, t.f, t.a, -t.e, made)

    def sample(self, lon: Floats, lat: Floats) -> Floats:
        """Return the elevation of the cell under each lon/lat; NaN outside and without data."""
        col = np.floor((lon - self.west) / self.step_lon)
        row = np.floor((self.north - lat) / self.step_lat)
        inside = (col >= 0) & (row >= 0)
        inside &= (col < self.elevation_m.shape[1]) & (row < self.elevation_m.shape[0])
        safe_row = np.where(inside, row, 0).astype(np.int64)
        safe_col = np.where(inside, col, 0).astype(np.int64)
        return np.where(inside, self.elevation_m[safe_row, safe_col], np.nan)


def read_depth(path: str) -> Depth:
    """Read a GeoTIFF of seabed elevation."""
    try:
        with rasterio.open(path) as source:
            return Depth.read(source, name=path)
    except rasterio.errors.RasterioIOError as problem:
        raise InputError(
            f"the raster cannot be read: {problem}", where=path, mend="Give a GeoTIFF."
        ) from problem


def thresholds(
    segments: gpd.GeoDataFrame,
    shore_type: Sequence[str | None],
    depth: Depth,
    *,
    carry_m: Mapping[str, float],
    draught_m: float,
    margin_m: float,
) -> Floats:
    """Return the tide height (m above mean sea level) from which each segment can be landed on.

    From the segment's middle a profile is taken straight out to sea, at four places up to the
    carrying distance of the segment's shore type; the lowest seabed on it is where the boat
    comes to rest: height = lowest seabed + draught + margin. Cells without data (land) are
    passed over. A segment that faces every way (a small island) is looked at all round. NaN
    where the type (or its carrying distance) or all depth is unknown.
    """
    crs = working_crs(segments.total_bounds)
    x, y = to_metres(crs, segments["lon"].to_numpy(), segments["lat"].to_numpy())
    facing = np.radians(segments["facing_deg"].to_numpy(dtype=np.float64))
    ways = [facing, *(np.where(np.isnan(facing), way, np.nan) for way in _ALL_ROUND)]
    reach = np.array([carry_m.get(kind or "", np.nan) for kind in shore_type], dtype=np.float64)
    lowest = np.full(len(segments), np.nan)
    for way, share in product(ways, _PROFILE):
        out_m = reach * share
        lon, lat = to_lonlat(crs, x + np.sin(way) * out_m, y + np.cos(way) * out_m)
        lowest = np.fmin(lowest, depth.sample(lon, lat))
    return lowest + draught_m + margin_m


def landable_share(threshold_m: Floats, tide_m: Floats) -> Floats:
    """Return the share of a window in which each segment can be landed on.

    ``tide_m`` holds heights at equal steps from its start to its end, straight in between; NaN
    thresholds stay NaN.
    """
    steps = np.arange((len(tide_m) - 1) * _FINER) / _FINER + 0.5 / _FINER
    ordered = np.sort(np.interp(steps, np.arange(len(tide_m)), tide_m))
    share = 1.0 - np.searchsorted(ordered, threshold_m, side="left") / len(ordered)
    return np.where(np.isnan(threshold_m), np.nan, share)


def windows(threshold_m: float, times: pl.Series, tide_m: Floats) -> list[tuple[object, object]]:
    """Return (from, to) times within which the tide stands at or above a threshold.

    Crossings are interpolated between the given times (UTC datetimes).
    """
    if np.isnan(threshold_m):
        return []
    t = times.cast(pl.Int64).to_numpy().astype(np.float64)
    above = tide_m >= threshold_m
    turn = np.flatnonzero(above[1:] != above[:-1])
    share = (threshold_m - tide_m[turn]) / (tide_m[turn + 1] - tide_m[turn])
    cross = t[turn] + share * (t[turn + 1] - t[turn])
    edges = np.r_[t[:1] if above[0] else [], cross, t[-1:] if above[-1] else []]
    stamps = pl.Series(np.rint(edges).astype(np.int64)).cast(times.dtype).to_list()
    return list(zip(stamps[0::2], stamps[1::2], strict=True))
