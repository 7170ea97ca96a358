"""A view lives in its address: copy it, send it, get the same view."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs

from dashboards.words import LANGS, Lang

LAYERS = (
    "sections",
    "zones",
    "patrols",
    "forecast",
    "wharves",
    "risk_points",
    "facilities",
    "viewsheds",
    "incidents",
    "behaviours",
    "stops",
    "berth_visits",
    "tracks",
)

DEFAULT_LAYERS = ("sections", "zones", "wharves", "behaviours")


#: The kinds of behaviour that may be suspicious, those that lead to the shore first.
KINDS = (
    "chain", "dash", "shore_approach", "rendezvous", "dark_target", "gap", "spoofing", "identity",
    "loitering", "drift", "speed_anomaly", "course_anomaly",
)  # fmt: skip

#: From which rank on behaviours are shown, as an address writes it, and without a word.
LEASTS = ("0", "0.2", "0.5", "0.8")
DEFAULT_LEAST = "0.2"

#: The pages that an address can name; without a name it is the map's.
PAGES = ("day", "boundaries", "changes", "data")

#: How an address names the rows whose day is not known.
UNDATED = "none"

#: Tables whose rows are places, as an address names them: wharves/W001.
PLACES = ("wharves", "risk_points", "facilities")

#: What can be selected beside a segment: a place, or what a vessel did (events/ID).
THINGS = (*PLACES, "events")


@dataclass(frozen=True)
class View:
    """What an address asks for; None where it says nothing."""

    segment: str | None = None
    shift: str | None = None
    layers: tuple[str, ...] | None = None
    centre: tuple[float, float, float] | None = None
    lang: Lang | None = None
    theme: str | None = None
    mine: bool | None = None
    page: str | None = None
    place: tuple[str, str] | None = None
    coast: int | None = None
    stretch: int | None = None
    feed: str | None = None
    day: str | None = None
    mmsi: int | None = None
    kinds: tuple[str, ...] | None = None
    least: str | None = None
    section: str | None = None
    draft: str | None = None


def parse(search: str | None) -> View:
    """Read a view from an address's query; what cannot be read counts as not said."""
    query = {
        name: values[-1]
        for name, values in parse_qs((search or "").lstrip("?"), keep_blank_values=True).items()
    }
    layers = None
    if "layers" in query:
        wanted = query["layers"].split(",")
        layers = tuple(name for name in LAYERS if name in wanted)
    kinds = None
    if "kinds" in query:
        named = query["kinds"].split(",")
        kinds = tuple(name for name in KINDS if name in named)
    lang = query.get("lang")
    theme = query.get("theme")
    mine = query.get("mine")
    page = query.get("page")
    return View(
        segment=query.get("segment"),
        shift=_shift(query.get("shift")),
        layers=layers,
        centre=_centre(query.get("view")),
        lang=lang if lang in LANGS else None,  # type: ignore[arg-type]
        theme=theme if theme in {"light", "dark"} else None,
        mine=mine == "1" if mine in {"0", "1"} else None,
        page=page if page in PAGES else None,
        place=place_of(query.get("place")),
        coast=_number(query.get("coast")),
        stretch=_number(query.get("stretch")),
        feed=query.get("source") or None,
        day=_day(query.get("day")),
        mmsi=_number(query.get("mmsi")),
        kinds=kinds,
        section=query.get("section") or None,
        draft=query.get("draft") or None,
        least=query["least"] if query.get("least") in LEASTS else None,
    )


def place_of(text: str | None) -> tuple[str, str] | None:
    """Return the table and key of a place written as table/key."""
    table, _, key = (text or "").partition("/")
    return (table, key) if table in THINGS and key else None


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _day(text: str | None) -> str | None:
    """Return a date as an address writes it, or the word for an unknown one."""
    if text == UNDATED:
        return text
    if not text or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _shift(text: str | None) -> str | None:
    if not text or not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", text):
        return None
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return None
    return text


def _centre(text: str | None) -> tuple[float, float, float] | None:
    try:
        lat, lon, zoom = (float(part) for part in (text or "").split(","))
    except ValueError:
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180 and 0 <= zoom <= 22):
        return None
    return lat, lon, zoom
