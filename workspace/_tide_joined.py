"""Imported tide stations beside those that are stored under the same id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo.datums import MSL, Datums
from geo.errors import InputError
from geo.tides import Station, TideTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# An id holds one kind of station: another kind is kept under an id of its own, so that neither
# takes the other's place, and a table of high and low waters beside one of heights at steps.
_BESIDE = {"harmonic": ":constants", "table": ":table", "secondary": ":secondary"}
_UNLIKE = {"series": ":heights", "extremes": ":turns"}
_KINDS = {
    "harmonic": ("调和常数", "constants"),
    "table": ("潮汐表", "a table"),
    "secondary": ("附港", "a secondary port"),
}


def joined(one: Station, stored: Sequence[Station], notes: list[str]) -> Station:
    """Return an imported station as it is to be kept beside the stored ones; adds to ``notes``.

    Raises
    ------
    InputError
        When a table continues one above a datum whose offset from its own is not known.
    """
    known = _namesake(one, stored)
    if known is None:
        return one
    if known.kind != one.kind:
        return _beside(one, known, stored, notes)
    if one.table is None:
        return one
    return _continued(_named(one, known, known.station_id), known, stored, notes)


def _namesake(one: Station, stored: Sequence[Station]) -> Station | None:
    """Return the station of the same id; for a table, of its id without the source before it."""
    ids = {other.station_id: other for other in stored}
    found = ids.get(one.station_id)
    if found is None and one.table is not None:
        ending = f"/{one.station_id}"
        found = next((other for other in stored if other.station_id.endswith(ending)), None)
    return found


def _beside(one: Station, known: Station, stored: Sequence[Station], notes: list[str]) -> Station:
    """Return a station under an id of its own beside one of another kind."""
    own = _named(one, known, f"{known.station_id}{_BESIDE[one.kind]}")
    zh, en = _KINDS[known.kind]
    notes.append(
        f"{known.station_id} 是{zh}，此站另存为 {own.station_id} · {known.station_id} is {en}: "
        f"this one is kept beside it, as {own.station_id}"
    )
    before = next((other for other in stored if other.station_id == own.station_id), None)
    if before is None or one.table is None:
        return own
    return _continued(own, before, stored, notes)


def _named(one: Station, known: Station, station_id: str) -> Station:
    """Return a station under an id; a table takes place and datums from where it is known."""
    if one.table is None:
        return replace(one, station_id=station_id)
    return replace(
        one,
        station_id=station_id,
        name=known.name if one.name == one.station_id else one.name,
        lon=known.lon if np.isnan(one.lon) else one.lon,
        lat=known.lat if np.isnan(one.lat) else one.lat,
        datums=_datums(one.datum, one.datums, known.datums),
    )


def _datums(datum: str, *sources: Mapping[str, float]) -> dict[str, float]:
    """Return the datums known together with ``datum``; of two heights the earlier source's."""
    both = Datums.of(*sources, where=datum)
    return dict(next(group for group in both.groups if datum in group))


def _continued(
    one: Station, before: Station, stored: Sequence[Station], notes: list[str]
) -> Station:
    """Return a table with what an earlier one of its kind holds outside its span."""
    new, old = one.table, before.table
    if new is None or old is None:
        return one
    if new.kind != old.kind:
        own = f"{before.station_id}{_UNLIKE[new.kind]}"
        notes.append(
            f"逐时潮高与高低潮不能接成一表，另存为 {own} · heights at steps and high and low "
            f"waters make no one table: kept as {own}"
        )
        same = next((other for other in stored if other.station_id == own), None)
        placed = replace(one, station_id=own)
        return placed if same is None else _continued(placed, same, stored, notes)
    lift_m = _lift_m(one, before)
    first, last = new.span
    kept = (old.times < first) | (old.times > last)
    times = np.concatenate([old.times[kept], new.times])
    order = np.argsort(times)
    height_m = np.concatenate([old.height_m[kept], new.height_m + lift_m])[order]
    high = None
    if new.high is not None and old.high is not None:
        high = np.concatenate([old.high[kept], new.high])[order]
    table = TideTable(old.datum, times[order], height_m, high)
    if lift_m:
        notes.append(
            f"潮高 {lift_m:+.2f} m，换算到已存表的 {old.datum} · heights {lift_m:+.2f} m, to "
            f"stand above the {old.datum} of the table that is stored"
        )
    first, last = (str(t.astype("datetime64[D]")) for t in table.span)
    note = f"潮汐表 {first}–{last} · tide table from {first} to {last}"
    datums = _datums(old.datum, before.datums, one.datums)
    return replace(one, table=table, note=note, datums=datums)


def _lift_m(one: Station, before: Station) -> float:
    """Return what to add to a table's heights to have them above an earlier table's zero.

    Through mean sea level where both know it: chart datum may have been set anew between them.
    """
    own, known = one.known_datums(), before.known_datums()
    if own.knows(one.datum) and known.knows(before.datum):
        lift_m = own.between(one.datum, MSL) + known.between(MSL, before.datum)
        return round(lift_m, 4)
    both = Datums.of(before.datums, one.datums, where=one.station_id)
    if not both.knows(one.datum, before.datum):
        raise InputError(
            f"its heights stand above {one.datum}, and those of the table stored as "
            f"{before.station_id} above {before.datum}; how far apart the two are is not known",
            where=one.station_id,
            mend="Say so above the table (潮高基准面在平均海平面下 312 cm), or give the table's "
            "station an id of its own.",
        )
    return both.between(one.datum, before.datum)
