"""AIS files into the archive."""

import gzip
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ais.mapping import Mapping
from workspace import archive, store
from workspace import ingest as module
from workspace._ahead import ahead
from workspace.folder import Workspace, init
from workspace.ingest import ingest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEAD = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
HEAD += "Length,Width,Draft,Cargo,TransceiverClass"


def _noaa(rows: int, *, mmsi: int = 366_000_001, day: str = "2022-01-03") -> str:
    lines = [
        f"{mmsi + n % 5},{day}T00:{n // 60 % 60:02d}:{n % 60:02d},30.{n:04d},-90.5,10.0,90.0,90,"
        f"SHIP {n % 5},IMO900000{n % 5},CALL{n % 5},70,0,100,20,5.5,70,A"
        for n in range(rows)
    ]
    return "\n".join([HEAD, *lines, ""])


def test_twice_adds_nothing_and_says_so(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(_noaa(500))
    first = ingest(ws, [path], now=NOW)
    assert first.counts["added"] == 500
    assert first.counts["vessels"] == 5
    copy = tmp_path / "copy.csv.gz"
    copy.write_bytes(gzip.compress(path.read_bytes()))
    (tmp_path / "b.csv").write_bytes(path.read_bytes())
    again = ingest(ws, [path, tmp_path / "b.csv"], now=NOW)
    assert again.known == [str(path), str(tmp_path / "b.csv")]
    assert again.counts["added"] == again.counts["rows_in"] == 0
    packed = ingest(ws, [copy], now=NOW)
    assert (packed.counts["added"], packed.counts["duplicates"]) == (0, 500)
    assert archive.summary(ws.positions)[0] == 500
    assert store.count(ws.engine, "vessels") == 5
    assert store.count(ws.engine, "vessel_history") == 5


def test_a_truncated_gz_keeps_what_is_good_and_says_where_it_ends(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    whole = gzip.compress(_noaa(3_000).encode())
    path = tmp_path / "torn.csv.gz"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    done = ingest(plain_ws, [path], now=NOW)
    assert not done.errors
    assert 500 < done.counts["added"] < 3_000
    assert done.quarantined["truncated_gz"] == 1
    row = store.read(plain_ws.engine, "quarantine").filter(pl.col("reason") == "truncated_gz")
    assert row["file"][0] == "torn.csv.gz"
    assert row["row"][0] > done.counts["added"]
    assert "fetch it again" in row["mend"][0]
    path.write_bytes(whole)
    mended = ingest(plain_ws, [path], now=NOW)
    assert done.counts["added"] + mended.counts["added"] == 3_000


@pytest.mark.parametrize(
    "content",
    [b"", b"id;x;y\n1;2;3\n", bytes(range(256)) * 10, b"PK\x03\x04rest"],
    ids=["empty", "header", "rubbish", "zip"],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(
    plain_ws: Workspace, tmp_path: Path, content: bytes
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(_noaa(50))
    bad.write_bytes(content)
    done = ingest(plain_ws, [bad, tmp_path, tmp_path / "absent.csv", good], now=NOW)
    assert [str(error).split(":")[0].split(",")[0] for error in done.errors] == [
        str(bad),
        str(tmp_path),
        str(tmp_path / "absent.csv"),
    ]
    assert done.counts["added"] == 50
    assert store.count(plain_ws.engine, "ingests") == 1


def test_a_wrong_header_names_the_known_ones(plain_ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("lat,lon,when\n1,2,3\n")
    (error,) = ingest(plain_ws, [path], now=NOW).errors
    assert "lat,lon,when" in str(error)
    assert "BaseDateTime" in str(error)
    assert "row 1" in str(error)


def test_an_ingest_interrupted_anywhere_ends_like_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(_noaa(900) + "bad,row\n")
    whole = init(tmp_path / "whole")
    ingest(whole, [path], now=NOW)
    torn = init(tmp_path / "torn")

    real_append, real_write = archive.append, store.write

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place, name in ((archive, "append"), (store, "write"), (module._vessels, "register")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            with pytest.raises(KeyboardInterrupt):
                ingest(torn, [path], now=NOW)
        assert store.count(torn.engine, "ingests") == 0
        assert store.count(torn.engine, "vessels") == 0
        assert store.count(torn.engine, "quarantine") == 0
    assert (archive.append, store.write) == (real_append, real_write)
    ingest(torn, [path], now=NOW)
    for name in ("vessels", "vessel_history"):
        assert store.read(torn.engine, name).equals(store.read(whole.engine, name))
    assert store.count(torn.engine, "quarantine") == store.count(whole.engine, "quarantine") == 1
    assert archive.read(torn.positions).equals(archive.read(whole.positions))
    whole.close()
    torn.close()


def test_vessels_are_the_same_in_any_order_of_files(tmp_path: Path) -> None:
    texts = [_noaa(60, day=f"2022-01-0{n}").replace("SHIP 3", f"NAME {n}") for n in (3, 4, 5)]
    texts[1] = texts[1].replace("IMO9000003", "")
    paths = [tmp_path / f"{n}.csv" for n in range(3)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    tables = []
    for number, order in enumerate(([0, 1, 2], [2, 0, 1], [1, 2, 0])):
        ws = init(tmp_path / f"ws{number}")
        for at in order:
            ingest(ws, [paths[at]], now=NOW)
        tables.append((store.read(ws.engine, "vessels"), store.read(ws.engine, "vessel_history")))
        ws.close()
    for vessels, history in tables[1:]:
        assert vessels.equals(tables[0][0])
        assert history.equals(tables[0][1])
    vessel = tables[0][0].filter(pl.col("mmsi") == 366_000_004).row(0, named=True)
    assert (vessel["name"], vessel["imo"], vessel["kind"]) == ("NAME 5", 9_000_003, "vessel")
    assert tables[0][1].filter(pl.col("mmsi") == 366_000_004).height == 3


def test_untimed_nmea_is_refused_until_its_start_is_told(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "untimed.nmea"
    path.write_text("!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n")
    done = ingest(plain_ws, [path], now=NOW)
    assert done.counts["added"] == 0
    assert done.quarantined == {"no_time": 1}
    told = ingest(plain_ws, [path], start=datetime(2026, 1, 1, tzinfo=UTC), now=NOW)
    assert told.counts["added"] == 1
    assert not told.known
    assert store.count(plain_ws.engine, "quarantine") == 0


def test_positions_of_the_future_are_refused(plain_ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_text(_noaa(10, day="2027-01-01") + _noaa(10).split("\n", 1)[1])
    done = ingest(plain_ws, [path], now=NOW)
    assert done.counts["added"] == 10
    assert done.quarantined["future"] == 10


def test_real_files_are_accounted_for_row_by_row(plain_ws: Workspace, shared: Path) -> None:
    name = "dma_layout_kattegat_202511_52k.csv.gz"
    done = ingest(plain_ws, [shared / "ais" / name], now=NOW)
    assert done.counts["rows_in"] == done.counts["added"] == 51_569
    assert done.counts["vessels"] == store.count(plain_ws.engine, "vessels") == 356
    rows, oldest, newest = archive.summary(plain_ws.positions)
    assert rows == 51_569
    assert (oldest.date().isoformat(), newest.date().isoformat()) == ("2025-11-01", "2025-11-03")


def test_reading_ahead_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK_ROWS", 100)
    path = tmp_path / "a.csv"
    path.write_text(_noaa(900) + "bad,row\n")
    found = []
    for workers in (1, 2):
        ws = init(tmp_path / f"ws{workers}")
        done = ingest(ws, [path], now=NOW, workers=workers)
        tables = [store.read(ws.engine, name) for name in ("vessels", "feed_reasons")]
        found.append((done.counts, done.quarantined, archive.read(ws.positions), *tables))
        ws.close()
    assert found[0][:2] == found[1][:2]
    assert all(ours.equals(theirs) for ours, theirs in zip(found[0][2:], found[1][2:], strict=True))


def test_an_iterator_read_ahead_ends_with_its_user_and_passes_its_errors_on() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("torn")

    taken = ahead(numbers())
    assert next(taken) == 1
    taken.close()
    with pytest.raises(ValueError, match="torn"):
        list(ahead(numbers()))
    assert list(ahead([])) == []
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_another_table_is_read_by_its_mapping(plain_ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "radar.csv"
    path.write_text("Zeit;Nr;Ost;Nord\n2022-01-03 00:00:00;366000001;-90,5;30,1\n")
    (error,) = ingest(plain_ws, [path], now=NOW).errors
    assert "row 1" in str(error)
    (tmp_path / "m.toml").write_text(
        'source = "radar"\nseparator = ";"\ndecimal = ","\n[columns]\n'
        't = "Zeit"\nmmsi = "Nr"\nlon = "Ost"\nlat = "Nord"\n'
    )
    mapping = Mapping.read(tmp_path / "m.toml")
    done = ingest(plain_ws, [path], mapping=mapping, now=NOW)
    assert (done.counts["added"], done.errors) == (1, [])
    assert archive.read(plain_ws.positions)["source"].to_list() == ["radar"]
    again = ingest(plain_ws, [path], mapping=mapping, now=NOW)
    assert again.counts["files_known"] == 1


def test_a_transmission_heard_by_two_stations_is_kept_once_and_counted(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    sentence = "!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
    lines = []
    for station, second in (("a", 0), ("b", 2), ("a", 3), ("b", 60)):
        tags = f"s:{station},c:{1_640_995_200 + second}"
        sum_ = 0
        for letter in tags.encode():
            sum_ ^= letter
        lines.append(f"\\{tags}*{sum_:02X}\\{sentence}")
    path = tmp_path / "two.nmea"
    path.write_text("\n".join([*lines, ""]))
    done = ingest(plain_ws, [path], now=NOW)
    assert (done.counts["rows_in"], done.counts["passed_over"]) == (4, 2)
    assert done.counts["added"] == 2
    told = store.read(plain_ws.engine, "feed_reasons")
    assert dict(told.group_by("reason").agg(pl.col("rows").sum()).iter_rows()) == {
        "kept": 2,
        "heard_again": 2,
    }
