"""Keep the checkpoints that are drawn for a shift."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "patrol_checkpoints",
        sa.Column("shift_start", UtcDateTime(), nullable=False),
        sa.Column("checkpoint_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("t0", UtcDateTime(), nullable=False),
        sa.Column("t1", UtcDateTime(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("place_probability", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("shift_start", "checkpoint_id"),
    )
