"""Cut an open file, gzipped or not, into blocks of whole lines."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
_RAW = 1 << 20
_OUT = 1 << 24


class Block(NamedTuple):
    """Whole lines of a file; ``row`` is the number of the first one, counted from 1."""

    data: bytes
    row: int
    n_rows: int
    done: int
    last: bool
    broken: str | None
    """Why the file ends here though it should not: ``truncated_gz`` or ``damaged_gz``."""


class _BrokenError(Exception):
    """The compressed stream cannot be followed any further."""


def _sound_part(member: "zlib._Decompress", raw: bytes) -> bytes:
    """Return what can be unpacked before the damage: zlib keeps nothing of a call that fails."""
    sound = bytearray()
    with suppress(zlib.error):
        for at in range(len(raw)):
            sound += member.decompress(raw[at : at + 1])
    return bytes(sound)


def _inflate(handle: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file of one or many members holds; all that can be had."""
    member = zlib.decompressobj(wbits=31)
    fresh = True
    while raw := handle.read(_RAW):
        while raw:
            before = member.copy()
            try:
                out = member.decompress(raw, _OUT)
            except zlib.error as error:
                if fresh and raw.strip(b"\0") == b"":
                    return  # padding after the last member, as tape and rsync leave it
                yield _sound_part(before, raw)
                raise _BrokenError("damaged_gz") from error
            fresh = False
            if out:
                yield out
            raw = member.unconsumed_tail
            if member.eof:
                raw = member.unused_data
                member = zlib.decompressobj(wbits=31)
                fresh = True
    if not fresh:
        raise _BrokenError("truncated_gz")


def _plain(handle: BinaryIO) -> Iterator[bytes]:
    while raw := handle.read(_RAW):
        yield raw


def head(handle: BinaryIO, size: int) -> tuple[bytes, bool]:
    """Return up to ``size`` bytes of content from the start, and whether it is gzipped.

    Where a gzip file breaks off, the half line before the break is dropped, as in ``blocks``.
    """
    zipped = handle.read(2) == GZIP_MAGIC
    handle.seek(0)
    parts: list[bytes] = []
    have = 0
    try:
        for part in _inflate(handle) if zipped else _plain(handle):
            parts.append(part)
            have += len(part)
            if have >= size:
                break
    except _BrokenError:
        whole = b"".join(parts)
        parts = [whole[: whole.rfind(b"\n") + 1]]
    handle.seek(0)
    return b"".join(parts)[:size].removeprefix(BOM), zipped


def blocks(handle: BinaryIO, *, size: int) -> Iterator[Block]:
    """Yield blocks of about ``size`` bytes, each ending at the end of a line.

    The last block has ``last`` set, and where the compressed stream broke off, ``broken``;
    the half line before the break is dropped.
    """
    zipped = handle.read(2) == GZIP_MAGIC
    handle.seek(0)
    row = 1
    parts: list[bytes] = []
    have = 0
    begun = False
    held: Block | None = None
    broken: str | None = None
    try:
        for part in _inflate(handle) if zipped else _plain(handle):
            parts.append(part if begun else part.removeprefix(BOM))
            begun = True
            have += len(part)
            if have < size:
                continue
            whole = b"".join(parts)
            end = whole.rfind(b"\n") + 1
            parts, have = [whole[end:]], len(whole) - end
            if end:
                if held is not None:
                    yield held
                n = whole.count(b"\n", 0, end)
                held = Block(whole[:end], row, n, handle.tell(), last=False, broken=None)
                row += n
    except _BrokenError as error:
        broken = str(error)
    if held is not None:
        yield held
    tail = b"".join(parts)
    if broken:
        tail = tail[: tail.rfind(b"\n") + 1]
    n = tail.count(b"\n") + (not tail.endswith(b"\n") and len(tail) > 0)
    yield Block(tail, row, n, handle.tell(), last=True, broken=broken)
