"""What can be reached over water between two places in a given time: the space-time prism."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo._passages import FAR, NOWHERE, STRETCH, UNIT, Net, build_net, middles, nodes_at
from geo._spread import Window, beside, read, spread
from geo.crs import Bools, Floats, Ints, to_metres, working_crs
from geo.errors import InputError
from geo.land import land_raster

# Cells of the nets in fine cells: with 25 m, cells of 75, 150, 300 and 600 m.
_FACTORS = (3, 6, 12, 24)
_MOST_FINE = 120_000_000
# A search takes the finest net of no more cells than this.
_MOST_CELLS = 300_000
_SNAP_M = 1_000.0
# Where the water before a shore is looked for along its facing, before it is in any direction.
_OFF_M = (20.0, 35.0, 50.0, 75.0, 100.0)
# A way for which there was no time is looked for as far as this.
_HOW_FAR = 4.0
_HOW_FAR_M = 50_000.0


class Places(NamedTuple):
    """Places on the water, in metres; ``node`` is [net, place]."""

    x: Floats
    y: Floats
    node: Ints


class Prism(NamedTuple):
    """What can be reached: distances over water (m) by place, inf where it is too far.

    ``direct_m`` is the way from the one end to the other, NaN without a second end, inf where
    there is no way. ``from_m`` is the way from the first end to each place, ``to_m`` from there to
    the second (0 without one). ``cell_m`` tells how fine the net was.
    """

    direct_m: float
    from_m: Floats
    to_m: Floats
    cell_m: float


class _End(NamedTuple):
    """Where a search sets out: nodes of one net with the metres to them, nearest first.

    ``at`` is the node that the place itself is on, ``moved_m`` how far it lay from the water.
    """

    x: float
    y: float
    at: int
    node: Ints
    at_m: Floats
    moved_m: float
    inside: bool


class _Field(NamedTuple):
    """Distances from an end, in 1 / UNIT cells: of a window's cells, and of all extras."""

    cell: NDArray[np.int32]
    extra: NDArray[np.int32]


@dataclass(frozen=True, repr=False)
class Passages:
    """The water about a coast in nets of several finenesses, row 0 the southernmost.

    A passage wider than 1.42 fine cells is open, and a dam wider than one fine cell is shut,
    whichever way they run; what is narrower may be either. Outside the box all is open sea.
    """

    crs: CRS
    x0: float
    y0: float
    fine_m: float
    water: Bools
    nets: tuple[Net, ...]

    @classmethod
    def build(
        cls,
        land: gpd.GeoDataFrame,
        *,
        fine_m: float = 25.0,
        bounds: Sequence[float] | None = None,
        margin_m: float = 10_000.0,
    ) -> "Passages":
        """Rasterise repaired land, and join what water joins.

        Parameters
        ----------
        fine_m : fine cell, m; made larger where the box has more than 120 million of them.
        bounds : (min_lon, min_lat, max_lon, max_lat), the land's own by default. Beyond them the
            outermost cells go on for ``margin_m``.
        """
        box = list(bounds if bounds is not None else land.total_bounds)
        crs = working_crs(box)
        sides = np.linspace(0.0, 1.0, 50)
        lon = box[0] + (box[2] - box[0]) * np.r_[sides, sides, np.zeros(50), np.ones(50)]
        lat = box[1] + (box[3] - box[1]) * np.r_[np.zeros(50), np.ones(50), sides, sides]
        x, y = to_metres(crs, lon, lat)
        area = (np.ptp(x) + 2 * margin_m) * (np.ptp(y) + 2 * margin_m)
        fine_m = max(fine_m, float(np.sqrt(area / _MOST_FINE)))
        known = (int(np.ptp(y) / fine_m) + 1, int(np.ptp(x) / fine_m) + 1)
        inner = ~land_raster(
            land, crs, x0=float(x.min()), y0=float(y.min()), cell_m=fine_m, shape=known
        )
        margin = int(margin_m / fine_m)
        more = [-(n + 2 * margin) % _FACTORS[-1] for n in known]
        water = np.pad(inner, [(margin, margin + m) for m in more], mode="edge")
        x0, y0 = float(x.min()) - margin * fine_m, float(y.min()) - margin * fine_m
        return cls(
            crs,
            x0,
            y0,
            fine_m,
            water,
            tuple(build_net(water, factor, fine_m=fine_m, x0=x0, y0=y0) for factor in _FACTORS),
        )

    def places(self, lon: Floats, lat: Floats, facing_deg: Floats | None = None) -> Places:
        """Return the water at each lon/lat: straight off along its facing, else the nearest.

        ``facing_deg`` (NaN for none) is where the sea lies, as ``geo.segments`` gives it. A place
        more than 1 km from water, or outside the box, can never be reached.
        """
        x, y = to_metres(self.crs, np.atleast_1d(lon), np.atleast_1d(lat))
        way = np.full(len(x), np.nan) if facing_deg is None else np.radians(facing_deg)
        fx, fy = (x - self.x0) / self.fine_m, (y - self.y0) / self.fine_m
        off = np.asarray(_OFF_M) / self.fine_m
        cell = _water_at(self.water, fy, fx, way, off, int(_SNAP_M / self.fine_m))
        node = np.array([nodes_at(self.water, net, cell) for net in self.nets])
        there = cell[:, 0] >= 0
        return Places(
            np.where(there, self.x0 + (cell[:, 1] + 0.5) * self.fine_m, x),
            np.where(there, self.y0 + (cell[:, 0] + 0.5) * self.fine_m, y),
            node.reshape(len(self.nets), len(x)),
        )


