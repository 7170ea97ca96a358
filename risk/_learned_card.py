"""Write the card of a learned model: what it is made of, what it was worth, what it is not for."""

from datetime import datetime

import polars as pl

from risk._learned_columns import history_names
from risk._learned_model import Model
from risk._learned_offer import Offer
from risk.backtest import Backtest

_SHARE = 0.05

_NOT_FOR = (
    (
        "It says where incidents may become known. It says nothing of a person or a vessel.",
        "只说明沿岸何处可能发现案事件；不涉及任何人或船，不得作为怀疑、检查或处罚的依据。",
    ),
    (
        "Not for judging teams or chiefs: few incidents may mean that few were looked for.",
        "不得用于考核队伍或段长：已知案事件少，可能只是查得少。",
    ),
    (
        "Not on another shore, nor after what is watched moved far, without learning anew.",
        "不得用于其他岸线；监测指标漂移过大时，须重新训练后才可使用。",
    ),
)


def card(
    model: Model, history: pl.DataFrame, tested: Backtest, told: Offer, *,
    until: datetime, digest: str, seed: int,
) -> str:  # fmt: skip
    """Return the card as Markdown, Chinese and English."""
    span = "none" if history.is_empty() else "{:%F} – {:%F}".format(*history["t"].sort()[[0, -1]])
    by_source = history.group_by("source").len().sort("source")
    sources = ", ".join(f"{source}: {count}" for source, count in by_source.iter_rows()) or "none"
    past = len(history_names())
    names, sign = model.columns[past:], model.sign[past:]
    rising = ", ".join(n for n, s in zip(names, sign, strict=True) if s) or "none"
    free = ", ".join(n for n, s in zip(names, sign, strict=True) if not s) or "none"
    weights = sorted(zip(model.weights, model.parts, strict=True), reverse=True)
    pooled = ", ".join(f"{part} {weight:.2f}" for weight, part in weights if weight >= 0.01)
    scores = ", ".join(
        f"{part} {model.out_of_fold[part]:+.2f}"
        for part in ("additive", "boosted", "pool")
        if part in model.out_of_fold
    )
    lines = [
        "# 学习模型卡 · Model card",
        "",
        f"**{told.reason_zh}** {told.reason}",
        "",
        f"- 数据 · Data: {span}, {history.height} incidents ({sources}); learned until {until:%F}",
        f"- 校验 · Digest of the data: `{digest}`; seed {seed}",
        "- 只升特征 · Never lower the risk: every column of the past; " + rising,
        f"- 方向由数据定 · Direction learned: {free}",
        f"- 合成权重 · Weights of the pool: {pooled}; sharpness {model.sharpness:.2f}",
        f"- 折外增益 · Out of fold, nats per incident over the even spread: {scores or 'none'}",
        "",
        "## 回测 · Backtest",
        "",
        f"{tested.incidents} incidents in {tested.folds.height} periods, {tested.verdict}.",
        "",
        f"| forecaster | PAI {_SHARE:.0%} | gain | gain over decayed | happened / expected |",
        "|---|---|---|---|---|",
    ]
    at = tested.by_share.filter(share=_SHARE)
    joined = tested.by_forecaster.join(at, on="forecaster", maintain_order="left")
    for row in joined.iter_rows(named=True):
        cells = (_ranged(row, key) for key in ("pai", "gain", "gain_more"))
        expected = row["expected"]
        number = f"{row['happened']:g} / {expected:.1f}"
        lines.append(f"| {row['forecaster']} | {' | '.join(cells)} | {number} |")
    lines += ["", "## 不得用于 · Not for", ""]
    lines += [f"- {chinese} {english}" for english, chinese in _NOT_FOR]
    return "\n".join(lines) + "\n"


def _ranged(row: dict[str, float | None], key: str) -> str:
    value, low, high = (row[name] for name in (key, f"{key}_lo", f"{key}_hi"))
    if value is None:
        return "–"
    return f"{value:.2f}" + (f" ({low:.2f} – {high:.2f})" if None not in (low, high) else "")
