"""The county's line: which shore lies within it, and which land edges it drew itself."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from geo._problems import DEGREE_M, Shapes
from geo.crs import LONLAT, Bools, Floats, Ints
from geo.errors import InputError

# A tenth of a metre: what cutting in another program, or with fewer digits, leaves between lines.
_ON_LINE_DEG = 1e-6
# County lines are drawn on other coasts than ours: a shore that strays no further is still inside.
STRAY_M = 500.0


def county_area(county: gpd.GeoDataFrame) -> BaseGeometry:
    """Return a county's polygons as one valid shape in lon/lat.

    Raises
    ------
    InputError
        When there is no CRS or no polygon.
    """
    if county.crs is None:
        raise InputError(
            "the county's layer has no coordinate reference system",
            where="the county",
            mend="Save it with its CRS.",
        )
    shapes = np.asarray(county.to_crs(LONLAT).geometry.force_2d().values, dtype=object)
    shapes = shapes[np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)]
    shapes = shapes[np.isfinite(shapely.bounds(shapes)).all(axis=1)]
    if not len(shapes):
        raise InputError(
            "the county's layer has no polygon",
            where="the county",
            mend="Give the county's boundary as a polygon.",
        )
    return shapely.union_all(shapely.make_valid(shapes, method="structure", keep_collapsed=False))


def along(xy: Floats, ring: Ints, county: BaseGeometry) -> Bools:
    """Mark the land edges along the county's line, where the land does not leave the county.

    Land that goes on beyond the county was not cut with it: what runs along its line is shore.
    """
    inside = shapely.buffer(county, _ON_LINE_DEG)
    shapely.prepare(inside)
    if not shapely.contains_xy(inside, xy[:, 0], xy[:, 1]).all():
        return np.zeros(len(ring) - 1, dtype=bool)
    return edges_along(xy, ring, county.boundary)


def edges_along(xy: Floats, ring: Ints, line: BaseGeometry) -> Bools:
    """Mark the edges (vertex i to i + 1 of a ring) that run along a line, to a tenth of a metre."""
    tree = shapely.STRtree(_edges_of(line))

    def on(points: Floats) -> Bools:
        hit = np.zeros(len(points), dtype=bool)
        hit[tree.query(shapely.points(points), predicate="dwithin", distance=_ON_LINE_DEG)[0]] = (
            True
        )
        return hit

    near = on(xy)
    maybe = np.flatnonzero(near[1:] & near[:-1] & (ring[1:] == ring[:-1]))
    cut = np.zeros(len(ring) - 1, dtype=bool)
    # Both ends near a bent line do not make an edge run along it.
    cut[maybe] = on((xy[maybe] + xy[maybe + 1]) / 2.0)
    return cut


def _edges_of(line: BaseGeometry) -> Shapes:
    """Return the straight edges of lines."""
    xy, part = shapely.get_coordinates(shapely.get_parts(line), return_index=True)
    one = np.flatnonzero(part[1:] == part[:-1])
    return np.asarray(shapely.linestrings(np.stack([xy[one], xy[one + 1]], axis=1)), dtype=object)


def governed(lines: Shapes, is_ring: Bools, county: BaseGeometry) -> tuple[Shapes, Ints, Bools]:
    """Return the pieces of lines within the county: (pieces, line of each, whether still a ring).

    A line that leaves the county and comes back is not cut where it stays within ``STRAY_M``.
    """
    area = shapely.buffer(county, _ON_LINE_DEG)
    shapely.prepare(area)
    whole = shapely.covers(area, lines)
    crossing = shapely.intersects(area, lines) & ~whole
    pieces: list[BaseGeometry] = list(lines[whole])
    owner = np.flatnonzero(whole).tolist()
    closed = is_ring[whole].tolist()
    for k in np.flatnonzero(crossing).tolist():
        found, ring = _within(lines[k], area, ring=bool(is_ring[k]))
        pieces += found
        owner += [k] * len(found)
        closed += [ring] * len(found)
    order = np.argsort(np.array(owner, dtype=np.int64), kind="stable")
    out: NDArray[np.object_] = np.empty(len(pieces), dtype=object)
    out[:] = pieces
    return (
        out[order],
        np.array(owner, dtype=np.int64)[order],
        np.array(closed, dtype=bool)[order],
    )


def _within(line: LineString, area: BaseGeometry, *, ring: bool) -> tuple[list[BaseGeometry], bool]:
    """Return a line's pieces within an area, and whether it is one ring still."""
    meets = shapely.get_coordinates(shapely.intersection(line, area.boundary))
    stops = np.unique(shapely.line_locate_point(line, shapely.points(meets)))
    bounds = np.unique(np.r_[0.0, stops, line.length])
    parts: list[BaseGeometry] = [substring(line, a, b) for a, b in pairwise(bounds)]
    if ring and len(parts) > 1 and not np.isin([0.0, line.length], stops).any():
        # A ring's first vertex is no end.
        parts = [_joined([parts[-1], parts[0]]), *parts[1:-1]]
    middle = shapely.line_interpolate_point(parts, 0.5, normalized=True)
    inside = np.asarray(shapely.intersects(area, middle))
    n = len(parts)
    for k in np.flatnonzero(~inside).tolist():
        # At an open line's end there is no coming back.
        returns = ring or 0 < k < n - 1
        inside[k] = returns and _stray_m(parts[k], area) <= STRAY_M
    if inside.all():
        return [line], ring
    if ring:
        first = int(np.flatnonzero(~inside)[0])
        parts, inside = parts[first:] + parts[:first], np.roll(inside, -first)
    out: list[list[BaseGeometry]] = []
    for k in np.flatnonzero(inside).tolist():
        if out and k > 0 and inside[k - 1]:
            out[-1].append(parts[k])
        else:
            out.append([parts[k]])
    return [_joined(one) for one in out], False


def _stray_m(piece: BaseGeometry, area: BaseGeometry) -> float:
    """Return how far (m) a piece gets from an area, at its vertices."""
    xy = shapely.get_coordinates(piece)
    scale = np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0]) * DEGREE_M

    def metres(points: Floats) -> Floats:
        return np.asarray(points * scale, dtype=np.float64)

    near = shapely.clip_by_rect(area, *(xy.min(axis=0) - 0.1), *(xy.max(axis=0) + 0.1))
    flat = shapely.transform(near, metres)
    return float(shapely.distance(flat, shapely.points(metres(xy))).max())


def _joined(parts: list[BaseGeometry]) -> BaseGeometry:
    """Return pieces that follow each other as one line."""
    xy = np.vstack([shapely.get_coordinates(one) for one in parts])
    return LineString(xy[np.r_[True, (xy[1:] != xy[:-1]).any(axis=1)]])
