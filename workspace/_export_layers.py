"""The layers and tables of a workspace, each as one frame with its geometry as WKB."""

import json
from collections.abc import Callable

import numpy as np
import polars as pl
import shapely
from sqlalchemy import and_

from ais.identity import kind_expression
from duty.sections import place
from geo.view import viewsheds
from risk.bands import band_index
from risk.shifts import Shift
from workspace import archive, db, read, store
from workspace._boundaries_held import holding
from workspace._export_choice import Choice, within
from workspace._scored import NUMBERS, runs_of
from workspace.exploring import EXPLORE, explored
from workspace.folder import Workspace
from workspace.landing import tides_of

_ON_SHORE = ("wharves", "risk_points", "facilities")
_CAMERAS = and_(db.facilities.c.kind == "camera", db.facilities.c.geometry.is_not(None))
LAYERS = (
    "land", "shorelines", "segments", "sections", "wharves", "risk_points", "facilities",
    "viewsheds", "incidents", "zones", "events", "event_tracks", "berths", "roads", "settlements",
    "shore_types", "lineage", "quarantine",
)  # fmt: skip


def layer(ws: Workspace, name: str, choice: Choice) -> pl.DataFrame:
    """Return one of ``LAYERS``, limited to what was chosen."""
    special: dict[str, Callable[[Workspace, Choice], pl.DataFrame]] = {
        "segments": _segments,
        "shorelines": _shorelines,
        "sections": _sections,
        "zones": lambda ws, choice: planned(ws, [choice.shift] if choice.shift else [], choice),
        "events": events,
        "event_tracks": _event_tracks,
        "incidents": _incidents,
        "viewsheds": _viewsheds,
        "berths": _berths,
        "quarantine": lambda ws, choice: quarantine(ws, choice).drop_nulls("geometry"),
    }
    if name in special:
        return special[name](ws, choice)
    found = store.read(ws.engine, name)
    return within(_with_section(ws, found) if name in _ON_SHORE else found, choice)


def _points(lon: pl.Series, lat: pl.Series) -> pl.Series:
    """Return places as WKB, null where a coordinate is."""
    x, y = lon.cast(pl.Float64).to_numpy(), lat.cast(pl.Float64).to_numpy()
    wkb = pl.Series("geometry", shapely.to_wkb(shapely.points(x, y)).tolist(), dtype=pl.Binary)
    return wkb.set((lon.is_null() | lat.is_null()), None)


def _with_section(ws: Workspace, found: pl.DataFrame) -> pl.DataFrame:
    """Return things on the shore with the section that each stands in."""
    held = holding(ws)
    on_shore = pl.col("shoreline_id").is_not_null()
    placed = found.filter(on_shore) if held.cuts.height else found.clear()
    key = found.columns[0]
    owner = place(placed, held.cuts, held.hangs)
    return found.join(
        placed.select(key, section_id=owner), on=key, how="left", maintain_order="left"
    )


