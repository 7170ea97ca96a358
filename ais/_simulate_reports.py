"""What is heard of the simulated vessels: reports with noise, where and when there is reception."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._simulate_fleet import Vessel
from ais._simulate_motion import (
    ADRIFT,
    AT_ANCHOR,
    FISHING,
    KNOT,
    MOORED,
    OFF,
    PLANTED,
    Motion,
)
from ais._simulate_sea import Sea
from ais.schema import POSITIONS, STATICS

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
_STATIC_S = 5400


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
    every = np.where((near & ~still & ~drifting) | (mode == PLANTED), 1, every)
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


def positions(
    motion: Motion,
    sea: Sea,
    fleet: list[Vessel],
    mmsi: NDArray[np.uint32],
    t0_ms: int,
    vessel: NDArray[np.int64],
    t: Floats,
    mode: NDArray[np.int8],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the reports as positions, in the resolution that AIS has, sorted by time."""
    n = len(t)
    xy = motion.place(vessel, t)
    # Over a switch of the transponder the course may jump: look to the side that is on.
    t1 = np.where(motion.doing(vessel, t + 10.0) == OFF, t, t + 10.0)
    t2 = np.where(motion.doing(vessel, t - 10.0) == OFF, t, t - 10.0)
    step = motion.place(vessel, t1) - motion.place(vessel, t2)
    velocity = step / np.maximum(t1 - t2, 1.0)[:, None]
    class_a = np.array([v.cls == "A" for v in fleet])[vessel]
    fix = np.where(class_a, *_FIX_M)[:, None]
    lon, lat = sea.lonlat(xy + fix * rng.normal(size=(n, 2)))
    speed = np.hypot(*velocity.T) / KNOT
    tied = np.isin(mode, [MOORED, AT_ANCHOR])
    wobble = velocity + np.where(tied, 0.04, 0.06)[:, None] * rng.normal(size=(n, 2))
    course = np.degrees(np.arctan2(wobble[:, 0], wobble[:, 1])) % 360.0
    speed = np.clip(speed + np.where(tied, 0.05, 0.12) * rng.normal(size=n), 0.0, 60.0)
    heading = np.round(course + 2.0 * rng.normal(size=n)) % 360.0
    berth_heading = np.round(rng.uniform(0, 359, len(fleet)))
    heading = np.where(mode == MOORED, berth_heading[vessel], heading)
    to_anchor = np.degrees(np.arctan2(wobble[:, 1], -wobble[:, 0])) % 360.0
    heading = np.where(mode == AT_ANCHOR, np.round(to_anchor) % 360.0, heading)
    status = np.select([mode == MOORED, mode == AT_ANCHOR, mode == FISHING], [5, 1, 7], 0)
    # Not every watch sets its status.
    lazy = rng.random(len(fleet)) < 0.15
    status = np.where(lazy[vessel], 0, status)
    without_heading = (~class_a) | (rng.random(n) < _NO_HEADING)
    msg_type = np.where(class_a, np.where(tied, 3, 1), 18)
    table = pl.DataFrame(
        {
            "mmsi": mmsi[vessel],
            "t": t0_ms + np.round(t).astype(np.int64) * 1000,
            "lon": on_wire_deg(lon),
            "lat": on_wire_deg(lat),
            "sog_kn": _maybe(np.round(speed, 1), rng.random(n) < _NO_SOG),
            "cog_deg": _maybe(np.round(course, 1) % 360.0, rng.random(n) < _NO_COG),
            "heading_deg": _maybe(heading, without_heading),
            "status": pl.Series(status).set(pl.Series(~class_a), None),
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
        .sort("t", "mmsi")
    )


def statics(
    fleet: list[Vessel],
    mmsi: NDArray[np.uint32],
    t0_ms: int,
    positions: pl.DataFrame,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the static reports: class A in one message, class B in two (name; the rest).

    A vessel sends them every hour or two while it is heard at all. A net beacon's name carries
    its battery, which runs down.
    """
    order = {number: k for k, number in enumerate(mmsi.tolist())}
    # Each vessel has its own moment in the hour and a half.
    own = pl.col("mmsi").cast(pl.Int64) * 37
    seen = positions.with_columns(slot=(pl.col("t").dt.epoch("s") + own) // _STATIC_S).unique(
        ["mmsi", "slot"], keep="first", maintain_order=True
    )
    rows: list[tuple[object, ...]] = []
    numbers: dict[str, int] = {}
    label: list[int] = []
    for vessel in fleet:
        numbers[vessel.kind] = numbers.get(vessel.kind, 0) + 1
        label.append(numbers[vessel.kind])
    delay = rng.integers(1, 3, seen.height)
    for number, stamp, late in zip(
        seen["mmsi"].to_list(), seen["t"].dt.epoch("ms").to_list(), delay.tolist(), strict=True
    ):
        k = order[number]
        vessel = fleet[k]
        t = stamp + 1000 * late
        name = f"SIM {vessel.kind.upper()} {label[k]:03d}"
        if vessel.kind == "beacon":
            name = f"NET MARK {max(5, vessel.battery - int((stamp - t0_ms) // 43_200_000))}%"
        callsign = f"SIM{label[k]:04d}" if vessel.kind != "beacon" else None
        kind, size = vessel.ship_type, (float(vessel.length_m), float(vessel.width_m))
        if vessel.cls == "A":
            rows.append((number, t, None, name, callsign, kind, *size, vessel.draught_m))
        else:
            rows.append((number, t, None, name, None, None, None, None, None))
            rows.append((number, t, None, None, callsign, kind, *size, None))
    columns = [name for name in STATICS if name != "source"]
    table = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    return (
        table.with_columns(
            pl.col("t").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"), source=pl.lit("sim")
        )
        .cast(STATICS)
        .select(list(STATICS))
        .sort("t", "mmsi", maintain_order=True)
    )


def on_wire_deg(value: Floats) -> Floats:
    """Return degrees as AIS carries them (1/10,000 minute), rounded to the sixth decimal."""
    ten_thousandths = np.round(value * 600_000.0).astype(np.int64)
    return np.asarray(np.floor_divide(10 * ten_thousandths + 3, 6) / 1e6, dtype=np.float64)


def _maybe(values: Floats, missing: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(values).set(pl.Series(missing), None)
