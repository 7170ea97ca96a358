"""Borders of a coverage moved, redrawn and cut, with both neighbours following."""

from collections.abc import Sequence

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geo._grids_edges import OUTSIDE, Arcs
from geo._problems import DEGREE_M, Shapes, at, place_of
from geo.crs import Floats
from geo.errors import InputError

_NEAR_M = 1.0
_END_M = 20.0


def moved(
    shapes: Shapes, vertices: Sequence[tuple[float, float, float, float]]
) -> tuple[Shapes, list[int]]:
    """Return polygons with vertices moved wherever they stand, and the rows that changed."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    tree = cKDTree(_metres(xy, xy))
    new = xy.copy()
    for lon, lat, to_lon, to_lat in vertices:
        apart, nearest = tree.query(_metres(np.array([[lon, lat]]), xy)[0])
        if apart > _NEAR_M:
            raise InputError(
                f"there is no vertex of a border{at(lon, lat)}",
                where="grids",
                mend=f"The nearest is{at(*map(float, xy[nearest]))[4:]}.",
            )
        new[(xy == xy[nearest]).all(axis=1)] = to_lon, to_lat
    rows = np.unique(owner[(new != xy).any(axis=1)]).tolist()
    return np.asarray(shapely.set_coordinates(shapes.copy(), new), dtype=object), rows


def redrawn(
    shapes: Shapes, arcs: Arcs, pair: tuple[int, int], line: BaseGeometry, names: str
) -> tuple[Shapes, list[int]]:
    """Return polygons with the border between two on a new course, and the rows that changed."""
    drawn = shapely.get_coordinates(line)
    best: tuple[float, Floats, Floats] | None = None
    for arc, left, right in zip(arcs.lines, arcs.left, arcs.right, strict=True):
        if {int(left), int(right)} != set(pair):
            continue
        old = shapely.get_coordinates(arc)
        for course in (drawn, drawn[::-1]):
            ends = _metres(course[[0, -1]], old) - _metres(old[[0, -1]], old)
            apart = float(np.hypot(*ends.T).max())
            closed = (old[0] == old[-1]).all() and (course[0] == course[-1]).all()
            apart = 0.0 if closed else apart
            if best is None or apart < best[0]:
                kept = course if closed else np.vstack([old[:1], course[1:-1], old[-1:]])
                best = apart, old, kept
    if best is None or best[0] > _END_M:
        lon, lat = map(float, drawn[0])
        how = "" if best is None else f"; the nearest ends {best[0]:,.0f} m away"
        raise InputError(
            f"no border between {names} runs from end to end of the line{at(lon, lat)}{how}",
            where="grids",
            mend="Begin and end the line where the border begins and ends.",
        )
    out = shapes.copy()
    rows = [row for row in pair if row != OUTSIDE]
    for row in rows:
        out[row] = _replaced(shapes[row], best[1], best[2])
    return out, rows


def _replaced(shape: BaseGeometry, old: Floats, new: Floats) -> BaseGeometry:
    """Return a polygon with a run of vertices, in either direction, replaced by another."""

    def ring(line: BaseGeometry) -> Floats:
        xy = shapely.get_coordinates(line)[:-1]
        following = np.roll(xy, -1, axis=0)
        for was, course in ((old, new), (old[::-1], new[::-1])):
            hit = np.flatnonzero((xy == was[0]).all(axis=1) & (following == was[1]).all(axis=1))
            if len(hit):
                rest = np.roll(xy, -hit[0], axis=0)[len(was) - 1 :]
                whole = np.vstack([course, rest])
                return whole if (whole[0] == whole[-1]).all() else np.vstack([whole, whole[:1]])
        return shapely.get_coordinates(line)

    parts = []
    for part in shapely.get_parts(shape):
        shell, *holes = [ring(one) for one in shapely.get_rings(part)]
        parts.append(shapely.Polygon(shell, holes))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def sides_of(shape: BaseGeometry, line: BaseGeometry, grid: str) -> tuple[BaseGeometry, ...]:
    """Return what of a polygon lies left and right of a line that has vertices where they meet.

    Raises
    ------
    InputError
        When the line does not go through the polygon from border to border.
    """
    left: list[BaseGeometry] = []
    right: list[BaseGeometry] = []
    inner = shapely.intersection(line, shape)
    for part in shapely.get_parts(shape):
        noded = shapely.union_all([shapely.boundary(part), shapely.intersection(line, part)])
        faces = shapely.get_parts(shapely.polygonize([noded]))
        pieces = [one for one in faces if shapely.intersects(part, shapely.point_on_surface(one))]
        if len(pieces) == 1:
            left.append(part)
            continue
        for piece in pieces:
            (left if _is_left(piece, line) else right).append(piece)
    if not right or not left:
        ends = map(shapely.Point, shapely.get_coordinates(line)[[0, -1]])
        inside = [one for one in ends if shapely.contains_properly(shape, one)]
        if inside:
            why = f"it ends inside the grid{at(*place_of(inside[0]))}"
        elif inner.is_empty:
            why = f"it passes by{at(*place_of(line))}"
        else:
            why = f"it only touches its border{at(*place_of(inner))}"
        raise InputError(
            f"the line does not cross {grid}: {why}",
            where="grids",
            mend="Draw it from border to border, a little beyond both.",
        )
    return _one(left), _one(right)


def _one(parts: list[BaseGeometry]) -> BaseGeometry:
    merged = shapely.coverage_union_all(parts)
    polygons = list(shapely.get_parts(merged))
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _is_left(piece: BaseGeometry, line: BaseGeometry) -> bool:
    """Return whether more of a piece's edge along a line runs with it than against it."""
    steps = {
        (tuple(a), tuple(b)): float(np.hypot(*(b - a)))
        for a, b in zip(*(lambda xy: (xy[:-1], xy[1:]))(shapely.get_coordinates(line)), strict=True)
    }
    with_it = 0.0
    for ring in shapely.get_rings(shapely.orient_polygons(piece)):
        xy = shapely.get_coordinates(ring)
        for a, b in zip(map(tuple, xy[:-1]), map(tuple, xy[1:]), strict=True):
            with_it += steps.get((a, b), 0.0) - steps.get((b, a), 0.0)
    return with_it > 0


def _metres(xy: Floats, origin: Floats) -> Floats:
    scale = np.array([np.cos(np.radians(origin[:, 1].mean())), 1.0]) * DEGREE_M
    return np.asarray(xy * scale, dtype=np.float64)
