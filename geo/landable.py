"""When a boat can land on a stretch of shore.

A segment is landable when the way from the nearest water that is deep enough to firm shore is no
longer than goods are carried over that kind of shore. The near-shore profile and the carrying
distance make one number of this, the seabed that the boat must float over: with a draught and the
water wanted under the keel it is a tide height, and landable hours then need no geometry at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import geopandas as gpd
import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from geo._edges import cast_rays
from geo._rays import OFF_M, off_shore
from geo.crs import Floats, Ints, metre_shapes, to_lonlat, to_metres, working_crs
from geo.depth import Depth
from geo.land import LandMask

# Places of the near-shore profile, metres from the shoreline straight out to sea: close where
# boats land, wide where only the run of the seabed matters.
OFFSETS_M: Final = (
    0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 65.0, 80.0, 100.0, 125.0, 150.0, 200.0, 250.0,
    300.0, 400.0, 500.0, 650.0, 800.0, 1000.0,
)  # fmt: skip
_ALL_ROUND = np.arange(0.0, 360.0, 45.0)


def profiles(
    segments: gpd.GeoDataFrame, depth: Depth, land: gpd.GeoDataFrame | None = None
) -> Floats:
    """Return the seabed before each segment, m above mean sea level: [segment, OFFSETS_M].

    Taken from the segment's middle (``lon, lat``) along ``facing_deg``. A segment that faces
    every way (a small island) is looked at in eight directions and takes the lowest at each
    distance. NaN where the raster knows nothing, and from the first ``land`` on: the water behind
    a dike or an opposite bank is not this shore's.
    """
    crs = working_crs(segments.total_bounds)
    x, y = to_metres(crs, segments["lon"].to_numpy(), segments["lat"].to_numpy())
    owner, way = _ways(segments)
    out_m = np.asarray(OFFSETS_M)[None, :]
    lon, lat = to_lonlat(
        crs,
        (x[owner, None] + np.sin(way)[:, None] * out_m).ravel(),
        (y[owner, None] + np.cos(way)[:, None] * out_m).ravel(),
    )
    found = depth.sample(lon, lat).reshape(len(owner), len(OFFSETS_M))
    if land is not None:
        found[out_m > _water_m(segments, land, owner, way)[:, None]] = np.nan
    lowest = np.full((len(segments), len(OFFSETS_M)), np.nan)
    np.fmin.at(lowest, owner, found)
    return lowest


def open_water(segments: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> Floats:
    """Return how far the water before each segment goes to the next land, m.

    As far as the profile's end at most; the furthest of the eight ways of a segment that faces
    every way.
    """
    owner, way = _ways(segments)
    furthest = np.zeros(len(segments))
    np.maximum.at(furthest, owner, _water_m(segments, land, owner, way))
    return furthest


def _ways(segments: gpd.GeoDataFrame) -> tuple[Ints, Floats]:
    """Return rays, one for a segment with a facing, eight for one without: whose, which way."""
    facing = segments["facing_deg"].to_numpy(dtype=np.float64)
    round_about = np.isnan(facing)
    owner = np.r_[np.flatnonzero(~round_about), np.repeat(np.flatnonzero(round_about), 8)]
    way = np.radians(np.r_[facing[~round_about], np.tile(_ALL_ROUND, int(round_about.sum()))])
    return owner, way


def _water_m(
    segments: gpd.GeoDataFrame, land: gpd.GeoDataFrame, owner: Ints, way: Floats
) -> Floats:
    """Return how far each ray goes over water; 0 for one that sets out over land."""
    mask = LandMask.build(land)
    ux, uy = np.sin(way), np.cos(way)
    x, y = to_metres(mask.crs, segments["lon"].to_numpy(), segments["lat"].to_numpy())
    # Off the shore line on its seaward side, so that the line's own bends are not met; straight
    # along the ray where the segment goes all the way round.
    off_x, off_y = off_shore(metre_shapes(mask.crs, segments.geometry.values), 0.5)
    faced = ~np.isnan(segments["facing_deg"].to_numpy(dtype=np.float64))[owner]
    x = np.where(faced, off_x[owner], x[owner] + ux * OFF_M)
    y = np.where(faced, off_y[owner], y[owner] + uy * OFF_M)
    wet = ~mask.contains(*to_lonlat(mask.crs, x, y))
    reach = cast_rays(mask.grid, x, y, ux, uy, OFFSETS_M[-1]) + OFF_M
    return np.where(wet, reach, 0.0)


def landing_seabed(profile_m: Floats, carry_m: Floats) -> Floats:
    """Return the lowest seabed (m above mean sea level) in carrying distance of each shore.

    Parameters
    ----------
    profile_m : [segment, OFFSETS_M], as ``profiles`` returns it; unknown places (NaN, such as
        land) are passed over.
    carry_m : how far goods are carried, one for each segment. Beyond the profile's end counts as
        its end; NaN makes the seabed unknown.
    """
    offsets = np.asarray(OFFSETS_M)
    reach = np.clip(carry_m, 0.0, offsets[-1])
    within = offsets[None, :] <= reach[:, None]
    lowest = np.fmin.reduce(np.where(within, profile_m, np.nan), axis=1)
    # The place at just the carrying distance, between the two offsets about it.
    known = np.where(np.isnan(reach), 0.0, reach)
    after = np.clip(np.searchsorted(offsets, known, side="left"), 1, len(offsets) - 1)
    share = (known - offsets[after - 1]) / (offsets[after] - offsets[after - 1])
    row = np.arange(len(profile_m))
    near, far = profile_m[row, after - 1], profile_m[row, after]
    at_reach = near + (far - near) * share
    return np.where(np.isnan(reach), np.nan, np.fmin(lowest, at_reach))


def estimated_profiles(
    shore_type: Sequence[str | None], high_water_m: Floats, *, water_m: Floats | None = None
) -> Floats:
    """Return a seabed guessed from the kind of shore, where nobody measured it.

    An estimate, to be labelled as one wherever it shows: [segment, OFFSETS_M], m above mean sea
    level, NaN for a kind that is not known here.

    Parameters
    ----------
    shore_type : mud, beach, rock, creek or built.
    high_water_m : mean high water springs, m above mean sea level, which is where coastlines are
        drawn (OpenStreetMap's ``natural=coastline``; GB/T 18190 on the Chinese one); NaN makes
        the estimate unknown.
    water_m : of ``open_water``; beyond it the estimate is unknown too.

    Notes
    -----
    mud: 1 in 1,000, the order of the intertidal slopes measured along Jiangsu (J. Mar. Sci. Eng.
    9(3), 347, 2021). beach: a face of 1 in 20 (fine to medium sand: Bujan, Cox and Masselink
    2019, Mar. Geol. 417, 106012), below mean sea level 0.1 x^(2/3) (Dean 1991, J. Coastal Res.
    7(1), for 0.2 mm). rock: 1 in 5, between the 1 to 5 degrees of a sloping platform and a
    plunging cliff (Sunamura 1992, Geomorphology of Rocky Coasts). creek, built: assumed. A bank
    of 1 in 10 down to a bed at mean low water springs; a wall whose foot stands at mean sea level,
    then 1 in 100.
    """
    out = np.asarray(OFFSETS_M)[None, :]
    high = np.asarray(high_water_m, dtype=np.float64)[:, None]
    kinds = np.array([kind or "" for kind in shore_type], dtype=np.str_)
    found = np.full((len(kinds), len(OFFSETS_M)), np.nan)
    for kind, falls in _FALLS.items():
        found = np.where((kinds == kind)[:, None], falls(out, high), found)
    if water_m is not None:
        found[out > water_m[:, None]] = np.nan
    return found


def _beach(out_m: Floats, high_m: Floats) -> Floats:
    dry_m = high_m * 20.0
    wet_m = np.maximum(out_m - dry_m, 0.0)
    return np.where(out_m < dry_m, high_m - out_m / 20.0, -0.1 * wet_m ** (2.0 / 3.0))


_FALLS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "mud": lambda out_m, high_m: high_m - out_m / 1000.0,
    "beach": _beach,
    "rock": lambda out_m, high_m: high_m - out_m / 5.0,
    "creek": lambda out_m, high_m: np.maximum(high_m - out_m / 10.0, -high_m),
    # A wall that nobody knows the tide of has no place in it either.
    "built": lambda out_m, high_m: np.where(np.isnan(high_m), np.nan, -out_m / 100.0),
}


def mean_high_springs(heights_m: Floats, *, per_day: int) -> Floats:
    """Return the mean of each fortnight's highest water, for curves [station, time].

    It stands for mean high water springs, the mean of the high waters about each spring tide (IHO
    dictionary, S-32), which it passes by a few centimetres. NaN for a curve without a whole
    fortnight.
    """
    each = int(14.765 * per_day)
    n = heights_m.shape[1] // each
    if n == 0:
        return np.full(len(heights_m), np.nan)
    highest: Floats = heights_m[:, : n * each].reshape(len(heights_m), n, each).max(axis=2)
    known = ~np.isnan(highest)
    total = np.where(known, highest, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def landable_windows(
    seabed_m: Floats,
    *,
    draughts_m: Sequence[float],
    margin_m: float,
    weights: Floats,
    times: NDArray[np.datetime64],
    heights_m: Floats,
) -> pl.DataFrame:
    """Return when each segment can be landed on with each draught.

    A segment's tide is the weighted sum of the stations' curves, straight between the given
    times; crossings are interpolated.

    Parameters
    ----------
    seabed_m : of ``landing_seabed``, one for each segment; NaN yields no windows.
    margin_m : water wanted under the keel.
    weights : [segment, station]; NaN where a segment has no tide.
    times : UTC, ascending.
    heights_m : [station, time], m above mean sea level; NaN where a table ends.

    Returns
    -------
    DataFrame
        ``segment`` (row, u32), ``draught_m``, ``t_from``, ``t_to`` (UTC, ms), in this order.
        A window that reaches an end of the times goes on beyond it.
    """
    t = np.asarray(times).astype("datetime64[ms]").astype(np.int64).astype(np.float64)
    draughts = np.asarray(draughts_m, dtype=np.float64)
    level = np.asarray(seabed_m)[:, None] + draughts[None, :] + margin_m
    mix, curves = np.ascontiguousarray(weights), np.ascontiguousarray(heights_m)
    span, which = _spans(level, mix, t, curves)
    stamps = np.rint(span).astype(np.int64)
    return pl.DataFrame(
        {
            "segment": which[:, 0].astype(np.uint32),
            "draught_m": draughts[which[:, 1]],
            "t_from": pl.Series(stamps[:, 0]).cast(pl.Datetime("ms", "UTC")),
            "t_to": pl.Series(stamps[:, 1]).cast(pl.Datetime("ms", "UTC")),
        }
    )


def landable_share(threshold_m: Floats, *, weights: Floats, heights_m: Floats) -> Floats:
    """Return the share of a time in which each segment can be landed on.

    Parameters
    ----------
    threshold_m : seabed + draught + margin of each segment.
    weights, heights_m : as for ``landable_windows``, the times at equal steps.

    Returns
    -------
    ndarray
        0..1; NaN where the threshold, or any of the tide, is unknown.
    """
    return np.asarray(
        _shares(
            np.asarray(threshold_m, dtype=np.float64),
            np.ascontiguousarray(weights),
            np.ascontiguousarray(heights_m),
        )
    )


@numba.njit(cache=True)
def _mixed(weights: Floats, heights: Floats, h: Floats) -> None:
    """Write one segment's curve into ``h``."""
    h[:] = 0.0
    for k in range(len(weights)):
        w = weights[k]
        if w != 0.0:  # a table that ends troubles only those who use it
            for i in range(len(h)):
                h[i] += w * heights[k, i]


@numba.njit(cache=True)
def _spans(
    level: Floats, weights: Floats, t: Floats, heights: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Return (from, to) of the spans at or above each level, and (segment, draught) of each."""
    h = np.empty(len(t))
    found, room = 0, 1024
    span, which = np.empty((room, 2)), np.empty((room, 2), np.int64)
    for s in range(level.shape[0]):
        _mixed(weights[s], heights, h)
        for k in range(level.shape[1]):
            # A curve of so many points turns above at most every second one.
            if found + len(t) > room:
                room = 2 * room + len(t)
                more_span, more_which = np.empty((room, 2)), np.empty((room, 2), np.int64)
                more_span[:found], more_which[:found] = span[:found], which[:found]
                span, which = more_span, more_which
            before = found
            found = _above(h, t, level[s, k], found, span)
            which[before:found, 0] = s
            which[before:found, 1] = k
    return span[:found].copy(), which[:found].copy()


@numba.njit(cache=True)
def _above(h: Floats, t: Floats, x: float, found: int, span: Floats) -> int:
    """Write the spans in which one curve stands at or above ``x``, from row ``found`` on."""
    begun = np.nan
    inside = False
    for i in range(len(t)):
        if (h[i] >= x) == inside:
            continue
        if not inside:
            begun = t[i]
            if i > 0 and h[i - 1] < x:
                begun -= (h[i] - x) / (h[i] - h[i - 1]) * (t[i] - t[i - 1])
        else:
            end = t[i - 1]
            if h[i] < x:  # else the curve is unknown from here
                end += (h[i - 1] - x) / (h[i - 1] - h[i]) * (t[i] - t[i - 1])
            found = _put(begun, end, found, span)
        inside = not inside
    if inside:
        found = _put(begun, t[-1], found, span)
    return found


@numba.njit(cache=True)
def _put(begun: float, end: float, found: int, span: Floats) -> int:
    if end - begun < 1.0:  # less than the millisecond that times are kept to
        return found
    span[found, 0], span[found, 1] = begun, end
    return found + 1


@numba.njit(cache=True)
def _shares(threshold: Floats, weights: Floats, heights: Floats) -> Floats:
    """Return the share of equal steps at or above a threshold, straight between them."""
    n, steps = len(threshold), heights.shape[1]
    out = np.empty(n)
    h = np.empty(steps)
    for s in range(n):
        _mixed(weights[s], heights, h)
        x = threshold[s]
        total = 0.0
        for i in range(1, steps):
            before, after = h[i - 1], h[i]
            if before >= x and after >= x:
                total += 1.0
            elif before >= x or after >= x:
                total += (max(before, after) - x) / abs(after - before)
            elif not (before < x and after < x):
                total = np.nan  # one of the three is unknown
        out[s] = total / (steps - 1)
    return out
