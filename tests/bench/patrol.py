"""Patrol plans: ``rows()`` for the bench; ``python -m tests.bench.patrol`` how good they are."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from risk.patrol import Inputs, Plan, plan
from risk.patrol_change import Change, what_if
from risk.patrol_mix import base_inputs, entropy, mix
from tests.bench.row import Row
from tests.risk._patrol_county import county
from tests.risk._patrol_peer import best, greedy

_COUNTIES = 50


def rows() -> Iterator[Row]:
    """Measure a plan for 30 teams and 300 stops, and the same with a team less."""
    made = county(1, teams=30, stops=300)
    begun = time.perf_counter()
    before = plan(made)
    yield Row("plan, 30 teams x 300 stops", time.perf_counter() - begun, "s", budget=30.0)
    begun = time.perf_counter()
    what_if(made, Change(without_teams=("T0",)), before=before)
    yield Row("what-if, a team less", time.perf_counter() - begun, "s", budget=10.0)


def _undue(inputs: Inputs) -> Inputs:
    return replace(inputs, stops=inputs.stops.with_columns(due=pl.lit(value=False)))


def _value(found: Plan) -> float:
    return found.prize - float(found.totals["travel_minutes"].sum()) / 60.0


def _report(name: str, ratio: list[float]) -> None:
    q = np.quantile(ratio, [0.0, 0.5, 1.0]) - 1.0
    mean = np.mean(ratio) - 1.0
    print(f"{name}: mean {mean:+.2%}, least {q[0]:+.2%}, middle {q[1]:+.2%}, most {q[2]:+.2%}")


def main() -> int:
    """Compare with greedy and with the best of all, on random counties; measure the entropy."""
    over_greedy, of_best = [], []
    for seed in range(_COUNTIES):
        made = _undue(county(1000 + seed, teams=6, stops=60, cameras=False))
        over_greedy.append(_value(plan(made, iterations=3000)) / greedy(made))
    _report(f"over greedy, {_COUNTIES} counties, 6 teams x 60 stops", over_greedy)
    for seed in range(_COUNTIES):
        made = county(
            2000 + seed, teams=5, stops=24, cameras=False, length_km=60.0, service=(20.0, 50.0)
        )
        made = _undue(made)
        of_best.append(_value(plan(made, iterations=3000)) / best(made))
    _report(f"of the best of all, {_COUNTIES} counties, 5 teams x 24 stops", of_best)
    made = base_inputs(county(3, teams=8, stops=80), share=0.15)
    for give_up in (0.0, 0.02, 0.05):
        mixed = mix(made, number=16, give_up=give_up, iterations=1000)
        bits = entropy(mixed)
        mean = mixed.probability @ mixed.value / mixed.value.max()
        print(
            f"give up {give_up:.0%}: {len(mixed.plans)} plans, mean value {mean:.3f} of the best, "
            f"{bits.plans:.2f} bits of plan, {bits.routes:.2f} of a team's route, "
            f"{bits.stop_hours:.2f} of a stop in an hour"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
