"""Days of sources as the data page shows them: which days, what is wrong with each, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards.address import UNDATED
from dashboards.desk import Desk

#: Days that are shown at once.
DAYS = 14

#: The most sources that are listed, those with most rows.
MOST_SOURCES = 40

#: What counts as wrong: taken in so much later, a clock so far off, so many rows refused.
LATE = timedelta(hours=24)
SKEW_S = 2.0
REFUSED_SHARE = 0.05
#: A few lines cut off at the end of a file say nothing.
_REFUSED_ROWS = 20

#: Days of a source taken in within so long of one another came together.
_TOGETHER = timedelta(hours=1)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sign:
    """One thing that is wrong with a day of a source: its word in short, and as a sentence."""

    kind: str
    short: str
    long: str


@dataclass(frozen=True)
class Window:
    """The days shown, oldest first, the sources by rows, and their rows by (source, day)."""

    days: Sequence[date]
    earlier: date | None
    later: date | None
    sources: Sequence[str]
    more: int
    rows: Mapping[tuple[str, date | None], Row]
    since: Mapping[str, date]
    undated: bool

    def newest(self) -> date | None:
        """Return the newest of the days shown."""
        return self.days[-1] if self.days else None


def window(frame: pl.DataFrame, day: str | None, source: str | None) -> Window:
    """Return the fourteen days with data that a day is among; without one the newest fourteen."""
    every = frame["date"].drop_nulls().unique().sort(descending=True).to_list()
    wanted = date.fromisoformat(day) if day and day != UNDATED else None
    at = sum(1 for one in every if wanted and one > wanted)
    page = min(at, len(every) - 1) // DAYS if every else 0
    days = every[page * DAYS : (page + 1) * DAYS]
    shown = frame.filter(pl.col("date").is_in(days) | pl.col("date").is_null())
    ranked = (
        shown.group_by("source")
        .agg(pl.col("rows").sum())
        .sort("rows", "source", descending=[True, False])["source"]
        .to_list()
    )
    sources = ranked[:MOST_SOURCES]
    if source in ranked and source not in sources:
        sources.append(source)
    first = frame.drop_nulls("date").group_by("source").agg(pl.col("date").min())
    return Window(
        days=days[::-1],
        earlier=every[(page + 1) * DAYS] if len(every) > (page + 1) * DAYS else None,
        later=every[page * DAYS - 1] if page else None,
        sources=sources,
        more=len(ranked) - len(sources),
        rows={(row["source"], row["date"]): row for row in _told(shown).iter_rows(named=True)},
        since=dict(first.iter_rows()),
        undated=bool(frame["date"].is_null().any()),
    )


def _told(shown: pl.DataFrame) -> pl.DataFrame:
    """Add what is refused of each day, and whether it was taken in with a later one."""
    taken = pl.col("t1") + pl.duration(milliseconds=pl.col("delay_s") * 1000)
    return (
        shown.sort("source", "date", nulls_last=True)
        .with_columns(taken=taken)
        .with_columns(
            refused=pl.col("rows") - pl.col("kept") - pl.col("passed"),
            together=(
                (pl.col("taken").shift(-1) - pl.col("taken")).abs().over("source") <= _TOGETHER
            ).fill_null(value=False),
        )
    )


def silent(view: Window, source: str, day: date) -> bool:
    """Tell whether a source has nothing of a day although it had data before."""
    return (source, day) not in view.rows and source in view.since and day > view.since[source]


def signs(desk: Desk, view: Window, source: str, day: date | None) -> list[Sign]:
    """Return what is wrong with one day of one source, the gravest first."""
    row = view.rows.get((source, day))
    if row is None:
        if day is not None and silent(view, source, day):
            return [_sign(desk, "silent")]
        return []
    found = []
    if row["refused"] >= _REFUSED_ROWS and row["refused"] > REFUSED_SHARE * row["rows"]:
        found.append(_sign(desk, "refused", share=share(row["refused"], row["rows"])))
    skew = row["skew_s"]
    if skew is not None and abs(skew) > SKEW_S:
        found.append(_sign(desk, "fast" if skew > 0 else "slow", span=span(desk, abs(skew))))
    if is_late(row):
        found.append(_sign(desk, "late", span=span(desk, row["delay_s"])))
    return found


def is_late(row: Row) -> bool:
    """Tell whether a day came too late, and not with later ones as older data does."""
    return (row["delay_s"] or 0.0) > LATE.total_seconds() and not row["together"]


def _sign(desk: Desk, kind: str, **fields: str) -> Sign:
    return Sign(kind, desk.say(f"sign_{kind}", **fields), desk.say(f"sign_{kind}_long", **fields))


def reasons(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Return the reasons of quarantine over rows, the most first."""
    total: dict[str, int] = {}
    for row in rows:
        for one in row["quarantined"]:
            total[one["reason"]] = total.get(one["reason"], 0) + one["rows"]
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))


_STEPS = {
    "zh": (("count_large", 10**8), ("count_small", 10**4)),
    "en": (("count_large", 10**6), ("count_small", 10**3)),
}


def short(desk: Desk, n: int) -> str:
    """Return a number in four or five signs, by the steps of the language."""
    for word, size in _STEPS[desk.lang]:
        if n >= size:
            part = n / size
            return desk.say(word, n=f"{part:.0f}" if part >= 100 else f"{part:.1f}")
    return str(n)


def share(part: int, whole: int) -> str:
    """Return a share in per cent; what is there but tiny never as nothing."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "<0.1%"
    return f"{percent:.0f}%" if percent >= 10 or percent == 0 else f"{percent:.1f}%"


def span(desk: Desk, seconds: float) -> str:
    """Return a time span in the unit that fits it."""
    for word, size in (("days_of", 86_400), ("hours_of", 3_600), ("minutes_of", 60)):
        if seconds >= 2 * size:
            return desk.say(word, n=f"{seconds / size:.0f}")
    return desk.say("seconds_of", n=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")
