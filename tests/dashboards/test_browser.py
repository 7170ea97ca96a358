"""A chief's evening in a real browser, in both languages, on a desk and on a phone."""

import re

import pytest

from tests.dashboards.walk import until

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


def point_of(page, segment):
    """Return where a segment's middle lies on the screen."""
    return page.evaluate(
        """id => { const map = shoregrid.map(), box = map.getContainer().getBoundingClientRect();
        const at = map.latLngToContainerPoint(shoregrid.layerOf(id).getCenter());
        return [box.left + at.x, box.top + at.y]; }""",
        segment,
    )


def test_a_wrong_password_says_so_and_stays_outside(chromium, address):
    page = chromium.new_page(locale="zh-CN")
    page.goto(address)
    page.fill("#name", "chief")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    assert "账号或密码不对" in page.inner_text("[role=alert]")
    assert page.input_value("#name") == "chief"
    page.goto(f"{address}/api/segments")
    assert "/login" in page.url
    page.close()


def test_the_evening_of_a_chief(desk):
    page = desk.sign_in()
    assert page.inner_text(".panel h2") == "今晚 22:00–02:00"
    assert page.is_checked("#mine-switch")
    assert "鹤浦段" in page.inner_text(".panel")
    assert "模拟 AIS" in page.inner_text(".header")

    page.click('[data-shift="2026-11-24T14:00"]')
    expect(page.locator(".panel h2")).to_contain_text("14:00")
    assert "shift=2026-11-24T14:00" in page.url

    riskiest = page.get_attribute(".panel [data-segment]", "data-segment")
    desk.still()
    page.mouse.click(*point_of(page, riskiest))
    page.wait_for_selector(".sentence")
    assert f"segment={riskiest}" in page.url
    panel = page.inner_text(".panel")
    for word in ("可登滩", "威胁", "条件", "防守缺口", "外海徘徊", "潮汐", "待办", "谁负责"):
        assert word in panel
    assert page.get_attribute(".panel .call", "href") == "tel:057400000102"
    assert page.locator(".whys .why-row").count() == 5
    assert "缺少：摄像覆盖" in panel
    assert "可登滩" in page.get_attribute(".tide-curve", "alt")

    page.click('.header [data-lang="en"]')
    page.wait_for_selector("html[data-map=ready]")
    page.wait_for_selector(".sentence")
    panel = page.inner_text(".panel")
    assert "High risk" in panel
    assert "Threat" in panel
    assert f"segment={riskiest}" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector(".panel .rows")


def test_an_address_brings_the_same_view(desk):
    query = "?segment=seg0100&shift=2026-11-25T02:00&layers=risk_points&lang=en&theme=dark&mine=0"
    page = desk.sign_in(query=query + "&view=29.21,121.9,12")
    assert "km 50.0–50.5" in page.inner_text(".panel-place")
    assert page.get_attribute('[data-shift="2026-11-25T02:00"]', "aria-checked") == "true"
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.get_attribute("html", "lang") == "en"
    page.wait_for_selector(".leaflet-marker-pane .sign-risk")
    assert page.locator(".sign-wharf").count() == 0
    assert not page.is_checked("#mine-switch")
    centre = page.evaluate("[shoregrid.map().getCenter().lat, shoregrid.map().getZoom()]")
    assert centre[1] == 12
    assert centre[0] == pytest.approx(29.21, abs=0.002)


def test_the_keys_move_the_strip_and_open_the_list(desk):
    page = desk.sign_in()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('[data-shift="2026-11-24T02:00"][aria-checked=true]')
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector('[data-shift="2026-11-23T22:00"][aria-checked=true]')
    page.keyboard.press("l")
    page.wait_for_selector(".side-list .list-table")
    page.click('[data-sort="place"], [data-sort="-place"]')
    page.wait_for_selector("th[aria-sort=ascending] [data-sort='-place']")
    assert page.inner_text(".list-table tbody tr:first-child td:nth-child(3)") == "40.0–40.5"
    page.focus(".list-table tbody tr:nth-child(3) button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sentence")
    assert "41.0–41.5" in page.inner_text(".panel-place")
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_repaint_sends_no_geometry(desk):
    page = desk.sign_in()
    desk.idle()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    colours = "[0, 99, 150].map(i => shoregrid.layerOf('seg0' + "
    colours += "String(i).padStart(3, '0')).options.color)"
    before = page.evaluate(colours)
    page.click('[data-shift="2026-11-23T10:00"]')
    expect(page.locator(".panel h2")).to_contain_text("10:00")
    until(page, f"before => JSON.stringify({colours}) !== JSON.stringify(before)", before)
    desk.idle()
    assert asked
    assert not [url for url in asked if re.search(r"/api/(segments|land)", url)]


