"""The data page: which days are shown, what counts as wrong and is said, who may see it."""

import importlib.util
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboards import data, feedpanel, feeds, feedtable, geojson, vesselpanel
from dashboards.address import View, parse
from dashboards.source import Person
from dashboards.words import WORDS
from dashboards.workspace_source import WorkspaceSource
from tests.dashboards.walk import at_desk
from workspace import rights
from workspace.folder import init
from workspace.ingest import ingest
from workspace.read import Coverage

_SPEC = importlib.util.spec_from_file_location("data_walk", Path(__file__).parent / "walk.py")
walk = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(walk)
every, text = walk.every, walk.text

TODAY = date(2026, 11, 23)
TAGS = {"land": "t"}
SHARED, LISTED, PLAIN = 412000001, 412000002, 412000003


def desk(source, role="analyst", lang="zh"):
    return at_desk(source, Person("u", "u", role, {}), lang)


def page(source, query="", role="analyst", lang="zh"):
    return data.page(desk(source, role, lang), parse(f"?page=data{query}"), tags=TAGS)


def cells(part):
    return {
        (getattr(one, "data-feed"), getattr(one, "data-on")): one
        for one in every(part)
        if "feed" in (getattr(one, "className", None) or "").split()
    }


def view_of(rows):
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return feeds.window(frame, None, None)


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("analyst", True), ("planner", True), ("liaison", True), ("admin", True),
        ("supervisor", True), ("section_chief", False), ("grid_member", False),
        ("read_only", False),
    ],
)  # fmt: skip
def test_who_sees_it(source, role, sees):
    assert rights.may(role, {}, "see_data") is sees
    shown = text(page(source, role=role))
    assert ("你的角色看不到数据页" in shown) is not sees
    assert ("harbour" in shown) is sees


def test_without_ais_it_says_what_to_do(source, monkeypatch):
    empty = source.feed_days().head(0)
    monkeypatch.setattr(source, "feed_days", lambda: empty)
    assert "shoregrid ingest" in text(page(source))
    assert "shoregrid ingest WS FILE" in text(page(source, lang="en"))


def test_an_address_names_source_day_and_vessel():
    view = parse("?page=data&source=tower&day=2026-11-20&mmsi=412000001")
    assert (view.page, view.feed, view.day, view.mmsi) == (
        "data", "tower", "2026-11-20", 412000001,
    )  # fmt: skip
    assert parse("?day=none").day == "none"
    odd = parse("?page=data&day=2026-13-40&mmsi=a&source=")
    assert (odd.feed, odd.day, odd.mmsi) == (None, None, None)


def test_the_newest_fourteen_days_are_shown_and_older_ones_on_request(source):
    frame = source.feed_days()
    newest = feeds.window(frame, None, None)
    assert newest.days == [TODAY - timedelta(days=n) for n in reversed(range(14))]
    assert (newest.earlier, newest.later) == (TODAY - timedelta(days=14), None)
    older = feeds.window(frame, "2026-11-09", None)
    assert older.days == [TODAY - timedelta(days=n) for n in reversed(range(14, 20))]
    assert (older.earlier, older.later) == (None, TODAY - timedelta(days=13))
    assert feeds.window(frame, "2031-01-01", None).days == newest.days
    assert feeds.window(frame, "1999-01-01", None).days == older.days
    assert "day=2026-11-09" in str(page(source))


def test_what_is_wrong_is_said_in_words(source):
    found = cells(page(source))
    said = {key: text(cell) for key, cell in found.items()}
    assert said["tower", "2026-11-23"].split() == ["3391", "38", "拒", "12%"]
    assert "钟快" in said["tower", "2026-11-22"]
    assert "静默" in said["tower", "2026-11-21"]
    assert "迟" in said["tower", "2026-11-20"]
    assert said["tower", "2026-11-19"].split() == ["3000", "38"]
    assert all("wrong" not in found["harbour", f"2026-11-{d}"].className for d in range(10, 24))
    assert said["recorder", "none"].split() == ["455", "拒", "100%"]
    assert said["", "2026-11-23"] == "1.5万"
    label = getattr(found["tower", "2026-11-22"], "aria-label")
    assert label.startswith("tower、11月22日 周日、3,000 行、38 艘船、钟快")


