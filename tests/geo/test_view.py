"""Camera cover against plain geometry, the earth's curve, and a hill."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Geod
from rasterio.transform import from_origin

from geo import view
from geo.crs import to_lonlat, to_metres, working_crs
from geo.depth import Depth
from geo.errors import InputError
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.view import viewsheds

GEOD = Geod(ellps="WGS84")


def land_of(*polygons: shapely.Polygon) -> gpd.GeoDataFrame:
    return repair_land(gpd.GeoDataFrame(geometry=list(polygons), crs=4326), name="made")[0]


# Land north of 29 N, and an island some 2.2 km off.
MAIN = shapely.box(121.0, 29.0, 121.2, 29.1)
ISLAND = shapely.box(121.09, 28.97, 121.11, 28.98)


def cameras(lon=121.1, lat=29.0001, **columns) -> gpd.GeoDataFrame:
    table = {"heading_deg": 180.0, "fov_deg": 60.0, "range_m": 1000.0, "height_m": 8.0, **columns}
    return gpd.GeoDataFrame(
        {name: [value] for name, value in table.items()},
        geometry=[shapely.Point(lon, lat)],
        crs=4326,
    )


def area_m2(shape) -> float:
    return abs(GEOD.geometry_area_perimeter(shape)[0])


@given(st.floats(120, 240), st.floats(5, 90), st.floats(100, 2000))
def test_over_open_water_the_cover_is_the_sector(heading, fov, reach) -> None:
    # The camera stands on the water's edge and looks away from land.
    table = cameras(lat=28.9999, heading_deg=heading, fov_deg=fov, range_m=reach)
    sector = viewsheds(table, land_of(MAIN)).geometry[0]
    west, east = np.radians([heading - fov / 2 - 180.0, heading + fov / 2 - 180.0])
    if max(abs(west), abs(east)) < np.radians(85.0):
        assert area_m2(sector) == pytest.approx(np.radians(fov) / 2 * reach**2, rel=0.003)
    assert area_m2(sector) < np.radians(fov) / 2 * reach**2 * 1.003
    assert GEOD.inv(121.1, 28.9999, *sector.centroid.coords[0])[2] < reach


@given(
    arrays(bool, (36, 12), elements=st.booleans()),
    st.sampled_from([30.0, 200.0, 360.0]),
    st.floats(1000.0, 6000.0),
)
def test_what_is_seen_is_drawn_whole_and_once(seen, fov, reach) -> None:
    crs = working_crs(MAIN.bounds)
    n, steps = seen.shape
    border = np.radians((np.arange(n + 1) / n - 0.5) * fov)
    if fov == 360.0:
        border[-1] = border[0]
    ends = np.arange(1, steps + 1) * reach / steps
    cover = view._drawn(crs, (121.1, 29.0), view._Rays(border, ends, ends, ends), seen)
    if not seen.any():
        assert cover is None
        return
    x, y = to_metres(crs, 121.1, 29.0)
    way, out = np.radians((np.arange(n) + 0.5) / n * fov - fov / 2)[:, None], ends - ends[0] / 2
    lon, lat = to_lonlat(crs, x + np.sin(way) * out, y + np.cos(way) * out)
    assert cover.is_valid
    assert (shapely.contains_xy(cover, lon, lat) == seen).all()
    inner = ends - ends[0]
    known = (seen * (ends**2 - inner**2) / 2 * np.sin(np.radians(fov) / n)).sum()
    assert area_m2(cover) == pytest.approx(known, rel=0.02)


def test_the_view_ends_at_the_first_land_beyond_the_water() -> None:
    land = land_of(MAIN, ISLAND)
    seen = viewsheds(cameras(range_m=6000.0, fov_deg=20.0), land).geometry[0]
    assert not shapely.contains_xy(seen, 121.1, 28.96)  # behind the island
    assert shapely.contains_xy(seen, 121.1, 28.985)
    free = viewsheds(cameras(range_m=6000.0, fov_deg=20.0), land_of(MAIN)).geometry[0]
    assert shapely.contains_xy(free, 121.1, 28.96)
    # A mast some way inland looks over its own land, and at the water only to the next shore.
    inland = viewsheds(cameras(lat=29.01, range_m=6000.0, fov_deg=20.0), land).geometry[0]
    assert shapely.contains_xy(inland, 121.1, 28.985)
    assert not shapely.contains_xy(inland, 121.1, 28.96)


def test_round_cameras_need_no_heading_and_unknown_ones_have_no_cover() -> None:
    land = land_of(MAIN)
    dome = viewsheds(cameras(lat=28.95, heading_deg=np.nan, fov_deg=360.0), land).geometry[0]
    assert area_m2(dome) == pytest.approx(np.pi * 1000.0**2, rel=0.003)
    for name in ("heading_deg", "fov_deg", "range_m"):
        assert viewsheds(cameras(**{name: None}), land).geometry[0] is None
    assert viewsheds(cameras(range_m=0.0), land).geometry[0] is None
    assert len(viewsheds(cameras().iloc[:0], land)) == 0


def test_the_sea_falls_away_with_the_earths_curve_less_refraction() -> None:
    far = cameras(lat=28.9, range_m=30_000.0, fov_deg=4.0, height_m=10.0)
    seen = viewsheds(far, land_of(MAIN), target_m=0.0).geometry[0]
    reach = max(GEOD.inv(121.1, 28.9, lon, lat)[2] for lon, lat in seen.exterior.coords)
    # The horizon of 10 m, with k = 0.13: sqrt(2 R h / (1 - k)) = 12.1 km.
    assert reach == pytest.approx(np.sqrt(2 * 6_371_009 * 10.0 / 0.87), rel=0.02)
    boat = viewsheds(far, land_of(MAIN), target_m=1.0).geometry[0]
    further = max(GEOD.inv(121.1, 28.9, lon, lat)[2] for lon, lat in boat.exterior.coords)
    assert further - reach == pytest.approx(np.sqrt(2 * 6_371_009 * 1.0 / 0.87), rel=0.05)


@pytest.fixture
def hills(tmp_path) -> Depth:
    """Land heights: a ridge of 30 m on the island's north side, 2 m elsewhere on land."""
    step = 0.0005
    lat = 29.1 - (np.arange(300) + 0.5) * step
    bed = np.full((300, 400), np.nan)
    bed[lat > 29.0] = 2.0
    island = (lat > 28.97) & (lat < 28.98)
    bed[np.ix_(island, np.arange(180, 220))] = 2.0
    bed[np.ix_((lat > 28.978) & (lat < 28.979), np.arange(180, 200))] = 30.0
    with rasterio.open(
        tmp_path / "hills.tif", "w", driver="GTiff", count=1, height=300, width=400,
        dtype="float32", nodata=np.nan, crs=4326, transform=from_origin(121.0, 29.1, step, step),
    ) as raster:  # fmt: skip
        raster.write(bed.astype("float32"), 1)
    return Depth.open(str(tmp_path / "hills.tif"))


