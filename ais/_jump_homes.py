"""Tell where the vessels of one number are at home, and which of its positions are away."""

from dataclasses import dataclass

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import KNOT, METRES_PER_DEGREE
from ais.tracks import CLOCK_SLACK_S

_MINUTE_MS = 60_000
_BACK = 256
_HOME = 3
_AMONG_SHARE = 0.1
FEW = 5
"""A second transmitter reports about as often; single places among many reports are jumps."""
_BESIDE_MS, _COPY_M, _WAY_M = 10 * _MINUTE_MS, 150.0, 1000.0


@dataclass(frozen=True)
class JumpRule:
    """What counts as jumping.

    ``least_positions`` within ``within_min`` that would need more than ``max_kn`` and lie
    ``off_m`` or more from where the vessel was meanwhile.
    """

    least_positions: int = 3
    within_min: float = 60.0
    max_kn: float = 60.0
    off_m: float = 5000.0


def suspects(tracks: pl.DataFrame, rule: JumpRule) -> pl.DataFrame:
    """Return the rows of MMSIs with a step out of reach between two tracks, or to none."""
    track = tracks["track_id"].cast(pl.Int64).fill_null(-1).to_numpy()
    mmsi = tracks["mmsi"].to_numpy()
    at = np.flatnonzero((mmsi[1:] == mmsi[:-1]) & ((track[1:] != track[:-1]) | (track[1:] < 0)))
    t = tracks["t"].dt.epoch("ms").to_numpy()
    lon, lat = tracks["lon"].to_numpy(), tracks["lat"].to_numpy()
    step_m = globe_m(lon[at], lat[at], lon[at + 1], lat[at + 1])
    reach_m = rule.max_kn * KNOT * ((t[at + 1] - t[at]) / 1000 + CLOCK_SLACK_S)
    # A backlog goes in small steps from place to place; half of the way off is enough to look.
    odd = (step_m >= 0.5 * rule.off_m) & (step_m > 0.5 * reach_m)
    rows = tracks.filter(pl.col("mmsi").is_in(np.unique(mmsi[at[odd]]).tolist()))
    return rows if "hull" in rows.columns else rows.with_columns(hull=pl.lit(0, pl.UInt8))


@numba.njit(cache=True, nogil=True)
def globe_m(lon: Array, lat: Array, to_lon: Array, to_lat: Array) -> Array:
    """Return distances round the globe, of numbers or arrays: a jump may go to its other side."""
    a, b = np.radians(lat), np.radians(to_lat)
    half = np.sin((b - a) / 2) ** 2
    half += np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    far: Array = 2 * np.degrees(np.arcsin(np.sqrt(half))) * METRES_PER_DEGREE
    return far


