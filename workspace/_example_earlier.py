"""The example's earlier survey of the same coast: made, so that there is a change to look at."""

import geopandas as gpd
import numpy as np
import shapely

from geo.crs import LONLAT, metre_shapes, to_lonlat, working_crs

# A vertex of the earlier survey lies this far off at most; a third of the shipped coast's error.
_OFF_M = 15.0
_RECLAIMED, _DREDGED, _UNSEEN = 6, 3, 5
_BAY_M = (350.0, 800.0)
_EDGE_DEG = 1e-3


def earlier_survey(land: gpd.GeoDataFrame, *, seed: int) -> gpd.GeoDataFrame:
    """Return land as an earlier survey might have drawn it: made up, and nothing else.

    Every vertex is moved a little; six bays have not been reclaimed yet, three headlands still
    stand, and five islets have been overlooked.

    Parameters
    ----------
    land : polygons, EPSG:4326, the largest first; kept within their own bounds.
    """
    rng = np.random.default_rng([seed, 303])
    crs = working_crs(land.total_bounds)
    shapes = metre_shapes(crs, land.geometry.values)
    bounds = land.total_bounds
    box = shapely.box(*shapely.total_bounds(shapes)).buffer(-2_000.0)
    shore = shapely.boundary(shapes[0])
    places = shapely.line_interpolate_point(shore, rng.random(200), normalized=True)
    places = places[shapely.contains(box, places)][: _RECLAIMED + _DREDGED]
    spots = shapely.buffer(places, rng.uniform(*_BAY_M, len(places)), quad_segs=6)
    mainland = shapely.difference(shapes[0], shapely.union_all(spots[:_RECLAIMED]))
    mainland = shapely.union_all([mainland, *spots[_RECLAIMED:]])
    islets = np.flatnonzero((shapely.area(shapes) < 2e5) & shapely.contains(box, shapes))
    overlooked = rng.choice(islets, size=min(_UNSEEN, len(islets)), replace=False)
    rest = np.delete(shapes, [0, *overlooked.tolist()])
    whole = np.array([mainland, *rest], dtype=object)

    def drawn(xy: np.ndarray) -> np.ndarray:
        # Equal places move alike: rings stay closed.
        _, first, again = np.unique(xy, axis=0, return_index=True, return_inverse=True)
        off = rng.uniform(-_OFF_M, _OFF_M, (len(first), 2)) / np.sqrt(2.0)
        moved = np.column_stack(to_lonlat(crs, *(xy + off[again.ravel()]).T))
        still = np.column_stack(to_lonlat(crs, *xy.T))
        # The edge that the layer was cut along is no shore, and nobody surveys it.
        inside = ((still > bounds[:2] + _EDGE_DEG) & (still < bounds[2:] - _EDGE_DEG)).all(axis=1)
        return np.where(inside[:, None], moved, still)

    return gpd.GeoDataFrame(geometry=list(shapely.transform(whole, drawn)), crs=LONLAT)
