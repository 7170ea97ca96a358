"""Find vessels that come to the shore where there is no known wharf."""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed, beyond_berths, events, lines, rounded, sailed
from ais._plane import KNOT, bearing, metres
from geo.nearest import Nearest, ShoreIndex


@dataclass(frozen=True)
class ApproachRule:
    """What counts as coming to the shore.

    Within ``band_m`` of a segment and more than ``apron_m`` outside every known berth's
    circle (ships manoeuvre there), and either slower than ``slow_kn`` for ``slow_min``, or
    heading at the shore within ``cone_deg``. Passing along is neither: the slow vessel must
    come to a halt (``halt_kn``) or gain less than ``passing_ratio`` of the way it makes
    through the band; the one heading at the shore must turn back within ``turn_min`` (and
    not pass through the band, as round a headland), halt, or be heard no more (nor anywhere else
    under its MMSI within ``turn_min``) while it still heads there. Either must have come: been
    1.5 × ``band_m`` off within ``before_min``, or when last heard. It has left when it is as far
    from where it was last in the band, or out of it for ``bridge_min``.
    """

    band_m: float = 200.0
    apron_m: float = 200.0
    slow_kn: float = 5.0
    slow_min: float = 3.0
    halt_kn: float = 1.0
    cone_deg: float = 45.0
    passing_ratio: float = 0.6
    bridge_min: float = 10.0
    turn_min: float = 5.0
    before_min: float = 60.0


_SLOW, _HEADING = 1, 2
_REASONS = {_SLOW: ["slow"], _HEADING: ["heading"], _SLOW | _HEADING: ["slow", "heading"]}


@numba.njit(cache=True, nogil=True)
def _visits(
    mmsi: Array,
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    near: Array,
    bridge_ms: int,
    away_m: float,
    before_ms: int,
) -> tuple[Ints, Ints]:
    """Return (first, last) of stays in the band by vessels that came there.

    A short way out of the band and back, by time and not ``away_m`` far, inside one track, does
    not end a stay. To have come, a vessel must have been ``away_m`` off in the time before, or
    when last heard before that: one that lies at the band's edge goes in and out of it by noise
    alone, and one that was silent where it lay has not moved. A track of the same MMSI that goes
    on later than this position is another hull's.
    """
    n = t.shape[0]
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    i = 0
    while i < n:
        if not near[i]:
            i += 1
            continue
        end = i
        j = i + 1
        while j < n and track[j] == track[i] and t[j] - t[end] <= bridge_ms:
            if near[j]:
                end = j
            elif metres(lon[end], lat[end], lon[j], lat[j]) > away_m:
                break
            j += 1
        came = False
        p = i - 1
        while p >= 0 and mmsi[p] == mmsi[i] and (p == i - 1 or t[i] - t[p] <= before_ms):
            if t[p] > t[i]:
                break
            if metres(lon[p], lat[p], lon[i], lat[i]) > away_m:
                came = True
                break
            p -= 1
        if came:
            first[found], last[found] = i, end
            found += 1
        i = end + 1
    return first[:found].copy(), last[:found].copy()


@numba.njit(cache=True, nogil=True)
def _judge(  # noqa: C901
    track: Array,
    t: Array,
    lon: Array,
    lat: Array,
    sog: Array,
    near: Array,
    shore: Array,
    towards: Array,
    gone: Array,
    first: Array,
    last: Array,
    slow_ms: float,
    halt_ms: float,
    slow_time: int,
    cone: float,
    passing: float,
    turn_time: int,
    band: float,
) -> tuple[Array, Ints, Floats, Floats, Floats]:
    """Return reasons (bits), closest row, slow minutes, ratio, mean speed of each stay."""
    m = first.shape[0]
    n = t.shape[0]
    why = np.zeros(m, np.uint8)
    closest = np.empty(m, np.int64)
    slow_for, ratio, mean = np.zeros(m), np.zeros(m), np.zeros(m)
    for e in range(m):
        a, b = first[e], last[e]
        c = a
        longest = 0
        spell = 0
        way = 0.0
        in_cone = False
        still_in = False
        halted = False
        for k in range(a, b + 1):
            if near[k] and shore[k] < shore[c]:
                c = k
            if k == 0 or track[k] != track[k - 1]:
                continue
            step = metres(lon[k - 1], lat[k - 1], lon[k], lat[k])
            seconds = max((t[k] - t[k - 1]) / 1000.0, 1.0)
            speed = step / seconds
            if k > a:
                way += step
                if near[k] and near[k - 1] and speed < slow_ms:
                    spell += t[k] - t[k - 1]
                    longest = max(longest, spell)
                else:
                    spell = 0
                told = not np.isnan(sog[k]) and sog[k] * KNOT < halt_ms and speed < slow_ms
                halted |= told or (speed < halt_ms and seconds >= 60.0)
            if near[k] and speed >= halt_ms and not np.isnan(towards[k]):
                off = abs(
                    (bearing(lon[k - 1], lat[k - 1], lon[k], lat[k]) - towards[k] + 180) % 360 - 180
                )
                still_in = off <= cone and shore[k] < shore[k - 1]
                in_cone |= still_in
        gained = metres(lon[a], lat[a], lon[b], lat[b])
        ratio[e] = gained / way if way > 0 else 0.0
        took = (t[b] - t[a]) / 1000.0
        mean[e] = way / took if took > 0 else 0.0
        slow_for[e] = longest / 60_000.0
        closest[e] = c
        if longest >= slow_time and (halted or gone[b] or ratio[e] < passing):
            why[e] |= 1
        if in_cone:
            p = c
            while p > 0 and track[p - 1] == track[c] and t[c] - t[p] < turn_time:
                p -= 1
            q = c
            while q + 1 < n and track[q + 1] == track[c] and t[q] - t[c] < turn_time:
                q += 1
            scale = np.cos(np.radians(lat[c]))
            dot = (lon[c] - lon[p]) * (lon[q] - lon[c]) * scale * scale
            dot += (lat[c] - lat[p]) * (lat[q] - lat[c])
            out = metres(lon[c], lat[c], lon[q], lat[q])
            passes = ratio[e] >= passing and way > 2 * band
            if (gone[b] and still_in) or halted or (dot < 0 and out > 0 and not passes):
                why[e] |= 2
    return why, closest, slow_for, ratio, mean


