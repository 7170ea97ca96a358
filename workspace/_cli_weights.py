"""The command `weights` with its parts."""

from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace._console import Summary

if TYPE_CHECKING:
    import polars as pl

    from risk.weights import WeightSet
    from workspace.folder import Workspace

app = typer.Typer(no_args_is_help=True, help="权重方案 · Weight sets: add, compare, approve, use.")

AsJson = Annotated[
    bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
]
Reference = Annotated[
    str, typer.Argument(metavar="SET", help="方案：名称或名称:版本 · A set: NAME or NAME:VERSION.")
]
User = Annotated[str, typer.Option("--user", help="以谁的账户 · The account that does it.")]
Reason = Annotated[str, typer.Option(help="理由 · Why.")]
Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="当地日期 · Local day; today if left out."),
]
_STATES = {"draft": "草案", "proposed": "待批", "approved": "已批准"}
_STEPS = {"proposed": "提请批准", "approved": "批准", "in_force": "启用"}


class Way(StrEnum):
    """How weights are suggested."""

    ENTROPY = "entropy"
    CRITIC = "critic"


@app.callback()
def weights(
    context: typer.Context,
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
) -> None:
    """权重方案 · Weight sets: list, show, add, compare, propose, approve, use, suggest."""
    context.obj = root


def _open(context: typer.Context) -> "closing[Workspace]":
    from workspace.folder import open_workspace

    return closing(open_workspace(context.obj))


@app.command(name="list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """列出方案 · List the sets, and which is in force since when by whom."""
    from workspace import weighting

    with _open(context) as ws:
        found, history, zone = weighting.listed(ws), weighting.in_force(ws), ws.config.tz
    lines = [
        f"{'*' if row['in_force'] else ' '} {row['name']}:{row['version']} "
        f"{_STATES[row['state']]} {row['state']} ({row['author']}) "
        f"{row['reason_zh']} {row['reason_en']}"
        for row in found.iter_rows(named=True)
    ]
    lines += [
        f"{row['t'].astimezone(zone):%Y-%m-%d %H:%M} 启用 in force: {row['name']}:{row['version']} "
        f"({row['user']}) {row['reason']}"
        for row in history.iter_rows(named=True)
    ]
    more = {"sets": _plain(found), "in_force": _plain(history)}
    Summary({"sets": found.height}, lines=lines, more=more).tell(as_json=as_json)


def _plain(table: "pl.DataFrame") -> list[dict[str, Any]]:
    return [
        {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}
        for row in table.iter_rows(named=True)
    ]


@app.command()
def show(
    context: typer.Context,
    reference: Reference,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="写出文件 · TOML file to write.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """查看方案 · Show a set's weights and its way; with --out write it as TOML."""
    from risk.weights import dump, effective
    from workspace import weighting

    with _open(context) as ws:
        given = weighting.named(ws, reference)
        done, zone = weighting.steps(ws, given.name, given.version), ws.config.tz
    share = effective(given)
    lines = [f"{given.name}:{given.version} ({given.author})", given.reason_zh, given.reason_en]
    lines += [f"{pillar:<24} {w:>7.1%}" for pillar, w in given.pillars.items()]
    lines += [f"  {k.id:<22} {share[k.id]:>7.1%} {k.label_zh}" for k in given.indicators]
    lines += [
        f"{row['t'].astimezone(zone):%Y-%m-%d %H:%M} {_STEPS[row['step']]} {row['step']} "
        f"({row['user']}) {row['reason'] or ''}".rstrip()
        for row in done.iter_rows(named=True)
    ]
    if out is not None:
        out.write_text(dump(given), encoding="utf-8")
        lines.append(f"已写出 · written: {out}")
    more = {"set": given.model_dump(by_alias=True), "shares": share, "steps": _plain(done)}
    Summary({"indicators": len(share)}, lines=lines, more=more).tell(as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="方案文件 · File of the set.")],
    user: User,
    *,
    as_json: AsJson = False,
) -> None:
    """新增方案 · Add a set as a draft; sets are never changed, a change is a new version."""
    from geo.errors import InputError
    from risk.compare import remarks
    from workspace import weighting

    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"it is not UTF-8 text ({error.reason})", where=file.name, mend="Save it as UTF-8."
        ) from error
    with _open(context) as ws:
        given = weighting.add(ws, text, where=file.name, user=user)
    lines = [f"已新增草案 · draft added: {given.name}:{given.version}"]
    lines += [f"{zh} {en}" for zh, en in remarks(given)]
    Summary({"indicators": len(given.ids)}, lines=lines).tell(as_json=as_json)


