"""Decode NMEA 0183 with AIS in bulk: a whole buffer at a time, into Arrow tables.

Sentences: IEC 61162-1; tag blocks: NMEA 0183 v4.10, clause 7; messages: ITU-R M.1371-5.
Position reports (1, 2, 3, 9, 18, 19, 27), static data (5, 24), base stations and aids (4, 11,
21) are decoded whole. All other types keep header and payload; ``fields`` decodes them.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pyais.bit_vector import bit_vector
from pyais.exceptions import AISBaseException
from pyais.messages import MSG_CLASS

from ais import _nmea_bits as bits
from ais import _nmea_columns as columns
from ais import _nmea_join as joining
from ais import _nmea_lines as scanning
from ais._arrays import Array, Bools, Ints, Lines
from ais._batch import printable
from ais._nmea_bits import NO_U8, NO_U16, NO_U32
from ais._nmea_text import NO_TIME

REASONS = {
    scanning.NOT_NMEA: "not_nmea",
    scanning.BAD_CHECKSUM: "bad_checksum",
    scanning.CUT_LINE: "cut_line",
    scanning.BAD_TAG_BLOCK: "bad_tag_block",
    scanning.BAD_FIELDS: "bad_fields",
    scanning.INCOMPLETE: "incomplete_multipart",
}
OUTCOMES = {
    joining.UNKNOWN_TYPE: "unknown_type",
    joining.SHORT: "short_payload",
    joining.BAD: "bad_message",
}
_FLAGS = frozenset(
    {
        "accuracy", "raim", "cs", "display", "dsc", "band", "msg22", "assigned", "dte", "gnss",
        "off_position", "virtual_aid",
    }
)  # fmt: skip
_NONE = {1: NO_U8, 2: NO_U16, 4: NO_U32}
_KINDS = {1: pa.uint8(), 2: pa.uint16(), 4: pa.uint32()}
_ALWAYS = frozenset({"msg_type", "repeat", "mmsi"})
_LONGEST = 100
_PIECE = 1 << 21
"""Bytes decoded at a time: their tables stay in the processor's cache."""
TIME = pa.timestamp("ms", "UTC")
PLAIN = pl.CompatLevel.oldest()
"""Arrow's types that every reader knows."""
_FIRST = (
    "line", "t", "source", "channel", "msg_type", "repeat", "mmsi", "lon", "lat", "sog_kn",
    "cog_deg", "heading_deg", "status", "rot_deg_min", "second",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """What was found in one piece of a file before it is made into tables.

    ``lines`` has a record for each line of ``text`` (dtype ``ais._nmea_lines.LINE``), ``row``
    its number in the file. Arrays named ``*_message`` tell the message of each row of a table.
    """

    text: bytes
    lines: Lines
    row: Ints
    found: joining.Messages
    key: NDArray[np.uint64]
    positions: columns.Table
    statics: columns.Table
    stations: columns.Table
    others: columns.Table
    static_texts: columns.Texts
    station_texts: columns.Texts

    def shown(self, line: int) -> str:
        """Return the beginning of a line, fit to be printed."""
        one = self.lines[line]
        raw = self.text[one["start"] : one["end"]][:_LONGEST]
        return raw.decode("ascii", "replace").strip()

    def stations_of(self, at: Ints) -> tuple[NDArray[np.int32], list[str]]:
        """Return codes into a list of names for the stations that the lines ``at`` name.

        -1 stands for a line, or an ``at`` of -1, without a station.
        """
        if not (at >= 0).any():
            return np.full(len(at), -1, np.int32), []
        named = np.where(at < 0, np.uint64(0), self.lines["source"][at])
        codes, first = bits.encode(named)
        names = []
        for i in at[first].tolist():
            line = self.lines[i]
            raw = self.text[line["source_a"] : line["source_b"]]
            names.append(printable(raw.decode("ascii", "replace")))
        return codes, names


@dataclass(frozen=True)
class Decoded:
    """What a buffer holds: four tables of messages, in the order of the file, and the books.

    ``counts`` has ``sentences`` (lines with !xxVDM or !xxVDO), ``messages``, which is the sum
    of ``positions``, ``statics`` and ``other`` (all types but those of the two tables), and
    ``lines``. ``quarantined`` counts lines by reason. Columns: see docs/decode.md.
    """

    positions: pa.Table
    statics: pa.Table
    stations: pa.Table
    other: pa.Table
    counts: dict[str, int]
    quarantined: dict[str, int]

    def messages(self) -> pa.Table:
        """Return all messages in one table, one row each, sorted by line.

        A type 19 has its static part beside its position; columns that a type lacks are null.
        """
        kept = [pl.DataFrame(pl.from_arrow(t)) for t in self.tables()]
        extended = kept[1].filter(pl.col("msg_type") == 19)
        if extended.height:
            told = [c for c in extended.columns if c not in kept[0].columns]
            kept[0] = kept[0].join(extended.select("line", *told), on="line", how="left")
            kept[1] = kept[1].filter(pl.col("msg_type") != 19)
        whole = pl.concat(
            [t.with_columns(pl.col("source", "channel").cast(pl.String)) for t in kept],
            how="diagonal",
        )
        return whole.select(*_order(whole.columns)).sort("line").to_arrow(compat_level=PLAIN)

    def tables(self) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
        """Return the four tables."""
        return self.positions, self.statics, self.stations, self.other


class Decoder:
    """Decode a file in pieces of whole lines; parts of messages may lie in different pieces."""

    def __init__(self) -> None:
        self._carry: list[tuple[int, bytes, bool]] = []
        self._row = 1

    def feed(self, data: bytes, *, last: bool) -> Decoded:
        """Decode the next piece; ``last`` says that no other follows."""
        return as_tables(self.block(data, last=last))

    def block(self, data: bytes, *, last: bool) -> Block:
        """Scan, join and decode the next piece, without making tables of it."""
        carried = self._carry
        before = b"".join(raw + b"\n" for _, raw, _ in carried)
        size = len(before) + len(data)
        text = b"".join((before, data, bytes(bits.BEYOND + -size % 8)))
        buf, lines = scanning.scan(text, size)
        n_rows = len(lines) - len(carried)
        begun = np.array([r for r, _, _ in carried], np.int64)
        row = np.concatenate([begun, np.arange(self._row, self._row + n_rows)])
        context = np.array([c for _, _, c in carried], np.bool_)
        lines["kind"][: len(carried)][context] = scanning.CONTEXT
        found = joining.join(buf, lines, row, last=last)
        self._row += n_rows
        self._carry = []
        if not last and len(lines):
            pending = np.flatnonzero(lines["kind"] == scanning.PENDING)
            leading = joining.leaders(lines, row)
            for i, is_context in sorted(
                [*((i, False) for i in pending.tolist()), *((i, True) for i in leading.tolist())]
            ):
                raw = text[lines["start"][i] : lines["end"][i]]
                self._carry.append((int(row[i]), raw, is_context))
        return _filled(text, buf, lines, row, found)


def _order(names: Sequence[str]) -> list[str]:
    """Return columns in the order that a reader looks for them."""
    return [*_FIRST, *(name for name in names if name not in _FIRST)]


def decode(buffer: bytes) -> Decoded:
    """Decode a whole buffer of NMEA lines.

    Raises nothing: each line is decoded or counted under the reason why not.
    """
    decoder = Decoder()
    cuts = [0]
    while cuts[-1] < len(buffer):
        end = buffer.find(b"\n", cuts[-1] + _PIECE) + 1
        cuts.append(end or len(buffer))
    pieces = [
        decoder.feed(buffer[a:b], last=b == len(buffer)) for a, b in itertools.pairwise(cuts)
    ] or [decoder.feed(b"", last=True)]
    return joined(pieces)


def joined(pieces: Sequence[Decoded]) -> Decoded:
    """Return the pieces of a file as one."""
    counts: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for piece in pieces:
        counts.update(piece.counts)
        bad.update(piece.quarantined)
    return Decoded(
        pa.concat_tables(piece.positions for piece in pieces),
        pa.concat_tables(piece.statics for piece in pieces),
        pa.concat_tables(piece.stations for piece in pieces),
        pa.concat_tables(piece.other for piece in pieces),
        dict(counts),
        dict(bad),
    )


def _filled(text: bytes, buf: Array, lines: Lines, row: Ints, found: joining.Messages) -> Block:
    """Decode the payloads of a block."""
    key = np.zeros(len(found.line), np.uint64)
    extended = found.outcome == columns.EXTENDED

    def filled(of: Bools, names: columns.Names, layout: int) -> tuple[columns.Table, columns.Texts]:
        rows = np.flatnonzero(of)
        to, said = columns.table(len(rows), names), columns.texts(len(rows), names)
        columns.fill(
            buf, found.blob, found.span, found.joined, found.fill, rows, layout, to, said, key
        )
        return to, said

    positions, _ = filled((found.outcome == columns.POSITION) | extended, columns.POSITIONS, 19)
    is_static = (found.outcome == columns.STATIC) | extended
    statics, told = filled(is_static, columns.STATICS, columns.EXTENDED_STATIC)
    stations, aids = filled(found.outcome == columns.STATION, columns.STATIONS, 19)
    others, _ = filled(found.outcome == columns.OTHER, columns.OTHERS, 19)
    return Block(text, lines, row, found, key, positions, statics, stations, others, told, aids)


def as_tables(block: Block) -> Decoded:
    """Make the Arrow tables of a decoded block."""
    found = block.found
    kinds, n, lost = joining.tally(block.lines, found.n_lines, found.outcome)
    counts = {
        "lines": int(kinds.sum() - kinds[scanning.PENDING] - kinds[scanning.CONTEXT]),
        "sentences": int(
            kinds[scanning.JOINED]
            + kinds[scanning.INCOMPLETE]
            + sum(kinds[k] for k in (scanning.BAD_CHECKSUM, scanning.BAD_FIELDS))
        ),
        "messages": int(n[1:6].sum()),
        "positions": int(n[columns.POSITION] + n[columns.EXTENDED]),
        "statics": int(n[columns.STATIC]),
        "other": int(n[columns.STATION] + n[columns.OTHER]),
    }
    bad = {reason: int(kinds[k]) for k, reason in REASONS.items() if kinds[k]}
    bad |= {reason: int(lost[k]) for k, reason in OUTCOMES.items() if lost[k]}
    head = _Heads(block)
    rows = block.others.message
    others = head.table(block.others, columns.OTHERS, [])
    others = others.append_column("payload", _payloads(block, rows))
    others = others.append_column("fill_bits", pa.array(found.fill[rows]))
    return Decoded(
        head.table(block.positions, columns.POSITIONS, []),
        head.table(block.statics, columns.STATICS, _texts(block.static_texts)),
        head.table(block.stations, columns.STATIONS, _texts(block.station_texts)),
        others,
        counts,
        bad,
    )


class _Heads:
    """The columns that all tables begin with."""

    def __init__(self, block: Block) -> None:
        found = block.found
        self._line = block.row[found.line]
        self._t = found.t
        self._source, names = block.stations_of(found.source)
        self._names = pa.array(names, pa.string())
        self._channel = found.channel

    def table(self, filled: columns.Table, names: columns.Names, texts: list[pa.Array]) -> pa.Table:
        """Return a table of the header columns, those of ``filled``, and ``texts``."""
        at = filled.message
        t, source, channel = self._t[at], self._source[at], self._channel[at].astype(np.int8)
        made: dict[str, pa.Array] = {
            "line": pa.array(self._line[at]),
            "t": _masked(TIME, t, t != NO_TIME),
            "source": pa.DictionaryArray.from_arrays(
                _masked(pa.int32(), source, source >= 0), self._names
            ),
            "channel": pa.DictionaryArray.from_arrays(
                _masked(pa.int8(), channel, channel > 0), _LETTERS
            ),
        }
        widths: tuple[Array, ...] = (filled.u8, filled.u16, filled.u32, filled.f8)
        for values, of in zip(widths, names[:-1], strict=True):
            made |= {name: _array(name, values[i]) for i, name in enumerate(of)}
        return pa.table(made | dict(zip(names.text, texts, strict=True)))


def _masked(kind: pa.DataType, values: Array, there: Bools) -> pa.Array:
    """Return a column over the memory of ``values``, null where not ``there``."""
    valid = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(values)])


