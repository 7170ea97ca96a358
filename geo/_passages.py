"""Water as a net of cells: the parts of cells, and which of them water joins.

A cell may hold two waters that a dam parts. Each such part is a node: the largest of a cell is the
cell's own (node = its number), the others are extras (node = -1 - their number), tied to the parts
beside them one by one.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from geo.crs import Bools, Floats, Ints

# A step straight, diagonal and of a knight in whole numbers: 48 / 34 and 76 / 34 are within 0.2 %
# of the roots of 2 and 5. No step between the middles of two parts reaches RING.
UNIT = 34
RING = 128
# Steps in 16 directions are up to 2.75 % too long; halved by taking off the middle of that.
STRETCH = 1.0137
FAR = np.int32(2**31 - 1)
NOWHERE = np.iinfo(np.int64).min

MOVES = np.array(
    [
        (0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1),
        (1, 2), (2, 1), (-1, 2), (-2, 1), (1, -2), (2, -1), (-1, -2), (-2, -1),
    ],
    dtype=np.int64,
)  # fmt: skip
STEP = np.array([34] * 4 + [48] * 4 + [76] * 8, dtype=np.int64)


class Net(NamedTuple):
    """One fineness of the water; row 0 is the southernmost, a cell is ``factor`` fine cells wide.

    ``moves`` has a bit for each of the 16 moves that stay on water; in a ``plain`` cell all of them
    do, to cells that are all water. ``off_row, off_col`` is where
    the middle of a node's water lies from the middle of its cell, in 1 / UNIT cells. The ties of
    extras are in CSR rows: an extra's own number, or ``tied`` of a cell (-1 where it has none).
    """

    factor: int
    cell_m: float
    x0: float
    y0: float
    moves: NDArray[np.uint16]
    plain: Bools
    off_row: NDArray[np.int8]
    off_col: NDArray[np.int8]
    extra_first: NDArray[np.int32]
    extra_cell: Ints
    extra_off: NDArray[np.int8]
    tied: NDArray[np.int32]
    start: Ints
    tie: Ints
    tie_step: NDArray[np.int32]


def build_net(fine: Bools, factor: int, *, fine_m: float, x0: float, y0: float) -> Net:
    """Gather fine cells (water where true) to cells ``factor`` wide; the shape is a multiple."""
    label, count, off, share = _parts(fine, factor)
    n_row, n_col = count.shape
    first = np.full(n_row * n_col, -1, dtype=np.int32)
    more = np.flatnonzero(count.ravel() > 1)
    beyond = count.ravel()[more].astype(np.int64) - 1
    first[more] = np.cumsum(beyond) - beyond
    extra_cell = np.repeat(more, beyond)
    extra_off = _extra_middles(label, factor, n_col, extra_cell, first)
    east, north, ties = _borders(label, factor, first.reshape(count.shape))
    moves = _open_moves(east, north, share >= 0.5, count > 0)
    ties = np.unique(np.vstack([ties, ties[:, ::-1]]), axis=0)
    cells = np.unique(ties[ties[:, 0] >= 0, 0])
    tied = np.full(n_row * n_col, -1, dtype=np.int32)
    tied[cells] = len(extra_cell) + np.arange(len(cells))
    source = np.where(ties[:, 0] < 0, -1 - ties[:, 0], tied[ties[:, 0]])
    order = np.argsort(source, kind="stable")
    start = np.searchsorted(source[order], np.arange(len(extra_cell) + len(cells) + 1))
    y, x = _middles(ties.ravel(), n_col, off, extra_cell, extra_off)
    y, x = y.reshape(-1, 2), x.reshape(-1, 2)
    step = np.hypot(y[:, 0] - y[:, 1], x[:, 0] - x[:, 1]) * UNIT
    return Net(
        factor,
        factor * fine_m,
        x0,
        y0,
        moves,
        _plain(moves, share),
        off[0],
        off[1],
        first,
        extra_cell,
        extra_off,
        tied,
        start.astype(np.int64),
        ties[order, 1],
        np.maximum(1, np.rint(step)).astype(np.int32)[order],
    )


def middles(net: Net, node: Ints) -> tuple[Floats, Floats]:
    """Return x, y (m) of the middle of each node's water."""
    off = np.stack([net.off_row, net.off_col])
    row, col = _middles(node, net.moves.shape[1], off, net.extra_cell, net.extra_off)
    return net.x0 + (col + 0.5) * net.cell_m, net.y0 + (row + 0.5) * net.cell_m


