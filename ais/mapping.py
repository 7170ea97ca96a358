"""Say how to read a table of AIS that is in no known dialect: a mapping file in TOML.

A mapping names the file's columns, and where they differ from the usual its separator, decimal
mark, units, times, zone and what stands for "not available"::

    source = "harbour radar"            # the feed's name; default: mapped
    separator = ";"                     # default: told by the header
    decimal = ","                       # default: .
    time = "%d.%m.%Y %H:%M:%S"          # or iso, unix_s, unix_ms; default: told by its shape
    zone = "Asia/Shanghai"              # of times without an offset; default: UTC
    not_available = ["-", "-999"]
    mmsi = 412345678                    # where the file is one vessel's track
    names = ["t", "x", "y"]             # where the file has no header row

    [columns]
    t = "Zeit"                          # or ["Datum", "Uhrzeit"]
    lon = "Länge"
    lat = "Breite"
    sog = "Fahrt"

    [units]
    sog = "km/h"
"""

import tomllib
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ais import _csv_scan as scan
from ais._layouts import SEPARATORS, UNITS, Plan, nearest
from ais.schema import MAX_MMSI
from geo.errors import InputError

_COLUMNS = {
    "t": "t",
    "mmsi": "mmsi",
    "lon": "lon",
    "lat": "lat",
    "sog": "sog_kn",
    "cog": "cog_deg",
    "heading": "heading_deg",
    "status": "status",
    "msg_type": "msg_type",
    "cls": "cls",
    "source": "source",
    "imo": "imo",
    "name": "name",
    "callsign": "callsign",
    "ship_type": "ship_type",
    "length": "length_m",
    "width": "width_m",
    "draught": "draught_m",
}
"""A mapping's word for a column → ours."""
_UNITS = {theirs: UNITS[ours] for theirs, ours in _COLUMNS.items() if ours in UNITS}
_TIMES = {"iso": scan.ISO, "unix_s": scan.UNIX_S, "unix_ms": scan.UNIX_MS}
_TEXTS = ("source", "separator", "decimal", "time", "zone")
_KEYS = (*_TEXTS, "not_available", "mmsi", "names", "columns", "units")


@dataclass(frozen=True)
class Mapping:
    """How to read a table, with our names for its columns."""

    where: str
    plan: Plan
    separator: str | None
    names: tuple[str, ...] = ()
    """The names of the columns, where the table has no header row."""

    @classmethod
    def read(cls, path: str | Path) -> "Mapping":
        """Read a mapping file.

        Raises
        ------
        InputError
            With every problem of it at once: words and units not known (and the nearest that
            is), values of the wrong kind, the columns that no table can do without.
        """
        where = str(path)
        try:
            said = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InputError(
                f"the mapping cannot be read: {error.strerror}", where=where, mend="Check the path."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"the mapping is not TOML: {error}", where=where, mend="Mend it and try again."
            ) from error
        problems = list(_problems(said))
        if problems:
            raise InputError(
                f"the mapping cannot be used: {'; '.join(problems)}",
                where=where,
                mend="docs/formats.md shows a mapping with every key.",
            )
        return cls(where, _plan(said), said.get("separator"), tuple(said.get("names", ())))

    def plan_for(self, names: Sequence[str], separator: str, *, where: str) -> Plan:
        """Return how to read a table with these column names.

        Raises
        ------
        InputError
            With every column that the mapping names and the table lacks.
        """
        missing = [
            repr(name) + nearest(name, names)
            for name in dict.fromkeys(self.plan.columns.values())
            if name not in names
        ]
        if missing:
            raise InputError(
                f"the table lacks {', '.join(missing)}; it has {', '.join(names)}",
                where=where,
                mend=f"Name its columns in {self.where}.",
            )
        return self.plan._replace(separator=separator)


