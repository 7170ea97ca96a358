"""Watch whether what a learned model is given is still like what it learned from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from risk.gain import poisson_interval
from risk.history import Floats

BINS = 10
MOVED, FAR = 0.1, 0.25
"""Population stability index above which a feature has moved, and has moved far (Siddiqi 2006,
Credit Risk Scorecards, section 9)."""
LOST = 0.25
"""Share of the shore of which a feature is newly missing."""

_LEAST = 1e-4


@dataclass(frozen=True)
class Spread:
    """How a feature's values lay in training.

    ``edges`` are tenths of the known values, ``shares`` how much lay between them and, last, how
    much was missing; ``usual`` is the largest index of one of the days against the others, and
    ``missing`` the largest share of one that was missing.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    usual: float
    missing: float


def spread(days: Floats) -> Spread:
    """Return how a feature's values lay on some days, ``[d, n]``, NaN where missing."""
    edges = _edges(days[~np.isnan(days)])
    each = np.stack([_shares(edges, day) for day in days])
    rest = (each.sum(axis=0) - each) / max(len(days) - 1, 1)
    usual = max(map(_index, each, rest)) if len(days) > 1 else 0.0
    return Spread(
        tuple(edges.tolist()), tuple(each.mean(axis=0).tolist()), usual, float(each[:, -1].max())
    )


def _edges(known: Floats) -> Floats:
    """Return tenths, each midway to the next value: one that many share is not cut in two."""
    if not len(known):
        return np.zeros(0)
    tenths = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower")
    values = np.unique(known)
    at = np.unique(np.searchsorted(values, tenths))
    at = at[at + 1 < len(values)]
    return np.asarray((values[at] + values[at + 1]) / 2)


def stability(trained: Spread, now: Floats) -> float:
    """Return the population stability index of values against those trained on; 0 where alike."""
    return _index(_shares(np.array(trained.edges), now), np.array(trained.shares))


def _shares(edges: Floats, values: Floats) -> Floats:
    there = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, there, side="left"), minlength=len(edges) + 1)
    counts = np.append(counts, len(values) - len(there))
    return np.asarray(counts / max(len(values), 1))


def _index(p: Floats, q: Floats) -> float:
    p, q = np.maximum(p, _LEAST), np.maximum(q, _LEAST)
    return float(((p - q) * np.log(p / q)).sum())


def moved(trained: Mapping[str, Spread], now: Mapping[str, Floats]) -> pl.DataFrame:
    """Return ``feature, psi, usual, state`` of a day's values ``[n]`` against those trained on.

    Moon, tide and season tell the days of training apart too: a feature has ``moved``, or moved
    ``far``, only where the day is more unlike training than any of training's own days was unlike
    the others, or where ``LOST`` more of it is missing than on any of these; else it is
    ``steady``. A feature that is not there now is missing everywhere.
    """
    nothing = np.full(1, np.nan)
    rows = []
    for name, kept in trained.items():
        values = now.get(name, nothing)
        psi = stability(kept, values)
        lost = float(np.isnan(values).mean()) > kept.missing + LOST
        far, some = (psi > max(kept.usual, least) for least in (FAR, MOVED))
        rows.append(
            (name, psi, kept.usual, "far" if far or lost else "moved" if some else "steady")
        )
    schema = {
        "feature": pl.String, "psi": pl.Float64, "usual": pl.Float64, "state": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


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