def test_heights_let_the_eye_pass_low_land_and_not_a_ridge(hills) -> None:
    land = land_of(MAIN, ISLAND)
    high = cameras(range_m=6000.0, fov_deg=60.0, height_m=25.0)
    plain = viewsheds(high, land).geometry[0]
    seen = viewsheds(high, land, heights=hills).geometry[0]
    assert not shapely.contains_xy(plain, 121.105, 28.955)
    assert shapely.contains_xy(seen, 121.106, 28.955)  # over the low half of the island
    assert not shapely.contains_xy(seen, 121.095, 28.965)  # behind the ridge
    assert shapely.contains_xy(seen, 121.095, 28.985)  # before it
    # The ground that the mast stands on counts: 27 m see further than 25.
    flat = viewsheds(high.assign(range_m=30_000.0, fov_deg=4.0), land_of(MAIN), target_m=0.0)
    raised = viewsheds(
        high.assign(range_m=30_000.0, fov_deg=4.0), land_of(MAIN), heights=hills, target_m=0.0
    )
    assert area_m2(raised.geometry[0]) / area_m2(flat.geometry[0]) == pytest.approx(
        27 / 25, rel=0.03
    )


def test_covers_on_the_real_coast_are_valid_and_hold_no_far_shore(land) -> None:
    cut = segments(shorelines(land)).iloc[20::300]
    table = gpd.GeoDataFrame(
        {"heading_deg": cut["facing_deg"].fillna(0.0), "fov_deg": 120.0, "range_m": 3000.0},
        geometry=shapely.points(cut["lon"], cut["lat"]),
        crs=4326,
    )
    table.loc[table.index[::3], "fov_deg"] = 360.0
    covers = viewsheds(table, land)
    shapes = covers.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    assert not shapely.is_empty(shapes).any()
    # Without heights each ray is seen from its beginning: one piece, no slits between the rays.
    assert {shape.geom_type for shape in shapes} == {"Polygon"}
    assert sum(len(shape.interiors) for shape in shapes) == 0
    whole = shapely.union_all(land.geometry.values)
    core = shapely.buffer(whole, -3e-4)
    looked = 0
    for place, shape in zip(table.geometry, shapes, strict=True):
        # Behind the first water on a line of sight there is no land but its very edge.
        way = shapely.LineString([place, shapely.get_parts(shape)[0].representative_point()])
        wet = shapely.get_parts(shapely.difference(way, whole))
        wet = wet[shapely.length(wet) > 3e-4]
        dry = shapely.get_parts(shapely.intersection(way, core))
        dry = dry[~shapely.is_empty(dry)]
        if len(wet) and len(dry):
            assert max(shapely.distance(place, dry)) < min(shapely.distance(place, wet)) + 3e-4
        looked += len(wet) > 0
    assert looked > 8


def test_a_raster_that_is_gone_is_told(hills, tmp_path) -> None:
    (tmp_path / "hills.tif").unlink()
    with pytest.raises(InputError):
        viewsheds(cameras(), land_of(MAIN), heights=hills)
