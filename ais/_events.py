"""Put behaviours found by kernels into the shape of ``EVENTS``."""

import hashlib
import json
from typing import Any, NamedTuple

import numba
import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, Point

from ais._arrays import Array, Floats, Ints
from ais._plane import METRES_PER_DEGREE
from ais.schema import EVENTS, TIME, empty

MAX_VERTICES = 100
_RULE = "behaviours 2"


class Sailed(NamedTuple):
    """The positions of tracks as arrays: vessel by vessel, each track whole and in time order.

    A vessel is one hull under one MMSI; ``vessel`` numbers them. ``t`` is in ms since 1970 (UTC),
    ``sog`` in knots, ``cog`` and ``heading`` in degrees (all NaN where not told), ``status`` 255
    where not told, ``cls`` 0 for class A, 1 for B, 2 for others.
    """

    mmsi: NDArray[np.uint32]
    vessel: NDArray[np.int64]
    track: NDArray[np.int64]
    t: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    sog: NDArray[np.float32]
    cog: NDArray[np.float32]
    heading: NDArray[np.float32]
    status: NDArray[np.uint8]
    cls: NDArray[np.uint8]


def sailed(tracks: pl.DataFrame) -> Sailed:
    """Return the possible positions of ``tracks``, by vessel, track and time.

    Without the column ``hull`` (`ais.hulls.assign`) an MMSI is one vessel.
    """
    rows = tracks.filter(pl.col("track_id").is_not_null())
    if "hull" not in rows.columns:
        rows = rows.with_columns(hull=pl.lit(0, pl.UInt8))
    order = ("mmsi", "hull", "track_id", "t")
    if not rows["track_id"].is_sorted() or rows["hull"].max() not in (0, None):
        rows = rows.sort(order, maintain_order=True)
    sog, cog, heading = (
        rows[name].cast(pl.Float32).fill_null(float("nan")).to_numpy()
        for name in ("sog_kn", "cog_deg", "heading_deg")
    )
    return Sailed(
        rows["mmsi"].to_numpy(),
        rows.select(pl.struct("mmsi", "hull").rle_id()).to_series().cast(pl.Int64).to_numpy(),
        rows["track_id"].cast(pl.Int64).to_numpy(),
        rows["t"].dt.epoch("ms").to_numpy(),
        rows["lon"].to_numpy(),
        rows["lat"].to_numpy(),
        sog,
        cog,
        heading,
        rows["status"].fill_null(255).to_numpy(),
        rows["cls"].replace_strict({"A": 0, "B": 1}, default=2, return_dtype=pl.UInt8).to_numpy(),
    )


def event_id(
    kind: str, why: object, mmsi: int, other: int | None, t0_ms: int, lon: float, lat: float
) -> str:
    """Return the id of an event: the same for the same kind, vessels, start and place of the start.

    The place tells two hulls apart that send one MMSI in the same second. Where it ends has no
    part in it: an event that goes on stays the same event. ``why`` tells those of one kind apart
    that begin at once; a list of reasons may grow, and has no part in it.
    """
    sort = why if isinstance(why, str) else ""
    text = f"{kind}{sort}|{mmsi}|{'' if other is None else other}|{t0_ms}|{lon:.2f}|{lat:.2f}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def lengths_of(mmsi: NDArray[np.uint32], statics: pl.DataFrame) -> NDArray[np.float64]:
    """Return the last known length of each MMSI in metres, NaN where none is."""
    known = (
        statics.filter(pl.col("length_m") > 0)
        .sort("t")
        .group_by("mmsi", maintain_order=True)
        .agg(pl.col("length_m").last())
        .sort("mmsi")
    )
    if not known.height:
        return np.full(len(mmsi), np.nan)
    key = known["mmsi"].to_numpy()
    at = np.minimum(np.searchsorted(key, mmsi), len(key) - 1)
    return np.where(key[at] == mmsi, known["length_m"].to_numpy()[at], np.nan)


