"""Tell which detections of radar, camera and satellite are vessels that AIS tells of."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais import _matching as kernels
from ais._arrays import Bools, Floats, Ints
from ais._events import lengths_of
from ais._gates import Gates as Gates
from ais._matching_tracks import give_tracks
from ais._pairing import best_pairs
from ais._plane import METRES_PER_DEGREE
from ais.detections import numbered
from ais.schema import STATICS, empty

MATCHED = pl.Schema(
    {
        "detection_id": pl.String(),
        "mmsi": pl.UInt32(),
        "distance_m": pl.Float32(),
        "cost": pl.Float32(),
        "why": pl.String(),
        "nearest_mmsi": pl.UInt32(),
        "nearest_m": pl.Float32(),
    }
)
"""Whose each detection is. ``mmsi`` is null where no vessel explains it; ``distance_m`` and
``cost`` are null too where its vessel was not heard about then. ``nearest_mmsi`` is the vessel
heard nearest to it, explained or not."""

REASONS = {
    "plot": "alone in its frame within the gates, or the best of those that are",
    "track": "its sensor track is the vessel's, and it lies within the gates",
    "track_outside": "its sensor track is the vessel's, though it lies outside the gates",
    "track_silent": "its sensor track is the vessel's, which was not heard about then",
    "none_near": "no vessel within the gates",
    "taken": "the vessels within the gates explain other detections better",
    "crossing": "vessels came within the gates of its track, and explain too little of it",
}


_UNKNOWN, _FISHING, _LARGE, _PASSENGER, _SMALL, _WORKING = range(6)
_ANY = (1 << 6) - 1
_MASKS = {
    "small_boat": _ANY & ~(1 << _LARGE),
    "fishing": _ANY & ~(1 << _LARGE | 1 << _PASSENGER),
    "cargo": 1 << _UNKNOWN | 1 << _LARGE,
    "tanker": 1 << _UNKNOWN | 1 << _LARGE,
    "passenger": _ANY & ~(1 << _LARGE | 1 << _FISHING),
}


def match(
    detections: pl.DataFrame,
    positions: pl.DataFrame,
    *,
    statics: pl.DataFrame | None = None,
    gates: Gates | None = None,
) -> pl.DataFrame:
    """Give each detection the vessel that explains it, or none.

    Sensor tracks are given as wholes, so that a vessel that crosses one takes none of its plots;
    what a sensor does not follow is given frame by frame. Each sensor is taken by itself. Among
    all ways to give them, each vessel once a frame, the one with the least sum of costs is taken,
    a detection left unexplained costing as much as one at the edge of the gates.

    Parameters
    ----------
    detections : DataFrame
        ``DETECTIONS`` in any order, each id once.
    positions : DataFrame
        mmsi, t, lon, lat, in any order, of all transmitters (aids explain echoes too); sog_kn,
        cog_deg, hull and track_id are used where there. Impossible ones (no track) are left out.
    statics : DataFrame, optional
        ``STATICS``, for lengths and types of ship.

    Returns
    -------
    DataFrame
        ``MATCHED``, one row for each detection that has time and place, by time and id; ``why``
        is a key of ``REASONS``. The same for any order of rows.
    """
    use = gates or Gates()
    rows = numbered(detections, track_gap_s=use.track_gap_s)
    if not rows.height:
        return empty(MATCHED)
    heard, mmsi = _heard(rows, positions, empty(STATICS) if statics is None else statics, use)
    seen, limits = _seen(rows, use), _limits(use)
    who, near, near_m = _candidates(heard, seen, limits)
    track = rows["sensor_track"].fill_null(-1).cast(pl.Int64).to_numpy()
    sensor = rows["sensor"].rank("dense").cast(pl.Int64).to_numpy()
    voyage = np.full(rows.height, -1, np.int64)
    crossed, taken = give_tracks(heard, seen, limits, use, sensor, track, who, voyage)
    _by_frames(seen, use, sensor, track, who, voyage, taken)
    distance, cost = kernels.each(heard, seen, voyage, limits)
    why = _why(track, voyage, distance, cost, crossed, taken, use)
    number = pl.Series(np.append(mmsi, 0), dtype=pl.UInt32)
    return (
        rows.select(
            "t",
            "detection_id",
            pl.when(pl.Series(voyage >= 0)).then(number.gather(voyage % len(number))).alias("mmsi"),
            pl.Series("distance_m", distance, nan_to_null=True).cast(pl.Float32),
            pl.Series("cost", cost, nan_to_null=True).cast(pl.Float32),
            pl.Series("why", why, dtype=pl.String),
            pl.when(pl.Series(near >= 0))
            .then(number.gather(near % len(number)))
            .alias("nearest_mmsi"),
            pl.when(pl.Series(near >= 0)).then(pl.Series(near_m)).cast(pl.Float32)
            .alias("nearest_m"),
        )
        .sort("t", "detection_id")
        .select(MATCHED.names())
    )  # fmt: skip


def _limits(use: Gates) -> kernels.Limits:
    return kernels.Limits(
        use.sigmas, use.position_m, use.antenna_share, round(use.interpolate_s * 1000),
        round(use.reckon_s * 1000), use.unsteady_mps, use.unsteady_share, use.unknown_mps,
        use.clock_s, use.length_ratio, use.length_cost, use.class_cost, use.near_m,
    )  # fmt: skip


def _plain(values: pl.Series | NDArray[Any], dtype: type) -> NDArray[Any]:
    """Return values as an array of one kind: for each other one Numba compiles everything anew."""
    return np.require(values, dtype, ["C", "W"])


def _seen(rows: pl.DataFrame, use: Gates) -> kernels.Seen:
    """Return detections as arrays, in the order of the rows."""
    mask = rows["cls"].replace_strict(_MASKS, default=_ANY, return_dtype=pl.Int64)
    error = rows["error_m"].cast(pl.Float64).fill_null(use.sensor_error_m)
    return kernels.Seen(
        _plain(rows["t"].dt.epoch("ms"), np.int64),
        _plain(rows["lon"], np.float64),
        _plain(rows["lat"], np.float64),
        _plain(error.clip(1.0), np.float64),
        _plain(rows["length_m"].cast(pl.Float64).fill_null(np.nan), np.float64),
        _plain(mask.fill_null(_ANY), np.int64),
    )


def _heard(
    rows: pl.DataFrame, positions: pl.DataFrame, statics: pl.DataFrame, use: Gates
) -> tuple[kernels.Heard, NDArray[np.uint32]]:
    """Return positions about the time of the detections as voyages, and the MMSI of each."""
    wide = pl.duration(milliseconds=round(1000 * max(use.interpolate_s, use.reckon_s)))
    begin, end = rows["t"].min(), rows["t"].max()
    voyage = ["mmsi", *(c for c in ("hull", "track_id") if c in positions.columns)]
    more = [c for c in ("sog_kn", "cog_deg") if c in positions.columns]
    used = (
        positions.lazy()
        .select(*voyage, "t", "lon", "lat", *more)
        .filter(pl.col("t").is_between(pl.lit(begin) - wide, pl.lit(end) + wide))
        .filter(pl.all_horizontal(pl.col(*voyage, "lon", "lat").is_not_null()))
        .sort(*voyage, "t", "lon", "lat", *more)
        .collect()
    )
    nowhere = pl.Series(np.full(used.height, np.nan))
    sog, cog = (
        _plain((used[c] if c in more else nowhere).fill_null(np.nan), np.float64)
        for c in ("sog_kn", "cog_deg")
    )
    number = used.select(pl.struct(voyage).rle_id()).to_series().to_numpy()
    first = np.flatnonzero(np.diff(number, prepend=-1))
    mmsi = used["mmsi"].cast(pl.UInt32).to_numpy()[first]
    length = lengths_of(mmsi, statics)
    heard = kernels.Heard(
        _plain(used["t"].dt.epoch("ms"), np.int64), _plain(used["lon"], np.float64),
        _plain(used["lat"], np.float64), sog, cog,
        np.append(first, used.height).astype(np.int64), _plain(length, np.float64),
        _groups(mmsi, statics, length),
    )  # fmt: skip
    return heard, mmsi


def _groups(mmsi: NDArray[np.uint32], statics: pl.DataFrame, length: Floats) -> Ints:
    """Return what kind of ship each is by its last type told, and by its size."""
    told = (
        statics.filter(pl.col("ship_type") > 0)
        .sort("t", "ship_type")
        .group_by("mmsi", maintain_order=True)
        .agg(pl.col("ship_type").last())
    )
    wanted = pl.DataFrame({"mmsi": pl.Series(mmsi, dtype=pl.UInt32)})
    kind = wanted.join(told, on="mmsi", how="left", maintain_order="left")["ship_type"]
    number = kind.cast(pl.Int64).fill_null(0).to_numpy()
    out = np.full(len(mmsi), _UNKNOWN, np.int64)
    out[np.isin(number, range(31, 60))] = _WORKING
    out[np.isin(number, [36, 37])] = _SMALL
    out[number == 30] = _FISHING
    out[np.isin(number, [*range(40, 50), *range(60, 70)])] = _PASSENGER
    # A ship of 60 m is nobody's small boat, whatever it says it is.
    out[np.isin(number, range(70, 90)) | ((out == _UNKNOWN) & (length >= 60))] = _LARGE
    return out


def _candidates(
    heard: kernels.Heard, seen: kernels.Seen, limits: kernels.Limits
) -> tuple[pl.DataFrame, Ints, Floats]:
    """Return pairs (d, u, gain) within the gates, and the nearest voyage of each detection."""
    bins, rank = np.unique(seen.t // kernels.BIN_MS, return_inverse=True)
    cell_deg = limits.near_m / METRES_PER_DEGREE
    key = kernels.cells(seen.lon, seen.lat, rank.astype(np.int64), cell_deg)
    order = np.lexsort((seen.t, key))
    sorted_seen = kernels.Seen(
        seen.t[order], seen.lon[order], seen.lat[order], seen.error[order], seen.length[order],
        seen.mask[order],
    )  # fmt: skip
    who, how, near, near_m = kernels.candidates(
        heard, sorted_seen, key[order], bins, cell_deg, limits
    )
    nearest, distance = np.empty_like(near), np.empty_like(near_m)
    nearest[order], distance[order] = near, near_m
    pairs = pl.DataFrame(
        {"d": order[who[:, 0]], "u": who[:, 1], "gain": limits.sigmas**2 - how[:, 1]},
        schema={"d": pl.Int64, "u": pl.Int64, "gain": pl.Float64},
    )
    return pairs.sort("d", "u"), nearest, distance


def _by_frames(
    seen: kernels.Seen,
    use: Gates,
    sensor: Ints,
    track: Ints,
    who: pl.DataFrame,
    voyage: Ints,
    taken: Bools,
) -> None:
    """Give detections that no sensor follows to voyages, frame by frame, in ``voyage``."""
    order = np.lexsort((seen.t, sensor))
    frame = np.empty(len(order), np.int64)
    frame[order] = kernels.frames(sensor[order], seen.t[order], round(use.frame_s * 1000))
    here = who.with_columns(frame=pl.Series(frame[who["d"].to_numpy()]))
    followed = pl.DataFrame({"frame": frame[voyage >= 0], "u": voyage[voyage >= 0]})
    alone = here.filter(pl.Series(track[who["d"].to_numpy()] < 0))
    taken[alone["d"].to_numpy()] = True
    # A vessel that the sensor follows is seen in this frame already.
    free = alone.join(followed, on=["frame", "u"], how="anti").sort("d", "u")
    column = free.select(pl.struct("frame", "u").rank("dense")).to_series().cast(pl.Int64)
    row = free["d"].to_numpy()
    chosen = best_pairs(row, column.to_numpy(), free["gain"].to_numpy())
    voyage[row[chosen]] = free["u"].to_numpy()[chosen]


def _why(
    track: Ints,
    voyage: Ints,
    distance: Floats,
    cost: Floats,
    crossed: Bools,
    taken: Bools,
    use: Gates,
) -> NDArray[np.str_]:
    """Return the reason of each detection."""
    of_track = np.where(
        np.isnan(distance),
        "track_silent",
        np.where(cost <= use.sigmas**2, "track", "track_outside"),
    )
    left = np.where(taken, "taken", np.where(crossed, "crossing", "none_near"))
    return np.where(voyage < 0, left, np.where(track < 0, "plot", of_track))
