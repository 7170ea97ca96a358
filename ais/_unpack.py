"""Unpack a file as a stream, by its content: gz, zst, bz2, the members of a zip, UTF-16.

Formats: RFC 1952 (gzip), RFC 8878 (Zstandard), the bzip2 file format, PKWARE APPNOTE 6.3
(zip: local header 30 bytes, compression methods 0, 8 and 12).
"""

import bz2
import codecs
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import pyarrow as pa

from geo.errors import InputError

MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bzip2", b"PK\x03\x04": "zip"}
"""How a packed file begins, and what people call it."""
BOM = b"\xef\xbb\xbf"
BOMB_BYTES = 1 << 28
BOMB_RATIO = 200
"""Text of AIS packs 5 to 50 times; a stream past both of these is no AIS."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_RAW = 1 << 20
_OUT = 1 << 20
# A call that fails takes what it had unpacked with it: these are asked for little at a time.
_BZ2_OUT = 1 << 16
_ZST_OUT = 1 << 13
_LOCAL = struct.Struct("<4s22xHH")


class BrokenError(Exception):
    """The packed stream cannot be followed any further; the text is the reason."""


class Handle(Protocol):
    """An open file, or the stretch of one that a member of a zip takes."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""

    def tell(self) -> int:
        """Return how far into the file on disk the last byte read was."""


