"""Shorelines and segments: what is coast, how long, and where each place lies on it."""

from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.errors import InputError
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines

GEOD = Geod(ellps="WGS84")


def layer(*polygons: shapely.Polygon, crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(polygons), crs=crs)


def test_the_shipped_coast_agrees_with_the_line_layer_of_the_same_source(
    land: gpd.GeoDataFrame, shared: Path
) -> None:
    lines = read_layer(shared / "coast" / "coastline_osm.gpkg")
    shores = shorelines(land)
    assert len(shores) == len(lines) == 639
    published_km = lines["length_m"].sum() / 1000.0
    assert shores["length_m"].sum() / 1000.0 == pytest.approx(published_km, rel=1e-3)
    mainland = shores[shores["kind"] == "mainland"]
    assert mainland["length_m"].sum() == pytest.approx(907_022.6, rel=1e-3)
    assert (~shores["is_ring"]).sum() == 20


def test_lengths_are_geodesic(land: gpd.GeoDataFrame) -> None:
    shores = shorelines(land)
    measured = np.array([GEOD.geometry_length(line) for line in shores.geometry])
    assert np.abs(shores["length_m"] / measured - 1.0).max() < 1e-9


@pytest.mark.parametrize(
    ("name", "box", "problems"),
    [
        ("land_osm_kattegat", (9.0, 56.0, 13.5, 58.2), {"spike": 3}),
        ("land_osm_southeast_asia", None, {"overlap": 37}),
        ("land_gshhg", (121.3, 28.75, 122.5, 29.95), {}),
    ],
)
def test_no_shoreline_runs_along_the_box_that_a_real_layer_was_cut_with(
    shared: Path, name: str, box: tuple[float, ...] | None, problems: dict[str, int]
) -> None:
    mended, refused = repair_land(read_layer(shared / "coast" / f"{name}.gpkg"), name=name)
    shores = shorelines(mended)
    along = shapely.length(
        shapely.intersection(
            shores.geometry.values, shapely.box(*(box or mended.total_bounds)).exterior.buffer(1e-6)
        )
    )
    assert along.sum() < 1e-3
    assert Counter(one.reason for one in refused) == problems
    assert all(one.lon is not None and one.lat is not None for one in refused)


def test_an_island_alone_keeps_the_edges_that_happen_to_bound_the_layer() -> None:
    square = shapely.box(121.0, 29.0, 121.01, 29.01)
    shores = shorelines(repair_land(layer(square), name="x")[0])
    assert len(shores) == 1
    assert shores["is_ring"].all()
    assert shores["length_m"].sum() == pytest.approx(
        abs(GEOD.geometry_length(square.exterior)), rel=1e-9
    )


def test_a_given_clip_box_is_believed() -> None:
    square = shapely.box(121.0, 29.0, 121.01, 29.01)
    mended, _ = repair_land(layer(square), name="x")
    shores = shorelines(mended, clip_box=(121.0, 28.0, 122.0, 30.0))
    assert len(shores) == 1
    assert not shores["is_ring"].any()
    assert shapely.get_num_points(shores.geometry.values)[0] >= 4


def test_land_lies_to_the_left_and_the_facing_looks_to_sea(land: gpd.GeoDataFrame) -> None:
    cut = segments(shorelines(land))
    seen = cut["facing_deg"].notna().to_numpy()
    lon, lat = cut["lon"].to_numpy()[seen], cut["lat"].to_numpy()[seen]
    facing = cut["facing_deg"].to_numpy()[seen]
    away = np.full(len(lon), 5.0)
    out_lon, out_lat, _ = GEOD.fwd(lon, lat, facing, away)
    whole = shapely.union_all(land.geometry.values)
    shapely.prepare(whole)
    assert shapely.contains_xy(whole, out_lon, out_lat).mean() < 0.1


def test_self_crossing_rings_are_mended_and_named_with_their_place() -> None:
    bow = shapely.Polygon([(121.9, 29.2), (121.92, 29.22), (121.92, 29.2), (121.9, 29.22)])
    good = shapely.box(122.0, 29.0, 122.01, 29.01)
    mended, refused = repair_land(layer(good, bow), name="coast.gpkg")
    assert len(mended) == 3
    assert [(r.file, r.row, r.reason) for r in refused] == [("coast.gpkg", 2, "repaired_ring")]
    assert "121.91" in refused[0].detail
    assert "29.21" in refused[0].detail


def test_what_is_no_land_is_refused_row_by_row_and_the_rest_kept() -> None:
    line = shapely.LineString([(121.0, 29.0), (121.1, 29.0)])
    mended, refused = repair_land(
        gpd.GeoDataFrame(geometry=[line, shapely.box(121, 29, 121.1, 29.1), None], crs=4326),
        name="x",
    )
    assert len(mended) == 1
    assert [(r.row, r.reason) for r in refused] == [(1, "not_a_polygon"), (3, "not_a_polygon")]


