"""What an import refused, kept to be looked at."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from geo.errors import Refusal, refused_table
from workspace import db, store


def quarantine(
    connection: Connection, kind: str, path: Path, refused: Sequence[Refusal], now: datetime
) -> None:
    """Note what was refused, in place of what an earlier import of the file left there."""
    source = f"import {kind} {path.name}"[:200]
    rows = refused_table(refused).with_columns(source=pl.lit(source), t=pl.lit(now))
    store.write(
        connection, "quarantine", rows, replace=True, where=db.quarantine.c.source == source
    )
