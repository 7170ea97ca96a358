"""Change a division of the shore step by step, so that each step can be told, undone, replayed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from duty.division import Cut, Division, Hang, owners_of, parting, section_at
from geo.errors import InputError

Operation = Mapping[str, Any]

# What each operation's record holds beside ``op``.
FIELDS: Mapping[str, Mapping[str, type]] = {
    "move": {"shoreline_id": str, "chainage_m": float, "to_m": float},
    "cut": {"shoreline_id": str, "chainage_m": float, "section_id": str},
    "merge": {"section_id": str, "into": str},
    "hand_over": {"shoreline_id": str, "from_m": float, "to_m": float, "section_id": str},
    "hang": {"shoreline_id": str, "onto_shoreline_id": str, "onto_chainage_m": float},
    "unhang": {"shoreline_id": str},
    "lock": {"section_id": str},
    "unlock": {"section_id": str},
}
# What a new section may be called, where it has a name.
_NAMES = ("name", "name_en")
# Two chainages so near are one place: a page sends them rounded to the millimetre.
_SAME_M = 0.002
# A cut is known again by the whole metres that tables print.
_NAMED_M = 0.51


def fresh_id(taken: Iterable[str], stem: str) -> str:
    """Return ``stem-2``, or with the next number that is not taken."""
    known, number = set(taken), 2
    while f"{stem}-{number}" in known:
        number += 1
    return f"{stem}-{number}"


def replay(base: Division, operations: Sequence[Operation], shorelines: pl.DataFrame) -> Division:
    """Return what a list of operations makes of a division.

    A draft is its base and its operations: to undo is to leave out the last one, to redo is to
    put it back, and the same list gives the same division.

    Parameters
    ----------
    base : Division
        What the draft began with.
    operations : sequence of mappings
        Each with ``op`` and the fields of ``FIELDS`` (plain JSON; chainages in metres):
        ``move`` a cut along its shoreline, between its neighbours; ``cut`` a section in two: from
        the chainage to the next cut the shore goes to the new ``section_id``; ``merge`` a section
        into one that it touches (or that is alone on its shorelines); ``hand_over`` a stretch to
        another section (on a ring ``from_m > to_m`` runs through the origin); ``hang`` a
        shoreline, ``unhang`` it (it stays with whom it was, with a cut of its own); ``lock``,
        ``unlock``.
    shorelines : polars.DataFrame
        ``shoreline_id, length_m, is_ring``.

    Raises
    ------
    InputError
        At the first operation that cannot be done, with its number: a locked section, a place off
        the shoreline, a cut beyond its neighbour, something that is not there.
    """
    shores = {row[0]: row for row in shorelines.select(_SHORE).iter_rows()}
    division = base
    for number, operation in enumerate(operations, start=1):
        division = _apply(division, operation, shores, f"operation {number}")
    return division


_SHORE = ("shoreline_id", "length_m", "is_ring")
_Shores = Mapping[str, tuple[str, float, bool]]


@dataclass
class _Step:
    """One operation at work: what it is done to, and how to refuse it."""

    division: Division
    operation: Operation
    shores: _Shores
    where: str

    def refuse(self, what: str, mend: str) -> InputError:
        return InputError(what, where=self.where, mend=mend)

    def shore(self, name: str) -> tuple[float, bool]:
        """Return length and whether it is a ring."""
        shoreline = self.operation[name]
        if shoreline not in self.shores:
            raise self.refuse(f"shoreline {shoreline!r} does not exist", "Name one that does")
        return self.shores[shoreline][1:]

    def cuts_on(self, name: str) -> list[Cut]:
        shoreline = self.operation[name]
        own = [cut for cut in self.division.cuts if cut.shoreline_id == shoreline]
        if not own:
            raise self.refuse(
                f"shoreline {shoreline!r} has no cuts", "Unhang it first, or move where it hangs"
            )
        return own

    def on_shore(self, name: str, length: float, *, end: bool = False) -> float:
        """Return a chainage of the operation; ``end`` allows the shoreline's very end."""
        at = float(self.operation[name])
        if not (0.0 <= at < length or (end and 0.0 <= at <= length)):
            raise self.refuse(
                f"chainage {at:g} m is not within 0–{length:.0f} m", "Stay on the shoreline"
            )
        return at

    def section(self, name: str) -> str:
        section = str(self.operation[name])
        if section not in self.division.sections:
            raise self.refuse(f"section {section!r} does not exist", "Name one that does")
        return section

    def unlocked(self, *sections: str) -> None:
        shut = sorted(set(sections) & self.division.locked)
        if shut:
            raise self.refuse(f"section {', '.join(shut)} is locked", "Unlock it first")

    def result(
        self, cuts: Iterable[Cut], hangs: Iterable[Hang] | None = None, *, gone: str | None = None
    ) -> Division:
        """Return the division with other cuts; only section ``gone`` may be left without shore."""
        after = replace(
            self.division,
            cuts=tuple(sorted(cuts)),
            hangs=self.division.hangs if hangs is None else tuple(sorted(hangs)),
        )
        lost = set(self.division.sections) - set(after.sections) - {gone}
        if lost:
            raise self.refuse(
                f"section {', '.join(sorted(lost))} would be left without shore",
                "Merge it into another instead",
            )
        return after


