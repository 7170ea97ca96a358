"""What is wrong with the archive, or with its disk, said so that the reader can mend it."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from deltalake.exceptions import DeltaError

from ais.schema import POSITIONS
from geo.errors import InputError

# Polars takes some damage for an error of its own.
_BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Say what is wrong with the archive, or its disk, so that the reader can mend it."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(
            f"a data file of the archive is missing: {_short(error)}",
            where=str(folder),
            mend="Bring it back from a copy of the workspace; without one, make a new "
            "workspace and ingest the files again.",
        ) from error
    except PermissionError as error:
        raise _no_right(folder, error) from error
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES}:
            raise _no_right(folder, error) from error
        raise _disk(folder, error) from error
    except (DeltaError, pl.exceptions.PolarsError) as error:
        text = str(error)
        if "No space left" in text or "os error 28" in text or "File too large" in text:
            raise _disk(folder, error) from error
        if "Permission denied" in text or "Read-only file system" in text:
            raise _no_right(folder, error) from error
        raise InputError(
            f"the archive is damaged: {_short(error)}",
            where=str(folder),
            mend="Bring the folder back from a copy of the workspace; without one, make a new "
            "workspace and ingest the files again.",
        ) from error


def _disk(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"the archive could not be read or written: {_short(error)}",
        where=str(folder),
        mend="Nothing half-written counts. Free some space or mend the disk, and run the same "
        "again.",
    )


def _no_right(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"the archive may not be read or written: {_short(error)}",
        where=str(folder),
        mend="Give the account that runs shoregrid the right to read and write that folder.",
    )


def _short(error: Exception) -> str:
    """Return an error in one line, cut to what a reader takes in."""
    plain = re.sub(r"\x1b\[[0-9;]*m|↳|\s0: <unknown>.*", " ", str(error), flags=re.DOTALL)
    line = " ".join(plain.split()) or type(error).__name__
    return line if len(line) <= 300 else f"{line[:300]}…"


def gathered(folder: Path, files: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """Return rows read from these files; where one of them is damaged, say which.

    Raises
    ------
    InputError
        That names the damaged file.
    """
    try:
        return rows.collect()
    except _BROKEN as error:
        for path in files["path"]:
            if (found := _damage(folder / path)) is not None:
                raise InputError(
                    f"a data file of the archive is damaged: {found}",
                    where=str(folder / path),
                    mend="Bring it back from a copy of the workspace; without one, make a new "
                    "workspace and ingest the files again.",
                ) from error
        raise


def _damage(path: Path) -> str | None:
    """Return what is wrong with a file, by reading all of it; None where nothing is."""
    try:
        pl.scan_parquet(path, hive_partitioning=False).select(
            pl.col(POSITIONS.names()).hash().sum()
        ).collect()
    except _BROKEN as error:
        return _short(error)
    return None
