"""Patrols of a workspace: teams imported, plans that hold, kept, changed, and taken along."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pyogrio
import pytest
import shapely

from geo.errors import InputError
from workspace import exploring, patrol_sheet, patrols, planning, runs, store
from workspace._run import shifts_from
from workspace.folder import Workspace
from workspace.importers import Imported, import_file
from workspace.patrol_checkpoints import why_none
from workspace.placing import snap

NOW = datetime(2026, 11, 23, 0, tzinfo=UTC)  # 08:00 in Shanghai
DAY = date(2026, 11, 23)
HEAD = "编号,名称,类型,单位,经度,纬度,时速,可用分钟,视距,班次"
TEAMS = """T1,一队,车巡,甲,121.60,29.31,30,,,
T2,二队,步巡,甲,121.91,29.25,,,,"10:00,14:00"
T3,三队,船巡,乙,121.75,29.20,20,180,,
T4,视频,摄像头,乙,121.91,29.27,,60,5,
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search less than a real plan does; what is asserted holds of any."""
    monkeypatch.setattr(patrols, "PLANS", 3)
    monkeypatch.setattr(patrols, "ITERATIONS", 60)


def _import(ws: Workspace, folder: Path, text: str, kind: str = "teams") -> Imported:
    path = folder / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    return import_file(ws, kind, path, now=NOW)


def _manned(ws: Workspace, folder: Path) -> Workspace:
    """Put teams, wharves that are due and a day of scores into a workspace with a coast."""
    assert not _import(ws, folder, f"{HEAD}\n{TEAMS}").refused
    wharves = "wharf_id,name,lon,lat,cadence_days\nW1,东门码头,121.914,29.27,7\n"
    wharves += "W2,西门码头,121.61,29.31,7\n"
    assert not _import(ws, folder, wharves, "wharves").refused
    runs.score(ws, DAY, days=1, now=NOW)
    return ws


@pytest.fixture
def manned(coast: Workspace, tmp_path: Path) -> Workspace:
    return _manned(coast, tmp_path)


def _all(ws: Workspace) -> list[patrols.Patrols]:
    found = [patrols.patrols_of(ws, shift) for shift in shifts_from(ws, DAY, 1)]
    return [one for one in found if one is not None]


def test_teams_that_cannot_set_out_are_named_with_row_and_mend(
    coast: Workspace, tmp_path: Path
) -> None:
    rows = [
        "T1,一队,车巡,甲,121.60,29.31,30,,,",
        "T2,二队,步巡,甲,,,,,,",
        "T3,三队,骑马,甲,121.6,29.3,,,,",
        "T4,四队,车巡,甲,121.6,29.3,900,,,",
        "T5,五队,车巡,甲,121.6,29.3,,,,03:30",
        "T6,六队,车巡,甲,100.0,10.0,,,,",
        "T1,又一队,车巡,甲,121.6,29.3,,,,",
        "T7,七队,步巡,甲,121.6,29.3,60,,,",
    ]
    done = _import(coast, tmp_path, "\n".join([HEAD, *rows]))
    assert store.read(coast.engine, "teams")["team_id"].to_list() == ["T1"]
    told = {one.row: (one.reason, one.detail, one.mend) for one in done.refused}
    assert sorted(told) == [3, 4, 5, 6, 7, 8, 9]
    assert "lon" in told[3][1]
    assert told[6][0] == "unknown_shift"
    assert "22:00" in told[6][2]
    assert told[7][0] == "far_from_shore"
    assert told[8][0] == "duplicate_key"
    assert told[9][0] == "out_of_range"
    assert all(mend for _, _, mend in told.values())


def test_a_plan_keeps_to_shifts_windows_and_kinds(manned: Workspace) -> None:
    planning.plan(manned, DAY, days=1, now=NOW)
    found = _all(manned)
    # The two shifts that were over at eight are not planned.
    assert [one.shift.shift_id[11:] for one in found] == [
        "06:00",
        "10:00",
        "14:00",
        "18:00",
        "22:00",
    ]
    visited = 0
    for one in found:
        serving = set(one.teams["team_id"])
        assert ("T2" in serving) == (one.shift.shift_id[11:] in {"10:00", "14:00"})
        stops = {row["stop_id"]: row for row in one.stops.iter_rows(named=True)}
        kind = dict(one.teams.select("team_id", "kind").iter_rows())
        for row in one.plan.routes.iter_rows(named=True):
            assert one.shift.t0 <= row["start"] <= row["leave"] <= one.shift.t1
            if row["stop_id"] is None:
                continue
            visited += 1
            stop = stops[row["stop_id"]]
            assert kind[row["team_id"]] in stop["kinds"]
            assert stop["windows"] is None or any(
                w["t0"] <= row["start"] and row["leave"] <= w["t1"] for w in stop["windows"]
            )
        told = set(one.plan.left_out["stop_id"]) | set(one.plan.routes["stop_id"].drop_nulls())
        assert told == set(stops)
    assert visited > 10


def test_what_is_due_is_visited_by_day_and_once(manned: Workspace) -> None:
    planning.plan(manned, DAY, days=1, now=NOW)
    visits = [
        (one.shift.shift_id[11:], stop)
        for one in _all(manned)
        for stop in one.plan.routes.filter(pl.col("part") == "plan")["stop_id"]
        if stop and stop.startswith("wharf/")
    ]
    assert sorted(stop for _, stop in visits) == ["wharf/W1", "wharf/W2"]
    assert {start for start, _ in visits} <= {"06:00", "10:00", "14:00"}
    one = _all(manned)[0]
    assert "没有巡查记录" in one.stop("wharf/W1")["reason_zh"]


def test_the_same_workspace_gives_the_same_plan_and_a_shift_keeps_what_it_was_told(
    manned: Workspace, tmp_path: Path
) -> None:
    _roads(manned, tmp_path)
    names = (
        "patrol_plans", "patrol_stops", "patrol_routes", "patrol_teams", "patrol_checkpoints",
    )  # fmt: skip
    kept = []
    for _ in range(2):
        planning.plan(manned, DAY, days=1, now=NOW)
        kept.append([store.read(manned.engine, name) for name in names])
    for name, before, after in zip(names, *kept, strict=True):
        first = before["shift_start"].min()
        ahead = pl.col("shift_start") > first
        gone = ["run_id"] if "run_id" in before.columns else []
        assert before.filter(ahead).drop(gone).equals(after.filter(ahead).drop(gone)), name
        # That of 06:00 was under way, and had been told.
        assert before.filter(~ahead).equals(after.filter(~ahead)), name


def test_the_lot_sends_teams_with_a_probability_that_is_kept(manned: Workspace) -> None:
    planning.plan(manned, DAY, days=1, now=NOW)
    shares = []
    for one in _all(manned):
        sent = one.plan.routes.filter(pl.col("part") == "explore")["stop_id"].to_list()
        lot = one.stops.filter(pl.col("purpose") == "explore")
        assert set(sent) <= set(lot["stop_id"])
        told = one.plan.left_out.filter(pl.col("stop_id").is_in(lot["stop_id"].to_list()))
        assert len(sent) + len(told) == len(lot)
        chance = lot.filter(pl.col("stop_id").is_in(sent))["probability"]
        assert ((chance > 0.0) & (chance <= 1.0)).all()
        shares.append(one.about["explore_reached"])
        assert one.about["plan_bits"] >= 0.0
        assert 0.0 < one.about["probability"] <= 1.0
    assert any(share > 0.0 for share in shares)


def test_over_many_nights_exploration_has_its_share_of_the_time(
    manned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = np.zeros(2)
    for night in range(6):
        monkeypatch.setattr(patrols, "seed_of", lambda _ws, night=night: night)
        monkeypatch.setattr(exploring, "seed_of", lambda _ws, night=night: 1_000 + night)
        for name in ("explorations", "patrol_plans"):
            store.clear(manned.engine, name)
        planning.plan(manned, DAY, days=1, now=NOW)
        for one in _all(manned):
            at_stops = one.plan.routes.filter(pl.col("part").is_in(["plan", "explore"]))
            minutes = (at_stops["leave"] - at_stops["start"]).dt.total_seconds().to_numpy()
            lot = (at_stops["part"] == "explore").to_numpy()
            spent += [minutes[lot].sum(), minutes.sum()]
    assert spent[0] / spent[1] == pytest.approx(manned.config.explore_share, abs=0.03)


def _roads(ws: Workspace, folder: Path) -> None:
    """Import a road along the shore and three inland from it, with a crossroad."""
    lines = [
        [(121.58, 29.312), (121.70, 29.30), (121.92, 29.262)],
        [(121.70, 29.30), (121.70, 29.36)],
        [(121.80, 29.283), (121.80, 29.36)],
        [(121.65, 29.345), (121.85, 29.345)],
    ]
    names = ["沿海路", "北一路", "北二路", "横路"]
    shapes = [shapely.LineString(one) for one in lines]
    layer = gpd.GeoDataFrame({"名称": names}, geometry=shapes, crs=4326)
    layer.to_file(folder / "roads.gpkg", engine="pyogrio")
    import_file(ws, "ways", folder / "roads.gpkg", now=NOW)


def test_checkpoints_stand_inland_fixed_in_number_and_random_in_time(
    manned: Workspace, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "未设卡点" in str(why_none(manned, patrols.network(manned)))
    _roads(manned, tmp_path)
    seen: dict[tuple[str, datetime], int] = {}
    nights = 6
    for night in range(nights):
        monkeypatch.setattr(patrols, "seed_of", lambda _ws, night=night: night)
        store.clear(manned.engine, "patrol_plans")
        planning.plan(manned, DAY, days=1, now=NOW)
        for one in _all(manned):
            if one.stops.filter(pl.col("purpose") == "zone").is_empty():
                continue
            points = one.checkpoints
            assert len(points) == manned.config.checkpoints
            assert points["checkpoint_id"].n_unique() == len(points)
            assert points["t0"].min() >= one.shift.t0
            assert points["t1"].max() <= one.shift.t1
            near = snap(manned, points["lon"], points["lat"], max_m=1_000.0)
            assert near["shoreline_id"].null_count() == len(points)
            assert points["probability"].is_between(0.0, 1.0, closed="right").all()
            for key in points.select("checkpoint_id", "t0").iter_rows():
                seen[key] = seen.get(key, 0) + 1
    # Nobody learns where and when: no place has the same hour every night.
    assert max(seen.values()) < nights
    one = _all(manned)[-1]
    at = ("--date", "2026-11-23", "--shift", one.shift.shift_id[11:])
    _, out, _ = run("patrols", manned.root, "show", *at, "--json")
    assert len(json.loads(out.splitlines()[-1])["checkpoints"]) == len(one.checkpoints)
    assert out.count("卡点 ") >= len(one.checkpoints)
    page = patrol_sheet.page(manned, one, ["T1"])
    assert all(f"{row['lat']:.5f}" in page for row in one.checkpoints.to_dicts())


def test_without_teams_zones_are_planned_and_the_reason_is_told(coast: Workspace) -> None:
    done = planning.plan(coast, DAY, days=1, now=NOW)
    assert done.counts["zones"] > 0
    assert any("没有队伍 · no patrols: there is no team" in line for line in done.lines)
    assert all(one.plan.empty is not None for one in _all(coast))


@pytest.mark.parametrize("raised_m", [-2.0, 0.8])
def test_another_tide_and_a_team_less_leave_a_plan_that_holds(
    manned: Workspace, raised_m: float
) -> None:
    planning.plan(manned, DAY, days=1, now=NOW)
    one = _all(manned)[1]
    tide = patrols.changed(manned, one, raised_m=raised_m)
    assert tide.plan.empty is None
    assert tide.prize_after > 0.0
    fewer = patrols.changed(manned, one, without=["T1"])
    assert "T1" not in set(fewer.plan.routes["team_id"])
    lost = one.plan.routes.filter((pl.col("team_id") == "T1") & pl.col("stop_id").is_not_null())
    assert set(lost["stop_id"]) == set(fewer.moved.filter(pl.col("team_before") == "T1")["stop_id"])


def test_cars_keep_to_the_ways_and_a_barred_one_costs_stops(
    manned: Workspace, tmp_path: Path
) -> None:
    road = shapely.LineString([(121.58, 29.312), (121.70, 29.30), (121.92, 29.262)])
    layer = gpd.GeoDataFrame({"名称": ["沿海路"]}, geometry=[road], crs=4326)
    layer.to_file(tmp_path / "ways.gpkg", engine="pyogrio")
    import_file(manned, "ways", tmp_path / "ways.gpkg", now=NOW)
    planning.plan(manned, DAY, days=1, now=NOW)
    one = _all(manned)[1]
    basis = dict(one.plan.totals.select("team_id", "basis").iter_rows())
    assert basis["T1"] == "network"
    assert basis["T3"].startswith("straight line")
    far = patrols.changed(manned, one, barred=[1])
    by_car = far.plan.routes.filter((pl.col("team_id") == "T1") & pl.col("stop_id").is_not_null())
    assert len(by_car) < len(one.plan.routes.filter(pl.col("team_id") == "T1"))
    with pytest.raises(InputError, match="there is no way 9"):
        patrols.changed(manned, one, barred=[9])


def test_the_command_shows_changes_and_writes_them(
    manned: Workspace, run: Run, tmp_path: Path
) -> None:
    planning.plan(manned, DAY, days=1, now=NOW)
    root = manned.root
    at = ("--date", "2026-11-23", "--shift", "10:00")
    code, out, _ = run("patrols", root, "show", *at, "--json")
    told = json.loads(out.splitlines()[-1])
    assert code == 0
    assert told["shift"] == "2026-11-23T10:00"
    assert len(told["routes"]) > 3
    assert "车巡" in out
    code, out, _ = run("patrols", root, "what-if", *at, "--without", "T1")
    assert code == 0
    assert "risk covered" in out
    team = told["routes"][0]["team_id"]
    assert run("patrols", root, "sheet", tmp_path / "r.gpx", *at, "--team", team)[0] == 0
    points = pyogrio.read_dataframe(tmp_path / "r.gpx", layer="route_points")
    mine = [row for row in told["routes"] if row["team_id"] == team]
    assert len(points) == len(mine) + 1
    assert run("patrols", root, "sheet", tmp_path / "r.html", *at)[0] == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="|url\(|https?://', page)
    names = {row["stop_id"] for row in told["routes"] if row["stop_id"]}
    one = _all(manned)[1]
    assert all(one.stop(stop)["name"] in page for stop in names)


def test_a_phone_opens_the_next_shift_and_chooses_teams(manned: Workspace) -> None:
    assert "没有巡逻方案" in patrol_sheet.phone(manned, None, None, now=NOW)
    planning.plan(manned, DAY, days=1, now=NOW)
    first = patrol_sheet.phone(manned, None, None, now=NOW)
    assert first.count('aria-current="true"') == 2
    assert "06:00–10:00" in first
    one = _all(manned)[1]
    team = one.plan.routes["team_id"][-1]
    page = patrol_sheet.phone(manned, one.shift.shift_id, team, now=NOW)
    mine = one.plan.routes.filter(pl.col("team_id") == team)["stop_id"].drop_nulls()
    assert all(one.stop(stop)["name"] in page for stop in mine)
    assert "没有巡逻方案" in patrol_sheet.phone(manned, "2026-99-23T10:00", None, now=NOW)
    assert patrol_sheet.route(manned, one.shift.shift_id, team).startswith("<?xml")
    for shift, name in (("2026-99-23T10:00", team), (one.shift.shift_id, "T9")):
        assert patrol_sheet.route(manned, shift, name) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "--date", "2026-11-23", "--team", "T9"), "there is no team T9"),
        (("show", "--date", "2027-01-01"), "no patrols are planned for 2027-01-01"),
        (("what-if", "--date", "2026-11-23", "--without", "T9"), "there is no team T9"),
        (("sheet", "x.gpx", "--date", "2026-11-23"), "a GPX file holds the route of one team"),
        (("sheet", "x.doc", "--date", "2026-11-23"), "the ending .doc is not known"),
    ],
)
def test_a_wrong_wish_is_told_with_its_mend(
    manned: Workspace, run: Run, words: tuple[str, ...], said: str
) -> None:
    planning.plan(manned, DAY, days=1, now=NOW)
    code, _, err = run("patrols", manned.root, *words)
    assert code == 1
    assert said in err
    assert "输入不能使用" not in err


def test_both_databases_keep_a_plan(ws: Workspace, coast_file: Path, tmp_path: Path) -> None:
    import_file(ws, "coast", coast_file)
    _manned(ws, tmp_path)
    planning.plan(ws, DAY, days=1, now=NOW)
    found = _all(ws)
    assert len(found) == 5
    assert sum(len(one.plan.routes) for one in found) > 10
    assert patrols.changed(ws, found[2], without=["T1"]).prize_before > 0.0
