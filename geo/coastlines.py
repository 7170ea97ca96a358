"""Coastlines to land: closed by a frame, and their faces told land from water."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo._ends import SNAP_M, close_ends
from geo._faces import Faces, faces_of
from geo._problems import DEGREE_M, Shapes, at, first_of_each, place_of
from geo._repair import in_bounds, repair_land
from geo.crs import LONLAT, Floats
from geo.errors import InputError, Refusal

# Lines drawn with the land on one side: so much of their length agrees.
_AGREED = 0.95
# So many closed lines that would be lakes outweigh a direction that nobody vouches for.
_MANY_RINGS = 3
_RINGS_SHARE = 2.0 / 3.0
_LINES = (1, 2, 5)
# More problems of one kind than anyone mends by hand.
_MAX_TOLD = 1_000
# `land.attrs` holds under this name, as WKT, the frame and the edges that close loose ends.
DRAWN = "drawn_edges"


def land_from_lines(
    lines: gpd.GeoDataFrame,
    *,
    name: str,
    land_side: str | None = None,
    box: Sequence[float] | None = None,
) -> tuple[gpd.GeoDataFrame, list[Refusal]]:
    """Return the land that coastlines bound.

    Ends within 20 m of each other, of a line or of the frame are joined. The frame is the lines'
    bounding box, moved outwards on the sides that no line ends on. An end that is still loose is
    carried on straight to the nearest side of the frame. Such edges and the frame are no coast,
    and stand in ``land.attrs`` for ``shorelines``.

    Faces on the two sides of a coastline are land and water in turn. Which are land: what
    ``land_side`` says; otherwise the outside is water where no line meets the frame; otherwise
    the left (as in OpenStreetMap), unless the lines do not agree in direction or most closed ones
    would be lakes: then most closed lines are islands.

    Parameters
    ----------
    lines : lines in any CRS; other features are refused row by row.
    name : the layer's name for messages.
    land_side : ``left`` or ``right`` of the lines as drawn, or None.
    box : (min_lon, min_lat, max_lon, max_lat) that the lines were cut with, for the frame.

    Returns
    -------
    land
        As ``repair_land`` returns it.
    refusals
        Loose ends, lines with the same on both sides, and how the side was chosen where the
        lines' direction did not tell; each with its place.

    Raises
    ------
    InputError
        When the layer has no CRS, no line, or bounds no land.
    """
    if land_side not in (None, "left", "right"):
        raise InputError(
            f"land_side is {land_side!r}", where=name, mend="Give left or right, or leave it out."
        )
    parts, refused = _line_parts(lines, name)
    if not len(parts):
        raise InputError(
            "the layer has no line of two places or more",
            where=name,
            mend="Give a layer of coastlines, or of land polygons.",
        )
    in_bounds(shapely.total_bounds(parts), name)
    closed = close_ends(parts, box)
    for way in closed.carried:
        refused.append(_loose_end(name, way, "carried on straight to the edge of the layer"))
    for x, y in closed.lost[:_MAX_TOLD].tolist():
        refused.append(_loose_end(name, shapely.Point(x, y), "left out, up to where it branches"))
    faces = faces_of(parts, drawn=np.r_[closed.links, closed.carried], frame=closed.frame)
    refused += _odd_pieces(faces, closed.lost, name)
    land_colour, told = _land_colour(faces, land_side)
    if told:
        x, y = place_of(parts[0])
        mend = "Import again with --land-side left or right if that is wrong."
        refused.append(Refusal(name, None, "land_side", told, mend, x, y))
    shapes = faces.shapes[faces.colour == land_colour]
    if not len(shapes):
        raise InputError(
            "the lines bound no land",
            where=name,
            mend="Give coastlines that close, or end at the edge of the layer.",
        )
    land, more = repair_land(
        gpd.GeoDataFrame(geometry=[shapely.union_all(shapes)], crs=LONLAT), name=name
    )
    drawn = shapely.multilinestrings([closed.frame.exterior, *closed.carried])
    land.attrs[DRAWN] = shapely.to_wkt(drawn, rounding_precision=-1)
    return land, refused + more


def _line_parts(lines: gpd.GeoDataFrame, name: str) -> tuple[Shapes, list[Refusal]]:
    """Return a layer's lines in lon/lat, each once, and the refusals of what is no line."""
    if lines.crs is None:
        raise InputError(
            "the layer has no coordinate reference system",
            where=name,
            mend="Save it with its CRS (EPSG:4326, or CGCS2000 EPSG:4490), or add the .prj file.",
        )
    shapes = np.asarray(lines.to_crs(LONLAT).geometry.force_2d().values, dtype=object)
    refused = []
    good = np.isin(shapely.get_type_id(shapes), _LINES) & ~shapely.is_empty(shapes)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    endless = np.zeros(len(shapes), dtype=bool)
    endless[owner[~np.isfinite(xy).all(axis=1)]] = True
    first = np.arange(len(shapes))
    kept = np.flatnonzero(good & ~endless)
    first[kept] = kept[first_of_each(shapes[kept])]
    for k in range(len(shapes)):
        x, y = place_of(shapes[k])
        if not good[k]:
            kind = "nothing" if shapes[k] is None else shapes[k].geom_type
            reason, told, mend = "not_a_line", f"the feature is {kind}", "Give coastlines alone."
        elif endless[k]:
            reason, told = "bad_coordinates", "a coordinate is not a finite number"
            mend = "Draw the feature anew, or see that its CRS is right."
        elif first[k] != k:
            reason, told = "duplicate", f"it is the same as feature {first[k] + 1}"
            mend = "It was left out."
        else:
            continue
        refused.append(Refusal(name, k + 1, reason, told + at(x, y), mend, x, y))
    parts = shapely.get_parts(shapely.remove_repeated_points(shapes[np.unique(first[kept])]))
    return parts[shapely.length(parts) > 0], refused


