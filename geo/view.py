"""What cameras on the shore see of the water."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from geo.crs import LONLAT, Bools, Floats, to_lonlat, to_metres, working_crs
from geo.depth import Depth
from geo.land import LandMask

# Mean radius of the earth, and how much of its curvature refraction takes back over the sea by
# day: k = 0.13, Gauss's coefficient as surveying takes it.
_RADIUS_M = 6_371_009.0
_REFRACTION = 0.13
_RAY_DEG = 1.0
_FEWEST_RAYS = 8
_STEPS = 200
# A tenth of a metre: corners that lie on a straight line are left out.
_SIMPLER_DEG = 1e-6
_STEP_M = (5.0, 25.0)


class _Rays(NamedTuple):
    """The rays of one camera: their borders (one more than rays), the steps along them."""

    border_rad: Floats
    ends_m: Floats
    lon: Floats
    lat: Floats


def viewsheds(
    cameras: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame,
    *,
    heights: Depth | None = None,
    mast_m: float = 6.0,
    target_m: float = 1.0,
) -> gpd.GeoDataFrame:
    """Return each camera's cover: its sector, as far as it can see a boat.

    Parameters
    ----------
    cameras : points (EPSG:4326) with ``heading_deg`` (clockwise from north), ``fov_deg``,
        ``range_m`` and, where known, ``height_m`` of the mast. A field of view of 360 needs no
        heading.
    land : repaired land. Where no height is known a line of sight passes over the land that the
        camera itself stands on and ends at the first land beyond the water.
    heights : heights of the land where somebody measured them (a seabed's raster knows none):
        there the line of sight is drawn over them, from the ground that the camera stands on.
    mast_m : height of a mast that nobody noted, assumed.
    target_m : height above the sea of what is looked for: a small boat's hull.

    Returns
    -------
    GeoDataFrame
        The cameras with (multi)polygons in place of points, None where heading, field of view or
        range is unknown. The earth's curvature counts, less refraction (k = 0.13). Sectors are
        cut in rays of at most one degree and steps of 5 to 25 m.
    """
    crs = working_crs(land.total_bounds)
    mask = LandMask.build(land)
    place = shapely.get_coordinates(cameras.geometry.values)
    columns = [_numbers(cameras, name) for name in ("heading_deg", "fov_deg", "range_m")]
    mast = _numbers(cameras, "height_m")
    mast = np.where(np.isnan(mast), mast_m, mast)
    ground = np.zeros(len(place))
    if heights is not None and len(place):
        ground = np.fmax(heights.sample(place[:, 0], place[:, 1]), 0.0)
    shapes: list[object] = []
    for (lon, lat), heading, fov, reach, eye in zip(
        place, *columns, mast + np.nan_to_num(ground), strict=True
    ):
        whole = fov >= 360.0
        known = np.isfinite([fov, reach, 0.0 if whole else heading]).all() and reach > 0 < fov
        if not known:
            shapes.append(None)
            continue
        rays = _rays(crs, (lon, lat), 0.0 if whole else heading, min(fov, 360.0), reach)
        seen = _seen(rays, mask, heights, eye_m=eye, target_m=target_m)
        shapes.append(_drawn(crs, (lon, lat), rays, seen))
    return gpd.GeoDataFrame(
        cameras.drop(columns=cameras.geometry.name), geometry=shapes, crs=LONLAT
    )


def _numbers(table: gpd.GeoDataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    return np.asarray(table[name].astype(float), dtype=np.float64)


def _rays(
    crs: CRS, place: tuple[float, float], heading: float, fov: float, reach_m: float
) -> _Rays:
    n = max(int(np.ceil(fov / _RAY_DEG)), _FEWEST_RAYS)
    border = np.radians(heading + (np.arange(n + 1) / n - 0.5) * fov)
    middle = (border[1:] + border[:-1]) / 2
    if fov >= 360.0:
        border[-1] = border[0]  # to the last digit, or a hair's breadth stays open
    steps = int(np.ceil(reach_m / np.clip(reach_m / _STEPS, *_STEP_M)))
    ends = np.arange(1, steps + 1) * reach_m / steps
    x, y = to_metres(crs, *place)
    lon, lat = to_lonlat(
        crs,
        (x + np.sin(middle)[:, None] * ends).ravel(),
        (y + np.cos(middle)[:, None] * ends).ravel(),
    )
    return _Rays(border, ends, lon, lat)


def _seen(
    rays: _Rays, mask: LandMask, heights: Depth | None, *, eye_m: float, target_m: float
) -> Bools:
    """Return which steps [ray, step] can be seen from the eye's height above the sea."""
    shape = (len(rays.border_rad) - 1, len(rays.ends_m))
    land = mask.contains(rays.lon, rays.lat).reshape(shape)
    height = np.full(shape, np.nan)
    if heights is not None:
        height = heights.sample(rays.lon, rays.lat).reshape(shape)
        # A seabed reaches a little into the land: what lies under the sea tells no land's height.
        height = np.where(height > 0.0, height, np.nan)
    unknown = land & np.isnan(height)
    # From its own land over the water to the first land of unknown height beyond.
    wet = np.logical_or.accumulate(~land, axis=1)
    shut = np.logical_or.accumulate(unknown & wet, axis=1)
    surface = np.where(land, np.nan_to_num(height), 0.0)
    drop = (1.0 - _REFRACTION) * rays.ends_m**2 / (2.0 * _RADIUS_M)
    slope = (surface - eye_m - drop) / rays.ends_m
    # Unknown land about the camera hides nothing.
    horizon = np.maximum.accumulate(np.where(unknown, -np.inf, slope), axis=1)
    before = np.column_stack([np.full(shape[0], -np.inf), horizon[:, :-1]])
    target = slope + target_m / rays.ends_m
    return np.asarray((target >= before) & ~shut, dtype=bool)


def _drawn(crs: CRS, place: tuple[float, float], rays: _Rays, seen: Bools) -> object:
    """Return the steps that are seen as one shape; None where there are none.

    It is built from the borders between what is seen and what is not, each corner worked out once:
    joined up from sectors, neighbouring rays of unequal length would leave slits between them.
    """
    if not seen.any():
        return None
    radius = np.r_[0.0, rays.ends_m]
    x, y = to_metres(crs, *place)
    at = np.stack(
        to_lonlat(
            crs,
            x + np.sin(rays.border_rad)[:, None] * radius,
            y + np.cos(rays.border_rad)[:, None] * radius,
        ),
        axis=-1,
    )
    # Across each border of two rays; all round, the last one's neighbour is the first.
    whole = rays.border_rad[-1] == rays.border_rad[0]
    beside = np.pad(seen, ((1, 1), (0, 0)), mode="wrap" if whole else "constant")
    ray, step = np.nonzero(beside[1:] != beside[:-1])
    once = ~whole | (ray < len(seen))
    ray, step = ray[once], step[once]
    along = np.stack([at[ray, step], at[ray, step + 1]], axis=1)
    # Across each step but the first, whose border is the camera itself.
    ray, step = np.nonzero(np.diff(np.pad(seen, ((0, 0), (0, 1))), axis=1))
    across = np.stack([at[ray, step + 1], at[ray + 1, step + 1]], axis=1)
    borders = np.asarray(shapely.linestrings(np.concatenate([along, across])), dtype=object)
    faces = shapely.get_parts(shapely.polygonize(borders))
    # Of the faces between these borders those are seen that hold a step which is.
    held = shapely.get_coordinates(shapely.point_on_surface(faces))
    east, north = np.subtract(to_metres(crs, held[:, 0], held[:, 1]), np.array([x, y])[:, None])
    turned = (np.arctan2(east, north) - rays.border_rad[0]) % (2 * np.pi)
    at_ray = (turned / (rays.border_rad[1] - rays.border_rad[0])).astype(np.int64)
    at_step = np.searchsorted(rays.ends_m, np.hypot(east, north))
    kept = seen[np.minimum(at_ray, len(seen) - 1), np.minimum(at_step, seen.shape[1] - 1)]
    # Rings that touch at a corner may cross there once they are simpler.
    return shapely.make_valid(
        shapely.simplify(shapely.multipolygons(faces[kept]), _SIMPLER_DEG), method="structure"
    )
