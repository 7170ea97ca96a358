"""What vessels tell of their speed and course, held against what they make good."""

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Floats, Ints
from ais._plane import KNOT

_MOST_KN = 102.15
"""102.2 stands for this speed or more (ITU-R M.1371-5, table 48): boats in port tell it."""
_SHORT_MS = 120_000
_NOISE_KN = 3.0
"""Below, the course told is noise of the receiver."""


@numba.njit(cache=True, nogil=True)
def _apart(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


@numba.njit(cache=True, nogil=True)
def _untold(sog: float, cog: float) -> bool:
    """Return whether nothing is told: no speed, the greatest there is, or nought for both."""
    return np.isnan(sog) or sog >= _MOST_KN or (sog == 0 and (np.isnan(cog) or cog == 0))


@numba.njit(cache=True, nogil=True)
def speed_excess(
    track: Array,
    t: Array,
    sog: NDArray[np.float32],
    cog: NDArray[np.float32],
    speed: NDArray[np.float32],
    least: float,
    share: float,
    sure_ms: int,
    alike: float,
) -> NDArray[np.float32]:
    """Return 1 for steps whose speed is not what either end tells, -1 for others, NaN unknown."""
    n = t.shape[0]
    out = np.full(n, np.nan, np.float32)
    for i in range(1, n):
        took = t[i] - t[i - 1]
        if track[i] != track[i - 1] or np.isnan(speed[i]):
            continue
        now, before = _untold(sog[i], cog[i]), _untold(sog[i - 1], cog[i - 1])
        if now and before:
            continue
        # Where one end tells nothing, the other speaks for the step.
        one = sog[i - 1] if now else sog[i]
        two = sog[i] if before else sog[i - 1]
        low, high = min(one, two) * KNOT, max(one, two) * KNOT
        v = speed[i]
        out[i] = -1.0
        if v > high:
            if v - high >= least and v - high >= share * v:
                out[i] = 1.0
        elif low - v >= least and low - v >= share * low:
            # NaN courses are alike to nothing.
            if took <= sure_ms or _apart(cog[i], cog[i - 1]) <= alike:
                out[i] = 1.0
            else:
                out[i] = np.nan
    return out


@numba.njit(cache=True, nogil=True)
def course_excess(
    track: Array,
    t: Array,
    sog: NDArray[np.float32],
    cog: NDArray[np.float32],
    speed: NDArray[np.float32],
    course: NDArray[np.float32],
    least: float,
    least_deg: float,
    step_ms: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return by how much more than asked a step's course is off what its ends tell, NaN unknown.

    And the angle between the course made good and the mean of what the ends tell: in a bend that
    is what the vessel does halfway. Where one end tells nothing, the other speaks for the step.
    Over more than two minutes she may have turned to and fro: there the nearer end counts, and
    both must tell.
    """
    n = t.shape[0]
    out, off = np.full(n, np.nan, np.float32), np.full(n, np.nan, np.float32)
    for i in range(1, n):
        if track[i] != track[i - 1] or t[i] - t[i - 1] > step_ms or not speed[i] >= least:
            continue
        before = not np.isnan(cog[i - 1]) and not (sog[i - 1] < _NOISE_KN)
        now = not np.isnan(cog[i]) and not (sog[i] < _NOISE_KN)
        short = t[i] - t[i - 1] <= _SHORT_MS
        if not (now or before) or not (short or (now and before)):
            continue
        a = ((cog[i - 1] if before else cog[i]) - course[i] + 180.0) % 360.0 - 180.0
        b = ((cog[i] if now else cog[i - 1]) - course[i] + 180.0) % 360.0 - 180.0
        apart = (b - a + 180.0) % 360.0 - 180.0
        if abs(apart) >= 90.0:
            # The vessel turned through the course that it made good, or began to tell another.
            off[i] = min(abs(a), abs(b))
            out[i] = -1.0
            continue
        off[i] = abs((a + 0.5 * apart + 180.0) % 360.0 - 180.0) if short else min(abs(a), abs(b))
        out[i] = off[i] - least_deg
    return out, off


@numba.njit(cache=True, nogil=True)
def over_rows(told: NDArray[np.float32], first: Ints, last: Ints) -> tuple[Floats, Floats, Floats]:
    """Return mean, least and greatest of a told figure over the rows of each run."""
    m = first.shape[0]
    mean, least, most = np.full(m, np.nan), np.full(m, np.nan), np.full(m, np.nan)
    for e in range(m):
        total = 0.0
        n = 0
        for k in range(first[e], last[e] + 1):
            v = told[k]
            if np.isnan(v):
                continue
            total += v
            n += 1
            if n == 1 or v < least[e]:
                least[e] = v
            if n == 1 or v > most[e]:
                most[e] = v
        if n:
            mean[e] = total / n
    return mean, least, most