def prism(
    water: Passages,
    places: Places,
    *,
    lon0: float,
    lat0: float,
    lon1: float | None = None,
    lat1: float | None = None,
    seconds: float,
    speed_mps: float,
    near_m: float = 0.0,
) -> Prism:
    """Return which places can be come to on the way from one place to another in a given time.

    Parameters
    ----------
    places : of ``water.places``.
    lon1, lat1 : the second end; None leaves it open.
    near_m : as far off as this a place counts as come to.

    Raises
    ------
    InputError
        When time or speed is not a number above 0.
    """
    budget_m = seconds * speed_mps
    if not (np.isfinite(budget_m) and seconds > 0 and speed_mps > 0):
        raise InputError(
            f"{seconds:g} s at {speed_mps:g} m/s lead nowhere",
            where="prism",
            mend="Give a time and a speed above 0.",
        )
    limit_m = budget_m + 2 * near_m
    xy0 = _xy(water, lon0, lat0)
    xy1 = None if lon1 is None or lat1 is None else _xy(water, lon1, lat1)
    number, window = _window(water, xy0, xy1, limit_m)
    net = water.nets[number]
    start = _end(water, net, xy0)
    goal = None if xy1 is None else _end(water, net, xy1)
    ahead = _search(net, window, start, goal, None, limit_m)
    from_m = np.maximum(_read(net, window, ahead, places, number, start) - near_m, 0.0)
    if goal is None:
        direct_m, to_m = np.nan, np.zeros(len(from_m))
    else:
        direct_m = _between(water, net, window, ahead, start, goal)
        if direct_m > limit_m:
            direct_m = _however_far(water, start, goal)
        back = _search(net, window, goal, None, ahead, limit_m)
        to_m = np.maximum(_read(net, window, back, places, number, goal) - near_m, 0.0)
    within = from_m + to_m <= budget_m
    return Prism(
        direct_m, np.where(within, from_m, np.inf), np.where(within, to_m, np.inf), net.cell_m
    )


def _xy(water: Passages, lon: float, lat: float) -> tuple[float, float]:
    x, y = to_metres(water.crs, lon, lat)
    return float(x), float(y)


def _however_far(water: Passages, start: _End, goal: _End) -> float:
    """Return the way between two ends, for which there was no time; inf where there is none."""
    straight_m = float(np.hypot(goal.x - start.x, goal.y - start.y))
    limit_m = _HOW_FAR * straight_m + _HOW_FAR_M
    number, window = _window(water, (start.x, start.y), (goal.x, goal.y), limit_m)
    net = water.nets[number]
    start, goal = _end(water, net, (start.x, start.y)), _end(water, net, (goal.x, goal.y))
    field = _search(net, window, start, goal, None, limit_m, stop=True)
    return _between(water, net, window, field, start, goal)


