"""The command `learn`."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workspace._console import Summary

if TYPE_CHECKING:
    from workspace.learning import Taught

_Local = ["%Y-%m-%d"]


def learn(
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=_Local,
            help="只用此日起的案事件 · Only incidents from this local day.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=_Local, help="只用此日前的案事件；默认今天 · Those before it; today."
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="OUT.md", help="写出模型卡 · Write the model card as Markdown."),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """学习模型 · Train the learned forecast, test it, and say whether it may be offered."""
    from workspace.folder import open_workspace
    from workspace.learning import learn as train

    with closing(open_workspace(root)) as ws:
        taught = train(
            ws,
            since=None if since is None else since.date(),
            until=None if until is None else until.date(),
        )
    kept = taught.kept
    if card is not None:
        card.write_text(kept.card, encoding="utf-8")
    Summary(
        taught.run.counts,
        taught.run.seconds,
        lines=_lines(taught),
        more={
            "model_id": kept.model_id,
            "offered": kept.offered,
            "why_zh": kept.why_zh,
            "why_en": kept.why_en,
            "as_of": kept.as_of.isoformat(),
            "t1": kept.t1.isoformat(),
            "figures": kept.figures,
            "drift": taught.before
            and {
                "model_id": taught.before[0].model_id,
                **taught.before[1].told(),
            },
        },
    ).tell(as_json=as_json)


def _lines(taught: "Taught") -> list[str]:
    from workspace.happened import LEFT_OUT

    kept = taught.kept
    lines = [kept.why_zh, kept.why_en]
    lines += [
        f"{zh.format(n)} {en.format(n)}"
        for reason, n in kept.figures["left_out"].items()
        for zh, en in [LEFT_OUT[reason]]
    ]
    if kept.offered:
        days = f"{kept.as_of:%Y-%m-%d} – {kept.t1:%Y-%m-%d}"
        number = f"{kept.figures['expected']:.1f}"
        lines.append(f"{days}：全岸预计 {number} 起 · {number} incidents expected on the shore")
    if taught.before is not None:
        older, watch = taught.before
        lines += [
            f"上一个模型（训练至 {older.as_of:%Y-%m-%d}）· The model before, learned until then:",
            f"  {watch.sentence(0)} {watch.sentence(1)}",
        ]
    return lines
