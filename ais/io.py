"""Read AIS files: tell their dialect by content, and yield them as tables, batch by batch."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Literal

from ais._batch import KEPT, NOT_REFUSED, Batch, refusals_of
from ais._blocks import Block, blocks, head
from ais._csv import LAYOUTS, layout_of, read_csv
from ais._nmea import decoder_pool, read_nmea
from geo.errors import InputError

__all__ = [
    "KEPT",
    "NOT_REFUSED",
    "Batch",
    "Dialect",
    "decoder_pool",
    "read",
    "refusals_of",
    "sniff",
]

Dialect = Literal["nmea", "dma", "noaa"]

_HEAD = 1 << 16
_LINE_BYTES = 80
"""A sentence with its tag block, and a row of either CSV, are about this long."""
_SENTENCE = re.compile(rb"![A-Z]{2}VD[MO],|(^|\\)\$[A-Z]{2,5},", re.IGNORECASE | re.MULTILINE)
_PACKED = {b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"PAR1": "Parquet"}
_KNOWN = "Known are NMEA 0183 (lines with !AIVDM) and CSV files with one of these headers: "


def _sniff(path: Path) -> tuple[Dialect, str]:
    where = str(path)
    if path.is_dir():
        raise InputError("this is a directory", where=where, mend="Name the files in it.")
    if not path.exists():
        raise InputError("there is no such file", where=where, mend="Check the path.")
    with path.open("rb") as handle:
        start, zipped = head(handle, _HEAD)
    known = _KNOWN + "; ".join(f"{layout.name}: {layout.shown}" for layout in LAYOUTS) + "."
    if not start:
        what = "nothing can be unpacked from this gzip file" if zipped else "the file is empty"
        raise InputError(what, where=where, mend="Fetch the file again.")
    for magic, name in _PACKED.items():
        if start.startswith(magic):
            raise InputError(
                f"this is a {name} file", where=where, mend="Unpack it, or pack it with gzip."
            )
    _must_be_text(start, where, known)
    header = _header(start)
    layout = layout_of(header)
    if layout is not None:
        return ("dma" if layout.name == "dma" else "noaa"), header
    if _SENTENCE.search(start):
        return "nmea", header
    if any(layout_of(header.replace(mark, ",")) for mark in ";\t"):
        raise InputError(
            "the columns are not separated by commas",
            where=f"{where}, row 1",
            mend="Save the table with commas between columns and points in numbers.",
        )
    shown = header[:200] + ("…" if len(header) > 200 else "")
    raise InputError(
        f"no AIS dialect begins with the line {shown!r}", where=f"{where}, row 1", mend=known
    )


def _must_be_text(start: bytes, where: str, known: str) -> None:
    """Raise InputError where the first bytes are not lines of text in ASCII or a superset."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("the text is UTF-16", where=where, mend="Save it as UTF-8.")
    if b"\0" in start:
        raise InputError("this is a binary file, not text", where=where, mend=known)
    if b"\r" in start.strip() and b"\n" not in start:
        raise InputError(
            "the lines end with a carriage return alone",
            where=where,
            mend="Save it with line feeds (LF or CR LF).",
        )


def _header(start: bytes) -> str:
    """Return the first line; Chinese programs write GB 18030 where it is not UTF-8."""
    line = start.split(b"\n", 1)[0].replace(b"\r", b"")
    try:
        return line.decode().strip()
    except UnicodeDecodeError:
        return line.decode("gb18030", "replace").strip()


def sniff(path: str | Path) -> Dialect:
    """Tell the dialect of an AIS file by its content; gzip is told by content, too.

    Raises
    ------
    InputError
        For a directory, a missing, empty or binary file, and for a text with another header;
        the message names the header found and the known ones.
    """
    return _sniff(Path(path))[0]


def read(
    path: str | Path,
    *,
    workers: int = 1,
    pool: Executor | None = None,
    chunk_rows: int = 200_000,
    start: datetime | None = None,
    not_after: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Batch]:
    """Yield an AIS file as batches of positions, static reports, counts and refusals.

    A row that cannot be kept is refused with its reason, and its neighbours are read on;
    a gzip file that breaks off yields what came before, then ``truncated_gz`` or
    ``damaged_gz`` as the reason of its last row.

    Parameters
    ----------
    path : str or Path
        NMEA 0183, Danish or NOAA CSV, gzipped or not.
    workers : int
        Processes that decode NMEA, started for this file; 1 decodes in this one.
    pool : Executor, optional
        Processes to use instead, from ``decoder_pool``: for many files they start once.
    chunk_rows : int
        About how many rows of the file make a batch.
    start : datetime, optional
        When the recording began, for NMEA without times (aware). Lines without a time then
        bear the last time heard from a base station (type 4, if believable), or ``start``.
        Without it they are refused as ``no_time``.
    not_after : datetime, optional
        Rows later than this are refused as ``future`` (aware; the caller's clock, and some
        allowance).
    progress : callable, optional
        Called with (bytes done, bytes in all) of the file as stored, after each batch.

    Raises
    ------
    InputError
        As ``sniff``; before the first batch.
    """
    path = Path(path)
    dialect, _ = _sniff(path)
    total = path.stat().st_size
    with ExitStack() as stack:
        handle = stack.enter_context(path.open("rb"))
        if pool is None and workers > 1 and dialect == "nmea":
            pool = stack.enter_context(decoder_pool(workers))
        pieces: Iterator[Block] = blocks(handle, size=chunk_rows * _LINE_BYTES)
        if dialect == "nmea":
            batches = read_nmea(pieces, file=path.name, pool=pool, start=start, not_after=not_after)
        else:
            layout = next(known for known in LAYOUTS if known.name == dialect)
            batches = read_csv(pieces, layout=layout, file=path.name, not_after=not_after)
        for batch in batches:
            yield batch
            if progress is not None:
                progress(batch.bytes_done, total)
