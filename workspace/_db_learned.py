"""The tables of learned models, and of what each forecast."""

from sqlalchemy import Boolean, Column, Float, String, Table, Text

from workspace._db_base import key, metadata
from workspace.columns import Json, UtcDateTime

learned_models = Table(
    "learned_models",
    metadata,
    key("model_id"),
    Column("run_id", String, nullable=False),
    Column("t", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("t1", UtcDateTime, nullable=False),
    Column("offered", Boolean, nullable=False),
    Column("why_zh", String, nullable=False),
    Column("why_en", String, nullable=False),
    Column("figures", Json),
    Column("spreads", Json),
    Column("card", Text),
)
learned_forecasts = Table(
    "learned_forecasts",
    metadata,
    key("model_id"),
    key("segment_id"),
    Column("expected", Float, nullable=False),
    Column("percentile", Float, nullable=False),
    Column("contributions", Json),
)
