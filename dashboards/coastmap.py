"""The map: geometry sent once and restyled in place; layers fetched as they are chosen."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import dash_leaflet as dl
import numpy as np
from dash import html

from dashboards import forecast, tokens, zones
from dashboards.address import DEFAULT_LEAST, KINDS, LAYERS
from dashboards.desk import Desk

if TYPE_CHECKING:
    import polars as pl

#: Hours of behaviours shown up to the end of a shift, and of stops and tracks.
BEHAVIOUR_HOURS = 72
TRACK_HOURS = 24

#: The most behaviours that the map is sent, those that rank highest; of stops and of visits.
MOST_EVENTS = 600
MOST_ORDINARY = 1500

#: Layers of events with the kinds in them. Those closer than so many pixels are one sign with
#: their number, up to the zoom from which each stands alone.
EVENTS = {"behaviours": KINDS, "stops": ("stop",), "berth_visits": ("berth_visit",)}
CROWD_PX = 44
CROWD_ZOOM = 12

#: Layers that not everyone may see, with the act that they want.
_ACTS = {"patrols": "see_patrols", **dict.fromkeys((*EVENTS, "tracks"), "see_events")}

#: The groups of layers under and over the segments.
GROUPS = ("under", "under-shift", "over", "over-shift")
_UNDER = {"sections", "zones", "forecast", "tracks", "viewsheds"}

#: The most track points that one view is sent.
MAX_TRACK_POINTS = 10_000


#: An interval narrower than half a point cannot be seen in whole scores.
_WIDTH_SHOWN = 0.5


def script(name: str) -> dict[str, str]:
    """Return a reference to one of our own functions in assets/map.js."""
    return {"variable": f"shoregrid.{name}"}


def hideout(desk: Desk, *, shift_id: str | None, mine: str | None) -> dict[str, Any]:
    """Return all that the styling functions need to colour one shift: no geometry."""
    scores: list[int] = []
    lacking = ""
    frame = desk.source.scores(shift_id) if shift_id else None
    if frame is not None:
        values = frame["score"].to_numpy()
        scores = [int(v) for v in np.where(np.isfinite(values), np.floor(values), -1)]
        lacking = "".join("1" if gap else "0" for gap in _lacking(frame))
    ids = "".join(desk.source.segments()["segment_id"])
    return {
        "coast": zlib.crc32(ids.encode()),
        "scores": scores,
        "lacking": lacking,
        "mine": mine,
        "theme": desk.theme,
        "tokens": tokens.for_map(),
        "bands": [desk.band_name(level) for level in range(1, 6)],
        "sections": {sid: desk.named(row) for sid, row in desk.sections.items()},
        "words": {
            "unassigned": desk.say("unassigned") if desk.sections else desk.say("segment"),
            "none": desk.say("not_scored_title"),
            "way": desk.say("chainage", a="{a}", b="{b}"),
            "island": desk.say("shore_island"),
            "inner": desk.say("shore_inner"),
        },
    }


def _lacking(frame: pl.DataFrame) -> np.ndarray:
    """Tell per segment whether data is missing: only that widens a score's interval."""
    width = (frame["hi"] - frame["lo"]).fill_null(0.0).to_numpy()
    return np.asarray(width > _WIDTH_SHOWN)


def coast_map(
    desk: Desk,
    *,
    styling: dict[str, Any],
    tags: dict[str, str],
    things: dict[str, list[Any]],
    view: tuple[float, float, float] | None,
    bounds: Sequence[float],
) -> dl.Map:
    """Return the map with the land under it and the segments on it."""
    return bare_map(
        [
            dl.Pane(land(desk, tags, name="land"), name="land", style={"zIndex": 250}),
            dl.Pane(
                [dl.LayerGroup(things[name], id=name) for name in ("under", "under-shift")],
                name="under",
                style={"zIndex": 350},
            ),
            dl.GeoJSON(
                id="segments",
                url=f"/api/segments?v={tags['segments']}",
                style=script("segmentStyle"),
                onEachFeature=script("eachSegment"),
                hideout=styling,
            ),
            *[dl.LayerGroup(things[name], id=name) for name in ("over", "over-shift")],
            dl.ScaleControl(imperial=False, position="bottomleft"),
        ],
        name="map",
        view=view,
        bounds=bounds,
    )


def land(desk: Desk, tags: dict[str, str], *, name: str) -> dl.GeoJSON:
    """Return the land under everything, the basemap that needs no internet."""
    return dl.GeoJSON(
        id=name,
        url=f"/api/land?v={tags['land']}",
        style=script("landStyle"),
        hideout={"theme": desk.theme, "tokens": tokens.for_map()},
        interactive=False,
    )


