"""Give the figures of a backtest intervals, by resampling periods and incidents."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk.gain import best, caught, log_gain
from risk.history import Floats, Ints

REPEATS = 2000
LEVEL = 0.05

_CHUNK = 200


@dataclass(frozen=True)
class Tested:
    """What each forecaster did with each case: an incident in a test period.

    ``incident`` (which one: it is in several periods where these overlap), ``fold`` and
    ``weight`` are ``[cases]``; ``hit`` (part of its stretch taken) is ``[cases, forecasters,
    shares]``; ``gained`` (log score) is ``[cases, forecasters]``. ``top`` and ``bottom`` are the
    most and the least that a stretch was taken, ``[forecasters, shares]``; ``anywhere`` is the
    log score of incidents at random places, ``[REPEATS, forecasters]``; ``most`` is the weight
    that could have been caught, ``[shares]``.
    """

    incident: Ints
    fold: Ints
    weight: Floats
    hit: Floats
    gained: Floats
    top: Floats
    bottom: Floats
    anywhere: Floats
    most: Floats

    @classmethod
    def of(
        cls,
        cases: tuple[Ints, Ints, Ints, Floats],
        expected: Floats,
        happened: Floats,
        length_km: Floats,
        *,
        shares: tuple[float, ...],
        rng: np.random.Generator,
    ) -> "Tested":
        """Look forecasts up where incidents were.

        ``cases`` are incident, fold, stretch and weight, sorted by fold; ``expected`` is
        ``[forecasters, folds, n]`` and ``happened`` ``[folds, n]``.
        """
        incident, fold, segment, weight = cases
        forecasters, folds, n = expected.shape
        hit = np.empty((len(fold), forecasters, len(shares)))
        gained = np.empty((len(fold), forecasters))
        top, bottom = (np.zeros((forecasters, len(shares))) for _ in range(2))
        anywhere = np.empty((REPEATS, forecasters))
        where = rng.choice(n, REPEATS, p=length_km / length_km.sum())
        when = rng.integers(folds, size=REPEATS)
        first = np.searchsorted(fold, np.arange(folds + 1))
        for row in range(folds):
            rows = slice(first[row], first[row + 1])
            drawn = when == row
            for number in range(forecasters):
                part = caught(expected[number, row], length_km, shares=shares)
                score = log_gain(expected[number, row], length_km)
                hit[rows, number] = part[segment[rows]]
                gained[rows, number] = score[segment[rows]]
                top[number] += part.max(axis=0) / folds
                bottom[number] += part.min(axis=0) / folds
                anywhere[drawn, number] = score[where[drawn]]
        most = np.sum([best(now, length_km, shares=shares) for now in happened], axis=0)
        return cls(incident, fold, weight, hit, gained, top, bottom, anywhere, most)


@dataclass(frozen=True)
class Resampled:
    """Weights of the cases drawn again and again.

    ``total`` is ``[REPEATS]``, ``hits`` ``[REPEATS, forecasters, shares]``, ``missed`` the same for
    one incident more at the best of each forecaster's places, ``gained`` ``[REPEATS,
    forecasters]``.
    """

    total: Floats
    hits: Floats
    missed: Floats
    gained: Floats


def resampled(tested: Tested, group: Ints, rng: np.random.Generator) -> Resampled:
    """Draw the weights of groups of cases, and what one more incident might have been.

    The Bayesian bootstrap: weights are exponential (Rubin 1981, Annals of Statistics 9), so that
    no drawing is empty. Incidents that were not seen count too, or three of three hits would be
    certain of the next: half an incident at the best of places and half at the worst, which gives
    a hit rate Jeffreys' interval (Brown, Cai and DasGupta 2001, Statistical Science 16), and for
    the log score one incident anywhere. ``missed`` is for comparisons, see `ratio_interval`.
    """
    count, forecasters, shares = tested.hit.shape
    values = np.column_stack(
        [np.ones(count), tested.hit.reshape(count, forecasters * shares), tested.gained]
    )
    values *= tested.weight[:, None]
    groups = int(group.max(initial=-1)) + 1
    summed = np.zeros((groups, values.shape[1]))
    np.add.at(summed, group, values)
    drawn = np.concatenate(
        [
            rng.standard_exponential((min(_CHUNK, REPEATS - k), groups)) @ summed
            for k in range(0, REPEATS, _CHUNK)
        ]
    )
    one = mean_weight(tested)
    best_of, worst_of = rng.gamma(0.5, one, (2, REPEATS, 1, 1)) + 1e-9 * one
    hits = drawn[:, 1 : 1 + forecasters * shares].reshape(REPEATS, forecasters, shares)
    more = rng.standard_exponential((REPEATS, 1)) * one
    gained = drawn[:, 1 + forecasters * shares :] + more * tested.anywhere
    return Resampled(
        total=drawn[:, 0] + (best_of + worst_of)[:, 0, 0],
        hits=hits + best_of * tested.top + worst_of * tested.bottom,
        missed=more[:, :, None] * tested.top,
        gained=gained / (drawn[:, :1] + more),
    )


def mean_weight(tested: Tested) -> float:
    """Return what one incident weighs over all its periods: Kish's mean of weights."""
    each = np.bincount(tested.incident, tested.weight)
    return float((each**2).sum() / each.sum()) if each.sum() > 0 else 1.0


def interval(
    draws: list[Floats], point: npt.ArrayLike, *, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Return the widest of the intervals of several drawings (first axis), with the point in it.

    A point that is NaN counts for nothing.
    """
    edges = np.array([np.quantile(draw, [level / 2, 1 - level / 2], axis=0) for draw in draws])
    low: Floats = np.fmin(edges[:, 0].min(axis=0), point)
    high: Floats = np.fmax(edges[:, 1].max(axis=0), point)
    return low, high


def ratio_interval(
    draws: list[Resampled], point: Floats, *, rival: int, share: int
) -> tuple[Floats, Floats]:
    """Return the interval of forecasters' hits over a rival's at one share, ``[forecasters]``.

    Against a forecaster counts one more incident that only the rival would have caught, and for
    it one that only it would have. So a difference that hangs on few incidents is no surer than
    the exact test of their signs says (Clopper and Pearson 1934, Biometrika 26): of five that
    one of the two caught, all by the one, the interval does not yet leave out 1.
    """
    low, _ = interval(
        [one.hits[:, :, share] / (one.hits + one.missed)[:, [rival], share] for one in draws], point
    )
    _, high = interval(
        [(one.hits + one.missed)[:, :, share] / one.hits[:, [rival], share] for one in draws], point
    )
    low[rival], high[rival] = point[rival], point[rival]
    return low, high
