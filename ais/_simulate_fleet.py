"""The simulated background: who is on this coast and what their days are like."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import (
    ADRIFT,
    AT_ANCHOR,
    MOORED,
    OFF,
    UNDER_WAY,
    Course,
    stream_axis,
    trawl,
)
from ais._simulate_sea import Sea, Tide

Floats = NDArray[np.float64]
DAY = 86_400.0


@dataclass
class Vessel:
    """One simulated vessel: who it says it is, and its course."""

    kind: str
    cls: str
    ship_type: int
    length_m: int
    width_m: int
    draught_m: float
    course: Course = field(default_factory=Course)
    home: Floats = field(default_factory=lambda: np.zeros(2))
    battery: int = 0


@dataclass(frozen=True)
class World:
    """All that a vessel's plan depends on."""

    sea: Sea
    tide: Tide
    rng: np.random.Generator
    duration_s: float
    solar_s: float
    """Seconds from the start to the local solar midnight at or before it (0 or negative)."""
    berths: dict[str, Floats]
    ferry_lines: list[Floats]
    anchorages: Floats
    grounds: Floats
    gates: Floats

    def clock(self, day: int, hour: float) -> float:
        """Return seconds since the start of a local solar hour on a day (0 is the first)."""
        return self.solar_s + day * DAY + hour * 3600.0

    @property
    def days(self) -> int:
        """Return how many local days the run touches."""
        return int(np.ceil((self.duration_s - self.solar_s) / DAY)) + 1

    def berth(self, *classes: str) -> Floats:
        """Return a berth at a wharf of one of these classes, or of any where there is none."""
        pools = [self.berths[c] for c in classes if len(self.berths.get(c, ()))]
        if not pools:
            pools = [pool for pool in self.berths.values() if len(pool)]
        pool = np.concatenate(pools)
        return np.asarray(pool[int(self.rng.integers(len(pool)))] + self.rng.normal(0, 6.0, 2))

    def near(self, places: Floats, at: Floats, *, among: int) -> Floats:
        """Return one of the ``among`` places nearest to ``at``."""
        order = np.argsort(np.hypot(*(places - at).T), kind="stable")
        return np.asarray(places[order[int(self.rng.integers(min(among, len(order))))]])


def _home_rest(world: World, vessel: Vessel, until: float, *, silent: float) -> None:
    """Lie at the home berth; with chance ``silent`` with the transponder switched off."""
    mode = OFF if world.rng.random() < silent else MOORED
    vessel.course.stay(until, mode)


def ferry(world: World, vessel: Vessel, number: int) -> None:
    """Shuttle between two shores by day, lie alongside by night."""
    line = world.ferry_lines[number % len(world.ferry_lines)]
    if number // len(world.ferry_lines) % 2:
        line = line[::-1]
    rng, course = world.rng, vessel.course
    speed = rng.uniform(10.0, 14.0)
    vessel.home = line[0]
    course.begin(world.clock(0, 0.0), line[0])
    for day in range(world.days):
        course.stay(world.clock(day, 6.0) + rng.uniform(0, 900) + 1500 * (number % 2), MOORED)
        while course.now < world.clock(day, 18.5):
            for way in (line, line[::-1]):
                course.go(way, speed * rng.uniform(0.94, 1.06), slow_end_m=250.0)
                course.stay(course.now + rng.uniform(14, 26) * 60.0, MOORED)
        course.stay(world.clock(day + 1, 5.5), MOORED)


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


def netter(world: World, vessel: Vessel, _number: int) -> None:
    """Fish inshore by day: out before high water, along the nets, home on the next tide."""
    rng, course = world.rng, vessel.course
    vessel.home = world.berth("fishing", "other")
    course.begin(world.clock(0, 0.0) - rng.uniform(0, 0.3) * DAY, vessel.home)
    spots = world.sea.find(
        rng, 3, low_m=700, high_m=3500, about=vessel.home, within_m=9000, apart_m=800
    )
    silent = rng.uniform(0.5, 0.95)
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
            rng.uniform(2.5, 3.2),
            rng,
        )
        course.go(np.vstack([course.at, way[::-1]]), rng.uniform(6.5, 9.0), slow_end_m=250.0)
    course.stay(world.clock(world.days, 0.0), OFF)


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


