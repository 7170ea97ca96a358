"""Find vessels that go with the stream: their heads point one way, and their way leads another."""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed
from ais._plane import KNOT, METRES_PER_DEGREE, bearing, metres, smoothed
from ais.stops import Stops


@dataclass(frozen=True)
class DriftRule:
    """What counts as drifting.

    A mean speed from ``min_speed_kn`` to ``max_speed_kn`` for ``least_min`` over a path of
    ``least_path_m``, and a course made good that differs from the heading by ``off_deg`` for
    ``off_share`` of the time in which both are known. They must be known for ``known_share`` of
    it, and neither out of sight nor alike for longer than ``lapse_min`` at once. The course is
    made good over ``window_s`` either way, where that gains ``least_gain_m``: below, it is noise.

    A ship at anchor swings broadside too. She is told by her head, which points at the anchor: a
    circle of no more than ``swing_m`` in which the heading explains ``swing_share`` of where she
    lies is no drift.
    """

    min_speed_kn: float = 0.2
    max_speed_kn: float = 3.0
    least_min: float = 60.0
    least_path_m: float = 500.0
    off_deg: float = 40.0
    off_share: float = 0.7
    known_share: float = 0.5
    lapse_min: float = 30.0
    window_s: float = 180.0
    least_gain_m: float = 20.0
    swing_m: float = 600.0
    swing_share: float = 0.5


class Drifts(NamedTuple):
    """Runs of rows of a ``Sailed`` in which a vessel drifted."""

    first: Ints
    last: Ints
    off_share: Floats
    known_share: Floats
    off_deg: Floats
    """Of the time in which heading and course are known: the mean angle between them."""
    path_m: Floats


_UNIT = 1_048_576.0
_SMOOTH_MS = 60_000
_SPURT = 1.5
"""What goes faster than this times the greatest mean speed goes by itself."""


@numba.njit(cache=True, nogil=True)
def _heading_sums(heading: NDArray[np.float32]) -> tuple[Ints, Ints, Ints]:
    """Return sums of the headings' sines and cosines up to each row, and of how many are known.

    In whole millionths, so that differences are the same whatever came before.
    """
    n = heading.shape[0]
    east, north = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    known = np.zeros(n + 1, np.int64)
    for i in range(n):
        east[i + 1], north[i + 1], known[i + 1] = east[i], north[i], known[i]
        if not np.isnan(heading[i]):
            at = np.radians(np.float64(heading[i]))
            east[i + 1] += np.int64(np.round(np.sin(at) * _UNIT))
            north[i + 1] += np.int64(np.round(np.cos(at) * _UNIT))
            known[i + 1] += 1
    return east, north, known


@numba.njit(cache=True, nogil=True)
def _angles(  # noqa: C901
    track: Array,
    t: Array,
    lon: Floats,
    lat: Floats,
    out: Bools,
    heading: NDArray[np.float32],
    half_ms: int,
    least_m: float,
    limit: float,
) -> NDArray[np.float32]:
    """Return the angle between heading and course made good on the step up to each row.

    Of the windows that end with the step, are centred on it and begin with it, the slowest is
    taken: where a vessel stops to drift or goes on, the others are of what she did else.

    -1 where it is not known, -2 where the step is none: a track begins, is barred, or too fast.
    """
    n = t.shape[0]
    angle = np.full(n, -2.0, np.float32)
    east, north, known = _heading_sums(heading)
    rows = np.zeros((3, 2), np.int64)
    for i in range(1, n):
        if track[i] != track[i - 1]:
            rows[:] = i
            continue
        for k in range(3):
            while t[rows[k, 0]] < t[i - 1] - k * half_ms:
                rows[k, 0] += 1
            rows[k, 1] = max(rows[k, 1], i)
            ahead = t[i] + (2 - k) * half_ms
            while (
                rows[k, 1] + 1 < n
                and track[rows[k, 1] + 1] == track[i]
                and t[rows[k, 1] + 1] <= ahead
            ):
                rows[k, 1] += 1
        if out[i] or out[i - 1]:
            continue
        best = np.inf
        p = rows[1, 0]
        q = rows[1, 1]
        for k in (1, 0, 2):
            a, b = rows[k, 0], rows[k, 1]
            took = max(t[b] - t[a], 1000) / 1000.0
            if k != 1 and took < 0.75 * (t[rows[1, 1]] - t[rows[1, 0]]) / 1000.0:
                continue
            speed = metres(lon[a], lat[a], lon[b], lat[b]) / took
            if speed < best:
                best, p, q = speed, a, b
            if k == 1 and speed > 2.0 * limit:
                break
        if best > limit:
            continue
        gained = best * (t[q] - t[p]) / 1000.0
        if gained < least_m or known[q + 1] == known[p]:
            angle[i] = -1.0
            continue
        head = np.degrees(np.arctan2(east[q + 1] - east[p], north[q + 1] - north[p]))
        off = bearing(lon[p], lat[p], lon[q], lat[q]) - head
        angle[i] = abs((off + 180.0) % 360.0 - 180.0)
    return angle


