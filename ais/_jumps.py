"""Find vessels that are told to be where they cannot have come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import MAX_VERTICES, events, rounded
from ais._plane import KNOT, METRES_PER_DEGREE
from ais.schema import EVENTS, empty
from ais.tracks import CLOCK_SLACK_S

_MINUTE_MS = 60_000
_ONE_INSTANT_MS = 2_000
"""No transmitter sends two reports within two seconds (ITU-R M.1371-5, table 1): places told
under one time are a backlog that some station sent at once."""
_LATE_MS = 2 * 3_600_000
_LATE_M = 500.0
_BACK = 256
_HOME = 3
_AMONG_SHARE = 0.1
_FEW = 5
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


def jumps(tracks: pl.DataFrame, rule: JumpRule | None = None) -> pl.DataFrame:
    """Find vessels that tell places out of reach of where they are.

    A vessel is at home on the longest chain of its tracks in which each is within reach of the
    one before. Other tracks of the same hull, and positions that fit no track, are away. So is
    a second hull that is heard only while the first is silent, or that keeps its distance from
    the first to 150 m over 1 km and more: the first, shifted. Any other one is another vessel. A
    place on the way that the vessel sailed within two hours is an old report that came late, and
    no jump; places told within two seconds count once.

    Parameters
    ----------
    tracks : DataFrame
        Sorted by (mmsi, t), with the impossible rows: `ais.tracks.tracks`, and better still
        `ais.hulls.assign` (without ``hull`` an MMSI is one hull).

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind spoofing, ``why`` is ``jumps``: from the first to the last position
        away, those at most an hour apart. Shown where the vessel was meanwhile; the geometry
        joins the places told.
    """
    use = rule or JumpRule()
    rows = _suspects(tracks, use)
    if rows.is_empty():
        return empty(EVENTS)
    mmsi = rows["mmsi"].to_numpy()
    t = rows["t"].dt.epoch("ms").to_numpy()
    lon, lat = rows["lon"].to_numpy(), rows["lat"].to_numpy()
    lane, away = _lanes(rows, mmsi, t, lon, lat, use)
    off_m, x, y, implied = _off_home(mmsi, t, lon, lat, lane, away)
    # A track is out of reach when either end is, however long the vessel stays there.
    track = rows["track_id"].cast(pl.Int64).fill_null(-1).to_numpy()
    fast = implied > use.max_kn
    far_tracks = np.unique(track[fast & away & (track >= 0)])
    fast |= np.isin(track, far_tracks) & away
    hit = np.flatnonzero(away & fast & (off_m >= use.off_m))
    hit = hit[~_late(mmsi, t, lon, lat, lane, hit)]
    return _episodes(mmsi, t, lon, lat, lane, off_m, x, y, implied, hit, use)


def _suspects(tracks: pl.DataFrame, rule: JumpRule) -> pl.DataFrame:
    """Return the rows of MMSIs with a step out of reach between two tracks, or to none."""
    track = tracks["track_id"].cast(pl.Int64).fill_null(-1).to_numpy()
    mmsi = tracks["mmsi"].to_numpy()
    at = np.flatnonzero((mmsi[1:] == mmsi[:-1]) & ((track[1:] != track[:-1]) | (track[1:] < 0)))
    t = tracks["t"].dt.epoch("ms").to_numpy()
    lon, lat = tracks["lon"].to_numpy(), tracks["lat"].to_numpy()
    step_m = _globe_m(lon[at], lat[at], lon[at + 1], lat[at + 1])
    reach_m = rule.max_kn * KNOT * ((t[at + 1] - t[at]) / 1000 + CLOCK_SLACK_S)
    # A backlog goes in small steps from place to place; half of the way off is enough to look.
    odd = (step_m >= 0.5 * rule.off_m) & (step_m > 0.5 * reach_m)
    rows = tracks.filter(pl.col("mmsi").is_in(np.unique(mmsi[at[odd]]).tolist()))
    return rows if "hull" in rows.columns else rows.with_columns(hull=pl.lit(0, pl.UInt8))


@numba.njit(cache=True, nogil=True)
def _globe_m(lon: Array, lat: Array, to_lon: Array, to_lat: Array) -> Array:
    """Return distances round the globe, of numbers or arrays: a jump may go to its other side."""
    a, b = np.radians(lat), np.radians(to_lat)
    half = np.sin((b - a) / 2) ** 2
    half += np.cos(a) * np.cos(b) * np.sin(np.radians(to_lon - lon) / 2) ** 2
    far: Array = 2 * np.degrees(np.arcsin(np.sqrt(half))) * METRES_PER_DEGREE
    return far


def _lanes(
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
    told = hulls.select("mmsi", "hull", main=main, apart=apart | (pl.col("hull") == main))
    few = (pl.col("among") > _FEW * pl.col("n")) & (pl.col("hull") != pl.col("main"))
    lined = (
        of_track.join(told, on=["mmsi", "hull"])
        .with_columns(apart=pl.col("apart") & ~few)
        .sort("mmsi", "a", "track_id")
    )
    copied = pl.Series(_copies(mmsi, hull, t, lon, lat, lined), dtype=pl.Boolean)
    lined = lined.with_columns(
        lane=pl.when(pl.col("apart") & ~copied).then("hull").otherwise("main")
    ).sort("mmsi", "lane", "a", "track_id")
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
) -> list[bool]:
    """Return which tracks of other hulls make the very way of the main one, beside it.

    Such a track is the same vessel's with its positions shifted.
    """
    out = []
    for number, own, main, first, last in tracks.select("mmsi", "hull", "main", "a", "b").rows():
        begin, end = np.searchsorted(mmsi, [number, number + 1])
        a = begin + np.flatnonzero(hull[begin:end] == main)
        b = first + np.flatnonzero(hull[first : last + 1] == own)
        near = np.minimum(np.searchsorted(t[a], t[b]), len(a) - 1)
        b = b[np.abs(t[a[near]] - t[b]) <= _BESIDE_MS] if own != main else b[:0]
        if len(b) < _HOME:
            out.append(False)
            continue
        wide = np.array([[np.cos(np.radians(lat[first]))], [1.0]]) * METRES_PER_DEGREE
        place = np.stack([(lon[begin:end] - lon[first] + 180) % 360 - 180, lat[begin:end]])
        there = np.stack([np.interp(t[b], t[a], of) for of in place[:, a - begin]])
        off = (place[:, b - begin] - there) * wide
        spread = np.hypot(*(off - np.median(off, axis=1, keepdims=True)))
        way_m = np.hypot(*np.ptp(there * wide, axis=1))
        out.append(bool(np.median(spread) <= _COPY_M and way_m >= _WAY_M))
    return out


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
            if _globe_m(lon[b[j]], lat[b[j]], lon[a[k]], lat[a[k]]) <= reach_m:
                total[k], before[k] = total[j] + n[k], j
        if total[k] > total[best]:
            best = k
    return home


@numba.njit(cache=True, nogil=True)
def _off_home(  # noqa: C901
    mmsi: Array, t: Ints, lon: Floats, lat: Floats, lane: Ints, away: Bools
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return for rows away how far off home, where home was meanwhile, and the speed needed in kn.

    Of several vessels the nearest; between the positions before and after at even speed.
    """
    n = len(t)
    off, x, y = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    needed = np.zeros(n)
    lanes = max(int(lane.max()) + 1, 1)
    after = np.full((n, lanes), -1, np.int64)
    ahead = np.full(lanes, -1, np.int64)
    for i in range(n - 1, -1, -1):
        if i + 1 < n and mmsi[i] != mmsi[i + 1]:
            ahead[:] = -1
        if away[i]:
            after[i] = ahead
        elif lane[i] >= 0:
            ahead[lane[i]] = i
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
            p, q = (j if j >= 0 else k), (k if k >= 0 else j)
            part = (t[i] - t[p]) / (t[q] - t[p]) if t[q] > t[p] else 0.0
            step = (lon[q] - lon[p] + 180.0) % 360.0 - 180.0
            at_x, at_y = lon[p] + part * step, lat[p] + part * (lat[q] - lat[p])
            m = _globe_m(at_x, at_y, lon[i], lat[i])
            if m >= off[i]:
                continue
            off[i], x[i], y[i] = m, (at_x + 180.0) % 360.0 - 180.0, at_y
            needed[i] = 0.0
            for r in (p, q):
                seconds = abs(t[r] - t[i]) / 1000.0 + CLOCK_SLACK_S
                speed = _globe_m(lon[r], lat[r], lon[i], lat[i]) / seconds / KNOT
                needed[i] = max(needed[i], speed)
    return off, x, y, needed


