"""Find sentences, times, stations and multipart groups in a block of NMEA bytes.

Everything before a payload's six-bit content is settled here in compiled code, so that
only payloads of the wanted message types are ever handed to the decoder.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Ints, Line, Lines
from ais._nmea_text import NO_TIME, epoch_ms, hex_digit, prefix_ms, small_number, text_hash

BLANK, AIS, OTHER_SENTENCE = 0, 1, 2
NOT_NMEA, BAD_CHECKSUM, CUT_LINE, BAD_TAG_BLOCK, BAD_FIELDS, INCOMPLETE = 3, 4, 5, 6, 7, 8
PENDING, JOINED = 9, 10

NOWHERE = -1
PART_AGE_LINES = 2_000
"""A part waits this many lines for the next part of its message."""
PART_AGE_MS = 60_000
"""... or this long by the stations' own clocks (a message takes under a second on air)."""

LINE = np.dtype(
    [
        ("kind", "u1"),
        ("start", "i8"),
        ("end", "i8"),
        ("t", "i8"),
        ("source", "u8"),
        ("source_a", "i8"),
        ("source_b", "i8"),
        ("key", "u8"),
        ("group", "u8"),
        ("group_num", "i4"),
        ("count", "i4"),
        ("num", "i4"),
        ("pay_a", "i8"),
        ("pay_b", "i8"),
        ("fill", "i4"),
    ]
)


class Messages(NamedTuple):
    """Whole messages of one block, parts joined, in the order of their last part."""

    line: NDArray[np.int64]
    """Row in the line table of the first part."""
    n_lines: NDArray[np.int32]
    t: NDArray[np.int64]
    source: NDArray[np.int64]
    """Row in the line table that names the station, -1 for none."""
    blob: NDArray[np.uint8]
    offset: NDArray[np.int64]
    """Where each payload begins in ``blob``; one longer than the messages."""
    fill: NDArray[np.int32]


@numba.njit(cache=True)
def _tag_block(buf: Array, a: int, b: int, line: Line) -> bool:  # noqa: C901
    """Read the tag block in ``buf[a:b]`` (between its backslashes) into ``line``.

    Tag blocks: NMEA 0183 v4.10, clause 7. False when the checksum is missing or wrong.
    """
    star = a
    xor = 0
    while star < b and buf[star] != 42:
        xor ^= buf[star]
        star += 1
    if star >= b - 1:
        return False
    want = hex_digit(buf[star + 1])
    if want >= 0 and star + 2 < b:
        low = hex_digit(buf[star + 2])
        want = want * 16 + low if low >= 0 else -1
    if want != xor:
        return False
    i = a
    while i < star:
        j = i
        while j < star and buf[j] != 44:
            j += 1
        if j - i > 2 and buf[i + 1] == 58:
            if buf[i] == 99:
                line["t"] = epoch_ms(buf, i + 2, j)
            elif buf[i] == 115:
                line["source"] = text_hash(buf, i + 2, j)
                line["source_a"], line["source_b"] = i + 2, j
            elif buf[i] == 103:
                p = i + 2
                while p < j and buf[p] != 45:
                    p += 1
                q = p + 1
                while q < j and buf[q] != 45:
                    q += 1
                if q < j:
                    line["group_num"] = small_number(buf, i + 2, p)
                    line["group"] = text_hash(buf, q + 1, j)
        i = j + 1
    return True


@numba.njit(cache=True)
def _suffix(buf: Array, a: int, b: int, line: Line) -> None:
    """Read what the US Coast Guard's logs append: ``,s…,rSTATION,1272412827``.

    The station is the last field beginning with b, r or D before the first Unix time.
    """
    i = a
    while i < b:
        j = i
        while j < b and buf[j] != 44:
            j += 1
        if j - i >= 9 and small_number(buf, i, i + 9) >= 0:
            if line["t"] == NO_TIME:
                line["t"] = epoch_ms(buf, i, j)
            return
        if j - i >= 3 and (buf[i] == 98 or buf[i] == 114 or buf[i] == 68) and line["source"] == 0:
            line["source"] = text_hash(buf, i, j)
            line["source_a"], line["source_b"] = i, j
        i = j + 1


