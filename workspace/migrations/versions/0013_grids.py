"""Keep grids and townships by level and version, and drafts of them beside those of sections."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Geometry, Json, UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "boundary_drafts",
        sa.Column("level", sa.String(), nullable=False, server_default="section"),
    )
    op.create_table(
        "grid_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("draft_id", sa.String(), nullable=True),
        sa.Column("by_hand", Json(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index(op.f("ix_grid_versions_level"), "grid_versions", ["level"], unique=False)
    op.create_table(
        "grids",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grid_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("township_id", sa.String(), nullable=True),
        sa.Column("head_unit", sa.String(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("version", "grid_id"),
    )
