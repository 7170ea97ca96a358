"""Find sentences, times, stations and multipart groups in a block of NMEA bytes.

Everything before a payload's six-bit content is settled here, in compiled code.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Ints, Line, Lines
from ais._nmea_text import NO_TIME, epoch_ms, hex_digit, prefix_ms, small_number, text_hash

BLANK, AIS, OTHER_SENTENCE = 0, 1, 2
NOT_NMEA, BAD_CHECKSUM, CUT_LINE, BAD_TAG_BLOCK, BAD_FIELDS, INCOMPLETE = 3, 4, 5, 6, 7, 8
PENDING, JOINED, CONTEXT = 9, 10, 11

LINE = np.dtype(
    [
        ("kind", "u1"),
        ("count", "u1"),
        ("num", "u1"),
        ("fill", "u1"),
        ("channel", "u1"),
        ("group_num", "i4"),
        ("start", "i8"),
        ("end", "i8"),
        ("t", "i8"),
        ("source", "u8"),
        ("source_a", "i8"),
        ("source_b", "i8"),
        ("key", "u8"),
        ("group", "u8"),
        ("pay_a", "i8"),
        ("pay_b", "i8"),
    ]
)
"""What a line is. ``key`` is of talker, sequence number and count; ``source`` and ``group`` are
hashes of the tag block's texts, 0 for none."""


@numba.njit(cache=True)
def _group(buf: Array, a: int, b: int, line: Line) -> None:
    """Read ``1-2-1234``: the sentence's number in its group, how many there are, and its name."""
    p = a
    while p < b and buf[p] != 45:
        p += 1
    q = p + 1
    while q < b and buf[q] != 45:
        q += 1
    if q < b:
        line["group_num"] = small_number(buf, a, p)
        line["group"] = text_hash(buf, q + 1, b)


@numba.njit(cache=True)
def _tag_block(buf: Array, a: int, b: int, line: Line) -> bool:
    """Read the tag block in ``buf[a:b]`` (between its backslashes) into ``line``.

    Tag blocks: NMEA 0183 v4.10, clause 7. False when the checksum is missing or wrong.
    """
    star = a
    xor = 0
    while star < b and buf[star] != 42:
        xor ^= buf[star]
        star += 1
    if star + 2 >= b or hex_digit(buf[star + 1]) < 0 or hex_digit(buf[star + 2]) < 0:
        return False
    if hex_digit(buf[star + 1]) * 16 + hex_digit(buf[star + 2]) != xor:
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
                _group(buf, i + 2, j, line)
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
def _header_comma(buf: Array, a: int, b: int) -> int:
    """Return where the next comma is, ``b`` for none."""
    while a < b and buf[a] != 44:
        a += 1
    return a


@numba.njit(cache=True)
def _bad_payload(buf: Array, a: int, b: int) -> bool:
    """Return whether a character is none of the armour's (0 to W and ` to w)."""
    bad = np.uint8(0)
    for c in buf[a:b]:
        bad |= np.uint8(c < 48) | np.uint8(c > 119) | np.uint8((c > 87) & (c < 96))
    return bool(bad != 0)


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
    star = b - 3
    if buf[star] != 42:
        star = a + 1
        while star < b and buf[star] != 42:
            star += 1
        if star + 2 >= b:
            return CUT_LINE
    high, low = hex_digit(buf[star + 1]), hex_digit(buf[star + 2])
    if high < 0 or low < 0:
        return CUT_LINE
    xor = np.uint8(0)
    for c in buf[a + 1 : star]:
        xor ^= c
    if high * 16 + low != xor:
        return BAD_CHECKSUM
    c1 = _header_comma(buf, a + 7, star)
    c2 = _header_comma(buf, c1 + 1, star)
    c3 = _header_comma(buf, c2 + 1, star)
    c4 = _header_comma(buf, c3 + 1, star)
    c5 = star - 2
    if c4 >= c5 or buf[c5] != 44 or _bad_payload(buf, c4 + 1, c5):
        return BAD_FIELDS
    count, num = small_number(buf, a + 7, c1), small_number(buf, c1 + 1, c2)
    seq = small_number(buf, c2 + 1, c3) if c3 > c2 + 1 else 10
    fill = small_number(buf, c5 + 1, star)
    if not (1 <= count <= 9 and 1 <= num <= count and 0 <= fill <= 5) or seq < 0:
        return BAD_FIELDS
    line["count"], line["num"], line["fill"] = count, num, fill
    line["pay_a"], line["pay_b"] = c4 + 1, c5
    if c4 > c3 + 1:
        line["channel"] = buf[c3 + 1]
    if count > 1:
        key = text_hash(buf, a + 1, a + 6)
        key = (key ^ np.uint64(seq)) * np.uint64(1099511628211)
        line["key"] = (key ^ np.uint64(count)) * np.uint64(1099511628211)
    if star + 4 < b:
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
def _ends(words: NDArray[np.uint64], buf: Array, size: int, ends: Ints) -> int:
    """Write where the lines of ``buf[:size]`` end; ``words`` are the same bytes by eight.

    Returns how many there are, or, where ``ends`` has no room for them, -1. A byte of ``x`` is
    0 where there is a line feed; the sum finds words that have one (Warren, "Hacker's
    Delight", 6-1).
    """
    n = 0
    room = ends.shape[0] - 9
    for k in range((size + 7) // 8):
        x = words[k] ^ np.uint64(0x0A0A0A0A0A0A0A0A)
        found = (x - np.uint64(0x0101010101010101)) & ~x & np.uint64(0x8080808080808080)
        if found != np.uint64(0):
            if n > room:
                return -1
            for i in range(8 * k, min(8 * k + 8, size)):
                if buf[i] == 10:
                    ends[n] = i
                    n += 1
    if size > 0 and buf[size - 1] != 10:
        ends[n] = size
        n += 1
    return n


@numba.njit(cache=True)
def _scan(buf: Array, ends: Ints, lines: Lines) -> None:
    a = 0
    for n in range(ends.shape[0]):
        line = lines[n]
        line["start"], line["end"] = a, ends[n]
        line["t"] = NO_TIME
        line["kind"] = _one_line(buf, a, ends[n], line)
        a = ends[n] + 1


def scan(text: bytes, size: int) -> tuple[Array, Lines]:
    """Return the bytes of ``text`` as an array, and a record for each line of its first ``size``.

    Zeros follow them: ``BEYOND`` at least, and as many as make whole words of eight.
    """
    buf = np.frombuffer(text, np.uint8)
    ends = np.empty(size // 24 + 16, np.int64)
    n = _ends(np.frombuffer(text, np.uint64), buf, size, ends)
    if n < 0:
        ends = np.empty(text.count(b"\n") + 16, np.int64)
        n = _ends(np.frombuffer(text, np.uint64), buf, size, ends)
    ends = ends[:n]
    lines = np.zeros(len(ends), LINE)
    _scan(buf, ends, lines)
    return buf, lines
