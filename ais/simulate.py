"""Simulated AIS on a real coast, with labelled behaviours, written as real NMEA."""

from dataclasses import dataclass
from datetime import datetime

import geopandas as gpd
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._simulate_fleet import DAY, Vessel, World, make_fleet
from ais._simulate_motion import AT_ANCHOR, MOORED, UNDER_WAY, Motion
from ais._simulate_nmea import write_nmea
from ais._simulate_planted import Label, choose_outings, plant
from ais._simulate_reports import Reception, heard, positions, sample, statics
from ais._simulate_sea import Floats, Sea, Tide
from geo.errors import InputError
from geo.water import WaterGrid

__all__ = ["TRUTH", "Places", "Simulation", "simulate", "write_nmea"]

# No administration has the MID 415: no real vessel can be taken for a simulated one.
_FIRST_MMSI = 415_000_001
_POSITIONS_PER_VESSEL_DAY = 336
_PLANTED_PER_DAY = 3.7
_HOLES = 3
_PASSAGES = 24

TRUTH = pl.Schema(
    {
        "kind": pl.String(),
        "mmsi": pl.UInt32(),
        "t0": pl.Datetime("ms", "UTC"),
        "t1": pl.Datetime("ms", "UTC"),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "chain": pl.Int64(),
        "decoy": pl.Boolean(),
    }
)
"""What really happened. ``kind`` is loitering or shore_approach, or for decoys (which no watch
should raise) anchored, moored_ferry or channel_passage; rows with the same ``chain`` are one
outing, loitering first, then the run to the shore."""


@dataclass(frozen=True)
class Places:
    """Where the simulated traffic goes.

    Attributes
    ----------
    wharves : ``lon, lat, wharf_class`` (port, fishing, ferry, shipyard, stores, other).
    landings : ``lon, lat, weight``: places on the shore where something could be landed.
    high_water : times of high water (datetime64[ms], UTC), from a day before the run to a day
        after it.
    """

    wharves: pl.DataFrame
    landings: pl.DataFrame
    high_water: NDArray[np.datetime64]


@dataclass(frozen=True)
class Simulation:
    """Simulated reports and the truth behind them.

    ``anchorages`` (lon, lat, radius_m) are where ships lie at anchor; ``holes`` (lon, lat,
    radius_m) where little is heard; ``outages`` (t0, t1) when nothing is.
    """

    positions: pl.DataFrame
    statics: pl.DataFrame
    truth: pl.DataFrame
    anchorages: pl.DataFrame
    holes: pl.DataFrame
    outages: pl.DataFrame


def simulate(
    land: gpd.GeoDataFrame,
    water: WaterGrid,
    places: Places,
    *,
    t0: datetime,
    days: int = 14,
    vessels: int = 330,
    seed: int,
) -> Simulation:
    """Simulate the traffic of a coast, the same for the same arguments.

    Parameters
    ----------
    land : repaired land polygons (EPSG:4326).
    water : the coast's water grid; its cells also route the vessels.
    t0 : aware start; the run lasts ``days`` days of 24 hours.
    vessels : how many; at 330 there are about 336 positions per vessel and day.

    Returns
    -------
    Simulation
        Positions and statics as in ``ais.schema`` (source "sim"), sorted by time, already in the
        resolution that AIS carries. Noise is 6 m on average. Vessels keep to the water but for it.

    Raises
    ------
    InputError
        When ``t0`` has no zone, the high waters do not span the run, or no wharf is at the water.
    """
    if t0.tzinfo is None:
        raise InputError("`t0` has no time zone", where="simulation", mend="Give an aware start.")
    t0_ms = round(t0.timestamp()) * 1000
    duration = days * DAY
    sea = Sea.over(land, water)
    world = _world(sea, places, t0_ms, duration, np.random.default_rng([seed, 1]))
    fleet = make_fleet(world, vessels)
    reception = _reception(world, places, np.random.default_rng([seed, 2]))
    labels = _plant(world, fleet, places, reception, days)
    motion = Motion.of([vessel.course for vessel in fleet], duration)
    mmsi = (_FIRST_MMSI + np.arange(len(fleet)) * 7).astype(np.uint32)

    rng = np.random.default_rng([seed, 3])
    vessel, t, mode = sample(
        motion, sea, len(fleet), duration, _POSITIONS_PER_VESSEL_DAY * vessels * days, rng
    )
    xy = motion.place(vessel, t)
    good = heard(t, xy, reception, rng)
    # A way is as fine as the grid's cells: what it cuts of a headland is not reported.
    good[good] = sea.is_wet(xy[good])
    vessel, t, mode, xy = vessel[good], t[good], mode[good], xy[good]
    table = positions(motion, sea, fleet, mmsi, t0_ms, vessel, t, mode, rng)
    labels += _decoys(fleet, sea, vessel, t, mode, xy)
    return Simulation(
        table,
        statics(fleet, mmsi, t0_ms, table, rng),
        _truth(labels, sea, mmsi, t0_ms, duration),
        _circles(sea, np.column_stack([world.anchorages, np.full(len(world.anchorages), 1200.0)])),
        _circles(sea, reception.holes),
        _spans(reception.silent, t0_ms),
    )


