"""What is near each segment: the tables that a score is made from, and the facts of one score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely

from duty.due import due, out_of_order
from geo.crs import working_crs
from risk.bands import band
from risk.explain import near_m
from risk.facts import Broken, Facts, NearEvent, NearIncident, Overdue, Silence
from risk.inputs import Inputs
from risk.light import light
from risk.shifts import Shift
from risk.weights import WeightSet
from workspace import archive, db, landing, store, tide
from workspace._cache import cached
from workspace._places import viewsheds
from workspace.exploring import drawn_near_discoveries
from workspace.folder import Workspace
from workspace.nearness import near_pairs

# Four times an indicator's reach: exp(-4) is 2 % of its effect.
_REACHES = 4.0
_NEAR_NAMED_M = 1_000.0
# Whose indicators look for what, and how far: all that the tables hang on of a weight set.
_LOOKS = {
    "incidents": ("incidents_near",),
    "places": ("landing_place", "inspection_overdue"),
    "facilities": ("facility_cover", "facility_broken"),
}
# A boat is at the shore within this (as for shore approaches): a camera that sees there sees it.
_BEFORE_M = 200.0
# Twenty silences that each touched a stretch with less are hardly more than none, and most rows of
# the reach are below.
_LEAST_CHANCE = 0.001
# Of a camera that nobody noted a range of.
CAMERA_M = 1_000.0


@dataclass(frozen=True)
class Evidence:
    """The tables of ``risk.inputs.Inputs`` that hang on no shift; None where there is no source."""

    segments: pl.DataFrame
    events: pl.DataFrame | None
    event_pairs: pl.DataFrame | None
    reach: pl.DataFrame | None
    incidents: pl.DataFrame | None
    incident_pairs: pl.DataFrame | None
    landing_places: pl.DataFrame | None
    place_pairs: pl.DataFrame | None
    facilities: pl.DataFrame | None
    facility_pairs: pl.DataFrame | None
    camera_views: pl.DataFrame | None
    effort: pl.DataFrame | None
    inspections: pl.DataFrame


def evidence(ws: Workspace, weights: WeightSet) -> Evidence:
    """Return what is near each segment, worked out again only when a table of it changes."""
    tables = (
        "segments",
        "land",
        "events",
        "event_segments",
        "event_reach",
        "incidents",
        "wharves",
        "risk_points",
        "facilities",
        "inspections",
        "effort",
    )
    looks = {what: _looks_m(weights, names) for what, names in _LOOKS.items()}
    return cached(ws, ("evidence", *looks.values()), tables, lambda: _evidence(ws, looks))


def _looks_m(weights: WeightSet, names: Sequence[str]) -> float:
    """Return how far the indicators of these names look, those that the set has."""
    reaches = (
        weights.indicator(name).params.get("distance_m", 0.0)
        for name in names
        if name in weights.ids
    )
    return _REACHES * max(reaches, default=_NEAR_NAMED_M / _REACHES)


def _evidence(ws: Workspace, looks: Mapping[str, float]) -> Evidence:
    segments = store.read(
        ws.engine,
        "segments",
        columns=[
            "segment_id",
            "shoreline_id",
            "from_m",
            "to_m",
            "length_m",
            "exposure",
            "shore_type",
            "settlement_distance_m",
            "road_distance_m",
            "lon",
            "lat",
        ],
    )
    events, event_pairs, reach = _events(ws, segments)
    incidents = _or_none(store.read(ws.engine, "incidents"))
    places = _places(ws)
    facilities = _or_none(store.read(ws.engine, "facilities"))
    inspections = store.read(ws.engine, "inspections")
    facility_pairs = _pairs(ws, facilities, "facility_id", looks["facilities"])
    return Evidence(
        segments=segments,
        events=events,
        event_pairs=event_pairs,
        reach=reach,
        incidents=incidents,
        incident_pairs=_pairs(ws, incidents, "incident_id", looks["incidents"]),
        landing_places=places,
        place_pairs=_pairs(ws, places, "place_id", looks["places"]),
        facilities=facilities,
        facility_pairs=facility_pairs,
        camera_views=_views(ws, facilities, facility_pairs),
        effort=_or_none(store.read(ws.engine, "effort")),
        inspections=inspections,
    )


def _or_none(table: pl.DataFrame) -> pl.DataFrame | None:
    return None if table.is_empty() else table


def _events(
    ws: Workspace, segments: pl.DataFrame
) -> tuple[pl.DataFrame | None, pl.DataFrame | None, pl.DataFrame | None]:
    """Return events, their pairs, and what silent vessels may have touched.

    None where positions were never searched for events.
    """
    runs = store.read(ws.engine, "runs", columns=["kind", "finished"], order=["finished"])
    if "detect" not in runs["kind"].to_list():
        return None, None, None
    events = store.read(ws.engine, "events", columns=["event_id", "kind", "mmsi", "t0", "t1"])
    rows = segments.select("segment_id", segment=pl.int_range(pl.len(), dtype=pl.UInt32))
    pairs = store.read(ws.engine, "event_segments").join(rows, on="segment_id")
    reach = store.read(
        ws.engine,
        "event_reach",
        where=db.event_reach.c.probability >= _LEAST_CHANCE,
        columns=["event_id", "segment_id", "probability"],
    ).join(rows, on="segment_id")  # the rows "none" and "rest" are no segments
    return (
        events,
        pairs.select("event_id", "segment", distance_m="water_distance_m"),
        reach.select("event_id", "segment", "probability"),
    )


def _views(
    ws: Workspace, facilities: pl.DataFrame | None, pairs: pl.DataFrame | None
) -> pl.DataFrame | None:
    """Return which share of each segment each camera sees, by its view over the water.

    Null for segments in range of a camera that does not say which way it looks.
    """
    if facilities is None or pairs is None:
        return None
    return cached(ws, "camera views", ("facilities", "land", "segments"), lambda: _seen(ws)).vstack(
        pairs.join(
            facilities.filter(
                pl.col("kind") == "camera",
                pl.any_horizontal(
                    pl.col("heading_deg").is_null()
                    & ~(pl.col("fov_deg") >= 360.0).fill_null(value=False),
                    pl.col("fov_deg").is_null(),
                    pl.col("range_m").is_null(),
                ),
            ).select("facility_id", reach=pl.col("range_m").fill_null(CAMERA_M)),
            on="facility_id",
        )
        .filter(pl.col("distance_m") <= pl.col("reach"))
        .select("facility_id", "segment", share=pl.lit(None, pl.Float64))
    )


def _seen(ws: Workspace) -> pl.DataFrame:
    """Return ``facility_id, segment, share``: of the segment, with seen water before it."""
    schema = {"facility_id": pl.String, "segment": pl.UInt32, "share": pl.Float64}
    views = viewsheds(ws)
    if views.empty:
        return pl.DataFrame(schema=schema)
    shore = store.layer(ws.engine, "segments", columns=["segment_id", "geometry"])
    crs = working_crs(shore.total_bounds)
    lines = shore.geometry.to_crs(crs).to_numpy()
    water = shapely.buffer(views.geometry.to_crs(crs).to_numpy(), _BEFORE_M, quad_segs=4)
    camera, segment = shapely.STRtree(lines).query(water, predicate="intersects")
    seen = shapely.length(shapely.intersection(water[camera], lines[segment]))
    ids = pl.Series(views["facility_id"].to_list(), dtype=pl.String)
    return pl.DataFrame(
        {
            "facility_id": ids.gather(camera),
            "segment": segment,
            "share": np.minimum(seen / shapely.length(lines[segment]), 1.0),
        },
        schema=schema,
    )


def _places(ws: Workspace) -> pl.DataFrame | None:
    """Return wharves in use and risk points as landing places."""
    wharves = store.read(ws.engine, "wharves").filter(pl.col("status") == "in_use")
    points = store.read(ws.engine, "risk_points")
    where = ("shoreline_id", "chainage_m", "geometry", "name", "name_en", "cadence_days")
    both = pl.concat(
        [
            wharves.select(
                *where,
                place_id="wharf_id",
                what=pl.lit("wharf"),
                kind="wharf_class",
                grade=pl.lit(None, dtype=pl.Int64),
            ),
            points.select(
                *where,
                place_id="risk_point_id",
                what=pl.lit("risk_point"),
                kind="kind",
                grade=pl.coalesce("grade_confirmed", "grade_derived"),
            ),
        ]
    )
    return _or_none(both)


def _pairs(
    ws: Workspace, table: pl.DataFrame | None, key: str, radius_m: float
) -> pl.DataFrame | None:
    """Return the near pairs of placed things."""
    if table is None:
        return None
    points = store.to_layer(table.select("geometry")).geometry
    return near_pairs(
        ws,
        key,
        table[key].to_list(),
        points.x.to_numpy(),
        points.y.to_numpy(),
        radius_m=radius_m,
    )


def inputs(ws: Workspace, weights: WeightSet, shifts: Sequence[Shift]) -> Inputs:
    """Return all that the indicators of these shifts are evaluated from."""
    known = evidence(ws, weights)
    lon, lat = known.segments.select(pl.col("lon", "lat").mean()).row(0)
    names = (
        "segments", "events", "event_pairs", "reach", "incidents", "incident_pairs",
        "landing_places", "place_pairs", "facility_pairs", "camera_views", "effort",
    )  # fmt: skip
    return Inputs(
        **{name: getattr(known, name) for name in names},
        drawn=cached(
            ws,
            ("drawn", weights.name, weights.version),
            ("effort", "explorations", "incidents", "segments", "land"),
            lambda: drawn_near_discoveries(
                ws, known.incidents, known.incident_pairs, known.segments["segment_id"]
            ),
        ),
        heard_days=archive.by_day(ws.positions)["date"],
        inspections=_or_none(known.inspections.select("t", place_id="object_id")),
        facilities=from_local_midnight(known.facilities, ws.config.timezone),
        light=light(lon, lat, shifts),
        landable_h=landable_hours(ws, shifts),
    )


def from_local_midnight(facilities: pl.DataFrame | None, zone: str) -> pl.DataFrame | None:
    """Return facilities with the instant at which their state's local day began."""
    if facilities is None:
        return None
    local = pl.col("status_since").cast(pl.Datetime("ms"))
    return facilities.with_columns(
        status_since=local.dt.replace_time_zone(
            zone, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")
    )


def landable_hours(ws: Workspace, shifts: Sequence[Shift]) -> np.ndarray | None:
    """Return the hours [segment, shift] within which each segment can be landed on.

    NaN where its seabed or tide is unknown, None where no segment has a tide.
    """
    if not tide.weights(ws)[0]:
        return None
    return np.column_stack(
        [landing.landable_share(ws, shift.t0, shift.t1) * shift.hours for shift in shifts]
    )


def facts(
    ws: Workspace,
    weights: WeightSet,
    *,
    segment: int,
    shift: Shift,
    as_of: datetime,
    figures: dict[str, float],
    points: dict[str, float],
    raw: dict[str, float],
    missing: Sequence[str],
) -> Facts:
    """Gather what ``risk.explain.explain`` says of one segment in one shift.

    Parameters
    ----------
    segment : the segment's row.
    figures : ``score, lo, hi, base``.
    points, raw : contributions and raw values by indicator.
    """
    known = evidence(ws, weights)
    here = landing.segment_tide(ws, segment, shift.t0, shift.t1)
    day = min(as_of, shift.t1).astimezone(ws.config.tz).date()
    broken = near(
        known.facilities,
        known.facility_pairs,
        "facility_id",
        segment,
        _within(weights, "facility_broken"),
    )
    places = near(
        known.landing_places,
        known.place_pairs,
        "place_id",
        segment,
        _within(weights, "inspection_overdue"),
    )
    return Facts(
        score=figures["score"],
        lo=figures["lo"],
        hi=figures["hi"],
        base=figures["base"],
        band=band(figures["score"]),
        contributions=points,
        raw=raw,
        missing=list(missing),
        landable=None if here is None else here.windows,
        draught_m=ws.config.draught_m,
        landing_basis=None if here is None else here.basis,
        events=[
            NearEvent(row["kind"], row["mmsi"], row["t0"], row["distance_m"])
            for row in near(known.events, known.event_pairs, "event_id", segment, np.inf).iter_rows(
                named=True
            )
        ],
        silences=_silences(known, segment),
        incidents=[
            NearIncident(row["t0"], row["distance_m"], row["known"])
            for row in near(
                known.incidents, known.incident_pairs, "incident_id", segment, np.inf
            ).iter_rows(named=True)
        ],
        broken=[]
        if broken.is_empty()
        else [
            Broken(row["kind"], row["line"], row["status"], row["status_since"])
            for row in out_of_order(broken, day).iter_rows(named=True)
        ],
        overdue=[]
        if places.is_empty()
        else [
            Overdue(row["name"], row["name_en"] or row["name"], row["days_overdue"])
            for row in due(
                places.rename({"what": "object_kind", "place_id": "object_id"}),
                known.inspections,
                day,
                tz=ws.config.tz,
            ).iter_rows(named=True)
        ],
    )


def _silences(known: Evidence, segment: int) -> list[Silence]:
    if known.events is None or known.reach is None:
        return []
    here = known.reach.filter(pl.col("segment") == segment).select("event_id", "probability")
    rows = known.events.join(here, on="event_id").drop_nulls("t1")
    return [
        Silence(*row)
        for row in rows.select("mmsi", "t0", "t1", "probability").sort("t0", "mmsi").iter_rows()
    ]


def _within(weights: WeightSet, name: str) -> float:
    return min(near_m(weights, name), _NEAR_NAMED_M) if name in weights.ids else 0.0


def near(
    table: pl.DataFrame | None, pairs: pl.DataFrame | None, key: str, segment: int, radius_m: float
) -> pl.DataFrame:
    """Return the things near one segment with their ``distance_m``, the nearest first."""
    if table is None or pairs is None:
        return pl.DataFrame()
    close = pairs.filter((pl.col("segment") == segment) & (pl.col("distance_m") <= radius_m))
    return table.join(close.select(key, "distance_m"), on=key).sort("distance_m", key)
