"""Read NMEA 0183 with AIS sentences into positions, static reports and books."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais import _nmea_columns as columns
from ais import clocks
from ais._arrays import Array, Bools, Ints
from ais._batch import Batch, Ledger, Page
from ais._blocks import Block as Piece
from ais._nmea_bits import NO_U8
from ais._nmea_books import accounts, count_lines, floats_of, judge, sources
from ais._nmea_text import NO_TIME
from ais._nmea_time import Recent, begin, fill_times, first_clock, told_times
from ais.nmea import Block, Decoder
from ais.schema import HEARD, POSITIONS, STATICS

_CLASS = np.full(64, 2, np.uint32)
_CLASS[[1, 2, 3, 5, 11, 27]] = 0
_CLASS[[18, 19, 24]] = 1
_CLASS_NAMES = pl.Series(["A", "B", "other"], dtype=pl.String)


class NmeaReader:
    """Read the files of one recording, one after the other (the members of a zip).

    What is remembered from one block and file to the next: parts of messages, what was heard
    lately, the time reached, and how far the stations' clocks are off.

    Parameters
    ----------
    start : datetime, optional
        When an untimed recording began; without it, lines without a time take the first time
        that base stations agree on.
    not_after : datetime, optional
        The latest time to be believed.
    source : str
        Stands for the station where a line names none.
    """

    def __init__(
        self, *, start: datetime | None, not_after: datetime | None, source: str = "nmea"
    ) -> None:
        self._decoder = Decoder()
        self._recent: Recent | None = None
        self._memory = None if start is None else begin(_ms(start))
        self._limit = None if not_after is None else _ms(not_after)
        self._source = source
        self._sketch = clocks.merge([])
        self._skews = clocks.skews(self._sketch)

    def read(self, pieces: Iterator[Piece], *, file: str) -> Iterator[Batch]:
        """Yield the batches of a file, one for each piece."""
        self._decoder = Decoder()
        recent = self._recent = self._recent or Recent()
        ledger = Ledger(file)
        for piece in pieces:
            yield self._batch(piece, ledger.page(), recent)

    def _batch(self, piece: Piece, page: Page, recent: Recent) -> Batch:
        """Decode the next piece of a file; what cannot be kept goes to the books."""
        if piece.broken:
            page.count("rows_in", 1)
            said = f"the file breaks off after line {piece.row + piece.n_rows - 1}"
            page.refuse(piece.broken, 1, [(piece.row + piece.n_rows, said)])
        block = self._decoder.block(piece.data, last=piece.last)
        count_lines(block, page, piece.long)
        source = sources(block, block.found.source, self._source)
        second, told, mmsi = _of_messages(block)
        heard = _heard(block, second, told, mmsi, source)
        t = self._times(block, second, told, mmsi)
        right = self._right(block, t, second, source, heard)
        verdicts, placed = judge(block, page, right, self._limit, recent)
        good = verdicts.verdict == 0
        return Batch(
            _positions(block, good & placed, right, source),
            _statics(block, good, right, source),
            page.counts,
            page.samples(),
            piece.done,
            heard,
            accounts(block, verdicts, right, source, self._source, piece),
            self._skews,
            int(np.count_nonzero((right != t)[good & placed])),
            int(np.count_nonzero((block.found.t == NO_TIME)[good & placed])),
        )

    def _times(
        self, block: Block, second: NDArray[np.int16], told: Ints, mmsi: NDArray[np.uint32]
    ) -> Ints:
        """Return each message's time, filled in where a line has none."""
        t: Ints = block.found.t.copy()
        if not (t == NO_TIME).any():
            return t
        if self._memory is None:
            at = block.stations.message
            first = first_clock(block.stations.u32[0], told[at], self._limit)
            self._memory = None if first is None else begin(first)
        if self._memory is not None:
            fill_times(t, second, told, mmsi, self._memory)
        return t

    def _right(
        self,
        block: Block,
        t: Ints,
        second: NDArray[np.int16],
        source: pl.Series,
        heard: pl.DataFrame,
    ) -> Ints:
        """Return the times that the stations' clocks would show were they right."""
        if heard.is_empty():
            return t
        self._sketch = clocks.merge([self._sketch, clocks.observe(heard)])
        self._skews = clocks.skews(self._sketch)
        at = np.flatnonzero(block.found.t != NO_TIME)
        rows = pl.DataFrame(
            {
                "source": source.gather(at.astype(np.uint32)),
                "t": pl.Series(t[at], dtype=pl.Int64).cast(HEARD["t"]),
                "second": second[at],
            }
        ).with_columns(pl.when(pl.col("second") >= 0).then(pl.col("second")))
        mended, corrected = clocks.correct(rows, self._skews)
        if not corrected:
            return t
        right = t.copy()
        right[at] = mended["t"].dt.epoch("ms").to_numpy()
        return right


def _of_messages(block: Block) -> tuple[NDArray[np.int16], Ints, NDArray[np.uint32]]:
    """Return each message's own second (-1: none), the time that it tells, and its MMSI."""
    n = len(block.found.line)
    second: NDArray[np.int16] = np.full(n, -1, np.int16)
    told: Ints = np.full(n, NO_TIME)
    mmsi: NDArray[np.uint32] = np.zeros(n, np.uint32)
    for table, names in ((block.positions, columns.POSITIONS), (block.stations, columns.STATIONS)):
        sent = table.u8[names.u8.index("second")]
        second[table.message] = np.where(sent <= 59, sent.astype(np.int16), -1)
        mmsi[table.message] = table.u32[0]
    told[block.stations.message] = told_times(block.stations)
    return second, told, mmsi


