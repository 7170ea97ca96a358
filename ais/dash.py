"""Find dashes: fast runs at the shore by those who hung about, met or were silent off it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import shapely

from ais._arrays import Floats, Ints
from ais._events import Sailed, events, lines, rounded
from ais._made_good import contradicted, excess_over, over_runs, runs
from ais._plane import KNOT, metres_between
from ais.schema import EVENTS, empty

BEFORE = ("loitering", "drift", "rendezvous", "gap")
"""What a dash comes after."""
_CORE_MS = 60_000
_STEP_MS = 180_000


@dataclass(frozen=True)
class DashRule:
    """What counts as a dash to the shore.

    A speed made good of ``speed_kn`` for ``least_min``; slower steps of ``bridge_s`` together are
    bridged where the mean stays above. The distance to the shore falls by ``fall_m`` and comes to
    ``shore_m``. It begins within ``within_h`` of the end of a loitering, drift, rendezvous or gap
    of the same vessel that lay ``offshore_m`` off. A run counts from where the vessel was heard
    before it to where it was heard next, in steps of ``next_min`` at most: what lay between was
    not heard. Steps longer than ``step_min`` show no speed: after a silence, a run begins where
    the vessel is heard again.
    """

    speed_kn: float = 20.0
    least_min: float = 3.0
    bridge_s: float = 90.0
    fall_m: float = 1500.0
    shore_m: float = 1000.0
    within_h: float = 3.0
    offshore_m: float = 1500.0
    next_min: float = 10.0
    step_min: float = 15.0


def fast_runs(s: Sailed, rule: DashRule | None = None) -> pl.DataFrame:
    """Find where vessels went fast, be it at the shore or not.

    Speed is made good over a minute, or over the step where positions are sparser: a step of ten
    minutes at 20 kn is a run, and one in which the vessel was slow for a part is none. A position
    out and back again by itself is no speed, nor is a single step at both ends of which half of it
    or less is told.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``dash``: candidates for ``dashes``. The point is where the run ends,
        the geometry its way. ``longest_step_min`` in the evidence says how well the speed is
        known.
    """
    use = rule or DashRule()
    limit = np.full(len(s.t), use.speed_kn * KNOT, np.float32)
    speed, excess = excess_over(s, limit, round(use.step_min * 60_000))
    # Of a run that hardly lasts, the steps at both ends may be a part of it each.
    first, last = runs(
        s.track, s.t, excess, round(use.bridge_s * 1000), min(_CORE_MS, round(use.least_min * 3e4))
    )
    sure = ~contradicted(s, speed, first, last)
    first, last = first[sure], last[sure]
    mean, most, longest = over_runs(s.t, speed, first, last)
    more_ms = _partly(s, first, mean, -1) + _partly(s, last, mean, 1)
    lasted_ms = s.t[last] - s.t[first] + more_ms
    enough = lasted_ms >= use.least_min * 60_000
    first, last, lasted_ms = first[enough], last[enough], lasted_ms[enough]
    mean, most, longest = mean[enough], most[enough], longest[enough]
    evidence = [
        {
            "speed_kn": use.speed_kn,
            "least_min": use.least_min,
            "mean_speed_kn": rounded(v / KNOT),
            "max_speed_kn": rounded(m / KNOT),
            "duration_min": rounded(d / 60_000),
            "start_lon_deg": rounded(s.lon[a], 5),
            "start_lat_deg": rounded(s.lat[a], 5),
            "end_lon_deg": rounded(s.lon[b], 5),
            "end_lat_deg": rounded(s.lat[b], 5),
            "longest_step_min": rounded(w / 60_000),
            "n_positions": int(b - a + 1),
        }
        | _next(s, int(b), use)
        | _previous(s, int(a), use)
        for v, m, w, d, a, b in zip(mean, most, longest, lasted_ms, first, last, strict=True)
    ]
    return events(
        "dash",
        mmsi=s.mmsi[first],
        t0=s.t[first],
        t1=s.t[last],
        lon=s.lon[last],
        lat=s.lat[last],
        wkb=lines(s, first, last),
        evidence=evidence,
        rule="dash",
        begun=(s.lon[first], s.lat[first]),
    )


def _partly(s: Sailed, end: Ints, fast: Floats, side: int) -> Floats:
    """Return for how much of the step beyond an end of each run a vessel may still have run (ms).

    It went at two speeds on that step, the run's and the one that it told or made beyond: the way
    that it made in all says for how long at each.
    """
    there = np.clip(end + side, 0, len(s.t) - 1)
    beyond = np.clip(end + 2 * side, 0, len(s.t) - 1)
    step_ms = np.abs(s.t[there] - s.t[end]).astype(np.float64)
    made = _gained(s, there, end) / np.maximum(step_ms / 1000.0, 1.0)
    further_s = np.maximum(np.abs(s.t[beyond] - s.t[there]) / 1000.0, 1.0)
    slow = np.where(
        np.isnan(s.sog[there]), _gained(s, beyond, there) / further_s, s.sog[there] * KNOT
    )
    joins = (there != end) & (s.track[there] == s.track[end]) & (step_ms <= _STEP_MS)
    gap = np.maximum(fast - slow, 1e-9)
    share = np.where(fast > slow, np.clip((made - slow) / gap, 0.0, 1.0), 0.0)
    return np.asarray(np.where(joins, share * step_ms, 0.0))


def _gained(s: Sailed, a: Ints, b: Ints) -> Floats:
    return metres_between(s.lon[a], s.lat[a], s.lon[b], s.lat[b])


def _next(s: Sailed, end: int, rule: DashRule) -> dict[str, Any]:
    """Return where a run was heard next, if what lay between may hide how it ended."""
    if end + 1 >= len(s.t) or s.track[end + 1] != s.track[end]:
        return {}
    minutes = (s.t[end + 1] - s.t[end]) / 60_000
    if minutes > rule.next_min:
        return {}
    return {
        "next_min": rounded(minutes),
        "next_lon_deg": rounded(s.lon[end + 1], 5),
        "next_lat_deg": rounded(s.lat[end + 1], 5),
    }


def _previous(s: Sailed, begin: int, rule: DashRule) -> dict[str, Any]:
    """Return where a vessel was heard before a run, if what lay between may hide its beginning."""
    if not begin or s.track[begin - 1] != s.track[begin]:
        return {}
    minutes = (s.t[begin] - s.t[begin - 1]) / 60_000
    if minutes > rule.next_min:
        return {}
    return {
        "previous_lon_deg": rounded(s.lon[begin - 1], 5),
        "previous_lat_deg": rounded(s.lat[begin - 1], 5),
    }


def dashes(
    found: pl.DataFrame,
    before: pl.DataFrame,
    off_shore_m: Callable[[Floats, Floats], Floats],
    rule: DashRule | None = None,
) -> pl.DataFrame:
    """Judge fast runs by where they led and by what came before.

    Parameters
    ----------
    found : DataFrame
        As ``fast_runs`` returns them.
    before : DataFrame
        ``EVENTS``; those of other kinds than ``BEFORE`` and those that have not ended are passed
        over. Either party of a rendezvous may dash. A gap lay where the vessel was lost or where
        it was heard again, whichever is farther off.
    off_shore_m : callable
        Returns the distance to the shore of each lon, lat in metres; infinite where it is far.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``dash``, with the candidates' ids; the point is the place closest to
        the shore, ``before`` in the evidence the latest event that it came after: id, kind,
        distance off the shore, and the hours between.
    """
    use = rule or DashRule()
    came = _came_from(found, before, off_shore_m, use)
    runs_ = found.filter(pl.col("event_id").is_in(came["event_id"].implode()))
    if not runs_.height:
        return empty(EVENTS)
    told = [json.loads(e) for e in runs_["evidence"]]
    ways = _ways(runs_["geometry"], told)
    off = np.split(
        np.asarray(off_shore_m(*np.concatenate(ways).T)), np.cumsum([len(w) for w in ways])[:-1]
    )
    origin = {row["event_id"]: row for row in came.iter_rows(named=True)}
    rows = []
    for run, own, way, d in zip(runs_.iter_rows(named=True), told, ways, off, strict=True):
        closest = int(np.argmin(d))
        fall = float(np.max(d[: closest + 1]) - d[closest])
        if not (d[closest] <= use.shore_m and fall >= use.fall_m):
            continue
        then = origin[run["event_id"]]
        own |= {
            "shore_m": use.shore_m,
            "min_shore_m": rounded(d[closest]),
            "fall_least_m": use.fall_m,
            "fall_m": rounded(fall),
            "within_h": use.within_h,
            "offshore_least_m": use.offshore_m,
            "before": {
                "event_id": then["before_id"],
                "kind": then["before_kind"],
                "hours": rounded(then["hours"], 2),
                "off_shore_m": rounded(then["off_m"]),
            },
        }
        said = json.dumps(own, ensure_ascii=False, allow_nan=False)
        place = {"lon": way[closest, 0], "lat": way[closest, 1]}
        rows.append(run | place | {"evidence": said})
    return pl.DataFrame(rows, schema=EVENTS).sort("t0", "mmsi", "event_id")


def _came_from(
    found: pl.DataFrame,
    before: pl.DataFrame,
    off_shore_m: Callable[[Floats, Floats], Floats],
    rule: DashRule,
) -> pl.DataFrame:
    """Return for each run that has one the latest event before it that lay off the shore."""
    columns = {"event_id": "before_id", "kind": "before_kind", "t0": "from", "t1": "until"}
    ended = before.filter(
        pl.col("kind").is_in(BEFORE)
        & pl.col("t1").is_not_null()
        & (
            pl.col("mmsi").is_in(found["mmsi"].implode())
            | pl.col("other_mmsi").is_in(found["mmsi"].implode())
        )
    )
    ended = ended.with_columns(off_m=_off(ended, off_shore_m))
    ended = ended.filter(pl.col("off_m") >= rule.offshore_m).rename(columns)
    keep = [*columns.values(), "off_m"]
    parties = pl.concat(
        [
            ended.select(*keep, "mmsi"),
            ended.filter(pl.col("other_mmsi").is_not_null()).select(*keep, mmsi="other_mmsi"),
        ]
    )
    within = pl.lit(round(rule.within_h * 3_600_000)).cast(pl.Duration("ms"))
    between = (pl.col("t0") - pl.col("until")).dt.total_milliseconds() / 3_600_000
    return (
        found.select("event_id", "mmsi", "t0")
        .join(parties, on="mmsi")
        .filter(pl.col("t0") > pl.col("from"), pl.col("t0") <= pl.col("until") + within)
        .with_columns(hours=between.clip(0, None))
        .sort("until", "from", "before_id")
        .group_by("event_id", maintain_order=True)
        .last()
    )


def _off(rows: pl.DataFrame, off_shore_m: Callable[[Floats, Floats], Floats]) -> pl.Series:
    """Return how far off the shore each event lay."""
    off = np.array(off_shore_m(rows["lon"].to_numpy(), rows["lat"].to_numpy()), dtype=np.float64)
    silent = (rows["kind"] == "gap").to_numpy() & rows["geometry"].is_not_null().to_numpy()
    at = np.flatnonzero(silent)
    if len(at):
        ways = shapely.from_wkb(rows["geometry"].to_numpy()[at])
        place, of = shapely.get_coordinates(ways, return_index=True)
        np.maximum.at(off, at[of], np.asarray(off_shore_m(*place.T)))
    return pl.Series(off)


def _ways(geometry: pl.Series, told: list[dict[str, Any]]) -> list[Floats]:
    """Return the lon, lat of each run, and of where it was heard before and next."""
    out = []
    for shape, own in zip(geometry, told, strict=True):
        way = [shapely.get_coordinates(shapely.from_wkb(shape))]
        if "previous_lon_deg" in own:
            way.insert(0, np.array([[own["previous_lon_deg"], own["previous_lat_deg"]]]))
        if "next_min" in own:
            way.append(np.array([[own["next_lon_deg"], own["next_lat_deg"]]]))
        out.append(np.vstack(way))
    return out
