"""What looks like trouble and is not: played on purpose, or found in the ordinary traffic."""

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import (
    AT_ANCHOR,
    FISHING,
    KNOT,
    MOORED,
    PLANTED,
    UNDER_WAY,
    place_at,
    stream_axis,
)
from ais._simulate_reports import Reception
from ais._simulate_sea import Sea
from ais._simulate_stage import Case, Effect, Label, Said, Stage, Trip
from ais._simulate_world import Vessel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLAYERS = ("pilot", "bunker", "pleasure")
_MANY = 24
_WORK_M = 13_000.0
_GLITCHES_PER_1000 = 0.03


def _beside(
    stage: Stage, case: Case, t: float, kinds: tuple[str, ...], mode: int, minutes: float
) -> bool:
    """Let a player come to a ship, keep beside it for some minutes, and go home."""
    rng = stage.world.rng
    times = t + np.arange(0.0, minutes * 60.0 + 1.0, 30.0)
    ships = [n for n, v in enumerate(stage.fleet) if v.kind in kinds and v.course.t]
    players = ("pilot",) if mode == UNDER_WAY else ("bunker",)
    homes = np.array([stage.fleet[n].home for n in stage.actors(players)]).reshape(-1, 2)
    for n in rng.permutation(ships):
        where, doing = place_at(stage.fleet[n].course, times[[0, -1]])
        near = np.hypot(*(homes - where[0]).T) < _WORK_M
        step = where[1] - where[0]
        if not near.any() or (doing != mode).any():
            continue
        if mode == UNDER_WAY and np.hypot(*step) < 5.0 * KNOT * minutes * 60.0:
            continue
        way, doing = place_at(stage.fleet[n].course, times)
        if (doing != mode).any() or stage.world.sea.off_shore_m(way).min() < 400.0:
            continue
        side = np.array([step[1], -step[0]]) / max(float(np.hypot(*step)), 1.0)
        beside = way + rng.uniform(25.0, 60.0) * (
            side if mode == UNDER_WAY else np.array([0.0, 1.0])
        )
        trip = stage.cast(players, beside[0], t)
        if trip is not None:
            _keep_beside(stage, case, int(n), trip, times, beside)
            return True
    return False


def _keep_beside(
    stage: Stage, case: Case, ship: int, trip: Trip, times: Floats, beside: Floats
) -> None:
    stage.depart(trip)
    stage.fleet[trip.vessel].course.add(times[1:], beside[1:], PLANTED)
    # The pilot has gone over: the boat falls back and looks about before it runs home.
    stage.idle(trip.vessel, 6.0)
    low, high = sorted((ship, trip.vessel))
    stage.labels.append(
        _decoy(
            "rendezvous", case.variant, low, times[0], times[-1], beside.mean(axis=0), other=high
        )
    )
    stage.back(trip)


def pilot(stage: Stage, case: Case, t: float) -> bool:
    """Bring a pilot alongside a ship under way."""
    minutes = float(stage.world.rng.uniform(6.0, 12.0))
    ships = ("cargo", "tanker")
    # A ship passes some time in the next hours.
    return any(
        _beside(stage, case, t + late, ships, UNDER_WAY, minutes)
        for late in np.arange(0.0, 5 * 3600.0, 1500.0).tolist()
    )


def bunkering(stage: Stage, case: Case, t: float) -> bool:
    """Bring a bunker boat alongside a ship in an anchorage."""
    minutes = float(stage.world.rng.uniform(50.0, 170.0))
    return _beside(stage, case, t, ("anchored",), AT_ANCHOR, minutes)


def drift_fishing(stage: Stage, case: Case, t: float) -> bool:
    """Let a pleasure boat drift down a mark with the stream, once, and go home."""
    rng = stage.world.rng
    spot = stage.open_spot(("pleasure",), off_m=900.0)
    minutes, speed = float(rng.uniform(35.0, 130.0)), float(rng.uniform(0.5, 1.5))
    if spot is None:
        return False
    axis = stream_axis(stage.world.sea, spot)
    step = speed * KNOT * minutes * 60.0 * np.array([np.sin(axis), np.cos(axis)])
    trip = stage.cast(("pleasure",), spot, t)
    if trip is None or not stage.clear(np.vstack([spot, spot + step]), off_m=350.0):
        return False
    n = trip.vessel
    stage.depart(trip)
    stage.go(n, (spot + step)[None, :], speed)
    stage.labels.append(
        Label("drift", n, t, stage.now(n), spot + step / 2, decoy=True, what=case.variant)
    )
    stage.back(trip)
    return True


