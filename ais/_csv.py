"""Read the CSV files of the Danish Maritime Authority and of NOAA MarineCadastre.

Formats: DMA, "AIS data" (http://web.ais.dk/aisdata/, 26 columns, times in UTC);
MarineCadastre.gov, "AIS data dictionary" (16 or 17 columns in 2015 to 2024, lower-case names
with underscores from 2025).
"""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Ints
from ais._batch import KEPT, Batch, Ledger
from ais._blocks import Block
from ais.schema import POSITIONS, STATICS, TIME

MAX_MMSI = 999_999_999

_DMA_STATUS = {
    "Under way using engine": 0,
    "At anchor": 1,
    "Not under command": 2,
    "Restricted maneuverability": 3,
    "Constrained by her draught": 4,
    "Moored": 5,
    "Aground": 6,
    "Engaged in fishing": 7,
    "Under way sailing": 8,
    "Reserved for future amendment [HSC]": 9,
    "Reserved for future amendment [WIG]": 10,
    "AIS-SART (active)": 14,
}
_DMA_TYPE = {
    "WIG": 20,
    "Fishing": 30,
    "Towing": 31,
    "Towing long/wide": 32,
    "Dredging": 33,
    "Diving": 34,
    "Military": 35,
    "Sailing": 36,
    "Pleasure": 37,
    "HSC": 40,
    "Pilot": 50,
    "SAR": 51,
    "Tug": 52,
    "Port tender": 53,
    "Anti-pollution": 54,
    "Law enforcement": 55,
    "Spare 1": 56,
    "Spare 2": 57,
    "Medical": 58,
    "Not party to conflict": 59,
    "Passenger": 60,
    "Cargo": 70,
    "Tanker": 80,
    "Other": 90,
}
"""Names of ITU-R M.1371 ship types and statuses as DMA writes them."""
_DMA_SENDER = {
    "Class A": ("A", 0),
    "Class B": ("B", 0),
    "Base Station": ("other", 4),
    "AtoN": ("other", 21),
    "SAR Airborne": ("other", 9),
}
_NOTHING = ["", "Unknown", "Undefined", "Unknown value", "0"]


Make: TypeAlias = Callable[[str], pl.Expr]


class Layout(NamedTuple):
    """Which column of a dialect holds what; names as ``plain`` gives them."""

    name: str
    required: dict[str, tuple[str, ...]]
    """Our column → the names it may have."""
    shown: str
    time_format: tuple[str, ...]


DMA = Layout(
    "dma",
    {"t": ("timestamp",), "mmsi": ("mmsi",), "lat": ("latitude",), "lon": ("longitude",)},
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,…",
    ("%d/%m/%Y %H:%M:%S",),
)
NOAA = Layout(
    "noaa",
    {
        "t": ("basedatetime",),
        "mmsi": ("mmsi",),
        "lat": ("lat", "latitude"),
        "lon": ("lon", "longitude"),
    },
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,…",
    ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"),
)
LAYOUTS = (DMA, NOAA)


def plain(column: str) -> str:
    """Return a column's name without case, blanks and signs: ``# Timestamp`` → timestamp."""
    return "".join(c for c in column.lower() if c.isalnum())


def layout_of(header: str) -> Layout | None:
    """Return the layout that a header line belongs to, None when it is no known one."""
    names = {plain(c) for c in next(csv.reader([header]), [])}
    for layout in LAYOUTS:
        if all(names.intersection(options) for options in layout.required.values()):
            return layout
    return None


@numba.njit(cache=True)
def _commas(buf: Array, want: int) -> tuple[Ints, Ints, Array]:
    """Return (starts, ends, verdicts) of lines: 0 blank, 1 ``want`` commas, 2 another number."""
    n = 0
    for i in range(buf.shape[0]):
        n += buf[i] == 10
    n += buf.shape[0] > 0 and buf[-1] != 10
    starts, ends = np.empty(n, np.int64), np.empty(n, np.int64)
    verdict = np.zeros(n, np.uint8)
    a = 0
    for k in range(n):
        b = a
        commas = 0
        text = False
        quoted = False
        while b < buf.shape[0] and buf[b] != 10:
            c = buf[b]
            if c == 34:
                quoted = not quoted
            elif c == 44 and not quoted:
                commas += 1
            text |= c > 32
            b += 1
        starts[k], ends[k] = a, min(b + 1, buf.shape[0])
        verdict[k] = 0 if not text else (1 if commas == want and not quoted else 2)
        a = b + 1
    return starts, ends, verdict


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False)


