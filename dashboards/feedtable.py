"""The table of sources and days: rows and vessels of each, and in words what is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from dash import html

from dashboards import feeds, times
from dashboards.address import UNDATED
from dashboards.desk import Desk
from dashboards.feeds import Sign, Window
from dashboards.parts import icon
from dashboards.source import Part
from dashboards.words import listed


def table(desk: Desk, view: Window, *, source: str, day: str) -> html.Section:
    """Return the table with the ways to earlier and later days."""
    columns: list[date | None] = [*view.days, *([None] if view.undated else [])]
    rows = [_row(desk, view, None, columns, (source, day))]
    rows += [_row(desk, view, one, columns, (source, day)) for one in view.sources]
    more = []
    if view.more:
        words = desk.say("feeds_more", most=feeds.MOST_SOURCES, n=view.more)
        more.append(html.P(words, className="hint"))
    return html.Section(
        [
            html.Div(
                [
                    html.H2(desk.say("feeds")),
                    html.Span(desk.say("feeds_caption"), className="hint feeds-hint"),
                    _way(desk, "back", "feeds_earlier", view.earlier, source),
                    _way(desk, "forward", "feeds_later", view.later, source),
                ],
                className="feeds-head",
            ),
            html.Div(
                [
                    html.Table(
                        [html.Thead(_head(desk, columns)), html.Tbody(rows)],
                        className="feeds",
                        style={"--columns": len(columns)},
                        **{"aria-label": desk.say("feeds")},
                    ),
                    *more,
                ],
                className="feeds-run",
            ),
        ],
        className="feeds-box",
        **{"aria-label": desk.say("feeds")},
    )


def _way(desk: Desk, sign: str, word: str, day: date | None, source: str) -> Part:
    """Return the way to other days; where there are none it stays, without an address."""
    about = {"aria-label": desk.say(word), "title": desk.say(word)}
    if day is None:
        return html.Span(icon(sign), className="round off", **{"aria-hidden": "true"})
    query = {"page": "data", "day": day.isoformat(), **({"source": source} if source else {})}
    return html.A(icon(sign), href=f"/?{urlencode(query)}", className="round", **about)


def _head(desk: Desk, columns: list[date | None]) -> html.Tr:
    heads: list[Any] = [html.Th(desk.say("feeds_source"), scope="col", className="feed-name")]
    for one in columns:
        if one is None:
            title = desk.say("feeds_undated_long")
            heads.append(html.Th(desk.say("feeds_undated"), scope="col", title=title))
        else:
            title = f"{one.isoformat()} UTC · {times.day_name(one, desk.lang)}"
            heads.append(html.Th(f"{one:%m-%d}", scope="col", title=title))
    return html.Tr(heads)


def _row(
    desk: Desk,
    view: Window,
    source: str | None,
    columns: list[date | None],
    chosen: tuple[str, str],
) -> html.Tr:
    name = desk.say("feeds_all") if source is None else source
    cells = [
        html.Td(_all(desk, view, one) if source is None else _one(desk, view, source, one))
        for one in columns
    ]
    for cell, one in zip(cells, columns, strict=True):
        button = cell.children
        at = (source or "", UNDATED if one is None else one.isoformat())
        here = at == chosen
        setattr(button, "data-feed", at[0])
        setattr(button, "data-on", at[1])
        setattr(button, "aria-pressed", "true" if here else "false")
        button.tabIndex = 0 if here else -1
    return html.Tr(
        [html.Th(name, scope="row", className="feed-name", title=name), *cells],
        className="feeds-sum" if source is None else "",
    )


def _all(desk: Desk, view: Window, day: date | None) -> html.Button:
    n = sum(row["rows"] for (_, one), row in view.rows.items() if one == day)
    words = [desk.say("feeds_all"), day_words(desk, day), desk.say("feed_rows", n=f"{n:,}")]
    return html.Button(
        html.Span(feeds.short(desk, n)),
        type="button",
        className="feed",
        **{"aria-label": listed(words, desk.lang)},
    )


def _one(desk: Desk, view: Window, source: str, day: date | None) -> html.Button:
    row = view.rows.get((source, day))
    wrong = feeds.signs(desk, view, source, day)
    words = [source, day_words(desk, day)]
    inside: list[Any] = []
    if row is None:
        words.append(desk.say("feeds_nothing"))
        inside.append(html.Span("–"))
    else:
        words.append(desk.say("feed_rows", n=f"{row['rows']:,}"))
        inside.append(html.Span(feeds.short(desk, row["rows"])))
        if day is not None:
            words.append(desk.say("feed_vessels", n=f"{row['vessels']:,}"))
            inside.append(html.Small(feeds.short(desk, row["vessels"])))
    words += [sign.short for sign in wrong]
    inside += _said(wrong)
    return html.Button(
        inside,
        type="button",
        className=f"feed{' wrong' if wrong else ''}{' none' if row is None else ''}",
        title=" ".join(sign.long for sign in wrong),
        **{"aria-label": listed(words, desk.lang)},
    )


def _said(wrong: list[Sign]) -> list[Part]:
    if not wrong:
        return []
    more = f" +{len(wrong) - 1}" if len(wrong) > 1 else ""
    return [html.Em(wrong[0].short + more)]


def day_words(desk: Desk, day: date | None) -> str:
    """Return a UTC day as the page names it."""
    if day is None:
        return desk.say("feeds_undated_long")
    return times.day_name(day, desk.lang)
