"""Measure the budgets: ``python -m tests.bench``, a table and ``bench.json``.

The archive and the growth of detection are measured small here, and at the stated sizes by
``python -m tests.bench.archive`` and ``python -m tests.bench.scale``.
"""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import (
    ais,
    archive,
    backtest,
    behaviours,
    boundaries,
    coast,
    grids,
    indicators,
    patrol,
    reach,
    scale,
    score,
    sensitivity,
    tide,
    weights,
    zones,
)
from tests.bench.row import Row

_ARCHIVE_ROWS = 2_000_000


def main() -> int:
    """Run all, print them, keep them; 1 where a budget does not hold."""
    measured = [
        row
        for module in (
            coast,
            tide,
            indicators,
            score,
            zones,
            sensitivity,
            weights,
            backtest,
            ais,
            reach,
            behaviours,
            patrol,
            boundaries,
            grids,
        )
        for row in module.rows()
    ]
    measured += archive.rows(_ARCHIVE_ROWS)
    measured += scale.rows()
    Path("bench.json").write_text(
        json.dumps([row.as_dict() for row in measured], indent=1) + "\n", encoding="utf-8"
    )
    Console(width=140).print(_table(measured))
    return 0 if all(row.holds for row in measured) else 1


def _table(measured: list[Row]) -> Table:
    table = Table(
        "name", "figure", "unit", "peer", "peer's figure", "ratio", "budget", "ratio's budget",
        "holds",
    )  # fmt: skip
    for row in measured:
        cells = row.as_dict()
        table.add_row(*map(_short, cells.values()))
    return table


def _short(value: object) -> str:
    if not isinstance(value, float):
        return "-" if value is None else str(value)
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
