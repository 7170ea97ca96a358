"""The published grids and townships: which version of a level holds on a day, and what is in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from sqlalchemy import Connection, func, select

from duty.grids import Grids
from geo.errors import InputError
from geo.grids import Coverage, locate
from workspace import db, store
from workspace._boundaries_held import begin_version, latest, standing, today
from workspace._cache import cached
from workspace.folder import Workspace

#: What must be unchanged for what was read of grids to hold.
TABLES = ("grid_versions", "grids")
LEVELS = {
    "township": ("镇街", "townships"),
    "village": ("村社", "villages"),
    "grid": ("网格", "grids"),
    "patrol": ("巡防网格", "patrol grids"),
}
NAMED = pl.Schema(
    {
        "grid_id": pl.String,
        "name": pl.String,
        "name_en": pl.String,
        "township_id": pl.String,
        "head_unit": pl.String,
        "made": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Level:
    """The grids of one version of a level; empty, with the version None, where there is none.

    ``named`` (``NAMED``) has a row for each grid of the coverage, in its order.
    """

    level: str
    version: int | None = None
    named: pl.DataFrame = field(default_factory=NAMED.to_frame)
    grids: Grids = field(default_factory=lambda: Grids(Coverage((), np.array([], dtype=object))))

    def layer(self) -> gpd.GeoDataFrame:
        """Return the grids as a layer with their names."""
        return gpd.GeoDataFrame(
            self.named.to_dict(as_series=False), geometry=self.grids.coverage.shapes, crs=4326
        )


def known(level: str) -> str:
    """Return a level; raise InputError where there is none of that name."""
    if level not in LEVELS:
        raise InputError(
            f"there is no level {level!r}",
            where="--level",
            mend=f"Give one of {', '.join(LEVELS)}.",
        )
    return level


def holding(ws: Workspace, level: str, day: date | None = None) -> Level:
    """Return what holds of a level on a local day, today where none is named."""
    chosen = day or today(ws)
    return cached(
        ws,
        ("grids", level, chosen),
        TABLES,
        lambda: read_version(ws.engine, level, version_on(ws.engine, level, chosen)),
    )


def version_on(target: store.Target, level: str, day: date) -> int | None:
    """Return a level's latest published version whose day has come, None where there is none."""
    return latest(versions_of(target, level), day)


def versions_of(target: store.Target, level: str) -> pl.DataFrame:
    """Return the published versions of a level that nobody took back, in their order."""
    return standing(target, "grid_versions", db.grid_versions.c.level == level)


def newest(connection: Connection, level: str) -> int | None:
    """Return the version of a level published last, whether its day has come or not."""
    table = db.grid_versions.c
    own = (table.level == level) & table.withdrawn_at.is_(None)
    return connection.scalar(select(func.max(table.version)).where(own))


def read_version(target: store.Target, level: str, version: int | None) -> Level:
    """Return a version as it is in the database; an empty one for None."""
    if version is None:
        return Level(level)
    found = store.read(target, "grids", where=db.grids.c.version == version)
    row = store.read(target, "grid_versions", where=db.grid_versions.c.version == version)
    shapes = np.asarray(
        shapely.from_wkb(np.array(found["geometry"].to_list(), dtype=object)), dtype=object
    )
    by_hand: Mapping[str, str] = json.loads(row["by_hand"][0])
    coverage = Coverage(tuple(found["grid_id"]), shapes)
    return Level(level, version, found.select(NAMED.names()), Grids(coverage, by_hand))


def publish(
    connection: Connection,
    held: Level,
    *,
    valid_from: date,
    user: str | None,
    reason: str,
    now: datetime,
    day: date,
    draft_id: str | None = None,
    made: bool = False,
) -> int:
    """Add a version of a level and return its number; ``held.version`` is what it is based on.

    As `_boundaries_held.publish`.
    """
    version = begin_version(
        connection,
        "grid_versions",
        {
            "level": held.level,
            "published_at": now,
            "user": user,
            "reason": reason,
            "based_on": held.version,
            "draft_id": draft_id,
            "by_hand": store.as_json(dict(held.grids.by_hand)),
            "made": made,
        },
        valid_from=valid_from,
        day=day,
        of=db.grid_versions.c.level == held.level,
    )
    rows = held.named.with_columns(
        version=pl.lit(version, dtype=pl.Int64),
        geometry=pl.Series(
            [shapely.to_wkb(one, byte_order=1) for one in held.grids.coverage.shapes],
            dtype=pl.Binary,
        ),
    )
    store.write(connection, "grids", rows)
    return version


def in_townships(one: Level, towns: Level) -> Level:
    """Return a level with the township of each grid: the one told, or the one it lies in.

    Townships may be told by id or by name; where there is none of that, what is told stays.
    """
    if one.level == "township":
        return one
    words = {name: t for t, name in towns.named.select("grid_id", "name").iter_rows()}
    words |= {name: name for name in towns.named["grid_id"]}
    inside = shapely.point_on_surface(one.grids.coverage.shapes)
    lying = locate(towns.grids.coverage, shapely.get_x(inside), shapely.get_y(inside))
    found = [
        words.get(told, told) if told else here
        for told, here in zip(one.named["township_id"], lying, strict=True)
    ]
    named = one.named.with_columns(township_id=pl.Series(found, dtype=pl.String))
    return Level(one.level, one.version, named, one.grids)