@numba.njit(cache=True, nogil=True)
def _late(mmsi: Array, t: Ints, lon: Floats, lat: Floats, lane: Ints, hit: Ints) -> Bools:
    """Return which rows lie on a way that their vessel sailed within two hours of them."""
    out = np.zeros(len(hit), np.bool_)
    for e in range(len(hit)):
        i = hit[e]
        for towards in (-1, 1):
            j, k = -1, i + towards
            while 0 <= k < len(t) and mmsi[k] == mmsi[i] and abs(t[k] - t[i]) <= _LATE_MS:
                if lane[k] >= 0:
                    if j >= 0 and lane[j] == lane[k]:
                        out[e] |= _beside_m(lon, lat, i, j, k) <= _LATE_M
                    j = k
                k += towards
    return out


@numba.njit(cache=True, nogil=True)
def _beside_m(lon: Floats, lat: Floats, i: int, j: int, k: int) -> float:
    """Return how far place i is from the straight way from j to k."""
    wide = np.cos(np.radians(lat[j]))
    px = ((lon[i] - lon[j] + 180.0) % 360.0 - 180.0) * wide
    qx = ((lon[k] - lon[j] + 180.0) % 360.0 - 180.0) * wide
    py, qy = lat[i] - lat[j], lat[k] - lat[j]
    length = qx * qx + qy * qy
    part = 0.0 if length == 0 else min(max((px * qx + py * qy) / length, 0.0), 1.0)
    return float(METRES_PER_DEGREE * np.hypot(px - part * qx, py - part * qy))


