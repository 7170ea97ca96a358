"""The weight sets of a workspace: who wrote them, who approved them, which is in force when.

Sets and steps are only ever added. The shipped set is always there under its own name, needs no
approval, and is in force where no other was put in force.
"""

from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Connection, and_, select

from geo.errors import InputError
from risk.indicators import evaluate
from risk.weights import WeightSet, load
from workspace import db, rights, store, users
from workspace._cache import cached
from workspace._run import shifts_from
from workspace.evidence import inputs
from workspace.folder import Workspace
from workspace.shipped import shipped_file

WRITERS = rights.doers("draft_weights")
"""Roles that may add a set and propose it."""
APPROVERS = rights.doers("approve_weights")
"""Roles that may approve what another wrote, reject it, and put it in force."""
STATES = ("draft", "proposed", "approved", "rejected")
_TABLES = ("weight_sets", "weight_steps")


def shipped_set() -> WeightSet:
    """Return the set that the product ships."""
    path = shipped_file("weights/default.toml")
    return load(path.read_text(encoding="utf-8"), where=path.name)


def weight_set(ws: Workspace) -> WeightSet:
    """Return the weight set in force; the shipped one until another is put in force."""
    return cached(ws, "weight set in force", _TABLES, lambda: _in_force(ws))


def _in_force(ws: Workspace) -> WeightSet:
    used = in_force(ws)
    return one(ws, used["name"][0], used["version"][0]) if used.height else shipped_set()


def in_force(ws: Workspace) -> pl.DataFrame:
    """Return which sets were put in force, the latest first: name, version, t, user, reason."""
    found = store.read(ws.engine, "weight_steps", where=db.weight_steps.c.step == "in_force")
    return found.sort("step_id", descending=True).select("name", "version", "t", "user", "reason")


def weight_set_of(ws: Workspace, run_id: str) -> WeightSet:
    """Return the set that a run scored with; the one in force where the run does not say."""
    return cached(ws, ("weights of", run_id), ("runs", *_TABLES), lambda: _of_run(ws, run_id))


def _of_run(ws: Workspace, run_id: str) -> WeightSet:
    found = store.read(
        ws.engine,
        "runs",
        where=db.runs.c.run_id == run_id,
        columns=["weights_name", "weights_version"],
    ).drop_nulls()
    return one(ws, *found.row(0)) if found.height else weight_set(ws)


def one(ws: Workspace, name: str, version: int | None = None) -> WeightSet:
    """Return a set by its name, of its latest version where none is named.

    The shipped set is that of the installed release, whatever its version.
    """
    shipped = shipped_set()
    if name == shipped.name:
        return shipped
    table = db.weight_sets.c
    where = table.name == name
    if version is not None:
        where = and_(where, table.version == version)
    found = store.read(ws.engine, "weight_sets", where=where)
    if found.is_empty():
        raise InputError(
            f"there is no weight set {_called(name, version)}",
            where=str(ws.root),
            mend="`shoregrid weights WS list` shows them.",
        )
    return load(found["toml"][-1], where=_called(name, version))


def named(ws: Workspace, reference: str) -> WeightSet:
    """Return a set by `NAME` (its latest version) or `NAME:VERSION`."""
    name, colon, version = reference.rpartition(":")
    if colon and version.isdecimal():
        return one(ws, name, int(version))
    return one(ws, reference)


def listed(ws: Workspace) -> pl.DataFrame:
    """Return all sets, the shipped one first.

    Columns name, version, author, reason_zh, reason_en, t, user, state (of STATES), in_force.
    """
    shipped, now = shipped_set(), weight_set(ws)
    sets = store.read(ws.engine, "weight_sets").sort("t", "name", "version")
    steps = store.read(ws.engine, "weight_steps")
    own = [
        {**row, "state": _state(steps, row["name"], row["version"])}
        for row in sets.drop("toml").iter_rows(named=True)
    ]
    head = ("name", "version", "author", "reason_zh", "reason_en")
    first = {name: getattr(shipped, name) for name in head} | {"state": "approved"}
    rows = [
        {**row, "in_force": (row["name"], row["version"]) == (now.name, now.version)}
        for row in (first, *own)
    ]
    schema = {**sets.drop("toml").schema, "state": pl.String, "in_force": pl.Boolean}
    return pl.DataFrame(rows, schema=schema)


