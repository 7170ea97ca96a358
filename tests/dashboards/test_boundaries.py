"""The boundaries' API over a workspace: looks, drafts, conflicts, and who may do what."""

import shutil

import httpx
import numpy as np
import polars as pl
import pytest

from dashboards.app import create
from dashboards.workspace_source import WorkspaceSource
from workspace.folder import open_workspace
from workspace.redrawing import look

PEOPLE = ("planner", "other", "boss", "chief", "analyst")


@pytest.fixture
def folder(divided, tmp_path):
    """Return a copy of the divided shore, so that a test's drafts are its own."""
    shutil.copytree(divided, tmp_path / "ws")
    return tmp_path / "ws"


@pytest.fixture
def as_person(folder, in_thread):
    """Return what sends a request as somebody."""
    source = WorkspaceSource(folder)
    app = create(source)
    tokens = {name: source.sign_in(name, "tide-and-time-1")[0] for name in PEOPLE}

    def ask(name, method, path, **more):
        async def sent():
            transport = httpx.ASGITransport(app=app)
            cookies = {"shoregrid_session": tokens[name]}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://testserver", cookies=cookies
            ) as client:
                return await client.request(method, "/api/boundaries" + path, **more)

        return in_thread(sent())

    return ask


def cut_of(answer, n=1):
    return answer.json()["cuts"][n]


def move(cut, by_m):
    at = {"shoreline_id": cut["shoreline_id"], "chainage_m": cut["chainage_m"]}
    return {"op": "move", **at, "to_m": cut["chainage_m"] + by_m}


def test_a_look_tells_what_a_cut_changes(as_person):
    version = as_person("analyst", "GET", "").json()["newest"]
    plain = as_person("analyst", "POST", "/look", json={"based_on": version})
    assert plain.json()["moved_km"] == 0
    assert plain.json()["moved"] == []
    cut = cut_of(plain)
    work = {"based_on": version, "operations": [move(cut, 2_000)]}
    moved = as_person("analyst", "POST", "/look", json=work).json()
    assert moved["moved_km"] == pytest.approx(2.0, abs=0.01)
    assert moved["cuts"][1]["chainage_m"] == cut["chainage_m"] + 2_000
    sums = {row["section_id"]: row["km_change"] for row in moved["sections"]}
    assert sums[cut["before"]] == pytest.approx(2.0, abs=0.3)
    assert sums[cut["section_id"]] == pytest.approx(-2.0, abs=0.3)
    changed = [a != b for a, b in zip(plain.json()["owner"], moved["owner"], strict=True)]
    assert np.flatnonzero(changed).tolist() == moved["moved"]


def test_what_cannot_be_done_is_refused_in_both_languages(as_person):
    version = as_person("planner", "GET", "").json()["newest"]
    cut = cut_of(as_person("planner", "POST", "/look", json={"based_on": version}))
    work = {"based_on": version, "operations": [move(cut, 9e6)]}
    answer = as_person("planner", "POST", "/look", json=work)
    assert answer.status_code == 422
    assert "第 1 步" in answer.json()["message_zh"]
    assert "operation 1" in answer.json()["message"]
    for nonsense in ({"op": "fly"}, {}, {"op": "move"}, {"op": "lock", "section_id": 7}):
        work = {"based_on": version, "operations": [nonsense]}
        assert as_person("planner", "POST", "/look", json=work).status_code == 422, nonsense


def test_a_draft_goes_its_way(as_person):
    version = as_person("planner", "GET", "").json()["newest"]
    cut = cut_of(as_person("planner", "POST", "/look", json={"based_on": version}))
    made = as_person(
        "planner", "POST", "/drafts", json={"name": "春", "operations": [move(cut, 500)]}
    )
    assert made.status_code == 201
    path = f"/drafts/{made.json()['draft_id']}"
    assert as_person("planner", "POST", f"{path}/submit", json={}).json()["state"] == "proposed"
    own = as_person("planner", "POST", f"{path}/approve", json={"reason": "好"})
    assert own.status_code == 422
    assert as_person("boss", "POST", f"{path}/reject", json={"reason": "再想"}).status_code == 200
    saved = {"rev": 1, "operations": [move(cut, 600)]}
    assert as_person("planner", "PUT", path, json=saved).json()["rev"] == 2
    as_person("planner", "POST", f"{path}/submit", json={})
    assert as_person("boss", "POST", f"{path}/approve", json={"reason": "好"}).status_code == 200
    assert as_person("boss", "POST", f"{path}/publish", json={"reason": "好"}).status_code == 422
    day = {"reason": "好", "valid_from": "2099-01-01"}
    assert as_person("boss", "POST", f"{path}/publish", json=day).status_code == 422
    told = as_person("boss", "GET", path).json()
    assert [row["step"] for row in told["steps"]] == [
        "created", "proposed", "rejected", "saved", "proposed", "approved",
    ]  # fmt: skip


