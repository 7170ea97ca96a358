"""River mouths closed at a stated width, so that a creek's two banks are no shore."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geo._problems import Shapes
from geo._repair import dissolved
from geo.crs import ELLIPSOID, LONLAT, Floats, metre_shapes, to_lonlat, working_crs
from geo.geohash import unique_geohash

# A quarter circle in so many chords: at most 0.1 % of the radius off.
_QUARTER = 16
# What the two buffers leave between a bank and itself.
_ON_BANK_M = 0.01
# A millimetre grid keeps the parts of one land together.
_GRID_M = 1e-3
_LEAST_M2 = 1.0
_THREAD_M = 0.1
# The disc fits into wide water; between its chords and the circle lies less than this.
_POOL_SHARE = 0.9


class _Piece(NamedTuple):
    """Narrow water with its mouths: the water up to them, and each mouth's straight line."""

    water: BaseGeometry
    mouths: list[LineString]
    deep: bool


def close_rivers(
    land: gpd.GeoDataFrame, *, width_m: float
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Close the channels into one land polygon where they first become narrower than a width.

    A channel is narrow where a disc of that width does not fit between its banks (a morphological
    closing of each polygon on its own: straits between two lands stay open). It is closed by a
    straight line between the places where a disc that comes in from the sea gets stuck. Narrow
    water behind becomes land, and so do islands in it; wide water behind becomes an inner
    shoreline. Notches no deeper than the width stay open, unless wide water lies behind them.

    Parameters
    ----------
    land : as ``geo.shoreline.land_of`` returns it.
    width_m : metres; zero or less closes nothing.

    Returns
    -------
    land
        As it came, with rivers closed.
    mouths
        ``mouth_id, width_m`` (geodesic), ``area_m2`` of the water behind, LineStrings in
        EPSG:4326 with the land to their left, the largest water first.
    """
    nothing = gpd.GeoDataFrame(
        {
            "mouth_id": pd.Series([], dtype="str"),
            "width_m": pd.Series([], dtype="float64"),
            "area_m2": pd.Series([], dtype="float64"),
        },
        geometry=[],
        crs=LONLAT,
    )
    if width_m <= 0 or land.empty:
        return land, nothing
    crs = working_crs(land.total_bounds)
    polygons = metre_shapes(crs, land.geometry.values)
    filled = np.asarray(shapely.polygons(shapely.get_exterior_ring(polygons)), dtype=object)
    # Round and back: what appears is where the disc did not fit.
    round_ = shapely.buffer(filled, width_m / 2.0, quad_segs=_QUARTER)
    narrow = shapely.difference(shapely.buffer(round_, -width_m / 2.0, quad_segs=_QUARTER), filled)
    out = np.asarray(land.geometry.values, dtype=object).copy()
    lines: list[LineString] = []
    areas: list[float] = []
    for k in np.flatnonzero(shapely.area(narrow) > _LEAST_M2).tolist():
        closed, mouths, behind = _closed(polygons[k], narrow[k], width_m)
        if mouths:
            there = shapely.transform(closed, lambda xy: np.column_stack(to_lonlat(crs, *xy.T)))
            # Digits lost on the way back may make a hair's breadth cross itself.
            out[k] = shapely.make_valid(there, method="structure", keep_collapsed=False)
            lines += mouths
            areas += behind
    if not lines:
        return land, nothing
    made = dissolved(out)
    made.attrs = dict(land.attrs)
    drawn = shapely.transform(lines, lambda xy: np.column_stack(to_lonlat(crs, *xy.T)))
    return made, _table(np.asarray(drawn, dtype=object), areas)


def _closed(
    polygon: Polygon, narrow: BaseGeometry, width_m: float
) -> tuple[BaseGeometry, list[LineString], list[float]]:
    """Return a polygon (metres) with its rivers closed, the mouths, and the water behind each."""
    filled = Polygon(polygon.exterior)
    shapely.prepare(filled.exterior)
    parts = shapely.get_parts(narrow)
    pieces = [
        _piece(one, filled.exterior, width_m) for one in parts[shapely.area(parts) > _LEAST_M2]
    ]
    taken = [one for one in pieces if one.deep] + _before_wide_water(
        filled, [one for one in pieces if not one.deep and len(one.mouths) > 1], width_m
    )
    if not taken:
        return polygon, [], []
    joined = shapely.union_all([filled, *(one.water for one in taken)], grid_size=_GRID_M)
    shell = max(shapely.get_parts(joined), key=lambda one: float(one.area))
    sea = shell.exterior
    joined = shapely.difference(Polygon(sea), shapely.union_all(_pools(shell, width_m)))
    mouths = [
        line
        for one in taken
        for line in one.mouths
        if sea.distance(line.interpolate(0.5, normalized=True)) < _ON_BANK_M * 10
    ]
    waters = shapely.get_parts(shapely.difference(Polygon(sea), filled, grid_size=_GRID_M))
    behind = [
        float(waters[np.argmin(shapely.distance(waters, line.centroid))].area) for line in mouths
    ]
    lakes = [Polygon(ring) for ring in polygon.interiors]
    return shapely.difference(joined, shapely.union_all(lakes)), mouths, behind


def _piece(water: Polygon, bank: BaseGeometry, width_m: float) -> _Piece:
    """Return narrow water with its mouths, which are where its edge leaves the bank."""
    xy = shapely.get_coordinates(shapely.orient_polygons(water).exterior)[:-1]
    off = shapely.distance(bank, shapely.points(xy)) > _ON_BANK_M
    if not off.any() or off.all():
        return _Piece(water, [], deep=False)
    # Start on the bank, so that no mouth goes round the end.
    first = int(np.flatnonzero(~off)[0])
    xy, off = np.roll(xy, -first, axis=0), np.roll(off, -first)
    xy, off = np.vstack([xy, xy[:1]]), np.r_[off, False]
    starts = np.flatnonzero(off[1:] & ~off[:-1])
    ends = np.flatnonzero(~off[1:] & off[:-1]) + 1
    arcs = [xy[a : b + 1] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    mouths = [LineString([arc[0], arc[-1]]) for arc in arcs]
    # Between the arc and its chord lies the disc that got stuck: water, and before the mouth.
    lens = [shapely.make_valid(Polygon(arc)) for arc in arcs if len(arc) > 2]
    whole = shapely.union_all([water, *lens], grid_size=_GRID_M)
    # Where the buffers fall short of a bank by some digits, a thread of water runs along it.
    core = shapely.get_coordinates(shapely.buffer(water, -_THREAD_M))
    way = shapely.distance(shapely.multilinestrings(mouths), shapely.points(core))
    return _Piece(whole, mouths, deep=bool(way.max(initial=0.0) > width_m))


def _before_wide_water(filled: Polygon, pieces: list[_Piece], width_m: float) -> list[_Piece]:
    """Return the pieces that, once closed, part wide water from the sea."""
    if not pieces:
        return []
    shut = shapely.union_all([filled, *(one.water for one in pieces)], grid_size=_GRID_M)
    pools = _pools(shut, width_m)
    return [one for one in pieces if len(pools) and shapely.dwithin(one.water, pools, 0.1).any()]


def _pools(land: BaseGeometry, width_m: float) -> Shapes:
    """Return the wide water within land: what is left between two fillings is none."""
    rings = [ring for part in shapely.get_parts(land) for ring in part.interiors]
    pools = np.array([Polygon(ring) for ring in rings], dtype=object)
    return pools[shapely.area(pools) >= _POOL_SHARE * np.pi / 4.0 * width_m**2]


def _table(lines: Shapes, areas: list[float]) -> gpd.GeoDataFrame:
    """Return the table of mouths."""
    ends = shapely.get_coordinates(lines).reshape(-1, 4)
    _, _, width = ELLIPSOID.inv(*ends.T)
    middle: Floats = (ends[:, :2] + ends[:, 2:]) / 2.0
    order = np.lexsort((middle[:, 1], middle[:, 0], -np.array(areas)))
    ids = unique_geohash("M", middle[order, 0], middle[order, 1])
    return gpd.GeoDataFrame(
        {
            "mouth_id": pd.Series(ids, dtype="str"),
            "width_m": np.asarray(width)[order],
            "area_m2": np.array(areas)[order],
        },
        geometry=list(lines[order]),
        crs=LONLAT,
    )
