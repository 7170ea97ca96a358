"""Grids proposed of units: contiguous and balanced by independent code, the same by seed."""

import geopandas as gpd
import networkx as nx
import numpy as np
import polars as pl
import pytest
import shapely

from duty import regions
from geo.errors import InputError
from geo.grids import Coverage, coverage


def county(n: int, seed: int, *, islands: int = 0) -> tuple[Coverage, np.ndarray]:
    """Cells about n places in a square and squares out at sea, with loads of unlike size."""
    rng = np.random.default_rng(seed)
    land = shapely.box(121.4, 29.0, 121.8, 29.4)
    at = shapely.multipoints(rng.uniform((121.4, 29.0), (121.8, 29.4), (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(at, extend_to=land))
    shapes = [*shapely.intersection(cells, land)]
    shapes += [shapely.box(121.9, 29.0 + 0.1 * k, 121.93, 29.03 + 0.1 * k) for k in range(islands)]
    layer = gpd.GeoDataFrame(
        {"grid_id": [f"u{k}" for k in range(len(shapes))]}, geometry=shapes, crs=4326
    )
    return coverage(layer), rng.lognormal(0.0, 0.7, len(shapes))


def loads(found: regions.Grouping, load: np.ndarray) -> np.ndarray:
    table = pl.DataFrame({"grid": found.grids, "load": load}).group_by("grid").agg(pl.sum("load"))
    return table["load"].to_numpy()


def hang_together(units: Coverage, found: regions.Grouping) -> bool:
    """Ask shapely for every pair of units whether they share a border, and networkx the rest."""
    of = np.array(found.grids)
    for grid in set(found.grids):
        shapes = units.shapes[of == grid]
        graph = nx.Graph()
        graph.add_nodes_from(range(len(shapes)))
        for a in range(len(shapes)):
            for b in range(a):
                if shapely.length(shapely.intersection(shapes[a], shapes[b])) > 1e-7:
                    graph.add_edge(a, b)
        if not nx.is_connected(graph):
            return False
    return True


@pytest.mark.parametrize("seed", [1, 2])
def test_grids_are_contiguous_and_balanced(seed: int) -> None:
    units, load = county(60, seed)
    found = regions.propose(units, load, 6, price=0.01, seed=seed)
    assert len(set(found.grids)) == 6
    assert hang_together(units, found)
    told = loads(found, load)
    assert found.cv == pytest.approx(told.std() / told.mean())
    assert found.max_over_mean == pytest.approx(told.max() / told.mean())
    assert found.cv < 0.15
    assert regions.propose(units, load, 6, price=0.01, seed=seed).grids == found.grids


def test_an_island_hangs_on_the_nearest_unit() -> None:
    units, load = county(30, 3, islands=2)
    found = regions.propose(units, load, 4)
    assert len(found.grids) == 32
    middle = shapely.centroid(units.shapes)
    for island in (30, 31):
        mates = [k for k in range(30) if found.grids[k] == found.grids[island]]
        assert mates
        assert min(middle[island].distance(middle[k]) for k in mates) < 0.25


def test_a_price_keeps_todays_grids_and_a_curve_trades_balance_for_it() -> None:
    units, load = county(50, 4)
    today = regions.propose(units, np.ones(50), 5, price=1.0).grids
    still = regions.propose(units, load, 5, today=today, price=100.0)
    assert still.moved_km2 == pytest.approx(0.0, abs=60.0)
    front = regions.proposals(units, load, [5], today=today, prices=(0.0, 0.1, 100.0))
    told = regions.curve(front)
    assert told["cv"].min() < still.cv
    away = [one != now for one, now in zip(today, front[0].grids, strict=True)]
    assert front[0].moved_km2 == pytest.approx(units.km2[away].sum())
    fewer = regions.propose(units, load, 4, today=today)
    assert set(fewer.grids) <= set(today)


def test_what_cannot_be_grouped_is_told() -> None:
    units, load = county(10, 5)
    for k, given, price in ((11, load, 0.1), (2, load * 0, 0.1), (2, load[1:], 0.1), (2, load, -1)):
        with pytest.raises(InputError, match="cannot be put into grids"):
            regions.propose(units, given, k, price=price)
