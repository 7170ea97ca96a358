"""Simulated AIS on a real coast, with labelled behaviours, written as real NMEA."""

from dataclasses import dataclass, replace
from datetime import datetime

import geopandas as gpd
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais import _simulate_company as company
from ais import _simulate_decoys as decoys
from ais._simulate_fleet import make_fleet
from ais._simulate_motion import Motion
from ais._simulate_nmea import write_nmea
from ais._simulate_numbers import Numbers, owners
from ais._simulate_ordinary import NEVER_SLOW, ordinary
from ais._simulate_planted import make_stage, plant
from ais._simulate_reports import Reception, Reports, heard, positions, sample, switched
from ais._simulate_sea import Floats, Sea, Tide
from ais._simulate_seen import watch
from ais._simulate_stage import Effect, Label, Stage
from ais._simulate_statics import names, statics
from ais._simulate_turns import turns
from ais._simulate_world import DAY, Vessel, World
from ais.schema import TIME
from geo.errors import InputError
from geo.water import WaterGrid

__all__ = ["TRUTH", "Noiseless", "Places", "Simulation", "simulate", "write_nmea"]

# No administration has the MID 415: no real vessel can be taken for a simulated one.
_FIRST_MMSI = 415_000_001
_POSITIONS_PER_VESSEL_DAY = 336
_HOLES = 3
_HUBS, _APART_M = 7, 6000.0
_WHARF_M, _ANCHORAGE_M = 250.0, 1200.0
_NEAR = 0.2
_PLAIN = ("trawler", "netter", "cargo", "tanker", "ferry", "tug", "small", "patrol")

TRUTH = pl.Schema(
    {
        "kind": pl.String(),
        "mmsi": pl.UInt32(),
        "other_mmsi": pl.UInt32(),
        "t0": TIME,
        "t1": TIME,
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "chain": pl.Int64(),
        "decoy": pl.Boolean(),
        "near": pl.Boolean(),
        "ordinary": pl.Boolean(),
        "what": pl.String(),
        "margin": pl.Float64(),
    }
)
"""What really happened. ``kind`` is the behaviour, for a decoy (which no watch should raise) the
one that it looks like; ``what`` a short code of the variant, of the figure that is near its
threshold, or of the kind of decoy (``near_miss_*``: beyond a threshold by less than 20 %).
``margin`` is that figure's relative distance from the threshold, negative beyond it; ``near``
whether it is within 20 % on the true side. ``ordinary`` rows are true by definition and nobody's
plan: vessels at work, transponders off at home. Rows with the same ``chain`` are one outing. A dark
target has no ``mmsi``, nor has what is done by those whom no AIS explains."""


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
class Noiseless:
    """The true motion, before noise, sampling, reception and all that is told falsely."""

    motion: Motion
    sea: Sea
    t0_ms: int
    vessels: dict[int, int]

    def place(self, mmsi: int, t: NDArray[np.datetime64]) -> Floats:
        """Return (n, 2) metres (the water grid's plane) of an MMSI's vessel at UTC times."""
        seconds = (t.astype("datetime64[ms]").astype(np.int64) - self.t0_ms) / 1000.0
        return self.motion.place(np.full(len(t), self.vessels[mmsi]), seconds)


