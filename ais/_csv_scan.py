"""Find the cells of a CSV in its bytes, and read numbers and times out of them.

Numbers are read exactly: a decimal of up to 2^53 and 22 places is one rounding away from its
digits (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990); what is
longer is left to the caller.
"""

from typing import Any

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints

BLANK, WHOLE, RAGGED = 0, 1, 2
NO_TIME = np.iinfo(np.int64).min
NO_POWER = 99_999
ISO, DAY_FIRST, UNIX_S, UNIX_MS, ANY, ISO_LOCAL = range(6)
"""How a time is written. ``ANY`` is ISO 8601, Unix seconds or milliseconds or yyyymmddhhmmss, by
its shape; ``ISO_LOCAL`` bears no zone."""
MANY_TEXTS = 2048
_SLOTS = 8192
_EXACT = 1 << 53
_TENS = 10.0 ** np.arange(23)
_DAYS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
# Numba looks at each signed index for whether it counts from the end; unsigned ones it trusts.
_U = np.uint64
_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@numba.njit(cache=True, nogil=True)
def _trimmed(buf: Array, a: int, b: int) -> tuple[int, int]:
    while a < b and buf[a] <= 32:
        a += 1
    while b > a and buf[b - 1] <= 32:
        b -= 1
    return a, b


@numba.njit(cache=True, nogil=True)
def _quoted(buf: Array, i: np.uint64, mark: np.uint8) -> tuple[np.uint64, np.uint64, bool]:
    """Return the ends of the text and of the cell that a quote opens, and whether one closes it."""
    i += _U(1)
    while buf[i] != 10 and (buf[i] != 34 or buf[i + _U(1)] == 34):
        i += _U(2) if buf[i] == 34 else _U(1)
    b = i
    closed = buf[i] == 34
    if closed:
        i += _U(1)
    while buf[i] != 10 and buf[i] != mark:
        if buf[i] > 32:
            b = i + _U(1)
        i += _U(1)
    return b, i, closed


@numba.njit(cache=True, nogil=True)
def cells(
    buf: Array, n: int, separator: int, n_columns: int, slots: Ints
) -> tuple[Array, Array, Array, Ints]:
    """Return where the cells of ``n`` lines begin and end, what each line is, and its start.

    ``slots`` has for each column of the file the row of (starts, ends) that it goes to, or -1.
    The last byte must be a line's end. A quote counts only as the first character of a cell; the
    cell lies within its quotes.
    """
    wanted = slots.max() + 1
    starts = np.zeros((wanted, n), np.int32)
    ends = np.zeros((wanted, n), np.int32)
    verdict = np.zeros(n, np.uint8)
    lines = np.zeros(n + 1, np.int64)
    mark = np.uint8(separator)
    i = _U(0)
    for k in range(n):
        lines[k] = i
        column = 0
        sound = True
        while True:
            a = i
            c = buf[i]
            if c == 34:
                a = i + _U(1)
                b, i, closed = _quoted(buf, i, mark)
                sound &= closed
                c = buf[i]
            else:
                while c != 10 and c != mark:
                    i += _U(1)
                    c = buf[i]
                b = i
            if column < n_columns and slots[column] >= 0:
                starts[slots[column], k] = a
                ends[slots[column], k] = b
            column += 1
            if c == 10:
                break
            i += _U(1)
        verdict[k] = WHOLE if sound and column == n_columns else RAGGED
        if column == 1:
            stop: Any = np.int64(i)
            first, last = _trimmed(buf, lines[k], stop)
            verdict[k] = BLANK if first == last else verdict[k]
        i += _U(1)
    lines[n] = i
    return starts, ends, verdict, lines


