"""Files about the coast into the database: each row kept or refused, and never half an import."""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from geo.errors import InputError
from geo.io import read_layer, read_stations
from geo.landable import read_depth
from geo.shoreline import repair_land
from workspace import store
from workspace._import_around import AROUND, import_around
from workspace._import_tables import TABLES, import_table
from workspace._imported import Imported, Options
from workspace._quarantine import quarantine
from workspace.folder import Workspace

_PLAIN = Options()
_TABLES = TABLES
KINDS = ("coast", "tides", "depth", *AROUND, *TABLES)


def import_file(
    ws: Workspace,
    kind: str,
    path: Path,
    options: Options = _PLAIN,
    *,
    now: datetime | None = None,
    user: str | None = None,
) -> Imported:
    """Import one file; raise InputError when none of it can be used, with nothing changed.

    Rows that cannot be kept go to quarantine with file, row, reason and mend. Rows whose key is
    there already are updated.
    """
    moment = now or datetime.now(UTC)
    began = time.perf_counter()
    result = Imported()
    if kind == "coast":
        _coast(ws, path, options, result)
    elif kind == "tides":
        _tides(ws, path, options, result)
    elif kind == "depth":
        _depth(ws, path, options, result)
    elif kind in AROUND:
        import_around(ws, kind, path, options, result, now=moment)
    elif kind in TABLES:
        import_table(ws, kind, path, options, result, now=moment, user=user)
    else:
        raise KeyError(f"`kind` was {kind!r} but is expected to be in {{{', '.join(KINDS)}}}")
    if kind not in {*AROUND, *TABLES}:
        with ws.begin() as connection:
            quarantine(connection, kind, path, result.refused, moment)
    result.seconds["import"] = time.perf_counter() - began
    return result


def _coast(ws: Workspace, path: Path, _options: Options, result: Imported) -> None:
    """Import land polygons: shorelines, segments and exposure anew, places put onto them."""
    from workspace.building import build_coast

    land, refused = repair_land(read_layer(path), name=path.name)
    result.refused += refused
    result.counts.update(build_coast(ws, land))
    if result.counts["cuts_lost"]:
        result.notes.append(
            f"{result.counts['cuts_lost']} 处岸段分界点在新岸线上找不到位置，请重新导入责任岸段 · "
            f"{result.counts['cuts_lost']} section cuts found no shore within "
            f"{ws.config.max_snap_m:.0f} m: import the sections again"
        )


def _tides(ws: Workspace, path: Path, _options: Options, result: Imported) -> None:
    stations = read_stations(path)
    table = pl.DataFrame(
        {
            "station_id": [one.station_id for one in stations],
            "name": [one.name for one in stations],
            "lon": [one.lon for one in stations],
            "lat": [one.lat for one in stations],
            "note": [one.note for one in stations],
            "datums": [store.as_json(dict(one.datums)) for one in stations],
            "constituents": [store.as_json(one.constituents.to_dicts()) for one in stations],
        }
    )
    added, updated = store.upsert(ws.engine, "tide_stations", table)
    result.counts.update(rows_in=len(stations), added=added, updated=updated)
    result.notes += [f"{one.name}: {one.note}" for one in stations if one.note]


def _depth(ws: Workspace, path: Path, _options: Options, result: Imported) -> None:
    """Keep a depth raster and see anew from which tide on each segment can be landed on."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    read_depth(str(path))
    depth, fresh = ws.rasters / "depth.tif", ws.rasters / "depth.new.tif"
    shutil.copyfile(path, fresh)
    # Put in place at once: killed at any instant, the raster is the old one or the new one.
    fresh.replace(depth)
    result.counts["rasters"] = 1
    if store.count(ws.engine, "segments"):
        from workspace.building import set_landing

        set_landing(ws)
