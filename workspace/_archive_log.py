"""The archive's log: which files the table has now, and one transaction that changes them."""

import errno
import json
import math
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from ais.schema import POSITIONS, empty
from geo.errors import InputError

KEY = ("mmsi", "t", "lon", "lat")
PARTITIONS = ["date", "bucket"]
# Delta knows no unsigned numbers and keeps times in microseconds; both are undone on reading.
STORED = {
    "mmsi": pl.Int32,
    "t": pl.Datetime("us", "UTC"),
    "status": pl.Int16,
    "msg_type": pl.Int16,
}
FILES = pl.Schema(
    {
        "path": pl.String,
        "date": pl.Date,
        "k": pl.Int64,
        "n": pl.Int64,
        "kind": pl.String,
        "order": pl.Int64,
        "rows": pl.Int64,
        "size": pl.Int64,
        **{f"{end}.{name}": POSITIONS[name] for name in KEY for end in ("min", "max")},
        "min.mmsi": pl.Int64,
        "max.mmsi": pl.Int64,
        "min.t": STORED["t"],
        "max.t": STORED["t"],
        "min.source": pl.String,
        "max.source": pl.String,
    }
)
"""One file of the table: ``path`` within the folder, the vessels in it (mmsi % n == k), its
kind, and the least and greatest of what is asked for. Kinds: ``base`` is written by compaction,
``part`` by an append, ``mend`` holds better rows for keys that are there already, ``again`` what
compaction found heard again: reads leave it out. An ``order`` above 0 (the version a file was
written for) tells that its rows are better than those of the same keys with a lesser one."""

_ONE = "0-of-1"
_AGAIN = "-again"
_TRIES = 5


def located(k: int, n: int, kind: str) -> str:
    """Return how the partition of vessels with mmsi % n == k is called, for a kind of file."""
    return f"{k}-of-{n}{_AGAIN if kind == 'again' else ''}"


def opened(folder: Path) -> DeltaTable | None:
    """Return the table, or None where nothing was kept yet.

    Raises
    ------
    InputError
        Where the folder holds something else, or its log cannot be read.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(
            "this is a file, and the folder of the archive should be here",
            where=str(folder),
            mend="Move that file out of the workspace.",
        )
    try:
        table = DeltaTable(folder)
    except TableNotFoundError:
        if next(folder.glob("*/**/*.parquet"), None) is None:
            return None
        raise InputError(
            "the archive has data files and no log, so what belongs to it cannot be told",
            where=str(folder),
            mend="Bring the folder back from a copy of the workspace; without one, make a new "
            "workspace and ingest the files again.",
        ) from None
    found = {field.name for field in table.schema().fields}
    lacking = [name for name in (*POSITIONS.names(), "date") if name not in found]
    if lacking:
        raise InputError(
            f"this table is not an archive of positions: it lacks {', '.join(lacking)}",
            where=str(folder),
            mend="Move that folder out of the workspace; the archive makes its own.",
        )
    return table


def made(folder: Path) -> DeltaTable:
    """Return the table in this version's form; make it, or bring it there, first."""
    for attempt in range(_TRIES):
        table = opened(folder)
        if table is not None and table.metadata().partition_columns == PARTITIONS:
            return table
        try:
            if table is None:
                folder.mkdir(parents=True, exist_ok=True)
                DeltaTable.create(
                    str(folder), schema=_schema(), partition_by=PARTITIONS, mode="ignore"
                )
            else:
                _part_by_bucket(folder, table)
        except DeltaError:
            # Another process may have done it between our look and our try.
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("the loop above returns or raises")


def _schema() -> Schema:
    shape = empty(POSITIONS).with_columns(
        *(pl.col(name).cast(dtype) for name, dtype in STORED.items()),
        date=pl.lit(None, dtype=pl.Date),
        bucket=pl.lit(None, dtype=pl.String),
    )
    return Schema.from_arrow(shape.to_arrow().schema)


