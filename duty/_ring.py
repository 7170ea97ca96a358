"""Divide a ring of pieces into k runs of the least cost, exactly: its best start is found."""

import math

import numba
import numpy as np

from duty._balance import (
    Arcs,
    Floats,
    Ints,
    Line,
    Runs,
    arcs_of,
    backward,
    counted,
    fewest,
    forward,
    reach_of,
    solve,
    walk,
)


def around(line: Line, lap: int, k: int, starts: int, *, ends: int = 1) -> Runs:
    """Return the best division of a ring into k runs, two or more.

    A division begins at one of the first ``starts`` places and ends a lap on. One is found from
    the first place that allows it. Then, over all starts at once, the best ways to and from each
    place, at one price a run, tell which runs can be part of a division that costs less; on those
    few runs each start is tried. A way from one start to another's end must not look cheap for
    being short: each run is charged what its load costs in the first division. Round the ring that
    adds up to a constant, and for one run it is a target of another size.

    Parameters
    ----------
    line : Line
        A lap and more pieces, as many as there are starts; no run is a lap long.
    lap, k, starts : int
        Pieces of the ring, runs, places that may hold the first cut.
    ends : int
        2 where one stretch goes all the way round, else 1.
    """
    opened = next(s for s in range(starts) if fewest(line.low, s, s + lap) <= k)
    best = solve(line.between(opened, opened + lap), k, ends=ends)
    best = best._replace(at=best.at + opened)
    load = float(line.load[lap])
    # The first piece is in a section with no more above the mean than the whole cost allows.
    most = line.mean + math.sqrt(best.cost * line.mean)
    starts = min(int(np.searchsorted(line.load, most * (1.0 + 1e-9), side="right")), starts)
    line = line.between(0, lap + starts)
    target = line.mean + (best.cost + best.price * k) / load * line.mean / 2.0
    target = max(target, 0.1 * line.mean)
    price = best.price + (line.mean**2 - target**2) / line.mean
    apart = (k * (target**2 - line.mean**2) - 2.0 * load * (target - line.mean)) / line.mean
    apart += price * k

    arcs = _within(line._replace(target=target), lap, starts, ends, price, best.cost + apart)
    over = (arcs.end > lap) & (arcs.begin <= lap)
    cuts = np.unique(arcs.end[over]).astype(np.int64) - lap
    named = cuts[line.inside_end[cuts] >= 0] if ends == 1 else cuts[:0]
    for used, begins in ((0, cuts), (1, named)):
        limit = best.cost + apart
        found = _best(arcs, lap, k, begins, used, max(ends, used + 1), price, limit)
        if found is not None:
            best = found._replace(cost=found.cost - apart)
    return best


def _within(line: Line, lap: int, starts: int, ends: int, price: float, limit: float) -> Arcs:
    """Return the runs of divisions up to a limit, from any of the first places to a lap on."""
    start, end = np.full((2, len(line.load), 2), np.inf)
    inside = np.flatnonzero(line.inside_end[:starts] >= 0)
    start[:starts, 0] = end[lap : lap + starts, 0] = end[inside + lap, 1] = 0.0
    if ends == 1:
        start[inside, 1] = 0.0
    before, after = forward(line, start, price)[0], backward(line, end, price)
    return Arcs(*arcs_of(line, price, before, after, reach_of(limit)))


def _best(
    arcs: Arcs, lap: int, k: int, begins: Ints, used: int, ends: int, price: float, limit: float
) -> Runs | None:
    """Return the best division, at a price a run, that begins at one of some places.

    It costs less than a limit; None where there is none.
    """
    n = len(arcs.at) - 2
    start, end = np.full((2, n + 1, 2), np.inf)
    start[begins, used] = 0.0
    end[begins + lap, :ends] = 0.0
    before, after = _ways(arcs, start, price), _onward(arcs, 0, end, price)
    came, goes = before[arcs.begin, arcs.way // 2], after[arcs.end, arcs.way % 2]
    arcs = arcs.where(came + arcs.cost + price + goes <= reach_of(limit))
    last = np.full((lap + 1, 2), np.inf)
    last[lap, :ends] = 0.0
    begins = begins[after[begins, used] < limit]
    bounds = np.array([_onward(arcs, first, last, price)[0, used] for first in begins.tolist()])
    best: Runs | None = None
    for row in np.argsort(bounds, kind="stable").tolist():
        limit -= 1e-9 * (1.0 + abs(limit))
        if bounds[row] >= limit:
            break
        first = int(begins[row])
        onward = _onward(arcs, first, last, price)
        found = walk(*counted(arcs, first, first + lap, used, k, price, onward, limit), ends, k)
        if found.cost + price * k < limit:
            limit = found.cost + price * k
            best = Runs(found.at + first, limit)
    return best


@numba.njit(cache=True)
def _ways(arcs: Arcs, start: Floats, price: float) -> Floats:
    """Return the least cost of a way to each place and state."""
    best = start.copy()
    for arc in range(len(arcs.begin)):
        j, u, v = arcs.end[arc], arcs.way[arc] // 2, arcs.way[arc] % 2
        best[j, v] = min(best[j, v], best[arcs.begin[arc], u] + arcs.cost[arc] + price)
    return best


@numba.njit(cache=True)
def _onward(arcs: Arcs, first: int, end: Floats, price: float) -> Floats:
    """Return the least cost of a way from each place and state to an end, from ``first`` on."""
    best = end.copy()
    for arc in range(arcs.at[first + len(end)] - 1, arcs.at[first + 1] - 1, -1):
        i, j = arcs.begin[arc] - first, arcs.end[arc] - first
        if i >= 0:
            u, v = arcs.way[arc] // 2, arcs.way[arc] % 2
            best[i, u] = min(best[i, u], arcs.cost[arc] + price + best[j, v])
    return best
