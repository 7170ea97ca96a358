"""The layouts in which tide tables are published, read cell by cell."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from geo._tide_text import (
    Heading,
    Row,
    month_in,
    read_heading,
    read_json,
    read_rows,
    shown,
    unit_of,
    words_of,
)
from geo.datums import canonical
from geo.errors import InputError, Refusal

MEND = (
    "Expected NOAA's CSV, JSON or annual text; columns of time and height; a date with 24 hourly "
    "heights; or a date with up to four pairs of 潮时 and 潮高. docs/tides.md shows each."
)
# The first of these that a column's name holds a word of is what the column is.
_ROLES = {
    "type": {"type", "high", "高低潮", "高低", "潮型", "类型", "类别"},
    "height": {
        "height", "prediction", "pred", "predicted", "v", "level", "elevation",
        "潮高", "潮位", "水位", "高度",
    },
    "time": {"time", "t", "datetime", "timestamp", "潮时", "时间", "时刻", "日期时间"},
    "date": {"date", "日期", "日", "公历", "年月日"},
    "station": {"station"},
}  # fmt: skip
# Chinese names are one word: 第一高潮潮时, 低潮位.
_ENDINGS = {"time": ("潮时", "时间", "时刻"), "height": ("潮高", "潮位")}
_IN_NAMES = frozenset({"MSL", "MLLW", "LAT", "CD", "NAVD88"})
_HIGH = frozenset({"h", "hh", "high", "高", "高潮", "满潮"})
_LOW = frozenset({"l", "ll", "low", "低", "低潮", "干潮"})
_HEADER_WITHIN = 60

Month = tuple[int, int | None]


@dataclass
class Raw:
    """A table as it stands: times and figures in its own zone and unit, and what is said of them.

    ``high`` is None where a row bears no mark; ``extremes`` is whether the layout is one of high
    and low waters, None where it may be either.
    """

    heading: Heading
    where: str
    rows: list[int] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    high: list[bool | None] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    extremes: bool | None = None

    def add(self, row: int, at: datetime, figure: str, mark: str = "") -> None:
        """Keep one figure; raise ValueError where it is no number, or its mark is none."""
        number = _height(figure)
        high = _is_high(mark)
        self.rows.append(row)
        self.times.append(at)
        self.figures.append(number)
        self.high.append(high)

    @contextmanager
    def refusing(self, row: int, cells: list[str]) -> Iterator[None]:
        """Take a ValueError as the refusal of a row."""
        try:
            yield
        except ValueError as problem:
            self.refused.append(
                Refusal(
                    self.where,
                    row,
                    "bad_tide_row",
                    f"time or height cannot be read in {shown(*cells)!r} ({problem})",
                    "Correct the row; the others were kept.",
                )
            )


def read_raw(path: Path, *, station: str | None = None, sheet: str | None = None) -> Raw:
    """Read a table in any of the layouts; raise InputError where it is in none.

    ``station`` is the one to take where a column tells of several.
    """
    if path.suffix.lower() == ".json":
        return _from_json(path)
    return _from_rows(read_rows(path, sheet=sheet), station, path.name)


def _from_json(path: Path) -> Raw:
    """Return what NOAA's API answered as JSON."""
    table = read_json(path)
    if "error" in table:
        said = table["error"]
        message = said.get("message", said) if isinstance(said, dict) else said
        raise InputError(
            f"NOAA answered with an error ({message})", where=path.name, mend="Ask for it again."
        )
    entries = table.get("predictions", table.get("data"))
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise InputError(
            "it has no list 'predictions' or 'data' of objects", where=path.name, mend=MEND
        )
    meta = table.get("metadata")
    lines = [f"{key}: {value}" for key, value in meta.items()] if isinstance(meta, dict) else []
    raw = Raw(read_heading(lines), path.name)
    for number, one in enumerate(entries, start=1):
        cells = [str(one.get(key) or "") for key in ("t", "v", "type")]
        with raw.refusing(number, cells):
            raw.add(number, _moment(cells[0]), cells[1], cells[2])
    return raw


def _from_rows(rows: list[Row], station: str | None, where: str) -> Raw:
    """Return a table of cells, read by the names of its columns."""
    start, layout = _header(rows, where)
    lines = [row.line for row in rows[:start]]
    raw = Raw(read_heading([*lines, *_pairs(rows[:start])]), where)
    layout.read_names(raw.heading)
    if any(one.day is not None and len(one.times) > 1 for one in layout.groups):
        raw.extremes = True
    own_rows = rows[start + 1 :]
    if layout.station is not None:
        raw.heading.station_id, own_rows = _of_one(own_rows, layout.station, station, where)
    month = month_in(" ".join([*lines, rows[start].line]))
    days: list[date | None] = [None] * len(layout.groups)
    beside: dict[date, int] = {}
    for number, cells, line in own_rows:
        named = month_in(line)
        if named and not re.search(r"年\s*\d+\s*月\s*\d+", line):
            month, days = named, [None] * len(layout.groups)
        elif any(c.isdigit() for c in line) and cells != rows[start].cells:
            own = layout.fitted(cells)
            for k, group in enumerate(layout.groups):
                with raw.refusing(number, own):
                    # A day that cannot be read is not the day above, for the rows below it too.
                    before, days[k] = days[k], None
                    day = days[k] = group.day_of(own, before, month)
                    if day is not None and beside.setdefault(day, k) != k:
                        raise InputError(
                            f"the day {day} stands in two columns of days",
                            where=where,
                            mend="Give each month a file of its own.",
                        )
                    group.read(raw, number, own, day, layout)
        elif re.match(r"(no|error)\b", line, re.IGNORECASE):
            # NOAA says so below a table's header, with the answer's code as if all were well.
            raise InputError(f"it says: {line[:120]}", where=where, mend="Ask for it again.")
    return raw


