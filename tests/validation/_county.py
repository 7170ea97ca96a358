"""Simulated counties for the validation: other seeds and other places than the shipped example."""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl

from ais.simulate import Places, Simulation, simulate
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.water import WaterGrid

ROOT = Path(__file__).resolve().parents[2]
FROZEN: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "frozen.toml").read_text(encoding="utf-8")
)
_CLASSES = ("fishing", "fishing", "port", "ferry", "other", "stores", "ferry", "shipyard")


@dataclass(frozen=True)
class County:
    """What the detectors are given of a simulated county, beside the simulation itself.

    ``berths`` (lon, lat, radius_m) are the known wharves and anchorages, ``index`` the coast's, of
    the segments with ``segment_ids``; ``land`` the repaired land polygons.
    """

    seed: int
    simulation: Simulation
    berths: pl.DataFrame
    index: ShoreIndex
    segment_ids: list[str]
    land: gpd.GeoDataFrame
    vessel_days: float
    end: datetime


@cache
def coast() -> tuple[gpd.GeoDataFrame, WaterGrid, gpd.GeoDataFrame, ShoreIndex]:
    """Return land, water, segments and their index of the frozen coast."""
    land, _ = repair_land(read_layer(ROOT / FROZEN["county"]["coast"]), name="land")
    lines = shorelines(land, clip_box=tuple(land.total_bounds))
    cut = segments(lines)
    return land, WaterGrid.build(land), cut, ShoreIndex.build(lines, cut)


def county(seed: int, *, days: int, vessels: int) -> County:
    """Return a county, the same for the same arguments."""
    land, water, cut, index = coast()
    rule = FROZEN["county"]
    start = datetime.fromisoformat(rule["start"])
    places = _places(cut, seed, start, days)
    simulation = simulate(land, water, places, t0=start, days=days, vessels=vessels, seed=seed)
    wharves = places.wharves.select("lon", "lat", radius_m=pl.lit(rule["berth_m"]))
    moved = simulation.positions["mmsi"].n_unique()
    return County(
        seed,
        simulation,
        pl.concat([wharves, simulation.anchorages]),
        index,
        cut["segment_id"].to_list(),
        land,
        float(moved * days),
        start + timedelta(days=days),
    )


def _places(cut: gpd.GeoDataFrame, seed: int, start: datetime, days: int) -> Places:
    """Return wharves and landings drawn along the larger shorelines, well apart."""
    rule, rng = FROZEN["county"], np.random.default_rng([seed, 99])
    length = cut.groupby("shoreline_id")["to_m"].max()
    large = cut[cut["shoreline_id"].isin(length[length > 8000.0].index)]
    lon, lat = large["lon"].to_numpy(), large["lat"].to_numpy()
    west, south, east, north = cut.total_bounds
    inner = (np.minimum(lon - west, east - lon) > 0.04) & (
        np.minimum(lat - south, north - lat) > 0.04
    )
    order = rng.permutation(np.flatnonzero(inner))
    chosen: list[int] = []
    for k in order.tolist():
        if len(chosen) >= rule["wharves"] + rule["landings"]:
            break
        dx = (lon[chosen] - lon[k]) * 111_320.0 * np.cos(np.radians(lat[k]))
        if not chosen or np.hypot(dx, (lat[chosen] - lat[k]) * 111_320.0).min() > rule["apart_m"]:
            chosen.append(k)
    wharves, landings = chosen[: rule["wharves"]], chosen[rule["wharves"] :]
    first = np.datetime64(start.replace(tzinfo=None), "ms") - np.timedelta64(86_400_000, "ms")
    tide_ms = rule["tide_h"] * 3_600_000.0
    turns = np.arange(int((days + 3) * 86_400_000 / tide_ms) + 2) * tide_ms
    return Places(
        pl.DataFrame(
            {
                "lon": lon[wharves],
                "lat": lat[wharves],
                "wharf_class": [_CLASSES[n % len(_CLASSES)] for n in range(len(wharves))],
            }
        ),
        pl.DataFrame(
            {
                "lon": lon[landings],
                "lat": lat[landings],
                "weight": rng.gamma(1.5, 1.0, len(landings)),
            }
        ),
        first + turns.astype("timedelta64[ms]"),
    )


def generator() -> str:
    """Return a digest of the sources of the truth, of the matching, and of the figures."""
    here = Path(__file__).parent
    sources = [
        ROOT / "ais" / "simulate.py",
        *sorted((ROOT / "ais").glob("_simulate_*.py")),
        *(here / name for name in ("_match.py", "_figures.py", "_county.py")),
    ]
    digest = hashlib.blake2b(digest_size=10)
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()
