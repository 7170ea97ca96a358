"""The shore as parts that are divided by themselves: walks between breaks, and rings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from duty._balance import Line, Runs, fewest, lows, solve
from duty._ring import around
from duty.division import Division, Owners, owners_of, section_at
from duty.workload import Floats, Ints, Shore
from geo.errors import InputError

_ROUNDING = 1.0 + 1e-12


class Terms(NamedTuple):
    """What a division is judged by: see `duty.proposal.propose`."""

    mean: float
    price: float
    length_km: float
    travel_min: float
    crossing_h: float


@dataclass(frozen=True)
class Part:
    """Pieces in walking order; what hangs on a piece counts with it.

    ``joint_min`` is the way from the piece before where the shore breaks off between them,
    ``border`` 1 where the township changes before the piece, ``stretch`` today's section whose
    longest stretch the piece is of (-1: of none).
    """

    shoreline: tuple[str, ...]
    from_m: Floats
    to_m: Floats
    km: Floats
    load: Floats
    travel_min: Floats
    joint_min: Floats
    border: Floats
    owner: tuple[str | None, ...]
    stretch: Ints
    ring: bool

    def told(self, piece: int | None = None) -> str:
        """Return where the part, or one of its pieces, lies."""
        a, b = (0, -1) if piece is None else (piece, piece)
        return (
            f"{self.shoreline[a]} {self.from_m[a]:.0f} m – {self.shoreline[b]} {self.to_m[b]:.0f} m"
        )

    def fewest(self, terms: Terms) -> int:
        """Return the least number of sections within the limits."""
        self._check(terms)
        if self.ring and self._fits(terms):
            return 1
        n = len(self.load)
        low = self._line(terms, 2 * n if self.ring else n).low
        return min(fewest(low, s, s + n) for s in range(self._starts(terms) if self.ring else 1))

    def solve(self, k: int, terms: Terms) -> Runs:
        """Return the best division into k; on a ring its places count on beyond the last piece."""
        n = len(self.load)
        if not self.ring:
            return solve(self._line(terms, n), k)
        if k == 1:
            return Runs(np.array([0, n]), self._whole(terms))
        starts = self._starts(terms)
        one = len(set(self.stretch.tolist())) == 1 and self.stretch[0] >= 0 and terms.price > 0.0
        return around(self._line(terms, n + starts), n, k, starts, ends=2 if one else 1)

    def _fits(self, terms: Terms) -> bool:
        """Return whether one section can have a whole ring."""
        crossed = bool(self.border.any()) and math.isinf(terms.crossing_h)
        return not crossed and bool(
            self.km.sum() <= terms.length_km * _ROUNDING
            and self.travel_min.sum() + self.joint_min.sum() <= terms.travel_min * _ROUNDING
        )

    def _whole(self, terms: Terms) -> float:
        """Return what a ring costs as one section: all its borders lie within."""
        named = self.stretch >= 0
        kept = np.bincount(self.stretch[named], self.km[named]).max(initial=0.0)
        crossed = self.border.sum() * (terms.crossing_h if self.border.any() else 0.0)
        off = float(self.load.sum()) - terms.mean
        return float(off**2 / terms.mean + crossed + terms.price * (self.km.sum() - kept))

    def _starts(self, terms: Terms) -> int:
        """Return how many places of a ring, from its first, must hold a cut of a division.

        That is as far as the section goes that begins with the first piece.
        """
        n = len(self.load)
        return min(int(np.flatnonzero(self._line(terms, n).low <= 0)[-1]) + 1, n)

    def _line(self, terms: Terms, count: int) -> Line:
        """Return a number of pieces from the first, on a ring more than once round."""
        n = len(self.load)
        turn = np.arange(count) % n
        km, joint, border = self.km[turn], self.joint_min[turn], self.border[turn]
        never = math.isinf(terms.crossing_h)
        nothing = np.zeros(count + 1)
        joints, crossed = (
            np.append(0.0, np.cumsum(np.append(x[1:], 0.0))) for x in (joint, border)
        )
        # A ring has a cut: no run goes all the way round.
        low = np.maximum(np.arange(count + 1) - (n - 1 if self.ring else n), 0)
        lows(
            np.column_stack([_sums(km), _sums(self.travel_min[turn]), nothing]),
            np.column_stack([nothing, joints, crossed]),
            np.array([terms.length_km, terms.travel_min, 0.0 if never else math.inf]),
            low,
        )
        return Line.of(
            self.load[turn],
            km,
            low=low,
            border=nothing if never else crossed * terms.crossing_h,
            stretch=self.stretch[turn],
            mean=terms.mean,
            price=terms.price,
            lap=n if self.ring else None,
        )

    def _check(self, terms: Terms) -> None:
        wrong = [
            f"{name} {values[piece]:.3g} at {self.told(int(piece))}"
            for name, values, most in (
                ("length_km", self.km, terms.length_km),
                ("travel_min", self.travel_min, terms.travel_min),
            )
            for piece in np.flatnonzero(values > most * _ROUNDING)[:5]
        ]
        if wrong:
            raise InputError(
                f"single pieces of shore are beyond the limits: {'; '.join(wrong)}",
                where="limits",
                mend="Raise the limit, or hang islands elsewhere",
            )


def parts_of(shore: Shore, today: Division, order: Sequence[str]) -> list[Part]:
    """Return the shore between breaks: at rings, at locked sections and at the ends."""
    owners = owners_of(today)
    rank = {name: n for n, name in enumerate(shore.names)}
    line, from_m, to_m = _pieces(shore, owners, sorted(rank[name] for name in order))
    segment = shore.segment_at(line, (from_m + to_m) / 2.0)
    share = (to_m - from_m) / (shore.to_m[segment] - shore.from_m[segment])
    weighted = shore.patrol_h * shore.weight
    km, load = shore.km[segment] * share, weighted[segment] * share
    travel = shore.pass_min[segment] * share
    # What hangs, and what lies on it, counts where it hangs.
    onto, onto_m = shore.hangs(today)
    hung, place_hung = onto[shore.line] >= 0, onto[shore.place_line] >= 0
    at_place = _piece_at(
        line, from_m,
        np.where(place_hung, onto[shore.place_line], shore.place_line),
        np.where(place_hung, onto_m[shore.place_line], shore.place_m),
    )  # fmt: skip
    at_hung = _piece_at(line, from_m, onto[shore.line[hung]], onto_m[shore.line[hung]])
    np.add.at(load, at_place, shore.place_h * shore.weight[shore.place_segment])
    np.add.at(load, at_hung, weighted[hung])
    np.add.at(km, at_hung, shore.km[hung])
    loose = np.flatnonzero(onto >= 0)
    np.add.at(
        travel,
        _piece_at(line, from_m, onto[loose], onto_m[loose]),
        shore.to_islands_min(onto, onto_m)[loose],
    )
    whose = [
        section_at(owners[shore.names[a]], x) if shore.names[a] in owners else None
        for a, x in zip(line.tolist(), ((from_m + to_m) / 2.0).tolist(), strict=True)
    ]
    town = np.array([shore.township[s] or "" if shore.township else "" for s in segment])
    found = []
    for walk, ring in _walks(shore, [rank[name] for name in order], line, whose, today.locked):
        at = np.array(walk)
        broken = line[at] != line[np.roll(at, 1)]
        hop = shore.straight_min(segment[np.roll(at, 1)], segment[at])
        part = Part(
            shoreline=tuple(shore.names[a] for a in line[at]),
            from_m=from_m[at],
            to_m=to_m[at],
            km=km[at],
            load=load[at],
            travel_min=travel[at],
            joint_min=np.where(broken, hop, 0.0),
            border=(town[at] != town[np.roll(at, 1)]).astype(np.float64),
            owner=tuple(whose[a] for a in walk),
            stretch=np.full(len(at), -1),
            ring=ring,
        )
        found.append(part)
    _name_longest(found)
    return found


def _sums(values: Floats) -> Floats:
    return np.append(0.0, np.cumsum(values))


def _pieces(shore: Shore, owners: Owners, lines: list[int]) -> tuple[Ints, Floats, Floats]:
    """Return shoreline, beginning and end of each segment, parted at the cuts."""
    rows: list[tuple[Ints, Floats, Floats]] = []
    for a in lines:
        own = np.flatnonzero(shore.line == a)
        end = shore.to_m[own[-1]]
        cuts = np.array([at for at, _ in owners.get(shore.names[a], [])])
        begins = np.union1d(shore.from_m[own], cuts[cuts < end])
        rows.append((np.full(len(begins), a), begins, np.append(begins[1:], end)))
    line, from_m, to_m = (np.concatenate(column) for column in zip(*rows, strict=True))
    return line, from_m, to_m


def _piece_at(line: Ints, from_m: Floats, at_line: Ints, at_m: Floats) -> Ints:
    reach = max(float(from_m.max()), float(at_m.max(initial=0.0))) + 1.0
    found = np.searchsorted(line * reach + from_m, at_line * reach + at_m, side="right") - 1
    return np.asarray(found, dtype=np.int64)


def _walks(
    shore: Shore,
    order: list[int],
    line: Ints,
    whose: Sequence[str | None],
    locked: frozenset[str],
) -> list[tuple[list[int], bool]]:
    """Return runs of pieces that are not locked, and whether each is a whole ring.

    A ring begins where today's section changes, one with a locked section behind that.
    """
    walks: list[tuple[list[int], bool]] = []
    going = False
    for a in order:
        mine = np.flatnonzero(line == a).tolist()
        ring = bool(shore.ring[a])
        if ring:
            shut = [n for n, piece in enumerate(mine) if whose[piece] in locked]
            changes = [n for n, piece in enumerate(mine) if whose[piece] != whose[mine[n - 1]]]
            turn = (shut or changes or [0])[0]
            mine = mine[turn:] + mine[:turn]
            if not shut:
                walks.append((mine, True))
                going = False
                continue
            going = False
        for piece in mine:
            if whose[piece] in locked:
                going = False
            elif going:
                walks[-1][0].append(piece)
            else:
                walks.append(([piece], False))
                going = True
        going = going and not ring
    return walks


def _name_longest(parts: list[Part]) -> None:
    """Give a number to each of today's sections where its longest stretch lies."""
    stretches: dict[str, tuple[float, Part, int, int]] = {}
    for part in parts:
        begin = 0
        for end in range(1, len(part.owner) + 1):
            if end < len(part.owner) and part.owner[end] == part.owner[begin]:
                continue
            name, km = part.owner[begin], float(part.km[begin:end].sum())
            if name is not None and (name not in stretches or km > stretches[name][0]):
                stretches[name] = (km, part, begin, end)
            begin = end
    for number, (_, part, begin, end) in enumerate(stretches.values()):
        part.stretch[begin:end] = number
