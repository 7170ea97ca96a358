"""A made-up national fleet of any size, as a feed gives it: in the order of time."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl

from ais.schema import POSITIONS

DAY = datetime(2026, 3, 1, tzinfo=UTC)
WEST, SOUTH, EAST, NORTH = 117.0, 24.0, 125.0, 32.0
_HOUR_S = 3_600
_LATS_A_METRE = 1 / 111_195
# Share of the fleet, seconds between reports, knots: lying, fishing, under way.
_WAYS = ((0.55, 180, 0.05), (0.25, 60, 3.0), (0.20, 20, 12.0))
_STEP_DEG = 1 / 600_000
_STATUS = np.array([5, 7, 0])


def hours(vessels: int, rows: int, *, seed: int = 1) -> Iterator[pl.DataFrame]:
    """Yield an hour of positions at a time until there are ``rows`` of them.

    Vessels lie near sixty ports, fish about their grounds, or run a straight way for an hour and
    then another; places are rounded as AIS rounds them, one report in fifty is lost.
    """
    rng = np.random.default_rng(seed)
    way = rng.choice(3, vessels, p=[share for share, _, _ in _WAYS])
    ports = rng.uniform((WEST, SOUTH), (EAST, NORTH), (60, 2))
    spread = np.array([0.03, 0.4, 0.2])[way][:, None]
    place = ports[rng.integers(0, 60, vessels)] + rng.normal(0, 1, (vessels, 2)) * spread
    # Half of the numbers end in 000, as those of ships do that have a satellite telephone.
    mmsi = rng.choice(np.arange(200_000, 775_000), vessels, replace=False) * 1_000
    mmsi += np.where(rng.random(vessels) < 0.5, 0, rng.integers(1, 1_000, vessels))
    phase_ms = rng.integers(0, 20_000, vessels)
    course = rng.uniform(0, 360, vessels)
    made = hour = 0
    while made < rows:
        course += rng.normal(0, 40, vessels)
        frame, place = _hour(rng, way, mmsi, phase_ms, course, place, hour)
        frame = frame.head(rows - made)
        yield frame
        made += frame.height
        hour += 1


def _hour(
    rng: np.random.Generator,
    way: np.ndarray,
    mmsi: np.ndarray,
    phase_ms: np.ndarray,
    course: np.ndarray,
    place: np.ndarray,
    hour: int,
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return one hour's rows in the order of time, and where the vessels are at its end."""
    every = np.array([every for _, every, _ in _WAYS])[way]
    speed = np.array([knots for _, _, knots in _WAYS])[way] * rng.uniform(0.6, 1.4, len(way))
    course = np.where(
        (place[:, 0] < WEST) | (place[:, 0] > EAST) | (place[:, 1] < SOUTH) | (place[:, 1] > NORTH),
        np.degrees(np.arctan2(121 - place[:, 0], 28 - place[:, 1])),
        course,
    )
    each = _HOUR_S // every
    row = np.repeat(np.arange(len(way)), each)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(each) - each, each)
    since_ms = phase_ms[row] + nth * every[row] * 1_000 + rng.integers(0, 900, len(row))
    moved_deg = speed * 0.514444 * _LATS_A_METRE
    velocity = moved_deg[:, None] * np.column_stack(
        [np.sin(np.radians(course)) / 0.88, np.cos(np.radians(course))]
    )
    noise = rng.normal(0, 1, (len(row), 2)) * 8 * _LATS_A_METRE
    at = place[row] + velocity[row] * (since_ms[:, None] / 1_000) + noise
    start_ms = int(DAY.timestamp() * 1_000) + hour * _HOUR_S * 1_000
    heard = rng.random(len(row)) > 0.02
    frame = pl.DataFrame(
        {
            "mmsi": mmsi[row],
            "t": pl.Series(start_ms + since_ms).cast(POSITIONS["t"]),
            "lon": np.round(at[:, 0] / _STEP_DEG) * _STEP_DEG,
            "lat": np.round(at[:, 1] / _STEP_DEG) * _STEP_DEG,
            "sog_kn": np.round(np.abs(speed[row] + rng.normal(0, 0.2, len(row))), 1),
            "cog_deg": np.round((course[row] + rng.normal(0, 3, len(row))) % 360, 1),
            "heading_deg": np.round(course[row] % 360),
            "status": _STATUS[way[row]],
            "msg_type": 1,
            "cls": "A",
            "source": pl.Series(np.array(["station 1", "station 2", "station 3"])[row % 3]),
        },
        schema_overrides=POSITIONS,
    )
    return frame.filter(heard).sort("t"), place + velocity * _HOUR_S
