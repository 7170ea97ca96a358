"""Keep what came from each source on each day, lists of vessels, and MMSIs that hulls share."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Json, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("vessels", sa.Column("why", sa.String(), nullable=True))
    op.add_column("vessels", sa.Column("only_4", sa.Boolean(), nullable=True))
    op.add_column("vessels", sa.Column("only_21", sa.Boolean(), nullable=True))
    # Of vessels heard before only the verdict is left.
    op.execute("UPDATE vessels SET only_4 = (kind = 'base station'), only_21 = (kind = 'aid')")
    op.add_column("ingests", sa.Column("options", Json(), nullable=True))
    op.create_table(
        "feed_days",
        sa.Column("sha256", sa.String(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("positions", sa.Integer(), nullable=True),
        sa.Column("vessels", sa.Integer(), nullable=True),
        sa.Column("mmsis", sa.LargeBinary(), nullable=True),
        sa.Column("t0", UtcDateTime(), nullable=True),
        sa.Column("t1", UtcDateTime(), nullable=True),
        sa.Column("delay_s", sa.Float(), nullable=True),
        sa.Column("skew_s", sa.Float(), nullable=True),
        sa.Column("skew_n", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", "source", "date"),
    )
    op.create_table(
        "feed_reasons",
        sa.Column("feed_reason_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("feed_reason_id"),
    )
    op.create_index(op.f("ix_feed_reasons_sha256"), "feed_reasons", ["sha256"], unique=False)
    op.create_table(
        "mmsi_shared",
        sa.Column("mmsi", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hulls", sa.Integer(), nullable=True),
        sa.Column("overlap_s", sa.Float(), nullable=True),
        sa.Column("distance_km", sa.Float(), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("mmsi"),
    )
    op.create_table(
        "vessel_lists",
        sa.Column("list_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("list_name", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("mmsi", sa.Integer(), nullable=True),
        sa.Column("imo", sa.Integer(), nullable=True),
        sa.Column("hull_number", sa.String(), nullable=True),
        sa.Column("callsign", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("list_id"),
    )
    op.create_index(op.f("ix_vessel_lists_mmsi"), "vessel_lists", ["mmsi"], unique=False)
