"""What became of the events found before: kept, gone on, revised, succeeded or withdrawn."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import Connection

from workspace import store

_TOLD = ("t0", "t1", "lon", "lat", "other_mmsi", "algorithm")
_HISTORY = ("kind", "mmsi", "t0", "t1", "lon", "lat", "geometry", "evidence", "rank")


class Revised(NamedTuple):
    """Events compared with those that were there.

    ``events`` are all that hold now, with version, first_found, revised and changes; ``fresh``
    the ids of those that are new or say something else; ``history`` the versions that hold no
    more, as rows of ``event_versions``; ``gone`` the ids to take out.
    """

    events: pl.DataFrame
    fresh: pl.Series
    history: pl.DataFrame
    gone: list[str]
    counts: dict[str, int]


def compare(
    old: pl.DataFrame,
    found: pl.DataFrame,
    *,
    past: Mapping[str, int],
    now: datetime,
    since: datetime | None,
) -> Revised:
    """Compare what is found now with what was found before.

    An event that was going on when the data ended (``open`` in its evidence) and lasts longer now
    has gone on: it keeps its version. Any other change is a new version. One that is not found
    any more is succeeded by an event of the same kind and vessels that lies in its time, or else
    withdrawn; either is kept in ``history``. An event from before ``since``, where positions are
    kept no longer, stays as it is.
    """
    kept = old.clear()
    if since is not None:
        found = _as_begun(old, found, since)
        kept = _out_of_sight(old, found, since)
    was = {row["event_id"]: row for row in old.iter_rows(named=True)}
    known = found.filter(pl.col("event_id").is_in(old["event_id"].implode()))
    lost = old.filter(
        ~pl.col("event_id").is_in(pl.concat([found["event_id"], kept["event_id"]]).implode())
    )
    heirs = _heirs(lost, found)
    told: dict[str, tuple[int, datetime, datetime | None, str | None]] = {}
    history: list[dict[str, Any]] = []
    counts = dict.fromkeys(("new", "went_on", "revised", "succeeded", "withdrawn"), 0)
    fresh: list[str] = []
    inherited = 0
    for row in known.iter_rows(named=True):
        before = was[row["event_id"]]
        changes = _changes(before, row)
        if not changes:
            told[row["event_id"]] = _as_it_was(before)
            continue
        fresh.append(row["event_id"])
        if _went_on(before, row):
            counts["went_on"] += 1
            told[row["event_id"]] = _as_it_was(before)
            continue
        counts["revised"] += 1
        told[row["event_id"]] = (before["version"] + 1, before["first_found"], now, changes)
        history.append(_past(before, now, row["event_id"], changes))
    for before in lost.iter_rows(named=True):
        heir = heirs.get(before["event_id"])
        changes = None if heir is None else _changes(before, heir)
        counts["withdrawn" if heir is None else "succeeded"] += 1
        history.append(_past(before, now, heir and heir["event_id"], changes))
        if heir is not None and heir["event_id"] not in was and heir["event_id"] not in told:
            inherited += 1
            last = max(before["version"], past.get(heir["event_id"], 0))
            told[heir["event_id"]] = (last + 1, before["first_found"], now, changes)
    begun = found["event_id"].to_list()
    new = [name for name in begun if name not in was]
    fresh += new
    counts["new"] = len(new) - inherited
    rows = [told.get(name, (past.get(name, 0) + 1, now, None, None)) for name in begun]
    dated = found.drop("version").with_columns(
        version=pl.Series([row[0] for row in rows], dtype=pl.Int64),
        first_found=pl.Series([row[1] for row in rows], dtype=pl.Datetime("ms", "UTC")),
        revised=pl.Series([row[2] for row in rows], dtype=pl.Datetime("ms", "UTC")),
        changes=pl.Series([row[3] for row in rows], dtype=pl.String),
    )
    return Revised(
        dated,
        pl.Series("event_id", fresh, dtype=pl.String),
        _history(history),
        lost["event_id"].to_list(),
        counts,
    )


def _out_of_sight(old: pl.DataFrame, found: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Return the events of vessels whose positions were let go: they stay as they are."""
    return old.filter(
        (pl.col("t0") < since)
        & pl.col("mmsi").is_not_null()
        & ~pl.col("event_id").is_in(found["event_id"].implode())
    )


