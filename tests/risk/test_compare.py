"""Two weight sets side by side, weights suggested from data, and sets written as files."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import spearmanr

from geo.errors import InputError
from risk.bands import band_index
from risk.compare import compare, remarks, side_by_side
from risk.indicators import Evaluated
from risk.score import score
from risk.suggest import critic, entropy, suggested
from risk.weights import PILLARS, dump, effective, load, reweighted

TEXT = (Path(__file__).resolve().parents[2] / "data/weights/default.toml").read_text("utf-8")
WEIGHTS = load(TEXT, where="default.toml")
N = len(WEIGHTS.ids)
NEW = {"name": "new", "version": 3, "author": "王", "reason_zh": "试", "reason_en": "try"}

SCORES = npst.arrays(np.float64, (12, 2), elements=st.floats(2.0, 100.0))
KM = npst.arrays(np.float64, 12, elements=st.floats(0.05, 2.0))


def reversed_set():
    """Return the set with the greatest weights where the least were."""
    shares = {}
    for pillar in PILLARS:
        own = [one for one in WEIGHTS.indicators if one.pillar == pillar]
        order = sorted(own, key=lambda one: one.weight)
        weights = [0.01, *np.geomspace(0.03, 1.0, len(own) - 1)][::-1]
        shares |= {one.id: w for one, w in zip(order, weights, strict=True)}
    return reweighted(WEIGHTS, shares, **NEW)


@settings(max_examples=40)
@given(SCORES, SCORES, KM)
def test_kilometres_add_up_and_changes_run_both_ways(a, b, km):
    there, back = compare(km, a, b), compare(km, b, a)
    total = km.sum()
    assert there.bands["km_first"].sum() == pytest.approx(total)
    assert there.bands["km_second"].sum() == pytest.approx(total)
    stays = (band_index(a) == band_index(b)) * km[:, None] / a.shape[1]
    assert there.changed == pytest.approx(1.0 - stays.sum() / total, abs=1e-9)
    assert there.moved["km"].sum() == pytest.approx(there.changed * total, abs=1e-9)
    assert there.cells["change"].abs().is_sorted(descending=True)
    assert there.cells.height == a.size
    assert back.changed == pytest.approx(there.changed)
    assert back.top_overlap == pytest.approx(there.top_overlap)
    assert -1e-9 <= there.top_overlap <= 1.0 + 1e-9
    assert (back.rank_correlation is None) == (there.rank_correlation is None)
    if there.rank_correlation is not None:
        assert back.rank_correlation == pytest.approx(there.rank_correlation)
        assert -1.0 <= there.rank_correlation <= 1.0


@settings(max_examples=30)
@given(SCORES)
def test_of_equal_lengths_the_rank_correlation_is_scipys(a):
    b = np.random.default_rng(2).random(a.shape).round(1) * 100.0
    found = compare(np.ones(12), a[:, :1], b[:, :1]).rank_correlation
    if np.ptp(a[:, 0]) == 0.0:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(a[:, 0], b[:, 0]).statistic, abs=1e-9)


@settings(max_examples=30)
@given(SCORES, SCORES, KM)
def test_cutting_a_segment_in_two_changes_no_figure(a, b, km):
    cut = np.r_[km[0] * 0.3, km[0] * 0.7, km[1:]]
    whole, halves = compare(km, a, b), compare(cut, a[[0, *range(12)]], b[[0, *range(12)]])
    assert halves.changed == pytest.approx(whole.changed)
    assert halves.top_overlap == pytest.approx(whole.top_overlap)
    if whole.rank_correlation is not None:
        assert halves.rank_correlation == pytest.approx(whole.rank_correlation, abs=1e-9)


def test_a_set_is_one_with_itself():
    a = np.random.default_rng(1).random((200, 3)) * 100.0
    found = compare(np.full(200, 0.5), a, a)
    assert (found.changed, found.rank_correlation) == (0.0, pytest.approx(1.0))
    assert found.top_overlap == pytest.approx(1.0)
    assert found.moved.is_empty()


def test_the_top_is_of_kilometres_and_not_of_segments():
    a = np.zeros((40, 1))
    a[0], a[1:20] = 90.0, 50.0
    km = np.r_[2.0, np.full(39, 38.0 / 39.0)]  # the first is just 5 % of 40 km
    b = a.copy()
    b[0] = 1.0
    assert compare(km, a, a + 1.0).top_overlap == pytest.approx(1.0)
    assert compare(km, a, b).top_overlap == pytest.approx(0.0)


def test_sets_that_contradict_are_said_to():
    a = np.linspace(5.0, 95.0, 50)[:, None]
    found = compare(np.ones(50), a, 100.0 - a)
    assert found.rank_correlation == pytest.approx(-1.0)
    assert found.top_overlap == 0.0
    assert "互相矛盾" in found.said[-1][0]
    assert "contradict" in found.said[-1][1]


def test_reversed_weights_are_said_to_be_the_other_way_round():
    other = reversed_set()
    table, said = side_by_side(WEIGHTS, other)
    assert table["first"].sum() == pytest.approx(1.0)
    assert table["second"].sum() == pytest.approx(1.0)
    assert table["defined_alike"].all()
    assert any("the other way round" in en and "相反" in zh for zh, en in said)
    values = np.random.default_rng(3).random((N, 300, 2))
    scored = [score(Evaluated(WEIGHTS.ids, values, values), s).score for s in (WEIGHTS, other)]
    found = compare(np.full(300, 0.5), *scored)
    assert np.isfinite([found.changed, found.top_overlap, found.rank_correlation]).all()
    assert found.changed > 0.1
    assert side_by_side(WEIGHTS, WEIGHTS)[1] == []


def test_other_breaks_and_lacking_indicators_are_told():
    changed = TEXT.replace("[[0.0, 0.0], [0.3, 0.5], [1.0, 1.0]]", "[[0.0, 0.0], [1.0, 1.0]]")
    other = reweighted(load(changed, where="x"), {"darkness": 0.0}, **NEW)
    table, said = side_by_side(WEIGHTS, other)
    row = table.row(by_predicate=pl.col("indicator") == "darkness", named=True)
    assert (row["second"], row["defined_alike"]) == (None, None)
    assert said == [("断点或常数不同：短期重复。", "Breaks or constants differ: near repeats.")]


def test_what_cannot_be_compared_is_refused_with_all_that_is_wrong():
    a = np.ones((3, 1))
    with pytest.raises(InputError, match="shapes are"):
        compare(np.ones(4), a, a)
    with pytest.raises(InputError, match="no segments"):
        compare(np.ones(0), np.ones((0, 2)), np.ones((0, 2)))
    with pytest.raises(InputError, match="not finite"):
        compare(np.ones(3), a, a * np.nan)
    flat = compare(np.ones(3), a, np.arange(3.0)[:, None])
    assert flat.rank_correlation is None
    assert "same score everywhere" in flat.said[-1][1]


def test_all_weight_on_one_indicator_is_said():
    heavy = reweighted(WEIGHTS, {"shore_approach": 100.0}, **NEW)
    assert [en for _, en in remarks(heavy)] == [
        "shore approaches has 99% of threat: without data on it that pillar tells nothing."
    ]
    lone = heavy.model_copy(
        update={"pillars": {"threat": 0.98, "opportunity": 0.01, "guardianship_deficit": 0.01}}
    )
    assert remarks(lone)[0][1].startswith("threat alone has 98%")
    assert remarks(WEIGHTS) == []


# --- suggested from data ---------------------------------------------------------------------


def test_critic_of_the_paper():
    # Diakoulaki, Mavrotas & Papayannakis 1995, the example of eight firms; weights as
    # scikit-criteria has them in its own tests.
    firms = np.array(
        [
            [61, 20.7, 16.3, 9, 5.4, 4, -6.1, -34.6],
            [1.08, 0.26, 1.98, 3.29, 2.77, 4.12, 3.52, 3.31],
            [4.33, 4.34, 2.53, 1.65, 2.33, 1.21, 2.10, 0.98],
        ]
    )
    found = critic(["profit", "share", "productivity"], firms, np.ones(8))
    published = [0.20222554, 0.48090173, 0.31687273]
    assert list(found.weights.values()) == pytest.approx(published, abs=1e-8)


def test_entropy_by_its_own_definition():
    matrix = np.array([[3.0, 2.5, 1.8, 2.2], [100, 80, 50, 70], [10, 8, 20, 12], [7, 5, 11, 9]])
    p = matrix / matrix.sum(axis=1, keepdims=True)
    divergence = 1.0 + (p * np.log(p)).sum(axis=1) / np.log(4)
    found = entropy(list("abcd"), matrix, np.ones(4))
    assert list(found.weights.values()) == pytest.approx(divergence / divergence.sum())


VALUES = npst.arrays(
    np.float64, (4, 8, 2), elements=st.one_of(st.floats(0.0, 1.0), st.just(np.nan))
)


@pytest.mark.parametrize("method", [entropy, critic])
@settings(max_examples=40)
@given(values=VALUES, km=npst.arrays(np.float64, 8, elements=st.floats(0.05, 2.0)))
def test_suggested_weights_are_weights_and_cutting_changes_nothing(method, values, km):
    found = method(list("abcd"), values, km)
    weights = np.array(list(found.weights.values()))
    assert np.isfinite(weights).all()
    assert (weights >= 0.0).all()
    with np.errstate(all="ignore"):
        spread = np.array(
            [np.ptp(v[np.isfinite(v)]) if np.isfinite(v).any() else 0 for v in values]
        )
    assert (weights[spread <= 1e-12] == 0.0).all()
    assert weights.sum() == pytest.approx(1.0 if (spread > 1e-12).any() else 0.0)
    lacking = [words[1].split(":")[0] for words in found.said if "weight 0" in words[1]]
    assert lacking == [name for name, s in zip("abcd", spread, strict=True) if s <= 1e-12]
    if (spread > 0.05).all():
        cut = np.r_[km[0] * 0.4, km[0] * 0.6, km[1:]]
        again = method(list("abcd"), values[:, [0, *range(8)]], cut)
        assert list(again.weights.values()) == pytest.approx(weights, abs=1e-6)


def test_indicators_that_tell_the_same_share_their_weight():
    rng = np.random.default_rng(4)
    a, b = rng.random(500), rng.random(500)
    found = critic(["a", "twin", "b"], np.array([a, a, b]), np.ones(500))
    assert found.weights["a"] == pytest.approx(found.weights["twin"])
    assert found.weights["b"] > 1.7 * found.weights["a"]


def test_a_suggestion_keeps_what_the_data_cannot_tell():
    values = np.random.default_rng(5).random((N, 60, 6))
    ids = list(WEIGHTS.ids)
    values[ids.index("incidents_near")] = np.nan
    values[ids.index("near_repeat")] = 0.0
    for k, one in enumerate(WEIGHTS.indicators):
        if one.pillar == "guardianship_deficit":
            values[k] = 0.5
    for method in ("entropy", "critic"):
        found = suggested(WEIGHTS, values, np.ones(60), method=method)
        for pillar in PILLARS:
            own = [one.id for one in WEIGHTS.indicators if one.pillar == pillar]
            assert sum(found.weights[name] for name in own) == pytest.approx(1.0)
        assert found.weights["incidents_near"] == pytest.approx(
            WEIGHTS.indicator("incidents_near").weight
        )
        assert found.weights["near_repeat"] == 0.0
        assert found.weights["facility_cover"] == pytest.approx(
            WEIGHTS.indicator("facility_cover").weight
        )
        english = " ".join(en for _, en in found.said)
        assert "incidents near: missing everywhere, keeps its weight." in english
        assert "near repeats: the same everywhere, weight 0." in english
        assert "guardianship deficit: none of its indicators differs" in english
        made = reweighted(WEIGHTS, found.weights, **NEW)
        assert "near_repeat" not in made.ids
        assert load(dump(made), where="made") == made


def test_no_data_at_all_leaves_the_set_as_it_is():
    found = suggested(WEIGHTS, np.full((N, 5, 2), np.nan), np.ones(5), method="critic")
    share = effective(WEIGHTS)
    for one in WEIGHTS.indicators:
        assert found.weights[one.id] * WEIGHTS.pillars[one.pillar] == pytest.approx(share[one.id])


# --- sets as files -----------------------------------------------------------------------------

LINES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(LINES, LINES, st.floats(1e-6, 1e6), st.floats(0.01, 1.0))
def test_a_set_that_is_written_reads_the_same(author, reason, weight, threat):
    pillars = {"threat": threat, "opportunity": 0.3, "guardianship_deficit": 0.2}
    made = WEIGHTS.model_copy(update={"author": author, "reason_zh": reason, "pillars": pillars})
    made = made.model_copy(
        update={
            "indicators": (
                made.indicators[0].model_copy(update={"weight": weight}),
                *made.indicators[1:],
            )
        }
    )
    again = load(dump(made), where="x")
    assert again.indicators == made.indicators
    assert (again.author, again.reason_zh) == (author, reason)
    total = sum(pillars.values())
    assert again.pillars == pytest.approx({k: v / total for k, v in pillars.items()})


def test_new_weights_that_cannot_be_are_refused():
    with pytest.raises(InputError) as error:
        reweighted(WEIGHTS, {"moonshine": 1.0, "landable": -1.0}, **NEW)
    assert "no indicator 'moonshine'" in str(error.value)
    assert "landable has the weight -1.0" in str(error.value)
    none = {one.id: 0.0 for one in WEIGHTS.indicators if one.pillar == "threat"}
    with pytest.raises(InputError, match="the pillar threat has no weight left"):
        reweighted(WEIGHTS, none, **NEW)
    with pytest.raises(InputError, match="has the weight nan"):
        reweighted(WEIGHTS, {"landable": np.nan}, **NEW)


def test_shares_of_the_whole_add_up():
    share = effective(WEIGHTS)
    assert sum(share.values()) == pytest.approx(1.0)
    assert share["landable"] == pytest.approx(0.35 * 0.30)
