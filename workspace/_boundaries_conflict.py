"""What is said to whoever saves or publishes over somebody else's newer work."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from duty.division import Division, difference
from geo.errors import InputError
from workspace import db, store
from workspace._boundaries_draft import Operation, clashes, rebased, replayed
from workspace._boundaries_drafts import Draft, lines, operations_at, read_draft, steps_of
from workspace._boundaries_held import Held, read_version
from workspace.folder import Workspace

_TOLD = 6


class ConflictError(InputError):
    """Refuse to write over newer work, and carry what differs.

    Parameters
    ----------
    rev : int
        The newer revision of the draft, or the newer version of the boundaries.
    stretches : polars.DataFrame
        What changed hands meanwhile, as `duty.division.difference` tells it.
    clashes : polars.DataFrame
        What both changed, as `_boundaries_draft.clashes` tells it.
    offered : sequence of operations
        Those that would make both works one.
    lost : list of str
        The operations that can no longer be done, and why.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str,
        mend: str,
        rev: int,
        stretches: pl.DataFrame,
        clashes: pl.DataFrame,
        offered: Sequence[Operation] = (),
        lost: Sequence[str] = (),
    ) -> None:
        super().__init__(f"{what}; {_told(stretches, clashes, lost)}", where=where, mend=mend)
        self.rev = rev
        self.stretches = stretches
        self.clashes = clashes
        self.offered = list(offered)
        self.lost = list(lost)


def _told(stretches: pl.DataFrame, clashes: pl.DataFrame, lost: Sequence[str]) -> str:
    parts = [
        f"{stretches['km'].sum():.1f} km changed hands meanwhile: {'; '.join(told(stretches))}"
        if stretches.height
        else "no shore changed hands meanwhile"
    ]
    if clashes.height:
        parts.append(f"both changed {clashes['km'].sum():.1f} km of it")
    if lost:
        parts.append(f"no longer possible: {'; '.join(lost)}")
    return "; ".join(parts)


def told(stretches: pl.DataFrame, most: int = _TOLD) -> list[str]:
    """Return the longest stretches in words."""
    rows = stretches.sort("km", descending=True, maintain_order=True)
    lines = [
        f"{row['shoreline_id']} {row['from_m']:.0f}–{row['to_m']:.0f} m "
        f"{row['from_section'] or '–'} → {row['to_section'] or '–'} ({row['km']:.1f} km)"
        for row in rows.head(most).iter_rows(named=True)
    ]
    return [*lines, f"… {rows.height - most}"] if rows.height > most else lines


def overtaken(
    ws: Workspace,
    connection: Connection,
    draft_id: str,
    rev: int,
    operations: Sequence[Operation],
) -> ConflictError:
    """Return what to say to whoever saves over a newer revision: whose it is and what differs.

    Offered are the newer operations with those of one's own that can be done after them.
    """
    now = read_draft(connection, draft_id)
    base = read_version(connection, now.based_on).division
    shore = lines(ws)
    newer = steps_of(connection, draft_id).filter(pl.col("rev") > rev)
    who = ", ".join(newer["user"].unique(maintain_order=True).to_list()) or now.author
    read = operations_at(connection, draft_id, rev) or []
    same = 0
    while same < min(len(read), len(operations)) and read[same] == operations[same]:
        same += 1
    theirs = _possible(base, now.operations, shore)
    was = _possible(base, read, shore)
    own, lost = rebased([*now.operations, *operations[same:]], base, base, shore)
    return ConflictError(
        f"{who} changed it since revision {rev}; it is at revision {now.rev} ({now.state})",
        where=now.place,
        mend="Read it again, and add your operations to the newer ones.",
        rev=now.rev,
        stretches=difference(was, theirs, shore),
        clashes=clashes(was, _possible(base, operations, shore), theirs, shore),
        offered=own,
        lost=lost,
    )


def outdated(
    ws: Workspace, connection: Connection, one: Draft, base: Division, latest: Held
) -> ConflictError:
    """Return what to say to whoever publishes a draft of an older version.

    Offered are its operations as they can be done on the version published last.
    """
    shore = lines(ws)
    since = store.read(
        connection,
        "boundary_versions",
        where=db.boundary_versions.c.version > (one.based_on or 0),
    )
    told = ", ".join(
        f"{row['version']} ({row['user'] or '-'}, {row['reason'] or '-'})"
        for row in since.iter_rows(named=True)
    )
    kept, lost = rebased(one.operations, base, latest.division, shore)
    mine = _possible(base, one.operations, shore)
    return ConflictError(
        f"version {told} was published since; the draft is based on {one.based_on or 'none'}",
        where=one.place,
        mend=f"shoregrid boundaries WS rebase {one.draft_id}, then submit it again.",
        rev=latest.version or 0,
        stretches=difference(base, latest.division, shore),
        clashes=clashes(base, mine, latest.division, shore),
        offered=kept,
        lost=lost,
    )


def _possible(base: Division, operations: Sequence[Operation], shore: pl.DataFrame) -> Division:
    """Return what those operations make that can be done."""
    kept, _ = rebased(operations, base, base, shore)
    return replayed(base, kept, shore)
