"""The command `posts` with its parts: gaps, staffing, rota."""

from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace._console import Summary

if TYPE_CHECKING:
    import polars as pl

    from workspace.folder import Workspace

app = typer.Typer(
    no_args_is_help=True, help="岗位与值班 · Posts: gaps in who answers, staffing, duty rota."
)
AsJson = Annotated[
    bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
]
From = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="起始日，默认今天 · First local day; today."),
]
To = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="截止日 · Last local day.")
]
Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="当地日期 · Local day; today if left out."),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="OUT", help="写出表格 · Table to write: .csv or .xlsx."),
]
Before = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="前一份值班表（--out 写出的） · The rota before, as --out wrote it.",
    ),
]
_GAP_DAYS, _ROTA_DAYS = 90, 28
_WEEKDAYS = "一二三四五六日"


@app.callback()
def posts(
    context: typer.Context,
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
) -> None:
    """岗位与值班 · Posts: gaps, staffing, rota."""
    context.obj = root


def _open(context: typer.Context) -> "closing[Workspace]":
    from workspace.folder import open_workspace

    return closing(open_workspace(context.obj))


def _span(
    ws: "Workspace", first: datetime | None, last: datetime | None, days: int
) -> tuple[date, date]:
    begin = first.date() if first is not None else datetime.now(ws.config.tz).date()
    return begin, last.date() if last is not None else begin + timedelta(days=days - 1)


@app.command()
def gaps(
    context: typer.Context,
    first: From = None,
    last: To = None,
    out: Out = None,
    *,
    as_json: AsJson = False,
) -> None:
    """责任空档 · Where nobody answers: vacancies, absences without deputy, terms that overlap."""
    from workspace import staffing

    with _open(context) as ws:
        span = _span(ws, first, last, _GAP_DAYS)
        found = staffing.gaps(ws, first=span[0], last=span[1])
    lines = [_gap(row) for row in found.iter_rows(named=True)]
    counts = dict(found.group_by("gap", maintain_order=True).len().iter_rows())
    lines = lines or [f"{span[0]} – {span[1]} 无空档 · no gaps"]
    _tell({"gaps": found}, out, Summary({"gaps": counts}, lines=lines), as_json=as_json)


def _gap(row: dict[str, Any]) -> str:
    days = f"{row['first'] or ''} – {row['last'] or ''}"
    who = f" [{', '.join(row['post_ids'])}]" if row["post_ids"] else ""
    role_zh, role_en = row["role_zh"] or row["role"], row["role_en"] or row["role"]
    return (
        f"{days} {row['object_zh']} {role_zh}{who}：{row['text_zh']}；{row['mend_zh']} · "
        f"{row['object_en']}, {role_en}: {row['text_en']}; {row['mend_en']}"
    )


@app.command()
def staffing(
    context: typer.Context, day: Day = None, out: Out = None, *, as_json: AsJson = False
) -> None:
    """人数 · Whether each team has as many people as the rules want."""
    from workspace import staffing as posts_of

    with _open(context) as ws:
        when = day.date() if day is not None else datetime.now(ws.config.tz).date()
        found = posts_of.staffing(ws, when)
    lines = [
        f"{row['object_zh']} 应有 {row['needed']} 实有 {row['there']} 缺 {row['lacking']}："
        f"{row['why_zh']} · {row['object_en']}: needed {row['needed']}, there {row['there']}, "
        f"lacking {row['lacking']}: {row['why_en']}"
        for row in found.iter_rows(named=True)
    ]
    lines = lines or ["规则所及的对象一个也没有 · no object that a rule is for"]
    counts = {"objects": found.height, "lacking": int(found["lacking"].sum())}
    _tell({"staffing": found}, out, Summary(counts, lines=lines), as_json=as_json)


@app.command()
def rota(
    context: typer.Context,
    first: From = None,
    last: To = None,
    before: Before = None,
    out: Out = None,
    *,
    as_json: AsJson = False,
) -> None:
    """值班表 · A duty rota round the clock, of the teams in the workspace's duty/rota.toml."""
    from workspace import staffing

    with _open(context) as ws:
        span = _span(ws, first, last, _ROTA_DAYS)
        done, told = staffing.rota(ws, first=span[0], last=span[1], before=before)
    labels = told["labels"]
    lines = [
        f"{row['start']:%m-%d} 周{_WEEKDAYS[row['day'].weekday()]} {row['start']:%H:%M}–"
        f"{row['end']:%H:%M} {labels[row['shift']][0]} {labels[row['team']][0]} · "
        f"{labels[row['shift']][1]}: {labels[row['team']][1]} ({row['people']})"
        for row in done.turns.iter_rows(named=True)
    ]
    lines += [
        f"{row['day']} 联防 {row['joint']}（{row['shoreline_id']} {row['from_m'] / 1000:.1f}–"
        f"{row['to_m'] / 1000:.1f} km）：与{row['neighbour_zh']}，由{row['leads_zh']}牵头 · joint "
        f"stretch with {row['neighbour_en']}, led by {row['leads_en']}"
        for row in done.leads.iter_rows(named=True)
    ]
    lines += [
        f"{row['day']} {labels[row['shift']][0]} 缺 {row['lacking']} 人（应 {row['wanted']}） · "
        f"{labels[row['shift']][1]} lacks {row['lacking']} people of {row['wanted']}"
        for row in done.lacking.iter_rows(named=True)
    ]
    lines += _judged(fair=done.fair, proven=done.proven, made=told["made"])
    counts = {"turns": done.turns.height, "lacking": int(done.lacking["lacking"].sum())}
    tables = {
        "turns": done.turns,
        "lacking": done.lacking,
        "fairness": done.fairness,
        "leads": done.leads,
    }
    more = {"fair": done.fair, "proven": done.proven, "made": told["made"]}
    _tell(tables, out, Summary(counts, lines=lines, more=more), as_json=as_json)


def _judged(*, fair: bool, proven: bool, made: bool) -> list[str]:
    """Return what is to be said of a whole rota."""
    even = "夜班、周末班各队相差不超过 1 · nights and weekends within 1 between teams"
    odd = "夜班或周末班无法均摊到相差 1 以内 · nights or weekends differ by more than 1"
    lines = [even if fair else odd]
    if not proven:
        lines.append("限时内未证明最优 · not proven best within its time")
    if made:
        lines.append(
            "班组为样例，非真实；请在工作区写 duty/rota.toml · these teams are a specimen, made "
            "up; write the workspace's own duty/rota.toml"
        )
    return lines


def _tell(
    tables: "dict[str, pl.DataFrame]", out: Path | None, summary: Summary, *, as_json: bool
) -> None:
    """Write the tables where they are wanted, and tell the summary with their rows."""
    if out is not None:
        from workspace._posts_sheet import write

        written = write(tables, out)
        summary.lines += [f"已写出 · written: {path}" for path in written]
    if as_json:
        summary.more |= {name: _plain(table) for name, table in tables.items()}
    summary.tell(as_json=as_json)


def _plain(table: "pl.DataFrame") -> list[dict[str, Any]]:
    return [
        {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
        for row in table.iter_rows(named=True)
    ]
