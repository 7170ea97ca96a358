"""Who answers in a workspace, where nobody does, whether teams are full, and the duty rota.

The rules are files: `duty/roles.toml`, `duty/staffing.toml` and `duty/rota.toml` in the workspace's
folder, or those that the product ships.
"""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from duty import roles as role_files
from duty import rota as rota_files
from duty import staffing as staffing_files
from duty.gaps import gaps as find_gaps
from duty.joint import check as check_joint
from duty.joint import leads
from duty.posts import answering as who_answers
from duty.posts import answers as who_answers_at
from duty.rota import Rota
from geo.errors import InputError
from workspace import db, grids, store
from workspace._boundaries_held import held, holding, newest
from workspace._rota_before import turns_of
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

    The county is one, with the id "county". Areas have no list of their own: they are those that
    posts name, and so are grids and townships until their boundaries are imported.
    """
    wharves = store.read(
        ws.engine,
        "wharves",
        where=db.wharves.c.status == "in_use",
        columns=["wharf_id", "name", "name_en"],
    )
    # A section to come wants its chief beforehand; one that is gone wants none.
    with ws.engine.connect() as connection:
        coming = newest(connection)
    sections = pl.concat(
        one.sections.select("section_id", "name", "name_en")
        for one in (holding(ws), held(ws, coming))
    ).unique("section_id", keep="last", maintain_order=True)
    county = pl.DataFrame(
        {"id": [COUNTY], "name": [ws.config.county_zh], "name_en": [ws.config.county_en]}
    )
    kinds = [
        ("county", county),
        ("section", sections.rename({"section_id": "id"})),
        ("wharf", wharves.rename({"wharf_id": "id"})),
        *((kind, one.named.rename({"grid_id": "id"})) for kind, one in _grounds(ws).items()),
    ]
    return pl.concat(
        [
            rows.select(pl.lit(kind).alias("object_kind"), "name", "name_en", object_id="id")
            for kind, rows in kinds
        ]
    ).select("object_kind", "object_id", "name", "name_en")


def _grounds(ws: Workspace) -> dict[str, grids.Level]:
    """Return today's grids and townships, by the kind of object that they are to posts."""
    found = {"grid": grids.patrolled(ws), "township": grids.holding(ws, "township")}
    return {kind: held for kind, held in found.items() if held.version is not None}


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


def rota_plan(ws: Workspace) -> rota_files.Plan:
    """Return teams, shifts and joint stretches, these checked against the workspace's shorelines.

    The shipped specimen's joint stretch lies on no shore, and is checked against none.
    """
    text, where = _rules(ws, "rota.toml")
    plan = rota_files.load(text, where=where)
    if not plan.made:
        known = store.read(ws.engine, "shorelines", columns=["shoreline_id", "length_m", "is_ring"])
        check_joint(plan.joint, known, where=where)
    return plan


def joint_leads(ws: Workspace, *, first: date, last: date) -> pl.DataFrame:
    """Return who leads on each joint stretch on each day; of a specimen none."""
    plan = rota_plan(ws)
    return leads(() if plan.made else plan.joint, first=first, last=last)


def rota(
    ws: Workspace, *, first: date, last: date, before: Path | None = None
) -> tuple[Rota, dict[str, Any]]:
    """Return the rota of some days, and the labels of its teams and shifts with ``made``.

    The labels are id → (zh, en); ``made`` is true where the shipped specimen was used. ``before``
    is the file of the rota that it goes on from, as that was written.
    """
    plan = rota_plan(ws)
    labels = {one.id: (one.zh, one.en) for one in (*plan.teams, *plan.shifts)}
    past = None if before is None else turns_of(before)
    done = rota_files.rota(plan, first=first, last=last, before=past)
    return done, {"labels": labels, "made": plan.made}


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
    """Return ``object_kind, object_id, year, incidents`` by local year.

    Of sections by the segment of the incident, of grids and townships by its place; both are
    today's.
    """
    shore = segments(ws)
    owner = pl.DataFrame(
        {
            "segment_id": shore["segment_id"].to_list(),
            "object_id": pl.Series(shore["section_id"].to_list(), dtype=pl.String),
        }
    )
    columns = ["t0", "segment_id", "lon", "lat"]
    happened = store.read(ws.engine, "incidents", columns=columns).with_columns(
        year=pl.col("t0").dt.convert_time_zone(ws.config.tz.key).dt.year()
    )
    of = {
        "section": happened.join(owner, on="segment_id", how="left", maintain_order="left")[
            "object_id"
        ],
        **{
            kind: grids.of_places(held, happened["lon"], happened["lat"])
            for kind, held in _grounds(ws).items()
        },
    }
    return (
        pl.concat(
            happened.select("year", object_kind=pl.lit(kind), object_id=ids)
            for kind, ids in of.items()
        )
        .drop_nulls()
        .group_by("object_kind", "object_id", "year")
        .agg(incidents=pl.len())
    )
