"""Files about the coast: what is kept, what is refused and how it is said."""

import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from duty.sections import problems
from geo.errors import InputError
from workspace import read, store
from workspace.folder import Workspace
from workspace.importers import KINDS, Options, import_file
from workspace.placing import shorelines

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def _dump(ws: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is stored, quarantine and versions apart."""
    tables = ("land", "segments", "wharves", "posts", "sections", "section_cuts", "tide_stations")
    return {name: store.read(ws.engine, name).rows() for name in tables}


def test_a_coast_becomes_shorelines_and_segments(ws: Workspace, coast_file: Path) -> None:
    done = import_file(ws, "coast", coast_file, now=NOW)
    assert done.counts["shorelines"] == 3
    assert done.counts["segments"] == store.count(ws.engine, "segments") > 200
    assert not done.refused
    lengths = store.read(ws.engine, "segments")["length_m"]
    assert lengths.is_between(250, 750).all()


def test_wharves_with_chinese_and_english_headers_are_the_same(
    coast: Workspace, tmp_path: Path
) -> None:
    english = "wharf_id,name,wharf_class,owner_unit,status,cadence_days,lon,lat\n"
    chinese = "编号,名称,类别,业主单位,状态,巡查周期（天）,经度,纬度\n"
    import_file(
        coast,
        "wharves",
        _csv(
            tmp_path / "en.csv", english + "W1,东门渔码头,fishing,水产公司,in_use,7,121.91,29.25\n"
        ),
        now=NOW,
    )
    first = store.read(coast.engine, "wharves")
    done = import_file(
        coast,
        "wharves",
        _csv(
            tmp_path / "zh.csv",
            chinese + "W1,东门渔码头,渔港,水产公司,在用,7,121.91,29.25\n",
            "gb18030",
        ),
        now=NOW,
    )
    assert store.read(coast.engine, "wharves").equals(first)
    assert (done.counts["added"], done.counts["updated"], done.counts["unchanged"]) == (0, 0, 1)
    row = first.row(0, named=True)
    assert row["wharf_class"] == "fishing"
    assert row["shoreline_id"] == shorelines(coast)["shoreline_id"].iloc[0]
    assert 0 <= row["offset_m"] < 2_000


def test_a_wharf_forty_kilometres_inland_is_refused_with_its_distance(
    coast: Workspace, tmp_path: Path
) -> None:
    text = "编号,名称,经度,纬度\nW1,海边,121.91,29.25\nW2,山里,121.45,28.74\n"
    done = import_file(coast, "wharves", _csv(tmp_path / "码头.csv", text), now=NOW)
    assert store.read(coast.engine, "wharves")["wharf_id"].to_list() == ["W1"]
    (refusal,) = done.refused
    assert (refusal.file, refusal.row, refusal.reason) == ("码头.csv", 3, "far_from_shore")
    assert "39.9 km from the nearest shore" in refusal.detail
    assert "longitude and latitude" in refusal.mend
    kept = store.read(coast.engine, "quarantine").row(0, named=True)
    assert (kept["file"], kept["row"], kept["reason"]) == ("码头.csv", 3, "far_from_shore")
    again = import_file(coast, "wharves", tmp_path / "码头.csv", now=NOW)
    assert again.counts["added"] == 0
    assert store.count(coast.engine, "quarantine") == 1


def test_posts_hold_name_unit_and_duty_phone_and_nothing_more(
    coast: Workspace, tmp_path: Path
) -> None:
    head = "岗位,姓名,单位,值班电话,对象类型,对象编号,起始日期"
    row = "section_chief,示例,派出所,13800000000,岸段,S01,2026年1月2日"
    done = import_file(coast, "posts", _csv(tmp_path / "p.csv", f"{head}\n{row}\n"), now=NOW)
    assert done.counts["added"] == 1
    assert store.read(coast.engine, "posts")["duty_phone"].to_list() == ["13800000000"]
    with pytest.raises(InputError, match="手机"):
        import_file(coast, "posts", _csv(tmp_path / "q.csv", f"{head},手机\n{row},1\n"), now=NOW)


def test_every_fault_of_a_row_is_named(coast: Workspace, tmp_path: Path) -> None:
    text = (
        "name,kind,grade_confirmed,lon,lat\n"
        "a,火山,9,200,29.2\n"
        ",creek,2,121.91,29.25\n"
        "b,creek,2,121.91,29.25\n"
    )
    done = import_file(coast, "risk-points", _csv(tmp_path / "r.csv", text), now=NOW)
    assert done.counts["added"] == 1
    first, second = done.refused
    assert first.row == 2
    for part in ("`kind` was '火山'", "creek 小河汊", "`grade_confirmed` was 9", "`lon` was 200"):
        assert part in first.detail
    assert (second.row, second.detail) == (3, "`name` is empty")


def test_a_header_that_lacks_a_column_is_named_with_both_languages(
    coast: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"lacks lat / 纬度.*it has name, lon"):
        import_file(coast, "wharves", _csv(tmp_path / "w.csv", "name,lon\na,121\n"), now=NOW)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("rubbish.csv", bytes(range(256)) * 40),
        ("torn.csv", b'name,lon,lat\n"a'),
        ("rubbish.gpkg", b"\0\1\2"),
        ("list.geojson", b"[1, 2"),
        ("nothing.geojson", b"{}"),
    ],
)
def test_rubbish_is_an_error_and_harms_nothing(
    coast: Workspace, tmp_path: Path, name: str, content: bytes
) -> None:
    before = _dump(coast)
    path = tmp_path / name
    path.write_bytes(content)
    for kind in KINDS:
        with pytest.raises(InputError, match=name):
            import_file(coast, kind, path, now=NOW)
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(InputError):
            import_file(coast, "wharves", path, now=NOW)
    assert _dump(coast) == before


def test_a_self_crossing_coast_is_repaired_and_reported_with_its_place(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    bow = shapely.Polygon([(121, 29), (121.4, 29.3), (121.4, 29), (121, 29.3)])
    path = tmp_path / "crossed.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.box(122, 29, 122.2, 29.2), bow], crs=4326).to_file(path)
    done = import_file(plain_ws, "coast", path, now=NOW)
    (refusal,) = done.refused
    assert (refusal.file, refusal.row, refusal.reason) == ("crossed.gpkg", 2, "repaired_ring")
    assert "121.2" in refusal.detail
    assert "29.15" in refusal.detail
    assert store.count(plain_ws.engine, "segments") > 0


def test_a_coast_without_crs_leaves_the_old_one(coast: Workspace, tmp_path: Path) -> None:
    before = _dump(coast)
    path = tmp_path / "bare.gpkg"
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)]).to_file(path)
    with pytest.raises(InputError, match="no coordinate reference system"):
        import_file(coast, "coast", path, now=NOW)
    assert _dump(coast) == before


def test_a_coast_imported_again_takes_its_places_along(
    coast: Workspace, coast_file: Path, tmp_path: Path
) -> None:
    _sections(coast, tmp_path)
    import_file(coast, "wharves", _csv(tmp_path / "w.csv", "name,lon,lat\na,121.91,29.25\n"))
    before = {name: store.read(coast.engine, name) for name in ("segments", "wharves")}
    cuts = store.read(coast.engine, "section_cuts")
    import_file(coast, "coast", coast_file, now=NOW)
    for name, was in before.items():
        assert store.read(coast.engine, name).equals(was)
    assert store.read(coast.engine, "section_cuts").equals(cuts)
    shifted = gpd.read_file(coast_file).translate(xoff=0.001)
    path = tmp_path / "moved.gpkg"
    gpd.GeoDataFrame(geometry=shifted, crs=4326).to_file(path)
    import_file(coast, "coast", path, now=NOW)
    known = set(store.read(coast.engine, "shorelines")["shoreline_id"])
    assert set(store.read(coast.engine, "wharves")["shoreline_id"]) <= known
    assert read.segments(coast) is not None


def _sections(ws: Workspace, tmp_path: Path) -> None:
    text = (
        "岸段编号,岸段名称,英文名,经度,纬度\n"
        "S01,北段,North,121.60,29.31\nS02,湾段,Bay,121.70,29.24\nS03,东段,East,121.91,29.25\n"
    )
    import_file(ws, "sections", _csv(tmp_path / "s.csv", text), now=NOW)


def test_sections_cover_the_whole_shore(coast: Workspace, tmp_path: Path) -> None:
    _sections(coast, tmp_path)
    shores = store.read(coast.engine, "shorelines")
    tables = [store.read(coast.engine, n) for n in ("sections", "section_cuts", "section_hangs")]
    assert problems(*tables, shores) == []
    assert set(read.segments(coast)["section_id"]) == {"S01", "S02", "S03"}
    told = read.sections(coast)
    assert told["km"].sum() == pytest.approx(shores["length_m"].sum() / 1000)
    _sections(coast, tmp_path)
    assert store.read(coast.engine, "sections")["version"].to_list() == [1, 1, 1, 2, 2, 2]
    assert set(read.segments(coast)["section_id"]) == {"S01", "S02", "S03"}


def test_incidents_and_inspections_of_the_future_are_refused(
    coast: Workspace, tmp_path: Path
) -> None:
    text = (
        "时间,类别,来源,经度,纬度\n"
        "2026/11/23 19:59,走私,报案,121.91,29.25\n2026/11/23 20:01,走私,报案,121.91,29.25\n"
    )
    done = import_file(coast, "incidents", _csv(tmp_path / "i.csv", text), now=NOW)
    assert [(r.row, r.reason) for r in done.refused] == [(3, "future")]
    row = store.read(coast.engine, "incidents").row(0, named=True)
    assert row["t0"] == datetime(2026, 11, 23, 11, 59, tzinfo=UTC)
    assert row["segment_id"] in set(store.read(coast.engine, "segments")["segment_id"])
    assert row["weight"] == 1.0
    text = "对象类型,对象编号,时间,结果\n码头,W1,2026-12-01,正常\n码头,W1,2026-11-01,隐患\n"
    done = import_file(coast, "inspections", _csv(tmp_path / "n.csv", text), now=NOW)
    assert [(r.row, r.reason) for r in done.refused] == [(2, "future")]
    assert store.read(coast.engine, "inspections")["result"].to_list() == ["defect"]


def test_when_an_incident_became_known_is_kept_and_comes_after_it(
    coast: Workspace, tmp_path: Path
) -> None:
    text = (
        "时间,获知时间,类别,经度,纬度\n"
        "2026-11-01 22:00,2026-11-03 08:00,走私,121.91,29.25\n"
        "2026-11-02 22:00,,走私,121.91,29.25\n"
        "2026-11-03 22:00,2026-11-03 21:00,走私,121.91,29.25\n"
        "2026-11-04 22:00,2026-12-04 22:00,走私,121.91,29.25\n"
    )
    done = import_file(coast, "incidents", _csv(tmp_path / "i.csv", text), now=NOW)
    assert [(r.row, r.reason) for r in done.refused] == [(5, "future"), (4, "bad_value")]
    assert "`known`" in done.refused[1].detail
    assert "before `t0`" in done.refused[1].detail
    assert done.refused[1].mend
    rows = store.read(coast.engine, "incidents").sort("t0")
    assert rows["known"].to_list() == [datetime(2026, 11, 3, tzinfo=UTC), None]


def test_times_without_a_zone_are_in_the_one_that_is_said(coast: Workspace, tmp_path: Path) -> None:
    path = _csv(tmp_path / "i.csv", "t0,kind,lon,lat\n2026-11-01 22:00,x,121.91,29.25\n")
    import_file(coast, "incidents", path, Options(timezone="UTC"), now=NOW)
    assert store.read(coast.engine, "incidents")["t0"][0] == datetime(2026, 11, 1, 22, tzinfo=UTC)
    with pytest.raises(InputError, match="Mars/Base"):
        import_file(coast, "incidents", path, Options(timezone="Mars/Base"), now=NOW)


def test_facilities_berths_and_effort(coast: Workspace, tmp_path: Path) -> None:
    text = (
        "名称,类型,防线,状态,故障日期,经度,纬度\n杆,限高杆,唯一出口,损坏,2026.11.14,121.91,29.25\n"
    )
    import_file(coast, "facilities", _csv(tmp_path / "f.csv", text), now=NOW)
    row = store.read(coast.engine, "facilities").row(0, named=True)
    assert (row["kind"], row["line"], row["status"]) == ("height_bar", "way_out", "broken")
    assert str(row["status_since"]) == "2026-11-14"
    import_file(coast, "berths", _csv(tmp_path / "b.csv", "lon,lat\n121.9,29.25\n"), now=NOW)
    assert store.read(coast.engine, "berths")["radius_m"].to_list() == [300.0]
    segment = store.read(coast.engine, "segments")["segment_id"][0]
    text = f"segment_id,shift_start,km\n{segment},2026-11-22T22:00,3.5\nnone,2026-11-22T22:00,1\n"
    done = import_file(coast, "effort", _csv(tmp_path / "e.csv", text), now=NOW)
    assert [(r.row, r.reason) for r in done.refused] == [(3, "unknown_segment")]
    row = store.read(coast.engine, "effort").row(0, named=True)
    assert row["shift_start"] == datetime(2026, 11, 22, 14, tzinfo=UTC)


def test_a_point_layer_gives_its_own_coordinates(coast: Workspace, tmp_path: Path) -> None:
    points = gpd.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=gpd.points_from_xy([121.91, 121.6], [29.25, 29.31]), crs=4326
    )
    for name in ("w.geojson", "w.gpkg"):
        points.to_crs(4490 if name == "w.gpkg" else 4326).to_file(tmp_path / name)
        done = import_file(coast, "wharves", tmp_path / name, now=NOW)
        assert done.counts["rows_in"] == 2
    assert store.layer(coast.engine, "wharves").geometry.x.round(6).tolist().count(121.91) >= 1


def test_a_shapefile_cuts_its_headers(coast: Workspace, tmp_path: Path) -> None:
    columns = {
        "facility_id": ["F1"], "name": ["一"], "kind": ["限高杆"], "status_since": ["2026-11-01"],
        "bar_setting": ["低位"], "clearance_m": ["2.2"],
    }  # fmt: skip
    columns = {name[:10]: cells for name, cells in columns.items()}
    layer = gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy([121.91], [29.25]), crs=4490)
    layer.to_crs(4549).to_file(tmp_path / "f.shp", encoding="UTF-8")
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        for part in tmp_path.glob("f.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    done = import_file(coast, "facilities", tmp_path / "f.zip", now=NOW)
    assert (done.counts["added"], done.notes) == (1, [])
    row = store.read(coast.engine, "facilities").row(0, named=True)
    assert (row["facility_id"], row["bar_setting"], row["clearance_m"]) == ("F1", "low", 2.2)
    assert store.layer(coast.engine, "facilities").geometry.x.iloc[0] == pytest.approx(121.91)


def test_an_empty_status_mends_nothing(coast: Workspace, tmp_path: Path) -> None:
    place = "121.91,29.25\n"
    bars = "编号,名称,类别,状态,状态起始,经度,纬度\n"
    bars += f"F1,杆,限高杆,损坏,2026-10-01,{place}F2,杆,限高杆,,,{place}"
    import_file(coast, "facilities", _csv(tmp_path / "f.csv", bars), now=NOW)
    more = "编号,状态,净高(m)\nF1,,2.0\nF2,缺失,2.2\n"
    import_file(coast, "facilities", _csv(tmp_path / "f2.csv", more), now=NOW)
    stored = store.read(coast.engine, "facilities").sort("facility_id")
    assert stored["status"].to_list() == ["broken", "missing"]
    assert stored["clearance_m"].to_list() == [2.0, 2.2]
    assert str(stored["status_since"][0]) == "2026-10-01"

    quays = "编号,名称,类别,状态,泊位数,经度,纬度\n"
    quays += f"W1,一号,渔业,停用,3,{place}W2,二号,,,2,{place}"
    import_file(coast, "wharves", _csv(tmp_path / "w.csv", quays), now=NOW)
    emptied = "编号,类别,状态,泊位数\nW1,,,\nW2,港口,停用,5\n"
    done = import_file(coast, "wharves", _csv(tmp_path / "w2.csv", emptied), now=NOW)
    stored = store.read(coast.engine, "wharves").sort("wharf_id")
    assert stored["wharf_class"].to_list() == ["fishing", "port"]
    assert stored["status"].to_list() == ["closed", "closed"]
    # A column without a default is emptied, as before.
    assert stored["berths"].to_list() == [None, 5]
    assert done.counts["updated"] == 2
    again = import_file(coast, "wharves", _csv(tmp_path / "w3.csv", "编号,状态\nW1,\n"), now=NOW)
    assert (again.counts["updated"], again.counts["unchanged"]) == (0, 1)


def test_keys_that_repeat_or_lack(coast: Workspace, tmp_path: Path) -> None:
    text = "wharf_id,name,lon,lat\nW1,a,121.91,29.25\nW1,b,121.91,29.26\n,c,121.91,29.27\n"
    path = _csv(tmp_path / "w.csv", text)
    done = import_file(coast, "wharves", path, now=NOW)
    assert [(r.row, r.reason) for r in done.refused] == [(3, "duplicate_key")]
    assert import_file(coast, "wharves", path, now=NOW).counts["added"] == 0
    assert store.count(coast.engine, "wharves") == 2


def test_places_want_a_coast_first(plain_ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no coast yet"):
        import_file(plain_ws, "wharves", _csv(tmp_path / "w.csv", "name,lon,lat\na,1,2\n"))


def test_a_missing_tide_phase_is_named_and_the_old_tide_stays(
    coast: Workspace, shared: Path, tmp_path: Path
) -> None:
    source = shared / "coast" / "tide_constituents.csv"
    import_file(coast, "tides", source, now=NOW)
    before = _dump(coast)
    assert len(before["tide_stations"]) == 13
    lines = source.read_text().splitlines()
    lines[2] = lines[2].rsplit(",", 1)[0] + ","
    with pytest.raises(InputError) as refused:
        import_file(coast, "tides", _csv(tmp_path / "t.csv", "\n".join(lines)), now=NOW)
    message = str(refused.value)
    assert "t.csv, row 3" in message
    assert "N2" in message
    assert "phase_deg_gmt is missing" in message
    table = json.loads((shared / "coast" / "tide_constituents_china.json").read_text())
    del table["stations"][1]["harmonic_constituents"][0]["phase"]
    with pytest.raises(InputError, match=r"station 2 \(.*M2: phase is missing"):
        import_file(coast, "tides", _csv(tmp_path / "t.json", json.dumps(table)), now=NOW)
    assert _dump(coast) == before


def test_what_a_county_writes_of_its_wharves(coast: Workspace, tmp_path: Path) -> None:
    words = {
        "一港": "port_wharf", "集卡企业": "truck_firm", "吊机企业": "crane_firm",
        "冷库": "cold_store", "油库": "oil_store", "货仓": "goods_store", "船厂": "shipyard",
        "加油点": "filling_point", "驳船管线": "barge_pipeline", "执法泊位": "enforcement_berth",
        "堆场": "yard", "": None,
    }  # fmt: skip
    rows = "".join(
        f"W{at:02d},{word},示例港务,渔业公司,{at},{word},121.91,29.25\n"
        for at, word in enumerate(words)
    )
    head = "码头编号,名称,经营单位,权属单位,泊位数,一港二企三库,经度,纬度\n"
    rows = rows.replace("W11,,", "W11,无,")
    done = import_file(coast, "wharves", _csv(tmp_path / "w.csv", head + rows), now=NOW)
    assert not done.refused
    found = store.read(coast.engine, "wharves")
    assert found["category"].to_list() == list(words.values())
    assert found["berths"].to_list() == list(range(12))
    assert found.select("operator_unit", "owner_unit").unique().rows() == [("示例港务", "渔业公司")]


def test_height_bars_and_cameras(coast: Workspace, tmp_path: Path) -> None:
    head = "编号,名称,类型,防线,限高杆类型,限高杆档位,净高（米）,防拆报警,立杆高度,在线率,视频链接"
    head += ",经度,纬度\n"
    place = ",121.91,29.25\n"
    rows = (
        f"F1,杆,限高杆,限高线,T型,低位,2.2,报警,,,{place}F2,杆,限高杆,限高线,h,中位,3.2,正常,,,{place}"
        f"F3,杆,限高架,限高线,F形,开启,,未知,,,{place}"
        f"F4,探头,摄像头,码头,,,,,12,97.5%,rtsp://10.0.0.8:554/live/1{place}"
        f"F5,探头,摄像头,码头,,,,,12,0.5,https://video.example/a?channel=3{place}"
    )
    done = import_file(coast, "facilities", _csv(tmp_path / "f.csv", head + rows), now=NOW)
    assert not done.refused
    found = store.read(coast.engine, "facilities")
    bars = found.head(3).select("bar_type", "bar_setting", "clearance_m", "tamper").rows()
    assert bars == [("T", "low", 2.2, "alarm"), ("H", "middle", 3.2, "normal"),
                    ("F", "open", None, "unknown")]  # fmt: skip
    cameras = found.tail(2).select("height_m", "online_rate", "live_link").rows()
    assert cameras == [(12.0, 0.975, "rtsp://10.0.0.8:554/live/1"),
                       (12.0, 0.5, "https://video.example/a?channel=3")]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("bar_type", "X", "T T型, H H型, F F型"),
        ("online_rate", "195%", "0 to 1"),
        ("online_rate", "高", "0 to 1"),
        ("在线率（%）", "0.9", "write 90 % or 0.9%"),
        ("live_link", "rtsp://admin:hunter2@10.0.0.8/1", "without"),
        ("live_link", "https://video.example/a?token=hunter2", "without"),
        ("live_link", "javascript:alert('hunter2')", "http://"),
        ("live_link", "/opt/hunter2.html", "http://"),
        ("live_link", "http://[hunter2", "http://"),
        ("clearance_m", "-1", "0 to 20"),
    ],
)
def test_values_that_no_facility_has(
    coast: Workspace, tmp_path: Path, column: str, cell: str, told: str
) -> None:
    text = f"name,kind,lon,lat,{column}\n一,camera,121.91,29.25,{cell}\n二,camera,121.91,29.26,\n"
    done = import_file(coast, "facilities", _csv(tmp_path / "f.csv", text), now=NOW)
    (refusal,) = done.refused
    assert (refusal.row, refusal.reason) == (2, "bad_value")
    assert told in refusal.detail
    assert "hunter2" not in str(store.read(coast.engine, "quarantine").rows())
    assert done.counts["added"] == 1


@pytest.mark.parametrize(
    ("cell", "value"), [("1,500", 1500.0), ("１５００", 1500.0), ("1_500", None), ("1,50", None)]
)
def test_numbers_as_people_write_them(
    coast: Workspace, tmp_path: Path, cell: str, value: float | None
) -> None:
    text = f'name,kind,lon,lat,range_m\n一,camera,121.91,29.25,"{cell}"\n'
    done = import_file(coast, "facilities", _csv(tmp_path / "f.csv", text), now=NOW)
    assert [one.reason for one in done.refused] == ([] if value else ["bad_value"])
    assert store.read(coast.engine, "facilities")["range_m"].to_list() == ([value] if value else [])


def test_a_share_under_a_header_of_percent(coast: Workspace, tmp_path: Path) -> None:
    text = "name,kind,lon,lat,在线率（%）\n一,camera,121.91,29.25,95.5\n二,camera,121.91,29.26,0\n"
    import_file(coast, "facilities", _csv(tmp_path / "f.csv", text), now=NOW)
    assert sorted(store.read(coast.engine, "facilities")["online_rate"]) == [0.0, 0.955]


def test_a_layer_stands_where_its_geometry_is(coast: Workspace, tmp_path: Path) -> None:
    points = gpd.GeoDataFrame(
        {"编号": ["W1"], "名称": ["a"], "经度": [100.0], "lat": [10.0]},
        geometry=gpd.points_from_xy([121.91], [29.25]),
        crs=4326,
    )
    points.to_file(tmp_path / "w.gpkg")
    done = import_file(coast, "wharves", tmp_path / "w.gpkg", now=NOW)
    assert done.counts["added"] == 1
    assert store.layer(coast.engine, "wharves").geometry.x.tolist() == [121.91]


def _raster(path: Path, value: float) -> Path:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=40,
        width=60,
        count=1,
        dtype="float32",
        crs=4326,
        transform=Affine(0.0125, 0, 121.4, 0, -0.0125, 29.5),
    ) as out:
        out.write(np.full((1, 40, 60), value, dtype=np.float32))
    return path


def test_a_depth_is_kept_and_a_bad_one_leaves_the_old(coast: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--datum"):
        import_file(coast, "depth", _raster(tmp_path / "d.tif", -3.0), now=NOW)
    assert coast.depth is None
    import_file(coast, "depth", tmp_path / "d.tif", Options(datum="MSL"), now=NOW)
    assert coast.depth is not None
    kept = coast.depth.read_bytes()
    shutil.copy(tmp_path / "d.tif", tmp_path / "torn.tif")
    (tmp_path / "torn.tif").write_bytes(kept[:200])
    with pytest.raises(InputError, match=r"torn\.tif"):
        import_file(coast, "depth", tmp_path / "torn.tif", Options(datum="MSL"), now=NOW)
    assert coast.depth.read_bytes() == kept
    assert sorted(p.name for p in coast.rasters.iterdir()) == ["depth.tif"]


def test_both_databases_hold_the_same_after_the_same_imports(
    ws: Workspace, coast_file: Path, tmp_path: Path
) -> None:
    """Each run writes a digest that the other must find equal."""
    import_file(ws, "coast", coast_file, now=NOW)
    _sections(ws, tmp_path)
    import_file(ws, "wharves", _csv(tmp_path / "w.csv", "编号,名称,经度,纬度\nW1,a,121.91,29.25\n"))
    dump = pl.DataFrame({"told": [repr(_dump(ws))]}).hash_rows().item()
    _DIGESTS.append(dump)
    assert len(set(_DIGESTS)) == 1


_DIGESTS: list[int] = []
