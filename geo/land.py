"""Whether positions are on land."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from rasterio.features import rasterize
from rasterio.transform import Affine

from geo._edges import EdgeGrid, crossings_to_centre, edge_grid
from geo.crs import MAX_EDGE_DEG, Bools, Floats, metre_shapes, to_metres, working_crs


def land_edges(land: gpd.GeoDataFrame, crs: CRS) -> tuple[Floats, Floats, Floats, Floats]:
    """Return all edges of the land polygons in metres: ax, ay, bx, by."""
    rings = shapely.get_rings(shapely.segmentize(land.geometry.values, MAX_EDGE_DEG))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = to_metres(crs, xy[:, 0], xy[:, 1])
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    return x[edge], y[edge], x[edge + 1], y[edge + 1]


def land_raster(
    land: gpd.GeoDataFrame, crs: CRS, *, x0: float, y0: float, cell_m: float, shape: tuple[int, int]
) -> Bools:
    """Return which cells have their centre on land; row 0 is the southernmost."""
    polygons = metre_shapes(crs, shapely.segmentize(land.geometry.values, MAX_EDGE_DEG))
    raster = rasterize(
        polygons, out_shape=shape, transform=Affine(cell_m, 0, x0, 0, cell_m, y0), dtype="uint8"
    )
    return np.asarray(raster, dtype=bool)


@dataclass(frozen=True)
class LandMask:
    """Land polygons behind a grid: exact, and fast for millions of positions."""

    crs: CRS
    grid: EdgeGrid
    centre_on_land: Bools

    @classmethod
    def build(cls, land: gpd.GeoDataFrame, *, cell_m: float = 200.0) -> "LandMask":
        """Index repaired land polygons; ``cell_m`` trades memory for speed only."""
        crs = working_crs(land.total_bounds)
        grid = edge_grid(*land_edges(land, crs), cell_m=cell_m)
        centre = land_raster(
            land, crs, x0=grid.x0, y0=grid.y0, cell_m=grid.cell_m, shape=(grid.n_row, grid.n_col)
        )
        return cls(crs, grid, centre.ravel())

    def contains(self, lon: Floats, lat: Floats) -> Bools:
        """Return whether each lon/lat lies on land; a position without coordinates does not."""
        x, y = to_metres(self.crs, lon, lat)
        cell, crossed = crossings_to_centre(self.grid, x, y)
        known = cell >= 0
        inside = self.centre_on_land[np.where(known, cell, 0)] ^ (crossed % 2 == 1)
        return np.asarray(inside & known, dtype=bool)
