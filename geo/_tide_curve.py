"""Curves through tide tables: through heights at equal steps, and between high and low waters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from geo.crs import Bools, Floats

Times = NDArray[np.datetime64]

# A series is drawn through where its points stand this close: a spline through hourly points of
# a semidiurnal tide is right to A (wh)^4 / 384, 0.2 mm for each metre of amplitude; at 3 h it
# would be 2 cm, and the overtides of a shallow estuary would be lost.
WIDEST_STEP_MIN = 90
# High and low water stand some 6.2 h apart, in a diurnal tide 12.4 h; in a mixed one up to 14 h
# where a pair vanishes. Further apart, one is missing in between.
_WIDEST_H = 14.0
_WIDER = 1.6
_MINUTE = np.timedelta64(60_000, "ms")
_HOUR = np.timedelta64(3_600_000, "ms")


@dataclass(frozen=True)
class TideTable:
    """A published table: ``height_m`` above ``datum`` at ``times`` (UTC, ascending).

    ``high`` says of a table of high and low waters which are high; None for a series of heights
    at steps.
    """

    datum: str
    times: Times
    height_m: Floats
    high: Bools | None = None

    @property
    def kind(self) -> str:
        """Return 'extremes' or 'series'."""
        return "series" if self.high is None else "extremes"

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """Return the first and the last time."""
        return self.times[0], self.times[-1]


def heights_from(table: TideTable, times: Times) -> Floats:
    """Return heights (m above the table's datum) at times; NaN where the table does not reach."""
    at = np.asarray(times).astype("datetime64[ms]")
    if table.high is None:
        return _through(table.times, table.height_m, at)
    return between_turns(table.times, table.height_m, table.high, at)


def turns_from(table: TideTable) -> tuple[Times, Floats, Bools]:
    """Return times, heights and whether high of all high and low waters of a table."""
    if table.high is not None:
        return table.times, table.height_m, table.high
    first, last = table.span
    times = np.arange(first, last + _MINUTE, 6 * _MINUTE)
    return turning_points(times, _through(table.times, table.height_m, times))


def turning_points(times: Times, height_m: Floats) -> tuple[Times, Floats, Bools]:
    """Return times, heights and whether high of a curve's turns, without its ends.

    ``times`` stand at equal steps; each turn is refined by the parabola through three points.
    """
    step_ms = int((times[1] - times[0]).astype("timedelta64[ms]").astype(np.int64))
    before, here, after = height_m[:-2], height_m[1:-1], height_m[2:]
    high = (here > before) & (here >= after)
    turn = high | ((here < before) & (here <= after))
    bend = before - 2 * here + after
    share = np.where(turn, (before - after) / np.where(bend == 0, 1.0, 2 * bend), 0.0)[turn]
    t = times[1:-1][turn] + np.rint(share * step_ms).astype("timedelta64[ms]")
    return t, here[turn] - (before - after)[turn] * share / 4, high[turn]


def between_turns(turn_t: Times, turn_m: Floats, high: Bools, times: Times) -> Floats:
    """Return heights between high and low waters by half a cosine; NaN outside and across gaps.

    The rule of the tide tables for "the height at any time": NOAA Tide Tables, table 3; Admiralty
    method NP 159; the cosine formula and nomogram of the Chinese national tide tables. It
    presumes a tide that is a sine between its turns: in an estuary it errs by decimetres.
    """
    left, share = _place(turn_t, times)
    known = (share >= 0) & follows(turn_t, high)[left]
    rise = turn_m[left + 1] - turn_m[left]
    heights = turn_m[left] + rise * (1 - np.cos(np.pi * share)) / 2
    return np.where(known, heights, np.nan)


def warped(
    main: tuple[Times, Floats], turns: tuple[Times, Floats], high: Bools, times: Times
) -> tuple[Times, Floats, Floats]:
    """Return when the main port is as far between its turns as a secondary port at ``times``.

    ``main`` and ``turns`` are times and heights of the turns of both, one to one.

    Returns
    -------
    The main port's times, and slope and intercept (m) of the secondary's height over the main's;
    NaN outside the turns.
    """
    (main_t, main_m), (turn_t, turn_m) = main, turns
    left, share = _place(turn_t, times)
    span = (main_t[left + 1] - main_t[left]) / _MINUTE
    inside = (share >= 0) & (high[left] != high[left + 1])
    minutes = np.where(inside, share * span, 0.0)
    at = main_t[left] + np.rint(minutes * 60_000).astype("timedelta64[ms]")
    rise = main_m[left + 1] - main_m[left]
    slope = (turn_m[left + 1] - turn_m[left]) / np.where(rise == 0, 1.0, rise)
    base = turn_m[left] - slope * main_m[left]
    return at, np.where(inside, slope, np.nan), np.where(inside, base, np.nan)


def follows(turn_t: Times, high: Bools) -> Bools:
    """Return for each turn but the last whether the next is its neighbour, with none missing."""
    gap_h = np.diff(turn_t) / _HOUR
    widest = max(_WIDEST_H, _WIDER * float(np.median(gap_h))) if len(gap_h) else _WIDEST_H
    found: Bools = (gap_h <= widest) & (high[1:] != high[:-1])
    return found


def _place(turn_t: Times, times: Times) -> tuple[NDArray[np.int64], Floats]:
    """Return the turn before each time and the share of the way to the next; -1 outside."""
    at = np.asarray(times).astype("datetime64[ms]")
    left = np.clip(np.searchsorted(turn_t, at, side="right") - 1, 0, len(turn_t) - 2)
    share = (at - turn_t[left]) / (turn_t[left + 1] - turn_t[left])
    return left, np.where((share >= 0) & (share <= 1), share, -1.0)


def _through(points: Times, height_m: Floats, at: Times) -> Floats:
    """Return heights on splines through a series, cut where points are missing."""
    minutes = (points - points[0]) / _MINUTE
    wanted = (at - points[0]) / _MINUTE
    # A spline through points of unlike distance is no worse; a hole is what must not be bridged.
    cuts = np.flatnonzero(np.diff(minutes) > WIDEST_STEP_MIN) + 1
    found = np.full(len(at), np.nan)
    for run in np.split(np.arange(len(points)), cuts):
        if len(run) < 2:
            found[wanted == minutes[run[0]]] = height_m[run[0]]
            continue
        inside = (wanted >= minutes[run[0]]) & (wanted <= minutes[run[-1]])
        found[inside] = CubicSpline(minutes[run], height_m[run])(wanted[inside])
    return found
