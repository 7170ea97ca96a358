"""Keep what a plan left to exploration and with which chance, and since when a zone is one."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("zones", sa.Column("since", sa.Date(), nullable=True))
    op.create_table(
        "explorations",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("shift_start", "segment_id", "run_id"),
    )
    op.create_table(
        "seeds",
        sa.Column("name", sa.String(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
