"""Write tables as a workbook with one sheet each, or as CSV files."""

from pathlib import Path

import polars as pl

from geo.errors import InputError


def write(tables: dict[str, pl.DataFrame], out: Path) -> list[Path]:
    """Write tables by the ending of ``out`` and return the files.

    As .xlsx each is a sheet. As .csv the first is ``out`` and each other one stands beside it,
    with its name in the file's (rota.csv, rota-leads.csv).

    Raises
    ------
    InputError
        When the ending is another.
    """
    flat = {name: _flat(table) for name, table in tables.items()}
    match out.suffix.lower():
        case ".csv":
            first = next(iter(flat))
            files = {
                name: out if name == first else out.with_name(f"{out.stem}-{name}{out.suffix}")
                for name in flat
            }
            for name, table in flat.items():
                # Excel takes a CSV for UTF-8 by its mark alone.
                table.write_csv(files[name], include_bom=True)
            return list(files.values())
        case ".xlsx":
            _book(flat, out)
            return [out]
        case other:
            raise InputError(
                f"a table cannot be written as {other or 'a file without an ending'}",
                where=str(out),
                mend="Name it .xlsx or .csv.",
            )


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose cells are single values that no spreadsheet takes for a formula."""
    lists = [name for name, dtype in table.schema.items() if dtype == pl.List(pl.String)]
    joined = table.with_columns(pl.col(name).list.join(", ") for name in lists)
    return joined.with_columns(
        pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r]"))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in joined.schema.items()
        if dtype == pl.String
    )


def _book(tables: dict[str, pl.DataFrame], out: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.active)
    for name, table in tables.items():
        sheet = book.create_sheet(name)
        sheet.append(table.columns)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for row in table.iter_rows():
            sheet.append(row)
        sheet.freeze_panes = "A2"
    book.save(out)
