"""Tell which detections of radar, camera and satellite are vessels that AIS tells of."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais import _matching as kernels
from ais._arrays import Bools, Floats, Ints
from ais._events import lengths_of
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


@dataclass(frozen=True)
class Gates:
    """How far a detection may be from a vessel's place, and still be that vessel.

    The place at a detection's time is interpolated between two positions at most
    ``interpolate_s`` apart, or else reckoned on from the nearer one at its speed and course for
    at most ``reckon_s``. How far off that may be (one standard deviation) is made up of
    ``position_m``; the sensor's error (``sensor_error_m`` where a detection tells none);
    ``antenna_share`` of the vessel's length, since a sensor sees its middle; its speed times
    ``clock_s``, by which clocks differ; and what it may have changed its way by: the greater of
    ``unsteady_mps`` and ``unsteady_share`` of its speed (``unknown_mps`` where it tells none) for
    each second away from a position (between two positions a and b seconds off: ab / (a + b)).

    The cost of a pair is (distance / deviation)² + 4 ln (deviation / least deviation), and what
    speaks against it: lengths that differ by ``length_ratio`` cost 1, more with the square of the
    log, at most ``length_cost``; a kind of ship that does not go with the class ``class_cost``.
    It is within the gates if the cost is at most ``sigmas`` squared.

    Detections of a sensor within ``frame_s`` of the first are one frame, in which a vessel is
    seen once. A sensor track ends at a silence over ``track_gap_s``. It is a vessel's if within
    the gates for at least ``least_share`` of the detections at whose time the vessel was heard,
    and that is at least ``least_heard`` of the track's. Two tracks of one sensor that overlap by
    more than ``handover_s`` or half of the shorter are not one vessel's. ``near_m`` is how far
    the nearest vessel is looked for.
    """

    sigmas: float = 3.5
    position_m: float = 15.0
    sensor_error_m: float = 50.0
    antenna_share: float = 0.3
    interpolate_s: float = 600.0
    reckon_s: float = 300.0
    unsteady_mps: float = 0.5
    unsteady_share: float = 0.25
    unknown_mps: float = 5.0
    clock_s: float = 3.0
    length_ratio: float = 1.6
    length_cost: float = 4.0
    class_cost: float = 2.0
    frame_s: float = 1.0
    track_gap_s: float = 1800.0
    least_share: float = 0.6
    least_heard: float = 0.2
    handover_s: float = 60.0
    near_m: float = 5000.0


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
    crossed, taken = _by_tracks(heard, seen, limits, use, sensor, track, who, voyage)
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


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _seen(rows: pl.DataFrame, use: Gates) -> kernels.Seen:
    """Return detections as arrays, in the order of the rows."""
    mask = rows["cls"].replace_strict(_MASKS, default=_ANY, return_dtype=pl.Int64)
    error = rows["error_m"].cast(pl.Float64).fill_null(use.sensor_error_m)
    return kernels.Seen(
        rows["t"].dt.epoch("ms").to_numpy(),
        rows["lon"].to_numpy(),
        rows["lat"].to_numpy(),
        error.clip(1.0).to_numpy(),
        _floats(rows["length_m"]),
        mask.fill_null(_ANY).to_numpy(),
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
    sog, cog = (_floats(used[c] if c in more else nowhere) for c in ("sog_kn", "cog_deg"))
    number = used.select(pl.struct(voyage).rle_id()).to_series().to_numpy()
    first = np.flatnonzero(np.diff(number, prepend=-1))
    mmsi = used["mmsi"].cast(pl.UInt32).to_numpy()[first]
    length = lengths_of(mmsi, statics)
    heard = kernels.Heard(
        used["t"].dt.epoch("ms").to_numpy(), used["lon"].to_numpy(), used["lat"].to_numpy(),
        sog, cog, np.append(first, used.height).astype(np.int64), length,
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


def _by_tracks(
    heard: kernels.Heard,
    seen: kernels.Seen,
    limits: kernels.Limits,
    use: Gates,
    sensor: Ints,
    track: Ints,
    who: pl.DataFrame,
    voyage: Ints,
) -> tuple[Bools, Bools]:
    """Give whole sensor tracks to voyages, in ``voyage``.

    Returns
    -------
    The detections on whose track a vessel was within the gates, and those that one would explain.
    """
    crossed, taken = np.zeros(len(track), np.bool_), np.zeros(len(track), np.bool_)
    begins = np.flatnonzero((np.diff(track, prepend=-1) != 0) & (track >= 0))
    if not len(begins):
        return crossed, taken
    ends = np.append(np.flatnonzero(np.diff(track) != 0), len(track) - 1)
    ends = ends[track[ends] >= 0]
    at = np.full(int(track.max()) + 1, -1, np.int64)
    at[track[begins]] = np.arange(len(begins))
    pairs = np.column_stack([at[track[who["d"].to_numpy()]], who["u"].to_numpy()])
    pairs = np.unique(pairs[track[who["d"].to_numpy()] >= 0], axis=0)
    if not len(pairs):
        return crossed, taken
    first, last = begins[pairs[:, 0]], ends[pairs[:, 0]]
    known, explained, gain = kernels.wholes(heard, seen, first, last, pairs[:, 1], limits)
    fits = (explained >= use.least_share * known) & (known >= use.least_heard * (last - first + 1))
    _mark(crossed, first, last)
    _mark(taken, first[fits], last[fits])
    given = _give_tracks(
        pl.DataFrame(
            {
                "k": pairs[fits, 0], "u": pairs[fits, 1], "gain": gain[fits],
                "sensor": sensor[first[fits]], "t0": seen.t[first[fits]],
                "t1": seen.t[last[fits]],
            }
        ),
        round(use.handover_s * 1000),
    )  # fmt: skip
    for k, u in given.select("k", "u").iter_rows():
        voyage[begins[k] : ends[k] + 1] = u
    return crossed, taken


def _mark(rows: Bools, first: Ints, last: Ints) -> None:
    edge = np.zeros(len(rows) + 1, np.int64)
    np.add.at(edge, first, 1)
    np.add.at(edge, last + 1, -1)
    rows |= np.cumsum(edge[:-1]) > 0


def _give_tracks(fits: pl.DataFrame, handover_ms: int) -> pl.DataFrame:
    """Return the pairs of sensor track and voyage that go together.

    A voyage may have several tracks of a sensor, one after another: those that overlap in time
    compete for it, and what is left over is given in further rounds.
    """
    done: list[pl.DataFrame] = []
    left = fits
    while left.height:
        ordered = left.sort("sensor", "u", "t0", "t1", "k")
        until = pl.col("t1").cum_max().shift(1).over("sensor", "u")
        spare = pl.min_horizontal(pl.lit(handover_ms), (pl.col("t1") - pl.col("t0")) // 2)
        apart = (pl.col("t0") >= until - spare).fill_null(value=True)
        slot = ordered.select(pl.struct("sensor", "u", apart.cum_sum()).rle_id()).to_series()
        ordered = ordered.with_columns(slot=slot.cast(pl.Int64)).sort("t0", "k", "u")
        chosen = ordered.filter(
            pl.Series(
                best_pairs(
                    ordered["k"].to_numpy(), ordered["slot"].to_numpy(), ordered["gain"].to_numpy()
                )
            )
        )
        done.append(chosen.drop("slot"))
        left = left.join(chosen, on="k", how="anti")
        busy = left.join(
            pl.concat(done).select("sensor", "u", b0="t0", b1="t1"), on=["sensor", "u"]
        ).filter(
            pl.min_horizontal("t1", "b1") - pl.max_horizontal("t0", "b0")
            > pl.min_horizontal(
                pl.lit(handover_ms),
                (pl.col("t1") - pl.col("t0")) // 2,
                (pl.col("b1") - pl.col("b0")) // 2,
            )
        )
        left = left.join(busy, on=["k", "u"], how="anti")
    return pl.concat(done) if done else fits


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
