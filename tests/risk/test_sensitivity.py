import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from geo.errors import InputError
from risk import sensitivity_indices as indices
from risk._sensitivity_kernels import log_scores
from risk.bands import band_index
from risk.indicators import Evaluated
from risk.score import FLOOR, score
from risk.sensitivity import draw, known_values, roles, standing, top_of
from risk.sensitivity_flip import smallest_flip
from risk.weights import PILLARS, as_arrays, load

TEXT = (Path(__file__).resolve().parents[2] / "data" / "weights" / "default.toml").read_text(
    "utf-8"
)
WEIGHTS = load(TEXT, where="default.toml")
PILLAR, WITHIN, BETWEEN = as_arrays(WEIGHTS)
N = len(WEIGHTS.ids)
salib = pytest.mark.skipif(
    find_spec("SALib") is None,
    reason='SALib is not installed: pip install "shoregrid[sensitivity]"',
)


def made(n=60, shifts=2, seed=1):
    rng = np.random.default_rng(seed)
    value = rng.random((N, n, shifts))
    value[rng.random(value.shape) < 0.1] = np.nan
    value[:, rng.random((n, shifts)) < 0.1] = 0.0  # pillars at the floor
    return Evaluated(WEIGHTS.ids, value, value), rng.uniform(0.3, 0.6, n)


EVALUATED, KM = made()


def reweighted(within, between):
    """A set with other weights; the score knows nothing of draws."""
    return WEIGHTS.model_copy(
        update={
            "pillars": {p: float(b) for p, b in zip(PILLARS, between, strict=True)},
            "indicators": tuple(
                i.model_copy(update={"weight": float(w)})
                for i, w in zip(WEIGHTS.indicators, within, strict=True)
            ),
        }
    )


def test_the_quick_scores_are_the_scores():
    draws = draw(WEIGHTS, n=5, concentration=10.0)
    flat = np.ascontiguousarray(known_values(EVALUATED, WEIGHTS).reshape(N, -1))
    quick = 100.0 * np.exp(log_scores(flat, PILLAR, draws.within, draws.between))
    for d in range(5):
        whole = score(EVALUATED, reweighted(draws.within[d], draws.between[d])).score
        assert quick[d].reshape(whole.shape) == pytest.approx(whole, rel=1e-10)


@given(st.floats(0.5, 5000.0), st.integers(0, 99))
@settings(max_examples=30)
def test_draws_add_up_and_vary_as_dirichlet_does(concentration, seed):
    draws = draw(WEIGHTS, n=4000, concentration=concentration, seed=seed)
    assert draws.between.sum(axis=1) == pytest.approx(1.0)
    for j in range(3):
        assert draws.within[:, j == PILLAR].sum(axis=1) == pytest.approx(1.0)
    sd = np.sqrt(BETWEEN * (1 - BETWEEN) / (concentration + 1))
    assert (np.abs(draws.between.mean(axis=0) - BETWEEN) < 5 * sd / math.sqrt(4000)).all()
    assert draws.between.std(axis=0) == pytest.approx(sd, rel=0.15)


def test_the_probability_of_the_top_is_counted_one_whole_score_at_a_time():
    draws = draw(WEIGHTS, n=40, concentration=20.0)
    found = standing(EVALUATED, WEIGHTS, KM, draws=draws, share=0.2)
    top = np.zeros((len(KM), 2))
    ranks = []
    for within, between in zip(draws.within, draws.between, strict=True):
        s = score(EVALUATED, reweighted(within, between)).score
        higher = s[:, None, :] > s[None, :, :] * (1 + 1e-9)
        top += (higher * KM[:, None, None]).sum(axis=0) < 0.2 * KM.sum()
        ranks.append(1 + higher.sum(axis=0))
    assert np.abs(found.top - top / 40).max() <= 1 / 40 + 1e-12  # a tie within 0.006 % at most
    assert (found.top == top / 40).mean() > 0.98
    ordered = np.sort(ranks, axis=0)
    for mine, k in ((found.rank_lo, 1), (found.rank, 20), (found.rank_hi, 38)):
        assert np.abs(mine - ordered[k]).max() <= 2
        assert (mine == ordered[k]).mean() > 0.9
    assert (found.rank_hi - found.rank_lo).max() > 0
    assert ((found.top > 0) & (found.top < 1)).any()


