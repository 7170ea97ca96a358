"""What the ordinary traffic really does that a definition calls a behaviour, from its motion."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ais._simulate_motion import AT_ANCHOR, BRIEF, KNOT, MOORED, OFF, Motion, place_at
from ais._simulate_numbers import Numbers
from ais._simulate_stage import Label
from ais._simulate_world import Vessel

Floats = NDArray[np.float64]

_STEP_S = 150.0
# A stay no longer than a stop takes must hold a whole number of looks.
_LOOK_S = 30.0
_HOURS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
# A twentieth on either side of a definition is nobody's error.
_SLACK = 1.05
_STOP_M, _STOP_S = 100.0, 600.0
_LEAST_S = _STOP_S / _SLACK
_STAY_APART_S = 3600.0
# A circle about other places than the middle one may hold what is a little farther from that.
_ABOUT = 1.3
_STOPS_PER_DAY, _VISITS_PER_DAY, _NEAR = 6.0, 3.0, 0.4
_BEACON = ("beacon",)
# These are slow at berths and anchorages only, or never.
NEVER_SLOW = ("trawler", "cargo", "tanker", "anchored", "ferry", "beacon")


class Rest(NamedTuple):
    """A rest alongside or at anchor; ``cut`` where AIS, or the MMSI, begins or ends beside it."""

    vessel: int
    t0: float
    t1: float
    xy: Floats
    mode: int
    cut: bool


def ordinary(
    fleet: list[Vessel],
    motion: Motion,
    circles: Floats,
    duration: float,
    numbers: Numbers,
    rng: np.random.Generator,
) -> list[Label]:
    """Return stops, berth visits, loitering and silences of all vessels.

    ``circles`` (x, y, radius) are the known berths and anchorages. Some of the stops and visits
    are drawn as cases to be found; the others are marked ordinary, as is all else. Each is under
    one MMSI: lying on under another is another.
    """
    rests = _rests(fleet, duration, numbers)
    days = duration / 86_400.0 * min(1.0, len(fleet) / 110)
    labels = _stops(fleet, rests, numbers, round(_STOPS_PER_DAY * days), rng)
    misses = [label for label in labels if label.decoy]
    labels += _visits(rests, circles, numbers, round(_VISITS_PER_DAY * days), rng)
    for n, vessel in enumerate(fleet):
        if vessel.course.t and vessel.kind not in _BEACON:
            if vessel.kind not in NEVER_SLOW:
                first, last = max(motion.first[n], 0.0), min(motion.last[n], duration)
                still = _still(n, motion, circles, first, last)
                labels += _by_number([a for a in still if not _any_overlaps(a, misses)], numbers)
                labels += loitering(n, motion, circles, first, last)
            labels += _by_number(_off(n, vessel, circles, duration), numbers)
    return labels


def _any_overlaps(label: Label, others: list[Label]) -> bool:
    return any(o.vessel == label.vessel and o.t0 < label.t1 and label.t0 < o.t1 for o in others)


def _by_number(labels: list[Label], numbers: Numbers) -> list[Label]:
    """Return stops and visits cut where the MMSI changes, without what is too short for one."""
    cut: list[Label] = []
    for label in labels:
        if label.kind not in ("stop", "berth_visit"):
            cut.append(label)
            continue
        spells = numbers.spells(label.vessel, label.t0, label.t1)
        cut += [_as(label, t0=a, t1=b) for a, b in spells if len(spells) == 1 or b - a >= _LEAST_S]
    return cut


def _rests(fleet: list[Vessel], duration: float, numbers: Numbers) -> list[Rest]:
    """Return every rest alongside or at anchor under one MMSI, with its exact times."""
    found: list[Rest] = []
    for n, vessel in enumerate(fleet):
        if not vessel.course.t or vessel.kind in _BEACON:
            continue
        t = np.concatenate(vessel.course.t)
        mode, xy = np.concatenate(vessel.course.mode), np.concatenate(vessel.course.xy)
        rest = np.isin(mode, [MOORED, BRIEF, AT_ANCHOR]).astype(np.int8)
        edge = np.flatnonzero(np.diff(np.concatenate([[0], rest, [0]])))
        for a, b in zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True):
            t0, t1 = max(float(t[a]), 0.0), min(float(t[min(b, len(t) - 1)]), duration)
            if t1 <= t0:
                continue
            spells = numbers.spells(n, t0, t1)
            cut = OFF in (mode[max(a - 1, 0)], mode[min(b, len(mode) - 1)]) or len(spells) > 1
            found += [
                Rest(n, *spell, xy[a:b].mean(axis=0), int(mode[a]), bool(cut))
                for spell in spells
                if spell[1] - spell[0] > 60.0
            ]
    return found


def _within(vessel: Vessel, t0: float, t1: float, place: Floats) -> tuple[float, float]:
    """Return from when to when a vessel is within 100 m of where it rests."""
    before, after = t0 - np.arange(0.0, 241.0), t1 + np.arange(0.0, 241.0)
    ends = []
    for times in (before, after):
        where, doing = place_at(vessel.course, times)
        far = (np.hypot(*(where - place).T) > _STOP_M) | (doing == OFF)
        # The first look is at the rest itself.
        far[0] = False
        ends.append(float(times[int(np.argmax(far)) - 1] if far.any() else times[0]))
    return ends[0], ends[1]


def _stops(
    fleet: list[Vessel],
    rests: list[Rest],
    numbers: Numbers,
    count: int,
    rng: np.random.Generator,
) -> list[Label]:
    labels: list[Label] = []
    for n, begun, ended, at, mode, _ in rests:
        t0, t1 = begun, ended
        if abs(t1 - t0 - _STOP_S) < 300.0:
            # Coming and going count while they are within reach of the place.
            reach = numbers.spells(n, *_within(fleet[n], begun, ended, at))
            t0, t1 = next(spell for spell in reach if spell[0] <= begun < spell[1])
        margin = (t1 - t0) / _STOP_S - 1.0
        what = "alongside" if mode != AT_ANCHOR else "at_anchor"
        if t1 - t0 >= _LEAST_S:
            labels.append(Label("stop", n, t0, t1, at, ordinary=True, what=what, margin=margin))
        elif margin > -0.185:
            labels.append(Label("stop", n, t0, t1, at, decoy=True, what="short", margin=margin))
    return _draw(labels, count, rng)


def _draw(labels: list[Label], count: int, rng: np.random.Generator) -> list[Label]:
    """Return the labels with some drawn as cases, a share of them near, and as many near misses."""
    order = [int(k) for k in rng.permutation(len(labels))]
    near = [k for k in order if not labels[k].decoy and 0.045 < labels[k].margin < 0.185]
    miss = [k for k in order if labels[k].decoy]
    far = [
        k
        for k in order
        if not labels[k].decoy and not labels[k].margin < 0.2 and labels[k].what != "cut"
    ]
    few = round(_NEAR * count)
    cases = set(near[:few] + far[: count - few])
    kept = set(miss[:few])
    drawn = []
    for k, label in enumerate(labels):
        if k in cases:
            drawn.append(_as(label, ordinary=False))
        elif k in kept:
            drawn.append(_as(label, what="near_miss_duration"))
        elif not label.decoy:
            drawn.append(label)
    return drawn


def _as(label: Label, **change: object) -> Label:
    return Label(**{**label.__dict__, **change})


def _visits(
    rests: list[Rest],
    circles: Floats,
    numbers: Numbers,
    count: int,
    rng: np.random.Generator,
) -> list[Label]:
    """Return stays at known places: rests at one less than an hour apart are one stay."""
    labels: list[Label] = []
    last: dict[tuple[int, int | None, int], int] = {}
    for n, t0, t1, at, _, cut_off in rests:
        cut = cut_off or t1 - t0 < 1.1 * _STOP_S
        off = np.hypot(*(circles[:, :2] - at).T) - circles[:, 2]
        k = int(np.argmin(off))
        if off[k] > 50.0 or t1 - t0 < 0.85 * _STOP_S:
            continue
        stay = n, numbers.of(n, t0), k
        at_last = last.get(stay)
        apart = np.inf if at_last is None else t0 - labels[at_last].t1
        if at_last is not None and _STAY_APART_S < apart <= 1.1 * _STAY_APART_S:
            # As good as one stay, and as good as two.
            labels.append(_as(labels[at_last], t1=t1, what="cut"))
            labels[at_last] = _as(labels[at_last], what="cut")
            cut = True
        if at_last is not None and apart <= _STAY_APART_S:
            cut_too = cut or labels[at_last].what == "cut"
            labels[at_last] = _as(labels[at_last], t1=t1, what="cut" if cut_too else "visit")
            continue
        last[stay] = len(labels)
        labels.append(
            Label("berth_visit", n, t0, t1, at, ordinary=True, what="cut" if cut else "visit")
        )
    return _draw(labels, count, rng)


def loitering(
    n: int, motion: Motion, circles: Floats, first: float, last: float, step_s: float = _STEP_S
) -> list[Label]:
    """Return when a vessel is slow for an hour or more and gets nowhere, outside known berths."""
    t, xy, doing = _looks(n, motion, first, last, step_s)
    free = ~_inside(xy, circles) & (doing != OFF)
    if free.sum() < 3600.0 / step_s:
        return []
    path = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    shut = np.concatenate([[0], np.cumsum(~free)])
    marked = np.zeros(len(t) + 1, dtype=np.int64)
    for hours in _HOURS:
        w = round(hours * 3600.0 / step_s)
        if w >= len(t):
            break
        went = path[w:] - path[:-w]
        gone = np.hypot(*(xy[w:] - xy[:-w]).T)
        hit = (went < _SLACK * 2.0 * KNOT * hours * 3600.0) & (gone <= _SLACK * 0.3 * went)
        hit &= shut[w + 1 :] == shut[: len(t) - w]
        _mark(marked, hit, w)
    return [
        Label(
            "loitering", n, float(t[a]), float(t[b]), xy[(a + b) // 2], ordinary=True, what="slow"
        )
        for a, b in _spells(marked)
    ]


def _looks(
    n: int, motion: Motion, first: float, last: float, step_s: float
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    t = np.arange(first, last, step_s)
    who = np.full(len(t), n)
    return t, motion.place(who, t), motion.doing(who, t)


def _inside(xy: Floats, circles: Floats) -> NDArray[np.bool_]:
    inside = np.zeros(len(xy), dtype=bool)
    for x, y, radius in circles:
        inside |= (xy[:, 0] - x) ** 2 + (xy[:, 1] - y) ** 2 < radius**2
    return inside


def _mark(marked: NDArray[np.int64], hit: NDArray[np.bool_], steps: int) -> None:
    """Mark the windows of some steps that begin where it is so."""
    rows = np.flatnonzero(hit)
    np.add.at(marked, rows, 1)
    np.add.at(marked, rows + steps, -1)


def _spells(marked: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the first and last look of each spell that marked windows make together."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], np.cumsum(marked) > 0, [0]]).astype(int)))
    ends = np.minimum(edge, len(marked) - 2)
    return list(zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True))


def _still(n: int, motion: Motion, circles: Floats, first: float, last: float) -> list[Label]:
    """Return when a vessel keeps within a stop's reach for as long as a stop takes."""
    t, xy, _ = _looks(n, motion, first, last, _LOOK_S)
    # A stop, however it lies between the looks, holds a window of so many steps.
    steps = int(_LEAST_S / _LOOK_S)
    if len(t) <= steps:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(xy, steps + 1, axis=0)
    middle = windows.mean(axis=2, keepdims=True)
    near = np.hypot(*np.moveaxis(windows - middle, 1, 0)).max(axis=1) <= _ABOUT * _STOP_M
    marked = np.zeros(len(t) + 1, dtype=np.int64)
    _mark(marked, near, steps)
    inside = _inside(xy, circles)
    labels = []
    for a, b in _spells(marked):
        at, t0, t1 = xy[(a + b) // 2], float(t[a]), float(t[b])
        labels.append(Label("stop", n, t0, t1, at, ordinary=True, what="still"))
        if inside[a : b + 1].any():
            labels.append(Label("berth_visit", n, t0, t1, at, ordinary=True, what="still"))
    return labels


def _off(n: int, vessel: Vessel, circles: Floats, duration: float) -> list[Label]:
    """Return when a vessel's transponder is off for long where it lies."""
    t, mode = np.concatenate(vessel.course.t), np.concatenate(vessel.course.mode)
    xy = np.concatenate(vessel.course.xy)
    off = (mode == OFF).astype(np.int8)
    edge = np.flatnonzero(np.diff(np.concatenate([[0], off, [0]])))
    labels = []
    for a, b in zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True):
        t0, t1 = max(float(t[a]), 0.0), min(float(t[min(b, len(t) - 1)]), duration)
        if t1 - t0 > 1500.0:
            labels.append(Label("gap", n, t0, t1, xy[a], ordinary=True, what="off_at_rest"))
            labels.append(Label("stop", n, t0, t1, xy[a], ordinary=True, what="off_at_rest"))
            off_m = np.hypot(*(circles[:, :2] - xy[a]).T) - circles[:, 2]
            if off_m.min() < 0.0:
                labels.append(Label("berth_visit", n, t0, t1, xy[a], ordinary=True, what="off"))
    return labels
