"""Behaviours from the archive's positions."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from ais.behaviours import Settings, behaviours
from ais.loitering import PRESETS
from ais.schema import EVENTS, STATICS, empty
from workspace import archive, db, store
from workspace._run import Progress, Run
from workspace.folder import Workspace
from workspace.nearness import Ground, ground, pairs_on
from workspace.placing import shore_index

# Positions that one turn of detection holds in memory: about 1 GB with all that is worked out.
_TURN = 3_000_000
_THREATS = ("loitering", "drift", "rendezvous", "shore_approach", "dash")
_BERTH_M = 250.0
_SEGMENT_M = 10_000.0


def detect(ws: Workspace, *, now: datetime | None = None, progress: Progress | None = None) -> Run:
    """Find behaviours in all positions of the archive, and keep the events in place of the old.

    Vessels are taken a few million positions at a time; these behaviours belong to one vessel
    each, so that the turns add up to one pass.
    """
    run = Run("detect", now or datetime.now(UTC))
    with run.step("read"):
        sizes = archive.read(ws.positions, columns=["mmsi"]).group_by("mmsi").len().sort("mmsi")
        statics = _statics(ws)
        berths = _berths(ws)
        segment_ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
        index = shore_index(ws) if len(segment_ids) else None
    found = [empty(EVENTS)]
    turns = _turns(sizes)
    with run.step("behaviours"):
        for number, mmsi in enumerate(turns, start=1):
            result = behaviours(
                archive.read(ws.positions, mmsi=mmsi),
                statics,
                index,
                berths,
                segment_ids=segment_ids.to_list(),
                settings=Settings(loitering=PRESETS[ws.config.loitering_preset]),
            )
            found.append(result.events)
            for name, count in result.counts.items():
                run.counts[name] = run.counts.get(name, 0) + count
            if progress is not None:
                progress(number, len(turns))
    events = pl.concat(found).sort("t0", "mmsi", "kind")
    with run.step("near segments"):
        near, pairs = near_segments(
            ground(ws) if len(segment_ids) else None, events, segment_ids, reach_m=ws.config.reach_m
        )
    with ws.begin() as connection:
        made = pl.lit(ws.config.simulated)
        store.write(
            connection,
            "events",
            events.join(near, on="event_id", how="left", maintain_order="left").with_columns(
                made=made
            ),
            replace=True,
        )
        store.write(connection, "event_segments", pairs, replace=True)
        store.write(connection, "runs", run.row())
    return run


def _turns(sizes: pl.DataFrame) -> list[list[int]]:
    """Return groups of MMSIs with some three million positions each, or one vessel with more."""
    group = (sizes["len"].cum_sum() - sizes["len"]) // _TURN
    parts = sizes.with_columns(group=group).partition_by("group", maintain_order=True)
    return [part["mmsi"].to_list() for part in parts]


def _statics(ws: Workspace) -> pl.DataFrame:
    """Return every version of the vessels' statics, at the time when each was first seen."""
    history = store.read(ws.engine, "vessel_history")
    return history.select(
        *(
            pl.col("seen_from").alias(name)
            if name == "t"
            else pl.lit(None, dtype=dtype).alias(name)
            if name not in history.columns
            else pl.col(name).cast(dtype, strict=False)
            for name, dtype in STATICS.items()
        )
    )


def _berths(ws: Workspace) -> pl.DataFrame:
    """Return the circles in which a vessel lies at a known berth or anchorage."""
    given = store.read(ws.engine, "berths", columns=["lon", "lat", "radius_m"])
    wharves = store.layer(ws.engine, "wharves", where=db.wharves.c.status == "in_use")
    return pl.concat(
        [
            given,
            pl.DataFrame(
                {
                    "lon": wharves.geometry.x.to_numpy(),
                    "lat": wharves.geometry.y.to_numpy(),
                    "radius_m": np.full(len(wharves), _BERTH_M),
                }
            ),
        ]
    )


def near_segments(
    ground: Ground | None, events: pl.DataFrame, segment_ids: pl.Series, *, reach_m: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return each event's nearest segment, and all segments that a threat is in reach of.

    Two tables: ``event_id, segment_id`` and ``event_id, segment_id, water_distance_m``; both are
    empty without a coast (``ground`` None).
    """
    if ground is None:
        return (
            pl.DataFrame(schema={"event_id": pl.String, "segment_id": pl.String}),
            pl.DataFrame(
                schema={
                    "event_id": pl.String,
                    "segment_id": pl.String,
                    "water_distance_m": pl.Float64,
                }
            ),
        )
    nearest = ground.index.nearest(
        events["lon"].to_numpy(), events["lat"].to_numpy(), max_m=_SEGMENT_M
    )
    row = pl.Series(nearest.segment, dtype=pl.Int64)
    near = pl.DataFrame(
        {"event_id": events["event_id"], "segment_id": segment_ids.gather(row.replace(-1, None))}
    )
    threats = events.filter(pl.col("kind").is_in(_THREATS))
    pairs = pairs_on(
        ground,
        "event_id",
        threats["event_id"].to_list(),
        threats["lon"].to_numpy(),
        threats["lat"].to_numpy(),
        radius_m=reach_m,
    )
    return near, pairs.select(
        "event_id",
        segment_id=segment_ids.gather(pairs["segment"]),
        water_distance_m="distance_m",
    )
