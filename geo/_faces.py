"""The faces that lines cut a frame into, and which of them lie on which side of the lines."""

from typing import NamedTuple

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from geo._problems import DEGREE_M, Shapes
from geo.crs import Bools, Floats, Ints


class Faces(NamedTuple):
    """Faces, each of one of two colours that change across every line.

    ``colour`` 0 or 1 per face; ``outer`` whether a face meets the frame; ``left_m`` the length
    (m) of the given lines that has colour 0, and 1, on its left; ``alike`` per line piece with
    one colour on both sides its (lon, lat, length m); ``loose`` line pieces that bound nothing.
    """

    shapes: Shapes
    colour: Ints
    outer: Bools
    left_m: Floats
    alike: Floats
    loose: Shapes


def faces_of(lines: Shapes, *, drawn: Shapes, frame: shapely.Polygon) -> Faces:
    """Cut a frame by lines and colour its faces.

    Parameters
    ----------
    lines : LineStrings in lon/lat, whose direction counts.
    drawn : LineStrings that cut as lines do, and whose direction does not count.
    frame : the polygon around all of them, with a vertex where one of them ends on it.
    """
    noded = shapely.get_parts(shapely.union_all([*lines, *drawn, frame.exterior]))
    made, _, dangles, _ = shapely.polygonize_full(noded)
    shapes = shapely.orient_polygons(shapely.get_parts(made))
    rings, owner = shapely.get_rings(shapes, return_index=True)
    ring_xy, ring = shapely.get_coordinates(rings, return_index=True)
    line_xy, line = shapely.get_coordinates(lines, return_index=True)
    _, vertex = np.unique(np.vstack([ring_xy, line_xy]), axis=0, return_inverse=True)
    n = int(vertex.max()) + 1
    on_ring, on_line = vertex[: len(ring_xy)], vertex[len(ring_xy) :]
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    a, b, face = on_ring[edge], on_ring[edge + 1], owner[ring[edge]]
    length = _lengths(ring_xy[edge], ring_xy[edge + 1])

    # Each edge within the frame is had twice, once in each direction, with a face to its left.
    there, back = a * n + b, b * n + a
    order = np.argsort(there, kind="stable")
    at = np.minimum(np.searchsorted(there[order], back), len(order) - 1)
    twin = np.where(there[order][at] == back, order[at], -1)
    outer = np.zeros(len(shapes), dtype=bool)
    outer[face[twin < 0]] = True
    colour = _colours(face[twin >= 0], face[twin[twin >= 0]], length[twin >= 0], len(shapes))

    own = np.flatnonzero(line[1:] == line[:-1])
    code = on_line[own] * n + on_line[own + 1]
    at = np.minimum(np.searchsorted(there[order], code), len(order) - 1)
    known = there[order][at] == code
    left = face[order[at]][known]
    own_m = _lengths(line_xy[own][known], line_xy[own + 1][known])
    same = (twin >= 0) & (a < b) & (colour[face] == colour[face[twin]])
    middle = (ring_xy[edge] + ring_xy[edge + 1])[same] / 2.0
    return Faces(
        shapes,
        colour,
        outer,
        np.bincount(colour[left], weights=own_m, minlength=2).astype(np.float64),
        _grouped(np.minimum(face, face[twin])[same], middle, length[same]),
        shapely.get_parts(dangles),
    )


def _colours(one: Ints, two: Ints, length: Floats, n: int) -> Ints:
    """Return 0 or 1 per face, unlike across the longest borders where all cannot be."""
    if n == 1:
        return np.zeros(1, dtype=np.int64)
    shared = coo_array((length, (one, two)), shape=(n, n)).tocsr()
    # The tree of least weight takes the longest borders.
    shared.data = 1.0 / np.maximum(shared.data, 1e-9)
    tree = minimum_spanning_tree(shared)
    order, before = breadth_first_order(tree, 0, directed=False)
    colour = np.zeros(n, dtype=np.int64)
    for face in order[1:].tolist():
        colour[face] = 1 - colour[before[face]]
    return colour


def _grouped(face: Ints, middle: Floats, length: Floats) -> Floats:
    """Return one (lon, lat, length) for each face: the place of its longest edge, all lengths."""
    if not len(face):
        return np.empty((0, 3))
    order = np.lexsort((-length, face))
    first = np.flatnonzero(np.r_[True, np.diff(face[order]) > 0])
    longest = order[first]
    return np.column_stack([middle[longest], np.add.reduceat(length[order], first)])


def _lengths(a: Floats, b: Floats) -> Floats:
    """Return lengths (m) of short edges in degrees."""
    step = (b - a) * DEGREE_M
    step[:, 0] *= np.cos(np.radians((a[:, 1] + b[:, 1]) / 2.0))
    return np.hypot(step[:, 0], step[:, 1])
