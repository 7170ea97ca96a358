"""What changes drafts of boundaries: the parts of `boundaries` that want an account."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workspace._cli_boundaries import AsJson, app, open_ws
from workspace._console import Summary

if TYPE_CHECKING:
    from workspace._boundaries_drafts import Draft

DraftId = Annotated[str, typer.Argument(metavar="DRAFT", help="草案编号 · Id of a draft.")]
User = Annotated[str, typer.Option("--user", help="以谁的账户 · The account that does it.")]
Reason = Annotated[str, typer.Option(help="理由 · Why.")]


@app.command()
def draft(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="草案名称 · Name of the draft.")],
    user: User,
    op: Annotated[
        list[str] | None,
        typer.Option(metavar="JSON", help="操作，可多次 · An operation as JSON; repeatable."),
    ] = None,
    reason: Reason = "",
    *,
    as_json: AsJson = False,
) -> None:
    """新建草案 · Begin a draft from the version published last."""
    from workspace import boundaries

    wanted = [boundaries.parsed(text) for text in op or ()]
    with open_ws(context) as ws:
        given = boundaries.create(ws, name, user=user, operations=wanted, reason=reason)
    _done("草案 draft", given, as_json=as_json)


@app.command()
def edit(
    context: typer.Context,
    draft_id: DraftId,
    user: User,
    op: Annotated[
        list[str],
        typer.Option(metavar="JSON", help="操作，可多次 · An operation as JSON; repeatable."),
    ],
    rev: Annotated[
        int | None, typer.Option(help="据以修改的修订号 · Revision that one had read.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """修改草案 · Add operations to a draft; refused where somebody saved a newer revision."""
    from workspace import boundaries

    wanted = [boundaries.parsed(text) for text in op]
    with open_ws(context) as ws:
        given = boundaries.edit(ws, draft_id, wanted, user=user, rev=rev)
    _done("已修改 · changed", given, as_json=as_json)


@app.command()
def undo(context: typer.Context, draft_id: DraftId, user: User, *, as_json: AsJson = False) -> None:
    """撤销 · Take back the last operation of a draft."""
    from workspace import boundaries

    with open_ws(context) as ws:
        given = boundaries.undo(ws, draft_id, user=user)
    _done("已撤销 · undone", given, as_json=as_json)


@app.command()
def redo(context: typer.Context, draft_id: DraftId, user: User, *, as_json: AsJson = False) -> None:
    """重做 · Put back the operation that was taken back last."""
    from workspace import boundaries

    with open_ws(context) as ws:
        given = boundaries.redo(ws, draft_id, user=user)
    _done("已重做 · redone", given, as_json=as_json)


@app.command()
def rebase(
    context: typer.Context, draft_id: DraftId, user: User, *, as_json: AsJson = False
) -> None:
    """换底 · Put a draft on the newest version; what no longer applies is named."""
    from workspace import boundaries

    with open_ws(context) as ws:
        given, lost, both = boundaries.rebase(ws, draft_id, user=user)
    lines = [f"不再适用 · no longer possible: {text}" for text in lost]
    lines += [f"双方都改了 · both changed: {_both(row)}" for row in both.iter_rows(named=True)]
    _done("已换底 · rebased", given, *lines, as_json=as_json)


@app.command()
def submit(
    context: typer.Context, draft_id: DraftId, user: User, reason: Reason = "", *,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """提请批准 · Propose a draft for approval."""
    from workspace import boundaries

    with open_ws(context) as ws:
        given = boundaries.submit(ws, draft_id, user=user, reason=reason)
    _done("已提请批准 · proposed", given, as_json=as_json)


@app.command()
def approve(
    context: typer.Context, draft_id: DraftId, user: User, reason: Reason, *,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """批准 · Approve a proposed draft; not by who drafted, changed or proposed it."""
    from workspace import boundaries

    with open_ws(context) as ws:
        given = boundaries.approve(ws, draft_id, user=user, reason=reason)
    _done("已批准 · approved", given, as_json=as_json)


@app.command()
def reject(
    context: typer.Context, draft_id: DraftId, user: User, reason: Reason, *,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """退回 · Reject a proposed draft; editing makes it a draft again."""
    from workspace import boundaries

    with open_ws(context) as ws:
        given = boundaries.reject(ws, draft_id, user=user, reason=reason)
    _done("已退回 · rejected", given, as_json=as_json)


@app.command()
def publish(
    context: typer.Context,
    draft_id: DraftId,
    day: Annotated[
        datetime,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="自哪天（当地）起生效 · Local day it holds from."
        ),
    ],
    user: User,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """发布 · Publish an approved draft with the day from which it holds."""
    from workspace import boundaries

    with open_ws(context) as ws:
        version = boundaries.publish(ws, draft_id, valid_from=day.date(), user=user, reason=reason)
    line = (
        f"第 {version} 版已发布，自 {day.date()} 起生效 · version {version} is published and holds "
        f"from {day.date()}"
    )
    more = {"version": version, "valid_from": day.date().isoformat()}
    Summary(lines=[line], more=more).tell(as_json=as_json)


@app.command()
def withdraw(
    context: typer.Context,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="版本号 · Its number.")],
    user: User,
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """撤回 · Take back the version published last before it holds; its draft is one again."""
    from workspace import boundaries

    with open_ws(context) as ws:
        grids = context.parent is not None and context.parent.info_name == "grids"
        given = boundaries.withdraw(ws, version, user=user, reason=reason, grids=grids)
    line = f"第 {version} 版已撤回 · version {version} is taken back"
    if given is not None:
        line += f"；草案 draft {given.draft_id} {given.name}"
    more = {"version": version, "draft_id": None if given is None else given.draft_id}
    Summary(lines=[line], more=more).tell(as_json=as_json)


def _both(row: dict[str, Any]) -> str:
    if "grid_id" in row:
        return f"{row['grid_id']} ({row['km2']:.3f} km2)"
    stretch = f"{row['shoreline_id']} {row['from_m']:.0f}–{row['to_m']:.0f} m"
    return f"{stretch} {row['mine']} / {row['theirs']}"


def _done(what: str, given: "Draft", *more: str, as_json: bool) -> None:
    told = {"draft_id": given.draft_id, "rev": given.rev, "state": given.state}
    line = f"{what}: {given.draft_id} {given.name} r{given.rev}"
    Summary(lines=[line, *more], more=told).tell(as_json=as_json)
