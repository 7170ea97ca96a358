from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from geo.errors import InputError
from risk import _resampling
from risk.backtest import FEWEST, backtest, sentences
from risk.baselines import baselines, decayed, kernel, uniform
from risk.history import Shore
from tests.risk._shore import T0, history, random_history, straight

N = 100
SHORE = straight(np.random.default_rng(0).uniform(0.3, 0.8, N))
HOT = random_history(N, 120, days=1500, seed=1, hot=4, share=0.7)
START, END = T0 + timedelta(days=600), T0 + timedelta(days=1500)

SOME = {"decayed": decayed(SHORE), "kernel": kernel(SHORE)}


def run(incidents=HOT, forecasts=None, *, shore=SHORE, end=END, step=30.0, horizon=30.0):
    return backtest(
        shore,
        incidents,
        forecasts or {},
        start=START,
        end=end,
        step_days=step,
        horizon_days=horizon,
        seed=3,
    )


def same(one, two):
    for name in ("by_share", "by_forecaster", "reliability", "folds", "notes"):
        assert getattr(one, name).equals(getattr(two, name)), name


def figures(result):
    for name in ("by_share", "by_forecaster", "reliability", "folds"):
        yield getattr(result, name).select(pl.selectors.float())


def row(result, name):
    return result.by_forecaster.row(by_predicate=pl.col("forecaster") == name, named=True)


def oracle(expected):
    return lambda past, t0, t1: expected


def test_origins_are_rolled_as_long_as_a_period_fits():
    folds = run(end=START + timedelta(days=100)).folds
    assert folds["origin"].to_list() == [START + timedelta(days=30 * k) for k in range(3)]
    assert (folds["until"] - folds["origin"]).unique().to_list() == [timedelta(days=30)]


def test_a_forecast_sees_only_what_was_known_before_its_origin():
    seen = []

    def spy(past, t0, t1):
        seen.append((past, t0, t1))
        return SHORE.length_km

    late = HOT.with_columns(known=pl.col("t") + pl.duration(days=45))
    result = run(late, {"spy": spy})
    for past, t0, t1 in seen:
        assert past.columns == HOT.columns
        assert past.equals(past.sort("t"))
        assert past.height == HOT.filter(pl.col("t") < t0 - timedelta(days=45)).height
        assert t1 - t0 == timedelta(days=30)
    assert result.folds["known"].to_list() == [past.height for past, _, _ in seen]
    # What is learned of late is tested on all the same.
    assert result.folds["happened"].equals(run().folds["happened"])


def test_incidents_are_known_at_once_unless_it_is_said():
    unknown = HOT.with_columns(known=pl.lit(None, dtype=pl.Datetime("ms", "UTC")))
    before = HOT.with_columns(known=pl.col("t") - pl.duration(days=9))
    for told in (unknown, before):
        same(run(told, SOME), run(HOT, SOME))


@given(st.randoms(use_true_random=False))
@settings(max_examples=3, deadline=None)
def test_the_order_of_incidents_changes_nothing(random):
    rows = list(range(HOT.height))
    random.shuffle(rows)
    same(run(HOT[rows], SOME, step=90.0), run(HOT, SOME, step=90.0))


def test_one_forecast_does_not_change_anothers_figures():
    few, many = run(), run(HOT, SOME)
    for name in ("uniform", "decayed"):
        assert few.by_share.filter(forecaster=name).equals(many.by_share.filter(forecaster=name))


def test_the_figures_are_those_of_the_folds_by_hand():
    result = run(HOT, {"first": oracle(np.arange(N, 0.0, -1.0) * SHORE.length_km)})
    count = result.folds["happened"].sum()
    tested = HOT.filter(pl.col("t").is_between(START, START + timedelta(days=900), closed="left"))
    assert result.incidents == count == tested.height
    # At 5 % of the kilometres the stretches are taken from the first on.
    end = np.cumsum(SHORE.length_km) / SHORE.length_km.sum()
    start = end - SHORE.length_km / SHORE.length_km.sum()
    part = np.clip((0.05 - start) / (end - start), 0, 1)
    hit_rate = part[tested["segment"].to_numpy()].mean()
    found = result.by_share.filter(forecaster="first", share=0.05).row(0, named=True)
    assert found["hit_rate"] == pytest.approx(hit_rate)
    assert found["pai"] == pytest.approx(hit_rate / 0.05)
    assert found["km"] == pytest.approx(0.05 * SHORE.length_km.sum())
    assert row(result, "first")["happened"] == count


def test_uniform_is_worth_one_for_certain_and_a_perfect_forecast_all():
    happened = np.zeros((30, N))
    tested = HOT.filter(pl.col("t") >= START)
    fold = ((tested["t"] - START).dt.total_seconds() / 86_400 / 30).cast(pl.Int64).to_numpy()
    np.add.at(happened, (fold, tested["segment"].to_numpy()), 1.0)
    turn = iter(happened)
    result = run(HOT, {"perfect": lambda past, t0, t1: next(turn)})
    plain = result.by_share.filter(forecaster="uniform")
    assert plain.select("pai", "pai_lo", "pai_hi").to_numpy() == pytest.approx(np.ones((5, 3)))
    perfect = result.by_share.filter(forecaster="perfect")
    assert perfect["pei"].to_list() == pytest.approx([1.0] * 5)
    assert row(result, "perfect")["against_decayed"] == "better"
    assert row(result, "uniform")["against_decayed"] == "worse"


