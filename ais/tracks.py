"""Cut positions into tracks: what one transmitter sailed without a break."""

import math

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import KNOT, METRES_PER_DEGREE, metres

CLOCK_SLACK_S = 10.0
"""Stations' clocks differ and positions are rounded to their second: two reports of one
vessel may stand this much closer in time than they were (seen in US Coast Guard logs)."""
AIRCRAFT_KN = 500.0
_SURE = 3
_OPEN = 16
_ESTABLISHED = 10
_REMEMBERED_MS = 24 * 3_600_000
_ODD_M, _ODD_KN, _ODD_TIMES, _ODD_MORE_KN = 1000.0, 20.0, 2.0, 5.0
"""A step so long, so fast, and so much faster than either end says that it goes is odd."""
_PLACE_M = 50.0
_STEADY_MPS, ANY_MPS = 2.0, 5.0
"""How far off a place is, and by how much a vessel changes its speed before the next report, where
its speed is known and where not: the scatter that tells which of two tracks a position is on."""


@numba.njit(cache=True, nogil=True)
def unlikelihood(error_m: float, seconds: float, unsteady_mps: float) -> float:
    """Return -2 log of how likely a dead reckoning is off by so much, to compare by."""
    spread = _PLACE_M + unsteady_mps * seconds
    return (error_m / spread) ** 2 + 4.0 * math.log(spread)


@numba.njit(cache=True, nogil=True)
def _misfit(t: Array, lon: Array, lat: Array, east: Array, north: Array, j: int, i: int) -> float:
    """Return how badly position i fits on from position j, going on at the speeds they tell."""
    seconds = (t[i] - t[j]) / 1000.0
    dx = (lon[i] - lon[j] + 180.0) % 360.0 - 180.0
    dx *= METRES_PER_DEGREE * math.cos(math.radians(0.5 * (lat[i] + lat[j])))
    dy = METRES_PER_DEGREE * (lat[i] - lat[j])
    said_j, said_i = not math.isnan(east[j]), not math.isnan(east[i])
    if said_j and said_i:
        dx -= 0.5 * (east[j] + east[i]) * seconds
        dy -= 0.5 * (north[j] + north[i]) * seconds
    elif said_j or said_i:
        k = j if said_j else i
        dx -= east[k] * seconds
        dy -= north[k] * seconds
    unsteady = _STEADY_MPS if said_j or said_i else ANY_MPS
    return unlikelihood(math.sqrt(dx * dx + dy * dy), seconds, unsteady)


@numba.njit(cache=True, nogil=True)
def _odd(east: Array, north: Array, j: int, i: int, m: float, speed: float) -> bool:
    """Return whether a step is at odds with the speeds that both its ends tell."""
    if m < _ODD_M or speed < _ODD_KN * KNOT or math.isnan(east[j]) or math.isnan(east[i]):
        return False
    told = max(math.hypot(east[j], north[j]), math.hypot(east[i], north[i]))
    return speed > _ODD_TIMES * told + _ODD_MORE_KN * KNOT


