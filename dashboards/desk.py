"""What one answer is written with: who asks, in which language, at what local time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dashboards import times
from dashboards.seen import Seen
from dashboards.source import Person
from dashboards.words import Lang, t
from risk.bands import BANDS, band

if TYPE_CHECKING:
    from workspace.read import Meta


def level_of(score: float) -> int:
    """Return the band of a score as the level 1..5 that colours and widths are named by."""
    return band(score).index + 1


def whole(score: float) -> int:
    """Return a score as it is shown: cut, so that 39.8 is no 40 in the colour below."""
    return math.floor(score)


ShiftSpan = tuple[str, datetime, datetime]


@dataclass(frozen=True)
class Desk:
    """The asker's side of every page: source, person, language and theme."""

    source: Seen
    person: Person
    lang: Lang = "zh"
    theme: str = "light"

    def may(self, act: str) -> bool:
        """Tell whether the asker may do an act of `workspace.rights` at all."""
        return self.source.may(act)

    @cached_property
    def meta(self) -> Meta:
        """Return what the workspace says of itself."""
        return self.source.meta()

    @cached_property
    def tz(self) -> ZoneInfo:
        """Return the county's time zone."""
        return ZoneInfo(self.meta.timezone)

    @cached_property
    def now(self) -> datetime:
        """Return the time of the answer."""
        return self.source.now()

    @cached_property
    def today(self) -> date:
        """Return the local date of the answer."""
        return self.now.astimezone(self.tz).date()

    @cached_property
    def shifts(self) -> dict[str, ShiftSpan]:
        """Return the scored shifts by id, in time order."""
        return {shift[0]: shift for shift in self.source.scored_shifts()}

    @cached_property
    def sections(self) -> dict[str, dict[str, Any]]:
        """Return the sections by id."""
        return {row["section_id"]: row for row in self.source.sections().iter_rows(named=True)}

    @cached_property
    def whole_sections(self) -> list[str]:
        """Return the sections of which the asker sees all, whose shift can be told."""
        return [one for one in self.sections if self.source.sees_section(one)]

    def say(self, key: str, **fields: object) -> str:
        """Return one text in the asker's language."""
        return t(key, self.lang, **fields)

    def named(self, row: dict[str, Any]) -> str:
        """Return a row's name in the asker's language, the other one where it is missing."""
        first, second = ("name", "name_en") if self.lang == "zh" else ("name_en", "name")
        return row.get(first) or row.get(second) or ""

    def section_name(self, section_id: str | None) -> str:
        """Return a section's name, or that there is none."""
        row = self.sections.get(section_id or "")
        return self.named(row) if row else self.say("unassigned")

    def shift_name(self, shift_id: str) -> str:
        """Return a shift as its day and local window, today and tonight in a word."""
        day = times.shift_day(shift_id)
        spans = self.shifts.get(shift_id)
        window = times.span(spans[1], spans[2], self.tz) if spans else shift_id[11:]
        if day == self.today:
            tonight = shift_id[11:13] >= "18"
            word = self.say("tonight" if tonight else "today")
            return f"{word} {window}"
        return f"{times.day_name(day, self.lang)} {window}"

    def band_name(self, level: int) -> str:
        """Return the name of a level 1..5."""
        named = BANDS[level - 1]
        return named.name_zh if self.lang == "zh" else named.name_en

    def strip_day(self, shift_id: str | None) -> date:
        """Return the first day of the strip: a shift's own, earlier where scores end with it."""
        if shift_id is None:
            return self.today
        day = times.shift_day(shift_id)
        first, last = (times.shift_day(end) for end in (next(iter(self.shifts)), max(self.shifts)))
        return max(first, min(day, last - timedelta(days=2))) if day >= first else day

    def default_shift(self) -> str | None:
        """Return the shift on duty now, else the next one, else the last that is scored."""
        for shift_id, _, t1 in self.shifts.values():
            if t1 > self.now:
                return shift_id
        return next(reversed(self.shifts), None)
