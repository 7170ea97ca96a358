"""What is said to whoever saves or publishes over somebody else's newer work."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from geo.errors import InputError
from workspace._boundaries_drafts import Draft, operations_at, read_draft, steps_of
from workspace._boundaries_operations import Operation
from workspace._drafted import Drafted, V


class ConflictError(InputError):
    """Refuse to write over newer work, and carry what differs.

    Parameters
    ----------
    rev : int
        The newer revision of the draft, or the newer version of the boundaries.
    stretches : polars.DataFrame
        What changed hands meanwhile, as `duty.division.difference` tells it, or of grids
        `geo.grids.exchanged`.
    clashes : polars.DataFrame
        What both changed, as `_boundaries_operations.clashes` or `_grids_draft.clashes` tells it.
    told : sequence of str
        Both in words.
    offered : sequence of operations
        Those that would make both works one.
    lost : sequence of str
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
        told: Sequence[str],
        offered: Sequence[Operation],
        lost: Sequence[str],
    ) -> None:
        gone = [f"no longer possible: {'; '.join(lost)}"] if lost else []
        super().__init__("; ".join([what, *told, *gone]), where=where, mend=mend)
        self.rev = rev
        self.stretches = stretches
        self.clashes = clashes
        self.offered = list(offered)
        self.lost = list(lost)


def overtaken(
    of: Drafted[V], connection: Connection, draft_id: str, rev: int, operations: Sequence[Operation]
) -> ConflictError:
    """Return what to say to whoever saves over a newer revision: whose it is and what differs.

    Offered are the newer operations with those of one's own that can be done after them.
    """
    now = read_draft(connection, draft_id)
    base = of.read(connection, now.based_on)
    newer = steps_of(connection, draft_id).filter(pl.col("rev") > rev)
    who = ", ".join(newer["user"].unique(maintain_order=True).to_list()) or now.author
    read = operations_at(connection, draft_id, rev) or []
    same = 0
    while same < min(len(read), len(operations)) and read[same] == operations[same]:
        same += 1
    theirs = _possible(of, base, now.operations)
    was = _possible(of, base, read)
    offered, lost = of.rebased([*now.operations, *operations[same:]], base, base)
    stretches = of.differing(was, theirs)
    both = of.clashes(was, _possible(of, base, operations), theirs)
    return ConflictError(
        f"{who} changed it since revision {rev}; it is at revision {now.rev} ({now.state})",
        where=now.place,
        mend="Read it again, and add your operations to the newer ones.",
        rev=now.rev,
        stretches=stretches,
        clashes=both,
        told=of.told(stretches, both),
        offered=offered,
        lost=lost,
    )


def outdated(
    of: Drafted[V], connection: Connection, one: Draft, base: V, latest: V
) -> ConflictError:
    """Return what to say to whoever publishes a draft of an older version.

    Offered are its operations as they can be done on the version published last.
    """
    stands = of.standing(connection)
    since = ", ".join(
        f"{row['version']} ({row['user'] or '-'}, {row['reason'] or '-'})"
        for row in stands.filter(pl.col("version") > (base.version or 0)).iter_rows(named=True)
    )
    gone = base.version is not None and base.version not in stands["version"]
    happened = [f"version {base.version} was taken back"] if gone else []
    happened += [f"version {since} was published since"] if since else []
    kept, lost = of.rebased(one.operations, base, latest)
    stretches = of.differing(base, latest)
    both = of.clashes(base, _possible(of, base, one.operations), latest)
    return ConflictError(
        f"{', '.join(happened)}; the draft is based on {base.version or '-'}",
        where=one.place,
        mend=f"shoregrid {of.command} WS rebase {one.draft_id}, then submit it again.",
        rev=latest.version or 0,
        stretches=stretches,
        clashes=both,
        told=of.told(stretches, both),
        offered=kept,
        lost=lost,
    )


def _possible(of: Drafted[V], base: V, operations: Sequence[Operation]) -> V:
    """Return what those operations make that can be done."""
    kept, _ = of.rebased(operations, base, base)
    return of.made(base, kept)
