import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk.explore import EXPLORED, expected_effort, explore, kilometres


def test_the_quota_is_ten_to_twenty_per_cent():
    assert kilometres(40.0, share=0.15) == pytest.approx((34.0, 6.0))
    for share, budget, part in ((0.05, 40.0, "0.05"), (0.3, -1.0, "-1 km")):
        with pytest.raises(InputError, match=part):
            kilometres(budget, share=share)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.05, 3.0)), max_size=40),
    st.floats(0.0, 30.0),
    st.integers(0, 2**31),
)
def test_every_stretch_left_out_has_the_same_chance(shore, explore_km, seed):
    planned = np.array([p for p, _ in shore], dtype=bool)
    km = np.array([k for _, k in shore])
    found = explore(planned, km, explore_km=explore_km, seed=seed)
    assert found.schema == EXPLORED
    assert found.equals(explore(planned, km, explore_km=explore_km, seed=seed))
    chosen, p = found["chosen"].to_numpy(), found["probability"].to_numpy()
    assert chosen[planned].all()
    assert (p[planned] == 1.0).all()
    rest = ~planned
    if rest.any():
        assert np.ptp(p[rest]) == 0.0
        assert (p[rest] * km[rest]).sum() == pytest.approx(min(explore_km, km[rest].sum()))
        assert abs(chosen[rest].sum() - p[rest].sum()) < 1.0 + 1e-9


def test_the_logged_probability_is_the_rate_at_which_stretches_are_drawn():
    planned = np.zeros(30, dtype=bool)
    planned[[3, 4, 5, 20]] = True
    km = np.linspace(0.2, 0.9, 30)
    draws = [explore(planned, km, explore_km=2.2, seed=s) for s in range(1500)]
    rate = np.mean([d["chosen"].to_numpy() for d in draws], axis=0)
    assert rate == pytest.approx(draws[0]["probability"].to_numpy(), abs=0.05)
    walked = [km[d["chosen"].to_numpy() & ~planned].sum() for d in draws]
    assert np.mean(walked) == pytest.approx(2.2, abs=0.05)


def test_what_was_drawn_counts_by_its_chance_where_patrols_were_noted():
    shore = pl.DataFrame({"segment_id": ["a", "b", "c"], "length_m": [500.0, 400.0, 300.0]})
    noted = [("a", 1, 0.5), ("b", 1, 0.2), ("c", 1, 0.9), ("a", 3, 0.1)]
    effort = pl.DataFrame(noted, schema=["segment_id", "shift_start", "km"], orient="row")
    lots = [("a", 1, 0.1, True), ("b", 1, 0.1, False), ("a", 2, 0.2, True)]
    columns = ["segment_id", "shift_start", "probability", "chosen"]
    drawn = pl.DataFrame(lots, schema=columns, orient="row")
    found = expected_effort(effort, drawn, shore)
    told = dict(
        found.group_by(pl.concat_str("segment_id", "shift_start")).agg(pl.col("km").sum()).rows()
    )
    # "a" in shift 1 was drawn: its walk gives way to its chance. "b" was not, what was walked there
    # counts beside the chance. Of shift 2 nothing was noted; "c" and shift 3 were left to no lot.
    assert told == pytest.approx({"a1": 0.05, "b1": 0.2 + 0.04, "c1": 0.9, "a3": 0.1})


def test_shifts_draw_for_themselves():
    planned, km = np.zeros(200, dtype=bool), np.full(200, 0.5)
    draws = [
        explore(planned, km, explore_km=6.0, seed=(5, night))["chosen"].to_numpy()
        for night in range(40)
    ]
    assert len({draw.tobytes() for draw in draws}) > 10
