"""Speed and course made good from step to step, and runs of steps that have something in common."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed
from ais._plane import KNOT, bearing, metres

WINDOW_MS = 60_000
"""Over less, some 10 m of noise at either end make several knots and any course."""
_LEAST_MS = 20_000
_ALONE_MS = 45_000
"""Reports by the minute come some seconds early or late: such a step is a minute all the same."""
_NEAR = 0.75
"""A step slower than this times a limit over 20 s is below it, noise or not."""
_PART_MS = 2 * WINDOW_MS
_STRAY_M = 200.0
_STRAY_ON = 0.45
_STRAY_SPEED = 0.5
_STRAY_MS = 600_000


class MadeGood(NamedTuple):
    """Of the step up to each row: speed in m/s and course in degrees, over a minute about it.

    A step of a minute or longer stands for itself. NaN at a track's first row and where less than
    20 s are known.
    """

    speed: NDArray[np.float32]
    course: NDArray[np.float32]


@numba.njit(cache=True, nogil=True)
def _made_good(
    track: Array, t: Array, lon: Array, lat: Array
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    n = t.shape[0]
    speed, course = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    half = WINDOW_MS // 2
    p = 0
    q = 0
    for i in range(1, n):
        if track[i] != track[i - 1]:
            p = i
            q = i
            continue
        middle = (t[i - 1] + t[i]) // 2
        while p + 1 < i and t[p + 1] <= middle - half:
            p += 1
        q = max(q, i)
        while q + 1 < n and track[q + 1] == track[i] and t[q] < middle + half:
            q += 1
        a, b = p, q
        # What is long past or long to come says nothing about this minute.
        while a < i - 1 and t[i - 1] - t[a] > WINDOW_MS:
            a += 1
        while b > i and t[b] - t[i] > WINDOW_MS:
            b -= 1
        took = t[b] - t[a]
        if took >= _LEAST_MS:
            speed[i] = metres(lon[a], lat[a], lon[b], lat[b]) / (took / 1000.0)
            course[i] = bearing(lon[a], lat[a], lon[b], lat[b])
    return speed, course


def made_good(s: Sailed) -> MadeGood:
    """Return speed and course made good on the step up to each row."""
    return MadeGood(*_made_good(s.track, s.t, s.lon, s.lat))


@numba.njit(cache=True, nogil=True)
def _back(track: Array, t: Array, a: int, until: int) -> int:
    """Return the last row of the track not after ``until``, or as far back as it goes to there."""
    while a > 0 and t[a] > until and track[a - 1] == track[a] and t[a] - t[a - 1] <= WINDOW_MS:
        a -= 1
    return a


@numba.njit(cache=True, nogil=True)
def _on(track: Array, t: Array, b: int, until: int) -> int:
    """Return the first row of the track not before ``until``, or as far on as it goes to there."""
    n = t.shape[0]
    while b + 1 < n and t[b] < until and track[b + 1] == track[b] and t[b + 1] - t[b] <= WINDOW_MS:
        b += 1
    return b


@numba.njit(cache=True, nogil=True)
def _speed(t: Array, lon: Array, lat: Array, a: int, b: int) -> float:
    """Return the speed made good between two rows in m/s; NaN where too little is known."""
    took = t[b] - t[a]
    return metres(lon[a], lat[a], lon[b], lat[b]) / (took / 1000.0) if took >= _LEAST_MS else np.nan


@numba.njit(cache=True, nogil=True)
def speeds_against(
    track: Array, t: Array, lon: Array, lat: Array, limit: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the speed made good on the step up to each row in m/s, to hold against a limit.

    A minute about a change of speed blurs when it was. So a step that is slow over 20 s, or takes
    45 s by itself, is taken as it is; another has the fastest of the minutes that end with it, are
    centred on it and begin with it. NaN at a track's first row and where less than 20 s are known.
    """
    n = t.shape[0]
    speed = np.full(n, np.nan, np.float32)
    for i in range(1, n):
        if track[i] != track[i - 1]:
            continue
        spare = (_LEAST_MS - (t[i] - t[i - 1])) // 2
        a = _back(track, t, i - 1, t[i - 1] - max(spare, 0))
        b = _on(track, t, i, t[i] + max(spare, 0))
        near = _speed(t, lon, lat, a, b)
        speed[i] = near
        took = t[i] - t[i - 1]
        if took >= _ALONE_MS or near < _NEAR * limit[i]:
            continue
        spare = WINDOW_MS - took
        best = np.nan
        for part in range(3):
            a = _back(track, t, i - 1, t[i - 1] - part * spare // 2)
            b = _on(track, t, i, t[i] + (2 - part) * spare // 2)
            v = _speed(t, lon, lat, a, b)
            if t[b] - t[a] >= WINDOW_MS and (np.isnan(best) or v > best):
                best = v
        speed[i] = near if np.isnan(best) else best
    return speed


@numba.njit(cache=True, nogil=True)
def _strays(track: Array, t: Array, lon: Array, lat: Array) -> Bools:
    n = t.shape[0]
    out = np.zeros(n, np.bool_)
    for i in range(1, n - 1):
        if track[i - 1] != track[i] or track[i + 1] != track[i]:
            continue
        before, after = t[i] - t[i - 1], t[i + 1] - t[i]
        if before <= 0 or after <= 0 or before > _STRAY_MS or after > _STRAY_MS:
            continue
        there = metres(lon[i - 1], lat[i - 1], lon[i], lat[i])
        if there < _STRAY_M:
            continue
        back = metres(lon[i], lat[i], lon[i + 1], lat[i + 1])
        on = metres(lon[i - 1], lat[i - 1], lon[i + 1], lat[i + 1]) / (before + after)
        if back < _STRAY_M or on > _STRAY_ON * min(there / before, back / after):
            continue
        fast = False
        if i > 1 and track[i - 2] == track[i] and t[i - 1] > t[i - 2]:
            m = metres(lon[i - 2], lat[i - 2], lon[i - 1], lat[i - 1])
            fast |= m * before > _STRAY_SPEED * there * (t[i - 1] - t[i - 2])
        if i + 2 < n and track[i + 2] == track[i] and t[i + 2] > t[i + 1]:
            m = metres(lon[i + 1], lat[i + 1], lon[i + 2], lat[i + 2])
            fast |= m * after > _STRAY_SPEED * back * (t[i + 2] - t[i + 1])
        out[i] = not fast
    return out


def strays(s: Sailed) -> Bools:
    """Return which positions stand alone: aside and back again by a vessel that else is slow."""
    return _strays(s.track, s.t, s.lon, s.lat)


def excess_over(
    s: Sailed, limit: NDArray[np.float32], step_ms: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the speed made good on the step up to each row, and by how much it is above a limit.

    The latter is NaN for steps longer than ``step_ms`` and for those to and from a position that
    stands alone.
    """
    speed = speeds_against(s.track, s.t, s.lon, s.lat, limit)
    excess = speed - limit
    excess[unseen(s, step_ms)] = np.nan
    return speed, excess


def unseen(s: Sailed, step_ms: int) -> Bools:
    """Return which steps show nothing: longer than ``step_ms``, to or from a stray position."""
    alone = strays(s)
    out = alone.copy()
    out[1:] |= alone[:-1] | (np.diff(s.t) > step_ms)
    return out


@numba.njit(cache=True, nogil=True)
def runs(
    track: Array, t: Array, excess: NDArray[np.float32], bridge_ms: int, least_ms: int
) -> tuple[Ints, Ints]:
    """Return (first row, last row) of runs of steps whose ``excess`` is not below zero.

    ``excess`` is how far the step up to each row is above what is asked, NaN where that is not
    known. Steps below, or not known, that take ``bridge_ms`` together do not end a run if the
    mean excess over its time stays above zero.
    """
    n = t.shape[0]
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    begin = -1
    end = -1
    total = 0.0
    pending = 0.0
    for i in range(1, n):
        new = track[i] != track[i - 1]
        took = t[i] - t[i - 1]
        hit = not new and excess[i] >= 0
        gain = 0.0 if np.isnan(excess[i]) else np.float64(excess[i]) * took
        if begin >= 0:
            lost = new or t[i if not hit else i - 1] - t[end] > bridge_ms
            if lost or (hit and total + pending + gain < 0):
                if t[end] - t[begin] >= least_ms:
                    first[found], last[found] = begin, end
                    found += 1
                begin = -1
        if hit:
            if begin < 0:
                begin = i - 1
                total = 0.0
                pending = 0.0
            total += pending + gain
            pending = 0.0
            end = i
        elif begin >= 0:
            pending += gain
    if begin >= 0 and t[end] - t[begin] >= least_ms:
        first[found], last[found] = begin, end
        found += 1
    return first[:found].copy(), last[:found].copy()


def contradicted(
    s: Sailed,
    speed: NDArray[np.float32],
    first: Ints,
    last: Ints,
    *,
    share: float = 0.5,
    steps: int = 1,
) -> Bools:
    """Return which runs are few steps all of whose ends tell at most a share of a speed.

    Such steps are as likely one or two false positions as a speed. ``speed`` is in m/s, of the
    step up to each row: the speed made good, or the limit that it is held against.
    """
    out = np.zeros(len(first), np.bool_)
    for e in np.flatnonzero(last - first <= steps):
        told = s.sog[first[e] : last[e] + 1] * np.float32(KNOT)
        out[e] = (told <= share * np.nanmin(speed[first[e] + 1 : last[e] + 1])).all()
    return out


@numba.njit(cache=True, nogil=True)
def _step(track: Array, t: Array, lon: Array, lat: Array, i: int) -> float:
    """Return the speed of the step up to row i in m/s; NaN where there is none or it is long."""
    if i < 1 or i >= t.shape[0] or track[i] != track[i - 1]:
        return np.nan
    took = t[i] - t[i - 1]
    if took <= 0 or took > _PART_MS:
        return np.nan
    return float(metres(lon[i - 1], lat[i - 1], lon[i], lat[i]) / (took / 1000.0))


@numba.njit(cache=True, nogil=True)
def _parts_ms(track: Array, t: Array, lon: Array, lat: Array, first: Ints, last: Ints) -> Ints:
    out = np.zeros(first.shape[0], np.int64)
    for e in range(first.shape[0]):
        a, b = first[e], last[e]
        for edge, beyond, inner in ((a, a - 1, a + 1), (b + 1, b + 2, b)):
            across = _step(track, t, lon, lat, edge)
            slow = _step(track, t, lon, lat, beyond)
            fast = _step(track, t, lon, lat, inner)
            # NaN is greater than nothing.
            if fast > slow and across > slow:
                share = min((across - slow) / (fast - slow), 1.0)
                out[e] += np.int64(share * (t[edge] - t[edge - 1]))
    return out


def parts_ms(s: Sailed, first: Ints, last: Ints) -> Ints:
    """Return for how long each run went on in the steps before and after it, in ms.

    A step in which the speed changes has a mean between the one before it and the one after, and
    the nearer that is to the run's the more of the step belongs to it. Nothing where reports are
    more than two minutes apart.
    """
    return _parts_ms(s.track, s.t, s.lon, s.lat, first, last)


def unseen_ms(s: Sailed, first: Ints, last: Ints) -> Ints:
    """Return a quarter of the steps before and after each run, each at most a minute, in ms.

    What is told from the first to the last row of a run was so somewhat before and after, too.
    """
    if not len(first):
        return np.zeros(0, np.int64)
    steps = np.where(np.diff(s.track) == 0, np.clip(np.diff(s.t), 0, WINDOW_MS), 0)
    steps = np.concatenate([[0], steps, [0]])
    return np.asarray((steps[first] + steps[last + 1]) // 4, dtype=np.int64)


@numba.njit(cache=True, nogil=True)
def over_runs(
    t: Array, value: NDArray[np.float32], first: Ints, last: Ints
) -> tuple[Floats, Floats, Floats]:
    """Return mean by time and maximum of a value of steps over each run, and the longest step."""
    m = first.shape[0]
    mean, most, longest = np.full(m, np.nan), np.full(m, np.nan), np.zeros(m)
    for e in range(m):
        total = 0.0
        known = 0.0
        for k in range(first[e] + 1, last[e] + 1):
            took = np.float64(t[k] - t[k - 1])
            longest[e] = max(longest[e], took)
            if not np.isnan(value[k]):
                total += took * value[k]
                known += took
                if np.isnan(most[e]) or value[k] > most[e]:
                    most[e] = value[k]
        if known > 0:
            mean[e] = total / known
    return mean, most, longest
