"""The right panel with a wharf, a risk point or a facility in it, and what changed of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html

from dashboards import overview, times
from dashboards.desk import Desk
from dashboards.parts import panel_tools
from dashboards.source import Part
from dashboards.words import known

#: The columns told of each table, in this order, where the row has them.
_FIELDS = {
    "wharves": (
        "wharf_class", "category", "status", "owner_unit", "operator_unit", "berths",
        "cadence_days",
    ),
    "risk_points": ("kind", "grade_confirmed", "grade_derived", "cadence_days"),
    "facilities": (
        "kind", "status", "status_since", "line", "bar_type", "bar_setting", "clearance_m",
        "tamper", "online_rate", "height_m", "range_m", "heading_deg", "fov_deg", "live_link",
    ),
}  # fmt: skip

#: The key of each table.
_KEYS = {"wharves": "wharf_id", "risk_points": "risk_point_id", "facilities": "facility_id"}

#: Columns that hold a code, and the words that it is told by.
_CODES = {
    "wharf_class": "kind",
    "kind": "kind",
    "category": "category",
    "status": "status",
    "line": "line",
    "bar_type": "bar_type",
    "bar_setting": "bar_setting",
    "tamper": "tamper",
}


def told(desk: Desk, table: str, place: dict[str, Any] | None) -> list[Any]:
    """Return what is known of one place, None being one that is not there."""
    if place is None:
        empty = overview.empty(desk.say("place_unknown_title"), desk.say("place_unknown_mend"))
        return [panel_tools(desk), empty]
    kind = known("kind", place.get("wharf_class") or place.get("kind"), desk.lang)
    section = place.get("section_id")
    where = [desk.say(f"layer_{table}"), *([desk.section_name(section)] if section else [])]
    return [
        panel_tools(desk),
        html.H2(title(desk, table, place), **{"data-at": f"{place['lat']:.6f},{place['lon']:.6f}"}),
        html.P(" · ".join([*where, kind]), className="panel-place"),
        *([html.P(desk.say("made_one"), className="mark made")] if place.get("made") else []),
        _facts(desk, table, place),
        *_past(desk, place["history"]),
    ]


def title(desk: Desk, table: str, place: Mapping[str, Any]) -> str:
    """Return a place's name; where it has none, its kind and key."""
    kind = known("kind", place.get("wharf_class") or place.get("kind"), desk.lang)
    return desk.named(dict(place)) or f"{kind} {key_of(table, place)}"


def key_of(table: str, place: Mapping[str, Any]) -> str:
    """Return the key of a place in its table."""
    return str(place[_KEYS[table]])


def _facts(desk: Desk, table: str, place: dict[str, Any]) -> html.Dl:
    rows: list[tuple[str, Part]] = [
        (desk.say(f"field_{name}"), _value(desk, name, place[name]))
        for name in _FIELDS[table]
        if place.get(name) is not None
    ]
    at = f"{abs(place['lat']):.5f}°{_hand(place['lat'], 'NS')} "
    at += f"{abs(place['lon']):.5f}°{_hand(place['lon'], 'EW')}"
    rows.append((desk.say("field_place"), at))
    if place.get("offset_m") is not None:
        rows.append((desk.say("field_offset"), f"{place['offset_m']:.0f} m"))
    return html.Dl(
        [part for name, value in rows for part in (html.Dt(name), html.Dd(value))],
        className="facts",
    )


def _hand(degrees: float, hands: str) -> str:
    return hands[0] if degrees >= 0 else hands[1]


def _value(desk: Desk, name: str, value: object) -> Part:
    """Return one column's value as it is read: a word, a number with its unit, a link."""
    if name in _CODES:
        word = _word(desk, name, value)
        loud = (name, value) in {("tamper", "alarm"), ("status", "broken"), ("status", "missing")}
        return html.Strong(word, className="mark warn") if loud else word
    if name in {"grade_derived", "grade_confirmed"}:
        return desk.say("grade", n=value)
    if name == "live_link":
        return _link(desk, str(value))
    if name in _UNITS and isinstance(value, (int, float)):
        return _UNITS[name](desk, value)
    return str(value)


#: How a number is written, by its column.
_UNITS: dict[str, Callable[[Desk, float], str]] = {
    "lon": lambda _, deg: f"{deg:.5f}°",
    "lat": lambda _, deg: f"{deg:.5f}°",
    "online_rate": lambda _, share: f"{100 * share:.0f} %",
    "clearance_m": lambda _, m: f"{m:g} m",
    "height_m": lambda _, m: f"{m:g} m",
    "range_m": lambda _, m: f"{m:.0f} m",
    "heading_deg": lambda _, deg: f"{deg:.0f}°",
    "fov_deg": lambda _, deg: f"{deg:.0f}°",
    "cadence_days": lambda desk, n: desk.say("days", n=n),
}


def _link(desk: Desk, address: str) -> Part:
    """Return a link that a browser can open; any other address stands as text."""
    if not address.startswith(("http://", "https://")):
        return html.Code(address)
    return html.A(
        desk.say("live_open"),
        href=address,
        target="_blank",
        rel="noopener noreferrer",
        title=address,
    )


def _past(desk: Desk, past: Sequence[dict[str, Any]]) -> list[Part]:
    """Return what changed, folded, the latest first."""
    if not past:
        return [html.P(desk.say("past_none"), className="hint")]
    return [
        html.Details(
            [
                html.Summary(desk.say("past", n=len(past))),
                html.Ol([_change(desk, one) for one in past], className="past"),
            ],
            className="fold",
        )
    ]


def _change(desk: Desk, one: dict[str, Any]) -> html.Li:
    moment = datetime.fromisoformat(one["t"])
    said = [known("past", one["action"], desk.lang)]
    if one.get("user"):
        said.append(desk.say("past_by", user=one["user"]))
    if one.get("source"):
        said.append(desk.say("past_from", source=one["source"]))
    told = {
        name: [_shown(desk, name, value) for value in pair] for name, pair in one["changes"].items()
    }
    # What moved by less than the figures tell has not changed for a reader.
    rows = [
        html.Li([known("field", name, desk.lang), " ", html.Del(old), " → ", html.Ins(new)])
        for name, (old, new) in told.items()
        if old != new
    ]
    return html.Li(
        [
            html.Time(
                times.when(moment, desk.tz, desk.today, desk.lang),
                dateTime=one["t"],
                title=f"{moment:%Y-%m-%d %H:%M} UTC",
            ),
            html.Small(" · ".join(said)),
            *([html.Ul(rows)] if rows else []),
        ]
    )


def _shown(desk: Desk, name: str, value: object) -> str:
    """Return a value of the past in plain words."""
    if value is None:
        return desk.say("past_empty")
    if name in _CODES:
        return _word(desk, name, value)
    if name == "live_link":
        return str(value)
    return str(_value(desk, name, value))


def _word(desk: Desk, name: str, value: object) -> str:
    return known(_CODES[name], value, desk.lang)