@dataclass(frozen=True)
class Simulation:
    """Simulated reports and the truth behind them.

    ``detections`` (``ais.schema.DETECTIONS``) are what radars, a camera and a satellite saw;
    ``sightings`` whom: detection_id, mmsi (null without AIS), boat (a number for those without
    AIS; null for clutter). ``anchorages`` and ``berths`` (lon, lat, radius_m) are where ships lie;
    ``holes`` (lon, lat, radius_m) where little is heard; ``outages`` (t0, t1) when nothing is.
    ``noiseless`` is where the vessels truly were.
    """

    positions: pl.DataFrame
    statics: pl.DataFrame
    truth: pl.DataFrame
    detections: pl.DataFrame
    sightings: pl.DataFrame
    berths: pl.DataFrame
    anchorages: pl.DataFrame
    holes: pl.DataFrame
    outages: pl.DataFrame
    noiseless: Noiseless


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
    stage = _play(world, fleet, places, reception, days)
    motion = Motion.of([vessel.course for vessel in fleet], duration)
    mmsi = _FIRST_MMSI + 7 * np.arange(len(fleet) + stage.extra, dtype=np.uint32)
    told, labels, effects = _reports(stage, motion, reception, duration, days, seed)
    rng = np.random.default_rng([seed, 4])
    table = positions(motion, sea, fleet, mmsi, t0_ms, told, rng).with_columns(
        vessel=told.vessel, number=told.number
    )
    # Two hulls under one number may report in the same second: of these the first is kept.
    table = table.sort("t", "mmsi", "vessel").unique(
        ["t", "mmsi"], keep="first", maintain_order=True
    )
    static = statics(fleet, mmsi, t0_ms, table, stage.said, rng)
    wharves = np.concatenate([pool for pool in world.berths.values() if len(pool)])
    circles = np.vstack([_round(wharves, _WHARF_M), _round(world.anchorages, _ANCHORAGE_M)])
    numbers = Numbers(mmsi, effects, duration)
    labels += ordinary(fleet, motion, circles, duration, numbers, np.random.default_rng([seed, 5]))
    labels += company.approaches(stage, motion, circles, told.vessel, told.t, told.mode)
    labels += company.meetings(stage, motion, circles, NEVER_SLOW)
    labels += company.chains(labels)
    labels += turns(fleet, stage.said, motion, duration)
    dark, detections, sightings = watch(
        stage, mmsi, t0_ms, told, circles, np.random.default_rng([seed, 6])
    )
    return Simulation(
        table.drop("vessel", "number"),
        static,
        _truth([*labels, *dark], sea, numbers, t0_ms, duration),
        detections,
        sightings,
        _circles(sea, circles[: len(wharves)]),
        _circles(sea, circles[len(wharves) :]),
        _circles(sea, reception.holes),
        _spans(reception.silent, t0_ms),
        Noiseless(motion, sea, t0_ms, owners(mmsi, len(fleet), effects, duration)),
    )


def _round(xy: Floats, radius: float) -> Floats:
    return np.column_stack([xy, np.full(len(xy), radius)])


def _reports(
    stage: Stage, motion: Motion, reception: Reception, duration: float, days: int, seed: int
) -> tuple[Reports, list[Label], list[Effect]]:
    """Return what is heard and what it tells, all labels, and all effects."""
    fleet, sea = stage.fleet, stage.world.sea
    rng = np.random.default_rng([seed, 3])
    target = _POSITIONS_PER_VESSEL_DAY * len(fleet) * days
    vessel, t, mode = sample(motion, sea, len(fleet), duration, target, rng)
    xy = motion.place(vessel, t)
    good = heard(t, xy, reception, rng)
    good = switched(good, stage.effects, vessel, t, motion.span)
    # A way is as fine as the grid's cells: what it cuts of a headland is not reported.
    good[good] = sea.is_wet(xy[good])
    vessel, t, mode, xy = vessel[good], t[good], mode[good], xy[good]
    labels = [label for label in stage.labels if label.t0 > 0 and label.t1 <= duration]
    labels += decoys.found(fleet, sea, reception, vessel, t, mode, xy)
    plain = np.array([v.kind in _PLAIN for v in fleet])
    wrong, effects = decoys.glitches(vessel, t, mode, xy, plain, rng)
    slips, said = decoys.misspelt(fleet, names(fleet)[0], vessel, t, mode, xy, rng)
    stage.said += said
    effects = [*stage.effects, *effects]
    told = Reports.true(vessel, t, mode, xy).told(effects, motion.span)
    return told, [*_heard_of(labels, told, motion.span), *wrong, *slips], effects


def _heard_of(labels: list[Label], told: Reports, span: float) -> list[Label]:
    """Return the labels without those of two hulls of which but one was heard."""
    key = told.vessel * span + told.t

    def numbers(n: int, label: Label) -> set[int]:
        rows = slice(*np.searchsorted(key, n * span + np.array([label.t0, label.t1])))
        return set(told.number[rows].tolist())

    return [
        label
        for label in labels
        if label.what != "two_hulls" or numbers(label.vessel, label) & numbers(label.other, label)
    ]


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
        _hubs(pools, rng),
    )


