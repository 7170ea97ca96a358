"""A made sea in which vessels fall silent: switched off, unheard, gone, or at their berths."""

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from ais._events import Sailed

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
WEST, EAST, SOUTH, NORTH = 122.012, 122.79, 28.713, 29.307
M_LAT = 111_195.0
M_LON = M_LAT * np.cos(np.radians(29.0))
HARBOURS = ((122.1, 29.0), (122.35, 28.85), (122.3, 29.2))
HOLES = ((122.55, 29.1, 8000.0, 0.12), (122.2, 28.8, 6000.0, 0.0), (122.65, 28.82, 7000.0, 0.3))
WHOLE = ((1920, 2025), (3500, 3536))
NORTHERN = (1210, 1300)


class Scene(NamedTuple):
    sailed: Sailed
    off: pl.DataFrame
    """mmsi, t0, t1 of every switching off under way where all was well."""
    berths: pl.DataFrame
    horizon: datetime


def sailed_of(mmsi, t, lon, lat, sog=None, cog=None, cls=None) -> Sailed:
    """Return positions by vessel and time, each vessel one track."""
    order = np.lexsort((t, mmsi))
    n = len(order)

    def column(values, fill, dtype):
        return np.full(n, fill, dtype) if values is None else np.asarray(values, dtype)[order]

    mmsi = np.asarray(mmsi, np.uint32)[order]
    vessel = np.unique(mmsi, return_inverse=True)[1].astype(np.int64)
    return Sailed(
        mmsi, vessel, vessel, np.asarray(t, np.int64)[order], np.asarray(lon, float)[order],
        np.asarray(lat, float)[order], column(sog, np.nan, np.float32),
        column(cog, np.nan, np.float32), np.full(n, np.nan, np.float32),
        np.full(n, 255, np.uint8), column(cls, 0, np.uint8),
    )  # fmt: skip


def both(*parts: Sailed) -> Sailed:
    mmsi, t, lon, lat, sog, cog, cls = (
        np.concatenate([getattr(p, c) for p in parts])
        for c in ("mmsi", "t", "lon", "lat", "sog", "cog", "cls")
    )
    return sailed_of(mmsi, t, lon, lat, sog, cog, cls)


def _way(rng: np.random.Generator, v: int, minutes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where a vessel is minute by minute: from place to place, lying at its harbour."""
    lon, lat = np.empty(minutes), np.empty(minutes)
    home = HARBOURS[v % 3]
    boat = v % 10 >= 4
    x, y = home if boat else (rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH))
    k = 0
    knots = rng.uniform(4, 9) if boat else rng.uniform(8, 15)
    while k < minutes:
        if boat and rng.random() < 0.4:
            a, b = home[0] + rng.normal(0, 60) / M_LON, home[1] + rng.normal(0, 60) / M_LAT
        else:
            a, b = rng.uniform(WEST - 0.06, EAST + 0.06), rng.uniform(SOUTH - 0.05, NORTH + 0.05)
        n = max(int(np.hypot((a - x) * M_LON, (b - y) * M_LAT) / (knots * 30.87)), 1)
        go = min(n, minutes - k)
        share = np.arange(1, go + 1) / n
        lon[k : k + go], lat[k : k + go] = x + share * (a - x), y + share * (b - y)
        k, x, y = k + go, a, b
        at_home = boat and abs(a - home[0]) + abs(b - home[1]) < 0.01
        lie = int(rng.uniform(200, 700)) if at_home else int(rng.uniform(0, 30))
        lon[k : k + lie], lat[k : k + lie] = a, b
        k += lie
    return lon, lat


def heard_share(lon, lat, minute) -> np.ndarray:
    """Return the chance that a report is heard."""
    p = np.where((lon > WEST) & (lon < EAST) & (lat > SOUTH) & (lat < NORTH), 0.96, 0.0)
    for x, y, radius, share in HOLES:
        p[np.hypot((lon - x) * M_LON, (lat - y) * M_LAT) < radius] *= share
    for a, b in WHOLE:
        p[(minute >= a) & (minute < b)] = 0.0
    p[(minute >= NORTHERN[0]) & (minute < NORTHERN[1]) & (lat > 29.0)] = 0.0
    return p


def scene(seed: int, *, vessels: int = 100, days: int = 3) -> Scene:
    rng = np.random.default_rng(seed)
    minutes = days * 1440
    parts, off = [], []
    for v in range(vessels):
        lon, lat = _way(rng, v, minutes)
        step = np.hypot(np.gradient(lon) * M_LON, np.gradient(lat) * M_LAT) / 30.87
        on = np.ones(minutes, bool)
        mmsi = 412_000_000 + v
        chance = heard_share(lon, lat, np.arange(minutes))
        if v % 2 == 0:
            for _ in range(30):
                a = int(rng.integers(300, minutes - 400))
                long = int(rng.choice([rng.uniform(34, 60), rng.uniform(60, 300)]))
                well = (chance[a - 10 : a + 31] > 0.9).all() and (step[a - 5 : a + 30] > 2).all()
                well &= bool(WEST + 0.05 < lon[a] < EAST - 0.05)
                well &= bool(SOUTH + 0.05 < lat[a] < NORTH - 0.05)
                # Reception is told by the hour: one that an outage is part of tells nothing.
                hour = np.arange(a // 60 * 60, (a + 40) // 60 * 60 + 60)
                for share in (0, 15, 30, 55):
                    x, y = (w[a] + share * (w[a] - w[a - 1]) for w in (lon, lat))
                    well &= bool((heard_share(x + hour * 0, y + hour * 0, hour) > 0.9).all())
                if well and chance[a + long] > 0.9:
                    on[a : a + long] = False
                    off.append((mmsi, T0 + a * 60_000, T0 + (a + long) * 60_000))
                    break
        lying = step < 0.3
        for a in np.flatnonzero(np.diff(lying.astype(int)) == 1):
            if v % 2 and v % 10 >= 4 and rng.random() < 0.6:
                end = a + 1 + int(np.argmin(np.r_[lying[a + 1 :], False]))
                on[a + 5 : max(a + 5, end - 15)] = False
        sent = on & (np.arange(minutes) % 3 == v % 3)
        k = np.flatnonzero(sent & (rng.random(minutes) < chance))
        east, north = np.gradient(lon)[k] * M_LON, np.gradient(lat)[k] * M_LAT
        parts.append(
            (np.full(len(k), mmsi), T0 + k * 60_000 + rng.integers(0, 30_000, len(k)),
             lon[k] + rng.normal(0, 8, len(k)) / M_LON, lat[k] + rng.normal(0, 8, len(k)) / M_LAT,
             step[k], np.degrees(np.arctan2(east, north)) % 360)
        )  # fmt: skip
    mmsi, t, lon, lat, sog, cog = (np.concatenate(column) for column in zip(*parts, strict=True))
    berths = pl.DataFrame(
        {"lon": [h[0] for h in HARBOURS], "lat": [h[1] for h in HARBOURS], "radius_m": [300.0] * 3}
    )
    planted = pl.DataFrame(off, schema=["mmsi", "t0", "t1"], orient="row")
    return Scene(
        sailed_of(mmsi, t, lon, lat, sog, cog),
        planted,
        berths,
        datetime.fromtimestamp((T0 + minutes * 60_000) / 1000, tz=UTC),
    )
