"""Read hashes, numbers and times out of NMEA bytes, in compiled code."""

import numba
import numpy as np

from ais._arrays import Array

NO_TIME = -(1 << 63)
LAST_MS = 253_402_300_799_999
"""The end of the year 9999, beyond which nothing reads a time; before 1970 there was no AIS."""
_MOST_DIGITS = 19
"""... of a number that 64-bit arithmetic holds, where the first digit is below 9."""


@numba.njit(cache=True)
def text_hash(buf: Array, a: int, b: int) -> np.uint64:
    """Return the 64-bit FNV-1a hash of ``buf[a:b]``; never 0."""
    h = np.uint64(14695981039346656037)
    for i in range(a, b):
        h = (h ^ np.uint64(buf[i])) * np.uint64(1099511628211)
    return h | np.uint64(1)


@numba.njit(cache=True)
def hex_digit(c: int) -> int:
    if 48 <= c <= 57:
        return c - 48
    if 65 <= c <= 70:
        return c - 55
    if 97 <= c <= 102:
        return c - 87
    return -1


@numba.njit(cache=True)
def small_number(buf: Array, a: int, b: int) -> int:
    """Return the small decimal number in ``buf[a:b]``, -1 when it is not one."""
    if a >= b or b - a > 9:
        return -1
    value = 0
    for i in range(a, b):
        c = buf[i]
        if c < 48 or c > 57:
            return -1
        value = value * 10 + (c - 48)
    return value


@numba.njit(cache=True)
def epoch_ms(buf: Array, a: int, b: int) -> int:
    """Read Unix time in s, ms, us or ns (told by magnitude), with a fraction or not."""
    value = 0
    i = a
    while i < b and 48 <= buf[i] <= 57 and i - a < _MOST_DIGITS:
        value = value * 10 + (buf[i] - 48)
        i += 1
    if i - a < 9 or (i < b and 48 <= buf[i] <= 57) or (i - a == _MOST_DIGITS and buf[a] > 56):
        return NO_TIME
    if value >= 100_000_000_000_000_000:
        return value // 1_000_000
    if value >= 100_000_000_000_000:
        return value // 1_000
    if value >= 100_000_000_000:
        return value
    ms = 0
    if i < b and buf[i] == 46:
        scale = 100
        i += 1
        while i < b and 48 <= buf[i] <= 57:
            ms += (buf[i] - 48) * scale
            scale //= 10
            i += 1
    return value * 1000 + ms


@numba.njit(cache=True)
def _days(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms")."""
    if month <= 2:
        year -= 1
    era = year // 400
    yoe = year - era * 400
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468


@numba.njit(cache=True)
def _iso_ms(buf: Array, a: int, b: int) -> int:  # noqa: C901
    """Read ``2016-07-28T00:00:00.5+02:00`` and its plainer forms; no zone means UTC."""
    if b - a < 19:
        return NO_TIME
    for k in (4, 7):
        if buf[a + k] != 45 and buf[a + k] != 47:
            return NO_TIME
    if (buf[a + 10] != 84 and buf[a + 10] != 32) or buf[a + 13] != 58 or buf[a + 16] != 58:
        return NO_TIME
    year, month = small_number(buf, a, a + 4), small_number(buf, a + 5, a + 7)
    day, hour = small_number(buf, a + 8, a + 10), small_number(buf, a + 11, a + 13)
    minute, second = small_number(buf, a + 14, a + 16), small_number(buf, a + 17, a + 19)
    if year < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0:
        return NO_TIME
    if month < 1 or month > 12 or day < 1 or day > 31 or second > 60:
        return NO_TIME
    ms = (_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * 1000
    i = a + 19
    if i < b and (buf[i] == 46 or buf[i] == 44) and i + 1 < b and 48 <= buf[i + 1] <= 57:
        scale = 100
        i += 1
        while i < b and 48 <= buf[i] <= 57:
            ms += (buf[i] - 48) * scale
            scale //= 10
            i += 1
    if i + 5 < b and (buf[i] == 43 or buf[i] == 45) and buf[i + 3] == 58:
        hours, minutes = small_number(buf, i + 1, i + 3), small_number(buf, i + 4, i + 6)
        if hours >= 0 and minutes >= 0:
            zone = (hours * 60 + minutes) * 60_000
            ms -= zone if buf[i] == 43 else -zone
    return ms if 0 <= ms <= LAST_MS else NO_TIME


@numba.njit(cache=True)
def prefix_ms(buf: Array, a: int, b: int) -> int:
    """Return the first time that stands before the sentence."""
    i = a
    while i < b:
        if 48 <= buf[i] <= 57 and (i == a or not 48 <= buf[i - 1] <= 57):
            t = _iso_ms(buf, i, b)
            if t == NO_TIME:
                t = epoch_ms(buf, i, b)
            if t != NO_TIME:
                return t
        i += 1
    return NO_TIME
