"""The map as one file: nothing is fetched, nothing of others runs, and it opens from a folder."""

import json
import re
import resource
from datetime import UTC, date, datetime

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from dashboards import _offline_layers as layers
from dashboards.offline_map import write_map
from geo.errors import InputError
from workspace import folder, read, runs, store
from workspace.export import Selection
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # 20:00 in Shanghai
DAY = date(2026, 11, 23)
PHONE = "0574-0000 0002"
TEMPLATE = "{{ 7 * 7 }}{% for x in y %}{#"
EVIL = "</script><script>window.evil=1</script><img src=x onerror=evil=1>"
LAND = shapely.Polygon(
    [(121.4, 29.1), (121.9, 29.1), (121.92, 29.3), (121.8, 29.31), (121.7, 29.24), (121.4, 29.3)]
)
TABLES = {
    "sections": "section_id,name,name_en,lon,lat\n"
    f"S1,西段,West {TEMPLATE},121.5,29.27\nS2,东段,East,121.91,29.25\n",
    "posts": "role,name,unit,duty_phone,object_kind,object_id,valid_from,valid_to\n"
    f"section_chief,新段长,乙所,{PHONE},section,S2,2026-01-01,\n",
    "wharves": "wharf_id,name,name_en,owner_unit,wharf_class,lon,lat\n"
    f'W1,"东门{EVIL}","East {EVIL}{TEMPLATE}",甲公司 / Company A,ferry,121.914,29.27\n',
    "facilities": "facility_id,name,kind,line,status,heading_deg,fov_deg,range_m,lon,lat\n"
    "F1,瞭望一号,camera,wharf,working,90,60,3000,121.914,29.271\n",
    "incidents": "incident_id,t0,kind,source,lon,lat\n"
    "I1,2026-11-20T02:00:00Z,goods_landing,reported,121.914,29.27\n",
}


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """Return a small coast with places, a behaviour, scores of a day and zones."""
    home = tmp_path_factory.mktemp("offline")
    values = {
        "timezone": "Asia/Shanghai",
        "county_zh": f"样县<script>{TEMPLATE}",
        "county_en": "Sample & County",
        "simulated": True,
        "made": ("wharves", "incidents"),
        "attributions": ("© OpenStreetMap contributors",),
    }
    opened = folder.init(home / "ws", values)
    isle = shapely.box(121.97, 29.2, 121.99, 29.22)
    gpd.GeoDataFrame(geometry=[LAND, isle], crs=4326).to_file(home / "coast.gpkg")
    import_file(opened, "coast", home / "coast.gpkg")
    for kind, text in TABLES.items():
        path = home / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        assert not import_file(opened, kind, path, now=NOW).refused
    events = gpd.GeoDataFrame(
        {
            "event_id": ["e1", "e2", "e3", "e4"],
            "kind": ["loitering", "gap", "dark_target", "stop"],
            "mmsi": [412_000_001, 412_000_001, None, 412_000_001],
            "t0": [datetime(2026, 11, 22, 20, tzinfo=UTC)] * 4,
            "t1": [datetime(2026, 11, 22, 22, 30, tzinfo=UTC)] * 4,
            "lon": [121.95, 121.96, 121.98, 121.95],
            "lat": [29.25, 29.26, 29.28, 29.24],
            "evidence": ['{"mean_speed_kn": 1.24, "min_shore_m": 1432}', "{}", "{}", "{}"],
            "rank": [0.6, 0.5, 0.4, 0.9],
            "version": [2, 1, 1, 1],
        },
        geometry=[
            shapely.LineString([(121.95, 29.25), (121.96, 29.26)]),
            *(shapely.Point(x, 29.26) for x in (121.96, 121.98, 121.95)),
        ],
        crs=4326,
    )
    store.write(opened.engine, "events", events)
    near = read.segments(opened)["segment_id"][20]
    reach = {
        "event_id": ["e2", "e2"],
        "segment_id": [near, "none"],
        "earliest": [datetime(2026, 11, 22, 20, 30, tzinfo=UTC), None],
        "landable_min": [35.0, None],
        "probability": [0.3, 0.7],
    }
    store.write(opened.engine, "event_reach", pl.DataFrame(reach))
    runs.score(opened, DAY, days=1, now=NOW)
    runs.plan(opened, DAY, days=1, now=NOW)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(ws, tmp_path_factory):
    """Return the whole map as a file."""
    out = tmp_path_factory.mktemp("map") / "地图.html"
    write_map(ws, out, now=NOW)
    return out


