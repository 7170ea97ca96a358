"""Learn where incidents happen from what went before them, and say where they are expected."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from geo.errors import InputError
from risk._learned_columns import (
    HALF_LIVES_D,
    REACHES,
    Features,
    Past,
    feature_columns,
    history_columns,
    history_names,
)
from risk._learned_parts import Additive, Boosted, Sample, additive, boosted, pool
from risk.history import Floats, Ints, Shore

ZERO = datetime(1970, 1, 1, tzinfo=UTC)
BLOCK_D = 60.0
BLOCKS = 24
WARM_D = 180.0
LEAST_INCIDENTS = 20
LEAST_BLOCKS = 6
ROWS = 500
"""So many stretches of each period without incidents stand for all of them in training."""

SHORE_GROUPS = 3
GROUP_KM = 10.0
SHARPNESS_SPREAD = 0.2
STEADY = f"past {REACHES[1]:g} {HALF_LIVES_D[-1]:g}"
PLACES = "places inf"
PRIOR = {"even": 0.1, STEADY: 0.2, PLACES: 0.3, "additive": 0.2, "boosted": 0.1}
"""Weights of the pool before anything is seen; the other 0.1 is shared by the other columns."""


@dataclass(frozen=True)
class Model:
    """A learned model of where incidents happen.

    ``weights`` are of ``parts``: the even spread, each column of the past, and (if there was
    enough to learn from) the additive model and the trees. ``sharpness`` is the power of the
    pooled rate that fits held-out incidents best. ``columns`` are names, the past's first;
    ``out_of_fold`` is the mean gain per incident over the even spread in nats, of each part and
    of the pool (named ``pool``), on periods and shore the parts had not seen.
    """

    columns: tuple[str, ...]
    sign: Ints
    parts: tuple[str, ...]
    weights: Floats
    additive: Additive | None
    boosted: Boosted | None
    sharpness: float
    incidents: float
    blocks: int
    out_of_fold: dict[str, float]

    def relative(self, x: Floats, even: Floats) -> Floats:
        """Return rates against the even spread for a map of columns ``[n, k]``, mean 1."""
        rates = self._rates(x)
        mixed = (rates / (even @ rates) @ self.weights) ** self.sharpness
        return np.asarray(mixed / (even @ mixed))

    def log_pool(self, x: Floats, scale: Floats) -> Floats:
        """Return log rates of rows by themselves, given the parts' sums over the map ``[m]``."""
        return np.asarray(self.sharpness * np.log(self._rates(x) / scale @ self.weights))

    def scale(self, x: Floats, even: Floats) -> Floats:
        """Return the parts' sums over a map."""
        return np.asarray(even @ self._rates(x))

    def _rates(self, x: Floats) -> Floats:
        logs = [np.zeros(len(x)), *x[:, : len(history_names())].T]
        logs += [part.log_rate(x) for part in (self.additive, self.boosted) if part is not None]
        return np.asarray(np.exp(np.column_stack(logs)))


@dataclass(frozen=True)
class Ground:
    """What a model stands on: the shore, its kernels, what is known, and which of it is rising."""

    shore: Shore
    spread: dict[float, csr_array]
    features: Features | None
    rising: frozenset[str]

    @property
    def even(self) -> Floats:
        """Return each stretch's share of the shore."""
        return np.asarray(self.shore.length_km / self.shore.length_km.sum())

    def columns(self, before: Past, starts: Floats, ends: Floats) -> tuple[tuple[str, ...], Floats]:
        """Return names and columns ``[b, n, k]`` of periods, as known when each begins."""
        names = history_names()
        values = history_columns(self.shore, self.spread, before, starts, (starts + ends) / 2)
        if self.features is not None:
            said, known = feature_columns(self.features, ZERO, starts, ends)
            _check(said, known, len(self.shore), self.rising)
            known = np.where(np.isfinite(known), known, np.nan)
            names, values = [*names, *said], np.concatenate([values, known], axis=2)
        return tuple(names), values


def _check(names: Sequence[str], known: Floats, n: int, rising: Collection[str]) -> None:
    problems = []
    if known.shape[1:] != (n, len(names)):
        problems.append(
            f"features are {known.shape[1]} × {known.shape[2]} for {n} stretches and "
            f"{len(names)} names"
        )
    if missing := sorted(set(rising) - set(names)):
        problems.append(f"features that never lower the risk are not there: {', '.join(missing)}")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="features",
            mend="Give one row per stretch and one column per name",
        )


