"""What the offline map draws and says: each layer as GeoJSON with its words in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import shapely

from ais import words
from dashboards import times
from dashboards.address import KINDS
from dashboards.words import LANGS, WORDS, half, known

#: A text in Chinese and in English.
Pair = list[str]
Row = dict[str, Any]

#: About a metre, and about twenty: finer than what is drawn.
_DECIMALS = 5
_LAND_DEG = 0.0002
_PATH_DEG = 0.0001

#: Hours of behaviours shown, up to the end of what was chosen; from which rank on, the most of
#: them, and the most segments of a reach.
BEHAVIOUR_HOURS = 72
LEAST_RANK = 0.2
MOST_EVENTS = 600
MOST_REACHED = 60

#: Behaviours are a layer for each kind, named so.
KIND = "events_"

FOLDER = Path(__file__).parent / "offline"


@cache
def _own_words() -> dict[str, Pair]:
    return json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))


def both(key: str, **fields: object) -> Pair:
    """Return one text in both languages, its fields filled in (each a text or a pair)."""
    pair = _own_words().get(key) or list(WORDS[key])
    return [
        text.format(**{name: x[i] if isinstance(x, list) else x for name, x in fields.items()})
        for i, text in enumerate(pair)
    ]


def code(prefix: str, value: object) -> Pair:
    """Return the words for a code; one without words as it stands."""
    own = _own_words().get(f"{prefix}_{value}")
    return own or [known(prefix, value, lang) for lang in LANGS]


def _line(*parts: Pair | str | None) -> Pair:
    """Return parts in one line of each language."""
    pairs = [[part, part] if isinstance(part, str) else part for part in parts if part]
    return [" · ".join(pair[i] for pair in pairs) for i in range(2)]


def _named(row: Row) -> Pair | None:
    """Return a row's names, either for a language without one; None where it has none."""
    zh, en = row.get("name"), row.get("name_en")
    return [zh or en, en or zh] if zh or en else None


def _opt(key: str, value: object) -> Pair | None:
    """Return a line that says a value, None where it is missing."""
    return None if value is None or value == "" else both(key, x=value)


def _lines(*lines: Pair | None) -> list[Pair]:
    return [line for line in lines if line and any(line)]


def collection(shapes: Iterable[Any], about: Iterable[Row]) -> dict[str, Any]:
    """Return a GeoJSON feature collection, rounded to a metre."""
    rounded = shapely.transform(
        np.asarray(list(shapes), dtype=object), lambda xy: np.round(xy, _DECIMALS)
    )
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(shape)}
            for shape, row in zip(rounded, about, strict=True)
        ],
    }


def shapes_of(frame: pl.DataFrame) -> np.ndarray:
    """Return a frame's shapes."""
    return np.asarray(shapely.from_wkb(np.array(frame["geometry"].to_list(), dtype=object)))


def land(frame: pl.DataFrame) -> dict[str, Any]:
    """Return the land under everything, simplified to some 20 m, without what that makes empty."""
    shapes = shapely.simplify(shapes_of(frame), _LAND_DEG, preserve_topology=True)
    shapes = shapes[~shapely.is_empty(shapes)]
    return collection(shapes, ({"k": "land"} for _ in shapes))


def segments(frame: pl.DataFrame) -> dict[str, Any]:
    """Return the segments: section and chainage; the scores of a shift come by row."""
    about = (
        {
            "i": i,
            **({"s": row["section_id"]} if row["section_id"] else {}),
            "a": round(row["from_m"] / 1000, 1),
            "b": round(row["to_m"] / 1000, 1),
            **({"t": row["shoreline_kind"]} if row["shoreline_kind"] != "mainland" else {}),
            **({"e": 1} if row["landing_basis"] == "estimate" else {}),
        }
        for i, row in enumerate(frame.drop("geometry").iter_rows(named=True))
    )
    return collection(shapes_of(frame), about)


def things(name: str, frame: pl.DataFrame, *, tz: ZoneInfo) -> dict[str, Any]:
    """Return one layer of things, each with a title and the lines that tell of it."""
    tell = _event if name.startswith(KIND) else _TELL[name]
    kept = frame.filter(pl.col("geometry").is_not_null())
    rows = [
        {**tell(row, tz), **({"m": 1} if row.get("made") is True else {})}
        for row in kept.drop("geometry").iter_rows(named=True)
    ]
    return collection(shapes_of(kept), rows)


def _section(row: Row, _tz: ZoneInfo) -> Row:
    return {
        "k": "section",
        "t": _named(row) or [row["section_id"]] * 2,
        "n": 1,
        "odd": row["number"] % 2,
    }


def _zone(row: Row, _tz: ZoneInfo) -> Row:
    return {
        "k": "zone",
        "t": both("zone", rank=row["rank"]),
        "d": _lines(_line(f"{row['km']:.1f} km"), [row["reason_zh"], row["reason_en"]]),
        "n": 1,
        "r": row["rank"],
        "s": row["shift_number"],
    }


