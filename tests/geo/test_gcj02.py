"""Chinese map coordinates: turned back exactly, and told from right ones by the shore alone."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo._repair import swapped
from geo.gcj02 import from_bd09, from_gcj02, shift_of, to_bd09, to_gcj02
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import shorelines

GEOD = Geod(ellps="WGS84")
Offset = Callable[[np.ndarray, np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def offset_m(land: gpd.GeoDataFrame) -> Offset:
    shores = shorelines(land)
    index = ShoreIndex.build(shores, segments(shores))

    def offset(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        return index.nearest(
            np.ascontiguousarray(lon), np.ascontiguousarray(lat), max_m=5_000.0
        ).distance_m

    return offset


@pytest.fixture(scope="module")
def wharves(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    points = read_layer(shared / "coast" / "wharf_candidates.gpkg").geometry
    return points.x.to_numpy(), points.y.to_numpy()


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_published_pairs_are_met(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    # The test cases of googollee/eviltransform: Shanghai, Shenzhen, Beijing.
    assert np.allclose(to_gcj02(*wgs84), gcj02, rtol=0, atol=1e-7)
    assert np.allclose(from_gcj02(*gcj02), wgs84, rtol=0, atol=1e-7)


@given(st.floats(73.0, 135.0), st.floats(3.0, 53.0))
def test_there_and_back_within_a_centimetre(lon: float, lat: float) -> None:
    for there, back in ((to_gcj02, from_gcj02), (to_bd09, from_bd09)):
        found = back(*there(lon, lat))
        assert abs(float(found[0]) - lon) < 1e-9
        assert abs(float(found[1]) - lat) < 1e-9


def test_the_shift_is_some_hundred_metres_in_china_and_nothing_elsewhere() -> None:
    x, y = to_gcj02(121.9, 29.2)
    assert 300 < GEOD.inv(121.9, 29.2, float(x), float(y))[2] < 700
    x, y = to_bd09(121.9, 29.2)
    assert 900 < GEOD.inv(121.9, 29.2, float(x), float(y))[2] < 1_300
    assert [float(one) for one in to_gcj02(-5.0, 52.0)] == [-5.0, 52.0]
    assert [float(one) for one in from_bd09(139.0, 35.0)] == [139.0, 35.0]
    assert np.isnan(from_gcj02(np.nan, 30.0)[0])


def test_shifted_wharves_are_told_and_right_ones_are_not(
    wharves: tuple[np.ndarray, np.ndarray], offset_m: Offset
) -> None:
    assert shift_of(*wharves, offset_m) is None
    found = shift_of(*to_gcj02(*wharves), offset_m)
    assert found is not None
    assert (found.system, found.points) == ("gcj02", 309)
    assert found.given_m > 200
    assert found.corrected_m < 1
    assert found.nearer > 0.99
    assert found.p < 0.01
    found = shift_of(*to_bd09(*wharves), offset_m)
    assert found is not None
    assert found.system == "bd09"


@pytest.mark.parametrize("n", [5, 8, 20, 50])
def test_few_places_are_told_as_well_and_seldom_wrongly(
    n: int, wharves: tuple[np.ndarray, np.ndarray], offset_m: Offset, full: bool
) -> None:
    rng = np.random.default_rng(n)
    x, y = wharves
    turns = 500 if full else 60
    shifted = wrongly = at_random = scattered = 0
    for _ in range(turns):
        some = rng.choice(len(x), n, replace=False)
        found = shift_of(*to_gcj02(x[some], y[some]), offset_m)
        shifted += found is not None and found.system == "gcj02"
        # Right ones with errors of a hand-held receiver and of a digitised chart.
        noise = rng.normal(0.0, 40.0, (2, n))
        wrongly += (
            shift_of(x[some] + noise[0] / 97e3, y[some] + noise[1] / 111e3, offset_m) is not None
        )
        lon, lat = rng.uniform(121.35, 122.45, n), rng.uniform(28.8, 29.9, n)
        at_random += shift_of(lon, lat, offset_m) is not None
        angle, far = rng.uniform(0, 2 * np.pi, n), 600 * np.sqrt(rng.uniform(0, 1, n))
        lon, lat = x[some] + far * np.cos(angle) / 97e3, y[some] + far * np.sin(angle) / 111e3
        scattered += shift_of(lon, lat, offset_m) is not None
    assert shifted >= 0.99 * turns
    assert wrongly + at_random + scattered <= 0.01 * 3 * turns


def test_what_cannot_tell_tells_nothing(
    wharves: tuple[np.ndarray, np.ndarray], offset_m: Offset
) -> None:
    x, y = to_gcj02(*wharves)
    assert shift_of(x[:4], y[:4], offset_m) is None
    assert shift_of(np.repeat(x[:2], 9), np.repeat(y[:2], 9), offset_m) is None
    assert shift_of(np.full(9, np.nan), np.full(9, np.nan), offset_m) is None
    assert shift_of(x - 200.0, y, offset_m) is None
    assert shift_of(x, y, lambda lon, _: np.full(len(lon), np.nan)) is None


def test_swapped_places_are_told() -> None:
    box = (121.3, 28.75, 122.5, 29.95)
    found = swapped([121.9, 29.2, 5.0, np.nan], [29.2, 121.9, 5.0, 29.0], box)
    assert found.tolist() == [False, True, False, False]
    assert swapped(29.2, 121.9, box)
