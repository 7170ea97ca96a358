"""Keep when an incident became known."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("known", UtcDateTime(), nullable=True))
