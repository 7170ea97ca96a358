from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from duty import _balance

# Where no multiplier gives the number of runs that is asked for.
GAPS = [(3, 6), (16, 6), (21, 5), (31, 7), (142, 5), (152, 5), (156, 5)]
PRICE = 3.0


def pieces(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 10))
    load, km = rng.integers(1, 30, n).astype(float), rng.integers(1, 9, n).astype(float)
    begins = np.sort(rng.choice(n, int(rng.integers(1, 5)), replace=False))
    begins[0] = 0
    return load, km, np.searchsorted(begins, np.arange(n), side="right") - 1


def line_of(load, km, stretch, k):
    n = len(load)
    return _balance.Line.of(
        load, km, low=np.zeros(n + 1, np.int64), border=np.zeros(n + 1), stretch=stretch,
        mean=load.sum() / k, price=PRICE,
    )  # fmt: skip


def brute(load, km, stretch, k):
    costs = []
    for inner in combinations(range(1, len(load)), k - 1):
        runs = [slice(a, b) for a, b in pairwise((0, *inner, len(load)))]
        off = np.array([load[run].sum() for run in runs]) - load.sum() / k
        kept = np.array([np.bincount(stretch[run], km[run], stretch.max() + 1) for run in runs])
        most = kept[linear_sum_assignment(kept, maximize=True)].sum()
        costs.append((off**2).sum() / (load.sum() / k) + PRICE * (km.sum() - most))
    return min(costs)


@pytest.mark.parametrize(("seed", "k"), GAPS)
def test_the_search_by_number_closes_the_gap_exactly(seed, k, monkeypatch):
    asked = []
    counted = _balance.counted

    def search(*terms):
        asked.append(terms)
        return counted(*terms)

    monkeypatch.setattr(_balance, "counted", search)
    load, km, stretch = pieces(seed)
    line = line_of(load, km, stretch, k)
    runs = _balance.solve(line, k)
    assert asked
    assert len(runs.at) == k + 1
    assert runs.cost == pytest.approx(brute(load, km, stretch, k))


@pytest.mark.parametrize("seed", range(30))
def test_every_number_of_runs_is_solved(seed):
    load, km, stretch = pieces(seed)
    for k in range(1, len(load) + 1):
        runs = _balance.solve(line_of(load, km, stretch, k), k)
        assert runs.cost == pytest.approx(brute(load, km, stretch, k))
