"""Files about the coast: what is kept, what is refused and how it is said."""

import json
import shutil
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
from workspace.importers import KINDS, import_file
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


@pytest.mark.parametrize(
    "header",
    [
        "身份证号",
        "手机号",
        "姓名",
        "联系人",
        "家庭住址",
        "电话",
        "ID card",
        "Mobile phone",
        "contact_person",
        "home address",
        "captain",
        "owner name",
        "Passport",
    ],
)
def test_personal_columns_are_refused_and_said_to_be(
    coast: Workspace, tmp_path: Path, header: str
) -> None:
    before = _dump(coast)
    text = f"name,lon,lat,{header}\n码头,121.91,29.25,x\n"
    with pytest.raises(InputError) as refused:
        import_file(coast, "wharves", _csv(tmp_path / "w.csv", text), now=NOW)
    message = str(refused.value)
    assert header in message
    assert "personal data" in message
    assert "个人信息" in message
    assert "w.csv, row 1" in message
    assert _dump(coast) == before


@pytest.mark.parametrize(
    "cell",
    ["业主 11010519491231002X", "call 13912345678", "+86 139-1234-5678", "138 1234 5678"],
)
def test_personal_cells_put_their_row_in_quarantine_and_are_not_repeated(
    coast: Workspace, tmp_path: Path, cell: str
) -> None:
    text = f"name,lon,lat,owner_unit\n一号,121.91,29.25,{cell}\n二号,121.91,29.26,水产公司\n"
    done = import_file(coast, "wharves", _csv(tmp_path / "w.csv", text), now=NOW)
    assert done.counts["added"] == 1
    (refusal,) = done.refused
    assert (refusal.row, refusal.reason) == (2, "personal_data")
    assert "owner_unit" in refusal.detail
    stored = str(store.read(coast.engine, "quarantine").rows()) + str(_dump(coast))
    assert "1391234" not in stored.replace("-", "").replace(" ", "")
    assert "19491231" not in stored


def test_eighteen_digits_that_are_no_identity_number_are_kept(
    coast: Workspace, tmp_path: Path
) -> None:
    text = "name,lon,lat,owner_unit\n一号,121.91,29.25,统一编号 110105194912310021\n"
    assert import_file(coast, "wharves", _csv(tmp_path / "w.csv", text)).counts["added"] == 1


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
    before = _dump(coast)
    import_file(coast, "coast", coast_file, now=NOW)
    assert _dump(coast) == before
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
    assert tables[0]["version"].to_list() == [1, 1, 1]
    _sections(coast, tmp_path)
    assert store.read(coast.engine, "sections")["version"].to_list() == [2, 2, 2]


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
    import_file(coast, "depth", _raster(tmp_path / "d.tif", -3.0), now=NOW)
    assert coast.depth is not None
    kept = coast.depth.read_bytes()
    shutil.copy(tmp_path / "d.tif", tmp_path / "torn.tif")
    (tmp_path / "torn.tif").write_bytes(kept[:200])
    with pytest.raises(InputError, match=r"torn\.tif"):
        import_file(coast, "depth", tmp_path / "torn.tif", now=NOW)
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
