"""AIS files into the archive: each content once, repeatable after any interruption.

The archive takes a file batch by batch, each batch whole or not at all and each position once.
Only when all of it is there, one transaction of the database notes the file with its vessels,
its days and its quarantine. A process killed before that leaves rows which the next run finds
and skips.
"""

import hashlib
import json
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

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
# What a database or a table refuses of one file's content is no reason to leave out the others.
_OF_CONTENT = (DataError, IntegrityError, UnicodeError, OverflowError)
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

    def options(self) -> dict[str, str]:
        """Return what a reading depends on beside the content; of a mapping, a digest."""
        told = {"source": self.source}
        if self.start is not None:
            told["start"] = self.start.astimezone(UTC).isoformat()
        if self.mapping is not None:
            said = tomllib.loads(Path(self.mapping.where).read_text(encoding="utf-8-sig"))
            plain = json.dumps(said, sort_keys=True, default=str)
            told["mapping"] = hashlib.sha256(plain.encode()).hexdigest()[:16]
        return {name: value for name, value in sorted(told.items()) if value}


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

    A file whose content was taken in before is skipped and named in ``known``, unless times in it
    lay in the future. A file that cannot be read at all, or whose rows are in the archive by a
    reading with another start, mapping or source, is named in ``errors``, and the others go on.

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
            times_inferred=0,
            statics=0,
            vessels=0,
        )
    )
    moment = now or datetime.now(UTC)
    options = feed.options()
    days: set[date] = set()
    for path in paths:
        try:
            sha256 = digest(path) if path.is_file() else ""
            if sha256 and _known(ws, sha256, options, where=str(path)):
                result.known.append(str(path))
                result.counts["files_known"] += 1
                continue
            with Behind(partial(archive.append, ws.positions)) as away:
                taken, dialect = _take(path, feed, moment, away, progress, workers, result.seconds)
                note = {
                    "sha256": sha256,
                    "name": store.sound_text(path.name),
                    "dialect": dialect,
                    "options": store.as_json(options),
                    "simulated": simulated,
                    "started": moment,
                }
                _note(ws, note, taken, away, result)
            days.update(taken.books.dates())
        except InputError as error:
            result.errors.append(error)
        except _OF_CONTENT as error:
            # A driver's further lines repeat the row.
            said = str(getattr(error, "orig", error)).partition("\n")[0]
            result.errors.append(
                InputError(
                    f"what the file holds cannot be kept: {said}",
                    where=str(path),
                    mend="Report it with the file; the other files were read.",
                )
            )
    if days:
        began = time.perf_counter()
        archive.compact(
            ws.positions, days=archive.needs_compaction(ws.positions, days=sorted(days))
        )
        result.seconds["compact"] += time.perf_counter() - began
    return result


def _known(ws: Workspace, sha256: str, options: dict[str, str], *, where: str) -> bool:
    """Return whether a content was taken in and another reading would find no more in it.

    What lay in the future may be past by now. With other options the rows would be there twice,
    at different times or places: they are only for a content of which nothing could be kept.

    Raises
    ------
    InputError
        Where the content was taken in with other options, and rows of it are in the archive.
    """
    note = store.read(ws.engine, "ingests", where=db.ingests.c.sha256 == sha256)
    if note.is_empty():
        return False
    # A release that did not note the options left null.
    before = json.loads(note["options"][0] or "null")
    if before is None or before == options:
        return "future" not in json.loads(note["quarantined"][0] or "{}")
    told = store.table_of("feed_reasons").c
    kept = (told.sha256 == sha256) & (told.reason == ais_io.KEPT)
    if not store.count(ws.engine, "feed_reasons", where=kept):
        return False
    raise InputError(
        f"the archive holds its rows, read with {_said(before)}; read with {_said(options)} they "
        "might stand there twice",
        where=where,
        mend="Leave it out; if those options were wrong, read the files into a new workspace.",
    )


def _said(options: dict[str, str]) -> str:
    return ", ".join(f"--{name} {value}" for name, value in options.items()) or "no options"


def _take(
    path: Path,
    feed: Feed,
    now: datetime,
    away: Behind[pl.DataFrame, int],
    progress: Progress | None,
    workers: int,
    seconds: Counter[str],
) -> tuple[Taken, str]:
    """Read a file and hand its positions to ``away``, which puts them into the archive.

    Returns
    -------
    What else there is to note of it, and its dialect.
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
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        seconds["read"] += (read := time.perf_counter()) - since
        waiting.append(intake.add(batch))
        seconds["clean"] += (cleaned := time.perf_counter()) - read
        if sum(part.height for part in waiting) >= _COMMIT_ROWS:
            away.put(pl.concat(waiting))
            waiting = []
        seconds["archive"] += (since := time.perf_counter()) - cleaned
        if progress is not None:
            progress(path.name, batch.bytes_done, total)
    if waiting:
        away.put(pl.concat(waiting))
    return intake.taken(), dialect


def _note(
    ws: Workspace,
    note: dict[str, Any],
    taken: Taken,
    away: Behind[pl.DataFrame, int],
    result: Ingested,
) -> None:
    """Note a file, and add what came of it to ``result``.

    ``note`` is the row of `ingests` but for what was counted. The transaction begins when ``away``
    has put all positions into the archive: others wait for it to end, and not for that.
    """
    began = time.perf_counter()
    refusals = ais_io.refusals_of(taken.counts)
    source = f"ingest {note['sha256'][:16]}"
    now = note["started"]
    rows = pl.concat([refused_table([]), *taken.refused]).with_columns(
        source=pl.lit(source), t=pl.lit(now)
    )
    spans = taken.books.spans()
    waited = time.perf_counter()
    added = sum(away.done())
    result.seconds["archive"] += (waited := time.perf_counter() - waited)
    with ws.begin() as connection:
        vessels = _vessels.register(connection, taken.versions, spans)
        _feeds.keep(connection, note["sha256"], taken.books, taken.skews, now=now)
        store.write(
            connection, "quarantine", rows, replace=True, where=db.quarantine.c.source == source
        )
        counted: dict[str, Any] = {
            "rows_in": taken.counts["rows_in"],
            "added": added + _added_before(connection, note["sha256"]),
            "quarantined": refusals,
            "finished": datetime.now(UTC),
        }
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
        times_inferred=taken.inferred,
        statics=taken.statics,
        vessels=vessels,
    )
    result.quarantined.update(refusals)
    result.seconds["register"] += time.perf_counter() - began - waited


def _added_before(connection: Connection, sha256: str) -> int:
    """Return how many positions earlier readings of a content, or one beside this, added."""
    noted = store.read(
        connection, "ingests", where=db.ingests.c.sha256 == sha256, columns=["added"]
    )["added"]
    return int(noted.sum() or 0)
