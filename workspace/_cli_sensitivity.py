"""The command `weights WS sensitivity`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace._cli_options import AsJson, Csv, Day, Top, opened
from workspace._console import Summary

if TYPE_CHECKING:
    import polars as pl

    from risk.weights import WeightSet
    from workspace.sensitivity import Pair


class Indices(StrEnum):
    """How variance is shared among the weights."""

    SOBOL = "sobol"
    MORRIS = "morris"


def sensitivity(
    context: typer.Context,
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[SET]", help="方案；默认现行方案 · A set; the one in force."),
    ] = None,
    day: Day = None,
    shift: Annotated[
        str | None,
        typer.Option(help="班次：起始时刻或序号 · Shift: its local start (22:00) or number."),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, max=10_000, help="抽样次数 · How many draws of weights.")
    ] = 200,
    spread: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=0.2,
            help="权重 0.40 的标准差 · How far a weight of 0.40 varies (one standard deviation).",
        ),
    ] = 0.07,
    seed: Annotated[
        int, typer.Option(min=0, help="随机种子 · The same seed gives the same draws.")
    ] = 0,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="A B",
            help="两个单元换位的最小改动 · The least change that turns the order of two segments.",
        ),
    ] = None,
    indices: Annotated[
        Indices | None,
        typer.Option(help="方差贡献（需 SALib） · Share of variance by weight (needs SALib)."),
    ] = None,
    top: Top = 10,
    out: Csv = None,
    *,
    as_json: AsJson = False,
) -> None:
    """敏感性 · How sure the top 5 % is when weights vary, and the role of each indicator."""
    from workspace import sensitivity as work
    from workspace import weighting

    with opened(context.obj) as ws:
        given = weighting.weight_set(ws) if reference is None else weighting.named(ws, reference)
        one = work.tried(ws, given, day=None if day is None else day.date(), shift=shift)
    table = work.standings(one, draws=draws, spread=spread, seed=seed)
    sure, open_ = work.settled(table, one.shifts)
    factors = work.factors(one)
    if out is not None:
        table.write_csv(out)
    first = one.shifts[0].shift_id
    n = len(one.shifts)
    lines = [
        f"{given.name}:{given.version}，{first} 起 {n} 个班次 · {n} shifts from {first}",
        f"抽样 · draws: {draws}, 0.40 ± {spread:g}, 种子 seed {seed}",
        "前 5 % 岸线，各班次平均 · the top 5 % of the shore, mean over shifts:",
        f"  {sure:8.1f} km 九成以上抽样都在 · in nine draws of ten or more",
        f"  {open_:8.1f} km 一成至九成抽样在 · in one to nine draws of ten",
    ]
    lines += [*_standing_lines(table.head(top)), *_factor_lines(factors)]
    more: dict[str, Any] = {
        "set": f"{given.name}:{given.version}",
        "shifts": [shift.shift_id for shift in one.shifts],
        "draws": draws,
        "spread": spread,
        "seed": seed,
        "sure_km": round(sure, 3),
        "open_km": round(open_, 3),
        "top": table.head(top).to_dicts(),
        "roles": factors.to_dicts(),
    }
    if pair is not None:
        pairs = work.flips(one, *pair)
        lines += [_pair_line(found, *pair, given) for found in pairs]
        more["pair"] = [_pair(found, given) for found in pairs]
    if indices is not None:
        shared = work.indices(one, indices.value, spread=spread, seed=seed)
        lines += _index_lines(shared, given)
        more["indices"] = shared.to_dicts()
    Summary({"segments": one.shore.height}, lines=lines, more=more).tell(as_json=as_json)


def _standing_lines(table: "pl.DataFrame") -> list[str]:
    lines = [
        "班次 单元：概率，名次（十次中九次） · shift, segment: probability, rank (nine of ten)"
    ]
    return lines + [
        f"  {row['shift_id']} {row['segment_id']} {row['section_id'] or ''} {row['score']:5.1f} "
        f"{row['top']:>6.1%} {row['rank']} ({row['rank_lo']}–{row['rank_hi']})"
        for row in table.iter_rows(named=True)
    ]


def _factor_lines(table: "pl.DataFrame") -> list[str]:
    lines = [
        "去掉某因素后换级的公里、前 5 % 留下多少 · without a factor: km that change band, top kept"
    ]
    return lines + [
        f"  {row['km_changed']:8.1f} km {row['top_kept']:>6.1%} {row['label_zh']} · "
        f"{row['label_en']}"
        for row in table.iter_rows(named=True)
    ]


def _pair(found: "Pair", given: "WeightSet") -> dict[str, Any]:
    told: dict[str, Any] = {
        "shift_id": found.shift_id,
        "first": found.first,
        "second": found.second,
        "flip": None,
    }
    if found.flip is not None:
        told["flip"] = {
            "moved": found.flip.moved,
            "distance": found.flip.distance,
            "changes": [
                {"indicator": name, "from": before, "to": after}
                for name, before, after in _changes(found, given)
            ],
        }
    return told


def _changes(found: "Pair", given: "WeightSet") -> list[tuple[str, float, float]]:
    """Return each indicator's share of the whole before and after, the largest change first."""
    from risk.weights import effective

    if found.flip is None:
        return []
    before, after = effective(given), effective(found.flip.weights)
    rows = [(name, before[name], after[name]) for name in before]
    return sorted(rows, key=lambda row: -abs(row[2] - row[1]))


def _pair_line(found: "Pair", first: str, second: str, given: "WeightSet") -> str:
    head = f"{found.shift_id} {first} {found.first:.1f}, {second} {found.second:.1f}: "
    if found.flip is None:
        if abs(found.first - found.second) < 1e-9:
            return f"{head}同分 · the same score"
        return f"{head}没有找到能使其换位的权重 · no weights were found that turn the order"
    largest = _changes(found, given)[:3]
    zh, en = (
        ", ".join(
            f"{getattr(given.indicator(name), label)} {a:.1%}→{b:.1%}" for name, a, b in largest
        )
        for label in ("label_zh", "label_en")
    )
    moved = f"{found.flip.moved:.1%}"
    return (
        f"{head}挪动全部权重的 {moved} 即换位，主要是 {zh} · turned by moving {moved} of the "
        f"weight, mostly {en}"
    )


def _index_lines(table: "pl.DataFrame", given: "WeightSet") -> list[str]:
    from workspace.eliciting import PILLAR_WORDS

    lines = [
        "各权重对“前 5 % 留下多少”的贡献 · share of each weight in how much of the top 5 % stays"
    ]
    labels = {name: " · ".join(both) for name, both in PILLAR_WORDS.items()}
    labels |= {one.id: f"{one.label_zh} · {one.label_en}" for one in given.indicators}
    for row in table.iter_rows(named=True):
        name, *figures = row.values()
        told = " ".join(
            f"{column} {'–' if value is None else f'{value:.3f}'}"
            for column, value in zip(table.columns[1:], figures, strict=True)
        )
        lines.append(f"  {told} {labels[name]}")
    return lines
