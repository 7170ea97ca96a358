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
                    html.Button(
                        [
                            html.Span(desk.say("zone", rank=zone["rank"]), className="zone-rank"),
                            html.Span(
                                [
                                    listed(
                                        [desk.section_name(s) for s in zone["section_ids"]],
                                        desk.lang,
                                    ),
                                    html.Small(f"{zone['km']:.1f} km · {zone['reason']}"),
                                ],
                                className="row-words",
                            ),
                        ],
                        type="button",
                        className="row-button",
                        **{"data-bounds": ",".join(f"{x:.5f}" for x in zone["bounds"])},
                    ),
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
