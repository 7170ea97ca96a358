"""The simulation whose truth is looked at, and what its cases and ways are."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from shapely import STRtree

from ais.simulate import Places, Simulation, simulate
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.water import WaterGrid

COAST = Path(__file__).resolve().parents[2] / "data" / "land_osm.gpkg"
T0 = datetime(2026, 11, 9, tzinfo=UTC)
M2_S = 44_714.16  # the lunar semidiurnal tide, 12.42 h
KNOT = 1852 / 3600
MINUTE = np.timedelta64(60_000, "ms")


def made_coast(
    *, landings_every: int
) -> tuple[gpd.GeoDataFrame, WaterGrid, pl.DataFrame, pl.DataFrame]:
    """Return land, water, wharves and landing places of the coast that is shipped."""
    land, _ = repair_land(gpd.read_file(COAST), name="land")
    lines = shorelines(land, clip_box=(121.30, 28.75, 122.50, 29.95))
    shore = segments(lines)
    shore = shore[shore["shoreline_id"].isin(lines["shoreline_id"][:6])].iloc[20:]
    wharves, landings = shore.iloc[::60], shore.iloc[30::landings_every]
    classes = ["fishing", "port", "ferry", "other", "ferry"]
    return (
        land,
        WaterGrid.build(land),
        pl.DataFrame(
            {
                "lon": wharves["lon"].to_numpy(),
                "lat": wharves["lat"].to_numpy(),
                "wharf_class": [classes[n % 5] for n in range(len(wharves))],
            }
        ),
        pl.DataFrame(
            {
                "lon": landings["lon"].to_numpy(),
                "lat": landings["lat"].to_numpy(),
                "weight": np.ones(len(landings)),
            }
        ),
    )


def high_waters(days: int) -> np.ndarray:
    start = np.datetime64(T0.replace(tzinfo=None), "ms") - np.timedelta64(86_400_000, "ms")
    count = int((days + 2) * 86_400 / M2_S) + 2
    return start + (np.arange(count) * M2_S * 1000).astype("timedelta64[ms]")


@cache
def simulated(*, full: bool) -> Simulation:
    """Return the simulation that the tests of its truth look at."""
    days, vessels = (14, 330) if full else (3, 130)
    land, water, wharves, landings = made_coast(landings_every=20)
    places = Places(wharves, landings, high_waters(days))
    return simulate(land, water, places, t0=T0, days=days, vessels=vessels, seed=11)


def cases(sim: Simulation, kind: str, *what: str, miss: bool = False) -> list[dict]:
    rows = sim.truth.filter((pl.col("kind") == kind) & ~pl.col("ordinary"))
    told = pl.col("what").str.starts_with("near_miss")
    rows = rows.filter(told if miss else ~pl.col("decoy"))
    if what:
        rows = rows.filter(pl.col("what").str.strip_prefix("near_miss_").is_in(what))
    assert rows.height or miss, kind
    return rows.to_dicts()


def way(sim: Simulation, row: dict, *, step_s: int = 10, about_min: float = 0.0, who: str = "mmsi"):
    """Return times (ms) and true places from the beginning of a case to its end."""
    margin = np.timedelta64(round(about_min * 60_000), "ms")
    t = np.arange(
        np.datetime64(row["t0"].replace(tzinfo=None), "ms") - margin,
        np.datetime64(row["t1"].replace(tzinfo=None), "ms") + margin,
        np.timedelta64(step_s * 1000, "ms"),
    )
    return t, sim.noiseless.place(row[who], t)


def speeds(xy: np.ndarray, step_s: int = 10) -> np.ndarray:
    return np.hypot(*np.diff(xy, axis=0).T) / step_s / KNOT


def path_m(xy: np.ndarray) -> float:
    return float(np.hypot(*np.diff(xy, axis=0).T).sum())


def minutes(row: dict) -> float:
    return (row["t1"] - row["t0"]).total_seconds() / 60


def longest(hit: np.ndarray) -> int:
    edge = np.flatnonzero(np.diff(np.concatenate([[0], hit.astype(int), [0]])))
    return int((edge[1::2] - edge[::2]).max(initial=0))


def shore_m(coast: STRtree, xy: np.ndarray) -> np.ndarray:
    return coast.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)[1]


def off_berths_m(sim: Simulation, xy: np.ndarray) -> np.ndarray:
    known = pl.concat([sim.berths, sim.anchorages])
    at = sim.noiseless.sea.metres(known["lon"].to_numpy(), known["lat"].to_numpy())
    far = np.hypot(xy[:, None, 0] - at[:, 0], xy[:, None, 1] - at[:, 1])
    return (far - known["radius_m"].to_numpy()).min(axis=1)


def courses(xy: np.ndarray) -> np.ndarray:
    step = np.diff(xy, axis=0)
    return np.degrees(np.unwrap(np.arctan2(step[:, 0], step[:, 1])))
