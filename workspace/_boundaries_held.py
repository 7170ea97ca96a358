"""The published boundaries of the sections: which version holds on a day, and what is in it.

A later published version takes the place of an earlier one from its day on, and none holds before
the one published last does: who answered on a past day stays said, and what is to come neither
comes early nor is put aside unsaid. Only a version that does not hold yet can be taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from sqlalchemy import Connection, and_, func, select

from duty.division import Division
from geo.errors import InputError
from workspace import db, store
from workspace._cache import cached
from workspace.folder import Workspace

#: What must be unchanged for what was read of sections to hold.
TABLES = ("boundary_versions", "sections", "section_cuts", "section_hangs")
_FARTHEST = timedelta(days=3653)


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


def standing(target: store.Target, name: str, of: store.Condition | None = None) -> pl.DataFrame:
    """Return the rows of a table of versions that nobody took back, in their order."""
    stands = store.table_of(name).c.withdrawn_at.is_(None)
    where = stands if of is None else and_(stands, of)
    return store.read(target, name, where=where).sort("version")


def version_on(target: store.Target, day: date) -> int | None:
    """Return the latest published version whose day has come, None where there is none."""
    return latest(standing(target, "boundary_versions"), day)


def latest(found: pl.DataFrame, day: date) -> int | None:
    """Return the latest of some versions whose day has come, None where there is none."""
    version: int | None = found.filter(pl.col("valid_from") <= day)["version"].max()  # type: ignore[assignment]
    return version


def newest(connection: Connection) -> int | None:
    """Return the version published last, whether its day has come or not."""
    table = db.boundary_versions.c
    return connection.scalar(select(func.max(table.version)).where(table.withdrawn_at.is_(None)))


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
            "based_on": held.version,
            "draft_id": draft_id,
            "made": made,
        },
        valid_from=valid_from,
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
    valid_from: date,
    day: date,
    of: store.Condition | None = None,
) -> int:
    """Add a row to a table of versions and return its number.

    Raises
    ------
    InputError
        When it would hold before the last of the versions ``of`` does, or from a day so far ahead
        that it is mistyped.
    """
    table = store.table_of(name)
    _check_day(standing(connection, name, of), valid_from, day)
    version = (connection.scalar(select(func.max(table.c.version))) or 0) + 1
    kinds = {"based_on": pl.Int64, "user": pl.String, "draft_id": pl.String, "reason": pl.String}
    frame = pl.DataFrame(
        [{"version": version, "valid_from": valid_from, **row}], schema_overrides=kinds
    )
    store.write(connection, name, frame)
    return version


def _check_day(before: pl.DataFrame, valid_from: date, day: date) -> None:
    if valid_from > day + _FARTHEST:
        raise InputError(
            f"the day {valid_from} is more than {_FARTHEST.days // 365} years ahead",
            where="boundaries",
            mend="Check the year: --from YYYY-MM-DD.",
        )
    if before.is_empty():
        return
    version, last = before.select("version", "valid_from").row(-1)
    if last <= valid_from:
        return
    if last <= day:
        raise InputError(
            f"the day {valid_from} lies before {last}, from which the present version holds",
            where="boundaries",
            mend=f"Give {last} or a later day: who answered before stays as it was.",
        )
    raise InputError(
        f"version {version} is to hold from {last}, and one from {valid_from} would put it aside",
        where="boundaries",
        mend=f"Give {last} or a later day, or take version {version} back first: withdraw.",
    )


def versions(ws: Workspace) -> pl.DataFrame:
    """Return the published versions, the latest first: the table and ``holds`` (today).

    Those that were taken back before they held are among them, with ``withdrawn_at``.
    """
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
