"""What came from each source and day, where positions lie, and what is known of one vessel."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ais.real import NMEA
from workspace import _feeds, archive, folder, read, store
from workspace._coverage import coverage, drawn
from workspace.folder import Workspace
from workspace.importers import import_file
from workspace.ingest import ingest
from workspace.status import status

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEAD = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,"
    "Width,Draft,Cargo,TransceiverClass"
)


def _row(mmsi: object, t: str, lon: float = 121.95, lat: float = 29.25, name: str = "A") -> str:
    return f"{mmsi},{t},{lat},{lon},1.0,90,90,{name},IMO9074729,CALL,70,0,100,20,5,70,A"


def _file(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    return path


DAY1 = [
    _row(366_000_001, "2022-01-03T00:00:00"),
    _row(366_000_001, "2022-01-03T00:00:10", 121.96),
    _row(366_000_002, "2022-01-03T23:59:59"),
    _row(0, "2022-01-03T01:00:00"),
    _row(366_000_002, "2022-01-03T02:00:00", 181.0, 91.0),
]
DAY2 = [_row(366_000_002, "2022-01-04T00:00:01"), _row(366_000_003, "yesterday")]


def test_the_figures_of_a_day_are_those_counted_by_hand(ws: Workspace, tmp_path: Path) -> None:
    path = _file(tmp_path / "a.csv", *DAY1, *DAY2)
    ingest(ws, [path], source="harbour", now=NOW)
    found = status(ws).more["sources"]
    first = {
        "source": "harbour",
        "date": "2022-01-03",
        "rows": 5,
        "kept": 3,
        "passed": 0,
        "positions": 3,
        "vessels": 2,
        "delay_s": (NOW - datetime(2022, 1, 3, 23, 59, 59, tzinfo=UTC)).total_seconds(),
        "skew_s": None,
        "quarantined": {"bad_mmsi": 1, "no_position": 1},
        "in_archive": True,
    }
    assert found[0] == first
    assert [
        (one["source"], one["date"], one["rows"], one["vessels"], one["quarantined"])
        for one in found[1:]
    ] == [("harbour", "2022-01-04", 1, 1, {}), ("harbour", None, 1, 0, {"bad_time": 1})]
    assert [one["delay_s"] for one in found] == [first["delay_s"], first["delay_s"] - 2, None]


def test_files_of_one_day_add_up_and_a_vessel_counts_once(ws: Workspace, tmp_path: Path) -> None:
    one = _file(tmp_path / "1.csv", *DAY1)
    two = _file(tmp_path / "2.csv", *DAY1[:2], _row(366_000_009, "2022-01-03T12:00:00"))
    ingest(ws, [one], now=NOW)
    ingest(ws, [two], now=NOW + timedelta(hours=5))
    (row,) = read.feed_days(ws).rows(named=True)
    assert (row["source"], row["rows"], row["kept"], row["positions"]) == ("noaa", 8, 6, 6)
    assert row["vessels"] == 3
    # The newest position came with the first file: a later, older one makes it no later.
    assert row["delay_s"] == (NOW - datetime(2022, 1, 3, 23, 59, 59, tzinfo=UTC)).total_seconds()
    assert archive.summary(ws.positions)[0] == 4


def test_the_order_of_files_makes_no_difference(tmp_path: Path) -> None:
    rows = [
        _row(366_000_000 + n % 7, f"2022-01-0{3 + n % 3}T00:{n // 60:02d}:{n % 60:02d}")
        for n in range(300)
    ]
    paths = [_file(tmp_path / f"{n}.csv", *rows[n * 80 : n * 80 + 120]) for n in range(3)]
    found = []
    for number, order in enumerate(([0, 1, 2], [2, 0, 1])):
        ws = folder.init(tmp_path / f"ws{number}")
        for at in order:
            ingest(ws, [paths[at]], now=NOW)
        found.append((read.feed_days(ws), read.coverage(ws).cells, archive.read(ws.positions)))
        ws.close()
    for ours, theirs in zip(*found, strict=True):
        assert ours.equals(theirs)


def test_a_reading_that_is_repeated_or_torn_counts_once(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path / "a.csv", *DAY1, *DAY2)
    real = store.upsert

    def fail(target: object, name: str, frame: object) -> object:
        if name == "ingests":
            raise KeyboardInterrupt
        return real(target, name, frame)

    with monkeypatch.context() as patch:
        patch.setattr(store, "upsert", fail)
        with pytest.raises(KeyboardInterrupt):
            ingest(ws, [path], now=NOW)
    assert read.feed_days(ws).is_empty()
    assert archive.summary(ws.positions)[0] == 4
    for _ in range(2):
        ingest(ws, [path], now=NOW)
    # What lay in the future is read again; its days are noted in place of those before.
    late = _file(tmp_path / "b.csv", *DAY1, _row(366_000_001, "2026-11-23T13:00:00"))
    ingest(ws, [late], now=NOW)
    ingest(ws, [late], now=NOW + timedelta(hours=2))
    days = read.feed_days(ws)
    assert days.filter(pl.col("date") == date(2022, 1, 3))["rows"].item() == 10
    assert days.filter(pl.col("date") == date(2026, 11, 23)).select("rows", "kept").row(0) == (1, 1)
    assert store.read(ws.engine, "feed_reasons")["rows"].sum() == 13


def test_each_file_in_a_zip_is_read(plain_ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, rows in (("1.csv", DAY1), ("2.csv", DAY2)):
            packed.writestr(name, "\n".join([HEAD, *rows, ""]))
    done = ingest(plain_ws, [path], now=NOW)
    assert (done.counts["rows_in"], done.counts["added"]) == (7, 4)
    assert [one["rows"] for one in status(plain_ws).more["sources"]] == [5, 1, 1]
    assert {text.split(",")[0] for text in done.samples} == {"both.zip/1.csv", "both.zip/2.csv"}


@given(st.lists(st.sets(st.integers(0, 2**32 - 1)), min_size=1, max_size=4))
def test_numbers_of_vessels_add_up_over_files(files: list[set[int]]) -> None:
    packed = [_feeds._packed(np.array(sorted(one), dtype=np.uint32)) for one in files]
    assert [set(_feeds._unpacked(one).tolist()) for one in packed] == files
    assert _feeds._union(pl.Series([*packed, None], dtype=pl.Binary)) == len(set().union(*files))


def test_the_real_sentences_are_accounted_for_by_station(plain_ws: Workspace, shared: Path) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    total: Counter[str] = Counter()
    for name in NMEA:
        done = ingest(plain_ws, [shared / "ais" / name], start=start, now=NOW)
        counts, refused = done.counts, done.quarantined
        assert counts["rows_in"] == counts["kept"] + counts["passed_over"] + refused.total(), name
        assert counts["positions"] == counts["added"] + counts["duplicates"], name
        total += counts
        days = store.read(plain_ws.engine, "feed_reasons")
        assert days["rows"].sum() == total["rows_in"], name
        assert days.filter(pl.col("reason") == "kept")["rows"].sum() == total["kept"], name
    found = read.feed_days(plain_ws)
    assert found["positions"].sum() == total["positions"]
    for row in found.iter_rows(named=True):
        quarantined = sum(one["rows"] for one in row["quarantined"])
        assert row["rows"] == row["kept"] + row["passed"] + quarantined
    stations = found.filter(pl.col("source").str.starts_with("D01MN"))
    assert stations["source"].n_unique() > 5
    by_hand = archive.read(plain_ws.positions, columns=["source", "t", "mmsi"])
    assert set(by_hand["source"]) <= set(found["source"])


def _scattered(tmp_path: Path, n: int = 400) -> Path:
    rng = np.random.default_rng(7)
    rows = [
        _row(
            366_000_000 + int(rng.integers(9)),
            f"2022-01-0{3 + k % 2}T00:{k // 60:02d}:{k % 60:02d}",
            round(float(rng.uniform(121.3, 122.2)), 5),
            round(float(rng.uniform(29.0, 29.4)), 5),
        )
        for k in range(n)
    ]
    return _file(tmp_path / "scattered.csv", *rows)


def test_cells_hold_what_lies_in_them(coast: Workspace, tmp_path: Path) -> None:
    ingest(coast, [_scattered(tmp_path)], source="one", now=NOW)
    ingest(coast, [_file(tmp_path / "far.csv", _row(366_000_001, "2022-01-03T05:00:00", 10, 50))])
    for day, source in ((None, None), (date(2022, 1, 3), None), (date(2022, 1, 3), "one")):
        found = coverage(coast, day, source)
        west, south, east, north = found.bounds
        wanted: dict[tuple[int, int], list[int]] = {}
        outside = 0
        for row in archive.read(coast.positions).iter_rows(named=True):
            if (day and row["t"].date() != day) or (source and row["source"] != source):
                continue
            if not (west <= row["lon"] < east and south <= row["lat"] < north):
                outside += 1
                continue
            cell = (int(row["lon"] // found.cell_deg), int(row["lat"] // found.cell_deg))
            wanted.setdefault(cell, []).append(row["mmsi"])
        told = {
            (int(lon // found.cell_deg), int(lat // found.cell_deg)): (rows, vessels)
            for lon, lat, rows, vessels in found.cells.iter_rows()
        }
        assert told == {cell: (len(all_), len(set(all_))) for cell, all_ in wanted.items()}
        assert (found.rows - found.outside, found.outside) == (
            sum(map(len, wanted.values())),
            outside,
        )
        assert outside > 0


def test_the_map_is_small_and_shows_land_and_positions(coast: Workspace, tmp_path: Path) -> None:
    ingest(coast, [_scattered(tmp_path)], now=NOW)
    found = coverage(coast)
    *lines, legend = drawn(coast, found)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 72
    assert "陆地" in legend
    text = "".join(lines)
    assert "·" in text
    assert set(text) <= set(" ·░▒▓█")
    # North is up: the mainland fills the south-west, no land lies along the northern edge.
    assert "·" not in lines[0]
    assert lines[len(lines) // 2].lstrip()[0] in "·░▒▓█"


def test_status_without_positions_or_coast(plain_ws: Workspace) -> None:
    found = status(plain_ws)
    assert found.more == {"sources": []}
    assert read.coverage(plain_ws).cells.is_empty()
    assert read.vessel(plain_ws, 366_000_001) is None


def test_one_vessel_is_told_with_its_versions(ws: Workspace, tmp_path: Path) -> None:
    first = _file(
        tmp_path / "a.csv",
        _row(366_000_001, "2022-01-03T00:00:00", name="HAIYANG 1"),
        _row(366_000_001, "2022-01-03T10:00:00", name="HAIYANG 1"),
        _row(366_000_001, "2022-01-05T00:00:00", name="浙象渔88888"),
        _row(366_000_002, "2022-01-05T00:00:00", name="OTHER"),
    )
    ingest(ws, [first], source="harbour", now=NOW)
    lists = tmp_path / "lists.csv"
    lists.write_text("编号,类别,船体号,止\nL1,三无,浙象渔88888,2022-12-31\n", encoding="utf-8")
    import_file(ws, "registers", lists)
    found = read.vessel(ws, 366_000_001)
    assert found is not None
    assert (found.kind, found.why) == ("vessel", "number_mid")
    assert (found.latest["name"], found.latest["imo"]) == ("浙象渔88888", 9_074_729)
    assert [
        (row["name"], row["seen_from"].day, row["seen_to"].day)
        for row in found.history.iter_rows(named=True)
    ] == [("HAIYANG 1", 3, 3), ("浙象渔88888", 5, 5)]
    assert found.lists.select("list_id", "basis", "in_force").rows() == [
        ("L1", "hull number", False)
    ]
    assert found.days.select("date", "source", "rows").rows() == [
        (date(2022, 1, 3), "harbour", 2),
        (date(2022, 1, 5), "harbour", 1),
    ]
    assert found.hulls.is_empty()


def test_the_commands_tell_it(
    run: Callable[..., tuple[int, str, str]], coast: Workspace, tmp_path: Path
) -> None:
    path = _file(tmp_path / "a.csv", *DAY1, *DAY2)
    code, out, _ = run("ingest", coast.root, path, "--source", "harbour", "--workers", "1")
    assert code == 0
    code, out, _ = run("status", coast.root, "--json", "--day", "2022-01-03")
    told = json.loads(out.splitlines()[-1])
    assert code == 0
    assert set(told) == {"counts", "seconds", "quarantined", "sources", "coverage"}
    assert [one["date"] for one in told["sources"]] == ["2022-01-03"]
    assert told["coverage"]["day"] == "2022-01-03"
    assert sum(cell[2] for cell in told["coverage"]["cells"]) == 3
    assert "harbour" in out
    code, _, err = run("status", coast.root, "--source", "nobody", "--json")
    assert code == 1
    assert "harbour" in err
    code, out, _ = run("vessel", coast.root, 366_000_002, "--json")
    told = json.loads(out.splitlines()[-1])
    assert (code, told["mmsi"], told["name"]) == (0, 366_000_002, "A")
    assert told["counts"]["positions"] == 2
    code, _, err = run("vessel", coast.root, 5)
    assert code == 1
    assert "错误" in err
    assert "从未" in err
