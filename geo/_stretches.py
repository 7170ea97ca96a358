"""Stretches of a newer shore, each with the older segments that run along it."""

from bisect import bisect
from dataclasses import dataclass, field

import numpy as np

from geo._matching import Coast
from geo.crs import Bools, Floats, Ints

# A stretch longer or shorter than its older self by more than this is cut anew, or joined.
_LONGER, _SHORTER = 1.75, 0.25
# An island that is one segment is the same one up to this factor: twenty metres of noise do as
# much to the round of an islet.
_ISLET = 4.0
# Less shore than this share of a segment is none of its own.
_SCRAP = 0.1
# Two older stretches may claim so much of the same newer shore before one of them has to give way.
_SHARED = 0.25
# Chainages nearer than this are one and the same cut.
SAME_M = 0.01


@dataclass
class Stretch:
    """A stretch of newer shore with the older segments that run along it.

    ``spans`` are the chainages of each older segment on the newer shore; ``keeps`` is the one
    whose id the stretch keeps whole.
    """

    line: int
    from_m: float
    to_m: float
    olds: list[int] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)
    keeps: int | None = None

    @property
    def length_m(self) -> float:
        return self.to_m - self.from_m


def stretches(
    line: Ints, at: Floats, length_m: Floats, target_m: float, *, alone: Bools, whole: bool
) -> list[Stretch]:
    """Gather older segments into stretches of newer shore.

    Each is a stretch of its own while its length is about what it was (and ``whole`` is true);
    those too short go together with their neighbours.

    Parameters
    ----------
    line, at : newer shoreline of each older segment (or -1), and its two ends there (n, 2).
    alone : the older segments that are a whole island each: these have no neighbours, and one of
        them may shrink or grow more than a stretch of a longer shore and be itself still.
    """
    new_m = np.diff(at, axis=1)[:, 0]
    ratio = new_m / length_m
    fits = whole & (ratio >= _SHORTER) & (ratio <= _LONGER)
    fits |= alone & (ratio >= 1 / _ISLET) & (ratio <= _ISLET) & (new_m < 1.5 * target_m)
    blocks: list[Stretch] = []
    for row in np.flatnonzero(line >= 0).tolist():
        a, b = float(at[row, 0]), float(at[row, 1])
        last = blocks[-1] if blocks else None
        touches = (
            last is not None
            and last.olds[-1] == row - 1
            and last.line == line[row]
            and abs(last.to_m - a) < SAME_M
        )
        joins = touches and not fits[row] and (not whole or ratio[row] < _SHORTER)
        if (
            joins
            and last is not None
            and last.keeps is None
            and (not whole or last.length_m < target_m)
        ):
            last.to_m = b
            last.olds.append(row)
            last.spans.append((a, b))
            continue
        blocks.append(Stretch(int(line[row]), a, b, [row], [(a, b)], row if fits[row] else None))
    return _joined(blocks, target_m)


def _joined(blocks: list[Stretch], target_m: float) -> list[Stretch]:
    """Give what is too short for a segment to a neighbour that keeps its id."""
    out: list[Stretch] = []
    waiting: Stretch | None = None
    for block in blocks:
        if waiting is not None:
            if block.keeps is not None and _touch(waiting, block):
                block.from_m = waiting.from_m
                block.olds = waiting.olds + block.olds
                block.spans = waiting.spans + block.spans
            else:
                out.append(waiting)
            waiting = None
        if block.keeps is not None or block.length_m >= _SHORTER * target_m:
            out.append(block)
        elif out and out[-1].keeps is not None and _touch(out[-1], block):
            out[-1].to_m = block.to_m
            out[-1].olds += block.olds
            out[-1].spans += block.spans
        else:
            waiting = block
    return out if waiting is None else [*out, waiting]


def _touch(first: Stretch, second: Stretch) -> bool:
    return (
        first.line == second.line
        and first.olds[-1] + 1 == second.olds[0]
        and abs(first.to_m - second.from_m) < SAME_M
    )


