"""Who is answered what: every role, every route and every kind of scope, as `docs/rights.md` says.

The table that people read is the truth here; the code is held against it.
"""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import polars as pl
import pytest

from dashboards import address
from dashboards.seen import Door, Seen
from dashboards.source import Person, Source
from tests.dashboards.walk import at_desk
from workspace import rights

PAGE = (Path(__file__).parents[2] / "docs" / "rights.md").read_text("utf-8")
SHIFT = "2026-11-23T22:00"
SPAN = {"bbox": "121,28,123,30", "shift": SHIFT}

# Scopes with what they show of the double: S01 has seg0000-0079, S02 0080-0159, S03 0160-0239;
# places stand on every 24th segment from seg0008 on.
SCOPES = {
    "county": {"county": ("all",)},
    "S02": {"section": ("S02",)},
    "S01": {"section": ("S01",)},
    "S01 and S02": {"section": ("S01", "S02")},
    "wharf in S02": {"wharf": ("wharves104",)},
    "unit": {"unit": ("示例艇队",)},
    "none": {},
}


def documented():
    """Return the acts of each role as the documentation has them."""
    rows = [line.strip("| ").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip().strip("`") for cell in row] for row in rows]
    acts = next(row for row in cells if row[0] == "role")[2:]
    table = {}
    for line in PAGE.splitlines():
        name = re.match(r"\| `(\w+)` \| ", line)
        if name and name[1] in rights.ROLES:
            held = [cell.strip() == "yes" for cell in line.strip().strip("|").split("|")[2:]]
            table[name[1]] = {act for act, yes in zip(acts, held, strict=True) if yes}
    return table


DOCUMENTED = documented()
WIDE = set(re.findall(r"`(see_\w+)`", PAGE.split("What a role may not do", 1)[1])) | {
    "draft_weights", "approve_weights", "draft_boundaries", "approve_boundaries",
}  # fmt: skip
LOCAL = {
    "section_chief", "wharf_chief", "grid_member", "township_officer", "responsible_unit",
    "joint_response",
}  # fmt: skip


def whole(role, scope):
    return scope == "county" or (scope == "none" and role not in LOCAL)


