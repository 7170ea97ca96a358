"""How open a stretch of shore is to the sea."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo._edges import cast_rays, edge_grid
from geo.crs import Floats, metre_shapes, working_crs
from geo.land import land_edges

# Rays start this far off the shore, on the water's side of it.
_OFF_M = 3.0
_SHARES = (1 / 6, 1 / 2, 5 / 6)
_CELL_M = 1_000.0


def exposure(
    segments: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame,
    *,
    directions: int = 16,
    max_fetch_m: float = 50_000.0,
) -> gpd.GeoDataFrame:
    """Add to segments the open water before them.

    Rays go out in ``directions`` bearings from three points of the segment, just off the shore,
    to the first land or ``max_fetch_m``; the longest of the three counts. A ray that leaves the
    land layer's box meets nothing more.

    Returns
    -------
    GeoDataFrame
        The segments with ``fetch_m`` (list, metres, clockwise from north) and ``exposure`` 0..1:
        the square root of effective fetch over ``max_fetch_m``. Fetch-limited wave height grows
        with the root of fetch (Hasselmann et al. 1973, JONSWAP); effective fetch weighs each
        direction by the cosine of its angle to the facing (Shore Protection Manual, 1984, ch. 3).
        A segment that faces every way takes the mean of all directions.
    """
    crs = working_crs(land.total_bounds)
    ax, ay, bx, by = land_edges(land, crs)
    grid = edge_grid(ax, ay, bx, by, cell_m=_CELL_M)
    lines = metre_shapes(crs, segments.geometry.values)
    bearing = np.arange(directions) * 360.0 / directions
    ux, uy = np.sin(np.radians(bearing)), np.cos(np.radians(bearing))
    fetch = np.zeros((len(segments), directions))
    for share in _SHARES:
        x, y = _off_shore(lines, share)
        reach = cast_rays(
            grid,
            np.repeat(x, directions),
            np.repeat(y, directions),
            np.tile(ux, len(x)),
            np.tile(uy, len(x)),
            max_fetch_m,
        )
        fetch = np.maximum(fetch, reach.reshape(fetch.shape))

    facing = segments["facing_deg"].to_numpy(dtype=np.float64)
    weight = np.maximum(np.cos(np.radians(bearing[None, :] - facing[:, None])), 0.0)
    weight[np.isnan(facing)] = 1.0
    effective_m = (fetch * weight).sum(axis=1) / weight.sum(axis=1)
    return segments.assign(
        fetch_m=pd.Series(list(np.round(fetch, 1)), index=segments.index, dtype=object),
        exposure=np.sqrt(effective_m / max_fetch_m),
    )


def _off_shore(lines: np.ndarray, share: float) -> tuple[Floats, Floats]:
    """Return x, y of points a little to the right (seaward) of each line at a share of it."""
    length = shapely.length(lines)
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, share * length))
    back = shapely.get_coordinates(
        shapely.line_interpolate_point(lines, np.maximum(share * length - 1.0, 0.0))
    )
    ahead = shapely.get_coordinates(
        shapely.line_interpolate_point(lines, np.minimum(share * length + 1.0, length))
    )
    along = ahead - back
    norm = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    return (here[:, 0] + along[:, 1] / norm * _OFF_M, here[:, 1] - along[:, 0] / norm * _OFF_M)
