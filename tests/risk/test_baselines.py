from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk._past import RATE_PRIOR
from risk.baselines import _spread, baselines, decayed, kernel, near_repeat, uniform
from risk.gain import log_gain
from tests.risk._shore import T0, history, random_history, straight

N = 40
SHORE = straight(np.random.default_rng(0).uniform(0.3, 0.8, N))
ALL = baselines(SHORE)
ORIGIN, HORIZON = T0 + timedelta(days=1000), timedelta(days=30)
NAMES = st.sampled_from(list(ALL))


def told(forecast, past):
    return forecast(past, ORIGIN, ORIGIN + HORIZON)


@given(NAMES, st.integers(0, 60), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_forecast_is_above_nothing_everywhere(name, count, seed):
    expected = told(ALL[name], random_history(N, count, days=900, seed=seed))
    assert expected.shape == (N,)
    assert (expected > 0).all()
    assert np.isfinite(expected).all()


@pytest.mark.parametrize("name", ALL)
def test_without_history_the_prior_rate_is_spread_evenly(name):
    expected = told(ALL[name], history([], []))
    assert expected / SHORE.length_km == pytest.approx(
        30 * RATE_PRIOR[0] / RATE_PRIOR[1] / SHORE.length_km.sum()
    )


@pytest.mark.parametrize("name", ALL)
def test_a_steady_history_is_expected_to_go_on(name):
    rng = np.random.default_rng(4)
    expected = told(ALL[name], history(np.arange(0, 1000, 5.0), rng.integers(N, size=200)))
    assert expected.sum() == pytest.approx(6.0, rel=0.15)


@given(NAMES, st.integers(1, 40), st.integers(0, 9), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_neither_the_order_nor_what_comes_after_changes_a_forecast(name, count, seed, random):
    before = random_history(N, count, days=900, seed=seed)
    rows = list(range(count))
    random.shuffle(rows)
    after = history([1000.0, 1001.0, 1500.0], [1, 2, 3])
    mixed = pl.concat([after, before[rows]])
    assert (told(ALL[name], mixed) == told(ALL[name], before)).all()


@given(NAMES, st.integers(0, 40), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_an_incident_of_weight_two_is_two(name, count, seed):
    once = random_history(N, count, days=900, seed=seed)
    twice = told(ALL[name], pl.concat([once, once]))
    assert told(ALL[name], once.with_columns(weight=pl.lit(2.0))) == pytest.approx(twice)


def test_decayed_counts_halve_after_a_half_life():
    # Two places, told often enough that neither is uniform's.
    days = np.concatenate([np.linspace(600, 640, 20), np.linspace(780, 820, 20)])
    past = history(days, [5] * 20 + [30] * 20)
    rate = told(decayed(SHORE, half_life_days=180.0), past)
    beyond = rate - rate[0] / SHORE.length_km[0] * SHORE.length_km
    assert beyond[30] / beyond[5] == pytest.approx(2.0)


def test_only_the_last_year_counts_in_last_years_count():
    past = history([600, 620, 630, 700, 710], [7, 7, 7, 9, 9])
    rate = told(ALL["last_year"], past) / SHORE.length_km
    assert rate[9] > 5 * rate[7]
    assert rate[7] == pytest.approx(rate[0])


@pytest.mark.parametrize("bandwidth_m", [300.0, 900.0, 2_000.0])
def test_a_kernel_keeps_its_mass_and_its_reach(bandwidth_m):
    spread = _spread(SHORE, bandwidth_m).toarray()
    assert spread.sum(axis=1) == pytest.approx(np.ones(N))
    middle_m = (np.cumsum(SHORE.length_km) - SHORE.length_km / 2) * 1000
    assert not spread[np.abs(middle_m[:, None] - middle_m) >= bandwidth_m].any()


def test_a_kernel_foretells_between_hot_places_better_than_counts():
    shore = straight(np.full(200, 0.5), reach_m=4_000.0)
    rng = np.random.default_rng(5)
    past = history(rng.uniform(0, 1000, 80), rng.integers(60, 72, size=80))
    here = slice(60, 72)
    by_kernel = told(kernel(shore), past)
    assert by_kernel[here].sum() > 0.8 * by_kernel.sum()
    assert (
        log_gain(by_kernel, shore.length_km)[here].mean()
        > log_gain(told(decayed(shore), past), shore.length_km)[here].mean()
    )


def cascade(shore, rng, *, offspring):
    """Return incidents, each of which sets off others within days on the same stretch."""
    days, segments = list(rng.uniform(0, 1000, 150)), list(rng.integers(len(shore), size=150))
    at = 0
    while at < len(days):
        for _ in range(rng.poisson(offspring)):
            days.append(days[at] + rng.exponential(4.0))
            segments.append(segments[at])
        at += 1
    kept = np.array(days) < 1000
    return history(np.array(days)[kept], np.array(segments)[kept])


def test_near_repeat_finds_what_sets_off_more_and_only_then():
    rng = np.random.default_rng(6)
    shore = straight(np.full(150, 0.5))
    fresh = history([999.0], [70])
    means = {}
    for offspring in (0.0, 0.5):
        past = pl.concat([cascade(shore, rng, offspring=offspring), fresh])
        expected = told(near_repeat(shore), past)
        means[offspring] = expected[70] / told(uniform(shore), past)[70]
    # 0.5 expected there, of which a fifth has passed, where uniform has 6 / 150 = 0.04.
    assert 5 < means[0.5] < 16
    assert means[0.0] < 4
