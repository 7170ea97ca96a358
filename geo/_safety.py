"""Guards that look at a file before a parser does: archives, XML and JSON made to do harm."""

import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from xml.parsers import expat

import numba
import numpy as np
import pyarrow.parquet
from numpy.typing import NDArray

from geo.errors import InputError

# A county's coast with all its islands is some 10 MB, a province's roads some 300 MB.
MAX_BYTES = 500_000_000
# Deflate cannot do better than 1,032 (zlib's technical details); text and coordinates reach 20.
_MAX_RATIO = 200.0
_SMALL_BYTES = 1_000_000
_MAX_ENTRIES = 1_000
_CHUNK = 1 << 24
# GeoJSON's own deepest value, a GeometryCollection of MultiPolygons, nests some 12 deep.
_MAX_JSON_DEPTH = 64
_MAX_XML_DEPTH = 100
# So many rows of a Parquet file are unpacked at a time: of a continent's largest polygons (10 MB)
# they still fit into memory. A row holds no less than an offset for each column.
_BATCH = 64
_CELL_BYTES = 4
_ARCHIVES = frozenset({".zip", ".kmz", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst"})
_ZIP_MAGIC = b"PK\x03\x04"
_DAMAGE = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error)
# What makes a GeoJSON's CRS a link, which GDAL fetches: all three, in any order.
_LINKED_CRS = tuple(
    re.compile(one) for one in (rb'"crs"\s*:', rb'"href"\s*:', rb'"type"\s*:\s*"link"')
)
# No writer escapes plain letters; who does so hides a word.
_HIDDEN = re.compile(rb"(?<!\\)(?:\\\\)*\\u00(?:4[1-9a-fA-F]|5[0-9aA]|6[1-9a-fA-F]|7[0-9aA])")


def check_zip(path: Path, *, max_bytes: int = MAX_BYTES) -> list[zipfile.ZipInfo]:
    """Return the files in an archive, having made sure that it can be unpacked without harm.

    Parameters
    ----------
    path : a zip, or a file that is one inside (KMZ, xlsx).
    max_bytes : bytes that all files together may hold unpacked.

    Raises
    ------
    InputError
        When it is no zip; names a place outside itself, a link, an encrypted file or another
        archive; holds more than 1,000 files or ``max_bytes``; or grows more than 200 times.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_names(path, entries)
            _check_sizes(path, entries, max_bytes)
            files = [one for one in entries if not one.is_dir()]
            for one in files:
                with archive.open(one) as stream:
                    if stream.read(4) == _ZIP_MAGIC:
                        raise _unsafe(path, f"{one.filename!r} in it is another archive")
    except (*_DAMAGE, ValueError) as problem:
        raise InputError(
            f"it cannot be read as a zip ({problem})",
            where=str(path),
            mend="Pack it again, or give the file unpacked.",
        ) from problem
    return files


def _check_names(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Raise InputError where an entry points out of the archive, or is no plain file."""
    if len(entries) > _MAX_ENTRIES:
        raise _unsafe(path, f"it holds {len(entries):,} files; {_MAX_ENTRIES:,} are allowed")
    for one in entries:
        name = one.filename.replace("\\", "/")
        if name.startswith("/") or re.match(r"[A-Za-z]:", name):
            raise _unsafe(path, f"{one.filename!r} in it is an absolute path")
        if ".." in PurePosixPath(name).parts:
            raise _unsafe(path, f"{one.filename!r} in it points out of the archive")
        if stat.S_ISLNK(one.external_attr >> 16):
            raise _unsafe(path, f"{one.filename!r} in it is a link")
        if one.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _unsafe(path, f"{one.filename!r} in it is packed in an unusual way")
        if one.flag_bits & 0x1:
            raise _unsafe(path, f"{one.filename!r} in it is encrypted")
        if PurePosixPath(name).suffix.lower() in _ARCHIVES:
            raise _unsafe(path, f"{one.filename!r} in it is another archive")


def _check_sizes(path: Path, entries: list[zipfile.ZipInfo], max_bytes: int) -> None:
    """Raise InputError where an archive unpacks to too much."""
    unpacked = sum(one.file_size for one in entries)
    packed = max(path.stat().st_size, 1)
    if unpacked > max_bytes:
        raise _unsafe(
            path, f"it unpacks to {unpacked / 1e6:,.0f} MB; {max_bytes / 1e6:,.0f} MB are allowed"
        )
    if unpacked > _SMALL_BYTES and unpacked / packed > _MAX_RATIO:
        raise _unsafe(
            path,
            f"it unpacks to {unpacked / packed:,.0f} times its size; {_MAX_RATIO:.0f} are allowed",
        )


def _unsafe(path: Path, what: str) -> InputError:
    return InputError(
        what,
        where=str(path),
        mend="Pack the files of one layer alone, by their names, without a password, and again.",
    )


def check_parquet(path: Path, *, where: Path, max_bytes: int = MAX_BYTES) -> None:
    """Raise InputError where a Parquet file unpacks to too much.

    Its own figures tell of values as they are encoded, where one that is repeated counts once: the
    rows are unpacked a few at a time, and counted, until they are too many.

    Parameters
    ----------
    where : the file that the user gave.
    max_bytes : bytes that all columns together may hold unpacked; from 1 MB on they may not hold
        more than 200 times the file's size either.
    """
    with pyarrow.parquet.ParquetFile(path) as file:
        about = file.metadata
        encoded = sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups))
        packed = max(path.stat().st_size, 1)
        allowed = min(max_bytes, max(_SMALL_BYTES, _MAX_RATIO * packed))
        unpacked = max(encoded, about.num_rows * about.num_columns * _CELL_BYTES)
        if unpacked <= allowed:
            unpacked = 0
            for batch in file.iter_batches(_BATCH, use_threads=False):
                unpacked += batch.nbytes
                if unpacked > allowed:
                    break
    if unpacked > allowed:
        raise InputError(
            f"it unpacks to more than {allowed / 1e6:,.0f} MB, which are allowed of a file of "
            f"{packed / 1e6:,.1f} MB",
            where=str(where),
            mend="Cut the layer to the coast that is wanted.",
        )


