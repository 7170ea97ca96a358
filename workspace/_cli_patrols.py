"""The command `patrols` with its parts: show, what-if."""

from contextlib import closing
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace._cli_options import AsJson, Day
from workspace._console import Summary

if TYPE_CHECKING:
    from workspace.folder import Workspace
    from workspace.patrols import Patrols

app = typer.Typer(
    no_args_is_help=True, help="巡逻方案 · Patrol plans: who goes where, and what if."
)
Shift = Annotated[
    str | None,
    typer.Option("--shift", help="班次起始时刻，如 22:00 · Local start of the shift; the next."),
]


@app.callback()
def patrols(
    context: typer.Context,
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
) -> None:
    """巡逻方案 · Patrol plans: who goes where, and what if."""
    context.obj = root


@app.command()
def show(
    context: typer.Context,
    day: Day = None,
    shift: Shift = None,
    team: Annotated[str | None, typer.Option(help="只看一队 · One team's route alone.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """路线 · The routes of a shift, what is left out and why."""
    from workspace.patrols import line

    with _open(context) as ws:
        one = _planned(ws, day, shift)
        if team is not None:
            one.team(team)
        lines = [f"{one.shift.shift_id} {line(one)}", *_drawn(one)]
        zone = ws.config.tz
        if team is None:
            lines += _checkpoints(ws, one)
        for row in one.plan.totals.iter_rows(named=True):
            if team is None or row["team_id"] == team:
                lines += _route(one, row["team_id"], zone)
        lines += [
            f"未安排 {one.stop(row['stop_id'])['name']}：{row['reason_zh']} · left out: "
            f"{one.stop(row['stop_id'])['name_en']}, {row['reason_en']}"
            for row in one.plan.left_out.sort("due", "prize", descending=True).iter_rows(named=True)
            if team is None and (row["due"] or row["reason"] != "prize")
        ]
    counts = {
        "teams": int((one.plan.totals["stops"] > 0).sum()),
        "stops": int(one.plan.totals["stops"].sum()),
        "left_out": one.plan.left_out.height,
    }
    more = {
        "shift": one.shift.shift_id,
        "routes": _plain(one.plan.routes.to_dicts()),
        "left_out": _plain(one.plan.left_out.to_dicts()),
        "checkpoints": _plain(one.checkpoints.to_dicts()),
        "plan": _plain([one.about])[0],
    }
    Summary(counts, lines=lines, more=more).tell(as_json=as_json)


@app.command("what-if")
def what_if(
    context: typer.Context,
    day: Day = None,
    shift: Shift = None,
    without: Annotated[
        list[str] | None, typer.Option(help="少这支队伍，可多次 · A team less; may be repeated.")
    ] = None,
    tide: Annotated[
        float,
        typer.Option(min=-5.0, max=5.0, help="水位升高（米） · Metres that the water is higher."),
    ] = 0.0,
    bar: Annotated[
        list[int] | None, typer.Option(help="封这条路，可多次 · A way that is barred; may repeat.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """假如 · What a plan loses or gains with a team less, another tide, or a road barred."""
    from workspace.patrols import changed

    with _open(context) as ws:
        one = _planned(ws, day, shift)
        found = changed(ws, one, without=without or (), raised_m=tide, barred=bar or ())
    words = {"lost": ("失去", "lost"), "gained": ("增加", "gained"), "moved": ("改派", "moved")}
    was, now = round(found.prize_before), round(found.prize_after)
    lines = [f"{one.shift.shift_id} 覆盖的风险 {was} → {now} · risk covered {was} to {now}"]
    for row in found.moved.iter_rows(named=True):
        stop, (zh, en) = one.stop(row["stop_id"]), words[row["change"]]
        way = " → ".join(str(row[name] or "—") for name in ("team_before", "team_after"))
        lines.append(f"  {zh} {stop['name']} {way} · {en}: {stop['name_en']}")
    counts = {"before": was, "after": now}
    counts |= dict(found.moved.group_by("change").len().sort("change").iter_rows())
    more = {"moved": _plain(found.moved.to_dicts())}
    Summary(counts, lines=lines, more=more).tell(as_json=as_json)


@app.command()
def sheet(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help=".html 打印单，.gpx 一队路线 · Sheet, or a GPX route."),
    ],
    day: Day = None,
    shift: Shift = None,
    team: Annotated[str | None, typer.Option(help="只要一队 · One team alone.")] = None,
) -> None:
    """打印单与 GPX · The sheet to print, a page per team, or one team's route as GPX."""
    from workspace.patrol_sheet import write

    with _open(context) as ws:
        write(ws, _planned(ws, day, shift), out, team=team)
    print(f"已写出 · written: {out}")


def _open(context: typer.Context) -> "closing[Workspace]":
    from workspace.folder import open_workspace

    return closing(open_workspace(context.obj))


def _planned(ws: "Workspace", day: datetime | None, start: str | None) -> "Patrols":
    """Return the patrols of a shift: the one named, else the first planned that is not over."""
    from geo.errors import InputError
    from workspace._run import shifts_from
    from workspace.patrols import patrols_of

    now = datetime.now(ws.config.tz)
    when = day.date() if day is not None else now.date()
    wanted = [
        one
        for one in shifts_from(ws, when, 1)
        if (start is None or one.shift_id[11:] == start)
        and (start is not None or day is not None or one.t1 > now)
    ]
    for one in wanted:
        found = patrols_of(ws, one)
        if found is not None:
            return found
    what = f"{when} {start or ''}".strip()
    raise InputError(
        f"no patrols are planned for {what}",
        where="patrols",
        mend=f"Plan them first: shoregrid plan WS --date {when}; shifts start at "
        f"{', '.join(ws.config.shift_starts)}.",
    )


def _drawn(one: "Patrols") -> list[str]:
    if one.about.get("probability") is None:
        return []
    about = one.about
    zh = f"从 {about['plans']} 个近优方案中按 {about['probability']:.0%} 的概率抽取，"
    zh += f"方案熵 {about['plan_bits']:.1f} 比特"
    en = f"drawn from {about['plans']} plans with probability {about['probability']:.0%}; "
    en += f"{about['plan_bits']:.1f} bits"
    return [f"  {zh} · {en}"]


def _checkpoints(ws: "Workspace", one: "Patrols") -> list[str]:
    from workspace.patrol_checkpoints import why_none

    lines = []
    for row in one.checkpoints.iter_rows(named=True):
        times = "–".join(row[t].astimezone(ws.config.tz).strftime("%H:%M") for t in ("t0", "t1"))
        lines.append(
            f"  卡点 {times} {row['name'] or ''} {row['lon']:.5f}, {row['lat']:.5f} · checkpoint, "
            f"drawn with a chance of {100 * row['probability']:.2g} %"
        )
    why = why_none(ws, one.network)
    if not lines and why is not None:
        lines = [f"  {why[0]} · {why[1]}"]
    return lines


def _route(one: "Patrols", team_id: str, zone: tzinfo) -> list[str]:
    import polars as pl

    from workspace.patrols import KINDS

    team = one.team(team_id)
    rows = one.plan.routes.filter(pl.col("team_id") == team_id).to_dicts()
    kind = KINDS[team["kind"]][0]
    if not rows:
        return [f"{team_id} {team['name']}（{kind}）：不出动 · {team['name_en']}: stays"]
    lines = [f"{team_id} {team['name']}（{kind}） · {team['name_en'] or team['name']}"]
    for row in rows:
        times = "–".join(
            row[name].astimezone(zone).strftime("%H:%M") for name in ("start", "leave")
        )
        if row["stop_id"] is None:
            lines.append(f"  {times[:5]} 返回 · back  {row['km']:.1f} km")
            continue
        stop = one.stop(row["stop_id"])
        mark = {"explore": "（探索 exploration）", "again": "（兼看 again）"}.get(row["part"], "")
        due = "（应检 due）" if stop["purpose"] == "due" else ""
        lines.append(f"  {times} {stop['name']} · {stop['name_en']}{mark}{due}  {row['km']:.1f} km")
    return lines


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in rows
    ]
