"""Land to shorelines: rings and open lines with the land to their left."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo._county import along, county_area, edges_along, governed
from geo._layers import OPEN_RINGS
from geo._problems import at, place_of
from geo._repair import repair_land
from geo.coastlines import DRAWN, land_from_lines
from geo.crs import LONLAT, MAX_EDGE_DEG, Bools, Floats, Ints, step_lengths
from geo.errors import InputError, Refusal
from geo.geohash import unique_geohash

__all__ = ["land_of", "repair_land", "shorelines"]

# The layer's bounding box is a cut through the land when an edge along it is this many times
# longer than the layer's median edge: nature does not draw such lines just there.
_CUT_EDGE_RATIO = 20.0
# Aslant, a sea wall may be as straight and as long: the cut must span this share of the layer.
_SLANTED_SHARE = 0.2
_OTHER_SHARE = 0.03
_SLANTED_TRIED = 50
_ON_SIDE_DEG = 1e-7
# Some 50 m: how far a layer that was digitised again may waver along the edge of its box.
_WAVER_DEG, _WAVER_SHARE = 5e-4, 1e-3
# Vertices added to a long edge leave parts that are long still: by this share of a cut edge.
_LONG_PART = 0.2
_MAINLAND_SHARE = 0.1
_LINES = (1, 2, 5)


def land_of(
    layer: gpd.GeoDataFrame, *, name: str, land_side: str | None = None
) -> tuple[gpd.GeoDataFrame, list[Refusal]]:
    """Return the land that a layer of polygons or of coastlines shows, and what was wrong.

    Parameters
    ----------
    layer : polygons (``geo.shoreline.repair_land``), or lines where there is no polygon
        (``geo.coastlines.land_from_lines``), in any CRS.
    name : the layer's name for messages.
    land_side : ``left`` or ``right`` of lines in the direction they are drawn; None to see.

    Raises
    ------
    InputError
        When the layer has no CRS or makes no land.
    """
    kinds = shapely.get_type_id(np.asarray(layer.geometry.values, dtype=object))
    areas = np.isin(kinds, (3, 6, 7)).any()
    if areas or not np.isin(kinds, _LINES).any():
        land, refused = repair_land(layer, name=name)
    else:
        land, refused = land_from_lines(layer, name=name, land_side=land_side)
    return land, [*_open_rings(layer, name), *refused]


def _open_rings(layer: gpd.GeoDataFrame, name: str) -> list[Refusal]:
    """Name the features whose rings were closed in reading."""
    rows = layer.attrs.get(OPEN_RINGS, [])
    out = []
    for row, shape in zip(rows, layer.geometry.iloc[rows].to_crs(LONLAT), strict=True):
        x, y = place_of(shape)
        told = f"a ring does not come back to where it begins{at(x, y)}"
        mend = "It was closed straight; check the coast at that place."
        out.append(Refusal(name, row + 1, "open_ring", told, mend, x, y))
    return out


def shorelines(
    land: gpd.GeoDataFrame,
    *,
    clip_box: Sequence[float] | None = None,
    county: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Trace the shorelines of repaired land.

    Parameters
    ----------
    land : as ``land_of`` returns it (EPSG:4326, exterior rings counter-clockwise).
    clip_box : (min_lon, min_lat, max_lon, max_lat) that the layer was cut with. Its edge is not
        coast. Without it the layer's own bounds, and sides of its convex hull, are taken where
        the land shows that it was cut there.
    county : polygons, in any CRS, of what is governed: a shoreline ends where it leaves them for
        more than a short stray. Land that does not leave them at all was cut along their line,
        which then is no coast.

    Returns
    -------
    GeoDataFrame
        ``shoreline_id, kind ('mainland'|'island'|'inner'), is_ring, length_m`` (geodesic),
        ``land_row``, LineStrings with the land on their left, longest first. A ring starts at its
        westernmost vertex. The largest land is mainland, and so is any that the clip box cuts and
        that has at least a tenth of its area.

    Raises
    ------
    InputError
        When the county has no polygon, no CRS, or no shore.
    """
    polygons = np.asarray(land.geometry.values, dtype=object)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    cut = _on_clip_box(xy, ring, clip_box)
    if DRAWN in land.attrs:
        cut |= edges_along(xy, ring, shapely.from_wkt(land.attrs[DRAWN]))
    area_of_county = None if county is None else county_area(county)
    if area_of_county is not None:
        cut |= along(xy, ring, area_of_county)
    lines, line_ring, is_ring = _trace(xy, ring, cut)
    if area_of_county is not None:
        lines, came_from, is_ring = governed(lines, is_ring, area_of_county)
        line_ring = line_ring[came_from]
    if not len(lines):
        raise InputError(
            "no shore is left" + ("" if county is None else " within the county"),
            where="the coast",
            mend="Give land that has water beside it"
            + (
                "." if county is None else ", and a county whose line does not run along the shore."
            ),
        )
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
    if clip_box is not None:
        return np.asarray(_on_sides(xy, same, clip_box, _ON_SIDE_DEG).any(axis=1))
    box = [*xy.min(axis=0), *xy.max(axis=0)]
    length = np.where(same, np.hypot(*(xy[1:] - xy[:-1]).T), 0.0)
    threshold = _CUT_EDGE_RATIO * np.median(length[same])
    exact, long, several = _along_sides(xy, ring, box, length, threshold, _ON_SIDE_DEG)
    exact &= long.any() & (long | several)
    # Digitised again, the edge of a box wavers as the shore does. A smooth coast that bulges
    # against the layer's bounds does not reach their corner, nor does more than one of its rings.
    waver = min(_WAVER_DEG, _WAVER_SHARE * float(np.ptp(xy, axis=0).max()))
    drawn, long, several = _along_sides(xy, ring, box, length, threshold, waver)
    drawn &= long & several & ~exact.any(axis=0)
    cut = np.asarray((exact | drawn).any(axis=1))
    return cut | _on_slanted_side(xy, length, threshold)


