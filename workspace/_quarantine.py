"""What an import refused, kept to be looked at."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from geo.errors import Refusal, refused_table
from workspace import db, store
from workspace._personal import masked


def quarantine(
    connection: Connection, kind: str, path: Path, refused: Sequence[Refusal], now: datetime
) -> None:
    """Note what was refused, in place of what an earlier import of the file left there.

    Numbers of persons are not repeated, whatever read them.
    """
    source = f"import {kind} {path.name}"[:200]
    told = [replace(one, detail=masked(one.detail)) for one in refused]
    rows = refused_table(told).with_columns(source=pl.lit(source), t=pl.lit(now))
    store.write(
        connection, "quarantine", rows, replace=True, where=db.quarantine.c.source == source
    )


def told(one: Refusal) -> str:
    """Return what was wrong with one row or feature, and where; numbers of persons left out."""
    place = "" if one.lon is None or one.lat is None else f" at {one.lon:.5f} {one.lat:.5f}"
    row = "" if one.row is None else f", row {one.row}"
    return f"{one.file}{row}{place}: {masked(one.detail)}. {one.mend}"
