"""The archive's positions laid out by turn: each day is read once, however many turns there are."""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from ais.schema import POSITIONS
from workspace import archive
from workspace._archive_files import ordered

# Rows that are read and parted at once: some 0.5 GB.
_AT_ONCE = 4_000_000


@contextmanager
def parted(
    positions: Path, folder: Path, *, of: int, named: Sequence[int] | None
) -> Iterator[Path]:
    """Lay out the positions of all vessels, or those named, by mmsi % of, and clear up after.

    What a turn reads from the archive itself costs a look at every row of it, so that many turns
    over a long archive would look at each row many times.
    """
    into = folder / f"turns-{uuid.uuid4().hex}"
    into.mkdir(parents=True)
    try:
        for number, (first, last) in enumerate(_spans(positions)):
            rows = archive.read(positions, t0=_midnight(first), t1=_midnight(last, days=1),
                                mmsi=named)  # fmt: skip
            turn = rows["mmsi"] % of
            for (k,), part in rows.group_by(turn.alias("_turn"), maintain_order=True):
                target = into / f"{k}"
                target.mkdir(exist_ok=True)
                part.write_ipc(target / f"{number:06d}.arrow", compression="lz4")
        yield into
    finally:
        shutil.rmtree(into, ignore_errors=True)


def taken(parts: Path, number: int) -> pl.DataFrame:
    """Return the positions of one turn, as `archive.read` does."""
    files = sorted((parts / f"{number}").glob("*.arrow"))
    if not files:
        return pl.DataFrame(schema=POSITIONS)
    return ordered(pl.concat([pl.read_ipc(file) for file in files]))


def _spans(positions: Path) -> Iterator[tuple[date, date]]:
    """Yield first and last day of spans that hold some rows each."""
    days = archive.by_day(positions)
    span = (days["rows"].cum_sum() - days["rows"]) // _AT_ONCE
    for _, group in days.group_by(span.alias("_span"), maintain_order=True):
        yield group["date"][0], group["date"][-1]


def _midnight(day: date, *, days: int = 0) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=days)