def _plan(said: dict[str, Any]) -> Plan:
    columns: dict[str, str] = {}
    for theirs, name in said["columns"].items():
        if isinstance(name, list):
            columns["t"], columns["t2"] = name
        else:
            columns[_COLUMNS[theirs]] = name
    time, zone = said.get("time"), said.get("zone")
    zone = None if zone == "UTC" else zone
    written = _TIMES.get(time or "", scan.ANY)
    if zone is not None and written in {scan.ISO, scan.ANY}:
        written = scan.ISO_LOCAL
    return Plan(
        "mapped",
        said.get("source", "mapped"),
        columns,
        written,
        time if time is not None and "%" in time else None,
        zone,
        {_COLUMNS[theirs]: _UNITS[theirs][unit] for theirs, unit in said.get("units", {}).items()},
        tuple(map(str, said.get("not_available", []))),
        said.get("mmsi"),
        decimal=said.get("decimal", "."),
    )


def _problems(said: dict[str, Any]) -> Iterator[str]:
    yield from (f"unknown key {key!r}{nearest(key, _KEYS)}" for key in said if key not in _KEYS)
    for key in ("columns", "units"):
        if not isinstance(said.get(key, {}), dict):
            yield f"{key} is no table ([{key}])"
            return
    for key in _TEXTS:
        if not isinstance(said.get(key, ""), str):
            yield f"{key} is {said[key]!r}, a text is wanted"
            return
    yield from _column_problems(said)
    yield from _value_problems(said)
    for theirs, unit in said.get("units", {}).items():
        if theirs not in _UNITS:
            yield f"no unit can be told for {theirs!r}{nearest(theirs, tuple(_UNITS))}"
        elif unit not in _UNITS[theirs]:
            yield f"unknown unit {unit!r} of {theirs} (known: {', '.join(_UNITS[theirs])})"


def _column_problems(said: dict[str, Any]) -> Iterator[str]:
    columns = said.get("columns", {})
    for theirs, name in columns.items():
        if theirs not in _COLUMNS:
            yield f"unknown column {theirs!r}{nearest(theirs, tuple(_COLUMNS))}"
        pair = isinstance(name, list) and len(name) == 2 and all(isinstance(n, str) for n in name)
        if not isinstance(name, str) and not (pair and theirs == "t"):
            yield f"column {theirs} is {name!r}, the name of a column is wanted"
    for theirs in ("t", "lon", "lat"):
        if theirs not in columns:
            yield f"no column is named for {theirs!r}"
    if ("mmsi" in columns) == ("mmsi" in said):
        yield "either a column of MMSIs or one mmsi for the whole file is wanted"


def _value_problems(said: dict[str, Any]) -> Iterator[str]:
    mmsi = said.get("mmsi", 1)
    if type(mmsi) is not int or not 1 <= mmsi <= MAX_MMSI:
        yield f"mmsi is {mmsi!r}, a number from 1 to {MAX_MMSI} is wanted"
    separator = said.get("separator", ",")
    if separator not in (*SEPARATORS, " "):
        yield f"separator is {separator!r} (known: comma, semicolon, tab, bar, blank)"
    if said.get("decimal", ".") not in {".", ","}:
        yield f"decimal is {said['decimal']!r} (known: '.' and ',')"
    time = said.get("time", "iso")
    if time not in _TIMES and "%" not in time:
        yield f"time is {time!r} (known: {', '.join(_TIMES)}, or a format like %Y-%m-%d %H:%M:%S)"
    zone = said.get("zone", "UTC")
    if zone not in zoneinfo.available_timezones():
        yield f"unknown zone {zone!r}{nearest(zone, tuple(zoneinfo.available_timezones()))}"
    nothing = said.get("not_available", [])
    if not isinstance(nothing, list) or not all(isinstance(n, str | int | float) for n in nothing):
        yield f"not_available is {nothing!r}, a list is wanted"
    names = said.get("names", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield f"names is {names!r}, a list of column names is wanted"
