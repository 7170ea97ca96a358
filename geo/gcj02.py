"""Chinese map coordinates: places in GCJ-02 or BD-09, turned back and found out.

GCJ-02 (国测局坐标, "Mars coordinates") displaces WGS 84 by some hundred metres that vary from place
to place; Chinese web maps and phones give it. BD-09 displaces it once more, by about a kilometre.
The formulae are public knowledge (googollee/eviltransform; Wikipedia, "Restrictions on geographic
data in China"); both apply inside a box around China alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.crs import ELLIPSOID, Bools, Floats

# Krasovsky 1940's semi-major axis and first eccentricity squared, which GCJ-02 is worked out with.
_AXIS_M = 6_378_245.0
_ECCENTRICITY_2 = 0.00669342162296594323
# The box (degrees) that the published code takes China to be.
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_BAIDU = np.pi * 3000.0 / 180.0
# The displacement changes by some 1e-3 of a step, so that each turn wins three digits.
_TURNS = 8

# A shift is believed when this share of places comes nearer by taking it back, the median distance
# to the shore falls to this share of what it was, and no other move does as well. So chosen, places
# strewn within 600 m of real wharves are taken for shifted in 7 of 1,000 sets of five.
_NEARER_SHARE = 0.8
_FALL = 0.4
_MAX_P = 0.005
_MIN_POINTS = 5
# Moves of other lengths and directions: enough of them that p can fall below 1 / 200.
_RAYS = 32
_RINGS = np.arange(0.2, 2.01, 0.2)
_ALIKE = 0.25
_SAMPLE = 400

Offset = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Shift:
    """What speaks for places being in another system than WGS 84.

    ``system`` is ``gcj02`` or ``bd09``; ``points`` how many places were looked at; ``moved_m`` the
    median way that taking the shift back moves them; ``given_m`` and ``corrected_m`` their median
    distance (m) to the shore before and after; ``nearer`` the share that comes nearer; ``p`` the
    share of moves of other lengths and directions that bring them as near.
    """

    system: str
    points: int
    moved_m: float
    given_m: float
    corrected_m: float
    nearer: float
    p: float


def in_china(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Bools:
    """Return whether each place lies in the box in which GCJ-02 and BD-09 displace."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    return np.asarray((x >= _WEST) & (x <= _EAST) & (y >= _SOUTH) & (y <= _NORTH), dtype=bool)


