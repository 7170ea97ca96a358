"""No private persons: by row, at every import, in Chinese and in English."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import openpyxl
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from workspace import _quarantine, history, store
from workspace._import_columns import PERSON_NAMES, PERSONAL
from workspace._import_tables import TABLES
from workspace._personal import masked, personal_columns, private_column, refuse_personal_columns
from workspace.folder import Workspace
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
IDENTITY = "11010519491231002X"
HEADERS = [
    "身份证号", "手机号", "姓名", "联系人", "联系人手机", "业主姓名", "负责人", "家庭住址", "电话",
    "联系方式", "车牌号", "银行卡号", "ID card", "Mobile phone", "contact_person", "home address",
    "captain", "owner name", "Passport", "Contact Phone", "e-mail", "Mobile No.", "Owner ID Number",
    "户主", "码长", "值班人员", "老板", "检查人", "Person in charge", "Person In Charge (name)",
]  # fmt: skip
CELLS = [
    f"业主 {IDENTITY}",
    "call 13912345678",
    "+86 139-1234-5678",
    "138 1234 5678",
    "电话１３９１２３４５６７８",
    "110105 19491231 002X",
    "11010519491231002x",
]
# However the groups of a number are set apart, and however much of it is wrong.
DISGUISED = [
    "138.0013.8000", "138 001 38000", "1380 0138 000", "(138)00138000", "138(0013)8000",
    "138/0013/8000", "138—0013—8000", "手机138_0013_8000", "０１３８–1380013–8000",
    "0086 13800138000", "008613800138000", "86-138-0013-8000", "Tel.13800138000", "138,0013,8000",
    "138 - 0013 - 8000", "138·0013·8000", "138\u200b0013\u200b8000",
    "330225 700101 123", "330225700101123", "330225-700101-123", "330225 70 01 01 123",
    "330225197001011239", "3302251970 0101 123 9", "330225 1970 0101 1239",
    "330225/19700101/1239", "统一编号 110105194912310021",
]  # fmt: skip
# One sound row of each kind of table, without its place.
ROWS = {
    "wharves": {"name": "一号"},
    "risk-points": {"name": "一号", "kind": "creek"},
    "facilities": {"name": "一号", "kind": "camera"},
    "incidents": {"t0": "2026-11-01 22:00", "kind": "走私"},
    "posts": {"role": "section_chief", "object_kind": "section", "object_id": "S01"},
    "absences": {"post_id": "P1", "away_from": "2026-11-01"},
    "teams": {"name": "一队", "kind": "car"},
    "inspections": {"object_kind": "wharf", "object_id": "W1", "t": "2026-11-01"},
    "effort": {"segment_id": "", "shift_start": "2026-11-01 22:00", "km": "1"},
    "berths": {},
    "sections": {"section_id": "S01", "name": "一段"},
    "registers": {"kind": "三无", "hull_number": "浙象渔12345"},
    "detections": {"sensor": "radar-1", "t": "2026-11-01 22:00", "lon": "121.9", "lat": "29.1"},
}
Write = Callable[[Path, list[str], list[list[str]]], Path]


def _csv(folder: Path, header: list[str], rows: list[list[str]]) -> Path:
    path = folder / "t.csv"
    path.write_text("\n".join(",".join(row) for row in [header, *rows]), encoding="utf-8")
    return path


def _xlsx(folder: Path, header: list[str], rows: list[list[str]]) -> Path:
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    path = folder / "t.xlsx"
    book.save(path)
    return path


def _layer(folder: Path, header: list[str], rows: list[list[str]], name: str) -> Path:
    columns = {name: [row[at] for row in rows] for at, name in enumerate(header)}
    x, y = (map(float, columns.pop(name, ["121.91"] * len(rows))) for name in ("lon", "lat"))
    layer = gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(list(x), list(y)), crs=4326)
    layer.to_file(folder / name)
    return folder / name


def _gpkg(folder: Path, header: list[str], rows: list[list[str]]) -> Path:
    return _layer(folder, header, rows, "t.gpkg")


def _geojson(folder: Path, header: list[str], rows: list[list[str]]) -> Path:
    return _layer(folder, header, rows, "t.geojson")


def _table(
    kind: str, ws: Workspace, column: str, cells: list[str]
) -> tuple[list[str], list[list[str]]]:
    """Return a sound table of a kind with one more column and a row for each of its cells."""
    sound = dict(ROWS[kind])
    if kind == "effort":
        sound["segment_id"] = str(store.read(ws.engine, "segments")["segment_id"][0])
    if any(one.name == "lon" for one in TABLES[kind].columns):
        sound |= {"lon": "121.91", "lat": "29.25"}
    rows = []
    for at, cell in enumerate(cells):
        row = dict(sound)
        if "lat" in row:
            row["lat"] = f"{29.21 + at / 100:.2f}"
        if kind == "effort":
            row["shift_start"] = f"2026-11-0{at + 1} 22:00"
        if kind == "sections":
            row["section_id"] = f"S{at}"
        row.setdefault("role", "") if kind == "posts" else None
        rows.append([*row.values(), cell])
        sound = {**sound, **({"object_id": f"S{at}"} if "object_id" in sound else {})}
    return [*sound, column], rows


def _everything(ws: Workspace) -> str:
    """Return all that a database holds of imports."""
    tables = [*(one.table for one in TABLES.values()), "quarantine", "settlements", "roads"]
    return str([store.read(ws.engine, name).rows() for name in tables]) + str(history.of(ws).rows())


@pytest.mark.parametrize("header", HEADERS)
def test_a_row_with_a_value_under_a_personal_header_is_kept_out(
    coast: Workspace, tmp_path: Path, header: str
) -> None:
    table = _table("wharves", coast, header, ["某甲", "", "  "])
    done = import_file(coast, "wharves", _csv(tmp_path, *table), now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "personal_data")]
    assert header in done.refused[0].detail
    assert "个人信息" in done.refused[0].detail
    assert "请删除" in done.refused[0].mend
    assert done.counts["added"] == 2
    assert "某甲" not in _everything(coast)


@pytest.mark.parametrize("header", HEADERS)
def test_a_table_of_which_no_row_is_left_is_refused_and_says_why(
    coast: Workspace, tmp_path: Path, header: str
) -> None:
    before = _everything(coast)
    with pytest.raises(InputError) as refused:
        import_file(coast, "wharves", _csv(tmp_path, *_table("wharves", coast, header, ["某甲"])))
    message = str(refused.value)
    assert header in message
    assert "personal data" in message
    assert "个人信息" in message
    assert "t.csv, row 1" in message
    assert "某甲" not in message
    assert _everything(coast) == before


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("column", ["owner_unit", "备注"])
def test_a_number_in_any_cell_keeps_its_row_out_and_is_not_repeated(
    coast: Workspace, tmp_path: Path, cell: str, column: str
) -> None:
    table = _table("wharves", coast, column, [cell, "水产公司"])
    done = import_file(coast, "wharves", _csv(tmp_path, *table), now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "personal_data")]
    assert column in done.refused[0].detail
    assert done.counts["added"] == 1
    kept = _everything(coast).replace("-", "").replace(" ", "")
    assert not any(number in kept for number in ("1391234", "13812345", "19491231", "１３９"))


@pytest.mark.parametrize("header", ["手机号", "ID card"])
@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table_is_looked_through(
    coast: Workspace, tmp_path: Path, kind: str, header: str
) -> None:
    table = _table(kind, coast, header, ["x", ""])
    path = _csv(tmp_path, *table)
    if kind == "absences":
        store.write(coast.engine, "posts", pl.DataFrame({"post_id": ["P1"]}))
    if kind == "sections":
        with pytest.raises(InputError, match="个人信息"):
            import_file(coast, kind, path, now=NOW)
        assert store.count(coast.engine, "sections") == 0
        return
    done = import_file(coast, kind, path, now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "personal_data")]
    assert done.counts["added"] == 1


@pytest.mark.parametrize("write", [_xlsx, _gpkg, _geojson])
def test_every_form_of_file_is_looked_through(
    coast: Workspace, tmp_path: Path, write: Write
) -> None:
    for column, cells in (("联系人", ["某甲", ""]), ("remark", ["call 13912345678", "none"])):
        table = _table("wharves", coast, column, cells)
        done = import_file(coast, "wharves", write(tmp_path, *table), now=NOW)
        assert [one.reason for one in done.refused] == ["personal_data"]
        assert done.counts["rows_in"] == 2
        (tmp_path / f"t{Path(done.refused[0].file).suffix}").unlink()
    assert store.count(coast.engine, "wharves") == 1
    assert "某甲" not in _everything(coast)


def test_an_identity_number_that_a_spreadsheet_cut_short_is_one_still(
    coast: Workspace, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["name", "lon", "lat", "号码"])
    book.active.append(["一号", 121.91, 29.25, 1.10105194912310e17])
    book.active.append(["二号", 121.91, 29.26, 12])
    book.save(tmp_path / "t.xlsx")
    done = import_file(coast, "wharves", tmp_path / "t.xlsx", now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "personal_data")]


def test_posts_alone_bear_names_and_the_offices_telephone(coast: Workspace, tmp_path: Path) -> None:
    head = ["岗位", "姓名", "值班电话", "对象类型", "对象编号", "手机"]
    row = ["section_chief", "示例", "13800000000", "岸段", "S01"]
    other = ["section_chief", "示例", "0574-00000000", "岸段", "S02", "13800000001"]
    done = import_file(coast, "posts", _csv(tmp_path, head, [[*row, ""], other]), now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(3, "personal_data")]
    assert store.read(coast.engine, "posts")["duty_phone"].to_list() == ["13800000000"]


@pytest.mark.parametrize(
    "cell",
    ["案卷 330225202611010001", "0.13912345678", "91330225MA2AG12345", "34020000001320000001",
     "0574-65712345", "12345678901234", "139.12345678 35.12345678", "135.1234 2026-11-01",
     "121.912345 29.251234", "121 54 36 29 15 00", "MMSI 412000197 412130001",
     "412000001/412000002/413999999", "IMO 9074729 9074728", "2026-11-01 22:00 – 2026-11-02 06:00",
     "20261101 220000 20261102", "330225 990101", "358240051111110"],
)  # fmt: skip
def test_other_long_numbers_are_no_persons(coast: Workspace, tmp_path: Path, cell: str) -> None:
    table = _table("wharves", coast, "owner_unit", [cell])
    assert import_file(coast, "wharves", _csv(tmp_path, *table), now=NOW).counts["added"] == 1


@pytest.mark.parametrize(
    "header", ["责任单位", "负责人单位", "联系人编号", "值班电话", "报警电话", "contact unit"]
)
def test_units_and_offices_are_no_persons(header: str) -> None:
    assert personal_columns([header]) == []


def test_columns_of_a_coast_are_refused_by_name() -> None:
    refuse_personal_columns(["land_id", "名称", "area_km2"], "c.gpkg")
    with pytest.raises(InputError, match=r"c\.gpkg.*船长, Phone") as refused:
        refuse_personal_columns(["land_id", "船长", "Phone"], "c.gpkg")
    assert "land_id" not in str(refused.value)
    assert set(PERSON_NAMES) <= set(personal_columns([*PERSONAL, *PERSON_NAMES]))


def test_a_village_keeps_its_name_and_no_headman(coast: Workspace, tmp_path: Path) -> None:
    points = [shapely.Point(121.6, 29.2), shapely.Point(121.7, 29.2)]
    layer = gpd.GeoDataFrame(
        {"名称": ["甲村", "乙村"], "负责人": ["某甲", None]}, geometry=points, crs=4326
    )
    layer.to_file(tmp_path / "v.geojson")
    import_file(coast, "settlements", tmp_path / "v.geojson", now=NOW)
    assert store.read(coast.engine, "settlements")["name"].to_list() == ["乙村"]
    assert "某甲" not in _everything(coast)


@given(
    area=st.integers(110000, 659999),
    born=st.dates(date(1930, 1, 1), date(2015, 1, 1)),
    order=st.integers(0, 999),
    before=st.sampled_from(["", "号：", "id="]),
    gap=st.sampled_from(["", " ", "-"]),
)
def test_every_sound_identity_number_is_seen(
    area: int, born: date, order: int, before: str, gap: str
) -> None:
    """The check digit is that of ISO 7064 MOD 11-2, worked out here as the standard defines it."""
    digits = f"{area}{born:%Y%m%d}{order:03d}"
    product = 0
    for digit in digits:
        product = (product + int(digit)) * 2 % 11
    check = "0123456789X"[(12 - product) % 11]
    text = f"{before}{digits[:6]}{gap}{digits[6:14]}{gap}{digits[14:]}{check}"
    assert private_column({"备注": text}, ()) == "备注"
    wrong = "0123456789X"[(12 - product + 1) % 11]
    if not (digits[14:] + wrong).endswith("000"):
        seen = "备注" if born.year < 2010 else None
        assert private_column({"备注": digits + wrong}, ()) == seen


@pytest.mark.parametrize("cell", DISGUISED)
def test_a_number_in_any_writing_is_seen_and_masked(cell: str) -> None:
    assert private_column({"reason": cell}, ()) == "reason"
    hidden = masked(f"`reason` was {cell!s}, row 2")
    assert "***" in hidden
    assert hidden.endswith(", row 2")
    assert not any(digits in hidden for digits in ("0013", "8000", "0101", "1239", "123 9", "1231"))


@given(
    first=st.sampled_from(["13", "14", "15", "16", "17", "18", "19"]),
    rest=st.from_regex(r"[0-9]{9}", fullmatch=True),
    gap=st.sampled_from([" ", "-", "—", "/", "_", ".", "－", "\u3000"]),
    cuts=st.sampled_from([(3, 7), (3, 6)]),
    around=st.sampled_from(["{}", "电话{}", "走私前科 {}。", "tel: {}, old"]),
)
def test_every_mobile_number_is_seen(
    first: str, rest: str, gap: str, cuts: tuple[int, int], around: str
) -> None:
    number, (one, two) = first + rest, cuts
    cell = around.format(gap.join((number[:one], number[one:two], number[two:])))
    assert private_column({"reason": cell}, ()) == "reason"


_MARKS = st.one_of(
    st.integers(200_000_000, 775_999_999).map(lambda n: f"MMSI {n}"),
    st.integers(5_000_000, 9_999_999).map(lambda n: f"IMO {n}"),
    st.integers(0, 99_999).map(lambda n: f"浙象渔{n:05d}"),
    st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)).map(lambda t: f"{t:%Y-%m-%d %H:%M}"),
    st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)).map(lambda t: f"{t:%Y%m%d %H%M%S}"),
    st.tuples(st.floats(105, 129), st.floats(3, 41)).map(lambda at: f"{at[0]:.6f}, {at[1]:.6f}"),
    st.tuples(st.integers(105, 129), st.integers(0, 59), st.floats(0, 59)).map(
        lambda at: f"{at[0]}°{at[1]:02d}′{at[2]:04.1f}″E"
    ),
)


@given(marks=st.lists(_MARKS, min_size=1, max_size=4), between=st.sampled_from([" ", ", ", "；"]))
def test_marks_times_and_places_of_vessels_are_no_persons(marks: list[str], between: str) -> None:
    cell = between.join(marks)
    assert private_column({"reason": cell}, ()) is None
    assert masked(cell) == cell


@pytest.mark.parametrize("cell", ["某甲 13800138000", "13800138000", f"某甲 {IDENTITY}"])
def test_a_number_where_a_place_should_be_is_not_repeated(
    coast: Workspace, tmp_path: Path, cell: str
) -> None:
    rows = [["一号", cell, "29.25"], ["二号", "121.91", "29.26"]]
    done = import_file(coast, "wharves", _csv(tmp_path, ["name", "lon", "lat"], rows), now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "personal_data")]
    kept = _everything(coast)
    assert not any(told in kept for told in ("某甲", "13800138000", IDENTITY))


def test_a_stray_line_of_a_tide_table_is_not_repeated(coast: Workspace, tmp_path: Path) -> None:
    heights = [round(200 + 90 * math.sin(hour / 1.98)) for hour in range(120)]
    days = [
        f"{day + 1},{','.join(map(str, heights[24 * day : 24 * day + 24]))}" for day in range(5)
    ]
    lines = [
        "站名：石浦  站号：T1", "纬度：29°12′N  经度：121°57′E  时区：-0800",
        "潮高基准面在平均海平面下 200 cm  单位：cm", "2026年11月",
        "日期," + ",".join(map(str, range(24))), *days, "6,某甲,13800138000,330225198001011248",
    ]  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    done = import_file(coast, "tides", path, now=NOW)
    runs = " ".join(map(_quarantine.told, done.refused)) + _everything(coast)
    assert "row 11" in runs
    assert "bad_tide_row" in runs
    assert not any(told in runs for told in ("某甲", "13800138000", "330225198001011248"))


def test_a_message_is_masked_and_otherwise_as_it_was() -> None:
    told = f"`lon` was '某甲 ＋86 139-1234-5678' and {IDENTITY}, 330225198001011248"
    assert masked(told) == "`lon` was '某甲 ***' and ***, ***"
    plain = "`lat` was 0.13912345678，于 2026-11-01 22:00；编号 91330225MA2AG12345"
    assert masked(plain) == plain


@given(st.floats(min_value=-180, max_value=180), st.floats(min_value=-90, max_value=90))
def test_no_coordinate_is_a_number_of_a_person(lon: float, lat: float) -> None:
    text = f"{lon!r}, {lat!r}"
    assert masked(text) == text
