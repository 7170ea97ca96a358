"""How far detection got: what was seen of each vessel, kept as Parquet beside the archive."""

import hashlib
import shutil
import time
import uuid
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
from sqlalchemy import Connection

import ais
import geo
from ais.watch import Watched, nothing
from workspace import archive, db, store
from workspace._watching import tools_of
from workspace.folder import Workspace

_NAME = "detect"
_YOUNG_S = 3_600


class State(NamedTuple):
    """What was seen up to a version of the archive, and of which statics."""

    watched: Watched
    statics: pl.DataFrame
    archive_version: int


def basis(ws: Workspace) -> str:
    """Return a digest of all that what is seen depends on, beside positions and statics.

    Rules, coast, tides, known berths, the archive itself and the code: where one of them is
    another, every vessel is watched anew.
    """
    coast = store.version(ws.engine, "segments", "land", "shorelines")
    tools = tools_of(ws)
    berths = tools.berths.sort("lon", "lat", "radius_m").hash_rows(seed=1).to_list()
    settings = (ws.config.coast_error_m, ws.config.reach_m, ws.config.draught_m, ws.config.margin_m)
    tides = store.version(ws.engine, "tide_stations", "rasters")
    text = repr(
        (
            tools.rules,
            settings,
            coast,
            tides,
            berths,
            archive.identity(ws.positions),
            _code(),
        )
    )
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


@cache
def _code() -> str:
    """Return a digest of the code that watches: what another release saw is seen anew."""
    sources = hashlib.blake2b(digest_size=12)
    for package in (ais, geo):
        for path in sorted(Path(package.__file__ or "").parent.glob("*.py")):
            sources.update(path.read_bytes())
    return sources.hexdigest()


def digests(statics: pl.DataFrame) -> pl.DataFrame:
    """Return ``mmsi, digest``: what is said of each vessel, in one number."""
    return (
        statics.select("mmsi", row=pl.struct(pl.all()).hash(seed=1))
        .group_by("mmsi")
        .agg(digest=pl.col("row").sort().hash(seed=2).sum())
        .sort("mmsi")
    )


def load(ws: Workspace, wanted: str) -> State | None:
    """Return the state that detection left, None where there is none or its basis is another."""
    rows = store.read(ws.engine, "watch_states", where=db.watch_states.c.name == _NAME)
    if rows.is_empty() or rows["digest"][0] != wanted:
        return None
    folder = folder_of(ws) / rows["folder"][0]
    try:
        tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in nothing()._fields}
        statics = pl.read_parquet(folder / "statics.parquet")
    except (OSError, pl.exceptions.PolarsError):
        return None
    if any(
        table.schema != made.schema for table, made in zip(tables.values(), nothing(), strict=True)
    ):
        return None
    return State(Watched(**tables), statics, int(rows["archive_version"][0]))


def save(ws: Workspace, state: State) -> str:
    """Write a state where nobody reads it yet, and return the name of its folder."""
    name = uuid.uuid4().hex
    folder = folder_of(ws) / name
    folder.mkdir(parents=True)
    for table, rows in (*state.watched._asdict().items(), ("statics", state.statics)):
        rows.write_parquet(folder / f"{table}.parquet")
    return name


def hold(connection: Connection, folder: str, *, version: int, digest: str, now: datetime) -> None:
    """Make a saved state the one that holds, in the transaction that writes its events."""
    row = pl.DataFrame(
        {
            "name": [_NAME],
            "folder": [folder],
            "archive_version": [version],
            "digest": [digest],
            "t": [now],
        }
    )
    store.upsert(connection, "watch_states", row)


def sweep(ws: Workspace, keep: str) -> None:
    """Remove the folders of states that hold no more; one just made may be another run's."""
    for one in folder_of(ws).iterdir():
        if one.name != keep and time.time() - one.stat().st_mtime > _YOUNG_S:
            shutil.rmtree(one, ignore_errors=True)


def replaced(old: Watched, fresh: Watched, touched: pl.Series) -> Watched:
    """Return the tables with the rows of the vessels ``touched`` taken from ``fresh``."""
    return Watched(
        *(
            pl.concat([table.filter(~pl.col("mmsi").is_in(touched.implode())), new])
            for table, new in zip(old, fresh, strict=True)
        )
    )


def folder_of(ws: Workspace) -> Path:
    """Return the folder in which detection keeps what it has seen."""
    return ws.root / "detected"
