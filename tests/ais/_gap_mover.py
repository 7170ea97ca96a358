"""Boats that wander, fish, pass and go ashore about the real coast, and fall silent meanwhile.

They know nothing of the model they test: ways come from ``WaterGrid.path``, and what they touched
is measured on their own positions with ``ShoreIndex``.
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from ais.schema import SILENCES
from geo.crs import to_lonlat, to_metres
from geo.errors import InputError
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.water import WaterGrid

DATA = Path(__file__).resolve().parents[2] / "data"
BOX = (121.70, 28.95, 122.30, 29.50)
KNOT = 1852 / 3600
STEP_S = 30
DAY_S = 86_400
TIDE_S = 12.42 * 3600
NEAR_M = 200.0
START = np.datetime64("2026-11-02T00:00", "ms").astype(np.int64)
# Shares of those who pass, fish, go ashore, lie about and follow the shore.
KINDS = ("pass", "fish", "land", "idle", "coast")
SHARES = (0.25, 0.3, 0.25, 0.1, 0.1)


@dataclass(frozen=True)
class World:
    """A part of the shipped coast, and what the boats know of its tide and its landings."""

    land: gpd.GeoDataFrame
    cut: gpd.GeoDataFrame
    index: ShoreIndex
    water: WaterGrid
    liked: np.ndarray
    level: np.ndarray
    phase: np.ndarray
    inside: np.ndarray

    @classmethod
    def build(cls) -> "World":
        land, _ = repair_land(read_layer(DATA / "land_osm.gpkg"), name="land_osm.gpkg")
        shores = shorelines(land)
        cut = segments(shores)
        rng = np.random.default_rng(77)
        n = len(cut)
        water = WaterGrid.build(land, bounds=BOX, margin_m=3_000.0)
        inside = cut["lon"].between(BOX[0], BOX[2]) & cut["lat"].between(BOX[1], BOX[3])
        return cls(
            land,
            cut,
            ShoreIndex.build(shores, cut),
            water,
            rng.lognormal(0.0, 0.7, n),
            rng.uniform(-1.1, 1.1, n),
            rng.normal(0.0, 0.3, n),
            inside.to_numpy(),
        )

    def landable(self, segment: int, t: float) -> bool:
        return bool(np.cos(2 * np.pi * t / TIDE_S + self.phase[segment]) > self.level[segment])

    def windows(self, days: int = 2) -> pl.DataFrame:
        """Return when each segment can be landed on, as geo.landable gives it."""
        turn = 2 * np.pi / TIDE_S
        rows = []
        for s in range(len(self.level)):
            if self.level[s] >= 1:
                continue
            half = np.pi if self.level[s] <= -1 else np.arccos(self.level[s])
            for k in range(-1, int(days * DAY_S / TIDE_S) + 2):
                middle = 2 * np.pi * k - self.phase[s]
                rows.append((s, (middle - half) / turn, (middle + half) / turn))
        s, a, b = np.array(rows).T
        return pl.DataFrame(
            {
                "segment": s.astype(np.uint32),
                "t_from": pl.Series(START + (1e3 * a).astype(np.int64)),
                "t_to": pl.Series(START + (1e3 * b).astype(np.int64)),
            }
        ).with_columns(pl.col("t_from", "t_to").cast(pl.Datetime("ms", "UTC")))


class Boat:
    """One boat's day: its places every half minute, and the times it lay ashore."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world, self.rng = world, rng
        self.kind = str(rng.choice(KINDS, p=SHARES))
        self.cruise = rng.uniform(6.0, 20.0) * KNOT
        self.clearance = float(rng.choice([100.0, 200.0, 400.0, 800.0]))
        self.xy = [self._sea(None, 0.0)]
        self.ashore: list[tuple[int, int]] = []
        while len(self.xy) * STEP_S < DAY_S:
            self._act()

    def _sea(self, about, within_m: float, low_m: float = 300.0) -> np.ndarray:
        grid = self.world.water
        n_row, n_col = grid.water.shape
        for _ in range(1000):
            if about is None:
                r, c = self.rng.integers(20, n_row - 20), self.rng.integers(20, n_col - 20)
            else:
                turn, far = self.rng.uniform(0, 2 * np.pi), within_m * np.sqrt(self.rng.uniform())
                c = int((about[0] + far * np.sin(turn) - grid.x0) / grid.cell_m)
                r = int((about[1] + far * np.cos(turn) - grid.y0) / grid.cell_m)
                if not (20 <= r < n_row - 20 and 20 <= c < n_col - 20):
                    continue
            if low_m <= grid.to_land_m[r, c]:
                return np.array([c + 0.5, r + 0.5]) * grid.cell_m + [grid.x0, grid.y0]
        return self.xy[-1]

    def _go(self, to: np.ndarray, speed: float) -> None:
        grid = self.world.water
        lon, lat = to_lonlat(grid.crs, *np.column_stack([self.xy[-1], to]))
        try:
            way = grid.path(lon[0], lat[0], lon[1], lat[1], clearance_m=self.clearance)
        except InputError:
            return self._stay(600.0)
        xy = np.column_stack(to_metres(grid.crs, way[:, 0], way[:, 1]))
        xy = np.vstack([self.xy[-1], xy[1:-1], to])
        line = shapely.linestrings(xy)
        steps = int(line.length / (speed * STEP_S)) + 1
        at = shapely.line_interpolate_point(line, np.linspace(0, line.length, steps + 1)[1:])
        self.xy += list(shapely.get_coordinates(at))
        return None

    def _stay(self, seconds: float, drift_m: float = 5.0) -> None:
        here = self.xy[-1]
        n = max(int(seconds / STEP_S), 1)
        self.xy += list(here + self.rng.normal(0, drift_m, (n, 2)))
        self.xy.append(here)

    def _act(self) -> None:
        kind = self.kind if self.rng.uniform() < 0.7 else str(self.rng.choice(["pass", "fish"]))
        getattr(self, f"_{kind}")()

    def _pass(self) -> None:
        self._go(self._sea(None, 0.0), self.cruise * self.rng.uniform(0.8, 1.0))
        if self.rng.uniform() < 0.3:
            self._stay(self.rng.uniform(600, 5_400), 15.0)

    def _fish(self) -> None:
        if self.rng.uniform() < 0.5:
            self._go(self._sea(self.xy[-1], 12_000.0, 600.0), self.cruise)
        grid, heading = self.world.water, self.rng.uniform(0, 2 * np.pi)
        speed = self.rng.uniform(1.5, 4.0) * KNOT
        for _ in range(int(self.rng.uniform(3_600, 14_400) / STEP_S)):
            heading += self.rng.normal(0, 0.15)
            new = self.xy[-1] + speed * STEP_S * np.array([np.sin(heading), np.cos(heading)])
            r, c = int((new[1] - grid.y0) / grid.cell_m), int((new[0] - grid.x0) / grid.cell_m)
            wet = 20 <= r < grid.water.shape[0] - 20 and 20 <= c < grid.water.shape[1] - 20
            if wet and grid.to_land_m[r, c] >= 250.0:
                self.xy.append(new)
            else:
                heading += self.rng.uniform(1.0, 3.0)
                self.xy.append(self.xy[-1])

    def _land(self) -> None:
        world = self.world
        cut, crs = world.cut, world.water.crs
        x, y = to_metres(crs, cut["lon"].to_numpy(), cut["lat"].to_numpy())
        far = np.hypot(x - self.xy[-1][0], y - self.xy[-1][1])
        strength = world.liked * np.exp(-far / 7_000.0) * world.inside * (far < 30_000.0)
        if strength.sum() <= 0:
            return self._pass()
        for _ in range(20):
            segment = int(self.rng.choice(len(strength), p=strength / strength.sum()))
            eta = len(self.xy) * STEP_S + 1.2 * far[segment] / self.cruise
            if world.landable(segment, eta) or self.rng.uniform() < 0.1:
                break
        facing = np.radians(np.nan_to_num(cut["facing_deg"].iloc[segment], nan=0.0))
        off = self.rng.uniform(30.0, 110.0)
        self._go(
            np.array([x[segment], y[segment]]) + off * np.array([np.sin(facing), np.cos(facing)]),
            self.cruise,
        )
        begun = len(self.xy)
        self._stay(self.rng.uniform(600, 7_200))
        self.ashore.append((begun, len(self.xy)))
        self._go(self._sea(self.xy[-1], 10_000.0, 500.0), self.cruise)
        return self._stay(self.rng.uniform(0, 5_400), 20.0)

    def _idle(self) -> None:
        self._stay(self.rng.uniform(1_800, 14_400), 10.0)
        self._go(self._sea(self.xy[-1], 6_000.0, 200.0), self.cruise * 0.7)

    def _coast(self) -> None:
        cut, crs = self.world.cut, self.world.water.crs
        x, y = to_metres(crs, cut["lon"].to_numpy(), cut["lat"].to_numpy())
        far = np.hypot(x - self.xy[-1][0], y - self.xy[-1][1]) + 1e9 * ~self.world.inside
        first = int(self.rng.choice(np.argsort(far)[:200]))
        way = int(self.rng.choice([-1, 1]))
        for segment in range(first, first + way * int(self.rng.integers(4, 16)), way):
            if not 0 <= segment < len(x) or far[segment] > 40_000.0:
                break
            facing = np.radians(np.nan_to_num(cut["facing_deg"].iloc[segment], nan=90.0))
            off = self.rng.uniform(100.0, 500.0)
            to = np.array([x[segment], y[segment]])
            self._go(to + off * np.array([np.sin(facing), np.cos(facing)]), 0.5 * self.cruise)
        self._pass()


