"""Compaction of the archive, and the days that are let go."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from ais.clean import HEARD_AGAIN_S, heard_again
from ais.schema import POSITIONS
from workspace._archive_errors import gathered, told
from workspace._archive_files import by_place, write
from workspace._archive_log import Written, commit, files_of, forget, made, opened
from workspace._archive_read import scan

BUCKET_ROWS = 6_000_000
"""Rows that a bucket aims at: it is sorted in some 1.5 GB, and read through in half a second."""
# Files that nothing needs are kept as long as a read may take that began before the change.
_KEPT_H = 1
_TRIES = 50
_MANY = 4
_TOO_MANY = 60
_GROWN = 0.1
_OUTGROWN = 2
# A day of so many rows is written again in a second.
_SMALL = 1_000_000
# Rows that are looked at together for what was heard again.
_TOGETHER = 250_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Compacted:
    """What compaction did: days and files it wrote again, rows in them, rows it found better.

    ``duplicates`` are rows that a better one for the same key stood beside; ``heard_again`` are
    those of these days that tell what another source told within 30 s before. ``rows`` are the
    others, which reads give.
    """

    days: int = 0
    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    duplicates: int = 0
    heard_again: int = 0


def needs_compaction(folder: Path, *, days: Sequence[date] | None = None) -> list[date]:
    """Return the days that are worth compacting now, from the table's log alone.

    Those are days with more than four appended files, or with better rows beside worse ones, or
    with an appended file that shares vessels and times with another source, once what was appended
    makes a tenth of the day or sixty files: so a feed that appends each minute has a day written
    again a few dozen times, and not 1,440 times. A day of less than a million rows is not too
    large to be written again whenever sources meet.
    """
    with told(folder):
        files = files_of(opened(folder))
    if days is not None:
        files = files.filter(pl.col("date").is_in(list(days)))
    of_day = files.group_by("date").agg(
        pieces=_NEW.sum(),
        mends=(pl.col("order") > 0).sum(),
        rows=pl.col("rows").sum(),
        grown=pl.col("rows").filter(_NEW).sum() / pl.col("rows").sum(),
    )
    grown = (pl.col("grown") >= _GROWN) | (pl.col("pieces") > _TOO_MANY)
    wanted = of_day.filter(grown, (pl.col("pieces") > _MANY) | (pl.col("mends") > 0))
    few = of_day.filter(pl.col("pieces") <= _TOO_MANY, grown | (pl.col("rows") <= _SMALL)).select(
        "date"
    )
    met = _met(files.join(few, on="date", how="semi"))
    return pl.concat([wanted["date"], met]).unique().sort().to_list()


_NEW = (pl.col("kind") == "part") | (pl.col("order") > 0)


def _met(files: pl.DataFrame) -> pl.Series:
    """Return the days where an appended file may tell what another source told, from the log."""
    files = files.with_columns(
        # A file of an earlier version does not say of which sources it is.
        pl.col("min.source").fill_null(""),
        pl.col("max.source").fill_null("\U0010ffff"),
    )
    pairs = files.filter(_NEW).join(files, on=["date", "k", "n"], suffix=".of")
    near = pl.lit(value=True)
    for name, reach in (("mmsi", 0), ("t", timedelta(seconds=HEARD_AGAIN_S))):
        near = near & (pl.col(f"min.{name}") <= pl.col(f"max.{name}.of") + reach)
        near = near & (pl.col(f"min.{name}.of") <= pl.col(f"max.{name}") + reach)
    first = pl.min_horizontal("min.source", "min.source.of")
    return pairs.filter(near, first != pl.max_horizontal("max.source", "max.source.of"))["date"]


def compact(
    folder: Path,
    *,
    days: Sequence[date] | None = None,
    bucket_rows: int = BUCKET_ROWS,
    progress: Progress | None = None,
) -> Compacted:
    """Write each day and bucket as one file, sorted, with the better row for each key.

    Rows that tell what another source told within 30 s before (`ais.clean.heard_again`) go to a
    file beside it, that reads leave out. They are kept since whether a row is heard again may
    depend on them: so what reads give depends on the rows alone, and not on the order in which
    they were appended and compacted.

    What is in that form already is left alone. A day whose buckets have outgrown twice
    ``bucket_rows`` is parted into more. Each bucket (or day, where its number of buckets changes)
    is one transaction, so that a process killed at any instant leaves it as it was, or done;
    appends of other processes go on meanwhile. Memory holds one bucket at a time.

    The files replaced are removed from the disk by the next compaction an hour later or more, and
    by then no read that began before needs them; one that does reads the log again.

    Parameters
    ----------
    days : those to look at; all if left out.
    bucket_rows : rows that one bucket aims at.
    progress : called with (what, days done, days in all).

    Raises
    ------
    InputError
        Where the archive is damaged, or the disk is full or may not be written.
    """
    done = Compacted()
    with told(folder):
        if (days is not None and not days) or opened(folder) is None:
            return done
        files = files_of(made(folder))
        if days is not None:
            files = files.filter(pl.col("date").is_in(list(days)))
        loose = _loose(files, bucket_rows)
        for number, day in enumerate(loose, start=1):
            done = _day(folder, files.filter(pl.col("date") == day), bucket_rows, done)
            if progress is not None:
                progress("compact", number, len(loose))
        _tidy(folder, changed=bool(loose))
    return done


def _wanted(files: pl.DataFrame, bucket_rows: int) -> int:
    """Return into how many buckets one day's files should be parted.

    MMSIs often end in 000, so that a number with a factor in common with ten would give some
    buckets more than their share.
    """
    n = int(files["n"].max())
    rows = int(files.filter(pl.col("order") == 0)["rows"].sum())
    fit = [one for one in range(1, 2 * rows // bucket_rows + 2) if math.gcd(one, 10) == 1]
    best = min(fit, key=lambda one: abs(math.log(max(rows, 1) / (one * bucket_rows))))
    return n if best <= _OUTGROWN * n and n > 1 else max(n, best)


def _loose(files: pl.DataFrame, bucket_rows: int) -> list[date]:
    """Return the days that are not one sorted file a bucket."""
    return [
        day
        for (day,), group in sorted(files.group_by("date"))
        if next(_jobs(group, bucket_rows), None) is not None
    ]


def _jobs(
    files: pl.DataFrame, bucket_rows: int
) -> Iterator[tuple[pl.DataFrame, list[tuple[int, int]]]]:
    """Yield, of one day, the files to be replaced together and the buckets to take their place."""
    n = _wanted(files, bucket_rows)
    if not (files["n"] == n).all():
        yield files, [(k, n) for k in range(n)]
        return
    for (k,), group in sorted(files.group_by("k")):
        if sorted(group["kind"]) not in (["base"], ["again", "base"]):
            yield group, [(k, n)]


def _day(folder: Path, files: pl.DataFrame, bucket_rows: int, so_far: Compacted) -> Compacted:
    """Compact one day, and return what has been done with it."""
    before = after = rows = duplicates = again = 0
    for group, places in _jobs(files, bucket_rows):
        kept, aside = _rewritten(folder, group, places)
        if not _replaced(folder, group, [*kept, *aside]):
            continue
        before += group.height
        after += len(kept) + len(aside)
        rows += sum(one.rows for one in kept)
        again += sum(one.rows for one in aside)
        duplicates += int(group["rows"].sum()) - sum(one.rows for one in [*kept, *aside])
    return Compacted(
        so_far.days + (before > 0),
        so_far.files_before + before,
        so_far.files_after + after,
        so_far.rows + rows,
        so_far.duplicates + duplicates,
        so_far.heard_again + again,
    )


def _rewritten(
    folder: Path, files: pl.DataFrame, places: Sequence[tuple[int, int]]
) -> tuple[list[Written], list[Written]]:
    """Write the rows of one day's files again, a bucket at a time, and those heard again aside."""
    day = files["date"][0]
    # The least and the greatest source of a file stand in the log: often there is but one.
    one_source = pl.concat([files["min.source"], files["max.source"]]).n_unique() == 1
    kept: list[Written] = []
    aside: list[Written] = []
    try:
        for k, n in places:
            mine = [pl.col("mmsi") % n == k] if len(places) > 1 else []
            rows = gathered(folder, files, scan(folder, files, POSITIONS.names(), mine))
            if rows.is_empty():
                continue
            rows = by_place(rows)
            if not one_source and (again := _again(rows)).any():
                put_by, rows = rows.filter(again), rows.filter(~again)
                aside.append(write(folder, put_by, day=day, bucket=(k, n), kind="again"))
            kept.append(write(folder, rows, day=day, bucket=(k, n), kind="base"))
    except BaseException:
        forget(folder, [*kept, *aside])
        raise
    return kept, aside


