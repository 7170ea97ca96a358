"""Read NMEA 0183 with AIS sentences into positions, static reports and books."""

from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais import _nmea_columns as columns
from ais import _nmea_lines as scanning
from ais._arrays import Array, Bools, Ints
from ais._batch import KEPT, Batch, Ledger, Page
from ais._blocks import Block as Piece
from ais._nmea_bits import NO_U8, NO_U16, NO_U32
from ais._nmea_text import NO_TIME
from ais._nmea_time import Recent, clocks, fill_times, first_clock
from ais.nmea import OUTCOMES, REASONS, Block, Decoder
from ais.schema import HEARD, POSITIONS, STATICS, TOLD

MAX_MMSI = 999_999_999
_NEED = np.zeros(64, np.int64)
_NEED[[1, 2, 3, 4, 5, 9, 11, 18, 19, 21, 24, 27]] = [
    116, 116, 116, 134, 112, 116, 134, 112, 112, 219, 46, 79,
]  # fmt: skip
"""Bits up to the end of the latitude, of the callsign (5) or of the first characters (24): a
shorter message tells nothing that is kept."""
_CLASS = np.full(64, 2, np.uint32)
_CLASS[[1, 2, 3, 5, 11, 27]] = 0
_CLASS[[18, 19, 24]] = 1
_CLASS_NAMES = pl.Series(["A", "B", "other"], dtype=pl.String)
_DAY_MS = 86_400_000
_NO_DAY = NO_TIME // _DAY_MS


def _reached(begun: int | None) -> Ints | None:
    """Return where the times of a file begin, as ``fill_times`` moves them on."""
    return None if begun is None else np.array([begun, NO_TIME, 0])


class _Reader:
    """What has to be remembered from one block of a file to the next."""

    def __init__(self, file: str, source: str, begun: int | None, not_after: int | None) -> None:
        self.decoder = Decoder()
        self.ledger = Ledger(file)
        self.recent = Recent()
        self.source = source
        self.reached = _reached(begun)
        self.not_after = not_after

    def times(self, block: Block) -> tuple[Ints, NDArray[np.int16]]:
        """Return each message's time, filled in where a line has none, and its own second."""
        t: Ints = block.found.t.copy()
        second: NDArray[np.int16] = np.full(len(t), -1, np.int16)
        for table, names in (
            (block.positions, columns.POSITIONS),
            (block.stations, columns.STATIONS),
        ):
            sent = table.u8[names.u8.index("second")]
            second[table.message] = np.where(sent <= 59, sent.astype(np.int16), -1)
        if not (t == NO_TIME).any():
            return t, second
        told = np.full(len(t), NO_TIME)
        told[block.stations.message] = clocks(block.stations)
        if self.reached is None:
            at = block.stations.message
            begun = first_clock(block.stations.u32[0], told[at], self.not_after)
            self.reached = _reached(begun)
        if self.reached is not None:
            fill_times(t, second, told, self.reached)
        return t, second


class _Verdicts:
    """Why messages are not kept: the first reason that holds, in the order of asking."""

    def __init__(self, block: Block, page: Page) -> None:
        self._block = block
        self._page = page
        self.reasons: list[str] = [KEPT]
        self.verdict = np.zeros(len(block.found.line), np.int8)

    def put(self, reason: str, hit: Bools, say: Callable[[int], str] | None = None) -> None:
        """Give the messages ``hit`` that have none yet a reason; ``say`` tells of a refused one."""
        hit = hit & (self.verdict == 0)
        at = np.flatnonzero(hit)
        if not len(at):
            return
        self.verdict[at] = len(self.reasons)
        self.reasons.append(reason)
        found = self._block.found
        n = int(found.n_lines[at].sum(dtype=np.int64))
        if say is None:
            self._page.count(reason, n)
            return
        rows = self._block.row[found.line[at]]
        self._page.refuse(reason, n, ((int(r), say(int(i))) for r, i in zip(rows, at, strict=True)))


def _column(table: columns.Table, names: columns.Names, name: str) -> Array:
    """Return a column as floats, NaN where it is not available."""
    column: Array
    if name in names.f8:
        column = table.f8[names.f8.index(name)]
        return column
    for values, of, none in (
        (table.u8, names.u8, NO_U8),
        (table.u16, names.u16, NO_U16),
        (table.u32, names.u32, NO_U32),
    ):
        if name in of:
            column = values[of.index(name)].astype(np.float64)
            column[column == none] = np.nan
            return column
    return np.full(len(table.message), np.nan)


