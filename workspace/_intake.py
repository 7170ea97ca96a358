"""What one AIS file's batches go through on their way into the archive, and the books of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ais.clean import clean
from ais.io import KEPT, Batch
from ais.schema import SKEWS, TOLD, empty
from workspace import _vessels
from workspace._feeds import Books, Running

_SAMPLES = 100
_REPEATED = pl.Schema({"source": pl.String(), "date": pl.Date(), "positions": pl.Int64()})


@dataclass(frozen=True)
class Taken:
    """A file that is in the archive, and what there is to note of it.

    ``corrected`` counts positions whose source's clock was off, ``inferred`` those whose line
    told no time; ``refused`` has samples.
    """

    counts: dict[str, int]
    positions: int
    statics: int
    corrected: int
    inferred: int
    books: Books
    versions: pl.DataFrame | None
    skews: pl.DataFrame
    refused: list[pl.DataFrame]


def _put_aside(gone: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what cleaning took from the rows kept: less there, more here (``TOLD``).

    And the repetitions, by source and date: they stay kept, for each is there once.
    """
    if gone.is_empty():
        return empty(TOLD), _REPEATED.to_frame()
    counted = (
        gone.group_by("source", pl.col("t").dt.date().alias("date"), "reason")
        .agg(rows=pl.len().cast(pl.Int64))
        .select(TOLD.names())
    )
    repeated = pl.col("reason") == "duplicate"
    moved = counted.filter(~repeated)
    return (
        pl.concat([moved, moved.with_columns(-pl.col("rows"), reason=pl.lit(KEPT))]),
        counted.filter(repeated).select("source", "date", positions="rows"),
    )


class Intake:
    """Clean the batches of one file, in order, and keep its books.

    ``feed`` names the rows that name no source.
    """

    def __init__(self, feed: str, *, not_after: datetime) -> None:
        self._feed = feed
        self._not_after = not_after
        self._counts: Counter[str] = Counter()
        self._positions = self._statics = self._corrected = self._inferred = 0
        self._books = Books()
        self._versions = Running(_vessels.versions_together)
        self._skews = empty(SKEWS)
        self._refused: list[pl.DataFrame] = []
        self._sampled: Counter[str] = Counter()

    def add(self, batch: Batch) -> pl.DataFrame:
        """Return the positions of a batch that are to be kept."""
        if batch.skews.height:
            self._skews = batch.skews
        cleaned = clean(batch.positions, not_after=self._not_after)
        moved, repeated = _put_aside(cleaned.gone)
        told = batch.told.with_columns(pl.col("source").fill_null(self._feed))
        self._books.add(cleaned.kept, pl.concat([told, moved]), repeated)
        self._counts.update(batch.counts)
        for reason, rows in moved.group_by("reason").agg(pl.col("rows").sum()).iter_rows():
            self._counts[reason] += rows
        self._positions += cleaned.kept.height + cleaned.counts.get("duplicate", 0)
        self._statics += batch.statics.height
        self._corrected += batch.corrected
        self._inferred += batch.inferred
        if batch.statics.height:
            self._versions.add(_vessels.condense(batch.statics))
        self._sample(batch.refused)
        self._sample(cleaned.refused.filter(pl.col("reason") != "duplicate"))
        return cleaned.kept

    def _sample(self, refused: pl.DataFrame) -> None:
        """Keep a file's first rows of each reason."""
        for (reason,), rows in refused.group_by(["reason"], maintain_order=True):
            room = _SAMPLES - self._sampled[str(reason)]
            if room > 0:
                self._refused.append(rows.head(room))
                self._sampled[str(reason)] += min(room, rows.height)

    def taken(self) -> Taken:
        """Return all that there is to note of the file."""
        return Taken(
            dict(self._counts),
            self._positions,
            self._statics,
            self._corrected,
            self._inferred,
            self._books,
            self._versions.whole(),
            self._skews,
            self._refused,
        )