def _world(
    sea: Sea, places: Places, t0_ms: int, duration: float, rng: np.random.Generator
) -> World:
    high_s = (places.high_water.astype("datetime64[ms]").astype(np.int64) - t0_ms) / 1000.0
    if len(high_s) < 2 or high_s[0] > 0.0 or high_s[-1] < duration:
        raise InputError(
            "the high waters do not span the run",
            where="simulation",
            mend="Give the times of high water from a day before the start to a day after the end.",
        )
    wharf_xy = sea.metres(places.wharves["lon"].to_numpy(), places.wharves["lat"].to_numpy())
    berths: dict[str, list[Floats]] = {}
    for xy, wharf_class in zip(wharf_xy, places.wharves["wharf_class"], strict=True):
        berth = sea.beside(xy, rng)
        if berth is not None:
            berths.setdefault(wharf_class, []).append(berth)
    if not berths:
        raise InputError(
            "no wharf lies at the water",
            where="simulation: wharves",
            mend="Give wharves within 140 m of water.",
        )
    pools = {name: np.array(pool) for name, pool in sorted(berths.items())}
    lon = (
        float(places.wharves["lon"].to_numpy().min())
        + float(places.wharves["lon"].to_numpy().max())
    ) / 2
    solar_s = -((t0_ms / 1000.0 + lon * 240.0) % DAY)
    anchorages = sea.find(rng, 5, low_m=1500, high_m=5000, apart_m=9000.0)
    grounds = sea.find(rng, 14, low_m=3600, high_m=np.inf, apart_m=6000.0)
    return World(
        sea,
        Tide(high_s),
        rng,
        duration,
        solar_s,
        pools,
        _ferry_lines(sea, pools.get("ferry", np.empty((0, 2)))),
        anchorages,
        grounds,
        sea.gates(rng),
    )


def _ferry_lines(sea: Sea, berths: Floats) -> list[Floats]:
    """Return ways between ferry berths paired with the nearest one over water."""
    lines: list[Floats] = []
    left = list(range(len(berths)))
    while len(left) > 1:
        first = left.pop(0)
        options = [
            (float(np.hypot(*np.diff(way, axis=0).T).sum()), k, way)
            for k in left
            if (way := sea.way(berths[first], berths[k], clearance_m=250.0)) is not None
            and len(way) > 1
        ]
        options = [option for option in options if option[0] > 800.0]
        if options:
            _, partner, way = min(options, key=lambda option: option[:2])
            left.remove(partner)
            lines.append(way)
    return lines


