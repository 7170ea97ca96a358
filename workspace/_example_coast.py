"""What the example's rules know of a coast: how each segment lies and what it is made of."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_M_PER_DEG = 111_320.0
SHORE_TYPES = ("mud", "beach", "rock", "creek", "built")

# A creek: 3 km of shore whose ends lie closer than this share of it, without open water before it.
_FOLD_REACH_M = 1500.0
_CREEK_FOLD = 0.45
_CREEK_EXPOSURE = 0.2
_BUILT_WITHIN_M = 2500.0
# Shore types and seabed change every few kilometres, not from segment to segment.
_PATCH_M = 3500.0


@dataclass(frozen=True)
class Coast:
    """One coast as columns per segment, in the segments' order."""

    shorelines: gpd.GeoDataFrame
    segments: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    lon: Floats
    lat: Floats
    x: Floats
    y: Floats
    shoreline: Ints
    chainage_m: Floats
    facing_deg: Floats
    exposure: Floats
    fold: Floats
    settlement_m: Floats
    place: Ints
    mainland: Bools
    usable: Bools
    shore_type: NDArray[np.str_]

    @property
    def size(self) -> int:
        """Return the number of segments."""
        return len(self.lon)

    def metres(self, lon: Floats, lat: Floats) -> Floats:
        """Return lon/lat as (n, 2) metres on the coast's own plane."""
        return np.column_stack([np.asarray(lon) * self.x_per_deg, np.asarray(lat) * _M_PER_DEG])

    @property
    def x_per_deg(self) -> float:
        """Return the metres of a degree of longitude in the middle of the coast."""
        return _M_PER_DEG * float(np.cos(np.radians(self.lat.mean())))


