"""The boat's way to islands: the shortest tree, shared out, against every tree there is."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.sparse.csgraph import connected_components

from duty._islands import neighbours, shared
from duty.division import Cut, Division, Hang
from duty.figures import figures
from duty.workload import Pace, Shore


def test_the_shares_add_up_to_the_shortest_of_all_trees():
    rng = np.random.default_rng(5)
    for _ in range(60):
        n = int(rng.integers(1, 5))
        first = rng.uniform(1.0, 20.0, n)
        pairs = np.array(list(combinations(range(n), 2)), dtype=np.int64).reshape(-1, 2)
        ways = rng.uniform(1.0, 20.0, len(pairs))
        edges = [(0, k + 1, float(w)) for k, w in enumerate(first)]
        edges += [(a + 1, b + 1, float(w)) for (a, b), w in zip(pairs, ways, strict=True)]
        least = min(
            sum(w for _, _, w in tree) for tree in combinations(edges, n) if _joins(tree, n + 1)
        )
        found = shared(first, pairs[:, 0], pairs[:, 1], ways)
        assert found.sum() == pytest.approx(least)
        assert (found <= first + 1e-9).all()


def _joins(tree, n):
    graph = np.zeros((n, n))
    for a, b, _ in tree:
        graph[a, b] = 1.0
    return connected_components(graph, directed=False)[0] == 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 300])
@pytest.mark.parametrize("in_line", [False, True])
def test_places_are_joined_in_one(n, in_line):
    rng = np.random.default_rng(n)
    lon = (rng.uniform(179.0, 181.0, n) + 180.0) % 360.0 - 180.0
    lat = np.zeros(n) if in_line else rng.uniform(50.0, 51.0, n)
    a, b = neighbours(lon, lat)
    graph = np.zeros((n, n))
    graph[a, b] = 1.0
    if n:
        assert connected_components(graph, directed=False)[0] == 1


def test_a_boat_goes_on_from_island_to_island():
    """Five islets in a row off one place: once along the row and back, not five times there."""
    names = ["M", *(f"I{k}" for k in range(1, 6))]
    lat = [29.0, 29.1, 29.2, 29.3, 29.4, 29.5]
    rows = pl.DataFrame(
        {
            "shoreline_id": names,
            "from_m": [0.0] * 6,
            "to_m": [100.0] * 6,
            "length_m": [100.0] * 6,
            "lon": [121.0] * 6,
            "lat": lat,
        }
    )
    lines = pl.DataFrame(
        {"shoreline_id": names, "length_m": [100.0] * 6, "is_ring": [False] + [True] * 5}
    )
    places = pl.DataFrame(
        schema={
            "object_kind": pl.String,
            "shoreline_id": pl.String,
            "chainage_m": pl.Float64,
            "cadence_days": pl.Float64,
        }
    )
    shore = Shore.of(rows, lines, places, pace=Pace(travel_kmh=60.0))
    division = Division(
        (Cut("M", 0.0, "S1"),), tuple(Hang(name, "M", 50.0) for name in names[1:]), frozenset()
    )
    told = figures(shore, division)
    assert told["straight_min"][0] == pytest.approx(2 * 0.5 * 111.195, rel=2e-3)
