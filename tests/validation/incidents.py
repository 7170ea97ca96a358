"""Backtest forecasts on real incidents: ``python -m tests.validation.incidents``.

Anti-shipping incidents (ASAM, 1978-2012) on the coast of South-East Asia, cut to stretches of
25 km; rolling origin over 2000-2012, every 30 days for 30 days. Prints what was left out, the
tables and the sentences; ``--out FILE.json`` keeps them.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from geo.crs import ELLIPSOID
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from risk.backtest import Backtest, backtest, sentences
from risk.baselines import baselines, uniform
from risk.history import HISTORY, Floats, Forecast, Shore
from risk.indicators import evaluate
from risk.inputs import Inputs
from risk.learned import learned
from risk.light import light
from risk.score import score
from risk.shifts import shifts
from tests.validation.real import SHARED
from workspace.nearness import Ground, pairs_on, water_of
from workspace.weighting import shipped_set

# Incidents beyond the territorial sea are not the shore's.
_OFF_SHORE_M = 12 * 1852.0
_LAND = "land_osm_southeast_asia.gpkg"
_STRETCH_M = 25_000.0
# What the kernels may reach.
_REACH_M = 100_000.0
_SNAP_M = 5_000.0


class Case(NamedTuple):
    """Real incidents on a real shore, and how many were left out for which reason."""

    shore: Shore
    incidents: pl.DataFrame
    counts: dict[str, int]
    inputs: Inputs
    """What a weight set can be evaluated from: the stretches and the incidents, no more."""


def load(shared: Path = SHARED) -> Case:
    """Place ASAM's incidents on the coast of South-East Asia."""
    land, _ = repair_land(read_layer(shared / "coast" / _LAND), name=_LAND)
    lines = shorelines(land)
    cut = segments(lines, length_m=_STRETCH_M)
    index = ShoreIndex.build(lines, cut)
    places = pl.DataFrame(
        {name: cut[name].to_list() for name in ("shoreline_id", "from_m", "to_m", "lon", "lat")}
    )
    ground = Ground.of(water_of(land), index, lines, places, _SNAP_M)
    lon, lat = places["lon"].to_numpy(), places["lat"].to_numpy()
    pairs = pairs_on(ground, "a", [str(k) for k in range(len(cut))], lon, lat, radius_m=_REACH_M)
    a, b = pairs["a"].cast(pl.Int64).to_numpy(), pairs["segment"].cast(pl.Int64).to_numpy()
    distance_m = np.where(a == b, 0.0, pairs["distance_m"].to_numpy())
    shore = Shore(cut["length_m"].to_numpy() / 1000.0, a, b, distance_m)

    west, south, east, north = land.total_bounds
    rows = pl.read_csv(shared / "incidents" / "asam_to_2012.csv.gz").with_columns(
        t=pl.col("date").str.to_datetime("%Y-%m-%d", time_zone="UTC").dt.cast_time_unit("ms")
    )
    here = rows.filter(
        pl.col("longitude").is_between(west, east), pl.col("latitude").is_between(south, north)
    )
    lon, lat = here["longitude"].to_numpy(), here["latitude"].to_numpy()
    # The map's metres are a few percent off over so wide a box: looked for wider, then measured.
    found = index.nearest(lon, lat, max_m=1.2 * _OFF_SHORE_M)
    hit = found.segment >= 0
    to_lon, to_lat = index.locate(
        np.where(hit, found.shoreline, 0), np.where(hit, found.chainage_m, 0.0)
    )
    off_m = np.where(hit, ELLIPSOID.inv(lon, lat, to_lon, to_lat)[2], np.inf)
    near = off_m <= _OFF_SHORE_M
    placed = here.filter(pl.Series(near)).select(
        "t",
        segment=pl.Series(found.segment[near]).cast(pl.UInt32),
        weight=pl.lit(1.0),
        source=pl.lit("reported"),
    )
    counts = {
        "incidents in the file": len(rows),
        "outside the coast's box": len(rows) - len(here),
        "more than 12 nm off the shore": int((~near).sum()),
        "placed": len(placed),
    }
    ids = [f"i{row}" for row in range(len(placed))]
    lon, lat = lon[near], lat[near]
    given = Inputs(
        segments=places.with_columns(
            segment_id=pl.Series([str(row) for row in range(len(cut))]),
            length_m=pl.Series(cut["length_m"].to_numpy()),
        ),
        light=pl.DataFrame(schema={"shift_id": pl.String, "dark_share": float, "moon": float}),
        incidents=placed.select(
            "weight", "source", incident_id=pl.Series(ids), t0="t", kind=pl.lit("attack")
        ),
        incident_pairs=pairs_on(ground, "incident_id", ids, lon, lat, radius_m=_REACH_M),
    )
    return Case(shore, placed.select(HISTORY.names()), counts, given)


def analyst(case: Case) -> Forecast:
    """Forecast by the shipped weight set, of which the incidents' own indicators alone are known.

    By the score of the day before the origin x length, as many as ``uniform`` expects. Distances
    and breaks are those of the set, made for segments of 500 m.
    """
    weights = shipped_set()
    middle = case.inputs.segments.select(pl.col("lon", "lat").mean()).row(0)
    number = uniform(case.shore)
    incidents = case.inputs.incidents
    assert incidents is not None

    def forecast(history: pl.DataFrame, t0: datetime, t1: datetime) -> Floats:
        wanted = shifts((t0 - timedelta(days=1)).date(), tz=ZoneInfo("UTC"))
        given = replace(
            case.inputs,
            light=light(*middle, wanted),
            incidents=incidents.filter(pl.col("t0") < t0),
        )
        told = evaluate(given, wanted, as_of=t0, weights=weights)
        risk = score(told, weights).score.mean(axis=1) * case.shore.length_km
        expected: Floats = risk / risk.sum() * number(history, t0, t1).sum()
        return expected

    return forecast


def run(case: Case) -> Backtest:
    """Run the baselines, the learned forecast and the weight set over 2000-2012."""
    return backtest(
        case.shore,
        case.incidents,
        {
            **baselines(case.shore),
            "analyst": analyst(case),
            "learned": learned(case.shore),
        },
        start=datetime(2000, 1, 1, tzinfo=UTC),
        end=datetime(2013, 1, 1, tzinfo=UTC),
        step_days=30.0,
        horizon_days=30.0,
        seed=1,
    )


def _table(frame: pl.DataFrame) -> Table:
    table = Table(*frame.columns)
    for row in frame.iter_rows():
        table.add_row(*(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    return table


def main() -> None:
    """Print what the baselines are worth on real incidents."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    out = parser.parse_args().out
    case = load()
    found = run(case)
    console = Console(width=200)
    km = float(case.shore.length_km.sum())
    console.print(f"{len(case.shore)} stretches, {km:,.0f} km of shore")
    for name, count in case.counts.items():
        console.print(f"{count} {name}")
    for frame in (found.by_share, found.by_forecaster, found.reliability):
        console.print(_table(frame))
    for _, english in sentences(found):
        console.print(english)
    if out is not None:
        tables = {
            name: getattr(found, name).to_dicts()
            for name in ("by_share", "by_forecaster", "reliability", "notes")
        }
        text = json.dumps({"counts": case.counts, **tables}, indent=1)
        out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
