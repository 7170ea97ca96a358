"""The panel about one vessel: who it says it is and said it was, its lists, where it was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from dash import html

from ais import words
from dashboards import eventlist, feeds, overview, parts, times
from dashboards.desk import Desk
from dashboards.events import clean, moment
from dashboards.feedpanel import heard
from dashboards.source import MOST_FOUND, Part
from dashboards.words import WORDS, known, listed

if TYPE_CHECKING:
    from workspace.read import Vessel

#: The most rows of days and sources that are listed, the latest.
MOST_DAYS = 40

#: The most of a vessel's behaviours that are listed, those that rank highest.
MOST_EVENTS = 20

_SAID = ("name", "callsign", "imo", "ship_type", "size", "draught")

Row = Mapping[str, Any]


def told(desk: Desk, mmsi: int) -> list[Part]:
    """Return what is known of a vessel."""
    found = desk.source.vessel(mmsi)
    tools = parts.panel_tools(desk, back="data_back")
    if found is None:
        words = [desk.say(f"vessel_unknown_{part}") for part in ("title", "mend")]
        return [tools, overview.empty(*words)]
    return [
        tools,
        html.H3(_name(desk, found), className="feed-title"),
        html.P(f"MMSI {mmsi} · {kind_word(desk, found.kind)}", className="panel-place"),
        *([html.P(desk.say("simulated"), className="mark made")] if desk.meta.simulated else []),
        *_hulls(desk, found.hulls),
        _identity(desk, found),
        *_behaviours(desk, mmsi),
        *_lists(desk, found.lists),
        *_versions(desk, found.history),
        *_days(desk, found),
    ]


def hits(desk: Desk, text: str | None) -> list[Part]:
    """Return the vessels that a search finds, each as a button."""
    if not text or not text.strip():
        return []
    found = desk.source.vessels_like(text.strip())
    if found.is_empty():
        return [html.P(desk.say("vessel_search_none"), className="hint", role="status")]
    rows = [
        html.Li(
            html.Button(
                html.Span(
                    [
                        row["name"] or desk.say("vessel_unnamed", mmsi=row["mmsi"]),
                        html.Small(f"MMSI {row['mmsi']} · {kind_word(desk, row['kind'])}"),
                    ],
                    className="row-words",
                ),
                type="button",
                className="row-button",
                **{"data-mmsi": str(row["mmsi"])},
            )
        )
        for row in found.head(MOST_FOUND).iter_rows(named=True)
    ]
    more = found.height > MOST_FOUND
    return [
        html.Ol(rows, className="rows hits"),
        *([html.P(desk.say("vessel_search_more", n=MOST_FOUND), className="hint")] if more else []),
    ]


def _name(desk: Desk, found: Vessel) -> str:
    return found.latest["name"] or desk.say("vessel_unnamed", mmsi=found.mmsi)


def kind_word(desk: Desk, kind: str | None) -> str:
    """Return what kind of transmitter it is, in words."""
    return known("kind_ais", (kind or "vessel").replace(" ", "_"), desk.lang)


def _why(desk: Desk, why: str | None) -> str:
    return listed([known("why", code, desk.lang) for code in (why or "").split()], desk.lang)


def _hulls(desk: Desk, hulls: pl.DataFrame) -> list[Part]:
    """Return that several hulls share the number, and how that is known."""
    lines = []
    for row in hulls.iter_rows(named=True):
        words = desk.say("vessel_hulls", n=row["hulls"], why=known("why", row["why"], desk.lang))
        more = []
        if row["distance_km"]:
            more.append(desk.say("vessel_hulls_apart", km=f"{row['distance_km']:.0f}"))
        if row["overlap_s"]:
            more.append(desk.say("vessel_hulls_for", span=feeds.span(desk, row["overlap_s"])))
        end = words[-1]
        lines.append(html.Li("".join([words[:-1], *more, end])))
    return [html.Ul(lines, className="wrongs")] if lines else []


def _identity(desk: Desk, found: Vessel) -> html.Dl:
    latest = found.latest
    rows: list[tuple[str, Part]] = [
        (desk.say("vessel_is"), [kind_word(desk, found.kind), _aside(_why(desk, found.why))])
    ]
    rows += [(word, value) for name in _SAID[1:] if (value := _said(desk, name, latest))
             for word in [_word(desk, name)]]  # fmt: skip
    rows += _pattern(desk, found.mmsi)
    if latest["seen_from"] is not None:
        rows.append((desk.say("vessel_seen"), _span(desk, latest["seen_from"], latest["seen_to"])))
    return html.Dl(
        [part for word, value in rows for part in (html.Dt(word), html.Dd(value))],
        className="facts",
    )


def _pattern(desk: Desk, mmsi: int) -> list[tuple[str, Part]]:
    """Return what the vessel ordinarily does, and by what that is known."""
    held = desk.source.vessel_pattern(mmsi)
    if held is None:
        return []
    why = [words.pattern(code, desk.lang) for code in (held["why"] or "").split()]
    if held["confidence"]:
        why.append(desk.say("vessel_pattern_sure", share=f"{100 * held['confidence']:.0f} %"))
    told = [words.pattern(held["pattern"], desk.lang), _aside(listed(why, desk.lang))]
    return [(desk.say("vessel_pattern"), told)]


def _behaviours(desk: Desk, mmsi: int) -> list[Part]:
    """Return what the vessel had a part in, by rank."""
    found, n = desk.source.vessel_events(mmsi, MOST_EVENTS)
    title = html.H3(desk.say("vessel_events", n=n))
    if not n:
        return [title, html.P(desk.say("vessel_events_none"), className="hint")]
    rows = [
        html.Li(eventlist.entry(desk, clean(row), away=True)) for row in found.iter_rows(named=True)
    ]
    more = desk.say("vessel_events_more", most=MOST_EVENTS)
    return [
        title,
        html.Ol(rows, className="rows event-rows short"),
        *([html.P(more, className="hint")] if n > MOST_EVENTS else []),
    ]


def _aside(text: str) -> Part:
    return html.Small(text, className="why-kind") if text else None


def _word(desk: Desk, name: str) -> str:
    return {
        "name": desk.say("vessel_name"),
        "callsign": desk.say("vessel_callsign"),
        "imo": desk.say("vessel_imo"),
        "ship_type": desk.say("vessel_ship_type"),
        "size": desk.say("vessel_size"),
        "draught": desk.say("vessel_draught"),
    }[name]


def _said(desk: Desk, name: str, row: Row) -> str:
    """Return one thing that a vessel said of itself, nothing where it did not."""
    if name == "size":
        length, width = row["length_m"], row["width_m"]
        if length is None:
            return ""
        if width is None:
            return f"{length:g} m"
        return desk.say("vessel_size_told", length=f"{length:g} m", width=f"{width:g} m")
    if name == "draught":
        return "" if row["draught_m"] is None else f"{row['draught_m']:g} m"
    value = row[name]
    if value is None:
        return ""
    return _ship_type(desk, value) if name == "ship_type" else str(value)


def _ship_type(desk: Desk, code: int) -> str:
    """Return a type of ship (ITU-R M.1371-5, table 53) in words with its number."""
    for key in (f"kind_ship_{code}", f"kind_ship_{code // 10}"):
        if key in WORDS and code >= 10:
            return f"{desk.say(key)} ({code})"
    return str(code)


def _span(desk: Desk, t0: datetime, t1: datetime) -> html.Span:
    """Return a span of local times; UTC on hover."""
    first, last = (moment(t).astimezone(desk.tz) for t in (t0, t1))
    end = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%Y-%m-%d %H:%M}"
    words = f"{first:%Y-%m-%d %H:%M}" if t0 == t1 else f"{first:%Y-%m-%d %H:%M} – {end}"
    return html.Span(words, title=f"{moment(t0):%Y-%m-%d %H:%M} – {moment(t1):%Y-%m-%d %H:%M} UTC")


def _lists(desk: Desk, lists: pl.DataFrame) -> list[Part]:
    title = html.H3(desk.say("vessel_lists"))
    if lists.is_empty():
        return [title, html.P(desk.say("vessel_lists_none"), className="hint")]
    rows = []
    for row in lists.sort("in_force", descending=True, maintain_order=True).iter_rows(named=True):
        basis = known("basis", row["basis"].replace(" ", "_"), desk.lang)
        span = f"{row['valid_from'] or ''}–{row['valid_to'] or ''}"
        about = [
            desk.say("vessel_list_by", basis=basis, told=row["told"]),
            *([desk.say("vessel_list_span", span=span)] if span != "–" else []),
        ]
        kind = known("vessel_list", row["kind"], desk.lang)
        rows.append(
            html.Li(
                [
                    html.Strong(kind, className="mark warn" if row["in_force"] else "mark"),
                    " ",
                    row["list_name"] or row["list_id"],
                    *(
                        []
                        if row["in_force"]
                        else [" ", html.Span(desk.say("vessel_list_over"), className="hint")]
                    ),
                    *([html.P(row["reason"])] if row["reason"] else []),
                    html.P(html.Small(" · ".join(about))),
                ]
            )
        )
    return [title, html.Ul(rows, className="past")]


def _versions(desk: Desk, history: pl.DataFrame) -> list[Part]:
    """Return each version of what it said, the latest first; what is new in it stands out."""
    n = history.height
    if not n:
        words = desk.say("vessel_versions_none")
        return [html.H3(desk.say("vessel_versions", n=0)), html.P(words, className="hint")]
    title = desk.say("vessel_versions", n=n) if n > 1 else desk.say("vessel_versions_one")
    rows = list(history.iter_rows(named=True))
    before: Sequence[Row | None] = [None, *rows[:-1]]
    items = [
        html.Li(
            [html.Time(_span(desk, row["seen_from"], row["seen_to"])), _version(desk, row, old)]
        )
        for row, old in reversed(list(zip(rows, before, strict=True)))
    ]
    return [html.H3(title), html.Ol(items, className="past versions")]


def _version(desk: Desk, row: Row, old: Row | None) -> html.Ul:
    lines = []
    for name in _SAID:
        now, then = _said(desk, name, row), _said(desk, name, old) if old else None
        if not now and not then:
            continue
        fresh = then is not None and now != then
        words: list[Any] = [f"{_word(desk, name)} "]
        if fresh:
            words += [html.Del(then or desk.say("past_empty")), " → "]
        words.append(html.Ins(now or desk.say("past_empty")) if fresh else now)
        lines.append(html.Li(words))
    return html.Ul(lines)


def _days(desk: Desk, found: Vessel) -> list[Part]:
    title = html.H3(desk.say("vessel_days"))
    if found.days.is_empty():
        return [title, html.P(desk.say("vessel_days_none"), className="hint")]
    latest = found.days.sort("date", "source", descending=[True, False])
    heads = ("col_vessel_day", "feeds_source", "cover_rows", "col_vessel_span")
    rows = [
        html.Tr(
            [
                html.Th(times.day_name(row["date"], desk.lang), scope="row",
                        title=row["date"].isoformat()),
                html.Td(
                    html.Button(
                        row["source"],
                        type="button",
                        className="kind",
                        **{"data-feed": row["source"], "data-on": row["date"].isoformat()},
                    )
                ),
                html.Td(f"{row['rows']:,}", className="num"),
                html.Td(heard(row["t0"], row["t1"]).removesuffix(" UTC"), className="num"),
            ]
        )
        for row in latest.head(MOST_DAYS).iter_rows(named=True)
    ]  # fmt: skip
    more = latest.height - MOST_DAYS
    return [
        title,
        html.Table(
            [
                html.Caption(desk.say("vessel_days_caption")),
                html.Thead(
                    html.Tr(
                        [
                            html.Th(desk.say(word), scope="col", className="num" if n > 1 else "")
                            for n, word in enumerate(heads)
                        ]
                    )
                ),
                html.Tbody(rows),
            ],
            className="sums feed-sums",
        ),
        *(
            [
                html.P(
                    desk.say("vessel_days_more", most=MOST_DAYS, n=more, mmsi=found.mmsi),
                    className="hint",
                )
            ]
            if more > 0
            else []
        ),
    ]
