"""Tides into the database: constants, published tables and secondary ports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from geo._secondary_table import is_secondary, read_secondary
from geo._stations import read_stations
from geo._tide_limits import check_level
from geo._tide_text import read_json, read_rows
from geo.datums import MSL
from geo.errors import InputError, Refusal
from geo.tide_tables import read_tide_table
from workspace import _tide_stations as rest
from workspace import store, tide
from workspace._imported import Options
from workspace._tide_joined import joined

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from geo.tides import Station, TideTable
    from workspace._imported import Imported
    from workspace.folder import Workspace

_CONSTANTS = {"constituent", "amplitude_m", "phase_deg_gmt"}


def import_tides(ws: Workspace, path: Path, options: Options, result: Imported) -> None:
    """Import a file of constants, a published tide table, or a table of secondary ports.

    A table continues or replaces, where they overlap, one of the same station that is there
    already. An id that is stored as another kind of station, or of table, stays as it is: what
    is imported is kept beside it (``ID:table``, ``ID:constants``, ``ID:secondary``).

    Raises
    ------
    InputError
        When the file is none of these, a table's datum cannot be tied to mean sea level, or the
        tide of the segments cannot be told with it. Nothing is stored then.
    """
    found, refused = _read(path, options, tide.stations(ws))
    # Without the settings' datums, so that what is stored does not outlive them.
    stored = rest.read_stations(ws, {})
    found = [joined(one, stored, result.notes) for one in found]
    found, tied = _tied(ws, path, found)
    result.refused += [*refused, *tied]
    used = _used(ws)
    with ws.begin() as connection:
        added, updated = store.upsert(connection, "tide_stations", rest.to_table(found))
        # The workspace as it will be: where its tide cannot be told, nothing is written.
        after = replace(ws, engine=cast("Engine", connection))
        if store.count(connection, "segments"):
            from workspace.landing import set_landing

            set_landing(after)
            if found[0].table is not None:
                result.notes += _reach(after, found[0].station_id, found[0].table)
        idle = (used | _placed(found)) - _used(after) if not ws.config.tide_station else set()
    rows = len(found[0].table.times) if found[0].table is not None else len(found)
    result.counts.update(rows_in=rows + len(result.refused), added=added, updated=updated)
    result.notes[:0] = [f"{one.name}: {one.note}" for one in found if one.note]
    if any(np.isnan(one.lon) or np.isnan(one.lat) for one in found):
        ids = ", ".join(one.station_id for one in found if np.isnan(one.lon))
        result.notes.append(
            f"{ids} 没有位置，须在设置 tide_station 中指定才会使用 · {ids} does not say where it "
            "is: it is used where the setting tide_station names it"
        )
    if idle:
        ids = ", ".join(sorted(idle))
        result.notes.append(
            f"{ids} 处另有一站，平时不用；如要使用，请在设置 tide_station 中指定 · {ids}: another "
            "station speaks for its place; name it in tide_station to use it"
        )


def _placed(found: Sequence[Station]) -> set[str]:
    return {one.station_id for one in found if np.isfinite([one.lon, one.lat]).all()}


def _used(ws: Workspace) -> set[str]:
    """Return the stations that segments may take their tide from; none where one is named."""
    return set() if ws.config.tide_station else {one.station_id for one in tide.usable(ws)}


def _reach(ws: Workspace, station_id: str, table: TideTable) -> list[str]:
    """Return a note on the segments that lean on a table, whose tide ends with it."""
    ids, counts, _, _ = tide.weights(ws)
    leaning = int((counts[:, ids.index(station_id)] > 0).sum()) if station_id in ids else 0
    if not leaning:
        return []
    first, last = (str(t.astype("datetime64[D]")) for t in table.span)
    note = (
        f"{leaning} 个岸段用此表的潮位，{first} 之前和 {last} 之后没有潮位 · {leaning} segments "
        f"take their tide from this table; before {first} and after {last} they have none"
    )
    return [note]


def stations_in(path: Path, *, station: str | None = None) -> list[Station]:
    """Return the stations that a file holds by itself, without a workspace's."""
    return _read(path, Options(station=station), [])[0]


def _read(
    path: Path, options: Options, stored: Sequence[Station]
) -> tuple[list[Station], list[Refusal]]:
    """Return a file's stations by what it is seen to be."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    kind = _kind(path, options.layer)
    if kind == "harmonic":
        return read_stations(path), []
    if kind == "secondary":
        return read_secondary(
            path, stored, station=options.station, unit=options.unit, sheet=options.layer
        )
    one, refused = read_tide_table(
        path,
        timezone=options.timezone,
        datum=options.datum,
        unit=options.unit,
        station=options.station,
        sheet=options.layer,
    )
    return [one], refused


def _kind(path: Path, sheet: str | None) -> str:
    """Return what a file of tides holds: 'harmonic', 'secondary' or 'table'."""
    if path.suffix.lower() == ".json":
        keys = set(read_json(path))
        if "refStationId" in keys:
            return "secondary"
        return "table" if keys & {"predictions", "data", "error"} else "harmonic"
    head = [row.cells for row in read_rows(path, sheet=sheet)[:20]]
    if _CONSTANTS & set(head[0]):
        return "harmonic"
    return "secondary" if any(is_secondary(cells) for cells in head) else "table"


def _tied(
    ws: Workspace, path: Path, found: Sequence[Station]
) -> tuple[list[Station], list[Refusal]]:
    """Return the stations whose heights can be told above mean sea level; refuse the others."""
    kept: list[Station] = []
    refused: list[Refusal] = []
    for one in found:
        try:
            known = rest.with_datums(one, ws.config.datums)
            known.known_datums().between(one.datum, MSL)
            if known.table is not None:
                check_level(known.table, known.datums, where=path.name)
            kept.append(one)
        except InputError as problem:
            if len(found) == 1:
                raise InputError(problem.what, where=path.name, mend=problem.mend) from problem
            refused.append(
                Refusal(
                    path.name, None, "datum_unknown", f"{one.name}: {problem.what}", problem.mend
                )
            )
    if not kept:
        raise InputError(refused[0].detail, where=path.name, mend=refused[0].mend)
    return kept, refused
