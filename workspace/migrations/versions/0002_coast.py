"""Keep what a coast is worked out from, how it changed, and what stands on it in more detail."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Geometry, Json, UtcDateTime

revision = "0002"
down_revision = "0001"

_ADDED = {
    "segments": (
        ("road_distance_m", sa.Float()),
        ("shelter", sa.Float()),
        ("sea_view", sa.Float()),
        ("profile_m", Json()),
        ("landing_seabed_m", sa.Float()),
        ("landing_basis", sa.String()),
        ("tide_weights", Json()),
        ("tide_error_m", sa.Float()),
        ("tide_note", sa.String()),
    ),
    "wharves": (
        ("category", sa.String()),
        ("operator_unit", sa.String()),
        ("berths", sa.Integer()),
    ),
    "facilities": (
        ("height_m", sa.Float()),
        ("online_rate", sa.Float()),
        ("live_link", sa.String()),
        ("bar_type", sa.String()),
        ("bar_setting", sa.String()),
        ("clearance_m", sa.Float()),
        ("tamper", sa.String()),
    ),
    "tide_stations": (
        ("kind", sa.String()),
        ("datum", sa.String()),
        ("data", Json()),
    ),
    "quarantine": (("lon", sa.Float()), ("lat", sa.Float())),
}


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    # It held for one draught alone; the seabed it came from is worked out anew from the depth.
    op.drop_column("segments", "landable_threshold_m")
    op.execute("UPDATE tide_stations SET kind = 'harmonic'")
    op.create_table(
        "coasts",
        sa.Column("coast_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("t", UtcDateTime(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("crs", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("summary", Json(), nullable=True),
        sa.PrimaryKeyConstraint("coast_id"),
    )
    op.create_table(
        "lineage",
        sa.Column("lineage_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("coast_id", sa.Integer(), nullable=True),
        sa.Column("old_segment_id", sa.String(), nullable=True),
        sa.Column("new_segment_id", sa.String(), nullable=True),
        sa.Column("change", sa.String(), nullable=True),
        sa.Column("old_m", sa.Float(), nullable=True),
        sa.Column("new_m", sa.Float(), nullable=True),
        sa.Column("offset_m", sa.Float(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("lineage_id"),
    )
    for column in ("coast_id", "old_segment_id", "new_segment_id"):
        op.create_index(op.f(f"ix_lineage_{column}"), "lineage", [column], unique=False)
    op.create_table(
        "history",
        sa.Column("history_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("changes", Json(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("user", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("history_id"),
    )
    op.create_index(op.f("ix_history_key"), "history", ["key"], unique=False)
    op.create_table(
        "roads",
        sa.Column("road_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("road_id"),
    )
    op.create_table(
        "settlements",
        sa.Column("settlement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("settlement_id"),
    )
    op.create_table(
        "shore_types",
        sa.Column("shore_type_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shore_type", sa.String(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("shore_type_id"),
    )
    op.create_table(
        "rasters",
        sa.Column("name", sa.String(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("datum", sa.String(), nullable=True),
        sa.Column("zero_m", sa.Float(), nullable=True),
        sa.Column("positive_down", sa.Boolean(), nullable=True),
        sa.Column("band", sa.Integer(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("imported", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
