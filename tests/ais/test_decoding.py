"""One file to columns: the counts add up, and what is written is whole or not there."""

import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest

from ais.decoding import decode_file
from geo.errors import InputError
from tests.ais.real import NMEA


@pytest.mark.parametrize("name", NMEA)
def test_counts_and_rows_add_up(shared: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "x.parquet"
    told = decode_file(shared / "ais" / name, out=out)
    assert told.messages == told.positions + told.statics + told.other > 0
    rows = pl.read_parquet(out)
    assert rows.height == told.messages
    kinds = rows["msg_type"]
    assert kinds.is_in([1, 2, 3, 9, 18, 19, 27]).sum() == told.positions
    assert kinds.is_in([5, 24]).sum() == told.statics
    assert rows["line"].is_sorted()
    assert set(told.as_dict()) == {
        "sentences", "messages", "positions", "statics", "other", "quarantined", "seconds",
    }  # fmt: skip


def test_a_table_gives_its_positions_and_who_sent_them(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    told = decode_file(shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz", out=out)
    rows = pl.read_parquet(out)
    assert rows["lon"].is_not_null().sum() == told.positions == told.messages
    assert rows["name"].is_not_null().sum() > 9_000
    assert rows.height == told.positions + told.statics


def test_a_zip_counts_what_is_no_ais_beside_its_sentences(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    content = (shared / "ais" / "libais_typeexamples.nmea").read_bytes()
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.nmea", content)
        packed.writestr("b.nmea", content)
        packed.writestr("readme.txt", "hello")
    told = decode_file(path)
    assert (told.sentences, told.messages, told.quarantined) == (52, 52, {"not_ais": 1})


def test_an_older_result_is_replaced_and_nothing_else_is(shared: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.nmea"
    source.write_bytes((shared / "ais" / "libais_typeexamples.nmea").read_bytes())
    content = source.read_bytes()
    out = tmp_path / "x.parquet"
    decode_file(source, out=out)
    decode_file(source, out=out)
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    link = tmp_path / "link.parquet"
    link.symlink_to(notes)
    for wrong in (source, notes, link, tmp_path, tmp_path / "no" / "x.parquet"):
        with pytest.raises(InputError):
            decode_file(source, out=wrong)
    assert source.read_bytes() == content
    assert notes.read_text() == "mine"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.nmea", "link.parquet", "notes.txt", "x.parquet"]


def test_a_damaged_file_writes_what_came_before(shared: Path, tmp_path: Path) -> None:
    raw = (shared / "ais" / "aishub_world_85k.nmea.gz").read_bytes()
    path = tmp_path / "cut.nmea.gz"
    path.write_bytes(raw[: len(raw) // 2])
    out = tmp_path / "x.parquet"
    told = decode_file(path, out=out)
    assert told.quarantined["truncated_gz"] == 1
    assert pl.read_parquet(out).height == told.messages > 10_000
    assert len(gzip.decompress(raw).splitlines()) > told.sentences
