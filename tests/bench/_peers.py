"""One decoder in a process of its own: ``python _peers.py TOOL FILE CPU``.

Says "ready" and the tool's version, or "missing", then takes one turn over the whole file for each
line on standard input and prints its seconds and how many messages it decoded.

libais calls its package ``ais`` as ours is called, so that the two never share an environment: this
file imports nothing of ours but for our own turn, and runs with ``-P`` in the peers' environment.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

Work = Callable[[], int]


def ours(path: Path) -> Work:
    """All messages to Arrow tables."""
    from ais.nmea import decode

    data = path.read_bytes()
    return lambda: decode(data).counts["messages"]


def pyais(path: Path) -> Work:
    """The fastest of pyais's readers: IterMessages over lines in memory (FileReaderStream 2 %
    slower); fields as attributes, without ``asdict``."""
    from pyais.exceptions import AISBaseException
    from pyais.stream import IterMessages

    data = path.read_bytes()

    def turn() -> int:
        n = 0
        for sentence in IterMessages(data.split(b"\r\n")):
            try:
                sentence.decode()
            except AISBaseException:
                continue
            n += 1
        return n

    return turn


def pyais_payloads(path: Path) -> Work:
    """Only pyais's bit vector and message classes; lines split and joined by hand, unchecked."""
    from pyais.bit_vector import bit_vector
    from pyais.exceptions import AISBaseException
    from pyais.messages import MSG_CLASS

    data = path.read_bytes()

    def turn() -> int:
        n = 0
        for payload, fill in _payloads(data):
            bits = bit_vector(payload, fill)
            try:
                MSG_CLASS[bits.get(0, 6)].from_vector(bits)
            except (AISBaseException, KeyError):
                continue
            n += 1
        return n

    return turn


def libais(path: Path) -> Work:
    """C++; its ``decode`` takes a payload, so lines are split and joined by hand, unchecked."""
    from ais import DecodeError, decode

    data = path.read_bytes()

    def turn() -> int:
        n = 0
        for payload, fill in _payloads(data):
            try:
                decode(payload.decode(), fill)
            except DecodeError:
                continue
            n += 1
        return n

    return turn


def marlin(path: Path) -> Work:
    """Rust; its parser takes 64 KiB at most at a time, and loses lines over 16 KiB."""
    from marlin import MarlinError
    from marlin.ais import AisParser

    data = path.read_bytes()
    size = 1 << 14

    def turn() -> int:
        n = 0
        parser = AisParser.streaming()
        for at in range(0, len(data), size):
            parser.feed(data[at : at + size])
            while True:
                try:
                    for _ in parser:
                        n += 1
                except MarlinError:
                    continue
                break
        return n

    return turn


def _aiscat(path: Path, form: str) -> Work:
    """AIS-catcher's decoder (C++), from bytes in memory."""
    from aiscat import iter_decode

    data = path.read_bytes()
    size = 1 << 16
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    def turn() -> int:
        n = 0
        for _ in iter_decode(pieces, format=form):
            n += 1
        return n

    return turn


def aiscat_json(path: Path) -> Work:
    """All fields as JSON: the fastest of its forms that hold fields (as dicts 30 % slower)."""
    return _aiscat(path, "json")


def aiscat_binary(path: Path) -> Work:
    """Packed for another AIS-catcher: sentences checked and joined, no field decoded."""
    return _aiscat(path, "binary")


def gpsdecode(path: Path) -> Work:
    """gpsd's command writing separated values (faster than its JSON) to nowhere."""
    command = shutil.which("gpsdecode")
    if command is None:
        raise ImportError("gpsdecode")

    def turn() -> int:
        with path.open("rb") as sentences:
            subprocess.run(
                [command, "-c"], stdin=sentences, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, check=True,
            )  # fmt: skip
        return 0

    return turn


def _payloads(data: bytes):
    """Yield each message's payload and fill bits: the least that splitting and joining takes."""
    open_: dict[tuple[bytes, ...], list[bytes]] = {}
    for line in data.split(b"\r\n"):
        part = line.split(b",")
        if len(part) < 7:
            continue
        if part[1] == b"1":
            yield part[5], int(part[6][:1])
            continue
        key = (part[1], part[3], part[4])
        if part[2] == b"1":
            open_[key] = [part[5]]
        elif key in open_:
            open_[key].append(part[5])
            if part[2] == part[1]:
                yield b"".join(open_.pop(key)), int(part[6][:1])


TOOLS: dict[str, tuple[Callable[[Path], Work], str | None]] = {
    "shoregrid": (ours, None),
    "pyais": (pyais, "pyais"),
    "pyais by hand": (pyais_payloads, "pyais"),
    "aiscat json": (aiscat_json, "aiscat"),
    "aiscat binary": (aiscat_binary, "aiscat"),
    "marlin-py": (marlin, "marlin-py"),
    "libais": (libais, "libais"),
    "gpsdecode": (gpsdecode, None),
}
"""What makes each tool's turn, and the package whose version is told."""


def main(tool: str, file: str, cpu: str) -> None:
    """Take a turn for each line of standard input."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(cpu)})
    make, package = TOOLS[tool]
    try:
        turn = make(Path(file))
    except ImportError:
        print("missing", flush=True)
        return
    print("ready", version(package) if package else "", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        n = turn()
        print(time.perf_counter() - begun, n, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
