"""What came from each source on each UTC day: kept once per file, added up over files."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import polars as pl
from sqlalchemy import Connection

from ais.io import KEPT, NOT_REFUSED
from ais.schema import TIME, TOLD, empty
from workspace import store
from workspace._cache import cached
from workspace._personal import masked
from workspace.folder import Workspace

_DAY = ["source", "date"]
_TOGETHER = 200_000
"""Rows that wait to be added up: a batch's few are not worth a pass over all before them."""


@dataclass
class Running:
    """A table that grows by what is new in it alone: parts are put together now and then."""

    together: Callable[[pl.DataFrame], pl.DataFrame]
    _whole: list[pl.DataFrame] = field(default_factory=list)
    _waiting: int = 0

    def add(self, part: pl.DataFrame) -> None:
        """Add a part, which is a result of ``together`` itself."""
        self._whole.append(part)
        self._waiting += part.height
        if self._waiting > max(_TOGETHER, self._whole[0].height):
            self.whole()

    def whole(self) -> pl.DataFrame | None:
        """Return all parts as one, None where there was none."""
        if not self._whole:
            return None
        self._whole = [self.together(pl.concat(self._whole))]
        self._waiting = 0
        return self._whole[0]


def _told_together(told: pl.DataFrame) -> pl.DataFrame:
    return told.group_by("source", "date", "reason").agg(pl.col("rows").sum())


def _days_together(days: pl.DataFrame) -> pl.DataFrame:
    return days.group_by(_DAY).agg(
        pl.col("positions").sum(), pl.col("t0").min(), pl.col("t1").max()
    )


def _spans_together(spans: pl.DataFrame) -> pl.DataFrame:
    return spans.group_by("mmsi").agg(
        pl.col("seen_from").min(),
        pl.col("seen_to").max(),
        pl.col("type_low").min(),
        pl.col("type_high").max(),
    )


class Books:
    """The books of one file while it is read, whose size does not follow the file's."""

    def __init__(self) -> None:
        self._told = Running(_told_together)
        self._days = Running(_days_together)
        self._vessels = Running(lambda rows: rows.unique())
        self._spans = Running(_spans_together)

    def add(self, positions: pl.DataFrame, told: pl.DataFrame, repeated: pl.DataFrame) -> None:
        """Add what one batch kept, what it told of its rows (``ais.schema.TOLD``), and repetitions.

        ``repeated`` has source, date and positions: those that stand in ``positions`` already.
        """
        if told.height:
            self._told.add(_told_together(told))
        if repeated.height:
            never = pl.lit(None, TIME)
            self._days.add(repeated.with_columns(t0=never, t1=never))
        if positions.is_empty():
            return
        heard = positions.group_by("source", pl.col("t").dt.date().alias("date"), "mmsi").agg(
            positions=pl.len().cast(pl.Int64),
            t0=pl.col("t").min(),
            t1=pl.col("t").max(),
            type_low=pl.col("msg_type").min(),
            type_high=pl.col("msg_type").max(),
        )
        self._days.add(_days_together(heard))
        self._vessels.add(heard.select(*_DAY, "mmsi"))
        self._spans.add(
            _spans_together(
                heard.rename({"t0": "seen_from", "t1": "seen_to"}).drop("positions", *_DAY)
            )
        )

    def told(self) -> pl.DataFrame:
        """Return what became of the file's rows, by source, day and reason."""
        told = self._told.whole()
        return empty(TOLD) if told is None else told.filter(pl.col("rows") != 0)

    def spans(self) -> pl.DataFrame:
        """Return each MMSI with when it was heard, and whether only as base station or aid."""
        spans = self._spans.whole()
        if spans is None:
            spans = pl.DataFrame(
                schema={
                    "mmsi": pl.UInt32,
                    "seen_from": TIME,
                    "seen_to": TIME,
                    "type_low": pl.UInt8,
                    "type_high": pl.UInt8,
                }
            )
        low, high = pl.col("type_low"), pl.col("type_high")
        return spans.select(
            pl.col("mmsi").cast(pl.Int64),
            "seen_from",
            "seen_to",
            only_4=(low == 4) & (high == 4),
            only_21=(low == 21) & (high == 21),
        )

    def dates(self) -> list[date]:
        """Return the UTC days that the file has positions of."""
        days = self._days.whole()
        return [] if days is None else days["date"].unique().to_list()

    def days(self) -> pl.DataFrame:
        """Return source, date, rows, positions, vessels, mmsis (packed), t0, t1."""
        rows = (
            self.told()
            .filter(pl.col("date").is_not_null())
            .group_by(_DAY)
            .agg(pl.col("rows").sum())
        )
        days, vessels = self._days.whole(), self._vessels.whole()
        if days is None or vessels is None:
            return rows.with_columns(
                positions=pl.lit(0, pl.Int64),
                vessels=pl.lit(0, pl.Int64),
                mmsis=pl.lit(None, pl.Binary),
                t0=pl.lit(None, TIME),
                t1=pl.lit(None, TIME),
            )
        parts = vessels.partition_by(_DAY, as_dict=True)
        packed = pl.DataFrame(
            {
                "source": [str(source) for source, _ in parts],
                "date": [day for _, day in parts],
                "vessels": [part.height for part in parts.values()],
                "mmsis": [_packed(part["mmsi"].to_numpy()) for part in parts.values()],
            },
            schema={
                "source": pl.String,
                "date": pl.Date,
                "vessels": pl.Int64,
                "mmsis": pl.Binary,
            },
        )
        return (
            rows.join(days, on=_DAY, how="full", coalesce=True)
            .join(packed, on=_DAY, how="left")
            .with_columns(pl.col("rows", "positions", "vessels").fill_null(0))
            .select(*_DAY, "rows", "positions", "vessels", "mmsis", "t0", "t1")
            .sort(_DAY)
        )


