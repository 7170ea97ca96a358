"""What the pages ask of a workspace: tables and layers, kept until what they come from changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from sqlalchemy import and_

from duty.posts import CHIEF
from duty.sections import place as section_of
from duty.sections import stats
from risk.light import light
from risk.shifts import Shift, shifts
from workspace import archive, db, landing, patrol_layer, store
from workspace._boundaries_held import TABLES, holding, today
from workspace._cache import cached
from workspace._coverage import Coverage, coverage
from workspace._events import (
    Event,
    Events,
    event,
    events,
    reaches,
    vessel_events,
    vessel_pattern,
)
from workspace._explanation import explain
from workspace._feeds import feed_days, refused
from workspace._learned import Outlook, forecast, forecast_of
from workspace._places import PLACES, changes_of, place, viewsheds
from workspace._scored import runs_of, scored_shifts, scores, shift_of
from workspace._stretches import coast_changes, coasts, stretches
from workspace._tracks import tracks
from workspace._vessel import Vessel, vessel, vessels_like
from workspace.exploring import explored
from workspace.folder import Workspace
from workspace.placing import segments
from workspace.registers import listed
from workspace.staffing import answering

__all__ = [
    "LAYERS",
    "PLACES",
    "Coverage",
    "Event",
    "Events",
    "Meta",
    "Outlook",
    "Vessel",
    "changes_of",
    "coast_changes",
    "coasts",
    "coverage",
    "event",
    "events",
    "explain",
    "feed_days",
    "forecast",
    "forecast_of",
    "land",
    "layer",
    "listed",
    "meta",
    "place",
    "reaches",
    "refused",
    "scored_shifts",
    "scores",
    "sections",
    "segments",
    "stretches",
    "strip",
    "tracks",
    "vessel",
    "vessel_events",
    "vessel_pattern",
    "vessels_like",
    "viewsheds",
]

LAYERS = (
    "wharves", "risk_points", "facilities", "viewsheds", "incidents", "sections", "zones",
    "zones_gone", "explored", "patrols", "events",
)  # fmt: skip


@dataclass(frozen=True)
class Meta:
    """What every page says about the workspace it shows."""

    county_zh: str
    county_en: str
    timezone: str
    bounds: tuple[float, float, float, float]
    newest_position: datetime | None
    simulated: bool
    made: list[str]
    attributions: list[str]
    tide_note: str
    missing: list[str]


def meta(ws: Workspace) -> Meta:
    """Return names, bounds, freshness, credits, and what is made up or missing."""
    tables = ("segments", "tide_stations", "incidents", "facilities", "wharves", "risk_points")
    lacking = cached(
        ws,
        "lacking",
        (*tables, "effort", "section_cuts", "ingests"),
        lambda: [
            name for name in (*tables, "effort", "section_cuts") if not store.count(ws.engine, name)
        ],
    )
    bounds = cached(ws, "bounds", ("segments",), lambda: _bounds(segments(ws)))
    return Meta(
        county_zh=ws.config.county_zh,
        county_en=ws.config.county_en,
        timezone=ws.config.timezone,
        bounds=bounds,
        newest_position=archive.summary(ws.positions)[2],
        simulated=ws.config.simulated,
        made=list(ws.config.made),
        attributions=list(ws.config.attributions),
        tide_note=ws.config.tide_note,
        missing=[*lacking, *([] if ws.depth else ["depth"])],
    )


def _bounds(layer: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    if layer.empty:
        return (-180.0, -90.0, 180.0, 90.0)
    west, south, east, north = layer.total_bounds
    return float(west), float(south), float(east), float(north)


def land(ws: Workspace) -> gpd.GeoDataFrame:
    """Return the land polygons, the basemap that needs no internet."""
    return cached(ws, "land", ("land",), lambda: store.layer(ws.engine, "land"))


def sections(ws: Workspace) -> pl.DataFrame:
    """Return sections with their length and the chief in post today.

    Columns: section_id, name, name_en, km, n_segments, wharves, chief_name, chief_unit,
    duty_phone, made.
    """
    tables = (*TABLES, "segments", "wharves", "posts", "post_absences")
    day = today(ws)
    return cached(ws, ("sections", day), tables, lambda: _sections(ws, day))


def _sections(ws: Workspace, day: date) -> pl.DataFrame:
    shore, held = segments(ws, day), holding(ws, day)
    cuts, hangs = held.cuts, held.hangs
    wharves = store.read(
        ws.engine,
        "wharves",
        where=db.wharves.c.shoreline_id.is_not(None),
        columns=["shoreline_id", "chainage_m"],
    )
    sums = stats(
        pl.DataFrame({"length_m": shore["length_m"].to_numpy()}),
        pl.Series(shore["section_id"].tolist(), dtype=pl.String),
        wharves=section_of(wharves, cuts, hangs) if cuts.height else pl.Series([], dtype=pl.String),
    )
    chiefs = (
        answering(ws, day)
        .filter((pl.col("object_kind") == "section") & (pl.col("role") == CHIEF))
        .sort("valid_from", "post_id", nulls_last=False)
        .unique("object_id", keep="last", maintain_order=True)
        .select(
            section_id="object_id", chief_name="name", chief_unit="unit", duty_phone="duty_phone"
        )
    )
    return (
        held.sections.select("section_id", "name", "name_en", "made")
        .join(sums, on="section_id", how="left", maintain_order="left")
        .with_columns(pl.col("km").fill_null(0.0), pl.col("n_segments", "wharves").fill_null(0))
        .join(chiefs, on="section_id", how="left", maintain_order="left")
    )


def strip(
    ws: Workspace, section_id: str | None, day: date, within: frozenset[str] | None = None
) -> pl.DataFrame:
    """Return the shifts of three days: the highest score, darkness and how much can be landed on.

    Of the whole shore, of a section, or of those segments only that are named ``within``.

    Columns: shift_id, t0, t1, max_score, max_lo, max_hi (those of the riskiest segment; null
    where the shift has no scores), dark_share, landable_share (share of the segments that can be
    landed on at some time of the shift; null without tide or depth), landable_estimated (share of
    them that can be by an estimated seabed).
    """
    shore = segments(ws, day)
    inside = np.ones(len(shore), dtype=bool)
    if section_id is not None:
        inside = (shore["section_id"] == section_id).to_numpy(dtype=bool)
    if within is not None:
        inside = inside & shore["segment_id"].isin(within).to_numpy(dtype=bool)
    days = [day + timedelta(days=n) for n in range(3)]
    wanted = [
        shift
        for one in days
        for shift in shifts(one, tz=ws.config.tz, starts=ws.config.shift_starts)
    ]
    rows = pl.DataFrame(
        {
            "shift_id": [shift.shift_id for shift in wanted],
            "t0": [shift.t0 for shift in wanted],
            "t1": [shift.t1 for shift in wanted],
            **_highest(ws, wanted, inside),
        },
        schema_overrides={
            "t0": pl.Datetime("ms", "UTC"),
            "t1": pl.Datetime("ms", "UTC"),
            **dict.fromkeys(("max_score", "max_lo", "max_hi"), pl.Float64),
        },
    )
    west, south, east, north = meta(ws).bounds
    dark = cached(
        ws,
        ("dark", day),
        ("segments",),
        lambda: light((west + east) / 2, (south + north) / 2, wanted),
    )
    return rows.with_columns(
        dark["dark_share"],
        **{
            name: pl.Series(share, dtype=pl.Float64)
            for name, share in _landable(ws, wanted, inside).items()
        },
    )


def _highest(
    ws: Workspace, wanted: Sequence[Shift], inside: np.ndarray
) -> Mapping[str, list[float | None]]:
    found: dict[str, list[float | None]] = {"max_score": [], "max_lo": [], "max_hi": []}
    for shift in wanted:
        table = scores(ws, shift.shift_id)
        here = None if table is None else table.filter(inside).drop_nulls("score")
        top = (
            None
            if here is None or here.is_empty()
            else here.row(int(here["score"].arg_max() or 0), named=True)
        )
        for name, column in zip(found, ("score", "lo", "hi"), strict=True):
            found[name].append(None if top is None else top[column])
    return found


def _landable(
    ws: Workspace, wanted: Sequence[Shift], inside: np.ndarray
) -> Mapping[str, list[float | None]]:
    """Return per shift which share of the known segments the tide lets be landed on.

    And which share does so by an estimated seabed.
    """
    guessed = (segments(ws)["landing_basis"] == "estimate").to_numpy(dtype=bool)[inside]
    found: dict[str, list[float | None]] = {"landable_share": [], "landable_estimated": []}
    for shift in wanted:
        share = landing.landable_share(ws, shift.t0, shift.t1)[inside]
        known = np.isfinite(share)
        for name, counted in zip(found, (known, guessed), strict=True):
            lands = (share[known] > 0) & counted[known]
            found[name].append(float(lands.mean()) if known.any() else None)
    return found


def layer(
    ws: Workspace,
    name: str,
    *,
    shift_id: str | None = None,
    t0: datetime | None = None,
    t1: datetime | None = None,
    kinds: Sequence[str] | None = None,
) -> gpd.GeoDataFrame:
    """Return one layer of the map.

    ``zones``, ``zones_gone``, ``explored`` (what was drawn by lot) and ``patrols`` want
    ``shift_id``; ``events`` and ``incidents`` may be limited in time (those that overlap t0..t1)
    and ``events`` by kind.
    """
    if name not in LAYERS:
        raise KeyError(f"`name` was {name!r} but is expected to be in {{{', '.join(LAYERS)}}}")
    if name == "sections":
        tables = (*TABLES, "segments", "wharves", "posts", "post_absences")
        return cached(ws, ("section lines", today(ws)), tables, lambda: _section_lines(ws))
    if name in _OF_SHIFT:
        return _OF_SHIFT[name](ws, None if shift_id is None else shift_of(ws, shift_id))
    if name == "viewsheds":
        return viewsheds(ws)
    if name not in {"events", "incidents"}:
        return cached(ws, ("layer", name), (name,), lambda: store.layer(ws.engine, name))
    table = store.table_of(name)
    limits = []
    if t0 is not None:
        limits.append((table.c.t1 >= t0) | (table.c.t1.is_(None) & (table.c.t0 >= t0)))
    if t1 is not None:
        limits.append(table.c.t0 < t1)
    if kinds is not None and name == "events":
        limits.append(table.c.kind.in_(list(kinds)))
    return store.layer(ws.engine, name, where=and_(*limits) if limits else None)


def _zones(ws: Workspace, shift: Shift | None) -> gpd.GeoDataFrame:
    """Return the newest plan's zones of a shift, in order of rank."""
    runs = cached(ws, "newest plans", ("zones", "runs"), lambda: runs_of(ws, "zones"))
    table = db.zones.c
    run = "" if shift is None else runs.get(shift.t0, "")
    return store.layer(
        ws.engine,
        "zones",
        where=and_(table.run_id == run, table.shift_start == _start(shift)),
        order=["rank", "zone_id"],
    )


