"""What can be reached over water in a time: distances, narrow places, and the prism itself."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import Floats, to_lonlat, to_metres, working_crs
from geo.errors import InputError
from geo.prism import Passages, Places, prism
from geo.segments import segments
from geo.shoreline import repair_land, shorelines

BOX = (121.89, 28.9, 122.11, 29.1)
CRS = working_crs(BOX)
FAST = 1000.0


def lonlat(xy: object) -> tuple[Floats, Floats]:
    """Return lon, lat of (n, 2) metres about the middle of the box."""
    metres = np.asarray(xy, dtype=float).reshape(-1, 2)
    x0, y0 = to_metres(CRS, 122.0, 29.0)
    return to_lonlat(CRS, metres[:, 0] + x0, metres[:, 1] + y0)


def water(*shapes: shapely.Geometry, box: tuple[float, ...] = BOX, **kwargs: float) -> Passages:
    """Return the water about land given in metres about the middle of the box."""
    moved = [shapely.transform(one, lambda xy: np.column_stack(lonlat(xy))) for one in shapes]
    land, _ = repair_land(gpd.GeoDataFrame(geometry=moved, crs=4326), name="made")
    return Passages.build(land, bounds=box, **{"margin_m": 8_000.0, **kwargs})


@pytest.fixture(params=[75.0, 150.0, 300.0])
def cell_m(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return the cell of the net that searches are made to take: the sea is some 38 km wide."""
    monkeypatch.setattr("geo.prism._MOST_CELLS", int(1.5 * (38_000 / request.param) ** 2))
    return float(request.param)


def ways(sea: Passages, start: object, to: object, metres: float = 80_000.0) -> Floats:
    """Return the way over water from one place to many, inf beyond ``metres``."""
    (lon0,), (lat0,) = lonlat(start)
    found = prism(
        sea, sea.places(*lonlat(to)), lon0=lon0, lat0=lat0, seconds=metres / FAST, speed_mps=FAST
    )
    return found.from_m


SPECK = shapely.box(-15_000, -15_000, -14_900, -14_900)


def test_open_water_is_straight_within_three_percent_on_every_net(cell_m: float) -> None:
    sea = water(SPECK)
    angle = np.radians(np.arange(0.0, 360.0, 3.0))
    ring = 6_000.0 * np.column_stack([np.sin(angle), np.cos(angle)])
    for start in ((0.0, 0.0), (-37.0, 61.0), (70.0, 10.0)):
        way = ways(sea, start, ring)
        truth = np.hypot(*(ring - start).T)
        assert np.all(np.abs(way - truth) <= 0.03 * truth)


def around_disc(a: Floats, b: Floats, radius: float) -> float:
    """Return the shortest way between two places around a disc about the middle."""
    line = shapely.linestrings([a, b])
    if shapely.distance(line, shapely.Point(0, 0)) >= radius:
        return float(shapely.length(line))
    reach = [np.sqrt(np.hypot(*p) ** 2 - radius**2) for p in (a, b)]
    turn = abs(np.angle(np.exp(1j * (np.arctan2(a[1], a[0]) - np.arctan2(b[1], b[0])))))
    turn -= sum(np.arccos(radius / np.hypot(*p)) for p in (a, b))
    return float(sum(reach) + radius * turn)


@pytest.mark.parametrize("radius", [1_500.0, 4_000.0])
def test_ways_around_an_island_are_right_within_three_percent(radius: float, cell_m: float) -> None:
    sea = water(shapely.Point(0, 0).buffer(radius, 64))
    angle = np.radians(np.arange(0.0, 360.0, 7.0))
    to = 9_000.0 * np.column_stack([np.sin(angle), np.cos(angle)])
    start = np.array([-9_000.0, 500.0])
    way = ways(sea, start, to)
    truth = np.array([around_disc(start, one, radius) for one in to])
    assert np.all(np.abs(way - truth) <= 0.03 * truth + 30.0)


def test_a_way_goes_around_the_end_of_a_wall() -> None:
    sea = water(shapely.box(-50, -9_000, 50, 9_000))
    to = np.array([[3_000.0, 0.0], [8_000.0, 4_000.0], [200.0, 8_900.0]])
    way = ways(sea, (-3_000, 0), to)
    corner = np.array([[50.0, 9_000.0]])
    truth = np.hypot(2_950, 9_000) + 100.0 + np.hypot(*(to - corner).T)
    assert way == pytest.approx(truth, rel=0.03)


