"""The page that tells what a newer coast changed: map, sums, and the stretches one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dash_leaflet as dl
import polars as pl
from dash import dcc, html

from dashboards import coastmap, overview, parts, places, tokens
from dashboards.address import View
from dashboards.desk import Desk
from dashboards.events import moment
from dashboards.source import Part
from dashboards.words import half, listed, t

if TYPE_CHECKING:
    import geopandas as gpd

#: The kinds of change in the order of the sums; what was kept is drawn thin and not listed.
KINDS = ("kept", "moved", "split", "merged", "gone", "new")

#: The most stretches of one kind that are listed.
MOST_LISTED = 50

#: Degrees around a stretch that is opened by its address.
_AROUND = 0.01

Row = Mapping[str, Any]


def page(desk: Desk, view: View, *, tags: dict[str, str]) -> Part:
    """Return the page for the import and the stretch that an address asks for."""
    if not desk.may("see_changes"):
        return _bare(desk, "changes_denied")
    coasts = desk.source.coasts()
    told = coasts.filter(pl.col("changed"))
    if told.is_empty():
        return _bare(desk, "changes_none")
    numbers = told["coast_id"].to_list()
    number = view.coast if view.coast in numbers else numbers[0]
    stretches = desk.source.stretches(number)
    chosen = stretches.filter(pl.col("stretch") == (view.stretch or 0))
    stretch = view.stretch if chosen.height else None
    sums = desk.source.coast_sums(number)
    state = {
        "changes-lang": desk.lang,
        "changes-theme": desk.theme,
        "changes-coast": number,
        "changes-stretch": stretch or 0,
    }
    the_map = html.Div(
        [
            _map(
                desk,
                number,
                view=view.centre,
                bounds=_around(chosen) or desk.meta.bounds,
                tags=tags,
            ),
            _legend(desk, sums),
            coastmap.credit(desk),
            parts.zoom(desk),
            parts.notices(desk),
        ],
        className="map-box",
        role="region",
        **{
            "aria-label": listed([desk.say("changes_map"), desk.say("changes_map_help")], desk.lang)
        },
    )
    panel = [
        html.H2(desk.say("changes")),
        html.P(desk.say("changes_lead"), className="hint"),
        *_origin(desk, coasts, number),
        html.H3(desk.say("sums")),
        _sums(desk, sums, desk.source.coast_changes(number)),
        *_listed(desk, stretches, stretch),
    ]
    return _frame(
        desk,
        html.Main(the_map, className="main"),
        parts.sheet(desk, panel, "changes_panel"),
        state=state,
    )


def _bare(desk: Desk, word: str) -> Part:
    """Return the page with nothing on it but why, and what to do."""
    empty = [
        overview.empty(desk.say(f"{word}_title"), desk.say(f"{word}_mend")),
        html.P(html.A(desk.say("not_found_mend"), href="/")),
    ]
    state = {
        "changes-lang": desk.lang,
        "changes-theme": desk.theme,
        "changes-coast": "",
        "changes-stretch": 0,
    }
    return _frame(desk, html.Main(html.Div(empty), className="bare"), state=state)


def _frame(desk: Desk, *inside: Part, state: dict[str, Any]) -> Part:
    stores = [
        *[dcc.Store(id=name, data=value) for name, value in state.items()],
        dcc.Store(id="changes-written"),
    ]
    app = html.Div(
        [*stores, parts.header(desk), parts.rail(desk, "changes"), *inside, *parts.reader(desk)],
        id="app",
        className="app app-changes",
        **parts.attributes(
            desk,
            home="changes",
            bounds=desk.meta.bounds,
            selected=bool(state["changes-stretch"]),
        ),
    )
    return parts.provider(desk, app, name="changes-mantine")


def _around(chosen: pl.DataFrame) -> Sequence[float] | None:
    if chosen.is_empty():
        return None
    west, south, east, north = chosen.select("west", "south", "east", "north").row(0)
    return west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND


def _map(
    desk: Desk,
    number: int,
    *,
    view: tuple[float, float, float] | None,
    bounds: Sequence[float],
    tags: dict[str, str],
) -> dl.Map:
    look = {"theme": desk.theme, "tokens": tokens.for_map()}
    return coastmap.bare_map(
        [
            dl.Pane(
                coastmap.land(desk, tags, name="changes-land"), name="land", style={"zIndex": 250}
            ),
            dl.GeoJSON(
                id="changes-lines",
                url=f"/api/coasts/{number}/changes",
                style=coastmap.script("changeStyle"),
                onEachFeature=coastmap.script("eachChange"),
                hideout={
                    **look,
                    "kinds": {kind: desk.say(f"change_{kind}") for kind in KINDS},
                    "offset": desk.say("stretch_offset", m="{m}"),
                },
            ),
            dl.ScaleControl(imperial=False, position="bottomleft"),
        ],
        name="changes-map",
        view=view,
        bounds=bounds,
    )


def _legend(desk: Desk, sums: pl.DataFrame) -> html.Div:
    """Return each kind's line with its kilometres: of the newer shore, of the older where gone."""
    km = {
        row["change"]: row["old_km" if row["change"] == "gone" else "new_km"]
        for row in sums.iter_rows(named=True)
    }
    rows = [
        html.Li(
            [
                html.Span(className=f"line line-{kind}"),
                html.Span(desk.say(f"change_{kind}"), className="legend-kind"),
                html.Span(f"{_km(km[kind])} km", className="legend-km"),
            ]
        )
        for kind in KINDS
        if kind in km
    ]
    return html.Div(
        html.Details(
            [html.Summary(desk.say("changes_legend")), html.Ul(rows, className="legend-body")],
            open=True,
            className="legend-fold",
        ),
        className="legend",
    )


