"""Shelter, and the sea that a shore is seen from, against Shapely's own geometry."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo._edges import edge_grid
from geo._rays import off_shore, shore_grid, water_along
from geo.crs import metre_shapes, to_metres, working_crs
from geo.exposure import NEAR_M, exposure
from geo.land import land_edges
from geo.segments import segments
from geo.shoreline import repair_land, shorelines


@pytest.fixture(scope="module")
def coast(land: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return segments(shorelines(land))


def made(*polygons: shapely.Polygon) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    land, _ = repair_land(gpd.GeoDataFrame(geometry=list(polygons), crs=4326), name="made")
    cut = segments(shorelines(land), length_m=400.0)
    return land, exposure(cut, land)


def test_an_open_coast_is_seen_and_a_slot_is_not() -> None:
    # A block of 39 x 22 km with a slot 1 km wide and 11 km deep, open to the south.
    block = shapely.box(121.0, 29.0, 121.4, 29.2) - shapely.box(121.3, 28.9, 121.31, 29.1)
    _, table = made(block)
    for name in ("exposure", "shelter", "sea_view"):
        assert table[name].between(0.0, 1.0).all()
    south = table["lat"].sub(29.0).abs().lt(1e-4) & table["lon"].between(121.1, 121.2)
    slot = table["lon"].sub(121.3).abs().lt(1e-4) & table["lat"].between(29.06, 29.08)
    assert south.sum() > 3
    assert slot.sum() > 3
    # Water lies only before the open coast, and all of it sees the coast.
    assert table["sea_view"][south].min() > 0.97
    assert table["shelter"][south].max() < 1e-3
    assert table["shelter"][slot].min() > 0.6
    # All along the slot it is seen by the slot's own water alone, less where the shore bends.
    assert table["exposure"][slot].max() < 0.5 * table["exposure"][south].min()


def test_an_island_hides_the_sea_behind_it() -> None:
    shore = shapely.box(121.0, 29.0, 121.3, 29.2)
    island = shapely.box(121.14, 28.97, 121.16, 28.98)
    _, alone = made(shore)
    _, behind = made(shore, island)

    def at(table: gpd.GeoDataFrame, lon: float) -> float:
        south = table[table["lat"].sub(29.0).abs() < 1e-4]
        return float(south["sea_view"].iloc[south["lon"].sub(lon).abs().argmin()])

    assert at(behind, 121.15) < at(alone, 121.15) - 0.15
    assert at(behind, 121.05) == pytest.approx(at(alone, 121.05), abs=0.01)


def test_the_outermost_shore_has_land_behind_it_too() -> None:
    _, table = made(shapely.box(121.0, 29.0, 121.1, 29.1))
    fetch = np.vstack(table["fetch_m"].tolist())
    back = np.rint(((table["facing_deg"].to_numpy() + 180.0) % 360.0) / 22.5).astype(int) % 16
    straight = (table["facing_deg"] % 90.0).pipe(lambda a: np.minimum(a, 90.0 - a)) < 1.0
    assert straight.sum() > 80
    assert fetch[np.arange(len(table)), back][straight].max() < 10.0


def test_more_directions_look_between_and_change_none_of_the_others(coast, land) -> None:
    some = coast.iloc[::60].reset_index(drop=True)
    wide = np.vstack(exposure(some, land, max_fetch_m=20_000.0)["fetch_m"].tolist())
    fine = np.vstack(exposure(some, land, directions=64, max_fetch_m=20_000.0)["fetch_m"].tolist())
    assert fine.shape == (len(some), 64)
    assert np.array_equal(fine[:, ::4], wide)


blocks = st.lists(
    st.tuples(
        st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(50, 1500), st.floats(50, 1500)
    ),
    min_size=1,
    max_size=6,
)


@given(blocks, st.floats(0, 360), st.sampled_from([150.0, 1000.0, 5000.0]))
def test_water_along_a_ray_is_what_shapely_leaves_of_it(some, bearing, cell_m) -> None:
    land = shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in some])
    land = land - shapely.box(-30, -30, 30, 30)  # the ray starts on water
    rings = shapely.get_rings(shapely.get_parts(land))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    if not len(edge):
        return
    # Far edges put the start into the grid, as the shore that a ray starts from does.
    xy = np.vstack([xy, [(-4e3, -4e3), (-4e3, -4e3 - 1), (5e3, 5e3), (5e3, 5e3 + 1)]])
    edge = np.r_[edge, len(ring), len(ring) + 2]
    grid = edge_grid(*xy[edge].T.copy(), *xy[edge + 1].T.copy(), cell_m=cell_m)
    # A hair off the straight directions, along which a ray would run along an edge.
    way = np.radians(bearing + 0.01234)
    ux, uy = np.sin(way), np.cos(way)
    zero = np.zeros(1)
    seen, there = water_along(grid, zero, zero, np.array([ux]), np.array([uy]), 5000.0)
    ray = shapely.LineString([(0, 0), (5000 * ux, 5000 * uy)])
    spans = [
        np.sort(np.hypot(*np.array(part.coords)[[0, -1]].T))
        for part in shapely.get_parts(shapely.difference(ray, land))
    ]
    assert there[0] == pytest.approx(sum(b**2 - a**2 for a, b in spans), rel=1e-6, abs=1.0)
    assert seen[0] == pytest.approx(max(b**2 for a, b in spans if a < 1e-9), rel=1e-6)


def test_the_edge_of_the_map_is_no_shore() -> None:
    # A headland that the map cuts through in the west: what lies beyond the cut is land, not sea.
    land = gpd.GeoDataFrame(
        geometry=[shapely.Polygon([(121.0, 29.0), (121.1, 29.05), (121.0, 29.1)])], crs=4326
    )
    tip = shapely.box(121.3, 28.8, 121.31, 28.81)
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[*land.geometry, tip], crs=4326), name="cut")
    box = (121.0, 28.8, 121.31, 29.2)
    cut = segments(shorelines(land, clip_box=box), length_m=400.0)
    crs = working_crs(land.total_bounds)
    grid = shore_grid(cut, land, crs, cell_m=1_000.0)
    length_m = np.hypot(grid.bx - grid.ax, grid.by - grid.ay).sum()
    assert length_m == pytest.approx(cut["length_m"].sum(), rel=1e-3)
    assert len(grid.ax) < len(land_edges(land, crs)[0])


def test_no_shore_is_lost_with_the_edge_of_the_map(coast, land) -> None:
    crs = working_crs(land.total_bounds)
    grid = shore_grid(coast, land, crs, cell_m=1_000.0)
    length_m = np.hypot(grid.bx - grid.ax, grid.by - grid.ay).sum()
    assert length_m == pytest.approx(coast["length_m"].sum(), rel=1e-3)


def test_the_sea_view_agrees_with_shapely_on_the_real_coast(coast, land) -> None:
    some = coast.iloc[40::451].reset_index(drop=True)
    # The grid needs all the shore to know it from the edge of the map.
    found = exposure(coast, land)["sea_view"].to_numpy()[40::451]
    crs = working_crs(land.total_bounds)
    polygons = metre_shapes(crs, shapely.segmentize(land.geometry.values, 0.01))
    lines = metre_shapes(crs, some.geometry.values)
    x0, y0 = to_metres(crs, some["lon"].to_numpy(), some["lat"].to_numpy())
    bearing = np.radians((np.arange(72) + 0.5) * 5.0)
    inside = (some["lon"] > 121.36) & (some["lon"] < 122.44)
    inside &= (some["lat"] > 28.8) & (some["lat"] < 29.9)
    worst = []
    for row in np.flatnonzero(inside):
        disc = shapely.buffer(shapely.Point(x0[row], y0[row]), NEAR_M + 2_000.0)
        near = shapely.union_all([shapely.intersection(p, disc) for p in polygons])
        seen = there = 0.0
        for share in (1 / 6, 1 / 2, 5 / 6):
            x, y = (float(v[0]) for v in off_shore(lines[row : row + 1], share))
            ends = np.column_stack([x + np.sin(bearing) * NEAR_M, y + np.cos(bearing) * NEAR_M])
            rays = shapely.linestrings([[(x, y), tuple(end)] for end in ends])
            for water in shapely.difference(rays, near):
                for part in shapely.get_parts(water):
                    r0, r1 = sorted(np.hypot(*(np.array(part.coords) - (x, y)).T)[[0, -1]])
                    there += r1**2 - r0**2
                    seen += r1**2 if r0 < 1e-6 else 0.0
        worst.append(abs(found[row] - seen / there))
    assert len(worst) >= 6
    assert max(worst) < 0.005
