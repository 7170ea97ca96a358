"""Workbooks as people make them, and as people make them to do harm."""

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.exceptions import InvalidFileException

from geo.errors import InputError
from workspace import store
from workspace._workbook import find_header, read_workbook
from workspace.folder import Workspace
from workspace.importers import Options, import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEAD = ["编号", "名称", "类别", "巡查周期（天）", "经度", "纬度"]
Row = list[object]


def _book(path: Path, rows: list[Row], *, title: str = "码头", merged: str | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if merged is not None:
        sheet.merge_cells(merged)
    book.save(path)
    return path


def _of(table: str, ws: Workspace) -> list[dict[str, object]]:
    return list(store.read(ws.engine, table).iter_rows(named=True))


def test_a_header_is_found_under_merged_titles(coast: Workspace, tmp_path: Path) -> None:
    rows = [
        ["象山县码头台账"],
        ["填报单位：示例局", None, None, "日期", datetime(2026, 11, 1)],
        HEAD,
        ["W1", "一号", "渔港", 7, 121.91, 29.25],
        [],
        ["W2", "二号", "港口", 14.0, "121°54′36″", "北纬29度15分"],
    ]
    path = _book(tmp_path / "台账.xlsx", rows, merged="A1:F1")
    done = import_file(coast, "wharves", path, now=NOW)
    assert done.counts["added"] == 2
    first, second = _of("wharves", coast)
    assert (first["wharf_class"], first["cadence_days"]) == ("fishing", 7)
    assert (second["wharf_class"], second["cadence_days"]) == ("port", 14)
    lon = store.layer(coast.engine, "wharves").geometry.x
    assert lon.tolist() == pytest.approx([121.91, 121.91])


def test_a_header_of_two_rows_with_merged_cells(coast: Workspace, tmp_path: Path) -> None:
    rows = [
        ["编号", "名称", "位置", None, "巡查周期"],
        [None, None, "经度", "纬度", None],
        ["W1", "一号", 121.91, 29.25, 7],
    ]
    path = _book(tmp_path / "w.xlsx", rows, merged="C1:D1")
    done = import_file(coast, "wharves", path, now=NOW)
    assert done.counts["added"] == 1
    assert [row["cadence_days"] for row in _of("wharves", coast)] == [7]


def test_the_row_that_is_refused_is_the_row_of_the_sheet(coast: Workspace, tmp_path: Path) -> None:
    rows = [["台账"], [], HEAD, ["W1", "一号", "渔港", 7, 121.91, 29.25], [],
            ["W2", "二号", "火山", 7, 121.91, 29.25]]  # fmt: skip
    done = import_file(coast, "wharves", _book(tmp_path / "w.xlsx", rows), now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(6, "bad_value")]


def test_dates_and_numbers_are_taken_as_they_are(coast: Workspace, tmp_path: Path) -> None:
    rows: list[Row] = [
        ["facility_id", "name", "kind", "status_since", "online_rate", "lon", "lat"],
        [1001, "a", "camera", datetime(2026, 11, 1), 0.953, 121.91, 29.25],
        [1002, "b", "camera", date(2026, 11, 2), "95.3%", 121.91, 29.25],
        ["007", "c", "camera", "2026年11月3日", "95.3％", 121.91, 29.25],
    ]
    done = import_file(coast, "facilities", _book(tmp_path / "f.xlsx", rows), now=NOW)
    assert not done.refused
    found = _of("facilities", coast)
    assert [row["facility_id"] for row in found] == ["007", "1001", "1002"]
    assert [str(row["status_since"]) for row in found] == ["2026-11-03", "2026-11-01", "2026-11-02"]
    assert [row["online_rate"] for row in found] == pytest.approx([0.953] * 3)
    times: list[Row] = [["t0", "kind", "lon", "lat"],
                        [datetime(2026, 11, 1, 22, 30), "x", 121.91, 29.25]]  # fmt: skip
    import_file(coast, "incidents", _book(tmp_path / "i.xlsx", times), now=NOW)
    assert [row["t0"] for row in _of("incidents", coast)] == [
        datetime(2026, 11, 1, 14, 30, tzinfo=UTC)
    ]


def test_the_first_sheet_that_holds_anything_or_the_one_named(
    coast: Workspace, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "空"
    hidden = book.create_sheet("旧")
    hidden.append(HEAD)
    hidden.append(["W0", "旧", "渔港", 7, 121.91, 29.25])
    hidden.sheet_state = "hidden"
    for name in ("一", "二"):
        sheet = book.create_sheet(name)
        sheet.append(HEAD)
        sheet.append([f"W{name}", name, "渔港", 7, 121.91, 29.25])
    path = tmp_path / "w.xlsx"
    book.save(path)
    import_file(coast, "wharves", path, now=NOW)
    assert [row["wharf_id"] for row in _of("wharves", coast)] == ["W一"]
    import_file(coast, "wharves", path, Options(layer="二"), now=NOW)
    assert {row["wharf_id"] for row in _of("wharves", coast)} == {"W一", "W二"}
    with pytest.raises(InputError, match=r"no sheet '三'.*空, 旧, 一, 二"):
        import_file(coast, "wharves", path, Options(layer="三"), now=NOW)
    with pytest.raises(InputError, match="'空' is empty"):
        import_file(coast, "wharves", path, Options(layer="空"), now=NOW)


def test_notes_beside_the_table_are_not_its_columns(coast: Workspace, tmp_path: Path) -> None:
    rows = [HEAD, ["W1", "一号", "渔港", 7, 121.91, 29.25, None, "见附件"]]
    done = import_file(coast, "wharves", _book(tmp_path / "w.xlsx", rows), now=NOW)
    assert done.counts["added"] == 1
    rows[1][-1] = "电话 13912345678"
    rows.append(["W2", "二号", "渔港", 7, 121.91, 29.25])
    done = import_file(coast, "wharves", _book(tmp_path / "w.xlsx", rows), now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "personal_data")]


@pytest.mark.parametrize("name", ["w.xls", "w.et", "w.ods", "w.xlsb"])
def test_other_workbooks_are_told_how_to_be_saved(
    coast: Workspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(InputError, match=rf"{name}.*\.xlsx or as CSV"):
        import_file(coast, "wharves", tmp_path / name, now=NOW)


def test_a_workbook_with_a_password_says_so(coast: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(InputError, match="password"):
        import_file(coast, "wharves", path, now=NOW)


def _with(path: Path, part: str, content: bytes) -> Path:
    """Write a sound workbook of one row anew with one part in place of its own."""
    sound = _book(path.with_name("sound.xlsx"), [HEAD, ["W1", "一", "渔港", 7, 121.91, 29.25]])
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(item.filename, content if item.filename == part else old.read(item))
        if part not in old.namelist():
            new.writestr(part, content)
    return path


_LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(9)
)
_SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("part", "content", "told"),
    [
        (_SHEET, b'<?xml version="1.0"?><!DOCTYPE w [' + _LAUGHS + b"]><w>&l8;</w>", "DOCTYPE"),
        ("xl/workbook.xml", '<!DOCTYPE w SYSTEM "http://a/b">'.encode("utf-16"), "DOCTYPE"),
        ("xl/media/zeros.bin", bytes(400_000_000), "unpacks to"),
        ("../../evil.xml", b"<a/>", "points out of the archive"),
        (_SHEET, b"<worksheet", "cannot be read"),
        ("xl/workbook.xml", b"<workbook/>", "no sheet that holds anything"),
    ],
)
def test_a_workbook_made_to_do_harm(
    coast: Workspace, tmp_path: Path, part: str, content: bytes, told: str
) -> None:
    before = _of("wharves", coast)
    with pytest.raises(InputError, match=told) as refused:
        import_file(coast, "wharves", _with(tmp_path / "w.xlsx", part, content), now=NOW)
    assert "w.xlsx" in refused.value.where
    assert _of("wharves", coast) == before


def test_a_sheet_that_claims_a_million_rows_is_read_for_what_it_holds(tmp_path: Path) -> None:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<dimension ref="A1:XFD1048576"/><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>a</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    path = _with(tmp_path / "w.xlsx", _SHEET, sheet.encode())
    found = read_workbook(path, lambda row: int("name" in row))
    assert (found.headers, found.rows, found.numbers) == (["name"], [["a"]], [2])


def test_whatever_openpyxl_raises_is_an_input_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _book(tmp_path / "w.xlsx", [["name"], ["a"]])
    for error in (KeyError("a"), ValueError("b"), InvalidFileException("c"), TypeError("d")):

        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(openpyxl, "load_workbook", fail)
        with pytest.raises(InputError, match=r"w\.xlsx"):
            read_workbook(path, len)


def test_data_that_look_like_a_header_do_not_become_one() -> None:
    known = {"name", "lon", "lat"}
    rows = [["title", "", ""], ["name", "lon", "lat"], ["name", "1", "2"], ["b", "3", "4"]]
    found = find_header(rows, lambda row: len(known & set(row)), where="x")
    assert (found.header_row, found.headers) == (2, ["name", "lon", "lat"])
    assert found.numbers == [3, 4]
