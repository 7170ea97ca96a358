"""The tables of one workspace, the same on SQLite and on PostgreSQL with PostGIS.

Names and columns are those of the design. Columns bear their units, times are UTC, geometry is
WKB in EPSG:4326, nested values are JSON text. A row with ``made`` true is made up.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Float,
    Index,
    Integer,
    String,
    Table,
    create_engine,
    event,
)

from workspace._db_ais import event_reach as event_reach
from workspace._db_ais import event_versions as event_versions
from workspace._db_ais import events as events
from workspace._db_ais import ingests as ingests
from workspace._db_ais import quarantine as quarantine
from workspace._db_ais import watch_states as watch_states
from workspace._db_base import key, made, metadata, place
from workspace._db_boundaries import boundary_drafts as boundary_drafts
from workspace._db_boundaries import boundary_steps as boundary_steps
from workspace._db_boundaries import boundary_versions as boundary_versions
from workspace._db_boundaries import section_cuts as section_cuts
from workspace._db_boundaries import section_hangs as section_hangs
from workspace._db_boundaries import sections as sections
from workspace._db_grids import grid_versions as grid_versions
from workspace._db_grids import grids as grids
from workspace._db_learned import learned_forecasts as learned_forecasts
from workspace._db_learned import learned_models as learned_models
from workspace._db_patrols import patrol_checkpoints as patrol_checkpoints
from workspace._db_patrols import patrol_plans as patrol_plans
from workspace._db_patrols import patrol_routes as patrol_routes
from workspace._db_patrols import patrol_stops as patrol_stops
from workspace._db_patrols import patrol_teams as patrol_teams
from workspace._db_patrols import teams as teams
from workspace._db_plans import explorations as explorations
from workspace._db_plans import seeds as seeds
from workspace._db_posts import post_absences as post_absences
from workspace._db_posts import posts as posts
from workspace._db_ways import ways as ways
from workspace._db_weights import runs as runs
from workspace._db_weights import weight_sets as weight_sets
from workspace._db_weights import weight_steps as weight_steps
from workspace.columns import Geometry, Json, UtcDateTime

WAIT_S = 60

versions = Table("versions", metadata, key("name"), Column("version", Integer, nullable=False))

land = Table("land", metadata, key("land_row", Integer), Column("geometry", Geometry))
shorelines = Table(
    "shorelines",
    metadata,
    key("shoreline_id"),
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
    key("segment_id"),
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
    key("coast_id", Integer),
    Column("t", UtcDateTime),
    Column("source", String),
    Column("crs", String),
    Column("sha256", String),
    Column("summary", Json),
)
lineage = Table(
    "lineage",
    metadata,
    key("lineage_id", Integer),
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
    key("road_id", Integer),
    Column("name", String),
    Column("geometry", Geometry),
)
settlements = Table(
    "settlements",
    metadata,
    key("settlement_id", Integer),
    Column("name", String),
    Column("name_en", String),
    Column("geometry", Geometry),
)
shore_types = Table(
    "shore_types",
    metadata,
    key("shore_type_id", Integer),
    Column("shore_type", String),
    Column("geometry", Geometry),
)
rasters = Table(
    "rasters",
    metadata,
    key("name"),
    Column("source", String),
    Column("datum", String),
    Column("zero_m", Float),
    Column("positive_down", Boolean),
    Column("band", Integer),
    made(),
    Column("imported", UtcDateTime),
)
wharves = Table(
    "wharves",
    metadata,
    key("wharf_id"),
    Column("name", String),
    Column("name_en", String),
    Column("wharf_class", String),
    Column("category", String),
    Column("owner_unit", String),
    Column("operator_unit", String),
    Column("berths", Integer),
    Column("status", String),
    Column("cadence_days", Integer),
    *place(),
)
risk_points = Table(
    "risk_points",
    metadata,
    key("risk_point_id"),
    Column("name", String),
    Column("name_en", String),
    Column("kind", String),
    Column("grade_derived", Integer),
    Column("grade_confirmed", Integer),
    Column("cadence_days", Integer),
    *place(),
)
facilities = Table(
    "facilities",
    metadata,
    key("facility_id"),
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
    *place(),
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
inspections = Table(
    "inspections",
    metadata,
    key("inspection_id"),
    Column("object_kind", String),
    Column("object_id", String),
    Column("t", UtcDateTime),
    Column("result", String),
    made(),
)
incidents = Table(
    "incidents",
    metadata,
    key("incident_id"),
    Column("t0", UtcDateTime, index=True),
    Column("t1", UtcDateTime),
    Column("known", UtcDateTime),
    Column("lon", Float),
    Column("lat", Float),
    Column("segment_id", String),
    Column("kind", String),
    Column("source", String),
    Column("weight", Float),
    *place(),
)
effort = Table(
    "effort",
    metadata,
    key("segment_id"),
    key("shift_start", UtcDateTime),
    Column("km", Float),
    Column("hours", Float),
    made(),
)
berths = Table(
    "berths",
    metadata,
    key("berth_id"),
    Column("lon", Float),
    Column("lat", Float),
    Column("radius_m", Float),
    made(),
)
event_segments = Table(
    "event_segments",
    metadata,
    key("event_id"),
    key("segment_id"),
    Column("water_distance_m", Float),
)
tide_stations = Table(
    "tide_stations",
    metadata,
    key("station_id"),
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
scores = Table(
    "scores",
    metadata,
    key("shift_start", UtcDateTime),
    key("segment_id"),
    key("run_id"),
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
    key("shift_start", UtcDateTime),
    key("zone_id"),
    key("run_id"),
    Column("rank", Integer),
    Column("segment_ids", Json),
    Column("km", Float),
    Column("risk", Float),
    Column("reason_zh", String),
    Column("reason_en", String),
    Column("section_ids", Json),
    Column("geometry", Geometry),
    Column("since", Date),
)
zones_gone = Table(
    "zones_gone",
    metadata,
    key("shift_start", UtcDateTime),
    key("zone_id"),
    key("run_id"),
    Column("km", Float),
    Column("reason_zh", String),
    Column("reason_en", String),
    Column("section_ids", Json),
    Column("geometry", Geometry),
    Column("since", Date),
)
users = Table(
    "users",
    metadata,
    key("user_id"),
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
    key("token_hash"),
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