def _again(rows: pl.DataFrame) -> pl.Series:
    """Mark what was heard again; a vessel's rows stand together.

    Some vessels are looked at together, since what fits a processor's cache is sorted twice as
    fast as a whole bucket.
    """
    some = rows.select("mmsi", "t", "lon", "lat", "sog_kn", "cog_deg", "heading_deg", "source")
    begins = (rows["mmsi"] != rows["mmsi"].shift()).fill_null(value=True).arg_true().to_numpy()
    nth = np.searchsorted(begins, np.arange(0, rows.height, _TOGETHER))
    cuts = [*np.unique(begins[nth[nth < len(begins)]]).tolist(), rows.height]
    found = [heard_again(some[start:stop]) + start for start, stop in itertools.pairwise(cuts)]
    marks = pl.repeat(value=False, n=rows.height, eager=True)
    return marks.scatter(pl.concat(found), values=True)


def _replaced(folder: Path, files: pl.DataFrame, written: Sequence[Written]) -> bool:
    """Put the written files in the place of the others; False where these are gone by now.

    What another process appended meanwhile stays: it was compared with the rows that are here,
    which are the same as before.
    """
    try:
        for attempt in range(_TRIES):
            table = DeltaTable(folder)
            if not files["path"].is_in(files_of(table)["path"].implode()).all():
                break
            try:
                commit(folder, table, written, files, new=False)
            except CommitFailedError:
                if attempt == _TRIES - 1:
                    raise
            else:
                return True
    except BaseException:
        forget(folder, written)
        raise
    forget(folder, written)
    return False


