"""Every fault of a layer of grids, with its place and its mend."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo._county import county_area
from geo._grids_faces import NARROW_M, Place, rows_near, strip_widths_m
from geo._grids_repair import Survey, called, km2_of, lacking, pair_of
from geo._problems import at, place_of, self_crossings
from geo.crs import ELLIPSOID, metre_shapes, working_crs
from geo.errors import Refusal

# What is told, but keeps no layer from being a coverage.
NOTED = frozenset({"sliver", "outside_county"})
# A grid reaches out over its shore, not over the next county.
_ELSEWHERE_M = 20_000.0
# A river or a strait between two grids of one county is rarely wider.
_BESIDE_M = 2_000.0
_OUTSIDE_KM2 = 1e-4


def faults(
    seen: Survey,
    *,
    file: str,
    county: gpd.GeoDataFrame | None,
    shore: gpd.GeoDataFrame | None,
) -> list[Refusal]:
    """Return what is wrong with a layer that was looked through; see `geo.grids.problems`."""
    found = [*_features(seen), *_ids(seen), *_borders(seen), *_slivers(seen)]
    if shore is not None and len(shore):
        found += _elsewhere(seen, shore)
    if county is not None:
        found += _outside(seen, county)
    return [
        Refusal(file, None if row is None else row + 1, reason, f"{text}{at(lon, lat)}",
                mend, lon, lat)
        for row, reason, text, mend, lon, lat in found
    ]  # fmt: skip


_Fault = tuple[int | None, str, str, str, float | None, float | None]


def _features(seen: Survey) -> Iterator[_Fault]:
    for row, shape in enumerate(seen.raw):
        if shape is None:
            yield (row, "no_shape", *lacking(seen.drawn[row], called(seen, row)))
    for row in seen.folded:
        for lon, lat, what in self_crossings(seen.raw[row]):
            yield (row, "self_crossing", f"the border of {called(seen, row)} {what}",
                   "Draw the border anew there, or take the repair.", lon, lat)  # fmt: skip
    for row, own in seen.twins:
        yield (row, "duplicate", f"{called(seen, row)} is the same as {called(seen, own)}",
               "Leave one of them out.", *place_of(seen.raw[row]))  # fmt: skip


def _ids(seen: Survey) -> Iterator[_Fault]:
    for row in seen.rows:
        if not seen.ids[row]:
            mend = f"Give it one, such as {seen.names[row]}."
            lon, lat = place_of(seen.raw[row])
            yield row, "no_id", f"feature {row + 1} has no `grid_id`", mend, lon, lat
        elif seen.names[row] != seen.ids[row]:
            yield (row, "id_twice", f"the id {seen.ids[row]} is used by an earlier feature too",
                   f"Give it another, such as {seen.names[row]}.",
                   *place_of(seen.raw[row]))  # fmt: skip


def _borders(seen: Survey) -> Iterator[_Fault]:
    if seen.fits:
        return
    for place in sorted(seen.places, key=lambda one: -one.km2):
        row = seen.rows[pair_of(place)[0]]
        names = [called(seen, seen.rows[one]) for one in pair_of(place)]
        lon, lat = place_of(shapely.point_on_surface(place.shape))
        size = f"{place.km2 * 1e6:,.0f} m2, {place.width_m:.1f} m wide"
        heir = called(seen, seen.rows[place.to])
        reason, text = _kind(place, " and ".join(names), size)
        yield row, reason, text, f"Draw the border anew there, or give it to {heir}.", lon, lat
    for (one, two), edges in seen.unmatched.items():
        row, other = seen.rows[one], seen.rows[two]
        both = f"{called(seen, row)} and {called(seen, other)}"
        yield (row, "unmatched", f"the edges of {both} do not match vertex by vertex",
               "Snap the two borders, or take the repair.", *place_of(edges))  # fmt: skip


def _kind(place: Place, names: str, size: str) -> tuple[str, str]:
    if place.owners:
        return "overlap", f"{names} overlap ({size})"
    return "hole", f"a hole beside {names} belongs to no grid ({size})"


def _slivers(seen: Survey) -> Iterator[_Fault]:
    parts, owner = shapely.get_parts(seen.sound, return_index=True)
    width = strip_widths_m(np.asarray(parts, dtype=object))
    for k in np.flatnonzero(width < NARROW_M).tolist():
        row = seen.rows[owner[k]]
        whole = seen.sound[owner[k]].geom_type == "Polygon"
        what = called(seen, row) if whole else f"a part of {called(seen, row)}"
        yield (row, "sliver", f"{what} is only {width[k]:.1f} m wide",
               "Merge it with a neighbour if it is a slip.",
               *place_of(shapely.point_on_surface(parts[k])))  # fmt: skip


def _elsewhere(seen: Survey, shore: gpd.GeoDataFrame) -> Iterator[_Fault]:
    """Tell grids that neither lie near the shore nor hang together with any that do.

    The hinterland reaches far inland, but not in pieces: those are another county's.
    """
    lines = np.asarray(shore.to_crs(4326).geometry.values, dtype=object)
    lines = lines[~shapely.is_missing(lines)]
    both = [shapely.total_bounds(lines), shapely.total_bounds(seen.sound)]
    if len(rows_near(seen.sound, shapely.union_all(lines))) == len(seen.sound):
        return
    crs = working_crs([*np.min(both, axis=0)[:2], *np.max(both, axis=0)[2:]])
    flat, own = metre_shapes(crs, lines), metre_shapes(crs, seen.sound)
    near, apart = shapely.STRtree(flat).query_nearest(own, return_distance=True, all_matches=False)
    one, two = shapely.STRtree(own).query(own, predicate="dwithin", distance=_BESIDE_M)
    links = coo_array((np.ones(len(one)), (one, two)), shape=(len(own), len(own)))
    part = connected_components(links, directed=False)[1]
    here = np.full(part.max() + 1, np.inf)
    np.minimum.at(here, part, apart)
    for k in np.flatnonzero(here[part] > _ELSEWHERE_M).tolist():
        place = shapely.centroid(seen.sound[k])
        there = shapely.line_interpolate_point(lines[near[1][k]], 0.5, normalized=True)
        metres = ELLIPSOID.inv(place.x, place.y, there.x, there.y)[2]
        # Beyond the range of the projection its metres are nonsense.
        km = min(metres, float(apart[k])) / 1000
        yield (seen.rows[k], "elsewhere",
               f"{called(seen, seen.rows[k])} lies {km:,.0f} km from this county's shore",
               "This looks like another county's; leave it out, or import this county's file.",
               place.x, place.y)  # fmt: skip


def _outside(seen: Survey, county: gpd.GeoDataFrame) -> Iterator[_Fault]:
    area = county_area(county)
    shapely.prepare(area)
    for k in np.flatnonzero(~shapely.covers(area, seen.sound)).tolist():
        beyond = shapely.difference(seen.sound[k], area)
        km2 = km2_of(beyond) if not beyond.is_empty else 0.0
        if km2 > _OUTSIDE_KM2:
            row = seen.rows[k]
            yield (row, "outside_county",
                   f"{km2:.3f} km2 of {called(seen, row)} lie outside the county",
                   "Cut it at the county's line, or leave it if that is meant.",
                   *place_of(shapely.point_on_surface(beyond)))  # fmt: skip