def _positions(block: Block, good: Bools, t: Ints, source: pl.Series) -> pl.DataFrame:
    """Return the positions of the messages that are ``good``, in the order of the file."""
    tables = ((block.positions, columns.POSITIONS), (block.stations, columns.STATIONS))
    message = np.concatenate([table.message for table, _ in tables])
    order = np.argsort(message, kind="stable")
    order = order[good[message[order]]]
    at = message[order]

    def column(name: str) -> Array:
        whole = np.concatenate([floats_of(table, names, name) for table, names in tables])
        ordered: Array = whole[order]
        return ordered

    kind: Array = np.concatenate([table.u8[0] for table, _ in tables])[order]
    mmsi = np.concatenate([table.u32[0] for table, _ in tables])[order]
    optional = ("sog_kn", "cog_deg", "heading_deg", "status")
    return (
        pl.DataFrame(
            {
                "mmsi": mmsi,
                "t": pl.Series(t[at], dtype=pl.Int64).cast(POSITIONS["t"]),
                **{name: column(name) for name in ("lon", "lat", *optional)},
                "msg_type": kind,
                "cls": _CLASS_NAMES.gather(_CLASS[kind]),
                "source": source.gather(at.astype(np.uint32)),
            }
        )
        .with_columns(pl.col(*optional).fill_nan(None))
        # 360 and more is no direction; of both fields only one such value is "not available".
        .with_columns(
            pl.when(pl.col(c) < 360).then(pl.col(c)).alias(c) for c in ("cog_deg", "heading_deg")
        )
        .select(POSITIONS.names())
        .cast(POSITIONS)
    )


def _clean_text(text: pl.Expr) -> pl.Expr:
    """Return a broadcast text up to its padding, null when nothing is left.

    An @ ends a text (ITU-R M.1371-5, table 47), whatever follows.
    """
    bare = text.str.split("@").list.first().str.strip_chars(" ").str.replace_all(r"\s+", " ")
    return pl.when(bare != "").then(bare)


def _texts(said: columns.Texts, i: int) -> list[str | None]:
    """Return a column of texts, None where there is none."""
    out = said.out[i].tobytes()
    ends = said.offset[i].tolist()
    there = said.there[i].tolist()
    return [
        out[a:b].decode("ascii") if yes else None
        for a, b, yes in zip(ends[:-1], ends[1:], there, strict=True)
    ]


def _statics(block: Block, good: Bools, t: Ints, source: pl.Series) -> pl.DataFrame:
    """Return the static reports among the messages that are ``good``, in the file's order."""
    s, b = block.statics, block.stations
    told = block.static_texts
    ship = pl.DataFrame(
        {
            "message": s.message,
            "mmsi": s.u32[0],
            "name": _texts(told, 0),
            "callsign": _texts(told, 1),
            **{
                name: floats_of(s, columns.STATICS, name)
                for name in (
                    "imo", "ship_type", "draught_m", "to_bow_m", "to_stern_m", "to_port_m",
                    "to_starboard_m",
                )
            },
        },
        schema_overrides={"name": pl.String, "callsign": pl.String},
    )  # fmt: skip
    aids = b.u8[0] == 21
    names, more = _texts(block.station_texts, 0), _texts(block.station_texts, 1)
    aid = pl.DataFrame(
        {
            "message": b.message,
            "mmsi": b.u32[0],
            "name": [(x or "") + (y or "") for x, y in zip(names, more, strict=True)],
            **{
                name: floats_of(b, columns.STATIONS, name)
                for name in ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
            },
        },
        schema_overrides={"name": pl.String},
    ).filter(pl.Series(aids, dtype=pl.Boolean))
    whole = pl.concat([ship, aid], how="diagonal").sort("message")
    numbers = ["imo", "ship_type", "length_m", "width_m", "draught_m"]
    at = whole["message"]
    return (
        whole.with_columns(
            t=pl.Series(t[at.to_numpy()], dtype=pl.Int64).cast(STATICS["t"]),
            source=source.gather(at),
            length_m=pl.col("to_bow_m") + pl.col("to_stern_m"),
            width_m=pl.col("to_port_m") + pl.col("to_starboard_m"),
            name=_clean_text(pl.col("name")),
            callsign=_clean_text(pl.col("callsign")),
        )
        .filter(pl.Series(good[at.to_numpy()], dtype=pl.Boolean))
        .with_columns(pl.col(*numbers).fill_nan(None))
        .with_columns(pl.when(pl.col(c) > 0).then(pl.col(c)).alias(c) for c in numbers)
        .select(STATICS.names())
        .cast(STATICS)
    )


def _heard(
    block: Block,
    second: NDArray[np.int16],
    told: Ints,
    mmsi: NDArray[np.uint32],
    source: pl.Series,
) -> pl.DataFrame:
    """Return when messages were heard, by the receivers' own times."""
    t = block.found.t
    at = np.flatnonzero((t != NO_TIME) & ((second >= 0) | (told != NO_TIME)))
    return pl.DataFrame(
        {
            "source": source.gather(at.astype(np.uint32)),
            "t": pl.Series(t[at], dtype=pl.Int64).cast(HEARD["t"]),
            "second": np.where(second[at] < 0, NO_U8, second[at]),
            "utc": pl.Series(told[at], dtype=pl.Int64),
            "mmsi": mmsi[at],
        }
    ).select(
        "source",
        "t",
        pl.when(pl.col("second") != NO_U8).then(pl.col("second")).cast(HEARD["second"]),
        pl.when(pl.col("utc") != NO_TIME).then(pl.col("utc")).cast(HEARD["utc"]),
        "mmsi",
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
