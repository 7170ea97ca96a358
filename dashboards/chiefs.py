"""Who answers: a name, what they are, and a duty phone to tap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboards.desk import Desk
from dashboards.source import Part
from dashboards.words import half, known


def people(desk: Desk, chiefs: Sequence[dict[str, Any]]) -> Part:
    """Return everyone who answers for a place, or that no one is listed."""
    if not chiefs:
        return html.P(desk.say("who_none"), className="hint")
    return html.Div([call(desk, chief) for chief in chiefs], className="chiefs")


def call(desk: Desk, chief: dict[str, Any]) -> html.Div:
    """Return one person with the button that calls them."""
    words = html.Span(
        [
            html.Strong(half(chief["name"], desk.lang)),
            html.Small(
                " · ".join(
                    part
                    for part in (
                        known("role", chief["role"], desk.lang),
                        half(chief.get("unit"), desk.lang),
                    )
                    if part
                )
            ),
        ],
        className="row-words",
    )
    phone = chief.get("duty_phone")
    if not phone:
        return html.Div([words], className="chief")
    return html.Div(
        [
            words,
            html.A(
                phone,
                href="tel:" + "".join(c for c in phone if c.isdigit() or c == "+"),
                className="call",
                **{
                    "aria-label": desk.say("call", name=half(chief["name"], desk.lang), phone=phone)
                },
            ),
        ],
        className="chief",
    )
