"""Which bits of a message go to which column, and the kernel that puts them there.

Fields, widths and codes for "not available": ITU-R M.1371-5, annex 8, tables 48 to 100. A message
is decoded whatever its length: what it does not hold whole is not available.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Array, Floats, Ints
from ais._nmea_bits import (
    NO_U8,
    NO_U16,
    NO_U32,
    WORDS,
    Words,
    degrees,
    digest,
    number,
    text,
    turn,
    unpack,
)

POSITION, STATIC, STATION, OTHER, EXTENDED = 1, 2, 3, 4, 5
TABLE = np.full(64, OTHER, np.uint8)
TABLE[[1, 2, 3, 9, 18, 27]] = POSITION
TABLE[[5, 24]] = STATIC
TABLE[[4, 11, 21]] = STATION
TABLE[19] = EXTENDED
"""Which table a message type goes to; a type 19 has a row among positions and statics."""
LAST_TYPE = 28
"""The last type that pyais decodes; 28 is ITU-R M.1371-6's. Type 0 is kept as sent."""


class Table(NamedTuple):
    """Columns of one table, by width: one row of these arrays is one column."""

    message: Ints
    """The message that each row of the table is of."""
    u8: NDArray[np.uint8]
    u16: NDArray[np.uint16]
    u32: NDArray[np.uint32]
    f8: Floats


class Texts(NamedTuple):
    """A column of texts, all in one buffer."""

    out: NDArray[np.uint8]
    offset: NDArray[np.int32]
    there: NDArray[np.uint8]


class Names(NamedTuple):
    """Names of a table's columns, in the order of the arrays of ``Table``, then the texts."""

    u8: tuple[str, ...]
    u16: tuple[str, ...]
    u32: tuple[str, ...]
    f8: tuple[str, ...]
    text: tuple[str, ...] = ()


class Field(NamedTuple):
    """One field of a message: its first bit and width, and what is not available."""

    name: str
    at: int
    width: int
    missing: int = -1
    unit: int = 1
    """What a number is divided by; for places, how many make a degree."""


_HEAD = ("msg_type", "repeat")
POSITIONS = Names(
    (
        *_HEAD, "status", "accuracy", "second", "maneuver", "raim", "reserved_2", "cs", "display",
        "dsc", "band", "msg22", "assigned", "dte", "gnss",
    ),
    ("heading_deg", "alt_m", "reserved_1"),
    ("mmsi", "radio"),
    ("rot_deg_min", "sog_kn", "lon", "lat", "cog_deg"),
)  # fmt: skip
STATICS = Names(
    (
        *_HEAD, "part", "ais_version", "to_port_m", "to_starboard_m", "epfd", "eta_month",
        "eta_day", "eta_hour", "eta_minute", "dte", "model",
    ),
    ("ship_type", "to_bow_m", "to_stern_m"),
    ("mmsi", "imo", "serial", "mothership_mmsi"),
    ("draught_m",),
    ("name", "callsign", "destination", "vendor"),
)  # fmt: skip
STATIONS = Names(
    (
        *_HEAD, "month", "day", "hour", "minute", "second", "accuracy", "epfd", "raim",
        "aid_type", "to_port_m", "to_starboard_m", "off_position", "virtual_aid", "assigned",
    ),
    ("year", "to_bow_m", "to_stern_m", "reserved_1"),
    ("mmsi", "radio"),
    ("lon", "lat"),
    ("name", "name_extension"),
)  # fmt: skip
OTHERS = Names(_HEAD, (), ("mmsi",), ())


def _place(at: int, *, per_deg: int = 600_000, lon_bits: int = 28) -> tuple[Field, Field]:
    """Return longitude and latitude, which follow each other; 181 and 91 degrees are none."""
    return (
        Field("lon", at, lon_bits, 181 * per_deg, per_deg),
        Field("lat", at + lon_bits, lon_bits - 1, 91 * per_deg, per_deg),
    )


