"""AIS in bulk: decoding beside other decoders, and CSV into the archive beside Polars."""

import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from tests.bench._peers import TOOLS
from tests.bench.row import Row
from workspace.folder import init
from workspace.ingest import ingest

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SHOREGRID_SHARED", ROOT.parent / "shared" / "data")) / "ais"
_SENTENCE = re.compile(rb"![A-Z]{2}VD[MO],[^*\r\n]*\*[0-9A-Fa-f]{2}")
_SENTENCES = 500_000
_TURNS = 3
_PLACED = b"1239BCK"
"""First payload characters of types 1, 2, 3, 9, 18, 19 and 27."""
_CSV_ROWS = 1_000_000


def rows() -> Iterator[Row]:
    """Measure decoding of all sentences, of position reports alone, and the way to the archive."""
    if not SHARED.is_dir():
        print(f"decoding and csv_archive not measured: no {SHARED}", file=sys.stderr)
        return
    real = _real_sentences()
    placed = [line for line in real if _is_placed(line)]
    yield from _decoding("decode_all", real, budget=2e6)
    yield from _decoding("decode_positions", placed, budget=3e6)
    yield _csv_archive()


def _real_sentences() -> list[bytes]:
    """Return the bare sentences of two real feeds: not every peer reads tag blocks."""
    files = ("aishub_world_85k.nmea.gz", "uscg_nais_20160728_100k.nm4.gz")
    return [s for f in files for s in _SENTENCE.findall(gzip.decompress((SHARED / f).read_bytes()))]


def _is_placed(sentence: bytes) -> bool:
    part = sentence.split(b",")
    return part[1] == b"1" and part[5][:1] in [_PLACED[i : i + 1] for i in range(len(_PLACED))]


def _decoding(name: str, sentences: list[bytes], *, budget: float) -> Iterator[Row]:
    """Let all tools decode the same file in turns, on one core, and compare their best turns.

    The sentences are repeated, in order, until there are enough: none of the tools remembers
    payloads. Each tool has a process of its own that has imported all and read the file (but for
    gpsdecode, which reads it from the page cache), and one turn to warm up that is not counted:
    compiling (Numba) and filling caches (pyais) is outside. Then the tools take turns, one at a
    time on the same core, so that whatever else the machine does hits all alike.
    """
    times = -(-_SENTENCES // len(sentences))
    n = times * len(sentences)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sentences.nmea"
        file.write_bytes((b"\r\n".join(sentences) + b"\r\n") * times)
        best, found = _take_turns(file)
    rate = {tool: n / best[tool] for tool in best}
    assert abs(found["shoregrid"] / found["pyais"] - 1) < 0.005, found
    for tool in TOOLS:
        if tool == "shoregrid":
            continue
        peer = tool if tool in rate else f"{tool}, not installed"
        yield Row(
            name,
            rate["shoregrid"],
            "sentences/s",
            peer,
            rate.get(tool),
            budget=budget,
            ratio_budget=20.0 if tool == "pyais" else 1.0,
        )


def _take_turns(file: Path) -> tuple[dict[str, float], dict[str, int]]:
    """Return each installed tool's shortest turn in seconds, and how many messages it found."""
    children = {tool: child for tool in TOOLS if (child := _start(tool, file)) is not None}
    best = dict.fromkeys(children, float("inf"))
    found = dict.fromkeys(children, 0)
    try:
        for turn in range(1 + _TURNS):
            for tool, child in children.items():
                assert child.stdin is not None
                assert child.stdout is not None
                child.stdin.write("turn\n")
                child.stdin.flush()
                took, n = child.stdout.readline().split()
                found[tool] = int(n)
                if turn:
                    best[tool] = min(best[tool], float(took))
    finally:
        for child in children.values():
            child.communicate()
    return best, found


def _start(tool: str, file: Path) -> subprocess.Popen[str] | None:
    """Start a tool's process on one core; None where the tool is not installed."""
    script = str(ROOT / "tests" / "bench" / "_peers.py")
    python = [sys.executable, "-P", script]
    if tool == "shoregrid":
        python = [sys.executable, "-m", "tests.bench._peers"]
    elif TOOLS[tool][1] not in (None, "pyais"):
        theirs = Path(sys.prefix) / "peers" / "bin" / "python"
        if not theirs.is_file():
            return None
        python = [str(theirs), "-P", script]
    one = {"NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(
        [*python, tool, str(file), str(_core())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | one,
    )
    assert child.stdout is not None
    if child.stdout.readline().startswith("ready"):
        return child
    child.communicate()
    return None


def _core() -> int:
    """Return the core that every tool runs on."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def _csv_archive() -> Row:
    """Take a CSV into a fresh workspace's archive; Polars reads it and writes it as Parquet.

    In turns, the first of which are not counted, on all cores that there are. NOAA's layout: the
    shared file, which is minutes long, with all its vessels again and again an hour later.
    """
    best = {"ours": float("inf"), "theirs": float("inf")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "noaa.csv"
        n = _write_csv(file, _CSV_ROWS)
        for turn in range(1 + _TURNS):
            begun = time.perf_counter()
            table = pl.read_csv(file, try_parse_dates=True)
            table.write_parquet(folder / f"polars{turn}.parquet")
            done = time.perf_counter()
            ws = init(folder / f"workspace{turn}")
            made = time.perf_counter()
            found = ingest(ws, [file])
            took = time.perf_counter() - made
            ws.close()
            assert found.counts["rows_in"] == n, found
            if turn:
                best["theirs"] = min(best["theirs"], done - begun)
                best["ours"] = min(best["ours"], took)
    return Row(
        "csv_archive",
        n / best["ours"],
        "rows/s",
        "polars, CSV to Parquet",
        n / best["theirs"],
        budget=0.6e6,
        ratio_budget=0.5,
    )


def _write_csv(file: Path, n: int) -> int:
    """Write at least ``n`` rows and return how many."""
    raw = pl.read_csv(SHARED / "noaa_marinecadastre_20220103_100k.csv.gz", infer_schema=False)
    times = -(-n // raw.height)
    moment = pl.col("BaseDateTime").str.to_datetime("%Y-%m-%dT%H:%M:%S")
    hours = [(moment + pl.duration(hours=k)).dt.strftime("%Y-%m-%dT%H:%M:%S") for k in range(times)]
    pl.concat([raw.with_columns(later) for later in hours]).write_csv(file)
    return times * raw.height
