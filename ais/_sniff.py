"""Tell what an AIS file is by how it begins."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from ais import _csv_scan as scan
from ais._cells import cells_of
from ais._csv import names_of
from ais._json import first_objects
from ais._layouts import (
    AISCATCHER,
    AISHUB,
    LAYOUTS,
    PLAIN,
    RAW_PER,
    SEPARATORS,
    Layout,
    Plan,
    layout_of,
    plain,
    plan_of,
)
from ais._parquet import MAGIC as PARQUET
from ais._unpack import kind_of
from ais.mapping import Mapping
from geo.errors import InputError

HEAD = 1 << 16
_JSON = re.compile(r"\s*(\{|\[(?![^\]\"{]*\]\s*[!\\$]))")
"""An object or a list; a list before a sentence is a log's time in brackets."""
_SENTENCE = re.compile(rb"![A-Z]{2}VD[MO],|(^|\\)\$[A-Z]{2,5},", re.IGNORECASE | re.MULTILINE)
_OTHERS = {
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!": "RAR",
    b"SQLite format 3": "SQLite",
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "Excel (.xls)",
}
_KNOWN = (
    "Known are NMEA 0183 (lines with !AIVDM), JSON of AISHub and AIS-catcher, Parquet, and tables "
    "with one of these headers: "
    + "; ".join(f"{layout.name}: {layout.shown}" for layout in LAYOUTS)
    + ". Any other table can be read with a mapping file (--mapping, docs/formats.md)."
)
_TRACK = {"segid", "vesselid", "id", "trackid"}


class Told(NamedTuple):
    """What a file is: NMEA where there is no plan, else a table of these columns or JSON."""

    plan: Plan | None
    names: list[str]
    layout: Layout | None = None
    listed: bool = False
    """Whether the JSON is a list, not one object a line."""
    headed: bool = True
    """Whether the table's first row names its columns."""


def told(start: bytes, *, where: str, mapping: Mapping | None = None) -> Told:
    """Tell what text is by how it begins.

    Raises
    ------
    InputError
        For other files than text, and for text in no dialect.
    """
    _must_be_text(start, where)
    text = _decoded(start)
    if mapping is None and _JSON.match(text):
        return _json(text, where)
    header, _, below = text.partition("\n")
    header = header.replace("\r", "").strip("\ufeff ")
    if mapping is not None:
        return _mapped(header, mapping, where)
    for separator in SEPARATORS:
        names = names_of(header, separator)
        layout = layout_of(names) if len(names) > 1 else None
        if layout is not None:
            plan = plan_of(layout, names, where=f"{where}, row 1")
            return Told(_fitted(plan._replace(separator=separator), names, below, where), names)
    if _SENTENCE.search(start):
        return Told(None, [])
    if "\0" in text:
        raise InputError("this is a binary file, not text", where=where, mend=_KNOWN)
    raise _unknown(header, where)


def _unknown(header: str, where: str) -> InputError:
    shown = header[:200] + ("…" if len(header) > 200 else "")
    names = {plain(name) for name in max((names_of(header, s) for s in SEPARATORS), key=len)}
    placed = all(names.intersection(PLAIN.columns[ours]) for ours in ("t", "lon", "lat"))
    if placed and not names.intersection(PLAIN.columns["mmsi"]):
        return InputError(
            f"no column of {shown!r} is an MMSI",
            where=f"{where}, row 1",
            mend="Where it is one vessel's track, say whose in a mapping file (mmsi = …).",
        )
    return InputError(
        f"no AIS dialect begins with the line {shown!r}", where=f"{where}, row 1", mend=_KNOWN
    )


def _mapped(header: str, mapping: Mapping, where: str) -> Told:
    separators = (mapping.separator,) if mapping.separator else SEPARATORS
    if mapping.names:
        separator = max(separators, key=lambda s: len(names_of(header, s)))
        plan = mapping.plan_for(mapping.names, separator, where=where)
        found = len(names_of(header, separator))
        if found != len(mapping.names):
            raise InputError(
                f"the first row has {found} cells, the mapping names {len(mapping.names)} columns",
                where=f"{where}, row 1",
                mend=f"Name its columns in {mapping.where}.",
            )
        return Told(plan, list(mapping.names), headed=False)
    wanted = set(mapping.plan.columns.values())
    split = {s: names_of(header, s) for s in separators}
    separator = max(split, key=lambda s: (len(wanted.intersection(split[s])), len(split[s])))
    names = split[separator]
    return Told(mapping.plan_for(names, separator, where=f"{where}, row 1"), names)


