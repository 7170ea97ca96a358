"""Nothing is left untranslated, and no word is asked for that the table lacks."""

import re
import string
from pathlib import Path

import pytest

from dashboards.words import WORDS, known, language, listed, t
from workspace.demo import _SETTINGS

ROOM = Path(__file__).parents[2] / "dashboards"
CJK = re.compile(r"[㐀-鿿]")
NO_CHINESE = {"lang_other"}


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_it(key):
    zh, en = WORDS[key]
    assert zh.strip()
    assert en.strip()
    if key not in NO_CHINESE:
        assert CJK.search(zh), f"{key} has no Chinese"
        assert not CJK.search(en), f"{key} has Chinese in its English"


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_fill_the_same_fields(key):
    zh, en = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in WORDS[key]
    )
    assert zh == en


def test_every_key_in_the_code_is_in_the_table():
    asked = set()
    for path in ROOM.glob("*.py"):
        asked |= set(re.findall(r'(?:\bsay|\bt)\(\s*"([a-z0-9_]+)"', path.read_text("utf-8")))
    assert len(asked) > 80
    assert asked <= set(WORDS)


def test_all_that_the_example_has_made_has_a_word():
    assert [name for name in _SETTINGS["made"] if f"what_{name}" not in WORDS] == []


def test_every_key_in_the_table_is_used():
    code = "\n".join(path.read_text("utf-8") for path in ROOM.glob("*.py"))
    by_prefix = ("kind_", "what_", "role_", "status_", "layer_", "pillar_", "col_", "unit_")
    by_prefix += ("why_", "state_", "shore_", "legend_", "strip_key_")
    by_prefix += ("refused_", "change_", "changes_", "category_", "line_", "bar_", "tamper_")
    by_prefix += ("field_", "past_", "datum_", "sums_")
    by_prefix += ("cover_", "sign_", "basis_", "vessel_list_", "vessel_unknown_")
    by_prefix += ("data_denied_", "data_none_", "event_unknown_", "events_left_", "changed_")
    by_prefix += (
        "reach_",
        "listed_",
        "cuts_state_",
        "cuts_done_",
        "cuts_conflict_",
        "cuts_act_",
        "cuts_field_",
    )
    idle = [key for key in WORDS if not key.startswith(by_prefix) and code.count(f'"{key}"') < 2]
    assert idle == []


def test_no_chinese_outside_the_table():
    allowed = {
        "words.py",
        "_words_boundaries.py",
        "_words_coast.py",
        "_words_data.py",
        "_words_day.py",
        "_words_events.py",
        "_words_forecast.py",
        "_words_ogc.py",
        "_words_places.py",
        "times.py",
    }
    for path in ROOM.glob("*.py"):
        if path.name in allowed:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            assert not CJK.search(line), f"{path.name}:{number} {line.strip()}"


def test_a_code_without_a_word_stands_as_it_is():
    assert known("kind", "ferry", "en") == "ferry"
    assert known("kind", "new_kind", "zh") == "new kind"


def test_lists_and_languages():
    assert listed(["甲", "乙"], "zh") == "甲、乙"
    assert listed(["a", "b"], "en") == "a, b"
    assert language(None) == "zh"
    assert language("fr") == "zh"
    assert language("en") == "en"
    assert t("interval", "en", lo=1, hi=2) == "range 1–2"
