"""Find where vessels lay still: moored, or swinging at anchor."""

import math
from dataclasses import dataclass

import numba
import numpy as np
import polars as pl
import shapely

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed, events, lengths_of, rounded, sailed
from ais._plane import KNOT, METRES_PER_DEGREE, metres, path_m, smoothed

_CROSSING_MS = 600_000
_SPREAD_SHARE = 0.8
_STRAY_MS = 420_000
"""Two stray fixes in a row take less than this at anchor; who was away for longer had left."""
DEFAULT_LENGTH_M = 30.0
"""A small coaster or fishing boat, where no length was ever heard."""


_LIES = [1, 5, 6]
"""Navigational status at anchor, moored, aground (ITU-R M.1371-5, table 45)."""


@dataclass(frozen=True)
class StopRule:
    """What counts as lying still.

    Moored: within ``moored_m`` of one place for ``moored_min``. At anchor: within 2 × length
    + ``anchor_m`` (a chain lets a ship swing about its own length and the scope around the
    anchor) for ``anchor_min``, at a mean speed over the smoothed path below ``still_kn``, or
    ``still_status_kn`` where the vessel says that it is at anchor, moored or aground: a boat
    that moves about in that circle under power is no ship at anchor. Nor does one hold its place
    within ``moored_m`` that is slower than ``holding_kn`` at less than ``holding_share`` of its
    positions there, or tells more at as many: it works to and fro.

    The time that a vessel was in a circle is reckoned to where it came in and went out, straight
    and evenly between positions. The circle is about where it lay, the mean of the four in five
    positions nearest to it; up to ``outliers`` in a row may be astray.
    """

    moored_m: float = 100.0
    moored_min: float = 10.0
    anchor_m: float = 200.0
    anchor_min: float = 30.0
    still_kn: float = 0.5
    still_status_kn: float = 1.0
    holding_kn: float = 1.0
    holding_share: float = 0.5
    outliers: int = 2
    smooth_s: float = 180.0


@numba.njit(cache=True, nogil=True)
def _crossed_ms(
    t: Array, lon: Array, lat: Array, x: float, y: float, r: float, a: int, b: int
) -> float:
    """Return for how long before or after place ``b`` a vessel was in the circle, going to ``a``.

    Straight and at an even pace between the two; 0 over more than ten minutes.
    """
    whole = abs(t[a] - t[b])
    if whole > _CROSSING_MS:
        return 0.0
    narrow = math.cos(math.radians(y))
    bx = ((lon[b] - x + 180.0) % 360.0 - 180.0) * narrow * METRES_PER_DEGREE
    by = (lat[b] - y) * METRES_PER_DEGREE
    dx = ((lon[a] - lon[b] + 180.0) % 360.0 - 180.0) * narrow * METRES_PER_DEGREE
    dy = (lat[a] - lat[b]) * METRES_PER_DEGREE
    far2 = dx * dx + dy * dy
    within = r * r - bx * bx - by * by
    if far2 == 0.0 or within < 0.0:
        return 0.0
    half = (bx * dx + by * dy) / far2
    share = -half + math.sqrt(half * half + within / far2)
    return float(min(max(share, 0.0), 1.0) * whole)


@numba.njit(cache=True, nogil=True)
def _inside_ms(
    track: Array, t: Array, lon: Array, lat: Array, x: float, y: float, r: float, a: int, b: int
) -> float:
    """Return how long a vessel was in the circle, from before row ``a`` to after row ``b``."""
    inside = float(t[b] - t[a])
    if a > 0 and track[a - 1] == track[a]:
        inside += _crossed_ms(t, lon, lat, x, y, r, a - 1, a)
    if b + 1 < t.shape[0] and track[b + 1] == track[b]:
        inside += _crossed_ms(t, lon, lat, x, y, r, b + 1, b)
    return inside


@numba.njit(cache=True, nogil=True)
def _off(lon: Array, lat: Array, x: float, y: float, a: int, b: int) -> Floats:
    """Return the distances of rows ``a`` to ``b`` from a place, in metres."""
    off = np.empty(b + 1 - a)
    narrow = math.cos(math.radians(y))
    for k in range(a, b + 1):
        dx = ((lon[k] - x + 180.0) % 360.0 - 180.0) * narrow
        dy = lat[k] - y
        off[k - a] = METRES_PER_DEGREE * math.sqrt(dx * dx + dy * dy)
    return off


@numba.njit(cache=True, nogil=True)
def _nearest(off: Floats, r: float) -> float:
    """Return the distance that four in five of those within ``r`` lie within (0 for none)."""
    near = off[off <= r]
    if len(near) == 0:
        return 0.0
    k = int(_SPREAD_SHARE * (len(near) - 1))
    return float(np.partition(near, k)[k])


@numba.njit(cache=True, nogil=True)
def _middle(
    lon: Array, lat: Array, x: float, y: float, r: float, a: int, b: int
) -> tuple[float, float]:
    """Return the mean of the four in five of rows ``a`` to ``b`` that lie nearest to their mean."""
    off = _off(lon, lat, x, y, a, b)
    most = _nearest(off, r)
    east = north = 0.0
    count = 0
    for k in range(a, b + 1):
        if off[k - a] <= most:
            east += (lon[k] - x + 180.0) % 360.0 - 180.0
            north += lat[k] - y
            count += 1
    return (x + east / count, y + north / count) if count else (x, y)


