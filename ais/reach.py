"""Where a vessel can have gone while it was not heard, and how likely: docs/reach.md."""

from dataclasses import dataclass, fields
from typing import Final, NamedTuple, TypeAlias

import geopandas as gpd
import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._arrays import Bools, Floats, Ints
from ais._plane import KNOT
from ais._reach_model import Choices, ReachWeights, fit, probabilities
from ais.schema import TIME
from geo.crs import to_metres
from geo.prism import Passages, Places, Prism, prism

__all__ = [
    "CLOSED",
    "OPEN",
    "REACHED",
    "SILENT",
    "Choices",
    "Reach",
    "ReachRule",
    "ReachWeights",
    "Shore",
    "Windows",
    "choices",
    "fit",
    "probabilities",
    "reach",
]

REACHED: Final = pl.Schema(
    {
        "event_id": pl.String(),
        "segment": pl.UInt32(),
        "earliest": TIME,
        "latest": TIME,
        "direct_m": pl.Float64(),
        "detour_m": pl.Float64(),
        "landable_min": pl.Float64(),
        "p": pl.Float64(),
    }
)
"""What a vessel can have come to while silent. ``segment`` is a row of the shore; ``earliest`` its
arrival there, ``latest`` its departure; ``direct_m`` the way between both ends of the silence
(null without a second), ``detour_m`` how much longer it is by way of the segment (without a second
end: the way there); ``landable_min`` the minutes between the two times in which a boat could land
(null: unknown); ``p`` the probability that it is the one the vessel was at."""

SILENT: Final = pl.Schema(
    {
        "event_id": pl.String(),
        "until": TIME,
        "open": pl.Boolean(),
        "speed_kn": pl.Float64(),
        "direct_m": pl.Float64(),
        "slack_min": pl.Float64(),
        "segments": pl.UInt32(),
        "p_none": pl.Float64(),
    }
)
"""One silence: until when it is looked at, the speed it was given, the time to spare beside the
direct way, how many segments were in reach, and the probability that it was at none of them.
``p`` of its rows in ``REACHED`` and ``p_none`` are 1 together."""

_MIN_S = 60.0
# Half an hour of an hour lets a boat land where nobody knows the seabed or the tide.
_UNKNOWN_SHARE = 0.5
_LEAST_SHARE = 0.05
_NEAR_END_M = 1_000.0
_AT_END_M = 200.0
_UNDER_WAY_KN = 1.0


@dataclass(frozen=True)
class ReachRule:
    """What a vessel may do while it is not heard.

    ``horizon_h`` is how long after its last position one is looked for that was not heard again;
    ``speed_kn`` what a vessel makes of which no speed is known; ``faster`` what a vessel is given
    beyond the speed it must have made, where that is above the plausible one; ``near_m`` how far
    off a segment counts as come to; ``ashore_min`` the least time for a landing.
    """

    horizon_h: float = 12.0
    speed_kn: float = 12.0
    faster: float = 1.05
    near_m: float = 200.0
    ashore_min: float = 10.0


CLOSED: Final = ReachWeights(-3.29, 0.25, 0.96, -3.14, -1.79, 2.18, 2.66, -0.06, 0.37, 1.17)
OPEN: Final = ReachWeights(-2.49, 0.0, 0.99, 0.22, -1.81, 0.79, 0.96, 0.0, 0.0, 0.39)
"""Fitted on simulated silences (docs/reach.md), with a second end and without."""


@dataclass(frozen=True)
class Shore:
    """The segments of a coast with the water before them."""

    water: Passages
    places: Places

    @classmethod
    def of(cls, water: Passages, segments: gpd.GeoDataFrame) -> "Shore":
        """Take segments with ``lon, lat, facing_deg``, in the shore's order."""
        lon, lat, facing = (
            segments[name].to_numpy(dtype=np.float64) for name in ("lon", "lat", "facing_deg")
        )
        return cls(water, water.places(lon, lat, facing))


@dataclass(frozen=True)
class Windows:
    """When each segment can be landed on: spans in ms, those of a segment together, in order."""

    start: Ints
    t_from: Ints
    t_to: Ints
    before: Ints
    known: Bools

    @classmethod
    def of(cls, table: pl.DataFrame, known: Bools) -> "Windows":
        """Take a table of ``geo.landable.landable_windows`` for one draught.

        Parameters
        ----------
        known : for each segment, whether its seabed and its tide are known; one that is known and
            has no window cannot be landed on.
        """
        spans = table.sort("segment", "t_from")
        segment = spans["segment"].to_numpy()
        t_from, t_to = (spans[name].dt.epoch("ms").to_numpy() for name in ("t_from", "t_to"))
        start = np.searchsorted(segment, np.arange(len(known) + 1)).astype(np.int64)
        before = np.concatenate([[0], np.cumsum(t_to - t_from)])
        return cls(start, t_from, t_to, before, np.asarray(known, dtype=np.bool_))

    def minutes(self, segment: Ints, t0: Ints, t1: Ints) -> Floats:
        """Return the landable minutes of segments between two times (ms), NaN where unknown."""
        table = (self.start, self.t_from, self.t_to, self.before)
        minutes = (_landable_by(*table, segment, t1) - _landable_by(*table, segment, t0)) / 60_000
        return np.where(self.known[segment], minutes, np.nan)


