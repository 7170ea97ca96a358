"""Keep the sections version by version, and the drafts that become versions."""

from datetime import date

import sqlalchemy as sa
from alembic import op

from workspace.columns import Json, UtcDateTime

revision = "0009"
down_revision = "0008"

# What was there before versions has held for as long as anybody knows.
_EVER = date(1970, 1, 1)
_KEYS = {
    "sections": ("section_id",),
    "section_cuts": ("shoreline_id", "chainage_m"),
    "section_hangs": ("shoreline_id",),
}
_REST = {
    "sections": ("name", "name_en", "made"),
    "section_cuts": ("section_id",),
    "section_hangs": ("onto_shoreline_id", "onto_chainage_m"),
}
_TYPES: dict[str, type[sa.types.TypeEngine[object]]] = {
    "chainage_m": sa.Float,
    "onto_chainage_m": sa.Float,
    "made": sa.Boolean,
}


def upgrade() -> None:
    connection = op.get_bind()
    version, count, made = connection.execute(
        sa.text(
            "SELECT max(version), count(*), max(CASE WHEN made THEN 1 ELSE 0 END) FROM sections"
        )
    ).one()
    number = version or 1
    for name, keys in _KEYS.items():
        op.rename_table(name, f"{name}_before")
        columns = [*keys, *_REST[name]]
        op.create_table(
            name,
            sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
            *(
                sa.Column(
                    one,
                    _TYPES.get(one, sa.String)(),
                    autoincrement=False,
                    nullable=one not in {*keys, "made"},
                )
                for one in columns
            ),
            # The renamed table keeps the name of its constraint on PostgreSQL.
            sa.PrimaryKeyConstraint("version", *keys, name=f"{name}_by_version"),
        )
        told = ", ".join(columns)
        op.execute(
            f"INSERT INTO {name} (version, {told}) SELECT {int(number)}, {told} FROM {name}_before"
        )
        op.drop_table(f"{name}_before")
    versions = op.create_table(
        "boundary_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("draft_id", sa.String(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    if count:
        row = {"version": number, "valid_from": _EVER, "made": bool(made)}
        op.bulk_insert(versions, [row])
    op.create_table(
        "boundary_drafts",
        sa.Column("draft_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("operations", Json(), nullable=False),
        sa.Column("undone", Json(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id"),
    )
    op.create_table(
        "boundary_steps",
        sa.Column("step_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("operations", Json(), nullable=True),
        sa.Column("t", UtcDateTime(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("step_id"),
    )
    op.create_index(
        op.f("ix_boundary_steps_draft_id"), "boundary_steps", ["draft_id"], unique=False
    )
