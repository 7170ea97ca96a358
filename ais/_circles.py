"""Find where a way goes round and round one centre."""

import math

import numba
import numpy as np

from ais._arrays import Array, Floats, Ints
from ais._plane import KNOT, METRES_PER_DEGREE

LEGS_M = (60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3840.0)
"""A way is looked at in legs of these lengths: each shows turns of 1 to 3 times its length."""
FIGURES = 8
"""Middle (lon, lat), radius in m, turns (right is positive), speed in kn, and how uneven the
speed, how out of round the radius (shares) and how askew the chords are (degrees)."""
_CHORD_SHARE = 0.25
END_SHARE = 0.04
"""Where a way comes onto a circle and leaves it on a tangent, it is soon this far off."""
_BACK_DEG, _AHEAD_DEG = -45.0, 120.0
_SEED_DEG = 620.0
_TRY_DEG = 90.0
_MOST_LEGS = 48
_MISSES = 2
_STEP_DEG = 150.0
_QUARTER = math.pi / 2
_PACE_MS = 45_000
_PACE = 0.9


@numba.njit(cache=True, nogil=True)
def legs(track: Array, lon: Floats, lat: Floats, rows: Ints, leg_m: float) -> Ints:
    """Return those of ``rows`` that are ``leg_m`` from the one before, and the first of a track."""
    out = np.empty(len(rows), np.int64)
    n = 0
    j, wide = -1, 1.0
    least_deg2 = (leg_m / METRES_PER_DEGREE) ** 2
    for i in rows:
        if j >= 0 and track[i] == track[j]:
            dx, dy = abs(lon[i] - lon[j]), lat[i] - lat[j]
            dx = wide * (360.0 - dx if dx > 180.0 else dx)
            if dx * dx + dy * dy < least_deg2:
                continue
        out[n] = i
        n += 1
        j, wide = i, math.cos(math.radians(lat[i]))
    return out[:n].copy()


