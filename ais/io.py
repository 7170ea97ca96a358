"""Read AIS files: tell their dialect by content, and yield them as tables, batch by batch."""

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import polars as pl

from ais._batch import KEPT, NOT_REFUSED, Batch, Ledger, refusals_of
from ais._blocks import Block, cut, head
from ais._csv import read_csv
from ais._json import one_a_line, read_json, without_answer
from ais._layouts import Dialect, Plan, layout_of, plan_of
from ais._nmea import NmeaReader
from ais._parquet import MAGIC as PARQUET
from ais._parquet import opened as open_parquet
from ais._parquet import read_parquet
from ais._sniff import HEAD, Told, told
from ais._unpack import kind_of, members, unpacked
from ais.mapping import Mapping
from ais.schema import POSITIONS, STATICS, TOLD, empty
from geo.errors import InputError

__all__ = [
    "KEPT",
    "NOT_REFUSED",
    "Batch",
    "Dialect",
    "pieces",
    "read",
    "refusals_of",
    "sniff",
]

_LINE_BYTES = 80
"""A sentence with its tag block, and a row of most tables, are about this long."""
_Piece = TypeVar("_Piece", Batch, Block)


class _Content(NamedTuple):
    """What is in one file: in a whole one, or in a member of a zip."""

    name: str
    open: Callable[[BinaryIO], Iterator[bytes]]
    told: Told


def _begun(path: Path) -> str | None:
    """Return what a file is packed with; refuse what is no file with anything in it."""
    where = str(path)
    if path.is_dir():
        raise InputError("this is a directory", where=where, mend="Name the files in it.")
    if not path.exists():
        raise InputError("there is no such file", where=where, mend="Check the path.")
    with path.open("rb") as handle:
        start = handle.read(4)
    if not start:
        raise InputError("the file is empty", where=where, mend="Fetch the file again.")
    return "parquet" if start == PARQUET else kind_of(start)


def _contents(path: Path, mapping: Mapping | None) -> tuple[list[_Content], list[InputError]]:
    """Return the files in a file, each told by how it begins, and what is wrong with others."""
    packed = _begun(path)
    if packed == "zip":
        found = [(f"/{member.name}", member.open) for member in members(path)]
    else:
        found = [("", unpacked)]
    contents: list[_Content] = []
    wrong: list[InputError] = []
    with path.open("rb") as handle:
        for name, opened in found:
            try:
                what = _told(opened(handle), f"{path}{name}", packed, mapping)
            except InputError as error:
                wrong.append(error)
            else:
                contents.append(_Content(path.name + name, opened, what))
    if contents:
        return contents, wrong
    if len(wrong) == 1:
        raise wrong[0]
    each = "; ".join(f"{error.where}: {error.what}" for error in wrong)
    raise InputError(
        f"{len(wrong)} of the files in it cannot be read: {each}",
        where=str(path),
        mend="Unpack it and give the others.",
    )


def _not_ais(path: Path, wrong: list[InputError], source: str | None) -> Iterator[Batch]:
    """Yield the books of the files in a zip that are no AIS, each as one row."""
    if not wrong:
        return
    page = Ledger(path.name).page()
    page.count("rows_in", len(wrong))
    page.refuse("not_ais", len(wrong), ((1, f"{one.where}: {one.what}") for one in wrong))
    told = pl.DataFrame([(source or "zip", None, "not_ais", len(wrong))], schema=TOLD, orient="row")
    yield Batch(empty(POSITIONS), empty(STATICS), page.counts, page.samples(), 0, told=told)


def _told(
    content: Iterator[bytes], where: str, packed: str | None, mapping: Mapping | None
) -> Told:
    start = head(content, HEAD)
    if not start:
        raise InputError(
            f"nothing can be unpacked from this {packed or 'plain'} file",
            where=where,
            mend="Fetch the file again.",
        )
    return told(start, where=where, mapping=mapping)


def _parquet_plan(path: Path, mapping: Mapping | None) -> Plan:
    with open_parquet(path) as found:
        names = found.schema_arrow.names
    if mapping is not None:
        return mapping.plan_for(names, ",", where=str(path))
    layout = layout_of(names)
    if layout is None:
        raise InputError(
            f"no AIS dialect has the columns {', '.join(names)[:200]}",
            where=str(path),
            mend="Say what they are in a mapping file (--mapping).",
        )
    return plan_of(layout, names, where=str(path))


