"""The shift strip: three days of shifts, coloured by the highest risk, with tide and night."""

from __future__ import annotations

import math
from datetime import date, datetime
from itertools import groupby
from typing import Any

from dash import html

from dashboards import times
from dashboards.desk import Desk, level_of, whole
from dashboards.tidecurve import data_uri
from dashboards.tokens import SURFACE
from dashboards.words import listed


def strip(desk: Desk, *, section_id: str | None, day: date, chosen: str | None) -> html.Div:
    """Return the strip of three days from a date, for one section or the whole coast."""
    rows = list(desk.source.strip(section_id, day).iter_rows(named=True))
    if not rows:
        return html.Div(
            [html.Strong(desk.say("not_scored_title")), " ", desk.say("not_scored_mend")],
            className="strip-empty",
        )
    ids = [row["shift_id"] for row in rows]
    focus = chosen if chosen in ids else ids[0]
    days = [
        html.Div(
            [
                html.Div(
                    _day_title(desk, date.fromisoformat(name)),
                    className="strip-day-name" + (" now" if name == str(desk.today) else ""),
                ),
                html.Div(
                    [_cell(desk, row, chosen=chosen, focus=focus) for row in group],
                    className="strip-cells",
                ),
            ],
            className="strip-day",
        )
        for name, group in ((k, list(g)) for k, g in groupby(rows, lambda r: r["shift_id"][:10]))
    ]
    name = desk.section_name(section_id) if section_id else desk.say("whole_coast")
    return html.Div(
        [*_tide(desk, rows), *days],
        className="strip-run",
        role="radiogroup",
        **{"aria-label": desk.say("strip_of", name=name) + " · " + desk.say("shifts_help")},
    )


def _day_title(desk: Desk, day: date) -> str:
    name = times.day_name(day, desk.lang)
    return f"{name} · {desk.say('today')}" if day == desk.today else name


def _cell(desk: Desk, row: dict[str, Any], *, chosen: str | None, focus: str) -> html.Button:
    shift_id, score = row["shift_id"], row["max_score"]
    day = times.day_name(times.shift_day(shift_id), desk.lang)
    window = times.span(row["t0"], row["t1"], desk.tz)
    scored = score is not None and not math.isnan(score)
    if scored:
        level = level_of(score)
        label = desk.say(
            "shift_cell",
            day=day,
            span=window,
            score=whole(score),
            band=desk.band_name(level),
        )
    else:
        level = 0
        label = desk.say("shift_not_scored", day=day, span=window)
    dark = row.get("dark_share") or 0.0
    landable = row.get("landable_share") or 0.0
    guessed = min(row.get("landable_estimated") or 0.0, landable)
    label = listed([label, *_landing(desk, landable, guessed)], desk.lang)
    on_now = row["t0"] <= desk.now < row["t1"]
    return html.Button(
        [
            html.Span(className="cell-night", style={"opacity": f"{0.5 * dark:.2f}"}),
            html.Span(shift_id[11:], className="cell-time"),
            html.Span(str(whole(score)) if scored else "–", className=f"cell-score band-{level}"),
            html.Span(
                html.Span(
                    className="cell-estimated",
                    style={"width": f"{100 * guessed / landable:.1f}%"},
                )
                if guessed
                else None,
                className="cell-landable",
                style={"width": f"{100 * landable:.0f}%"},
            ),
        ],
        className="cell" + (" on-now" if on_now else ""),
        type="button",
        role="radio",
        tabIndex="0" if shift_id == focus else "-1",
        title=label,
        **{
            "data-shift": shift_id,
            "data-scored": "1" if scored else "0",
            "aria-checked": "true" if shift_id == chosen else "false",
            "aria-label": label,
        },
    )


def _landing(desk: Desk, share: float, guessed: float) -> list[str]:
    """Return how much of the shore can be landed on, and how much of that is an estimate."""
    if not share:
        return []
    if not guessed:
        return [desk.say("landable_of", share=_percent(share))]
    return [desk.say("landable_of_estimated", share=_percent(share), part=_percent(guessed))]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "<1 %"


def _tide(desk: Desk, rows: list[dict[str, Any]]) -> list[html.Img]:
    """Return the tide over the whole strip as one drawing laid behind its cells."""
    curve = desk.source.tide(rows[0]["t0"], rows[-1]["t1"])
    if curve is None:
        return []
    moments, heights = curve
    svg = curve_svg(moments, heights, colour=SURFACE[desk.theme]["tide"])  # type: ignore[index]
    return [html.Img(src=data_uri(svg), className="strip-tide", alt="")]


def curve_svg(moments: list[datetime], heights: list[float], *, colour: str) -> str:
    """Draw a bare tide curve that stretches to whatever box holds it."""
    t0, t1 = moments[0], moments[-1]
    low, high = min(heights), max(heights)
    points = "L".join(
        f"{1000 * ((t - t0) / (t1 - t0)):.1f} {36 - 32 * (h - low) / max(0.1, high - low):.1f}"
        for t, h in zip(moments, heights, strict=True)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 40" '
        'preserveAspectRatio="none" width="1000" height="40">'
        f'<path d="M{points}" fill="none" stroke="{colour}" stroke-width="2" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
