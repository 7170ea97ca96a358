"""What can be wrong with a layer's shapes: found, named with its place, and mended."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from geo.crs import Bools

_NEAR_DEG = 1.0


def swapped(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    bounds: Sequence[float],
    *,
    near_deg: float = _NEAR_DEG,
) -> Bools:
    """Return which places lie in or near a box only when longitude and latitude change places.

    Parameters
    ----------
    lon, lat : degrees as given, arrays or single numbers.
    bounds : (min_lon, min_lat, max_lon, max_lat), the box where places are expected.
    near_deg : how far (degrees) outside the box still counts as near.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south, east, north = bounds

    def near(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> Bools:
        inside = (a >= west - near_deg) & (a <= east + near_deg)
        return np.asarray(inside & (b >= south - near_deg) & (b <= north + near_deg), dtype=bool)

    return np.asarray(near(y, x) & ~near(x, y), dtype=bool)
