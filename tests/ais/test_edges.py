"""Edges of coverage: on this side many are heard, beyond nobody ever."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais._edges import expected_beyond
from ais.life import HAUNTS, cell
from ais.schema import empty

M_DEG = 111_195.0
OWN = 412_000_001


def heard(east_m, north_m, *, lon0=122.0, lat0=29.0, mmsi=None) -> pl.DataFrame:
    """Return the haunts of vessels heard at places, each by one of its own if none is named."""
    east, north = np.asarray(east_m, float), np.asarray(north_m, float)
    lon = lon0 + east / (M_DEG * np.cos(np.radians(lat0)))
    at = pl.DataFrame({"lon": (lon + 180) % 360 - 180, "lat": lat0 + north / M_DEG})
    number = np.arange(len(east)) + OWN + 1 if mmsi is None else np.full(len(east), mmsi)
    return at.select(*cell(pl.col("lon"), pl.col("lat"))).select(
        mmsi=pl.Series(number, dtype=pl.UInt32), date=pl.lit(None), row="row", col="col",
        minutes=pl.lit(5.0),
    ).cast(HAUNTS)  # fmt: skip


def asked(cog_deg: float, *, lon: float = 122.0, lat: float = 29.0) -> pl.DataFrame:
    return pl.DataFrame(
        {"mmsi": [OWN], "lon": [lon], "lat": [lat], "cog_deg": [cog_deg]},
        schema={"mmsi": pl.UInt32, "lon": pl.Float64, "lat": pl.Float64, "cog_deg": pl.Float64},
    )


def sea(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.random.default_rng(seed).uniform(-12_000, 12_000, (2, n)))


@given(st.floats(0, 360), st.floats(-80, 80), st.integers(0, 99))
def test_across_an_edge_of_any_slant_many_are_missed(slant: float, off: float, seed: int) -> None:
    east, north = sea(seed)
    out = np.array([np.sin(np.radians(slant)), np.cos(np.radians(slant))])
    kept = east * out[0] + north * out[1] < 0
    cut = heard(east[kept], north[kept])
    assert expected_beyond(cut, asked(slant + off), None)[0] > 15
    assert expected_beyond(heard(east, north), asked(slant + off), None)[0] == 0
    # Who sails away from it slips over no edge, and its own way beyond shows nothing.
    assert expected_beyond(cut, asked(slant + 180), None)[0] == 0
    own = heard(east[~kept], north[~kept], mmsi=OWN)
    beyond = pl.concat([cut, own])
    assert expected_beyond(beyond, asked(slant + off), None) == expected_beyond(
        cut, asked(slant + off), None
    )


def test_some_other_beyond_or_land_there_makes_no_edge() -> None:
    east, north = sea(3)
    cut = heard(east[east < 0], north[east < 0])
    assert expected_beyond(cut, asked(90), None)[0] > 15
    beyond = heard([5000] * 3, [-4000, 0, 4000], mmsi=413_999_999)
    assert expected_beyond(pl.concat([cut, beyond]), asked(90), None)[0] == 0
    assert expected_beyond(cut, asked(90), lambda lon, lat: lon < 122.0)[0] == 0
    near = expected_beyond(cut, asked(90), lambda lon, lat: lon < 122.03)[0]
    assert 0 < near < expected_beyond(cut, asked(90), None)[0] / 2


@given(st.floats(0, 180), st.floats(-1000, 1000))
def test_a_lane_that_it_follows_has_no_edges(slant: float, aside_m: float) -> None:
    along = np.arange(-20_000, 20_000, 100.0)
    east, north = along * np.sin(np.radians(slant)), along * np.cos(np.radians(slant))
    lane = heard(east + aside_m, north)
    assert expected_beyond(lane, asked(slant), None)[0] == 0
    assert expected_beyond(lane, asked(slant + 180), None)[0] == 0


@pytest.mark.parametrize(("lon0", "lat0"), [(180.0, 29.0), (-179.99, -60.0), (10.0, 78.0)])
def test_over_the_antimeridian_and_far_north_it_is_the_same(lon0: float, lat0: float) -> None:
    east, north = sea(5, 2000)
    for slant in (0.0, 100.0, 225.0):
        toward = np.radians(slant)
        kept = east * np.sin(toward) + north * np.cos(toward) < 0
        cut = heard(east[kept], north[kept], lon0=lon0, lat0=lat0)
        whole = heard(east, north, lon0=lon0, lat0=lat0)
        here = asked(slant, lon=(lon0 + 180) % 360 - 180, lat=lat0)
        assert expected_beyond(cut, here, None)[0] > 15
        assert expected_beyond(whole, here, None)[0] == 0


def test_nobody_heard_and_no_course_is_no_edge() -> None:
    east, north = sea(1)
    cut = heard(east[east < 0], north[east < 0])
    assert expected_beyond(empty(HAUNTS), asked(90), None).tolist() == [0]
    assert expected_beyond(cut, asked(np.nan), None).tolist() == [0]
    assert expected_beyond(cut, asked(90).clear(), None).tolist() == []
    assert expected_beyond(cut, asked(90, lon=150.0), None).tolist() == [0]
    mixed = pl.concat([asked(np.nan), asked(90), asked(90, lon=150.0)])
    alone = expected_beyond(cut, asked(90), None)[0]
    assert expected_beyond(cut.sample(fraction=1, shuffle=True, seed=1), mixed, None).tolist() == [
        0, alone, 0,
    ]  # fmt: skip
