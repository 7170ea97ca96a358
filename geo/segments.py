"""Shorelines cut to segments of about equal length."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.crs import ELLIPSOID, LONLAT, Floats, Ints, step_lengths
from geo.geohash import unique_geohash

# Where the chord is shorter than this share of the segment (a whole small island, a cove), the
# segment looks every way and has no facing.
_MIN_CHORD_SHARE = 0.2


def vertex_chainage(shorelines: gpd.GeoDataFrame) -> tuple[Floats, Ints, Floats]:
    """Return all vertices of the shorelines: lon/lat (n, 2), row of the shoreline, chainage (m).

    Chainage is geodesic (WGS 84) along the line from its first vertex.
    """
    xy, line = shapely.get_coordinates(shorelines.geometry.values, return_index=True)
    steps = step_lengths(xy, line)
    along = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    first = np.searchsorted(line, np.arange(len(shorelines)))
    return xy, line, along - along[first][line]


def interpolate(
    xy: Floats, line: Ints, chainage_m: Floats, *, on_line: Ints, at_m: Floats
) -> Floats:
    """Return lon/lat (k, 2) at a chainage on each of ``on_line``, clamped to the line's ends.

    The first three arguments are those of ``vertex_chainage``.
    """
    first = np.searchsorted(line, on_line, side="left")
    last = np.searchsorted(line, on_line, side="right") - 1
    # One sorted key for all lines: each line's chainages are moved behind the last one's end.
    ends = np.searchsorted(line, np.arange(line[-1] + 1), side="right") - 1
    offset = np.concatenate([[0.0], np.cumsum(chainage_m[ends] + 1.0)])
    at_m = np.clip(at_m, 0.0, chainage_m[last])
    edge = np.searchsorted(chainage_m + offset[line], at_m + offset[on_line], side="right") - 1
    edge = np.clip(edge, first, last - 1)
    span = chainage_m[edge + 1] - chainage_m[edge]
    share = np.where(span > 0, (at_m - chainage_m[edge]) / np.where(span > 0, span, 1.0), 0.0)
    out: Floats = xy[edge] + (xy[edge + 1] - xy[edge]) * share[:, None]
    return out


def segments(shorelines: gpd.GeoDataFrame, *, length_m: float = 500.0) -> gpd.GeoDataFrame:
    """Cut shorelines into equal segments of about ``length_m`` metres.

    Returns
    -------
    GeoDataFrame
        ``segment_id, shoreline_id, from_m, to_m, length_m, facing_deg, lon, lat`` and LineStrings
        (EPSG:4326), sorted by shoreline and chainage. ``facing_deg`` is the bearing of the sea,
        at a right angle to the chord, null where the shore turns on itself. ``lon, lat`` is the
        point half-way along. The id is the geohash of that point: it depends on nothing but the
        place.
    """
    total = shorelines["length_m"].to_numpy(dtype=np.float64)
    count = np.maximum(1, np.rint(total / length_m)).astype(np.int64)
    owner = np.repeat(np.arange(len(total)), count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    each = (total / count)[owner]
    last = number + 1 == count[owner]
    return cut_at(
        shorelines,
        owner,
        from_m=number * each,
        to_m=np.where(last, total[owner], (number + 1) * each),
    )


def cut_at(
    shorelines: gpd.GeoDataFrame, owner: Ints, *, from_m: Floats, to_m: Floats
) -> gpd.GeoDataFrame:
    """Cut shorelines at given chainages; see ``segments`` for what is returned.

    Parameters
    ----------
    owner : row of the shoreline of each segment, ascending; every shoreline has one at least.
    from_m, to_m : chainages that cover each shoreline without gap, ascending.
    """
    xy, line, chainage = vertex_chainage(shorelines)
    start = interpolate(xy, line, chainage, on_line=owner, at_m=from_m)
    middle = interpolate(xy, line, chainage, on_line=owner, at_m=(from_m + to_m) / 2)
    end = interpolate(xy, line, chainage, on_line=owner, at_m=to_m)

    inside = segment_of(owner, from_m, to_m, on_line=line, at_m=chainage)
    # A shoreline's own vertices, less those that a cut repeats.
    own = (chainage > from_m[inside] + 1e-6) & (chainage < to_m[inside] - 1e-6)
    rows = np.arange(len(owner))
    which = np.concatenate([rows, inside[own], rows])
    points = np.concatenate([start, xy[own], end])
    order = np.lexsort((np.concatenate([from_m, chainage[own], to_m]), which))
    lines = shapely.linestrings(points[order], indices=which[order])

    ids = shorelines["shoreline_id"].to_numpy()
    return gpd.GeoDataFrame(
        {
            "segment_id": pd.Series(unique_geohash("G", middle[:, 0], middle[:, 1]), dtype="str"),
            "shoreline_id": pd.Series(ids[owner], dtype="str"),
            "from_m": from_m,
            "to_m": to_m,
            "length_m": to_m - from_m,
            "facing_deg": _facing(start, end, to_m - from_m),
            "lon": middle[:, 0],
            "lat": middle[:, 1],
        },
        geometry=np.asarray(lines, dtype=object),
        crs=LONLAT,
    )


def segment_of(owner: Ints, from_m: Floats, to_m: Floats, *, on_line: Ints, at_m: Floats) -> Ints:
    """Return the row of the segment at a chainage on each of ``on_line``, clamped to its line.

    ``owner, from_m, to_m`` are as for ``cut_at``.
    """
    first = np.searchsorted(owner, on_line, side="left")
    last = np.searchsorted(owner, on_line, side="right") - 1
    # One sorted key for all lines: each line's chainages are moved behind the last one's end.
    lines = int(owner[-1]) + 1
    ends = np.searchsorted(owner, np.arange(lines), side="right") - 1
    offset = np.concatenate([[0.0], np.cumsum(to_m[ends] + 1.0)])
    at_m = np.clip(at_m, 0.0, to_m[last])
    found = np.searchsorted(from_m + offset[owner], at_m + offset[on_line], side="right") - 1
    out: Ints = np.clip(found, first, last)
    return out


def _facing(start: Floats, end: Floats, length_m: Floats) -> Floats:
    """Return the seaward bearing (degrees, land on the left of start to end), NaN where none."""
    forward, _, chord_m = ELLIPSOID.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    facing = (np.asarray(forward) + 90.0) % 360.0
    return np.where(np.asarray(chord_m) >= _MIN_CHORD_SHARE * length_m, facing, np.nan)
