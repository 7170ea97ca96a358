"""Forecast incidents by a model that learns from what happened, and say whether to trust it."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from risk._learned_card import card
from risk._learned_columns import Features, Past, feature_columns, kernels, past
from risk._learned_model import ZERO, Ground, Model, days, fit
from risk._learned_number import expected
from risk._learned_offer import Offer, offer
from risk._learned_shares import shapley
from risk._learned_watch import Spread, counted, moved, spread
from risk.backtest import Backtest, backtest
from risk.baselines import baselines
from risk.history import Floats, Forecast, Ints, Shore, seen_before

__all__ = [
    "Features",
    "Learned",
    "Offer",
    "Spread",
    "contributions",
    "digest",
    "expect",
    "learned",
    "moved",
    "offer",
    "since",
    "spreads",
    "train",
]

REFIT_D = 180.0
"""The model is learned anew every so many days since 1970, of what happened until then; what the
past says is taken anew at every forecast."""

TESTED_SHARE = 0.4
"""The last part of the history is what a training run tests on, by rolling origins."""

STEP_D = 60.0


@dataclass(frozen=True)
class Learned:
    """What a training run made.

    ``forecast`` learns anew as time goes on; ``model`` is the one learned until ``until``;
    ``tested`` is its backtest inside the history beside every baseline, ``offer`` says whether it
    may be offered, ``card`` is Markdown.
    """

    ground: Ground
    model: Model
    forecast: Forecast
    until: datetime
    tested: Backtest
    offer: Offer
    card: str


def train(
    shore: Shore,
    history: pl.DataFrame,
    until: datetime,
    *,
    features: Features | None = None,
    rising: Collection[str] = (),
    seed: int = 0,
) -> Learned:
    """Learn from what happened before a time, and test that on the last part of it.

    Parameters are those of ``learned``; ``history`` is a ``HISTORY``, of which what is not before
    ``until``, or was not ``known`` by then, is left out. Every test forecast is learned from what
    was before its origin alone, so weights and sharpness are never chosen on what they are tested
    on.

    Raises
    ------
    InputError
        When features do not fit the shore, or incidents cannot be used.
    """
    seen = seen_before(history, until).sort("t", "segment", "weight", "source")
    ground = Ground(shore, kernels(shore), features, frozenset(rising))
    forecast = learned(shore, features=features, rising=rising, seed=seed)
    first = seen["t"].min()
    span = until - (first if isinstance(first, datetime) else until - timedelta(days=STEP_D))
    length = max(span * TESTED_SHARE, timedelta(days=STEP_D))
    tested = backtest(
        shore,
        seen,
        {**baselines(shore), "learned": forecast},
        start=until - length,
        end=until,
        step_days=STEP_D,
        horizon_days=STEP_D,
        seed=seed,
    )
    before = past(seen, ZERO)
    model = fit(ground, before, days(until), seed=seed)
    told = offer(tested)
    text = card(model, seen, tested, told, until=until, digest=digest(seen, until), seed=seed)
    return Learned(ground, model, forecast, until, tested, told, text)


def contributions(
    trained: Learned, history: pl.DataFrame, t0: datetime, t1: datetime, *, rows: Ints
) -> pl.DataFrame:
    """Return ``segment, what, log_rate``: why some stretches' rates differ from an ordinary one's.

    The sum over a stretch is the logarithm of its rate per km against that of a stretch whose every
    column is the mean by kilometres, exactly. ``rows`` are rows of the shore.
    """
    before = past(seen_before(history, t0), ZERO)
    ground = trained.ground
    _, x = ground.columns(before, np.array([days(t0)]), np.array([days(t1)]))
    return shapley(trained.model, x[0], ground.even, rows, seed=0)


def expect(trained: Learned, history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
    """Return how many incidents are expected on each stretch between two times, ``[n]``.

    By the model learned until ``trained.until``, whereas ``trained.forecast`` learns anew as time
    goes on; ``t0`` is that time or a later one.
    """
    before = past(seen_before(history, t0), ZERO)
    return _shared(trained.ground, trained.model, before, t0, t1)


def spreads(trained: Learned) -> dict[str, Spread]:
    """Return how the features lay in the year before training ended, and on its last day."""
    features = trained.ground.features
    if features is None:
        return {}
    begun = days(trained.until) - STEP_D * np.arange(6.0, -1.0, -1.0)
    names, x = feature_columns(features, ZERO, begun, begun + STEP_D)
    return {name: spread(x[:, :, k]) for k, name in enumerate(names)}


def since(history: pl.DataFrame, until: datetime, now: datetime) -> pl.DataFrame:
    """Return the number of incidents since training ended against what was expected until now.

    One row: ``happened`` with its interval ``happened_lo, happened_hi``, ``expected``, and
    ``state``, ``far`` outside chance: then it is time to learn anew.
    """
    before = past(seen_before(history, now), ZERO)
    ended, today = days(until), days(now)
    number = expected(_until(before, ended), ended, today) if today > ended else 0.0
    return counted(float(before.weight[before.day >= ended].sum()), number)


def digest(history: pl.DataFrame, until: datetime) -> str:
    """Return by what the incidents that were learned from are known again, in any order."""
    return _digest(past(seen_before(history, until), ZERO), days(until)).hex()


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
        before = past(seen_before(history, t0), ZERO)
        until = REFIT_D * np.floor(days(t0) / REFIT_D)
        seen = _until(before, until)
        key = _digest(seen, until)
        if key not in kept:
            kept[key] = fit(ground, seen, until, seed=seed)
        return _shared(ground, kept[key], before, t0, t1)

    return forecast


def _shared(ground: Ground, model: Model, before: Past, t0: datetime, t1: datetime) -> Floats:
    _, x = ground.columns(before, np.array([days(t0)]), np.array([days(t1)]))
    share = ground.even * model.relative(x[0], ground.even)
    return np.asarray(share * expected(before, days(t0), days(t1)))


def _until(before: Past, day: float) -> Past:
    seen = before.day < day
    return Past(before.day[seen], before.row[seen], before.weight[seen])


def _digest(seen: Past, until: float) -> bytes:
    digest = hashlib.blake2b(np.float64(until).tobytes(), digest_size=16)
    for values in (seen.day, seen.row, seen.weight):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()
