"""Read the cells of text tables: numbers, times, words and who a vessel says it is."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from ais import _csv_scan as scan
from ais import _words as words
from ais._arrays import Array, Floats, Ints
from ais._layouts import CODES, NUMBERS, STATIC, Plan
from ais._rows import in_zone, times_of
from ais.schema import STATICS, TIME

_CODES: dict[str, Callable[[str], Any]] = {
    "status": words.status,
    "msg_type": words.msg_type,
    "cls": words.cls,
    "source": words.station,
}
TYPES = {"status": pl.UInt8, "msg_type": pl.UInt8, "cls": pl.String, "source": pl.String}
SIZES = ("length_m", "width_m", "draught_m", "to_bow", "to_stern", "to_port", "to_starboard")


class Cells(NamedTuple):
    """Where the cells of a block's rows begin and end, and in which row each of our columns."""

    starts: Array
    ends: Array
    slots: dict[str, int]

    def of(self, ours: str) -> tuple[Array, Array]:
        """Return the starts and ends of one of our columns."""
        slot = self.slots[ours]
        return self.starts[slot], self.ends[slot]


def strings(buf: Array, starts: Array, ends: Array) -> pl.Series:
    """Return cells as trimmed texts; what is not UTF-8 is read as GB 18030."""
    offsets, data = scan.gathered(buf, starts, ends)
    arrow = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    raw = pl.Series(arrow, dtype=pl.Binary)
    try:
        return raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series([_decoded(cell) for cell in raw.to_list()], dtype=pl.String)


def _decoded(cell: bytes) -> str:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("gb18030", "replace")


def floats(buf: Array, starts: Array, ends: Array, decimal: str) -> Floats:
    """Return the numbers in columns of cells, NaN where there is none."""
    values, hard = scan.numbers(buf, starts, ends, ord(decimal))
    if hard.any():
        at = np.nonzero(hard)
        text = strings(buf, starts[at], ends[at])
        if decimal != ".":
            text = text.str.replace(decimal, ".", literal=True)
        values[at] = text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    return values


def floats_of(buf: Array, starts: Array, ends: Array, decimal: str) -> Floats:
    """Return the numbers in one column of cells, NaN where there is none."""
    column: Floats = floats(buf, starts[None], ends[None], decimal)[0]
    return column


