"""The command `weights` with its parts."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace import _cli_elicit, _cli_sensitivity, _cli_weight_steps
from workspace._cli_options import AsJson, Base, Day, Reference, Root, Top, User, opened
from workspace._console import Summary

if TYPE_CHECKING:
    import polars as pl

app = typer.Typer(
    no_args_is_help=True,
    help="权重方案 · Weight sets: add, compare, approve, use; make them from answers; how sure.",
)
_STATES = {"draft": "草案", "proposed": "待批", "approved": "已批准", "rejected": "已退回"}
_STEPS = {"proposed": "提请批准", "approved": "批准", "rejected": "退回", "in_force": "启用"}


class Way(StrEnum):
    """How weights are suggested."""

    ENTROPY = "entropy"
    CRITIC = "critic"


@app.callback()
def weights(context: typer.Context, root: Root) -> None:
    """权重方案 · Weight sets: list, add, compare, propose, approve, use, elicit, try."""
    context.obj = root


@app.command(name="list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """列出方案 · List the sets, and which is in force since when by whom."""
    from workspace import weighting

    with opened(context.obj) as ws:
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

    with opened(context.obj) as ws:
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
    with opened(context.obj) as ws:
        given = weighting.add(ws, text, where=file.name, user=user)
    lines = [f"已新增草案 · draft added: {given.name}:{given.version}"]
    lines += [f"{zh} {en}" for zh, en in remarks(given)]
    Summary({"indicators": len(given.ids)}, lines=lines).tell(as_json=as_json)


@app.command()
def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="方案一 · First set.")],
    second: Annotated[str, typer.Argument(metavar="B", help="方案二 · Second set.")],
    day: Day = None,
    top: Top = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """比较方案 · Score one day with two sets: which segments change band, by how much."""
    from workspace import weighting
    from workspace._weighed import compared

    with opened(context.obj) as ws:
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
    base: Base = None,
    day: Day = None,
    *,
    as_json: AsJson = False,
) -> None:
    """按数据建议权重 · Suggest weights within pillars from the indicators; nothing is added."""
    from risk.weights import dump
    from workspace import weighting
    from workspace._weighed import suggest as suggest_from

    with opened(context.obj) as ws:
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


_cli_weight_steps.add_to(app)
app.command()(_cli_sensitivity.sensitivity)
_cli_elicit.add_to(app)
