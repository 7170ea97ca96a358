"""The archive of positions: a Delta table by UTC day, each file sorted by vessel and time.

A commit of the table is one small file put in place at once, so a process killed at any instant
leaves either all of an append or none of it; files without a commit are never read. An append
adds only what is not there yet, by (mmsi, t, lon, lat), and so may be repeated.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from deltalake import (
    CommitProperties,
    DeltaTable,
    Schema,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from ais.schema import POSITIONS, empty

KEY = ("mmsi", "t", "lon", "lat")
# Delta knows no unsigned numbers and keeps times in microseconds; both are undone on reading.
_STORED = {
    "mmsi": pl.Int32,
    "t": pl.Datetime("us", "UTC"),
    "status": pl.Int16,
    "msg_type": pl.Int16,
}
_ROW_GROUP = 64_000
_TRIES = 50


def append(folder: Path, positions: pl.DataFrame) -> int:
    """Add the positions that are not in the archive yet and return how many those were.

    ``positions`` has the columns of `ais.schema.POSITIONS`. When another process commits between
    our look and our commit, ours fails and we look again: two writers never add a row twice.
    """
    if positions.is_empty():
        return 0
    batch = (
        positions.select(POSITIONS.names())
        .unique(subset=KEY, keep="first", maintain_order=True)
        .with_columns(pl.col(name).cast(dtype) for name, dtype in _STORED.items())
        .with_columns(date=pl.col("t").dt.date())
        .sort("mmsi", "t")
    )
    _create(folder)
    for attempt in range(_TRIES):
        table = DeltaTable(folder)
        fresh = _without_known(table, batch)
        if fresh.is_empty():
            return 0
        try:
            write_deltalake(
                table,
                fresh.to_arrow(),
                mode="append",
                writer_properties=WriterProperties(
                    max_row_group_size=_ROW_GROUP, compression="ZSTD"
                ),
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except CommitFailedError:
            if attempt == _TRIES - 1:
                raise
        else:
            return fresh.height
    raise AssertionError("the loop above returns or raises")


def _create(folder: Path) -> None:
    """Make the empty table unless it is there; another process may be faster."""
    if DeltaTable.is_deltatable(str(folder)):
        return
    folder.mkdir(parents=True, exist_ok=True)
    shape = empty(POSITIONS).with_columns(
        *(pl.col(name).cast(dtype) for name, dtype in _STORED.items()),
        date=pl.lit(None, dtype=pl.Date),
    )
    try:
        DeltaTable.create(
            str(folder),
            schema=Schema.from_arrow(shape.to_arrow().schema),
            partition_by=["date"],
            mode="ignore",
        )
    except DeltaError:
        if not DeltaTable.is_deltatable(str(folder)):
            raise


def _without_known(table: DeltaTable, batch: pl.DataFrame) -> pl.DataFrame:
    """Return the batch's rows whose key the table lacks."""
    t0, t1 = batch["t"].min(), batch["t"].max()
    vessels = [batch["mmsi"].min(), batch["mmsi"].max()]
    near = _files(table, t0=t0, t1=t1, mmsi=vessels)
    paths = [
        path
        for path, day in near.select("path", "date").iter_rows()
        if day in set(batch["date"].unique())
    ]
    if not paths:
        return batch
    known = (
        pl.scan_parquet(paths, hive_partitioning=False)
        .filter(pl.col("t").is_between(t0, t1))
        .select(KEY)
        .collect()
    )
    return batch.join(known, on=KEY, how="anti", maintain_order="left")


def _files(
    table: DeltaTable,
    *,
    t0: object = None,
    t1: object = None,
    bbox: Sequence[float] | None = None,
    mmsi: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Return the table's files that may hold such rows, by the log's statistics alone."""
    files = pl.DataFrame(table.get_add_actions(flatten=True))
    files = files.rename({"partition.date": "date"})
    root = table.table_uri.removeprefix("file://").rstrip("/")
    files = files.with_columns(path=pl.format("{}/{}", pl.lit(root), pl.col("path")))
    if files.is_empty():
        return files
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
    if mmsi is not None and len(mmsi):
        wanted.append((pl.col("max.mmsi") >= min(mmsi)) & (pl.col("min.mmsi") <= max(mmsi)))
    return files.filter(wanted)


def _table(folder: Path) -> DeltaTable | None:
    try:
        return DeltaTable(folder)
    except TableNotFoundError:
        return None


def touched(
    folder: Path,
    *,
    t0: datetime | None = None,
    t1: datetime | None = None,
    bbox: Sequence[float] | None = None,
    mmsi: Sequence[int] | None = None,
) -> list[str]:
    """Return the paths of the files that a read with these limits opens."""
    table = _table(folder)
    if table is None:
        return []
    return _files(table, t0=t0, t1=t1, bbox=bbox, mmsi=mmsi)["path"].to_list()


def read(
    folder: Path,
    *,
    t0: datetime | None = None,
    t1: datetime | None = None,
    bbox: Sequence[float] | None = None,
    mmsi: Sequence[int] | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Read positions with t0 <= t < t1, inside a box, of some vessels; sorted by (mmsi, t).

    Only the files whose statistics allow for such rows are opened. ``bbox`` is (west, south,
    east, north) in degrees; west > east crosses the antimeridian.
    """
    names = list(columns or POSITIONS.names())
    paths = touched(folder, t0=t0, t1=t1, bbox=bbox, mmsi=mmsi)
    if not paths:
        return pl.DataFrame(schema={name: POSITIONS[name] for name in names})
    rows = pl.scan_parquet(paths, hive_partitioning=False)
    if t0 is not None:
        rows = rows.filter(pl.col("t") >= t0)
    if t1 is not None:
        rows = rows.filter(pl.col("t") < t1)
    if mmsi is not None:
        rows = rows.filter(pl.col("mmsi").is_in(list(mmsi)))
    if bbox is not None:
        west, south, east, north = bbox
        across = pl.col("lon") >= west, pl.col("lon") <= east
        rows = rows.filter(
            pl.col("lat").is_between(south, north),
            (across[0] & across[1]) if west <= east else (across[0] | across[1]),
        )
    needed = [*names, *(name for name in ("mmsi", "t") if name not in names)]
    return (
        rows.select(needed)
        .sort("mmsi", "t", maintain_order=True)
        .select(pl.col(name).cast(POSITIONS[name]) for name in names)
        .collect()
    )


def summary(folder: Path) -> tuple[int, datetime | None, datetime | None]:
    """Return rows, oldest and newest time, from the table's log alone."""
    table = _table(folder)
    files = None if table is None else _files(table)
    if files is None or files.is_empty():
        return 0, None, None
    rows, oldest, newest = files.select(
        pl.col("num_records").sum(), pl.col("min.t").min(), pl.col("max.t").max()
    ).row(0)
    return int(rows), oldest, newest


def by_day(folder: Path) -> pl.DataFrame:
    """Return rows per UTC day (date, rows), from the table's log alone."""
    table = _table(folder)
    if table is None:
        return pl.DataFrame(schema={"date": pl.Date, "rows": pl.Int64})
    files = _files(table)
    if files.is_empty():
        return pl.DataFrame(schema={"date": pl.Date, "rows": pl.Int64})
    return files.group_by("date").agg(rows=pl.col("num_records").sum().cast(pl.Int64)).sort("date")
