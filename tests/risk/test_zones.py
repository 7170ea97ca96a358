import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk.zones import _choose, _leant, _Limits, _runs, _shore, _within, zones


def shore(lengths, rings):
    """Build a table of segments: one shoreline per entry of ``lengths``, metres of each segment."""
    rows = []
    for s, (metres, ring) in enumerate(zip(lengths, rings, strict=True)):
        ends = np.cumsum(metres)
        rows += [
            {
                "segment_id": f"L{s}-{i}",
                "shoreline_id": f"L{s}",
                "from_m": float(end - m),
                "to_m": float(end),
                "length_m": float(m),
                "is_ring": ring,
            }
            for i, (m, end) in enumerate(zip(metres, ends, strict=True))
        ]
    return pl.DataFrame(rows)


@st.composite
def coasts(draw):
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=2))
    lengths = [[draw(st.integers(100, 900)) for _ in range(n)] for n in sizes]
    rings = [draw(st.booleans()) for _ in sizes]
    n = sum(sizes)
    score = np.array([draw(st.integers(0, 100)) for _ in range(n)], float)
    return shore(lengths, rings), score, draw(st.integers(1, 3))


def every_choice(table, score, max_zones):
    """Yield (choice, km, risk) of every subset with at most ``max_zones`` runs."""
    prepared = _shore(table, score)
    for bits in itertools.product([False, True], repeat=len(score)):
        choice = np.array(bits)
        if len(_runs(prepared, choice)) <= max_zones:
            km = prepared.km[choice]
            yield choice, km.sum(), (km * prepared.score[choice]).sum()


@given(coasts(), st.floats(0, 90))
def test_choice_at_a_price_equals_brute_force(coast, price):
    table, score, max_zones = coast
    prepared = _shore(table, score)
    choice = _choose(prepared.km, prepared.score, prepared.start, prepared.ring, price, max_zones)
    assert len(_runs(prepared, choice)) <= max_zones
    got = ((prepared.score - price) * prepared.km)[choice].sum()
    best = max(risk - price * km for _, km, risk in every_choice(table, score, max_zones))
    assert got == pytest.approx(best, abs=1e-9)


@given(coasts(), st.floats(0.2, 4.0))
def test_no_choice_of_as_few_kilometres_holds_more(coast, budget_km):
    table, score, max_zones = coast
    prepared = _shore(table, score)
    choice = _within(prepared, _Limits(budget_km, max_zones, 0.0))
    km = prepared.km[choice].sum()
    risk = (prepared.km * prepared.score)[choice].sum()
    assert km <= budget_km + 1e-9
    rivals = [r for _, k, r in every_choice(table, score, max_zones) if k <= km + 1e-9]
    assert risk >= max(rivals) - 1e-6


@given(coasts(), st.floats(0.2, 4.0))
def test_zones_keep_every_promise(coast, budget_km):
    table, score, max_zones = coast
    found = zones(table, score, budget_km=budget_km, max_zones=max_zones, floor=20.0)
    assert found.equals(zones(table, score, budget_km=budget_km, max_zones=max_zones, floor=20.0))
    assert len(found) <= max_zones
    assert found["km"].sum() <= budget_km + 1e-9
    rows = [r for zone in found["segments"].to_list() for r in zone]
    assert len(rows) == len(set(rows))
    risk = found["risk_km"].sum()
    prepared = _shore(table, score)
    lone = _within(prepared, _Limits(budget_km, max_zones, 20.0))
    assert risk >= (prepared.km * prepared.score)[lone].sum() - 1e-9
    for zone in found.iter_rows(named=True):
        run = table[zone["segments"]]
        assert run["shoreline_id"].n_unique() == 1
        for a, b in itertools.pairwise(run.iter_rows(named=True)):
            wraps = a["is_ring"] and b["from_m"] == 0.0
            assert wraps or a["to_m"] == b["from_m"]
    assert found["rank"].to_list() == list(range(1, len(found) + 1))
    assert found["risk"].is_sorted(descending=True)


