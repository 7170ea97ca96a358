"""The command `backtest`."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from workspace._console import Summary

_Local = ["%Y-%m-%d"]


def backtest(
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
    report: Annotated[
        Path | None,
        typer.Option(metavar="OUT.html", help="把报告写成网页文件 · Write a report as HTML."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=_Local, help="首期起始日 · Local day of the first origin."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=_Local, help="末期截止日 · Local day of the end; today."),
    ] = None,
    step: Annotated[
        float, typer.Option(min=1, max=366, help="每期天数 · Days from one origin to the next.")
    ] = 30.0,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """回测 · Test forecasts and weights on past incidents, along kilometres of shore."""
    from workspace import _backtest_report as pages
    from workspace.backtesting import backtest as test
    from workspace.folder import open_workspace

    with closing(open_workspace(root)) as ws:
        tested = test(
            ws,
            since=None if since is None else since.date(),
            until=None if until is None else until.date(),
            step_days=step,
        )
        if report is not None:
            report.write_text(pages.report(tested, title=ws.config.county_zh), encoding="utf-8")
    Summary(
        tested.run.counts,
        tested.run.seconds,
        lines=pages.lines(tested),
        more={
            "verdict": tested.found.verdict,
            "forecasts": tested.found.by_forecaster.to_dicts(),
            "shares": tested.found.by_share.to_dicts(),
        },
    ).tell(as_json=as_json)
