"""Files that a demanding user hands to the command: refused with a mend, and nothing harmed."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from workspace import store
from workspace._chinese import chinese
from workspace._import_rows import convert, read_rows
from workspace._import_tables import TABLES
from workspace.folder import Workspace
from workspace.importers import Options, import_file
from workspace.ingest import ingest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEAD = "wharf_id,name,lon,lat"
UNTIMED = "!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D\n"
Run = Callable[..., tuple[int, str, str]]


def _file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_as_spreadsheets_save_them(
    coast: Workspace, tmp_path: Path, encoding: str, end: str
) -> None:
    text = f"编号;名称;经度;纬度{end}W1;一号;121.91;29.25{end}"
    done = import_file(coast, "wharves", _file(tmp_path / "w.csv", text, encoding), now=NOW)
    assert done.counts["added"] == 1


_CELLS = st.one_of(
    st.sampled_from(
        ["", "名称", "编号", "lon", "纬度", "x", "121.91", "29.25", "121°", "NaN", "1e400", "示例",
         "手机", "-0", "3269604", "50 %", "2026-02-30", "\"", ",", "\n", "\x00", "＝1", "限高杆"]
    ),
    st.text(max_size=8),
)  # fmt: skip


@given(
    rows=st.lists(st.lists(_CELLS, max_size=6), max_size=6),
    head=st.sampled_from(
        ["", "编号,名称,类型,经度,纬度,在线率,视频链接\n", "id,name,kind,x,y,status_since\n"]
    ),
    kind=st.sampled_from(["wharves", "facilities"]),
)
def test_no_table_whatsoever_is_more_than_an_input_error(
    rows: list[list[str]], head: str, kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "t.csv"
    text = head + "\n".join(",".join(row) for row in rows)
    path.write_text(text, encoding="utf-8", newline="")
    columns = TABLES[kind].columns
    for crs in (None, "EPSG:4549"):
        with suppress(InputError):
            found = read_rows(path, columns, Options(crs=crs), key=TABLES[kind].key)
            kept, values, refused, _ = convert(found, columns, Options(crs=crs), tz=ZoneInfo("UTC"))
            assert len(kept) == len(values)
            assert len(kept) + len(refused) == len(found.numbers)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{HEAD}\n", "no rows"),
        (f"{HEAD}\nA,a,121.91,29.25\nB,b,121.91,29.25,more\n", "row 3"),
        ("name,name,lon,lat\na,b,121.91,29.25\n", "stand twice"),
    ],
)
def test_tables_that_cannot_be_used_name_the_place(
    coast: Workspace, tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        import_file(coast, "wharves", _file(tmp_path / "w.csv", text), now=NOW)


def test_sections_are_replaced_as_a_whole_or_not_at_all(coast: Workspace, tmp_path: Path) -> None:
    good = "编号,名称,经度,纬度\nS1,一,121.60,29.31\nS2,二,121.91,29.25\n"
    import_file(coast, "sections", _file(tmp_path / "s.csv", good), now=NOW)
    before = store.read(coast.engine, "section_cuts")
    bad = good.replace("121.60", "100.0")
    with pytest.raises(InputError, match="row 2"):
        import_file(coast, "sections", _file(tmp_path / "s.csv", bad), now=NOW)
    assert store.read(coast.engine, "section_cuts").equals(before)


def test_what_ends_before_it_begins_is_refused(coast: Workspace, tmp_path: Path) -> None:
    text = "t0,t1,kind,lon,lat\n2026-01-02,2026-01-01,x,121.91,29.25\n"
    done = import_file(coast, "incidents", _file(tmp_path / "i.csv", text), now=NOW)
    assert [one.reason for one in done.refused] == ["bad_value"]


def test_a_wrong_start_can_be_mended(plain_ws: Workspace, tmp_path: Path) -> None:
    path = _file(tmp_path / "a.nmea", UNTIMED)
    wrong = ingest(plain_ws, [path], start=NOW + timedelta(days=900), now=NOW)
    assert (wrong.counts["added"], wrong.quarantined["future"]) == (0, 1)
    right = ingest(plain_ws, [path], start=NOW - timedelta(days=1), now=NOW)
    assert right.counts["added"] == 1
    assert ingest(plain_ws, [path], start=NOW - timedelta(days=1), now=NOW).known == [str(path)]


def test_ingest_accounts_for_every_row_and_says_what_to_do(
    run: Run, plain_ws: Workspace, tmp_path: Path
) -> None:
    path = _file(tmp_path / "a.nmea", f"# made by hand\n{UNTIMED}\n")
    code, out, _ = run("ingest", plain_ws.root, path, "--json")
    told = json.loads(out.splitlines()[-1])
    counts = told["counts"]
    refused = sum(told["quarantined"].values())
    assert code == 1
    assert counts["rows_in"] == counts["kept"] + counts["passed_over"] + refused == 3
    assert "a.nmea, row 2: no_time" in out
    assert "--start" in out
    assert "没有一行可用" in out


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (shapely.box(636_025.0, 3_221_162.0, 693_549.0, 3_244_974.0), []),
        (shapely.box(121.0, 29.0, 121.3, 29.3), ["--timezone", "Mars/Base"]),
    ],
)
def test_an_init_that_cannot_be_leaves_no_folder(
    run: Run, tmp_path: Path, shape: shapely.Geometry, words: list[str]
) -> None:
    path = tmp_path / "c.gpkg"
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(path)
    code, out, err = run("init", tmp_path / "ws", "--coast", path, *words, "--json")
    assert code == 1
    assert set(json.loads(out.splitlines()[-1])) == {"counts", "seconds", "quarantined"}
    assert len(err.splitlines()) == 2
    assert not (tmp_path / "ws").exists()


def test_what_the_system_refuses_is_told_too(run: Run, shared: Path, tmp_path: Path) -> None:
    source = shared / "coast" / "tide_constituents_validation.json"
    station = json.loads(source.read_text())["stations"][0]["id"]
    span = ("--from", "2027-01-01", "--to", "2027-01-02")
    out = tmp_path / "no such" / "t.csv"
    code, _, err = run("tides", source, "--station", station, *span, "--out", out)
    assert code == 1
    assert [line.split("：")[0].split(":")[0] for line in err.splitlines()] == ["错误", "error"]
    assert str(out) in err


def test_the_chinese_line_is_chinese(coast: Workspace, tmp_path: Path) -> None:
    cases = [
        ("wharves", "absent.csv", None),
        ("wharves", "w.csv", "a,b\n1,2\n"),
        ("wharves", "p.csv", f"{HEAD},手机\nA,a,1,2,3\n"),
        ("tides", "t.csv", "station_id,constituent,amplitude_m,phase_deg_gmt\nX,M2,1,\n"),
        ("tides", "t.json", "[]"),
        ("depth", "d.tif", "x"),
        ("coast", "c.gpkg", "x"),
    ]
    for kind, name, text in cases:
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        with pytest.raises(InputError) as refused:
            import_file(coast, kind, path, now=NOW)
        line = chinese(refused.value)
        what, mend = line.removeprefix(refused.value.where).split("。", 1)
        assert "输入不能使用" not in what, line
        assert re.search("[一-鿿]", mend), line
        assert name in line


def test_a_damaged_database_is_told_in_two_lines(run: Run, plain_ws: Workspace) -> None:
    plain_ws.close()
    (plain_ws.root / "shoregrid.db").write_text("no database at all, only words\n" * 9)
    code, _, err = run("status", plain_ws.root)
    assert code == 1
    assert "数据库" in err.splitlines()[0]
    assert "file is not a database" in err.splitlines()[1]
