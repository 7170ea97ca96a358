"""Vessels watched a few at a time, here or on the workers of a cluster."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from ais.loitering import PRESETS
from ais.on_land import Land, judge
from ais.rendezvous import PRESETS as MEETINGS
from ais.schema import STATICS
from ais.watch import Rules, Watched, watch
from geo.crs import Bools, Floats
from geo.errors import REFUSED, InputError
from geo.nearest import ShoreIndex
from workspace import archive, db, store
from workspace._cache import cached
from workspace._flagged import flagged
from workspace._parted import taken
from workspace._run import Progress
from workspace.folder import Workspace, open_workspace
from workspace.placing import shore_index

if TYPE_CHECKING:
    from distributed import Client

_BERTH_M = 250.0
_THREADS = 4
_SAMPLES = 100
_JUMP = "The place cannot be reached from those before and after it; nothing to mend."


@dataclass(frozen=True)
class Turn:
    """Which vessels one task takes: those with mmsi % of == number, all or those named.

    Their positions lie in the archive, or in ``parts`` where they were laid out by turn.
    """

    root: Path
    basis: str
    number: int
    of: int
    named: tuple[int, ...] | None = None
    parts: Path | None = None


class Seen(NamedTuple):
    """What one turn saw, the counts of its rows, and samples of those refused."""

    watched: Watched
    counts: dict[str, int]
    refused: pl.DataFrame


@dataclass(frozen=True)
class _Tools:
    """What every turn needs beside positions."""

    statics: pl.DataFrame
    berths: pl.DataFrame
    segment_ids: tuple[str, ...]
    index: ShoreIndex | None
    land: Land | None
    rules: Rules

    @property
    def afloat(self) -> Callable[[Floats, Floats], Bools] | None:
        """Return a function that says of each lon, lat whether it is on the water."""
        if self.land is None:
            return None
        mask = self.land.mask
        return lambda lon, lat: ~mask.contains(lon, lat)


def statics(ws: Workspace) -> pl.DataFrame:
    """Return every version of the vessels' statics, from when each was first seen.

    ``STATICS``, and ``seen_to``, when it was last seen.
    """
    history = store.read(ws.engine, "vessel_history")
    return history.select(
        "seen_to",
        *(
            pl.col("seen_from").alias(name)
            if name == "t"
            else pl.lit(None, dtype=dtype).alias(name)
            if name not in history.columns
            else pl.col(name).cast(dtype, strict=False)
            for name, dtype in STATICS.items()
        ),
    )


def _known_berths(ws: Workspace) -> pl.DataFrame:
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


def _land(ws: Workspace) -> Land | None:
    """Return the land that positions are judged by, None where the workspace has no coast."""
    if not store.count(ws.engine, "land"):
        return None
    return cached(ws, "indexed land", ("land",), lambda: Land.build(store.layer(ws.engine, "land")))


def tools_of(ws: Workspace) -> _Tools:
    """Return what the turns of a workspace need; read once while its tables stay as they are."""
    tables = ("vessel_history", "berths", "wharves", "segments", "land")
    return cached(ws, "watching", tables, lambda: _tools_of(ws))


def _tools_of(ws: Workspace) -> _Tools:
    segment_ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    return _Tools(
        statics(ws),
        _known_berths(ws),
        tuple(segment_ids.to_list()),
        shore_index(ws) if len(segment_ids) else None,
        _land(ws),
        Rules(
            loitering=PRESETS[ws.config.loitering_preset],
            meeting=MEETINGS[ws.config.rendezvous_preset],
        ),
    )


def take(ws: Workspace, turn: Turn) -> Seen:
    """Watch the vessels of one turn, from all that the archive has of them."""
    tools = tools_of(ws)
    if turn.parts is None:
        positions = archive.read(ws.positions, bucket=(turn.number, turn.of), mmsi=turn.named)
    else:
        positions = taken(turn.parts, turn.number)
    counts: dict[str, int] = {}
    refused = []
    ashore = None
    if tools.land is not None:
        judged = judge(positions, tools.land, error_m=ws.config.coast_error_m)
        refused.append(judged.refused)
        counts = {name: judged.counts[name] for name in ("on_land", "flagged")}
        ashore = pl.concat([judged.kept.filter(pl.col("inside_m") > 0), judged.deep])
        positions = judged.kept.drop("inside_m")
    done = watch(
        positions,
        tools.statics,
        tools.index,
        tools.berths,
        segment_ids=tools.segment_ids,
        ashore=ashore,
        rules=tools.rules,
    )
    watched = done.watched
    if ashore is not None:
        watched = watched._replace(events=flagged(watched.events, ashore, done.tracks))
    refused.append(_jumps(done.tracks))
    return Seen(watched, counts | done.counts, pl.concat(refused))


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


@lru_cache(maxsize=1)
def _workspace(key: tuple[Path, str]) -> Workspace:
    """Return the workspace that a worker has open: with another basis it is opened anew."""
    return open_workspace(key[0])


def _take_there(turn: Turn) -> Seen:
    return take(_workspace((turn.root, turn.basis)), turn)


def watch_all(
    ws: Workspace,
    turns: Sequence[Turn],
    *,
    workers: int | None,
    scheduler: str | None,
    progress: Progress | None,
) -> list[Seen]:
    """Watch the vessels of all turns, in the turns' order, whoever did which.

    Without workers and a scheduler that is here, in threads, and with one worker one after another;
    else each turn is one task of Dask: on so many processes of this machine, or on the workers of
    the scheduler at that address, which must reach the workspace's folder and database under the
    same names.
    """
    found: dict[int, Seen] = {}
    for number, seen in _results(ws, turns, workers=workers, scheduler=scheduler):
        found[number] = seen
        if progress is not None:
            progress(len(found), len(turns))
    return [found[number] for number in range(len(turns))]


def _results(
    ws: Workspace, turns: Sequence[Turn], *, workers: int | None, scheduler: str | None
) -> Iterator[tuple[int, Seen]]:
    if (workers in (None, 1) or len(turns) < 2) and scheduler is None:
        # The kernels leave the interpreter to others, so that threads share the work.
        threads = 1 if workers == 1 else min(_THREADS, os.cpu_count() or 1)
        with ThreadPoolExecutor(threads) as pool:
            yield from enumerate(pool.map(lambda turn: take(ws, turn), turns))
        return
    # Dask takes half a second to import, and most runs need none of it.
    from distributed import as_completed

    with _client(workers or 1, scheduler) as client:
        futures = {client.submit(_take_there, turn, pure=False): n for n, turn in enumerate(turns)}
        for future, seen in as_completed(futures, with_results=True):
            yield futures.pop(future), seen


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator["Client"]:
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="10s")
        except (OSError, ValueError) as error:
            raise InputError(
                f"the scheduler does not answer: {error}",
                where=scheduler,
                mend="Start it (dask scheduler) and give its address, such as tcp://host:8786.",
            ) from error
        with client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
