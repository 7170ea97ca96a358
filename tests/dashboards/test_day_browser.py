"""A section's shift in a real browser: with one thumb, in both languages, and on a desk."""

import re

import pytest

from tests.dashboards.walk import until

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser


def opened(watched, query="", name="chief"):
    watched.sign_in(name=name)
    watched.page.goto(f"{watched.address}/?page=day{query}")
    watched.page.wait_for_selector(".day")
    return watched.page


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_fits_a_phone_and_a_thumb(phone, lang):
    page = opened(phone, f"&lang={lang}")
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    day = page.locator(".day")
    assert day.evaluate("el => el.scrollWidth <= el.clientWidth")
    targets = ".day-shift:visible, .day .row-button:visible, .day .call:visible"
    for target in page.locator(targets).all():
        box = target.bounding_box()
        assert box["height"] >= 44
    # The shift that is shown is in view, and the last card can be reached.
    now = page.locator(".day-shift[aria-current]").bounding_box()
    assert 0 <= now["x"] < wide[1]
    page.locator(".day-found").scroll_into_view_if_needed()
    expect(page.locator(".day-found")).to_be_in_viewport()


def test_the_rail_a_shift_and_another_section_are_one_press_away(desk):
    page = desk.sign_in()
    page.click(".rail a[href='/?page=day']")
    page.wait_for_selector(".day")
    expect(page.locator(".day h2")).to_have_text("鹤浦段")
    page.click(".day-shift[href*='2026-11-24T06:00']")
    expect(page.locator(".day-head .hint")).to_contain_text("06:00–10:00")
    assert "shift=2026-11-24T06:00" in page.url
    page.click(".day-head summary")
    page.click(".day-head a[href*='section=S03']")
    expect(page.locator(".day h2")).to_have_text("高塘段")
    assert re.search(r"section=S03.*shift=2026-11-24T06:00", page.url)


def test_a_stretch_leads_to_the_map(desk):
    page = opened(desk)
    page.locator(".day-top .row-button").first.click()
    page.wait_for_selector("html[data-map=ready]")
    page.wait_for_selector(".sentence")


def test_theme_and_language_follow(desk):
    page = opened(desk)
    page.click(".header [data-theme-switch]")
    page.wait_for_selector("html[data-theme=dark]")
    page.click(".header [data-lang]")
    until(page, "() => document.querySelector('.day h2')?.textContent === 'Hepu'")
    assert "theme=dark" in page.url
