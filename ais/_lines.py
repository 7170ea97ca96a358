"""Read text whose lines are rows, block by block, whatever finds the cells in them."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl

from ais import _csv_scan as scan
from ais._arrays import Array, Ints
from ais._batch import Batch, Ledger
from ais._blocks import Block
from ais._cells import Cells, frame, statics
from ais._layouts import STATIC, Plan
from ais._rows import Books, Table, batch, open_books

_AHEAD = 2
_POSITION_TYPES = (1, 2, 3, 4, 9, 11, 18, 19, 21, 27)
_STATIC_TYPES = (5, 24)
_NAMED_TYPES = (19, 21)

Find: TypeAlias = Callable[[Array, int], tuple[Array, Array, Array, Ints]]
"""Return where the cells of n lines begin and end, what each line is, and where it begins."""


class Reader(NamedTuple):
    """How the lines of a file are read."""

    plan: Plan
    find: Find
    slots: dict[str, int]
    bad: str
    """The reason of a line that is no row."""


class _Scanned(NamedTuple):
    """The cells of a block's whole rows, with all that is read for each row."""

    buf: Array
    cells: Cells
    rows: pl.DataFrame
    version: Array
    blank: int
    bad: list[tuple[int, str]]
    n_bad: int


def _scan(block: Block, reader: Reader) -> _Scanned:
    """Find and read the cells of a block."""
    data = block.data if block.data.endswith(b"\n") else block.data + b"\n" * bool(block.data)
    buf = np.frombuffer(data, np.uint8)
    starts, ends, verdict, lines = reader.find(buf, block.n_rows)
    row = np.arange(block.row, block.row + block.n_rows)
    whole = verdict == scan.WHOLE
    bad = np.flatnonzero(verdict == scan.RAGGED)
    if not whole.all():
        starts, ends, row = starts[:, whole], ends[:, whole], row[whole]
    cells = Cells(starts, ends, reader.slots)
    rows = frame(buf, cells, reader.plan, row)
    told = [reader.slots[name] for name in STATIC if name in reader.slots]
    mmsi = rows["mmsi"].fill_null(0).to_numpy()
    version = scan.versions(buf, mmsi, starts[told], ends[told])
    shown = [(int(r) + block.row, _shown(data[lines[r] : lines[r + 1]])) for r in bad[:100]]
    blank = block.n_rows - len(row) - len(bad) - len(block.long)
    return _Scanned(buf, cells, rows, version, blank, shown, len(bad))


def _shown(line: bytes) -> str:
    return line[:100].decode("utf-8", "replace").strip()


def read_lines(
    blocks: Iterator[Block], *, reader: Reader, file: str, not_after: datetime | None
) -> Iterator[Batch]:
    """Yield the batches of a file whose lines are rows, one for each block.

    Two blocks are scanned ahead in threads while the caller works on a batch.
    """
    ledger = Ledger(file)

    def finished(block: Block, found: _Scanned) -> Batch:
        page = ledger.page()
        books = open_books(page, reader.plan.source, block)
        page.count("rows_in", found.rows.height + found.blank + found.n_bad)
        page.count("blank", found.blank)
        books.dateless("blank", found.blank)
        page.refuse(reader.bad, found.n_bad, found.bad)
        books.dateless(reader.bad, found.n_bad)
        table = _table(found, reader.plan)
        if reader.plan.messages:
            table = _of_messages(table, found.version, books)
        return batch(table, books, not_after=not_after, done=block.done)

    with ThreadPoolExecutor(_AHEAD) as threads:
        waiting: deque[tuple[Block, Future[_Scanned]]] = deque()
        for block in blocks:
            waiting.append((block, threads.submit(_scan, block, reader)))
            if len(waiting) > _AHEAD:
                ready, scanned = waiting.popleft()
                yield finished(ready, scanned.result())
        for ready, scanned in waiting:
            yield finished(ready, scanned.result())


def _table(found: _Scanned, plan: Plan) -> Table:
    return Table(
        found.rows, lambda kept: statics(found.buf, found.cells, plan, kept, found.version)
    )


def _of_messages(table: Table, version: Array, books: Books) -> Table:
    """Return a table of messages without those that carry neither a place nor a name."""
    kind = pl.col("msg_type")
    rows = table.rows.with_columns(
        (
            kind.is_in(_STATIC_TYPES)
            | (kind.is_in(_NAMED_TYPES) & pl.Series(version != 0))
            | ((kind == 0) & pl.col("lon").is_null() & pl.Series(version != 0))
        ).alias("placeless"),
    )
    ours = rows.select(kind.is_in([0, *_POSITION_TYPES]) | pl.col("placeless")).to_series()
    other = rows.filter(ours.not_())
    books.page.count("other_type", other.height)
    books.note("other_type", other)
    at = ours.arg_true()
    return Table(rows[at], lambda kept: table.statics(at[kept]).with_columns(
        pl.col("at").replace_strict(at, pl.int_range(at.len(), eager=True, dtype=pl.UInt32))
    ))  # fmt: skip
