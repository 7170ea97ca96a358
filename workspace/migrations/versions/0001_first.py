"""Make the tables of the first release."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Geometry, Json, UtcDateTime

revision = "0001"
down_revision = None
_PLACED = (
    "events",
    "facilities",
    "incidents",
    "land",
    "risk_points",
    "segments",
    "shorelines",
    "wharves",
    "zones",
)


def upgrade() -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if on_postgres:
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=True),
        sa.Column("detail", Json(), nullable=True),
        sa.PrimaryKeyConstraint("audit_id"),
    )
    op.create_index(op.f("ix_audit_t"), "audit", ["t"], unique=False)
    op.create_table(
        "berths",
        sa.Column("berth_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("radius_m", sa.Float(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("berth_id"),
    )
    op.create_table(
        "effort",
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("km", sa.Float(), nullable=True),
        sa.Column("hours", sa.Float(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("segment_id", "shift_start"),
    )
    op.create_table(
        "event_segments",
        sa.Column("event_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("water_distance_m", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "segment_id"),
    )
    op.create_index("ix_event_segments_segment", "event_segments", ["segment_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("mmsi", sa.Integer(), nullable=True),
        sa.Column("other_mmsi", sa.Integer(), nullable=True),
        sa.Column("t0", UtcDateTime(), nullable=True),
        sa.Column("t1", UtcDateTime(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("evidence", Json(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("algorithm", sa.String(), nullable=True),
        sa.Column("segment_id", sa.String(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(op.f("ix_events_mmsi"), "events", ["mmsi"], unique=False)
    op.create_index(op.f("ix_events_t0"), "events", ["t0"], unique=False)
    op.create_table(
        "facilities",
        sa.Column("facility_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("line", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("status_since", sa.Date(), nullable=True),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("fov_deg", sa.Float(), nullable=True),
        sa.Column("range_m", sa.Float(), nullable=True),
        sa.Column("shoreline_id", sa.String(), nullable=True),
        sa.Column("chainage_m", sa.Float(), nullable=True),
        sa.Column("offset_m", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("facility_id"),
    )
    op.create_index(
        op.f("ix_facilities_shoreline_id"), "facilities", ["shoreline_id"], unique=False
    )
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("t0", UtcDateTime(), nullable=True),
        sa.Column("t1", UtcDateTime(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("segment_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.Column("shoreline_id", sa.String(), nullable=True),
        sa.Column("chainage_m", sa.Float(), nullable=True),
        sa.Column("offset_m", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id"),
    )
    op.create_index(op.f("ix_incidents_shoreline_id"), "incidents", ["shoreline_id"], unique=False)
    op.create_index(op.f("ix_incidents_t0"), "incidents", ["t0"], unique=False)
    op.create_table(
        "ingests",
        sa.Column("sha256", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("dialect", sa.String(), nullable=True),
        sa.Column("rows_in", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=True),
        sa.Column("quarantined", Json(), nullable=True),
        sa.Column("started", UtcDateTime(), nullable=True),
        sa.Column("finished", UtcDateTime(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "inspections",
        sa.Column("inspection_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("object_kind", sa.String(), nullable=True),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column("t", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("inspection_id"),
    )
    op.create_table(
        "land",
        sa.Column("land_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("land_row"),
    )
    op.create_table(
        "posts",
        sa.Column("post_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("duty_phone", sa.String(), nullable=True),
        sa.Column("object_kind", sa.String(), nullable=True),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("post_id"),
    )
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("mend", sa.Text(), nullable=True),
        sa.Column("t", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("quarantine_id"),
    )
    op.create_index(op.f("ix_quarantine_reason"), "quarantine", ["reason"], unique=False)
    op.create_table(
        "risk_points",
        sa.Column("risk_point_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("grade_derived", sa.Integer(), nullable=True),
        sa.Column("grade_confirmed", sa.Integer(), nullable=True),
        sa.Column("cadence_days", sa.Integer(), nullable=True),
        sa.Column("shoreline_id", sa.String(), nullable=True),
        sa.Column("chainage_m", sa.Float(), nullable=True),
        sa.Column("offset_m", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("risk_point_id"),
    )
    op.create_index(
        op.f("ix_risk_points_shoreline_id"), "risk_points", ["shoreline_id"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("started", UtcDateTime(), nullable=True),
        sa.Column("finished", UtcDateTime(), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=True),
        sa.Column("counts", Json(), nullable=True),
        sa.Column("seconds", Json(), nullable=True),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "scores",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("lo", sa.Float(), nullable=True),
        sa.Column("hi", sa.Float(), nullable=True),
        sa.Column("threat", sa.Float(), nullable=True),
        sa.Column("opportunity", sa.Float(), nullable=True),
        sa.Column("guardianship_deficit", sa.Float(), nullable=True),
        sa.Column("contributions", Json(), nullable=True),
        sa.Column("missing", Json(), nullable=True),
        sa.PrimaryKeyConstraint("shift_start", "segment_id", "run_id"),
    )
    op.create_table(
        "section_cuts",
        sa.Column("shoreline_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("chainage_m", sa.Float(), autoincrement=False, nullable=False),
        sa.Column("section_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("shoreline_id", "chainage_m"),
    )
    op.create_table(
        "section_hangs",
        sa.Column("shoreline_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("onto_shoreline_id", sa.String(), nullable=True),
        sa.Column("onto_chainage_m", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("shoreline_id"),
    )
    op.create_table(
        "sections",
        sa.Column("section_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("section_id"),
    )
    op.create_table(
        "segments",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("shoreline_id", sa.String(), nullable=True),
        sa.Column("from_m", sa.Float(), nullable=True),
        sa.Column("to_m", sa.Float(), nullable=True),
        sa.Column("length_m", sa.Float(), nullable=True),
        sa.Column("facing_deg", sa.Float(), nullable=True),
        sa.Column("exposure", sa.Float(), nullable=True),
        sa.Column("fetch_m", Json(), nullable=True),
        sa.Column("shore_type", sa.String(), nullable=True),
        sa.Column("settlement_distance_m", sa.Float(), nullable=True),
        sa.Column("landable_threshold_m", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("made", Json(), nullable=True),
        sa.PrimaryKeyConstraint("segment_id"),
        sa.UniqueConstraint("position"),
    )
    op.create_index(op.f("ix_segments_shoreline_id"), "segments", ["shoreline_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "shorelines",
        sa.Column("shoreline_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("is_ring", sa.Boolean(), nullable=True),
        sa.Column("length_m", sa.Float(), nullable=True),
        sa.Column("land_row", sa.Integer(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("shoreline_id"),
    )
    op.create_table(
        "tide_stations",
        sa.Column("station_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("datums", Json(), nullable=True),
        sa.Column("constituents", Json(), nullable=True),
        sa.PrimaryKeyConstraint("station_id"),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", Json(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "versions",
        sa.Column("name", sa.String(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "vessel_history",
        sa.Column("mmsi", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("static_key", sa.String(), autoincrement=False, nullable=False),
        sa.Column("imo", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("callsign", sa.String(), nullable=True),
        sa.Column("ship_type", sa.Integer(), nullable=True),
        sa.Column("length_m", sa.Float(), nullable=True),
        sa.Column("width_m", sa.Float(), nullable=True),
        sa.Column("draught_m", sa.Float(), nullable=True),
        sa.Column("seen_from", UtcDateTime(), nullable=True),
        sa.Column("seen_to", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("mmsi", "static_key"),
    )
    op.create_table(
        "vessels",
        sa.Column("mmsi", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("imo", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("callsign", sa.String(), nullable=True),
        sa.Column("ship_type", sa.Integer(), nullable=True),
        sa.Column("length_m", sa.Float(), nullable=True),
        sa.Column("width_m", sa.Float(), nullable=True),
        sa.Column("draught_m", sa.Float(), nullable=True),
        sa.Column("seen_from", UtcDateTime(), nullable=True),
        sa.Column("seen_to", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("mmsi"),
    )
    op.create_table(
        "wharves",
        sa.Column("wharf_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("wharf_class", sa.String(), nullable=True),
        sa.Column("owner_unit", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("cadence_days", sa.Integer(), nullable=True),
        sa.Column("shoreline_id", sa.String(), nullable=True),
        sa.Column("chainage_m", sa.Float(), nullable=True),
        sa.Column("offset_m", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("wharf_id"),
    )
    op.create_index(op.f("ix_wharves_shoreline_id"), "wharves", ["shoreline_id"], unique=False)
    op.create_table(
        "zones",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("zone_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("segment_ids", Json(), nullable=True),
        sa.Column("km", sa.Float(), nullable=True),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.Column("reason_zh", sa.String(), nullable=True),
        sa.Column("reason_en", sa.String(), nullable=True),
        sa.Column("section_ids", Json(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("shift_start", "zone_id", "run_id"),
    )
    if on_postgres:
        for name in _PLACED:
            op.execute(f"CREATE INDEX ix_{name}_geometry ON {name} USING gist (geometry)")
