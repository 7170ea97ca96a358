"""The command `boundaries` with its parts."""

from contextlib import closing
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace._console import Summary

if TYPE_CHECKING:
    import polars as pl

    from duty.proposal import Proposal
    from workspace._boundaries_operations import Operation
    from workspace.folder import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help="责任岸段划分 · Boundaries of the sections: compare, propose, edit, approve, publish.",
)

AsJson = Annotated[
    bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
]
_REFERENCE = "版本号、草案编号或 now · Number of a version, id of a draft, or now."
_STATES = {
    "draft": "草案", "proposed": "待批", "approved": "已批准", "rejected": "已退回",
    "published": "已发布",
}  # fmt: skip
_STEPS = {
    "created": "新建", "saved": "修改", "undone": "撤销", "redone": "重做", "rebased": "换底",
    "carried": "随新岸线转换", "withdrawn": "版本撤回",
    **_STATES,
}  # fmt: skip


@app.callback()
def boundaries(
    context: typer.Context,
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
) -> None:
    """责任岸段划分 · Boundaries: list, show, diff, who, propose, edit, submit, approve, publish."""
    context.obj = root


def open_ws(context: typer.Context) -> "closing[Workspace]":
    from workspace.folder import open_workspace

    return closing(open_workspace(context.obj))


def plain(table: "pl.DataFrame") -> list[dict[str, Any]]:
    return [
        {k: v.isoformat() if isinstance(v, (date, datetime)) else v for k, v in row.items()}
        for row in table.iter_rows(named=True)
    ]


def _made(row: dict[str, Any]) -> str:
    return " （虚构 made）" if row["made"] else ""


def withdrawn(row: dict[str, Any]) -> str:
    return " （生效前已撤回 taken back before it held）" if row["withdrawn_at"] else ""


def draft_line(row: dict[str, Any], zone: tzinfo) -> str:
    return (
        f"{row['draft_id']} {row['name']} {_STATES[row['state']]} {row['state']} "
        f"r{row['rev']} ({row['author']}, {row['t'].astimezone(zone):%Y-%m-%d %H:%M})"
        + ("，底本已更新 the base is older" if row["stale"] else "")
        + _made(row)
    )


