"""A section's shift on one page, for one thumb: where, why, when, who, what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import polars as pl
from dash import dcc, html

from dashboards import eventlist, overview, panel, parts, places, times, zones
from dashboards.address import View
from dashboards.chiefs import call, people
from dashboards.desk import Desk, level_of, whole
from dashboards.source import Part
from dashboards.words import known

_TOP = 3
_EVENTS = 5

Row = Mapping[str, Any]


def page(
    desk: Desk, view: View, *, rows: pl.DataFrame, shift: str | None, found: Sequence[Row]
) -> Part:
    """Return the page for the section and shift that an address asks for.

    ``rows`` are all segments with their scores in the shift, ``found`` the events of a day before
    it ended, by rank.
    """
    if not desk.sections:
        return _frame(
            desk,
            html.Main(
                overview.empty(desk.say("day_none_title"), desk.say("day_none_mend")),
                className="bare",
            ),
        )
    section = chosen(desk, view, rows)
    mine = rows.filter(pl.col("section_id") == section) if rows.height else rows
    shore = desk.source.segments()
    here = set(shore["segment_id"][(shore["section_id"] == section).to_numpy(bool)])
    told = desk.source.daily(section, shift) if shift else None
    inside: list[Part] = [_head(desk, section, shift), *_top(desk, mine, shift)]
    if told is not None and shift is not None:
        events = [row for row in found if row["segment_id"] in here][:_EVENTS]
        inside += [
            _zones(desk, section, shift),
            _patrols(desk, told, shift),
            _who(desk, told),
            _things(desk, "day_late", told["late"]),
            _things(desk, "day_broken", told["broken"]),
            _found(desk, told["incidents"], events),
        ]
    return _frame(desk, html.Main(html.Div(inside, className="day-parts"), className="day"))


def chosen(desk: Desk, view: View, rows: pl.DataFrame) -> str:
    """Return the section that is asked for, one's own, else that of the highest score."""
    for one in (view.section, desk.person.section):
        if one in desk.sections:
            return str(one)
    scored = rows.drop_nulls("section_id") if rows.height else rows
    if scored.height:
        return str(scored.sort("score", descending=True)["section_id"][0])
    return next(iter(desk.sections))


def _frame(desk: Desk, main: Part) -> Part:
    stores = {"day-lang": desk.lang, "day-theme": desk.theme}
    app = html.Div(
        [
            *[dcc.Store(id=name, data=value) for name, value in stores.items()],
            dcc.Store(id="day-written"),
            parts.header(desk),
            parts.rail(desk, "day"),
            main,
            *parts.reader(desk),
        ],
        id="app",
        className="app app-day",
        **parts.attributes(desk, home="day", bounds=desk.meta.bounds, selected=False),
    )
    return parts.provider(desk, app, name="day-mantine")


def _to(section: str, shift: str | None) -> str:
    query = {"page": "day", "section": section, **({"shift": shift} if shift else {})}
    return "/?" + urlencode(query, safe=":")


def _card(title: str, *inside: Part, name: str) -> html.Section:
    return html.Section([html.H3(title), *inside], className=f"card day-{name}")


def _head(desk: Desk, section: str, shift: str | None) -> html.Section:
    """Return whose day it is, the shifts of three days, and the way to other sections."""
    first = desk.strip_day(shift)
    cells = []
    for row in desk.source.strip(section, first).iter_rows(named=True):
        if row["shift_id"] not in desk.shifts:
            continue
        score = row["max_score"]
        label = desk.shift_name(row["shift_id"])
        level = "none" if score is None else str(level_of(score))
        cells.append(
            html.A(
                [
                    html.Small(times.day_name(times.shift_day(row["shift_id"]), desk.lang)),
                    html.Span(row["shift_id"][11:]),
                    html.Span(
                        "–" if score is None else str(whole(score)), className=f"chip band-{level}"
                    ),
                ],
                href=_to(section, row["shift_id"]),
                className="day-shift",
                **{
                    "aria-label": f"{label} {'–' if score is None else whole(score)}",
                    **({"aria-current": "true"} if row["shift_id"] == shift else {}),
                },
            )
        )
    others = html.Details(
        [
            html.Summary(desk.say("day_other")),
            html.Ul(
                [
                    html.Li(html.A(desk.named(row), href=_to(name, shift)))
                    for name, row in desk.sections.items()
                    if name != section
                ]
            ),
        ],
        className="fold",
    )
    title = [html.H2(desk.section_name(section))]
    if shift:
        title.append(html.P(desk.shift_name(shift), className="hint"))
    return html.Section(
        [
            *title,
            html.Nav(cells, className="day-shifts", **{"aria-label": desk.say("day_shift")}),
            others,
        ],
        className="card day-head",
    )


def _top(desk: Desk, rows: pl.DataFrame, shift: str | None) -> list[Part]:
    """Return the places of highest risk, each with its sentence, and the tide of the first."""
    if not rows.height or shift is None:
        return [
            _card(desk.say("top"), html.P(desk.say("day_top_none"), className="hint"), name="top")
        ]
    items, tide = [], None
    for row in rows.sort("score", descending=True, maintain_order=True).head(_TOP).to_dicts():
        why = desk.source.explain(row["segment_id"], shift)
        tide = tide or (why and why.get("tide"))
        query = urlencode({"segment": row["segment_id"], "shift": shift}, safe=":")
        items.append(
            html.Li(
                html.A(
                    [
                        html.Span(
                            str(whole(row["score"])),
                            className=f"chip band-{level_of(row['score'])}",
                        ),
                        html.Span(
                            [
                                places.way(desk, row),
                                *([html.Small(why[f"sentence_{desk.lang}"])] if why else []),
                            ],
                            className="row-words",
                        ),
                    ],
                    href=f"/?{query}",
                    className="row-button",
                )
            )
        )
    return [
        _card(desk.say("top"), html.Ol(items, className="rows"), name="top"),
        _card(desk.say("tide"), *panel.tide(desk, tide), name="tide"),
    ]


