"""Tide heights and high and low waters, from constants, published tables or a main port."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyTMD.constituents

from geo._tide_curve import (
    TideTable,
    Times,
    between_turns,
    heights_from,
    turning_points,
    turns_from,
    warped,
)
from geo.crs import Bools, Floats
from geo.datums import MSL, Datums
from geo.secondary import REACH_H, Offsets, secondary_turns

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
    """A tide station of one of three kinds, all asked in the same way.

    - harmonic: ``constituents`` about mean sea level, phases as Greenwich lags;
    - table: a published ``table`` of heights, or of high and low waters;
    - secondary: ``offsets`` from the station ``main``.

    ``datums`` holds heights (m) of named levels above the station's zero, ``MSL`` among them where
    it is known; ``note`` says what a reader of its heights must know (such as "138 km away").
    ``lon, lat`` are NaN where a table does not say where it holds.
    """

    station_id: str
    name: str
    lon: float
    lat: float
    constituents: pl.DataFrame = field(default_factory=CONSTITUENTS.to_frame)
    datums: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    table: TideTable | None = None
    offsets: Offsets | None = None
    main: "Station | None" = None

    @property
    def kind(self) -> str:
        """Return 'harmonic', 'table' or 'secondary'."""
        if self.table is not None:
            return "table"
        return "harmonic" if self.offsets is None else "secondary"

    @property
    def datum(self) -> str:
        """Return the datum above which the station's own figures stand."""
        if self.table is not None:
            return self.table.datum
        return MSL if self.offsets is None else self.offsets.datum

    def known_datums(self) -> Datums:
        """Return the datums whose offsets are known here."""
        return Datums.of(self.datums, where=f"station {self.station_id}")


def known(constituent: str) -> bool:
    """Return whether heights can be worked out for a constituent of this name."""
    try:
        pyTMD.constituents.coefficients_table([_pytmd_name(constituent)], corrections="GOT")
    except ValueError:
        return False
    return True


def heights(station: Station, times: Times, *, datum: str = MSL) -> Floats:
    """Return heights (m above ``datum``) at UTC times; NaN where a table does not reach.

    Raises
    ------
    InputError
        When the offset between the station's own datum and ``datum`` is not known.
    """
    return _own_heights(station, times) + station.known_datums().between(station.datum, datum)


def extremes(
    station: Station, t0: np.datetime64, t1: np.datetime64, *, datum: str = MSL
) -> pl.DataFrame:
    """Return high and low waters from ``t0`` to ``t1`` (UTC).

    From constants they are found on a 6-minute curve and refined by the parabola through three
    of its points; from a table of high and low waters they are the table's own.

    Returns
    -------
    DataFrame
        ``t`` (UTC, ms), ``height_m`` above ``datum``, ``kind`` 'high' or 'low'.

    Raises
    ------
    InputError
        When the offset between the station's own datum and ``datum`` is not known.
    """
    above = station.known_datums().between(station.datum, datum)
    begin, end = np.array([t0, t1]).astype("datetime64[ms]")
    t, height_m, high = _own_turns(station, begin, end)
    keep = (t >= begin) & (t <= end)
    return pl.DataFrame(
        {
            "t": pl.Series(t[keep].astype("datetime64[ms]")).cast(pl.Datetime("ms", "UTC")),
            "height_m": height_m[keep] + above,
            "kind": np.where(high[keep], "high", "low"),
        }
    )


def predict(station: Station, times: Times) -> Floats:
    """Return heights (m above mean sea level) at UTC times from a station's constants.

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
    found: Floats = (f * amplitude_m * np.cos(angle)).sum(axis=1)
    return found


def _pytmd_name(constituent: str) -> str:
    name = constituent.lower()
    return _ALIASES.get(name, name)


def _own_heights(station: Station, times: Times) -> Floats:
    """Return heights above the station's own datum."""
    at = np.asarray(times).astype("datetime64[ms]")
    if station.table is not None:
        return heights_from(station.table, at)
    if station.offsets is None:
        return predict(station, at)
    if len(at) == 0:
        return np.empty(0)
    main_t, main_m, turn_t, turn_m, high = _both_turns(station, at.min(), at.max())
    if len(turn_t) < 2:
        return np.full(len(at), np.nan)
    main, offsets = _main(station)
    if main.table is not None and main.table.high is not None:
        return between_turns(turn_t, turn_m, high, at)
    when, slope, base = warped((main_t, main_m), (turn_t, turn_m), high, at)
    above = main.known_datums().between(main.datum, offsets.main_datum)
    found: Floats = slope * (_own_heights(main, when) + above) + base
    return found


def _own_turns(
    station: Station, begin: np.datetime64, end: np.datetime64
) -> tuple[Times, Floats, Bools]:
    """Return high and low waters above the station's own datum, at least those asked for."""
    if station.table is not None:
        return turns_from(station.table)
    if station.offsets is None:
        step = np.timedelta64(_STEP_MS, "ms")
        times = np.arange(begin - step, end + 2 * step, step)
        return turning_points(times, predict(station, times))
    _, _, turn_t, turn_m, high = _both_turns(station, begin, end)
    return turn_t, turn_m, high


def _both_turns(
    station: Station, begin: np.datetime64, end: np.datetime64
) -> tuple[Times, Floats, Times, Floats, Bools]:
    """Return the turns of a secondary port and of its main port, one to one."""
    main, offsets = _main(station)
    reach = np.timedelta64(REACH_H, "h")
    main_t, own_m, high = _own_turns(main, begin - reach, end + reach)
    main_m = own_m + main.known_datums().between(main.datum, offsets.main_datum)
    turn_t, turn_m, turn_high, kept = secondary_turns(main_t, main_m, high, offsets)
    return main_t[kept], main_m[kept], turn_t, turn_m, turn_high


def _main(station: Station) -> "tuple[Station, Offsets]":
    if station.main is None or station.offsets is None:
        raise ValueError(f"station {station.station_id} has no main port")
    return station.main, station.offsets
