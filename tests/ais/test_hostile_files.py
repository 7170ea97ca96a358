"""AIS files that are torn, damaged or written by other programs."""

import gzip
from pathlib import Path

import pytest

from ais import io
from geo.errors import InputError

HEAD = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status\n"


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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_noaa(9).replace(b"\n", b"\r"), "carriage return"),
        (_noaa(9).replace(b",", b";"), "not separated by commas"),
        (_noaa(9).replace(b",", b"\t"), "not separated by commas"),
        (_noaa(9).decode().encode("utf-16"), "UTF-16"),
        ("时间,船名\n1,2\n".encode("gb18030"), "时间,船名"),
    ],
    ids=["cr", "semicolon", "tab", "utf-16", "gbk"],
)
def test_the_error_names_what_another_program_did(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told):
        io.sniff(path)


def test_a_byte_order_mark_does_not_cost_the_first_sentence(tmp_path: Path) -> None:
    sentence = "!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D\n"
    path = tmp_path / "a.nmea"
    path.write_bytes(("\ufeff" + sentence * 2).encode())
    found = _read(path)
    assert found["no_time"] == 2
