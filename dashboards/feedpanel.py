"""The panel about one day: what each source brought, or one in full, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from dash import html

from dashboards import feeds, parts, times
from dashboards.address import UNDATED
from dashboards.desk import Desk
from dashboards.feeds import Row, Sign, Window
from dashboards.feedtable import day_words
from dashboards.source import MOST_SAMPLES, Part
from dashboards.words import WORDS, known, listed

#: Signs that the sentence about the newest day names one by one.
_NAMED = 3


def told(desk: Desk, view: Window, *, source: str, day: str) -> list[Part]:
    """Return what is known of a day of one source, of all sources where none is chosen."""
    on = None if day == UNDATED else date.fromisoformat(day)
    if source:
        return _source(desk, view, source, on)
    rows = [row for (_, one), row in view.rows.items() if one == on]
    return [
        html.P(_sentence(desk, view), className="sentence"),
        html.H3(_title(desk, on)),
        *(
            [html.P(desk.say("day_nothing"), className="hint")]
            if not rows
            else [_sources(desk, view, on), *_refused(desk, rows, "", on)]
        ),
        html.Details(
            [
                html.Summary(desk.say("signs")),
                html.P(
                    desk.say(
                        "signs_told",
                        late=feeds.span(desk, feeds.LATE.total_seconds()),
                        skew=feeds.span(desk, feeds.SKEW_S),
                        share=feeds.share(int(100 * feeds.REFUSED_SHARE), 100),
                    ),
                    className="hint",
                ),
            ],
            className="fold",
        ),
    ]


def _title(desk: Desk, day: date | None) -> str:
    words = day_words(desk, day)
    return words if day is None else desk.say("day_of", day=words)


def _sentence(desk: Desk, view: Window) -> str:
    """Return in a sentence how the newest of the days shown is."""
    day = view.newest()
    if day is None:
        return desk.say("day_nothing")
    rows = [row for (_, one), row in view.rows.items() if one == day]
    told_sum = desk.say(
        "data_sum",
        day=times.day_name(day, desk.lang),
        sources=len(rows),
        rows=feeds.short(desk, sum(row["rows"] for row in rows)),
    )
    days = [*view.days, *([None] if view.undated else [])]
    every = [
        (one, f"{source} {sign.short}")
        for one in days
        for source in view.sources
        for sign in feeds.signs(desk, view, source, one)
    ]
    wrong = [words for one, words in every if one == day]
    named = wrong[:_NAMED] + ([desk.say("data_wrong_more")] if len(wrong) > _NAMED else [])
    word = "data_wrong_one" if len(wrong) == 1 else "data_wrong" if wrong else "data_well"
    said = [told_sum, desk.say(word, n=len(wrong), what=listed(named, desk.lang))]
    if len(every) > len(wrong):
        said.append(desk.say("data_before", n=len(every) - len(wrong)))
    return ("" if desk.lang == "zh" else " ").join(said)


def _sources(desk: Desk, view: Window, day: date | None) -> html.Table:
    heads = [
        html.Th(desk.say(word), scope="col", className="" if n == 0 else "num")
        for n, word in enumerate(
            (
                "feeds_source",
                "col_feed_rows",
                "col_feed_vessels",
                "col_feed_delay",
                "col_feed_skew",
                "col_feed_refused",
            )
        )
    ]
    rows = [_figures(desk, view, source, day) for source in view.sources]
    return html.Table(
        [
            html.Caption(desk.say("day_caption")),
            html.Thead(html.Tr(heads)),
            html.Tbody([row for row in rows if row is not None]),
        ],
        className="sums feed-sums",
    )


def _figures(desk: Desk, view: Window, source: str, day: date | None) -> html.Tr | None:
    """Return a source's five figures of a day; those that are wrong stand out, with their word."""
    row = view.rows.get((source, day))
    wrong = feeds.signs(desk, view, source, day)
    kinds = {sign.kind for sign in wrong}
    if row is None and not wrong:
        return None
    name = html.Th(
        html.Button(
            source,
            type="button",
            className="kind",
            title=source,
            **{"data-feed": source, "data-on": UNDATED if day is None else day.isoformat()},
        ),
        scope="row",
    )
    if row is None:
        return html.Tr([name, html.Td(wrong[0].short, colSpan=5, className="wrong")])
    skew = row["skew_s"]
    values = (
        (feeds.short(desk, row["rows"]), False),
        (feeds.short(desk, row["vessels"]), False),
        ("–" if row["delay_s"] is None else feeds.span(desk, row["delay_s"]), "late" in kinds),
        ("–" if skew is None else f"{skew:+.1f} s", bool(kinds & {"fast", "slow"})),
        (feeds.share(row["refused"], row["rows"]), "refused" in kinds),
    )
    return html.Tr(
        [
            name,
            *[html.Td(value, className=f"num{' wrong' if bad else ''}") for value, bad in values],
        ]
    )