def lagoon(width_m: float, angle_deg: float, *, dam_m: float = 0.0) -> Passages:
    """Return water with a lagoon of 1.5 km in a disc of land, and a creek from there to sea."""
    disc = shapely.Point(0, 0).buffer(5_000.0, 64)
    angle = np.radians(angle_deg)
    ray = shapely.LineString([(0, 0), (9_000 * np.sin(angle), 9_000 * np.cos(angle))])
    land = disc - shapely.Point(0, 0).buffer(1_500.0, 64)
    land = land - ray.buffer(width_m / 2, cap_style="flat")
    if dam_m:
        far = np.array([np.sin(angle), np.cos(angle)])
        across = np.array([far[1], -far[0]])
        dam = shapely.LineString([3_000 * far - 600 * across, 3_000 * far + 600 * across])
        land = land | dam.buffer(dam_m / 2, cap_style="flat")
    parts = list(land.geoms) if isinstance(land, shapely.MultiPolygon) else [land]
    return water(*parts)


@pytest.mark.parametrize("angle", [0.0, 13.0, 27.0, 45.0, 77.0, 131.0, 200.0, 304.0])
def test_a_creek_of_40_m_is_open_whichever_way_it_runs(angle: float, cell_m: float) -> None:
    far = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    way = ways(lagoon(40.0, angle), 8_000 * far, [(0.0, 0.0)])
    # Three kilometres and a half of it are creek, where the way is as good as its cells.
    assert way == pytest.approx(8_000.0, rel=0.06)


@pytest.mark.parametrize("angle", [0.0, 13.0, 27.0, 45.0, 77.0, 131.0, 200.0, 304.0])
def test_a_dam_of_30_m_is_shut_whichever_way_it_runs(angle: float, cell_m: float) -> None:
    far = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    shut = lagoon(500.0, angle, dam_m=30.0)
    ends = [(0.0, 0.0), tuple(2_600 * far)]
    assert np.isfinite(ways(lagoon(500.0, angle), 8_000 * far, ends)).all()
    assert np.isinf(ways(shut, 8_000 * far, ends)).all()
    assert np.isfinite(ways(shut, 8_000 * far, [tuple(3_400 * far)])).all()


def test_two_waters_of_one_cell_are_kept_apart() -> None:
    # The dam runs through the middle of cells of every net; both its sides are deep water.
    sea = water(shapely.box(-15, -8_000, 15, 8_000))
    way = ways(sea, (-100, 0), [(100.0, 0.0), (-300.0, 0.0)], 40_000.0)
    assert way[0] == pytest.approx(16_000.0, rel=0.03)
    assert way[1] < 400.0


@pytest.fixture(scope="module")
def island() -> Passages:
    return water(
        shapely.Polygon([(-6_000, -2_000), (4_000, -5_000), (2_000, 3_000), (-1_000, 500)])
    )


def some_places(sea: Passages, count: int = 300) -> Places:
    rng = np.random.default_rng(4)
    return sea.places(*lonlat(rng.uniform(-11_000, 11_000, (count, 2))))


@given(
    x=st.floats(-9e3, 9e3), y=st.floats(-9e3, 9e3), dx=st.floats(-9e3, 9e3), dy=st.floats(-9e3, 9e3)
)
def test_the_prism_is_what_both_fields_allow(
    island: Passages, x: float, y: float, dx: float, dy: float
) -> None:
    places = some_places(island)
    (lon0, lon1), (lat0, lat1) = lonlat([(x, y), (dx, dy)])
    ends = {"lon0": lon0, "lat0": lat0, "lon1": lon1, "lat1": lat1}
    found = prism(island, places, **ends, seconds=2_500.0, speed_mps=6.0)
    # Each field for itself, far beyond the prism, on the same net.
    ahead = prism(island, places, lon0=lon0, lat0=lat0, seconds=5_000.0, speed_mps=6.0)
    back = prism(island, places, lon0=lon1, lat0=lat1, seconds=5_000.0, speed_mps=6.0)
    assert ahead.cell_m == back.cell_m == found.cell_m
    within = ahead.from_m + back.from_m <= 15_000.0
    assert (np.isfinite(found.from_m) == within).all()
    assert found.from_m[within] == pytest.approx(ahead.from_m[within])
    assert found.to_m[within] == pytest.approx(back.from_m[within])
    straight = np.hypot(x - dx, y - dy)
    assert found.direct_m >= straight - 40.0
    # An end on land is moved to the water; a detour is never shorter than the direct way.
    slack = 4 * found.cell_m + 0.03 * found.direct_m
    assert (found.from_m[within] + found.to_m[within] >= found.direct_m - slack).all()


