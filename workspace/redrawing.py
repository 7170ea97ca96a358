"""The sections under the hands: what a planner's operations make of a version, and its drafts.

A `Look` is all that a page draws and tells of one state, made anew for every step and every drag.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from duty.cutting import fresh_id
from duty.division import difference
from duty.figures import against, figures
from duty.proposal import Proposal
from duty.sections import place
from workspace import boundaries
from workspace._boundaries_compare import located, shore_of
from workspace._boundaries_drafts import Draft, lines, must_be_of, stood_on
from workspace._boundaries_held import TABLES, Held, held
from workspace._boundaries_operations import Operation, divide
from workspace._boundaries_propose import PRICES, trade_off
from workspace._cache import cached
from workspace._drafted import SECTION
from workspace.folder import Workspace
from workspace.placing import segments


@dataclass(frozen=True)
class Look:
    """How the sections stand after some operations on a version.

    ``sections`` are `duty.figures.against` the version, with ``name, name_en, locked`` and
    ``touches`` (the sections beside it). ``cuts`` have ``shoreline_id, chainage_m, section_id,
    before`` (whose shore ends there; null at the origin of an open shoreline) and ``lon, lat``.
    ``owner`` has each segment's number in ``order``, by its middle, and ``moved`` whether the
    version gives it to another. ``fresh`` is a free id for the half of each section that is cut in
    two. ``cv`` and ``max_over_mean`` tell the balance of ``load_h``, ``was`` that of the version;
    ``moved_km`` how much shore changes hands.
    """

    based_on: int | None
    sections: pl.DataFrame
    cuts: pl.DataFrame
    order: tuple[str, ...]
    owner: np.ndarray
    moved: np.ndarray
    fresh: dict[str, str]
    cv: float
    max_over_mean: float
    was: tuple[float, float]
    moved_km: float
    locked: frozenset[str]


def look(ws: Workspace, based_on: int | None, operations: Sequence[Operation]) -> Look:
    """Return how the sections stand after some operations on a version.

    Raises
    ------
    InputError
        When an operation cannot be done, or shore would have no section.
    """
    base, shore = held(ws, based_on), lines(ws)
    now = stood_on(base, operations, shore)
    division = now.division
    locked = _locked(operations)
    owners, was_owners = _owners(ws, now), _owners(ws, base)
    order = tuple(dict.fromkeys(one for one in owners if one is not None))
    number = {name: n for n, name in enumerate(order)}
    sums, before = _figures(ws, now), _base_figures(ws, base)
    told = against(sums, before) if before.height else sums
    names = now.sections.select("section_id", "name", "name_en")
    names = pl.concat([names, base.sections.select("section_id", "name", "name_en")])
    touches = _touching(now, shore)
    return Look(
        based_on,
        told.join(names.unique("section_id", keep="first"), on="section_id", how="left")
        .with_columns(
            locked=pl.col("section_id").is_in(list(locked)),
            touches=pl.col("section_id").replace_strict(
                touches, default=[], return_dtype=pl.List(pl.String)
            ),
            place=pl.col("section_id").replace_strict(number, default=len(order)),
        )
        .sort("place", "section_id")
        .drop("place"),
        located(ws, _parted(now.cuts, shore)) if now.cuts.height else now.cuts,
        order,
        np.array([-1 if one is None else number[one] for one in owners], np.int32),
        np.array([a != b for a, b in zip(owners, was_owners, strict=True)], bool),
        {name: fresh_id(now.sections["section_id"], name) for name in order},
        *_balance(sums),
        _balance(before),
        float(difference(base.division, division, shore)["km"].sum()),
        locked,
    )


def _locked(operations: Sequence[Operation]) -> frozenset[str]:
    found: set[str] = set()
    for one in operations:
        if one.get("op") == "divide":
            found = set(one.get("locked", ()))
        elif one.get("op") == "lock":
            found.add(str(one["section_id"]))
        elif one.get("op") == "unlock":
            found.discard(str(one["section_id"]))
    return frozenset(found)


def _owners(ws: Workspace, now: Held) -> list[str | None]:
    """Return the section of the middle of each segment, in the order of the shore."""
    shore = segments(ws)
    if now.cuts.is_empty() or shore.empty:
        return [None] * len(shore)
    middle = pl.DataFrame(
        {
            "shoreline_id": shore["shoreline_id"].tolist(),
            "chainage_m": ((shore["from_m"] + shore["to_m"]) / 2).to_numpy(),
        }
    )
    return place(middle, now.cuts, now.hangs).to_list()


def _figures(ws: Workspace, now: Held) -> pl.DataFrame:
    if now.cuts.is_empty():
        return pl.DataFrame()
    return figures(shore_of(ws), now.division)


def _base_figures(ws: Workspace, base: Held) -> pl.DataFrame:
    tables = (*TABLES, "segments", "scores", "runs", "wharves", "risk_points")
    key = ("figures of version", base.version)
    return cached(ws, key, tables, lambda: _figures(ws, base))


def _balance(sums: pl.DataFrame) -> tuple[float, float]:
    """Return the coefficient of variation of the loads, and the largest over their mean."""
    if sums.is_empty():
        return float("nan"), float("nan")
    load = sums["load_h"].to_numpy()
    mean = float(load.mean())
    return (float(load.std()) / mean, float(load.max()) / mean) if mean > 0 else (0.0, 1.0)


def _parted(cuts: pl.DataFrame, shore: pl.DataFrame) -> pl.DataFrame:
    """Return cuts with whose shore ends there: on a ring the last one's before the first."""
    rings = dict(shore.select("shoreline_id", "is_ring").iter_rows())
    ordered = cuts.sort("shoreline_id", "chainage_m")
    own = pl.col("section_id")
    last = own.last().over("shoreline_id")
    ring = pl.col("shoreline_id").replace_strict(rings, return_dtype=pl.Boolean)
    before = own.shift(1).over("shoreline_id")
    return ordered.with_columns(before=pl.coalesce(before, pl.when(ring).then(last)))


