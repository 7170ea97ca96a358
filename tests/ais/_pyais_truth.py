"""What pyais makes of the same sentences, in the shape of our tables."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pyais.bit_vector import bit_vector
from pyais.exceptions import AISBaseException
from pyais.messages import MSG_CLASS
from pyais.stream import IterMessages

from ais.nmea import Decoded, fields

SENTENCE = re.compile(rb"![A-Za-z]{2}[Vv][Dd][MmOo],[^*\r\n]*\*[0-9A-Fa-f]{2}")

_SIZES = {
    "to_bow_m": "to_bow",
    "to_stern_m": "to_stern",
    "to_port_m": "to_port",
    "to_starboard_m": "to_starboard",
}
_PLACE = {"accuracy": "accuracy", "lon": "lon", "lat": "lat", "second": "second", "raim": "raim"}
_WAY = {"sog_kn": "speed", "cog_deg": "course"}
_A = _PLACE | _WAY | {
    "status": "status", "rot_deg_min": "turn", "heading_deg": "heading", "maneuver": "maneuver",
    "radio": "radio",
}  # fmt: skip
_VOYAGE = _SIZES | {
    "ais_version": "ais_version", "imo": "imo", "callsign": "callsign", "name": "shipname",
    "ship_type": "ship_type", "epfd": "epfd", "eta_month": "month", "eta_day": "day",
    "eta_hour": "hour", "eta_minute": "minute", "draught_m": "draught",
    "destination": "destination", "dte": "dte",
}  # fmt: skip
_CLOCK = _PLACE | {
    "year": "year", "month": "month", "day": "day", "hour": "hour", "minute": "minute",
    "epfd": "epfd", "radio": "radio",
}  # fmt: skip
_EXTENDED = {"name": "shipname", "ship_type": "ship_type", "epfd": "epfd", "dte": "dte"} | _SIZES
_HEAD = {"msg_type": "msg_type", "repeat": "repeat", "mmsi": "mmsi"}

POSITIONS = {
    1: _A,
    2: _A,
    3: _A,
    9: _PLACE | _WAY | {
        "alt_m": "alt", "reserved_1": "reserved_1", "dte": "dte", "assigned": "assigned",
        "radio": "radio",
    },
    18: _PLACE | _WAY | {
        "reserved_1": "reserved_1", "heading_deg": "heading", "reserved_2": "reserved_2",
        "cs": "cs", "display": "display", "dsc": "dsc", "band": "band", "msg22": "msg22",
        "assigned": "assigned", "radio": "radio",
    },
    19: _PLACE | _WAY | {
        "reserved_1": "reserved_1", "heading_deg": "heading", "reserved_2": "reserved_2",
        "dte": "dte", "assigned": "assigned",
    },
    27: _WAY | {
        "accuracy": "accuracy", "raim": "raim", "status": "status", "lon": "lon", "lat": "lat",
        "gnss": "gnss",
    },
}  # fmt: skip
STATICS = {
    5: _VOYAGE,
    19: _EXTENDED,
    24: _SIZES | {
        "part": "partno", "name": "shipname", "ship_type": "ship_type", "vendor": "vendorid",
        "model": "model", "serial": "serial", "callsign": "callsign",
        "mothership_mmsi": "mothership_mmsi",
    },
}  # fmt: skip
STATIONS = {
    4: _CLOCK,
    11: _CLOCK,
    21: _PLACE | _SIZES | {
        "aid_type": "aid_type", "name": "name", "epfd": "epfd", "off_position": "off_position",
        "reserved_1": "reserved_1", "virtual_aid": "virtual_aid", "assigned": "assigned",
        "name_extension": "name_ext",
    },
}  # fmt: skip
"""Our columns and pyais's names for them, by message type."""

NOT_AVAILABLE = {
    "lon": 181.0, "lat": 91.0, "heading_deg": 511, "second": 60, "status": 15, "imo": 0,
    "ship_type": 0, "draught_m": 0.0, "alt_m": 4095, "rot_deg_min": -128.0, "sog_kn": 102.3,
    "cog_deg": 360.0, "eta_month": 0, "eta_day": 0, "eta_hour": 24, "eta_minute": 60,
    "year": 0, "month": 0, "day": 0, "hour": 24, "minute": 60,
    "name": "", "callsign": "", "destination": "", "vendor": "", "name_extension": "",
}  # fmt: skip
NOT_AVAILABLE_BY_TYPE = {(9, "sog_kn"): 1023.0, (27, "sog_kn"): 63.0, (27, "cog_deg"): 511.0}
"""What pyais gives for "not available", where ours has a null."""

_HEADER_BITS = 38
"""Type, repeat and MMSI; pyais decodes what is shorter, ours counts it as short_payload."""
Row = tuple[Any, ...]


