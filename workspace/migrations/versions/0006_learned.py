"""Keep learned models: what each was tested to be worth, and what it forecast."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import Json, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "learned_models",
        sa.Column("model_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("t1", UtcDateTime(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("why_zh", sa.String(), nullable=False),
        sa.Column("why_en", sa.String(), nullable=False),
        sa.Column("figures", Json(), nullable=True),
        sa.Column("spreads", Json(), nullable=True),
        sa.Column("card", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("model_id"),
    )
    op.create_table(
        "learned_forecasts",
        sa.Column("model_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("percentile", sa.Float(), nullable=False),
        sa.Column("contributions", Json(), nullable=True),
        sa.PrimaryKeyConstraint("model_id", "segment_id"),
    )
