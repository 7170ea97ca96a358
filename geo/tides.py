"""Tide heights from harmonic constants."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyTMD.constituents
from numpy.typing import NDArray

from geo.crs import Floats

_MJD_EPOCH = np.datetime64("1858-11-17T00:00:00", "ms")
_DAY = np.timedelta64(86_400_000, "ms")
_STEP_MS = 360_000
# Published tables (NOAA, TICON) give SA the argument h, pyTMD h - p1. The longitude of perigee p1
# moves by 1.7 degrees a century: 283 degrees holds for our time.
_SA_SHIFT_DEG = 283.0
_ALIASES = {"lam2": "lambda2", "rho": "rho1", "sgm": "sigma1", "ep2": "eps2", "la2": "lambda2"}
CONSTITUENTS = pl.Schema(
    {"constituent": pl.String, "amplitude_m": pl.Float64, "phase_deg": pl.Float64}
)


@dataclass(frozen=True)
class Station:
    """A tide station: constants about mean sea level, phases as Greenwich lags.

    ``datums`` holds heights (m) of named levels above the station's zero, ``MSL`` among them;
    ``note`` says what a reader of its heights must know (such as "138 km away").
    """

    station_id: str
    name: str
    lon: float
    lat: float
    constituents: pl.DataFrame
    datums: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def known(constituent: str) -> bool:
    """Return whether heights can be worked out for a constituent of this name."""
    try:
        pyTMD.constituents.coefficients_table([_pytmd_name(constituent)], corrections="GOT")
    except ValueError:
        return False
    return True


def predict(station: Station, times: NDArray[np.datetime64]) -> Floats:
    """Return heights (m above mean sea level) at UTC times, with nodal corrections.

    Arguments and nodal factors are pyTMD's (corrections "GOT"): 2 mm rms from NOAA's own
    predictions at Honolulu. Every constituent must be one that ``known`` accepts.
    """
    names = [_pytmd_name(name) for name in station.constituents["constituent"].to_list()]
    amplitude_m = station.constituents["amplitude_m"].to_numpy()
    phase_deg = station.constituents["phase_deg"].to_numpy().copy()
    phase_deg[[name == "sa" for name in names]] -= _SA_SHIFT_DEG
    mjd = (np.asarray(times).astype("datetime64[ms]") - _MJD_EPOCH) / _DAY
    u, f, argument_deg = pyTMD.constituents.arguments(np.atleast_1d(mjd), names, corrections="GOT")
    angle = np.radians(argument_deg - phase_deg) + u
    heights: Floats = (f * amplitude_m * np.cos(angle)).sum(axis=1)
    return heights


def _pytmd_name(constituent: str) -> str:
    name = constituent.lower()
    return _ALIASES.get(name, name)


def extremes(station: Station, t0: np.datetime64, t1: np.datetime64) -> pl.DataFrame:
    """Return high and low waters from ``t0`` to ``t1`` (UTC).

    Found on a 6-minute curve and refined by the parabola through three of its points.

    Returns
    -------
    DataFrame
        ``t`` (UTC, ms), ``height_m`` above mean sea level, ``kind`` 'high' or 'low'.
    """
    begin, end = np.array([t0, t1]).astype("datetime64[ms]").astype(np.int64)
    times = np.arange(begin - _STEP_MS, end + 2 * _STEP_MS, _STEP_MS).astype("datetime64[ms]")
    h = predict(station, times)
    before, here, after = h[:-2], h[1:-1], h[2:]
    high = (here > before) & (here >= after)
    turn = high | ((here < before) & (here <= after))
    bend = before - 2 * here + after
    share = np.where(turn, (before - after) / np.where(bend == 0, 1.0, 2 * bend), 0.0)
    t = times[1:-1] + np.rint(share * _STEP_MS).astype("timedelta64[ms]")
    height = here - (before - after) * share / 4
    keep = turn & (t.astype(np.int64) >= begin) & (t.astype(np.int64) <= end)
    return pl.DataFrame(
        {
            "t": pl.Series(t[keep]).cast(pl.Datetime("ms", "UTC")),
            "height_m": height[keep],
            "kind": np.where(high[keep], "high", "low"),
        }
    )
