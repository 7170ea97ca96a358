"""Find vessels that hang about at sea without lying still."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed, beyond_berths, events, lines, rounded, sailed
from ais._plane import KNOT, metres, path_m, smoothed, told_path
from ais.drift import DriftRule, Drifts, cover, find_drifts
from ais.stops import StopRule, Stops, find_stops


@dataclass(frozen=True)
class Loitering:
    """A definition of loitering: mean speed, least time, and how little of the way was gained.

    ``max_ratio`` bounds displacement / path on smoothed positions; a definition that does not
    ask for it has 1.
    """

    name: str
    max_speed_kn: float
    least_min: float
    max_ratio: float
    source: str


COASTAL = Loitering("coastal", 2.0, 60.0, 0.3, "Shoregrid's own, for boats near a shore")
PRESETS: dict[str, Loitering] = {
    p.name: p
    for p in (
        COASTAL,
        Loitering(
            "gfw", 2.0, 120.0, 1.0,
            "Global Fishing Watch: mean speed < 2 kn; Miller et al., Frontiers in Marine "
            "Science 5:240, 2018, on transshipment by loitering",
        ),
        Loitering("starboard", 2.0, 240.0, 1.0, "Starboard Maritime Intelligence: < 2 kn, ≥ 4 h"),
        Loitering("zhoushan", 3.5, 60.0, 0.3, "practice in Zhoushan's waters: < 3.5 kn, > 1 h"),
    )
}  # fmt: skip

_SMOOTH_S = 180.0
_LOCAL_S = 600.0
_LYING_SHARE = 0.8
_SURE_S = 60.0


@numba.njit(cache=True, nogil=True)
def _grown(
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    sog: Array,
    out: Array,
    first: Ints,
    last: Ints,
    limit: float,
    most_ms: int,
) -> None:
    """Move the ends of runs out to where the vessel came to be slow, and ceased to be, in place.

    The mean about a position looks ahead and back: next to a fast stretch it lets a run begin
    late and end early, by half a window at the most.
    """
    n = t.shape[0]
    for e in range(first.shape[0]):
        for side in (-1, 1):
            end = first[e] if side < 0 else last[e]
            bound = -1 if side < 0 else n
            if side < 0 and e > 0:
                bound = last[e - 1]
            if side > 0 and e + 1 < first.shape[0]:
                bound = first[e + 1]
            good, k = end, end + side
            while k != bound and 0 <= k < n and track[k] == track[end] and not out[k]:
                if abs(t[k] - t[end]) > most_ms or sog[k] * KNOT >= limit:
                    break
                seconds = abs(t[k] - t[good]) / 1000.0
                if seconds >= _SURE_S:
                    if metres(lon[good], lat[good], lon[k], lat[k]) >= limit * seconds:
                        break
                    good = k
                k += side
            if side < 0:
                first[e] = good
            else:
                last[e] = good


@numba.njit(cache=True, nogil=True)
def _slow_runs(  # noqa: C901
    track: Array,
    t: Array,
    path: Array,
    out: Array,
    half_ms: int,
    limit: float,
    least_ms: int,
) -> tuple[Ints, Ints]:
    """Return (first, last) of runs whose mean speed about each position is below ``limit``.

    A spurt between two runs joins them if it is shorter than the window and the mean speed
    of the whole stays below ``limit``.
    """
    n = t.shape[0]
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    begin = -1
    a = 0
    b = 0
    for i in range(n):
        new = i == 0 or track[i] != track[i - 1]
        if new:
            a = i
            b = i
        while t[a] < t[i] - half_ms:
            a += 1
        while b + 1 < n and track[b + 1] == track[i] and t[b + 1] <= t[i] + half_ms:
            b += 1
        p, q = a, b
        if p == q:
            if i > 0 and not new:
                p = i - 1
            elif i + 1 < n and track[i + 1] == track[i]:
                q = i + 1
        slow = False
        if t[q] > t[p] and not out[i]:
            slow = (path[q] - path[p]) / ((t[q] - t[p]) / 1000.0) < limit
        if begin >= 0 and (new or not slow):
            first[found], last[found] = begin, i - 1
            found += 1
            begin = -1
        if slow and begin < 0:
            begin = i
    if begin >= 0:
        first[found], last[found] = begin, n - 1
        found += 1
    barred = np.cumsum(out)
    kept = 0
    for e in range(found):
        if kept > 0:
            a, b = first[kept - 1], last[kept - 1]
            joins = track[a] == track[first[e]] and t[first[e]] - t[b] <= 2 * half_ms
            joins &= barred[first[e]] == barred[b]
            if joins and path[last[e]] - path[a] < limit * (t[last[e]] - t[a]) / 1000.0:
                last[kept - 1] = last[e]
                continue
            if t[b] - t[a] < least_ms:
                kept -= 1
        first[kept], last[kept] = first[e], last[e]
        kept += 1
    if kept > 0 and t[last[kept - 1]] - t[first[kept - 1]] < least_ms:
        kept -= 1
    return first[:kept].copy(), last[:kept].copy()


@numba.njit(cache=True, nogil=True)
def _spans(
    lon: Floats, lat: Floats, first: Ints, last: Ints
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return displacement of each run, its middle, and how far it reaches from there."""
    n = first.shape[0]
    gained, x, y, reach = np.empty(n), np.empty(n), np.empty(n), np.zeros(n)
    for e in range(n):
        a, b = first[e], last[e]
        gained[e] = metres(lon[a], lat[a], lon[b], lat[b])
        dx = 0.0
        dy = 0.0
        for k in range(a, b + 1):
            d = lon[k] - lon[a]
            if d > 180:
                d -= 360
            elif d < -180:
                d += 360
            dx += d
            dy += lat[k] - lat[a]
        x[e] = (lon[a] + dx / (b - a + 1) + 180.0) % 360.0 - 180.0
        y[e] = lat[a] + dy / (b - a + 1)
        for k in range(a, b + 1):
            reach[e] = max(reach[e], metres(x[e], y[e], lon[k], lat[k]))
    return gained, x, y, reach


