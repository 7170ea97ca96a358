"""The grids and townships of a workspace: what holds when, what is wrong, who lacks a post."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import shapely

from duty import grids as duties
from duty.grids import SHORE_WITHIN_M
from geo.errors import InputError, Refusal
from geo.grids import locate, problems
from workspace import db, store
from workspace._boundaries_drafts import must_be_of, read_draft
from workspace._boundaries_held import periods, today
from workspace._grids_draft import GridDrafts
from workspace._grids_held import (
    LEVELS,
    TABLES,
    Level,
    holding,
    known,
    read_version,
    version_on,
    versions_of,
)
from workspace.folder import Workspace

__all__ = [
    "LEVELS",
    "TABLES",
    "changed",
    "check",
    "drawn",
    "figures",
    "history",
    "holding",
    "known",
    "levels",
    "of_places",
    "one_level",
    "patrolled",
    "place",
    "villages",
    "without_post",
]

_HISTORY = pl.Schema(
    {
        "level": pl.String,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
        "version": pl.Int64,
        "grid_id": pl.String,
        "name": pl.String,
        "name_en": pl.String,
    }
)


def levels(ws: Workspace) -> pl.DataFrame:
    """Return the published versions, by level and the latest first, and which ``holds`` today."""
    order = dict(zip(LEVELS, range(len(LEVELS)), strict=True))
    now = [version_on(ws.engine, level, today(ws)) for level in LEVELS]
    count = (
        store.read(ws.engine, "grids", columns=["version"]).group_by("version").agg(grids=pl.len())
    )
    return (
        store.read(ws.engine, "grid_versions")
        .join(count, on="version", how="left")
        .sort(pl.col("level").replace_strict(order, return_dtype=pl.Int64), -pl.col("version"))
        .with_columns(holds=pl.col("version").is_in([one for one in now if one is not None]))
        .drop("by_hand")
    )


def patrolled(ws: Workspace, day: date | None = None) -> Level:
    """Return the grids that teams are for: the patrol grids, or the grids where there are none."""
    found = holding(ws, "patrol", day)
    return found if found.version is not None else holding(ws, "grid", day)


def figures(ws: Workspace, held: Level) -> pl.DataFrame:
    """Return ``grid_id, name, name_en, township_id, head_unit, km2, villages, shore_km``."""
    told = duties.workloads(held.grids, places=villages(ws), shore=_shore(ws))
    return held.named.drop("made").join(told, on="grid_id", maintain_order="left")


def check(ws: Workspace, held: Level) -> list[Refusal]:
    """Return what is wrong with a version or draft, or to be looked at, each with its place."""
    shore = store.layer(ws.engine, "shorelines")
    where = LEVELS[held.level][1]
    return problems(held.layer(), shore=shore if len(shore) else None, file=where)


def without_post(ws: Workspace, held: Level, day: date) -> list[str]:
    """Return the grids without a post, fixed or mobile, in force on a local day.

    A grid's own posts count, and so do those on wharves in use that lie in it.
    """
    posts = store.read(ws.engine, "posts")
    manned = duties.in_force(posts, day).filter(pl.col("object_kind") == "wharf")["object_id"]
    wharves = store.read(
        ws.engine,
        "wharves",
        where=db.wharves.c.status == "in_use",
        columns=["wharf_id", "geometry"],
    ).filter(pl.col("wharf_id").is_in(manned.to_list()))
    return duties.without_post(held.grids, posts, day, stands=_places(wharves))


def history(ws: Workspace, lon: float, lat: float) -> pl.DataFrame:
    """Return in which grid of each level a place was, is and is to be; ``valid_to`` counts."""
    rows: list[tuple[Any, ...]] = []
    for level in LEVELS:
        for begin, until, version in periods(versions_of(ws.engine, level)):
            held = read_version(ws.engine, level, version)
            grid = locate(held.grids.coverage, np.array([lon]), np.array([lat]))[0]
            names = held.named.filter(pl.col("grid_id") == grid).select("name", "name_en")
            told = (grid, *(names.row(0) if names.height else (None, None)))
            rows.append((level, begin, until, version, *told))
    last = pl.col("valid_to").dt.offset_by("-1d")
    return pl.DataFrame(rows, schema=_HISTORY, orient="row").with_columns(valid_to=last)


def of_places(
    held: Level, lon: pl.Series, lat: pl.Series, *, within_m: float = SHORE_WITHIN_M
) -> pl.Series:
    """Return the grid of each place, of those at the shore the nearest; null where there is none.

    Places without a longitude and latitude are in no grid.
    """
    here = (lon.is_not_null() & lat.is_not_null()).to_numpy()
    found: list[str | None] = [None] * len(lon)
    told = locate(
        held.grids.coverage,
        lon.filter(here).to_numpy(),
        lat.filter(here).to_numpy(),
        within_m=within_m,
    )
    for row, grid in zip(np.flatnonzero(here).tolist(), told, strict=True):
        found[row] = grid
    return pl.Series("grid_id", found, dtype=pl.String)


def villages(ws: Workspace) -> pl.DataFrame:
    """Return ``village_id, lon, lat`` of the villages: that level's, or else the settlements."""
    level = holding(ws, "village")
    if level.version is not None:
        inside = shapely.point_on_surface(level.grids.coverage.shapes)
        ids: list[str] = list(level.grids.coverage.ids)
    else:
        found = store.layer(ws.engine, "settlements")
        inside = shapely.centroid(found.geometry.to_numpy())
        ids = [str(one) for one in found["settlement_id"]]
    return pl.DataFrame(
        {"village_id": ids, "lon": shapely.get_x(inside), "lat": shapely.get_y(inside)},
        schema={"village_id": pl.String, "lon": pl.Float64, "lat": pl.Float64},
    )


