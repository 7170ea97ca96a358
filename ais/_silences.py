"""Find where vessels fall silent, and how they went before: the loops of ``ais.gaps``."""

import numba
import numpy as np

from ais._arrays import Array, Floats, Ints
from ais._plane import KNOT, bearing, metres
from ais._slots import STILL_KN, USUAL_MIN

UNKNOWN_KN = 12.0
_LEAST_KN, _MOST_KN = 8.0, 60.0
_SPEED_BINS, _BIN_KN, _LEAST_SPEEDS = 121, 0.5, 10
_MADE_GOOD_MS = 1_800_000


@numba.njit(cache=True, nogil=True)
def plausible(vessel: Ints, t: Ints, lon: Floats, lat: Floats, sog: Array) -> Floats:
    """Return for each position the 95th percentile of what its vessel makes under way (knots)."""
    n = len(t)
    out = np.full(n, UNKNOWN_KN)
    count = np.zeros(_SPEED_BINS, np.int64)
    first = 0
    for i in range(n):
        kn = float(sog[i])
        same = i > first
        if np.isnan(kn) and same and 30_000 <= t[i] - t[i - 1] <= 2 * _MADE_GOOD_MS:
            way = metres(lon[i - 1], lat[i - 1], lon[i], lat[i])
            kn = way / ((t[i] - t[i - 1]) / 1000.0) / KNOT
        if STILL_KN <= kn <= _MOST_KN:
            count[int(kn / _BIN_KN)] += 1
        if i + 1 < n and vessel[i + 1] == vessel[i]:
            continue
        total = count.sum()
        if total >= _LEAST_SPEEDS:
            seen = 0
            for k in range(_SPEED_BINS):
                seen += count[k]
                if seen >= 0.95 * total:
                    out[first : i + 1] = max((k + 1) * _BIN_KN, _LEAST_KN)
                    break
        count[:] = 0
        first = i + 1
    return out


@numba.njit(cache=True, nogil=True)
def silent(vessel: Ints, t: Ints, pace: Floats, least_ms: int, horizon: int) -> Ints:
    """Return (last row before, first row after or -1) of each silence.

    It lasts from when the next report was due, a usual interval (``pace``, minutes) after the last.
    """
    out = np.empty((1024, 2), np.int64)
    size = 0
    n = len(t)
    for i in range(n):
        after = i + 1 if i + 1 < n and vessel[i + 1] == vessel[i] else -1
        until = t[after] if after >= 0 else horizon
        if pace[i] >= USUAL_MIN or until - t[i] < least_ms + pace[i] * 60_000:
            continue
        if size == len(out):
            more = np.empty((2 * size, 2), np.int64)
            more[:size] = out
            out = more
        out[size, 0], out[size, 1] = i, after
        size += 1
    return out[:size].copy()


@numba.njit(cache=True, nogil=True)
def headed(
    rows: Ints, vessel: Ints, t: Ints, lon: Floats, lat: Floats, sog: Array, cog: Array
) -> Floats:
    """Return speed (kn) and course at rows: as told, else as made good in the half hour before."""
    out = np.empty((len(rows), 2))
    for k, i in enumerate(rows):
        out[k, 0], out[k, 1] = sog[i], cog[i]
        j = i
        while j > 0 and vessel[j - 1] == vessel[i] and t[i] - t[j] < 60_000:
            j -= 1
        if t[j] == t[i] or t[i] - t[j] > _MADE_GOOD_MS:
            continue
        if np.isnan(out[k, 0]):
            way = metres(lon[j], lat[j], lon[i], lat[i])
            out[k, 0] = min(way / ((t[i] - t[j]) / 1000.0) / KNOT, _MOST_KN)
        if np.isnan(out[k, 1]):
            out[k, 1] = bearing(lon[j], lat[j], lon[i], lat[i])
    return out
