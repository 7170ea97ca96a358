"""The page of coast changes, without a browser: who sees it, what it says, what the API answers."""

import itertools
import json

import polars as pl
import pytest
from dash import html

from dashboards import changes, geojson
from dashboards.address import View, parse
from dashboards.source import Person
from tests.dashboards.walk import at_desk, every, text

TAGS = {"land": "x", "segments": "y"}


def page(source, role="planner", lang="zh", view=None):
    desk = at_desk(source, Person("u", "u", role), lang, "light")
    return changes.page(desk, view or View(page="changes"), tags=TAGS)


def stretches(shown):
    return [part for part in every(shown) if getattr(part, "data-stretch", None)]


@pytest.mark.parametrize("role", ["planner", "analyst", "supervisor", "admin"])
def test_planners_see_it_and_find_it_in_the_rail(source, role):
    shown = page(source, role)
    assert "变了的岸段" in text(shown)
    assert "岸线变化" in text(shown)


@pytest.mark.parametrize("role", ["section_chief", "wharf_chief", "liaison", "read_only"])
def test_others_are_told_whom_to_ask(source, role):
    shown = text(page(source, role))
    assert "你的角色看不到岸线变化" in shown
    assert "示例早期测绘" not in shown
    assert "变了的岸段" not in shown


def test_without_a_newer_coast_it_says_how_to_import_one(source):
    source.newer = False
    assert "shoregrid import 工作区 coast 文件" in text(page(source))
    assert "shoregrid import WS coast FILE" in text(page(source, lang="en"))


def test_sources_dates_and_what_is_made_are_said(source):
    shown = text(page(source))
    for words in ("newer.gpkg", "EPSG:4490", "2026-11-21 23:40", "示例早期测绘（虚构）"):
        assert words in shown
    assert shown.count("编造的岸线") == 1
    english = text(page(source, lang="en"))
    assert "an earlier survey (made)" in english
    assert "示例" not in english.replace("示例段长", "")


def test_stretches_come_longest_first_without_what_was_kept(source):
    shown = stretches(page(source))
    told = [getattr(part, "data-stretch") for part in shown]
    assert told == ["10", "20", "30", "40", "201"]
    words = [text(part) for part in shown]
    assert words[0].startswith("移位 1.5 km → 1.5 km")
    assert "偏移 130 m" in words[0]
    assert words[3].startswith("新增 1.5 km")
    assert "→" not in words[3]
    assert words[4].startswith("消失 820 m")
    assert "偏移" not in words[4]


def test_an_address_opens_a_stretch_and_a_wrong_one_none(source):
    chosen = stretches(page(source, view=parse("?page=changes&coast=2&stretch=20")))
    pressed = {getattr(part, "data-stretch"): getattr(part, "aria-pressed") for part in chosen}
    assert pressed == {"10": "false", "20": "true", "30": "false", "40": "false", "201": "false"}
    for query in ("?page=changes&coast=99&stretch=77", "?page=changes&coast=x&stretch=-1"):
        shown = stretches(page(source, view=parse(query)))
        assert {getattr(part, "aria-pressed") for part in shown} == {"false"}


def test_the_sums_account_for_every_segment_once(source):
    tables = [part for part in every(page(source)) if isinstance(part, html.Table)]
    rows = [part for part in every(tables[0]) if isinstance(part, html.Tr)]
    assert text(rows[-1]).strip() == "合计 238 → 240 119.3 → 120.0"
    assert "保留 228 → 228 114.0 → 114.0 2" in text(rows[1])
    gone = next(row for row in rows if "消失" in text(row))
    assert text(gone).split() == ["消失", "1", "→", "0", "0.8", "→", "0", "–"]


def test_a_long_list_is_cut_by_kind_and_says_so(source, monkeypatch):
    monkeypatch.setattr(changes, "MOST_LISTED", 2)
    many = pl.concat(
        [source.stretches(2).with_columns(stretch=pl.col("stretch") + 1000 * n) for n in range(4)]
    )
    monkeypatch.setattr(source, "stretches", lambda _: many)
    shown = page(source)
    assert len(stretches(shown)) == 10
    assert "另 10 处只在图上" in text(shown)


def test_lines_are_served_with_what_was_kept_first(source):
    features = json.loads(geojson.changes(source.coast_changes(2)))["features"]
    kinds = [feature["properties"]["change"] for feature in features]
    first = [kind for kind, _ in itertools.groupby(kinds)]
    assert first[0] == "kept"
    assert "kept" not in first[1:]
    assert len(kinds) == 241
    new = next(f["properties"] for f in features if f["properties"]["change"] == "new")
    assert (new["old_segment_id"], new["old_m"], new["offset_m"]) == (None, None, None)
    assert (new["new_m"], new["stretch"]) == (500.0, 40)


def sign_in(anonymous, name):
    answer = anonymous.post("/login", data={"name": name, "password": "right-horse"})
    assert answer.status_code == 303
    return anonymous


def test_the_api_gives_changes_to_planners_alone(anonymous):
    assert anonymous.get("/api/coasts").status_code == 401
    client = sign_in(anonymous, "planner")
    coasts = client.get("/api/coasts").json()
    assert [(one["coast_id"], one["before"], one["changed"]) for one in coasts] == [
        (2, 1, True),
        (1, None, False),
    ]
    assert coasts[0]["t"] == "2026-11-21T15:40:00Z"
    answer = client.get("/api/coasts/2/changes")
    assert answer.headers["content-type"] == "application/geo+json"
    assert len(answer.json()["features"]) == 241
    again = client.get("/api/coasts/2/changes", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    missing = client.get("/api/coasts/1/changes")
    assert missing.status_code == 404
    assert "those that have: 2" in missing.text
    assert client.get("/api/coasts/one/changes").status_code == 422


def test_the_api_refuses_a_chief(client):
    for path in ("/api/coasts", "/api/coasts/2/changes"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "管理员" in answer.text
        assert "administrator" in answer.text


def test_the_history_of_a_place_is_served(client, anonymous):
    past = client.get("/api/places/facilities/facilities8/history").json()
    assert [one["action"] for one in past] == ["changed", "added"]
    assert past[0]["changes"]["clearance_m"] == [2.2, 2.5]
    assert client.get("/api/places/wharves/wharves8/history").json() == []
    assert client.get("/api/places/wharves/none/history").status_code == 404
    assert client.get("/api/places/posts/P1/history").status_code == 404
    client.cookies.clear()
    assert client.get("/api/places/facilities/facilities8/history").status_code == 401
