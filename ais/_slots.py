"""Count the ten-minute slots that each vessel was heard in: the loops of ``ais.reception``."""

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed
from ais._plane import KNOT, metres
from ais._reception import HOUR_MS, SLOT_MS, cell_of

SURE_MS = 1_800_000
"""A silence longer than this, and than the vessel's usual interval on top of it, is no evidence by
itself: the vessel may have switched off."""
STILL_KN = 1.0
USUAL_MIN = 10
"""A vessel that is usually heard at such intervals (min) or longer has no gaps."""
_PACE_MS, _PACE_BINS = 10_000, 726


def in_order(s: Sailed) -> Sailed:
    """Return the positions by vessel and time, whatever tracks of one vessel overlap."""
    if _sorted(s.vessel, s.t):
        return s
    order = np.lexsort((s.t, s.vessel))
    return Sailed._make(column[order] for column in s)


@numba.njit(cache=True, nogil=True)
def _sorted(vessel: Ints, t: Ints) -> bool:
    for i in range(1, len(t)):
        if vessel[i] < vessel[i - 1] or (vessel[i] == vessel[i - 1] and t[i] < t[i - 1]):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def paces(vessel: Ints, t: Ints, lon: Floats, lat: Floats, sog: Array, share: float) -> Floats:
    """Return for each position the interval (min) that ``share`` of its vessel's are within.

    Lying still and under way are two paces; one with fewer than five intervals takes that of
    all. Infinite where a vessel has no more than one position.
    """
    n = len(t)
    out = np.full(n, np.inf)
    moves = np.zeros(n, np.bool_)
    count = np.zeros((3, _PACE_BINS), np.int64)
    first = 0
    for i in range(n):
        ends = i + 1 == n or vessel[i + 1] != vessel[i]
        j = i if ends else i + 1
        told = float(sog[i])
        if np.isnan(told) and t[j] > t[i]:
            told = metres(lon[i], lat[i], lon[j], lat[j]) / ((t[j] - t[i]) / 1000.0) / KNOT
        moves[i] = told >= STILL_KN
        if not ends:
            k = min((t[j] - t[i] + _PACE_MS // 2) // _PACE_MS, _PACE_BINS - 1)
            count[int(moves[i]), k] += 1
            count[2, k] += 1
            continue
        usual = np.full(3, np.inf)
        for state in range(3):
            total = count[state].sum()
            state_total = count[2].sum() if state < 2 and total < 5 else total
            use = 2 if state < 2 and total < 5 else state
            seen = 0
            for k in range(_PACE_BINS):
                seen += count[use, k]
                if state_total > 0 and seen >= share * state_total:
                    usual[state] = k * _PACE_MS / 60_000
                    break
        for k in range(first, i + 1):
            out[k] = usual[int(moves[k])]
        count[:] = 0
        first = i + 1
    return out


@numba.njit(cache=True, nogil=True)
def fill(
    vessel: Ints,
    t: Ints,
    lon: Floats,
    lat: Floats,
    cls: Array,
    telling: Bools,
    pace: Floats,
    cell_deg: float,
    keys: Ints,
    classes: Array,
    counts: Array,
) -> int:
    """Write a row for each vessel, hour, cell and class; return how many."""
    n = len(t)
    size, opened = 0, 0
    hour, who = -1, -1
    for i in range(n):
        slot = t[i] // SLOT_MS
        again = i > 0 and vessel[i - 1] == vessel[i] and t[i - 1] // SLOT_MS == slot
        if again or not telling[i]:
            continue
        j = i
        while j + 1 < n and vessel[j + 1] == vessel[i] and t[j + 1] // SLOT_MS == slot:
            j += 1
        sure_ms = SURE_MS + (pace[j] * 60_000 if pace[j] < USUAL_MIN else 0.0)
        unheard = 0
        dx, dy = 0.0, 0.0
        if j + 1 < n and vessel[j + 1] == vessel[i] and t[j + 1] - t[j] < sure_ms:
            unheard = t[j + 1] // SLOT_MS - slot - 1
            dx = (lon[j + 1] - lon[j] + 180.0) % 360.0 - 180.0
            dy = lat[j + 1] - lat[j]
        for k in range(unheard + 1):
            x, y = lon[i], lat[i]
            if k > 0:
                share = ((slot + k) * SLOT_MS + SLOT_MS // 2 - t[j]) / (t[j + 1] - t[j])
                x, y = lon[j] + share * dx, lat[j] + share * dy
            row, col = cell_of(x, y, cell_deg)
            now = (slot + k) * SLOT_MS // HOUR_MS
            if now != hour or vessel[i] != who:
                hour, who, opened = now, vessel[i], size
            at = opened
            while at < size and not (
                keys[at, 1] == row and keys[at, 2] == col and classes[at] == cls[i]
            ):
                at += 1
            if at == size:
                keys[at, 0], keys[at, 1], keys[at, 2], keys[at, 3] = now, row, col, i
                classes[at] = cls[i]
                counts[at, 0], counts[at, 1] = 0, 0
                size += 1
            counts[at, 0] += 1
            counts[at, 1] += k == 0
    return size


@numba.njit(cache=True, nogil=True)
def most_rows(vessel: Ints, t: Ints) -> int:
    most = 1
    for i in range(1, len(t)):
        steps = t[i] // SLOT_MS - t[i - 1] // SLOT_MS
        most += steps if vessel[i] == vessel[i - 1] and 0 < steps < 8 else 1
    return most
