"""What is heard of the simulated vessels: reports with noise, where and when there is reception."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._simulate_motion import (
    ADRIFT,
    AT_ANCHOR,
    BRIEF,
    FISHING,
    KNOT,
    MOORED,
    OFF,
    PLANTED,
    Motion,
)
from ais._simulate_sea import Sea
from ais._simulate_stage import Effect
from ais._simulate_world import Vessel
from ais.schema import POSITIONS

Floats = NDArray[np.float64]

# A moving vessel this near to land is heard every minute.
_NEAR_SHORE_M = 2000.0
# One standard deviation of a fix, east and north: 6 m off on average, more on cheap sets.
_FIX_M = (4.5, 5.5)
_LOST = 0.03
# What the holes and silences swallow of all reports, about; only the total's aim needs it.
_LOST_IN_HOLES = 0.025
_HEARD_IN_HOLE = 0.12
_NO_SOG, _NO_COG, _NO_HEADING = 0.004, 0.008, 0.03
# Crews that never touch their status, and those that leave it as it was.
_LAZY, _STUCK = 0.15, 0.04


@dataclass(frozen=True)
class Reception:
    """Where and when little is heard: holes (x, y, radius in metres) and silent spans (s)."""

    holes: Floats
    silent: list[tuple[float, float]]


def sample(
    motion: Motion,
    sea: Sea,
    count: int,
    duration_s: float,
    target: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], Floats, NDArray[np.int8]]:
    """Return vessel, second and mode of every report that is sent.

    Every minute under way near the shore and in what is planted, every 3 to 6 minutes elsewhere;
    vessels that lie still report as often as brings the total near to ``target``.
    """
    minutes = int(duration_s // 60)
    vessel = np.repeat(np.arange(count), minutes)
    minute = np.tile(np.arange(minutes), count)
    phase = rng.integers(0, 55, count)
    t = np.asarray(minute * 60.0 + phase[vessel], dtype=np.float64)
    mode = motion.doing(vessel, t)
    on = mode != OFF
    vessel, minute, t, mode = vessel[on], minute[on], t[on], mode[on]
    near = sea.off_shore_m(motion.place(vessel, t)) < _NEAR_SHORE_M
    still = np.isin(mode, [MOORED, AT_ANCHOR])
    drifting = mode == ADRIFT
    every = np.where(drifting, rng.integers(4, 7, count)[vessel], rng.integers(3, 7, count)[vessel])
    every = np.where((near & ~still & ~drifting) | np.isin(mode, [PLANTED, BRIEF]), 1, every)
    keep = (minute % every == 0) & ~still
    wanted = target / (1.0 - _LOST - _LOST_IN_HOLES) - keep.sum()
    share = float(np.clip(wanted / max(int(still.sum()), 1), 1 / 30, 1 / 2))
    keep |= still & (np.floor((minute + 1) * share) > np.floor(minute * share))
    jitter = rng.integers(0, 5, int(keep.sum()))
    return vessel[keep], t[keep] + jitter, mode[keep]


def heard(
    t: Floats,
    xy: Floats,
    reception: Reception,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return which reports reach a station."""
    chance = np.full(len(t), 1.0 - _LOST)
    for x, y, radius in reception.holes:
        inside = (xy[:, 0] - x) ** 2 + (xy[:, 1] - y) ** 2 < radius**2
        chance[inside] = _HEARD_IN_HOLE
    for start, end in reception.silent:
        chance[(t >= start) & (t < end)] = 0.0
    return np.asarray(rng.random(len(t)) < chance, dtype=bool)


@dataclass(frozen=True)
class Reports:
    """What is sent and heard, a row each: who, when, doing what, and what it tells of itself.

    ``number`` is whose MMSI it bears, ``xy`` the place told (metres, without noise), ``sog`` and
    ``turn`` (course, heading) what is added to the true ones.
    """

    vessel: NDArray[np.int64]
    t: Floats
    mode: NDArray[np.int8]
    number: NDArray[np.int64]
    xy: Floats
    sog: Floats
    turn: Floats

    @classmethod
    def true(cls, vessel: NDArray[np.int64], t: Floats, mode: NDArray[np.int8], xy: Floats) -> Self:
        """Return reports that tell what is so."""
        n = len(t)
        return cls(vessel, t, mode, vessel.copy(), xy.copy(), np.zeros(n), np.zeros((n, 2)))

    def told(self, effects: list[Effect], span: float) -> Self:
        """Return the reports as the effects have them."""
        key = self.vessel * span + self.t
        number, xy = self.number.copy(), self.xy.copy()
        sog, turn = self.sog.copy(), self.turn.copy()
        for e in sorted(effects, key=lambda effect: effect.t0):
            rows = slice(*np.searchsorted(key, e.vessel * span + np.array([e.t0, e.t1])))
            if e.what == "borrow":
                number[rows] = int(e.value[0])
            elif e.what == "shift":
                xy[rows] += e.value
            elif e.what == "place":
                xy[rows] = e.value
            elif e.what == "sog":
                sog[rows] += e.value[0]
            elif e.what in ("cog", "heading"):
                turn[rows, int(e.what == "heading")] += e.value[0]
        return replace(self, number=number, xy=xy, sog=sog, turn=turn)


