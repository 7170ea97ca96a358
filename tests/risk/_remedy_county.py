"""A small county with all that can be mended, inspected, added and patrolled."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from risk.history import Shore
from risk.inputs import Inputs
from risk.shifts import shifts
from risk.weights import load

TEXT = (Path(__file__).resolve().parents[2] / "data" / "weights" / "default.toml").read_text(
    "utf-8"
)
WEIGHTS = load(TEXT, where="default.toml")
SHIFTS = shifts(date(2026, 11, 23), tz=ZoneInfo("UTC"), starts=["00:00", "12:00"])
NOW = SHIFTS[0].t0
KINDS = {"camera": 300.0, "height_bar": 50.0}


def _near(rng, key, names, n, step_m):
    """Pairs of things at random places of a straight shore, 2.5 km about."""
    at = rng.uniform(0, n * step_m, len(names))
    middle = (np.arange(n) + 0.5) * step_m
    away = np.maximum(np.abs(at[:, None] - middle) - step_m / 2, 0.0)
    thing, segment = np.nonzero(away < 2500.0)
    return pl.DataFrame(
        {
            key: [names[i] for i in thing],
            "segment": segment.astype(np.uint32),
            "distance_m": away[thing, segment],
        }
    )


def county(n=40, things=12, seed=3, step_m=500.0):
    rng = np.random.default_rng(seed)
    facilities = [f"f{i}" for i in range(things)]
    places = [f"p{i}" for i in range(things)]

    def ago(days):
        return pl.Series(
            [NOW - timedelta(days=float(d)) for d in days], dtype=pl.Datetime("ms", "UTC")
        )

    kinds = ["camera", "height_bar", "gate", "light"]
    lines = ["wharf", "bar", "way_out", None]
    status = ["working", "broken", "missing", "broken"]
    since = ago(rng.uniform(0, 30, things))
    segments = pl.DataFrame(
        {
            "segment_id": [f"s{i}" for i in range(n)],
            "shoreline_id": ["A"] * (n // 2) + ["B"] * (n - n // 2),
            "from_m": step_m * np.arange(n),
            "to_m": step_m * (np.arange(n) + 1),
            "length_m": rng.uniform(0.6, 1.0, n) * step_m,
            "lon": [121.9] * n,
            "lat": [29.5] * n,
            "exposure": np.where(rng.random(n) < 0.3, np.nan, rng.random(n)),
        }
    ).with_columns(pl.col("exposure").fill_nan(None))
    middle = (np.arange(n) + 0.5) * step_m
    away = np.abs(middle[:, None] - middle)
    a, b = np.nonzero(away < 1600.0)
    reaches = _near(rng, "facility_id", facilities, n, step_m)
    views = reaches.filter(pl.col("distance_m") <= 900.0).select("facility_id", "segment")
    inputs = Inputs(
        segments=segments,
        light=pl.DataFrame(
            {
                "shift_id": [s.shift_id for s in SHIFTS],
                "dark_share": [1.0, 0.25],
                "moon": [0.5, 0.0],
            }
        ),
        landing_places=pl.DataFrame(
            {
                "place_id": places,
                "what": ["wharf"] * things,
                "kind": ["fishing"] * things,
                "grade": rng.integers(1, 4, things),
                "cadence_days": [7, 14, None] * (things // 3),
            }
        ),
        place_pairs=_near(rng, "place_id", places, n, step_m),
        inspections=pl.DataFrame({"place_id": places[: things // 2]}).with_columns(
            t=ago(rng.uniform(1, 30, things // 2))
        ),
        facilities=pl.DataFrame(
            {
                "facility_id": facilities,
                "kind": [kinds[i % 4] for i in rng.permutation(things)],
                "line": [lines[i % 4] for i in rng.permutation(things)],
                "status": [status[i % 4] for i in rng.permutation(things)],
                "status_since": since,
                "range_m": [400.0, None, 100.0] * (things // 3),
            }
        ),
        facility_pairs=reaches,
        camera_views=views.with_columns(
            share=pl.Series(np.where(rng.random(len(views)) < 0.3, np.nan, rng.random(len(views))))
        ).with_columns(pl.col("share").fill_nan(None)),
        effort=pl.DataFrame(
            {"segment_id": [f"s{i}" for i in range(0, n, 3)], "km": [0.4] * len(range(0, n, 3))}
        ).with_columns(shift_start=ago(rng.uniform(0, 10, len(range(0, n, 3))))),
        landable_h=np.where(rng.random((n, 2)) < 0.3, np.nan, rng.uniform(0, 12, (n, 2))),
    )
    return inputs, Shore(segments["length_m"].to_numpy() / 1000.0, a, b, away[a, b])
