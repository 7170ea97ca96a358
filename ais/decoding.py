"""Decode one file to columns, whatever its dialect, without a workspace."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ais import io
from ais._batch import KEPT, Batch, refusals_of
from ais._blocks import Block
from ais.mapping import Mapping
from ais.nmea import PLAIN, Decoder
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
    ``ais.nmea``, see docs/decode.md); a table gives its positions (``POSITIONS``), and each
    version of a vessel's static data as a row without a place.

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
        writer = None if out is None else stack.enter_context(_Writer(out, path))
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
    """Count the rows of a table's batch; return its positions, and statics as rows of their own."""
    refused = refusals_of(batch.counts)
    bad.update(refused)
    kept = batch.counts[KEPT]
    counts.update(
        sentences=kept + sum(n for reason, n in refused.items() if reason != "not_ais"),
        messages=kept,
        positions=batch.positions.height,
        other=kept - batch.positions.height,
        statics=batch.statics.height,
    )
    told = pl.concat([batch.positions, batch.statics], how="diagonal")
    return told.to_arrow(compat_level=PLAIN)


def _count_block(block: Block, bad: Counter[str]) -> None:
    """Count what a block of lines lacks."""
    if block.long:
        bad["long_line"] += len(block.long)
    if block.broken:
        bad[block.broken] += 1


def _begins(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(4)


class _Writer:
    """A Parquet file that is there when it is whole, and not before."""

    def __init__(self, path: Path, source: Path) -> None:
        self._path = path
        self._source = source
        self._part: Path | None = None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "_Writer":
        path = self._path
        wrong = None
        if not path.parent.is_dir():
            wrong = "there is no such folder", str(path.parent), "Make it first."
        elif path.exists() and self._source.exists() and path.samefile(self._source):
            wrong = "this is the file that is to be read", str(path), "Name another file."
        elif path.is_symlink() or (path.exists() and not path.is_file()):
            wrong = "this is no plain file", str(path), "Name another file."
        elif path.exists() and _begins(path) not in (b"", b"PAR1"):
            wrong = "the file exists and is no Parquet", str(path), "Name another file."
        if wrong is not None:
            raise InputError(wrong[0], where=wrong[1], mend=wrong[2])
        return self

    def write(self, table: pa.Table) -> None:
        """Append a table; one with other columns takes those of the first."""
        try:
            self._write(table)
        except OSError as error:
            raise InputError(
                f"the system says: {error.strerror or error}",
                where=str(self._path),
                mend="See that the path may be written, and that the disk has room.",
            ) from error

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            os.close(handle)
            self._part = Path(name)
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
        if self._writer is None or self._part is None:
            return
        try:
            self._writer.close()
            if kind is None:
                self._part.chmod(0o644)
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)
