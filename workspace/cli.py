"""The `shoregrid` command. Whatever takes time to load is loaded by the command that needs it."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workspace import (
    _cli_ais,
    _cli_archive,
    _cli_backtest,
    _cli_boundaries_edit,
    _cli_decode,
    _cli_detect,
    _cli_export,
    _cli_grids,
    _cli_import,
    _cli_learn,
    _cli_patrols,
    _cli_places,
    _cli_posts,
    _cli_remedies,
    _cli_tides,
    _cli_weights,
    _console,
)
from workspace._cli_options import AsJson, Day, Root, opened
from workspace._console import Summary

if TYPE_CHECKING:
    from workspace.folder import Workspace

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="海岸线风险研判平台 · Coastline risk analysis: which stretch, which shift, why, and who.",
)
user_app = typer.Typer(no_args_is_help=True, help="账户 · Accounts that may sign in.")
app.add_typer(user_app, name="user")
app.add_typer(_cli_posts.app, name="posts")
app.add_typer(_cli_patrols.app, name="patrols")
app.add_typer(_cli_weights.app, name="weights")
app.add_typer(_cli_boundaries_edit.app, name="boundaries")
app.add_typer(_cli_grids.app, name="grids")


def _day(ws: "Workspace", chosen: datetime | None) -> date:
    return chosen.date() if chosen is not None else datetime.now(ws.config.tz).date()


app.command()(_cli_import.init)
app.command(name="import")(_cli_import.import_)
app.command()(_cli_import.changes)
app.command()(_cli_places.template)
app.command()(_cli_places.history)
app.command()(_cli_export.export)
app.command()(_cli_tides.tides)
app.command()(_cli_tides.landable)
app.command()(_cli_decode.decode)
app.command()(_cli_ais.ingest)
app.command()(_cli_ais.status)
app.command()(_cli_ais.vessel)
app.command()(_cli_archive.compact)
app.command()(_cli_detect.detect)
app.command()(_cli_detect.events)
app.command()(_cli_detect.decide)
app.command()(_cli_backtest.backtest)
app.command()(_cli_remedies.remedies)
app.command()(_cli_learn.learn)


@app.command()
def score(root: Root, day: Day = None, *, as_json: AsJson = False) -> None:
    """评分 · Score risk per segment and shift, for three days."""
    from workspace import runs

    with opened(root) as ws:
        _told(runs.score(ws, _day(ws, day)), as_json=as_json)


@app.command()
def plan(root: Root, day: Day = None, *, as_json: AsJson = False) -> None:
    """重点区与巡逻 · Choose zones for three days, and plan the patrols of the first."""
    from workspace import runs

    with opened(root) as ws:
        _told(runs.plan(ws, _day(ws, day)), as_json=as_json)


def _told(done: object, *, as_json: bool) -> None:
    """Tell what a run returns: counts, seconds and quarantined, or counts alone."""
    found = done if isinstance(done, dict) else vars(done)
    if "counts" not in found:
        found = {"counts": found}
    Summary(
        dict(found["counts"]),
        dict(found.get("seconds", {})),
        dict(found.get("quarantined", {})),
        list(found.get("lines", [])),
    ).tell(as_json=as_json)


@app.command()
def serve(
    root: Root,
    host: Annotated[str, typer.Option(help="监听地址 · Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口 · Port.")] = 8050,
) -> None:
    """启动网页 · Serve the pages and the API."""
    import os

    import uvicorn

    from workspace.demo import example_accounts

    with opened(root) as ws:
        os.environ["SHOREGRID_WORKSPACE"] = str(ws.root)
    _tell_accounts(example_accounts(ws.root))
    print(f"正在启动 · serving {ws.root.name} at http://{host}:{port}  (Ctrl+C)", flush=True)
    uvicorn.run("dashboards.app:create", factory=True, host=host, port=port, log_level="warning")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="新文件夹 · A new folder.")],
    *,
    as_json: AsJson = False,
) -> None:
    """示例工作区 · Build the shipped example workspace, end to end (simulated AIS)."""
    from workspace.demo import build_demo

    with _console.progress() as progress:
        done = build_demo(folder, progress=progress)
    _tell_accounts(done["accounts"])
    Summary(done["counts"], done["seconds"], done["quarantined"]).tell(as_json=as_json)


def _tell_accounts(accounts: list[dict[str, str]]) -> None:
    """Print the example's accounts, which are made for trying it out."""
    if accounts:
        print("示例账户 · example accounts (AIS 为模拟数据 · simulated AIS):")
    for one in accounts:
        where = f", {one['section']}" if "section" in one else ""
        print(f"  {one['name']:<8} {one['password']:<14} {one['role']}{where}")


@user_app.command(name="add")
def user_add(
    root: Root,
    name: Annotated[str, typer.Argument(help="登录名 · Name to sign in with.")],
    role: Annotated[str, typer.Option(help="角色 · Role, such as section_chief or analyst.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=ID,…",
            help="管辖范围，可多次，如 section=S01,S02；第一个岸段是自己的 · What is theirs; "
            "repeatable; the first section is their own.",
        ),
    ] = None,
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
            envvar="SHOREGRID_PASSWORD",
            help="口令；不给则询问 · Password; asked for where it is not given.",
        ),
    ] = "",
) -> None:
    """新增账户 · Make an account."""
    from workspace import rights, users

    with opened(root) as ws:
        users.add(ws, name, password, role=role, scope=rights.parsed(scope or ()))
    print(f"已新增 · added: {name} ({role})")


@user_app.command(name="list")
def user_list(root: Root) -> None:
    """列出账户 · List the accounts."""
    from workspace import rights, users

    with opened(root) as ws:
        for name, role, scope, active, locked in users.listed(ws).iter_rows():
            state = "停用 disabled" if not active else f"锁定 locked {locked}" if locked else ""
            print(f"{name:<24} {role:<16} {rights.told(scope):<24} {state}".rstrip())


@user_app.command(name="disable")
def user_disable(
    root: Root, name: Annotated[str, typer.Argument(help="登录名 · Name of the account.")]
) -> None:
    """停用账户 · Close an account and end its sessions."""
    from workspace import users

    with opened(root) as ws:
        users.disable(ws, name)
    print(f"已停用 · disabled: {name}")


def main() -> None:
    """Run the command; a bad input ends with exit code 1, a wrong use with 2."""
    from geo.errors import InputError

    try:
        app()
    except InputError as error:
        failed = error
    except OSError as error:
        failed = InputError(
            f"the system says: {error.strerror or error}",
            where=str(error.filename or "shoregrid"),
            mend="See that the path may be read or written, and that the disk has room.",
        )
    except Exception as error:
        # Only a command that has loaded SQLAlchemy can have met one of its errors.
        loaded = sys.modules.get("sqlalchemy.exc")
        if loaded is None or not isinstance(error, loaded.DBAPIError):
            raise
        # SQLite says "disk I/O error" as well where a quota or a file's limit is reached.
        full = "disk" in str(error.orig)
        failed = InputError(
            f"the database says: {error.orig}",
            where="shoregrid",
            mend="Make room on the disk, then run the same command again; nothing is lost."
            if full
            else "See that the database is whole and answers; a backup helps where it is damaged.",
        )
    else:
        return
    _console.complain(failed)
    if "--json" in sys.argv:
        Summary().tell(as_json=True)
    sys.exit(1)
