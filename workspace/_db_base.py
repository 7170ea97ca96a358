"""What the definitions of the tables share."""

from typing import Any

from sqlalchemy import Boolean, Column, Float, MetaData, String
from sqlalchemy.types import TypeEngine

from workspace.columns import Geometry

metadata = MetaData()


def key(name: str, kind: type[TypeEngine[Any]] = String) -> Column[Any]:
    """Return a column of the primary key."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def made() -> Column[Any]:
    """Return the column that says whether a row is made up."""
    return Column("made", Boolean, nullable=False, default=False)


def place() -> list[Column[Any]]:
    """Return the columns of a thing that stands on the coast."""
    return [
        Column("shoreline_id", String, index=True),
        Column("chainage_m", Float),
        Column("offset_m", Float),
        Column("geometry", Geometry),
        made(),
    ]
