"""Which shifts are scored, by which run, and their scores."""

from datetime import date, datetime

import polars as pl
from sqlalchemy import and_, select

from risk.shifts import Shift, shifts
from workspace import db, store
from workspace._cache import cached
from workspace.folder import Workspace

NUMBERS = ("score", "lo", "hi", "threat", "opportunity", "guardianship_deficit")


def scored_shifts(ws: Workspace) -> list[tuple[str, datetime, datetime]]:
    """Return (shift_id, t0, t1) of every shift that has scores, in order of time."""
    found = []
    for start in newest_runs(ws):
        shift = _shift_at(ws, start)
        if shift is not None:
            found.append((shift.shift_id, shift.t0, shift.t1))
    return found


def newest_runs(ws: Workspace) -> dict[datetime, str]:
    """Return the newest run of each scored shift, by its start."""
    return cached(ws, "newest runs", ("scores", "runs"), lambda: runs_of(ws, "scores"))


def runs_of(ws: Workspace, name: str) -> dict[datetime, str]:
    table = store.table_of(name)
    statement = (
        select(table.c.shift_start, table.c.run_id)
        .join(db.runs, db.runs.c.run_id == table.c.run_id)
        .group_by(table.c.shift_start, table.c.run_id, db.runs.c.finished)
        .order_by(table.c.shift_start, db.runs.c.finished, table.c.run_id)
    )
    with ws.engine.connect() as connection:
        return dict(connection.execute(statement).all())


def _shift_at(ws: Workspace, start: datetime) -> Shift | None:
    """Return the shift that starts just then, by the settings of today."""
    day = start.astimezone(ws.config.tz).date()
    for shift in shifts(day, tz=ws.config.tz, starts=ws.config.shift_starts):
        if shift.t0 == start:
            return shift
    return None


def shift_of(ws: Workspace, shift_id: str) -> Shift | None:
    """Return the shift with this id, or None where the settings have no such shift."""
    try:
        day = date.fromisoformat(shift_id[:10])
    except ValueError:
        return None
    for shift in shifts(day, tz=ws.config.tz, starts=ws.config.shift_starts):
        if shift.shift_id == shift_id:
            return shift
    return None


def scores(ws: Workspace, shift_id: str) -> pl.DataFrame | None:
    """Return the newest scores of a shift in the order of the segments, or None."""
    shift = shift_of(ws, shift_id)
    run = None if shift is None else newest_runs(ws).get(shift.t0)
    if shift is None or run is None:
        return None
    return cached(
        ws, ("scores", run, shift.t0), ("scores", "segments"), lambda: _scores(ws, run, shift.t0)
    )


def _scores(ws: Workspace, run: str, start: datetime) -> pl.DataFrame:
    table = db.scores.c
    found = store.read(
        ws.engine,
        "scores",
        where=and_(table.run_id == run, table.shift_start == start),
        columns=["segment_id", *NUMBERS],
        order=["segment_id"],
    )
    order = store.read(ws.engine, "segments", columns=["segment_id"])
    return order.join(found, on="segment_id", how="left", maintain_order="left")
