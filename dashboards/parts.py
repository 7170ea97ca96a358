"""What every page has: head, rail, notices, the sheet, the reader's own side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboards.address import LAYERS
from dashboards.desk import Desk
from dashboards.me import about_me, freshness, keys
from dashboards.source import Part
from dashboards.words import known, listed


def icon(name: str) -> html.Span:
    """Return one of the icons in assets/icons.css."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})


def provider(desk: Desk, app: html.Div, *, name: str) -> dmc.MantineProvider:
    """Return a page in the reader's language and theme."""
    return dmc.MantineProvider(
        dmc.DatesProvider(
            app,
            settings={"locale": "zh-cn" if desk.lang == "zh" else "en", "firstDayOfWeek": 1},
        ),
        forceColorScheme=desk.theme,
        theme={
            "fontFamily": "var(--fonts)",
            "primaryColor": "blue",
            "defaultRadius": "md",
            "components": {"Select": {"defaultProps": {"checkIconPosition": "right"}}},
        },
        id=name,
    )


def attributes(desk: Desk, *, home: str, bounds: Sequence[float], selected: bool) -> dict[str, str]:
    """Return what a page's scripts read from its root."""
    return {
        "data-home": home,
        "data-view": home,
        "data-sheet": "half",
        "data-selected": "1" if selected else "0",
        "data-made": desk.say("made_one"),
        "data-crowd": desk.say("crowd", n="{n}"),
        "data-close": desk.say("close"),
        "data-vessel": desk.say("vessel_history"),
        "data-rank": desk.say("event_rank"),
        "data-reach-why": desk.say("reach_why"),
        "data-printed": desk.say("printed", name=desk.person.name, t="{t}"),
        "data-bounds": ",".join(f"{x:.4f}" for x in bounds),
    }


def header(desk: Desk, places: list[dict[str, Any]] | None = None) -> html.Header:
    """Return the head of every page; the search only where there are places to find."""
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
            *([] if places is None else [_search(desk, places)]),
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


def _search(desk: Desk, places: list[dict[str, Any]]) -> dmc.Select:
    return dmc.Select(
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
    )


def rail(desk: Desk, home: str) -> html.Nav:
    """Return the entries of the pages that somebody may use, the present one marked."""
    # (name, word, address where it is another page's)
    entries = [
        ("map", "nav_map", "/" if home != "map" else None),
        ("list", "nav_list", "/#list" if home != "map" else None),
        *([("day", "nav_day", _to("day", home))] if desk.whole_sections else []),
        *(
            [("boundaries", "nav_boundaries", _to("boundaries", home))]
            if desk.may("see_boundaries")
            else []
        ),
        *([("changes", "nav_changes", _to("changes", home))] if desk.may("see_changes") else []),
        *([("data", "nav_data", _to("data", home))] if desk.may("see_data") else []),
        ("me", "nav_me", None),
    ]
    return html.Nav(
        [_entry(desk, view, word, address, home) for view, word, address in entries],
        className="rail",
        **{"aria-label": desk.say("nav")},
    )


def _to(page: str, home: str) -> str | None:
    return None if page == home else f"/?page={page}"


def _entry(desk: Desk, view: str, word: str, address: str | None, home: str) -> Part:
    inside = [icon(view), html.Span(desk.say(word))]
    if address is not None:
        return html.A(inside, href=address, className="rail-entry")
    return html.Button(
        inside,
        type="button",
        className="rail-entry",
        **{"data-view": view, "aria-current": "page" if view == home else "false"},
    )


def shut(desk: Desk) -> html.Button:
    """Return the button that leads back from a side to the page itself."""
    return html.Button(
        icon("close"),
        type="button",
        className="round",
        **{"data-view": "home", "aria-label": desk.say("close")},
    )


def zoom(desk: Desk) -> html.Div:
    """Return the buttons that zoom the map."""
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


def notices(desk: Desk) -> html.Div:
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
            "data-loading": desk.say("layer_loading", layer="{layer}"),
            "data-empty": desk.say("layer_empty", layer="{layer}"),
            "data-below": desk.say("events_left_below", n="{n}", least="{least}"),
            "data-beyond": desk.say("events_left_beyond", n="{n}"),
            "data-count": desk.say("layer_count", layer="{layer}", n="{n}"),
            "data-names": json.dumps(
                {name: desk.say(f"layer_{name}") for name in LAYERS}, ensure_ascii=False
            ),
        },
    )


def sheet(desk: Desk, panel: Part, word: str) -> html.Aside:
    """Return the right panel, on a phone the sheet at the foot."""
    return html.Aside(
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
        **{"aria-label": desk.say(word), "aria-live": "polite"},
    )


def reader(desk: Desk) -> list[Part]:
    """Return the reader's own side, the keys, and the foot of a print."""
    return [
        html.Section(
            [
                html.Div([html.H2(desk.say("me")), shut(desk)], className="side-head"),
                *about_me(desk),
            ],
            className="side side-me",
            **{"aria-label": desk.say("me")},
        ),
        keys(desk),
        html.Footer("", id="print-foot", className="print-foot"),
    ]


def panel_tools(desk: Desk, *, back: str = "clear") -> html.Div:
    """Return the way back, by its word, and the link to copy at the head of the panel."""
    return html.Div(
        [
            html.Button(
                desk.say(back),
                className="quiet-button back",
                type="button",
                **{"data-clear": "1"},
            ),
            html.Button(
                desk.say("copy_link"),
                className="quiet-button",
                type="button",
                **{"data-copy": desk.say("copied")},
            ),
        ],
        className="panel-tools",
    )
