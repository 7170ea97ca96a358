"""Grids of a county: the coverage of 500 and its problems, and grids for teams: ``rows()``."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely

from duty import regions
from geo import grids
from tests.bench.row import Row, seconds


def rows() -> Iterator[Row]:
    """Measure cells about places in a ragged land: 500 checked, 300 put into 20 grids."""
    layer = _cells(500)
    time_s, found = seconds(lambda: (grids.coverage(layer), grids.problems(layer)))
    # Where the ragged shore parts two cells by metres there is a hole: that is no mistake here.
    assert {one.reason for one in found[1]} <= {*grids.NOTED, "hole"}
    yield Row("coverage and problems, 500 grids", time_s, "s", budget=1.0)
    units = grids.coverage(_cells(300))
    load = np.random.default_rng(8).lognormal(0.0, 0.8, 300)
    time_s, told = seconds(lambda: regions.propose(units, load, 20), turns=2)
    assert told.cv < 0.2
    yield Row("grids proposed, 300 units", time_s, "s", budget=5.0)


def _cells(n: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(7)
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    rim = (0.3 + 0.006 * rng.normal(size=720))[:, None]
    land = shapely.Polygon((121.5, 29.2) + rim * np.column_stack([np.cos(turn), np.sin(turn)]))
    at, way = 0.28 * np.sqrt(rng.uniform(size=n)), rng.uniform(0, 2 * np.pi, n)
    places = np.array([121.5, 29.2]) + at[:, None] * np.column_stack([np.cos(way), np.sin(way)])
    cells = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=land)
    shapes = shapely.intersection(shapely.get_parts(cells), land)
    ids = [f"G{k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"grid_id": ids}, geometry=shapes, crs=4326)
