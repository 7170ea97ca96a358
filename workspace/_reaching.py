"""Which segments vessels may have been at while they were silent."""

from datetime import timedelta

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


def reaches(ws: Workspace, silences: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return where vessels may have been in their silences.

    Parameters
    ----------
    silences : DataFrame
        ``SILENCES`` with event_id; those longer than a day are looked at for its first 12 hours,
        as if the vessel had not been heard again.

    Returns
    -------
    segments : DataFrame
        event_id, segment_id, earliest, latest, detour_m, landable_min, probability; those below
        one in ten thousand are left out.
    none : DataFrame
        event_id, p_none: how likely it is that the vessel was at no segment.
    """
    if silences.is_empty() or not store.count(ws.engine, "segments"):
        return (
            pl.DataFrame(
                schema={
                    "event_id": pl.String,
                    "segment_id": pl.String,
                    **{name: REACHED[name] for name in ("earliest", "latest", "detour_m")},
                    "landable_min": pl.Float64,
                    "probability": pl.Float64,
                }
            ),
            pl.DataFrame(schema={"event_id": pl.String, "p_none": pl.Float64}),
        )
    long = pl.col("t1") - pl.col("t0") > _LONGEST
    asked = silences.with_columns(
        pl.when(~long).then(pl.col(name)).alias(name) for name in ("t1", "lon1", "lat1", "sog1_kn")
    )
    first, last = asked.select(
        pl.col("t0").min(), t1=pl.max_horizontal(pl.col("t1").max(), pl.col("t0").max() + _HORIZON)
    ).row(0)
    windows = Windows.of(*landing.windows_between(ws, first, last))
    found = reach(asked, _shore(ws), windows=windows)
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    rows = found.segments.filter(pl.col("p") >= _LEAST)
    return (
        rows.select(
            "event_id",
            ids.gather(rows["segment"]).alias("segment_id"),
            "earliest",
            "latest",
            pl.col("detour_m").round(0),
            pl.col("landable_min").round(0),
            probability=pl.col("p").round(5),
        ),
        found.silences.select("event_id", "p_none"),
    )


def _shore(ws: Workspace) -> Shore:
    return cached(
        ws,
        "reach",
        ("land", "segments"),
        lambda: Shore.of(Passages.build(store.layer(ws.engine, "land")), segments(ws)),
    )
