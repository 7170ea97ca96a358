"""Turns of vessels under way: back again, and to alternating hands."""

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Floats, Ints
from ais._plane import KNOT, bearing, metres

MINUTE_MS = 60_000
_SLOWEST = 0.7
"""A step may be slower than asked by this much where the leg as a whole is not: noise, a wave."""
_STILL_MPS = 0.5
_TOLD_NOISE = 0.3 * KNOT
_LEG_DEG = 20.0
"""What keeps within this of the farthest course of a swing is still the leg before the turn."""


@numba.njit(cache=True, nogil=True)
def thinned(track: Array, t: Array, span_ms: int) -> Ints:
    """Return the rows nearest the middle of each span of time (a minute, say) of each track.

    One that is less than half a span after the one before is left out. Which rows these are
    depends on the span before alone.
    """
    n = t.shape[0]
    out = np.empty(n, np.int64)
    found = 0
    previous = -1
    i = 0
    while i < n:
        span = t[i] // span_ms
        middle = span * span_ms + span_ms // 2
        best = i
        j = i
        while j < n and track[j] == track[i] and t[j] // span_ms == span:
            if abs(t[j] - middle) < abs(t[best] - middle):
                best = j
            j += 1
        close = previous >= 0 and track[previous] == track[best]
        if not close or 2 * (t[best] - t[previous]) >= span_ms:
            out[found] = best
            found += 1
        previous = best
        i = j
    return out[:found].copy()


@numba.njit(cache=True, nogil=True)
def courses(
    track: Array, t: Array, lon: Array, lat: Array, row: Ints, step_ms: int
) -> tuple[Floats, Floats]:
    """Return speed in m/s and course made good up to each of these rows, NaN over longer steps."""
    m = row.shape[0]
    speed, course = np.full(m, np.nan), np.full(m, np.nan)
    for k in range(1, m):
        a, b = row[k - 1], row[k]
        if track[a] == track[b] and 0 < t[b] - t[a] <= step_ms:
            speed[k] = metres(lon[a], lat[a], lon[b], lat[b]) / ((t[b] - t[a]) / 1000.0)
            course[k] = bearing(lon[a], lat[a], lon[b], lat[b])
    return speed, course