def as_ours(bits: Any, message: Any, names: dict[str, str]) -> Row:
    """Return a message of pyais as our row: nulls for what it calls not available or cut off."""
    plan = {name: (at, width) for name, at, width, *_ in type(message).decoder_plan()}
    row = []
    for ours, theirs in names.items():
        if theirs not in plan:
            row.append(None)
            continue
        at, width = plan[theirs]
        value = getattr(message, theirs)
        if isinstance(value, str):
            value = bits.get_str(at, min(width, max(len(bits) - at, 0)) // 6 * 6)
        elif at + width > len(bits):
            value = None
        elif ours in ("ship_type", "epfd"):
            value = bits.get(at, width)  # pyais gathers the reserved codes
        elif isinstance(value, bool | None):
            pass
        else:
            value = float(value) if isinstance(value, float) else int(value)
        kind = message.msg_type
        missing = NOT_AVAILABLE_BY_TYPE.get((kind, ours), NOT_AVAILABLE.get(ours))
        row.append(None if value == missing and missing is not None else value)
    return tuple(row)


def rows_of(table: Any, kind: int, names: dict[str, str]) -> Counter[Row]:
    columns = table.filter(table["msg_type"].to_numpy() == kind).select([*names])
    return Counter(zip(*(c.to_pylist() for c in columns.columns), strict=True))


def same(ours: Counter[Row], theirs: Counter[Row], names: dict[str, str]) -> None:
    """Fail with the columns that differ in the first rows that are not alike."""
    if ours == theirs:
        return
    more, less = list((ours - theirs).elements()), list((theirs - ours).elements())
    told = [
        {n: (a, b) for n, a, b in zip(names, x, y, strict=True) if a != b}
        for x, y in zip(sorted(more, key=repr)[:5], sorted(less, key=repr)[:5], strict=False)
    ]
    pytest.fail(f"{len(more)} of ours, {len(less)} of theirs alone: {told}")


def equal(decoded: Decoded, messages: list[tuple[Any, Any]]) -> None:
    """Compare all that was decoded with pyais's messages, each with its bits."""
    by_type: defaultdict[int, list[tuple[Any, Any]]] = defaultdict(list)
    short = 0
    for bits, message in messages:
        if len(bits) < _HEADER_BITS:
            short += 1
        else:
            by_type[bits.get(0, 6)].append((bits, message))
    tables = (
        (decoded.positions, POSITIONS),
        (decoded.statics, STATICS),
        (decoded.stations, STATIONS),
    )
    for table, types in tables:
        assert set(table["msg_type"].to_pylist()) <= set(types)
        for kind, columns in types.items():
            names = _HEAD | columns
            theirs = Counter(as_ours(bits, m, names) for bits, m in by_type[kind])
            same(rows_of(table, kind, names), theirs, names)
    assert decoded.quarantined.get("short_payload", 0) >= short
    assert decoded.counts["messages"] == len(messages) - short
    whole = {kind for types in (POSITIONS, STATICS, STATIONS) for kind in types}
    rare = [(b, m) for kind, found in by_type.items() if kind not in whole for b, m in found]
    ours = Counter(_text(f) for f in fields(decoded.other) if f is not None)
    assert ours == Counter(_text(m.asdict(enum_as_int=True)) for _, m in rare)


def _text(found: dict[str, Any]) -> str:
    return str(sorted(found.items()))


def by_reader(content: bytes) -> Iterator[tuple[Any, Any]]:
    """Yield what pyais's own reader makes of the sentences: parts joined by it."""
    for sentence in IterMessages(SENTENCE.findall(content)):
        if not sentence.is_valid:
            continue
        try:
            yield sentence.bv, sentence.decode()
        except AISBaseException:
            continue


def by_payload(content: bytes) -> Iterator[tuple[Any, Any]]:
    """Yield what pyais makes of payloads joined here, station by station, with tag-block groups."""
    leader: dict[bytes, bytes] = {}
    waiting: dict[tuple[bytes, ...], list[bytes]] = {}
    for line in content.split(b"\n"):
        found = SENTENCE.search(line)
        if found is None or not sound(found.group()):
            continue
        tags = dict(t.split(b":", 1) for t in line[: found.start()].strip(b"\\").split(b"*")[0]
                    .split(b",") if b":" in t)  # fmt: skip
        number, _, group = tags.get(b"g", b"0-0-").split(b"-")
        station = tags.get(b"s", leader.get(group, b""))
        if number == b"1":
            leader[group] = station
        part = found.group().split(b",")
        fill = int(part[6][:1])
        if fill > 5:
            continue
        if part[1] == b"1":
            yield from _decoded(part[5], fill)
            continue
        key = (station, part[0], part[1], part[3], part[4])
        if part[2] == b"1":
            waiting[key] = [part[5]]
        elif len(waiting.get(key, [])) == int(part[2]) - 1:
            waiting[key].append(part[5])
            if part[1] == part[2]:
                yield from _decoded(b"".join(waiting.pop(key)), fill)


def sound(sentence: bytes) -> bool:
    body, _, told = sentence[1:].partition(b"*")
    xor = 0
    for c in body:
        xor ^= c
    return xor == int(told, 16) and body.count(b",") == 6


def _decoded(payload: bytes, fill: int) -> Iterator[tuple[Any, Any]]:
    if 6 * len(payload) <= fill:
        return
    bits = bit_vector(payload, fill)
    try:
        yield bits, MSG_CLASS[bits.get(0, 6)].from_vector(bits)
    except (AISBaseException, KeyError):
        return
