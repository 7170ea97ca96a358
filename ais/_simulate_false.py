"""Planted falsehoods: identities that change, positions that are none."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import KNOT
from ais._simulate_odd import ALL, about, told_min
from ais._simulate_stage import Case, Effect, Label, Said, Stage, Trip

Floats = NDArray[np.float64]

# The definitions, as this generator reads them.
HANDOVER_MIN = 60.0
JUMP_M = 5000.0
CIRCLE_TURNS, CIRCLE_KN, CIRCLE_SHARE = 2.0, 3.0, 0.1
INLAND_M, INLAND_MIN = 1000.0, 10.0

_REACH_M = 4600.0


def renamed(stage: Stage, case: Case, t: float) -> bool:
    """Plant a vessel that says at sea that it is another."""
    made = about(stage, t, 10.0, stage.world.rng.uniform(6.0, 9.0))
    if made is None:
        return False
    trip, t0, t1 = made
    n, at = trip.vessel, (t0 + t1) / 2
    number = len(stage.said)
    said = {
        "name": Said(n, at, name=f"SIM GOLDEN {number:03d}", callsign=f"SIMG{number:03d}"),
        "callsign": Said(n, at, callsign=f"SIMX{number:03d}"),
        "size": Said(n, at, length_m=2 * stage.fleet[n].length_m + 9, ship_type=52),
    }[case.variant]
    stage.said.append(said)
    stage.effect(n, at - 900.0, at + 900.0, "sure")
    stage.note("identity", n, at - 60.0, at + 60.0, case)
    stage.back(trip, pause=True)
    return True


def another_mmsi(stage: Stage, case: Case, t: float) -> bool:
    """Plant a vessel that goes on under another MMSI, for good."""
    pause = stage.figure(case, "pause", HANDOVER_MIN, (3.0, 40.0), more=False)
    made = about(stage, t, pause, stage.world.rng.uniform(6.0, 9.0), kinds=("runner", "fisher"))
    if made is None:
        return False
    trip, t0, t1 = made
    n = trip.vessel
    number = len(stage.fleet) + stage.extra
    stage.extra += 1
    stage.note("identity", n, t0, t1, case, other=number)
    # The number left behind is heard no more: that is a silence, too.
    end = stage.world.duration_s
    stage.labels.append(
        Label("gap", n, t0, end, stage.labels[-1].xy, ordinary=True, what="left_number")
    )
    stage.effect(n, t0 - 600.0, t0, "sure")
    stage.effect(n, t0, t1, "mute")
    stage.effect(n, t1, end, "borrow", float(number))
    stage.effect(n, t1, t1 + 600.0, "sure")
    stage.back(trip, pause=True)
    return True


def two_hulls(stage: Stage, case: Case, t: float) -> bool:
    """Plant two vessels far apart that use one MMSI for a trip."""
    minutes = float(stage.world.rng.uniform(30.0, 70.0))
    one = about(stage, t, minutes, 7.0, kinds=("runner", "fisher"))
    if one is None:
        return False
    first = one[0]
    far = stage.spots[np.hypot(*(stage.spots - first.way[-1]).T) > 15_000.0]
    for _ in range(6):
        if not len(far):
            break
        spot = far[int(stage.world.rng.integers(len(far)))]
        two = about(stage, t, minutes, 7.5, kinds=("runner", "fisher"), spot=spot)
        if two is not None and two[0].vessel != first.vessel:
            _share(stage, case, first, two[0])
            return True
    stage.back(first, pause=True)
    return False


def _share(stage: Stage, case: Case, first: Trip, second: Trip) -> None:
    for trip in (first, second):
        stage.back(trip, pause=True)
    a, b = first.vessel, second.vessel
    t0 = max(first.leave, second.leave)
    t1 = min(stage.now(a), stage.now(b)) - 900.0
    start, end = second.leave - 960.0, stage.now(b) + 60.0
    # The first may itself have taken another number for good.
    taken = [e.value[0] for e in stage.effects if e.vessel == a and _for_good(stage, e)]
    stage.effect(b, start, end, "borrow", taken[-1] if taken else float(a))
    stage.note("identity", a, t0, t1, case, other=b)
    stage.labels.append(
        Label("gap", b, start, end, stage.labels[-1].xy, ordinary=True, what="under_another_number")
    )


def _for_good(stage: Stage, effect: Effect) -> bool:
    return effect.what == "borrow" and effect.t1 >= stage.world.duration_s


def jumps(stage: Stage, case: Case, t: float) -> bool:
    """Plant single positions far from where the vessel is."""
    rng = stage.world.rng
    far = stage.figure(case, "distance", JUMP_M, (8000.0, 25_000.0))
    made = about(stage, t, 42.0, rng.uniform(6.0, 9.0))
    if made is None:
        return False
    trip, t0, _ = made
    n = trip.vessel
    count = int(rng.integers(4, 7))
    at = t0 + 120.0 + 60.0 * np.sort(rng.choice(np.arange(0, 36, 3), count, replace=False))
    told = trip.way[-1] + _to_water(stage, trip.way[-1], far)
    for moment in at:
        stage.effect(n, moment - 30.0, moment + 30.0, "shift", *(told - trip.way[-1]))
    stage.effect(n, at[0] - 30.0, at[-1] + 30.0, "sure")
    stage.note("spoofing", n, at[0] - 30.0, at[-1] + 30.0, case)
    stage.back(trip, pause=True)
    return True


def _to_water(stage: Stage, at: Floats, far: float) -> Floats:
    """Return metres east and north to a place that far away, on the water if there is one."""
    angle = stage.world.rng.uniform(0, 2 * np.pi) + np.radians(np.arange(0.0, 360.0, 10.0))
    steps = far * np.column_stack([np.sin(angle), np.cos(angle)])
    off = stage.world.sea.off_shore_m(at + steps)
    good = np.flatnonzero(off > 1500.0)
    return np.asarray(steps[good[0] if len(good) else int(np.argmax(off))])


def circle(stage: Stage, case: Case, t: float) -> bool:
    """Plant circles too even to be sailed."""
    rng = stage.world.rng
    turns = stage.figure(case, "turns", CIRCLE_TURNS, (3.0, 5.5))
    speed = stage.figure(case, "circle_speed", CIRCLE_KN, (5.0, 9.0))
    swing = stage.figure(case, "radius", CIRCLE_SHARE, (0.0, 0.02), more=False)
    radius = float(rng.uniform(max(350.0, 110.0 * speed * KNOT), 800.0))
    spot = stage.open_spot(ALL, off_m=1900.0)
    angle = np.linspace(0.0, 2 * np.pi * turns, int(60 * turns))
    size = radius * (1.0 + swing * np.sin(3.0 * angle + rng.uniform(0, 6)))
    shape = size[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    seconds = turns * 2 * np.pi * radius / (speed * KNOT)
    if spot is None or not stage.quiet(t, t + seconds):
        return False
    laid = stage.turned(shape, spot, off_m=400.0)
    trip = stage.cast(ALL, spot, t)
    if laid is None or trip is None:
        return False
    stage.depart(trip)
    t0 = stage.now(trip.vessel)
    stage.go(trip.vessel, laid[1:], speed)
    stage.note("spoofing", trip.vessel, t0, stage.now(trip.vessel), case)
    stage.back(trip, pause=True)
    return True


def on_land(stage: Stage, case: Case, t: float, inland: tuple[Floats, Floats]) -> bool:
    """Plant positions told from inside the land; ``inland`` are places and how deep they lie."""
    rng = stage.world.rng
    deep = stage.figure(case, "depth", INLAND_M, (1250.0, 2600.0))
    minutes = told_min(stage, case, "land_duration", INLAND_MIN)
    for k in rng.permutation(np.flatnonzero(np.abs(inland[1] - deep) < 25.0))[:8]:
        place = inland[0][k]
        near = stage.world.sea.find(
            rng, 6, low_m=700.0, high_m=np.inf, about=place, within_m=_REACH_M - 1500.0
        )
        near = near[stage.beyond(near) > 0] if len(near) else near
        if not len(near):
            continue
        if case.dim == "depth":
            case.margin = float(inland[1][k]) / INLAND_M - 1.0
        spot = near[int(rng.integers(len(near)))]
        made = about(stage, t, minutes, 6.5, spot=spot, side_m=500.0)
        if made is not None:
            trip, t0, t1 = made
            stage.effect(trip.vessel, t0, t1, "place", *place)
            stage.effect(trip.vessel, t0, t1, "sog", -50.0)
            stage.effect(trip.vessel, t0, t1, "sure")
            stage.note("spoofing", trip.vessel, t0, t1, case, xy=place)
            stage.back(trip, pause=True)
            return True
    return False
