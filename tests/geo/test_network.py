"""Networks of lines: where they meet, how long they are, what stands apart."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import ELLIPSOID
from geo.network import Lines, network

LON, LAT = 121.5, 29.2
DEG_M = 1.0 / 111_000.0


def line(*places: tuple[float, float]) -> shapely.LineString:
    """Return a line through places, metres (about) east and north of the origin."""
    return shapely.LineString([(LON + x * DEG_M, LAT + y * DEG_M) for x, y in places])


def degrees(net: Lines) -> list[int]:
    ends = np.concatenate([net.edges["a"], net.edges["b"]])
    return sorted(np.bincount(ends, minlength=len(net.nodes)).tolist())


def number_of_parts(edges: list[tuple[object, object]]) -> int:
    """Count what edges leave apart, by merging sets."""
    parts: list[set[object]] = []
    for edge in edges:
        met = [part for part in parts if not part.isdisjoint(edge)]
        parts = [part for part in parts if part.isdisjoint(edge)] + [set(edge).union(*met)]
    return len(parts)


def test_lines_cross_without_a_vertex_but_not_on_a_bridge() -> None:
    cross = [line((-200, 0), (200, 0)), line((0, -200), (0, 200))]
    assert degrees(network(cross)) == [1, 1, 1, 1, 4]
    above = network(cross, level=[0, 1])
    assert degrees(above) == [1, 1, 1, 1]
    assert len(above.parts) == 2


def test_a_bridge_meets_the_road_end_on_end() -> None:
    road = [line((-300, 0), (-100, 0)), line((-100, 0), (100, 0)), line((100, 0), (300, 0))]
    under = line((0, -200), (0, 200))
    net = network([*road, under], level=[0, 1, 0, 0])
    assert net.parts["km"].to_list() == pytest.approx([0.6, 0.4], rel=0.15)
    # A road that ends beneath a bridge does not meet it.
    assert len(network([road[1], line((0, -200), (0, 0))], level=[1, 0]).parts) == 2


@pytest.mark.parametrize(("gap", "parts"), [(0.0, 1), (3.0, 1), (8.0, 2)])
def test_an_end_near_a_line_meets_it(gap: float, parts: int) -> None:
    net = network([line((-200, 0), (200, 0)), line((30, gap), (30, 200))])
    assert len(net.parts) == parts
    ends = network([line((-200, 0), (0, 0)), line((gap, 0), (200, 0))])
    assert len(ends.parts) == parts


def test_long_lines_have_nodes_and_their_length_on_the_ellipsoid() -> None:
    long = line((0, 0), (9_000, 3_000), (20_000, -4_000))
    net = network([long])
    places = shapely.get_coordinates(long)
    assert net.edges["km"].sum() == pytest.approx(
        ELLIPSOID.line_length(places[:, 0], places[:, 1]) / 1000.0, rel=1e-6
    )
    assert net.edges["km"].max() <= 1.01
    assert len(net.nodes) >= 35


def test_a_ring_and_a_line_that_crosses_itself_keep_their_way_round() -> None:
    ring = line((0, 0), (600, 0), (600, 600), (0, 600), (0, 0))
    assert set(degrees(network([ring], node_m=100.0))) == {2}
    loop = line((0, 0), (400, 0), (400, 300), (200, 300), (200, -200))
    assert 4 in degrees(network([loop], node_m=100.0))


def test_what_stands_apart_is_told_with_its_place() -> None:
    net = network([line((0, 0), (2_000, 0)), line((0, 9_000), (400, 9_000))])
    assert net.parts["part"].to_list() == [0, 1]
    assert net.parts["lat"][1] == pytest.approx(LAT + 9_000 * DEG_M, abs=1e-4)
    assert set(net.nodes.filter(net.nodes["lat"] > LAT + 0.05)["part"]) == {1}
    none = network([])
    assert (len(none.nodes), len(none.edges), len(none.parts)) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), number=st.integers(2, 12))
def test_parts_and_lengths_are_those_that_geos_nodes(seed: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    ends = rng.uniform(-20_000, 20_000, (number, 2, 2))
    lines = [line(tuple(a), tuple(b)) for a, b in ends]
    net = network(lines, snap_m=0.01)
    noded = shapely.get_parts(shapely.union_all(lines))
    ends = [np.round(shapely.get_coordinates(one)[[0, -1]], 9).tolist() for one in noded]
    assert len(net.parts) == number_of_parts([(tuple(a), tuple(b)) for a, b in ends])
    whole = sum(ELLIPSOID.geometry_length(one) for one in lines) / 1000.0
    assert net.edges["km"].sum() == pytest.approx(whole, rel=1e-5)
    assert number_of_parts(list(net.edges.select("a", "b").iter_rows())) == len(net.parts)
