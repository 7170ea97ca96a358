"""Forecast incidents by a model that learns from what happened, and say whether to trust it."""

import hashlib
from collections.abc import Collection
from datetime import datetime

import numpy as np
import polars as pl

from risk._learned_columns import Features, Past, kernels, past
from risk._learned_model import ZERO, Ground, Model, days, fit
from risk._learned_number import expected
from risk._learned_offer import Offer, offer
from risk.history import Floats, Forecast, Shore

__all__ = ["Offer", "learned", "offer"]

REFIT_D = 180.0
"""The model is learned anew every so many days since 1970, of what happened until then; what the
past says is taken anew at every forecast."""


def learned(
    shore: Shore,
    *,
    features: Features | None = None,
    rising: Collection[str] = (),
    seed: int = 0,
) -> Forecast:
    """Return a forecast that learns from the history it is given.

    Parameters
    ----------
    shore
        The stretches.
    features
        What is known of them when a period begins; must not tell what came to be known later.
    rising
        Names of features that never lower the risk (more landable hours, darker, loitering nearer,
        worse guardianship); the direction of the others is learned.
    seed
        Of the rows that are drawn for training and of the trees.
    """
    ground = Ground(shore, kernels(shore), features, frozenset(rising))
    kept: dict[bytes, Model] = {}

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        before = past(history.filter(pl.col("t") < t0), ZERO)
        until = REFIT_D * np.floor(days(t0) / REFIT_D)
        seen = _until(before, until)
        key = _digest(seen, until)
        if key not in kept:
            kept[key] = fit(ground, seen, until, seed=seed)
        _, x = ground.columns(before, np.array([days(t0)]), np.array([days(t1)]))
        share = ground.even * kept[key].relative(x[0], ground.even)
        return np.asarray(share * expected(before, days(t0), days(t1)))

    return forecast


def _until(before: Past, day: float) -> Past:
    seen = before.day < day
    return Past(before.day[seen], before.row[seen], before.weight[seen])


def _digest(seen: Past, until: float) -> bytes:
    digest = hashlib.blake2b(np.float64(until).tobytes(), digest_size=16)
    for values in (seen.day, seen.row, seen.weight):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()
