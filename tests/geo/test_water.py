"""Land, water, ways over it, and how open a shore is."""

from itertools import product

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.crs import to_lonlat, working_crs
from geo.errors import InputError
from geo.exposure import exposure
from geo.land import LandMask
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.water import WaterGrid

GEOD = Geod(ellps="WGS84")
# Two bays behind a wall of land from which one gap, 1 km wide, leads to the other side.
WALL = shapely.Polygon(
    [
        (121.0, 29.0),
        (121.2, 29.0),
        (121.2, 29.1),
        (121.11, 29.1),
        (121.11, 29.05),
        (121.1, 29.05),
        (121.1, 29.1),
        (121.0, 29.1),
    ]
)


@pytest.fixture(scope="module")
def grid(land: gpd.GeoDataFrame) -> WaterGrid:
    return WaterGrid.build(land)


def test_contains_is_exact(land: gpd.GeoDataFrame, full: bool) -> None:
    rng = np.random.default_rng(3)
    n = 400_000 if full else 40_000
    lon, lat = rng.uniform(121.3, 122.5, n), rng.uniform(28.75, 29.95, n)
    whole = shapely.union_all(land.geometry.values)
    shapely.prepare(whole)
    truth = shapely.contains_xy(whole, lon, lat)
    assert (LandMask.build(land).contains(lon, lat) == truth).all()


def test_a_position_without_coordinates_is_not_on_land(land: gpd.GeoDataFrame) -> None:
    found = LandMask.build(land).contains(np.array([np.nan, 121.5]), np.array([29.0, np.nan]))
    assert not found.any()


def test_ways_over_open_water_are_straight_within_three_percent(grid: WaterGrid) -> None:
    lon, lat = 122.42, 28.95
    to_lon = np.array([122.45, 122.40, 122.44, 122.48])
    to_lat = np.array([28.93, 28.90, 28.99, 28.97])
    way = grid.distances(lon, lat, radius_m=12_000, to_lon=to_lon, to_lat=to_lat)
    _, _, straight = GEOD.inv(np.full(4, lon), np.full(4, lat), to_lon, to_lat)
    assert np.all(way >= np.asarray(straight) - 1.5 * grid.cell_m)
    assert np.all(way <= np.asarray(straight) * 1.03 + 1.5 * grid.cell_m)


def test_a_way_goes_around_land_and_not_through_it() -> None:
    wall = shapely.box(121.0, 29.0, 121.02, 29.2)
    far = shapely.box(121.5, 29.5, 121.51, 29.51)
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[wall, far], crs=4326), name="x")
    grid = WaterGrid.build(land, bounds=(120.9, 28.9, 121.2, 29.4))
    west, east = (120.99, 29.1), (121.03, 29.1)
    way = grid.distances(
        *west, radius_m=60_000, to_lon=np.array([east[0]]), to_lat=np.array([east[1]])
    )[0]
    _, _, straight = GEOD.inv(*west, *east)
    around = 2 * GEOD.inv(*west, 121.0, 29.0)[2] + GEOD.inv(121.0, 29.0, 121.02, 29.0)[2]
    assert way > 5 * straight
    assert way == pytest.approx(around, rel=0.05)
    near = grid.distances(
        *west, radius_m=10_000, to_lon=np.array([east[0]]), to_lat=np.array([east[1]])
    )
    assert np.isinf(near).all()


def test_near_gives_each_pair_once_and_what_distances_gives(grid: WaterGrid) -> None:
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(121.9, 122.4, 6), rng.uniform(29.0, 29.5, 6)
    to_lon, to_lat = rng.uniform(121.9, 122.4, 200), rng.uniform(29.0, 29.5, 200)
    source, target, way = grid.near(lon, lat, to_lon=to_lon, to_lat=to_lat, radius_m=9_000)
    table = np.full((6, 200), np.inf)
    table[source, target] = way
    assert len(source) == np.isfinite(table).sum() > 0
    for row in range(6):
        one = grid.distances(lon[row], lat[row], radius_m=9_000, to_lon=to_lon, to_lat=to_lat)
        assert np.array_equal(one, table[row])


