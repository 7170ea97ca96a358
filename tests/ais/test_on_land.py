"""Positions on land: how far inside, and which are refused."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais.clean import clean
from ais.io import read
from ais.on_land import DEEPEST_M, Land, inside_m, judge
from ais.schema import POSITIONS
from geo.crs import ELLIPSOID
from geo.errors import REFUSED
from geo.shoreline import land_of, repair_land

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "land_osm.gpkg"


def square(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Return a box whose sides have a vertex every 0.005 degrees, as shores do."""
    return shapely.segmentize(shapely.box(west, south, east, north), 0.005)


def land_at(*shapes: shapely.Polygon) -> gpd.GeoDataFrame:
    mended, refused = repair_land(gpd.GeoDataFrame(geometry=list(shapes), crs=4326), name="made")
    assert not refused
    return mended


def positions(lon, lat) -> pl.DataFrame:
    n = len(lon)
    data = {"mmsi": [412000001] * n, "t": np.arange(n) * 1000, "lon": lon, "lat": lat}
    data |= {"source": ["test"] * n}
    rest = {name: [None] * n for name in POSITIONS if name not in data}
    return pl.DataFrame(data | rest).select(POSITIONS.names()).cast(POSITIONS)


@pytest.fixture(scope="module")
def island() -> Land:
    return Land.build(land_at(square(122.0, 29.0, 122.1, 29.1), square(122.3, 29.3, 122.31, 29.31)))


@pytest.fixture(scope="module")
def shipped() -> tuple[gpd.GeoDataFrame, Land]:
    land, _ = land_of(gpd.read_file(SHIPPED), name="land_osm.gpkg")
    return land, Land.build(land)


def test_the_distance_is_to_the_nearest_shore(island: Land) -> None:
    lon = np.array([122.05, 122.001, 122.099, 121.999, 122.2, np.nan])
    lat = np.array([29.05, 29.05, 29.05, 29.05, 29.2, 29.05])
    found = inside_m(lon, lat, island)
    _, _, a = ELLIPSOID.inv(122.0, 29.05, 122.05, 29.05)
    _, _, b = ELLIPSOID.inv(122.0, 29.05, 122.001, 29.05)
    assert found[:3] == pytest.approx([a, b, b], rel=1e-3)
    assert (found[3:] == 0).all()


def test_no_place_and_places_all_over_the_world_are_not_on_land(island: Land) -> None:
    lon = np.array([np.nan, np.inf, -180.0, 180.0, 0.0, 122.05])
    lat = np.array([np.nan, 29.05, -90.0, 90.0, 0.0, np.nan])
    assert (inside_m(lon, lat, island) == 0).all()
    assert len(inside_m(np.empty(0), np.empty(0), island)) == 0


def test_the_edge_of_the_clip_box_is_no_shore() -> None:
    # The shore runs north along 122.0; the layer was cut at 121.8 and at 28.9 and 29.4.
    lat = np.linspace(28.9, 29.4, 251)
    shore = np.column_stack([122.0 + 0.0005 * np.sin(np.arange(251)), lat])
    land = land_at(shapely.Polygon([*shore, (121.8, 29.4), (121.8, 28.9)]))
    _, _, far = ELLIPSOID.inv(121.81, 29.1, 122.0, 29.1)
    _, _, near = ELLIPSOID.inv(121.99, 28.901, 122.0, 28.901)
    assert far > DEEPEST_M
    for clip_box in ((121.8, 28.9, 122.5, 29.4), None):
        ready = Land.build(land, clip_box=clip_box)
        found = inside_m(np.array([121.81, 121.99]), np.array([29.1, 28.901]), ready)
        assert found == pytest.approx([DEEPEST_M, near], rel=0.06)


