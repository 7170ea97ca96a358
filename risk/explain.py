"""Say in a sentence why a stretch of shore scores what it scores, as a section chief reads it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from risk import _words as words
from risk._words import Both
from risk.facts import Broken, Facts, NearEvent
from risk.shifts import Shift
from risk.weights import WeightSet

_MOST_FACTS = 4
_LEAST_FACTS = 2
_LEAST_CHANCE = 0.02  # that a silent vessel was here: less is true of every shore
_LEAST_SHARE = 0.06  # of the points above the base: less is not worth a chief's time


@dataclass(frozen=True)
class Part:
    """One fact of the sentence: the indicators it speaks for and the points they bring."""

    indicators: tuple[str, ...]
    points: float
    text_zh: str
    text_en: str


@dataclass(frozen=True)
class Explanation:
    """A sentence in both languages and the facts it was made of, in order.

    ``reason_zh`` and ``reason_en`` leave out the day and shift, for where those stand already.
    """

    sentence_zh: str
    sentence_en: str
    reason_zh: str
    reason_en: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _Clock:
    """When the reader reads: ``known`` is the instant up to which facts count."""

    shift: Shift
    as_of: datetime
    tz: ZoneInfo

    @property
    def known(self) -> datetime:
        return min(self.as_of, self.shift.t0)

    @property
    def past(self) -> bool:
        return self.shift.t1 <= self.as_of

    def day(self, t: datetime) -> date:
        return t.astimezone(self.tz).date()

    @property
    def today(self) -> date:
        return self.day(self.as_of)


def explain(
    facts: Facts, *, shift: Shift, as_of: datetime, tz: ZoneInfo, weights: WeightSet
) -> Explanation:
    """Say why, with the two to four facts that bring the most points.

    Whether one can land comes first whenever it is known. What is missing is said in a second
    sentence, with the interval. "Today" and "tonight" are said only of the reader's local day,
    "this week" only when it is true of the calendar week.

    Parameters
    ----------
    facts : Facts
        What is known of the segment and shift.
    shift : Shift
        The shift.
    as_of : datetime
        The aware instant of the reader; later events and incidents are left out.
    tz : ZoneInfo
        The county's time zone.
    weights : WeightSet
        For the words of missing indicators and the reach in time of events.
    """
    clock = _Clock(shift, as_of, tz)
    parts = _choose(facts, clock, weights)
    when_zh, when_en = _when(clock)
    what_zh = "；".join(p.text_zh for p in parts) or "没有突出的风险因素"
    what_en = "; ".join(p.text_en for p in parts) or "nothing stands out"
    lack_zh, lack_en = _lacking(facts, weights)
    reason_zh = f"{facts.band.name_zh}风险：{what_zh}。{lack_zh}"
    reason_en = f"{facts.band.name_en}: {what_en}.{lack_en}"
    return Explanation(
        f"{when_zh} {shift.label} {reason_zh}",
        f"{when_en} {shift.label}, {reason_en}",
        reason_zh,
        f"{reason_en[0].upper()}{reason_en[1:]}",
        tuple(parts),
    )


def near_m(weights: WeightSet, indicator_id: str) -> float:
    """Return how far in metres a thing is named: twice its indicator's reach (13 % is left)."""
    return 2.0 * weights.indicator(indicator_id).params["distance_m"]


def _choose(facts: Facts, clock: _Clock, weights: WeightSet) -> list[Part]:
    landable = _landable(facts, clock)
    others = sorted(
        (p for p in _candidates(facts, clock, weights) if p.points > 0.0),
        key=lambda p: (-p.points, p.indicators),
    )
    first = [landable] if landable else []
    least = _LEAST_SHARE * (facts.score - facts.base)
    kept = [p for i, p in enumerate(others) if p.points >= least or i + len(first) < _LEAST_FACTS]
    return [*first, *kept][:_MOST_FACTS]


def _candidates(facts: Facts, clock: _Clock, weights: WeightSet) -> Iterable[Part]:
    known = [w for w in weights.ids if w not in facts.missing]
    said: list[tuple[tuple[str, ...], Both | None]] = [
        (("loitering_near",), _loitering(facts, clock, weights)),
        (("shore_approach",), _approach(facts, clock, weights)),
        (("gap_reach",), _silent(facts, clock, weights)),
        (("incidents_near", "near_repeat"), _incidents(facts, clock, weights)),
        (("facility_broken",), _broken(facts, clock)),
        (("inspection_overdue",), _overdue(facts)),
        *(((name,), _standing(name, facts.raw.get(name), weights)) for name in words.STANDING),
    ]
    for ids, text in said:
        own = tuple(i for i in ids if i in known)
        if own and text:
            points = sum(facts.contributions.get(i, 0.0) for i in own)
            yield Part(own, points, *text)