def _window(
    water: Passages, xy0: tuple[float, float], xy1: tuple[float, float] | None, limit_m: float
) -> tuple[int, Window]:
    """Return the finest net that is fast enough, and its cells about the bounding ellipse."""
    x1, y1 = xy1 or xy0
    dx, dy = x1 - xy0[0], y1 - xy0[1]
    apart = float(np.hypot(dx, dy))
    if xy1 is None:
        half_x = half_y = limit_m
    else:
        long, wide = max(limit_m, apart) / 2, np.sqrt(max(limit_m**2 - apart**2, 0.0)) / 2
        ux, uy = (dx / apart, dy / apart) if apart > 0 else (1.0, 0.0)
        half_x, half_y = np.hypot(long * ux, wide * uy), np.hypot(long * uy, wide * ux)
    x, y = (xy0[0] + x1) / 2 - water.x0, (xy0[1] + y1) / 2 - water.y0
    number = -1
    for net in water.nets:
        number += 1
        n_row, n_col = net.moves.shape
        # Two cells more: where an end or a place lies at the very edge.
        row0, row1 = _span(y, half_y + 2 * net.cell_m, net.cell_m, n_row)
        col0, col1 = _span(x, half_x + 2 * net.cell_m, net.cell_m, n_col)
        if (row1 - row0) * (col1 - col0) <= _MOST_CELLS:
            break
    return number, Window(row0, row1, col0, col1)


def _span(middle: float, half: float, cell: float, n: int) -> tuple[int, int]:
    low = min(max(int(np.floor((middle - half) / cell)), 0), n)
    return low, max(min(int(np.floor((middle + half) / cell)) + 1, n), low)


def _end(water: Passages, net: Net, xy: tuple[float, float]) -> _End:
    """Return where one end stands on a net; beyond the box, the box's sides that face it."""
    n_row, n_col = net.moves.shape
    fx, fy = (xy[0] - water.x0) / water.fine_m, (xy[1] - water.y0) / water.fine_m
    rows, cols = water.water.shape
    if 0 <= fx < cols and 0 <= fy < rows:
        no_way, no_off = np.full(1, np.nan), np.empty(0)
        reach = int(_SNAP_M / water.fine_m)
        cell = _water_at(water.water, np.array([fy]), np.array([fx]), no_way, no_off, reach)
        (at,) = nodes_at(water.water, net, cell)
        moved = float(np.hypot(cell[0, 0] + 0.5 - fy, cell[0, 1] + 0.5 - fx)) * water.fine_m
        if at == NOWHERE:
            return _End(*xy, at, np.empty(0, np.int64), np.empty(0), 0.0, inside=True)
        # An end on land is moved to the water, and the move counts.
        moved = 0.0 if moved < water.fine_m else moved
        x, y = (
            xy
            if moved == 0.0
            else (
                water.x0 + (cell[0, 1] + 0.5) * water.fine_m,
                water.y0 + (cell[0, 0] + 0.5) * water.fine_m,
            )
        )
        node, at_m = beside(net, at, x, y)
        order = np.argsort(at_m, kind="stable")
        return _End(x, y, at, node[order], at_m[order] + moved, moved, inside=True)
    sides = [
        np.arange(n_row) * n_col if fx < 0 else None,
        np.arange(1, n_row + 1) * n_col - 1 if fx >= cols else None,
        np.arange(n_col) if fy < 0 else None,
        np.arange(n_col) + (n_row - 1) * n_col if fy >= rows else None,
    ]
    node = np.unique(np.concatenate([one for one in sides if one is not None]))
    node = node[net.moves.ravel()[node] > 0]
    x, y = middles(net, node)
    at_m = np.hypot(x - xy[0], y - xy[1])
    order = np.argsort(at_m, kind="stable")
    return _End(*xy, NOWHERE, node[order], at_m[order], 0.0, inside=False)


