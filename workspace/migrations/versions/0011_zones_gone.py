"""Keep the zones of the day before that are none any more, and why."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Geometry, Json, UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "zones_gone",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("zone_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("km", sa.Float(), nullable=True),
        sa.Column("reason_zh", sa.String(), nullable=True),
        sa.Column("reason_en", sa.String(), nullable=True),
        sa.Column("section_ids", Json(), nullable=True),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("shift_start", "zone_id", "run_id"),
    )
