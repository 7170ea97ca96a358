"""The simulated background: who is on this coast, in which numbers, and what they look like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ais._simulate_fishing import beacon, netter, small, trawler
from ais._simulate_shipping import (
    actor,
    anchored,
    cargo,
    dredger,
    ferry,
    patrol,
    service,
)
from ais._simulate_world import Vessel, World


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
    Kind("trawler", 80, trawler, (30,), 0.35, (24, 42), 0.19, (2.2, 3.6)),
    Kind("netter", 44, netter, (30,), 0.0, (9, 18), 0.26, (0.8, 1.6)),
    Kind("cargo", 40, cargo, (70, 70, 70, 79), 1.0, (75, 190), 0.16, (4.5, 10.5)),
    Kind("tanker", 11, cargo, (80, 80, 82), 1.0, (70, 150), 0.16, (4.5, 8.5)),
    Kind("anchored", 16, anchored, (70, 80, 79), 1.0, (80, 200), 0.16, (4.0, 10.0)),
    Kind("beacon", 30, beacon, (0,), 0.0, (1, 2), 1.0, (0.3, 0.5)),
    Kind("pilot", 4, actor, (50,), 1.0, (14, 20), 0.3, (1.3, 1.9)),
    Kind("tug", 8, service, (52,), 1.0, (26, 38), 0.29, (3.0, 4.5)),
    Kind("dredger", 4, dredger, (33,), 1.0, (45, 90), 0.2, (2.5, 4.0)),
    Kind("patrol", 5, patrol, (55,), 1.0, (20, 45), 0.2, (1.5, 2.6)),
    Kind("small", 20, small, (37, 36, 90), 0.0, (6, 13), 0.32, (0.5, 0.9)),
    Kind("pleasure", 10, actor, (36, 37), 0.0, (7, 14), 0.3, (0.5, 1.2)),
    Kind("bunker", 2, actor, (80,), 1.0, (40, 60), 0.18, (2.5, 3.5)),
    Kind("runner", 22, actor, (37, 90, 0), 0.0, (8, 14), 0.28, (0.5, 0.9)),
    Kind("fisher", 12, actor, (30,), 0.5, (12, 24), 0.24, (1.2, 2.2)),
    Kind("coaster", 8, actor, (70, 79), 1.0, (45, 80), 0.17, (3.0, 4.5)),
)
# Every so many of a kind work in pairs: the second does what the first does, beside it.
_PAIRS = {"trawler": 12, "tug": 4}


def make_fleet(world: World, count: int) -> list[Vessel]:
    """Return ``count`` vessels with their courses; those that only play have none yet."""
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
            or (name in ("anchored", "bunker", "tug") and len(world.anchorages) == 0)
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
            if n % _PAIRS.get(name, n + 2) == 1:
                _pair(vessel, fleet[-1], len(fleet) - 1, world.rng)
            else:
                plan(world, vessel, n)
            fleet.append(vessel)
    return fleet


def _pair(vessel: Vessel, first: Vessel, number: int, rng: np.random.Generator) -> None:
    """Let a vessel do what another does: trawlers side by side, a tow behind its tug."""
    vessel.partner, vessel.home, vessel.cls = number, first.home, first.cls
    course = vessel.course
    if vessel.kind == "tug":
        vessel.ship_type = 31
        # Some 170 m behind.
        course.t = [t + 45.0 for t in first.course.t]
        course.xy = [xy.copy() for xy in first.course.xy]
    else:
        angle, apart = rng.uniform(0, 2 * np.pi), rng.uniform(120.0, 180.0)
        beside = apart * np.array([np.sin(angle), np.cos(angle)])
        course.t = [t.copy() for t in first.course.t]
        course.xy = [
            xy + beside * np.clip((np.hypot(*(xy - first.home).T) - 500) / 1500, 0.1, 1)[:, None]
            for xy in first.course.xy
        ]
    course.mode = [mode.copy() for mode in first.course.mode]
    course.now, course.at = first.course.now, first.course.at