def test_more_time_reaches_more_and_never_later(island: Passages) -> None:
    places = some_places(island)
    (lon0, lon1), (lat0, lat1) = lonlat([(-8_000, 2_000), (8_000, -1_000)])
    ends = {"lon0": lon0, "lat0": lat0, "lon1": lon1, "lat1": lat1}
    less, more = (
        prism(island, places, **ends, seconds=seconds, speed_mps=5.0) for seconds in (3_700, 4_500)
    )
    assert np.isfinite(less.from_m).sum() < np.isfinite(more.from_m).sum()
    same = np.isfinite(less.from_m)
    assert more.from_m[same] == pytest.approx(less.from_m[same])
    turned = prism(
        island, places, lon0=lon1, lat0=lat1, lon1=lon0, lat1=lat0, seconds=4_500, speed_mps=5.0
    )
    assert turned.direct_m == pytest.approx(more.direct_m, rel=0.01)
    assert turned.to_m == pytest.approx(more.from_m, rel=0.02, abs=30.0)
    near = prism(island, places, **ends, seconds=3_700, speed_mps=5.0, near_m=200.0)
    assert (np.isfinite(near.from_m) | ~same).all()
    assert near.from_m[same] == pytest.approx(np.maximum(less.from_m[same] - 200.0, 0.0))


def test_without_time_for_the_direct_way_nothing_is_reached_but_its_length_is_known(
    island: Passages,
) -> None:
    (lon0, lon1), (lat0, lat1) = lonlat([(-8_000, 2_000), (8_000, -1_000)])
    found = prism(
        island,
        some_places(island),
        lon0=lon0,
        lat0=lat0,
        lon1=lon1,
        lat1=lat1,
        seconds=600,
        speed_mps=5.0,
    )
    assert np.isinf(found.from_m).all()
    assert np.isinf(found.to_m).all()
    around = np.hypot(10_000, 1_000) + np.hypot(6_000, 4_000)
    assert found.direct_m == pytest.approx(around, rel=0.03)


def test_a_place_beyond_the_box_comes_in_over_the_sea(island: Passages) -> None:
    to = np.array([[5_500.0, 5_500.0], [9_000.0, -9_000.0]])
    start = np.array([90_000.0, 3_000.0])
    way = ways(island, start, to, 150_000.0)
    assert way == pytest.approx(np.hypot(*(to - start).T), rel=0.02)
    (lon0, lon1, lon2), (lat0, lat1, lat2) = lonlat([start, (90_000, 40_000), to[0]])
    rest = {"seconds": 20_000.0, "speed_mps": 6.0}
    places = island.places(*lonlat(to))
    outside = prism(island, places, lon0=lon0, lat0=lat0, lon1=lon1, lat1=lat1, **rest)
    assert outside.direct_m == pytest.approx(37_000.0, rel=0.005)
    for ends in (
        {"lon0": lon0, "lat0": lat0, "lon1": lon2, "lat1": lat2},
        {"lon0": lon2, "lat0": lat2, "lon1": lon0, "lat1": lat0},
    ):
        found = prism(island, places, **ends, **rest)
        assert found.direct_m == pytest.approx(np.hypot(*(to[0] - start)), rel=0.02)
        assert np.isfinite(found.from_m[0])


def test_a_place_without_water_is_never_reached() -> None:
    sea = water(shapely.box(-6_000, -6_000, 6_000, 6_000))
    assert np.isinf(ways(sea, (8_000, 0), [(0.0, 0.0), (200_000.0, 0.0)])).all()
    # A berth 300 m inside the drawn land is taken to the quay, and the move counts.
    moved = ways(sea, (8_000, 0), [(5_700.0, 0.0)])
    assert moved == pytest.approx(2_000.0, abs=120.0)
    from_land = ways(sea, (5_700, 0), [(8_000.0, 0.0)])
    assert from_land == pytest.approx(2_300.0, abs=120.0)
    assert np.isinf(ways(sea, (0, 0), [(8_000.0, 0.0)])).all()