def _part_by_bucket(folder: Path, table: DeltaTable) -> None:
    """Bring a table that is parted by day alone to one of one bucket a day, in one transaction.

    The files get a second name, since a path may not be taken out and put in by one transaction;
    nothing is copied where the disk knows hard links. Killed before the commit, the table is as
    it was.
    """
    old = pl.DataFrame(table.get_add_actions(flatten=True))
    adds = []
    for row in old.iter_rows(named=True):
        source = folder / row["path"]
        target = folder / f"date={row['partition.date']}" / f"bucket={_ONE}" / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            _same(source, target)
        # A file that no log speaks of is kept while it is young.
        os.utime(target)
        known = {name: (row[f"min.{name}"], row[f"max.{name}"]) for name in KEY}
        adds.append(_add(folder, target, row["partition.date"], _ONE, row["num_records"], known))
    create_table_with_add_actions(
        str(folder),
        _schema(),
        adds,
        mode="overwrite",
        partition_by=PARTITIONS,
        commit_properties=CommitProperties(max_commit_retries=0),
    )


def _same(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it whole where the disk cannot."""
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}:
            raise
        half = target.with_suffix(f".{os.getpid()}")
        half.write_bytes(source.read_bytes())
        half.replace(target)


def files_of(table: DeltaTable | None) -> pl.DataFrame:
    """Return the table's files, with the columns of `FILES`."""
    raw = None if table is None else pl.DataFrame(table.get_add_actions(flatten=True))
    if raw is None or raw.is_empty():
        return pl.DataFrame(schema=FILES)
    if "partition.bucket" not in raw.columns:
        raw = raw.with_columns(pl.lit(_ONE).alias("partition.bucket"))
    bucket = pl.col("partition.bucket").str.extract_groups(r"^(\d+)-of-(\d+)")
    name = pl.col("path").str.extract(r"([^/]*)$")
    kind = name.str.extract("^(base|mend|again)-").fill_null("part")
    return raw.select(
        pl.col("path"),
        pl.col("partition.date").alias("date"),
        bucket.struct[0].cast(pl.Int64).alias("k"),
        bucket.struct[1].cast(pl.Int64).alias("n"),
        kind.alias("kind"),
        name.str.extract(r"^(?:mend|again)-(\d+)-").cast(pl.Int64).fill_null(0).alias("order"),
        pl.col("num_records").alias("rows"),
        pl.col("size_bytes").alias("size"),
        *(
            (pl.col(column) if column in raw.columns else pl.lit(None))
            .cast(FILES[column])
            .alias(column)
            for column in FILES.names()
            if column.startswith(("min.", "max."))
        ),
    )


def that_may_hold(
    files: pl.DataFrame,
    *,
    t0: datetime | None = None,
    t1: datetime | None = None,
    bbox: Sequence[float] | None = None,
    mmsi: Sequence[int] | None = None,
    bucket: tuple[int, int] | None = None,
) -> pl.DataFrame:
    """Return the files that may hold such rows, by the log's statistics alone.

    ``t0`` and ``t1`` both count; ``bbox`` is west, south, east, north; ``bucket`` (k, n) are the
    vessels with mmsi % n == k. A file without statistics may hold anything.
    """
    wanted = [pl.lit(value=True)]
    if t0 is not None:
        wanted.append(pl.col("max.t") >= t0)
    if t1 is not None:
        wanted.append(pl.col("min.t") <= t1)
    if bbox is not None:
        lon0, lat0, lon1, lat1 = bbox
        wanted.append((pl.col("max.lat") >= lat0) & (pl.col("min.lat") <= lat1))
        if lon0 <= lon1:
            wanted.append((pl.col("max.lon") >= lon0) & (pl.col("min.lon") <= lon1))
        else:
            wanted.append((pl.col("max.lon") >= lon0) | (pl.col("min.lon") <= lon1))
    if mmsi is not None:
        if not len(mmsi):
            return files.clear()
        numbers = pl.Series(mmsi, dtype=pl.Int64)
        wanted.append((pl.col("max.mmsi") >= numbers.min()) & (pl.col("min.mmsi") <= numbers.max()))
        within = pl.lit(value=False)
        for n in files["n"].unique():
            left = (numbers % n).unique().to_list()
            within = within | ((pl.col("n") == n) & pl.col("k").is_in(left))
        wanted.append(within)
    if bucket is not None:
        k, n = bucket
        common = {other: math.gcd(n, other) for other in files["n"].unique()}
        shared = pl.col("n").replace_strict(common, return_dtype=pl.Int64)
        wanted.append(pl.col("k") % shared == k % shared)
    return files.filter(pl.all_horizontal(one.fill_null(value=True) for one in wanted))


@dataclass(frozen=True)
class Written:
    """A file on the disk that the table does not have yet."""

    path: Path
    day: date
    bucket: str
    rows: int
    extent: dict[str, tuple[object, object]]
    nulls: int


def commit(
    folder: Path, table: DeltaTable, written: Sequence[Written], gone: pl.DataFrame, *, new: bool
) -> None:
    """Put files in and take files out of the table, at once.

    ``new`` tells whether the rows change, or only how they are kept.

    Raises
    ------
    CommitFailedError
        When another process changed the table since ``table`` was opened.
    OSError
        When the commit is made and the disk could not promise to keep it.
    """
    now_ms = int(time.time() * 1_000)
    mark = uuid.uuid4().hex
    entry = folder / "_delta_log" / f"{table.version() + 1:020d}.json"
    actions: list[AddAction | RemoveAction] = [
        _add(folder, one.path, one.day, one.bucket, one.rows, one.extent, nulls=one.nulls, new=new)
        for one in written
    ]
    actions += [
        RemoveAction(
            path,
            new,
            now_ms,
            size,
            {"date": day.isoformat(), "bucket": located(k, n, kind)},
        )
        for path, size, day, k, n, kind in gone.select(
            "path", "size", "date", "k", "n", "kind"
        ).iter_rows()
    ]
    try:
        table.create_write_transaction(
            actions,
            "append",
            table.schema(),
            partition_by=PARTITIONS,
            commit_properties=CommitProperties({"mark": mark}, max_commit_retries=0),
        )
    except Exception:
        # Some commits are followed by a checkpoint: if that fails, the commit holds all the same.
        if not _tells(entry, mark):
            raise
    settle(entry)


def _tells(entry: Path, mark: str) -> bool:
    """Return whether an entry of the log is the one with our mark."""
    try:
        return mark in entry.read_text(encoding="utf-8")
    except OSError:
        return False


def forget(folder: Path, written: Sequence[Written]) -> None:
    """Remove files that were written for nothing; not those that the table has.

    An error may come after the commit, as an interrupt does. Where the table cannot be read, the
    files are left to the next compaction, which removes what the table does not have.
    """
    with suppress(OSError, DeltaError):
        named = set(files_of(DeltaTable(folder))["path"]) if written else set()
        for one in written:
            if one.path.relative_to(folder).as_posix() not in named:
                one.path.unlink(missing_ok=True)


def settle(path: Path) -> None:
    """Have the disk keep a new file and its name, should the power fail."""
    for one in (path, path.parent):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _add(
    folder: Path,
    path: Path,
    day: date,
    bucket: str,
    rows: int,
    extent: dict[str, tuple[object, object]],
    *,
    nulls: int = 0,
    new: bool = True,
) -> AddAction:
    held = path.stat()
    known = {name: ends for name, ends in extent.items() if None not in ends}
    stats = {
        "numRecords": rows,
        "minValues": {name: _told(low) for name, (low, _) in known.items()},
        "maxValues": {name: _told(high) for name, (_, high) in known.items()},
        "nullCount": {name: nulls if name == "source" else 0 for name in known},
    }
    return AddAction(
        path.relative_to(folder).as_posix(),
        held.st_size,
        {"date": day.isoformat(), "bucket": bucket},
        int(held.st_mtime * 1_000),
        new,
        json.dumps(stats),
    )


def _told(value: object) -> object:
    """Return a value as the log writes it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1_000:03d}Z"
    return value
