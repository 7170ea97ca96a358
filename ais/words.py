"""Say in a sentence or two what a vessel did, what it is judged by, and why it ranks as it does."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from ais import _words_rank as ranked
from ais._words_codes import CODE, KIND, PROFILE, Both
from ais._words_events import SAYINGS, Clause, Saying

__all__ = ["kind", "pattern", "tell", "why"]

_KEY = re.compile(r"\{([a-z0-9_.]+)\}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DARK, _LIGHT = 0.8, 0.2
_MOST = 4
_LEAST_EFFECT = 0.15


def tell(
    event: Mapping[str, Any],
    lang: str,
    *,
    tz: ZoneInfo,
    names: Mapping[int, str] | None = None,
) -> str:
    """Say what happened, and what that rests on, in one or two sentences.

    What the evidence lacks is left out. Times are local, with their date and year: the sentence is
    kept with the event.

    Parameters
    ----------
    event : mapping
        Columns of ``EVENTS``; ``evidence`` as JSON or as the object.
    lang : str
        "zh", else English.
    tz : ZoneInfo
        The county's time zone.
    names : mapping, optional
        Names of vessels by MMSI; one without is called by its MMSI.
    """
    evidence = _object(event.get("evidence"))
    kind_ = str(event.get("kind"))
    saying = _saying(kind_, evidence)
    facts = _clauses(saying.facts, evidence, lang)
    what = _pick(saying.verb, lang)
    who = _who(event, lang, names or {})
    when, lasted = _when(event, evidence, lang, tz)
    if lang == "zh":
        first = "，".join([f"{who}{when}{what}", *lasted, *facts]) + "。"
    else:
        first = ", ".join([f"{who} {what}{when}", *lasted, *facts]) + "."
    return ranked.sentences([first, *_ground(saying, evidence, lang)], lang)


def why(parts: str | Sequence[Mapping[str, Any]], lang: str) -> str:
    """Say why an event ranks where it does: the few factors that move it most, either way.

    ``parts`` is as ``ais.rank.RANKS`` has them, JSON or read.
    """
    held = json.loads(parts) if isinstance(parts, str) else parts
    told = [
        (str(p["factor"]), float(p["effect"]))
        for p in held
        if p.get("factor") not in ("kind", None) and abs(float(p["effect"])) >= _LEAST_EFFECT
    ]
    told = sorted(told, key=lambda p: (-abs(p[1]), p[0]))[:_MOST]
    out = []
    for key, sign in (("raises", 1), ("lowers", -1)):
        names = [_factor(name, effect, lang) for name, effect in told if effect * sign > 0]
        if names:
            out.append(ranked.say(key, lang, what=ranked.listed(names, lang)))
    if not out:
        return ranked.say("nothing", lang)
    return f"{'；'.join(out)}。" if lang == "zh" else f"{'. '.join(out)}."


def kind(code: str, lang: str) -> str:
    """Return the name of a kind of behaviour."""
    return _pick(KIND.get(code, (code, code)), lang)


def pattern(code: str, lang: str) -> str:
    """Return the name of a pattern of life, or of a reason for one (`ais.life`)."""
    return _pick(PROFILE.get(code, (code, code)), lang)


def _factor(name: str, effect: float, lang: str) -> str:
    table = ranked.AGAINST if effect < 0 and name in ranked.AGAINST else ranked.FACTOR
    return _pick(table.get(name, (name, name)), lang)


def _pick(both: Both, lang: str) -> str:
    return both[0] if lang == "zh" else both[1]


def _object(found: object) -> dict[str, Any]:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return {}
    return dict(found) if isinstance(found, Mapping) else {}


def _saying(kind_: str, evidence: Mapping[str, Any]) -> Saying:
    """Return how a kind is said, by its reason where that has words of its own."""
    reason = evidence.get("berth_kind") if kind_ == "berth_visit" else evidence.get("why")
    if kind_ == "gap":
        reason = "open" if evidence.get("open") is True else None
    of_kind = SAYINGS.get(kind_, Saying((kind_, kind_)))
    return SAYINGS.get(f"{kind_}.{reason}", of_kind) if isinstance(reason, str) else of_kind


def _who(event: Mapping[str, Any], lang: str, names: Mapping[int, str]) -> str:
    """Return the vessel, or both of a meeting."""

    def one(mmsi: object) -> str:
        if not isinstance(mmsi, int):
            return "未报身份的目标" if lang == "zh" else "a target without identity"
        name = names.get(mmsi)
        if lang == "zh":
            return f"“{name}”（{mmsi}）" if name else f"船舶 {mmsi} "
        return f"{name} ({mmsi})" if name else f"vessel {mmsi}"

    said = one(event.get("mmsi"))
    if event.get("other_mmsi") is not None:
        other = one(event.get("other_mmsi"))
        said = f"{said}与{_gap(other)}{other}" if lang == "zh" else f"{said} and {other}"
    return said if lang == "zh" else f"{said[0].upper()}{said[1:]}"


def _gap(text: str) -> str:
    return " " if text[:1].isascii() else ""


def _when(
    event: Mapping[str, Any], evidence: Mapping[str, Any], lang: str, tz: ZoneInfo
) -> tuple[str, list[str]]:
    """Return the local time from and to, and how long it lasted, where it did."""
    t0, t1 = event.get("t0"), event.get("t1")
    if not isinstance(t0, datetime):
        return "", []
    a = t0.astimezone(tz)
    start = _day(a, lang)
    if evidence.get("open") is True or not isinstance(t1, datetime):
        return (f"自{start} {a:%H:%M} 起" if lang == "zh" else f" since {start}, {a:%H:%M}"), []
    b = t1.astimezone(tz)
    minutes = (t1 - t0).total_seconds() / 60
    if minutes < 1:
        return (f"{start} {a:%H:%M} " if lang == "zh" else f" on {start} at {a:%H:%M}"), []
    span = _span(minutes, lang)
    lasted = [f"历时 {span}" if lang == "zh" else f"for {span}"]
    if a.date() == b.date():
        clock = f"{a:%H:%M}–{b:%H:%M}"
        return (f"{start} {clock} " if lang == "zh" else f" on {start}, {clock}"), lasted
    end = _day(b, lang, year=a.year != b.year)
    if lang == "zh":
        return f"{start} {a:%H:%M} 至{end} {b:%H:%M} ", lasted
    return f" from {start}, {a:%H:%M} to {end}, {b:%H:%M}", lasted


def _day(t: datetime, lang: str, *, year: bool = True) -> str:
    if lang == "zh":
        return f"{t.year}年{t.month}月{t.day}日" if year else f"{t.month}月{t.day}日"
    return f"{t.day} {_MONTHS[t.month - 1]}{f' {t.year}' if year else ''}"


def _ground(saying: Saying, evidence: Mapping[str, Any], lang: str) -> list[str]:
    """Return the second sentence: the circumstances, the thresholds and how much it rests on."""
    said = _circumstances(evidence, lang)
    rules = _clauses(saying.rule, evidence, lang)
    if rules:
        both = "、".join(rules) if lang == "zh" else ", ".join(rules)
        said.append(f"判定标准：{both}" if lang == "zh" else f"judged by: {both}")
    n = evidence.get("n_positions")
    if isinstance(n, int) and not isinstance(n, bool):
        many = f"{n} positions" if n != 1 else "one position"
        said.append(f"依据 {n} 个位置" if lang == "zh" else f"it rests on {many}")
    if not said:
        return []
    if lang == "zh":
        return [f"{'；'.join(said)}。"]
    text = "; ".join(said)
    return [f"{text[0].upper()}{text[1:]}."]


def _circumstances(evidence: Mapping[str, Any], lang: str) -> list[str]:
    """Return light, tide and land at the time of the event, as far as they are known."""
    said = []
    dark = _figure(evidence.get("dark_share"))
    if dark is not None:
        light = (
            ("当时天黑", "it was dark")
            if dark >= _DARK
            else ("当时天亮", "it was light")
            if dark <= _LIGHT
            else (f"{dark:.0%} 的时间天黑", f"it was dark for {dark:.0%} of the time")
        )
        said.append(_pick(light, lang))
    tide = _figure(evidence.get("tide_m"))
    if tide is not None:
        trend = CODE.get(str(evidence.get("tide_trend")))
        zh = f"潮位 {tide:+.1f} m" + (f"，{trend[0]}" if trend else "")
        en = f"the tide stood at {tide:+.1f} m" + (f", {trend[1]}" if trend else "")
        said.append(_pick((zh, en), lang))
    ashore = evidence.get("on_land")
    if isinstance(ashore, int) and not isinstance(ashore, bool) and ashore > 0:
        inside = evidence.get("inside_m")
        deep = _said("inside_m", inside, lang) if inside is not None else None
        zh = f"{ashore} 个位置落在陆地上" + (f"，最深 {deep}" if deep else "")
        en = f"{ashore} of the positions lie on land" + (f", up to {deep} inside" if deep else "")
        said.append(_pick((zh, en), lang))
    return said


def _clauses(clauses: Sequence[Clause], evidence: Mapping[str, Any], lang: str) -> list[str]:
    """Return the clauses all of whose keys the evidence has."""
    out = []
    for clause in clauses:
        if clause.only is not None:
            is_ = evidence.get(clause.only)
            if not (is_ if clause.is_ is ... else is_ == clause.is_):
                continue
        text = _pick((clause.zh, clause.en), lang)
        for key in _keys(text):
            said = _said(key, _at(evidence, key), lang)
            if not said:
                break
            text = text.replace(f"{{{key}}}", said)
        else:
            out.append(text)
    return out


@cache
def _keys(text: str) -> tuple[str, ...]:
    return tuple(_KEY.findall(text))


def _at(evidence: Mapping[str, Any], key: str) -> object:
    found: object = evidence.get(key)
    if found is not None or "." not in key:
        return found
    found = evidence
    for step in key.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _said(key: str, value: object, lang: str) -> str | None:
    """Return a figure with the unit that its key tells, or a code in words; None for nothing."""
    figure = _figure(value)
    if figure is not None:
        return _with_unit(key, figure, lang)
    if key in ("parts", "changes") and isinstance(value, list):
        return (_parts if key == "parts" else _changes)(value, lang)
    if isinstance(value, list):
        return ranked.listed([_code(str(v), lang) for v in value], lang) or None
    if isinstance(value, str) and value:
        return kind(value, lang) if value in KIND else _code(value, lang)
    return None


def _figure(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _code(value: str, lang: str) -> str:
    return _pick(CODE.get(value, (value, value)), lang)


def _parts(parts: Sequence[object], lang: str) -> str | None:
    """Return the parts of a chain one after another."""
    steps = [
        f"{_said('role', p.get('role') or p.get('kind'), lang) or ''} {p['mmsi']}".strip()
        for p in parts
        if isinstance(p, Mapping) and isinstance(p.get("mmsi"), int)
    ]
    return " → ".join(steps) or None


def _changes(changes: Sequence[object], lang: str) -> str | None:
    """Return what a vessel told of itself before and after."""
    told = [
        f"{_code(str(c.get('field')), lang)} {c.get('from')} → {c.get('to')}"
        for c in changes
        if isinstance(c, Mapping) and c.get("from") is not None and c.get("to") is not None
    ]
    return ranked.listed(told, lang) or None


def _with_unit(key: str, value: float, lang: str) -> str:
    if key.endswith("_kn"):
        figure = f"{value:,.0f}" if abs(value) >= 100 else f"{round(value, 1):g}"
        return f"{figure} {'节' if lang == 'zh' else 'kn'}"
    if key.endswith("_km"):
        return _metres(value * 1000.0)
    if key.endswith("_m"):
        return _metres(value)
    if key.endswith(("_min", "minutes")):
        return _span(value, lang)
    if key.endswith(("_h", "hours")) or key.startswith("hours_"):
        return _span(value * 60.0, lang)
    if key.endswith("_deg"):
        return f"{value:.0f}°"
    if key.endswith(("_share", "_ratio")) or key.startswith(("reception", "least_reception")):
        return f"{value:.0%}"
    return f"{round(value, 2):g}"


def _metres(value: float) -> str:
    """Return a distance in a human step: 30 m, 350 m, 2.4 km, 15 km."""
    if value >= 9_950:
        return f"{value / 1000:.0f} km"
    if value >= 995:
        return f"{round(value / 1000, 1):g} km"
    step = 10 if value >= 100 else 1
    return f"{round(value / step) * step} m"


def _span(minutes: float, lang: str) -> str:
    """Return a time: 25 min, 3 h 25 min, 2 d 3 h; under 1 min."""
    m = round(minutes)
    days, hours, rest = m // 1440, m % 1440 // 60, m % 60
    zh, en = ("天", "小时", "分钟"), ("d", "h", "min")
    units = zh if lang == "zh" else en
    if days:
        parts = [(days, units[0]), (hours, units[1])]
    elif hours:
        parts = [(hours, units[1]), (rest, units[2])]
    else:
        seconds = round(minutes * 60)
        if not seconds:
            return "不到 1 分钟" if lang == "zh" else "under 1 min"
        parts = [(m, units[2])] if m >= 1 else [(seconds, "秒" if lang == "zh" else "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n or len(parts) == 1)
