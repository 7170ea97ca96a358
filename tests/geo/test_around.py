"""Distances to what lies about a segment, and the kind of shore, against plain geometry."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.around import distances, shore_types

GEOD = Geod(ellps="WGS84")
# Four segments of some 480 m from west to east along 29 N.
LON = 121.0 + 0.005 * np.arange(5)
SEGMENTS = gpd.GeoDataFrame(
    geometry=[shapely.LineString([(a, 29.0), (b, 29.0)]) for a, b in pairwise(LON)],
    crs=4326,
)


@given(st.floats(120.9, 121.1), st.floats(28.9, 29.1))
def test_the_distance_to_a_point_is_the_geodesic_one(lon, lat) -> None:
    village = gpd.GeoDataFrame(geometry=[shapely.Point(lon, lat)], crs=4326)
    found = distances(SEGMENTS, village)
    for row, line in enumerate(SEGMENTS.geometry):
        at = np.clip(lon, *line.xy[0])
        near = min(GEOD.inv(lon, lat, x, 29.0)[2] for x in (at, *line.xy[0]))
        assert found[row] == pytest.approx(near, rel=1e-3, abs=0.5)


def test_roads_come_in_any_crs_and_settlements_have_areas() -> None:
    road = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(120.5, 29.01), (121.6, 29.01)]), None, shapely.LineString()],
        crs=4326,
    )
    away = GEOD.inv(121.01, 29.0, 121.01, 29.01)[2]
    for crs in ("EPSG:4326", "EPSG:4549", "EPSG:3857"):
        found = distances(SEGMENTS, gpd.GeoDataFrame(geometry=road.geometry).to_crs(crs))
        assert found == pytest.approx(np.full(4, away), abs=5.0)
    town = gpd.GeoDataFrame(geometry=[shapely.box(120.9, 28.9, 121.007, 29.1)], crs=4326)
    found = distances(SEGMENTS, town)
    assert (found[:2] == 0.0).all()
    assert found[2] == pytest.approx(GEOD.inv(121.007, 29.0, 121.01, 29.0)[2], rel=1e-3)


def test_nothing_within_reach_is_unknown_and_not_far() -> None:
    village = gpd.GeoDataFrame(geometry=[shapely.Point(121.0, 29.05)], crs=4326)
    assert np.isnan(distances(SEGMENTS, village, max_m=1000.0)).all()
    assert np.isnan(distances(SEGMENTS, village.iloc[:0])).all()
    assert len(distances(SEGMENTS.iloc[:0], village)) == 0


def kinds(*pieces, **options) -> list[str | None]:
    layer = gpd.GeoDataFrame(
        {"shore_type": [kind for kind, _ in pieces]}, geometry=[g for _, g in pieces], crs=4326
    )
    return shore_types(SEGMENTS, layer, **options)


def test_the_kind_that_holds_for_most_of_a_segment_counts() -> None:
    def line(a, b, lat=29.0002):
        return shapely.LineString([(a, lat), (b, lat)])

    # The second segment is mud for 40 % and rock for 60 %; the last is known for a third only.
    found = kinds(
        ("mud", line(120.99, 121.007)),
        ("rock", line(121.007, 121.015)),
        ("beach", line(121.0164, 121.0166)),
    )
    assert found == ["mud", "rock", "rock", None]
    area = kinds(("beach", shapely.box(121.0, 28.99, 121.02, 29.01)), (None, line(121, 121.02)))
    assert area == ["beach"] * 4
    assert kinds(("mud", line(121.0, 121.02, lat=29.01))) == [None] * 4
    assert kinds(("mud", line(121.0, 121.02, lat=29.01)), tolerance_m=2000.0) == ["mud"] * 4
    # Of equals the first by name, whatever the order.
    halves = [("rock", line(121.0, 121.0025)), ("beach", line(121.0025, 121.005))]
    assert kinds(*halves)[0] == kinds(*halves[::-1])[0] == "beach"
