from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from risk.bands import BANDS, band
from risk.explain import explain, near_m
from risk.facts import Broken, Facts, NearEvent, NearIncident, Overdue, Silence
from risk.shifts import shifts
from risk.weights import load

TOML = Path(__file__).resolve().parents[2] / "data" / "weights" / "default.toml"
WEIGHTS = load(TOML.read_text("utf-8"), where="default.toml")
TZ = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 27)  # a Friday
TONIGHT = shifts(DAY, tz=TZ)[-1]
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def local(hour, minute, day=DAY):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TZ).astimezone(UTC)


def facts(**changes):
    plain = Facts(
        score=68.0,
        lo=68.0,
        hi=68.0,
        base=2.0,
        band=band(68.0),
        contributions={"landable": 12.0, "loitering_near": 20.0, "facility_broken": 10.0},
        raw={},
        missing=(),
        landable=[(local(23, 10), local(1, 30, DAY + timedelta(days=1)))],
        draught_m=1.0,
        events=[
            NearEvent("loitering", 1, NOW - timedelta(days=1), 3040.0),
            NearEvent("loitering", 2, NOW - timedelta(days=2), 4200.0),
            NearEvent("loitering", 2, NOW - timedelta(days=3), 4300.0),
        ],
        broken=[
            Broken("height_bar", "way_out", "broken", DAY - timedelta(days=9)),
        ],
    )
    return replace(plain, **changes)


def say(f, *, shift=TONIGHT, as_of=NOW):
    return explain(f, shift=shift, as_of=as_of, tz=TZ, weights=WEIGHTS)


def test_the_sentence_of_the_design():
    said = say(facts())
    assert said.sentence_zh == (
        "今晚 22:00–02:00 高风险：23:10–01:30 可登滩（吃水 1 m）；"
        "本周两船在外 3 km 徘徊；唯一出口的限高杆损坏 9 天。"
    )
    assert said.sentence_en == (
        "Tonight 22:00–02:00, high: landable for 1 m draught 23:10–01:30; "
        "two vessels loitered 3 km off this week; "
        "height bar at the only way out broken for 9 days."
    )
    assert said.reason_zh == said.sentence_zh.removeprefix("今晚 22:00–02:00 ")
    assert said.reason_en.startswith("High: landable for 1 m draught 23:10–01:30; ")
    assert [p.indicators for p in said.parts] == [
        ("landable",),
        ("loitering_near",),
        ("facility_broken",),
    ]


def test_tonight_and_today_only_on_the_readers_day():
    day = {s.label: s for s in shifts(DAY, tz=TZ)}
    assert say(facts(), shift=day["10:00–14:00"]).sentence_zh.startswith("今天 10:00–14:00")
    assert say(facts(), shift=day["02:00–06:00"]).sentence_en.startswith("Early today 02:00")
    later = shifts(date(2026, 11, 29), tz=TZ)[-1]
    assert say(facts(), shift=later).sentence_zh.startswith("11月29日 22:00–02:00")
    assert say(facts(), shift=later).sentence_en.startswith("29 Nov 22:00–02:00")
    next_year = shifts(date(2027, 1, 2), tz=TZ)[-1]
    assert say(facts(), shift=next_year).sentence_zh.startswith("2027年1月2日")


def test_this_week_only_when_it_is_this_week():
    events = [NearEvent("loitering", 7, NOW - timedelta(days=6), 400.0)]
    assert "近 7 天一船在外 400 m 徘徊" in say(facts(events=events)).sentence_zh
    old = [NearEvent("drift", 7, NOW - timedelta(days=10), 400.0)]
    assert "one vessel drifted 400 m off in the last 14 days" in say(facts(events=old)).sentence_en
    past = say(facts(events=events), as_of=NOW + timedelta(days=2))
    assert "此前 7 天一船" in past.sentence_zh


def test_what_comes_after_the_reader_or_lies_too_far_is_not_said():
    events = [
        NearEvent("loitering", 7, NOW + timedelta(hours=1), 400.0),
        NearEvent("loitering", 8, NOW - timedelta(days=1), 9000.0),
    ]
    incidents = [
        NearIncident(NOW + timedelta(days=1), 100.0),
        NearIncident(NOW - timedelta(days=1), 100.0, NOW + timedelta(hours=12)),
    ]
    said = say(facts(events=events, incidents=incidents, contributions={"incidents_near": 9.0}))
    assert [p.indicators for p in said.parts] == [("landable",)]


