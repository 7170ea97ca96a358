"""Say what a backtest found, in Chinese and in English."""

import polars as pl

from risk._words import Both

NAMES: dict[str, Both] = {
    "uniform": ("按长度均匀", "uniform by length"),
    "last_year": ("去年案事件数", "last year's count"),
    "decayed": ("衰减计数", "decayed counts"),
    "kernel": ("岸线核密度", "network kernel"),
    "near_repeat": ("近重复", "near-repeat"),
    "analyst": ("权重评分", "the analyst's weights"),
    "learned": ("学习模型", "the learned model"),
}
JUDGED: dict[str, Both] = {
    "better": ("更好", "better"),
    "same": ("未见差别", "no difference shown"),
    "worse": ("更差", "worse"),
    "unknown": ("案事件太少，无法判断", "too few incidents to say"),
    "itself": ("—", "—"),
}
"""Judgements of one forecast against another."""

NOTES: dict[str, Both] = {
    "none": ("没有任何案事件。", "There are no incidents at all."),
    "later": (
        "{} 起案事件晚于检验截止时间，未计入。",
        "Incidents after the end of the test, left out: {}.",
    ),
    "one_place": (
        "检验期内九成以上的案事件在同一岸段：指标几乎只衡量这一处。",
        "At least 90 % of the incidents tested on are on one stretch: little else is measured.",
    ),
}
_TOO_FEW: Both = (
    "检验期内只有 {} 起案事件，不足以下任何结论。",
    "Incidents in the test periods: {}. That is too few to say anything.",
)
_NO_SIGNAL: Both = (
    "没有信号：检验期内 {} 起案事件，没有一种预测优于按长度均匀。",
    "No signal: over {} incidents in the test periods, nothing beats uniform by length.",
)
_SIGNAL: Both = (
    "有信号：检验期内 {} 起案事件，优于按长度均匀的有：{}。",
    "There is a signal: over {} incidents in the test periods, uniform by length is beaten by {}.",
)
_RATIO: Both = (
    "{}：与衰减计数相比，{}；前 5 % 岸线的 PAI 为其 {} 倍（95 % 区间 {:.3f}–{:.3f}）。",
    "{}: against decayed counts, {}; its PAI at 5 % is {} of theirs (95 % interval {:.3f}–{:.3f}).",
)


def said(forecasters: pl.DataFrame, notes: pl.DataFrame, verdict: str, count: int) -> list[Both]:
    """Return the verdict, a sentence per forecaster, and what to mind."""
    better = forecasters.filter(against_uniform="better")["forecaster"].to_list()
    names = [NAMES.get(name, (name, name)) for name in better]
    listed = "、".join(zh for zh, _ in names), ", ".join(en for _, en in names)
    overall = {"too_few": _TOO_FEW, "no_signal": _NO_SIGNAL, "signal": _SIGNAL}[verdict]
    out = [(overall[0].format(count, listed[0]), overall[1].format(count, listed[1]))]
    if verdict != "too_few":
        rows = forecasters.filter(pl.col("against_decayed") != "itself").iter_rows(named=True)
        out += [(_compared(row, 0), _compared(row, 1)) for row in rows]
    for note, number in notes.iter_rows():
        zh, en = NOTES[note]
        out.append((zh.format(number), en.format(number)))
    return out


def _compared(row: dict[str, object], language: int) -> str:
    name = str(row["forecaster"])
    ratio = row["pai_ratio"]
    return _RATIO[language].format(
        NAMES.get(name, (name, name))[language],
        JUDGED[str(row["against_decayed"])][language],
        "–" if ratio is None else f"{ratio:.3f}",
        row["pai_ratio_lo"],
        row["pai_ratio_hi"],
    )