def test_nothing_is_fetched_from_anywhere(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"<(link|iframe|base|object|embed)\b", text)
    assert not re.search(r"<script[^>]+src|sourceMappingURL|@import", text)
    fetched = re.findall(r"url\(\s*['\"]?([^)'\"]*)", text)
    assert fetched
    # Leaflet still asks old browsers for their own "#default#VML".
    assert all(
        target.startswith(("data:image/png;base64,", "data:image/svg+xml,", "#"))
        for target in fetched
    )
    assert re.search(r"default-src 'none'", text)
    # Leaflet names its own site in two texts that are not shown, and SVG its namespace.
    hosts = set(re.findall(r"https?://([\w.-]+)", text))
    assert hosts <= {"leafletjs.com", "www.w3.org"}


def test_what_others_wrote_is_text(page):
    text = page.read_text(encoding="utf-8")
    assert "window.evil=1</script>" not in text
    assert "<img" not in text
    assert "样县<script>" not in text
    assert f"样县&lt;script&gt;{TEMPLATE}" in text
    assert f"West {TEMPLATE}" in text


def test_no_telephone_is_in_it_and_every_mark_is(page):
    text = page.read_text(encoding="utf-8")
    assert PHONE not in text
    assert "段长 新段长 · 乙所" in text
    for mark in ("© OpenStreetMap contributors", "模拟 AIS", "simulated AIS", "不得用于航行"):
        assert mark in text


def test_the_file_says_what_it_holds(ws, tmp_path):
    done = write_map(ws, tmp_path / "m.html", now=NOW)
    assert done.counts["shifts"] == 6
    assert done.counts["segments"] == len(read.segments(ws))
    assert done.counts["wharves"] == done.counts["viewsheds"] == 1
    assert done.counts["events"] == 3  # but the stop
    assert done.counts["bytes"] == (tmp_path / "m.html").stat().st_size < 5_000_000
    one = write_map(ws, tmp_path / "o.html", Selection(day=DAY, shift="22:00"), now=NOW)
    assert one.counts["shifts"] == 1
    some = write_map(ws, tmp_path / "s.html", Selection(layers=("wharves",)), now=NOW)
    assert set(some.counts) == {"segments", "wharves", "shifts", "bytes"}


