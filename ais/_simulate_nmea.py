"""Simulated reports to NMEA 0183 files: pyais packs every message, NumPy frames the sentences."""

import gzip
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pyais.encode import encode_dict
from pyais.messages import MSG_CLASS

Bytes = NDArray[np.uint8]

_BITS, _CHARS = 168, 28
# pyais cuts tenths off below, and a 32-bit 164.7 is a little less: a hair more keeps its tenth.
_HAIR = 1e-3
# What follows the second of a class A report (manoeuvre, spare, RAIM, radio) and of a class B one
# (spare, carrier sense, no display, DSC, whole band, message 22, assigned, RAIM, radio).
_CLASS_A_TAIL: tuple[Any, ...] = (0, 0, 0, 0)
_CLASS_B_TAIL: tuple[Any, ...] = (0, 1, 0, 1, 1, 1, 0, 0, 917_510)
_ARMOUR = np.array([n + 48 if n < 40 else n + 56 for n in range(64)], dtype=np.uint8)
_HEX = np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)


class Reports(Protocol):
    """What can be written: positions and statics as in ``ais.schema``, class A and B."""

    @property
    def positions(self) -> pl.DataFrame:
        """Return the positions."""

    @property
    def statics(self) -> pl.DataFrame:
        """Return the static reports."""


