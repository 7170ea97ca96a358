"""What was on record at a past time: facilities, landing places, incidents that were known."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

import polars as pl

from risk.inputs import Inputs
from workspace import db, store
from workspace._cache import cached
from workspace.evidence import from_local_midnight
from workspace.folder import Workspace

_KEYS = {"facilities": "facility_id", "wharves": "wharf_id", "risk_points": "risk_point_id"}


class _Change(NamedTuple):
    t: datetime
    key: str
    before: dict[str, object] | None
    """What stood in the columns that changed; None where the row was new."""


def began(ws: Workspace) -> datetime | None:
    """Return since when facilities and landing places are on record; None where none is."""
    first = [changes[-1].t for name in _KEYS if (changes := _changes(ws, name))]
    return max(first, default=None)


def as_recorded(ws: Workspace, given: Inputs, at: datetime) -> Inputs:
    """Return what indicators are made from with what was on record at a time, and known.

    A table whose record begins later is taken as it was when it began. What has no history is as
    it is now, and so is where things stand.
    """
    facilities, places = given.facilities, given.landing_places
    if facilities is not None:
        facilities = from_local_midnight(_table_at(ws, "facilities", at), ws.config.timezone)
    if places is not None:
        wharves = _table_at(ws, "wharves", at).filter(pl.col("status") == "in_use")
        points = _table_at(ws, "risk_points", at)
        then = pl.concat(
            [
                wharves.select(
                    "cadence_days", place_id="wharf_id", kind="wharf_class",
                    grade=pl.lit(None, dtype=pl.Int64),
                ),
                points.select(
                    "cadence_days", "kind", place_id="risk_point_id",
                    grade=pl.coalesce("grade_confirmed", "grade_derived"),
                ).select("cadence_days", "place_id", "kind", "grade"),
            ]
        )  # fmt: skip
        others = places.drop("cadence_days", "kind", "grade")
        places = others.join(then, on="place_id", maintain_order="left")
    return replace(
        given,
        facilities=facilities,
        landing_places=places,
        incidents=_earlier(given.incidents, pl.max_horizontal("t0", "known"), at),
        inspections=_earlier(given.inspections, pl.col("t"), at),
        effort=_earlier(given.effort, pl.col("shift_start"), at),
    )


def _earlier(table: pl.DataFrame | None, when: pl.Expr, at: datetime) -> pl.DataFrame | None:
    """Return the rows of before; None where nobody had kept any yet."""
    rows = None if table is None else table.filter(when < at)
    return None if rows is None or rows.is_empty() else rows


def _changes(ws: Workspace, name: str) -> list[_Change]:
    """Return the changes of a table, the latest first."""
    return cached(ws, ("changes", name), ("history",), lambda: _read(ws, name))


def _read(ws: Workspace, name: str) -> list[_Change]:
    table = db.history.c
    rows = store.read(ws.engine, "history", where=table.table_name == name).sort(
        "t", "history_id", descending=True
    )
    return [
        _Change(
            row["t"],
            row["key"],
            None
            if row["action"] == "added"
            else {column: old for column, (old, _) in json.loads(row["changes"]).items()},
        )
        for row in rows.iter_rows(named=True)
    ]


def _table_at(ws: Workspace, name: str, at: datetime) -> pl.DataFrame:
    """Return a table as it was on record at a time."""
    now = cached(ws, ("table", name), (name,), lambda: store.read(ws.engine, name))
    changes = _changes(ws, name)
    since = max(at, changes[-1].t) if changes else at
    later = [one for one in changes if one.t > since]
    return _undone(now, _KEYS[name], later) if later else now


def _undone(now: pl.DataFrame, key: str, later: Iterable[_Change]) -> pl.DataFrame:
    """Return a table without the latest changes, which come the latest first."""
    rows = {row[key]: row for row in now.iter_rows(named=True)}
    for one in later:
        if one.before is None:
            rows.pop(one.key, None)
        elif one.key in rows:
            old = {name: _cell(now.schema, name, cell) for name, cell in one.before.items()}
            # Where a thing stands is told as lon and lat, and stays as it is.
            rows[one.key] |= {name: old[name] for name in old if name in now.columns}
    return pl.DataFrame(list(rows.values()), schema=now.schema)


def _cell(schema: pl.Schema, name: str, cell: object) -> object:
    dated = schema.get(name) == pl.Date and isinstance(cell, str)
    return date.fromisoformat(cell) if dated else cell
