"""Which places are near which segments, by shore distance."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import polars as pl

from geo.crs import Bools, Floats
from geo.nearest import ShoreIndex
from geo.water import WaterGrid
from workspace import store
from workspace._cache import cached
from workspace.folder import Workspace
from workspace.placing import shore_index, shorelines

# A raster of more cells than this is made coarser: 150 m holds for some 700 km x 700 km.
_MAX_CELLS = 20_000_000
_CELL_M = 150.0
_M_PER_DEG = 111_320.0
_SEGMENT_M = 10_000.0
_THREATS = ("loitering", "drift", "rendezvous", "shore_approach", "dash", "dark_target", "chain")


def water_grid(ws: Workspace) -> WaterGrid:
    """Return the coast's water, as fine as its extent allows."""
    return cached(ws, "water", ("land",), lambda: water_of(store.layer(ws.engine, "land")))


def water_of(land: gpd.GeoDataFrame) -> WaterGrid:
    """Return the water about a coast, as fine as its extent allows."""
    west, south, east, north = land.total_bounds
    width_m = (east - west) * _M_PER_DEG * np.cos(np.radians((south + north) / 2))
    height_m = (north - south) * _M_PER_DEG
    cell_m = max(_CELL_M, float(np.sqrt(width_m * height_m / _MAX_CELLS)))
    return WaterGrid.build(land, cell_m=cell_m)


@dataclass(frozen=True)
class Ground:
    """What shore distance is measured on: the water, the shore, and its segments."""

    water: WaterGrid
    index: ShoreIndex
    segments: pl.DataFrame
    total_m: Floats
    is_ring: Bools
    max_snap_m: float

    @classmethod
    def of(
        cls,
        water: WaterGrid,
        index: ShoreIndex,
        shores: gpd.GeoDataFrame,
        segments: pl.DataFrame,
        max_snap_m: float,
    ) -> "Ground":
        """Gather them; ``segments`` has shoreline_id, from_m, to_m, lon, lat, along the shore."""
        return cls(
            water,
            index,
            segments,
            shores["length_m"].to_numpy(dtype=np.float64),
            shores["is_ring"].to_numpy(dtype=bool),
            max_snap_m,
        )


def ground(ws: Workspace) -> Ground:
    """Return the ground of the workspace's coast."""
    columns = ["shoreline_id", "from_m", "to_m", "lon", "lat"]
    return cached(
        ws,
        "ground",
        ("land", "shorelines", "segments"),
        lambda: Ground.of(
            water_grid(ws),
            shore_index(ws),
            shorelines(ws),
            store.read(ws.engine, "segments", columns=columns),
            ws.config.max_snap_m,
        ),
    )


def near_pairs(
    ws: Workspace, key: str, ids: Sequence[str], lon: Floats, lat: Floats, *, radius_m: float
) -> pl.DataFrame:
    """Return which places are near which segments of the workspace, as ``pairs_on`` does."""
    return pairs_on(ground(ws), key, ids, lon, lat, radius_m=radius_m)


def pairs_on(
    ground: Ground, key: str, ids: Sequence[str], lon: Floats, lat: Floats, *, radius_m: float
) -> pl.DataFrame:
    """Return which places are near which segments.

    Shore distance is the lesser of the way over water to the segment's middle and the way along
    the shore; a creek narrower than a cell of the water's raster is closed to the former only.

    Returns
    -------
    DataFrame
        ``key`` (the place's id), ``segment`` (row, u32), ``distance_m`` at most ``radius_m``.
    """
    cut = ground.segments
    if not len(ids) or cut.is_empty():
        return pl.DataFrame(schema={key: pl.String, "segment": pl.UInt32, "distance_m": pl.Float64})
    thing, segment, way_m = ground.water.near(
        lon, lat, to_lon=cut["lon"].to_numpy(), to_lat=cut["lat"].to_numpy(), radius_m=radius_m
    )
    over_water = pl.DataFrame({"thing": thing, "segment": segment, "distance_m": way_m})
    least = (
        pl.concat([over_water, _along_shore(ground, lon, lat, radius_m)])
        .group_by("thing", "segment")
        .agg(pl.col("distance_m").min())
        .sort("thing", "segment")
    )
    names = pl.Series(key, list(ids), dtype=pl.String)
    return least.select(
        names.gather(least["thing"]), pl.col("segment").cast(pl.UInt32), "distance_m"
    )