def gaps(
    world: World, *, seed: int, boats: int, each: int = 2
) -> tuple[pl.DataFrame, np.ndarray, list[np.ndarray]]:
    """Return silences (each with its ``event_id``) and the segment touched in each, -1 for none.

    Touched is the one that the boat was within 200 m of for the longest; all that it was within
    200 m of come last. A third of
    the silences are never ended; of boats that land, half the silences are cut about a landing.
    """
    rng = np.random.default_rng(seed)
    rows, touched, passed = [], [], []
    for number in range(boats):
        boat = Boat(world, rng)
        xy = np.array(boat.xy[: DAY_S // STEP_S])
        lon, lat = to_lonlat(world.water.crs, xy[:, 0], xy[:, 1])
        near = world.index.nearest(lon, lat, max_m=NEAR_M).segment
        step = np.hypot(*np.diff(xy, axis=0).T) / STEP_S / KNOT
        step = np.append(step, 0.0)
        under_way = step[step > 1.0]
        plausible = float(np.quantile(under_way, 0.95)) if len(under_way) else None
        for k in range(each):
            a, b, is_open = _cut(boat, len(xy), rng)
            course = np.degrees(np.arctan2(*(xy[a] - xy[max(a - 2, 0)]))) % 360.0
            rows.append(
                {
                    "event_id": f"{number:04d}-{k}",
                    "mmsi": 412_000_000 + number,
                    "hull": 0,
                    "cls": 1,
                    "t0": START + a * STEP_S * 1000,
                    "t1": None if is_open else START + b * STEP_S * 1000,
                    "lon0": lon[a],
                    "lat0": lat[a],
                    "lon1": None if is_open else lon[b],
                    "lat1": None if is_open else lat[b],
                    "sog0_kn": step[max(a - 1, 0)],
                    "cog0_deg": course,
                    "sog1_kn": None,
                    "plausible_kn": plausible,
                }
            )
            seen = near[a : b + 1]
            count = np.bincount(seen[seen >= 0], minlength=1)
            passed.append(np.flatnonzero(count))
            touched.append(int(count.argmax()) if count.max() > 0 else -1)
    times = pl.col("t0", "t1").cast(pl.Int64).cast(pl.Datetime("ms", "UTC"))
    table = pl.DataFrame(rows, infer_schema_length=None).with_columns(times)
    table = table.select("event_id", *(pl.col(n).cast(t) for n, t in SILENCES.items()))
    return table, np.array(touched), passed


def _cut(boat: Boat, n: int, rng: np.random.Generator) -> tuple[int, int, bool]:
    horizon = 12 * 3600 // STEP_S
    shown = [one for one in boat.ashore if one[1] < n - 200]
    meant = bool(shown) and rng.uniform() < 0.5
    if rng.uniform() < 0.35:
        a = int(rng.integers(10, n - horizon))
        if meant:
            early = [one for one in shown if one[0] < n - horizon] or [(a, a)]
            a = max(early[rng.integers(len(early))][0] - int(rng.uniform(10, 120)), 10)
        return a, min(a + horizon, n - 1), True
    if meant:
        begun, ended = shown[rng.integers(len(shown))]
        a, b = begun - int(rng.uniform(10, 120)), ended + int(rng.uniform(10, 180))
        return max(a, 10), min(max(b, a + 60), n - 1), False
    length = int(np.clip(rng.lognormal(np.log(7_200), 0.7), 1_800, 36_000) / STEP_S)
    a = int(rng.integers(10, n - length))
    return a, a + length, False
