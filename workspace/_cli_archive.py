"""The command `compact`."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from workspace._console import Summary, progress


def compact(
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
    keep_days: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=36_500,
            help="保留今日之前多少天（UTC），0 为全部；默认取设置 keep_days · Days of positions to "
            "keep before today (UTC), 0 for all; the setting keep_days if left out.",
        ),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """整理船位库 · Tidy the archive of positions: one sorted file a day, old days let go."""
    import time
    from datetime import UTC, datetime, timedelta

    from workspace import archive
    from workspace.folder import open_workspace

    with closing(open_workspace(root)) as ws, progress() as bars:
        days = ws.config.keep_days if keep_days is None else keep_days
        began = time.perf_counter()
        let_go = 0
        if days:
            today = datetime.now(UTC).date()
            let_go = archive.retain(ws.positions, before=today - timedelta(days=days))
        done = archive.compact(ws.positions, progress=bars)
        seconds = {"compact": time.perf_counter() - began}
    counts = {
        "days": done.days,
        "files_before": done.files_before,
        "files_after": done.files_after,
        "rows": done.rows,
        "duplicates": done.duplicates,
        "heard_again": done.heard_again,
        "let_go": let_go,
    }
    Summary(counts, seconds).tell(as_json=as_json)