def test_a_date_that_is_not_scored_is_scored(desk):
    page = desk.sign_in(name="analyst", query="?lang=en")
    assert page.locator("#mine-switch").is_hidden()
    page.click('[data-day="1"]')
    page.wait_for_selector('[data-shift="2026-11-24T22:00"][aria-checked=true]')
    page.wait_for_selector('[data-shift="2026-11-26T22:00"]')


def test_a_shift_without_scores_is_scored_when_it_is_chosen(desk):
    page = desk.sign_in(name="analyst", query="?lang=en&shift=2026-11-25T10:00")
    first = page.locator("[data-shift]").first.get_attribute("data-shift")
    page.click('[data-day="1"]')
    expect(page.locator("[data-shift]").first).not_to_have_attribute("data-shift", first)
    new = page.locator('[data-shift][data-scored="0"]').last
    shift = new.get_attribute("data-shift")
    new.click()
    page.wait_for_selector(f'[data-shift="{shift}"][aria-checked=true][data-scored="1"]')
    expect(page.locator(".panel h2")).to_contain_text(f"{int(shift[8:10])} Nov 22:00")


def test_every_layer_can_be_shown(desk):
    page = desk.sign_in()
    desk.idle()
    page.click(".layers summary")
    page.locator(".layers").get_by_label("风险点", exact=True).check()
    page.wait_for_selector(".leaflet-marker-pane .sign-risk")
    page.locator(".layers").get_by_label("可疑行为（72 小时内）", exact=True).check()
    page.wait_for_selector(".leaflet-marker-pane .sign-loitering")
    page.locator(".layers").get_by_label("船舶轨迹（24 小时内）", exact=True).check()
    page.wait_for_selector("#notice:has-text('只画了 10000 个点')")
    page.locator(".layers").get_by_label("码头", exact=True).uncheck()
    expect(page.locator(".sign-wharf")).to_have_count(0)
    shown = set(re.search("layers=([a-z_,]+)", page.url)[1].split(","))
    assert shown == {"sections", "zones", "risk_points", "behaviours", "tracks"}


def test_on_a_phone(phone):
    page = phone.sign_in()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    panel = page.locator(".panel").bounding_box()
    assert panel["y"] > 300
    page.click(".panel [data-segment]")
    page.wait_for_selector(".sentence")
    segment = re.search(r"segment=(\w+)", page.url)[1]
    phone.still()
    x, y = point_of(page, segment)
    assert 0 < x < PHONE["width"]
    assert 100 < y < panel["y"] + 20
    page.click(".handle")
    page.wait_for_selector(".app[data-sheet=full]")
    panel = page.locator(".panel")
    panel.evaluate("el => Promise.all(el.getAnimations().map(move => move.finished))")
    assert panel.bounding_box()["y"] < 130
    call = page.locator(".panel .chiefs .call")
    call.scroll_into_view_if_needed()
    assert call.bounding_box()["height"] >= 44
    page.click(".rail [data-view=list]")
    assert page.is_visible(".side-list .list-table")
    page.click(".rail [data-view=me]")
    assert page.is_visible(".side-me form button")
    page.click(".side-me form button")
    page.wait_for_url("**/login")


def test_a_session_that_ends_says_so(desk):
    page = desk.sign_in()
    desk.context.clear_cookies()
    page.click('[data-shift="2026-11-23T10:00"]')
    page.wait_for_selector("#session-over:not([hidden])")
    assert "登录已过期" in page.inner_text("#session-over")
    desk.faults.clear()  # the browser reports the refusals that this test asked for


def test_it_speaks_chinese_first_and_remembers_english(chromium, address):
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(address)
    assert page.get_attribute("html", "lang") == "zh-CN"
    page.click(".lang")
    assert page.inner_text("button") == "Sign in"
    page.fill("#name", "chief")
    page.fill("#password", "right-horse")
    page.click("button[type=submit]")
    page.wait_for_selector("html[data-map=ready][lang=en]")
    page.goto(address)
    page.wait_for_selector("html[data-map=ready][lang=en]")
    context.close()


