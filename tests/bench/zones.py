"""Priority zones that stay from day to day: ``rows()``."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from risk.zones import zones
from tests.bench.row import Row, seconds

_DAYS, _SHIFTS = 14, 6
_MAINLAND, _ISLANDS = 3_000, 50


def rows() -> Iterator[Row]:
    """Measure 14 days x 6 shifts on 5,500 segments, each day's zones held by the day before."""
    rng = np.random.default_rng(1)
    counts = [_MAINLAND, *[50] * _ISLANDS]
    parts = []
    for line, count in enumerate(counts):
        ends = np.cumsum(rng.uniform(300.0, 600.0, count))
        starts = np.insert(ends[:-1], 0, 0.0)
        parts.append(
            pl.DataFrame({"from_m": starts, "to_m": ends, "length_m": ends - starts}).select(
                pl.all(),
                segment_id=pl.format("{}-{}", pl.lit(line), pl.int_range(pl.len())),
                shoreline_id=pl.lit(f"L{line}"),
                is_ring=pl.lit(value=line > 0),
            )
        )
    segments = pl.concat(parts)
    # Risk is alike along the shore; it moves a point or two from one day to the next.
    rough = np.convolve(rng.normal(size=len(segments) + 20), np.ones(21) / 21, "valid")
    score = np.clip(35.0 + 60.0 * rough[: len(segments)], 0.0, 100.0)
    days = np.clip(score + rng.normal(0.0, 1.5, (_DAYS, _SHIFTS, len(segments))), 0.0, 100.0)

    def plan() -> float:
        risk = 0.0
        for shift in range(_SHIFTS):
            before = None
            for day in range(_DAYS):
                found = zones(segments, days[day, shift], budget_km=34.0, before=before, stay=2.0)
                before = np.zeros(len(segments), np.bool_)
                before[np.concatenate(found["segments"].to_list())] = True
                risk += found["risk_km"].sum()
        return risk

    zones(segments, score)
    time_s, _ = seconds(plan, turns=2)
    yield Row("zones, 14 days x 6 shifts", time_s, "s", budget=5.0)