def test_a_shore_is_reached_on_its_own_side() -> None:
    # A spit of 60 m: both shores are within one cell of each other, the ways are not.
    sea = water(shapely.box(-30, -6_000, 30, 6_000))
    lon, lat = lonlat([(-30, 0), (30, 0)])
    places = sea.places(lon, lat, np.array([270.0, 90.0]))
    (lon0,), (lat0,) = lonlat([(-2_000, 0)])
    found = prism(sea, places, lon0=lon0, lat0=lat0, seconds=20_000 / FAST, speed_mps=FAST)
    assert found.from_m[0] == pytest.approx(1_950.0, abs=60.0)
    assert found.from_m[1] > 11_500.0


@pytest.mark.parametrize(
    "middle", [(122.0, 75.0), (180.0, 20.0), (-180.0, -40.0), (0.0, 0.0)], ids=str
)
def test_high_latitudes_and_the_antimeridian_make_no_difference(
    middle: tuple[float, float],
) -> None:
    lon, lat = middle
    wide = 0.15 / np.cos(np.radians(lat))
    box = (lon - wide, lat - 0.15, lon + wide, lat + 0.15)
    crs = working_crs(box)
    xy = np.asarray(to_metres(crs, lon, lat))

    def there(places: object) -> tuple[Floats, Floats]:
        metres = np.asarray(places, dtype=float).reshape(-1, 2) + xy
        return to_lonlat(crs, metres[:, 0], metres[:, 1])

    def continued(xy_: Floats) -> Floats:
        x, y = there(xy_)
        return np.column_stack([lon + (x - lon + 540.0) % 360.0 - 180.0, y])

    wall = shapely.transform(shapely.box(-50, -5_000, 50, 5_000), continued)
    land = gpd.GeoDataFrame(geometry=[wall], crs=4326)
    sea = Passages.build(land, bounds=box)
    (lon0,), (lat0,) = there([(-3_000, 0)])
    places = sea.places(*there([(3_000, 0), (-3_000, 4_000)]))
    found = prism(sea, places, lon0=lon0, lat0=lat0, seconds=20_000 / FAST, speed_mps=FAST)
    truth = [100.0 + 2 * np.hypot(2_950, 5_000), 4_000.0]
    assert found.from_m == pytest.approx(truth, rel=0.03)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_a_mirrored_coast_mirrors_the_ways(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(-6_000, 4_000, (3, 2))
    boxes = [shapely.box(*one, *(one + rng.uniform(300, 4_000, 2))) for one in corner]
    start, to = rng.uniform(-9_000, 9_000, 2), rng.uniform(-9_000, 9_000, (12, 2))
    turned = [shapely.transform(one, lambda xy: xy * [-1, 1]) for one in boxes]
    kwargs = {"box": (121.89, 28.9, 122.11, 29.1), "margin_m": 2_000.0}
    one = ways(water(*boxes, **kwargs), start, to, 30_000.0)
    other = ways(water(*turned, **kwargs), start * [-1, 1], to * [-1, 1], 30_000.0)
    dry = shapely.union_all([shapely.buffer(box, 60.0) for box in boxes])
    wet = ~shapely.contains_xy(dry, to[:, 0], to[:, 1])
    if not shapely.contains_xy(dry, *start):
        assert one[wet] == pytest.approx(other[wet], rel=0.03, abs=250.0)


def test_time_and_speed_must_be_above_nothing(island: Passages) -> None:
    for seconds, speed in ((0.0, 5.0), (100.0, 0.0), (np.nan, 5.0), (100.0, np.inf)):
        with pytest.raises(InputError, match="lead nowhere"):
            prism(
                island,
                some_places(island, 3),
                lon0=122.0,
                lat0=29.0,
                seconds=seconds,
                speed_mps=speed,
            )


def test_every_shore_of_the_real_coast_has_water_and_is_reached(land: gpd.GeoDataFrame) -> None:
    sea = Passages.build(land)
    cut = segments(shorelines(land))
    places = sea.places(cut["lon"].to_numpy(), cut["lat"].to_numpy(), cut["facing_deg"].to_numpy())
    off = np.hypot(*(np.array(to_metres(sea.crs, cut["lon"], cut["lat"])) - [places.x, places.y]))
    assert np.quantile(off, 0.99) < 150.0
    whole = prism(sea, places, lon0=122.3, lat0=28.9, seconds=200_000.0, speed_mps=6.0)
    assert np.isfinite(whole.from_m).mean() > 0.98
