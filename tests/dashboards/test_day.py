"""A section's shift on one page: what it says, in both languages, and on a phone."""

from dataclasses import replace

import pytest

from dashboards.app import Pages
from dashboards.seen import Door
from dashboards.source import Person
from tests.dashboards.walk import every, text

SHIFT = "2026-11-23T22:00"
CHIEF = Person("u1", "chief", "section_chief", {"section": ("S02",), "county": ("all",)})


@pytest.fixture
def pages(source):
    return Pages(Door(source), lambda: {"segments": "a", "land": "b"})


def told(pages, query, person=CHIEF, lang="zh"):
    return pages.page(f"?page=day{query}", person, lang=lang, theme="light")


def links(part):
    return [one.href for one in every(part) if getattr(one, "href", None)]


def test_a_chief_sees_the_own_section_and_what_matters_there(pages):
    page = told(pages, "")
    words = text(page)
    for said in (
        "鹤浦段", "今晚 22:00–02:00", "高风险：23:10–01:30 可登滩", "1 号区", "徘徊与可登滩重合",
        "车巡1队", "重点区1-1", "23:40–23:55", "示例段长02", "示例码头：巡查逾期 3 天",
        "示例探头：损坏 7 天", "省道", "案事件",
    ):  # fmt: skip
        assert said in words, said
    assert "高塘段" in words  # one press away
    assert f"/?page=day&section=S03&shift={SHIFT}" in links(page)
    assert f"/patrols?shift={SHIFT}&team=T1" in links(page)
    assert "/?place=facilities/facilities8" in links(page)
    assert [one for one in links(page) if one.startswith("tel:")]


def test_the_address_names_section_and_shift(pages):
    page = told(pages, "&section=S01&shift=2026-11-24T06:00", lang="en")
    words = text(page)
    assert "Shipu" in words
    assert "Tue 24 Nov 06:00–10:00" in words
    assert "No team comes to this section" in words
    assert "Hepu" in words
    current = [one for one in every(page) if getattr(one, "className", "") == "day-shift"]
    assert len(current) == 18
    marked = [one.href for one in current if "aria-current" in one.to_plotly_json()["props"]]
    assert marked == ["/?page=day&section=S01&shift=2026-11-24T06:00"]


def test_who_has_no_section_sees_that_of_the_highest_risk(pages):
    rows = pages.rows(pages.desk(CHIEF, "zh", "light"), SHIFT, None)
    highest = rows.sort("score", descending=True)["section_id"][0]
    nobody = Person("u2", "analyst", "analyst", {})
    names = {"S01": "石浦段", "S02": "鹤浦段", "S03": "高塘段"}
    page = told(pages, "&section=S99", person=nobody)
    heads = [text(one) for one in every(page) if type(one).__name__ == "H2"]
    assert names[highest] in heads


def test_without_sections_or_plans_the_page_says_what_to_do(pages, source, monkeypatch):
    monkeypatch.setattr(source, "daily", lambda *_: replace_planned(source))
    assert "shoregrid plan" in text(told(pages, ""))
    bare = source.sections().clear()
    monkeypatch.setattr(source, "sections", lambda: bare)
    assert "还没有责任岸段" in text(
        told(pages, "", person=replace(CHIEF, scope={"county": ("all",)}))
    )


def replace_planned(source):
    told = type(source).daily(source, "S03", SHIFT)
    return {**told, "planned": False, "teams": [], "checkpoints": []}