def _packed(mmsis: np.ndarray) -> bytes:
    """Return distinct MMSIs in two or three bytes each: the steps between them, compressed."""
    return zlib.compress(np.diff(np.sort(mmsis.astype("<u4")), prepend=np.uint32(0)).tobytes(), 1)


def _unpacked(packed: bytes | None) -> np.ndarray:
    if not packed:
        return np.empty(0, np.uint32)
    return np.cumsum(np.frombuffer(zlib.decompress(packed), "<u4"), dtype=np.uint32)


def keep(
    connection: Connection, sha256: str, books: Books, skews: pl.DataFrame, *, now: datetime
) -> None:
    """Note a file's days in place of what an earlier reading of the same content noted.

    ``skews`` is what `ais.clocks.skews` returns; one that is not sure is not kept.
    """
    days = (
        books.days()
        .join(skews.filter("sure").select("source", "skew_s", skew_n="n"), on="source", how="left")
        .with_columns(
            sha256=pl.lit(sha256),
            delay_s=(pl.lit(now).cast(TIME) - pl.col("t1")).dt.total_milliseconds() / 1000,
        )
    )
    told = books.told().with_columns(sha256=pl.lit(sha256)).sort("source", "date", "reason")
    for name, rows in (("feed_days", days), ("feed_reasons", told)):
        where = store.table_of(name).c.sha256 == sha256
        store.write(connection, name, rows, replace=True, where=where)


def feed_days(ws: Workspace) -> pl.DataFrame:
    """Return what came from each source on each UTC day, over all files.

    Columns: source, date (null: rows whose time is not known), rows, kept, passed (rows that
    hold nothing for us), positions (before the archive puts aside what it has), vessels, t0, t1,
    delay_s (from the newest position to when its file was taken in), skew_s (the source's clock
    ahead of UTC; null where it could not be measured), quarantined (reason and rows, most
    first).
    """
    return cached(ws, "feed days", ("feed_days", "feed_reasons"), lambda: _feed_days(ws))


