"""Finding what is wrong with polygons, every instance with its place."""

from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.crs import ELLIPSOID, Bools, Floats, Ints
from geo.errors import Refusal

Shapes: TypeAlias = NDArray[np.object_]

# Metres in a degree of the meridian, to some 0.5 % anywhere.
DEGREE_M = 111_195.0
# Narrower than this a spike, sliver or gap is a slip of the hand: no coast is drawn so finely.
# Skerries are as small but round: of 5,714 in the Kattegat none is 20 times as long as wide.
_SPIKE_M = 0.5
_SPIKE_DEG = 1.0
_SLIVER_M = 1.0
_SLIVER_RATIO = 100.0
_OVERLAP_M2 = 1.0
# More than a layer of land ever has; a file made to do harm has pairs by the million.
_MAX_PAIRS = 20_000
_MAX_PLACES = 1_000
_PASSES = 8


def place_of(shape: BaseGeometry | None) -> tuple[float | None, float | None]:
    """Return the first lon, lat of a shape that is on the map, or None, None."""
    xy = shapely.get_coordinates(shape) if shape is not None else np.empty((0, 2))
    good = xy[np.isfinite(xy).all(axis=1) & (np.abs(xy) <= [360, 180]).all(axis=1)]
    return (float(good[0, 0]), float(good[0, 1])) if len(good) else (None, None)


