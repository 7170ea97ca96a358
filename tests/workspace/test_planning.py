"""What a plan holds on a small coast: zones that stay and say why, kilometres drawn by lot."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import shapely

from geo.errors import InputError
from risk.effort import corrected
from risk.explore import SHARES, expected_effort
from risk.shifts import Shift
from workspace import config, exploring, read, runs, staffing, store
from workspace.config import Config
from workspace.evidence import inputs
from workspace.folder import Workspace, open_workspace
from workspace.shipped import shipped_file
from workspace.weighting import weight_set

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)  # noon in Shanghai
DAY = date(2026, 11, 23)
NIGHT = datetime(2026, 11, 23, 14, tzinfo=UTC)  # 22:00
NOON = datetime(2026, 11, 23, 2, tzinfo=UTC)  # the shift of 10:00 is under way
HOT, COLD = 60.0, 25.0


def settings(ws: Workspace, **values: object) -> Workspace:
    """Return the workspace opened again with other settings."""
    path = ws.root / config.FILE_NAME
    config.write(path, {"timezone": "Asia/Shanghai", **values})
    ws.close()
    return open_workspace(ws.root)


def score(ws: Workspace, day: date, *, hot: slice = slice(0, 0), rise: float = HOT - COLD) -> None:
    """Store scores of a day: low everywhere, high on some segments because of incidents."""
    runs.score(ws, day, days=1, now=NOW)
    table = store.read(ws.engine, "scores")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=6)
    mine = table["shift_start"].is_between(start, start + timedelta(hours=23))
    ids = store.read(ws.engine, "segments")["segment_id"]
    here = table["segment_id"].is_in(ids[hot].to_list())
    cell = {"incidents_near": [rise, 1.0, 1.0]}
    told = [json.dumps(cell if one else {"incidents_near": [0.0, 0.0, 0.0]}) for one in here]
    made = table.with_columns(
        score=pl.lit(COLD) + pl.when(here).then(rise).otherwise(0.0),
        contributions=pl.Series(told),
    )
    store.write(ws.engine, "scores", table.filter(~mine).vstack(made.filter(mine)), replace=True)


def zones(ws: Workspace, start: datetime) -> pl.DataFrame:
    found = store.read(ws.engine, "zones").filter(pl.col("shift_start") == start)
    return found.sort("rank")


def night_of(number: int) -> Shift:
    t0, day = NIGHT + timedelta(days=number), DAY + timedelta(days=number)
    return Shift(f"{day}T22:00", t0, t0 + timedelta(hours=4), "22:00–02:00")


def segments_of(table: pl.DataFrame) -> set[str]:
    return {name for listed in table["segment_ids"] for name in json.loads(listed)}


def test_a_day_planned_twice_is_the_same_plan(coast: Workspace) -> None:
    score(coast, DAY, hot=slice(20, 30))
    names = ("zones", "explorations")
    plans = []
    for _ in range(2):
        runs.plan(coast, DAY, days=2, now=NOW)
        plans.append([store.read(coast.engine, name).drop("run_id") for name in names])
    assert plans[0][0].equals(plans[1][0])
    assert plans[0][1].equals(plans[1][1])


def test_zones_stay_while_risk_does_and_move_with_it(coast: Workspace) -> None:
    ws = settings(coast, patrol_km=5.0, max_zones=1)
    score(ws, DAY, hot=slice(20, 30))
    score(ws, DAY + timedelta(days=1), hot=slice(60, 70), rise=HOT - COLD + 1)
    score(ws, DAY + timedelta(days=2), hot=slice(60, 70), rise=HOT - COLD + 20)
    # Both stretches are hot tomorrow, the other by a point.
    table = store.read(ws.engine, "scores")
    first = set(store.read(ws.engine, "segments")["segment_id"][20:30])
    tomorrow = pl.col("shift_start") == NIGHT + timedelta(days=1)
    store.write(
        ws.engine, "scores", replace=True,
        frame=table.with_columns(
            score=pl.when(tomorrow & pl.col("segment_id").is_in(first)).then(HOT)
            .otherwise("score")
        ),
    )  # fmt: skip
    run = runs.plan(ws, DAY, days=3, now=NOW)
    a, b, c = (zones(ws, NIGHT + timedelta(days=n)) for n in range(3))
    assert segments_of(a) <= first
    assert segments_of(b) == segments_of(a)
    assert b["since"].to_list() == [DAY]
    assert b["reason_zh"][0].endswith("11 月 23 日起的重点区。")
    assert b["reason_en"][0].endswith("A zone since 23 Nov.")
    assert not segments_of(c) & segments_of(a)
    assert c["since"].to_list() == [DAY + timedelta(days=2)]
    label = weight_set(ws).indicator("incidents_near").label_en
    assert c["reason_en"][0].endswith(
        f"New: its mean score rose 19 points since 24 Nov, most by “{label}”."
    )
    assert "新列入：均分比 11 月 24 日升 19 分" in c["reason_zh"][0]
    out = [line for line in run.lines if "移出" in line and a["zone_id"][0] in line]
    assert any("fell 35 points since 24 Nov" in line for line in out)
    gone = store.read(ws.engine, "zones_gone").filter(
        pl.col("shift_start") == NIGHT + timedelta(days=2)
    )
    assert gone.select("zone_id", "since").rows() == [(b["zone_id"][0], DAY)]
    assert gone["km"].to_list() == pytest.approx(b["km"].to_list())
    assert gone["geometry"].to_list() == b["geometry"].to_list()
    assert gone["reason_en"][0].startswith(
        "because its mean score fell 35 points since 24 Nov, most by"
    )
    assert gone["reason_zh"][0].startswith("因为均分比 11 月 24 日降 35 分，主要因")
    shown = read.layer(ws, "zones_gone", shift_id="2026-11-25T22:00")
    assert shown["zone_id"].to_list() == gone["zone_id"].to_list()
    assert read.layer(ws, "zones_gone", shift_id="2026-11-24T22:00").empty
    # Planned again with the other stretch cold, nothing has gone, and the table says so.
    score(ws, DAY + timedelta(days=2), hot=slice(20, 30))
    runs.plan(ws, DAY + timedelta(days=2), days=1, now=NOW)
    assert read.layer(ws, "zones_gone", shift_id="2026-11-25T22:00").empty
    ws.close()


def test_a_zone_at_the_border_says_who_leads(coast: Workspace) -> None:
    score(coast, DAY, hot=slice(20, 30))
    shore = store.read(coast.engine, "segments")
    own = shipped_file("duty/rota.toml").read_text(encoding="utf-8").replace("made = true\n", "", 1)
    own = own.replace("示例 example", shore["shoreline_id"][20])
    hot = own.replace("from_m = 0\nto_m = 5000", f"from_m = {shore['from_m'][24]:.1f}\n"
                      f"to_m = {shore['to_m'][25]:.1f}")  # fmt: skip
    (coast.root / "duty").mkdir()
    file = coast.root / "duty" / "rota.toml"
    file.write_text(hot, encoding="utf-8")
    runs.plan(coast, DAY, days=2, now=NOW)
    ids = set(shore["segment_id"][24:26])
    for night, zh in ((NIGHT, "我方"), (NIGHT + timedelta(days=1), "对方")):
        for row in zones(coast, night).iter_rows(named=True):
            said = f"联防：与示例邻县，本班由{zh}牵头。" in row["reason_zh"]
            assert said == bool(ids & set(json.loads(row["segment_ids"])))
            assert ("Joint patrol with Example neighbouring county" in row["reason_en"]) == said
    assert any("联防" in said for said in zones(coast, NIGHT)["reason_zh"])
    # A stretch beyond the shore is named; zones are made all the same.
    file.write_text(own.replace("to_m = 5000", "to_m = 99000000"), encoding="utf-8")
    run = runs.plan(coast, DAY, days=1, now=NOW)
    assert any("99000000 m is beyond its end" in line for line in run.lines)
    assert zones(coast, NIGHT).height
    with pytest.raises(InputError, match=r"J1: .* is beyond its end"):
        staffing.rota(coast, first=DAY, last=DAY)


def test_since_goes_on_from_what_was_stored(coast: Workspace) -> None:
    for n in range(3):
        score(coast, DAY + timedelta(days=n), hot=slice(20, 30))
    for n in range(3):
        runs.plan(coast, DAY + timedelta(days=n), days=1, now=NOW)
    assert set(zones(coast, NIGHT + timedelta(days=2))["since"]) == {DAY}
    # Planned again with the night before gone, the night before that counts.
    store.clear(
        coast.engine, "zones", where=store.table_of("zones").c.shift_start == NIGHT + timedelta(1)
    )
    runs.plan(coast, DAY + timedelta(days=2), days=1, now=NOW)
    assert set(zones(coast, NIGHT + timedelta(days=2))["since"]) == {DAY}


def test_each_shift_has_its_own_kilometres(coast: Workspace) -> None:
    ws = settings(coast, patrol_km=10.0, shift_km={"22:00": 4.0, "02:00": 0.0})
    score(ws, DAY, hot=slice(20, 60))
    runs.plan(ws, DAY, days=1, now=NOW)
    km = dict(store.read(ws.engine, "zones").group_by("shift_start").agg(pl.col("km").sum()).rows())
    assert NIGHT - timedelta(hours=20) not in km
    assert 3.0 < km[NIGHT] <= 3.4
    assert 7.5 < km[NIGHT - timedelta(hours=4)] <= 8.5
    ws.close()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"shift_km": {"03:00": 4.0}}, "no shift starts at 03:00"),
        ({"shift_km": {"22:00": -4.0}}, "`shift_km.22:00` was -4"),
        ({"explore_share": 0.3}, "`explore_share` was 0.3"),
        ({"zone_stay_points": -1.0}, "`zone_stay_points` was -1"),
    ],
)
def test_settings_that_cannot_be_are_named(coast: Workspace, values: dict, said: str) -> None:
    path = coast.root / config.FILE_NAME
    lines = ['timezone = "Asia/Shanghai"']
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"[{name}]", *(f'"{key}" = {one}' for key, one in value.items())]
        else:
            lines.append(f"{name} = {value}")
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        Config.read(path)


def test_the_setting_may_be_what_the_draw_takes() -> None:
    field = Config.model_fields["explore_share"]
    assert [getattr(one, "ge", None) or one.le for one in field.metadata] == list(SHARES)


def test_every_segment_has_its_chance_in_the_log(coast: Workspace) -> None:
    score(coast, DAY, hot=slice(20, 30))
    runs.plan(coast, DAY, days=1, now=NOW)
    log = store.read(coast.engine, "explorations")
    shore = store.read(coast.engine, "segments")
    # 10:00 is under way, 14:00, 18:00 and 22:00 are to come; 02:00 and 06:00 are over.
    assert sorted(log["shift_start"].unique()) == [NOON + timedelta(hours=4 * n) for n in range(4)]
    night = log.filter(pl.col("shift_start") == NIGHT)
    assert set(night["segment_id"]) == set(shore["segment_id"])
    planned = night.filter(pl.col("part") == "plan")
    assert set(planned["segment_id"]) == segments_of(zones(coast, NIGHT))
    assert planned["probability"].to_list() == [1.0] * planned.height
    lot = night.filter(pl.col("part") == "explore").join(shore, on="segment_id")
    assert lot["probability"].n_unique() == 1
    mean_km = (lot["probability"] * lot["length_m"]).sum() / 1000.0
    assert mean_km == pytest.approx(coast.config.explore_share * coast.config.patrol_km)


def test_the_map_shows_what_is_explored_apart(coast: Workspace) -> None:
    score(coast, DAY, hot=slice(20, 30))
    runs.plan(coast, DAY, days=1, now=NOW)
    log = store.read(coast.engine, "explorations").filter(pl.col("shift_start") == NIGHT)
    lot = log.filter((pl.col("part") == "explore") & pl.col("chosen"))
    shown = read.layer(coast, "explored", shift_id=f"{DAY}T22:00")
    assert segments_of(pl.DataFrame({"segment_ids": shown["segment_ids"].to_list()})) == set(
        lot["segment_id"]
    )
    assert set(shown["probability"]) == set(lot["probability"])
    assert not set(shown["zone_id"]) & set(read.layer(coast, "zones", shift_id=f"{DAY}T22:00")
                                           ["zone_id"])  # fmt: skip
    # The shift of 02:00 is over: nothing was drawn for it.
    assert read.layer(coast, "explored", shift_id=f"{DAY}T02:00").empty
    assert read.layer(coast, "explored").empty


def test_what_a_shift_was_told_is_not_drawn_again(coast: Workspace) -> None:
    score(coast, DAY)
    runs.plan(coast, DAY, days=1, now=NOW)
    before = store.read(coast.engine, "explorations")
    runs.plan(coast, DAY, days=1, now=NIGHT + timedelta(hours=1))
    assert store.read(coast.engine, "explorations").equals(before)


def test_the_draw_is_the_workspaces_own(coast: Workspace) -> None:
    seed = exploring.seed_of(coast)
    assert exploring.seed_of(coast) == seed
    store.clear(coast.engine, "seeds")
    assert exploring.seed_of(coast) != seed


def test_over_a_thousand_nights_the_share_explored_is_the_one_set(coast: Workspace) -> None:
    shore = store.read(coast.engine, "segments")
    km = shore["length_m"].to_numpy() / 1000.0
    ids = shore["segment_id"].to_list()
    rng = np.random.default_rng(7)
    for share in (0.10, 0.15, 0.20):
        drawn_km = 0.0
        for number in range(1000):
            planned = np.zeros(len(km), bool)
            at = int(rng.integers(len(km) - 40))
            planned[at : at + 40] = True
            found = exploring.draw(
                ids, planned, km, shift=night_of(number), explore_km=share * 40.0, seed=11
            )
            lot = (found["part"] == "explore") & found["chosen"]
            drawn_km += km[lot.to_numpy()].sum()
        assert drawn_km / (1000 * 40.0) == pytest.approx(share, rel=0.01)


def test_a_discovery_on_a_stretch_drawn_by_lot_counts_by_its_chance(coast: Workspace) -> None:
    score(coast, DAY)
    runs.plan(coast, DAY, days=1, now=NOW)
    shore = store.read(coast.engine, "segments")
    log = store.read(coast.engine, "explorations").filter(pl.col("shift_start") == NIGHT)
    lot = log.filter((pl.col("part") == "explore") & pl.col("chosen"))["segment_id"]
    here = shore.filter(pl.col("segment_id") == lot[0])
    km = here["length_m"][0] / 1000.0
    incident = {
        "incident_id": "I", "t0": NIGHT + timedelta(hours=2), "lon": here["lon"][0],
        "lat": here["lat"][0], "segment_id": lot[0], "kind": "smuggling", "source": "discovered",
        "made": False,
    }  # fmt: skip
    store.write(
        coast.engine,
        "incidents",
        pl.DataFrame([incident]).with_columns(
            geometry=pl.Series([shapely.to_wkb(shapely.Point(here["lon"][0], here["lat"][0]))])
        ),
    )
    walked = {"segment_id": lot[0], "shift_start": NIGHT, "km": km, "hours": 0.2, "made": False}
    store.write(coast.engine, "effort", pl.DataFrame([walked]))
    given = inputs(coast, weight_set(coast), [])
    drawn = given.drawn
    assert drawn is not None
    assert drawn["segment_id"].to_list() == [lot[0]]
    chance = drawn["probability"][0]
    fair = expected_effort(given.effort, drawn, given.segments)
    assert fair["km"].to_list() == pytest.approx([chance * km])
    tables = (given.incidents, given.incident_pairs, given.segments, given.effort)
    by_walk = corrected(*tables)["weight"][0]
    by_chance = corrected(*tables, drawn=drawn)["weight"][0]
    # One day is noted: by the walk it looks patrolled twice as often as usual, by its chance less.
    assert by_walk < 1.0 < by_chance
