from dataclasses import replace
from datetime import timedelta

import polars as pl
import pyogrio
import pytest

from geo.errors import InputError
from risk.patrol import plan
from risk.patrol_change import MOVED, Change, changed, what_if
from risk.patrol_gpx import gpx
from tests.risk._patrol_county import T0, county
from tests.risk._patrol_peer import broken
from tests.risk.test_patrol import grid, line

MADE = county(21, teams=6, stops=40)
BEFORE = plan(MADE, iterations=600)


def test_with_one_team_less_its_stops_fall_out_or_to_others():
    busiest = BEFORE.totals.filter(pl.col("kind") != "camera").sort("prize")["team_id"][-1]
    change = Change(without_teams=(busiest,))
    found = what_if(MADE, change, before=BEFORE)
    assert broken(changed(MADE, change), found.plan) == []
    assert found.prize_after < found.prize_before == BEFORE.prize
    assert found.moved.schema == MOVED
    assert busiest not in found.plan.routes["team_id"].to_list()
    net = found.moved.with_columns(
        sign=pl.col("change").replace_strict({"lost": -1, "gained": 1, "moved": 0})
    )
    assert (net["sign"] * net["prize"]).sum() == pytest.approx(
        found.prize_after - found.prize_before
    )
    assert net.filter(change="lost")["reason"].null_count() == 0


def test_a_tide_that_shuts_a_stop_shows_as_its_reason():
    stop = BEFORE.routes.filter(part="plan").sort("prize")["stop_id"][-1]
    early = [(T0 - timedelta(hours=9), T0 - timedelta(hours=8))]
    found = what_if(MADE, Change(windows={stop: early}), before=BEFORE)
    lost = found.moved.filter(stop_id=stop)
    assert lost.select("change", "reason").row(0) == ("lost", "window")


def test_nothing_changed_keeps_the_plan():
    found = what_if(MADE, Change(), before=BEFORE)
    assert found.moved.is_empty()
    assert found.plan.routes.equals(BEFORE.routes)


def test_a_barred_road_takes_the_way_round():
    made = replace(line([(0.1 * 96.486, {})]), network=grid())
    before = plan(made, iterations=20)
    found = what_if(made, Change(barred=(("c", "b"),)), before=before)
    assert before.totals["km"][0] == pytest.approx(19.6, abs=0.1)
    assert found.plan.totals["km"][0] == pytest.approx(50.0, abs=0.1)


def test_a_change_of_what_is_not_there_is_refused():
    with pytest.raises(InputError) as raised:
        what_if(MADE, Change(("T99",), {"S999": []}, (("a", "b"),)), before=BEFORE)
    for part in ("no team T99", "no stop S999", "no edge a to b"):
        assert part in raised.value.what


def test_a_route_is_read_back_by_gdal(tmp_path):
    path = tmp_path / "route.gpx"
    path.write_text(gpx(MADE, BEFORE, "T0"), encoding="utf-8")
    route = BEFORE.routes.filter(team_id="T0")
    points = pyogrio.read_dataframe(path, layer="route_points")
    assert points["name"].tolist()[1:-1] == route["stop_id"].drop_nulls().to_list()
    assert pyogrio.read_dataframe(path, layer="routes")["name"].tolist() == ["T0"]
    at = MADE.stops.filter(stop_id=points["name"][1])
    assert (points.geometry[1].x, points.geometry[1].y) == pytest.approx(
        (at["lon"][0], at["lat"][0]), abs=1e-6
    )
    assert points["time"].is_monotonic_increasing
    with pytest.raises(InputError, match="no route of team T77"):
        gpx(MADE, BEFORE, "T77")