def write_nmea(
    sim: Reports,
    folder: Path,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    r"""Write a simulation as NMEA 0183 with times, one gzip a UTC day, the same bytes every time.

    Parameters
    ----------
    sim : a ``Simulation``.
    folder : an existing folder; files are named ``sim-YYYY-MM-DD.nmea.gz``.
    workers : processes that encode; 1 stays in this one.
    progress : called with (days done, days in all).

    Returns
    -------
    list of Path
        In the order of the days. Each line is ``\s:sim,c:<epoch s>*hh\!AIVDM,...``; class A
        positions are types 1 and 3 with static type 5, class B type 18 with static type 24.
    """
    jobs = [
        (folder / f"sim-{day}.nmea.gz", _columns(part), _columns(static))
        for day, part, static in _days(sim.positions, sim.statics)
    ]
    done = 0
    if progress is not None:
        progress(done, len(jobs))
    if workers <= 1 or len(jobs) < 2:
        for job in jobs:
            _write_day(*job)
            done += 1
            if progress is not None:
                progress(done, len(jobs))
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for future in as_completed([pool.submit(_write_day, *job) for job in jobs]):
                future.result()
                done += 1
                if progress is not None:
                    progress(done, len(jobs))
    return [job[0] for job in jobs]


def _days(
    positions: pl.DataFrame, statics: pl.DataFrame
) -> list[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Return (date, positions, statics) for each UTC day that has either."""
    named = [
        {
            day: rows
            for (day,), rows in table.with_columns(day=pl.col("t").dt.date())
            .partition_by("day", as_dict=True, include_key=False)
            .items()
        }
        for table in (positions, statics)
    ]
    return [
        (day.isoformat(), named[0].get(day, positions.clear()), named[1].get(day, statics.clear()))
        for day in sorted(named[0].keys() | named[1].keys())
    ]


def _columns(table: pl.DataFrame) -> dict[str, list[Any]]:
    return table.with_columns(pl.col("t").dt.epoch("ms")).to_dict(as_series=False)


def _write_day(path: Path, positions: dict[str, list[Any]], statics: dict[str, list[Any]]) -> None:
    lines = _position_lines(positions) if positions["t"] else np.empty(0, dtype="S1")
    stamps = np.array(positions["t"], dtype=np.int64) // 1000
    extra_t, extra = _static_lines(statics)
    every = np.concatenate([lines, np.array(extra, dtype=bytes)]) if extra else lines
    order = np.argsort(np.concatenate([stamps, np.array(extra_t, dtype=np.int64)]), kind="stable")
    body = b"\r\n".join(every[order].tolist()) + b"\r\n"
    with (
        path.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=4, mtime=0) as packed,
    ):
        packed.write(body)


def _head(kind: int, mmsi: int) -> tuple[int, int, int]:
    return kind, 0, mmsi


def pack(positions: dict[str, list[Any]]) -> Bytes:
    """Return each position report's 168 bits as pyais packs them, (n, 21) bytes."""
    out = bytearray()
    for mmsi, t, lon, lat, sog, cog, heading, status, kind in zip(
        *(
            positions[name]
            for name in (
                "mmsi",
                "t",
                "lon",
                "lat",
                "sog_kn",
                "cog_deg",
                "heading_deg",
                "status",
                "msg_type",
            )
        ),
        strict=True,
    ):
        speed = 102.3 if sog is None else sog
        course = 360.0 if cog is None else cog
        bow = 511 if heading is None else int(heading)
        second = t // 1000 % 60
        make: Any = MSG_CLASS[kind]
        if kind == 18:
            message = make(
                *_head(18, mmsi),
                0,
                speed + _HAIR,
                1,
                lon,
                lat,
                course + _HAIR,
                bow,
                second,
                *_CLASS_B_TAIL,
            )
        else:
            message = make(
                *_head(kind, mmsi),
                15 if status is None else status,
                -128.0,
                speed + _HAIR,
                1,
                lon,
                lat,
                course + _HAIR,
                bow,
                second,
                *_CLASS_A_TAIL,
            )
        out += message.to_bytes()[0]
    return np.frombuffer(bytes(out), dtype=np.uint8).reshape(-1, _BITS // 8)


def _position_lines(positions: dict[str, list[Any]]) -> NDArray[np.bytes_]:
    """Return one tag block and sentence per position report."""
    bits = np.unpackbits(pack(positions), axis=1).reshape(-1, _CHARS, 6)
    six = bits @ np.array([32, 16, 8, 4, 2, 1], dtype=np.uint8)
    payload = _ARMOUR[six]
    n = len(payload)
    t = np.array(positions["t"], dtype=np.int64) // 1000
    channel = np.where(t % 2 == 0, ord("A"), ord("B")).astype(np.uint8)[:, None]
    epoch = np.array([list(b"%010d" % value) for value in t.tolist()], dtype=np.uint8)
    tag = np.hstack([_text(b"s:sim,c:", n), epoch])
    body = np.hstack([_text(b"AIVDM,1,1,,", n), channel, _text(b",", n), payload, _text(b",0", n)])
    whole = np.hstack(
        [
            _text(b"\\", n),
            tag,
            _text(b"*", n),
            _checksum(tag),
            _text(b"\\!", n),
            body,
            _text(b"*", n),
            _checksum(body),
        ]
    )
    return np.ascontiguousarray(whole).view(f"S{whole.shape[1]}").ravel()


def _text(text: bytes, n: int) -> Bytes:
    return np.broadcast_to(np.frombuffer(text, dtype=np.uint8), (n, len(text)))


def _checksum(body: Bytes) -> Bytes:
    value = np.bitwise_xor.reduce(body, axis=1)
    return np.column_stack([_HEX[value >> 4], _HEX[value & 15]])


def _static_lines(statics: dict[str, list[Any]]) -> tuple[list[int], list[bytes]]:
    """Return times and lines of the static reports, by pyais alone."""
    stamps: list[int] = []
    lines: list[bytes] = []
    names = [name for name in statics if name != "source"]
    for number, values in enumerate(zip(*(statics[name] for name in names), strict=True)):
        row = dict(zip(names, values, strict=True))
        second = row["t"] // 1000
        tag = b"s:sim,c:%010d" % second
        code = 0
        for byte in tag:
            code ^= byte
        sentences = encode_dict(
            _static_fields(row),
            talker_id="AI",
            sentence_type="VDM",
            radio_channel="AB"[number % 2],
            seq_id=number % 10,
        )
        for sentence in sentences:
            stamps.append(second)
            lines.append(b"\\%s*%02X\\%s" % (tag, code, sentence.encode("ascii")))
    return stamps, lines


def _static_fields(row: dict[str, Any]) -> dict[str, Any]:
    if row["draught_m"] is None and row["name"] is not None:
        return {"type": 24, "mmsi": row["mmsi"], "partno": 0, "shipname": row["name"]}
    length, width = int(row["length_m"]), int(row["width_m"])
    hull = {
        "mmsi": row["mmsi"],
        "ship_type": row["ship_type"],
        "callsign": row["callsign"] or "",
        "to_bow": length - length // 4,
        "to_stern": length // 4,
        "to_port": width // 2,
        "to_starboard": width - width // 2,
    }
    if row["draught_m"] is None:
        return {"type": 24, "partno": 1, "vendorid": "SIM", **hull}
    return {
        "type": 5,
        "imo": 0,
        "shipname": row["name"],
        "draught": row["draught_m"] + _HAIR,
        "destination": "SIMULATED",
        "epfd": 1,
        **hull,
    }
