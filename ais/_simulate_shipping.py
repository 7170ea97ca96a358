"""What ships, ferries and those who serve them do with their days."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import (
    AT_ANCHOR,
    BRIEF,
    MOORED,
    OFF,
    UNDER_WAY,
    stream_axis,
    trawl,
)
from ais._simulate_world import DAY, Vessel, World

Floats = NDArray[np.float64]


def ferry(world: World, vessel: Vessel, number: int) -> None:
    """Shuttle between two shores by day, lie alongside by night."""
    line = world.ferry_lines[number % len(world.ferry_lines)]
    if number // len(world.ferry_lines) % 2:
        line = line[::-1]
    rng, course = world.rng, vessel.course
    # One ferry in five is a fast one.
    speed = rng.uniform(25.5, 29.0) if number % 5 == 4 else rng.uniform(10.0, 14.0)
    vessel.home = line[0]
    course.begin(world.clock(0, 0.0), line[0])
    for day in range(world.days):
        course.stay(world.clock(day, 6.0) + rng.uniform(0, 900) + 1500 * (number % 2), MOORED)
        while course.now < world.clock(day, 18.5):
            for way in (line, line[::-1]):
                course.go(way, speed * rng.uniform(0.94, 1.06), slow_end_m=250.0)
                course.stay(course.now + rng.uniform(6.0, 24.0) * 60.0, BRIEF)
        course.stay(world.clock(day + 1, 5.5), MOORED)


def cargo(world: World, vessel: Vessel, number: int) -> None:
    """Pass through from one edge to another, or call: wait at anchor, berth, sail."""
    rng, course = world.rng, vessel.course
    speed = rng.uniform(9.0, 13.5)
    calls = number % 3 == 0
    gates = world.gates
    course.begin(rng.uniform(-0.6, 1.2) * DAY, gates[int(rng.integers(len(gates)))])
    while course.now < world.duration_s:
        gate = gates[int(rng.integers(len(gates)))]
        if not calls:
            far = np.hypot(*(gates - course.at).T)
            gate = gates[int(rng.choice(np.flatnonzero(far > 0.5 * far.max())))]
            way = world.sea.way(course.at, gate, clearance_m=1500.0)
            if way is not None:
                course.go(way, speed * rng.uniform(0.96, 1.04))
        else:
            _port_call(world, vessel, gate, speed)
        course.add(np.array([course.now]), course.at[None, :], OFF)
        course.now += rng.uniform(6.0, 34.0) * 3600.0
        course.add(np.array([course.now]), course.at[None, :], OFF)


def _port_call(world: World, vessel: Vessel, gate: Floats, speed: float) -> None:
    rng, course, sea = world.rng, vessel.course, world.sea
    if not vessel.home.any():
        vessel.home = world.berth("port")
    hub = world.near(world.anchorages, vessel.home, among=2)
    lane = sea.way(gate, hub, clearance_m=1000.0)
    along = sea.way(hub, vessel.home, clearance_m=350.0)
    if lane is None or along is None:
        course.now += 6 * 3600.0
        return
    anchor = hub + rng.uniform(-350, 350, 2)
    course.go(np.vstack([lane[:-1], anchor]), speed, slow_end_m=900.0, slow_kn=4.5)
    course.swing(
        course.now + rng.uniform(3, 16) * 3600.0,
        1.2 * vessel.length_m,
        world.tide,
        stream_axis(sea, anchor),
        AT_ANCHOR,
    )
    course.go(np.vstack([course.at, along]), min(speed, 8.5), slow_end_m=700.0, slow_kn=3.0)
    course.stay(course.now + rng.uniform(9, 26) * 3600.0, MOORED)
    course.go(along[::-1], min(speed, 8.5))
    course.go(lane[::-1], min(speed, 11.0) * rng.uniform(0.9, 1.0))


def anchored(world: World, vessel: Vessel, number: int) -> None:
    """Lie at anchor for days, swinging with the stream; change the anchorage now and then."""
    rng, course = world.rng, vessel.course
    hub = world.anchorages[number % len(world.anchorages)]
    vessel.home = hub + rng.uniform(-600, 600, 2)
    course.begin(world.clock(0, 0.0), vessel.home)
    while course.now < world.duration_s:
        course.swing(
            course.now + rng.uniform(2.5, 9.0) * DAY,
            rng.uniform(0.9, 1.4) * vessel.length_m,
            world.tide,
            stream_axis(world.sea, course.at),
            AT_ANCHOR,
        )
        other = world.near(world.anchorages, hub, among=3)
        way = world.sea.way(hub, other, clearance_m=1000.0)
        if way is not None:
            shifted = other + rng.uniform(-500, 500, 2)
            course.go(
                np.vstack([course.at, way[1:-1], shifted]), rng.uniform(6.0, 8.0), slow_end_m=500.0
            )
            hub = other


def service(world: World, vessel: Vessel, _number: int) -> None:
    """Tug: lie at the port, run out to an anchorage, wait alongside, run back."""
    rng, course = world.rng, vessel.course
    vessel.home = world.berth("port", "shipyard", "stores")
    course.begin(world.clock(0, 0.0), vessel.home)
    speed = rng.uniform(6.5, 9.0)
    while course.now < world.duration_s:
        course.stay(course.now + rng.exponential(6.0) * 3600.0 + 1800.0, MOORED)
        hub = world.near(world.anchorages, vessel.home, among=2)
        way = world.sea.way(vessel.home, hub, clearance_m=350.0)
        if way is None:
            continue
        way = np.vstack([way[:-1], hub + rng.uniform(-400, 400, 2)])
        course.go(way, speed, slow_end_m=400.0)
        course.stay(course.now + rng.uniform(8, 25) * 60.0, UNDER_WAY)
        course.go(way[::-1], speed, slow_end_m=300.0)


def patrol(world: World, vessel: Vessel, _number: int) -> None:
    """Run along the coast from point to point and home again, twice a day."""
    rng, course, sea = world.rng, vessel.course, world.sea
    vessel.home = world.berth("port", "other")
    course.begin(world.clock(0, 0.0), vessel.home)
    speed = rng.uniform(13.0, 19.0)
    points = sea.find(
        rng, 4, low_m=900, high_m=3000, about=vessel.home, within_m=25_000, apart_m=5000
    )
    if len(points) == 0:
        course.stay(world.duration_s, MOORED)
        return
    for day in range(world.days):
        for hour in (8.5, 19.5):
            if rng.random() < 0.3:
                continue
            course.stay(world.clock(day, hour) + rng.uniform(0, 5400), MOORED)
            # One of two beats, always run the same way round.
            stops = points[:3] if rng.random() < 0.5 else points[1:]
            for point in [*stops, vessel.home]:
                way = sea.way(course.at, point, clearance_m=500.0)
                if way is not None:
                    # A look round at each point: nobody turns back at speed.
                    course.stay(course.now + rng.uniform(6.0, 9.0) * 60.0, UNDER_WAY)
                    course.go(way, speed * rng.uniform(0.85, 1.05))
    course.stay(world.duration_s, MOORED)


def dredger(world: World, vessel: Vessel, _number: int) -> None:
    """Dredge a fairway to and fro at two to three knots, and go to the port for the night."""
    rng, course = world.rng, vessel.course
    vessel.home = world.berth("port", "shipyard", "stores")
    course.begin(world.clock(0, 0.0), vessel.home)
    spots = world.sea.find(
        rng, 1, low_m=700, high_m=3000, about=vessel.home, within_m=9000, apart_m=500
    )
    way = world.sea.way(vessel.home, spots[0], clearance_m=350.0) if len(spots) else None
    for day in range(world.days):
        if way is None or rng.random() < 0.25:
            continue
        course.stay(world.clock(day, rng.uniform(5.5, 8.0)), MOORED)
        course.go(way, 8.0)
        trawl(
            course,
            spots[0],
            500.0,
            course.now + rng.uniform(5.0, 9.0) * 3600.0,
            stream_axis(world.sea, spots[0]),
            rng.uniform(2.2, 3.0),
            rng,
            mode=UNDER_WAY,
        )
        course.go(np.vstack([course.at, way[::-1]]), 8.0, slow_end_m=300.0)
    course.stay(world.duration_s, MOORED)


def actor(world: World, vessel: Vessel, number: int) -> None:
    """Only do what is planted: here such a vessel has but a home."""
    if vessel.kind in ("pilot", "bunker") and len(world.anchorages):
        # Their work is at an anchorage: they lie at the wharf next to one.
        hub = world.anchorages[number % len(world.anchorages)]
        wharves = np.concatenate([pool for pool in world.berths.values() if len(pool)])
        near = wharves[int(np.argmin(np.hypot(*(wharves - hub).T)))]
        vessel.home = near + world.rng.normal(0, 6.0, 2)
    else:
        hub = world.hubs[number % len(world.hubs)]
        vessel.home = np.asarray(hub + world.rng.normal(0, 6.0, 2))
