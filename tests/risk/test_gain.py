import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss

from risk.gain import (
    FLOOR,
    SHARES,
    best,
    brier,
    caught,
    chance,
    curve,
    log_gain,
    poisson_interval,
    reliability,
    wilson,
)

N = 30
LENGTHS = npst.arrays(np.float64, N, elements=st.floats(0.05, 5))
# Few values, so that there are ties.
COUNTS = npst.arrays(np.float64, N, elements=st.sampled_from([0.0, 0.0, 0.5, 1.0, 3.0]))


def test_hit_rate_and_its_indices_of_a_forecast_by_hand():
    expected = np.array([5.0, 4.0, 1.0, 1.0])
    happened = np.array([1.0, 3.0, 0.0, 1.0])
    found = curve(expected, happened, np.array([1.0, 1.0, 4.0, 4.0]), shares=(0.1, 0.15, 0.6))
    # 1 km; half of the second km more; both, and half of the 8 km that are not told apart.
    assert found["hit_rate"].to_list() == pytest.approx([0.2, 0.5, 0.9])
    assert found["pai"].to_list() == pytest.approx([2.0, 10 / 3, 1.5])
    # At best: the second km; half of the first besides; and 4 km with the last one.
    assert found["pei"].to_list() == pytest.approx([1 / 3, 2.5 / 3.5, 0.9])


@given(LENGTHS, COUNTS.filter(lambda c: c.sum() > 0), st.floats(0.001, 100))
def test_a_constant_rate_has_a_pai_of_one(length_km, happened, rate):
    assert curve(rate * length_km, happened, length_km)["pai"].to_list() == pytest.approx(
        [1.0] * len(SHARES), rel=1e-12
    )


@given(LENGTHS, COUNTS.filter(lambda c: c.sum() > 0), st.floats(0.1, 10))
def test_the_perfect_forecast_has_a_pei_of_one_and_none_has_more(length_km, happened, scale):
    assert curve(scale * happened, happened, length_km)["pei"].to_list() == pytest.approx(
        [1.0] * len(SHARES)
    )
    other = np.roll(happened, 7)
    assert (curve(other, happened, length_km)["pei"] <= 1 + 1e-9).all()


@given(LENGTHS, COUNTS)
def test_no_more_than_the_share_of_the_kilometres_is_taken(length_km, expected):
    taken = length_km @ caught(expected, length_km)
    assert taken == pytest.approx(np.array(SHARES) * length_km.sum())


@given(
    LENGTHS,
    COUNTS,
    COUNTS.filter(lambda c: c.sum() > 0),
    st.integers(0, N - 1),
    st.floats(0.1, 0.9),
)
def test_cutting_a_stretch_in_two_changes_no_pai(length_km, expected, happened, which, part):
    def cut(values, first):
        return np.insert(values, which + 1, values[which] * (1 - first)) * np.where(
            np.arange(N + 1) == which, first, 1.0
        )

    before = curve(expected, happened, length_km)
    # What happened there may all lie in the first part.
    after = curve(cut(expected, part), cut(happened, 1.0), cut(length_km, part))
    assert after["pai"].to_list() == pytest.approx(before["pai"].to_list())


def test_forecasting_at_random_has_a_pai_of_one_on_average():
    rng = np.random.default_rng(1)
    length_km = rng.uniform(0.2, 2, 200)
    happened = rng.poisson(0.2, 200).astype(float)
    tried = [curve(rng.random(200) * length_km, happened, length_km)["pai"] for _ in range(1000)]
    # Standard error at 1 % is some 5 %.
    assert np.mean(tried, axis=0) == pytest.approx([1.0] * len(SHARES), abs=0.15)


@given(LENGTHS, COUNTS, COUNTS.filter(lambda c: c.sum() > 0))
def test_twice_the_weight_changes_no_index(length_km, expected, happened):
    one, two = (curve(expected, k * happened, length_km) for k in (1.0, 2.0))
    assert np.allclose(one.to_numpy(), two.to_numpy())


def test_without_incidents_there_is_no_index():
    length_km = np.ones(4)
    assert curve(length_km, np.zeros(4), length_km).null_count().row(0) == (0, 5, 5, 5)
    assert best(np.zeros(4), length_km).tolist() == [0.0] * 5


def test_the_log_score_is_the_logarithm_of_a_density_above_the_floor():
    length_km = np.array([1.0, 3.0, 4.0])
    got = log_gain(np.array([2.0, 2.0, 0.0]), length_km)
    told = (1 - FLOOR) * np.array([0.5, 0.5, 0.0]) + FLOOR * length_km / 8
    assert np.exp(got) * length_km / 8 == pytest.approx(told)
    assert got[2] == pytest.approx(np.log(FLOOR))


@given(LENGTHS, COUNTS)
def test_a_forecast_is_at_best_told_by_itself(length_km, expected):
    # Gibbs: no other forecast gains more on incidents drawn from this one; uniform gains none.
    p = (1 - FLOOR) * expected / max(expected.sum(), 1e-9) + FLOOR * length_km / length_km.sum()
    p = p if expected.any() else length_km / length_km.sum()
    own = p @ log_gain(expected, length_km)
    assert own >= p @ log_gain(np.roll(expected, 3), length_km) - 1e-9
    assert own >= -1e-9
    assert log_gain(length_km, length_km) == pytest.approx(np.zeros(N), abs=1e-12)
    assert log_gain(np.zeros(N), length_km) == pytest.approx(np.zeros(N), abs=1e-12)


def test_brier_is_scikit_learns():
    rng = np.random.default_rng(2)
    expected = rng.gamma(0.3, 1.0, (12, 50))
    happened = rng.poisson(expected).astype(float)
    theirs = brier_score_loss((happened > 0).ravel(), chance(expected).ravel())
    assert brier(expected, happened) == pytest.approx(theirs)


def test_wilson_is_scipys():
    hits, count = np.array([0, 3, 17, 40]), np.array([12, 12, 40, 40])
    _, lo, hi = wilson(hits, count)
    for k in range(4):
        theirs = binomtest(int(hits[k]), int(count[k])).proportion_ci(method="wilson")
        assert (lo[k], hi[k]) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert wilson(np.array([0]), np.array([0])) == (0.0, 0.0, 1.0)


# Garwood 1936, as tabled by Ulm 1990, "A simple method to calculate the confidence interval of a
# standardized mortality ratio", American Journal of Epidemiology 131.
@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)]
)
def test_the_interval_of_a_count_is_garwoods(count, low, high):
    assert poisson_interval(count) == pytest.approx((low, high), abs=6e-4)


def test_what_a_forecast_told_comes_true_as_often_as_it_told():
    rng = np.random.default_rng(3)
    expected = rng.gamma(0.2, 0.2, (40, 500))
    happened = rng.poisson(expected).astype(float)
    table = reliability(expected, happened)
    assert table["bin"].to_list() == list(range(1, 11))
    assert table["places"].sum() == expected.size
    assert table["happened"].sum() == happened.sum()
    assert table["expected"].to_numpy() == pytest.approx(expected.sum() / 10, rel=0.02)
    assert (table["chance"].is_between(table["lo"], table["hi"])).sum() >= 8
    half = reliability(expected / 2, happened)
    assert not half["chance"].is_between(half["lo"], half["hi"]).any()


def test_places_of_one_chance_are_in_one_bin():
    assert reliability(np.full((3, 20), 0.1), np.zeros((3, 20)))["places"].to_list() == [60]
    assert reliability(np.zeros((3, 20)), np.zeros((3, 20))).is_empty()
