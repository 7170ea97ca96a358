"""Hold what a forecast of incidents is made from: stretches of shore, and what happened there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HISTORY = pl.Schema(
    {
        "t": pl.Datetime("ms", "UTC"),
        "segment": pl.UInt32(),
        "weight": pl.Float64(),
        "source": pl.String(),
    }
)
"""Incidents on stretches: when (UTC), on which row of the shore, how much each counts, and how it
was learned of (``reported``, ``discovered``, ``external``, ``tip``)."""

Forecast = Callable[[pl.DataFrame, datetime, datetime], Floats]
"""Given the ``HISTORY`` before the first time, how many incidents are expected on each stretch of
shore from then until the second: ``[n]``, 0 or more, finite."""


def seen_before(history: pl.DataFrame, t: datetime) -> pl.DataFrame:
    """Return what had happened before a time, and was known by then.

    ``history`` may have a column ``known``; where that is null or before ``t``, an incident was
    known at once.
    """
    seen = history.filter(pl.col("t") < t)
    return seen.filter((pl.col("known") < t).fill_null(value=True)) if "known" in seen else seen


@dataclass(frozen=True)
class Shore:
    """Stretches of shore in one order everywhere, and which are near each other.

    ``length_km`` is ``[n]``. The pairs are rows ``a``, ``b`` and their shore distance
    ``distance_m``, both ways and each with itself (0), as far as anything reaches.

    Raises
    ------
    InputError
        When a length is not above 0, or a pair is of a stretch that is not there.
    """

    length_km: Floats
    a: Ints
    b: Ints
    distance_m: Floats

    def __post_init__(self) -> None:
        """Check lengths and pairs."""
        n = len(self.length_km)
        problems = []
        if not (np.isfinite(self.length_km) & (self.length_km > 0)).all():
            problems.append("a length is not above 0 km")
        for name, rows in (("a", self.a), ("b", self.b)):
            if len(rows) and not (rows.min() >= 0 and rows.max() < n):
                problems.append(f"{name} names rows beyond the {n} stretches")
        if problems:
            raise InputError(
                "; ".join(problems),
                where="shore",
                mend="Make it of the segments and their near pairs",
            )

    def __len__(self) -> int:
        """Return how many stretches there are."""
        return len(self.length_km)
