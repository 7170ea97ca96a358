"""Rows of a file to rows of a table: headers matched, cells converted, persons kept out."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from geo.errors import InputError, Refusal
from geo.io import read_layer
from workspace._import_columns import PERSON_NAMES, PERSONAL, PERSONAL_PARTS, Known

_MOBILE = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\.?\d)")
_IDENTITY = re.compile(r"(?<!\d)\d{6}[- ]?\d{8}[- ]?\d{3}[\dXx](?!\d)")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MAX_BYTES = 200_000_000
_WORDS = re.compile(r"[\s_\-./]+")


Value = str | float | int | date | datetime | None


@dataclass(frozen=True)
class Rows:
    """A file's cells as text: known columns by name, with each row's number in the file.

    ``private`` names for each row the column, used or not, that holds a personal number.
    """

    file: str
    numbers: list[int]
    cells: list[dict[str, str]]
    private: list[str | None]
    ignored: list[str]


def read_rows(path: Path, known: Sequence[Known], *, posts: bool = False) -> Rows:
    """Read a CSV, GeoJSON or GeoPackage into cells of the known columns.

    A point layer's place becomes `lon` and `lat` (WGS 84). Raises InputError when the file cannot
    be read, when a needed column is missing, or when a column holds personal data.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(
            f"the file has {path.stat().st_size / 1e6:.0f} MB",
            where=str(path),
            mend="Import at most 200 MB at a time.",
        )
    if path.suffix.lower() in {".xlsx", ".xls", ".et", ".ods"}:
        raise InputError(
            "this is a workbook", where=str(path), mend="Save the sheet as CSV (UTF-8)."
        )
    if path.suffix.lower() in {".csv", ".txt", ".tsv"}:
        table, first = _read_csv(path), 2
    else:
        table, first = _read_places(path), 1
    names = _match(path, table.columns, known, posts=posts)
    cells = [
        {names[column]: value for column, value in row.items() if column in names}
        for row in table.iter_rows(named=True)
    ]
    numbers = [first + at for at in range(len(cells))]
    filled = [at for at, row in enumerate(cells) if any((v or "").strip() for v in row.values())]
    if not filled:
        raise InputError(
            "the table has a header and no rows", where=str(path), mend="Add the rows."
        )
    whole = table.rename(names)
    return Rows(
        path.name,
        [numbers[at] for at in filled],
        [{name: (value or "").strip() for name, value in cells[at].items()} for at in filled],
        [_private(whole.row(at, named=True), posts=posts) for at in filled],
        [column for column in table.columns if column not in names],
    )


