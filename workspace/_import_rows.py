"""Rows of a file: headers matched to a table's columns, persons kept out."""

import csv
import io
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import InputError, Refusal
from geo.io import read_layer
from workspace import _personal
from workspace._import_cells import Value, values
from workspace._import_columns import Known, plain
from workspace._import_coordinates import Places, places
from workspace._imported import Options
from workspace._workbook import WORKBOOKS, Sheet, find_header, read_workbook
from workspace.folder import Workspace

_MAX_BYTES = 200_000_000
_TEXTS = frozenset({".csv", ".txt", ".tsv"})
# What stands in the first column of a template's example row, and of no other.
EXAMPLE = {"zh": "示例", "en": "example"}
_SHAPEFILE_NAME = 10
_COORDINATES = frozenset({"lon", "lat"})


@dataclass(frozen=True)
class Rows:
    """A file's cells as text: known columns by name, with each row's number in the file.

    ``private`` names for each row the column, used or not, that holds a person's data;
    ``headers`` is the file's header of each column it has. ``degrees`` says that places are
    WGS 84 already, ``shapes`` holds a layer's geometry. ``skipped`` counts a template's examples.
    """

    file: str
    numbers: list[int]
    cells: list[dict[str, str]]
    private: list[str | None]
    headers: dict[str, str]
    ignored: list[str]
    skipped: int = 0
    degrees: bool = False
    shapes: NDArray[np.object_] | None = None


def read_rows(
    path: Path,
    known: Sequence[Known],
    options: Options,
    *,
    key: str = "",
    posts: bool = False,
) -> Rows:
    """Read a workbook, a CSV or a layer into cells of the known columns.

    A layer's place becomes `lon` and `lat` (WGS 84). A table that bears the column ``key`` may
    leave out needed columns: its rows then change what is there already.

    Raises
    ------
    InputError
        When the file cannot be read, a needed column is missing, or no row is left without
        persons' data.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(
            f"the file has {path.stat().st_size / 1e6:.0f} MB",
            where=str(path),
            mend="Import at most 200 MB at a time.",
        )
    shapes = None
    score = _score(known)
    if path.suffix.lower() in WORKBOOKS:
        sheet = read_workbook(path, score, sheet=options.layer)
    elif path.suffix.lower() in _TEXTS:
        sheet = _read_csv(path, score)
    else:
        sheet, shapes = _read_layer(path, options, known)
    return _rows(path, sheet, known, key=key, posts=posts, shapes=shapes)


def _rows(
    path: Path,
    sheet: Sheet,
    known: Sequence[Known],
    *,
    key: str,
    posts: bool,
    shapes: NDArray[np.object_] | None,
) -> Rows:
    """Match a sheet's header, and keep the rows that hold anything."""
    where = f"{path}, row {sheet.header_row}"
    given = _COORDINATES if shapes is not None else frozenset()
    names = _match(sheet.headers[: sheet.named], known, where=where, key=key, given=given)
    personal = _personal.personal_columns(sheet.headers, known=_by_header(known), posts=posts)
    offices = {"duty_phone"} if posts else set()
    called = [names.get(header, header) for header in sheet.headers]
    numbers, cells, private, kept, skipped = [], [], [], [], 0
    for at, (number, row) in enumerate(zip(sheet.numbers, sheet.rows, strict=True)):
        if row and row[0].strip().lower() in EXAMPLE.values():
            skipped += 1
            continue
        told = dict(zip(called, row, strict=True))
        numbers.append(number)
        kept.append(at)
        cells.append({name: told[name].strip() for name in names.values()})
        private.append(_personal.private_column(told, personal, offices=offices))
    if not numbers:
        raise InputError(
            "the table has a header and no rows", where=str(path), mend="Add the rows."
        )
    if all(private):
        raise _personal.refuse(dict.fromkeys(filter(None, private)), where, posts=posts)
    return Rows(
        path.name,
        numbers,
        cells,
        private,
        {name: header for header, name in names.items()},
        [header for header in sheet.headers[: sheet.named] if header not in names],
        skipped,
        shapes is not None,
        None if shapes is None else shapes[kept],
    )


def _score(known: Sequence[Known]) -> Callable[[Sequence[str]], int]:
    by_header = _by_header(known)

    def score(row: Sequence[str]) -> int:
        return len({by_header[word] for cell in row if (word := plain(cell)) in by_header})

    return score


def _by_header(known: Sequence[Known], *, layer: bool = False) -> dict[str, str]:
    """Return the column of each header, in plain form.

    A Shapefile keeps ten characters of it, and of a Chinese one in UTF-8, ten bytes, three.
    """
    cut = {plain(one.name[:_SHAPEFILE_NAME]): one.name for one in known}
    if layer:
        short: dict[str, set[str]] = {}
        for one in known:
            for header in one.headers:
                if len(header.encode()) > _SHAPEFILE_NAME:
                    left = header.encode()[:_SHAPEFILE_NAME].decode(errors="ignore")
                    short.setdefault(plain(left), set()).add(one.name)
        cut |= {left: min(names) for left, names in short.items() if len(names) == 1}
    return cut | {plain(header): one.name for one in known for header in (one.name, *one.headers)}


