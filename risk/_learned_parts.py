"""Fit the parts a learned forecast pools: an additive model, boosted trees, and their weights."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import ThreadpoolController

from risk.history import Floats, Ints

RIDGE = 6.0
"""Penalty on the additive model's squared coefficients of standardised columns, in units of log
likelihood: with some tens of incidents a year only what shows again and again should count."""

PAIRED = 5
"""Products are tried between so many of the rising features, those that say most on their own."""

TREES = 40
LEAVES = 5
RATE = 0.08
BINS = 32
LEAF_ROWS = 100
BEYOND = 6.0
"""Logarithms of relative rates are kept within this of zero."""

POOL_WORTH = 4.0
"""So many incidents the prior of the pool's weights counts for."""


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: stretches in periods.

    ``x`` is ``[m, k]`` (NaN where missing), ``count`` the weights of what happened, ``block`` the
    period (0..b-1), ``even`` the share of the shore a row stands for; ``sign`` is 1 for columns
    that never lower the rate and 0 for free ones.
    """

    x: Floats
    count: Floats
    block: Ints
    even: Floats
    sign: Ints


@dataclass(frozen=True)
class Additive:
    """A log rate that is a sum over standardised columns and products of pairs."""

    middle: Floats
    pairs: Ints
    centre: Floats
    scale: Floats
    slope: Floats

    def log_rate(self, x: Floats) -> Floats:
        """Return the logarithm of the rate against an ordinary row's."""
        full = _full(x, self.middle, self.pairs)
        return np.clip(((full - self.centre) / self.scale) @ self.slope, -BEYOND, BEYOND)


@dataclass(frozen=True)
class Boosted:
    """Trees grown on the Poisson loss, on columns cut at their ``edges``."""

    trees: HistGradientBoostingRegressor
    edges: tuple[Floats, ...]

    def log_rate(self, x: Floats) -> Floats:
        """Return the logarithm of the rate against the even spread's."""
        with _threads().limit(limits=1):
            rate = self.trees.predict(_cut(_told(x), self.edges))
        return np.asarray(np.clip(np.log(np.maximum(rate, 1e-12)), -BEYOND, BEYOND))


def _full(x: Floats, middle: Floats, pairs: Ints) -> Floats:
    filled = np.where(np.isnan(x), middle, x)
    return np.asarray(np.hstack([filled, filled[:, pairs[:, 0]] * filled[:, pairs[:, 1]]]))


def additive(sample: Sample, *, pairable: Ints) -> Additive:
    """Fit the additive model: where, given that something happens in the period.

    The likelihood of incidents' places within their period (McFadden's conditional logit), with a
    ridge; slopes of rising columns are kept at 0 or above. ``pairable`` are columns of rising
    features with values 0..1, whose products rise with both.
    """
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(sample.x)
        total = (known * sample.even[:, None]).sum(axis=0)
        middle = np.where(known, sample.x, 0.0) * sample.even[:, None]
        middle = middle.sum(axis=0) / np.maximum(total, 1e-12)
    pairs = _pairs(sample, middle, pairable)
    full = _full(sample.x, middle, pairs)
    share = sample.even / sample.even.sum()
    centre = share @ full
    scale = np.sqrt(np.maximum(share @ (full - centre) ** 2, 1e-12))
    scale = np.where(scale > 1e-5, scale, 1.0)
    z = (full - centre) / scale
    signs = np.concatenate([sample.sign, np.ones(len(pairs), dtype=np.int64)])
    blocks = int(sample.block.max()) + 1
    happened = np.bincount(sample.block, sample.count, minlength=blocks)
    seen = sample.count @ z
    log_even = np.log(sample.even)

    def loss(slope: Floats) -> tuple[float, Floats]:
        eta = z @ slope + log_even
        top = eta.max()
        rate = np.exp(eta - top)
        norm = np.bincount(sample.block, rate, minlength=blocks)
        expected = rate * (happened / norm)[sample.block]
        value = float(happened @ (np.log(norm) + top) - seen @ slope + RIDGE * slope @ slope)
        return value, expected @ z - seen + 2 * RIDGE * slope

    bounds = [(0.0 if sign > 0 else None, None) for sign in signs]
    found = minimize(
        loss,
        np.zeros(z.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 60},
    )
    return Additive(middle, pairs, centre, scale, np.asarray(found.x))


