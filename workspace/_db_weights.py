"""The tables of weight sets, and of the runs that were made with them."""

from sqlalchemy import Column, Integer, String, Table, Text

from workspace._db_base import key, metadata
from workspace.columns import Json, UtcDateTime

weight_sets = Table(
    "weight_sets",
    metadata,
    key("name"),
    key("version", Integer),
    Column("author", String, nullable=False),
    Column("reason_zh", String, nullable=False),
    Column("reason_en", String, nullable=False),
    Column("toml", Text, nullable=False),
    Column("t", UtcDateTime, nullable=False),
    Column("user", String, nullable=False),
)
weight_steps = Table(
    "weight_steps",
    metadata,
    Column("step_id", Integer, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("t", UtcDateTime, nullable=False),
    Column("user", String, nullable=False),
    Column("reason", String),
)
runs = Table(
    "runs",
    metadata,
    key("run_id"),
    Column("kind", String),
    Column("started", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("as_of", UtcDateTime),
    Column("counts", Json),
    Column("seconds", Json),
    Column("weights_name", String),
    Column("weights_version", Integer),
)
