"""The command `grids` with its parts; what changes drafts is that of `boundaries`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace import _cli_boundaries_edit as editing
from workspace._cli_boundaries import AsJson, draft_line, open_ws, plain, withdrawn
from workspace._cli_boundaries_edit import Reason, User
from workspace._cli_import import Level
from workspace._console import Summary

if TYPE_CHECKING:
    from workspace._grids_held import Level as Held
    from workspace.folder import Workspace

app = typer.Typer(
    no_args_is_help=True, help="网格与镇街 · Grids and townships: check, edit, propose, publish."
)
Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="当地日期，默认今天 · Local day; today."),
]
OfLevel = Annotated[
    Level | None,
    typer.Option(help="级别，默认巡防网格 · Level; patrol grids, or grids where there are none."),
]
Draft = Annotated[str | None, typer.Argument(metavar="[DRAFT]", help="草案编号 · Id of a draft.")]
for _name in (
    "edit",
    "undo",
    "redo",
    "rebase",
    "submit",
    "approve",
    "reject",
    "publish",
    "withdraw",
):
    app.command(name=_name)(getattr(editing, _name))


@app.callback()
def grids(
    context: typer.Context,
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
) -> None:
    """网格与镇街 · Grids: list, show, check, who, without-post, draft, edit, propose, publish."""
    context.obj = root


@app.command(name="list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """列出各级版本与草案 · List the versions of each level, which holds today, and the drafts."""
    from workspace import boundaries
    from workspace import grids as ground

    with open_ws(context) as ws:
        found = ground.levels(ws)
        drafts = boundaries.drafts(ws, levels=list(ground.LEVELS))
        lines = [
            f"{'*' if row['holds'] else ' '} {ground.LEVELS[row['level']][0]} {row['level']} "
            f"第 {row['version']} 版 version {row['version']}: {row['grids']} 个，自 from "
            f"{row['valid_from']} ({row['user'] or '-'}) {row['reason'] or ''}".rstrip()
            + withdrawn(row)
            + (" （虚构 made）" if row["made"] else "")
            for row in found.iter_rows(named=True)
        ]
        lines += [
            f"  {row['level']} {draft_line(row, ws.config.tz)}"
            for row in drafts.iter_rows(named=True)
        ]
    lines = lines or ["没有网格 · no grids"]
    more = {"versions": plain(found), "drafts": plain(drafts)}
    Summary({"versions": found.height, "drafts": drafts.height}, lines=lines, more=more).tell(
        as_json=as_json
    )


def _chosen(
    ws: "Workspace", draft_id: str | None, level: Level | None, day: datetime | None
) -> "Held":
    from workspace import grids as ground

    if draft_id is not None:
        return ground.drawn(ws, draft_id)
    return ground.one_level(
        ws, None if level is None else level.value, None if day is None else day.date()
    )


@app.command()
def show(
    context: typer.Context,
    draft_id: Draft = None,
    level: OfLevel = None,
    day: Day = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="写出图层 · Layer to write: .geojson, .gpkg …"),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """查看 · Show what each grid holds; of a draft also the ground that changes hands."""
    from workspace import grids as ground

    with open_ws(context) as ws:
        held = _chosen(ws, draft_id, level, day)
        found = ground.figures(ws, held)
        lines = [
            f"{row['grid_id']:<12} {row['km2']:>9.2f} km2 {row['villages']:>4} 村 villages "
            f"{row['shore_km']:>7.1f} km 岸线 shore  {row['township_id'] or '-'}  {row['name']}"
            for row in found.iter_rows(named=True)
        ]
        if draft_id is not None:
            lines += ground.changed(ws, draft_id)
        if out is not None:
            held.layer().to_file(out)
            lines.append(f"已写出 · written: {out}")
    more = {"level": held.level, "version": held.version, "grids": plain(found)}
    Summary({"grids": found.height}, lines=lines, more=more).tell(as_json=as_json)


@app.command()
def check(
    context: typer.Context,
    draft_id: Draft = None,
    level: OfLevel = None,
    day: Day = None,
    *,
    as_json: AsJson = False,
) -> None:
    """检查 · Tell what is wrong with the grids, each with its place, and who lacks a post."""
    from workspace import grids as ground
    from workspace._quarantine import told

    with open_ws(context) as ws:
        held = _chosen(ws, draft_id, level, day)
        found = ground.check(ws, held)
        when = day.date() if day is not None else datetime.now(ws.config.tz).date()
        bare = ground.without_post(ws, held, when) if held.level in {"grid", "patrol"} else []
    lines = [told(one) for one in found] or ["未见问题 · nothing wrong"]
    lines += _bare(bare, len(held.grids.coverage.ids), when)
    counts = {"problems": len(found), "without_post": len(bare)}
    more = {"without_post": bare}
    Summary(counts, lines=lines, more=more).tell(as_json=as_json)


@app.command(name="without-post")
def without_post(
    context: typer.Context, level: OfLevel = None, day: Day = None, *, as_json: AsJson = False
) -> None:
    """无岗网格 · List the grids that have neither a fixed nor a mobile post on a day."""
    from workspace import grids as ground

    with open_ws(context) as ws:
        held = _chosen(ws, None, level, day)
        when = day.date() if day is not None else datetime.now(ws.config.tz).date()
        bare = ground.without_post(ws, held, when)
    lines = _bare(bare, len(held.grids.coverage.ids), when)
    Summary({"without_post": len(bare)}, lines=lines, more={"without_post": bare}).tell(
        as_json=as_json
    )


def _bare(bare: list[str], count: int, when: object) -> list[str]:
    zh = f"{when} 无固定或流动岗位的网格 {len(bare)}/{count}"
    return [f"{zh} · grids without a fixed or mobile post: {', '.join(bare) or '-'}"]


@app.command()
def who(
    context: typer.Context,
    where: Annotated[str, typer.Argument(metavar="PLACE", help="经度,纬度 · LON,LAT in degrees.")],
    *,
    as_json: AsJson = False,
) -> None:
    """所属网格 · In which grid of each level a place was, is and is to be."""
    from workspace import grids as ground

    with open_ws(context) as ws:
        found = ground.history(ws, *ground.place(where))
    lines = [
        f"{row['valid_from']} – {row['valid_to'] or ''} {ground.LEVELS[row['level']][0]} "
        f"{row['level']} {row['grid_id'] or '-'} {row['name'] or ''} "
        f"(第 {row['version']} 版 version)"
        for row in found.iter_rows(named=True)
    ]
    Summary(lines=lines or ["没有网格 · no grids"], more={"history": plain(found)}).tell(
        as_json=as_json
    )


@app.command()
def draft(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="草案名称 · Name of the draft.")],
    user: User,
    level: OfLevel = None,
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """新建草案 · Begin a draft from the version of a level published last."""
    from workspace import boundaries

    with open_ws(context) as ws:
        chosen = "patrol" if level is None else level.value
        given = boundaries.create(ws, name, user=user, level=chosen, reason=reason)
    more = {"draft_id": given.draft_id, "rev": given.rev}
    Summary(lines=[f"草案 draft {given.draft_id} {given.name}"], more=more).tell(as_json=as_json)


@app.command()
def propose(
    context: typer.Context,
    teams: Annotated[
        int | None,
        typer.Option(min=1, help="队伍数，默认同现有 · Number of teams; as many as now."),
    ] = None,
    level: OfLevel = None,
    units: Annotated[
        Level | None, typer.Option(help="由哪级单元组成 · Level of the units; the smallest there.")
    ] = None,
    balance: Annotated[
        str, typer.Option(help="均衡什么 · What to balance: workload, risk, villages, area.")
    ] = "workload",
    price: Annotated[
        float, typer.Option(min=0, help="紧凑与少换手的价 · Price of reach and moved ground.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(help="随机种子 · Seed of the search.")] = 0,
    name: Annotated[str | None, typer.Option(help="存为草案的名称 · Name of the draft.")] = None,
    user: Annotated[str | None, typer.Option(help="以谁的账户 · The account that does it.")] = None,
    *,
    curve: Annotated[
        bool, typer.Option("--curve", help="列出权衡曲线 · Tell the trade-off curve of prices.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """提出均衡网格 · Propose balanced grids for some teams; with --name as drafts."""
    from duty.regions import curve as told
    from geo.errors import InputError
    from workspace import _grids_propose as proposing
    from workspace import boundaries
    from workspace._grids_draft import compose

    if name is not None and user is None:
        raise InputError("a draft needs an account", where="--name", mend="Name it: --user NAME.")
    if balance not in proposing.BALANCES:
        raise InputError(
            f"there is no balance {balance!r}",
            where="--balance",
            mend=f"Give one of {', '.join(proposing.BALANCES)}.",
        )
    chosen = "patrol" if level is None else level.value
    with open_ws(context) as ws:
        parts = proposing.units_of(ws, chosen, None if units is None else units.value)
        found = proposing.proposed(
            ws,
            chosen,
            parts,
            teams=teams,
            balance=balance,
            prices=proposing.PRICES if curve else (price,),
            seed=seed,
        )
        lines = []
        more: dict[str, Any] = {"proposals": told(found).to_dicts()}
        for one in found:
            moved = "-" if one.moved_km2 is None else f"{one.moved_km2:.1f}"
            line = (
                f"{one.k} 个网格 grids, 价 price {one.price:g}: CV {one.cv:.3f}, "
                f"最大/平均 max/mean {one.max_over_mean:.2f}, 紧凑 reach {one.reach:.2f}, "
                f"换手 moved {moved} km2"
            )
            lines.append(line)
            if name is not None and user is not None:
                title = name if len(found) == 1 else f"{name} {one.price:g}"
                into = dict(zip(parts.grids.coverage.ids, one.grids, strict=True))
                whole = compose(parts.version or 0, into)
                given = boundaries.create(
                    ws, title, user=user, level=chosen, operations=[whole], reason=line
                )
                more.setdefault("drafts", []).append(given.draft_id)
                lines.append(f"草案 draft {given.draft_id} {given.name}")
    Summary({"proposals": len(found)}, lines=lines, more=more).tell(as_json=as_json)
