"""Where vessels were when a sensor saw something: kernels of ``ais.matching``."""

import math
from typing import NamedTuple

import numba
import numpy as np

from ais._arrays import Array, Floats, Ints
from ais._plane import KNOT, METRES_PER_DEGREE, metres

BIN_MS = 60_000
_NINE_IN_TEN = 2.0 * math.log(10.0)
"""Nine in ten of two-dimensional errors have a square below this, in standard deviations."""
_FAIR = 2.0 * math.log(20.0)
_COLUMNS = 1 << 21
_ROWS = 1 << 20


class Heard(NamedTuple):
    """AIS positions as arrays, voyage by voyage in time order; a voyage is one track of one hull.

    ``starts`` has where each voyage's rows begin, and the end of the last. ``length`` (metres, NaN
    unknown) and ``group`` (what kind of ship, a bit's number in a detection's ``mask``) are a
    voyage's.
    """

    t: Ints
    lon: Floats
    lat: Floats
    sog: Floats
    cog: Floats
    starts: Ints
    length: Floats
    group: Ints


class Seen(NamedTuple):
    """Detections as arrays. ``mask`` has a bit for each group of ships that it may be."""

    t: Ints
    lon: Floats
    lat: Floats
    error: Floats
    length: Floats
    mask: Ints


class Limits(NamedTuple):
    """The gates as kernels take them: metres, metres a second, seconds, milliseconds."""

    sigmas: float
    position_m: float
    antenna_share: float
    interpolate_ms: int
    reckon_ms: int
    unsteady_mps: float
    unsteady_share: float
    unknown_mps: float
    clock_s: float
    length_ratio: float
    length_cost: float
    class_cost: float
    near_m: float


@numba.njit(cache=True, nogil=True)
def _turned(h: Heard, i: int) -> float:
    """Return half of the change of velocity from position ``i`` to the next, m/s; 0 if not told.

    By so much, times the seconds from a position, a vessel that goes over evenly from the one
    speed and course to the other is off the straight way.
    """
    east, north = 0.0, 0.0
    for k, sign in ((i, -0.5), (i + 1, 0.5)):
        if math.isnan(h.sog[k]) or (h.sog[k] > 0 and math.isnan(h.cog[k])):
            return 0.0
        if h.sog[k] > 0:
            east += sign * h.sog[k] * KNOT * math.sin(math.radians(h.cog[k]))
            north += sign * h.sog[k] * KNOT * math.cos(math.radians(h.cog[k]))
    return math.hypot(east, north)


@numba.njit(cache=True, nogil=True)
def _placed(h: Heard, i: int, a: int, b: int, tm: int, g: Limits) -> tuple[float, ...]:
    """Return lon, lat at a time whose last position before is ``i``; seconds off, speed, unsteady.

    Of a voyage with rows ``a`` to ``b``. Seconds are -1 where it was not heard about then;
    ``unsteady`` is by how many metres a second it may have changed its way.
    """
    before, after = i >= a, i + 1 < b
    if before and after and h.t[i + 1] - h.t[i] <= g.interpolate_ms:
        whole = h.t[i + 1] - h.t[i]
        share = (tm - h.t[i]) / whole
        dx = (h.lon[i + 1] - h.lon[i] + 180.0) % 360.0 - 180.0
        speed = metres(h.lon[i], h.lat[i], h.lon[i + 1], h.lat[i + 1]) / (whole / 1000.0)
        seconds = share * (1.0 - share) * whole / 1000.0
        lat = h.lat[i] + share * (h.lat[i + 1] - h.lat[i])
        unsteady = max(g.unsteady_mps, g.unsteady_share * speed, _turned(h, i))
        return h.lon[i] + share * dx, lat, seconds, speed, unsteady
    k = -1
    if before and tm - h.t[i] <= g.reckon_ms:
        k = i
    if after and h.t[i + 1] - tm <= g.reckon_ms and (k < 0 or h.t[i + 1] - tm < tm - h.t[i]):
        k = i + 1
    if k < 0:
        return 0.0, 0.0, -1.0, 0.0, 0.0
    seconds = (tm - h.t[k]) / 1000.0
    if math.isnan(h.sog[k]) or (h.sog[k] > 0 and math.isnan(h.cog[k])):
        return h.lon[k], h.lat[k], abs(seconds), 0.0, g.unknown_mps
    speed = h.sog[k] * KNOT
    course = 0.0 if h.sog[k] == 0 else math.radians(h.cog[k])
    lat = h.lat[k] + speed * math.cos(course) * seconds / METRES_PER_DEGREE
    east = METRES_PER_DEGREE * math.cos(math.radians(h.lat[k]))
    lon = h.lon[k] + speed * math.sin(course) * seconds / east
    return lon, lat, abs(seconds), speed, max(g.unsteady_mps, g.unsteady_share * speed)


