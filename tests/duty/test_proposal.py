from itertools import combinations, permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duty.division import difference
from duty.proposal import Limits, propose, proposals
from geo.errors import InputError
from tests.duty._county import division_of, shore_of, shorelines_of


def brute(lengths, risk, owner, k, *, ring, price, km_max, township, crossing, locked=None):
    """Return the least cost over all divisions of one shoreline, names given in every way."""
    n = len(lengths)
    km = np.array(lengths) / 1000.0
    load = km * np.array(risk) * km.sum() / (km @ np.array(risk))
    mean = load.sum() / k
    # Today's stretch of each name: here each name has one.
    best = np.inf
    begins = (
        combinations(range(n), k) if ring else ((0, *c) for c in combinations(range(1, n), k - 1))
    )
    for at in begins:
        runs = [[i % n for i in range(a, b)] for a, b in zip(at, [*at[1:], at[0] + n], strict=True)]
        total = np.zeros(len(runs))
        for r, run in enumerate(runs):
            if km[run].sum() > km_max * (1 + 1e-12):
                total[r] = np.inf
            borders = sum(
                township[i] != township[j] for i, j in zip(run[:-1], run[1:], strict=True)
            )
            total[r] += (load[run].sum() - mean) ** 2 / mean
            total[r] += 0.0 if borders == 0 else borders * crossing
        if total.sum() >= best:
            continue
        names = sorted(set(owner))
        table = np.array(
            [[km[[i for i in run if owner[i] == name]].sum() for name in names] for run in runs]
        )
        size = max(table.shape)
        square = np.zeros((size, size))
        square[: table.shape[0], : table.shape[1]] = table
        kept = max(sum(square[r, c] for r, c in enumerate(p)) for p in permutations(range(size)))
        best = min(best, total.sum() + price * (km.sum() - kept))
    return best


@st.composite
def shores(draw):
    n = draw(st.integers(2, 8))
    lengths = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    risk = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    own = sorted(draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=4)))
    ring = draw(st.booleans())
    if not ring:
        own[0] = 0
    return [100 * x for x in lengths], risk, own, ring


@given(
    shores(),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.001, 0.05, 0.3, 1.0, 10.0]),
    st.sampled_from([1.5, 2.5, np.inf]),
    st.sampled_from([0.0, 0.1, np.inf]),
    st.data(),
)
def test_a_proposal_is_as_good_as_the_best_of_all(shore, k, price, km_max, crossing, data):
    lengths, risk, own, ring = shore
    n = len(lengths)
    k = min(k, n)
    township = data.draw(st.lists(st.sampled_from("AB"), min_size=n, max_size=n))
    ends = np.cumsum([0, *lengths])
    today = division_of(*(("M", float(ends[i]), f"S{i}") for i in own))
    owner = [f"S{max((o for o in own if o <= i), default=own[-1])}" for i in range(n)]
    laid = shore_of(
        {"M": lengths},
        ("M",) if ring else (),
        risk=pl.Series(risk),
        township_id=pl.Series(township),
    )
    best = brute(lengths, risk, owner, k, ring=ring and k > 1, price=price, km_max=km_max,
                 township=township, crossing=crossing)  # fmt: skip
    if ring and k == 1:
        best = min(
            brute(
                [*lengths[i:], *lengths[:i]],
                [*risk[i:], *risk[:i]],
                [*owner[i:], *owner[:i]],
                1,
                ring=False,
                price=price,
                km_max=km_max,
                township=[*township[i:], *township[:i]],
                crossing=crossing,
            )  # fmt: skip
            for i in range(n)
        )
    ask = {
        "order": ["M"],
        "limits": Limits(length_km=km_max, crossing_h=crossing),
        "price_h_per_km": price,
    }
    if not np.isfinite(best):
        with pytest.raises(InputError, match="limits"):
            propose(laid, today, k, **ask)
        return
    found = propose(laid, today, k, **ask)
    assert found.cost_h == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert len(found.division.sections) == k
    moved = difference(today, found.division, shorelines_of({"M": lengths}))["km"].sum()
    assert moved == pytest.approx(found.moved_km)