@pytest.mark.parametrize(
    ("table", "word"),
    [
        (gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)]), "coordinate reference system"),
        (gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326), "no land polygon"),
        (gpd.GeoDataFrame(geometry=[shapely.box(500_000, 0, 501_000, 1000)], crs=4326), "beyond"),
    ],
)
def test_a_layer_that_cannot_be_a_coast_is_refused_whole(
    table: gpd.GeoDataFrame, word: str
) -> None:
    with pytest.raises(InputError, match=word):
        repair_land(table, name="x")


def test_land_that_touches_is_dissolved_so_that_borders_are_no_coast() -> None:
    mended, _ = repair_land(
        layer(shapely.box(121, 29, 121.1, 29.1), shapely.box(121.1, 29, 121.2, 29.1)), name="x"
    )
    assert len(shorelines(mended)) == 1


def test_segments_cover_each_shoreline_once(land: gpd.GeoDataFrame) -> None:
    shores = shorelines(land)
    cut = segments(shores)
    assert cut["segment_id"].is_unique
    by_line = cut.groupby("shoreline_id", sort=False)
    first, last = by_line["from_m"].min(), by_line["to_m"].max()
    assert (first == 0.0).all()
    assert np.allclose(last.to_numpy(), shores["length_m"].to_numpy(), rtol=0, atol=1e-6)
    joined = cut["from_m"].to_numpy()[1:] == cut["to_m"].to_numpy()[:-1]
    starts = cut["from_m"].to_numpy()[1:] == 0.0
    assert np.allclose(
        cut["from_m"].to_numpy()[1:][~starts], cut["to_m"].to_numpy()[:-1][~starts], atol=1e-6
    )
    assert (joined | starts).mean() > 0.5
    drawn = np.array([GEOD.geometry_length(line) for line in cut.geometry])
    assert np.abs(drawn - cut["length_m"]).max() < 0.05
    long = cut.groupby("shoreline_id")["length_m"].transform("size") > 3
    assert cut["length_m"][long].between(430.0, 570.0).all()


def test_ids_do_not_depend_on_what_else_is_imported(land: gpd.GeoDataFrame) -> None:
    every = segments(shorelines(land))
    island = land.iloc[[5]]
    alone = segments(shorelines(island.reset_index(drop=True), clip_box=land.total_bounds))
    assert set(alone["segment_id"]) <= set(every["segment_id"])


def test_a_ring_starts_at_the_same_place_whichever_vertex_it_was_drawn_from(
    land: gpd.GeoDataFrame,
) -> None:
    island = land.geometry.iloc[5]
    ring = np.asarray(island.exterior.coords)[:-1]
    turned = shapely.Polygon(np.roll(ring, 7, axis=0))
    ids = [
        segments(shorelines(repair_land(layer(shape), name="x")[0]))["segment_id"].tolist()
        for shape in (island, turned)
    ]
    assert ids[0] == ids[1]


def test_chainage_and_back_within_a_centimetre_on_every_shoreline(
    land: gpd.GeoDataFrame,
) -> None:
    shores = shorelines(land)
    index = ShoreIndex.build(shores, segments(shores))
    rng = np.random.default_rng(7)
    row = np.repeat(np.arange(len(shores)), 5)
    at = rng.uniform(0, 1, len(row)) * shores["length_m"].to_numpy()[row]
    lon, lat = index.locate(row, at)
    found = index.nearest(lon, lat, max_m=10.0)
    assert found.distance_m.max() < 0.01
    back_lon, back_lat = index.locate(found.shoreline.astype(np.int64), found.chainage_m)
    _, _, apart = GEOD.inv(lon, lat, back_lon, back_lat)
    assert np.max(apart) < 0.01


@given(st.integers(0, 2**31 - 1))
def test_nearest_is_what_shapely_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 14))
    radius = rng.uniform(0.005, 0.03, 14)
    star = shapely.Polygon(
        np.column_stack([121 + radius * np.cos(angle), 29 + radius * np.sin(angle)])
    )
    shores = shorelines(repair_land(layer(star), name="x")[0])
    cut = segments(shores)
    index = ShoreIndex.build(shores, cut)
    lon, lat = rng.uniform(120.95, 121.05, 60), rng.uniform(28.95, 29.05, 60)
    found = index.nearest(lon, lat, max_m=2500.0)
    metres = cut.to_crs(index.crs)
    points = gpd.GeoSeries(shapely.points(lon, lat), crs=4326).to_crs(index.crs)
    apart = shapely.distance(points.to_numpy()[:, None], metres.geometry.to_numpy()[None, :]).min(
        axis=1
    )
    near = apart <= 2499.0
    assert np.allclose(found.distance_m[near], apart[near], atol=0.5)
    assert (found.segment[apart > 2501.0] == -1).all()
    inside = (
        cut["from_m"].to_numpy()[found.segment[near]],
        cut["to_m"].to_numpy()[found.segment[near]],
    )
    assert (found.chainage_m[near] >= inside[0] - 1e-6).all()
    assert (found.chainage_m[near] <= inside[1] + 1e-6).all()


def _all_m(shores: gpd.GeoDataFrame) -> float:
    return float(shores["length_m"].sum())


