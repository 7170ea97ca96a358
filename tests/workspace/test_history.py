"""What changed by an import, and what it did not touch."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from geo.errors import InputError
from workspace import _cli_places, history, store
from workspace.folder import Workspace
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HEAD = "编号,名称,类别,业主单位,经度,纬度"


def _csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _wharves(
    ws: Workspace, tmp_path: Path, rows: str, *, name: str = "w.csv", days: int = 0
) -> pl.DataFrame:
    path = _csv(tmp_path / name, f"{HEAD}\n{rows}")
    import_file(ws, "wharves", path, now=NOW + timedelta(days=days), user="档案员")
    return history.of(ws, "wharves")


def test_each_key_that_changes_is_written_down_once(
    ws: Workspace, coast_file: Path, tmp_path: Path
) -> None:
    import_file(ws, "coast", coast_file, now=NOW)
    first = "W1,一号,渔港,甲公司,121.91,29.25\nW2,二号,渔港,乙公司,121.91,29.26\n"
    found = _wharves(ws, tmp_path, first)
    assert found.select("key", "action", "changes").rows() == [
        ("W2", "added", "{}"), ("W1", "added", "{}"),
    ]  # fmt: skip
    assert _wharves(ws, tmp_path, first, days=1).height == 2
    later = first.replace("二号,渔港,乙公司", "二号,港口,").replace("29.26", "29.27")
    found = _wharves(ws, tmp_path, later, name="新.csv", days=2)
    row = found.row(0, named=True)
    assert (found.height, row["key"], row["action"]) == (3, "W2", "changed")
    assert (row["source"], row["user"], row["t"]) == ("新.csv", "档案员", NOW + timedelta(days=2))
    assert json.loads(row["changes"]) == {
        "wharf_class": ["fishing", "port"], "owner_unit": ["乙公司", None], "lat": [29.26, 29.27],
    }  # fmt: skip
    assert history.of(ws, "wharves", "W1").height == 1
    assert history.of(ws, "facilities").is_empty()
    assert history.of(ws).height == 3


def test_columns_that_the_file_lacks_stay_as_they_are(coast: Workspace, tmp_path: Path) -> None:
    _wharves(coast, tmp_path, "W1,一号,渔港,甲公司,121.91,29.25\n")
    done = import_file(
        coast,
        "wharves",
        _csv(tmp_path / "s.csv", "编号,状态,泊位数\nW1,停用,3\nW7,在用,1\n"),
        now=NOW,
    )
    assert (done.counts["updated"], done.counts["added"]) == (1, 0)
    assert [(one.row, one.reason) for one in done.refused] == [(3, "unknown_key")]
    assert "name, lon, lat" in done.refused[0].mend
    row = store.read(coast.engine, "wharves").row(0, named=True)
    assert (row["name"], row["wharf_class"], row["owner_unit"]) == ("一号", "fishing", "甲公司")
    assert (row["status"], row["berths"]) == ("closed", 3)
    assert row["shoreline_id"] is not None
    changes = json.loads(history.of(coast, "wharves", "W1")["changes"][0])
    assert changes == {"status": ["in_use", "closed"], "berths": [None, 3]}


def test_a_made_row_that_a_file_changes_is_made_no_longer(coast: Workspace, tmp_path: Path) -> None:
    rows = "W1,一号,渔港,甲公司,121.91,29.25\nW2,二号,渔港,乙公司,121.91,29.26\n"
    _wharves(coast, tmp_path, rows)
    made = store.read(coast.engine, "wharves").with_columns(made=pl.lit(value=True))
    store.write(coast.engine, "wharves", made, replace=True)
    _wharves(coast, tmp_path, rows.replace("甲公司", "丙公司"))
    found = store.read(coast.engine, "wharves")
    assert dict(found.select("wharf_id", "made").iter_rows()) == {"W1": False, "W2": True}


def test_of_persons_only_that_they_changed_is_kept(coast: Workspace, tmp_path: Path) -> None:
    head = "编号,岗位,姓名,值班电话,对象类型,对象编号\n"
    for name, phone in (("甲某", "0574-00000001"), ("乙某", "0574-00000002")):
        text = f"{head}P1,section_chief,{name},{phone},岸段,S01\n"
        import_file(coast, "posts", _csv(tmp_path / "p.csv", text), now=NOW)
    told = str(history.of(coast, "posts").rows())
    assert "name" in told
    assert "duty_phone" in told
    for kept_out in ("甲某", "乙某", "00000001", "00000002"):
        assert kept_out not in told


def test_what_fails_is_not_written_down(coast: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        _wharves(coast, tmp_path, "W1,一号,渔港,13912345678,121.91,29.25\n")
    assert history.of(coast).is_empty()
    with pytest.raises(InputError, match="wharves"):
        history.of(coast, "land")


def test_the_command_tells_it_in_both_languages(
    coast: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _wharves(coast, tmp_path, "W1,一号,渔港,甲公司,121.91,29.25\n")
    _wharves(coast, tmp_path, "W1,一号,港口,甲公司,121.91,29.25\n")
    _cli_places.history(coast.root, table="wharves", key="W1", limit=100, as_json=True)
    out = capsys.readouterr().out
    told = "wharves W1 变更 changed (档案员, w.csv) wharf_class: fishing → port"
    assert f"2026-11-23 20:00 {told}" in out
    assert json.loads(out.splitlines()[-1])["counts"] == {"changes": 2}
    _cli_places.history(coast.root, table=None, key=None, limit=1, as_json=False)
    assert "… 1 more" in capsys.readouterr().out
