"""Tell where coverage ends: on this side many vessels were heard, beyond nobody ever."""

from collections.abc import Callable

import numpy as np
import polars as pl
from scipy.spatial import cKDTree

from ais._arrays import Array, Bools, Floats
from ais._plane import METRES_PER_DEGREE
from ais.life import CELL_DEG

_AROUND_M = 8000.0
_SIDES_DEG = np.arange(-90.0, 91.0, 15.0)
_STRADDLES_M = 2500.0
"""The middle of a cell of 0.02 degrees that an edge cuts may lie so far beyond it, and more."""
_RINGS, _SPOKES = 10, 24
_EARTH_M = METRES_PER_DEGREE * 180 / np.pi


def expected_beyond(
    haunts: pl.DataFrame,
    at: pl.DataFrame,
    afloat: Callable[[Floats, Floats], Bools] | None,
) -> Floats:
    """Return how many others were to be heard ahead or abeam, where none ever was.

    A straight line is laid ahead of the vessel or to a side, 2.5 km away at most, so that no
    other was ever heard beyond it within 8 km. As many are expected there as were heard on this
    side, by the share of the water; 0 where there is no such line, or on this side others were not
    heard on either hand (but on a lane that the vessel follows).

    Parameters
    ----------
    haunts : DataFrame
        The ``ais.life.HAUNTS`` of all vessels.
    at : DataFrame
        mmsi, lon, lat, cog_deg (NaN where unknown: then 0 is returned).
    afloat : callable, optional
        Says of each lon, lat whether it is on the water; without it all is.
    """
    out = np.zeros(at.height)
    asked = at.with_row_index("of").filter(pl.col("cog_deg").is_not_nan())
    there = haunts.select("row", "col", "mmsi").unique()
    pairs = _around(there, asked)
    if pairs.is_empty():
        return out
    k = pairs["k"].to_numpy()
    x, y = asked["lon"].to_numpy(), asked["lat"].to_numpy()
    toward = np.radians(asked["cog_deg"].to_numpy()[:, None] + _SIDES_DEG)
    lon, lat = _middles(pairs)
    north = ((lat - y[k]) * METRES_PER_DEGREE)[:, None]
    narrow = METRES_PER_DEGREE * np.cos(np.radians(y[k]))
    east = (((lon - x[k] + 180.0) % 360.0 - 180.0) * narrow)[:, None]
    sin, cos = np.sin(toward)[k], np.cos(toward)[k]
    ahead_m, aside_m = east * sin + north * cos, east * cos - north * sin
    behind = ahead_m < -_STRADDLES_M
    first = np.flatnonzero(np.diff(k, prepend=-1))
    line_m = np.full(toward.shape, np.inf)
    line_m[k[first]] = np.maximum.reduceat(ahead_m, first)
    hands = [np.maximum.reduceat(behind & hand, first) for hand in (aside_m < 0, aside_m > 0)]
    edge = line_m <= _STRADDLES_M
    edge[k[first]] &= hands[0] & hands[1]
    others = (
        pairs.filter(pl.Series(edge[k].any(axis=1)))
        .join(there, on=["row", "col"])
        .filter(pl.col("mmsi") != pl.col("own"))
        .group_by("k")
        .agg(pl.col("mmsi").n_unique())
        .sort("k")
    )
    seen = others["k"].to_numpy()
    share = _beyond(x[seen], y[seen], toward[seen], line_m[seen], afloat)
    most = np.where(edge[seen], share, 0.0).max(axis=1)
    out[asked["of"].to_numpy()[seen]] = others["mmsi"].to_numpy() * most
    return out


def _around(there: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Return the cells near each place (row k) that others than its own vessel were heard in."""
    cells = (
        there.group_by("row", "col")
        .agg(pl.len().alias("vessels"), pl.col("mmsi").min().alias("one"))
        .sort("row", "col")
        .with_row_index("cell")
    )
    if cells.is_empty() or asked.is_empty():
        return pl.DataFrame()
    chord_m = 2 * _EARTH_M * np.sin(_AROUND_M / (2 * _EARTH_M))
    near = cKDTree(_on_globe(*_middles(cells))).query_ball_point(
        _on_globe(asked["lon"].to_numpy(), asked["lat"].to_numpy()), chord_m, return_sorted=True
    )
    return (
        pl.DataFrame(
            {"own": asked["mmsi"], "cell": pl.Series(near.tolist(), dtype=pl.List(pl.UInt32))}
        )
        .with_row_index("k")
        .explode("cell", empty_as_null=False)
        .join(cells, on="cell", maintain_order="left")
        .filter((pl.col("vessels") > 1) | (pl.col("one") != pl.col("own")))
    )


def _beyond(
    lon: Floats,
    lat: Floats,
    toward: Array,
    line_m: Array,
    afloat: Callable[[Floats, Floats], Bools] | None,
) -> Array:
    """Return the water beyond the lines ahead of each place, over that on this side of them."""
    radius = _AROUND_M * np.sqrt((np.arange(_RINGS) + 0.5) / _RINGS)
    spoke = np.radians((np.arange(_SPOKES) + 0.5) * 360.0 / _SPOKES)
    r, about = (m.ravel() for m in np.meshgrid(radius, spoke, indexing="ij"))
    bearing = toward[:, [toward.shape[1] // 2]] + about
    east, north = r * np.sin(bearing), r * np.cos(bearing)
    wet = np.ones(bearing.shape, np.bool_)
    if afloat is not None:
        x = lon[:, None] + east / (METRES_PER_DEGREE * np.cos(np.radians(lat))[:, None])
        y = np.clip(lat[:, None] + north / METRES_PER_DEGREE, -90.0, 90.0)
        wet = afloat(((x + 180.0) % 360.0 - 180.0).ravel(), y.ravel()).reshape(wet.shape)
    out = np.empty(toward.shape)
    for n in range(toward.shape[1]):
        ahead_m = east * np.sin(toward[:, [n]]) + north * np.cos(toward[:, [n]])
        beyond = ahead_m > np.maximum(line_m[:, [n]], 0.0)
        out[:, n] = (wet & beyond).sum(axis=1) / np.maximum((wet & ~beyond).sum(axis=1), 1)
    return out


def _middles(cells: pl.DataFrame) -> tuple[Floats, Floats]:
    row, col = cells["row"].to_numpy(), cells["col"].to_numpy()
    return (col + 0.5) * CELL_DEG - 180.0, (row + 0.5) * CELL_DEG - 90.0


def _on_globe(lon: Floats, lat: Floats) -> Array:
    """Return places as points in space, in metres from the middle of the earth."""
    x, y = np.radians(lon), np.radians(lat)
    return _EARTH_M * np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=1)