def test_a_zone_runs_through_the_origin_of_a_ring():
    table = shore([[500] * 8], [True])
    score = np.array([90, 80, 5, 5, 5, 5, 5, 85.0])
    found = zones(table, score, budget_km=1.5, max_zones=1)
    assert found["segments"].to_list() == [[7, 0, 1]]
    assert found["from_m"][0] == 3500.0
    assert found["to_m"][0] == 1000.0
    opened = zones(table.with_columns(is_ring=False), score, budget_km=1.5, max_zones=1)
    assert opened["segments"].to_list() == [[0, 1]]


def test_zones_do_not_cross_shorelines_and_far_order_does_not_matter():
    table = shore([[500] * 3, [500] * 3], [False, False])
    score = np.array([10, 10, 70, 70, 10, 10.0])
    found = zones(table, score, budget_km=5.0, max_zones=5)
    assert sorted(found["segments"].to_list()) == [[2], [3]]
    shuffle = np.random.default_rng(3).permutation(6)
    moved = zones(table[shuffle], score[shuffle], budget_km=5.0, max_zones=5)
    assert moved["zone_id"].to_list() == found["zone_id"].to_list()


def test_nothing_is_worth_a_patrol_below_the_floor():
    table = shore([[500] * 4], [False])
    assert zones(table, np.full(4, 12.0)).is_empty()
    assert zones(table, np.full(4, np.nan)).is_empty()


def test_equal_scores_still_use_the_budget():
    table = shore([[500] * 10], [False])
    found = zones(table, np.full(10, 50.0), budget_km=2.0, max_zones=3)
    assert found["segments"].to_list() == [[0, 1, 2, 3]]


def test_wrong_use_is_said():
    table = shore([[500] * 4], [False])
    with pytest.raises(InputError, match="budget_km -1"):
        zones(table, np.zeros(4), budget_km=-1)
    with pytest.raises(InputError, match="stay -2"):
        zones(table, np.zeros(4), stay=-2)


def test_a_shift_without_a_patrol_has_no_zones():
    table = shore([[500] * 4], [False])
    before = np.array([True, False, False, False])
    assert zones(table, np.full(4, 90.0), budget_km=0).is_empty()
    assert zones(table, np.full(4, 90.0), budget_km=0, before=before, stay=5).is_empty()


def test_a_segment_without_a_score_is_in_no_zone():
    table = pl.DataFrame(
        {
            "segment_id": [f"s{i}" for i in range(7)],
            "shoreline_id": ["A"] * 7,
            "from_m": [500.0 * i for i in range(7)],
            "to_m": [500.0 * (i + 1) for i in range(7)],
            "length_m": [500.0] * 7,
        }
    )
    scores = np.array([90.0, 90, 90, np.nan, 90, 90, 90])
    found = zones(table, scores, budget_km=30.0)
    assert sorted(row for rows in found["segments"] for row in rows) == [0, 1, 2, 4, 5, 6]
    assert found.height == 2


def mask(found, n):
    """Return which rows are in a zone."""
    chosen = np.zeros(n, bool)
    chosen[[row for rows in found["segments"].to_list() for row in rows]] = True
    return chosen


def worth(table, score, chosen, floor=20.0):
    return ((score - floor) * table["length_m"].to_numpy() / 1000.0)[chosen].sum()


def changed_km(table, a, b):
    return table["length_m"].to_numpy()[a != b].sum() / 1000.0


BUDGETS = st.floats(0.2, 4.0)
STAYS = st.floats(0.0, 15.0)
SEEDS = st.integers(0, 2**31)


@given(coasts(), BUDGETS, STAYS, st.one_of(st.none(), SEEDS))
def test_the_same_risk_leaves_the_zones_as_they_are(coast, budget_km, stay, seed):
    table, score, max_zones = coast
    given_ = {"budget_km": budget_km, "max_zones": max_zones, "stay": stay}
    n = len(score)
    before = None if seed is None else np.random.default_rng(seed).random(n) < 0.4
    first = zones(table, score, before=before, **given_)
    again = zones(table, score, before=mask(first, n), **given_)
    assert again.equals(first)