def covering(
    blocks: list[Stretch], new: Coast, first: dict[int, float], target_m: float
) -> tuple[list[Stretch], Floats]:
    """Return blocks that cover the newer shorelines whole, in order, and each ring's origin."""
    origin = np.zeros(len(new.total_m))
    covered: list[Stretch] = []
    by_line: dict[int, list[Stretch]] = {}
    for block in blocks:
        by_line.setdefault(block.line, []).append(block)
    for line, total_m in enumerate(new.total_m.tolist()):
        own = by_line.get(line, [])
        if own and new.ring[line]:
            starts = np.mod([block.from_m for block in own], total_m)
            wanted = first.get(line, float(starts.min())) % total_m
            around = np.abs(np.mod(starts - wanted + total_m / 2, total_m) - total_m / 2)
            start = starts[int(around.argmin())]
            # A ring that begins where it began is left as it is, to the last bit.
            origin[line] = 0.0 if min(start, total_m - start) < SAME_M else start
            for block in own:
                _shift(block, -origin[line], total_m)
        covered += _filled(_apart_from_each_other(own), line, total_m, target_m)
    return covered, origin


def _shift(block: Stretch, by_m: float, total_m: float) -> None:
    """Move a block along its ring, to begin between the origin and the end."""
    start = (block.from_m + by_m) % total_m
    if total_m - start < SAME_M:
        start = 0.0
    by_m = start - block.from_m
    block.from_m, block.to_m = start, min(block.to_m + by_m, total_m)
    block.spans = [(a + by_m, b + by_m) for a, b in block.spans]


def _apart_from_each_other(blocks: list[Stretch]) -> list[Stretch]:
    """Return blocks in the order of the shore; where two claim the same, one gives way.

    What keeps an id goes first, and of equals the longer.
    """
    out: list[Stretch] = []
    for block in sorted(blocks, key=lambda one: (one.keeps is None, -one.length_m, one.from_m)):
        at = bisect(out, block.from_m, key=lambda one: one.from_m)
        floor = out[at - 1].to_m if at else -np.inf
        ceiling = out[at].from_m if at < len(out) else np.inf
        start, stop = max(block.from_m, floor), min(block.to_m, ceiling)
        if stop - start >= (1.0 - _SHARED) * block.length_m and stop > start:
            block.from_m, block.to_m = start, stop
            out.insert(at, block)
    return out


def _filled(blocks: list[Stretch], line: int, total_m: float, target_m: float) -> list[Stretch]:
    """Return the blocks of one shoreline with new ones between them, and no gap too small."""
    out: list[Stretch] = []
    end = 0.0
    for block in [*_whole_ones(blocks, target_m), Stretch(line, total_m, total_m)]:
        gap = block.from_m - end
        if gap >= _SCRAP * target_m or (gap > 0 and not out and not block.olds):
            out.append(Stretch(line, end, block.from_m))
        elif gap > 0 and out:
            out[-1].to_m = block.from_m
        elif gap > 0:
            block.from_m = end
        if block.olds:
            out.append(block)
        end = block.to_m
    return out


def _whole_ones(blocks: list[Stretch], target_m: float) -> list[Stretch]:
    """Return blocks in order, a scrap that keeps no id given to the one it lies beside."""
    out: list[Stretch] = []
    for block in blocks:
        scrap = block.keeps is None and block.length_m < _SCRAP * target_m
        if scrap and out and block.from_m - out[-1].to_m < _SCRAP * target_m:
            out[-1].to_m = block.to_m
            out[-1].olds += block.olds
            out[-1].spans += block.spans
        elif not scrap or len(blocks) == 1:
            out.append(block)
    return out


def pieces(stretch: Stretch, target_m: float) -> int:
    """Return how many segments a stretch is cut to."""
    return 1 if stretch.keeps is not None else max(1, round(stretch.length_m / target_m))