def _landable(facts: Facts, clock: _Clock) -> Part | None:
    if facts.landable is None or "landable" in facts.missing:
        return None
    points = facts.contributions.get("landable", 0.0)
    shift = clock.shift
    mark = words.ESTIMATED if facts.landing_basis == "estimate" else ("", "")
    zh, en = (
        f"（吃水 {facts.draught_m:g} m{mark[0]}）",
        f"for {facts.draught_m:g} m draught{mark[1]}",
    )
    windows = [(max(a, shift.t0), min(b, shift.t1)) for a, b in facts.landable]
    windows = sorted((a, b) for a, b in windows if a < b)
    if not windows:
        text = (f"本班不能登滩{zh}", f"not landable {en}")
    elif windows[0] == (shift.t0, shift.t1):
        text = (f"整班可登滩{zh}", f"landable {en} throughout")
    else:
        spans = [f"{_hm(a, clock)}–{_hm(b, clock)}" for a, b in windows]
        text = (f"{'、'.join(spans)} 可登滩{zh}", f"landable {en} {' and '.join(spans)}")
    return Part(("landable",), points, *text)


def _loitering(facts: Facts, clock: _Clock, weights: WeightSet) -> Both | None:
    found = _recent(facts, clock, weights, "loitering_near")
    if found is None:
        return None
    events, period = found
    verb, ships, off = _verb(events), *_ships(events)
    return (
        f"{period[0]}{ships[0]}在外 {off[0]} {verb[0]}",
        f"{ships[1]} {verb[1]} {off[1]} off {period[1]}",
    )


def _approach(facts: Facts, clock: _Clock, weights: WeightSet) -> Both | None:
    found = _recent(facts, clock, weights, "shore_approach")
    if found is None:
        return None
    events, period = found
    verb, ships, off = _verb(events), *_ships(events)
    if min(e.distance_m for e in events) < 100.0:
        off = ("就在此处", "right here")
    else:
        off = (f"在 {off[0]} 处", f"{off[1]} away")
    return f"{period[0]}{ships[0]}{off[0]}{verb[0]}", f"{ships[1]} {verb[1]} {off[1]} {period[1]}"


def _recent(
    facts: Facts, clock: _Clock, weights: WeightSet, name: str
) -> tuple[list[NearEvent], Both] | None:
    """Return an indicator's events of the last week, else of its window, with the period."""
    if name not in weights.ids:
        return None
    indicator = weights.indicator(name)
    window = int(indicator.params["window_days"])
    reach_m = near_m(weights, name)
    events = [
        e
        for e in facts.events
        if e.kind in indicator.kinds and e.t0 <= clock.known and e.distance_m <= reach_m
    ]
    for n in (7, window):
        recent = [e for e in events if clock.known - e.t0 <= timedelta(days=n)]
        if recent:
            return recent, _period(recent, clock, n)
    return None


def _period(events: Sequence[NearEvent], clock: _Clock, n: int) -> Both:
    if clock.past:
        return f"此前 {n} 天", f"in the {n} days before"
    week = clock.today.isocalendar()[:2]
    if all(clock.day(e.t0).isocalendar()[:2] == week for e in events):
        return "本周", "this week"
    return f"近 {n} 天", f"in the last {n} days"


def _ships(events: Sequence[NearEvent]) -> tuple[Both, Both]:
    nearest = min(e.distance_m for e in events)
    named = {e.mmsi for e in events if e.mmsi is not None}
    nameless = sum(e.mmsi is None for e in events)
    return words.vessels(len(named) + nameless), words.distance(nearest)


def _verb(events: Sequence[NearEvent]) -> Both:
    kinds = [k for k in words.BEHAVIOUR if any(e.kind == k for e in events)]
    return (
        "或".join(words.BEHAVIOUR[k][0] for k in kinds),
        " or ".join(words.BEHAVIOUR[k][1] for k in kinds),
    )


def _silent(facts: Facts, clock: _Clock, weights: WeightSet) -> Both | None:
    """Say which silent vessel most likely was here, and how many others may have been."""
    if "gap_reach" not in weights.ids:
        return None
    window = timedelta(days=weights.indicator("gap_reach").params["window_days"])
    found = [
        s
        for s in facts.silences
        if s.probability >= _LEAST_CHANCE and timedelta(0) <= clock.known - s.t1 <= window
    ]
    if not found:
        return None
    most = max(found, key=lambda s: (s.probability, s.t1))
    lasted = words.lasting((most.t1 - most.t0).total_seconds())
    ago = words.days_ago((clock.today - clock.day(most.t1)).days)
    share = f"{most.probability:.0%}"
    others = len({s.mmsi for s in found} - {most.mmsi})
    more: Both = ("", "")
    if others:
        more = (f"（另有{words.vessels(others)[0]}可能）", f" ({words.count_en(others)} more may)")
    return (
        f"一船{ago[0]}失联 {lasted[0]}，可能到过此处（{share}）{more[0]}",
        f"a vessel silent for {lasted[1]} {ago[1]} may have been here ({share}){more[1]}",
    )


