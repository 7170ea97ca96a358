"""A ring of pieces against every way to divide it."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from duty import _balance
from duty._parts import Part, Terms


def part_of(load, km, stretch, border):
    n = len(load)
    zero = np.zeros(n)
    return Part(
        ("R",) * n, zero, zero, km, load, zero + 1.0, zero, border, (None,) * n, stretch, ring=True
    )


def ring(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 10))
    begins = np.sort(rng.choice(n, int(rng.integers(1, min(5, n) + 1)), replace=False))
    stretch = (np.searchsorted(begins, np.arange(n), side="right") - 1) % len(begins)
    if rng.random() < 0.3:
        stretch[stretch == rng.integers(0, len(begins))] = -1
    town = rng.integers(0, 2, n) * (rng.random() < 0.6)
    border = (town != np.roll(town, 1)).astype(float)
    km = rng.integers(1, 9, n).astype(float)
    part = part_of(rng.integers(1, 30, n).astype(float), km, stretch, border)
    k = int(rng.integers(1, min(n, 5) + 1))
    terms = Terms(
        mean=float(part.load.sum() / k * rng.choice([0.6, 1.0, 1.0, 1.5])),
        price=float(rng.choice([0.0, 0.01, 0.3, 3.0, 30.0])),
        length_km=max(float(rng.choice([math.inf, km.sum() / 2, km.max() + 2])), km.max()),
        travel_min=math.inf,
        crossing_h=float(rng.choice([0.0, 0.0, 1.0, 20.0, math.inf])),
    )
    return part, k, terms


def cost(part, cuts, terms):
    """Return what a division costs: a run may keep one name, a name may be kept by one run."""
    n = len(part.load)
    turns = [*cuts, cuts[0] + n]
    runs = [np.arange(a, b) % n for a, b in pairwise(turns)]
    if any(part.km[run].sum() > terms.length_km and len(run) > 1 for run in runs):
        return math.inf
    crossed = sum(part.border[run if len(runs) == 1 else run[1:]].sum() for run in runs)
    kept = np.array(
        [
            [part.km[run][part.stretch[run] == own].sum() for own in range(part.stretch.max() + 2)]
            for run in runs
        ]
    )
    most = kept[linear_sum_assignment(kept, maximize=True)].sum()
    off = np.array([part.load[run].sum() for run in runs]) - terms.mean
    return (
        (off**2).sum() / terms.mean
        + (crossed * terms.crossing_h if crossed else 0.0)
        + terms.price * (part.km.sum() - most)
    )


@pytest.mark.parametrize("block", range(8))
def test_a_ring_is_divided_as_the_best_of_all(block):
    for seed in range(50 * block, 50 * block + 50):
        part, k, terms = ring(seed)
        best = min(cost(part, cuts, terms) for cuts in combinations(range(len(part.load)), k))
        if part.fewest(terms) > k:
            assert best == math.inf, seed
            continue
        found = part.solve(k, terms)
        assert found.cost == pytest.approx(best, rel=1e-9, abs=1e-9), seed
        told = cost(part, sorted(found.at[:-1] % len(part.load)), terms)
        assert told == pytest.approx(best, rel=1e-9, abs=1e-9), seed


@pytest.mark.parametrize("seed", range(3))
def test_the_best_start_of_a_long_ring_is_found(seed):
    rng = np.random.default_rng(seed)
    n, k = 150, 7
    load, km = rng.uniform(1.0, 9.0, n), rng.uniform(0.4, 0.6, n)
    border = (np.arange(n) % 25 == 0).astype(float)
    part = part_of(load, km, np.full(n, -1), border)
    terms = Terms(float(load.sum() / k), 0.5, math.inf, math.inf, 2.0)
    line = part._line(terms, 2 * n)
    opened = [_balance.solve(line.between(s, s + n), k).cost for s in range(n)]
    assert part.solve(k, terms).cost == pytest.approx(min(opened))