@numba.njit(cache=True, nogil=True)
def _power(buf: Array, a: int, b: int) -> int:
    """Return the number behind an e that stands at ``a``, ``NO_POWER`` where there is none."""
    a += 1
    below = a < b and buf[a] == 45
    a += a < b and (buf[a] == 45 or buf[a] == 43)
    if a >= b:
        return NO_POWER
    power = 0
    while a < b:
        if not 48 <= buf[a] <= 57:
            return NO_POWER
        power = min(power * 10 + (buf[a] - 48), 9999)
        a += 1
    return -power if below else power


@numba.njit(cache=True, nogil=True)
def _run(buf: Array, i: np.uint64, end: np.uint64, value: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return where a run of digits ends, and the number they make behind ``value``."""
    while i < end:
        c = buf[i]
        if c < 48 or c > 57:
            break
        value = value * _U(10) + _U(c) - _U(48)
        i += _U(1)
    return i, value


@numba.njit(cache=True, nogil=True)
def _number(buf: Array, a: int, b: int, point: int) -> tuple[float, int]:
    """Return a number and 1; 0 where it is none, 2 where its digits are too many."""
    a, b = _trimmed(buf, a, b)
    negative = a < b and buf[a] == 45
    a += a < b and (buf[a] == 45 or buf[a] == 43)
    end, found = _run(buf, _U(a), _U(b), _U(0))
    i: Any = np.int64(end)
    digits = i - a
    places = 0
    if i < b and buf[i] == point:
        a = i + 1
        end, found = _run(buf, _U(a), _U(b), found)
        i = np.int64(end)
        places = i - a
        digits += places
    power = 0
    if i < b and buf[i] | 32 == 101:
        power = _power(buf, i, b)
        i = b
    if digits == 0 or i < b or power == NO_POWER:
        return np.nan, 0
    power -= places
    mantissa: Any = np.int64(found)
    if digits > 18 or mantissa > _EXACT or abs(power) > 22:
        return np.nan, 2
    value = mantissa * _TENS[power] if power >= 0 else mantissa / _TENS[-power]
    return (-value if negative else value), 1


@numba.njit(cache=True, nogil=True)
def numbers(buf: Array, starts: Array, ends: Array, point: int) -> tuple[Floats, Bools]:
    """Return the numbers in columns of cells, NaN where there is none, and which are not read.

    Numbers such as -12.345, of up to 15 digits and without blanks, are read here and now.
    """
    values = np.empty(starts.shape, np.float64)
    hard = np.zeros(starts.shape, np.bool_)
    for c in range(starts.shape[0]):
        for k in range(starts.shape[1]):
            i, end = _U(starts[c, k]), _U(ends[c, k])
            negative = i < end and buf[i] == 45
            if negative:
                i += _U(1)
            first = i
            i, mantissa = _run(buf, i, end, _U(0))
            whole, places = i - first, _U(0)
            if i < end and buf[i] == point:
                first = i + _U(1)
                i, mantissa = _run(buf, first, end, mantissa)
                places = i - first
            if i == end and whole > _U(0) and whole + places <= _U(15):
                value = np.float64(np.int64(mantissa))
                if places > _U(0):
                    value /= _TENS[places]
                values[c, k] = -value if negative else value
            else:
                values[c, k], state = _number(buf, starts[c, k], ends[c, k], point)
                hard[c, k] = state == 2
    return values, hard


@numba.njit(cache=True, nogil=True)
def _digits(buf: Array, a: int, n: int, b: int) -> int:
    """Return the number in ``n`` digits, -1 where they are not."""
    if a + n > b:
        return -1
    value = 0
    for i in range(a, a + n):
        if not 48 <= buf[i] <= 57:
            return -1
        value = value * 10 + (buf[i] - 48)
    return value


@numba.njit(cache=True, nogil=True)
def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Return Unix seconds; the days by H. Hinnant, "chrono-compatible date algorithms"."""
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] and year >= 1):
        return NO_TIME
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if month == 2 and day == 29 and not leap:
        return NO_TIME
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return NO_TIME
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60 + second