def test_sure_weights_leave_the_sets_own_order():
    found = standing(EVALUATED, WEIGHTS, KM, draws=draw(WEIGHTS, n=20, concentration=1e12))
    s = score(EVALUATED, WEIGHTS).score
    assert np.array_equal(found.top == 1, top_of(s, KM, share=0.05))
    assert set(np.unique(found.top)) == {0.0, 1.0}
    assert np.array_equal(found.rank_lo, found.rank_hi)


def test_ties_are_all_in_the_top():
    value = np.full((N, 10, 1), 0.5)
    level = Evaluated(WEIGHTS.ids, value, value)
    found = standing(level, WEIGHTS, np.full(10, 0.5), draws=draw(WEIGHTS, n=8))
    assert (found.top == 1).all()  # nobody scores higher
    assert (found.rank_hi == 1).all()
    assert top_of(np.full((10, 1), 3.0), np.full(10, 0.5), share=0.05).all()


def test_the_role_of_a_factor_is_the_score_without_it():
    found = roles(EVALUATED, WEIGHTS, KM, share=0.2)
    assert found["km_changed"].is_sorted(descending=True)
    assert set(found["factor"]) == {*PILLARS, *WEIGHTS.ids}
    before = score(EVALUATED, WEIGHTS).score
    top = top_of(before, KM, share=0.2)
    for row in found.iter_rows(named=True):
        within, between = WITHIN.copy(), BETWEEN.copy()
        if row["factor"] in PILLARS:
            between[PILLARS.index(row["factor"])] = 0.0
        else:
            within[WEIGHTS.ids.index(row["factor"])] = 0.0
        after = score(EVALUATED, reweighted(within, between / between.sum())).score
        up, down = band_index(after) > band_index(before), band_index(after) < band_index(before)
        km = KM[:, None] / 2
        assert row["km_up"] == pytest.approx((up * km).sum())
        assert row["km_down"] == pytest.approx((down * km).sum())
        assert row["km_changed"] == pytest.approx(row["km_up"] + row["km_down"])
        change = ((after - before) * KM[:, None]).sum() / KM.sum() / 2
        assert row["mean_change"] == pytest.approx(change)
        kept = ((top_of(after, KM, share=0.2) & top) * km).sum() / (top * km).sum()
        assert row["top_kept"] == pytest.approx(kept)


def test_without_the_only_indicator_of_a_pillar_the_others_take_over():
    lone = [i for i in WEIGHTS.indicators if i.pillar != "threat"] + [WEIGHTS.indicators[0]]
    weights = WEIGHTS.model_copy(update={"indicators": tuple(lone)})
    value = np.random.default_rng(2).random((len(lone), 30, 1))
    found = roles(Evaluated(weights.ids, value, value), weights, np.full(30, 0.5))
    rows = {r["factor"]: r for r in found.iter_rows(named=True)}
    for what in ("km_changed", "mean_change", "top_kept"):
        assert rows["threat"][what] == rows[WEIGHTS.ids[0]][what]
    assert np.isfinite(found["mean_change"].to_numpy()).all()


@pytest.mark.parametrize("scope", ["pillars", "all"])
def test_a_flip_is_proved_by_rescoring(scope):
    s = score(EVALUATED, WEIGHTS).score[:, 0]
    n = 0
    for a in range(8):
        b = a + 12
        if s[a] == s[b]:
            continue
        found = smallest_flip(EVALUATED, WEIGHTS, first=a, second=b, shift=0, scope=scope)
        if found is None:
            continue
        n += 1
        after = score(EVALUATED, found.weights).score[:, 0]
        assert (after[a] - after[b]) * (s[a] - s[b]) < 0
        assert after[a] == pytest.approx(after[b], rel=1e-5)
        assert 0 < found.moved < 1
    assert n >= 3


