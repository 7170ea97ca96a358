"""AIS files that are torn, damaged, written by other programs or meant to do harm."""

import bz2
import gzip
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais import _unpack, io
from ais._blocks import LONG_BYTES, cut
from geo.errors import InputError

HEAD = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status\n"
SENTENCE = "!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D\n"
MIB = 1 << 20


def _noaa(rows: int) -> bytes:
    lines = (
        f"{366_000_001 + n % 97},2022-01-03T00:{n // 60 % 60:02d}:{n % 60:02d},"
        f"30.{n * 7919 % 9973},-90.{n * 104_729 % 9967},{n % 20}.5,{n % 360},90,S{n},,,70,0\n"
        for n in range(rows)
    )
    return (HEAD + "".join(lines)).encode()


def _read(path: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for batch in io.read(path):
        for name, n in batch.counts.items():
            counts[name] = counts.get(name, 0) + n
    assert counts["rows_in"] == sum(n for name, n in counts.items() if name != "rows_in")
    return counts


def _zst(raw: bytes) -> bytes:
    return pa.Codec("zstd").compress(raw, asbytes=True)


PACKS = {"gz": gzip.compress, "bz2": bz2.compress, "zst": _zst}


def test_what_comes_before_the_damage_is_kept_however_small_the_file(tmp_path: Path) -> None:
    whole = gzip.compress(_noaa(2_000))
    path = tmp_path / "a.csv.gz"
    wrong_sum = bytearray(whole)
    wrong_sum[-6] ^= 0xFF
    path.write_bytes(bytes(wrong_sum))
    assert _read(path) == {"rows_in": 2_001, "kept": 2_000, "damaged_gz": 1}
    torn = bytearray(whole)
    torn[len(torn) // 2] ^= 0xFF
    path.write_bytes(bytes(torn))
    found = _read(path)
    assert found["damaged_gz"] == 1
    assert 800 < found["kept"] < 1_300


@pytest.mark.parametrize("size", [1, 2, 3, 10, 18, 20, 60, 90, 120, 200, 1_000, 5_000, -9, -8, -1])
def test_a_gz_cut_anywhere_is_an_error_or_accounts_for_its_rows(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(_noaa(2_000))[:size])
    if size in {1, 2, 3, 10, 18, 20, 60, 90, 120}:
        with pytest.raises(InputError, match=r"a\.csv\.gz"):
            _read(path)
    else:
        assert _read(path)["truncated_gz"] == 1


@pytest.mark.parametrize("kind", PACKS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_half_a_packed_file_gives_the_rows_before_the_break(tmp_path: Path, kind, share) -> None:
    rows = 60_000
    whole = PACKS[kind](_noaa(rows))
    path = tmp_path / "a"
    path.write_bytes(whole[: int(len(whole) * share)])
    found = _read(path)
    assert found.pop(f"truncated_{kind}") == 1
    assert found["kept"] == found["rows_in"] - 1
    # A bzip2 block of 900 kB is whole or lost.
    assert rows * share - 15_000 < found["kept"] < rows
    torn = bytearray(whole)
    torn[int(len(whole) * share)] ^= 0xFF
    path.write_bytes(bytes(torn))
    if kind != "zst":  # made here without a sum of its content, which zst may do without
        assert _read(path)[f"damaged_{kind}"] == 1
    path.write_bytes(whole + b"rubbish after the end")
    found = _read(path)
    assert found == {"rows_in": rows + 1, "kept": rows, f"damaged_{kind}": 1}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_noaa(9).replace(b"\n", b"\r"), "carriage return"),
        ("时间,船名\n1,2\n".encode("gb18030"), "时间,船名"),
        (b"", "empty"),
        (bytes(range(256)) * 10, "binary"),
        (random.Random(1).randbytes(100_000), "binary"),
        (gzip.compress(b"")[:12], "unpacked"),
        (bz2.compress(b""), "unpacked"),
        (_zst(b""), "unpacked"),
        (b"PK\x03\x04rest", "zip"),
        (b"PAR1rest", "Parquet"),
        (gzip.compress(gzip.compress(_noaa(9))), "gzip file inside another"),
        (gzip.compress(b"PAR1" + b"x" * 99), "Parquet file inside another"),
        (b"7z\xbc\xaf\x27\x1c" + b"x" * 99, "7z"),
        (b"x" * 257 + b"ustar" + b"x" * 99, "tar"),
        (b"x" * (2 * LONG_BYTES), "no AIS dialect"),
        (b'{"a": 1}\n', "keys a"),
        (b"[1, 2", "keys"),
    ],
    ids=range(17),
)
def test_the_error_names_what_another_program_did(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    for look in (io.sniff, lambda path: next(io.read(path))):
        with pytest.raises(InputError, match=told) as error:
            look(path)
        assert "a.csv" in error.value.where
        assert len(str(error.value)) < 2_000


def test_what_is_no_file(tmp_path: Path) -> None:
    for path, told in ((tmp_path, "directory"), (tmp_path / "none", "no such file")):
        with pytest.raises(InputError, match=told):
            next(io.read(path))


def test_a_byte_order_mark_does_not_cost_the_first_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.nmea"
    path.write_bytes(("\ufeff" + SENTENCE * 2).encode())
    found = _read(path)
    assert found["no_time"] == 2


def test_rubbish_between_rows_costs_those_rows_alone(tmp_path: Path) -> None:
    rubbish = random.Random(2).randbytes(50_000).replace(b"\n", b"")
    lines = _noaa(300).split(b"\n")
    mixed = [
        *lines[:100],
        rubbish,
        *lines[100:200],
        lines[5].replace(b"S4", "船".encode("gb18030")),
        lines[6].replace(b"S5", "船".encode()),
        lines[7].replace(b"S6", "Ø".encode("latin-1")),
        lines[8].decode().encode("utf-16-le"),
        *lines[200:],
    ]
    path = tmp_path / "a.csv"
    path.write_bytes(b"\n".join(mixed))
    found = _read(path)
    assert found["kept"] == 303
    assert found["rows_in"] == 305
    names = [name for batch in io.read(path) for name in batch.statics["name"]]
    assert names.count("船") == 2


def _long(size: int) -> Iterator[bytes]:
    yield b"a\nb\n"
    for _ in range(size // MIB):
        yield b"x" * MIB
    yield b"\nc\n"


def test_a_line_without_end_takes_no_memory(full: bool) -> None:
    size = 4096 * MIB if full else 64 * MIB
    tracemalloc.start()
    found = list(cut(_long(size), tell=lambda: 0, size=4 * MIB))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * MIB
    assert b"".join(b.data for b in found) == b"a\nb\n\nc\n"
    assert [b.long for b in found if b.long] == [((3, size // MIB * MIB),)]


@pytest.mark.parametrize("kind", ["csv", "nmea", "json"])
def test_a_file_of_one_long_line_is_read_on_behind_it(tmp_path: Path, kind, full: bool) -> None:
    row = {
        "csv": _noaa(1).decode().splitlines(keepends=True)[1],
        "nmea": SENTENCE,
        "json": '{"mmsi":1,"rxuxtime":1625826523,"type":1,"lat":1,"lon":1}\n',
    }[kind]
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.write(((HEAD if kind == "csv" else "") + row).encode())
        file.seek(4096 * MIB if full else 64 * MIB)
        file.write(b"\n" + row.encode())
    found = _read(path)
    assert found["rows_in"] == 3
    if kind != "nmea":
        assert found == {"rows_in": 3, "kept": 2, "long_line": 1}


@given(
    st.lists(
        st.sampled_from([0, 1, 80, LONG_BYTES - 1, LONG_BYTES, LONG_BYTES + 1, LONG_BYTES * 3]),
        max_size=12,
    ),
    st.booleans(),
    st.sampled_from([4_000, 70_000, MIB]),
    st.sampled_from([1_000, 100_000, MIB]),
)
def test_rows_keep_their_numbers_around_long_lines(lengths, ended, step, size) -> None:
    lines = [b"x" * n for n in lengths]
    raw = b"\n".join(lines) + b"\n" * (ended and bool(lines))
    lines = raw.split(b"\n")[: -1 if raw.endswith(b"\n") or not raw else None]
    pieces = (raw[at : at + step] for at in range(0, len(raw), step))
    found: list[bytes] = []
    long: list[tuple[int, int]] = []
    for block in cut(pieces, tell=lambda: 0, size=size):
        assert block.row == len(found) + 1
        here = block.data.removesuffix(b"\n").split(b"\n") if block.data else []
        assert len(here) == block.n_rows
        found += here
        long += block.long
    assert found == [b"" if len(line) > LONG_BYTES else line for line in lines]
    assert long == [(n + 1, len(line)) for n, line in enumerate(lines) if len(line) > LONG_BYTES]


@pytest.mark.parametrize(
    ("kind", "filling"),
    [
        ("gz", b"\0"), ("gz", b"1,2,3\n"), ("bz2", b"\0"), ("zst", b"\0"), ("zst", b"1,2,3\n"),
        ("zip", b"\0"), ("zip", b"1,2,3\n"), ("zip of bz2", b"\0"),
    ],
)  # fmt: skip
def test_a_bomb_is_put_out(tmp_path, monkeypatch, kind, filling, full: bool) -> None:
    if not full:
        monkeypatch.setattr(_unpack, "BOMB_BYTES", 8 * MIB)
    size = 1024 * MIB if full else 32 * MIB
    path = tmp_path / "bomb"
    content = _noaa(100) + filling * (size // len(filling))
    if kind.startswith("zip"):
        method = zipfile.ZIP_BZIP2 if "bz2" in kind else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", method) as packed:
            packed.writestr("a.csv", content)
            packed.writestr("b.csv", _noaa(10))
    else:
        path.write_bytes(PACKS[kind](content))
    assert path.stat().st_size < size // 200
    found = _read(path)
    assert found["bomb"] == 1
    assert found["kept"] == (110 if kind.startswith("zip") else 100)


def test_many_rows_that_are_alike_are_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    row = _noaa(1).split(b"\n")[1] + b"\n"
    path.write_bytes(gzip.compress(HEAD.encode() + row * 20_000))
    assert _read(path) == {"rows_in": 20_000, "kept": 20_000}


def test_a_zip_with_a_password_or_without_files(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.mkdir("folder")
    with pytest.raises(InputError, match="zip file is empty"):
        io.sniff(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("b.csv", _noaa(9))
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 8] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError, match="password") as told:
        io.sniff(path)
    assert told.value.where.endswith("a.zip/b.csv")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("b.csv", _noaa(9))
    with pytest.raises(InputError, match="method 14"):
        io.sniff(path)
