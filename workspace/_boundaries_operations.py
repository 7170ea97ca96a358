"""What a draft's operations make of a version, and what two people's changes make together."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import polars as pl

from duty.cutting import replay
from duty.division import CHANGED_HANDS, Cut, Division, Hang, difference, owners_of, section_at
from geo.errors import InputError
from workspace._boundaries_held import Held

Operation = Mapping[str, Any]
DIVIDE = "divide"
_NAMED = pl.Schema({"section_id": pl.String, "name": pl.String, "name_en": pl.String})


def divide(division: Division) -> dict[str, Any]:
    """Return the operation that divides the whole shore anew: a proposal, or a carried draft."""
    return {
        "op": DIVIDE,
        "cuts": [list(cut) for cut in division.cuts],
        "hangs": [list(hang) for hang in division.hangs],
        "locked": sorted(division.locked),
    }


def replayed(base: Division, operations: Sequence[Operation], shorelines: pl.DataFrame) -> Division:
    """Return what operations make of a version: those of `duty.cutting`, and `divide`.

    Raises
    ------
    InputError
        As `duty.cutting.replay`; operations are numbered from the one after the last `divide`.
    """
    whole = [n for n, one in enumerate(operations) if one.get("op") == DIVIDE]
    if not whole:
        return replay(base, operations, shorelines)
    start = whole[-1]
    rest = list(operations[start + 1 :])
    return replay(_whole(operations[start]), rest, shorelines)


def _whole(operation: Operation) -> Division:
    try:
        return Division(
            tuple(sorted(Cut(str(a), float(m), str(b)) for a, m, b in operation["cuts"])),
            tuple(sorted(Hang(str(a), str(b), float(m)) for a, b, m in operation["hangs"])),
            frozenset(map(str, operation["locked"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the operation {DIVIDE} lacks or miswrites something: {error}",
            where=f"operation ({DIVIDE})",
            mend="Give cuts [[shoreline, chainage, section]], hangs [[shoreline, onto, chainage]] "
            "and locked [section]",
        ) from error


def names(held: Held, operations: Sequence[Operation], division: Division) -> pl.DataFrame:
    """Return ``section_id, name, name_en, made`` of the sections of a draft.

    An operation that makes a section may name it: ``name``, ``name_en``; else its id does.
    """
    given = {
        str(one["section_id"]): (one.get("name"), one.get("name_en"))
        for one in operations
        if one.get("op") == "cut"
    }
    told = pl.DataFrame(
        [(name, *(given.get(name, (None, None)))) for name in division.sections],
        schema=_NAMED,
        orient="row",
    )
    known = held.sections.select(
        "section_id", was="name", was_en="name_en", made=pl.col("made").cast(pl.Boolean)
    )
    return told.join(known, on="section_id", how="left", maintain_order="left").select(
        "section_id",
        name=pl.coalesce("was", "name", "section_id"),
        name_en=pl.coalesce("was_en", "name_en"),
        made=pl.col("made").fill_null(value=False),
    )


def rebased(
    operations: Sequence[Operation], old: Division, new: Division, shorelines: pl.DataFrame
) -> tuple[list[Operation], list[str]]:
    """Return the operations that can be done on a newer version, and why others cannot.

    A whole new division takes over what the newer version changed, except where it changes the
    same stretch itself.
    """
    kept: list[Operation] = []
    lost: list[str] = []
    for number, one in enumerate(operations, start=1):
        moved = one
        if one.get("op") == DIVIDE:
            kept, lost = [], []
            moved = divide(merged(old, _whole(one), new, shorelines))
        try:
            replayed(new, [*kept, moved], shorelines)
        except InputError as error:
            lost.append(f"{number} ({one.get('op')}): {error.what}")
        else:
            kept.append(moved)
    return kept, lost


def merged(old: Division, mine: Division, theirs: Division, shorelines: pl.DataFrame) -> Division:
    """Return what two changes to one division make together; where both changed, mine holds."""
    was, own, other = owners_of(old), owners_of(mine), owners_of(theirs)
    hang_of = [{hang.shoreline_id: hang for hang in one.hangs} for one in (old, mine, theirs)]
    cuts: list[Cut] = []
    hangs: list[Hang] = []
    for shoreline, length, ring in shorelines.select(
        "shoreline_id", "length_m", "is_ring"
    ).iter_rows():
        before, here, there = (of.get(shoreline) for of in hang_of)
        chosen = here if here != before else there
        if chosen is not None:
            hangs.append(chosen)
            continue
        sides = [of.get(shoreline, []) for of in (was, own, other)]
        ends = sorted({0.0, *(m for side in sides for m, _ in side), length})
        stretches: list[tuple[float, str]] = []
        for a, _ in pairwise(ends):
            first, mine_now, theirs_now = (section_at(side, a) if side else None for side in sides)
            section = mine_now if mine_now != first else theirs_now
            if section is not None and (not stretches or stretches[-1][1] != section):
                stretches.append((a, section))
        if ring and len(stretches) > 1 and stretches[0][1] == stretches[-1][1]:
            stretches = stretches[1:]
        cuts += [Cut(shoreline, a, section) for a, section in stretches]
    return Division(tuple(sorted(cuts)), tuple(sorted(hangs)), mine.locked)


def clashes(
    old: Division, mine: Division, theirs: Division, shorelines: pl.DataFrame
) -> pl.DataFrame:
    """Return the stretches that both changed, and to different sections.

    ``shoreline_id, from_m, to_m``, ``from_section`` (of before), ``mine``, ``theirs``, ``km``.
    """
    ours = difference(old, mine, shorelines)
    apart = difference(theirs, mine, shorelines)
    rows = []
    for a in ours.iter_rows(named=True):
        for b in apart.filter(pl.col("shoreline_id") == a["shoreline_id"]).iter_rows(named=True):
            begin, end = max(a["from_m"], b["from_m"]), min(a["to_m"], b["to_m"])
            # What they left as it was is no clash: b tells mine beside the old one there.
            if begin < end and b["from_section"] != a["from_section"]:
                rows.append(
                    (a["shoreline_id"], begin, end, a["from_section"], a["to_section"],
                     b["from_section"], (end - begin) / 1000.0)
                )  # fmt: skip
    schema = {
        **{name: kind for name, kind in CHANGED_HANDS.items() if name not in {"to_section", "km"}},
        "mine": pl.String,
        "theirs": pl.String,
        "km": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def parsed(text: str) -> dict[str, Any]:
    """Return an operation written as JSON; raise InputError where it is none."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"the operation is not JSON: {error}", where="--op", mend=_EXAMPLE
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("op"), str):
        raise InputError("the operation is not an object with `op`", where="--op", mend=_EXAMPLE)
    return found


_EXAMPLE = 'Write it such as {"op": "merge", "section_id": "S02", "into": "S01"}.'
