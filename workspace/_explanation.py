"""Why one segment scores as it does in one shift, in figures and in words."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import and_

from risk import bands, weights
from risk.shifts import Shift
from workspace import db, store, tide
from workspace._duties import chiefs, dues
from workspace._scored import newest_runs, shift_of
from workspace._sentence import sentence
from workspace.evidence import landable_windows
from workspace.folder import Workspace
from workspace.placing import segments
from workspace.weighting import weight_set


def explain(
    ws: Workspace, segment_id: str, shift_id: str, *, now: datetime | None = None
) -> dict[str, Any] | None:
    """Return all that the right-hand panel says; None where the pair has no score.

    Keys: segment_id, shoreline_id, shoreline_kind, from_m, to_m, section, sentence_zh,
    sentence_en, score, lo, hi, band, pillars, base, contributions (largest first), tide, due,
    chiefs, made. Times are ISO 8601 in UTC, heights metres above mean sea level.
    """
    shift = shift_of(ws, shift_id)
    run = None if shift is None else newest_runs(ws).get(shift.t0)
    if shift is None or run is None:
        return None
    table = db.scores.c
    found = store.read(
        ws.engine,
        "scores",
        where=and_(
            table.run_id == run, table.shift_start == shift.t0, table.segment_id == segment_id
        ),
    )
    segment = store.read(ws.engine, "segments", where=db.segments.c.segment_id == segment_id)
    if found.is_empty() or segment.is_empty():
        return None
    score, place = found.row(0, named=True), segment.row(0, named=True)
    parts, set_in_force = _contributions(score), weight_set()
    moment = now or datetime.now(UTC)
    said = sentence(ws, set_in_force, score, shift, as_of=moment)
    day = min(moment, shift.t1).astimezone(ws.config.tz).date()
    shore = segments(ws)
    at = int(np.flatnonzero((shore["segment_id"] == segment_id).to_numpy())[0])
    section = shore["section_id"].iloc[at]
    section = section if isinstance(section, str) else None
    return {
        **{name: place[name] for name in ("segment_id", "shoreline_id", "from_m", "to_m")},
        "shift_id": shift.shift_id,
        "section": section,
        "shoreline_kind": shore["shoreline_kind"].iloc[at],
        "sentence_zh": said.sentence_zh,
        "sentence_en": said.sentence_en,
        **{name: score[name] for name in ("score", "lo", "hi")},
        "band": bands.band(score["score"]).index,
        "pillars": {name: score[name] for name in weights.PILLARS},
        "base": score["score"] - sum(part["points"] for part in parts),
        "contributions": parts,
        "tide": tide_of(ws, place["landing_seabed_m"], shift),
        "due": dues(ws, set_in_force, at, day),
        "chiefs": chiefs(ws, section, day),
        "made": sorted(set(ws.config.made) | set(json.loads(place["made"] or "[]"))),
    }


def _contributions(score: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the indicators' shares, largest first."""
    known = {one.id: one for one in weight_set().indicators}
    missing = set(json.loads(score["missing"] or "[]"))
    parts = []
    for name, (points, value, raw) in json.loads(score["contributions"]).items():
        one = known.get(name)
        parts.append(
            {
                "id": name,
                "label_zh": one.label_zh if one else name,
                "label_en": one.label_en if one else name,
                "pillar": one.pillar if one else None,
                "unit": one.unit if one else "",
                "unit_zh": one.unit_zh if one else "",
                "raw": raw,
                "value": value,
                "points": points,
                "missing": name in missing,
            }
        )
    return sorted(parts, key=lambda part: -part["points"])


def tide_of(ws: Workspace, seabed_m: float | None, shift: Shift) -> dict[str, Any] | None:
    """Return the tide of a shift with the windows in which a segment can be landed on.

    None without a station; ``threshold_m`` and ``windows`` are None where the depth is unknown.
    """
    station, curve = tide.station(ws), tide.shift_curve(ws, shift.t0, shift.t1)
    if station is None or curve is None:
        return None
    times, heights = curve
    spans = landable_windows(ws, seabed_m, shift)
    clearance_m = ws.config.draught_m + ws.config.margin_m
    windows = (
        None if spans is None else [[f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in pair] for pair in spans]
    )
    return {
        "times": [_iso(t) for t in times],
        "height_m": [round(float(h), 3) for h in heights],
        "datum": "MSL",
        "threshold_m": None if seabed_m is None else seabed_m + clearance_m,
        "windows": windows,
        "station": station.name,
        "note": ws.config.tide_note or station.note,
    }


def _iso(t: np.datetime64) -> str:
    return f"{np.datetime_as_string(t, unit='s')}Z"