def _origin(desk: Desk, coasts: pl.DataFrame, number: int) -> list[Part]:
    """Return which two coasts are compared, and a way to the other imports."""
    rows = {row["coast_id"]: row for row in coasts.iter_rows(named=True)}
    newer = rows[number]
    parts_told: list[Part] = [
        html.Dl(
            [
                html.Dt(desk.say("coast_newer")),
                html.Dd(_coast(desk, newer)),
                html.Dt(desk.say("coast_older")),
                html.Dd(_coast(desk, rows.get(newer["before"]))),
            ],
            className="facts coasts",
        )
    ]
    if number != coasts["coast_id"][0]:
        parts_told.append(html.P(desk.say("coast_land_newer"), className="gap-note"))
    others = [row for row in rows.values() if row["changed"] and row["coast_id"] != number]
    if others:
        links = [
            html.Li(
                [
                    html.A(_name(desk, row), href=f"/?page=changes&coast={row['coast_id']}"),
                    html.Small(_when(desk, row)),
                ]
            )
            for row in others
        ]
        parts_told.append(
            html.Details(
                [html.Summary(desk.say("coast_imports", n=len(others))), html.Ul(links)],
                className="fold others",
            )
        )
    return parts_told


def _coast(desk: Desk, row: Row | None) -> list[Part] | str:
    if row is None:
        return desk.say("coast_unrecorded")
    source = row["source"] or ""
    made = any(t("coast_made_sign", lang) in source for lang in ("zh", "en"))
    return [
        html.Span(_name(desk, row), className="coast-name"),
        *([" ", html.Span(desk.say("coast_made"), className="mark made")] if made else []),
        html.Small(
            desk.say(
                "coast_of", t=_when(desk, row), crs=row["crs"] or desk.say("coast_crs_unknown")
            )
        ),
    ]


def _name(desk: Desk, row: Row) -> str:
    return half(row["source"], desk.lang) or desk.say("coast_unrecorded")


def _when(desk: Desk, row: Row) -> str:
    return f"{moment(row['t']).astimezone(desk.tz):%Y-%m-%d %H:%M}"


