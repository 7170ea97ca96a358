"""The tide that holds for one workspace: which station, and its heights over a time."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workspace import store
from workspace.folder import Workspace

if TYPE_CHECKING:
    from geo.tides import Station


def stations(ws: Workspace) -> list[Station]:
    """Return all stored stations with their constituents."""
    from geo.tides import Station

    return [
        Station(
            station_id=row["station_id"],
            name=row["name"],
            lon=row["lon"],
            lat=row["lat"],
            constituents=pl.DataFrame(json.loads(row["constituents"])),
            datums=json.loads(row["datums"] or "{}"),
            note=row["note"] or "",
        )
        for row in store.read(ws.engine, "tide_stations").iter_rows(named=True)
    ]


def station(ws: Workspace) -> Station | None:
    """Return the station to use: the one that the settings name, else the nearest to the coast.

    None where no station is stored; what follows from the tide is then missing, not guessed.
    """
    known = stations(ws)
    if not known:
        return None
    for one in known:
        if one.station_id == ws.config.tide_station:
            return one
    middle = store.read(ws.engine, "segments", columns=["lon", "lat"]).mean()
    if middle["lon"][0] is None:
        return known[0]
    lon, lat = middle.row(0)
    return min(known, key=lambda one: _far(one.lon - lon, one.lat - lat, lat))


def _far(d_lon: float, d_lat: float, lat: float) -> float:
    """Return a distance good enough to rank stations by, in degrees of latitude."""
    return float(np.hypot(((d_lon + 180) % 360 - 180) * np.cos(np.radians(lat)), d_lat))


def curve(
    one: Station, t0: datetime, t1: datetime, *, step_min: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (datetime64[ms], UTC, both ends included) and heights above mean sea level."""
    from geo.tides import predict

    minutes = int((t1 - t0).total_seconds() // 60)
    start = np.datetime64(t0.replace(tzinfo=None), "ms")
    times = start + np.arange(0, minutes + 1, step_min).astype("timedelta64[m]")
    return times, np.asarray(predict(one, times))
