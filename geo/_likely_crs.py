"""Telling from the size of a layer's numbers which CRS they may be in."""

from collections.abc import Sequence

import numpy as np


def likely_crs(bounds: Sequence[float]) -> str:
    """Return, as a sentence to act on, the CRSs that the size of a layer's numbers speaks for.

    CGCS2000's 3-degree zones are EPSG:4513 to 4533 with the zone's number (25 to 45) before the
    easting, and EPSG:4534 to 4554 without, by central meridian 75 to 135; its 6-degree zones 13
    to 23 are EPSG:4491 to 4501 (EPSG Geodetic Parameter Registry).

    Parameters
    ----------
    bounds : (min_x, min_y, max_x, max_y) as the layer has them.
    """
    west, south, east, north = (float(one) for one in bounds)
    if not np.isfinite([west, south, east, north]).all():
        return "Its numbers are not finite; save it again with its CRS."
    if max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        return (
            "The numbers are degrees: give --crs EPSG:4490 (CGCS2000) or --crs EPSG:4326 (WGS 84), "
            "or add the .prj file."
        )
    if max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180:
        return "The numbers are degrees with latitude first; save it with longitude first."
    if west >= 1e6 and east <= 7e6 and (2.4e5 <= south < north <= 8e5 or south > 1.2e7):
        return (
            "The numbers are metres with the northing (X) first; save it with the easting first, "
            "and with its CRS."
        )
    return _likely_metres(west, east)


def _likely_metres(west: float, east: float) -> str:
    """Return what eastings in metres speak for."""
    zone, last = int(west // 1e6), int(east // 1e6)
    if zone == last and 25 <= zone <= 45:
        return (
            f"The eastings begin with {zone}: give --crs EPSG:{4513 + zone - 25} (CGCS2000, "
            f"3-degree zone {zone}, central meridian {3 * zone}), or add the .prj file."
        )
    if zone == last and 16 <= zone <= 23:
        return (
            f"The eastings begin with {zone}: give --crs EPSG:{4491 + zone - 13} (CGCS2000, "
            f"6-degree zone {zone}, central meridian {6 * zone - 3}), or add the .prj file."
        )
    if west >= 2e5 and east <= 8e5:
        return (
            "The numbers are metres without a zone's number: for CGCS2000 in 3-degree zones give "
            "--crs EPSG:4534 to EPSG:4554 by central meridian (117: EPSG:4548, 120: EPSG:4549, "
            "123: EPSG:4550), for UTM EPSG:32649 to EPSG:32651; ask whoever made the layer."
        )
    if west >= 8.0e6 and east <= 1.51e7:
        return "The numbers may be Web Mercator: give --crs EPSG:3857, or add the .prj file."
    return "Ask whoever made the layer for its CRS, and give it with --crs."
