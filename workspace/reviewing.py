"""The queue of events, best first, and what reviewers decide about them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import and_

from geo.errors import InputError
from workspace import db, store
from workspace.folder import Workspace

DECISIONS = ("confirm", "dismiss", "watch", "hand_over")
ORDINARY = ("stop", "berth_visit")
"""Kinds that are kept and shown, and wait for nobody's decision."""


def queue(
    ws: Workspace,
    *,
    kinds: Sequence[str] = (),
    since: datetime | None = None,
    top: int = 50,
) -> pl.DataFrame:
    """Return the events that rank highest: columns of ``events``, and the latest ``decision``.

    Without ``kinds`` all but stops and visits of berths; ``since`` leaves out what ended before.
    """
    of = db.events.c.kind.in_(kinds) if kinds else db.events.c.kind.not_in(ORDINARY)
    where = of if since is None else and_(of, db.events.c.t1 >= since)
    found = store.read(ws.engine, "events", where=where).sort(
        "rank", "t0", "event_id", descending=[True, True, False], nulls_last=True
    )
    return (
        found.head(top)
        .join(decided(ws), on="event_id", how="left", maintain_order="left")
        .with_columns(pl.col("decision").fill_null(""))
    )


def decided(ws: Workspace) -> pl.DataFrame:
    """Return ``event_id, decision, reason``: the latest decision on each event that there is now.

    A decision on an event that later data turned into another counts for what it became.
    """
    rows = store.read(ws.engine, "decisions").sort("t", "decision_id")
    became = dict(
        store.read(
            ws.engine, "event_versions", columns=["event_id", "became"],
            where=db.event_versions.c.became.is_not(None),
            order=["event_id", "version"],
        ).iter_rows()
    )  # fmt: skip

    here = set(store.read(ws.engine, "events", columns=["event_id"])["event_id"])

    def now(event_id: str) -> str:
        seen = {event_id}
        while event_id not in here and became.get(event_id, event_id) not in seen:
            event_id = became[event_id]
            seen.add(event_id)
        return event_id

    held = pl.Series("event_id", [now(one) for one in rows["event_id"]], dtype=pl.String)
    return (
        rows.with_columns(held)
        .unique("event_id", keep="last", maintain_order=True)
        .select("event_id", "decision", "reason")
    )


def decide(
    ws: Workspace,
    event_id: str,
    decision: str,
    *,
    reason: str = "",
    user: str = "",
    now: datetime | None = None,
) -> str:
    """Note a reviewer's decision on an event as it stands now; return the decision's id.

    Raises
    ------
    InputError
        When there is no such event or decision, or a dismissal without a reason.
    """
    if decision not in DECISIONS:
        raise InputError(
            f"the decision was {decision!r}",
            where=f"event {event_id}",
            mend=f"Decide one of {', '.join(DECISIONS)}.",
        )
    found = store.read(ws.engine, "events", where=db.events.c.event_id == event_id)
    if found.is_empty():
        raise InputError(
            f"there is no event {event_id}",
            where=str(ws.root),
            mend="`shoregrid events WS` lists them; it may have become another.",
        )
    if decision == "dismiss" and not reason.strip():
        raise InputError(
            "an event is dismissed with a reason",
            where=f"event {event_id}",
            mend="Say why: --reason TEXT.",
        )
    row = {
        "decision_id": uuid.uuid4().hex[:12],
        "event_id": event_id,
        "event_version": found["version"][0],
        "t": now or datetime.now(UTC),
        "user": user or None,
        "decision": decision,
        "reason": reason or None,
    }
    store.write(ws.engine, "decisions", pl.DataFrame([row]))
    return str(row["decision_id"])
