"""An event in words: what, who, when, and the evidence it rests on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from dashboards import times
from dashboards.desk import Desk
from dashboards.roles import sees_data
from dashboards.words import known, listed

if TYPE_CHECKING:
    import geopandas as gpd

#: Metres in a degree of latitude, near enough for "about 300 m off".
_METRES = 111_200.0

#: The way of a vessel during an event, simplified to some 10 m.
_PATH_DEG = 0.0001


def moment(value: datetime) -> datetime:
    """Return a time as an aware one, whatever kind of time the frame holds."""
    instant = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def places(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Return the one point at which each event is drawn."""
    if {"lon", "lat"} <= set(frame.columns):
        return np.asarray(shapely.points(frame["lon"], frame["lat"]))
    return np.asarray(shapely.centroid(frame.geometry.to_numpy()))


def paths(frame: gpd.GeoDataFrame) -> list[list[tuple[float, float]] | None]:
    """Return the way of each event as latitude and longitude, None where it is one place."""
    shapes = shapely.simplify(frame.geometry.to_numpy(), _PATH_DEG)
    return [
        [(round(y, 5), round(x, 5)) for x, y in shape.coords]
        if shape.geom_type == "LineString"
        else None
        for shape in shapes
    ]


def shore_gaps(desk: Desk, frame: gpd.GeoDataFrame, at: np.ndarray) -> list[float | None]:
    """Return how many metres each event lies off the segment it is nearest to, where known."""
    if "segment_id" not in frame:
        return [None] * len(frame)
    coast = desk.source.segments()
    lines = dict(zip(coast["segment_id"], coast.geometry, strict=True))
    return [
        _metres(point, lines.get(name)) for point, name in zip(at, frame["segment_id"], strict=True)
    ]


def _metres(point: shapely.Point, line: shapely.LineString | None) -> float | None:
    if line is None:
        return None
    shrink = np.cos(np.radians(point.y))
    flat = [shapely.transform(shape, lambda xy: xy * (shrink, 1.0)) for shape in (point, line)]
    return _METRES * float(shapely.distance(*flat))


def tell(
    desk: Desk, row: dict[str, Any], *, off_m: float | None, path: list[tuple[float, float]] | None
) -> dict[str, Any]:
    """Return one event as the map shows it."""
    t0, t1 = moment(row["t0"]), moment(row["t1"])
    start = times.when(t0, desk.tz, desk.today, desk.lang)
    span = start if t1 == t0 else f"{start}–{times.clock(t1, desk.tz)}"
    return {
        "label": known("kind", row["kind"], desk.lang),
        "sub": f"{desk.say('vessel', mmsi=row['mmsi'])} · {span}",
        "k": row["kind"],
        "facts": _facts(desk, _evidence(row.get("evidence")), t1 - t0, off_m),
        **vessel_of(desk, row),
        **({"path": path} if path else {}),
    }


def vessel_of(desk: Desk, row: dict[str, Any]) -> dict[str, int]:
    """Return whose doing it is, to those who may look the vessel up."""
    return {"mmsi": int(row["mmsi"])} if sees_data(desk.person) else {}


def _evidence(text: object) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _facts(
    desk: Desk, evidence: dict[str, Any], lasted: timedelta, off_m: float | None
) -> list[str]:
    facts: list[str] = []
    if evidence.get("state"):
        facts.append(known("state", evidence["state"], desk.lang))
    why = [known("why", name, desk.lang) for name in evidence.get("why") or []]
    if why:
        facts.append(listed(why, desk.lang))
    if lasted >= timedelta(minutes=1):
        facts.append(desk.say("lasted", span=_lasted(desk, lasted)))
    if evidence.get("mean_speed_kn") is not None and lasted:
        facts.append(desk.say("mean_speed", kn=f"{evidence['mean_speed_kn']:.1f}"))
    if evidence.get("reach_m") is not None:
        facts.append(desk.say("kept_within", m=_metres_told(evidence["reach_m"])))
    if evidence.get("min_shore_m") is not None:
        facts.append(desk.say("nearest_shore", m=_metres_told(evidence["min_shore_m"])))
    elif off_m is not None:
        facts.append(desk.say("off_shore", m=_metres_told(off_m)))
    return facts


def _lasted(desk: Desk, lasted: timedelta) -> str:
    minutes = round(lasted.total_seconds() / 60)
    if minutes < 60:
        return desk.say("minutes", m=minutes)
    return desk.say("hours_minutes", h=minutes // 60, m=minutes % 60)


def _metres_told(metres: float) -> str:
    """Return a distance in a human step: 30 m, 350 m, 2.4 km."""
    if metres >= 1000:
        return f"{metres / 1000:.1f} km"
    step = 50 if metres >= 200 else 10
    return f"{max(step, round(metres / step) * step)} m"
