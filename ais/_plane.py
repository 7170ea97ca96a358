"""Metres between near positions, for compiled kernels."""

import math

import numba
import numpy as np

from ais._arrays import Array, Floats

METRES_PER_DEGREE = 6_371_008.8 * math.pi / 180
"""On a sphere of the mean Earth radius (IUGG); within 0.3 % of the ellipsoid."""
KNOT = 1852 / 3600
_TOLD_S, _LONGER_KN = 600.0, 2.0


@numba.njit(cache=True, nogil=True, inline="always")
def metres(lon0: float, lat0: float, lon1: float, lat1: float) -> float:
    """Return the distance of two positions, on a plane: 0.1 % up to 200 km below 70° N or S."""
    dx = lon1 - lon0
    if dx > 180:
        dx -= 360
    elif dx < -180:
        dx += 360
    dx *= math.cos(math.radians(0.5 * (lat0 + lat1)))
    dy = lat1 - lat0
    return METRES_PER_DEGREE * math.sqrt(dx * dx + dy * dy)


def metres_between(lon: Array, lat: Array, to_lon: Array, to_lat: Array) -> Floats:
    """Return the distances of near places, as `metres` does, for whole arrays."""
    dx = (lon - to_lon + 180.0) % 360.0 - 180.0
    dx = dx * np.cos(np.radians(0.5 * (lat + to_lat)))
    return np.asarray(METRES_PER_DEGREE * np.hypot(dx, lat - to_lat))


@numba.njit(cache=True, nogil=True, inline="always")
def bearing(lon0: float, lat0: float, lon1: float, lat1: float) -> float:
    """Return the compass direction from the first position to the second, in degrees."""
    dx = lon1 - lon0
    if dx > 180:
        dx -= 360
    elif dx < -180:
        dx += 360
    dx *= math.cos(math.radians(0.5 * (lat0 + lat1)))
    return math.degrees(math.atan2(dx, lat1 - lat0)) % 360.0


@numba.njit(cache=True, nogil=True)
def smoothed(track: Array, t: Array, lon: Array, lat: Array, half_ms: int) -> tuple[Floats, Floats]:
    """Return lon, lat averaged over the positions of a track within ``half_ms`` of each.

    A window is cut down to stand evenly about its position, so that ends do not drag.
    """
    n = t.shape[0]
    out_lon, out_lat = np.empty(n), np.empty(n)
    a = 0
    b = 0
    for i in range(n):
        if i == 0 or track[i] != track[i - 1]:
            a = i
            b = i
        while t[a] < t[i] - half_ms:
            a += 1
        while b + 1 < n and track[b + 1] == track[i] and t[b + 1] <= t[i] + half_ms:
            b += 1
        reach = min(i - a, b - i)
        x = 0.0
        y = 0.0
        for k in range(i - reach, i + reach + 1):
            dx = lon[k] - lon[i]
            if dx > 180:
                dx -= 360
            elif dx < -180:
                dx += 360
            x += dx
            y += lat[k] - lat[i]
        out_lon[i] = lon[i] + x / (2 * reach + 1)
        out_lat[i] = lat[i] + y / (2 * reach + 1)
    return out_lon, out_lat


@numba.njit(cache=True, nogil=True)
def path_m(track: Array, lon: Array, lat: Array) -> Floats:
    """Return the path sailed up to each position; differences count within a track only.

    Steps are whole millionths of a metre: their sums are exact, so that a difference is the same
    whatever was sailed before.
    """
    n = track.shape[0]
    out = np.zeros(n)
    for i in range(1, n):
        out[i] = out[i - 1]
        if track[i] == track[i - 1]:
            step = metres(lon[i - 1], lat[i - 1], lon[i], lat[i])
            out[i] += np.round(step * 1_048_576.0) / 1_048_576.0
    return out


@numba.njit(cache=True, nogil=True)
def told_path(track: Array, t: Array, sog: Array, path: Array) -> Floats:
    """Return the way sailed up to each position, as far as speeds told make it longer.

    Between sparse positions a turning vessel sails more than the chord, and smoothing shortens
    it once more: the speeds that both ends tell say how much, up to 2 kn. Steps are whole
    millionths of a metre.
    """
    n = t.shape[0]
    out = np.zeros(n)
    for i in range(1, n):
        out[i] = out[i - 1]
        if track[i] != track[i - 1]:
            continue
        made = path[i] - path[i - 1]
        seconds = (t[i] - t[i - 1]) / 1000.0
        told = 0.5 * (sog[i] + sog[i - 1]) * KNOT * seconds
        if seconds <= _TOLD_S and made < told <= made + _LONGER_KN * KNOT * seconds:
            made = np.round(told * 1_048_576.0) / 1_048_576.0
        out[i] += made
    return out
