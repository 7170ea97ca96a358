"""Who answers in a workspace, where nobody does, whether teams are full, and the duty rota.

The rules are files: `duty/roles.toml`, `duty/staffing.toml` and `duty/rota.toml` in the workspace's
folder, or those that the product ships.
"""

from datetime import date
from typing import Any

import polars as pl

from duty import roles as role_files
from duty import rota as rota_files
from duty import staffing as staffing_files
from duty.gaps import gaps as find_gaps
from duty.posts import answering as who_answers
from duty.posts import answers as who_answers_at
from duty.rota import Rota
from geo.errors import InputError
from workspace import db, store
from workspace.folder import Workspace
from workspace.placing import segments
from workspace.shipped import shipped_file

COUNTY = "county"


def _rules(ws: Workspace, name: str) -> tuple[str, str]:
    """Return the text of a file of rules and where it stands: the workspace's own, or shipped."""
    own = ws.root / "duty" / name
    path = own if own.is_file() else shipped_file(f"duty/{name}")
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except UnicodeDecodeError as error:
        raise InputError(
            f"it is not UTF-8 text ({error.reason})", where=str(path), mend="Save it as UTF-8."
        ) from error


def roles_of(ws: Workspace) -> role_files.Roles:
    """Return the roles that the workspace knows."""
    text, where = _rules(ws, "roles.toml")
    return role_files.load(text, where=where)


def answering(ws: Workspace, day: date) -> pl.DataFrame:
    """Return the posts that answer on a day, with ``stands_in_for``; see `duty.posts`."""
    absences = store.read(ws.engine, "post_absences")
    return who_answers(store.read(ws.engine, "posts"), absences, day)


def answers(ws: Workspace, object_kind: str, object_id: str, day: date) -> pl.DataFrame:
    """Return for each role of one object who answers there on a day; see `duty.posts.answers`."""
    return who_answers_at(
        store.read(ws.engine, "posts"),
        store.read(ws.engine, "post_absences"),
        roles_of(ws).table(),
        object_kind=object_kind,
        object_id=object_id,
        day=day,
    )


def objects(ws: Workspace) -> pl.DataFrame:
    """Return ``object_kind, object_id, name, name_en`` of all that somebody is to answer for.

    The county is one, with the id "county". Areas and townships have no list of their own: they
    are those that posts name.
    """
    wharves = store.read(
        ws.engine,
        "wharves",
        where=db.wharves.c.status == "in_use",
        columns=["wharf_id", "name", "name_en"],
    )
    sections = store.read(ws.engine, "sections", columns=["section_id", "name", "name_en"])
    county = pl.DataFrame(
        {"id": [COUNTY], "name": [ws.config.county_zh], "name_en": [ws.config.county_en]}
    )
    kinds = [
        ("county", county),
        ("section", sections.rename({"section_id": "id"})),
        ("wharf", wharves.rename({"wharf_id": "id"})),
    ]
    return pl.concat(
        [
            rows.select(pl.lit(kind).alias("object_kind"), "name", "name_en", object_id="id")
            for kind, rows in kinds
        ]
    ).select("object_kind", "object_id", "name", "name_en")


def gaps(ws: Workspace, *, first: date, last: date) -> pl.DataFrame:
    """Return `duty.gaps.gaps` with the labels of roles and objects.

    Adds ``role_zh, role_en, object_zh, object_en``. Posts on closed wharves count for nothing
    and are no fault either.
    """
    _in_order(first, last)
    roles, known = roles_of(ws).table(), objects(ws)
    posts = store.read(ws.engine, "posts")
    closed = store.read(
        ws.engine, "wharves", where=db.wharves.c.status == "closed", columns=["wharf_id"]
    )
    unused = (pl.col("object_kind") == "wharf") & pl.col("object_id").is_in(
        closed["wharf_id"].to_list()
    )
    posts = posts.filter(~unused.fill_null(value=False))
    absences = store.read(ws.engine, "post_absences")
    found = find_gaps(posts, absences, roles, known, first=first, last=last)
    return _named(found, known).join(
        roles.select("role", role_zh="zh", role_en="en"),
        on="role",
        how="left",
        maintain_order="left",
    )


def staffing(ws: Workspace, day: date) -> pl.DataFrame:
    """Return `duty.staffing.staffing` of every section, grid and township, with their labels."""
    text, where = _rules(ws, "staffing.toml")
    rules = staffing_files.load(text, where=where)
    posts, known = store.read(ws.engine, "posts"), objects(ws)
    named = posts.select("object_kind", "object_id").unique()
    listed = known["object_kind"].unique().to_list()
    every = pl.concat([known.select("object_kind", "object_id"), named]).filter(
        ~pl.col("object_kind").is_in(listed) | pl.col("object_id").is_in(known["object_id"])
    )
    found = staffing_files.staffing(rules, posts, every, _incidents(ws), day)
    return _named(found, known)


def rota(ws: Workspace, *, first: date, last: date) -> tuple[Rota, dict[str, Any]]:
    """Return the rota of some days, and the labels of its teams and shifts with ``made``.

    The labels are id → (zh, en); ``made`` is true where the shipped specimen was used.
    """
    text, where = _rules(ws, "rota.toml")
    plan = rota_files.load(text, where=where)
    labels = {one.id: (one.zh, one.en) for one in (*plan.teams, *plan.shifts)}
    return rota_files.rota(plan, first=first, last=last), {"labels": labels, "made": plan.made}


def _in_order(first: date, last: date) -> None:
    if last < first:
        raise InputError(
            f"the days run from {first} to {last}",
            where="--from, --to",
            mend="Give a first day that is not after the last.",
        )


def _named(found: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return a table with the names of its objects, or their ids where they have none."""
    return (
        found.join(
            known.rename({"name": "object_zh", "name_en": "object_en"}),
            on=["object_kind", "object_id"],
            how="left",
            maintain_order="left",
        )
        .with_columns(object_zh=pl.coalesce("object_zh", "object_id"))
        .with_columns(object_en=pl.coalesce("object_en", "object_zh"))
    )


def _incidents(ws: Workspace) -> pl.DataFrame:
    """Return ``object_kind, object_id, year, incidents`` of the sections, by local year."""
    shore = segments(ws)
    owner = pl.DataFrame(
        {
            "segment_id": shore["segment_id"].to_list(),
            "object_id": pl.Series(shore["section_id"].to_list(), dtype=pl.String),
        }
    ).drop_nulls()
    happened = store.read(ws.engine, "incidents", columns=["t0", "segment_id"])
    return (
        happened.join(owner, on="segment_id")
        .group_by(
            object_kind=pl.lit("section"),
            object_id="object_id",
            year=pl.col("t0").dt.convert_time_zone(ws.config.tz.key).dt.year(),
        )
        .agg(incidents=pl.len())
    )
