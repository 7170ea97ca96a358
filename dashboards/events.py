"""An event in words: what, who, when, why it ranks so, and what later data changed of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from dash import html

from ais import words
from dashboards import times
from dashboards.desk import Desk
from dashboards.words import WORDS, known, listed

if TYPE_CHECKING:
    import geopandas as gpd

#: Metres in a degree of latitude, near enough for "about 300 m off".
_METRES = 111_200.0

#: The way of a vessel during an event, simplified to some 10 m.
_PATH_DEG = 0.0001

#: From this rank on an event is drawn larger.
HIGH = 0.5

Row = Mapping[str, Any]


def moment(value: datetime) -> datetime:
    """Return a time as an aware one, whatever kind of time the frame holds."""
    instant = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def rows_of(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows with None for what is missing; a number of a vessel is whole."""
    return [clean(row) for row in frame.drop(columns="geometry").to_dict("records")]


def clean(row: Row) -> dict[str, Any]:
    """Return a row with None for what is missing; a number of a vessel is whole."""
    held = {name: None if value is None or value != value else value for name, value in row.items()}
    for name in ("mmsi", "other_mmsi", "version"):
        if held.get(name) is not None:
            held[name] = int(held[name])
    return held


def places(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Return the one point at which each event is drawn."""
    if {"lon", "lat"} <= set(frame.columns):
        return np.asarray(shapely.points(frame["lon"], frame["lat"]))
    return np.asarray(shapely.centroid(frame.geometry.to_numpy()))


def path(shape: shapely.Geometry | None) -> list[tuple[float, float]] | None:
    """Return the way of an event as latitude and longitude, None where it is one place."""
    if shape is None or shape.geom_type != "LineString":
        return None
    line = shapely.simplify(shape, _PATH_DEG)
    return [(round(y, 5), round(x, 5)) for x, y in line.coords]


def tell(desk: Desk, row: Row) -> dict[str, Any]:
    """Return one event as the map shows it; ``row`` is clean."""
    rank = row.get("rank")
    return {
        "e": 1,
        "label": kind(desk, row),
        "sub": f"{who(desk, row)} · {when(desk, row)}",
        "k": row["kind"],
        "p": f"events/{row['event_id']}",
        "said": said(desk, row)[0],
        "rank": None if rank is None else round(rank, 3),
        "version": row.get("version") or 1,
        **({"high": 1} if (rank or 0.0) >= HIGH else {}),
        **vessel_of(desk, row),
    }


def kind(desk: Desk, row: Row) -> str:
    """Return the name of an event's kind."""
    return words.kind(row["kind"], desk.lang)


def who(desk: Desk, row: Row) -> str:
    """Return the vessels of an event, or that its target told none."""
    found = [
        desk.say("vessel", mmsi=row[name])
        for name in ("mmsi", "other_mmsi")
        if row.get(name) is not None
    ]
    return listed(found, desk.lang) if found else desk.say("event_no_identity")


def when(desk: Desk, row: Row) -> str:
    """Return when an event was, in local time, with the dates that are not today."""
    t0, t1 = moment(row["t0"]), moment(row["t1"] or row["t0"])
    start = times.when(t0, desk.tz, desk.today, desk.lang)
    if t1 == t0:
        return start
    same = t0.astimezone(desk.tz).date() == t1.astimezone(desk.tz).date()
    end = times.clock(t1, desk.tz) if same else times.when(t1, desk.tz, desk.today, desk.lang)
    return f"{start}–{end}"


def utc(row: Row) -> str:
    """Return when an event was in UTC, as it is told on hover."""
    t0, t1 = moment(row["t0"]), moment(row["t1"] or row["t0"])
    return f"{t0:%Y-%m-%d %H:%M:%S} – {t1:%Y-%m-%d %H:%M:%S} UTC"


def vessel_of(desk: Desk, row: Row) -> dict[str, int]:
    """Return whose doing it is, to those who may look the vessel up."""
    names = ("mmsi", "other_mmsi") if desk.may("see_vessels") else ()
    return {name: int(row[name]) for name in names if row.get(name) is not None}


def said(desk: Desk, row: Row) -> tuple[str, str]:
    """Return the sentence that is kept with an event, and why it ranks as it does."""
    text = row.get(f"said_{desk.lang}") or words.tell(row, desk.lang, tz=desk.tz)
    why = words.why(row["parts"], desk.lang) if row.get("parts") else ""
    return text.removesuffix(why).strip(), why


def sign(row: Row) -> html.Span:
    """Return the sign of an event's kind, as it stands on the map."""
    return html.Span(className=f"sign sign-ev sign-{row['kind']}", **{"aria-hidden": "true"})


def rank_bar(desk: Desk, row: Row) -> html.Span:
    """Return an event's rank as a small bar with its figure."""
    rank = row.get("rank")
    if rank is None:
        return html.Span("–", className="rank", title=desk.say("event_rank_none"))
    told = f"{rank:.2f}"
    return html.Span(
        [html.I(html.I(style={"width": f"{100 * rank:.0f}%"})), told],
        className="rank",
        title=" ".join([desk.say("event_rank"), desk.say("event_rank_of", rank=told)]),
    )


def version(desk: Desk, row: Row) -> str:
    """Return which version of an event this is, and what the last revision changed."""
    number = row.get("version") or 1
    if row.get("revised") is None:
        first = number == 1
        return desk.say("event_version_first") if first else desk.say("event_version", n=number)
    what = _changes(desk, _object(row.get("changes")))
    day = moment(row["revised"]).astimezone(desk.tz)
    return desk.say("event_revised", n=number, t=f"{day:%m-%d %H:%M}", what=what)


def _changes(desk: Desk, changes: Mapping[str, Any]) -> str:
    named = [name for name in changes if f"changed_{name}" in WORDS]
    told = [
        f"{known('changed', name, desk.lang)} {_value(desk, name, old)} → {_value(desk, name, new)}"
        for name, (old, new) in ((name, changes[name]) for name in named)
    ]
    rest = len(changes) - len(named)
    if rest or not told:
        told.append(desk.say("event_revised_more", n=rest))
    return ("；" if desk.lang == "zh" else "; ").join(told)


def _value(desk: Desk, name: str, value: object) -> str:
    """Return a figure of the evidence as it is read: its unit is the end of its name."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return desk.say("yes" if value else "no")
    if name in {"t0", "t1"}:
        at = moment(datetime.fromisoformat(str(value)))
        return times.when(at, desk.tz, desk.today, desk.lang)
    if not isinstance(value, (int, float)):
        return str(value)
    if name in {"lon", "lat"}:
        return f"{value:.4f}°"
    for end, unit in (("_kn", " kn"), ("_min", " min"), ("_m", " m")):
        if name.endswith(end):
            return f"{value:.0f}{unit}" if end != "_kn" else f"{value:.1f}{unit}"
    return f"{value:g}"


def evidence(row: Row) -> dict[str, Any]:
    """Return an event's evidence, empty where it cannot be read."""
    return _object(row.get("evidence"))


def _object(text: object) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def off_shore(desk: Desk, row: Row) -> float | None:
    """Return how many metres an event lies off the segment it is nearest to, where known."""
    coast = desk.source.segments()
    near = coast[coast["segment_id"] == row.get("segment_id")]
    if not len(near) or row.get("lon") is None:
        return None
    shrink = np.cos(np.radians(row["lat"]))
    flat = [
        shapely.transform(shape, lambda xy: xy * (shrink, 1.0))
        for shape in (shapely.Point(row["lon"], row["lat"]), near.geometry.iloc[0])
    ]
    return _METRES * float(shapely.distance(*flat))


def metres(distance: float) -> str:
    """Return a distance in a human step: 30 m, 350 m, 2.4 km."""
    if distance >= 1000:
        return f"{distance / 1000:.1f} km"
    step = 50 if distance >= 200 else 10
    return f"{max(step, round(distance / step) * step)} m"
