"""OGC API - Features, asked by GDAL's own client and by hand."""

import json
import os
import shutil
import subprocess
import sys

import httpx
import pytest

from dashboards.app import create
from dashboards.workspace_source import WorkspaceSource
from tests.dashboards.conftest import PASSWORD, served
from workspace import read
from workspace.folder import open_workspace
from workspace.importers import import_file

WHARVES = "wharf_id,name,lon,lat,cadence_days\n" + "".join(
    f"W{n},码头{n},{121.45 + n * 0.02:.3f},29.1,7\n" for n in range(20)
)


@pytest.fixture(scope="module")
def county(divided, tmp_path_factory):
    """Serve the divided shore with twenty wharves; return the folder and the address."""
    folder = tmp_path_factory.mktemp("ogc") / "ws"
    shutil.copytree(divided, folder)
    table = folder.parent / "wharves.csv"
    table.write_text(WHARVES, encoding="utf-8")
    ws = open_workspace(folder)
    assert not import_file(ws, "wharves", table).refused
    ws.close()
    with served(create(WorkspaceSource(folder))) as at:
        yield folder, at


@pytest.fixture
def ask(county):
    def send(path, name="analyst", **query):
        auth = (name, PASSWORD)
        return httpx.get(f"{county[1]}/ogc{path}", params=query, auth=auth, trust_env=False)

    return send


GDAL = """
import json, sys, pyogrio
at = "OAPIF:" + sys.argv[1]
segments = pyogrio.read_dataframe(at, layer="segments", PAGE_SIZE=100)
wharves = pyogrio.read_dataframe(at, layer="wharves", PAGE_SIZE=7)
boxed = pyogrio.read_dataframe(at, layer="wharves", bbox=(121.44, 29.0, 121.52, 29.2))
print(json.dumps({
    "layers": [name for name, _ in pyogrio.list_layers(at)],
    "segments": segments["segment_id"].tolist(), "score": segments["score"].tolist(),
    "bounds": segments.total_bounds.tolist(), "crs": str(wharves.crs),
    "wharves": wharves["wharf_id"].tolist(), "boxed": boxed["wharf_id"].tolist(),
}))
"""


def test_gdal_reads_every_layer_page_by_page(county):
    folder, at = county
    # In a process of its own: GDAL holds this one still while it waits for an answer.
    given = {"GDAL_HTTP_USERPWD": f"analyst:{PASSWORD}", "GDAL_HTTP_AUTH": "BASIC"}
    given |= {"no_proxy": "*", "GDAL_HTTP_TIMEOUT": "60"}
    run = subprocess.run(
        [sys.executable, "-c", GDAL, f"{at}/ogc"],
        env={**os.environ, **given}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    wanted = {"segments", "sections", "wharves", "risk_points", "facilities", "zones", "events"}
    assert wanted <= set(found["layers"])
    ws = open_workspace(folder)
    shore = read.segments(ws)
    ws.close()
    assert found["segments"] == shore["segment_id"].tolist()
    assert len(found["segments"]) > 200
    assert all(0 <= score <= 100 for score in found["score"])
    assert found["bounds"] == pytest.approx(list(shore.total_bounds), abs=1e-5)
    assert sorted(found["wharves"]) == sorted(f"W{n}" for n in range(20))
    assert "84" in found["crs"] or "4326" in found["crs"]
    assert set(found["boxed"]) == {"W0", "W1", "W2", "W3"}


def test_pages_link_to_the_next_and_add_up(ask):
    seen, query, pages = [], {"limit": 6}, 0
    while True:
        body = ask("/collections/wharves/items", **query).json()
        assert body["numberMatched"] == 20
        assert body["numberReturned"] == len(body["features"])
        seen += [row["id"] for row in body["features"]]
        pages += 1
        onward = [link["href"] for link in body["links"] if link["rel"] == "next"]
        if not onward:
            break
        query = dict(httpx.URL(onward[0]).params)
    assert (pages, len(set(seen))) == (4, 20)


def test_a_feature_is_found_by_its_id_and_by_who_may(ask):
    one = ask("/collections/wharves/items/W3").json()
    assert (one["id"], one["properties"]["name"]) == ("W3", "码头3")
    assert ask("/collections/wharves/items/W99").status_code == 404
    assert ask("/collections/moon/items").status_code == 404
    mine = {row["id"] for row in ask("/collections/wharves/items", "chief").json()["features"]}
    every = {f"W{n}" for n in range(20)}
    assert mine < every
    for key in every:
        expected = 200 if key in mine else 404
        assert ask(f"/collections/wharves/items/{key}", "chief").status_code == expected


def test_what_cannot_be_read_is_refused(ask):
    for wrong in ("1,2", "a,b,c,d", "nan,1,2,3", "1,2,3,4,5"):
        assert ask("/collections/wharves/items", bbox=wrong).status_code == 422
    for wrong in ("yesterday", "2026-01-01/2026", "/x"):
        assert ask("/collections/incidents/items", datetime=wrong).status_code == 422
    assert ask("/collections/wharves/items", limit=0).status_code == 422
    flat = ask("/collections/wharves/items", bbox="121.44,29,-9,121.52,29.2,9").json()
    assert flat["numberMatched"] == 4
    ever = ask("/collections/incidents/items", datetime="../2026-01-01T00:00:00Z")
    assert ever.json()["numberMatched"] == 0


def test_landing_conformance_and_tags(ask):
    links = {link["rel"]: link["href"] for link in ask("").json()["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= set(links)
    assert any(one.endswith("/conf/core") for one in ask("/conformance").json()["conformsTo"])
    answer = ask("/collections/wharves/items")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["etag"]


def test_a_password_with_each_request_opens_api_and_ogc_only(county):
    at = county[1]

    def status(path, auth, **headers):
        return httpx.get(f"{at}{path}", auth=auth, headers=headers, trust_env=False).status_code

    good = ("analyst", PASSWORD)
    assert status("/ogc/collections", good) == 200
    assert status("/api/shifts", good) == 200
    assert status("/", good) in {303, 401}
    assert status("/_dash-layout", good) == 401
    assert status("/ogc/collections", ("analyst", "wrong-horse-1")) == 401
    assert status("/ogc/collections", None, authorization="Basic !!") == 401
    assert status("/ogc/collections", None, authorization="Bearer x") == 401
    refused = httpx.get(f"{at}/ogc/collections", trust_env=False)
    assert "www-authenticate" not in refused.headers
