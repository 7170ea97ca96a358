"""The simulated sea: places to lie, work and pass, and the ways between them."""

from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geo.crs import metre_shapes, to_lonlat, to_metres
from geo.errors import InputError
from geo.land import LandMask
from geo.water import WaterGrid

Floats = NDArray[np.float64]

# A berth lies this far off its wharf, a landing this far off its beach.
_BERTH_M = np.array([45.0, 70.0, 100.0, 140.0])
_LANE_M = 1000.0
_GATES = 6
_ROUND_M = 4000.0
_BEARINGS = np.radians(np.arange(0.0, 360.0, 15.0))


@dataclass
class Sea:
    """Water, land and remembered ways, in metres of the water grid's own plane."""

    water: WaterGrid
    lanes: WaterGrid
    mask: LandMask
    box: tuple[float, float, float, float]
    polygons: NDArray[np.object_]
    """The land in metres."""
    _ways: dict[tuple[float, ...], Floats | None] = field(default_factory=dict)

    @classmethod
    def over(cls, land: gpd.GeoDataFrame, water: WaterGrid) -> "Sea":
        """Return the sea about ``land``."""
        lon0, lat0, lon1, lat1 = land.total_bounds
        x, y = to_metres(water.crs, [lon0, lon1, lon0, lon1], [lat0, lat1, lat1, lat0])
        # The widest box that is inside the layer on every side: beyond it the land is unknown.
        box = (max(x[0], x[2]), max(y[0], y[3]), min(x[1], x[3]), min(y[1], y[2]))
        lanes = WaterGrid.build(land, cell_m=3 * water.cell_m)
        return cls(
            water, lanes, LandMask.build(land), box, metre_shapes(water.crs, land.geometry.values)
        )

    def metres(self, lon: Floats, lat: Floats) -> Floats:
        """Return lon/lat as (n, 2) metres."""
        return np.column_stack(to_metres(self.water.crs, lon, lat))

    def lonlat(self, xy: Floats) -> tuple[Floats, Floats]:
        """Return lon, lat of (n, 2) metres."""
        return to_lonlat(self.water.crs, xy[:, 0], xy[:, 1])

    def off_shore_m(self, xy: Floats) -> Floats:
        """Return metres to land of (n, 2) metres; 0 on land and outside the box."""
        inside = (
            (xy[:, 0] > self.box[0])
            & (xy[:, 0] < self.box[2])
            & (xy[:, 1] > self.box[1])
            & (xy[:, 1] < self.box[3])
        )
        # Straight into the grid's own cells: this is asked for every leg of every trip.
        grid = self.water
        row = np.where(inside, (xy[:, 1] - grid.y0) / grid.cell_m, 0).astype(np.int64)
        col = np.where(inside, (xy[:, 0] - grid.x0) / grid.cell_m, 0).astype(np.int64)
        return np.where(inside, grid.to_land_m[row, col], 0.0)

    def is_wet(self, xy: Floats) -> NDArray[np.bool_]:
        """Return whether (n, 2) metres are exactly off the land."""
        lon, lat = self.lonlat(xy)
        return np.asarray(~self.mask.contains(lon, lat), dtype=bool)

    def beside(self, shore_xy: Floats, rng: np.random.Generator) -> Floats | None:
        """Return a place on the water within 140 m of one on the shore, None if there is none."""
        ring = np.concatenate(
            [
                shore_xy + r * np.column_stack([np.sin(_BEARINGS), np.cos(_BEARINGS)])
                for r in _BERTH_M
            ]
        )
        beyond = shore_xy + 3.0 * (ring - shore_xy)
        wet = self.is_wet(ring) & self.is_wet(beyond)
        for east, north in ((25.0, 0.0), (-25.0, 0.0), (0.0, 25.0), (0.0, -25.0)):
            wet &= self.is_wet(ring + np.array([east, north]))
        good = np.flatnonzero(wet)
        if len(good) == 0:
            return None
        near = good[: max(3, len(good) // 3)]
        return np.asarray(ring[int(rng.choice(near))], dtype=np.float64)

    def way(self, a: Floats, b: Floats, *, clearance_m: float) -> Floats | None:
        """Return a way over water from ``a`` to ``b`` as (k, 2) metres, None if there is none."""
        key = (*np.round(a, -2), *np.round(b, -2), clearance_m)
        if key not in self._ways:
            back = (*key[2:4], *key[:2], clearance_m)
            known = self._ways.get(back)
            self._ways[key] = known[::-1] if known is not None else self._search(a, b, clearance_m)
        middle = self._ways[key]
        if middle is None:
            return None
        return np.vstack([a, middle[1:-1], b]) if len(middle) > 2 else np.vstack([a, b])

    def _search(self, a: Floats, b: Floats, clearance_m: float) -> Floats | None:
        count = int(np.hypot(*(b - a)) / 100.0) + 2
        straight = a + (b - a) * np.linspace(0.0, 1.0, count)[:, None]
        inner = straight[3:-3] if count > 10 else straight
        if (self.off_shore_m(inner) > max(clearance_m, self.water.cell_m)).all():
            return np.vstack([a, b])
        lon, lat = self.lonlat(np.vstack([a, b]))
        # Ships that keep this far off need no narrow channel: a coarser grid finds their way.
        whole = self.lanes if clearance_m >= _LANE_M else self.water
        for grid in (_window(whole, a, b), whole):
            try:
                path = grid.path(lon[0], lat[0], lon[1], lat[1], clearance_m=clearance_m)
            except InputError:
                continue
            return self.metres(path[:, 0], path[:, 1])
        return None

    def find(
        self,
        rng: np.random.Generator,
        count: int,
        *,
        low_m: float,
        high_m: float,
        about: Floats | None = None,
        within_m: float = np.inf,
        apart_m: float = 0.0,
    ) -> Floats:
        """Return up to ``count`` random places whose distance to land lies in a range, (n, 2)."""
        x0, y0, x1, y1 = self.box
        if about is not None:
            x0, x1 = max(x0, about[0] - within_m), min(x1, about[0] + within_m)
            y0, y1 = max(y0, about[1] - within_m), min(y1, about[1] + within_m)
        xy = np.column_stack([rng.uniform(x0, x1, 4000), rng.uniform(y0, y1, 4000)])
        off = self.off_shore_m(xy)
        good = (off >= low_m) & (off <= high_m)
        if about is not None:
            good &= np.hypot(*(xy - about).T) <= within_m
        if apart_m <= 0.0:
            return xy[good][:count]
        chosen: list[Floats] = []
        for place in xy[good]:
            if len(chosen) >= count:
                break
            if all(np.hypot(*(place - other)) >= apart_m for other in chosen):
                chosen.append(place)
        return np.array(chosen).reshape(-1, 2)

    def gates(self, rng: np.random.Generator) -> Floats:
        """Return where ships come over the edge of the box, far from land, (n, 2)."""
        x0, y0, x1, y1 = (v + d for v, d in zip(self.box, (300, 300, -300, -300), strict=True))
        edge = np.concatenate(
            [
                np.column_stack([np.full(200, x0), np.linspace(y0, y1, 200)]),
                np.column_stack([np.full(200, x1), np.linspace(y0, y1, 200)]),
                np.column_stack([np.linspace(x0, x1, 200), np.full(200, y0)]),
                np.column_stack([np.linspace(x0, x1, 200), np.full(200, y1)]),
            ]
        )
        off = self.off_shore_m(edge)
        open_sea = off > max(1000.0, 0.35 * float(off.max()))
        edge = edge[open_sea][rng.permutation(int(open_sea.sum()))]
        apart = 0.12 * (x1 - x0 + y1 - y0)
        chosen: list[Floats] = []
        for place in edge:
            if all(np.hypot(*(place - other)) >= apart for other in chosen):
                chosen.append(place)
            if len(chosen) == _GATES:
                break
        return np.array(chosen).reshape(-1, 2)


def _window(grid: WaterGrid, a: Floats, b: Floats) -> WaterGrid:
    """Return the part of a grid about two places: few ways lead farther round."""
    about = max(_ROUND_M, 0.4 * float(np.hypot(*(b - a))))
    low = (np.minimum(a, b) - about - [grid.x0, grid.y0]) // grid.cell_m
    high = (np.maximum(a, b) + about - [grid.x0, grid.y0]) // grid.cell_m + 1
    c0, r0 = np.maximum(low, 0).astype(int).tolist()
    c1, r1 = np.maximum(high, 1).astype(int).tolist()
    part = (slice(r0, r1), slice(c0, c1))
    return replace(
        grid,
        x0=grid.x0 + c0 * grid.cell_m,
        y0=grid.y0 + r0 * grid.cell_m,
        water=np.ascontiguousarray(grid.water[part]),
        to_land_m=np.ascontiguousarray(grid.to_land_m[part]),
        # Nobody snaps farther than the window's margin.
        snap_row=np.clip(grid.snap_row[part] - r0, 0, r1 - r0 - 1),
        snap_col=np.clip(grid.snap_col[part] - c0, 0, c1 - c0 - 1),
    )


@dataclass(frozen=True)
class Tide:
    """When the water is high, and how the stream runs between."""

    high_s: Floats

    def phase(self, t: Floats) -> Floats:
        """Return the tide's phase (radians, 0 at high water) at seconds since the start."""
        turns = np.arange(len(self.high_s))
        return np.asarray(np.interp(t, self.high_s, 2 * np.pi * turns), dtype=np.float64)

    def stream(self, t: Floats) -> Floats:
        """Return the stream, -1 full ebb to 1 full flood, which leads high water by a quarter."""
        return np.asarray(-np.sin(self.phase(t)), dtype=np.float64)
