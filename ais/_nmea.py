"""Read NMEA 0183 with AIS sentences into positions and static reports."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from datetime import datetime
from functools import partial
from typing import NamedTuple

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais import _nmea_decode as dec
from ais import _nmea_scan as scan
from ais._arrays import Bools, Ints, Line, Lines
from ais._batch import KEPT, Batch, Ledger, Page
from ais._blocks import Block
from ais._nmea_text import NO_TIME
from ais.schema import POSITIONS, STATICS

MAX_MMSI = 999_999_999
_PIECE = 20_000
"""Payloads handed to a process at a time: a quarter of a second's work."""
CLOCK_BACK_MS, CLOCK_AHEAD_MS = 60_000, 3_600_000
"""How far a base station's clock may stand from the time reached so far to be believed:
stations report every 10 s, and some have clocks that are years off."""

_REASONS = {
    scan.NOT_NMEA: "not_nmea",
    scan.BAD_CHECKSUM: "bad_checksum",
    scan.CUT_LINE: "cut_line",
    scan.BAD_TAG_BLOCK: "bad_tag_block",
    scan.BAD_FIELDS: "bad_fields",
    scan.INCOMPLETE: "incomplete_multipart",
}
_OUTCOMES = {dec.UNKNOWN_TYPE: "unknown_type", dec.SHORT: "short_payload", dec.BAD: "bad_message"}
_CLASS = np.full(64, 2, np.uint8)
_CLASS[[1, 2, 3, 5, 11, 27]] = 0
_CLASS[[18, 19, 24]] = 1
_CLASS_NAMES = pl.Series(["A", "B", "other"], dtype=pl.String)


class _Scanned(NamedTuple):
    """A block after scanning: its books, and what goes to the decoder."""

    page: Page
    text: bytes
    row: Ints
    lines: Lines
    found: scan.Messages
    done: int


def _line_text(text: bytes, line: Line) -> str:
    return text[line["start"] : line["end"]][:100].decode("ascii", "replace").strip()


def _scan(block: Block, carry: list[tuple[int, bytes]], page: Page) -> _Scanned:
    """Scan a block behind the carried-over lines; leave in ``carry`` the parts still open."""
    text = b"".join(raw + b"\n" for _, raw in carry) + block.data
    buf = np.frombuffer(text, np.uint8)
    lines = np.zeros(len(carry) + block.n_rows, scan.LINE)
    scan.scan(buf, lines)
    row = np.concatenate(
        [np.array([r for r, _ in carry], np.int64), np.arange(block.row, block.row + block.n_rows)]
    )
    *arrays, other = scan.join(buf, lines, row, dec.WANTED, last=block.last)
    found = scan.Messages(*arrays)
    page.count("rows_in", len(lines))
    page.count("blank", np.count_nonzero(lines["kind"] == scan.BLANK))
    page.count("other_sentence", np.count_nonzero(lines["kind"] == scan.OTHER_SENTENCE))
    page.count("other_type", other)
    for kind, reason in _REASONS.items():
        at = np.flatnonzero(lines["kind"] == kind)
        page.refuse(reason, len(at), ((row[i], _line_text(text, lines[i])) for i in at))
    pending = np.flatnonzero(lines["kind"] == scan.PENDING)
    page.count("rows_in", -len(pending))
    carry[:] = [(int(row[i]), text[lines[i]["start"] : lines[i]["end"]]) for i in pending.tolist()]
    return _Scanned(page, text, row, lines, found, block.done)


@numba.njit(cache=True)
def _fill_times(t: Ints, clock: Ints, now: int, none: int, back: int, ahead: int) -> int:
    """Give each message without a time the time reached so far; move on by base stations."""
    for i in range(t.shape[0]):
        if t[i] != none:
            now = t[i]
        else:
            c = clock[i]
            if c != none and -back <= c - now <= ahead and c > now:
                now = c
            t[i] = now
    return now