def steps(ws: Workspace, name: str, version: int) -> pl.DataFrame:
    """Return what was done with a set, oldest first: step, t, user, reason."""
    table = db.weight_steps.c
    found = store.read(
        ws.engine, "weight_steps", where=and_(table.name == name, table.version == version)
    )
    return found.sort("step_id").select("step", "t", "user", "reason")


def _state(all_steps: pl.DataFrame, name: str, version: int) -> str:
    done = all_steps.filter((pl.col("name") == name) & (pl.col("version") == version))["step"]
    return next((state for state in reversed(STATES) if state in done.to_list()), "draft")


def add(
    ws: Workspace, text: str, *, where: str, user: str, now: datetime | None = None
) -> WeightSet:
    """Add a weight set from TOML text as a draft; it is kept just as it is written.

    Raises
    ------
    InputError
        When the text is no weight set, its name is the shipped one's, its version is not above
        those there are, or the account may not.
    """
    given = load(text, where=where)
    if given.name == shipped_set().name or ":" in given.name or given.name != given.name.strip():
        raise InputError(
            f"the name {given.name!r} cannot be given to a weight set",
            where=where,
            mend="Choose another than the shipped set's, without colons or blanks around it.",
        )
    moment = now or datetime.now(UTC)
    _try(ws, given, moment)
    with ws.begin() as connection:
        users.must_be(connection, user, WRITERS, where="weight sets")
        table = db.weight_sets.c
        known = connection.scalars(select(table.version).where(table.name == given.name)).all()
        if known and given.version <= max(known):
            raise InputError(
                f"version {given.version} of {given.name} is not above {max(known)}",
                where=where,
                mend="Sets are never changed; give the file the next version.",
            )
        row = {
            **{name: getattr(given, name) for name in ("name", "version", "author")},
            **{name: getattr(given, name) for name in ("reason_zh", "reason_en")},
            "toml": text,
            "t": moment,
            "user": user,
        }
        store.write(connection, "weight_sets", pl.DataFrame([row]))
        users.record(connection, user, "weight set added", _named(given), now=moment)
    return given


def _try(ws: Workspace, given: WeightSet, moment: datetime) -> None:
    """Refuse a set that cannot be evaluated here; without a coast there is nothing to try it on."""
    if not store.count(ws.engine, "segments"):
        return
    wanted = shifts_from(ws, moment.astimezone(ws.config.tz).date(), 1)[:1]
    try:
        evaluate(inputs(ws, given, wanted), wanted, as_of=moment, weights=given)
    except InputError as error:
        raise InputError(
            error.what, where=f"weight set {_named(given)}", mend=error.mend
        ) from error


def propose(
    ws: Workspace, given: WeightSet, *, user: str, reason: str = "", now: datetime | None = None
) -> None:
    """Propose a draft for approval."""
    with ws.begin() as connection:
        users.must_be(connection, user, WRITERS, where="weight sets")
        _must_be(connection, given, "draft")
        _note(connection, given, "proposed", user=user, reason=reason, now=now)


def approve(
    ws: Workspace, given: WeightSet, *, user: str, reason: str, now: datetime | None = None
) -> None:
    """Approve a proposed set; whoever wrote, added or proposed it cannot.

    Raises
    ------
    InputError
        When the account may not, or the set is not proposed, or no reason is given.
    """
    with ws.begin() as connection:
        _may_judge(connection, given, user=user, reason=reason)
        sets, done = db.weight_sets.c, db.weight_steps.c
        same = and_(sets.name == given.name, sets.version == given.version)
        hands = {given.author, *connection.scalars(select(sets.user).where(same))}
        same = and_(done.name == given.name, done.version == given.version)
        hands |= set(connection.scalars(select(done.user).where(same)))
        if user in hands:
            raise InputError(
                f"{user} wrote, added or proposed it",
                where=f"weight set {_named(given)}",
                mend="Somebody else must approve it.",
            )
        _note(connection, given, "approved", user=user, reason=reason, now=now)