def _loose_end(name: str, shape: BaseGeometry, what: str) -> Refusal:
    x, y = place_of(shape)
    told = f"a line ends within the layer{at(x, y)}"
    mend = f"It was {what}; join it to its neighbour (within {SNAP_M:g} m) if there is one."
    return Refusal(name, None, "loose_end", told, mend, x, y)


def _odd_pieces(faces: Faces, lost: Floats, name: str) -> list[Refusal]:
    """Name the pieces of lines that part nothing."""
    out = []
    for piece in faces.loose[np.argsort(-shapely.length(faces.loose), kind="stable")][:_MAX_TOLD]:
        # Shorter ones are ends that stand over where two lines cross.
        xy = shapely.get_coordinates(piece)
        ends = xy[[0, -1]]
        told_of = len(lost) and (np.abs(ends[:, None] - lost[None]).max(axis=2) == 0).any()
        if shapely.length(piece) * DEGREE_M > SNAP_M and not told_of:
            out.append(_loose_end(name, piece, "left out, up to where it branches"))
    longest = np.argsort(-faces.alike[:, 2], kind="stable")[:_MAX_TOLD]
    for x, y, length in faces.alike[longest].tolist():
        told = f"{length:,.0f} m of line have the same on both sides{at(x, y)}"
        mend = "It was left out; a coastline parts land from water."
        out.append(Refusal(name, None, "no_coastline", told, mend, x, y))
    return out


def _land_colour(faces: Faces, land_side: str | None) -> tuple[int, str]:
    """Return the colour that is land, and what to tell of how it was chosen (or nothing)."""
    left = int(np.argmax(faces.left_m))
    if land_side is not None:
        return (left if land_side == "left" else 1 - left), ""
    outside = np.unique(faces.colour[faces.outer])
    if len(outside) == 1:
        return 1 - int(outside[0]), ""
    closed = np.bincount(faces.colour[~faces.outer], minlength=2)
    islands = int(np.argmax(closed))
    agreed = faces.left_m.max() >= _AGREED * faces.left_m.sum()
    if agreed and (closed.sum() < _MANY_RINGS or closed[1 - left] < _RINGS_SHARE * closed.sum()):
        return left, ""
    chosen = islands if closed[0] != closed[1] else left
    why = (
        f"land was taken on the {'left' if chosen == left else 'right'} of most lines, so that "
        f"{closed[chosen]:,} of {closed.sum():,} closed lines are islands; "
    )
    return chosen, why + (
        "they are drawn the other way than OpenStreetMap's"
        if agreed
        else "the lines do not agree in their direction"
    )
