"""Say whose each place on the shore is: cuts, hangs, and what changed hands between two."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

import polars as pl

CUTS = pl.Schema({"shoreline_id": pl.String, "chainage_m": pl.Float64, "section_id": pl.String})
HANGS = pl.Schema(
    {"shoreline_id": pl.String, "onto_shoreline_id": pl.String, "onto_chainage_m": pl.Float64}
)
CHANGED_HANDS = pl.Schema(
    {
        "shoreline_id": pl.String,
        "from_m": pl.Float64,
        "to_m": pl.Float64,
        "from_section": pl.String,
        "to_section": pl.String,
        "km": pl.Float64,
    }
)
Owners = dict[str, list[tuple[float, str]]]


class Cut(NamedTuple):
    """Whose shore begins at a chainage."""

    shoreline_id: str
    chainage_m: float
    section_id: str


class Hang(NamedTuple):
    """Where a shoreline without cuts hangs."""

    shoreline_id: str
    onto_shoreline_id: str
    onto_chainage_m: float


@dataclass(frozen=True)
class Division:
    """The shore divided into sections: a value that never changes and can be compared.

    ``cuts`` and ``hangs`` are sorted. A section is there because shore is its own. ``locked``
    sections keep their shore in every operation and proposal.
    """

    cuts: tuple[Cut, ...] = ()
    hangs: tuple[Hang, ...] = ()
    locked: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, cuts: pl.DataFrame, hangs: pl.DataFrame, *, locked: Iterable[str] = ()
    ) -> "Division":
        """Return the division of the tables ``section_cuts`` and ``section_hangs``."""
        return cls(
            tuple(sorted(map(Cut._make, cuts.select(CUTS.names()).iter_rows()))),
            tuple(sorted(map(Hang._make, hangs.select(HANGS.names()).iter_rows()))),
            frozenset(locked),
        )

    @property
    def sections(self) -> tuple[str, ...]:
        """Return the ids of the sections, sorted."""
        return tuple(sorted({cut.section_id for cut in self.cuts}))

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return cuts and hangs as tables, as `duty.sections` takes them."""
        return (
            pl.DataFrame(self.cuts, schema=CUTS, orient="row"),
            pl.DataFrame(self.hangs, schema=HANGS, orient="row"),
        )


def difference(before: Division, after: Division, shorelines: pl.DataFrame) -> pl.DataFrame:
    """Return the stretches that changed hands between two divisions.

    ``shorelines`` needs ``shoreline_id, length_m``. Rows are in the order of ``shorelines`` and
    along each, as ``CHANGED_HANDS``; what runs through a ring's origin comes as two rows, and a
    side without a section is null. What is not listed has the same section in both.
    """
    rows: list[tuple[str, float, float, str | None, str | None, float]] = []
    old, new = owners_of(before), owners_of(after)
    for shoreline, length in shorelines.select("shoreline_id", "length_m").iter_rows():
        sides = [_from_origin(of.get(shoreline, [])) for of in (old, new)]
        ends = sorted({end for side in sides for end in (*(a for a, _ in side), length)})
        changed: list[tuple[float, float, str | None, str | None]] = []
        for a, b in pairwise(ends):
            was, now = (section_at(side, a) if side else None for side in sides)
            if was == now:
                continue
            if changed and changed[-1][1:] == (a, was, now):
                a = changed.pop()[0]
            changed.append((a, b, was, now))
        rows += [(shoreline, a, b, was, now, (b - a) / 1000.0) for a, b, was, now in changed]
    return pl.DataFrame(rows, schema=CHANGED_HANDS, orient="row")


def owners_of(division: Division) -> Owners:
    """Return per shoreline its cuts in order; one that hangs has the section it hangs on from 0."""
    owners: Owners = {}
    for cut in division.cuts:
        owners.setdefault(cut.shoreline_id, []).append((cut.chainage_m, cut.section_id))
    hung = {
        hang.shoreline_id: [(0.0, section_at(owners[hang.onto_shoreline_id], hang.onto_chainage_m))]
        for hang in division.hangs
        if hang.onto_shoreline_id in owners
    }
    return owners | hung


def section_at(cuts: Sequence[tuple[float, str]], chainage_m: float) -> str:
    """Return whose the shore is at a chainage; before a ring's first cut it is the last one's."""
    return cuts[bisect_right(cuts, chainage_m, key=itemgetter(0)) - 1][1]


def parting(cuts: Sequence[Cut], *, ring: bool) -> list[Cut]:
    """Return one shoreline's cuts without those that have the same section on both sides."""
    kept = [
        cut
        for n, cut in enumerate(cuts)
        if (not n and not ring) or cuts[n - 1].section_id != cut.section_id
    ]
    return kept or list(cuts[:1])


def _from_origin(cuts: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the cuts with one at 0, where a ring's last section comes through the origin."""
    return cuts if not cuts or cuts[0][0] <= 0.0 else [(0.0, cuts[-1][1]), *cuts]
