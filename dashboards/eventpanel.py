"""The right panel with one event in it: the sentence, why it ranks so, who, versions, reach."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from dash import html

from dashboards import events, overview, places, times
from dashboards.desk import Desk
from dashboards.events import Row
from dashboards.parts import panel_tools
from dashboards.source import Part

if TYPE_CHECKING:
    from workspace.read import Event

#: Least probability of each shade but the first, and the most segments that are drawn.
SHADES = (0.005, 0.01, 0.02, 0.05)
MOST_DRAWN = 400

_TOP = 5
_SUMS = ("none", "rest")


def told(desk: Desk, found: Event | None) -> list[Part]:
    """Return what is known of one event, None being one that never was."""
    tools = panel_tools(desk)
    if found is None:
        words_ = [desk.say(f"event_unknown_{part}") for part in ("title", "mend")]
        return [tools, overview.empty(*words_)]
    row = events.clean({name: x for name, x in found.row.items() if name != "geometry"})
    sentence, why = events.said(desk, row)
    label = events.kind(desk, row)
    return [
        tools,
        html.H2(
            [events.sign(row), f"{label[:1].upper()}{label[1:]}"],
            className="event-title",
            **{"data-at": f"{row['lat']:.6f},{row['lon']:.6f}", "data-event": row["event_id"]},
        ),
        html.P(
            [html.Span(events.when(desk, row), title=events.utc(row)), *_where(desk, row)],
            className="panel-place",
        ),
        *([html.P(desk.say("made_one"), className="mark made")] if row.get("made") else []),
        *_withdrawn(desk, found.withdrawn),
        html.P(sentence, className="sentence"),
        html.H3([desk.say("event_rank"), events.rank_bar(desk, row)]),
        *([html.P(why)] if why else []),
        html.H3(desk.say("event_who")),
        html.Ul([html.Li(one) for one in _parties(desk, row)], className="plain-list"),
        *_parts(desk, row),
        *(_reach(desk, found) if row["kind"] == "gap" else []),
        html.P(events.version(desk, row), className="hint"),
    ]


def _where(desk: Desk, row: Row) -> list[Part]:
    told = []
    off = events.off_shore(desk, row)
    if off is not None:
        told.append(desk.say("off_shore", m=events.metres(off)))
    coast = desk.source.segments()
    near = coast[coast["segment_id"] == row.get("segment_id")]
    section = near["section_id"].iloc[0] if len(near) else None
    if isinstance(section, str):
        told.append(desk.section_name(section))
    return [part for one in told for part in (" · ", one)]


def _withdrawn(desk: Desk, since: datetime | None) -> list[Part]:
    if since is None:
        return []
    t = times.when(events.moment(since), desk.tz, desk.today, desk.lang)
    return [html.P(desk.say("event_withdrawn", t=t), className="gap-note", role="status")]


def _parties(desk: Desk, row: Row) -> list[Part]:
    numbers = [row[name] for name in ("mmsi", "other_mmsi") if row.get(name) is not None]
    return [vessel_link(desk, mmsi) for mmsi in numbers] or [desk.say("event_no_identity")]


def vessel_link(desk: Desk, mmsi: int) -> Part:
    """Return a vessel, as a link to what is known of it to those who may look it up."""
    name = desk.say("vessel", mmsi=mmsi)
    if not desk.may("see_vessels"):
        return name
    return html.A(
        [name, " · ", desk.say("vessel_history")],
        href=f"/?page=data&mmsi={mmsi}",
        className="to-vessel",
    )


def _parts(desk: Desk, row: Row) -> list[Part]:
    """Return the events that this one is made of, or that it followed, as buttons."""
    held = events.evidence(row)
    before = held.get("before")
    if row["kind"] == "chain":
        title, parts = desk.say("event_parts"), held.get("parts") or []
    elif isinstance(before, Mapping) and before.get("event_id"):
        title, parts = desk.say("event_before"), [before]
    else:
        return []
    return [html.H3(title), html.Ol([_part(desk, part) for part in parts], className="rows")]


def _part(desk: Desk, part: Mapping[str, Any]) -> html.Li:
    label = events.kind(desk, part)
    about = []
    if part.get("t0"):
        at = events.moment(datetime.fromisoformat(part["t0"]))
        about.append(times.when(at, desk.tz, desk.today, desk.lang))
    if part.get("mmsi") is not None:
        about.append(desk.say("vessel", mmsi=part["mmsi"]))
    return html.Li(
        html.Button(
            [
                events.sign(part),
                html.Span(
                    [f"{label[:1].upper()}{label[1:]}", html.Small(" · ".join(about))],
                    className="row-words",
                ),
            ],
            type="button",
            className="row-button",
            **{"data-place": f"events/{part['event_id']}"},
        )
    )


def share(probability: float) -> str:
    """Return a probability as a share, small ones with a decimal."""
    whole = 100 * probability
    return f"{whole:.0f} %" if whole >= 9.95 else f"{whole:.1f} %"


def split(reach: pl.DataFrame) -> tuple[pl.DataFrame, float, float]:
    """Return the segments in reach, how likely it was at none, and at those not kept.

    Where neither is kept, as by an earlier release, what the segments lack is at none.
    """
    sums = dict(
        reach.filter(pl.col("segment_id").is_in(_SUMS)).select("segment_id", "probability").rows()
    )
    rows = reach.filter(~pl.col("segment_id").is_in(_SUMS))
    lacking = max(0.0, 1.0 - float(rows["probability"].sum() or 0.0))
    return rows, sums.get("none", 0.0 if sums else lacking), sums.get("rest", 0.0)


def _reach(desk: Desk, found: Event) -> list[Part]:
    title = html.H3(desk.say("reach"))
    rows, none, rest = split(found.reach)
    if rows.is_empty():
        return [title, html.P(desk.say("reach_empty"), className="hint")]
    sums = [desk.say("reach_none", share=share(none))]
    if rest >= 0.0005:
        sums.append(desk.say("reach_rest", share=share(rest)))
    beyond = rows.slice(MOST_DRAWN)
    more = (
        desk.say(
            "reach_more",
            n=MOST_DRAWN,
            more=beyond.height,
            share=share(float(beyond["probability"].sum())),
        )
        if beyond.height
        else None
    )
    day = _day(desk, found)
    return [
        title,
        html.P(html.Strong("；".join(sums) if desk.lang == "zh" else "; ".join(sums))),
        _shades(),
        html.P(desk.say("reach_help"), className="hint"),
        *([html.P(more, className="hint")] if more else []),
        html.Ol(
            [_stretch(desk, one, day) for one in rows.head(_TOP).iter_rows(named=True)],
            className="rows",
        ),
    ]


def _shades() -> html.Ul:
    """Return the shades from likely to unlikely with their breaks."""
    ends = [f"≥ {100 * least:g} %" for least in reversed(SHADES)]
    words_ = [*ends, f"< {100 * SHADES[0]:g} %"]
    return html.Ul(
        [
            html.Li([html.Span(className=f"shade shade-{5 - n}"), text])
            for n, text in enumerate(words_)
        ],
        className="reach-shades",
    )


def _stretch(desk: Desk, one: Row, day: date) -> html.Li:
    coast = desk.source.segments()
    near = coast[coast["segment_id"] == one["segment_id"]]
    if not len(near):
        return html.Li(f"{one['segment_id']} · {line(desk, one, day)}")
    row = near.drop(columns="geometry").to_dict("records")[0]
    section = row["section_id"] if isinstance(row["section_id"], str) else None
    where = [places.title(desk, row, section), places.detail(desk, row)]
    return html.Li(
        html.Button(
            html.Span([" · ".join(where), html.Small(line(desk, one, day))], className="row-words"),
            type="button",
            className="row-button",
            **{"data-bounds": ",".join(f"{x:.5f}" for x in near.total_bounds)},
        )
    )


def _day(desk: Desk, found: Event) -> date:
    """Return the local day on which an event began: its hours stand without a date."""
    return events.moment(found.row["t0"]).astimezone(desk.tz).date()


def line(desk: Desk, one: Row, day: date) -> str:
    """Return how likely a segment was reached, how soon, and whether it could be landed on."""
    parts = [desk.say("reach_likely", share=share(one["probability"]))]
    for name in ("earliest", "latest"):
        if one[name] is not None:
            t = times.when(events.moment(one[name]), desk.tz, day, desk.lang)
            parts.append(desk.say(f"reach_{name}", t=t))
    minutes = one["landable_min"]
    if minutes is not None:
        can = minutes >= 0.5
        parts.append(
            desk.say("reach_landable", m=f"{minutes:.0f}")
            if can
            else desk.say("reach_not_landable")
        )
    return ("，" if desk.lang == "zh" else ", ").join(parts)


def drawn(desk: Desk, found: Event) -> dict[str, Any]:
    """Return what the map draws of an event: the way, and its reach with the words to tap.

    ``reach.rows`` has segment, probability, shade 0..4 and words, the least likely first.
    """
    rows, none, rest = split(found.reach)
    day = _day(desk, found)
    kept = rows.head(MOST_DRAWN).reverse()
    shades = np.searchsorted(SHADES, kept["probability"].to_numpy(), side="right")
    return {
        "event_id": found.row["event_id"],
        "path": events.path(found.row["geometry"]),
        "reach": {
            "none": round(none, 5),
            "rest": round(rest, 5),
            "left_out": max(0, rows.height - MOST_DRAWN),
            "rows": [
                [one["segment_id"], one["probability"], int(shade), line(desk, one, day)]
                for one, shade in zip(kept.iter_rows(named=True), shades, strict=True)
            ],
        }
        if rows.height
        else None,
    }
