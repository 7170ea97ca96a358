"""Measure the behaviours on simulated counties: ``python -m tests.validation --seeds 101-106``."""

import argparse
import json
import sys
import time
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from tests.validation._county import FROZEN, county, generator
from tests.validation._figures import Figures, decoys_raised, figures
from tests.validation._match import judge
from tests.validation._run import detect


def main() -> int:
    """Measure, print, and write ``validation.json`` and the misses and false alarms beside it."""
    asked = _arguments()
    console = Console(width=170)
    cases, judged, truths, vessel_days = [], [], [], 0.0
    for seed in asked.seeds:
        begun = time.perf_counter()
        made = county(seed, days=asked.days, vessels=asked.vessels)
        built = time.perf_counter()
        events = detect(made)
        real, told = judge(made.simulation.truth, events)
        cases.append(real.with_columns(seed=pl.lit(seed)))
        judged.append(told.with_columns(seed=pl.lit(seed)))
        truths.append(made.simulation.truth)
        vessel_days += made.vessel_days
        console.print(
            f"seed {seed}: {made.simulation.positions.height} positions in {built - begun:.0f} s, "
            f"{events.height} events in {time.perf_counter() - built:.0f} s"
        )
    rows = figures(pl.concat(cases), pl.concat(judged), vessel_days)
    decoys = decoys_raised(pl.concat(truths), pl.concat(judged))
    console.print(_table(rows))
    console.print(_decoys(decoys))
    frozen = generator() == FROZEN["generator"]["blake2"]
    per = FROZEN["figures"]["false_alarms_per_vessel_days"]
    # Stops and visits are no alarms; a kind whose recall is not reached is read to its last event.
    alarms = sum(
        per * (row.decoys + row.false) / vessel_days if row.false_per is None else row.false_per
        for row in rows
        if row.kind not in ("stop", "berth_visit")
    )
    console.print(
        f"vessel-days {vessel_days:.0f}; false alarms per "
        f"{per} vessel-days after ranking "
        f"{alarms:.2f}; generator {'as frozen' if frozen else 'NOT as frozen'}"
    )
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "validation.json").write_text(
        json.dumps(
            {
                "seeds": asked.seeds,
                "days": asked.days,
                "vessels": asked.vessels,
                "as_frozen": frozen,
                "vessel_days": vessel_days,
                "false_alarms": alarms,
                "kinds": [row.as_dict() for row in rows],
                "decoys": decoys.to_dicts(),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    pl.concat(cases).write_csv(asked.out / "cases.csv")
    pl.concat(judged).filter(pl.col("outcome") != "excused").drop("geometry").write_csv(
        asked.out / "events.csv"
    )
    return 0


def _arguments() -> argparse.Namespace:
    rule = FROZEN["county"]
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=rule["seeds"], help="101-106 or 101,103")
    parser.add_argument("--days", type=int, default=rule["days"])
    parser.add_argument("--vessels", type=int, default=rule["vessels"])
    parser.add_argument("--out", type=Path, default=Path("validation"))
    return parser.parse_args()


def _seeds(text: str) -> list[int]:
    if "-" in text:
        first, last = map(int, text.split("-"))
        return list(range(first, last + 1))
    return [int(part) for part in text.split(",")]


def _table(rows: list[Figures]) -> Table:
    at = FROZEN["figures"]["recall_read_at"]
    table = Table(
        "kind", "planted", "near", "found", "recall", "Wilson", "by seed", "raised", "excused",
        "decoys", "false", "precision", "Wilson", f"precision at {at:.2f}", "Wilson", "false per",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            row.kind,
            str(row.planted),
            f"{row.found_near}/{row.near}",
            str(row.found),
            f"{row.recall:.3f}",
            _span(row.recall_wilson),
            _span(row.recall_by_seed),
            str(row.raised),
            str(row.excused),
            str(row.decoys),
            str(row.false),
            f"{row.precision:.3f}",
            _span(row.precision_wilson),
            "-" if row.precision_at is None else f"{row.precision_at:.3f}",
            "-" if row.precision_at_wilson is None else _span(row.precision_at_wilson),
            "-" if row.false_per is None else f"{row.false_per:.2f}",
        )
    return table


def _decoys(table: pl.DataFrame) -> Table:
    shown = Table("kind", "decoy", "planted", "raised")
    for row in table.iter_rows():
        shown.add_row(*map(str, row))
    return shown


def _span(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.2f}-{ends[1]:.2f}"


if __name__ == "__main__":
    sys.exit(main())