def _gone(s: Sailed, soon_ms: int) -> Bools:
    """Return which rows end a track of an MMSI that is not soon heard elsewhere either.

    A false position, or one of another hull, is a track of its own beside that of the vessel.
    """
    order = np.lexsort((s.track, s.t, s.mmsi))
    last = np.ones(len(s.t), np.bool_)
    last[:-1] = s.track[1:] != s.track[:-1]
    mmsi, t = s.mmsi[order], s.t[order]
    again = (mmsi[1:] == mmsi[:-1]) & (t[1:] - t[:-1] <= soon_ms)
    last[order[:-1]] &= ~again
    return last


def approach_events(
    s: Sailed,
    nearest: Nearest,
    *,
    berths: pl.DataFrame,
    segment_ids: Sequence[str],
    rule: ApproachRule,
) -> pl.DataFrame:
    """Return shore approaches as ``EVENTS``, given each position's nearest shore."""
    shore = nearest.distance_m
    in_band = shore <= rule.band_m
    outside = np.ones(len(shore), np.bool_)
    at = np.flatnonzero(in_band)
    outside[at] = beyond_berths(s.lon[at], s.lat[at], berths) > rule.apron_m
    near = in_band & outside
    first, last = _visits(
        s.mmsi, s.track, s.t, s.lon, s.lat, near, round(rule.bridge_min * 60_000),
        1.5 * rule.band_m, round(rule.before_min * 60_000),
    )  # fmt: skip
    why, closest, slow_for, ratio, mean = _judge(
        s.track, s.t, s.lon, s.lat, s.sog, near, shore, nearest.bearing_deg,
        _gone(s, round(rule.turn_min * 60_000)), first, last,
        rule.slow_kn * KNOT, rule.halt_kn * KNOT, round(rule.slow_min * 60_000), rule.cone_deg,
        rule.passing_ratio, round(rule.turn_min * 60_000),
        rule.band_m,
    )  # fmt: skip
    hit = why > 0
    first, last, closest = first[hit], last[hit], closest[hit]
    evidence = [
        {
            "why": _REASONS[int(w)],
            "segment_id": segment_ids[int(nearest.segment[c])] if segment_ids else None,
            "chainage_m": rounded(nearest.chainage_m[c]),
            "min_shore_m": rounded(shore[c]),
            "band_m": rule.band_m,
            "slow_kn": rule.slow_kn,
            "slow_min": rounded(m),
            "mean_speed_kn": rounded(v / KNOT, 2),
            "displacement_ratio": rounded(r, 3),
            "duration_min": rounded((s.t[b] - s.t[a]) / 60_000),
            "n_positions": int(b - a + 1),
        }
        for w, c, m, v, r, a, b in zip(
            why[hit], closest, slow_for[hit], mean[hit], ratio[hit], first, last, strict=True
        )
    ]
    return events(
        "shore_approach",
        mmsi=s.mmsi[first],
        t0=s.t[first],
        t1=s.t[last],
        lon=s.lon[closest],
        lat=s.lat[closest],
        wkb=lines(s, first, last),
        evidence=evidence,
        rule="shore approach",
        begun=(s.lon[first], s.lat[first]),
    )


def shore_approaches(
    tracks: pl.DataFrame,
    index: ShoreIndex,
    *,
    berths: pl.DataFrame,
    segment_ids: Sequence[str],
    rule: ApproachRule | None = None,
) -> pl.DataFrame:
    """Find vessels that come to the shore outside known wharves.

    Parameters
    ----------
    tracks : DataFrame
        As ``ais.tracks.tracks`` returns them.
    index : ShoreIndex
        Of the coast.
    berths : DataFrame
        Known wharves, berths and anchorages: lon, lat, radius_m.
    segment_ids : sequence of str
        The ids of the segments that ``index`` was built of, in order.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``shore_approach``; the point is the position closest to the shore,
        the geometry the way through the band, the evidence names the segment and why.
    """
    used = rule or ApproachRule()
    s = sailed(tracks)
    nearest = index.nearest(s.lon, s.lat, max_m=used.band_m)
    return approach_events(s, nearest, berths=berths, segment_ids=segment_ids, rule=used)