def _source(desk: Desk, view: Window, source: str, day: date | None) -> list[Part]:
    row = view.rows.get((source, day))
    wrong = feeds.signs(desk, view, source, day)
    return [
        parts.panel_tools(desk, back="data_back"),
        html.H3(source, className="feed-title"),
        html.P(_title(desk, day), className="panel-place"),
        *_wrong(wrong),
        *(
            [html.P(desk.say("feed_nothing"), className="hint")]
            if row is None
            else [_facts(desk, row), *_refused(desk, [row], source, day)]
        ),
    ]


def _wrong(wrong: Sequence[Sign]) -> list[Part]:
    if not wrong:
        return []
    return [html.Ul([html.Li(sign.long) for sign in wrong], className="wrongs")]


def _facts(desk: Desk, row: Row) -> html.Dl:
    facts: list[tuple[str, Part]] = [
        ("field_rows", f"{row['rows']:,}"),
        ("field_kept", f"{row['kept']:,}"),
        ("field_passed", desk.say("field_passed_of", n=f"{row['passed']:,}")),
        ("field_refused", f"{row['refused']:,} · {feeds.share(row['refused'], row['rows'])}"),
    ]
    if row["date"] is not None:
        facts += [
            ("field_positions", f"{row['positions']:,}"),
            ("field_vessels", f"{row['vessels']:,}"),
        ]
    if row["t0"] is not None:
        facts += [
            ("field_heard", heard(row["t0"], row["t1"])),
            ("field_delay", _delay(desk, row)),
        ]
    if row["date"] is not None:
        facts.append(("field_skew", _skew(desk, row["skew_s"])))
    return html.Dl(
        [part for word, value in facts for part in (html.Dt(desk.say(word)), html.Dd(value))],
        className="facts",
    )


def heard(t0: datetime, t1: datetime) -> str:
    """Return the span of a day's positions in UTC, as the day itself is."""
    return f"{t0:%H:%M}–{t1:%H:%M} UTC"


def _delay(desk: Desk, row: Row) -> str:
    words = desk.say("feed_delay_told", span=feeds.span(desk, max(0.0, row["delay_s"])))
    return desk.say("feed_delay_together", told=words) if row["together"] else words


def _skew(desk: Desk, skew: float | None) -> str:
    if skew is None:
        return desk.say("feed_skew_none")
    if abs(skew) < 0.05:
        return desk.say("feed_skew_right")
    return desk.say(
        "feed_skew_fast" if skew > 0 else "feed_skew_slow", span=feeds.span(desk, abs(skew))
    )


def _refused(desk: Desk, rows: Sequence[Row], source: str, day: date | None) -> list[Part]:
    """Return what was refused, by reason with its mend and some samples."""
    reasons = feeds.reasons(rows)
    if not reasons:
        return [
            html.H3(desk.say("refused")),
            html.P(desk.say("refused_none"), className="hint"),
        ]
    whole = sum(row["rows"] for row in rows)
    samples = desk.source.refused(source or None, day)
    return [
        html.H3(desk.say("refused")),
        html.Ol(
            [
                _reason(desk, name, n, whole, samples.filter(pl.col("reason") == name))
                for name, n in reasons
            ],
            className="rows refusals",
        ),
        *(
            [html.P(desk.say("refused_samples_note", most=MOST_SAMPLES), className="hint")]
            if samples.height
            else []
        ),
    ]


def _reason(desk: Desk, name: str, n: int, whole: int, samples: pl.DataFrame) -> html.Li:
    mend = mend_of(desk, name) or (samples["mend"][0] if samples.height else "")
    inside: list[Any] = [
        html.Div(
            [
                html.Strong(reason_of(desk, name)),
                html.Span(
                    desk.say("refused_rows", n=f"{n:,}", share=feeds.share(n, whole)),
                    className="num",
                ),
            ],
            className="refusal-head",
        ),
        html.P(mend, className="hint"),
    ]
    if samples.height:
        lines = [
            html.Li(
                [
                    html.Small(
                        desk.say("refused_sample_at", file=one["file"], row=one["row"])
                        if one["row"] is not None
                        else one["file"]
                    ),
                    html.Code(one["detail"]),
                ]
            )
            for one in samples.iter_rows(named=True)
        ]
        inside.append(
            html.Details(
                [
                    html.Summary(desk.say("refused_samples", n=samples.height)),
                    html.Ul(lines, className="samples"),
                ],
                className="fold",
            )
        )
    return html.Li(inside, className="refusal")


def _family(name: str) -> str:
    """Return the reason under which a packed file's faults are told, whatever packed it."""
    for family in ("truncated", "damaged"):
        if name.startswith(f"{family}_"):
            return family
    return name


def reason_of(desk: Desk, name: str) -> str:
    """Return a reason of quarantine in words."""
    return known("refused", _family(name), desk.lang)


def mend_of(desk: Desk, name: str) -> str:
    """Return what can be done about a reason, nothing where its code has no words of its own."""
    key = f"refused_{_family(name)}_mend"
    return desk.say(key) if key in WORDS else ""
