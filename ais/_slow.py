"""Find when vessels were slow, and the ways they made then: kernels of ``ais.rendezvous``."""

from typing import NamedTuple

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import KNOT, metres

WINDOW_MS = 120_000
"""Speeds are judged over this much before or after a position: noise of 10 m is 0.2 kn then."""
LEAD_MS = 600_000
"""How much of the way before and after the slow time is kept, to tell who came with whom."""
_EDGE_MS = 360_000
"""Class B at rest reports every 3 min, or is heard every other time: between reports no farther
apart, an arrival can be placed."""
_STILL_MPS = 0.5 * KNOT
_CELL_MS = 30_000
_SMOOTH_MS = 60_000
_OFF_M = 15.0
_SPAN_MS = 600_000


class Ways(NamedTuple):
    """Slow times, and the positions of their ways, flat: those of time i from ``offset[i]``."""

    t0: Ints
    t1: Ints
    lon: Floats
    lat: Floats
    reach_m: Floats
    offset: Ints
    way_t: Ints
    way_lon: Floats
    way_lat: Floats


@numba.njit(cache=True, nogil=True, inline="always")
def wrapped(degrees: float) -> float:
    """Return a difference of longitudes the short way round."""
    return degrees - 360.0 if degrees > 180.0 else degrees + 360.0 if degrees < -180.0 else degrees


@numba.njit(cache=True, nogil=True, inline="always")
def _step_mps(t: Array, lon: Array, lat: Array, i: int, j: int) -> float:
    seconds = abs(t[j] - t[i]) / 1000.0
    return metres(lon[i], lat[i], lon[j], lat[j]) / seconds if seconds > 0 else np.nan


@numba.njit(cache=True, nogil=True)
def slow_rows(  # noqa: C901
    track: Array, t: Array, lon: Array, lat: Array, sog: Array, limit: float, silence_ms: int
) -> Bools:
    """Return where a vessel is slower than ``limit`` m/s, over the time before or after.

    Either will do, so that an arrival is not blurred. Where they differ the told speed decides;
    where both are slow it is overruled by one of twice the limit, unless the vessel stands still.
    """
    n = t.shape[0]
    out = np.zeros(n, np.bool_)
    a = 0
    b = 0
    for i in range(n):
        if i == 0 or track[i] != track[i - 1]:
            a = i
            b = i
        while t[a] < t[i] - WINDOW_MS:
            a += 1
        b = max(b, i)
        while b + 1 < n and track[b + 1] == track[i] and t[b + 1] <= t[i] + WINDOW_MS:
            b += 1
        p, q = a, b
        if 2 * (t[i] - t[p]) < WINDOW_MS:
            p -= 1
            if p < 0 or track[p] != track[i] or t[i] - t[p] > silence_ms:
                p = i
        if 2 * (t[q] - t[i]) < WINDOW_MS:
            q += 1
            if q == n or track[q] != track[i] or t[q] - t[i] > silence_ms:
                q = i
        before, after = _step_mps(t, lon, lat, p, i), _step_mps(t, lon, lat, i, q)
        least, most = min(before, after), max(before, after)
        if np.isnan(before) or np.isnan(after):
            least = after if np.isnan(before) else before
            most = least
        told = sog[i] * KNOT
        if np.isnan(least):
            out[i] = told < limit
        elif least < limit:
            sure = most < limit and (told < 2.0 * limit or most < _STILL_MPS)
            out[i] = np.isnan(told) or told < limit or sure
    return out


