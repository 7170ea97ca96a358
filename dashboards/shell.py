"""The frame: header, rail, map, strip and panel; on a phone a sheet and tabs at the foot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboards.address import LAYERS
from dashboards.coastmap import credit, legend, strip_signs
from dashboards.desk import Desk
from dashboards.me import about_me, freshness, keys
from dashboards.source import Part
from dashboards.words import known, listed

_NAV = (("map", "nav_map"), ("list", "nav_list"), ("me", "nav_me"))


def icon(name: str) -> html.Span:
    """Return one of the icons in assets/icons.css."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})


def frame(
    desk: Desk,
    *,
    state: dict[str, Any],
    the_map: Part,
    strip: Part,
    panel: Part,
    listing: tuple[Part, int],
    places: list[dict[str, Any]],
    bounds: Sequence[float],
) -> dmc.MantineProvider:
    """Return the whole page around its map."""
    stores = [dcc.Store(id=name, data=value) for name, value in state.items()]
    return dmc.MantineProvider(
        dmc.DatesProvider(
            html.Div(
                [
                    *stores,
                    html.Button(
                        desk.say("skip"), className="skip", type="button", **{"data-view": "list"}
                    ),
                    _header(desk, places),
                    html.Nav(
                        [_entry(desk, view, word) for view, word in _NAV],
                        className="rail",
                        **{"aria-label": desk.say("nav")},
                    ),
                    html.Main(
                        [
                            html.Div(
                                [
                                    the_map,
                                    legend(desk),
                                    credit(desk),
                                    _layers(desk, state["layers"]),
                                    _zoom(desk),
                                    _notices(desk),
                                ],
                                className="map-box",
                                role="region",
                                **{
                                    "aria-label": listed(
                                        [desk.say("map"), desk.say("map_help")], desk.lang
                                    )
                                },
                            ),
                            _time(desk, strip, state["day"], mine=bool(state["mine"])),
                        ],
                        className="main",
                    ),
                    html.Section(
                        [
                            html.Div(
                                [html.H2(desk.say("list")), _shut(desk)], className="side-head"
                            ),
                            html.Div(listing[0], id="list-body"),
                            html.Nav(
                                dmc.Pagination(
                                    id="list-page", total=listing[1], value=1, size="sm", siblings=1
                                ),
                                className="list-pages",
                                **{"aria-label": desk.say("pages")},
                            ),
                        ],
                        className="side side-list",
                        **{"aria-label": desk.say("list")},
                    ),
                    html.Section(
                        [
                            html.Div([html.H2(desk.say("me")), _shut(desk)], className="side-head"),
                            *about_me(desk),
                        ],
                        className="side side-me",
                        **{"aria-label": desk.say("me")},
                    ),
                    html.Aside(
                        [
                            html.Button(
                                html.Span(className="grip"),
                                className="handle",
                                type="button",
                                **{
                                    "aria-label": desk.say("sheet"),
                                    "aria-controls": "panel-body",
                                    "data-sheet": "1",
                                },
                            ),
                            html.Div(panel, id="panel-body", tabIndex="-1"),
                        ],
                        className="panel",
                        **{"aria-label": desk.say("panel"), "aria-live": "polite"},
                    ),
                    keys(desk),
                    html.Footer("", id="print-foot", className="print-foot"),
                ],
                id="app",
                className="app",
                **{
                    "data-view": "map",
                    "data-sheet": "half",
                    "data-selected": "1" if state["segment"] else "0",
                    "data-made": desk.say("made_one"),
                    "data-crowd": desk.say("crowd", n="{n}"),
                    "data-close": desk.say("close"),
                    "data-printed": desk.say("printed", name=desk.person.name, t="{t}"),
                    "data-bounds": ",".join(f"{x:.4f}" for x in bounds),
                },
            ),
            settings={"locale": "zh-cn" if desk.lang == "zh" else "en", "firstDayOfWeek": 1},
        ),
        forceColorScheme=desk.theme,
        theme={
            "fontFamily": "var(--fonts)",
            "primaryColor": "blue",
            "defaultRadius": "md",
            "components": {"Select": {"defaultProps": {"checkIconPosition": "right"}}},
        },
        id="mantine",
    )