def test_one_cell_is_in_the_way_of_the_tab_key(source):
    found = cells(page(source, "&source=tower&day=2026-11-20"))
    assert [key for key, cell in found.items() if cell.tabIndex == 0] == [("tower", "2026-11-20")]
    pressed = [key for key, cell in found.items() if getattr(cell, "aria-pressed") == "true"]
    assert pressed == [("tower", "2026-11-20")]


def test_days_taken_in_together_are_not_late(source):
    row = sys.modules["shoregrid_tests_feeds"].row
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    days = [TODAY - timedelta(days=n) for n in range(4)]
    bulk = [row("a", day) for day in days]
    for one in bulk:
        one["delay_s"] = (noon - one["t1"]).total_seconds()
    view = view_of(bulk)
    assert all(not feeds.signs(desk(source), view, "a", day) for day in days)
    assert view.rows["a", days[1]]["together"]
    old = view_of([one | {"delay_s": one["delay_s"] + 9e5} for one in bulk])
    late = {day for day in days if feeds.signs(desk(source), old, "a", day)}
    assert late == {days[0]}


def test_a_source_is_not_silent_before_it_began(source):
    row = sys.modules["shoregrid_tests_feeds"].row
    days = [TODAY - timedelta(days=n) for n in range(3)]
    view = view_of([*[row("a", day) for day in days], row("b", days[1])])
    assert feeds.signs(desk(source), view, "b", days[2]) == []
    assert [one.kind for one in feeds.signs(desk(source), view, "b", days[0])] == ["silent"]


def test_a_few_refused_rows_and_small_skews_are_well(source):
    row = sys.modules["shoregrid_tests_feeds"].row
    for more in ({"rows": 40, "kept": 25, "passed": 0}, {"skew_s": -2.0}, {"skew_s": None}):
        assert feeds.signs(desk(source), view_of([row("a", TODAY, **more)]), "a", TODAY) == []
    slow = feeds.signs(desk(source), view_of([row("a", TODAY, skew_s=-2.1)]), "a", TODAY)
    assert [one.kind for one in slow] == ["slow"]


def test_many_sources_are_cut_and_the_one_chosen_stays(source, monkeypatch):
    monkeypatch.setattr(feeds, "MOST_SOURCES", 1)
    view = feeds.window(source.feed_days(), None, "recorder")
    assert view.sources == ["harbour", "recorder"]
    assert view.more == 1
    shown = text(feedtable.table(desk(source), view, source="", day="2026-11-23"))
    assert "另有 1 个" in shown


def test_the_day_has_each_source_and_why_rows_were_refused(source):
    shown = text(page(source, "&day=2026-11-23"))
    assert "11月23日 周一（UTC）：2 个来源，1.5万行。异常 1 处：tower 拒 12%。" in shown
    assert "其余各日标出 4 处" in shown
    assert "校验和不符" in shown
    assert "压缩文件没有完" in shown
    assert "请重新获取文件，再录入一次。" in shown
    english = text(page(source, "&day=2026-11-23", lang="en"))
    assert "One thing is wrong: tower 12% bad." in english


def test_a_source_is_told_in_full_with_samples(source):
    part = page(source, "&source=tower&day=2026-11-23")
    shown = text(part)
    assert "拒收偏多：12% 的行不能用" in shown
    assert "401 · 12%" in shown
    assert "00:00–23:59 UTC" in shown
    assert "tower.nmea 第 1 行" in shown
    assert "!AIVDM,1,1,,A,1*00" in shown
    assert "当日最新位置" not in shown
    silent = text(page(source, "&source=tower&day=2026-11-21"))
    assert "请检查接收机和线路" in silent
    undated = text(page(source, "&source=recorder&day=none"))
    assert "时间不明的行" in undated
    assert "--start" in undated


def test_a_reason_without_words_stands_as_it_is(source):
    assert feedpanel.reason_of(desk(source), "odd_thing") == "odd thing"
    assert feedpanel.mend_of(desk(source), "odd_thing") == ""


def test_every_reason_of_the_readers_has_words():
    from ais._batch import MENDS
    from ais.clean import _MENDS

    for name in {*MENDS, *_MENDS} - {"duplicate"}:
        family = feedpanel._family(name)
        assert f"refused_{family}" in WORDS, name
        assert f"refused_{family}_mend" in WORDS, name


