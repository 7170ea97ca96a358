"""The map as one HTML file that opens without internet, from a memory stick too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import folium
import numpy as np
import polars as pl
import shapely
from branca.element import Element, MacroElement
from folium.template import Template
from folium.utilities import JsCode

from dashboards import _offline_layers as layers
from dashboards import times, tokens
from dashboards._offline_layers import both
from dashboards._offline_page import chrome, head, spans
from dashboards.address import KINDS
from dashboards.words import LANGS, half
from geo.errors import InputError
from risk.bands import BANDS
from workspace import export, read
from workspace.export import Choice, Exported, Selection
from workspace.folder import Workspace

#: Around what was chosen: the land that is drawn, in degrees.
_AROUND_DEG = 0.15

#: Nothing may be fetched, whatever stands in the data.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

_CHANGES = {
    "kept": "quiet",
    "moved": "tide",
    "split": "made",
    "merged": "made",
    "gone": "threat",
    "new": "guard",
}


class _Map(folium.Map):
    """A map of folium's that names no script or style of another server."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own shape
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


class _Plain(Element):
    """Markup and data that stand as they are.

    Branca takes a text for a template, and folium renders a layer's data twice: a vessel that
    calls itself {{ … }} would be run on the machine that exports. All data goes this way.
    """

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Start(MacroElement):
    """What fills the layers and sets the page going, once everything else is there."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "shoregrid.start({{ this.drawn }}, { {{ this.layers }} });"
        "{% endmacro %}"
    )

    def __init__(self, drawn: folium.Map, parts: Mapping[str, folium.GeoJson]) -> None:
        super().__init__()
        self.drawn = drawn.get_name()
        self.layers = ", ".join(f"{name}: {layer.get_name()}" for name, layer in parts.items())


def write_map(
    ws: Workspace, out: Path, selection: Selection | None = None, *, now: datetime | None = None
) -> Exported:
    """Write a selection as one HTML file with everything in it: scripts, styles, land, scores.

    With no shift chosen the file holds every scored shift of the day (else of the day on duty),
    and a choice among them. Words are in Chinese and in English, Chinese first.

    Parameters
    ----------
    out : Path
        Ends with .html.
    selection : layers of ``dashboards._offline_layers.LAYERS``; none named means all.
    now : the clock, for the shift on duty and for the mark of when it was exported.

    Raises
    ------
    InputError
        When nothing of that name is there, when there is no coast, or for another ending.
    """
    begun, moment = time.perf_counter(), now or datetime.now(UTC)
    wanted = selection or Selection()
    _check(out, wanted)
    choice = _choice(ws, wanted, moment)
    shore = export.layer(ws, "segments", choice)
    if shore.is_empty():
        raise InputError(
            "there is no coast to draw",
            where=str(ws.root),
            mend="Choose more, or import a coast first: shoregrid import WS coast FILE.",
        )
    chosen = [name for name in layers.LAYERS if not wanted.layers or name in wanted.layers]
    frames = {name: _layer(ws, name, choice, shore) for name in chosen}
    frames = {name: frame for name, frame in frames.items() if frame.height}
    read_s = time.perf_counter() - begun
    drawn = _draw(ws, choice, shore, layers.by_kind(frames), now=moment)
    text = drawn.get_root().render()
    temporary = out.with_name(f".{out.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    counts = {"segments": shore.height, **{name: frame.height for name, frame in frames.items()}}
    counts |= {"shifts": len(choice.shifts), "bytes": out.stat().st_size}
    seconds = {"read": read_s, "draw": time.perf_counter() - begun - read_s}
    return Exported(counts, seconds, [])


def _check(out: Path, wanted: Selection) -> None:
    if out.suffix.lower() != ".html":
        raise InputError(
            f"a map is written as HTML, and the ending is {out.suffix!r}",
            where=str(out),
            mend="End the name with .html.",
        )
    if not out.parent.is_dir():
        raise InputError(
            f"there is no folder {out.parent}", where=str(out), mend="Make it, or name another."
        )
    strangers = [name for name in wanted.layers if name not in layers.LAYERS]
    if strangers:
        raise InputError(
            f"there is no layer {', '.join(strangers)} on the map",
            where="--layer",
            mend=f"There are {', '.join(layers.LAYERS)}.",
        )


def _choice(ws: Workspace, wanted: Selection, now: datetime) -> Choice:
    """Resolve the selection; without a time, take the day of the shift on duty."""
    choice = export.choose(ws, wanted, now=now)
    if wanted.day is None and wanted.shift is None and choice.shift is not None:
        day = times.shift_day(choice.shift.shift_id)
        return export.choose(ws, replace(wanted, day=day), now=now)
    return choice


def _layer(ws: Workspace, name: str, choice: Choice, shore: pl.DataFrame) -> pl.DataFrame:
    """Return what one layer draws, with the columns that its words need."""
    if name == "zones":
        order = {one.shift_id: number for number, one in enumerate(choice.shifts)}
        found = export.zones(ws, list(choice.shifts), choice)
        return found.with_columns(
            shift_number=pl.col("shift_id").replace_strict(order, return_dtype=pl.Int64)
        )
    if name == "events":
        return _behaviours(ws, choice, shore)
    if name == "incidents":
        # Those of the day alone would hardly ever be any.
        return export.layer(ws, name, replace(choice, t0=None, t1=None))
    found = export.layer(ws, name, choice)
    if name == "lineage":
        newest = pl.col("coast_id") == pl.col("coast_id").max()
        return found.filter(newest & (pl.col("change") != "kept"))
    return found.with_row_index("number") if name == "sections" else found


def _behaviours(ws: Workspace, choice: Choice, shore: pl.DataFrame) -> pl.DataFrame:
    """Return what may be suspicious in the days before the end of what was chosen."""
    newest = read.meta(ws).newest_position
    ends = [t for t in (choice.t1, newest) if t is not None]
    if ends:
        end = min(ends)
        choice = replace(choice, t0=end - timedelta(hours=layers.BEHAVIOUR_HOURS), t1=end)
    wanted = pl.col("kind").is_in(KINDS) & (pl.col("rank").fill_null(1.0) >= layers.LEAST_RANK)
    found = (
        export.layer(ws, "events", choice)
        .filter(wanted)
        .sort("rank", "event_id", descending=[True, False], nulls_last=True)
        .head(layers.MOST_EVENTS)
    )
    names = export.vessel_names(ws)
    ways = export.layer(ws, "event_tracks", choice)
    named = found.join(names, on="mmsi", how="left", maintain_order="left")
    silent = found.filter(pl.col("kind") == "gap")["event_id"].to_list()
    return layers.reached(layers.paths(named, ways), read.reaches(ws, silent), shore)


def _draw(
    ws: Workspace,
    choice: Choice,
    shore: pl.DataFrame,
    frames: dict[str, pl.DataFrame],
    *,
    now: datetime,
) -> folium.Map:
    """Return folium's map with its layers, and our page around it."""
    west, south, east, north = shapely.total_bounds(layers.shapes_of(shore))
    drawn = _Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        prefer_canvas=True,
        zoom_control=False,
        attribution_control=False,
        min_zoom=5,
        max_zoom=18,
        zoom_snap=0.5,
        world_copy_jump=False,
    )
    around = replace(choice, section=None, bbox=choice.box and _wider(choice.box))
    data = {
        **_data(ws, choice, shore),
        "bounds": [[south, west], [north, east]],
        "layers": {
            "land": layers.land(export.layer(ws, "land", around)),
            "segments": layers.segments(shore),
            **{name: layers.things(name, frame, tz=ws.config.tz) for name, frame in frames.items()},
        },
    }
    page = drawn.get_root()
    page.title = escape(data["title"][0])
    for number, part in enumerate(head(data)):
        page.header.add_child(_Plain(part), name=f"own_{number}")
    page.html.add_child(_Plain(chrome(ws, choice.section, data, now=now)), name="chrome")

    under = [name for name in frames if name in layers.UNDER]
    over = [name for name in frames if name not in layers.UNDER]
    parts = {name: _layer_of(name) for name in ("land", *under, "segments", *over)}
    for part in parts.values():
        part.add_to(drawn)
    narrow = JsCode("window.innerWidth < 700")
    folium.LayerControl(position="topright", collapsed=narrow, autoZIndex=False).add_to(drawn)
    drawn.add_child(_Start(drawn, parts))
    return drawn


