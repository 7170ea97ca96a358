"""Test forecasts of the workspace's incidents on what came after them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from geo.errors import InputError
from risk.backtest import Backtest
from risk.backtest import backtest as backtest_on
from risk.baselines import baselines, uniform
from risk.history import Floats, Forecast, Shore
from risk.learned import learned
from risk.weights import WeightSet
from workspace import happened, store
from workspace._cache import cached
from workspace._recorded import began
from workspace._run import Run, need_coast
from workspace.folder import Workspace
from workspace.happened import Day
from workspace.nearness import near_pairs
from workspace.weighting import weight_set

STEP_DAYS = 30.0
YEARS = 5
_REACH_M = 8_000.0
_LEAST_DAYS = 365


class Tested(NamedTuple):
    """What a backtest found, and on what."""

    run: Run
    found: Backtest
    weights: WeightSet
    span: tuple[datetime, datetime]
    left_out: dict[str, int]
    """Incidents that were not tested on, by reason."""
    recorded_since: datetime | None
    """When the record of facilities and landing places begins; None where there is none."""


def backtest(
    ws: Workspace,
    *,
    since: date | None = None,
    until: date | None = None,
    step_days: float = STEP_DAYS,
    now: datetime | None = None,
) -> Tested:
    """Test baselines, the weight set in force and the learned model on past incidents.

    Parameters
    ----------
    since, until : date, optional
        Local days: of the first origin, and at which the last period ends. By default today, and
        five years before, or as far back as leaves a year of incidents to learn from.
    step_days : float
        From one origin to the next, and the length of each period.

    Raises
    ------
    InputError
        Without a coast, without incidents, or where the span is shorter than one period.
    """
    run = Run("backtest", now or datetime.now(UTC))
    need_coast(ws)
    weights = weight_set(ws)
    with run.step("inputs"):
        history, left_out = happened.history(ws, run.as_of)
        if history.is_empty():
            raise InputError(
                "there are no incidents to test on"
                + "".join(f"; {n} {reason.replace('_', ' ')}" for reason, n in left_out.items()),
                where=str(ws.root),
                mend="Import incidents first: shoregrid import WS incidents FILE",
            )
        start, end = _span(ws, history, since, until, step_days, run.as_of)
        shore = shore_of(ws)
    with run.step("backtest"):
        forecasts = {**baselines(shore), **of_the_county(ws, shore, weights)}
        found = backtest_on(
            shore, history, forecasts,
            start=start, end=end, step_days=step_days, horizon_days=step_days, seed=1,
        )  # fmt: skip
    run.counts = {
        "segments": len(shore),
        "incidents": found.incidents,
        "periods": found.folds.height,
        "forecasts": found.by_forecaster.height,
        **{f"left_out_{reason}": n for reason, n in left_out.items()},
    }
    with ws.begin() as connection:
        store.write(connection, "runs", run.row())
    return Tested(run, found, weights, (start, end), left_out, began(ws))


def shore_of(ws: Workspace) -> Shore:
    """Return the workspace's segments as stretches, with which are near each other."""
    return cached(ws, "stretches", ("land", "segments"), lambda: _shore(ws))


def _shore(ws: Workspace) -> Shore:
    rows = store.read(ws.engine, "segments", columns=["segment_id", "length_m", "lon", "lat"])
    pairs = near_pairs(
        ws, "segment_id", rows["segment_id"].to_list(), rows["lon"].to_numpy(),
        rows["lat"].to_numpy(), radius_m=_REACH_M,
    )  # fmt: skip
    number = rows.select("segment_id", a=pl.int_range(pl.len(), dtype=pl.Int64))
    pairs = pairs.join(number, on="segment_id").filter(pl.col("a") != pl.col("segment"))
    own = np.arange(rows.height)
    return Shore(
        rows["length_m"].to_numpy() / 1000.0,
        np.concatenate([own, pairs["a"].to_numpy()]),
        np.concatenate([own, pairs["segment"].cast(pl.Int64).to_numpy()]),
        np.concatenate([np.zeros(rows.height), pairs["distance_m"].to_numpy()]),
    )


def _span(
    ws: Workspace,
    history: pl.DataFrame,
    since: date | None,
    until: date | None,
    step_days: float,
    as_of: datetime,
) -> tuple[datetime, datetime]:
    first = history.select(pl.col("t").min()).item()
    end = as_of if until is None else happened.midnight(ws, until)
    start = max(end - timedelta(days=365.25 * YEARS), first + timedelta(days=_LEAST_DAYS))
    start = start if since is None else happened.midnight(ws, since)
    if start + timedelta(days=step_days) > end:
        raise InputError(
            f"from {start:%Y-%m-%d} to {end:%Y-%m-%d} there is no period of {step_days:g} days",
            where="backtest",
            mend="Begin earlier (--from), or import more years of incidents",
        )
    return start, end


def of_the_county(ws: Workspace, shore: Shore, weights: WeightSet) -> dict[str, Forecast]:
    """Return the forecasts that know more than where incidents were: analyst, and learned."""
    days = happened.each_day(ws, weights)
    names, known = happened.features(weights, days)
    return {
        "analyst": _weighted(shore, days),
        "learned": learned(shore, features=known, rising=names),
    }


def _weighted(shore: Shore, of: Callable[[datetime], Day]) -> Forecast:
    """Forecast by a weight set: as many as ``uniform`` expects, by score x length."""
    number = uniform(shore)

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        risk = of(t0).score * shore.length_km
        expected: Floats = risk / risk.sum() * number(history, t0, t1).sum()
        return expected

    return forecast
