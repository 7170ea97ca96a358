"""The boundaries of sections and grids: drafts, their approval, and what is published.

A draft is the version that it began from and a list of operations: of sections those of
`duty.cutting` and `divide`, of a level of grids those of `duty.grids` and `compose`.
It goes its way as a weight set does: draft, proposed, approved by another person, published with a
day from which it holds. Every step is kept with the operations of that moment, so that nothing
anybody saved is ever lost. Who saves says which revision he had read; where somebody was faster he
gets a `ConflictError` that tells what differs.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl

from duty.division import Division
from geo.errors import InputError
from workspace import store, users
from workspace._boundaries_approval import (
    APPROVERS,
    WRITERS,
    approve,
    publish,
    reject,
    submit,
    withdraw,
)
from workspace._boundaries_conflict import ConflictError, overtaken
from workspace._boundaries_drafts import (
    Draft,
    change,
    drafts,
    lines,
    must_be,
    must_be_of,
    note,
    operations_at,
    read_draft,
    steps_of,
    stood_on,
)
from workspace._boundaries_held import Held, held, holding, versions
from workspace._boundaries_history import answering, history, locate
from workspace._boundaries_operations import Operation, parsed
from workspace._drafted import SECTION, drafted
from workspace.folder import Workspace

__all__ = [
    "APPROVERS",
    "STATES",
    "WRITERS",
    "ConflictError",
    "Draft",
    "answering",
    "approve",
    "create",
    "division",
    "draft",
    "drafts",
    "edit",
    "history",
    "lines",
    "locate",
    "parsed",
    "publish",
    "rebase",
    "redo",
    "reject",
    "save",
    "steps",
    "stood",
    "submit",
    "undo",
    "versions",
    "withdraw",
]

STATES = ("draft", "proposed", "approved", "rejected", "published")


def division(ws: Workspace, day: date | None = None) -> Division:
    """Return the boundaries that hold on a local day, today where none is named."""
    return holding(ws, day).division


def draft(ws: Workspace, draft_id: str) -> Draft:
    """Return a draft; raise InputError where there is none of that id."""
    return read_draft(ws.engine, draft_id)


def steps(ws: Workspace, draft_id: str) -> pl.DataFrame:
    """Return what was done with a draft, oldest first: rev, step, operations, t, user, reason."""
    return steps_of(ws.engine, draft(ws, draft_id).draft_id)


def stood(ws: Workspace, reference: str | int | None = None) -> Held:
    """Return a version by its number, a draft by its id, or what holds today (None, "now").

    A draft comes with the number of the version that it is based on.
    """
    if reference in (None, "now"):
        return holding(ws)
    text = str(reference)
    if text.isdecimal():
        found = held(ws, int(text))
        if found.version not in versions(ws)["version"]:
            raise InputError(
                f"there is no version {text}",
                where="boundaries",
                mend="`shoregrid boundaries WS list` shows them.",
            )
        return found
    one = draft(ws, text)
    must_be_of(one, (SECTION,))
    return stood_on(held(ws, one.based_on), one.operations, lines(ws))


def create(
    ws: Workspace,
    name: str,
    *,
    user: str,
    level: str = SECTION,
    operations: Sequence[Operation] = (),
    reason: str = "",
    made: bool = False,
    now: datetime | None = None,
) -> Draft:
    """Begin a draft of the sections, or of a level of grids, from the version published last.

    Raises
    ------
    InputError
        When the account may not, the name is empty, or an operation cannot be done.
    """
    if not name.strip():
        raise InputError("the draft has no name", where="boundaries", mend="Give it: --name TEXT.")
    moment = now or datetime.now(UTC)
    with ws.begin() as connection:
        users.must_be(connection, user, WRITERS, where="boundaries")
        of = drafted(ws, level)
        base = of.read(connection, of.newest(connection))
        of.stood(base, operations)
        row = {
            "draft_id": f"D{secrets.token_hex(4)}",
            "name": store.sound_text(name.strip()),
            "based_on": base.version,
            "operations": store.as_json(list(operations)),
            "undone": "[]",
            "rev": 1,
            "author": user,
            "state": "draft",
            "t": moment,
            "made": made,
            "level": level,
        }
        frame = pl.DataFrame([row], schema_overrides={"based_on": pl.Int64})
        store.write(connection, "boundary_drafts", frame)
        given = read_draft(connection, str(row["draft_id"]))
        note(connection, given, "created", user=user, reason=reason, now=moment)
    return given


def save(
    ws: Workspace,
    draft_id: str,
    operations: Sequence[Operation],
    *,
    rev: int,
    user: str,
    undone: Sequence[Operation] = (),
    step: str = "saved",
    now: datetime | None = None,
) -> Draft:
    """Save a draft's operations over the revision that one had read; an approval is void with it.

    Raises
    ------
    ConflictError
        When somebody saved a newer revision; nothing is changed.
    InputError
        When the account may not, the draft is published, there is no such revision, or an
        operation cannot be done.
    """
    moment = now or datetime.now(UTC)
    with ws.begin() as connection:
        users.must_be(connection, user, WRITERS, where=f"draft {draft_id}")
        before = read_draft(connection, draft_id)
        of = drafted(ws, before.level)
        if not 1 <= rev <= before.rev:
            raise InputError(
                f"there is no revision {rev}; the last is {before.rev}",
                where=before.place,
                mend="Give the one that you read: --rev N.",
            )
        if before.rev == rev:
            of.stood(of.read(connection, before.based_on), operations)
        if before.state == "published":
            must_be(before, "draft")
        done = change(
            connection,
            before,
            rev,
            rev=rev + 1,
            t=moment,
            operations=store.as_json(list(operations)),
            undone=store.as_json(list(undone)),
            state="draft",
        )
        if not done:
            raise overtaken(of, connection, draft_id, rev, operations)
        given = read_draft(connection, draft_id)
        note(connection, given, step, user=user, now=moment)
    return given


def edit(
    ws: Workspace,
    draft_id: str,
    operations: Sequence[Operation],
    *,
    user: str,
    rev: int | None = None,
    now: datetime | None = None,
) -> Draft:
    """Add operations to a draft; to the revision that one had read, where it is named."""
    one = draft(ws, draft_id)
    read = one.rev if rev is None else rev
    before = one.operations if read == one.rev else operations_at(ws.engine, draft_id, read)
    return save(ws, draft_id, [*(before or ()), *operations], rev=read, user=user, now=now)


def undo(ws: Workspace, draft_id: str, *, user: str, now: datetime | None = None) -> Draft:
    """Take back the last operation of a draft."""
    one = draft(ws, draft_id)
    if not one.operations:
        raise InputError(
            "there is nothing to undo", where=one.place, mend="`show` tells its operations."
        )
    *kept, last = one.operations
    return save(
        ws, draft_id, kept, rev=one.rev, user=user,
        undone=[*one.undone, last], step="undone", now=now,
    )  # fmt: skip


def redo(ws: Workspace, draft_id: str, *, user: str, now: datetime | None = None) -> Draft:
    """Put back the operation that was taken back last."""
    one = draft(ws, draft_id)
    if not one.undone:
        raise InputError(
            "there is nothing to redo", where=one.place, mend="`show` tells its operations."
        )
    *left, last = one.undone
    return save(
        ws, draft_id, [*one.operations, last], rev=one.rev, user=user,
        undone=left, step="redone", now=now,
    )  # fmt: skip


def rebase(
    ws: Workspace, draft_id: str, *, user: str, now: datetime | None = None
) -> tuple[Draft, list[str], pl.DataFrame]:
    """Put a draft on the version published last.

    Returns
    -------
    The draft, the operations that no longer apply and why, and what both changed
    (`_drafted.Drafted.clashes`), where the draft's own holds.
    """
    moment = now or datetime.now(UTC)
    with ws.begin() as connection:
        users.must_be(connection, user, WRITERS, where=f"draft {draft_id}")
        one = read_draft(connection, draft_id)
        of = drafted(ws, one.level)
        new = of.read(connection, of.newest(connection))
        old = of.read(connection, one.based_on)
        kept, lost = of.rebased(one.operations, old, new)
        both = of.clashes(old, of.made(old, one.operations), new)
        if one.state == "published":
            must_be(one, "draft")
        done = change(
            connection,
            one,
            one.rev,
            rev=one.rev + 1,
            t=moment,
            operations=store.as_json(kept),
            undone="[]",
            based_on=new.version,
            state="draft",
        )
        if not done:
            raise overtaken(of, connection, draft_id, one.rev, one.operations)
        given = read_draft(connection, draft_id)
        note(connection, given, "rebased", user=user, reason="; ".join(lost), now=moment)
    return given, lost, both
