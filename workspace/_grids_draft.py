"""Drafts of one level of grids: what operations make of a version, and what two people changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import polars as pl
import shapely
from sqlalchemy import Connection

from duty.grids import Grids, apply
from geo.errors import InputError
from geo.grids import Coverage, exchanged
from workspace import store
from workspace._boundaries_operations import Operation
from workspace._grids_held import (
    NAMED,
    Level,
    in_townships,
    newest,
    publish,
    read_version,
    version_on,
    versions_of,
)
from workspace.folder import Workspace

COMPOSE = "compose"
_TOLD = 6


def compose(version: int, grids: Mapping[str, str]) -> dict[str, object]:
    """Return the operation that makes all grids anew, of the units of a published version.

    ``grids`` has the new grid of each unit.
    """
    return {"op": COMPOSE, "version": version, "grids": dict(grids)}


class GridDrafts:
    """Drafts of one level of grids; a version is a `Level`."""

    table = "grid_versions"
    command = "grids"

    def __init__(self, ws: Workspace, level: str) -> None:
        self.level = level
        self._engine = ws.engine

    def newest(self, connection: Connection) -> int | None:
        """Return the version published last, whether its day has come or not."""
        return newest(connection, self.level)

    def standing(self, connection: Connection) -> pl.DataFrame:
        """Return the versions that nobody took back, in their order."""
        return versions_of(connection, self.level)

    def read(self, target: store.Target, version: int | None) -> Level:
        """Return a version; an empty one for None."""
        return read_version(target, self.level, version)

    def made(self, base: Level, operations: Sequence[Operation]) -> Level:
        """Return what operations make of a version; raise InputError naming which cannot be."""
        grids = base.grids
        for number, one in enumerate(operations, start=1):
            try:
                grids = self._composed(one) if one.get("op") == COMPOSE else apply(grids, one)
            except InputError as error:
                where = f"operation {number} ({one.get('op')})"
                raise InputError(error.what, where=where, mend=error.mend) from error
        return replace(base, grids=grids, named=_names(base, operations, grids))

    stood = made

    def rebased(
        self, operations: Sequence[Operation], old: Level, new: Level
    ) -> tuple[list[Operation], list[str]]:
        """Return the operations that can be done on a newer version, and why others cannot.

        What `compose` makes does not depend on the version, so it stays as it is: `clashes` tells
        which changes of others it undoes.
        """
        del old
        kept: list[Operation] = []
        lost: list[str] = []
        made = new
        for number, one in enumerate(operations, start=1):
            try:
                made = self.made(made, [one])
            except InputError as error:
                lost.append(f"{number} ({one.get('op')}): {error.what}")
            else:
                kept.append(one)
        return kept, lost

    def differing(self, old: Level, new: Level) -> pl.DataFrame:
        """Return the ground that changed hands, as `geo.grids.exchanged`."""
        return exchanged(old.grids.coverage, new.grids.coverage)

    def clashes(self, old: Level, mine: Level, theirs: Level) -> pl.DataFrame:
        """Return the grids that both changed in another way: ``grid_id, km2`` between them."""
        changed = [_touched(self.differing(old, one)) for one in (mine, theirs)]
        apart = self.differing(theirs, mine)
        both = sorted(changed[0] & changed[1])
        km2 = [
            apart.filter((pl.col("from_grid") == one) | (pl.col("to_grid") == one))["km2"].sum()
            for one in both
        ]
        schema = {"grid_id": pl.String, "km2": pl.Float64}
        return pl.DataFrame({"grid_id": both, "km2": km2}, schema=schema).filter(pl.col("km2") > 0)

    def told(self, differing: pl.DataFrame, clashes: pl.DataFrame) -> list[str]:
        """Return both in words."""
        parts = [f"changed hands since: {self.summed(differing)}"]
        if clashes.height:
            parts.append(f"both changed {', '.join(clashes['grid_id'])}")
        return parts

    def summed(self, differing: pl.DataFrame) -> str:
        """Return what changed hands in words."""
        some = [
            f"{row['from_grid'] or '–'} → {row['to_grid'] or '–'} ({row['km2']:.3f} km2)"
            for row in differing.head(_TOLD).iter_rows(named=True)
        ]
        more = [f"… {differing.height - _TOLD}"] if differing.height > _TOLD else []
        told = f" ({', '.join([*some, *more])})" if some else ""
        return f"{differing['km2'].sum():.3f} km2{told}"

    def publish(
        self,
        connection: Connection,
        stood: Level,
        *,
        valid_from: date,
        user: str,
        reason: str,
        now: datetime,
        day: date,
        draft_id: str,
        made: bool,
    ) -> int:
        """Add a version and return its number; new grids get the township that they lie in."""
        held = version_on(connection, "township", valid_from)
        towns = read_version(connection, "township", held)
        return publish(
            connection,
            in_townships(stood, towns),
            valid_from=valid_from,
            user=user,
            reason=reason,
            now=now,
            day=day,
            draft_id=draft_id,
            made=made,
        )

    def _composed(self, operation: Operation) -> Grids:
        """Return grids made of the units of a published version."""
        version, told = operation.get("version"), operation.get("grids")
        mend = 'Give {"op": "compose", "version": number, "grids": {unit: grid}}, with every unit.'
        if not isinstance(version, int) or not isinstance(told, Mapping):
            raise InputError("it lacks a version or grids", where=COMPOSE, mend=mend)
        units = read_version(self._engine, "", version).grids.coverage
        strange = sorted(set(units.ids) ^ set(map(str, told)))
        if strange or not units.ids:
            names = ", ".join(strange[:_TOLD])
            raise InputError(
                f"the units are not those of version {version}: {names}", where=COMPOSE, mend=mend
            )
        of = np.array([str(told[one]) for one in units.ids])
        ids = tuple(dict.fromkeys(of.tolist()))
        shapes = [shapely.coverage_union_all(units.shapes[of == one]) for one in ids]
        return Grids(Coverage(ids, np.array([*shapes, None], dtype=object)[:-1]))


def _touched(found: pl.DataFrame) -> set[str]:
    return {one for name in ("from_grid", "to_grid") for one in found[name].drop_nulls()}


def _names(base: Level, operations: Sequence[Operation], grids: Grids) -> pl.DataFrame:
    """Return the names of a draft's grids: what an operation that makes one says, else its id."""
    given: dict[str, tuple[object, object]] = {}
    for one in operations:
        made = one.get("new") if one.get("op") == "split" else one.get("grid")
        if one.get("op") in {"split", "draw"}:
            given[str(made)] = (one.get("name"), one.get("name_en"))
    told = pl.DataFrame(
        [(one, *given.get(one, (None, None))) for one in grids.coverage.ids],
        schema={"grid_id": pl.String, "said": pl.String, "said_en": pl.String},
        orient="row",
    )
    return (
        told.join(base.named, on="grid_id", how="left", maintain_order="left")
        .with_columns(
            name=pl.coalesce("name", "said", "grid_id"),
            name_en=pl.coalesce("name_en", "said_en"),
            made=pl.col("made").fill_null(value=False),
        )
        .select(NAMED.names())
    )
