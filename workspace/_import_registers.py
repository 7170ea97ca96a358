"""Lists of vessels: what a row must bear to mean one."""

import polars as pl

from geo.errors import Refusal
from workspace._import_rows import Rows

_MARKS = ("mmsi", "imo", "hull_number", "callsign", "name")
_IMO_WEIGHTS = (7, 6, 5, 4, 3, 2)
_MEND = "Correct the cells named and import the row again."


def check_vessels(rows: Rows, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse rows that name no vessel, and IMO numbers whose check digit fails.

    The check digit is the last one of the sum of the first six, each times 7 to 2 (IMO
    Resolution A.1117(30)). A row that only updates what is stored need not name it again.
    """
    refused: list[Refusal] = []
    if any(name in rows.headers for name in _MARKS):
        none = pl.all_horizontal(pl.col(_MARKS).is_null())
        refused += _refuse(
            rows,
            frame.filter(none),
            "no_vessel",
            "the row bears no MMSI, IMO number, hull number, call sign or name",
            "Fill in at least one of them.",
        )
        frame = frame.filter(~none)
    digits = [pl.col("imo") // 10**power % 10 for power in range(6, 0, -1)]
    total = pl.sum_horizontal(
        digit * weight for digit, weight in zip(digits, _IMO_WEIGHTS, strict=True)
    )
    wrong = (total % 10 != pl.col("imo") % 10).fill_null(value=False)
    refused += _refuse(
        rows,
        frame.filter(wrong),
        "bad_value",
        "the check digit of the IMO number fails",
        _MEND,
    )
    return frame.filter(~wrong), refused


def _refuse(rows: Rows, frame: pl.DataFrame, reason: str, detail: str, mend: str) -> list[Refusal]:
    return [Refusal(rows.file, number, reason, detail, mend) for number in frame["row"]]