def _shore(ws: Workspace) -> pl.DataFrame:
    return store.read(ws.engine, "segments", columns=["lon", "lat", "length_m"])


def _places(found: pl.DataFrame) -> pl.DataFrame:
    shapes = shapely.from_wkb(np.array(found["geometry"].to_list(), dtype=object))
    return pl.DataFrame(
        {"lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)},
        schema={"lon": pl.Float64, "lat": pl.Float64},
    )


def one_level(ws: Workspace, level: str | None, day: date | None) -> Level:
    """Return a level that holds, by default that of the teams; raise InputError where none does."""
    held = patrolled(ws, day) if level is None else holding(ws, known(level), day)
    if held.version is None:
        raise InputError(
            f"there are no {LEVELS[held.level][1]} yet",
            where="grids",
            mend="Import them: shoregrid import WS boundaries FILE.",
        )
    return held


def drawn(ws: Workspace, draft_id: str) -> Level:
    """Return what a draft makes of the version that it is based on."""
    one = read_draft(ws.engine, draft_id)
    must_be_of(one, tuple(LEVELS))
    of = GridDrafts(ws, one.level)
    return of.made(of.read(ws.engine, one.based_on), one.operations)


def changed(ws: Workspace, draft_id: str) -> list[str]:
    """Return in words what ground, villages and shore a draft gives to other grids."""
    one = read_draft(ws.engine, draft_id)
    base = read_version(ws.engine, one.level, one.based_on)
    found = duties.changes(
        base.grids, drawn(ws, draft_id).grids, places=villages(ws), shore=_shore(ws)
    )
    return [
        f"{row['from_grid'] or '-'} → {row['to_grid'] or '-'} {row['km2']:.3f} km2, "
        f"{len(row['villages'])} 村 villages, {row['shore_km']:.1f} km 岸线 shore"
        for row in found.iter_rows(named=True)
    ]


def place(where: str) -> tuple[float, float]:
    """Return longitude and latitude as a person writes them."""
    lon, _, lat = where.partition(",")
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        x = y = float("nan")
    if abs(x) <= 180.0 and abs(y) <= 90.0:
        return x, y
    raise InputError(
        f"{where!r} is no place", where="grids", mend="Give LON,LAT in degrees: 121.9,29.2."
    )