def to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees as GCJ-02; outside China unchanged."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    east, north = x - 105.0, y - 35.0
    root = np.sqrt(np.abs(east))
    wave = 20.0 * np.sin(6.0 * np.pi * east) + 20.0 * np.sin(2.0 * np.pi * east)
    d_lon = (
        300.0 + east + 2.0 * north + 0.1 * east * east + 0.1 * east * north + 0.1 * root
        + (wave + 20.0 * np.sin(np.pi * east) + 40.0 * np.sin(np.pi * east / 3.0)
           + 150.0 * np.sin(np.pi * east / 12.0) + 300.0 * np.sin(np.pi * east / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    d_lat = (
        -100.0 + 2.0 * east + 3.0 * north + 0.2 * north * north + 0.1 * east * north + 0.2 * root
        + (wave + 20.0 * np.sin(np.pi * north) + 40.0 * np.sin(np.pi * north / 3.0)
           + 160.0 * np.sin(np.pi * north / 12.0)
           + 320.0 * np.sin(np.pi * north / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    phi = np.radians(y)
    w = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_2) / (w * np.sqrt(w))
    parallel_m = _AXIS_M / np.sqrt(w) * np.cos(phi)
    here = in_china(x, y)
    return (
        np.where(here, x + np.degrees(d_lon / parallel_m), x),
        np.where(here, y + np.degrees(d_lat / meridian_m), y),
    )


def from_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 degrees as WGS 84, to 1e-9 degrees of what ``to_gcj02`` makes of them."""
    return _back(to_gcj02, lon, lat)


def to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees as BD-09; outside China unchanged."""
    x, y = to_gcj02(lon, lat)
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU)
    here = in_china(lon, lat)
    return (
        np.where(here, z * np.cos(theta) + 0.0065, x),
        np.where(here, z * np.sin(theta) + 0.006, y),
    )


def from_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 degrees as WGS 84, to 1e-9 degrees of what ``to_bd09`` makes of them."""
    return _back(to_bd09, lon, lat)


def _back(
    forward: Callable[[npt.ArrayLike, npt.ArrayLike], tuple[Floats, Floats]],
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
) -> tuple[Floats, Floats]:
    """Return what ``forward`` turns into the given places; those outside China unchanged."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    here = in_china(x, y)
    back_x, back_y = x.copy(), y.copy()
    for _ in range(_TURNS):
        there_x, there_y = forward(back_x, back_y)
        back_x = np.where(here, back_x + x - there_x, x)
        back_y = np.where(here, back_y + y - there_y, y)
    return back_x, back_y


def shift_of(lon: npt.ArrayLike, lat: npt.ArrayLike, offset_m: Offset) -> Shift | None:
    """Tell whether places that ought to lie along the shore were given in GCJ-02 or BD-09.

    Taking the shift back must bring four in five places nearer to the shore, take three fifths off
    their median distance, and do so as no move of another length or direction does: places strewn
    at random, or off a shore that faces one way, come nearer by many moves, not by just this one.

    Parameters
    ----------
    lon, lat : degrees, as given. Those without coordinates or outside China do not count.
    offset_m : the distance (m) from places to the shore; not finite is taken as far away.

    Returns
    -------
    Shift, or None where fewer than five places count or nothing speaks for a shift.
    """
    x, y = np.asarray(lon, dtype=np.float64).ravel(), np.asarray(lat, dtype=np.float64).ravel()
    here = in_china(x, y)
    # Places given many times over are one witness.
    places = np.unique(np.column_stack([x[here], y[here]]), axis=0)
    if len(places) < _MIN_POINTS:
        return None
    if len(places) > _SAMPLE:
        places = places[np.linspace(0, len(places) - 1, _SAMPLE).astype(np.int64)]
    x, y = places.T
    given = _far(offset_m(x, y))
    found = [
        one
        for system, back in (("gcj02", from_gcj02), ("bd09", from_bd09))
        if (one := _weigh(system, back(x, y), x, y, given, offset_m)) is not None
    ]
    return min(found, key=lambda one: one.corrected_m, default=None)


def _weigh(
    system: str, back: tuple[Floats, Floats], x: Floats, y: Floats, given: Floats, offset_m: Offset
) -> Shift | None:
    """Return the shift where all that speaks for it is there."""
    corrected = _far(offset_m(*back))
    nearer = float((corrected < given).mean())
    before, after = float(np.median(given)), float(np.median(corrected))
    if nearer < _NEARER_SHARE or after > _FALL * before:
        return None
    bearing, _, apart = ELLIPSOID.inv(x, y, *back)
    moved = float(np.median(apart))
    # Beyond half the move a place is nowhere near, however far.
    cap = moved / 2.0
    near = np.minimum(corrected, cap).mean()
    ring, ray = (one.ravel() for one in np.meshgrid(_RINGS, np.arange(_RAYS) * 2.0 * np.pi / _RAYS))
    other = np.hypot(ring * np.cos(ray) - 1.0, ring * np.sin(ray)) > _ALIKE
    ring, ray = np.append(ring[other], 0.0), np.append(ray[other], 0.0)
    try_x, try_y, _ = ELLIPSOID.fwd(
        np.tile(x, len(ring)),
        np.tile(y, len(ring)),
        np.tile(bearing, len(ring)) + np.repeat(np.degrees(ray), len(x)),
        np.tile(apart, len(ring)) * np.repeat(ring, len(x)),
    )
    tried = _far(offset_m(np.asarray(try_x), np.asarray(try_y))).reshape(len(ring), len(x))
    as_near = int((np.minimum(tried, cap).mean(axis=1) <= near).sum())
    p = (1 + as_near) / (1 + len(ring))
    if p > _MAX_P:
        return None
    return Shift(system, len(x), moved, before, after, nearer, p)


def _far(distance_m: Floats) -> Floats:
    """Return distances with those that are not known as endlessly far."""
    out = np.asarray(distance_m, dtype=np.float64)
    return np.where(np.isfinite(out), out, np.inf)
