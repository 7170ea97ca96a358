"""Lists of vessels: what is taken from a file, and which vessels it means."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from geo.errors import InputError
from workspace import history, registers, store
from workspace.folder import Workspace
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZH = "编号,名册,类别,船名,船体号,MMSI,IMO,呼号,事由,起,止"
ROWS = (
    "L1,2026年三无船舶,三无船舶,,浙象渔12345,,,,无证,2026-01-01,",
    "L2,改装名册,改装船,海洋,,412000001,,,加高干舷,,2026-06-30",
    "L3,关注,重点关注,,,,9074729,,走私前科,,",
    "L4,关注,布控,,,,,BVXY7,,,",
    "L5,关注,关注,ＨＡＩ　ＹＡＮＧ－８８号,,,,,,,",
)


def _file(path: Path, *rows: str, head: str = ZH, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join([head, *rows, ""]), encoding=encoding)
    return path


def _heard(ws: Workspace, rows: list[tuple[int, int | None, str | None, str | None]]) -> None:
    """Put vessels into the workspace: (mmsi, imo, name, callsign)."""
    t = pl.lit(NOW).cast(pl.Datetime("ms", "UTC"))
    told = pl.DataFrame(
        rows,
        schema={"mmsi": pl.Int64, "imo": pl.Int64, "name": pl.String, "callsign": pl.String},
        orient="row",
    ).with_columns(seen_from=t, seen_to=t)
    keyed = told.with_columns(static_key=pl.int_range(pl.len()).cast(pl.String))
    store.write(ws.engine, "vessel_history", keyed)
    store.upsert(ws.engine, "vessels", told.unique("mmsi", keep="last", maintain_order=True))


def test_a_list_is_read_in_both_languages_and_from_a_workbook(
    ws: Workspace, tmp_path: Path
) -> None:
    done = import_file(ws, "registers", _file(tmp_path / "名册.csv", *ROWS, encoding="gb18030"))
    assert (done.counts["added"], done.refused) == (5, [])
    first = store.read(ws.engine, "vessel_lists")
    assert first["kind"].to_list() == ["unregistered", "modified", "watch", "watch", "watch"]
    assert first["valid_from"][0] == date(2026, 1, 1)
    assert first["source"].unique().to_list() == ["名册.csv"]
    assert not first["made"].any()
    english = "list_id,list_name,kind,name,hull_number,mmsi,imo,callsign,reason,valid_from,valid_to"
    words = {"三无船舶": "unregistered", "改装船": "modified", "重点关注": "watch"}
    words |= {"布控": "watch", "关注": "watch"}
    rows = [one.split(",") for one in ROWS]
    for row in rows:
        row[2] = words[row[2]]
    book = openpyxl.Workbook()
    for row in (english.split(","), *rows):
        book.active.append(row)
    book.save(tmp_path / "lists.xlsx")
    again = import_file(ws, "registers", tmp_path / "lists.xlsx")
    assert (again.counts["unchanged"], again.counts["updated"]) == (5, 0)
    assert store.read(ws.engine, "vessel_lists").equals(first)


def test_a_row_is_changed_by_its_key_and_the_change_is_kept(ws: Workspace, tmp_path: Path) -> None:
    import_file(ws, "registers", _file(tmp_path / "a.csv", *ROWS))
    short = _file(tmp_path / "b.csv", "L1,2026-12-31", "L9,2026-12-31", head="编号,止")
    done = import_file(ws, "registers", short, user="kim")
    assert (done.counts["updated"], done.quarantined) == (1, {"unknown_key": 1})
    row = store.read(ws.engine, "vessel_lists").row(0, named=True)
    assert (row["valid_to"], row["hull_number"]) == (date(2026, 12, 31), "浙象渔12345")
    assert row["source"] == "b.csv"
    kept = history.of(ws, "vessel_lists", "L1")
    assert kept["action"].to_list() == ["changed", "added"]
    assert kept["changes"][0] == '{"valid_to":[null,"2026-12-31"]}'


def test_a_row_without_key_gets_the_same_one_again(ws: Workspace, tmp_path: Path) -> None:
    path = _file(tmp_path / "a.csv", *(one[3:] for one in ROWS), head=ZH.removeprefix("编号,"))
    assert import_file(ws, "registers", path).counts["added"] == 5
    assert import_file(ws, "registers", path).counts["unchanged"] == 5


@pytest.mark.parametrize(
    ("row", "reason", "said"),
    [
        ("X1,名册,三无,,,,,,无证,,", "no_vessel", "no MMSI, IMO"),
        ("X1,名册,三无,,,,9074728,,,,", "bad_value", "check digit"),
        ("X1,名册,三无,,,12345,,,,,", "bad_value", "`mmsi` was 12345"),
        ("X1,名册,渔船,,浙象渔1,,,,,,", "bad_value", "`kind` was '渔船'"),
        ("X1,名册,三无,,浙象渔1,,,,,2026-02-01,2026-01-01", "bad_value", "lies before"),
        ("L1,名册,三无,,浙象渔1,,,,,,", "duplicate_key", "is there before"),
        ("X1,名册,三无,,浙象渔1,,,,13800000000,,", "personal_data", "person's data"),
        ("X1,名册,三无,,浙象渔1,,,,(138)00138000,,", "personal_data", "person's data"),
        ("X1,名册,三无,,浙象渔1,,,,330225 700101 123,,", "personal_data", "person's data"),
    ],
)
def test_a_row_that_cannot_be_kept_says_why(
    plain_ws: Workspace, tmp_path: Path, row: str, reason: str, said: str
) -> None:
    done = import_file(plain_ws, "registers", _file(tmp_path / "a.csv", ROWS[0], row))
    assert done.counts["added"] == 1
    (refusal,) = done.refused
    assert (refusal.row, refusal.reason) == (3, reason)
    assert said in refusal.detail
    assert refusal.mend


@pytest.mark.parametrize(
    "header", ["船主", "船东姓名", "身份证号", "联系电话", "手机", "owner name"]
)
def test_persons_are_not_taken(plain_ws: Workspace, tmp_path: Path, header: str) -> None:
    path = _file(tmp_path / "a.csv", f"{ROWS[0]},某某", head=f"{ZH},{header}")
    with pytest.raises(InputError, match="personal data"):
        import_file(plain_ws, "registers", path)
    assert store.count(plain_ws.engine, "vessel_lists") == 0


def test_vessels_are_found_by_each_mark_and_by_nothing_else(ws: Workspace, tmp_path: Path) -> None:
    import_file(ws, "registers", _file(tmp_path / "a.csv", *ROWS))
    _heard(
        ws,
        [
            (412_000_001, None, None, None),
            (412_000_002, None, "ZheXiangYu 12345", None),  # pinyin, other case and blanks
            (412_000_003, None, "ZHEXIANGYU12346", None),  # another number
            (412_000_004, 9_074_729, "QUEEN", "BVXY8"),
            (412_000_005, None, None, "bvxy7"),
            (412_000_006, None, "HAI YANG 88", None),
            (412_000_007, None, "HAI YANG 8", None),
            (412_000_008, None, "OLD NAME", None),
            (412_000_008, None, "浙象渔12345", None),  # one of its names is enough
            (412_000_009, None, "XIANGYU12345", None),
        ],
    )
    found = registers.listed(ws).select("mmsi", "list_id", "basis", "told", "kind").rows()
    assert found == [
        (412_000_001, "L2", "mmsi", "412000001", "modified"),
        (412_000_002, "L1", "hull number", "ZheXiangYu 12345", "unregistered"),
        (412_000_004, "L3", "imo", "9074729", "watch"),
        (412_000_005, "L4", "callsign", "bvxy7", "watch"),
        (412_000_006, "L5", "name", "HAI YANG 88", "watch"),
        (412_000_008, "L1", "hull number", "浙象渔12345", "unregistered"),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("浙象渔12345", "ZHEXIANGYU12345"),
        (" 浙 岱 渔 运－００１２３ 号", "ZHEDAIYUYUN00123"),
        ("ZHE-LING YU.23456", "ZHELINGYU23456"),
        ("海洋22号", "海洋22"),
        ("海洋2号", None),
        ("海洋救1001", "海洋救1001"),  # not all of it is in the table: left as it is
        ("A1", None),
        ("---", None),
        (None, None),
    ],
)
def test_names_in_plain_form(text: str | None, plain: str | None) -> None:
    found = pl.select(registers.plain_name(pl.lit(text, pl.String))).item()
    assert found == plain


def test_a_list_holds_from_its_first_day_to_its_last(plain_ws: Workspace, tmp_path: Path) -> None:
    import_file(plain_ws, "registers", _file(tmp_path / "a.csv", *ROWS))
    lists = store.read(plain_ws.engine, "vessel_lists")

    def holding(day: date) -> list[str]:
        return registers.in_force(lists, day).filter("in_force")["list_id"].to_list()

    assert holding(date(2025, 12, 31)) == ["L2", "L3", "L4", "L5"]
    assert holding(date(2026, 6, 30)) == ["L1", "L2", "L3", "L4", "L5"]
    assert holding(date(2026, 7, 1)) == ["L1", "L3", "L4", "L5"]


def test_every_syllable_is_told_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    assert [one for one, said in registers.PINYIN.items() if f"{one} {said}" not in page] == []


def test_the_lists_may_be_written_back(plain_ws: Workspace, tmp_path: Path) -> None:
    """A list exported as CSV by its own columns imports unchanged."""
    import_file(plain_ws, "registers", _file(tmp_path / "a.csv", *ROWS))
    kept = store.read(plain_ws.engine, "vessel_lists").drop("source", "made")
    with (tmp_path / "b.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([kept.columns, *kept.rows()])
    assert import_file(plain_ws, "registers", tmp_path / "b.csv").counts["unchanged"] == 5
