"""Small counties with planted figures, for divisions and proposals."""

from itertools import pairwise

import numpy as np
import polars as pl

from duty.division import Cut, Division
from duty.workload import Pace, Shore

# A segment's load is its kilometres: one round a week at one kilometre an hour, risk equal.
PLAIN = Pace(patrol_kmh=1.0, rounds_per_week=1.0)
NO_PLACES = pl.DataFrame(
    schema={
        "object_kind": pl.String,
        "shoreline_id": pl.String,
        "chainage_m": pl.Float64,
        "cadence_days": pl.Float64,
    }
)


def segments_of(lengths, **columns):
    """Return segments of the lengths (m) per shoreline, a degree of latitude apart."""
    rows = []
    for n, (name, own) in enumerate(lengths.items()):
        ends = np.cumsum([0, *own]).astype(float)
        rows += [(name, a, b, b - a, 121.0 + (a + b) / 2e5, 29.0 + n) for a, b in pairwise(ends)]
    names = ["shoreline_id", "from_m", "to_m", "length_m", "lon", "lat"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(**columns)


def shorelines_of(lengths, rings=()):
    return pl.DataFrame(
        {
            "shoreline_id": list(lengths),
            "length_m": [float(sum(own)) for own in lengths.values()],
            "is_ring": [name in rings for name in lengths],
        }
    )


def shore_of(lengths, rings=(), places=NO_PLACES, pace=PLAIN, **columns):
    return Shore.of(
        segments_of(lengths, **columns), shorelines_of(lengths, rings), places, pace=pace
    )


def division_of(*cuts, hangs=(), locked=()):
    return Division(tuple(sorted(map(Cut._make, cuts))), tuple(hangs), frozenset(locked))