def _is(value: object, kind: type) -> bool:
    """Tell whether a value is of its kind: text that can be printed, or a number."""
    if kind is str:
        return isinstance(value, str) and value.isprintable()
    # True is an int to Python, and no chainage.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _apply(division: Division, operation: Operation, shores: _Shores, number: str) -> Division:
    op = operation.get("op")
    fields = FIELDS.get(str(op))
    if fields is None:
        raise InputError(
            f"{op!r} is not an operation", where=number, mend=f"It is one of {', '.join(FIELDS)}"
        )
    wrong = [name for name, kind in fields.items() if not _is(operation.get(name), kind)]
    wrong += [name for name in _NAMES if not isinstance(operation.get(name), str | None)]
    step = _Step(division, operation, shores, f"{number} ({op})")
    if wrong:
        known = ", ".join(f"{name} ({kind.__name__})" for name, kind in fields.items())
        raise step.refuse(
            f"{', '.join(wrong)} is missing or not of its kind",
            f"Its fields are {known}",
        )
    return _OPERATIONS[str(op)](step)


def _move(step: _Step) -> Division:
    length, ring = step.shore("shoreline_id")
    own = step.cuts_on("shoreline_id")
    at, to = step.on_shore("chainage_m", length), step.on_shore("to_m", length)
    n = min(range(len(own)), key=lambda i: abs(own[i].chainage_m - at))
    if abs(own[n].chainage_m - at) > _NAMED_M:
        raise step.refuse(
            f"there is no cut at {at:.2f} m; the nearest is at {own[n].chainage_m:.2f} m",
            "Name a cut by its chainage",
        )
    if n == 0 and not ring:
        raise step.refuse(
            "the first cut of an open shoreline stays at 0 m", "Hand over or merge instead"
        )
    if len(own) > 1:
        # On a ring the neighbours may lie beyond the origin: count from the one before.
        low = own[n - 1].chainage_m
        high = own[(n + 1) % len(own)].chainage_m if ring or n + 1 < len(own) else length
        span = (high - low) % length or length
        if not 0.0 < (to - low) % length < span:
            raise step.refuse(
                f"{to:g} m is not between the neighbouring cuts at {low:g} m and {high:g} m",
                "Stay between them, or merge a section first",
            )
    step.unlocked(own[n - 1].section_id, own[n].section_id)
    moved = own[n]._replace(chainage_m=to)
    return step.result(moved if cut is own[n] else cut for cut in step.division.cuts)


def _cut(step: _Step) -> Division:
    length, _ = step.shore("shoreline_id")
    own = step.cuts_on("shoreline_id")
    at = step.on_shore("chainage_m", length)
    new = str(step.operation["section_id"])
    if not new.strip() or new in step.division.sections:
        raise step.refuse(f"section {new!r} is there already", "Give the new section another id")
    if any(abs(cut.chainage_m - at) <= _SAME_M for cut in own):
        raise step.refuse(f"there is a cut at {at:g} m already", "Cut elsewhere")
    step.unlocked(section_at([cut[1:] for cut in own], at))
    return step.result([*step.division.cuts, Cut(own[0].shoreline_id, at, new)])


def _merge(step: _Step) -> Division:
    gone, into = step.section("section_id"), step.section("into")
    if gone == into:
        raise step.refuse(f"section {gone!r} cannot be merged into itself", "Name two sections")
    step.unlocked(gone, into)
    touching: dict[str, set[str]] = {gone: set(), into: set()}
    for a, b in _neighbours(step.division.cuts, step.shores):
        for one, other in ((a, b), (b, a)):
            if one in touching and one != other:
                touching[one].add(other)
    if into not in touching[gone] and touching[gone] and touching[into]:
        raise step.refuse(
            f"sections {gone!r} and {into!r} do not touch",
            f"{gone} touches {', '.join(sorted(touching[gone]))}",
        )
    merged = (
        cut._replace(section_id=into) if cut.section_id == gone else cut
        for cut in step.division.cuts
    )
    return step.result(_tidy(merged, step.shores), gone=gone)


