"""The way by boat to the islands that hang on a shore, shared out among them."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from scipy.spatial import Delaunay, QhullError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_TOUCHING = 1e-9  # minutes; a sparse graph takes 0 for no edge


def neighbours(lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
    """Return the pairs of places (degrees) that the Delaunay triangulation joins.

    It holds the shortest tree of the places (Shamos & Hoey 1975). Places on one line are joined
    each to the next.
    """
    turned = (lon - lon[:1] + 180.0) % 360.0 - 180.0
    at = np.column_stack([turned * np.cos(np.radians(lat.mean() if len(lat) else 0.0)), lat])
    order = np.lexsort((at[:, 1], at[:, 0]))
    if len(at) < 4:
        return order[:-1], order[1:]
    try:
        begin, near = Delaunay(at).vertex_neighbor_vertices
    except QhullError:
        return order[:-1], order[1:]
    a = np.repeat(np.arange(len(at)), np.diff(begin))
    once = a < near
    return a[once], np.asarray(near[once], np.int64)


def shared(first: Floats, a: Ints, b: Ints, ways: Floats) -> Floats:
    """Return for each island the length of the tree's edge by which it is reached.

    The tree is the shortest that joins all islands to the shore and to each other.

    Parameters
    ----------
    first : shape (n,), the way of each island from the shore.
    a, b, ways : shape (m,), islands that are neighbours, and the way between; pairs may repeat.
    """
    n = len(first)
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((ways, high, low))
    low, high, ways = low[order], high[order], ways[order]
    best = np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0))[: len(ways)]
    rows = np.concatenate([np.zeros(n, np.int64), low[best] + 1])
    columns = np.concatenate([np.arange(n) + 1, high[best] + 1])
    length = np.maximum(np.concatenate([first, ways[best]]), _TOUCHING)
    tree = minimum_spanning_tree(coo_array((length, (rows, columns)), shape=(n + 1, n + 1)))
    whole = (tree + tree.T).tocsr()
    _, parent = breadth_first_order(whole, 0, directed=False)
    island = np.arange(1, n + 1)
    return np.asarray(whole[island, parent[island]], np.float64).reshape(-1)