@pytest.mark.parametrize(
    ("landable", "chinese", "english"),
    [
        ([], "本班不能登滩（吃水 1 m）", "not landable for 1 m draught"),
        ([(TONIGHT.t0 - timedelta(hours=3), TONIGHT.t1)], "整班可登滩", "draught throughout"),
        (
            [(local(22, 0), local(22, 40)), (local(23, 30), local(23, 50))],
            "22:00–22:40、23:30–23:50 可登滩",
            "22:00–22:40 and 23:30–23:50",
        ),
    ],
)
def test_landing_comes_first_whenever_it_is_known(landable, chinese, english):
    said = say(facts(landable=landable))
    assert said.sentence_zh.startswith(f"今晚 22:00–02:00 高风险：{chinese}")
    assert english in said.sentence_en


@pytest.mark.parametrize(
    ("landable", "chinese", "english"),
    [
        ([], "本班不能登滩（吃水 1 m，估算）", "not landable for 1 m draught (estimated)"),
        (
            [(TONIGHT.t0, TONIGHT.t1)],
            "整班可登滩（吃水 1 m，估算）",
            "landable for 1 m draught (estimated) throughout",
        ),
        (
            [(local(23, 10), local(23, 50))],
            "23:10–23:50 可登滩（吃水 1 m，估算）",
            "landable for 1 m draught (estimated) 23:10–23:50",
        ),
    ],
)
def test_an_estimate_of_the_seabed_is_labelled(landable, chinese, english):
    said = say(facts(landable=landable, landing_basis="estimate"))
    assert chinese in said.sentence_zh
    assert english in said.sentence_en
    for basis in ("survey", "made", None):
        plain = say(facts(landable=landable, landing_basis=basis))
        assert "估算" not in plain.sentence_zh
        assert "estimated" not in plain.sentence_en


def test_missing_data_is_said_plainly_with_the_interval():
    lacking = ("landable", "incidents_near", "near_repeat", "inspection_overdue")
    said = say(facts(landable=None, missing=lacking, lo=41.4, hi=80.2))
    assert said.sentence_zh.endswith(
        "缺少资料：附近案事件、短期重复、可登滩时段等 4 项，分数在 41–80 之间。"
    )
    assert said.sentence_en.endswith(
        "No data for incidents near, near repeats, landable hours and 1 more; "
        "the score lies between 41 and 80."
    )
    assert "登滩（" not in said.sentence_zh


def test_the_facts_that_bring_most_points_are_chosen_and_at_most_four():
    f = facts(
        contributions={
            "landable": 1.0,
            "loitering_near": 5.0,
            "shore_approach": 15.0,
            "incidents_near": 9.0,
            "near_repeat": 3.0,
            "facility_broken": 4.0,
            "inspection_overdue": 6.0,
            "access": 2.0,
        },
        raw={"access": 350.0},
        events=[
            NearEvent("loitering", 1, NOW - timedelta(days=1), 3040.0),
            NearEvent("shore_approach", 3, NOW - timedelta(days=1), 420.0),
        ],
        incidents=[
            NearIncident(NOW - timedelta(days=12), 700.0),
            NearIncident(NOW - timedelta(days=400), 1200.0),
        ],
        overdue=[Overdue("示例码头", "Example wharf", 3), Overdue("示例河口", "Example creek", 5)],
    )
    said = say(f)
    assert [p.indicators[0] for p in said.parts] == [
        "landable",
        "shore_approach",
        "incidents_near",
        "inspection_overdue",
    ]
    assert "本周一船在 400 m 处抵岸" in said.sentence_zh
    assert "1.5 km 内有 2 起案事件（最近一起 12 天前）" in said.sentence_zh
    assert "two incidents within 1.5 km, the latest 12 days ago" in said.sentence_en
    assert "inspection of Example creek 5 days overdue" in said.sentence_en