def _of_one(
    rows: list[Row], column: int, station: str | None, where: str
) -> tuple[str | None, list[Row]]:
    """Return the station that a column tells of and its rows; of several, the one asked for."""
    ids = dict.fromkeys(row.cells[column] for row in rows if len(row.cells) > column)
    named = [one for one in ids if one]
    if len(named) > 1 and station not in named:
        raise InputError(
            f"it holds {len(named)} stations ({', '.join(named[:10])})",
            where=where,
            mend="Name one with --station, and import the file once for each.",
        )
    chosen = station if station in named else next(iter(named), None)
    return chosen, [row for row in rows if len(row.cells) <= column or row.cells[column] == chosen]


def _pairs(rows: list[Row]) -> list[str]:
    """Return a workbook's heading cells as lines of key and value."""
    return [
        f"{key.rstrip(':：')}: {value}"
        for row in rows
        for key, value in pairwise(row.cells)
        if key and value and not re.search(r"[:：]\s*\S", key)
    ]


@dataclass
class _Group:
    """The columns that go with one column of days: pairs of time and height, and their marks."""

    day: int | None = None
    times: list[int] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    types: list[int] = field(default_factory=list)

    def day_of(self, cells: list[str], before: date | None, month: Month | None) -> date | None:
        """Return a row's day: its own, or that of the row above."""
        if self.day is None:
            return None
        return _day(cells[self.day], month) if cells[self.day] else before

    def read(
        self, raw: Raw, number: int, cells: list[str], day: date | None, layout: "_Layout"
    ) -> None:
        """Add one row's figures; raise ValueError where they cannot be read."""
        marks = [cells[column] for column in self.types] or [""] * len(self.times)
        alone = len(layout.groups) == 1 and len(self.times) == 1
        figures = [(f"{hour}:00", column, "") for column, hour in layout.hours if cells[column]] + [
            (cells[when], height, mark)
            for when, height, mark in zip(self.times, self.heights, marks, strict=True)
            if cells[when] or cells[height] or alone
        ]
        if self.day is not None and day is None and (figures or len(layout.groups) == 1):
            raise ValueError("no date")
        for when, column, own in figures:
            with raw.refusing(number, [str(day or ""), when, cells[column]]):
                said = "H" if "高潮" in layout.names[column] else ""
                said = "L" if "低潮" in layout.names[column] else said
                raw.add(number, _moment(when, day), cells[column], own or said)


@dataclass
class _Layout:
    """Where a table keeps its days, times, heights and marks, by column.

    Days may stand in several columns, 1 to 15 beside 16 to 31, each with times and heights of its
    own.
    """

    names: list[str]
    groups: list[_Group]
    hours: list[tuple[int, int]] = field(default_factory=list)
    station: int | None = None

    def read_names(self, heading: Heading) -> None:
        """Take unit, datum and zone from the columns' names, such as height_m_mllw, time_utc."""
        for column in [c for group in self.groups for c in group.heights]:
            words = words_of(self.names[column])
            heading.unit = unit_of(words) or heading.unit
            for code in map(canonical, words):
                heading.datum = code if code in _IN_NAMES else heading.datum
        for column in [c for group in self.groups for c in group.times]:
            if {"utc", "gmt"} & set(words_of(self.names[column])):
                heading.zone = ("", "UTC")

    def fitted(self, cells: list[str]) -> list[str]:
        """Return a row with as many cells as the header has, where it can be told how."""
        width = len(self.names)
        if len(cells) > width and not all(cells):
            # NOAA's annual text has more tabs in its rows than in its header.
            cells = [cell for cell in cells if cell]
        if len(cells) == width + 1 and self.groups[0].day is None and self.groups[0].times == [0]:
            # A date and a time with a space between them, in a table parted by spaces.
            cells = [f"{cells[0]} {cells[1]}", *cells[2:]]
        return cells + [""] * (width - len(cells))


def _header(rows: list[Row], where: str) -> tuple[int, _Layout]:
    """Return which row names the columns, and what they are."""
    for index, row in enumerate(rows[:_HEADER_WITHIN]):
        layout = _layout(row.cells, where)
        if layout is not None:
            return index, layout
    first = re.sub(r"\d{7,}", "…", rows[0].line.strip()[:80])
    raise InputError(
        f"no row names columns of times and heights (it begins {first!r})", where=where, mend=MEND
    )


