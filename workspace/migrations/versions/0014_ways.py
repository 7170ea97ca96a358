"""Keep the ways that patrols take."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Geometry

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "ways",
        sa.Column("way_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("barred", sa.Boolean(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("geometry", Geometry(), nullable=True),
        sa.PrimaryKeyConstraint("way_id"),
    )