def _along_shore(ground: Ground, lon: Floats, lat: Floats, radius_m: float) -> pl.DataFrame:
    """Return (thing, segment, distance) along the shoreline that each thing stands at."""
    found = ground.index.nearest(lon, lat, max_m=min(radius_m, ground.max_snap_m))
    cut, total_m, ring = ground.segments, ground.total_m, ground.is_ring
    owner = cut["shoreline_id"].rle_id().to_numpy().astype(np.int64)
    # A ring has its segments once more behind its end and before its beginning.
    turn = np.repeat([-1, 0, 1], len(owner))
    row = np.tile(np.arange(len(owner)), 3)
    there = (turn == 0) | ring[owner[row]]
    row, turn = row[there], turn[there]
    order = np.lexsort((row, turn, owner[row]))
    row, line = row[order], owner[row[order]]
    shift_m = turn[order] * total_m[line]
    from_m, to_m = (cut[name].to_numpy()[row] + shift_m for name in ("from_m", "to_m"))

    thing = np.flatnonzero(found.shoreline >= 0)
    on_line = found.shoreline[thing].astype(np.int64)
    at_m = found.chainage_m[thing]
    reach_m = np.maximum(radius_m - found.distance_m[thing], 0.0)
    beyond_m = np.where(ring, total_m, 0.0)[on_line]
    offset = np.concatenate([[0.0], np.cumsum(3.0 * total_m + 3.0)])[:-1] + total_m + 1.0
    low_m = np.maximum(at_m - reach_m, -beyond_m)
    high_m = np.minimum(at_m + reach_m, total_m[on_line] + beyond_m)
    low = np.searchsorted(to_m + offset[line], low_m + offset[on_line], side="left")
    high = np.searchsorted(from_m + offset[line], high_m + offset[on_line], side="right")
    count = np.maximum(high - low, 0)
    pair = np.repeat(np.arange(len(thing)), count)
    which = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count) + low[pair]
    here_m = at_m[pair]
    along_m = np.abs(here_m - (from_m[which] + to_m[which]) / 2)
    along_m[(from_m[which] <= here_m) & (here_m <= to_m[which])] = 0.0
    return pl.DataFrame(
        {
            "thing": thing[pair],
            "segment": row[which],
            "distance_m": along_m + found.distance_m[thing[pair]],
        }
    ).filter(pl.col("distance_m") <= radius_m)


def near_segments(
    ground: Ground | None, events: pl.DataFrame, segment_ids: pl.Series, *, reach_m: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return each event's nearest segment, and all segments that a threat is in reach of.

    Two tables: ``event_id, segment_id`` and ``event_id, segment_id, water_distance_m``; both are
    empty without a coast (``ground`` None).
    """
    if ground is None:
        return (
            pl.DataFrame(schema={"event_id": pl.String, "segment_id": pl.String}),
            pl.DataFrame(
                schema={
                    "event_id": pl.String,
                    "segment_id": pl.String,
                    "water_distance_m": pl.Float64,
                }
            ),
        )
    nearest = ground.index.nearest(
        events["lon"].to_numpy(), events["lat"].to_numpy(), max_m=_SEGMENT_M
    )
    row = pl.Series(nearest.segment, dtype=pl.Int64)
    near = pl.DataFrame(
        {"event_id": events["event_id"], "segment_id": segment_ids.gather(row.replace(-1, None))}
    )
    threats = events.filter(pl.col("kind").is_in(_THREATS))
    pairs = pairs_on(
        ground,
        "event_id",
        threats["event_id"].to_list(),
        threats["lon"].to_numpy(),
        threats["lat"].to_numpy(),
        radius_m=reach_m,
    )
    return near, pairs.select(
        "event_id",
        segment_id=segment_ids.gather(pairs["segment"]),
        water_distance_m="distance_m",
    )
