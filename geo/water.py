"""Distances and ways over water, on a raster."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import geopandas as gpd
import numba
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy.ndimage import distance_transform_edt

from geo.crs import Bools, Floats, Ints, to_lonlat, to_metres, working_crs
from geo.errors import InputError
from geo.land import land_raster

# Eight neighbours and the eight knight's moves: a path on the raster is at most 2.8 % longer than
# the straight line (8 neighbours: 8.2 %).
_MOVES = np.array(
    [
        (0, 1),
        (1, 0),
        (0, -1),
        (-1, 0),
        (1, 1),
        (1, -1),
        (-1, 1),
        (-1, -1),
        (1, 2),
        (2, 1),
        (-1, 2),
        (-2, 1),
        (1, -2),
        (2, -1),
        (-1, -2),
        (-2, -1),
    ],
    dtype=np.int64,
)
# The longest move, of 2.24 cells, ends at most three buckets on.
_BUCKETS = 4
_SNAP_M = 1_000.0


@dataclass(frozen=True)
class WaterGrid:
    """Water cells of a box; row 0 is the southernmost. Outside the box nothing is known."""

    crs: CRS
    x0: float
    y0: float
    cell_m: float
    water: Bools
    to_land_m: Floats
    snap_row: NDArray[np.int32]
    snap_col: NDArray[np.int32]

    @classmethod
    def build(
        cls,
        land: gpd.GeoDataFrame,
        *,
        cell_m: float = 150.0,
        bounds: Sequence[float] | None = None,
        margin_m: float = 20_000.0,
    ) -> "WaterGrid":
        """Rasterise repaired land; a cell is water where its centre is.

        ``bounds`` is (min_lon, min_lat, max_lon, max_lat), the land's own by default. Beyond them
        the outermost cells go on for ``margin_m``: the sea before the outermost island stays
        sea, and land that the layer was cut through stays land.
        """
        box = list(bounds if bounds is not None else land.total_bounds)
        crs = working_crs(box)
        edge_lon = np.r_[np.linspace(box[0], box[2], 50), np.linspace(box[0], box[2], 50)]
        edge_lat = np.r_[np.full(50, box[1]), np.full(50, box[3])]
        x, y = to_metres(crs, edge_lon, edge_lat)
        shape = (int(np.ptp(y) / cell_m) + 1, int(np.ptp(x) / cell_m) + 1)
        x0, y0 = float(x.min()), float(y.min())
        water = ~land_raster(land, crs, x0=x0, y0=y0, cell_m=cell_m, shape=shape)
        margin = int(margin_m / cell_m)
        water = np.pad(water, margin, mode="edge")
        x0, y0, shape = x0 - margin * cell_m, y0 - margin * cell_m, water.shape
        to_land = (
            distance_transform_edt(water) * cell_m if not water.all() else np.full(shape, np.inf)
        )
        if water.any():
            snap = distance_transform_edt(~water, return_distances=False, return_indices=True)
        else:
            snap = np.zeros((2, *shape))
        return cls(
            crs, x0, y0, cell_m, water, to_land, snap[0].astype(np.int32), snap[1].astype(np.int32)
        )

    def cells(self, lon: Floats, lat: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Bools]:
        """Return row, column of each lon/lat and whether it lies in the box."""
        x, y = to_metres(self.crs, np.atleast_1d(lon), np.atleast_1d(lat))
        col = np.floor((x - self.x0) / self.cell_m)
        row = np.floor((y - self.y0) / self.cell_m)
        inside = (col >= 0) & (row >= 0) & (col < self.water.shape[1]) & (row < self.water.shape[0])
        return (
            np.where(inside, row, 0).astype(np.int64),
            np.where(inside, col, 0).astype(np.int64),
            inside,
        )

    def near(
        self, lon: Floats, lat: Floats, *, to_lon: Floats, to_lat: Floats, radius_m: float
    ) -> tuple[Ints, Ints, Floats]:
        """Return all pairs of places that are near each other over water.

        Ends on land are moved to the nearest water cell when that is within 1 km; the move counts
        as distance.

        Returns
        -------
        source, target : rows of the two lists, sorted by source.
        distance_m : way over water, at most ``radius_m``.
        """
        source, source_moved_m = self._snap(lon, lat)
        target, target_moved_m = self._snap(to_lon, to_lat)
        limit = radius_m / self.cell_m
        half = int(limit) + 1
        known = np.zeros(self.water.shape, dtype=np.int32)
        order = np.argsort(target[:, 0], kind="stable")
        target_row, target_col = target[order].T
        rows: list[Ints] = [np.empty(0, dtype=np.int64)]
        targets: list[Ints] = [np.empty(0, dtype=np.int64)]
        distances: list[Floats] = [np.empty(0)]
        for number in np.flatnonzero(source[:, 0] >= 0):
            row, col = source[number]
            field = _field(self.water, known, row, col, limit, _MOVES)
            # Targets that could not be moved to water are of row -1.
            low, high = np.searchsorted(target_row, [max(row - half, 0), row + half + 1])
            here = low + np.flatnonzero(np.abs(target_col[low:high] - col) <= half)
            way = field[target_row[here] - row + half, target_col[here] - col + half] * self.cell_m
            way = way + target_moved_m[order[here]] + source_moved_m[number]
            close = way <= radius_m
            rows.append(np.full(int(close.sum()), number, dtype=np.int64))
            targets.append(order[here[close]])
            distances.append(way[close])
        return np.concatenate(rows), np.concatenate(targets), np.concatenate(distances)

    def distances(
        self, lon: float, lat: float, *, radius_m: float, to_lon: Floats, to_lat: Floats
    ) -> Floats:
        """Return the way over water (m) from one place to many, ``inf`` beyond ``radius_m``."""
        out = np.full(len(to_lon), np.inf)
        _, target, distance_m = self.near(
            np.array([lon]), np.array([lat]), to_lon=to_lon, to_lat=to_lat, radius_m=radius_m
        )
        out[target] = distance_m
        return out

    def path(
        self, lon0: float, lat0: float, lon1: float, lat1: float, *, clearance_m: float = 0.0
    ) -> Floats:
        """Return a short way over water between two places as (k, 2) lon/lat.

        Cells nearer to land than ``clearance_m`` cost five times as much, so that a vessel keeps
        off the shore where it can. Straightened where the straight line is as clear.

        Raises
        ------
        InputError
            When there is no way, or an end is more than 1 km from water.
        """
        ends, _ = self._snap(np.array([lon0, lon1]), np.array([lat0, lat1]))
        where = f"way from {lon0:.4f} {lat0:.4f} to {lon1:.4f} {lat1:.4f}"
        if (ends < 0).any():
            raise InputError("an end is not on the water", where=where, mend="Move it to water.")
        cost = np.where(self.to_land_m < clearance_m, 5.0, 1.0)
        rows, cols = _astar(
            self.water, cost, ends[0, 0], ends[0, 1], ends[1, 0], ends[1, 1], _MOVES
        )
        if len(rows) == 0:
            raise InputError(
                "there is no way over water", where=where, mend="Use a finer grid, or other ends."
            )
        keep = _straighten(self.water, cost, rows, cols)
        lon, lat = to_lonlat(
            self.crs,
            self.x0 + (cols[keep] + 0.5) * self.cell_m,
            self.y0 + (rows[keep] + 0.5) * self.cell_m,
        )
        return np.column_stack([lon, lat])

    def _snap(self, lon: Floats, lat: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Return (row, col) of the nearest water cell, or -1, and how far it was moved (m)."""
        row, col, inside = self.cells(lon, lat)
        to_row, to_col = self.snap_row[row, col], self.snap_col[row, col]
        moved = np.hypot(to_row - row, to_col - col) * self.cell_m
        good = inside & (moved <= _SNAP_M) & self.water[to_row, to_col]
        cell = np.column_stack([to_row, to_col]).astype(np.int64)
        cell[~good] = -1
        return cell, moved