@numba.njit(cache=True, nogil=True)
def _ways(t: Array, lon: Floats, lat: Floats, first: Ints, last: Ints, chord_ms: int) -> Floats:
    """Return the way of each run in metres, by chords: from step to step, noise adds up."""
    out = np.zeros(first.shape[0])
    for e in range(first.shape[0]):
        a = first[e]
        for k in range(first[e] + 1, last[e] + 1):
            if t[k] - t[a] >= chord_ms or k == last[e]:
                out[e] += metres(lon[a], lat[a], lon[k], lat[k])
                a = k
    return out


@numba.njit(cache=True, nogil=True)
def _runs(
    t: Array, angle: NDArray[np.float32], off_deg: float, share: float, lapse_ms: int, least_ms: int
) -> tuple[Ints, Ints]:
    """Return (first, last) of the longest runs that differ for ``share`` of the time known.

    Time that differs counts 1 - ``share``, time that does not -``share``: a run goes on while
    its sum is not below zero nor a lapse below its greatest, which is where it ends.
    """
    n = t.shape[0]
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    i = 1
    while i < n:
        if angle[i] < off_deg:
            i += 1
            continue
        total = 0.0
        best = 0.0
        end = i - 1
        seen = t[i - 1]
        j = i
        while j < n and angle[j] > -1.5:
            if angle[j] >= 0:
                differs = angle[j] >= off_deg
                total += (t[j] - t[j - 1]) * ((1.0 - share) if differs else -share)
                seen = t[j]
            if total < 0 or best - total > share * lapse_ms or t[j] - seen > lapse_ms:
                break
            if total > best:
                best = total
                end = j
            j += 1
        if t[end] - t[i - 1] >= least_ms:
            first[found], last[found] = i - 1, end
            found += 1
        i = max(end, i) + 1
    return first[:found].copy(), last[:found].copy()


@numba.njit(cache=True, nogil=True)
def _shares(
    t: Array, angle: NDArray[np.float32], off_deg: float, first: Ints, last: Ints
) -> tuple[Floats, Floats, Floats]:
    """Return of each run the share that differs, the share that is known, and the mean angle."""
    m = first.shape[0]
    off, known, mean = np.zeros(m), np.zeros(m), np.zeros(m)
    for e in range(m):
        differs = 0.0
        told = 0.0
        turned = 0.0
        for k in range(first[e] + 1, last[e] + 1):
            if angle[k] >= 0:
                took = t[k] - t[k - 1]
                told += took
                turned += took * angle[k]
                if angle[k] >= off_deg:
                    differs += took
        known[e] = told / max(t[last[e]] - t[first[e]], 1)
        if told > 0:
            off[e], mean[e] = differs / told, turned / told
    return off, known, mean


