"""Patrol plans of shifts: made from zones, lots and duties, drawn from a mix, kept, and changed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection

from geo.errors import InputError
from risk.patrol import ROUTES, TOTALS, Plan, said
from risk.patrol import plan as patrol_plan
from risk.patrol_change import Change, WhatIf, what_if
from risk.patrol_inputs import CAMERA, STOPS, TEAMS, WINDOWS, Inputs, Network
from risk.patrol_mix import (
    base_inputs,
    calibrated,
    entropy,
    explored,
    mix,
    with_explored,
    without,
)
from risk.shifts import Shift
from workspace import db, store
from workspace._patrol_stops import ABOUT, Ground, due_stops, raised, shore_stops
from workspace._run import clear_shifts
from workspace.exploring import EXPLORE, seed_of
from workspace.folder import Workspace
from workspace.patrol_checkpoints import TOLD
from workspace.patrol_checkpoints import drawn as drawn_checkpoints
from workspace.patrol_ways import network

SPEED_KMH = {"foot": 5.0, "car": 30.0, "boat": 20.0}
"""Of teams that say nothing: walking after Naismith (1892); car and boat are assumed."""
KINDS = {
    "foot": ("步巡", "on foot"),
    "car": ("车巡", "by car"),
    "boat": ("船巡", "by boat"),
    "camera": ("视频巡查", "by camera"),
}
PLANS = 6
ITERATIONS = 600
_TABLES = ("patrol_plans", "patrol_teams", "patrol_stops", "patrol_routes", "patrol_checkpoints")


@dataclass(frozen=True)
class Patrols:
    """The patrols of one shift: what they were planned from, and the plan that was drawn.

    ``teams`` names the teams; ``stops`` has `_patrol_stops.ABOUT`; ``about`` is the row of
    ``patrol_plans``. ``network`` are the ways of today, None where none are imported;
    ``checkpoints`` (`patrol_checkpoints.TOLD`) those that were drawn for the shift.
    """

    shift: Shift
    teams: pl.DataFrame
    stops: pl.DataFrame
    plan: Plan
    about: dict[str, Any]
    network: Network | None
    checkpoints: pl.DataFrame

    @property
    def inputs(self) -> Inputs:
        """Return the teams and stops as the planner takes them."""
        return Inputs(
            self.teams.select(TEAMS.names()), self.stops.select(STOPS.names()), self.network
        )

    def team(self, team_id: str) -> dict[str, Any]:
        """Return one team's row; raise InputError where it does not serve the shift."""
        if team_id not in self.teams["team_id"]:
            raise InputError(
                f"there is no team {team_id} in the shift {self.shift.shift_id}",
                where="--team",
                mend=f"Name one of {', '.join(self.teams['team_id']) or 'none: import teams'}.",
            )
        return self.teams.row(by_predicate=pl.col("team_id") == team_id, named=True)

    def stop(self, stop_id: str) -> dict[str, Any]:
        """Return one stop's row."""
        return self.stops.row(by_predicate=pl.col("stop_id") == stop_id, named=True)


def teams_of(ws: Workspace, shift: Shift) -> pl.DataFrame:
    """Return the teams that serve a shift: ``TEAMS``, and their names and units."""
    start = shift.shift_id[11:]
    found = store.read(ws.engine, "teams")
    serves = pl.col("shifts").is_null() | pl.col("shifts").str.split(",").list.contains(start)
    speed = pl.col("kind").replace_strict(SPEED_KMH, default=None, return_dtype=pl.Float64)
    return (
        found.filter(serves)
        .sort("team_id")
        .with_columns(
            t0=pl.lit(shift.t0).cast(TEAMS["t0"]),
            t1=pl.lit(shift.t1).cast(TEAMS["t1"]),
            speed_kmh=pl.coalesce("speed_kmh", speed),
            capacity_minutes=pl.when(pl.col("capacity_minutes") < shift.hours * 60.0).then(
                "capacity_minutes"
            ),
        )
        .select(*TEAMS.names(), "name", "name_en", "unit")
        .cast(dict(TEAMS))
    )