def _zones_gone(ws: Workspace, shift: Shift | None) -> gpd.GeoDataFrame:
    """Return the zones of the day before that are none in a shift any more, the longest first."""
    here = db.zones_gone.c.shift_start == _start(shift)
    found = store.read(ws.engine, "zones_gone", where=here, order=["zone_id"])
    return store.to_layer(found.sort("km", descending=True, maintain_order=True))


def _explored(ws: Workspace, shift: Shift | None) -> gpd.GeoDataFrame:
    """Return the stretches drawn by lot for a shift, along the shore."""
    none = gpd.GeoDataFrame(geometry=[], crs=4326)
    if shift is None:
        return none
    tables = ("explorations", "scores", *TABLES, "segments")
    found = cached(ws, ("explored", shift.t0), tables, lambda: explored(ws, shift))
    return store.to_layer(found) if found.height else none


def _start(shift: Shift | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if shift is None else shift.t0


_OF_SHIFT = {
    "zones": _zones,
    "zones_gone": _zones_gone,
    "explored": _explored,
    "patrols": patrol_layer.layer,
}


def _section_lines(ws: Workspace) -> gpd.GeoDataFrame:
    """Return each section as one (multi)line with its names and chief."""
    shore = segments(ws)
    lines = {
        section: shapely.line_merge(shapely.multilinestrings(part.geometry.to_list()))
        for section, part in shore.groupby("section_id")
    }
    table = sections(ws).filter(pl.col("section_id").is_in(list(lines)))
    return gpd.GeoDataFrame(
        {name: table[name].to_list() for name in table.columns},
        geometry=[lines[section] for section in table["section_id"]],
        crs=4326,
    )
