"""The example's places: made by rule and seed on a real coast, every row saying that it is made."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

import geopandas as gpd
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ais.simulate import Places
from geo.errors import InputError
from geo.nearest import ShoreIndex
from workspace._example_coast import read_coast, segment_traits
from workspace._example_depth import make_depth
from workspace._example_duty import (
    make_absences,
    make_effort,
    make_hangs,
    make_inspections,
    make_posts,
    make_sections,
    make_teams,
)
from workspace._example_ground import BARE_GRIDS, GRIDS, TOWNSHIPS
from workspace._example_sites import (
    hot_stretches,
    make_facilities,
    make_incidents,
    make_risk_points,
    make_wharves,
)

__all__ = ["make_depth", "make_places", "simulation_places"]

_SECTIONS = 12
_FACILITIES = 150
_INCIDENTS = 60
_RELATED_M = 3000.0


def make_places(
    shorelines: gpd.GeoDataFrame,
    segments: gpd.GeoDataFrame,
    places_geonames: gpd.GeoDataFrame,
    index: ShoreIndex,
    *,
    seed: int,
    now: datetime,
    zone: tzinfo | None = None,
) -> dict[str, gpd.GeoDataFrame | pl.DataFrame]:
    """Make the example's places on a coast, the same ones for the same coast, seed and ``now``.

    Parameters
    ----------
    shorelines, segments : the coast; segments with ``exposure`` (``geo.exposure``).
    places_geonames : populated places with ``name``, ``name_zh`` and Points (EPSG:4326).
    index : the coast's index.
    now : aware time that dated rows end at; nothing lies after it.
    zone : local time of nights, inspections and shifts; ``now``'s own when left out.

    Returns
    -------
    dict
        ``wharves, risk_points, facilities, incidents`` (GeoDataFrames of Points, EPSG:4326) and
        ``posts, post_absences, teams, inspections, effort, sections, section_cuts, section_hangs,
        segment_traits`` (polars). ``offset_m`` is metres inland of the shoreline. Every row has
        ``made`` = True.

    Raises
    ------
    InputError
        When ``now`` has no zone or the coast has no mainland or too little of it.
    """
    if now.tzinfo is None:
        raise InputError("`now` has no time zone", where="example", mend="Give an aware datetime.")
    local = zone if zone is not None else now.tzinfo
    # Each table draws from its own stream: changing one leaves the others as they were.
    rngs = [np.random.default_rng([seed, stream]) for stream in range(8)]
    coast = read_coast(shorelines, segments, places_geonames, rngs[0])
    if int((coast.mainland & coast.usable).sum()) < 10 * _SECTIONS:
        raise InputError(
            f"the mainland has {int((coast.mainland & coast.usable).sum())} segments",
            where="example",
            mend=f"Give a coast with at least {10 * _SECTIONS} of about 500 m.",
        )
    hot = hot_stretches(coast, rngs[1])
    wharves = make_wharves(coast, rngs[2])
    wharf_xy = coast.metres(wharves.geometry.x.to_numpy(), wharves.geometry.y.to_numpy())
    risk_points = make_risk_points(coast, hot, wharf_xy, rngs[3])
    sites = _rows(coast.segments, index, wharves, risk_points)
    sections, cuts, number = make_sections(coast, count=_SECTIONS)
    checked = pl.concat(
        [
            _checked("wharf", wharves[wharves["status"] == "in_use"], "wharf_id"),
            _checked("risk_point", risk_points, "risk_point_id"),
        ]
    )
    today = now.astimezone(local).date()
    posts = make_posts(
        sections, wharves, grids=GRIDS - BARE_GRIDS, townships=TOWNSHIPS, today=today
    )
    return {
        "wharves": wharves,
        "risk_points": risk_points,
        "facilities": make_facilities(coast, sites, count=_FACILITIES, now=now, rng=rngs[4]),
        "incidents": make_incidents(
            coast, hot, index, count=_INCIDENTS, now=now, zone=local, rng=rngs[5]
        ),
        "posts": posts,
        "post_absences": make_absences(posts, today=today),
        "teams": make_teams(wharves),
        "inspections": make_inspections(checked, now=now, zone=local, rng=rngs[6]),
        "effort": make_effort(coast, number, now=now, zone=local, rng=rngs[7]),
        "sections": sections,
        "section_cuts": cuts,
        "section_hangs": make_hangs(coast),
        "segment_traits": segment_traits(coast),
    }


def simulation_places(
    tables: Mapping[str, gpd.GeoDataFrame | pl.DataFrame], high_water: NDArray[np.datetime64]
) -> Places:
    """Return what the simulated traffic needs of made places.

    Landings are the creeks, beaches and slipways; one draws more traffic the more incidents lie
    within 3 km, so that the example's behaviours and incidents tell of the same stretches.
    """
    wharves, risk, incidents = tables["wharves"], tables["risk_points"], tables["incidents"]
    wharves = wharves[wharves["status"] == "in_use"]
    risk = risk[risk["kind"].isin(["creek", "beach", "slipway"])]
    lon, lat = risk.geometry.x.to_numpy(), risk.geometry.y.to_numpy()
    east = float(np.cos(np.radians(lat.mean())))
    happened = cKDTree(np.column_stack([incidents["lon"] * east, incidents["lat"]]))
    near = happened.query_ball_point(
        np.column_stack([lon * east, lat]), _RELATED_M / 111_320.0, return_length=True
    )
    return Places(
        pl.DataFrame(
            {
                "lon": wharves.geometry.x.to_numpy(),
                "lat": wharves.geometry.y.to_numpy(),
                "wharf_class": wharves["wharf_class"].to_list(),
            }
        ),
        pl.DataFrame({"lon": lon, "lat": lat, "weight": 0.3 + np.asarray(near, dtype=float)}),
        high_water,
    )


def _rows(segments: gpd.GeoDataFrame, index: ShoreIndex, *tables: gpd.GeoDataFrame) -> np.ndarray:
    """Return the segment rows of all places; one that carries no facing gets no facility."""
    lon = np.concatenate([table.geometry.x.to_numpy() for table in tables])
    lat = np.concatenate([table.geometry.y.to_numpy() for table in tables])
    rows = np.unique(index.nearest(lon, lat, max_m=2000.0).segment)
    rows = rows[rows >= 0]
    return rows[~np.isnan(segments["facing_deg"].to_numpy(float)[rows])]


def _checked(kind: str, table: gpd.GeoDataFrame, key: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "object_kind": [kind] * len(table),
            "object_id": table[key].to_list(),
            "cadence_days": table["cadence_days"].to_numpy(np.int64),
        }
    )