def _reception(world: World, places: Places, rng: np.random.Generator) -> Reception:
    """Return holes away from every landing, and two silences of the whole network."""
    lon, lat = (places.landings[name].to_numpy() for name in ("lon", "lat"))
    landings = world.sea.metres(lon, lat)
    spots = world.sea.find(rng, 400, low_m=2500, high_m=np.inf)
    if len(landings) and len(spots):
        clear = np.array([np.hypot(*(landings - spot).T).min() for spot in spots])
        spots = spots[np.argsort(-clear, kind="stable")][: max(_HOLES, len(spots) // 8)]
    chosen = spots[rng.permutation(len(spots))[:_HOLES]]
    radius = rng.uniform(2500.0, 5500.0, len(chosen))
    days = world.duration_s / DAY
    starts = [0.31 * world.duration_s, 0.74 * world.duration_s] if days >= 7 else []
    silent = [(s, s + float(rng.uniform(1.0, 2.2)) * 3600.0) for s in starts]
    return Reception(np.column_stack([chosen, radius]).reshape(-1, 3), silent)


def _plant(
    world: World, fleet: list[Vessel], places: Places, reception: Reception, days: int
) -> list[Label]:
    shore = world.sea.metres(places.landings["lon"].to_numpy(), places.landings["lat"].to_numpy())
    off = [world.sea.beside(xy, world.rng) for xy in shore]
    good = [n for n, place in enumerate(off) if place is not None]
    runners = sum(vessel.kind == "runner" for vessel in fleet)
    if not good or not runners:
        return []
    weights = places.landings["weight"].to_numpy().astype(float)[good]
    count = max(1, round(min(_PLANTED_PER_DAY, 2.0 * runners) * days))
    outings = choose_outings(world, count, weights, reception.silent)
    off_shore = np.array([place for place in off if place is not None])
    labels = plant(world, fleet, outings, shore[good], off_shore, reception.holes)
    return [label for label in labels if label.t0 > 0 and label.t1 < world.duration_s]


def _decoys(
    fleet: list[Vessel],
    sea: Sea,
    vessel: NDArray[np.int64],
    t: Floats,
    mode: NDArray[np.int8],
    xy: Floats,
) -> list[Label]:
    """Return what looks like trouble and is not, found in what really happened."""
    labels: list[Label] = []
    for kind, wanted, ships in (
        ("anchored", AT_ANCHOR, ("anchored", "cargo", "tanker")),
        ("moored_ferry", MOORED, ("ferry",)),
    ):
        for number, ship in enumerate(fleet):
            mine = np.flatnonzero((vessel == number) & (mode == wanted))
            if ship.kind not in ships or len(mine) < 10:
                continue
            runs = np.split(mine, np.flatnonzero(np.diff(t[mine]) > 3600.0) + 1)
            run = max(runs, key=len)
            if t[run[-1]] - t[run[0]] > 3600.0:
                labels.append(Label(kind, number, t[run[0]], t[run[-1]], xy[run].mean(axis=0), -1))
    big = np.array([ship.kind in ("cargo", "tanker", "trawler", "ferry") for ship in fleet])
    close = np.flatnonzero(big[vessel] & (mode == UNDER_WAY))
    close = close[sea.off_shore_m(xy[close]) < 450.0]
    breaks = (np.diff(vessel[close]) != 0) | (np.diff(t[close]) > 200.0)
    passes = 0
    for run in np.split(close, np.flatnonzero(breaks) + 1):
        if passes >= _PASSAGES or len(run) < 6:
            continue
        moved = float(np.hypot(*(xy[run[-1]] - xy[run[0]])))
        # A passage leads somewhere at a passage's speed; coming alongside does not.
        if moved > 3.0 * (t[run[-1]] - t[run[0]]):
            passes += 1
            labels.append(
                Label(
                    "channel_passage",
                    int(vessel[run[0]]),
                    t[run[0]],
                    t[run[-1]],
                    xy[run].mean(axis=0),
                    -1,
                )
            )
    return labels


def _truth(
    labels: list[Label], sea: Sea, mmsi: NDArray[np.uint32], t0_ms: int, duration: float
) -> pl.DataFrame:
    if not labels:
        return pl.DataFrame(schema=TRUTH)
    lon, lat = sea.lonlat(np.array([label.xy for label in labels]))
    stamps = [
        t0_ms
        + np.round(np.clip([getattr(label, end) for label in labels], 0, duration)).astype(np.int64)
        * 1000
        for end in ("t0", "t1")
    ]
    kinds = [label.kind for label in labels]
    return (
        pl.DataFrame(
            {
                "kind": kinds,
                "mmsi": [int(mmsi[label.vessel]) for label in labels],
                "t0": stamps[0],
                "t1": stamps[1],
                "lon": np.round(lon, 6),
                "lat": np.round(lat, 6),
                "chain": pl.Series(
                    [label.chain if label.chain >= 0 else None for label in labels], dtype=pl.Int64
                ),
                "decoy": [kind not in ("loitering", "shore_approach") for kind in kinds],
            }
        )
        .with_columns(pl.col("t0", "t1").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
        .cast(TRUTH)
        .sort("t0", "mmsi", "kind")
    )


def _circles(sea: Sea, circles: Floats) -> pl.DataFrame:
    lon, lat = sea.lonlat(circles.reshape(-1, 3)[:, :2])
    return pl.DataFrame(
        {
            "lon": np.round(lon, 6),
            "lat": np.round(lat, 6),
            "radius_m": circles.reshape(-1, 3)[:, 2].round(0),
        }
    )


def _spans(spans: list[tuple[float, float]], t0_ms: int) -> pl.DataFrame:
    ends = np.array(spans, dtype=np.float64).reshape(-1, 2)
    return pl.DataFrame(
        {
            name: t0_ms + np.round(ends[:, k]).astype(np.int64) * 1000
            for k, name in enumerate(("t0", "t1"))
        }
    ).with_columns(pl.all().cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
