"""A process killed while it ingests and compacts, at any instant, and what a second run makes."""

import gzip
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from workspace import archive, db, folder, store
from workspace.folder import Workspace
from workspace.ingest import ingest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    "uscg_nais_20160728_100k.nm4.gz",
    "noaa_marinecadastre_20220103_100k.csv.gz",
    "dma_layout_kattegat_202511_52k.csv.gz",
)
# What a second run took in is less by what the first one had; ids are given out anew.
_OF_THE_RUN = {"added", "finished", "quarantine_id", "feed_reason_id"}

# The files are read once before the clock starts: what is compiled or loaded is not what is killed.
_CHILD = """
    import sys, time
    from datetime import datetime
    from pathlib import Path
    from ais import io
    from workspace import archive
    from workspace.folder import open_workspace
    from workspace.ingest import ingest

    root, now, *paths = sys.argv[1:]
    for path in paths:
        for batch in io.read(Path(path)):
            pass
    ws = open_workspace(root)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    done = ingest(ws, [Path(path) for path in paths], now=datetime.fromisoformat(now))
    assert not done.errors, done.errors
    print("ingested", flush=True)
    archive.compact(ws.positions, bucket_rows={bucket_rows})
    print(time.perf_counter() - began, flush=True)
"""


@pytest.fixture(scope="module")
def files(
    shared: Path,
    tmp_path_factory: pytest.TempPathFactory,
    full: bool,
) -> list[Path]:
    """Return pieces of real files, each of which has rows of the piece before it again."""
    home = tmp_path_factory.mktemp("files")
    rows, pieces = (4_000, 4) if full else (1_500, 2)
    made = []
    for name in _SOURCES:
        with gzip.open(shared / "ais" / name, "rt", encoding="utf-8", errors="replace") as source:
            lines = source.readlines()
        head = lines[:1] if name.endswith("csv.gz") else []
        lines = lines[len(head) :]
        # Apart in the file, so that one comes late into the days of another.
        for piece in range(pieces):
            start = (len(lines) // pieces) * (pieces - 1 - piece)
            path = home / f"{piece}_{name.removesuffix('.gz')}"
            cut = lines[max(start - rows // 4, 0) : start + rows]
            path.write_text("".join([*head, *cut]), encoding="utf-8")
            made.append(path)
    # Two stations hear the same vessel, each from time to time before the other.
    for station, lag_s in (("a", (0, 3)), ("b", (1, 2))):
        path = home / f"{station}.csv"
        lines = [
            f"412000001,{NOW - timedelta(days=1, seconds=20 * nth - lag_s[nth // 7 % 2])},"
            f"{121 + nth / 1_000:.3f},29.5,10.0,90.0,90,1,{station}"
            for nth in range(rows // 2)
        ]
        head = "mmsi,t,lon,lat,sog_kn,cog_deg,heading_deg,msg_type,source"
        path.write_text("\n".join([head, *lines]), encoding="utf-8")
        made.append(path)
    return made


class Child:
    """A process that waits to be told to ingest and compact."""

    def __init__(self, root: Path, files: Sequence[Path], *, bucket_rows: int) -> None:
        code = textwrap.dedent(_CHILD).format(bucket_rows=bucket_rows)
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(root), NOW.isoformat(), *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, *, for_s: float | None = None) -> list[str]:
        """Let it work for some time, or to its end, and return what it said."""
        assert self.process.stdout.readline() == "ready\n", self.process.stderr.read()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        try:
            said, wrong = self.process.communicate(timeout=for_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            said, _ = self.process.communicate()
        else:
            assert self.process.returncode == 0, wrong
        return said.splitlines()


def _kept(ws: Workspace) -> dict[str, pl.DataFrame]:
    """Return the archive, and every table of the database without what tells of the run."""
    held = {"positions": archive.read(ws.positions)}
    for name in db.metadata.tables:
        rows = store.read(ws.engine, name)
        rows = rows.select(column for column in rows.columns if column not in _OF_THE_RUN)
        held[name] = rows.sort(rows.columns) if rows.width else rows
    return held


def _children(
    empty: Path, files: Sequence[Path], home: Path, count: int, bucket_rows: int
) -> Iterator[Child]:
    """Yield children with a workspace each, the next one getting ready meanwhile."""
    waiting: list[Child] = []
    try:
        for number in range(count):
            root = Path(shutil.copytree(empty, home / f"ws{number}"))
            waiting.append(Child(root, files, bucket_rows=bucket_rows))
            if len(waiting) > 1:
                yield waiting.pop(0)
        yield from waiting
    finally:
        for child in waiting:
            child.process.kill()
            child.process.communicate()


def test_killed_at_any_instant_a_second_run_ends_like_one_that_was_not(
    files: list[Path],
    tmp_path: Path,
    full: bool,
) -> None:
    kills, bucket_rows = (50, 8_000) if full else (6, 1_000)
    empty = tmp_path / "empty"
    folder.init(empty).close()
    children = _children(empty, files, tmp_path, kills + 1, bucket_rows)
    whole = next(children)
    *_, seconds = whole.run()
    with_all = folder.open_workspace(whole.root)
    expected = _kept(with_all)
    of_both = expected["positions"].filter(pl.col("mmsi") == 412_000_001)
    assert of_both.height == of_both["lon"].n_unique() > 100
    assert of_both["source"].n_unique() == 2
    assert expected["positions"].height > 3_000
    assert archive.buckets(with_all.positions)["n"].max() > 1
    assert expected["ingests"].height == len(files)
    assert expected["vessels"].height > 100
    assert expected["quarantine"].height > 0
    with_all.close()

    # One instant in each of as many equal parts of the whole run.
    share = (np.arange(kills) + np.random.default_rng(4).random(kills)) / kills
    cut_short = 0
    for child, instant in zip(children, share * float(seconds), strict=True):
        said = child.run(for_s=instant)
        cut_short += len(said) < 2
        ws = folder.open_workspace(child.root)
        before = archive.read(ws.positions)
        assert before.select(archive.KEY).is_duplicated().sum() == 0
        done = ingest(ws, files, now=NOW)
        assert not done.errors
        archive.compact(ws.positions, bucket_rows=bucket_rows)
        for name, rows in _kept(ws).items():
            told = f"{name} differs, killed after {instant:.3f} s, {said}"
            assert rows.equals(expected[name]), told
        ws.close()
        shutil.rmtree(child.root)
    assert cut_short >= kills * 3 // 4