def _sources(scanned: _Scanned) -> pl.Series:
    """Return each message's station, ``nmea`` where none is named."""
    lines, at = scanned.lines, scanned.found.source
    code = np.where(at < 0, np.uint64(0), lines["source"][at])
    _, first, back = np.unique(code, return_index=True, return_inverse=True)
    names = []
    for i in first.tolist():
        if at[i] < 0:
            names.append("nmea")
            continue
        line = lines[at[i]]
        raw = scanned.text[line["source_a"] : line["source_b"]]
        names.append(raw.decode("ascii", "replace"))
    return pl.Series(names, dtype=pl.String).gather(back.astype(np.uint32))


def _clean_text(column: str) -> pl.Expr:
    """Return a broadcast text without padding, null when nothing is left."""
    text = pl.col(column).str.strip_chars("@ ").str.replace_all(r"\s+", " ")
    return pl.when(text != "").then(text)


def _statics(d: dec.Decoded, t: Ints, source: pl.Series, good: Bools) -> pl.DataFrame:
    """Return the static reports among the decoded messages that are ``good``."""
    names = ["mmsi", "imo", "name", "callsign", "ship_type", "length_m", "width_m", "draught_m"]
    types = [pl.Int64, pl.Int64, pl.String, pl.String, pl.Int64, pl.Float64, pl.Float64, pl.Float64]
    table = pl.DataFrame(d.static, schema=dict(zip(names, types, strict=True)), orient="row")
    at = d.static_row
    table = table.with_columns(
        pl.Series("t", t[at]).cast(STATICS["t"]),
        source.gather(at.astype(np.uint32)).alias("source"),
    ).filter(pl.Series(good[at], dtype=pl.Boolean))
    numbers = ["imo", "ship_type", "length_m", "width_m", "draught_m"]
    return (
        table.with_columns(
            _clean_text("name"),
            _clean_text("callsign"),
            *(pl.when(pl.col(c) > 0).then(pl.col(c)).alias(c) for c in numbers),
        )
        .select(STATICS.names())
        .cast(STATICS)
    )


def _batch(
    scanned: _Scanned, d: dec.Decoded, clock: list[int] | None, not_after: int | None
) -> Batch:
    """Turn decoded messages into tables; what cannot be kept goes to the books."""
    page, found = scanned.page, scanned.found
    t = found.t.copy()
    if clock is not None:
        clock[0] = _fill_times(t, d.clock, clock[0], NO_TIME, CLOCK_BACK_MS, CLOCK_AHEAD_MS)
    mmsi, lon, lat = d.fields[:, 0], d.fields[:, 1], d.fields[:, 2]
    placed = ~np.isin(d.kind, [5, 24])
    nowhere = placed & ((lon == 181.0) | (lat == 91.0))
    outside = placed & ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90) & ((lon != 0) | (lat != 0)))
    left = np.ones(len(t), np.bool_)

    def refuse(reason: str, hit: Bools, say: Callable[[int], str]) -> None:
        hit = hit & left
        at = np.flatnonzero(hit)
        rows = scanned.row[found.line[at]]
        page.refuse(
            reason,
            int(found.n_lines[at].sum()),
            ((row, say(i)) for row, i in zip(rows.tolist(), at.tolist(), strict=True)),
        )
        left[hit] = False

    def text(i: int) -> str:
        return _line_text(scanned.text, scanned.lines[found.line[i]])

    for outcome, reason in _OUTCOMES.items():
        refuse(reason, d.outcome == outcome, text)
    refuse("bad_mmsi", ~((mmsi >= 1) & (mmsi <= MAX_MMSI)), lambda i: f"MMSI {mmsi[i]:.0f}")
    refuse("no_time", t == NO_TIME, text)
    if not_after is not None:
        refuse("future", t > not_after, lambda i: f"time {np.datetime64(int(t[i]), 'ms')}Z")
    # A type 19 or 21 without a place still says who it is: kept for its name.
    named = np.isin(d.kind, [19, 21])
    where = partial("MMSI {:.0f} at lon {}, lat {}".format)
    refuse("no_position", nowhere & ~named, lambda i: where(mmsi[i], lon[i], lat[i]))
    refuse("bad_position", outside & ~named, lambda i: where(mmsi[i], lon[i], lat[i]))
    page.count(KEPT, int(found.n_lines[left].sum()))
    at = np.flatnonzero(left & placed & ~nowhere & ~outside)
    speed, course, heading, status = d.fields[at, 3:7].T
    kind = d.kind[at]
    no_speed = np.where(kind == 27, 63.0, np.where(kind == 9, 1023.0, 102.3))
    source = _sources(scanned)
    positions = pl.DataFrame(
        {
            "mmsi": mmsi[at].astype(np.uint32),
            "t": pl.Series(t[at]).cast(POSITIONS["t"]),
            "lon": lon[at],
            "lat": lat[at],
            "sog_kn": np.where(speed < no_speed, speed, np.nan),
            "cog_deg": np.where(course < 360.0, course, np.nan),
            "heading_deg": np.where(heading < 360.0, heading, np.nan),
            "status": np.where(status < 15.0, status, np.nan),
            "msg_type": kind,
            "cls": _CLASS_NAMES.gather(_CLASS[kind].astype(np.uint32)),
            "source": source.gather(at.astype(np.uint32)),
        }
    )
    positions = positions.with_columns(
        pl.col("sog_kn", "cog_deg", "heading_deg", "status").fill_nan(None)
    ).cast(POSITIONS)
    statics = _statics(d, t, source, left)
    return Batch(positions, statics, page.counts, page.samples(), scanned.done)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _pieces(found: scan.Messages) -> Iterator[tuple[bytes, Ints, NDArray[np.int32]]]:
    """Yield a block's payloads in pieces that keep several processes busy."""
    for a in range(0, max(len(found.fill), 1), _PIECE):
        offset = found.offset[a : a + _PIECE + 1]
        blob = found.blob[offset[0] : offset[-1]].tobytes()
        yield blob, offset - offset[0], found.fill[a : a + _PIECE]