def test_a_full_disk_leaves_nothing(ws, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_map(ws, tmp_path / "m.html", now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_section_has_its_own_map(ws, tmp_path):
    done = write_map(ws, tmp_path / "s1.html", Selection(section="S1"), now=NOW)
    mine = (read.segments(ws)["section_id"] == "S1").sum()
    assert done.counts["segments"] == mine > 0
    assert "wharves" not in done.counts
    assert f"样县&lt;script&gt;{TEMPLATE} · 西段" in (tmp_path / "s1.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("name", "wanted", "said"),
    [
        ("m.pdf", Selection(), "ending is '.pdf'"),
        ("none/m.html", Selection(), "no folder"),
        ("m.html", Selection(layers=("tiles",)), "no layer tiles"),
        ("m.html", Selection(section="S9"), "no section"),
        ("m.html", Selection(bbox=(0, 0, 1, 1)), "no coast to draw"),
    ],
)
def test_what_is_not_there_is_said(ws, tmp_path, name, wanted, said):
    with pytest.raises(InputError, match=said):
        write_map(ws, tmp_path / name, wanted, now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_without_a_coast_there_is_no_map(tmp_path):
    bare = folder.init(tmp_path / "bare")
    try:
        with pytest.raises(InputError, match="no coast to draw"):
            write_map(bare, tmp_path / "m.html", now=NOW)
    finally:
        bare.close()


def test_every_word_is_in_both_languages():
    words = json.loads((layers.FOLDER / "words.json").read_text(encoding="utf-8"))
    chinese = re.compile(r"[㐀-鿿]")
    for key, (zh, en) in words.items():
        assert chinese.search(zh), key
        assert not chinese.search(en), key
        assert set(re.findall(r"{\w+}", zh)) == set(re.findall(r"{\w+}", en)), key
    assert not chinese.search((layers.FOLDER / "map.js").read_text(encoding="utf-8"))


def test_what_lies_around_and_what_changed_is_told(ws):
    line = shapely.to_wkb(shapely.LineString([(121.5, 29.2), (121.6, 29.2)]))
    frames = {
        "roads": {"road_id": [1, 2], "name": ["滨海路", None], "geometry": [line, None]},
        "settlements": {
            "settlement_id": [1],
            "name": ["石浦"],
            "name_en": [None],
            "geometry": [shapely.to_wkb(shapely.Point(121.5, 29.2))],
        },
        "lineage": {
            "old_segment_id": ["a"],
            "new_segment_id": [None],
            "change": ["gone"],
            "old_m": [512.4],
            "new_m": [None],
            "geometry": [line],
        },
    }
    found = {
        name: layers.things(name, pl.DataFrame(frame), tz=ws.config.tz)["features"]
        for name, frame in frames.items()
    }
    assert {name: len(features) for name, features in found.items()} == dict.fromkeys(frames, 1)
    assert found["roads"][0]["properties"]["t"] == ["滨海路", "滨海路"]
    assert found["settlements"][0]["properties"]["t"] == ["石浦", "石浦"]
    assert found["lineage"][0]["properties"]["d"] == [["a → –"] * 2, ["512 m → –"] * 2]
    assert found["lineage"][0]["properties"]["c"] == "gone"


# ---- in a browser, from a file, with the network off ----
DESK = {"width": 1440, "height": 900}
PHONE_SIZE = {"width": 390, "height": 844}


@pytest.fixture
def opened(chromium, page):
    """Return a function that opens the file offline; nothing may go wrong or be asked for."""
    contexts, faults, asked = [], [], []

    def open_at(size):
        context = chromium.new_context(viewport=size, offline=True, locale="en-GB")
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-map=ready]")
        return tab

    yield open_at
    for context in contexts:
        context.close()
    assert faults == []
    assert [url for url in asked if not url.startswith(("data:", page.as_uri()))] == []


def colours(tab):
    """Return how many pixels of the map's canvas have each colour of the bands."""
    return tab.evaluate(
        """() => { const c = document.querySelector("canvas"), d = c.getContext("2d")
            .getImageData(0, 0, c.width, c.height).data, n = {};
        for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) {
            const hex = (x) => x.toString(16).padStart(2, "0");
            const k = "#" + [d[i], d[i + 1], d[i + 2]].map(hex).join("");
            n[k] = (n[k] || 0) + 1; } return n; }"""
    )


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESK, PHONE_SIZE], ids=["1440", "390"])
def test_it_opens_from_a_file_and_draws(opened, ws, size):
    tab = opened(size)
    drawn = colours(tab)
    look = tab.evaluate("() => shoregrid.state.data.look")
    assert drawn[look["land"]] > 1_000
    bands = read.scores(ws, "2026-11-23T18:00")["score"].to_numpy() // 20
    wanted = {look["risk"][int(band)] for band in np.unique(bands)}
    assert all(drawn.get(colour, 0) > 20 for colour in wanted)
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.browser
def test_a_press_on_the_shore_tells_of_it(opened, ws):
    tab = opened(DESK)
    scores = read.scores(ws, "2026-11-23T18:00")["score"].to_list()
    at = tab.evaluate(
        """() => { const map = shoregrid.state.map; let found;
        shoregrid.state.segments.eachLayer((l) => {
            if (l.feature.properties.i === 20) found = l; });
        map.setView(found.getCenter(), 13, {animate: false});
        const to = map.latLngToContainerPoint(found.getCenter()); return [to.x, to.y]; }"""
    )
    tab.mouse.click(*at)
    popup = tab.locator(".leaflet-popup-content")
    popup.wait_for()
    assert f"风险分 {int(scores[20])}" in popup.inner_text()
    assert "Risk score" not in popup.inner_text()
    chief = "段长 新段长 · 乙所"
    assert (chief in popup.inner_text()) == (read.segments(ws)["section_id"][20] == "S2")
    tab.click("#lang")
    assert f"Risk score {int(scores[20])}" in popup.inner_text()
    assert tab.title() == "Sample & County coastline risk"


