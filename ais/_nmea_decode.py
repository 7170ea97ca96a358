"""Decode AIS payloads with pyais, only the fields that we keep.

Imported by worker processes: needs nothing heavier than NumPy.
"""

import calendar
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyais.bit_vector import bit_vector
from pyais.exceptions import AISBaseException
from pyais.messages import ANY_MESSAGE, MSG_CLASS, MessageType4

NO_CLOCK = np.iinfo(np.int64).min

MIN_BITS = {
    1: 137, 2: 137, 3: 137, 4: 134, 5: 302, 9: 128, 11: 134,
    18: 133, 19: 133, 21: 219, 24: 160, 27: 94,
}  # fmt: skip
"""Bits up to the last field we keep (ITU-R M.1371-5, annex 8); a shorter message would give
fields cut in the middle, which decode to wrong numbers. Type 24 is as long as its part A."""

WANTED = np.isin(np.arange(64), list(MIN_BITS))

_FIELDS = ("mmsi", "lon", "lat", "speed", "course", "heading", "status")
_GET: dict[int, tuple[str, ...]] = {
    1: _FIELDS,
    2: _FIELDS,
    3: _FIELDS,
    9: ("mmsi", "lon", "lat", "speed", "course"),
    18: _FIELDS[:6],
    27: ("mmsi", "lon", "lat", "speed", "course", "status"),
}
_TURN = {name: column for column, name in enumerate(_FIELDS)}

OK, UNKNOWN_TYPE, SHORT, BAD = 0, 1, 2, 3


class Decoded(NamedTuple):
    """The payloads of one block: one row each in ``fields``, fewer in ``static``."""

    kind: NDArray[np.uint8]
    """Message type."""
    outcome: NDArray[np.uint8]
    """OK, UNKNOWN_TYPE, SHORT or BAD."""
    fields: NDArray[np.float64]
    """mmsi, lon, lat, speed, course, heading, status as sent; NaN where the type has none."""
    clock: NDArray[np.int64]
    """The UTC time that a type 4 or 11 tells, in ms; NO_CLOCK for all others."""
    static_row: NDArray[np.int64]
    static: list[tuple[Any, ...]]
    """mmsi, imo, name, callsign, ship_type, length, width, draught as sent, or None."""


def _clock(m: MessageType4) -> int:
    """Return the time in a base station report in ms, NO_CLOCK where it is not one."""
    if not (1971 <= m.year <= 9998 and 1 <= m.month <= 12 and m.day >= 1):
        return NO_CLOCK
    if m.day > calendar.monthrange(m.year, m.month)[1]:
        return NO_CLOCK
    if m.hour > 23 or m.minute > 59 or m.second > 59:
        return NO_CLOCK
    return calendar.timegm((m.year, m.month, m.day, m.hour, m.minute, m.second, 0, 0, 0)) * 1000


def _static(kind: int, m: ANY_MESSAGE) -> tuple[Any, ...]:
    """Return the identity that a message tells, in the order of ``Decoded.static``."""
    name = getattr(m, "name" if kind == 21 else "shipname", None)
    if kind == 21:
        name = (name or "") + (getattr(m, "name_ext", None) or "")
    bow, stern = getattr(m, "to_bow", None), getattr(m, "to_stern", None)
    port, starboard = getattr(m, "to_port", None), getattr(m, "to_starboard", None)
    length = bow + stern if bow is not None and stern is not None else None
    width = port + starboard if port is not None and starboard is not None else None
    ship_type = getattr(m, "ship_type", None)
    return (
        m.mmsi,
        getattr(m, "imo", None),
        name,
        getattr(m, "callsign", None),
        None if ship_type is None else int(ship_type),
        length,
        width,
        getattr(m, "draught", None),
    )


def decode(  # noqa: C901
    blob: bytes, offset: NDArray[np.int64], fill: NDArray[np.int32]
) -> Decoded:
    """Decode payloads lying one after the other in ``blob`` (armoured six-bit characters).

    Raises nothing: what pyais refuses has ``outcome`` BAD.
    """
    n = len(fill)
    kind = np.zeros(n, np.uint8)
    outcome = np.zeros(n, np.uint8)
    first = np.frombuffer(blob, np.uint8)
    filled = offset[1:] > offset[:-1]
    kind[filled] = first[offset[:-1][filled]] - 48
    kind[kind > 40] -= 8
    bits = np.diff(offset) * 6 - fill
    need = np.array([MIN_BITS.get(k, 0) for k in range(256)])[kind]
    outcome[~np.isin(kind, list(MIN_BITS))] = UNKNOWN_TYPE
    outcome[~filled | ((outcome == OK) & (bits < need))] = SHORT
    fields = np.full((n, 7), np.nan)
    clock = np.full(n, NO_CLOCK)
    static_row: list[int] = []
    static: list[tuple[Any, ...]] = []
    for code, names in _GET.items():
        rows = np.flatnonzero((outcome == OK) & (kind == code))
        if not len(rows):
            continue
        make, get = MSG_CLASS[code].from_vector, attrgetter(*names)
        spans = zip(
            rows.tolist(), offset[rows].tolist(), offset[rows + 1].tolist(), fill[rows].tolist(),
            strict=True,
        )  # fmt: skip
        got: list[tuple[Any, ...]] = []
        nothing = (np.nan,) * len(names)
        for row, a, b, pad in spans:
            try:
                got.append(get(make(bit_vector(blob[a:b], pad))))
            except (AISBaseException, ValueError):
                outcome[row] = BAD
                got.append(nothing)
        columns = [_TURN[name] for name in names]
        fields[rows[:, None], columns] = np.array(got, dtype=np.float64)
    for row in np.flatnonzero((outcome == OK) & ~np.isin(kind, list(_GET))).tolist():
        code = int(kind[row])
        try:
            m: Any = MSG_CLASS[code].from_vector(
                bit_vector(blob[offset[row] : offset[row + 1]], int(fill[row]))
            )
            if code in (4, 11):
                clock[row] = _clock(m)
            if code in (5, 19, 21, 24):
                static.append(_static(code, m))
                static_row.append(row)
        except (AISBaseException, ValueError):
            outcome[row] = BAD
            continue
        fields[row, 0] = m.mmsi
        if code not in (5, 24):
            fields[row, 1:3] = m.lon, m.lat
        if code == 19:
            fields[row, 3:6] = m.speed, m.course, m.heading
    return Decoded(kind, outcome, fields, clock, np.array(static_row, np.int64), static)
