"""Places in the panel, landing windows that are estimates, and the tide with its error."""

from dataclasses import replace
from datetime import date
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from dash import html

from dashboards import panel, placepanel
from dashboards.address import parse
from dashboards.coastmap import strip_signs
from dashboards.source import Person
from dashboards.strip import strip
from dashboards.tidecurve import tide_svg
from dashboards.tokens import SURFACE
from tests.dashboards.walk import at_desk, every, text

SHIFT = "2026-11-23T22:00"


def of_class(part, name):
    return [one for one in every(part) if name in str(getattr(one, "className", "")).split()]


@pytest.fixture
def desk(source):
    return at_desk(source, Person("u", "u", "analyst"), "zh", "light")


@pytest.fixture
def english(desk):
    return replace(desk, lang="en")


def told(desk, segment):
    return panel.explained(desk, desk.source.explain(segment, SHIFT), SHIFT)


def test_an_estimate_is_marked_wherever_landing_shows(desk, english):
    shown = told(desk, "seg0235")
    assert [text(mark) for mark in of_class(shown, "estimate")] == ["估算"] * 4
    why = [text(row) for row in of_class(shown, "why-row")]
    assert [row for row in why if "估算" in row] == [row for row in why if "可登滩时长" in row]
    assert "按岸滩类型估算" in text(of_class(shown, "gap-note"))
    curve = of_class(shown, "tide-curve")[0]
    assert "估算" in curve.alt
    assert ">估算</text>" in unquote(curve.src)
    assert [text(mark) for mark in of_class(told(english, "seg0235"), "estimate")] == [
        "estimated",
        "estimated",
        "estimated",
        "estimated",
    ]


def test_a_made_depth_stays_made_and_is_no_estimate(desk):
    shown = told(desk, "seg0100")
    assert of_class(shown, "estimate") == []
    assert "估算" not in text(shown)
    tide = of_class(shown, "tide-words")
    assert text(of_class(tide, "made")) == "编造的水深 编造的水深"


def test_a_surveyed_depth_bears_no_mark(desk):
    said = desk.source.explain("seg0100", SHIFT)
    said["tide"]["basis"] = "survey"
    shown = of_class(panel.explained(desk, said, SHIFT), "tide-words")
    assert of_class(shown, "mark") == []


def test_the_tide_says_whose_it_is_and_how_far_off_it_may_be(desk, english):
    assert "坎门 87 km，误差约 ±0.40 m；基准 平均海面" in text(told(desk, "seg0100"))
    said = text(told(english, "seg0100"))
    assert "Kanmen 87 km, error some ±0.40 m; datum mean sea level" in said


def test_the_band_of_error_is_drawn_as_wide_as_it_is(desk):
    moments, heights = desk.source.tide(*desk.shifts[SHIFT][1:])
    plain, banded = (
        ET.fromstring(
            tide_svg(moments, heights, tz=desk.tz, colours=SURFACE["light"], error_m=error)
        )
        for error in (None, 0.4)
    )
    space = "{http://www.w3.org/2000/svg}"
    bands = [
        [one for one in root.findall(f"{space}path") if one.get("fill-opacity")]
        for root in (plain, banded)
    ]
    assert [len(found) for found in bands] == [0, 1]
    points = [pair.split() for pair in bands[1][0].get("d").strip("MZ").split("L")]
    assert len(points) == 2 * len(heights)
    upper, lower = float(points[0][1]), float(points[-1][1])
    curve = banded.findall(f"{space}path")[-1].get("d")[1:].split("L")[0].split()
    assert upper < float(curve[1]) < lower
    assert float(curve[1]) - upper == pytest.approx(lower - float(curve[1]), abs=0.11)


