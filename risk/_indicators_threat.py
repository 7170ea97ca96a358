"""The indicators of threat: what vessels do near, silences in reach, incidents, their season."""

import numpy as np
import polars as pl
from scipy.special import i0e

from risk._indicators_common import (
    DAY_MS,
    Floats,
    When,
    by_distance,
    epoch,
    faded,
    noted,
    spread,
    unknown,
)
from risk.inputs import Inputs
from risk.weights import Indicator

_YEAR_DAYS = 365.2425
# Events are unknown where less than this share of the days that count was heard: three half-lives
# of silence leave an eighth.
_LEAST_HEARD = 0.25


def events_near(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Count vessels with such events, faded by shore distance and age; a vessel counts once.

    A kind counts as much as the constant of its name says, else 1. What a sensor saw of a vessel
    without a number is a vessel of its own.
    """
    if inputs.events is None or inputs.event_pairs is None:
        return unknown()
    p = indicator.params
    kinds = {kind: p.get(kind, 1.0) for kind in indicator.kinds}
    things = inputs.events.filter(pl.col("kind").is_in(indicator.kinds)).select(
        "event_id",
        group=_vessel(),
        first=epoch("t0"),
        last=epoch("t1"),
        weight=pl.col("kind").replace_strict(kinds, default=0.0, return_dtype=pl.Float64),
    )
    effect = faded(things, when, half_life_days=p["half_life_days"], window_days=p["window_days"])
    pairs = by_distance(inputs.event_pairs, reach_m=p["distance_m"])
    found = spread(pairs, things, "event_id", effect, segments=len(inputs.segments))
    return _where_heard(found, inputs, when, indicator)


def gap_reach(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Count silent vessels by the probability that they touched the segment, faded by age.

    A silence counts from its end on: only then is it known how far it reached. A vessel counts
    once, with its strongest silence.
    """
    if inputs.events is None or inputs.reach is None:
        return unknown()
    p = indicator.params
    things = inputs.events.filter(pl.col("kind").is_in(indicator.kinds)).select(
        "event_id",
        group=_vessel(),
        first=pl.max_horizontal(epoch("t0"), epoch("t1").fill_nan(None)),
        last=pl.max_horizontal(epoch("t0"), epoch("t1").fill_nan(None)),
        weight=pl.lit(1.0),
    )
    effect = faded(things, when, half_life_days=p["half_life_days"], window_days=p["window_days"])
    pairs = inputs.reach.rename({"probability": "strength"})
    found = spread(pairs, things, "event_id", effect, segments=len(inputs.segments))
    return _where_heard(found, inputs, when, indicator)


def _vessel() -> pl.Expr:
    """Return the vessel's number; below 0, one for each event, where it has none."""
    return pl.coalesce(pl.col("mmsi").cast(pl.Int64), -1 - pl.int_range(pl.len(), dtype=pl.Int64))


def _where_heard(found: Floats, inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return NaN where too little was heard, unless the little tells of more than the prior."""
    if inputs.heard_days is None:
        return found
    unheard = _heard_share(inputs.heard_days, when, indicator) < _LEAST_HEARD
    return np.where(unheard & (indicator.transform(found) <= indicator.prior), np.nan, found)


def _heard_share(days: pl.Series, when: When, indicator: Indicator) -> Floats:
    """Return per shift the share of the window's days with positions, recent ones counting most."""
    heard = days.unique().cast(pl.Datetime("ms")).dt.epoch("ms").cast(pl.Float64).to_numpy()
    p = indicator.params
    back = np.arange(p["window_days"])
    weight = np.exp2(-back / p["half_life_days"])
    day = np.floor(when.cutoff / DAY_MS)[:, None] - back
    share: Floats = np.isin(day, np.floor(heard / DAY_MS)) @ weight / weight.sum()
    return share


def incidents_near(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Count incidents, by their weights, faded by shore distance and age.

    The weights are those of ``inputs``, corrected for patrol effort beforehand. An incident ages
    from when it happened, and counts from when it was known.
    """
    if inputs.incidents is None or inputs.incident_pairs is None:
        return unknown()
    p = indicator.params
    things = inputs.incidents.select(
        "incident_id",
        group=pl.int_range(pl.len(), dtype=pl.Int64),
        first=noted(inputs.incidents),
        last=epoch("t0"),
        weight=pl.col("weight").cast(pl.Float64).fill_null(1.0),
    )
    effect = faded(things, when, half_life_days=p["half_life_days"], window_days=p["window_days"])
    pairs = by_distance(inputs.incident_pairs, reach_m=p["distance_m"])
    return spread(pairs, things, "incident_id", effect, segments=len(inputs.segments))


def seasonality(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return how many incidents the time of year brings, 1 being the year's mean: ``[1, shift]``.

    A circular kernel (von Mises) over the day of the year, ``width_days`` wide, with
    ``flat_incidents`` spread evenly over the year beside those that happened and were known. Only
    whole years before count, at most ``most_years``, so that no month was seen more often than
    another; NaN before the first incident is a year old.
    """
    if inputs.incidents is None or inputs.incidents.is_empty():
        return unknown()
    p = indicator.params
    t = inputs.incidents.select(t=epoch("t0"))["t"].to_numpy()[:, None]
    weight = inputs.incidents["weight"].cast(pl.Float64).fill_null(1.0).to_numpy()[:, None]
    year_ms = _YEAR_DAYS * DAY_MS
    known = noted(inputs.incidents).to_numpy()[:, None] <= when.cutoff
    oldest = np.where(known & ~np.isnan(t), t, np.inf).min(axis=0)
    years = np.minimum(np.floor((when.cutoff - oldest) / year_ms), p["most_years"])
    counts = known & (t > when.cutoff - years * year_ms - DAY_MS)
    middle = when.t0 + when.hours * (DAY_MS / 48.0)
    angle = 2.0 * np.pi * (middle - t) / year_ms
    narrow = (_YEAR_DAYS / (2.0 * np.pi * p["width_days"])) ** 2
    kernel = np.exp(narrow * (np.cos(angle) - 1.0)) / i0e(narrow)
    seen = np.where(counts, weight, 0.0)
    flat = p["flat_incidents"]
    rate = (flat + (seen * np.nan_to_num(kernel)).sum(axis=0)) / (flat + seen.sum(axis=0))
    found: Floats = np.where(years >= 1.0, rate, np.nan)[None, :]
    return found