@numba.njit(cache=True, nogil=True)
def _apart(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


@numba.njit(cache=True, nogil=True)
def _leg(
    t: Array,
    lon: Array,
    lat: Array,
    row: Ints,
    speed: Floats,
    course: Floats,
    k: int,
    way: int,
    least: float,
    steady: float,
    long_ms: int,
) -> tuple[int, float]:
    """Return where a steady leg from k ends, and its course; ``way`` -1 is backwards from k.

    -1 if there is none that is long enough.
    """
    m = row.shape[0]
    j = k
    while abs(t[row[j]] - t[row[k]]) < long_ms:
        step = j + 1 if way > 0 else j
        if step >= m or not speed[step] >= _SLOWEST * least:
            return -1, np.nan
        j += way
    a, b = min(j, k), max(j, k)
    took = (t[row[b]] - t[row[a]]) / 1000.0
    if metres(lon[row[a]], lat[row[a]], lon[row[b]], lat[row[b]]) < least * took:
        return -1, np.nan
    along = bearing(lon[row[a]], lat[row[a]], lon[row[b]], lat[row[b]])
    for step in range(a + 1, b + 1):
        if _apart(course[step], along) > steady:
            return -1, np.nan
    return j, along


@numba.njit(cache=True, nogil=True)
def _stopped(
    sog: NDArray[np.float32], row: Ints, speed: Floats, i: int, j: int, least: float
) -> bool:
    """Return whether a vessel stopped between i and j: told so, or hardly moved for two steps."""
    told = False
    for r in range(row[i], row[j] + 1):
        if not np.isnan(sog[r]):
            told = True
            if sog[r] * KNOT < least:
                return True
    if told:
        return False
    still = 0
    for k in range(i + 1, j + 1):
        still += speed[k] < _STILL_MPS
    return still > 1


@numba.njit(cache=True, nogil=True)
def _known_from(t: Array, row: Ints, k: int) -> tuple[float, float]:
    """Return from when to when the course of step k is that of the vessel.

    That of a minute is what she steers in its middle; over longer she may go straight to its end.
    """
    took = np.float64(t[row[k]] - t[row[k - 1]])
    spare = min(0.5 * took, max(MINUTE_MS - 0.5 * took, 0.0))
    return t[row[k - 1]] + spare, t[row[k]] - spare


@numba.njit(cache=True, nogil=True)
def _until_back(
    t: Array,
    row: Ints,
    speed: Floats,
    course: Floats,
    steps: tuple[int, int],
    slowest: float,
    back: float,
) -> float:
    """Return the time in ms from one step's course, on or back, to one that is ``back`` off it.

    Between two known courses it turns evenly. Steps that are slow show no course: there the way
    doubles back on itself.
    """
    a, end = steps
    way = 1 if end > a else -1
    # Of what step k shows, which end is nearer to a, and which farther.
    near, far = (0, 1) if way > 0 else (1, 0)
    before, turned = a, 0.0
    for b in range(a + way, end + way, way):
        if not speed[b] >= slowest:
            continue
        more = _apart(course[b], course[a])
        if more >= back:
            since = _known_from(t, row, before)[far]
            until = _known_from(t, row, b)[near]
            part = (back - turned) / (more - turned)
            return abs(since + part * (until - since) - _known_from(t, row, a)[far])
        before, turned = b, more
    return np.inf


@numba.njit(cache=True, nogil=True)
def _soonest(
    t: Array,
    row: Ints,
    speed: Floats,
    course: Floats,
    i: int,
    j: int,
    slowest: float,
    back: float,
    turn_ms: int,
) -> float:
    """Return the least time in ms in which the course goes by ``back`` about rows i to j."""
    lo = i
    while lo > 1 and t[row[i]] - t[row[lo - 1]] <= turn_ms and speed[lo - 1] >= slowest:
        lo -= 1
    hi = j + 1
    while hi + 1 < row.shape[0] and t[row[hi]] - t[row[j]] <= turn_ms and speed[hi + 1] >= slowest:
        hi += 1
    best = np.inf
    for k in range(lo, hi + 1):
        if not speed[k] >= slowest:
            continue
        for end in (lo, hi):
            if end != k:
                took = _until_back(t, row, speed, course, (k, end), slowest, back)
                best = min(best, took)
    return best


@numba.njit(cache=True, nogil=True)
def reversals(
    t: Array,
    lon: Array,
    lat: Array,
    sog: NDArray[np.float32],
    row: Ints,
    speed: Floats,
    course: Floats,
    least: float,
    back: float,
    turn_ms: int,
    steady: float,
    steady_ms: int,
) -> tuple[Ints, Floats]:
    """Return of each turn back: rows (leg, its end, next leg, its end), and by how much it turned.

    Of the pairs of legs that fit, the one whose first leg lasts longest is taken.
    """
    m = row.shape[0]
    at = np.empty((m, 4), np.int64)
    turned = np.empty(m)
    slowest = _SLOWEST * least
    found = 0
    i = 1
    while i < m - 1:
        hit = False
        j = i
        while speed[i] >= slowest and j + 1 < m and t[row[j]] - t[row[i]] <= turn_ms:
            if np.isnan(speed[j]):
                break
            likely = speed[j + 1] >= slowest and _apart(course[j + 1], course[i]) >= back
            if likely:
                a, before = _leg(t, lon, lat, row, speed, course, i, -1, least, steady, steady_ms)
                if a < 0:
                    break
                b, after = _leg(t, lon, lat, row, speed, course, j, 1, least, steady, steady_ms)
                if (
                    b >= 0
                    and _apart(before, after) >= back
                    and not _stopped(sog, row, speed, i, j, least - _TOLD_NOISE)
                    and _soonest(t, row, speed, course, i, j, slowest, back, turn_ms) <= turn_ms
                ):
                    at[found, 0], at[found, 1] = row[a], row[i]
                    at[found, 2], at[found, 3] = row[j], row[b]
                    turned[found] = _apart(before, after)
                    hit = True
                    break
            j += 1
        if hit and found > 0 and at[found, 1] <= at[found - 1, 2]:
            # The same turn, from a later end of its first leg.
            at[found - 1] = at[found]
            turned[found - 1] = turned[found]
        elif hit:
            found += 1
        i += 1
    return at[:found].copy(), turned[:found].copy()


@numba.njit(cache=True, nogil=True)
def zigzags(  # noqa: C901
    t: Array,
    row: Ints,
    speed: Floats,
    course: Floats,
    least: float,
    turns: int,
    turn_deg: float,
    turn_ms: int,
    within_ms: int,
    lapse_ms: int,
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return of each zigzag: first row, last row, turns, and the least of them in degrees.

    Turns are swings of the course between extremes, as of a line of rain flow; a bend that takes
    longer than ``turn_ms`` is no turn, and what is under way too slowly for ``lapse_ms`` ends all.
    """
    m = row.shape[0]
    first, last = np.empty(m, np.int64), np.empty(m, np.int64)
    count, smallest = np.empty(m, np.int64), np.empty(m)
    found = 0
    begun, size = np.empty(m, np.int64), np.empty(m)
    n = 0
    fresh = 0
    open_ = False
    seen = -1
    hand = 0
    heading = 0.0
    top = 0.0
    top_row = 0
    low = 0.0
    low_row = 0
    base = 0.0
    least_done = np.inf
    for k in range(1, m):
        # Halfway through a sharp turn a single step gains little: it is no stop.
        slow = k - 1 if speed[k] >= least else k
        if seen >= 0:
            lost = t[row[slow]] - t[row[seen]]
            if lost > (turn_ms if slow - seen == 1 else lapse_ms) or np.isnan(speed[k]):
                seen = -1
        if not speed[k] >= least:
            continue
        if seen < 0:
            n = 0
            hand = 0
            open_ = False
            heading, top, low = 0.0, 0.0, 0.0
            top_row, low_row = k, k
            seen = k
            continue
        # Thousandths add up to the same, whatever was before.
        heading += np.round(((course[k] - course[seen] + 180.0) % 360.0 - 180.0) * 1024.0) / 1024.0
        seen = k
        start = -1
        if hand >= 0 and top - heading >= turn_deg:
            start, base = top_row, top
            hand = -1
            low, low_row = heading, k
        elif hand <= 0 and heading - low >= turn_deg:
            start, base = low_row, low
            hand = 1
            top, top_row = heading, k
        if start >= 0:
            if t[row[k - 1]] - t[row[start]] > turn_ms:
                n = 0
                fresh = 0
                open_ = False
            else:
                begun[n], size[n] = start, 0.0
                n += 1
                if n >= turns and t[row[k]] - t[row[begun[n - turns]]] <= within_ms:
                    if not open_:
                        fresh = n - turns
                        first[found] = row[begun[fresh]]
                        found += 1
                        open_ = True
                        least_done = size[fresh : n - 1].min() if turns > 1 else np.inf
                    else:
                        least_done = min(least_done, size[n - 2])
                    last[found - 1] = row[k]
                    count[found - 1] = n - fresh
                elif open_:
                    open_ = False
                    # Turns of one zigzag are none of the next.
                    begun[0], size[0] = start, 0.0
                    n = 1
        if heading > top:
            top = heading
        if heading < low:
            low = heading
        if heading >= top - _LEG_DEG:
            top_row = k
        if heading <= low + _LEG_DEG:
            low_row = k
        if n > 0:
            size[n - 1] = max(size[n - 1], top - base if hand > 0 else base - low)
        if open_:
            smallest[found - 1] = min(least_done, size[n - 1])
    return first[:found].copy(), last[:found].copy(), count[:found].copy(), smallest[:found].copy()
