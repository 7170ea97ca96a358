"""The tables of patrol plans: what was left to exploration, and the seeds of what is drawn."""

from sqlalchemy import Boolean, Column, Float, String, Table

from workspace._db_base import key, metadata
from workspace.columns import UtcDateTime

explorations = Table(
    "explorations",
    metadata,
    key("shift_start", UtcDateTime),
    key("segment_id"),
    key("run_id"),
    Column("probability", Float, nullable=False),
    Column("chosen", Boolean, nullable=False),
    Column("part", String, nullable=False),
)
seeds = Table("seeds", metadata, key("name"), Column("seed", String, nullable=False))
