"""Priority zones of a shift and what it explores: on the map, in its legend and in its table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dash import html

from dashboards.desk import Desk


def told(desk: Desk, name: str, shift: str, scope: str | None) -> list[dict[str, Any]]:
    """Return the rows of ``zones``, ``zones_gone`` or ``explored`` in a scope, for the panel."""
    found = []
    for row in desk.source.layer(name, shift_id=shift).to_dict("records"):
        sections = json.loads(row["section_ids"] or "[]")
        if scope is None or scope in sections:
            found.append(
                {
                    "rank": row.get("rank"),
                    "km": float(row["km"]),
                    "reason": row[f"reason_{desk.lang}"],
                    "section_ids": sections,
                    "bounds": row["geometry"].bounds,
                }
            )
    return found


def layer(desk: Desk, shift: str | None) -> tuple[Iterable[Any], list[dict[str, Any]]]:
    """Return shapes of the zones of a shift, then of what it explores, and what each says."""
    if shift is None:
        return [], []
    zones = desk.source.layer("zones", shift_id=shift)
    drawn = desk.source.layer("explored", shift_id=shift)
    about = [
        {
            "label": desk.say("zone", rank=int(row["rank"])),
            "sub": f"{row['km']:.1f} km",
            "rank": int(row["rank"]),
            "part": "plan",
        }
        for row in zones.drop(columns="geometry").to_dict("records")
    ]
    about += [
        {
            "label": desk.say("explored"),
            "sub": f"{row['km']:.1f} km · {row[f'reason_{desk.lang}']}",
            "chance": row["probability"],
            "part": "explore",
        }
        for row in drawn.drop(columns="geometry").to_dict("records")
    ]
    return [*zones.geometry, *drawn.geometry], about


def patrols(desk: Desk, shift: str) -> dict[str, str]:
    """Return for each segment that is to be patrolled its zone, or its chance in the draw."""
    said: dict[str, str] = {}
    for row in desk.source.layer("zones", shift_id=shift).to_dict("records"):
        word = desk.say("zone", rank=int(row["rank"]))
        said |= dict.fromkeys(json.loads(row["segment_ids"]), word)
    for row in desk.source.layer("explored", shift_id=shift).to_dict("records"):
        word = desk.say("explored_row", percent=f"{100 * row['probability']:.2g}")
        said |= dict.fromkeys(json.loads(row["segment_ids"]), word)
    return said


def legend(desk: Desk) -> html.Div:
    """Return how zones and what is explored are drawn; seen while their layer is chosen."""
    rows = [
        html.Li([html.Span(className=f"band-{part}"), desk.say(word)])
        for part, word in (("plan", "zone_legend"), ("explore", "explored_legend"))
    ]
    return html.Div(html.Ul(rows), className="legend-zones")
