"""Decode one file to columns, whatever its dialect, without a workspace."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ais import io
from ais._batch import KEPT, Batch, refusals_of
from ais._blocks import Block
from ais.mapping import Mapping
from ais.nmea import Decoder
from geo.errors import InputError

Progress = Callable[[int, int], None]


@dataclass
class Told:
    """What a file held; ``quarantined`` counts lines (rows) by reason.

    ``messages`` is the sum of ``positions``, ``statics`` and ``other``. Of a table, a kept row is
    a sentence, a message and a position; ``statics`` then counts vessels' versions beside.
    """

    sentences: int = 0
    messages: int = 0
    positions: int = 0
    statics: int = 0
    other: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return asdict(self) | {"seconds": round(self.seconds, 3)}


def decode_file(
    path: Path,
    *,
    out: Path | None = None,
    mapping: Mapping | None = None,
    progress: Progress | None = None,
) -> Told:
    """Decode a file and say what it held; with ``out`` write its messages there as Parquet.

    An NMEA file gives one row for each message, all types in one table (the columns of
    ``ais.nmea``, see docs/decode.md); a table gives its positions (``POSITIONS``).

    Raises
    ------
    InputError
        As ``ais.io.sniff``, and where ``out`` cannot be written.
    """
    begun = time.perf_counter()
    counts: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    decoder = Decoder()
    with ExitStack() as stack:
        writer = None if out is None else stack.enter_context(_Writer(out))
        for piece in io.pieces(path, mapping=mapping, progress=progress):
            if isinstance(piece, Batch):
                table = _count_rows(piece, counts, bad)
            else:
                decoded = decoder.feed(piece.data, last=piece.last)
                counts.update(decoded.counts)
                bad.update(decoded.quarantined)
                _count_block(piece, bad)
                if piece.last:
                    decoder = Decoder()
                table = decoded.messages() if writer else pa.table({})
            if writer:
                writer.write(table)
    counts.pop("lines", None)
    return Told(**counts, quarantined=dict(bad), seconds=time.perf_counter() - begun)


def _count_rows(batch: Batch, counts: Counter[str], bad: Counter[str]) -> pa.Table:
    """Count the rows of a table's batch and return its positions."""
    refused = refusals_of(batch.counts)
    bad.update(refused)
    kept = batch.counts[KEPT]
    counts.update(
        sentences=kept + sum(refused.values()),
        messages=kept,
        positions=batch.positions.height,
        other=kept - batch.positions.height,
        statics=batch.statics.height,
    )
    return batch.positions.to_arrow(compat_level=io.PLAIN)


def _count_block(block: Block, bad: Counter[str]) -> None:
    """Count what a block of lines lacks."""
    if block.long:
        bad["long_line"] += len(block.long)
    if block.broken:
        bad[block.broken] += 1


class _Writer:
    """A Parquet file that is there when it is whole, and not before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "_Writer":
        if not self._path.parent.is_dir():
            raise InputError(
                "there is no such folder", where=str(self._path.parent), mend="Make it first."
            )
        return self

    def write(self, table: pa.Table) -> None:
        """Append a table; one with other columns takes those of the first."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._part, table.schema, compression="zstd")
        schema = self._writer.schema
        if table.schema != schema:
            table = pa.table(
                [
                    table[f.name].cast(f.type)
                    if f.name in table.column_names
                    else pa.nulls(table.num_rows, f.type)
                    for f in schema
                ],
                schema=schema,
            )
        self._writer.write_table(table)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is None:
            return
        self._writer.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)
