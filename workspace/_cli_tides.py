"""The commands `tides` and `landable`."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workspace._console import Summary

Begin = Annotated[datetime, typer.Option("--from", help="起（UTC） · From, UTC.")]
End = Annotated[datetime, typer.Option("--to", help="止（UTC） · To, UTC.")]
Out = Annotated[Path | None, typer.Option(help="输出 CSV · CSV to write.")]


def tides(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="WS|FILE",
            help="工作区、常数文件或潮汐表 · Workspace, constants, or a published table.",
        ),
    ],
    station: Annotated[str, typer.Option(help="站号 · Id of the station.")],
    begin: Begin,
    end: End,
    *,
    step: Annotated[str, typer.Option(help="步长 · Step, such as 6min or 1h.")] = "6min",
    extremes: Annotated[
        bool, typer.Option("--extremes", help="只列高低潮 · High and low waters only.")
    ] = False,
    datum: Annotated[
        str,
        typer.Option(
            help="基准面，中英文名称均可 · Datum of the heights by any of its names: MSL, CD, "
            "潮高基准面, 1985国家高程基准 …"
        ),
    ] = "MSL",
    out: Out = None,
) -> None:
    """潮汐预报 · Predict the tide of a station."""
    from workspace.tide import table

    text = table(
        source,
        station,
        begin.replace(tzinfo=UTC),
        end.replace(tzinfo=UTC),
        step=step,
        extremes_only=extremes,
        datum=datum,
    )
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def landable(
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
    begin: Begin,
    end: End,
    *,
    draught: Annotated[
        list[float] | None,
        typer.Option(
            help="吃水（米），可重复；默认取设置 · Draught in metres, may be repeated; the "
            "setting's if left out."
        ),
    ] = None,
    out: Out = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """可登滩时段 · Tell when each segment can be landed on, by draught and tide."""
    import polars as pl

    from workspace import landing
    from workspace.folder import open_workspace

    with closing(open_workspace(root)) as ws:
        found = landing.landable(
            ws,
            begin.replace(tzinfo=UTC),
            end.replace(tzinfo=UTC),
            draughts=draught or [ws.config.draught_m],
        )
    text = found.with_columns(
        pl.col("t_from", "t_to").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    ).write_csv()
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
    if out is not None or as_json:
        counts = {"segments": found["segment_id"].n_unique(), "windows": len(found)}
        by_basis = found.group_by("basis").len().sort("basis")
        counts |= {f"windows_{basis}": n for basis, n in by_basis.iter_rows()}
        Summary(counts).tell(as_json=as_json)
