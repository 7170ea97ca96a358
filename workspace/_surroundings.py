"""How high the tide stood and how dark it was at the time and place of each event."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from risk.light import dark_share
from workspace import tide
from workspace.folder import Workspace

_TREND_MIN = 20
_STILL_M = 0.02
NAMES = ("tide_m", "tide_trend", "tide_station", "dark_share")


def surroundings(ws: Workspace, events: pl.DataFrame) -> pl.DataFrame:
    """Return ``event_id, tide_m, tide_trend, tide_station, dark_share`` of events.

    ``tide_m`` is the height of the tide above mean sea level in the middle of the event by the
    coast's own station (null without one), ``tide_trend`` rising, falling or slack then;
    ``dark_share`` is how much of the event's time the sun's centre was more than 6 degrees below
    the horizon.
    """
    if events.is_empty():
        return pl.DataFrame(
            schema={
                "event_id": pl.String,
                "tide_m": pl.Float64,
                "tide_trend": pl.String,
                "tide_station": pl.String,
                "dark_share": pl.Float64,
            }
        )
    middle = (events["t0"] + (events["t1"] - events["t0"]) / 2).dt.epoch("ms").to_numpy()
    height, trend, name = _tide(ws, middle)
    return pl.DataFrame(
        {
            "event_id": events["event_id"],
            "tide_m": pl.Series(height, nan_to_null=True).round(2),
            "tide_trend": pl.Series(trend, dtype=pl.String),
            "tide_station": pl.Series([name] * events.height, dtype=pl.String),
            "dark_share": [
                round(dark_share(*one), 2)
                for one in events.select("lon", "lat", "t0", "t1").iter_rows()
            ],
        }
    )


def _tide(ws: Workspace, at_ms: np.ndarray) -> tuple[np.ndarray, list[str | None], str | None]:
    one = tide.station(ws)
    if one is None:
        return np.full(len(at_ms), np.nan), [None] * len(at_ms), None
    step = timedelta(minutes=_TREND_MIN)
    first, last = (datetime.fromtimestamp(int(ms) / 1000, UTC) for ms in (at_ms.min(), at_ms.max()))
    begin = first.replace(minute=0, second=0, microsecond=0) - step
    times, heights = tide.curve(one, begin, last + 2 * step)
    t = times.astype("datetime64[ms]").astype(np.int64)
    height = np.interp(at_ms, t, heights)
    rise = np.interp(at_ms + _TREND_MIN * 60_000, t, heights) - height
    said = np.where(rise > _STILL_M, "rising", np.where(rise < -_STILL_M, "falling", "slack"))
    return (
        height,
        [None if np.isnan(h) else str(s) for h, s in zip(height, said, strict=True)],
        one.station_id,
    )


def with_surroundings(events: pl.DataFrame, around: pl.DataFrame) -> pl.DataFrame:
    """Return events whose evidence has what `surroundings` says of them, where it is known."""
    told = events.select("event_id").join(around, on="event_id", how="left", maintain_order="left")
    parts = [
        pl.when(pl.col(name).is_not_null()).then(
            pl.format(', "{}": {}', pl.lit(name), _json(name, told[name].dtype))
        )
        for name in NAMES
    ]
    more = told.select(pl.concat_str(parts, ignore_nulls=True).alias("more"))["more"]
    return events.with_columns(
        evidence=pl.col("evidence").str.strip_suffix("}") + more + pl.lit("}")
    )


def _json(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.format('"{}"', pl.col(name)) if dtype == pl.String else pl.col(name).cast(pl.String)
