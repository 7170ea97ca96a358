"""Read what happened before an origin."""

from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from risk.history import Floats, Ints

RATE_HALF_LIFE_DAYS = 365.0
"""Half-life of the incidents that the rate is counted from."""

RATE_PRIOR = (0.5, 10.0)
"""Incidents and days that the rate starts from: half an incident (Jeffreys' prior of a Poisson
rate) in ten days. More days would pull the rate of a steady history down for good, as it never
has more than RATE_HALF_LIFE_DAYS / ln 2 of its own."""

_MS_PER_DAY = 86_400_000.0


class Past(NamedTuple):
    """What happened before an origin, the oldest first; one time and stretch once.

    ``age_days`` is above 0, ``segment`` a row of the shore, ``weight`` above 0.
    """

    age_days: Floats
    segment: Ints
    weight: Floats

    def decayed(self, half_life_days: float) -> Floats:
        """Return each weight as it counts now."""
        faded: Floats = self.weight * np.exp2(-self.age_days / half_life_days)
        return faded


def past(history: pl.DataFrame, t0: datetime) -> Past:
    """Return what happened before an origin."""
    seen = (
        history.filter(pl.col("t") < t0, pl.col("weight") > 0)
        .group_by("t", "segment")
        # Sorted first, so that the sum does not depend on the order of rows.
        .agg(pl.col("weight").sort().sum())
        .sort("t", "segment")
    )
    age = (t0.timestamp() * 1000.0 - seen["t"].dt.epoch("ms").to_numpy()) / _MS_PER_DAY
    return Past(
        age.astype(np.float64),
        seen["segment"].to_numpy().astype(np.int64),
        seen["weight"].to_numpy().astype(np.float64),
    )


def rate(seen: Past) -> float:
    """Return incidents a day of late, from the first incident on, with ``RATE_PRIOR``."""
    decay = np.log(2.0) / RATE_HALF_LIFE_DAYS
    days = -np.expm1(-decay * seen.age_days.max(initial=0.0)) / decay
    count = seen.decayed(RATE_HALF_LIFE_DAYS).sum()
    return float((count + RATE_PRIOR[0]) / (days + RATE_PRIOR[1]))
