"""Tell what each vessel ordinarily does, from how it moves and where it comes back to."""

from typing import NamedTuple

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed
from ais._life_patterns import PATTERNS, REASONS, LifeRule, judged
from ais._life_trips import short_meetings, shuttles
from ais._plane import KNOT, bearing, metres

__all__ = [
    "CELL_DEG",
    "DAYS",
    "HAUNTS",
    "PATTERNS",
    "PROFILES",
    "REASONS",
    "LifeRule",
    "cell",
    "days",
    "profiles",
]

CELL_DEG = 0.02
"""Side of the cells of ``HAUNTS``: 2.2 km of latitude."""
_SLOT_MS = 300_000
_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
_TOW_MS = 45 * 60_000
_TURN_DEG = 60.0
_BREAKS_KN = (0.5, 2.0, 5.0, 12.0, 20.0)
HOURS = ("still_h", "slow_h", "trawl_h", "way_h", "fast_h", "rush_h")
_TOW = 2

DAYS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "date": pl.Date(),
        **dict.fromkeys(HOURS, pl.Float64()),
        "tow_h": pl.Float64(),
        "path_km": pl.Float64(),
        "turns": pl.UInt32(),
    }
)
"""One UTC day of one MMSI: hours at a speed made good below 0.5 kn, below 2, 5, 12, 20 and above,
``tow_h`` those in stretches at 2 to 5 kn that last, the path, and turns of 60 degrees and more."""

HAUNTS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "date": pl.Date(),
        "row": pl.Int32(),
        "col": pl.Int32(),
        "minutes": pl.Float64(),
    }
)
"""How long an MMSI was in a cell of ``CELL_DEG`` on a UTC day; see `cell`."""

PROFILES = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "pattern": pl.String(),
        "confidence": pl.Float64(),
        "why": pl.String(),
        "ship_type": pl.UInt8(),
        "length_m": pl.Float64(),
        "days": pl.UInt32(),
        "end_lon": pl.List(pl.Float64()),
        "end_lat": pl.List(pl.Float64()),
    }
)
"""What an MMSI ordinarily does. ``why`` has codes of ``REASONS`` separated by blanks, ``days`` is
on how many UTC days it was heard, ``end_lon, end_lat`` are the two ends of a ferry's line."""


