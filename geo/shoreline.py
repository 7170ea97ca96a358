"""Land polygons to shorelines: rings and open lines with the land to their left."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.crs import LONLAT, MAX_EDGE_DEG, Bools, Floats, Ints, step_lengths
from geo.errors import InputError, Refusal
from geo.geohash import unique_geohash

# The layer's bounding box is a cut through the land when an edge along it is this many times
# longer than the layer's median edge: nature does not draw such lines just there.
_CUT_EDGE_RATIO = 20.0
_ON_SIDE_DEG = 1e-7
_MAINLAND_SHARE = 0.1


def repair_land(land: gpd.GeoDataFrame, *, name: str) -> tuple[gpd.GeoDataFrame, list[Refusal]]:
    """Return valid land polygons, dissolved where they touch, and what had to be mended.

    Parameters
    ----------
    land : polygons in any CRS; lines and points are refused row by row.
    name : the layer's name for messages.

    Raises
    ------
    InputError
        When the layer has no CRS, lies outside lon/lat bounds, or keeps no polygon at all.
    """
    if land.crs is None:
        raise InputError(
            "the layer has no coordinate reference system",
            where=name,
            mend="Save it with its CRS (EPSG:4326, or CGCS2000 EPSG:4490), or add the .prj file.",
        )
    geometry = np.asarray(land.to_crs(LONLAT).geometry.values, dtype=object)
    polygonal = np.isin(shapely.get_type_id(geometry), [3, 6]) & ~shapely.is_empty(geometry)
    refused = [
        Refusal(
            name,
            int(row) + 1,
            "not_a_polygon",
            f"the feature is {_kind(geometry[row])}",
            "Give land as polygons; a line layer must be closed to polygons first.",
        )
        for row in np.flatnonzero(~polygonal)
    ]
    endless = polygonal & ~np.isfinite(shapely.bounds(geometry)).all(axis=1)
    refused += [
        Refusal(
            name,
            int(row) + 1,
            "bad_coordinates",
            "a coordinate is not a finite number",
            "Draw the feature anew, or see that its CRS is right.",
        )
        for row in np.flatnonzero(endless)
    ]
    polygonal &= ~endless
    for row in np.flatnonzero(polygonal & _wraps(geometry, polygonal)):
        raise InputError(
            "the polygon has an edge across more than 180 degrees of longitude",
            where=f"{name}, feature {row + 1}",
            mend="Where it crosses the antimeridian, cut it at 180 degrees and give one side.",
        )
    invalid = polygonal & ~shapely.is_valid(geometry)
    for row in np.flatnonzero(invalid):
        reason = shapely.is_valid_reason(geometry[row])
        refused.append(
            Refusal(
                name,
                int(row) + 1,
                "repaired_ring",
                f"the ring is invalid: {reason}",
                "It was repaired (both lobes kept); check the coast at that place.",
            )
        )
    geometry[invalid] = shapely.make_valid(
        geometry[invalid], method="structure", keep_collapsed=False
    )
    parts = shapely.get_parts(shapely.union_all(geometry[polygonal]))
    parts = parts[shapely.get_type_id(parts) == 3]
    if len(parts) == 0:
        kinds = sorted({_kind(one) for one in geometry})
        raise InputError(
            f"no land polygon is left; the features are {', '.join(kinds)}",
            where=name,
            mend="Give a layer of land polygons that covers the coast.",
        )
    _in_bounds(shapely.total_bounds(parts), name)
    parts = shapely.orient_polygons(parts)
    order = np.lexsort((shapely.get_y(shapely.centroid(parts)), -shapely.area(parts)))
    return gpd.GeoDataFrame(
        {"land_row": np.arange(len(parts))}, geometry=list(parts[order]), crs=LONLAT
    ), refused


def _kind(geometry: BaseGeometry | None) -> str:
    """Return what a feature is, in a word or two."""
    if geometry is None:
        return "nothing"
    kind = str(geometry.geom_type)
    return f"an empty {kind}" if geometry.is_empty else kind


def _wraps(geometry: NDArray[np.object_], polygonal: Bools) -> Bools:
    """Mark the polygons with an edge that goes round the world the wrong way."""
    rows = np.flatnonzero(polygonal)
    rings, owner = shapely.get_rings(geometry[rows], return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    # Along a pole an edge may be any length: layers of the whole world are closed there.
    long = (np.abs(np.diff(xy[:, 0])) > 180) & (np.abs(xy[1:, 1]) < 90) & (ring[1:] == ring[:-1])
    long &= (np.abs(xy[1:]) <= 360).all(axis=1) & (np.abs(xy[:-1]) <= 360).all(axis=1)
    out = np.zeros(len(geometry), dtype=bool)
    out[rows[owner[ring[1:][long]]]] = True
    return out


def _in_bounds(bounds: Floats, name: str) -> None:
    """Raise InputError where land is not on the earth, or is not one coast."""
    west, south, east, north = bounds
    told = f"the coordinates run from {west:.3f} {south:.3f} to {east:.3f} {north:.3f}, "
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        if east - west <= 180:
            return
        what = f"{told}more than 180 degrees of longitude"
        mend = "Give one coast; where it lies on both sides of the antimeridian, one side of it."
    elif west >= -90 and east <= 90 and south >= -180 and north <= 180:
        what = f"{told}beyond lon/lat"
        mend = "Longitude and latitude are probably swapped; longitude comes first."
    elif west >= -360 and east <= 360 and south >= -90 and north <= 90:
        what = f"{told}beyond lon/lat"
        mend = "Cut the land at the antimeridian, give one side, and keep within -180 to 180."
    else:
        what = f"{told}beyond lon/lat"
        mend = "The layer's CRS is probably wrong; set the projected CRS that it is in."
    raise InputError(what, where=name, mend=mend)


def shorelines(
    land: gpd.GeoDataFrame, *, clip_box: Sequence[float] | None = None
) -> gpd.GeoDataFrame:
    """Trace the shorelines of repaired land.

    Parameters
    ----------
    land : as ``repair_land`` returns it (EPSG:4326, exterior rings counter-clockwise).
    clip_box : (min_lon, min_lat, max_lon, max_lat) that the layer was cut with. Its edge is not
        coast. Without it the layer's own bounds are taken, where the land shows that it was cut.

    Returns
    -------
    GeoDataFrame
        ``shoreline_id, kind ('mainland'|'island'|'inner'), is_ring, length_m`` (geodesic),
        ``land_row``, LineStrings with the land on their left, longest first. A ring starts at its
        westernmost vertex. The largest land is mainland, and so is any that the clip box cuts and
        that has at least a tenth of its area.
    """
    polygons = np.asarray(land.geometry.values, dtype=object)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    cut = _on_clip_box(xy, ring, clip_box)
    lines, line_ring, is_ring = _trace(xy, ring, cut)
    lines = shapely.segmentize(lines, MAX_EDGE_DEG)
    inner = np.zeros(len(rings), dtype=bool)
    inner[1:] = polygon[1:] == polygon[:-1]
    area = shapely.area(polygons)
    touched = np.zeros(len(polygons), dtype=bool)
    touched[polygon[ring[:-1][cut]]] = True
    mainland = (area == area.max()) | (touched & (area >= _MAINLAND_SHARE * area.max()))
    kind = np.where(mainland[polygon], "mainland", "island")
    kind[inner] = "inner"

    coords, line = shapely.get_coordinates(lines, return_index=True)
    length_m = np.bincount(line, weights=step_lengths(coords, line), minlength=len(lines))
    first = np.searchsorted(line, np.arange(len(lines)))
    table = gpd.GeoDataFrame(
        {
            "kind": kind[line_ring],
            "is_ring": is_ring,
            "length_m": length_m,
            "land_row": polygon[line_ring],
            "lon": coords[first, 0],
            "lat": coords[first, 1],
        },
        geometry=list(lines),
        crs=LONLAT,
    )
    table = table[table["length_m"] > 0].sort_values(
        ["length_m", "lon", "lat"], ascending=[False, True, True], ignore_index=True
    )
    ids = unique_geohash("L", table["lon"].to_numpy(), table["lat"].to_numpy())
    table.insert(0, "shoreline_id", pd.Series(ids, dtype="str"))
    return table.drop(columns=["lon", "lat"])


def _on_clip_box(xy: Floats, ring: Ints, clip_box: Sequence[float] | None) -> Bools:
    """Mark the edges (vertex i to i + 1) that lie along a side of the clip box."""
    same = ring[1:] == ring[:-1]
    box = clip_box if clip_box is not None else [*xy.min(axis=0), *xy.max(axis=0)]
    length = np.where(same, np.hypot(*(xy[1:] - xy[:-1]).T), 0.0)
    threshold = 0.0 if clip_box is not None else _CUT_EDGE_RATIO * np.median(length[same])
    cut = np.zeros(len(same), dtype=bool)
    for side, axis in enumerate((0, 1, 0, 1)):
        near = np.abs(xy[:, axis] - box[side]) <= _ON_SIDE_DEG
        cut |= near[1:] & near[:-1] & same
    if not (cut & (length > threshold)).any():
        cut[:] = False
    return cut


def _trace(xy: Floats, ring: Ints, cut: Bools) -> tuple[NDArray[np.object_], Ints, Bools]:
    """Return lines from rings less their cut edges: (lines, ring of each, whether closed)."""
    starts = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    ends = np.r_[starts[1:], len(ring)]
    lines: list[object] = []
    owner: list[int] = []
    closed: list[bool] = []
    for number, (a, b) in enumerate(zip(starts, ends, strict=True)):
        loop = xy[a : b - 1]
        gone = cut[a : b - 1]
        if not gone.any():
            first = int(np.lexsort((loop[:, 1], loop[:, 0]))[0])
            lines.append(
                shapely.linestrings(np.vstack([np.roll(loop, -first, axis=0), loop[first]]))
            )
            owner.append(number)
            closed.append(True)
            continue
        first = int(np.flatnonzero(gone)[0]) + 1
        loop, gone = np.roll(loop, -first, axis=0), np.roll(gone, -first)
        loop = np.vstack([loop, loop[:1]])
        stops = np.flatnonzero(gone)
        begin = 0
        for stop in stops.tolist():
            if stop > begin:
                lines.append(shapely.linestrings(loop[begin : stop + 1]))
                owner.append(number)
                closed.append(False)
            begin = stop + 1
    return np.array(lines, dtype=object), np.array(owner, dtype=np.int64), np.array(closed)