def sniff(path: str | Path, *, mapping: Mapping | None = None) -> Dialect:
    """Tell the dialect of an AIS file by its content, packed or not; of a zip, its first file's.

    Raises
    ------
    InputError
        For a directory, a missing, empty or binary file, and for a text with another header;
        the message names the header found and the known ones.
    """
    path = Path(path)
    if _begun(path) == "parquet":
        return _parquet_plan(path, mapping).dialect
    plan = _contents(path, mapping)[0][0].told.plan
    return "nmea" if plan is None else plan.dialect


def read(
    path: str | Path,
    *,
    chunk_rows: int = 200_000,
    start: datetime | None = None,
    not_after: datetime | None = None,
    mapping: Mapping | None = None,
    source: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Batch]:
    """Yield an AIS file as batches of positions, static reports, counts and refusals.

    A row that cannot be kept is refused with its reason, and its neighbours are read on; a packed
    file that breaks off yields what came before, then why as the reason of its last row
    (``truncated_gz``, ``damaged_zip``, ``bomb`` and their like).

    Parameters
    ----------
    path : str or Path
        NMEA 0183, a table (CSV, JSON or Parquet) in a known dialect, plain or packed with gzip,
        zst, bzip2 or zip.
    chunk_rows : int
        About how many rows of the file make a batch.
    start : datetime, optional
        When the recording began, for NMEA without times (aware). Lines without a time then
        bear the last time heard from a base station (type 4, if believable), or ``start``.
        Without it they are refused as ``no_time``.
    not_after : datetime, optional
        Rows later than this are refused as ``future`` (aware; the caller's clock, and some
        allowance).
    mapping : Mapping, optional
        How to read a table in no known dialect.
    source : str, optional
        The feed's name, for rows without a station of their own; the dialect's without it.
    progress : callable, optional
        Called with (bytes done, bytes in all) of the file as stored, after each batch.

    Raises
    ------
    InputError
        As ``sniff``, for a zip where none of its files can be read, with a word on each; before
        the first batch; and where a part of a Parquet file cannot be read.
    """
    reader = NmeaReader(start=start, not_after=not_after, source=source or "nmea")

    def nmea(blocks: Iterator[Block], file: str) -> Iterator[Batch]:
        return reader.read(blocks, file=file)

    yield from _read(
        Path(path), nmea, chunk_rows, not_after, mapping=mapping, source=source, progress=progress
    )


def pieces(
    path: str | Path,
    *,
    chunk_rows: int = 200_000,
    mapping: Mapping | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Batch | Block]:
    """Yield a file as ``read`` does, but NMEA as blocks of its lines, for another decoder.

    Raises
    ------
    InputError
        As ``read``.
    """

    def nmea(blocks: Iterator[Block], file: str) -> Iterator[Block]:  # noqa: ARG001
        return blocks

    yield from _read(
        Path(path), nmea, chunk_rows, None, mapping=mapping, source=None, progress=progress
    )


def _read(
    path: Path,
    nmea: Callable[[Iterator[Block], str], Iterator[_Piece]],
    chunk_rows: int,
    not_after: datetime | None,
    *,
    mapping: Mapping | None,
    source: str | None,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Batch | _Piece]:
    found: Iterator[Batch | _Piece]
    if _begun(path) == "parquet":
        plan = _parquet_plan(path, mapping)
        found = read_parquet(
            path,
            plan=plan._replace(source=source or plan.source),
            file=path.name,
            chunk_rows=chunk_rows,
            not_after=not_after,
        )
    else:
        contents, wrong = _contents(path, mapping)
        found = itertools.chain(
            _not_ais(path, wrong, source),
            _read_text(path, contents, nmea, chunk_rows, not_after, source),
        )
    total = path.stat().st_size
    for piece in found:
        yield piece
        if progress is not None:
            progress(piece.bytes_done if isinstance(piece, Batch) else piece.done, total)


def _read_text(
    path: Path,
    contents: list[_Content],
    nmea: Callable[[Iterator[Block], str], Iterator[_Piece]],
    chunk_rows: int,
    not_after: datetime | None,
    source: str | None,
) -> Iterator[Batch | _Piece]:
    with path.open("rb") as handle:
        for content in contents:
            plan, names, layout, listed, headed = content.told
            text = one_a_line(content.open(handle)) if listed else content.open(handle)
            blocks = cut(text, tell=handle.tell, size=chunk_rows * _LINE_BYTES)
            if plan is None:
                yield from nmea(blocks, content.name)
                continue
            plan = plan._replace(source=source or plan.source)
            if layout is not None:
                yield from read_json(
                    without_answer(blocks),
                    plan=plan,
                    layout=layout,
                    file=content.name,
                    not_after=not_after,
                )
            else:
                yield from read_csv(
                    blocks,
                    plan=plan,
                    names=names,
                    headed=headed,
                    file=content.name,
                    not_after=not_after,
                )
