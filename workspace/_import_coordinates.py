"""Places given as text in degrees or metres, to degrees of WGS 84."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geo.crs import ELLIPSOID, LONLAT
from geo.errors import InputError
from geo.gcj02 import from_bd09, from_gcj02
from geo.io import likely_crs
from workspace._import_cells import angle
from workspace._import_columns import plain

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# No degree is beyond it; no place in a national grid lies so near to the grid's own zero.
_METRES_FROM = 1000.0
# A zone's places reach a little over its edge.
_AROUND_DEG = 2.0
_BACK: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {
    "gcj02": from_gcj02,
    "bd09": from_bd09,
}
_EAST = frozenset(plain(word) for word in ("东坐标", "横坐标", "easting", "经度", "lon"))


@dataclass
class Places:
    """Longitude and latitude of each row (NaN where there is none), its faults, and notes.

    Latitudes beyond 90 degrees stay where longitude and latitude are probably swapped.
    """

    lon: Floats
    lat: Floats
    faults: list[list[str]]
    notes: list[str] = field(default_factory=list)


def places(
    cells: list[dict[str, str]],
    *,
    headers: dict[str, str],
    where: str,
    crs: str | None = None,
    coordinates: Literal["wgs84", "gcj02", "bd09"] | None = None,
) -> Places:
    """Read the columns ``lon`` and ``lat`` of every row.

    Parameters
    ----------
    headers : the file's own header over each of the two.
    crs : what the numbers are in; degrees of WGS 84 where it is not given.
    coordinates : gcj02 and bd09 degrees are corrected.

    Raises
    ------
    InputError
        When the CRS is unknown or fits none of the rows, or all rows are metres without one.
    """
    faults: list[list[str]] = [[] for _ in cells]
    found = Places(*(_column(name, cells, faults) for name in ("lon", "lat")), faults)
    system = None if crs is None else _crs(crs)
    whole = np.isfinite(found.lon) & np.isfinite(found.lat)
    metres = whole & ((np.abs(found.lon) >= _METRES_FROM) | (np.abs(found.lat) >= _METRES_FROM))
    if system is not None and system.is_projected:
        _fault(found, whole & ~metres, lambda x, y: (
            f"`lon` {x:g}, `lat` {y:g} are degrees, while {crs} is in metres: give all rows in one"
        ))  # fmt: skip
        _project(found, metres, system, headers, where=where)
    else:
        if metres.any() and metres.sum() == whole.sum():
            raise InputError(
                f"the coordinates are metres ({found.lon[metres][0]:.0f}, "
                f"{found.lat[metres][0]:.0f}), and the table does not say of which grid",
                where=where,
                mend=_likely(found.lon[metres], found.lat[metres]),
            )
        _fault(found, metres, lambda x, y: (
            f"`lon` {x:.0f}, `lat` {y:.0f} are metres, while other rows are in degrees: "
            "give all rows in one"
        ))  # fmt: skip
        _in_range(found)
        if system is not None and system != LONLAT:
            _transform(found, Transformer.from_crs(system, LONLAT, always_xy=True))
    if coordinates in _BACK:
        _turn_back(found, coordinates)
    return found


def _column(name: str, cells: list[dict[str, str]], faults: list[list[str]]) -> Floats:
    out = np.full(len(cells), np.nan)
    for at, row in enumerate(cells):
        text = row.get(name, "")
        if not text:
            faults[at].append(f"`{name}` is empty")
            continue
        try:
            out[at] = angle(name, text)
        except ValueError as error:
            faults[at].append(str(error))
    return out


def _crs(name: str) -> CRS:
    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        raise InputError(
            f"the CRS {name!r} is not known",
            where="--crs",
            mend="Give a code such as EPSG:4490, or EPSG:4549 (CGCS2000, 3-degree zone, 120° E).",
        ) from error


def _fault(found: Places, rows: Bools, words: Callable[[float, float], str]) -> None:
    for at in np.flatnonzero(rows):
        found.faults[at].append(words(float(found.lon[at]), float(found.lat[at])))
        found.lon[at] = found.lat[at] = np.nan


def _in_range(found: Places) -> None:
    """Find fault with degrees that are none, but for those that look swapped."""
    swapped = (np.abs(found.lon) <= 90) & (np.abs(found.lat) > 90) & (np.abs(found.lat) <= 180)
    for name, column, most in (("lon", found.lon, 180), ("lat", found.lat, 90)):
        for at in np.flatnonzero((np.abs(column) > most) & ~swapped):
            found.faults[at].append(f"`{name}` was {column[at]:g}, expected -{most} to {most}")


def _project(
    found: Places, rows: Bools, system: CRS, headers: dict[str, str], *, where: str
) -> None:
    """Turn metres into degrees; which of two numbers is the northing, the area of the CRS tells.

    Chinese surveying calls the northing X and the easting Y, most other software the reverse.
    """
    if not rows.any():
        return
    to_degrees = Transformer.from_crs(system, LONLAT, always_xy=True)
    first, second = found.lon[rows], found.lat[rows]
    named = plain(headers.get("lon", "")) in _EAST
    ways = [(first, second)] if named else [(first, second), (second, first)]
    results = [to_degrees.transform(x, y) for x, y in ways]
    inside = [int(_inside(system, *result).sum()) for result in results]
    best = int(np.argmax(inside))
    if not inside[best]:
        raise InputError(
            f"the places ({first[0]:.0f}, {second[0]:.0f}) lie outside the area of {system.name}",
            where=where,
            mend=_likely(first, second),
        )
    found.lon[rows], found.lat[rows] = results[best]
    if best == 1:
        x, y = headers.get("lon", "x"), headers.get("lat", "y")
        found.notes.append(
            f"{x} 读作北坐标，{y} 读作东坐标（测量惯例） · {x} was read as the northing and {y} as "
            "the easting, as Chinese surveying writes them"
        )


def _inside(system: CRS, lon: Floats, lat: Floats) -> Bools:
    area = system.area_of_use
    west, south, east, north = (-180, -90, 180, 90) if area is None else area.bounds
    return np.asarray(
        np.isfinite(lon)
        & (lon >= west - _AROUND_DEG)
        & (lon <= east + _AROUND_DEG)
        & (lat >= south - _AROUND_DEG)
        & (lat <= north + _AROUND_DEG)
    )


def _likely(first: Floats, second: Floats) -> str:
    """Return which CRSs two columns of metres speak for, whichever of them is the northing."""
    a, b = np.median(first), np.median(second)
    # China's northings are 2 to 6 million metres; its eastings less, or more with the zone before.
    x, y = (second, first) if 1.5e6 < a < 7e6 and not 1.5e6 < b < 7e6 else (first, second)
    return likely_crs((float(x.min()), float(y.min()), float(x.max()), float(y.max())))


def _transform(found: Places, way: Transformer) -> None:
    sound = (np.abs(found.lon) <= 180) & (np.abs(found.lat) <= 90)
    found.lon[sound], found.lat[sound] = way.transform(found.lon[sound], found.lat[sound])


def _turn_back(found: Places, coordinates: str) -> None:
    sound = (np.abs(found.lon) <= 180) & (np.abs(found.lat) <= 90)
    if not sound.any():
        return
    lon, lat = found.lon[sound], found.lat[sound]
    back = _BACK[coordinates](lon, lat)
    _, _, moved = ELLIPSOID.inv(lon, lat, *back)
    found.lon[sound], found.lat[sound] = back
    found.notes.append(_corrected(int(sound.sum()), coordinates, float(np.median(moved))))


def _corrected(count: int, coordinates: str, moved_m: float) -> str:
    system = {"gcj02": "GCJ-02", "bd09": "BD-09"}[coordinates]
    return (
        f"{count} 处由 {system} 改正到 WGS 84，位移中数 {moved_m:.0f} 米 · {count} places "
        f"corrected from {system} to WGS 84, by {moved_m:.0f} m in the median"
    )


def correct_shapes(
    shapes: NDArray[np.object_], coordinates: Literal["wgs84", "gcj02", "bd09"] | None
) -> tuple[NDArray[np.object_], list[str]]:
    """Return lon/lat geometries corrected as ``places`` corrects points, and a note on it."""
    if coordinates not in _BACK or not len(shapes):
        return shapes, []
    vertices = shapely.get_coordinates(shapes)
    back = np.column_stack(_BACK[coordinates](vertices[:, 0], vertices[:, 1]))
    _, _, moved = ELLIPSOID.inv(*vertices.T, *back.T)
    corrected = shapely.set_coordinates(shapes.copy(), back)
    return corrected, [_corrected(len(shapes), coordinates, float(np.median(moved)))]
