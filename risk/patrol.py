"""Plan the patrols of a shift: who goes where, when, and what is left out and why."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from geo.errors import InputError
from risk._patrol_model import Model, Visits, model, search
from risk._patrol_tables import LEFT_OUT, REASONS, ROUTES, TOTALS, Plan, nothing, result, said
from risk.patrol_inputs import Inputs, checked

__all__ = ["LEFT_OUT", "REASONS", "ROUTES", "TOTALS", "Inputs", "Plan", "plan", "said"]
ITERATIONS = 5_000
PRICE_PER_HOUR = 1.0


def plan(
    inputs: Inputs,
    *,
    price_per_hour: float = PRICE_PER_HOUR,
    iterations: int = ITERATIONS,
    seed: int = 0,
    cap_s: float | None = None,
    first: Plan | None = None,
    explored: Sequence[str] = (),
) -> Plan:
    """Plan routes that cover the most risk within shifts, windows and ways.

    Prize-collecting routing with time windows, by PyVRP's iterated local search (Wouda, Lan & Kool
    2024, INFORMS Journal on Computing 36(4)). It maximises the prizes of the stops visited less
    ``price_per_hour`` for each hour on the way; what is due comes before all that is not. Near the
    best, not proved the best: docs/patrol.md says how near. The same inputs and seed give the same
    plan, unless ``cap_s`` stops the search.

    Parameters
    ----------
    inputs : Inputs
        Checked here.
    price_per_hour : float
        Points of risk that an hour on the way must bring.
    iterations : int
        When to stop.
    cap_s : float, optional
        Stop after as many seconds too; then the plan hangs on the machine.
    first : Plan, optional
        A plan to begin from; what can't be kept of it is left out.
    explored : sequence of str
        Stops drawn to explore: planned like what is due, and marked.

    Raises
    ------
    InputError
        When the inputs can't be used: every problem, by table and row.
    """
    inputs = checked(inputs)
    _parameters(inputs, price_per_hour, iterations, explored)
    if not len(inputs.teams) or not len(inputs.stops):
        what = ("没有可安排的点", "there is no stop") if len(inputs.teams) else (
            "没有队伍", "there is no team"
        )  # fmt: skip
        return nothing(inputs, what)
    forced = pl.col("due").fill_null(value=False) | pl.col("stop_id").is_in(list(explored))
    m = model(replace(inputs, stops=inputs.stops.with_columns(due=forced)))
    tours: list[Visits] = []
    if len(m.stop):
        tours = search(
            m,
            price_per_hour=price_per_hour,
            iterations=iterations,
            seed=seed,
            cap_s=cap_s,
            first=_tours(m, first),
        )
    return result(inputs, m, tours, frozenset(explored))


def _parameters(
    inputs: Inputs, price_per_hour: float, iterations: int, explored: Sequence[str]
) -> None:
    problems = []
    if not (np.isfinite(price_per_hour) and price_per_hour >= 0.0):
        problems.append(f"price_per_hour is {price_per_hour:g}, expected 0 or more")
    if iterations < 1:
        problems.append(f"iterations is {iterations}, expected 1 or more")
    if unknown := sorted(set(explored) - set(inputs.stops["stop_id"])):
        problems.append(f"explored names stops that are not there: {', '.join(unknown)}")
    if problems:
        raise InputError(
            "; ".join(problems), where="patrol plan", mend="Give a number within the bounds"
        )


def _tours(m: Model, first: Plan | None) -> list[Visits]:
    """Return what of a plan's routes still has an option, as tours of the model."""
    if first is None:
        return []
    team_row = {one: row for row, one in enumerate(m.inputs.teams["team_id"])}
    stop_row = {one: row for row, one in enumerate(m.inputs.stops["stop_id"])}
    tours: dict[int, list[int]] = {}
    kept = first.routes.filter(pl.col("part").is_in(["plan", "explore"]))
    for team_id, stop_id, start in kept.select("team_id", "stop_id", "start").iter_rows():
        team, stop = team_row.get(team_id), stop_row.get(stop_id)
        if team is None or stop is None:
            continue
        at = round(start.timestamp()) - m.origin_ms // 1000
        mine = np.flatnonzero((m.stop == stop) & m.fits[team])
        if len(mine):
            off = np.maximum(m.opens[mine] - at, 0) + np.maximum(at - m.closes[mine], 0)
            tours.setdefault(team, []).append(int(mine[np.argmin(off)]))
    return [Visits(team, options, 0) for team, options in tours.items()]