def _hubs(pools: dict[str, Floats], rng: np.random.Generator) -> Floats:
    """Return some wharves well apart."""
    named = [pools[name] for name in ("fishing", "other", "stores") if name in pools]
    wharves = rng.permutation(np.concatenate(named or list(pools.values())))
    hubs: list[Floats] = []
    for wharf in wharves:
        if len(hubs) < _HUBS and all(np.hypot(*(wharf - hub)) > _APART_M for hub in hubs):
            hubs.append(wharf)
    return np.array(hubs)


def _ferry_lines(sea: Sea, berths: Floats) -> list[Floats]:
    """Return ways between ferry berths paired with the nearest one over water."""
    lines: list[Floats] = []
    left = list(range(len(berths)))
    while len(left) > 1:
        first = left.pop(0)
        best: tuple[float, int, Floats] | None = None
        for k in sorted(left, key=lambda k: float(np.hypot(*(berths[k] - berths[first])))):
            if best is not None and np.hypot(*(berths[k] - berths[first])) >= best[0]:
                break
            way = sea.way(berths[first], berths[k], clearance_m=250.0)
            length = 0.0 if way is None else float(np.hypot(*np.diff(way, axis=0).T).sum())
            if way is not None and length > 800.0 and (best is None or length < best[0]):
                best = (length, k, way)
        if best is not None:
            left.remove(best[1])
            lines.append(best[2])
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


def _play(
    world: World, fleet: list[Vessel], places: Places, reception: Reception, days: int
) -> Stage:
    shore = world.sea.metres(places.landings["lon"].to_numpy(), places.landings["lat"].to_numpy())
    off = [world.sea.beside(xy, world.rng) for xy in shore]
    good = [n for n, place in enumerate(off) if place is not None]
    off_shore = np.array([place for place in off if place is not None]).reshape(-1, 2)
    weights = places.landings["weight"].to_numpy().astype(float)[good]
    stage = make_stage(
        world, fleet, shore[good], off_shore, weights, reception.holes, reception.silent
    )
    plant(stage, days)
    return stage


def _truth(
    labels: list[Label], sea: Sea, numbers: Numbers, t0_ms: int, duration: float
) -> pl.DataFrame:
    # Two hulls under one number are nobody's case but that one.
    labels = [
        replace(label, ordinary=True)
        if label.kind in ("stop", "berth_visit") and numbers.borrows(label) and not label.decoy
        else label
        for label in labels
    ]
    if not labels:
        return pl.DataFrame(schema=TRUTH)
    lon, lat = sea.lonlat(np.array([label.xy for label in labels]))
    stamps = [
        t0_ms
        + np.round(np.clip([getattr(label, end) for label in labels], 0, duration)).astype(np.int64)
        * 1000
        for end in ("t0", "t1")
    ]
    # Who borrowed a number, and whose own fell silent for it, is told by its own.
    own = [label.kind in ("identity", "gap") for label in labels]
    pairs = [
        (numbers.of(label.vessel, label.t0, own=mine), numbers.of(label.other, label.t0, own=mine))
        for label, mine in zip(labels, own, strict=True)
    ]
    pairs = [
        (min(a, b), max(a, b)) if label.kind == "rendezvous" and a and b else (a, b)
        for label, (a, b) in zip(labels, pairs, strict=True)
    ]
    margin = np.array([label.margin for label in labels])
    return (
        pl.DataFrame(
            {
                "kind": [label.kind for label in labels],
                "mmsi": [a for a, _ in pairs],
                "other_mmsi": [b for _, b in pairs],
                "t0": stamps[0],
                "t1": stamps[1],
                "lon": np.round(lon, 6),
                "lat": np.round(lat, 6),
                "chain": [label.chain if label.chain >= 0 else None for label in labels],
                "decoy": [label.decoy for label in labels],
                "near": (margin > 0.0) & (margin <= _NEAR),
                "ordinary": [label.ordinary for label in labels],
                "what": [label.what for label in labels],
                "margin": pl.Series(margin.round(4)).fill_nan(None),
            },
            schema_overrides={"mmsi": pl.Int64, "other_mmsi": pl.Int64, "chain": pl.Int64},
        )
        .with_columns(pl.col("t0", "t1").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
        .cast(TRUTH)
        .sort("t0", "mmsi", "kind", "what", nulls_last=True)
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
