"""Judge patrol plans from outside: a checker, the greedy plan, and the best plan of all."""

from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl
from pyproj import Geod
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csc_array

from risk.patrol import Inputs, Plan

_GEOD = Geod(ellps="WGS84")
_SECOND = 1.01 / 60.0


def straight_minutes(inputs: Inputs, team: dict, a: dict, b: dict) -> float:
    if team["kind"] == "camera":
        return 0.0
    metres = _GEOD.inv(a["lon"], a["lat"], b["lon"], b["lat"])[2]
    return metres / 1000.0 * inputs.detour / team["speed_kmh"] * 60.0


def _minutes(a: datetime, b: datetime) -> float:
    return (b - a).total_seconds() / 60.0


def _sees(inputs: Inputs, team: dict, stop: dict) -> bool:
    if team["kind"] != "camera" or team["range_km"] is None:
        return True
    metres = _GEOD.inv(team["lon"], team["lat"], stop["lon"], stop["lat"])[2]
    return metres / 1000.0 <= team["range_km"]


def _windows(team: dict, stop: dict) -> list[tuple[datetime, datetime]]:
    if stop["kinds"] is not None and team["kind"] not in stop["kinds"]:
        return []
    if stop["windows"] is None:
        return [(team["t0"], team["t1"])]
    return [
        (w["t0"], w["t1"])
        for w in stop["windows"]
        if w["kinds"] is None or team["kind"] in w["kinds"]
    ]


def broken(inputs: Inputs, plan: Plan) -> list[str]:
    """Return every promise that a plan by straight lines breaks."""
    teams = {t["team_id"]: t for t in inputs.teams.iter_rows(named=True)}
    stops = {s["stop_id"]: s for s in inputs.stops.iter_rows(named=True)}
    wrong = []
    once = plan.routes.filter(pl.col("part").is_in(["plan", "explore"]))["stop_id"].to_list()
    if len(once) != len(set(once)):
        wrong.append("a stop is visited twice")
    if sorted(once + plan.left_out["stop_id"].to_list()) != sorted(stops):
        wrong.append("visited and left out are not all the stops")
    if abs(plan.prize - sum(stops[s]["prize"] for s in once)) > 1e-6:
        wrong.append("the prizes do not add up")
    for (team_id,), rows in plan.routes.group_by("team_id", maintain_order=True):
        wrong += [f"{team_id}: {what}" for what in _route(inputs, teams[team_id], stops, rows)]
    for row in plan.totals.iter_rows(named=True):
        mine = plan.routes.filter(pl.col("team_id") == row["team_id"])
        if abs(mine["km"].sum() - row["km"]) > 1e-6:
            wrong.append(f"{row['team_id']}: kilometres do not add up")
        used = _minutes(row["leave"], row["back"]) if row["stops"] else 0.0
        parts = row["travel_minutes"] + row["wait_minutes"] + row["service_minutes"]
        if row["kind"] != "camera" and abs(used - parts) > _SECOND * (row["stops"] + 2):
            wrong.append(f"{row['team_id']}: {parts} minutes of {used} are told")
    for row in plan.left_out.iter_rows(named=True):
        reached = any(alone(inputs, t, stops[row["stop_id"]]) for t in teams.values())
        if reached != (row["reason"] == "prize"):
            wrong.append(f"{row['stop_id']}: left out for {row['reason']}, reached: {reached}")
    return wrong


