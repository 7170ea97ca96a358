"""The tables of one workspace, the same on SQLite and on PostgreSQL with PostGIS.

Names and columns are those of the design. Columns bear their units, times are UTC, geometry is
WKB in EPSG:4326, nested values are JSON text. A row with ``made`` true is made up.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.types import TypeEngine

from workspace.columns import Geometry, Json, UtcDateTime

WAIT_S = 60


metadata = MetaData()


def _key(name: str, kind: type[TypeEngine[Any]] = String) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _made() -> Column[Any]:
    return Column("made", Boolean, nullable=False, default=False)


def _place() -> list[Column[Any]]:
    """Return the columns of a thing that stands on the coast."""
    return [
        Column("shoreline_id", String, index=True),
        Column("chainage_m", Float),
        Column("offset_m", Float),
        Column("geometry", Geometry),
        _made(),
    ]


versions = Table("versions", metadata, _key("name"), Column("version", Integer, nullable=False))

land = Table("land", metadata, _key("land_row", Integer), Column("geometry", Geometry))
shorelines = Table(
    "shorelines",
    metadata,
    _key("shoreline_id"),
    Column("kind", String),
    Column("is_ring", Boolean),
    Column("length_m", Float),
    Column("land_row", Integer),
    Column("geometry", Geometry),
)
segments = Table(
    "segments",
    metadata,
    Column("position", Integer, nullable=False, unique=True),
    _key("segment_id"),
    Column("shoreline_id", String, index=True),
    Column("from_m", Float),
    Column("to_m", Float),
    Column("length_m", Float),
    Column("facing_deg", Float),
    Column("exposure", Float),
    Column("fetch_m", Json),
    Column("shore_type", String),
    Column("settlement_distance_m", Float),
    Column("road_distance_m", Float),
    Column("shelter", Float),
    Column("sea_view", Float),
    Column("profile_m", Json),
    Column("landing_seabed_m", Float),
    Column("landing_basis", String),
    Column("tide_weights", Json),
    Column("tide_error_m", Float),
    Column("tide_note", String),
    Column("lon", Float),
    Column("lat", Float),
    Column("geometry", Geometry),
    Column("made", Json),
)
coasts = Table(
    "coasts",
    metadata,
    _key("coast_id", Integer),
    Column("t", UtcDateTime),
    Column("source", String),
    Column("crs", String),
    Column("sha256", String),
    Column("summary", Json),
)
lineage = Table(
    "lineage",
    metadata,
    _key("lineage_id", Integer),
    Column("coast_id", Integer, index=True),
    Column("old_segment_id", String, index=True),
    Column("new_segment_id", String, index=True),
    Column("change", String),
    Column("old_m", Float),
    Column("new_m", Float),
    Column("offset_m", Float),
    Column("geometry", Geometry),
)
roads = Table(
    "roads",
    metadata,
    _key("road_id", Integer),
    Column("name", String),
    Column("geometry", Geometry),
)
settlements = Table(
    "settlements",
    metadata,
    _key("settlement_id", Integer),
    Column("name", String),
    Column("name_en", String),
    Column("geometry", Geometry),
)
shore_types = Table(
    "shore_types",
    metadata,
    _key("shore_type_id", Integer),
    Column("shore_type", String),
    Column("geometry", Geometry),
)
rasters = Table(
    "rasters",
    metadata,
    _key("name"),
    Column("source", String),
    Column("datum", String),
    Column("zero_m", Float),
    Column("positive_down", Boolean),
    Column("band", Integer),
    _made(),
    Column("imported", UtcDateTime),
)
wharves = Table(
    "wharves",
    metadata,
    _key("wharf_id"),
    Column("name", String),
    Column("name_en", String),
    Column("wharf_class", String),
    Column("category", String),
    Column("owner_unit", String),
    Column("operator_unit", String),
    Column("berths", Integer),
    Column("status", String),
    Column("cadence_days", Integer),
    *_place(),
)
risk_points = Table(
    "risk_points",
    metadata,
    _key("risk_point_id"),
    Column("name", String),
    Column("name_en", String),
    Column("kind", String),
    Column("grade_derived", Integer),
    Column("grade_confirmed", Integer),
    Column("cadence_days", Integer),
    *_place(),
)
facilities = Table(
    "facilities",
    metadata,
    _key("facility_id"),
    Column("name", String),
    Column("name_en", String),
    Column("kind", String),
    Column("line", String),
    Column("status", String),
    Column("status_since", Date),
    Column("heading_deg", Float),
    Column("fov_deg", Float),
    Column("range_m", Float),
    Column("height_m", Float),
    Column("online_rate", Float),
    Column("live_link", String),
    Column("bar_type", String),
    Column("bar_setting", String),
    Column("clearance_m", Float),
    Column("tamper", String),
    *_place(),
)
history = Table(
    "history",
    metadata,
    Column("history_id", Integer, primary_key=True, autoincrement=True),
    Column("t", UtcDateTime, nullable=False),
    Column("table_name", String, nullable=False),
    Column("key", String, nullable=False, index=True),
    Column("action", String, nullable=False),
    Column("changes", Json),
    Column("source", String),
    Column("user", String),
)
posts = Table(
    "posts",
    metadata,
    _key("post_id"),
    Column("role", String),
    Column("name", String),
    Column("unit", String),
    Column("duty_phone", String),
    Column("object_kind", String),
    Column("object_id", String),
    Column("valid_from", Date),
    Column("valid_to", Date),
    _made(),
)
inspections = Table(
    "inspections",
    metadata,
    _key("inspection_id"),
    Column("object_kind", String),
    Column("object_id", String),
    Column("t", UtcDateTime),
    Column("result", String),
    _made(),
)
incidents = Table(
    "incidents",
    metadata,
    _key("incident_id"),
    Column("t0", UtcDateTime, index=True),
    Column("t1", UtcDateTime),
    Column("lon", Float),
    Column("lat", Float),
    Column("segment_id", String),
    Column("kind", String),
    Column("source", String),
    Column("weight", Float),
    *_place(),
)
effort = Table(
    "effort",
    metadata,
    _key("segment_id"),
    _key("shift_start", UtcDateTime),
    Column("km", Float),
    Column("hours", Float),
    _made(),
)
sections = Table(
    "sections",
    metadata,
    _key("section_id"),
    Column("name", String),
    Column("name_en", String),
    Column("version", Integer),
    _made(),
)
section_cuts = Table(
    "section_cuts",
    metadata,
    _key("shoreline_id"),
    _key("chainage_m", Float),
    Column("section_id", String),
)
section_hangs = Table(
    "section_hangs",
    metadata,
    _key("shoreline_id"),
    Column("onto_shoreline_id", String),
    Column("onto_chainage_m", Float),
)
berths = Table(
    "berths",
    metadata,
    _key("berth_id"),
    Column("lon", Float),
    Column("lat", Float),
    Column("radius_m", Float),
    _made(),
)
events = Table(
    "events",
    metadata,
    _key("event_id"),
    Column("kind", String),
    Column("mmsi", Integer, index=True),
    Column("other_mmsi", Integer),
    Column("t0", UtcDateTime, index=True),
    Column("t1", UtcDateTime),
    Column("lon", Float),
    Column("lat", Float),
    Column("geometry", Geometry),
    Column("evidence", Json),
    Column("version", Integer),
    Column("algorithm", String),
    Column("segment_id", String),
    _made(),
)
event_segments = Table(
    "event_segments",
    metadata,
    _key("event_id"),
    _key("segment_id"),
    Column("water_distance_m", Float),
)
_STATIC = (
    ("imo", Integer),
    ("name", String),
    ("callsign", String),
    ("ship_type", Integer),
    ("length_m", Float),
    ("width_m", Float),
    ("draught_m", Float),
)
vessels = Table(
    "vessels",
    metadata,
    _key("mmsi", Integer),
    Column("kind", String),
    *(Column(name, kind) for name, kind in _STATIC),
    Column("seen_from", UtcDateTime),
    Column("seen_to", UtcDateTime),
)
vessel_history = Table(
    "vessel_history",
    metadata,
    _key("mmsi", Integer),
    _key("static_key"),
    *(Column(name, kind) for name, kind in _STATIC),
    Column("seen_from", UtcDateTime),
    Column("seen_to", UtcDateTime),
)
tide_stations = Table(
    "tide_stations",
    metadata,
    _key("station_id"),
    Column("name", String),
    Column("lon", Float),
    Column("lat", Float),
    Column("kind", String),
    Column("note", String),
    Column("datum", String),
    Column("datums", Json),
    Column("constituents", Json),
    Column("data", Json),
)
runs = Table(
    "runs",
    metadata,
    _key("run_id"),
    Column("kind", String),
    Column("started", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("as_of", UtcDateTime),
    Column("counts", Json),
    Column("seconds", Json),
)
scores = Table(
    "scores",
    metadata,
    _key("shift_start", UtcDateTime),
    _key("segment_id"),
    _key("run_id"),
    Column("score", Float),
    Column("lo", Float),
    Column("hi", Float),
    Column("threat", Float),
    Column("opportunity", Float),
    Column("guardianship_deficit", Float),
    Column("contributions", Json),
    Column("missing", Json),
)
zones = Table(
    "zones",
    metadata,
    _key("shift_start", UtcDateTime),
    _key("zone_id"),
    _key("run_id"),
    Column("rank", Integer),
    Column("segment_ids", Json),
    Column("km", Float),
    Column("risk", Float),
    Column("reason_zh", String),
    Column("reason_en", String),
    Column("section_ids", Json),
    Column("geometry", Geometry),
)
ingests = Table(
    "ingests",
    metadata,
    _key("sha256"),
    Column("name", String),
    Column("dialect", String),
    Column("rows_in", Integer),
    Column("added", Integer),
    Column("quarantined", Json),
    Column("started", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("simulated", Boolean, nullable=False, default=False),
)
quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", Integer, primary_key=True, autoincrement=True),
    Column("source", String),
    Column("file", String),
    Column("row", Integer),
    Column("reason", String, index=True),
    Column("detail", Text),
    Column("mend", Text),
    Column("lon", Float),
    Column("lat", Float),
    Column("t", UtcDateTime),
)
users = Table(
    "users",
    metadata,
    _key("user_id"),
    Column("name", String, unique=True, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("role", String, nullable=False),
    Column("scope", Json),
    Column("active", Boolean, nullable=False, default=True),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", UtcDateTime),
)
sessions = Table(
    "sessions",
    metadata,
    _key("token_hash"),
    Column("user_id", String, nullable=False, index=True),
    Column("created", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True, autoincrement=True),
    Column("t", UtcDateTime, nullable=False, index=True),
    Column("user", String),
    Column("action", String, nullable=False),
    Column("object", String),
    Column("detail", Json),
)
Index("ix_event_segments_segment", event_segments.c.segment_id)


def connect(url: str) -> Engine:
    """Return an engine on ``url`` that waits for its turn and begins as it means to go on.

    SQLite's writers take the lock when they begin (`writing`), so that none finds half-way that
    another was faster.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": WAIT_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling would leave DDL outside; ours is explicit.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open one transaction that writes; all of it holds, or none of it."""
    with engine.execution_options(write=True).begin() as connection:
        yield connection
