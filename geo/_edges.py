"""Shore edges in a uniform grid: the one structure behind nearest, contains and ray casting."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from geo.crs import Floats, Ints

_MAX_CELLS = 4_000_000
# Rays and positions that begin this close to the outermost edge lie in the grid all the same.
_MARGIN_M = 10.0


class EdgeGrid(NamedTuple):
    """Edges (metres) and, per grid cell, the edges whose bounding box touches it (CSR)."""

    x0: float
    y0: float
    cell_m: float
    n_col: int
    n_row: int
    start: Ints
    edge: NDArray[np.int32]
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats


def edge_grid(ax: Floats, ay: Floats, bx: Floats, by: Floats, *, cell_m: float) -> EdgeGrid:
    """Build the grid; ``cell_m`` grows where the extent would need too many cells."""
    x0, y0 = min(ax.min(), bx.min()) - _MARGIN_M, min(ay.min(), by.min()) - _MARGIN_M
    width = max(ax.max(), bx.max()) + _MARGIN_M - x0
    height = max(ay.max(), by.max()) + _MARGIN_M - y0
    cell_m = max(cell_m, float(np.sqrt(width * height / _MAX_CELLS)))
    n_col, n_row = int(width / cell_m) + 1, int(height / cell_m) + 1
    start, edge = _fill(ax, ay, bx, by, x0, y0, cell_m, n_col, n_row)
    return EdgeGrid(x0, y0, cell_m, n_col, n_row, start, edge, ax, ay, bx, by)


@numba.njit(cache=True, nogil=True)
def _fill(
    ax: Floats,
    ay: Floats,
    bx: Floats,
    by: Floats,
    x0: float,
    y0: float,
    cell: float,
    n_col: int,
    n_row: int,
) -> tuple[Ints, NDArray[np.int32]]:
    count = np.zeros(n_col * n_row + 1, np.int64)
    for turn in range(2):
        if turn == 1:
            start = np.cumsum(count)
            place = start[:-1].copy()
            out = np.empty(start[-1], np.int32)
        for i in range(len(ax)):
            c0 = int((min(ax[i], bx[i]) - x0) / cell)
            c1 = int((max(ax[i], bx[i]) - x0) / cell)
            r0 = int((min(ay[i], by[i]) - y0) / cell)
            r1 = int((max(ay[i], by[i]) - y0) / cell)
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    k = r * n_col + c
                    if turn == 0:
                        count[k + 1] += 1
                    else:
                        out[place[k]] = i
                        place[k] += 1
    return start, out


_ANY_WAY = np.empty(0)


def nearest_edge(
    grid: EdgeGrid, x: Floats, y: Floats, max_m: float
) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Return for each point: nearest edge within ``max_m`` (or -1), distance, share along it."""
    return nearest_edge_along(grid, x, y, _ANY_WAY, _ANY_WAY, max_m)