@numba.njit(cache=True, nogil=True)
def _unlike(h: Heard, u: int, s: Seen, d: int, g: Limits) -> float:
    """Return what it costs that lengths and kinds of ship differ; nothing where unknown."""
    cost = 0.0
    if s.length[d] > 0 and h.length[u] > 0:
        times = math.log(s.length[d] / h.length[u]) / math.log(g.length_ratio)
        cost += min(times * times, g.length_cost)
    if not (s.mask[d] >> h.group[u]) & 1:
        cost += g.class_cost
    return cost


@numba.njit(cache=True, nogil=True)
def _compared(h: Heard, u: int, i: int, s: Seen, d: int, g: Limits) -> tuple[float, float, float]:
    """Return distance and cost of taking detection ``d`` for voyage ``u``; -1 where not heard.

    The cost is minus twice the log of how likely the distance is, beside that of a vessel whose
    place is known as well as its receiver tells it. Third comes the part of it that the distance
    has no share in: how little is known of the place.
    """
    lon, lat, seconds, speed, unsteady = _placed(h, i, h.starts[u], h.starts[u + 1], s.t[d], g)
    if seconds < 0:
        return -1.0, 0.0, 0.0
    m = metres(lon, lat, s.lon[d], s.lat[d])
    floor = math.hypot(g.position_m, s.error[d])
    antenna = g.antenna_share * h.length[u] if h.length[u] > 0 else 0.0
    way = math.hypot(unsteady * seconds, speed * g.clock_s)
    spread = math.sqrt(floor * floor + antenna * antenna + way * way)
    blur = 4.0 * math.log(spread / floor)
    return m, (m / spread) ** 2 + blur + _unlike(h, u, s, d, g), blur


@numba.njit(cache=True, nogil=True)
def _columns(row: int, cell_deg: float) -> int:
    """Return how many cells go round the Earth in a row: none narrower than it is high."""
    edge = max(abs(row * cell_deg - 90.0), abs((row + 1) * cell_deg - 90.0))
    return max(1, int(360.0 * math.cos(math.radians(min(edge, 89.9))) / cell_deg))


@numba.njit(cache=True, nogil=True)
def cells(lon: Floats, lat: Floats, bin_rank: Ints, cell_deg: float) -> Ints:
    """Return the key of each detection's cell: time bin, row, column."""
    out = np.empty(len(lon), np.int64)
    for d in range(len(lon)):
        row = math.floor((lat[d] + 90.0) / cell_deg)
        n = _columns(row, cell_deg)
        column = math.floor(((lon[d] + 180.0) % 360.0) / 360.0 * n) % n
        out[d] = (bin_rank[d] * _ROWS + row) * _COLUMNS + column
    return out


@numba.njit(cache=True, nogil=True)
def _grown(pairs: Array) -> Array:
    out = np.empty((2 * pairs.shape[0], pairs.shape[1]), pairs.dtype)
    out[: pairs.shape[0]] = pairs
    return out


