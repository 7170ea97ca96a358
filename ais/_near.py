"""Find which of many boxes overlap: a plane sweep, with no pair looked at that is far apart."""

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import METRES_PER_DEGREE

_ROW_DEG = 0.02


def overlapping(
    slot: Ints, owner: Ints, box: tuple[Floats, Floats, Floats, Floats], *, pad_m: float
) -> tuple[Ints, Ints]:
    """Return the pairs of boxes of one slot that lie within ``pad_m``, as row numbers.

    Parameters
    ----------
    slot, owner : array of int
        What must be the same, and what must differ, for two boxes to be a pair.
    box : west, south, east, north
        In degrees; east is more than 180 for a box across the antimeridian.

    Returns
    -------
    tuple of array
        Each pair once, the lower row first; in no particular order.
    """
    west, south, east, north = box
    pad_y = 0.5 * pad_m / METRES_PER_DEGREE
    top = np.minimum(np.maximum(np.abs(south), np.abs(north)) + pad_y, 89.0)
    pad_x = pad_y / np.cos(np.radians(top))
    west, east, south, north = west - pad_x, east + pad_x, south - pad_y, north + pad_y
    again = np.flatnonzero(east > 180.0 - pad_x)
    n = len(slot)
    row = np.concatenate([np.arange(n), again])
    turn = np.concatenate([np.zeros(n), np.full(len(again), 360.0)])
    low = np.floor(south / _ROW_DEG).astype(np.int64)
    times = np.floor(north / _ROW_DEG).astype(np.int64) - low + 1
    copies = np.repeat(np.arange(len(row)), times[row])
    band = np.arange(len(copies)) - np.repeat(np.cumsum(times[row]) - times[row], times[row])
    row, turn = row[copies], turn[copies]
    band += low[row]
    order = np.lexsort((west[row] - turn, band, slot[row]))
    row, turn, band = row[order], turn[order], band[order]
    return _sweep(
        slot[row], band, owner[row], low[row], row, turn > 0,
        west[row] - turn, east[row] - turn, south[row], north[row],
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _sweep(
    slot: Array,
    band: Array,
    owner: Array,
    low: Array,
    row: Array,
    copy: Bools,
    west: Floats,
    east: Floats,
    south: Floats,
    north: Floats,
) -> tuple[Ints, Ints]:
    n = slot.shape[0]
    first, second = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = 0
    for i in range(n):
        j = i + 1
        while j < n and slot[j] == slot[i] and band[j] == band[i] and west[j] <= east[i]:
            # Boxes that share several bands are a pair in the first of them only.
            here = max(low[i], low[j]) == band[i] and not (copy[i] and copy[j])
            if here and owner[i] != owner[j] and south[i] <= north[j] and south[j] <= north[i]:
                if found == first.shape[0]:
                    first = np.concatenate((first, np.empty_like(first)))
                    second = np.concatenate((second, np.empty_like(second)))
                first[found], second[found] = min(row[i], row[j]), max(row[i], row[j])
                found += 1
            j += 1
    return first[:found].copy(), second[:found].copy()
