import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from geo.errors import InputError
from risk.indicators import Evaluated
from risk.score import FLOOR, score
from risk.weights import PILLARS, load

TEXT = (Path(__file__).resolve().parents[2] / "data" / "weights" / "default.toml").read_text(
    "utf-8"
)
WEIGHTS = load(TEXT, where="default.toml")
N = len(WEIGHTS.ids)

SOME = st.one_of(st.floats(0, 1), st.just(0.0), st.just(1.0), st.just(math.nan))
VALUES = npst.arrays(np.float64, (N, 3, 2), elements=SOME)


def scored(value):
    return score(Evaluated(WEIGHTS.ids, value, value), WEIGHTS)


@given(VALUES)
def test_base_and_contributions_add_up_and_the_interval_holds_the_score(value):
    s = scored(value)
    assert s.base == pytest.approx(2.0)
    assert np.abs(s.base + s.contributions.sum(axis=0) - s.score).max() < 1e-9
    assert (s.contributions >= 0).all()
    assert (s.lo <= s.score).all()
    assert (s.score <= s.hi).all()
    assert (s.score >= 2.0 - 1e-9).all()
    assert (s.score <= 100.0 + 1e-9).all()
    assert np.isfinite(s.score).all()
    assert np.array_equal(s.missing, np.isnan(value))
    known = ~s.missing.any(axis=0)
    assert np.array_equal(s.lo[known], s.hi[known])


@given(VALUES, st.integers(0, N - 1), st.floats(0, 1))
def test_raising_an_indicator_never_lowers_the_score_or_its_own_share(value, k, by):
    raised = value.copy()
    raised[k] = np.minimum(raised[k] + by, 1.0)
    a, b = scored(value), scored(raised)
    assert (b.score >= a.score - 1e-9).all()
    assert (b.contributions[k] >= a.contributions[k] - 1e-9).all()


@given(VALUES)
def test_what_an_unknown_turns_out_to_be_lies_within_the_interval(value):
    s = scored(value)
    for at in ("prior_lo", "prior", "prior_hi"):
        prior = np.array([getattr(i, at) for i in WEIGHTS.indicators])[:, None, None]
        known = scored(np.where(np.isnan(value), prior, value))
        assert (s.lo - 1e-9 <= known.score).all()
        assert (known.score <= s.hi + 1e-9).all()


@given(VALUES)
def test_pillar_shares_are_shapley_values_by_all_orders(value):
    s = scored(value)
    pillars = [s.threat, s.opportunity, s.guardianship_deficit]
    w = [WEIGHTS.pillars[p] for p in PILLARS]

    def worth(present):
        return 100.0 * math.prod((pillars[i] if i in present else FLOOR) ** w[i] for i in range(3))

    for i, name in enumerate(PILLARS):
        total = 0.0
        for order in itertools.permutations(range(3)):
            before = set(order[: order.index(i)])
            total = total + worth(before | {i}) - worth(before)
        own = [k for k, ind in enumerate(WEIGHTS.indicators) if ind.pillar == name]
        assert s.contributions[own].sum(axis=0) == pytest.approx(total / 6.0, abs=1e-9)


def test_the_ends_of_the_scale():
    assert scored(np.ones((N, 1, 1))).score == pytest.approx(100.0)
    assert scored(np.zeros((N, 1, 1))).score == pytest.approx(2.0)


def test_segments_do_not_look_at_each_other():
    value = np.random.default_rng(1).random((N, 50, 2))
    assert np.array_equal(scored(value[:, :10]).score, scored(value).score[:10])


def test_another_sets_indicators_are_refused():
    value = np.ones((N - 1, 1, 1))
    with pytest.raises(InputError, match="Evaluate the indicators again"):
        score(Evaluated(WEIGHTS.ids[1:], value, value), WEIGHTS)


def test_a_bad_weight_set_lists_every_problem():
    bad = (
        TEXT.replace("prior = 0.30", "prior = 0.99", 1)
        .replace("[[0.0, 0.0], [0.3, 0.5], [1.0, 1.0]]", "[[0.0, 0.0], [0.3, 0.5], [0.2, 1.0]]")
        .replace("threat = 0.40", "threats = 0.40")
    )
    with pytest.raises(InputError) as error:
        load(bad, where="mine.toml")
    said = str(error.value)
    assert said.startswith("mine.toml: ")
    for part in ("prior must lie within", "must increase", "pillars"):
        assert part in said
    with pytest.raises(InputError, match="not TOML"):
        load("name = ", where="mine.toml")


def test_a_pillar_without_indicators_and_a_double_are_refused():
    twice = TEXT.replace('id = "near_repeat"', 'id = "incidents_near"')
    with pytest.raises(InputError, match="named twice: incidents_near"):
        load(twice, where="w")
    bare = TEXT.replace('pillar = "threat"', 'pillar = "opportunity"')
    with pytest.raises(InputError, match="pillars without an indicator: threat"):
        load(bare, where="w")
