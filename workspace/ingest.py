"""AIS files into the archive: each content once, repeatable after any interruption.

The archive takes a file batch by batch, each batch whole or not at all and each position once.
Only when all of it is there, one transaction of the database notes the file with its vessels
and its quarantine. A process killed before that leaves rows which the next run finds and skips.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from ais import io as ais_io
from geo.errors import InputError, refused_table
from workspace import _vessels, archive, db, store
from workspace.folder import Workspace

# A receiver's clock may run ahead a little; beyond that a time in the future is an error.
_AHEAD = timedelta(minutes=10)
Progress = Callable[[str, int, int], None]


@dataclass
class Ingested:
    """What a run took in: counts, seconds per step, refusals by reason, files that failed.

    ``rows_in`` is the sum of ``kept``, the rows passed over (other types of message, other
    sentences, blank lines) and ``quarantined``. ``samples`` tells one row for each reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    known: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ingest(
    ws: Workspace,
    paths: Sequence[Path],
    *,
    workers: int = 1,
    start: datetime | None = None,
    simulated: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Read AIS files into the archive.

    A file whose content was taken in before is skipped and named in ``known``. A file that
    cannot be read at all is named in ``errors``, and the others go on.

    Parameters
    ----------
    workers : processes that decode NMEA.
    start : when the recording began, for NMEA without times.
    simulated : whether the files are simulated; kept with each file.
    now : the clock; positions more than ten minutes later are refused.
    progress : called with (file, bytes done, bytes in all).
    """
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
            statics=0,
            vessels=0,
        )
    )
    moment = now or datetime.now(UTC)
    with ExitStack() as stack:
        pool = stack.enter_context(ais_io.decoder_pool(workers)) if workers > 1 else None
        read = partial(
            ais_io.read, workers=workers, pool=pool, start=start, not_after=moment + _AHEAD
        )
        for path in paths:
            try:
                sha256 = digest(path) if path.is_file() else ""
                if sha256 and _known(ws, sha256, start):
                    result.known.append(str(path))
                    result.counts["files_known"] += 1
                    continue
                told = None if progress is None else partial(progress, path.name)
                note = {"sha256": sha256, "name": path.name, "simulated": simulated}
                _one(ws, path, result, note, moment, partial(read, path, progress=told))
            except InputError as error:
                result.errors.append(error)
    return result


def _known(ws: Workspace, sha256: str, start: datetime | None) -> bool:
    """Return whether a content was taken in and another reading would find no more in it.

    Lines without a time may be read with a start, and what lay in the future may be past by now,
    or have been given a wrong start.
    """
    note = store.read(ws.engine, "ingests", where=db.ingests.c.sha256 == sha256)
    if note.is_empty():
        return False
    refused = json.loads(note["quarantined"][0])
    return "future" not in refused and (start is None or "no_time" not in refused)


def _one(
    ws: Workspace,
    path: Path,
    result: Ingested,
    known: dict[str, Any],
    now: datetime,
    read: Callable[[], Iterator[ais_io.Batch]],
) -> None:
    """Take in one file and add what came of it to ``result``.

    ``known`` is what the note on the file begins with (sha256, name, simulated).
    """
    began = time.perf_counter()
    dialect = ais_io.sniff(path)
    counts: Counter[str] = Counter()
    versions: list[pl.DataFrame] = []
    heard: list[pl.DataFrame] = []
    refused: list[pl.DataFrame] = []
    statics = positions = added = 0
    appending = 0.0
    for batch in read():
        counts.update(batch.counts)
        positions += batch.positions.height
        statics += batch.statics.height
        since = time.perf_counter()
        added += archive.append(ws.positions, batch.positions)
        appending += time.perf_counter() - since
        if batch.positions.height:
            heard.append(_vessels.span(batch.positions))
        if batch.statics.height:
            versions.append(_vessels.condense(batch.statics))
        if batch.refused.height:
            refused.append(batch.refused)
    refusals = ais_io.refusals_of(dict(counts))
    source = f"ingest {known['sha256'][:16]}"
    done = time.perf_counter()
    with ws.begin() as connection:
        result.counts["vessels"] += _vessels.register(connection, versions, heard)
        rows = pl.concat([refused_table([]), *refused]).with_columns(
            source=pl.lit(source), t=pl.lit(now)
        )
        store.write(
            connection, "quarantine", rows, replace=True, where=db.quarantine.c.source == source
        )
        note = pl.DataFrame(
            {
                **{name: [value] for name, value in known.items()},
                "dialect": [dialect],
                "rows_in": [counts["rows_in"]],
                "added": [added],
                "quarantined": [refusals],
                "started": [now],
                "finished": [datetime.now(UTC)],
            }
        )
        store.upsert(connection, "ingests", note)
    told = rows.unique("reason", keep="first", maintain_order=True)
    result.samples += [
        f"{one['file']}, row {one['row']}: {one['reason']}: {one['detail']}. {one['mend']}"
        for one in told.iter_rows(named=True)
    ]
    result.counts.update(
        files=1,
        rows_in=counts["rows_in"],
        kept=counts[ais_io.KEPT],
        passed_over=counts["rows_in"] - counts[ais_io.KEPT] - sum(refusals.values()),
        positions=positions,
        added=added,
        duplicates=positions - added,
        statics=statics,
    )
    result.quarantined.update(refusals)
    result.seconds.update(
        read=done - began - appending, archive=appending, register=time.perf_counter() - done
    )
