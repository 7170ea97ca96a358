"""How far a station's tide may be off at a distance, from how the known stations differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.crs import ELLIPSOID
from geo.tides import heights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.tides import Station

# Two tides a quarter of a wave apart differ as much as they ever will; the M2 wave is 450 km long
# over 10 m of water and 1,400 km over 100 m.
_FAR_KM = 600.0
# A month holds springs and neaps twice; where no table says which, any month does.
_ANY = np.datetime64("2026-01-01", "ms")
_MONTH = np.timedelta64(30, "D")
_STEP = np.timedelta64(30, "m")


def rates(used: Sequence[Station], known: Sequence[Station]) -> tuple[np.ndarray, np.ndarray]:
    """Return how fast the tide parts from that of each station used, and to what at most.

    The rate (m of rms difference per km) is the largest towards the other known stations within
    600 km, or that towards the nearest where there is none within. The limit (m) is the rms
    difference from a tide of the largest spread among these that has nothing to do with the
    station's own. Both are NaN where no other station is known.
    """
    found, limit = np.full(len(used), np.nan), np.full(len(used), np.nan)
    lon, lat = np.array([(one.lon, one.lat) for one in known]).reshape(-1, 2).T
    for i, one in enumerate(used):
        # Two stations in one place tell nothing of the distance.
        apart_km = distance_km(one, lon, lat)
        others = apart_km > 1.0
        if not others.any():
            continue
        near = others & (apart_km <= max(_FAR_KM, np.min(apart_km[others])))
        rate, spread = [], [_spread(heights(one, _window(one)))]
        for j in np.flatnonzero(near):
            times = _window(known[j] if one.table is None else one)
            other = heights(known[j], times)
            rate.append(_rms(heights(one, times) - other) / apart_km[j])
            spread.append(_spread(other))
        if np.isfinite(rate).any():
            found[i], limit[i] = np.nanmax(rate), np.hypot(spread[0], np.nanmax(spread))
    return found, limit


def distance_km(one: Station, lon: np.ndarray | float, lat: np.ndarray | float) -> np.ndarray:
    """Return the distance (km) of a station from places."""
    lon, lat = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    here = np.full(lon.shape, one.lon), np.full(lon.shape, one.lat)
    return np.asarray(ELLIPSOID.inv(*here, lon, lat)[2]) / 1000.0


def _window(one: Station) -> np.ndarray:
    """Return the times over which stations are compared: those of a table, where it is one."""
    begin = _ANY if one.table is None else one.table.span[0]
    return np.arange(begin, begin + _MONTH, _STEP)


def _spread(height_m: np.ndarray) -> float:
    known = height_m[np.isfinite(height_m)]
    return float(known.std()) if known.size else np.nan


def _rms(differences: np.ndarray) -> float:
    known = differences[np.isfinite(differences)]
    return float(np.sqrt(np.mean(known**2))) if known.size else np.nan
