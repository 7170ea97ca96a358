"""Coast changes, places and estimates in a real browser, on a desk and on a phone."""

import re

import pytest

from tests.dashboards.walk import until

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser

PHONE_WIDTH = 390


def styles(page):
    """Return how each kind of change is drawn on the map."""
    return page.evaluate(
        """() => { const found = {};
        shoregrid.map().eachLayer(layer => {
          const p = layer.feature && layer.feature.properties;
          if (p && p.change) found[p.change] = [layer.options.color, layer.options.weight,
            layer.options.dashArray || "", layer.options.core || 0, layer.options.stroke];
        });
        return found; }"""
    )


def middle(page, stretch):
    """Return where a stretch lies on the screen."""
    return page.evaluate(
        """stretch => { const map = shoregrid.map(); let at = null;
        map.eachLayer(layer => {
          const p = layer.feature && layer.feature.properties;
          if (p && p.stretch === stretch) at = layer.getCenter();
        });
        const box = map.getContainer().getBoundingClientRect();
        const point = map.latLngToContainerPoint(at);
        return [box.left + point.x, box.top + point.y]; }""",
        stretch,
    )


def test_the_rail_leads_to_the_page_and_back(desk):
    page = desk.sign_in(name="planner")
    page.click(".rail a[href*=changes]")
    page.wait_for_selector("html[data-map=ready] .app-changes")
    assert page.inner_text(".panel h2") == "岸线变化"
    assert page.get_attribute(".rail [data-view=changes]", "aria-current") == "page"
    page.click('.rail a[href="/"]')
    page.wait_for_selector("html[data-map=ready] #strip")


def test_a_chief_has_no_entry_and_no_data(desk):
    page = desk.sign_in()
    assert page.locator(".rail a[href*=changes]").count() == 0
    page.goto(f"{desk.address}/?page=changes")
    page.wait_for_selector(".bare")
    assert "你的角色看不到岸线变化" in page.inner_text(".bare")
    answer = page.request.get(f"{desk.address}/api/coasts/2/changes")
    assert answer.status == 403


def test_kinds_differ_by_colour_and_by_form(desk):
    page = desk.sign_in(name="planner", query="?page=changes&view=29.1,121.92,12")
    found = styles(page)
    assert set(found) == {"kept", "moved", "split", "merged", "gone", "new"}
    assert len({tuple(look[:1]) for look in found.values()}) == 6
    assert len({tuple(look[1:4]) for look in found.values()}) == 6
    assert found["kept"][1] < 2
    assert found["gone"][2]
    legend = page.inner_text(".legend")
    for words in ("移位", "1.5 km", "消失", "0.8 km", "114.0 km"):
        assert words in legend


def test_a_row_zooms_to_its_stretch_and_the_address_keeps_it(desk):
    page = desk.sign_in(name="planner", query="?page=changes")
    page.click('[data-stretch="201"]')
    page.wait_for_selector('[data-stretch="201"][aria-pressed=true]')
    until(page, "() => shoregrid.map().getZoom() >= 13")
    x, y = middle(page, 201)
    frame = page.locator("#changes-map").bounding_box()
    assert abs(x - frame["x"] - frame["width"] / 2) < 20
    assert abs(y - frame["y"] - frame["height"] / 2) < 20
    assert page.locator(".leaflet-selection-pane path, .leaflet-selection-pane canvas").count() >= 1
    until(page, "() => location.search.includes('stretch=201')")
    page.goto(page.url)
    page.wait_for_selector("html[data-map=ready]")
    assert page.get_attribute('[data-stretch="201"]', "aria-pressed") == "true"
    page.keyboard.press("Escape")
    expect(page.locator("[data-stretch][aria-pressed=true]")).to_have_count(0)
    until(page, "() => !location.search.includes('stretch')")


def test_the_map_chooses_a_row(desk):
    page = desk.sign_in(name="planner", query="?page=changes&view=29.09,121.92,12")
    desk.idle()
    page.mouse.click(*middle(page, 20))
    page.wait_for_selector('[data-stretch="20"][aria-pressed=true]')
    expect(page.locator('.stretch.chosen a[href="/?segment=seg0020"]')).to_be_visible()


def test_the_keyboard_is_enough(desk):
    page = desk.sign_in(name="planner", query="?page=changes&lang=en")
    page.focus('[data-kind="new"]')
    page.keyboard.press("Enter")
    expect(page.locator('[data-kind="new"]')).to_have_attribute("aria-pressed", "false")
    assert page.locator('[data-stretch="40"]').is_hidden()
    assert styles(page)["new"][4] is False
    page.keyboard.press("Enter")
    assert page.locator('[data-stretch="40"]').is_visible()
    assert styles(page)["new"][4] is True
    page.focus('[data-stretch="30"]')
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-stretch="30"][aria-pressed=true]')
    assert "merged" in page.inner_text(".stretch.chosen").lower()


