"""How open a stretch of shore is to the sea, and to the eyes on it."""

import geopandas as gpd
import numpy as np
import pandas as pd

from geo._edges import cast_rays
from geo._rays import off_shore, shore_grid, water_along
from geo.crs import Floats, metre_shapes, working_crs

_SHARES = (1 / 6, 1 / 2, 5 / 6)
_CELL_M = 1_000.0
# Over 5 km a fresh breeze (10 m/s) raises 0.36 m of significant wave height (JONSWAP: 0.0016 U
# sqrt(F / g)), about what an open boat still lands in; it is also how far a small boat off the
# shore is made out from it.
NEAR_M = 5_000.0
_VIEW_RAYS = 72


def exposure(
    segments: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame,
    *,
    directions: int = 16,
    max_fetch_m: float = 50_000.0,
) -> gpd.GeoDataFrame:
    """Add to segments the open water before them, their shelter and how far they are seen.

    Rays go out in ``directions`` bearings from three points of the segment, just off the shore,
    to the first land or ``max_fetch_m``; the longest of the three counts. A ray that leaves the
    land layer's box meets nothing more.

    Returns
    -------
    GeoDataFrame
        The segments with ``fetch_m`` (list, metres, clockwise from north) and three shares 0..1.
        ``exposure``: the square root of effective fetch over ``max_fetch_m``. Fetch-limited wave
        height grows with the root of fetch (Hasselmann et al. 1973, JONSWAP); effective fetch
        weighs each direction by the cosine of its angle to the facing (Shore Protection Manual,
        1984, ch. 3). ``shelter``: how much of the first 5 km to sea land closes, weighed in the
        same way (1 for a creek, 0 for an open coast). ``sea_view``: the share of the sea within
        5 km from which the segment is seen, nothing but land in between. A segment that faces
        every way takes the mean of all directions.
    """
    crs = working_crs(land.total_bounds)
    grid = shore_grid(segments, land, crs, cell_m=_CELL_M)
    lines = metre_shapes(crs, segments.geometry.values)
    bearing = np.arange(directions) * 360.0 / directions
    ux, uy = np.sin(np.radians(bearing)), np.cos(np.radians(bearing))
    view = np.radians((np.arange(_VIEW_RAYS) + 0.5) * 360.0 / _VIEW_RAYS)
    fetch = np.zeros((len(segments), directions))
    seen, there = np.zeros(len(segments)), np.zeros(len(segments))
    for share in _SHARES:
        x, y = off_shore(lines, share)
        reach = cast_rays(
            grid,
            np.repeat(x, directions),
            np.repeat(y, directions),
            np.tile(ux, len(x)),
            np.tile(uy, len(x)),
            max_fetch_m,
        )
        fetch = np.maximum(fetch, reach.reshape(fetch.shape))
        areas = water_along(
            grid,
            np.repeat(x, _VIEW_RAYS),
            np.repeat(y, _VIEW_RAYS),
            np.tile(np.sin(view), len(x)),
            np.tile(np.cos(view), len(x)),
            NEAR_M,
        )
        seen += areas[0].reshape(-1, _VIEW_RAYS).sum(axis=1)
        there += areas[1].reshape(-1, _VIEW_RAYS).sum(axis=1)

    facing = segments["facing_deg"].to_numpy(dtype=np.float64)
    effective_m = _before(fetch, bearing, facing)
    return segments.assign(
        fetch_m=pd.Series(list(np.round(fetch, 1)), index=segments.index, dtype=object),
        exposure=np.sqrt(effective_m / max_fetch_m),
        shelter=np.clip(
            1.0 - _before(np.minimum(fetch, NEAR_M), bearing, facing) / NEAR_M, 0.0, 1.0
        ),
        sea_view=np.minimum(seen / np.maximum(there, 1.0), 1.0),
    )


def _before(fetch_m: Floats, bearing_deg: Floats, facing_deg: Floats) -> Floats:
    """Return the mean fetch before each segment, weighed by the cosine to its facing."""
    weight = np.maximum(np.cos(np.radians(bearing_deg[None, :] - facing_deg[:, None])), 0.0)
    weight[np.isnan(facing_deg)] = 1.0
    mean: Floats = (fetch_m * weight).sum(axis=1) / weight.sum(axis=1)
    return mean