def test_the_strip_tells_which_share_is_estimated(desk):
    shown = strip(desk, section_id=None, day=date(2026, 11, 23), chosen=None)
    cells = of_class(shown, "cell")
    titles = [cell.title for cell in cells[:6]]
    assert titles[0].endswith("、可登滩 40 %，其中 4 % 为估算")
    assert titles[1].endswith("、可登滩 10 %，其中 10 % 为估算")
    assert "可登滩" not in titles[2]
    assert titles[3].endswith("、可登滩 70 %")
    assert titles[5].endswith("、可登滩 60 %，其中 <1 % 为估算")
    hatched = [of_class(cell, "cell-estimated") for cell in cells[:6]]
    assert [len(found) for found in hatched] == [1, 1, 0, 0, 1, 1]
    assert hatched[0][0].style == {"width": "10.0%"}
    assert strip_signs(desk) == ("tide", "landable", "estimated", "night")


def test_no_sign_of_estimates_where_there_are_none(desk):
    desk.source.segments()["landing_basis"] = "survey"
    assert strip_signs(desk) == ("tide", "landable", "night")


def test_a_wharf_tells_what_the_register_holds(desk, english):
    shown = placepanel.told(desk, "wharves", desk.source.place("wharves", "wharves8"))
    said = text(shown)
    for words in ("示例码头", "鹤浦段", "渔业码头", "一港：港口码头", "示例公司", "泊位 3", "7 天"):
        assert words in said
    assert "编造的示例" in said
    assert "没有变更记录" in said
    assert "port wharf" in text(
        placepanel.told(english, "wharves", desk.source.place("wharves", "wharves8"))
    )


def test_a_height_bar_tells_its_setting_alarm_and_past(desk):
    shown = placepanel.told(desk, "facilities", desk.source.place("facilities", "facilities8"))
    assert text(shown[1]) == "限高杆 facilities8"
    facts = text(of_class(shown, "facts"))
    for words in ("杆型 H 型", "档位 中位", "净高 2.5 m", "拆动监测 拆动报警", "状态 故障"):
        assert words in facts
    assert "在线率" not in facts
    assert {text(mark) for mark in of_class(shown, "warn")} == {"故障", "拆动报警"}
    fold = next(part for part in shown if isinstance(part, html.Details))
    assert getattr(fold, "open", None) in (None, False)
    entries = of_class(fold, "past")[0].children
    assert len(entries) == 2
    assert "操作 planner" in text(entries[0])
    assert "净高 2.2 m → 2.5 m" in " ".join(text(entries[0]).split())
    assert "拆动监测 空 → 拆动报警" in " ".join(text(entries[0]).split())
    assert "新增" in text(entries[1])


def test_a_camera_tells_how_often_it_is_online_and_links_only_to_the_web(desk):
    camera = desk.source.place("facilities", "facilities8") | {
        "kind": "camera",
        "status": "working",
        "online_rate": 0.83,
        "height_m": 20.0,
        "live_link": "https://example.org/live",
    }
    shown = placepanel.told(desk, "facilities", camera)
    for words in ("在线率 83 %", "立杆高度 20 m", "状态 正常"):
        assert words in text(shown)
    links = [part for part in every(shown) if isinstance(part, html.A)]
    assert [(link.href, link.rel) for link in links] == [
        ("https://example.org/live", "noopener noreferrer")
    ]
    for address in ("javascript:alert(1)", "rtsp://example.org/1"):
        shown = placepanel.told(desk, "facilities", camera | {"live_link": address})
        assert not [part for part in every(shown) if isinstance(part, html.A)]
        assert address in text(shown)


def test_a_move_too_small_to_read_is_not_told(desk):
    bar = desk.source.place("facilities", "facilities8")
    past = [bar["history"][0] | {"changes": {"lon": [121.1234501, 121.1234502]}}]
    shown = placepanel.told(desk, "facilities", bar | {"history": past})
    assert "经度" not in text(shown)


def test_a_place_that_is_not_there_says_so(desk):
    assert "没有这个地点" in text(placepanel.told(desk, "wharves", None))


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?place=wharves/W/1", ("wharves", "W/1")),
        ("?place=posts/P1", None),
        ("?place=wharves/", None),
        ("?place=wharves", None),
    ],
)
def test_an_address_names_a_place(query, place):
    assert parse(query).place == place
