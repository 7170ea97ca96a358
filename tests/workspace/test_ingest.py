"""AIS files into the archive."""

import gzip
import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ais.mapping import Mapping
from workspace import _vessels, archive, folder, store
from workspace import ingest as module
from workspace._ahead import ahead
from workspace._chinese import chinese
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


def _mapping(folder: Path, name: str, zone: str, *, comment: str = "") -> Mapping:
    path = folder / name
    path.write_text(
        f'{comment}separator = ";"\nzone = "{zone}"\n[columns]\n'
        't = "when"\nmmsi = "nr"\nlon = "x"\nlat = "y"\n'
    )
    return Mapping.read(path)


def test_a_content_is_not_read_again_with_other_options(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    table, other = tmp_path / "r.csv", tmp_path / "a.csv"
    rows = [f"2026-01-03 0{h}:00:00;366000001;121.{h};30.1" for h in range(9)]
    table.write_text("\n".join(["when;nr;x;y", *rows, "2026-01-03 10:00:00;366000001;;", ""]))
    other.write_text(_noaa(10))
    right = _mapping(tmp_path, "m.toml", "UTC")
    assert ingest(plain_ws, [table], mapping=right, now=NOW).counts["added"] == 9
    wrong = _mapping(tmp_path, "n.toml", "Asia/Shanghai")
    done = ingest(plain_ws, [table, other], mapping=wrong, now=NOW)
    error = done.errors[0]
    assert error.where == str(table)
    assert "--mapping" in error.what
    assert "new workspace" in error.mend
    assert "新工作区" in chinese(error)
    assert archive.summary(plain_ws.positions)[0] == 9
    same = _mapping(tmp_path, "copy.toml", "UTC", comment="# the radar\n")
    assert ingest(plain_ws, [table], mapping=same, now=NOW).known == [str(table)]
    plain = ingest(plain_ws, [other], now=NOW)
    assert plain.counts["added"] == 10
    (error,) = ingest(plain_ws, [other], source="mine", now=NOW).errors
    assert "read with no options; read with --source mine" in error.what


def test_a_wrong_start_is_told_and_not_mended_beside_the_wrong_rows(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "x.nmea"
    path.write_text("!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n")
    early, right = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert ingest(plain_ws, [path], start=early, now=NOW).counts["added"] == 1
    (error,) = ingest(plain_ws, [path], start=right, now=NOW).errors
    assert "--start 2026-01-01T00:00:00+00:00" in error.what
    assert ingest(plain_ws, [path], start=early, now=NOW).counts["files_known"] == 1
    assert archive.read(plain_ws.positions)["t"].dt.month().to_list() == [1]


def test_what_lay_in_the_future_is_read_later_with_the_same_options(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "late.csv"
    path.write_text(_noaa(10, day="2027-01-01") + _noaa(10).split("\n", 1)[1])
    ingest(plain_ws, [path], now=NOW)
    later = datetime(2027, 1, 2, tzinfo=UTC)
    assert ingest(plain_ws, [path], source="mine", now=later).errors
    done = ingest(plain_ws, [path], now=later)
    assert (done.counts["added"], done.counts["duplicates"]) == (10, 10)
    assert store.read(plain_ws.engine, "ingests")["added"].to_list() == [20]
    assert ingest(plain_ws, [path], now=later).counts["files_known"] == 1


def test_a_kind_by_the_types_heard_is_the_same_in_any_order(tmp_path: Path) -> None:
    """A vessel's name, types 4 alone, and a position of type 1, in every order of files."""
    t = pl.Series([NOW]).cast(pl.Datetime("ms", "UTC"))
    span = pl.DataFrame({"mmsi": [413_999_999]}).with_columns(seen_from=t, seen_to=t)
    only = span.with_columns(only_4=pl.lit(value=True), only_21=pl.lit(value=False))
    mixed = only.with_columns(only_4=pl.lit(value=False))
    none = only.clear()
    fields = {name: pl.Series([None], dtype=pl.String) for name in _vessels.FIELDS}
    wide = {name: kind for name, kind in _vessels._WIDE.items() if name != "mmsi"}
    named = span.with_columns(**{**fields, "name": pl.Series(["FOO"])}).cast(wide)
    parts = {"four": (None, only), "one": (None, mixed), "name": (named, none)}
    for number, (order, kind) in enumerate(
        (order, kind)
        for names, kind in ((("four", "name"), "base station"), (parts, "vessel"))
        for order in itertools.permutations(names)
    ):
        ws = init(tmp_path / f"ws{number}")
        with ws.begin() as connection:
            for name in (*order, *order):
                _vessels.register(connection, *parts[name])
        assert store.read(ws.engine, "vessels").select("kind", "name").rows() == [(kind, "FOO")]
        ws.close()


def test_two_ingests_that_end_together_both_count(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same vessels on two days: neither undoes what the other noted of them."""
    paths = [tmp_path / f"{day}.csv" for day in (3, 4)]
    for day, path in zip((3, 4), paths, strict=True):
        path.write_text(_noaa(300, day=f"2022-01-0{day}").replace("SHIP", f"DAY{day} SHIP"))
    together, real = threading.Barrier(2), module._note

    def note(*args: object) -> None:
        together.wait(timeout=60)
        real(*args)

    monkeypatch.setattr(module, "_note", note)

    def take(path: Path) -> int:
        with closing(folder.open_workspace(ws.root)) as own:
            return ingest(own, [path], now=NOW).counts["files"]

    for turn in range(3):
        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(take, paths)) == [1, 1]
        vessels = store.read(ws.engine, "vessels")
        assert vessels["name"].str.starts_with("DAY4").all()
        assert vessels["seen_from"].dt.day().unique().to_list() == [3]
        assert vessels["seen_to"].dt.day().unique().to_list() == [4]
        if turn < 2:
            for name in ("vessels", "vessel_history", "ingests"):
                store.clear(ws.engine, name)


def test_one_file_twice_at_once_is_noted_with_what_both_added(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(_noaa(400))
    together, real = threading.Barrier(2), module._note

    def note(*args: object) -> None:
        together.wait(timeout=60)
        real(*args)

    monkeypatch.setattr(module, "_note", note)
    with ThreadPoolExecutor(2) as threads:
        done = threads.map(lambda one: ingest(ws, [one], now=NOW), [path, path])
        assert sum(one.counts["added"] for one in done) == 400
    assert store.read(ws.engine, "ingests").select("rows_in", "added").rows() == [(400, 400)]
    assert store.read(ws.engine, "feed_days")["positions"].to_list() == [400]


def test_text_that_no_database_keeps_stops_no_file(ws: Workspace, tmp_path: Path) -> None:
    odd, good = tmp_path / "odd.csv", tmp_path / "good.csv"
    odd.write_text(_noaa(20).replace("SHIP 1", "SHIP \0 1") + "rub\0bish\n")
    good.write_text(_noaa(10, mmsi=367_000_001))
    done = ingest(ws, [odd, good], now=NOW)
    assert (done.errors, done.counts["files"], done.counts["added"]) == ([], 2, 30)
    assert "SHIP \ufffd 1" in store.read(ws.engine, "vessels")["name"].to_list()
    assert store.count(ws.engine, "quarantine") == 1


@pytest.mark.parametrize(
    "error", [UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), OverflowError("too large")]
)
def test_content_that_cannot_be_kept_stops_its_own_file_alone(
    plain_ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, mmsi in zip(paths, (366_000_001, 367_000_001), strict=True):
        path.write_text(_noaa(10, mmsi=mmsi))
    real, failed = store.write, []

    def write(*args: object, **more: object) -> int:
        if not failed:
            failed.append(1)
            raise error
        return real(*args, **more)

    monkeypatch.setattr(store, "write", write)
    done = ingest(plain_ws, paths, now=NOW)
    assert [one.where for one in done.errors] == [str(paths[0])]
    assert "cannot be kept" in done.errors[0].what
    assert (done.counts["files"], done.counts["vessels"]) == (1, 5)
    assert store.count(plain_ws.engine, "vessels") == 5