def _hand_over(step: _Step) -> Division:
    length, ring = step.shore("shoreline_id")
    own = step.cuts_on("shoreline_id")
    start = _snapped(step.on_shore("from_m", length), own)
    end = _snapped(step.on_shore("to_m", length, end=True), own)
    to = step.section("section_id")
    if start == end or (start > end and not ring):
        raise step.refuse(
            f"from {start:g} m to {end:g} m is no stretch of this shoreline",
            "Give from_m below to_m; only a ring runs on through its origin",
        )
    pairs = [cut[1:] for cut in own]
    inside = [cut for cut in own if (cut.chainage_m - start) % length < (end - start) % length]
    if (end - start) % length == 0.0:
        inside = own
    step.unlocked(to, section_at(pairs, start), *(cut.section_id for cut in inside))
    shoreline = own[0].shoreline_id
    changed = {cut.chainage_m: cut for cut in own if cut not in inside}
    changed[start] = Cut(shoreline, start, to)
    after = end % length if ring else end
    if after < length and after != start:
        changed.setdefault(after, Cut(shoreline, after, section_at(pairs, after)))
    others = [cut for cut in step.division.cuts if cut.shoreline_id != shoreline]
    return step.result(_tidy([*others, *changed.values()], step.shores))


def _snapped(chainage_m: float, cuts: Sequence[Cut]) -> float:
    """Return the chainage of a cut at this place, else the chainage itself."""
    return next(
        (cut.chainage_m for cut in cuts if abs(cut.chainage_m - chainage_m) <= _SAME_M), chainage_m
    )


def _hang(step: _Step) -> Division:
    step.shore("shoreline_id")
    length, _ = step.shore("onto_shoreline_id")
    hung, onto = str(step.operation["shoreline_id"]), str(step.operation["onto_shoreline_id"])
    at = step.on_shore("onto_chainage_m", length)
    if hung == onto or any(hang.onto_shoreline_id == hung for hang in step.division.hangs):
        raise step.refuse(
            f"shoreline {hung!r} is hung on by others, or by itself",
            "Hang those elsewhere first",
        )
    owners = owners_of(step.division)
    new = section_at([cut[1:] for cut in step.cuts_on("onto_shoreline_id")], at)
    was = {section for _, section in owners.get(hung, [])}
    if was != {new}:
        step.unlocked(new, *was)
    return step.result(
        (cut for cut in step.division.cuts if cut.shoreline_id != hung),
        [
            *(hang for hang in step.division.hangs if hang.shoreline_id != hung),
            Hang(hung, onto, at),
        ],
    )


def _unhang(step: _Step) -> Division:
    step.shore("shoreline_id")
    name = str(step.operation["shoreline_id"])
    hangs = [hang for hang in step.division.hangs if hang.shoreline_id != name]
    if len(hangs) == len(step.division.hangs):
        raise step.refuse(f"shoreline {name!r} does not hang", "Name one that hangs")
    section = owners_of(step.division)[name][0][1]
    return step.result([*step.division.cuts, Cut(name, 0.0, section)], hangs)


def _lock(step: _Step) -> Division:
    return replace(step.division, locked=step.division.locked | {step.section("section_id")})


def _unlock(step: _Step) -> Division:
    return replace(step.division, locked=step.division.locked - {step.section("section_id")})


_OPERATIONS: Mapping[str, Callable[[_Step], Division]] = {
    "move": _move,
    "cut": _cut,
    "merge": _merge,
    "hand_over": _hand_over,
    "hang": _hang,
    "unhang": _unhang,
    "lock": _lock,
    "unlock": _unlock,
}


def _by_shoreline(cuts: Iterable[Cut]) -> dict[str, list[Cut]]:
    own: dict[str, list[Cut]] = {}
    for cut in sorted(cuts):
        own.setdefault(cut.shoreline_id, []).append(cut)
    return own


def _neighbours(cuts: Iterable[Cut], shores: _Shores) -> Iterable[tuple[str, str]]:
    """Yield the sections on either side of each cut that has a side before it."""
    for shoreline, found in _by_shoreline(cuts).items():
        for n, cut in enumerate(found):
            if n or shores[shoreline][2]:
                yield found[n - 1].section_id, cut.section_id


def _tidy(cuts: Iterable[Cut], shores: _Shores) -> list[Cut]:
    return [
        cut
        for shoreline, found in _by_shoreline(cuts).items()
        for cut in parting(found, ring=shores[shoreline][2])
    ]