@numba.njit(cache=True, nogil=True)
def _swings(
    lon: Floats,
    lat: Floats,
    heading: NDArray[np.float32],
    first: Ints,
    last: Ints,
    widest_m: float,
    share: float,
) -> Bools:
    """Return which runs are those of a ship swinging about her anchor.

    Least squares of place = anchor - radius × (sine, cosine of the heading).
    """
    m = first.shape[0]
    out = np.zeros(m, np.bool_)
    for e in range(m):
        a, b = first[e], last[e]
        scale = np.cos(np.radians(lat[a]))
        n = 0
        sx = sy = su = sv = both = of_place = 0.0
        for k in range(a, b + 1):
            if np.isnan(heading[k]):
                continue
            x = ((lon[k] - lon[a] + 180.0) % 360.0 - 180.0) * scale * METRES_PER_DEGREE
            y = (lat[k] - lat[a]) * METRES_PER_DEGREE
            at = np.radians(np.float64(heading[k]))
            u, v = np.sin(at), np.cos(at)
            n += 1
            sx += x
            sy += y
            su += u
            sv += v
            both += x * u + y * v
            of_place += x * x + y * y
        if n < 3:
            continue
        both = both / n - (sx * su + sy * sv) / (n * n)
        of_place = of_place / n - (sx * sx + sy * sy) / (n * n)
        of_heading = 1.0 - (su * su + sv * sv) / (n * n)
        if of_place <= 0 or of_heading <= 1e-6:
            continue
        radius = -both / of_heading
        explained = both * both / (of_heading * of_place)
        out[e] = 0 < radius <= widest_m and explained >= share
    return out


def find_drifts(s: Sailed, *, barred: Bools, lain: Stops, rule: DriftRule) -> Drifts:
    """Find the drifts in ``s``, in row order.

    Rows ``barred`` lie in berths. A drift does not reach into a stop of ``least_min`` or longer
    at which the vessel lay moored or swung about her anchor; one that she went through with the
    stream does not end it. Without headings nothing is a drift.
    """
    if not np.isfinite(s.heading).any():
        none = np.array([], np.int64)
        return Drifts(none, none, *(np.empty(0) for _ in range(4)))
    least_ms = round(rule.least_min * 60_000)
    half_ms = round(rule.window_s * 1000)
    x, y = smoothed(s.track, s.t, s.lon, s.lat, _SMOOTH_MS)
    swing = (x, y, s.heading)
    held = lain.still & (s.t[lain.last] - s.t[lain.first] >= least_ms)
    first, last = lain.first[held], lain.last[held]
    told = np.concatenate([[0], np.cumsum(np.isfinite(s.heading))])
    unknown = told[last + 1] - told[first] < rule.known_share * (last + 1 - first)
    still = ~lain.anchored[held] | unknown
    still |= _swings(*swing, first, last, rule.swing_m, rule.swing_share)
    out = barred | cover(len(s.t), first[still], last[still])
    angle = _angles(
        s.track, s.t, x, y, out, s.heading, half_ms, rule.least_gain_m,
        _SPURT * rule.max_speed_kn * KNOT,
    )  # fmt: skip
    first, last = _runs(
        s.t, angle, rule.off_deg, rule.off_share, round(rule.lapse_min * 60_000), least_ms
    )
    off, known, mean = _shares(s.t, angle, rule.off_deg, first, last)
    way = _ways(s.t, x, y, first, last, 2 * half_ms)
    speed = way / ((s.t[last] - s.t[first]) / 1000.0) / KNOT
    is_one = (speed >= rule.min_speed_kn) & (speed <= rule.max_speed_kn)
    is_one &= (way >= rule.least_path_m) & (off >= rule.off_share) & (known >= rule.known_share)
    is_one &= ~_swings(*swing, first, last, rule.swing_m, rule.swing_share)
    figures = (v[is_one] for v in (off, known, mean, way))
    return Drifts(first[is_one], last[is_one], *figures)


def cover(n: int, first: Ints, last: Ints) -> Bools:
    """Return which of ``n`` rows lie in any of the runs."""
    edge = np.zeros(n + 1, np.int64)
    np.add.at(edge, first, 1)
    np.add.at(edge, last + 1, -1)
    return np.cumsum(edge[:-1]) > 0
