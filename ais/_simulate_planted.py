"""The programme of what is planted: how many cases of each kind, when, and played by whom."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heappop, heappush

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ais import _simulate_decoys as decoys
from ais._simulate_false import another_mmsi, circle, jumps, on_land, renamed, two_hulls
from ais._simulate_fast import approach, chain, dash, exact
from ais._simulate_motion import MOORED
from ais._simulate_odd import gap, over_type, reversal, told_course, told_speed, zigzag
from ais._simulate_slow import drift, loitering, rendezvous
from ais._simulate_stage import Case, Stage
from ais._simulate_world import DAY, Vessel, World

Floats = NDArray[np.float64]
Play = Callable[[Stage, Case, float], bool]

_NIGHT_SHARE = 0.85
NEAR_SHARE = 0.5
_TRIES = 40
_FULL_FLEET = 330
_DENSER = 3.0
"""A small fleet has up to this many times as much planted per vessel."""
_SPOTS = 110
_LAND_POINTS = 4000
_PIECE = 6


@dataclass(frozen=True)
class Item:
    """One line of the programme: cases a day with 330 vessels, and what may be near."""

    kind: str
    variant: str
    per_day: float
    dims: tuple[str, ...]
    play: Play
    night: bool = False
    near: float = NEAR_SHARE


def _programme(inland: tuple[Floats, Floats]) -> tuple[Item, ...]:
    told = ("told_duration", "difference", "ratio")
    return (
        Item(
            "loitering",
            "easy",
            3.1,
            ("duration", "speed", "ratio"),
            loitering,
            night=True,
            near=0.6,
        ),
        Item("drift", "easy", 1.6, ("duration", "speed", "angle"), drift),
        Item(
            "rendezvous", "alongside", 0.8, ("duration", "speed"), rendezvous, night=True, near=0.6
        ),
        Item(
            "rendezvous",
            "apart",
            0.9,
            ("duration", "speed", "distance"),
            rendezvous,
            night=True,
            near=0.6,
        ),
        Item("gap", "easy", 1.8, ("duration",), gap),
        Item("shore_approach", "easy", 1.9, ("distance",), approach, night=True, near=0.9),
        Item("dash", "easy", 1.3, ("speed", "duration", "reach", "delay"), dash, night=True),
        Item("dash", "after_gap", 0.4, ("speed", "duration"), dash, night=True),
        Item("speed_anomaly", "fishing", 0.9, ("speed", "duration"), over_type),
        Item("speed_anomaly", "cargo", 0.3, ("speed", "duration"), over_type),
        Item("speed_anomaly", "told_speed", 0.8, told, told_speed),
        Item("course_anomaly", "reversal", 0.9, ("angle", "steady", "turn"), reversal),
        Item("course_anomaly", "zigzag", 0.7, ("bend", "span"), zigzag),
        Item("course_anomaly", "told_course", 0.7, ("told_angle", "told_duration"), told_course),
        Item("identity", "name", 0.3, (), renamed),
        Item("identity", "callsign", 0.2, (), renamed),
        Item("identity", "size", 0.2, (), renamed),
        Item("identity", "another_mmsi", 0.8, ("pause",), another_mmsi),
        Item("identity", "two_hulls", 0.3, (), two_hulls),
        Item("spoofing", "jumps", 0.6, ("distance",), jumps),
        Item("spoofing", "circle", 0.7, ("turns", "circle_speed", "radius"), circle),
        Item(
            "spoofing", "on_land", 0.6, ("depth", "land_duration"), partial(on_land, inland=inland)
        ),
        Item("chain", "easy", 1.1, ("delay",), chain, night=True),
        Item("rendezvous", "pilot", 2.0, (), decoys.pilot),
        Item("rendezvous", "bunkering", 0.6, (), decoys.bunkering),
        Item("drift", "drift_fishing", 2.5, (), decoys.drift_fishing),
        Item("speed_anomaly", "home_fast", 1.2, (), decoys.home_fast),
    )


def make_stage(
    world: World,
    fleet: list[Vessel],
    shore: Floats,
    off_shore: Floats,
    weight: Floats,
    holes: Floats,
    silent: list[tuple[float, float]],
) -> Stage:
    """Return the stage of a world: what to keep off, and open places to play at."""
    wharves = np.concatenate([pool for pool in world.berths.values() if len(pool)])
    keep_off = np.vstack(
        [
            np.column_stack([wharves, np.full(len(wharves), 1300.0)]),
            np.column_stack([world.anchorages, np.full(len(world.anchorages), 2000.0)]),
            holes + np.array([0.0, 0.0, 1500.0]),
        ]
    )
    stage = Stage(
        world,
        fleet,
        shore,
        off_shore,
        weight / max(float(weight.sum()), 1e-9),
        keep_off,
        silent,
        STRtree(_pieces(world.sea.polygons)),
        np.empty((0, 2)),
    )
    homes = np.array([v.home for v in fleet if v.kind in ("runner", "fisher", "coaster")])
    spots = world.sea.find(world.rng, 3000, low_m=900, high_m=9000.0)
    if len(homes) and len(spots):
        near = np.array([np.hypot(*(homes - spot).T).min() for spot in spots]) < 11_000.0
        spots = spots[near & (stage.beyond(spots) > 0)]
    stage.spots = spots[:_SPOTS]
    return stage


def _pieces(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the shore in short pieces: the nearest of these is soon found."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    along = np.arange(len(ring))
    begins = np.flatnonzero(np.diff(ring, prepend=-1))
    piece = (along - begins[ring]) // _PIECE
    number = np.cumsum(np.diff(ring * 1_000_000 + piece, prepend=-1) != 0) - 1
    # The first vertex of a piece is the last of the one before it, too.
    joint = np.flatnonzero((np.diff(number, prepend=0) > 0) & (np.diff(ring, prepend=0) == 0))
    order = np.argsort(np.concatenate([number, number[joint] - 1]), kind="stable")
    xy, number = (
        np.vstack([xy, xy[joint]])[order],
        np.concatenate([number, number[joint] - 1])[order],
    )
    enough = np.bincount(number)[number] > 1
    return np.asarray(
        shapely.linestrings(xy[enough], indices=np.unique(number[enough], return_inverse=True)[1])
    )


def plant(stage: Stage, days: int) -> None:
    """Play the whole programme, in time order, with whoever is free."""
    world, rng = stage.world, stage.world.rng
    actors = [v for v in stage.fleet if v.kind in ("runner", "fisher", "coaster", *decoys.PLAYERS)]
    for vessel in actors:
        vessel.course.begin(-0.5 * DAY, vessel.home)
    if len(stage.spots):
        queue = [
            (_moment(world, night=item.night), k, item, case)
            for k, (item, case) in enumerate(_cases(stage, days))
        ]
        heapify(queue)
        tries = np.zeros(len(queue), dtype=int)
        while queue:
            t, k, item, case = heappop(queue)
            if item.play(stage, case, t):
                continue
            tries[k] += 1
            later = t + rng.uniform(0.05, 1.5) * 3600.0
            if tries[k] < _TRIES and later < world.duration_s - 5 * 3600.0:
                heappush(queue, (later, k, item, case))
    for vessel in actors:
        vessel.course.stay(world.duration_s, MOORED)
    exact(stage)


def _cases(stage: Stage, days: int) -> list[tuple[Item, Case]]:
    scale = min(1.0, _DENSER * len(stage.fleet) / _FULL_FLEET)
    listed: list[tuple[Item, Case]] = []
    for item in _programme(_inland(stage)):
        if item.kind in ("shore_approach", "dash", "chain") and not len(stage.weight):
            continue
        count = max(1, round(item.per_day * days * scale))
        near = int(np.ceil(item.near * count)) if item.dims else 0
        for n in range(count):
            dim = item.dims[n % len(item.dims)] if n < near else ""
            listed.append((item, Case(item.kind, item.variant, dim)))
            if dim:
                listed.append((item, Case(item.kind, item.variant, dim, miss=True)))
    return listed


def _moment(world: World, *, night: bool) -> float:
    """Return when a case is played; most of the planted landings are at night high water."""
    rng, high = world.rng, world.tide.high_s
    last = world.duration_s - 5.0 * 3600.0
    hour = (high - world.solar_s) % DAY / 3600.0
    dark = high[(high > 0.15 * DAY) & (high < last) & ((hour >= 19.5) | (hour < 4.5))]
    if night and len(dark) and rng.random() < _NIGHT_SHARE:
        return float(rng.choice(dark) + rng.normal(0.0, 0.5) * 3600.0)
    return float(rng.uniform(0.12 * DAY, last))


def _inland(stage: Stage) -> tuple[Floats, Floats]:
    """Return places on land and how far inside it they lie."""
    sea, rng = stage.world.sea, stage.world.rng
    x0, y0, x1, y1 = sea.box
    xy = np.column_stack([rng.uniform(x0, x1, _LAND_POINTS), rng.uniform(y0, y1, _LAND_POINTS)])
    xy = xy[~sea.is_wet(xy)]
    edge = np.minimum.reduce([xy[:, 0] - x0, x1 - xy[:, 0], xy[:, 1] - y0, y1 - xy[:, 1]])
    deep = stage.shore_m(xy) if len(xy) else np.empty(0)
    return xy[edge > 4000.0], deep[edge > 4000.0]
