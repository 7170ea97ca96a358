"""The tide that holds for one workspace: which station, and its heights over a time."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from geo.crs import ELLIPSOID
from geo.errors import InputError
from workspace import store
from workspace._cache import cached
from workspace.folder import Workspace, open_workspace

if TYPE_CHECKING:
    from geo.tides import Station

# A station further off tells of another sea; to use one all the same is a setting.
_FARTHEST_KM = 150.0


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
    """Return the station to use: the one that the settings name, else the nearest within 150 km.

    None where there is none; what follows from the tide is then missing, not guessed.

    Raises
    ------
    InputError
        When the settings name a station that is not stored.
    """
    return cached(ws, "tide station", ("tide_stations", "segments"), lambda: _station(ws))


def _station(ws: Workspace) -> Station | None:
    known = {one.station_id: one for one in stations(ws)}
    named = ws.config.tide_station
    if named and named not in known:
        raise InputError(
            f"the setting `tide_station` is {named!r}, and the stations are "
            f"{', '.join(sorted(known)) or 'none'}",
            where=str(ws.root / "shoregrid.toml"),
            mend="Name one of them, import its constants, or take the setting out.",
        )
    middle = store.read(ws.engine, "segments", columns=["lon", "lat"]).mean().row(0)
    if not known or middle[0] is None:
        return known.get(named)
    away_km = {name: _away_km(one, *middle) for name, one in known.items()}
    chosen = named or min(away_km, key=lambda name: away_km[name])
    if not named and away_km[chosen] > _FARTHEST_KM:
        return None
    note = [f"{known[chosen].name}: {away_km[chosen]:.0f} km"] if away_km[chosen] >= 1.0 else []
    if known[chosen].note:
        note.append(known[chosen].note)
    return replace(known[chosen], note="; ".join(note))


def _away_km(one: Station, lon: float, lat: float) -> float:
    return float(ELLIPSOID.inv(one.lon, one.lat, lon, lat)[2]) / 1000.0


def shift_curve(ws: Workspace, t0: datetime, t1: datetime) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the curve of the workspace's own station, worked out once; None without one."""
    one = station(ws)
    if one is None:
        return None
    return cached(ws, ("curve", t0, t1), ("tide_stations", "segments"), lambda: curve(one, t0, t1))


def curve(
    one: Station, t0: datetime, t1: datetime, *, step_min: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (datetime64[ms], UTC, both ends included) and heights above mean sea level."""
    from geo.tides import predict

    minutes = int((t1 - t0).total_seconds() // 60)
    start = np.datetime64(t0.replace(tzinfo=None), "ms")
    times = start + np.arange(0, minutes + 1, step_min).astype("timedelta64[m]")
    return times, np.asarray(predict(one, times))


def table(
    source: Path,
    station_id: str,
    t0: datetime,
    t1: datetime,
    *,
    step: str = "6min",
    extremes_only: bool = False,
    datum: str = "MSL",
) -> str:
    """Return a tide table as CSV: `t` (UTC), `height_m` above ``datum``, and `kind` of extremes.

    ``source`` is a workspace or a file of constituents; ``step`` is like 6min or 1h.
    """
    from geo.tides import extremes, predict

    one = _chosen(source, station_id)
    above = _above(one, datum)
    if t1 <= t0:
        raise InputError(
            f"--to {t1:%Y-%m-%d %H:%M} is not later than --from", where="tides", mend="Swap them."
        )
    start, stop = (np.datetime64(t.replace(tzinfo=None), "ms") for t in (t0, t1))
    if extremes_only:
        found = extremes(one, start, stop)
    else:
        found = pl.DataFrame({"t": np.arange(start, stop + 1, _step(step))}).with_columns(
            pl.col("t").dt.replace_time_zone("UTC"),
            height_m=pl.lit(0.0),
        )
        found = found.with_columns(
            height_m=pl.Series(predict(one, found["t"].dt.replace_time_zone(None).to_numpy()))
        )
    return found.with_columns(
        pl.col("t").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), (pl.col("height_m") + above).round(3)
    ).write_csv()


def _chosen(source: Path, station_id: str) -> Station:
    from geo.io import read_stations

    if source.is_dir():
        ws = open_workspace(source)
        known = stations(ws)
        ws.close()
    else:
        known = read_stations(source)
    for one in known:
        if station_id in (one.station_id, one.name):
            return one
    names = ", ".join(one.station_id for one in known) or "none"
    raise InputError(
        f"there is no station {station_id!r}", where=str(source), mend=f"There are: {names}."
    )


def _above(one: Station, datum: str) -> float:
    """Return how far mean sea level stands above a datum, in metres."""
    if datum == "MSL":
        return 0.0
    if datum not in one.datums or "MSL" not in one.datums:
        raise InputError(
            f"the datum {datum!r} is not known",
            where=f"station {one.station_id}",
            mend=f"Known are: {', '.join(sorted({'MSL', *one.datums}))}.",
        )
    return one.datums["MSL"] - one.datums[datum]


def _step(text: str) -> np.timedelta64:
    match = re.fullmatch(r"(\d+)\s*(s|min|h)", text)
    if match is None or int(match[1]) == 0:
        raise InputError(
            f"the step {text!r} is not understood", where="--step", mend="Write 6min or 1h."
        )
    seconds = int(match[1]) * {"s": 1, "min": 60, "h": 3600}[match[2]]
    return np.timedelta64(seconds * 1000, "ms")
