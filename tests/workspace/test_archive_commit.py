"""Errors and interrupts after the commit is made: what the log names must stay on the disk."""

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from geo.errors import InputError
from tests.bench._fleet import hours
from workspace import archive

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return next(hours(50, 3_000))


def _breaking(monkeypatch: pytest.MonkeyPatch, error: BaseException, *, after: bool) -> None:
    """Have the next commit raise, after it is made or before."""
    real = DeltaTable.create_write_transaction

    def commit(*args: object, **more: object) -> None:
        monkeypatch.setattr(DeltaTable, "create_write_transaction", real)
        if after:
            real(*args, **more)
        raise error

    monkeypatch.setattr(DeltaTable, "create_write_transaction", commit)


def _whole(folder: Path, rows: pl.DataFrame) -> None:
    assert archive.read(folder).equals(rows.sort(archive.KEY))
    assert archive.append(folder, rows) == 0
    archive.compact(folder)
    assert archive.read(folder).equals(rows.sort(archive.KEY))


_ERRORS = [
    OSError(errno.ENOSPC, "No space left on device"),
    DeltaError("Kernel error: No space left on device"),
    CommitFailedError("the checkpoint failed"),
]


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: type(error).__name__)
def test_a_commit_that_holds_is_told_as_done(
    tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    folder = tmp_path / "a"
    archive.append(folder, rows[:1_000])
    _breaking(monkeypatch, error, after=True)
    assert archive.append(folder, rows[500:]) == rows.height - 1_000
    _breaking(monkeypatch, error, after=True)
    done = archive.compact(folder)
    assert (done.days, done.rows, done.files_after) == (1, rows.height, 1)
    _whole(folder, rows)


@pytest.mark.parametrize("work", ["append", "compact"])
@pytest.mark.parametrize("after", [False, True])
def test_an_interrupt_leaves_what_the_log_names(
    tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, work: str, *, after: bool
) -> None:
    folder = tmp_path / "a"
    archive.append(folder, rows[:1_000])
    archive.append(folder, rows[1_000:2_000])
    before = set(folder.glob("date=*/*/*"))
    _breaking(monkeypatch, KeyboardInterrupt(), after=after)
    with pytest.raises(KeyboardInterrupt):
        archive.append(folder, rows) if work == "append" else archive.compact(folder)
    assert (set(folder.glob("date=*/*/*")) == before) is not after
    there = rows.height if work == "append" and after else 2_000
    assert archive.summary(folder)[0] == archive.read(folder).height == there
    assert archive.append(folder, rows) == rows.height - there
    _whole(folder, rows)


@pytest.mark.parametrize("work", ["append", "compact"])
def test_where_the_table_cannot_be_told_the_files_stay(
    tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    folder = tmp_path / "a"
    archive.append(folder, rows[:1_000])
    archive.append(folder, rows[1_000:2_000])
    before = set(folder.glob("date=*/*/*"))
    entry = folder / "_delta_log" / f"{1:020d}.json"
    log = entry.read_text()
    real = DeltaTable.create_write_transaction

    def commit(*_: object, **__: object) -> None:
        entry.write_text("{ nonsense")
        raise DeltaError("the log is gone")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", commit)
    with pytest.raises(InputError, match="the log is gone"):
        archive.append(folder, rows) if work == "append" else archive.compact(folder)
    monkeypatch.setattr(DeltaTable, "create_write_transaction", real)
    assert set(folder.glob("date=*/*/*")) > before
    entry.write_text(log)
    assert archive.append(folder, rows) == rows.height - 2_000
    _whole(folder, rows)


def _no_promise(of: str) -> Callable[[int], None]:
    real = os.fsync

    def fsync(handle: int) -> None:
        if of in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    return fsync


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells a handle's name by /proc")
@pytest.mark.parametrize("work", ["append", "compact"])
def test_a_log_that_the_disk_does_not_promise_to_keep_is_an_error_and_harms_nothing(
    tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    folder = tmp_path / "a"
    archive.append(folder, rows[:1_000])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _no_promise("_delta_log"))
        with pytest.raises(InputError, match=r"could not be .*Input/output error.*run the same"):
            archive.append(folder, rows) if work == "append" else archive.compact(folder)
    there = rows.height if work == "append" else 1_000
    assert archive.summary(folder)[0] == archive.read(folder).height == there
    assert archive.append(folder, rows) == rows.height - there
    _whole(folder, rows)


_FULL = """
    import pathlib, resource, signal, sys
    from geo.errors import InputError
    from tests.bench._fleet import hours
    from workspace import archive
    folder = pathlib.Path(sys.argv[1])
    rows = next(hours(50, 500))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    added = sum(archive.append(folder, rows[n : n + 3]) for n in range(0, 285, 3))
    # No file may be longer from here on than the checkpoint of the hundredth version would be.
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
    print(added + sum(archive.append(folder, rows[n : n + 3]) for n in range(285, 330, 3)))
    assert not list(folder.glob("_delta_log/*.checkpoint.parquet"))
    print(archive.compact(folder).files_before)
"""


def test_a_disk_too_full_for_the_checkpoint_of_the_hundredth_version_keeps_the_rows(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a"
    code = textwrap.dedent(_FULL)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, cwd=ROOT
    )
    rows = next(hours(50, 500))[:330]
    assert done.stdout.splitlines()[:1] == ["330"], done.stderr
    assert len(list(folder.glob("_delta_log/*.json"))) > 100
    _whole(folder, rows)


_INTERRUPTED = """
    import itertools, pathlib, random, shutil, signal, sys, time
    from tests.bench._fleet import hours
    from workspace import archive
    home, work, trials = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rows = next(hours(50, 1_000))
    for n in range(5):
        archive.append(home / "begun", rows[n * 100 : n * 100 + 100])

    def run(folder):
        if work == "compact":
            return archive.compact(folder, bucket_rows=100)
        for n in range(500, 1_000, 100):
            archive.append(folder, rows[n : n + 100])

    def interrupt(*_):
        raise KeyboardInterrupt

    def fresh(name):
        return pathlib.Path(shutil.copytree(home / "begun", home / name))

    run(fresh("warm"))
    began = time.perf_counter()
    run(fresh("whole"))
    whole_s = time.perf_counter() - began
    signal.signal(signal.SIGALRM, interrupt)
    chance = random.Random(5)
    cut_short = 0
    for trial in range(20 * trials):
        # On a busy machine an interrupt may come too late to cut anything short: one more, then.
        if trial >= trials and cut_short >= trials // 2:
            break
        folder = fresh(f"t{trial}")
        try:
            signal.setitimer(signal.ITIMER_REAL, max(chance.random() * whole_s, 1e-6))
            run(folder)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException:  # Libraries make other errors of it.
            cut_short += 1
        held = archive.read(folder)
        assert held.height == archive.summary(folder)[0], trial
        assert held.height % 100 == 0 and held.height >= 500, trial
        if work == "compact":
            assert held.equals(rows[:500].sort(archive.KEY)), trial
        archive.append(folder, rows)
        archive.compact(folder, bucket_rows=100)
        assert archive.read(folder).equals(rows.sort(archive.KEY)), trial
        shutil.rmtree(folder)
    print(cut_short)
"""


@pytest.mark.parametrize("work", ["append", "compact"])
def test_interrupted_at_any_instant_the_archive_is_whole(
    tmp_path: Path, work: str, *, full: bool
) -> None:
    trials = 200 if full else 20
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_INTERRUPTED), str(tmp_path), work, str(trials)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= trials // 2
