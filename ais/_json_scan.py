"""Find the values of JSON objects in their bytes: one object a line, and lists made so."""

import numba
import numpy as np

from ais._arrays import Array, Ints

BLANK, WHOLE, BAD = 0, 1, 2
_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@numba.njit(cache=True, nogil=True)
def key_hash(buf: Array, a: int, b: int) -> np.uint64:
    """Return a hash of a key that knows no case and no underscores."""
    value = _SEED
    for i in range(a, b):
        if buf[i] != 95:
            value = (value ^ np.uint64(buf[i] | 32)) * _PRIME
    return value


@numba.njit(cache=True, nogil=True)
def _string_end(buf: Array, i: int) -> int:
    """Return where a string that begins after its quote at ``i`` ends: a quote or a line's end."""
    while buf[i] != 10 and buf[i] != 34:
        i += 1 + (buf[i] == 92 and buf[i + 1] != 10)
    return i


@numba.njit(cache=True, nogil=True)
def _blanks_end(buf: Array, i: int) -> int:
    while buf[i] <= 32 and buf[i] != 10:
        i += 1
    return i


@numba.njit(cache=True, nogil=True)
def _value_end(buf: Array, i: int) -> int:
    """Return the end of a value, nested ones whole; a line's end where it has none."""
    depth = 0
    while buf[i] != 10:
        c = buf[i]
        if c == 34:
            i = _string_end(buf, i + 1)
            if buf[i] == 10:
                return i
        elif c == 123 or c == 91:
            depth += 1
        elif c == 125 or c == 93:
            if depth == 0:
                return i
            depth -= 1
        elif c == 44 and depth == 0:
            return i
        i += 1
    return i


@numba.njit(cache=True, nogil=True)
def _member(buf: Array, i: int) -> tuple[int, int, int]:
    """Return the ends of a key whose quote opens at ``i`` and the bounds of its value.

    The end of the value is its start where there is none.
    """
    name = _string_end(buf, i + 1)
    i = name
    if buf[i] == 10:
        return name, i, i
    i = _blanks_end(buf, i + 1)
    if buf[i] != 58:
        return name, i, i
    a = _blanks_end(buf, i + 1)
    b = _value_end(buf, a)
    return name, a, (a if buf[b] == 10 else b)


@numba.njit(cache=True, nogil=True)
def _bare(buf: Array, a: int, b: int) -> tuple[int, int]:
    """Return the bounds of a value without blanks behind it and without its quotes."""
    while buf[b - 1] <= 32:
        b -= 1
    return (a + 1, b - 1) if buf[a] == 34 else (a, b)


@numba.njit(cache=True, nogil=True)
def _closed(buf: Array, i: int, verdict: Array, k: int) -> int:
    """Note whether a brace and no more than blanks end line ``k``; return where the next begins."""
    if buf[i] == 125:
        i = _blanks_end(buf, i + 1)
        if buf[i] == 10:
            verdict[k] = WHOLE
    while buf[i] != 10:
        i += 1
    return i + 1


@numba.njit(cache=True, nogil=True)
def objects(
    buf: Array, n: int, keys: Array, slots: Ints, ranks: Ints, n_slots: int
) -> tuple[Array, Array, Array, Ints]:
    """Return where the values of ``n`` lines begin and end, what each line is, and its start.

    A value goes to the slot of its key; of several keys with one slot the lowest rank holds. The
    last byte must be a line's end. A text lies within its quotes, null is empty.
    """
    starts = np.zeros((n_slots, n), np.int32)
    ends = np.zeros((n_slots, n), np.int32)
    verdict = np.zeros(n, np.uint8)
    lines = np.zeros(n + 1, np.int64)
    rank = np.empty(n_slots, np.int64)
    i = 0
    for k in range(n):
        lines[k] = i
        i = _blanks_end(buf, i)
        verdict[k] = BLANK if buf[i] == 10 else BAD
        rank[:] = keys.shape[0]
        more = buf[i] == 123
        while more:
            key = _blanks_end(buf, i + 1)
            if buf[key] != 34:
                i = key
                break
            name, a, i = _member(buf, key)
            if i == a:
                break
            hashed = key_hash(buf, key + 1, name)
            value = _bare(buf, a, i)
            for j in range(keys.shape[0]):
                if keys[j] == hashed and ranks[j] <= rank[slots[j]] and buf[a] != 110:
                    starts[slots[j], k], ends[slots[j], k] = value
                    rank[slots[j]] = ranks[j]
            more = buf[i] == 44
        i = _closed(buf, i, verdict, k)
    lines[n] = i
    return starts, ends, verdict, lines


@numba.njit(cache=True, nogil=True)
def _text_state(c: int, state: int) -> int:
    """Return 0 outside a text, 1 in one, 2 behind a backslash in one, after a byte."""
    if state == 2:
        return 1
    if c == 34:
        return 1 - state
    return 2 if state == 1 and c == 92 else state


@numba.njit(cache=True, nogil=True)
def one_a_line(buf: Array, state: Ints) -> Array:
    """Return the objects of a list, whatever lies around them, each with a line's end.

    ``state`` is (depth of braces, as ``_text_state``), kept from piece to piece.
    """
    out = np.empty(buf.shape[0] * 2, np.uint8)
    at = 0
    depth, text = state[0], state[1]
    for i in range(buf.shape[0]):
        c = buf[i]
        if depth == 0 and c != 123:
            continue
        out[at] = 32 if c == 10 or c == 13 else c
        at += 1
        if text == 0 and c == 123:
            depth += 1
        elif text == 0 and c == 125:
            depth -= 1
        text = _text_state(c, text)
        if depth == 0:
            out[at] = 10
            at += 1
    state[0], state[1] = depth, text
    return out[:at]
