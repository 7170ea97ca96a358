"""An event in words: its sentence, rank, versions and reach, for anyone and in any state."""

import json
from datetime import timedelta

import polars as pl
import pytest

from dashboards import eventlist, eventpanel, events, vesselpanel
from dashboards.address import KINDS, View, parse
from tests.dashboards.walk import at_desk

ALL = (*KINDS, "stop", "berth_visit")


def desk(source, name="analyst", lang="zh"):
    return at_desk(source, source.accounts[name][1], lang)


def text(parts):
    """Return all that a piece of a page says, and the addresses in it."""
    plain = json.loads(json.dumps(parts, default=lambda part: part.to_plotly_json()))
    found = []

    def walk(one):
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, list):
            for part in one:
                walk(part)
        elif isinstance(one, dict):
            for value in one.values():
                walk(value)

    walk(plain)
    return " ".join(found)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["analyst", "chief"])
def test_every_kind_is_told_to_everyone(source, kind, lang, name):
    told = text(eventpanel.told(desk(source, name, lang), source.event(f"e-{kind}")))
    label = events.kind(desk(source, lang=lang), {"kind": kind})
    assert label.casefold() in told.casefold()
    assert ("page=data&mmsi=" in told) == (name == "analyst" and kind != "dark_target")
    assert "nan" not in told.casefold().split()
    if lang == "en":
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in told)


def test_a_target_without_a_number_is_nobodys(source):
    row = source.event("e-dark_target").row
    assert events.who(desk(source, lang="en"), row) == "a target without identity"
    assert events.vessel_of(desk(source), row) == {}
    assert events.clean({"mmsi": float("nan"), "other_mmsi": 412000003.0}) == {
        "mmsi": None,
        "other_mmsi": 412000003,
    }


def test_a_revision_says_what_changed(source):
    row = source.event("e-loitering").row
    assert events.version(desk(source, lang="en"), row) == (
        "Version 2, revised 11-23 23:40 by data that came later: ended 21:40 → 23:40; "
        "lasted 180 min → 300 min; still going on yes → no; 1 more figures."
    )
    assert events.version(desk(source), source.event("e-gap").row) == "第 1 版，未修订"


def test_what_was_withdrawn_says_so(source):
    told = text(eventpanel.told(desk(source, lang="en"), source.event("e-gone")))
    assert "Withdrawn: since 22:40" in told
    assert "There is no such event" in text(eventpanel.told(desk(source, lang="en"), None))


def test_reach_adds_up(source):
    rows, none, rest = eventpanel.split(source.event("e-gap").reach)
    assert rows.height == 2
    assert none + rest + rows["probability"].sum() == pytest.approx(1.0)
    rows, none, rest = eventpanel.split(rows)  # as an earlier release kept it
    assert (none, rest) == (pytest.approx(0.685), 0.0)
    told = text(eventpanel.told(desk(source), source.event("e-gap")))
    assert "未到任何岸段 46 %；概率极小的岸段合计 22 %" in told
    assert "概率 30 %，最早 18:40 到，最迟 19:40 离开，其间可登滩 42 分钟" in told


def test_so_much_of_a_reach_as_can_be_seen(source):
    found = source.event("e-gap")
    many = pl.DataFrame({"segment_id": [f"seg{i:04d}" for i in range(500)]}).with_columns(
        earliest=pl.lit(None, pl.Datetime("ms", "UTC")),
        latest=pl.lit(None, pl.Datetime("ms", "UTC")),
        detour_m=pl.lit(None, pl.Float64),
        landable_min=pl.lit(None, pl.Float64),
        probability=pl.lit(0.001),
    )
    found = type(found)(found.row, many)
    drawn = eventpanel.drawn(desk(source), found)["reach"]
    assert len(drawn["rows"]) == eventpanel.MOST_DRAWN
    assert drawn["left_out"] == 100
    assert "另外 100 段合计 10 %" in text(eventpanel.told(desk(source), found))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_holds_every_event_and_says_what_it_leaves_out(source, lang):
    shift = "2026-11-23T22:00"
    at = desk(source, lang=lang)
    span = eventlist.span_of(at, shift)
    found = source.events(t0=span[0], t1=span[1], kinds=KINDS, least=0.2, most=10)
    rows = events.rows_of(found.rows)
    told = text(eventlist.listing(at, found, rows, span=span, least=0.2, page=1))
    assert told.count("events/e-") == 10
    assert ("另有 1 起排序分低于 0.2" if lang == "zh" else "1 more rank below 0.2") in told
    assert ("其余 2 起未画" if lang == "zh" else "2 more are not") in told
    none = eventlist.listing(at, None, [], span=None, least=0.2, page=1)
    assert at.say("events_none") in text(none)


def test_pages_of_the_list_do_not_overlap(source):
    at = desk(source)
    row = source.event("e-gap").row
    rows = [{**row, "event_id": f"e{n:03d}"} for n in range(eventlist.PAGE + 3)]
    found = source.events(t0=row["t0"], t1=row["t1"], kinds=("gap",), least=0, most=9)
    span = (row["t0"], row["t1"])
    pages = [
        text(eventlist.listing(at, found, rows, span=span, least=0, page=n)) for n in (1, 2, 9)
    ]
    assert eventlist.pages_of(rows) == 2
    assert pages[0].count("events/e") == eventlist.PAGE
    assert pages[1].count("events/e") == 3
    assert pages[2] == pages[1]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_vessel_has_its_pattern_and_its_past(source, lang):
    told = text(vesselpanel.told(desk(source, lang=lang), 412000001))
    for words in (
        ("网具作业", "自报渔船", "把握 70 %") if lang == "zh" else ("netting", "70 % sure")
    ):
        assert words in told
    assert "/?place=events/e-loitering" in told
    assert told.index("events/e-loitering") < told.index("events/e-gap")


def test_an_address_names_kinds_rank_and_event():
    view = parse("?kinds=gap,ghost,chain&least=0.5&place=events/e-1")
    assert view == View(kinds=("chain", "gap"), least="0.5", place=("events", "e-1"))
    assert parse("?kinds=none").kinds == ()
    assert parse("?least=7") == View()


def test_an_event_that_ends_on_another_day_says_which(source):
    row = {**source.event("e-gap").row}
    row["t1"] = row["t0"] + timedelta(hours=8)
    assert events.when(desk(source), row) == "18:40–11月24日 02:40"
    assert events.when(desk(source), {**row, "t1": None}) == "18:40"