def cells_of(values: pl.Series) -> tuple[Array, Ints, Ints]:
    """Return a column of texts as bytes with the starts and ends of its cells."""
    filled = values.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest())
    chunk = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    _, offsets, data = chunk.buffers()
    ends = np.frombuffer(offsets, np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    whole = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return whole, ends[:-1], ends[1:]


def moments(buf: Array, starts: Array, ends: Array, plan: Plan) -> pl.Series:
    """Return the times in cells, UTC."""
    if plan.time_format is not None:
        text = strings(buf, starts, ends).alias("t").to_frame()
        return text.select(times_of(pl.col("t"), plan.time_format, plan.zone))["t"]
    ms = scan.times(buf, starts, ends, plan.written, ord(plan.decimal))
    unread = ms == scan.NO_TIME
    found = pl.Series("t", ms.view("datetime64[ms]"))
    if unread.any():
        found = found.set(pl.Series(unread), None)
    zone = plan.zone if plan.written == scan.ISO_LOCAL else None
    return found.to_frame().select(in_zone(pl.col("t"), zone))["t"].cast(TIME)


def _joined(buf: Array, found: Cells, plan: Plan) -> pl.Series:
    """Return the times that stand in two columns, a date and a time of day."""
    day, clock = (strings(buf, *found.of(ours)) for ours in ("t", "t2"))
    return moments(*cells_of(day + " " + clock), plan)


def coded(buf: Array, starts: Array, ends: Array, ours: str) -> pl.Series:
    """Return texts, of which there are few, as what they mean in one of our columns."""
    which, first = scan.texts(buf, starts, ends)
    means = [_CODES[ours](one) for one in strings(buf, starts[first], ends[first]).to_list()]
    table = pl.Series(ours, [*means, None], dtype=TYPES[ours])
    return table.gather(np.minimum(which, len(means)).astype(np.uint32))


def _unset(values: Floats, plan: Plan) -> Floats:
    """Return values with what the plan calls "not available" as NaN."""
    nothing = [n for n in map(words.number, plan.nothing) if n is not None]
    return np.where(np.isin(values, nothing), np.nan, values) if nothing else values


def frame(buf: Array, found: Cells, plan: Plan, row: Ints) -> pl.DataFrame:
    """Return the rows as ``ais._rows.Table`` wants them."""
    n = len(row)
    columns: dict[str, Any] = {"row": row}
    told = [ours for ours in ("mmsi", *NUMBERS) if ours in found.slots]
    at = [found.slots[ours] for ours in told]
    numbers = _unset(floats(buf, found.starts[at], found.ends[at], plan.decimal), plan)
    for ours in ("mmsi", *NUMBERS):
        if ours in found.slots:
            values = numbers[told.index(ours)]
            columns[ours] = values / plan.per[ours] if ours in plan.per else values
        elif ours == "mmsi":
            columns[ours] = np.full(n, float(plan.mmsi or 0))
        else:
            columns[ours] = pl.Series([None], dtype=pl.Float64).new_from_index(0, n)
    columns["t"] = (
        _joined(buf, found, plan) if "t2" in found.slots else moments(buf, *found.of("t"), plan)
    )
    for ours in CODES:
        said = "msg_type" if ours == "cls" and "cls" not in found.slots else ours
        if said in found.slots:
            columns[ours] = coded(buf, *found.of(said), ours)
        elif ours != "source":
            columns[ours] = pl.Series([None], dtype=TYPES[ours]).new_from_index(0, n)
    table = pl.DataFrame(columns)
    return table.with_columns(pl.col("mmsi", *NUMBERS).fill_nan(None))


def statics(buf: Array, found: Cells, plan: Plan, kept: pl.Series, version: Array) -> pl.DataFrame:
    """Return the static cells of the first row of each version, as ``ais._rows.Table`` says."""
    hashes = pl.Series(version[kept.to_numpy()])
    at = kept.filter(hashes.is_first_distinct() & (hashes != 0))
    index = at.to_numpy()
    columns: dict[str, pl.Series] = {"at": at}
    for ours in STATIC:
        if ours not in found.slots:
            kind = pl.Float64 if ours in SIZES else pl.String
            columns[ours] = pl.Series([None], dtype=kind).new_from_index(0, len(index))
            continue
        slot = found.slots[ours]
        cells = found.starts[slot, index], found.ends[slot, index]
        if ours in SIZES:
            values = _unset(floats_of(buf, *cells, plan.decimal), plan)
            columns[ours] = pl.Series(values / plan.per.get(ours, 1.0)).fill_nan(None)
        else:
            text = _unescaped(strings(buf, *cells), plan)
            columns[ours] = text.replace(list(plan.nothing), [None] * len(plan.nothing))
    table = pl.DataFrame(columns)
    return table.with_columns(ship_types(table["ship_type"]))


def _unescaped(texts: pl.Series, plan: Plan) -> pl.Series:
    """Return JSON's texts as they read."""
    if not plan.escaped:
        return texts
    odd = texts.str.contains("\\", literal=True).arg_true()
    return texts.scatter(odd, [_read(one) for one in texts[odd].to_list()])


def _read(text: str) -> str:
    try:
        read = str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
    # JSON may escape half of a character, which is no text.
    return read.encode("utf-8", "replace").decode()


def ship_types(texts: pl.Series) -> pl.Series:
    """Return ship types of their numbers or names."""
    distinct = texts.unique().drop_nulls()
    means = [words.ship_type(one) for one in distinct.to_list()]
    return texts.replace_strict(
        distinct, pl.Series(means, dtype=STATICS["ship_type"]), default=None,
        return_dtype=STATICS["ship_type"],
    ).alias("ship_type")  # fmt: skip
