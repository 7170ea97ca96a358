"""Short names for places, so that an id depends on where a thing is and on nothing else."""

import numpy as np

from geo.crs import Floats

_ALPHABET = np.array(list("0123456789bcdefghjkmnpqrstuvwxyz"))


def geohash(lon: Floats, lat: Floats, *, length: int = 9) -> list[str]:
    """Return the geohash of each place; nine letters are a cell of some 4.8 m.

    Source: G. Niemeyer, geohash.org (2008): longitude and latitude bits interleaved, longitude
    first, five bits to a letter.
    """
    bits = 5 * length
    n_lon, n_lat = (bits + 1) // 2, bits // 2
    x = np.clip((lon + 180.0) / 360.0 * 2.0**n_lon, 0, 2.0**n_lon - 1).astype(np.uint64)
    y = np.clip((lat + 90.0) / 180.0 * 2.0**n_lat, 0, 2.0**n_lat - 1).astype(np.uint64)
    letters = np.zeros((len(x), length), dtype=np.int64)
    for bit in range(bits):
        source, left = (x, n_lon) if bit % 2 == 0 else (y, n_lat)
        value = (source >> np.uint64(left - 1 - bit // 2)) & np.uint64(1)
        letters[:, bit // 5] = letters[:, bit // 5] * 2 + value.astype(np.int64)
    return ["".join(row) for row in _ALPHABET[letters]]


def unique_geohash(prefix: str, lon: Floats, lat: Floats) -> list[str]:
    """Return geohashes behind a prefix; places in one cell are told apart by a letter."""
    seen: dict[str, int] = {}
    names = []
    for code in geohash(lon, lat):
        again = seen.get(code, 0)
        seen[code] = again + 1
        names.append(f"{prefix}{code}" + ("" if again == 0 else f".{again + 1}"))
    return names