def _lying_share(s: Sailed, lain: Stops, first: Ints, last: Ints) -> Floats:
    """Return which share of each run stops make up at which the vessel lay still."""
    lying = cover(len(s.t), lain.first[lain.still], lain.last[lain.still])
    step = np.diff(s.t, prepend=s.t[:1]).clip(0) * lying
    step[np.diff(s.track, prepend=-1) != 0] = 0
    lain_ms = np.cumsum(step)
    return np.asarray((lain_ms[last] - lain_ms[first]) / (s.t[last] - s.t[first]))


class _Figures(NamedTuple):
    """What was measured of runs."""

    first: Ints
    last: Ints
    lon: Floats
    lat: Floats
    speed_kn: Floats
    ratio: Floats
    minutes: Floats
    path_m: Floats
    reach_m: Floats

    def only(self, which: Bools) -> "_Figures":
        return _Figures(
            self.first[which], self.last[which], self.lon[which], self.lat[which],
            self.speed_kn[which], self.ratio[which], self.minutes[which], self.path_m[which],
            self.reach_m[which],
        )  # fmt: skip


def _measure(s: Sailed, x: Floats, y: Floats, way: Floats, first: Ints, last: Ints) -> _Figures:
    """Measure runs on smoothed positions ``x, y`` and the way of each."""
    _, lon, lat, reach = _spans(x, y, first, last)
    # Smoothing would draw the ends towards where the vessel came from and went.
    gained, _, _, _ = _spans(s.lon, s.lat, first, last)
    seconds = (s.t[last] - s.t[first]) / 1000.0
    ratio = np.divide(gained, way, out=np.zeros(len(way)), where=way > 0)
    speed = way / seconds / KNOT
    return _Figures(first, last, lon, lat, speed, ratio, seconds / 60.0, way, reach)


def _fulfilled(speed_kn: float, minutes: float, ratio: float) -> list[str]:
    """Return the names of the presets whose definition a run fulfils."""
    return [
        p.name
        for p in PRESETS.values()
        if speed_kn < p.max_speed_kn and minutes >= p.least_min and ratio <= p.max_ratio
    ]


def _events(
    kind: str, s: Sailed, runs: _Figures, more: list[dict[str, Any]], rule: str
) -> pl.DataFrame:
    """Return runs as ``EVENTS``; ``more`` is what the evidence of each says beside the figures."""
    first, last = runs.first, runs.last
    evidence = [
        own
        | {
            "mean_speed_kn": rounded(v, 2),
            "displacement_ratio": rounded(r, 3),
            "duration_min": rounded(d),
            "path_m": rounded(w),
            "reach_m": rounded(m),
            "presets": _fulfilled(v, d, r),
            "n_positions": int(b - a + 1),
        }
        for own, v, r, d, w, m, a, b in zip(
            more, runs.speed_kn, runs.ratio, runs.minutes, runs.path_m, runs.reach_m,
            first, last, strict=True,
        )
    ]  # fmt: skip
    return events(
        kind,
        mmsi=s.mmsi[first],
        t0=s.t[first],
        t1=s.t[last],
        lon=runs.lon,
        lat=runs.lat,
        wkb=lines(s, first, last),
        evidence=evidence,
        rule=rule,
        begun=(s.lon[first], s.lat[first]),
    )


