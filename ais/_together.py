"""Follow two vessels' ways at once: kernels of ``ais.rendezvous``.

Between two positions of a way a vessel goes straight at constant speed; both ways are cut at the
positions of either, so that nothing depends on who reports when.
"""

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import metres
from ais._slow import wrapped

SLOT_MS = 3_600_000
_CHORD_MS = 120_000
UNKNOWN, APART, TOGETHER = -1, 0, 1


@numba.njit(cache=True, nogil=True)
def hours(
    t0: Ints, t1: Ints, offset: Ints, t: Ints, lon: Floats, lat: Floats, inside: Bools
) -> tuple[Ints, Ints, Floats, Floats, Floats, Floats]:
    """Return (hour, slow time, west, south, east, north) of each hour of each slow time.

    Hours that a vessel spent wholly inside berths are left out.
    """
    most = 0
    for e in range(t0.shape[0]):
        most += t1[e] // SLOT_MS - t0[e] // SLOT_MS + 1
    slot, owner = np.empty(most, np.int64), np.empty(most, np.int64)
    west, south, east, north = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
    found = 0
    for e in range(t0.shape[0]):
        k = offset[e]
        for h in range(t0[e] // SLOT_MS, t1[e] // SLOT_MS + 1):
            begin, end = max(t0[e], h * SLOT_MS), min(t1[e], (h + 1) * SLOT_MS)
            while k + 1 < offset[e + 1] and t[k + 1] <= begin:
                k += 1
            outside = False
            west[found], south[found] = lon[k], lat[k]
            east[found], north[found] = lon[k], lat[k]
            for i in range(k, offset[e + 1]):
                x = lon[k] + wrapped(lon[i] - lon[k])
                west[found], east[found] = min(west[found], x), max(east[found], x)
                south[found], north[found] = min(south[found], lat[i]), max(north[found], lat[i])
                outside |= not inside[i]
                if t[i] >= end:
                    break
            if west[found] < -180.0:
                west[found] += 360.0
                east[found] += 360.0
            if outside:
                slot[found], owner[found] = h, e
                found += 1
    return (
        slot[:found].copy(), owner[:found].copy(),
        west[:found].copy(), south[:found].copy(), east[:found].copy(), north[:found].copy(),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _place(t: Array, lon: Array, lat: Array, k: int, at: float) -> tuple[float, float]:
    """Return the place at a time between positions k and k + 1."""
    share = (at - t[k]) / (t[k + 1] - t[k])
    return lon[k] + share * wrapped(lon[k + 1] - lon[k]), lat[k] + share * (lat[k + 1] - lat[k])


@numba.njit(cache=True, nogil=True)
def _knot(t: Array, offset: Ints, e: int, at: int) -> int:
    """Return the last position of way e, but its very last, that is not after a time."""
    k = offset[e] + np.searchsorted(t[offset[e] : offset[e + 1]], at, side="right") - 1
    return int(min(max(k, offset[e]), offset[e + 1] - 2))


@numba.njit(cache=True, nogil=True)
def _apart(
    lon: Array, lat: Array, t: Array, i: int, j: int, begin: float, end: float
) -> tuple[float, float, float, float]:
    """Return how far j is east and north of i, in metres, at two times."""
    a, b = _place(t, lon, lat, i, begin), _place(t, lon, lat, j, begin)
    c, d = _place(t, lon, lat, i, end), _place(t, lon, lat, j, end)
    scale = metres(0.0, 0.0, 0.0, 1.0)
    narrow = scale * np.cos(np.radians(0.5 * (a[1] + b[1])))
    return (
        narrow * wrapped(b[0] - a[0]), scale * (b[1] - a[1]),
        narrow * wrapped(d[0] - c[0]), scale * (d[1] - c[1]),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _within(x0: float, y0: float, x1: float, y1: float, limit: float) -> tuple[float, float]:
    """Return the part (from, to; of 1) of a straight way that is within ``limit`` of 0, 0."""
    dx, dy = x1 - x0, y1 - y0
    a = dx * dx + dy * dy
    c = x0 * x0 + y0 * y0 - limit * limit
    if a < 1e-9:
        return (0.0, 1.0) if c <= 0 else (1.0, 0.0)
    half = x0 * dx + y0 * dy
    root = half * half - a * c
    if root < 0:
        return 1.0, 0.0
    root = np.sqrt(root)
    return max(0.0, (-half - root) / a), min(1.0, (-half + root) / a)


@numba.njit(cache=True, nogil=True)
def together(  # noqa: C901
    a: Ints,
    b: Ints,
    slot: Ints,
    t0: Ints,
    t1: Ints,
    offset: Ints,
    t: Ints,
    lon: Floats,
    lat: Floats,
    inside: Bools,
    max_m: float,
    bridge_ms: int,
    least_ms: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return (a, b, begin, end) of the times that two were together, outside of berths.

    ``a, b, slot`` are the hours to look at, sorted.
    """
    size = 256
    out = np.empty((4, size), np.int64)
    found = 0
    begin = -1.0
    end = -1.0
    n = a.shape[0]
    for p in range(n + 1):
        over = p == n or p == 0 or a[p] != a[p - 1] or b[p] != b[p - 1]
        at = 0.0
        until = -1.0
        if p < n:
            at = float(max(slot[p] * SLOT_MS, t0[a[p]], t0[b[p]]))
            until = float(min((slot[p] + 1) * SLOT_MS, t1[a[p]], t1[b[p]]))
        if over and begin >= 0:
            if end - begin >= least_ms:
                if found == size:
                    out = np.concatenate((out, np.empty_like(out)), axis=1)
                    size *= 2
                out[0, found], out[1, found] = a[p - 1], b[p - 1]
                out[2, found], out[3, found] = np.int64(begin), np.int64(end)
                found += 1
            begin = -1.0
        if at >= until:
            continue
        i, j = _knot(t, offset, a[p], int(at)), _knot(t, offset, b[p], int(at))
        while at < until:
            to = min(until, float(t[i + 1]), float(t[j + 1]))
            if to > at and not inside[i] and not inside[j]:
                x0, y0, x1, y1 = _apart(lon, lat, t, i, j, at, to)
                low, high = _within(x0, y0, x1, y1, max_m)
                if low <= high:
                    since, still = at + low * (to - at), at + high * (to - at)
                    if begin >= 0 and since - end > bridge_ms:
                        if end - begin >= least_ms:
                            if found == size:
                                out = np.concatenate((out, np.empty_like(out)), axis=1)
                                size *= 2
                            out[0, found], out[1, found] = a[p], b[p]
                            out[2, found], out[3, found] = np.int64(begin), np.int64(end)
                            found += 1
                        begin = -1.0
                    if begin < 0:
                        begin = since
                    end = still
            at = to
            if t[i + 1] <= to and i < offset[a[p] + 1] - 2:
                i += 1
            if t[j + 1] <= to and j < offset[b[p] + 1] - 2:
                j += 1
    return (
        out[0, :found].copy(),
        out[1, :found].copy(),
        out[2, :found].copy(),
        out[3, :found].copy(),
    )


@numba.njit(cache=True, nogil=True)
def _sailed_m(t: Array, lon: Array, lat: Array, k: int, begin: int, end: int) -> float:
    """Return the way made from ``begin`` to ``end`` by chords of 2 min or more."""
    out = 0.0
    x, y = _place(t, lon, lat, k, begin)
    since = begin
    while t[k + 1] < end:
        k += 1
        if t[k] - since >= _CHORD_MS and end - t[k] >= _CHORD_MS:
            out += metres(x, y, lon[k], lat[k])
            x, y, since = lon[k], lat[k], t[k]
    x1, y1 = _place(t, lon, lat, k, end)
    return out + metres(x, y, x1, y1)


@numba.njit(cache=True, nogil=True)
def figures(
    a: Ints,
    b: Ints,
    begin: Ints,
    end: Ints,
    offset: Ints,
    t: Ints,
    lon: Floats,
    lat: Floats,
    max_m: float,
    alongside_m: float,
) -> Floats:
    """Return the figures of each time together, one row each.

    closest m, mean m, m at the beginning, m at the end, ms within ``max_m``, ms alongside,
    m sailed by a, by b, positions of a, of b, middle lon, lat, beginning's lon, lat.
    """
    m = a.shape[0]
    out = np.zeros((m, 14))
    for e in range(m):
        i, j = _knot(t, offset, a[e], begin[e]), _knot(t, offset, b[e], begin[e])
        out[e, 6] = _sailed_m(t, lon, lat, i, begin[e], end[e])
        out[e, 7] = _sailed_m(t, lon, lat, j, begin[e], end[e])
        out[e, 0] = np.inf
        at = begin[e]
        base = lon[i], lat[i]
        x, y = 0.0, 0.0
        while at < end[e]:
            to = min(end[e], t[i + 1], t[j + 1])
            x0, y0, x1, y1 = _apart(lon, lat, t, i, j, at, to)
            took = to - at
            dx, dy = x1 - x0, y1 - y0
            way = dx * dx + dy * dy
            s = min(max(-(x0 * dx + y0 * dy) / way, 0.0), 1.0) if way > 0 else 0.0
            out[e, 0] = min(out[e, 0], np.hypot(x0 + s * dx, y0 + s * dy))
            at_half = np.hypot(x0 + 0.5 * dx, y0 + 0.5 * dy)
            out[e, 1] += took * (np.hypot(x0, y0) + 4.0 * at_half + np.hypot(x1, y1)) / 6.0
            if at == begin[e]:
                out[e, 2] = np.hypot(x0, y0)
            out[e, 3] = np.hypot(x1, y1)
            low, high = _within(x0, y0, x1, y1, max_m)
            out[e, 4] += max(0.0, high - low) * took
            low, high = _within(x0, y0, x1, y1, alongside_m)
            out[e, 5] += max(0.0, high - low) * took
            half = 0.5 * (at + to)
            p, q = _place(t, lon, lat, i, half), _place(t, lon, lat, j, half)
            x += took * (wrapped(p[0] - base[0]) + wrapped(q[0] - base[0])) / 2.0
            y += took * (p[1] + q[1] - 2.0 * base[1]) / 2.0
            if at == begin[e]:
                p, q = _place(t, lon, lat, i, at), _place(t, lon, lat, j, at)
                out[e, 12] = wrapped(p[0] + 0.5 * wrapped(q[0] - p[0]))
                out[e, 13] = 0.5 * (p[1] + q[1])
            at = to
            if t[i + 1] <= to and i < offset[a[e] + 1] - 2:
                i += 1
            if t[j + 1] <= to and j < offset[b[e] + 1] - 2:
                j += 1
        out[e, 1] /= end[e] - begin[e]
        out[e, 10] = wrapped(base[0] + x / (end[e] - begin[e]))
        out[e, 11] = base[1] + y / (end[e] - begin[e])
        for c in range(2):
            of = b[e] if c else a[e]
            for k in range(offset[of], offset[of + 1]):
                out[e, 8 + c] += begin[e] <= t[k] <= end[e]
    return out


@numba.njit(cache=True, nogil=True)
def middles(
    a: Ints,
    b: Ints,
    begin: Ints,
    end: Ints,
    offset: Ints,
    t: Ints,
    lon: Floats,
    lat: Floats,
    most: int,
) -> tuple[Ints, Floats, Floats]:
    """Return (pair, lon, lat) of the way of the middle between two, at even times.

    It has as many vertices as the two ways have positions in that time, ``most`` at most.
    """
    m = a.shape[0]
    size = np.empty(m, np.int64)
    for e in range(m):
        size[e] = 2
        for of in (a[e], b[e]):
            size[e] += _knot(t, offset, of, end[e]) - _knot(t, offset, of, begin[e])
        size[e] = min(size[e], most)
    total = size.sum()
    pair, x, y = np.empty(total, np.int64), np.empty(total), np.empty(total)
    w = 0
    for e in range(m):
        for k in range(size[e]):
            at = begin[e] + (end[e] - begin[e]) * k // (size[e] - 1)
            i, j = _knot(t, offset, a[e], at), _knot(t, offset, b[e], at)
            p, q = _place(t, lon, lat, i, at), _place(t, lon, lat, j, at)
            pair[w] = e
            x[w] = wrapped(wrapped(p[0]) + 0.5 * wrapped(q[0] - p[0]))
            y[w] = 0.5 * (p[1] + q[1])
            w += 1
    return pair, x, y


@numba.njit(cache=True, nogil=True)
def company(
    a: Ints,
    b: Ints,
    t0: Ints,
    t1: Ints,
    offset: Ints,
    t: Ints,
    lon: Floats,
    lat: Floats,
    lead_ms: int,
    company_m: float,
) -> tuple[Array, Floats]:
    """Return whether two came and left together (one row each), and how far apart they sailed.

    Together: both began (ended) to be slow within ``lead_ms``, and at the time before (after)
    that the ways of both tell, they were ``company_m`` apart or less and had (have) at least as
    far to go. Unknown where a way does not tell so much.
    """
    m = a.shape[0]
    said, apart = np.full((2, m), UNKNOWN), np.full((2, m), np.nan)
    for side in range(2):
        for e in range(m):
            i, j = a[e], b[e]
            if side == 0:
                near, other = t0[i], t0[j]
                at = max(t[offset[i]], t[offset[j]])
                told = at < min(near, other)
            else:
                near, other = t1[i], t1[j]
                at = min(t[offset[i + 1] - 1], t[offset[j + 1] - 1])
                told = at > max(near, other)
            if abs(near - other) > lead_ms:
                said[side, e] = APART
            elif told:
                p, q = _knot(t, offset, i, at), _knot(t, offset, j, at)
                r, s = _knot(t, offset, i, near), _knot(t, offset, j, other)
                p_at, q_at = _place(t, lon, lat, p, at), _place(t, lon, lat, q, at)
                r_at, s_at = _place(t, lon, lat, r, near), _place(t, lon, lat, s, other)
                way = min(
                    metres(p_at[0], p_at[1], r_at[0], r_at[1]),
                    metres(q_at[0], q_at[1], s_at[0], s_at[1]),
                )
                apart[side, e] = metres(p_at[0], p_at[1], q_at[0], q_at[1])
                if apart[side, e] > company_m:
                    said[side, e] = APART
                elif way >= company_m:
                    said[side, e] = TOGETHER
    return said, apart
