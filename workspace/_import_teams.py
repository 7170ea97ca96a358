"""Patrol teams: where they set out from, and in which shifts."""

import numpy as np
import polars as pl

from geo.errors import Refusal
from workspace import store
from workspace._import_posts import refused_rows
from workspace._import_rows import Rows
from workspace.folder import Workspace

_FAR_DEG = 1.0
_MOST_KMH = {"foot": 15.0, "boat": 110.0}  # a runner; a fast patrol boat, 60 kn


def check_teams(
    ws: Workspace, rows: Rows, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse teams too fast for their kind, far from this coast, or of shifts that there are not.

    ``shifts`` is brought to local starts parted by commas ("22:00,02:00"), empty for all.
    """
    starts = ws.config.shift_starts
    told = [_starts(text) for text in frame["shifts"]]
    frame = frame.with_columns(
        shifts=pl.Series([",".join(one) or None for one in told], dtype=pl.String)
    )
    strange = pl.Series([any(s not in starts for s in one) for one in told], dtype=pl.Boolean)
    refused = refused_rows(
        rows,
        frame.filter(strange),
        "unknown_shift",
        lambda row: f"`shifts` {row['shifts']} names a shift that does not exist",
        f"The shifts start at {', '.join(starts)}; part several by commas.",
    )
    frame = frame.filter(~strange)
    most = pl.col("kind").replace_strict(_MOST_KMH, default=None, return_dtype=pl.Float64)
    fast = (pl.col("speed_kmh") > most).fill_null(value=False)
    refused += refused_rows(
        rows,
        frame.filter(fast),
        "out_of_range",
        lambda row: f"`speed_kmh` {row['speed_kmh']:g} is more than {row['kind']} can go",
        "Give km/h: at most 15 on foot, 110 by boat, 120 by car.",
    )
    frame = frame.filter(~fast)
    west, south, east, north = _bounds(ws)
    away = ~(
        pl.col("lon").is_between(west - _FAR_DEG, east + _FAR_DEG)
        & pl.col("lat").is_between(south - _FAR_DEG, north + _FAR_DEG)
    )
    refused += refused_rows(
        rows,
        frame.filter(away),
        "far_from_shore",
        lambda row: (
            f"the start {row['lon']:.5f}, {row['lat']:.5f} is more than a degree from this coast"
        ),
        "Correct the coordinates: a team sets out from its station and comes back to it.",
    )
    return frame.filter(~away), refused


def _starts(text: str | None) -> list[str]:
    parts = (text or "").replace("，", ",").replace("、", ",").replace(" ", ",").split(",")
    clocks = [part.strip().replace("：", ":") for part in parts if part.strip()]
    return [clock if len(clock) > 4 else f"0{clock}" for clock in clocks]


def _bounds(ws: Workspace) -> tuple[float, float, float, float]:
    """Return the coast's box, the whole earth where there is no coast yet."""
    places = store.read(ws.engine, "segments", columns=["lon", "lat"]).drop_nulls()
    if places.is_empty():
        return -180.0, -90.0, 180.0, 90.0
    lon, lat = places["lon"].to_numpy(), places["lat"].to_numpy()
    return float(np.min(lon)), float(np.min(lat)), float(np.max(lon)), float(np.max(lat))