def _must_be_text(start: bytes, where: str) -> None:
    """Raise InputError where the first bytes are not lines of text in ASCII or a superset."""
    packed = kind_of(start)
    if packed is not None:
        raise InputError(
            f"this is a {packed} file inside another",
            where=where,
            mend="Unpack it and give the files in it.",
        )
    for magic, name in _OTHERS.items():
        if start.startswith(magic):
            raise InputError(
                f"this is a {name} file", where=where, mend="Unpack it, or save it as CSV."
            )
    if start.startswith(PARQUET):
        raise InputError(
            "this is a Parquet file inside another",
            where=where,
            mend="Unpack it and give the files in it.",
        )
    if start[257:262] == b"ustar":
        raise InputError(
            "this is a tar file", where=where, mend="Unpack it and give the files in it."
        )
    if b"\r" in start.strip() and b"\n" not in start:
        raise InputError(
            "the lines end with a carriage return alone",
            where=where,
            mend="Save it with line feeds (LF or CR LF).",
        )


def _decoded(start: bytes) -> str:
    """Return text; Chinese programs write GB 18030 where it is not UTF-8."""
    line = start.split(b"\n", 1)[0]
    try:
        line.decode()
    except UnicodeDecodeError as error:
        # A line that the beginning cuts short may end within a character.
        if error.start < len(line) - 4 or b"\n" in start:
            return start.decode("gb18030", "replace")
    return start.decode("utf-8", "replace")


def _json(text: str, where: str) -> Told:
    listed = text.lstrip()[:1] == "["
    found = first_objects(text)
    raw: bool | None = None
    if found and "ERROR" in found[0]:
        answer = found.pop(0)
        if answer["ERROR"]:
            raise InputError(
                f"AISHub answered: {answer.get('ERROR_MESSAGE', 'an error')}",
                where=where,
                mend="Ask the service again; it answers once a minute at most.",
            )
        raw = str(answer.get("FORMAT", "")).upper() == "AIS"
    keys = list(dict.fromkeys(key for one in found for key in one))
    names = {plain(key) for key in keys}
    layout = layout_of(keys)
    if {"mmsi", "nmea"} <= names and not names & {"lat", "shipname", "shiptype"}:
        raise InputError(
            "the objects hold sentences that are not decoded",
            where=where,
            mend="Give the receiver's NMEA output, or JSON with its fields (AIS-catcher -o 5).",
        )
    if names & {"rxuxtime", "rxtime"} and "mmsi" in names:
        layout = AISCATCHER
    elif {"class", "mmsi", "type"} <= names and layout is None:
        raise InputError(
            "the objects have no time",
            where=where,
            mend="Let AIS-catcher write it with its option -M T.",
        )
    if layout is None:
        shown = ", ".join(keys)[:200] or text[:100]
        raise InputError(f"no AIS dialect has the keys {shown}", where=where, mend=_KNOWN)
    columns = {ours: ours for ours in layout.columns}
    plan = Plan(
        layout.name,
        layout.name,
        columns,
        layout.written,
        per=layout.per,
        escaped=True,
        messages=layout is AISCATCHER,
    )
    if layout is AISHUB:
        rows = [(str(one.get("TIME")), str(one.get("LONGITUDE")), str(one.get("LATITUDE")))
                for one in found]  # fmt: skip
        plan = plan._replace(per=RAW_PER if (_is_raw(rows) if raw is None else raw) else {})
    return Told(plan, keys, layout, listed)


def _is_raw(rows: Sequence[tuple[str, str, str]]) -> bool:
    """Return whether AISHub's values are as AIS encodes them, by (time, longitude, latitude)."""
    places = [place for _, *both in rows for place in both]
    if any("." in place for place in places):
        return False
    return any(time.strip().isdigit() for time, _, _ in rows) or any(
        len(place.lstrip("-")) > 3 for place in places
    )


def _first_rows(below: str, names: Sequence[str], separator: str) -> Iterator[dict[str, str]]:
    for line in below.split("\n")[:50]:
        cells = names_of(line.replace("\r", ""), separator)
        if len(cells) == len(names):
            yield dict(zip(names, cells, strict=True))


def _fitted(plan: Plan, names: list[str], below: str, where: str) -> Plan:
    """Return a plan with what only the rows tell: units, decimal mark, whether times are told."""
    rows = list(_first_rows(below, names, plan.separator))
    places = [row[plan.columns[ours]] for row in rows for ours in ("lon", "lat")]
    if plan.separator != "," and any("," in place for place in places):
        plan = plan._replace(decimal=",")
    if plan.dialect == "aishub":
        t, lon, lat = (plan.columns[ours] for ours in ("t", "lon", "lat"))
        raw = _is_raw([(row[t], row[lon], row[lat]) for row in rows])
        plan = plan._replace(per=RAW_PER if raw else {})
    if plan.dialect == "plain" and rows:
        said = [row[plan.columns["t"]] for row in rows]
        times = scan.times(*cells_of(pl.Series(said)), plan.written, ord(plan.decimal))
        if (times == scan.NO_TIME).all():
            raise InputError(
                f"the time {said[0]!r} can be read in more than one way, or in none",
                where=f"{where}, row 2",
                mend="Say its format in a mapping file (--mapping).",
            )
    return plan
