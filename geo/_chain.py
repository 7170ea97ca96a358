"""Loops behind the comparison of two coasts."""

import numba
import numpy as np
from numpy.typing import NDArray

from geo._edges import EdgeGrid
from geo.crs import Bools, Floats


@numba.njit(cache=True)
def nearest_edge_along(
    grid: EdgeGrid, x: Floats, y: Floats, ux: Floats, uy: Floats, max_m: float
) -> tuple[NDArray[np.int32], Floats, Floats]:
    """Return what ``nearest_edge`` does, of the edges alone that run the way (ux, uy) goes."""
    n = len(x)
    found = np.full(n, -1, np.int32)
    distance = np.full(n, np.inf)
    share = np.full(n, np.nan)
    for p in range(n):
        px, py = x[p], y[p]
        col = int(np.floor((px - grid.x0) / grid.cell_m))
        row = int(np.floor((py - grid.y0) / grid.cell_m))
        best = max_m * max_m
        for ring in range(int(max_m / grid.cell_m) + 2):
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
                        if dx * ux[p] + dy * uy[p] <= 0.0:
                            continue
                        t = ((px - grid.ax[e]) * dx + (py - grid.ay[e]) * dy) / (dx * dx + dy * dy)
                        t = min(1.0, max(0.0, t))
                        qx, qy = grid.ax[e] + t * dx - px, grid.ay[e] + t * dy - py
                        d = qx * qx + qy * qy
                        if d < best:
                            best = d
                            found[p] = e
                            share[p] = t
        if found[p] >= 0:
            distance[p] = np.sqrt(best)
    return found, distance, share


@numba.njit(cache=True)
def longest_rise(values: Floats) -> Bools:
    """Mark the members of a longest subsequence that never falls (Schensted 1961; O(n log n))."""
    n = len(values)
    tail = np.empty(n, np.int64)
    before = np.full(n, -1, np.int64)
    length = 0
    for i in range(n):
        low, high = 0, length
        while low < high:
            middle = (low + high) // 2
            if values[tail[middle]] <= values[i]:
                low = middle + 1
            else:
                high = middle
        if low > 0:
            before[i] = tail[low - 1]
        tail[low] = i
        length = max(length, low + 1)
    mark = np.zeros(n, np.bool_)
    at = tail[length - 1] if length else -1
    while at >= 0:
        mark[at] = True
        at = before[at]
    return mark
