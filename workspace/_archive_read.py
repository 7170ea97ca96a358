"""Reads of the archive: only the files and row groups that matter, the better row for each key."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from ais.schema import POSITIONS
from workspace._archive_errors import gathered, told
from workspace._archive_files import ordered
from workspace._archive_log import KEY, files_of, opened, that_may_hold

_INSTANT = timedelta(microseconds=1)
_BY_SOURCE = pl.Schema(
    {
        "date": pl.Date,
        "source": pl.String,
        "rows": pl.Int64,
        "vessels": pl.Int64,
        "t0": POSITIONS["t"],
        "t1": POSITIONS["t"],
    }
)
_COVERAGE = pl.Schema(
    {"lon_cell": pl.Float64, "lat_cell": pl.Float64, "rows": pl.Int64, "vessels": pl.Int64}
)


def scan(
    folder: Path, files: pl.DataFrame, columns: Sequence[str], where: Sequence[pl.Expr] = ()
) -> pl.LazyFrame:
    """Return the rows of some files, each key once, in no order.

    ``where`` may speak of the key's columns alone: both rows of a key pass it, or neither.
    Nothing is compared unless one of the files holds better rows for keys of the others.
    """
    mended = not files.filter(pl.col("order") > 0).is_empty()
    names = list(dict.fromkeys([*columns, *KEY])) if mended else list(columns)
    parts = [
        pl.scan_parquet([folder / path for path in group["path"]], hive_partitioning=False)
        .filter(*where)
        .select(*names, *([pl.lit(order).alias("_order")] if mended else []))
        for (order,), group in files.group_by("order", maintain_order=True)
    ]
    if not mended:
        return parts[0]
    return (
        pl.concat(parts)
        .sort(*KEY, pl.col("_order"), descending=[False] * len(KEY) + [True])
        .unique(KEY, keep="first", maintain_order=True)
        .select(columns)
    )


def _seen(folder: Path) -> pl.DataFrame:
    """Return the files that reads look at."""
    return files_of(opened(folder)).filter(pl.col("kind") != "again")


def touched(
    folder: Path,
    *,
    t0: datetime | None = None,
    t1: datetime | None = None,
    bbox: Sequence[float] | None = None,
    mmsi: Sequence[int] | None = None,
    bucket: tuple[int, int] | None = None,
) -> list[str]:
    """Return the paths of the files that a read with these limits opens."""
    last = None if t1 is None else t1 - _INSTANT
    with told(folder):
        files = that_may_hold(_seen(folder), t0=t0, t1=last, bbox=bbox, mmsi=mmsi, bucket=bucket)
    return [str(folder / path) for path in files["path"]]


def read(
    folder: Path,
    *,
    t0: datetime | None = None,
    t1: datetime | None = None,
    bbox: Sequence[float] | None = None,
    mmsi: Sequence[int] | None = None,
    bucket: tuple[int, int] | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Read positions with t0 <= t < t1, inside a box, of some vessels; sorted by (mmsi, t).

    Only the files whose statistics allow for such rows are opened, and of these only the row
    groups. Positions of one vessel at one time stand by lon, lat, unless ``columns`` names
    neither.

    Parameters
    ----------
    bbox : west, south, east, north in degrees; west > east crosses the antimeridian.
    bucket : (k, n), the vessels with mmsi % n == k: n turns read everything once.
    columns : some of `ais.schema.POSITIONS`, in the order wanted; all if left out.

    Raises
    ------
    InputError
        Where the archive is damaged, or may not be read.
    """
    names = list(columns or POSITIONS.names())
    where = []
    if t0 is not None:
        where.append(pl.col("t") >= t0)
    if t1 is not None:
        where.append(pl.col("t") < t1)
    if mmsi is not None:
        where.append(pl.col("mmsi").is_in(list(mmsi)))
    if bucket is not None:
        where.append(pl.col("mmsi") % bucket[1] == bucket[0])
    if bbox is not None:
        west, south, east, north = bbox
        across = pl.col("lon") >= west, pl.col("lon") <= east
        where += [
            pl.col("lat").is_between(south, north),
            (across[0] & across[1]) if west <= east else (across[0] | across[1]),
        ]
    # Of what is not asked for, only what tells the order apart is read.
    seen = ["mmsi"] if set(names) == {"mmsi"} else ["mmsi", "t"]
    order = seen if set(names) <= set(seen) else KEY
    needed = list(dict.fromkeys([*names, *order]))
    last = None if t1 is None else t1 - _INSTANT

    def once() -> pl.DataFrame:
        files = that_may_hold(_seen(folder), t0=t0, t1=last, bbox=bbox, mmsi=mmsi, bucket=bucket)
        if files.is_empty():
            return pl.DataFrame(schema={name: POSITIONS[name] for name in names})
        rows = gathered(folder, files, scan(folder, files, needed, where))
        rows = ordered(rows) if order is KEY else rows.sort(order)
        return rows.select(pl.col(name).cast(POSITIONS[name]) for name in names)

    with told(folder):
        try:
            return once()
        except FileNotFoundError:
            # Compaction may have taken a file away since the log was read: the log knows better.
            return once()