class Window:
    """The bytes of an open file from one place on."""

    def __init__(self, handle: BinaryIO, start: int, size: int) -> None:
        self._handle, self._left = handle, size
        handle.seek(start)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end of the stretch."""
        got = self._handle.read(min(size, self._left))
        self._left -= len(got)
        return got

    def tell(self) -> int:
        """Return how far into the file on disk the last byte read was."""
        return self._handle.tell()


class _Lent:
    """An open file that Arrow may read, and not close."""

    closed = False

    def __init__(self, handle: BinaryIO) -> None:
        self.read = handle.read

    def close(self) -> None:
        """Leave the file open."""


class Member(NamedTuple):
    """A file in a zip."""

    name: str
    open: Callable[[BinaryIO], Iterator[bytes]]
    """Stream its content from the open zip."""


def kind_of(start: bytes) -> str | None:
    """Return what a file is packed with, None for a plain one."""
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), None)


def unpacked(handle: BinaryIO) -> Iterator[bytes]:
    """Yield the content of an open file in pieces, as UTF-8 or what it is, without a BOM.

    Raises
    ------
    BrokenError
        After all that can be had: ``truncated_…`` or ``damaged_…`` with gz, zst or bz2, and
        ``bomb`` where far more came out than went in.
    """
    handle.seek(0)
    kind = kind_of(handle.read(4))
    handle.seek(0)
    if kind == "gzip":
        return _text(_guarded(_inflated(handle, 31, "gz"), handle, 0))
    if kind == "bzip2":
        return _text(_guarded(_bunzipped(handle, "bz2"), handle, 0))
    if kind == "zst":
        return _text(_guarded(_unzst(handle), handle, 0))
    return _text(_plain(handle))


def members(path: Path) -> list[Member]:
    """Return the files in a zip, in their order; folders are walked through.

    Raises
    ------
    InputError
        For a zip without its directory, with a password, or packed in a way not known.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            found = [one for one in packed.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise InputError(
            "the zip file is cut off or damaged", where=str(path), mend="Fetch the file again."
        ) from error
    if not found:
        raise InputError("the zip file is empty", where=str(path), mend="Fetch the file again.")
    for one in found:
        where = f"{path}/{one.filename}"
        if one.flag_bits & 1:
            raise InputError(
                "the file needs a password", where=where, mend="Unpack it and give the files in it."
            )
        if one.compress_type not in {0, 8, 12}:
            raise InputError(
                f"the file is packed by method {one.compress_type}",
                where=where,
                mend="Unpack it and give the files in it.",
            )
    return [Member(one.filename, _opener(one)) for one in found]


def _opener(info: zipfile.ZipInfo) -> Callable[[BinaryIO], Iterator[bytes]]:
    def opened(handle: BinaryIO) -> Iterator[bytes]:
        handle.seek(info.header_offset)
        head = handle.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
            raise BrokenError("damaged_zip")
        _, name, extra = _LOCAL.unpack(head)
        start = info.header_offset + _LOCAL.size + name + extra
        window = Window(handle, start, info.compress_size)
        if info.compress_type == 8:
            content = _inflated(window, -15, "zip")
        elif info.compress_type == 12:
            content = _bunzipped(window, "zip")
        else:
            content = _plain(window)
        yield from _text(_guarded(_summed(content, info), window, start))

    return opened


def _summed(content: Iterator[bytes], info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Pass a member's content on, and see that it is all there and adds up."""
    total = size = 0
    try:
        for part in content:
            total, size = zlib.crc32(part, total), size + len(part)
            yield part
    except BrokenError as error:
        raise BrokenError("damaged_zip") from error
    if total != info.CRC or size != info.file_size:
        raise BrokenError("damaged_zip")


def _guarded(content: Iterator[bytes], handle: Handle, start: int) -> Iterator[bytes]:
    out = 0
    for part in content:
        yield part
        out += len(part)
        if out > BOMB_BYTES and out > BOMB_RATIO * max(handle.tell() - start, 1):
            raise BrokenError("bomb")


def _text(content: Iterator[bytes]) -> Iterator[bytes]:
    """Pass content on without a byte order mark, UTF-16 as UTF-8."""
    first = next(content, b"")
    if not first.startswith(_UTF16):
        yield first.removeprefix(BOM)
        yield from content
        return
    decode = codecs.getincrementaldecoder("utf-16")("replace").decode
    yield decode(first).encode("utf-8", "replace")
    for part in content:
        yield decode(part).encode("utf-8", "replace")


def _plain(handle: Handle) -> Iterator[bytes]:
    while raw := handle.read(_RAW):
        yield raw


def _sound_part(member: "zlib._Decompress", raw: bytes) -> bytes:
    """Return what can be unpacked before the damage: zlib keeps nothing of a call that fails."""
    sound = bytearray()
    with suppress(zlib.error):
        for at in range(len(raw)):
            sound += member.decompress(raw[at : at + 1])
    return bytes(sound)


def _inflated(handle: Handle, wbits: int, name: str) -> Iterator[bytes]:
    """Yield what deflate streams hold: one, or with gzip one after another."""
    member = zlib.decompressobj(wbits)
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
                raise BrokenError(f"damaged_{name}") from error
            fresh = False
            if out:
                yield out
            raw = member.unconsumed_tail
            if member.eof:
                raw = member.unused_data
                member = zlib.decompressobj(wbits)
                fresh = True
                if wbits < 0:
                    return
    if not fresh:
        raise BrokenError(f"truncated_{name}")


def _bunzipped(handle: Handle, name: str) -> Iterator[bytes]:
    stream = bz2.BZ2Decompressor()
    fresh = True
    while raw := handle.read(_RAW):
        while raw or not stream.needs_input:
            if fresh and raw.strip(b"\0") == b"":
                break
            try:
                out = stream.decompress(raw, _BZ2_OUT)
            except OSError as error:
                raise BrokenError(f"damaged_{name}") from error
            fresh = False
            if out:
                yield out
            raw = b""
            if stream.eof:
                raw = stream.unused_data
                stream = bz2.BZ2Decompressor()
                fresh = True
    if not fresh:
        raise BrokenError(f"truncated_{name}")


def _unzst(handle: BinaryIO) -> Iterator[bytes]:
    stream = _zst_stream(handle)
    parts: list[bytes] = []
    given = 0
    try:
        while part := stream.read(_ZST_OUT):
            parts.append(part)
            if len(parts) * _ZST_OUT >= _RAW:
                whole = b"".join(parts)
                given += len(whole)
                parts = []
                yield whole
        yield b"".join(parts)
    except OSError as error:
        whole = b"".join(parts)
        yield whole + _zst_rest(handle, given + len(whole))
        cut = "truncated" in str(error).lower()
        raise BrokenError("truncated_zst" if cut else "damaged_zst") from error


def _zst_stream(handle: BinaryIO) -> pa.CompressedInputStream:
    handle.seek(0)
    return pa.CompressedInputStream(pa.PythonFile(_Lent(handle), "r"), "zstd")


def _zst_rest(handle: BinaryIO, given: int) -> bytes:
    """Return what lies between the last call that went well and the damage, in a second reading."""
    rest = bytearray()
    stream = _zst_stream(handle)
    with suppress(OSError):
        while given > 0:
            given -= len(stream.read(min(given, _ZST_OUT)))
        while part := stream.read(1):
            rest += part
    return bytes(rest)
