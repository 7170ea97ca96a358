"""Where planted behaviours are played: who is free, open water, and what is noted as truth."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from ais._simulate_motion import KNOT, MOORED, OFF, PLANTED, UNDER_WAY
from ais._simulate_world import Vessel, World

Floats = NDArray[np.float64]

# A figure "near" its threshold lies this far from it, relatively, on either side.
NEAR = (0.045, 0.185)
_TURNS = np.radians(np.arange(0.0, 360.0, 15.0))
_TRIED = 4
_WITHIN_M = 14_000.0
_NEAR_M = 11_000.0
PAUSE_KN = 1.3


@dataclass(frozen=True)
class Label:
    """What really happened: kind, vessel (its number in the fleet), seconds and metres.

    ``margin`` is how far the figure ``what`` names is from its threshold, relatively: positive on
    the side where the behaviour is one, negative beyond it.
    """

    kind: str
    vessel: int
    t0: float
    t1: float
    xy: Floats
    chain: int = -1
    other: int = -1
    decoy: bool = False
    ordinary: bool = False
    what: str = ""
    margin: float = np.nan


@dataclass(frozen=True)
class Effect:
    """What a vessel's reports say otherwise than it is, from ``t0`` to before ``t1``.

    ``what`` is mute (nothing is sent), sure (every report is heard), fast (a report a minute), sog
    (knots added), cog and heading (degrees added), shift (metres east and north), or borrow (the
    MMSI of the vessel with that number in the fleet; the extra ones follow the fleet).
    """

    vessel: int
    t0: float
    t1: float
    what: str
    value: tuple[float, ...] = (0.0,)


@dataclass(frozen=True)
class Said:
    """What a vessel says of itself from a time on; None leaves what it said before."""

    vessel: int
    t: float
    name: str | None = None
    callsign: str | None = None
    ship_type: int | None = None
    length_m: int | None = None


@dataclass
class Case:
    """One planted case: its kind and variant, and the figure that is near its threshold."""

    kind: str
    variant: str
    dim: str = ""
    miss: bool = False
    margin: float = np.nan

    def said(self) -> dict[str, object]:
        """Return what a label tells of the case."""
        if self.miss:
            return {"decoy": True, "what": f"near_miss_{self.dim}", "margin": self.margin}
        return {"what": self.dim or self.variant, "margin": self.margin}


@dataclass(frozen=True)
class Trip:
    """A vessel's way from home to a place, and when it must leave to be there in time."""

    vessel: int
    way: Floats
    speed_kn: float
    leave: float