def _sizes(at: int) -> tuple[Field, ...]:
    """Return the distances from the antenna to the four sides."""
    return (
        Field("to_bow_m", at, 9),
        Field("to_stern_m", at + 9, 9),
        Field("to_port_m", at + 18, 6),
        Field("to_starboard_m", at + 24, 6),
    )


def _flags(at: int, *names: str) -> tuple[Field, ...]:
    return tuple(Field(name, at + i, 1) for i, name in enumerate(names))


_CLASS_A = (
    Field("status", 38, 4, 15), Field("rot_deg_min", 42, 8, -128),
    Field("sog_kn", 50, 10, 1023, 10), Field("accuracy", 60, 1), *_place(61),
    Field("cog_deg", 116, 12, 3600, 10), Field("heading_deg", 128, 9, 511),
    Field("second", 137, 6, 60), Field("maneuver", 143, 2), Field("raim", 148, 1),
    Field("radio", 149, 19),
)  # fmt: skip
_AIRCRAFT = (
    Field("alt_m", 38, 12, 4095), Field("sog_kn", 50, 10, 1023), Field("accuracy", 60, 1),
    *_place(61), Field("cog_deg", 116, 12, 3600, 10), Field("second", 128, 6, 60),
    Field("reserved_1", 134, 8), Field("dte", 142, 1), *_flags(146, "assigned", "raim"),
    Field("radio", 148, 20),
)  # fmt: skip
_CLASS_B = (
    Field("reserved_1", 38, 8), Field("sog_kn", 46, 10, 1023, 10), Field("accuracy", 56, 1),
    *_place(57), Field("cog_deg", 112, 12, 3600, 10), Field("heading_deg", 124, 9, 511),
    Field("second", 133, 6, 60),
)  # fmt: skip
_CLASS_B_CS = (
    *_CLASS_B, Field("reserved_2", 139, 2),
    *_flags(141, "cs", "display", "dsc", "band", "msg22", "assigned", "raim"),
    Field("radio", 148, 20),
)  # fmt: skip
_CLASS_B_EXTENDED = (
    *_CLASS_B, Field("reserved_2", 139, 4), *_flags(305, "raim", "dte", "assigned"),
)  # fmt: skip
_LONG_RANGE = (
    *_flags(38, "accuracy", "raim"), Field("status", 40, 4, 15),
    *_place(44, per_deg=600, lon_bits=18), Field("sog_kn", 79, 6, 63),
    Field("cog_deg", 85, 9, 511), Field("gnss", 94, 1),
)  # fmt: skip
_VOYAGE = (
    Field("ais_version", 38, 2), Field("imo", 40, 30, 0), Field("callsign", 70, 42),
    Field("name", 112, 120), Field("ship_type", 232, 8, 0), *_sizes(240), Field("epfd", 270, 4),
    Field("eta_month", 274, 4, 0), Field("eta_day", 278, 5, 0), Field("eta_hour", 283, 5, 24),
    Field("eta_minute", 288, 6, 60), Field("draught_m", 294, 8, 0, 10),
    Field("destination", 302, 120), Field("dte", 422, 1),
)  # fmt: skip
_PART_A = (Field("part", 38, 2), Field("name", 40, 120))
_PART_B = (
    Field("part", 38, 2), Field("ship_type", 40, 8, 0), Field("vendor", 48, 18),
    Field("model", 66, 4), Field("serial", 70, 20), Field("callsign", 90, 42),
)  # fmt: skip
_EXTENDED = (
    Field("name", 143, 120), Field("ship_type", 263, 8, 0), *_sizes(271), Field("epfd", 301, 4),
    Field("dte", 306, 1),
)  # fmt: skip
_BASE = (
    Field("year", 38, 14, 0), Field("month", 52, 4, 0), Field("day", 56, 5, 0),
    Field("hour", 61, 5, 24), Field("minute", 66, 6, 60), Field("second", 72, 6, 60),
    Field("accuracy", 78, 1), *_place(79), Field("epfd", 134, 4), Field("raim", 148, 1),
    Field("radio", 149, 19),
)  # fmt: skip
_AID = (
    Field("aid_type", 38, 5), Field("name", 43, 120), Field("accuracy", 163, 1), *_place(164),
    *_sizes(219), Field("epfd", 249, 4), Field("second", 253, 6, 60),
    Field("off_position", 259, 1), Field("reserved_1", 260, 8),
    *_flags(268, "raim", "virtual_aid", "assigned"), Field("name_extension", 272, 88),
)  # fmt: skip

