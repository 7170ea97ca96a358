"""The way of a draft from its proposal to publication, and back where that was too early."""

from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy import Connection, update

from geo.errors import InputError
from workspace import rights, store, users
from workspace._boundaries_conflict import outdated, overtaken
from workspace._boundaries_drafts import (
    Draft,
    change,
    must_be,
    note,
    read_draft,
    reasoned,
    steps_of,
)
from workspace._boundaries_held import latest, standing
from workspace._drafted import SECTION, Drafted, V, drafted
from workspace.folder import Workspace

WRITERS = rights.doers("draft_boundaries")
"""Roles that may draft boundaries and propose them."""
APPROVERS = rights.doers("approve_boundaries")
"""Roles that may approve what another drafted, publish it, and take a version back."""
_WRITING = ("created", "saved", "undone", "redone", "rebased", "proposed")


def submit(
    ws: Workspace, draft_id: str, *, user: str, reason: str = "", now: datetime | None = None
) -> Draft:
    """Propose a draft for approval."""
    return _step(ws, draft_id, "draft", "proposed", WRITERS, user=user, reason=reason, now=now)


def approve(
    ws: Workspace, draft_id: str, *, user: str, reason: str, now: datetime | None = None
) -> Draft:
    """Approve a proposed draft; whoever drafted, changed or proposed it cannot.

    Raises
    ------
    InputError
        When the account may not, the draft is not proposed, or no reason is given.
    """
    reasoned(f"draft {draft_id}", reason)
    return _step(ws, draft_id, "proposed", "approved", APPROVERS, user=user, reason=reason, now=now)


def reject(
    ws: Workspace, draft_id: str, *, user: str, reason: str, now: datetime | None = None
) -> Draft:
    """Reject a proposed draft; saving it again makes it a draft again."""
    reasoned(f"draft {draft_id}", reason)
    return _step(ws, draft_id, "proposed", "rejected", APPROVERS, user=user, reason=reason, now=now)


def publish(
    ws: Workspace,
    draft_id: str,
    *,
    valid_from: date,
    user: str,
    reason: str,
    now: datetime | None = None,
) -> int:
    """Publish an approved draft with the local day from which it holds; return its version.

    Raises
    ------
    ConflictError
        When another version was published since: `rebase` puts the draft on that one.
    InputError
        When the account may not, the draft is not approved, or the day lies in the past or before
        the one from which the version published last is to hold.
    """
    reasoned(f"draft {draft_id}", reason)
    moment = now or datetime.now(UTC)
    day = moment.astimezone(ws.config.tz).date()
    if valid_from < day:
        raise InputError(
            f"the day {valid_from} is past",
            where=f"draft {draft_id}",
            mend=f"Give {day} or a later day: --from YYYY-MM-DD.",
        )
    with ws.begin() as connection:
        of = drafted(ws, read_draft(connection, draft_id).level)
        store.touch(connection, of.table)
        users.must_be(connection, user, APPROVERS, where=f"draft {draft_id}")
        one = read_draft(connection, draft_id)
        must_be(one, "approved")
        last = of.read(connection, of.newest(connection))
        base = of.read(connection, one.based_on)
        if last.version != base.version:
            raise outdated(of, connection, one, base, last)
        _not_early(of, connection, one, last, valid_from)
        version = of.publish(
            connection,
            of.stood(base, one.operations),
            valid_from=valid_from,
            user=user,
            reason=reason.strip(),
            now=moment,
            day=day,
            draft_id=draft_id,
            made=one.made,
        )
        if not change(connection, one, one.rev, t=moment, state="published"):
            raise overtaken(of, connection, draft_id, one.rev, one.operations)
        note(connection, one, "published", user=user, reason=reason, now=moment)
    return version


def _not_early(
    of: Drafted[V], connection: Connection, one: Draft, last: V, valid_from: date
) -> None:
    """Raise InputError where what is to hold later would hold from a draft's day."""
    stands = of.standing(connection)
    begins = stands.filter(pl.col("version") == (last.version or 0))["valid_from"]
    if begins.is_empty() or begins[0] <= valid_from:
        return
    changed = of.differing(of.read(connection, latest(stands, valid_from)), last)
    raise InputError(
        f"version {last.version} is its base and holds from {begins[0]} on; from {valid_from} "
        f"this would change hands early: {of.summed(changed)}",
        where=one.place,
        mend=f"Publish from {begins[0]} or later, or first take version {last.version} back: "
        f"shoregrid {of.command} WS withdraw {last.version}.",
    )


def withdraw(
    ws: Workspace,
    version: int,
    *,
    user: str,
    reason: str,
    grids: bool = False,
    now: datetime | None = None,
) -> Draft | None:
    """Take back the version published last before it holds; return its draft, a draft again.

    The version is kept, marked; nothing reads it any more but the list of versions. ``grids`` says
    that it is one of a level of grids. An imported version has no draft (None).

    Raises
    ------
    InputError
        When the account may not, there is no such version, it holds already, or another was
        published after it.
    """
    name = "grid_versions" if grids else "boundary_versions"
    place = f"version {version}"
    reasoned(place, reason)
    moment = now or datetime.now(UTC)
    table = store.table_of(name)
    with ws.begin() as connection:
        store.touch(connection, name)
        users.must_be(connection, user, APPROVERS, where=place)
        found = standing(connection, name, table.c.version == version)
        if found.is_empty():
            raise InputError(
                f"there is no version {version}",
                where="grids" if grids else "boundaries",
                mend="`list` shows them.",
            )
        row = found.row(0, named=True)
        if row["valid_from"] <= moment.astimezone(ws.config.tz).date():
            raise InputError(
                f"it holds since {row['valid_from']}",
                where=place,
                mend="Draft what should hold instead, and publish that.",
            )
        of = drafted(ws, row["level"] if grids else SECTION)
        last = of.newest(connection)
        if last != version:
            raise InputError(
                f"version {last} was published after it",
                where=place,
                mend=f"Take version {last} back first, if it does not hold yet.",
            )
        connection.execute(
            update(table).where(table.c.version == version).values(withdrawn_at=moment)
        )
        detail = {"reason": reason, "valid_from": row["valid_from"].isoformat()}
        users.record(connection, user, f"{of.command} withdrawn", str(version), detail, now=moment)
        if row["draft_id"] is None:
            return None
        one = read_draft(connection, row["draft_id"])
        change(connection, one, one.rev, t=moment, state="draft")
        given = read_draft(connection, one.draft_id)
        note(connection, given, "withdrawn", user=user, reason=reason, now=moment)
    return given


def _step(
    ws: Workspace,
    draft_id: str,
    before: str,
    after: str,
    roles: tuple[str, ...],
    *,
    user: str,
    reason: str,
    now: datetime | None,
) -> Draft:
    """Bring a draft from one state to the next, in the revision that is judged."""
    moment = now or datetime.now(UTC)
    with ws.begin() as connection:
        users.must_be(connection, user, roles, where=f"draft {draft_id}")
        one = read_draft(connection, draft_id)
        must_be(one, before)
        done = steps_of(connection, draft_id)
        hands = set(done.filter(pl.col("step").is_in(_WRITING))["user"])
        if after == "approved" and user in hands:
            raise InputError(
                f"{user} drafted, changed or proposed it",
                where=f"draft {draft_id}",
                mend="Somebody else must approve it.",
            )
        if not change(connection, one, one.rev, t=moment, state=after):
            raise overtaken(drafted(ws, one.level), connection, draft_id, one.rev, one.operations)
        given = read_draft(connection, draft_id)
        note(connection, given, after, user=user, reason=reason, now=moment)
    return given
