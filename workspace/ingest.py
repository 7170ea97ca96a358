"""AIS files into the archive: each content once, repeatable after any interruption.

The archive takes a file batch by batch, each batch whole or not at all and each position once.
Only when all of it is there, one transaction of the database notes the file with its vessels,
its days and its quarantine. A process killed before that leaves rows which the next run finds
and skips.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from ais import io as ais_io
from ais.mapping import Mapping
from geo.errors import InputError, refused_table
from workspace import _feeds, _vessels, archive, db, store
from workspace._ahead import Behind, ahead
from workspace._intake import Intake, Taken
from workspace.folder import Workspace

# A receiver's clock may run ahead a little; beyond that a time in the future is an error.
_AHEAD = timedelta(minutes=10)
# Rows that are read at a time, and positions of which one commit of the archive is made: fewer
# commits are faster, and leave files enough alone that a day need not be compacted at once.
_CHUNK_ROWS = 250_000
_COMMIT_ROWS = 1_000_000
Progress = Callable[[str, int, int], None]


@dataclass
class Ingested:
    """What a run took in: counts, seconds per step, refusals by reason, files that failed.

    ``rows_in`` is the sum of ``kept``, ``passed_over`` (other types of message, other
    sentences, blank lines, transmissions heard again) and what is quarantined; ``positions`` are
    ``added`` or ``duplicates`` of what the archive has. ``samples`` tells one row for each reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    known: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


@dataclass(frozen=True)
class Feed:
    """What is said of the files by whoever has them taken in.

    Parameters
    ----------
    start : when the recording began, for NMEA without times.
    source : name of the feed, for rows that name no station of their own.
    mapping : what the columns of any other CSV are.
    simulated : whether the files are simulated; kept with each file.
    """

    start: datetime | None = None
    source: str | None = None
    mapping: Mapping | None = None
    simulated: bool = False


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ingest(
    ws: Workspace,
    paths: Sequence[Path],
    *,
    start: datetime | None = None,
    source: str | None = None,
    mapping: Mapping | None = None,
    simulated: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
    workers: int = 2,
) -> Ingested:
    """Read AIS files into the archive.

    A file whose content was taken in before is skipped and named in ``known``. A file that
    cannot be read at all is named in ``errors``, and the others go on.

    Parameters
    ----------
    start, source, mapping, simulated : as ``Feed`` has them.
    now : the clock; positions more than ten minutes later are refused.
    progress : called with (file, bytes done, bytes in all).
    workers : with two or more a batch is read while the one before it is cleaned.
    """
    feed = Feed(start, source, mapping, simulated)
    result = Ingested(
        Counter(
            files=0,
            files_known=0,
            rows_in=0,
            kept=0,
            passed_over=0,
            positions=0,
            added=0,
            duplicates=0,
            clock_corrected=0,
            statics=0,
            vessels=0,
        )
    )
    moment = now or datetime.now(UTC)
    days: set[date] = set()
    for path in paths:
        try:
            sha256 = digest(path) if path.is_file() else ""
            if sha256 and _known(ws, sha256, feed):
                result.known.append(str(path))
                result.counts["files_known"] += 1
                continue
            taken, dialect, added = _take(ws, path, feed, moment, progress, workers, result.seconds)
            note = {"sha256": sha256, "name": path.name, "dialect": dialect, "added": added}
            _note(ws, note | {"simulated": simulated, "started": moment}, taken, result)
            days.update(taken.books.dates())
        except InputError as error:
            result.errors.append(error)
    if days:
        began = time.perf_counter()
        archive.compact(
            ws.positions, days=archive.needs_compaction(ws.positions, days=sorted(days))
        )
        result.seconds["compact"] += time.perf_counter() - began
    return result