@numba.njit(cache=True, nogil=True)
def candidates(  # noqa: C901
    h: Heard, s: Seen, key: Ints, bins: Ints, cell_deg: float, g: Limits
) -> tuple[Ints, Floats, Ints, Floats]:
    """Return pairs within the gates, and the nearest voyage of each detection.

    Parameters
    ----------
    s : sorted by ``key`` and time.
    key : cell of each detection; ``bins`` the time bins that the first part of it counts.

    Returns
    -------
    (detection, voyage) and (distance, cost) of each pair; voyage (-1 for none) and distance of
    the nearest within ``near_m``.
    """
    who = np.empty((1024, 2), np.int64)
    how = np.empty((1024, 2), np.float64)
    found = 0
    nearest = np.full(len(s.t), -1, np.int64)
    nearest_m = np.full(len(s.t), np.inf)
    around = g.near_m / METRES_PER_DEGREE
    best = g.sigmas * g.sigmas
    for u in range(len(h.starts) - 1):
        a, b = h.starts[u], h.starts[u + 1]
        for i in range(a - 1, b):
            begin = h.t[i] if i >= a else h.t[a] - g.reckon_ms
            end = h.t[i + 1] if i + 1 < b else h.t[b - 1] + g.reckon_ms + 1
            bridged = i >= a and i + 1 < b and end - begin <= g.interpolate_ms
            for part in range(1 if bridged or i < a or i + 1 >= b else 2):
                t0, t1 = begin, end
                if not bridged and i >= a and i + 1 < b:
                    middle = (begin + end) // 2
                    if part == 0:
                        t1 = min(begin + g.reckon_ms, middle) + 1
                    else:
                        t0 = max(end - g.reckon_ms, middle + 1)
                k = np.searchsorted(bins, t0 // BIN_MS)
                while k < len(bins) and bins[k] * BIN_MS < t1:
                    c0 = max(t0, bins[k] * BIN_MS)
                    c1 = min(t1, (bins[k] + 1) * BIN_MS) - 1
                    k += 1
                    if c1 < c0:
                        continue
                    x0, y0, _, _, _ = _placed(h, i, a, b, c0, g)
                    x1, y1, _, _, _ = _placed(h, i, a, b, c1, g)
                    south, north = min(y0, y1) - around, max(y0, y1) + around
                    scale = math.cos(math.radians(min(max(abs(south), abs(north)), 89.9)))
                    dx = (x1 - x0 + 180.0) % 360.0 - 180.0
                    west = min(x0, x0 + dx) - around / scale
                    east = max(x0, x0 + dx) + around / scale
                    row0 = max(math.floor((south + 90.0) / cell_deg), 0)
                    row1 = math.floor((min(north, 90.0) + 90.0) / cell_deg)
                    for row in range(row0, row1 + 1):
                        n = _columns(row, cell_deg)
                        column0 = math.floor((west + 180.0) / 360.0 * n)
                        column1 = math.floor((east + 180.0) / 360.0 * n)
                        column1 = min(column1, column0 + n - 1)
                        for column in range(column0, column1 + 1):
                            cell = ((k - 1) * _ROWS + row) * _COLUMNS + column % n
                            d = np.searchsorted(key, cell)
                            last = np.searchsorted(key, cell + 1)
                            d += np.searchsorted(s.t[d:last], c0)
                            while d < last and s.t[d] <= c1:
                                m, cost, _ = _compared(h, u, i, s, d, g)
                                if m <= g.near_m and m < nearest_m[d]:
                                    nearest_m[d], nearest[d] = m, u
                                if cost <= best:
                                    if found == len(who):
                                        who, how = _grown(who), _grown(how)
                                    who[found, 0], who[found, 1] = d, u
                                    how[found, 0], how[found, 1] = m, cost
                                    found += 1
                                d += 1
    return who[:found], how[:found], nearest, nearest_m


@numba.njit(cache=True, nogil=True)
def wholes(
    h: Heard, s: Seen, first: Ints, last: Ints, voyage: Ints, g: Limits
) -> tuple[Ints, Ints, Floats]:
    """Return how each sensor track (rows ``first`` to ``last`` of ``s``) goes with a voyage.

    Returns
    -------
    The detections at whose time the voyage's place was known, those of them within the gates, and
    what is gained by explaining these: the sum of the gate's cost less theirs. A place is known
    well enough if a vessel that is there would be within the gates nine times in ten.
    """
    n = len(first)
    best = g.sigmas * g.sigmas
    heard, explained, gain = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
    for p in range(n):
        u = voyage[p]
        a, b = h.starts[u], h.starts[u + 1]
        i = a - 1 + np.searchsorted(h.t[a:b], s.t[first[p]], side="right")
        for d in range(first[p], last[p] + 1):
            while i + 1 < b and h.t[i + 1] <= s.t[d]:
                i += 1
            m, cost, blur = _compared(h, u, i, s, d, g)
            if m >= 0:
                within = cost <= best
                heard[p] += within or blur <= best - _NINE_IN_TEN
                if within:
                    explained[p] += 1
                    gain[p] += best - cost
    return heard, explained, gain


@numba.njit(cache=True, nogil=True)
def ends(
    h: Heard, s: Seen, first: Ints, last: Ints, voyage: Ints, least: int, g: Limits
) -> tuple[Ints, Ints]:
    """Return until and since which detection a voyage explains a sensor track; -1 where not.

    Each detection counts for it by 1 at most, or against it by up to 3, as it lies nearer or
    farther than 19 in 20 of a vessel's own would. The beginning is the stretch that counts most,
    ``least`` at least; the end likewise.
    """
    until, since = np.full(len(first), -1, np.int64), np.full(len(first), -1, np.int64)
    for p in range(len(first)):
        u = voyage[p]
        a, b = h.starts[u], h.starts[u + 1]
        i = a - 1 + np.searchsorted(h.t[a:b], s.t[first[p]], side="right")
        run, most, fewest = 0.0, 0.0, 0.0
        begin = first[p]
        for d in range(first[p], last[p] + 1):
            while i + 1 < b and h.t[i + 1] <= s.t[d]:
                i += 1
            m, cost, blur = _compared(h, u, i, s, d, g)
            if m >= 0 and blur <= g.sigmas * g.sigmas - _NINE_IN_TEN:
                run += max(-3.0, min(1.0, (_FAIR + blur - cost) / 4.0))
            if run > most and run >= least:
                most, until[p] = run, d
            if run < fewest:
                fewest, begin = run, d + 1
        if run - fewest >= least:
            since[p] = begin
    return until, since


@numba.njit(cache=True, nogil=True)
def each(h: Heard, s: Seen, voyage: Ints, g: Limits) -> tuple[Floats, Floats]:
    """Return distance and cost of each detection from its voyage; NaN for none (-1), or silent."""
    distance, told = np.full(len(voyage), np.nan), np.full(len(voyage), np.nan)
    for d in range(len(voyage)):
        u = voyage[d]
        if u < 0:
            continue
        a, b = h.starts[u], h.starts[u + 1]
        i = a - 1 + np.searchsorted(h.t[a:b], s.t[d], side="right")
        m, cost, _ = _compared(h, u, i, s, d, g)
        if m >= 0:
            distance[d], told[d] = m, cost
    return distance, told


@numba.njit(cache=True, nogil=True)
def frames(sensor: Ints, t: Ints, within_ms: int) -> Ints:
    """Return the number of each detection's frame: one sensor's within so long of the first."""
    out = np.zeros(len(t), np.int64)
    begin = 0
    for d in range(1, len(t)):
        new = sensor[d] != sensor[d - 1] or t[d] - t[begin] > within_ms
        out[d] = out[d - 1] + new
        if new:
            begin = d
    return out
