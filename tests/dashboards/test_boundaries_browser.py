"""Planners at work in real browsers: cuts dragged, typed and keyed, a conflict, publication."""

import re

import pytest

from tests.dashboards.walk import until

PHONE = {"width": 390, "height": 844}
WALL = {"width": 2560, "height": 1440}


def told(page):
    return page.inner_text("#cuts-told")


def moved_km(page):
    return float(re.search(r"([\d.]+) km", page.inner_text(".cuts-sums"))[1])


def settled(page, words):
    until(page, "w => document.querySelector('#cuts-told').innerText.includes(w)", words)


def save(page, name=None):
    if name:
        page.fill("#cuts-name", name)
    page.click("[data-cuts=save]")
    until(page, "() => document.querySelector('.unsaved').innerText === ''")
    return page.url


def typed(page, n, km):
    if not page.locator(f"#cut-{n}").is_visible():
        page.click("#cuts-fold summary")
    page.fill(f"#cut-{n}", str(km))
    page.press(f"#cut-{n}", "Enter")
    settled(page, "未保存")


def chainage(page, n):
    return float(page.locator(".cut-mark").nth(n).get_attribute("aria-label").split()[-1])


def marked(n):
    return f"k => document.querySelectorAll('.cut-mark')[{n}].title.endsWith(k)"


def test_a_cut_is_dragged_along_the_shore_and_the_balance_follows(planners):
    page = planners("planner")
    before = chainage(page, 0)
    box = page.locator(".cut-mark").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x - 8 * step, y)
    until(page, "() => !document.querySelector('.cuts-sums').innerText.includes(' 0.0 km')")
    page.mouse.up()
    settled(page, "未保存")
    assert chainage(page, 0) != before
    assert moved_km(page) == pytest.approx(abs(chainage(page, 0) - before), abs=0.2)
    page.click("[data-cuts=undo]")
    until(page, marked(0), f"{before:.3f}")
    assert moved_km(page) == 0
    page.click("[data-cuts=redo]")
    settled(page, "未保存")
    save(page, "拖动")


def test_the_keyboard_does_what_the_mouse_does(planners):
    page = planners("planner")
    before = chainage(page, 0)
    page.locator(".cut-mark").first.focus()
    page.keyboard.press("ArrowRight")
    settled(page, "未保存")
    until(page, marked(0), f"{before + 0.1:.3f}")
    typed(page, 0, before + 1)
    until(page, "k => document.querySelector('.cut-mark').title.endsWith(k)", f"{before + 1:.3f}")
    assert moved_km(page) == pytest.approx(1.0, abs=0.1)
    typed(page, 0, 99999)
    until(page, "() => document.querySelector('#notice').innerText.includes('里程')")
    until(page, "k => document.querySelector('#cut-0').value === k", f"{before + 1:.3f}")
    page.locator("[data-cuts=choose]").first.click()
    settled(page, "选中")
    page.locator("[data-cuts=lock]").first.click()
    until(page, "() => document.querySelector('[data-cuts=unlock]') !== null")


def test_who_saves_second_is_given_the_choice(planners):
    first = planners("planner")
    typed(first, 0, chainage(first, 0) + 0.5)
    address = save(first, "两人")
    query = address[address.index("?") :]
    second = planners("other", query)
    typed(first, 0, chainage(first, 0) + 0.5)
    save(first)
    at = chainage(second, 1) + 0.7
    typed(second, 1, at)
    second.click("[data-cuts=save]")
    second.wait_for_selector(".cuts-conflict")
    words = second.inner_text(".cuts-conflict")
    assert "planner" in words
    assert "丙段 → 甲段：0.5 公里" in words or "甲段 → 丙段：0.5 公里" in words
    second.click("[data-cuts=mine]")
    until(second, "() => document.querySelector('.cuts-conflict') === null")
    until(second, marked(0), f"{chainage(first, 0):.3f}")
    assert chainage(second, 1) == pytest.approx(at, abs=0.001)
    typed(first, 0, chainage(first, 0) + 0.2)
    first.click("[data-cuts=save]")
    first.wait_for_selector(".cuts-conflict")
    first.click("[data-cuts=theirs]")
    until(first, "() => document.querySelector('.cuts-conflict') === null")
    until(first, marked(1), f"{at:.3f}")
    until(first, marked(0), f"{chainage(second, 0):.3f}")
    assert chainage(first, 0) == pytest.approx(chainage(second, 0))


def test_a_draft_is_approved_by_another_and_published_by_day(planners):
    page = planners("planner")
    typed(page, 0, chainage(page, 0) + 1)
    address = save(page, "春季")
    page.click("[data-cuts=submit]")
    settled(page, "待批")
    boss = planners("boss", address[address.index("?") :])
    assert boss.locator("[data-cuts=save]").count() == 0
    boss.click("[data-cuts=approve]")
    until(boss, "() => document.querySelector('#cuts-dialog').innerText.includes('理由')")
    boss.fill("#cuts-reason", "均衡")
    boss.click("[data-cuts=approve]")
    settled(boss, "已批准")
    boss.fill("#cuts-reason", "自明日起")
    boss.click("[data-cuts=publish]")
    until(boss, "() => document.querySelector('#notice').innerText.includes('第 2 版')")
    boss.click("summary:has-text('版本')")
    assert "将生效" in boss.inner_text("#cuts-aside")


def test_a_proposal_is_taken_as_one_step(planners):
    page = planners("planner")
    page.click("summary:has-text('均衡方案')")
    page.fill("#cuts-chiefs", "4")
    page.click("[data-cuts=ask]")
    page.wait_for_selector("[data-cuts=take]")
    page.locator("[data-cuts=take]").first.click()
    settled(page, "未保存")
    assert page.locator(".cuts-table [data-cuts=choose]:not([disabled])").count() == 4
    assert moved_km(page) > 1


@pytest.mark.parametrize("viewport", [PHONE, WALL])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_fits_a_phone_and_a_wall(planners, viewport, lang):
    page = planners("analyst", f"?page=boundaries&lang={lang}", viewport)
    wide = "() => document.documentElement.scrollWidth <= window.innerWidth"
    assert page.evaluate(wide)
    assert page.locator("[data-cuts=save]").count() == 0
    assert ("Balance" if lang == "en" else "均衡") in told(page)


def test_who_may_not_is_told_so(planners, chromium):
    page = planners("planner", "")
    assert page.locator("a[href='/?page=boundaries']").count() == 1
    chief = planners("chief", "")
    assert chief.locator("a[href='/?page=boundaries']").count() == 0
    chief.goto(chief.url.split("?")[0] + "?page=boundaries")
    chief.wait_for_selector(".empty")
    assert "管理员" in chief.inner_text("main")
