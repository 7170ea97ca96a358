"""The pages over a real workspace, however little it holds."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import httpx
import polars as pl
import pytest
import shapely

from dashboards.app import create
from dashboards.source import Person
from dashboards.workspace_source import WorkspaceSource
from workspace import store, users
from workspace.folder import init, open_workspace

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


def test_events_are_found_by_rank_and_followed_through_revisions(folder):
    t0 = datetime(2026, 11, 23, 10, tzinfo=UTC)
    rows = {
        "event_id": ["a", "b", "c", "d", "s"],
        "kind": ["gap", "gap", "dark_target", "loitering", "stop"],
        "mmsi": [412000001, 412000002, None, 412000001, 412000001],
        "t0": [t0] * 5,
        "t1": [t0 + timedelta(hours=1)] * 4 + [None],
        "lon": [122.0] * 5,
        "lat": [29.0] * 5,
        "rank": [0.3, 0.9, 0.5, 0.1, None],
        "evidence": ["{}"] * 5,
    }
    point = shapely.Point(122, 29)
    past = {
        "event_id": ["old", "lost"],
        "version": [1, 1],
        "kind": ["gap", "gap"],
        "t0": [t0, t0],
        "until": [t0, t0],
        "became": ["b", None],
        "geometry": [shapely.to_wkb(point)] * 2,
    }
    reach = {
        "event_id": ["b"] * 4,
        "segment_id": ["none", "s1", "rest", "s2"],
        "probability": [0.4, 0.1, 0.2, 0.3],
    }
    ws = open_workspace(folder)
    store.write(ws.engine, "events", gpd.GeoDataFrame(rows, geometry=[point] * 5, crs=4326))
    store.write(ws.engine, "event_versions", pl.DataFrame(past))
    store.write(ws.engine, "event_reach", pl.DataFrame(reach))
    ws.close()
    source = WorkspaceSource(folder)
    span = {"t0": t0, "t1": t0 + timedelta(hours=2)}
    found = source.events(**span, kinds=("gap", "dark_target", "loitering"), least=0.2, most=2)
    assert found.rows["event_id"].tolist() == ["b", "c"]
    assert (found.below, found.beyond) == (1, 1)
    assert found.reach == {"b": {"none": 0.4, "rest": 0.2}}
    late = {"t0": t0 + timedelta(hours=3), "t1": t0 + timedelta(hours=4)}
    assert source.events(**late, kinds=("gap",), least=0, most=9).rows.empty
    stops = source.events(**span, kinds=("stop",), least=0, most=9)
    assert stops.rows["event_id"].tolist() == ["s"]
    assert source.event("old").row["event_id"] == "b"
    assert source.event("old").withdrawn is None
    assert source.event("b").reach["segment_id"].to_list() == ["s2", "s1", "none", "rest"]
    assert source.event("lost").withdrawn == t0
    assert source.event("never") is None
    mine, n = source.vessel_events(412000001, most=1)
    assert (mine["event_id"].to_list(), n) == (["a"], 2)
    assert source.vessel_pattern(412000001) is None