@numba.njit(cache=True, nogil=True)
def nearest_edge_along(
    grid: EdgeGrid, x: Floats, y: Floats, ux: Floats, uy: Floats, max_m: float
) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Return what ``nearest_edge`` does, of the edges alone that run the way (ux, uy) goes.

    With no ways given (empty arrays) an edge may run any.
    """
    n = len(x)
    any_way = len(ux) == 0
    found = np.full(n, -1, np.int32)
    distance = np.full(n, np.inf)
    share = np.full(n, np.nan)
    for p in range(n):
        px, py = x[p], y[p]
        if not (np.isfinite(px) and np.isfinite(py)):
            continue
        col = int(np.floor((px - grid.x0) / grid.cell_m))
        row = int(np.floor((py - grid.y0) / grid.cell_m))
        best = max_m * max_m
        rings = int(max_m / grid.cell_m) + 1
        # A ring of cells further out is at least (ring - 1) cells away.
        for ring in range(rings + 1):
            if ring > 0 and ((ring - 1) * grid.cell_m) ** 2 > best:
                break
            for r in range(max(row - ring, 0), min(row + ring, grid.n_row - 1) + 1):
                full = r == row - ring or r == row + ring
                step = 1 if full or ring == 0 else 2 * ring
                for c in range(col - ring, col + ring + 1, step):
                    if c < 0 or c >= grid.n_col:
                        continue
                    k = r * grid.n_col + c
                    for j in range(grid.start[k], grid.start[k + 1]):
                        e = grid.edge[j]
                        dx, dy = grid.bx[e] - grid.ax[e], grid.by[e] - grid.ay[e]
                        if not any_way and dx * ux[p] + dy * uy[p] <= 0.0:
                            continue
                        square = dx * dx + dy * dy
                        t = 0.0
                        if square > 0:
                            t = ((px - grid.ax[e]) * dx + (py - grid.ay[e]) * dy) / square
                            t = min(1.0, max(0.0, t))
                        qx, qy = grid.ax[e] + t * dx - px, grid.ay[e] + t * dy - py
                        d = qx * qx + qy * qy
                        if d < best or (d == best and found[p] >= 0 and e < found[p]):
                            best = d
                            found[p] = e
                            share[p] = t
        if found[p] >= 0:
            distance[p] = np.sqrt(best)
    return found, distance, share


@numba.njit(cache=True, nogil=True)
def crossings_to_centre(grid: EdgeGrid, x: Floats, y: Floats) -> tuple[Ints, NDArray[np.int32]]:
    """Return per point its cell (-1 outside) and how often the way to the cell's centre crosses.

    Both ends lie in one cell, which is convex: only the cell's own edges can be crossed.
    """
    n = len(x)
    cell = np.full(n, -1, np.int64)
    crossed = np.zeros(n, np.int32)
    for p in range(n):
        px, py = x[p], y[p]
        if not (np.isfinite(px) and np.isfinite(py)):
            continue
        col = int(np.floor((px - grid.x0) / grid.cell_m))
        row = int(np.floor((py - grid.y0) / grid.cell_m))
        if col < 0 or row < 0 or col >= grid.n_col or row >= grid.n_row:
            continue
        k = row * grid.n_col + col
        cell[p] = k
        cx, cy = grid.x0 + (col + 0.5) * grid.cell_m, grid.y0 + (row + 0.5) * grid.cell_m
        for j in range(grid.start[k], grid.start[k + 1]):
            e = grid.edge[j]
            x1, y1, x2, y2 = grid.ax[e], grid.ay[e], grid.bx[e], grid.by[e]
            above1 = (cx - px) * (y1 - py) - (cy - py) * (x1 - px) > 0
            above2 = (cx - px) * (y2 - py) - (cy - py) * (x2 - px) > 0
            if above1 != above2:
                side_p = (x2 - x1) * (py - y1) - (y2 - y1) * (px - x1) > 0
                side_c = (x2 - x1) * (cy - y1) - (y2 - y1) * (cx - x1) > 0
                if side_p != side_c:
                    crossed[p] += 1
    return cell, crossed


@numba.njit(cache=True, nogil=True)
def cast_rays(grid: EdgeGrid, x: Floats, y: Floats, ux: Floats, uy: Floats, max_m: float) -> Floats:
    """Return the distance from each point along its unit vector to the first edge, or ``max_m``.

    Cells are walked in order (Amanatides and Woo, 1987, A fast voxel traversal algorithm).
    """
    n = len(x)
    out = np.full(n, max_m)
    for p in range(n):
        px, py, vx, vy = x[p], y[p], ux[p], uy[p]
        col = int(np.floor((px - grid.x0) / grid.cell_m))
        row = int(np.floor((py - grid.y0) / grid.cell_m))
        step_c = 1 if vx > 0 else -1
        step_r = 1 if vy > 0 else -1
        edge_x = grid.x0 + (col + (1 if vx > 0 else 0)) * grid.cell_m
        edge_y = grid.y0 + (row + (1 if vy > 0 else 0)) * grid.cell_m
        next_c = (edge_x - px) / vx if vx != 0 else np.inf
        next_r = (edge_y - py) / vy if vy != 0 else np.inf
        per_c = grid.cell_m / abs(vx) if vx != 0 else np.inf
        per_r = grid.cell_m / abs(vy) if vy != 0 else np.inf
        here = 0.0
        while here < out[p] and 0 <= col < grid.n_col and 0 <= row < grid.n_row:
            k = row * grid.n_col + col
            for j in range(grid.start[k], grid.start[k + 1]):
                e = grid.edge[j]
                ex, ey = grid.bx[e] - grid.ax[e], grid.by[e] - grid.ay[e]
                det = vx * ey - vy * ex
                if det == 0.0:
                    continue
                wx, wy = grid.ax[e] - px, grid.ay[e] - py
                along = (wx * ey - wy * ex) / det
                share = (wx * vy - wy * vx) / det
                if 0.0 <= along < out[p] and 0.0 <= share <= 1.0:
                    out[p] = along
            if next_c < next_r:
                here = next_c
                next_c += per_c
                col += step_c
            else:
                here = next_r
                next_r += per_r
                row += step_r
    return out
