"""Read Parquet files of AIS, a stretch of rows at a time, only the columns there are uses for."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ais import _csv_scan as scan
from ais import _words as words
from ais._arrays import Array, Ints
from ais._batch import Batch, Ledger
from ais._cells import SIZES, TYPES, cells_of, coded, floats_of, moments, ship_types
from ais._layouts import CODES, NUMBERS, STATIC, Plan
from ais._rows import Books, Table, batch, in_zone
from ais.schema import TIME
from geo.errors import InputError

MAGIC = b"PAR1"
# Unix times in s, ms, µs and ns of 1973 to 5138 lie within these powers of ten.
_PER_S = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (np.inf, 1e-6))


def opened(path: Path) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises
    ------
    InputError
        Where its footer cannot be read, as in one that was cut off.
    """
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    said = str(error).splitlines()[0].rstrip(".")
    return InputError(
        f"the Parquet file cannot be read: {said}", where=str(path), mend="Fetch the file again."
    )


def read_parquet(
    path: Path, *, plan: Plan, file: str, chunk_rows: int, not_after: datetime | None
) -> Iterator[Batch]:
    """Yield the batches of a Parquet file whose columns are known.

    Raises
    ------
    InputError
        Where a part of it cannot be read; the batches before it stand.
    """
    ledger = Ledger(file)
    size = path.stat().st_size
    with opened(path) as source:
        total = source.metadata.num_rows
        columns = list(dict.fromkeys(plan.columns.values()))
        row = 1
        try:
            for some in source.iter_batches(batch_size=chunk_rows, columns=columns):
                found = pl.DataFrame(pa.Table.from_batches([some]))
                page = ledger.page()
                page.count("rows_in", found.height)
                table = _table(found, plan, row)
                row += found.height
                done = size * (row - 1) // max(total, 1)
                yield batch(table, Books(page, plan.source), not_after=not_after, done=done)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error
        if not total:
            yield batch(
                _table(pl.DataFrame(pa.table(source.schema_arrow.empty_table())), plan, 1),
                Books(ledger.page(), plan.source),
                not_after=not_after,
                done=size,
            )


def _text_cells(values: pl.Series) -> tuple[Array, Ints, Ints]:
    return cells_of(values.cast(pl.String, strict=False))


def _numbers(values: pl.Series, plan: Plan, ours: str) -> pl.Series:
    if not values.dtype.is_numeric():
        values = pl.Series(floats_of(*_text_cells(values), plan.decimal))
    nothing = [n for n in map(words.number, plan.nothing) if n is not None]
    found = values.cast(pl.Float64, strict=False).fill_nan(None)
    found = found.replace(nothing, [None] * len(nothing)) / plan.per.get(ours, 1.0)
    return found.alias(ours)


def _times(values: pl.Series, plan: Plan) -> pl.Series:
    kind = values.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is not None:
            return values.dt.convert_time_zone("UTC").cast(TIME)
        naive = values.cast(pl.Datetime("ms")).alias("t").to_frame()
        return naive.select(in_zone(pl.col("t"), plan.zone))["t"]
    if kind.is_numeric():
        since = values.cast(pl.Float64).alias("t").to_frame()
        if plan.written == scan.UNIX_S or plan.written == scan.UNIX_MS:
            per = 1e3 if plan.written == scan.UNIX_S else 1.0
        else:
            top = since.select(pl.col("t").abs().quantile(0.5)).item() or 0.0
            per = next(factor for below, factor in _PER_S if top < below)
        ms = since.select((pl.col("t") * per).round().cast(pl.Int64, strict=False))["t"]
        return ms.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    return moments(*_text_cells(values), plan)


def _table(found: pl.DataFrame, plan: Plan, row: int) -> Table:
    n = found.height
    columns: dict[str, Any] = {"row": np.arange(row, row + n)}
    for ours in ("mmsi", *NUMBERS):
        if ours in plan.columns:
            columns[ours] = _numbers(found[plan.columns[ours]], plan, ours)
        else:
            value = float(plan.mmsi or 0) if ours == "mmsi" else None
            columns[ours] = pl.Series([value], dtype=pl.Float64).new_from_index(0, n)
    times = found[plan.columns["t"]]
    if "t2" in plan.columns:
        times = times.cast(pl.String) + " " + found[plan.columns["t2"]].cast(pl.String)
    columns["t"] = _times(times, plan)
    for ours in CODES:
        said = "msg_type" if ours == "cls" and "cls" not in plan.columns else ours
        if said in plan.columns:
            columns[ours] = coded(*_text_cells(found[plan.columns[said]]), ours)
        elif ours != "source":
            columns[ours] = pl.Series([None], dtype=TYPES[ours]).new_from_index(0, n)
    return Table(pl.DataFrame(columns), lambda kept: _statics(found, plan, kept))


def _statics(found: pl.DataFrame, plan: Plan, kept: pl.Series) -> pl.DataFrame:
    told = [ours for ours in STATIC if ours in plan.columns]
    if not told:
        return pl.DataFrame()
    some = found[kept].select(
        *([pl.col(plan.columns["mmsi"]).alias("mmsi")] if "mmsi" in plan.columns else []),
        *(pl.col(plan.columns[ours]).alias(ours) for ours in told),
    )
    keep = some.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    keep &= some.select(pl.any_horizontal(pl.col(told).is_not_null())).to_series()
    first = some.filter(keep)
    columns: dict[str, pl.Series] = {"at": kept.filter(keep)}
    for ours in STATIC:
        if ours not in plan.columns:
            kind = pl.Float64 if ours in SIZES else pl.String
            columns[ours] = pl.Series([None], dtype=kind).new_from_index(0, first.height)
        elif ours in SIZES:
            columns[ours] = _numbers(first[ours], plan, ours)
        else:
            text = first[ours].cast(pl.String, strict=False)
            columns[ours] = text.replace(list(plan.nothing), [None] * len(plan.nothing))
    table = pl.DataFrame(columns)
    return table.with_columns(ship_types(table["ship_type"]))
