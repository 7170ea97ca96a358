"""Priority zones per shift, from the scores, and beside them what is drawn to be explored."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from duty.joint import leads, touching
from duty.joint import words as joint_words
from duty.posts import zone_chiefs
from geo.errors import InputError
from risk.explore import Bools, Floats, kilometres
from risk.shifts import Shift
from risk.zones import zones
from workspace import _zone_changes as changes
from workspace import db, exploring, patrols, store
from workspace._cache import cached
from workspace._chinese import chinese
from workspace._patrol_stops import Ground
from workspace._run import Run, clear_shifts, need_coast, shifts_from
from workspace._scored import newest_runs, runs_of, scores
from workspace._sentence import sentence
from workspace._zone_changes import Held, Plan, Plans
from workspace.folder import Workspace
from workspace.patrol_ways import apart
from workspace.patrols import Patrols, patrols_of, visited
from workspace.placing import segments, shorelines
from workspace.scoring import score
from workspace.staffing import answering, joint_leads
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

    def wkb_of(self, zone: Held) -> bytes:
        """Return a zone's segments as one line, or as few as can be."""
        lines = list(self.shore.geometry.iloc[zone.rows])
        wkb: bytes = shapely.to_wkb(shapely.line_merge(shapely.multilinestrings(lines)))
        return wkb


def plan(
    ws: Workspace, day: date | None = None, *, days: int = 3, now: datetime | None = None
) -> Run:
    """Choose the priority zones of each shift; days that have no scores yet are scored first.

    ``day`` is today by default. Zones of the same shifts by earlier runs are replaced. Zones stay
    where the same shift had them on the day before (the newest planned one of the week before),
    unless risk moves (`risk.zones.zones`). A share of each shift's kilometres is drawn by lot
    among the rest (`workspace.exploring`). The patrols of the first day that is not over are
    planned too (`workspace.patrols`), unless they were told already. The same workspace gives the
    same plan again.
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
    left: list[dict[str, Any]] = []
    log: list[pl.DataFrame] = []
    sent: list[tuple[Shift, list[dict[str, Any]], pl.DataFrame]] = []
    with run.step("zones"):
        county = _county(ws)
        plans = Plans(ws, county.ids)
        led = _joint_leads(ws, run, wanted)
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
            rows += _with_joint(told, county, made, led)
            left += gone
            if shift in drawn_for:
                drawn = exploring.draw(
                    county.ids, county.mask(made), county.km, shift=shift, explore_km=explore_km,
                    seed=seed,
                )  # fmt: skip
                log.append(drawn.with_columns(run_id=pl.lit(run.run_id)))
                if shift.day == drawn_for[0].day:
                    sent.append((shift, told, drawn))
            run.lines += [_line(county, made, before, log[-1] if shift in drawn_for else None)]
            run.lines += [_gone_line(zone) for zone in gone]
    with run.step("patrols"):
        routes = _patrols(ws, county, run, sent)
    explored_km = sum(float(_drawn_km(county, drawn).sum()) for drawn in log)
    run.counts = {"shifts": len(wanted), "zones": len(rows), "explored_km": round(explored_km)}
    with ws.begin() as connection:
        clear_shifts(connection, db.zones, wanted)
        if rows:
            store.write(connection, "zones", pl.DataFrame(rows, infer_schema_length=None))
        clear_shifts(connection, db.zones_gone, wanted)
        if left:
            store.write(connection, "zones_gone", pl.DataFrame(left, infer_schema_length=None))
        clear_shifts(connection, db.explorations, drawn_for)
        if log:
            store.write(connection, "explorations", pl.concat(log))
        patrols.keep(connection, routes, [shift for shift, _, _ in sent])
        store.write(connection, "runs", run.row())
    return run


def _patrols(
    ws: Workspace,
    county: _County,
    run: Run,
    sent: list[tuple[Shift, list[dict[str, Any]], pl.DataFrame]],
) -> list[Patrols]:
    """Plan the patrols of shifts in order; what one of a day inspects, a later one need not."""
    made: list[Patrols] = []
    first = sent[0][0] if sent else None
    before = [] if first is None else shifts_from(ws, first.day, 1)
    told_already = [patrols_of(ws, one) for one in before if first and one.t0 < first.t0]
    done = [stop for one in told_already if one is not None for stop in visited(one)]
    for shift, told, drawn in sent:
        scored = scores(ws, shift.shift_id)
        if scored is None:
            continue
        ground = Ground(county.shore, county.km, scored["score"].to_numpy())
        zones_of = [row | {"segments": json.loads(row["segment_ids"])} for row in told]
        one = patrols.planned(ws, ground, shift, zones_of, drawn, done=done, run_id=run.run_id)
        made.append(one)
        done += visited(one)
        run.lines.append(f"{shift.shift_id} {patrols.line(one)}")
    run.lines += apart(ws) if made else []
    return made


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
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the zones as rows of their table, and those that are none any more."""
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
                "geometry": county.wkb_of(held),
                "since": held.since,
            }
        )
    left = []
    for zone in gone if before is not None else []:
        move = changes.moved(weights, today, earlier, county.km_of(zone))
        zh, en = changes.gone_words(move, before.shift.day, day)
        left.append(
            {
                "run_id": run.run_id,
                "shift_start": shift.t0,
                "zone_id": zone.zone_id,
                "km": float(county.km[zone.rows].sum()),
                "reason_zh": zh,
                "reason_en": en,
                "section_ids": json.dumps(owner.gather(zone.rows).drop_nulls().unique().to_list()),
                "geometry": county.wkb_of(zone),
                "since": zone.since,
            }
        )
    return rows, left


def _joint_leads(ws: Workspace, run: Run, wanted: Sequence[Shift]) -> pl.DataFrame:
    """Return who leads on joint stretches on which day; a fault in their file is told by a line."""
    days = [shift.day for shift in wanted]
    try:
        return joint_leads(ws, first=min(days), last=max(days))
    except InputError as error:
        # Zones are wanted all the same.
        run.lines.append(f"{chinese(error)} · {error}")
        return leads((), first=min(days), last=max(days))


def _with_joint(
    rows: list[dict[str, Any]], county: _County, made: Plan, led: pl.DataFrame
) -> list[dict[str, Any]]:
    """Return zones' rows that say with whom a neighbour's stretch is patrolled, and who leads."""
    ids = [zone.zone_id for zone in made.zones for _ in zone.rows]
    parts = county.line[made.rows].with_columns(zone_id=pl.Series(ids, dtype=pl.String))
    found = touching(led.filter(pl.col("day") == made.shift.day), parts)
    said: dict[str, list[tuple[str, str]]] = {}
    for row in found.iter_rows(named=True):
        said.setdefault(row["zone_id"], []).append(joint_words(row))
    return [
        {
            **row,
            "reason_zh": row["reason_zh"] + "".join(zh for zh, _ in said.get(row["zone_id"], [])),
            "reason_en": " ".join(
                [row["reason_en"], *(en for _, en in said.get(row["zone_id"], []))]
            ),
        }
        for row in rows
    ]


def _gone_line(zone: dict[str, Any]) -> str:
    what = f"{zone['zone_id']} {zone['km']:.1f} km"
    return f"  {what} 移出，{zone['reason_zh']} · out, {zone['reason_en']}"


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