def bare_map(
    inside: list[Any],
    *,
    name: str,
    view: tuple[float, float, float] | None,
    bounds: Sequence[float],
) -> dl.Map:
    """Return a map opened at a view (latitude, longitude, zoom), else at bounds."""
    place: dict[str, Any]
    if view:
        place = {"center": [view[0], view[1]], "zoom": view[2]}
    else:
        lon0, lat0, lon1, lat1 = bounds
        place = {"bounds": [[lat0, lon0], [lat1, lon1]]}
    return dl.Map(
        inside,
        id=name,
        preferCanvas=True,
        # It would compare the view with a centre that a map opened by bounds does not have;
        # assets/map.js follows the view instead.
        trackViewport=False,
        zoomControl=False,
        attributionControl=False,
        minZoom=6,
        maxZoom=18,
        zoomSnap=0.5,
        className="leaflet-map",
        **place,
    )


def shown(desk: Desk) -> list[str]:
    """Return the layers that the asker may see."""
    return [name for name in LAYERS if name not in _ACTS or desk.may(_ACTS[name])]


def layers(
    desk: Desk,
    *,
    chosen: Sequence[str],
    shift_id: str | None,
    bbox: str | None,
    kinds: Sequence[str] = KINDS,
    least: str = DEFAULT_LEAST,
) -> dict[str, list[Any]]:
    """Return the layers by the group they lie in; each fetches its own content.

    What a shift changes lies in groups of its own, so that another shift leaves the rest alone.
    """
    groups: dict[str, list[Any]] = {name: [] for name in GROUPS}
    for name in shown(desk):
        if name not in chosen:
            continue
        query: dict[str, str] = {"lang": desk.lang}
        of_shift = name in {"zones", "patrols", "tracks", *EVENTS}
        if of_shift:
            if shift_id is None:
                continue
            query["shift"] = shift_id
        if name == "tracks":
            if not bbox:
                continue
            query["bbox"] = bbox
        if name == "behaviours":
            query |= {"kinds": ",".join(kinds), "least": least}
        layer = dl.GeoJSON(
            id={"layer": name, "query": urlencode(query)},
            url=f"/api/layers/{name}?{urlencode(query)}",
            style=script("layerStyle"),
            pointToLayer=script("layerPoint"),
            onEachFeature=script("eachThing"),
            hideout={"layer": name, "theme": desk.theme, "tokens": tokens.for_map()},
            interactive=name not in {"sections", "zones", "forecast"},
            **_crowd(name),
        )
        group = "under" if name in _UNDER else "over"
        groups[group + ("-shift" if of_shift else "")].append(layer)
    return groups


def _crowd(name: str) -> dict[str, Any]:
    """Return how a layer of many points is thinned by view."""
    if name not in EVENTS:
        return {}
    return {
        "cluster": True,
        "clusterToLayer": script("clusterPoint"),
        "zoomToBoundsOnClick": True,
        "superClusterOptions": {"radius": CROWD_PX, "maxZoom": CROWD_ZOOM},
    }


def window(desk: Desk, name: str, shift_id: str) -> dict[str, Any]:
    """Return the time window that a layer shows for a shift, in UTC."""
    if shift_id not in desk.shifts:
        return {}
    _, t0, t1 = desk.shifts[shift_id]
    newest = desk.meta.newest_position or t1
    end = min(t1, newest)
    if name == "behaviours":
        return {"t0": end - timedelta(hours=BEHAVIOUR_HOURS), "t1": end}
    return {"t0": min(t0, end - timedelta(hours=TRACK_HOURS)), "t1": end}


def credit(desk: Desk) -> html.Div:
    """Return whose map this is; the sources' licences want it on the map itself."""
    lines = desk.meta.attributions
    return html.Div(" · ".join(lines), className="credit", title="\n".join(lines))


def legend(desk: Desk) -> html.Div:
    """Return the five bands with their line widths, and the sign of missing data."""
    rows = [
        html.Li(
            [
                html.Span(className=f"legend-line band-{level}", style={"height": f"{width}px"}),
                html.Span(f"{(level - 1) * 20}–{level * 20}", className="legend-range"),
                desk.band_name(level),
            ]
        )
        for level, width in reversed(list(enumerate(tokens.RISK_WIDTH, 1)))
    ]
    rows.append(
        html.Li(
            [html.Span(className="legend-line dashed"), desk.say("legend_missing")],
            className="legend-missing",
        )
    )
    strip = [
        html.Li([html.Span(className=f"key key-{name}"), desk.say(f"legend_{name}")])
        for name in strip_signs(desk)
    ]
    return html.Div(
        html.Details(
            [
                html.Summary(desk.say("legend")),
                html.Div(
                    [
                        html.Ul(rows),
                        zones.legend(desk),
                        *forecast.legend(desk),
                        html.Div(
                            [html.Strong(desk.say("shifts")), html.Ul(strip)],
                            className="legend-strip",
                        ),
                    ],
                    className="legend-body",
                ),
            ],
            open=True,
            className="legend-fold",
        ),
        className="legend",
    )


def strip_signs(desk: Desk) -> tuple[str, ...]:
    """Return the signs on the strip of shifts that want explaining: no tide without a station."""
    if "tide_stations" in desk.meta.missing:
        return ("night",)
    shore = desk.source.segments()
    guessed = "landing_basis" in shore and bool((shore["landing_basis"] == "estimate").any())
    return ("tide", "landable", *(("estimated",) if guessed else ()), "night")