def _whole(pieces: list[dec.Decoded]) -> dec.Decoded:
    """Put the decoded pieces of a block together again."""
    before = np.cumsum([0, *(len(p.kind) for p in pieces)])
    return dec.Decoded(
        np.concatenate([p.kind for p in pieces]),
        np.concatenate([p.outcome for p in pieces]),
        np.concatenate([p.fields for p in pieces]),
        np.concatenate([p.clock for p in pieces]),
        np.concatenate([p.static_row + n for p, n in zip(pieces, before, strict=False)]),
        [row for p in pieces for row in p.static],
    )


def decoder_pool(workers: int) -> ProcessPoolExecutor:
    """Start processes that decode NMEA, to be handed to several reads.

    They are spawned: a forked child of a threaded parent (Polars) can hang. Starting them
    takes about half a second, so that many small files want one pool.
    """
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def read_nmea(
    blocks: Iterator[Block],
    *,
    file: str,
    pool: Executor | None,
    start: datetime | None,
    not_after: datetime | None,
) -> Iterator[Batch]:
    """Yield the batches of an NMEA file, one for each block.

    Blocks are scanned and joined here, in order, so that a block's edge never cuts a message;
    with a ``pool`` the payloads go to its processes to be decoded.
    """
    ledger = Ledger(file)
    carry: list[tuple[int, bytes]] = []
    begun = _ms(start)
    clock = None if begun is None else [begun]
    limit = _ms(not_after)

    def scanned() -> Iterator[_Scanned]:
        for block in blocks:
            page = ledger.page()
            if block.broken:
                page.count("rows_in", 1)
                said = f"the file breaks off after line {block.row + block.n_rows - 1}"
                page.refuse(block.broken, 1, [(block.row + block.n_rows, said)])
            yield _scan(block, carry, page)

    if pool is None:
        for s in scanned():
            whole = dec.decode(s.found.blob.tobytes(), s.found.offset, s.found.fill)
            yield _batch(s, whole, clock, limit)
        return
    waiting: deque[tuple[_Scanned, list[Future[dec.Decoded]]]] = deque()
    for s in scanned():
        waiting.append((s, [pool.submit(dec.decode, *piece) for piece in _pieces(s.found)]))
        if len(waiting) > 1:
            ready, futures = waiting.popleft()
            yield _batch(ready, _whole([f.result() for f in futures]), clock, limit)
    for ready, futures in waiting:
        yield _batch(ready, _whole([f.result() for f in futures]), clock, limit)
