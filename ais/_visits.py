"""Tell who lay at which berth, and for how long."""

import numba
import numpy as np
import polars as pl
import shapely

from ais._arrays import Array, Floats, Ints
from ais._events import events, rounded
from ais._plane import METRES_PER_DEGREE, metres, metres_between
from ais.schema import EVENTS, empty

MINUTE_MS = 60_000
_BACK = 16
_SAME_PLACE_M = 150.0
_SAID = pl.Struct(
    {
        "state": pl.String,
        "duration_min": pl.Float64,
        "spread_m": pl.Float64,
        "n_positions": pl.Int64,
    }
)
_STAY_KEYS = ("berth_id", "berth_kind", "basis", "state", "stay_min", "lay_min", "n_stops")


def visits(
    stops: pl.DataFrame, berths: pl.DataFrame, *, together_min: float = 60.0
) -> pl.DataFrame:
    """Return who lay at which berth, from arrival to departure.

    Parameters
    ----------
    stops : DataFrame
        ``EVENTS`` of kind stop, of any state, in any order.
    berths : DataFrame
        ``BERTHS``, known and learned. A stop belongs to the berth whose circle it lies deepest in.
    together_min : float
        Stops of one vessel that are at most so long apart, at one berth or within 150 m of each
        other, are one stay.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind berth_visit.
    """
    berth = _inside(stops, berths)
    # An MMSI's stops may overlap (two hulls), so that their order needs more than the time.
    stays = stays_of(stops.with_columns(pl.Series("berth", berth))).filter(pl.col("berth") >= 0)
    if stays.is_empty():
        return empty(EVENTS)
    visit = _joined(
        stays["mmsi"].to_numpy(),
        stays["t0"].dt.epoch("ms").to_numpy(),
        stays["t1"].dt.epoch("ms").to_numpy(),
        stays["lon"].to_numpy(),
        stays["lat"].to_numpy(),
        stays["berth"].to_numpy(),
        round(together_min * MINUTE_MS),
    )
    longest = pl.col("duration_min").arg_max()
    found = (
        stays.with_columns(pl.Series("visit", visit))
        .group_by("visit", maintain_order=True)
        .agg(
            pl.col("mmsi").first(),
            pl.col("t0").min(),
            pl.col("t1").max(),
            pl.col("lon", "lat").first().name.prefix("begun_"),
            pl.col("lon", "lat", "state", "berth").get(longest),
            pl.col("duration_min").sum().alias("lay_min"),
            pl.len().alias("n_stops"),
            pl.col("n_positions").sum(),
        )
        .with_columns(stay_min=(pl.col("t1") - pl.col("t0")).dt.total_milliseconds() / MINUTE_MS)
    )
    places = berths.select(
        "berth_id",
        pl.col("kind").alias("berth_kind"),
        "basis",
        pl.col("radius_m").round(1),
        pl.col("lon", "lat").name.prefix("berth_"),
    )[found["berth"]]
    return _visit_events(pl.concat([found, places], how="horizontal"), together_min)


def _visit_events(found: pl.DataFrame, together_min: float) -> pl.DataFrame:
    """Return visits as events, shown where the longest stop was."""
    lon, lat = found["lon"].to_numpy(), found["lat"].to_numpy()
    off_m = metres_between(lon, lat, found["berth_lon"].to_numpy(), found["berth_lat"].to_numpy())
    columns = (*_STAY_KEYS, "radius_m", "n_positions")
    told = found.with_columns(pl.col("stay_min", "lay_min").round(1)).select(columns)
    evidence = [
        {**row, "from_middle_m": rounded(off), "together_min": together_min}
        for row, off in zip(told.iter_rows(named=True), off_m, strict=True)
    ]
    return events(
        "berth_visit",
        mmsi=found["mmsi"].to_numpy(),
        t0=found["t0"].dt.epoch("ms").to_numpy(),
        t1=found["t1"].dt.epoch("ms").to_numpy(),
        lon=lon,
        lat=lat,
        wkb=np.asarray(shapely.to_wkb(shapely.points(lon, lat))),
        evidence=evidence,
        rule="berth_visit",
        begun=(found["begun_lon"].to_numpy(), found["begun_lat"].to_numpy()),
    )


def stays_of(stops: pl.DataFrame) -> pl.DataFrame:
    """Return stops by vessel and time with what their evidence says in columns."""
    return stops.with_columns(pl.col("evidence").str.json_decode(_SAID).struct.unnest()).sort(
        "mmsi", "t0", "t1", "lon", "lat"
    )


def _inside(stops: pl.DataFrame, berths: pl.DataFrame) -> Ints:
    """Return the row of the berth whose circle each stop lies deepest in, -1 for none."""
    if berths.is_empty():
        return np.full(stops.height, -1, np.int64)
    order = np.lexsort([berths[name].to_numpy() for name in ("berth_id", "lon", "lat")])
    x, y, r = (berths[name].to_numpy()[order] for name in ("lon", "lat", "radius_m"))
    found = _deepest(stops["lon"].to_numpy(), stops["lat"].to_numpy(), x, y, r)
    return np.asarray(np.where(found < 0, -1, order[found]), dtype=np.int64)


@numba.njit(cache=True, nogil=True)
def _deepest(lon: Floats, lat: Floats, x: Floats, y: Floats, r: Floats) -> Ints:
    """Return the circle (sorted by latitude) that each place is deepest in, -1 for none."""
    out = np.full(len(lon), -1, np.int64)
    reach = r.max() / METRES_PER_DEGREE
    for i in range(len(lon)):
        best = 0.0
        k = np.searchsorted(y, lat[i] - reach)
        while k < len(y) and y[k] <= lat[i] + reach:
            beyond = metres(lon[i], lat[i], x[k], y[k]) - r[k]
            if beyond <= best and (out[i] < 0 or beyond < best):
                best = beyond
                out[i] = k
            k += 1
    return out


@numba.njit(cache=True, nogil=True)
def _joined(
    mmsi: Array, t0: Ints, t1: Ints, lon: Floats, lat: Floats, berth: Ints, together_ms: int
) -> Ints:
    """Return the visit of each stop, of those sorted by vessel and time."""
    out = np.empty(len(t0), np.int64)
    until = np.empty(len(t0), np.int64)
    visits = 0
    for i in range(len(t0)):
        out[i] = -1
        # The circles of one harbour overlap: a boat that lies between two is at one place.
        for j in range(i - 1, max(i - 1 - _BACK, -1), -1):
            if mmsi[j] != mmsi[i]:
                break
            near = berth[j] == berth[i] or metres(lon[j], lat[j], lon[i], lat[i]) <= _SAME_PLACE_M
            if near and t0[i] - until[out[j]] <= together_ms:
                out[i] = out[j]
                until[out[i]] = max(until[out[i]], t1[i])
                break
        if out[i] < 0:
            out[i] = visits
            until[visits] = t1[i]
            visits += 1
    return out