@numba.njit(cache=True, nogil=True)
def _grown(
    i: int,
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    radius_m: float,
    taken: Array,
    left: Array,
    going: Array,
    outliers: int,
) -> tuple[float, float, int]:
    """Return the centre and the last row of the run that begins at row i."""
    x, y, count = lon[i], lat[i], 1
    # On a plane about the first place: to 0.1 % within a kilometre below 80° N or S.
    narrow = math.cos(math.radians(lat[i]))
    near_deg2 = (radius_m / METRES_PER_DEGREE) ** 2
    end, missed = i, 0
    for j in range(i + 1, t.shape[0]):
        if track[j] != track[i] or taken[j] or left[j]:
            break
        if missed > 0 and t[j] - t[end] > _STRAY_MS:
            break
        dx = lon[j] - x
        if dx > 180:
            dx -= 360
        elif dx < -180:
            dx += 360
        dy = lat[j] - y
        if dx * dx * narrow * narrow + dy * dy > near_deg2:
            missed += 1
            if missed > outliers:
                break
            continue
        if missed > 0 and going[j]:
            break
        count += 1
        x += dx / count
        y += dy / count
        end, missed = j, 0
    return x, y, end


@numba.njit(cache=True, nogil=True)
def _runs(
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    path: Array,
    radius: Array,
    limit: Array,
    taken: Array,
    left: Array,
    going: Array,
    least_ms: int,
    outliers: int,
) -> tuple[Ints, Ints, Floats, Floats, Floats, Floats]:
    """Return (first row, last row, centre, spread, ms inside) of runs within ``radius``.

    Four positions in five lie within the spread, and the centre is their mean; while a run grows
    it is the running mean of all. Up to ``outliers`` positions in a row may lie outside if
    the next one is back, and not ``going``: who crosses the circle under way has left it before,
    and who is ``going`` outside at either end has not come yet, or has gone.
    None goes on over a row that is ``left``. ``limit`` is the mean speed that a run may have,
    in m/s.
    """
    n = t.shape[0]
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    c_lon, c_lat, spread, stayed = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    found = 0
    i = 0
    while i < n:
        if taken[i]:
            i += 1
            continue
        x, y, end = _grown(i, track, t, lon, lat, radius[i], taken, left, going, outliers)
        before = t[i - 1] if i > 0 and track[i - 1] == track[i] else t[i]
        after = t[end + 1] if end + 1 < n and track[end + 1] == track[end] else t[end]
        # It was in the circle for no longer than from the report before to the one after.
        if (
            end == i
            or after - before < least_ms
            or _inside_ms(track, t, lon, lat, x, y, radius[i], i, end) < least_ms
        ):
            i += 1
            continue
        x, y = _middle(lon, lat, x, y, radius[i], i, end)
        a, b = i, end
        while a < end and going[a] and metres(x, y, lon[a], lat[a]) > radius[i]:
            a += 1
        while b > a and going[b] and metres(x, y, lon[b], lat[b]) > radius[i]:
            b -= 1
        inside = _inside_ms(track, t, lon, lat, x, y, radius[i], a, b)
        if inside < least_ms or b == a:
            i += 1
            continue
        if (path[b] - path[a]) / ((t[b] - t[a]) / 1000.0) > limit[i]:
            i += max(1, (end - i) // 4)
            continue
        first[found], last[found] = a, b
        c_lon[found], c_lat[found] = (x + 180.0) % 360.0 - 180.0, y
        spread[found] = _nearest(_off(lon, lat, x, y, a, b), radius[i])
        stayed[found] = inside
        found += 1
        i = b + 1
    return (
        first[:found].copy(),
        last[:found].copy(),
        c_lon[:found].copy(),
        c_lat[:found].copy(),
        spread[:found].copy(),
        stayed[:found].copy(),
    )


@dataclass(frozen=True)
class Stops:
    """Runs of rows of a ``Sailed`` in which a vessel lay still."""

    first: Ints
    last: Ints
    lon: Floats
    lat: Floats
    spread_m: Floats
    inside_ms: Floats
    """From when it came into the circle to when it went out: no less than between the rows."""
    radius_m: Floats
    speed_kn: Floats
    anchored: Bools
    still: Bools
    """Slow enough to lie moored; the others hold their place under power or adrift."""


def find_stops(s: Sailed, statics: pl.DataFrame, rule: StopRule) -> Stops:
    """Find the stops in ``s``, in row order; see ``stops``."""
    x, y = smoothed(s.track, s.t, s.lon, s.lat, round(rule.smooth_s * 1000))
    path = path_m(s.track, x, y)
    n = len(s.t)
    first_row = np.flatnonzero(np.diff(s.vessel, prepend=-1))
    length = np.nan_to_num(lengths_of(s.mmsi[first_row], statics), nan=DEFAULT_LENGTH_M)
    swing = (2.0 * length + rule.anchor_m)[s.vessel - s.vessel[0]] if n else np.empty(0)
    slow = np.full(256, rule.still_kn * KNOT)
    slow[_LIES] = rule.still_status_kn * KNOT
    limit = slow[s.status]
    free = np.zeros(n, np.bool_)
    place = (s.track, s.t, s.lon, s.lat, path)
    left = _left(s, rule.still_status_kn)
    going = np.asarray(s.sog > rule.holding_kn)
    anchor_ms, moored_ms = (round(m * 60_000) for m in (rule.anchor_min, rule.moored_min))
    lain = _runs(*place, swing, limit, free, left, going, anchor_ms, rule.outliers)
    taken = np.zeros(n + 1, np.int64)
    np.add.at(taken, lain[0], 1)
    np.add.at(taken, lain[1] + 1, -1)
    still = np.cumsum(taken[:-1]) > 0
    near, any_speed = np.full(n, rule.moored_m), np.full(n, np.inf)
    short = _runs(*place, near, any_speed, still, left, going, moored_ms, rule.outliers)
    runs = [np.concatenate([a, b]) for a, b in zip(lain, short, strict=True)]
    order = np.argsort(runs[0], kind="stable")
    first, last, lon, lat, spread, inside = (v[order] for v in runs)
    rows = last + 1 - first
    slowly = _quiet(s.t, s.lon, s.lat, s.sog, rule.holding_kn)
    quiet, gone = (np.concatenate([[0], np.cumsum(which)]) for which in (slowly, going))
    rests = quiet[last + 1] - quiet[first] >= rule.holding_share * rows
    rests &= gone[last + 1] - gone[first] < (1.0 - rule.holding_share) * rows
    rests |= spread > rule.moored_m
    first, last, lon, lat, spread, inside = (v[order[rests]] for v in runs)
    anchored = spread > rule.moored_m
    speed = (path[last] - path[first]) / ((s.t[last] - s.t[first]) / 1000.0) / KNOT
    radius = np.where(anchored, swing[first], rule.moored_m)
    still = speed <= limit[first] / KNOT
    return Stops(first, last, lon, lat, spread, inside, radius, speed, anchored, still)


def _left(s: Sailed, still_kn: float) -> Bools:
    """Return at which rows a vessel is heard after a silence, under way before it and now."""
    silent = np.diff(s.t, prepend=s.t[:1]) > _CROSSING_MS
    return np.asarray(silent & (s.sog > still_kn) & (np.roll(s.sog, 1) > still_kn))


@numba.njit(cache=True, nogil=True)
def _quiet(t: Ints, lon: Floats, lat: Floats, sog: Array, most_kn: float) -> Bools:
    """Return whether a vessel told less than a speed at each position, or told none and made it."""
    out = np.empty(len(t), np.bool_)
    for i in range(len(t)):
        kn = float(sog[i])
        if np.isnan(kn):
            j = max(i - 1, 0)
            way = metres(lon[j], lat[j], lon[i], lat[i])
            kn = way / max((t[i] - t[j]) / 1000.0, 30.0) / KNOT
        out[i] = kn < most_kn
    return out


def stop_events(s: Sailed, found: Stops) -> pl.DataFrame:
    """Return stops as ``EVENTS``: the point is the middle of the positions."""
    heard = (s.t[found.last] - s.t[found.first]) / 60_000
    states = np.where(found.anchored, "at_anchor", np.where(found.still, "moored", "holding"))
    evidence = [
        {
            "state": str(state),
            "duration_min": rounded(m),
            "reckoned_min": rounded(k),
            "radius_m": rounded(r),
            "spread_m": rounded(w),
            "mean_speed_kn": rounded(v, 2),
            "n_positions": int(b - a + 1),
        }
        for state, m, k, r, w, v, a, b in zip(
            states, heard, found.inside_ms / 60_000, found.radius_m, found.spread_m, found.speed_kn,
            found.first, found.last, strict=True,
        )
    ]  # fmt: skip
    return events(
        "stop",
        mmsi=s.mmsi[found.first],
        t0=s.t[found.first],
        t1=s.t[found.last],
        lon=found.lon,
        lat=found.lat,
        wkb=np.asarray(shapely.to_wkb(shapely.points(found.lon, found.lat))),
        evidence=evidence,
        rule="stop",
        begun=(s.lon[found.first], s.lat[found.first]),
    )


def stops(
    tracks: pl.DataFrame, *, statics: pl.DataFrame, rule: StopRule | None = None
) -> pl.DataFrame:
    """Find where vessels lay still.

    Parameters
    ----------
    tracks : DataFrame
        As ``ais.tracks.tracks`` returns them.
    statics : DataFrame
        ``STATICS``; lengths widen the circle that a ship at anchor swings in.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``stop``, from the first report there to the last. In the evidence
        ``duration_min`` is between these two, ``reckoned_min`` with the time that it took to come
        in and go out, none where the next report is over 10 min away; ``state`` is ``moored``,
        ``at_anchor`` or ``holding`` (within the moored circle, yet moving more than a moored
        boat does).
    """
    s = sailed(tracks)
    return stop_events(s, find_stops(s, statics, rule or StopRule()))