def test_the_pillars_flip_is_the_nearest_of_all_on_the_triangle():
    """Every other point of a fine grid that turns the order is farther; so says SLSQP too."""
    s = score(EVALUATED, WEIGHTS)
    logs = np.log(np.stack([getattr(s, p) for p in PILLARS])[:, :, 0])
    grid = np.array(
        [(i, j, 200 - i - j) for i in range(201) for j in range(201 - i)], dtype=float
    ) / 200.0  # fmt: skip
    far = np.linalg.norm(grid - BETWEEN, axis=1)
    seen = none = 0
    for a in range(25):
        b = a + 25
        gap = logs[:, a] - logs[:, b]
        lead = float(gap @ BETWEEN)
        if abs(lead) < 1e-9:
            continue
        gap *= np.sign(lead)
        found = smallest_flip(EVALUATED, WEIGHTS, first=a, second=b, shift=0, scope="pillars")
        turned = grid @ gap < -1e-5
        if found is None:
            none += 1
            assert not turned[(grid > 1e-5).all(axis=1)].any()
            continue
        seen += 1
        assert found.distance <= far[turned].min(initial=9.0) + 1e-9
        rule = [
            {"type": "eq", "fun": lambda p: p.sum() - 1},
            {"type": "ineq", "fun": lambda p, gap=gap: -1e-6 - p @ gap},
        ]
        peer = minimize(
            lambda p: ((p - BETWEEN) ** 2).sum(), BETWEEN, bounds=[(1e-6, 1)] * 3, constraints=rule
        )
        if peer.success:
            assert found.distance == pytest.approx(math.sqrt(peer.fun), abs=1e-3)
    assert seen >= 5
    assert none >= 1


def test_moving_every_weight_is_never_farther_than_the_pillars_answer():
    s = score(EVALUATED, WEIGHTS).score[:, 1]
    for a in range(6):
        if s[a] == s[a + 20]:
            continue
        narrow = smallest_flip(EVALUATED, WEIGHTS, first=a, second=a + 20, shift=1, scope="pillars")
        if narrow is None:
            continue
        wide = smallest_flip(EVALUATED, WEIGHTS, first=a, second=a + 20, shift=1)
        between = np.array([narrow.weights.pillars[p] for p in PILLARS])
        moved = np.linalg.norm(WITHIN * between[PILLAR] - WITHIN * BETWEEN[PILLAR])
        assert wide.distance <= moved + 1e-9


def test_what_is_lower_everywhere_is_never_turned():
    value = np.stack([np.full((N, 1), 0.3), np.full((N, 1), 0.6)], axis=1)
    low = Evaluated(WEIGHTS.ids, value, value)
    for scope in ("pillars", "all"):
        assert smallest_flip(low, WEIGHTS, first=0, second=1, shift=0, scope=scope) is None
    with pytest.raises(InputError, match="have the same score"):
        smallest_flip(low, WEIGHTS, first=1, second=1, shift=0)


def test_what_cannot_be_is_said_at_once():
    with pytest.raises(InputError, match=r"0 draws .*; the concentration is -1"):
        draw(WEIGHTS, n=0, concentration=-1.0)
    with pytest.raises(InputError, match=r"3 lengths for 60 .*; the top share is 0"):
        standing(EVALUATED, WEIGHTS, KM[:3], draws=draw(WEIGHTS, n=2), share=0.0)
    with pytest.raises(InputError, match="length is not above 0"):
        roles(EVALUATED, WEIGHTS, KM * 0)
    other = Evaluated(WEIGHTS.ids[1:], EVALUATED.raw[1:], EVALUATED.value[1:])
    with pytest.raises(InputError, match="Evaluate the indicators again"):
        roles(other, WEIGHTS, KM)


def test_all_weight_on_one_indicator_gives_plain_figures():
    heavy = np.where(np.arange(N) == 0, 1.0, 1e-9)
    weights = reweighted(heavy, [0.98, 0.01, 0.01])
    found = standing(EVALUATED, weights, KM, draws=draw(weights, n=30))
    assert np.isfinite(found.top).all()
    assert found.rank_lo.min() == 1
    assert np.isfinite(roles(EVALUATED, weights, KM)["mean_change"].to_numpy()).all()


