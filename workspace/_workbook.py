"""Workbooks (.xlsx) as tables of text: the sheet, its header under titles, its rows."""

import math
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

from geo._safety import check_zip
from geo.errors import InputError

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

# A county's largest register has some ten thousand rows.
MAX_ROWS = 200_000
MAX_COLUMNS = 200
_LOOK_FOR_HEADER_IN = 20
_CHUNK = 65_536
_OLD = frozenset({".xls", ".et", ".ods", ".xlsb", ".wps"})
WORKBOOKS = frozenset({".xlsx", ".xlsm"}) | _OLD

Cells = list[str]
Score = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Sheet:
    """A table of text: the row of its header, its header, its rows with their numbers.

    The first ``named`` columns stand under a header; those beyond it are called by number.
    Rows of nothing are left out.
    """

    header_row: int
    headers: Cells
    named: int
    numbers: list[int]
    rows: list[Cells]


def read_workbook(path: Path, score: Score, *, sheet: str | None = None) -> Sheet:
    """Read one sheet: the one named, else the first visible one that holds anything.

    Parameters
    ----------
    score : tells how well a row fits as the header (the number of headers known).

    Dates come as ISO text, whole numbers without a point, empty cells as "".

    Raises
    ------
    InputError
        When it is no workbook of this form, is unsafe, or has no such sheet.
    """
    if path.suffix.lower() in _OLD:
        raise InputError(
            f"this is a workbook of the form {path.suffix.lower()}",
            where=str(path),
            mend="Save it as .xlsx or as CSV (UTF-8).",
        )
    _check(path)
    return find_header(_rows(path, sheet), score, where=str(path))


def _check(path: Path) -> None:
    """Raise InputError where a workbook is none, or is made to do harm."""
    if not zipfile.is_zipfile(path):
        raise InputError(
            "this is no .xlsx workbook, or one with a password",
            where=str(path),
            mend="Take the password off, or save the sheet as CSV (UTF-8).",
        )
    for member in check_zip(path):
        if member.filename.endswith((".xml", ".rels")):
            _check_prologue(path, member)


class _Begun(Exception):  # noqa: N818
    """Stop parsing: the outermost element has begun, so no document type can follow."""


def _check_prologue(path: Path, member: zipfile.ZipInfo) -> None:
    def refuse(*_: object) -> None:
        raise InputError(
            f"{member.filename!r} in it defines entities or a document type (DOCTYPE)",
            where=str(path),
            mend="Save the sheet as CSV (UTF-8); nothing was read.",
        )

    def begun(*_: object) -> None:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begun
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            while block := stream.read(_CHUNK):
                parser.Parse(block, False)  # noqa: FBT003
    except _Begun:
        return
    except (expat.ExpatError, ValueError, LookupError, OSError, EOFError) as problem:
        raise _damaged(path, problem) from problem


def _damaged(path: Path, problem: Exception) -> InputError:
    return InputError(
        f"the workbook cannot be read: {problem}",
        where=str(path),
        mend="Open it and save it anew, or save the sheet as CSV (UTF-8).",
    )


def _rows(path: Path, sheet: str | None) -> list[Cells]:
    """Return a sheet's rows as text, empty ones at the end left off."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    rows: list[Cells] = []
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            # What it says of styles and of drop-downs does not touch the cells.
            warnings.simplefilter("ignore", UserWarning)
            book = load_workbook(file, read_only=True, data_only=True)
            for chosen in _chosen(path, book, sheet):
                rows = list(_texts(path, chosen))
                while rows and not any(rows[-1]):
                    rows.pop()
                if rows:
                    break
    except InputError:
        raise
    except (
        InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError,
        AttributeError, IndexError, OSError, EOFError, SyntaxError,
    ) as problem:  # fmt: skip
        # Each is what openpyxl raises on some part that is missing or is not what it should be.
        raise _damaged(path, problem) from problem
    if not rows:
        raise InputError(
            "the workbook has no sheet that holds anything" if sheet is None
            else f"the sheet {sheet!r} is empty",
            where=str(path),
            mend="Fill in the sheet, or name another with --layer.",
        )  # fmt: skip
    return rows


def _chosen(path: Path, book: "Workbook", sheet: str | None) -> "list[ReadOnlyWorksheet]":
    sheets = [one for one in book.worksheets if hasattr(one, "reset_dimensions")]
    if sheet is None:
        return [one for one in sheets if one.sheet_state == "visible"]
    named = [one for one in sheets if one.title.strip() == sheet.strip()]
    if not named:
        raise InputError(
            f"the workbook has no sheet {sheet!r}",
            where=str(path),
            mend=f"There are: {', '.join(one.title for one in sheets)}.",
        )
    return named


def _texts(path: Path, sheet: "ReadOnlyWorksheet") -> Iterator[Cells]:
    # The size that a sheet claims may be a million rows of nothing.
    sheet.reset_dimensions()
    blank = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = [_text(value) for value in row[:MAX_COLUMNS]]
        blank = 0 if any(texts) else blank + 1
        if blank > MAX_ROWS:
            return
        if number - blank > MAX_ROWS:
            raise InputError(
                f"the sheet {sheet.title!r} has more than {MAX_ROWS:,} rows",
                where=str(path),
                mend="Import it in parts, or as CSV.",
            )
        yield texts


def _text(value: object) -> str:
    """Return a cell as a table of text would hold it."""
    match value:
        case None:
            return ""
        case datetime():
            rounded = value.replace(microsecond=0)
            return rounded.date().isoformat() if not rounded.time() else rounded.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case float() if math.isfinite(value) and value == int(value):
            return str(int(float(f"{value:.15g}"))) if abs(value) < 1e15 else f"{value:.0f}"
        case float():
            return repr(value)
        case _:
            return str(value).strip()


def find_header(rows: Sequence[Cells], score: Score, *, where: str) -> Sheet:
    """Find the header under titles, in one row or in two, and return what stands below it.

    The header is the row among the first 20 that knows most headers. Of two rows with merged
    cells (编号, and 位置 over 经度 and 纬度) the lower words count, then the upper ones. With no
    known header at all it is the first row.
    """
    head = range(min(_LOOK_FOR_HEADER_IN, len(rows)))
    options = [(rows[at], at) for at in head]
    # Two rows must know more than any one alone: else one of them is title or data.
    options += [(_over(rows[at], rows[at + 1]), at + 1) for at in head[:-1]]
    chosen, last = max(options, key=lambda option: score(option[0]), default=([], 0))
    if not any(chosen):
        raise InputError(
            "the file is empty, or its first row is",
            where=f"{where}, row 1",
            mend="Begin with a row of column names.",
        )
    named = max(at + 1 for at, text in enumerate(chosen) if text)
    below = [at for at in range(last + 1, len(rows)) if any(rows[at])]
    width = max([named, *(len(rows[at]) for at in below)])
    headers = [*chosen[:named], *[""] * (width - named)]
    return Sheet(
        last + 1,
        [text or f"(列 {at} column)" for at, text in enumerate(headers, start=1)],
        named,
        [at + 1 for at in below],
        [[*rows[at], *[""] * (width - len(rows[at]))] for at in below],
    )


def _over(high: Cells, low: Cells) -> Cells:
    """Return the lower row's words, and the upper's where the lower has none."""
    width = max(len(high), len(low))
    rows = ([*row, *[""] * (width - len(row))] for row in (high, low))
    return [below or above for above, below in zip(*rows, strict=True)]
