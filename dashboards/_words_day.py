"""The words of a section's day."""

DAY: dict[str, tuple[str, str]] = {
    "nav_day": ("本班", "Shift"),
    "day_other": ("其他岸段", "Other sections"),
    "day_shift": ("班次", "Shift"),
    "day_top_none": ("本班没有评分。", "This shift has no scores."),
    "day_patrols": ("谁来巡逻", "Who patrols here"),
    "day_patrols_none": (
        "本班没有队伍到这一岸段。",
        "No team comes to this section in this shift.",
    ),
    "day_unplanned": (
        "本班还没有巡逻方案：请运行 shoregrid plan。",
        "No patrols are planned for this shift yet: run shoregrid plan.",
    ),
    "day_explore": ("探索", "exploration"),
    "day_due_stop": ("应检", "due"),
    "day_checkpoints": ("全县卡点", "Checkpoints of the county"),
    "day_who": ("谁在岗", "Who answers"),
    "day_wharves": ("码头 {n} 处", "Wharves: {n}"),
    "day_wharf": ("{name}（{n} 人）", "{name} ({n})"),
    "day_wharf_none": ("没有登记任何岗位", "no post on record"),
    "day_late": ("该检查的", "Inspections due"),
    "day_late_none": ("没有到期的检查。", "No inspection is due."),
    "day_broken": ("设施故障", "Facilities out of order"),
    "day_broken_none": ("没有登记的故障。", "None on record."),
    "day_found": ("昨天以来", "Since yesterday"),
    "day_found_none": (
        "没有登记的案事件，也没有排序靠前的行为。",
        "No incident on record, and no behaviour of high rank.",
    ),
    "day_incident": ("案事件：{kind}", "Incident: {kind}"),
    "day_none_title": ("还没有责任岸段", "There are no sections yet"),
    "day_none_mend": (
        "导入岸段，或提出均衡划分：shoregrid boundaries WS propose。",
        "Import sections, or propose balanced ones: shoregrid boundaries WS propose.",
    ),
}