def test_twice_the_weight_is_every_incident_twice():
    once = run(HOT.with_columns(weight=pl.lit(2.0)), SOME)
    twice = run(pl.concat([HOT, HOT]), SOME)
    for name in ("hit_rate", "pai", "pei"):
        assert once.by_share[name].to_list() == pytest.approx(twice.by_share[name].to_list())
    for name in ("expected", "happened", "gain", "brier"):
        columns = (found.by_forecaster[name].to_list() for found in (once, twice))
        assert next(columns) == pytest.approx(next(columns))


def test_stretches_cut_in_two_change_no_pai_of_counts_or_uniform():
    rng = np.random.default_rng(4)
    halves = straight(np.repeat(SHORE.length_km / 2, 2))
    cut = HOT.with_columns(
        segment=(pl.col("segment") * 2 + pl.Series(rng.integers(2, size=HOT.height))).cast(
            pl.UInt32
        )
    )

    def whole(past, t0, t1):
        past = past.with_columns(segment=(pl.col("segment") // 2).cast(pl.UInt32))
        return np.repeat(decayed(SHORE)(past, t0, t1) / 2, 2)

    before = run(HOT, {"whole": decayed(SHORE)}).by_share.filter(forecaster="whole")
    after = run(cut, {"whole": whole}, shore=halves).by_share.filter(forecaster="whole")
    assert after["pai"].to_list() == pytest.approx(before["pai"].to_list())


# Nothing hit, some, all: all or nothing, every incident its own group.
@pytest.mark.parametrize(("hits", "count"), [(0, 8), (3, 20), (12, 12), (40, 300)])
def test_the_interval_of_a_hit_rate_is_jeffreys(hits, count):
    hit = (np.arange(count) < hits).astype(float)[:, None, None]
    each = np.arange(count)
    tested = _resampling.Tested(
        each, each, np.full(count, 0.7), hit, hit[:, 0], np.ones((1, 1)), np.zeros((1, 1)),
        np.zeros((_resampling.REPEATS, 1)), np.ones(1),
    )  # fmt: skip
    drawn = _resampling.resampled(tested, each, np.random.default_rng(5))
    lo, hi = _resampling.interval([drawn.hits[:, 0, 0] / drawn.total], hits / count)
    theirs = beta.ppf([0.025, 0.975], hits + 0.5, count - hits + 0.5)
    assert (lo, hi) == pytest.approx(
        (min(theirs[0], hits / count), max(theirs[1], hits / count)), abs=0.02
    )


# Of so many incidents that one of two forecasts caught, all by the one: the exact test of signs.
@pytest.mark.parametrize(("count", "apart"), [(3, False), (5, False), (7, True), (30, True)])
def test_the_ratio_of_two_forecasts_leaves_one_out_when_the_signs_do(count, apart):
    assert (binomtest(count, count).pvalue < _resampling.LEVEL) == apart
    each = np.arange(20 + count)
    hit = np.ones((20 + count, 2, 1))
    hit[20:, 1] = 0.0
    tested = _resampling.Tested(
        each, each, np.ones(len(each)), hit, hit[:, :, 0], np.ones((2, 1)), np.zeros((2, 1)),
        np.zeros((_resampling.REPEATS, 2)), np.ones(1),
    )  # fmt: skip
    draws = [_resampling.resampled(tested, each, np.random.default_rng(6))]
    hits = hit.sum(axis=0)[:, 0]
    low, high = _resampling.ratio_interval(draws, hits / hits[0], rival=0, share=0)
    assert (low[0], high[0]) == (1.0, 1.0)
    assert low[1] < hits[1] / hits[0] < high[1]
    assert (high[1] < 1.0) == apart
    low, _ = _resampling.ratio_interval(draws, hits / hits[1], rival=1, share=0)
    assert (low[0] > 1.0) == apart


def test_the_intervals_are_wider_with_fewer_incidents():
    def width(count):
        found = run(random_history(N, count, seed=6, hot=4, share=0.7)).by_share
        at = found.filter(forecaster="decayed", share=0.05).row(0, named=True)
        return at["hit_rate_hi"] - at["hit_rate_lo"]

    assert width(20) > 1.5 * width(120) > 2.5 * width(1200)


def test_overlapping_periods_do_not_make_intervals_narrower():
    def width(step):
        found = run(HOT, step=step, horizon=60.0).by_share
        at = found.filter(forecaster="decayed", share=0.05).row(0, named=True)
        return at["hit_rate_hi"] - at["hit_rate_lo"]

    assert width(10.0) > 0.8 * width(60.0)
    assert run(HOT, step=10.0, horizon=60.0).incidents <= HOT.height


def test_a_planted_signal_is_found_and_said():
    result = run(HOT, {"truth": oracle(np.where(np.arange(N) < 4, 1.0, 0.01))})
    assert result.verdict == "signal"
    assert row(result, "truth")["against_uniform"] == "better"
    zh, en = sentences(result)[0]
    assert "decayed counts, truth" in en
    assert "衰减计数、truth" in zh


def test_a_shore_without_signal_is_hardly_ever_said_to_have_one():
    said = [
        run(random_history(N, 150, seed=seed), SOME, step=90.0, horizon=90.0).verdict
        for seed in range(20)
    ]
    # One in twenty at the most is meant.
    assert said.count("no_signal") >= 18


def test_nothing_is_worse_than_counts_that_are_worth_nothing():
    plain = random_history(N, 150, seed=7)
    hit = np.bincount(plain["segment"].to_numpy(), minlength=N) > 0
    result = run(plain, {"elsewhere": oracle(np.where(hit, 0.0, 1.0)), **SOME})
    assert row(result, "elsewhere")["pai_ratio_hi"] < 1.0
    assert row(result, "elsewhere")["against_uniform"] == "worse"
    assert row(result, "decayed")["against_uniform"] != "better"
    assert "worse" not in result.by_forecaster["against_decayed"]


def test_without_signal_it_says_so():
    result = run(random_history(N, 150, seed=7), SOME)
    zh, en = sentences(result)[0]
    assert en.startswith("No signal")
    assert zh.startswith("没有信号")
    assert all("better" not in english for _, english in sentences(result))


def test_of_few_incidents_nothing_is_said():
    few = pl.concat([HOT.filter(pl.col("t") < START), HOT.filter(pl.col("t") >= START)[:9]])
    result = run(few, SOME)
    assert (result.incidents, result.verdict) == (FEWEST - 1, "too_few")
    assert set(result.by_forecaster["against_decayed"]) == {"unknown", "itself"}
    assert len(sentences(result)) == 1
    assert "9" in sentences(result)[0][1]


NOTHING = history([], [])
ONE_PLACE = random_history(N, 200, seed=8, hot=1, share=0.97)
LATER = pl.concat([HOT, history([1500.0, 1600.0], [1, 2])])


@pytest.mark.parametrize(
    ("incidents", "notes"),
    [
        (NOTHING, {"none": 1}),
        (ONE_PLACE, {"one_place": 1}),
        (LATER, {"later": 2}),
        (HOT.with_columns(weight=pl.lit(0.0)), {"none": 1}),
        (history([700.0], [3]), {"one_place": 1}),
        (history([10.0], [3]), {}),
    ],
)
def test_odd_histories_are_stated_without_nan(incidents, notes):
    result = run(incidents, baselines(SHORE), step=60.0, horizon=60.0)
    assert dict(result.notes.iter_rows()) == notes
    for table in figures(result):
        for column in table:
            assert column.is_null().all() or column.drop_nulls().is_finite().all(), column.name
    assert len(sentences(result)) >= 1 + len(notes)


def test_what_comes_after_the_end_changes_no_figure():
    later, without = run(LATER, SOME), run(HOT, SOME)
    assert later.by_share.equals(without.by_share)
    assert later.by_forecaster.equals(without.by_forecaster)


def test_every_problem_is_told_at_once():
    wrong = HOT[:4].with_columns(
        segment=pl.Series([1, N, 2, 3], dtype=pl.UInt32), weight=pl.Series([1.0, 1.0, -1.0, None])
    )
    with pytest.raises(InputError) as told:
        run(wrong, end=START + timedelta(days=3))
    for problem in ("no period of 30 days", f"1 incidents on none of the {N}", "2 incidents whose"):
        assert problem in str(told.value)


@pytest.mark.parametrize("wrong", [np.ones(3), np.full(N, np.nan), np.full(N, -1.0)])
def test_a_forecast_of_no_numbers_is_refused_by_its_name(wrong):
    with pytest.raises(InputError, match="'odd'"):
        run(HOT, {"odd": oracle(wrong)})


def test_a_forecast_that_expects_nothing_is_uniform_in_place():
    result = run(HOT, {"nothing": oracle(np.zeros(N)), "even": uniform(SHORE)})
    found = row(result, "nothing")
    assert (found["gain"], found["ratio"]) == (pytest.approx(0.0), None)
    assert row(result, "even")["against_uniform"] == "same"


def test_a_shore_of_one_stretch_can_be_tested():
    zero = np.zeros(1, dtype=np.int64)
    one = Shore(np.ones(1), zero, zero, np.zeros(1))
    result = run(HOT.with_columns(segment=pl.lit(0, dtype=pl.UInt32)), baselines(one), shore=one)
    assert result.by_share["pai"].to_list() == pytest.approx([1.0] * 25)
    assert result.verdict == "no_signal"
