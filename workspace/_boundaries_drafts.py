"""Drafts in the database: read, changed in the revision that was read, and what was done noted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Connection, and_, update

from duty.sections import problems
from geo.errors import InputError
from workspace import db, store, users
from workspace._boundaries_held import Held, standing
from workspace._boundaries_operations import Operation, names, replayed
from workspace._cache import cached
from workspace.folder import Workspace
from workspace.placing import shorelines

_TOLD = 5


@dataclass(frozen=True)
class Draft:
    """A draft as it stands; ``undone`` are operations that can be put back, the last one first.

    It is of the sections (``level`` is "section") or of a level of grids.
    """

    draft_id: str
    name: str
    based_on: int | None
    operations: tuple[Operation, ...]
    undone: tuple[Operation, ...]
    rev: int
    author: str
    state: str
    t: datetime
    made: bool
    level: str

    @property
    def place(self) -> str:
        """Return what an error names as its place."""
        return f"draft {self.draft_id}"


def lines(ws: Workspace) -> pl.DataFrame:
    """Return ``shoreline_id, length_m, is_ring`` in the order of the shore."""
    return cached(ws, "shore lines", ("shorelines", "segments"), lambda: _lines(ws))


def _lines(ws: Workspace) -> pl.DataFrame:
    found = shorelines(ws)
    schema = {"shoreline_id": pl.String, "length_m": pl.Float64, "is_ring": pl.Boolean}
    return pl.DataFrame({name: found[name].tolist() for name in schema}, schema=schema)


def read_draft(target: store.Target, draft_id: str) -> Draft:
    """Return a draft; raise InputError where there is none of that id."""
    found = store.read(target, "boundary_drafts", where=db.boundary_drafts.c.draft_id == draft_id)
    if found.is_empty():
        raise InputError(
            f"there is no draft {draft_id!r}",
            where="boundaries",
            mend="`shoregrid boundaries WS list` shows them.",
        )
    row = found.row(0, named=True)
    told = {name: tuple(json.loads(row[name])) for name in ("operations", "undone")}
    return Draft(**{**row, **told})


def drafts(ws: Workspace, *, levels: Sequence[str] = ("section",)) -> pl.DataFrame:
    """Return the drafts of the sections, or of some levels of grids, the newest first.

    The table's columns without operations, their number ``n_operations``, and ``stale``: whether
    the version that it is based on is no longer the one of its level published last.
    """
    found = store.read(
        ws.engine, "boundary_drafts", where=db.boundary_drafts.c.level.in_(levels)
    ).sort("t", "draft_id", descending=True)
    latest = pl.concat(
        [
            standing(ws.engine, "boundary_versions").select("version", level=pl.lit("section")),
            standing(ws.engine, "grid_versions").select("version", "level"),
        ]
    )
    last = latest.group_by("level").agg(latest=pl.col("version").max())
    open_ = ~pl.col("state").is_in(("published", "rejected"))
    number = pl.col("operations").str.json_decode(pl.List(pl.Struct({"op": pl.String}))).list.len()
    return (
        found.join(last, on="level", how="left", maintain_order="left")
        .with_columns(
            n_operations=number.cast(pl.Int64),
            stale=open_ & pl.col("based_on").ne_missing(pl.col("latest")),
        )
        .drop("operations", "undone", "latest")
    )


def steps_of(target: store.Target, draft_id: str) -> pl.DataFrame:
    """Return what was done with a draft, oldest first: rev, step, operations, t, user, reason."""
    found = store.read(target, "boundary_steps", where=db.boundary_steps.c.draft_id == draft_id)
    return found.sort("step_id").drop("step_id", "draft_id")


def operations_at(target: store.Target, draft_id: str, rev: int) -> list[Operation] | None:
    """Return a draft's operations as they were in a revision; None where there was none."""
    found = steps_of(target, draft_id).filter(pl.col("rev") <= rev)["operations"].drop_nulls()
    return json.loads(found[-1]) if len(found) else None


def change(connection: Connection, one: Draft, read: int, /, **values: object) -> bool:
    """Change a draft if it is still in a revision; return whether it was.

    On PostgreSQL whoever comes second waits here, and then finds the newer revision.
    """
    table = db.boundary_drafts.c
    same = and_(table.draft_id == one.draft_id, table.rev == read, table.state == one.state)
    done = connection.execute(update(db.boundary_drafts).where(same).values(values))
    store.touch(connection, "boundary_drafts")
    return bool(done.rowcount)


def note(
    connection: Connection, one: Draft, step: str, *, user: str, reason: str = "", now: datetime
) -> None:
    """Write down a step with the operations of that moment, and the audit trail's line of it."""
    row = {
        "draft_id": one.draft_id,
        "rev": one.rev,
        "step": step,
        "operations": store.as_json(list(one.operations)),
        "t": now,
        "user": user,
        "reason": reason.strip() or None,
    }
    kinds = {"reason": pl.String}
    store.write(connection, "boundary_steps", pl.DataFrame([row], schema_overrides=kinds))
    detail = {"name": one.name, "rev": one.rev, "reason": reason}
    what = "boundaries" if one.level == "section" else "grids"
    users.record(connection, user, f"{what} {step}", one.draft_id, detail, now=now)


def made_of(base: Held, operations: Sequence[Operation], shore: pl.DataFrame) -> Held:
    """Return what operations make of a version."""
    made = replayed(base.division, operations, shore)
    return Held(base.version, names(base, operations, made), *made.tables())


def stood_on(base: Held, operations: Sequence[Operation], shore: pl.DataFrame) -> Held:
    """Return what operations make of a version; raise InputError where shore has no section."""
    found = made_of(base, operations, shore)
    wrong = problems(found.sections, found.cuts, found.hangs, shore) if operations else []
    if wrong:
        raise InputError(
            f"the sections do not divide the shore: "
            f"{'; '.join(one.detail for one in wrong[:_TOLD])}",
            where="operations",
            mend="Give every shoreline a section: cut it, or hang it on one that is cut.",
        )
    return found


def must_be(one: Draft, state: str) -> None:
    """Raise InputError where a draft is in another state."""
    if one.state != state:
        raise InputError(
            f"the draft is {one.state}, not {state}",
            where=one.place,
            mend="The way is: edit, submit, approve by another person, publish.",
        )


def must_be_of(one: Draft, levels: Sequence[str]) -> None:
    """Raise InputError where a draft is of something else."""
    if one.level not in levels:
        raise InputError(
            f"the draft is of {one.level}",
            where=one.place,
            mend="`shoregrid boundaries WS list` and `shoregrid grids WS list` show the drafts.",
        )


def reasoned(place: str, reason: str) -> None:
    """Raise InputError where no reason is given."""
    if not reason.strip():
        raise InputError("a reason is lacking", where=place, mend="Say why: --reason TEXT.")
