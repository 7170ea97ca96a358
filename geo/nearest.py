"""From a position to its place on the coast, and back."""

from dataclasses import dataclass
from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geo._edges import EdgeGrid, edge_grid, nearest_edge
from geo.crs import Floats, Ints, to_metres, working_crs
from geo.segments import interpolate, segment_of, vertex_chainage

_CELL_M = 500.0


class Nearest(NamedTuple):
    """The nearest shore of each position; -1, inf and NaN where none is within reach."""

    segment: NDArray[np.int32]
    shoreline: NDArray[np.int32]
    distance_m: Floats
    chainage_m: Floats
    bearing_deg: Floats


@dataclass(frozen=True)
class ShoreIndex:
    """The shore's edges in a grid, with shoreline, chainage and segment of each."""

    crs: CRS
    grid: EdgeGrid
    xy: Floats
    line: Ints
    chainage_m: Floats
    edge_vertex: Ints
    segment_line: Ints
    from_m: Floats
    to_m: Floats

    @classmethod
    def build(cls, shorelines: gpd.GeoDataFrame, segments: gpd.GeoDataFrame) -> "ShoreIndex":
        """Index a coast; ``segments`` are those cut from just these ``shorelines``, in order."""
        xy, line, chainage = vertex_chainage(shorelines)
        crs = working_crs(shorelines.total_bounds)
        x, y = to_metres(crs, xy[:, 0], xy[:, 1])
        edge_vertex = np.flatnonzero(line[1:] == line[:-1])
        grid = edge_grid(
            x[edge_vertex], y[edge_vertex], x[edge_vertex + 1], y[edge_vertex + 1], cell_m=_CELL_M
        )
        order = {name: row for row, name in enumerate(shorelines["shoreline_id"])}
        owner = np.array([order[name] for name in segments["shoreline_id"]], dtype=np.int64)
        return cls(
            crs,
            grid,
            xy,
            line,
            chainage,
            edge_vertex,
            owner,
            segments["from_m"].to_numpy(dtype=np.float64),
            segments["to_m"].to_numpy(dtype=np.float64),
        )

    def nearest(self, lon: Floats, lat: Floats, *, max_m: float) -> Nearest:
        """Return the nearest shore within ``max_m`` metres of each lon/lat."""
        x, y = to_metres(self.crs, lon, lat)
        edge, distance, share = nearest_edge(self.grid, x, y, max_m)
        hit = edge >= 0
        at = np.where(hit, edge, 0)
        vertex = self.edge_vertex[at]
        start = self.chainage_m[vertex]
        chainage = np.where(hit, start + share * (self.chainage_m[vertex + 1] - start), np.nan)
        shoreline = np.where(hit, self.line[vertex], -1).astype(np.int32)
        g = self.grid
        east = g.ax[at] + share * (g.bx[at] - g.ax[at]) - x
        north = g.ay[at] + share * (g.by[at] - g.ay[at]) - y
        bearing = np.where(hit, np.degrees(np.arctan2(east, north)) % 360.0, np.nan)
        return Nearest(self.segment_at(shoreline, chainage), shoreline, distance, chainage, bearing)

    def off_shore_m(self, lon: Floats, lat: Floats, *, max_m: float = 30_000.0) -> Floats:
        """Return how far off the shore each lon/lat is, in metres; infinite beyond ``max_m``."""
        return self.nearest(lon, lat, max_m=max_m).distance_m

    def locate(self, shoreline: Ints, chainage_m: Floats) -> tuple[Floats, Floats]:
        """Return lon, lat of a chainage on a shoreline (its row number)."""
        point = interpolate(
            self.xy,
            self.line,
            self.chainage_m,
            on_line=np.asarray(shoreline, dtype=np.int64),
            at_m=np.asarray(chainage_m, dtype=np.float64),
        )
        return point[:, 0], point[:, 1]

    def segment_at(self, shoreline: NDArray[np.int32], chainage_m: Floats) -> NDArray[np.int32]:
        """Return the row of the segment at a chainage on a shoreline (its row); -1 for none."""
        hit = shoreline >= 0
        row = segment_of(
            self.segment_line,
            self.from_m,
            self.to_m,
            on_line=np.where(hit, shoreline, 0).astype(np.int64),
            at_m=np.nan_to_num(chainage_m),
        )
        return np.where(hit, row, -1).astype(np.int32)