def _search(
    net: Net,
    window: Window,
    start: _End,
    goal: _End | None,
    before: _Field | None,
    limit_m: float,
    *,
    stop: bool = False,
) -> _Field:
    """Return distances from ``start``; with ``stop`` no further than ``goal``."""
    unit = UNIT * STRETCH / net.cell_m
    no_field = _Field(np.empty((0, 0), np.int32), np.empty(0, np.int32))
    cell, extra = spread(
        net,
        window,
        start.node,
        np.rint(start.at_m * unit).astype(np.int64),
        goal.at if goal is not None and stop and goal.at != NOWHERE else int(FAR),
        np.nan if goal is None else (goal.y - net.y0) / net.cell_m,
        np.nan if goal is None else (goal.x - net.x0) / net.cell_m,
        *(before or no_field),
        int(np.minimum(limit_m * unit, FAR - 1.0)),
    )
    return _Field(cell, extra)


def _read(
    net: Net, window: Window, field: _Field, places: Places, number: int, end: _End
) -> Floats:
    """Return the way from an end to each place, at least as far as straight."""
    way = read(net, window, *field, places.node[number], places.x, places.y)
    straight = np.hypot(places.x - end.x, places.y - end.y) + end.moved_m
    beside_it = np.isin(places.node[number], end.node) & end.inside
    return np.where(beside_it, straight, np.maximum(way, straight))


def _between(
    water: Passages, net: Net, window: Window, field: _Field, start: _End, goal: _End
) -> float:
    """Return the way from one end to the other, inf where the search did not come there."""
    straight = float(np.hypot(goal.x - start.x, goal.y - start.y)) + start.moved_m + goal.moved_m
    if start.inside and goal.inside:
        if goal.at in start.node:
            return straight
    elif _misses(water, start, goal):
        return straight
    x, y = middles(net, goal.node)
    way = read(net, window, *field, goal.node, x, y) + goal.at_m
    return max(float(way.min(initial=np.inf)), straight)


def _misses(water: Passages, start: _End, goal: _End) -> bool:
    """Tell whether the straight line between two places keeps out of the box."""
    rows, cols = water.water.shape
    box = shapely.box(
        water.x0, water.y0, water.x0 + cols * water.fine_m, water.y0 + rows * water.fine_m
    )
    return not shapely.intersects(box, shapely.linestrings([[start.x, start.y], [goal.x, goal.y]]))


@numba.njit(cache=True, nogil=True)
def _water_at(  # noqa: C901
    water: Bools, fy: Floats, fx: Floats, way: Floats, off: Floats, reach: int
) -> Ints:
    """Return row, column of the water at each place (in cells): off along ``way``, else nearest."""
    n_row, n_col = water.shape
    out = np.full((len(fy), 2), -1, np.int64)
    for p in range(len(fy)):
        if not (0 <= fy[p] < n_row and 0 <= fx[p] < n_col):
            continue
        if np.isfinite(way[p]):
            for far in off:
                r = int(np.floor(fy[p] + far * np.cos(way[p])))
                c = int(np.floor(fx[p] + far * np.sin(way[p])))
                if 0 <= r < n_row and 0 <= c < n_col and water[r, c]:
                    out[p, 0], out[p, 1] = r, c
                    break
            if out[p, 0] >= 0:
                continue
        row, col = int(fy[p]), int(fx[p])
        nearest = float(reach * reach)
        for ring in range(reach + 1):
            # A ring of cells further out is at least (ring - 1) cells away.
            if (ring - 1.0) ** 2 > nearest:
                break
            for r in range(max(row - ring, 0), min(row + ring, n_row - 1) + 1):
                step = 1 if r == row - ring or r == row + ring or ring == 0 else 2 * ring
                for c in range(col - ring, col + ring + 1, step):
                    if c < 0 or c >= n_col or not water[r, c]:
                        continue
                    d = (r + 0.5 - fy[p]) ** 2 + (c + 0.5 - fx[p]) ** 2
                    if d < nearest:
                        nearest = d
                        out[p, 0], out[p, 1] = r, c
    return out
