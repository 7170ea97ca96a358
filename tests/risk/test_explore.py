import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk.explore import EXPLORED, explore, kilometres


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
