"""Appends to the archive: what is new, and what is better than what is there."""

from datetime import date
from pathlib import Path

import polars as pl
from deltalake.exceptions import CommitFailedError

from workspace._archive_errors import gathered, told
from workspace._archive_files import best, prepared, write
from workspace._archive_log import KEY, Written, commit, files_of, made, that_may_hold

_TRIES = 50
# With more vessels than these a list of them narrows nothing.
_LISTED = 5_000


def append(folder: Path, positions: pl.DataFrame) -> int:
    """Add the positions that are not in the archive yet and return how many those were.

    ``positions`` has the columns of `ais.schema.POSITIONS`. A row whose key is there already is
    kept only where it is the better one (`workspace._archive_files.best`), so that the order of
    appends makes no difference. Files whose vessels and times the rows cannot share are not read.
    When another process commits between our look and our commit, ours fails and we look again:
    two writers never add a row twice.

    Raises
    ------
    InputError
        Where the folder holds no archive, a file of it is missing or damaged, or the disk is
        full or may not be written.
    """
    if positions.is_empty():
        return 0
    with told(folder):
        days = prepared(positions)
        for _ in range(_TRIES):
            table = made(folder)
            files = files_of(table)
            order = table.version() + 1
            written: list[Written] = []
            added = 0
            try:
                for day, rows in days.items():
                    there = files.filter(pl.col("date") == day)
                    fresh, better = _against(folder, there, rows)
                    n = max(there["n"].max() or 1, 1)
                    written += _written(folder, fresh, day, n, "part")
                    written += _written(folder, better, day, n, f"mend-{order:012d}")
                    added += fresh.height
                if written:
                    commit(folder, table, written, files.clear(), new=True)
            except BaseException as error:
                for one in written:
                    one.path.unlink(missing_ok=True)
                if not isinstance(error, CommitFailedError):
                    raise
                last = error
            else:
                return added
        raise last


def _against(
    folder: Path, files: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of one day whose key the files lack, and those better than what is there."""
    mmsi = rows["mmsi"].unique()
    t0, t1 = rows["t"].min(), rows["t"].max()
    near = that_may_hold(files, t0=t0, t1=t1, mmsi=mmsi.to_list())
    if near.is_empty():
        return rows, rows.clear()
    where = [pl.col("t").is_between(t0, t1)]
    if len(mmsi) <= _LISTED:
        where.append(pl.col("mmsi").is_in(mmsi.implode()))
    known = pl.scan_parquet(
        [folder / path for path in near["path"]], hive_partitioning=False
    ).filter(where)
    keys = gathered(folder, near, known.select(KEY))
    twice = rows.join(keys, on=KEY, how="semi", maintain_order="left")
    if twice.is_empty():
        return rows, twice
    fresh = rows.join(keys, on=KEY, how="anti", maintain_order="left")
    same = known.join(twice.lazy().select(KEY), on=KEY, how="semi").select(rows.columns)
    held = gathered(folder, near, same)
    # What is held comes first among equals, and so a row is not kept again for being the same.
    both = pl.concat([held.with_columns(_ours=False), twice.with_columns(_ours=True)])
    return fresh, best(both).filter("_ours").drop("_ours").sort("mmsi", "t")


def _written(folder: Path, rows: pl.DataFrame, day: date, n: int, kind: str) -> list[Written]:
    """Write one day's rows, a file for each bucket."""
    if rows.is_empty():
        return []
    if n == 1:
        return [write(folder, rows, day=day, bucket=(0, 1), kind=kind)]
    parts = rows.with_columns(_k=pl.col("mmsi") % n).partition_by(
        "_k", as_dict=True, include_key=False
    )
    return [
        write(folder, part, day=day, bucket=(int(k), n), kind=kind) for (k,), part in parts.items()
    ]
