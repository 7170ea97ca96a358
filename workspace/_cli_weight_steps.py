"""The commands that take a weight set on its way: `propose`, `approve`, `reject`, `use`."""

from collections.abc import Callable

import typer

from workspace._cli_options import AsJson, Reason, Reference, User, opened
from workspace._console import Summary


def _step(take: str, done: str, *more: str) -> Callable[..., None]:
    """Return the command that takes one step, by the name of its function in `weighting`."""

    def command(
        context: typer.Context,
        reference: Reference,
        user: User,
        reason: Reason = "",
        *,
        as_json: AsJson = False,
    ) -> None:
        from workspace import weighting

        with opened(context.obj) as ws:
            given = weighting.named(ws, reference)
            getattr(weighting, take)(ws, given, user=user, reason=reason)
        lines = [f"{done}: {given.name}:{given.version}", *more]
        Summary(lines=lines).tell(as_json=as_json)

    return command


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of `weights`."""
    app.command("propose", help="提请批准 · Propose a draft for approval.")(
        _step("propose", "已提请批准 · proposed")
    )
    app.command(
        "approve", help="批准 · Approve a proposed set; not by who wrote, added or proposed it."
    )(_step("approve", "已批准 · approved"))
    app.command("reject", help="退回 · Reject a proposed set; mended, it is a new version.")(
        _step(
            "reject",
            "已退回 · rejected",
            "修改后请以下一版本新增并提请 · mend it, add it as the next version, propose that",
        )
    )
    app.command(
        "use",
        help="启用 · Put an approved set in force (or the shipped one again); then score anew.",
    )(
        _step(
            "use",
            "已启用 · in force",
            "已有的分数不变；重新评分：shoregrid score · scores stay until scored again",
        )
    )
