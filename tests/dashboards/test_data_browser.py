"""The data page in a real browser, on a desk and on a phone."""

import re

import pytest

from tests.dashboards.walk import until

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser

PHONE_WIDTH = 390


def cell(source, day):
    return f'.feed[data-feed="{source}"][data-on="{day}"]'


def cells(page):
    """Return the fill of each cell that is drawn, and the stroke of the frame."""
    return page.evaluate(
        """() => { const found = { fills: [], frames: 0 };
        shoregrid.map().eachLayer(layer => {
          const p = layer.feature && layer.feature.properties;
          if (p && p.frame) found.frames += 1;
          else if (p && p.r) found.fills.push(layer.options.fillColor);
        });
        return found; }"""
    )


def overflow(page, selector):
    return page.evaluate(
        "s => (el => el.scrollWidth - el.clientWidth)(document.querySelector(s))", selector
    )


def test_from_the_map_to_a_day_to_a_vessel_and_back(desk):
    page = desk.sign_in(name="analyst")
    page.click('.rail a[href="/?page=data"]')
    page.wait_for_selector("html[data-map=ready] .app-data")
    assert page.get_attribute(".rail [data-view=data]", "aria-current") == "page"
    assert "tower 拒 12%" in page.inner_text(".sentence")
    assert page.locator(".panel .made-note").is_visible()
    found = cells(page)
    assert found["frames"] == 1
    assert len(set(found["fills"])) == 3
    assert "1,500" in page.inner_text("#cover-told")

    page.click(cell("tower", "2026-11-22"))
    expect(page.locator(".feed-title")).to_have_text("tower")
    assert "请校准该来源的时钟" in page.inner_text(".wrongs")
    expect(page).to_have_url(re.compile("(?=.*source=tower)(?=.*day=2026-11-22)"))
    page.click(".refusal .fold summary")
    assert "!AIVDM,1,1,,A,1*00" in page.inner_text(".samples")

    page.click(cell("tower", "2026-11-21"))
    expect(page.locator("#cover-told")).to_contain_text("没有该来源当日的位置")
    expect(page.locator(".wrongs")).to_contain_text("静默")
    assert cells(page)["fills"] == []

    page.fill("#data-search", "sim")
    page.click("#data-found [data-mmsi]")
    expect(page.locator(".feed-title")).to_have_text("SIM 1")
    assert "2 条船在用" in page.inner_text(".wrongs")
    expect(page.locator("#data-found button")).to_have_count(0)
    expect(page).to_have_url(re.compile("mmsi=412000001"))
    page.goto(page.url)
    page.wait_for_selector("html[data-map=ready] .app-data")
    assert page.inner_text(".feed-title") == "SIM 1"
    page.keyboard.press("Escape")
    expect(page.locator(".feed-title")).to_have_text("tower")
    page.keyboard.press("Escape")
    expect(page.locator(".sentence")).to_be_visible()
    assert "source=" not in page.url


def test_older_days_are_a_press_away(desk):
    page = desk.sign_in(name="liaison", query="?page=data&source=tower")
    assert page.locator(cell("tower", "2026-11-09")).count() == 0
    page.click(".feeds-head a")
    page.wait_for_selector(cell("tower", "2026-11-09"))
    page.wait_for_selector("html[data-map=ready]")
    assert page.get_attribute(cell("tower", "2026-11-09"), "aria-pressed") == "true"
    page.goto(f"{desk.address}/?page=data&mmsi=412000001&day=2026-11-05")
    page.wait_for_selector("html[data-map=ready]")
    page.click('.panel [data-feed="tower"][data-on="2026-11-23"]')
    page.wait_for_selector(cell("tower", "2026-11-23"))
    page.wait_for_selector("html[data-map=ready]")
    assert page.inner_text(".feed-title") == "tower"


def test_the_keyboard_is_enough(desk):
    page = desk.sign_in(name="analyst", query="?page=data&lang=en")
    page.focus('.feed[tabindex="0"]')
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator(".feed-title")).to_have_text("tower")
    assert "2026-11-22" in page.url
    assert "fast" in page.inner_text(".wrongs")
    page.focus('[data-measure="vessels"]')
    before = cells(page)["fills"]
    page.keyboard.press("Enter")
    page.wait_for_selector(".app[data-measure=vessels]")
    assert cells(page)["fills"] != before
    assert "≥ 50" in page.inner_text(".legend")
    page.focus("#data-search")
    page.keyboard.type("41200000")
    page.wait_for_selector("#data-found button >> nth=2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".panel-place")).to_contain_text("MMSI 41200000")


def test_another_theme_recolours_the_cells(desk):
    page = desk.sign_in(name="analyst", query="?page=data")
    before = sorted(cells(page)["fills"])
    page.click("[data-theme-switch]")
    page.wait_for_selector("html[data-theme=dark]")
    until(
        page,
        """before => { let now = null; shoregrid.map().eachLayer(layer => {
        if (layer.feature && layer.feature.properties.r) now = layer.options.fillColor;
        }); return now && !before.includes(now); }""",
        before,
    )
    page.click("[data-theme-switch]")
    page.wait_for_selector("html[data-theme=light]")


def test_a_chief_has_no_entry(desk):
    page = desk.sign_in()
    assert page.locator('.rail a[href*="page=data"]').count() == 0
    page.goto(f"{desk.address}/?page=data")
    page.wait_for_selector(".bare")
    assert "你的角色看不到数据页" in page.inner_text(".bare")


def test_an_event_leads_to_its_vessel(desk):
    page = desk.sign_in(name="analyst", query="?layers=behaviours&view=29.33,121.97,14")
    page.locator(".leaflet-marker-pane .sign-shore_approach").first.click()
    link = page.locator(".panel .to-vessel")
    expect(link).to_contain_text("船舶档案")
    link.click()
    page.wait_for_selector("html[data-map=ready] .app-data")
    assert page.inner_text(".feed-title") == "ZHEXIANGYU 12345"
    assert "关注船" in page.inner_text(".panel")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("query", ["", "&source=tower&day=2026-11-23", "&mmsi=412000001"])
def test_it_fits_a_phone(phone, lang, query):
    page = phone.sign_in(name="analyst", query=f"?page=data&lang={lang}{query}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    chosen = page.locator(".feed[aria-pressed=true]").bounding_box()
    assert chosen["x"] >= 90
    assert chosen["x"] + chosen["width"] <= PHONE_WIDTH
    assert chosen["height"] >= 44
    page.click(".handle")
    page.wait_for_selector(".app[data-sheet=full]")
    assert overflow(page, ".panel") <= 0
    for box in page.locator(".panel table").all():
        place = box.bounding_box()
        assert place["x"] + place["width"] <= PHONE_WIDTH
    if not query:
        page.click('.panel [data-feed="tower"]')
        page.wait_for_selector(".app[data-sheet=half]")
        expect(page.locator(".feed-title")).to_have_text("tower")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_cut_off_on_a_desk(desk, lang):
    page = desk.sign_in(name="analyst", query=f"?page=data&source=tower&lang={lang}")
    assert overflow(page, ".panel") <= 0
    assert overflow(page, ".feeds-run") <= 0
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".feed, .feeds thead th")]
        .filter(el => el.scrollWidth > el.clientWidth + 1).map(el => el.innerText)"""
    )
    assert cut == []


def test_no_word_is_left_in_the_other_language(desk):
    page = desk.sign_in(name="analyst", query="?page=data&source=tower&day=2026-11-21&lang=en")
    told = page.inner_text(".panel") + page.inner_text(".feeds-box") + page.inner_text(".legend")
    assert re.findall("[㐀-鿿]+", told) == []
