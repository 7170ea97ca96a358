"""Put the tours of a patrol plan into tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import polars as pl

from risk._patrol_model import Model, Visits
from risk._patrol_watch import watch_again
from risk.patrol_inputs import Inputs

_TIME = pl.Datetime("ms", "UTC")
ROUTES = pl.Schema(
    {
        "team_id": pl.String(),
        "kind": pl.String(),
        "order": pl.UInt16(),
        "stop_id": pl.String(),
        "part": pl.String(),
        "arrive": _TIME,
        "start": _TIME,
        "leave": _TIME,
        "wait_minutes": pl.Float64(),
        "minutes": pl.Float64(),
        "km": pl.Float64(),
        "prize": pl.Float64(),
    }
)
"""One row per stop in the order of each team, then one without a stop: back at the start.
``minutes`` and ``km`` are the way to it. ``part`` is ``plan``, ``explore``, ``again`` (a camera
watches in spare minutes what another team visits; no prize) or ``back``."""
LEFT_OUT = pl.Schema(
    {
        "stop_id": pl.String(),
        "prize": pl.Float64(),
        "due": pl.Boolean(),
        "reason": pl.String(),
        "reason_zh": pl.String(),
        "reason_en": pl.String(),
    }
)
TOTALS = pl.Schema(
    {
        "team_id": pl.String(),
        "kind": pl.String(),
        "leave": _TIME,
        "back": _TIME,
        "stops": pl.UInt32(),
        "prize": pl.Float64(),
        "km": pl.Float64(),
        "travel_minutes": pl.Float64(),
        "wait_minutes": pl.Float64(),
        "service_minutes": pl.Float64(),
        "basis": pl.String(),
    }
)
"""One row per team; one that goes nowhere has 0 stops and no times. ``basis``: where its ways
come from."""
REASONS: Mapping[str, tuple[str, str]] = {
    "lot": ("抽签未中：探索时间有限", "not drawn: the time for exploration is limited"),
    "team": ("没有队伍", "there is no team"),
    "kind": ("没有可到此处的队伍类型", "no team of a kind that may come"),
    "way": ("没有通路，或不在摄像头视野内", "no way there, or out of every camera's sight"),
    "far": ("一班之内来不及往返", "too far to go, stop and come back within a shift"),
    "window": ("没有一个时间窗赶得上", "no window can be reached in time"),
    "prize": (
        "不值得绕路，或时间用在了更值得的点",
        "worth less than the way, or than what the time goes to",
    ),
}


@dataclass(frozen=True)
class Plan:
    """A plan: ``ROUTES``, ``LEFT_OUT`` and ``TOTALS``.

    ``empty`` says why there is no route at all (Chinese, English), and is None where there is one.
    """

    routes: pl.DataFrame
    left_out: pl.DataFrame
    totals: pl.DataFrame
    empty: tuple[str, str] | None

    @property
    def prize(self) -> float:
        """Return the risk covered."""
        return float(self.totals["prize"].sum())


def nothing(inputs: Inputs, why: tuple[str, str]) -> Plan:
    """Return the plan without a route, for lack of teams or stops."""
    left = inputs.stops.select(
        "stop_id", "prize", pl.col("due").fill_null(value=False), reason=pl.lit("team")
    )
    totals = [_total(team, [], "") for team in inputs.teams.iter_rows(named=True)]
    return Plan(
        pl.DataFrame(schema=ROUTES),
        said(left),
        pl.DataFrame(totals, schema=TOTALS),
        why,
    )


def said(left: pl.DataFrame) -> pl.DataFrame:
    """Return ``LEFT_OUT`` of ``stop_id, prize, due, reason``: the reason in words."""
    rows = [(code, zh, en) for code, (zh, en) in REASONS.items()]
    words = pl.DataFrame(rows, schema=["reason", "reason_zh", "reason_en"], orient="row")
    return left.join(words, on="reason", how="left", maintain_order="left").select(LEFT_OUT.names())


def result(inputs: Inputs, m: Model, tours: list[Visits], explored: frozenset[str]) -> Plan:
    """Return the tables of the tours that were found."""
    stop_ids, prizes = inputs.stops["stop_id"].to_list(), inputs.stops["prize"].to_list()
    again = watch_again(m, tours)
    rows_of: dict[int, list[dict[str, Any]]] = {}
    for tour in tours:
        rows_of[tour.team] = _walk(inputs, m, tour, explored)
    for team, watched in again.items():
        rows = rows_of.setdefault(team, [])
        rows += [
            _row(inputs, m, team, stop_ids[stop], "again", (at, at, at + int(m.service[stop])))
            for stop, at in watched
        ]
        rows.sort(key=lambda row: row["start"])
    rows = []
    totals = []
    for team, named in enumerate(inputs.teams.iter_rows(named=True)):
        own = rows_of.get(team, [])
        for order, row in enumerate(own, start=1):
            row["order"] = order
        rows += own
        totals.append(_total(named, own, m.ways[m.sort[team]].basis))
    seen = {int(m.stop[option]) for tour in tours for option in tour.options}
    due = inputs.stops["due"].fill_null(value=False).to_list()
    left = [
        {
            "stop_id": stop_ids[s],
            "prize": prizes[s],
            "due": due[s],
            "reason": m.reason[s] or "prize",
        }
        for s in range(len(stop_ids))
        if s not in seen
    ]
    schema = {name: LEFT_OUT[name] for name in ("stop_id", "prize", "due", "reason")}
    none = ("没有一个点值得去或去得了", "no stop can be reached, or none is worth the way")
    return Plan(
        pl.DataFrame(rows, schema=ROUTES),
        said(pl.DataFrame(left, schema=schema)).sort(
            "due", "prize", "stop_id", descending=[True, True, False]
        ),
        pl.DataFrame(totals, schema=TOTALS),
        None if rows else none,
    )


def _walk(inputs: Inputs, m: Model, tour: Visits, explored: frozenset[str]) -> list[dict[str, Any]]:
    """Return the rows of a tour from its setting out to its coming back."""
    ids, prizes = inputs.stops["stop_id"].to_list(), inputs.stops["prize"].to_list()
    n_teams, sort = len(inputs.teams), m.sort[tour.team]
    rows = []
    place, now = tour.team, tour.sets_out
    for option in tour.options:
        stop = int(m.stop[option])
        then = n_teams + stop
        arrive = now + int(m.seconds[sort, place, then])
        start = max(arrive, int(m.opens[option]))
        if m.camera[tour.team]:
            arrive = start
        leave = start + int(m.service[stop])
        part = "explore" if ids[stop] in explored else "plan"
        row = _row(inputs, m, tour.team, ids[stop], part, (arrive, start, leave))
        row |= {
            "minutes": float(m.ways[sort].minutes[place, then]),
            "km": float(m.ways[sort].km[place, then]),
            "prize": prizes[stop],
        }
        rows.append(row)
        place, now = then, leave
    if not m.camera[tour.team]:
        home = now + int(m.seconds[sort, place, tour.team])
        row = _row(inputs, m, tour.team, None, "back", (home, home, home))
        row |= {
            "minutes": float(m.ways[sort].minutes[place, tour.team]),
            "km": float(m.ways[sort].km[place, tour.team]),
        }
        rows.append(row)
    return rows


def _row(
    inputs: Inputs, m: Model, team: int, stop_id: str | None, part: str, at: tuple[int, int, int]
) -> dict[str, Any]:
    arrive, start, leave = (m.origin_ms + 1000 * one for one in at)
    return {
        "team_id": inputs.teams["team_id"][team],
        "kind": inputs.teams["kind"][team],
        "stop_id": stop_id,
        "part": part,
        "arrive": arrive,
        "start": start,
        "leave": leave,
        "wait_minutes": (start - arrive) / 60_000.0,
        "minutes": 0.0,
        "km": 0.0,
        "prize": 0.0,
    }


def _total(team: dict[str, Any], rows: list[dict[str, Any]], basis: str) -> dict[str, Any]:
    stops = [row for row in rows if row["part"] != "back"]
    sets_out = rows[0]["arrive"] - 1000 * ceil(60.0 * rows[0]["minutes"]) if stops else None
    return {
        "team_id": team["team_id"],
        "kind": team["kind"],
        "leave": sets_out,
        "back": rows[-1]["leave"] if stops else None,
        "stops": len(stops),
        "prize": sum(row["prize"] for row in rows),
        "km": sum(row["km"] for row in rows),
        "travel_minutes": sum(row["minutes"] for row in rows),
        "wait_minutes": sum(row["wait_minutes"] for row in rows),
        "service_minutes": sum(row["leave"] - row["start"] for row in rows) / 60_000.0,
        "basis": basis,
    }
