from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from risk.patrol import plan
from risk.patrol_mix import (
    EXPLORED_STOPS,
    Mix,
    _most_even,
    base_inputs,
    calibrated,
    entropy,
    explored,
    mix,
    with_explored,
)
from tests.risk._patrol_county import county
from tests.risk._patrol_peer import broken

MADE = county(11, teams=5, stops=60)


@pytest.fixture(scope="module")
def mixed():
    return mix(MADE, number=6, give_up=0.05, iterations=150, seed=2)


def test_a_mix_gives_up_no_more_than_it_may(mixed):
    assert len(mixed.plans) > 2
    assert mixed.probability.sum() == pytest.approx(1.0)
    assert mixed.probability @ mixed.value >= 0.95 * mixed.value.max() - 1e-9
    for one in mixed.plans:
        assert broken(MADE, one) == []


def test_a_mix_is_the_most_even_one_that_holds():
    value = np.array([100.0, 97.0, 90.0, 60.0])
    p = _most_even(value, 0.05)
    assert p @ value == pytest.approx(95.0)
    rng = np.random.default_rng(1)
    others = rng.dirichlet(np.ones(4), 200_000)
    others = others[others @ value >= 95.0]
    bits = -(others * np.log2(others)).sum(axis=1)
    own = -(p * np.log2(p)).sum()
    assert bits.max() <= own + 1e-9
    assert bits.max() > own - 0.02
    assert _most_even(value, 0.5) == pytest.approx([0.25] * 4)
    assert _most_even(value, 0.0) == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-3)
    assert _most_even(np.array([5.0]), 0.0).tolist() == [1.0]


def test_plans_are_drawn_as_often_as_is_logged(mixed):
    drawn = [mixed.draw(seed) for seed in range(4000)]
    rate = np.bincount([one for one, _ in drawn], minlength=len(mixed.plans)) / len(drawn)
    assert rate == pytest.approx(mixed.probability, abs=0.03)
    assert all(p == mixed.probability[one] for one, p in drawn)


def test_entropy_is_of_plans_routes_and_stops_by_the_hour(mixed):
    one = mixed.plans[0]
    sure = entropy(Mix([one], np.array([1.0]), np.array([1.0])))
    assert (sure.plans, sure.routes, sure.stop_hours) == (0.0, 0.0, 0.0)
    empty = replace(one, routes=one.routes[:0])
    coin = entropy(Mix([one, empty], np.array([1.0, 1.0]), np.array([0.5, 0.5])))
    goes = (one.totals["stops"] > 0).mean()
    assert (coin.plans, coin.routes, coin.stop_hours) == pytest.approx((1.0, goes, 1.0))
    assert entropy(mixed).stop_hours > 0.3


@pytest.mark.parametrize("share", [0.10, 0.15, 0.20])
def test_over_1000_nights_the_share_of_exploration_is_what_was_set(share):
    base = plan(base_inputs(MADE, share=share), iterations=150)
    minutes = MADE.stops.select("stop_id", "service_minutes")
    first = explored(MADE, base, share=share, seed=0)
    assert first.schema == EXPLORED_STOPS
    table = first.join(minutes, on="stop_id", maintain_order="left")
    long = table["service_minutes"].to_numpy()
    new = (table["part"] == "explore").to_numpy()
    chosen = np.array([
        explored(MADE, base, share=share, seed=seed)["chosen"].to_numpy() for seed in range(1000)
    ])  # fmt: skip
    measured = (chosen[:, new] @ long[new]).sum() / (chosen @ long).sum()
    assert measured == pytest.approx(share, abs=0.004)
    assert chosen.mean(axis=0) == pytest.approx(table["probability"].to_numpy(), abs=0.06)
    never = set(base.left_out.filter(pl.col("reason") != "prize")["stop_id"])
    assert not never & set(first["stop_id"])


def test_a_night_visits_the_stops_that_were_drawn():
    base = plan(base_inputs(MADE, share=0.15), iterations=300)
    fitted = []
    for seed in range(4):
        drawn = explored(MADE, base, share=0.15, seed=seed)
        night = with_explored(MADE, base, drawn, iterations=200)
        new = set(drawn.filter(pl.col("chosen") & (pl.col("part") == "explore"))["stop_id"])
        there = set(night.routes.filter(pl.col("part") == "explore")["stop_id"])
        assert there <= new
        assert set(night.routes["stop_id"].drop_nulls()) <= set(drawn.filter("chosen")["stop_id"])
        fitted.append((len(there), len(new)))
    visited, wanted = np.sum(fitted, axis=0)
    assert visited >= 0.9 * wanted


def test_where_time_is_short_the_nights_have_the_share_too(full):
    """On a small coast ways eat up the time: what is visited, not only drawn, has the share."""
    share, spent = 0.15, np.zeros(2)
    for night in range(1000 if full else 100):
        made = county(night % 10, teams=3, stops=40, cameras=False, length_km=60.0)
        base = plan(base_inputs(made, share=share), iterations=60)
        rate = calibrated(made, base, share=share, seed=night, iterations=60)
        drawn = explored(made, base, share=share, seed=10_000 + night, rate=rate)
        routes = with_explored(made, base, drawn, iterations=60).routes
        minutes = (routes["leave"] - routes["start"]).dt.total_seconds().to_numpy()
        spent += [minutes[(routes["part"] == "explore").to_numpy()].sum(), minutes.sum()]
    assert spent[0] / spent[1] == pytest.approx(share, abs=0.01 if full else 0.02)


def test_bad_shares_are_refused():
    with pytest.raises(InputError, match=r"0\.3"):
        base_inputs(MADE, share=0.3)
    with pytest.raises(InputError, match="number is 0"):
        mix(MADE, number=0)
