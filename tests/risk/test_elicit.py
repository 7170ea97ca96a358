"""Weights from answers: published examples, and what must hold whatever is answered."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from risk.elicit import direct, pairwise, swing

# Saaty 1990, "How to make a decision", European Journal of Operational Research 48: buying a
# house. Rows above the diagonal.
HOUSE_IDS = ("size", "transport", "area", "age", "yard", "modern", "condition", "finance")
HOUSE = (
    (5, 3, 7, 6, 6, 1 / 3, 1 / 4),
    (1 / 3, 5, 3, 3, 1 / 5, 1 / 7),
    (6, 3, 4, 6, 1 / 5),
    (1 / 3, 1 / 4, 1 / 7, 1 / 8),
    (1 / 2, 1 / 5, 1 / 6),
    (1 / 5, 1 / 6),
    (1 / 2,),
)
SCALE = [*(1 / k for k in range(9, 1, -1)), *map(float, range(1, 10))]


def answers_of(rows, ids):
    return {(ids[i], ids[i + 1 + d]): v for i, row in enumerate(rows) for d, v in enumerate(row)}


HOUSE_ANSWERS = answers_of(HOUSE, HOUSE_IDS)


def consistent(weights):
    ids = [f"i{k}" for k in range(len(weights))]
    return ids, {
        (ids[i], ids[j]): weights[i] / weights[j]
        for i, j in itertools.combinations(range(len(ids)), 2)
    }


def test_saatys_house_has_his_weights_and_his_ratio():
    found = pairwise(HOUSE_IDS, HOUSE_ANSWERS)
    published = [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]
    assert list(found.weights.values()) == pytest.approx(published, abs=6e-4)
    assert found.ratio == pytest.approx(0.169, abs=6e-4)
    assert found.unanswered == 0


def test_the_answer_to_revisit_is_the_one_that_saaty_names():
    # Saaty 2003, "Decision-making with the AHP: why is the principal eigenvector necessary",
    # EJOR 145, section 5: area over condition, from 6 to 1/2; the ratio is then 0.083.
    found = pairwise(HOUSE_IDS, HOUSE_ANSWERS).revisit
    assert found is not None
    assert (found.first, found.second) == ("area", "condition")
    assert (found.given, found.better) == (6.0, 0.5)
    mended = pairwise(HOUSE_IDS, HOUSE_ANSWERS | {("area", "condition"): 0.5})
    assert mended.ratio == pytest.approx(found.ratio)
    assert mended.ratio == pytest.approx(0.083, abs=1e-3)
    published = [0.175, 0.062, 0.103, 0.019, 0.034, 0.041, 0.221, 0.345]
    assert list(mended.weights.values()) == pytest.approx(published, abs=6e-4)


def test_what_is_said_names_the_pair_and_the_ratio():
    said = pairwise(HOUSE_IDS, HOUSE_ANSWERS).said
    assert "超过 0.10" in said[0][0]
    assert "contradict" in said[0][1]
    assert "area over condition" in said[1][1]
    assert "1/2" in said[1][0]
    calm = pairwise(HOUSE_IDS, HOUSE_ANSWERS | {("area", "condition"): 0.5})
    assert len(calm.said) == 1
    assert "acceptable" in calm.said[0][1]


WEIGHTS = st.lists(st.floats(1.0, 9.0), min_size=1, max_size=6)


@given(WEIGHTS)
def test_answers_that_agree_give_their_weights(weights):
    ids, answers = consistent(weights)
    found = pairwise(ids, answers)
    assert list(found.weights.values()) == pytest.approx(np.array(weights) / sum(weights))
    assert found.ratio == pytest.approx(0.0, abs=1e-6)


@given(st.lists(st.floats(1.0, 3.0), min_size=3, max_size=6), st.randoms(use_true_random=False))
def test_answers_that_agree_suffice_in_any_number_that_ties_all(weights, random):
    ids, answers = consistent(weights)
    pairs = list(answers)
    random.shuffle(pairs)
    kept, linked = {}, {name: {name} for name in ids}
    for pair in pairs:
        first, second = (linked[name] for name in pair)
        if first is second and random.random() < 0.7:
            continue
        kept[pair] = answers[pair]
        for name in first | second:
            linked[name] = first | second
    found = pairwise(ids, kept)
    assert list(found.weights.values()) == pytest.approx(np.array(weights) / sum(weights))
    assert found.ratio == pytest.approx(0.0, abs=1e-6)
    assert found.unanswered == len(answers) - len(kept)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(SCALE), min_size=6, max_size=6))
def test_no_other_single_answer_helps_more(values):
    ids = ["a", "b", "c", "d"]
    answers = dict(zip(itertools.combinations(ids, 2), values, strict=True))
    found = pairwise(ids, answers)
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert min(found.weights.values()) > 0.0
    others = [
        pairwise(ids, answers | {pair: value}).ratio
        for pair in answers
        for value in (1 / 9, 1 / 3, 1.0, 3.0, 9.0)
    ]
    best = found.ratio if found.revisit is None else found.revisit.ratio
    assert best <= min(others) + 1e-6


def test_a_pair_may_be_answered_either_way_round():
    ids = ["a", "b", "c"]
    one = pairwise(ids, {("a", "b"): 3.0, ("b", "c"): 2.0, ("a", "c"): 5.0})
    other = pairwise(ids, {("b", "a"): 1 / 3, ("c", "b"): 1 / 2, ("c", "a"): 1 / 5})
    assert one.weights == pytest.approx(other.weights)
    assert one.ratio == pytest.approx(other.ratio)


@pytest.mark.parametrize(("n", "left_out"), [(4, 0), (5, 0), (5, 2), (6, 5)])
def test_random_answers_are_as_inconsistent_as_the_index_says(n, left_out):
    ids = [f"i{k}" for k in range(n)]
    rng = np.random.default_rng(6)
    pairs = list(itertools.combinations(ids, 2))
    ratios = []
    while len(ratios) < 100:
        kept = rng.permutation(len(pairs))[left_out:]
        try:
            found = pairwise(ids, {pairs[k]: rng.choice(SCALE) for k in kept})
        except InputError:  # these do not tie all items together
            continue
        ratios.append(found.ratio)
    # By its definition the mean ratio of random answers is 1; of a hundred it is so to a sixth.
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.2)


def test_a_tree_of_answers_says_that_nothing_checks_it():
    found = pairwise(["a", "b", "c"], {("a", "b"): 9.0, ("b", "c"): 9.0})
    assert found.ratio == 0.0
    assert found.revisit is None
    assert "none checks another" in found.said[0][1]


def test_every_problem_of_the_answers_is_told_at_once():
    bad = {("a", "b"): 20.0, ("a", "a"): 1.0, ("a", "z"): 2.0, ("b", "c"): 2.0, ("c", "b"): 2.0}
    with pytest.raises(InputError) as error:
        pairwise(["a", "b", "c"], bad)
    for part in ("a over b is 20.0", "a over a", "a over z", "c and b are compared twice"):
        assert part in str(error.value)
    with pytest.raises(InputError, match=r"a, b \| c"):
        pairwise(["a", "b", "c"], {("a", "b"): 2.0})
    with pytest.raises(InputError, match="is nan"):
        pairwise(["a", "b"], {("a", "b"): np.nan})
    with pytest.raises(InputError, match="expected 1 to 15"):
        pairwise([f"i{k}" for k in range(16)], {})


@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(0.0, 100.0), min_size=1))
def test_points_become_weights_in_proportion(points):
    if not sum(points.values()) > 0.0:
        with pytest.raises(InputError, match="no indicator has any points"):
            direct(points)
        return
    for found in (direct(points), swing(points)):
        assert sum(found.weights.values()) == pytest.approx(1.0)
        assert list(found.weights) == list(points)
        told = [name for name, v in points.items() if v == 0.0]
        assert [words[1].split(":")[0] for words in found.said[: len(told)]] == told
    assert (len(swing(points).said) > len(told)) == (max(points.values()) != 100.0)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_points_that_are_none_are_refused(wrong):
    for ask in (direct, swing):
        with pytest.raises(InputError, match="b has"):
            ask({"a": 100.0, "b": wrong})
    with pytest.raises(InputError, match=r"a has 101"):
        swing({"a": 101.0})