def planned(
    ws: Workspace,
    ground: Ground,
    shift: Shift,
    zones: Iterable[dict[str, Any]],
    drawn: pl.DataFrame,
    *,
    done: Sequence[str],
    run_id: str,
) -> Patrols:
    """Plan one shift's patrols, and draw one of several that are nearly as good.

    The plans differ by noise in the prizes (`risk.patrol_mix.mix`). The draw is made with the
    workspace's own number and the shift's, so that it can be made again, and nobody outside can
    make it before. A share of the teams' time is kept for the stretches that the lot drew: as many
    of them as fill it are drawn again, and planned like what is due. Checkpoints are drawn beside.
    """
    teams = teams_of(ws, shift)
    out = int((teams["kind"] != CAMERA).sum())
    stops = pl.concat(
        [
            due_stops(ws, ground, shift, teams=out, done=done),
            shore_stops(ws, ground, shift, zones, drawn),
        ]
    )
    ways = network(ws)
    inputs = Inputs(teams.select(TEAMS.names()), stops.select(STOPS.names()), ways)
    about: dict[str, Any] = {
        "shift_start": shift.t0,
        "run_id": run_id,
        "plans": 0,
        "explore_set": ws.config.explore_share,
    }
    own = np.random.SeedSequence((seed_of(ws), int(shift.t0.timestamp())))
    # PyVRP's seeds have 32 bits, and each plan of the mix takes the next one.
    search, which, lots, posts, tries = (int(one) // 2 for one in own.generate_state(5))
    points = drawn_checkpoints(ws, shift, stops, ways, speed_kmh=SPEED_KMH["car"], seed=posts)
    if teams.is_empty() or stops.is_empty():
        made = patrol_plan(inputs)
        about["empty_zh"], about["empty_en"] = made.empty or ("", "")
        return Patrols(shift, teams, stops, made, about, ways, points)
    share = ws.config.explore_share
    lot = pl.col("purpose") == EXPLORE
    # Of no worth to the plan, they are looked at all the same: which of them can be reached?
    unpaid = stops.with_columns(prize=pl.when(lot).then(0.0).otherwise("prize"))
    chosen = replace(inputs, stops=unpaid.select(STOPS.names()))
    mixed = mix(base_inputs(chosen, share=share), number=PLANS, seed=search, iterations=ITERATIONS)
    row, probability = mixed.draw(which)
    bits = entropy(mixed)
    # One that lies on the way costs nothing; but whoever goes to what was not drawn spoils the lot.
    names = stops.filter(lot)["stop_id"].to_list()
    base = without(mixed.plans[row], names)
    rate = calibrated(inputs, base, share=share, seed=tries, only=names, iterations=ITERATIONS)
    found = explored(inputs, base, share=share, seed=lots, only=names, rate=rate)
    made = with_explored(inputs, base, found, iterations=ITERATIONS, seed=search)
    stops = stops.join(
        found.filter(pl.col("part") == EXPLORE).select("stop_id", again="probability"),
        on="stop_id",
        how="left",
        maintain_order="left",
    ).with_columns(probability=pl.col("probability") * pl.col("again"))
    whole = _whole(made, base, found, stops)
    about |= {
        "plans": len(mixed.plans),
        "probability": probability,
        # They add up in no fixed order: the last digits are chance.
        "plan_bits": round(bits.plans, 6),
        "route_bits": round(bits.routes, 6),
        "stop_hour_bits": round(bits.stop_hours, 6),
        "explore_reached": _reached(whole),
    }
    return Patrols(shift, teams, stops.drop("again"), whole, about, ways, points)


def _whole(made: Plan, base: Plan, drawn: pl.DataFrame, stops: pl.DataFrame) -> Plan:
    """Return a night's plan that tells of every stop, also of those that it did not consider."""
    lost = drawn.filter(~pl.col("chosen")).join(stops, on="stop_id", maintain_order="left")
    columns = ("stop_id", "prize", "due", "reason")
    parts = [
        made.left_out.select(columns),
        base.left_out.join(
            pl.concat([made.left_out, made.routes.select("stop_id"), lost], how="diagonal"),
            on="stop_id",
            how="anti",
            maintain_order="left",
        ).select(columns),
        lost.with_columns(reason=pl.lit("lot")).select(columns),
    ]
    return replace(made, left_out=said(pl.concat(parts)))


def _reached(made: Plan) -> float | None:
    """Return the share of the minutes at stops that is spent at those drawn by lot."""
    visits = made.routes.filter(pl.col("part").is_in(["plan", EXPLORE])).select(
        "part", minutes=(pl.col("leave") - pl.col("start")).dt.total_seconds() / 60.0
    )
    whole = float(visits["minutes"].sum())
    return (
        float(visits.filter(pl.col("part") == EXPLORE)["minutes"].sum()) / whole if whole else None
    )


def keep(connection: Connection, made: Sequence[Patrols], wanted: Sequence[Shift]) -> None:
    """Put the patrols of shifts in place of what was planned for them before."""
    for name in _TABLES:
        clear_shifts(connection, getattr(db, name), wanted)
    for one in made:
        for name, table in _tables(one).items():
            if len(table):
                store.write(connection, name, table)


def _tables(one: Patrols) -> dict[str, pl.DataFrame]:
    start = pl.lit(one.shift.t0).cast(pl.Datetime("ms", "UTC")).alias("shift_start")
    columns = [column.name for column in db.patrol_plans.columns]
    plan_row = {name: one.about.get(name) for name in columns}
    left = one.plan.left_out.select("stop_id", left_out="reason")
    told = [
        None if windows is None else json.dumps([_plain(window) for window in windows])
        for windows in one.stops["windows"].to_list()
    ]
    kinds = [None if kinds is None else json.dumps(kinds) for kinds in one.stops["kinds"].to_list()]
    stops = one.stops.with_columns(
        windows=pl.Series(told, dtype=pl.String), kinds=pl.Series(kinds, dtype=pl.String)
    ).join(left, on="stop_id", how="left", maintain_order="left")
    totals = one.plan.totals.drop("kind")
    return {
        "patrol_plans": pl.DataFrame([plan_row], infer_schema_length=None),
        "patrol_teams": one.teams.join(
            totals, on="team_id", how="left", maintain_order="left"
        ).select(start, pl.all()),
        "patrol_stops": stops.select(start, pl.all()),
        "patrol_checkpoints": one.checkpoints.select(start, pl.all()),
        "patrol_routes": one.plan.routes.drop("kind")
        .rename({"order": "position"})
        .select(start, pl.all()),
    }


def _plain(window: dict[str, Any]) -> dict[str, Any]:
    return {
        "t0": window["t0"].isoformat(),
        "t1": window["t1"].isoformat(),
        "kinds": window["kinds"],
    }


def patrols_of(ws: Workspace, shift: Shift) -> Patrols | None:
    """Return what was planned for a shift, None where nothing was."""
    found = {
        name: store.read(ws.engine, name, where=getattr(db, name).c.shift_start == shift.t0)
        for name in _TABLES
    }
    if found["patrol_plans"].is_empty():
        return None
    about = found["patrol_plans"].row(0, named=True)
    kept = found["patrol_teams"]
    stops = found["patrol_stops"]
    windows = [None if text is None else _windows(text) for text in stops["windows"]]
    kinds = [None if text is None else json.loads(text) for text in stops["kinds"]]
    whole = stops.with_columns(
        windows=pl.Series(windows, dtype=WINDOWS), kinds=pl.Series(kinds, dtype=STOPS["kinds"])
    )
    kind_of = kept.select("team_id", "kind")
    routes = (
        found["patrol_routes"]
        .sort("team_id", "position")
        .rename({"position": "order"})
        .join(kind_of, on="team_id", how="left", maintain_order="left")
    )
    plan = Plan(
        routes.select(ROUTES.names()).cast(dict(ROUTES)),
        said(stops.select("stop_id", "prize", "due", reason="left_out").drop_nulls("reason")),
        kept.select(TOTALS.names()).cast(dict(TOTALS)),
        None if about["empty_zh"] is None else (about["empty_zh"], about["empty_en"]),
    )
    named = ("name", "name_en", "unit")
    teams = kept.select(*TEAMS.names(), *named).cast(dict(TEAMS))
    stops = whole.select(ABOUT.names()).cast(dict(ABOUT))
    points = found["patrol_checkpoints"].sort("t0", "checkpoint_id")
    return Patrols(
        shift, teams, stops, plan, about, network(ws), points.select(TOLD.names()).cast(dict(TOLD))
    )


def visited(one: Patrols) -> list[str]:
    """Return the stops that somebody goes to."""
    return one.plan.routes["stop_id"].drop_nulls().to_list()


def line(one: Patrols) -> str:
    """Tell one shift's patrols in a line."""
    if one.plan.empty is not None:
        return f"没有巡逻方案：{one.plan.empty[0]} · no patrols: {one.plan.empty[1]}"
    out = one.plan.totals.filter(pl.col("stops") > 0)
    visited = int(out["stops"].sum())
    late = int(one.plan.left_out["due"].sum())
    zh = f"巡逻 {len(out)} 队 {visited} 点 {out['km'].sum():.0f} km"
    en = f"{len(out)} teams, {visited} stops, {out['km'].sum():.0f} km"
    if late:
        zh, en = f"{zh}，应检未排 {late}", f"{en}; {late} due stops left out"
    reached = one.about.get("explore_reached")
    if reached is not None:
        zh, en = f"{zh}，探索占 {reached:.0%}", f"{en}; exploration {reached:.0%}"
        wanted, left = one.about["explore_set"], set(one.plan.left_out["reason"])
        if reached < wanted and "lot" not in left:
            zh = f"{zh}（少于所设 {wanted:.0%}：可探索的已全部安排）"
            en = f"{en} of the {wanted:.0%} set: nothing is left to explore"
    if len(one.checkpoints):
        zh, en = f"{zh}，卡点 {len(one.checkpoints)}", f"{en}; {len(one.checkpoints)} checkpoints"
    return f"{zh} · {en}"


def _windows(text: str) -> list[dict[str, Any]]:
    return [
        {
            "t0": datetime.fromisoformat(one["t0"]),
            "t1": datetime.fromisoformat(one["t1"]),
            "kinds": one["kinds"],
        }
        for one in json.loads(text)
    ]


def changed(
    ws: Workspace,
    before: Patrols,
    *,
    without: Sequence[str] = (),
    raised_m: float = 0.0,
    barred: Sequence[int] = (),
) -> WhatIf:
    """Return what becomes of a plan with teams less, the water higher by metres, or ways barred.

    Raises
    ------
    InputError
        When there is no such team or way, or no plan to change.
    """
    if before.plan.empty is not None:
        raise InputError(
            f"the shift {before.shift.shift_id} has no patrols to change: {before.plan.empty[1]}",
            where="what-if",
            mend="Import teams, or choose another shift.",
        )
    # What the lot sent a team to stays as needful as what is due.
    lot = before.plan.routes.filter(pl.col("part") == EXPLORE)["stop_id"].to_list()
    inputs = before.inputs
    open_to_lot = inputs.stops.filter(
        ~pl.col("stop_id").is_in(
            before.plan.left_out.filter(pl.col("reason") == "lot")["stop_id"].to_list()
        )
    )
    windows = raised(ws, before.shift, before.stops, raised_m=raised_m) if raised_m else {}
    there = set(open_to_lot["stop_id"])
    windows = {stop: spans for stop, spans in windows.items() if stop in there}
    forced = open_to_lot.with_columns(due=pl.col("due") | pl.col("stop_id").is_in(lot))
    return what_if(
        replace(inputs, stops=forced),
        Change(without_teams=tuple(without), windows=windows, barred=_edges(before, barred)),
        before=before.plan,
        iterations=ITERATIONS,
    )


def _edges(before: Patrols, barred: Sequence[int]) -> tuple[tuple[str, str], ...]:
    """Return the edges of the network that lie on ways."""
    edges = None if before.network is None else before.network.edges
    known = set() if edges is None else set(edges["way_id"])
    strange = [way for way in barred if way not in known]
    if strange:
        raise InputError(
            f"there is no way {', '.join(map(str, strange))}",
            where="--bar",
            mend="Give the number of a way that was imported: shoregrid import WS ways FILE.",
        )
    if edges is None or not barred:
        return ()
    return tuple(edges.filter(pl.col("way_id").is_in(list(barred))).select("a", "b").rows())
