"""A workspace's coast, built from land polygons, and from which tide it can be landed on."""

import geopandas as gpd
import numpy as np
import polars as pl

from geo.exposure import exposure
from geo.landable import read_depth, thresholds
from geo.segments import segments
from geo.shoreline import shorelines
from workspace import db, store
from workspace.folder import Workspace
from workspace.placing import Shore, carry_over, shore

_TRAITS = ["shore_type", "settlement_distance_m", "made"]
# What is worked out from segments; it is worked out again on the new ones.
_DERIVED = ("scores", "zones", "events", "event_segments")


def build_coast(ws: Workspace, land: gpd.GeoDataFrame) -> dict[str, int]:
    """Replace the coast by one traced from repaired land; all of it holds, or none.

    Segments that are the same place keep their traits; places and section cuts are put on the
    new shore (``cuts_lost`` counts those that found none). Scores, zones and events go, since they
    hang on segments: run detect, score and plan again.
    """
    old = shore(ws) if store.count(ws.engine, "segments") else None
    shores = shorelines(land)
    cut = exposure(segments(shores, length_m=ws.config.segment_length_m), land)
    with ws.begin() as connection:
        traits = store.read(connection, "segments", columns=["segment_id", *_TRAITS])
        cut = _landable(ws, _with_traits(cut, traits))
        for table in _DERIVED:
            store.clear(connection, table)
        # No events are known of until the positions are searched again.
        store.clear(connection, "runs", where=db.runs.c.kind == "detect")
        store.write(connection, "land", land, replace=True)
        store.write(connection, "shorelines", shores, replace=True)
        store.write(connection, "segments", cut, replace=True)
        carried = carry_over(connection, ws.config, old, Shore.build(shores, cut))
    return {
        "land_polygons": len(land),
        "shorelines": len(shores),
        "segments": len(cut),
        "shore_km": round(float(shores["length_m"].sum()) / 1000.0),
        **carried,
    }


def set_landing(ws: Workspace, traits: pl.DataFrame | None = None) -> None:
    """Work out anew from which tide each segment can be landed on.

    To be called when the depth, or the kinds of shore, have changed.

    Parameters
    ----------
    traits : ``segment_id, shore_type, settlement_distance_m, made`` (JSON list of the columns
        that are made) to take over first.
    """
    cut = store.layer(ws.engine, "segments")
    if traits is not None:
        cut = _with_traits(cut.drop(columns=_TRAITS), traits)
    store.write(ws.engine, "segments", _landable(ws, cut), replace=True)


def _with_traits(cut: gpd.GeoDataFrame, traits: pl.DataFrame) -> gpd.GeoDataFrame:
    """Return segments with the traits of those that have the same id."""
    ids = pl.DataFrame({"segment_id": pl.Series(cut["segment_id"].to_list(), dtype=pl.String)})
    found = ids.join(
        traits.select("segment_id", *_TRAITS), on="segment_id", how="left", maintain_order="left"
    )
    return cut.assign(**{name: found[name].to_list() for name in _TRAITS})


def _landable(ws: Workspace, cut: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return segments with the seabed that a boat lands over; unknown without depth or type."""
    seabed = np.full(len(cut), np.nan)
    kinds = [kind if isinstance(kind, str) else None for kind in cut["shore_type"]]
    if ws.depth is not None and any(kinds):
        seabed = thresholds(
            cut,
            kinds,
            read_depth(str(ws.depth)),
            carry_m=ws.config.carry_m,
            draught_m=0.0,
            margin_m=0.0,
        )
    return cut.assign(landing_seabed_m=seabed)