def test_standing_facts_speak_where_nothing_happened():
    f = facts(
        landable=[],
        events=(),
        broken=(),
        contributions={"access": 9.0, "facility_cover": 8.0, "patrol_cover": 7.0, "shelter": 6.0},
        raw={"access": 350.0, "facility_cover": 1.0, "patrol_cover": 0.0, "shelter": 0.2},
    )
    said = say(f)
    assert said.sentence_zh == (
        "今晚 22:00–02:00 高风险：本班不能登滩（吃水 1 m）；陆路便利（约 350 m）；"
        "附近没有在用的阻拦或报警设施；近 14 天几乎没有巡逻。"
    )
    empty = say(replace(f, landable=None, contributions={}, missing=("landable",)))
    assert "没有突出的风险因素" in empty.sentence_zh
    assert "nothing stands out" in empty.sentence_en


def test_silences_seasons_and_cameras_are_said():
    f = facts(
        landable=None,
        events=(),
        broken=(),
        contributions={"gap_reach": 9.0, "seasonality": 8.0, "camera_cover": 7.0},
        raw={"seasonality": 1.64, "camera_cover": 0.95},
        silences=[
            Silence(1, NOW - timedelta(hours=27), NOW - timedelta(hours=24), 0.12),
            Silence(2, NOW - timedelta(hours=90), NOW - timedelta(hours=80), 0.04),
            Silence(3, NOW - timedelta(hours=90), NOW - timedelta(hours=80), 0.001),
            Silence(4, NOW - timedelta(hours=1), NOW + timedelta(hours=5), 0.9),
        ],
    )
    said = say(f)
    assert said.sentence_zh == (
        "今晚 22:00–02:00 高风险：一船昨天失联 3 小时，可能到过此处（12%）（另有一船可能）；"
        "每年此时案事件是平均的 1.6 倍；没有在用的摄像头看得到。"
    )
    assert said.sentence_en == (
        "Tonight 22:00–02:00, high: a vessel silent for 3 h yesterday may have been here (12%) "
        "(one more may); 1.6 times the year's mean of incidents at this season; "
        "no working camera sees it."
    )
    usual = say(replace(f, raw={"seasonality": 1.1, "camera_cover": 0.4}, silences=()))
    assert "nothing stands out" in usual.sentence_en


def test_chains_and_vessels_without_a_number_are_counted_one_by_one():
    events = [
        NearEvent("dark_target", None, NOW - timedelta(days=1), 3000.0),
        NearEvent("dark_target", None, NOW - timedelta(days=2), 3100.0),
        NearEvent("loitering", 5, NOW - timedelta(days=1), 3200.0),
        NearEvent("loitering", 5, NOW - timedelta(days=2), 3200.0),
    ]
    said = say(facts(events=events))
    assert "本周三船在外 3 km 徘徊或未开 AIS 活动" in said.sentence_zh
    assert "three vessels loitered or moved without AIS 3 km off this week" in said.sentence_en
    chain = [NearEvent("chain", 9, NOW - timedelta(days=1), 420.0)]
    said = say(facts(events=chain, contributions={"shore_approach": 9.0}))
    assert "本周一船在 400 m 处接驳后靠岸" in said.sentence_zh
    assert "one vessel came to the shore from a meeting 400 m away this week" in said.sentence_en


def test_broken_facilities_name_the_gravest_line_and_count_the_rest():
    broken = [
        Broken("camera", "wharf", "missing", DAY - timedelta(days=90)),
        Broken("gate", "bar", "broken", None),
    ]
    said = say(facts(broken=broken))
    assert "卡口的闸门损坏（起始日期不详）（另有 1 处）" in said.sentence_zh
    assert "gate at the checkpoint broken, nobody noted since when" in said.sentence_en


def test_bands_have_fixed_breaks():
    edges = [0.0, 19.999, 20.0, 40.0, 60.0, 80.0, 100.0]
    assert [band(x).index for x in edges] == [0, 0, 1, 2, 3, 4, 4]
    assert [b.lo for b in BANDS] == [0, 20, 40, 60, 80]
    assert near_m(WEIGHTS, "incidents_near") == 4000.0
