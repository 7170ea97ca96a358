"""Events as a list by rank: the twin of the map's signs, by keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from dash import html

from dashboards import coastmap, events, times
from dashboards.desk import Desk
from dashboards.events import Row
from dashboards.source import Part

if TYPE_CHECKING:
    from workspace.read import Events

PAGE = 40


def pages_of(rows: Sequence[Row]) -> int:
    """Return how many pages the list has, at least one."""
    return max(1, -(-len(rows) // PAGE))


def listing(
    desk: Desk,
    found: Events | None,
    rows: Sequence[Row],
    *,
    span: tuple[datetime, datetime] | None,
    least: float,
    page: int,
) -> list[Part]:
    """Return one page of events with their sentences; ``rows`` are all of them, by rank."""
    if not found or not rows or not span:
        left = left_out(desk, found, least) if found else []
        return [html.P(desk.say("events_none"), className="empty"), *left]
    first = (min(max(1, page), pages_of(rows)) - 1) * PAGE
    told = " – ".join(
        f"{times.day_name(t.astimezone(desk.tz).date(), desk.lang)} {times.clock(t, desk.tz)}"
        for t in span
    )
    return [
        html.P(desk.say("events_caption", n=len(rows), span=told), className="hint"),
        *left_out(desk, found, least),
        html.Ol(
            [html.Li(entry(desk, row)) for row in rows[first : first + PAGE]],
            className="rows event-rows",
            start=first + 1,
        ),
    ]


def left_out(desk: Desk, found: Events, least: float) -> list[Part]:
    """Return what is not told, and why."""
    lines = []
    if found.below:
        lines.append(desk.say("events_left_below", n=found.below, least=f"{least:g}"))
    if found.beyond:
        lines.append(desk.say("events_left_beyond", n=found.beyond))
    return [html.P(line, className="hint") for line in lines]


def entry(desk: Desk, row: Row, *, away: bool = False) -> html.Button | html.A:
    """Return one event as a button that selects it, or from another page as a link to it."""
    label = events.kind(desk, row)
    inside = [
        events.sign(row),
        html.Span(
            [
                html.Span([html.B(f"{label[:1].upper()}{label[1:]}"), " ", events.when(desk, row)]),
                html.Small(events.said(desk, row)[0]),
            ],
            className="row-words",
        ),
        events.rank_bar(desk, row),
    ]
    name = f"events/{row['event_id']}"
    if away:
        return html.A(inside, href=f"/?place={name}", className="row-button")
    return html.Button(inside, type="button", className="row-button", **{"data-place": name})


def top(desk: Desk, rows: Sequence[Row]) -> list[Part]:
    """Return the few events that rank highest, and the way to all of them."""
    every = html.Button(
        desk.say("events_all"),
        type="button",
        className="quiet-button",
        **{"data-listing": "events"},
    )
    return [
        html.H3(desk.say("events_top")),
        html.Ol([html.Li(entry(desk, row)) for row in rows], className="rows event-rows short")
        if rows
        else html.P(desk.say("events_top_none"), className="hint"),
        every,
    ]


def span_of(desk: Desk, shift: str | None) -> tuple[datetime, datetime] | None:
    """Return the time of which events are listed, the same as on the map."""
    window = coastmap.window(desk, "behaviours", shift or "")
    return (window["t0"], window["t1"]) if window else None