@app.command(name="list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """列出版本与草案 · List the versions, which holds today, and the drafts."""
    from workspace import boundaries

    with open_ws(context) as ws:
        versions, drafts, zone = boundaries.versions(ws), boundaries.drafts(ws), ws.config.tz
    lines = [
        f"{'*' if row['holds'] else ' '} 第 {row['version']} 版 version {row['version']} "
        f"自 from {row['valid_from']} ({row['user'] or '-'}) {row['reason'] or ''}".rstrip()
        + withdrawn(row)
        + _made(row)
        for row in versions.iter_rows(named=True)
    ]
    lines += [f"  {draft_line(row, zone)}" for row in drafts.iter_rows(named=True)]
    more = {"versions": plain(versions), "drafts": plain(drafts)}
    counts = {"versions": versions.height, "drafts": drafts.height}
    Summary(counts, lines=lines, more=more).tell(as_json=as_json)


@app.command()
def show(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="[VERSION|DRAFT]", help=_REFERENCE)] = "now",
    *,
    cuts: Annotated[
        bool, typer.Option("--cuts", help="列出分界点与挂靠 · Tell the cuts, and what hangs where.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """查看 · Show what each section holds and asks; of a draft also its steps and what changed."""
    from workspace import boundaries
    from workspace._boundaries_compare import compare, figures_of, located
    from workspace._boundaries_held import held as held_of

    with open_ws(context) as ws:
        held = boundaries.stood(ws, reference)
        found = figures_of(ws, held) if held.cuts.height else held.sections
        lines = _figure_lines(found) if held.cuts.height else ["没有岸段 · no sections"]
        more: dict[str, Any] = {"version": held.version, "sections": plain(found)}
        more |= {"cuts": plain(located(ws, held.cuts)), "hangs": plain(held.hangs)}
        if not reference.isdecimal() and reference != "now":
            one, done = boundaries.draft(ws, reference), boundaries.steps(ws, reference)
            base = held_of(ws, one.based_on)
            head = (
                f"{one.draft_id} {one.name} {_STATES[one.state]} {one.state} r{one.rev} "
                f"({one.author})，底本第 {one.based_on} 版 based on {one.based_on}"
            )
            lines = [
                head,
                *lines,
                *_stretch_lines(compare(ws, base, held).stretches),
                *(
                    f"{row['t'].astimezone(ws.config.tz):%Y-%m-%d %H:%M} r{row['rev']} "
                    f"{_STEPS[row['step']]} {row['step']} ({row['user']}) {row['reason'] or ''}"
                    for row in done.iter_rows(named=True)
                ),
            ]
            told = [_short(operation) for operation in one.operations]
            more |= {"operations": told, "rev": one.rev, "state": one.state}
            more["steps"] = plain(done.drop("operations"))
        if cuts:
            lines += _cut_lines(more)
    Summary({"sections": found.height}, lines=lines, more=more).tell(as_json=as_json)


def _short(operation: "Operation") -> dict[str, Any]:
    """Return an operation as it is told; of a whole division, whose cuts are told, their number."""
    return {
        name: len(value) if isinstance(value, list) and operation["op"] == "divide" else value
        for name, value in operation.items()
    }


def _cut_lines(more: dict[str, Any]) -> list[str]:
    lines = [
        f"分界 cut {row['shoreline_id']} {row['chainage_m']:.0f} m ({row['lon']:.5f}, "
        f"{row['lat']:.5f}) → {row['section_id']}"
        for row in more["cuts"]
    ]
    return lines + [
        f"挂靠 hangs {row['shoreline_id']} → {row['onto_shoreline_id']} "
        f"{row['onto_chainage_m']:.0f} m"
        for row in more["hangs"]
    ]


def _figure_lines(found: "pl.DataFrame") -> list[str]:
    head = (
        f"{'岸段 section':<10} {'km':>7} {'风险 risk':>9} {'码头 wharves':>9} "
        f"{'风险点 points':>10} {'工时/周 h/week':>12} {'走完 min':>8}"
    )
    return [
        head,
        *(
            f"{row['section_id']:<12} {row['km']:>7.1f} "
            f"{'-' if row['risk_mean'] is None else format(row['risk_mean'], '.1f'):>10} "
            f"{row['wharves']:>11} {row['risk_points']:>12} {row['workload_h']:>14.1f} "
            f"{row['travel_min']:>9.0f}  {row['name']}"
            for row in found.iter_rows(named=True)
        ),
    ]


def _stretch_lines(found: "pl.DataFrame", most: int = 30) -> list[str]:
    rows = found.sort("km", descending=True, maintain_order=True)
    lines = [
        f"{row['shoreline_id']} {row['from_m']:.0f}–{row['to_m']:.0f} m "
        f"{row['from_section'] or '-'} → {row['to_section'] or '-'} {row['km']:.2f} km, "
        f"风险 risk {'-' if row['risk_km'] is None else format(row['risk_km'], '.0f')}, "
        f"码头 wharves {row['wharves']}"
        for row in rows.head(most).iter_rows(named=True)
    ]
    if rows.height > most:
        lines.append(f"… {rows.height - most} more: --json, --out")
    km = float(found["km"].sum())
    return [*lines, f"换手 {km:.1f} 公里 · {km:.1f} km change hands"]


@app.command()
def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help=_REFERENCE)],
    second: Annotated[str, typer.Argument(metavar="B", help=_REFERENCE)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="写出图层 · Layer to write: .geojson, .gpkg, .csv …"),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """比较两个划分 · Compare two divisions: stretches that change hands, and what it makes."""
    from datetime import UTC

    from geo.io import write_layers
    from workspace import boundaries
    from workspace._boundaries_compare import compare
    from workspace.export import marks

    with open_ws(context) as ws:
        found = compare(ws, *(boundaries.stood(ws, one) for one in (first, second)))
        lines = _stretch_lines(found.stretches)
        if out is not None:
            title = f"{first} → {second}"
            notes = marks(ws, now=datetime.now(UTC))
            write_layers(out, {"boundaries": found.stretches}, title=title, notes=notes)
            lines.append(f"已写出 · written: {out}")
    rows = found.sections.iter_rows(named=True)
    lines += [
        f"{row['section_id']:<12} {row['km_change']:>+8.1f} km {row['workload_h_change']:>+8.1f} h "
        f"{row['wharves_change']:>+4d} 码头 wharves ({row['state']})"
        for row in rows
        if row["state"] != "same"
    ]
    more = {
        "stretches": plain(found.stretches.drop("geometry")),
        "sections": plain(found.sections),
    }
    counts = {"stretches": found.stretches.height, "km": round(found.stretches["km"].sum(), 3)}
    Summary(counts, lines=lines, more=more).tell(as_json=as_json)


@app.command()
def who(
    context: typer.Context,
    where: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            help="经度,纬度、岸线:里程或编号 · LON,LAT, SHORELINE:CHAINAGE or an id.",
        ),
    ],
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="当地日期 · Local day; all days."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """何人负责 · Who answered for a place on a day, or whose it was when."""
    from workspace import boundaries

    with open_ws(context) as ws:
        place = boundaries.locate(ws, where)
        more: dict[str, Any] = {"shoreline_id": place[0], "chainage_m": place[1]}
        lines = [f"{place[0]} {place[1]:.0f} m"]
        if day is None:
            spans = boundaries.history(ws, *place)
            more["history"] = plain(spans)
            lines += [
                f"{row['valid_from']} – {row['valid_to'] or ''} {row['section_id'] or '-'} "
                f"{row['name'] or ''} {row['name_en'] or ''} (第 {row['version']} 版 version)"
                for row in spans.iter_rows(named=True)
            ]
        else:
            found = boundaries.answering(ws, *place, day.date())
            more |= found
            whose = (
                f"{found['section_id'] or '-'} {found['name'] or ''} "
                f"{found['name_en'] or ''} (第 {found['version']} 版 version)"
            )
            none = "当日尚无岸段划分 · no division held on that day"
            lines.append(f"{day.date()} {none if found['version'] is None else whose}")
            lines += [
                f"  {post['role']} {post['name']} {post['unit']} {post['duty_phone']}"
                for post in found["posts"]
            ]
    Summary(lines=lines, more=more).tell(as_json=as_json)


@app.command()
def propose(
    context: typer.Context,
    chiefs: Annotated[
        int | None, typer.Option(min=1, help="段长人数 · Number of chiefs; as many as now.")
    ] = None,
    price: Annotated[
        float, typer.Option(min=0, help="换手一公里须省的工时 · Hours a moved km must save.")
    ] = 0.5,
    max_km: Annotated[
        float | None, typer.Option(min=0, help="岸段最长公里 · Longest section, km.")
    ] = None,
    max_min: Annotated[
        float | None, typer.Option(min=0, help="走完最多分钟 · Most minutes from end to end.")
    ] = None,
    crossing: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="岸段内每跨一条镇界计的工时；inf 为不许跨 · Hours a week that each township "
            "border within a section costs; inf: none may.",
        ),
    ] = None,
    lock: Annotated[
        list[str] | None, typer.Option(help="不动的岸段 · Section to leave as it is; repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="存为草案的名称 · Name of the draft.")] = None,
    user: Annotated[str | None, typer.Option(help="以谁的账户 · The account that does it.")] = None,
    *,
    curve: Annotated[
        bool, typer.Option("--curve", help="列出权衡曲线 · Tell the trade-off curve of prices.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """提出均衡划分 · Propose balanced sections; with --name as a draft, with --curve the choice."""
    from duty.proposal import curve as told
    from geo.errors import InputError
    from workspace import _boundaries_propose as proposing
    from workspace import boundaries
    from workspace._boundaries_operations import divide

    if name is not None and user is None:
        raise InputError("a draft needs an account", where="--name", mend="Name it: --user NAME.")
    with open_ws(context) as ws:
        limits = proposing.limits_of(ws, length_km=max_km, travel_min=max_min, crossing_h=crossing)
        if curve:
            found = proposing.trade_off(
                ws, chiefs=[chiefs] if chiefs else [], limits=limits, locked=lock or ()
            )
        else:
            found = [
                proposing.proposed(ws, chiefs=chiefs, price=price, limits=limits, locked=lock or ())
            ]
        lines = [_proposal_line(one) for one in found]
        more: dict[str, Any] = {"proposals": told(found).to_dicts()}
        if name is not None and user is not None:
            for one in found:
                title = name if len(found) == 1 else f"{name} {one.price_h_per_km:g}"
                reason = _proposal_line(one)
                given = boundaries.create(
                    ws, title, user=user, operations=[divide(one.division)], reason=reason
                )
                more.setdefault("drafts", []).append(given.draft_id)
                lines.append(f"草案 draft {given.draft_id} {given.name}")
    Summary({"proposals": len(found)}, lines=lines, more=more).tell(as_json=as_json)


def _proposal_line(one: "Proposal") -> str:
    return (
        f"{one.k} 段 sections, 价 price {one.price_h_per_km:g} h/km: "
        f"换手 moved {one.moved_km:.1f} km, CV {one.cv:.3f}, "
        f"最大/平均 max/mean {one.max_over_mean:.2f}"
    )