@numba.njit(cache=True)
def _sentence(buf: Array, a: int, b: int, line: Line) -> int:  # noqa: C901
    """Read ``!AIVDM,2,1,3,A,payload,0*hh`` in ``buf[a:b]`` into ``line``; return its kind."""
    vdm = (
        b - a > 7
        and buf[a] == 33
        and (buf[a + 3] | 32) == 118
        and (buf[a + 4] | 32) == 100
        and ((buf[a + 5] | 32) == 109 or (buf[a + 5] | 32) == 111)
        and buf[a + 6] == 44
    )
    if not vdm:
        return OTHER_SENTENCE
    star = a + 1
    xor = 0
    n_commas = 0
    comma = np.zeros(7, np.int64)
    while star < b and buf[star] != 42:
        c = buf[star]
        xor ^= c
        if c == 44:
            if n_commas < 7:
                comma[n_commas] = star
            n_commas += 1
        star += 1
    if star + 1 >= b:
        return CUT_LINE
    high = hex_digit(buf[star + 1])
    low = hex_digit(buf[star + 2]) if star + 2 < b else -1
    if high < 0 or low < 0:
        return CUT_LINE
    if high * 16 + low != xor:
        return BAD_CHECKSUM
    if n_commas != 6:
        return BAD_FIELDS
    count = small_number(buf, comma[0] + 1, comma[1])
    num = small_number(buf, comma[1] + 1, comma[2])
    seq = small_number(buf, comma[2] + 1, comma[3]) if comma[3] > comma[2] + 1 else 10
    fill = small_number(buf, comma[5] + 1, star)
    if not (1 <= count <= 9 and 1 <= num <= count and 0 <= fill <= 5) or seq < 0:
        return BAD_FIELDS
    for i in range(comma[4] + 1, comma[5]):
        c = buf[i]
        if c < 48 or c > 119 or 88 <= c <= 95:
            return BAD_FIELDS
    line["count"], line["num"], line["fill"] = count, num, fill
    line["pay_a"], line["pay_b"] = comma[4] + 1, comma[5]
    key = text_hash(buf, a + 1, a + 6)
    key = (key ^ np.uint64(seq)) * np.uint64(1099511628211)
    key = (key ^ np.uint64(count)) * np.uint64(1099511628211)
    channel = buf[comma[3] + 1] if comma[4] > comma[3] + 1 else 0
    line["key"] = (key ^ np.uint64(channel)) * np.uint64(1099511628211)
    _suffix(buf, star + 4, b, line)
    return AIS


@numba.njit(cache=True)
def _one_line(buf: Array, a: int, b: int, line: Line) -> int:  # noqa: C901
    while a < b and buf[a] <= 32:
        a += 1
    while b > a and buf[b - 1] <= 32:
        b -= 1
    if a == b or buf[a] == 35:
        return BLANK
    first = a
    while a < b and buf[a] == 92:
        end = a + 1
        while end < b and buf[end] != 92:
            end += 1
        if end >= b:
            return CUT_LINE
        if not _tag_block(buf, a + 1, end, line):
            return BAD_TAG_BLOCK
        a = end + 1
    start = a
    while start < b and buf[start] != 33 and buf[start] != 36:
        start += 1
    if start == b:
        return NOT_NMEA if a == first else CUT_LINE
    if start > a and line["t"] == NO_TIME:
        line["t"] = prefix_ms(buf, a, start)
    return _sentence(buf, start, b, line)


@numba.njit(cache=True)
def scan(buf: Array, lines: Lines) -> int:
    """Fill ``lines`` (dtype LINE, one per line of ``buf``) and return how many there are."""
    n = 0
    a = 0
    size = buf.shape[0]
    while a < size:
        b = a
        while b < size and buf[b] != 10:
            b += 1
        line = lines[n]
        line["start"], line["end"] = a, b
        line["t"] = NO_TIME
        line["source"], line["group"], line["key"] = 0, 0, 0
        line["source_a"], line["source_b"], line["group_num"] = 0, 0, 0
        line["kind"] = _one_line(buf, a, b, line)
        n += 1
        a = b + 1
    return n


@numba.njit(cache=True)
def _expired(lines: Lines, row: Ints, first: int, now: int) -> bool:
    if row[now] - row[first] > PART_AGE_LINES:
        return True
    t0, t1 = lines[first]["t"], lines[now]["t"]
    return bool(t0 != NO_TIME and t1 != NO_TIME and abs(t1 - t0) > PART_AGE_MS)


