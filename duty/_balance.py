"""Divide a line of pieces into k runs of the least cost, exactly.

A run [i, j) of pieces costs, in hours a week, (load - mean)^2 / mean, a price for each border
within it, and a price for each of its kilometres that today's section, whose name it keeps, does
not have. Each of today's stretches gives its name to one run at most. So the state at a place
within such a stretch also says whether the name is used already (1) or not (0).
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


# Places are passed over in blocks whose best way cannot matter.
_BLOCK = 64


class Line(NamedTuple):
    """Pieces in walking order; n pieces have n + 1 places between and about them.

    ``load`` and ``moved`` (kilometres by their price) are sums up to each place, ``border`` the
    price of the borders up to and at it; ``low`` is the first place from which a run up to here
    keeps the limits (never falling). Of today's stretches, per place: ``inside_end`` and
    ``inside_begin`` tell the ends of the one that it lies strictly within (-1 where there is
    none, or beyond the line where a ring was opened within it), ``begins_to`` the end of the one
    that begins here, ``ends_from`` the beginning of the one that ends here (-1: none).
    """

    load: Floats
    moved: Floats
    low: Ints
    border: Floats
    inside_end: Ints
    inside_begin: Ints
    begins_to: Ints
    ends_from: Ints
    mean: float

    @classmethod
    def of(
        cls,
        load: Floats,
        km: Floats,
        *,
        low: Ints,
        border: Floats,
        stretch: Ints,
        opened: int,
        mean: float,
        price: float,
    ) -> "Line":
        """Lay out pieces.

        ``load, km, stretch`` (today's, -1 for none; each is contiguous) are per piece;
        ``opened`` is the stretch within which a ring was opened (-1: none): its two ends stand at
        the two ends of the line.
        """
        n = len(load)
        inside_end, inside_begin, begins_to, ends_from = np.full((4, n + 1), -1)
        edge = np.flatnonzero(np.diff(stretch, prepend=-2))
        for a, b in zip(edge.tolist(), [*edge[1:].tolist(), n], strict=True):
            if stretch[a] < 0 or price == 0.0:
                continue
            first, last = stretch[a] == opened and a == 0, stretch[a] == opened and b == n
            inside_end[a + (not first) : b + last] = n + 1 if last else b
            inside_begin[a + (not first) : b + last] = -1 if first else a
            if not first and not last:
                begins_to[a], ends_from[b] = b, a
        loads, moved = (np.concatenate([[0.0], np.cumsum(x)]) for x in (load, km * price))
        return cls(loads, moved, low, border, inside_end, inside_begin, begins_to, ends_from, mean)


class Runs(NamedTuple):
    """Places where runs begin and end (k + 1 of them), and the cost of all."""

    at: Ints
    cost: float


def solve(line: Line, k: int, *, used: int = 0, below: float = np.inf) -> Runs | None:
    """Return the division into k runs of the least cost, or None where none costs less.

    Runs beside k are priced by a multiplier first (Everett 1963, Operations Research 11): the
    best division at a price is the best of its number. The price moves along the lines through
    the divisions found, until one has k runs or none lies between. Then the best ways before and
    after each run tell which runs can be part of a division under some threshold, and those
    alone are searched with their number counted. The threshold rises until it holds a division:
    nothing cheaper was left out.

    Parameters
    ----------
    line : Line
        The pieces; k runs must be able to keep the limits.
    k : int
        How many runs, up to one per piece.
    used : int
        1 where the line begins within a stretch whose name the last run may keep (a ring).
    below : float
        What a division must cost less than.
    """
    price, step, bound, chord = 0.0, 0.1 * line.mean, -np.inf, np.inf
    few: tuple[int, float] | None = None
    many: tuple[int, float] | None = None
    while True:
        before, parent = _forward(line, used, price)
        runs = _walk(before[..., None], parent[..., None], used, 0)
        count = len(runs.at) - 1
        bound = max(bound, runs.cost - price * k)
        if bound >= below:
            return None
        found = (count, runs.cost - price * count)
        if count == k:
            return Runs(runs.at, found[1])
        if count < k:
            few = found
        else:
            many = found
        if few is None or many is None:
            price += step if few is None else -step
            step *= 8.0
            continue
        if runs.cost >= chord - 1e-9 * max(1.0, abs(chord)):
            break  # no number of runs lies under the line
        price = (few[1] - many[1]) / (many[0] - few[0])
        chord = few[1] + price * few[0]
    after = _backward(line, used, price)
    slack = 0.02 * line.mean
    while True:
        limit = min(bound + slack, below)
        runs = _walk(*_counted(line, k, used, price, before, after, limit), used, k)
        if runs.cost <= limit or limit >= below:
            return runs if runs.cost < below else None
        slack *= 4.0


def fewest(low: Ints) -> int:
    """Return the least number of runs that keep the limits."""
    at, count = len(low) - 1, 0
    while at > 0:
        at, count = int(low[at]), count + 1
    return count


@numba.njit(cache=True)
def lows(sums: Floats, within: Floats, most: Floats, low: Ints) -> None:
    """Raise ``low`` to what the limits allow.

    ``sums[:, a]`` adds up along the places, ``within[:, a]`` what counts only at places inside a
    run; a run over ``most[a]`` of any a is not allowed, but one piece always is.
    """
    for a in range(len(most)):
        i = 0
        for j in range(1, len(low)):
            while i < j - 1 and (
                sums[j, a] - sums[i, a] + within[j - 1, a] - within[i, a] > most[a] * (1.0 + 1e-12)
            ):
                i += 1
            low[j] = max(low[j], i)


@numba.njit(cache=True)
def _options(
    cost: float, whole: float, head: float, tail: float, beyond: int
) -> tuple[float, float, float, float]:
    """Return what a run costs from state to state: 0-0, 0-1, 1-0, 1-1, a name kept or not.

    ``cost`` is that of a run that keeps none; from it goes what keeping saves: the name of the
    longest stretch that lies wholly within, of the one that it begins within (only if unused), of
    the one that it ends within; -1 for none. ``beyond`` is above 0 where it lies within one: a
    used name stays used then.
    """
    if beyond > 0:
        return cost, cost - head, np.inf, cost
    plain = cost - whole
    to_used = cost - tail if tail >= 0.0 else np.inf
    return (min(plain, cost - head) if head >= 0.0 else plain), to_used, plain, to_used


@numba.njit(cache=True)
def _farthest(load: Floats, j: int, low: int, mean: float, least: Floats, cap: float) -> int:
    """Return the first place, from ``low`` on, whence a run up to j ends a way under ``cap``.

    ``least`` is the least cost of the ways to the places of each block.
    """
    for block in range(low // _BLOCK, (j - 1) // _BLOCK + 1):
        over = max(load[j] - load[min(block * _BLOCK + _BLOCK, j) - 1] - mean, 0.0)
        if least[block] + over * over / mean < cap:
            return max(low, block * _BLOCK)
    return j


@numba.njit(cache=True)
def _latest(load: Floats, i: int, mean: float, least: Floats, cap: float) -> int:
    """Return the last place up to which a run from i can begin a way under ``cap``."""
    n = len(load) - 1
    for block in range(n // _BLOCK, (i + 1) // _BLOCK - 1, -1):
        over = max(load[max(block * _BLOCK, i + 1)] - load[i] - mean, 0.0)
        if least[block] + over * over / mean < cap:
            return min(n, block * _BLOCK + _BLOCK - 1)
    return i


@numba.njit(cache=True)
def _forward(line: Line, used: int, price: float) -> tuple[Floats, Ints]:
    """Return the least cost of a way to each place and state, and where its last run came from.

    A way costs ``price`` for each run beside. The origin is coded 2 place + state, -1 for none.
    A way to a used name may be missing where one to an unused name costs less.
    """
    load, moved, low, border, inside_end, inside_begin, begins_to, _, mean = line
    n = len(load) - 1
    best, parent = np.full((n + 1, 2), np.inf), np.full((n + 1, 2), -1)
    least = np.full(n // _BLOCK + 1, np.inf)
    best[0, used] = 0.0
    least[0] = 0.0
    for j in range(1, n + 1):
        whole, stop, wide = 0.0, low[j], False
        for i in range(j - 1, -1, -1):
            over = load[j] - load[i] - mean
            if not wide and over > mean:
                wide = True
                stop = _farthest(load, j, low[j], mean, least, best[j, 0] - price)
            if i < stop:
                break
            if 0 <= begins_to[i] <= j:
                whole = max(whole, moved[begins_to[i]] - moved[i])
            cost = over * over / mean + border[j - 1] - border[i] + moved[j] - moved[i] + price
            end, begin = inside_end[i], inside_begin[j]
            head = moved[min(j, end)] - moved[i] if end >= 0 else -1.0
            tail = moved[j] - moved[begin] if begin >= i else -1.0
            c00, c01, c10, c11 = _options(cost, whole, head, tail, end - j)
            if best[i, 0] + c00 < best[j, 0]:
                best[j, 0], parent[j, 0] = best[i, 0] + c00, 2 * i
            if best[i, 0] + c01 < best[j, 1]:
                best[j, 1], parent[j, 1] = best[i, 0] + c01, 2 * i
            if best[i, 1] + c10 < best[j, 0]:
                best[j, 0], parent[j, 0] = best[i, 1] + c10, 2 * i + 1
            if best[i, 1] + c11 < best[j, 1]:
                best[j, 1], parent[j, 1] = best[i, 1] + c11, 2 * i + 1
        least[j // _BLOCK] = min(least[j // _BLOCK], best[j, 0], best[j, 1])
    return best, parent


@numba.njit(cache=True)
def _backward(line: Line, used: int, price: float) -> Floats:
    """Return the least cost of a way from each place and state to the end, as `_forward`."""
    load, moved, low, border, inside_end, inside_begin, _, ends_from, mean = line
    n = len(load) - 1
    best = np.full((n + 1, 2), np.inf)
    least = np.full(n // _BLOCK + 1, np.inf)
    best[n, : used + 1] = 0.0
    least[n // _BLOCK] = 0.0
    for i in range(n - 1, -1, -1):
        whole, stop, wide = 0.0, n, False
        for j in range(i + 1, n + 1):
            over = load[j] - load[i] - mean
            if not wide and over > mean:
                wide = True
                stop = _latest(load, i, mean, least, best[i, 1] - price)
            if low[j] > i or j > stop:
                break
            if ends_from[j] >= i:
                whole = max(whole, moved[j] - moved[ends_from[j]])
            cost = over * over / mean + border[j - 1] - border[i] + moved[j] - moved[i] + price
            end, begin = inside_end[i], inside_begin[j]
            head = moved[min(j, end)] - moved[i] if end >= 0 else -1.0
            tail = moved[j] - moved[begin] if begin >= i else -1.0
            c00, c01, c10, c11 = _options(cost, whole, head, tail, end - j)
            best[i, 0] = min(best[i, 0], c00 + best[j, 0], c01 + best[j, 1])
            best[i, 1] = min(best[i, 1], c10 + best[j, 0], c11 + best[j, 1])
        least[i // _BLOCK] = min(least[i // _BLOCK], best[i, 0], best[i, 1])
    return best


@numba.njit(cache=True)
def _counted(
    line: Line, k: int, used: int, price: float, before: Floats, after: Floats, limit: float
) -> tuple[Floats, Ints]:
    """Return `_forward`'s answer by number of runs, over runs of ways that cost up to ``limit``.

    ``before`` and ``after`` bound, at ``price`` a run, the ways to and from each place.
    """
    load, moved, low, border, inside_end, inside_begin, begins_to, _, mean = line
    n = len(load) - 1
    best, parent = np.full((n + 1, 2, k + 1), np.inf), np.full((n + 1, 2, k + 1), -1)
    reach = limit + price * k + 1e-9 * (1.0 + abs(limit))
    least = np.full(n // _BLOCK + 1, np.inf)
    best[0, used, 0] = 0.0
    least[0] = 0.0
    for j in range(1, n + 1):
        # ``before`` may lack a used name's way: the cheaper one's bounds it.
        come = min(before[j, 0], before[j, 1])
        on = min(after[j, 0], after[j, 1])
        if come + on > reach:
            continue
        least[j // _BLOCK] = min(least[j // _BLOCK], come)
        whole = 0.0
        stop = _farthest(load, j, low[j], mean, least, reach - on - price)
        for i in range(j - 1, stop - 1, -1):
            if 0 <= begins_to[i] <= j:
                whole = max(whole, moved[begins_to[i]] - moved[i])
            over = load[j] - load[i] - mean
            cost = over * over / mean + border[j - 1] - border[i] + moved[j] - moved[i]
            end, begin = inside_end[i], inside_begin[j]
            head = moved[min(j, end)] - moved[i] if end >= 0 else -1.0
            tail = moved[j] - moved[begin] if begin >= i else -1.0
            options = _options(cost, whole, head, tail, end - j)
            for way in range(4):
                u, v = way // 2, way % 2
                bound = before[i, 0] if u == 0 else min(before[i, 0], before[i, 1])
                if not bound + options[way] + price + after[j, v] <= reach:
                    continue
                for s in range(k):
                    value = best[i, u, s] + options[way]
                    if value < best[j, v, s + 1]:
                        best[j, v, s + 1] = value
                        parent[j, v, s + 1] = 2 * i + u
    return best, parent


def _walk(best: Floats, parent: Ints, used: int, k: int) -> Runs:
    """Return the best way back from the end, of k runs where ways are told by number."""
    at = len(best) - 1
    counted = best.shape[2] > 1
    state = int(np.argmin(best[at, : used + 1, k]))
    cost = float(best[at, state, k])
    places = [at]
    while at > 0 and np.isfinite(cost):
        at, state = divmod(int(parent[at, state, k]), 2)
        places.append(at)
        k -= counted
    return Runs(np.array(places[::-1]), cost)