def fit(ground: Ground, before: Past, until: float, *, seed: int) -> Model:
    """Learn from what happened before a day (since ``ZERO``).

    Periods of ``BLOCK_D`` are learned from, each with what was known when it began. The parts are
    fitted on earlier periods and two thirds of the shore and scored on later ones and the other
    third; the pool's weights and its sharpness come from these scores alone. With fewer than
    ``LEAST_INCIDENTS`` in them nothing is learned: the smoothed long memory is mixed with the even
    spread.
    """
    starts = _starts(before, until)
    names, _ = ground.columns(before, np.array([until]), np.array([until + BLOCK_D]))
    sign = np.array(
        [1 if k < len(history_names()) or name in ground.rising else 0
         for k, name in enumerate(names)]
    )  # fmt: skip
    inside = before.day >= (starts[0] if len(starts) else until)
    incidents = float(before.weight[inside].sum())
    plain = ("even", *history_names())
    if len(starts) < LEAST_BLOCKS or incidents < LEAST_INCIDENTS:
        weights = np.array([PRIOR.get(part, 0.0) for part in plain])
        weights = weights / weights.sum()
        return Model(names, sign, plain, weights, None, None, 1.0, incidents, len(starts), {})
    rng = np.random.default_rng(seed)
    sample, group = _sample(ground, before, starts, sign, rng)
    pairable = np.flatnonzero(sign == 1)
    pairable = pairable[pairable >= len(history_names())]
    logs, held = _out_of_fold(sample, group, len(starts), pairable, seed)
    parts = (*plain, "additive", "boosted")
    prior = np.array([PRIOR.get(part, 0.1 / (len(parts) - len(PRIOR))) for part in parts])
    rates = np.exp(logs)
    hit = sample.count[held] > 0
    weights = pool(rates[hit], sample.count[held][hit], prior)
    mixed = np.log(rates @ weights)
    sharpness = _sharpness(mixed, sample, held)
    count = sample.count[held]
    scores = dict(zip(parts, map(float, count @ logs / max(count.sum(), 1e-12)), strict=True))
    scores["pool"] = float(count @ mixed / max(count.sum(), 1e-12))
    whole = additive(sample, pairable=pairable)
    trees = boosted(sample, seed=seed)
    return Model(
        names, sign, parts, weights, whole, trees, sharpness, incidents, len(starts), scores
    )


def _starts(before: Past, until: float) -> Floats:
    """Return when the periods to learn from begin, the earliest first."""
    if len(before.day) == 0:
        return np.zeros(0)
    starts = until - BLOCK_D * np.arange(BLOCKS, 0, -1)
    return np.asarray(starts[starts >= before.day.min() + WARM_D])


def _sample(
    ground: Ground, before: Past, starts: Floats, sign: Ints, rng: np.random.Generator
) -> tuple[Sample, Ints]:
    """Return rows to learn from, and which group of shore each is in."""
    n = len(ground.shore)
    _, x = ground.columns(before, starts, starts + BLOCK_D)
    block = np.floor((before.day - starts[0]) / BLOCK_D).astype(np.int64)
    inside = (block >= 0) & (block < len(starts))
    count = np.zeros((len(starts), n))
    np.add.at(count, (block[inside], before.row[inside]), before.weight[inside])
    part = min(1.0, ROWS / n)
    chosen = (rng.random(count.shape) < part) & (count == 0)
    rows = chosen | (count > 0)
    even = np.where(count > 0, 1.0, 1 / part) * ground.even
    at_km = np.cumsum(ground.shore.length_km)
    group = np.broadcast_to((at_km // GROUP_KM).astype(np.int64) % SHORE_GROUPS, count.shape)
    where = np.nonzero(rows)
    return Sample(x[where], count[where], where[0], even[where], sign), group[where]


def _out_of_fold(
    sample: Sample, group: Ints, blocks: int, pairable: Ints, seed: int
) -> tuple[Floats, Ints]:
    """Return log rates against the even spread of every part, and the rows they are of.

    Each part's rates over a period's whole map, which the rows stand for, have mean 1.
    """
    past = len(history_names())
    test = sample.block >= blocks // 2
    x = sample.x[test]
    logs, held = [], []
    for g in range(SHORE_GROUPS):
        train = ~test & (group != g)
        known = Sample(
            sample.x[train], sample.count[train], sample.block[train], sample.even[train],
            sample.sign,
        )  # fmt: skip
        said = np.column_stack([np.zeros(len(x)), x[:, :past], np.zeros((len(x), 2))])
        # All that is known may lie in the third that is held out: then there is nothing to fit.
        if known.count.sum() > 0:
            said[:, -2] = additive(known, pairable=pairable).log_rate(x)
            said[:, -1] = boosted(known, seed=seed).log_rate(x)
        said -= np.log(_mean(np.exp(said), sample.block[test], sample.even[test]))
        own = group[test] == g
        logs.append(said[own])
        held.append(np.flatnonzero(test)[own])
    return np.concatenate(logs), np.concatenate(held)


def _mean(rates: Floats, block: Ints, even: Floats) -> Floats:
    """Return the mean rate over each row's period, ``[m, k]``."""
    found, index = np.unique(block, return_inverse=True)
    total = np.zeros((len(found), rates.shape[1]))
    np.add.at(total, index, rates * even[:, None])
    area = np.bincount(index, even)
    return np.asarray((total / area[:, None])[index])


def _sharpness(mixed: Floats, sample: Sample, held: Ints) -> float:
    """Return the power of the pooled rates under which held-out incidents are likeliest."""
    count, block, even = sample.count[held], sample.block[held], sample.even[held]

    def loss(power: float) -> float:
        raised = power * mixed
        norm = np.log(_mean(np.exp(raised)[:, None], block, even)[:, 0])
        return float(-count @ (raised - norm) + 0.5 * ((power - 1) / SHARPNESS_SPREAD) ** 2)

    return float(minimize_scalar(loss, bounds=(0.3, 1.5), method="bounded").x)


def days(t: datetime) -> float:
    """Return days since ``ZERO``."""
    return (t - ZERO) / timedelta(days=1)
