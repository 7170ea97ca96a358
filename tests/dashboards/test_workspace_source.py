"""The pages over a real workspace, however little it holds."""

import httpx
import pytest

from dashboards.app import create
from dashboards.source import Person
from dashboards.workspace_source import WorkspaceSource
from workspace import users
from workspace.folder import init

PASSWORD = "a-long-enough-horse"


@pytest.fixture
def folder(tmp_path):
    ws = init(tmp_path / "ws", {"county_zh": "样县", "county_en": "Sample"})
    users.add(ws, "reader", PASSWORD, role="analyst")
    ws.close()
    return tmp_path / "ws"


def test_accounts_and_sessions_are_the_workspaces(folder):
    source = WorkspaceSource(folder)
    assert source.sign_in("reader", "wrong") == "wrong"
    assert source.sign_in("nobody", PASSWORD) == "wrong"
    token, person = source.sign_in("reader", PASSWORD)
    assert source.person(token) == person
    assert isinstance(person, Person)
    assert (person.role, person.section) == ("analyst", None)
    source.sign_out(token)
    assert source.person(token) is None


def test_too_many_wrong_passwords_lock(folder):
    source = WorkspaceSource(folder)
    answers = {source.sign_in("reader", f"wrong-{n}") for n in range(30)}
    assert answers == {"wrong", "locked"}
    assert source.sign_in("reader", PASSWORD) == "locked"


async def _ask(app, path, **more):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.post("/login", data={"name": "reader", "password": PASSWORD})
        assert answer.status_code == 303
        return await client.request("POST" if more else "GET", path, **more)


def test_an_empty_workspace_says_what_to_do(folder, monkeypatch, in_thread):
    monkeypatch.setenv("SHOREGRID_WORKSPACE", str(folder))
    app = create()
    body = {
        "output": "root.children",
        "outputs": {"id": "root", "property": "children"},
        "inputs": [{"id": "address", "property": "search", "value": "?lang=en"}],
        "changedPropIds": ["address.search"],
        "state": [],
    }
    answer = in_thread(_ask(app, "/_dash-update-component", json=body))
    assert answer.status_code == 200
    assert "There is no coast yet" in answer.text
    assert "shoregrid import WS coast FILE" in answer.text
    for path in ("/api/segments", "/api/land", "/api/shifts"):
        assert in_thread(_ask(app, path)).status_code == 200
