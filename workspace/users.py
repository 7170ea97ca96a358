"""Accounts, roles, sign-in and the trail of what was done.

Passwords are kept as Argon2id hashes, sessions as the SHA-256 of a random token that only the
browser holds. Wrong passwords lock an account for a while; an unknown name takes as long and
says the same as a wrong password.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from typing import Any

import polars as pl
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from geo.errors import InputError
from workspace import db, rights, store
from workspace.folder import Workspace

_MIN_LENGTH = 10
_TOUCH = timedelta(minutes=1)
_TOUCH_WAIT_MS = 100
_hasher = PasswordHasher()
# A hash takes 64 MiB and a core; strangers who ask for many must wait for each other.
_at_a_time = BoundedSemaphore(2)


@dataclass(frozen=True)
class User:
    """Whoever has signed in; ``scope`` such as ``{"section": ("S01",)}`` limits what is theirs."""

    user_id: str
    name: str
    role: str
    scope: rights.Scope = field(default_factory=dict)
    active: bool = True


class SignInError(Exception):
    """Refuse a sign-in; ``reason`` is ``wrong`` or ``locked``, ``until`` the end of a lock."""

    def __init__(self, reason: str, until: datetime | None = None) -> None:
        self.reason = reason
        self.until = until
        super().__init__(reason)


def add(
    ws: Workspace,
    name: str,
    password: str,
    *,
    role: str,
    scope: Mapping[str, object] | None = None,
    by: str = "command line",
    now: datetime | None = None,
) -> User:
    """Make an account and return it; every problem with it is in the one error."""
    # Here, not above: drafts know accounts, and what a scope shows knows drafts.
    from workspace.sight import unknown

    given = rights.normal(scope)
    problems = _password_problems(name, password)
    if not name.strip() or name != name.strip() or len(name) > 100:
        problems.append(f"the name {name!r} is empty, too long or has blanks around it")
    if role not in rights.ROLES:
        known = ", ".join(rights.ROLES)
        problems.append(f"`role` was {role!r} but is expected to be in {{{known}}}")
    if role in rights.LOCAL and not given:
        problems.append(f"the role {role} is of a part of the county and needs a scope")
    problems += unknown(ws, given)
    # Outside the transaction, as in `sign_in`: nobody should wait for a hash.
    password_hash = "" if problems else _hasher.hash(password)
    with ws.begin() as connection:
        if _by_name(connection, name) is not None:
            problems.append("the name is taken")
        if problems:
            raise InputError(
                "; ".join(problems), where=f"account {name!r}", mend="Mend it and try again."
            )
        user = User(secrets.token_hex(8), name, role, given)
        connection.execute(
            insert(db.users).values(
                user_id=user.user_id,
                name=name,
                password_hash=password_hash,
                role=role,
                scope=json.dumps(given, sort_keys=True, ensure_ascii=False),
                active=True,
            )
        )
        record(connection, by, "user added", name, {"role": role, "scope": given}, now=now)
    return user


def _password_problems(name: str, password: str) -> list[str]:
    problems = []
    if len(password) < _MIN_LENGTH:
        problems.append(f"the password has fewer than {_MIN_LENGTH} characters")
    if len(password) > 1_000:
        problems.append("the password has more than 1000 characters")
    if len(set(password)) < 5:
        problems.append("the password repeats a few characters only")
    if len(name) > 2 and name.lower() in password.lower():
        problems.append("the password holds the name")
    return problems


def disable(
    ws: Workspace, name: str, *, by: str = "command line", now: datetime | None = None
) -> None:
    """Close an account and end its sessions; what it did stays in the trail."""
    with ws.begin() as connection:
        row = _by_name(connection, name)
        if row is None:
            raise InputError(
                "there is no such account",
                where=f"account {name!r}",
                mend="See: shoregrid user list WS",
            )
        connection.execute(
            update(db.users).where(db.users.c.user_id == row.user_id).values(active=False)
        )
        connection.execute(delete(db.sessions).where(db.sessions.c.user_id == row.user_id))
        record(connection, by, "user disabled", name, now=now)


def listed(ws: Workspace) -> pl.DataFrame:
    """Return the accounts: name, role, scope (JSON), active, locked_until."""
    return store.read(
        ws.engine,
        "users",
        columns=["name", "role", "scope", "active", "locked_until"],
        order=["name"],
    )


def sign_in(
    ws: Workspace, name: str, password: str, *, now: datetime | None = None
) -> tuple[str, User]:
    """Check a password and open a session; return its token and the user.

    Raises SignInError: ``wrong`` for any pair that does not fit (unknown, wrong, disabled),
    ``locked`` while too many wrong ones have locked the account.
    """
    moment = now or datetime.now(UTC)
    with ws.engine.connect() as connection:
        row = _by_name(connection, name)
    # Outside the transaction: a hash takes a tenth of a second, and nobody should wait for it.
    fits = _verify(row.password_hash if row is not None else _nobody(), password)
    with ws.begin() as connection:
        row = _by_name(connection, name)
        if row is None or not row.active:
            refusal = _stranger(connection, ws, name, moment)
        elif row.locked_until is not None and moment < row.locked_until:
            refusal = SignInError("locked", row.locked_until)
        elif not fits:
            refusal = _fail(connection, ws, row, moment)
        else:
            return _open(connection, ws, row, moment)
        record(connection, name, f"sign-in refused: {refusal.reason}", now=moment)
    raise refusal


def _fail(connection: Connection, ws: Workspace, row: Row[Any], moment: datetime) -> SignInError:
    """Count a wrong password, and lock the account when they are too many."""
    failures = row.failures + 1
    until = None
    if failures >= ws.config.lockout_failures:
        until = moment + timedelta(minutes=ws.config.lockout_minutes)
        failures = 0
        record(
            connection, row.name, "account locked", detail={"until": until.isoformat()}, now=moment
        )
    connection.execute(
        update(db.users)
        .where(db.users.c.user_id == row.user_id)
        .values(failures=failures, locked_until=until)
    )
    return SignInError("wrong") if until is None else SignInError("locked", until)


def _stranger(connection: Connection, ws: Workspace, name: str, moment: datetime) -> SignInError:
    """Refuse a name that may not sign in just as a wrong password is refused, lock and all."""
    lasts = timedelta(minutes=ws.config.lockout_minutes)
    tries = connection.scalar(
        select(func.count())
        .select_from(db.audit)
        .where(
            db.audit.c.user == name,
            db.audit.c.action.startswith("sign-in refused"),
            db.audit.c.t > moment - lasts,
        )
    )
    if (tries or 0) + 1 < ws.config.lockout_failures:
        return SignInError("wrong")
    return SignInError("locked", moment + lasts)


def _open(
    connection: Connection, ws: Workspace, row: Row[Any], moment: datetime
) -> tuple[str, User]:
    """Open a session, and sweep out those that have ended."""
    token = secrets.token_urlsafe(32)
    changed: dict[str, Any] = {"failures": 0, "locked_until": None}
    connection.execute(update(db.users).where(db.users.c.user_id == row.user_id).values(**changed))
    connection.execute(delete(db.sessions).where(db.sessions.c.expires <= moment))
    connection.execute(
        insert(db.sessions).values(
            token_hash=_digest(token),
            user_id=row.user_id,
            created=moment,
            expires=moment + timedelta(hours=ws.config.session_hours),
            last_seen=moment,
        )
    )
    record(connection, row.name, "signed in", now=moment)
    return token, _user(row)


def who(ws: Workspace, token: str, *, now: datetime | None = None) -> User | None:
    """Return whose session a token opens, or None when it has ended or never was."""
    moment = now or datetime.now(UTC)
    digest = _digest(token)
    statement = (
        select(db.users, db.sessions.c.expires, db.sessions.c.last_seen)
        .join(db.sessions, db.sessions.c.user_id == db.users.c.user_id)
        .where(db.sessions.c.token_hash == digest)
    )
    with ws.engine.connect() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None or not row.active:
        return None
    if moment >= row.expires or moment - row.last_seen >= timedelta(hours=ws.config.idle_hours):
        return None
    if moment - row.last_seen >= _TOUCH:
        _touch(ws, digest, moment)
    return _user(row)


def _touch(ws: Workspace, digest: str, moment: datetime) -> None:
    """Note that a session is in use; while another process writes, the note can wait."""
    used = update(db.sessions).where(db.sessions.c.token_hash == digest).values(last_seen=moment)
    with ws.engine.connect() as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        if on_sqlite:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_TOUCH_WAIT_MS}")
        try:
            connection.execute(used)
            connection.commit()
        except OperationalError:
            connection.rollback()
        finally:
            if on_sqlite:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={db.WAIT_S * 1000}")


def sign_out(ws: Workspace, token: str, *, now: datetime | None = None) -> None:
    """End a session."""
    user = who(ws, token, now=now)
    with ws.begin() as connection:
        connection.execute(delete(db.sessions).where(db.sessions.c.token_hash == _digest(token)))
        if user is not None:
            record(connection, user.name, "signed out", now=now)


def must_be(connection: Connection, user: str, roles: Sequence[str], *, where: str) -> None:
    """Raise InputError where this is no open account, or one of another role."""
    table = db.users.c
    role = connection.scalar(select(table.role).where(table.name == user, table.active))
    if role is None:
        raise InputError(
            f"there is no account {user!r} that may sign in",
            where=where,
            mend="Name one that does: --user NAME; `shoregrid user list WS` shows them.",
        )
    if role not in roles:
        raise InputError(
            f"the role {role} may not do this", where=where, mend=f"Ask {', '.join(roles)}."
        )


def record(
    connection: Connection,
    user: str | None,
    action: str,
    what: str | None = None,
    detail: dict[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> None:
    """Add one line to the audit trail, inside the transaction of what it tells of."""
    connection.execute(
        insert(db.audit).values(
            t=now or datetime.now(UTC),
            user=user,
            action=action,
            object=what,
            detail=None if detail is None else json.dumps(detail, ensure_ascii=False),
        )
    )


def trail(ws: Workspace) -> pl.DataFrame:
    """Return the audit trail, oldest first: t, user, action, object, detail."""
    return store.read(ws.engine, "audit").drop("audit_id")


def _by_name(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(db.users).where(db.users.c.name == name)).one_or_none()


def _user(row: Row[Any]) -> User:
    return User(
        row.user_id, row.name, row.role, rights.normal(json.loads(row.scope or "{}")), row.active
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _nobody() -> str:
    """Return a hash that nothing fits, so that an unknown name costs the same time."""
    return _hasher.hash(secrets.token_hex(16))


def _verify(password_hash: str, password: str) -> bool:
    try:
        with _at_a_time:
            return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
