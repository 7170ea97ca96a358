"""The published boundaries of the sections: which version holds on a day, and what is in it.

A later published version takes the place of an earlier one from its day on. What has begun to hold
is not put aside before its day by a later version, so that who answered on a past day stays said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from sqlalchemy import Connection, and_, func, select

from duty.division import Division
from geo.errors import InputError
from workspace import db, store
from workspace._cache import cached
from workspace.folder import Workspace

#: What must be unchanged for what was read of sections to hold.
TABLES = ("boundary_versions", "sections", "section_cuts", "section_hangs")


@dataclass(frozen=True)
class Held:
    """The sections of one version, their cuts and hangs; empty, with None, where there is none."""

    version: int | None
    sections: pl.DataFrame
    cuts: pl.DataFrame
    hangs: pl.DataFrame

    @property
    def division(self) -> Division:
        """Return the version as a value that operations start from."""
        return Division.of(self.cuts, self.hangs)


def today(ws: Workspace) -> date:
    """Return the local day of the workspace."""
    return datetime.now(ws.config.tz).date()


def holding(ws: Workspace, day: date | None = None) -> Held:
    """Return what holds on a local day, today where none is named."""
    chosen = day or today(ws)
    return cached(ws, ("holding", chosen), TABLES, lambda: _held(ws, version_on(ws.engine, chosen)))


def held(ws: Workspace, version: int | None) -> Held:
    """Return a version; an empty one for None."""
    return _held(ws, version)


def _held(ws: Workspace, version: int | None) -> Held:
    return cached(ws, ("held", version), TABLES, lambda: read_version(ws.engine, version))


def version_on(target: store.Target, day: date) -> int | None:
    """Return the latest published version whose day has come, None where there is none."""
    found = store.read(target, "boundary_versions", columns=["version", "valid_from"])
    latest: int | None = (
        found.filter(pl.col("valid_from") <= day).select(pl.col("version").max()).item()
    )
    return latest


def newest(connection: Connection) -> int | None:
    """Return the version published last, whether its day has come or not."""
    return connection.scalar(select(func.max(db.boundary_versions.c.version)))


def read_version(target: store.Target, version: int | None) -> Held:
    """Return a version as it is in the database."""
    return Held(
        version,
        *(
            store.read(target, name, where=store.table_of(name).c.version == (version or 0)).drop(
                "version"
            )
            for name in ("sections", "section_cuts", "section_hangs")
        ),
    )


def write_cuts(
    connection: Connection, version: int, cuts: pl.DataFrame, hangs: pl.DataFrame
) -> None:
    """Replace the cuts and hangs of a version, where the coast under it has changed."""
    number = pl.lit(version, dtype=pl.Int64)
    for name, frame in (("section_cuts", cuts), ("section_hangs", hangs)):
        store.write(
            connection,
            name,
            frame.with_columns(version=number),
            replace=True,
            where=store.table_of(name).c.version == version,
        )


def publish(
    connection: Connection,
    held: Held,
    *,
    valid_from: date,
    user: str | None,
    reason: str,
    now: datetime,
    day: date,
    draft_id: str | None = None,
    made: bool = False,
) -> int:
    """Add a version and return its number; ``held.version`` is the one that it is based on.

    ``day`` is the local day of ``now``. To be called in a transaction that took its turn
    (`store.touch`).

    Raises
    ------
    InputError
        When the version would hold before the one that holds now began to.
    """
    version = begin_version(
        connection,
        "boundary_versions",
        {
            "published_at": now,
            "user": user,
            "reason": reason,
            "valid_from": valid_from,
            "based_on": held.version,
            "draft_id": draft_id,
            "made": made,
        },
        day=day,
    )
    number = pl.lit(version, dtype=pl.Int64)
    store.write(connection, "sections", held.sections.with_columns(version=number))
    write_cuts(connection, version, held.cuts, held.hangs)
    return version


def begin_version(
    connection: Connection,
    name: str,
    row: Mapping[str, object],
    *,
    day: date,
    of: store.Condition | None = None,
) -> int:
    """Add a row to a table of versions and return its number.

    Raises
    ------
    InputError
        When it would hold before that one of the versions ``of`` which holds on ``day`` began to.
    """
    table = store.table_of(name)
    begun = table.c.valid_from <= day
    before = store.read(connection, name, where=begun if of is None else and_(begun, of))
    first, valid_from = before["valid_from"].max(), row["valid_from"]
    if isinstance(first, date) and isinstance(valid_from, date) and valid_from < first:
        raise InputError(
            f"the day {valid_from} lies before {first}, from which the present version holds",
            where="boundaries",
            mend=f"Give {first} or a later day: who answered before stays as it was.",
        )
    version = (connection.scalar(select(func.max(table.c.version))) or 0) + 1
    kinds = {"based_on": pl.Int64, "user": pl.String, "draft_id": pl.String, "reason": pl.String}
    frame = pl.DataFrame([{"version": version, **row}], schema_overrides=kinds)
    store.write(connection, name, frame)
    return version


def versions(ws: Workspace) -> pl.DataFrame:
    """Return the published versions, the latest first: the table and ``holds`` (today)."""
    found = store.read(ws.engine, "boundary_versions").sort("version", descending=True)
    now = version_on(ws.engine, today(ws))
    return found.with_columns(holds=(pl.col("version") == now).fill_null(value=False))


def periods(found: pl.DataFrame) -> Sequence[tuple[date, date | None, int]]:
    """Return (first day, day after the last or None, version) of what held when, in order."""
    spans: list[tuple[date, date | None, int]] = []
    until: date | None = None
    for version, begin in (
        found.sort("version", descending=True).select("version", "valid_from").iter_rows()
    ):
        # A later published version has put aside what would have begun after it.
        if until is None or begin < until:
            spans.append((begin, until, version))
            until = begin
    return spans[::-1]
