from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk._patrol_travel import ways
from risk.patrol import LEFT_OUT, ROUTES, TOTALS, Inputs, plan
from risk.patrol_inputs import Network, checked
from tests.risk._patrol_county import T0, county
from tests.risk._patrol_peer import best, broken, greedy


def value(found, price_per_hour=1.0):
    return found.prize - found.totals["travel_minutes"].sum() / 60.0 * price_per_hour


def small(seed, *, stops=10):
    """Return a county that `best` can solve: no cameras, nothing due."""
    made = county(seed, teams=3, stops=stops, cameras=False, length_km=50.0, service=(20.0, 50.0))
    return replace(made, stops=made.stops.with_columns(due=pl.lit(value=False)))


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 25))
def test_a_plan_keeps_every_promise(seed, teams, stops):
    made = county(seed, teams=teams, stops=stops)
    some = np.random.default_rng(seed).random(teams) < 0.4
    minutes = [90.0 if one else old for one, old in zip(
        some, made.teams["capacity_minutes"], strict=True)]  # fmt: skip
    made = replace(made, teams=made.teams.with_columns(capacity_minutes=pl.Series(
        minutes, dtype=pl.Float64)))  # fmt: skip
    found = plan(made, iterations=60)
    assert broken(made, found) == []
    assert (found.routes.schema, found.left_out.schema) == (ROUTES, LEFT_OUT)
    assert found.totals.schema == TOTALS


def test_the_checker_finds_what_is_wrong():
    made = county(2, teams=4, stops=20)
    found = plan(made, iterations=100)
    assert broken(made, found) == []
    for change in (
        pl.col("arrive") - timedelta(minutes=5),
        pl.col("leave") + timedelta(minutes=5),
        pl.col("km") + 1.0,
    ):
        assert broken(made, replace(found, routes=found.routes.with_columns(change)))
    assert broken(made, replace(found, routes=found.routes[1:]))


@pytest.mark.parametrize("seed", range(6))
def test_small_plans_are_the_best_of_all(seed):
    made = small(seed)
    most = best(made)
    assert most > 0.0
    assert value(plan(made, iterations=300)) == pytest.approx(most, rel=0.02)
    assert greedy(made) <= most + 1e-6


def test_the_same_seed_gives_the_same_plan():
    made = county(5, teams=5, stops=30)
    one, two = plan(made, iterations=200, seed=3), plan(made, iterations=200, seed=3)
    assert one.routes.equals(two.routes)
    assert one.left_out.equals(two.left_out)


def test_what_is_due_comes_first():
    made = county(8, teams=2, stops=30, cameras=False)
    poor = pl.col("prize").rank("ordinal") <= 6
    made = replace(made, stops=made.stops.with_columns(
        due=poor, windows=pl.lit(None), kinds=pl.lit(None)))  # fmt: skip
    found = plan(made, iterations=500)
    free = plan(replace(made, stops=made.stops.with_columns(due=False)), iterations=500)
    due = set(made.stops.filter("due")["stop_id"])
    assert len(due & set(found.routes["stop_id"])) > len(due & set(free.routes["stop_id"]))
    assert free.prize > found.prize


def line(stops, *, kinds=("car",), **team):
    """Return teams at 122° E 30° N and stops some kilometres east of it."""
    at = {"lon": 122.0, "lat": 30.0, "t0": T0, "t1": T0 + timedelta(hours=2), "speed_kmh": 30.0}
    teams = [{"team_id": f"T{i}", "kind": k, **at, **team} for i, k in enumerate(kinds)]
    rows = [
        {
            "stop_id": f"S{i}", "lon": 122.0 + km / 96.486, "lat": 30.0, "prize": 10.0,
            "service_minutes": 10.0, "windows": None, "due": None, "kinds": None, **more,
        }
        for i, (km, more) in enumerate(stops)
    ]  # fmt: skip
    schema = county(0, teams=1, stops=1).stops.schema
    return Inputs(pl.DataFrame(teams), pl.DataFrame(rows, schema=schema), detour=1.0)


def window(start, end, kinds=None):
    return {
        "t0": T0 + timedelta(minutes=start), "t1": T0 + timedelta(minutes=end), "kinds": kinds,
    }  # fmt: skip


