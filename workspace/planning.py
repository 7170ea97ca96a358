"""Priority zones per shift, from the scores."""

import json
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import polars as pl
import shapely
from sqlalchemy import and_

from duty.posts import zone_chiefs
from risk.shifts import Shift
from risk.weights import WeightSet
from risk.zones import zones
from workspace import db, store
from workspace._cache import cached
from workspace._run import Run, clear_shifts, need_coast, shifts_from
from workspace._scored import newest_runs, runs_of, scores
from workspace._sentence import sentence
from workspace.folder import Workspace
from workspace.placing import segments, shorelines
from workspace.scoring import score
from workspace.weighting import weight_set_of


def plan(
    ws: Workspace, day: date | None = None, *, days: int = 3, now: datetime | None = None
) -> Run:
    """Choose the priority zones of each shift; days that have no scores yet are scored first.

    ``day`` is today by default. Zones of the same shifts by earlier runs are replaced.
    """
    run = Run("plan", now or datetime.now(UTC))
    wanted = shifts_from(ws, day or run.as_of.astimezone(ws.config.tz).date(), days)
    need_coast(ws)
    with run.step("score"):
        for start in sorted(
            {shift.shift_id[:10] for shift in wanted if scores(ws, shift.shift_id) is None}
        ):
            score(ws, date.fromisoformat(start), days=1, now=run.as_of)
    shore = segments(ws)
    line = _line(ws, shore)
    owner = pl.Series(shore["section_id"].to_list(), dtype=pl.String)
    posts = store.read(ws.engine, "posts")
    rows: list[dict[str, Any]] = []
    with run.step("zones"):
        for shift in wanted:
            scored = scores(ws, shift.shift_id)
            if scored is None:
                continue
            chosen = zones(
                line,
                scored["score"].to_numpy(),
                budget_km=ws.config.patrol_km,
                max_zones=ws.config.max_zones,
            )
            weights = weight_set_of(ws, newest_runs(ws)[shift.t0])
            day_of = shift.t0.astimezone(ws.config.tz).date()
            chiefs = zone_chiefs(chosen, line, owner, posts, day_of)
            rows += [
                _zone(ws, weights, run, shift, zone, chiefs, shore, scored)
                for zone in chosen.iter_rows(named=True)
            ]
    run.counts = {"shifts": len(wanted), "zones": len(rows)}
    with ws.begin() as connection:
        clear_shifts(connection, db.zones, wanted)
        if rows:
            store.write(connection, "zones", pl.DataFrame(rows))
        store.write(connection, "runs", run.row())
    return run


def _line(ws: Workspace, shore: gpd.GeoDataFrame) -> pl.DataFrame:
    """Return the segments as ``risk.zones`` wants them: where on which shoreline, and if a ring."""
    shores = shorelines(ws)
    rings = dict(zip(shores["shoreline_id"], shores["is_ring"], strict=True))
    return pl.DataFrame(
        {
            "segment_id": shore["segment_id"].to_list(),
            "shoreline_id": shore["shoreline_id"].to_list(),
            **{name: shore[name].to_numpy() for name in ("from_m", "to_m", "length_m")},
            "is_ring": [bool(rings[name]) for name in shore["shoreline_id"]],
        }
    )


def _zone(
    ws: Workspace,
    weights: WeightSet,
    run: Run,
    shift: Shift,
    zone: dict[str, Any],
    chiefs: pl.DataFrame,
    shore: gpd.GeoDataFrame,
    scored: pl.DataFrame,
) -> dict[str, Any]:
    """Return one zone as a row of the table: where, how much, whose, and why at its worst place."""
    members: list[int] = zone["segments"]
    ids = [shore["segment_id"].iloc[row] for row in members]
    peak = scored["segment_id"][max(members, key=lambda row: (scored["score"][row], -row))]
    table = db.scores.c
    worst = store.read(
        ws.engine,
        "scores",
        where=and_(
            table.run_id == newest_runs(ws)[shift.t0],
            table.shift_start == shift.t0,
            table.segment_id == peak,
        ),
    ).row(0, named=True)
    said = sentence(ws, weights, worst, shift, as_of=run.as_of)
    sections = chiefs.filter(pl.col("zone_id") == zone["zone_id"])["section_id"].drop_nulls()
    return {
        "run_id": run.run_id,
        "shift_start": shift.t0,
        "zone_id": zone["zone_id"],
        "rank": zone["rank"],
        "segment_ids": json.dumps(ids),
        "km": zone["km"],
        "risk": zone["risk"],
        "reason_zh": said.reason_zh,
        "reason_en": said.reason_en,
        "section_ids": json.dumps(sections.unique(maintain_order=True).to_list()),
        "geometry": shapely.to_wkb(
            shapely.line_merge(shapely.multilinestrings(list(shore.geometry.iloc[members])))
        ),
    }


def ensure_scored(ws: Workspace, day: date) -> bool:
    """Score and plan a local day's shifts unless that is done; return whether it was needed."""
    planned = cached(ws, "newest plans", ("zones", "runs"), lambda: runs_of(ws, "zones"))
    wanted = shifts_from(ws, day, 1)
    scored = all(scores(ws, shift.shift_id) is not None for shift in wanted)
    if scored and any(shift.t0 in planned for shift in wanted):
        return False
    plan(ws, day, days=1)
    return True
