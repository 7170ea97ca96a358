"""Reception: slots, calibration, outages, holes, and leaving a vessel out."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais._reception import cells_of, widened
from ais.gaps import silences
from ais.reception import CELL_DEG, Reception, slots
from ais.schema import SLOTS, empty
from tests.ais._silent_sea import M_LAT, M_LON, T0, both, sailed_of


def at_rest(minutes, *, mmsi=412_000_001, lon=122.02, lat=29.02, cls=0):
    n = len(minutes)
    t = T0 + np.asarray(minutes) * 60_000
    return sailed_of(
        np.full(n, mmsi), t, np.full(n, lon), np.full(n, lat), np.zeros(n), None, np.full(n, cls)
    )


def wanderers(rng, *, vessels: int, days: int, p, lon0: float = 122.0, lat0: float = 29.0):
    """Return mmsi, t, lon, lat, kn of vessels heard in each ten minutes with probability ``p``."""
    parts = []
    slot = np.arange(days * 144)
    for v in range(vessels):
        course = np.cumsum(rng.normal(0, 0.4, len(slot)))
        x = rng.uniform(0, 50e3) + np.cumsum(2500 * np.sin(course))
        y = rng.uniform(0, 50e3) + np.cumsum(2500 * np.cos(course))
        x, y = (np.abs((w % 100e3) - 50e3) for w in (x, y))
        here = (lon0 + x / M_LON, lat0 + y / M_LAT)
        heard = rng.random(len(slot)) < p(x, y, slot)
        # Two reports in each slot that is heard: the pace of one that reports often enough.
        for second in (100_000, 400_000):
            t = T0 + slot * 600_000 + second
            n = heard.sum()
            parts.append(
                (np.full(n, 412_000_000 + v), t[heard], *(w[heard] for w in here), np.full(n, 8.0))
            )
    return tuple(np.concatenate(c) for c in zip(*parts, strict=True))


def learned(heard, **options) -> Reception:
    mmsi, t, lon, lat, kn = heard
    s = sailed_of(mmsi, t, lon, lat, kn)
    return Reception.of(slots(s), silences=silences(s), **options)


# --- slots -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [0, 1])
def test_one_at_rest_every_three_minutes_is_heard_in_every_slot(cls: int) -> None:
    found = slots(at_rest(np.arange(0, 240, 3), cls=cls))
    assert found.schema == SLOTS
    assert found["slots"].to_list() == [6, 6, 6, 6]
    assert found["heard"].to_list() == [6, 6, 6, 6]
    assert found["cls"].unique().to_list() == [cls]
    col, row = int(302.02 / CELL_DEG), int(119.02 / CELL_DEG)
    assert set(found.select("row", "col").rows()) == {(row, col)}


def test_short_silences_count_and_long_ones_tell_nothing() -> None:
    minutes = np.arange(0, 360, 3)
    short = slots(at_rest(minutes[(minutes < 61) | (minutes > 82)]))
    assert short["slots"].sum() - short["heard"].sum() == 1
    long = slots(at_rest(minutes[(minutes < 61) | (minutes > 200)]))
    assert long["slots"].sum() == long["heard"].sum() == 36 - 13


def test_an_unheard_slot_lies_between_the_positions_about_it() -> None:
    minutes = np.r_[np.arange(0, 10, 2), np.arange(32, 60, 2)]
    lon = 122.0 + minutes * 0.005
    n = len(minutes)
    s = sailed_of(
        np.full(n, 412_000_001), T0 + minutes * 60_000, lon, np.full(n, 29.0), np.full(n, 16.0)
    )
    found = slots(s)
    unheard = found.filter(pl.col("heard") == 0)
    assert (unheard["slots"].sum(), unheard["col"].to_list()) == (2, [6041, 6042])


def test_a_pace_slower_than_ten_minutes_tells_nothing() -> None:
    assert slots(at_rest(np.arange(0, 3000, 15))).is_empty()
    assert slots(at_rest(np.arange(0, 3000, 9)))["slots"].sum() > 290
    assert slots(at_rest([])).schema == SLOTS


def test_the_date_line_is_crossed_the_short_way() -> None:
    minutes = np.r_[np.arange(0, 20, 4), np.arange(44, 60, 4)]
    lon = (179.9 + minutes * 0.004 + 180.0) % 360.0 - 180.0
    n = len(minutes)
    s = sailed_of(
        np.full(n, 412_000_001), T0 + minutes * 60_000, lon, np.full(n, 75.0), np.full(n, 5.0)
    )
    # At 75° a cell is four times as wide in degrees as it is high.
    assert set(slots(s)["col"]) == {1799, 0}


@given(st.floats(-180, 179.99), st.floats(-88.9, 88.9))
def test_cells_keep_their_shape_at_every_latitude(lon: float, lat: float) -> None:
    row, col, _ = cells_of(np.array([lon]), np.array([lat]), CELL_DEG)[:, 0]
    wide = widened(int(row), CELL_DEG)
    west = col * CELL_DEG * wide - 180.0
    assert west - 1e-9 <= lon <= west + CELL_DEG * wide + 1e-9
    middle = (row + 0.5) * CELL_DEG - 90.0
    assert 0.7 <= wide * np.cos(np.radians(middle)) <= 1.42


@given(st.floats(-180, 179.99), st.floats(-85, 85), st.integers(0, 3))
def test_who_is_heard_beside_a_place_counts_at_every_latitude(lon, lat, side) -> None:
    # Two others, one cell off to one side: near, though their row's cells may be wider.
    east, north = ((1, 0), (0, 1), (-1, 0), (0, -1))[side]
    row, _, _ = cells_of(np.array([lon]), np.array([lat]), CELL_DEG)[:, 0]
    lon_there = lon + 0.99 * east * CELL_DEG * widened(int(row), CELL_DEG)
    there = ((lon_there + 180.0) % 360.0 - 180.0, lat + 0.99 * north * CELL_DEG)
    s = both(*(at_rest(np.arange(0, 60, 3), mmsi=412_000_001 + k, lon=there[0], lat=there[1])
               for k in range(2)))  # fmt: skip
    one = np.array([T0 + 1_800_000])
    told = Reception.of(slots(s)).probability(
        np.zeros(1, np.uint32), np.zeros(1, np.uint8), one, np.array([lon]), np.array([lat])
    )
    assert told.vessels[0] == 2


# --- what is learned -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_bernoulli_fields_are_told_as_they_are(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def field(x, y, slot):
        return np.clip(1.0 - 0.8 * np.exp(-((x - 25e3) ** 2 + (y - 25e3) ** 2) / 2e8), 0.2, 0.98)

    reception = learned(wanderers(rng, vessels=60, days=4, p=field))
    n = 6000
    x, y = rng.uniform(3e3, 47e3, (2, n))
    t = T0 + rng.integers(6, 90, n) * 3_600_000
    told = reception.probability(
        np.zeros(n, np.uint32), np.zeros(n, np.uint8), t, 122 + x / M_LON, 29 + y / M_LAT
    )
    truth = field(x, y, 0)
    heard = rng.random(n) < truth
    assert told.enough.mean() > 0.8
    for low in np.arange(0.3, 1.0, 0.1):
        these = told.enough & (told.p >= low) & (told.p < low + 0.1)
        if these.sum() > 300:
            assert heard[these].mean() == pytest.approx(told.p[these].mean(), abs=0.09)
    # What gaps are judged by: where it is said to be 0.9, it is.
    good = told.enough & (told.p >= 0.9)
    assert good.sum() > 1000
    assert truth[good].mean() == pytest.approx(told.p[good].mean(), abs=0.04)


@pytest.mark.parametrize("hours", [2, 30])
def test_an_outage_leaves_no_reception_in_its_hours(hours: int) -> None:
    rng = np.random.default_rng(3)
    first = 20 * 6

    def field(x, y, slot):
        return np.where((slot >= first) & (slot < first + hours * 6), 0.0, 0.98)

    reception = learned(wanderers(rng, vessels=40, days=4, p=field))
    hour = np.arange(96)
    told = reception.probability(
        np.zeros(96, int), np.zeros(96, int), T0 + hour * 3_600_000, np.full(96, 122.26),
        np.full(96, 29.22),
    )  # fmt: skip
    out = (hour >= 20) & (hour < 20 + hours)
    assert told.p[out].max() < 0.2
    assert np.median(told.p[~out]) > 0.95


def test_an_outage_that_lasts_shows_with_the_horizon() -> None:
    rng = np.random.default_rng(4)
    heard = wanderers(rng, vessels=40, days=1, p=lambda x, y, slot: np.where(slot < 120, 0.98, 0.0))
    end = datetime.fromtimestamp(T0 / 1000 + 20.99 * 3600, tz=UTC)
    t = np.array([T0 + 20 * 3_600_000])
    here = (np.array([122.26]), np.array([29.22]))
    none = np.zeros(1, np.uint8)
    assert learned(heard, horizon=end).probability(none, none, t, *here).p[0] < 0.5


def test_two_who_go_dark_beside_others_are_no_hole() -> None:
    rng = np.random.default_rng(5)
    mmsi, t, lon, lat, kn = wanderers(rng, vessels=40, days=2, p=lambda x, y, slot: 0.99)
    dark = (mmsi < 412_000_002) & (t > T0 + 20 * 3_600_000) & (t < T0 + 23 * 3_600_000)
    was = learned((mmsi, t, lon, lat, kn))
    now = learned(tuple(c[~dark] for c in (mmsi, t, lon, lat, kn)))
    k = np.flatnonzero(dark & (mmsi == 412_000_000))
    ask = (mmsi[k], np.zeros(len(k), np.uint8), t[k], lon[k], lat[k])
    np.testing.assert_allclose(now.probability(*ask).p, was.probability(*ask).p, atol=0.06)


def test_a_vessel_has_no_say_in_what_it_is_told() -> None:
    rng = np.random.default_rng(6)
    mmsi, t, lon, lat, kn = wanderers(rng, vessels=20, days=2, p=lambda x, y, slot: 0.9)
    me = mmsi == 412_000_000
    ask = (np.full(me.sum(), 412_000_000), np.zeros(me.sum(), np.uint8), t[me], lon[me], lat[me])
    whole = learned((mmsi, t, lon, lat, kn)).probability(*ask)
    others = learned(tuple(c[~me] for c in (mmsi, t, lon, lat, kn))).probability(*ask)
    np.testing.assert_array_equal(whole.vessels, others.vessels)
    # What is usual in a cell, for the level of the hour, is that of all: a trace remains.
    np.testing.assert_allclose(whole.p, others.p, atol=0.03)
    alone = learned(tuple(c[me] for c in (mmsi, t, lon, lat, kn))).probability(*ask)
    assert not alone.enough.any()
    assert not alone.vessels.any()


def test_classes_are_told_apart_and_beyond_coverage_nothing_is_known() -> None:
    rng = np.random.default_rng(7)
    mmsi, t, lon, lat, kn = wanderers(rng, vessels=40, days=3, p=lambda x, y, slot: 0.98)
    weak = (mmsi % 2 == 1) & (rng.random(len(t)) < 0.6)
    s = sailed_of(*(c[~weak] for c in (mmsi, t, lon, lat, kn)), None, (mmsi % 2)[~weak])
    reception = Reception.of(slots(s), silences=silences(s))
    ask = (np.zeros(2, int), np.array([0, 1]), np.full(2, T0 + 30 * 3_600_000))
    told = reception.probability(*ask, np.full(2, 122.26), np.full(2, 29.22))
    assert told.p[0] > 0.93 > told.p[1] + 0.03
    away = reception.probability(*ask, np.full(2, 123.26), np.full(2, 29.22))
    assert not away.inside.any()
    assert not away.enough.any()
    shown = reception.table(cls=0)
    assert shown["p"].mean() > 0.95
    hour = datetime.fromtimestamp(T0 / 1000 + 30 * 3600, tz=UTC)
    assert reception.table(cls=0, hour=hour).height == shown.height


@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(8)
    heard = wanderers(rng, vessels=6, days=1, p=lambda x, y, slot: 0.9)
    told = slots(sailed_of(*heard))
    mixed = told.sample(fraction=1, shuffle=True, seed=seed)
    ask = (heard[0][:50], np.zeros(50, np.uint8), heard[1][:50], heard[2][:50], heard[3][:50])
    np.testing.assert_allclose(
        Reception.of(mixed).probability(*ask).p, Reception.of(told).probability(*ask).p, rtol=1e-9
    )


def test_of_nothing_nothing_is_known() -> None:
    told = Reception.of(empty(SLOTS)).probability(
        np.array([412_000_001]), np.array([0]), np.array([T0]), np.array([122.0]), np.array([29.0])
    )
    assert not told.enough[0]
    assert told.p[0] < 0.9
