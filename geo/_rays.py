"""Rays over water from the shore: where they start, what they cross, how much sea they see."""

import geopandas as gpd
import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo._edges import EdgeGrid, edge_grid, nearest_edge
from geo.crs import Floats, to_lonlat, to_metres
from geo.land import land_edges

# Rays start this far off the shore, on the water's side of it.
OFF_M = 3.0
# A land edge further than this from every segment is not their shore.
_SAME_M = 1.0
# How near to the land's outline an edge lies along it: a few metres, what projecting bends it.
_OUTLINE_M = 10.0
_MOST_CROSSINGS = 512


def shore_grid(
    segments: gpd.GeoDataFrame, land: gpd.GeoDataFrame, crs: CRS, *, cell_m: float
) -> EdgeGrid:
    """Index the land's edges, less those that the layer was cut along.

    An edge that lies on the convex outline of all land and on no segment is the edge of the map,
    not a shore: seen across it, land goes on as land.
    """
    ax, ay, bx, by = land_edges(land, crs)
    xy, line = shapely.get_coordinates(segments.geometry.values, return_index=True)
    x, y = to_metres(crs, xy[:, 0], xy[:, 1])
    own = np.flatnonzero(line[1:] == line[:-1])
    shore = edge_grid(x[own], y[own], x[own + 1], y[own + 1], cell_m=cell_m)
    middle_x, middle_y = (ax + bx) / 2, (ay + by) / 2
    _, apart_m, _ = nearest_edge(shore, middle_x, middle_y, _SAME_M)
    # The outline is taken in degrees, where the sides of a map are straight.
    corners = shapely.multipoints(shapely.get_coordinates(land.geometry.values))
    outline = shapely.boundary(shapely.convex_hull(corners))
    lon, lat = to_lonlat(crs, middle_x, middle_y)
    on_outline = shapely.distance(shapely.points(lon, lat), outline) * 111_320.0 < _OUTLINE_M
    coast = ~(on_outline & (apart_m > _SAME_M))
    if not coast.any():
        coast[:] = True
    return edge_grid(ax[coast], ay[coast], bx[coast], by[coast], cell_m=cell_m)


def off_shore(lines: NDArray[np.object_], share: float) -> tuple[Floats, Floats]:
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
    return (here[:, 0] + along[:, 1] / norm * OFF_M, here[:, 1] - along[:, 0] / norm * OFF_M)


@numba.njit(cache=True)
def water_along(
    grid: EdgeGrid, x: Floats, y: Floats, ux: Floats, uy: Floats, max_m: float
) -> tuple[Floats, Floats]:
    """Return the water along each ray that its start sees, and all the water along it.

    Both are sums of r1^2 - r0^2 (m2) over the stretches of water, so that the rays of one point
    add up to areas. Rays start on the water; each edge crossed changes water for land and back.
    """
    seen, there = np.empty(len(x)), np.empty(len(x))
    crossings = np.empty(_MOST_CROSSINGS)
    for p in range(len(x)):
        n = _crossings(grid, x[p], y[p], ux[p], uy[p], max_m, crossings)
        seen[p] = (crossings[0] if n else max_m) ** 2
        there[p] = 0.0
        begun, on_water = 0.0, True
        for i in range(n):
            if on_water:
                there[p] += crossings[i] ** 2 - begun**2
            begun, on_water = crossings[i], not on_water
        if on_water:
            there[p] += max_m**2 - begun**2
    return seen, there


@numba.njit(cache=True)
def _crossings(
    grid: EdgeGrid, px: float, py: float, vx: float, vy: float, max_m: float, out: Floats
) -> int:
    """Write the distances at which a ray crosses edges, ascending; return how many.

    Cells are walked in order (Amanatides and Woo, 1987). An edge stands in every cell that it
    touches: its crossing counts in the one cell that it lies in.
    """
    col = int(np.floor((px - grid.x0) / grid.cell_m))
    row = int(np.floor((py - grid.y0) / grid.cell_m))
    step_c = 1 if vx > 0 else -1
    step_r = 1 if vy > 0 else -1
    next_c = (grid.x0 + (col + (1 if vx > 0 else 0)) * grid.cell_m - px) / vx if vx else np.inf
    next_r = (grid.y0 + (row + (1 if vy > 0 else 0)) * grid.cell_m - py) / vy if vy else np.inf
    per_c = grid.cell_m / abs(vx) if vx else np.inf
    per_r = grid.cell_m / abs(vy) if vy else np.inf
    here, n = 0.0, 0
    while here < max_m and 0 <= col < grid.n_col and 0 <= row < grid.n_row:
        ahead = min(next_c, next_r, max_m)
        n = _in_cell(grid, row * grid.n_col + col, px, py, vx, vy, here, ahead, n, out)
        here = ahead
        if next_c < next_r:
            next_c += per_c
            col += step_c
        else:
            next_r += per_r
            row += step_r
    return n


@numba.njit(cache=True)
def _in_cell(
    grid: EdgeGrid,
    cell: int,
    px: float,
    py: float,
    vx: float,
    vy: float,
    here: float,
    ahead: float,
    n: int,
    out: Floats,
) -> int:
    """Add one cell's crossings from ``here`` to ``ahead``, in order."""
    first = n
    for j in range(grid.start[cell], grid.start[cell + 1]):
        e = grid.edge[j]
        ex, ey = grid.bx[e] - grid.ax[e], grid.by[e] - grid.ay[e]
        det = vx * ey - vy * ex
        if det == 0.0 or n == len(out):
            continue
        wx, wy = grid.ax[e] - px, grid.ay[e] - py
        along = (wx * ey - wy * ex) / det
        share = (wx * vy - wy * vx) / det
        # Half-open at both: a vertex between two edges is crossed once.
        if here <= along < ahead and 0.0 <= share < 1.0:
            out[n] = along
            n += 1
    out[first:n].sort()
    return n
