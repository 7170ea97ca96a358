"""The bulk decoder against pyais, libais's published JSON and gpsdecode, field for field."""

import gzip
import json
import math
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyais import encode_dict
from pyais.constants import EpfdType, ShipType

from ais.nmea import decode, fields
from tests.ais._pyais_truth import (
    NOT_AVAILABLE,
    NOT_AVAILABLE_BY_TYPE,
    POSITIONS,
    SENTENCE,
    STATICS,
    STATIONS,
    Row,
    by_payload,
    by_reader,
    equal,
    same,
    sound,
)
from tests.ais.real import NMEA as FILES

ONE_STATION = [name for name in FILES if "uscg" not in name]


def bytes_of(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


@pytest.mark.parametrize("name", ONE_STATION)
def test_every_field_equals_pyais(shared: Path, name: str) -> None:
    content = bytes_of(shared / "ais" / name)
    equal(decode(content), list(by_reader(content)))


@pytest.mark.parametrize("name", FILES)
def test_every_field_equals_pyais_with_parts_joined_by_station(shared: Path, name: str) -> None:
    content = bytes_of(shared / "ais" / name)
    equal(decode(content), list(by_payload(content)))


_LIBAIS_ASIDE = re.compile(r"class|device|scaled|\w+_text|\w+_str|spare\d?")
"""Keys of libais's JSON that tell nothing that was sent, or tell it again in words."""
_LIBAIS_ERRS = {
    (6, "retransmit"), (9, "speed"), (14, "text"), (15, "offset1_2"), (21, "name"), (27, "gnss"),
}  # fmt: skip
"""Turned round (6, 27), a tenth of the whole knots sent (9), without its last letter (14), filled
up with zeros where it was cut (15), with - for _ and ` for ' (21): pyais and gpsd agree on these.
"""
_LIBAIS_ALONE = {
    (6, "ack_required"), (6, "msg_seq"), (6, "text"), (8, "link_id"), (8, "duration_minutes"),
    (8, "notice_type"), (8, "sub_areas"), (9, "alt_sensor"), (11, "transmission_ctl"),
    (4, "transmission_ctl"), (15, "msg_2"), (15, "offset2_2"), (15, "slot_offset_2"),
    (15, "type2_2"), (15, "type1_2"), (18, "unit"), (18, "mode"), (26, "sync_state"),
    (26, "received_stations"),
}  # fmt: skip
"""Names of its own for parts of binary content and of the radio's state."""


def _lines(path: Path) -> list[str]:
    return [x for x in path.read_text("utf-8").splitlines() if x.strip()]


def _radio(kind: int, radio: int) -> dict[str, Any]:
    """Take a communication state apart (ITU-R M.1371-5, annex 2, 3.3.7.2.2 and 3.3.7.3.2)."""
    if kind == 18:
        return {"commstate_cs_fill": radio & 0x7FFFF}
    told: dict[str, Any] = {"sync_state": radio >> 17 & 3}
    if kind == 3 or (kind == 9 and radio >> 19):
        return told | {
            "slot_increment": radio >> 4 & 8191,
            "slots_to_allocate": radio >> 1 & 7,
            "keep_flag": bool(radio & 1),
        }
    timeout = radio >> 14 & 7
    name = {0: "slot_offset", 2: "slot_number", 4: "slot_number", 6: "slot_number"}
    return told | {
        "slot_timeout": timeout,
        name.get(timeout, "received_stations"): radio & 0x3FFF,
    }


def _rare_in_libais_words(rare: dict[str, Any]) -> dict[str, Any]:
    told = rare | {"type": rare["msg_type"], "shiptype": rare.get("ship_type")}
    places = ("lon", "lat", "ne_lon", "ne_lat", "sw_lon", "sw_lat")
    told |= {name: rare[name] / 60 for name in places if rare.get(name) is not None}
    if rare["msg_type"] == 17:  # pyais takes these for unsigned
        told["lon"] -= (1 << 18) / 600
        told["lat"] -= (1 << 17) / 600
    if rare["msg_type"] == 26:
        told |= {"dac": rare["app_id"] >> 6, "fid": rare["app_id"] & 63}
    return told


def _in_libais_words(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of ours with the names, units and stand-ins of libais's JSON."""
    kind = row["msg_type"]
    told = {"type": kind, "repeat": row["repeat"], "mmsi": row["mmsi"]}
    for types in (POSITIONS, STATICS, STATIONS):
        for ours, theirs in types.get(kind, {}).items():
            value = row[ours]
            told[theirs] = (
                NOT_AVAILABLE_BY_TYPE.get((kind, ours), NOT_AVAILABLE.get(ours))
                if value is None
                else value
            )
    told |= _radio(kind, told["radio"]) if "radio" in told else {}
    told |= {"shiptype": told.get("ship_type"), "part_num": told.get("partno")}
    told["regional"] = told.get("reserved_1")
    if kind in (4, 11):
        told["timestamp"] = "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        told["timestamp"] = told["timestamp"].format(**told)
    if told.get("turn") == -128.0:
        told["turn"] = None
    return told


def test_libais_type_examples_decode_as_published(shared: Path) -> None:
    folder = shared / "ais"
    published = [json.loads(x) for x in _lines(folder / "libais_typeexamples.json")]
    decoded = decode((folder / "libais_typeexamples.nmea").read_bytes())
    rare = dict(zip(decoded.other["line"].to_pylist(), fields(decoded.other), strict=True))
    rows = decoded.messages().to_pylist()
    assert len(rows) == len(published) == 26
    seen = set()
    for row, expected in zip(rows, published, strict=True):
        kind = expected["type"]
        other = rare.get(row["line"])
        ours = _in_libais_words(row) if other is None else _rare_in_libais_words(other)
        for key, value in expected.items():
            if _LIBAIS_ASIDE.fullmatch(key) or (kind, key) in _LIBAIS_ERRS | _LIBAIS_ALONE:
                continue
            seen.add((kind, key))
            found = ours.get(key)
            if value == 0 and found is None:
                continue  # not sent: libais puts 0
            if key == "imo":
                value = int(value)
            if (kind, key) == (23, "stationtype"):
                found = value  # pyais gathers 6 to 9
            close = 0.5 if key == "turn" else 6e-6 if "l" in key else 1e-5
            if isinstance(value, float) and found is not None:
                assert math.isclose(found, value, abs_tol=close, rel_tol=1e-6), (kind, key)
            else:
                assert found == value, (kind, key, found, value)
    assert len(seen) > 180


_GPSD = {
    1: "sog_kn accuracy lon lat cog_deg heading_deg second maneuver raim",
    9: "alt_m sog_kn accuracy lon lat cog_deg second raim",
    18: "sog_kn accuracy lon lat cog_deg heading_deg second cs display dsc band msg22 raim",
    19: "sog_kn accuracy lon lat cog_deg heading_deg second raim assigned",
    27: "accuracy lon lat sog_kn cog_deg raim",
    5: "imo ais_version callsign name to_bow_m to_stern_m to_port_m to_starboard_m draught_m "
       "destination ship_type",
    4: "accuracy lon lat epfd raim",
    21: "lon lat accuracy to_bow_m to_stern_m to_port_m to_starboard_m epfd second off_position "
        "raim virtual_aid",
}  # fmt: skip
_GPSD |= {2: _GPSD[1], 3: _GPSD[1], 11: _GPSD[4]}
"""Columns that gpsdecode shows too; it shows the rest of what was cut off as if it were whole."""
_WORDS = {**STATICS, **STATIONS, **POSITIONS}


@pytest.mark.parametrize("name", ["aishub_world_85k.nmea.gz", "libais_test.aivdm"])
def test_gpsdecode_agrees(shared: Path, name: str) -> None:
    command = shutil.which("gpsdecode")
    if command is None:
        pytest.skip("gpsdecode is not installed (Debian: gpsd-clients)")
    # gpsd joins parts by channel alone: with several messages on their way it mixes them up.
    content = b"\r\n".join(_one_by_one(bytes_of(shared / "ais" / name)))
    told = subprocess.run([command, "-j", "-u"], input=content, capture_output=True, check=True)
    theirs: defaultdict[int, Counter[Row]] = defaultdict(Counter)
    for line in told.stdout.decode("latin-1").splitlines():
        m = json.loads(line)
        if m.get("type") in _GPSD:
            words = _WORDS[m["type"]] | {"ship_type": "shiptype"}
            shown = (m[words[c]] for c in _GPSD[m["type"]].split())
            theirs[m["type"]][(m["mmsi"], *(_until_at(x) for x in shown))] += 1
    decoded = decode(content)
    ours: defaultdict[int, Counter[Row]] = defaultdict(Counter)
    for table in (decoded.positions, decoded.statics, decoded.stations):
        for row in table.to_pylist():
            names = _GPSD.get(row["msg_type"], "").split()
            if not set(names) - set(row):
                ours[row["msg_type"]][
                    (row["mmsi"], *(_as_sent(row["msg_type"], c, row[c]) for c in names))
                ] += 1
    for kind in _GPSD:
        if theirs[kind] - ours[kind]:
            same(ours[kind], theirs[kind], dict.fromkeys(["mmsi", *_GPSD[kind].split()]))
    assert sum(map(Counter.total, theirs.values())) > (50 if "libais" in name else 75_000)


def _one_by_one(content: bytes) -> Iterator[bytes]:
    """Yield the sentences of messages whose parts follow one another, with sound checksums."""
    found = [s for s in SENTENCE.findall(content) if sound(s)]
    for i, sentence in enumerate(found):
        part = sentence.split(b",")
        run = found[i : i + int(part[1])]
        heads = [s.split(b",")[1:5] for s in run]
        if part[2] == b"1" and heads == [
            [part[1], str(k + 1).encode(), *part[3:5]] for k in range(int(part[1]))
        ]:
            yield from run


def _until_at(value: Any) -> Any:
    """Return a text as gpsd shows it: it ends at the first @; any other value as it is."""
    return value.partition("@")[0].strip() if isinstance(value, str) else value


def _as_sent(kind: int, ours: str, value: Any) -> Any:
    """Return a value as the number that was sent."""
    if value is None:
        value = NOT_AVAILABLE_BY_TYPE.get((kind, ours), NOT_AVAILABLE.get(ours))
    if ours in ("lon", "lat"):
        return round(value * (600 if kind == 27 else 600_000))
    if isinstance(value, float):
        whole = kind == 27 or (kind == 9 and ours == "sog_kn")
        return round(value * (1 if whole else 10))
    return _until_at(value)


_ALPHABET = "".join(chr(c + 64 if c < 32 else c) for c in range(1, 64))
_TEXT = st.text(_ALPHABET, max_size=20).map(str.strip)
_TENTHS = st.integers(0, 1023).map(lambda n: n / 10)
_SEND: dict[str, st.SearchStrategy[Any]] = {
    "repeat": st.integers(0, 3), "mmsi": st.integers(0, 999_999_999), "status": st.integers(0, 15),
    "turn": st.integers(-128, 127).map(float), "speed": _TENTHS, "accuracy": st.booleans(),
    "lon": st.integers(-108_600_000, 108_600_000).map(lambda n: n / 600_000),
    "lat": st.integers(-54_600_000, 54_600_000).map(lambda n: n / 600_000),
    "course": st.integers(0, 4095).map(lambda n: n / 10), "heading": st.integers(0, 511),
    "second": st.integers(0, 63), "maneuver": st.integers(0, 3), "raim": st.booleans(),
    "radio": st.integers(0, (1 << 19) - 1), "alt": st.integers(0, 4095),
    "reserved_1": st.integers(0, 255), "reserved_2": st.integers(0, 3), "dte": st.booleans(),
    "assigned": st.booleans(), "cs": st.booleans(), "display": st.booleans(),
    "dsc": st.booleans(), "band": st.booleans(), "msg22": st.booleans(), "gnss": st.booleans(),
    "shipname": _TEXT, "name": _TEXT, "destination": _TEXT,
    "callsign": _TEXT.map(lambda t: t[:7].strip()),
    "vendorid": _TEXT.map(lambda t: t[:3].strip()), "name_ext": _TEXT.map(lambda t: t[:14].strip()),
    "ais_version": st.integers(0, 3), "imo": st.integers(0, (1 << 30) - 1),
    "ship_type": st.sampled_from([int(s) for s in ShipType]), "to_bow": st.integers(0, 511),
    "to_stern": st.integers(0, 511), "to_port": st.integers(0, 63),
    "to_starboard": st.integers(0, 63), "month": st.integers(0, 15),
    "epfd": st.sampled_from([int(e) for e in EpfdType]),
    "day": st.integers(0, 31), "hour": st.integers(0, 31), "minute": st.integers(0, 63),
    "draught": st.integers(0, 255).map(lambda n: n / 10), "partno": st.integers(0, 1),
    "model": st.integers(0, 15), "serial": st.integers(0, (1 << 20) - 1),
    "mothership_mmsi": st.integers(0, 999_999_999), "year": st.integers(0, 9999),
    "aid_type": st.integers(0, 31), "off_position": st.booleans(), "virtual_aid": st.booleans(),
}  # fmt: skip
"""What can be sent, in pyais's names and units."""


@pytest.mark.parametrize("kind", sorted({**POSITIONS, **STATICS, **STATIONS}))
def test_what_pyais_encodes_comes_back(kind: int) -> None:
    words = {**POSITIONS.get(kind, {}), **STATICS.get(kind, {}), **STATIONS.get(kind, {})}
    to_send = {n: _SEND[n] for n in (*words.values(), "repeat", "mmsi")}
    if kind in (9, 27):
        to_send["speed"] = st.integers(0, 1023 if kind == 9 else 63)
    if kind == 27:
        to_send["course"] = st.integers(0, 511)
        to_send["lon"] = st.integers(-108_600, 108_600).map(lambda n: n / 600)
        to_send["lat"] = st.integers(-54_600, 54_600).map(lambda n: n / 600)

    @given(st.fixed_dictionaries(to_send), st.integers(0, 5))
    def run(data: dict[str, Any], cut: int) -> None:
        lines = encode_dict(data | {"type": kind}, talker_id="AI", seq_id=1)
        content = "\r\n".join(lines).encode()
        equal(decode(content), list(by_payload(content)))
        payload, fill = "".join(x.split(",")[5] for x in lines), int(lines[-1].split(",")[6][0])
        if cut:  # shorter: fields cut off in the middle
            shorter = payload[: -7 * cut]
            content = _line(shorter, 0)
            equal(decode(content), list(by_payload(content)))
        row = decode(_line(payload, fill)).messages().to_pylist()[0]
        for ours, theirs in words.items():
            sent, got = data[theirs], row[ours]
            if got is None or theirs == "turn":  # not available, or rounded on its way
                continue
            close = isinstance(sent, float) and math.isclose(got, sent, abs_tol=0.1001)
            assert got == sent or close, (ours, got, sent)

    run()


def _line(payload: str, fill: int) -> bytes:
    body = f"AIVDM,1,1,,A,{payload},{fill}".encode()
    xor = 0
    for c in body:
        xor ^= c
    return b"!" + body + b"*%02X\r\n" % xor