def _places(block: Block) -> tuple[Array, Array]:
    """Return each message's longitude and latitude, NaN where it has none."""
    n = len(block.found.line)
    lon: Array = np.full(n, np.nan)
    lat: Array = np.full(n, np.nan)
    for table, names in ((block.positions, columns.POSITIONS), (block.stations, columns.STATIONS)):
        lon[table.message] = _column(table, names, "lon")
        lat[table.message] = _column(table, names, "lat")
    return lon, lat


def _judge(block: Block, page: Page, reader: _Reader, t: Ints) -> tuple[_Verdicts, Bools]:
    """Tell what becomes of each message, and which have a place."""
    found = block.found
    kind: Ints = np.zeros(len(found.line), np.int64)
    mmsi: Ints = np.zeros(len(found.line), np.int64)
    for table in (block.others, block.stations, block.statics, block.positions):
        kind[table.message] = table.u8[0]
        mmsi[table.message] = table.u32[0]
    lon, lat = _places(block)
    verdicts = _Verdicts(block, page)

    def text(i: int) -> str:
        return block.shown(int(found.line[i]))

    def where(i: int) -> str:
        return f"MMSI {mmsi[i]} at lon {lon[i]}, lat {lat[i]}"

    for outcome, reason in OUTCOMES.items():
        verdicts.put(reason, found.outcome == outcome, text)
    verdicts.put("other_type", found.outcome == columns.OTHER)
    length = 6 * (found.span[:, 1] - found.span[:, 0]) - found.fill
    verdicts.put("short_payload", length < _NEED[kind], text)
    verdicts.put("bad_mmsi", (mmsi < 1) | (mmsi > MAX_MMSI), lambda i: f"MMSI {mmsi[i]}")
    verdicts.put("no_time", t == NO_TIME, text)
    if reader.not_after is not None:
        late = t > reader.not_after
        verdicts.put("future", late, lambda i: f"time {np.datetime64(int(t[i]), 'ms')}Z")
    placed = np.isin(found.outcome, [columns.POSITION, columns.EXTENDED, columns.STATION])
    nowhere = placed & (np.isnan(lon) | np.isnan(lat))
    outside = placed & ((np.abs(lon) > 180) | (np.abs(lat) > 90) | ((lon == 0) & (lat == 0)))
    # A type 19 or 21 without a place still says who it is: kept for its name.
    named = (kind == 19) | (kind == 21)
    verdicts.put("no_position", nowhere & ~named, where)
    verdicts.put("bad_position", outside & ~named, where)
    again = reader.recent.again(block.key, t, among=verdicts.verdict == 0)
    verdicts.put("heard_again", again)
    page.count(KEPT, int(found.n_lines[verdicts.verdict == 0].sum(dtype=np.int64)))
    return verdicts, placed & ~nowhere & ~outside


def _positions(block: Block, good: Bools, t: Ints, source: pl.Series) -> pl.DataFrame:
    """Return the positions of the messages that are ``good``, in the order of the file."""
    tables = ((block.positions, columns.POSITIONS), (block.stations, columns.STATIONS))
    message = np.concatenate([table.message for table, _ in tables])
    order = np.argsort(message, kind="stable")
    order = order[good[message[order]]]
    at = message[order]

    def column(name: str) -> Array:
        whole = np.concatenate([_column(table, names, name) for table, names in tables])
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
                name: _column(s, columns.STATICS, name)
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
                name: _column(b, columns.STATIONS, name)
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


def _heard(block: Block, second: NDArray[np.int16], source: pl.Series) -> pl.DataFrame:
    """Return when messages were heard, by the receivers' own times."""
    t = block.found.t
    told = np.full(len(t), NO_TIME)
    told[block.stations.message] = clocks(block.stations)
    at = np.flatnonzero((t != NO_TIME) & ((second >= 0) | (told != NO_TIME)))
    return pl.DataFrame(
        {
            "source": source.gather(at.astype(np.uint32)),
            "t": pl.Series(t[at], dtype=pl.Int64).cast(HEARD["t"]),
            "second": np.where(second[at] < 0, NO_U8, second[at]),
            "utc": pl.Series(told[at], dtype=pl.Int64),
        }
    ).select(
        "source",
        "t",
        pl.when(pl.col("second") != NO_U8).then(pl.col("second")).cast(HEARD["second"]),
        pl.when(pl.col("utc") != NO_TIME).then(pl.col("utc")).cast(HEARD["utc"]),
    )


