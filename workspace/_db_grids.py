"""The tables of grids and townships, level by level and version by version."""

from sqlalchemy import Column, Date, Integer, String, Table

from workspace._db_base import key, made, metadata
from workspace.columns import Geometry, Json, UtcDateTime

grid_versions = Table(
    "grid_versions",
    metadata,
    key("version", Integer),
    Column("level", String, nullable=False, index=True),
    Column("published_at", UtcDateTime),
    Column("user", String),
    Column("reason", String),
    Column("valid_from", Date, nullable=False),
    Column("based_on", Integer),
    Column("draft_id", String),
    Column("by_hand", Json, nullable=False),
    made(),
    Column("withdrawn_at", UtcDateTime),
)
grids = Table(
    "grids",
    metadata,
    key("version", Integer),
    key("grid_id"),
    Column("name", String),
    Column("name_en", String),
    Column("township_id", String),
    Column("head_unit", String),
    Column("geometry", Geometry, nullable=False),
    made(),
)
