"""The rows of the archive's files: written sorted, the better of two rows for one key told."""

import uuid
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ais.schema import POSITIONS
from workspace._archive_log import KEY, STORED, Written, located, settle

# Small enough that a box reads few of them, large enough that one vessel's day is one or two.
_ROW_GROUP = 16_384
_APPENDED_GROUP = 65_536
# A day has fewer than 2^27 milliseconds, and a vessel's number 30 bits.
_DAY_BITS = 27
# A vessel's number beside the milliseconds of three months.
_SPAN_BITS = 33
_MS = pl.col("t").dt.epoch("ms") % 86_400_000
_DETAIL = ("sog_kn", "cog_deg", "heading_deg", "status")


def prepared(positions: pl.DataFrame) -> dict[date, pl.DataFrame]:
    """Return positions as they are stored, by UTC day, the better row for each key."""
    rows = positions.select(
        # -0.0 and 0.0 are one place.
        pl.col(name) + 0.0 if name in {"lon", "lat"} else pl.col(name).cast(STORED.get(name, dtype))
        for name, dtype in POSITIONS.items()
    )
    days = rows.select(pl.col("t").dt.date().unique().sort()).to_series()
    if len(days) == 1:
        return {days[0]: _in_order(rows)}
    parts = rows.with_columns(date=pl.col("t").dt.date()).partition_by(
        "date", as_dict=True, include_key=False
    )
    return {day: _in_order(parts[day,]) for day in days}


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one day's rows by vessel and time, the better row for each key."""
    # One whole number sorts twice as fast as two columns, and a file is often sorted already.
    code = rows.select(pl.col("mmsi").cast(pl.Int64) * (1 << _DAY_BITS) + _MS).to_series()
    if not code.is_sorted():
        ordered = rows.with_columns(_code=code).sort("_code")
        rows, code = ordered.drop("_code"), ordered["_code"]
    again = (code == code.shift()).fill_null(value=False)
    if not again.any():
        return rows
    twice = again | again.shift(-1, fill_value=False)
    return pl.concat([rows.filter(~twice), best(rows.filter(twice))]).sort("mmsi", "t")


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows by (mmsi, t, lon, lat)."""
    ms = rows["t"].dt.epoch("ms")
    if rows.is_empty() or ms.max() - ms.min() >= 1 << _SPAN_BITS:
        return rows.sort(KEY)
    # One whole number sorts three times as fast as four columns; few rows are left to those.
    code = rows["mmsi"].cast(pl.Int64) * (1 << _SPAN_BITS) + (ms - ms.min())
    rows = rows.with_columns(_code=code).sort("_code")
    again = (rows["_code"] == rows["_code"].shift()).fill_null(value=False)
    rows = rows.drop("_code")
    if not again.any():
        return rows
    twice = (again | again.shift(-1, fill_value=False)).arg_true().to_numpy()
    place = np.arange(rows.height)
    place[twice] = twice[rows[twice].select(pl.arg_sort_by(KEY)).to_series().to_numpy()]
    return rows[place]


def best(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the better of the rows for each key.

    The better row has fewer nulls; then a type of message that is told, and the lower one; then
    the lesser speed, course, heading, status, class and source. So of any two different rows one
    is the better, whichever came first.
    """
    ranked = rows.with_columns(
        _nulls=pl.sum_horizontal(pl.col(*_DETAIL).is_null()), _untold=pl.col("msg_type") == 0
    )
    return (
        ranked.sort(
            *KEY, "_nulls", "_untold", "msg_type", *_DETAIL, "cls", "source", nulls_last=True
        )
        .unique(KEY, keep="first", maintain_order=True)
        .select(rows.columns)
    )


def write(
    folder: Path,
    rows: pl.DataFrame,
    *,
    day: date,
    bucket: tuple[int, int],
    kind: str,
    order: int = 0,
) -> Written:
    """Write rows of one day and bucket as a file that the table does not have yet.

    ``rows`` are written in their order, without ``date``; ``kind`` and ``order`` are those of
    `workspace._archive_log.FILES`. What a failed try has written is taken away again.
    """
    name = located(*bucket, kind)
    begins = f"{kind}-{order:012d}" if order else kind
    path = folder / f"date={day}" / f"bucket={name}" / f"{begins}-{uuid.uuid4().hex}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    base = kind in {"base", "again"} and not order
    try:
        rows.select(POSITIONS.names()).write_parquet(
            path,
            # What compaction will write again is packed quickly, what stays is packed well.
            compression="zstd" if base else "lz4",
            row_group_size=_ROW_GROUP if base else _APPENDED_GROUP,
        )
        settle(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    told = (*KEY, "source")
    known = rows.select(*KEY, pl.col("source").fill_null(""))
    ends = pl.concat([known.min(), known.max()]).select(told).to_dict(as_series=False)
    extent = {one: tuple(ends[one]) for one in told}
    return Written(path, day, name, rows.height, extent, rows["source"].null_count())


def by_place(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one day's rows with each vessel's together, in time, and neighbours beside it.

    Vessels stand in the order of the Morton code (Morton, A computer oriented geodetic data base,
    1966) of their median place, so that the row groups of a box lie together; measured on a day
    of 7.3 M rows with groups of 16,384: a box of 10 km touches 45 of 444 (18 ms), against 345
    (87 ms) with the vessels by number, and one vessel is found in 35 ms, the number being
    run-length coded. Groups of 8,192 and 32,768 gain nothing on the box; putting far-travelled
    vessels apart gains nothing either.
    """
    places = rows.group_by("mmsi").agg(pl.col("lon", "lat").median())
    code = _morton(places["lon"].to_numpy(), places["lat"].to_numpy())
    nth = (
        places.select("mmsi", code=pl.Series(code))
        .sort("code", "mmsi")
        .with_row_index("nth")
        .select("mmsi", pl.col("nth").cast(pl.Int64))
    )
    return (
        rows.join(nth, on="mmsi", how="left", maintain_order="left")
        .with_columns(nth=pl.col("nth") * (1 << _DAY_BITS) + _MS)
        .sort("nth")
        .drop("nth")
    )


def _morton(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Return places as whole numbers in the Z-order of a grid of 2^16 x 2^16 cells."""
    east = _spread(np.clip((lon + 180) / 360, 0, 1))
    return (east | (_spread(np.clip((lat + 90) / 180, 0, 1)) << np.uint64(1))).astype(np.int64)


def _spread(share: np.ndarray) -> np.ndarray:
    """Return 16 bits of a share 0..1 with a free bit between each two."""
    bits = (share * 0xFFFF).astype(np.uint64)
    for shift, mask in (
        (8, 0x00FF00FF),
        (4, 0x0F0F0F0F),
        (2, 0x33333333),
        (1, 0x55555555),
    ):
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits
