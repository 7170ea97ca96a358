"""The part of a shift's kilometres that is drawn by lot: made, kept, shown, and counted."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import shapely
from sqlalchemy import and_, select

from risk.effort import DISCOVERED, EffortRule, nearest
from risk.explore import Bools, Floats, explore
from risk.shifts import Shift
from workspace import db, store
from workspace._scored import runs_of, scores
from workspace.folder import Workspace
from workspace.placing import segments

EXPLORE = "explore"
_SEED = "exploration"


def seed_of(ws: Workspace) -> int:
    """Return the number that a workspace draws from, made by chance at the first call.

    It is kept in the workspace and nowhere else, so that nobody can draw beforehand what a shift
    will explore.
    """
    with ws.begin() as connection:
        found = store.read(connection, "seeds", where=db.seeds.c.name == _SEED)["seed"]
        if len(found):
            return int(found[0], 16)
        made = secrets.randbits(128)
        store.write(connection, "seeds", pl.DataFrame({"name": [_SEED], "seed": [f"{made:032x}"]}))
    return made


def open_shifts(ws: Workspace, wanted: Sequence[Shift], as_of: datetime) -> list[Shift]:
    """Return the shifts for which it may be drawn.

    Not those that are over, and not those under way whose patrols were told already: the log is
    what they were told.
    """
    told = runs_of(ws, "explorations")
    return [one for one in wanted if one.t0 > as_of or (one.t1 > as_of and one.t0 not in told)]


def draw(
    ids: Sequence[str],
    planned: Bools,
    km: Floats,
    *,
    shift: Shift,
    explore_km: float,
    seed: int,
) -> pl.DataFrame:
    """Return a shift's rows of ``explorations``, one for each segment, without the run."""
    # One number for the workspace and one for the shift: each shift draws for itself.
    found = explore(planned, km, explore_km=explore_km, seed=(seed, int(shift.t0.timestamp())))
    return found.select(
        "probability",
        "chosen",
        "part",
        segment_id=pl.Series(ids, dtype=pl.String),
        shift_start=pl.lit(shift.t0).cast(pl.Datetime("ms", "UTC")),
    )


def explored(ws: Workspace, shift: Shift) -> pl.DataFrame:
    """Return the stretches drawn for a shift, neighbours as one, along the shore.

    The columns are those of ``zones``, ``probability`` and ``part``; they have no rank, for risk
    did not choose them.
    """
    log = db.explorations.c
    found = store.read(
        ws.engine,
        "explorations",
        where=and_(log.shift_start == shift.t0, log.part == EXPLORE, log.chosen),
    )
    shore, scored = segments(ws), scores(ws, shift.shift_id)
    at = np.flatnonzero(shore["segment_id"].isin(found["segment_id"].to_list()).to_numpy())
    line = shore["shoreline_id"].to_numpy()
    apart = (np.diff(at) > 1) | (line[at[1:]] != line[at[:-1]])
    rows = []
    for run in np.split(at, np.flatnonzero(apart) + 1) if len(at) else []:
        part = shore.iloc[run]
        km = part["length_m"].to_numpy() / 1000.0
        ids = part["segment_id"].to_list()
        # Every stretch left to exploration has the same chance.
        percent = f"{100.0 * found['probability'][0]:.2g}"
        rows.append(
            {
                "shift_start": shift.t0,
                "zone_id": f"E-{ids[0]}",
                "run_id": found["run_id"][0],
                "segment_ids": json.dumps(ids),
                "km": float(km.sum()),
                "risk": None
                if scored is None
                else float((scored["score"].to_numpy()[run] * km).sum() / km.sum()),
                "probability": found["probability"][0],
                "reason_zh": f"探索：按 {percent} % 的概率抽中，不是因为风险高。",
                "reason_en": f"Exploration: drawn with a chance of {percent} %, not for its risk.",
                "section_ids": json.dumps(part["section_id"].dropna().unique().tolist()),
                "geometry": shapely.to_wkb(
                    shapely.line_merge(shapely.multilinestrings(list(part.geometry)))
                ),
            }
        )
    return pl.DataFrame(rows).with_columns(part=pl.lit(EXPLORE))


def drawn_near_discoveries(
    ws: Workspace, incidents: pl.DataFrame | None, pairs: pl.DataFrame | None, ids: pl.Series
) -> pl.DataFrame | None:
    """Return what was left to exploration where patrols discovered something, for `risk.effort`.

    Only of the shifts that `risk.effort` looks back on, and of which patrols were noted.
    """
    if incidents is None or pairs is None:
        return None
    discoveries = incidents.filter(pl.col("source") == DISCOVERED).drop_nulls("t0")
    here = discoveries.join(nearest(pairs), on="incident_id")
    if here.is_empty():
        return None
    first: datetime = here.select(pl.col("t0").min()).item()
    log = db.explorations.c
    return store.read(
        ws.engine,
        "explorations",
        where=and_(
            log.part == EXPLORE,
            log.segment_id.in_(ids.gather(here["segment"].unique()).to_list()),
            log.shift_start >= first - timedelta(days=EffortRule().days),
            log.shift_start.in_(select(db.effort.c.shift_start)),
        ),
        columns=["segment_id", "shift_start", "probability", "chosen"],
    )
