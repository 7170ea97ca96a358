"""Loose ends of lines: joined where they nearly meet, or carried on to a frame."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from scipy.spatial import cKDTree

from geo._problems import DEGREE_M, Shapes
from geo.crs import Bools, Floats, Ints

# Ends that lie no further apart were one point before someone saved the layer.
SNAP_M = 20.0
# The frame leaves this much room behind a shore on whose side no line ends.
_MARGIN_SHARE = 0.05
_MARGIN_DEG = 0.02
# A tenth of a millimetre beyond an edge, so that two lines surely cross.
_OVERSHOOT_DEG = 1e-9
_NEIGHBOURS = 4
# A county's coast has two loose ends; so many are no coast.
_MAX_CARRIED = 200


class Closed(NamedTuple):
    """How lines were closed.

    ``frame`` around them, with a vertex at each place where one ends on it; ``links`` across gaps
    of at most 20 m, which are as good as the lines; ``carried`` from loose ends to the frame;
    ``lost`` the places (lon, lat) of ends for which there was no way to the frame.
    """

    frame: shapely.Polygon
    links: Shapes
    carried: Shapes
    lost: Floats


def close_ends(lines: Shapes, box: Sequence[float] | None) -> Closed:
    """Join the loose ends of LineStrings in lon/lat.

    Parameters
    ----------
    box : (min_lon, min_lat, max_lon, max_lat) that the lines were cut with; None for theirs.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    last = np.r_[first[1:], len(xy)] - 1
    vertex = np.r_[first, last]
    _, place, count = np.unique(xy[vertex], axis=0, return_inverse=True, return_counts=True)
    loose = vertex[count[place] == 1]
    scale = np.array([np.cos(np.radians(xy[:, 1].mean())), 1.0]) * DEGREE_M

    bounds = _frame_bounds(xy, xy[loose], box, SNAP_M / scale)
    links: list[Floats] = []
    on_frame: list[Floats] = []
    foot, apart = _to_sides(xy[loose], bounds, scale)
    nearest = np.argmin(apart, axis=1)
    rows = np.arange(len(loose))
    at_frame = apart[rows, nearest] <= SNAP_M
    for end, to in zip(xy[loose[at_frame]], foot[rows, nearest][at_frame], strict=True):
        on_frame.append(to)
        if (end != to).any():
            links.append(np.vstack([end, to]))
    loose = loose[~at_frame]

    paired = _pairs(xy[loose] * scale)
    links += [xy[loose[[a, b]]] for a, b in paired]
    loose = np.delete(loose, np.ravel(paired).astype(np.int64)) if paired else loose
    edge = np.flatnonzero(line[1:] == line[:-1])
    joined, across = _to_edges(xy, loose, edge, scale)
    links += across
    loose = loose[~joined]

    ways, lost = _ways_out(
        xy[loose], bounds, scale, [*lines, *(shapely.LineString(one) for one in links)]
    )
    on_frame += [shapely.get_coordinates(way)[1] for way in ways]
    return Closed(
        _frame(bounds, np.array(on_frame).reshape(-1, 2)),
        np.array([shapely.linestrings(one) for one in links], dtype=object),
        np.array(ways, dtype=object),
        lost,
    )


def _frame_bounds(xy: Floats, ends: Floats, box: Sequence[float] | None, snap: Floats) -> Floats:
    """Return the frame as (min_lon, min_lat, max_lon, max_lat)."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    if box is not None:
        return np.concatenate([np.minimum(low, box[:2]), np.maximum(high, box[2:])])
    margin = np.maximum((high - low) * _MARGIN_SHARE, _MARGIN_DEG)
    # Where lines end on a side, the layer was cut there.
    wide = high - low > 4.0 * snap
    cut_low = wide & (ends - low <= snap).any(axis=0) if len(ends) else np.zeros(2, dtype=bool)
    cut_high = wide & (high - ends <= snap).any(axis=0) if len(ends) else np.zeros(2, dtype=bool)
    return np.concatenate(
        [np.where(cut_low, low, low - margin), np.where(cut_high, high, high + margin)]
    )


def _to_sides(points: Floats, bounds: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return for each point and side of the frame: the foot on it, and the way there (m)."""
    foot = np.repeat(points[:, None, :], 4, axis=1)
    for side in range(4):
        foot[:, side, side % 2] = bounds[side]
    apart = np.hypot(*np.moveaxis((foot - points[:, None, :]) * scale, -1, 0))
    return foot, np.asarray(apart, dtype=np.float64)


