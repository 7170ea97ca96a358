"""Events as the pages show them: of a window by rank, one with its reach, those of a vessel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from sqlalchemy import and_

from workspace import db, store
from workspace.folder import Workspace
from workspace.reviewing import ORDINARY

_SUMS = ("none", "rest")
"""Rows of ``event_reach`` that are no segments."""
_AT_A_TIME = 500


@dataclass(frozen=True)
class Events:
    """Events of a window, those that rank highest first.

    ``below`` of them rank under what was asked for, and ``beyond`` are more than was asked for.
    ``reach`` has by event how likely a silent vessel was at no segment (``none``) and at those
    that are not kept (``rest``).
    """

    rows: gpd.GeoDataFrame
    below: int
    beyond: int
    reach: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Event:
    """One event: its row of ``events``, where the vessel may have been, and whether it still holds.

    ``reach`` is its rows of ``event_reach``, the most likely first, ``none`` and ``rest`` last.
    ``withdrawn`` is since when later data has it no more; the row is then its last version.
    """

    row: dict[str, Any]
    reach: pl.DataFrame
    withdrawn: datetime | None = None


def events(
    ws: Workspace,
    *,
    t0: datetime,
    t1: datetime,
    kinds: Sequence[str],
    least: float = 0.0,
    most: int = 300,
    within: frozenset[str] | None = None,
) -> Events:
    """Return the events of some kinds that overlap t0..t1 and rank ``least`` or higher.

    ``within`` limits them to those nearest to some segments, or that may have reached them.

    An event without a rank, as found by an earlier release, counts as one that ranks 0.
    """
    table = db.events.c
    ended = (table.t1 >= t0) | (table.t1.is_(None) & (table.t0 >= t0))
    found = store.read(
        ws.engine,
        "events",
        where=and_(ended, table.t0 < t1, table.kind.in_(list(kinds))),
        columns=["event_id", "rank", "t0", "segment_id"],
    ).with_columns(pl.col("rank").fill_null(0.0))
    if within is not None:
        here = pl.col("segment_id").is_in(list(within))
        found = found.filter(here | pl.col("event_id").is_in(_reaching(ws, within)))
    ranked = found.filter(pl.col("rank") >= least).sort(
        "rank", "t0", "event_id", descending=[True, True, False]
    )
    ids = ranked["event_id"].head(most).to_list()
    rows = store.layer(ws.engine, "events", where=table.event_id.in_(ids))
    order = {name: at for at, name in enumerate(ids)}
    at = rows["event_id"].map(order).to_numpy()
    return Events(
        rows.iloc[np.argsort(at)].reset_index(drop=True),
        found.height - ranked.height,
        ranked.height - len(ids),
        _sums(ws, ids),
    )


def _reaching(ws: Workspace, within: frozenset[str]) -> list[str]:
    """Return the events that may have reached some segments."""
    ids = sorted(within)
    table = db.event_reach.c.segment_id
    found = [
        store.read(
            ws.engine, "event_reach", where=table.in_(ids[n : n + _AT_A_TIME]), columns=["event_id"]
        )
        for n in range(0, len(ids), _AT_A_TIME)
    ]
    return pl.concat(found)["event_id"].unique().to_list() if found else []


def _sums(ws: Workspace, ids: Sequence[str]) -> dict[str, dict[str, float]]:
    table = db.event_reach.c
    rows = store.read(
        ws.engine,
        "event_reach",
        where=and_(table.event_id.in_(list(ids)), table.segment_id.in_(_SUMS)),
        columns=["event_id", "segment_id", "probability"],
    )
    found: dict[str, dict[str, float]] = {}
    for event_id, name, probability in rows.iter_rows():
        found.setdefault(event_id, {})[name] = probability
    return found


def event(ws: Workspace, event_id: str) -> Event | None:
    """Return an event, or what it became; None where there never was one of that id."""
    past: dict[str, Any] | None = None
    seen: set[str] = set()
    name = event_id
    while name not in seen:
        seen.add(name)
        found = store.read(ws.engine, "events", where=db.events.c.event_id == name)
        if found.height:
            return Event(_row(found), _reach(ws, name))
        where = db.event_versions.c.event_id == name
        versions = store.read(ws.engine, "event_versions", where=where).sort("version")
        if versions.is_empty():
            break
        past = _row(versions.tail(1))
        name = past["became"] or name
    return Event(past, _reach(ws, ""), past["until"]) if past else None


def _row(one: pl.DataFrame) -> dict[str, Any]:
    row = one.row(0, named=True)
    return {**row, "geometry": shapely.from_wkb(row["geometry"]) if row["geometry"] else None}


def _reach(ws: Workspace, event_id: str) -> pl.DataFrame:
    rows = store.read(ws.engine, "event_reach", where=db.event_reach.c.event_id == event_id)
    summed = pl.col("segment_id").is_in(_SUMS)
    return rows.drop("event_id").sort(
        summed, "probability", "segment_id", descending=[False, True, False]
    )


def reaches(ws: Workspace, event_ids: Sequence[str]) -> pl.DataFrame:
    """Return the rows of ``event_reach`` of some events."""
    where = db.event_reach.c.event_id.in_(list(event_ids))
    return store.read(ws.engine, "event_reach", where=where)


def vessel_events(ws: Workspace, mmsi: int, *, most: int) -> tuple[pl.DataFrame, int]:
    """Return what a vessel had a part in, stops and berths apart, by rank; and how many there are.

    Columns: those of ``events`` without geometry and evidence.
    """
    table = db.events.c
    mine = (table.mmsi == mmsi) | (table.other_mmsi == mmsi)
    kept = [c.name for c in table if c.name not in {"geometry", "evidence"}]
    found = store.read(
        ws.engine, "events", where=and_(mine, table.kind.not_in(ORDINARY)), columns=kept
    ).sort("rank", "t0", "event_id", descending=[True, True, False], nulls_last=True)
    return found.head(most), found.height


def vessel_pattern(ws: Workspace, mmsi: int) -> dict[str, Any] | None:
    """Return a vessel's pattern of life: pattern, confidence and why (codes of `ais.life`)."""
    where = store.table_of("vessel_patterns").c.mmsi == mmsi
    found = store.read(ws.engine, "vessel_patterns", where=where)
    return None if found.is_empty() else found.drop("mmsi").row(0, named=True)
