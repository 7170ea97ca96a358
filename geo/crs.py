"""Metre coordinates for one coast."""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.enums import TransformDirection

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

LONLAT = CRS.from_epsg(4326)
ELLIPSOID = Geod(ellps="WGS84")

# Straight in lon/lat and straight in a metre CRS part by a millimetre over this length (some
# 1 km), so that a place and its chainage agree whichever of the two they are worked out in.
MAX_EDGE_DEG = 0.01
# A transverse Mercator's scale is off by (x / R)**2 / 2: 0.3 % half-way across this width.
_TMERC_WIDTH_M = 1_000_000


def working_crs(bounds: Sequence[float]) -> CRS:
    """Return a metre CRS centred on a lon/lat box.

    Transverse Mercator with scale 1 on the box's own meridian (error below 0.02 % for a box of
    250 km, 0.3 % at 1,000 km), Lambert's azimuthal projection for anything wider. Lengths that
    are kept (chainage) are measured on the ellipsoid and do not pass through this projection.

    Parameters
    ----------
    bounds : (min_lon, min_lat, max_lon, max_lat), degrees.
    """
    lon0, lat0, lon1, lat1 = bounds
    lon, lat = (lon0 + lon1) / 2, (lat0 + lat1) / 2
    _, _, width_m = ELLIPSOID.inv(lon0, lat, lon1, lat)
    name = "tmerc" if width_m <= _TMERC_WIDTH_M else "laea"
    return CRS.from_dict(
        {"proj": name, "lon_0": lon, "lat_0": lat, "ellps": "WGS84", "units": "m", "type": "crs"}
    )


def to_metres(crs: CRS, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Project lon/lat degrees to x, y metres of ``crs``."""
    x, y = _between(crs.srs).transform(lon, lat)
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def to_lonlat(crs: CRS, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return lon/lat degrees of x, y metres of ``crs``."""
    lon, lat = _between(crs.srs).transform(x, y, direction=TransformDirection.INVERSE)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def metre_shapes(crs: CRS, shapes: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Return lon/lat geometries in metres of ``crs``."""

    def moved(xy: Floats) -> Floats:
        return np.column_stack(to_metres(crs, xy[:, 0], xy[:, 1]))

    return np.asarray(shapely.transform(np.asarray(shapes, dtype=object), moved), dtype=object)


@cache
def _between(srs: str) -> Transformer:
    # Making one costs as much as transforming ten thousand places.
    return Transformer.from_crs(LONLAT, CRS.from_user_input(srs), always_xy=True)


def step_lengths(lonlat: Floats, line: Ints) -> Floats:
    """Return the geodesic length (m) from each vertex to the next of its line, 0 at line ends.

    ``lonlat`` is (n, 2) degrees with the vertices of each line together, ``line`` their line's
    number.
    """
    steps = np.zeros(len(lonlat))
    if len(lonlat) > 1:
        _, _, steps[:-1] = ELLIPSOID.inv(
            lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1]
        )
        steps[:-1][line[1:] != line[:-1]] = 0.0
    return steps