@numba.njit(cache=True)
def join(  # noqa: C901
    buf: Array, lines: Lines, row: Ints, wanted: Bools, *, last: bool
) -> tuple[Ints, Array, Ints, Ints, Array, Ints, Array, int]:
    """Join the parts of messages; mark lines PENDING, INCOMPLETE or JOINED.

    A part belongs to the message begun by part 1 of the same station, talker, channel,
    sequence number and count. A part without a station of its own inherits it, and the
    time, from the first sentence of its tag-block group. Parts must follow in order; a new
    part 1 ends the older message. ``row`` is each line's number in the file, ``last`` says
    that no block follows, ``wanted`` is a table of 64 booleans by message type.
    """
    n = lines.shape[0]
    m_line = np.empty(n, np.int64)
    m_n = np.empty(n, np.int32)
    m_t = np.empty(n, np.int64)
    m_source = np.empty(n, np.int64)
    m_fill = np.empty(n, np.int32)
    m_offset = np.zeros(n + 1, np.int64)
    blob = np.empty(buf.shape[0], np.uint8)
    other = 0
    k = 0
    groups = {np.uint64(0): NOWHERE}
    open_ = {np.uint64(0): NOWHERE}
    previous = np.full(n, -1, np.int64)
    for i in range(n):
        line = lines[i]
        if line["group"] != 0:
            if line["group_num"] == 1:
                groups[line["group"]] = i
            elif line["group"] in groups:
                leader = groups[line["group"]]
                if row[i] - row[leader] <= PART_AGE_LINES:
                    if line["source"] == 0:
                        line["source"] = lines[leader]["source"]
                        line["source_a"] = lines[leader]["source_a"]
                        line["source_b"] = lines[leader]["source_b"]
                    if line["t"] == NO_TIME:
                        line["t"] = lines[leader]["t"]
        if line["kind"] != AIS:
            continue
        end = i
        if line["count"] > 1:
            key = line["key"] ^ (line["source"] * np.uint64(11400714819323198485))
            begun = open_[key] if key in open_ else -1  # noqa: SIM401  (.get is an optional in Numba)
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
                continue
            if begun < 0 or line["num"] != lines[begun]["num"] + 1:
                line["kind"] = INCOMPLETE
                continue
            line["kind"] = PENDING
            previous[i] = begun
            open_[key] = i
            if line["num"] < line["count"]:
                continue
            open_[key] = -1
        chain = np.empty(9, np.int64)
        parts = 0
        p = end
        while p >= 0 and parts < 9:
            chain[parts] = p
            parts += 1
            p = previous[p]
        first = chain[parts - 1]
        t = NO_TIME
        source = -1
        for q in range(parts - 1, -1, -1):
            part = lines[chain[q]]
            part["kind"] = JOINED
            if t == NO_TIME:
                t = part["t"]
            if source < 0 and part["source"] != 0:
                source = chain[q]
        head = lines[first]
        kind_of = 64
        if head["pay_b"] > head["pay_a"]:
            c = buf[head["pay_a"]] - 48
            kind_of = c - 8 if c > 40 else c
        if kind_of < 64 and not wanted[kind_of] and 1 <= kind_of <= 27:
            other += parts
            continue
        pos = m_offset[k]
        for q in range(parts - 1, -1, -1):
            part = lines[chain[q]]
            for x in range(part["pay_a"], part["pay_b"]):
                blob[pos] = buf[x]
                pos += 1
        m_line[k], m_n[k], m_t[k], m_source[k] = first, parts, t, source
        m_fill[k] = lines[end]["fill"]
        m_offset[k + 1] = pos
        k += 1
    for i in range(n):
        line = lines[i]
        if line["kind"] == PENDING and (last or row[n - 1] - row[i] > PART_AGE_LINES):
            line["kind"] = INCOMPLETE
    return (
        m_line[:k].copy(),
        m_n[:k].copy(),
        m_t[:k].copy(),
        m_source[:k].copy(),
        blob[: m_offset[k]].copy(),
        m_offset[: k + 1].copy(),
        m_fill[:k].copy(),
        other,
    )
