"""Join the parts of messages, and tell which table each message goes to."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Ints, Line, Lines
from ais._nmea_bits import BEYOND
from ais._nmea_columns import LAST_TYPE, STATIC, TABLE
from ais._nmea_lines import AIS, INCOMPLETE, JOINED, PENDING
from ais._nmea_text import NO_TIME

UNKNOWN_TYPE, SHORT, BAD = 6, 7, 8
"""Outcomes of a message that goes to no table."""
HEADER_BITS, _PART_BITS = 38, 40
PART_AGE_LINES = 2_000
"""A part waits this many lines for the next part of its message."""
PART_AGE_MS = 60_000
"""... or this long by the stations' own clocks (a message takes under a second on air)."""


class Messages(NamedTuple):
    """Whole messages of one block, parts joined, in the order of their last part."""

    line: Ints
    """Row in the line table of the first part."""
    n_lines: NDArray[np.uint8]
    t: Ints
    source: Ints
    """Row in the line table that names the station, -1 for none."""
    channel: NDArray[np.uint8]
    span: Ints
    """Where the payload begins and ends, in the block or, joined, in ``blob``."""
    joined: NDArray[np.uint8]
    fill: NDArray[np.uint8]
    outcome: NDArray[np.uint8]
    """POSITION, STATIC, STATION, OTHER, EXTENDED, or UNKNOWN_TYPE, SHORT or BAD."""
    blob: NDArray[np.uint8]


@numba.njit(cache=True)
def _expired(lines: Lines, row: Ints, first: int, now: int) -> bool:
    if row[now] - row[first] > PART_AGE_LINES:
        return True
    t0, t1 = lines[first]["t"], lines[now]["t"]
    return bool(t0 != NO_TIME and t1 != NO_TIME and abs(t1 - t0) > PART_AGE_MS)


@numba.njit(cache=True)
def _inherit(line: Line, leader: Line) -> None:
    if line["source"] == 0:
        line["source"] = leader["source"]
        line["source_a"], line["source_b"] = leader["source_a"], leader["source_b"]
    if line["t"] == NO_TIME:
        line["t"] = leader["t"]


@numba.njit(cache=True)
def _outcome(buf: Array, a: int, b: int, fill: int) -> int:
    """Tell the table of a payload by its type; a type 24 has the parts A and B only."""
    if 6 * (b - a) - fill < HEADER_BITS:
        return SHORT
    c = buf[a] - 48
    kind = c - 8 if c > 40 else c
    if kind > LAST_TYPE:
        return UNKNOWN_TYPE
    table = int(TABLE[kind])
    if table == STATIC and kind == 24:
        if 6 * (b - a) - fill < _PART_BITS:
            return SHORT
        c = buf[a + 6] - 48
        six = c - 8 if c > 40 else c
        if (six >> 2) & 3 > 1:
            return BAD
    return table