def reject(
    ws: Workspace, given: WeightSet, *, user: str, reason: str, now: datetime | None = None
) -> None:
    """Reject a proposed set for good; what is mended is added and proposed as a new version.

    Who may approve may reject. Its author may too, and so withdraws it.

    Raises
    ------
    InputError
        When the account may not, or the set is not proposed, or no reason is given.
    """
    with ws.begin() as connection:
        _may_judge(connection, given, user=user, reason=reason)
        _note(connection, given, "rejected", user=user, reason=reason, now=now)


def use(
    ws: Workspace, given: WeightSet, *, user: str, reason: str, now: datetime | None = None
) -> None:
    """Put an approved set in force, or the shipped one again; scores change when made anew.

    Raises
    ------
    InputError
        When the account may not, the set is not approved or is in force already, or no reason is
        given.
    """
    with ws.begin() as connection:
        users.must_be(connection, user, APPROVERS, where="weight sets")
        if given.name != shipped_set().name:
            _must_be(connection, given, "approved")
        _reasoned(given, reason)
        now_used = _latest(connection)
        if now_used == (given.name, given.version):
            raise InputError(
                "it is in force already",
                where=f"weight set {_named(given)}",
                mend="Nothing is left to do.",
            )
        _note(connection, given, "in_force", user=user, reason=reason, now=now)


def _latest(connection: Connection) -> tuple[str, int]:
    table = db.weight_steps.c
    row = connection.execute(
        select(table.name, table.version)
        .where(table.step == "in_force")
        .order_by(table.step_id.desc())
    ).first()
    shipped = shipped_set()
    return (shipped.name, shipped.version) if row is None else (row.name, row.version)


def _may_judge(connection: Connection, given: WeightSet, *, user: str, reason: str) -> None:
    """Refuse to approve or reject what is not proposed, without a reason, or by who may not."""
    users.must_be(connection, user, APPROVERS, where="weight sets")
    _must_be(connection, given, "proposed")
    _reasoned(given, reason)


def _must_be(connection: Connection, given: WeightSet, state: str) -> None:
    found = _state(store.read(connection, "weight_steps"), given.name, given.version)
    if given.name == shipped_set().name:
        found = "approved"
    if found == "rejected":
        raise InputError(
            "the weight set was rejected, which is final",
            where=f"weight set {_named(given)}",
            mend="Mend it, give it the next version, add and propose that.",
        )
    if found != state:
        raise InputError(
            f"the weight set is {found}, not {state}",
            where=f"weight set {_named(given)}",
            mend="The way is: add, propose, approve by another person, use.",
        )


def _reasoned(given: WeightSet, reason: str) -> None:
    if not reason.strip():
        raise InputError(
            "a reason is lacking",
            where=f"weight set {_named(given)}",
            mend="Say why: --reason TEXT.",
        )


def _note(
    connection: Connection,
    given: WeightSet,
    step: str,
    *,
    user: str,
    reason: str,
    now: datetime | None,
) -> None:
    """Write down one step, and the line of the audit trail that goes with it."""
    moment = now or datetime.now(UTC)
    row = {
        "name": given.name,
        "version": given.version,
        "step": step,
        "t": moment,
        "user": user,
        "reason": reason.strip() or None,
    }
    store.write(
        connection, "weight_steps", pl.DataFrame([row], schema_overrides={"reason": pl.String})
    )
    users.record(
        connection, user, f"weight set {step}", _named(given), {"reason": reason}, now=moment
    )


def _named(given: WeightSet) -> str:
    return _called(given.name, given.version)


def _called(name: str, version: int | None) -> str:
    return name if version is None else f"{name}:{version}"