def test_each_stop_left_out_has_its_reason():
    made = line(
        [
            (5.0, {}),
            (5.0, {"kinds": ["boat"]}),
            (60.0, {}),
            (10.0, {"windows": [window(0, 25)]}),
            (10.0, {"windows": []}),
            (9.0, {"prize": 0.01}),
        ]
    )
    found = plan(made, iterations=50)
    why = dict(found.left_out.select("stop_id", "reason").iter_rows())
    assert why == {"S1": "kind", "S2": "far", "S3": "window", "S4": "window", "S5": "prize"}
    assert found.left_out["reason_zh"].null_count() == 0
    assert found.routes["stop_id"].to_list() == ["S0", None]
    row = found.routes.row(0, named=True)
    assert (row["km"], row["minutes"]) == pytest.approx((5.0, 10.0), abs=0.01)


def test_a_creek_is_visited_on_foot_at_low_water_and_by_boat_at_high():
    tides = [window(0, 40, ["foot"]), window(70, 110, ["boat"])]
    for kind, start in (("foot", 0), ("boat", 70), ("car", None)):
        found = plan(line([(1.0, {"windows": tides})], kinds=[kind]), iterations=20)
        if start is None:
            assert found.left_out["reason"].to_list() == ["window"]
        else:
            assert found.routes["start"][0] >= T0 + timedelta(minutes=start)
            assert found.routes["leave"][0] <= T0 + timedelta(minutes=start + 40)


def test_a_camera_watches_what_it_sees_and_again_what_others_visit():
    made = line([(1.0, {}), (30.0, {"kinds": ["camera"]}), (2.0, {"kinds": ["car"]})],
                kinds=["car", "camera"], range_km=3.0, capacity_minutes=None)  # fmt: skip
    found = plan(made, iterations=50)
    assert dict(found.left_out.select("stop_id", "reason").iter_rows()) == {"S1": "way"}
    assert found.prize == 20.0
    watched = found.routes.filter(pl.col("kind") == "camera")
    assert set(watched["stop_id"]) <= {"S0"}
    assert watched["km"].sum() == 0.0


def grid():
    """Return a network of three nodes in a row and a long way round."""
    nodes = pl.DataFrame(
        {"node": ["a", "b", "c"], "lon": [122.0, 122.05, 122.1], "lat": [30.0] * 3}
    )
    edges = pl.DataFrame(
        {
            "a": ["a", "b", "a", "a"],
            "b": ["b", "c", "c", "b"],
            "minutes": [6.0, 7.0, 40.0, 9.0],
            "km": [4.8, 5.0, 25.0, 4.8],
            "kind": pl.Series([None, None, None, "car"], dtype=pl.String),
            "barred": [False, False, None, False],
        }
    )
    return Network(nodes, edges)


def test_ways_go_by_the_network_and_round_what_is_barred():
    made = line([(0.1 * 96.486, {})])
    made = replace(made, network=grid())
    found = plan(made, iterations=20)
    assert found.totals["basis"].to_list() == ["network"]
    assert found.routes["minutes"].to_list() == pytest.approx([13.0, 13.0], abs=0.1)
    assert found.routes["km"].to_list() == pytest.approx([9.8, 9.8], abs=0.1)
    barred = grid().edges.with_columns(barred=pl.col("a") == "b")
    found = plan(replace(made, network=replace(grid(), edges=barred)), iterations=20)
    assert found.routes["km"].to_list() == pytest.approx([25.0, 25.0], abs=0.1)
    barred = barred.with_columns(barred=pl.col("b") == "c")
    found = plan(replace(made, network=replace(grid(), edges=barred)), iterations=20)
    assert found.left_out["reason"].to_list() == ["way"]


def test_a_car_does_not_hop_to_what_no_way_leads_near():
    made = line([(0.1 * 96.486, {}), (20.0, {})])
    found = plan(replace(made, network=grid()), iterations=20)
    assert found.routes["stop_id"].drop_nulls().to_list() == ["S0"]
    assert found.left_out.select("stop_id", "reason").rows() == [("S1", "way")]


def test_ways_without_minutes_go_at_the_teams_speed_and_kinds_without_ways_go_straight():
    made = line([(0.1 * 96.486, {})])
    own = grid().edges.with_columns(minutes=pl.lit(None, pl.Float64))
    found = plan(replace(made, network=replace(grid(), edges=own)), iterations=20)
    speed = made.teams["speed_kmh"][0]
    assert found.routes["minutes"][0] == pytest.approx(9.8 / speed * 60.0, abs=0.1)
    boats = own.with_columns(kind=pl.lit("boat"))
    found = plan(replace(made, network=replace(grid(), edges=boats)), iterations=20)
    assert found.totals["basis"].to_list() == ["straight line x 1"]