def service(world: World, vessel: Vessel, _number: int) -> None:
    """Pilot boat or tug: lie at the port, run out to an anchorage, wait alongside, run back."""
    rng, course = world.rng, vessel.course
    vessel.home = world.berth("port", "shipyard", "stores")
    course.begin(world.clock(0, 0.0), vessel.home)
    speed = rng.uniform(14.0, 19.0) if vessel.kind == "pilot" else rng.uniform(7.5, 10.0)
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
                    course.go(way, speed * rng.uniform(0.85, 1.05))
    course.stay(world.duration_s, MOORED)


def small(world: World, vessel: Vessel, _number: int) -> None:
    """Small boat near the shore: to a farm or an angling mark and back, by day."""
    rng, course, sea = world.rng, vessel.course, world.sea
    vessel.home = world.berth("other", "fishing", "stores")
    course.begin(world.clock(0, 0.0), vessel.home)
    marks = sea.find(rng, 4, low_m=500, high_m=1600, about=vessel.home, within_m=6000, apart_m=500)
    speed = rng.uniform(7.0, 16.0)
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


def runner(world: World, vessel: Vessel, _number: int) -> None:
    """Small fast boat whose outings are planted: here it only has a home."""
    vessel.home = world.berth("fishing", "other", "stores")


@dataclass(frozen=True)
class Kind:
    """One kind of vessel: its share of the fleet, its looks, and how it spends its days."""

    name: str
    share: int
    plan: Callable[[World, Vessel, int], None]
    ship_types: tuple[int, ...]
    class_a: float
    length_m: tuple[int, int]
    beam: float
    draught_m: tuple[float, float]


# Shares of 330 vessels. Ship types are ITU-R M.1371-5, table 53.
KINDS = (
    Kind("ferry", 14, ferry, (60, 60, 69), 1.0, (35, 75), 0.22, (1.8, 3.2)),
    Kind("trawler", 92, trawler, (30,), 0.35, (24, 42), 0.19, (2.2, 3.6)),
    Kind("netter", 44, netter, (30,), 0.0, (9, 18), 0.26, (0.8, 1.6)),
    Kind("cargo", 44, cargo, (70, 70, 70, 79), 1.0, (75, 190), 0.16, (4.5, 10.5)),
    Kind("tanker", 12, cargo, (80, 80, 82), 1.0, (70, 150), 0.16, (4.5, 8.5)),
    Kind("anchored", 18, anchored, (70, 80, 79), 1.0, (80, 200), 0.16, (4.0, 10.0)),
    Kind("beacon", 36, beacon, (0,), 0.0, (1, 2), 1.0, (0.3, 0.5)),
    Kind("pilot", 3, service, (50,), 1.0, (14, 20), 0.3, (1.3, 1.9)),
    Kind("tug", 10, service, (52,), 1.0, (26, 38), 0.29, (3.0, 4.5)),
    Kind("patrol", 5, patrol, (55,), 1.0, (20, 45), 0.2, (1.5, 2.6)),
    Kind("small", 28, small, (37, 36, 90), 0.0, (6, 13), 0.32, (0.5, 0.9)),
    Kind("runner", 24, runner, (37, 90, 0), 0.0, (8, 14), 0.28, (0.5, 0.9)),
)


def make_fleet(world: World, count: int) -> list[Vessel]:
    """Return ``count`` vessels with their courses; runners have none yet."""
    total = sum(kind.share for kind in KINDS)
    exact = np.array([kind.share * count / total for kind in KINDS])
    numbers = np.floor(exact).astype(int)
    for k in np.argsort(numbers - exact, kind="stable")[: count - int(numbers.sum())]:
        numbers[k] += 1
    fleet: list[Vessel] = []
    for kind, number in zip(KINDS, numbers, strict=True):
        plan, name = kind.plan, kind.name
        lacking = (
            (name == "ferry" and not world.ferry_lines)
            or (name in ("cargo", "tanker") and len(world.gates) < 2)
            or (name in ("anchored", "pilot", "tug") and len(world.anchorages) == 0)
            or (name in ("trawler", "beacon") and len(world.grounds) == 0)
        )
        if lacking:
            plan, name = small, "small"
        for n in range(number):
            rng = world.rng
            length = int(rng.integers(kind.length_m[0], kind.length_m[1] + 1))
            vessel = Vessel(
                name,
                "A" if rng.random() < kind.class_a else "B",
                int(rng.choice(kind.ship_types)),
                length,
                max(1, round(length * kind.beam)),
                round(float(rng.uniform(*kind.draught_m)), 1),
                battery=int(rng.integers(15, 100)),
            )
            plan(world, vessel, n)
            fleet.append(vessel)
    return fleet
