"""Detections from files: what is kept, what is refused, and that no person comes in."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import openpyxl
import polars as pl
import pytest
import shapely

from ais.schema import DETECTIONS
from geo.errors import InputError
from workspace import _import_detections, store
from workspace._import_detections import PRIVATE, import_detections
from workspace._imported import Imported, Options
from workspace.folder import Workspace

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZH = "编号,传感器,批号,时间,类别,置信度,长度（米）,航速（节）,航向,误差（米）,经度,纬度"
EN = "detection_id,sensor,track_id,t,cls,confidence,length_m,sog_kn,cog_deg,error_m,lon,lat"
ROWS = (
    "D1,后岙雷达,17,2026-11-23 02:00:00,快艇,85%,9,32.5,360,40,121.91,29.25",
    "D2,后岙雷达,17,2026-11-23 02:00:03,快艇,0.9,9,32.5,358,40,121.9101,29.2503",
    "D3,卫星一号,,2026-11-22T18:10:00Z,渔船,,28,,,15,122.4,29.1",
    "D4,摄像头3,,2026-11-23 03:00,,,,,,,121.95,29.2",
)
ENGLISH = (
    "D1,后岙雷达,17,2026-11-22T18:00:00Z,small_boat,0.85,9,32.5,0,40,121.91,29.25",
    "D2,后岙雷达,17,2026-11-22T18:00:03Z,small_boat,0.9,9,32.5,358,40,121.9101,29.2503",
    "D3,卫星一号,,2026-11-22T18:10:00Z,fishing,,28,,,15,122.4,29.1",
    "D4,摄像头3,,2026-11-22T19:00:00Z,,,,,,,121.95,29.2",
)


def _file(path: Path, *rows: str, head: str = ZH, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join([head, *rows, ""]), encoding=encoding)
    return path


def _import(ws: Workspace, path: Path, **options: object) -> Imported:
    done = Imported()
    import_detections(ws, path, Options(**options), done, now=NOW)
    return done


def _stored(ws: Workspace) -> pl.DataFrame:
    return store.read(ws.engine, "detections")


def test_both_languages_and_a_workbook_make_the_same_rows(ws: Workspace, tmp_path: Path) -> None:
    done = _import(ws, _file(tmp_path / "雷达.csv", *ROWS, encoding="gb18030"))
    assert (done.counts["added"], done.refused, done.notes) == (4, [], [])
    first = _stored(ws)
    assert first.columns == [*DETECTIONS.names(), "made"]
    assert first["t"].to_list() == [
        datetime(2026, 11, 22, 18, 0, 0, tzinfo=UTC),
        datetime(2026, 11, 22, 18, 0, 3, tzinfo=UTC),
        datetime(2026, 11, 22, 18, 10, tzinfo=UTC),
        datetime(2026, 11, 22, 19, tzinfo=UTC),
    ]
    assert first["cls"].to_list() == ["small_boat", "small_boat", "fishing", None]
    assert first["confidence"].to_list() == [0.85, 0.9, None, None]
    assert first["cog_deg"].to_list() == [0.0, 358.0, None, None]
    assert first["track_id"].to_list() == ["17", "17", None, None]
    assert not first["made"].any()
    book = openpyxl.Workbook()
    for row in (EN, *ENGLISH):
        book.active.append([cell or None for cell in row.split(",")])
    book.save(tmp_path / "radar.xlsx")
    again = _import(ws, tmp_path / "radar.xlsx")
    assert (again.counts["unchanged"], again.counts["updated"], again.counts["added"]) == (4, 0, 0)
    assert _stored(ws).equals(first)


@pytest.mark.parametrize("ending", ["geojson", "gpkg"])
def test_a_layer_gives_its_own_places(plain_ws: Workspace, tmp_path: Path, ending: str) -> None:
    layer = gpd.GeoDataFrame(
        {
            "sensor": ["sat", "sat"],
            "time": ["2026-11-22T18:00:00Z", "2026-11-22T18:00:00Z"],
            "class": ["ship", "buoy"],
            "score": [0.7, 0.99],
        },
        geometry=shapely.points([[122.1, 29.1], [122.2, 29.2]]),
        crs=4326,
    )
    layer.to_crs(4490).to_file(tmp_path / f"s.{ending}", engine="pyogrio")
    done = _import(plain_ws, tmp_path / f"s.{ending}")
    assert done.counts["added"] == 2
    rows = _stored(plain_ws).sort("lon")
    assert rows["cls"].to_list() == ["vessel", "structure"]
    assert rows["lon"].to_list() == pytest.approx([122.1, 122.2], abs=1e-6)
    assert rows["t"].to_list() == [datetime(2026, 11, 22, 18, tzinfo=UTC)] * 2


def test_a_row_without_id_gets_one_from_sensor_time_and_place(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    head = ZH.removeprefix("编号,")
    rows = [row.split(",", 1)[1] for row in ROWS]
    assert _import(plain_ws, _file(tmp_path / "a.csv", *rows, head=head)).counts["added"] == 4
    keys = _stored(plain_ws)["detection_id"].to_list()
    assert _import(plain_ws, _file(tmp_path / "a.csv", *rows, head=head)).counts["unchanged"] == 4
    surer = [row.replace("85%", "95%") for row in rows]
    done = _import(plain_ws, _file(tmp_path / "b.csv", *surer, head=head))
    assert (done.counts["updated"], done.counts["unchanged"]) == (1, 3)
    assert _stored(plain_ws)["detection_id"].to_list() == keys
    assert all(key.startswith("D-") for key in keys)


def test_columns_that_a_file_lacks_keep_what_is_stored(plain_ws: Workspace, tmp_path: Path) -> None:
    _import(plain_ws, _file(tmp_path / "a.csv", *ROWS))
    head = "编号,传感器,时间,经度,纬度,置信度"
    row = "D1,后岙雷达,2026-11-23 02:00:00,121.91,29.25,0.5"
    done = _import(plain_ws, _file(tmp_path / "b.csv", row, head=head))
    assert done.counts["updated"] == 1
    first = _stored(plain_ws).row(0, named=True)
    assert (first["confidence"], first["length_m"], first["track_id"]) == (0.5, 9.0, "17")


@pytest.mark.parametrize(("zone", "hour"), [(None, 18), ("UTC", 2), ("America/New_York", 7)])
def test_times_without_zone_are_the_workspaces_or_the_one_said(
    plain_ws: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    zone: str | None,
    hour: int,
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        _import(plain_ws, _file(tmp_path / "a.csv", ROWS[0]), timezone=zone)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != "Pacific/Auckland"
    assert _stored(plain_ws)["t"][0].hour == hour


@pytest.mark.parametrize(
    ("row", "reason", "said"),
    [
        ("X,,1,2026-11-23 02:00,,,,,,,121.9,29.2", "bad_value", "`sensor` is empty"),
        ("X,r,1,2026-13-23 02:00,,,,,,,121.9,29.2", "bad_value", "no such time"),
        ("X,r,1,2026-11-23 02:00,潜艇,,,,,,121.9,29.2", "bad_value", "`cls` was '潜艇'"),
        ("X,r,1,2026-11-23 02:00,,140%,,,,,121.9,29.2", "bad_value", "`confidence`"),
        ("X,r,1,2026-11-23 02:00,,,900,,,,121.9,29.2", "bad_value", "`length_m` was 900"),
        ("X,r,1,2026-11-23 02:00,,,,,,,221.9,29.2", "bad_value", "`lon` was 221.9"),
        ("X,r,1,2026-11-23 02:00,,,,,,,,29.2", "bad_value", "`lon` is empty"),
        ("X,r,1,2026-11-23 02:00,,,,,,,29.2,121.9", "swapped_lonlat", "经纬度写反"),
        ("X,r,1,2026-11-23 02:00,,,,,,,0,0", "bad_position", "0° N 0° E"),
        ("X,r,1,2026-11-24 02:00,,,,,,,121.9,29.2", "future", "lies in the future"),
        ("D1,r,1,2026-11-23 02:00,,,,,,,121.9,29.2", "duplicate_key", "is there before"),
        ("X,r,1,2026-11-23 02:00,行人,,,,,,121.9,29.2", "personal_data", "类别"),
        ("X,r,13800138000,2026-11-23 02:00,,,,,,,121.9,29.2", "personal_data", "person's data"),
        ("X,卡口 浙B·12345,1,2026-11-23 02:00,,,,,,,121.9,29.2", "personal_data", "传感器"),
    ],
)
def test_a_row_that_cannot_be_kept_says_why(
    plain_ws: Workspace, tmp_path: Path, row: str, reason: str, said: str
) -> None:
    done = _import(plain_ws, _file(tmp_path / "a.csv", ROWS[0], row))
    assert done.counts["added"] == 1
    (refusal,) = done.refused
    assert (refusal.row, refusal.reason) == (3, reason)
    assert said in refusal.detail
    kept = store.read(plain_ws.engine, "quarantine").row(0, named=True)
    assert (kept["source"], kept["reason"]) == ("import detections a.csv", reason)
    assert "13800138000" not in kept["detail"]
    assert "12345" not in kept["detail"]


def test_every_fault_of_a_row_is_named(plain_ws: Workspace, tmp_path: Path) -> None:
    row = "X,,1,yesterday,潜艇,2,900,,,,121.9,29.2"
    (refusal,) = _import(plain_ws, _file(tmp_path / "a.csv", ROWS[0], row)).refused
    for part in ("`sensor`", "`t`", "`cls`", "`length_m`"):
        assert part in refusal.detail


@pytest.mark.parametrize("header", [*PRIVATE, "车牌号", "姓名", "人脸特征"])
def test_pictures_plates_and_names_are_not_taken(
    plain_ws: Workspace, tmp_path: Path, header: str
) -> None:
    head = f"{ZH},{header}"
    path = _file(tmp_path / "a.csv", f"{ROWS[0]},", f"{ROWS[1]},a.jpg", head=head)
    done = _import(plain_ws, path)
    assert (done.counts["added"], done.quarantined) == (1, {"personal_data": 1})
    assert "a.jpg" not in json.dumps([one.detail for one in done.refused])
    assert _stored(plain_ws).columns == [*DETECTIONS.names(), "made"]
    only = _file(tmp_path / "b.csv", f"{ROWS[1]},a.jpg", head=head)
    with pytest.raises(InputError, match="personal data"):
        _import(plain_ws, only)


@pytest.mark.parametrize(
    "name", ["浙象渔12345", "ZHE XIANG YU 12345", "宁波雷达2", "浙岱渔运00123"]
)
def test_hull_numbers_are_no_plates(plain_ws: Workspace, tmp_path: Path, name: str) -> None:
    row = ROWS[0].replace("后岙雷达", name)
    assert _import(plain_ws, _file(tmp_path / "a.csv", row)).counts["added"] == 1


@pytest.mark.parametrize(
    ("header", "told", "knots"),
    [("航速（节）", "32.5", 32.5), ("速度(km/h)", "60.19", 32.5), ("speed (m/s)", "16.72", 32.5)],
)
def test_speeds_are_turned_into_knots(
    plain_ws: Workspace, tmp_path: Path, header: str, told: str, knots: float
) -> None:
    head = f"传感器,时间,经度,纬度,{header}"
    row = f"r,2026-11-23 02:00,121.9,29.2,{told}"
    done = _import(plain_ws, _file(tmp_path / "a.csv", row, head=head))
    assert _stored(plain_ws)["sog_kn"][0] == pytest.approx(knots, abs=0.01)
    assert bool(done.notes) == (told != "32.5")


def test_other_coordinates_are_corrected(plain_ws: Workspace, tmp_path: Path) -> None:
    done = _import(plain_ws, _file(tmp_path / "a.csv", ROWS[0]), coordinates="gcj02")
    assert any("GCJ-02" in note for note in done.notes)
    assert abs(_stored(plain_ws)["lon"][0] - 121.91) > 0.002


@pytest.mark.parametrize(
    ("head", "said"),
    [("时间,经度,纬度", "sensor"), ("传感器,经度,纬度", "`?t "), ("传感器,时间,纬度", "lon")],
)
def test_a_needed_column_that_lacks_is_named(
    plain_ws: Workspace, tmp_path: Path, head: str, said: str
) -> None:
    row = ",".join("1" for _ in head.split(","))
    with pytest.raises(InputError, match=f"lacks {said}"):
        _import(plain_ws, _file(tmp_path / "a.csv", row, head=head))
    assert _stored(plain_ws).is_empty()


def test_a_failed_import_changes_nothing(
    plain_ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _import(plain_ws, _file(tmp_path / "a.csv", ROWS[0]))

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(_import_detections, "quarantine", fail)
    with pytest.raises(RuntimeError):
        _import(plain_ws, _file(tmp_path / "b.csv", *ROWS[1:]))
    assert _stored(plain_ws)["detection_id"].to_list() == ["D1"]


def test_what_is_stored_goes_into_matching(plain_ws: Workspace, tmp_path: Path) -> None:
    _import(plain_ws, _file(tmp_path / "a.csv", *ROWS))
    frame = _stored(plain_ws).select(DETECTIONS.names()).cast(DETECTIONS)
    assert frame.schema == DETECTIONS
    assert frame.height == 4


def test_the_columns_are_those_of_the_table_and_stand_in_the_docs() -> None:
    assert {one.name for one in _import_detections.DETECTIONS} == set(DETECTIONS)
    page = (Path(__file__).resolve().parents[2] / "docs" / "detections.md").read_text("utf-8")
    for one in _import_detections.DETECTIONS:
        assert f"| `{one.name}` | {'、'.join(one.headers)} |" in page
        for code, words in one.choices.items():
            assert f"`{code}` {'/'.join(words)}" in page