@numba.njit(cache=True, nogil=True)
def _fit(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Return middle and radius of the circle nearest to points (Kåsa's least squares)."""
    mx, my = x.mean(), y.mean()
    u, v = x - mx, y - my
    uu, vv, uv = (u * u).sum(), (v * v).sum(), (u * v).sum()
    z = u * u + v * v
    uz, vz = (u * z).sum() / 2, (v * z).sum() / 2
    det = uu * vv - uv * uv
    if det <= 1e-9 * uu * vv:
        return 0.0, 0.0, np.inf
    a, b = (uz * vv - vz * uv) / det, (vz * uu - uz * uv) / det
    return a + mx, b + my, math.sqrt(a * a + b * b + z.mean())


@numba.njit(cache=True, nogil=True)
def _off(x: Floats, y: Floats, i: int, circle: tuple[float, float, float]) -> float:
    return abs(math.hypot(x[i] - circle[0], y[i] - circle[1]) - circle[2])


@numba.njit(cache=True, nogil=True)
def _grown(
    x: Floats, y: Floats, lo: int, hi: int, circle: tuple[float, float, float], band_m: float
) -> tuple[int, int]:
    """Return the run about lo..hi that keeps to the circle, but for a few positions in a row."""
    misses = 0
    k = hi = (lo + hi) // 2
    lo = hi
    while k + 1 < len(x) and misses <= _MISSES:
        k += 1
        misses += 1
        if _off(x, y, k, circle) <= band_m:
            hi, misses = k, 0
    k, misses = lo, 0
    while k > 0 and misses <= _MISSES:
        k -= 1
        misses += 1
        if _off(x, y, k, circle) <= band_m:
            lo, misses = k, 0
    return lo, hi


@numba.njit(cache=True, nogil=True)
def _uneven(phi: Floats, t: Ints, radius_m: float) -> tuple[float, float, int]:
    """Return the mean speed in m/s, the most that a quarter turn's differs from it (share), where.

    Where is -1 for the first quarter, 1 for the last whole one, else 0.
    """
    whole = abs(phi[-1])
    mean = whole / ((t[-1] - t[0]) / 1000.0)
    worst, at_end = 0.0, 0
    k, begun = 0, t[0] / 1000.0
    quarters = int(whole / _QUARTER)
    for q in range(1, quarters + 1):
        while abs(phi[k]) < q * _QUARTER and k + 1 < len(phi):
            k += 1
        step = abs(phi[k]) - abs(phi[k - 1])
        part = (q * _QUARTER - abs(phi[k - 1])) / step if step > 0 else 1.0
        at = (t[k - 1] + min(max(part, 0.0), 1.0) * (t[k] - t[k - 1])) / 1000.0
        off = abs(_QUARTER / max(at - begun, 0.001) / mean - 1.0)
        if off > worst:
            worst, at_end = off, -1 if q == 1 else (1 if q == quarters else 0)
        begun = at
    return mean * radius_m, worst, at_end


@numba.njit(cache=True, nogil=True)
def _evened(
    phi: Floats, t: Ints, radius_m: float, even: float, least: int
) -> tuple[int, int, float, float]:
    """Return first and last row, speed in m/s and unevenness without ends of another speed.

    What a way comes with and leaves with is no part of the circle.
    """
    a, b = 0, len(phi) - 1
    speed, uneven, at_end = _uneven(phi, t, radius_m)
    while uneven > even and at_end != 0 and b - a > least:
        a, b = (a + 1, b) if at_end < 0 else (a, b - 1)
        speed, uneven, at_end = _uneven(phi[a : b + 1] - phi[a], t[a : b + 1], radius_m)
    return a, b, speed, uneven


@numba.njit(cache=True, nogil=True)
def _paced(phi: Floats, t: Ints, a: int, b: int, slowest: float, noise: float) -> tuple[int, int]:
    """Return first and last row without ends that are slower than ``slowest`` (rad/s) for a while.

    ``noise`` is how far (rad) the angle of a position may be off.
    """
    k = a
    while a < b:
        while k < b and t[k] - t[a] < _PACE_MS:
            k += 1
        took = max(t[k] - t[a], 1) / 1000.0
        if abs(phi[k] - phi[a]) + noise >= slowest * took:
            break
        a += 1
    k = b
    while b > a:
        while k > a and t[b] - t[k] < _PACE_MS:
            k -= 1
        took = max(t[b] - t[k], 1) / 1000.0
        if abs(phi[b] - phi[k]) + noise >= slowest * took:
            break
        b -= 1
    return a, b


@numba.njit(cache=True, nogil=True)
def _turned(phi: Floats) -> float:
    """Return full turns from the first to the last angle, of the first and last step half.

    A tangent leaves a circle slowly: some of either step may be one.
    """
    if len(phi) < 2:
        return 0.0
    ends = abs(phi[1] - phi[0]) + abs(phi[-1] - phi[-2])
    return float((abs(phi[-1] - phi[0]) - 0.5 * ends) / (2 * math.pi))


@numba.njit(cache=True, nogil=True)
def _angles(x: Floats, y: Floats, circle: tuple[float, float, float]) -> tuple[Floats, float]:
    """Return the angle gone round the middle up to each point, and the greatest step."""
    phi = np.zeros(len(x))
    most = 0.0
    before = math.atan2(y[0] - circle[1], x[0] - circle[0])
    for i in range(1, len(x)):
        now = math.atan2(y[i] - circle[1], x[i] - circle[0])
        step = (now - before + math.pi) % (2 * math.pi) - math.pi
        phi[i] = phi[i - 1] + step
        most = max(most, abs(step))
        before = now
    return phi, most


@numba.njit(cache=True, nogil=True)
def _askew_deg(x: Floats, y: Floats, circle: tuple[float, float, float], chord_m: float) -> float:
    """Return the root mean square of how far chords are from the tangent: 0 on a circle.

    It is 21 on a pentagon and 18 on a hexagon, whose corners are as near to round in radius.
    """
    total, n, k = 0.0, 0, 0
    for i in range(1, len(x)):
        dx, dy = x[i] - x[k], y[i] - y[k]
        if dx * dx + dy * dy < chord_m * chord_m:
            continue
        mx, my = 0.5 * (x[i] + x[k]) - circle[0], 0.5 * (y[i] + y[k]) - circle[1]
        # The part of the chord along the radius, against the part across it.
        off = math.atan2(dx * mx + dy * my, abs(mx * dy - my * dx))
        total += off * off
        n += 1
        k = i
    return math.degrees(math.sqrt(total / max(n, 1)))


@numba.njit(cache=True, nogil=True)
def _judged(
    t: Ints, lon: Floats, lat: Floats, first: int, last: int, seed: tuple[int, int], rule: Floats
) -> tuple[bool, int, int, Floats]:
    """Return whether rows first..last hold a circle about the seed's, which rows, and figures."""
    figures = np.zeros(FIGURES)
    n = last - first + 1
    x, y = np.empty(n), np.empty(n)
    mid = (first + last) // 2
    wide = METRES_PER_DEGREE * math.cos(math.radians(lat[mid]))
    for i in range(n):
        x[i] = ((lon[first + i] - lon[mid] + 180.0) % 360.0 - 180.0) * wide
        y[i] = (lat[first + i] - lat[mid]) * METRES_PER_DEGREE
    turns, least_m, most_m, round_share, even, slowest, noise_m, within, askew = rule
    lo, hi = seed[0] - first, seed[1] - first
    circle = _fit(x[lo : hi + 1], y[lo : hi + 1])
    for _ in range(4):
        if not circle[2] <= 2 * most_m:
            return False, 0, 0, figures
        lo, hi = _grown(x, y, lo, hi, circle, round_share * circle[2] + noise_m)
        if hi - lo < 8 * turns:
            return False, 0, 0, figures
        circle = _fit(x[lo : hi + 1], y[lo : hi + 1])
    near_m = END_SHARE * circle[2] + noise_m
    while hi > lo and _off(x, y, hi, circle) > near_m:
        hi -= 1
    while hi > lo and _off(x, y, lo, circle) > near_m:
        lo += 1
    if hi - lo < 8 * turns or not least_m <= circle[2] <= most_m:
        return False, 0, 0, figures
    phi, step = _angles(x[lo : hi + 1], y[lo : hi + 1], circle)
    a, b, speed, uneven = _evened(
        phi, t[first + lo : first + hi + 1], circle[2], even, round(8 * turns)
    )
    chord_m = max(_CHORD_SHARE * circle[2], LEGS_M[0])
    askew_deg = _askew_deg(x[lo + a : lo + b + 1], y[lo + a : lo + b + 1], circle, chord_m)
    pace = _PACE * speed / circle[2]
    a, b = _paced(phi, t[first + lo : first + hi + 1], a, b, pace, noise_m / circle[2])
    hand = -1.0 if phi[b] > phi[a] else 1.0
    gone = _turned(phi[a : b + 1])
    lo, hi = lo + a, lo + b
    if gone < turns or hi - lo < 8 * gone or step > math.radians(_STEP_DEG):
        return False, 0, 0, figures
    inside, worst = 0, 0.0
    for i in range(lo, hi + 1):
        off = _off(x, y, i, circle)
        inside += off <= round_share * circle[2] + noise_m
        worst = max(worst, off)
    figures[0] = lon[mid] + circle[0] / wide
    figures[1] = lat[mid] + circle[1] / METRES_PER_DEGREE
    figures[2], figures[3], figures[4] = circle[2], hand * gone, speed / KNOT
    figures[5], figures[6] = uneven, worst / circle[2]
    figures[7] = askew_deg
    noise_deg = math.degrees(math.sqrt(2.0) * noise_m / chord_m)
    good = inside >= within * (hi - lo + 1) and uneven <= even and speed >= slowest
    good &= figures[7] <= math.hypot(askew, noise_deg)
    return good, first + lo, first + hi, figures


@numba.njit(cache=True, nogil=True)
def _whole(
    t: Ints, lon: Floats, lat: Floats, seed: tuple[int, int], ends: tuple[int, int], rule: Floats
) -> tuple[bool, int, int, Floats]:
    """Return what `_judged` does, of as many rows about the seed as there are turns."""
    span = seed[1] - seed[0]
    lo, hi = max(ends[0], seed[0] - span), min(ends[1], seed[1] + span)
    best = _judged(t, lon, lat, lo, hi, seed, rule)
    while best[0]:
        left = max(ends[0], lo - span) if best[1] - lo < span // 2 else lo
        right = min(ends[1], hi + span) if hi - best[2] < span // 2 else hi
        if left == lo and right == hi:
            break
        lo, hi, span = left, right, 2 * span
        more = _judged(t, lon, lat, lo, hi, (best[1], best[2]), rule)
        if not more[0] or more[2] - more[1] <= best[2] - best[1]:
            break
        best = more
    return best


@numba.njit(cache=True, nogil=True)
def turns(track: Array, t: Ints, lon: Floats, lat: Floats, v: Ints, slowest: float) -> Floats:
    """Return the turn in degrees at the end of each leg between ``v``, right is positive.

    NaN where the way stands still or its track ends.
    """
    out = np.full(len(v), np.nan)
    east, north, known = 0.0, 0.0, False
    slow_deg = slowest / 1000.0 / METRES_PER_DEGREE
    for j in range(1, len(v)):
        a, b = v[j - 1], v[j]
        if track[a] != track[b]:
            known = False
            continue
        dx = lon[b] - lon[a]
        if abs(dx) > 180.0:
            dx -= math.copysign(360.0, dx)
        dx *= math.cos(math.radians(0.5 * (lat[a] + lat[b])))
        dy = lat[b] - lat[a]
        if dx * dx + dy * dy < (slow_deg * (t[b] - t[a])) ** 2:
            known = False
            continue
        turn = math.atan2(north * dx - east * dy, east * dx + north * dy) if known else 0.0
        out[j] = math.degrees(turn)
        east, north, known = dx, dy, True
    return out


@numba.njit(cache=True, nogil=True)
def circling(
    t: Ints,
    lon: Floats,
    lat: Floats,
    v: Ints,
    turn: Floats,
    hand: float,
    number: Ints,
    ends: Ints,
    rule: Floats,
) -> tuple[Ints, Ints, Floats]:
    """Return (first row, last row, figures) of circles along the legs between ``v``.

    ``turn`` is what `turns` returns, ``hand`` is 1 for circles to the right and -1 to the left.
    ``number`` is that of each row's track, ``ends`` are the first and last row of each track:
    so far goes the search. ``rule`` is turns,
    least and most radius in m, how round and how even (shares), least speed in m/s, noise in m,
    share of positions that must keep to the circle, how askew (degrees).
    """
    m = len(v)
    first, last = np.empty(m, np.int64), np.empty(m, np.int64)
    figures = np.empty((m, FIGURES))
    theta = np.zeros(m)
    found, begin, next_try, done = 0, 0, 0.0, -1
    for j in range(m):
        ahead = hand * turn[j]
        if not _BACK_DEG <= ahead <= _AHEAD_DEG:
            theta[j] = theta[j - 1]
            begin, next_try = j, theta[j] + _SEED_DEG
            continue
        theta[j] = theta[j - 1] + ahead
        if theta[j] < next_try or theta[j] - theta[begin] < _SEED_DEG:
            continue
        i = j
        while i > max(begin, j - _MOST_LEGS) and theta[j] - theta[i] < _SEED_DEG:
            i -= 1
        if theta[j] - theta[i] < _SEED_DEG or v[i] <= done:
            continue
        next_try = theta[j] + _TRY_DEG
        k = number[v[j]]
        good, a, b, told = _whole(t, lon, lat, (v[i], v[j]), (ends[0, k], ends[1, k]), rule)
        if good:
            first[found], last[found], figures[found] = a, b, told
            found += 1
            done = b
    return first[:found].copy(), last[:found].copy(), figures[:found].copy()