def _incidents(facts: Facts, clock: _Clock, weights: WeightSet) -> Both | None:
    if "incidents_near" not in weights.ids:
        return None
    window = timedelta(days=weights.indicator("incidents_near").params["window_days"])
    reach_m = near_m(weights, "incidents_near")
    found = [
        i
        for i in facts.incidents
        if i.distance_m <= reach_m and max(i.t0, i.known or i.t0) <= clock.known <= i.t0 + window
    ]
    if not found:
        return None
    n, reach = len(found), words.within(max(i.distance_m for i in found))
    ago = words.days_ago((clock.today - clock.day(max(i.t0 for i in found))).days)
    if n == 1:
        return (
            f"{reach[0]} 内有 1 起案事件（{ago[0]}）",
            f"one incident within {reach[1]}, {ago[1]}",
        )
    return (
        f"{reach[0]} 内有 {n} 起案事件（最近一起 {ago[0]}）",
        f"{words.count_en(n)} incidents within {reach[1]}, the latest {ago[1]}",
    )


def _broken(facts: Facts, clock: _Clock) -> Both | None:
    found = [b for b in facts.broken if b.since is None or b.since <= clock.today]
    if not found:
        return None
    lines = list(words.LINE)

    def gravity(b: Broken) -> tuple[int, int, str]:
        line = lines.index(b.line) if b.line in lines else -1
        return line, (clock.today - b.since).days if b.since else -1, b.kind

    worst = max(found, key=gravity)
    line = words.LINE.get(worst.line, ("附近的", " near"))
    kind = words.FACILITY.get(worst.kind, ("设施", "facility"))
    status = words.STATUS[worst.status]
    if worst.since is None:
        lasting: Both = ("（起始日期不详）", ", nobody noted since when")
    elif worst.since == clock.today:
        lasting = ("（今天起）", " since today")
    else:
        n = words.days((clock.today - worst.since).days)
        lasting = (f" {n[0]}", f" for {n[1]}")
    more: Both = ("", "")
    if len(found) > 1:
        more = (f"（另有 {len(found) - 1} 处）", f" ({len(found) - 1} more out of order)")
    return (
        f"{line[0]}{kind[0]}{status[0]}{lasting[0]}{more[0]}",
        f"{kind[1]}{line[1]} {status[1]}{lasting[1]}{more[1]}",
    )


def _overdue(facts: Facts) -> Both | None:
    if not facts.overdue:
        return None
    worst = max(facts.overdue, key=lambda o: (o.days is None, o.days or 0, o.name_zh))
    if worst.days is None:
        return f"{worst.name_zh}没有巡查记录", f"{worst.name_en} has no inspection on record"
    n = words.days(worst.days)
    if worst.days == 0:
        return f"{worst.name_zh}今天应巡查", f"{worst.name_en} is due for inspection"
    return f"{worst.name_zh}巡查逾期 {n[0]}", f"inspection of {worst.name_en} {n[1]} overdue"


def _standing(name: str, raw: float | None, weights: WeightSet) -> Both | None:
    side, limit, text = words.STANDING[name]
    if raw is None or name not in weights.ids or not (raw > limit if side == ">" else raw < limit):
        return None
    if name == "access":
        off = words.distance(raw)
        return text[0].format(off[0]), text[1].format(off[1])
    if name == "seasonality":
        return text[0].format(f"{raw:.1f}"), text[1].format(f"{raw:.1f}")
    if name == "patrol_cover":
        n = int(weights.indicator(name).params["window_days"])
        return text[0].format(n), text[1].format(n)
    return text


def _lacking(facts: Facts, weights: WeightSet) -> Both:
    """Return the second sentence: what is missing, and between what the score lies."""
    lacking = [i for i in weights.indicators if i.id in facts.missing]
    if not lacking:
        return "", ""
    shown, rest = lacking[:3], len(lacking) - 3
    zh, en = "、".join(i.label_zh for i in shown), ", ".join(i.label_en for i in shown)
    if rest > 0:
        zh, en = f"{zh}等 {len(lacking)} 项", f"{en} and {rest} more"
    # Cut, as the pages show scores: 39.8 is in the band that ends at 40.
    lo, hi = int(facts.lo), int(facts.hi)
    return (
        f"缺少资料：{zh}，分数在 {lo}–{hi} 之间。",
        f" No data for {en}; the score lies between {lo} and {hi}.",
    )


def _when(clock: _Clock) -> Both:
    """Return "tonight", "today" or the date of the shift's local start."""
    start = clock.shift.t0.astimezone(clock.tz)
    if start.date() != clock.today:
        return words.day_name(start.date(), today=clock.today)
    if start.hour >= 18:
        return "今晚", "Tonight"
    if start.hour < 5:
        return "今天凌晨", "Early today"
    return "今天", "Today"


def _hm(t: datetime, clock: _Clock) -> str:
    return f"{t.astimezone(clock.tz):%H:%M}"