@numba.njit(cache=True, nogil=True)
def _cut(  # noqa: C901
    mmsi: Array,
    t: Array,
    lon: Array,
    lat: Array,
    east: Array,
    north: Array,
    gap_ms: int,
    limit: Array,
) -> tuple[Ints, Ints, Floats, Ints, Bools]:
    """Give each position a thread: of the open ones that reach it, the one that it fits best.

    A thread that fell silent is remembered for a day: where a position fits that better than an
    open one, it is another hull that comes back, and begins a thread. An odd step begins one,
    too; where the thread that it left is never gone on with, it was one vessel all the same.
    """
    n = t.shape[0]
    thread = np.empty(n, np.int64)
    previous = np.full(n, -1, np.int64)
    step_m = np.full(n, np.nan)
    size = np.zeros(n, np.int64)
    conflict = np.zeros(n, np.bool_)
    gone_on = np.full(n, -1, np.int64)
    came_from = np.full(n, -1, np.int64)
    last = np.full(_OPEN, -1, np.int64)
    threads, used = 0, 0
    for i in range(n):
        if i == 0 or mmsi[i] != mmsi[i - 1]:
            used = 0
        best, best_misfit, best_m = -1, np.inf, np.nan
        k = 0
        while k < used:
            j = last[k]
            silence = t[i] - t[j]
            # A few positions that fell silent are a jump, and no hull that may come back.
            if silence > gap_ms and (
                silence > _REMEMBERED_MS or (used > 1 and size[thread[j]] < _ESTABLISHED)
            ):
                used -= 1
                last[k] = last[used]
                continue
            m = metres(lon[j], lat[j], lon[i], lat[i])
            if m <= limit[i] * (silence / 1000.0 + CLOCK_SLACK_S):
                misfit = _misfit(t, lon, lat, east, north, j, i) if used > 1 else 0.0
                if misfit < best_misfit:
                    best, best_misfit, best_m = k, misfit, m
            k += 1
        j = -1 if best < 0 else last[best]
        silent = best >= 0 and t[i] - t[j] > gap_ms
        seconds = 0.0 if best < 0 else (t[i] - t[j]) / 1000.0 + CLOCK_SLACK_S
        odd = best >= 0 and not silent and _odd(east, north, j, i, best_m, best_m / seconds)
        if best >= 0 and not silent and not odd:
            thread[i] = thread[j]
            previous[i] = j
            step_m[i] = best_m
            gone_on[j] = thread[j]
            last[best] = i
        else:
            if odd:
                came_from[i] = j
                step_m[i] = best_m
            if best < 0 or odd:
                best = used
                if used == _OPEN:
                    best = int(np.argmin(t[last]))
                else:
                    used += 1
                    last[best] = i
            elif silent:
                gone_on[j] = threads
            for k in range(used):
                if k != best and last[k] != came_from[i] and t[i] - t[last[k]] <= gap_ms:
                    conflict[thread[last[k]]] = True
                    conflict[threads] = True
            thread[i] = threads
            threads += 1
            last[best] = i
        size[thread[i]] += 1
    _rejoin(thread, previous, step_m, size, conflict, gone_on, came_from)
    return thread, previous, step_m, size[:threads], conflict[:threads]


@numba.njit(cache=True, nogil=True)
def _rejoin(
    thread: Ints,
    previous: Ints,
    step_m: Floats,
    size: Ints,
    conflict: Bools,
    gone_on: Ints,
    came_from: Ints,
) -> None:
    """Put threads that an odd step began back to where they came from, if that ended there."""
    n = len(thread)
    now = np.arange(n)
    for i in range(n):
        j = came_from[i]
        if j < 0:
            thread[i] = now[thread[i]]
            continue
        # Jumps may come down where the thread ended: they do not go on with it.
        by = gone_on[j]
        if by >= 0 and (now[by] == thread[j] or size[by] >= _ESTABLISHED):
            conflict[thread[j]] = True
            conflict[thread[i]] = True
            step_m[i] = np.nan
        else:
            previous[i] = j
            old, new = thread[i], thread[j]
            gone_on[j] = new
            now[old] = new
            size[new] += size[old]
            size[old] = 0
            conflict[new] |= conflict[old]
            conflict[old] = True
        thread[i] = now[thread[i]]


def _velocity(rows: pl.DataFrame) -> tuple[Floats, Floats]:
    """Return metres a second east and north as reported; NaN where not, or not in the table."""
    if not {"sog_kn", "cog_deg"} <= set(rows.columns):
        nowhere = np.full(rows.height, np.nan)
        return nowhere, nowhere
    sog, cog = (rows[name].cast(pl.Float32).to_numpy() for name in ("sog_kn", "cog_deg"))
    return _eastward(sog, cog)


