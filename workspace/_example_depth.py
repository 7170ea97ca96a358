"""The example's depth: a synthetic raster, made to vary along the shore."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from geo.errors import InputError
from workspace._example_coast import along_noise

# How the seabed falls away before each type of shore: a factor on the source's depth, and the
# height of the flat that dries, in metres about mean sea level, within _FLAT_M of the shore.
_STEEPNESS = {"mud": 0.35, "creek": 0.75, "beach": 0.7, "rock": 1.8, "built": 1.3}
_FLAT_TOP = {"mud": 0.9, "creek": 0.1, "beach": 0.5, "rock": -0.8, "built": -0.6}
_FLAT_M = 900.0
_NEAR_M = 6000.0
_SMOOTH_CELLS = 2.0


def make_depth(src_tif: Path, dst_tif: Path, segments: gpd.GeoDataFrame, *, seed: int) -> None:
    """Write a synthetic depth raster that varies along the shore with the segments' shore type.

    Parameters
    ----------
    src_tif : seabed elevation in metres about mean sea level, EPSG:4326, NaN on land.
    dst_tif : written with the same grid; its tags say that it is synthetic.
    segments : ``lon, lat, from_m, to_m, shoreline_id, shore_type`` (mud, beach, rock, creek,
        built; all made).

    Raises
    ------
    InputError
        When the segments have no shore type.
    """
    if "shore_type" not in segments:
        raise InputError(
            "the segments have no column `shore_type`",
            where="depth",
            mend="Join the segment traits that `make_places` returns first.",
        )
    with rasterio.open(src_tif) as source:
        depth = source.read(1).astype(np.float64)
        profile, tags, transform = source.profile, source.tags(), source.transform
    water = ~np.isnan(depth)
    row, col = np.nonzero(water)
    lon, lat = rasterio.transform.xy(transform, row, col)
    east = float(np.cos(np.radians(segments["lat"].mean())))
    shore = np.column_stack([segments["lon"] * east, segments["lat"]]) * 111_320.0
    cell = np.column_stack([np.asarray(lon) * east, np.asarray(lat)]) * 111_320.0
    distance, nearest = cKDTree(shore).query(cell, workers=-1)
    rng = np.random.default_rng([seed, 101])
    line = np.unique(segments["shoreline_id"].to_numpy(str), return_inverse=True)[1]
    noise = along_noise(line, segments["from_m"].to_numpy(float), rng)
    types = segments["shore_type"].to_numpy(str)
    steep = np.array([_STEEPNESS.get(t, 1.0) for t in types]) * (0.7 + 0.6 * noise)
    top = np.array([_FLAT_TOP.get(t, 0.0) for t in types]) + (noise - 0.5)
    fade = np.clip(1.0 - distance / _NEAR_M, 0.0, 1.0)
    factor = 1.0 + (steep[nearest] - 1.0) * fade
    flat = np.clip(1.0 - distance / (_FLAT_M * (0.5 + noise[nearest])), 0.0, 1.0)
    made = np.full_like(depth, np.nan)
    made[row, col] = depth[row, col] * factor * (1.0 - flat) + top[nearest] * flat
    smooth = _smooth(made, water)
    out = np.where(water, np.clip(smooth, -30.0, 2.0), np.nan).astype(np.float32)
    profile.update(dtype="float32", nodata=float("nan"))
    with rasterio.open(dst_tif, "w", **profile) as target:
        target.write(out, 1)
        target.set_band_description(1, "synthetic_seabed_elevation_m_msl")
        target.update_tags(
            **{
                **tags,
                "TITLE": "SYNTHETIC seabed elevation, not a survey",
                "METHOD": "function of distance to the coast, made to vary along the shore with "
                "made shore types",
                "UNITS": "m relative to mean sea level, negative = below",
                "WARNING": "NOT FOR NAVIGATION; demonstration only",
            }
        )


def _smooth(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return a Gaussian mean of the known cells alone, so that land does not bleed into it."""
    total = gaussian_filter(np.where(known, values, 0.0), _SMOOTH_CELLS)
    weight = gaussian_filter(known.astype(float), _SMOOTH_CELLS)
    return total / np.maximum(weight, 1e-9)
