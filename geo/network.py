"""Make a network of lines: nodes where they meet, edges between, and the parts that stand apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp
import shapely
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from geo.crs import Bools, Floats, Ints, metre_shapes, step_lengths, to_lonlat, working_crs

SNAP_M = 5.0
"""Ends this near to a line or an end meet it: some road's width, an assumption."""
NODE_M = 500.0
"""A long line has a node about as often as this, so that a place finds one near."""


@dataclass(frozen=True)
class Lines:
    """A network: ``nodes`` has ``node, lon, lat, part``; ``edges`` has ``a, b, line, km``.

    ``line`` is the row of the line that an edge is of. ``parts`` has ``part, km, lon, lat``, the
    longest first: part 0 is the main one, and no way leads from one part to another.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    parts: pl.DataFrame


@dataclass(frozen=True)
class _Steps:
    """Lines in metres, vertex by vertex; a step is a vertex that its line goes on from."""

    xy: Floats
    line: Ints
    chain: Floats
    first: Ints


def network(
    lines: npt.ArrayLike,
    *,
    level: npt.ArrayLike | None = None,
    snap_m: float = SNAP_M,
    node_m: float = NODE_M,
) -> Lines:
    """Join lines to a network.

    Lines of one level meet where they cross or touch, also without a common vertex: layers of
    roads often lack the vertex at a junction, and a junction that is missed cuts a county in two,
    while a bridge that is taken for a junction only saves a way round. A bridge is kept apart by
    its own level. Lines of different levels meet end on end alone.

    Parameters
    ----------
    lines : LineStrings, lon/lat degrees.
    level : integer of each line, 0 being the ground (OpenStreetMap's ``layer``); all 0 if left out.
    snap_m : ends within this of a line of their level, or of any end, meet it.
    node_m : the longest stretch, about, without a node.
    """
    shapes = np.atleast_1d(np.asarray(lines, dtype=object))
    levels = np.zeros(len(shapes), np.int64) if level is None else np.asarray(level, np.int64)
    if not len(shapes):
        return _lines(np.empty((0, 2)), np.empty((0, 4)))
    crs = working_crs(shapely.total_bounds(shapes).tolist())
    steps = _steps(shapely.segmentize(metre_shapes(crs, shapes), node_m))
    line, chain, is_end = _cuts(steps, levels, snap_m, node_m)
    xy = _along(steps, line, chain)
    node = _clusters(xy, levels[line], is_end, snap_m)
    count = int(node.max()) + 1
    mean = np.column_stack(
        [np.bincount(node, xy[:, axis], count) / np.bincount(node, None, count) for axis in (0, 1)]
    )
    lonlat = np.column_stack(to_lonlat(crs, mean[:, 0], mean[:, 1]))

    true_m = _true_chain(steps, np.column_stack(to_lonlat(crs, *steps.xy.T)))
    at_m = _interpolated(steps, line, chain, true_m)
    on = (line[1:] == line[:-1]) & (node[1:] != node[:-1])
    found = np.column_stack([node[:-1], node[1:], line[:-1], (at_m[1:] - at_m[:-1]) / 1000.0])
    return _lines(lonlat, found[on])


def _steps(shapes: npt.NDArray[np.object_]) -> _Steps:
    xy, line = shapely.get_coordinates(shapes, return_index=True)
    same = line[1:] == line[:-1]
    length = np.concatenate([[0.0], np.where(same, np.hypot(*np.diff(xy, axis=0).T), 0.0)])
    first = np.flatnonzero(np.concatenate([[True], ~same]))
    return _Steps(xy, line, _from_line_start(length, line, first), first)


def _from_line_start(length: Floats, line: Ints, first: Ints) -> Floats:
    total = np.cumsum(length)
    return np.asarray(total - total[first][np.searchsorted(line[first], line)])


def _true_chain(steps: _Steps, lonlat: Floats) -> Floats:
    """Return the way from the line's start to each vertex on the ellipsoid, metres."""
    length = np.concatenate([[0.0], step_lengths(lonlat, steps.line)[:-1]])
    return _from_line_start(length, steps.line, steps.first)


def _cuts(steps: _Steps, levels: Ints, snap_m: float, node_m: float) -> tuple[Ints, Floats, Bools]:
    """Return line, chainage and whether it is an end of each place to cut at, in their order."""
    last = np.concatenate([steps.first[1:] - 1, [len(steps.xy) - 1]])
    often = np.floor(steps.chain / node_m)
    turn = np.flatnonzero((often[1:] != often[:-1]) & (steps.line[1:] == steps.line[:-1])) + 1

    start = np.flatnonzero(steps.line[1:] == steps.line[:-1])
    pairs = np.stack([steps.xy[start], steps.xy[start + 1]], axis=1)
    segments = np.asarray(shapely.linestrings(pairs), dtype=object)
    tree = shapely.STRtree(segments)
    of_line = steps.line[start]
    a, b = tree.query(segments, predicate="intersects")
    # A step and the next of its line share a vertex, which is no junction.
    apart = (a < b) & ((of_line[a] != of_line[b]) | (b - a > 1))
    a, b = a[apart], b[apart]
    a, b = (one[levels[of_line[a]] == levels[of_line[b]]] for one in (a, b))
    place, pair = shapely.get_coordinates(
        shapely.intersection(segments[a], segments[b]), return_index=True
    )
    ends = np.concatenate([steps.first, last])
    end, near = tree.query(shapely.points(steps.xy[ends]), predicate="dwithin", distance=snap_m)
    other = (of_line[near] != steps.line[ends[end]]) & (
        levels[of_line[near]] == levels[steps.line[ends[end]]]
    )
    end, near = end[other], near[other]

    cut = np.concatenate([a[pair], b[pair], near])
    at = shapely.line_locate_point(
        segments[cut], shapely.points(np.concatenate([place, place, steps.xy[ends[end]]]))
    )
    line = np.concatenate([steps.line[ends], steps.line[turn], of_line[cut]])
    chain = np.concatenate([steps.chain[ends], steps.chain[turn], steps.chain[start[cut]] + at])
    is_end = np.arange(len(line)) < len(ends)
    order = np.lexsort([~is_end, chain, line])
    return line[order], chain[order], is_end[order]


def _interpolated(steps: _Steps, line: Ints, chain: Floats, values: Floats) -> Floats:
    """Return what vertices have, at chainages of lines."""
    # Lines lie one after the other on one axis, further apart than any is long.
    gap = float(steps.chain.max()) + 1.0
    return np.asarray(np.interp(line * gap + chain, steps.line * gap + steps.chain, values))


def _along(steps: _Steps, line: Ints, chain: Floats) -> Floats:
    return np.column_stack([_interpolated(steps, line, chain, axis) for axis in steps.xy.T])


def _clusters(xy: Floats, level: Ints, is_end: Bools, snap_m: float) -> Ints:
    """Return the node of each place to cut at."""
    i, j = KDTree(xy).query_pairs(snap_m, output_type="ndarray").T
    joins = (level[i] == level[j]) | (is_end[i] & is_end[j])
    return _components(i[joins], j[joins], len(xy))


def _components(a: Ints, b: Ints, n: int) -> Ints:
    graph = sp.csr_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _lines(lonlat: Floats, found: Floats) -> Lines:
    a, b, line = (found[:, column].astype(np.int64) for column in range(3))
    edges = pl.DataFrame({"a": a, "b": b, "line": line, "km": found[:, 3]})
    part = _components(a, b, len(lonlat)) if len(lonlat) else np.empty(0, np.int64)
    nodes = pl.DataFrame(
        {"node": np.arange(len(lonlat)), "lon": lonlat[:, 0], "lat": lonlat[:, 1], "part": part}
    )
    long = edges.join(nodes.select(a="node", part="part"), on="a").group_by("part")
    parts = (
        nodes.group_by("part")
        .agg(pl.first("lon", "lat"), pl.first("node"))
        .join(long.agg(pl.col("km").sum()), on="part", how="left")
        .with_columns(pl.col("km").fill_null(0.0))
        .sort("km", "node", descending=[True, False])
        .with_columns(number=pl.int_range(pl.len(), dtype=pl.Int64))
    )
    numbered = nodes.join(parts.select("part", "number"), on="part", maintain_order="left")
    return Lines(
        numbered.select("node", "lon", "lat", part="number"),
        edges,
        parts.select("km", "lon", "lat", part="number").select("part", "km", "lon", "lat"),
    )
