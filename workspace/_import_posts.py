"""Posts and absences: roles by their names, objects that fit them, terms that don't overlap."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl

from geo.errors import Refusal
from workspace import store
from workspace._import_columns import plain
from workspace._import_rows import Rows
from workspace.folder import Workspace
from workspace.staffing import roles_of

_TOLD = Callable[[dict[str, Any]], str]
_GROUP = ["role", "object_kind", "object_id"]
_ROLE_MEND = (
    "Use one of {}; a role of the county's own goes into the workspace's duty/roles.toml first."
)


def check_posts(
    ws: Workspace, rows: Rows, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse posts of unknown roles, on objects of another kind, or with overlapping terms.

    Roles may be told by id or by label. Terms overlap where a sole role of one object has two
    holders on one day, in the file or with what is stored; the later row is refused.
    """
    roles = roles_of(ws).table()
    words = {plain(row[name]): row["role"] for row in roles.to_dicts() for name in ("en", "zh")}
    words |= {plain(role): role for role in roles["role"]}
    stored = store.read(ws.engine, "posts")
    refused: list[Refusal] = []
    told = pl.Series([words.get(plain(role or "")) for role in frame["role"]], dtype=pl.String)
    unknown = told.is_null() & frame["role"].is_not_null()
    refused += refused_rows(
        rows,
        frame.filter(unknown),
        "unknown_role",
        lambda row: f"`role` {row['role']} is not a role",
        _ROLE_MEND.format(", ".join(roles["role"])),
    )
    frame = frame.with_columns(role=told).filter(~unknown)
    for check in (_object, _deputy, _overlap):
        full = _whole(rows, frame, stored)
        others = stored.join(full, on="post_id", how="anti")
        bad, reason, detail, mend = check(full, others, roles)
        refused += refused_rows(rows, bad, reason, detail, mend)
        frame = frame.join(bad, on="row", how="anti", maintain_order="left")
    return frame, refused


def check_absences(
    ws: Workspace, rows: Rows, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse absences of posts that are not there."""
    ids = store.read(ws.engine, "posts", columns=["post_id"])["post_id"]
    here = pl.col("post_id").is_in(ids.to_list()) | pl.col("post_id").is_null()
    refused = refused_rows(
        rows,
        frame.filter(~here),
        "unknown_post",
        lambda row: f"there is no post {row['post_id']}",
        "Import the post first, or correct its id.",
    )
    return frame.filter(here), refused


def _whole(rows: Rows, frame: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return rows with what is stored in the columns that the file lacks."""
    silent = [name for name in frame.columns if name in stored.columns and name not in rows.headers]
    silent = [name for name in silent if name != "post_id"]
    return frame.drop(silent).join(
        stored.select("post_id", *silent), on="post_id", how="left", maintain_order="left"
    )


def _object(
    full: pl.DataFrame, _others: pl.DataFrame, roles: pl.DataFrame
) -> tuple[pl.DataFrame, str, _TOLD, str]:
    """Find posts whose role is one of another kind of object."""
    bad = full.join(roles.select("role", kind="object_kind"), on="role").filter(
        pl.col("kind") != pl.col("object_kind")
    )
    return (
        bad,
        "wrong_object",
        lambda row: f"{row['role']} is a role of a {row['kind']}, not of a {row['object_kind']}",
        "Correct the role or the kind of object.",
    )


def _deputy(
    full: pl.DataFrame, others: pl.DataFrame, _roles: pl.DataFrame
) -> tuple[pl.DataFrame, str, _TOLD, str]:
    """Find deputies of posts that are not there, are deputies, or are on another object."""
    columns = ["post_id", "deputy_of", *_GROUP]
    everyone = pl.concat([full.select(columns), others.select(columns)])
    holders = everyone.filter(pl.col("deputy_of").is_null()).select(
        deputy_of="post_id", **{name: name for name in _GROUP}
    )
    deputies = full.filter(pl.col("deputy_of").is_not_null())
    return (
        deputies.join(holders, on=["deputy_of", *_GROUP], how="anti"),
        "unknown_holder",
        lambda row: f"{row['deputy_of']} is no holder of {row['role']} on {row['object_id']}",
        "A deputy's post has the role and object of the holder whose post it names in deputy_of.",
    )


def _overlap(
    full: pl.DataFrame, others: pl.DataFrame, roles: pl.DataFrame
) -> tuple[pl.DataFrame, str, _TOLD, str]:
    """Find the later row of each two that hold a sole role of one object on one day."""
    columns = ["row", "post_id", *_GROUP, "first", "last"]
    everyone = (
        pl.concat([others.with_columns(row=pl.lit(0, dtype=pl.Int64)), full], how="diagonal")
        .filter(pl.col("deputy_of").is_null())
        .join(roles.filter("sole"), on="role", how="semi")
        .with_columns(
            first=pl.col("valid_from").fill_null(date.min),
            last=pl.col("valid_to").fill_null(date.max),
        )
        .filter(pl.col("first") <= pl.col("last"))
        .select(columns)
    )
    both = everyone.join(everyone, on=_GROUP, suffix="_older")
    bad = both.filter(
        (pl.col("row") > pl.col("row_older"))
        & (pl.col("first") <= pl.col("last_older"))
        & (pl.col("last") >= pl.col("first_older"))
    )

    def told(row: dict[str, Any]) -> str:
        first, last = max(row["first"], row["first_older"]), min(row["last"], row["last_older"])
        where = f" (row {row['row_older']})" if row["row_older"] else ""
        span = f"{_day(first)} – {_day(last)}"
        end = _day(row["first"] - timedelta(days=1)) if row["first"] > date.min else ""
        hint = f"; it would have to end by {end}" if row["first"] > row["first_older"] else ""
        return (
            f"the term overlaps that of post {row['post_id_older']}{where} on {span}: "
            f"{row['role']} of {row['object_id']} has one holder{hint}"
        )

    mend = (
        "End the older term (valid_to) the day before the newer begins, "
        "or name the holder in deputy_of where this is a deputy."
    )
    first_of_each = bad.sort("row", "row_older").unique("row", keep="first", maintain_order=True)
    return first_of_each, "overlap", told, mend


def _day(day: date) -> str:
    return "" if day in (date.min, date.max) else day.isoformat()


def refused_rows(
    rows: Rows, bad: pl.DataFrame, reason: str, detail: _TOLD, mend: str
) -> list[Refusal]:
    return [
        Refusal(rows.file, int(row["row"]), reason, detail(row), mend)
        for row in bad.iter_rows(named=True)
    ]