@numba.njit(cache=True)
def join(buf: Array, lines: Lines, row: Ints, *, last: bool) -> Messages:  # noqa: C901
    """Join the parts of messages; mark lines PENDING, INCOMPLETE or JOINED.

    A part belongs to the message begun by part 1 of the same station, talker, channel,
    sequence number and count; where one of the two names no channel, or a tag-block group
    holds both, the channel does not count. A part without a station of its own inherits it,
    and the time, from the first sentence of its group. Parts must follow in order; a new
    part 1 ends the older message. ``row`` is each line's number in the file, ``last`` says
    that no block follows.
    """
    n = lines.shape[0]
    m_line = np.empty(n, np.int64)
    m_n = np.empty(n, np.uint8)
    m_t = np.empty(n, np.int64)
    m_source = np.empty(n, np.int64)
    m_channel = np.empty(n, np.uint8)
    m_span = np.empty((n, 2), np.int64)
    m_joined = np.zeros(n, np.uint8)
    m_fill = np.empty(n, np.uint8)
    m_outcome = np.empty(n, np.uint8)
    blob = np.empty(buf.shape[0] + BEYOND, np.uint8)
    used = 0
    k = 0
    groups = {np.uint64(0): -1}
    open_ = {np.uint64(0): -1}
    open_any = {np.uint64(0): -1}
    previous = np.full(n, -1, np.int64)
    continued = np.zeros(n, np.bool_)
    chain = np.empty(9, np.int64)
    for i in range(n):
        line = lines[i]
        if line["group"] != 0:
            if line["group_num"] == 1:
                groups[line["group"]] = i
            elif line["group"] in groups:
                leader = groups[line["group"]]
                if row[i] - row[leader] <= PART_AGE_LINES:
                    _inherit(line, lines[leader])
        if line["kind"] != AIS:
            continue
        if line["count"] == 1:
            line["kind"] = JOINED
            a, b, fill = line["pay_a"], line["pay_b"], line["fill"]
            m_line[k], m_n[k], m_t[k] = i, 1, line["t"]
            m_source[k] = i if line["source"] != 0 else -1
            m_channel[k], m_fill[k] = line["channel"], fill
            m_span[k, 0], m_span[k, 1] = a, b
            m_outcome[k] = _outcome(buf, a, b, fill)
            k += 1
            continue
        any_key = line["key"] ^ (line["source"] * np.uint64(11400714819323198485))
        key = any_key ^ (np.uint64(line["channel"] + 1) * np.uint64(0x9FB21C651E98DF25))
        begun = open_[key] if key in open_ else -1  # noqa: SIM401  (.get is an optional in Numba)
        if begun >= 0 and (continued[begun] or lines[begun]["kind"] != PENDING):
            begun = -1
        if begun < 0 and line["num"] > 1 and any_key in open_any:
            other = open_any[any_key]
            if (
                other >= 0
                and lines[other]["kind"] == PENDING
                and not continued[other]
                and lines[other]["num"] == line["num"] - 1
            ):
                same_group = line["group"] != 0 and line["group"] == lines[other]["group"]
                if line["channel"] == 0 or lines[other]["channel"] == 0 or same_group:
                    begun = other
        if begun >= 0 and (line["num"] == 1 or _expired(lines, row, begun, i)):
            p = begun
            while p >= 0:
                lines[p]["kind"] = INCOMPLETE
                p = previous[p]
            begun = -1
            open_[key] = begun
        if line["num"] == 1:
            line["kind"] = PENDING
            open_[key] = i
            open_any[any_key] = i
            continue
        if begun < 0 or line["num"] != lines[begun]["num"] + 1:
            line["kind"] = INCOMPLETE
            continue
        line["kind"] = PENDING
        previous[i] = begun
        continued[begun] = True
        open_[key] = i
        open_any[any_key] = i
        if line["num"] < line["count"]:
            continue
        open_[key] = -1
        open_any[any_key] = -1
        parts = 0
        p = i
        while p >= 0 and parts < 9:
            chain[parts] = p
            parts += 1
            p = previous[p]
        first = chain[parts - 1]
        t = NO_TIME
        source = -1
        begin = used
        for q in range(parts - 1, -1, -1):
            part = lines[chain[q]]
            part["kind"] = JOINED
            if t == NO_TIME:
                t = part["t"]
            if source < 0 and part["source"] != 0:
                source = chain[q]
            for x in range(part["pay_a"], part["pay_b"]):
                blob[used] = buf[x]
                used += 1
        m_line[k], m_n[k], m_t[k], m_source[k] = first, parts, t, source
        m_channel[k], m_fill[k] = lines[first]["channel"], line["fill"]
        m_span[k, 0], m_span[k, 1] = begin, used
        m_joined[k] = 1
        m_outcome[k] = _outcome(blob, begin, used, line["fill"])
        k += 1
    for i in range(n):
        line = lines[i]
        if line["kind"] == PENDING and (last or row[n - 1] - row[i] > PART_AGE_LINES):
            line["kind"] = INCOMPLETE
    return Messages(
        m_line[:k],
        m_n[:k],
        m_t[:k],
        m_source[:k],
        m_channel[:k],
        m_span[:k],
        m_joined[:k],
        m_fill[:k],
        m_outcome[:k],
        blob[: used + BEYOND].copy(),
    )


@numba.njit(cache=True)
def tally(lines: Lines, n_lines: Array, outcome: Array) -> tuple[Ints, Ints, Ints]:
    """Return lines by kind, and messages and their lines by outcome."""
    kinds, messages, parts = np.zeros(16, np.int64), np.zeros(16, np.int64), np.zeros(16, np.int64)
    for i in range(lines.shape[0]):
        kinds[lines[i]["kind"]] += 1
    for m in range(outcome.shape[0]):
        messages[outcome[m]] += 1
        parts[outcome[m]] += n_lines[m]
    return kinds, messages, parts


def leaders(lines: Lines, row: Ints) -> Ints:
    """Return the lines whose station and time a line of the next block may still inherit.

    They are the latest first sentences of their tag-block groups; handed to the next block as
    ``CONTEXT`` they count no more. Parts that wait go there anyway.
    """
    first = (lines["group"] != 0) & (lines["group_num"] == 1)
    at = np.flatnonzero(first & (row[-1] - row <= PART_AGE_LINES))[::-1]
    latest = at[np.unique(lines["group"][at], return_index=True)[1]]
    return np.sort(latest[lines["kind"][latest] != PENDING])
