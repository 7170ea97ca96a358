"""The tide that holds for one workspace: which stations, where, and their heights over a time."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from geo.datums import MSL
from geo.errors import InputError
from workspace import store
from workspace._cache import cached
from workspace._tide_stations import NEAREST_KM, one_each, read_stations
from workspace.folder import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.tides import Station

Weights = tuple[list[str], np.ndarray, np.ndarray, list[str]]

# Where stations are interpolated, more than these four add nothing but their own error.
_MOST = 4
# Heights of one answer: a year by the minute, or the high and low waters of six years, which are
# found on a 6-minute curve. Each takes 2.4 kB while it is worked out, 1.5 GB together.
_MOST_ROWS = 600_000


def stations(ws: Workspace) -> list[Station]:
    """Return all stored stations: constants, published tables and secondary ports."""
    return cached(
        ws, "tide stations", ("tide_stations",), lambda: read_stations(ws, ws.config.datums)
    )


def station(ws: Workspace) -> Station | None:
    """Return the station that speaks for the coast as a whole.

    The one that the settings name, else the nearest to its middle within ``tide_max_km``. None
    where there is none; what follows from the tide is then missing, not guessed.

    Raises
    ------
    InputError
        When the settings name a station that is not stored, or whose datum is not tied to mean
        sea level.
    """
    return cached(ws, "tide station", ("tide_stations", "segments"), lambda: _station(ws))


def _station(ws: Workspace) -> Station | None:
    middle = store.read(ws.engine, "segments", columns=["lon", "lat"]).mean().row(0)
    if middle[0] is None:
        known = usable(ws)
        return known[0] if ws.config.tide_station and known else None
    ids, _, _, notes = weights(ws, np.array([middle[0]]), np.array([middle[1]]), method="nearest")
    if not ids:
        return None
    chosen = next(one for one in usable(ws) if one.station_id == ids[0])
    return replace(chosen, note=_together(notes[0], chosen.note))


def _together(*notes: str) -> str:
    """Return notes as one: the Chinese halves, and after a dot the English ones."""
    halves = [note.split(" · ", 1) for note in notes if note]
    return " · ".join("; ".join(half[side] for half in halves) for side in (0, -1))


def weights(
    ws: Workspace,
    lon: np.ndarray | None = None,
    lat: np.ndarray | None = None,
    *,
    method: str | None = None,
) -> Weights:
    """Return how much each station counts at each place: for the segments, or for given places.

    By the setting ``tide_method``: all of the nearest station ('nearest'), or those within
    ``tide_max_km`` by the inverse square of their distance ('interpolate'; at most four, and of a
    station within a kilometre all). A station that the settings name counts alone, wherever it is.

    Parameters
    ----------
    lon, lat : degrees; the segments' middles, in the shore's order, if left out.
    method : instead of the setting's.

    Returns
    -------
    station_ids
        Those that count anywhere, K of them; empty where there is none.
    weights
        [n, K], each row adding up to 1, or NaN where no station is near.
    error_m
        [n] rms error (m) to be expected of the heights; NaN where it is not known.
    notes
        What must be said of the tide at each place, in Chinese and English; '' where there is none.
    """
    if lon is not None and lat is not None:
        return _weights(ws, lon, lat, method or ws.config.tide_method)

    def own() -> Weights:
        place = store.read(ws.engine, "segments", columns=["lon", "lat"])
        return _weights(ws, *place.to_numpy().T.astype(float), method or ws.config.tide_method)

    return cached(ws, ("tide weights", method), ("tide_stations", "segments"), own)


def _weights(ws: Workspace, lon: np.ndarray, lat: np.ndarray, method: str) -> Weights:
    from workspace._tide_error import distance_km

    known = usable(ws)
    if not known:
        n = len(lon)
        return [], np.empty((n, 0)), np.full(n, np.nan), [""] * n
    # A named station may not say where it is; it counts all the same.
    away_km = np.column_stack([distance_km(one, lon, lat) for one in known])
    if ws.config.tide_station:
        counts = np.ones((len(lon), 1))
    else:
        counts = _counts(away_km, 1 if method == "nearest" else _MOST, ws.config.tide_max_km)
    used = np.nansum(counts, axis=0) > 0
    known = [one for one, counted in zip(known, used, strict=True) if counted]
    counts, away_km = counts[:, used], away_km[:, used]
    error_m = _error(ws, known, counts, away_km)
    return (
        [one.station_id for one in known],
        counts,
        error_m,
        _notes(known, counts, away_km, error_m),
    )


def usable(ws: Workspace) -> list[Station]:
    """Return the named station, or those that have a place and heights above mean sea level.

    Of several in one place it is one: constants, else a secondary port, else the table that lasts
    longest, so that a table that ends does not take the tide of the constants beside it along.

    Raises
    ------
    InputError
        When the settings name a station that is not stored, or whose datum is not tied to mean
        sea level.
    """
    named = ws.config.tide_station
    if not named:
        return _placed(ws)
    known = stations(ws)
    found = [one for one in known if one.station_id == named]
    if not found:
        raise InputError(
            f"the setting `tide_station` is {named!r}, and the stations are "
            f"{', '.join(one.station_id for one in known) or 'none'}",
            where=str(ws.root / "shoregrid.toml"),
            mend="Name one of them, import its constants, or take the setting out.",
        )
    found[0].known_datums().between(found[0].datum, MSL)
    return found


def _placed(ws: Workspace) -> list[Station]:
    """Return the stations that speak for places of their own."""
    return cached(ws, "tide places", ("tide_stations",), lambda: one_each(stations(ws)))


def _counts(away_km: np.ndarray, most: int, reach_km: float) -> np.ndarray:
    """Return each station's share [n, K] by its distance's inverse square; NaN rows if none."""
    order = np.argsort(np.argsort(away_km, axis=1, kind="stable"), axis=1, kind="stable")
    counted = (away_km <= reach_km) & (order < most)
    alone = counted & (order == 0) & (away_km <= NEAREST_KM)
    counted = np.where(alone.any(axis=1)[:, None], alone, counted)
    share = np.where(counted, 1.0 / np.maximum(away_km, 1e-3) ** 2, 0.0)
    total = share.sum(axis=1, keepdims=True)
    return np.divide(share, total, out=np.full_like(share, np.nan), where=total > 0)


def _error(
    ws: Workspace, known: Sequence[Station], counts: np.ndarray, away_km: np.ndarray
) -> np.ndarray:
    """Return the rms error (m): each station's own at its distance, by what it counts."""
    from workspace._tide_error import rates

    ids = tuple(one.station_id for one in known)
    rate, limit = cached(
        ws, ("tide rates", ids), ("tide_stations",), lambda: rates(known, _placed(ws))
    )
    each = np.minimum(rate * away_km, limit)
    return np.where(counts == 0, 0.0, counts * each).sum(axis=1)


