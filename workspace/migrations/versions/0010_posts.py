"""Keep deputies' posts, and the days on which holders are away."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("posts", sa.Column("deputy_of", sa.String(), nullable=True))
    op.create_table(
        "post_absences",
        sa.Column("absence_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.String(), nullable=True),
        sa.Column("away_from", sa.Date(), nullable=True),
        sa.Column("away_to", sa.Date(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("absence_id"),
    )
    op.create_index(op.f("ix_post_absences_post_id"), "post_absences", ["post_id"], unique=False)