def _route(inputs: Inputs, team: dict, stops: dict, rows: pl.DataFrame) -> list[str]:
    wrong = []
    camera = team["kind"] == "camera"
    table = rows.sort("order").to_dicts()
    place, free = team, team["t0"]
    for row in table:
        there = team if row["stop_id"] is None else stops[row["stop_id"]]
        way = straight_minutes(inputs, team, place, there)
        if _minutes(free, row["arrive"]) < way - 1e-3:
            wrong.append(f"{row['stop_id']} is reached before one can be there")
        if abs(row["minutes"] - way) > 1e-6:
            wrong.append(f"{row['stop_id']}: the way takes {way}, not {row['minutes']}")
        if row["start"] < row["arrive"] or row["leave"] > team["t1"]:
            wrong.append(f"{row['stop_id']} is out of order or after the shift")
        if row["stop_id"] is not None:
            if abs(_minutes(row["start"], row["leave"]) - there["service_minutes"]) > _SECOND:
                wrong.append(f"{row['stop_id']} is served too short or too long")
            inside = [a <= row["start"] and row["leave"] <= b for a, b in _windows(team, there)]
            if not any(inside) or not _sees(inputs, team, there):
                wrong.append(f"{row['stop_id']} is visited when or by whom it may not be")
        place, free = there, row["leave"]
    if not camera and table[-1]["part"] != "back":
        wrong.append("the team does not come back")
    return wrong + _too_long(team, table)


def _too_long(team: dict, table: list[dict]) -> list[str]:
    if team["capacity_minutes"] is None:
        return []
    away = _minutes(table[0]["arrive"], table[-1]["leave"]) + table[0]["minutes"]
    watched = sum(_minutes(r["start"], r["leave"]) for r in table)
    used = watched if team["kind"] == "camera" else away
    return ["the team is out for longer than it can"] * (used > team["capacity_minutes"] + _SECOND)


def alone(inputs: Inputs, team: dict, stop: dict) -> bool:
    """Tell whether a team could visit a stop and nothing else (ways in whole seconds)."""
    there = np.ceil(straight_minutes(inputs, team, team, stop) * 60.0) / 60.0
    long = np.ceil(stop["service_minutes"] * 60.0) / 60.0
    if not _sees(inputs, team, stop):
        return False
    shift = _minutes(team["t0"], team["t1"])
    if team["capacity_minutes"] is not None:
        shift = min(shift, team["capacity_minutes"])
    if there + long + there > shift + 1e-9:
        return False
    for a, b in _windows(team, stop):
        start = max(there, _minutes(team["t0"], a))
        fits = start + long <= _minutes(team["t0"], b) + 1e-6
        if fits and start + long + there <= _minutes(team["t0"], team["t1"]) + 1e-6:
            return True
    return False


class _Case:
    """Minutes from the first shift's begin, for teams that travel and have the whole shift."""

    def __init__(self, inputs: Inputs) -> None:
        self.teams, stops = inputs.teams.to_dicts(), inputs.stops.to_dicts()
        self.prize = [s["prize"] for s in stops]
        self.long = [np.ceil(s["service_minutes"] * 60.0) / 60.0 for s in stops]
        zero = min(t["t0"] for t in self.teams)
        self.shift = [(_minutes(zero, t["t0"]), _minutes(zero, t["t1"])) for t in self.teams]
        self.windows = [
            [[(_minutes(zero, a), _minutes(zero, b)) for a, b in _windows(t, s)] for s in stops]
            for t in self.teams
        ]
        self.way = []
        for t in self.teams:
            places = [*stops, t]
            way = [[straight_minutes(inputs, t, a, b) for b in places] for a in places]
            self.way.append(np.ceil(np.array(way) * 60.0) / 60.0)

    def leave(self, team: int, now: float, place: int, stop: int) -> float | None:
        """Return when a team is done at a stop, the earliest it can be."""
        at = now + self.way[team][place, stop]
        done = [
            max(at, a) + self.long[stop]
            for a, b in self.windows[team][stop]
            if max(at, a) + self.long[stop] <= b + 1e-9
        ]
        return min(done, default=None)

    def back(self, team: int, order: list[int]) -> float | None:
        """Return when a team is back from an order of stops, None where that is not in time."""
        now, place = self.shift[team][0], -1
        for stop in order:
            left = self.leave(team, now, place, stop)
            if left is None:
                return None
            now, place = left, stop
        now += self.way[team][place, -1]
        return now if now <= self.shift[team][1] + 1e-9 else None

    def travel(self, team: int, order: list[int]) -> float:
        return sum(self.way[team][a, b] for a, b in pairwise([-1, *order, -1]))