def switched(
    good: NDArray[np.bool_],
    effects: list[Effect],
    vessel: NDArray[np.int64],
    t: Floats,
    span: float,
) -> NDArray[np.bool_]:
    """Return which reports are heard when some are surely heard, and others never sent."""
    key = vessel * span + t
    out = good.copy()
    for what, value in (("sure", True), ("mute", False)):
        for e in effects:
            if e.what == what:
                out[slice(*np.searchsorted(key, e.vessel * span + np.array([e.t0, e.t1])))] = value
    return out


def positions(
    motion: Motion,
    sea: Sea,
    fleet: list[Vessel],
    mmsi: NDArray[np.uint32],
    t0_ms: int,
    told: Reports,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the reports as positions, in the resolution that AIS has, in the reports' order."""
    vessel, t, mode = told.vessel, told.t, told.mode
    n = len(t)
    # Over a switch of the transponder the course may jump: look to the side that is on.
    t1 = np.where(motion.doing(vessel, t + 10.0) == OFF, t, t + 10.0)
    t2 = np.where(motion.doing(vessel, t - 10.0) == OFF, t, t - 10.0)
    step = motion.place(vessel, t1) - motion.place(vessel, t2)
    velocity = step / np.maximum(t1 - t2, 1.0)[:, None]
    class_a = np.array([v.cls == "A" for v in fleet])[vessel]
    fix = np.where(class_a, *_FIX_M)[:, None]
    lon, lat = sea.lonlat(told.xy + fix * rng.normal(size=(n, 2)))
    speed = np.hypot(*velocity.T) / KNOT + told.sog
    tied = np.isin(mode, [MOORED, AT_ANCHOR, BRIEF])
    wobble = velocity + np.where(tied, 0.04, 0.06)[:, None] * rng.normal(size=(n, 2))
    made_good = np.degrees(np.arctan2(wobble[:, 0], wobble[:, 1]))
    course = (made_good + told.turn[:, 0]) % 360.0
    speed = np.clip(speed + np.where(tied, 0.05, 0.12) * rng.normal(size=n), 0.0, 60.0)
    heading = np.round(made_good + told.turn[:, 1] + 2.0 * rng.normal(size=n)) % 360.0
    berth_heading = np.round(rng.uniform(0, 359, len(fleet)))
    heading = np.where(np.isin(mode, [MOORED, BRIEF]), berth_heading[vessel], heading)
    to_anchor = np.degrees(np.arctan2(wobble[:, 1], -wobble[:, 0])) % 360.0
    heading = np.where(mode == AT_ANCHOR, np.round(to_anchor) % 360.0, heading)
    without_heading = (~class_a) | (rng.random(n) < _NO_HEADING)
    msg_type = np.where(class_a, np.where(tied, 3, 1), 18)
    table = pl.DataFrame(
        {
            "mmsi": mmsi[told.number],
            "t": t0_ms + np.round(t).astype(np.int64) * 1000,
            "lon": on_wire_deg(lon),
            "lat": on_wire_deg(lat),
            "sog_kn": _maybe(np.round(speed, 1), rng.random(n) < _NO_SOG),
            "cog_deg": _maybe(np.round(course, 1) % 360.0, rng.random(n) < _NO_COG),
            "heading_deg": _maybe(heading, without_heading),
            "status": pl.Series(_status(fleet, vessel, mode, rng)).set(pl.Series(~class_a), None),
            "msg_type": msg_type,
            "cls": np.where(class_a, "A", "B"),
        }
    )
    return (
        table.with_columns(
            pl.col("t").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"), source=pl.lit("sim")
        )
        .cast(POSITIONS)
        .select(list(POSITIONS))
    )


def _status(
    fleet: list[Vessel],
    vessel: NDArray[np.int64],
    mode: NDArray[np.int8],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the navigational status that the crew has set, rightly or not."""
    right = np.select(
        [np.isin(mode, [MOORED, BRIEF]), mode == AT_ANCHOR, mode == FISHING], [5, 1, 7], 0
    )
    # Not every watch sets its status, and some never set it back.
    habit = rng.random(len(fleet))[vessel]
    usual = np.array([7 if v.ship_type == 30 else 1 for v in fleet])[vessel]
    return np.asarray(
        np.where(habit < _LAZY, 0, np.where(habit > 1.0 - _STUCK, usual, right)), dtype=np.int64
    )


def on_wire_deg(value: Floats) -> Floats:
    """Return degrees as AIS carries them (1/10,000 minute), rounded to the sixth decimal."""
    ten_thousandths = np.round(value * 600_000.0).astype(np.int64)
    return np.asarray(np.floor_divide(10 * ten_thousandths + 3, 6) / 1e6, dtype=np.float64)


def _maybe(values: Floats, missing: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(values).set(pl.Series(missing), None)