def county(*polygons: shapely.Geometry, crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(polygons), crs=crs)


def test_only_shore_within_the_county_is_governed(land: gpd.GeoDataFrame) -> None:
    box = shapely.box(121.5, 29.0, 122.2, 29.6)
    shores = shorelines(land, county=county(box))
    every = shorelines(land)
    inside = shapely.intersection(every.geometry.values, box)
    assert _all_m(shores) == pytest.approx(
        sum(GEOD.geometry_length(one) for one in inside), rel=0.02
    )
    # A stray of less than 500 m beyond the line does not cut a shoreline.
    near = shapely.buffer(box, 0.01)
    assert shapely.covers(near, shores.geometry.values).all()
    assert shores["shoreline_id"].is_unique
    whole = every.geometry.values[shapely.covers(box, every.geometry.values)]
    assert len(shores) >= len(whole)
    open_ends = shores[~shores["is_ring"]]
    ends = shapely.get_coordinates(
        [shapely.get_point(open_ends.geometry.values, k) for k in (0, -1)]
    )
    assert (shapely.distance(box.exterior, shapely.points(ends)) < 1e-5).all()
    metres = shorelines(land, county=county(box).to_crs(4549))
    assert _all_m(metres) == pytest.approx(_all_m(shores), rel=1e-3)


def test_land_lies_to_the_left_of_what_the_county_leaves(land: gpd.GeoDataFrame) -> None:
    box = shapely.box(121.5, 29.0, 122.2, 29.6)
    line = shorelines(land, county=county(box)).geometry.iloc[0]
    xy = np.asarray(line.coords)
    step = np.diff(xy, axis=0)
    side = np.column_stack([-step[:, 1], step[:, 0]])
    side *= 1e-6 / np.hypot(*side.T)[:, None]
    points = (xy[1:] + xy[:-1]) / 2.0 + side
    whole = shapely.union_all(land.geometry.values)
    assert shapely.contains_xy(whole, points[:, 0], points[:, 1]).mean() > 0.99


def test_land_that_was_cut_with_the_county_has_no_coast_along_its_line(
    land: gpd.GeoDataFrame,
) -> None:
    area = shapely.Polygon([(121.45, 28.95), (122.1, 28.9), (122.3, 29.3), (122.0, 29.7),
                            (121.5, 29.55)])  # fmt: skip
    cut = gpd.GeoDataFrame(
        geometry=list(shapely.intersection(land.geometry.values, area)), crs=4326
    )
    cut = repair_land(cut[~cut.is_empty], name="x")[0]
    given = shorelines(cut, county=county(area))
    governed_ = shorelines(land, county=county(area))
    along = shapely.length(shapely.intersection(given.geometry.values, area.exterior.buffer(1e-6)))
    assert along.sum() < 1e-3
    # The same shore, but for strays beyond the line that were cut off.
    assert _all_m(given) == pytest.approx(_all_m(governed_), rel=0.02)


def test_a_county_without_shore_or_polygon_is_an_input_error(land: gpd.GeoDataFrame) -> None:
    for wrong, told in (
        (county(shapely.box(100, 30, 101, 31)), "no shore is left within the county"),
        (county(shapely.Point(121.9, 29.2)), "no polygon"),
        (county(shapely.box(121.5, 29, 122, 29.5), crs=None), "no coordinate reference system"),
        # A county drawn as its land alone: its line is the coast itself.
        (county(*land.geometry), "does not run along the shore"),
    ):
        with pytest.raises(InputError, match=told):
            shorelines(land, county=wrong)


@pytest.mark.parametrize("turn_deg", [-20.0, 12.0, 30.0])
def test_the_side_of_a_slanted_clip_is_no_coast(land: gpd.GeoDataFrame, turn_deg: float) -> None:
    frame = shapely.affinity.rotate(shapely.box(121.5, 28.95, 122.2, 29.75), turn_deg)
    cut = gpd.GeoDataFrame(
        geometry=list(shapely.intersection(land.geometry.values, frame)), crs=4326
    )
    cut = repair_land(cut[~cut.is_empty], name="x")[0]
    shores = shorelines(cut)
    along = shapely.intersection(shores.geometry.values, frame.exterior.buffer(1e-7))
    # What is left are islands' edges on sides that no long edge betrays.
    assert shapely.length(along).sum() < 0.02 * frame.length
    rings = shapely.length(shapely.intersection(cut.boundary.values, frame.exterior.buffer(1e-7)))
    assert rings.sum() > 0.2 * frame.length


def test_a_long_sea_wall_at_the_edge_of_the_layer_stays_coast(land: gpd.GeoDataFrame) -> None:
    island = land.geometry.iloc[3]
    west, south, east, north = island.bounds
    corner = shapely.Polygon([(west, south), (east, south), (east, north)])
    # Cut aslant, as a polder's wall is, but in a layer many times as wide.
    walled = repair_land(
        layer(shapely.intersection(island, corner), *land.geometry.iloc[40:]), name="x"
    )
    shores = shorelines(walled[0], clip_box=None)
    assert shores["is_ring"].mean() > 0.9