def _middles(
    node: Ints,
    n_col: int,
    off: NDArray[np.int8],
    extra_cell: Ints,
    extra_off: NDArray[np.int8],
) -> tuple[Floats, Floats]:
    extra = node < 0
    number = np.where(extra, -1 - node, 0)
    cell = np.where(extra, extra_cell[number], node) if len(extra_cell) else node
    moved = off.reshape(2, -1)[:, cell].astype(np.float64)
    if len(extra_cell):
        moved = np.where(extra, extra_off[:, number], moved)
    return cell // n_col + moved[0] / UNIT, cell % n_col + moved[1] / UNIT


@numba.njit(cache=True, nogil=True)
def _flood(
    fine: Bools, row: int, col: int, factor: int, label: NDArray[np.uint8], mark: int, stack: Ints
) -> int:
    """Mark the water about a fine cell inside its block of ``factor`` x ``factor``; its size."""
    r0, c0 = row - row % factor, col - col % factor
    label[row, col] = mark
    stack[0] = row * fine.shape[1] + col
    top, size = 1, 0
    while top > 0:
        top -= 1
        r, c = stack[top] // fine.shape[1], stack[top] % fine.shape[1]
        size += 1
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            r2, c2 = r + dr, c + dc
            inside = r0 <= r2 < r0 + factor and c0 <= c2 < c0 + factor
            if inside and fine[r2, c2] and label[r2, c2] == 0:
                label[r2, c2] = mark
                stack[top] = r2 * fine.shape[1] + c2
                top += 1
    return size


@numba.njit(cache=True, nogil=True)
def _parts(  # noqa: C901
    fine: Bools, factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int8], NDArray[np.float32]]:
    """Return the part each fine cell is of (0 land, 1 largest), parts, middle and share of 1."""
    n_row, n_col = fine.shape[0] // factor, fine.shape[1] // factor
    label = np.zeros(fine.shape, np.uint8)
    count = np.zeros((n_row, n_col), np.uint8)
    off = np.zeros((2, n_row, n_col), np.int8)
    share = np.zeros((n_row, n_col), np.float32)
    stack = np.empty(factor * factor, np.int64)
    for r in range(n_row):
        for c in range(n_col):
            block = label[r * factor : (r + 1) * factor, c * factor : (c + 1) * factor]
            if fine[r * factor : (r + 1) * factor, c * factor : (c + 1) * factor].all():
                block[:] = 1
                count[r, c], share[r, c] = 1, 1.0
                continue
            largest, largest_size, n = 0, 0, 0
            for i in range(r * factor, (r + 1) * factor):
                for j in range(c * factor, (c + 1) * factor):
                    if fine[i, j] and label[i, j] == 0 and n < 255:
                        n += 1
                        size = _flood(fine, i, j, factor, label, n, stack)
                        if size > largest_size:
                            largest, largest_size = n, size
            count[r, c] = n
            if n == 0:
                continue
            share[r, c] = largest_size / (factor * factor)
            y, x = 0.0, 0.0
            for i in range(r * factor, (r + 1) * factor):
                for j in range(c * factor, (c + 1) * factor):
                    if label[i, j] == largest:
                        label[i, j] = 1
                        y += i + 0.5 - (r + 0.5) * factor
                        x += j + 0.5 - (c + 0.5) * factor
                    elif label[i, j] == 1:
                        label[i, j] = largest
            off[0, r, c] = int(np.rint(y / largest_size / factor * UNIT))
            off[1, r, c] = int(np.rint(x / largest_size / factor * UNIT))
    return label, count, off, share


@numba.njit(cache=True, nogil=True)
def _extra_middles(
    label: NDArray[np.uint8],
    factor: int,
    n_col: int,
    extra_cell: Ints,
    first: NDArray[np.int32],
) -> NDArray[np.int8]:
    off = np.zeros((2, len(extra_cell)), np.int8)
    for e in range(len(extra_cell)):
        r, c = extra_cell[e] // n_col, extra_cell[e] % n_col
        mark = e - first[extra_cell[e]] + 2
        y, x, size = 0.0, 0.0, 0
        for i in range(factor):
            for j in range(factor):
                if label[r * factor + i, c * factor + j] == mark:
                    y += i + 0.5 - factor / 2
                    x += j + 0.5 - factor / 2
                    size += 1
        off[0, e] = int(np.rint(y / size / factor * UNIT))
        off[1, e] = int(np.rint(x / size / factor * UNIT))
    return off


