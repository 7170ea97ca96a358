"""Arguments and options that several commands share."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workspace.folder import Workspace

Root = Annotated[Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
]
Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="当地日期 · Local day; today if left out."),
]
Top = Annotated[int, typer.Option(min=0, help="列出几个 · How many to list.")]
Csv = Annotated[Path | None, typer.Option(metavar="OUT.csv", help="输出 CSV · CSV to write.")]
Reference = Annotated[
    str, typer.Argument(metavar="SET", help="方案：名称或名称:版本 · A set: NAME or NAME:VERSION.")
]
User = Annotated[str, typer.Option("--user", help="以谁的账户 · The account that does it.")]
Reason = Annotated[str, typer.Option(help="理由 · Why.")]
Base = Annotated[
    str | None,
    typer.Option(help="底本；默认现行方案 · Set to start from; the one in force."),
]


def opened(root: Path) -> "closing[Workspace]":
    """Return a workspace that is closed at the end of a `with`."""
    from workspace.folder import open_workspace

    return closing(open_workspace(root))