def _array(name: str, values: Array) -> pa.Array:
    """Return a column with its stand-ins for "not available" as nulls."""
    width = values.itemsize
    if width == 8:
        return _masked(pa.float64(), values, ~np.isnan(values))
    kind = _KINDS[width]
    if name in _ALWAYS:
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
    there = values != _NONE[width]
    if name not in _FLAGS:
        return _masked(kind, values, there)
    set_ = pa.py_buffer(np.packbits(values == 1, bitorder="little"))
    valid = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [valid, set_])


_LETTERS = pa.array([chr(c) for c in range(128)])


def _texts(made: columns.Texts) -> list[pa.Array]:
    """Return the columns of texts, null where nothing is left of one."""
    return [
        pa.StringArray.from_buffers(
            len(there),
            pa.py_buffer(offset),
            pa.py_buffer(out[: offset[-1]]),
            pa.py_buffer(np.packbits(there, bitorder="little")),
        )
        for out, offset, there in zip(*made, strict=True)
    ]


def _payloads(block: Block, rows: Ints) -> pa.Array:
    """Return the armoured payloads of some messages."""
    found = block.found
    buf = np.frombuffer(block.text, np.uint8)
    out, offset = bits.armour(buf, found.blob, found.span, found.joined, rows)
    return pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(offset), pa.py_buffer(out))


def fields(other: pa.Table) -> list[dict[str, Any] | None]:
    """Decode the payloads of a table's rows through pyais; None where it refuses one.

    Parameters
    ----------
    other : Table
        With the columns ``payload`` and ``fill_bits``, as in ``Decoded.other``.

    Returns
    -------
    list
        For each row, pyais's fields by name, enumerations as numbers.
    """
    return [
        _fields(payload.encode(), fill)
        for payload, fill in zip(
            other["payload"].to_pylist(), other["fill_bits"].to_pylist(), strict=True
        )
    ]


def _fields(payload: bytes, fill: int) -> dict[str, Any] | None:
    vector = bit_vector(payload, fill)
    try:
        message = MSG_CLASS[vector.get(0, 6)].from_vector(vector)
    except (AISBaseException, KeyError, ValueError):
        return None
    return message.asdict(enum_as_int=True)
