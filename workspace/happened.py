"""What happened on the shore, and what was known of it on a day: what forecasts learn from."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from risk.history import HISTORY, Floats
from risk.indicators import evaluate
from risk.learned import Features
from risk.score import score
from risk.shifts import shifts
from risk.weights import WeightSet
from workspace import store
from workspace._recorded import as_recorded
from workspace.evidence import inputs
from workspace.folder import Workspace

_OF_INCIDENTS = ("incidents_near", "near_repeat", "seasonality")
"""Indicators of what a forecast that learns from incidents looks at itself."""

LEFT_OUT: dict[str, tuple[str, str]] = {
    "without_time": ("{} 起案事件没有时间，未计入。", "Incidents without a time, left out: {}."),
    "off_the_shore": ("{} 起案事件不在岸线上，未计入。", "Incidents off the shore, left out: {}."),
    "in_the_future": ("{} 起案事件时间在将来，未计入。", "Incidents in the future, left out: {}."),
    "earlier": ("{} 起案事件早于起始日，未计入。", "Incidents before the first day, left out: {}."),
    "later": ("{} 起案事件晚于截止日，未计入。", "Incidents after the last day, left out: {}."),
}
"""Why incidents are left out, in Chinese and English; ``{}`` is their number."""


class Day(NamedTuple):
    """A local day's mean score of each segment, and its mean value of each indicator."""

    score: Floats
    values: Floats


def history(ws: Workspace, as_of: datetime) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the incidents that a forecast can be made of, and how many cannot be, by reason."""
    columns = ["t0", "known", "segment_id", "weight", "source"]
    table = store.read(ws.engine, "incidents", columns=columns)
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
    found = good.select(
        "known", "source", t="t0", segment="segment", weight=pl.col("weight").fill_null(1.0)
    )
    return found.cast(dict(HISTORY)), {reason: n for reason, n in left_out.items() if n}


def each_day(ws: Workspace, weights: WeightSet) -> Callable[[datetime], Day]:
    """Return what a weight set says of the last local day that is over at a time.

    Nothing after that time is seen: incidents as they were known at the end of that day,
    facilities and landing places as they were on record.
    """
    found: dict[date, Day] = {}

    def of(t0: datetime) -> Day:
        day = (t0 - timedelta(days=1)).astimezone(ws.config.tz).date()
        if day not in found:
            wanted = shifts(day, tz=ws.config.tz, starts=ws.config.shift_starts)
            over = midnight(ws, day + timedelta(days=1))
            given = as_recorded(ws, inputs(ws, weights, wanted), over)
            told = evaluate(given, wanted, as_of=over, weights=weights)
            scored = score(told, weights).score.mean(axis=1)
            # Rounded as the scores keep them, so that they can be compared with those.
            values = np.round(np.round(told.value, 4).mean(axis=2), 6)
            found[day] = Day(scored, values.T)
        return found[day]

    return of


def features(weights: WeightSet, of: Callable[[datetime], Day]) -> tuple[list[str], Features]:
    """Return what a forecast may learn from beside incidents: indicators' names, and values.

    An indicator's 1 is its risky end, so that none may lower the risk as it rises.
    """
    column = [k for k, name in enumerate(weights.ids) if name not in _OF_INCIDENTS]
    names = [weights.ids[k] for k in column]
    return names, lambda t0, _: (names, of(t0).values[:, column])


def midnight(ws: Workspace, day: date) -> datetime:
    """Return when a local day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ws.config.tz).astimezone(UTC)
