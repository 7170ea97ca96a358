"""Priority zones per shift, from the scores, and beside them what is drawn to be explored."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from duty.posts import zone_chiefs
from risk.explore import Bools, Floats, kilometres
from risk.shifts import Shift
from risk.zones import zones
from workspace import _zone_changes as changes
from workspace import db, exploring, store
from workspace._cache import cached
from workspace._run import Run, clear_shifts, need_coast, shifts_from
from workspace._scored import newest_runs, runs_of, scores
from workspace._sentence import sentence
from workspace._zone_changes import Held, Plan, Plans
from workspace.folder import Workspace
from workspace.placing import segments, shorelines
from workspace.scoring import score
from workspace.staffing import answering
from workspace.weighting import weight_set_of


@dataclass(frozen=True)
class _County:
    """What the zones of every shift are chosen from, one row for each segment."""

    shore: gpd.GeoDataFrame
    ids: list[str]
    line: pl.DataFrame  # as risk.zones wants it: where on which shoreline, and whether a ring
    km: Floats

    def mask(self, plan: Plan) -> Bools:
        """Return which segments are in a plan's zones."""
        chosen = np.zeros(len(self.ids), np.bool_)
        chosen[plan.rows] = True
        return chosen

    def km_of(self, zone: Held) -> dict[str, float]:
        """Return the kilometres of each segment of a zone."""
        return {self.ids[row]: float(self.km[row]) for row in zone.rows}


def plan(
    ws: Workspace, day: date | None = None, *, days: int = 3, now: datetime | None = None
) -> Run:
    """Choose the priority zones of each shift; days that have no scores yet are scored first.

    ``day`` is today by default. Zones of the same shifts by earlier runs are replaced. Zones stay
    where the same shift had them on the day before (the newest planned one of the week before),
    unless risk moves (`risk.zones.zones`). A share of each shift's kilometres is drawn by lot
    among the rest (`workspace.exploring`). The same workspace gives the same plan again.
    """
    run = Run("plan", now or datetime.now(UTC))
    wanted = shifts_from(ws, day or run.as_of.astimezone(ws.config.tz).date(), days)
    need_coast(ws)
    with run.step("score"):
        for start in sorted(
            {shift.shift_id[:10] for shift in wanted if scores(ws, shift.shift_id) is None}
        ):
            score(ws, date.fromisoformat(start), days=1, now=run.as_of)
    rows: list[dict[str, Any]] = []
    log: list[pl.DataFrame] = []
    with run.step("zones"):
        county = _county(ws)
        plans = Plans(ws, county.ids)
        seed = exploring.seed_of(ws)
        drawn_for = exploring.open_shifts(ws, wanted, run.as_of)
        for shift in wanted:
            scored = scores(ws, shift.shift_id)
            if scored is None:
                continue
            before = plans.before(shift)
            plan_km, explore_km = kilometres(
                ws.config.shift_budget_km(shift.shift_id), share=ws.config.explore_share
            )
            chosen = zones(
                county.line,
                scored["score"].to_numpy(),
                budget_km=plan_km,
                max_zones=ws.config.max_zones,
                before=None if before is None else county.mask(before),
                stay=ws.config.zone_stay_points,
            )
            made = _plan_of(county, shift, chosen, before)
            plans.add(made)
            told, gone = _told(ws, county, run, chosen, made, before, scored)
            rows += told
            if shift in drawn_for:
                drawn = exploring.draw(
                    county.ids, county.mask(made), county.km, shift=shift, explore_km=explore_km,
                    seed=seed,
                )  # fmt: skip
                log.append(drawn.with_columns(run_id=pl.lit(run.run_id)))
            run.lines += [_line(county, made, before, log[-1] if shift in drawn_for else None)]
            run.lines += gone
    explored_km = sum(float(_drawn_km(county, drawn).sum()) for drawn in log)
    run.counts = {"shifts": len(wanted), "zones": len(rows), "explored_km": round(explored_km)}
    with ws.begin() as connection:
        clear_shifts(connection, db.zones, wanted)
        if rows:
            store.write(connection, "zones", pl.DataFrame(rows, infer_schema_length=None))
        clear_shifts(connection, db.explorations, drawn_for)
        if log:
            store.write(connection, "explorations", pl.concat(log))
        store.write(connection, "runs", run.row())
    return run


def _county(ws: Workspace) -> _County:
    shore, shores = segments(ws), shorelines(ws)
    rings = dict(zip(shores["shoreline_id"], shores["is_ring"], strict=True))
    ids = shore["segment_id"].to_list()
    line = pl.DataFrame(
        {
            "segment_id": ids,
            "shoreline_id": shore["shoreline_id"].to_list(),
            **{name: shore[name].to_numpy() for name in ("from_m", "to_m", "length_m")},
            "is_ring": [bool(rings[name]) for name in shore["shoreline_id"]],
        }
    )
    km = line["length_m"].to_numpy() / 1000.0
    return _County(shore, ids, line, km)


