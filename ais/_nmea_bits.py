"""Read numbers and texts out of an AIS payload's bits, in compiled code.

Payload armouring: IEC 61162-1 (six bits a character, 0 to W and ` to w). Fields and their units:
ITU-R M.1371-5, annex 8. A field that the payload does not hold whole is not available.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Ints

Words = NDArray[np.uint64]
WORDS = 21
"""Words of 64 bits that a payload is unpacked into: 1,344 bits. The longest message, of five
slots, has 1,064 (ITU-R M.1371-5, annex 2, 3.3.7)."""
BEYOND = 32
"""Bytes that have to follow the last payload in its buffer."""
NO_U8, NO_U16, NO_U32 = 255, 65_535, 4_294_967_295
"""Stand for "not available" in the kernels' columns; no field is wide enough to send them but
eight-bit ones, for which 255 is not defined."""


_SIX = np.zeros(256, np.uint64)
_SIX[48:120] = np.arange(72)
_SIX[89:120] -= np.uint64(8)


@numba.njit(cache=True)
def unpack(buf: Array, a: int, b: int, w: Words) -> None:
    """Fill ``w`` with the bits of the armoured characters ``buf[a:b]``, first bit highest.

    32 characters make three words; what stands in them after the payload's end is not to be
    read. ``buf`` goes on for at least 32 bytes after ``b``.
    """
    for k in range(min((b - a + 31) // 32, WORDS // 3)):
        i = a + 32 * k
        x = np.uint64(0)
        for j in range(10):
            x = x << np.uint64(6) | _SIX[buf[i + j]]
        c = _SIX[buf[i + 10]]
        w[3 * k] = x << np.uint64(4) | c >> np.uint64(2)
        x = c & np.uint64(3)
        for j in range(11, 21):
            x = x << np.uint64(6) | _SIX[buf[i + j]]
        c = _SIX[buf[i + 21]]
        w[3 * k + 1] = x << np.uint64(2) | c >> np.uint64(4)
        x = c & np.uint64(15)
        for j in range(22, 32):
            x = x << np.uint64(6) | _SIX[buf[i + j]]
        w[3 * k + 2] = x


@numba.njit(cache=True)
def number(w: Words, at: int, width: int) -> int:
    """Return the unsigned number of ``width`` bits at bit ``at``."""
    i, off = at >> 6, np.uint64(at & 63)
    high = w[i] << off
    low = w[i + 1] >> np.uint64(1) >> np.uint64(63) - off  # a shift by 64 would be undefined
    return np.int64((high | low) >> np.uint64(64 - width))  # type: ignore[return-value]


@numba.njit(cache=True)
def degrees(v: int, width: int, missing: int, per_deg: int) -> float:
    """Return a longitude or latitude rounded to 1e-6 degrees; NaN where it is ``missing``.

    ``v`` is in two's complement of ``width`` bits. Rounding in whole numbers:
    v / per_deg = (v * 1e6 / per_deg) / 1e6, to the nearest.
    """
    if v >> (width - 1):
        v -= 1 << width
    if v == missing:
        return np.nan
    return ((2_000_000 * v + per_deg) // (2 * per_deg)) / 1e6


@numba.njit(cache=True)
def text(w: Words, bits: int, at: int, width: int, out: Array, offset: Ints, k: int) -> bool:
    """Append the text at bit ``at`` to ``out`` as row ``k``; False where nothing is left of it.

    Padding (@) at the end and blanks on either side are left out.
    """
    a = offset[k]
    n = min(width, bits - at) // 6
    e = a
    for i in range(n):
        c = number(w, at + 6 * i, 6)
        out[e] = c + 64 if c < 32 else c
        e += 1
    while e > a and out[e - 1] == 64:
        e -= 1
    while e > a and out[e - 1] == 32:
        e -= 1
    s = a
    while s < e and out[s] == 32:
        s += 1
    if s > a:
        for i in range(e - s):
            out[a + i] = out[s + i]
    offset[k + 1] = a + e - s
    return bool(e > s)


@numba.njit(cache=True)
def turn(v: int, missing: int) -> float:
    """Return the rate of turn in degrees a minute, ITU-R M.1371-5, table 48: (ROT / 4.733)^2.

    +-127 stands for more than 5 degrees in 30 s without a turn indicator, and stays so.
    """
    if v > 127:
        v -= 256
    if v == missing:
        return np.nan
    if v == 127 or v == -127:
        return float(v)
    rate = round((v / 4.733) ** 2)
    return float(rate if v >= 0 else -rate)


@numba.njit(cache=True)
def digest(w: Words, bits: int) -> np.uint64:
    """Return a 64-bit hash of a payload of ``bits`` bits; never 0."""
    bits = max(bits, 0)
    h = np.uint64(bits) * np.uint64(11400714819323198485)
    whole = min(bits >> 6, WORDS)
    for k in range(whole):
        h = (h ^ w[k]) * np.uint64(0x9FB21C651E98DF25)
        h ^= h >> np.uint64(32)
    if bits & 63 and whole < WORDS:
        h = (h ^ (w[whole] >> np.uint64(64 - (bits & 63)))) * np.uint64(0x9FB21C651E98DF25)
        h ^= h >> np.uint64(32)
    return h | np.uint64(1)


@numba.njit(cache=True)
def armour(buf: Array, blob: Array, span: Ints, joined: Array, rows: Ints) -> tuple[Array, Ints]:
    """Return the armoured payloads of some messages, one after the other, and where each begins."""
    offset = np.zeros(rows.shape[0] + 1, np.int64)
    for k in range(rows.shape[0]):
        offset[k + 1] = offset[k] + span[rows[k], 1] - span[rows[k], 0]
    out = np.empty(offset[-1], np.uint8)
    for k in range(rows.shape[0]):
        m = rows[k]
        a, n = span[m, 0], span[m, 1] - span[m, 0]
        out[offset[k] : offset[k] + n] = blob[a : a + n] if joined[m] else buf[a : a + n]
    return out, offset


@numba.njit(cache=True)
def encode(values: NDArray[np.uint64]) -> tuple[NDArray[np.int32], Ints]:
    """Return distinct values numbered as they first come, 0 as -1, and where each comes first."""
    numbers = np.empty(values.shape[0], np.int32)
    first = np.empty(values.shape[0], np.int64)
    seen = {np.uint64(0): np.int32(-1)}
    n = 0
    last, last_number = np.uint64(0), np.int32(-1)
    for i in range(values.shape[0]):
        v = values[i]
        if v != last:
            if v not in seen:
                seen[v] = np.int32(n)
                first[n] = i
                n += 1
            last, last_number = v, seen[v]
        numbers[i] = last_number
    return numbers, first[:n]
