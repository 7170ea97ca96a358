"""Behaviours in words: every kind, reason and factor in both languages, local times, units."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ais import _words_codes as codes
from ais import _words_events as events
from ais import _words_rank as ranked
from ais import anomalies, life, words
from ais.loitering import PRESETS
from ais.rank import FACTORS, Model, TooLittle
from ais.schema import KINDS

SHANGHAI = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)  # 22:05 in Shanghai
LATIN = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u4e00-\u9fff，。；：、]")

EVIDENCE: dict[str, dict] = {
    "stop": {"state": "moored", "duration_min": 90.0, "radius_m": 100.0, "spread_m": 22.4},
    "berth_visit": {"berth_id": "learned-1", "berth_kind": "berth", "basis": "learned"},
    "loitering": {
        "preset": "coastal", "max_speed_kn": 2.0, "least_min": 60.0, "max_ratio": 0.3,
        "mean_speed_kn": 1.23, "displacement_ratio": 0.117, "reach_m": 714.2, "n_positions": 205,
        "dark_share": 1.0, "tide_m": 1.23, "tide_trend": "rising",
    },
    "drift": {
        "min_speed_kn": 0.2, "max_speed_kn": 3.0, "least_min": 60.0, "mean_speed_kn": 1.1,
        "path_m": 4200.0, "off_course_share": 0.83, "off_course_deg": 71.0,
        "off_course_least_share": 0.7, "off_course_least_deg": 40.0,
    },
    "rendezvous": {
        "closest_m": 12.0, "mean_m": 31.0, "alongside": True, "alongside_min": 34.0,
        "max_m": 200.0, "max_speed_kn": 2.0, "least_min": 20.0, "mean_speed_kn": 0.5,
        "other_mean_speed_kn": 0.6, "came_together": False, "left_together": False,
        "met_before": 0,
    },
    "gap": {
        "least_min": 30.0, "least_reception": 0.9, "duration_min": 140.0, "open": False,
        "in_berth": False, "reception_before": 0.97, "other_vessels": 11, "distance_m": 18_300.0,
        "implied_kn": 4.2, "speed_before_kn": 9.0,
    },
    "shore_approach": {
        "why": ["slow", "heading"], "segment_id": "s-12", "min_shore_m": 40.0, "band_m": 200.0,
        "slow_kn": 5.0, "slow_min": 12.0,
    },
    "dash": {
        "mean_speed_kn": 27.1, "max_speed_kn": 33.0, "fall_m": 4100.0, "min_shore_m": 130.0,
        "speed_kn": 20.0, "least_min": 3.0, "fall_least_m": 1500.0, "shore_m": 1000.0,
        "before": {"event_id": "x", "kind": "rendezvous", "hours": 0.4, "off_shore_m": 6300.0},
    },
    "speed_anomaly": {
        "why": "over_type", "ship_group": "fishing", "limit_kn": 16.0, "least_min": 5.0,
        "mean_speed_kn": 24.0, "max_speed_kn": 27.0,
    },
    "course_anomaly": {
        "why": "reversal", "turned_deg": 174.0, "turn_min": 3.0, "speed_before_kn": 9.0,
        "speed_after_kn": 11.0, "turn_most_min": 5.0, "back_least_deg": 150.0, "steady_min": 10.0,
    },
    "identity": {
        "why": "changed", "fields": ["name", "imo"],
        "changes": [
            {"field": "name", "from": "ZHE 1", "to": "MIN 2", "told_again": False},
            {"field": "imo", "from": 9123457, "to": 9123456},
        ],
    },
    "spoofing": {
        "why": "jumps", "off_m": 81_000.0, "needed_kn": 900.0, "n_positions": 7,
        "within_min": 60.0, "least_positions": 3, "least_off_m": 5000.0, "max_kn": 60.0,
    },
    "dark_target": {
        "why": "track", "sensor": "radar-3", "class": "small_boat", "length_m": 9.0,
        "mean_speed_kn": 22.0, "nearest_ais_m": 5400.0, "reception": 0.98, "gate_m": 310.0,
        "cautions": ["confidence_unknown"],
    },
    "chain": {
        "parts": [
            {"event_id": "a", "kind": "rendezvous", "mmsi": 412000001, "role": "meeting"},
            {"event_id": "b", "kind": "dash", "mmsi": 412000002, "role": "run"},
        ],
        "meeting_min": 40.0, "hours_between": 1.2, "way_m": 8200.0, "within_h": 6.0, "score": 0.82,
    },
}  # fmt: skip
OTHERS: dict[str, dict] = {
    "berth_visit": {"berth_id": "a-1", "berth_kind": "anchorage", "basis": "known"},
    "speed_anomaly": {
        "why": "told_speed", "told_kn": 0.0, "made_good_kn": 11.0, "told_unchanged": True,
        "least_kn": 5.0, "least_share": 0.5, "least_min": 10.0,
    },
    "course_anomaly": {
        "why": "zigzag", "turns": 5, "smallest_turn_deg": 64.0, "within_min": 60.0,
        "least_turns": 4, "turn_least_deg": 60.0,
    },
    "spoofing": {
        "why": "circle", "turns": 3.4, "radius_m": 900.0, "speed_kn": 11.0, "least_turns": 2,
        "round_share": 0.1, "even_share": 0.2,
    },
    "gap": {"least_min": 30.0, "open": True, "reception_before": 0.95, "other_vessels": 4},
}  # fmt: skip
IDENTITIES = [
    ("identity", {"why": "handed_over", "fields": ["callsign"], "silent_min": 12.0,
                  "distance_m": 800.0, "handover_min": 60.0, "max_kn": 60.0}),
    ("identity", {"why": "shared", "hulls": 2, "at_once_min": 240.0, "distance_km": 31.0,
                  "names": ["ZHE 1", "MIN 2"]}),
    ("spoofing", {"why": "on_land", "inside_m": 2400.0, "least_inside_m": 1000.0,
                  "least_positions": 5, "least_min": 10.0, "n_positions": 9}),
    ("course_anomaly", {"why": "told_course", "off_deg": 71.0, "least_deg": 45.0,
                        "least_min": 10.0, "mean_speed_kn": 9.0, "told_unchanged": False}),
]  # fmt: skip
CASES = [*EVIDENCE.items(), *OTHERS.items(), *IDENTITIES]


def event(kind: str, evidence: object, **more) -> dict:
    other = 412000002 if kind == "rendezvous" else None
    base = {"kind": kind, "mmsi": 412000001, "other_mmsi": other, "t0": T0}
    return base | {"t1": T0 + timedelta(minutes=205), "evidence": evidence} | more


def said(kind: str, evidence: object, lang: str, **more) -> str:
    return words.tell(event(kind, evidence, **more), lang, tz=SHANGHAI)


# --- every word there is -----------------------------------------------------------------------


def test_every_kind_is_named_and_said() -> None:
    assert set(codes.KIND) == set(KINDS)
    assert {name.split(".")[0] for name in events.SAYINGS} == set(KINDS)
    assert set(EVIDENCE) == set(KINDS)


def test_every_code_has_words() -> None:
    assert set(codes.PROFILE) == {*life.PATTERNS, *life.REASONS}
    groups = {*anomalies.LIMITS, anomalies.OTHER[0]}
    assert groups <= set(codes.CODE)
    states = {"moored", "at_anchor", "holding", "rising", "falling", "slack", "slow", "heading"}
    assert states <= set(codes.CODE)
    assert {"kind", "decisions", *(f.name for f in FACTORS)} == set(ranked.FACTOR)
    assert set(ranked.AGAINST) == {"decisions", *(f.name for f in FACTORS if f.lo < 0)}
    assert PRESETS


def both_of_all() -> list[tuple[str, str]]:
    clauses = [c for s in events.SAYINGS.values() for c in (*s.facts, *s.rule)]
    return [
        *(s.verb for s in events.SAYINGS.values()),
        *((c.zh, c.en) for c in clauses),
        *(p for t in (codes.KIND, codes.CODE, codes.PROFILE) for p in t.values()),
        *(p for t in (ranked.FACTOR, ranked.AGAINST, ranked.SAID) for p in t.values()),
    ]


@pytest.mark.parametrize("both", both_of_all())
def test_both_languages_say_the_same_figures(both: tuple[str, str]) -> None:
    zh, en = both
    keys = [sorted(re.findall(r"\{([\w.]+)", text)) for text in both]
    assert zh
    assert en
    assert keys[0] == keys[1]
    plain = re.sub(r"\{[^}]*\}", "", zh)
    assert not LATIN.search(plain.replace("AIS", "").replace("IMO", ""))
    assert not CHINESE.search(en)


# --- sentences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "evidence"), CASES)
def test_every_kind_makes_sentences(kind: str, evidence: dict) -> None:
    zh, en = said(kind, evidence, "zh"), said(kind, evidence, "en")
    assert zh.endswith("。")
    assert en.endswith(".")
    assert 1 <= zh.count("。") <= 2
    assert not {"{", "}", "_"} & set(zh + en)
    assert not CHINESE.search(en)
    assert "None" not in zh + en
    assert "  " not in zh + en
    assert en[0].isupper()
    without_ids = re.sub(r"learned-1|radar-3|s-12|a-1|AIS|IMO|ZHE|MIN", "", zh)
    assert not LATIN.search(without_ids)
    assert said(kind, json.dumps(evidence), "zh") == zh


@pytest.mark.parametrize(("kind", "evidence"), CASES)
def test_what_is_not_known_is_left_out(kind: str, evidence: dict) -> None:
    for gone in evidence:
        for lacking in (
            {k: v for k, v in evidence.items() if k != gone},
            evidence | {gone: None},
            evidence | {gone: {}},
        ):
            for lang in ("zh", "en"):
                text = said(kind, lacking, lang)
                assert "None" not in text
                assert not {"{", "}"} & set(text)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(sorted({k for e in EVIDENCE.values() for k in e})),
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
        | st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(max_size=2), st.integers()),
        max_size=6,
    ),
)  # fmt: skip
def test_no_evidence_is_too_odd(kind: str, evidence: dict) -> None:
    for lang in ("zh", "en"):
        assert said(kind, evidence, lang)


@pytest.mark.parametrize("evidence", [None, "", "{", "[]", "3", 5])
def test_without_evidence_it_still_says_who_when_and_what(evidence: object) -> None:
    zh, en = said("loitering", evidence, "zh"), said("loitering", evidence, "en")
    assert (
        zh == "船舶 412000001 2026年3月1日 22:05 至3月2日 01:30 在海上徘徊，历时 3 小时 25 分钟。"
    )
    assert en == (
        "Vessel 412000001 loitered from 1 Mar 2026, 22:05 to 2 Mar, 01:30, for 3 h 25 min."
    )


def test_loitering_reads_as_a_liaison_would_say_it() -> None:
    assert said("loitering", EVIDENCE["loitering"], "zh") == (
        "船舶 412000001 2026年3月1日 22:05 至3月2日 01:30 在海上徘徊，历时 3 小时 25 分钟，"
        "平均 1.2 节，不出 710 m 的范围，净位移只占航程的 12%。"
        "当时天黑；潮位 +1.2 m，涨潮；判定标准：平均低于 2 节、至少 1 小时、"
        "净位移不超过航程的 30%；依据 205 个位置。"
    )
    assert said("loitering", EVIDENCE["loitering"], "en") == (
        "Vessel 412000001 loitered from 1 Mar 2026, 22:05 to 2 Mar, 01:30, for 3 h 25 min, "
        "at 1.2 kn on average, all within 710 m, gaining 12% of its way. "
        "It was dark; the tide stood at +1.2 m, rising; judged by: below 2 kn on average, "
        "for at least 1 h, gaining at most 30% of the way; it rests on 205 positions."
    )


def test_a_change_of_identity_says_from_what_to_what() -> None:
    zh = said("identity", EVIDENCE["identity"], "zh", t1=T0)
    assert "身份变更，船名 ZHE 1 → MIN 2、IMO 编号 9123457 → 9123456。" in zh


def test_both_parties_of_a_meeting_are_named() -> None:
    text = said("rendezvous", EVIDENCE["rendezvous"], "zh")
    assert text.startswith("船舶 412000001 与船舶 412000002 ")
    assert "分头而来" in text
    assert "并靠 34 分钟" in text
    held = EVIDENCE["rendezvous"] | {"alongside": False, "came_together": None}
    text = said("rendezvous", held, "en")
    assert "alongside" not in text
    assert "having come" not in text.replace("having come to", "")


def test_names_stand_before_numbers() -> None:
    names = {412000001: "浙象渔1"}
    text = words.tell(event("loitering", {}), "zh", tz=SHANGHAI, names=names)
    assert text.startswith("“浙象渔1”（412000001）2026年")


def test_times_are_local_and_a_silence_may_be_open() -> None:
    open_ = said("gap", OTHERS["gap"], "en", t1=None)
    assert "since 1 Mar 2026, 22:05" in open_
    assert "not heard again" in open_
    zh = said("gap", OTHERS["gap"], "zh")
    assert "自2026年3月1日 22:05 起失联" in zh
    elsewhere = words.tell(event("loitering", {}), "en", tz=ZoneInfo("UTC"))
    assert "on 1 Mar 2026, 14:05–17:30" in elsewhere
    moment = said("identity", {}, "en", t1=T0)
    assert moment == "Vessel 412000001 changed its identity on 1 Mar 2026 at 22:05."
    year = said("loitering", {}, "zh", t0=datetime(2025, 12, 31, 15, tzinfo=UTC))
    assert "2025年12月31日 23:00 至2026年3月2日" in year


def test_who_has_no_number_is_a_target() -> None:
    assert "A target without identity" in said(
        "dark_target", EVIDENCE["dark_target"], "en", mmsi=None
    )
    assert said("dark_target", {}, "zh", mmsi=None).startswith("未报身份的目标")


def test_what_came_before_a_dash_is_said() -> None:
    text = said("dash", EVIDENCE["dash"], "zh")
    assert "24 分钟前在离岸 6.3 km 处靠帮" in text
    assert "24 min after rendezvous 6.3 km off" in said("dash", EVIDENCE["dash"], "en")


@pytest.mark.parametrize(
    ("key", "value", "zh", "en"),
    [
        ("reach_m", 714.2, "710 m", "710 m"),
        ("reach_m", 12.4, "12 m", "12 m"),
        ("reach_m", 996.0, "1 km", "1 km"),
        ("reach_m", 15_400.0, "15 km", "15 km"),
        ("mean_speed_kn", 1.25, "1.2 节", "1.2 kn"),
        ("least_min", 0.5, "30 秒", "30 s"),
        ("least_min", 60.0, "1 小时", "1 h"),
        ("least_min", 61.0, "1 小时 1 分钟", "1 h 1 min"),
        ("least_min", 3000.0, "2 天 2 小时", "2 d 2 h"),
        ("dark_share", 0.5, "50%", "50%"),
        ("off_deg", 71.4, "71°", "71°"),
        ("hours", 1.5, "1 小时 30 分钟", "1 h 30 min"),
        ("distance_km", 1.5, "1.5 km", "1.5 km"),
        ("turns", 5, "5", "5"),
        ("turns", 3.42, "3.42", "3.42"),
    ],
)
def test_figures_bear_the_units_of_their_keys(key: str, value: float, zh: str, en: str) -> None:
    assert words._said(key, value, "zh") == zh
    assert words._said(key, value, "en") == en


# --- why ---------------------------------------------------------------------------------------


def part(factor: str, effect: float) -> dict:
    return {"factor": factor, "value": 1.0, "effect": effect}


def test_why_names_what_moves_the_rank_most_either_way() -> None:
    parts = [part("kind", -0.6), part("dark", 0.8), part("own_ground", -2.2), part("margin", 0.05)]
    assert words.why(parts, "zh") == "提高排序：天黑；降低排序：渔船在惯常渔场。"
    assert words.why(json.dumps(parts), "en") == (
        "Raised by: darkness. Lowered by: a fishing boat on its ground."
    )


def test_why_says_at_most_four_and_the_right_side_of_a_factor() -> None:
    parts = [part(f.name, 1.0 if f.weight > 0 else -1.0) for f in FACTORS]
    assert words.why(parts, "en").count(";") + words.why(parts, "en").count("ed by") == 4
    assert "common among" in words.why([part("rare_kind", -0.5)], "en")
    assert "seldom done by vessels" in words.why([part("rare_kind", 0.5)], "en")
    assert words.why([], "zh") == "没有特别之处，按行为种类排序。"
    assert words.why([part("later", 1.0)], "en") == "Raised by: later."


def test_names_of_kinds_and_patterns() -> None:
    assert words.kind("dash", "zh") == "冲滩"
    assert words.kind("chain", "en") == "chain"
    assert words.pattern("never_fishes", "zh") == "从未见其捕鱼"
    assert words.pattern("other", "en") == "other"


def test_what_was_learned_is_said_in_both_languages() -> None:
    little = TooLittle(5, 3, 4)
    assert "8" in little.said("en")
    assert "5" in little.said("zh")
    weights = {f.name: f.weight for f in FACTORS}
    model = Model(
        base={"loitering": -0.5}, weights=weights | {"dark": 2.0, "near_berth": -0.2}, common=0.1,
        spread=dict.fromkeys(weights, 0.2), rules=weights, confirmed=40, dismissed=44, vessels=31,
        auc=0.91, auc_rules=0.84, log_loss=0.31, log_loss_rules=0.4, used=True,
    )  # fmt: skip
    en, zh = model.said("en"), model.said("zh")
    assert "Counts more than the rules assumed: darkness (2.0, 1.7 to 2.3; rules 0.8)." in en
    assert "Counts less than the rules assumed: near a berth or anchorage (-0.2, " in en
    assert "it is used" in en
    assert "比规则更看重：天黑（2.0，1.7 至 2.3；规则 0.8）。" in zh
    assert not CHINESE.search(en)
    plain = replace(model, weights=weights, used=False)
    assert "the rules go on ranking" in plain.said("en")
    assert "没有明显出入" in plain.said("zh")