def unpack(path: Path, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one file of a checked archive to ``target``, never more than it said it holds.

    Raises
    ------
    InputError
        When what is packed is not what the archive's table of contents says.
    """
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(member) as packed,
            target.open("wb") as out,
        ):
            # ZipFile reads no further than the size that check_zip has added up.
            while block := packed.read(_CHUNK):
                out.write(block)
    except _DAMAGE as problem:
        raise InputError(
            f"{member.filename!r} in it is damaged ({problem})",
            where=str(path),
            mend="Pack it again, or give the file unpacked.",
        ) from problem


def check_size(path: Path) -> None:
    """Raise InputError where a text file is larger than 500 MB."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(
            f"it is {size / 1e6:,.0f} MB; {MAX_BYTES / 1e6:,.0f} MB are allowed as text",
            where=str(path),
            mend="Save the layer as GeoPackage or GeoParquet.",
        )


def check_xml(path: Path, *, root: str) -> None:
    """Make sure that an XML file defines no entities, nests no deeper than 100, and is whole.

    Parameters
    ----------
    root : the name that its outermost element must have, without its namespace.

    Raises
    ------
    InputError
        When it is not so. Entities are told whatever the encoding: a parser looks for them.
    """
    check_size(path)
    parser = expat.ParserCreate(namespace_separator="|")
    depth = 0

    def refuse(*_: object) -> None:
        raise _ill(path, "it defines entities or a document type (DOCTYPE)")

    def begin(tag: str, _attributes: object) -> None:
        nonlocal depth
        if depth == 0 and tag.rsplit("|", 1)[-1] != root:
            raise _ill(path, f"its outermost element is {tag[-60:]!r}, not {root!r}")
        depth += 1
        if depth > _MAX_XML_DEPTH:
            raise _ill(path, f"its elements nest more than {_MAX_XML_DEPTH} deep")

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    try:
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, ValueError, LookupError) as problem:
        raise InputError(
            f"it is not whole XML that can be read ({problem})",
            where=str(path),
            mend="Save it again, as UTF-8.",
        ) from problem


def _ill(path: Path, what: str) -> InputError:
    return InputError(
        what, where=str(path), mend="Save the layer anew, or as GeoPackage; nothing was read."
    )


def check_json(path: Path) -> None:
    """Make sure that a JSON file nests no deeper than 64 and points to no CRS elsewhere.

    Raises
    ------
    InputError
        When it is not so, is larger than 500 MB, or does not begin as an object.
    """
    check_size(path)
    state = np.zeros(3, np.int64)
    linked = [False] * len(_LINKED_CRS)
    tail = b""
    with path.open("rb") as stream:
        head = stream.read(64).removeprefix(b"\xef\xbb\xbf")
        if not head.lstrip().startswith(b"{"):
            raise InputError(
                f"it begins with {head[:20]!r}, not with an object",
                where=str(path),
                mend="Give GeoJSON (a FeatureCollection), as UTF-8.",
            )
        stream.seek(0)
        while block := stream.read(_CHUNK):
            if _too_deep(np.frombuffer(block, np.uint8), state, _MAX_JSON_DEPTH):
                raise _ill(path, f"its values nest more than {_MAX_JSON_DEPTH} deep")
            seen = tail + block
            linked = [
                was or bool(one.search(seen)) for was, one in zip(linked, _LINKED_CRS, strict=True)
            ]
            if all(linked):
                raise _ill(path, "its CRS is a link to another place")
            if _HIDDEN.search(seen):
                raise _ill(path, "it writes plain letters as escapes (\\u0061)")
            tail = block[-200:]


@numba.njit(cache=True)
def _too_deep(block: NDArray[np.uint8], state: NDArray[np.int64], limit: int) -> bool:
    """Return whether brackets outside strings nest deeper than ``limit``; carry the state on.

    ``state``: depth, whether in a string, whether after a backslash.
    """
    depth, inside, escaped = state[0], state[1], state[2]
    for byte in block:
        if inside:
            if escaped:
                escaped = 0
            elif byte == 92:
                escaped = 1
            elif byte == 34:
                inside = 0
        elif byte == 34:
            inside = 1
        elif byte in (91, 123):
            depth += 1
            if depth > limit:
                return True
        elif byte in (93, 125):
            depth -= 1
    state[0], state[1], state[2] = depth, inside, escaped
    return False
