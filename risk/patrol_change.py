"""Answer what a patrol plan loses or wins when a team, a tide or a road changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from geo.errors import InputError
from risk.patrol import Inputs, Plan, plan
from risk.patrol_inputs import WINDOWS, checked

ITERATIONS = 500
MOVED = pl.Schema(
    {
        "stop_id": pl.String(),
        "prize": pl.Float64(),
        "change": pl.String(),
        "team_before": pl.String(),
        "team_after": pl.String(),
        "reason": pl.String(),
    }
)
"""One row per stop with another team than before. ``change``: lost | gained | moved; ``reason`` as
in the plan's ``left_out`` for what is lost."""
Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Change:
    """What is to be different.

    ``without_teams`` are off duty; ``windows`` are other windows of stops (by ``stop_id``; an
    empty list is never); ``barred`` are edges (a, b) of the network, either way round.
    """

    without_teams: tuple[str, ...] = ()
    windows: Mapping[str, list[Window]] = field(default_factory=dict)
    barred: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WhatIf:
    """The plan after a change, risk covered before and after, and the stops ``MOVED``."""

    plan: Plan
    prize_before: float
    prize_after: float
    moved: pl.DataFrame


def changed(inputs: Inputs, change: Change) -> Inputs:
    """Return the inputs with a change made.

    Raises
    ------
    InputError
        When it names teams, stops or edges that are not there.
    """
    inputs = checked(inputs)
    edges = None if inputs.network is None else inputs.network.edges
    known = set() if edges is None else {frozenset(ab) for ab in edges.select("a", "b").rows()}
    teams, stops = set(inputs.teams["team_id"]), set(inputs.stops["stop_id"])
    problems = [
        *(f"there is no team {one}" for one in change.without_teams if one not in teams),
        *(f"there is no stop {one}" for one in change.windows if one not in stops),
        *(f"there is no edge {' to '.join(ab)}" for ab in change.barred if {*ab} not in known),
    ]
    if problems:
        raise InputError(
            "; ".join(problems), where="what-if", mend="Name teams, stops and edges of the plan"
        )
    gone = pl.col("team_id").is_in(list(change.without_teams))
    kept = [
        *inputs.teams.with_row_index("row").filter(~gone)["row"],
        *range(len(inputs.teams), len(inputs.teams) + len(inputs.stops)),
    ]
    network = inputs.network
    if network is not None and change.barred:
        shut = [frozenset(ab) for ab in change.barred]
        hit = pl.Series([frozenset(ab) in shut for ab in network.edges.select("a", "b").rows()])
        barred = pl.col("barred").fill_null(value=False) | hit
        network = replace(network, edges=network.edges.with_columns(barred=barred))
    return replace(
        inputs,
        teams=inputs.teams.filter(~gone),
        stops=_rewindowed(inputs.stops, change.windows),
        network=network,
        minutes={kind: table[kept][:, kept] for kind, table in inputs.minutes.items()},
    )


def _rewindowed(stops: pl.DataFrame, windows: Mapping[str, list[Window]]) -> pl.DataFrame:
    new = [
        [{"t0": a, "t1": b, "kinds": None} for a, b in windows[one]] if one in windows else old
        for one, old in stops.select("stop_id", "windows").iter_rows()
    ]
    return stops.with_columns(windows=pl.Series(new, dtype=WINDOWS))


def what_if(
    inputs: Inputs,
    change: Change,
    *,
    before: Plan,
    iterations: int = ITERATIONS,
    seed: int = 0,
) -> WhatIf:
    """Plan again after a change, beginning from the plan before, in a few iterations.

    Where nothing changes the plan stays as it is.
    ``prize_after`` may be above ``prize_before`` though the change only takes away: the search goes
    on from where it stopped. Then the change costs less than what the search still finds.
    """
    after = (
        before
        if change == Change()
        else plan(changed(inputs, change), iterations=iterations, seed=seed, first=before)
    )
    was, now = _who(before, "team_before"), _who(after, "team_after")
    moved = (
        was.join(now, on="stop_id", how="full", coalesce=True)
        .filter(pl.col("team_before").ne_missing(pl.col("team_after")))
        .join(inputs.stops.select("stop_id", "prize"), on="stop_id", how="left")
        .join(after.left_out.select("stop_id", "reason"), on="stop_id", how="left")
        .with_columns(
            change=pl.when(pl.col("team_after").is_null())
            .then(pl.lit("lost"))
            .when(pl.col("team_before").is_null())
            .then(pl.lit("gained"))
            .otherwise(pl.lit("moved"))
        )
        .select(MOVED.names())
        .cast(MOVED)
        .sort("change", "prize", "stop_id", descending=[False, True, False])
    )
    return WhatIf(after, before.prize, after.prize, moved)


def _who(made: Plan, name: str) -> pl.DataFrame:
    visits = made.routes.filter(pl.col("part").is_in(["plan", "explore"]))
    return visits.select("stop_id", pl.col("team_id").alias(name))
