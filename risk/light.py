"""Tell how dark each shift is, from the sun and the moon over one place."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
from astral import Observer, moon, sun
from astral.julian import julianday, julianday_2000, julianday_to_juliancentury

from risk.shifts import Shift

DARK_BELOW_DEG = -6.0
LIGHT = pl.Schema({"shift_id": pl.String, "dark_share": pl.Float64, "moon": pl.Float64})


def light(
    lon: float, lat: float, shifts: Sequence[Shift], *, step_min: float = 10.0
) -> pl.DataFrame:
    """Return darkness and moonlight per shift at one place (a county is small enough for one).

    Dark is the sun's centre below -6 degrees (the end of civil twilight). Samples stand in the
    middle of equal steps of about ``step_min``. Sun and moon positions are astral's
    (Meeus, Astronomical Algorithms; the moon after van Flandern & Pulkkinen 1979).

    Parameters
    ----------
    lon, lat : float
        Degrees, EPSG:4326.
    shifts : sequence of Shift
        The shifts, in the order of the rows returned.
    step_min : float
        Distance of the samples in minutes.

    Returns
    -------
    polars.DataFrame
        ``shift_id``, ``dark_share`` 0..1, and ``moon`` 0..1: the moon's lit fraction in the middle
        of the dark samples times the share of them with the moon up (0 where nothing is dark).
    """
    observer = Observer(lat, lon, 0.0)
    rows: list[tuple[str, float, float]] = []
    for shift in shifts:
        length = shift.t1 - shift.t0
        n = max(1, round(length / timedelta(minutes=step_min)))
        dark = [
            t
            for t in (shift.t0 + length * ((i + 0.5) / n) for i in range(n))
            if sun.elevation(observer, t, with_refraction=False) < DARK_BELOW_DEG
        ]
        moonlit = 0.0
        if dark:
            up = sum(moon.elevation(observer, t) > 0.0 for t in dark) / len(dark)
            # In four hours the lit fraction changes by less than 0.02: once a shift is enough.
            moonlit = up * _lit(dark[len(dark) // 2]) if up else 0.0
        rows.append((shift.shift_id, len(dark) / n, moonlit))
    return pl.DataFrame(rows, schema=LIGHT, orient="row")


def _lit(t: datetime) -> float:
    """Return the moon's lit fraction from the angle between moon and sun.

    astral's own phase is per day, rounded to whole degrees and moved by 6.43 degrees.
    """
    century = julianday_to_juliancentury(julianday(t))
    sun_ra = math.radians(sun.sun_rt_ascension(century))
    sun_dec = math.radians(sun.sun_declination(century))
    at = moon.moon_position(julianday_2000(t))
    cosine = math.sin(sun_dec) * math.sin(at.declination) + math.cos(sun_dec) * math.cos(
        at.declination
    ) * math.cos(sun_ra - at.right_ascension)
    return (1.0 - cosine) / 2.0


def dark_share(
    lon: float, lat: float, t0: datetime, t1: datetime, *, step_min: float = 30.0
) -> float:
    """Return the share of a time that is dark at a place; of an instant, 0 or 1.

    Dark is as in `light`; samples stand in the middle of equal steps of about ``step_min``.
    """
    observer = Observer(lat, lon, 0.0)
    length = t1 - t0
    n = max(1, min(48, round(length / timedelta(minutes=step_min))))
    dark = sum(
        sun.elevation(observer, t0 + length * ((i + 0.5) / n), with_refraction=False)
        < DARK_BELOW_DEG
        for i in range(n)
    )
    return dark / n