def home_fast(stage: Stage, case: Case, t: float) -> bool:
    """Let a fishing boat tow for an hour and come home as fast as such boats may."""
    rng = stage.world.rng
    spot = stage.open_spot(("fisher",), off_m=1200.0)
    if spot is None:
        return False
    length = float(rng.uniform(2.6, 3.4)) * KNOT * float(rng.uniform(45.0, 90.0)) * 60.0
    laid = stage.turned(np.array([[0.0, 0.0], [0.0, length / 2], [120.0, 0.0]]), spot)
    trip = stage.cast(("fisher",), spot, t)
    if laid is None or trip is None:
        return False
    stage.depart(trip)
    stage.fleet[trip.vessel].course.go(np.vstack([spot, laid[1:]]), 3.0, FISHING)
    t0, speed = stage.now(trip.vessel), float(rng.uniform(13.0, 15.4))
    course = stage.fleet[trip.vessel].course
    course.go(np.vstack([course.at, trip.way[::-1]]), speed, PLANTED, slow_end_m=400.0)
    stage.labels.append(
        Label(
            "speed_anomaly", trip.vessel, t0, stage.now(trip.vessel), trip.way.mean(axis=0),
            decoy=True, what=case.variant, margin=speed / 16.0 - 1.0,
        )
    )  # fmt: skip
    course.stay(course.now + 900.0, MOORED)
    return True


def found(
    fleet: list[Vessel],
    sea: Sea,
    reception: Reception,
    vessel: Ints,
    t: Floats,
    mode: NDArray[np.int8],
    xy: Floats,
) -> list[Label]:
    """Return what looks like trouble and is not, found in what really happened."""
    kind = np.array([ship.kind for ship in fleet])
    labels = _lying(kind, vessel, t, mode, xy)
    labels += _close_to_shore(kind, sea, vessel, t, mode, xy)
    labels += _side_by_side(fleet, vessel, t, mode, xy)
    labels += _unheard(kind, reception, vessel, t, mode, xy)
    return labels


def _runs(rows: Ints, vessel: Ints, t: Floats, apart_s: float) -> list[Ints]:
    if not len(rows):
        return []
    breaks = (np.diff(vessel[rows]) != 0) | (np.diff(t[rows]) > apart_s)
    return list(np.split(rows, np.flatnonzero(breaks) + 1))


def _lying(
    kind: NDArray[np.str_], vessel: Ints, t: Floats, mode: NDArray[np.int8], xy: Floats
) -> list[Label]:
    labels: list[Label] = []
    for what, wanted, ships in (
        ("anchored", AT_ANCHOR, ("anchored", "cargo", "tanker")),
        ("moored_ferry", MOORED, ("ferry",)),
    ):
        rows = np.flatnonzero(np.isin(kind, ships)[vessel] & (mode == wanted))
        longest: dict[int, Ints] = {}
        for run in _runs(rows, vessel, t, 3600.0):
            n = int(vessel[run[0]])
            if n not in longest or len(run) > len(longest[n]):
                longest[n] = run
        for n, run in longest.items():
            if t[run[-1]] - t[run[0]] > 3600.0:
                labels.append(
                    _decoy("loitering", what, n, t[run[0]], t[run[-1]], xy[run].mean(axis=0))
                )
    return labels


def _decoy(kind: str, what: str, n: int, t0: float, t1: float, at: Floats, **more: int) -> Label:
    return Label(kind, n, float(t0), float(t1), at, decoy=True, what=what, **more)  # type: ignore[arg-type]


def _close_to_shore(
    kind: NDArray[np.str_], sea: Sea, vessel: Ints, t: Floats, mode: NDArray[np.int8], xy: Floats
) -> list[Label]:
    big = np.isin(kind, ("cargo", "tanker", "trawler", "ferry"))
    close = np.flatnonzero(big[vessel] & (mode == UNDER_WAY))
    close = close[sea.off_shore_m(xy[close]) < 450.0]
    labels: list[Label] = []
    for run in _runs(close, vessel, t, 200.0):
        moved, spent = float(np.hypot(*(xy[run[-1]] - xy[run[0]]))), t[run[-1]] - t[run[0]]
        # A passage leads somewhere at a passage's speed; coming alongside does not.
        if len(run) >= 6 and moved > 3.0 * spent and len(labels) < _MANY:
            n = int(vessel[run[0]])
            labels.append(
                _decoy(
                    "shore_approach", "channel_passage", n, t[run[0]], t[run[-1]],
                    xy[run].mean(axis=0),
                )
            )  # fmt: skip
            continue
    fast = np.flatnonzero((kind == "ferry")[vessel] & (mode == UNDER_WAY))
    quick = 0
    for run in _runs(fast, vessel, t, 300.0):
        way = float(np.hypot(*np.diff(xy[run], axis=0).T).sum()) if len(run) > 3 else 0.0
        if way > 22.0 * KNOT * (t[run[-1]] - t[run[0]]) > 0.0 and quick < _MANY:
            quick += 1
            n = int(vessel[run[0]])
            labels.append(_decoy("dash", "fast_ferry", n, t[run[0]], t[run[-1]], xy[run[-1]]))
    return labels