def _as_begun(old: pl.DataFrame, found: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Return what is found with the beginnings that lie before ``since``, where they are known.

    What is left of an event whose first positions were let go is that event, not another.
    """
    across = old.filter((pl.col("t0") < since) & (pl.col("t1") >= since))
    heirs = _heirs(found.filter(~pl.col("event_id").is_in(old["event_id"].implode())), across)
    if not heirs:
        return found
    rest = pl.DataFrame(
        {
            "event_id": list(heirs),
            "_id": [one["event_id"] for one in heirs.values()],
            "_t0": pl.Series([one["t0"] for one in heirs.values()], dtype=found["t0"].dtype),
        }
    )
    return (
        found.join(rest, on="event_id", how="left", maintain_order="left")
        .with_columns(event_id=pl.coalesce("_id", "event_id"), t0=pl.coalesce("_t0", "t0"))
        .drop("_id", "_t0")
        .unique("event_id", keep="first", maintain_order=True)
    )


def _heirs(lost: pl.DataFrame, new: pl.DataFrame) -> Mapping[str, dict[str, Any]]:
    """Return for the events that are lost the one found that shares most of their time.

    Two may have the same heir: late data joins what it lies between. What no known vessel did has
    none, since nothing says that it was the same.
    """
    if lost.is_empty() or new.is_empty():
        return {}
    other = pl.col("other_mmsi").fill_null(0)
    both = (
        lost.select("event_id", "kind", "mmsi", "t0", "t1", other=other)
        .join(
            new.select("kind", "mmsi", "t0", "t1", other=other, heir="event_id"),
            on=["kind", "mmsi", "other"],
            suffix="_now",
        )
        .with_columns(
            shared=pl.min_horizontal("t1", "t1_now") - pl.max_horizontal("t0", "t0_now"),
        )
        .filter(pl.col("shared") >= pl.duration(seconds=0))
        .sort("shared", "heir", descending=[True, False])
        .unique("event_id", keep="first", maintain_order=True)
    )
    rows = {row["event_id"]: row for row in new.iter_rows(named=True)}
    return {lost_id: rows[heir] for lost_id, heir in both.select("event_id", "heir").iter_rows()}


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Return what differs as JSON, {name: [before, now]}; None where nothing does."""
    found: dict[str, list[Any]] = {
        name: [_plain(before[name]), _plain(now[name])]
        for name in _TOLD
        if before[name] != now[name]
    }
    if before["evidence"] != now["evidence"]:
        said, says = (json.loads(row["evidence"] or "{}") for row in (before, now))
        found |= {
            name: [said.get(name), says.get(name)]
            for name in sorted(said.keys() | says.keys())
            if said.get(name) != says.get(name)
        }
    return json.dumps(found, ensure_ascii=False) if found else None


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _went_on(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Return whether an event that was open has done no more than last."""
    return bool(
        json.loads(before["evidence"] or "{}").get("open") is True
        and before["t0"] == now["t0"]
        and before["t1"] < now["t1"]
    )


def _as_it_was(before: Mapping[str, Any]) -> tuple[int, datetime, datetime | None, str | None]:
    return before["version"], before["first_found"], before["revised"], before["changes"]


def _past(
    before: Mapping[str, Any], until: datetime, became: str | None, changes: str | None
) -> dict[str, Any]:
    return {
        "event_id": before["event_id"],
        "version": before["version"],
        **{name: before[name] for name in _HISTORY},
        "until": until,
        "became": became,
        "changes": changes,
    }


def _history(rows: list[dict[str, Any]]) -> pl.DataFrame:
    table = store.table_of("event_versions")
    columns = {
        column.name: [row[column.name] for row in rows]
        for column in table.columns
        if not rows or column.name in rows[0]
    }
    types = {"until": pl.Datetime("ms", "UTC"), "became": pl.String, "changes": pl.String}
    return pl.DataFrame(columns, schema_overrides=types, strict=False)


def keep(connection: Connection, revised: Revised, *, rows: pl.DataFrame) -> None:
    """Write the events that are new or differ (``rows``), and put away what holds no more."""
    for table in ("events", "event_segments", "event_reach"):
        store.forget(connection, table, "event_id", revised.gone)
    store.upsert(connection, "events", rows)
    if revised.history.height:
        store.write(connection, "event_versions", revised.history)
