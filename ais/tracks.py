"""Cut positions into tracks: what one transmitter sailed without a break."""

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import KNOT, metres

CLOCK_SLACK_S = 10.0
"""Stations' clocks differ and positions are rounded to their second: two reports of one
vessel may stand this much closer in time than they were (seen in US Coast Guard logs)."""
AIRCRAFT_KN = 500.0
_SURE = 3
_OPEN = 4


@numba.njit(cache=True)
def _cut(  # noqa: C901
    mmsi: Array,
    t: Array,
    lon: Array,
    lat: Array,
    gap_ms: int,
    limit: Array,
) -> tuple[Ints, Ints, Floats, Ints, Bools]:
    """Give each position a thread: the open one that it can have been reached from soonest."""
    n = t.shape[0]
    thread = np.empty(n, np.int64)
    previous = np.full(n, -1, np.int64)
    step_m = np.full(n, np.nan)
    size = np.zeros(n, np.int64)
    conflict = np.zeros(n, np.bool_)
    last = np.full(_OPEN, -1, np.int64)
    threads = 0
    for i in range(n):
        if i == 0 or mmsi[i] != mmsi[i - 1]:
            last[:] = -1
        best, best_speed, best_m = -1, np.inf, np.nan
        for k in range(_OPEN):
            j = last[k]
            if j < 0:
                continue
            if t[i] - t[j] > gap_ms:
                last[k] = -1
                continue
            m = metres(lon[j], lat[j], lon[i], lat[i])
            speed = m / ((t[i] - t[j]) / 1000.0 + CLOCK_SLACK_S)
            if speed <= limit[i] and speed < best_speed:
                best, best_speed, best_m = k, speed, m
        if best < 0:
            slot = 0
            for k in range(_OPEN):
                j = last[k]
                if j >= 0:
                    conflict[thread[j]] = True
                    conflict[threads] = True
                if last[slot] >= 0 and (j < 0 or t[j] < t[last[slot]]):
                    slot = k
            thread[i] = threads
            threads += 1
            last[slot] = i
        else:
            j = last[best]
            thread[i] = thread[j]
            previous[i] = j
            step_m[i] = best_m
            last[best] = i
        size[thread[i]] += 1
    return thread, previous, step_m, size[:threads], conflict[:threads]


def tracks(
    positions: pl.DataFrame, *, track_gap_s: float = 3600.0, max_speed_kn: float = 60.0
) -> pl.DataFrame:
    """Return the positions sorted by (mmsi, t), each with its track and the step before it.

    A track ends where silence exceeds ``track_gap_s``, or where going on would need more than
    ``max_speed_kn`` (search-and-rescue aircraft: 500 kn). A position that fits no open track
    opens another one: two vessels under one MMSI so come apart into two. Fewer than three such
    positions are no vessel but a jump: ``impossible``, and no part of any track.

    Parameters
    ----------
    positions : DataFrame
        Cleaned, with the columns of ``POSITIONS``.

    Returns
    -------
    DataFrame
        The columns of ``positions`` and ``track_id`` u32 (null when impossible), ``step_m``,
        ``step_s``, ``implied_kn`` f32 (null at a track's first position), ``impossible``.
    """
    rows = positions.sort("mmsi", "t", "lon", "lat", maintain_order=True)
    mmsi = rows["mmsi"].to_numpy()
    t = rows["t"].dt.epoch("ms").to_numpy()
    limit = np.where(mmsi // 1_000_000 == 111, AIRCRAFT_KN, max_speed_kn) * KNOT
    thread, previous, step_m, size, conflict = _cut(
        mmsi, t, rows["lon"].to_numpy(), rows["lat"].to_numpy(), round(track_gap_s * 1000), limit
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
