"""The tables of those who answer: their posts, and the days on which they are away."""

from sqlalchemy import Column, Date, String, Table

from workspace._db_base import key, made, metadata

posts = Table(
    "posts",
    metadata,
    key("post_id"),
    Column("role", String),
    Column("name", String),
    Column("unit", String),
    Column("duty_phone", String),
    Column("object_kind", String),
    Column("object_id", String),
    Column("valid_from", Date),
    Column("valid_to", Date),
    made(),
    Column("deputy_of", String),
)
post_absences = Table(
    "post_absences",
    metadata,
    key("absence_id"),
    Column("post_id", String, index=True),
    Column("away_from", Date),
    Column("away_to", Date),
    Column("cause", String),
    made(),
)