def _layout(cells: list[str], where: str) -> _Layout | None:
    """Return what a row's cells name, None where they are not a header."""
    names = list(cells)
    if any(name.lower() == "pred(ft)" for name in names):
        names = [name for name in names if name]
    roles = [_role(name) for name in names]
    hours = [(c, int(role)) for c, role in enumerate(roles) if role is not None and role.isdigit()]
    days = [column for column, role in enumerate(roles) if role == "date"]
    found = _Layout(names, [], station=_only(roles, "station"))
    if [hour for _, hour in hours] in (list(range(24)), list(range(1, 25))):
        found.hours = hours
        found.groups = [_Group(day) for day in days or [0]]
    else:
        # Each column of days goes with what follows it, the first with all of a table of one.
        edges = [0, *days[1:], len(names)]
        heads: list[int | None] = [*days] or [None]
        found.groups = [
            _group(names, roles, range(*edge), day)
            for edge, day in zip(pairwise(edges), heads, strict=True)
        ]
        if not any(group.times for group in found.groups) or any(
            len(group.times) != len(group.heights) for group in found.groups
        ):
            return None
    _check_repeated(found, where)
    return found


def _group(names: list[str], roles: list[str | None], columns: range, day: int | None) -> _Group:
    """Return what some neighbouring columns hold."""
    of = {role: [c for c in columns if roles[c] == role] for role in ("time", "height", "type")}
    if len(of["height"]) == 2 and len(of["time"]) == 1:
        # NOAA prints the same heights in feet and in centimetres.
        of["height"] = [c for c in of["height"] if unit_of(words_of(names[c])) == "cm"]
    return _Group(day, of["time"], of["height"], of["type"])


def _check_repeated(layout: _Layout, where: str) -> None:
    """Raise InputError where columns repeat so that it cannot be told which go together."""
    several = len(layout.groups) > 1
    for group in layout.groups:
        if (several and not group.times) or len(group.types) not in (0, len(group.times)):
            again = [c for one in layout.groups for c in (one.day, *one.types) if c is not None]
            raise InputError(
                f"its columns repeat so that it cannot be told which go together "
                f"({', '.join(layout.names[c] for c in sorted(again))})",
                where=where,
                mend=MEND,
            )


def _role(name: str) -> str | None:
    """Return what a column is by its name: a role, or the hour of day that it is headed with."""
    match = re.fullmatch(r"(\d{1,2})(?:时|点|h|:00)?", name.strip().lower())
    if match and int(match[1]) <= 24:
        return str(int(match[1]))
    words = set(words_of(name))
    ends = (role for role, known in _ENDINGS.items() if any(w.endswith(known) for w in words))
    return next((role for role, known in _ROLES.items() if words & known), next(ends, None))


def _only(roles: list[str | None], role: str) -> int | None:
    return roles.index(role) if role in roles else None


def _height(figure: str) -> float:
    """Return a figure; raise ValueError, which does not repeat it, where it is none."""
    try:
        number = float(figure.replace("−", "-").replace("－", "-"))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"{shown(figure)!r} is no height")
    return number


def _is_high(mark: str) -> bool | None:
    """Return whether a mark says high or low; None where there is none."""
    plain = mark.strip().casefold()
    if not plain:
        return None
    if plain not in _HIGH | _LOW:
        raise ValueError(f"{shown(mark)!r} is neither high nor low")
    return plain in _HIGH


def _day(text: str, month: Month | None) -> date:
    """Return a date; a day, or a month and day, take the rest from the line of heading."""
    plain = text.split(" ")[0] if re.match(r"\d{4}", text) else text
    if match := re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", plain):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", plain):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if month and (match := re.fullmatch(r"(\d{1,2})[-/.月](\d{1,2})日?", plain)):
        return date(month[0], int(match[1]), int(match[2]))
    if month and month[1] and (match := re.fullmatch(r"(\d{1,2})日?", plain)):
        return date(month[0], month[1], int(match[1]))
    raise ValueError(f"{shown(text)!r} is no date")


def _moment(text: str, day: date | None = None) -> datetime:
    """Return a date and time, or the time of a day (0125, 125, 1:25, 01:25 AM, 24:00)."""
    plain = text.strip().replace("：", ":").replace("/", "-").upper()
    if day is None:
        match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T]+(.+)", plain)
        if match is None:
            raise ValueError(f"{shown(text)!r} is no date and time")
        day, plain = date(int(match[1]), int(match[2]), int(match[3])), match[4]
    if re.fullmatch(r"\d{1,3}", plain):
        plain = plain.zfill(4)
    match = re.fullmatch(
        r"(\d{1,2}):?(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(AM|PM)?(Z|[+-]\d{2}:?\d{2})?", plain
    )
    if match is None or int(match[1]) > 24 or int(match[2]) > 59:
        raise ValueError(f"{shown(text)!r} is no time")
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4] == "PM" else 0)
    at = datetime.combine(day, time()) + timedelta(
        hours=hour, minutes=int(match[2]), seconds=int(match[3] or 0)
    )
    if match[5] is None:
        return at
    zone = UTC if match[5] == "Z" else datetime.strptime(match[5], "%z").tzinfo
    return at.replace(tzinfo=zone)