@numba.njit(cache=True, nogil=True)
def _zone(buf: Array, a: int, b: int) -> int:
    """Return the seconds east of UTC that a time ends with, NO_TIME where it is something else."""
    while a < b and buf[a] == 32:
        a += 1
    left = b - a
    if left == 0 or (left == 1 and buf[a] | 32 == 122):
        return 0
    if left == 3 and (buf[a] == 85 or buf[a] == 71):
        utc = buf[a] == 85 and buf[a + 1] == 84 and buf[a + 2] == 67
        gmt = buf[a] == 71 and buf[a + 1] == 77 and buf[a + 2] == 84
        return 0 if utc or gmt else NO_TIME
    if buf[a] != 43 and buf[a] != 45:
        return NO_TIME
    hours = _digits(buf, a + 1, 2, b)
    at = a + 3
    if at < b and buf[at] == 58:
        at += 1
    minutes = 0
    if at < b:
        minutes = _digits(buf, at, 2, b)
        at += 2
    if hours < 0 or minutes < 0 or hours > 15 or minutes > 59 or at != b:
        return NO_TIME
    east = hours * 3600 + minutes * 60
    return -east if buf[a] == 45 else east


@numba.njit(cache=True, nogil=True)
def _clock(buf: Array, a: int, b: int, written: int) -> int:
    """Return a date with a time as Unix milliseconds: ISO 8601 or 31/12/2025 23:59:59."""
    day_first = written == DAY_FIRST
    if day_first:
        year, month = _digits(buf, a + 6, 4, b), _digits(buf, a + 3, 2, b)
        day, split = _digits(buf, a, 2, b), (a + 2, a + 5)
    else:
        year, month = _digits(buf, a, 4, b), _digits(buf, a + 5, 2, b)
        day, split = _digits(buf, a + 8, 2, b), (a + 4, a + 7)
    hour, minute = _digits(buf, a + 11, 2, b), _digits(buf, a + 14, 2, b)
    if minute < 0 or buf[a + 13] != 58 or (buf[a + 10] != 32 and buf[a + 10] | 32 != 116):
        return NO_TIME
    mark = buf[split[0]]
    if buf[split[1]] != mark or (mark != 47 and (mark != 45 or day_first)):
        return NO_TIME
    at = a + 16
    second = 0
    thousandths = 0
    if at < b and buf[at] == 58:
        second = _digits(buf, at + 1, 2, b)
        at += 3
        if second >= 0 and at < b and (buf[at] == 46 or buf[at] == 44):
            at += 1
            scale = 100
            while at < b and 48 <= buf[at] <= 57:
                thousandths += (buf[at] - 48) * scale
                scale //= 10
                at += 1
    if year < 0 or month < 0 or day < 0 or hour < 0 or second < 0:
        return NO_TIME
    east = _zone(buf, at, b)
    if written == ISO_LOCAL and at < b:
        return NO_TIME
    moment = _moment(year, month, day, hour, minute, second)
    if moment == NO_TIME or east == NO_TIME:
        return NO_TIME
    return (moment - east) * 1000 + thousandths


@numba.njit(cache=True, nogil=True)
def _unix(buf: Array, a: int, b: int, point: int, per_s: float) -> int:
    value, state = _number(buf, a, b, point)
    if state != 1 or not -6.2e10 * per_s < value < 2.5e11 * per_s:
        return NO_TIME
    return int(np.floor(value * (1000.0 / per_s) + 0.5))