def _wider(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = box
    return west - _AROUND_DEG, south - _AROUND_DEG, east + _AROUND_DEG, north + _AROUND_DEG


def _layer_of(name: str) -> folium.GeoJson:
    """Return folium's empty layer over our own functions, which build no markup from the data."""
    lines = name == "segments"
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": []},
        name=name if name == "land" else layers.sign(name) + spans(layers.title(name)),
        control=name != "land",
        show=name in {"land", "segments", *layers.AT_FIRST},
        on_each_feature=JsCode("shoregrid.eachSegment" if lines else "shoregrid.eachThing"),
        style=JsCode("shoregrid.segmentStyle" if lines else "shoregrid.thingStyle"),
        point_to_layer=JsCode("shoregrid.thingPoint"),
        interactive=name not in {"land", "sections"},
        smooth_factor=1.0,
    )


def _data(ws: Workspace, choice: Choice, shore: pl.DataFrame) -> dict[str, Any]:
    """Return what the page's functions need: scores by shift, names, words and colours."""
    meta = read.meta(ws)
    sections = read.sections(ws)
    shifts = [
        {
            "name": [
                f"{times.day_name(times.shift_day(one.shift_id), lang)} {one.label}"
                for lang in LANGS
            ],
            **_scores(ws, one.shift_id, shore),
        }
        for one in choice.shifts
    ]
    said = ("made_one", "not_scored_title", "unassigned", "score", "lang_other")
    look = tokens.SURFACE["light"]
    return {
        "title": both("app_title", county=[meta.county_zh, meta.county_en]),
        "shifts": shifts,
        "at": choice.shifts.index(choice.shift) if choice.shift in choice.shifts else 0,
        "sections": {
            row["section_id"]: [row["name"] or row["name_en"], row["name_en"] or row["name"]]
            for row in sections.iter_rows(named=True)
        },
        # The telephone stays behind.
        "chiefs": {
            row["section_id"]: both(
                "chief",
                x=[
                    " · ".join(
                        half(row[part], lang) for part in ("chief_name", "chief_unit") if row[part]
                    )
                    for lang in LANGS
                ],
            )
            for row in sections.iter_rows(named=True)
            if row["chief_name"]
        },
        "timezone": meta.timezone,
        "bands": [[band.name_zh, band.name_en] for band in BANDS],
        "words": {
            **{key: both(key) for key in said},
            "estimated": both("landing_estimated"),
            "likely": both("reach_likely", share="{share}"),
            "earliest": both("reach_earliest", t="{t}"),
            "landable": both("reach_landable", m="{m}"),
            "not_landable": both("reach_not_landable"),
            "interval": both("interval", lo="{lo}", hi="{hi}"),
            "chainage": both("chainage", a="{a}", b="{b}"),
            "island": both("shore_island"),
            "inner": both("shore_inner"),
        },
        "look": {
            "risk": list(tokens.RISK["light"]),
            "width": list(tokens.RISK_WIDTH),
            "change": {name: look[colour] for name, colour in _CHANGES.items()},
            "cover": list(tokens.COVER["light"]),
            **look,
        },
    }


def _scores(ws: Workspace, shift_id: str, shore: pl.DataFrame) -> dict[str, list[int]]:
    """Return score and interval of the segments drawn as they are shown, cut; -1 for none."""
    found = read.scores(ws, shift_id)
    if found is None:
        return {name: [] for name in ("score", "lo", "hi")}
    mine = shore.select("segment_id").join(
        found, on="segment_id", how="left", maintain_order="left"
    )
    return {
        name: np.floor(mine[name].fill_null(-1.0).to_numpy()).astype(int).tolist()
        for name in ("score", "lo", "hi")
    }
