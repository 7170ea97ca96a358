"""Judge the rows of a table of AIS, whatever file it came from, and keep account of them."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import polars as pl

from ais._batch import KEPT, Batch, Page
from ais._blocks import Block
from ais.schema import MAX_MMSI, POSITIONS, STATICS, TIME, TOLD, empty

_NOTHING = ["", "unknown", "undefined", "unknown value", "0", "n/a", "null", "none", "nan"]
_TOLD = ["imo", "name", "callsign", "ship_type", "length_m", "width_m", "draught_m"]
_SIDES = ("to_bow", "to_stern", "to_port", "to_starboard")


class Table(NamedTuple):
    """Rows with their numbers read.

    ``rows`` has the columns row (in the file), mmsi, t, lon, lat, sog_kn, cog_deg, heading_deg,
    status, msg_type and cls, and where the rows tell it, source; null where a cell holds none.
    It may have ``placeless``: true where the row need have no place, as a static report.
    """

    rows: pl.DataFrame
    statics: Callable[[pl.Series], pl.DataFrame]
    """Return the static cells of the first row of each of a vessel's versions, among those at
    the indices given; as ``STATICS`` but texts, with the index ``at`` of their row."""


class Books:
    """The counts of one batch, by reason, source and day."""

    def __init__(self, page: Page, source: str) -> None:
        self.page = page
        self.source = source
        self._told: list[pl.DataFrame] = []

    def dateless(self, reason: str, n: int) -> None:
        """Note ``n`` rows whose time is not known."""
        if n:
            self._told.append(
                pl.DataFrame([(self.source, None, reason, n)], schema=TOLD, orient="row")
            )

    def note(self, reason: str, rows: pl.DataFrame) -> None:
        """Note rows by their day."""
        if not rows.height:
            return
        day = pl.col("t").dt.date().alias("date")
        source = pl.col("source") if "source" in rows.columns else pl.lit(None, pl.String)
        told = rows.group_by(source.alias("source"), day).agg(pl.len().alias("rows"))
        self._told.append(
            told.select(
                pl.col("source").fill_null(self.source),
                "date",
                pl.lit(reason).alias("reason"),
                pl.col("rows").cast(TOLD["rows"]),
            )
        )

    def told(self) -> pl.DataFrame:
        """Return the account with the columns of ``TOLD``."""
        if not self._told:
            return empty(TOLD)
        by = ["source", "date", "reason"]
        return pl.concat(self._told).group_by(by).agg(pl.col("rows").sum()).sort(by)


def open_books(page: Page, source: str, block: Block) -> Books:
    """Begin the account of a block: what breaks off and what is too long."""
    books = Books(page, source)
    if block.long:
        page.count("rows_in", len(block.long))
        page.refuse("long_line", len(block.long), ((r, f"{n:,} bytes") for r, n in block.long))
        books.dateless("long_line", len(block.long))
    if block.broken:
        page.count("rows_in", 1)
        said = f"the file breaks off after row {block.row + block.n_rows - 1}"
        page.refuse(block.broken, 1, [(block.row + block.n_rows, said)])
        books.dateless(block.broken, 1)
    return books


def batch(table: Table, books: Books, *, not_after: datetime | None, done: int) -> Batch:
    """Return a batch of what can be kept of a table; the rest is refused by reason."""
    wrong = _judge(table.rows, books, not_after)
    rows = table.rows.filter(~wrong) if wrong.any() else table.rows
    kept = (~wrong).arg_true()
    books.page.count(KEPT, rows.height)
    books.note(KEPT, rows)
    statics = _statics(table.statics(kept), rows, kept, books.source)
    if "placeless" in rows.columns:
        rows = rows.filter(pl.col("placeless").not_() | pl.col("lon").is_not_null())
    return Batch(
        _positions(rows, books.source),
        statics,
        books.page.counts,
        books.page.samples(),
        done,
        told=books.told(),
    )


def _judge(rows: pl.DataFrame, books: Books, not_after: datetime | None) -> pl.Series:
    """Return which rows are not kept, and refuse them under their first reason."""
    lon, lat, mmsi = pl.col("lon"), pl.col("lat"), pl.col("mmsi")
    sited = (lon.abs() <= 180) & (lat.abs() <= 90) & ((lon != 0) | (lat != 0))
    none = lon.is_null() | lat.is_null() | (lon == 181) | (lat == 91)
    checks = [
        ("bad_mmsi", mmsi.is_between(1, MAX_MMSI).fill_null(value=False).not_()),
        ("bad_time", pl.col("t").is_null()),
        ("no_position", none),
        ("bad_position", sited.not_()),
    ]
    if "placeless" in rows.columns:
        off = pl.col("placeless").not_()
        checks[2:] = [(why, hit & off) for why, hit in checks[2:]]
    if not_after is not None:
        checks.insert(2, ("future", pl.col("t") > not_after))
    marks = rows.select(hit.alias(why) for why, hit in checks)
    wrong = marks.select(pl.any_horizontal(pl.all()).fill_null(value=False)).to_series()
    if not wrong.any():
        return wrong
    reason = pl.coalesce(pl.when(pl.col(why)).then(pl.lit(why)) for why, _ in checks)
    told = rows.filter(wrong).with_columns(
        marks.filter(wrong).select(reason.alias("reason")).to_series()
    )
    for (why,), some in told.group_by(["reason"], maintain_order=True):
        said = (
            (r, f"MMSI {m if m is None else round(m)}, time {t}, lon {x}, lat {y}")
            for r, m, t, x, y in some.select("row", "mmsi", "t", "lon", "lat").iter_rows()
        )
        books.page.refuse(str(why), some.height, said)
        books.note(str(why), some)
    return wrong


def _below(column: str, limit: float) -> pl.Expr:
    """Return a non-negative number below ``limit``, null otherwise (the "not available"s)."""
    value = pl.col(column)
    return pl.when((value >= 0) & (value < limit)).then(value).alias(column)


def _positions(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    told = pl.col("source") if "source" in rows.columns else pl.lit(None, pl.String)
    return rows.select(
        pl.col("mmsi").cast(POSITIONS["mmsi"]),
        "t",
        "lon",
        "lat",
        _below("sog_kn", 102.3).cast(POSITIONS["sog_kn"]),
        _below("cog_deg", 360.0).cast(POSITIONS["cog_deg"]),
        _below("heading_deg", 360.0).cast(POSITIONS["heading_deg"]),
        _below("status", 15).cast(POSITIONS["status"]),
        pl.col("msg_type").fill_null(0).cast(POSITIONS["msg_type"]),
        pl.col("cls").fill_null("other").cast(POSITIONS["cls"]),
        told.fill_null(source).alias("source"),
    )


def text(column: str) -> pl.Expr:
    """Return a text without padding, null where it says that nothing is known."""
    value = pl.col(column).str.strip_chars(" @\t\r").str.replace_all('""', '"', literal=True)
    return pl.when(value.str.to_lowercase().is_in(_NOTHING).not_()).then(value).alias(column)


def _statics(found: pl.DataFrame, rows: pl.DataFrame, kept: pl.Series, source: str) -> pl.DataFrame:
    """Return static reports of raw static cells: each version of a vessel's once."""
    if not found.height:
        return empty(STATICS)
    at = kept.search_sorted(found["at"])
    whose = rows[at].select(
        pl.col("mmsi").cast(STATICS["mmsi"]),
        "t",
        *([pl.col("source").fill_null(source)] if "source" in rows.columns else []),
    )
    imo = pl.col("imo").str.extract(r"(\d{7})(?:\.0)?$").cast(STATICS["imo"], strict=False)
    sides = {
        "length_m": pl.sum_horizontal("to_bow", "to_stern", ignore_nulls=False),
        "width_m": pl.sum_horizontal("to_port", "to_starboard", ignore_nulls=False),
    }
    table = found.select(
        pl.when(imo > 0).then(imo).alias("imo"),
        text("name"),
        text("callsign"),
        pl.col("ship_type"),
        *(
            pl.coalesce(
                pl.when(value > 0).then(value)
                for value in (pl.col(size), *([sides[size]] if size in sides else []))
            ).alias(size)
            for size in ("length_m", "width_m", "draught_m")
        ),
    )
    return (
        pl.concat([whose, table], how="horizontal")
        .filter(pl.any_horizontal(pl.col(_TOLD).is_not_null()))
        .unique(["mmsi", *_TOLD], keep="first", maintain_order=True)
        .with_columns([] if "source" in whose.columns else [pl.lit(source).alias("source")])
        .select(STATICS.names())
        .cast(STATICS)
    )


def times_of(values: pl.Expr, time_format: str, zone: str | None) -> pl.Expr:
    """Return texts in a strptime format, local in ``zone``, as times; null where they are none.

    A local hour that comes twice, or never, is no time.
    """
    if "%z" in time_format or "%#z" in time_format:
        return values.str.to_datetime(
            time_format, time_unit="ms", strict=False
        ).dt.convert_time_zone("UTC")
    return in_zone(values.str.to_datetime(time_format, time_unit="ms", strict=False), zone)


def in_zone(moments: pl.Expr, zone: str | None) -> pl.Expr:
    """Return naive times, local in ``zone`` (UTC without one), in UTC."""
    if zone is None:
        return moments.dt.replace_time_zone("UTC").cast(TIME)
    return (
        moments.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
        .dt.convert_time_zone("UTC")
        .cast(TIME)
    )