@pytest.mark.browser
def test_a_name_with_a_script_is_shown_and_does_not_run(opened):
    tab = opened(DESK)
    tab.evaluate("() => { shoregrid.state.map.setView([29.27, 121.914], 14, {animate: false}); }")
    tab.locator(".leaflet-marker-pane .sign-wharf").click()
    popup = tab.locator(".leaflet-popup-content")
    popup.wait_for()
    assert EVIL in popup.inner_text()
    assert "权属单位 甲公司" in popup.inner_text()
    assert tab.evaluate("() => window.evil") is None
    assert popup.locator("img, script").count() == 0


@pytest.mark.browser
def test_another_shift_shows_its_scores_and_zones(opened, ws):
    tab = opened(DESK)
    zones = """() => shoregrid.state.zones.filter((z) => shoregrid.state.map.hasLayer(z))
        .map((z) => z.feature.properties.s)"""
    assert set(tab.evaluate(zones)) == {4}
    assert tab.input_value("#shift") == "4"
    tab.select_option("#shift", "0")
    assert set(tab.evaluate(zones)) == {0}
    shown = tab.evaluate("() => shoregrid.state.data.shifts[shoregrid.state.shift].score")
    truth = read.scores(ws, "2026-11-23T02:00")["score"].to_numpy()
    assert shown == np.floor(truth).astype(int).tolist()


@pytest.mark.browser
def test_layers_are_chosen_and_a_behaviour_draws_its_way(opened):
    tab = opened(DESK)
    assert tab.locator(".sign-loitering.leaflet-marker-icon").count() == 0
    tab.locator(".leaflet-control-layers label", has_text="徘徊").click()
    tab.locator(".sign-loitering.leaflet-marker-icon").click()
    popup = tab.locator(".leaflet-popup-content")
    popup.wait_for()
    told = popup.inner_text()
    for part in (
        "徘徊",
        "412000001",
        "2026年11月23日 周一 04:00–06:30",
        "1.2 节",
        "第 2 版",
        "0.60",
    ):
        assert part in told
    assert tab.evaluate("() => shoregrid.state.map.hasLayer(shoregrid.state.tracks)")


@pytest.mark.browser
def test_a_gap_draws_its_reach_and_a_target_without_a_number_is_told(opened):
    from playwright.sync_api import expect

    tab = opened(DESK)
    tab.locator(".leaflet-control-layers label", has_text="失联").click()
    tab.locator(".sign-gap.leaflet-marker-icon").click()
    popup = tab.locator(".leaflet-popup-content")
    popup.wait_for()
    assert "未到任何岸段 70 %" in popup.inner_text()
    told = tab.evaluate("() => [...shoregrid.state.reach]")
    assert told == [
        [
            20,
            [
                "概率 30.0 %，最早 11-23 04:30 到，其间可登滩 35 分钟",
                "probability 30.0 %, there from 11-23 04:30, landable for 35 min of it",
            ],
        ]
    ]
    tab.locator(".leaflet-popup-close-button").click()
    expect(tab.locator(".leaflet-popup-content")).to_have_count(0)
    assert tab.evaluate("() => shoregrid.state.reach.size") == 1  # it stays to be pressed
    tab.locator(".leaflet-control-layers label", has_text="暗目标").click()
    tab.locator(".sign-dark_target.leaflet-marker-icon").click()
    tab.get_by_text("未报身份的目标").first.wait_for()


@pytest.mark.browser
def test_nothing_lies_on_anything_on_a_phone(opened):
    tab = opened(PHONE_SIZE)
    names = (".panel", ".legend", ".credit", ".leaflet-control-layers", ".leaflet-control-zoom",
             ".leaflet-control-scale")  # fmt: skip
    boxes = {name: tab.locator(name).bounding_box() for name in names}
    for one, a in boxes.items():
        assert a["x"] >= 0 <= a["y"]
        assert a["x"] + a["width"] <= 390, one
        assert a["y"] + a["height"] <= 844, one
        for other, b in boxes.items():
            apart = (
                a["x"] + a["width"] <= b["x"] + 0.5
                or b["x"] + b["width"] <= a["x"] + 0.5
                or a["y"] + a["height"] <= b["y"] + 0.5
                or b["y"] + b["height"] <= a["y"] + 0.5
            )
            assert one == other or apart, (one, other)
    assert tab.locator(".legend").get_attribute("open") is None
    tab.locator(".legend summary").click()
    assert tab.locator(".legend li").count() == 6