def test_who_saves_second_gets_a_409_with_what_makes_both_one(as_person):
    version = as_person("planner", "GET", "").json()["newest"]
    cuts = as_person("planner", "POST", "/look", json={"based_on": version}).json()["cuts"]
    first, second = (cut for cut in cuts[1:3])
    made = as_person("planner", "POST", "/drafts", json={"name": "两人"})
    path = f"/drafts/{made.json()['draft_id']}"
    mine = {"rev": 1, "operations": [move(first, 700)]}
    assert as_person("planner", "PUT", path, json=mine).status_code == 200
    theirs = as_person("other", "PUT", path, json={"rev": 1, "operations": [move(second, 900)]})
    assert theirs.status_code == 409
    told = theirs.json()
    assert told["error"] == "conflict"
    assert "planner" in told["message_zh"]
    assert sum(row["to_m"] - row["from_m"] for row in told["stretches"]) >= 690
    assert told["lost"] == []
    both = {"rev": told["rev"], "operations": told["offered"]}
    after = as_person("other", "PUT", path, json=both).json()
    assert [op["to_m"] for op in after["operations"]] == [
        first["chainage_m"] + 700,
        second["chainage_m"] + 900,
    ]
    assert as_person("planner", "GET", path).headers["etag"].endswith('-3-draft"')


def test_rights_hold_for_every_step(as_person):
    made = as_person("planner", "POST", "/drafts", json={"name": "试"})
    path = f"/drafts/{made.json()['draft_id']}"
    assert as_person("chief", "GET", "").status_code == 403
    assert as_person("chief", "GET", path).status_code == 403
    assert as_person("analyst", "POST", "/drafts", json={"name": "x"}).status_code == 403
    assert as_person("boss", "POST", f"{path}/submit", json={}).status_code == 403
    assert as_person("analyst", "PUT", path, json={"rev": 1, "operations": []}).status_code == 403
    assert as_person("analyst", "POST", f"{path}/approve", json={}).status_code == 403
    for wrong in ("GET", "PUT"):
        body = {"json": {"rev": 1, "operations": []}} if wrong == "PUT" else {}
        assert as_person("planner", wrong, "/drafts/D0", **body).status_code == 404
    back = as_person("boss", "POST", "/versions/99/withdraw", json={"reason": "x"})
    assert back.status_code == 404


def test_a_look_follows_locks_splits_and_merges(folder):
    ws = open_workspace(folder)
    plain = look(ws, 1, [])
    cut = plain.cuts.filter(pl.col("before").is_not_null()).row(0, named=True)
    section, beside = cut["section_id"], cut["before"]
    locked = look(ws, 1, [{"op": "lock", "section_id": section}])
    assert locked.locked == {section}
    split = {"op": "cut", "shoreline_id": cut["shoreline_id"], "name": "新段"}
    split |= {"chainage_m": cut["chainage_m"] + 3_000, "section_id": plain.fresh[section]}
    two = look(ws, 1, [split])
    row = two.sections.filter(pl.col("section_id") == plain.fresh[section]).row(0, named=True)
    assert (row["state"], row["name"]) == ("new", "新段")
    assert section in row["touches"]
    merged = look(ws, 1, [{"op": "merge", "section_id": section, "into": beside}])
    gone = merged.sections.filter(pl.col("section_id") == section).row(0, named=True)
    assert gone["km"] is None
    assert merged.sections["section_id"].to_list()[-1] == section
    ws.close()
