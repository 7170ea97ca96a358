"""Keep what events became, where silent vessels may have been, and what sensors saw."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Geometry, Json, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("events", sa.Column("rank", sa.Float(), nullable=True))
    op.add_column("events", sa.Column("parts", Json(), nullable=True))
    op.add_column("events", sa.Column("said_zh", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("said_en", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("first_found", UtcDateTime(), nullable=True))
    op.add_column("events", sa.Column("revised", UtcDateTime(), nullable=True))
    op.add_column("events", sa.Column("changes", Json(), nullable=True))
    op.create_table(
        "event_versions",
        sa.Column("event_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("mmsi", sa.Integer(), nullable=True),
        sa.Column("t0", UtcDateTime(), nullable=True),
        sa.Column("t1", UtcDateTime(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("evidence", Json(), nullable=True),
        sa.Column("rank", sa.Float(), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("became", sa.String(), nullable=True),
        sa.Column("changes", Json(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "version"),
    )
    op.create_index(op.f("ix_event_versions_mmsi"), "event_versions", ["mmsi"], unique=False)
    op.create_index(op.f("ix_event_versions_until"), "event_versions", ["until"], unique=False)
    op.create_table(
        "event_reach",
        sa.Column("event_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("earliest", UtcDateTime(), nullable=True),
        sa.Column("latest", UtcDateTime(), nullable=True),
        sa.Column("detour_m", sa.Float(), nullable=True),
        sa.Column("landable_min", sa.Float(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "segment_id"),
    )
    op.create_table(
        "learned_berths",
        sa.Column("berth_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("basis", sa.String(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("radius_m", sa.Float(), nullable=True),
        sa.Column("vessels", sa.Integer(), nullable=True),
        sa.Column("stays", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("berth_id"),
    )
    op.create_table(
        "vessel_patterns",
        sa.Column("mmsi", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pattern", sa.String(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("mmsi"),
    )
    op.create_table(
        "detections",
        sa.Column("detection_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("sensor", sa.String(), nullable=True),
        sa.Column("track_id", sa.String(), nullable=True),
        sa.Column("t", UtcDateTime(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("cls", sa.String(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("length_m", sa.Float(), nullable=True),
        sa.Column("sog_kn", sa.Float(), nullable=True),
        sa.Column("cog_deg", sa.Float(), nullable=True),
        sa.Column("error_m", sa.Float(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("detection_id"),
    )
    op.create_index(op.f("ix_detections_t"), "detections", ["t"], unique=False)
    op.create_table(
        "detection_matches",
        sa.Column("detection_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("mmsi", sa.Integer(), nullable=True),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("detection_id"),
    )
    op.create_index(op.f("ix_detection_matches_mmsi"), "detection_matches", ["mmsi"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event_version", sa.Integer(), nullable=True),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index(op.f("ix_decisions_event_id"), "decisions", ["event_id"], unique=False)
    op.create_table(
        "rank_models",
        sa.Column("model_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=True),
        sa.Column("said_zh", sa.Text(), nullable=True),
        sa.Column("said_en", sa.Text(), nullable=True),
        sa.Column("model", Json(), nullable=True),
        sa.PrimaryKeyConstraint("model_id"),
    )
    op.create_table(
        "watch_states",
        sa.Column("name", sa.String(), autoincrement=False, nullable=False),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("archive_version", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("t", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