def test_every_kind_has_words():
    from ais.identity import KINDS

    assert all(f"kind_ais_{kind.replace(' ', '_')}" in WORDS for kind in KINDS)


def test_a_vessel_has_identity_versions_and_days(source):
    shown = text(page(source, f"&mmsi={SHARED}"))
    assert "2 条船在用：同一时间在两处，相距 310 km，同时 2\u00a0小时。" in shown
    assert "静态信息沿革（2 版）" in shown
    assert "OLD NAME" in shown
    assert "号码是船舶号段" in shown
    assert "渔船 (30)" in shown
    assert "2026-11-20 09:02" in shown
    assert "模拟" in shown
    changed = [one for one in every(page(source, f"&mmsi={SHARED}"))
               if type(one).__name__ == "Ins"]  # fmt: skip
    assert [text(one) for one in changed] == ["SIM 1", "长 31 m · 宽 6 m"]


def test_a_vessel_on_lists_says_by_what(source):
    shown = text(page(source, f"&mmsi={LISTED}"))
    assert "关注船" in shown
    assert "依据：船舷号 浙象渔12345" in shown
    assert "已失效" in shown
    assert "有效 2024-01-01–2025-01-01" in shown
    plain = text(page(source, f"&mmsi={PLAIN}"))
    assert f"无名船 {PLAIN}" in plain
    assert "不在任何名册上" in plain
    assert "没有收到静态信息" in plain


def test_a_vessel_never_heard_says_what_to_do(source):
    assert "没有收到过这个 MMSI" in text(page(source, "&mmsi=999"))


def test_the_search_finds_names_and_numbers(source):
    said = desk(source)
    assert vesselpanel.hits(said, "  ") == []
    assert "SIM 1" in text(vesselpanel.hits(said, "sim"))
    assert len([one for one in every(vesselpanel.hits(said, "412"))
                if hasattr(one, "data-mmsi")]) == 3  # fmt: skip
    assert "没有找到" in text(vesselpanel.hits(said, "nobody"))
    assert data.found(desk(source, "section_chief"), "412") == []
    assert data.again(desk(source, "section_chief"), {"mmsi": "1"}) == []


def test_another_choice_is_told_and_nonsense_is_the_newest_day(source):
    told = text(data.again(desk(source), {"source": "tower", "day": "2026-11-22", "mmsi": ""}))
    assert "tower" in told
    assert "时钟快" in told
    odd = data.again(desk(source), {"source": "x", "day": "y", "mmsi": "z"})
    assert "异常 1 处" in text(odd)


def test_cells_are_served_after_the_frame(source):
    features = json.loads(geojson.coverage(source.coverage(TODAY, None)))["features"]
    frame = features[0]["properties"]
    assert (frame["rows"], frame["outside"], frame["cells"], frame["most"]) == (1554, 5, 3, 1500)
    assert [one["properties"] for one in features[1:]] == [
        {"r": 7, "v": 1}, {"r": 1500, "v": 60}, {"r": 42, "v": 3},
    ]  # fmt: skip
    corners = features[1]["geometry"]["coordinates"][0]
    assert {tuple(xy) for xy in corners} == {
        (121.94, 29.14), (121.96, 29.14), (121.96, 29.16), (121.94, 29.16),
    }  # fmt: skip


def test_the_most_cells_there_can_be_are_few_enough():
    n = 72 * 48
    many = pl.DataFrame({"lon": [0.5] * n, "lat": [0.5] * n, "rows": [1] * n, "vessels": [1] * n})
    body = geojson.coverage(Coverage(TODAY, None, 0.01, (0.0, 0.0, 1.0, 1.0), many, n, 0))
    assert body.count(b'"Feature"') == n + 1
    assert len(geojson.payload(body).packed) < 100_000


def test_the_api_gives_coverage_to_those_who_may(anonymous):
    assert anonymous.get("/api/data/coverage?day=2026-11-23").status_code == 401
    answer = anonymous.post("/login", data={"name": "analyst", "password": "right-horse"})
    assert answer.status_code == 303
    answer = anonymous.get("/api/data/coverage?day=2026-11-23&source=tower")
    assert answer.headers["content-type"] == "application/geo+json"
    assert len(answer.json()["features"]) == 4
    tag = answer.headers["etag"]
    again = anonymous.get(
        "/api/data/coverage?day=2026-11-23&source=tower", headers={"if-none-match": tag}
    )
    assert again.status_code == 304
    assert len(anonymous.get("/api/data/coverage?day=none").json()["features"]) == 1
    assert anonymous.get("/api/data/coverage?day=tomorrow").status_code == 422