def _told(
    block: Block, verdicts: _Verdicts, t: Ints, source: pl.Series, fallback: str
) -> pl.DataFrame:
    """Return the counts by source, day and reason: of messages, and of lines that hold none."""
    found = block.found
    messages = pl.DataFrame(
        {
            "source": source,
            "day": np.where(t == NO_TIME, _NO_DAY, t // _DAY_MS),
            "reason": pl.Series(verdicts.reasons, dtype=pl.String).gather(
                verdicts.verdict.astype(np.uint32)
            ),
            "rows": found.n_lines.astype(np.int64),
        }
    )
    lines = block.lines
    why = {scanning.BLANK: "blank", scanning.OTHER_SENTENCE: "other_sentence", **REASONS}
    at = np.flatnonzero(np.isin(lines["kind"], list(why)))
    codes, names = block.stations_of(np.where(lines["source"][at] != 0, at, -1))
    when = lines["t"][at]
    rest = pl.DataFrame(
        {
            "source": pl.Series([*names, fallback], dtype=pl.String).gather(
                np.where(codes < 0, len(names), codes).astype(np.uint32)
            ),
            "day": np.where(when == NO_TIME, _NO_DAY, when // _DAY_MS),
            "reason": pl.Series(lines["kind"][at]).replace_strict(why, return_dtype=pl.String),
            "rows": np.ones(len(at), np.int64),
        }
    )
    return (
        pl.concat([messages, rest])
        .group_by("source", "day", "reason", maintain_order=True)
        .agg(pl.col("rows").sum())
        .select(
            "source",
            pl.when(pl.col("day") != _NO_DAY).then(pl.col("day")).cast(pl.Int32).cast(pl.Date)
            .alias("date"),
            "reason",
            "rows",
        )
        .cast(TOLD)
    )  # fmt: skip


def _books(block: Block, page: Page, long: tuple[tuple[int, int], ...]) -> None:
    """Count the lines that hold no message, and show some."""
    kind = block.lines["kind"]
    waiting = (kind == scanning.PENDING) | (kind == scanning.CONTEXT)
    page.count("rows_in", len(kind) - np.count_nonzero(waiting))
    page.count("blank", np.count_nonzero(kind == scanning.BLANK) - len(long))
    page.count("other_sentence", np.count_nonzero(kind == scanning.OTHER_SENTENCE))
    page.refuse("long_line", len(long), ((row, f"{size} bytes") for row, size in long))
    for code, reason in REASONS.items():
        at = np.flatnonzero(kind == code)
        page.refuse(reason, len(at), ((int(block.row[i]), block.shown(i)) for i in at.tolist()))


def _batch(piece: Piece, reader: _Reader) -> Batch:
    """Decode the next piece of a file; what cannot be kept goes to the books."""
    page = reader.ledger.page()
    long = getattr(piece, "long", ())
    if piece.broken:
        page.count("rows_in", 1)
        said = f"the file breaks off after line {piece.row + piece.n_rows - 1}"
        page.refuse(piece.broken, 1, [(piece.row + piece.n_rows, said)])
    block = reader.decoder.block(piece.data, last=piece.last)
    _books(block, page, long)
    t, second = reader.times(block)
    verdicts, placed = _judge(block, page, reader, t)
    codes, names = block.stations_of(block.found.source)
    source = pl.Series([*names, reader.source], dtype=pl.String).gather(
        np.where(codes < 0, len(names), codes).astype(np.uint32)
    )
    good = verdicts.verdict == 0
    told = _told(block, verdicts, t, source, reader.source)
    extra = [("long_line", len(long)), (piece.broken, int(piece.broken is not None))]
    told = pl.concat(
        [
            told,
            pl.DataFrame(
                [(reader.source, None, reason, n) for reason, n in extra if n]
                + [(reader.source, None, "blank", -len(long))] * (len(long) > 0),
                schema=TOLD,
                orient="row",
            ),
        ]
    )
    return Batch(
        _positions(block, good & placed, t, source),
        _statics(block, good, t, source),
        page.counts,
        page.samples(),
        piece.done,
        _heard(block, second, source),
        told,
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def read_nmea(
    pieces: Iterator[Piece],
    *,
    file: str,
    start: datetime | None,
    not_after: datetime | None,
    source: str = "nmea",
) -> Iterator[Batch]:
    """Yield the batches of an NMEA file, one for each piece.

    ``start`` is when an untimed recording began; without it, lines without a time take the
    first time that base stations agree on. ``source`` stands for the station where a line
    names none.
    """
    reader = _Reader(file, source, _ms(start), _ms(not_after))
    for piece in pieces:
        yield _batch(piece, reader)
