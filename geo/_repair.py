"""Land polygons mended: every problem named with its place, and nothing lost without a word."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from geo._problems import (
    Shapes,
    at,
    first_of_each,
    overlaps,
    place_of,
    rings_of,
    self_crossings,
    sliver_list,
    without_gaps,
    without_repeats,
    without_spikes,
)
from geo.crs import LONLAT, Bools, Floats
from geo.errors import InputError, Refusal

_NEAR_DEG = 1.0
_AREAS = (3, 6)
_COLLECTION = 7
# More vertices than this share that are no place are no slip.
_ODD_SHARE = 0.05


def repair_land(land: gpd.GeoDataFrame, *, name: str) -> tuple[gpd.GeoDataFrame, list[Refusal]]:
    """Return valid land polygons, dissolved where they touch, and every problem with its place.

    Listed are features that are no polygon, have no finite or no possible coordinates, or stand
    twice; each place where a ring crosses itself or turns back in a spike; each overlap of two
    features; slivers and gaps less than a metre wide. All but the first two kinds, and slivers, are
    mended.

    Parameters
    ----------
    land : polygons in any CRS; lines and points are refused row by row.
    name : the layer's name for messages.

    Returns
    -------
    land
        ``land_row`` and polygons in EPSG:4326, largest first, exterior rings counter-clockwise.
    refusals
        Rows count from 1. What is found in the dissolved land has no row.

    Raises
    ------
    InputError
        When the layer has no CRS, lies outside lon/lat bounds, or keeps no polygon at all.
    """
    if land.crs is None:
        raise InputError(
            "the layer has no coordinate reference system",
            where=name,
            mend="Save it with its CRS (EPSG:4326, or CGCS2000 EPSG:4490), or add the .prj file.",
        )
    features = np.asarray(land.to_crs(LONLAT).geometry.force_2d().values, dtype=object)
    rows, shapes, refused = _polygons(features, name)
    shapes, rows, more = _mended(shapes, rows, name)
    refused += more
    parts = shapely.get_parts(shapely.disjoint_subset_union_all(shapes))
    parts = parts[shapely.get_type_id(parts) == 3]
    if len(parts):
        in_bounds(shapely.total_bounds(parts), name)
        parts, gaps = without_gaps(parts, name=name)
        refused += [*sliver_list(parts, name=name), *gaps]
    if len(parts) == 0:
        kinds = sorted({_kind(one) for one in features})
        lost = any(one.reason == "bad_coordinates" for one in refused)
        raise InputError(
            f"no land polygon is left; the features are {', '.join(kinds)}",
            where=name,
            mend="The layer's CRS is probably wrong; set the one that it is in."
            if lost
            else "Give a layer of land polygons that covers the coast.",
        )
    return _ordered(parts), refused


def dissolved(shapes: Shapes) -> gpd.GeoDataFrame:
    """Return valid lon/lat polygons as land: one where they touch, the largest first."""
    parts = shapely.get_parts(shapely.disjoint_subset_union_all(shapes))
    return _ordered(parts[shapely.get_type_id(parts) == 3])


def _ordered(parts: Shapes) -> gpd.GeoDataFrame:
    """Return polygons as a table of land, with exterior rings counter-clockwise."""
    parts = shapely.orient_polygons(parts)
    order = np.lexsort((shapely.get_y(shapely.centroid(parts)), -shapely.area(parts)))
    return gpd.GeoDataFrame(
        {"land_row": np.arange(len(parts))}, geometry=list(parts[order]), crs=LONLAT
    )


def _polygons(features: Shapes, name: str) -> tuple[npt.NDArray[np.int64], Shapes, list[Refusal]]:
    """Return the rows that can be land, their polygons, and the refusals of the others."""
    refused = []

    def refuse(row: int, reason: str, detail: str, mend: str) -> None:
        x, y = place_of(features[row])
        refused.append(Refusal(name, row + 1, reason, detail + at(x, y), mend, x, y))

    shapes = features.copy()
    for row in np.flatnonzero(shapely.get_type_id(shapes) == _COLLECTION).tolist():
        parts = shapely.get_parts(shapely.get_parts(shapes[row]))
        areas = parts[np.isin(shapely.get_type_id(parts), _AREAS)]
        if 0 < len(areas) < len(parts):
            refuse(row, "not_a_polygon", f"{len(parts) - len(areas)} of its parts are no polygons",
                   "They were left out; give land as polygons.")  # fmt: skip
        if len(areas):
            shapes[row] = shapely.MultiPolygon(list(areas))
    polygonal = np.isin(shapely.get_type_id(shapes), _AREAS) & ~shapely.is_empty(shapes)
    for row in np.flatnonzero(~polygonal).tolist():
        refuse(row, "not_a_polygon", f"the feature is {_kind(features[row])}",
               "Give land as polygons; a line layer must be closed to polygons first.")  # fmt: skip
    for row in np.flatnonzero(polygonal).tolist():
        mended, where = _without_bad_vertices(shapes[row])
        if where is not None:
            shapes[row] = mended
            x, y = where
            told = f"a vertex is no place on earth{at(x, y)}"
            mend = "It was left out; check the coast beside that place."
            refused.append(Refusal(name, row + 1, "bad_vertex", told, mend, x, y))
    endless, gross = _off_the_map(shapes, polygonal, name)
    for row in np.flatnonzero(endless).tolist():
        refuse(row, "bad_coordinates", "a coordinate is not a finite number",
               "Draw the feature anew, or see that its CRS is right.")  # fmt: skip
    for row in np.flatnonzero(gross).tolist():
        west, south = shapely.bounds(shapes[row])[:2]
        refuse(row, "bad_coordinates", f"its coordinates begin at {west:.3f} {south:.3f}, "
               "beyond lon/lat", "Draw the feature anew, in the layer's CRS.")  # fmt: skip
    rows = np.flatnonzero(polygonal & ~endless & ~gross)
    return rows, shapes[rows], refused


def _without_bad_vertices(
    shape: BaseGeometry,
) -> tuple[BaseGeometry, tuple[float, float] | None]:
    """Return a polygon less the odd vertex that is no place, and a good one beside such a vertex.

    One among many is a slip of the file; where more are wrong the shape is left as it is.
    """
    xy = shapely.get_coordinates(shape)
    good = np.isfinite(xy).all(axis=1) & (np.abs(xy) <= [360.0, 180.0]).all(axis=1)
    if good.all() or not good.any() or (~good).mean() > _ODD_SHARE:
        return shape, None
    rings, owner = shapely.get_rings(shapely.get_parts(shape), return_index=True)
    kept: dict[int, list[Floats]] = {}
    for ring, part in zip(rings, owner.tolist(), strict=True):
        corners = shapely.get_coordinates(ring)[:-1]
        fine = np.isfinite(corners).all(axis=1) & (np.abs(corners) <= [360.0, 180.0]).all(axis=1)
        if fine.sum() >= 3:
            kept.setdefault(part, []).append(corners[fine])
    whole = [shapely.Polygon(own[0], own[1:]) for own in kept.values()]
    beside = int(np.flatnonzero(good)[np.abs(np.flatnonzero(good) - int(np.argmin(good))).argmin()])
    return shapely.MultiPolygon(whole), (float(xy[beside, 0]), float(xy[beside, 1]))


def _off_the_map(shapes: Shapes, polygonal: Bools, name: str) -> tuple[Bools, Bools]:
    """Return which polygons have endless coordinates, and which alone lie far beyond lon/lat.

    One feature in metres among others in degrees is a slip; where all are, or where one goes
    round the world the wrong way, InputError is raised.
    """
    endless = polygonal & ~_finite(shapes)
    here = polygonal & ~endless
    gross = here & (np.abs(shapely.bounds(shapes)) > [360, 180, 360, 180]).any(axis=1)
    if gross.any() and not (here & ~gross).any():
        in_bounds(shapely.total_bounds(shapes[here]), name)
    for row in np.flatnonzero(_wraps(shapes, here & ~gross)).tolist():
        raise InputError(
            "the polygon has an edge across more than 180 degrees of longitude",
            where=f"{name}, feature {row + 1}",
            mend="Where it crosses the antimeridian, cut it at 180 degrees and give one side.",
        )
    return endless, gross


def _finite(shapes: Shapes) -> Bools:
    """Return which shapes have finite coordinates alone."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    bad = np.unique(owner[~np.isfinite(xy).all(axis=1)])
    out = np.ones(len(shapes), dtype=bool)
    out[bad] = False
    return out


