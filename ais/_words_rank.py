"""The words of a rank: its factors, and what was learned about them."""

from collections.abc import Sequence

Both = tuple[str, str]

FACTOR: dict[str, Both] = {
    "kind": ("行为种类", "the kind of behaviour"),
    "decisions": ("历来复核的确认率", "how often reviewers confirm"),
    "margin": ("远超判定标准", "well past the thresholds"),
    "dark": ("天黑", "darkness"),
    "near_shore": ("离岸近", "near the shore"),
    "landing_place": ("靠近可上岸处", "near a landing place"),
    "rare_kind": ("同类船舶少见此举", "seldom done by vessels of this pattern"),
    "rare_own": ("该船平时少有此举", "seldom done by this vessel"),
    "strange_place": ("不是该船常去之处", "not a place that it comes to"),
    "reception": ("当地收信良好", "reception there is good"),
    "few_positions": ("位置数量少", "few positions"),
    "doubtful": (
        "探测、收信存疑，或未见会面",
        "detection, reception or a meeting not seen leaves doubt",
    ),
    "stale_device": ("船台数据停更，多为设备故障", "the device repeats old data, likely a fault"),
    "watched": ("在关注名单上", "on a watch list"),
    "in_chain": ("属于一条接驳链", "part of a chain"),
    "not_as_said": ("行为与所报船型不符", "does not act as the type it gives"),
    "near_berth": ("靠近码头或锚地", "near a berth or anchorage"),
    "lay_silent": ("停着时关机，开机仍在原处", "silent while it lay, and still there after"),
    "own_ground": ("渔船在惯常渔场", "a fishing boat on its ground"),
    "ferry_line": ("渡船在自己的航线两端", "a ferry at the end of its line"),
    "pilotage": ("引航作业", "pilotage"),
    "pair_trawling": ("渔船对拖或结伴作业", "boats fishing in pairs"),
    "towing": ("拖带或港作", "towing or harbour work"),
    "in_company": ("两船结伴来去", "the two came and left in company"),
    "bunkering": ("大船加油", "bunkering of ships"),
    "at_work": ("工程或港作船在作业", "a working vessel at work"),
    "waiting": ("货船候泊", "a cargo ship waiting"),
    "on_duty": ("公务船执勤", "a government vessel on duty"),
    "own_trade": ("客船正常营运", "a passenger vessel in its trade"),
    "at_leisure": ("白天休闲活动", "leisure by day"),
}
"""What each factor means where its value is positive."""

AGAINST: dict[str, Both] = {
    "rare_kind": ("同类船舶常有此举", "common among vessels of this pattern"),
    "rare_own": ("该船平时常有此举", "this vessel does it often"),
    "strange_place": ("该船常去之处", "a place that it comes to"),
    "decisions": ("历来多被排除", "reviewers dismiss most"),
}
"""What a factor means where its value, or what it brings, is negative."""

SAID: dict[str, Both] = {
    "too_little": (
        (
            "复核太少，仍按规则排序：现有 {n} 条（确认 {confirmed}、排除 {dismissed}，"
            "{vessels} 艘船），至少要 {least} 条，确认和排除各 {each} 条，"
            "涉及 {least_vessels} 艘船。"
        ),
        (
            "Too few decisions, so the rules go on ranking: there are {n} ({confirmed} confirmed, "
            "{dismissed} dismissed, {vessels} vessels); it takes {least}, {each} of each, on "
            "{least_vessels} vessels."
        ),
    ),
    "learned_from": (
        "依据 {vessels} 艘船的 {n} 条复核（确认 {confirmed} 条）。",
        "From {n} decisions on {vessels} vessels ({confirmed} confirmed).",
    ),
    "more": ("比规则更看重：{what}。", "Counts more than the rules assumed: {what}."),
    "less": ("不如规则看重：{what}。", "Counts less than the rules assumed: {what}."),
    "as_rules": (
        "各项轻重与规则没有明显出入。",
        "No factor counts clearly more or less than the rules assumed.",
    ),
    "used": (
        (
            "对没有参加学习的船，能把确认的排在排除的前面 {auc}%（规则 {auc_rules}%），"
            "对数损失 {loss}（规则 {loss_rules}）：已采用。"
        ),
        (
            "On vessels left out it puts the confirmed above the dismissed in {auc} % of pairs "
            "(rules: {auc_rules} %), log loss {loss} (rules: {loss_rules}): it is used."
        ),
    ),
    "not_used": (
        (
            "对没有参加学习的船，能把确认的排在排除的前面 {auc}%（规则 {auc_rules}%），"
            "对数损失 {loss}（规则 {loss_rules}）：没有明显更好，仍按规则排序。"
        ),
        (
            "On vessels left out it puts the confirmed above the dismissed in {auc} % of pairs "
            "(rules: {auc_rules} %), log loss {loss} (rules: {loss_rules}): not clearly better, "
            "so the rules go on ranking."
        ),
    ),
    "weight": (
        "{what}（{is_:.1f}，{low:.1f} 至 {high:.1f}；规则 {rule:.1f}）",
        "{what} ({is_:.1f}, {low:.1f} to {high:.1f}; rules {rule:.1f})",
    ),
    "raises": ("提高排序：{what}", "Raised by: {what}"),
    "lowers": ("降低排序：{what}", "Lowered by: {what}"),
    "nothing": ("没有特别之处，按行为种类排序。", "Nothing special: ranked by its kind alone."),
}


def pick(both: Both, lang: str) -> str:
    """Return the Chinese text for "zh", else the English one."""
    return both[0] if lang == "zh" else both[1]


def say(key: str, lang: str, **values: object) -> str:
    """Return a sentence of ``SAID`` with its values."""
    return pick(SAID[key], lang).format(**values)


def weight(name: str, is_: float, low: float, high: float, rule: float, lang: str) -> str:
    """Return a factor with its weight, as learned and by rule, in log-odds."""
    what = pick(FACTOR[name], lang)
    return say("weight", lang, what=what, is_=is_, low=low, high=high, rule=rule)


def listed(items: Sequence[str], lang: str) -> str:
    """Return texts one after another."""
    return ("、" if lang == "zh" else "; ").join(items)


def sentences(items: Sequence[str], lang: str) -> str:
    """Return sentences one after another."""
    return ("" if lang == "zh" else " ").join(items)
