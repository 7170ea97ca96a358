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
from risk.history import HISTORY, Floats, Forecast, Shore
from risk.indicators import evaluate
from risk.learned import learned
from risk.score import score
from risk.shifts import shifts
from risk.weights import WeightSet
from workspace import store
from workspace._cache import cached
from workspace._recorded import as_recorded, began
from workspace._run import Run, need_coast
from workspace.evidence import inputs
from workspace.folder import Workspace
from workspace.nearness import near_pairs
from workspace.weighting import weight_set

STEP_DAYS = 30.0
YEARS = 5
_REACH_M = 8_000.0
_LEAST_DAYS = 365
_OF_INCIDENTS = ("incidents_near", "near_repeat", "seasonality")
"""Indicators of what the learned forecast looks at itself."""


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
        history, left_out = _history(ws, run.as_of)
        start, end = _span(ws, history, since, until, step_days, run.as_of)
        shore = shore_of(ws)
        days = _each_day(ws, weights)
    with run.step("backtest"):
        forecasts = {
            **baselines(shore),
            "analyst": _weighted(shore, days),
            "learned": _learning(shore, weights, days),
        }
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


def _history(ws: Workspace, as_of: datetime) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the incidents that can be tested on, and how many cannot, by reason."""
    table = store.read(
        ws.engine, "incidents", columns=["t0", "known", "segment_id", "weight", "source"]
    )
    rows = store.read(ws.engine, "segments", columns=["segment_id"]).with_row_index("segment")
    placed = table.join(rows, on="segment_id", how="left")
    ashore = placed.filter(pl.col("segment").is_not_null(), pl.col("t0").is_not_null())
    good = ashore.filter(pl.col("t0") <= as_of)
    timeless = placed["t0"].null_count()
    left_out = {
        "without_time": timeless,
        "off_the_shore": placed.height - timeless - ashore.height,
        "in_the_future": ashore.height - good.height,
    }
    if good.is_empty():
        raise InputError(
            "there are no incidents to test on"
            + "".join(f"; {n} {reason.replace('_', ' ')}" for reason, n in left_out.items() if n),
            where=str(ws.root),
            mend="Import incidents first: shoregrid import WS incidents FILE",
        )
    history = good.select(
        "known",
        "source",
        t="t0",
        segment="segment",
        weight=pl.col("weight").fill_null(1.0),
    ).cast(dict(HISTORY))
    return history, {reason: n for reason, n in left_out.items() if n}


def _span(
    ws: Workspace,
    history: pl.DataFrame,
    since: date | None,
    until: date | None,
    step_days: float,
    as_of: datetime,
) -> tuple[datetime, datetime]:
    first = history.select(pl.col("t").min()).item()
    end = as_of if until is None else _midnight(ws, until)
    start = max(end - timedelta(days=365.25 * YEARS), first + timedelta(days=_LEAST_DAYS))
    start = start if since is None else _midnight(ws, since)
    if start + timedelta(days=step_days) > end:
        raise InputError(
            f"from {start:%Y-%m-%d} to {end:%Y-%m-%d} there is no period of {step_days:g} days",
            where="backtest",
            mend="Begin earlier (--from), or import more years of incidents",
        )
    return start, end


def _midnight(ws: Workspace, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ws.config.tz).astimezone(UTC)


class _Day(NamedTuple):
    """A local day's mean score of each segment, and its mean value of each indicator."""

    score: Floats
    values: Floats


def _each_day(ws: Workspace, weights: WeightSet) -> Callable[[datetime], _Day]:
    """Return what a weight set says of the last local day that is over at a time.

    Nothing after that time is seen: incidents as they were known at the end of that day,
    facilities and landing places as they were on record.
    """
    found: dict[date, _Day] = {}

    def of(t0: datetime) -> _Day:
        day = (t0 - timedelta(days=1)).astimezone(ws.config.tz).date()
        if day not in found:
            wanted = shifts(day, tz=ws.config.tz, starts=ws.config.shift_starts)
            over = _midnight(ws, day + timedelta(days=1))
            given = as_recorded(ws, inputs(ws, weights, wanted), over)
            told = evaluate(given, wanted, as_of=over, weights=weights)
            scored = score(told, weights).score.mean(axis=1)
            found[day] = _Day(scored, told.value.mean(axis=2).T)
        return found[day]

    return of


def _weighted(shore: Shore, of: Callable[[datetime], _Day]) -> Forecast:
    """Forecast by a weight set: as many as ``uniform`` expects, by score x length."""
    number = uniform(shore)

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        risk = of(t0).score * shore.length_km
        expected: Floats = risk / risk.sum() * number(history, t0, t1).sum()
        return expected

    return forecast


def _learning(shore: Shore, weights: WeightSet, of: Callable[[datetime], _Day]) -> Forecast:
    """Forecast by learning from the past and from what indicators say of other things.

    An indicator's 1 is its risky end, so that none may lower the risk as it rises.
    """
    column = [k for k, name in enumerate(weights.ids) if name not in _OF_INCIDENTS]
    names = [weights.ids[k] for k in column]

    def features(t0: datetime, _: datetime) -> tuple[list[str], Floats]:
        return names, of(t0).values[:, column]

    return learned(shore, features=features, rising=names)