def _wharf(row: Row, _tz: ZoneInfo) -> Row:
    kind = code("category", row["category"]) if row["category"] else None
    return {
        "k": "wharf",
        "t": _named(row) or [row["wharf_id"]] * 2,
        "d": _lines(
            _line(
                both("layer_wharves"),
                kind or (code("kind", row["wharf_class"]) if row["wharf_class"] else None),
                code("status", row["status"]) if row["status"] else None,
            ),
            _opt("owner", _halves(row["owner_unit"])),
            _opt("operator", _halves(row["operator_unit"])),
            _opt("berths", row["berths"]),
        ),
    }


def _halves(text: str | None) -> Pair | None:
    return [half(text, lang) for lang in LANGS] if text else None


def _risk_point(row: Row, _tz: ZoneInfo) -> Row:
    grade = row["grade_confirmed"] or row["grade_derived"]
    told = both("grade", n=grade) if grade else None
    return {
        "k": "risk",
        "g": grade or 1,
        "t": _named(row) or [row["risk_point_id"]] * 2,
        "d": _lines(_line(both("layer_risk_points"), code("kind", row["kind"]), told)),
    }


def _facility(row: Row, _tz: ZoneInfo) -> Row:
    kind = code("kind", row["kind"])
    rate = row["online_rate"]
    clearance = row["clearance_m"]
    return {
        "k": "facility" if row["status"] == "working" else "facility bad",
        "t": _named(row) or kind,
        "d": _lines(
            _line(
                kind,
                code("status", row["status"]) if row["status"] else None,
                _opt("since", row["status_since"] and row["status_since"].isoformat()),
            ),
            _line(
                code("line", row["line"]) if row["line"] else None,
                code("bar_type", row["bar_type"]) if row["bar_type"] else None,
                code("bar_setting", row["bar_setting"]) if row["bar_setting"] else None,
                _opt("clearance", None if clearance is None else f"{clearance:g}"),
            ),
            code("tamper", "alarm") if row["tamper"] == "alarm" else None,
            _opt("online", None if rate is None else f"{100 * rate:.0f}"),
        ),
    }


def _viewshed(row: Row, _tz: ZoneInfo) -> Row:
    return {
        "k": "viewshed",
        "t": _named(row) or code("kind", "camera"),
        "d": _lines(
            _line(both("viewsheds"), code("status", row["status"]) if row["status"] else None),
            _opt("range", _metres(row["range_m"])),
        ),
    }


def _incident(row: Row, tz: ZoneInfo) -> Row:
    return {
        "k": "incident",
        "t": code("incident", row["kind"]),
        "d": _lines(
            _line(both("layer_incidents"), code("source", row["source"])), _when(row["t0"], tz)
        ),
    }


def _event(row: Row, tz: ZoneInfo) -> Row:
    rank = row["rank"]
    said = [row[f"said_{lang}"] or words.tell(row, lang, tz=tz) for lang in LANGS]
    numbers = [row[name] for name in ("mmsi", "other_mmsi") if row[name] is not None]
    who = [both("vessel", mmsi=mmsi) for mmsi in numbers] or [both("event_no_identity")]
    return {
        "k": f"ev sign-{row['kind']}",
        "t": kind_name(row["kind"]),
        "d": _lines(
            _line(*who, row["vessel_name"]),
            _when(row["t0"], tz, row["t1"]),
            said,
            None if rank is None else _line(both("event_rank"), f"{rank:.2f}"),
            both("event_version", n=row["version"]) if (row["version"] or 1) > 1 else None,
            *_reach_lines(row),
        ),
        **({"path": json.loads(row["path"])} if row["path"] else {}),
        **({"reach": json.loads(row["reach"])} if row["reach"] else {}),
    }


def kind_name(kind: str) -> Pair:
    """Return the name of a kind of event."""
    return [words.kind(kind, lang) for lang in LANGS]


def _reach_lines(row: Row) -> list[Pair]:
    """Return how likely a silent vessel was at no segment."""
    if row["none"] is None:
        return []
    none = both("reach_none", share=f"{100 * row['none']:.0f} %")
    return [_line(both("reach"), none)]


def _when(t0: datetime, tz: ZoneInfo, t1: datetime | None = None) -> Pair:
    end = f"–{times.clock(t1, tz)}" if t1 and t1 != t0 else ""
    return [f"{text}{end}" for text in moment(t0, tz)]


def moment(t: datetime, tz: ZoneInfo) -> Pair:
    """Return a local time with its date and year: the file may be opened on any day."""
    day = t.astimezone(tz).date()
    named = both("dated", y=day.year, d=[times.day_name(day, lang) for lang in LANGS])
    return [f"{text} {times.clock(t, tz)}" for text in named]


