"""What can be wrong with an input, said so that the reader can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

REFUSED = pl.Schema(
    {
        "file": pl.String,
        "row": pl.Int64,
        "reason": pl.String,
        "detail": pl.String,
        "mend": pl.String,
        "lon": pl.Float64,
        "lat": pl.Float64,
    }
)


class InputError(Exception):
    """Report an input that cannot be used at all.

    Parameters
    ----------
    what : str
        What is wrong, with the value found.
    where : str
        File, and line, row or feature where there is one.
    mend : str
        What the reader can do about it.
    """

    def __init__(self, what: str, *, where: str, mend: str) -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(f"{where}: {what}. {mend}")


@dataclass(frozen=True)
class Refusal:
    """One row that was put in quarantine while its neighbours were kept.

    ``row`` counts from 1 in the file as the reader sees it (a CSV's header is row 1);
    ``reason`` is a short code to count by, ``detail`` and ``mend`` are for people. ``lon`` and
    ``lat`` (degrees, WGS 84) are the place of the problem, where it has one.
    """

    file: str
    row: int | None
    reason: str
    detail: str
    mend: str
    lon: float | None = None
    lat: float | None = None


def refused_table(refusals: Iterable[Refusal]) -> pl.DataFrame:
    """Return refusals as a table with the columns of ``REFUSED``."""
    rows = [(r.file, r.row, r.reason, r.detail, r.mend, r.lon, r.lat) for r in refusals]
    return pl.DataFrame(rows, schema=REFUSED, orient="row")
