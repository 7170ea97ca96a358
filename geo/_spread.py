"""Distances over a net of water, from part to part of its cells."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from geo._passages import FAR, MOVES, RING, STEP, STRETCH, UNIT, Net
from geo.crs import Floats, Ints


class Window(NamedTuple):
    """The rows and columns that a search is cropped to."""

    row0: int
    row1: int
    col0: int
    col1: int


@numba.njit(cache=True, nogil=True)
def beside(net: Net, node: int, x: float, y: float) -> tuple[Ints, Floats]:
    """Return a place's node and the eight about it that water joins, with the way there, m."""
    n_col = net.moves.shape[1]
    out = np.empty(9, np.int64)
    way_m = np.empty(9)
    cell = node if node >= 0 else net.extra_cell[-1 - node]
    found = 0
    for m in range(-1, 8):
        if m >= 0 and (node < 0 or not (net.moves[node // n_col, node % n_col] >> m) & 1):
            continue
        r, c = cell // n_col, cell % n_col
        if m >= 0:
            r, c = r + MOVES[m, 0], c + MOVES[m, 1]
        off_y, off_x = net.off_row[r, c], net.off_col[r, c]
        if node < 0:
            off_y, off_x = net.extra_off[0, -1 - node], net.extra_off[1, -1 - node]
        dy = net.y0 + (r + 0.5 + off_y / UNIT) * net.cell_m - y
        dx = net.x0 + (c + 0.5 + off_x / UNIT) * net.cell_m - x
        out[found] = node if m < 0 else r * n_col + c
        way_m[found] = np.sqrt(dy * dy + dx * dx)
        found += 1
    return out[:found], way_m[:found]


@numba.njit(cache=True, nogil=True)
def read(
    net: Net,
    window: Window,
    best: NDArray[np.int32],
    best_extra: NDArray[np.int32],
    node: Ints,
    x: Floats,
    y: Floats,
) -> Floats:
    """Return the distance (m) of each place on a node, inf where the search did not come."""
    out = np.full(len(node), np.inf)
    n_col = net.moves.shape[1]
    cells = len(net.extra_first)
    for p in range(len(node)):
        if node[p] >= cells or node[p] < -len(net.extra_cell):
            continue
        near, way_m = beside(net, node[p], x[p], y[p])
        for i in range(len(near)):
            if near[i] < 0:
                far = best_extra[-1 - near[i]]
            else:
                r, c = near[i] // n_col, near[i] % n_col
                if r < window.row0 or r >= window.row1 or c < window.col0 or c >= window.col1:
                    continue
                far = best[r - window.row0, c - window.col0]
            if far != FAR:
                out[p] = min(out[p], far * (net.cell_m / UNIT / STRETCH) + way_m[i])
    return out


@numba.njit(cache=True, nogil=True)
def spread(  # noqa: C901
    net: Net,
    window: Window,
    seed: Ints,
    seed_at: Ints,
    goal: int,
    goal_row: float,
    goal_col: float,
    before: NDArray[np.int32],
    before_extra: NDArray[np.int32],
    limit: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return distances (1 / UNIT cells) of a window's cells and all extras, FAR beyond ``limit``.

    Dijkstra's method with a ring of buckets (Dial, 1969, Algorithm 360). What cannot be on a way
    within ``limit`` is not gone on from: with ``before``, an earlier field, what its distance and
    this one's exceed it by; else what this one's and the straight line to the goal's place do (NaN
    for none). ``seed_at`` ascends. Ends when ``goal`` is reached, where it is a node of ``seed``'s
    kind (FAR for none).
    """
    n_col = net.moves.shape[1]
    r0, r1, c0, c1 = window
    best = np.full((r1 - r0, c1 - c0), FAR, np.int32)
    flat = best.ravel()
    hop_flat = MOVES[:, 0] * (c1 - c0) + MOVES[:, 1]
    hop = MOVES[:, 0] * n_col + MOVES[:, 1]
    best_extra = np.full(len(net.extra_cell), FAR, np.int32)
    room = 1024
    ring = np.empty((RING, room), np.int64)
    size = np.zeros(RING, np.int64)
    waiting, next_seed, level = 0, 0, 0
    if len(seed) > 0:
        level = seed_at[0]
    while level <= limit and (waiting > 0 or next_seed < len(seed)):
        if waiting == 0:
            level = max(level, seed_at[next_seed])
        slot = level & (RING - 1)
        # Seeds come in as the wave does: it never holds more than one turn of the ring.
        while next_seed < len(seed) and seed_at[next_seed] <= level:
            k = seed[next_seed]
            next_seed += 1
            if k < 0:
                if best_extra[-1 - k] <= level:
                    continue
                best_extra[-1 - k] = level
            else:
                r, c = k // n_col, k % n_col
                if r < r0 or r >= r1 or c < c0 or c >= c1 or best[r - r0, c - c0] <= level:
                    continue
                best[r - r0, c - c0] = level
            if size[slot] == room:
                ring, room = _wider(ring), 2 * room
            ring[slot, size[slot]] = k
            size[slot] += 1
            waiting += 1
        for i in range(size[slot]):
            k = ring[slot, i]
            if k >= 0:
                r, c = k // n_col, k % n_col
                if best[r - r0, c - c0] != level:
                    continue
                y, x = net.off_row[r, c], net.off_col[r, c]
                row = net.tied[k]
                rest = before[r - r0, c - c0] if before.size > 0 else 0
            else:
                if best_extra[-1 - k] != level:
                    continue
                cell = net.extra_cell[-1 - k]
                r, c = cell // n_col, cell % n_col
                y, x = net.extra_off[0, -1 - k], net.extra_off[1, -1 - k]
                row = -1 - k
                rest = before_extra[-1 - k] if before.size > 0 else 0
            if k == goal:
                return best, best_extra
            if before.size == 0 and not np.isnan(goal_row):
                dy, dx = goal_row - r - 0.5 - y / UNIT, goal_col - c - 0.5 - x / UNIT
                rest = int(np.sqrt(dy * dy + dx * dx) * UNIT / STRETCH)
            if rest > limit - level:
                continue
            if k >= 0 and net.plain[r, c] and r0 + 2 <= r < r1 - 2 and c0 + 2 <= c < c1 - 2:
                here = (r - r0) * (c1 - c0) + c - c0
                for m in range(16):
                    far = level + STEP[m]
                    if far < flat[here + hop_flat[m]]:
                        flat[here + hop_flat[m]] = far
                        there = far & (RING - 1)
                        if size[there] == room:
                            ring, room = _wider(ring), 2 * room
                        ring[there, size[there]] = k + hop[m]
                        size[there] += 1
                        waiting += 1
                continue
            if k >= 0:
                bits = net.moves[r, c]
                for m in range(16):
                    if not (bits >> m) & 1:
                        continue
                    dr, dc = MOVES[m, 0], MOVES[m, 1]
                    r2, c2 = r + dr, c + dc
                    if r2 < r0 or r2 >= r1 or c2 < c0 or c2 >= c1:
                        continue
                    far = level + STEP[m]
                    y2, x2 = net.off_row[r2, c2], net.off_col[r2, c2]
                    if y2 != y or x2 != x:
                        dy, dx = dr * UNIT + y2 - y, dc * UNIT + x2 - x
                        far = level + max(1, int(np.sqrt(dy * dy + dx * dx) + 0.5))
                    if far < best[r2 - r0, c2 - c0]:
                        best[r2 - r0, c2 - c0] = far
                        there = far & (RING - 1)
                        if size[there] == room:
                            ring, room = _wider(ring), 2 * room
                        ring[there, size[there]] = k + dr * n_col + dc
                        size[there] += 1
                        waiting += 1
            if row < 0:
                continue
            for j in range(net.start[row], net.start[row + 1]):
                k2 = net.tie[j]
                far = level + net.tie_step[j]
                if k2 < 0:
                    if far >= best_extra[-1 - k2]:
                        continue
                    best_extra[-1 - k2] = far
                else:
                    r2, c2 = k2 // n_col, k2 % n_col
                    if r2 < r0 or r2 >= r1 or c2 < c0 or c2 >= c1:
                        continue
                    if far >= best[r2 - r0, c2 - c0]:
                        continue
                    best[r2 - r0, c2 - c0] = far
                there = far & (RING - 1)
                if size[there] == room:
                    ring, room = _wider(ring), 2 * room
                ring[there, size[there]] = k2
                size[there] += 1
                waiting += 1
        waiting -= size[slot]
        size[slot] = 0
        level += 1
    return best, best_extra


@numba.njit(cache=True, nogil=True)
def _wider(ring: Ints) -> Ints:
    out = np.empty((ring.shape[0], 2 * ring.shape[1]), np.int64)
    out[:, : ring.shape[1]] = ring
    return out
