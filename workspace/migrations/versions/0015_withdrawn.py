"""Keep when a version that did not hold yet was taken back."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for name in ("boundary_versions", "grid_versions"):
        op.add_column(name, sa.Column("withdrawn_at", UtcDateTime(), nullable=True))
