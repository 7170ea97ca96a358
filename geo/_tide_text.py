"""What a tide table says around its figures: cells, place, zone, unit and datum."""

import csv
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geo._safety import check_json, check_size, check_zip
from geo.datums import canonical
from geo.errors import InputError


class Row(NamedTuple):
    """One row of a file: its number from 1, its cells, and the line as it stands."""

    number: int
    cells: list[str]
    line: str


UNITS = {"m": 1.0, "cm": 0.01, "ft": 0.3048}
_UNIT_WORDS = {
    "m": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m", "metric": "m", "米": "m",
    "cm": "cm", "centimeters": "cm", "centimetres": "cm", "厘米": "cm", "公分": "cm",
    "ft": "ft", "feet": "ft", "foot": "ft", "english": "ft", "英尺": "ft",
}  # fmt: skip
_NUMBER = r"(\d+(?:\.\d+)?)"
_STOP = r"[^\s,，;；|()（）]+"
# "潮高基准面在平均海平面下 312 cm", as the Chinese national tables print it below a port's name.
_BELOW_MSL = re.compile(
    rf"平均海平?面以?下\s*[:：]?\s*{_NUMBER}\s*(cm|m|厘米|米|公分)"
    rf"|{_NUMBER}\s*(cm|m|ft)\s*below\s*(?:local\s*)?(?:mean sea level|MSL)",
    re.IGNORECASE,
)
_DATUM = re.compile(rf"(?:潮高基准面|潮高起算面|基准面|datum)\s*[:：]\s*({_STOP})", re.IGNORECASE)
_ZONE = re.compile(rf"(时区|time\s*zone|timezone|zone)\s*[:：]?\s*({_STOP})", re.IGNORECASE)
_BEIJING = re.compile(r"北京(?:标准)?时|东(?:8|八)(?:时)?区")
_UNIT = re.compile(r"(?:units?|单位)\s*[:：]\s*([^\n|]+)", re.IGNORECASE)
_NAME = re.compile(
    rf"(?:(?<![a-z])station\s*name|^name)\s*[:：]\s*([^\n|]+)|(?:站名|港名|港口|地点|验潮站)\s*[:：]\s*({_STOP})",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(
    rf"(?:(?<!to)station\s*_?id|^id|^station)\s*[:：]\s*({_STOP})|(?:站号|站码|编号)\s*[:：]\s*({_STOP})",
    re.IGNORECASE | re.MULTILINE,
)
_DEGREES = rf"{_NUMBER}\s*[°度]?\s*(?:{_NUMBER}\s*['′分’])?\s*([NSEW北南东西])?"
_LAT = re.compile(rf"(?:纬度|latitude|lat)\s*[:：]?\s*(-?)\s*{_DEGREES}", re.IGNORECASE)
_LON = re.compile(rf"(?:经度|longitude|long|lon)\s*[:：]?\s*(-?)\s*{_DEGREES}", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})\s*年(?:\s*(\d{1,2})\s*月)?")
# A height, a time or a date, and none so long as a telephone's or an identity card's number.
_FIGURE = re.compile(
    r"[+\-−－]?(?:\d{1,5}(?:\.\d{1,4})?|\d{1,2}:\d{2}(?::\d{2})?|(?:19|20)\d{6})"
    r"|\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?Z?)?"
)
_JSON_MEND = (
    "Give an object: a list 'stations' with constants (Neaps), or what NOAA's API answered."
)
# Local time stands within this many hours of the sun's, wherever people live.
_ZONE_SLACK_H = 3.5


@dataclass
class Heading:
    """What the lines above a table's figures say."""

    text: str = ""
    station_id: str | None = None
    name: str | None = None
    lon: float | None = None
    lat: float | None = None
    zone: tuple[str, str] | None = None
    unit: str | None = None
    datum: str | None = None
    datums: dict[str, float] = field(default_factory=dict)