def summary(folder: Path) -> tuple[int, datetime | None, datetime | None]:
    """Return rows, oldest and newest time, from the table's log alone."""
    with told(folder):
        files = _seen(folder)
    if files.is_empty():
        return 0, None, None
    return files.select(_KEYS.sum(), pl.col("min.t").min(), pl.col("max.t").max()).row(0)


# Rows of the "mend" kind bring no key that is not there.
_KEYS = pl.when(pl.col("kind") == "mend").then(0).otherwise("rows")


def by_day(folder: Path) -> pl.DataFrame:
    """Return rows per UTC day (date, rows), from the table's log alone."""
    with told(folder):
        files = _seen(folder)
    return files.group_by("date").agg(rows=_KEYS.sum()).sort("date")


def buckets(folder: Path) -> pl.DataFrame:
    """Return how the archive is parted, from the table's log alone.

    Columns: date, k, n (the vessels with mmsi % n == k), rows, files.
    """
    with told(folder):
        files = _seen(folder)
    return (
        files.group_by("date", "k", "n")
        .agg(rows=_KEYS.sum(), files=pl.len().cast(pl.Int64))
        .sort("date", "n", "k")
    )


def by_source(folder: Path, days: Sequence[date] | None = None) -> pl.DataFrame:
    """Return what each source gave on each UTC day, reading three columns of those days.

    Columns: date, source, rows, vessels, t0, t1 (the oldest and newest time).
    """
    with told(folder):
        files = _seen(folder)
        wanted = files["date"].unique() if days is None else pl.Series(days, dtype=pl.Date)
        found = [_BY_SOURCE.to_frame()]
        for (day,), group in files.filter(pl.col("date").is_in(wanted.implode())).group_by("date"):
            each = scan(folder, group, ["source", "mmsi", "t"]).group_by("source", "mmsi")
            sums = (
                each.agg(rows=pl.len(), t0=pl.col("t").min(), t1=pl.col("t").max())
                .group_by("source")
                .agg(
                    rows=pl.col("rows").sum(),
                    vessels=pl.len(),
                    t0=pl.col("t0").min(),
                    t1=pl.col("t1").max(),
                )
                .select(
                    pl.lit(day).alias(name) if name == "date" else pl.col(name).cast(dtype)
                    for name, dtype in _BY_SOURCE.items()
                )
            )
            found.append(gathered(folder, group, sums))
    return pl.concat(found).sort("date", "source")


def coverage(
    folder: Path, *, day: date, cell_deg: float, source: str | None = None
) -> pl.DataFrame:
    """Return where one UTC day's positions lie, of one source or of all.

    Columns: lon_cell, lat_cell (the cell's west and south edge, degrees), rows, vessels.
    """
    with told(folder):
        files = _seen(folder).filter(pl.col("date") == day)
        if files.is_empty():
            return _COVERAGE.to_frame()
        rows = scan(folder, files, ["source", "mmsi", "lon", "lat"])
        if source is not None:
            rows = rows.filter(pl.col("source") == source)
        cells = [
            ((pl.col(name) / cell_deg).floor() * cell_deg).alias(f"{name}_cell")
            for name in ("lon", "lat")
        ]
        sums = (
            rows.group_by(*cells, "mmsi")
            .agg(rows=pl.len())
            .group_by("lon_cell", "lat_cell")
            .agg(rows=pl.col("rows").sum(), vessels=pl.len())
            .select(pl.col(name).cast(dtype) for name, dtype in _COVERAGE.items())
            .sort("lon_cell", "lat_cell")
        )
        return gathered(folder, files, sums)
