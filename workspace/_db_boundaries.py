"""The tables of sections, version by version, and of the drafts that become versions."""

from sqlalchemy import Column, Date, Float, Integer, String, Table

from workspace._db_base import key, made, metadata
from workspace.columns import Json, UtcDateTime

boundary_versions = Table(
    "boundary_versions",
    metadata,
    key("version", Integer),
    Column("published_at", UtcDateTime),
    Column("user", String),
    Column("reason", String),
    Column("valid_from", Date, nullable=False),
    Column("based_on", Integer),
    Column("draft_id", String),
    made(),
    Column("withdrawn_at", UtcDateTime),
)
sections = Table(
    "sections",
    metadata,
    key("version", Integer),
    key("section_id"),
    Column("name", String),
    Column("name_en", String),
    made(),
)
section_cuts = Table(
    "section_cuts",
    metadata,
    key("version", Integer),
    key("shoreline_id"),
    key("chainage_m", Float),
    Column("section_id", String),
)
section_hangs = Table(
    "section_hangs",
    metadata,
    key("version", Integer),
    key("shoreline_id"),
    Column("onto_shoreline_id", String),
    Column("onto_chainage_m", Float),
)
boundary_drafts = Table(
    "boundary_drafts",
    metadata,
    key("draft_id"),
    Column("name", String, nullable=False),
    Column("based_on", Integer),
    Column("operations", Json, nullable=False),
    Column("undone", Json, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("author", String, nullable=False),
    Column("state", String, nullable=False),
    Column("t", UtcDateTime, nullable=False),
    made(),
    Column("level", String, nullable=False, server_default="section", default="section"),
)
boundary_steps = Table(
    "boundary_steps",
    metadata,
    Column("step_id", Integer, primary_key=True, autoincrement=True),
    Column("draft_id", String, nullable=False, index=True),
    Column("rev", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("operations", Json),
    Column("t", UtcDateTime, nullable=False),
    Column("user", String, nullable=False),
    Column("reason", String),
)
