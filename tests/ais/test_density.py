"""Hours spent are hours counted, wherever a way goes; the grid makes none and loses none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais.density import density
from geo.raster import LonLatGrid

T0 = datetime(2026, 11, 23, tzinfo=UTC)
GRID = LonLatGrid.over((121.0, 29.0, 121.5, 29.3), cell_m=700)


def sailed(lon, lat, minutes, mmsi=412000001):
    return pl.DataFrame(
        {
            "mmsi": pl.Series([mmsi] * len(lon), dtype=pl.UInt32),
            "t": pl.Series(
                [T0 + timedelta(minutes=m) for m in minutes], dtype=pl.Datetime("ms", "UTC")
            ),
            "lon": np.asarray(lon, dtype=float),
            "lat": np.asarray(lat, dtype=float),
        }
    )


def hours(positions, grid=GRID, **more):
    return density(positions, grid, **more) * grid.areas_km2()[:, None]


def test_a_vessel_at_rest_fills_one_cell():
    found = hours(sailed([121.2] * 3, [29.1] * 3, [0, 20, 60]))
    row, col = int((GRID.north - 29.1) / GRID.dlat), int((121.2 - GRID.west) / GRID.dlon)
    assert found[row, col] == pytest.approx(1.0)
    assert found.sum() == pytest.approx(1.0)


def test_density_is_per_square_kilometre():
    found = density(sailed([121.2] * 2, [29.1] * 2, [0, 30]), GRID)
    assert found.max() == pytest.approx(0.5 / 0.49, rel=0.01)


@given(
    ends=st.tuples(
        st.floats(121.01, 121.49),
        st.floats(29.01, 29.29),
        st.floats(121.01, 121.49),
        st.floats(29.01, 29.29),
    )
)
def test_a_leg_is_shared_by_its_length_in_each_cell(ends):
    lon0, lat0, lon1, lat1 = ends
    found = hours(sailed([lon0, lon1], [lat0, lat1], [0, 55]))
    leg = shapely.LineString([(lon0, lat0), (lon1, lat1)])
    rows, cols = np.nonzero(found > 1e-12)
    cells = shapely.box(
        GRID.west + cols * GRID.dlon,
        GRID.north - (rows + 1) * GRID.dlat,
        GRID.west + (cols + 1) * GRID.dlon,
        GRID.north - rows * GRID.dlat,
    )
    truth = shapely.length(shapely.intersection(cells, leg)) / max(leg.length, 1e-300)
    if leg.length > 1e-6:
        # On a common edge either cell may have it.
        np.testing.assert_allclose(found[rows, cols], truth * 55 / 60, atol=1e-6)
    assert found.sum() == pytest.approx(55 / 60)


def test_silence_counts_nowhere():
    found = hours(sailed([121.2, 121.21, 121.21], [29.1] * 3, [0, 30, 91]))
    assert found.sum() == pytest.approx(0.5)
    longer = hours(sailed([121.2, 121.21, 121.21], [29.1] * 3, [0, 30, 91]), track_gap_s=7200)
    assert longer.sum() == pytest.approx(91 / 60)


def test_a_jump_counts_nowhere_and_leaves_the_way_whole():
    lon = [121.2, 121.2, 125.0, 121.2, 121.2]
    found = hours(sailed(lon, [29.1] * 5, [0, 10, 20, 30, 40]))
    assert found.sum() == pytest.approx(40 / 60)
    assert np.count_nonzero(found) == 1


def test_two_vessels_are_two():
    rows = [
        sailed([121.2] * 2, [29.1] * 2, [0, 30]),
        sailed([121.2] * 2, [29.1] * 2, [0, 30], mmsi=9),
    ]
    assert hours(pl.concat(rows)).sum() == pytest.approx(1.0)


def test_only_what_lies_inside_counts():
    found = hours(sailed([120.9, 121.1], [29.15, 29.15], [0, 60]))
    assert found.sum() == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("west", [179.8, -180.2])
def test_the_antimeridian_is_no_edge(west):
    grid = LonLatGrid.over((west, -0.1, west + 0.4, 0.1), cell_m=1_000)
    found = hours(sailed([179.9, -179.9], [0.02, 0.02], [0, 50]), grid)
    assert found.sum() == pytest.approx(50 / 60)
    assert np.count_nonzero(found) == pytest.approx(0.2 / grid.dlon, abs=1.5)


def test_pieces_of_an_archive_add_up_to_the_whole():
    rng = np.random.default_rng(3)
    minutes = np.sort(rng.uniform(0, 600, 200))
    lon = 121.2 + np.cumsum(rng.normal(0, 0.001, 200))
    whole = sailed(lon, np.full(200, 29.1), minutes)
    cut = T0 + timedelta(minutes=300)
    before = whole.filter(pl.col("t") < cut)
    after = whole.filter(pl.col("t") >= cut - timedelta(hours=1))
    found = density(before, GRID) + density(after, GRID, since=cut)
    np.testing.assert_allclose(found, density(whole, GRID), atol=1e-12)


def test_nothing_gives_nothing():
    assert density(sailed([], [], []), GRID).sum() == 0.0