def _segments(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return the segments with their section, and their score in the shift chosen."""
    return within(_scored(ws, choice.shift), choice)


def _scored(ws: Workspace, shift: Shift | None) -> pl.DataFrame:
    # Whose a segment is in a shift is told by the boundaries of its day.
    day = None if shift is None else shift.t0.astimezone(ws.config.tz).date()
    shore = read.segments(ws, day)
    found = store.read(ws.engine, "segments")
    known = None if shift is None else read.scores(ws, shift.shift_id)
    numbers = (
        pl.DataFrame({name: [None] * found.height for name in NUMBERS})
        if known is None
        else known.select(NUMBERS)
    ).cast(pl.Float64)
    band = pl.Series(band_index(numbers["score"].to_numpy()) + 1).set(
        numbers["score"].is_null(), None
    )
    # What is stored of the tide goes back to the last import; the settings may have changed.
    told = tides_of(ws)
    weights = [None if row is None else store.as_json(row) for row in told["tide_weights"]]
    return found.with_columns(
        pl.Series("tide_weights", weights, dtype=pl.String),
        pl.Series("tide_error_m", told["tide_error_m"], dtype=pl.Float64).fill_nan(None),
        pl.Series("tide_note", told["tide_note"], dtype=pl.String),
        pl.Series("section_id", shore["section_id"].to_list(), dtype=pl.String),
        pl.Series("shoreline_kind", shore["shoreline_kind"].to_list(), dtype=pl.String),
        shift_id=pl.lit(shift.shift_id if shift else None, dtype=pl.String),
        t0=pl.lit(shift.t0 if shift else None, dtype=pl.Datetime("ms", "UTC")),
        t1=pl.lit(shift.t1 if shift else None, dtype=pl.Datetime("ms", "UTC")),
        **{name: numbers[name] for name in NUMBERS},
        band=band,
    )


def _shorelines(ws: Workspace, choice: Choice) -> pl.DataFrame:
    found = store.read(ws.engine, "shorelines")
    if choice.segment_ids is None:
        return within(found, choice)
    ids = store.read(ws.engine, "segments", columns=["segment_id", "shoreline_id"]).filter(
        pl.col("segment_id").is_in(list(choice.segment_ids))
    )
    return found.filter(pl.col("shoreline_id").is_in(ids["shoreline_id"].unique().to_list()))


def _sections(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return the sections' lines with their chiefs; telephones stay in the workspace."""
    lines = read.layer(ws, "sections")
    wkb = dict(zip(lines["section_id"], shapely.to_wkb(lines.geometry.to_numpy()), strict=True))
    found = read.sections(ws).drop("duty_phone")
    shapes = pl.Series("geometry", [wkb.get(name) for name in found["section_id"]], pl.Binary)
    return within(found.with_columns(shapes), choice)


def zones(ws: Workspace, wanted: list[Shift], choice: Choice) -> pl.DataFrame:
    """Return the newest plan's priority zones of some shifts, in order of time and rank."""
    table, newest = db.zones.c, runs_of(ws, "zones")
    parts = [
        store.read(
            ws.engine,
            "zones",
            where=and_(table.run_id == newest.get(one.t0, ""), table.shift_start == one.t0),
            order=["rank", "zone_id"],
        ).with_columns(shift_id=pl.lit(one.shift_id))
        for one in wanted
    ]
    empty = store.read(ws.engine, "zones", where=table.run_id == "")
    found = pl.concat(parts or [empty.with_columns(shift_id=pl.lit(""))])
    return _touching(found, choice)


def planned(ws: Workspace, wanted: list[Shift], choice: Choice) -> pl.DataFrame:
    """Return the priority zones of some shifts, and after them what each explores.

    ``part`` is ``plan`` or ``explore``; what is explored has no rank.
    """
    found = zones(ws, wanted, choice).with_columns(part=pl.lit("plan"))
    drawn = [explored(ws, one).with_columns(shift_id=pl.lit(one.shift_id)) for one in wanted]
    parts = [_touching(one, choice) for one in drawn if one.height]
    order = pl.col("shift_start"), pl.col("part") == EXPLORE
    return pl.concat([found, *parts], how="diagonal_relaxed").sort(*order, maintain_order=True)


def _touching(found: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    """Return the zones that touch what was chosen."""
    if choice.section is None:
        return within(found, choice)
    mine = pl.Series(
        [choice.section in json.loads(ids or "[]") for ids in found["section_ids"]],
        dtype=pl.Boolean,
    )
    return within(found.filter(mine).with_columns(section_id=pl.lit(choice.section)), choice)


def scores(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return score, interval and pillars of every segment in every shift chosen."""
    about = ("segment_id", "section_id", "shoreline_id", "from_m", "to_m", "lon", "lat")
    told = ("shift_id", "t0", "t1", "score", "band", *NUMBERS[1:], "geometry")
    parts = [_scored(ws, one).select(*about, *told) for one in choice.shifts]
    return within(pl.concat(parts or [_scored(ws, None).select(*about, *told).clear()]), choice)


def events(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return behaviours where they took place; the ways of the vessels are a layer of their own."""
    found = _happened(ws, "events", choice)
    return within(found.with_columns(_points(found["lon"], found["lat"])), choice)


def _event_tracks(ws: Workspace, choice: Choice) -> pl.DataFrame:
    found = _happened(ws, "events", choice)
    kept = ["event_id", "kind", "mmsi", "t0", "t1", "segment_id", "made", "geometry"]
    shapes = shapely.from_wkb(np.array(found["geometry"].to_list(), dtype=object))
    lines = pl.Series(shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING)
    return within(found.filter(lines).select(kept), choice)


def _viewsheds(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return what each camera sees, from its heading, field of view and range."""
    cameras = within(_with_section(ws, store.read(ws.engine, "facilities", where=_CAMERAS)), choice)
    if cameras.is_empty():
        return cameras
    covers = viewsheds(store.to_layer(cameras), read.land(ws))
    wkb = shapely.to_wkb(covers.geometry.to_numpy()).tolist()
    return cameras.with_columns(pl.Series("geometry", wkb, dtype=pl.Binary)).drop_nulls("geometry")


def _incidents(ws: Workspace, choice: Choice) -> pl.DataFrame:
    return within(_happened(ws, "incidents", choice), choice)


def _happened(ws: Workspace, name: str, choice: Choice) -> pl.DataFrame:
    """Return the rows that overlap the time chosen."""
    table = store.table_of(name).c
    if choice.t0 is None:
        return store.read(ws.engine, name)
    over = (table.t1 >= choice.t0) | (table.t1.is_(None) & (table.t0 >= choice.t0))
    return store.read(ws.engine, name, where=and_(over, table.t0 < choice.t1))


def _berths(ws: Workspace, choice: Choice) -> pl.DataFrame:
    found = store.read(ws.engine, "berths")
    return within(found.with_columns(_points(found["lon"], found["lat"])), choice)


def quarantine(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return what was refused and why, with the place of the problem where it has one."""
    found = store.read(ws.engine, "quarantine")
    return within(found.with_columns(_points(found["lon"], found["lat"])), choice)


def positions(ws: Workspace, choice: Choice) -> pl.DataFrame:
    """Return the positions of the time and box chosen, with name and kind of the vessel."""
    found = archive.read(ws.positions, t0=choice.t0, t1=choice.t1, bbox=choice.box)
    names = vessel_names(ws).rename({"vessel_name": "name"}).cast({"mmsi": pl.UInt32})
    return (
        found.join(names, on="mmsi", how="left", maintain_order="left")
        .with_columns(kind=kind_expression(pl.col("mmsi"), pl.col("name")))
        .with_columns(_points(found["lon"], found["lat"]))
    )


def vessel_names(ws: Workspace) -> pl.DataFrame:
    """Return ``mmsi`` and ``vessel_name``, as the vessels gave it last."""
    found = store.read(ws.engine, "vessels", columns=["mmsi", "name"])
    return found.rename({"name": "vessel_name"})
