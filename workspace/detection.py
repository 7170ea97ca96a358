"""Behaviours from the archive's positions, and what these tell of who sends them."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl
from sqlalchemy import Connection

from ais import hulls, identity
from ais.behaviours import MOVERS, Settings, behaviours
from ais.loitering import PRESETS
from ais.on_land import Land, judge
from ais.schema import EVENTS, POSITIONS, STATICS, empty
from geo.errors import REFUSED
from workspace import archive, db, store
from workspace._cache import cached
from workspace._run import Progress, Run
from workspace.folder import Workspace
from workspace.nearness import Ground, ground, pairs_on
from workspace.placing import shore_index

# Positions that one turn of detection holds in memory: about 1 GB with all that is worked out.
_TURN = 3_000_000
_THREATS = ("loitering", "drift", "rendezvous", "shore_approach", "dash")
_BERTH_M = 250.0
_SEGMENT_M = 10_000.0
_SAMPLES = 100
_SOURCE = "detect"
_SHARED = pl.Schema(
    {
        "mmsi": pl.Int64(),
        "hulls": pl.Int64(),
        "overlap_s": pl.Float64(),
        "distance_km": pl.Float64(),
        "why": pl.String(),
    }
)
_JUMP = "The place cannot be reached from those before and after it; nothing to mend."


@dataclass
class _Found:
    """What the turns of one detection found."""

    events: list[pl.DataFrame] = field(default_factory=lambda: [empty(EVENTS)])
    vessels: list[pl.DataFrame] = field(default_factory=list)
    shared: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=_SHARED)])
    refused: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=REFUSED)])
    drifting: list[pl.DataFrame] = field(default_factory=list)


def detect(ws: Workspace, *, now: datetime | None = None, progress: Progress | None = None) -> Run:
    """Find behaviours in all positions of the archive, and keep the events in place of the old.

    Positions farther inside land than the coast's error and 300 m are left out and counted
    (``on_land``); others on land are kept and counted (``flagged``), and an event bears in its
    evidence how many of its positions these are and how far inside (`_flagged`). Vessels are taken
    a bucket at a time; these behaviours belong to one vessel each, so that the turns add up to one
    pass.
    """
    run = Run("detect", now or datetime.now(UTC))
    with run.step("read"):
        statics = _statics(ws)
        berths = _berths(ws)
        segment_ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
        index = shore_index(ws) if len(segment_ids) else None
        land = _land(ws)
    found = _Found()
    turns = _turns(archive.buckets(ws.positions))
    settings = Settings(loitering=PRESETS[ws.config.loitering_preset])
    with run.step("behaviours"):
        for turn in range(turns):
            positions = archive.read(ws.positions, bucket=(turn, turns))
            ashore = positions.clear()
            if land is not None:
                judged = judge(positions, land, error_m=ws.config.coast_error_m)
                found.refused.append(judged.refused)
                _count(run, {name: judged.counts[name] for name in ("on_land", "flagged")})
                ashore = judged.kept.filter(pl.col("inside_m") > 0)
                positions = judged.kept.drop("inside_m")
            result = behaviours(
                positions,
                statics,
                index,
                berths,
                segment_ids=segment_ids.to_list(),
                settings=settings,
            )
            _count(run, result.counts)
            found.events.append(_flagged(result.events, ashore, result.tracks))
            found.vessels.append(result.vessels)
            found.refused.append(_jumps(result.tracks))
            found.shared.append(hulls.shared(hulls.assign(result.tracks, statics)))
            drifting = result.vessels.filter(pl.col("why").str.contains("drifts"))["mmsi"]
            found.drifting.append(
                result.tracks.filter(pl.col("mmsi").is_in(drifting.implode())).select(
                    POSITIONS.names()
                )
            )
            if progress is not None:
                progress(turn + 1, turns)
    vessels = _vessels(found, statics)
    beacons = vessels.filter(~pl.col("kind").is_in(MOVERS))["mmsi"]
    events = pl.concat(found.events).sort("t0", "mmsi", "kind")
    still = pl.col("mmsi").is_in(beacons.implode())
    _count(run, {kind: -n for kind, n in events.filter(still)["kind"].value_counts().iter_rows()})
    events = events.filter(~still)
    run.counts["vessels"] = vessels.height - len(beacons)
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
        _note(connection, run, found, vessels)
        store.write(connection, "runs", run.row())
    return run


def _count(run: Run, more: dict[str, int]) -> None:
    for name, n in more.items():
        run.counts[name] = run.counts.get(name, 0) + n


def _turns(parts: pl.DataFrame) -> int:
    """Return into how many turns to take the vessels, by MMSI.

    A multiple of the archive's own number of buckets, so that each file is read in as few of
    them as can be; and one without a factor in common with ten, since MMSIs often end in 000.
    """
    if parts.is_empty():
        return 0
    own = int(parts.group_by("n").agg(pl.col("rows").sum()).sort("rows")["n"][-1])
    turns = own * max(1, math.ceil(int(parts["rows"].sum()) / (own * _TURN)))
    while math.gcd(turns, 10) > 1 and math.gcd(own, 10) == 1:
        turns += own
    return turns


def _land(ws: Workspace) -> Land | None:
    """Return the land that positions are judged by, None where the workspace has no coast."""
    if not store.count(ws.engine, "land"):
        return None
    return cached(ws, "indexed land", ("land",), lambda: Land.build(store.layer(ws.engine, "land")))


def _flagged(events: pl.DataFrame, ashore: pl.DataFrame, tracks: pl.DataFrame) -> pl.DataFrame:
    """Return events with ``on_land`` and ``inside_m`` in the evidence of those that were on land.

    The number of the vessel's positions on land from the event's beginning to its end, and the
    greatest distance inside. ``ashore`` are the positions on land, with ``inside_m``; those that
    belong to no track count for nothing.
    """
    on_land = (
        ashore.join(events.select("mmsi"), on="mmsi", how="semi")
        .join(tracks.filter(~pl.col("impossible")), on=archive.KEY, how="semi")
        .sort("mmsi", "t")
        .with_row_index("at")
    )
    if on_land.is_empty():
        return events
    ends = events.select("mmsi", "t0", "t1").with_row_index("event")
    at = on_land.select("mmsi", "t", "at")
    first = ends.sort("mmsi", "t0").join_asof(
        at, left_on="t0", right_on="t", by="mmsi", strategy="forward", check_sortedness=False
    )
    last = ends.sort("mmsi", "t1").join_asof(
        at, left_on="t1", right_on="t", by="mmsi", strategy="backward", check_sortedness=False
    )
    spans = (
        first.select("event", first="at")
        .join(last.select("event", last="at"), on="event")
        .filter(pl.col("first") <= pl.col("last"))
    )
    bounds = spans.select("first", pl.col("last") + 1).to_numpy().ravel()
    # The end of the last span may lie beyond the last position.
    inside = np.append(on_land["inside_m"].to_numpy(), np.float32(0))
    deepest = np.maximum.reduceat(inside, bounds)[::2] if len(bounds) else inside[:0]
    told = spans.select(
        pl.col("event").alias("row"),
        said=pl.format(
            ', "on_land": {}, "inside_m": {}}}',
            pl.col("last") - pl.col("first") + 1,
            pl.Series("inside_m", deepest).cast(pl.Float64).round(1),
        ),
    )
    return (
        events.with_row_index("row")
        .join(told, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("said").is_not_null())
            .then(pl.col("evidence").str.strip_suffix("}") + pl.col("said"))
            .otherwise("evidence")
            .alias("evidence")
        )
        .drop("row", "said")
    )


def _jumps(tracks: pl.DataFrame) -> pl.DataFrame:
    """Return samples of positions that fit no track (columns of ``REFUSED``)."""
    said = pl.format("MMSI {}, time {}: out of reach of the positions about it", "mmsi", "t")
    return (
        tracks.filter("impossible")
        .head(_SAMPLES)
        .select(
            file="source",
            row=pl.lit(None, pl.Int64),
            reason=pl.lit("impossible"),
            detail=said,
            mend=pl.lit(_JUMP),
            lon="lon",
            lat="lat",
        )
        .cast(REFUSED)
    )


def _vessels(found: _Found, statics: pl.DataFrame) -> pl.DataFrame:
    """Return mmsi, kind and why of all vessels.

    A net beacon is told by its family, too, whose numbers follow each other and so lie in
    different turns: those that drift are looked at together.
    """
    columns = ["mmsi", "kind", "why"]
    known = pl.concat(
        [
            pl.DataFrame(schema={"mmsi": pl.UInt32, "kind": pl.String, "why": pl.String}),
            *(one.select(columns) for one in found.vessels),
        ]
    )
    if len(found.vessels) > 1:
        drifting = identity.kinds(pl.concat(found.drifting), statics).select(columns)
        known = pl.concat([known.join(drifting, on="mmsi", how="anti"), drifting])
    return known.cast({"mmsi": pl.Int64}).sort("mmsi")


def _note(connection: Connection, run: Run, found: _Found, vessels: pl.DataFrame) -> None:
    """Keep who the vessels are by how they move, which MMSIs are shared, and samples refused."""
    seen = store.read(connection, "vessels", columns=["mmsi"])
    store.upsert(connection, "vessels", vessels.join(seen, on="mmsi", how="semi"))
    shared = pl.concat(one.cast(_SHARED) for one in found.shared).sort("mmsi")
    store.write(connection, "mmsi_shared", shared, replace=True)
    run.counts["mmsi_shared"] = shared.height
    samples = pl.concat(found.refused).group_by("reason", maintain_order=True).head(_SAMPLES)
    store.write(
        connection,
        "quarantine",
        samples.select(REFUSED.names()).with_columns(source=pl.lit(_SOURCE), t=pl.lit(run.as_of)),
        replace=True,
        where=db.quarantine.c.source == _SOURCE,
    )


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
