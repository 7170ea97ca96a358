"""Count and ask who was heard where: the loops of ``ais.reception``."""

from typing import NamedTuple

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints
from ais._plane import KNOT, METRES_PER_DEGREE

SLOT_MS = 600_000
HOUR_MS = 3_600_000
REGION = 8
"""So many cells are the side of a region, some 40 km: about what one shore station hears."""
_OPEN_SLOTS = 6


@numba.njit(cache=True, nogil=True)
def unheard(
    begin: Ints,
    end: Ints,
    lon0: Floats,
    lat0: Floats,
    lon1: Floats,
    lat1: Floats,
    kn: Floats,
    cog: Floats,
    cell_deg: float,
    longest: int,
) -> Ints:
    """Return (silence, hour, row, col, slots) of the slots of each silence.

    ``end`` is below 0 where the vessel has not been heard since; then ``-end`` is when the data
    ends, and the vessel is taken to go on as it went, for an hour.
    """
    out = np.empty((256, 5), np.int64)
    size = 0
    for i in range(len(begin)):
        first = begin[i] // SLOT_MS + 1
        last = abs(end[i]) // SLOT_MS - 1
        last = min(last, first + _OPEN_SLOTS - 1) if end[i] < 0 else last
        if last - first >= longest:
            continue
        dx = (lon1[i] - lon0[i] + 180.0) % 360.0 - 180.0
        opened, hour = size, -1
        for slot in range(first, last + 1):
            at_ms = slot * SLOT_MS + SLOT_MS // 2 - begin[i]
            if end[i] < 0:
                x, y = reckon(lon0[i], lat0[i], kn[i], cog[i], at_ms / 1000.0)
            else:
                share = at_ms / (end[i] - begin[i])
                x, y = lon0[i] + share * dx, lat0[i] + share * (lat1[i] - lat0[i])
            row, col = cell_of(x, y, cell_deg)
            now = slot * SLOT_MS // HOUR_MS
            if now != hour:
                hour, opened = now, size
            k = opened
            while k < size and not (out[k, 2] == row and out[k, 3] == col):
                k += 1
            if k == size:
                if size == len(out):
                    more = np.empty((2 * size, 5), np.int64)
                    more[:size] = out
                    out = more
                out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = i, now, row, col, 0
                size += 1
            out[k, 4] += 1
    return out[:size].copy()


@numba.njit(cache=True, nogil=True, inline="always")
def widened(row: int, cell_deg: float) -> int:
    """Return how many columns of the equator make one of a row: 1, 2, 4, ...

    So a cell is 0.7 to 1.4 times as wide as it is high, up to 89 degrees.
    """
    lat = min(abs((row + 0.5) * cell_deg - 90.0), 89.0)
    return 1 << int(np.floor(0.5 - np.log2(np.cos(np.radians(lat)))))


@numba.njit(cache=True, nogil=True, inline="always")
def cell_of(lon: float, lat: float, cell_deg: float) -> tuple[int, int]:
    """Return row and column of the cell that a place lies in."""
    row = int(np.floor((lat + 90.0) / cell_deg))
    return row, int(np.floor((lon + 180.0) % 360.0 / (cell_deg * widened(row, cell_deg))))


@numba.njit(cache=True, nogil=True, inline="always")
def region_of(row: int, col: int, cell_deg: float) -> int:
    """Return the key of the region that a cell lies in."""
    up = row // REGION
    across = col * widened(row, cell_deg) // (REGION * widened(up * REGION, cell_deg))
    return up * int(np.ceil(360.0 / cell_deg)) + across


@numba.njit(cache=True, nogil=True)
def cells_of(lon: Floats, lat: Floats, cell_deg: float) -> Ints:
    """Return row, column and region's key of each place, (3, n)."""
    out = np.empty((3, len(lon)), np.int64)
    for i in range(len(lon)):
        row, col = cell_of(lon[i], lat[i], cell_deg)
        out[0, i], out[1, i], out[2, i] = row, col, region_of(row, col, cell_deg)
    return out


@numba.njit(cache=True, nogil=True)
def regions_of(row: Ints, col: Ints, cell_deg: float) -> Ints:
    """Return the region's key of each cell."""
    out = np.empty(len(row), np.int64)
    for i in range(len(row)):
        out[i] = region_of(row[i], col[i], cell_deg)
    return out


@numba.njit(cache=True, nogil=True, inline="always")
def reckon(lon: float, lat: float, kn: float, cog: float, seconds: float) -> tuple[float, float]:
    """Return where a vessel is that goes on at its speed and course (still where not known)."""
    if np.isnan(kn) or np.isnan(cog):
        return lon, lat
    degrees = kn * KNOT * seconds / METRES_PER_DEGREE
    course = np.radians(cog)
    y = min(max(lat + degrees * np.cos(course), -89.9), 89.9)
    return lon + degrees * np.sin(course) / np.cos(np.radians(0.5 * (lat + y))), y