def cell(lon: pl.Expr, lat: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return row and column of the cells that positions lie in."""
    return (
        ((lat + 90.0) / CELL_DEG).floor().cast(pl.Int32).alias("row"),
        ((lon + 180.0).mod(360.0) / CELL_DEG).floor().cast(pl.Int32).alias("col"),
    )


class _Legs(NamedTuple):
    """Ways from one kept position to the next."""

    mmsi: NDArray[np.uint32]
    day: Ints
    lon: Floats
    lat: Floats
    ms: Ints
    mm: Ints
    speed_class: Ints
    tows: Bools
    turns: Bools


@numba.njit(cache=True, nogil=True)
def _thinned(track: Array, t: Array, slot_ms: int) -> Ints:
    """Return the first row of each track in each slot of time.

    Slots are absolute, so that the rows kept do not depend on where a batch begins.
    """
    n = t.shape[0]
    kept = np.empty(n, np.int64)
    found = 0
    for i in range(n):
        new = i == 0 or track[i] != track[i - 1]
        if new or t[i] // slot_ms != t[i - 1] // slot_ms:
            kept[found] = i
            found += 1
    return kept[:found].copy()


@numba.njit(cache=True, nogil=True)
def _ways(lon: Array, lat: Array, first: Ints, last: Ints) -> tuple[Floats, Floats]:
    """Return metres and direction from each first row to each last one."""
    n = first.shape[0]
    way, towards = np.empty(n), np.empty(n)
    for k in range(n):
        i, j = first[k], last[k]
        way[k] = metres(lon[i], lat[i], lon[j], lat[j])
        towards[k] = bearing(lon[i], lat[i], lon[j], lat[j])
    return way, towards


def _legs(s: Sailed) -> _Legs:
    kept = _thinned(s.track, s.t, _SLOT_MS)
    joined = s.track[kept[1:]] == s.track[kept[:-1]]
    first, last = kept[:-1][joined], kept[1:][joined]
    way, towards = _ways(s.lon, s.lat, first, last)
    ms = s.t[last] - s.t[first]
    speed = np.divide(way, ms / 1000.0, out=np.zeros(len(way)), where=ms > 0) / KNOT
    speed_class = np.digitize(speed, _BREAKS_KN)
    same = (s.track[first[1:]] == s.track[first[:-1]]) & (speed_class[1:] == speed_class[:-1])
    run = np.cumsum(np.concatenate([np.zeros(min(len(first), 1), np.int64), ~same]))
    lasts = np.bincount(run, ms)[run] if len(run) else np.zeros(0)
    turned = np.zeros(len(first), np.bool_)
    hand = np.abs((towards[1:] - towards[:-1] + 180.0) % 360.0 - 180.0)
    moved = (speed_class[1:] > 0) & (speed_class[:-1] > 0)
    turned[1:] = moved & (last[:-1] == first[1:]) & (hand >= _TURN_DEG)
    legs = _Legs(
        s.mmsi[first],
        s.t[first],
        s.lon[first],
        s.lat[first],
        ms,
        np.rint(way * 1000.0).astype(np.int64),
        speed_class,
        (speed_class == _TOW) & (lasts >= _TOW_MS),
        turned,
    )
    return _by_day(legs)


def _by_day(legs: _Legs) -> _Legs:
    """Return the legs, each shared out by time among the UTC days that it touches.

    ``day`` comes as the time at which a leg begins.
    """
    done, rest = [], legs
    while len(rest.ms):
        day = rest.day // _DAY_MS
        here = np.minimum(rest.ms, (day + 1) * _DAY_MS - rest.day)
        share = np.divide(here, rest.ms, out=np.ones(len(here)), where=rest.ms > 0)
        mm = np.rint(rest.mm * share).astype(np.int64)
        done.append(rest._replace(day=day, ms=here, mm=mm))
        more = rest.ms > here
        rest = _Legs(
            rest.mmsi[more],
            (day[more] + 1) * _DAY_MS,
            rest.lon[more],
            rest.lat[more],
            (rest.ms - here)[more],
            (rest.mm - mm)[more],
            rest.speed_class[more],
            rest.tows[more],
            np.zeros(int(more.sum()), np.bool_),
        )
    if len(done) == 1:
        return done[0]
    return _Legs(*(np.concatenate(part) for part in zip(*done, strict=True))) if done else legs


def days(s: Sailed) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add up what each MMSI did on each UTC day, and where it was: ``DAYS`` and ``HAUNTS``.

    Speeds are made good between the first positions in each five minutes of a track: the noise of
    positions is below 0.2 kn there. A leg counts in the cell that it begins in. Rows are by MMSI
    and date; those of other vessels may be put below them. A vessel heard only once on a day has
    none of that day.
    """
    legs = _legs(s)
    row = pl.DataFrame(
        {
            "mmsi": legs.mmsi,
            "date": legs.day.astype(np.int32),
            "ms": legs.ms,
            "mm": legs.mm,
            "class": legs.speed_class,
            "tows": legs.tows,
            "turned": legs.turns,
            "lon": legs.lon,
            "lat": legs.lat,
        }
    ).with_columns(pl.col("date").cast(pl.Date))
    ms = pl.col("ms")
    done = row.group_by("mmsi", "date").agg(
        *((ms.filter(pl.col("class") == k).sum() / _HOUR_MS).alias(h) for k, h in enumerate(HOURS)),
        (ms.filter("tows").sum() / _HOUR_MS).alias("tow_h"),
        (pl.col("mm").sum() / 1e6).alias("path_km"),
        pl.col("turned").sum().alias("turns"),
    )
    been = (
        row.with_columns(*cell(pl.col("lon"), pl.col("lat")))
        .group_by("mmsi", "date", "row", "col")
        .agg((ms.sum() / 60_000).alias("minutes"))
    )
    # Rounded, since Polars divides differently by where a row stands in a table.
    digits = pl.selectors.float().round(6)
    return (
        done.with_columns(digits).select(DAYS.names()).cast(DAYS).sort("mmsi", "date"),
        been.with_columns(digits)
        .select(HAUNTS.names())
        .cast(HAUNTS)
        .sort("mmsi", "date", "row", "col"),
    )


def profiles(
    days: pl.DataFrame,
    events: pl.DataFrame,
    vessels: pl.DataFrame,
    *,
    rule: LifeRule | None = None,
) -> pl.DataFrame:
    """Tell what each MMSI ordinarily does.

    The ship type is what a vessel says; it is believed as far as its movements agree. A boat that
    says fishing and never fishes is ``unknown``, and so is a cargo ship that makes 25 kn.

    Parameters
    ----------
    days : DataFrame
        ``DAYS``, of all days that count.
    events : DataFrame
        ``EVENTS``; berth visits (stops where there are none) tell ferries, rendezvous tell pilots.
    vessels : DataFrame
        mmsi, ship_type, length_m.

    Returns
    -------
    DataFrame
        ``PROFILES``, by MMSI, one row for each of ``vessels`` and ``days``.
    """
    use = rule or LifeRule()
    known = vessels.select(
        "mmsi", pl.col("ship_type").cast(pl.UInt8), pl.col("length_m").cast(pl.Float64)
    ).unique("mmsi", keep="first", maintain_order=True)
    done = days.group_by("mmsi").agg(
        pl.col(*HOURS, "tow_h").sort().sum(),
        pl.len().cast(pl.UInt32).alias("days"),
        (pl.col("tow_h") >= use.tow_h).sum().alias("tow_days"),
        (pl.col("slow_h") >= use.slow_h).sum().alias("slow_days"),
        (pl.sum_horizontal(HOURS[2:]) >= 1.0).sum().alias("out_days"),
    )
    row = (
        known.join(done, on="mmsi", how="full", coalesce=True)
        .with_columns(
            pl.col(*HOURS, "tow_h", "days", "tow_days", "slow_days", "out_days").fill_null(0)
        )
        .join(shuttles(events), on="mmsi", how="left")
        .join(short_meetings(events, known), on="mmsi", how="left")
        .with_columns(pl.col("trips", "most_trips", "ships", "meetings").fill_null(0))
    )
    return (
        judged(row, use)
        .with_columns(
            pl.when(pl.col("pattern") == "ferry").then(pl.col("end_lon", "end_lat")).otherwise(None)
        )
        .select(PROFILES.names())
        .cast(PROFILES)
        .sort("mmsi")
    )