def read_heading(lines: list[str]) -> Heading:
    """Return what the lines say of station, place, zone, unit and datum."""
    text = "\n".join(lines)
    found = Heading(text=text, lon=_degrees(_LON.search(text)), lat=_degrees(_LAT.search(text)))
    found.station_id = _first(_ID.search(text))
    found.name = _first(_NAME.search(text))
    if match := _ZONE.search(text):
        found.zone = (match[1], match[2])
    if match := _BEIJING.search(text):
        found.zone = ("", "UTC+8")
    if match := _UNIT.search(text):
        words = re.findall(r"[a-z]+|[一-鿿]+", match[1].casefold())
        units = {_UNIT_WORDS[word] for word in words if word in _UNIT_WORDS}
        found.unit = units.pop() if len(units) == 1 else None
    if match := _BELOW_MSL.search(text):
        below, unit = match[1] or match[3], match[2] or match[4]
        metres = round(float(below) * UNITS[_UNIT_WORDS[unit.casefold()]], 4)
        found.datum, found.datums = "CD", {"CD": 0.0, "MSL": metres}
    elif match := _DATUM.search(text):
        found.datum = canonical(match[1])
    return found


def _first(match: re.Match[str] | None) -> str | None:
    return next((one.strip() for one in match.groups() if one), None) if match else None


def _degrees(match: re.Match[str] | None) -> float | None:
    """Return degrees from 29.2, 29°12′N or -121.9."""
    if match is None:
        return None
    minus, degrees, minutes, side = match.groups()
    value = float(degrees) + float(minutes or 0) / 60.0
    return -value if minus or (side or "").upper() in {"S", "W", "南", "西"} else value


def degrees_in(text: str) -> float:
    """Return degrees from a cell such as 29.2 or 29°12′N; raise ValueError where it holds none."""
    match = re.fullmatch(rf"(-?)\s*{_DEGREES}", text.strip(), re.IGNORECASE)
    found = _degrees(match)
    if found is None:
        raise ValueError(f"{text!r} is no degree")
    return found


def month_in(text: str) -> tuple[int, int | None] | None:
    """Return the year and month that a line such as 2026年11月 names."""
    match = _MONTH.search(text)
    return (int(match[1]), int(match[2]) if match[2] else None) if match else None


def shown(*cells: str) -> str:
    """Return cells as a message may repeat them: numbers and times, and dots for all else.

    Anything may stand in a row that cannot be read, people's names and numbers too.
    """
    return ", ".join(c if _FIGURE.fullmatch(c) else "…" for c in cells if c)[:80] or "empty"


def words_of(header: str) -> list[str]:
    """Return the words of a column's name: height_m_mllw and Pred(cm) as well as 潮高(cm)."""
    return re.findall(r"[a-z]+|\d+|[一-鿿]+", header.casefold())


def unit_of(words: list[str]) -> str | None:
    """Return the unit among a column's words."""
    return next((_UNIT_WORDS[word] for word in words if word in _UNIT_WORDS), None)


def zone_of(label: str, name: str, *, lon: float | None, where: str) -> tzinfo | None:
    """Return the zone that a table or an option names; None for "local time".

    A bare -0800 is written with the navigator's sign in Chinese tables (时区 -0800 is UTC+8), with
    the other one elsewhere: the longitude or the label tells which, or it is refused. 时区 +0800 is
    UTC-8 to a navigator and UTC+8 to all others, and only the longitude tells.

    Raises
    ------
    InputError
        When it is no zone, or its sign can mean either side.
    """
    plain = name.strip().upper().replace("：", ":").replace("＋", "+")
    if plain in {"UTC", "GMT", "Z", "世界时"}:
        return UTC
    if plain.replace("/", "_") in {"LST", "LST_LDT", "LDT", "LOCAL"}:
        return None
    if match := re.fullmatch(r"(东|西)(\d{1,2}|十?[一二三四五六七八九]|十)(?:时)?区", name.strip()):
        digits = "零一二三四五六七八九十"
        hours = int(match[2]) if match[2].isdigit() else sum(digits.index(d) for d in match[2])
        return _ahead(hours if match[1] == "东" else -hours, name, where)
    match = re.fullmatch(r"(UTC|GMT)?([+-]|−|－)(\d{1,2})(:)?(\d{2})?", plain)
    if match is not None:
        return _ahead(_signed_h(match, label, lon, where), name, where)
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _no_zone(f"the time zone {name!r} is not known", where) from None


