"""Grids: shared borders, edits that neighbours follow, faults told by place, and repairs."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import grids
from geo.crs import ELLIPSOID
from geo.errors import InputError
from geo.grids import Coverage


def layer(shapes: list[object], ids: list[str | None] | None = None) -> gpd.GeoDataFrame:
    names = ids or [f"g{k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"grid_id": names}, geometry=shapes, crs=4326)


def tessellation(n: int, seed: int) -> gpd.GeoDataFrame:
    """Cells about n places, cut to a ragged round land."""
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ragged = (0.1 + 0.004 * rng.normal(size=90)).clip(0.08)[:, None]
    land = shapely.Polygon((121.5, 29.2) + ragged * np.column_stack([np.cos(turn), np.sin(turn)]))
    at = shapely.multipoints(np.array([121.5, 29.2]) + rng.uniform(-0.07, 0.07, (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(at, extend_to=land))
    return layer(list(shapely.intersection(cells, land)))


@pytest.fixture
def four() -> Coverage:
    """Four squares of 0.01 degrees about 121.51 29.21: a, b in the south, c, d in the north."""
    boxes = [
        shapely.box(121.5 + x, 29.2 + y, 121.51 + x, 29.21 + y)
        for y in (0, 0.01) for x in (0, 0.01)
    ]  # fmt: skip
    return grids.coverage(layer(boxes, ["a", "b", "c", "d"]))


def test_a_shared_border_is_one_arc(four: Coverage) -> None:
    arcs = four.arcs
    pairs = sorted(
        tuple(sorted(pair)) for pair in zip(arcs.left.tolist(), arcs.right.tolist(), strict=True)
    )
    assert pairs == [(-1, 0), (-1, 1), (-1, 2), (-1, 3), (0, 1), (0, 2), (1, 3), (2, 3)]
    square = ELLIPSOID.geometry_area_perimeter(four.shapes[0])[0] / 1e6
    assert four.km2[0] == pytest.approx(abs(square), rel=1e-6)


@given(st.integers(4, 30), st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_arcs_are_all_borders_each_once(n: int, seed: int) -> None:
    made = grids.coverage(tessellation(n, seed))
    inner = made.arcs.right >= 0
    lengths = shapely.length(made.arcs.lines)
    twice = lengths[~inner].sum() + 2 * lengths[inner].sum()
    assert twice == pytest.approx(shapely.length(made.shapes).sum(), rel=1e-9)


def test_a_line_splits_a_grid_and_the_neighbours_learn_the_vertex(four: Coverage) -> None:
    line = shapely.LineString([(121.49, 29.2041), (121.53, 29.2043)])
    with pytest.raises(InputError, match="taken"):
        grids.split(four, "a", line, new="b")
    done = grids.split(four, "a", line, new="e")
    assert done.ids == ("a", "b", "c", "d", "e")
    assert shapely.coverage_is_valid(done.shapes)
    # Left of a line to the east is the north.
    assert done.shapes[0].centroid.y > done.shapes[4].centroid.y
    assert done.km2.sum() == pytest.approx(four.km2.sum(), rel=1e-9)
    moved = grids.exchanged(four, done)
    assert moved.select("from_grid", "to_grid").rows() == [("a", "e")]
    back = grids.merge(done, ["e"], into="a")
    assert back.ids == four.ids
    assert grids.exchanged(four, back).is_empty()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ([(121.49, 29.205), (121.505, 29.205)], "ends inside the grid, at 121.505"),
        ([(121.6, 29.2), (121.7, 29.2)], "passes by, at 121.6"),
        ([(121.49, 29.2), (121.53, 29.2)], "only touches"),
    ],
)
def test_a_line_that_does_not_cross_is_told_where(
    four: Coverage, line: list[tuple[float, float]], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        grids.split(four, "a", shapely.LineString(line), new="e")


def test_a_grid_is_drawn_over_free_ground_or_over_neighbours(four: Coverage) -> None:
    round_ = shapely.Point(121.52, 29.22).buffer(0.004)
    free = grids.draw(four, "e", round_, over="free")
    assert shapely.coverage_is_valid(free.shapes)
    assert grids.exchanged(four, free)["from_grid"].to_list() == [None]
    assert free.km2[4] == pytest.approx(
        grids.draw(four, "e", round_, over="neighbours").km2[4] * 0.75, rel=1e-3
    )
    taken = grids.draw(four, "e", shapely.Point(121.51, 29.21).buffer(0.004), over="neighbours")
    assert shapely.coverage_is_valid(taken.shapes)
    assert set(grids.exchanged(four, taken)["from_grid"]) == {"a", "b", "c", "d"}
    assert taken.km2.sum() == pytest.approx(four.km2.sum(), rel=1e-9)
    with pytest.raises(InputError, match="nothing is left of a"):
        grids.draw(four, "e", shapely.box(121.49, 29.19, 121.512, 29.212), over="neighbours")
    with pytest.raises(InputError, match="nothing is left of e"):
        grids.draw(four, "e", shapely.Point(121.505, 29.205).buffer(0.001), over="free")
    bow = shapely.Polygon([(121.6, 29.2), (121.7, 29.3), (121.7, 29.2), (121.6, 29.3)])
    with pytest.raises(InputError, match=r"crosses.*121\.65"):
        grids.draw(four, "e", bow, over="free")


def test_neighbours_follow_a_border(four: Coverage) -> None:
    done = grids.move(four, [(121.51, 29.21, 121.512, 29.211)])
    assert shapely.coverage_is_valid(done.shapes)
    assert shapely.get_num_coordinates(done.shapes).tolist() == [5] * 4
    assert all(shapely.intersects(done.shapes, shapely.Point(121.512, 29.211)))
    with pytest.raises(InputError, match=r"cross.* at 121\.\d+ 29"):
        grids.move(four, [(121.51, 29.21, 121.53, 29.215)])
    with pytest.raises(InputError, match="no vertex"):
        grids.move(four, [(121.505, 29.21, 121.53, 29.215)])
    line = shapely.LineString([(121.51, 29.21), (121.508, 29.207), (121.51, 29.2)])
    bent = grids.redraw(four, ("b", "a"), line)
    assert shapely.coverage_is_valid(bent.shapes)
    assert grids.exchanged(four, bent).select("from_grid", "to_grid").rows() == [("a", "b")]
    over = shapely.LineString([(121.51, 29.21), (121.53, 29.207), (121.51, 29.2)])
    with pytest.raises(InputError, match="cross"):
        grids.redraw(four, ("a", "b"), over)
    with pytest.raises(InputError, match="no border between a and d"):
        grids.redraw(four, ("a", "d"), line)
    with pytest.raises(InputError, match="d share no border"):
        grids.merge(four, ["d"], into="a")


def test_every_fault_is_told_with_its_place() -> None:
    bow = shapely.Polygon([(121.6, 29.2), (121.61, 29.21), (121.61, 29.2), (121.6, 29.21)])
    shapes = [
        shapely.box(121.5, 29.2, 121.51, 29.21),
        shapely.box(121.509, 29.2, 121.52, 29.21),
        shapely.box(121.5, 29.2, 121.51, 29.21),
        bow,
        None,
        shapely.box(121.7, 29.2, 121.70005, 29.21),
        shapely.box(121.5, 29.21, 121.505, 29.22),
    ]
    told = grids.problems(
        layer(shapes, ["a", "b", "c", "a", "e", None, "g"]),
        county=gpd.GeoDataFrame(geometry=[shapely.box(121.4, 29.1, 121.65, 29.3)], crs=4326),
    )
    by = {one.reason: one for one in told}
    assert set(by) == {
        "no_shape", "self_crossing", "duplicate", "id_twice", "no_id", "overlap", "sliver",
        "outside_county", "unmatched",
    }  # fmt: skip
    rows = {reason: one.row for reason, one in by.items()}
    assert (rows["no_shape"], rows["duplicate"], rows["id_twice"], rows["no_id"]) == (5, 3, 4, 6)
    crossing = by["self_crossing"]
    assert (crossing.lon, crossing.lat) == pytest.approx((121.605, 29.205))
    assert 121.509 < (by["overlap"].lon or 0) < 121.51
    assert "4.8 m wide" in by["sliver"].detail


def test_another_countys_file_is_told_with_the_distance() -> None:
    shore = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(121.5, 27.2), (121.6, 27.2)])], crs=4326
    )
    told = grids.problems(tessellation(5, 0), shore=shore)
    away = [one for one in told if one.reason == "elsewhere"]
    assert len(away) == 1
    assert 190 < float(away[0].detail.split(" is ")[1].split(" km")[0]) < 225


@given(st.integers(4, 25), st.integers(0, 999), st.floats(1e-7, 4e-4))
@settings(max_examples=30, deadline=None)
def test_all_repairs_together_make_a_coverage(n: int, seed: int, by: float) -> None:
    whole = tessellation(n, seed)
    rng = np.random.default_rng(seed)
    shapes = []
    for shape in whole.geometry:
        xy = shapely.get_coordinates(shape)
        xy[:-1] += rng.normal(0, by, (len(xy) - 1, 2)) * (rng.random() < 0.7)
        xy[-1] = xy[0]
        shapes.append(shapely.Polygon(xy))
    ids: list[str | None] = [f"g{k % max(n - 2, 1)}" for k in range(n)]
    ids[0] = None
    damaged = layer([*shapes, shapes[1]], [*ids, "twin"])
    offer = grids.repair(damaged)
    assert {"drop", "name"} <= {one.kind for one in offer.proposals}
    mended = offer.accept()
    left = [one for one in grids.problems(mended) if one.reason not in grids.NOTED]
    assert left == []
    done = grids.coverage(mended)
    assert len(done.ids) == n
    ground = shapely.union_all(shapely.make_valid(np.array(shapes)))
    assert done.km2.sum() >= shapely.area(ground) * 1e4 * np.cos(np.radians(29.4))


def test_repairs_are_taken_one_by_one() -> None:
    shapes = [
        shapely.box(121.5, 29.2, 121.51, 29.21),
        shapely.box(121.509, 29.2, 121.52, 29.21),
        shapely.Polygon(
            shapely.box(121.5, 29.21, 121.52, 29.22).exterior,
            [shapely.box(121.505, 29.213, 121.506, 29.214).exterior],
        ),
    ]
    damaged = layer(shapes)
    offer = grids.repair(damaged)
    kinds = {one.kind: one for one in offer.proposals}
    assert {"overlap", "hole"} <= set(kinds)
    assert kinds["overlap"].grids == ("g0", "g1")
    assert kinds["overlap"].km2 == pytest.approx(0.1078, rel=0.01)
    assert kinds["hole"].to == "g2"
    filled = offer.accept([kinds["hole"].number])
    assert [one.reason for one in grids.problems(filled)] == ["overlap"]
    assert offer.accept([]).geometry.geom_equals_exact(damaged.geometry, 0).all()
    with pytest.raises(InputError, match="no proposal 99"):
        offer.accept([99])


def test_snapping_closes_gaps_that_open_to_the_outside() -> None:
    apart = layer([
        shapely.box(121.5, 29.2, 121.51, 29.21), shapely.box(121.51003, 29.2, 121.52, 29.21)
    ])  # fmt: skip
    assert [one.reason for one in grids.problems(apart)] == ["hole"]
    made = grids.coverage(apart)
    assert grids.snap(made, tolerance_m=1.0).arcs.right.tolist() == [-1, -1]
    closed = grids.snap(made, tolerance_m=5.0)
    assert sorted(closed.arcs.right.tolist()) == [-1, -1, 1] or 0 in closed.arcs.right
    assert grids.problems(closed.layer()) == []


def test_places_find_their_grid(four: Coverage) -> None:
    lon, lat = np.array([121.505, 121.515, 121.53, 121.521]), np.array([29.205, 29.215, 29.3, 29.2])
    assert grids.locate(four, lon, lat) == ["a", "d", None, None]
    assert grids.locate(four, lon, lat, within_m=200.0) == ["a", "d", None, "b"]


def test_a_line_that_runs_on_over_other_grids_splits_one(four: Coverage) -> None:
    beyond = shapely.box(121.52, 29.2, 121.53, 29.21)
    five = Coverage((*four.ids, "e"), np.array([*four.shapes, beyond]))
    line = shapely.LineString([(121.49, 29.205), (121.54, 29.205)])
    done = grids.split(five, "a", line, new="f")
    assert done.ids == ("a", "b", "c", "d", "e", "f")
    assert shapely.coverage_is_valid(done.shapes)


def test_borders_apart_by_the_last_digit_are_one() -> None:
    west = shapely.box(121.4, 29.1, 121.45, 29.2)
    moved = shapely.box(np.nextafter(121.45, 122.0), 29.1, 121.5, 29.2)
    arcs = grids.coverage(layer([west, moved])).arcs
    assert (0, 1) in {
        tuple(sorted(p)) for p in zip(arcs.left.tolist(), arcs.right.tolist(), strict=True)
    }
