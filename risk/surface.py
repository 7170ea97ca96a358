"""Scores of segments spread over the water before them, as a raster."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import rasterize
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geo.crs import Floats
from geo.raster import LonLatGrid

_EARTH_M = 6_371_008.8  # mean radius, IUGG


def surface(
    shore: Sequence[BaseGeometry],
    scores: Floats,
    grid: LonLatGrid,
    *,
    land: Sequence[BaseGeometry],
    reach_m: float,
) -> npt.NDArray[np.float32]:
    """Return the score of the nearest segment for the cells of water and shore.

    A number is the score that the map shows for that segment, not a blend of several: nothing is
    weakened with distance. Straight to the nearest shore no other shore is in the way, so the
    distance is one over water. Cells inland (their centre on land, no shore through them) and
    those farther than ``reach_m`` from any segment are NaN.

    Parameters
    ----------
    shore : n lines in EPSG:4326, in the order of the scores
    scores : (n, k), 0 to 100, NaN where there is none
    grid : LonLatGrid
    land : polygons in EPSG:4326
    reach_m : metres; the distance is exact to half a cell.

    Returns
    -------
    (k, rows, cols) float32
    """
    scores = np.asarray(scores, dtype=np.float64)
    out = np.full((scores.shape[1], *grid.shape), np.nan, dtype=np.float32)
    lines = shapely.segmentize(np.asarray(shore, dtype=object), min(grid.dlon, grid.dlat) / 2)
    lonlat, owner = shapely.get_coordinates(lines, return_index=True)
    if not len(lonlat):
        return out
    row, col = np.nonzero(_wanted(lines, grid, land))
    lon, lat = grid.centres()
    # On a unit sphere, where a straight line of length d spans an angle of 2 asin(d / 2).
    reach = 2 * np.sin(reach_m / _EARTH_M / 2)
    distance, nearest = cKDTree(_unit(lonlat[:, 0], lonlat[:, 1])).query(
        _unit(lon[col], lat[row]), distance_upper_bound=reach
    )
    near = np.isfinite(distance)
    out[:, row[near], col[near]] = scores[owner[nearest[near]]].T
    return out


def _wanted(
    lines: npt.NDArray[np.object_], grid: LonLatGrid, land: Sequence[BaseGeometry]
) -> npt.NDArray[np.bool_]:
    """Return which cells are water, or have shore in them."""
    about = {"out_shape": grid.shape, "transform": grid.transform, "dtype": "uint8"}
    crossed = rasterize(list(lines), all_touched=True, **about)
    dry = rasterize(list(land), **about) if len(land) else np.zeros(grid.shape, dtype=np.uint8)
    return np.asarray((crossed == 1) | (dry == 0), dtype=bool)


def _unit(lon: Floats, lat: Floats) -> Floats:
    """Return places as (n, 3) on a unit sphere."""
    a, b = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)])
