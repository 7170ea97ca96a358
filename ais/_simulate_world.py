"""The simulated world, and one vessel in it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import Course
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
    partner: int = -1
    """The number in the fleet of the vessel that this one works with, -1 for none."""


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
    hubs: Floats
    """Where those lie who only play, so that some of each are neighbours."""

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
