"""Evaluating every indicator for a coast of 5,000 segments over a week of shifts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from risk.indicators import evaluate
from risk.inputs import Inputs
from risk.light import light
from risk.shifts import Shift, shifts
from risk.weights import load
from tests.bench.row import Row, seconds

DATA = Path(__file__).resolve().parents[2] / "data"
_SEGMENTS, _DAYS = 5_000, 7
_EVENTS, _GAPS, _INCIDENTS, _FACILITIES, _PLACES = 4_500, 500, 300, 500, 800
_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_TIME = pl.Datetime("ms", "UTC")


def rows() -> Iterator[Row]:
    """Measure 5,000 segments x 42 shifts, light included, every source there."""
    weights = load((DATA / "weights" / "default.toml").read_text("utf-8"), where="default.toml")
    week = [
        shift
        for d in range(_DAYS)
        for shift in shifts(date(2026, 11, 23) + timedelta(days=d), tz=ZoneInfo("Asia/Shanghai"))
    ]
    tables = _tables(np.random.default_rng(1), len(week))
    time_s, found = seconds(
        lambda: evaluate(_inputs(tables, week), week, as_of=_NOW, weights=weights)
    )
    assert found.value.shape == (len(weights.ids), _SEGMENTS, 42)
    assert not np.isnan(found.value).any()
    yield Row("indicators", time_s, "s", budget=5.0)


def _inputs(tables: dict[str, object], week: list[Shift]) -> Inputs:
    return Inputs(light=light(121.9, 29.4, week), **tables)  # type: ignore[arg-type]


def _tables(rng: np.random.Generator, n_shifts: int) -> dict[str, object]:
    """Make every source: pairs within four reaches of each thing, as a workspace makes them."""
    kinds = ["loitering", "drift", "rendezvous", "dark_target", "shore_approach", "dash", "chain"]
    n = _EVENTS + _GAPS
    events = pl.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(n)],
            "kind": [*rng.choice(kinds, _EVENTS), *["gap"] * _GAPS],
            "mmsi": rng.integers(412_000_000, 412_000_900, n),
            "t0": _past(rng, n, 28.0),
        }
    ).with_columns(t1=pl.col("t0") + pl.duration(hours=2))
    segment_ids = [f"s{i}" for i in range(_SEGMENTS)]
    segments = pl.DataFrame(
        {
            "segment_id": segment_ids,
            "shoreline_id": "A",
            "from_m": 500.0 * np.arange(_SEGMENTS),
            "to_m": 500.0 * np.arange(1, _SEGMENTS + 1),
            "length_m": 500.0,
            "exposure": rng.random(_SEGMENTS),
            "settlement_distance_m": rng.uniform(0, 12_000, _SEGMENTS),
            "lon": 121.9,
            "lat": 29.4,
        }
    )
    incidents = pl.DataFrame(
        {
            "incident_id": [f"i{i}" for i in range(_INCIDENTS)],
            "t0": _past(rng, _INCIDENTS, 1_500.0),
            "kind": "x",
            "source": rng.choice(["reported", "discovered"], _INCIDENTS),
            "weight": 1.0,
        }
    )
    walked = 60 * 400
    effort = pl.DataFrame(
        {
            "segment_id": rng.choice(segment_ids, walked),
            "shift_start": _past(rng, walked, 60.0),
            "km": rng.uniform(0.1, 0.5, walked),
        }
    ).with_columns(pl.col("shift_start").dt.truncate("4h"))
    places = pl.DataFrame(
        {
            "place_id": [f"p{i}" for i in range(_PLACES)],
            "what": "risk_point",
            "kind": "creek",
            "grade": rng.integers(1, 4, _PLACES),
            "cadence_days": rng.choice([7, 14, 30], _PLACES),
        }
    )
    facilities = pl.DataFrame(
        {
            "facility_id": [f"f{i}" for i in range(_FACILITIES)],
            "kind": rng.choice(["camera", "height_bar", "gate", "alarm", "light"], _FACILITIES),
            "line": rng.choice(["wharf", "bar", "way_out"], _FACILITIES),
            "status": rng.choice(["working", "broken"], _FACILITIES, p=[0.85, 0.15]),
            "status_since": _past(rng, _FACILITIES, 90.0),
            "range_m": 800.0,
            "online_rate": 0.9,
        }
    )
    return {
        "segments": segments,
        "events": events,
        # Four times the largest reach of the behaviours, 12 km: some 60 segments of a coast.
        "event_pairs": _pairs(rng, "event_id", events["event_id"][:_EVENTS], 60, 12_000.0),
        "reach": _pairs(rng, "event_id", events["event_id"][_EVENTS:], 600, 1.0).select(
            "event_id", "segment", probability=pl.col("distance_m") * 0.01
        ),
        "heard_days": pl.Series([(_NOW - timedelta(days=d)).date() for d in range(40)]),
        "incidents": incidents,
        "incident_pairs": _pairs(rng, "incident_id", incidents["incident_id"], 40, 8_000.0),
        "landing_places": places,
        "place_pairs": _pairs(rng, "place_id", places["place_id"], 16, 3_200.0),
        "inspections": pl.DataFrame(
            {"place_id": rng.choice(places["place_id"], 8_000), "t": _past(rng, 8_000, 365.0)}
        ),
        "facilities": facilities,
        "facility_pairs": _pairs(rng, "facility_id", facilities["facility_id"], 20, 4_000.0),
        "camera_views": _pairs(
            rng, "facility_id", facilities.filter(kind="camera")["facility_id"], 6, 1.0
        ).rename({"distance_m": "share"}),
        "effort": effort,
        "landable_h": rng.uniform(0.0, 4.0, (_SEGMENTS, n_shifts)),
    }


def _past(rng: np.random.Generator, n: int, days: float) -> pl.Series:
    return pl.Series(
        [_NOW - timedelta(days=float(d)) for d in rng.uniform(0.0, days, n)], dtype=_TIME
    )


def _pairs(
    rng: np.random.Generator, key: str, ids: pl.Series, each: int, most: float
) -> pl.DataFrame:
    """Return ``each`` neighbouring segments of every thing, at distances up to ``most``."""
    first = rng.integers(0, _SEGMENTS - each, len(ids))
    segment = (first[:, None] + np.arange(each)).ravel()
    away = rng.uniform(0.0, most, len(segment))
    repeated = ids.gather(np.repeat(np.arange(len(ids)), each))
    return pl.DataFrame({key: repeated, "segment": segment, "distance_m": away})
