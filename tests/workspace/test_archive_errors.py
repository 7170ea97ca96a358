"""What is wrong with the archive or its disk: told so that it can be mended."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

from geo.errors import InputError
from tests.bench._fleet import hours
from workspace import archive

ROOT = Path(__file__).resolve().parents[2]


def _some(folder: Path) -> Path:
    return next(folder.glob("date=*/*/*.parquet"))


def _cut(folder: Path) -> None:
    _some(folder).write_bytes(_some(folder).read_bytes()[:-100])


def _scribble(folder: Path) -> None:
    content = bytearray(_some(folder).read_bytes())
    content[200:2_000] = bytes(1_800)
    _some(folder).write_bytes(content)


def _break_log(folder: Path) -> None:
    (folder / "_delta_log" / f"{1:020d}.json").write_text('{"add": nonsense')


def _lose_log(folder: Path) -> None:
    for path in (folder / "_delta_log").iterdir():
        path.unlink()
    (folder / "_delta_log").rmdir()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: _some(folder).unlink(), "is missing: No such file"),
        (_cut, r"date=.*parquet: a data file of the archive is damaged"),
        (_scribble, r"date=.*parquet: a data file of the archive is damaged"),
        (_break_log, "the archive is damaged: .*Json error"),
        (_lose_log, "no log"),
    ],
    ids=["missing", "cut", "scribbled", "bad log", "no log"],
)
def test_a_damaged_archive_is_told_by_every_call(
    tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "a"
    rows = next(hours(20, 2_000))
    for part in (rows[::2], rows[1::2]):
        archive.append(folder, part)
    harm(folder)
    calls = [
        lambda: archive.read(folder),
        lambda: archive.append(folder, rows),
        lambda: archive.compact(folder),
        lambda: archive.by_source(folder),
    ]
    for call in calls:
        with pytest.raises(InputError, match=said) as refused:
            call()
        assert str(folder) in refused.value.where
        assert "\n" not in str(refused.value)


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "a", pl.DataFrame({"a": [1]}).to_arrow())
    (tmp_path / "b").write_text("x")
    for name, said in (("a", "lacks mmsi, t"), ("b", "this is a file")):
        for call in (archive.read, archive.summary, archive.compact):
            with pytest.raises(InputError, match=said):
                call(tmp_path / name)


_FULL = """
    import pathlib, resource, signal, sys
    import polars as pl
    from geo.errors import InputError
    from tests.bench._fleet import hours
    from workspace import archive
    folder = pathlib.Path(sys.argv[1])
    rows = next(hours(200, 20_000))
    archive.append(folder, rows.head(100))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        archive.append(folder, rows)
    except InputError as error:
        print(error)
"""


def test_a_full_disk_is_told_and_nothing_of_the_append_counts(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_FULL), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "could not be read or written" in done.stdout
    assert "Free some space" in done.stdout
    assert archive.summary(folder)[0] == 100
    assert len(list(folder.glob("date=*/*/*"))) == 1
    assert archive.append(folder, next(hours(200, 20_000))) > 0


def test_a_folder_that_may_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match=r"may not be read or written.*right"):
        archive.append(tmp_path / "a", next(hours(5, 10)))
