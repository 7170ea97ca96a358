"""The map's twin as a table: every segment, sortable, by keyboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from dash import html

from dashboards import places
from dashboards.desk import Desk, level_of, whole
from dashboards.source import Part

PAGE = 40

#: Column → what it sorts by, and whether the first click sorts downwards.
COLUMNS: dict[str, tuple[str, bool]] = {
    "section": ("section_id", False),
    "place": ("from_m", False),
    "score": ("score", True),
    "range": ("width", True),
}


def ordered(rows: pl.DataFrame, sort: str) -> pl.DataFrame:
    """Return rows sorted by a column, ``-column`` downwards; ties keep the coast's order."""
    name = sort.lstrip("-")
    key = COLUMNS.get(name, COLUMNS["score"])[0]
    keys = [key, "from_m"] if key == "section_id" else [key]
    return rows.sort(keys, descending=sort.startswith("-"), nulls_last=True, maintain_order=True)


def pages_of(rows: pl.DataFrame) -> int:
    """Return how many pages the table has, at least one."""
    return max(1, -(-rows.height // PAGE))


def listing(
    desk: Desk,
    rows: pl.DataFrame,
    *,
    shift_id: str,
    sort: str,
    page: int,
    chosen: str | None,
    patrols: Mapping[str, str],
) -> Part:
    """Return one page of the table; ``rows`` are all that match, in the coast's order.

    ``patrols`` says of a segment for what it is patrolled in the shift.
    """
    if rows.is_empty():
        return html.P(desk.say("list_empty"), className="empty")
    page = min(max(1, page), pages_of(rows))
    first = (page - 1) * PAGE
    shown = ordered(rows, sort).slice(first, PAGE).to_dicts()
    lines = [
        _row(desk, row, first + i, chosen, patrols.get(row["segment_id"]))
        for i, row in enumerate(shown, 1)
    ]
    return html.Table(
        [
            html.Caption(desk.say("list_caption", n=rows.height, shift=desk.shift_name(shift_id))),
            html.Thead(
                html.Tr(
                    [
                        html.Th(desk.say("col_rank"), scope="col", className="num"),
                        *[_head(desk, name, sort) for name in COLUMNS],
                    ]
                )
            ),
            html.Tbody(lines),
        ],
        className="list-table",
    )


def _head(desk: Desk, name: str, sort: str) -> html.Th:
    down_first = COLUMNS[name][1]
    current = sort.lstrip("-") == name
    down = sort.startswith("-")
    turned = name if down else f"-{name}"
    other = turned if current else (f"-{name}" if down_first else name)
    arrow = (" ▼" if down else " ▲") if current else ""
    label = desk.say(f"col_{name}")
    state = ("descending" if down else "ascending") if current else "none"
    return html.Th(
        html.Button(
            [label, html.Span(arrow, **{"aria-hidden": "true"})],
            type="button",
            title=desk.say("sort_by", col=label),
            **{"data-sort": other},
        ),
        scope="col",
        className="num" if name != "section" else "",
        **{"aria-sort": state},
    )


def _row(
    desk: Desk, row: dict[str, Any], rank: int, chosen: str | None, patrol: str | None
) -> html.Tr:
    level = level_of(row["score"])
    return html.Tr(
        [
            html.Td(rank, className="num"),
            html.Td(
                [
                    html.Button(
                        desk.section_name(row["section_id"]),
                        type="button",
                        **{"data-segment": row["segment_id"]},
                    ),
                    *([html.Small(patrol, className="patrol")] if patrol else []),
                ]
            ),
            html.Td(
                f"{places.kind(desk, row)}{row['from_m'] / 1000:.1f}–{row['to_m'] / 1000:.1f}",
                className="num",
            ),
            html.Td(
                [
                    html.Span(str(whole(row["score"])), className=f"chip band-{level}"),
                    html.Small(desk.band_name(level)),
                ],
                className="num",
            ),
            html.Td(f"{whole(row['lo'])}–{whole(row['hi'])}", className="num"),
        ],
        className="chosen" if row["segment_id"] == chosen else "",
        **{"data-row": row["segment_id"]},
    )