def _notes(
    known: Sequence[Station], counts: np.ndarray, away_km: np.ndarray, error_m: np.ndarray
) -> list[str]:
    """Return what to say of the tide at each place: the stations, how far, and how far off."""
    out = []
    for row, km, error in zip(counts, away_km, error_m, strict=True):
        order = [k for k in np.argsort(-row) if row[k] > 0]
        if not order:
            out.append("")
            continue
        parts = [
            f"{known[k].name} {'?' if np.isnan(km[k]) else f'{km[k]:.0f}'} km"
            + (f" {row[k]:.0%}" if len(order) > 1 else "")
            for k in order
        ]
        names = ", ".join(parts)
        unknown = np.isnan(error)
        out.append(
            f"{names}，误差{'未知' if unknown else f'约 ±{error:.2f} m'} · "
            f"{names}, error {'unknown' if unknown else f'some ±{error:.2f} m'}"
        )
    return out


def curves(
    ws: Workspace, t0: datetime, t1: datetime, *, step_min: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (datetime64[ms], UTC, both ends included) and heights of the coast's stations.

    Heights are [station, time] with the stations of ``weights`` in its order, metres above mean
    sea level, NaN where a published table does not reach.
    """
    known = {one.station_id: one for one in stations(ws)}
    ids = weights(ws)[0]
    times = _times(t0, t1, step_min)
    found = [curve(known[name], t0, t1, step_min=step_min)[1] for name in ids]
    return times, np.array(found).reshape(len(ids), len(times))


def shift_curve(ws: Workspace, t0: datetime, t1: datetime) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the curve of the coast's own station, worked out once.

    None without a station, and where its published table does not cover the time.
    """
    one = station(ws)
    if one is None:
        return None
    times, heights_m = cached(
        ws, ("curve", t0, t1), ("tide_stations", "segments"), lambda: curve(one, t0, t1)
    )
    return None if np.isnan(heights_m).any() else (times, heights_m)


def curve(
    one: Station, t0: datetime, t1: datetime, *, step_min: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (datetime64[ms], UTC, both ends included) and heights above mean sea level."""
    from geo.tides import heights

    times = _times(t0, t1, step_min)
    return times, np.asarray(heights(one, times))


def _times(t0: datetime, t1: datetime, step_min: int) -> np.ndarray:
    minutes = int((t1 - t0).total_seconds() // 60)
    start = np.datetime64(t0.replace(tzinfo=None), "ms")
    return start + np.arange(0, minutes + 1, step_min).astype("timedelta64[m]")


def table(
    source: Path,
    station_id: str,
    t0: datetime,
    t1: datetime,
    *,
    step: str = "6min",
    extremes_only: bool = False,
    datum: str = MSL,
) -> str:
    """Return a tide table as CSV: `t` (UTC), `height_m` above ``datum``, and `kind` of extremes.

    Times that a published table does not reach have no row.

    Parameters
    ----------
    source : a workspace, a file of constants, or a published table that says all of itself.
    step : like 6min or 1h.
    datum : by any of its names in Chinese or English.

    Raises
    ------
    InputError
        When there is no such station, its datum is not tied to ``datum``, it has no heights in that
        time, or more are asked for than one answer holds.
    """
    from geo.tides import extremes, heights

    one = _chosen(source, station_id)
    if t1 <= t0:
        raise InputError(
            f"--to {t1:%Y-%m-%d %H:%M} is not later than --from", where="tides", mend="Swap them."
        )
    start, stop = (np.datetime64(t.replace(tzinfo=None), "ms") for t in (t0, t1))
    printed = one.table if one.main is None else one.main.table
    if printed is not None and not (printed.span[0] <= stop and start <= printed.span[1]):
        first, last = (str(t.astype("datetime64[m]")).replace("T", " ") for t in printed.span)
        raise InputError(
            f"its table runs from {first} to {last} UTC",
            where=f"station {one.station_id}",
            mend="Ask for a time within, or import the table of that time.",
        )
    pace = np.timedelta64(6, "m") if extremes_only else _step(step)
    rows = int((stop - start) // pace) + 1
    if rows > _MOST_ROWS:
        raise InputError(
            f"{rows:,} heights are asked for; {_MOST_ROWS:,} are the most",
            where="tides",
            mend="Ask for a shorter time, or a longer step.",
        )
    if extremes_only:
        found = extremes(one, start, stop, datum=datum)
    else:
        times = np.arange(start, stop + 1, pace)
        found = pl.DataFrame({"t": times, "height_m": heights(one, times, datum=datum)})
        found = found.filter(pl.col("height_m").is_not_nan())
    return found.with_columns(
        pl.col("t").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), pl.col("height_m").round(3)
    ).write_csv()


def _chosen(source: Path, station_id: str) -> Station:
    if source.is_dir():
        ws = open_workspace(source)
        known = stations(ws)
        ws.close()
    else:
        from workspace._import_tides import stations_in

        known = stations_in(source, station=station_id)
    for one in known:
        if station_id in (one.station_id, one.name):
            return one
    names = ", ".join(one.station_id for one in known) or "none"
    raise InputError(
        f"there is no station {station_id!r}", where=str(source), mend=f"There are: {names}."
    )


def _step(text: str) -> np.timedelta64:
    match = re.fullmatch(r"(\d+)\s*(s|min|h)", text)
    if match is None or int(match[1]) == 0:
        raise InputError(
            f"the step {text!r} is not understood", where="--step", mend="Write 6min or 1h."
        )
    seconds = int(match[1]) * {"s": 1, "min": 60, "h": 3600}[match[2]]
    return np.timedelta64(seconds * 1000, "ms")