@given(coasts(), BUDGETS, STAYS, SEEDS)
def test_zones_move_only_for_more_than_the_price(coast, budget_km, stay, seed):
    table, score, max_zones = coast
    given_ = {"budget_km": budget_km, "max_zones": max_zones, "stay": stay}
    rng = np.random.default_rng(seed)
    n = len(score)
    was = mask(zones(table, score, **given_), n)
    today = np.clip(score + rng.normal(0, 20, n), 0, 100)
    found = zones(table, today, before=was, **given_)
    now = mask(found, n)
    assert found["km"].sum() <= budget_km + 1e-9
    assert len(found) <= max_zones
    if (now != was).any():
        gain = worth(table, today, now) - worth(table, today, was)
        assert gain > stay * changed_km(table, now, was)


@given(coasts(), BUDGETS, STAYS, SEEDS)
def test_no_choice_is_better_by_more_than_the_price(coast, budget_km, stay, seed):
    table, score, max_zones = coast
    rng = np.random.default_rng(seed)
    n = len(score)
    found = zones(
        table, score, budget_km=budget_km, max_zones=max_zones, before=rng.random(n) < 0.4,
        stay=stay,
    )  # fmt: skip
    prepared = _shore(table, score)
    now = mask(found, n)[prepared.order]
    exact = _within(_leant(prepared, now, stay), _Limits(budget_km, max_zones, 20.0))
    most_km = prepared.km[exact].sum()
    held = ((prepared.score - 20.0) * prepared.km)[now].sum()
    for choice, km, risk in every_choice(table, score, max_zones):
        if km <= most_km + 1e-9:
            moved_km = prepared.km[choice != now].sum()
            assert risk - 20.0 * km <= held + stay * moved_km + 1e-6


@given(coasts(), BUDGETS, st.floats(0.5, 15.0), SEEDS)
def test_noise_below_the_price_moves_no_zone_that_was_the_best(coast, budget_km, stay, seed):
    table, score, max_zones = coast
    given_ = {"budget_km": budget_km, "max_zones": max_zones}
    rng = np.random.default_rng(seed)
    n = len(score)
    was = mask(zones(table, score, **given_), n)
    today = score + rng.uniform(-stay, stay, n)
    now = mask(zones(table, today, before=was, stay=stay, **given_), n)
    if (now != was).any():
        assert worth(table, score, now) > worth(table, score, was)
    allowed = [c for c, km, _ in every_choice(table, score, max_zones) if km <= budget_km]
    order = _shore(table, score).order
    best = max(worth(table[order], score[order], choice) for choice in allowed)
    if worth(table, score, was) >= best - 1e-9:
        assert (now == was).all()


def test_a_big_move_moves_the_zone_and_a_small_one_does_not():
    table = shore([[500] * 12], [False])
    score = np.full(12, 30.0)
    score[2:5] = 60.0
    given_ = {"budget_km": 1.5, "max_zones": 1, "stay": 5.0}
    was = mask(zones(table, score, **given_), 12)
    assert np.flatnonzero(was).tolist() == [2, 3, 4]
    for rise, expected in ((34.0, [2, 3, 4]), (39.0, [2, 3, 4]), (41.0, [7, 8, 9])):
        today = score.copy()
        today[7:10] += rise
        found = zones(table, today, before=was, **given_)
        assert found["segments"].to_list() == [expected]
    # Without a before, any gain moves it.
    today[7:10] = 61.0
    assert zones(table, today, **given_)["segments"].to_list() == [[7, 8, 9]]


def test_zones_that_fell_below_the_floor_by_more_than_the_price_go():
    table = shore([[500] * 6], [False])
    was = np.array([False, True, True, False, False, False])
    kept = zones(table, np.full(6, 16.0), before=was, stay=5.0)
    assert kept["segments"].to_list() == [[1, 2]]
    assert zones(table, np.full(6, 14.0), before=was, stay=5.0).is_empty()


def test_zones_that_break_the_limits_of_today_still_hold():
    table = shore([[500] * 10], [False])
    score = np.full(10, 50.0)
    was = np.zeros(10, bool)
    was[4:8] = True
    found = zones(table, score, budget_km=1.0, before=was, stay=3.0)
    assert set(found["segments"].to_list()[0]) < {4, 5, 6, 7}
    score[5] = np.nan
    found = zones(table, score, budget_km=2.0, before=was, stay=3.0)
    assert 5 not in [row for rows in found["segments"].to_list() for row in rows]
