"""Tides into the database: constants, published tables and secondary ports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo._secondary_table import is_secondary, read_secondary
from geo._stations import read_stations
from geo._tide_text import read_json, read_rows
from geo.datums import MSL, Datums
from geo.errors import InputError, Refusal
from geo.tide_tables import read_tide_table
from geo.tides import Station, TideTable
from workspace import _tide_stations as rest
from workspace import store, tide
from workspace._imported import Options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workspace._imported import Imported
    from workspace.folder import Workspace

# A published table stands beside the constants of its station, under an id of its own.
_TABLE = ":table"
_CONSTANTS = {"constituent", "amplitude_m", "phase_deg_gmt"}


def import_tides(ws: Workspace, path: Path, options: Options, result: Imported) -> None:
    """Import a file of constants, a published tide table, or a table of secondary ports.

    A table continues or replaces, where they overlap, one of the same station that is there
    already; a table of a station whose constants are stored is kept beside them as ``ID:table``,
    and takes its place and datums from there.

    Raises
    ------
    InputError
        When the file is none of these, or a table's datum cannot be tied to mean sea level.
    """
    found, refused = _read(path, options, tide.stations(ws))
    if found[0].kind == "table":
        # Without the settings' datums, so that what is stored does not outlive them.
        found = [_beside(found[0], rest.read_stations(ws, {}), result)]
    found, tied = _tied(ws, path, found)
    result.refused += [*refused, *tied]
    added, updated = store.upsert(ws.engine, "tide_stations", rest.to_table(found))
    rows = len(found[0].table.times) if found[0].table is not None else len(found)
    result.counts.update(rows_in=rows + len(result.refused), added=added, updated=updated)
    result.notes += [f"{one.name}: {one.note}" for one in found if one.note]
    if any(np.isnan(one.lon) or np.isnan(one.lat) for one in found):
        ids = ", ".join(one.station_id for one in found if np.isnan(one.lon))
        result.notes.append(
            f"{ids} 没有位置，须在设置 tide_station 中指定才会使用 · {ids} does not say where it "
            "is: it is used where the setting tide_station names it"
        )
    if store.count(ws.engine, "segments"):
        from workspace.landing import set_landing

        set_landing(ws)
        if found[0].table is not None:
            result.notes += _reach(ws, found[0].station_id, found[0].table)


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


def _beside(one: Station, stored: Sequence[Station], result: Imported) -> Station:
    """Return a table's station joined with what is stored of that station."""
    known = next(
        (
            other
            for other in stored
            if other.station_id == one.station_id or other.station_id.endswith(f"/{one.station_id}")
        ),
        None,
    )
    if known is None:
        return one
    if known.table is None:
        placed = replace(
            one,
            station_id=f"{known.station_id}{_TABLE}",
            name=known.name if one.name == one.station_id else one.name,
            lon=known.lon if np.isnan(one.lon) else one.lon,
            lat=known.lat if np.isnan(one.lat) else one.lat,
            datums=_group(one, known),
        )
        before = next((o for o in stored if o.station_id == placed.station_id), None)
        result.notes.append(
            f"已另存为 {placed.station_id}；如要使用，请在设置 tide_station 中指定 · kept as "
            f"{placed.station_id}, beside the constants; name it in tide_station to use it"
        )
        return placed if before is None else _continued(placed, before)
    return _continued(
        replace(
            one,
            lon=known.lon if np.isnan(one.lon) else one.lon,
            lat=known.lat if np.isnan(one.lat) else one.lat,
        ),
        known,
    )


def _group(one: Station, known: Station) -> dict[str, float]:
    """Return a table's datums with those of its station."""
    both = Datums.of(one.datums, known.datums, where=one.station_id)
    return dict(next(group for group in both.groups if one.datum in group))


def _continued(one: Station, before: Station) -> Station:
    """Return a table with what an earlier one holds outside its span; as it is, if unlike."""
    new, old = one.table, before.table
    if new is None or old is None or new.kind != old.kind or new.datum != old.datum:
        return one
    first, last = new.span
    kept = (old.times < first) | (old.times > last)
    times = np.concatenate([old.times[kept], new.times])
    order = np.argsort(times)
    high = None
    if new.high is not None and old.high is not None:
        high = np.concatenate([old.high[kept], new.high])[order]
    joined = TideTable(
        new.datum, times[order], np.concatenate([old.height_m[kept], new.height_m])[order], high
    )
    first, last = (str(t.astype("datetime64[D]")) for t in joined.span)
    note = f"潮汐表 {first}–{last} · tide table from {first} to {last}"
    return replace(one, table=joined, note=note, datums=_group(one, before))


def _tied(
    ws: Workspace, path: Path, found: Sequence[Station]
) -> tuple[list[Station], list[Refusal]]:
    """Return the stations whose heights can be told above mean sea level; refuse the others."""
    kept: list[Station] = []
    refused: list[Refusal] = []
    for one in found:
        try:
            rest.with_datums(one, ws.config.datums).known_datums().between(one.datum, MSL)
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