def test_another_theme_recolours_the_lines(desk):
    page = desk.sign_in(name="planner", query="?page=changes&view=29.1,121.92,12")
    before = styles(page)["moved"][0]
    page.click("[data-theme-switch]")
    page.wait_for_selector("html[data-theme=dark]")
    until(
        page,
        """before => { let now = null; shoregrid.map().eachLayer(layer => {
        if (layer.feature && layer.feature.properties.change === "moved") now = layer.options.color;
        }); return now && now !== before; }""",
        before,
    )
    page.click("[data-theme-switch]")
    page.wait_for_selector("html[data-theme=light]")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_changes_fit_a_phone(phone, lang):
    page = phone.sign_in(name="planner", query=f"?page=changes&lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH
    page.click(".handle")
    page.wait_for_selector(".app[data-sheet=full]")
    assert (
        page.evaluate("(el => el.scrollWidth - el.clientWidth)(document.querySelector('.panel'))")
        <= 0
    )
    right = page.locator(".sums").bounding_box()
    assert right["x"] + right["width"] <= PHONE_WIDTH
    rows = page.locator("[data-stretch]")
    rows.nth(1).scroll_into_view_if_needed()
    assert rows.nth(1).bounding_box()["height"] >= 44
    rows.nth(1).click()
    page.wait_for_selector(".app[data-sheet=half]")
    panel = page.locator(".panel")
    panel.evaluate("el => Promise.all(el.getAnimations().map(move => move.finished))")
    phone.still()
    x, y = middle(page, 20)
    assert 0 < x < PHONE_WIDTH
    assert 48 < y < panel.bounding_box()["y"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_cut_off_on_a_desk(desk, lang):
    page = desk.sign_in(name="planner", query=f"?page=changes&lang={lang}")
    assert (
        page.evaluate("(el => el.scrollWidth - el.clientWidth)(document.querySelector('.panel'))")
        <= 0
    )


@pytest.mark.parametrize(("lang", "word"), [("zh", "估算"), ("en", "estimated")])
def test_an_estimate_bears_its_mark(desk, lang, word):
    page = desk.sign_in(query=f"?segment=seg0235&mine=0&lang={lang}")
    marks = page.locator(".tide-words .estimate")
    assert marks.all_inner_texts() == [word, word]
    assert word in page.get_attribute(".tide-curve", "alt")
    assert word in page.inner_text(".strip-key")
    assert word in page.get_attribute('[data-shift="2026-11-23T02:00"]', "aria-label")
    assert "±0.40 m" in page.inner_text(".panel")
    page.goto(f"{desk.address}/?segment=seg0100&mine=0&lang={lang}")
    page.wait_for_selector(".sentence")
    assert page.locator(".tide-words .estimate").count() == 0
    assert page.locator(".tide-words .made").count() == 2


def test_an_estimate_bears_its_mark_on_a_phone(phone):
    page = phone.sign_in(query="?segment=seg0235&mine=0")
    page.click(".handle")
    page.wait_for_selector(".app[data-sheet=full]")
    mark = page.locator(".tide-words .estimate").first
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box["x"] + box["width"] <= PHONE_WIDTH


def test_a_place_is_told_in_the_panel_with_its_past(desk):
    page = desk.sign_in(query="?layers=facilities&mine=0&view=29.0167,121.965,14")
    page.locator(".sign-facility").first.click()
    expect(page.locator(".panel h2")).to_have_text("限高杆 facilities8")
    assert "place=facilities" in page.url
    assert "拆动报警" in page.inner_text(".panel .facts")
    fold = page.locator(".panel .fold summary")
    assert page.locator(".past").is_hidden()
    fold.click()
    assert "净高 2.2 m → 2.5 m" in page.inner_text(".past")
    assert re.search(r"11月22日.*11月1日", page.inner_text(".past"), re.S)
    page.goto(page.url)
    page.wait_for_selector("html[data-map=ready]")
    assert page.inner_text(".panel h2") == "限高杆 facilities8"
    page.keyboard.press("Escape")
    page.wait_for_selector(".panel .rows")
    assert "place=" not in page.url


def test_what_cameras_see_is_a_layer(desk):
    page = desk.sign_in(query="?mine=0")
    page.click(".layers summary")
    page.locator(".layers").get_by_label("监控可视范围", exact=True).check()
    until(
        page,
        """() => { let seen = 0; shoregrid.map().eachLayer(layer => {
        const shape = layer.feature && layer.feature.geometry.type;
        if (shape === "Polygon" && layer.options.fillOpacity === 0.3) seen += 1;
        }); return seen === 1; }""",
    )
    assert "viewsheds" in page.url