def _metres(metres: float | None) -> str | None:
    """Return a distance in a human step: 30 m, 350 m, 2.4 km."""
    if metres is None:
        return None
    if metres >= 1000:
        return f"{metres / 1000:.1f} km"
    step = 50 if metres >= 200 else 10
    return f"{max(step, round(metres / step) * step)} m"


def _lineage(row: Row, _tz: ZoneInfo) -> Row:
    ids = " → ".join(row[name] or "–" for name in ("old_segment_id", "new_segment_id"))
    lengths = " → ".join(
        "–" if row[name] is None else f"{row[name]:.0f} m" for name in ("old_m", "new_m")
    )
    return {
        "k": "lineage",
        "c": row["change"],
        "t": code("change", row["change"]),
        "d": _lines(_line(ids), _line(lengths)),
    }


def _settlement(row: Row, _tz: ZoneInfo) -> Row:
    return {"k": "settlement", "t": _named(row) or ["", ""], "n": 1, "r": 50}


def _road(row: Row, _tz: ZoneInfo) -> Row:
    return {"k": "road", **({"t": [row["name"]] * 2, "d": []} if row["name"] else {})}


_TELL: dict[str, Callable[[Row, ZoneInfo], Row]] = {
    "roads": _road,
    "viewsheds": _viewshed,
    "sections": _section,
    "zones": _zone,
    "lineage": _lineage,
    "settlements": _settlement,
    "facilities": _facility,
    "risk_points": _risk_point,
    "wharves": _wharf,
    "incidents": _incident,
    "events": _event,
}

#: The layers in the order in which they are drawn, the last on top.
LAYERS = tuple(_TELL)
#: Of these, those under the segments, and those shown before anything is chosen.
UNDER = ("roads", "viewsheds", "sections", "zones", "lineage")
_SIGNS = {
    "facilities": "facility",
    "risk_points": "risk grade-3",
    "wharves": "wharf",
    "incidents": "incident",
}
AT_FIRST = ("sections", "zones", "settlements", "risk_points", "wharves")


def title(name: str) -> Pair:
    """Return a layer's name."""
    if name.startswith(KIND):
        return kind_name(name.removeprefix(KIND))
    own = {"events": "behaviours", "segments": "risk"}.get(name, name)
    return both(own) if own in _own_words() else both(f"layer_{name}")


def sign(name: str) -> str:
    """Return the sign that a layer of points stands under, as markup for its name."""
    kind = _SIGNS.get(name)
    if name.startswith(KIND):
        kind = f"ev sign-{name.removeprefix(KIND)}"
    return f'<i class="sign sign-{kind}"></i>' if kind else ""


def by_kind(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the layers with behaviours as one for each kind that there is, its signs on top."""
    rest = {name: frame for name, frame in frames.items() if name != "events"}
    found = frames.get("events")
    kinds = [] if found is None else [k for k in KINDS if (found["kind"] == k).any()]
    return rest | {
        f"{KIND}{kind}": found.filter(pl.col("kind") == kind) for kind in kinds if found is not None
    }


def reached(frame: pl.DataFrame, reach: pl.DataFrame, shore: pl.DataFrame) -> pl.DataFrame:
    """Return events with the segments that were within reach of a silent vessel, where known.

    Columns ``none`` (how likely it was at none) and ``reach`` (JSON: the likeliest segments by row
    of ``shore``, each with its probability, earliest arrival in UTC ms and landable minutes).
    """
    at = shore.select("segment_id").with_row_index("at")
    rows = (
        reach.join(at, on="segment_id", how="inner")
        .sort("probability", "at", descending=[True, False])
        .group_by("event_id", maintain_order=True)
        .head(MOST_REACHED)
    )
    told = [
        (
            one["event_id"][0],
            json.dumps(
                [
                    [i, round(p, 4), t and round(t.timestamp() * 1000), m and round(m)]
                    for i, p, t, m in one.select(
                        "at", "probability", "earliest", "landable_min"
                    ).iter_rows()
                ]
            ),
        )
        for one in rows.partition_by("event_id", maintain_order=True)
    ]
    table = pl.DataFrame(told, schema={"event_id": pl.String, "reach": pl.String}, orient="row")
    none = reach.filter(pl.col("segment_id") == "none").select("event_id", none="probability")
    joined = frame.join(table, on="event_id", how="left", maintain_order="left")
    return joined.join(none, on="event_id", how="left", maintain_order="left")


def paths(frame: pl.DataFrame, ways: pl.DataFrame) -> pl.DataFrame:
    """Return events with the way of the vessel as latitude and longitude, where there is one."""
    lines = shapely.simplify(shapes_of(ways), _PATH_DEG)
    told = [
        json.dumps([(round(y, _DECIMALS), round(x, _DECIMALS)) for x, y in line.coords])
        for line in lines
    ]
    table = pl.DataFrame({"event_id": ways["event_id"], "path": pl.Series(told, dtype=pl.String)})
    return frame.join(table, on="event_id", how="left", maintain_order="left")