def _read_csv(path: Path, score: Callable[[Sequence[str]], int]) -> Sheet:
    text = _decoded(path)
    head = "\n".join(text.split("\n", 20)[:20])
    separator = max(",\t;", key=head.count)
    try:
        records = list(csv.reader(io.StringIO(text), delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputError(
            f"the table cannot be read: {error}",
            where=str(path),
            mend="See that every row has as many cells as the header, and that quotes close.",
        ) from error
    rows = [[cell.strip() for cell in record] for record in records]
    if not any(map(any, rows)):
        raise InputError(
            "the file is empty, or its first row is",
            where=f"{path}, row 1",
            mend="Begin with a row of column names.",
        )
    sheet = find_header(rows, score, where=str(path))
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        if any(row[sheet.named :]):
            raise InputError(
                "the table cannot be read: a row has more cells than the header",
                where=f"{path}, row {number}",
                mend="See that every row has as many cells as the header, and that quotes close.",
            )
    return sheet


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in data[:4096] and not utf16:
        raise InputError(
            "this is a binary file, not text", where=str(path), mend="Save the table as CSV."
        )
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    raise InputError(
        "the text is neither UTF-8 nor GB 18030", where=str(path), mend="Save it as UTF-8 CSV."
    )


def _read_layer(
    path: Path, options: Options, known: Sequence[Known]
) -> tuple[Sheet, NDArray[np.object_]]:
    """Read a layer; its own geometry, not its attributes, says where things are."""
    layer = read_layer(path, layer=options.layer, crs=options.crs)
    shapes = layer.to_crs(4326).geometry.to_numpy()
    by_header = _by_header(known)
    headers = [str(name) for name in layer.columns if name != layer.geometry.name]
    headers = [name for name in headers if by_header.get(plain(name)) not in _COORDINATES]
    columns = [
        ["" if value is None or value != value else str(value).strip() for value in layer[name]]
        for name in headers
    ]
    if any(one.type == "degrees" for one in known):
        centre = shapely.centroid(shapes)
        headers = [*headers, "lon", "lat"]
        columns += [
            [repr(float(number)) if np.isfinite(number) else "" for number in numbers]
            for numbers in (shapely.get_x(centre), shapely.get_y(centre))
        ]
    # A feature without any attribute is a feature still.
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[]] * len(layer)
    return Sheet(1, headers, len(headers), list(range(1, len(rows) + 1)), rows), shapes


def _match(
    headers: Sequence[str],
    known: Sequence[Known],
    *,
    where: str,
    key: str,
    given: frozenset[str],
) -> dict[str, str]:
    """Return the table's column for each known header of the file."""
    twice = sorted({name for name in headers if name and headers.count(name) > 1})
    if twice:
        raise InputError(
            f"the columns {', '.join(twice)} stand twice in the header",
            where=where,
            mend="Keep one of each.",
        )
    by_header = _by_header(known, layer=bool(given))
    found: dict[str, str] = {}
    for header in headers:
        name = by_header.get(plain(header))
        if name is not None and name in found.values():
            first = next(h for h, n in found.items() if n == name)
            raise InputError(
                f"the columns {first} and {header} both mean `{name}`",
                where=where,
                mend="Keep one of them.",
            )
        if name is not None:
            found[header] = name
    here = {*found.values(), *given}
    if key and key in here and len(found) > 1 and len(here & _COORDINATES) != 1:
        return found
    lacking = [one for one in known if one.needed and one.name not in here]
    if lacking:
        wanted = "; ".join(" / ".join((one.name, *one.headers[:2])) for one in lacking)
        raise InputError(
            f"the header lacks {wanted}; it has {', '.join(headers[:20])}",
            where=where,
            mend="Add these columns; docs/import.md lists the headers that are understood.",
        )
    return found


def convert(
    rows: Rows, known: Sequence[Known], options: Options, *, tz: ZoneInfo
) -> tuple[list[int], list[dict[str, Value]], list[Refusal], Places | None]:
    """Convert cells to values; a row with a cell that cannot be is refused, all its faults named.

    Times without a zone are taken in ``tz``. Columns that the file lacks are left out.

    Returns
    -------
    The rows' places in ``rows``, their values, what was refused, and all rows' places if any.
    """
    have = [one for one in known if one.name in rows.headers or not one.needed]
    placed = None
    if "lon" in rows.headers:
        placed = places(
            rows.cells,
            headers=rows.headers,
            where=rows.file,
            crs=None if rows.degrees else options.crs,
            coordinates=options.coordinates,
        )
    kept, out, refused = [], [], []
    for at, (number, row, private) in enumerate(
        zip(rows.numbers, rows.cells, rows.private, strict=True)
    ):
        if private:
            refused.append(_refused_person(rows.file, number, private))
            continue
        found, faults = values(row, have, headers=rows.headers, tz=tz)
        faults += placed.faults[at] if placed is not None else []
        if faults:
            detail, mend = "; ".join(faults), "Correct the cells named and import the row again."
            refused.append(Refusal(rows.file, number, "bad_value", detail, mend))
        else:
            kept.append(at)
            out.append(found)
    return kept, out, refused, placed


def zone(ws: Workspace, options: Options) -> ZoneInfo:
    """Return the zone of times that bear none: the one said, else the workspace's own."""
    if options.timezone is None:
        return ws.config.tz
    try:
        return ZoneInfo(options.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(
            f"time zone {options.timezone!r} is unknown",
            where="--timezone",
            mend="Give an IANA name such as Asia/Shanghai.",
        ) from error


def _refused_person(file: str, number: int, column: str) -> Refusal:
    told = unicodedata.normalize("NFKC", column)
    return Refusal(
        file,
        number,
        "personal_data",
        f"`{told}` holds a person's data: an identity number, a private phone, a home or a name "
        "(个人信息)",
        _personal.MEND,
    )
