"""How a simulated vessel moves: courses of control points, and reports drawn from them."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ais._simulate_sea import Sea, Tide

Floats = NDArray[np.float64]

KNOT = 1852.0 / 3600.0
# What a vessel is doing from one control point to the next.
OFF, UNDER_WAY, MOORED, AT_ANCHOR, FISHING, PLANTED, ADRIFT, BRIEF = range(8)


@dataclass
class Course:
    """One vessel's plan: control points in time and space, and what it does after each."""

    t: list[Floats] = field(default_factory=list)
    xy: list[Floats] = field(default_factory=list)
    mode: list[NDArray[np.int8]] = field(default_factory=list)
    now: float = 0.0
    at: Floats = field(default_factory=lambda: np.zeros(2))

    def begin(self, t: float, at: Floats) -> None:
        """Place the vessel."""
        self.now, self.at = t, at

    def add(self, t: Floats, xy: Floats, mode: int) -> None:
        """Append control points, each followed by ``mode``."""
        if len(t) == 0:
            return
        self.t.append(np.asarray(t, dtype=np.float64))
        self.xy.append(np.asarray(xy, dtype=np.float64))
        self.mode.append(np.full(len(t), mode, dtype=np.int8))
        self.now, self.at = float(t[-1]), np.asarray(xy[-1], dtype=np.float64)

    def go(
        self,
        way: Floats,
        speed_kn: float,
        mode: int = UNDER_WAY,
        *,
        slow_end_m: float = 0.0,
        slow_kn: float = 4.0,
    ) -> None:
        """Follow a way; the last ``slow_end_m`` metres at ``slow_kn`` (coming alongside)."""
        step = np.hypot(*np.diff(way, axis=0).T)
        along = np.concatenate([[0.0], np.cumsum(step)])
        if along[-1] < 1.0:
            return
        if 0.0 < slow_end_m < along[-1]:
            brake = along[-1] - slow_end_m
            extra = np.column_stack([np.interp(brake, along, way[:, k]) for k in (0, 1)])
            number = int(np.searchsorted(along, brake))
            way = np.insert(way, number, extra, axis=0)
            along = np.insert(along, number, brake)
            pace = np.where(along[1:] <= brake, speed_kn, slow_kn)
        else:
            pace = np.full(len(way) - 1, speed_kn)
        seconds = np.concatenate([[0.0], np.cumsum(np.diff(along) / (pace * KNOT))])
        self.add(self.now + seconds, way, mode)

    def stay(self, until: float, mode: int) -> None:
        """Lie still until a time."""
        if until > self.now + 1.0:
            self.add(np.array([self.now, until]), np.vstack([self.at, self.at]), mode)

    def swing(self, until: float, radius_m: float, tide: Tide, axis: float, mode: int) -> None:
        """Lie to an anchor at the present place, riding to the tidal stream, until a time."""
        if until <= self.now + 60.0:
            return
        # It takes some minutes to fall back on the cable.
        t = np.arange(self.now + 240.0, until + 240.0, 300.0)
        # The bow points into the stream; at slack water it comes round through a right angle.
        angle = axis + np.arctan2(np.tanh(4 * tide.stream(t)), 0.6 * np.cos(tide.phase(t)))
        slack = 0.75 + 0.25 * np.abs(tide.stream(t))
        ring = radius_m * slack[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
        self.add(t, self.at + ring, mode)


def place_at(course: Course, t: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """Return where a course is at times, and what the vessel is doing."""
    key, xy = np.concatenate(course.t), np.concatenate(course.xy)
    row = np.clip(np.searchsorted(key, t, side="right") - 1, 0, len(key) - 1)
    where = np.column_stack([np.interp(t, key, xy[:, k]) for k in (0, 1)])
    return where, np.concatenate(course.mode)[row]


def trawl(
    course: Course,
    centre: Floats,
    radius_m: float,
    until: float,
    axis: float,
    speed_kn: float,
    rng: np.random.Generator,
    *,
    mode: int = FISHING,
) -> None:
    """Tow to and fro across a ground at trawling speed, a lane's width further each time."""
    lane, side, now = -0.7 * radius_m, 1.0, course.now
    x, y = float(course.at[0]), float(course.at[1])
    east, north = math.sin(axis), math.cos(axis)
    times, places = [now], [(x, y)]
    while now < until:
        reach = math.sqrt(max(radius_m**2 - lane**2, 1.0)) * rng.uniform(0.75, 0.95)
        goal_x = float(centre[0]) + lane * north + side * reach * east
        goal_y = float(centre[1]) - lane * east + side * reach * north
        bend = rng.normal(0.0, 0.03 * radius_m)
        mid_x, mid_y = (x + goal_x) / 2 + bend * north, (y + goal_y) / 2 - bend * east
        pace = speed_kn * rng.uniform(0.93, 1.07) * KNOT
        for to_x, to_y in ((mid_x, mid_y), (goal_x, goal_y)):
            now += math.hypot(to_x - x, to_y - y) / pace
            x, y = to_x, to_y
            times.append(now)
            places.append((x, y))
        side, lane = -side, lane + rng.uniform(0.08, 0.22) * radius_m
        if lane > 0.7 * radius_m:
            lane = -0.7 * radius_m
    course.add(np.array(times), np.array(places), mode)


@dataclass(frozen=True)
class Motion:
    """All courses laid end to end; places at any (vessel, second)."""

    key: Floats
    xy: Floats
    mode: NDArray[np.int8]
    span: float
    first: Floats
    last: Floats

    @classmethod
    def of(cls, courses: list[Course], duration_s: float) -> "Motion":
        """Join courses, cut to 0..``duration_s``."""
        span = duration_s + 200_000.0
        keys, places, modes = [], [], []
        first = np.full(len(courses), np.inf)
        last = np.full(len(courses), -np.inf)
        for number, course in enumerate(courses):
            if not course.t:
                continue
            t = np.maximum.accumulate(np.concatenate(course.t))
            use = t < duration_s + 90_000.0
            keys.append(t[use] + number * span)
            places.append(np.concatenate(course.xy)[use])
            modes.append(np.concatenate(course.mode)[use])
            first[number], last[number] = t[0], min(t[use][-1], duration_s)
        return cls(
            np.concatenate(keys), np.concatenate(places), np.concatenate(modes), span, first, last
        )

    def place(self, vessel: NDArray[np.int64], t: Floats) -> Floats:
        """Return (n, 2) metres of vessels at seconds since the start."""
        at = vessel * self.span + np.clip(t, self.first[vessel], self.last[vessel])
        return np.column_stack([np.interp(at, self.key, self.xy[:, k]) for k in (0, 1)])

    def doing(self, vessel: NDArray[np.int64], t: Floats) -> NDArray[np.int8]:
        """Return what vessels are doing; OFF before the first control point and after the last."""
        row = np.searchsorted(self.key, vessel * self.span + t, side="right") - 1
        mode = self.mode[np.maximum(row, 0)]
        outside = (t < self.first[vessel]) | (t >= self.last[vessel])
        return np.where(outside, OFF, mode).astype(np.int8)


def stream_axis(sea: Sea, at: Floats) -> float:
    """Return the bearing (radians) along which the stream runs: parallel to the nearest shore."""
    step = 600.0
    around = at + step * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    off = sea.off_shore_m(around)
    off = np.where(np.isfinite(off), off, 0.0)
    return float(np.arctan2(off[0] - off[1], off[2] - off[3]) + np.pi / 2)
