"""Discoveries weighed by effort, and the urn of Ensign et al. 2018 with and without it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk.effort import EffortRule, chance, corrected, discovery_weight, effort_weights
from risk.explore import explore, kilometres

RULE = EffortRule()
DAY = 86_400_000
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "feedback.md").read_text("utf-8")


def test_the_page_states_the_figures():
    for name, value in vars(RULE).items():
        assert f"| `{name}` | {value:g} |" in PAGE, name


def test_wrong_figures_are_listed_at_once():
    with pytest.raises(InputError) as error:
        EffortRule(usual_passes=0.0, pass_finds=1.0, most=0.5, days=float("nan"))
    for name in ("usual_passes", "pass_finds", "most", "days"):
        assert name in str(error.value)


def test_a_chance_is_that_of_independent_looks():
    assert chance(np.array([0.0, 1.0, 2.0, 3.0]), RULE) == pytest.approx([0, 0.5, 0.75, 0.875])


@given(
    st.lists(st.floats(0.0, 500.0), min_size=2, max_size=9),
    st.floats(1.0, 28.0),
)
def test_more_patrols_never_make_a_discovery_count_more(passes, days):
    many = np.sort(passes)
    weight = discovery_weight(many, np.full(len(many), days), RULE)
    assert (np.diff(weight) <= 1e-12).all()
    assert (weight >= 1.0 / RULE.most).all()
    assert (weight <= RULE.most).all()
    usual = discovery_weight(np.array([RULE.usual_passes * days]), np.array([days]), RULE)
    assert usual == pytest.approx(1.0)
    assert discovery_weight(many, np.zeros(len(many)), RULE) == pytest.approx(1.0)


def effort(rows):
    return pl.DataFrame(
        rows, schema={"t": pl.Int64, "stretch": pl.Int64, "passes": pl.Float64}, orient="row"
    )


def test_only_what_was_discovered_is_corrected_and_only_by_patrols_before_it():
    t = np.full(6, 100 * DAY)
    stretch = np.array([0, 0, 0, 0, -1, 1])
    source = pl.Series(["reported", "external", "tip", None, "discovered", "discovered"])
    busy = [((100 - d) * DAY, s, 3.0) for d in range(20) for s in (0, 1)]
    weight = effort_weights(t, stretch, source, effort(busy))
    assert (weight[:5] == 1.0).all()
    assert weight[5] < 0.5
    after = [((101 + d) * DAY, 1, 9.0) for d in range(20)]
    assert np.array_equal(weight, effort_weights(t, stretch, source, effort(busy + after)))
    long_ago = [((70 - d) * DAY, 1, 9.0) for d in range(20)]
    assert np.array_equal(weight, effort_weights(t, stretch, source, effort(busy + long_ago)))
    assert (effort_weights(t, stretch, source, effort([])) == 1.0).all()
    assert (effort_weights(t, stretch, source, effort(long_ago)) == 1.0).all()


def test_incidents_take_the_effort_of_their_nearest_segment():
    table = pl.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "t0": pl.Series([NOW] * 3, dtype=pl.Datetime("ms", "UTC")),
            "source": ["discovered"] * 3,
            "weight": [2.0, None, 1.0],
        }
    )
    near = pl.DataFrame(
        {"incident_id": ["a", "a", "b"], "segment": [1, 0, 1], "distance_m": [900.0, 10.0, 0.0]}
    )
    shore = pl.DataFrame({"segment_id": ["s0", "s1"], "length_m": [500.0, 500.0]})
    done = pl.DataFrame({"segment_id": ["s0", "gone"], "km": [0.5, 9.0]}).with_columns(
        shift_start=pl.Series([NOW - timedelta(days=2)] * 2, dtype=pl.Datetime("ms", "UTC"))
    )
    found = corrected(table, near, shore, done)["weight"].to_numpy()
    # One pass in the one day that is known, and half a pass a day for three days more.
    here = 2.0 * (1 - 0.5**0.5) / (1 - 0.5 ** (2.5 / 4))
    there = (1 - 0.5**0.5) / (1 - 0.5 ** (1.5 / 4))
    assert found == pytest.approx([here, there, 1.0])
    assert corrected(table, near, shore, None)["weight"].to_list() == [2.0, 1.0, 1.0]
    empty = corrected(table.clear(), near.clear(), shore, done)
    assert empty.height == 0


# --- the urn ---------------------------------------------------------------------------------

TRUE = np.array([0.30, 0.20, 0.12, 0.10, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02])
KM = np.full(len(TRUE), 0.5)


def urn(*, correct, explored=0.0, greedy=False, days=1500, seed=0):
    """Patrol where discoveries were, day after day; return believed shares and days patrolled.

    Four incidents a day happen by the true shares. Six rounds a day go by the believed shares
    (``greedy``: to the three stretches believed worst, two rounds each); each finds what is there
    with an even chance. A year's half-life forgets.
    """
    r = np.random.default_rng(seed)
    n = len(TRUE)
    believed = np.ones(n)
    lately, patrolled = np.zeros((28, n)), np.zeros(n, dtype=np.int64)
    for day in range(days):
        rounds = np.zeros(n)
        if greedy:
            rounds[np.argsort(-believed, kind="stable")[:3]] = 2.0
        else:
            rounds += r.multinomial(6, believed / believed.sum())
        if explored:
            plan_km, explore_km = kilometres(float(KM.sum()), share=explored)
            assert plan_km > explore_km
            drawn = explore(rounds > 0, KM, explore_km=explore_km, seed=int(r.integers(2**31)))
            rounds += drawn["chosen"].to_numpy() & (rounds == 0)
        patrolled += rounds > 0
        lately[day % 28] = rounds
        happened = r.poisson(4.0 * TRUE)
        found = r.binomial(happened, chance(rounds, RULE))
        believed *= 0.5 ** (1 / 365)
        known = np.full(n, min(day + 1, 28), dtype=np.float64)
        weight = discovery_weight(lately.sum(axis=0), known, RULE) if correct else 1.0
        believed += found * weight
    return believed / believed.sum(), patrolled


def off(shares):
    """Return the total variation distance to the true shares."""
    return float(np.abs(shares - TRUE).sum() / 2)


def test_without_correction_shares_run_away_and_with_it_they_stay_near_the_truth():
    """Ensign et al. 2018: the urn fed with its own discoveries; the same one, weighed."""
    away, _ = urn(correct=False)
    fair, _ = urn(correct=True)
    both, _ = urn(correct=True, explored=0.15)
    assert off(away) > 0.3
    assert away[0] > 1.8 * TRUE[0]
    assert off(fair) < 0.15
    assert off(both) < 0.08
    assert (both > 0.3 * TRUE).all()
    # Looking elsewhere now and then does not mend it alone, and time does not either.
    looks, _ = urn(correct=False, explored=0.15)
    assert off(looks) > 0.2
    assert off(urn(correct=False, days=2500)[0]) > off(away)
    assert off(urn(correct=True, days=2500)[0]) < 0.2


def test_exploration_keeps_every_stretch_seen():
    """A plan that only goes where it is worst never sees most of the shore; a tenth suffices."""
    days = 400
    _, blind = urn(correct=True, greedy=True, days=days)
    assert (blind == 0).sum() >= 3
    _, seen = urn(correct=True, greedy=True, explored=0.1, days=days)
    floor = 0.1 * KM.sum() / KM[3:].sum()  # at least: never fewer than three are planned
    assert (seen >= 0.7 * floor * days).all()