def test_what_lies_within_the_coasts_error_is_kept_and_flagged(island: Land) -> None:
    degree_m = ELLIPSOID.inv(122.0, 29.05, 122.01, 29.05)[2] * 100
    deep_m = np.array([-50.0, 50.0, 390.0, 410.0, 3000.0])
    p = positions(122.0 + deep_m / degree_m, np.full(5, 29.05))
    out = judge(p, island, error_m=100.0)
    assert out.counts == {"rows_in": 5, "kept": 3, "on_land": 2, "flagged": 2}
    assert out.kept["inside_m"].to_list() == pytest.approx([0.0, 50.0, 390.0], rel=1e-3)
    assert out.kept.schema["inside_m"] == pl.Float32
    assert out.refused.schema == REFUSED
    assert out.refused["reason"].to_list() == ["on_land", "on_land"]
    assert judge(p, island, error_m=0.0, margin_m=0.0).counts["kept"] == 1
    assert judge(p, island, error_m=3000.0).counts["on_land"] == 0


@given(st.integers(0, 2**32 - 1))
def test_the_grid_of_cells_changes_nothing(island: Land, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(121.9, 122.4, 200), rng.uniform(28.9, 29.4, 200)
    inside = island.mask.contains(lon, lat)
    assert ((inside_m(lon, lat, island) > 0) == inside).all()
    order = rng.permutation(200)
    assert (inside_m(lon[order], lat[order], island) == inside_m(lon, lat, island)[order]).all()


def test_the_shipped_coast_agrees_with_shapely(shipped: tuple[gpd.GeoDataFrame, Land]) -> None:
    land, ready = shipped
    rng = np.random.default_rng(1)
    west, south, east, north = land.total_bounds
    lon, lat = rng.uniform(west, east, 20_000), rng.uniform(south, north, 20_000)
    found = inside_m(lon, lat, ready)
    whole = shapely.union_all(land.geometry.values)
    shapely.prepare(whole)
    assert ((found > 0) == shapely.contains_xy(whole, lon, lat)).mean() > 0.9999
    # Nowhere deeper than the distance to any edge of the layer, but for the clip box's.
    some = np.flatnonzero((found > 0) & (found < DEEPEST_M))[:300]
    metres = land.to_crs(ready.mask.crs)
    points = gpd.GeoSeries(gpd.points_from_xy(lon[some], lat[some]), crs=4326)
    edges = shapely.union_all(shapely.boundary(metres.geometry.values))
    to_edge = points.to_crs(ready.mask.crs).distance(edges).to_numpy()
    assert (found[some] >= to_edge - 1.0).all()
    assert (np.abs(found[some] - to_edge) < 1.0).mean() > 0.8


def test_landings_on_the_shipped_coast_are_kept(shipped: tuple[gpd.GeoDataFrame, Land]) -> None:
    land, ready = shipped
    xy = shapely.get_coordinates(land.geometry.values)[::50]
    rng = np.random.default_rng(1)
    lon = xy[:, 0] + rng.uniform(-1, 1, len(xy)) * 0.0008
    lat = xy[:, 1] + rng.uniform(-1, 1, len(xy)) * 0.0008
    at_shore = (lon > land.total_bounds[0] + 0.01) & (lat > land.total_bounds[1] + 0.01)
    at_shore &= lat < land.total_bounds[3] - 0.01
    out = judge(positions(lon[at_shore], lat[at_shore]), ready, error_m=100.0)
    assert out.counts["on_land"] == 0
    assert out.counts["flagged"] > 0.2 * out.counts["kept"]


def test_only_false_positions_of_the_kattegat_are_refused(shared: Path) -> None:
    land, _ = land_of(gpd.read_file(shared / "coast" / "land_osm_kattegat.gpkg"), name="kattegat")
    path = shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz"
    p = clean(pl.concat([batch.positions for batch in read(path)])).kept
    out = judge(p, Land.build(land), error_m=100.0)
    # One vessel's file is interpolated over an outlier, minute by minute across Læsø.
    assert out.counts["on_land"] == 2
    assert out.refused["detail"].str.contains("219009229").all()
    assert out.counts["flagged"] <= 5
