"""Zones in the panel and the table: what moved out and why, and what is explored beside them."""

import pytest

from dashboards import zones
from dashboards.pages import Pages
from dashboards.seen import Door
from dashboards.source import Person
from tests.dashboards.walk import at_desk, every, text

SHIFT = "2026-11-23T22:00"
SAID = {
    "zh": ("移出：", "2.5 km，因为均分比 11 月 22 日降 9 分", "探索：抽中 1 处，共 2.5 km",
           "探索：按 1.5 % 抽中", "探索：抽签抽中，非因风险高"),
    "en": ("Moved out: ", ", 2.5 km, because its mean score fell",
           "Exploration: 1 drawn by lot, 2.5 km", "Exploration: drawn with 1.5 %",
           "Exploration: by lot, not for risk"),
}  # fmt: skip


@pytest.mark.parametrize("lang", SAID)
def test_the_panel_says_what_moved_out_and_what_is_explored(source, lang):
    desk = at_desk(source, Person("u", "u", "analyst"), lang, "light")
    pages = Pages(Door(source), dict)
    whole = pages.panel(desk, None, SHIFT, None)
    for words in SAID[lang][:4]:
        assert words in text(whole)
    assert SAID[lang][4] in text(zones.legend(desk))
    # They lie in S01: the chief of another section is not told of them.
    elsewhere = text(pages.panel(desk, None, SHIFT, "S02"))
    assert SAID[lang][0] not in elsewhere
    assert SAID[lang][3] not in elsewhere


@pytest.mark.parametrize(("lang", "zone", "drawn"), [
    ("zh", "1 号区", "探索 1.5 %"), ("en", "Zone 1", "drawn, 1.5 %"),
])  # fmt: skip
def test_the_table_says_what_the_map_draws(source, lang, zone, drawn):
    desk = at_desk(source, Person("u", "u", "analyst"), lang, "light")
    told = []
    for page in range(1, 99):
        table, pages = Pages(Door(source), dict).listed(desk, SHIFT, None, "place", page, None)
        told += [text(one) for one in every(table) if getattr(one, "className", "") == "patrol"]
        if page == pages:
            break
    assert (told.count(zone), told.count(drawn)) == (9, 5)
