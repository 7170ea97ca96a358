"""What lies about a segment: the way to a road or settlement, and the kind of shore."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.crs import LONLAT, MAX_EDGE_DEG, Floats, metre_shapes, working_crs

# Places at which a segment asks for its kind of shore: a third and a quarter are told apart.
_SHARES = (np.arange(12) + 0.5) / 12


def distances(
    segments: gpd.GeoDataFrame, features: gpd.GeoDataFrame, *, max_m: float = 50_000.0
) -> Floats:
    """Return how far (m, straight) each segment is from the nearest of some features.

    Parameters
    ----------
    segments : lines, EPSG:4326; the nearest place of the line counts.
    features : roads, settlements: points, lines or polygons in any CRS. Empty and missing shapes
        are passed over.
    max_m : how far to look.

    Returns
    -------
    ndarray
        0 inside a polygon; NaN where nothing is within ``max_m``.
    """
    out = np.full(len(segments), np.nan)
    drawn = _drawn(features)
    if len(drawn) and len(segments):
        crs = working_crs(segments.total_bounds)
        tree = shapely.STRtree(_in_metres(crs, drawn))
        lines = metre_shapes(crs, segments.geometry.values)
        (row, _), apart_m = tree.query_nearest(
            lines, max_distance=max_m, return_distance=True, all_matches=False
        )
        out[row] = apart_m
    return out


def shore_types(
    segments: gpd.GeoDataFrame,
    features: gpd.GeoDataFrame,
    *,
    column: str = "shore_type",
    tolerance_m: float = 100.0,
) -> list[str | None]:
    """Return the kind of shore that holds for the greatest part of each segment.

    Twelve places along the segment each take the kind of the nearest feature (classified lines
    or areas) within ``tolerance_m``; the most frequent kind counts, of equals the first by
    name. None where no place finds any, or where most find none.
    """
    drawn = _drawn(features.dropna(subset=[column]))
    if not len(drawn) or not len(segments):
        return [None] * len(segments)
    crs = working_crs(segments.total_bounds)
    kinds, code = np.unique(drawn[column].astype(str).to_numpy(dtype=np.str_), return_inverse=True)
    lines = metre_shapes(crs, segments.geometry.values)
    length = shapely.length(lines)
    points = shapely.line_interpolate_point(lines[:, None], length[:, None] * _SHARES).ravel()
    place, feature = shapely.STRtree(_in_metres(crs, drawn)).query_nearest(
        points, max_distance=tolerance_m, all_matches=False
    )
    votes = np.zeros((len(segments), len(kinds)), dtype=np.int64)
    np.add.at(votes, (place // len(_SHARES), code[feature]), 1)
    best = votes.argmax(axis=1)
    enough = votes.sum(axis=1) * 2 > len(_SHARES)
    return [str(kinds[kind]) if known else None for kind, known in zip(best, enough, strict=True)]


def _drawn(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the features that have a shape, in EPSG:4326."""
    shapes = np.asarray(features.geometry.values, dtype=object)
    drawn = features[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    return drawn if drawn.crs is None else drawn.to_crs(LONLAT)


def _in_metres(crs: CRS, features: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return metre_shapes(crs, shapely.segmentize(features.geometry.values, MAX_EDGE_DEG))
