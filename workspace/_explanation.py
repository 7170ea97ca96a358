"""Why one segment scores as it does in one shift, in figures and in words."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import and_

from risk import bands
from risk.shifts import Shift
from risk.weights import PILLARS, WeightSet
from workspace import db, landing, store, tide
from workspace._duties import chiefs, dues
from workspace._scored import newest_runs, shift_of
from workspace._sentence import sentence
from workspace.folder import Workspace
from workspace.placing import segments
from workspace.weighting import weight_set_of


def explain(
    ws: Workspace, segment_id: str, shift_id: str, *, now: datetime | None = None
) -> dict[str, Any] | None:
    """Return all that the right-hand panel says; None where the pair has no score.

    Keys: segment_id, shoreline_id, shoreline_kind, from_m, to_m, section, sentence_zh,
    sentence_en, score, lo, hi, band, pillars, weights (set
    and version), base, contributions (largest first), tide, due,
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
    weights = weight_set_of(ws, run)
    parts = _contributions(score, weights)
    moment = now or datetime.now(UTC)
    said = sentence(ws, weights, score, shift, as_of=moment)
    day = min(moment, shift.t1).astimezone(ws.config.tz).date()
    shore = segments(ws, shift.t0.astimezone(ws.config.tz).date())
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
        "pillars": {name: score[name] for name in PILLARS},
        "weights": f"{weights.name} {weights.version}",
        "base": score["score"] - sum(part["points"] for part in parts),
        "contributions": parts,
        "tide": tide_of(ws, at, shift),
        "due": dues(ws, weights, at, day),
        "chiefs": chiefs(ws, section, day),
        "made": sorted(set(ws.config.made) | set(json.loads(place["made"] or "[]"))),
    }


def _contributions(score: dict[str, Any], weights: WeightSet) -> list[dict[str, Any]]:
    """Return the indicators' shares, largest first."""
    known = {one.id: one for one in weights.indicators}
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


def tide_of(ws: Workspace, row: int, shift: Shift) -> dict[str, Any] | None:
    """Return the tide of one segment (its row in the shore's order) in a shift.

    With the windows in which it can be landed on, what its seabed rests on (``basis``: survey,
    made or estimate) and how far off the tide may be (``error_m``, rms). None without a station;
    ``threshold_m``, ``windows`` and ``basis`` are None where the seabed is unknown.
    """
    here = landing.segment_tide(ws, row, shift.t0, shift.t1)
    if here is None or np.isnan(here.height_m).any():
        return None
    ids, weights, _, _ = tide.weights(ws)
    names = {one.station_id: one.name for one in tide.stations(ws)}
    windows = here.windows
    return {
        "times": [_iso(t) for t in here.times],
        "height_m": [round(float(h), 3) for h in here.height_m],
        "datum": "MSL",
        "threshold_m": None if here.threshold_m is None else round(here.threshold_m, 3),
        "windows": None
        if windows is None
        else [[f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in pair] for pair in windows],
        "basis": here.basis,
        "station": ", ".join(
            names[name] for name, share in zip(ids, weights[row], strict=True) if share > 0
        ),
        "error_m": here.error_m,
        "note": here.note,
        "caveat": ws.config.tide_note,
    }


def _iso(t: np.datetime64) -> str:
    return f"{np.datetime_as_string(t, unit='s')}Z"
