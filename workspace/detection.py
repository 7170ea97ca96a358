"""Behaviours from the archive's positions, and what these tell of who sends them."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl
from sqlalchemy import Connection

from ais import watch
from ais.behaviours import Judged, Known, judge
from ais.identity import MOVERS
from ais.rank import Model
from ais.watch import Watched
from geo.errors import REFUSED, InputError
from workspace import _revised, _watch_state, archive, db, store
from workspace._judgement import Told, tell
from workspace._parted import parted
from workspace._reaching import reaches
from workspace._run import Progress, Run
from workspace._sensing import sense
from workspace._surroundings import surroundings, with_surroundings
from workspace._watch_state import State
from workspace._watching import Seen, Turn, tools_of, watch_all
from workspace.folder import Workspace
from workspace.nearness import ground, near_segments

# Positions that one turn of detection holds in memory: some 0.5 GB with all that is worked out.
_TURN = 1_500_000
# So often may turns look at each row of the archive before laying it out by turn costs less:
# a look takes some 45 ns a row, laying out some 350 ns.
_LOOKS = 8
_SAMPLES = 100
_MATCHES = ["detection_id", "mmsi", "distance_m", "cost", "why"]
_SOURCE = "detect"


@dataclass(frozen=True)
class Way:
    """How to go about a detection: on how many processes, or on which scheduler's workers.

    Without either the threads of this process share the work; one worker does all by itself.

    ``whole`` watches every vessel anew, whatever was seen before.
    """

    workers: int | None = None
    scheduler: str | None = None
    whole: bool = False


def detect(
    ws: Workspace,
    *,
    now: datetime | None = None,
    way: Way | None = None,
    progress: Progress | None = None,
) -> Run:
    """Find behaviours in the positions of the archive, and keep the events.

    Only vessels with new positions or other statics since the last time are watched anew, each
    from all that the archive has of it; the rest is as it was seen then (`_watch_state`). What goes
    by many vessels (berths, reception, meetings, chains, rank) is judged anew from all that was
    seen. So the events are those of one pass over everything, however the data came, and
    those found before are revised by version (`_revised`).

    Positions farther inside land than the coast's error and 300 m are left out and counted
    (``on_land``); others on land are kept and counted (``flagged``), and an event bears in its
    evidence how many of its positions these are and how far inside.
    """
    run = Run("detect", now or datetime.now(UTC))
    how = way or Way()
    with run.step("read"):
        tools = tools_of(ws)
        wanted = _watch_state.basis(ws)
        state = None if how.whole else _watch_state.load(ws, wanted)
        plan = _planned(ws, tools.statics, state, wanted)
    with run.step("watch"):
        with _laid_out(ws, plan) as turns:
            seen = watch_all(
                ws, turns, workers=how.workers, scheduler=how.scheduler, progress=progress
            )
        fresh = watch.together([one.watched for one in seen])
        all_seen = (
            fresh
            if plan.touched is None or state is None
            else _watch_state.replaced(state.watched, fresh, plan.touched)
        )
        _count(run, seen)
        run.counts["watched"] = fresh.signs.height
    with run.step("judge"):
        judged = judge(
            all_seen,
            Known(tools.statics, tools.berths, tools.index, tools.afloat),
            horizon=archive.summary(ws.positions)[2],
            rules=tools.rules,
        )
    with run.step("sensors"):
        by_sensors = sense(ws, judged)
    if by_sensors is not None:
        events = pl.concat([judged.events, by_sensors.events]).sort("t0", "kind", "event_id")
        judged = judged._replace(events=events)
    before = store.version(ws.engine, "events")
    found = _found(ws, run, judged, all_seen, whole=plan.touched is None)
    kept = State(all_seen, _watch_state.digests(tools.statics), plan.version)
    folder = _watch_state.save(ws, kept)
    with ws.begin() as connection:
        if store.version(connection, "events") != before:
            raise InputError(
                "events were written by somebody else during this detection",
                where=str(ws.root),
                mend="Run it again; what it saw then counts.",
            )
        _keep(connection, run, found, judged, seen, whole=plan.touched is None)
        if by_sensors is not None:
            run.counts |= {f"detections_{name}": n for name, n in by_sensors.counts.items()}
            matched = by_sensors.matched.select(_MATCHES)
            store.write(connection, "detection_matches", matched, replace=True)
        else:
            store.clear(connection, "detection_matches")
        _watch_state.hold(connection, folder, version=plan.version, digest=wanted, now=run.as_of)
        store.write(connection, "runs", run.row())
    _watch_state.sweep(ws, folder)
    return run


class _Plan(NamedTuple):
    """Which vessels are watched anew (None: all), in which turns, up to which version.

    ``looks`` is how often each row of the archive is looked at if each turn reads it.
    """

    touched: pl.Series | None
    turns: list[Turn]
    version: int
    looks: float


def _planned(ws: Workspace, statics: pl.DataFrame, state: State | None, basis: str) -> _Plan:
    parts = archive.buckets(ws.positions)
    own = _own(parts)
    # The version is read before the rows: what comes in meanwhile is new the next time.
    version, touched = archive.changed_since(
        ws.positions, None if state is None else state.archive_version
    )
    if state is None or touched is None:
        of = _turns(parts, share=1.0)
        turns = [Turn(ws.root, basis, k, of) for k in range(of)]
        return _Plan(None, turns, version, len(turns) / own)
    told = _watch_state.digests(statics).join(state.statics, on=["mmsi", "digest"], how="anti")
    heard = state.watched.signs["mmsi"]
    renamed = told["mmsi"].cast(heard.dtype).filter(told["mmsi"].is_in(heard.implode()))
    touched = pl.concat([touched.cast(heard.dtype), renamed]).unique().sort()
    of = _turns(parts, share=len(touched) / max(len(heard), len(touched), 1))
    named = touched.to_numpy()
    turns = [
        Turn(ws.root, basis, k, of, tuple(named[named % of == k].tolist()))
        for k in range(of)
        if (named % of == k).any()
    ]
    return _Plan(touched, turns, version, len(turns) / own)


@contextmanager
def _laid_out(ws: Workspace, plan: _Plan) -> Iterator[list[Turn]]:
    """Give the turns their positions apart where they would look at the archive too often."""
    if plan.looks <= _LOOKS:
        yield plan.turns
        return
    named = None if plan.touched is None else plan.touched.to_list()
    folder = _watch_state.folder_of(ws)
    with parted(ws.positions, folder, of=plan.turns[0].of, named=named) as parts:
        yield [replace(turn, parts=parts) for turn in plan.turns]


def _own(parts: pl.DataFrame) -> int:
    """Return into how many buckets most of the archive is parted."""
    if parts.is_empty():
        return 1
    return int(parts.group_by("n").agg(pl.col("rows").sum()).sort("rows")["n"][-1])


def _turns(parts: pl.DataFrame, *, share: float) -> int:
    """Return into how many turns to take the vessels, by MMSI, if this share of rows is taken.

    A multiple of the archive's own number of buckets, so that each file is read in as few of
    them as can be; and one without a factor in common with ten, since MMSIs often end in 000.
    """
    if parts.is_empty():
        return 0
    rows, own = share * int(parts["rows"].sum()), _own(parts)
    if share < 1.0 and rows <= _TURN:
        return 1
    turns = own * max(1, math.ceil(rows / (own * _TURN)))
    while math.gcd(turns, 10) > 1 and math.gcd(own, 10) == 1:
        turns += own
    return turns


def _count(run: Run, seen: list[Seen]) -> None:
    for one in seen:
        for name, n in one.counts.items():
            run.counts[name] = run.counts.get(name, 0) + n


class _Found(NamedTuple):
    """What is to be written: events compared with those before, and the rows that differ.

    ``moved`` are the events whose ``pairs`` and ``reach`` take the place of those before.
    """

    revised: _revised.Revised
    moved: pl.Series
    rows: pl.DataFrame
    pairs: pl.DataFrame
    reach: pl.DataFrame
    told: Told


def _found(ws: Workspace, run: Run, judged: Judged, seen: Watched, *, whole: bool) -> _Found:
    old = store.read(ws.engine, "events")
    with run.step("surroundings"):
        events = with_surroundings(judged.events, surroundings(ws, judged.events))
    oldest = archive.summary(ws.positions)[1]
    if oldest is None and not old.is_empty():
        # All positions were let go; what was found in them stands.
        oldest = run.as_of
    versions = store.read(ws.engine, "event_versions", columns=["event_id", "version"])
    past = dict(versions.group_by("event_id").agg(pl.col("version").max()).iter_rows())
    revised = _revised.compare(old, events, past=past, now=run.as_of, since=oldest)
    with run.step("reach"):
        # Where everybody was watched anew, coast, tide or settings may be others, too.
        moved = revised.events["event_id"] if whole else revised.fresh
        silent = judged.silences.filter(pl.col("event_id").is_in(moved.implode()))
        reach = reaches(ws, silent)
    with run.step("rank"):
        told = tell(ws, revised.events, judged, seen.haunts)
    with run.step("near segments"):
        rows, pairs = _placed(ws, old, revised.events, moved, told)
    return _Found(revised, moved, rows, pairs, reach, told)


def _keep(
    connection: Connection,
    run: Run,
    found: _Found,
    judged: Judged,
    seen: list[Seen],
    *,
    whole: bool,
) -> None:
    """Write the events, what became of those before, and what is known of the vessels."""
    _revised.keep(connection, found.revised, rows=found.rows)
    moved = found.moved.to_list()
    for table in ("event_segments", "event_reach"):
        store.forget(connection, table, "event_id", moved)
    store.write(connection, "event_segments", found.pairs)
    store.write(connection, "event_reach", found.reach)
    store.write(connection, "learned_berths", judged.berths, replace=True)
    patterns = judged.profiles.select("mmsi", "pattern", "confidence", "why")
    store.write(connection, "vessel_patterns", patterns, replace=True)
    _note(connection, run, judged, seen, whole=whole)
    _teach(connection, run, found.told)
    run.counts |= {f"events_{name}": n for name, n in found.revised.counts.items()}
    run.counts |= judged.counts
    run.counts |= dict(judged.events.group_by("kind").len().iter_rows())


def _placed(
    ws: Workspace, old: pl.DataFrame, found: pl.DataFrame, moved: pl.Series, told: Told
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events to write, with their segments and words, and the segments in reach.

    The segments of an event that says what it said stand as they are.
    """
    segment_ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    events = found.join(told.rows, on="event_id", how="left", maintain_order="left")
    new = events.filter(pl.col("event_id").is_in(moved.implode()))
    near, pairs = near_segments(
        ground(ws) if len(segment_ids) else None, new, segment_ids, reach_m=ws.config.reach_m
    )
    before = old.select("event_id", "segment_id", "rank", "parts", "said_zh")
    as_before = events.join(before, on="event_id", how="inner", suffix="_before")
    changed = as_before.filter(
        (pl.col("said_zh") != pl.col("said_zh_before")).fill_null(value=True)
        | (pl.col("rank") != pl.col("rank_before")).fill_null(value=True)
        | (pl.col("parts") != pl.col("parts_before")).fill_null(value=True)
    ).filter(~pl.col("event_id").is_in(moved.implode()))
    rows = pl.concat(
        [
            new.join(near, on="event_id", how="left", maintain_order="left"),
            changed.select(*new.columns, "segment_id"),
        ]
    )
    return rows.with_columns(made=pl.lit(ws.config.simulated)), pairs