EXTENDED_STATIC, _B_PART, _B_PART_CRAFT = 61, 62, 63
"""Layouts beside those of the types: the static part of a type 19; part B of a type 24, whose
craft with a parent ship (98 numbers) names that ship in place of its sizes."""
_LAYOUTS = {
    1: (POSITIONS, _CLASS_A), 2: (POSITIONS, _CLASS_A), 3: (POSITIONS, _CLASS_A),
    9: (POSITIONS, _AIRCRAFT), 18: (POSITIONS, _CLASS_B_CS), 19: (POSITIONS, _CLASS_B_EXTENDED),
    27: (POSITIONS, _LONG_RANGE), 5: (STATICS, _VOYAGE), 24: (STATICS, _PART_A),
    _B_PART: (STATICS, (*_PART_B, *_sizes(132))),
    _B_PART_CRAFT: (STATICS, (*_PART_B, Field("mothership_mmsi", 132, 30))),
    EXTENDED_STATIC: (STATICS, _EXTENDED),
    4: (STATIONS, _BASE), 11: (STATIONS, _BASE), 21: (STATIONS, _AID),
}  # fmt: skip

_IN_U8, _IN_U16, _IN_U32, _IN_F8, _AS_TEXT, _AS_DEGREES, _AS_TURN = range(7)
_WHERE, _COLUMN, _AT, _WIDTH, _MISSING, _UNIT = range(6)


def _compiled() -> tuple[Ints, Ints]:
    """Return the fields of all layouts as numbers, and where each layout begins and ends."""
    rows: list[tuple[int, ...]] = []
    span = np.zeros((64, 2), np.int64)
    for layout, (names, fields) in _LAYOUTS.items():
        span[layout, 0] = len(rows)
        for f in fields:
            where = next(i for i, of in enumerate(names) if f.name in of)
            column = names[where].index(f.name)
            if f.name in ("lon", "lat"):
                where = _AS_DEGREES
            elif f.name == "rot_deg_min":
                where = _AS_TURN
            rows.append((where, column, f.at, f.width, f.missing, f.unit))
        span[layout, 1] = len(rows)
    return np.array(rows, np.int64), span


_FIELDS, _SPAN = _compiled()
_STATUS, _ACCURACY, _SECOND, _MANEUVER, _RAIM = (
    POSITIONS.u8.index(name) for name in ("status", "accuracy", "second", "maneuver", "raim")
)
_HEADING = POSITIONS.u16.index("heading_deg")
_RADIO = POSITIONS.u32.index("radio")
_ROT, _SOG, _LON, _LAT, _COG = range(len(POSITIONS.f8))
_A_BITS = 168


def table(n: int, names: Names) -> Table:
    """Return room for ``n`` messages, where nothing is available yet."""
    return Table(
        np.empty(n, np.int64),
        np.full((len(names.u8), n), NO_U8, np.uint8),
        np.full((len(names.u16), n), NO_U16, np.uint16),
        np.full((len(names.u32), n), NO_U32, np.uint32),
        np.full((len(names.f8), n), np.nan),
    )


def texts(n: int, names: Names) -> Texts:
    """Return room for the texts of ``n`` messages, each of up to 20 characters."""
    k = len(names.text)
    return Texts(
        np.empty((k, 20 * n), np.uint8), np.zeros((k, n + 1), np.int32), np.zeros((k, n), np.uint8)
    )