class Told(NamedTuple):
    """Who was heard in how many slots. Rows stand by vessel and hour; ``m_`` by hour and cell."""

    vessel_at: Ints
    """Where each vessel's rows begin, and where the last one's end."""
    hour: Array
    cell: Array
    cls: Array
    slots: Floats
    heard: Floats
    hour_at: Ints
    """Where the rows of each hour begin in ``m_``."""
    m_row: Array
    """Which row it is."""
    m_slots: Array
    m_heard: Array
    m_cell: Array
    m_vessel: Array
    m_cls: Array
    cell_row: Ints
    cell_col: Ints
    cell_key: Ints
    cell_region: Ints
    n_cols: int
    cell_deg: float


class Sums(NamedTuple):
    """What the rows come to, over the hours, cells and vessels."""

    area: Floats
    """Slots and heard of each class, (3, 2)."""
    own_area: Floats
    """Those of each vessel, (vessels, 3, 2)."""
    cells: Floats
    """Slots, heard, and vessels heard, of each cell and class: (cells, 3, 3)."""
    own_at: Ints
    own_key: Ints
    """Cell times 3 plus class, ascending within each vessel's part."""
    own: Floats
    mean: Floats
    """Mean reception of each cell and class, (cells, 3)."""
    regions: Floats
    """Heard, and expected by ``mean``, of each hour and region: (hours, regions, 2)."""
    hours: Floats
    """The same of the whole area, (hours, 2)."""


@numba.njit(cache=True, nogil=True)
def by_vessel(told: Told) -> tuple[Floats, Floats, Floats, Ints, Ints, Floats]:
    """Return the sums over all hours: of each vessel and class, and of its cells."""
    vessels, cells = len(told.vessel_at) - 1, len(told.cell_key)
    area, own_area = np.zeros((3, 2)), np.zeros((vessels, 3, 2))
    total = np.zeros((cells, 3, 3))
    own_at = np.zeros(vessels + 1, np.int64)
    key, own = np.empty(1024, np.int64), np.empty((1024, 2))
    size = 0
    place = np.full(cells * 3, -1, np.int64)
    for v in range(vessels):
        a, b = told.vessel_at[v], told.vessel_at[v + 1]
        codes = np.empty(b - a, np.int64)
        n = 0
        for i in range(a, b):
            code = told.cell[i] * 3 + told.cls[i]
            if place[code] < 0:
                place[code] = 0
                codes[n] = code
                n += 1
        codes = np.sort(codes[:n])
        if size + n > len(key):
            more = max(2 * len(key), size + n)
            grown, sums = np.empty(more, np.int64), np.empty((more, 2))
            grown[:size], sums[:size] = key[:size], own[:size]
            key, own = grown, sums
        for k in range(n):
            place[codes[k]] = size + k
            key[size + k] = codes[k]
            own[size + k] = 0.0
        for i in range(a, b):
            k = place[told.cell[i] * 3 + told.cls[i]]
            own[k, 0] += told.slots[i]
            own[k, 1] += told.heard[i]
        for k in range(size, size + n):
            cell, cls = key[k] // 3, key[k] % 3
            total[cell, cls, 2] += own[k, 1] > 0
            for j in range(2):
                total[cell, cls, j] += own[k, j]
                own_area[v, cls, j] += own[k, j]
                area[cls, j] += own[k, j]
            place[key[k]] = -1
        size += n
        own_at[v + 1] = size
    return area, own_area, total, own_at, key[:size].copy(), own[:size].copy()


@numba.njit(cache=True, nogil=True)
def by_region(told: Told, mean: Floats, hours: int, regions: int) -> Floats:
    """Return heard and expected slots by hour and region."""
    out = np.zeros((hours, regions, 2))
    for i in range(len(told.hour)):
        at = out[told.hour[i], told.cell_region[told.cell[i]]]
        at[0] += told.heard[i]
        at[1] += told.slots[i] * mean[told.cell[i], told.cls[i]]
    return out


@numba.njit(cache=True, nogil=True)
def vessels_heard(told: Told, hours: int, regions: int) -> Ints:
    """Return how many vessels were heard, by hour and region."""
    out = np.zeros((hours, regions), np.int64)
    for v in range(len(told.vessel_at) - 1):
        first = told.vessel_at[v]
        for i in range(told.vessel_at[v], told.vessel_at[v + 1]):
            if told.hour[i] != told.hour[first]:
                first = i
            region = told.cell_region[told.cell[i]]
            new = told.heard[i] > 0
            for j in range(first, i):
                if told.heard[j] > 0 and told.cell_region[told.cell[j]] == region:
                    new = False
            out[told.hour[i], region] += new
    return out