def _mended(
    shapes: Shapes, rows: npt.NDArray[np.int64], name: str
) -> tuple[Shapes, npt.NDArray[np.int64], list[Refusal]]:
    """Return valid polygons, each once, with their rows, and what was wrong with them."""
    refused = []
    first = first_of_each(shapes)
    for k in np.flatnonzero(first != np.arange(len(shapes))).tolist():
        x, y = place_of(shapes[k])
        told = f"it is the same as feature {rows[first[k]] + 1}{at(x, y)}"
        refused.append(Refusal(name, int(rows[k]) + 1, "duplicate", told, "It was left out.", x, y))
    single = np.unique(first)
    shapes, rows = shapes[single], rows[single]
    shapes, spikes = without_spikes(without_repeats(shapes))
    for k, x, y in spikes:
        told = f"the ring turns back on itself in a spike{at(x, y)}"
        mend = "The spike was cut off; check the coast at that place."
        refused.append(Refusal(name, int(rows[k]) + 1, "spike", told, mend, x, y))
    invalid = ~shapely.is_valid(shapes)
    for k in np.flatnonzero(invalid).tolist():
        for x, y, what in self_crossings(shapes[k]):
            told = f"the ring {what}{at(x, y)}"
            mend = "It was repaired (both lobes kept); check the coast at that place."
            refused.append(Refusal(name, int(rows[k]) + 1, "repaired_ring", told, mend, x, y))
    shapes[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    shared, untried = overlaps(shapes)
    for one, two, square_m, shape in shared:
        x, y = place_of(shape)
        told = f"it overlaps feature {rows[one] + 1} by {square_m:,.0f} m2{at(x, y)}"
        mend = "Both were kept as one; check which of them is right."
        refused.append(Refusal(name, int(rows[two]) + 1, "overlap", told, mend, x, y))
    if untried:
        told = f"{untried:,} more pairs of features touch and were not looked at"
        mend = "They were dissolved; mend the overlaps listed, and import again."
        refused.append(Refusal(name, None, "overlap", told, mend))
    return shapes, rows, refused


def _kind(geometry: BaseGeometry | None) -> str:
    """Return what a feature is, in a word or two."""
    if geometry is None:
        return "nothing"
    kind = str(geometry.geom_type)
    return f"an empty {kind}" if geometry.is_empty else kind


def _wraps(geometry: Shapes, polygonal: Bools) -> Bools:
    """Mark the polygons with an edge that goes round the world the wrong way."""
    rows = np.flatnonzero(polygonal)
    rings, owner = rings_of(geometry[rows])
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    # Along a pole an edge may be any length: layers of the whole world are closed there.
    long = (np.abs(np.diff(xy[:, 0])) > 180) & (np.abs(xy[1:, 1]) < 90) & (ring[1:] == ring[:-1])
    long &= (np.abs(xy[1:]) <= 360).all(axis=1) & (np.abs(xy[:-1]) <= 360).all(axis=1)
    out = np.zeros(len(geometry), dtype=bool)
    out[rows[owner[ring[1:][long]]]] = True
    return out


def in_bounds(bounds: Floats, name: str) -> None:
    """Raise InputError where land is not on the earth, or is not one coast."""
    west, south, east, north = bounds
    told = f"the coordinates run from {west:.3f} {south:.3f} to {east:.3f} {north:.3f}, "
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        if east - west <= 180:
            return
        what = f"{told}more than 180 degrees of longitude"
        mend = "Give one coast; where it lies on both sides of the antimeridian, one side of it."
    elif west >= -90 and east <= 90 and south >= -180 and north <= 180:
        what = f"{told}beyond lon/lat"
        mend = "Longitude and latitude are probably swapped; longitude comes first."
    elif west >= -360 and east <= 360 and south >= -90 and north <= 90:
        what = f"{told}beyond lon/lat"
        mend = "Cut the land at the antimeridian, give one side, and keep within -180 to 180."
    else:
        what = f"{told}beyond lon/lat"
        mend = "The layer's CRS is probably wrong; set the projected CRS that it is in."
    raise InputError(what, where=name, mend=mend)


def swapped(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    bounds: Sequence[float],
    *,
    near_deg: float = _NEAR_DEG,
) -> Bools:
    """Return which places lie in or near a box only when longitude and latitude change places.

    Parameters
    ----------
    lon, lat : degrees as given, arrays or single numbers.
    bounds : (min_lon, min_lat, max_lon, max_lat), the box where places are expected.
    near_deg : how far (degrees) outside the box still counts as near.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south, east, north = bounds

    def near(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> Bools:
        inside = (a >= west - near_deg) & (a <= east + near_deg)
        return np.asarray(inside & (b >= south - near_deg) & (b <= north + near_deg), dtype=bool)

    return np.asarray(near(y, x) & ~near(x, y), dtype=bool)