@dataclass
class Stage:
    """The world, its actors, and what is planted with them."""

    world: World
    fleet: list[Vessel]
    shore: Floats
    off_shore: Floats
    weight: Floats
    keep_off: Floats
    """(x, y, radius): wharves, anchorages and holes that nothing is planted in."""
    silent: list[tuple[float, float]]
    coast: STRtree
    spots: Floats
    labels: list[Label] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    extra: int = 0
    chains: int = 0

    def figure(
        self, case: Case, dim: str, limit: float, easy: tuple[float, float], *, more: bool = True
    ) -> float:
        """Return a figure well on the true side, or near ``limit`` where the case is about it."""
        rng = self.world.rng
        if case.dim != dim:
            return float(rng.uniform(*easy))
        margin = float(rng.uniform(*NEAR))
        case.margin = -margin if case.miss else margin
        return limit * (1.0 + (case.margin if more else -case.margin))

    def actors(self, kinds: tuple[str, ...], cls: str = "") -> list[int]:
        """Return the vessels of some kinds that only do what is planted."""
        return [
            n for n, v in enumerate(self.fleet) if v.kind in kinds and (not cls or v.cls == cls)
        ]

    def trip(self, n: int, spot: Floats, t: float) -> Trip | None:
        """Return the trip that brings a free vessel to ``spot`` at ``t``, None if it cannot."""
        vessel, rng = self.fleet[n], self.world.rng
        far = float(np.hypot(*(spot - vessel.home)))
        if far > _WITHIN_M or vessel.course.now + 900.0 + far / (9.0 * KNOT) > t:
            return None
        way = self.world.sea.way(vessel.home, spot, clearance_m=350.0)
        if way is None:
            return None
        way_m = float(np.hypot(*np.diff(way, axis=0).T).sum())
        speed = float(rng.uniform(9.0, 13.0))
        leave = t - way_m / (speed * KNOT)
        if leave < vessel.course.now + 600.0:
            return None
        return Trip(n, way, speed, leave)

    def cast(
        self, kinds: tuple[str, ...], spot: Floats, t: float, *, cls: str = "", but: int = -1
    ) -> Trip | None:
        """Return a trip to ``spot`` of one of the nearest free vessels of some kinds."""
        ready = [
            n for n in self.actors(kinds, cls) if n != but and self.fleet[n].course.now < t - 1800.0
        ]
        ready.sort(key=lambda n: float(np.hypot(*(self.fleet[n].home - spot))))
        for n in ready[:_TRIED]:
            trip = self.trip(n, spot, t)
            if trip is not None:
                return trip
        return None

    def depart(self, trip: Trip) -> None:
        """Let a vessel lie at home until it must leave, and go."""
        course = self.fleet[trip.vessel].course
        course.stay(trip.leave - 900.0, OFF)
        course.stay(trip.leave, MOORED)
        course.go(trip.way, trip.speed_kn, PLANTED)

    def back(self, trip: Trip, *, pause: bool = False) -> None:
        """Bring a vessel home by the way it came; it pauses first where it came fast."""
        course, rng = self.fleet[trip.vessel].course, self.world.rng
        if pause:
            self.idle(trip.vessel, float(rng.uniform(6.2, 7.6)))
        # Not by the place it came to: from there it might have to turn back.
        way = np.vstack([course.at, trip.way[-2::-1]])
        if not self.clear(way[:2], off_m=300.0):
            home = self.world.sea.way(course.at, trip.way[0], clearance_m=350.0)
            way = way if home is None else home
        course.go(way, trip.speed_kn, PLANTED, slow_end_m=250.0)
        course.stay(course.now + 900.0, MOORED)

    def idle(self, n: int, minutes: float, ahead: Floats | None = None) -> None:
        """Move on slowly for some minutes: too slow to be under way, too far to be a stop."""
        course = self.fleet[n].course
        angle = self.world.rng.uniform(0, 2 * np.pi)
        if ahead is not None:
            angle = float(np.arctan2(*ahead))
        steps = minutes * 60.0 * PAUSE_KN * KNOT * np.linspace(0.0, 1.0, 3)[1:, None]
        off = course.at + steps * [np.sin(angle), np.cos(angle)]
        course.add(course.now + minutes * np.array([30.0, 60.0]), off, PLANTED)

    def go(self, n: int, way: Floats, speed_kn: float) -> None:
        """Follow a way from where the vessel is, a report a minute."""
        self.fleet[n].course.go(np.vstack([self.fleet[n].course.at, way]), speed_kn, PLANTED)

    def open_spot(self, *groups: tuple[str, ...], off_m: float) -> Floats | None:
        """Return a random place clear of everything, near one of each group of kinds."""
        pool = self.spots[self.near(*groups) & (self.world.sea.off_shore_m(self.spots) >= off_m)]
        if len(pool) == 0:
            return None
        return np.asarray(pool[int(self.world.rng.integers(len(pool)))])

    def near(self, *groups: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return which places lie near the home of one of each group of kinds."""
        good = np.ones(len(self.spots), dtype=bool)
        for kinds in groups:
            homes = np.array([self.fleet[n].home for n in self.actors(kinds)]).reshape(-1, 2)
            far = np.hypot(
                self.spots[:, None, 0] - homes[:, 0], self.spots[:, None, 1] - homes[:, 1]
            )
            good &= (far < _NEAR_M).any(axis=1)
        return good

    def clear(self, way: Floats, *, off_m: float = 500.0) -> bool:
        """Return whether a way keeps off the shore and out of all that is to be kept off."""
        pieces = np.maximum(np.hypot(*np.diff(way, axis=0).T) // 150.0, 1).astype(int)
        dense = np.vstack(
            [
                way[k] + (way[k + 1] - way[k]) * np.linspace(0, 1, n + 1)[:, None]
                for k, n in enumerate(pieces.tolist())
            ]
        )
        if not (self.world.sea.off_shore_m(dense) >= off_m).all():
            return False
        return bool((self.beyond(dense) > 0).all())

    def beyond(self, xy: Floats) -> Floats:
        """Return how far places are outside the nearest circle to keep off."""
        if not len(self.keep_off):
            return np.full(len(xy), np.inf)
        off = np.hypot(
            xy[:, None, 0] - self.keep_off[None, :, 0], xy[:, None, 1] - self.keep_off[None, :, 1]
        )
        return np.asarray((off - self.keep_off[:, 2]).min(axis=1), dtype=np.float64)

    def turned(self, shape: Floats, at: Floats, *, off_m: float = 500.0) -> Floats | None:
        """Return a shape (metres from its first point) laid at a place so that it lies clear."""
        first = int(self.world.rng.integers(len(_TURNS)))
        for angle in np.roll(_TURNS, first):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            laid = at + (shape - shape[0]) @ turn.T
            if self.clear(laid, off_m=off_m):
                return np.asarray(laid, dtype=np.float64)
        return None

    def shore_m(self, xy: Floats) -> Floats:
        """Return exact metres from places to the nearest shore, on land or off it."""
        _, far = self.coast.query_nearest(
            shapely.points(xy), return_distance=True, all_matches=False
        )
        return np.asarray(far, dtype=np.float64)

    def nearest(self, xy: Floats) -> tuple[Floats, Floats]:
        """Return metres to the nearest shore, and the place on it, of each place."""
        points = shapely.points(xy)
        piece = self.coast.query_nearest(points, all_matches=False)[1]
        lines = self.coast.geometries[piece]
        shore = shapely.line_interpolate_point(lines, shapely.line_locate_point(lines, points))
        return np.asarray(shapely.distance(points, shore)), shapely.get_coordinates(shore)

    def quiet(self, t0: float, t1: float) -> bool:
        """Return whether the network listens from an hour before ``t0`` to one after ``t1``."""
        return all(t1 + 3600 < q0 or t0 - 3600 > q1 for q0, q1 in self.silent)

    def note(self, kind: str, n: int, t0: float, t1: float, case: Case, **more: object) -> None:
        """Note a label of a case, at the place where the vessel is half-way through."""
        course = self.fleet[n].course
        t, xy = np.concatenate(course.t[-60:]), np.concatenate(course.xy[-60:])
        middle = np.array([np.interp((t0 + t1) / 2, t, xy[:, k]) for k in (0, 1)])
        said = {"xy": middle, **case.said(), **more}
        self.labels.append(Label(kind, n, t0, t1, **said))  # type: ignore[arg-type]

    def effect(self, n: int, t0: float, t1: float, what: str, *value: float) -> None:
        """Let a vessel's reports say otherwise for a time."""
        self.effects.append(Effect(n, t0, t1, what, value or (0.0,)))

    def now(self, n: int) -> float:
        """Return until when a vessel's course is laid."""
        return self.fleet[n].course.now


def way_m(way: Floats) -> float:
    """Return the length of a way."""
    return float(np.hypot(*np.diff(way, axis=0).T).sum())


__all__ = ["PAUSE_KN", "UNDER_WAY", "Case", "Effect", "Label", "Said", "Stage", "Trip", "way_m"]