def test_the_api_refuses_a_chief(client):
    assert client.get("/api/data/coverage?day=2026-11-23").status_code == 403
    events = client.get("/api/layers/behaviours?shift=2026-11-23T22:00").json()["features"]
    assert events
    assert all("mmsi" not in one["properties"] for one in events)


@pytest.mark.parametrize(
    ("n", "zh", "en"),
    [(0, "0", "0"), (999, "999", "999"), (12_345, "1.2万", "12.3k"), (3_400_000, "340万", "3.4M")],
)
def test_numbers_are_short(source, n, zh, en):
    assert feeds.short(desk(source), n) == zh
    assert feeds.short(desk(source, lang="en"), n) == en


def test_shares_and_spans_have_a_human_step(source):
    assert [feeds.share(*pair) for pair in ((0, 9), (1, 10_000), (31, 1000), (12, 100))] == [
        "0%", "<0.1%", "3.1%", "12%",
    ]  # fmt: skip
    english = desk(source, lang="en")
    assert [feeds.span(english, s) for s in (2.5, 90.0, 600.0, 90_000.0, 400_000.0)] == [
        "2.5\u00a0s", "90\u00a0s", "10\u00a0min", "25\u00a0h", "5\u00a0d",
    ]  # fmt: skip


def test_an_empty_view_shows_the_newest_day(source):
    shown = feeds.window(source.feed_days(), None, None)
    assert data._chosen(shown, View()) == ("", "2026-11-23")
    assert data._chosen(shown, View(feed="nobody", day="none")) == ("", "none")


_HEAD = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
    "Length,Width,Draft,Cargo,TransceiverClass"
)
_ROWS = (
    "412000001,2026-11-22T01:00:00,29.2,122.0,1.0,2.0,3.0,浙象渔12345,,BPQQ,30,0,24,6,2.1,,A",
    "412000002,2026-11-22T02:00:00,29.3,122.1,1.0,2.0,3.0,SIM 2,,,70,0,90,14,4.0,,A",
    "412000002,tel 13800138000,29.3",
    "412000002,2026-11-22T03:00:00,99.3,122.1,1.0,2.0,3.0,SIM 2,,,70,0,90,14,4.0,,A",
)


def test_a_workspace_is_told_without_numbers_of_persons(tmp_path):
    ws = init(tmp_path / "ws", {"county_zh": "样县", "county_en": "Sample"})
    for name, rows in (("a", _ROWS), ("b", (_ROWS[1].replace("02:00", "04:00"), "x" + _ROWS[3]))):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([_HEAD, *rows]) + "\n", encoding="utf-8")
        ingest(ws, [path], source=name, now=datetime(2026, 11, 23, tzinfo=UTC))
    ws.close()
    source = WorkspaceSource(tmp_path / "ws")
    days = source.feed_days()
    assert set(days["source"]) == {"a", "b"}
    day = date(2026, 11, 22)
    undated = source.refused("a", None)
    assert undated["reason"].to_list() == ["bad_row"]
    assert "13800138000" not in undated["detail"][0]
    assert "***" in undated["detail"][0]
    assert source.refused("a", day)["reason"].to_list() == ["bad_position"]
    assert set(source.refused("b", day)["file"]) <= {"b.csv"}
    assert set(source.refused(None, day)["file"]) >= {"a.csv"}
    assert source.coverage(day, "b").rows == 1
    assert source.vessel(412000002).latest["name"] == "SIM 2"
    for wish in ("浙象渔", "zhexiangyu 1", "bpqq", "412000001"):
        assert source.vessels_like(wish)["mmsi"].to_list() == [412000001], wish
    assert source.vessels_like("4120")["mmsi"].to_list() == [412000002, 412000001]
    assert source.vessels_like("…").is_empty()
    shown = text(page(source, f"&mmsi={412000001}"))
    assert "浙象渔12345" in shown
