"""Keep weight sets, who approved them and which was in force, and what scores were made with."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("runs", sa.Column("weights_name", sa.String(), nullable=True))
    op.add_column("runs", sa.Column("weights_version", sa.Integer(), nullable=True))
    op.create_table(
        "weight_sets",
        sa.Column("name", sa.String(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason_zh", sa.String(), nullable=False),
        sa.Column("reason_en", sa.String(), nullable=False),
        sa.Column("toml", sa.Text(), nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    op.create_table(
        "weight_steps",
        sa.Column("step_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("step_id"),
    )
    op.create_index(op.f("ix_weight_steps_name"), "weight_steps", ["name"], unique=False)
