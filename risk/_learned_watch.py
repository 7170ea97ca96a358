"""Watch whether what a learned model is given is still like what it learned from."""

import numpy as np
import polars as pl

from risk.gain import poisson_interval
from risk.history import Floats

BINS = 10
MOVED, FAR = 0.1, 0.25
"""Population stability index above which a feature has moved, and has moved far (Siddiqi 2006,
Credit Risk Scorecards, section 9)."""

_LEAST = 1e-4


def stability(trained: Floats, now: Floats) -> float:
    """Return the population stability index of values against those trained on.

    Bins are tenths of the trained values, and one for what is missing; 0 where both are alike.
    """
    known = trained[~np.isnan(trained)]
    edges: Floats = np.zeros(0)
    if len(known):
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))

    def shares(values: Floats) -> Floats:
        there = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(edges, there, side="left"), minlength=len(edges) + 1)
        counts = np.append(counts, len(values) - len(there))
        return np.maximum(counts / max(len(values), 1), _LEAST)

    p, q = shares(now), shares(trained)
    return float(((p - q) * np.log(p / q)).sum())


def watched(names: list[str], trained: Floats, now: Floats) -> pl.DataFrame:
    """Return ``feature, psi, state`` (``steady``, ``moved``, ``far``) of columns ``[m, k]``."""
    psi = [stability(trained[:, k], now[:, k]) for k in range(len(names))]
    state = ["far" if value > FAR else "moved" if value > MOVED else "steady" for value in psi]
    return pl.DataFrame(
        {"feature": names, "psi": psi, "state": state},
        schema={"feature": pl.String, "psi": pl.Float64, "state": pl.String},
    )


def counted(happened: float, expected: float) -> pl.DataFrame:
    """Return a row on the number of incidents since training: ``far`` outside chance (95 %)."""
    low, high = poisson_interval(happened)
    state = "steady" if low <= expected <= high else "far"
    return pl.DataFrame(
        {
            "happened": [happened],
            "expected": [expected],
            "happened_lo": [low],
            "happened_hi": [high],
            "state": [state],
        }
    )
