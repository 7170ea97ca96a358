"""What drafts are of: the sections of the shore, or one level of grids; both go the same way."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

import polars as pl
from sqlalchemy import Connection

from duty.division import difference
from workspace import store
from workspace._boundaries_drafts import lines, made_of, stood_on
from workspace._boundaries_held import Held, newest, publish, read_version, standing
from workspace._boundaries_operations import Operation, clashes, rebased
from workspace._grids_draft import GridDrafts
from workspace._grids_held import Level, known
from workspace.folder import Workspace

SECTION = "section"
_TOLD = 6
V = TypeVar("V", Held, Level)


class Drafted(Protocol[V]):
    """How the versions of something are read, changed, compared and published.

    A version is a value with its number as ``version``; ``table`` keeps the list of versions,
    ``command`` is the command's word for them.
    """

    table: str
    command: str

    def newest(self, connection: Connection) -> int | None:
        """Return the version published last, whether its day has come or not."""

    def standing(self, connection: Connection) -> pl.DataFrame:
        """Return the versions that nobody took back, in their order."""

    def read(self, target: store.Target, version: int | None) -> V:
        """Return a version; an empty one for None."""

    def made(self, base: V, operations: Sequence[Operation]) -> V:
        """Return what operations make of a version; raise InputError where one cannot be done."""

    def stood(self, base: V, operations: Sequence[Operation]) -> V:
        """Return the same; raise InputError where it could not be published."""

    def rebased(
        self, operations: Sequence[Operation], old: V, new: V
    ) -> tuple[list[Operation], list[str]]:
        """Return the operations that can be done on a newer version, and why others cannot."""

    def differing(self, old: V, new: V) -> pl.DataFrame:
        """Return what changed hands."""

    def clashes(self, old: V, mine: V, theirs: V) -> pl.DataFrame:
        """Return what both changed, each in another way."""

    def told(self, differing: pl.DataFrame, clashes: pl.DataFrame) -> list[str]:
        """Return both in words."""

    def summed(self, differing: pl.DataFrame) -> str:
        """Return what changed hands in words."""

    def publish(
        self,
        connection: Connection,
        stood: V,
        *,
        valid_from: date,
        user: str,
        reason: str,
        now: datetime,
        day: date,
        draft_id: str,
        made: bool,
    ) -> int:
        """Add a version and return its number."""


class SectionDrafts:
    """Drafts of the sections of the shore; a version is a `Held`."""

    table = "boundary_versions"
    command = "boundaries"
    newest = staticmethod(newest)
    read = staticmethod(read_version)
    publish = staticmethod(publish)

    def __init__(self, ws: Workspace) -> None:
        self.shore = lines(ws)

    def standing(self, connection: Connection) -> pl.DataFrame:
        """Return the versions that nobody took back, in their order."""
        return standing(connection, self.table)

    def made(self, base: Held, operations: Sequence[Operation]) -> Held:
        """Return what operations make of a version."""
        return made_of(base, operations, self.shore)

    def stood(self, base: Held, operations: Sequence[Operation]) -> Held:
        """Return the same; raise InputError where shore would have no section."""
        return stood_on(base, operations, self.shore)

    def rebased(
        self, operations: Sequence[Operation], old: Held, new: Held
    ) -> tuple[list[Operation], list[str]]:
        """Return the operations that can be done on a newer version, and why others cannot."""
        return rebased(operations, old.division, new.division, self.shore)

    def differing(self, old: Held, new: Held) -> pl.DataFrame:
        """Return the stretches that changed hands."""
        return difference(old.division, new.division, self.shore)

    def clashes(self, old: Held, mine: Held, theirs: Held) -> pl.DataFrame:
        """Return the stretches that both changed."""
        return clashes(old.division, mine.division, theirs.division, self.shore)

    def told(self, differing: pl.DataFrame, clashes: pl.DataFrame) -> list[str]:
        """Return both in words."""
        parts = [f"changed hands since: {self.summed(differing)}"]
        if clashes.height:
            parts.append(f"both changed {clashes['km'].sum():.1f} km of it")
        return parts

    def summed(self, differing: pl.DataFrame) -> str:
        """Return what changed hands in words."""
        some = _stretches_told(differing)
        return f"{differing['km'].sum():.1f} km" + (f" ({', '.join(some)})" if some else "")


def _stretches_told(stretches: pl.DataFrame) -> list[str]:
    """Return the longest stretches in words."""
    rows = stretches.sort("km", descending=True, maintain_order=True)
    lines = [
        f"{row['shoreline_id']} {row['from_m']:.0f}–{row['to_m']:.0f} m "
        f"{row['from_section'] or '–'} → {row['to_section'] or '–'} ({row['km']:.1f} km)"
        for row in rows.head(_TOLD).iter_rows(named=True)
    ]
    return [*lines, f"… {rows.height - _TOLD}"] if rows.height > _TOLD else lines


def drafted(ws: Workspace, level: str = SECTION) -> Drafted[Held] | Drafted[Level]:
    """Return how drafts of the sections or of a level of grids are treated."""
    return SectionDrafts(ws) if level == SECTION else GridDrafts(ws, known(level))
