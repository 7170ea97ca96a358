"""Who changed what, when and from which file: one row for each key changed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl
import shapely
from sqlalchemy import Connection, and_

from geo.errors import InputError
from workspace import db, store
from workspace.folder import Workspace

# Worked out from the place, which is told as lon and lat.
_DERIVED = frozenset({"geometry", "shoreline_id", "chainage_m", "offset_m", "segment_id", "made"})
# Of persons it is kept that they changed, not who they were.
_WITHHELD = {"posts": frozenset({"name", "duty_phone"})}
# A millimetre: what a projection there and back may leave.
_SAME_DEG = 1e-8
_NOT_KEPT = "（不留存 · not kept）"
KEPT_OF = (
    "wharves",
    "risk_points",
    "facilities",
    "posts",
    "post_absences",
    "teams",
    "incidents",
    "inspections",
    "berths",
    "vessel_lists",
)


def changed(before: pl.DataFrame, after: pl.DataFrame, *, table: str, key: str) -> pl.DataFrame:
    """Compare rows with those that they replace.

    Parameters
    ----------
    before : rows as they are stored.
    after : rows to be stored, perhaps with fewer columns; each key once.

    Returns
    -------
    One row for each key of ``after`` that is new or differs: ``key, action`` (added or changed)
    and ``changes``, a JSON object of column → [old, new]; of a new row it is empty.
    """
    old = {row[key]: row for row in _plain(before).iter_rows(named=True)}
    withheld = _WITHHELD.get(table, frozenset())
    out: list[tuple[str, str, str]] = []
    for row in _plain(after).iter_rows(named=True):
        stored = old.get(row[key])
        if stored is None:
            out.append((str(row[key]), "added", "{}"))
            continue
        differing = {
            name: [_NOT_KEPT] * 2 if name in withheld else [_value(stored[name]), _value(value)]
            for name, value in row.items()
            if name in stored and not _same(name, stored[name], value)
        }
        if differing:
            out.append((str(row[key]), "changed", store.as_json(differing)))
    return pl.DataFrame(
        out,
        schema={"key": pl.String, "action": pl.String, "changes": pl.String},
        orient="row",
    )


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table's own columns, its place as lon and lat."""
    if "geometry" in frame.columns and "lon" not in frame.columns:
        points = shapely.from_wkb(frame["geometry"].to_numpy())
        frame = frame.with_columns(
            lon=pl.Series(shapely.get_x(points), dtype=pl.Float64),
            lat=pl.Series(shapely.get_y(points), dtype=pl.Float64),
        )
    return frame.drop(_DERIVED & set(frame.columns))


def _same(name: str, old: object, new: object) -> bool:
    if name in {"lon", "lat"} and isinstance(old, float) and isinstance(new, float):
        return abs(old - new) < _SAME_DEG
    return old == new


def _value(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def record(
    connection: Connection,
    table: str,
    changes: pl.DataFrame,
    *,
    t: datetime,
    source: str,
    user: str | None,
) -> None:
    """Write down what ``changed`` found."""
    if changes.is_empty():
        return
    rows = changes.with_columns(
        t=pl.lit(t), table_name=pl.lit(table), source=pl.lit(source), user=pl.lit(user, pl.String)
    )
    store.write(connection, "history", rows)


def of(ws: Workspace, table: str | None = None, key: str | None = None) -> pl.DataFrame:
    """Return what changed, the latest first.

    Parameters
    ----------
    table, key : only of this table, only of this key.

    Returns
    -------
    ``history_id, t, table_name, key, action, changes, source, user``; ``changes`` is a JSON object
    of column → [old, new].
    """
    if table is not None and table not in KEPT_OF:
        raise InputError(
            f"there is no history of {table!r}",
            where="history",
            mend=f"There are: {', '.join(KEPT_OF)}.",
        )
    given: Mapping[str, str | None] = {"table_name": table, "key": key}
    wanted = [db.history.c[name] == value for name, value in given.items() if value is not None]
    found = store.read(ws.engine, "history", where=and_(*wanted) if wanted else None)
    return found.sort("history_id", descending=True)


def told(changes: Mapping[str, Sequence[object]]) -> str:
    """Return changes as one line of text: column: old → new."""
    return "; ".join(
        f"{name}: {_shown(old)} → {_shown(new)}" for name, (old, new) in changes.items()
    )


def _shown(value: object) -> str:
    if value is None:
        return "∅"
    return f"{value:g}" if isinstance(value, float) and abs(value) > 1000 else str(value)
