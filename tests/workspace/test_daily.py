"""A section's shift from a workspace: only what lies there, and who comes by."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from workspace import patrols, planning, read, runs, store
from workspace._duties import repair_words
from workspace._run import shifts_from
from workspace.daily import daily, shift_of
from workspace.folder import Workspace
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
FILES = {
    "sections": "编号,名称,经度,纬度\nSA,甲段,121.615,29.31\nSB,乙段,121.91,29.25\n",
    "wharves": "wharf_id,name,lon,lat,cadence_days\nW1,东门码头,121.914,29.27,7\n"
    "W2,西门码头,121.61,29.31,7\n",
    "facilities": "编号,名称,类别,状态,起始日期,经度,纬度\n"
    "F1,东探头,监控,损坏,2026-11-13,121.914,29.27\n"
    "F2,灯,灯,正常,,121.914,29.27\n",
    "posts": "岗位编号,职务,姓名,单位,值班电话,对象类型,对象编号\n"
    "P1,段长,甲,办,0574-1,岸段,SB\nP2,一级码长,乙,所,0574-2,码头,W1\n",
    "incidents": "编号,时间,类别,经度,纬度\nI1,2026-11-22 03:00,走私,121.914,29.27\n"
    "I2,2026-11-01 03:00,走私,121.914,29.27\n",
    "teams": "编号,名称,类型,单位,经度,纬度\nT1,一队,车巡,甲,121.60,29.31\n"
    "T3,三队,船巡,乙,121.85,29.20\n",
}


@pytest.fixture
def county(coast: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(patrols, "PLANS", 2)
    monkeypatch.setattr(patrols, "ITERATIONS", 60)
    for kind, text in FILES.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        assert not import_file(coast, kind, path, now=NOW).refused, kind
    runs.score(coast, DAY, days=1, now=NOW)
    planning.plan(coast, DAY, days=1, now=NOW)
    return coast


def test_a_section_is_told_what_lies_on_it(county: Workspace) -> None:
    shift = shifts_from(county, DAY, 1)[2]
    one, other = (daily(county, name, shift, now=NOW) for name in ("SB", "SA"))
    assert [row["key"] for row in one["late"]] == ["W1"]
    assert [row["key"] for row in other["late"]] == ["W2"]
    (broken,) = one["broken"]
    assert broken["text_zh"] == "东探头：损坏 10 天"
    assert other["broken"] == []
    assert [row["name"] for row in one["people"]] == ["甲"]
    assert [(w["wharf_id"], len(w["people"])) for w in one["wharves"]] == [("W1", 1)]
    assert [row["kind"] for row in one["incidents"]] == ["走私"]
    assert other["incidents"] == []


def test_every_stop_of_the_plan_is_told_in_one_section(county: Workspace) -> None:
    told = 0
    for shift in shifts_from(county, DAY, 1):
        kept = patrols.patrols_of(county, shift)
        if kept is None:
            continue
        went = kept.plan.routes.filter(pl.col("part").is_in(["plan", "explore"])).height
        here = [daily(county, name, shift, now=NOW) for name in ("SA", "SB")]
        stops = [stop for one in here for team in one["teams"] for stop in team["stops"]]
        assert len(stops) == went
        assert all(one["planned"] for one in here)
        told += went
    assert told > 0
    store.clear(county.engine, "patrol_plans")
    assert not daily(county, "SA", shifts_from(county, DAY, 1)[2], now=NOW)["planned"]


def test_patrols_are_a_layer_of_routes_stops_and_checkpoints(county: Workspace) -> None:
    for shift in shifts_from(county, DAY, 1):
        kept = patrols.patrols_of(county, shift)
        told = read.layer(county, "patrols", shift_id=shift.shift_id)
        if kept is None or kept.plan.routes.is_empty():
            assert told.empty
            continue
        stops = told[told["part"] == "stop"]
        went = kept.plan.routes.filter(pl.col("part").is_in(["plan", "explore"]))
        assert len(stops) == went.height
        out = told[told["part"] == "route"]
        assert set(out["team_id"]) == set(went["team_id"])
        assert out.geometry.is_closed.all()
        assert (out["number"] == [len(went.filter(team_id=t)) for t in out["team_id"]]).all()
    assert read.layer(county, "patrols", shift_id="2030-01-01T02:00").empty


def test_a_facility_without_a_name_goes_by_its_kind() -> None:
    row = {"name": None, "name_en": None, "kind": "height_bar", "facility_id": "F9"}
    told = repair_words({**row, "status": "missing", "days_out": None})
    assert told == (
        "限高杆 F9：缺失（起始日期不详）",
        "height bar F9: missing, nobody noted since when",
    )


@pytest.mark.parametrize("text", ["2026-11-23T99:00", "gestern", ""])
def test_no_shift_of_that_name_is_none(coast: Workspace, text: str) -> None:
    assert shift_of(coast, text) is None