def _below(column: str, limit: float) -> pl.Expr:
    """Return a non-negative number below ``limit``, null otherwise (the "not available"s)."""
    return pl.when(_number(column).is_between(0, limit, closed="left")).then(_number(column))


def _text(column: str) -> pl.Expr:
    value = pl.col(column).str.strip_chars(" @")
    return pl.when(value.is_in(_NOTHING).not_()).then(value)


def _positive(column: str) -> pl.Expr:
    return pl.when(_number(column) > 0).then(_number(column))


def _imo(column: str) -> pl.Expr:
    return pl.col(column).str.extract(r"(\d{7})$").cast(pl.Int64, strict=False)


def _coded(column: str, table: dict[str, int] | dict[str, str]) -> pl.Expr:
    """Return what ``table`` says of a text, null for others."""
    return pl.col(column).replace_strict(table, default=None)


def _letter(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_in(["A", "B"])).then(pl.col(column))


def _columns(layout: Layout, names: list[str]) -> list[pl.Expr]:
    """Return the expressions that turn a dialect's text columns into ours."""
    by_plain = {plain(name): name for name in reversed(names)}

    def has(*options: str) -> str | None:
        return next((by_plain[o] for o in options if o in by_plain), None)

    def made(into: str, make: Make, *options: str) -> pl.Expr:
        found = has(*options)
        return (pl.lit(None) if found is None else make(found)).alias(into)

    required = {ours: has(*options) or "" for ours, options in layout.required.items()}
    times = [
        pl.col(required["t"]).str.strip_chars("Z ").str.to_datetime(f, time_unit="ms", strict=False)
        for f in layout.time_format
    ]
    dma = layout is DMA
    return [
        _number(required["mmsi"]).alias("mmsi"),
        pl.coalesce(times).dt.replace_time_zone("UTC").cast(TIME).alias("t"),
        _number(required["lon"]).alias("lon"),
        _number(required["lat"]).alias("lat"),
        made("sog_kn", partial(_below, limit=102.3), "sog"),
        made("cog_deg", partial(_below, limit=360.0), "cog"),
        made("heading_deg", partial(_below, limit=360.0), "heading"),
        made(
            "status",
            partial(_coded, table=_DMA_STATUS) if dma else partial(_below, limit=15.0),
            "navigationalstatus",
            "status",
        ),
        made(
            "msg_type",
            partial(_coded, table={k: v[1] for k, v in _DMA_SENDER.items()}),
            *(["typeofmobile"] if dma else []),
        ),
        made(
            "cls",
            partial(_coded, table={k: v[0] for k, v in _DMA_SENDER.items()}) if dma else _letter,
            "typeofmobile",
            "transceiverclass",
            "transcieverclass",
        ),
        made("imo", _imo, "imo"),
        made("name", _text, "name", "vesselname"),
        made("callsign", _text, "callsign"),
        made("ship_type", partial(_coded, table=_DMA_TYPE), "shiptype")
        if dma
        else made("ship_type", _positive, "vesseltype"),
        made("length_m", _positive, "length"),
        made("width_m", _positive, "width"),
        made("draught_m", _positive, "draught", "draft"),
    ]


_TOLD = ["imo", "name", "callsign", "ship_type", "length_m", "width_m", "draught_m"]


