"""Put aside positions that cannot be true on their own."""

from typing import NamedTuple

import polars as pl

from geo.errors import REFUSED

MAX_MMSI = 999_999_999
_SAMPLES = 100
_MENDS = {
    "bad_mmsi": "An MMSI is a number from 1 to 999999999; the transmitter is not set up.",
    "bad_position": "Latitude or longitude is out of range; nothing to mend.",
    "duplicate": "The same report is already there; nothing to mend.",
}


class Cleaned(NamedTuple):
    """Positions that may be true, and the books of those that cannot."""

    kept: pl.DataFrame
    refused: pl.DataFrame
    counts: dict[str, int]


def clean(positions: pl.DataFrame) -> Cleaned:
    """Put aside impossible MMSIs and places, and exact repetitions.

    Parameters
    ----------
    positions : DataFrame
        With the columns of ``POSITIONS``; order does not matter.

    Returns
    -------
    Cleaned
        ``kept`` in the order given; ``refused`` (columns of ``REFUSED``; ``file`` is the
        source, at most 100 samples a reason); ``counts`` with ``rows_in``, ``kept`` and one
        count for each reason, which add up to ``rows_in``. A repetition has the same mmsi, t,
        lon and lat; the first one is kept.
    """
    lon, lat = pl.col("lon"), pl.col("lat")
    placed = lon.is_between(-180, 180) & lat.is_between(-90, 90) & ((lon != 0) | (lat != 0))
    marked = positions.with_columns(
        pl.when(pl.col("mmsi").is_between(1, MAX_MMSI).fill_null(value=False).not_())
        .then(pl.lit("bad_mmsi"))
        .when(placed.fill_null(value=False).not_())
        .then(pl.lit("bad_position"))
        .when(pl.struct("mmsi", "t", "lon", "lat").is_first_distinct().not_())
        .then(pl.lit("duplicate"))
        .alias("_reason")
    )
    bad = marked.filter(pl.col("_reason").is_not_null())
    counts = {"rows_in": positions.height, "kept": positions.height - bad.height}
    counts |= dict(bad.group_by("_reason", maintain_order=True).len().iter_rows())
    said = pl.format("MMSI {}, time {}, lon {}, lat {}", "mmsi", "t", "lon", "lat")
    refused = (
        bad.group_by("_reason", maintain_order=True)
        .head(_SAMPLES)
        .select(
            pl.col("source").alias("file"),
            pl.lit(None, pl.Int64).alias("row"),
            pl.col("_reason").alias("reason"),
            said.alias("detail"),
            pl.col("_reason").replace_strict(_MENDS, return_dtype=pl.String).alias("mend"),
            lon,
            lat,
        )
        .cast(REFUSED)
    )
    kept = positions
    if bad.height:
        kept = marked.filter(pl.col("_reason").is_null()).drop("_reason")
    return Cleaned(kept, refused, counts)