def _zones(desk: Desk, section: str, shift: str) -> html.Section:
    rows = zones.told(desk, "zones", shift, section)
    if not rows:
        return _card(
            desk.say("zones"), html.P(desk.say("zones_none"), className="hint"), name="zones"
        )
    items = []
    for row in rows:
        west, south, east, north = row["bounds"]
        query = f"view={(south + north) / 2:.4f},{(west + east) / 2:.4f},14&shift={shift}"
        items.append(
            html.Li(
                html.A(
                    [
                        html.Span(desk.say("zone", rank=int(row["rank"])), className="zone-rank"),
                        html.Span(
                            [f"{row['km']:.1f} km", html.Small(row["reason"])],
                            className="row-words",
                        ),
                    ],
                    href=f"/?{query}",
                    className="row-button",
                )
            )
        )
    return _card(desk.say("zones"), html.Ol(items, className="rows"), name="zones")


def _patrols(desk: Desk, told: Row, shift: str) -> html.Section:
    """Return the teams that come by with their stops here, and the county's checkpoints."""
    inside: list[Part] = []
    for team in told["teams"]:
        stops = [html.Li(_stop(desk, stop)) for stop in team["stops"]]
        query = urlencode({"shift": shift, "team": team["team_id"]}, safe=":")
        inside += [
            html.H4(
                [
                    f"{desk.named(team)} · {team[f'kind_{desk.lang}']} ",
                    html.A(desk.say("patrol_sheet"), href=f"/patrols?{query}"),
                ]
            ),
            html.Ol(stops, className="day-stops"),
        ]
    if not inside:
        word = "day_patrols_none" if told["planned"] else "day_unplanned"
        inside.append(html.P(desk.say(word), className="hint"))
    if told["checkpoints"]:
        inside += [
            html.H4(desk.say("day_checkpoints")),
            html.Ul(
                [
                    html.Li(
                        [
                            html.B(times.span(row["t0"], row["t1"], desk.tz)),
                            f" {row['name'] or ''} {row['lat']:.4f}, {row['lon']:.4f}",
                        ]
                    )
                    for row in told["checkpoints"]
                ],
                className="day-stops",
            ),
        ]
    return _card(desk.say("day_patrols"), *inside, name="patrols")


def _stop(desk: Desk, stop: Row) -> list[Part]:
    marks = []
    if stop["part"] == "explore":
        marks.append(desk.say("day_explore"))
    if stop["purpose"] == "due":
        marks.append(desk.say("day_due_stop"))
    return [
        html.B(times.span(stop["start"], stop["leave"], desk.tz)),
        f" {desk.named(dict(stop))} ",
        *[html.Span(mark, className="mark estimate") for mark in marks],
    ]


def _who(desk: Desk, told: Row) -> html.Section:
    wharves = []
    for row in told["wharves"]:
        name = desk.named(row)
        if row["people"]:
            wharves.append(
                html.Details(
                    [
                        html.Summary(desk.say("day_wharf", name=name, n=len(row["people"]))),
                        people(desk, row["people"]),
                    ],
                    className="fold",
                )
            )
        else:
            wharves.append(html.P([name, " ", html.Small(desk.say("day_wharf_none"))]))
    own = [call(desk, row) for row in told["people"]]
    first = html.Div(own, className="chiefs") if own else people(desk, [])
    title = desk.say("day_wharves", n=len(wharves))
    at_wharves = html.Details([html.Summary(title), *wharves], className="fold day-wharves")
    return _card(desk.say("day_who"), first, *([at_wharves] if wharves else []), name="who")


def _things(desk: Desk, word: str, rows: Sequence[Row]) -> html.Section:
    """Return what is late or broken, each a link to it on the map."""
    if not rows:
        none = {"day_late": "day_late_none", "day_broken": "day_broken_none"}[word]
        return _card(desk.say(word), html.P(desk.say(none), className="hint"), name="things")
    items = [
        html.Li(html.A(row[f"text_{desk.lang}"], href=f"/?place={row['table']}/{row['key']}"))
        for row in rows
    ]
    return _card(desk.say(word), html.Ul(items, className="due"), name="things")


def _found(desk: Desk, incidents: Sequence[Row], events: Sequence[Row]) -> html.Section:
    inside: list[Part] = []
    if incidents:
        inside.append(
            html.Ul(
                [
                    html.Li(
                        [
                            desk.say("day_incident", kind=known("kind", row["kind"], desk.lang)),
                            " ",
                            times.when(row["t0"], desk.tz, desk.today, desk.lang),
                        ]
                    )
                    for row in incidents
                ],
                className="due",
            )
        )
    if events:
        rows = [html.Li(eventlist.entry(desk, row, away=True)) for row in events]
        inside.append(html.Ol(rows, className="rows event-rows short"))
    if not inside:
        inside.append(html.P(desk.say("day_found_none"), className="hint"))
    return _card(desk.say("day_found"), *inside, name="found")