def _plan_of(county: _County, shift: Shift, chosen: pl.DataFrame, before: Plan | None) -> Plan:
    """Return the zones of a shift with the day from which on each is one."""
    held = []
    for zone_id, listed in chosen.select("zone_id", "segments").iter_rows():
        rows = np.array(listed, np.int64)
        held.append(Held(zone_id, rows, changes.since(rows, county.km, before, shift.day)))
    return Plan(shift, held)


def _told(
    ws: Workspace,
    county: _County,
    run: Run,
    chosen: pl.DataFrame,
    made: Plan,
    before: Plan | None,
    scored: pl.DataFrame,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the zones as rows of the table, and a line for each that is one no more."""
    shift, day = made.shift, made.shift.day
    weights = weight_set_of(ws, newest_runs(ws)[shift.t0])
    points = scored["score"].to_numpy()
    peaks = [county.ids[max(zone.rows, key=lambda row: (points[row], -row))] for zone in made.zones]
    new = set() if before is None else {z.zone_id for z in made.zones if z.since == day}
    gone = changes.gone(before, made.rows, county.km)
    moved = [name for zone in gone for name in county.km_of(zone)]
    moved += [name for zone in made.zones if zone.zone_id in new for name in county.km_of(zone)]
    today = changes.score_rows(ws, shift, [*peaks, *moved])
    earlier = {} if before is None else changes.score_rows(ws, before.shift, moved)
    owner = pl.Series(segments(ws, day)["section_id"].to_list(), dtype=pl.String)
    chiefs = zone_chiefs(chosen, county.line, owner, answering(ws, day), day)
    rows = []
    for zone, held, peak in zip(chosen.iter_rows(named=True), made.zones, peaks, strict=True):
        clause = ("", "")
        if before is not None and held.zone_id in new:
            move = changes.moved(weights, today, earlier, county.km_of(held))
            clause = changes.new_words(move, before.shift.day, day)
        elif before is not None:
            fresh = np.setdiff1d(held.rows, before.rows)
            clause = changes.kept_words(held.since, day, float(county.km[fresh].sum()))
        said = sentence(ws, weights, today[peak], shift, as_of=run.as_of)
        sections = chiefs.filter(pl.col("zone_id") == zone["zone_id"])["section_id"].drop_nulls()
        rows.append(
            {
                "run_id": run.run_id,
                "shift_start": shift.t0,
                "zone_id": zone["zone_id"],
                "rank": zone["rank"],
                "segment_ids": json.dumps(list(county.km_of(held))),
                "km": zone["km"],
                "risk": zone["risk"],
                "reason_zh": said.reason_zh + clause[0],
                "reason_en": f"{said.reason_en} {clause[1]}".rstrip(),
                "section_ids": json.dumps(sections.unique(maintain_order=True).to_list()),
                "geometry": shapely.to_wkb(
                    shapely.line_merge(
                        shapely.multilinestrings(list(county.shore.geometry.iloc[held.rows]))
                    )
                ),
                "since": held.since,
            }
        )
    lines = []
    for zone in gone if before is not None else []:
        move = changes.moved(weights, today, earlier, county.km_of(zone))
        zh, en = changes.gone_words(move, before.shift.day, day)
        km = float(county.km[zone.rows].sum())
        lines.append(f"  {zone.zone_id} {km:.1f} km 移出：{zh} · out: {en}")
    return rows, lines


def _drawn_km(county: _County, drawn: pl.DataFrame) -> Floats:
    lot = (drawn["part"] == exploring.EXPLORE) & drawn["chosen"]
    km: Floats = county.km[lot.to_numpy()]
    return km


def _line(county: _County, made: Plan, before: Plan | None, drawn: pl.DataFrame | None) -> str:
    """Tell one shift's plan: the priority zones, and apart from them the exploration."""
    shift, km = made.shift, float(county.km[made.rows].sum())
    zh, en = f"重点区 {len(made.zones)} 个 {km:.1f} km", f"{len(made.zones)} zones {km:.1f} km"
    if before is not None:
        new = sum(zone.since == shift.day for zone in made.zones)
        zh, en = f"{zh}（新列入 {new}）", f"{en} ({new} new)"
    if drawn is not None:
        lot = _drawn_km(county, drawn)
        zh += f"；探索 {len(lot)} 段 {lot.sum():.1f} km"
        en += f"; exploration {len(lot)} segments {lot.sum():.1f} km"
    return f"{shift.shift_id} {zh} · {en}"


def ensure_scored(ws: Workspace, day: date) -> bool:
    """Score and plan a local day's shifts unless that is done; return whether it was needed."""
    planned = cached(ws, "newest plans", ("zones", "runs"), lambda: runs_of(ws, "zones"))
    wanted = shifts_from(ws, day, 1)
    scored = all(scores(ws, shift.shift_id) is not None for shift in wanted)
    if scored and any(shift.t0 in planned for shift in wanted):
        return False
    plan(ws, day, days=1)
    return True
