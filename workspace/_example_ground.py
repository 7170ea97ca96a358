"""The example's townships, villages and roads: made, on real land."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from scipy.spatial import Delaunay, cKDTree

from geo.crs import metre_shapes, to_lonlat, working_crs

Floats = npt.NDArray[np.float64]
TOWNSHIPS = 12
GRIDS = 24
#: Grids that have no post, so that there is something to be listed.
BARE_GRIDS = 2
VILLAGES = 120
# Near waters belong to a grid, and its outline need not follow every rock.
_OUT_M = 1_000.0
_OUTLINE_M = 300.0
_APART_M = 1_800.0
_ROAD_M = 15_000.0
_COAST_ROAD_M = 300.0
_SMALLEST_M2 = 2e6
_ALONG = "示例环岸路"
_ROAD_KMH = {True: 40.0, False: 60.0}


def make_ground(
    land: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, seed: int
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return townships and villages as one layer with levels, and roads.

    Villages are the cells about places drawn on land, townships the villages nearest to one of
    some real places, which name them. Roads join neighbouring villages where they stay on land,
    and follow the shore inland; all EPSG:4326.
    """
    rng = np.random.default_rng(seed)
    crs = working_crs(land.total_bounds.tolist())
    parts = shapely.get_parts(shapely.union_all(metre_shapes(crs, land.geometry.to_numpy())))
    firm = shapely.union_all(parts[shapely.area(parts) > _SMALLEST_M2])
    seats = shapely.get_coordinates(metre_shapes(crs, places.geometry.to_numpy()))
    on_land = shapely.intersects_xy(firm, *seats.T)
    named = places[on_land].reset_index(drop=True)
    seats = seats[on_land]
    homes = _homes(firm, rng)
    chosen = _spread(seats, TOWNSHIPS)
    township = cKDTree(seats[chosen]).query(homes)[1]

    outline = _outline(firm)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(homes), extend_to=outline, ordered=True)
    )
    villages = shapely.intersection(cells, outline)
    towns = [shapely.union_all(cells[township == n]) for n in range(TOWNSHIPS)]
    towns = shapely.intersection(np.array(towns, dtype=object), outline)
    ids = [f"T{n + 1}" for n in range(TOWNSHIPS)]
    near = [str(named["name_zh"][k] or named["name"][k]).split(";")[0] for k in chosen]
    layer = gpd.GeoDataFrame(
        {
            "grid_id": [*ids, *(f"V{n + 1:03d}" for n in range(len(homes)))],
            "name": [
                *(f"示例镇{n + 1:02d}（{name}一带）" for n, name in enumerate(near)),
                *(f"示例村{n + 1:03d}" for n in range(len(homes))),
            ],
            "name_en": [
                *(f"Example township {n + 1:02d}" for n in range(TOWNSHIPS)),
                *(f"Example village {n + 1:03d}" for n in range(len(homes))),
            ],
            "level": ["township"] * TOWNSHIPS + ["village"] * len(homes),
            "township": [None] * TOWNSHIPS + [ids[n] for n in township],
            "head_unit": "示例网格办",
        },
        geometry=_degrees(crs, np.concatenate([towns, villages])),
        crs=4326,
    )
    roads = _roads(firm, homes)
    shapes = [shape for _, shape in roads]
    names = [name for name, _ in roads]
    fast = [_ROAD_KMH[name.startswith(_ALONG)] for name in names]
    drawn = _degrees(crs, np.array(shapes, dtype=object))
    return layer, gpd.GeoDataFrame({"name": names, "speed_kmh": fast}, geometry=drawn, crs=4326)


def _outline(firm: shapely.Geometry) -> shapely.Geometry:
    """Return land with its near waters, without lakes and narrow bays."""
    wide = shapely.buffer(firm, 2 * _OUT_M, quad_segs=2)
    smooth = shapely.simplify(shapely.buffer(wide, -_OUT_M, quad_segs=2), _OUTLINE_M)
    shells = shapely.get_exterior_ring(shapely.get_parts(smooth))
    return shapely.union_all(shapely.polygons(shells))


def _degrees(crs: CRS, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(to_lonlat(crs, xy[:, 0], xy[:, 1]))),
        dtype=object,
    )


def _homes(firm: shapely.Geometry, rng: np.random.Generator) -> Floats:
    """Draw places on land, none near another."""
    west, south, east, north = shapely.bounds(firm)
    kept = np.empty((0, 2))
    for x, y in rng.uniform([west, south], [east, north], (40 * VILLAGES, 2)):
        if len(kept) == VILLAGES:
            break
        far = not len(kept) or np.hypot(*(kept - [x, y]).T).min() > _APART_M
        if far and shapely.intersects_xy(firm, x, y):
            kept = np.vstack([kept, [x, y]])
    return kept


def _spread(places: Floats, count: int) -> list[int]:
    """Return places far from one another: each the furthest from those before it."""
    chosen = [0]
    apart = np.hypot(*(places - places[0]).T)
    while len(chosen) < count:
        chosen.append(int(apart.argmax()))
        apart = np.minimum(apart, np.hypot(*(places - places[chosen[-1]]).T))
    return chosen


def _roads(firm: shapely.Geometry, homes: Floats) -> list[tuple[str, shapely.Geometry]]:
    begin, near = Delaunay(homes).vertex_neighbor_vertices
    one = np.repeat(np.arange(len(homes)), np.diff(begin))
    one, two = one[one < near], near[one < near]
    lines = np.asarray(shapely.linestrings(np.stack([homes[one], homes[two]], axis=1)))
    shapely.prepare(firm)
    lines = lines[(shapely.length(lines) < _ROAD_M) & shapely.covers(firm, lines)]
    inland = shapely.get_parts(shapely.buffer(firm, -_COAST_ROAD_M, quad_segs=1))
    west, south, east, north = shapely.bounds(firm)
    # Where the layer of land ends there is no shore.
    frame = shapely.box(
        west + 2 * _COAST_ROAD_M, south + 2 * _COAST_ROAD_M,
        east - 2 * _COAST_ROAD_M, north - 2 * _COAST_ROAD_M,
    )  # fmt: skip
    rings = shapely.get_exterior_ring(inland[shapely.area(inland) > _SMALLEST_M2])
    lines_along = shapely.line_merge(
        shapely.intersection(shapely.simplify(rings, _COAST_ROAD_M / 3), frame)
    )
    shores = shapely.get_parts(lines_along)
    return [
        *((f"示例村道{n:03d}", line) for n, line in enumerate(lines.tolist(), start=1)),
        *((f"{_ALONG}{n:02d}", line) for n, line in enumerate(shores.tolist(), start=1)),
    ]
