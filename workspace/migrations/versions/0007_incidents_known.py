"""Keep when an incident became known."""

import sqlalchemy as sa
from alembic import op

from workspace.columns import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("known", UtcDateTime(), nullable=True))