def rings_of(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Return all rings of polygons and multipolygons, and the row of the shape that each is of."""
    # Of a multipolygon as a whole shapely gives no ring.
    parts, row = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    return rings, row[part]


def self_crossings(shape: BaseGeometry) -> list[tuple[float, float, str]]:
    """Return every place (lon, lat, what) where a polygon's rings cross, touch or run along.

    What leaves no such place (a hole outside its shell) is given at the place, and with the
    words, that GEOS has for it.
    """
    pieces = shapely.get_parts(shapely.union_all(rings_of(np.array([shape], dtype=object))[0]))
    ends = shapely.get_coordinates([shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)])
    places, degree = np.unique(ends, axis=0, return_counts=True)
    found = [
        (float(x), float(y), "crosses or touches itself" if many != 3 else "runs along itself")
        for (x, y), many in zip(places, degree, strict=True)
        if many >= 3
    ]
    if found:
        return found[:_MAX_PLACES]
    reason = shapely.is_valid_reason(shape)
    words, _, numbers = reason.partition("[")
    x, y = (float(one) for one in numbers.rstrip("]").split()[:2])
    return [(x, y, f"is invalid: {words}")]


def without_repeats(shapes: Shapes) -> Shapes:
    """Return polygons without vertices that repeat the one before; collapsed rings stay."""
    rings, owner = rings_of(shapes)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    moves = np.r_[(xy[1:] != xy[:-1]).any(axis=1) & (ring[1:] == ring[:-1]), False]
    # A ring needs three sides to be a ring when they are gone.
    solid = np.bincount(ring, weights=moves, minlength=len(rings)) >= 3
    good = np.bincount(owner[~solid], minlength=len(shapes)) == 0
    out = shapes.copy()
    out[good] = shapely.remove_repeated_points(shapes[good])
    return out


def without_spikes(shapes: Shapes) -> tuple[Shapes, list[tuple[int, float, float]]]:
    """Return polygons without spikes, and each spike's polygon and tip (lon, lat).

    A spike is a vertex at which the ring turns back within a degree, and whose arms are less than
    half a metre apart at the end of the shorter one.
    """
    out = shapes.copy()
    found: list[tuple[int, float, float]] = []
    rows = np.arange(len(out))
    for _ in range(_PASSES):
        rings, owner = rings_of(out[rows])
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        tip = _tips(xy, ring)
        if not tip.any():
            break
        mine = rows[owner[ring]]
        found += [
            (row, x, y) for row, (x, y) in zip(mine[tip].tolist(), xy[tip].tolist(), strict=True)
        ]
        rows = np.unique(mine[tip])
        for row in rows.tolist():
            here = mine == row
            out[row] = _less(out[row], np.split(tip[here], np.flatnonzero(np.diff(ring[here])) + 1))
    return out, found


def _tips(xy: Floats, ring: Ints) -> Bools:
    """Return which vertices of rings are the tips of spikes."""
    n = len(xy)
    if n == 0:
        return np.zeros(0, dtype=bool)
    first = np.r_[True, ring[1:] != ring[:-1]]
    last = np.r_[first[1:], True]
    starts = np.flatnonzero(first)
    # The last vertex repeats the first: the one before a first vertex is two before its ring's end.
    before = np.where(first, np.flatnonzero(last)[ring] - 1, np.arange(n) - 1)
    after = np.where(last, starts[ring], np.arange(n) + 1)
    scale = np.column_stack([np.cos(np.radians(xy[:, 1])), np.ones(n)]) * DEGREE_M
    arm_a, arm_b = (xy[before] - xy) * scale, (xy[after] - xy) * scale
    cross = np.abs(arm_a[:, 0] * arm_b[:, 1] - arm_a[:, 1] * arm_b[:, 0])
    angle = np.arctan2(cross, (arm_a * arm_b).sum(axis=1))
    short = np.minimum(np.hypot(*arm_a.T), np.hypot(*arm_b.T))
    spike = ~last & (short > 0) & (angle < np.radians(_SPIKE_DEG))
    spike &= short * np.sin(angle) < _SPIKE_M
    # A ring of three corners would be nothing without one.
    return np.asarray(spike & (np.bincount(ring)[ring] > 4), dtype=bool)


def _less(shape: BaseGeometry, tips: list[Bools]) -> BaseGeometry:
    """Return a polygon without the vertices at tips, given ring by ring; less whole rings."""
    each = iter(tips)

    def ring(line: BaseGeometry) -> Floats | None:
        xy = shapely.get_coordinates(line)[:-1][~next(each)[:-1]]
        # Between the arms of a spike one place may now follow itself.
        xy = xy[(xy != np.roll(xy, 1, axis=0)).any(axis=1)]
        return np.vstack([xy, xy[:1]]) if len(xy) >= 3 else None

    polygons = []
    for part in shapely.get_parts(shape):
        shell, *holes = [ring(one) for one in shapely.get_rings(part)]
        if shell is not None:
            polygons.append(shapely.Polygon(shell, [one for one in holes if one is not None]))
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def first_of_each(shapes: Shapes) -> Ints:
    """Return for each shape the index of the first that is the same."""
    known: dict[bytes, int] = {}
    wkb = shapely.to_wkb(shapely.normalize(shapes))
    return np.array([known.setdefault(one, row) for row, one in enumerate(wkb)], dtype=np.int64)


def overlaps(shapes: Shapes) -> tuple[list[tuple[int, int, float, BaseGeometry]], int]:
    """Return pairs of polygons that share more than a square metre, and how many were not tried.

    Each pair with its shared area (m2) and shape. Shared borders are no overlap.
    """
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = one < two
    one, two = one[once], two[once]
    untried = max(len(one) - _MAX_PAIRS, 0)
    one, two = one[:_MAX_PAIRS], two[:_MAX_PAIRS]
    if not len(one):
        return [], 0
    shared = shapely.intersection(shapes[one], shapes[two])
    squares = shapely.area(shared) * DEGREE_M**2
    squares *= np.cos(np.radians(shapely.bounds(shapes[one])[:, 1]))
    return [
        (int(one[k]), int(two[k]), float(squares[k]), shared[k])
        for k in np.flatnonzero(squares > _OVERLAP_M2)
    ], untried


def sliver_list(polygons: Shapes, *, name: str) -> list[Refusal]:
    """Name the pieces of dissolved land that are narrower than a metre and very long."""
    refused = []
    width, length = _extents(polygons)
    for one in polygons[(width < _SLIVER_M) & (length > _SLIVER_RATIO * width)]:
        x, y = place_of(one)
        told = f"a piece of land is less than {_SLIVER_M:g} m wide{at(x, y)}"
        mend = "It was kept; take it out of the layer if it is a slip."
        refused.append(Refusal(name, None, "sliver", told, mend, x, y))
    return refused


def without_gaps(polygons: Shapes, *, name: str) -> tuple[Shapes, list[Refusal]]:
    """Return dissolved land without the gaps, narrower than a metre, between what was dissolved."""
    kept = polygons.copy()
    refused = []
    for k in np.flatnonzero(shapely.get_num_interior_rings(polygons)).tolist():
        shell, *rings = shapely.get_rings(polygons[k])
        holes = np.asarray(shapely.polygons(rings), dtype=object)
        gap = _extents(holes)[0] < _SLIVER_M
        if not gap.any():
            continue
        kept[k] = shapely.Polygon(shell, [one for one, g in zip(rings, gap, strict=True) if not g])
        for one in holes[gap]:
            x, y = place_of(one)
            told = f"a gap within the land is less than {_SLIVER_M:g} m wide{at(x, y)}"
            mend = "It was closed; check the coast at that place."
            refused.append(Refusal(name, None, "gap", told, mend, x, y))
    return kept, refused


def _extents(polygons: Shapes) -> tuple[Floats, Floats]:
    """Return polygons' mean width and length (m), as of a strip of their area and perimeter."""
    area_deg2, girth_deg = shapely.area(polygons), shapely.length(polygons)
    # Only what may be narrow is measured: a degree is nowhere more than DEGREE_M long.
    narrow = 2.0 * area_deg2 * DEGREE_M < _SLIVER_RATIO * girth_deg
    width = np.where(narrow, 0.0, np.inf)
    length = girth_deg * DEGREE_M / 2.0
    for k in np.flatnonzero(narrow).tolist():
        square_m, girth_m = ELLIPSOID.geometry_area_perimeter(polygons[k])
        width[k], length[k] = 2.0 * abs(square_m) / girth_m, girth_m / 2.0
    return width, length


def at(lon: float | None, lat: float | None) -> str:
    """Return a place as words that end a sentence; nothing for no place."""
    return "" if lon is None or lat is None else f", at {lon:.6f} {lat:.6f}"
