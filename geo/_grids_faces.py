"""Grids that do not fit: their borders noded into faces, each with the grids that claim it."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo._grids_edges import shared_m
from geo._problems import DEGREE_M, Shapes
from geo.crs import Floats, Ints

# Vertices of a noded layer lie on this grid, some centimetre: what differs by less is the same.
STEP_DEG = 1e-7
# Two borders that were meant to be one are rarely further apart; a creek is.
NARROW_M = 10.0
# A gap that opens to the outside counts as one when it is this many times as long as wide.
_LONG = 4.0


@dataclass(frozen=True)
class Place:
    """A piece of ground that no grid claims, or that several do.

    ``owners`` are the grids (rows) that claim it, ``beside`` those it borders with the metres,
    longest first; ``to`` is the grid it should go to, ``faces`` its faces.
    """

    owners: tuple[int, ...]
    beside: tuple[tuple[int, float], ...]
    to: int
    faces: tuple[int, ...]
    shape: shapely.Geometry
    km2: float
    width_m: float


@dataclass(frozen=True)
class Faces:
    """The plane cut along all borders: faces, and for each the grids (rows) that claim it."""

    shapes: Shapes
    owners: tuple[tuple[int, ...], ...]


def faces_of(shapes: Shapes, *, narrow_m: float = NARROW_M) -> Faces:
    """Return the faces into which valid polygons (degrees) cut the plane.

    A face that no polygon claims is a hole, or a gap between two of them, narrower than
    ``narrow_m``, that opens to the outside.
    """
    lines = [*shapely.boundary(shapes), *shapely.boundary(_open_gaps(shapes, narrow_m))]
    noded = shapely.union_all(lines, grid_size=STEP_DEG)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)
    face, grid = shapely.STRtree(shapes).query(
        shapely.point_on_surface(faces), predicate="intersects"
    )
    owners: list[list[int]] = [[] for _ in faces]
    for one, row in sorted(zip(face.tolist(), grid.tolist(), strict=True)):
        owners[one].append(row)
    return Faces(faces, tuple(map(tuple, owners)))


def _open_gaps(shapes: Shapes, narrow_m: float) -> Shapes:
    """Return the gaps between two polygons narrower than a width, by morphological closing."""
    flat = to_flat(shapes, shapes)
    whole = (
        shapely.coverage_union_all(flat)
        if shapely.coverage_is_valid(flat)
        else shapely.union_all(flat)
    )
    half = narrow_m / 2
    closed = shapely.buffer(shapely.buffer(whole, half, quad_segs=2), -half, quad_segs=2)
    gaps = np.asarray(shapely.get_parts(shapely.difference(closed, whole)), dtype=object)
    gaps = gaps[shapely.get_type_id(gaps) == 3]
    gaps = gaps[shapely.length(gaps) > 2 * _LONG * np.maximum(_strip_width(gaps), narrow_m / 4)]
    if not len(gaps):
        return np.empty(0, dtype=object)
    # The two grids beside it both follow it; a bay of one grid's own is none.
    gap, grid = shapely.STRtree(flat).query(gaps, predicate="dwithin", distance=0.05)
    along = shapely.length(
        shapely.intersection(flat[grid], shapely.boundary(shapely.buffer(gaps[gap], 0.05)))
    )
    firm = np.bincount(gap[along > 0.2 * shapely.length(gaps[gap])], minlength=len(gaps)) >= 2
    return _from_flat(gaps[firm], shapes)


def places_of(faces: Faces, shapes: Shapes) -> list[Place]:
    """Return all that is claimed by no polygon or by several, and to which each should go.

    A hole goes to the neighbour with the longest common border; ground that several claim to the
    one of them with the longest border to it, but for a polygon that would have nothing else.
    """
    border = shared_m(faces.shapes)
    n = len(faces.shapes)
    odd = np.array([len(one) != 1 for one in faces.owners], dtype=bool)
    same = [
        pair
        for pair in border
        if odd[pair[0]] and odd[pair[1]] and faces.owners[pair[0]] == faces.owners[pair[1]]
    ]
    one, two = np.array(same, dtype=np.int64).reshape(-1, 2).T
    links = coo_array((np.ones(len(one)), (one, two)), shape=(n, n))
    label = connected_components(links, directed=False)[1]
    alone = np.zeros(len(shapes))
    for face, own in enumerate(faces.owners):
        if len(own) == 1:
            alone[own[0]] += faces.shapes[face].area
    groups: dict[int, list[int]] = {}
    for face in np.flatnonzero(odd).tolist():
        groups.setdefault(int(label[face]), []).append(face)
    holder = {face: own[0] for face, own in enumerate(faces.owners) if len(own) == 1}
    around: dict[int, dict[int, float]] = {name: {} for name in groups}
    for (face, other), metres in border.items():
        if odd[face] and label[face] != label[other]:
            held = around[int(label[face])]
            held[other] = held.get(other, 0.0) + metres
    given = _given(faces, groups, around, holder, alone)
    found = []
    for name, to in given.items():
        members = groups[name]
        shape = shapely.coverage_union_all(faces.shapes[members])
        flat = to_flat(np.array([shape], dtype=object), np.array([shape], dtype=object))
        beside = sorted(_beside(around[name], holder).items(), key=lambda one: (-one[1], one[0]))
        found.append(
            Place(
                faces.owners[members[0]],
                tuple(beside),
                to,
                tuple(members),
                shape,
                float(shapely.area(flat)[0]) / 1e6,
                float(_strip_width(flat)[0]),
            )
        )
    return found


def _given(
    faces: Faces,
    groups: dict[int, list[int]],
    around: dict[int, dict[int, float]],
    holder: dict[int, int],
    alone: Floats,
) -> dict[int, int]:
    """Return the grid that each place goes to; ``holder`` and ``alone`` learn of it.

    Overlaps come first; a hole among holes waits until a neighbour is known.
    """
    given: dict[int, int] = {}
    waiting = sorted(groups, key=lambda name: (not faces.owners[groups[name][0]], name))
    while waiting:
        left = []
        for name in waiting:
            owners = faces.owners[groups[name][0]]
            to = _heir(owners, _beside(around[name], holder), alone)
            if to is None:
                left.append(name)
                continue
            given[name] = to
            holder |= dict.fromkeys(groups[name], to)
            alone[to] += sum(faces.shapes[face].area for face in groups[name])
        if len(left) == len(waiting):
            break
        waiting = left
    return given


def _beside(around: dict[int, float], holder: dict[int, int]) -> dict[int, float]:
    """Return the metres of border with each grid that holds a face next to a place."""
    metres: dict[int, float] = {}
    for face, length in around.items():
        if face in holder:
            metres[holder[face]] = metres.get(holder[face], 0.0) + length
    return metres


def _heir(owners: tuple[int, ...], beside: dict[int, float], alone: Floats) -> int | None:
    """Return the grid that a place should go to; None where no neighbour is known yet."""
    if owners:
        bare = [one for one in owners if alone[one] == 0.0]
        most = max(bare or owners, key=lambda one: (beside.get(one, 0.0), -one))
        return int(most)
    if not beside:
        return None
    return max(beside, key=lambda one: (beside[one], -one))


def dissolved(faces: Faces, given: dict[int, int], n: int) -> Shapes:
    """Return the polygons made of faces; ``given`` says who holds a face that was not plain.

    A face that is not in it stays with all that claim it, and a hole stays a hole.
    """
    members: list[list[int]] = [[] for _ in range(n)]
    for face, owners in enumerate(faces.owners):
        for row in (given[face],) if face in given else owners:
            members[row].append(face)
    out: Shapes = np.empty(n, dtype=object)
    for row, own in enumerate(members):
        merged = shapely.coverage_union_all(faces.shapes[own]) if own else shapely.Polygon()
        parts = [one for one in shapely.get_parts(merged) if one.geom_type == "Polygon"]
        out[row] = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return out


def to_flat(shapes: Shapes, origin: Shapes) -> Shapes:
    """Return degrees as metres, true to some percent of a county: for widths, not for areas."""
    scale = _scale(origin)
    return np.asarray(shapely.transform(shapes, lambda xy: xy * scale), dtype=object)


def _from_flat(shapes: Shapes, origin: Shapes) -> Shapes:
    scale = _scale(origin)
    return np.asarray(shapely.transform(shapes, lambda xy: xy / scale), dtype=object)


def _scale(origin: Shapes) -> Floats:
    _, south, _, north = shapely.total_bounds(origin)
    return np.array([np.cos(np.radians((south + north) / 2)), 1.0]) * DEGREE_M


def strip_widths_m(shapes: Shapes) -> Floats:
    """Return the width (m) of polygons in degrees, as of strips of their area and perimeter."""
    return _strip_width(to_flat(shapes, shapes)) if len(shapes) else np.zeros(0)


def _strip_width(flat: Shapes) -> Floats:
    return np.asarray(2.0 * shapely.area(flat) / np.maximum(shapely.length(flat), 1e-9))


def rows_near(shapes: Shapes, shape: shapely.Geometry, *, apart_deg: float = STEP_DEG) -> Ints:
    """Return the rows of the shapes that touch one, or nearly."""
    found = shapely.STRtree(shapes).query(shape, predicate="dwithin", distance=apart_deg)
    return np.sort(np.asarray(found, dtype=np.int64))
