"""What a segment is called: its section, else its way along the shore; an island says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.desk import Desk

#: Kinds of shoreline that are named; the mainland goes without saying.
_NAMED = ("island", "inner")


def title(desk: Desk, row: Mapping[str, Any], section_id: str | None) -> str:
    """Return the name of the section; where none is drawn yet, the way along the shore."""
    return desk.section_name(section_id) if desk.sections else way(desk, row)


def detail(desk: Desk, row: Mapping[str, Any]) -> str:
    """Return the way along the shore; where that is the title, where on the globe it is."""
    if desk.sections:
        return way(desk, row)
    lon, lat = row.get("lon"), row.get("lat")
    if lon is None or lat is None:
        return ""
    return f"{abs(lat):.3f}°{'N' if lat >= 0 else 'S'} {abs(lon):.3f}°{'E' if lon >= 0 else 'W'}"


def way(desk: Desk, row: Mapping[str, Any]) -> str:
    """Return the kilometres along the shore, and of what shore where it is not the mainland."""
    return kind(desk, row) + desk.say("chainage", a=_km(row["from_m"]), b=_km(row["to_m"]))


def kind(desk: Desk, row: Mapping[str, Any]) -> str:
    """Return the word for an island or an inner shore, ready to stand before its kilometres."""
    name = row.get("shoreline_kind")
    return desk.say(f"shore_{name}") + " · " if name in _NAMED else ""


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f}"
