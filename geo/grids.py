"""Divide the hinterland into grids: a polygon coverage in which a shared border is one thing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from geo._grids_edges import OUTSIDE, Arcs, arcs_of, met
from geo._grids_edit import moved, redrawn, sides_of
from geo._grids_faces import NARROW_M, rows_near
from geo._grids_problems import NOTED, faults
from geo._grids_repair import (
    Proposal,
    Repair,
    km2_of,
    mended,
    offered,
    repair,
    survey,
)
from geo._problems import Shapes, at, place_of, self_crossings
from geo.crs import LONLAT, Floats
from geo.errors import InputError, Refusal

__all__ = [
    "NOTED",
    "OUTSIDE",
    "Arcs",
    "Coverage",
    "Proposal",
    "Repair",
    "coverage",
    "draw",
    "exchanged",
    "locate",
    "mended",
    "merge",
    "move",
    "problems",
    "redraw",
    "repair",
    "snap",
    "split",
]


@dataclass(frozen=True)
class Coverage:
    """Grids that neither overlap nor cross: ids, and polygons in degrees (WGS 84).

    Two neighbours have their common border vertex by vertex, so that it is one thing: `arcs`.
    """

    ids: tuple[str, ...]
    shapes: Shapes

    @cached_property
    def arcs(self) -> Arcs:
        """The borders, each once, with the grids (rows) on either side."""
        return arcs_of(self.shapes)

    @cached_property
    def km2(self) -> Floats:
        """The area of each grid on the ellipsoid."""
        return np.array([km2_of(one) for one in self.shapes])

    def row(self, grid: str) -> int:
        """Return the row of a grid; raise InputError where there is none of that id."""
        if grid not in self.ids:
            raise InputError(
                f"there is no grid {grid!r}",
                where="grids",
                mend=f"Name one that does: {', '.join(self.ids[:10])}",
            )
        return self.ids.index(grid)

    def layer(self) -> gpd.GeoDataFrame:
        """Return the grids as a layer with ``grid_id``."""
        return gpd.GeoDataFrame({"grid_id": list(self.ids)}, geometry=self.shapes, crs=LONLAT)


def coverage(polygons: gpd.GeoDataFrame) -> Coverage:
    """Return a layer of grids as a coverage.

    Parameters
    ----------
    polygons : ``grid_id`` and polygons, in any CRS.

    Raises
    ------
    InputError
        When it is none, with the first five problems and their number; `problems` lists all,
        `repair` offers mends.
    """
    seen = survey(polygons)
    if seen.plain and shapely.coverage_is_valid(seen.sound):
        return Coverage(seen.ids, seen.sound)
    # A hole is no fault of a coverage: it may be a lake.
    wrong = [
        one for one in faults(seen, file="", county=None, shore=None)
        if one.reason not in {*NOTED, "hole"}
    ]  # fmt: skip
    if wrong:
        some = "; ".join(one.detail for one in wrong[:5])
        raise InputError(
            f"the grids form no coverage, {len(wrong)} problems: {some}",
            where="grids",
            mend="Mend them, or take the repairs that are offered.",
        )
    return Coverage(tuple(seen.ids[row] for row in seen.rows), seen.sound)


def problems(
    polygons: gpd.GeoDataFrame,
    *,
    county: gpd.GeoDataFrame | None = None,
    shore: gpd.GeoDataFrame | None = None,
    file: str = "grids",
    narrow_m: float = NARROW_M,
) -> list[Refusal]:
    """Return everything that is wrong with a layer of grids, each with its place and mend.

    Parameters
    ----------
    polygons : ``grid_id`` (may be missing) and geometry, in any CRS.
    county : polygons of the county; what of a grid lies outside is told.
    shore : lines of this county's shore; grids more than 20 km from it that do not hang together
        with any nearer (2 km) are another county's.
    narrow_m : gaps that open to the outside are told where they are narrower (metres).

    Returns
    -------
    list of Refusal
        ``reason`` is one of ``no_shape, self_crossing, duplicate, no_id, id_twice, overlap, hole,
        unmatched, sliver, elsewhere, outside_county``; those in ``NOTED`` keep no layer from
        being a coverage. Rows count features from 1.
    """
    seen = survey(polygons, narrow_m=narrow_m)
    return faults(seen, file=file, county=county, shore=shore)


def draw(
    grids: Coverage, grid: str, polygon: BaseGeometry, *, over: Literal["free", "neighbours"]
) -> Coverage:
    """Add a grid: cut to the ground that is free, or taken from those that have it.

    Raises
    ------
    InputError
        When the id is taken, the polygon crosses itself, or nothing is left of it or of another.
    """
    if grid in grids.ids or not grid:
        raise InputError(
            f"the id {grid!r} is taken", where="grids", mend="Give the new grid another."
        )
    if polygon.is_empty or not polygon.is_valid:
        lon, lat, what = (*place_of(polygon), "is empty") if polygon.is_empty else (
            self_crossings(polygon)[0]
        )  # fmt: skip
        raise InputError(
            f"the border of {grid} {what}{at(lon, lat)}", where="grids", mend="Draw it anew."
        )
    rows = rows_near(grids.shapes, polygon)
    near, drawn = met(grids.shapes, polygon, rows.tolist())
    shapes = grids.shapes.copy()
    for row, shape in near.items():
        shapes[row] = shape
    if over == "free" and len(rows):
        drawn = shapely.difference(drawn, shapely.coverage_union_all(shapes[rows]))
    else:
        shapes[rows] = shapely.difference(shapes[rows], drawn)
    drawn = _areas(drawn)
    gone = [grids.ids[row] for row in rows if shapes[row].is_empty]
    if drawn.is_empty or gone:
        what = f"nothing is left of {', '.join(gone)}" if gone else f"nothing is left of {grid}"
        raise InputError(what, where="grids", mend="Merge grids instead, or draw over free ground.")
    shapes[rows] = np.array([_areas(one) for one in shapes[rows]] + [None], dtype=object)[:-1]
    out = np.array([*shapes, drawn], dtype=object)
    return _checked(Coverage((*grids.ids, grid), out), [*rows.tolist(), len(out) - 1])


def split(grids: Coverage, grid: str, line: BaseGeometry, *, new: str) -> Coverage:
    """Split a grid by a line: what lies left of the line keeps the id, what lies right is new.

    Parts that the line does not cross stay with the old id.

    Raises
    ------
    InputError
        When the id is taken, or the line does not cross the grid; it says where the line ends.
    """
    row = grids.row(grid)
    if new in grids.ids or not new:
        raise InputError(
            f"the id {new!r} is taken", where="grids", mend="Give the new grid another."
        )
    # All that the line meets learn its vertices, or the borders between them would part.
    rows = np.union1d(*(rows_near(grids.shapes, one) for one in (grids.shapes[row], line)))
    near, drawn = met(grids.shapes, line, rows.tolist())
    left, right = sides_of(near[row], drawn, grid)
    shapes = grids.shapes.copy()
    for other, shape in near.items():
        shapes[other] = shape
    shapes[row] = left
    out = np.array([*shapes, right], dtype=object)
    return _checked(Coverage((*grids.ids, new), out), [*rows.tolist(), len(out) - 1])


def merge(grids: Coverage, merged: Sequence[str], *, into: str) -> Coverage:
    """Merge neighbours into one of them.

    Raises
    ------
    InputError
        When ``into`` is none of them, or they do not hang together by common borders.
    """
    rows = sorted({grids.row(one) for one in (*merged, into)})
    apart = _apart(grids, rows)
    if apart:
        lon, lat = place_of(shapely.point_on_surface(grids.shapes[apart[0]]))
        raise InputError(
            f"{', '.join(grids.ids[one] for one in apart)} share no border with "
            f"{into}{at(lon, lat)}",
            where="grids",
            mend="Merge neighbours only.",
        )
    shapes = grids.shapes.copy()
    shapes[grids.row(into)] = _areas(shapely.coverage_union_all(shapes[rows]))
    kept = [one for one in range(len(shapes)) if one not in rows or grids.ids[one] == into]
    return Coverage(tuple(grids.ids[one] for one in kept), shapes[kept])


def _apart(grids: Coverage, rows: list[int]) -> list[int]:
    """Return those of some grids that common borders do not lead to from the first."""
    arcs = grids.arcs
    links = set(zip(arcs.left.tolist(), arcs.right.tolist(), strict=True))
    reached, waiting = {rows[0]}, [rows[0]]
    while waiting:
        one = waiting.pop()
        new = [x for x in rows if x not in reached and ((one, x) in links or (x, one) in links)]
        reached.update(new)
        waiting += new
    return [one for one in rows if one not in reached]


def move(grids: Coverage, vertices: Sequence[tuple[float, float, float, float]]) -> Coverage:
    """Move vertices of borders; all grids that have them follow.

    Parameters
    ----------
    vertices : (lon, lat, to lon, to lat) each; the vertex within a metre of the first is meant.

    Raises
    ------
    InputError
        When there is no vertex, or a border would then cross another; it says where.
    """
    shapes, rows = moved(grids.shapes, vertices)
    return _checked(replace(grids, shapes=shapes), rows)


def redraw(grids: Coverage, between: tuple[str, str | None], line: BaseGeometry) -> Coverage:
    """Give the border between two grids a new course; both follow.

    Parameters
    ----------
    between : two neighbours, or a grid and None for its border with the outside.
    line : the new course, from one end of the border to the other (within 20 m of each).

    Raises
    ------
    InputError
        When they share no border that ends there, or the line crosses others; it says where.
    """
    one, two = between
    pair = (grids.row(one), OUTSIDE if two is None else grids.row(two))
    shapes, rows = redrawn(grids.shapes, grids.arcs, pair, line, " and ".join(map(str, between)))
    return _checked(replace(grids, shapes=shapes), rows)


def snap(grids: Coverage, *, tolerance_m: float) -> Coverage:
    """Close the gaps narrower than a tolerance between neighbours, each to its longest border."""
    offer = offered(survey(grids.layer(), narrow_m=tolerance_m))
    numbers = [one.number for one in offer.proposals if (one.width_m or 0.0) <= tolerance_m]
    return coverage(offer.accept(numbers)) if numbers else grids


def locate(grids: Coverage, lon: Floats, lat: Floats, *, within_m: float = 0.0) -> list[str | None]:
    """Return the grid of each place; on a border, the first by order of the grids.

    A place in no grid goes to the nearest within ``within_m`` metres, else None.
    """
    out: list[str | None] = [None] * len(lon)
    if not len(lon) or not len(grids.shapes):
        return out
    scale = np.array([np.cos(np.radians(np.mean(lat))), 1.0]) * 111_195.0
    flat = np.asarray(shapely.transform(grids.shapes, lambda xy: xy * scale), dtype=object)
    points = shapely.points(np.column_stack([lon, lat]) * scale)
    tree = shapely.STRtree(flat)
    place, row = tree.query_nearest(points, max_distance=max(within_m, 1e-3), all_matches=True)
    for one, grid in sorted(zip(place.tolist(), row.tolist(), strict=True), reverse=True):
        out[one] = grids.ids[grid]
    return out


def exchanged(before: Coverage, after: Coverage) -> pl.DataFrame:
    """Return the ground that went from one grid to another, or came to one, or was left.

    Returns
    -------
    polars.DataFrame
        ``from_grid, to_grid`` (null for no grid), ``km2`` on the ellipsoid; sorted.
    """
    same = set(zip(before.ids, shapely.to_wkb(before.shapes), strict=True)) & set(
        zip(after.ids, shapely.to_wkb(after.shapes), strict=True)
    )
    still = {one for one, _ in same}
    old, new = (
        [(one, shape) for one, shape in zip(c.ids, c.shapes, strict=True) if one not in still]
        for c in (before, after)
    )
    rows: list[tuple[str | None, str | None, float]] = []
    for these, those, turned in ((old, new, False), (new, old, True)):
        others = np.array([shape for _, shape in those], dtype=object)
        tree = shapely.STRtree(others)
        for one, shape in these:
            near = tree.query(shape, predicate="intersects")
            rest = shapely.difference(shape, shapely.union_all(others[near]))
            rows.append((None, one, km2_of(rest)) if turned else (one, None, km2_of(rest)))
            if not turned:
                shared = shapely.intersection(shape, others[near])
                rows += [
                    (one, those[k][0], km2_of(part))
                    for k, part in zip(near.tolist(), map(_areas, shared), strict=True)
                    if those[k][0] != one
                ]
    schema = {"from_grid": pl.String, "to_grid": pl.String, "km2": pl.Float64}
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .filter(pl.col("km2") > _KM2)
        .sort("km2", "from_grid", "to_grid", descending=[True, False, False])
    )


# A square metre: what rounding leaves is less.
_KM2 = 1e-6


def _areas(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape, without the lines and points that cutting left."""
    parts = [one for one in shapely.get_parts(shape) if one.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _checked(grids: Coverage, rows: Sequence[int]) -> Coverage:
    """Return a coverage whose changed grids and their neighbours still fit, else say where not."""
    changed = grids.shapes[list(rows)]
    for row, shape in zip(rows, changed, strict=True):
        if not shape.is_valid:
            lon, lat, what = self_crossings(shape)[0]
            raise InputError(
                f"the border of {grids.ids[row]} {what}{at(lon, lat)}",
                where="grids",
                mend="Draw it so that it crosses no border.",
            )
    beside = np.unique(shapely.STRtree(grids.shapes).query(changed, predicate="intersects")[1])
    edges = np.asarray(shapely.coverage_invalid_edges(grids.shapes[beside]), dtype=object)
    bad = np.flatnonzero(~shapely.is_empty(edges))
    if len(bad):
        names = ", ".join(grids.ids[beside[k]] for k in bad[:4])
        raise InputError(
            f"the new border crosses others: {names}{at(*place_of(edges[bad[0]]))}",
            where="grids",
            mend="Draw it so that it crosses no border.",
        )
    return grids