def test_ways_are_those_of_another_library_on_any_water() -> None:
    """SciPy's Dijkstra on the same moves: a knight's move needs both cells that it passes."""
    rng = np.random.default_rng(3)
    shape = (40, 50)
    water = rng.random(shape) < 0.6
    at = np.arange(water.size).reshape(shape)
    grid = WaterGrid(
        working_crs([121.0, 29.0, 121.1, 29.1]), 0.0, 0.0, 1.0, water,
        np.ones(shape), *np.indices(shape, dtype=np.int32),
    )  # fmt: skip
    sea = np.pad(water, 2)
    a, b, length = [], [], []
    for dr, dc in product(range(-2, 3), repeat=2):
        if np.hypot(dr, dc) not in (1.0, np.sqrt(2.0), np.sqrt(5.0)):
            continue
        rows, cols = np.nonzero(water)
        free = sea[rows + 2 + dr, cols + 2 + dc]
        if abs(dr) == abs(dc):
            free &= sea[rows + 2 + dr, cols + 2] | sea[rows + 2, cols + 2 + dc]
        elif abs(dr) + abs(dc) == 3:
            for end in (np.floor, np.ceil):
                free &= sea[rows + 2 + int(end(dr / 2)), cols + 2 + int(end(dc / 2))]
        a.append(at[rows[free], cols[free]])
        b.append(at[rows[free] + dr, cols[free] + dc])
        length.append(np.full(free.sum(), np.hypot(dr, dc)))
    graph = csr_array(
        (np.concatenate(length), (np.concatenate(a), np.concatenate(b))), shape=(at.size, at.size)
    )
    wet = np.flatnonzero(water)
    expected = dijkstra(graph, indices=wet[::40], limit=12.3)[:, wet]
    x, y = wet % shape[1] + 0.5, wet // shape[1] + 0.5
    lon, lat = to_lonlat(grid.crs, x, y)
    source, target, way = grid.near(lon[::40], lat[::40], to_lon=lon, to_lat=lat, radius_m=12.3)
    found = np.full(expected.shape, np.inf)
    found[source, target] = way
    assert np.isfinite(expected).sum() > 1_000
    assert np.array_equal(np.isfinite(found), np.isfinite(expected))
    assert np.allclose(found[np.isfinite(found)], expected[np.isfinite(found)], atol=1e-9)


def test_a_path_stays_on_the_water(grid: WaterGrid, land: gpd.GeoDataFrame) -> None:
    path = grid.path(121.65, 29.55, 122.3, 28.9, clearance_m=500.0)
    line = shapely.segmentize(shapely.linestrings(path), 0.002)
    lon, lat = shapely.get_coordinates(line).T
    assert LandMask.build(land).contains(lon, lat).mean() < 0.01
    with pytest.raises(InputError, match="not on the water"):
        grid.path(121.4, 29.4, 122.3, 28.9)


def test_fetch_is_measured_to_the_far_shore_and_no_further() -> None:
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[WALL], crs=4326), name="x")
    cut = segments(shorelines(land), length_m=250.0)
    table = exposure(cut, land, max_fetch_m=20_000.0)
    fetch = np.vstack(table["fetch_m"].tolist())
    # In the slot, the shore on its west side looks east over some 970 m of water.
    slot = (cut["lon"] - 121.1).abs().lt(1e-4) & cut["lat"].between(29.06, 29.08)
    assert slot.any()
    width = GEOD.inv(121.1, 29.07, 121.11, 29.07)[2]
    assert fetch[slot.to_numpy(), 4] == pytest.approx(width, abs=5.0)
    assert (fetch[slot.to_numpy(), 12] < 5.0).all()
    # The outer shore looks over open water as far as is asked.
    outer = cut["lat"].sub(29.0).abs().lt(1e-4) & cut["lon"].between(121.05, 121.15)
    assert (fetch[outer.to_numpy(), 8] == 20_000.0).all()
    assert table["exposure"].between(0.0, 1.0).all()
    assert table["exposure"][outer].min() > 2 * table["exposure"][slot].max()


def test_exposure_agrees_with_shapely_on_the_real_coast(land: gpd.GeoDataFrame) -> None:
    cut = segments(shorelines(land)).iloc[::97].reset_index(drop=True)
    table = exposure(cut, land, directions=8, max_fetch_m=5_000.0)
    fetch = np.vstack(table["fetch_m"].tolist())
    metres = land.to_crs(32651)
    edges = shapely.union_all(shapely.boundary(metres.geometry.values))
    worst = []
    points = gpd.GeoSeries(shapely.points(cut["lon"], cut["lat"]), crs=4326).to_crs(32651)
    for row in range(0, len(cut), 7):
        facing = cut["facing_deg"].iloc[row]
        if np.isnan(facing):
            continue
        k = round(facing / 45.0) % 8
        angle = np.radians(k * 45.0)
        x, y = points.iloc[row].x, points.iloc[row].y
        ray = shapely.linestrings(
            [
                [x + 3 * np.sin(np.radians(facing)), y + 3 * np.cos(np.radians(facing))],
                [x + 5_000 * np.sin(angle), y + 5_000 * np.cos(angle)],
            ]
        )
        hit = shapely.intersection(ray, edges)
        reach = 5_000.0 if hit.is_empty else shapely.distance(shapely.Point(x, y), hit)
        # Ours is the longest of three points of the segment, so never much shorter than this one.
        worst.append(fetch[row, k] - reach)
    assert len(worst) > 3
    assert np.mean(np.array(worst) > -150.0) > 0.9
