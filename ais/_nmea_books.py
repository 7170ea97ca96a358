"""The books of a block of NMEA: what becomes of each message and line, by source and day."""

from collections.abc import Callable

import numpy as np
import polars as pl

from ais import _nmea_columns as columns
from ais import _nmea_lines as scanning
from ais._arrays import Array, Bools, Ints
from ais._batch import KEPT, Page
from ais._blocks import Block as Piece
from ais._nmea_bits import NO_U8, NO_U16, NO_U32
from ais._nmea_text import NO_TIME
from ais._nmea_time import Recent
from ais.nmea import OUTCOMES, REASONS, Block
from ais.schema import MAX_MMSI, TOLD

_NEED = np.zeros(64, np.int64)
_NEED[[1, 2, 3, 4, 5, 9, 11, 18, 19, 21, 24, 27]] = [
    116, 116, 116, 134, 112, 116, 134, 112, 112, 219, 46, 79,
]  # fmt: skip
"""Bits up to the end of the latitude, of the callsign (5) or of the first characters (24): a
shorter message tells nothing that is kept."""
_DAY_MS = 86_400_000
_NO_DAY = NO_TIME // _DAY_MS


class Verdicts:
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


def floats_of(table: columns.Table, names: columns.Names, name: str) -> Array:
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
        lon[table.message] = floats_of(table, names, "lon")
        lat[table.message] = floats_of(table, names, "lat")
    return lon, lat


def judge(
    block: Block, page: Page, t: Ints, limit: int | None, recent: Recent
) -> tuple[Verdicts, Bools]:
    """Tell what becomes of each message, and which have a place."""
    found = block.found
    kind: Ints = np.zeros(len(found.line), np.int64)
    mmsi: Ints = np.zeros(len(found.line), np.int64)
    for table in (block.others, block.stations, block.statics, block.positions):
        kind[table.message] = table.u8[0]
        mmsi[table.message] = table.u32[0]
    lon, lat = _places(block)
    verdicts = Verdicts(block, page)

    def text(i: int) -> str:
        return block.shown(int(found.line[i]))

    def where(i: int) -> str:
        if np.isnan(lon[i]) or np.isnan(lat[i]):
            return f"MMSI {mmsi[i]} without a place"
        return f"MMSI {mmsi[i]} at lon {lon[i]}, lat {lat[i]}"

    for outcome, reason in OUTCOMES.items():
        verdicts.put(reason, found.outcome == outcome, text)
    verdicts.put("other_type", found.outcome == columns.OTHER)
    length = 6 * (found.span[:, 1] - found.span[:, 0]) - found.fill
    verdicts.put("short_payload", length < _NEED[kind], text)
    verdicts.put("bad_mmsi", (mmsi < 1) | (mmsi > MAX_MMSI), lambda i: f"MMSI {mmsi[i]}")
    verdicts.put("no_time", t == NO_TIME, text)
    if limit is not None:
        late = t > limit
        verdicts.put("future", late, lambda i: f"time {np.datetime64(int(t[i]), 'ms')}Z")
    placed = np.isin(found.outcome, [columns.POSITION, columns.EXTENDED, columns.STATION])
    nowhere = placed & (np.isnan(lon) | np.isnan(lat))
    outside = placed & ((np.abs(lon) > 180) | (np.abs(lat) > 90) | ((lon == 0) & (lat == 0)))
    # A type 19 or 21 without a place still says who it is: kept for its name.
    named = (kind == 19) | (kind == 21)
    verdicts.put("no_position", nowhere & ~named, where)
    verdicts.put("bad_position", outside & ~named, where)
    again = recent.again(block.key, t, among=verdicts.verdict == 0)
    verdicts.put("heard_again", again)
    page.count(KEPT, int(found.n_lines[verdicts.verdict == 0].sum(dtype=np.int64)))
    return verdicts, placed & ~nowhere & ~outside


def sources(block: Block, at: Ints, fallback: str) -> pl.Series:
    """Return the names of the stations that lines name, ``fallback`` where they name none."""
    codes, names = block.stations_of(at)
    return pl.Series([*names, fallback], dtype=pl.String).gather(
        np.where(codes < 0, len(names), codes).astype(np.uint32)
    )


def accounts(
    block: Block, verdicts: Verdicts, t: Ints, source: pl.Series, fallback: str, piece: Piece
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
    when = lines["t"][at]
    rest = pl.DataFrame(
        {
            "source": sources(block, np.where(lines["source"][at] != 0, at, -1), fallback),
            "day": np.where(when == NO_TIME, _NO_DAY, when // _DAY_MS),
            "reason": pl.Series(lines["kind"][at]).replace_strict(why, return_dtype=pl.String),
            "rows": np.ones(len(at), np.int64),
        }
    )
    # A line that is too long stands empty in the block.
    n_long = len(piece.long)
    beside = [("blank", -n_long), ("long_line", n_long)]
    if piece.broken is not None:
        beside.append((piece.broken, 1))
    dateless = pl.DataFrame(
        [(fallback, _NO_DAY, reason, n) for reason, n in beside], schema=rest.schema, orient="row"
    )
    return (
        pl.concat([messages, rest, dateless])
        .group_by("source", "day", "reason", maintain_order=True)
        .agg(pl.col("rows").sum())
        .filter(pl.col("rows") != 0)
        .select(
            "source",
            pl.when(pl.col("day") != _NO_DAY)
            .then(pl.col("day"))
            .cast(pl.Int32)
            .cast(pl.Date)
            .alias("date"),
            "reason",
            "rows",
        )
        .cast(TOLD)
    )


def count_lines(block: Block, page: Page, long: tuple[tuple[int, int], ...]) -> None:
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
