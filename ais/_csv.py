"""Read tables of text: CSV in any dialect whose columns are known."""

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

import numpy as np

from ais import _csv_scan as scan
from ais._arrays import Array, Ints
from ais._batch import Batch
from ais._blocks import Block
from ais._layouts import Plan
from ais._lines import Reader, read_lines


def names_of(header: str, separator: str) -> list[str]:
    """Return the column names of a header line."""
    return [name.strip() for name in next(csv.reader([header], delimiter=separator), [])]


def _slots(names: Sequence[str], plan: Plan) -> tuple[Ints, dict[str, int]]:
    """Return the row of (starts, ends) for each column of the file, and for each of ours."""
    slots = np.full(len(names), -1, np.int64)
    ours: dict[str, int] = {}
    for name, column in plan.columns.items():
        at = names.index(column)
        if slots[at] < 0:
            slots[at] = slots.max() + 1
        ours[name] = int(slots[at])
    return slots, ours


def _find(separator: str, slots: Ints, buf: Array, n: int) -> tuple[Array, Array, Array, Ints]:
    return scan.cells(buf, n, ord(separator), len(slots), slots)


def read_csv(
    blocks: Iterator[Block],
    *,
    plan: Plan,
    names: Sequence[str],
    headed: bool,
    file: str,
    not_after: datetime | None,
) -> Iterator[Batch]:
    """Yield the batches of a CSV file, one for each block; ``headed`` ones begin with a header."""
    slots, ours = _slots(names, plan)
    reader = Reader(plan, partial(_find, plan.separator, slots), ours, "bad_row")
    rows = _below_header(blocks) if headed else blocks
    return read_lines(rows, reader=reader, file=file, not_after=not_after)


def _below_header(blocks: Iterator[Block]) -> Iterator[Block]:
    begun = False
    for block in blocks:
        if begun or not block.n_rows:
            yield block
            continue
        begun = True
        end = block.data.find(b"\n") + 1 or len(block.data)
        yield block._replace(data=block.data[end:], row=block.row + 1, n_rows=block.n_rows - 1)