@numba.njit(cache=True, nogil=True, inline="always")
def _gained(
    track: Array, t: Array, lon: Array, lat: Array, sog: Array, slow: int, fast: int, limit: float
) -> int:
    """Return for how many ms a vessel was slow between its slow row and the fast one beside it.

    It is taken to have sailed the way between them at the speed that it told, or for half the
    time where it told none.
    """
    if fast < 0 or fast >= t.shape[0] or track[fast] != track[slow]:
        return 0
    between = abs(t[slow] - t[fast])
    if between > _EDGE_MS:
        return 0
    if np.isnan(sog[fast]):
        return int(between // 2)
    told = sog[fast] * KNOT
    if told < limit:
        return 0
    took = metres(lon[slow], lat[slow], lon[fast], lat[fast]) / told
    return max(0, int(between) - int(took * 1000.0))


@numba.njit(cache=True, nogil=True)
def slow_runs(
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    sog: Array,
    slow: Bools,
    limit: float,
    silence_ms: int,
    bridge_ms: int,
    least_ms: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return first and last slow row of each run, and the ms it began earlier and ended later.

    Lapses up to ``bridge_ms`` are bridged; their ends lie midway between two rows.
    """
    n = t.shape[0]
    first, last = np.empty(n // 2 + 1, np.int64), np.empty(n // 2 + 1, np.int64)
    early, late = np.empty(n // 2 + 1, np.int64), np.empty(n // 2 + 1, np.int64)
    found = 0
    begin = -1
    end = -1
    for i in range(n + 1):
        over = i == n or i == 0 or track[i] != track[i - 1] or t[i] - t[i - 1] > silence_ms
        if not over and slow[i] and begin >= 0 and i > end + 1:
            over = (t[i] + t[i - 1] - t[end] - t[end + 1]) // 2 > bridge_ms
        if over and begin >= 0:
            e = _gained(track, t, lon, lat, sog, begin, begin - 1, limit)
            f = _gained(track, t, lon, lat, sog, end, end + 1, limit)
            if end > begin and t[end] - t[begin] + e + f >= least_ms:
                first[found], last[found], early[found], late[found] = begin, end, e, f
                found += 1
            begin = -1
        if i < n and slow[i]:
            if begin < 0:
                begin = i
            end = i
    return first[:found].copy(), last[:found].copy(), early[:found].copy(), late[:found].copy()


@numba.njit(cache=True, nogil=True)
def _even(t: Array, lon: Array, lat: Array, i: int, a: int, b: int) -> tuple[float, float]:
    """Return the mean place about row i, over as many rows before as after, within a..b."""
    x = 0.0
    y = 0.0
    k = 0
    while i - k - 1 >= a and i + k + 1 <= b:
        p, q = i - k - 1, i + k + 1
        if t[i] - t[p] > _SMOOTH_MS or t[q] - t[i] > _SMOOTH_MS:
            break
        x += wrapped(lon[p] - lon[i]) + wrapped(lon[q] - lon[i])
        y += lat[p] + lat[q] - 2.0 * lat[i]
        k += 1
    return wrapped(lon[i] + x / (2 * k + 1)), lat[i] + y / (2 * k + 1)


@numba.njit(cache=True, nogil=True)
def _straight(t: Array, lon: Array, lat: Array, i: int, j: int) -> bool:
    """Return whether all places between i and j are where one at constant speed would be."""
    for k in range(i + 1, j):
        share = (t[k] - t[i]) / (t[j] - t[i])
        x = lon[i] + share * wrapped(lon[j] - lon[i])
        y = lat[i] + share * (lat[j] - lat[i])
        if metres(x, y, lon[k], lat[k]) > _OFF_M:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def ways(  # noqa: C901
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    first: Ints,
    last: Ints,
    early: Ints,
    late: Ints,
    silence_ms: int,
) -> Ways:
    """Return the way of each run: at most one position per 30 s, none that tells nothing new.

    Slow positions are means over a minute either way. The 10 min before and after are part of the
    way, and the arrival and departure where they lie between two reports.
    """
    n = t.shape[0]
    m = first.shape[0]
    t0, t1 = np.empty(m, np.int64), np.empty(m, np.int64)
    mid_lon, mid_lat, reach = np.empty(m), np.empty(m), np.zeros(m)
    offset = np.zeros(m + 1, np.int64)
    total = 0
    for e in range(m):
        total += last[e] - first[e] + 3 + 4 * (LEAD_MS // _CELL_MS)
    out_t, out_lon, out_lat = np.empty(total, np.int64), np.empty(total), np.empty(total)
    most = 0
    for e in range(m):
        most = max(most, last[e] - first[e] + 3 + 4 * (LEAD_MS // _CELL_MS))
    c_t, c_lon, c_lat = np.empty(most, np.int64), np.empty(most), np.empty(most)
    fixed = np.empty(most, np.bool_)
    w = 0
    for e in range(m):
        a, b = first[e], last[e]
        p = a
        while p > 0 and track[p - 1] == track[a] and t[a] - t[p - 1] <= LEAD_MS:
            if t[p] - t[p - 1] > silence_ms:
                break
            p -= 1
        q = b
        while q + 1 < n and track[q + 1] == track[b] and t[q + 1] - t[b] <= LEAD_MS:
            q += 1
        c = 0
        for i in range(p, q + 1):
            slow = a <= i <= b
            edge = i in (a, b)
            if edge or c == 0 or t[i] // _CELL_MS != c_t[c - 1] // _CELL_MS:
                if i == a and early[e] > 0:
                    c_t[c], c_lon[c], c_lat[c] = t[a] - early[e], lon[a], lat[a]
                    fixed[c] = True
                    c += 1
                if c > 0 and c_t[c - 1] >= t[i]:
                    if not edge:
                        continue
                    c -= 1
                c_t[c], c_lon[c], c_lat[c] = t[i], lon[i], lat[i]
                if slow:
                    c_lon[c], c_lat[c] = _even(t, lon, lat, i, a, b)
                fixed[c] = edge
                c += 1
                if i == b and late[e] > 0:
                    c_t[c], c_lon[c], c_lat[c] = t[b] + late[e], lon[b], lat[b]
                    fixed[c] = True
                    c += 1
        t0[e], t1[e] = t[a] - early[e], t[b] + late[e]
        offset[e] = w
        k = 0
        while True:
            out_t[w], out_lon[w], out_lat[w] = c_t[k], c_lon[k], c_lat[k]
            w += 1
            if k == c - 1:
                break
            to = k + 1
            while to + 1 < c and not fixed[to] and c_t[to + 1] - c_t[k] <= _SPAN_MS:
                if not _straight(c_t, c_lon, c_lat, k, to + 1):
                    break
                to += 1
            k = to
        x = 0.0
        y = 0.0
        count = 0
        for k in range(offset[e], w):
            if t0[e] <= out_t[k] <= t1[e]:
                x += wrapped(out_lon[k] - lon[a])
                y += out_lat[k] - lat[a]
                count += 1
        mid_lon[e] = wrapped(lon[a] + x / count)
        mid_lat[e] = lat[a] + y / count
        for k in range(offset[e], w):
            far = metres(mid_lon[e], mid_lat[e], out_lon[k], out_lat[k])
            reach[e] = max(reach[e], far)
    offset[m] = w
    return Ways(
        t0, t1, mid_lon, mid_lat, reach, offset,
        out_t[:w].copy(), out_lon[:w].copy(), out_lat[:w].copy(),
    )  # fmt: skip
