"""The commands `detect`, `events` and `decide`."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workspace import _console
from workspace._console import Summary

Root = Annotated[Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
]


def detect(
    root: Root,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="进程数，不给则由本进程各线程分担 · Processes to share the vessels among; "
            "threads of this one if left out.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDR",
            help="Dask 调度器地址，其各节点须能访问本工作区 · Address of a Dask scheduler whose "
            "workers reach this workspace.",
        ),
    ] = None,
    *,
    whole: Annotated[
        bool,
        typer.Option("--all", help="重看全部船舶 · Watch every vessel anew, not just what is new."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """识别行为 · Find what vessels do, in what is new since the last time, and revise events."""
    from workspace import runs
    from workspace.folder import open_workspace

    how = runs.Way(workers=workers, scheduler=scheduler, whole=whole)
    with closing(open_workspace(root)) as ws, _console.progress() as bars:
        tell = None if bars is None else lambda done, of: bars("watch", done, of)
        run = runs.detect(ws, way=how, progress=tell)
    Summary(dict(run.counts), dict(run.seconds)).tell(as_json=as_json)


def events(
    root: Root,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="只列此类，可重复 · Of this kind; may be repeated."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="此日（UTC）以后 · Not over before this day, UTC."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=100_000, help="几条 · How many.")] = 20,
    lang: Annotated[str, typer.Option(metavar="zh|en", help="语言 · Language.")] = "zh",
    *,
    as_json: AsJson = False,
) -> None:
    """待核事件 · List the events that rank highest, in words."""
    from ais.schema import KINDS
    from geo.errors import InputError
    from workspace.folder import open_workspace
    from workspace.reviewing import queue

    unknown = sorted(set(kind or ()) - set(KINDS))
    if unknown:
        raise InputError(
            f"there is no kind of event {unknown[0]!r}",
            where="--kind",
            mend=f"The kinds are {', '.join(KINDS)}.",
        )
    if lang not in ("zh", "en"):
        raise InputError(f"`lang` was {lang!r}", where="--lang", mend="Say zh or en.")
    with closing(open_workspace(root)) as ws:
        begun = None if since is None else since.replace(tzinfo=UTC)
        found = queue(ws, kinds=kind or (), since=begun, top=top)
    lines = [
        f"{row['rank'] or 0:.2f} {row['event_id']} v{row['version']} {row['decision'] or '-'}  "
        f"{row[f'said_{lang}'] or ''}"
        for row in found.iter_rows(named=True)
    ]
    told = json.loads(found.drop("geometry", "made").write_json())
    Summary({"events": found.height}, lines=lines, more={"events": told}).tell(as_json=as_json)


def decide(
    root: Root,
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="事件编号 · Id of the event.")],
    decision: Annotated[
        str,
        typer.Argument(
            metavar="DECISION",
            help="confirm 属实，dismiss 排除，watch 关注，hand_over 移交 · "
            "confirm, dismiss, watch or hand_over.",
        ),
    ],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="理由，排除时必填 · Why; needed to dismiss.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """核定 · Note a reviewer's decision on an event; ranking learns from these."""
    from workspace.folder import open_workspace
    from workspace.reviewing import decide as note

    with closing(open_workspace(root)) as ws:
        made = note(ws, event_id, decision, reason=reason)
    Summary({"decided": 1}, more={"decision_id": made}).tell(as_json=as_json)