@app.command()
def propose(
    context: typer.Context,
    reference: Reference,
    user: User,
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """提请批准 · Propose a draft for approval."""
    from workspace import weighting

    with _open(context) as ws:
        given = weighting.named(ws, reference)
        weighting.propose(ws, given, user=user, reason=reason)
    _done("已提请批准 · proposed", given, as_json=as_json)


@app.command()
def approve(
    context: typer.Context,
    reference: Reference,
    user: User,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """批准 · Approve a proposed set; not by who wrote, added or proposed it."""
    from workspace import weighting

    with _open(context) as ws:
        given = weighting.named(ws, reference)
        weighting.approve(ws, given, user=user, reason=reason)
    _done("已批准 · approved", given, as_json=as_json)


@app.command()
def use(
    context: typer.Context,
    reference: Reference,
    user: User,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """启用 · Put an approved set in force (or the shipped one again); then score anew."""
    from workspace import weighting

    with _open(context) as ws:
        given = weighting.named(ws, reference)
        weighting.use(ws, given, user=user, reason=reason)
    again = "已有的分数不变；重新评分：shoregrid score · scores stay as they are until scored again"
    _done("已启用 · in force", given, again, as_json=as_json)


def _done(what: str, given: "WeightSet", *more: str, as_json: bool) -> None:
    Summary(lines=[f"{what}: {given.name}:{given.version}", *more]).tell(as_json=as_json)


@app.command()
def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="方案一 · First set.")],
    second: Annotated[str, typer.Argument(metavar="B", help="方案二 · Second set.")],
    day: Day = None,
    top: Annotated[int, typer.Option(min=0, help="列出几个单元 · Segments to list.")] = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """比较方案 · Score one day with two sets: which segments change band, by how much."""
    from workspace import weighting
    from workspace._weighed import compared

    with _open(context) as ws:
        sets = weighting.named(ws, first), weighting.named(ws, second)
        found = compared(ws, *sets, day=None if day is None else day.date())
    scores = found.scores
    movers = [
        {
            "segment_id": found.segment_ids[row["segment"]],
            "shift_id": found.shift_ids[row["shift"]],
            **{name: round(row[name], 2) for name in ("first", "second", "change")},
        }
        for row in scores.cells.head(top).iter_rows(named=True)
    ]
    lines = [f"{zh} {en}" for zh, en in found.said]
    lines += [
        f"{row['segment_id']} {row['shift_id']} {row['first']:6.1f} → {row['second']:6.1f}"
        for row in movers
    ]
    more = {
        "said": [{"zh": zh, "en": en} for zh, en in found.said],
        "weights": found.weights.to_dicts(),
        "bands": scores.bands.to_dicts(),
        "moved": scores.moved.to_dicts(),
        "movers": movers,
        "changed": scores.changed,
        "rank_correlation": scores.rank_correlation,
        "top_overlap": scores.top_overlap,
    }
    Summary({"cells": scores.cells.height}, lines=lines, more=more).tell(as_json=as_json)


@app.command()
def suggest(
    context: typer.Context,
    method: Annotated[
        Way, typer.Option(help="方法：熵权或 CRITIC · Shannon's entropy, or CRITIC.")
    ],
    name: Annotated[str, typer.Option(help="新方案名称 · Name of the new set.")],
    author: Annotated[str, typer.Option(help="作者 · Author to be named.")],
    out: Annotated[Path, typer.Option(metavar="FILE.toml", help="写出文件 · TOML file to write.")],
    base: Annotated[
        str | None, typer.Option(help="底本；默认现行方案 · Set to start from; the one in force.")
    ] = None,
    day: Day = None,
    *,
    as_json: AsJson = False,
) -> None:
    """按数据建议权重 · Suggest weights within pillars from the indicators; nothing is added."""
    from risk.weights import dump
    from workspace import weighting
    from workspace._weighed import suggest as suggest_from

    with _open(context) as ws:
        given = weighting.weight_set(ws) if base is None else weighting.named(ws, base)
        chosen = None if day is None else day.date()
        made, said = suggest_from(ws, given, method.value, name=name, author=author, day=chosen)
    out.write_text(dump(made), encoding="utf-8")
    lines = [f"{k.id:<22} {k.weight:.3f} {k.label_zh}" for k in made.indicators]
    lines += [f"{zh} {en}" for zh, en in said] + [f"已写出 · written: {out}"]
    more = {
        "said": [{"zh": zh, "en": en} for zh, en in said],
        "weights": {k.id: k.weight for k in made.indicators},
    }
    Summary({"indicators": len(made.ids)}, lines=lines, more=more).tell(as_json=as_json)