def _feed_days(ws: Workspace) -> pl.DataFrame:
    days = store.read(ws.engine, "feed_days")
    told = store.read(ws.engine, "feed_reasons", columns=["source", "date", "reason", "rows"])
    passed = sorted(NOT_REFUSED - {KEPT})
    refused = ~pl.col("reason").is_in([KEPT, *passed])
    rows = told.group_by(_DAY).agg(
        pl.col("rows").sum(),
        kept=pl.col("rows").filter(pl.col("reason") == KEPT).sum(),
        passed=pl.col("rows").filter(pl.col("reason").is_in(passed)).sum(),
    )
    quarantined = (
        told.filter(refused)
        .group_by(*_DAY, "reason")
        .agg(pl.col("rows").sum())
        .sort("rows", "reason", descending=[True, False])
        .group_by(_DAY, maintain_order=True)
        .agg(quarantined=pl.struct("reason", "rows"))
    )
    by_file = (
        days.sort("t1", "delay_s", descending=[True, False], nulls_last=True)
        .group_by(_DAY, maintain_order=True)
        .agg(
            pl.col("positions").sum(),
            pl.col("t0").min(),
            pl.col("t1").max(),
            pl.col("delay_s").first(),
            skew_s=(pl.col("skew_s") * pl.col("skew_n")).sum()
            / pl.col("skew_n").filter(pl.col("skew_s").is_not_null()).sum(),
            vessels=pl.col("mmsis"),
        )
        .with_columns(
            pl.col("skew_s").fill_nan(None),
            pl.col("vessels").map_elements(_union, return_dtype=pl.Int64),
        )
    )
    nothing = pl.lit([], dtype=quarantined.schema["quarantined"])
    return (
        rows.join(by_file, on=_DAY, how="full", coalesce=True, nulls_equal=True)
        .join(quarantined, on=_DAY, how="left", nulls_equal=True)
        .with_columns(
            pl.col("rows", "kept", "passed", "positions", "vessels").fill_null(0),
            pl.col("quarantined").fill_null(nothing),
        )
        .select(
            *_DAY, "rows", "kept", "passed", "positions", "vessels", "t0", "t1", "delay_s",
            "skew_s", "quarantined",
        )
        .sort(_DAY, nulls_last=True)
    )  # fmt: skip


def _union(packed: pl.Series) -> int:
    """Return how many MMSIs several files heard on one day."""
    return len(np.unique(np.concatenate([_unpacked(one) for one in packed])))


def refused(ws: Workspace, *, source: str | None, day: date | None, most: int) -> pl.DataFrame:
    """Return samples of what was refused of a source and UTC day, ``most`` of each reason.

    Columns: reason, file, row, detail (numbers of persons left out), mend. ``source`` None is all
    of them, ``day`` None are the rows without a time. Samples are of the files that told a reason
    for that source and day.
    """
    noted, kept = (store.table_of(name).c for name in ("feed_reasons", "quarantine"))
    of_day = noted.date.is_(None) if day is None else noted.date == day
    wanted = of_day if source is None else of_day & (noted.source == source)
    pairs = store.read(ws.engine, "feed_reasons", where=wanted, columns=["sha256", "reason"])
    pairs = pairs.select("reason", source=pl.lit("ingest ") + pl.col("sha256").str.slice(0, 16))
    files = pairs["source"].unique().to_list()
    return (
        store.read(ws.engine, "quarantine", where=kept.source.in_(files))
        .join(pairs.unique(), on=["source", "reason"], how="semi")
        .sort("quarantine_id", descending=True)
        .group_by("reason", maintain_order=True)
        .head(most)
        .with_columns(pl.col("detail").map_elements(masked, return_dtype=pl.String))
        .select("reason", "file", "row", "detail", "mend")
    )
