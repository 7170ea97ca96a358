"""The columns that the tables of this room bear, with their types."""

import polars as pl

from geo.errors import REFUSED

__all__ = [
    "BERTHS",
    "DETECTIONS",
    "EVENTS",
    "HEARD",
    "KINDS",
    "MAX_MMSI",
    "POSITIONS",
    "REFUSED",
    "SILENCES",
    "SKEWS",
    "SLOTS",
    "SPELLS",
    "STATICS",
    "TIME",
    "TOLD",
    "empty",
]

TIME = pl.Datetime("ms", "UTC")
MAX_MMSI = 999_999_999
"""An MMSI has nine digits (ITU-R M.585-9)."""

POSITIONS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "t": TIME,
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "sog_kn": pl.Float32(),
        "cog_deg": pl.Float32(),
        "heading_deg": pl.Float32(),
        "status": pl.UInt8(),
        "msg_type": pl.UInt8(),
        "cls": pl.String(),
        "source": pl.String(),
    }
)
"""One reported place of one MMSI. Null is "not available"; ``cls`` is A, B or other;
``msg_type`` is 0 where the source (a CSV) does not tell it."""

STATICS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "t": TIME,
        "imo": pl.UInt32(),
        "name": pl.String(),
        "callsign": pl.String(),
        "ship_type": pl.UInt8(),
        "length_m": pl.Float32(),
        "width_m": pl.Float32(),
        "draught_m": pl.Float32(),
        "source": pl.String(),
    }
)
"""One static report: who an MMSI says it is. Any field but ``mmsi`` and ``t`` may be null."""

HEARD = pl.Schema(
    {
        "source": pl.String(),
        "t": TIME,
        "second": pl.UInt8(),
        "utc": TIME,
        "mmsi": pl.UInt32(),
    }
)
"""When a station received a message, beside what the message itself says of the time:
``second`` is the message's UTC second (0 to 59), ``utc`` the time in a type 4 or 11, ``mmsi`` who
sent it."""

TOLD = pl.Schema(
    {
        "source": pl.String(),
        "date": pl.Date(),
        "reason": pl.String(),
        "rows": pl.Int64(),
    }
)
"""What became of a file's rows, by source and UTC day; ``date`` is null where no time is
known, ``reason`` is a key of ``Batch.counts``."""

SKEWS = pl.Schema(
    {
        "source": pl.String(),
        "n": pl.Int64(),
        "skew_s": pl.Float64(),
        "spread_s": pl.Float64(),
        "basis": pl.String(),
        "sure": pl.Boolean(),
    }
)
"""``skew_s`` is what the source's clock is ahead by; ``spread_s`` the distance from it that half
of the ``n`` messages keep within; ``sure`` whether that is good enough to correct by."""

EVENTS = pl.Schema(
    {
        "event_id": pl.String(),
        "kind": pl.String(),
        "mmsi": pl.UInt32(),
        "other_mmsi": pl.UInt32(),
        "t0": TIME,
        "t1": TIME,
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "geometry": pl.Binary(),
        "evidence": pl.String(),
        "version": pl.UInt16(),
        "algorithm": pl.String(),
    }
)
"""One behaviour. ``lon, lat`` is the place to show it at, ``geometry`` its path as WKB,
``evidence`` a JSON object whose keys depend on ``kind``."""

KINDS = (
    "stop",
    "berth_visit",
    "loitering",
    "drift",
    "rendezvous",
    "gap",
    "shore_approach",
    "dash",
    "speed_anomaly",
    "course_anomaly",
    "identity",
    "spoofing",
    "dark_target",
    "chain",
)
"""The kinds of behaviour; docs/behaviours.md defines each."""

BERTHS = pl.Schema(
    {
        "berth_id": pl.String(),
        "kind": pl.String(),
        "basis": pl.String(),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "radius_m": pl.Float64(),
        "vessels": pl.UInt32(),
        "stays": pl.UInt32(),
    }
)
"""A circle in which vessels lie. ``kind`` is berth or anchorage, ``basis`` known or learned;
``vessels`` and ``stays`` are what a learned one was learned from (null for a known one)."""

SPELLS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "hull": pl.UInt8(),
        "t0": TIME,
        "t1": TIME,
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "reach_m": pl.Float64(),
        "way_t": pl.List(TIME),
        "way_lon": pl.List(pl.Float64()),
        "way_lat": pl.List(pl.Float64()),
    }
)
"""A time that a vessel was slow, with the way it made: what another may have met it in.
All positions lie within ``reach_m`` of ``lon, lat``."""

SILENCES = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "hull": pl.UInt8(),
        "cls": pl.UInt8(),
        "t0": TIME,
        "t1": TIME,
        "lon0": pl.Float64(),
        "lat0": pl.Float64(),
        "lon1": pl.Float64(),
        "lat1": pl.Float64(),
        "sog0_kn": pl.Float32(),
        "cog0_deg": pl.Float32(),
        "sog1_kn": pl.Float32(),
        "plausible_kn": pl.Float32(),
    }
)
"""A time in which a vessel was not heard, from its last position before to the first after; the
latter's columns are null where it has not been heard since. ``plausible_kn`` is what it may have
made meanwhile: the 95th percentile of what it makes under way."""

SLOTS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "cls": pl.UInt8(),
        "hour": TIME,
        "row": pl.Int32(),
        "col": pl.Int32(),
        "slots": pl.UInt16(),
        "heard": pl.UInt16(),
    }
)
"""In how many of the ten minutes that a vessel spent in a cell in an hour it was heard."""

DETECTIONS = pl.Schema(
    {
        "detection_id": pl.String(),
        "sensor": pl.String(),
        "track_id": pl.String(),
        "t": TIME,
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "cls": pl.String(),
        "confidence": pl.Float32(),
        "length_m": pl.Float32(),
        "sog_kn": pl.Float32(),
        "cog_deg": pl.Float32(),
        "error_m": pl.Float32(),
    }
)
"""What a radar, camera or optical satellite saw. ``track_id`` joins what the sensor follows;
``cls`` is what it takes it for (vessel, small_boat, ...), ``error_m`` how far off it may be (one
standard deviation). Fields but id, sensor, t, lon and lat may be null."""


def empty(schema: pl.Schema) -> pl.DataFrame:
    """Return a table with no rows and the columns of ``schema``."""
    return pl.DataFrame(schema=schema)
