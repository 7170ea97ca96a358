"""A backtest: every baseline over five years of monthly origins."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from risk.backtest import backtest
from risk.baselines import baselines
from risk.history import HISTORY, Shore
from tests.bench.row import Row, seconds

_SEGMENTS, _SEGMENT_KM, _REACH = 5_000, 0.5, 10
_YEARS, _A_YEAR = 8, 60
_BEGIN = datetime(2015, 1, 1, tzinfo=UTC)


def rows() -> Iterator[Row]:
    """Measure 5,000 segments, 60 incidents a year, three years before the first origin."""
    shore, incidents = _shore(), _incidents()
    start = _BEGIN + timedelta(days=3 * 365.25)
    time_s, found = seconds(
        lambda: backtest(
            shore,
            incidents,
            baselines(shore),
            start=start,
            end=start + timedelta(days=5 * 365.25),
            step_days=365.25 / 12,
            horizon_days=365.25 / 12,
            seed=1,
        ),
        turns=2,
    )
    assert found.folds.height == 60
    yield Row("backtest_5y", time_s, "s", budget=60.0)


def _shore() -> Shore:
    """Return a straight shore whose stretches are near ten others either way."""
    a = np.repeat(np.arange(_SEGMENTS), 2 * _REACH + 1)
    b = a + np.tile(np.arange(-_REACH, _REACH + 1), _SEGMENTS)
    there = (b >= 0) & (b < _SEGMENTS)
    distance_m = np.abs(a - b) * _SEGMENT_KM * 1000.0
    return Shore(np.full(_SEGMENTS, _SEGMENT_KM), a[there], b[there], distance_m[there])


def _incidents() -> pl.DataFrame:
    """Return incidents, two thirds of them on one stretch in fifty."""
    rng = np.random.default_rng(1)
    count = _YEARS * _A_YEAR
    hot = rng.choice(_SEGMENTS, _SEGMENTS // 50, replace=False)
    segment = np.where(
        rng.random(count) < 2 / 3, rng.choice(hot, count), rng.integers(_SEGMENTS, size=count)
    )
    days = rng.uniform(0, _YEARS * 365.25, count)
    return pl.DataFrame(
        {
            "t": [_BEGIN + timedelta(days=float(day)) for day in days],
            "segment": segment,
            "weight": np.ones(count),
            "source": ["reported"] * count,
        },
        schema_overrides=HISTORY,
    )