class Reach(NamedTuple):
    """The silences (``SILENT``) and what could be reached in them (``REACHED``)."""

    silences: pl.DataFrame
    segments: pl.DataFrame


class _Found(NamedTuple):
    """One silence and the segments within its prism."""

    t0: int
    t1: int
    is_open: bool
    speed: float
    direct_m: float
    spare_s: float
    segment: Ints
    earliest: Ints
    latest: Ints
    detour_m: Floats
    landable_min: Floats
    about: Floats


Row: TypeAlias = dict[str, float | int | str | None]


def reach(
    silences: pl.DataFrame,
    shore: Shore,
    *,
    windows: Windows | None = None,
    rule: ReachRule = ReachRule(),
    closed: ReachWeights = CLOSED,
    open_: ReachWeights = OPEN,
) -> Reach:
    """Return which segments a vessel can have been at in each silence, and how likely.

    Parameters
    ----------
    silences : the columns of ``ais.schema.SILENCES`` and ``event_id``; ``t1`` null is a vessel
        that was not heard again.
    windows : when segments can be landed on; None leaves the tide out.
    """
    ordered = _ordered(silences)
    found = [_found(row, shore, windows, rule) for row in ordered.iter_rows(named=True)]
    choices = _choices(found)
    is_open = np.array([one.is_open for one in found], dtype=np.bool_)
    p, p_none = np.zeros(len(choices.segment)), np.ones(len(found))
    for weights, own in ((closed, ~is_open), (open_, is_open)):
        p_all, p_none_all = probabilities(choices, weights)
        rows = np.repeat(own, np.diff(choices.start))
        p[rows], p_none[own] = p_all[rows], p_none_all[own]
    return Reach(_silences(ordered, found, p_none), _segments(ordered, found, p))


def choices(
    silences: pl.DataFrame,
    shore: Shore,
    *,
    windows: Windows | None = None,
    rule: ReachRule = ReachRule(),
) -> Choices:
    """Return what the model is fitted on, silences by ``event_id``; see ``reach``."""
    ordered = _ordered(silences)
    return _choices([_found(row, shore, windows, rule) for row in ordered.iter_rows(named=True)])


def _ordered(silences: pl.DataFrame) -> pl.DataFrame:
    return silences.sort("event_id").with_columns(pl.col("t0", "t1").dt.epoch("ms"))


def _found(row: Row, shore: Shore, windows: Windows | None, rule: ReachRule) -> _Found:
    t0 = int(_number(row["t0"]))
    is_open = row["t1"] is None
    t1 = t0 + int(rule.horizon_h * 3_600_000) if is_open else int(_number(row["t1"]))
    seconds = max((t1 - t0) / 1000.0, 1.0)
    speed = _number(row["plausible_kn"])
    speed = (speed if speed > _UNDER_WAY_KN else rule.speed_kn) * KNOT
    found = _prism(row, shore, seconds, speed, rule)
    if not is_open and np.isfinite(found.direct_m) and found.direct_m > seconds * speed:
        speed = rule.faster * found.direct_m / seconds
        found = _prism(row, shore, seconds, speed, rule)
    direct_m = 0.0 if is_open else found.direct_m
    segment = np.flatnonzero(np.isfinite(found.from_m))
    from_m, to_m = found.from_m[segment], found.to_m[segment]
    detour_m = np.maximum(from_m + to_m - direct_m, 0.0)
    spare_s = max(seconds - direct_m / speed, _MIN_S)
    earliest = t0 + np.rint(1000.0 * from_m / speed).astype(np.int64)
    latest = np.maximum(t1 - np.rint(1000.0 * to_m / speed).astype(np.int64), earliest)
    if windows is None:
        landable, share = np.full(len(segment), np.nan), np.ones(len(segment))
    else:
        landable = windows.minutes(segment, earliest, latest)
        share = np.minimum(landable / np.maximum((latest - earliest) / 60_000.0, 1.0), 1.0)
        share = np.where(np.isnan(landable), _UNKNOWN_SHARE, share)
    detour_s = detour_m / speed
    end_m = from_m if is_open else np.minimum(from_m, to_m)
    about = np.column_stack(
        [
            np.minimum(detour_s / spare_s, 1.0),
            np.log1p(detour_s / 600.0),
            np.exp(-end_m / _NEAR_END_M),
            np.exp(-end_m / _AT_END_M),
            detour_s + 60.0 * rule.ashore_min > spare_s,
            np.log(_LEAST_SHARE + (1.0 - _LEAST_SHARE) * share),
            _ahead(row, shore, segment),
        ]
    )
    return _Found(
        t0, t1, is_open, speed, found.direct_m, spare_s, segment, earliest, latest, detour_m,
        landable, about,
    )  # fmt: skip


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _prism(row: Row, shore: Shore, seconds: float, speed: float, rule: ReachRule) -> Prism:
    lon1, lat1 = (None if row["t1"] is None else _number(row[name]) for name in ("lon1", "lat1"))
    return prism(
        shore.water,
        shore.places,
        lon0=_number(row["lon0"]),
        lat0=_number(row["lat0"]),
        lon1=lon1,
        lat1=lat1,
        seconds=seconds,
        speed_mps=speed,
        near_m=rule.near_m,
    )


