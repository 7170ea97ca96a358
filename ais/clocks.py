"""How far each station's clock is off, told by the messages that it heard."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import polars as pl

from ais._arrays import Floats, Ints
from ais.schema import HEARD, SKEWS

SKETCH = pl.Schema(
    {
        "source": pl.String(),
        "basis": pl.String(),
        "mmsi": pl.UInt32(),
        "bin": pl.Int64(),
        "n": pl.Int64(),
    }
)
"""Counts of receiver time less message time, by source, in bins of half a second. ``basis`` is
``second`` (against the message second, modulo a minute; ``mmsi`` is 0) or ``utc`` (against the
time of the base station ``mmsi``). Sketches of parts of a file add up to that of the whole."""

TOLERATED_S = 2.0
"""A message second is cut to the whole second, and so are most receivers' times; in the US Coast
Guard's log six in ten messages arrive 0 or 1 s after their second and nine in ten within -1 to
2 s. A clock that is off by no more than this cannot be told from that."""
MIN_HEARD = 30
MAX_SPREAD_S = 2.0
MAX_SKEW_S = 14 * 3600.0
"""No time zone is farther from UTC. Beyond, it rather is the base station's date that is wrong
(a day in the US Coast Guard's log; 1,024 weeks after a GPS roll-over)."""
_OF = ["source", "basis", "mmsi", "bin"]
_BIN_MS = 500
_MINUTE = 60_000 // _BIN_MS
_FEW = 3
_STATIONS = 2
_MODULO_S = 30.0
_NEAR_S = 2.0
_MODE_BINS = 2
_SNAP_MS = 5_000
_CENTRE_BINS = 12


def observe(heard: pl.DataFrame) -> pl.DataFrame:
    """Return the sketch (columns of ``SKETCH``) of messages heard (columns of ``HEARD``)."""
    t = pl.col("t").dt.epoch("ms")
    second = (t - pl.col("second").cast(pl.Int64) * 1000 + 30_000).mod(60_000) - 30_000
    most = round((MAX_SKEW_S + 60) * 1000)
    utc = (t - pl.col("utc").dt.epoch("ms")).clip(-most, most)
    # A bin is centred on its half second; the last half of a minute's last bin is the first's.
    bins = [
        heard.select(
            pl.col("source").fill_null(""),
            pl.lit(basis).alias("basis"),
            pl.lit(0, pl.UInt32).alias("mmsi")
            if basis == "second"
            else pl.col("mmsi").fill_null(0),
            (off + _BIN_MS // 2).floordiv(_BIN_MS).alias("bin"),
        ).filter(pl.col("bin").is_not_null())
        for basis, off, who in (
            ("second", second, pl.lit(0, pl.UInt32)),
            ("utc", utc, pl.col("mmsi").fill_null(0)),
        )
    ]
    wrapped = pl.when((pl.col("basis") == "second") & (pl.col("bin") == _MINUTE // 2))
    return (
        pl.concat(bins)
        .with_columns(wrapped.then(-_MINUTE // 2).otherwise(pl.col("bin")).alias("bin"))
        .group_by(_OF)
        .agg(pl.len().alias("n"))
        .cast(SKETCH)
        .sort(_OF)
    )


def merge(sketches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the sum of sketches; their order makes no difference."""
    return pl.concat([SKETCH.to_frame(), *sketches]).group_by(_OF).agg(pl.col("n").sum()).sort(_OF)


def skews(sketch: pl.DataFrame) -> pl.DataFrame:
    """Return how far each source's clock is ahead of the messages it heard, by source.

    A skew is the median about the mode: messages sent late (an old fix, a repeater) and stray
    ones do not move it. It is ``sure`` with 30 messages of which half are within 2 s. A base
    station's time, which alone tells minutes and hours, is taken where 30 such messages, or 3
    that agree with a sure message second modulo a minute, say so, none of them far more than a
    time zone off; a base station that disagrees with the ships' seconds is not believed, and more
    than half a minute takes two base stations: one may be set to local time.

    Returns
    -------
    DataFrame
        One row for each source, with the columns of ``SKEWS``; without a base station's time the
        skew is within half a minute.
    """
    second, utc = _estimates(sketch, "second"), _estimates(sketch, "utc")
    both = second.join(utc, on="source", how="full", coalesce=True, suffix="_utc")
    tight = (pl.col("spread_s_utc") <= MAX_SPREAD_S) & (pl.col("skew_s_utc").abs() <= MAX_SKEW_S)
    sure = ((pl.col("n") >= MIN_HEARD) & (pl.col("spread_s") <= MAX_SPREAD_S)).fill_null(
        value=False
    )
    apart = (pl.col("skew_s_utc") - pl.col("skew_s") + 30).mod(60.0) - 30
    agree = (apart.abs() <= _NEAR_S).fill_null(value=False)
    enough = pl.col("n_utc") >= pl.when(sure).then(_FEW).otherwise(MIN_HEARD)
    alone = (pl.col("stations_utc") < _STATIONS) & (pl.col("skew_s_utc").abs() > _MODULO_S)
    believed = (tight & enough & alone.not_() & (agree | sure.not_())).fill_null(value=False)
    # The ships' seconds are many and fine, the base station's time tells the minute.
    minutes = ((pl.col("skew_s_utc") - pl.col("skew_s")) / 60).round() * 60
    chosen = [
        pl.when(sure)
        .then(pl.col(name) + (pl.when(believed).then(minutes).otherwise(0) if whole else 0))
        .when(believed)
        .then(pl.col(f"{name}_utc"))
        .otherwise(pl.col(name))
        .alias(name)
        for name, whole in (("n", False), ("skew_s", True), ("spread_s", False))
    ]
    return (
        both.filter(believed | pl.col("n").is_not_null())
        .select(
            "source",
            *chosen,
            pl.when(believed).then(pl.lit("utc")).otherwise(pl.lit("second")).alias("basis"),
            (believed | sure).alias("sure"),
        )
        .cast(SKEWS)
        .sort("source")
    )


def correct(rows: pl.DataFrame, skews: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return rows with the times that a right clock would have given them.

    Parameters
    ----------
    rows : DataFrame
        Any table with ``source`` and ``t``; with ``second`` (of the message, or null) a row
        takes the moment of its own second where that is near: then it has the same time whatever
        part of a log the skew was found from.
    skews : DataFrame
        As ``skews`` returns them. A source is corrected where that is ``sure`` and more than
        2 s; its times then are those of the reports, not of their arrival.

    Returns
    -------
    rows
        In the order given.
    counts
        How many rows were corrected (``clock_skew``), by source.
    """
    off = skews.filter(pl.col("sure") & (pl.col("skew_s").abs() > TOLERATED_S))
    if not off.height:
        return rows, {}
    by_ms = (
        pl.col("source")
        .fill_null("")
        .replace_strict(off["source"], (off["skew_s"] * 1000).round().cast(pl.Int64), default=None)
    )
    right = pl.col("t").dt.epoch("ms") - pl.col("_by_ms")
    if "second" in rows.columns:
        own = pl.col("second").cast(pl.Int64) * 1000
        step = (own - right.mod(60_000) + 30_000).mod(60_000) - 30_000
        right = right + pl.when(step.abs() <= _SNAP_MS).then(step).otherwise(0)
    marked = rows.with_columns(by_ms.alias("_by_ms"))
    counts = marked.filter(pl.col("_by_ms").is_not_null()).group_by("source").len().sort("source")
    mended = marked.with_columns(
        pl.when(pl.col("_by_ms").is_not_null())
        .then(right)
        .otherwise(pl.col("t").dt.epoch("ms"))
        .cast(HEARD["t"])
        .alias("t")
    ).drop("_by_ms")
    return mended, dict(counts.iter_rows())


def _estimates(sketch: pl.DataFrame, basis: str) -> pl.DataFrame:
    """Return source, n, skew_s, spread_s and how many stations told, from the bins of a basis."""
    told = sketch.filter(pl.col("basis") == basis)
    stations = told.group_by("source").agg(stations=pl.col("mmsi").n_unique().cast(pl.Int64))
    rows = told.group_by("source", "bin").agg(pl.col("n").sum()).sort("source", "bin")
    names = rows["source"].unique(maintain_order=True)
    cuts = np.flatnonzero(rows["source"].rle_id().diff().fill_null(1).to_numpy()).tolist()
    bins, n = rows["bin"].to_numpy(), rows["n"].to_numpy()
    found = [
        _estimate(bins[a:b], n[a:b], circular=basis == "second")
        for a, b in pairwise([*cuts, len(bins)])
    ]
    columns = np.array(found, dtype=np.float64).reshape(-1, 3).T
    return pl.DataFrame(
        {"source": names, "n": columns[0].astype(np.int64)}
        | {"skew_s": columns[1], "spread_s": columns[2]}
    ).join(stations, on="source", how="left", maintain_order="left")


def _estimate(bins: Ints, n: Ints, *, circular: bool) -> tuple[int, float, float]:
    """Return the number, the median about the mode and the half-spread in seconds."""
    turns = (-_MINUTE, 0, _MINUTE) if circular else (0,)
    places = np.concatenate([bins + turn for turn in turns])
    upto = np.r_[0, np.cumsum(np.tile(n, len(turns)))]
    first = np.searchsorted(places, bins - _MODE_BINS, "left")
    around = upto[np.searchsorted(places, bins + _MODE_BINS, "right")] - upto[first]
    mode = bins[np.lexsort((bins, np.abs(bins), -around))[0]]
    off = bins - mode
    if circular:
        off = (off + _MINUTE // 2) % _MINUTE - _MINUTE // 2
    near = np.abs(off) <= _CENTRE_BINS
    median = _weighted_median(off[near].astype(np.float64), n[near])
    spread = _weighted_median(np.abs(off - median), n)
    skew = mode + median
    if circular:
        skew = (skew + _MINUTE / 2) % _MINUTE - _MINUTE / 2
    return int(n.sum()), skew * _BIN_MS / 1000, spread * _BIN_MS / 1000


def _weighted_median(values: Floats, weights: Ints) -> float:
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(upto, upto[-1] / 2)])
