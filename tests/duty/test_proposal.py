from itertools import combinations, pairwise, permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duty.division import Hang, difference
from duty.proposal import Limits, curve, proposals, propose
from duty.sections import problems
from geo.errors import InputError
from tests.duty._county import division_of, shore_of, shorelines_of


def brute(lengths, risk, owner, k, *, ring, price, km_max, township, crossing):
    """Return the least cost over all divisions of one shoreline, names given in every way."""
    n = len(lengths)
    km = np.array(lengths) / 1000.0
    load = km * np.array(risk) * km.sum() / (km @ np.array(risk))
    mean = load.sum() / k
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
            borders = sum(township[i] != township[j] for i, j in pairwise(run))
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
        # A whole ring has all its borders within.
        borders = sum(township[i] != township[i - 1] for i in range(n))
        best = (borders * crossing if borders else 0.0) + min(
            brute(
                [*lengths[i:], *lengths[:i]],
                [*risk[i:], *risk[:i]],
                [*owner[i:], *owner[:i]],
                1,
                ring=False,
                price=price,
                km_max=km_max,
                township=township,
                crossing=0.0,
            )
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


# Two open shorelines and a ring; an islet that hangs on the first. 100 m a segment.
LENGTHS = {"A": [100] * 12, "B": [100] * 6, "R": [100] * 9, "I": [100] * 2}
SHORELINES = shorelines_of(LENGTHS, ("R", "I"))
ORDER = ["A", "B", "R"]
HANGS = [Hang("I", "A", 550.0)]
TODAY = division_of(
    ("A", 0.0, "S1"), ("A", 150.0, "S2"), ("A", 900.0, "S3"), ("B", 0.0, "S3"), ("R", 250.0, "S4"),
    ("R", 500.0, "S5"), hangs=HANGS,
)  # fmt: skip


def shore(**columns):
    return shore_of(LENGTHS, ("R", "I"), **columns)


def test_sections_are_shared_out_among_parts_as_the_best_of_all_sharings():
    # Without a price the parts are the walk A-B with its islet, and the ring.
    walk = [1.0] * 12 + [1.0] * 6
    walk[5] += 2.0
    today = division_of(("A", 0.0, "S1"), ("B", 0.0, "S2"), ("R", 200.0, "S3"), hangs=HANGS)
    for k in range(2, 9):
        found = propose(shore(), today, k, order=ORDER)
        mean = 2.9 / k
        best = min(
            least([0.1 * x for x in walk], a, mean) + least([0.1] * 9, k - a, mean)
            for a in range(1, k)
        )
        assert found.cost_h == pytest.approx(best, abs=1e-9)
        cuts, hangs = found.division.tables()
        names = pl.DataFrame({"section_id": found.division.sections})
        assert problems(names, cuts, hangs, SHORELINES) == []


def least(load, k, mean):
    """Return the least sum of squares of an open line, or of a ring whose pieces are alike."""
    sums = np.concatenate([[0.0], np.cumsum(load)])
    best = np.full((k + 1, len(sums)), np.inf)
    best[0, 0] = 0.0
    for s in range(1, k + 1):
        for j in range(1, len(sums)):
            best[s, j] = min(best[s - 1, i] + (sums[j] - sums[i] - mean) ** 2 for i in range(j))
    return best[k, -1] / mean


def test_locked_sections_stay_and_break_the_walk():
    today = division_of(*TODAY.cuts, hangs=HANGS, locked=["S2", "S4"])
    for k in range(5, 9):
        found = propose(shore(), today, k, order=ORDER)
        moved = difference(today, found.division, SHORELINES)
        touched = {*moved["from_section"], *moved["to_section"]}
        assert not touched & {"S2", "S4"}
        assert found.division.locked == today.locked
        assert len(found.division.sections) == k
    with pytest.raises(InputError, match=r"4 sections cannot divide.*2 are locked.*needs 3 to"):
        propose(shore(), today, 4, order=ORDER)


def test_a_great_price_keeps_today_and_a_cut_within_a_segment():
    found = propose(shore(), TODAY, 5, order=ORDER, price_h_per_km=1e4)
    assert found.division == TODAY or found.moved_km == pytest.approx(0.0)
    assert ("A", 150.0, "S2") in found.division.cuts


def test_travel_counts_the_way_across_and_to_islands():
    # A degree of latitude from A to B takes 222 min at 30 km/h, three to the islet and back 1334.
    two = shore_of({"A": [100] * 8, "B": [100] * 4})
    today = division_of(("A", 0.0, "S1"), ("A", 300.0, "S2"), ("B", 0.0, "S2"))
    for limits, shared in ((Limits(), True), (Limits(travel_min=100.0), False)):
        found = propose(two, today, 2, order=["A", "B"], limits=limits)
        on = [{c.section_id for c in found.division.cuts if c.shoreline_id == s} for s in "AB"]
        assert bool(on[0] & on[1]) == shared
        assert found.figures["travel_min"].max() <= limits.travel_min
    with pytest.raises(InputError, match=r"travel_min 1.33e\+03 at A 500 m – A 600 m"):
        propose(shore(), TODAY, 3, order=ORDER, limits=Limits(travel_min=1000.0))


def test_a_county_without_sections_gets_some():
    found = propose(shore(), division_of(hangs=HANGS), 4, order=ORDER)
    assert (len(found.division.sections), found.moved_km) == (4, 0.0)


def test_the_curve_falls_and_every_division_on_it_is_another():
    rng = np.random.default_rng(3)
    laid = shore_of({"A": [100] * 60}, risk=pl.Series(rng.uniform(1, 99, 60)))
    today = division_of(*(("A", 100.0 * at, f"S{at}") for at in (0, 6, 12, 20, 45, 55)))
    found = proposals(laid, today, [6, 5], order=["A"])
    table = curve(found)
    for k in (5, 6):
        own = table.filter(pl.col("k") == k)
        assert len(own) > 2
        assert own["moved_km"].is_sorted()
        assert (own["cv"].diff().drop_nulls() < 0).all()
    assert len({one.division for one in found}) == len(found)
    assert table.filter(pl.col("k") == 6)["moved_km"][0] == 0.0
    assert table["max_over_mean"].min() >= 1.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"order": ["A", "B"]}, "'R' is left out"),
        ({"order": ["A", "B", "R", "R"]}, "'R' stands twice"),
        ({"order": ["A", "B", "R", "I"]}, "'I' hangs"),
        ({"order": ["A", "B", "R", "X"]}, "'X' does not exist"),
        ({"k": 0}, "0 sections"),
        ({"price_h_per_km": float("nan")}, "a price of nan"),
        ({"limits": Limits(length_km=-1.0)}, "length_km of -1"),
        ({"limits": Limits(length_km=0.5)}, "needs 6 to"),
        ({"k": 90}, "90 sections cannot divide"),
    ],
)
def test_what_cannot_be_divided_is_told(change, said):
    with pytest.raises(InputError) as told:
        propose(shore(), TODAY, **{"k": 4, "order": ORDER, **change})
    assert said in str(told.value)