def _ahead(row: Row, shore: Shore, segment: Ints) -> Floats:
    """Return the cosine between the last course and the way to each segment, 0 if unknown."""
    course, speed = _number(row["cog0_deg"]), _number(row["sog0_kn"])
    if not (np.isfinite(course) and speed >= _UNDER_WAY_KN):
        return np.zeros(len(segment))
    x, y = to_metres(shore.water.crs, _number(row["lon0"]), _number(row["lat0"]))
    way = np.arctan2(shore.places.x[segment] - x, shore.places.y[segment] - y)
    return np.asarray(np.cos(way - np.radians(course)), dtype=np.float64)


def _choices(found: list[_Found]) -> Choices:
    count = [len(one.segment) for one in found]
    n_about = len(fields(ReachWeights)) - 3
    return Choices(
        np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        np.concatenate([np.empty(0, np.int64), *(one.segment for one in found)]),
        np.concatenate([np.empty((0, n_about)), *(one.about for one in found)]),
        np.log([1.0 if one.is_open else one.spare_s / 3600.0 for one in found]),
    )


def _silences(ordered: pl.DataFrame, found: list[_Found], p_none: Floats) -> pl.DataFrame:
    direct_m = [one.direct_m if np.isfinite(one.direct_m) else None for one in found]
    return pl.DataFrame(
        {
            "event_id": ordered["event_id"],
            "until": pl.Series([one.t1 for one in found], dtype=pl.Int64).cast(TIME),
            "open": [one.is_open for one in found],
            "speed_kn": [one.speed / KNOT for one in found],
            "direct_m": direct_m,
            "slack_min": [one.spare_s / 60.0 for one in found],
            "segments": [len(one.segment) for one in found],
            "p_none": p_none,
        },
        schema=SILENT,
    )


def _segments(ordered: pl.DataFrame, found: list[_Found], p: Floats) -> pl.DataFrame:
    count = np.array([len(one.segment) for one in found], dtype=np.int64)
    direct_m = np.repeat([one.direct_m for one in found], count)
    which = np.repeat(np.arange(len(found)), count)

    def joined(name: str, dtype: type) -> NDArray[np.generic]:
        return np.concatenate([np.empty(0, dtype), *(getattr(one, name) for one in found)])

    return pl.DataFrame(
        {
            "event_id": ordered["event_id"].gather(which),
            "segment": joined("segment", np.int64),
            "earliest": pl.Series(joined("earliest", np.int64)).cast(TIME),
            "latest": pl.Series(joined("latest", np.int64)).cast(TIME),
            "direct_m": pl.Series(direct_m, dtype=pl.Float64).fill_nan(None),
            "detour_m": joined("detour_m", np.float64),
            "landable_min": pl.Series(joined("landable_min", np.float64)).fill_nan(None),
            "p": p,
        },
        schema=REACHED,
    )


@numba.njit(cache=True, nogil=True)
def _landable_by(
    start: Ints, t_from: Ints, t_to: Ints, before: Ints, segment: Ints, t: Ints
) -> Floats:
    """Return how long (ms) each segment was landable until a time, counted from its first span."""
    out = np.zeros(len(segment))
    for i in range(len(segment)):
        first, end = start[segment[i]], start[segment[i] + 1]
        low, high = first, end
        while low < high:
            middle = (low + high) // 2
            if t_from[middle] <= t[i]:
                low = middle + 1
            else:
                high = middle
        if low > first:
            over = max(t_to[low - 1] - t[i], 0)
            out[i] = before[low] - before[first] - over
    return out