def greedy(inputs: Inputs, *, price_per_hour: float = 1.0) -> float:
    """Return the value of the plan that inserts the best prize per added minute, at its best place.

    Added minutes are of way and stop. What a chief with a map and a list would do.
    """
    case = _Case(inputs)
    orders: list[list[int]] = [[] for _ in case.teams]
    left = set(range(len(case.prize)))
    offers: dict[int, list[tuple[float, int, list[int]]]] = {}

    def offered(team: int) -> list[tuple[float, int, list[int]]]:
        before, found = case.travel(team, orders[team]), []
        for stop in left:
            for at in range(len(orders[team]) + 1):
                order = [*orders[team][:at], stop, *orders[team][at:]]
                added = case.travel(team, order) - before
                worth = case.prize[stop] - added / 60.0 * price_per_hour
                if worth > 0.0 and case.back(team, order) is not None:
                    found.append((worth / max(added + case.long[stop], 1e-9), stop, order))
        return sorted(found, key=lambda one: one[0])

    for team in range(len(orders)):
        offers[team] = offered(team)
    while True:
        for team, found in offers.items():
            offers[team] = [one for one in found if one[1] in left]
        best = max((t for t in offers if offers[t]), key=lambda t: offers[t][-1][0], default=None)
        if best is None:
            break
        _, stop, orders[best] = offers[best][-1]
        left.discard(stop)
        offers[best] = offered(best)
    way = sum(case.travel(t, order) for t, order in enumerate(orders))
    return sum(case.prize[s] for order in orders for s in order) - way / 60.0 * price_per_hour


def best(inputs: Inputs, *, price_per_hour: float = 1.0) -> float:
    """Return the value of the best plan: every tour that can be, then HiGHS on which to take."""
    case = _Case(inputs)
    worth, rows, cols = [], [], []
    n_stops = len(case.prize)
    for team in range(len(case.teams)):
        for stops, way in _tours(case, team).items():
            prize = sum(case.prize[s] for s in stops)
            rows += [*stops, n_stops + team]
            cols += [len(worth)] * (len(stops) + 1)
            worth.append(prize - way / 60.0 * price_per_hour)
    if not worth:
        return 0.0
    shape = (n_stops + len(case.teams), len(worth))
    once = csc_array((np.ones(len(rows)), (rows, cols)), shape=shape)
    found = milp(
        -np.array(worth),
        constraints=LinearConstraint(once, ub=np.ones(shape[0])),
        integrality=np.ones(len(worth)),
        bounds=(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert found.success
    return -found.fun


def _tours(case: _Case, team: int) -> dict[frozenset[int], float]:
    """Return every set of stops that a team can visit, with the shortest way (Pareto labels)."""
    found: dict[frozenset[int], float] = {}
    labels = {(frozenset(), -1): [(case.shift[team][0], 0.0)]}
    way, end = case.way[team], case.shift[team][1]
    while labels:
        longer: dict[tuple[frozenset[int], int], list[tuple[float, float]]] = {}
        for (stops, place), ends in labels.items():
            for now, gone in ends:
                for stop in range(len(case.prize)):
                    left = None if stop in stops else case.leave(team, now, place, stop)
                    if left is None or left + way[stop, -1] > end + 1e-9:
                        continue
                    more, total = stops | {stop}, gone + way[place, stop]
                    kept = longer.setdefault((more, stop), [])
                    if not any(t <= left and w <= total for t, w in kept):
                        kept[:] = [o for o in kept if o[0] < left or o[1] < total]
                        kept.append((left, total))
                    home = total + way[stop, -1]
                    found[more] = min(found.get(more, np.inf), home)
        labels = longer
    return found