# --- indices --------------------------------------------------------------------------------


@salib
def test_sobol_indices_of_dirichlet_weights_are_the_analytical_ones():
    """A ratio of two gammas, g1 / (g1 + g2), has indices that one-dimensional integrals give."""
    two = WEIGHTS.model_copy(
        update={
            "indicators": tuple(
                next(i for i in WEIGHTS.indicators if i.pillar == p) for p in PILLARS
            ),
            "pillars": {"threat": 0.5, "opportunity": 0.3, "guardianship_deficit": 0.2},
        }
    )
    from scipy.special import gammaincinv

    found = indices.sobol(lambda d: d.between[:, 0], two, n=1024, concentration=10.0)
    u = (np.arange(400) + 0.5) / 400
    g1, rest = gammaincinv(5.0, u), gammaincinv(5.0, u)  # 0.3 + 0.2 is gamma of 5 as well
    y = g1[:, None] / (g1[:, None] + rest)
    first = y.mean(axis=1).var() / y.var()
    rows = {r["factor"]: r for r in found.iter_rows(named=True)}
    assert rows["threat"]["first"] == pytest.approx(first, abs=0.05)
    assert rows["threat"]["total"] == pytest.approx(1 - y.mean(axis=0).var() / y.var(), abs=0.05)
    for name in two.ids:
        assert rows[name]["total"] == pytest.approx(0.0, abs=1e-9)


@salib
def test_what_does_not_matter_has_no_effect():
    """Where all indicators of a pillar are alike their weights are nothing to the score."""
    value = EVALUATED.value.copy()
    for j in range(3):
        value[j == PILLAR, 0] = (0.9, 0.2, 0.5)[j]
    alike = Evaluated(WEIGHTS.ids, value, value)
    outcome = indices.segment_score(alike, WEIGHTS, segment=0, shift=0)
    for table, column in (
        (indices.sobol(outcome, WEIGHTS, n=64), "total"),
        (indices.morris(outcome, WEIGHTS, n=8), "mean_size"),
    ):
        of = dict(zip(table["factor"], table[column], strict=True))
        assert all(abs(of[name]) < 1e-6 for name in WEIGHTS.ids)
        assert all(of[name] > 0.01 for name in ("threat", "opportunity"))


def test_outcomes_are_those_of_the_score():
    draws = draw(WEIGHTS, n=3, concentration=10.0)
    mean = indices.mean_score(EVALUATED, WEIGHTS, KM)(draws)
    one = indices.segment_score(EVALUATED, WEIGHTS, segment=4, shift=1)(draws)
    kept = indices.top_overlap(EVALUATED, WEIGHTS, KM, shift=1, share=0.2)(draws)
    own = top_of(score(EVALUATED, WEIGHTS).score, KM, share=0.2)[:, 1]
    for d in range(3):
        s = score(EVALUATED, reweighted(draws.within[d], draws.between[d])).score
        assert mean[d] == pytest.approx((s.mean(axis=1) @ KM) / KM.sum())
        assert one[d] == pytest.approx(s[4, 1])
        there = top_of(s, KM, share=0.2)[:, 1]
        assert kept[d] == pytest.approx(KM[there & own].sum() / KM[own].sum())


@salib
def test_an_outcome_that_never_varies_has_no_indices():
    table = indices.sobol(lambda d: np.ones(len(d.within)), WEIGHTS, n=4)
    assert table["total"].null_count() == len(table)
    with pytest.raises(InputError, match="power of 2"):
        indices.sobol(lambda d: np.ones(len(d.within)), WEIGHTS, n=3)


def test_without_salib_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(indices, "find_spec", lambda name: None)
    for index in (indices.sobol, indices.morris):
        with pytest.raises(InputError, match=r"shoregrid\[sensitivity\]"):
            index(lambda d: np.ones(len(d.within)), WEIGHTS)


def test_the_floor_is_that_of_the_score():
    value = np.zeros((N, 1, 1))
    quick = log_scores(value[:, :, 0], PILLAR, WITHIN[None], BETWEEN[None])
    assert 100 * np.exp(quick[0, 0]) == pytest.approx(100 * FLOOR)
