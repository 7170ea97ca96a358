"""The boundaries as one person may see and change them; what is done bears that person's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from workspace.boundaries import Draft
    from workspace.redrawing import Look, Offer, Operation, Redrawing


class SeenRedrawing:
    """`workspace.redrawing.Redrawing` behind the door: ``must`` refuses what a role may not do."""

    def __init__(self, inner: Redrawing, user: str, must: Callable[[str], None]) -> None:
        must("see_boundaries")
        self._inner = inner
        self._user = user
        self._must = must

    def look(self, based_on: int | None, operations: Sequence[Operation]) -> Look:
        """Return how the sections stand after some operations on a version."""
        return self._inner.look(based_on, operations)

    def versions(self) -> pl.DataFrame:
        """Return the versions, the latest first."""
        return self._inner.versions()

    def newest(self) -> int | None:
        """Return the version published last."""
        return self._inner.newest()

    def drafts(self) -> pl.DataFrame:
        """Return the drafts, the newest first."""
        return self._inner.drafts()

    def draft(self, draft_id: str) -> Draft:
        """Return a draft."""
        return self._inner.draft(draft_id)

    def steps(self, draft_id: str) -> pl.DataFrame:
        """Return what was done with a draft."""
        return self._inner.steps(draft_id)

    def offers(self, chiefs: int | None, locked: Sequence[str]) -> list[Offer]:
        """Return proposals along the curve of balance against shore handed over."""
        return self._inner.offers(chiefs, locked)

    def create(self, name: str, operations: Sequence[Operation]) -> Draft:
        """Begin a draft."""
        self._must("draft_boundaries")
        return self._inner.create(name, operations, user=self._user)

    def save(
        self,
        draft_id: str,
        operations: Sequence[Operation],
        undone: Sequence[Operation],
        *,
        rev: int,
    ) -> Draft:
        """Save a draft over the revision that was read."""
        self._must("draft_boundaries")
        return self._inner.save(draft_id, operations, undone, rev=rev, user=self._user)

    def submit(self, draft_id: str) -> Draft:
        """Propose a draft."""
        self._must("draft_boundaries")
        return self._inner.submit(draft_id, user=self._user)

    def rebase(self, draft_id: str) -> tuple[Draft, list[str]]:
        """Put a draft on the version published last."""
        self._must("draft_boundaries")
        return self._inner.rebase(draft_id, user=self._user)

    def approve(self, draft_id: str, reason: str) -> Draft:
        """Approve a draft."""
        self._must("approve_boundaries")
        return self._inner.approve(draft_id, user=self._user, reason=reason)

    def reject(self, draft_id: str, reason: str) -> Draft:
        """Send a draft back."""
        self._must("approve_boundaries")
        return self._inner.reject(draft_id, user=self._user, reason=reason)

    def publish(self, draft_id: str, valid_from: date, reason: str) -> int:
        """Publish a draft from a day on."""
        self._must("approve_boundaries")
        return self._inner.publish(draft_id, valid_from=valid_from, user=self._user, reason=reason)

    def withdraw(self, version: int, reason: str) -> Draft | None:
        """Take back the version that is to hold next."""
        self._must("approve_boundaries")
        return self._inner.withdraw(version, user=self._user, reason=reason)