def lanes_of(
    rows: pl.DataFrame, mmsi: Array, t: Ints, lon: Floats, lat: Floats, rule: JumpRule
) -> tuple[Ints, Bools]:
    """Return the vessel (of its MMSI) that each row is the true way of, -1 for none; which is away.

    An MMSI with no chain of three positions has no home to be away from.
    """
    numbered = rows.with_row_index("row")
    of_track = (
        numbered.filter(pl.col("track_id").is_not_null())
        .group_by("mmsi", "hull", "track_id")
        .agg(pl.col("row").min().alias("a"), pl.col("row").max().alias("b"), pl.len().alias("n"))
        .sort("mmsi", "a", "track_id")
    )
    hull = rows["hull"].cast(pl.Int64).fill_null(-1).to_numpy()
    among = _among(hull, of_track["hull"].to_numpy(), *_rows_of(of_track, "a", "b"))
    of_track = of_track.with_columns(among=pl.Series(among))
    at_once = pl.col("n").filter(pl.col("among") > 0).sum()
    hulls = (
        of_track.group_by("mmsi", "hull")
        .agg(pl.col("n").sum(), pl.col("among").sum(), at_once=at_once)
        .sort(["mmsi", "n", "hull"], descending=[False, True, False])
    )
    main = pl.col("hull").first().over("mmsi")
    # A vessel that changed its name may be counted to either hull: by what was heard at once.
    apart = (pl.col("among") >= _HOME) & (pl.col("among") >= _AMONG_SHARE * pl.col("at_once"))
    told = hulls.select(
        "mmsi", pl.col("hull").cast(pl.Int64), main=main, apart=apart | (pl.col("hull") == main)
    )
    few = (pl.col("among") > FEW * pl.col("n")) & (pl.col("hull") != pl.col("main"))
    lined = (
        of_track.with_columns(pl.col("hull").cast(pl.Int64))
        .join(told, on=["mmsi", "hull"])
        .with_columns(apart=pl.col("apart") & ~few)
        .sort("mmsi", "a", "track_id")
    )
    copied = pl.Series(_copies(mmsi, hull, t, lon, lat, lined), dtype=pl.Int64)
    lanes = told.select("mmsi", of="hull", lane_of=pl.when("apart").then("hull").otherwise("main"))
    lined = (
        lined.with_columns(of=copied)
        .join(lanes, on=["mmsi", "of"], how="left")
        .with_columns(lane=pl.coalesce("lane_of", pl.when("apart").then("hull").otherwise("main")))
        .sort("mmsi", "lane", "a", "track_id")
    )
    a, b = _rows_of(lined, "a", "b")
    home = _chain(
        lined["mmsi"].to_numpy(), lined["lane"].to_numpy(), lined["n"].to_numpy(), a, b,
        t, lon, lat, rule.max_kn * KNOT,
    )  # fmt: skip
    kept = lined.filter(pl.Series(home)).select("track_id", "lane")
    placed = rows.select("track_id").join(
        kept, on="track_id", how="left", maintain_order="left", nulls_equal=False
    )
    lane = placed["lane"].cast(pl.Int64).fill_null(-1).to_numpy()
    settled = np.unique(mmsi[lane >= 0])
    return lane, (lane < 0) & np.isin(mmsi, settled)


def _copies(
    mmsi: Array, hull: Ints, t: Ints, lon: Floats, lat: Floats, tracks: pl.DataFrame
) -> list[int]:
    """Return whose very way each track makes, beside it: another hull told more often, or -1.

    Such a track is that vessel's with its positions shifted.
    """
    out = []
    for number, own, main, first, last in tracks.select("mmsi", "hull", "main", "a", "b").rows():
        begin, end = np.searchsorted(mmsi, [number, number + 1])
        meanwhile = np.bincount(hull[first : last + 1] + 1)
        meanwhile[[0, own + 1]] = 0
        of = int(meanwhile.argmax()) - 1 if own == main else main
        b = first + np.flatnonzero(hull[first : last + 1] == own)
        if own == main and meanwhile.max() <= len(b):
            out.append(-1)
            continue
        a = begin + np.flatnonzero(hull[begin:end] == of)
        out.append(of if copied_way(t, lon, lat, a, b) else -1)
    return out


def copied_way(t: Ints, lon: Floats, lat: Floats, a: Ints, b: Ints) -> bool:
    """Return whether rows ``b`` keep their distance from the way that rows ``a`` make."""
    if not len(a):
        return False
    near = np.minimum(np.searchsorted(t[a], t[b]), len(a) - 1)
    b = b[np.abs(t[a[near]] - t[b]) <= _BESIDE_MS]
    if len(b) < _HOME:
        return False
    wide = np.array([[np.cos(np.radians(lat[b[0]]))], [1.0]]) * METRES_PER_DEGREE
    east = (lon - lon[b[0]] + 180) % 360 - 180
    there = np.stack([np.interp(t[b], t[a], of[a]) for of in (east, lat)])
    off = (np.stack([east[b], lat[b]]) - there) * wide
    spread = np.hypot(*(off - np.median(off, axis=1, keepdims=True)))
    way_m = np.hypot(*np.ptp(there * wide, axis=1))
    return bool(np.median(spread) <= _COPY_M and way_m >= _WAY_M)


def _rows_of(table: pl.DataFrame, *names: str) -> list[Ints]:
    return [table[name].cast(pl.Int64).to_numpy() for name in names]


@numba.njit(cache=True, nogil=True)
def _among(hull: Ints, own: Array, a: Ints, b: Ints) -> Ints:
    """Return how many rows of other hulls lie between first and last row of each track."""
    out = np.zeros(len(a), np.int64)
    for k in range(len(a)):
        for i in range(a[k], b[k]):
            out[k] += hull[i] >= 0 and hull[i] != own[k]
    return out


