"""Growth and workers: one fleet for ever more days, detected as ``shoregrid detect`` does it.

``python -m tests.bench.scale`` measures the stated sizes: 500 vessels from 1 to 10 to 100 million
positions, and at 50 million one worker against two (6 GB of disk, some twenty minutes).
Positions are simulated (`tests.bench._fleet`) and never held in memory but for a day of them; each
detection has a workspace of its own on the one archive, and a process of its own.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tests.bench._fleet import hours
from tests.bench.row import Row
from workspace import archive, runs, store
from workspace.folder import init, open_workspace
from workspace.importers import import_file

VESSELS = 500
_M = 1_000_000
_FEW = 100_000


class Sizes(NamedTuple):
    """How many positions to detect in, one after the other, and how many with two workers."""

    grown: tuple[int, ...]
    shared: int


SMALL = Sizes((_M, 3 * _M, 9 * _M), 9 * _M)
STATED = Sizes((_M, 10 * _M, 100 * _M), 50 * _M)
_GROWTH = 1.15
_FASTER = 1.7
_PEAK_GIB = 4.0
_BATCH = 750_000
_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_ROOT = Path(__file__).resolve().parents[2]
_TOLD = ("events", "event_segments", "learned_berths", "vessel_patterns", "mmsi_shared")
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_OF_A_RUN = ("first_found", "revised")


def rows(sizes: Sizes = SMALL, *, vessels: int = VESSELS) -> Iterator[Row]:
    """Measure detection at each size, and one worker beside two.

    A size is compared with the one before it by what a million positions take. There the process
    has detected in a few positions before, so that loading the kernels, which takes as long
    whatever the size, does not flatter the larger one; workers start cold, one as two.
    """
    before = None
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        warm = home / "warm"
        for size, folder in _growing(home, sorted({_FEW, *sizes.grown, sizes.shared}), vessels):
            if size == _FEW:
                shutil.copytree(folder, warm)
            if size in sizes.grown:
                found = _apart(folder, warm=warm)
                each = found["seconds"] / size * _M
                name = f"behaviours_{size / _M:g}m_archived"
                beside = (None, None, None) if before is None else (*before, 1 / _GROWTH)
                yield Row(name, each, "s/M", *beside[:2], ratio_budget=beside[2])
                yield Row(f"{name}_gib", found["peak_gib"], "GiB", budget=_PEAK_GIB)
                before = f"at {size / _M:g} M positions", each
            if size == sizes.shared:
                yield _workers(folder, size)


def _growing(home: Path, sizes: Sequence[int], vessels: int) -> Iterator[tuple[int, Path]]:
    """Yield a workspace with each size of one archive, that grows from one to the next."""
    folder = home / "ws"
    with closing(init(folder, {"timezone": "Asia/Shanghai", "simulated": True})) as ws:
        import_file(ws, "coast", _ROOT / "data" / "land_osm.gpkg")
        marks = iter(sizes)
        mark, held, made = next(marks), [], 0
        for frame in hours(vessels, sizes[-1]):
            held.append(frame)
            while made + sum(one.height for one in held) >= mark:
                rest = pl.concat(held)
                archive.append(ws.positions, rest.head(mark - made))
                held, made = [rest.slice(mark - made)], mark
                archive.compact(ws.positions)
                assert archive.summary(ws.positions)[0] == mark
                yield mark, folder
                mark = next(marks, sizes[-1] + 1)
            if sum(one.height for one in held) >= _BATCH:
                rest = pl.concat(held)
                archive.append(ws.positions, rest)
                held, made = [], made + rest.height


def _workers(folder: Path, size: int) -> Row:
    """Compare one worker with two, all that they write row for row."""
    one, two = (_apart(folder, workers=n, keep=f"by{n}") for n in (1, 2))
    a, b = (folder.parent / f"by{n}" for n in (1, 2))
    try:
        _same(a, b)
    finally:
        shutil.rmtree(a)
        shutil.rmtree(b)
    # Where there is little to do, starting workers takes as long as they save.
    name, faster = f"workers_2_at_{size / _M:g}m", None
    if size == STATED.shared:
        name, faster = "workers_2", _FASTER
    peer = f"1 worker, {one['events']:,} events, the same row for row"
    return Row(name, two["seconds"], "s", peer, one["seconds"], ratio_budget=faster)


def _same(a: Path, b: Path) -> None:
    with closing(open_workspace(a)) as one, closing(open_workspace(b)) as other:
        for table in _TOLD:
            by_one, by_two = (
                store.read(ws.engine, table).drop(_OF_A_RUN, strict=False) for ws in (one, other)
            )
            assert by_one.height > 0 or table in ("event_segments", "mmsi_shared"), table
            assert by_one.equals(by_two), table


def _apart(
    folder: Path, *, workers: int | None = None, keep: str = "once", warm: Path | None = None
) -> dict[str, Any]:
    """Detect in a copy of a workspace, on the same archive, in a fresh process."""
    copy = folder.parent / keep
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("positions"))
    (copy / "positions").symlink_to(folder / "positions", target_is_directory=True)
    words = [] if workers is None else ["--workers", str(workers)]
    words += [] if warm is None else ["--warm", str(warm)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scale", "--detect", str(copy), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=_ROOT,
    )
    if keep == "once":
        shutil.rmtree(copy)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = done.stdout.splitlines()[-1]
    print(f"detected ({keep}): {told}", file=sys.stderr, flush=True)
    return json.loads(told)


def _detect(root: Path, workers: int | None, warm: Path | None) -> dict[str, Any]:
    """Detect once; the time is that of the whole run, from opening the workspace on."""
    way = runs.Way(workers=workers, whole=True)
    if warm is not None:
        with closing(open_workspace(warm)) as ws:
            runs.detect(ws, now=_NOW, way=way)
    used_s = _cpu_s()
    begun = time.perf_counter()
    with closing(open_workspace(root)) as ws:
        run = runs.detect(ws, now=_NOW, way=way)
    took = time.perf_counter() - begun
    used = [resource.getrusage(kind) for kind in _PROCESSES]
    return {
        "seconds": took,
        "cpu_s": _cpu_s() - used_s,
        # Of the largest process: Linux counts kilobytes, of children the largest.
        "peak_gib": max(one.ru_maxrss for one in used) / 2**20,
        "steps": run.seconds,
        "kept": run.counts["kept"],
        "events": run.counts.get("events_new", 0),
    }


def _cpu_s() -> float:
    """Return the seconds that all cores worked for this process and those it started."""
    used = [resource.getrusage(kind) for kind in _PROCESSES]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Measure the sizes asked for, or detect once; print the figures."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--sizes", type=int, nargs="+", default=STATED.grown)
    words.add_argument("--shared", type=int, default=STATED.shared)
    words.add_argument("--vessels", type=int, default=VESSELS)
    words.add_argument("--detect", type=Path)
    words.add_argument("--workers", type=int)
    words.add_argument("--warm", type=Path)
    said = words.parse_args()
    if said.detect is not None:
        print(json.dumps(_detect(said.detect, said.workers, said.warm)))
        return
    for row in rows(Sizes(tuple(said.sizes), said.shared), vessels=said.vessels):
        print(json.dumps(row.as_dict()), flush=True)


if __name__ == "__main__":
    main()
