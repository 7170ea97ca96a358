"""Read the turns of the rota before from the file that it was written to."""

from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from geo.errors import InputError
from workspace._import_columns import Known
from workspace._import_rows import convert, read_rows
from workspace._imported import Options

_COLUMNS = (
    Known("day", ("日期",), "date", needed=True),
    Known("shift", ("班次",), needed=True),
    Known("team", ("班组",), needed=True),
    Known("end", ("结束",), "time", needed=True),
)
_MOST = 5


def turns_of(path: Path) -> pl.DataFrame:
    """Return ``day, shift, team, end`` of a rota's turns, by wall-clock.

    Raises
    ------
    InputError
        When it is no such table, or a row of it cannot be used: a rota that leaves out a turn
        would break somebody's rest.
    """
    rows = read_rows(path, _COLUMNS, Options())
    # Times by the wall have no zone: they are read and kept as they stand.
    _, values, refused, _ = convert(rows, _COLUMNS, Options(), tz=ZoneInfo("UTC"))
    if refused:
        told = "; ".join(f"row {one.row}: {one.detail}" for one in refused[:_MOST])
        raise InputError(
            f"{len(refused)} rows of the rota before cannot be used: {told}",
            where=str(path),
            mend="Give the turns as `shoregrid posts WS rota --out` wrote them.",
        )
    ends = pl.col("end").cast(pl.Datetime("ms", "UTC")).dt.replace_time_zone(None)
    return pl.DataFrame(values).select("day", "shift", "team", end=ends)
