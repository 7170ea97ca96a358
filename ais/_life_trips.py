"""Find who goes back and forth between two berths, and who meets many ships for a short time."""

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Floats, Ints
from ais._plane import metres

_SAME_M = 300.0
_APART_M = 500.0
_LONGEST_MS = 6 * 3_600_000
_MEETING_MIN = 60
_BIG_M = 50.0


@numba.njit(cache=True, nogil=True)
def _pairs(  # noqa: C901
    owner: Array, t0: Array, t1: Array, lon: Array, lat: Array
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return (owner, trips, most trips between one pair of places, their lon and lat)."""
    n = owner.shape[0]
    most_places = 32
    who, trips, most = np.empty(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    ends = np.zeros((n, 4))
    x, y = np.empty(most_places), np.empty(most_places)
    between = np.zeros((most_places, most_places), np.int64)
    found = 0
    i = 0
    while i < n:
        places = 0
        between[:] = 0
        before = -1
        left = np.int64(0)
        total = 0
        j = i
        while j < n and owner[j] == owner[i]:
            here = -1
            for p in range(places):
                if metres(x[p], y[p], lon[j], lat[j]) <= _SAME_M:
                    here = p
                    break
            if here < 0 and places < most_places:
                here = places
                x[here], y[here] = lon[j], lat[j]
                places += 1
            if before >= 0 and here != before:
                total += 1
                quick = here >= 0 and t0[j] - left <= _LONGEST_MS
                if quick and metres(x[before], y[before], x[here], y[here]) >= _APART_M:
                    a, b = min(before, here), max(before, here)
                    between[a, b] += 1
            before, left = here, t1[j]
            j += 1
        best = 0
        for a in range(places):
            for b in range(a + 1, places):
                if between[a, b] > best:
                    best = between[a, b]
                    ends[found] = np.array([x[a], x[b], y[a], y[b]])
        who[found], trips[found], most[found] = owner[i], total, best
        found += 1
        i = j
    return who[:found].copy(), trips[:found].copy(), most[:found].copy(), ends[:found].copy()


def shuttles(events: pl.DataFrame) -> pl.DataFrame:
    """Return ``mmsi, trips, most_trips, end_lon, end_lat`` of vessels with berth visits or stops.

    A trip leads from one berth to another; one that counts for a pair takes at most six hours.
    Berth visits count; stops, where ``events`` has no berth visits at all.
    """
    visits = events.filter(pl.col("kind") == "berth_visit")
    if not visits.height:
        visits = events.filter(pl.col("kind") == "stop")
    visits = visits.sort("mmsi", "t0", "t1", "event_id")
    who, trips, most, ends = _pairs(
        visits["mmsi"].to_numpy(),
        visits["t0"].dt.epoch("ms").to_numpy(),
        visits["t1"].dt.epoch("ms").to_numpy(),
        visits["lon"].to_numpy(),
        visits["lat"].to_numpy(),
    )
    return pl.DataFrame(
        {
            "mmsi": pl.Series(who, dtype=pl.UInt32),
            "trips": trips,
            "most_trips": most,
            "end_lon": pl.Series(ends[:, :2].tolist(), dtype=pl.List(pl.Float64)),
            "end_lat": pl.Series(ends[:, 2:].tolist(), dtype=pl.List(pl.Float64)),
        }
    )


def short_meetings(events: pl.DataFrame, vessels: pl.DataFrame) -> pl.DataFrame:
    """Return ``mmsi, meetings, ships``: rendezvous, and different ships met for an hour or less.

    A ship is what says that it carries passengers or cargo (types 60 to 89) or is 50 m long.
    """
    met = events.filter((pl.col("kind") == "rendezvous") & pl.col("other_mmsi").is_not_null())
    both = pl.concat(
        [
            met.select("mmsi", "other_mmsi", "t0", "t1"),
            met.select(
                pl.col("other_mmsi").alias("mmsi"), pl.col("mmsi").alias("other_mmsi"), "t0", "t1"
            ),
        ]
    )
    ship = pl.col("ship_type").is_between(60, 89) | (pl.col("length_m") >= _BIG_M)
    ships = vessels.filter(ship.fill_null(value=False))["mmsi"]
    short = pl.col("t1") - pl.col("t0") <= pl.duration(minutes=_MEETING_MIN)
    return both.group_by("mmsi").agg(
        pl.len().alias("meetings"),
        pl.col("other_mmsi")
        .filter(short & pl.col("other_mmsi").is_in(ships.implode()))
        .n_unique()
        .alias("ships"),
    )