@numba.njit(cache=True, nogil=True)
def _between(values: Array, low: int, high: int, wanted: int) -> int:
    """Return the first index in low..high whose value is ``wanted`` or more."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True)
def _others_in_cell(sums: Sums, v: int, cell: int, cls: int) -> tuple[float, float, float]:
    """Return slots, heard and vessels heard of the other vessels in a cell, over all time."""
    slots, heard, vessels = sums.cells[cell, cls]
    if v >= 0:
        code = cell * 3 + cls
        k = _between(sums.own_key, sums.own_at[v], sums.own_at[v + 1], code)
        if k < sums.own_at[v + 1] and sums.own_key[k] == code:
            slots -= sums.own[k, 0]
            heard -= sums.own[k, 1]
            vessels -= sums.own[k, 1] > 0
    return slots, heard, vessels


@numba.njit(cache=True, nogil=True)
def _own_hour(told: Told, sums: Sums, v: int, hour: int, region: int) -> Floats:
    """Return heard and expected of the vessel itself in an hour: in the area, in the region."""
    out = np.zeros((2, 2))
    if v < 0:
        return out
    end = told.vessel_at[v + 1]
    i = _between(told.hour, told.vessel_at[v], end, hour)
    while i < end and told.hour[i] == hour:
        expected = told.slots[i] * sums.mean[told.cell[i], told.cls[i]]
        for k in range(2 if told.cell_region[told.cell[i]] == region else 1):
            out[k, 0] += told.heard[i]
            out[k, 1] += expected
        i += 1
    return out


@numba.njit(cache=True, nogil=True)
def answers(  # noqa: C901
    told: Told,
    sums: Sums,
    vessel: Ints,
    cls: Array,
    hour: Ints,
    row: Ints,
    col: Ints,
    region: Ints,
    pseudo: Floats,
    out: Floats,
    inside: Bools,
    enough: Bools,
) -> None:
    """Write reception, and the vessels and slots behind it, to ``out``.

    Beside it, whether it is inside coverage, and whether enough is known. ``pseudo`` are the slots
    that what is above counts for: of the area, cell, hour, block and cell-hour; then least
    vessels, least slots.
    """
    k_area, k_cell, k_hour, k_block, k_here, least_vessels, least_slots = pseudo
    seen = np.full(len(told.vessel_at), -1, np.int64)
    known = np.zeros((3, 3), np.bool_)
    # Near questions one after another find what they need at hand.
    for q in np.argsort(hour * told.n_cols + row):
        v, c, h = vessel[q], cls[q], hour[q]
        all_s, all_h = sums.area[c]
        if v >= 0:
            all_s -= sums.own_area[v, c, 0]
            all_h -= sums.own_area[v, c, 1]
        mean = (all_h + 0.5 * k_area) / (all_s + k_area)
        here_mean = mean
        block_ever, most_vessels = 0.0, 0.0
        block_s, block_h, block_e, here_s, here_h = 0.0, 0.0, 0.0, 0.0, 0.0
        count = 0
        known[:] = False
        wide = widened(row[q], told.cell_deg)
        for dr in range(-1, 2):
            beside = widened(row[q] + dr, told.cell_deg)
            opposite = (2 * col[q] + 1) * wide // (2 * beside)
            around = -(-told.n_cols // beside)
            for dc in range(-1, 2):
                key = (row[q] + dr) * told.n_cols + (opposite + dc) % around
                cell = _between(told.cell_key, 0, len(told.cell_key), key)
                if cell == len(told.cell_key) or told.cell_key[cell] != key:
                    continue
                ever, ever_h, ever_v = _others_in_cell(sums, v, cell, c)
                known[dr + 1, dc + 1] = ever_v > 0
                block_ever += ever
                most_vessels = max(most_vessels, ever_v)
                middle = dr == 0 and dc == 0
                if middle:
                    here_mean = (ever_h + k_cell * mean) / (ever + k_cell)
                if h < 0:
                    continue
                i = _between(told.m_cell, told.hour_at[h], told.hour_at[h + 1], cell)
                while i < told.hour_at[h + 1] and told.m_cell[i] == cell:
                    who = told.m_vessel[i]
                    if who != v and told.m_cls[i] == c and told.m_slots[i] >= 0.5:
                        block_s += told.m_slots[i]
                        block_h += told.m_heard[i]
                        block_e += told.m_slots[i] * sums.mean[cell, c]
                        if middle:
                            here_s += told.m_slots[i]
                            here_h += told.m_heard[i]
                        count += seen[who] != q
                        seen[who] = q
                    i += 1
        level, region_e, area_e = 0.0, 0.0, 0.0
        if h >= 0:
            own = _own_hour(told, sums, v, h, region[q])
            area_h, area_e = sums.hours[h, 0] - own[0, 0], sums.hours[h, 1] - own[0, 1]
            if area_h > 1e-6:
                level = (area_h + k_hour) / (area_e + k_hour)
            if region[q] >= 0:
                near = sums.regions[h, region[q]]
                region_e = near[1] - own[1, 1]
                level = (near[0] - own[1, 0] + k_hour * level) / (region_e + k_hour)
        level = (block_h + k_block * level) / (block_e + k_block)
        block = min(here_mean * level, 1.0)
        out[q, 0] = (here_h + k_here * block) / (here_s + k_here)
        out[q, 1], out[q, 2] = count, block_s
        within = known[1, 1] or (known[0, 0] and known[2, 2]) or (known[0, 2] and known[2, 0])
        within |= (known[0, 1] and known[2, 1]) or (known[1, 0] and known[1, 2])
        now = count >= least_vessels or block_s >= least_slots
        usually = most_vessels >= least_vessels and block_ever >= 36
        usually &= region_e >= k_hour and area_e >= 2 * k_hour
        inside[q] = within
        enough[q] = within and (now or usually)