@numba.njit(cache=True, nogil=True)
def times(buf: Array, starts: Array, ends: Array, written: int, point: int) -> Ints:
    """Return the times in cells as Unix milliseconds, ``NO_TIME`` where there is none."""
    n = starts.shape[0]
    out = np.empty(n, np.int64)
    for k in range(n):
        a, b = _trimmed(buf, starts[k], ends[k])
        kind = written
        if kind == ANY:
            whole = a
            while whole < b and 48 <= buf[whole] <= 57:
                whole += 1
            tail = whole < b and buf[whole] == point
            kind = ISO
            if whole - a == 14 and whole == b:
                moment = _moment(
                    _digits(buf, a, 4, b),
                    _digits(buf, a + 4, 2, b),
                    _digits(buf, a + 6, 2, b),
                    _digits(buf, a + 8, 2, b),
                    _digits(buf, a + 10, 2, b),
                    _digits(buf, a + 12, 2, b),
                )
                out[k] = NO_TIME if moment == NO_TIME else moment * 1000
                continue
            if 8 < whole - a <= 10 and (tail or whole == b):
                kind = UNIX_S
            elif 12 <= whole - a <= 13 and (tail or whole == b):
                kind = UNIX_MS
        if kind == UNIX_S:
            out[k] = _unix(buf, a, b, point, 1.0)
        elif kind == UNIX_MS:
            out[k] = _unix(buf, a, b, point, 1000.0)
        else:
            out[k] = _clock(buf, a, b, kind)
    return out


@numba.njit(cache=True, nogil=True)
def _hash(buf: Array, a: int, b: int, seed: np.uint64) -> np.uint64:
    """Return the FNV-1a hash of a cell, on top of another."""
    value = np.uint64(seed)
    i, end = _U(a), _U(b)
    while i < end:
        value = (value ^ _U(buf[i])) * _PRIME
        i += _U(1)
    return value


@numba.njit(cache=True, nogil=True)
def texts(buf: Array, starts: Array, ends: Array) -> tuple[Array, Ints]:
    """Return which of a column's few texts each cell has, and a row that has each.

    Texts past ``MANY_TEXTS`` different ones all count as one more, that no row has.
    """
    n = starts.shape[0]
    which = np.empty(n, np.uint16)
    first = np.empty(MANY_TEXTS, np.int64)
    known = np.zeros(_SLOTS, np.uint64)
    number = np.full(_SLOTS, -1, np.int32)
    count = 0
    for k in range(n):
        a, b = _trimmed(buf, starts[k], ends[k])
        value = _hash(buf, a, b, _SEED)
        slot = np.int64((value ^ (value >> np.uint64(29))) & np.uint64(_SLOTS - 1))
        while number[slot] >= 0 and known[slot] != value:
            slot = (slot + 1) & (_SLOTS - 1)
        if number[slot] < 0:
            if count == MANY_TEXTS:
                which[k] = MANY_TEXTS
                continue
            known[slot] = value
            number[slot] = count
            first[count] = k
            count += 1
        which[k] = number[slot]
    return which, first[:count]


@numba.njit(cache=True, nogil=True)
def versions(buf: Array, key: Floats, starts: Array, ends: Array) -> Array:
    """Return a hash of each row's key and cells, 0 where the cells are all empty."""
    n = key.shape[0]
    out = np.zeros(n, np.uint64)
    for k in range(n):
        some = False
        value = _SEED ^ (np.uint64(np.int64(key[k])) * np.uint64(0x9E3779B97F4A7C15))
        for c in range(starts.shape[0]):
            some |= starts[c, k] < ends[c, k]
            value = (_hash(buf, starts[c, k], ends[c, k], value) ^ np.uint64(1 + c)) * _PRIME
        if some:
            out[k] = value | np.uint64(1)
    return out


@numba.njit(cache=True, nogil=True)
def gathered(buf: Array, starts: Array, ends: Array) -> tuple[Ints, Array]:
    """Return the trimmed cells one behind the other, and where each ends (from 0)."""
    n = starts.shape[0]
    offsets = np.zeros(n + 1, np.int64)
    for k in range(n):
        a, b = _trimmed(buf, starts[k], ends[k])
        offsets[k + 1] = offsets[k] + b - a
    out = np.empty(offsets[n], np.uint8)
    for k in range(n):
        a, b = _trimmed(buf, starts[k], ends[k])
        out[offsets[k] : offsets[k + 1]] = buf[a:b]
    return offsets, out
