"""Accounts, sign-in, lockout, sessions and the trail."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from geo.errors import InputError
from workspace import db, folder, users
from workspace.folder import Workspace

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "tide-and-time-1"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    opened = folder.init(tmp_path / "ws", {"lockout_failures": 3, "lockout_minutes": 10.0})
    yield opened
    opened.close()


def test_sign_in_opens_a_session_that_tells_who(ws: Workspace) -> None:
    users.add(ws, "liaison", PASSWORD, role="liaison", now=NOW)
    token, user = users.sign_in(ws, "liaison", PASSWORD, now=NOW)
    assert user.role == "liaison"
    assert users.who(ws, token, now=NOW) == user
    assert users.who(ws, token + "x", now=NOW) is None
    users.sign_out(ws, token, now=NOW)
    assert users.who(ws, token, now=NOW) is None


def test_a_password_costs_who_guesses_it_at_least_what_owasp_asks(shipped_hasher) -> None:
    # Password Storage Cheat Sheet: Argon2id, 19 MiB and two passes, or more of either.
    kept = shipped_hasher.hash(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert shipped_hasher.verify(kept, PASSWORD)
    assert shipped_hasher.memory_cost >= 19 * 1024
    assert shipped_hasher.time_cost >= 2


def test_neither_password_nor_token_is_stored(ws: Workspace) -> None:
    users.add(ws, "chief", PASSWORD, role="read_only", now=NOW)
    token, _ = users.sign_in(ws, "chief", PASSWORD, now=NOW)
    ws.close()
    stored = b"".join(path.read_bytes() for path in ws.root.glob("shoregrid.db*"))
    assert PASSWORD.encode() not in stored
    assert token.encode() not in stored
    assert b"$argon2id$" in stored


def test_a_session_ends_with_time_and_with_idleness(ws: Workspace) -> None:
    users.add(ws, "a", PASSWORD, role="analyst", now=NOW)
    token, _ = users.sign_in(ws, "a", PASSWORD, now=NOW)
    used = NOW
    while used < NOW + timedelta(hours=ws.config.session_hours - 1):
        used += timedelta(hours=1)
        assert users.who(ws, token, now=used) is not None
    assert users.who(ws, token, now=NOW + timedelta(hours=ws.config.session_hours)) is None
    idle, _ = users.sign_in(ws, "a", PASSWORD, now=NOW)
    assert users.who(ws, idle, now=NOW + timedelta(hours=ws.config.idle_hours)) is None


def test_wrong_passwords_lock_for_a_while_and_the_right_one_does_not_open(ws: Workspace) -> None:
    users.add(ws, "a", PASSWORD, role="analyst", now=NOW)
    reasons = []
    for _ in range(3):
        with pytest.raises(users.SignInError) as refused:
            users.sign_in(ws, "a", "not the password", now=NOW)
        reasons.append(refused.value.reason)
    assert reasons == ["wrong", "wrong", "locked"]
    with pytest.raises(users.SignInError, match="locked") as refused:
        users.sign_in(ws, "a", PASSWORD, now=NOW + timedelta(minutes=9))
    assert refused.value.until == NOW + timedelta(minutes=10)
    assert users.sign_in(ws, "a", PASSWORD, now=NOW + timedelta(minutes=10))[1].name == "a"


def test_a_right_password_forgets_the_wrong_ones(ws: Workspace) -> None:
    users.add(ws, "a", PASSWORD, role="analyst", now=NOW)
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(users.SignInError, match="wrong"):
                users.sign_in(ws, "a", "not the password", now=NOW)
        users.sign_in(ws, "a", PASSWORD, now=NOW)


def test_unknown_and_disabled_say_the_same_as_wrong(ws: Workspace) -> None:
    users.add(ws, "gone", PASSWORD, role="analyst", now=NOW)
    token, _ = users.sign_in(ws, "gone", PASSWORD, now=NOW)
    users.disable(ws, "gone", now=NOW)
    assert users.who(ws, token, now=NOW) is None
    for name in ("gone", "never"):
        with pytest.raises(users.SignInError, match="wrong"):
            users.sign_in(ws, name, PASSWORD, now=NOW)


def test_every_problem_of_an_account_is_named_at_once(ws: Workspace) -> None:
    with pytest.raises(InputError) as refused:
        users.add(ws, " bad", "aaa", role="king", scope={"planet": "X", "section": "S99"})
    text = str(refused.value)
    for part in ("fewer than 10", "'king'", "section_chief", "'planet'", "'S99'", "blanks"):
        assert part in text
    users.add(ws, "one", PASSWORD, role="admin", now=NOW)
    with pytest.raises(InputError, match="taken"):
        users.add(ws, "one", PASSWORD, role="admin", now=NOW)
    with pytest.raises(InputError, match="holds the name"):
        users.add(ws, "margaret", "margaret-2026!", role="admin")
    with pytest.raises(InputError, match="no such account"):
        users.disable(ws, "nobody")


def test_the_trail_tells_what_was_done(ws: Workspace) -> None:
    users.add(ws, "a", PASSWORD, role="analyst", by="root", now=NOW)
    with pytest.raises(users.SignInError):
        users.sign_in(ws, "a", "wrong password", now=NOW)
    token, _ = users.sign_in(ws, "a", PASSWORD, now=NOW)
    users.sign_out(ws, token, now=NOW)
    users.disable(ws, "a", by="root", now=NOW)
    trail = users.trail(ws)
    assert trail["action"].to_list() == [
        "user added",
        "sign-in refused: wrong",
        "signed in",
        "signed out",
        "user disabled",
    ]
    assert trail["user"].to_list() == ["root", "a", "a", "a", "root"]
    assert PASSWORD not in str(trail.rows())


def test_sessions_that_ended_are_swept(ws: Workspace) -> None:
    users.add(ws, "a", PASSWORD, role="analyst", now=NOW)
    users.sign_in(ws, "a", PASSWORD, now=NOW)
    users.sign_in(ws, "a", PASSWORD, now=NOW + timedelta(days=3))
    with ws.engine.connect() as connection:
        assert len(connection.execute(select(db.sessions)).all()) == 1


def test_a_name_nobody_has_is_refused_just_as_a_wrong_password(plain_ws: Workspace) -> None:
    users.add(plain_ws, "known", "a long pass phrase", role="analyst")
    told = {}
    for name in ("known", "unknown"):
        told[name] = []
        for _ in range(plain_ws.config.lockout_failures + 1):
            with pytest.raises(users.SignInError) as caught:
                users.sign_in(plain_ws, name, "wrong wrong wrong", now=NOW)
            told[name].append(caught.value.reason)
    assert told["known"] == told["unknown"]
    assert told["known"][-1] == "locked"


def test_a_long_write_elsewhere_makes_nobody_wait_to_be_known(plain_ws: Workspace) -> None:
    users.add(plain_ws, "known", "a long pass phrase", role="analyst")
    token, _ = users.sign_in(plain_ws, "known", "a long pass phrase", now=NOW)
    with plain_ws.begin():
        started = time.perf_counter()
        user = users.who(plain_ws, token, now=NOW + timedelta(minutes=5))
        assert time.perf_counter() - started < 5.0
    assert user is not None
    assert user.name == "known"