def _ahead(hours: float, name: str, where: str) -> timezone:
    # Kiribati's Line Islands are 14 h ahead of UTC, the furthest of all.
    if abs(hours) > 14:
        raise _no_zone(f"the time zone {name!r} is not known", where)
    return timezone(timedelta(hours=hours))


def _signed_h(match: re.Match[str], label: str, lon: float | None, where: str) -> float:
    """Return the hours ahead of UTC that a signed zone means."""
    sign = 1 if match[2] == "+" else -1
    hours = sign * (int(match[3]) + int(match[5] or 0) / 60)
    if match[1] or (match[4] and not label):
        return hours
    fits = {hours, -hours}
    if lon is not None:
        fits = {h for h in fits if abs(h - lon / 15.0) <= _ZONE_SLACK_H}
    if len(fits) == 1:
        return fits.pop()
    # Where neither or either fits the longitude, or there is none, by how it is written.
    if fits and (sign < 0 if label == "时区" else match[4]):
        return -hours if label == "时区" else hours
    raise _no_zone(
        f"the time zone {match[0]!r} may be UTC{hours:+g} or, as navigators write it, "
        f"UTC{-hours:+g}",
        where,
    )


def _no_zone(what: str, where: str) -> InputError:
    return InputError(
        what, where=where, mend="Give --timezone with a name such as Asia/Shanghai, UTC or UTC+8."
    )


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object; raise InputError where the file is none."""
    try:
        check_json(path)
    except InputError as problem:
        raise InputError(problem.what, where=problem.where, mend=_JSON_MEND) from problem
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise InputError(
            f"it is not JSON ({problem})", where=str(path), mend=_JSON_MEND
        ) from problem
    return found


def read_rows(path: Path, *, sheet: str | None = None) -> list[Row]:
    """Return the rows of a text table or workbook that hold anything, numbered from 1.

    Text is UTF-8 or GB 18030, with commas, tabs or spaces between its cells.

    Raises
    ------
    InputError
        When the file is missing, empty, or neither.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    rows = _workbook(path, sheet) if path.suffix.lower() == ".xlsx" else _text(path)
    found = [row for row in rows if any(row.cells)]
    if not found:
        raise InputError("the file is empty", where=str(path), mend="Give a tide table.")
    return found


def _text(path: Path) -> list[Row]:
    check_size(path)
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InputError(
            "the text is neither UTF-8 nor GB 18030",
            where=str(path),
            mend="Save the table as UTF-8.",
        )
    if "\0" in text:
        raise InputError(
            "this is a binary file, not text",
            where=str(path),
            mend="Give the table as text, CSV or .xlsx.",
        )
    # 06:35 AM is one cell wherever spaces part them.
    text = re.sub(r"(\d:\d\d) ([AP]M)\b", r"\1\2", text, flags=re.IGNORECASE)
    return [Row(n, _cells(line), line) for n, line in enumerate(text.splitlines(), start=1)]


def _cells(line: str) -> list[str]:
    if "\t" in line:
        cells = line.split("\t")
    elif "," in line:
        cells = next(csv.reader([line]))
    else:
        cells = line.split()
    return [cell.strip() for cell in cells]


def _workbook(path: Path, sheet: str | None) -> list[Row]:
    # Half as long to load as all the rest, and wanted by few.
    import openpyxl

    check_zip(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (KeyError, ValueError, OSError) as problem:
        raise InputError(
            f"it is not a workbook ({problem})", where=str(path), mend="Save it as .xlsx again."
        ) from problem
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise InputError(
                f"there is no sheet {sheet!r}",
                where=str(path),
                mend=f"There are: {', '.join(book.sheetnames)}.",
            )
        chosen = book[sheet or book.sheetnames[0]]
        rows = []
        for number, values in enumerate(chosen.iter_rows(values_only=True), start=1):
            cells = [_said(value) for value in values]
            rows.append(Row(number, cells, "  ".join(cells)))
        return rows
    finally:
        book.close()


def _said(value: object) -> str:
    """Return a workbook's cell as text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
