"""A cell of the risk surface is the score of the segment nearest to it, or nothing."""

import numpy as np
import pytest
import shapely

from geo.crs import ELLIPSOID, metre_shapes, working_crs
from geo.raster import LonLatGrid
from risk.surface import surface

GRID = LonLatGrid.over((121.0, 29.0, 121.3, 29.2), cell_m=300)
SHORE = [
    shapely.LineString([(121.05, 29.1), (121.1, 29.12)]),
    shapely.LineString([(121.1, 29.12), (121.16, 29.1)]),
    shapely.LineString([(121.16, 29.1), (121.25, 29.1)]),
]
LAND = [shapely.Polygon([(121.05, 29.1), (121.1, 29.12), (121.16, 29.1), (121.25, 29.1),
                         (121.25, 29.0), (121.05, 29.0)])]  # fmt: skip
SCORES = np.array([[10.0, 90.0], [40.0, np.nan], [70.0, 30.0]])


@pytest.fixture(scope="module")
def found():
    return surface(SHORE, SCORES, GRID, land=LAND, reach_m=3_000)


def test_each_cell_has_the_score_of_the_nearest_segment(found):
    lon, lat = GRID.centres()
    rng = np.random.default_rng(1)
    # Found by another way: densified segments and distances on the ellipsoid.
    points, owner = shapely.get_coordinates(shapely.segmentize(SHORE, 1e-4), return_index=True)
    seen = 0
    for row, col in zip(*np.nonzero(np.isfinite(found[0])), strict=True):
        if rng.random() > 0.2:
            continue
        n = len(points)
        _, _, far = ELLIPSOID.inv(
            np.full(n, lon[col]), np.full(n, lat[row]), points[:, 0], points[:, 1]
        )
        best = np.array([far[owner == k].min() for k in range(3)])
        if np.sort(best)[1] - best.min() < 100:
            continue
        seen += 1
        np.testing.assert_array_equal(found[:, row, col], SCORES[best.argmin()].astype(np.float32))
    assert seen > 150


def test_it_ends_at_the_reach_and_at_the_shore(found):
    lon, lat = GRID.centres()
    at = shapely.points(*np.meshgrid(lon, lat))
    shore, land = shapely.union_all(SHORE), shapely.union_all(LAND)
    cells = shapely.box(
        *np.meshgrid(lon - GRID.dlon / 2, lat - GRID.dlat / 2),
        *np.meshgrid(lon + GRID.dlon / 2, lat + GRID.dlat / 2),
    )
    inland = shapely.contains_xy(land, *np.meshgrid(lon, lat)) & ~shapely.intersects(cells, shore)
    assert np.isnan(found[0][inland]).all()
    crs = working_crs(GRID.bounds)
    away = shapely.distance(metre_shapes(crs, at), metre_shapes(crs, [shore])[0])
    assert (away > 3_150).sum() > 1_000
    assert np.isnan(found[0][away > 3_150]).all()
    near = (away < 2_850) & ~inland
    assert near.sum() > 300
    assert np.isfinite(found[0][near]).all()


def test_a_segment_without_a_score_gives_none(found):
    assert set(np.unique(found[1][np.isfinite(found[1])])) == {np.float32(30), np.float32(90)}


def test_without_shore_there_is_nothing():
    none = surface([], np.empty((0, 2)), GRID, land=[], reach_m=1_000)
    assert none.shape == (2, *GRID.shape)
    assert np.isnan(none).all()
