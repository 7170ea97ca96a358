"""The tables of vessels and of what their positions came from."""

from sqlalchemy import Boolean, Column, Date, Float, Integer, LargeBinary, String, Table, Text

from workspace._db_base import key, made, metadata
from workspace.columns import Json, UtcDateTime

_STATIC = (
    ("imo", Integer),
    ("name", String),
    ("callsign", String),
    ("ship_type", Integer),
    ("length_m", Float),
    ("width_m", Float),
    ("draught_m", Float),
)
vessels = Table(
    "vessels",
    metadata,
    key("mmsi", Integer),
    Column("kind", String),
    Column("why", String),
    Column("only_4", Boolean),
    Column("only_21", Boolean),
    *(Column(name, kind) for name, kind in _STATIC),
    Column("seen_from", UtcDateTime),
    Column("seen_to", UtcDateTime),
)
vessel_history = Table(
    "vessel_history",
    metadata,
    key("mmsi", Integer),
    key("static_key"),
    *(Column(name, kind) for name, kind in _STATIC),
    Column("seen_from", UtcDateTime),
    Column("seen_to", UtcDateTime),
)
mmsi_shared = Table(
    "mmsi_shared",
    metadata,
    key("mmsi", Integer),
    Column("hulls", Integer),
    Column("overlap_s", Float),
    Column("distance_km", Float),
    Column("why", String),
)
vessel_lists = Table(
    "vessel_lists",
    metadata,
    key("list_id"),
    Column("list_name", String),
    Column("kind", String),
    Column("mmsi", Integer, index=True),
    Column("imo", Integer),
    Column("hull_number", String),
    Column("callsign", String),
    Column("name", String),
    Column("reason", String),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("source", String),
    made(),
)
ingests = Table(
    "ingests",
    metadata,
    key("sha256"),
    Column("name", String),
    Column("dialect", String),
    Column("options", Json),
    Column("rows_in", Integer),
    Column("added", Integer),
    Column("quarantined", Json),
    Column("started", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("simulated", Boolean, nullable=False, default=False),
)
feed_days = Table(
    "feed_days",
    metadata,
    key("sha256"),
    key("source"),
    key("date", Date),
    Column("rows", Integer),
    Column("positions", Integer),
    Column("vessels", Integer),
    Column("mmsis", LargeBinary),
    Column("t0", UtcDateTime),
    Column("t1", UtcDateTime),
    Column("delay_s", Float),
    Column("skew_s", Float),
    Column("skew_n", Integer),
)
feed_reasons = Table(
    "feed_reasons",
    metadata,
    Column("feed_reason_id", Integer, primary_key=True, autoincrement=True),
    Column("sha256", String, index=True),
    Column("source", String),
    Column("date", Date),
    Column("reason", String),
    Column("rows", Integer),
)
quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", Integer, primary_key=True, autoincrement=True),
    Column("source", String),
    Column("file", String),
    Column("row", Integer),
    Column("reason", String, index=True),
    Column("detail", Text),
    Column("mend", Text),
    Column("lon", Float),
    Column("lat", Float),
    Column("t", UtcDateTime),
)
