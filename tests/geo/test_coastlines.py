"""Coastlines to land: the published lines give the published land; what is lost is told."""

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coastlines import land_from_lines
from geo.errors import InputError
from geo.io import read_layer
from geo.shoreline import land_of, shorelines

BOX = (121.0, 29.0, 122.0, 30.0)


def lines(*shapes: shapely.Geometry, crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


def ring(*corners: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([*corners, corners[0]])


# Northward, the land to the west: on the left.
COAST = shapely.LineString([(121.5, 29.0), (121.52, 29.5), (121.5, 30.0)])
ISLAND = ring((121.7, 29.5), (121.72, 29.5), (121.72, 29.52), (121.7, 29.52))


@pytest.mark.parametrize("source", ["osm", "gshhg"])
@pytest.mark.parametrize("box", [None, (121.3, 28.75, 122.5, 29.95)])
def test_the_published_lines_make_the_published_land(
    shared: Path, source: str, box: tuple[float, ...] | None
) -> None:
    layer = read_layer(shared / "coast" / f"coastline_{source}.gpkg")
    truth = read_layer(shared / "coast" / f"land_{source}.gpkg")
    land, refused = land_from_lines(layer, name=source, box=box)
    # Without the box, land goes no further than the lines.
    within = shapely.box(*(box or land.total_bounds))
    whole = shapely.intersection(shapely.union_all(truth.geometry.values), within)
    made = shapely.union_all(land.geometry.values)
    assert shapely.area(shapely.symmetric_difference(made, whole)) < 1e-6 * shapely.area(whole)
    # The layer is drawn clockwise, the other way than OpenStreetMap: that is told.
    assert [one.reason for one in refused if one.reason != "sliver"] == ["land_side"]
    shores = shorelines(land, clip_box=box)
    assert len(shores) == len(layer)
    assert shores["length_m"].sum() == pytest.approx(layer["length_m"].sum(), rel=1e-3)


def test_turned_round_the_lines_make_the_same_land(shared: Path) -> None:
    layer = read_layer(shared / "coast" / "coastline_osm.gpkg")
    turned = layer.set_geometry(shapely.reverse(layer.geometry.values), crs=4326)
    land, refused = land_from_lines(turned, name="x")
    other, _ = land_from_lines(layer, name="x", land_side="right")
    assert shapely.equals(land.geometry.values, other.geometry.values).all()
    assert "land_side" not in {one.reason for one in refused}


def test_land_lies_to_the_left_unless_it_is_said() -> None:
    east = shapely.Point(121.9, 29.3)
    for side, expected in ((None, False), ("left", False), ("right", True)):
        land, refused = land_from_lines(lines(COAST), name="x", land_side=side, box=BOX)
        assert land.geometry.contains(east).any() == expected
        assert not refused
    with pytest.raises(InputError, match="'top'"):
        land_from_lines(lines(COAST), name="x", land_side="top")


def test_closed_lines_alone_are_islands_whichever_way_they_run() -> None:
    for shape in (ISLAND, ISLAND.reverse()):
        land, refused = land_of(lines(shape), name="x")
        assert len(land) == 1
        assert land.geometry.iloc[0].equals(shapely.Polygon(ISLAND))
        assert not refused


def test_a_lagoon_on_an_island_is_water_and_an_islet_in_it_land() -> None:
    outer = ring((121.2, 29.2), (121.8, 29.2), (121.8, 29.8), (121.2, 29.8))
    lagoon = ring((121.3, 29.3), (121.3, 29.7), (121.7, 29.7), (121.7, 29.3))
    islet = ring((121.4, 29.4), (121.6, 29.4), (121.6, 29.6), (121.4, 29.6))
    land, _ = land_of(lines(outer, lagoon, islet), name="x")
    inside = [land.geometry.contains(shapely.Point(x, 29.5)).any() for x in (121.25, 121.35, 121.5)]
    assert inside == [True, False, True]


def test_gaps_of_a_few_metres_are_joined_and_wide_ones_told() -> None:
    near = [
        shapely.LineString([(121.5, 29.0), (121.52, 29.5)]),
        shapely.LineString([(121.5201, 29.5), (121.5, 30.0)]),
    ]
    land, refused = land_from_lines(lines(*near), name="x", box=BOX)
    assert not refused
    assert len(land) == 1
    assert land.geometry.contains(shapely.Point(121.1, 29.5)).any()
    apart = [near[0], shapely.LineString([(121.53, 29.5), (121.5, 30.0)])]
    _, refused = land_from_lines(lines(*apart), name="x", box=BOX)
    ends = {(one.reason, one.lon, one.lat) for one in refused}
    assert {("loose_end", 121.52, 29.5), ("loose_end", 121.53, 29.5)} <= ends


def test_an_end_that_nearly_meets_another_line_is_joined_to_it() -> None:
    # Both ends are some 10 m off the coast.
    spit = shapely.LineString([(121.5101, 29.25), (121.6, 29.25), (121.6, 29.3), (121.5121, 29.3)])
    land, refused = land_from_lines(lines(COAST, spit), name="x", box=BOX)
    assert len(land) == 1
    assert land.geometry.contains(shapely.Point(121.55, 29.27)).all()
    # What was coast before the spit now has land on both sides.
    assert [one.reason for one in refused] == ["no_coastline"]


def test_a_coast_that_ends_within_the_layer_is_carried_on_and_that_edge_is_no_coast() -> None:
    coast = shapely.LineString([(121.5, 29.2), (121.48, 29.5), (121.5, 29.8)])
    islands = [ring((x, y), (x + 0.02, y), (x + 0.02, y + 0.02), (x, y + 0.02))
               for x, y in ((121.9, 29.05), (121.9, 29.95), (121.95, 29.5))]  # fmt: skip
    land, refused = land_of(lines(coast, *islands), name="x")
    assert [(one.reason, one.lon, one.lat) for one in refused] == [
        ("loose_end", 121.5, 29.2),
        ("loose_end", 121.5, 29.8),
    ]
    shores = shorelines(land)
    mainland = shores[shores["kind"] == "mainland"]
    assert len(shores) == 4
    assert len(mainland) == 1
    assert not mainland["is_ring"].any()
    ends = shapely.get_coordinates(mainland.geometry.values)[[0, -1]]
    assert np.allclose(np.sort(ends[:, 1]), [29.2, 29.8])


def test_a_line_with_land_on_both_sides_is_left_out_and_told() -> None:
    river = shapely.LineString([(121.2, 29.4), (121.51, 29.4)])
    land, refused = land_from_lines(lines(COAST, river), name="x", box=BOX)
    alone, _ = land_from_lines(lines(COAST), name="x", box=BOX)
    assert {one.reason for one in refused} >= {"loose_end"}
    assert shapely.area(land.geometry.values).sum() <= shapely.area(alone.geometry.values).sum()


def test_what_is_no_line_is_refused_and_the_rest_kept() -> None:
    endless = shapely.LineString([(121.1, 29.1), (float("inf"), 29.2)])
    land, refused = land_of(lines(ISLAND, shapely.Point(121, 29), None, endless, ISLAND), name="x")
    assert len(land) == 1
    assert [(one.row, one.reason) for one in refused] == [
        (2, "not_a_line"),
        (3, "not_a_line"),
        (4, "bad_coordinates"),
        (5, "duplicate"),
    ]


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (shapely.LineString([(121.5, 29.5), (121.5, 29.5)]), "no line"),
        (shapely.LineString([(5e5, 3e6), (6e5, 3.1e6)]), "beyond"),
    ],
)
def test_lines_that_bound_nothing_are_an_input_error(shape: shapely.Geometry, told: str) -> None:
    with pytest.raises(InputError, match=told):
        land_of(lines(shape), name="x")
    with pytest.raises(InputError, match="coordinate reference system"):
        land_of(lines(ISLAND, crs=None), name="x")