def lines(s: Sailed, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[Any]:
    """Return the way from row ``first`` to row ``last`` of each event as WKB.

    A way of more than 100 positions is thinned evenly; one of a single position is a point.
    """
    parts = []
    owner = []
    for e, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        n = min(b - a + 1, MAX_VERTICES)
        rows = np.linspace(a, b, n).round().astype(np.int64) if n > 1 else np.array([a, a])
        parts.append(rows)
        owner.append(np.full(len(rows), e))
    if not parts:
        return np.array([], dtype=object)
    row = np.concatenate(parts)
    drawn = np.asarray(
        shapely.linestrings(
            np.column_stack([s.lon[row], s.lat[row]]), indices=np.concatenate(owner)
        )
    )
    still = first == last
    if still.any():
        drawn[still] = shapely.points(s.lon[first[still]], s.lat[first[still]])
    return np.asarray(shapely.to_wkb(drawn))


def _short_way(wkb: NDArray[Any]) -> NDArray[Any]:
    """Return ways with those over the antimeridian in parts, on either side of it."""
    drawn = np.asarray(shapely.from_wkb(wkb), dtype=object)
    west, _, east, _ = shapely.bounds(drawn).T
    long = np.flatnonzero(east - west > 180.0)
    if not len(long):
        return wkb
    wkb = wkb.copy()
    for e in long:
        wkb[e] = shapely.to_wkb(_parted(shapely.get_coordinates(drawn[e])))
    return wkb


def _parted(way: NDArray[np.float64]) -> MultiLineString | Point:
    over = np.flatnonzero(np.abs(np.diff(way[:, 0])) > 180.0) + 1
    parts = [part for part in np.split(way, over) if len(part) > 1]
    return MultiLineString(parts) if parts else Point(way[0])


def events(
    kind: str,
    *,
    mmsi: NDArray[np.uint32],
    t0: NDArray[np.int64],
    t1: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    wkb: NDArray[Any],
    evidence: list[dict[str, Any]],
    rule: str,
    begun: tuple[NDArray[np.float64], NDArray[np.float64]],
    other: NDArray[np.uint32] | None = None,
) -> pl.DataFrame:
    """Return a table of ``EVENTS``, sorted by time, of behaviours of one kind.

    ``lon, lat`` is the place to show each at, ``begun`` the lon, lat where it began, ``other`` the
    MMSIs of the other parties, if there are any.
    """
    if not len(mmsi):
        return empty(EVENTS)
    others: list[int | None] = [None] * len(mmsi) if other is None else other.tolist()
    starts = zip(
        [one.get("why") for one in evidence],
        mmsi.tolist(),
        others,
        t0.tolist(),
        begun[0].tolist(),
        begun[1].tolist(),
        strict=True,
    )
    return pl.DataFrame(
        {
            "event_id": [event_id(kind, *start) for start in starts],
            "kind": [kind] * len(mmsi),
            "mmsi": mmsi,
            "other_mmsi": pl.Series(others, dtype=pl.UInt32),
            "t0": pl.Series(t0).cast(TIME),
            "t1": pl.Series(t1).cast(TIME),
            "lon": lon,
            "lat": lat,
            "geometry": _short_way(wkb).tolist(),
            "evidence": [json.dumps(e, ensure_ascii=False, allow_nan=False) for e in evidence],
            "version": pl.Series([1] * len(mmsi), dtype=pl.UInt16),
            "algorithm": [f"{_RULE}: {rule}"] * len(mmsi),
        },
        schema=EVENTS,
    ).sort("t0", "mmsi", "event_id")


def rounded(value: float, digits: int = 1) -> float | None:
    """Return a figure as it stands in evidence; None when it is not known."""
    return round(float(value), digits) if np.isfinite(value) else None


@numba.njit(cache=True, nogil=True)
def _beyond(
    lon: Floats, lat: Floats, b_lon: Floats, b_lat: Floats, b_radius: Floats, reach: float
) -> Floats:
    n = lon.shape[0]
    out = np.full(n, np.inf)
    most = b_radius.max() + reach
    window = most / 111_000.0
    for i in range(n):
        k = np.searchsorted(b_lat, lat[i] - window)
        scale = np.cos(np.radians(lat[i]))
        while k < b_lat.shape[0] and b_lat[k] <= lat[i] + window:
            dx = abs(b_lon[k] - lon[i])
            dx = min(dx, 360 - dx) * scale * METRES_PER_DEGREE
            if dx <= most:
                dy = (b_lat[k] - lat[i]) * METRES_PER_DEGREE
                out[i] = min(out[i], np.sqrt(dx * dx + dy * dy) - b_radius[k])
            k += 1
        if out[i] > reach:
            out[i] = np.inf
    return out


def beyond_berths(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    berths: pl.DataFrame,
    *,
    reach_m: float = 1000.0,
) -> NDArray[np.float64]:
    """Return how far each position is outside the nearest berth's or anchorage's circle.

    Negative inside a circle; infinite farther out than ``reach_m``. ``berths`` has columns
    lon, lat, radius_m.
    """
    if not berths.height:
        return np.full(len(lon), np.inf)
    ordered = berths.sort("lat")
    x, y, r = (ordered[c].cast(pl.Float64).to_numpy() for c in ("lon", "lat", "radius_m"))
    return _beyond(lon, lat, x, y, r, reach_m)


class Digests(NamedTuple):
    """Sums of hashes of positions, by MMSI and time."""

    mmsi: NDArray[np.uint32]
    t: NDArray[np.int64]
    sums: NDArray[np.uint64]

    @classmethod
    def of(cls, s: Sailed) -> "Digests":
        """Sum up the hashes of all positions in ``s``."""
        mmsi, t, hashes = s.mmsi, s.t, _hashes(s.t, s.lon, s.lat)
        later = (mmsi[1:] > mmsi[:-1]) | ((mmsi[1:] == mmsi[:-1]) & (t[1:] >= t[:-1]))
        if not later.all():
            order = np.lexsort((t, mmsi))
            mmsi, t, hashes = mmsi[order], t[order], hashes[order]
        return cls(mmsi, t, np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes)]))

    def told_in(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return events with ``positions_sum`` in the evidence: a digest of the positions used.

        The sum, modulo 2^64 and in hexadecimal, of a hash of each position (t in ms, lon, lat) of
        the MMSI from the event's beginning to its end that is part of a track: whoever has these
        positions gets the same, in whatever order, and nobody who lacks one.
        """
        if events.is_empty():
            return events
        whose = events["mmsi"].to_numpy()
        t0, t1 = (events[name].dt.epoch("ms").to_numpy() for name in ("t0", "t1"))
        first = _rows_before(self.mmsi, self.t, whose, t0)
        last = _rows_before(self.mmsi, self.t, whose, t1 + 1)
        told = [
            f', "positions_sum": "{digest:016x}"}}' for digest in self.sums[last] - self.sums[first]
        ]
        return events.with_columns(
            evidence=pl.col("evidence").str.strip_suffix("}") + pl.Series(told, dtype=pl.String)
        )


@numba.njit(cache=True, nogil=True)
def _rows_before(mmsi: Array, t: Array, of: Array, when: Array) -> Ints:
    """Return how many rows, by (mmsi, t), come before each vessel's time."""
    out = np.empty(len(of), np.int64)
    for e in range(len(of)):
        low, high = 0, len(t)
        while low < high:
            middle = (low + high) // 2
            if mmsi[middle] < of[e] or (mmsi[middle] == of[e] and t[middle] < when[e]):
                low = middle + 1
            else:
                high = middle
        out[e] = low
    return out


@numba.njit(cache=True, nogil=True)
def _hashes(t: Ints, lon: Floats, lat: Floats) -> Array:
    """Return a 64-bit hash of each position (splitmix64; Steele, Lea and Flood, OOPSLA 2014)."""
    out = np.empty(len(t), np.uint64)
    for i in range(len(t)):
        x = np.uint64(0)
        for value in (t[i], np.int64(np.round(lon[i] * 1e7)), np.int64(np.round(lat[i] * 1e7))):
            x = (x ^ np.uint64(value)) + np.uint64(0x9E3779B97F4A7C15)
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            x = x ^ (x >> np.uint64(31))
        out[i] = x
    return out