def _sums(desk: Desk, sums: pl.DataFrame, lines: gpd.GeoDataFrame) -> html.Table:
    rows = [_sum(desk, row) for row in sums.iter_rows(named=True)]
    km = sums.select("old_km", "new_km").sum().row(0)
    # A segment may stand in several kinds: over all of them it is counted once.
    segments = [lines[name].nunique() for name in ("old_segment_id", "new_segment_id")]
    return html.Table(
        [
            html.Caption(desk.say("sums_caption")),
            html.Thead(
                html.Tr(
                    [
                        html.Th(
                            desk.say(f"sums_{name}"),
                            scope="col",
                            className="" if name == "change" else "num",
                        )
                        for name in ("change", "segments", "km", "offset")
                    ]
                )
            ),
            html.Tbody(rows),
            html.Tfoot(
                html.Tr(
                    [
                        html.Th(desk.say("sums_all"), scope="row"),
                        html.Td(
                            _pair(*[f"{n}" for n in segments]),
                            className="num",
                        ),
                        html.Td(
                            _pair(*[_km(part) for part in km]),
                            className="num",
                        ),
                        html.Td(""),
                    ]
                )
            ),
        ],
        className="sums",
    )


def _sum(desk: Desk, row: Row) -> html.Tr:
    kind = row["change"]
    both = kind not in {"gone", "new"} and row["offset_m"] is not None
    return html.Tr(
        [
            html.Th(
                html.Button(
                    [html.Span(className=f"line line-{kind}"), desk.say(f"change_{kind}")],
                    type="button",
                    className="kind",
                    **{"data-kind": kind, "aria-pressed": "true"},
                ),
                scope="row",
            ),
            html.Td(_pair(f"{row['old_segments']}", f"{row['new_segments']}"), className="num"),
            html.Td(_pair(_km(row["old_km"]), _km(row["new_km"])), className="num"),
            html.Td(f"{row['offset_m']:.0f}" if both else "–", className="num"),
        ]
    )


def _km(km: float) -> str:
    return "<0.1" if 0 < km < 0.05 else f"{km:.1f}" if km else "0"


def _pair(old: str, new: str) -> str:
    return f"{old} → {new}"


def _listed(desk: Desk, stretches: pl.DataFrame, chosen: int | None) -> list[Part]:
    """Return the stretches that changed, those of each kind up to a number."""
    if stretches.is_empty():
        return [
            html.H3(desk.say("stretches")),
            html.P(desk.say("changes_all_kept"), className="hint"),
        ]
    rank = pl.int_range(pl.len()).over("change")
    shown = stretches.filter((rank < MOST_LISTED) | (pl.col("stretch") == (chosen or 0)))
    rows = [_row(desk, row, chosen) for row in shown.iter_rows(named=True)]
    more = stretches.height - shown.height
    return [
        html.H3(
            [
                desk.say("stretches"),
                html.Small(desk.say("stretches_count", n=stretches.height)),
            ]
        ),
        html.Ol(rows, className="rows stretches", **{"data-open": desk.say("stretch_open")}),
        *(
            [html.P(desk.say("stretches_more", most=MOST_LISTED, n=more), className="hint")]
            if more
            else []
        ),
    ]


def _row(desk: Desk, row: Row, chosen: int | None) -> html.Li:
    """Return one stretch in as few parts as can be: a page takes its time for each."""
    kind, on = row["change"], row["stretch"] == chosen
    return html.Li(
        html.Button(
            [
                html.Span(f"{desk.say(f'change_{kind}')} {_length(row)}", className="stretch-name"),
                html.Small(" · ".join(_about(desk, row))),
            ],
            type="button",
            className="row-button",
            **{
                "data-stretch": str(row["stretch"]),
                "data-on": row["segment_id"] or "",
                "aria-pressed": "true" if on else "false",
            },
        ),
        className="stretch",
        **{"data-change": kind},
    )


def _about(desk: Desk, row: Row) -> list[str]:
    at = {"lon": (row["west"] + row["east"]) / 2, "lat": (row["south"] + row["north"]) / 2}
    where = desk.section_name(row["section_id"]) if desk.sections else places.detail(desk, at)
    offset = row["offset_m"]
    return [
        places.kind(desk, row) + where,
        *([desk.say("stretch_offset", m=f"{offset:.0f}")] if offset is not None else []),
    ]


def _length(row: Row) -> str:
    """Return how long a stretch was and is; one length where it has but one."""
    old, new = (_metres(row[name]) for name in ("old_m", "new_m"))
    if row["change"] in {"gone", "new"}:
        return old if row["change"] == "gone" else new
    return _pair(old, new)


def _metres(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"
