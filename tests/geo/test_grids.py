"""Grids: shared borders, edits that neighbours follow, faults told by place, and repairs."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import grids
from geo.crs import ELLIPSOID, metre_shapes, working_crs
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


def test_another_countys_grids_are_told_with_the_distance() -> None:
    shore = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(121.5, 27.2), (121.6, 27.2)])], crs=4326
    )
    told = grids.problems(tessellation(5, 0), shore=shore)
    away = [one for one in told if one.reason == "elsewhere"]
    assert [one.row for one in away] == [1, 2, 3, 4, 5]
    assert 190 < float(away[0].detail.split(" lies ")[1].split(" km")[0]) < 225
    # What hangs together with the shore is this county's, however far inland it reaches.
    strip = [shapely.box(121.5, 27.2 + k / 4, 121.6, 27.2 + (k + 1) / 4) for k in range(5)]
    other = shapely.box(118.5, 27.2, 118.6, 27.3)
    told = grids.problems(layer([*strip, other]), shore=shore)
    assert [(one.row, one.reason) for one in told] == [(6, "elsewhere")]
    assert told[0].lon == pytest.approx(118.55)


def test_what_is_no_area_on_the_map_is_told_why() -> None:
    square = shapely.box(121.5, 29.2, 121.51, 29.21)
    xy = shapely.get_coordinates(square)
    bad = [
        shapely.Polygon(np.where(np.arange(5)[:, None] == 2, np.nan, xy)),
        shapely.Polygon(np.where(np.arange(5)[:, None] == 2, np.inf, xy)),
        shapely.Polygon(xy[:, ::-1]),
        shapely.transform(square, lambda one: one * 1e4),
        shapely.LineString(xy),
        shapely.Point(121.5, 29.2),
        None,
        shapely.Polygon(),
    ]
    told = grids.problems(layer([square, *bad]))
    assert [one.row for one in told] == list(range(2, 10))
    words = ["vertex 3", "vertex 3", "swapped", "off the map", "LineString", "Point", "no shape"]
    for one, word in zip(told, [*words, "no shape"], strict=True):
        assert word in one.detail
        assert one.mend
    assert (told[0].lon, told[2].lon, told[4].lon) == pytest.approx((121.51, 121.51, 121.51))
    with pytest.raises(InputError, match=r"feature 1 .*; feature 3 lies off .* swapped; .*… 3"):
        grids.coverage(layer(bad))


def test_the_place_of_what_does_not_match_is_the_vertex_that_one_lacks() -> None:
    long = shapely.box(121.5, 29.2, 121.51, 29.21)
    short = [
        shapely.box(121.51, 29.2, 121.52, 29.207), shapely.box(121.51, 29.207, 121.52, 29.21)
    ]  # fmt: skip
    told = grids.problems(layer([long, *short]))
    assert {one.reason for one in told} == {"unmatched"}
    assert [(one.lon, one.lat) for one in told] == [pytest.approx((121.51, 29.207))] * len(told)


def damaged(seed: int) -> gpd.GeoDataFrame:
    """Cells in a box, vertices off by 0.5 to 30 m, some in the wrong order."""
    rng = np.random.default_rng(seed)
    frame = shapely.box(121.5, 29.2, 121.7, 29.35)
    at = shapely.multipoints(rng.uniform([121.5, 29.2], [121.7, 29.35], (rng.integers(4, 40), 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(at, extend_to=frame))
    by = 10 ** rng.uniform(np.log10(0.5), np.log10(30.0)) / 111_195
    shapes = []
    for cell in shapely.intersection(cells, frame):
        dense = shapely.segmentize(cell, 0.01) if rng.random() < 0.3 else cell
        xy = shapely.get_coordinates(dense)
        moved = rng.random(len(xy) - 1) < 0.6
        xy[:-1] += rng.normal(0, by, (len(xy) - 1, 2)) * moved[:, None]
        if rng.random() < 0.1 and len(xy) > 5:
            k = int(rng.integers(1, len(xy) - 2))
            xy[[k, k + 1]] = xy[[k + 1, k]]
        xy[-1] = xy[0]
        shapes.append(shapely.Polygon(xy))
    return layer(shapes)


def test_nothing_is_left_after_all_repairs(full: bool) -> None:
    # Of these some need a second round: what one repair fills closes off another.
    seeds = range(1000) if full else [0, 19, 49, 63, 80, 106, *range(200, 230)]
    for seed in seeds:
        drawn = damaged(seed)
        whole, taken, left = grids.mended(drawn)
        assert left == []
        assert [one for one in grids.problems(whole) if one.reason not in grids.NOTED] == []
        assert len({one.kind for one in taken}) >= 1
        ground = shapely.union_all(
            shapely.make_valid(drawn.geometry.to_numpy(), method="structure")
        )
        assert shapely.union_all(whole.geometry.to_numpy()).area >= ground.area * (1 - 1e-6)


def test_cells_cut_at_a_real_coast_fit_and_stay_so_through_every_edit(shared: Path) -> None:
    land = gpd.read_file(shared / "coast" / "land_osm.gpkg").geometry
    frame = shapely.box(121.6, 29.1, 121.9, 29.4)
    ground = shapely.intersection(shapely.union_all(land.to_numpy()), frame)
    inside = shapely.points(
        np.random.default_rng(4).uniform([121.6, 29.1], [121.9, 29.4], (400, 2))
    )
    inside = inside[shapely.intersects(ground, inside)][:60]
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(inside), extend_to=frame)
    )
    drawn = layer(list(shapely.intersection(cells, ground)))
    wrong = [one for one in grids.problems(drawn) if one.reason not in grids.NOTED]
    assert wrong == []
    whole = grids.coverage(drawn)
    km2 = whole.km2.sum()
    arcs = whole.arcs
    shared_arcs = np.flatnonzero((arcs.right >= 0) & (shapely.get_num_points(arcs.lines) == 2))
    longest = shared_arcs[np.argmax(shapely.length(arcs.lines[shared_arcs]))]
    one, two = whole.ids[arcs.left[longest]], whole.ids[arcs.right[longest]]
    ends = shapely.get_coordinates(arcs.lines[longest])
    bend = ends.mean(axis=0) + 0.05 * (ends[1] - ends[0])[::-1] * [1.0, -1.0]
    course = shapely.LineString([ends[0], bend, ends[1]])
    bent = grids.redraw(whole, (one, two), course)
    west, south, east, north = bent.shapes[bent.row(one)].bounds
    middle = shapely.point_on_surface(bent.shapes[bent.row(one)]).y
    across = shapely.LineString([(west - 0.01, middle), (east + 0.01, middle)])
    cut = grids.split(bent, one, across, new="new")
    back = grids.merge(cut, ["new"], into=one)
    for after in (bent, cut, back):
        flat = metre_shapes(working_crs([west, south, east, north]), after.shapes)
        assert shapely.coverage_is_valid(flat, gap_width=0.0)
        assert after.km2.sum() == pytest.approx(km2, rel=1e-9)
    assert grids.exchanged(bent, back).height == 0


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
