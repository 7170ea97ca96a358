"""Vessel hours and risk of a workspace as rasters."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from rasterio.features import rasterize

from ais.density import density as vessel_hours
from ais.identity import MOVERS, kind_expression
from geo.errors import InputError
from geo.raster import LonLatGrid, write_cog
from risk.surface import surface
from workspace import archive, read, store
from workspace._export_choice import Choice
from workspace.folder import Workspace

_COLUMNS = ("mmsi", "t", "lon", "lat")
_GAP = timedelta(hours=1)  # beyond it the design cuts a track
# A leg has its ends within the hour; at 30 knots that is half a degree of latitude.
_BESIDE_DEG = 0.5
# How far the grid goes out from the outermost shore where no box was given.
_OFFING_DEG = 0.1


def grid_over(ws: Workspace, choice: Choice, *, cell_m: float) -> LonLatGrid:
    """Lay a grid over the box chosen, or over the coast and some 10 km around it.

    Raises
    ------
    InputError
        When there is no coast and no box, or the cells are too many.
    """
    if choice.box is not None:
        return LonLatGrid.over(choice.box, cell_m=cell_m)
    if not store.count(ws.engine, "segments"):
        raise InputError(
            "there is no coast to lay a raster over",
            where=str(ws.root),
            mend="Import one, or give a box with --bbox.",
        )
    west, south, east, north = read.meta(ws).bounds
    around = (west - _OFFING_DEG, south - _OFFING_DEG, east + _OFFING_DEG, north + _OFFING_DEG)
    return LonLatGrid.over(around, cell_m=cell_m)


def density(
    ws: Workspace, out: Path, choice: Choice, *, cell_m: float, notes: dict[str, str]
) -> dict[str, int]:
    """Write vessel-hours per km² over the time chosen; return what was counted."""
    grid = grid_over(ws, choice, cell_m=cell_m)
    rows, oldest, newest = archive.summary(ws.positions)
    t0, t1 = choice.t0 or oldest, choice.t1 or newest
    if not rows or t0 is None or t1 is None:
        raise InputError(
            "there are no positions",
            where=str(ws.root),
            mend="Read in AIS first: shoregrid ingest WS FILE...",
        )
    hours, counted = np.zeros(grid.shape), 0
    names = store.read(ws.engine, "vessels", columns=["mmsi", "name"]).cast({"mmsi": pl.UInt32})
    west, south, east, north = grid.bounds
    box = (west - _BESIDE_DEG, south - _BESIDE_DEG, east + _BESIDE_DEG, north + _BESIDE_DEG)
    # Day by day, each with the hour before it: an archive of any size fits the memory.
    begin: datetime = t0
    while begin <= t1:
        end = min(begin + timedelta(days=1), t1 + timedelta(milliseconds=1))
        found = archive.read(ws.positions, t0=begin - _GAP, t1=end, bbox=box, columns=_COLUMNS)
        found = (
            found.join(names, on="mmsi", how="left", maintain_order="left")
            .filter(kind_expression(pl.col("mmsi"), pl.col("name")).is_in(MOVERS))
            .filter((pl.col("t") >= t0) | pl.lit(begin > t0))
        )
        hours += vessel_hours(found, grid, since=begin, track_gap_s=_GAP.total_seconds())
        counted += found.filter(pl.col("t") >= begin).height
        begin = end if end <= t1 else t1 + timedelta(seconds=1)
    dry = _dry(ws, grid)
    hours[dry & (hours == 0)] = np.nan
    about = {
        "content": "AIS 船舶小时/平方公里 · AIS vessel-hours per km²",
        "from": f"{t0:%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{t1:%Y-%m-%dT%H:%M:%SZ}",
        "method": "straight between positions, silence over 1 h left out; nodata: land",
    }
    write_cog(
        out,
        hours[None].astype(np.float32),
        grid,
        names=["vessel_hours_per_km2"],
        unit="h/km2",
        notes={**notes, **about},
    )
    return {"positions": counted, "cells": int(np.prod(grid.shape))}


def _dry(ws: Workspace, grid: LonLatGrid) -> np.ndarray:
    """Return which cells have their centre on land."""
    land = read.land(ws)
    if land.empty:
        return np.zeros(grid.shape, dtype=bool)
    return rasterize(
        land.geometry.tolist(), out_shape=grid.shape, transform=grid.transform, dtype="uint8"
    ).astype(bool)


def risk(
    ws: Workspace,
    out: Path,
    choice: Choice,
    *,
    cell_m: float,
    reach_m: float,
    notes: dict[str, str],
) -> dict[str, int]:
    """Write the scores spread over the water, one band per shift; return what was drawn.

    With a day or shift chosen every scored shift of it, else the one on duty.
    """
    wanted = choice.shifts if choice.t0 is not None else (choice.shift,) if choice.shift else ()
    if not wanted:
        raise InputError(
            "there are no scores for the time chosen",
            where=str(ws.root),
            mend="Score the day first: shoregrid score WS --date DAY.",
        )
    grid = grid_over(ws, choice, cell_m=cell_m)
    shore = read.segments(ws)
    inside = np.ones(len(shore), dtype=bool)
    if choice.segment_ids is not None:
        inside = shore["segment_id"].isin(choice.segment_ids).to_numpy(dtype=bool)
    table = np.column_stack(
        [
            np.full(len(shore), np.nan) if found is None else found["score"].to_numpy()
            for found in (read.scores(ws, one.shift_id) for one in wanted)
        ]
    )
    bands = surface(
        shore.geometry[inside].tolist(),
        table[inside],
        grid,
        land=read.land(ws).geometry.tolist(),
        reach_m=reach_m,
    )
    about = {
        "content": "岸线风险分 0–100 · coastline risk score, 0 to 100",
        "shifts": ", ".join(one.shift_id for one in wanted),
        "method": f"score of the nearest segment within {reach_m:g} m, unweakened; nodata: inland "
        "and farther out",
    }
    write_cog(
        out,
        bands,
        grid,
        names=[one.shift_id for one in wanted],
        unit="score",
        notes={**notes, **about},
    )
    return {"shifts": len(wanted), "cells": int(np.isfinite(bands).any(axis=0).sum())}
