"""Edges, nodes and arcs of polygons that share their borders vertex by vertex."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo._problems import DEGREE_M, Shapes
from geo.crs import Floats, Ints

# A tenth of a millimetre: what rounding leaves between a computed crossing and its edge.
SAME_DEG = 1e-9
OUTSIDE = -1


@dataclass(frozen=True)
class Edges:
    """Every edge of every ring, once per polygon that has it; polygons lie to its left.

    ``start`` and ``end`` number the vertices in ``xy`` (degrees), ``key`` is the same for an edge
    and its reverse, ``beyond`` is the polygon across the edge, OUTSIDE where there is none.
    """

    xy: Floats
    start: Ints
    end: Ints
    ring: Ints
    owner: Ints
    key: Ints
    beyond: Ints


@dataclass(frozen=True)
class Arcs:
    """Borders between two nodes, each once: its line, and the polygons left and right of it.

    OUTSIDE stands where there is no polygon; a ring that meets no other border is one closed arc.
    """

    lines: Shapes
    left: Ints
    right: Ints


def edges_of(shapes: Shapes) -> Edges:
    """Return the edges of polygons (shells turned counterclockwise, holes clockwise)."""
    # Rings are taken of single polygons only: a multipolygon has none of its own.
    parts, whole = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    owner = whole[part]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    vertices, number = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    one = np.flatnonzero(ring[1:] == ring[:-1])
    start, end = number[one].astype(np.int64), number[one + 1].astype(np.int64)
    of = owner[ring[one]].astype(np.int64)
    key = np.minimum(start, end) * len(vertices) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order][1:] == key[order][:-1])
    beyond = np.full(len(key), OUTSIDE, dtype=np.int64)
    beyond[order[twin]], beyond[order[twin + 1]] = of[order[twin + 1]], of[order[twin]]
    return Edges(
        np.column_stack([vertices.real, vertices.imag]),
        start,
        end,
        ring[one].astype(np.int64),
        of,
        key,
        beyond,
    )


def arcs_of(shapes: Shapes) -> Arcs:
    """Return the borders of polygons that form a valid coverage, cut where three or more meet."""
    edges = edges_of(shapes)
    _, first = np.unique(edges.key, return_index=True)
    degree = np.bincount(np.r_[edges.start[first], edges.end[first]], minlength=len(edges.xy))
    node = degree != 2
    lines: list[BaseGeometry] = []
    left: list[int] = []
    right: list[int] = []
    known: set[int] = set()
    bounds = np.flatnonzero(np.r_[True, edges.ring[1:] != edges.ring[:-1], True])
    for begin, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = np.arange(begin, stop)
        cuts = np.flatnonzero(node[edges.start[rows]])
        # A ring's own first vertex is a node only where borders meet.
        rows = np.roll(rows, -cuts[0]) if len(cuts) else rows
        for piece in np.split(rows, (cuts - cuts[0])[1:]) if len(cuts) else [rows]:
            name = int(edges.key[piece].min())
            if name in known:
                continue
            known.add(name)
            along = np.r_[edges.start[piece], edges.end[piece[-1]]]
            lines.append(shapely.LineString(edges.xy[along]))
            left.append(int(edges.owner[piece[0]]))
            right.append(int(edges.beyond[piece[0]]))
    out: Shapes = np.empty(len(lines), dtype=object)
    out[:] = lines
    return Arcs(out, np.array(left, dtype=np.int64), np.array(right, dtype=np.int64))


def shared_m(shapes: Shapes) -> dict[tuple[int, int], float]:
    """Return the length (m) of border that each two polygons share, under both orders."""
    edges = edges_of(shapes)
    rows = np.flatnonzero(edges.beyond != OUTSIDE)
    step = edges.xy[edges.end[rows]] - edges.xy[edges.start[rows]]
    middle = (edges.xy[edges.end[rows], 1] + edges.xy[edges.start[rows], 1]) / 2
    length = np.hypot(step[:, 0] * np.cos(np.radians(middle)), step[:, 1]) * DEGREE_M
    pairs, which = np.unique(
        np.column_stack([edges.owner[rows], edges.beyond[rows]]), axis=0, return_inverse=True
    )
    total = np.bincount(which.ravel(), weights=length, minlength=len(pairs))
    return {(int(a), int(b)): float(m) for (a, b), m in zip(pairs, total, strict=True)}


def with_vertices(shape: BaseGeometry, points: Floats) -> BaseGeometry:
    """Return a polygon or line with those points that lie on its edges as vertices of it."""
    if not len(points):
        return shape

    def denser(line: BaseGeometry) -> Floats:
        xy = shapely.get_coordinates(line)
        a, step = xy[:-1], np.diff(xy, axis=0)
        square = np.maximum((step**2).sum(axis=1), 1e-300)
        share = ((points[:, None, :] - a) * step).sum(axis=2) / square
        foot = a + np.clip(share, 0, 1)[:, :, None] * step
        apart = np.hypot(*np.moveaxis(points[:, None, :] - foot, 2, 0))
        known = np.hypot(*np.moveaxis(points[:, None, :] - xy, 2, 0)).min(axis=1) <= SAME_DEG
        point, edge = np.nonzero((apart <= SAME_DEG) & ~known[:, None])
        _, once = np.unique(point, return_index=True)
        point, edge = point[once], edge[once]
        order = np.lexsort((share[point, edge], edge))
        return np.insert(xy, edge[order] + 1, points[point[order]], axis=0)

    if shape.geom_type == "LineString":
        return shapely.LineString(denser(shape))
    parts = []
    for part in shapely.get_parts(shape):
        shell, *holes = [denser(ring) for ring in shapely.get_rings(part)]
        parts.append(shapely.Polygon(shell, holes))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def met(
    shapes: Shapes, drawn: BaseGeometry, rows: Sequence[int]
) -> tuple[dict[int, BaseGeometry], BaseGeometry]:
    """Return polygons and a line or polygon drawn over them, with a vertex wherever they meet.

    A crossing is computed once and put into all borders that pass there, so that nothing is left
    between them. ``rows`` are the polygons near; those returned have new vertices.
    """
    near = shapes[list(rows)]
    if not len(near):
        return {}, drawn
    vertices = shapely.multipoints(shapely.get_coordinates(near))
    snapped = np.array([shapely.snap(drawn, vertices, SAME_DEG)], dtype=object)
    drawn = snapped[0] if shapely.is_valid(snapped)[0] else drawn
    line = drawn.boundary if drawn.geom_type.endswith("Polygon") else drawn
    borders = shapely.union_all(shapely.boundary(near))
    own = shapely.multipoints(shapely.get_coordinates(line))
    points = np.vstack([
        shapely.get_coordinates(shapely.intersection(line, borders)),
        shapely.get_coordinates(own)[
            np.asarray(shapely.dwithin(shapely.get_parts(own), borders, SAME_DEG))
        ],
    ])  # fmt: skip
    points = np.unique(points, axis=0)
    if len(points):
        apart = (np.abs(np.diff(points, axis=0)) > SAME_DEG).any(axis=1)
        points = points[np.r_[True, apart]]
    out = {row: with_vertices(shapes[row], points) for row in rows}
    return out, with_vertices(drawn, points)