def _episodes(
    mmsi: Array,
    t: Ints,
    lon: Floats,
    lat: Floats,
    lane: Ints,
    off_m: Floats,
    x: Floats,
    y: Floats,
    implied: Floats,
    hit: Ints,
    rule: JumpRule,
) -> pl.DataFrame:
    """Return jumps of rows ``hit`` that have company enough within the time."""
    if not len(hit):
        return empty(EVENTS)
    lapse_ms = round(rule.within_min * _MINUTE_MS)
    new = np.ones(len(hit), np.bool_)
    new[1:] = (mmsi[hit[1:]] != mmsi[hit[:-1]]) | (t[hit[1:]] - t[hit[:-1]] > lapse_ms)
    found = []
    for rows in np.split(hit, np.flatnonzero(new)[1:]):
        instants = _instants(t[rows])
        k = rule.least_positions - 1
        if len(instants) > k and (instants[k:] - instants[: len(instants) - k]).min() <= lapse_ms:
            found.append(rows)
    first = np.array([rows[0] for rows in found], dtype=np.int64)
    last = np.array([rows[-1] for rows in found], dtype=np.int64)
    left = np.searchsorted(mmsi, mmsi[last], side="right") - last
    evidence = [
        {
            "why": "jumps",
            "off_m": rounded(off_m[rows].max(), 0),
            "median_off_m": rounded(float(np.median(off_m[rows])), 0),
            "returned": bool((lane[rows[-1] : rows[-1] + after] >= 0).any()),
            "needed_kn": rounded(implied[rows].max(), 0),
            "minutes": rounded((t[rows[-1]] - t[rows[0]]) / _MINUTE_MS),
            "told_lon": round(float(lon[rows[0]]), 5),
            "told_lat": round(float(lat[rows[0]]), 5),
            "n_positions": len(rows),
            "n_instants": len(_instants(t[rows])),
            "least_positions": rule.least_positions,
            "within_min": rule.within_min,
            "max_kn": rule.max_kn,
            "least_off_m": rule.off_m,
        }
        for rows, after in zip(found, left, strict=True)
    ]
    return events(
        "spoofing",
        mmsi=mmsi[first],
        t0=t[first],
        t1=t[last],
        lon=x[first],
        lat=y[first],
        wkb=ways([lon[rows] for rows in found], [lat[rows] for rows in found]),
        evidence=evidence,
        rule="spoofing jumps",
        begun=(lon[first], lat[first]),
    )


def _instants(t: Ints) -> Ints:
    """Return the times of rows, those told within two seconds of the one kept before once."""
    kept = [int(t[0])]
    for now in t[1:].tolist():
        if now - kept[-1] >= _ONE_INSTANT_MS:
            kept.append(now)
    return np.array(kept, dtype=np.int64)


def ways(lon: Sequence[Array], lat: Sequence[Array]) -> NDArray[Any]:
    """Return lines through places, at most 100 of each, as WKB; a point where there is one."""
    out = []
    for x, y in zip(lon, lat, strict=True):
        at = np.linspace(0, len(x) - 1, min(len(x), MAX_VERTICES)).round().astype(np.int64)
        xy = np.column_stack([np.asarray(x)[at], np.asarray(y)[at]])
        out.append(shapely.LineString(xy) if len(at) > 1 else shapely.Point(xy[0]))
    return np.asarray(shapely.to_wkb(np.array(out, dtype=object)))