def _drift_events(s: Sailed, runs: _Figures, found: Drifts, rule: DriftRule) -> pl.DataFrame:
    """Return drifts as ``EVENTS``."""
    more = [
        {
            "min_speed_kn": rule.min_speed_kn,
            "max_speed_kn": rule.max_speed_kn,
            "least_min": rule.least_min,
            "least_path_m": rule.least_path_m,
            "off_course_least_deg": rule.off_deg,
            "off_course_least_share": rule.off_share,
            "off_course_deg": rounded(angle, 0),
            "off_course_share": rounded(off, 2),
            "known_share": rounded(known, 2),
        }
        for angle, off, known in zip(
            found.off_deg, found.off_share, found.known_share, strict=True
        )
    ]  # fmt: skip
    return _events("drift", s, runs, more, "drift")


def loitering_events(
    s: Sailed,
    lain: Stops,
    *,
    berths: pl.DataFrame,
    preset: Loitering,
    rule: StopRule,
    drift: DriftRule | None = None,
) -> pl.DataFrame:
    """Return loitering and drift as ``EVENTS`` by time, given the stops; see ``loitering``."""
    x, y = smoothed(s.track, s.t, s.lon, s.lat, round(_SMOOTH_S * 1000))
    path = path_m(s.track, x, y)
    n = len(s.t)
    in_berth = beyond_berths(s.lon, s.lat, berths) <= 0
    use = drift or DriftRule()
    adrift = find_drifts(s, barred=in_berth, lain=lain, rule=use)
    lasted_min = (s.t[lain.last] - s.t[lain.first]) / 60_000
    long = (lain.speed_kn <= rule.still_kn) & (lasted_min >= preset.least_min)
    out = in_berth | cover(n, lain.first[long], lain.last[long])
    out |= cover(n, adrift.first, adrift.last)
    told = told_path(s.track, s.t, s.sog, path)
    half_ms, limit = round(_LOCAL_S * 1000), preset.max_speed_kn * KNOT
    least_ms = round(preset.least_min * 60_000)
    first, last = _slow_runs(s.track, s.t, told, out, half_ms, limit, least_ms - 2 * half_ms)
    _grown(s.track, s.t, s.lon, s.lat, s.sog, out, first, last, limit, half_ms)
    lasting = s.t[last] - s.t[first] >= least_ms
    first, last = first[lasting], last[lasting]
    runs = _measure(s, x, y, told[last] - told[first], first, last)
    share = _lying_share(s, lain, first, last)
    is_one = (runs.ratio <= preset.max_ratio) & (runs.speed_kn < preset.max_speed_kn)
    is_one &= share < _LYING_SHARE
    more = [
        {
            "preset": preset.name,
            "max_speed_kn": preset.max_speed_kn,
            "least_min": preset.least_min,
            "max_ratio": preset.max_ratio,
            "stopped_share": rounded(z, 2),
        }
        for z in share[is_one]
    ]
    loitered = _events("loitering", s, runs.only(is_one), more, f"loitering, {preset.name}")
    drifts = _measure(s, x, y, adrift.path_m, adrift.first, adrift.last)
    drifted = _drift_events(s, drifts, adrift, use)
    return pl.concat([loitered, drifted]).sort("t0", "mmsi", "kind", "event_id")


def loitering(
    tracks: pl.DataFrame,
    *,
    berths: pl.DataFrame,
    statics: pl.DataFrame,
    preset: Loitering = COASTAL,
    stop_rule: StopRule | None = None,
    drift: DriftRule | None = None,
) -> pl.DataFrame:
    """Find loitering: slow for long, and getting nowhere; and drift, in its place.

    A run is a stretch of a track whose mean speed within 10 min of each position is below the
    preset's; short spurts are allowed if the run's own mean stays below. It counts if it
    lasts, and if displacement / path is small, on positions smoothed over 3 min either way.
    Not loitering: time inside a known berth or anchorage; a stop at which the vessel lay
    still (moored or swinging at anchor) for the preset's time or longer; and a run of which
    shorter such stops make up 80 % or more. For the time that a vessel drifts (``DriftRule``)
    it does not loiter.

    Parameters
    ----------
    tracks : DataFrame
        As ``ais.tracks.tracks`` returns them.
    berths : DataFrame
        Known berths and anchorages: lon, lat, radius_m.
    statics : DataFrame
        ``STATICS``, for lengths.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kinds ``loitering`` and ``drift``; the point is the middle of the positions,
        ``presets`` in the evidence names every preset whose definition the very run fulfils.
    """
    s = sailed(tracks)
    rule = stop_rule or StopRule()
    lain = find_stops(s, statics, rule)
    return loitering_events(s, lain, berths=berths, preset=preset, rule=rule, drift=drift)