@numba.njit(cache=True, nogil=True)
def _eastward(sog: Array, cog: Array) -> tuple[Floats, Floats]:
    """Return the parts of told speeds (knots) and courses, in metres a second east and north."""
    n = len(sog)
    east, north = np.full(n, np.nan), np.full(n, np.nan)
    for i in range(n):
        if sog[i] == 0:
            # Lying still needs no course.
            east[i] = north[i] = 0.0
        elif not (math.isnan(sog[i]) or math.isnan(cog[i])):
            course = math.radians(cog[i])
            east[i] = sog[i] * KNOT * math.sin(course)
            north[i] = sog[i] * KNOT * math.cos(course)
    return east, north


@numba.njit(cache=True, nogil=True)
def _in_order(mmsi: Array, t: Array, lon: Array, lat: Array) -> bool:
    """Return whether rows are sorted by (mmsi, t, lon, lat)."""
    for i in range(1, len(t)):
        if mmsi[i] != mmsi[i - 1]:
            if mmsi[i] < mmsi[i - 1]:
                return False
        elif t[i] != t[i - 1]:
            if t[i] < t[i - 1]:
                return False
        elif lon[i] < lon[i - 1] or (lon[i] == lon[i - 1] and lat[i] < lat[i - 1]):
            return False
    return True


def tracks(
    positions: pl.DataFrame, *, track_gap_s: float = 3600.0, max_speed_kn: float = 60.0
) -> pl.DataFrame:
    """Return the positions sorted by (mmsi, t), each with its track and the step before it.

    A track ends where silence exceeds ``track_gap_s``, or where going on would need more than
    ``max_speed_kn`` (search-and-rescue aircraft: 500 kn). A position that fits no open track
    opens another one: two vessels under one MMSI so come apart into two. Of several it goes to
    the one that it fits best, by time, place and the speeds and courses told. Fewer than three
    positions that contradict another track are no vessel but a jump: ``impossible``, and no part
    of any track. A step of 1 km or more at over 20 kn, far faster than both its ends say, is
    taken only where nothing else goes on from where it began.

    Parameters
    ----------
    positions : DataFrame
        Cleaned: mmsi, t, lon, lat; with sog_kn and cog_deg, tracks that meet are told apart better.

    Returns
    -------
    DataFrame
        The columns of ``positions`` and ``track_id`` u32 (null when impossible), ``step_m``,
        ``step_s``, ``implied_kn`` f32 (null at a track's first position), ``impossible``.
    """
    key = ("mmsi", "t", "lon", "lat")
    rows = positions
    # A table is often sorted already, and looking costs a twentieth of sorting.
    if not _in_order(*(rows[name].to_physical().to_numpy() for name in key)):
        rows = rows.sort(key, maintain_order=True)
    mmsi = rows["mmsi"].to_numpy()
    t = rows["t"].dt.epoch("ms").to_numpy()
    limit = np.where(mmsi // 1_000_000 == 111, AIRCRAFT_KN, max_speed_kn) * KNOT
    thread, previous, step_m, size, conflict = _cut(
        mmsi,
        t,
        rows["lon"].to_numpy(),
        rows["lat"].to_numpy(),
        *_velocity(rows),
        round(track_gap_s * 1000),
        limit,
    )
    lost = (conflict & (size < _SURE))[thread]
    ids = np.cumsum(~(conflict & (size < _SURE))) - 1
    first = previous < 0
    step_s = np.where(first, np.nan, (t - t[previous]) / 1000.0)
    moving = step_s > 0
    implied = np.divide(step_m, step_s * KNOT, out=np.full(len(t), np.nan), where=moving)
    return rows.with_columns(
        pl.Series("track_id", np.where(lost, 0, ids[thread]).astype(np.uint32)),
        pl.Series("step_m", step_m.astype(np.float32), nan_to_null=True),
        pl.Series("step_s", step_s.astype(np.float32), nan_to_null=True),
        pl.Series("implied_kn", implied.astype(np.float32), nan_to_null=True),
        pl.Series("impossible", lost),
    ).with_columns(
        pl.when(pl.col("impossible").not_()).then(pl.col("track_id")).alias("track_id"),
    )
