"""Put aside positions that cannot be true on their own, and what was told twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Ints
from ais.schema import MAX_MMSI
from geo.errors import REFUSED

HEARD_AGAIN_S = 30.0
"""Two stations that hear one transmission write times that differ by their clocks and by the
way to the server: the same report of another source within this time is the same transmission.
The same limit holds for payloads of NMEA."""
NO_SPEED_KN = 102.3
NO_AIRCRAFT_SPEED_KN = 1023.0
"""ITU-R M.1371-5, tables 48 and 65: the values that say "not available"."""
_AIRCRAFT_TYPE = 9
_UNDEFINED_STATUS = 15
_SAMPLES = 100
_MENDS = {
    "bad_mmsi": "An MMSI is a number from 1 to 999999999; the transmitter is not set up.",
    "no_time": "The row has no time; nothing to mend.",
    "future": "The time lies in the future; check the clock of the source.",
    "no_position": "The transmitter had no position fix; nothing to mend.",
    "bad_position": "Latitude or longitude is out of range; nothing to mend.",
    "duplicate": "The same report is already there; nothing to mend.",
}
_PLACE = ("mmsi", "lon", "lat")
_CONTENT = (*_PLACE, "sog_kn", "cog_deg", "heading_deg")


class Cleaned(NamedTuple):
    """Positions that may be true, and the books of those that cannot."""

    kept: pl.DataFrame
    refused: pl.DataFrame
    counts: dict[str, int]
    blanked: dict[str, int]
    """How many values of each column said "not available" or made no sense, and are null now."""
    gone: pl.DataFrame
    """Source, t and reason of every row that is not kept."""


def clean(positions: pl.DataFrame, *, not_after: datetime | None = None) -> Cleaned:
    """Blank what is not available; put aside what cannot be true and what was told before.

    Parameters
    ----------
    positions : DataFrame
        With the columns of ``POSITIONS``; order makes no difference to what is kept.
    not_after : datetime, optional
        Later times are refused as ``future``.

    Returns
    -------
    Cleaned
        ``kept`` in the order given; ``refused`` (columns of ``REFUSED``; ``file`` is the
        source, at most 100 samples a reason); ``counts`` with ``rows_in``, ``kept`` and one
        count for each reason, which add up to ``rows_in``. A ``duplicate`` has the same mmsi, t,
        lon and lat as a row kept. A row ``heard_again`` tells the same place, speed, course and
        heading as a kept row of another source in the 30 s before it: it is merged with that,
        and no refusal. No row goes because of another of its own source, other than at the same
        instant. Cleaning twice is cleaning once.
    """
    told, blanked = _blank(positions)
    lon, lat = pl.col("lon"), pl.col("lat")
    nowhere = lon.is_null() | lat.is_null() | (lon == 181.0) | (lat == 91.0)
    placed = lon.is_between(-180, 180) & lat.is_between(-90, 90) & ((lon != 0) | (lat != 0))
    late = pl.lit(value=False) if not_after is None else pl.col("t") > not_after
    checks = {
        "bad_mmsi": pl.col("mmsi").is_between(1, MAX_MMSI).fill_null(value=False).not_(),
        "no_time": pl.col("t").is_null(),
        "future": late,
        "no_position": nowhere,
        "bad_position": placed.not_(),
    }
    marks = told.select(hit.alias(why) for why, hit in checks.items())
    wrong = marks.select(pl.any_horizontal(pl.all()).fill_null(value=False)).to_series()
    first = pl.coalesce(pl.when(pl.col(why)).then(pl.lit(why)) for why in checks)
    put_aside = [
        told.filter(wrong).with_columns(
            marks.filter(wrong).select(first.cast(pl.String).alias("_reason")).to_series()
        )
    ]
    kept = told.filter(~wrong) if wrong.any() else told
    for name, find in (("duplicate", _duplicates), ("heard_again", heard_again)):
        rows = find(kept)
        if len(rows):
            gone = pl.repeat(value=False, n=kept.height, eager=True).scatter(rows, values=True)
            put_aside.append(kept.filter(gone).with_columns(_reason=pl.lit(name)))
            kept = kept.filter(~gone)
    bad = pl.concat(put_aside)
    counts = {"rows_in": positions.height, "kept": kept.height}
    counts |= dict(bad.group_by("_reason", maintain_order=True).len().iter_rows())
    of = bad.select("source", "t", reason="_reason")
    return Cleaned(kept, _samples(bad), counts, blanked, of)


def _blank(positions: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Make nulls of what says "not available" or is out of a field's range; count them."""
    aircraft = pl.col("msg_type") == _AIRCRAFT_TYPE
    least = pl.when(aircraft).then(NO_AIRCRAFT_SPEED_KN).otherwise(NO_SPEED_KN - 0.05)
    degrees = (pl.col("cog_deg", "heading_deg") >= 0) & (pl.col("cog_deg", "heading_deg") < 360)
    sound = positions.with_columns(
        pl.col("lon", "lat").fill_nan(None),
        pl.when((pl.col("sog_kn") >= 0) & (pl.col("sog_kn") < least)).then(pl.col("sog_kn")),
        pl.when(degrees).then(pl.col("cog_deg", "heading_deg")),
        pl.when(pl.col("status") < _UNDEFINED_STATUS).then(pl.col("status")),
    )
    columns = ("sog_kn", "cog_deg", "heading_deg", "status")
    gone = {name: sound[name].null_count() - positions[name].null_count() for name in columns}
    return sound, {name: n for name, n in gone.items() if n}