def _header(desk: Desk, places: list[dict[str, Any]]) -> html.Header:
    county = desk.meta.county_zh if desk.lang == "zh" else desk.meta.county_en
    marks = []
    if desk.meta.simulated:
        marks.append(
            html.Span(
                desk.say("simulated"), className="mark made", title=desk.say("simulated_long")
            )
        )
    if desk.meta.made:
        names = list(dict.fromkeys(known("what", name, desk.lang) for name in desk.meta.made))
        words = desk.say("made_long", what=listed(names, desk.lang))
        marks.append(html.Span(desk.say("made"), className="mark made", title=words))
    return html.Header(
        [
            html.H1(
                [
                    html.Span(desk.say("app"), className="brand"),
                    html.Span(county, className="county"),
                ]
            ),
            html.Div([freshness(desk), *marks], className="marks"),
            dmc.Select(
                id="search",
                data=places,
                searchable=True,
                selectFirstOptionOnChange=True,
                clearable=True,
                limit=30,
                placeholder=desk.say("search"),
                nothingFoundMessage=desk.say("search_none"),
                leftSection=icon("search"),
                className="search",
                **{"aria-label": desk.say("search")},
            ),
            html.Div(
                [
                    html.Button(
                        icon("theme"),
                        className="round",
                        type="button",
                        title=desk.say("theme_dark" if desk.theme == "light" else "theme_light"),
                        **{"data-theme-switch": "1", "aria-label": desk.say("theme_dark")},
                    ),
                    html.Button(
                        desk.say("lang_other"),
                        className="round words",
                        type="button",
                        lang="en" if desk.lang == "zh" else "zh-CN",
                        **{"data-lang": "en" if desk.lang == "zh" else "zh"},
                    ),
                ],
                className="switches",
            ),
        ],
        className="header",
    )


def _entry(desk: Desk, view: str, word: str) -> html.Button:
    return html.Button(
        [icon(view), html.Span(desk.say(word))],
        type="button",
        className="rail-entry",
        **{"data-view": view, "aria-current": "page" if view == "map" else "false"},
    )


def _shut(desk: Desk) -> html.Button:
    return html.Button(
        icon("close"),
        type="button",
        className="round",
        **{"data-view": "map", "aria-label": desk.say("close")},
    )


def _layers(desk: Desk, chosen: list[str]) -> html.Div:
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
                for name in LAYERS
            ],
            className="layer-boxes",
        ),
        id="layer-boxes",
        value=chosen,
        **{"aria-label": desk.say("layers")},
    )
    return html.Div(
        html.Details([html.Summary([icon("layers"), desk.say("layers")]), boxes]),
        className="layers",
    )


def _zoom(desk: Desk) -> html.Div:
    return html.Div(
        [
            html.Button(
                "+",
                type="button",
                title=desk.say("zoom_in"),
                **{"data-zoom": "in", "aria-label": desk.say("zoom_in")},
            ),
            html.Button(
                "−",
                type="button",
                title=desk.say("zoom_out"),
                **{"data-zoom": "out", "aria-label": desk.say("zoom_out")},
            ),
            html.Button(
                icon("all"),
                type="button",
                title=desk.say("zoom_all"),
                **{"data-zoom": "all", "aria-label": desk.say("zoom_all")},
            ),
        ],
        className="zoom",
    )


def _notices(desk: Desk) -> html.Div:
    """Return the places where the page says what it is doing or what went wrong."""
    return html.Div(
        [
            html.Div("", id="notice", className="notice", role="status"),
            html.Div(
                [
                    desk.say("session_over"),
                    " ",
                    html.A(desk.say("sign_in_again"), href="/", **{"data-reload": "1"}),
                ],
                id="session-over",
                className="notice loud",
                role="alert",
                hidden=True,
            ),
            html.Div(
                [
                    html.Strong(desk.say("broken_title")),
                    " ",
                    desk.say("broken_mend"),
                    " ",
                    html.A(desk.say("reload"), href="/", **{"data-reload": "1"}),
                ],
                id="broken",
                className="notice loud",
                role="alert",
                hidden=True,
            ),
            html.Div(
                desk.say("offline"), id="offline", className="notice", role="status", hidden=True
            ),
        ],
        className="notices",
        **{
            "data-scoring": desk.say("scoring", day="{day}"),
            "data-scoring-failed": desk.say("scoring_failed", day="{day}"),
            "data-thinned": desk.say("tracks_thinned", n="{n}"),
            "data-empty": desk.say("layer_empty", layer="{layer}"),
            "data-count": desk.say("layer_count", layer="{layer}", n="{n}"),
            "data-names": json.dumps(
                {name: desk.say(f"layer_{name}") for name in LAYERS}, ensure_ascii=False
            ),
        },
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
