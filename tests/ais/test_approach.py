"""Who comes to the shore, and how often: made ways beside a straight one."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais._events import Sailed
from ais.approach import ApproachRule, approach_events
from geo.nearest import Nearest

M_LAT = 6_371_008.8 * np.pi / 180
KNOT = 1852 / 3600
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})


def seen(
    x: np.ndarray, y: np.ndarray, *, track: np.ndarray | int = 0, t: np.ndarray | None = None
) -> pl.DataFrame:
    """Return approaches of one who is at x, y metres, a minute apart; the shore is at y = 0."""
    n = len(x)
    far = np.full(n, np.nan, np.float32)
    s = Sailed(
        vessel=np.zeros(n, np.int64), mmsi=np.full(n, 412000001, np.uint32),
        track=np.zeros(n, np.int64) + track, t=60_000 * np.arange(n) if t is None else t,
        lon=122 + x / M_LAT, lat=y / M_LAT, sog=far, cog=far, heading=far,
        status=np.full(n, 255, np.uint8), cls=np.zeros(n, np.uint8),
    )  # fmt: skip
    shore = Nearest(
        segment=np.zeros(n, np.int32), shoreline=np.zeros(n, np.int32), distance_m=y,
        chainage_m=x, bearing_deg=np.full(n, 180.0),
    )  # fmt: skip
    rule = ApproachRule()
    return approach_events(s, shore, berths=NO_BERTHS, segment_ids=["here"], rule=rule)


def coming(course: float, off_m: float, minutes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the way of one who comes straight to ``off_m`` from a shore in the south at 12 kn.

    It goes on at ``course`` for some minutes.
    """
    pace = 12 * KNOT * 60
    y = off_m + pace * np.arange(10, -1, -1)
    on = pace * np.arange(1, minutes + 1)
    x = np.r_[np.zeros(11), on * np.sin(np.radians(course))]
    return x, np.r_[y, off_m + on * np.cos(np.radians(course))]


def heard(course: float, off_m: float, minutes: int) -> pl.DataFrame:
    """Return approaches of one who comes, goes on, and is then heard no more."""
    return seen(*coming(course, off_m, minutes))


def test_one_heard_no_more_while_it_heads_for_the_shore_has_come() -> None:
    assert heard(180, 150, 0)["kind"].to_list() == ["shore_approach"]


@pytest.mark.parametrize("minutes", [2, 4, 8])
def test_one_heard_no_more_while_it_passes_has_not(minutes: int) -> None:
    assert heard(90, 150, minutes).is_empty()


@pytest.mark.parametrize(("minutes", "gone"), [(2, False), (30, True)])
def test_who_is_heard_elsewhere_at_that_time_is_not_heard_no_more(minutes, gone) -> None:
    """A false position that heads for the shore is a track beside that of the vessel."""
    x, y = coming(180, 150, 0)
    at = 60_000 * np.arange(len(x))
    other = at[-1] + 60_000 * np.arange(minutes, minutes + 20)
    found = seen(
        np.r_[x, np.full(20, 9000.0)], np.r_[y, np.full(20, 9000.0)],
        track=np.r_[np.zeros(len(x), np.int64), np.ones(20, np.int64)], t=np.r_[at, other],
    )  # fmt: skip
    assert found.height == int(gone)


@given(st.integers(1, 9), st.integers(220, 3000))
def test_a_stay_ends_where_the_vessel_goes_away(minutes: int, out_m: int) -> None:
    """It lies at the shore, goes out and comes back: once or twice there, by how far it went."""
    lies = np.full(12, 60.0)
    way = np.r_[3000.0, 600.0, lies, np.full(minutes, float(out_m)), lies]
    found = seen(np.zeros(len(way)), way)
    assert found.height == (2 if out_m - 60 > 1.5 * ApproachRule().band_m else 1)
