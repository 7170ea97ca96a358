"""Empty tables to fill in: header, an example that imports pass over, choices, explanations."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from geo.errors import InputError
from workspace._import_columns import Known
from workspace._import_rows import EXAMPLE
from workspace._import_tables import TABLES
from workspace._template_words import ABOUT, NAMES, SAMPLES

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

Lang = Literal["zh", "en"]
# Rows of a template that have drop-downs; more may be filled in without them.
_ROWS = 2000
_UNITS = {
    "m": {"zh": "米", "en": "m"},
    "deg": {"zh": "度", "en": "deg"},
    "d": {"zh": "天", "en": "days"},
    "km": {"zh": "公里", "en": "km"},
    "min": {"zh": "分钟", "en": "min"},
    "km/h": {"zh": "公里/小时", "en": "km/h"},
}
_SHEETS = {"zh": ("填报", "说明", "选项"), "en": ("table", "notes", "choices")}
_NOTES_HEAD = {
    "zh": ("列", "英文列名", "必填", "可填内容", "也认识的表头", "说明"),
    "en": ("column", "in Chinese", "needed", "what it may hold", "also understood", "meaning"),
}


def write_template(kind: str, out: Path, *, lang: Lang = "zh") -> None:
    """Write a template of one kind of table as .xlsx or .csv, by the ending of ``out``.

    Raises
    ------
    InputError
        When there is no such kind, the ending is another, or the file is there already.
    """
    if kind not in TABLES:
        raise InputError(
            f"there is no template for {kind!r}",
            where="template",
            mend=f"There are: {', '.join(TABLES)}.",
        )
    if out.exists():
        raise InputError(
            "there is a file of that name already",
            where=str(out),
            mend="It may be filled in: name another, or remove it first.",
        )
    columns = TABLES[kind].columns
    rows = _table(kind, lang)
    match out.suffix.lower():
        case ".csv":
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            # Excel takes a CSV for UTF-8 by its mark alone.
            out.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
        case ".xlsx":
            _book(rows, columns, lang).save(out)
        case other:
            raise InputError(
                f"a template cannot be written as {other or 'a file without an ending'}",
                where=str(out),
                mend="Name it .xlsx or .csv.",
            )


def header(column: Known, lang: Lang) -> str:
    """Return a column's header in a template: a star where it is needed, its unit in brackets."""
    name = column.headers[0] if lang == "zh" else column.name
    unit = f"（{_UNITS[column.unit]['zh']}）" if lang == "zh" and column.unit else ""
    return f"{name}{unit}{'*' if column.needed else ''}"


def _table(kind: str, lang: Lang) -> list[list[str]]:
    """Return header and example row; its first cell says that it is an example."""
    columns = TABLES[kind].columns
    own = NAMES.get(kind, {"zh": "", "en": ""})[lang]
    examples = [own if one.name == "name" else _sample(one, lang) for one in columns[1:]]
    return [[header(one, lang) for one in columns], [EXAMPLE[lang], *examples]]


def _sample(column: Known, lang: Lang) -> str:
    sample = SAMPLES.get(column.name)
    if sample is not None:
        return sample[lang]
    return _words(column, lang)[0] if column.choices else ""


def _words(column: Known, lang: Lang) -> list[str]:
    return [words[0] if lang == "zh" else code for code, words in column.choices.items()]


def _book(rows: list[list[str]], columns: tuple[Known, ...], lang: Lang) -> "Workbook":
    """Return a workbook: the table, its explanations, and the choices (hidden)."""
    from openpyxl import Workbook

    book = Workbook()
    table, notes, choices = _SHEETS[lang]
    _fill_table(book.active, table, rows, columns)
    _fill_notes(book.create_sheet(notes), columns, lang)
    hidden = book.create_sheet(choices)
    hidden.sheet_state = "hidden"
    _add_choices(book.active, hidden, columns, lang)
    return book


