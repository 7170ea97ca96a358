"""The right panel while nothing is selected: where, how bad, who, in the chosen shift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboards import eventlist, forecast, places
from dashboards.chiefs import call
from dashboards.desk import Desk, level_of, whole
from dashboards.source import Part
from dashboards.words import known, listed


def empty(title: str, mend: str) -> html.Div:
    """Return an empty state: why it is empty, and what to do."""
    return html.Div([html.Strong(title), html.P(mend)], className="empty", role="status")


def overview(
    desk: Desk,
    *,
    shift_id: str,
    top: Sequence[dict[str, Any]],
    zones: Sequence[dict[str, Any]],
    gone: Sequence[dict[str, Any]],
    explored: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]],
) -> list[Any]:
    """Return what a shift holds before anything is selected: where, how bad, who."""
    rows = [
        html.Li(
            html.Button(
                [
                    html.Span(
                        str(whole(row["score"])), className=f"chip band-{level_of(row['score'])}"
                    ),
                    html.Span(
                        [
                            places.title(desk, row, row["section_id"]),
                            html.Small(places.detail(desk, row)),
                        ],
                        className="row-words",
                    ),
                ],
                type="button",
                className="row-button",
                **{"data-segment": row["segment_id"]},
            )
        )
        for row in top
    ]
    return [
        html.H2(desk.shift_name(shift_id)),
        html.P(desk.say("panel_empty"), className="hint"),
        html.H3(desk.say("top")),
        html.Ol(rows, className="rows") if rows else _no_rows(desk),
        html.Button(
            desk.say("top_all"), type="button", className="quiet-button", **{"data-view": "list"}
        ),
        *eventlist.top(desk, events),
        html.H3(desk.say("zones")),
        _zones(desk, zones),
        *_gone(desk, gone),
        *_explored(desk, explored),
        *forecast.overview(desk),
        *_notes(desk),
    ]


def _no_rows(desk: Desk) -> html.P:
    return html.P(desk.say("list_empty"), className="hint")


def _zones(desk: Desk, zones: Sequence[dict[str, Any]]) -> Part:
    if not zones:
        return html.P(desk.say("zones_none"), className="hint")
    return html.Ol(
        [
            html.Li(
                [
                    _stretch(desk, zone, desk.say("zone", rank=int(zone["rank"]))),
                    *[
                        call(desk, chief)
                        for chief in (_section_chief(desk, s) for s in zone["section_ids"])
                        if chief
                    ],
                ],
                className="zone",
            )
            for zone in zones
        ],
        className="rows",
    )


def _stretch(desk: Desk, zone: dict[str, Any], word: str) -> html.Button:
    """Return a stretch with its sections, length and reason; pressed, the map goes there."""
    small = html.Small(f"{zone['km']:.1f} km · {zone['reason']}")
    return html.Button(
        [
            html.Span(word, className="zone-rank"),
            html.Span([_sections(desk, zone), small], className="row-words"),
        ],
        type="button",
        className="row-button",
        **{"data-bounds": ",".join(f"{x:.5f}" for x in zone["bounds"])},
    )


def _sections(desk: Desk, zone: dict[str, Any]) -> str:
    return listed([desk.section_name(s) for s in zone["section_ids"]], desk.lang)


def _gone(desk: Desk, zones: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the zones of the day before that are none any more, and why."""
    rows = [
        html.Li(
            html.Button(
                desk.say(
                    "zone_gone",
                    where=_sections(desk, zone),
                    km=f"{zone['km']:.1f}",
                    why=zone["reason"],
                ),
                type="button",
                className="row-button",
                **{"data-bounds": ",".join(f"{x:.5f}" for x in zone["bounds"])},
            )
        )
        for zone in zones
    ]
    return [html.Ul(rows, className="rows zones-gone")] if rows else []


def _explored(desk: Desk, stretches: Sequence[dict[str, Any]]) -> list[Any]:
    """Return what is patrolled by lot, folded: it is told, and does not outshout the zones."""
    if not stretches:
        return []
    km = f"{sum(one['km'] for one in stretches):.1f}"
    rows = [html.Li(_stretch(desk, one, desk.say("explored"))) for one in stretches]
    told = html.Summary(desk.say("explored_many", n=len(stretches), km=km))
    return [html.Details([told, html.Ul(rows, className="rows")], className="fold explored")]


def _section_chief(desk: Desk, section_id: str) -> dict[str, Any] | None:
    row = desk.sections.get(section_id)
    if not row or not row.get("chief_name"):
        return None
    return {
        "role": "section_chief",
        "name": row["chief_name"],
        "unit": row.get("chief_unit"),
        "duty_phone": row.get("duty_phone"),
    }


def _notes(desk: Desk) -> list[Any]:
    notes: list[Any] = []
    if desk.meta.simulated:
        notes.append(html.P(desk.say("simulated_long"), className="made-note"))
    if desk.meta.made:
        names = list(dict.fromkeys(known("what", name, desk.lang) for name in desk.meta.made))
        notes.append(
            html.P(desk.say("made_long", what=listed(names, desk.lang)), className="made-note")
        )
    if desk.meta.missing:
        names = list(dict.fromkeys(known("what", name, desk.lang) for name in desk.meta.missing))
        notes.append(
            html.P(desk.say("missing_long", what=listed(names, desk.lang)), className="gap-note")
        )
    return notes
