"""What sensors saw, as tracks: numbered, and in the shape that the behaviours run on."""

import hashlib
import json
from typing import Any

import numpy as np
import polars as pl

from ais._plane import KNOT, METRES_PER_DEGREE
from ais.schema import EVENTS, TIME, empty

FIRST_PSEUDO = 4_000_000_000
"""Numbers from here on stand for sensor tracks where an MMSI is wanted: no MMSI has ten digits."""

ORDER = ("sensor", "track_id", "t", "lon", "lat", "detection_id")
_MAPPING = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "sensor": pl.String(),
        "track_id": pl.String(),
        "t0": TIME,
        "t1": TIME,
        "n_positions": pl.UInt32(),
    }
)


def numbered(detections: pl.DataFrame, *, track_gap_s: float) -> pl.DataFrame:
    """Return detections with ``sensor_track`` (u32, null where the sensor follows nothing).

    Sensors use a number again: a silence longer than ``track_gap_s`` ends a track. Tracks are
    numbered from 0 by their first time, sensor and id. Rows are sorted by sensor, track and time;
    those without time or place are left out, and of several with one id all but the first.
    """
    placed = pl.all_horizontal(pl.col("lon", "lat").is_finite(), pl.col("t").is_not_null())
    rows = (
        detections.filter(placed)
        .sort(*ORDER, maintain_order=True)
        .unique("detection_id", keep="first", maintain_order=True)
    )
    silent = pl.col("t").diff() > pl.duration(milliseconds=round(track_gap_s * 1000))
    piece = silent.fill_null(value=False).cum_sum().over("sensor", "track_id")
    rows = rows.with_columns(_piece=piece)
    known = (
        rows.filter(pl.col("track_id").is_not_null())
        .group_by("sensor", "track_id", "_piece")
        .agg(_t0=pl.col("t").min())
        .sort("_t0", "sensor", "track_id")
        .with_row_index("sensor_track")
        .drop("_t0")
    )
    return (
        rows.join(known, on=["sensor", "track_id", "_piece"], how="left", maintain_order="left")
        .sort("sensor", "sensor_track", "t", "lon", "lat", "detection_id", nulls_last=True)
        .drop("_piece")
    )


def as_tracks(rows: pl.DataFrame, number: str) -> pl.DataFrame:
    """Return detections in the columns of `ais.tracks.tracks`, column ``number`` as track and MMSI.

    Rows are sorted by number and time. Heading and status are null, the class is "other".
    """
    ordered = rows.sort(number, "t", "lon", "lat", maintain_order=True)
    begins = pl.col("track_id") != pl.col("track_id").shift(1)
    begins = begins.fill_null(value=True)
    out = ordered.select(
        (pl.col(number).cast(pl.Int64) + FIRST_PSEUDO).cast(pl.UInt32).alias("mmsi"),
        "t",
        "lon",
        "lat",
        pl.col("sog_kn").cast(pl.Float32),
        pl.col("cog_deg").cast(pl.Float32),
        heading_deg=pl.lit(None, pl.Float32),
        status=pl.lit(None, pl.UInt8),
        msg_type=pl.lit(0, pl.UInt8),
        cls=pl.lit("other"),
        source=pl.col("sensor"),
        track_id=pl.col(number).cast(pl.UInt32),
    )
    lon, lat = out["lon"].to_numpy(), out["lat"].to_numpy()
    dx = (np.diff(lon, prepend=lon[:1]) + 180.0) % 360.0 - 180.0
    middle = np.radians(lat - 0.5 * np.diff(lat, prepend=lat[:1]))
    step = np.hypot(dx * np.cos(middle), np.diff(lat, prepend=lat[:1])) * METRES_PER_DEGREE
    seconds = pl.col("t").diff().dt.total_milliseconds() / 1000.0
    return (
        out.with_columns(step_m=pl.Series(step, dtype=pl.Float32), step_s=seconds.cast(pl.Float32))
        .with_columns(
            pl.when(begins).then(None).otherwise("step_m").alias("step_m"),
            pl.when(begins).then(None).otherwise("step_s").alias("step_s"),
        )
        .with_columns(
            implied_kn=pl.when(pl.col("step_s") > 0).then(
                pl.col("step_m") / (pl.col("step_s") * KNOT)
            ),
            impossible=pl.lit(value=False),
        )
    )