def _along_sides(
    xy: Floats, ring: Ints, box: Sequence[float], length: Floats, threshold: float, near_deg: float
) -> tuple[Bools, Bools, Bools]:
    """Return the edges along each side of a box: (edges, 4); and of each side two signs of a cut.

    The first is that edges which follow each other along it are longer than nature draws them, the
    second that it has a corner of the box, or edges of more than one ring: the outermost island
    may end in a straight edge.
    """
    on_side = _on_sides(xy, ring[1:] == ring[:-1], box, near_deg)
    long = np.array([_has_long_run(side, length, threshold) for side in on_side.T], dtype=bool)
    rings = np.array([len(np.unique(ring[:-1][side])) for side in on_side.T])
    corner = (np.abs(xy[:, [0, 1, 0, 1]] - np.asarray(box)) <= near_deg).sum(axis=1) > 1
    cornered = (on_side & (corner[1:] | corner[:-1])[:, None]).any(axis=0)
    return on_side, long, cornered | (rings > 1)


def _on_sides(xy: Floats, same: Bools, box: Sequence[float], near_deg: float) -> Bools:
    """Mark the edges along each side (west, south, east, north) of a box: (edges, 4)."""
    near = np.abs(xy[:, [0, 1, 0, 1]] - np.asarray(box)) <= near_deg
    on_side: Bools = near[1:] & near[:-1] & same[:, None]
    return on_side


def _has_long_run(marked: Bools, length: Floats, threshold: float) -> bool:
    """Return whether marked edges that follow each other make one long line."""
    run = np.cumsum(~marked)
    total = np.bincount(run, weights=np.where(marked, length, 0.0))
    straight = np.bincount(run[marked & (length > _LONG_PART * threshold)], minlength=len(total))
    return bool(((total > threshold) & (straight > 0)).any())


def _on_slanted_side(xy: Floats, length: Floats, threshold: float) -> Bools:
    """Mark the edges along the sides of the layer's convex hull that the layer was cut along."""
    span = float(np.hypot(*np.ptp(xy, axis=0)))
    longest = np.argsort(-length, kind="stable")[:_SLANTED_TRIED]
    sides: list[Bools] = []
    for edge in longest[length[longest] > threshold]:
        across = xy[edge + 1] - xy[edge]
        normal = np.array([-across[1], across[0]]) / length[edge]
        off = (xy - xy[edge]) @ normal
        # All land on one side: the edge's line touches the hull.
        if off.min() < -_ON_SIDE_DEG and off.max() > _ON_SIDE_DEG:
            continue
        near = np.abs(off) <= _ON_SIDE_DEG
        sides.append(near[1:] & near[:-1] & (length > 0))
    share = [length[one].sum() / span for one in sides]
    cut = np.zeros(len(length), dtype=bool)
    # Where one side was surely cut, the others need show less.
    if max(share, default=0.0) >= _SLANTED_SHARE:
        for one, much in zip(sides, share, strict=True):
            cut |= one & (much >= _OTHER_SHARE)
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