def retain(folder: Path, *, before: date) -> int:
    """Let go of all days before one, and return how many rows those had.

    Their files are removed from the disk by the first `compact` or `retain` an hour later.

    Raises
    ------
    InputError
        Where the archive is damaged, or may not be written.
    """
    with told(folder):
        if opened(folder) is None:
            return 0
        for attempt in range(_TRIES):
            table = made(folder)
            old = files_of(table).filter(pl.col("date") < before)
            if old.is_empty():
                break
            try:
                commit(folder, table, [], old, new=True)
                break
            except CommitFailedError:
                if attempt == _TRIES - 1:
                    raise
        _tidy(folder, changed=not old.is_empty())
        return int(old.filter(pl.col("order") == 0, pl.col("kind") != "again")["rows"].sum())


def _tidy(folder: Path, *, changed: bool) -> None:
    """Remove files that no log speaks of, or that were replaced an hour ago; shorten the log."""
    table = DeltaTable(folder)
    spare = {"retention_hours": _KEPT_H, "enforce_retention_duration": False, "full": True}
    # Another process may be doing the same.
    with suppress(CommitFailedError, FileNotFoundError):
        if table.vacuum(dry_run=True, **spare):
            table.vacuum(dry_run=False, **spare)
        if changed:
            # What there is to do is done, and without a checkpoint the log is only longer.
            with suppress(OSError, DeltaError):
                table.create_checkpoint()
