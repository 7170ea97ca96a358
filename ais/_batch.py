"""What a reader hands over, and the books it keeps while reading."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ais.schema import HEARD, SKEWS, TOLD, empty
from geo.errors import Refusal, refused_table

KEPT = "kept"
"""Rows whose content is in ``positions`` or ``statics``."""
NOT_REFUSED = frozenset({"rows_in", KEPT, "heard_again", "other_type", "other_sentence", "blank"})
"""Keys of ``Batch.counts`` that are no refusals: a transmission heard by another station or
twice (``heard_again``), AIS messages that carry neither place nor name (``other_type``), NMEA
sentences that are not AIS, blank lines and comments."""
SAMPLES = 100

MENDS = {
    "bad_checksum": "The line was damaged on its way; ask the source for a clean copy.",
    "cut_line": "The line is incomplete; ask the source for the whole file.",
    "bad_tag_block": "The tag block's own checksum fails, so its time cannot be trusted.",
    "bad_fields": "Not a well-formed AIS sentence; check the receiver's output.",
    "not_nmea": "Neither an NMEA sentence nor a comment; remove the line.",
    "incomplete_multipart": "Parts of this message are missing or out of order; nothing to mend.",
    "unknown_type": "AIS has types 1 to 27; most likely a damaged message.",
    "short_payload": "The message ends before its place or name; nothing to mend.",
    "bad_message": "The decoder refuses this message; most likely damaged.",
    "no_time": "The line has no time. Say when the recording began with --start.",
    "future": "The time lies in the future; check the clock of the source.",
    "bad_time": "The time cannot be read; check the column's format against the dialect.",
    "bad_mmsi": "An MMSI is a number from 1 to 999999999; the transmitter is not set up.",
    "no_position": "The transmitter had no position fix; nothing to mend.",
    "bad_position": "Latitude or longitude is out of range; nothing to mend.",
    "bad_row": "The row has more or fewer columns than the header; mend its commas or quotes.",
    "long_line": "A line of AIS is under 64 KiB; the file is damaged or not text.",
    "bad_json": "The line is no JSON object; ask the source for a clean copy.",
    "not_ais": "This file in the zip is no AIS; if it should be, unpack it and look.",
    "bomb": "The file unpacks to far more than AIS does; fetch it again from a source you trust.",
    "truncated_gz": "The compressed file ends too early; fetch it again and ingest it again.",
    "damaged_gz": "The compressed file is damaged from here on; fetch it again.",
    "truncated_zst": "The compressed file ends too early; fetch it again and ingest it again.",
    "damaged_zst": "The compressed file is damaged from here on; fetch it again.",
    "truncated_bz2": "The compressed file ends too early; fetch it again and ingest it again.",
    "damaged_bz2": "The compressed file is damaged from here on; fetch it again.",
    "damaged_zip": "The compressed file is damaged from here on; fetch it again.",
}


@dataclass(frozen=True)
class Batch:
    """A piece of a file, read.

    ``counts["rows_in"]`` is the sum of all other counts: ``kept``, the three kinds of rows
    that hold nothing for us (see ``NOT_REFUSED``), and one count for each reason of refusal.
    Counts are of rows of the file (lines of NMEA, of which a message may take several), and
    belong to this batch alone. ``refused`` has at most 100 samples per file and reason.
    ``bytes_done`` is how far into the (compressed) file this batch reaches. ``heard`` has the
    columns of ``HEARD``, ``told`` those of ``TOLD``: the counts, by source and day. Of NMEA,
    ``skews`` says how far the stations' clocks are off, by all that was heard of the file so far,
    and ``corrected`` how many positions bear another time than their line for that;
    ``inferred`` how many have theirs from base stations or a start, their line having none.
    """

    positions: pl.DataFrame
    statics: pl.DataFrame
    counts: dict[str, int]
    refused: pl.DataFrame
    bytes_done: int
    heard: pl.DataFrame = field(default_factory=lambda: empty(HEARD))
    told: pl.DataFrame = field(default_factory=lambda: empty(TOLD))
    skews: pl.DataFrame = field(default_factory=lambda: empty(SKEWS))
    corrected: int = 0
    inferred: int = 0


def refusals_of(counts: dict[str, int]) -> dict[str, int]:
    """Return only the refusals among ``counts``, by reason."""
    return {k: v for k, v in counts.items() if k not in NOT_REFUSED}


def printable(text: str) -> str:
    """Return a text of unknown origin that does nothing to a terminal but be read."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


@dataclass
class Ledger:
    """Counts of one file, and how many samples of each reason were already given."""

    file: str
    _given: dict[str, int] = field(default_factory=dict)

    def page(self) -> "Page":
        """Open the books of the next batch."""
        return Page(self)

    def room(self, reason: str) -> int:
        """Return how many more samples this reason may have."""
        return SAMPLES - self._given.get(reason, 0)

    def took(self, reason: str, n: int) -> None:
        """Remember that ``n`` samples were given."""
        self._given[reason] = self._given.get(reason, 0) + n


class Page:
    """The counts and samples of one batch."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.counts: dict[str, int] = {"rows_in": 0, KEPT: 0}
        self._samples: list[Refusal] = []

    def count(self, what: str, n: int | np.integer[Any]) -> None:
        """Add ``n`` rows to ``what``."""
        if n or what in self.counts:
            self.counts[what] = self.counts.get(what, 0) + int(n)

    def refuse(self, reason: str, n: int, samples: Iterable[tuple[int, str]]) -> None:
        """Count ``n`` refused rows and keep some of ``samples`` (row, detail)."""
        if not n:
            return
        self.count(reason, n)
        room = self._ledger.room(reason)
        if room <= 0:
            return
        kept = [
            Refusal(self._ledger.file, int(row), reason, printable(detail), MENDS[reason])
            for (row, detail), _ in zip(samples, range(room), strict=False)
        ]
        self._ledger.took(reason, len(kept))
        self._samples += kept

    def samples(self) -> pl.DataFrame:
        """Return the samples as a table with the columns of ``REFUSED``."""
        return refused_table(self._samples)
