from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk.patrol_checkpoints import CHECKPOINTS, checkpoints, inclusion
from risk.shifts import Shift

T0 = datetime(2026, 11, 23, 18, tzinfo=UTC)
SHIFT = Shift("2026-11-24T02:00", T0, T0 + timedelta(hours=4), "02:00–06:00")
NAMES = pl.Series(["north", "bridge", "toll", "lane", "quay", "mill"])
WEIGHTS = np.array([8.0, 1.0, 2.0, 0.0, 3.0, 0.5])


@given(st.lists(st.floats(0.01, 1e3), min_size=1, max_size=30), st.data())
def test_probabilities_add_up_and_keep_the_order_of_the_weights(weights, data):
    number = data.draw(st.integers(1, len(weights)))
    p = inclusion(np.array(weights), number)
    assert p.sum() == pytest.approx(number)
    assert (p <= 1.0 + 1e-12).all()
    free = p < 1.0 - 1e-9
    if free.any():
        ratio = p[free] / np.array(weights)[free]
        assert ratio == pytest.approx(ratio[0])


@given(st.lists(st.floats(0.0, 1e3), min_size=3, max_size=30), st.integers(0, 2**31))
def test_the_number_is_fixed_and_no_place_comes_twice(weights, seed):
    weights = np.array([1.0, *weights])
    number = 1 + seed % int((weights > 0.0).sum())
    names = pl.Series([f"K{i}" for i in range(len(weights))])
    found = checkpoints(names, weights, number=number, shift=SHIFT, seed=seed)
    assert found.schema == CHECKPOINTS
    assert len(found) == found["checkpoint_id"].n_unique() == number
    assert found["t0"].min() >= SHIFT.t0
    assert found["t1"].max() <= SHIFT.t1


def test_places_and_times_come_as_often_as_is_logged():
    hours = np.array([1.0, 4.0, 3.0, 0.0])
    nights = [
        checkpoints(NAMES, WEIGHTS, number=3, shift=SHIFT, seed=s, slot_weights=hours)
        for s in range(3000)
    ]
    drawn = pl.concat(nights)
    rate = drawn.group_by("checkpoint_id", "t0").agg(
        rate=pl.len() / len(nights), probability=pl.col("probability").first()
    )
    assert len(rate) == 15
    off = (rate["rate"] - rate["probability"]).abs()
    assert off.max() < 0.035
    assert rate["probability"].sum() == pytest.approx(3.0)
    by_place = drawn.group_by("checkpoint_id").agg(
        rate=pl.len() / len(nights), p=pl.col("place_probability").first()
    )
    assert (by_place["rate"] - by_place["p"]).abs().max() < 0.03
    assert nights[7].equals(
        checkpoints(NAMES, WEIGHTS, number=3, shift=SHIFT, seed=7, slot_weights=hours)
    )


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(InputError) as raised:
        checkpoints(NAMES, WEIGHTS[:2], number=9, shift=SHIFT, seed=0, minutes=300.0)
    for part in ("expected 6 numbers", "no slot of 300 minutes", "9 checkpoints of 2 places"):
        assert part in raised.value.what
