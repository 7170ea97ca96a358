"""The archive: a fleet appended, compacted, and read by vessel and by box.

``python -m tests.bench.archive --rows 100_000_000`` measures the stated size (5 GB of disk, some
minutes); each step has a process of its own, so that its peak of memory and its cold read count.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tests.bench._fleet import DAY, hours
from tests.bench.row import Row
from workspace import archive

ROWS = 100_000_000
VESSELS = 5_000
# As many vessels as give one day more than 20 million rows.
CROWD = 15_000
_BATCH = 500_000
_BOX_KM = 10
_BUDGET_S = 0.2
_PEAK_GIB = 4
_GIB = 1 << 30
_ROOT = Path(__file__).resolve().parents[2]


def rows(count: int = 10_000_000, vessels: int = VESSELS) -> list[Row]:
    """Measure an archive of some size; the stated one has a hundred million positions."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "positions"
        made = _child("make", folder, rows=count, vessels=vessels)
        packed = _child("compact", folder)
        vessel = _child("vessel", folder, vessels=vessels)
        box = _child("box", folder, vessels=vessels)
    peak = max(one["peak_gib"] for one in (made, packed, vessel, box))
    assert packed["rows"] == count
    assert peak < _PEAK_GIB
    return [
        Row(
            "archive_ingest",
            count / made["seconds"],
            "rows/s",
            "Polars writing Parquet alone",
            count / made["peer_s"],
        ),
        Row("archive_compact", count / packed["seconds"], "rows/s"),
        Row(
            "archive_vessel_day",
            vessel["seconds"],
            "s",
            "pyarrow, same files, warm",
            vessel["peer_s"],
            _BUDGET_S,
        ),
        Row(
            "archive_box_day",
            box["seconds"],
            "s",
            "pyarrow, same files, warm",
            box["peer_s"],
            _BUDGET_S,
        ),
        Row("archive_peak", peak, "GiB"),
    ]


def _child(step: str, folder: Path, **sizes: int) -> dict[str, float]:
    """Run a step in a fresh process, and return what it measured."""
    words = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.archive", "--step", step, "--at", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _make(folder: Path, count: int, vessels: int) -> dict[str, float]:
    """Append a fleet batch by batch, as a feed gives it; the making of the fleet is not timed."""
    seconds = peer_s = 0.0
    beside = folder.parent / "peer.parquet"
    for batch in _batches(count, vessels):
        began = time.perf_counter()
        archive.append(folder, batch)
        middle = time.perf_counter()
        batch.write_parquet(beside)
        seconds += middle - began
        peer_s += time.perf_counter() - middle
    beside.unlink()
    return {"seconds": seconds, "peer_s": peer_s}


def _batches(count: int, vessels: int) -> Iterator[pl.DataFrame]:
    held: list[pl.DataFrame] = []
    for frame in hours(vessels, count):
        held.append(frame)
        if sum(one.height for one in held) >= _BATCH:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)


def _compact(folder: Path) -> dict[str, float]:
    began = time.perf_counter()
    done = archive.compact(folder)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "rows": archive.summary(folder)[0],
        "files_before": done.files_before,
        "files_after": done.files_after,
    }


def _read(folder: Path, vessels: int, *, by_vessel: bool) -> dict[str, float]:
    """Time the first read of a process: one vessel or one box, on the archive's fullest day.

    The vessel is one under way, with the longest track; the box is about the place where one of
    them lies, in a port.
    """
    day = archive.by_day(folder).sort("rows", descending=True)["date"][0]
    t0 = datetime(day.year, day.month, day.day, tzinfo=DAY.tzinfo)
    t1 = t0 + timedelta(days=1)
    some = next(hours(vessels, 100_000))
    place = some.filter(pl.col("status") == 5).row(0, named=True)
    half_lat = _BOX_KM / 2 / 111.195
    west, east = place["lon"] - half_lat / 0.88, place["lon"] + half_lat / 0.88
    south, north = place["lat"] - half_lat, place["lat"] + half_lat
    moving = some.filter(pl.col("status") == 0)["mmsi"][0]
    limits = {"mmsi": [moving]} if by_vessel else {"bbox": (west, south, east, north)}
    began = time.perf_counter()
    found = archive.read(folder, t0=t0, t1=t1, **limits)
    seconds = time.perf_counter() - began
    condition = (
        pc.field("mmsi") == moving
        if by_vessel
        else (pc.field("lon") >= west)
        & (pc.field("lon") <= east)
        & (pc.field("lat") >= south)
        & (pc.field("lat") <= north)
    )
    began = time.perf_counter()
    paths = archive.touched(folder, t0=t0, t1=t1, **limits)
    same = ds.dataset(paths).to_table(
        filter=condition & (pc.field("t") >= t0) & (pc.field("t") < t1)
    )
    peer_s = time.perf_counter() - began
    assert same.num_rows == found.height > 0
    return {"seconds": seconds, "peer_s": peer_s, "found": found.height}


def main() -> None:
    """Measure the size that is asked for, or one step of it; print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, default=ROWS)
    words.add_argument("--vessels", type=int, default=VESSELS)
    words.add_argument("--step", choices=("make", "compact", "vessel", "box"))
    words.add_argument("--at", type=Path)
    chosen = words.parse_args()
    if chosen.step is None:
        for row in rows(chosen.rows, chosen.vessels):
            print(json.dumps(row.as_dict()))
        return
    told = (
        _make(chosen.at, chosen.rows, chosen.vessels)
        if chosen.step == "make"
        else _compact(chosen.at)
        if chosen.step == "compact"
        else _read(chosen.at, chosen.vessels, by_vessel=chosen.step == "vessel")
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _GIB
    print(json.dumps({**told, "peak_gib": peak}))


if __name__ == "__main__":
    main()