def _teach(connection: Connection, run: Run, told: Told) -> None:
    """Keep what was learned of reviewers' decisions, or that there are too few, in words."""
    learned = told.learned
    row = {
        "model_id": 1,
        "t": run.as_of,
        "decisions": store.count(connection, "decisions"),
        "used": learned.used,
        "said_zh": learned.said("zh"),
        "said_en": learned.said("en"),
        "model": learned.to_json() if isinstance(learned, Model) else None,
    }
    types = {"t": pl.Datetime("ms", "UTC"), "model": pl.String}
    frame = pl.DataFrame([row], schema_overrides=types)
    store.write(connection, "rank_models", frame, replace=True)


def _note(
    connection: Connection, run: Run, judged: Judged, seen: list[Seen], *, whole: bool
) -> None:
    """Keep who the vessels are by how they move, which MMSIs are shared, and samples refused."""
    known = store.read(connection, "vessels", columns=["mmsi"])
    vessels = judged.vessels.select(pl.col("mmsi").cast(pl.Int64), "kind", "why")
    store.upsert(connection, "vessels", vessels.join(known, on="mmsi", how="semi"))
    run.counts["vessels"] = vessels.filter(pl.col("kind").is_in(MOVERS)).height
    store.write(connection, "mmsi_shared", judged.shared, replace=True)
    run.counts["mmsi_shared"] = judged.shared.height
    ours = db.quarantine.c.source == _SOURCE
    samples = [one.refused.with_columns(t=pl.lit(run.as_of)) for one in seen]
    if not whole:
        # Those of vessels that were not watched anew stand as they were.
        before = store.read(connection, "quarantine", where=ours)
        samples.append(before.select(*REFUSED.names(), "t").cast(dict(REFUSED)))
    if not samples:
        return
    chosen = (
        pl.concat(samples, how="vertical_relaxed")
        .unique(["reason", "detail"], keep="first", maintain_order=True)
        .group_by("reason", maintain_order=True)
        .head(_SAMPLES)
        .with_columns(source=pl.lit(_SOURCE))
    )
    store.write(connection, "quarantine", chosen, replace=True, where=ours)