def _fill_table(
    sheet: "Worksheet", title: str, rows: list[list[str]], columns: tuple[Known, ...]
) -> None:
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet.title = title
    for row in rows:
        sheet.append(row)
    sheet.freeze_panes = "B2"
    for number, column in enumerate(columns, start=1):
        top, below = sheet.cell(1, number), sheet.cell(2, number)
        top.font = Font(bold=True, color="9C0006" if column.needed else "000000")
        top.fill = PatternFill("solid", fgColor="DDEBF7")
        below.font = Font(italic=True, color="808080")
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(12, 2 * len(rows[0][number - 1]) + 4)
        # Text keeps a key's zeros and a telephone's digits; dates are told as they are typed.
        if column.type in {"text", "date", "time", "degrees", "share"}:
            sheet.column_dimensions[letter].number_format = "@"


def _fill_notes(sheet: "Worksheet", columns: tuple[Known, ...], lang: Lang) -> None:
    from openpyxl.styles import Alignment, Font

    for line in ABOUT[lang]:
        sheet.append([line])
    sheet.append([])
    sheet.append(list(_NOTES_HEAD[lang]))
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    for row in _notes(columns, lang):
        sheet.append(row)
    for letter, width in zip("ABCDEF", (18, 18, 8, 60, 36, 50), strict=True):
        sheet.column_dimensions[letter].width = width
    for cells in sheet.iter_rows(min_row=len(ABOUT[lang]) + 2):
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _notes(columns: tuple[Known, ...], lang: Lang) -> Iterator[list[str]]:
    yes = {"zh": "是", "en": "yes"}[lang]
    for one in columns:
        sample = SAMPLES.get(one.name)
        names = (one.headers[0], one.name) if lang == "zh" else (one.name, one.headers[0])
        yield [
            *names,
            yes if one.needed else "",
            allowed(one, lang),
            "、".join(one.headers[1:]),
            "" if sample is None else sample[f"{lang}_note"],
        ]


def allowed(column: Known, lang: Lang) -> str:
    """Return what a column's cells may hold, in words."""
    if column.choices:
        return "、".join(
            f"{words[0]} {code}" if lang == "zh" else f"{code} {words[0]}"
            for code, words in column.choices.items()
        )
    unit = f" {_UNITS[column.unit][lang]}" if column.unit else ""
    span = "" if column.low is None else f" {column.low:g}–{column.high:g}{unit}"
    return _KINDS[column.type][lang] + (span if column.type in {"number", "integer"} else "")


_KINDS = {
    "text": {"zh": "文字", "en": "text"},
    "number": {"zh": "数字", "en": "number"},
    "integer": {"zh": "整数", "en": "whole number"},
    "date": {"zh": "日期，如 2026-11-23", "en": "date, such as 2026-11-23"},
    "time": {"zh": "时间，如 2026-11-23 22:00", "en": "time, such as 2026-11-23 22:00"},
    "degrees": {
        "zh": "度（121.91 或 121°54′36″）；平面坐标须加 --crs",
        "en": "degrees (121.91 or 121°54′36″); metres need --crs",
    },
    "share": {"zh": "0.95 或 95%", "en": "0.95 or 95%"},
    "link": {
        "zh": "http、https 或 rtsp 链接，不带用户名和口令",
        "en": "http, https or rtsp link, without user and password",
    },
}


def _add_choices(
    sheet: "Worksheet", hidden: "Worksheet", columns: tuple[Known, ...], lang: Lang
) -> None:
    """Give the columns with choices their drop-downs, from lists on the hidden sheet."""
    from openpyxl.utils import get_column_letter, quote_sheetname
    from openpyxl.worksheet.datavalidation import DataValidation

    for number, column in enumerate(columns, start=1):
        if not column.choices:
            continue
        words = _words(column, lang)
        for row, word in enumerate(words, start=1):
            hidden.cell(row, number, word)
        letter = get_column_letter(number)
        source = f"{quote_sheetname(hidden.title)}!${letter}$1:${letter}${len(words)}"
        rule = DataValidation("list", formula1=source, allow_blank=not column.needed)
        rule.error = allowed(column, lang)[:255]
        rule.errorTitle = header(column, lang)[:32]
        rule.add(f"{letter}2:{letter}{_ROWS + 1}")
        sheet.add_data_validation(rule)
