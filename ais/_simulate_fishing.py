"""What those who fish do with their days, and small boats, and the beacons on nets."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import ADRIFT, MOORED, OFF, stream_axis, trawl
from ais._simulate_world import DAY, Vessel, World

Floats = NDArray[np.float64]


def _home_rest(world: World, vessel: Vessel, until: float, *, silent: float) -> None:
    """Lie at the home berth; with chance ``silent`` with the transponder switched off."""
    mode = OFF if world.rng.random() < silent else MOORED
    vessel.course.stay(until, mode)


def trawler(world: World, vessel: Vessel, number: int) -> None:
    """Leave on the evening tide, tow through the night, come home in the morning; some stay out."""
    rng, course = world.rng, vessel.course
    vessel.home = world.berth("fishing")
    silent = rng.uniform(0.3, 0.9)
    course.begin(world.clock(0, 0.0) - rng.uniform(0, 0.5) * DAY, vessel.home)
    high = world.tide.high_s
    speed = rng.uniform(8.0, 10.5)
    long_tripper = number % 4 == 0
    while course.now < world.duration_s:
        day = int((course.now - world.solar_s) // DAY) + (1 if rng.random() < 0.25 else 0)
        leave = world.clock(day, rng.normal(17.5, 1.0))
        if leave < course.now:
            leave += DAY
        # Draught needs water: the evening's high tide or up to two hours before it.
        near = high[np.argmin(np.abs(high - leave))]
        if abs(near - leave) < 4 * 3600:
            leave = max(near - rng.uniform(0, 2) * 3600, course.now + 1800.0)
        _home_rest(world, vessel, leave, silent=silent)
        ground = world.near(world.grounds, vessel.home, among=4)
        way = world.sea.way(vessel.home, ground, clearance_m=400.0)
        if way is None:
            course.stay(course.now + DAY, MOORED)
            continue
        course.go(way, speed * rng.uniform(0.95, 1.05))
        nights = int(rng.integers(2, 4)) if long_tripper else 1
        back = course.now + rng.uniform(8.5, 12.0) * 3600 + (nights - 1) * DAY
        trawl(
            course,
            ground,
            rng.uniform(1500, 2600),
            back,
            stream_axis(world.sea, ground),
            rng.uniform(2.9, 4.0),
            rng,
        )
        course.go(
            np.vstack([course.at, way[::-1]]), speed * rng.uniform(0.95, 1.05), slow_end_m=300.0
        )


def netter(world: World, vessel: Vessel, number: int) -> None:
    """Fish inshore by day: out before high water, along the nets, home on the next tide.

    Every third works set nets, at less than two knots: what it does there is loitering as it is
    defined, and ordinary.
    """
    rng, course = world.rng, vessel.course
    vessel.home = world.berth("fishing", "other")
    course.begin(world.clock(0, 0.0) - rng.uniform(0, 0.3) * DAY, vessel.home)
    spots = world.sea.find(
        rng, 3, low_m=700, high_m=3500, about=vessel.home, within_m=9000, apart_m=800
    )
    silent = rng.uniform(0.5, 0.95)
    pace = (1.5, 1.9) if number % 3 == 0 else (2.5, 3.2)
    for day in range(world.days):
        if rng.random() < 0.22 or len(spots) == 0:
            continue
        morning = world.clock(day, 4.5)
        first = (
            world.tide.high_s[np.searchsorted(world.tide.high_s, morning)]
            if (world.tide.high_s[-1] > morning)
            else morning + 3600
        )
        leave = max(
            min(first, world.clock(day, 9.0)) - rng.uniform(0.2, 1.5) * 3600, course.now + 600.0
        )
        spot = spots[int(rng.integers(len(spots)))]
        way = world.sea.way(vessel.home, spot, clearance_m=350.0)
        if way is None:
            continue
        _home_rest(world, vessel, leave, silent=silent)
        course.go(way, rng.uniform(6.5, 9.0))
        axis = stream_axis(world.sea, spot)
        trawl(
            course,
            spot,
            rng.uniform(350, 600),
            course.now + rng.uniform(2.5, 5.5) * 3600,
            axis,
            rng.uniform(*pace),
            rng,
        )
        course.go(np.vstack([course.at, way[::-1]]), rng.uniform(6.5, 9.0), slow_end_m=250.0)
    course.stay(world.clock(world.days, 0.0), OFF)


def small(world: World, vessel: Vessel, _number: int) -> None:
    """Small boat near the shore: to a farm or an angling mark and back, by day."""
    rng, course, sea = world.rng, vessel.course, world.sea
    vessel.home = world.berth("other", "fishing", "stores")
    course.begin(world.clock(0, 0.0), vessel.home)
    marks = sea.find(rng, 4, low_m=500, high_m=1600, about=vessel.home, within_m=6000, apart_m=500)
    # A yacht under sail keeps below what its kind can do.
    speed = rng.uniform(7.0, 13.5 if vessel.ship_type == 36 else 16.0)
    for day in range(world.days):
        for hour in (rng.uniform(6.0, 9.0), rng.uniform(12.5, 15.0)):
            if rng.random() < 0.45 or len(marks) == 0:
                continue
            mark = marks[int(rng.integers(len(marks)))]
            way = sea.way(vessel.home, mark, clearance_m=350.0)
            if way is None:
                continue
            _home_rest(world, vessel, max(world.clock(day, hour), course.now + 600), silent=0.6)
            course.go(way, speed)
            trawl(
                course,
                mark,
                160.0,
                course.now + rng.uniform(0.6, 2.5) * 3600.0,
                stream_axis(sea, mark),
                rng.uniform(2.3, 3.2),
                rng,
            )
            course.go(np.vstack([course.at, way[::-1]]), speed, slow_end_m=200.0)
    course.stay(world.duration_s, OFF)


def beacon(world: World, vessel: Vessel, number: int) -> None:
    """Mark a net: ride to it with the stream for days, be lifted, and be set again elsewhere."""
    rng, course, sea = world.rng, vessel.course, world.sea
    ground = world.grounds[number % len(world.grounds)]
    vessel.home = ground
    course.begin(rng.uniform(-2.0, 1.0) * DAY, ground)
    drifts = number % 3 == 0
    while course.now < world.duration_s:
        spots = sea.find(rng, 1, low_m=900, high_m=np.inf, about=ground, within_m=6000)
        at = spots[0] if len(spots) else ground
        course.add(np.array([course.now]), at[None, :], OFF)
        axis = stream_axis(sea, at)
        until = course.now + rng.uniform(1.0, 3.5) * DAY
        if drifts:
            t = np.arange(course.now, until, 600.0)
            # Half a tide's drift of a drift net: a few hundred metres to and fro along the stream.
            reach = min(700.0, 0.4 * float(sea.off_shore_m(at[None, :])[0]))
            along = reach * np.cos(world.tide.phase(t))
            creep = 40.0 * np.sin(2 * np.pi * (t - t[0]) / DAY)
            xy = (
                at
                + along[:, None] * [np.sin(axis), np.cos(axis)]
                + creep[:, None] * [np.cos(axis), -np.sin(axis)]
            )
            course.add(t, xy, ADRIFT)
        else:
            course.swing(until, rng.uniform(30, 70), world.tide, axis, ADRIFT)
        course.add(np.array([course.now]), course.at[None, :], OFF)
        course.now += rng.uniform(4, 20) * 3600.0
