"""Appends to the archive: what is new, and what is better than what is there."""

from datetime import date
from pathlib import Path

import polars as pl
from deltalake.exceptions import CommitFailedError

from workspace._archive_errors import gathered, told
from workspace._archive_files import best, prepared, write
from workspace._archive_log import KEY, Written, commit, files_of, forget, made, that_may_hold

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
        full or may not be written. The rows are there all the same where the disk failed to
        promise that it keeps the log: after each of these, append the same again.
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
                    fresh, better, of_again = _against(folder, there, rows)
                    n = max(there["n"].max() or 1, 1)
                    written += _written(folder, fresh, day, n, "part", 0)
                    written += _written(folder, better, day, n, "mend", order)
                    written += _written(folder, of_again, day, n, "again", order)
                    added += fresh.height
                if written:
                    commit(folder, table, written, files.clear(), new=True)
            except BaseException as error:
                forget(folder, written)
                if not isinstance(error, CommitFailedError):
                    raise
                last = error
            else:
                return added
        raise last


def _against(
    folder: Path, files: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the rows of one day whose key the files lack, and those better than what is there.

    The last are of keys that reads give, and of keys that compaction found heard again.
    """
    mmsi = rows["mmsi"].unique()
    t0, t1 = rows["t"].min(), rows["t"].max()
    near = that_may_hold(files, t0=t0, t1=t1, mmsi=mmsi.to_list())
    if near.is_empty():
        return rows, rows.clear(), rows.clear()
    where = [pl.col("t").is_between(t0, t1)]
    if len(mmsi) <= _LISTED:
        where.append(pl.col("mmsi").is_in(mmsi.implode()))
    known = pl.concat(
        pl.scan_parquet([folder / path for path in group["path"]], hive_partitioning=False)
        .filter(where)
        .with_columns(_again=pl.lit(again))
        for (again,), group in near.group_by(pl.col("kind") == "again")
    )
    keys = gathered(folder, near, known.select(KEY))
    twice = rows.join(keys, on=KEY, how="semi", maintain_order="left")
    if twice.is_empty():
        return rows, twice, twice
    fresh = rows.join(keys, on=KEY, how="anti", maintain_order="left")
    same = known.join(twice.lazy().select(KEY), on=KEY, how="semi")
    held = gathered(folder, near, same.select(*rows.columns, "_again"))
    # What is held comes first among equals, and so a row is not kept again for being the same.
    both = pl.concat(
        [held.select(rows.columns).with_columns(_ours=False), twice.with_columns(_ours=True)]
    )
    better = best(both).filter("_ours").drop("_ours").sort("mmsi", "t")
    of_again = held.filter("_again").select(KEY)
    return (
        fresh,
        better.join(of_again, on=KEY, how="anti", maintain_order="left"),
        better.join(of_again, on=KEY, how="semi", maintain_order="left"),
    )


def _written(
    folder: Path, rows: pl.DataFrame, day: date, n: int, kind: str, order: int
) -> list[Written]:
    """Write one day's rows, a file for each bucket."""
    if rows.is_empty():
        return []
    if n == 1:
        return [write(folder, rows, day=day, bucket=(0, 1), kind=kind, order=order)]
    parts = rows.with_columns(_k=pl.col("mmsi") % n).partition_by(
        "_k", as_dict=True, include_key=False
    )
    return [
        write(folder, part, day=day, bucket=(int(k), n), kind=kind, order=order)
        for (k,), part in parts.items()
    ]