def _duplicates(rows: pl.DataFrame) -> pl.Series:
    """Return the row numbers that repeat an mmsi, t, lon and lat; the fullest report stays."""
    key = ("mmsi", "t", "lon", "lat")
    twice = rows.with_row_index("_row").filter(pl.Series(_twice(_mixed(rows, key))))
    if not twice.height:
        return twice["_row"]
    rest = [name for name in rows.columns if name not in key]
    twice = twice.sort(*key, *rest, "_row", nulls_last=True)
    return twice.filter(pl.struct(key).is_first_distinct().not_())["_row"]


def heard_again(rows: pl.DataFrame) -> pl.Series:
    """Return the numbers of the rows that tell what another source told within 30 s before.

    That is the same mmsi, place, speed, course and heading, in a row that is not one of these
    itself. ``rows`` have the columns of ``POSITIONS``, in any order, and no two of them the same
    mmsi, t, lon and lat.
    """
    if rows["source"].n_unique() < 2:
        return pl.Series([], dtype=pl.UInt32)
    mixed = _mixed(rows, _CONTENT)
    # Of one content at one instant there is one row: the duplicates are gone.
    twice = (
        rows.with_row_index("_row")
        .with_columns(pl.Series("_mixed", mixed))
        .filter(pl.Series(_twice(mixed)))
    )
    twice = twice.sort("_mixed", "t")
    if not twice.height:
        return twice["_row"]
    group = twice.select(pl.struct(_CONTENT).rle_id()).to_series().to_numpy()
    source = twice["source"].fill_null("").cast(pl.Categorical).to_physical().to_numpy()
    t = twice["t"].dt.epoch("ms").to_numpy()
    again = _repeats(group.astype(np.int64), t, source.astype(np.int64), int(HEARD_AGAIN_S * 1000))
    return twice["_row"].filter(pl.Series(again))


def _mixed(rows: pl.DataFrame, columns: Sequence[str]) -> Array:
    """Return a 64-bit hash of these columns for each row."""
    mixed = np.zeros(rows.height, np.uint64)
    for name in columns:
        values = rows[name].to_physical().to_numpy()
        if values.dtype.kind == "f":
            # Minus nought is nought.
            values = (values.astype(np.float64) + 0.0).view(np.uint64)
        _mix(mixed, values.astype(np.uint64))
    return mixed


@numba.njit(cache=True, nogil=True)
def _mix(mixed: Array, values: Array) -> None:
    """Mix values into hashes, in place (splitmix64; Steele, Lea and Flood, OOPSLA 2014)."""
    for i in range(len(mixed)):
        x = (mixed[i] ^ values[i]) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed[i] = x ^ (x >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def _twice(mixed: Array) -> Bools:
    """Mark the hashes that come more than once."""
    n = len(mixed)
    twice = np.zeros(n, np.bool_)
    size = 16
    while size < 2 * n:
        size *= 2
    first = np.full(size, -1, np.int32)
    for i in range(n):
        at = mixed[i] & np.uint64(size - 1)
        while first[at] >= 0 and mixed[first[at]] != mixed[i]:
            at = (at + np.uint64(1)) & np.uint64(size - 1)
        if first[at] < 0:
            first[at] = i
        else:
            twice[first[at]] = True
            twice[i] = True
    return twice


@numba.njit(cache=True, nogil=True)
def _repeats(group: Ints, t: Ints, source: Ints, within_ms: int) -> Bools:
    """Mark rows of a group with a kept row of another source at most ``within_ms`` before.

    Of the rows kept, the last one and the last one of another source than that are enough to
    know: the time taken does not depend on what the rows hold.
    """
    n = len(t)
    again = np.zeros(n, np.bool_)
    last, last_t, other, other_t = -1, 0, -1, 0
    for i in range(n):
        if i == 0 or group[i] != group[i - 1]:
            last, other = -1, -1
        s = source[i]
        seen, seen_t = (other, other_t) if s == last else (last, last_t)
        if seen >= 0 and t[i] - seen_t <= within_ms:
            again[i] = True
            continue
        if s != last:
            other, other_t = last, last_t
        last, last_t = s, t[i]
    return again


def _samples(bad: pl.DataFrame) -> pl.DataFrame:
    """Return samples of refused rows with the columns of ``REFUSED``."""
    said = pl.format(
        "MMSI {}, time {}, lon {}, lat {}",
        *(pl.col(name).cast(pl.String).fill_null("-") for name in ("mmsi", "t", "lon", "lat")),
    )
    return (
        bad.filter(pl.col("_reason") != "heard_again")
        .group_by("_reason", maintain_order=True)
        .head(_SAMPLES)
        .select(
            pl.col("source").alias("file"),
            pl.lit(None, pl.Int64).alias("row"),
            pl.col("_reason").alias("reason"),
            said.alias("detail"),
            pl.col("_reason").replace_strict(_MENDS, return_dtype=pl.String).alias("mend"),
            "lon",
            "lat",
        )
        .cast(REFUSED)
    )
