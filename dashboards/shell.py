"""The coast map's page: map, strip, panel and list in the frame that every page has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from ais.words import kind as behaviour
from dashboards import parts
from dashboards.address import KINDS, LEASTS
from dashboards.coastmap import credit, legend, shown, strip_signs
from dashboards.desk import Desk
from dashboards.events import sign
from dashboards.parts import icon
from dashboards.source import Part
from dashboards.words import listed


def frame(
    desk: Desk,
    *,
    state: dict[str, Any],
    the_map: Part,
    strip: Part,
    panel: Part,
    listing: tuple[Part, int],
    behaviours: tuple[Part, int],
    kinds: Sequence[str],
    least: str,
    places: list[dict[str, Any]],
    bounds: Sequence[float],
) -> dmc.MantineProvider:
    """Return the whole page around its map."""
    stores = [dcc.Store(id=name, data=value) for name, value in state.items()]
    app = html.Div(
        [
            *stores,
            html.Button(desk.say("skip"), className="skip", type="button", **{"data-view": "list"}),
            parts.header(desk, places),
            parts.rail(desk, "map"),
            html.Main(
                [
                    html.Div(
                        [
                            the_map,
                            legend(desk),
                            credit(desk),
                            _layers(desk, state["layers"], kinds, least),
                            parts.zoom(desk),
                            parts.notices(desk),
                        ],
                        className="map-box",
                        role="region",
                        **{
                            "aria-label": listed([desk.say("map"), desk.say("map_help")], desk.lang)
                        },
                    ),
                    _time(desk, strip, state["day"], mine=bool(state["mine"])),
                ],
                className="main",
            ),
            _list(desk, listing, behaviours),
            parts.sheet(desk, panel, "panel"),
            *parts.reader(desk),
        ],
        id="app",
        className="app",
        **parts.attributes(
            desk, home="map", bounds=bounds, selected=bool(state["segment"] or state["place"])
        ),
    )
    return parts.provider(desk, app, name="mantine")


def _list(desk: Desk, listing: tuple[Part, int], behaviours: tuple[Part, int]) -> html.Section:
    """Return the map's twin: its segments, or the events on it."""
    switch = [
        html.Button(
            desk.say(f"listed_{name}"),
            type="button",
            className="kind",
            **{"data-listing": name, "aria-pressed": "true" if name == "segments" else "false"},
        )
        for name in ("segments", "events")
    ]
    return html.Section(
        [
            html.Div([html.H2(desk.say("list")), parts.shut(desk)], className="side-head"),
            html.Div(
                switch, className="measures", role="group", **{"aria-label": desk.say("listed")}
            ),
            html.Div(
                [html.Div(listing[0], id="list-body"), _turn(desk, "list-page", "pages", listing)],
                **{"data-of": "segments"},
            ),
            html.Div(
                [
                    html.Div(behaviours[0], id="events-body"),
                    _turn(desk, "events-page", "events_pages", behaviours),
                ],
                **{"data-of": "events"},
            ),
        ],
        className="side side-list",
        **{"aria-label": desk.say("list")},
    )


def _turn(desk: Desk, name: str, word: str, listing: tuple[Part, int]) -> html.Nav:
    return html.Nav(
        dmc.Pagination(id=name, total=listing[1], value=1, size="sm", siblings=1),
        className="list-pages",
        **{"aria-label": desk.say(word)},
    )


def _kinds(desk: Desk, kinds: Sequence[str], least: str) -> html.Details:
    """Return the choice of kinds of behaviour and of the least rank."""
    boxes = dmc.CheckboxGroup(
        html.Div(
            [
                dmc.Checkbox(
                    label=html.Span([sign({"kind": name}), behaviour(name, desk.lang)]),
                    value=name,
                    size="sm",
                )
                for name in KINDS
            ],
            className="layer-boxes kind-boxes",
        ),
        id="kind-boxes",
        value=list(kinds),
        **{"aria-label": desk.say("kinds")},
    )
    ranks = dmc.SegmentedControl(
        id="least-choice",
        data=[
            {"value": one, "label": desk.say("least_all") if one == "0" else f"{one}"}
            for one in LEASTS
        ],
        value=least,
        size="xs",
        fullWidth=True,
        **{"aria-label": desk.say("least")},
    )
    return html.Details(
        [
            html.Summary(desk.say("kinds")),
            html.Div([html.Span(desk.say("least")), ranks], className="least"),
            boxes,
            html.P("", id="events-left", className="hint", role="status"),
        ],
        className="kinds",
    )


def _layers(desk: Desk, chosen: list[str], kinds: Sequence[str], least: str) -> html.Div:
    boxes = dmc.CheckboxGroup(
        html.Div(
            [
                dmc.Checkbox(
                    label=html.Span(
                        [html.Span(className=f"swatch swatch-{name}"), desk.say(f"layer_{name}")]
                    ),
                    value=name,
                    size="sm",
                )
                for name in shown(desk)
            ],
            className="layer-boxes",
        ),
        id="layer-boxes",
        value=chosen,
        **{"aria-label": desk.say("layers")},
    )
    seen = desk.may("see_events")
    return html.Div(
        html.Details(
            [
                html.Summary([icon("layers"), desk.say("layers")]),
                boxes,
                html.Div(_kinds(desk, kinds, least), hidden=not seen),
            ]
        ),
        className="layers",
    )


def _time(desk: Desk, strip: Part, day: str, *, mine: bool) -> html.Section:
    tools: list[Any] = [
        html.Button(
            icon("back"),
            type="button",
            className="round",
            title=desk.say("earlier"),
            **{"data-day": "-1", "aria-label": desk.say("earlier")},
        ),
        dmc.DatePickerInput(
            id="date",
            value=day,
            valueFormat="YYYY-MM-DD",
            size="xs",
            className="date",
            monthLabelFormat=desk.say("month_format"),
            leftSection=icon("date"),
            **{"aria-label": desk.say("date")},
        ),
        html.Button(
            icon("forward"),
            type="button",
            className="round",
            title=desk.say("later"),
            **{"data-day": "1", "aria-label": desk.say("later")},
        ),
        html.Button(
            [icon("play"), html.Span(desk.say("play"))],
            type="button",
            className="play",
            **{
                "data-play": desk.say("pause"),
                "aria-pressed": "false",
                "aria-label": desk.say("play"),
            },
        ),
    ]
    if desk.person.section in desk.sections:
        tools.append(
            dmc.Switch(
                id="mine-switch",
                label=desk.say("my_section"),
                size="sm",
                checked=mine,
                className="mine-switch",
            )
        )
    else:
        tools.append(html.Div(dmc.Switch(id="mine-switch"), hidden=True))
    tools.append(
        html.Span(
            [
                part
                for name in strip_signs(desk)
                for part in (html.I(className=f"key-{name}"), desk.say(f"strip_key_{name}"))
            ],
            className="strip-key",
        )
    )
    return html.Section(
        [html.Div(tools, className="time-tools"), html.Div(strip, id="strip", className="strip")],
        className="time",
        **{"aria-label": desk.say("shifts")},
    )
