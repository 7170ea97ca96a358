"""Cut the content of a file into blocks of whole lines, however long the lines are."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from ais._unpack import BrokenError, unpacked

LONG_BYTES = 1 << 16
"""No line of AIS is longer, with room for a JSON object and its sentences."""


class Block(NamedTuple):
    """Whole lines of a file; ``row`` is the number of the first one, counted from 1."""

    data: bytes
    row: int
    n_rows: int
    done: int
    last: bool
    broken: str | None
    """Why the file ends here though it should not: ``truncated_gz``, ``bomb`` and their like."""
    long: tuple[tuple[int, int], ...] = ()
    """(row, bytes) of the lines longer than 64 KiB; each stands as an empty line in ``data``."""


def head(content: Iterator[bytes], size: int) -> bytes:
    """Return up to ``size`` bytes of content from the start.

    Where a packed file breaks off, the half line before the break is dropped, as in ``cut``.
    """
    parts: list[bytes] = []
    have = 0
    broken = True
    with suppress(BrokenError):
        for part in content:
            parts.append(part)
            have += len(part)
            if have >= size:
                break
        broken = False
    whole = b"".join(parts)
    return (whole[: whole.rfind(b"\n") + 1] if broken else whole)[:size]


def _split(parts: list[bytes]) -> tuple[bytes, bytes]:
    """Return the whole lines that parts make, and what follows the last of them."""
    end = parts[-1].rfind(b"\n") + 1
    if end:
        return b"".join([*parts[:-1], parts[-1][:end]]), parts[-1][end:]
    whole = b"".join(parts)
    end = whole.rfind(b"\n") + 1
    return whole[:end], whole[end:]


def _without_long(lines: bytes, row: int) -> tuple[bytes, list[tuple[int, int]]]:
    """Return whole lines with the long ones emptied, and (row, bytes) of those.

    ``row`` is the number of the first line. One look back for a line's end each 64 KiB tells
    that no line between is longer.
    """
    kept: list[bytes] = []
    long: list[tuple[int, int]] = []
    at = since = counted = 0
    while len(lines) - at > LONG_BYTES:
        near = lines.rfind(b"\n", at, at + LONG_BYTES + 1)
        if near >= 0:
            at = near + 1
            continue
        kept.append(lines[since:at])
        row += lines.count(b"\n", counted, at)
        end = lines.find(b"\n", at + LONG_BYTES)
        long.append((row, end - at))
        since = counted = end
        at = end + 1
    return (b"".join([*kept, lines[since:]]) if kept else lines), long


def blocks(handle: BinaryIO, *, size: int) -> Iterator[Block]:
    """Yield an open file, packed or not, as blocks of about ``size`` bytes of whole lines.

    As ``cut``; the members of a zip are files of their own, see ``ais._unpack.members``.
    """
    return cut(unpacked(handle), tell=handle.tell, size=size)


def cut(content: Iterator[bytes], *, tell: Callable[[], int], size: int) -> Iterator[Block]:
    """Yield content as blocks of about ``size`` bytes, each ending at the end of a line.

    The last block has ``last`` set, and where the packed stream broke off, ``broken``; the half
    line before the break is dropped. No more than ``size`` and one piece are held at a time.
    """
    made = _Blocks(tell)
    parts: list[bytes] = []
    open_bytes = 0
    broken: str | None = None
    try:
        for part in content:
            rest = part
            if open_bytes:
                end = part.find(b"\n")
                open_bytes += len(part) if end < 0 else end
                if end < 0:
                    continue
                made.long.append((made.row, open_bytes))
                rest, open_bytes = part[end:], 0
            parts.append(rest)
            if sum(map(len, parts)) < size:
                continue
            lines, tail = _split(parts)
            parts = [tail]
            if len(tail) > LONG_BYTES:
                parts, open_bytes = [], len(tail)
            if lines:
                yield from made.block(lines)
    except BrokenError as error:
        broken = str(error)
    lines, tail = _split([*parts, b""])
    if broken is None and (open_bytes or len(tail) > LONG_BYTES):
        made.long.append((made.row + lines.count(b"\n"), open_bytes or len(tail)))
        tail = b"\n"
    elif broken is not None or open_bytes:
        tail = b""
    yield from made.last(lines, tail, broken)


class _Blocks:
    """Count the rows of blocks; the last is known as such when there is no other."""

    def __init__(self, tell: Callable[[], int]) -> None:
        self._tell = tell
        self._held: Block | None = None
        self.row = 1
        self.long: list[tuple[int, int]] = []
        """The long lines that the next block stands empty for."""

    def block(self, lines: bytes) -> Iterator[Block]:
        """Take whole lines and yield the block before."""
        if self._held is not None:
            yield self._held
        data, long = _without_long(lines, self.row)
        n = data.count(b"\n")
        told = (*self.long, *long)
        self._held = Block(data, self.row, n, self._tell(), last=False, broken=None, long=told)
        self.long, self.row = [], self.row + n

    def last(self, lines: bytes, tail: bytes, broken: str | None) -> Iterator[Block]:
        """Yield the last two blocks; ``tail`` may be a line without its end."""
        if self._held is not None:
            yield self._held
        data, long = _without_long(lines, self.row)
        data += tail
        n = data.count(b"\n") + (len(data) > 0 and not data.endswith(b"\n"))
        told = tuple(sorted([*self.long, *long]))
        yield Block(data, self.row, n, self._tell(), last=True, broken=broken, long=told)