@numba.njit(cache=True, nogil=True)
def _borders(  # noqa: C901
    label: NDArray[np.uint8], factor: int, first: NDArray[np.int32]
) -> tuple[Bools, Bools, Ints]:
    """Return which cells' own parts meet over the east and north border, and the extras' ties."""
    n_row, n_col = first.shape
    east = np.zeros((n_row, n_col), np.bool_)
    north = np.zeros((n_row, n_col), np.bool_)
    room, found = 1024, 0
    ties = np.empty((room, 2), np.int64)
    for r in range(n_row):
        for c in range(n_col):
            for way in range(2):
                r2, c2 = r + way, c + 1 - way
                if r2 >= n_row or c2 >= n_col:
                    continue
                if found + factor > room:
                    room *= 2
                    more = np.empty((room, 2), np.int64)
                    more[:found] = ties[:found]
                    ties = more
                for i in range(factor):
                    if way == 0:
                        a = label[r * factor + i, c2 * factor - 1]
                        b = label[r * factor + i, c2 * factor]
                    else:
                        a = label[r2 * factor - 1, c * factor + i]
                        b = label[r2 * factor, c * factor + i]
                    if a == 0 or b == 0:
                        continue
                    if a == 1 and b == 1:
                        if way == 0:
                            east[r, c] = True
                        else:
                            north[r, c] = True
                        continue
                    ties[found, 0] = r * n_col + c if a == 1 else -1 - (first[r, c] + a - 2)
                    ties[found, 1] = r2 * n_col + c2 if b == 1 else -1 - (first[r2, c2] + b - 2)
                    found += 1
    return east, north, ties[:found].copy()


@numba.njit(cache=True, nogil=True)
def _joined(east: Bools, north: Bools, r: int, c: int, r2: int, c2: int) -> bool:
    """Tell whether the own parts of two cells side by side meet."""
    if r == r2:
        return bool(east[r, min(c, c2)])
    return bool(north[min(r, r2), c])


@numba.njit(cache=True, nogil=True)
def _open_moves(east: Bools, north: Bools, wide: Bools, wet: Bools) -> NDArray[np.uint16]:
    """Return a bit for each move that stays on water.

    A slanting move passes through the corners of the cells between, so that these must be joined
    and at least half water; along a thin creek the way goes from middle to middle.
    """
    n_row, n_col = wet.shape
    out = np.zeros((n_row, n_col), np.uint16)
    for r in range(n_row):
        for c in range(n_col):
            if not wet[r, c]:
                continue
            bits = 0
            for m in range(16):
                dr, dc = MOVES[m, 0], MOVES[m, 1]
                r2, c2 = r + dr, c + dc
                if r2 < 0 or c2 < 0 or r2 >= n_row or c2 >= n_col or not wet[r2, c2]:
                    continue
                if m < 4:
                    good = _joined(east, north, r, c, r2, c2)
                elif m < 8:
                    good = (
                        wide[r, c2]
                        and _joined(east, north, r, c, r, c2)
                        and _joined(east, north, r, c2, r2, c2)
                    ) or (
                        wide[r2, c]
                        and _joined(east, north, r, c, r2, c)
                        and _joined(east, north, r2, c, r2, c2)
                    )
                else:
                    # The two cells between lie side by side across the longer leg.
                    if abs(dr) == 2:
                        ra, ca, rb, cb = r + dr // 2, c, r + dr // 2, c2
                    else:
                        ra, ca, rb, cb = r, c + dc // 2, r2, c + dc // 2
                    good = (
                        wide[ra, ca]
                        and wide[rb, cb]
                        and _joined(east, north, r, c, ra, ca)
                        and _joined(east, north, ra, ca, rb, cb)
                        and _joined(east, north, rb, cb, r2, c2)
                    )
                if good:
                    bits |= 1 << m
            out[r, c] = bits
    return out


@numba.njit(cache=True, nogil=True)
def _plain(moves: NDArray[np.uint16], share: NDArray[np.float32]) -> Bools:
    out = np.zeros(moves.shape, np.bool_)
    for r in range(2, moves.shape[0] - 2):
        for c in range(2, moves.shape[1] - 2):
            if moves[r, c] == 0xFFFF:
                out[r, c] = (share[r - 2 : r + 3, c - 2 : c + 3] == 1.0).all()
    return out


@numba.njit(cache=True, nogil=True)
def _node_at(fine: Bools, factor: int, row: int, col: int, extra_first: NDArray[np.int32]) -> int:
    n_col = fine.shape[1] // factor
    r, c = row // factor, col // factor
    block = fine[r * factor : (r + 1) * factor, c * factor : (c + 1) * factor].copy()
    label, _, _, _ = _parts(block, factor)
    mark = label[row - r * factor, col - c * factor]
    if mark <= 1:
        return int(r * n_col + c)
    return int(-1 - (extra_first[r * n_col + c] + mark - 2))


@numba.njit(cache=True, nogil=True)
def nodes_at(fine: Bools, net: Net, cell: Ints) -> Ints:
    """Return the node of each fine water cell (row, column), NOWHERE for row -1."""
    out = np.full(len(cell), NOWHERE, np.int64)
    for p in range(len(cell)):
        if cell[p, 0] >= 0:
            out[p] = _node_at(fine, net.factor, cell[p, 0], cell[p, 1], net.extra_first)
    return out
