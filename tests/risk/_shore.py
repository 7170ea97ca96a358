"""Straight shores and made-up histories for the tests of forecasts."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from risk.history import HISTORY, Shore

T0 = datetime(2018, 1, 1, tzinfo=UTC)


def straight(length_km, *, reach_m=2_000.0):
    """Return a straight shore of stretches of these lengths, near as far as ``reach_m``."""
    length_km = np.asarray(length_km, dtype=np.float64)
    middle_m = (np.cumsum(length_km) - length_km / 2) * 1000.0
    distance_m = np.abs(middle_m[:, None] - middle_m)
    a, b = np.nonzero(distance_m <= reach_m)
    return Shore(length_km, a, b, distance_m[a, b])


def history(days, segments, weights=None):
    """Return incidents so many days after ``T0``."""
    count = len(days)
    return pl.DataFrame(
        {
            "t": [T0 + timedelta(days=float(day)) for day in days],
            "segment": list(segments),
            "weight": [1.0] * count if weights is None else list(weights),
            "source": ["reported"] * count,
        },
        schema=HISTORY,
    )


def random_history(n, count, *, days=1500.0, seed=0, hot=0, share=0.0):
    """Return incidents at random; a ``share`` of them on the first ``hot`` stretches."""
    rng = np.random.default_rng(seed)
    segments = rng.integers(n, size=count)
    if hot:
        segments = np.where(rng.random(count) < share, rng.integers(hot, size=count), segments)
    return history(rng.uniform(0, days, count), segments)
