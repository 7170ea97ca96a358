"""The shipped coast: cut, exposed, found again; each beside plain Shapely on the same places."""

import time
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geo._edges import cast_rays
from geo._rays import off_shore, shore_grid
from geo.crs import metre_shapes, to_metres, working_crs
from geo.exposure import exposure
from geo.io import read_layer
from geo.land import LandMask, land_edges
from geo.lineage import carry
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from tests.bench.row import Row, seconds
from workspace._example_earlier import earlier_survey

DATA = Path(__file__).resolve().parents[2] / "data"
_POSITIONS = 1_000_000
_SOME = 20_000
_REACH_M = 5_000.0


def rows() -> Iterator[Row]:
    """Measure segmenting and exposure, rays, nearest shore and land mask."""
    begun = time.perf_counter()
    _coast()
    first = time.perf_counter() - begun
    once, (land, shores, cut) = seconds(_coast, turns=2)
    yield Row("coast", once, "s", budget=20.0)
    # In a new environment the kernels are compiled on the way.
    yield Row("coast_first_run", first, "s")
    yield _lineage(shores, cut, land)
    yield _rays(cut, land)
    rng = np.random.default_rng(1)
    west, south, east, north = land.total_bounds
    lon, lat = rng.uniform(west, east, _POSITIONS), rng.uniform(south, north, _POSITIONS)
    yield _nearest(shores, cut, lon, lat)
    yield _on_land(land, lon, lat)


def _coast() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Read the shipped coast, trace it, cut it to segments and look out to sea from each."""
    land, _ = repair_land(read_layer(DATA / "land_osm.gpkg"), name="land_osm.gpkg")
    shores = shorelines(land)
    return land, shores, exposure(segments(shores), land)


def _lineage(shores: gpd.GeoDataFrame, cut: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> Row:
    """Carry the ids over to the coast as the example's earlier survey draws it."""
    newer = shorelines(repair_land(earlier_survey(land, seed=1), name="made")[0])
    took, _ = seconds(
        lambda: carry(shores, cut, newer, length_m=500.0, tolerance_m=50.0, reach_m=500.0), turns=2
    )
    return Row("lineage", took, "s")


def _rays(cut: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> Row:
    """Cast rays in 16 directions from a tenth of the segments, here and with an STRtree."""
    crs = working_crs(land.total_bounds)
    lines = metre_shapes(crs, cut.geometry.values)
    some = lines[::10]
    bearing = np.radians(np.arange(16) * 22.5)

    def fan(which: np.ndarray) -> tuple[np.ndarray, ...]:
        x, y = off_shore(which, 0.5)
        return (
            np.repeat(x, 16),
            np.repeat(y, 16),
            np.tile(np.sin(bearing), len(x)),
            np.tile(np.cos(bearing), len(x)),
        )

    ax, ay, bx, by = land_edges(land, crs)
    edges = shapely.linestrings(np.stack([np.column_stack([ax, ay]), np.column_stack([bx, by])], 1))

    def ours() -> np.ndarray:
        return cast_rays(shore_grid(cut, land, crs, cell_m=1_000.0), *fan(lines), _REACH_M)

    def theirs() -> np.ndarray:
        x, y, ux, uy = fan(some)
        start = np.column_stack([x, y])
        end = start + np.column_stack([ux, uy]) * _REACH_M
        rays = shapely.linestrings(np.stack([start, end], axis=1))
        ray, edge = shapely.STRtree(edges).query(rays, predicate="intersects")
        hits = shapely.intersection(rays[ray], edges[edge])
        reach = np.full(len(rays), _REACH_M)
        np.minimum.at(reach, ray, shapely.distance(shapely.points(start[ray]), hits))
        return reach

    time_s, found = seconds(ours)
    peer_s, known = seconds(theirs, turns=1)
    same = np.abs(found.reshape(-1, 16)[::10].ravel() - known) < 0.1
    assert same.mean() > 0.999, f"{(~same).sum()} rays differ"
    return Row(
        "exposure_rays", len(found) / time_s, "rays/s", "shapely STRtree", len(known) / peer_s
    )


def _nearest(
    shores: gpd.GeoDataFrame, cut: gpd.GeoDataFrame, lon: np.ndarray, lat: np.ndarray
) -> Row:
    index = ShoreIndex.build(shores, cut)
    time_s, found = seconds(lambda: index.nearest(lon, lat, max_m=_REACH_M), turns=2)
    lines = metre_shapes(index.crs, cut.geometry.values)

    def theirs() -> np.ndarray:
        points = shapely.points(*to_metres(index.crs, lon[:_SOME], lat[:_SOME]))
        (place, _), apart = shapely.STRtree(lines).query_nearest(
            points, max_distance=_REACH_M, return_distance=True, all_matches=False
        )
        distance = np.full(_SOME, np.inf)
        distance[place] = apart
        return distance

    peer_s, known = seconds(theirs, turns=1)
    ours = found.distance_m[:_SOME]
    near = np.isfinite(known) & np.isfinite(ours)
    assert near.mean() > 0.3
    assert np.abs(ours[near] - known[near]).max() < 1.0
    return Row("nearest_shore", len(lon) / time_s, "positions/s", "shapely STRtree", _SOME / peer_s)


def _on_land(land: gpd.GeoDataFrame, lon: np.ndarray, lat: np.ndarray) -> Row:
    mask = LandMask.build(land)
    time_s, found = seconds(lambda: mask.contains(lon, lat), turns=2)
    polygons = shapely.union_all(land.geometry.values)
    shapely.prepare(polygons)
    peer_s, known = seconds(
        lambda: shapely.contains_xy(polygons, lon[:_SOME], lat[:_SOME]), turns=1
    )
    assert (found[:_SOME] == known).mean() > 0.9999
    return Row("on_land", len(lon) / time_s, "positions/s", "shapely prepared", _SOME / peer_s)