@numba.njit(cache=True)
def _class_a(w: Words, k: int, u8: Array, u16: Array, u32: Array, f8: Array) -> None:
    """Write a whole type 1, 2 or 3, as ``_CLASS_A`` says: nine of ten messages on the air.

    Written out since a compiler makes a third of the work of it that the general loop takes.
    """
    status, second = number(w, 38, 4), number(w, 137, 6)
    sog, cog, heading = number(w, 50, 10), number(w, 116, 12), number(w, 128, 9)
    u8[_STATUS, k] = NO_U8 if status == 15 else status
    u8[_ACCURACY, k] = number(w, 60, 1)
    u8[_SECOND, k] = NO_U8 if second == 60 else second
    u8[_MANEUVER, k] = number(w, 143, 2)
    u8[_RAIM, k] = number(w, 148, 1)
    u16[_HEADING, k] = NO_U16 if heading == 511 else heading
    u32[_RADIO, k] = number(w, 149, 19)
    f8[_ROT, k] = turn(number(w, 42, 8), -128)
    f8[_SOG, k] = np.nan if sog == 1023 else sog / 10
    f8[_LON, k] = degrees(number(w, 61, 28), 28, 181 * 600_000, 600_000)
    f8[_LAT, k] = degrees(number(w, 89, 27), 27, 91 * 600_000, 600_000)
    f8[_COG, k] = np.nan if cog == 3600 else cog / 10


@numba.njit(cache=True)
def fill(  # noqa: C901
    buf: Array,
    blob: Array,
    span: Ints,
    joined: Array,
    pad: Array,
    rows: Ints,
    extended: int,
    to: Table,
    said: Texts,
    key: Array,
) -> None:
    """Decode the messages ``rows`` into the rows of a table.

    A payload is ``buf[span[m, 0] : span[m, 1]]``, or of ``blob`` where it was joined; ``pad``
    are its fill bits; both buffers go on for ``BEYOND`` bytes. ``extended`` is the layout that
    a type 19 has in this table. ``key`` receives a hash of each payload.
    """
    w = np.zeros(WORDS + 1, np.uint64)
    message, u8, u16, u32, f8 = to.message, to.u8, to.u16, to.u32, to.f8
    out, offset, there = said.out, said.offset, said.there
    for k in range(rows.shape[0]):
        m = rows[k]
        a, z = span[m, 0], span[m, 1]
        if joined[m]:
            unpack(blob, a, z, w)
        else:
            unpack(buf, a, z, w)
        sent = (z - a) * 6 - np.int64(pad[m])
        key[m] = digest(w, sent)
        bits = min(sent, WORDS * 64)
        kind = number(w, 0, 6)
        message[k], u8[0, k], u8[1, k], u32[0, k] = m, kind, number(w, 6, 2), number(w, 8, 30)
        layout = kind
        if kind == 19:
            layout = extended
        elif kind == 24 and number(w, 38, 2) == 1:
            layout = _B_PART_CRAFT if number(w, 8, 30) // 10_000_000 == 98 else _B_PART
        if 1 <= kind <= 3 and bits >= _A_BITS:
            _class_a(w, k, u8, u16, u32, f8)
            continue
        for c in range(offset.shape[0]):
            offset[c, k + 1] = offset[c, k]
        for i in range(_SPAN[layout, 0], _SPAN[layout, 1]):
            where, c, at, width = _FIELDS[i, 0], _FIELDS[i, 1], _FIELDS[i, 2], _FIELDS[i, 3]
            if where == _AS_TEXT:
                if at < bits:
                    there[c, k] = text(w, bits, at, width, out[c], offset[c], k)
                continue
            if at + width > bits:
                continue
            v = number(w, at, width)
            missing, unit = _FIELDS[i, 4], _FIELDS[i, 5]
            if where == _AS_DEGREES:
                f8[c, k] = degrees(v, width, missing, unit)
            elif where == _AS_TURN:
                f8[c, k] = turn(v, missing)
            elif v != missing:
                if where == _IN_U8:
                    u8[c, k] = v
                elif where == _IN_U16:
                    u16[c, k] = v
                elif where == _IN_U32:
                    u32[c, k] = v
                else:
                    f8[c, k] = v / unit