def read_coast(
    shorelines: gpd.GeoDataFrame,
    segments: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> Coast:
    """Return the coast's columns; ``segments`` carry ``exposure`` (see ``geo.exposure``)."""
    lon, lat = segments["lon"].to_numpy(float), segments["lat"].to_numpy(float)
    east = _M_PER_DEG * float(np.cos(np.radians(lat.mean())))
    x, y = lon * east, lat * _M_PER_DEG
    row = {name: i for i, name in enumerate(shorelines["shoreline_id"])}
    shoreline = np.array([row[name] for name in segments["shoreline_id"]], dtype=np.int64)
    chainage = (segments["from_m"].to_numpy(float) + segments["to_m"].to_numpy(float)) / 2
    exposure = np.nan_to_num(segments["exposure"].to_numpy(float), nan=0.3)
    fold = _fold(x, y, shoreline, chainage, shorelines["is_ring"].to_numpy(bool))
    settlements = np.column_stack([places.geometry.x * east, places.geometry.y * _M_PER_DEG])
    settlement_m, place = cKDTree(settlements).query(np.column_stack([x, y]))
    kind = shorelines["kind"].to_numpy(str)[shoreline]
    west, south, east_edge, north = shorelines.total_bounds
    inside = (
        (lon > west + 0.015)
        & (lon < east_edge - 0.015)
        & (lat > south + 0.015)
        & (lat < north - 0.015)
    )
    long_enough = shorelines["length_m"].to_numpy(float)[shoreline] > 4000.0
    facing = segments["facing_deg"].to_numpy(float)
    usable = inside & long_enough & (kind != "inner") & ~np.isnan(facing)
    shore_type = _shore_types(exposure, fold, settlement_m, shoreline, chainage, rng)
    return Coast(
        shorelines,
        segments,
        places,
        lon,
        lat,
        x,
        y,
        shoreline,
        chainage,
        facing,
        exposure,
        fold,
        settlement_m,
        place.astype(np.int64),
        kind == "mainland",
        usable,
        shore_type,
    )


def along_noise(shoreline: Ints, chainage_m: Floats, rng: np.random.Generator) -> Floats:
    """Return a random 0..1 per segment that is the same over a few kilometres of one shore."""
    patch = shoreline * 1_000_000 + (chainage_m / _PATCH_M).astype(np.int64)
    _, number = np.unique(patch, return_inverse=True)
    return rng.random(int(number.max()) + 1)[number]


def _fold(x: Floats, y: Floats, shoreline: Ints, chainage_m: Floats, is_ring: Bools) -> Floats:
    """Return chord over length of the 3 km of shore about each segment: small where it folds."""
    fold = np.ones(len(x))
    for line in np.unique(shoreline):
        at = np.flatnonzero(shoreline == line)
        if len(at) < 8:
            continue
        step = float(np.median(np.diff(chainage_m[at])))
        reach = max(1, min(round(_FOLD_REACH_M / step), len(at) // 3))
        number = np.arange(len(at))
        before, after = number - reach, number + reach
        if is_ring[line]:
            before, after = before % len(at), after % len(at)
        else:
            before, after = np.maximum(before, 0), np.minimum(after, len(at) - 1)
        chord = np.hypot(x[at[after]] - x[at[before]], y[at[after]] - y[at[before]])
        fold[at] = np.minimum(chord / (2 * reach * step), 1.0)
    return fold


def _shore_types(
    exposure: Floats,
    fold: Floats,
    settlement_m: Floats,
    shoreline: Ints,
    chainage_m: Floats,
    rng: np.random.Generator,
) -> NDArray[np.str_]:
    noise = along_noise(shoreline, chainage_m, rng)
    types = np.where(exposure < 0.22, np.where(noise < 0.8, "mud", "rock"), "rock")
    types = np.where((exposure >= 0.22) & (noise < 0.35), "beach", types)
    types = np.where((exposure >= 0.22) & (exposure < 0.4) & (noise > 0.65), "mud", types)
    types = np.where((settlement_m < _BUILT_WITHIN_M) & (noise < 0.6), "built", types)
    types = np.where((fold < _CREEK_FOLD) & (exposure < _CREEK_EXPOSURE), "creek", types)
    return types.astype(str)


def place_names(coast: Coast, rows: Ints) -> tuple[list[str], list[str]]:
    """Return the Chinese and English name of the settlement nearest to each segment."""
    zh = [str(name).split(";")[0] for name in coast.places["name_zh"]]
    en = [str(name).replace("’", "'") for name in coast.places["name"]]
    at = coast.place[rows]
    return [zh[i] for i in at], [en[i] for i in at]


def spread(
    coast: Coast,
    weight: Floats,
    count: int,
    *,
    apart_m: float,
    rng: np.random.Generator,
    taken: Ints | None = None,
) -> Ints:
    """Return up to ``count`` segments drawn by weight, none within ``apart_m`` of another."""
    weight = np.where(coast.usable, weight, 0.0).astype(float)
    xy = np.column_stack([coast.x, coast.y])
    for row in [] if taken is None else taken:
        weight[np.hypot(*(xy - xy[row]).T) < apart_m] = 0.0
    chosen: list[int] = []
    while len(chosen) < count and weight.sum() > 0:
        row = int(rng.choice(coast.size, p=weight / weight.sum()))
        chosen.append(row)
        weight[np.hypot(*(xy - xy[row]).T) < apart_m] = 0.0
    return np.array(chosen, dtype=np.int64)


def placed(
    coast: Coast, rows: Ints, *, offset_m: Floats | float = 0.0
) -> tuple[dict[str, object], gpd.GeoSeries]:
    """Return shoreline, chainage and offset columns and Points; a positive offset is inland."""
    offset = np.broadcast_to(np.asarray(offset_m, dtype=float), rows.shape)
    inland = np.radians(coast.facing_deg[rows] + 180.0)
    lon = coast.lon[rows] + offset * np.sin(inland) / coast.x_per_deg
    lat = coast.lat[rows] + offset * np.cos(inland) / _M_PER_DEG
    ids = coast.shorelines["shoreline_id"].to_numpy(str)
    columns: dict[str, object] = {
        "shoreline_id": ids[coast.shoreline[rows]],
        "chainage_m": coast.chainage_m[rows],
        "offset_m": offset.copy(),
    }
    return columns, gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def segment_traits(coast: Coast) -> pl.DataFrame:
    """Return the shore type (made) and the distance to the nearest settlement of each segment."""
    return pl.DataFrame(
        {
            "segment_id": coast.segments["segment_id"].to_list(),
            "shore_type": coast.shore_type.tolist(),
            "settlement_distance_m": np.round(coast.settlement_m, 1),
            "made": [True] * coast.size,
        }
    )
