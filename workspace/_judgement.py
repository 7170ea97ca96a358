"""How much each event deserves a look, why, and what it is in words."""

import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from ais import rank as ranking
from ais import words
from ais._events import beyond_berths
from ais.behaviours import Judged
from ais.rank import Model, TooLittle
from workspace import store
from workspace._watching import tools_of
from workspace.folder import Workspace
from workspace.registers import listed
from workspace.reviewing import decided

_FAR_M = 30_000.0


class Told(NamedTuple):
    """Rank and words of events: event_id, rank, parts, said_zh, said_en; and what was learned."""

    rows: pl.DataFrame
    learned: Model | TooLittle


def tell(ws: Workspace, events: pl.DataFrame, judged: Judged, haunts: pl.DataFrame) -> Told:
    """Rank events by rules, or by what reviewers' decisions taught, and say each in words."""
    context = _context(ws, events, judged)
    decisions = decided(ws).rename({"reason": "why"})
    learned = ranking.learn(decisions, events, judged.profiles, haunts=haunts, context=context)
    model = learned if isinstance(learned, Model) else None
    ranks = ranking.rank(events, judged.profiles, haunts=haunts, context=context, model=model)
    both = events.join(ranks, on="event_id", how="left", maintain_order="left")
    said = {lang: _said(both, lang, ws.config.tz) for lang in ("zh", "en")}
    rows = both.select(
        "event_id",
        "rank",
        "parts",
        said_zh=pl.Series(said["zh"], dtype=pl.String),
        said_en=pl.Series(said["en"], dtype=pl.String),
    )
    return Told(rows, learned)


def _said(events: pl.DataFrame, lang: str, tz: ZoneInfo) -> list[str]:
    names = ("kind", "mmsi", "other_mmsi", "t0", "t1", "lon", "lat", "evidence", "parts")
    said = []
    for row in events.select(names).iter_rows(named=True):
        event = row | {"evidence": json.loads(row["evidence"])}
        why = words.why(json.loads(row["parts"]), lang)
        said.append(f"{words.tell(event, lang, tz=tz)} {why}".strip())
    return said


def _context(ws: Workspace, events: pl.DataFrame, judged: Judged) -> pl.DataFrame:
    """Return what is known about the places and times of events, for `ais.rank.rank`."""
    lon, lat = events["lon"].to_numpy(), events["lat"].to_numpy()
    index = tools_of(ws).index
    shore_m = (
        np.full(len(lon), np.nan) if index is None else index.off_shore_m(lon, lat, max_m=_FAR_M)
    )
    places = store.read(ws.engine, "risk_points", columns=["geometry"])
    return events.select(
        "event_id",
        dark=pl.col("evidence").str.json_path_match("$.dark_share").cast(pl.Float64),
        shore_m=pl.Series(np.where(np.isinf(shore_m), _FAR_M, shore_m), nan_to_null=True),
        landing_m=_off_places(places, lon, lat),
        berth_m=_finite(beyond_berths(lon, lat, judged.circles, reach_m=_FAR_M)),
        on_watchlist=_listed(ws, events),
    )


def _off_places(places: pl.DataFrame, lon: np.ndarray, lat: np.ndarray) -> pl.Series:
    """Return how far the nearest risk point is, as far as it is looked for."""
    if places.is_empty():
        return pl.Series([None] * len(lon), dtype=pl.Float64)
    at = store.to_layer(places).geometry
    circles = pl.DataFrame(
        {"lon": at.x.to_numpy(), "lat": at.y.to_numpy(), "radius_m": np.zeros(len(at))}
    )
    return _finite(beyond_berths(lon, lat, circles, reach_m=_FAR_M))


def _finite(metres: np.ndarray) -> pl.Series:
    return pl.Series(np.where(np.isinf(metres), _FAR_M, metres))


def _listed(ws: Workspace, events: pl.DataFrame) -> pl.Series:
    """Return which events are of vessels that stood on a list at the time."""
    lists = listed(ws).select(pl.col("mmsi").cast(pl.Int64), "valid_from", "valid_to")
    of = events.select("event_id", pl.col("mmsi").cast(pl.Int64), day=pl.col("t0").dt.date())
    on = of.join(lists, on="mmsi").filter(
        (pl.col("valid_from") <= pl.col("day")).fill_null(value=True)
        & (pl.col("valid_to") >= pl.col("day")).fill_null(value=True)
    )
    return events["event_id"].is_in(on["event_id"].implode())