def shows(role, scope, n):
    """Tell whether a scope shows the double's segment of a number."""
    if whole(role, scope):
        return True
    sections = {"S02": "2", "S01": "1", "S01 and S02": "12"}.get(scope, "")
    return str(n // 80 + 1) in sections or (scope == "wharf in S02" and n == 104)


def holds(role, scope, kind, n):
    if kind != "wharves" and scope == "wharf in S02":
        return False
    return shows(role, scope, n)


# Each route with the act that it wants, and when it finds what it is asked for.
ROUTES = [
    ("/api/segments", "see_coast", lambda *_: True),
    ("/api/land", "see_coast", lambda *_: True),
    ("/api/shifts", "see_coast", lambda *_: True),
    (f"/api/scores?shift={SHIFT}", "see_coast", lambda *_: True),
    *[
        (
            f"/api/segments/seg{n:04d}/{what}",
            "see_coast",
            lambda role, scope, n=n: shows(role, scope, n),
        )
        for n in (20, 104, 239)
        for what in (f"explanation?shift={SHIFT}", "forecast")
    ],
    *[
        (
            f"/api/places/{kind}/{kind}{n}/history",
            "see_coast",
            lambda role, scope, kind=kind, n=n: holds(role, scope, kind, n),
        )
        for kind in ("wharves", "risk_points", "facilities")
        for n in (8, 104, 200)
    ],
    *[
        (
            f"/api/sections/{section}/daily?shift={SHIFT}",
            "see_coast",
            lambda role, scope, section=section: (
                whole(role, scope) or section in SCOPES[scope].get("section", ())
            ),
        )
        for section in ("S01", "S02", "S03")
    ],
    *[
        (
            f"/api/layers/{name}?shift={SHIFT}",
            "see_coast",
            lambda *_: True,
        )
        for name in address.LAYERS
        if name not in {"patrols", "tracks", "behaviours", "stops", "berth_visits"}
    ],
    *[
        (f"/api/layers/{name}?" + "&".join(f"{k}={v}" for k, v in SPAN.items()), act, None)
        for name, act in (
            ("tracks", "see_events"),
            ("behaviours", "see_events"),
            ("stops", "see_events"),
            ("berth_visits", "see_events"),
            ("patrols", "see_patrols"),
        )
    ],
    *[
        (
            f"/ogc/collections/{kind}/items/{kind}{n}",
            "see_coast",
            lambda role, scope, kind=kind, n=n: holds(role, scope, kind, n),
        )
        for kind in ("wharves", "risk_points", "facilities")
        for n in (8, 104, 200)
    ],
    *[
        (
            f"/ogc/collections/segments/items/seg{n:04d}",
            "see_coast",
            lambda role, scope, n=n: shows(role, scope, n),
        )
        for n in (20, 104, 239)
    ],
    ("/api/boundaries", "see_boundaries", None),
    ("/api/boundaries/shore", "see_boundaries", None),
    ("/api/events/e-chain", "see_events", "event"),
    ("/patrols", "see_patrols", None),
    (
        f"/patrols/route.gpx?shift={SHIFT}&team=T1",
        "see_patrols",
        lambda role, scope: whole(role, scope) or scope == "unit",
    ),
    ("/api/coasts", "see_changes", None),
    ("/api/coasts/2/changes", "see_changes", None),
    ("/api/data/coverage?day=2026-11-23", "see_data", None),
]


@pytest.fixture(scope="module")
def everyone(app, address):
    """Return a client for every role and scope, and the source behind them."""
    source = app.app.state.source
    clients = {}
    for role in rights.ROLES:
        for name, scope in SCOPES.items():
            token = f"rights-{role}-{name}".replace(" ", "-")
            source.sessions[token] = Person(token, token, role, scope)
            clients[role, name] = httpx.Client(
                base_url=address, trust_env=False, timeout=60, cookies={"shoregrid_session": token}
            )
    yield clients, source
    for client in clients.values():
        client.close()


def test_the_documentation_has_every_role_and_act():
    assert set(DOCUMENTED) == set(rights.ROLES)
    assert {
        role: {act for act in rights.ACTS if role in rights.ACTS[act]} for role in rights.ROLES
    } == (DOCUMENTED)
    assert rights.COUNTY_WIDE == WIDE
    assert rights.LOCAL == LOCAL


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", rights.ROLES)
def test_every_route_answers_as_role_and_scope_say(everyone, role, scope):
    clients, source = everyone
    for path, act, finds in ROUTES:
        allowed = act in DOCUMENTED[role] and (act not in WIDE or whole(role, scope))
        if finds == "event":
            n = int(source.event("e-chain").row["segment_id"][3:])
            found = shows(role, scope, n)
        else:
            found = finds is None or finds(role, scope)
        expected = 403 if not allowed else 200 if found else 404
        answer = clients[role, scope].get(path)
        assert answer.status_code == expected, (path, answer.text[:200])


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", rights.ROLES)
def test_every_list_and_layer_holds_what_the_scope_shows_and_no_more(everyone, role, scope):
    client = everyone[0][role, scope]
    seen = {n for n in range(240) if shows(role, scope, n)}
    lines = client.get("/api/segments").json()["features"]
    assert {int(row["properties"]["id"][3:]) for row in lines} == seen
    rows = client.get("/api/scores", params={"shift": SHIFT}).json()
    assert {int(row["segment_id"][3:]) for row in rows} == seen
    forecast = client.get("/api/forecast").json()["rows"]
    assert {int(row["segment_id"][3:]) for row in forecast} == seen
    for kind in ("wharves", "risk_points", "facilities"):
        things = client.get(f"/api/layers/{kind}").json()["features"]
        at = {n for n in range(8, 240, 24) if holds(role, scope, kind, n)}
        assert {row["properties"]["p"].split("/")[1] for row in things} == {
            f"{kind}{n}" for n in at
        }
    n_seen = {"sections": [range(80), range(80, 160), range(160, 240)],
              "zones": [range(100, 110), range(30, 36), range(60, 66)],
              "incidents": [[96], [158]]}  # fmt: skip
    for name, parts in n_seen.items():
        found = client.get(f"/api/layers/{name}", params={"shift": SHIFT}).json()["features"]
        assert len(found) == sum(bool(seen & set(part)) for part in parts), name


@pytest.mark.parametrize("role", rights.ROLES)
def test_pages_show_what_the_scope_shows(everyone, role):
    source = everyone[1]
    desk = at_desk(source, Person("x", "x", role, SCOPES["S02"]))
    assert list(desk.sections) == ["S02"]
    shore = source.segments()
    west, south, east, north = shore[shore["section_id"] == "S02"].total_bounds
    assert desk.meta.bounds == (west, south, east, north)
    strip = desk.source.strip(None, source.scored_days[0])
    own = source.strip("S02", source.scored_days[0])
    assert strip["max_score"].to_list() == own["max_score"].to_list()


def test_stops_of_patrols_are_seen_on_the_own_shore_and_routes_by_the_own_unit(everyone):
    clients = everyone[0]

    def parts(scope):
        answer = clients["section_chief", scope].get(f"/api/layers/patrols?shift={SHIFT}")
        return sorted(row["properties"]["k"] for row in answer.json()["features"])

    assert parts("county") == ["checkpoint", "route", "stop"]
    assert "stop" in parts("S02")
    assert "route" not in parts("S02")
    assert "stop" not in parts("S01")
    assert {"route", "stop"} <= set(parts("unit"))


def test_what_a_silent_vessel_may_have_reached_elsewhere_is_summed_up(source, monkeypatch):
    found = source.event("e-gap")
    at = pl.col("segment_id").replace("seg0049", "seg0100")
    reach = found.reach.with_columns(at)
    row = {**found.row, "segment_id": "seg0200"}
    monkeypatch.setattr(source, "event", lambda _: replace(found, reach=reach, row=row))

    def told(scope):
        return at_desk(source, Person("x", "x", "section_chief", SCOPES[scope])).source.event("e")

    assert told("county").reach.equals(reach)
    own = dict(told("S01").reach.select("segment_id", "probability").iter_rows())
    assert own == pytest.approx({"seg0048": 0.3, "none": 0.46, "rest": 0.225 + 0.015})
    assert set(told("S02").reach["segment_id"]) == {"seg0100", "none", "rest"}
    assert told("wharf in S02") is None


def test_every_method_of_the_source_goes_through_the_door():
    asked = {name for name in vars(Source) if not name.startswith("_")}
    assert asked <= set(vars(Seen)), "decide in dashboards/seen.py who sees what is new"


def test_the_part_of_a_scope_is_the_same_object_while_the_coast_is(source):
    door = Door(source)
    person = Person("x", "x", "section_chief", SCOPES["S02"])
    assert door(person).segments() is door(person).segments()
    assert len(door(person).segments()) == 80


def test_who_has_no_part_of_the_coast_is_told_whom_to_ask(everyone):
    answer = everyone[0]["grid_member", "none"].post(
        "/_dash-update-component",
        json={
            "output": "root.children",
            "outputs": {"id": "root", "property": "children"},
            "inputs": [{"id": "address", "property": "search", "value": ""}],
            "changedPropIds": ["address.search"],
            "state": [],
        },
    )
    assert (
        "管理员"
        in answer.json()["response"]["root"]["children"]["props"]["children"]["props"]["children"][
            "props"
        ]["children"][1]["props"]["children"]
    )