def _pairs(ends_m: Floats) -> list[tuple[int, int]]:
    """Return ends (metres) that belong together: the nearest first, each end once."""
    if len(ends_m) < 2:
        return []
    tree = cKDTree(ends_m)
    apart, other = tree.query(ends_m, k=_NEIGHBOURS, distance_upper_bound=SNAP_M)
    one = np.repeat(np.arange(len(ends_m)), _NEIGHBOURS)
    good = np.isfinite(apart.ravel()) & (one < other.ravel())
    order = np.argsort(apart.ravel()[good], kind="stable")
    used: set[int] = set()
    out = []
    for a, b in zip(one[good][order].tolist(), other.ravel()[good][order].tolist(), strict=True):
        if a not in used and b not in used:
            used |= {a, b}
            out.append((a, b))
    return out


def _to_edges(xy: Floats, loose: Ints, edge: Ints, scale: Floats) -> tuple[Bools, list[Floats]]:
    """Return which loose ends lie within 20 m of a line's edge, and the links across."""
    joined = np.zeros(len(loose), dtype=bool)
    links: list[Floats] = []
    if not len(loose):
        return joined, links
    metres = xy * scale
    both = np.stack([metres[edge], metres[edge + 1]], axis=1)
    edges: Shapes = np.asarray(shapely.linestrings(both), dtype=object)
    tree = shapely.STRtree(edges)
    end, hit = tree.query(shapely.points(metres[loose]), predicate="dwithin", distance=SNAP_M)
    # An end's own edge is always near.
    own = (edge[hit] == loose[end]) | (edge[hit] + 1 == loose[end])
    end, hit = end[~own], hit[~own]
    order = np.argsort(end, kind="stable")
    groups = np.split(hit[order], np.flatnonzero(np.diff(end[order])) + 1)
    for k, mine in zip(np.unique(end).tolist(), groups, strict=False):
        joined[k] = True
        near = edges[mine]
        point = shapely.points(metres[loose[k]])
        best = near[np.argmin(shapely.distance(near, point))]
        on = shapely.line_interpolate_point(best, shapely.line_locate_point(best, point))
        start, foot = xy[loose[k]], shapely.get_coordinates(on)[0] / scale
        step = foot - start
        if np.hypot(*step) < _OVERSHOOT_DEG:
            # `edge` is sorted: whether the vertex before belongs to the same line.
            at = np.searchsorted(edge, loose[k] - 1)
            inner = at < len(edge) and edge[at] == loose[k] - 1
            before = loose[k] - 1 if inner else loose[k] + 1
            step = start - xy[before]
        links.append(np.vstack([start, foot + step / np.hypot(*step) * _OVERSHOOT_DEG]))
    return joined, links


def _ways_out(
    ends: Floats, bounds: Floats, scale: Floats, lines: list[shapely.LineString]
) -> tuple[list[shapely.LineString], Floats]:
    """Return the straight ways from ends to the frame that cross no line, and ends without one.

    Each takes the nearest side of the frame that it reaches. Where ends are too many the layer is
    no coast, and none has a way.
    """
    if not len(ends) or len(ends) > _MAX_CARRIED:
        return [], ends
    tree = shapely.STRtree(lines)
    foot, apart = _to_sides(ends, bounds, scale)
    ways: list[shapely.LineString] = []
    lost = []
    for k, end in enumerate(ends):
        for side in np.argsort(apart[k], kind="stable").tolist():
            # From just beyond the end, so that its own line is not in the way.
            clear = shapely.LineString([end + (foot[k, side] - end) * 1e-6, foot[k, side]])
            free = not len(tree.query(clear, predicate="intersects"))
            if free and not shapely.intersects(clear, ways).any():
                ways.append(shapely.LineString([end, foot[k, side]]))
                break
        else:
            lost.append(end)
    return ways, np.array(lost).reshape(-1, 2)


def _frame(bounds: Floats, on_frame: Floats) -> shapely.Polygon:
    """Return the frame with a vertex at each place on it."""
    west, south, east, north = bounds
    corners = np.array([[west, south], [east, south], [east, north], [west, north]])
    xy = np.unique(np.vstack([corners, on_frame]), axis=0)
    centre = (corners[0] + corners[2]) / 2.0
    span = np.maximum(corners[2] - corners[0], 1e-12)
    turn = np.arctan2(*((xy - centre) / span).T[::-1])
    return shapely.Polygon(xy[np.argsort(turn)])
