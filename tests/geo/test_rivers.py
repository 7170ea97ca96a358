"""River mouths: closed at the stated width, and nothing else is."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import shoreline
from geo.io import read_layer
from geo.rivers import close_rivers
from geo.shoreline import repair_land, shorelines

LON, LAT = 121.5, 29.0
M_LON, M_LAT = 1 / 97_450.0, 1 / 110_860.0


def metres(*xy: tuple[float, float]) -> shapely.Polygon:
    """Return a polygon given in metres east and north of a place."""
    return shapely.Polygon([(LON + x * M_LON, LAT + y * M_LAT) for x, y in xy])


def land_of(*polygons: shapely.Geometry) -> gpd.GeoDataFrame:
    return repair_land(gpd.GeoDataFrame(geometry=list(polygons), crs=4326), name="x")[0]


BLOCK = metres((0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000))


def less(land: shapely.Geometry, *waters: shapely.Geometry) -> gpd.GeoDataFrame:
    return land_of(shapely.difference(land, shapely.union_all(waters)))


def test_a_funnel_is_closed_where_it_first_is_narrower_than_the_width() -> None:
    # 800 m wide at the sea, 200 m wide 3 km inland, and so to 6 km.
    river = metres((4_600, -1), (5_400, -1), (5_100, 3_000), (5_100, 6_000), (4_900, 6_000),
                   (4_900, 3_000))  # fmt: skip
    land = less(BLOCK, river)
    for width in (300.0, 500.0):
        closed, mouths = close_rivers(land, width_m=width)
        assert len(mouths) == 1
        assert mouths["width_m"].iloc[0] == pytest.approx(width, rel=0.03)
        north = (shapely.get_coordinates(mouths.geometry.values)[:, 1] - LAT) / M_LAT
        # Where 800 m less 0.2 m a metre has come down to the width.
        assert north == pytest.approx((800 - width) / 0.2, abs=50)
        far = shapely.Point(LON + 5_000 * M_LON, LAT + 4_000 * M_LAT)
        near = shapely.Point(LON + 5_000 * M_LON, LAT + 500 * M_LAT)
        assert closed.geometry.contains(far).any()
        assert not closed.geometry.contains(near).any()
        gone = shapely.area(closed.geometry.values).sum() - shapely.area(land.geometry.values).sum()
        assert gone / M_LON / M_LAT == pytest.approx(mouths["area_m2"].iloc[0], rel=0.01)
    wide, none = close_rivers(land, width_m=150.0)
    assert none.empty
    assert wide.geometry.iloc[0].equals(land.geometry.iloc[0])
    assert close_rivers(land, width_m=0.0)[0] is land


def test_wide_water_behind_a_narrow_mouth_becomes_an_inner_shore() -> None:
    mouth = metres((4_950, -1), (5_050, -1), (5_050, 100), (4_950, 100))
    lagoon = metres((3_500, 99), (6_500, 99), (6_500, 3_000), (3_500, 3_000))
    closed, mouths = close_rivers(less(BLOCK, mouth, lagoon), width_m=300.0)
    assert len(mouths) == 1
    assert mouths["width_m"].iloc[0] == pytest.approx(100.0, rel=0.02)
    assert mouths["area_m2"].iloc[0] == pytest.approx(3_000 * 2_900, rel=0.01)
    shores = shorelines(closed)
    assert sorted(shores["kind"]) == ["inner", "mainland"]
    inner = shores[shores["kind"] == "inner"]
    assert inner["length_m"].iloc[0] == pytest.approx(2 * (3_000 + 2_900), rel=0.01)


def test_a_strait_between_two_lands_stays_open() -> None:
    other = metres((10_100, 0), (15_000, 0), (15_000, 10_000), (10_100, 10_000))
    land = land_of(BLOCK, other)
    closed, mouths = close_rivers(land, width_m=400.0)
    assert mouths.empty
    assert len(closed) == 2


def test_a_notch_no_deeper_than_the_width_stays_open() -> None:
    dock = metres((5_000, -1), (5_200, -1), (5_200, 250), (5_000, 250))
    creek = metres((7_000, -1), (7_200, -1), (7_200, 900), (7_000, 900))
    closed, mouths = close_rivers(less(BLOCK, dock, creek), width_m=300.0)
    assert len(mouths) == 1
    east = (shapely.get_coordinates(mouths.geometry.values)[:, 0] - LON) / M_LON
    assert ((east > 6_900) & (east < 7_300)).all()
    assert not closed.geometry.contains(shapely.Point(LON + 5_100 * M_LON, LAT + 100 * M_LAT)).any()


def test_an_island_in_a_closed_creek_is_no_shore_any_more_and_a_lake_stays() -> None:
    creek = metres((5_000, -1), (5_200, -1), (5_200, 3_000), (5_000, 3_000))
    islet = metres((5_080, 1_500), (5_120, 1_500), (5_120, 1_600), (5_080, 1_600))
    lake = metres((8_000, 5_000), (9_000, 5_000), (9_000, 6_000), (8_000, 6_000))
    land = land_of(shapely.difference(BLOCK, shapely.union(creek, lake)), islet)
    assert len(shorelines(land)) == 3
    closed, _ = close_rivers(land, width_m=300.0)
    assert sorted(shorelines(closed)["kind"]) == ["inner", "mainland"]


def test_the_mouth_has_the_land_to_its_left() -> None:
    creek = metres((5_000, -1), (5_200, -1), (5_200, 3_000), (5_000, 3_000))
    _, mouths = close_rivers(less(BLOCK, creek), width_m=300.0)
    (x0, _), (x1, _) = mouths.geometry.iloc[0].coords
    # The sea is south of the block: eastward.
    assert x1 > x0


@pytest.mark.parametrize("width_m", [100.0, 500.0])
def test_on_the_shipped_coast_water_is_only_taken_behind_mouths(
    land: gpd.GeoDataFrame, width_m: float
) -> None:
    closed, mouths = close_rivers(land, width_m=width_m)
    assert closed.geometry.is_valid.all()
    before, after = (shapely.union_all(one.geometry.values) for one in (land, closed))
    # A millimetre grid moves the banks of what was closed by less.
    assert shapely.area(shapely.difference(before, after)) / M_LON / M_LAT < 500.0
    taken = shapely.area(shapely.difference(after, before)) / M_LON / M_LAT
    assert 0 < taken < 1.02 * mouths["area_m2"].sum()
    assert (mouths["width_m"] < 1.02 * width_m).all()
    assert mouths["mouth_id"].is_unique
    shores, old = shorelines(closed), shorelines(land)
    outer = shores[shores["kind"] != "inner"]["length_m"].sum()
    assert outer < old[old["kind"] != "inner"]["length_m"].sum()
    lines = shapely.union_all(shores.geometry.values).buffer(1e-6)
    drawn = mouths.geometry.values
    along = shapely.length(shapely.intersection(drawn, lines)) / shapely.length(drawn)
    # One mouth of 44 runs for a twelfth of its way across an island, which is land anyway.
    assert (along > 0.9).all()
    assert (along > 0.98).mean() > 0.97
    # Closed once is closed: what is left to close at the same width is next to nothing.
    _, again = close_rivers(closed, width_m=width_m)
    assert again["area_m2"].sum() < 0.05 * mouths["area_m2"].sum()


def test_land_of_lines_has_the_mouths_of_land_of_polygons(
    land: gpd.GeoDataFrame, shared: Path
) -> None:
    layer = read_layer(shared / "coast" / "coastline_osm.gpkg")
    found = [
        close_rivers(one, width_m=200.0)[1] for one in (land, shoreline.land_of(layer, name="x")[0])
    ]
    assert [len(one) for one in found] == [96, 96]
    assert found[0]["area_m2"].sum() == pytest.approx(found[1]["area_m2"].sum(), rel=1e-4)
    # None is a thread of water along a bank: the least is the size of a dock.
    assert found[0]["area_m2"].min() > 1_000.0


@given(st.floats(60.0, 280.0), st.floats(600.0, 4_000.0), st.floats(-0.6, 0.6))
def test_any_straight_creek_is_closed_at_its_own_width(
    width: float, depth: float, lean: float
) -> None:
    creek = metres((5_000, -1), (5_000 + width, -1), (5_000 + width + lean * depth, depth),
                   (5_000 + lean * depth, depth))  # fmt: skip
    land = less(BLOCK, creek)
    _, mouths = close_rivers(land, width_m=300.0)
    assert len(mouths) == 1
    assert mouths["width_m"].iloc[0] <= 303.0
    across = width / np.hypot(1.0, lean)
    assert mouths["width_m"].iloc[0] >= 0.99 * across
    assert mouths["area_m2"].iloc[0] == pytest.approx(width * depth, rel=0.2, abs=width * 300.0)