def test_the_sheet_follows_the_finger(phone):
    page = phone.sign_in()
    grip = page.locator(".handle").bounding_box()
    page.mouse.move(195, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(195, grip["y"] - 100, steps=5)
    assert page.locator(".panel").bounding_box()["y"] == pytest.approx(grip["y"] - 110, abs=4)
    page.mouse.move(195, 60, steps=10)
    page.mouse.up()
    page.wait_for_selector(".app[data-sheet=full]")
    page.focus(".handle")
    page.keyboard.press("Enter")
    page.wait_for_selector(".app[data-sheet=low]")


def test_no_name_on_the_map_is_cut_or_lies_on_another(phone):
    page = phone.sign_in()
    phone.still()
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.label:not(.crowded), .legend, .layers')]
        .map(el => el.getBoundingClientRect()).filter(b => b.width)
        .map(b => [b.left, b.top, b.right, b.bottom])"""
    )
    assert len(boxes) > 2
    for i, a in enumerate(boxes):
        assert a[0] >= 0
        assert a[2] <= PHONE["width"]
        for b in boxes[:i]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


def test_another_shift_asks_for_no_layer_that_it_does_not_change(desk):
    page = desk.sign_in()
    desk.idle()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_request(lambda request: "/api/layers/zones" in request.url):
        page.click('[data-shift="2026-11-23T10:00"]')
    expect(page.locator(".panel h2")).to_contain_text("10:00")
    desk.idle()
    assert not [url for url in asked if re.search("/api/layers/(sections|wharves)", url)]


def test_an_event_is_explained_in_the_panel(desk):
    page = desk.sign_in(query="?layers=behaviours&view=29.2,122.0,13")
    page.locator(".leaflet-marker-pane .sign-loitering").click()
    page.wait_for_selector(".event-title")
    told = page.inner_text(".panel")
    for words in ("徘徊", "平均 1.9 节", "离岸约", "降低排序：靠近码头或锚地", "0.62"):
        assert words in told
    assert "第 2 版，11-23 23:40 因新到数据修订：结束 21:40 → 23:40；历时 180 min → 300 min" in told
    assert "place=events/e-loitering" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector(".event-title", state="detached")


def test_a_chain_leads_to_its_parts(desk):
    page = desk.sign_in(query="?place=events/e-chain&lang=en")
    page.locator(".panel [data-place]", has_text="Rendezvous").click()
    expect(page.locator(".event-title")).to_have_text("Rendezvous")
    assert "place=events/e-rendezvous" in page.url


def test_a_gap_draws_its_reach_and_a_press_tells_of_it(desk):
    page = desk.sign_in(query="?place=events/e-gap&layers=&lang=en&view=29.1,122.0,12")
    assert "at no segment 46 %" in page.inner_text(".panel")
    until(page, "() => document.querySelector('.leaflet-reach-pane canvas')")
    desk.still()
    x, y = point_of(page, "seg0048")
    page.mouse.click(x, y)
    popup = page.locator(".told")
    popup.wait_for()
    assert "probability 30 %, there from 18:40" in popup.inner_text()
    popup.get_by_text("Why this stretch is at risk").click()
    page.wait_for_selector(".sentence")
    assert "segment=seg0048" in page.url


def test_the_list_of_events_works_by_keyboard(desk):
    page = desk.sign_in(name="analyst", query="?lang=en")
    page.keyboard.press("l")
    page.locator(".side-list [data-listing=events]").focus()
    page.keyboard.press("Enter")
    rows = page.locator(".side-list .event-rows .row-button")
    assert rows.count() == 12
    assert "1 more rank below 0.2" in page.inner_text(".side-list")
    rows.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".event-title")).to_have_text("Chain")


def test_kinds_of_behaviour_are_chosen(desk):
    page = desk.sign_in(name="analyst", query="?layers=behaviours&view=29.3,122.1,13")
    page.wait_for_selector(".leaflet-marker-pane .sign-dash")
    page.click(".layers summary")
    page.click(".kinds summary")
    page.locator(".kind-boxes").get_by_label("冲滩").uncheck()
    expect(page.locator(".leaflet-marker-pane .sign-dash")).to_have_count(0)
    assert "dash" not in re.search("kinds=([a-z_,]+)", page.url)[1].split(",")
    assert "另有 1 起排序分低于 0.2" in page.inner_text(".kinds")
