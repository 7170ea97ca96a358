"""Who is heard no more by the shore: made ways beside a straight one."""

import numpy as np
import polars as pl
import pytest

from ais._events import Sailed
from ais.approach import ApproachRule, approach_events
from geo.nearest import Nearest

M_LAT = 6_371_008.8 * np.pi / 180
KNOT = 1852 / 3600
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})


def heard(course: float, off_m: float, minutes: int) -> pl.DataFrame:
    """Return approaches of one who comes straight to ``off_m`` from a shore in the south at 12 kn.

    It goes on at ``course`` for some minutes and is then heard no more.
    """
    pace = 12 * KNOT * 60
    y = off_m + pace * np.arange(10, -1, -1)
    x = np.zeros(11)
    on = pace * np.arange(1, minutes + 1)
    x = np.r_[x, on * np.sin(np.radians(course))]
    y = np.r_[y, off_m + on * np.cos(np.radians(course))]
    n = len(x)
    far = np.full(n, np.nan, np.float32)
    s = Sailed(
        vessel=np.zeros(n, np.int64), mmsi=np.full(n, 412000001, np.uint32),
        track=np.zeros(n, np.int64), t=60_000 * np.arange(n), lon=122 + x / M_LAT, lat=y / M_LAT,
        sog=far, cog=far, heading=far, status=np.full(n, 255, np.uint8), cls=np.zeros(n, np.uint8),
    )  # fmt: skip
    shore = Nearest(
        segment=np.zeros(n, np.int32), shoreline=np.zeros(n, np.int32), distance_m=y,
        chainage_m=x, bearing_deg=np.full(n, 180.0),
    )  # fmt: skip
    rule = ApproachRule()
    return approach_events(s, shore, berths=NO_BERTHS, segment_ids=["here"], rule=rule)


def test_one_heard_no_more_while_it_heads_for_the_shore_has_come() -> None:
    assert heard(180, 150, 0)["kind"].to_list() == ["shore_approach"]


@pytest.mark.parametrize("minutes", [2, 4, 8])
def test_one_heard_no_more_while_it_passes_has_not(minutes: int) -> None:
    assert heard(90, 150, minutes).is_empty()