def _read_csv(path: Path) -> pl.DataFrame:
    data = path.read_bytes()
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in data[:4096] and not utf16:
        raise InputError(
            "this is a binary file, not text", where=str(path), mend="Save the table as CSV."
        )
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InputError(
            "the text is neither UTF-8 nor GB 18030", where=str(path), mend="Save it as UTF-8 CSV."
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    header = text.split("\n", 1)[0]
    if not header.strip():
        raise InputError(
            "the file is empty, or its first row is",
            where=f"{path}, row 1",
            mend="Begin with a row of column names.",
        )
    separator = max(",\t;", key=header.count)
    names = next(csv.reader([header], delimiter=separator))
    twice = sorted({name for name in names if name.strip() and names.count(name) > 1})
    if twice:
        raise InputError(
            f"the columns {', '.join(twice)} stand twice in the header",
            where=f"{path}, row 1",
            mend="Keep one of each.",
        )
    try:
        return pl.read_csv(io.StringIO(text), separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        rows = enumerate(csv.reader(io.StringIO(text), delimiter=separator), start=1)
        long = next((row for row, cells in rows if len(cells) > len(names)), None)
        where = str(path) if long is None else f"{path}, row {long}"
        raise InputError(
            f"the table cannot be read: {str(error).splitlines()[0]}",
            where=where,
            mend="See that every row has as many cells as the header, and that quotes close.",
        ) from error


def _read_places(path: Path) -> pl.DataFrame:
    layer = read_layer(path)
    if layer.crs is None:
        raise InputError(
            "the layer has no coordinate reference system",
            where=str(path),
            mend="Save it with its CRS (EPSG:4326, or CGCS2000 EPSG:4490).",
        )
    points = layer.to_crs(4326).geometry
    columns = {
        str(name): [
            None if value is None or value != value else str(value) for value in layer[name]
        ]
        for name in layer.columns
        if name != layer.geometry.name
    }
    whole = [None if p is None or p.is_empty else p for p in points]
    at = [None if p is None else p if p.geom_type == "Point" else p.centroid for p in whole]
    taken = {_plain(name) for name in columns}
    if "lon" not in taken and "lat" not in taken:
        columns["lon"] = [None if p is None else repr(p.x) for p in at]
        columns["lat"] = [None if p is None else repr(p.y) for p in at]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _plain(header: str) -> str:
    """Return a header without case, units in brackets, and marks between words."""
    text = re.sub(r"[(（\[].*?[)）\]]", "", header.strip().lstrip("\ufeff").lower())
    return _WORDS.sub(" ", text).strip().rstrip("*＊").strip()


def _match(
    path: Path, headers: Sequence[str], known: Sequence[Known], *, posts: bool
) -> dict[str, str]:
    """Return the table's column for each known header of the file."""
    by_header = {_plain(header): one.name for one in known for header in (one.name, *one.headers)}
    forbidden = {_plain(word) for word in (*PERSONAL, *(() if posts else PERSON_NAMES))}
    personal = [
        header
        for header in headers
        if (word := _plain(header)) not in by_header
        and (word in forbidden or any(part in f" {word} " for part in PERSONAL_PARTS))
    ]
    if personal:
        kept = "role, name, unit and duty phone" if posts else "no person at all"
        raise InputError(
            f"the columns {', '.join(personal)} hold personal data (个人信息), which Shoregrid "
            "does not take: identity numbers, private phones, homes, names of persons",
            where=f"{path}, row 1",
            mend=f"Remove these columns and import again; this table keeps {kept}. 请删除这些列。",
        )
    found: dict[str, str] = {}
    for header in headers:
        name = by_header.get(_plain(header))
        if name is not None and name in found.values():
            twice = next(h for h, n in found.items() if n == name)
            raise InputError(
                f"the columns {twice} and {header} both mean `{name}`",
                where=f"{path}, row 1",
                mend="Keep one of them.",
            )
        if name is not None:
            found[header] = name
    lacking = [one for one in known if one.needed and one.name not in found.values()]
    if lacking:
        wanted = "; ".join(" / ".join((one.name, *one.headers[:2])) for one in lacking)
        raise InputError(
            f"the header lacks {wanted}; it has {', '.join(headers[:20])}",
            where=f"{path}, row 1",
            mend="Add these columns; docs/import.md lists the headers that are understood.",
        )
    return found


def convert(
    rows: Rows, known: Sequence[Known], *, tz: ZoneInfo
) -> tuple[list[int], list[dict[str, Value]], list[Refusal]]:
    """Convert cells to values; a row with a cell that cannot be is refused, all its faults named.

    Times without a zone are taken in ``tz``.
    """
    numbers, values, refused = [], [], []
    for number, row, private in zip(rows.numbers, rows.cells, rows.private, strict=True):
        if private:
            refused.append(
                Refusal(
                    rows.file,
                    number,
                    "personal_data",
                    f"`{private}` holds an identity number or a private phone (个人信息)",
                    "Remove it from the row and import again. 请删除后重新导入。",
                )
            )
            continue
        out, faults = {}, []
        for one in known:
            try:
                out[one.name] = _value(one, row.get(one.name, ""), tz)
            except ValueError as error:
                faults.append(str(error))
        if faults:
            refused.append(
                Refusal(
                    rows.file,
                    number,
                    "bad_value",
                    "; ".join(faults),
                    "Correct the cells named and import the row again.",
                )
            )
        else:
            numbers.append(number)
            values.append(out)
    return numbers, values, refused


def _private(row: dict[str, str | None], *, posts: bool) -> str | None:
    """Return the column of a cell that holds an identity number or a mobile number."""
    for name, cell in row.items():
        text = unicodedata.normalize("NFKC", cell or "")
        if any(_is_identity(match[0]) for match in _IDENTITY.finditer(text)):
            return name
        office = posts and name == "duty_phone"
        if not office and name not in {"lon", "lat"} and _MOBILE.search(text):
            return name
    return None


def _is_identity(text: str) -> bool:
    """Return whether 18 characters, blanks and hyphens apart, pass the check of GB 11643-1999."""
    text = text.replace(" ", "").replace("-", "")
    total = sum(int(d) * w for d, w in zip(text[:17], _IDENTITY_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == text[17].upper()


def _value(one: Known, text: str, tz: ZoneInfo) -> Value:
    """Return one cell as its column's kind of value; raise ValueError with what is wrong."""
    if not text:
        text = one.default or ""
    if not text:
        if one.needed:
            raise ValueError(f"`{one.name}` is empty")
        return None
    match one.type:
        case "text":
            if len(text) > 500:
                raise ValueError(f"`{one.name}` has {len(text)} characters, at most 500")
            return text
        case "choice":
            return _choice(one, text)
        case "date":
            return _time(one, text, tz).date()
        case "time":
            return _time(one, text, tz).astimezone(UTC)
        case _:
            return _number(one, text)


def _choice(one: Known, text: str) -> str:
    for code, words in one.choices.items():
        if text.lower().replace(" ", "_") == code or text in words:
            return code
    allowed = ", ".join(f"{code} {words[0]}" for code, words in one.choices.items())
    raise ValueError(f"`{one.name}` was {text!r} but is expected to be in {{{allowed}}}")


def _number(one: Known, text: str) -> float | int:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"`{one.name}` was {text!r}, expected a number") from None
    low = one.low if one.low is not None else float("-inf")
    high = one.high if one.high is not None else float("inf")
    if not low <= number <= high:
        raise ValueError(f"`{one.name}` was {text}, expected {low:g} to {high:g}")
    if one.type == "integer":
        if number != int(number):
            raise ValueError(f"`{one.name}` was {text}, expected a whole number")
        return int(number)
    return number


def _time(one: Known, text: str, tz: ZoneInfo) -> datetime:
    match = re.match(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T ]*(.*)$", text.strip())
    if match is None:
        raise ValueError(f"`{one.name}` was {text!r}, expected a time like 2026-11-23 22:00")
    year, month, day, rest = match.groups()
    try:
        day_part = date(int(year), int(month), int(day)).isoformat()
        clock = rest.strip() or "00:00"
        clock = f"0{clock}" if re.match(r"\d:", clock) else clock
        found = datetime.fromisoformat(f"{day_part}T{clock}")
    except ValueError as error:
        raise ValueError(f"`{one.name}` was {text!r}, no such time ({error})") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=tz)
