"""The page that tells how well the AIS comes in: sources and days, coverage, one vessel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

import dash_leaflet as dl
import dash_mantine_components as dmc
from dash import dcc, html

from dashboards import coastmap, feedpanel, feeds, feedtable, overview, parts, tokens, vesselpanel
from dashboards.address import UNDATED, View, parse
from dashboards.desk import Desk
from dashboards.feeds import Window
from dashboards.parts import icon
from dashboards.source import Part
from dashboards.words import listed

#: Least positions and least vessels of each shade: the same on every day and for every source.
BREAKS = {"rows": (1, 10, 100, 1000, 10_000), "vessels": (1, 2, 5, 10, 50)}

#: Milliseconds that a search waits for the next letter.
_TYPING_MS = 250


def page(desk: Desk, view: View, *, tags: dict[str, str]) -> Part:
    """Return the page for the source, day and vessel that an address asks for."""
    if not desk.may("see_data"):
        return _bare(desk, "data_denied")
    days = desk.source.feed_days()
    if days.is_empty():
        return _bare(desk, "data_none")
    shown = feeds.window(days, view.day, view.feed)
    source, day = _chosen(shown, view)
    mmsi = str(view.mmsi or "")
    panel = [
        html.H2(desk.say("data")),
        *(
            [html.P(desk.say("simulated_long"), className="made-note")]
            if desk.meta.simulated
            else []
        ),
        _search(desk),
        html.Div(told(desk, shown, source=source, day=day, mmsi=mmsi), id="data-told"),
    ]
    return _frame(
        desk,
        html.Main(
            [
                html.Div(
                    [
                        _map(desk, tags, view.centre, source, day),
                        _legend(desk),
                        coastmap.credit(desk),
                        parts.zoom(desk),
                        parts.notices(desk),
                    ],
                    className="map-box",
                    role="region",
                    **{
                        "aria-label": listed(
                            [desk.say("data_map"), desk.say("data_map_help")], desk.lang
                        )
                    },
                ),
                feedtable.table(desk, shown, source=source, day=day),
            ],
            className="main",
        ),
        parts.sheet(desk, panel, "data_panel"),
        chosen={"source": source, "day": day, "mmsi": mmsi},
    )


def _chosen(shown: Window, view: View) -> tuple[str, str]:
    """Return the source and day that are shown, as the address writes them."""
    source = view.feed if view.feed in shown.sources else ""
    if view.day == UNDATED and shown.undated:
        return source, UNDATED
    iso = [one.isoformat() for one in shown.days]
    if view.day in iso:
        return source, str(view.day)
    return source, iso[-1] if iso else UNDATED


def told(desk: Desk, shown: Window, *, source: str, day: str, mmsi: str) -> list[Part]:
    """Return what the panel tells: of a vessel where one is chosen, else of a day."""
    if mmsi:
        return vesselpanel.told(desk, int(mmsi))
    return feedpanel.told(desk, shown, source=source, day=day)


def again(desk: Desk, choice: Mapping[str, str]) -> list[Part]:
    """Return what the panel tells after another choice: source, day and mmsi as in an address."""
    if not desk.may("see_data"):
        return []
    view = parse(urlencode(choice))
    shown = feeds.window(desk.source.feed_days(), view.day, view.feed)
    source, day = _chosen(shown, view)
    return told(desk, shown, source=source, day=day, mmsi=str(view.mmsi or ""))


def found(desk: Desk, text: str | None) -> list[Part]:
    """Return the vessels that a search finds."""
    return vesselpanel.hits(desk, text) if desk.may("see_data") else []


def _search(desk: Desk) -> html.Div:
    hint = [desk.say("vessel_search_label"), desk.say("vessel_search")]
    return html.Div(
        [
            dmc.TextInput(
                id="data-search",
                debounce=_TYPING_MS,
                placeholder=desk.say("vessel_search"),
                leftSection=icon("search"),
                **{"aria-label": ": ".join(hint)},
            ),
            html.Div(id="data-found", **{"aria-live": "polite"}),
        ],
        className="vessel-search",
        role="search",
    )


def _bare(desk: Desk, word: str) -> Part:
    """Return the page with nothing on it but why, and what to do."""
    empty = [
        overview.empty(desk.say(f"{word}_title"), desk.say(f"{word}_mend")),
        html.P(html.A(desk.say("not_found_mend"), href="/")),
    ]
    chosen = {"source": "", "day": "", "mmsi": ""}
    return _frame(desk, html.Main(html.Div(empty), className="bare"), chosen=chosen)


def _frame(desk: Desk, *inside: Part, chosen: dict[str, str]) -> Part:
    stores = {"data-chosen": chosen, "data-lang": desk.lang, "data-theme": desk.theme}
    app = html.Div(
        [
            *[dcc.Store(id=name, data=value) for name, value in stores.items()],
            dcc.Store(id="data-written"),
            parts.header(desk),
            parts.rail(desk, "data"),
            *inside,
            *parts.reader(desk),
        ],
        id="app",
        className="app app-data",
        **parts.attributes(
            desk,
            home="data",
            bounds=desk.meta.bounds,
            selected=any(chosen[name] for name in ("source", "mmsi")),
        ),
    )
    return parts.provider(desk, app, name="data-mantine")


def cells_url(source: str, day: str) -> str:
    """Return the address of the cells of a day."""
    return "/api/data/coverage?" + urlencode({"day": day, **({"source": source} if source else {})})


def _map(
    desk: Desk,
    tags: dict[str, str],
    view: tuple[float, float, float] | None,
    source: str,
    day: str,
) -> dl.Map:
    return coastmap.bare_map(
        [
            dl.Pane(
                coastmap.land(desk, tags, name="data-land"), name="land", style={"zIndex": 250}
            ),
            dl.GeoJSON(
                id="data-cells",
                url=cells_url(source, day),
                style=coastmap.script("cellStyle"),
                onEachFeature=coastmap.script("eachCell"),
                hideout={
                    "theme": desk.theme,
                    "tokens": tokens.for_map(),
                    "breaks": {name: list(least) for name, least in BREAKS.items()},
                    "words": {
                        "tip": desk.say("cover_tip", rows="{rows}", vessels="{vessels}"),
                        "none": desk.say("cover_none"),
                        "sum": desk.say(
                            "cover_sum",
                            **{
                                name: f"{{{name}}}"
                                for name in ("cells", "rows", "deg", "most", "at", "outside")
                            },
                        ),
                        "counting": desk.say("cover_counting"),
                    },
                },
            ),
            dl.ScaleControl(imperial=False, position="bottomleft"),
        ],
        name="data-map",
        view=view,
        bounds=_around(desk, day),
    )


def _around(desk: Desk, day: str) -> Sequence[float]:
    """Return the coast's box, where there is no coast that of the day's positions."""
    if len(desk.source.segments()) or day == UNDATED:
        return desk.meta.bounds
    return desk.source.coverage(date.fromisoformat(day), None).bounds


def _legend(desk: Desk) -> html.Div:
    """Return the shades with their breaks, and the choice of what they count."""
    return html.Div(
        html.Details(
            [
                html.Summary(desk.say("cover")),
                html.Div(
                    [
                        html.Button(
                            desk.say(f"cover_{name}"),
                            type="button",
                            className="kind",
                            **{
                                "data-measure": name,
                                "aria-pressed": "true" if name == "rows" else "false",
                            },
                        )
                        for name in BREAKS
                    ],
                    className="measures",
                    role="group",
                    **{"aria-label": desk.say("cover_by")},
                ),
                *[
                    html.Ul(
                        [
                            html.Li(
                                [html.Span(className=f"shade shade-{n}"), words],
                            )
                            for n, words in reversed(list(enumerate(_steps(least), 1)))
                        ],
                        className="legend-body",
                        **{"data-of": name},
                    )
                    for name, least in BREAKS.items()
                ],
                html.Ul(
                    html.Li(
                        [html.Span(className="legend-line dashed"), desk.say("cover_frame")],
                        className="legend-missing",
                    )
                ),
                html.P("", id="cover-told", className="hint", role="status"),
            ],
            open=True,
            className="legend-fold",
        ),
        className="legend",
    )


def _steps(least: Sequence[int]) -> list[str]:
    """Return each shade's numbers: 1–9, 10–99, …, 10,000 and more."""
    ends = [*(one - 1 for one in least[1:]), None]
    return [
        f"≥ {low:,}" if high is None else f"{low:,}" if high == low else f"{low:,}–{high:,}"
        for low, high in zip(least, ends, strict=True)
    ]
