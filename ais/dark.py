"""Find what sensors see and no AIS tells of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ais._arrays import Floats, Ints
from ais._events import events, lines, rounded, sailed
from ais._plane import KNOT, METRES_PER_DEGREE
from ais.detections import as_tracks, numbered, sensed_id
from ais.matching import Gates
from ais.schema import EVENTS, empty

Reception = Callable[[Ints, Floats, Floats], Floats]
"""From times (ms since 1970), lon, lat to the probability of hearing a vessel that transmits."""

VERDICTS = {
    "explained": "a vessel that AIS tells of",
    "structure": "the sensor itself takes it for no vessel",
    "fixed": "the same place again and again without moving: an aid, a rock, a moored buoy",
    "brief": "the sensor, which follows what it sees, had it for too few detections",
    "weak": "the sensor is not sure enough of it",
    "dark": "part of a dark target",
}
_PLACES = pl.Schema(
    {
        "sensor": pl.String(),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "detections": pl.UInt32(),
        "hours": pl.UInt32(),
    }
)


@dataclass(frozen=True)
class DarkRule:
    """What of the unexplained is a dark target.

    Detections of which a sensor is less sure than ``least_confidence`` (of a track: the median;
    where it does not say, it is believed) and tracks of fewer than ``least_detections`` are none;
    nor, of a sensor that gives tracks to ``follows_share`` of what it sees, are plots without one.
    Nor is what stays where it is: a place that an echo comes from at least ``fixed_detections``
    times, in at least ``fixed_hours`` different hours and ``fixed_share`` of those in which the
    sensor saw anything (a boat at anchor comes and goes), all within ``fixed_m`` (or twice the
    sensor's error, if that is more), with next to nothing seen round about it
    (``fixed_contrast``: the most that is seen in the next ring, as a share). A track lies still if
    it keeps within that, a detection without track unless it moves at ``still_kn``. Where AIS is
    heard with a probability below ``least_reception``, an event bears a caution.
    """

    least_confidence: float = 0.5
    least_detections: int = 3
    follows_share: float = 0.5
    fixed_detections: int = 10
    fixed_hours: int = 3
    fixed_share: float = 0.3
    fixed_m: float = 50.0
    fixed_contrast: float = 0.2
    still_kn: float = 2.0
    least_reception: float = 0.9


class Dark(NamedTuple):
    """What the unexplained detections are."""

    events: pl.DataFrame
    """``EVENTS`` of kind dark_target, by time; ``mmsi`` is null."""
    verdicts: pl.DataFrame
    """detection_id, verdict (a key of ``VERDICTS``), by id."""
    fixed: pl.DataFrame
    """sensor, lon, lat, detections, hours: places of fixed echoes, the most seen first."""
    counts: dict[str, int]
    """Detections by verdict, and ``fixed_places``."""


def dark(
    detections: pl.DataFrame,
    matched: pl.DataFrame,
    *,
    rule: DarkRule | None = None,
    gates: Gates | None = None,
    reception: Reception | None = None,
) -> Dark:
    """Make an event of each sensor track, and of each single detection, that no AIS explains.

    Parameters
    ----------
    detections : DataFrame
        ``DETECTIONS``, in any order, each id once.
    matched : DataFrame
        As `ais.matching.match` returns it for them.
    rule : DarkRule, optional
    gates : Gates, optional
        Those that were matched by; the evidence states them.
    reception : callable, optional
        Tells how well AIS is heard; without it the evidence says that this is not known.

    Returns
    -------
    Dark
        The point of an event is the detection nearest to half-way in time, the geometry its way.
        The same for any order of rows. Fixed echoes are told from all detections given: give some
        hours of them.
    """
    use, stated = rule or DarkRule(), gates or Gates()
    rows = numbered(detections, track_gap_s=stated.track_gap_s).with_row_index("_row")
    rows = rows.join(matched, on="detection_id", how="left", maintain_order="left")
    rows = _with_units(rows, stated)
    hour = pl.col("t").dt.truncate("1h")
    rows = rows.with_columns(looked=hour.n_unique().over("sensor"))
    others = rows.group_by("unit").agg(others=pl.col("mmsi").drop_nulls().unique().sort())
    rows = rows.join(others, on="unit", how="left", maintain_order="left")
    still, places = _fixed(rows.filter(pl.col("mmsi").is_null()), use)
    rows = rows.with_columns(verdict=_verdict(still, use))
    left = rows.filter(pl.col("verdict") == "dark")
    counts = dict.fromkeys(VERDICTS, 0) | dict(rows.group_by("verdict").len().iter_rows())
    counts["fixed_places"] = places.height
    return Dark(
        _events_of(left, use, stated, reception),
        rows.select("detection_id", "verdict").sort("detection_id"),
        places,
        counts,
    )


def _with_units(rows: pl.DataFrame, gates: Gates) -> pl.DataFrame:
    """Return rows with ``unit``: the number of their track, or of their own where they have none.

    ``error`` is the sensor's error, ``x, y`` metres on a plane of the sensor's own.
    """
    tracks = int(rows["sensor_track"].n_unique()) + 1
    alone = pl.col("_row").cast(pl.Int64) + tracks
    unit = pl.coalesce(pl.col("sensor_track").cast(pl.Int64), alone)
    # Whole degrees, so that the planes stay where they are as detections come in.
    east0 = pl.col("lon").first().over("sensor").round()
    scale = pl.col("lat").median().over("sensor").round().clip(-89.0, 89.0).radians().cos()
    return rows.with_columns(
        unit=unit,
        error=pl.col("error_m").cast(pl.Float64).fill_null(gates.sensor_error_m).clip(1.0),
        x=((pl.col("lon") - east0 + 180.0) % 360.0 - 180.0) * scale * METRES_PER_DEGREE,
        y=pl.col("lat") * METRES_PER_DEGREE,
    )


def _fixed(rows: pl.DataFrame, use: DarkRule) -> tuple[pl.Series, pl.DataFrame]:
    """Return the rows (``_row``) that are fixed echoes, and where these are."""
    side = pl.max_horizontal(pl.lit(use.fixed_m), 2.0 * pl.col("error").median().over("sensor"))
    spread = (
        (pl.col("x") - pl.col("x").mean().over("unit")) ** 2
        + (pl.col("y") - pl.col("y").mean().over("unit")) ** 2
    ).mean().over("unit").sqrt()  # fmt: skip
    slow = (pl.col("sog_kn") <= use.still_kn).fill_null(value=True)
    followed = pl.col("sensor_track").is_not_null()
    lying = rows.with_columns(side=side).filter(
        pl.when(followed).then(spread <= pl.col("side")).otherwise(slow)
    )
    lying = lying.with_columns(
        row=(pl.col("y") / pl.col("side")).floor().cast(pl.Int64),
        col=(pl.col("x") / pl.col("side")).floor().cast(pl.Int64),
    )
    cells = lying.group_by("sensor", "row", "col").agg(
        n=pl.len().cast(pl.Int64),
        hours=pl.col("t").dt.truncate("1h").unique(),
        looked=pl.col("looked").first(),
    )
    near, wide = _window(cells, 1), _window(cells, 2)
    core = near.join(wide.select("sensor", "row", "col", all="n"), on=["sensor", "row", "col"])
    core = core.filter(
        (pl.col("n") >= use.fixed_detections)
        & (pl.col("hours") >= use.fixed_hours)
        & (pl.col("hours") >= use.fixed_share * pl.col("looked"))
        & (pl.col("all") - pl.col("n") <= use.fixed_contrast * pl.col("n"))
    )
    spots = _around(core.select("sensor", "row", "col"), 1).unique()
    hit = lying.join(spots, on=["sensor", "row", "col"], how="semi")
    # A track lies there if most of it does.
    share = pl.len() / pl.col("whole").first()
    size = lying.group_by("unit").agg(whole=pl.len())
    whole = hit.join(size, on="unit").group_by("unit").agg(share=share)
    fixed = lying.join(whole.filter(pl.col("share") >= 0.5), on="unit", how="semi")
    return fixed["_row"], _places(fixed, core)


def _around(cells: pl.DataFrame, reach: int) -> pl.DataFrame:
    """Return the cells about each cell, itself included."""
    step = pl.DataFrame({"d": range(-reach, reach + 1)}, schema={"d": pl.Int64})
    return (
        cells.join(step.rename({"d": "dr"}), how="cross")
        .join(step.rename({"d": "dc"}), how="cross")
        .with_columns(row=pl.col("row") + pl.col("dr"), col=pl.col("col") + pl.col("dc"))
        .drop("dr", "dc")
    )


def _window(cells: pl.DataFrame, reach: int) -> pl.DataFrame:
    """Return what is seen in the square about each cell: ``n`` detections in ``hours`` hours."""
    return (
        _around(cells, reach)
        .group_by("sensor", "row", "col")
        .agg(
            pl.col("n").sum(),
            pl.col("looked").first(),
            hours=pl.col("hours").list.explode().n_unique(),
        )
    )


def _places(fixed: pl.DataFrame, peaks: pl.DataFrame) -> pl.DataFrame:
    """Return one place for each cluster of peaks: neighbouring windows are one echo."""
    if not peaks.height:
        return _PLACES.to_frame()
    best = peaks.sort("n", "sensor", "row", "col", descending=[True, False, False, False])
    sums = fixed.group_by("sensor", "row", "col").agg(
        pl.col("lon", "lat").median(), hour=pl.col("t").dt.truncate("1h").unique(), m=pl.len()
    )
    taken: set[tuple[str, int, int]] = set()
    found: list[tuple[str, int, int, int]] = []
    for sensor, row, col in best.select("sensor", "row", "col").iter_rows():
        window = [(sensor, row + i, col + j) for i in range(-2, 3) for j in range(-2, 3)]
        if any(one in taken for one in window):
            continue
        taken.update(window)
        found.append((sensor, row, col, len(found)))
    spots = pl.DataFrame(
        found,
        schema={"sensor": pl.String, "row": pl.Int64, "col": pl.Int64, "spot": pl.Int64},
        orient="row",
    )
    return (
        _around(spots, 1)
        .join(sums, on=["sensor", "row", "col"])
        .group_by("spot")
        .agg(
            pl.col("sensor").first(),
            lon=pl.col("lon").sort_by("m", "row", "col").last(),
            lat=pl.col("lat").sort_by("m", "row", "col").last(),
            detections=pl.col("m").sum(),
            hours=pl.col("hour").list.explode().n_unique(),
        )
        .sort("detections", "sensor", "lat", "lon", descending=[True, False, False, False])
        .select(_PLACES.names())
        .cast(_PLACES)
    )


def _verdict(fixed: pl.Series, use: DarkRule) -> pl.Expr:
    followed = pl.col("sensor_track").is_not_null()
    # Of a sensor that follows what it sees, a plot without a track is one it saw but once.
    follows = followed.mean().over("sensor") >= use.follows_share
    structure = (pl.col("cls") == "structure").fill_null(value=False)
    sure = pl.col("confidence").median().over("unit")
    few = (followed | follows) & (pl.len().over("unit") < use.least_detections)
    return (
        pl.when(pl.col("mmsi").is_not_null())
        .then(pl.lit("explained"))
        .when(structure.mean().over("unit") > 0.5)
        .then(pl.lit("structure"))
        .when(pl.col("_row").is_in(fixed.implode()))
        .then(pl.lit("fixed"))
        .when(few)
        .then(pl.lit("brief"))
        .when((sure < use.least_confidence).fill_null(value=False))
        .then(pl.lit("weak"))
        .otherwise(pl.lit("dark"))
    )


def _events_of(
    left: pl.DataFrame, use: DarkRule, gates: Gates, reception: Reception | None
) -> pl.DataFrame:
    """Return an event for each unit of ``left``."""
    if not left.height:
        return empty(EVENTS)
    order = (
        left.group_by("unit")
        .agg(t0=pl.col("t").min(), sensor=pl.col("sensor").first(), id=pl.col("detection_id").min())
        .sort("t0", "sensor", "id")
        .with_row_index("number")
        .select("unit", "number")
    )
    rows = left.join(order, on="unit").sort("number", "t", "lon", "lat", maintain_order=True)
    s = sailed(as_tracks(rows, "number"))
    first = np.flatnonzero(np.diff(s.track, prepend=-1)).astype(np.int64)
    last = np.append(first[1:], len(s.t)) - 1
    middle = _half_way(s.t, s.track, first, last)
    heard = None if reception is None else reception(s.t, s.lon, s.lat)
    rows = rows.with_columns(heard=pl.lit(None, pl.Float64) if heard is None else pl.Series(heard))
    told = [_evidence(one, use, gates) for one in _figures(rows).iter_rows(named=True)]
    made = events(
        "dark_target",
        mmsi=np.arange(len(first), dtype=np.uint32),
        t0=s.t[first],
        t1=s.t[last],
        lon=s.lon[middle],
        lat=s.lat[middle],
        wkb=lines(s, first, last),
        evidence=told,
        rule="dark target",
        begun=(s.lon[first], s.lat[first]),
    )
    begun = rows[first.tolist()]
    marks = begun.select(
        "sensor",
        pl.coalesce(pl.col("track_id"), pl.col("detection_id")),
        pl.col("t").dt.epoch("ms"),
    )
    ids = [sensed_id("dark_target", *mark) for mark in marks.iter_rows()]
    return made.with_columns(
        event_id=pl.Series(ids, dtype=pl.String), mmsi=pl.lit(None, pl.UInt32)
    ).sort("t0", "event_id")


def _half_way(t: Ints, track: Ints, first: Ints, last: Ints) -> Ints:
    """Return of each track the row nearest to half-way in time, of two as near the earlier."""
    twice = np.repeat(t[first] + t[last], last - first + 1)
    return np.lexsort((t, np.abs(2 * t - twice), track))[first]


def _figures(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what is known of each event, from its rows in time order."""
    nearest = pl.col("nearest_mmsi").sort_by("nearest_m", "t", "nearest_mmsi", nulls_last=True)
    east, north = (pl.col(c).last() - pl.col(c).first() for c in ("x", "y"))
    return rows.group_by("number", maintain_order=True).agg(
        pl.col("sensor", "track_id", "others").first(),
        pl.col("cls", "why").drop_nulls().mode().sort().first(),
        pl.col("confidence", "length_m", "error").median(),
        pl.col("sog_kn", "heard").mean(),
        pl.col("nearest_m").min(),
        nearest_mmsi=nearest.first(),
        close=pl.col("why").is_in(["taken", "crossing"]).any(),
        seconds=(pl.col("t").last() - pl.col("t").first()).dt.total_milliseconds() / 1000.0,
        gained_m=(east**2 + north**2).sqrt(),
        n=pl.len(),
    )


def _evidence(one: dict[str, Any], use: DarkRule, gates: Gates) -> dict[str, Any]:
    """Return what an event stands on, from a row of `_figures`."""
    seconds, error = one["seconds"], one["error"]
    made_good = one["gained_m"] / seconds / KNOT if seconds > 0 else None
    return {
        "why": "detection" if one["track_id"] is None else "track",
        "sensor": one["sensor"],
        "track_id": one["track_id"],
        "class": one["cls"],
        "confidence": _told(one["confidence"], 2),
        "least_confidence": use.least_confidence,
        "length_m": _told(one["length_m"]),
        "duration_min": _told(seconds / 60),
        "displacement_m": _told(one["gained_m"]),
        "made_good_kn": _told(made_good),
        "told_speed_kn": _told(one["sog_kn"]),
        "nearest_ais_mmsi": one["nearest_mmsi"],
        "nearest_ais_m": _told(one["nearest_m"]),
        "looked_within_m": gates.near_m,
        "same_track_mmsi": one["others"],
        "sensor_error_m": _told(error),
        "position_error_m": gates.position_m,
        "gate_sigmas": gates.sigmas,
        "gate_m": _told(gates.sigmas * float(np.hypot(gates.position_m, error))),
        "interpolate_s": gates.interpolate_s,
        "reckon_s": gates.reckon_s,
        "unexplained": one["why"],
        "reception": _told(one["heard"], 2),
        "least_reception": use.least_reception,
        "cautions": _cautions(one, use),
        "n_positions": one["n"],
    }


def _told(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else rounded(value, digits)


def _cautions(one: dict[str, Any], use: DarkRule) -> list[str]:
    found = []
    if one["heard"] is None:
        found.append("reception_unknown")
    elif one["heard"] < use.least_reception:
        found.append("poor_reception")
    if one["confidence"] is None:
        found.append("confidence_unknown")
    if one["close"]:
        found.append("vessels_close_by")
    return found