def _known(ws: Workspace, sha256: str, feed: Feed) -> bool:
    """Return whether a content was taken in and another reading would find no more in it.

    Lines without a time may be read with a start, rows that could not be read with another
    mapping, and what lay in the future may be past by now, or have been given a wrong start.
    """
    note = store.read(ws.engine, "ingests", where=db.ingests.c.sha256 == sha256)
    if note.is_empty():
        return False
    refused = json.loads(note["quarantined"][0])
    return (
        "future" not in refused
        and (feed.start is None or "no_time" not in refused)
        and (feed.mapping is None or not refused)
    )


def _take(
    ws: Workspace,
    path: Path,
    feed: Feed,
    now: datetime,
    progress: Progress | None,
    workers: int,
    seconds: Counter[str],
) -> tuple[Taken, str, int]:
    """Put a file's positions into the archive.

    Returns
    -------
    What else there is to note of it, its dialect, and how many positions were new.
    """
    dialect = ais_io.sniff(path, mapping=feed.mapping)
    total = path.stat().st_size
    intake = Intake(feed.source or dialect, not_after=now + _AHEAD)
    batches: Iterator[ais_io.Batch] = ais_io.read(
        path,
        chunk_rows=_CHUNK_ROWS,
        start=feed.start,
        not_after=now + _AHEAD,
        mapping=feed.mapping,
        source=feed.source,
    )
    if workers > 1:
        batches = ahead(batches)
    since = time.perf_counter()
    with Behind(partial(archive.append, ws.positions)) as away:
        waiting: list[pl.DataFrame] = []
        for batch in batches:
            seconds["read"] += (read := time.perf_counter()) - since
            waiting.append(intake.add(batch))
            seconds["clean"] += (since := time.perf_counter()) - read
            if sum(part.height for part in waiting) >= _COMMIT_ROWS:
                away.put(pl.concat(waiting))
                waiting = []
            if progress is not None:
                progress(path.name, batch.bytes_done, total)
            seconds["archive"] += (now_ := time.perf_counter()) - since
            since = now_
        if waiting:
            away.put(pl.concat(waiting))
        added = sum(away.done())
        seconds["archive"] += time.perf_counter() - since
    return intake.taken(), dialect, added


def _note(ws: Workspace, note: dict[str, Any], taken: Taken, result: Ingested) -> None:
    """Note a file that is in the archive, and add what came of it to ``result``.

    ``note`` is the row of `ingests` but for what was counted.
    """
    began = time.perf_counter()
    refusals = ais_io.refusals_of(taken.counts)
    source = f"ingest {note['sha256'][:16]}"
    now, added = note["started"], note["added"]
    rows = pl.concat([refused_table([]), *taken.refused]).with_columns(
        source=pl.lit(source), t=pl.lit(now)
    )
    counted = {
        "rows_in": taken.counts["rows_in"],
        "quarantined": refusals,
        "finished": datetime.now(UTC),
    }
    with ws.begin() as connection:
        result.counts["vessels"] += _vessels.register(
            connection, taken.versions, taken.books.spans()
        )
        _feeds.keep(connection, note["sha256"], taken.books, taken.skews, now=now)
        store.write(
            connection, "quarantine", rows, replace=True, where=db.quarantine.c.source == source
        )
        store.upsert(
            connection,
            "ingests",
            pl.DataFrame({name: [value] for name, value in {**note, **counted}.items()}),
        )
    told = rows.unique("reason", keep="first", maintain_order=True)
    result.samples += [
        f"{one['file']}, row {one['row']}: {one['reason']}: {one['detail']}. {one['mend']}"
        for one in told.iter_rows(named=True)
    ]
    kept = taken.counts[ais_io.KEPT]
    result.counts.update(
        files=1,
        rows_in=taken.counts["rows_in"],
        kept=kept,
        passed_over=taken.counts["rows_in"] - kept - sum(refusals.values()),
        positions=taken.positions,
        added=added,
        duplicates=taken.positions - added,
        clock_corrected=taken.corrected,
        statics=taken.statics,
    )
    result.quarantined.update(refusals)
    result.seconds["register"] += time.perf_counter() - began
