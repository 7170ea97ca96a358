"""Match events with truth, one to one, and say of each event what it is."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment

from tests.validation._county import FROZEN

OUTCOMES = ("true", "decoy", "excused", "false")
_RULE = FROZEN["matching"]


def judge(truth: pl.DataFrame, events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return planted truth with ``found`` and ``rank``, and events with ``outcome`` and ``what``.

    Parameters
    ----------
    truth : rows of ``ais.simulate.TRUTH``.
    events : ``ais.schema.EVENTS`` with a column ``rank`` (0..1).

    Returns
    -------
    cases : truth without decoys and ordinary rows, with ``found`` (bool) and the event's ``rank``.
    judged : events with ``outcome``: true (matched with a case), decoy (matched with one), excused
        (what ordinary traffic really does, or another part of a case already found), or false;
        and ``what`` of the case or decoy.
    """
    cases: list[dict[str, Any]] = []
    judged: list[dict[str, Any]] = []
    kinds = sorted({*truth["kind"], *events["kind"]})
    for kind in kinds:
        true = truth.filter(pl.col("kind") == kind)
        real = true.filter(~pl.col("decoy") & ~pl.col("ordinary")).to_dicts()
        decoys = true.filter("decoy").to_dicts()
        usual = _by_vessel(true.filter("ordinary").to_dicts() + real)
        raised = events.filter(pl.col("kind") == kind).to_dicts()
        hit, left = _assign(real, raised)
        near, _ = _assign(decoys, [raised[k] for k in left])
        decoy = {left[e]: decoys[d]["what"] for d, e in near.items()}
        owner = {e: real[r]["what"] for r, e in hit.items()}
        cases += [
            row | {"found": r in hit, "rank": raised[hit[r]]["rank"] if r in hit else None}
            for r, row in enumerate(real)
        ]
        for e, event in enumerate(raised):
            outcome, what = "false", None
            if e in owner:
                outcome, what = "true", owner[e]
            elif e in decoy:
                outcome, what = "decoy", decoy[e]
            elif _covered(event, usual):
                outcome = "excused"
            judged.append(event | {"outcome": outcome, "what": what})
    schema = {"found": pl.Boolean, "rank": pl.Float64}
    return (
        pl.DataFrame(cases, schema=dict(truth.schema) | schema, orient="row"),
        pl.DataFrame(
            judged,
            schema=dict(events.schema) | {"outcome": pl.String, "what": pl.String},
            orient="row",
        ),
    )


def _vessels(row: dict[str, Any]) -> set[int]:
    """Return the MMSIs, or 0 for all those that have none."""
    return {n for n in (row["mmsi"], row["other_mmsi"]) if n} or {0}


def _by_vessel(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    named: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        for vessel in _vessels(row):
            named.setdefault(vessel, []).append(row)
    return named


def _seconds(a: datetime, b: datetime) -> float:
    return (b - a).total_seconds()


def closeness(row: dict[str, Any], event: dict[str, Any]) -> float:
    """Return how well an event fits a true row: 0 not at all, above that the better the more."""
    if not (_vessels(row) & _vessels(event)):
        return 0.0
    end = event["t1"] or event["t0"]
    both = min(_seconds(row["t0"], end), _seconds(event["t0"], row["t1"]))
    both = min(both, _seconds(row["t0"], row["t1"]), _seconds(event["t0"], end))
    whole = max(_seconds(row["t0"], end), _seconds(event["t0"], row["t1"]))
    whole = max(whole, _seconds(row["t0"], row["t1"]), _seconds(event["t0"], end))
    iou = max(both, 0.0) / whole if whole > 0 else 1.0
    within = 60.0 * _RULE["told_within_min"].get(row["kind"], _RULE["ends_within_min"])
    off = max(abs(_seconds(row["t0"], event["t0"])), abs(_seconds(row["t1"], end)))
    if not _there(row, event):
        return 0.0
    if iou < _RULE["least_iou"] and off > within:
        return 0.0
    return max(iou, 1e-3) + 1e-3 / (1.0 + off)


def _there(row: dict[str, Any], event: dict[str, Any]) -> bool:
    """Return whether a row is about the event's place: without an MMSI nothing else tells whose."""
    return _vessels(row) != {0} or _apart_m(row, event) <= _RULE["dark_within_m"]


def _apart_m(row: dict[str, Any], event: dict[str, Any]) -> float:
    north = (event["lat"] - row["lat"]) * 111_320.0
    east = (event["lon"] - row["lon"]) * 111_320.0 * np.cos(np.radians(row["lat"]))
    return float(np.hypot(north, east))


def _assign(
    rows: list[dict[str, Any]], events: list[dict[str, Any]]
) -> tuple[dict[int, int], list[int]]:
    """Return which event each row is matched with, as well as can be, and the events left over."""
    fits: dict[int, dict[int, float]] = {}
    named: dict[int, list[int]] = {}
    for e, event in enumerate(events):
        for vessel in _vessels(event):
            named.setdefault(vessel, []).append(e)
    for r, row in enumerate(rows):
        for e in sorted({e for vessel in _vessels(row) for e in named.get(vessel, ())}):
            fit = closeness(row, events[e])
            if fit > 0.0:
                fits.setdefault(r, {})[e] = fit
    if not fits:
        return {}, list(range(len(events)))
    some = sorted({e for found in fits.values() for e in found})
    place = {e: k for k, e in enumerate(some)}
    cost = np.zeros((len(fits), len(some)))
    order = sorted(fits)
    for k, r in enumerate(order):
        for e, fit in fits[r].items():
            cost[k, place[e]] = -1.0 - fit
    row, col = linear_sum_assignment(cost)
    hit = {
        order[k]: some[m]
        for k, m in zip(row.tolist(), col.tolist(), strict=True)
        if cost[k, m] < 0.0
    }
    taken = set(hit.values())
    return hit, [e for e in range(len(events)) if e not in taken]


def _covered(event: dict[str, Any], usual: dict[int, list[dict[str, Any]]]) -> bool:
    """Return whether what really happened covers enough of an event."""
    end = event["t1"] or event["t0"]
    whole = max(_seconds(event["t0"], end), 1.0)
    for vessel in _vessels(event):
        spans = sorted((r["t0"], r["t1"]) for r in usual.get(vessel, ()) if _there(r, event))
        covered, upto = 0.0, event["t0"]
        for t0, t1 in spans:
            begin, stop = max(t0, upto), min(t1, end)
            if stop >= begin:
                covered += max(_seconds(begin, stop), 0.0)
                upto = max(upto, stop)
                if whole <= 1.0:
                    return True
        if covered >= _RULE["excused_cover"] * whole:
            return True
    return False