def _pairs(sample: Sample, middle: Floats, pairable: Ints) -> Ints:
    """Return the pairs of columns whose products are tried."""
    if len(pairable) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    x = sample.x[:, pairable]
    x = np.where(np.isnan(x), middle[pairable], x)
    share = sample.even / sample.even.sum()
    spread = np.sqrt(np.maximum(share @ (x - share @ x) ** 2, 1e-12))
    said = (sample.count @ (x - share @ x)) / spread
    best = np.sort(pairable[np.argsort(-said, kind="stable")[:PAIRED]])
    first, second = np.triu_indices(len(best), 1)
    return np.column_stack([best[first], best[second]])


def _told(x: Floats) -> Floats:
    """Return columns for the trees, which cannot bin one that is missing everywhere."""
    return np.where(np.isnan(x).all(axis=0), 0.0, x)


def boosted(sample: Sample, *, seed: int) -> Boosted:
    """Grow trees on the rate against the even spread's, rising where rising is known."""
    blocks = int(sample.block.max()) + 1
    happened = np.bincount(sample.block, sample.count, minlength=blocks)
    area = np.bincount(sample.block, sample.even, minlength=blocks)
    exposure = sample.even * ((happened.sum() / blocks) / np.maximum(area, 1e-12))[sample.block]
    trees = HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=RATE,
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        max_bins=BINS,
        min_samples_leaf=LEAF_ROWS,
        l2_regularization=1.0,
        monotonic_cst=list(sample.sign),
        early_stopping=False,
        random_state=seed,
    )
    x = _told(sample.x)
    edges = tuple(_edges(column, exposure) for column in x.T)
    # Some thousand rows: several threads wait for each other longer than they work.
    with _threads().limit(limits=1):
        fitted = trees.fit(_cut(x, edges), sample.count / exposure, sample_weight=exposure)
    return Boosted(fitted, edges)


@cache
def _threads() -> ThreadpoolController:
    """Return what limits threads; looking for the libraries takes longer than a forecast."""
    return ThreadpoolController()


def _cut(x: Floats, edges: tuple[Floats, ...]) -> Floats:
    """Return which bin each value is in, NaN where it is missing."""
    bins = [np.searchsorted(edge, column) for edge, column in zip(edges, x.T, strict=True)]
    return np.where(np.isnan(x), np.nan, np.column_stack(bins))


def _edges(column: Floats, weight: Floats) -> Floats:
    """Return where a column is cut into ``BINS`` of like weight, or between its few values.

    As scikit-learn does it, which sorts the column anew for each edge and takes longer over that
    than over the trees.
    """
    known = ~np.isnan(column)
    order = np.argsort(column[known], kind="stable")
    value, weight = column[known][order], np.cumsum(weight[known][order])
    few = np.unique(value)
    if len(few) <= BINS:
        return np.asarray((few[1:] + few[:-1]) / 2)
    wanted = weight[-1] * np.arange(1, BINS) / BINS
    at = np.minimum(np.searchsorted(weight, wanted), len(value) - 1)
    after = np.minimum(np.searchsorted(weight, wanted, side="right"), len(value) - 1)
    return np.unique((value[at] + value[after]) / 2)


def pool(shares: Floats, weight: Floats, prior: Floats) -> Floats:
    """Weigh forecasts so that their mixture gave what happened the best score.

    Parameters
    ----------
    shares
        ``[i, k]``: what each of the k forecasts, made without the incident, gave the stretch of
        each of the i incidents, against the even spread.
    weight
        How much each incident counts, ``[i]``.
    prior
        The weights with no incidents, ``[k]``, summing to one; worth ``POOL_WORTH`` incidents.

    Returns
    -------
    Floats
        Weights ``[k]`` of the linear pool (stacking of densities: Yao et al. 2018, Bayesian
        Analysis 13: 917), by expectation–maximisation.
    """
    out = prior.copy()
    for _ in range(300):
        part = shares * out
        part /= part.sum(axis=1, keepdims=True)
        new = weight @ part + POOL_WORTH * prior
        new /= new.sum()
        settled = np.abs(new - out).max() < 1e-7
        out = new
        if settled:
            break
    return out