def test_given_minutes_are_used_and_said():
    made = line([(1.0, {}), (2.0, {})])
    minutes = np.array([[0.0, 20.0, np.nan], [20.0, 0.0, np.nan], [25.0, 15.0, 0.0]])
    found = plan(replace(made, minutes={"car": minutes}), iterations=20)
    assert found.routes["stop_id"].to_list() == ["S0", None]
    assert found.routes["minutes"].to_list() == [20.0, 20.0]
    assert found.totals["basis"].to_list() == ["given minutes"]
    assert found.left_out["reason"].to_list() == ["way"]


def test_a_stop_without_a_direct_way_is_reached_by_another_place():
    made = line([(1.0, {}), (2.0, {})])
    minutes = np.array([[0.0, 20.0, np.nan], [20.0, 0.0, 15.0], [np.nan, 15.0, 0.0]])
    found = plan(replace(made, minutes={"car": minutes}), iterations=20)
    assert sorted(found.routes["stop_id"].drop_nulls()) == ["S0", "S1"]
    assert found.routes["minutes"].sum() == 70.0
    far = made.stops.with_columns(prize=pl.Series([0.0, 9.0]))
    alone = plan(replace(made, stops=far, minutes={"car": minutes}), iterations=20)
    assert alone.totals["travel_minutes"][0] == 70.0


@given(st.integers(0, 10**6))
def test_ways_by_other_places_are_the_quickest_there_are(seed):
    rng = np.random.default_rng(seed)
    made = line([(float(k + 1), {}) for k in range(4)])
    minutes = np.where(rng.random((5, 5)) < 0.5, rng.uniform(1.0, 60.0, (5, 5)), np.nan)
    best_of = np.where(np.isnan(minutes), np.inf, minutes)
    np.fill_diagonal(best_of, 0.0)
    for _ in range(5):
        best_of = np.minimum(best_of, (best_of[:, :, None] + best_of[None, :, :]).min(axis=1))
    (found,), _ = ways(checked(replace(made, minutes={"car": minutes})))
    assert found.minutes == pytest.approx(best_of)


def test_every_bad_row_is_named():
    made = line([(1.0, {}), (2.0, {"prize": float("nan")}), (3.0, {"windows": [window(50, 40)]})])
    gap = made.stops[:1].with_columns(
        stop_id=pl.lit("S3"), windows=pl.Series([[None]], dtype=made.stops.schema["windows"])
    )
    made = replace(made, stops=pl.concat([made.stops, gap]))
    made = replace(
        made,
        teams=made.teams.with_columns(lon=pl.lit(None, pl.Float64), t1=pl.col("t0")),
        minutes={"car": np.zeros((2, 2))},
        network=Network(grid().nodes[:2], grid().edges),
        detour=0.5,
    )
    with pytest.raises(InputError) as raised:
        plan(made)
    for part in (
        "teams row 1 (T0) has no start",
        "teams row 1 (T0): the shift ends",
        "stops row 2 (S1): prize is nan",
        "stops row 3 (S2): a window ends",
        "stops row 4 (S3): a window is null",
        "minutes for car are (2, 2), expected (5, 5): 1 teams, then 4 stops",
        "edges row 2 (b to c) names a node that is not there",
        "detour factor is 0.5",
    ):
        assert part in raised.value.what
    naive = made.stops.drop("prize")
    with pytest.raises(InputError, match="stops lack the columns prize"):
        plan(replace(made, stops=naive))
    with pytest.raises(InputError, match="iterations is 0"):
        plan(line([(1.0, {})]), iterations=0)


def test_without_stops_or_teams_the_plan_is_empty_and_says_why():
    made = line([(1.0, {})])
    for empty, why in (
        (replace(made, stops=made.stops[:0]), "no stop"),
        (replace(made, teams=made.teams[:0]), "no team"),
        (line([(90.0, {})]), "no stop can be reached"),
    ):
        found = plan(empty, iterations=10)
        assert len(found.routes) == 0
        assert why in found.empty[1]
        assert len(found.left_out) == len(empty.stops)
        assert set(found.left_out["reason"]) <= {"team", "far"}


def test_a_small_prize_beside_a_great_one_is_still_worth_a_visit():
    made = line([(1.0, {"prize": 1e9}), (1.0, {"prize": 0.5})])
    found = plan(made, iterations=20, price_per_hour=0.0)
    assert sorted(found.routes["stop_id"].drop_nulls()) == ["S0", "S1"]
