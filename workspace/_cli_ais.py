"""The commands `ingest`, `status` and `vessel`."""

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
Start = Annotated[
    datetime | None,
    typer.Option(help="无时间报文的起始时刻（UTC） · When an untimed recording began, UTC."),
]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE.toml",
        help="其他 CSV 的列对应表 · What the columns of any other CSV are.",
    ),
]


def ingest(
    root: Root,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="AIS 文件 · AIS files.")],
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="大于 1 时边读边存 · Above 1 the next rows are read while these are put away.",
        ),
    ] = 2,
    start: Start = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="数据源名称，用于未注明台站的行 · Name of the feed, for rows without a station.",
        ),
    ] = None,
    mapping: MappingFile = None,
    *,
    as_json: AsJson = False,
) -> None:
    """读入 AIS · Read AIS files (NMEA, CSV, JSON, Parquet; packed or not), each content once."""
    from ais.mapping import Mapping
    from workspace.folder import open_workspace
    from workspace.ingest import ingest as take_in

    begun = None if start is None else start.replace(tzinfo=UTC)
    columns = None if mapping is None else Mapping.read(mapping)
    with closing(open_workspace(root)) as ws, _console.progress() as progress:
        done = take_in(
            ws,
            files,
            start=begun,
            source=source,
            mapping=columns,
            workers=workers,
            progress=progress,
        )
    lines = [f"已读过，新增 0 行 · {name}: read before, 0 rows added" for name in done.known]
    if done.counts["times_inferred"]:
        lines.append(
            f"{done.counts['times_inferred']} 个船位的报文无时间，按基站或起始时刻推定 · positions "
            "whose lines told no time: inferred from base stations or the start"
        )
    lines += done.samples[:20]
    if done.counts["files"] and not done.counts["kept"]:
        lines.append("没有一行可用，见上 · none of the rows could be kept; see above")
    Summary(dict(done.counts), dict(done.seconds), dict(done.quarantined), lines).tell(
        as_json=as_json
    )
    for error in done.errors:
        _console.complain(error)
    if done.errors or (done.counts["files"] and not done.counts["kept"]):
        raise typer.Exit(1)


def status(
    root: Root,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="只看此数据源 · Of this source alone.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="只看此日（UTC） · Of this day alone, UTC."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """现状 · What is in a workspace, from where, how fresh, and what was refused and why."""
    from workspace.folder import open_workspace
    from workspace.status import status as look

    with closing(open_workspace(root)) as ws:
        found = look(ws, source=source, day=None if day is None else day.date())
    found.tell(as_json=as_json)


def vessel(
    root: Root,
    mmsi: Annotated[int, typer.Argument(metavar="MMSI", min=1, max=999_999_999, help="MMSI.")],
    *,
    as_json: AsJson = False,
) -> None:
    """单船 · Tell of one vessel: who it says it is and was, days heard, lists it is on."""
    from geo.errors import InputError
    from workspace._vessel import told
    from workspace._vessel import vessel as look
    from workspace.folder import open_workspace

    with closing(open_workspace(root)) as ws:
        found = look(ws, mmsi)
    if found is None:
        raise InputError(
            f"MMSI {mmsi} was never heard here",
            where=str(root),
            mend="Check the number; `shoregrid status` tells which days and sources there are.",
        )
    told(found).tell(as_json=as_json)
