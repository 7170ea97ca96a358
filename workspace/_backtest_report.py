"""Write a backtest as one HTML file that opens without internet."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

import polars as pl

from risk.backtest import sentences
from risk.backtest_words import JUDGED, NAMES
from risk.gain import JUDGED_SHARE
from risk.learned import offer
from workspace.backtesting import Tested
from workspace.happened import LEFT_OUT

_TODAY = (
    "岸线、各处位置和权重方案按现状计。",
    "The shore, where things stand and the weights are today's.",
)
_RECORD = (
    f"设施与上岸点按各期起点时的登记计；登记始于 {{}}，更早的起点按当日登记计。{_TODAY[0]}",
    f"Facilities and landing places are as on record then, {{}} at the earliest. {_TODAY[1]}",
)
_RECORD_NONE = (
    "设施与上岸点没有变更记录，与岸线、各处位置和权重方案一样，按现状计。",
    "Facilities and landing places have no record: they, the shore and the weights are today's.",
)
_COLOURS = ("#8a8f98", "#b26b00", "#0b5fa5", "#2a8c4a", "#7a3e9d", "#c0392b", "#00808a")
_WIDE, _HIGH, _PAD = 560, 320, 48
_STYLE = """
body{font:15px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#1a2733;
max-width:1240px;margin:0 auto;padding:24px 16px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 8px}
.en{color:#5b6875;font-size:.88em}p{margin:6px 0}
.verdict{border-left:4px solid #0b5fa5;background:#eef5fb;padding:10px 14px;margin:16px 0}
.scroll{overflow-x:auto}table{border-spacing:0;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 8px;border-bottom:1px solid #d9dfe5;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;vertical-align:bottom}
td small,td .en{color:#5b6875;display:block}li .en{display:block}
ul{padding-left:20px}th:first-child,td:first-child{position:sticky;left:0;background:#fff}
svg{width:100%;max-width:560px;min-width:460px;height:auto}
.key{display:flex;flex-wrap:wrap;gap:4px 16px}
.key i{display:inline-block;width:14px;height:3px;margin-right:6px;vertical-align:middle}
"""


def report(tested: Tested, *, title: str) -> str:
    """Return the report, Chinese first, English beside it.

    Parameters
    ----------
    tested : what ``workspace.backtesting.backtest`` found.
    title : the county's name.
    """
    found, weights = tested.found, tested.weights
    start, end = (f"{t:%Y-%m-%d}" for t in tested.span)
    counts = (
        f"{start} – {end} · {found.folds.height} 期 periods · "
        f"{found.incidents} 起案事件 incidents · "
        f"{tested.run.counts['segments']} 个岸段单元 segments · "
        f"权重 weights {weights.name} v{weights.version}"
    )
    (zh, en), *more = _said(tested)
    said = "".join(f"<li>{_both(words)}</li>" for words in more)
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · 回测 backtest</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)} · 风险预测回测</h1>"
        f'<p class="en">Backtest of risk forecasts</p><p>{escape(counts)}</p>'
        f'<div class="verdict"><b>{zh}</b><br><span class="en">{en}</span></div>'
        + (f"<ul>{said}</ul>" if said else "")
        + _heading("各种预测", "Forecasts")
        + _forecasts(found.by_forecaster, found.by_share)
        + _explained()
        + _heading("巡防一定里程时说中多少", "How much is caught by so much of the shore")
        + _curves(found.by_share)
        + _shares(found.by_share)
        + _heading("概率可信吗", "Are the probabilities right")
        + _reliability(found.reliability)
        + "</body></html>\n"
    )


def lines(tested: Tested) -> list[str]:
    """Return what is said of it, for the terminal."""
    return [f"{zh} {en}" for zh, en in _said(tested)]


def _said(tested: Tested) -> list[tuple[str, str]]:
    more = [
        (zh.format(n), en.format(n))
        for reason, n in tested.left_out.items()
        for zh, en in [LEFT_OUT[reason]]
    ]
    offered = offer(tested.found)
    return [
        *sentences(tested.found),
        (offered.reason_zh, offered.reason),
        *more,
        _on_record(tested.recorded_since),
    ]


def _on_record(since: datetime | None) -> tuple[str, str]:
    """Return what cannot be known of past origins."""
    if since is None:
        return _RECORD_NONE
    day = f"{since:%Y-%m-%d}"
    return _RECORD[0].format(day), _RECORD[1].format(day)


def _both(words: tuple[str, str]) -> str:
    return f'{words[0]} <span class="en">{words[1]}</span>'


def _heading(zh: str, en: str) -> str:
    return f'<h2>{zh} <span class="en">{en}</span></h2>'


def _name(forecaster: str) -> tuple[str, str]:
    return NAMES.get(forecaster, (escape(forecaster), escape(forecaster)))


def _figure(row: dict[str, Any], name: str, places: int = 2) -> str:
    """Return a figure with its interval below it."""
    value = row[name]
    if value is None:
        return "–"
    lo, hi = row.get(f"{name}_lo"), row.get(f"{name}_hi")
    told = _number(value, places)
    if lo is None:
        return told
    # A dash between two numbers of which one is below 0 reads as another minus.
    between = "–" if lo >= 0 else " … "
    return f"{told}<small>{_number(lo, places)}{between}{_number(hi, places)}</small>"


def _number(value: float, places: int) -> str:
    # Adding 0 turns what rounds to -0 into 0.
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells}</tr>{body}</table></div>'


def _forecasts(each: pl.DataFrame, by_share: pl.DataFrame) -> str:
    at = by_share.filter(pl.col("share") == JUDGED_SHARE).drop("share", "km")
    rows = [
        [
            _both(_name(row["forecaster"])),
            _both(JUDGED[row["against_uniform"]]),
            _both(JUDGED[row["against_decayed"]]),
            _figure(row, "hit_rate"),
            _figure(row, "pai", 1),
            _figure(row, "pei"),
            _figure(row, "pai_ratio"),
            _figure(row, "gain"),
            f"{row['brier']:.2g}",
            f"{row['expected']:.1f} / {row['happened']:.1f}",
        ]
        for row in each.join(at, on="forecaster", maintain_order="left").iter_rows(named=True)
    ]
    head = [
        "预测 <span class='en'>forecast</span>",
        "比均匀<br><span class='en'>against uniform</span>",
        "比衰减计数<br><span class='en'>against decayed</span>",
        "命中率<br><span class='en'>hit rate, 5 %</span>",
        "PAI<br><span class='en'>at 5 %</span>",
        "PEI<br><span class='en'>at 5 %</span>",
        "PAI 为衰减计数几倍<br><span class='en'>times decayed</span>",
        "信息增益<br><span class='en'>nats over uniform</span>",
        "Brier",
        "预计/实际（按权重）<br><span class='en'>expected / happened, by weight</span>",
    ]
    return _table(head, rows)


def _explained() -> str:
    zh = (
        "命中率：风险最高的 5 % 岸线里程上发生的案事件占多少。PAI：命中率除以里程占比，1 等于瞎猜。"
        "PEI：与事后最优选法之比。信息增益：每起案事件比均匀分布多得多少（奈特）。"
        "小字为 95 % 区间；区间宽就是数据少，不要当成确切的数。"
    )
    en = (
        "Hit rate: the share of incidents on the riskiest 5 % of the shore's kilometres. PAI: hit "
        "rate over the share of kilometres, 1 is chance. PEI: against the best choice with "
        "hindsight. Gain: what each incident tells for it over uniform, in nats; 0 is none. Small "
        "figures are 95 % intervals; a wide one means few data."
    )
    return f'<p>{zh}</p><p class="en">{en}</p>'


def _shares(by_share: pl.DataFrame) -> str:
    shares = by_share["share"].unique().sort().to_list()
    rows = [
        [_both(_name(name))]
        + [
            _figure(row, "pai", 1)
            for row in by_share.filter(pl.col("forecaster") == name).sort("share").to_dicts()
        ]
        for name in by_share["forecaster"].unique(maintain_order=True)
    ]
    return _table(["PAI", *(f"{share:.0%}" for share in shares)], rows)


def _axes(ticks_x: list[tuple[float, str]], ticks_y: list[tuple[float, str]], label: str) -> str:
    """Return the frame of a drawing whose axes run from 0 to 1."""
    wide, high = _at(1) - _at(0), _down(0) - _down(1)
    parts = [
        f'<text x="{_at(0)}" y="{_PAD / 2}" font-size="12" fill="#5b6875">{label}</text>',
        (
            f'<rect x="{_at(0)}" y="{_down(1)}" width="{wide}" height="{high}" fill="none" '
            'stroke="#d9dfe5"/>'
        ),
    ]
    parts += [
        f'<text x="{_at(x)}" y="{_down(0) + 18}" font-size="12" text-anchor="middle">{told}</text>'
        for x, told in ticks_x
    ]
    parts += [
        f'<text x="{_at(0) - 8}" y="{_down(y) + 4}" font-size="12" text-anchor="end">{told}</text>'
        for y, told in ticks_y
    ]
    return "".join(parts)


def _at(x: float) -> float:
    return round(_PAD + x * (_WIDE - 1.5 * _PAD), 1)


def _down(y: float) -> float:
    return round(_HIGH - 0.75 * _PAD - y * (_HIGH - 1.75 * _PAD), 1)


def _line(points: Iterable[tuple[float, float]], colour: str) -> str:
    told = " ".join(f"{_at(x)},{_down(y)}" for x, y in points)
    return f'<polyline points="{told}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _svg(inside: str, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" role="img" '
        f'aria-label="{label}">{inside}</svg>'
    )


def _curves(by_share: pl.DataFrame) -> str:
    most = by_share["share"].max() or 1.0
    shares = by_share["share"].unique().sort().to_list()
    drawn = _axes(
        [(s / most, f"{s:.0%}") for s in shares],
        [(y / 4, f"{y / 4:.0%}") for y in range(5)],
        "命中率 hit rate · 横轴 x: 岸线里程占比 share of shore km",
    )
    keys = []
    for number, name in enumerate(by_share["forecaster"].unique(maintain_order=True)):
        colour = _COLOURS[number % len(_COLOURS)]
        rows = by_share.filter(pl.col("forecaster") == name).sort("share")
        points = [(0.0, 0.0)] + [
            (s / most, hit)
            for s, hit in rows.select("share", "hit_rate").iter_rows()
            if hit is not None
        ]
        drawn += _line(points, colour)
        keys.append(f'<span><i style="background:{colour}"></i>{_both(_name(name))}</span>')
    return (
        f'<div class="scroll">{_svg(drawn, "hit rate")}</div><div class="key">{"".join(keys)}</div>'
    )


def _reliability(table: pl.DataFrame) -> str:
    rows = [
        [
            _both(_name(row["forecaster"])),
            f"{row['places']:,}",
            f"{row['chance']:.3%}",
            f"{row['frequency']:.3%}<small>{row['lo']:.3%}–{row['hi']:.3%}</small>",
            f"{row['expected']:.1f} / {row['happened']:.1f}",
        ]
        for row in table.iter_rows(named=True)
    ]
    head = [
        "预测 <span class='en'>forecast</span>",
        "单元·期<br><span class='en'>segment-periods</span>",
        "平均预报概率<br><span class='en'>mean chance told</span>",
        "实际发生<br><span class='en'>happened</span>",
        "预计/实际（按权重）<br><span class='en'>expected / happened, by weight</span>",
    ]
    return _table(head, rows)