def _touching(now: Held, shore: pl.DataFrame) -> dict[str, list[str]]:
    """Return the sections that meet each one at a cut."""
    found: dict[str, set[str]] = {name: set() for name in now.sections["section_id"]}
    if now.cuts.height:
        pairs = _parted(now.cuts, shore).select("before", "section_id").drop_nulls()
        for a, b in pairs.iter_rows():
            if a != b:
                found.setdefault(a, set()).add(b)
                found.setdefault(b, set()).add(a)
    return {name: sorted(beside) for name, beside in found.items()}


@dataclass(frozen=True)
class Offer:
    """A proposal as a choice: its figures, and the operation that takes it."""

    chiefs: int
    price_h_per_km: float
    moved_km: float
    cv: float
    max_over_mean: float
    operation: Operation = field(repr=False)


@dataclass(frozen=True)
class Redrawing:
    """The boundaries of one workspace as the pages and the API ask for them."""

    ws: Workspace

    def look(self, based_on: int | None, operations: Sequence[Operation]) -> Look:
        """Return how the sections stand after some operations on a version."""
        return look(self.ws, based_on, operations)

    def versions(self) -> pl.DataFrame:
        """Return the versions, the latest first."""
        return boundaries.versions(self.ws)

    def newest(self) -> int | None:
        """Return the version published last, on which drafts are based."""
        found = boundaries.versions(self.ws).filter(pl.col("withdrawn_at").is_null())["version"]
        return int(found.max()) if len(found) else None  # type: ignore[arg-type]

    def drafts(self) -> pl.DataFrame:
        """Return the drafts of the sections, the newest first."""
        return boundaries.drafts(self.ws)

    def draft(self, draft_id: str) -> Draft:
        """Return a draft of the sections; raise InputError where there is none of that id."""
        found = boundaries.draft(self.ws, draft_id)
        must_be_of(found, (SECTION,))
        return found

    def steps(self, draft_id: str) -> pl.DataFrame:
        """Return what was done with a draft."""
        return boundaries.steps(self.ws, draft_id)

    def offers(self, chiefs: int | None, locked: Sequence[str]) -> list[Offer]:
        """Return proposals on the curve of balance against shore handed over, the best first."""
        found: list[Proposal] = trade_off(
            self.ws, chiefs=[chiefs] if chiefs else [], prices=PRICES, locked=locked
        )
        return [
            Offer(
                one.k, one.price_h_per_km, one.moved_km, one.cv, one.max_over_mean,
                divide(one.division),
            )
            for one in sorted(found, key=lambda one: one.cv)
            if one.moved_km > 0
        ]  # fmt: skip

    def create(self, name: str, operations: Sequence[Operation], *, user: str) -> Draft:
        """Begin a draft from the version published last."""
        return boundaries.create(self.ws, name, user=user, operations=operations)

    def save(
        self,
        draft_id: str,
        operations: Sequence[Operation],
        undone: Sequence[Operation],
        *,
        rev: int,
        user: str,
    ) -> Draft:
        """Save a draft over the revision that was read."""
        return boundaries.save(self.ws, draft_id, operations, rev=rev, user=user, undone=undone)

    def submit(self, draft_id: str, *, user: str) -> Draft:
        """Propose a draft."""
        return boundaries.submit(self.ws, draft_id, user=user)

    def approve(self, draft_id: str, *, user: str, reason: str) -> Draft:
        """Approve a draft."""
        return boundaries.approve(self.ws, draft_id, user=user, reason=reason)

    def reject(self, draft_id: str, *, user: str, reason: str) -> Draft:
        """Send a draft back."""
        return boundaries.reject(self.ws, draft_id, user=user, reason=reason)

    def publish(self, draft_id: str, *, valid_from: date, user: str, reason: str) -> int:
        """Publish a draft from a day on; return its version."""
        return boundaries.publish(
            self.ws, draft_id, valid_from=valid_from, user=user, reason=reason
        )

    def rebase(self, draft_id: str, *, user: str) -> tuple[Draft, list[str]]:
        """Put a draft on the version published last; return it and what no longer applies."""
        given, lost, _ = boundaries.rebase(self.ws, draft_id, user=user)
        return given, lost

    def withdraw(self, version: int, *, user: str, reason: str) -> Draft | None:
        """Take back the version that is to hold next."""
        return boundaries.withdraw(self.ws, version, user=user, reason=reason)
