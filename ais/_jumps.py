"""Find vessels that are told to be where they cannot have come to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import MAX_VERTICES, events, rounded
from ais._jump_homes import FEW, JumpRule, copied_way, globe_m, lanes_of, off_home, suspects
from ais._plane import KNOT, METRES_PER_DEGREE
from ais.schema import EVENTS, empty
from ais.tracks import CLOCK_SLACK_S

_MINUTE_MS = 60_000
_ONE_INSTANT_MS = 2_000
"""No transmitter sends two reports within two seconds (ITU-R M.1371-5, table 1): places told
under one time are a backlog that some station sent at once."""
_LATE_MS = 2 * 3_600_000
_LATE_M = 500.0
_LOOSE = 16
_SLOWEST_MS = 3 * _MINUTE_MS
"""A transmitter reports every three minutes at least (ITU-R M.1371-5, tables 1 and 2)."""


class Placed(NamedTuple):
    """The positions of MMSIs that are out of reach of themselves: of which vessel each is."""

    mmsi: Array
    t: Ints
    """ms since 1970, UTC."""
    lon: Floats
    lat: Floats
    track: Ints
    """-1 where a position fits none."""
    lane: Ints
    """The vessel (of its MMSI) whose true way a row is, -1 for none."""
    away: Bools
    """Whether it is off home, where its MMSI has one."""
    turn: Ints
    """Of the rows away, which transmitter that goes on by turns with others sent it, or -1."""
    rule: JumpRule


def placed(tracks: pl.DataFrame, rule: JumpRule | None = None) -> Placed:
    """Tell where the vessels of each number are at home, and which positions are away.

    A vessel is at home on the longest chain of its tracks in which each is within reach of the
    one before. Other tracks of the same hull, and positions that fit no track, are away. So is
    a second hull that is heard only while the first is silent, or that keeps its distance from
    the first to 150 m over 1 km and more: the first, shifted. Any other one is another vessel.

    Parameters
    ----------
    tracks : DataFrame
        Sorted by (mmsi, t), with the impossible rows: `ais.tracks.tracks`, and better still
        `ais.hulls.assign` (without ``hull`` an MMSI is one hull).
    """
    use = rule or JumpRule()
    rows = suspects(tracks, use)
    mmsi = rows["mmsi"].to_numpy()
    t = rows["t"].dt.epoch("ms").to_numpy()
    lon, lat = rows["lon"].to_numpy(), rows["lat"].to_numpy()
    track = rows["track_id"].cast(pl.Int64).fill_null(-1).to_numpy()
    lane, away = lanes_of(rows, mmsi, t, lon, lat, use)
    turn = _in_turn(mmsi, t, lon, lat, track, lane, away, use)
    return Placed(mmsi, t, lon, lat, track, lane, away, turn, use)


def jumps(found: Placed) -> pl.DataFrame:
    """Find vessels that tell places out of reach of where they are.

    They are away, and not by turns. A place on the way that the vessel sailed within two hours is
    an old report that came late, and no jump; places told within two seconds count once.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind spoofing, ``why`` is ``jumps``: from the first to the last position
        away, those at most an hour apart. Shown where the vessel was meanwhile; the geometry
        joins the places told.
    """
    if not len(found.t):
        return empty(EVENTS)
    mmsi, t, lon, lat, track, lane, away, turn, use = found
    away = away & (turn < 0)
    off_m, x, y, implied = off_home(mmsi, t, lon, lat, lane, away)
    # A track is out of reach when either end is, however long the vessel stays there.
    fast = implied > use.max_kn
    far_tracks = np.unique(track[fast & away & (track >= 0)])
    fast |= np.isin(track, far_tracks) & away
    hit = np.flatnonzero(away & fast & (off_m >= use.off_m))
    hit = hit[~_late(mmsi, t, lon, lat, lane, hit)]
    return _episodes(mmsi, t, lon, lat, lane, off_m, x, y, implied, hit, use)


def by_turns(found: Placed) -> pl.DataFrame:
    """Find MMSIs told from several places by turns, each place with a track of its own.

    A vessel jumps for a spell, and comes back. Reports of two transmitters are mixed instead: they
    take turns at least half as often as if they were shuffled. Those away report every three
    minutes, or a fifth as often as those at home, and make no copy of their way (`placed`).

    Returns
    -------
    DataFrame
        By mmsi, in the columns of `ais.hulls.shared`: ``hulls`` is how many were on at one time,
        ``overlap_s`` for how long more than one was, ``distance_km`` the median of how far apart;
        ``why`` is ``in_turn``.
    """
    mmsi, t, lon, lat, track, lane, _, turn, use = found
    turn = np.where(track < 0, -1, turn)
    off_m, _, _, implied = off_home(mmsi, t, lon, lat, lane, turn >= 0)
    far = (turn >= 0) & (off_m >= use.off_m) & (implied > use.max_kn)
    spans = (
        pl.DataFrame({"mmsi": mmsi, "t": t, "turn": turn, "off_m": off_m})
        .filter(pl.Series(far, dtype=pl.Boolean))
        .group_by("mmsi", "turn")
        .agg(t0=pl.col("t").min(), t1=pl.col("t").max(), off_m=pl.col("off_m"))
        .sort("mmsi", "t0", "turn")
    )
    begun = spans.select("mmsi", at="t0")
    on = (
        begun.join(spans, on="mmsi")
        .filter(pl.col("at").is_between("t0", "t1"))
        .group_by("mmsi", "at")
        .agg(pl.col("turn").n_unique())
        .group_by("mmsi")
        .agg(hulls=pl.col("turn").max() + 1)
    )
    # What of a span no earlier one covers.
    since = pl.max_horizontal("t0", pl.col("t1").cum_max().shift(1).over("mmsi"))
    return (
        spans.with_columns(alone=(pl.col("t1") - since).clip(lower_bound=0))
        .group_by("mmsi")
        .agg(
            overlap_s=pl.col("alone").sum() / 1000,
            distance_km=pl.col("off_m").list.explode().median() / 1000,
        )
        .join(on, on="mmsi")
        .select(
            "mmsi",
            pl.col("hulls").clip(upper_bound=255).cast(pl.UInt8),
            "overlap_s",
            "distance_km",
            why=pl.lit("in_turn"),
        )
        .sort("mmsi")
    )


def _in_turn(
    mmsi: Array,
    t: Ints,
    lon: Floats,
    lat: Floats,
    track: Ints,
    lane: Ints,
    away: Bools,
    rule: JumpRule,
) -> Ints:
    """Return which transmitter that goes on by turns with others each row away is of; -1 for none.

    Rows that fit no track are told apart by what they can have come from.
    """
    unit = _loose(mmsi, t, lon, lat, track, rule.max_kn * KNOT, round(rule.within_min * _MINUTE_MS))
    tracked = np.cumsum(track >= 0)
    order = np.flatnonzero(away)
    order = order[np.argsort(unit[order], kind="stable")]
    out = np.full(len(t), -1, np.int64)
    for rows in np.split(order, np.flatnonzero(np.diff(unit[order])) + 1):
        if len(rows) < 2:
            continue
        between = np.diff(tracked[rows]) - (track[rows[0]] >= 0)
        n, others = len(rows), int(between.sum())
        taken, shuffled = 2 * int((between > 0).sum()), 2 * n * others / (n + others)
        rare = others > FEW * n and t[rows[-1]] - t[rows[0]] > (n - 1) * _SLOWEST_MS
        if rare or taken <= 0.5 * shuffled:
            continue
        begin, end = np.searchsorted(mmsi, [mmsi[rows[0]], mmsi[rows[0]] + 1])
        own = begin + np.flatnonzero(lane[begin:end] >= 0)
        if not copied_way(t, lon, lat, own, rows):
            out[rows] = unit[rows[0]]
    return out


@numba.njit(cache=True, nogil=True)
def _loose(
    mmsi: Array, t: Ints, lon: Floats, lat: Floats, track: Ints, limit: float, lapse_ms: int
) -> Ints:
    """Return tracks, with numbers for rows of none too: each goes on from the nearest in reach."""
    out = track.copy()
    last = np.full(_LOOSE, -1, np.int64)
    used, number = 0, 0
    for i in range(len(t)):
        number = max(number, track[i] + 1)
    for i in range(len(t)):
        if i > 0 and mmsi[i] != mmsi[i - 1]:
            used = 0
        if track[i] >= 0:
            continue
        best, best_m = -1, np.inf
        for k in range(used):
            j = last[k]
            m = float(globe_m(lon[j], lat[j], lon[i], lat[i]))
            seconds = (t[i] - t[j]) / 1000.0
            near = m <= limit * (seconds + CLOCK_SLACK_S) and t[i] - t[j] <= lapse_ms
            if near and m < best_m:
                best, best_m = k, m
        if best < 0:
            best = used if used < _LOOSE else int(np.argmin(t[last]))
            used = min(used + 1, _LOOSE)
            out[i], number = number, number + 1
        else:
            out[i] = out[last[best]]
        last[best] = i
    return out


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
