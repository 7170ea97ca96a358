"""Choose pairs, each party at most once, with the greatest sum of gains."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from ais._arrays import Bools, Floats, Ints

_DENSE = 4_000_000


def best_pairs(row: Ints, column: Ints, gain: Floats) -> Bools:
    """Choose pairs, each row and column at most once, with the greatest sum of gains.

    Gains are 0 or more; every pair is there once. Of equal choices the one earlier in the given
    order is taken where a row or column stands alone.
    """
    chosen = np.zeros(len(row), np.bool_)
    if not len(row):
        return chosen
    _, r = np.unique(row, return_inverse=True)
    _, c = np.unique(column, return_inverse=True)
    rows, columns = int(r.max()) + 1, int(c.max()) + 1
    graph = coo_array((np.ones(len(r), np.int8), (r, rows + c)), shape=(rows + columns,) * 2)
    _, label = connected_components(graph, directed=False)
    part = label[r]
    count_r = np.bincount(label[:rows], minlength=label.max() + 1)
    count_c = np.bincount(label[rows:], minlength=label.max() + 1)
    order = np.lexsort((np.arange(len(r)), -gain, part))
    star = ((count_r == 1) | (count_c == 1))[part[order]]
    head = np.diff(part[order], prepend=-1) != 0
    chosen[order[star & head]] = True
    knots = np.sort(order[~star])
    knots = knots[np.argsort(part[knots], kind="stable")]
    for knot in np.split(knots, np.flatnonzero(np.diff(part[knots])) + 1):
        if len(knot):
            chosen[knot[_solved(r[knot], c[knot], gain[knot])]] = True
    return chosen


def _solved(row: Ints, column: Ints, gain: Floats) -> Ints:
    """Return which pairs of one knot of rows and columns make the greatest sum."""
    _, r = np.unique(row, return_inverse=True)
    _, c = np.unique(column, return_inverse=True)
    m, n = int(r.max()) + 1, int(c.max()) + 1
    if m * n <= _DENSE:
        table = np.zeros((m, n))
        table[r, c] = gain
        x, y = linear_sum_assignment(table, maximize=True)
    else:
        # Each row has a column of its own, in which it stays without a partner.
        most = float(gain.max()) + 1.0
        cost = coo_array(
            (np.append(most - gain, np.full(m, most)), (np.append(r, np.arange(m)),
             np.append(c, n + np.arange(m)))), shape=(m, n + m),
        ).tocsr()  # fmt: skip
        x, y = min_weight_full_bipartite_matching(cost)
    partner = np.full(m, -1, np.int64)
    partner[x] = y
    return np.flatnonzero(partner[r] == c)
