"""The commands `template` and `history`."""

import json
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workspace._console import Summary


class TableKind(StrEnum):
    """A table that is filled in by people."""

    WHARVES = "wharves"
    RISK_POINTS = "risk-points"
    FACILITIES = "facilities"
    INCIDENTS = "incidents"
    POSTS = "posts"
    ABSENCES = "absences"
    TEAMS = "teams"
    INSPECTIONS = "inspections"
    EFFORT = "effort"
    BERTHS = "berths"
    SECTIONS = "sections"
    REGISTERS = "registers"
    DETECTIONS = "detections"


class Lang(StrEnum):
    """Language of a template."""

    ZH = "zh"
    EN = "en"


def template(
    kind: Annotated[TableKind, typer.Argument(help="种类 · What the table will hold.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="输出文件 · File to write: .xlsx or .csv.")
    ],
    *,
    lang: Annotated[Lang, typer.Option(help="表头语言 · Language of the headers.")] = Lang.ZH,
) -> None:
    """填报模板 · Write an empty table to fill in and import."""
    from workspace.templates import write_template

    write_template(kind.value, out, lang=lang.value)
    print(f"已写出 · written: {out}")


def history(
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
    *,
    table: Annotated[
        str | None, typer.Option(help="只看此表，如 wharves · One table, such as wharves.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="只看此编号 · One key, such as W001.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="最多几条 · At most so many.")] = 100,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """变更记录 · Who changed which row, when, from which file; the latest first."""
    from workspace import history as kept
    from workspace.folder import open_workspace

    with closing(open_workspace(root)) as ws:
        found = kept.of(ws, table, key)
        zone = ws.config.tz
    lines = [
        f"{row['t'].astimezone(zone):%Y-%m-%d %H:%M} {row['table_name']} {row['key']} "
        f"{_ACTIONS[row['action']]} ({row['user'] or '-'}, {row['source']}) "
        f"{kept.told(json.loads(row['changes']))}".rstrip()
        for row in found.head(limit).iter_rows(named=True)
    ]
    if found.height > limit:
        lines.append(f"… {found.height - limit} more: --limit {found.height}")
    Summary({"changes": found.height}, lines=lines).tell(as_json=as_json)


_ACTIONS = {"added": "新增 added", "changed": "变更 changed"}