def tracks_of(
    detections: pl.DataFrame, *, track_gap_s: float = 1800.0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what sensors followed as tracks that behaviours run on, and whose each is.

    Parameters
    ----------
    detections : DataFrame
        ``DETECTIONS``, in any order; those without ``track_id`` are left out. To look at dark
        ones alone, give those whose verdict (`ais.dark`) is dark.
    track_gap_s : float
        A silence longer than this ends a track, since sensors use a number again.

    Returns
    -------
    tracks : DataFrame
        The columns of `ais.tracks.tracks`; ``mmsi`` is 4,000,000,000 and more, a number for each
        track, that is no MMSI.
    mapping : DataFrame
        mmsi (that number), sensor, track_id, t0, t1, n_positions.
    """
    rows = numbered(detections, track_gap_s=track_gap_s).filter(
        pl.col("sensor_track").is_not_null()
    )
    mapping = (
        rows.group_by("sensor_track")
        .agg(
            pl.col("sensor", "track_id").first(),
            t0=pl.col("t").min(),
            t1=pl.col("t").max(),
            n_positions=pl.len(),
        )
        .sort("sensor_track")
        .with_columns(mmsi=pl.col("sensor_track").cast(pl.Int64) + FIRST_PSEUDO)
        .select(_MAPPING.names())
        .cast(_MAPPING)
    )
    return as_tracks(rows, "sensor_track"), mapping


def sensed_id(kind: str, sensor: str, track: str, t0_ms: int) -> str:
    """Return the id of an event of one sensor's track or detection: the same as it goes on."""
    text = f"{kind}|{sensor}|{track}|{t0_ms}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def on_sensor_tracks(events: pl.DataFrame, mapping: pl.DataFrame) -> pl.DataFrame:
    """Return events found on `tracks_of` as events of no known vessel.

    Parameters
    ----------
    events : DataFrame
        ``EVENTS`` whose ``mmsi`` are the numbers of ``mapping``; others are left out. Those that
        name each other by id (a dash what went before it) are to be given together.
    mapping : DataFrame
        As `tracks_of` returns it.

    Returns
    -------
    DataFrame
        ``EVENTS`` with ``mmsi`` null, ``sensor`` and ``track_id`` in the evidence, and an id made
        of kind, sensor, track and start; sorted by time and id.
    """
    if not events.height:
        return empty(EVENTS)
    whose = mapping.select("mmsi", "sensor", "track_id").rename({"track_id": "sensor_track"})
    rows = events.join(whose, on="mmsi", how="inner", maintain_order="left")
    marks = rows.select("kind", "sensor", "sensor_track", pl.col("t0").dt.epoch("ms")).rows()
    ids = dict(zip(rows["event_id"], (sensed_id(*mark) for mark in marks), strict=True))
    evidence = [
        json.dumps(
            {**_renamed(json.loads(told), ids), "sensor": sensor, "track_id": track},
            ensure_ascii=False,
            allow_nan=False,
        )
        for told, (_, sensor, track, _) in zip(rows["evidence"], marks, strict=True)
    ]
    return (
        rows.with_columns(
            event_id=pl.col("event_id").replace_strict(ids, return_dtype=pl.String),
            mmsi=pl.lit(None, pl.UInt32),
            evidence=pl.Series(evidence, dtype=pl.String),
        )
        .select(EVENTS.names())
        .sort("t0", "kind", "event_id")
    )


def _renamed(value: Any, ids: dict[str, str]) -> Any:  # noqa: ANN401
    """Return a value of evidence in which events that are named bear their new ids."""
    if isinstance(value, dict):
        return {key: _renamed(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value