@numba.njit(cache=True, nogil=True)
def _chain(
    mmsi: Array,
    lane: Array,
    n: Array,
    a: Ints,
    b: Ints,
    t: Ints,
    lon: Floats,
    lat: Floats,
    limit: float,
) -> Bools:
    """Return which tracks are on the chain with most positions, each within reach of the last.

    A chain of fewer than three positions is none.
    """
    m = len(a)
    total = np.zeros(m, np.int64)
    before = np.full(m, -1, np.int64)
    home = np.zeros(m, np.bool_)
    begin, best = 0, 0
    for k in range(m + 1):
        if k == m or (k > 0 and (mmsi[k] != mmsi[k - 1] or lane[k] != lane[k - 1])):
            while best >= 0 and m > 0 and total[best] >= _HOME:
                home[best] = True
                if before[best] < 0:
                    break
                best = before[best]
            begin, best = k, k
        if k == m:
            break
        total[k] = n[k]
        for j in range(k - 1, max(begin - 1, k - 1 - _BACK), -1):
            if total[j] + n[k] <= total[k] or t[b[j]] > t[a[k]]:
                continue
            reach_m = limit * ((t[a[k]] - t[b[j]]) / 1000.0 + CLOCK_SLACK_S)
            if globe_m(lon[b[j]], lat[b[j]], lon[a[k]], lat[a[k]]) <= reach_m:
                total[k], before[k] = total[j] + n[k], j
        if total[k] > total[best]:
            best = k
    return home


@numba.njit(cache=True, nogil=True)
def _rows_after(mmsi: Array, lane: Ints, away: Bools, lanes: int) -> Ints:
    """Return for each row away the next row of each lane, -1 for none."""
    n = len(mmsi)
    after = np.full((n, lanes), -1, np.int64)
    ahead = np.full(lanes, -1, np.int64)
    for i in range(n - 1, -1, -1):
        if i + 1 < n and mmsi[i] != mmsi[i + 1]:
            ahead[:] = -1
        if away[i]:
            after[i] = ahead
        elif lane[i] >= 0:
            ahead[lane[i]] = i
    return after


@numba.njit(cache=True, nogil=True)
def _from_home(
    i: int, p: int, q: int, t: Ints, lon: Floats, lat: Floats
) -> tuple[float, float, float, float]:
    """Return how far row i is off the way from p to q, where that is, and the speed needed."""
    part = (t[i] - t[p]) / (t[q] - t[p]) if t[q] > t[p] else 0.0
    step = (lon[q] - lon[p] + 180.0) % 360.0 - 180.0
    x, y = lon[p] + part * step, lat[p] + part * (lat[q] - lat[p])
    needed_kn = 0.0
    for r in (p, q):
        seconds = abs(t[r] - t[i]) / 1000.0 + CLOCK_SLACK_S
        needed_kn = max(needed_kn, globe_m(lon[r], lat[r], lon[i], lat[i]) / seconds / KNOT)
    off_m = float(globe_m(x, y, lon[i], lat[i]))
    return off_m, (x + 180.0) % 360.0 - 180.0, y, needed_kn


@numba.njit(cache=True, nogil=True)
def off_home(
    mmsi: Array, t: Ints, lon: Floats, lat: Floats, lane: Ints, away: Bools
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return for rows away how far off home, where home was meanwhile, and the speed needed in kn.

    Of several vessels the nearest; between the positions before and after at even speed.
    """
    n = len(t)
    off, x, y = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    needed = np.zeros(n)
    lanes = max(1, lane.max() + 1) if n else 1
    after = _rows_after(mmsi, lane, away, lanes)
    behind = np.full(lanes, -1, np.int64)
    for i in range(n):
        if i > 0 and mmsi[i] != mmsi[i - 1]:
            behind[:] = -1
        if lane[i] >= 0:
            behind[lane[i]] = i
        if not away[i]:
            continue
        for h in range(lanes):
            j, k = behind[h], after[i, h]
            if j < 0 and k < 0:
                continue
            told = _from_home(i, j if j >= 0 else k, k if k >= 0 else j, t, lon, lat)
            if not told[0] >= off[i]:
                off[i], x[i], y[i], needed[i] = told
    return off, x, y, needed
