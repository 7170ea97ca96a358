"""Keep patrol teams, and for each shift the plan of who goes where."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("team_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("capacity_minutes", sa.Float(), nullable=True),
        sa.Column("range_km", sa.Float(), nullable=True),
        sa.Column("shifts", sa.String(), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("team_id"),
    )
    op.create_table(
        "patrol_plans",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("plans", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("plan_bits", sa.Float(), nullable=True),
        sa.Column("route_bits", sa.Float(), nullable=True),
        sa.Column("stop_hour_bits", sa.Float(), nullable=True),
        sa.Column("explore_set", sa.Float(), nullable=False),
        sa.Column("explore_reached", sa.Float(), nullable=True),
        sa.Column("empty_zh", sa.String(), nullable=True),
        sa.Column("empty_en", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("shift_start"),
    )
    op.create_table(
        "patrol_teams",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("t0", UtcDateTime(), nullable=False),
        sa.Column("t1", UtcDateTime(), nullable=False),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("capacity_minutes", sa.Float(), nullable=True),
        sa.Column("range_km", sa.Float(), nullable=True),
        sa.Column("basis", sa.String(), nullable=True),
        sa.Column("leave", UtcDateTime(), nullable=True),
        sa.Column("back", UtcDateTime(), nullable=True),
        sa.Column("stops", sa.Integer(), nullable=False),
        sa.Column("prize", sa.Float(), nullable=False),
        sa.Column("km", sa.Float(), nullable=False),
        sa.Column("travel_minutes", sa.Float(), nullable=False),
        sa.Column("wait_minutes", sa.Float(), nullable=False),
        sa.Column("service_minutes", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("shift_start", "team_id"),
    )
    op.create_table(
        "patrol_stops",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("stop_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("segment_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("prize", sa.Float(), nullable=False),
        sa.Column("service_minutes", sa.Float(), nullable=False),
        sa.Column("windows", sa.String(), nullable=True),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.String(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("reason_zh", sa.String(), nullable=True),
        sa.Column("reason_en", sa.String(), nullable=True),
        sa.Column("left_out", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("shift_start", "stop_id"),
    )
    op.create_table(
        "patrol_routes",
        sa.Column("shift_start", UtcDateTime(), autoincrement=False, nullable=False),
        sa.Column("team_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stop_id", sa.String(), nullable=True),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("arrive", UtcDateTime(), nullable=False),
        sa.Column("start", UtcDateTime(), nullable=False),
        sa.Column("leave", UtcDateTime(), nullable=False),
        sa.Column("wait_minutes", sa.Float(), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=False),
        sa.Column("km", sa.Float(), nullable=False),
        sa.Column("prize", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("shift_start", "team_id", "position"),
    )
