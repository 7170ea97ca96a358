"""Divide a line of pieces into k runs of the least cost, exactly.

A run [i, j) of pieces costs, in hours a week, (load - mean)^2 / mean, a price for each border
within it, and a price for each of its kilometres that today's section, whose name it keeps, does
not have. Each of today's stretches gives its name to one run at most. So the state at a place
within such a stretch also says whether the name is used already (1) or not (0).
"""

from bisect import bisect_left
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
    ``inside_begin`` tell the ends of the one that it lies strictly within, ``begins_to`` the end
    of the one that begins here, ``ends_from`` the beginning of the one that ends here (each -1
    for none, an end beyond the line where the line ends within). Where pieces come twice, lap by
    lap, ``again`` is where the stretch about a place begins on the next lap (beyond the line
    where it does not). A run's load is held against ``target``, in units of ``mean``.
    """

    load: Floats
    moved: Floats
    low: Ints
    border: Floats
    inside_end: Ints
    inside_begin: Ints
    begins_to: Ints
    ends_from: Ints
    again: Ints
    target: float
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
        mean: float,
        price: float,
        lap: int | None = None,
    ) -> "Line":
        """Lay out pieces.

        ``load, km, stretch`` (today's, -1 for none; each is contiguous) are per piece. On a ring
        that is gone round more than once ``lap`` is its number of pieces: the first stretch and
        the last may go on beyond the line.
        """
        n = len(load)
        inside_end, inside_begin, begins_to, ends_from = np.full((4, n + 1), -1)
        again = np.full(n + 1, n + 1)
        edge = np.flatnonzero(np.diff(stretch, prepend=-2)).tolist()
        for a, b in zip(edge, [*edge[1:], n], strict=True):
            if stretch[a] < 0 or price == 0.0:
                continue
            first = lap is not None and a == 0 and stretch[lap - 1] == stretch[0]
            last = lap is not None and b == n and stretch[n % lap] == stretch[a]
            inside_end[a + (not first) : b + last] = n + 1 if last else b
            inside_begin[a + (not first) : b + last] = -1 if first else a
            if not first and not last:
                begins_to[a], ends_from[b] = b, a
            if lap is not None and b < n:
                later = edge[bisect_left(edge, b) :]
                own = (x for x in later if stretch[x] == stretch[a])
                again[a + (not first) : b] = next(own, n + 1)
        loads, moved = (np.concatenate([[0.0], np.cumsum(x)]) for x in (load, km * price))
        return cls(
            loads, moved, low, border, inside_end, inside_begin, begins_to, ends_from, again,
            mean, mean,
        )  # fmt: skip

    def between(self, first: int, last: int) -> "Line":
        """Return the line from a place up to another."""
        cut = slice(first, last + 1)
        low, begin, begun = (
            np.maximum(x[cut] - first, least)
            for x, least in ((self.low, 0), (self.inside_begin, -1), (self.ends_from, -1))
        )
        end, begins_to, again = (
            np.where(x[cut] < 0, -1, x[cut] - first)
            for x in (self.inside_end, self.begins_to, self.again)
        )
        return Line(
            self.load[cut], self.moved[cut], low, self.border[cut], end, begin, begins_to, begun,
            again, self.target, self.mean,
        )  # fmt: skip


class Runs(NamedTuple):
    """Places where runs begin and end (k + 1 of them), the cost of all, and the multiplier."""

    at: Ints
    cost: float
    price: float = 0.0


class Arcs(NamedTuple):
    """Runs that may be part of a division, in the order of the places where they end.

    ``begin`` and ``end`` are places, ``way`` tells from which state to which (coded 2 from + to);
    those that end at place j are ``at[j]`` to ``at[j + 1]``.
    """

    at: Ints
    begin: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    way: npt.NDArray[np.int8]
    cost: Floats

    def where(self, keep: npt.NDArray[np.bool_]) -> "Arcs":
        """Return some of them."""
        end = self.end[keep]
        at = np.searchsorted(end, np.arange(len(self.at)))
        return Arcs(at, self.begin[keep], end, self.way[keep], self.cost[keep])


def solve(line: Line, k: int, *, ends: int = 1) -> Runs:
    """Return the division into k runs of the least cost.

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
    ends : int
        2 where the name of the stretch that the line ends within may be used, else 1.
    """
    n = len(line.load) - 1
    start, end = np.full((2, n + 1, 2), np.inf)
    start[0, 0] = end[n, 0] = end[n, ends - 1] = 0.0
    price, step, bound, chord = 0.0, 0.1 * line.mean, -np.inf, np.inf
    few: tuple[int, float] | None = None
    many: tuple[int, float] | None = None
    while True:
        before, parent = forward(line, start, price)
        runs = walk(before[..., None], parent[..., None], ends, 0)
        count = len(runs.at) - 1
        bound = max(bound, runs.cost - price * k)
        found = (count, runs.cost - price * count)
        if count == k:
            return Runs(runs.at, found[1], price)
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
    after = backward(line, end, price)
    slack = 0.02 * line.mean
    while True:
        reach = reach_of(bound + slack + price * k)
        arcs = Arcs(*arcs_of(line, price, before, after, reach))
        runs = walk(*counted(arcs, 0, n, 0, k, price, after, reach), ends, k)
        if runs.cost <= bound + slack:
            return runs._replace(price=price)
        slack *= 4.0


def fewest(low: Ints, first: int, last: int) -> int:
    """Return the least number of runs from a place up to another that keep the limits."""
    at, count = last, 0
    while at > first:
        at, count = int(low[at]), count + 1
    return count


def reach_of(limit: float) -> float:
    """Return a limit with room for what rounding adds."""
    return limit + 1e-9 * (1.0 + abs(limit))


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
def _head(moved: Floats, i: int, j: int, end: int, again: int) -> float:
    """Return what a run from i to j saves by the name of the stretch that it begins within.

    Going round a ring, a run may come back to that stretch.
    """
    if end < 0:
        return -1.0
    back = moved[j] - moved[again] if j > again else 0.0
    return float(moved[min(j, end)] - moved[i] + back)


@numba.njit(cache=True)
def _farthest(
    load: Floats, j: int, low: int, target: float, mean: float, least: Floats, cap: float
) -> int:
    """Return the first place, within the limits, whence a run up to j ends a way under ``cap``.

    ``least`` is the least cost of the ways to the places of each block.
    """
    for block in range(low // _BLOCK, (j - 1) // _BLOCK + 1):
        over = max(load[j] - load[min(block * _BLOCK + _BLOCK, j) - 1] - target, 0.0)
        if least[block] + over * over / mean < cap:
            return max(low, block * _BLOCK)
    return j


@numba.njit(cache=True)
def _latest(load: Floats, i: int, target: float, mean: float, least: Floats, cap: float) -> int:
    """Return the last place up to which a run from i can begin a way under ``cap``."""
    n = len(load) - 1
    for block in range(n // _BLOCK, (i + 1) // _BLOCK - 1, -1):
        over = max(load[max(block * _BLOCK, i + 1)] - load[i] - target, 0.0)
        if least[block] + over * over / mean < cap:
            return min(n, block * _BLOCK + _BLOCK - 1)
    return i


@numba.njit(cache=True)
def forward(line: Line, start: Floats, price: float) -> tuple[Floats, Ints]:
    """Return the least cost of a way to each place and state, and where its last run came from.

    Ways begin where ``start`` (n + 1, 2) is not infinite. A way costs ``price`` for each run
    beside. The origin is coded 2 place + state, -1 for none. A way to a used name may be missing
    where one to an unused name costs less.
    """
    (
        load, moved, low, border, inside_end, inside_begin, begins_to, _, again, target, mean,
    ) = line  # fmt: skip
    n = len(load) - 1
    best, parent = start.copy(), np.full((n + 1, 2), -1)
    least = np.full(n // _BLOCK + 1, np.inf)
    least[0] = min(best[0, 0], best[0, 1])
    for j in range(1, n + 1):
        whole, stop, wide = 0.0, low[j], False
        for i in range(j - 1, -1, -1):
            over = load[j] - load[i] - target
            if not wide and over > mean:
                wide = True
                stop = _farthest(load, j, low[j], target, mean, least, best[j, 0] - price)
            if i < stop:
                break
            if 0 <= begins_to[i] <= j:
                whole = max(whole, moved[begins_to[i]] - moved[i])
            cost = over * over / mean + border[j - 1] - border[i] + moved[j] - moved[i] + price
            end_i, begin = inside_end[i], inside_begin[j]
            head = _head(moved, i, j, end_i, again[i])
            tail = moved[j] - moved[begin] if begin >= i else -1.0
            c00, c01, c10, c11 = _options(cost, whole, head, tail, end_i - j)
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
def backward(line: Line, end: Floats, price: float) -> Floats:
    """Return the least cost of a way from each place and state to an end, as `forward`."""
    (
        load, moved, low, border, inside_end, inside_begin, _, ends_from, again, target, mean,
    ) = line  # fmt: skip
    n = len(load) - 1
    best = end.copy()
    least = np.full(n // _BLOCK + 1, np.inf)
    least[n // _BLOCK] = min(best[n, 0], best[n, 1])
    for i in range(n - 1, -1, -1):
        whole, stop, wide = 0.0, n, False
        for j in range(i + 1, n + 1):
            over = load[j] - load[i] - target
            if not wide and over > mean:
                wide = True
                stop = _latest(load, i, target, mean, least, best[i, 1] - price)
            if low[j] > i or j > stop:
                break
            if ends_from[j] >= i:
                whole = max(whole, moved[j] - moved[ends_from[j]])
            cost = over * over / mean + border[j - 1] - border[i] + moved[j] - moved[i] + price
            end_i, begin = inside_end[i], inside_begin[j]
            head = _head(moved, i, j, end_i, again[i])
            tail = moved[j] - moved[begin] if begin >= i else -1.0
            c00, c01, c10, c11 = _options(cost, whole, head, tail, end_i - j)
            best[i, 0] = min(best[i, 0], c00 + best[j, 0], c01 + best[j, 1])
            best[i, 1] = min(best[i, 1], c10 + best[j, 0], c11 + best[j, 1])
        least[i // _BLOCK] = min(least[i // _BLOCK], best[i, 0], best[i, 1])
    return best


@numba.njit(cache=True)
def arcs_of(
    line: Line, price: float, before: Floats, after: Floats, reach: float
) -> tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int8], Floats]:
    """Return the `Arcs` of ways that cost up to ``reach`` at a price a run.

    ``before`` and ``after`` bound the ways to and from each place.
    """
    (
        load, moved, low, border, inside_end, inside_begin, begins_to, _, again, target, mean,
    ) = line  # fmt: skip
    n = len(load) - 1
    at = np.zeros(n + 2, np.int64)
    size, count = 4 * n + 16, 0
    froms, tos = np.empty(size, np.int32), np.empty(size, np.int32)
    ways, costs = np.empty(size, np.int8), np.empty(size)
    least = np.full(n // _BLOCK + 1, np.inf)
    least[0] = min(before[0, 0], before[0, 1])
    for j in range(1, n + 1):
        at[j] = count
        # ``before`` may lack a used name's way: the cheaper one's bounds it.
        come = min(before[j, 0], before[j, 1])
        on = min(after[j, 0], after[j, 1])
        if come + on > reach:
            continue
        least[j // _BLOCK] = min(least[j // _BLOCK], come)
        whole = 0.0
        stop = _farthest(load, j, low[j], target, mean, least, reach - on - price)
        for i in range(j - 1, stop - 1, -1):
            if 0 <= begins_to[i] <= j:
                whole = max(whole, moved[begins_to[i]] - moved[i])
            over = load[j] - load[i] - target
            cost = over * over / mean + border[j - 1] - border[i] + moved[j] - moved[i]
            end_i, begin = inside_end[i], inside_begin[j]
            head = _head(moved, i, j, end_i, again[i])
            tail = moved[j] - moved[begin] if begin >= i else -1.0
            options = _options(cost, whole, head, tail, end_i - j)
            for code in range(4):
                u, v = code // 2, code % 2
                bound = before[i, 0] if u == 0 else min(before[i, 0], before[i, 1])
                if not bound + options[code] + price + after[j, v] <= reach:
                    continue
                if count == size:
                    size *= 2
                    froms = np.append(froms, np.empty(size - count, np.int32))
                    tos = np.append(tos, np.empty(size - count, np.int32))
                    ways = np.append(ways, np.empty(size - count, np.int8))
                    costs = np.append(costs, np.empty(size - count))
                froms[count], tos[count], ways[count] = i, j, code
                costs[count] = options[code]
                count += 1
    at[n + 1] = count
    return at, froms[:count], tos[:count], ways[:count], costs[:count]


@numba.njit(cache=True)
def counted(
    arcs: Arcs, first: int, last: int, used: int, k: int, price: float, after: Floats, reach: float
) -> tuple[Floats, Ints]:
    """Return `forward`'s answer from ``first`` to ``last`` by number of runs, over some runs.

    ``after`` bounds the ways onward, from ``first`` on; what cannot cost up to ``reach`` is left
    out.
    """
    n = last - first
    best, parent = np.full((n + 1, 2, k + 1), np.inf), np.full((n + 1, 2, k + 1), -1)
    best[0, used, 0] = 0.0
    few, many = np.full((n + 1, 2), k + 1), np.full((n + 1, 2), -1)
    few[0, used] = many[0, used] = 0
    for j in range(1, n + 1):
        for arc in range(arcs.at[first + j], arcs.at[first + j + 1]):
            i = arcs.begin[arc] - first
            if i < 0:
                continue
            u, v = arcs.way[arc] // 2, arcs.way[arc] % 2
            most = reach - after[j, v] - arcs.cost[arc]
            for s in range(few[i, u], min(many[i, u], k - 1) + 1):
                value = best[i, u, s]
                if value + price * (s + 1) > most:
                    continue
                value += arcs.cost[arc]
                if value < best[j, v, s + 1]:
                    best[j, v, s + 1] = value
                    parent[j, v, s + 1] = 2 * i + u
                    few[j, v] = min(few[j, v], s + 1)
                    many[j, v] = max(many[j, v], s + 1)
    return best, parent


def walk(best: Floats, parent: Ints, ends: int, k: int) -> Runs:
    """Return the best way back from the end, of k runs where ways are told by number."""
    at = len(best) - 1
    numbered = best.shape[2] > 1
    state = int(np.argmin(best[at, :ends, k]))
    cost = float(best[at, state, k])
    places = [at]
    while at > 0 and np.isfinite(cost):
        at, state = divmod(int(parent[at, state, k]), 2)
        places.append(at)
        k -= numbered
    return Runs(np.array(places[::-1]), cost)
