"""Find speeds and courses that a vessel of its kind does not make, or does not tell."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._arrays import Floats, Ints
from ais._events import Sailed, events, lines, rounded
from ais._made_good import (
    WINDOW_MS,
    contradicted,
    excess_over,
    made_good,
    over_runs,
    parts_ms,
    runs,
    unseen,
    unseen_ms,
)
from ais._plane import KNOT, metres
from ais._told import course_excess, over_rows, speed_excess
from ais._turns import MINUTE_MS, courses, reversals, thinned, zigzags

LIMITS: dict[str, tuple[tuple[int, ...], float]] = {
    "fishing": ((30,), 16.0),
    "tug_dredger_diving_towing": ((32, 33, 34, 52), 16.0),
    "sailing": ((36,), 15.0),
    "pleasure": ((37,), 50.0),
    "high_speed": (tuple(range(40, 50)), 60.0),
    "service": ((31, 50, 51, *range(53, 60)), 45.0),
    "passenger": (tuple(range(60, 70)), 45.0),
    "cargo": (tuple(range(70, 80)), 24.0),
    "tanker": (tuple(range(80, 90)), 24.0),
}
"""Ship types (ITU-R M.1371-5, table 53) of each group, and the knots that it does not exceed.

Judgement, with room for a stream. Tankers have that of cargo ships: LNG carriers make 21 kn
(docs/real_files.md). Type 31 says what a vessel does, not what it is: assistance boats bear it that
run at some 25 kn (Sail Magazine, "Towing the Line: A Day in the Life of a Towboat Operator").
"""
OTHER = ("unknown_or_other", 45.0)
_TOLD_SHARE, _FEW_STEPS = 0.75, 3
"""One or two false positions make so few steps fast; the speed told stays well below the limit."""


@dataclass(frozen=True)
class SpeedRule:
    """What counts as an odd speed.

    ``over_type``: a speed made good above the limit of the ship's type for ``over_min``.
    ``told_speed``: told and made good differ by ``told_kn`` and ``told_share`` of the larger for
    ``told_min``, at both ends of a step. Slower than told is proven only by steps of ``sure_min``,
    or where both ends tell a course alike within ``alike_deg``: else the way between may have
    turned. Steps of ``bridge_s`` together that do not fit are bridged, steps longer than
    ``step_min`` show nothing.
    """

    limits_kn: dict[str, float] = field(
        default_factory=lambda: {name: kn for name, (_, kn) in LIMITS.items()} | dict([OTHER])
    )
    over_min: float = 5.0
    told_kn: float = 5.0
    told_share: float = 0.5
    told_min: float = 10.0
    sure_min: float = 3.0
    alike_deg: float = 45.0
    bridge_s: float = 90.0
    step_min: float = 15.0


@dataclass(frozen=True)
class CourseRule:
    """What counts as an odd course; all of it at ``least_kn`` made good or more.

    ``reversal``: turning by ``back_deg`` within ``turn_min`` and without stopping, between two
    courses that each keep within ``steady_deg`` of their mean for ``steady_min``. ``zigzag``:
    ``turns`` turns of ``turn_deg`` to alternating hands within ``zigzag_min``, each within
    ``turn_min``. ``told_course``: told course and course made good differ by ``told_deg`` for
    ``told_min``, at both ends of a step. Steps of ``bridge_s`` together that do not fit are
    bridged, steps longer than ``step_min`` show nothing.
    """

    least_kn: float = 5.0
    back_deg: float = 150.0
    turn_min: float = 5.0
    steady_min: float = 10.0
    steady_deg: float = 30.0
    turns: int = 4
    turn_deg: float = 60.0
    zigzag_min: float = 60.0
    told_deg: float = 45.0
    told_min: float = 10.0
    bridge_s: float = 90.0
    step_min: float = 15.0


def _limits(
    s: Sailed, statics: pl.DataFrame, rule: SpeedRule
) -> tuple[NDArray[np.float32], NDArray[np.uint8], list[str]]:
    """Return each row's limit in m/s and number of the group of its ship's type, and the names."""
    names = [*LIMITS, OTHER[0]]
    # The last stands for a type that is not known, too.
    group = np.full(257, len(LIMITS), np.uint8)
    for k, (types, _) in enumerate(LIMITS.values()):
        group[list(types)] = k
    knots = np.array([rule.limits_kn[name] for name in names], np.float32)
    of_row = group[_told_types(s, statics)]
    return knots[of_row] * np.float32(KNOT), of_row, names


def _told_types(s: Sailed, statics: pl.DataFrame) -> Ints:
    """Return the ship type that was told last at each row, -1 where none is known.

    Before the first that is told it is taken for that one.
    """
    told = statics.select("mmsi", pl.col("t").dt.epoch("ms"), "ship_type").drop_nulls()
    # Of two types told at once the order must not depend on that of the rows.
    told = told.sort("mmsi", "t", "ship_type")
    if not told.height or not len(s.t):
        return np.full(len(s.t), -1, np.int64)
    mmsi, t, kind = (told[name].to_numpy().astype(np.int64) for name in told.columns)
    who, of = np.unique(mmsi, return_inverse=True)
    vessel = np.minimum(np.searchsorted(who, s.mmsi), len(who) - 1)
    since = min(t.min(), s.t.min())
    span = max(t.max(), s.t.max()) - since + 1
    at = np.searchsorted(of * span + t - since, vessel * span + s.t - since, side="right") - 1
    at = np.maximum(at, np.searchsorted(of, vessel))
    return np.where(who[vessel] == s.mmsi, kind[at], -1)


def _events(
    kind: str, s: Sailed, first: Ints, last: Ints, at: Ints, evidence: list[dict[str, Any]]
) -> pl.DataFrame:
    """Return anomalies as ``EVENTS``, shown at the rows ``at``."""
    return events(
        kind,
        mmsi=s.mmsi[first],
        t0=s.t[first],
        t1=s.t[last],
        lon=s.lon[at],
        lat=s.lat[at],
        wkb=lines(s, first, last),
        evidence=evidence,
        rule=kind.replace("_", " "),
        begun=(s.lon[first], s.lat[first]),
    )


def _figures(s: Sailed, a: int, b: int) -> dict[str, Any]:
    return {"duration_min": rounded((s.t[b] - s.t[a]) / 60_000), "n_positions": int(b - a + 1)}


def speed_anomalies(
    s: Sailed, statics: pl.DataFrame, rule: SpeedRule | None = None
) -> pl.DataFrame:
    """Find vessels faster than their type, and those that tell another speed than they make.

    Parameters
    ----------
    s : Sailed
        The positions.
    statics : DataFrame
        mmsi, t and ship_type (ITU-R M.1371-5, table 53), in any order: what was told when. A
        vessel is held against the type that it told at the time.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``speed_anomaly``; ``why`` in the evidence is ``over_type`` or
        ``told_speed``. ``told_unchanged`` says that the told speed was the same all along, as one
        that a device has stopped to renew.
    """
    use = rule or SpeedRule()
    found = [_over_type(s, statics, use), _told_speed(s, use)]
    return pl.concat(found).sort("t0", "mmsi", "event_id")


def _over_type(s: Sailed, statics: pl.DataFrame, rule: SpeedRule) -> pl.DataFrame:
    limit, group, names = _limits(s, statics, rule)
    speed, excess = excess_over(s, limit, round(rule.step_min * 60_000))
    least_ms = round(rule.over_min * 60_000)
    first, last = runs(s.track, s.t, excess, round(rule.bridge_s * 1000), least_ms - 2 * WINDOW_MS)
    lasts_ms = s.t[last] - s.t[first] + parts_ms(s, first, last)
    sure = (lasts_ms >= least_ms) & ~contradicted(
        s, limit, first, last, share=_TOLD_SHARE, steps=_FEW_STEPS
    )
    first, last = first[sure], last[sure]
    mean, most, longest = over_runs(s.t, speed, first, last)
    evidence = [
        {
            "why": "over_type",
            "ship_group": names[group[b]],
            "limit_kn": rule.limits_kn[names[group[b]]],
            "least_min": rule.over_min,
            "mean_speed_kn": rounded(v / KNOT),
            "max_speed_kn": rounded(m / KNOT),
            "longest_step_min": rounded(w / 60_000),
            "lasts_min": rounded(ms / 60_000),
        }
        | _figures(s, a, b)
        for v, m, w, ms, a, b in zip(mean, most, longest, lasts_ms[sure], first, last, strict=True)
    ]
    return _events("speed_anomaly", s, first, last, last, evidence)


def _told_speed(s: Sailed, rule: SpeedRule) -> pl.DataFrame:
    speed = made_good(s).speed
    excess = speed_excess(
        s.track, s.t, s.sog, s.cog, speed, rule.told_kn * KNOT, rule.told_share,
        round(rule.sure_min * 60_000), rule.alike_deg,
    )  # fmt: skip
    excess[unseen(s, round(rule.step_min * 60_000))] = np.nan
    first, last = _told_runs(s, excess, rule)
    mean, _, longest = over_runs(s.t, speed, first, last)
    told = over_rows(s.sog, first, last)
    evidence = [
        {
            "why": "told_speed",
            "least_kn": rule.told_kn,
            "least_share": rule.told_share,
            "least_min": rule.told_min,
            "made_good_kn": rounded(v / KNOT),
            "told_kn": rounded(said),
            "told_unchanged": bool(x == y),
            "longest_step_min": rounded(w / 60_000),
        }
        | _figures(s, a, b)
        for v, w, said, x, y, a, b in zip(
            mean, longest, *told, first, last, strict=True
        )
    ]  # fmt: skip
    return _events("speed_anomaly", s, first, last, (first + last) // 2, evidence)


def _told_runs(
    s: Sailed, excess: NDArray[np.float32], rule: SpeedRule | CourseRule
) -> tuple[Ints, Ints]:
    """Return (first row, last row) of the runs in which something else is told for long enough."""
    least_ms = round(rule.told_min * 60_000)
    first, last = runs(s.track, s.t, excess, round(rule.bridge_s * 1000), least_ms - WINDOW_MS)
    enough = s.t[last] - s.t[first] + unseen_ms(s, first, last) >= least_ms
    return first[enough], last[enough]


def course_anomalies(s: Sailed, rule: CourseRule | None = None) -> pl.DataFrame:
    """Find vessels that turn back, zigzag, or tell another course than they make good.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``course_anomaly``; ``why`` in the evidence is ``reversal`` (from ten
        minutes before the turn to ten after, shown at the turn), ``zigzag`` or ``told_course``.
    """
    use = rule or CourseRule()
    found = [
        _reversals(s, use),
        _zigzags(s, use),
        _told_course(s, use),
    ]
    return pl.concat(found).sort("t0", "mmsi", "event_id")


def _steps(s: Sailed, span_ms: int, rule: CourseRule) -> tuple[Ints, Floats, Floats]:
    """Return one row in each span of time, with speed and course made good up to it."""
    row = thinned(s.track, s.t, span_ms)
    step_ms = round(rule.step_min * 60_000)
    return row, *courses(s.track, s.t, s.lon, s.lat, row, step_ms)


def _reversals(s: Sailed, rule: CourseRule) -> pl.DataFrame:
    row, speed, course = _steps(s, MINUTE_MS, rule)
    at, turned = reversals(
        s.t, s.lon, s.lat, s.sog, row, speed, course, rule.least_kn * KNOT, rule.back_deg,
        round(rule.turn_min * 60_000), rule.steady_deg, round(rule.steady_min * 60_000),
    )  # fmt: skip
    first, begun, ended, last = at.T
    evidence = [
        {
            "why": "reversal",
            "least_kn": rule.least_kn,
            "back_least_deg": rule.back_deg,
            "turn_most_min": rule.turn_min,
            "steady_deg": rule.steady_deg,
            "steady_min": rule.steady_min,
            "turned_deg": rounded(deg, 0),
            "turn_min": rounded((s.t[j] - s.t[i]) / 60_000),
            "speed_before_kn": rounded(_between(s, a, i)),
            "speed_after_kn": rounded(_between(s, j, b)),
        }
        | _figures(s, a, b)
        for deg, a, i, j, b in zip(turned, first, begun, ended, last, strict=True)
    ]
    return _events("course_anomaly", s, first, last, (begun + ended) // 2, evidence)


def _between(s: Sailed, a: int, b: int) -> float:
    """Return the speed made good from row a to row b in knots."""
    way = metres(s.lon[a], s.lat[a], s.lon[b], s.lat[b])
    return float(way / ((s.t[b] - s.t[a]) / 1000.0) / KNOT)


def _zigzags(s: Sailed, rule: CourseRule) -> pl.DataFrame:
    row, speed, course = _steps(s, 2 * MINUTE_MS, rule)
    first, last, count, smallest = zigzags(
        s.t, row, speed, course, rule.least_kn * KNOT, rule.turns, rule.turn_deg,
        round(rule.turn_min * 60_000), round(rule.zigzag_min * 60_000),
        round(rule.bridge_s * 1000),
    )  # fmt: skip
    evidence = [
        {
            "why": "zigzag",
            "least_kn": rule.least_kn,
            "least_turns": rule.turns,
            "turn_least_deg": rule.turn_deg,
            "within_min": rule.zigzag_min,
            "turns": int(n),
            "smallest_turn_deg": rounded(deg, 0),
        }
        | _figures(s, a, b)
        for n, deg, a, b in zip(count, smallest, first, last, strict=True)
    ]
    return _events("course_anomaly", s, first, last, (first + last) // 2, evidence)


def _told_course(s: Sailed, rule: CourseRule) -> pl.DataFrame:
    speed, course = made_good(s)
    excess, off_deg = course_excess(
        s.track, s.t, s.sog, s.cog, speed, course, rule.least_kn * KNOT, rule.told_deg,
        round(rule.step_min * 60_000),
    )  # fmt: skip
    first, last = _told_runs(s, excess, rule)
    off, _, longest = over_runs(s.t, off_deg, first, last)
    mean, _, _ = over_runs(s.t, speed, first, last)
    _, low, high = over_rows(s.cog, first, last)
    evidence = [
        {
            "why": "told_course",
            "least_kn": rule.least_kn,
            "least_deg": rule.told_deg,
            "least_min": rule.told_min,
            "off_deg": rounded(deg, 0),
            "mean_speed_kn": rounded(v / KNOT),
            "told_unchanged": bool(x == y),
            "longest_step_min": rounded(w / 60_000),
        }
        | _figures(s, a, b)
        for deg, v, w, x, y, a, b in zip(off, mean, longest, low, high, first, last, strict=True)
    ]
    return _events("course_anomaly", s, first, last, (first + last) // 2, evidence)
