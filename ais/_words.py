"""Read the texts of AIS tables as the codes of ITU-R M.1371-5, whoever wrote them."""

_STATUS = {
    "under way using engine": 0,
    "at anchor": 1,
    "not under command": 2,
    "restricted maneuverability": 3,
    "restricted manoeuverability": 3,
    "constrained by her draught": 4,
    "moored": 5,
    "aground": 6,
    "engaged in fishing": 7,
    "under way sailing": 8,
    "reserved for future amendment [hsc]": 9,
    "reserved for future amendment [wig]": 10,
    "power-driven vessel towing astern": 11,
    "power-driven vessel pushing ahead or towing alongside": 12,
    "ais-sart (active)": 14,
    "ais-sart is active": 14,
}
"""Navigational statuses as DMA, NOAA (2015 to 2017) and AIS-catcher write them."""
_SHIP_TYPE = {
    "wig": 20,
    "fishing": 30,
    "towing": 31,
    "towing long/wide": 32,
    "dredging": 33,
    "diving": 34,
    "military": 35,
    "sailing": 36,
    "pleasure": 37,
    "hsc": 40,
    "pilot": 50,
    "sar": 51,
    "tug": 52,
    "port tender": 53,
    "anti-pollution": 54,
    "law enforcement": 55,
    "spare 1": 56,
    "spare 2": 57,
    "medical": 58,
    "not party to conflict": 59,
    "passenger": 60,
    "cargo": 70,
    "tanker": 80,
    "other": 90,
}
_SENDER = {
    "class a": ("A", 0),
    "class b": ("B", 0),
    "base station": ("other", 4),
    "aton": ("other", 21),
    "sar airborne": ("other", 9),
    "a": ("A", 0),
    "b": ("B", 0),
}
_CLASS_A, _CLASS_B = {1, 2, 3, 5, 11, 27}, {18, 19, 24}
LAST_TYPE = 27


def number(text: str) -> float | None:
    """Return the number that a text is, None for any other."""
    try:
        return float(text)
    except ValueError:
        return None


def status(text: str) -> int | None:
    """Return a navigational status from 0 to 14."""
    value = number(text)
    if value is None:
        return _STATUS.get(text.strip().lower())
    return int(value) if 0 <= value < 15 else None


def ship_type(text: str) -> int | None:
    """Return a ship type from 1 to 255."""
    value = number(text)
    if value is None:
        return _SHIP_TYPE.get(text.strip().lower())
    return int(value) if 1 <= value < 256 else None


def msg_type(text: str) -> int:
    """Return a message type, 0 where none is told."""
    value = number(text)
    if value is None:
        return _SENDER.get(text.strip().lower(), ("other", 0))[1]
    return int(value) if 1 <= value <= LAST_TYPE else 0


def station(text: str) -> str | None:
    """Return a station's name; 0 is what a receiver without one says."""
    return text if text not in {"", "0"} else None


def cls(text: str) -> str | None:
    """Return the class that a message type or a word for the sender means."""
    value = number(text)
    if value is None:
        return _SENDER.get(text.strip().lower(), (None, 0))[0]
    return "A" if value in _CLASS_A else "B" if value in _CLASS_B else None
