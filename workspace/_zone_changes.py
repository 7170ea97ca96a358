"""What became of the zones of the day before: since when each is one, and why it is or is not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import and_

from risk.shifts import Shift
from risk.weights import Indicator, WeightSet
from workspace import db, store
from workspace._scored import newest_runs, runs_of, shift_of
from workspace.folder import Workspace

# A plan older than this says nothing of what patrols are used to.
_DAYS = 7
_LEAST_NEW_KM = 0.05
_LEAST_POINTS = 1.0
Both = tuple[str, str]
Rows = npt.NDArray[np.int64]
Told = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Held:
    """One zone of a plan: its rows of the segment table, and the day from which on it is one."""

    zone_id: str
    rows: Rows
    since: date


@dataclass(frozen=True)
class Plan:
    """The zones of one shift."""

    shift: Shift
    zones: Sequence[Held]

    @property
    def rows(self) -> Rows:
        """Return the rows of all zones."""
        return np.concatenate([np.empty(0, np.int64), *(zone.rows for zone in self.zones)])


class Plans:
    """The newest plan of each shift, those of this run before those stored."""

    def __init__(self, ws: Workspace, segment_ids: Sequence[str]) -> None:
        self._ws = ws
        self._row = {name: row for row, name in enumerate(segment_ids)}
        self._runs = runs_of(ws, "zones")
        self._made: dict[str, Plan] = {}

    def add(self, plan: Plan) -> None:
        """Keep a plan that was just made."""
        self._made[plan.shift.shift_id] = plan

    def before(self, shift: Shift) -> Plan | None:
        """Return the plan of the same shift on the newest planned day of the week before."""
        name = shift.shift_id[10:]
        for back in range(1, _DAYS + 1):
            shift_id = f"{shift.day - timedelta(days=back)}{name}"
            if shift_id in self._made:
                return self._made[shift_id]
            earlier = shift_of(self._ws, shift_id)
            if earlier is not None and earlier.t0 in self._runs:
                return self._stored(earlier)
        return None

    def _stored(self, shift: Shift) -> Plan:
        table = db.zones.c
        found = store.read(
            self._ws.engine,
            "zones",
            where=and_(table.run_id == self._runs[shift.t0], table.shift_start == shift.t0),
            columns=["zone_id", "segment_ids", "since"],
            order=["rank", "zone_id"],
        )
        held = []
        for zone_id, listed, since in found.iter_rows():
            rows = [self._row[name] for name in json.loads(listed) if name in self._row]
            held.append(Held(zone_id, np.array(rows, np.int64), since or shift.day))
        return Plan(shift, held)


def since(rows: Rows, km: npt.NDArray[np.float64], before: Plan | None, day: date) -> date:
    """Return since when a zone, or most of it, has been one: ``day`` where it is new."""
    if before is None or not before.zones:
        return day
    shared = [float(km[np.intersect1d(rows, zone.rows)].sum()) for zone in before.zones]
    if sum(shared) < float(km[rows].sum()) / 2:
        return day
    return before.zones[int(np.argmax(shared))].since


def gone(before: Plan | None, now: Rows, km: npt.NDArray[np.float64]) -> list[Held]:
    """Return the zones of before of which less than half is in a zone now."""
    zones = [] if before is None else before.zones
    return [
        zone
        for zone in zones
        if float(km[np.intersect1d(zone.rows, now)].sum()) < float(km[zone.rows].sum()) / 2
    ]


def score_rows(ws: Workspace, shift: Shift, segment_ids: Sequence[str]) -> Told:
    """Return the rows of ``scores`` of some segments in a shift, by segment."""
    run = newest_runs(ws).get(shift.t0)
    if run is None or not segment_ids:
        return {}
    table = db.scores.c
    found = store.read(
        ws.engine,
        "scores",
        where=and_(
            table.run_id == run,
            table.shift_start == shift.t0,
            table.segment_id.in_(sorted(set(segment_ids))),
        ),
    )
    return {row["segment_id"]: row for row in found.iter_rows(named=True)}


@dataclass(frozen=True)
class Move:
    """How far the mean score of a stretch moved, and the indicator that moved it most."""

    points: float
    most: Indicator


def moved(weights: WeightSet, today: Told, earlier: Told, km: Mapping[str, float]) -> Move | None:
    """Return what moved a stretch's score between two shifts, or None where it is not known.

    Parameters
    ----------
    today, earlier : what `score_rows` gave of its segments.
    km : the kilometres of each of its segments.
    """
    both = [name for name in km if name in today and name in earlier]
    if not both:
        return None
    total = sum(km[name] for name in both)
    share = {name: km[name] / total for name in both}
    points = sum(share[name] * (today[name]["score"] - earlier[name]["score"]) for name in both)
    parts = dict.fromkeys(weights.ids, 0.0)
    for sign, told in ((1.0, today), (-1.0, earlier)):
        for name in both:
            for indicator, cell in json.loads(told[name]["contributions"]).items():
                # An earlier weight set may have had others.
                if indicator in parts:
                    parts[indicator] += sign * share[name] * cell[0]
    most = max(parts, key=lambda name: parts[name] if points > 0 else -parts[name])
    return Move(points, weights.indicator(most))


def kept_words(first: date, day: date, new_km: float) -> Both:
    """Say since when a zone is one, and how much of it is new."""
    zh, en = f"{_zh(first, day)}起的重点区", f"A zone since {_en(first, day)}"
    if new_km >= _LEAST_NEW_KM:
        zh, en = f"{zh}，其中 {new_km:.1f} km 新列入", f"{en}, {new_km:.1f} km of it new"
    return f"{zh}。", f"{en}."


def new_words(move: Move | None, then: date, day: date) -> Both:
    """Say why a stretch is a zone that was none in the plan of ``then``."""
    if move is None:
        return f"{_zh(then, day)}后新列入。", f"New since {_en(then, day)}."
    if move.points < _LEAST_POINTS:
        return (
            "新列入：本段风险未升，别处让出里程。",
            "New: its risk did not rise, kilometres came free elsewhere.",
        )
    return (
        f"新列入：均分比 {_zh(then, day)}升 {move.points:.0f} 分，主要因“{move.most.label_zh}”。",
        (
            f"New: its mean score rose {move.points:.0f} points since {_en(then, day)}, most by "
            f"“{move.most.label_en}”."
        ),
    )


def gone_words(move: Move | None, then: date, day: date) -> Both:
    """Say why a stretch is no zone that was one in the plan of ``then``."""
    if move is None:
        return "原因不详", "no score to tell why"
    if move.points > -_LEAST_POINTS:
        return (
            "因为本段风险未降，别处更值得去",
            "because its risk did not fall and other shore is worth more",
        )
    return (
        f"因为均分比 {_zh(then, day)}降 {-move.points:.0f} 分，主要因“{move.most.label_zh}”",
        (
            f"because its mean score fell {-move.points:.0f} points since {_en(then, day)}, "
            f"most by “{move.most.label_en}”"
        ),
    )


def _zh(day: date, near: date) -> str:
    year = "" if day.year == near.year else f"{day.year} 年 "
    return f"{year}{day.month} 月 {day.day} 日"


def _en(day: date, near: date) -> str:
    return f"{day.day} {day:%b}" if day.year == near.year else f"{day.day} {day:%b %Y}"
