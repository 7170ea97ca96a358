"""Which segments vessels may have been at while they were silent."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

import polars as pl

from ais.reach import REACHED, Shore, Windows, reach
from geo.prism import Passages
from workspace import landing, store
from workspace._cache import cached
from workspace.folder import Workspace
from workspace.placing import segments

# Seldom is a gap longer, and a county's waters are all in reach after it anyway.
_LONGEST = timedelta(hours=24)
_HORIZON = timedelta(hours=12)
_LEAST = 1e-4
_THREADS = 4
_CHUNK = 8
NONE, REST = "none", "rest"
_REACHES = pl.Schema(
    {
        "event_id": pl.String(),
        "segment_id": pl.String(),
        "earliest": REACHED["earliest"],
        "latest": REACHED["latest"],
        "detour_m": pl.Float64(),
        "landable_min": pl.Float64(),
        "probability": pl.Float64(),
    }
)


def reaches(ws: Workspace, silences: pl.DataFrame) -> pl.DataFrame:
    """Return where vessels may have been in their silences.

    Parameters
    ----------
    silences : DataFrame
        ``SILENCES`` with event_id; those longer than a day are looked at for its first 12 hours,
        as if the vessel had not been heard again.

    Returns
    -------
    DataFrame
        event_id, segment_id, earliest, latest, detour_m, landable_min, probability. Beside the
        segments an event has a row ``none``, how likely it is that the vessel was at none of them,
        and ``rest`` for the segments below one in ten thousand, so that they add up to 1.
    """
    if silences.is_empty() or not store.count(ws.engine, "segments"):
        return pl.DataFrame(schema=_REACHES)
    long = pl.col("t1") - pl.col("t0") > _LONGEST
    asked = silences.with_columns(
        pl.when(~long).then(pl.col(name)).alias(name) for name in ("t1", "lon1", "lat1", "sog1_kn")
    )
    first, last = asked.select(
        pl.col("t0").min(), t1=pl.max_horizontal(pl.col("t1").max(), pl.col("t0").max() + _HORIZON)
    ).row(0)
    # From a whole day on, so that a gap's minutes do not hang on which others are asked for.
    day = first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    windows = Windows.of(*landing.windows_between(ws, day, last.astimezone(UTC)))
    shore = _shore(ws)
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        found = list(
            pool.map(
                lambda start: reach(asked[start : start + _CHUNK], shore, windows=windows),
                range(0, asked.height, _CHUNK),
            )
        )
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    rows = pl.concat(one.segments for one in found).filter(pl.col("p") >= _LEAST)
    told = rows.select(
        "event_id",
        ids.gather(rows["segment"]).alias("segment_id"),
        "earliest",
        "latest",
        pl.col("detour_m").round(0),
        pl.col("landable_min").round(0),
        probability="p",
    )
    none = pl.concat(one.silences for one in found).select("event_id", probability="p_none")
    rest = (
        pl.concat([told.select("event_id", "probability"), none])
        .group_by("event_id", maintain_order=True)
        .agg((1.0 - pl.col("probability").sum()).clip(0.0).alias("probability"))
        .filter(pl.col("probability") > 0)
    )
    return pl.concat(
        [
            told,
            none.with_columns(segment_id=pl.lit(NONE)),
            rest.with_columns(segment_id=pl.lit(REST)),
        ],
        how="diagonal",
    ).sort("event_id", "segment_id")


def _shore(ws: Workspace) -> Shore:
    return cached(
        ws,
        "reach",
        ("land", "segments"),
        lambda: Shore.of(Passages.build(store.layer(ws.engine, "land")), segments(ws)),
    )