def _side_by_side(
    fleet: list[Vessel], vessel: Ints, t: Floats, mode: NDArray[np.int8], xy: Floats
) -> list[Label]:
    """Return pairs that work together: trawlers with one net, tugs with their tow."""
    labels: list[Label] = []
    for n, ship in enumerate(fleet):
        if ship.partner < 0:
            continue
        wanted = FISHING if ship.kind == "trawler" else UNDER_WAY
        what = "pair_trawlers" if ship.kind == "trawler" else "tow"
        rows = np.flatnonzero((vessel == n) & (mode == wanted))
        for run in sorted(_runs(rows, vessel, t, 1200.0), key=len)[-4:]:
            low, high = sorted((n, ship.partner))
            if t[run[-1]] - t[run[0]] > 1200.0:
                labels.append(
                    _decoy(
                        "rendezvous", what, low, t[run[0]], t[run[-1]], xy[run].mean(axis=0),
                        other=high,
                    )
                )  # fmt: skip
    return labels


def _unheard(
    kind: NDArray[np.str_],
    reception: Reception,
    vessel: Ints,
    t: Floats,
    mode: NDArray[np.int8],
    xy: Floats,
) -> list[Label]:
    """Return silences that are the network's: outages, holes, and ships that leave the area."""
    labels: list[Label] = []
    same = np.diff(vessel) == 0
    after = np.diff(t)
    quiet = np.flatnonzero(same & (after >= 1800.0))
    inside = np.zeros(len(quiet), dtype=bool)
    for x, y, radius in reception.holes:
        inside |= np.hypot(xy[quiet, 0] - x, xy[quiet, 1] - y) < radius
    out = np.zeros(len(quiet), dtype=bool)
    for q0, q1 in reception.silent:
        out |= (t[quiet] <= q0) & (t[quiet] > q0 - 900.0) & (t[quiet + 1] < q1 + 900.0)
    gone = np.isin(kind, ("cargo", "tanker"))[vessel[quiet]] & (mode[quiet] == UNDER_WAY)
    gone &= np.hypot(*(xy[quiet + 1] - xy[quiet]).T) < 500.0
    for what, chosen in (("hole", inside & ~out), ("outage", out), ("left_area", gone & ~out)):
        labels += [
            _decoy("gap", what, int(vessel[row]), t[row], t[row + 1], xy[row])
            for row in quiet[chosen & (after[quiet] < 86_400.0)][:_MANY]
        ]
    every = np.flatnonzero(kind == "pleasure")[:6]
    for n in every:
        rows = np.flatnonzero(vessel == n)
        if len(rows) > 20:
            labels.append(
                _decoy("gap", "class_b", int(n), t[rows[0]], t[rows[-1]], xy[rows].mean(axis=0))
            )
    return labels


def glitches(
    vessel: Ints,
    t: Floats,
    mode: NDArray[np.int8],
    xy: Floats,
    ordinary: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[list[Label], list[Effect]]:
    """Return one or two wrong positions at a time, of vessels under way."""
    rows = np.flatnonzero(ordinary[vessel] & (mode == UNDER_WAY))
    rows = rows[(rows > 2) & (rows < len(t) - 3)]
    count = min(len(rows), max(2, round(_GLITCHES_PER_1000 * len(t) / 1000)))
    labels: list[Label] = []
    effects: list[Effect] = []
    for row in np.sort(rng.choice(rows, count, replace=False)) if count else []:
        last = row + int(rng.integers(0, 2))
        if vessel[last] != vessel[row] or t[last] - t[row] > 900.0:
            last = row
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(600.0, 12_000.0)
        n, t0, t1 = int(vessel[row]), float(t[row]), float(t[last])
        labels.append(_decoy("spoofing", "glitch", n, t0, t1, xy[row]))
        shift = (far * float(np.sin(angle)), far * float(np.cos(angle)))
        effects.append(Effect(n, t0 - 1.0, t1 + 1.0, "shift", shift))
    return labels, effects


def misspelt(
    fleet: list[Vessel],
    names: list[str],
    vessel: Ints,
    t: Floats,
    mode: NDArray[np.int8],
    xy: Floats,
    rng: np.random.Generator,
) -> tuple[list[Label], list[Said]]:
    """Return names told with a slip for a while, by vessels under way."""
    labels: list[Label] = []
    said: list[Said] = []
    usual = [n for n, v in enumerate(fleet) if v.kind in ("trawler", "cargo", "netter", "ferry")]
    for n in rng.permutation(usual)[: max(1, len(fleet) // 30)]:
        rows = np.flatnonzero((vessel == n) & (mode == UNDER_WAY))
        if len(rows) < 10:
            continue
        row = int(rng.choice(rows[:-5]))
        name = names[n]
        slip = [name.replace("0", "O", 1), name.replace(" 0", "0"), name[:-5] + name[-4:]]
        said += [
            Said(int(n), float(t[row]), name=slip[int(rng.integers(3))]),
            Said(int(n), float(t[row]) + 7200.0, name=name),
        ]
        labels.append(_decoy("identity", "misspelt", int(n), t[row], t[row] + 7200.0, xy[row]))
    return labels, said
