"""Tide stations at rest: as rows of the database, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.spatial import cKDTree

from geo.datums import Datums, from_settings
from workspace import store

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from geo.tides import Station
    from workspace.folder import Workspace

# Two stations this near are one place.
NEAREST_KM = 1.0
_MS = "datetime64[ms]"
_EARTH_KM = 6371.0


def read_stations(ws: Workspace, settings: Mapping[str, float]) -> list[Station]:
    """Return all stored stations with their main ports, and the datums that settings know."""
    rows = list(store.read(ws.engine, "tide_stations").iter_rows(named=True))
    found = {row["station_id"]: _station(row) for row in rows}
    out = []
    for one in found.values():
        main = None if one.offsets is None else found.get(one.offsets.main)
        if one.offsets is not None and main is None:
            # Its main port is gone: it has no tide.
            continue
        out.append(
            replace(
                with_datums(one, settings),
                main=None if main is None else with_datums(main, settings),
            )
        )
    return out


def with_datums(one: Station, settings: Mapping[str, float]) -> Station:
    """Return a station that also knows the datums of the settings; its own come first."""
    own = dict(one.datums) if one.datum in one.datums else {one.datum: 0.0}
    known = Datums.of(own, from_settings(settings), where=one.station_id)
    return replace(one, datums=next(group for group in known.groups if one.datum in group))


def one_each(stations: Sequence[Station]) -> list[Station]:
    """Return the stations that have a place and heights above mean sea level, one for each place.

    Of several within a kilometre, or of one id (K, K:table), it is the constants, else a secondary
    port of constants, else the table that lasts longest: a table that ends must not take the tide
    of the constants beside it along.
    """
    known = [
        one
        for one in stations
        if np.isfinite([one.lon, one.lat]).all() and one.known_datums().knows(one.datum)
    ]
    rivals: dict[str, set[str]] = {one.station_id: set() for one in known}
    for a, b in [*_near(known), *_akin(rivals)]:
        rivals[a].add(b)
        rivals[b].add(a)
    kept: set[str] = set()
    for one in sorted(known, key=_rank):
        if not kept & rivals[one.station_id]:
            kept.add(one.station_id)
    return [one for one in known if one.station_id in kept]


def _near(known: Sequence[Station]) -> list[tuple[str, str]]:
    """Return the ids of stations that stand in one place."""
    lon, lat = np.radians([(one.lon, one.lat) for one in known]).reshape(-1, 2).T
    places = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    pairs = cKDTree(places).query_pairs(NEAREST_KM / _EARTH_KM) if known else ()
    return [(known[a].station_id, known[b].station_id) for a, b in pairs]


def _akin(ids: Collection[str]) -> list[tuple[str, str]]:
    """Return the ids that go on from another one after a colon, with it."""
    return [
        (one, one[:end])
        for one in ids
        for end, letter in enumerate(one)
        if letter == ":" and one[:end] in ids
    ]


def _rank(one: Station) -> tuple[int, int, str]:
    """Return where a station comes among those of its place."""
    printed = (one.main or one).table
    last = 0 if printed is None else -int(printed.span[1].astype(_MS).astype(np.int64))
    return 2 * (printed is not None) + (one.kind != "harmonic"), last, one.station_id


def to_table(stations: Sequence[Station]) -> pl.DataFrame:
    """Return stations as rows of the table `tide_stations`."""
    return pl.DataFrame(
        {
            "station_id": [one.station_id for one in stations],
            "name": [one.name for one in stations],
            "lon": [None if np.isnan(one.lon) else one.lon for one in stations],
            "lat": [None if np.isnan(one.lat) else one.lat for one in stations],
            "kind": [one.kind for one in stations],
            "note": [one.note for one in stations],
            "datum": [one.datum for one in stations],
            "datums": [store.as_json(dict(one.datums)) for one in stations],
            "constituents": [store.as_json(one.constituents.to_dicts()) for one in stations],
            "data": [_data(one) for one in stations],
        },
        schema_overrides={"lon": pl.Float64, "lat": pl.Float64, "data": pl.String},
    )


def _data(one: Station) -> str | None:
    """Return a table's figures or a secondary port's offsets as JSON."""
    if one.offsets is not None:
        return store.as_json(one.offsets.as_dict())
    if one.table is None:
        return None
    table = one.table
    return store.as_json(
        {
            "t_ms": table.times.astype(_MS).astype(np.int64).tolist(),
            "height_m": np.round(table.height_m, 4).tolist(),
            "high": None if table.high is None else table.high.tolist(),
        }
    )


def _station(row: dict[str, Any]) -> Station:
    from geo.secondary import Offsets
    from geo.tides import CONSTITUENTS, Station, TideTable

    data = json.loads(row["data"] or "null")
    table = offsets = None
    if row["kind"] == "table":
        high = data["high"]
        table = TideTable(
            row["datum"],
            np.array(data["t_ms"], dtype=np.int64).astype(_MS),
            np.array(data["height_m"], dtype=np.float64),
            None if high is None else np.array(high, dtype=np.bool_),
        )
    elif row["kind"] == "secondary":
        offsets = Offsets(**data)
    return Station(
        station_id=row["station_id"],
        name=row["name"],
        lon=np.nan if row["lon"] is None else row["lon"],
        lat=np.nan if row["lat"] is None else row["lat"],
        constituents=pl.DataFrame(json.loads(row["constituents"] or "[]"), schema=CONSTITUENTS),
        datums=json.loads(row["datums"] or "{}"),
        note=row["note"] or "",
        table=table,
        offsets=offsets,
    )