@given(st.integers(0, 2**31 - 1))
def test_land_cut_into_pieces_of_line_comes_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    polygons = []
    for k in range(int(rng.integers(1, 5))):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
        radius = rng.uniform(0.01, 0.04, 12)
        xy = np.column_stack(
            [121.1 + 0.1 * k + radius * np.cos(angle), 29.3 + radius * np.sin(angle)]
        )
        polygons.append(shapely.Polygon(xy))
    truth = shapely.union_all([one for one in polygons if one.is_valid])
    if truth.is_empty:
        return
    pieces = []
    for one in shapely.get_parts(truth):
        xy = np.asarray(shapely.orient_polygons(one).exterior.coords)
        stops = np.unique(np.r_[0, rng.integers(1, len(xy) - 1, 3), len(xy) - 1])
        pieces += [shapely.LineString(xy[a : b + 1]) for a, b in pairwise(stops)]
    rng.shuffle(pieces)  # type: ignore[arg-type]
    land, refused = land_of(lines(*pieces), name="x")
    made = shapely.union_all(land.geometry.values)
    assert shapely.area(shapely.symmetric_difference(made, truth)) < 1e-9 * shapely.area(truth)
    assert not [one for one in refused if one.reason != "sliver"]


@given(st.integers(0, 2**31 - 1))
def test_any_lines_make_valid_land_or_an_input_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(int(rng.integers(1, 12))):
        xy = rng.normal((121.5, 29.5), 0.05, (int(rng.integers(2, 7)), 2))
        if rng.random() < 0.5:
            # Ends and crossings that fall together.
            xy = np.round(xy, 1)
        shapes.append(shapely.LineString(xy))
    if rng.random() < 0.3:
        shapes.append(ring(*(tuple(one) for one in rng.normal((121.5, 29.5), 0.05, (3, 2)))))
    try:
        land, refused = land_of(lines(*shapes), name="x")
    except InputError:
        return
    assert land.geometry.is_valid.all()
    assert shapely.area(land.geometry.values).sum() > 0
    for one in refused:
        assert one.lon is not None
        assert one.lat is not None
    assert (shorelines(land)["length_m"] > 0).all()
