"""The table of the ways that patrols take."""

from sqlalchemy import Boolean, Column, Float, Integer, String, Table

from workspace._db_base import key, metadata
from workspace.columns import Geometry

ways = Table(
    "ways",
    metadata,
    key("way_id", Integer),
    Column("name", String),
    Column("kind", String),
    Column("speed_kmh", Float),
    Column("barred", Boolean, nullable=False, default=False),
    Column("level", Integer, nullable=False, default=0),
    Column("geometry", Geometry),
)