def _tables(good: pl.DataFrame, source: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return positions and statics; a vessel's static data once for each of its versions."""
    whole = good.with_columns(
        pl.lit(source).alias("source"),
        pl.col("cls").fill_null("other"),
        pl.col("msg_type").fill_null(0),
        pl.when(pl.col("ship_type") <= 255).then(pl.col("ship_type")).alias("ship_type"),
        pl.when(pl.col("imo") > 0).then(pl.col("imo")).alias("imo"),
    )
    positions = whole.select(POSITIONS.names()).cast(POSITIONS)
    statics = (
        whole.filter(pl.any_horizontal(pl.col(_TOLD).is_not_null()))
        .unique(["mmsi", *_TOLD], keep="first", maintain_order=True)
        .select(STATICS.names())
        .cast(STATICS)
    )
    return positions, statics


def _shown(line: bytes) -> str:
    return line[:100].decode("utf-8", "replace").strip()


def _lines_of(data: bytes, keep: Bools, starts: Ints, ends: Ints) -> bytes:
    """Return the lines to keep; the whole data, uncopied, when that is all of them."""
    if keep.all():
        return data
    return b"".join(data[a:b] for a, b in zip(starts[keep], ends[keep], strict=True))


def read_csv(
    blocks: Iterator[Block], *, layout: Layout, file: str, not_after: datetime | None
) -> Iterator[Batch]:
    """Yield the batches of a CSV file in a known layout, one for each block."""
    ledger = Ledger(file)
    names: list[str] = []
    for block in blocks:
        page = ledger.page()
        data, first_row = block.data, block.row
        if not names:
            end = data.find(b"\n") + 1 or len(data)
            header = data[:end].replace(b"\r", b"").decode("utf-8", "replace").strip()
            names = next(csv.reader([header]))
            data, first_row = data[end:], first_row + 1
        starts, ends, verdict = _commas(np.frombuffer(data, np.uint8), len(names) - 1)
        rows = np.arange(first_row, first_row + len(starts))
        page.count("rows_in", len(starts))
        page.count("blank", np.count_nonzero(verdict == 0))
        ragged = np.flatnonzero(verdict == 2)
        page.refuse(
            "bad_row",
            len(ragged),
            ((rows[i], _shown(data[starts[i] : ends[i]])) for i in ragged),
        )
        if block.broken:
            page.count("rows_in", 1)
            said = f"the file breaks off after row {block.row + block.n_rows - 1}"
            page.refuse(block.broken, 1, [(block.row + block.n_rows, said)])
        body = _lines_of(data, verdict == 1, starts, ends)
        # A name that comes twice keeps its first column; the others get a number.
        columns = [n if names.index(n) == i else f"{n} {i}" for i, n in enumerate(names)]
        raw = pl.read_csv(
            io.BytesIO(body),
            has_header=False,
            schema=dict.fromkeys(columns, pl.String),
            encoding="utf8-lossy",
            raise_if_empty=False,
        )
        table = raw.select(_columns(layout, names)).with_columns(
            pl.Series("row", rows[verdict == 1], dtype=pl.Int64)
        )
        lon, lat, mmsi = pl.col("lon"), pl.col("lat"), pl.col("mmsi")
        checks = [
            ("bad_mmsi", mmsi.is_between(1, MAX_MMSI).fill_null(value=False).not_()),
            ("bad_time", pl.col("t").is_null()),
            ("no_position", lon.is_null() | lat.is_null() | (lon == 181) | (lat == 91)),
            (
                "bad_position",
                (lon.abs() <= 180).and_(lat.abs() <= 90).and_((lon != 0) | (lat != 0)).not_()
                | lon.is_nan()
                | lat.is_nan(),
            ),
        ]
        if not_after is not None:
            checks.insert(2, ("future", pl.col("t") > not_after))
        reason = pl.coalesce([pl.when(hit).then(pl.lit(name)) for name, hit in checks])
        table = table.with_columns(reason.alias("reason"))
        bad = table.filter(pl.col("reason").is_not_null())
        for (why,), some in bad.group_by(["reason"], maintain_order=True):
            said_of = (
                (r, f"MMSI {m if m is None else round(m)}, time {t}, lon {x}, lat {y}")
                for r, m, t, x, y in some.select("row", "mmsi", "t", "lon", "lat").iter_rows()
            )
            page.refuse(str(why), some.height, said_of)
        good = table.filter(pl.col("reason").is_null())
        page.count(KEPT, good.height)
        positions, statics = _tables(good, layout.name)
        yield Batch(positions, statics, page.counts, page.samples(), block.done)
