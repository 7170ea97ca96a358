"""The learned forecast: where it is sure to be right, and what it does with little or bad input."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from risk._learned_columns import history_names, kernels, past
from risk._learned_model import ZERO, Ground, days, fit
from risk._learned_number import expected
from risk._learned_parts import pool
from risk._learned_places import joined, place_rates
from risk._learned_watch import spread, stability
from risk.history import HISTORY, Shore
from risk.learned import (
    contributions,
    digest,
    expect,
    learned,
    moved,
    since,
    spreads,
    train,
)

START = datetime(2022, 1, 1, tzinfo=UTC)
END = START + timedelta(days=1200)
N = 120


def straight(n: int = N) -> Shore:
    a, b = np.nonzero(np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 12)
    return Shore(np.full(n, 0.5), a, b, np.abs(a - b) * 500.0)


def happened(t: np.ndarray, where: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "t": [START + timedelta(days=float(d)) for d in t],
            "segment": where,
            "weight": np.ones(len(t)),
            "source": ["reported"] * len(t),
        },
        schema=HISTORY,
    )


def known(t0: datetime, t1: datetime) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(5)
    values = rng.random((N, 2))
    values[:10, 0] = np.nan
    return ["landable", "noise"], values


def hot(count: int = 150, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    where = np.where(
        rng.random(count) < 0.7, rng.integers(40, 46, count), rng.integers(0, N, count)
    )
    return happened(np.sort(rng.uniform(0, 1200, count)), where)


@pytest.fixture(scope="module")
def trained():
    return train(straight(), hot(), END, features=known, rising=("landable",))


def test_it_finds_the_hot_place_and_keeps_the_number(trained):
    told = trained.forecast(hot(), END, END + timedelta(days=60))
    assert set(np.argsort(-told)[:6]) == set(range(40, 46))
    assert told.sum() == pytest.approx(150 / 1200 * 60, rel=0.25)
    assert trained.offer.reason in trained.card
    assert "decayed" in trained.card


def test_what_comes_later_changes_nothing_and_neither_does_order():
    forecast = learned(straight(), features=known, rising=("landable",))
    t0 = START + timedelta(days=900)
    whole = forecast(hot(), t0, t0 + timedelta(days=30))
    before = hot().filter(pl.col("t") < t0)
    assert np.array_equal(whole, forecast(before.reverse(), t0, t0 + timedelta(days=30)))


def test_raising_a_rising_feature_never_lowers_the_risk(trained):
    before = past(hot(), ZERO)
    _, x = trained.ground.columns(before, np.array([days(END)]), np.array([days(END) + 30]))
    x, even = x[0], trained.ground.even
    scale = trained.model.scale(x, even)
    last = trained.model.log_pool(x, scale)
    for value in np.linspace(0, 1, 6):
        raised = x.copy()
        k = len(history_names())
        raised[10:, k] = np.maximum(raised[10:, k], value)
        now = trained.model.log_pool(raised, scale)
        assert (now >= last - 1e-12).all()
        last = now


def test_contributions_add_up_to_the_log_rate(trained):
    rows = np.array([3, 42, 100])
    told = contributions(trained, hot(), END, END + timedelta(days=60), rows=rows)
    by = told.group_by("segment", maintain_order=True).agg(pl.col("log_rate").sum())["log_rate"]
    _, x = trained.ground.columns(
        past(hot(), ZERO), np.array([days(END)]), np.array([days(END) + 60])
    )
    rate = trained.model.relative(x[0], trained.ground.even)[rows]
    # The ordinary stretch's own rate is the same for all of them.
    assert by.to_numpy() - np.log(rate) == pytest.approx(float(by[0] - np.log(rate[0])), abs=1e-9)
    assert by[1] > by[0]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_little_history_gives_a_plain_forecast(count):
    few = hot().head(count)
    told = learned(straight())(few, END, END + timedelta(days=30))
    assert np.isfinite(told).all()
    assert (told > 0).all()
    result = train(straight(), few, END)
    assert not result.offer.offered
    assert "nothing can be said" in result.offer.reason


def test_all_in_one_place_and_features_all_missing():
    one = happened(np.linspace(0, 1190, 90), np.full(90, 7))

    def nothing(t0, t1):
        return ["landable"], np.full((N, 1), np.nan)

    told = learned(straight(), features=nothing, rising=("landable",))(
        one, END, END + timedelta(days=30)
    )
    assert np.isfinite(told).all()
    assert told.argmax() == 7


def test_no_signal_is_said():
    rng = np.random.default_rng(2)
    flat = happened(np.sort(rng.uniform(0, 1200, 150)), rng.integers(0, N, 150))
    result = train(straight(), flat, END)
    assert not result.offer.offered
    assert "no signal" in result.offer.reason


def test_features_that_do_not_fit_are_told_at_once():
    def wrong(t0, t1):
        return ["landable", "noise"], np.zeros((N, 1))

    ground = Ground(straight(), kernels(straight()), wrong, frozenset({"dark"}))
    with pytest.raises(InputError, match=r"120 × 1.*dark"):
        fit(ground, past(hot(), ZERO), days(END), seed=0)


def test_kernels_conserve_incidents():
    for matrix in kernels(straight()).values():
        assert np.asarray(matrix.sum(axis=0)).ravel() == pytest.approx(1)


def test_places_are_runs_and_their_rates_posterior_means():
    rng = np.random.default_rng(0)
    rate = np.full(N, 0.3)
    rate[50:56] = 8
    counts = rng.poisson(rate)[:, None].astype(float)
    even = np.full(N, 1 / N)
    told = place_rates(counts, even, joined(straight()))[:, 0]
    assert told[50:56].min() > 3 * told[:40].max()
    # Nothing seen in the middle of a hot run is less of a sign than nothing seen elsewhere.
    counts[53] = 0
    told = place_rates(counts, even, joined(straight()))[:, 0]
    assert told[53] > 1.2 * np.median(told)


def test_pool_finds_the_weights_it_was_drawn_from():
    rng = np.random.default_rng(1)
    q = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    x = rng.choice(3, 20_000, p=0.3 * q[0] + 0.7 * q[1])
    assert pool(q[:, x].T, np.ones(len(x)), np.array([0.5, 0.5]))[0] == pytest.approx(0.3, abs=0.03)


def test_number_follows_the_season():
    winter = [START + timedelta(days=365.25 * y + d) for y in range(4) for d in range(0, 60, 2)]
    t = np.array([(w - START) / timedelta(days=1) for w in winter])
    before = past(happened(t, np.zeros(len(t), dtype=int)), ZERO)
    at = days(START) + 4 * 365.25
    assert expected(before, at, at + 30) > 4 * expected(before, at + 180, at + 210)


def test_the_kept_model_forecasts_as_it_learned(trained):
    told = expect(trained, hot(), END, END + timedelta(days=30))
    assert set(np.argsort(-told)[:6]) == set(range(40, 46))
    assert told.sum() == pytest.approx(150 / 1200 * 30, rel=0.3)
    later = pl.concat([hot(), happened(np.array([1201.0]), np.array([5]))])
    assert np.array_equal(told, expect(trained, later, END, END + timedelta(days=30)))


def test_drift_is_told(trained):
    number = since(hot(), END, END + timedelta(days=300))
    assert number["state"].item() == "far"
    assert (number["happened"].item(), number["expected"].item() > 20) == (0, True)
    assert since(hot(), END, END)["state"].item() == "steady"
    names, values = known(END, END)
    kept = spreads(trained)
    now = dict(zip(names, values.T, strict=True))
    assert moved(kept, now)["state"].to_list() == ["steady", "steady"]
    now["noise"] = now["noise"] ** 3
    assert moved(kept, now)["state"].to_list() == ["steady", "far"]
    del now["landable"]
    assert moved(kept, now)["state"].to_list() == ["far", "far"]


def test_a_day_no_stranger_than_those_of_training_has_not_moved():
    rng = np.random.default_rng(0)
    alike, other = rng.random((2, 2000))
    assert stability(spread(alike[None]), other) < 0.05
    assert stability(spread(alike[None]), other**3) > 0.25
    # Each day's moon is the same all along the shore, and no day's is like another's.
    moons = np.repeat(np.arange(7.0)[:, None], 50, axis=1)
    kept = spread(moons)
    assert kept.usual > 0.25
    assert moved({"moon": kept}, {"moon": moons[3]})["state"].item() == "steady"
    assert moved({"moon": kept}, {"moon": np.full(50, np.nan)})["state"].item() == "far"


def test_values_that_many_share_may_be_rounded():
    values = np.repeat([0.0, 1 / 3, 2 / 3, 1.0], [700, 200, 50, 50])
    kept = spread(values[None])
    assert stability(kept, values) == 0
    assert stability(kept, values.round(3)) == 0
    assert stability(kept, values.round(0)) > 0


def test_incidents_learned_from_are_known_again_in_any_order():
    assert digest(hot(), END) == digest(hot().reverse(), END)
    assert digest(hot(), END) != digest(hot().head(149), END)