@numba.njit(cache=True)
def _open(water: Bools, r: int, c: int, dr: int, dc: int) -> bool:
    """Tell whether a move stays on water: a knight's move or a diagonal cuts no corner."""
    n_row, n_col = water.shape
    r2, c2 = r + dr, c + dc
    if r2 < 0 or c2 < 0 or r2 >= n_row or c2 >= n_col or not water[r2, c2]:
        return False
    if abs(dr) == 1 and abs(dc) == 1:
        return bool(water[r, c2] or water[r2, c])
    if abs(dr) == 2:
        return bool(water[r + dr // 2, c] and water[r + dr // 2, c2])
    if abs(dc) == 2:
        return bool(water[r, c + dc // 2] and water[r2, c + dc // 2])
    return True


@numba.njit(cache=True)
def _moves_open(water: Bools, r: int, c: int, moves: Ints) -> int:
    """Return which moves stay on water as bits, with one more that says that they are known."""
    bits = 1 << len(moves)
    for m in range(len(moves)):
        if _open(water, r, c, moves[m, 0], moves[m, 1]):
            bits |= 1 << m
    return bits


@numba.njit(cache=True)
def _field(
    water: Bools, known: NDArray[np.int32], row: int, col: int, limit: float, moves: Ints
) -> Floats:
    """Return distances in cells over water from one cell to those about it, inf beyond ``limit``.

    The cell is the middle of a square of which no side is nearer than ``limit``. Cells wait in
    buckets one cell wide: as no move is shorter, a bucket's cells change none of its own (Dial
    1969, "Algorithm 360", CACM 12; Denardo and Fox 1979, Operations Research 27).

    ``known`` are the moves open in each cell of the water, filled in as they are looked at.
    """
    half = int(limit) + 1
    side = 2 * half + 1
    best = np.full(side * side, np.inf)
    waits = np.empty((_BUCKETS, side * side), np.int64)
    size = np.zeros(_BUCKETS, np.int64)
    # The bucket that a cell was put in last: it is in each once at most.
    put = np.full(side * side, -1, np.int64)
    length = np.sqrt((moves**2).sum(axis=1).astype(np.float64))
    step = moves[:, 0] * side + moves[:, 1]
    best[half * side + half] = 0.0
    waits[0, 0], size[0] = half * side + half, 1
    at = 0
    while size.max() > 0:
        now = at % _BUCKETS
        for i in range(size[now]):
            k = waits[now, i]
            d = best[k]
            if int(d) != at:
                continue  # found nearer since
            r, c = row - half + k // side, col - half + k % side
            bits = known[r, c]
            if bits == 0:
                bits = _moves_open(water, r, c, moves)
                known[r, c] = bits
            for m in range(len(step)):
                far = d + length[m]
                k2 = k + step[m]
                if bits >> m & 1 and far <= limit and far < best[k2]:
                    best[k2] = far
                    then = int(far)
                    if put[k2] != then:
                        put[k2] = then
                        waits[then % _BUCKETS, size[then % _BUCKETS]] = k2
                        size[then % _BUCKETS] += 1
        size[now] = 0
        at += 1
    return best.reshape(side, side)


@numba.njit(cache=True)
def _astar(
    water: Bools, cost: Floats, row0: int, col0: int, row1: int, col1: int, moves: Ints
) -> tuple[Ints, Ints]:
    """Return rows, cols of a cheapest way between two cells, empty when there is none."""
    n_row, n_col = water.shape
    best = np.full(n_row * n_col, np.inf)
    parent = np.full(n_row * n_col, -1, np.int64)
    goal = row1 * n_col + col1
    best[row0 * n_col + col0] = 0.0
    heap = [(0.0, 0.0, row0 * n_col + col0)]
    while len(heap) > 0:
        _, d, k = heappop(heap)
        if k == goal:
            break
        if d > best[k]:
            continue
        r, c = k // n_col, k % n_col
        for m in range(len(moves)):
            dr, dc = moves[m, 0], moves[m, 1]
            if not _open(water, r, c, dr, dc):
                continue
            k2 = (r + dr) * n_col + c + dc
            far = d + np.sqrt(dr * dr + dc * dc) * cost[r + dr, c + dc]
            if far < best[k2]:
                best[k2] = far
                parent[k2] = k
                ahead = np.sqrt(float((r + dr - row1) ** 2 + (c + dc - col1) ** 2))
                heappush(heap, (far + ahead, far, k2))
    if parent[goal] < 0 and goal != row0 * n_col + col0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    count = 1
    k = goal
    while parent[k] >= 0:
        k = parent[k]
        count += 1
    rows, cols = np.empty(count, np.int64), np.empty(count, np.int64)
    k = goal
    for i in range(count - 1, -1, -1):
        rows[i], cols[i] = k // n_col, k % n_col
        k = parent[k]
    return rows, cols


@numba.njit(cache=True)
def _straighten(water: Bools, cost: Floats, rows: Ints, cols: Ints) -> Ints:
    """Return which corners of a way are needed: the others see past each other as cheaply."""
    keep = [0]
    at = 0
    n = len(rows)
    while at < n - 1:
        reach = at + 1
        # Galloping, then one by one: ways are long and mostly straight.
        step = 1
        while reach + step < n and _clear(water, cost, rows, cols, at, reach + step):
            reach += step
            step *= 2
        while step >= 1:
            if reach + step < n and _clear(water, cost, rows, cols, at, reach + step):
                reach += step
            step //= 2
        at = reach
        keep.append(at)
    return np.array(keep)


@numba.njit(cache=True)
def _clear(water: Bools, cost: Floats, rows: Ints, cols: Ints, a: int, b: int) -> bool:
    dr, dc = rows[b] - rows[a], cols[b] - cols[a]
    worst = max(cost[rows[a], cols[a]], cost[rows[b], cols[b]])
    n = 2 * max(abs(dr), abs(dc))
    for i in range(1, n):
        r = int(np.round(rows[a] + dr * i / n))
        c = int(np.round(cols[a] + dc * i / n))
        if not water[r, c] or cost[r, c] > worst:
            return False
    return True
