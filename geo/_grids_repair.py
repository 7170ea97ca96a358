"""What is wrong with a layer of grids, told by place, and offered for repair."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo._grids_faces import (
    NARROW_M,
    STEP_DEG,
    Faces,
    Place,
    dissolved,
    faces_of,
    places_of,
)
from geo._problems import Shapes, first_of_each, place_of, self_crossings
from geo.crs import ELLIPSOID, LONLAT, MAX_EDGE_DEG
from geo.errors import InputError

# SAME_DEG in digits.
_DIGITS = 9
Kind = Literal["unfold", "name", "drop", "overlap", "hole", "match"]


@dataclass(frozen=True)
class Proposal:
    """One mend that is offered, by its number: what, of which grids, to which, and how much.

    ``unfold`` rings that cross themselves, ``name`` a grid without an id or with one that is
    taken, ``drop`` a feature that holds nothing of its own, give an ``overlap`` to one of those
    that claim it, fill a ``hole``, ``match`` two borders that were meant to be one. ``km2`` is the
    ground that changes hands, ``width_m`` its width, ``places`` how many places it is about.
    ``ground`` is the place itself, of a wide hole or overlap.
    """

    number: int
    kind: Kind
    grids: tuple[str, ...]
    to: str | None
    km2: float
    width_m: float | None
    places: int
    lon: float | None
    lat: float | None
    rows: tuple[int, ...]
    ground: shapely.Geometry | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Survey:
    """A layer of grids looked through once: for its problems, and for its repair.

    ``ids`` are as given ("" for none), ``names`` unique; ``raw`` are the shapes as drawn, None
    where there is no polygon, ``rows`` those that take part, ``sound`` their shapes made valid.
    """

    layer: gpd.GeoDataFrame
    ids: tuple[str, ...]
    names: tuple[str, ...]
    raw: Shapes
    rows: tuple[int, ...]
    twins: tuple[tuple[int, int], ...]
    folded: tuple[int, ...]
    sound: Shapes
    narrow_m: float

    @property
    def plain(self) -> bool:
        """Whether every feature is a valid polygon of its own with an id of its own."""
        whole = self.names == self.ids and not self.folded
        return whole and len(self.rows) == len(self.layer)

    @cached_property
    def fits(self) -> bool:
        """Whether the grids form a coverage without any hole already."""
        if not shapely.coverage_is_valid(self.sound):
            return False
        return not any(len(one) != 1 for one in self.faces.owners)

    @cached_property
    def faces(self) -> Faces:
        """The faces of all borders."""
        return faces_of(self.sound, narrow_m=self.narrow_m)

    @cached_property
    def places(self) -> list[Place]:
        """All that no grid claims, or several do; ``owners`` and ``to`` count in ``rows``."""
        return places_of(self.faces, self.sound)

    @cached_property
    def unmatched(self) -> dict[tuple[int, int], BaseGeometry]:
        """The edges, by pair in ``rows``, that differ although nothing lies between them."""
        if shapely.coverage_is_valid(self.sound):
            return {}
        edges = np.asarray(shapely.coverage_invalid_edges(self.sound), dtype=object)
        bad = np.flatnonzero(~shapely.is_empty(edges))
        tree = shapely.STRtree(edges[bad])
        one, two = tree.query(edges[bad], predicate="dwithin", distance=STEP_DEG)
        known = {pair_of(place) for place in self.places}
        return {
            (int(bad[a]), int(bad[b])): edges[bad[a]]
            for a, b in zip(one, two, strict=True)
            if a < b and (int(bad[a]), int(bad[b])) not in known
        }


def pair_of(place: Place) -> tuple[int, ...]:
    """Return the grids that a place is between: those that claim it, or its two neighbours."""
    return place.owners or tuple(sorted(row for row, _ in place.beside[:2]))


def survey(layer: gpd.GeoDataFrame, *, narrow_m: float = NARROW_M) -> Survey:
    """Look a layer through; ``grid_id`` may be missing, empty or used twice.

    Raises
    ------
    InputError
        When the layer has no CRS or no polygon at all.
    """
    if layer.crs is None:
        raise InputError(
            "the layer of grids has no coordinate reference system",
            where="grids",
            mend="Save it with its CRS.",
        )
    wgs84 = layer if layer.crs == LONLAT else layer.to_crs(LONLAT)
    raw: Shapes = np.array(
        [_polygon(one) for one in _rounded(np.asarray(wgs84.geometry.values))] + [None],
        dtype=object,
    )[:-1]
    drawn = [row for row, shape in enumerate(raw) if shape is not None]
    if not drawn:
        raise InputError(
            "the layer of grids has no polygon", where="grids", mend="Give grids as polygons."
        )
    valid = dict(zip(drawn, shapely.is_valid(raw[drawn]).tolist(), strict=True))
    folded = tuple(row for row in drawn if not valid[row])
    sound = raw.copy()
    for row in folded:
        sound[row] = _polygon(
            shapely.make_valid(raw[row], method="structure", keep_collapsed=False)
        )
    drawn = [row for row in drawn if sound[row] is not None]
    first = [drawn[k] for k in first_of_each(sound[drawn]).tolist()]
    twins = tuple((row, own) for row, own in zip(drawn, first, strict=True) if row != own)
    rows = tuple(row for row, own in zip(drawn, first, strict=True) if row == own)
    ids = _ids(layer)
    return Survey(
        layer, ids, _names(ids, rows), raw, rows, twins, folded, sound[list(rows)], narrow_m
    )


def _rounded(shapes: Shapes) -> Shapes:
    """Return shapes to a tenth of a millimetre: what computing left between two vertices goes.

    GEOS sees no fault in borders that are apart by the last digit, but they are no common border.
    """
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    return np.asarray(shapely.transform(flat, lambda xy: np.round(xy, _DIGITS)), dtype=object)


def _polygon(shape: BaseGeometry | None) -> BaseGeometry | None:
    """Return a shape's polygons, None where it has none on the map."""
    if shape is None or shape.is_empty or not shape.geom_type.endswith("Polygon"):
        return None
    west, south, east, north = shape.bounds
    on_map = west >= -180 and east <= 180 and south >= -90 and north <= 90
    return shape if on_map else None


def _ids(layer: gpd.GeoDataFrame) -> tuple[str, ...]:
    if "grid_id" not in layer.columns:
        return ("",) * len(layer)
    return tuple("" if pd.isna(one) else str(one).strip() for one in layer["grid_id"])


def _names(ids: tuple[str, ...], rows: tuple[int, ...]) -> tuple[str, ...]:
    """Return an id for each feature: its own where nobody before it has it, else a new one."""
    taken = set(ids)
    given: set[str] = set()
    out = list(ids)
    for row in rows:
        if ids[row] and ids[row] not in given:
            given.add(ids[row])
            continue
        stem, number = (ids[row] or "grid"), 2 if ids[row] else row + 1
        while f"{stem}-{number}" in taken:
            number += 1
        out[row] = f"{stem}-{number}"
        taken.add(out[row])
    return tuple(out)


def called(seen: Survey, row: int) -> str:
    """Return how a feature is spoken of: by its id, or by its number in the file."""
    return seen.ids[row] or f"feature {row + 1}"


class _Add(Protocol):
    """Add one mend to those that are offered."""

    def __call__(
        self,
        kind: Kind,
        rows: Sequence[int],
        shape: BaseGeometry | None,
        *,
        to: str | None = None,
        places: Sequence[Place] = (),
        km2: float | None = None,
    ) -> None: ...


@dataclass(frozen=True)
class Repair:
    """The mends offered for a layer; `accept` makes the layer that follows from some or all."""

    seen: Survey
    proposals: tuple[Proposal, ...]
    given: dict[int, dict[int, int]]

    def accept(self, numbers: Sequence[int] | None = None) -> gpd.GeoDataFrame:
        """Return the layer (EPSG:4326) with some proposals taken, or with all of them.

        With all, it is a valid coverage without holes whose ids are unique. Where any border was
        mended, all vertices come to lie on a grid of 1e-7 degrees (a centimetre).

        Raises
        ------
        InputError
            When there is no proposal of a number.
        """
        seen = self.seen
        known = {one.number: one for one in self.proposals}
        strange = sorted(set(numbers or ()) - set(known))
        if strange:
            raise InputError(
                f"there is no proposal {strange[0]}",
                where="grids",
                mend=f"Give numbers from 1 to {len(known)}.",
            )
        chosen = [known[one] for one in (known if numbers is None else sorted(set(numbers)))]
        dropped = {row for one in chosen if one.kind == "drop" for row in one.rows}
        named = {row for one in chosen if one.kind == "name" for row in one.rows}
        unfolded = {row for one in chosen if one.kind == "unfold" for row in one.rows}
        shapes = dict(enumerate(seen.raw))
        shapes |= {row: seen.sound[k] for k, row in enumerate(seen.rows) if row in unfolded}
        if any(one.kind in {"overlap", "hole", "match"} for one in chosen):
            given = {f: to for one in chosen for f, to in self.given.get(one.number, {}).items()}
            new = dissolved(seen.faces, given, len(seen.rows))
            still = set(seen.folded) - unfolded
            shapes |= {row: new[k] for k, row in enumerate(seen.rows) if row not in still}
        kept = [
            row
            for row, one in shapes.items()
            if row not in dropped and not (one is not None and one.is_empty)
        ]
        out = seen.layer.iloc[kept].drop(columns=seen.layer.geometry.name)
        ids = [seen.names[row] if row in named else seen.ids[row] for row in kept]
        return gpd.GeoDataFrame(
            out.assign(grid_id=ids).reset_index(drop=True),
            geometry=[shapes[row] for row in kept],
            crs=LONLAT,
        )


def repair(layer: gpd.GeoDataFrame, *, narrow_m: float = NARROW_M) -> Repair:
    """Offer a mend for each problem that has one; none where nothing is wrong.

    Holes go to the neighbour with the longest common border, overlaps to the one of those that
    claim it with the longest border to it. What is narrower than ``narrow_m`` between two grids
    is one proposal for the pair: their borders were meant to be one.
    """
    return offered(survey(layer, narrow_m=narrow_m))


def offered(seen: Survey) -> Repair:
    """Return the mends for a layer that was looked through."""
    drafts: list[tuple[Proposal, dict[int, int]]] = []

    def add(
        kind: Kind,
        rows: Sequence[int],
        shape: BaseGeometry | None,
        *,
        to: str | None = None,
        places: Sequence[Place] = (),
        km2: float | None = None,
    ) -> None:
        lon, lat = place_of(shape)
        area = sum(one.km2 for one in places) if km2 is None else km2
        width = max((one.width_m for one in places), default=None)
        grids = tuple(called(seen, row) for row in rows)
        drafts.append((
            Proposal(
                len(drafts) + 1, kind, grids, to, area, width, max(len(places), 1), lon, lat,
                tuple(rows), places[0].shape if len(places) == 1 else None,
            ),
            {face: one.to for one in places for face in one.faces},
        ))  # fmt: skip

    for row, shape in enumerate(seen.raw):
        if shape is None or (row in seen.folded and row not in {*seen.rows, *dict(seen.twins)}):
            add("drop", [row], None, km2=0.0)
    for row, _ in seen.twins:
        add("drop", [row], seen.raw[row], km2=0.0)
    at = {row: k for k, row in enumerate(seen.rows)}
    for row in seen.rows:
        if row in seen.folded:
            change = abs(km2_of(seen.sound[at[row]]) - km2_of(seen.raw[row]))
            add("unfold", [row], _crossing(seen.raw[row]), km2=change)
        if seen.names[row] != seen.ids[row]:
            add("name", [row], seen.raw[row], to=seen.names[row], km2=0.0)
    if not seen.fits:
        _borders(seen, add)
    return Repair(
        seen,
        tuple(one for one, _ in drafts),
        {one.number: faces for one, faces in drafts if faces},
    )


def _borders(seen: Survey, add: _Add) -> None:
    """Offer what makes the borders fit: wide places one by one, narrow ones by pair of grids."""
    pairs: dict[tuple[int, ...], list[Place]] = {}
    for place in seen.places:
        pair = pair_of(place)
        if place.width_m < seen.narrow_m and len(pair) == 2:
            pairs.setdefault(pair, []).append(place)
            continue
        rows = place.owners or tuple(row for row, _ in place.beside)
        add(
            "overlap" if place.owners else "hole",
            [seen.rows[row] for row in rows],
            shapely.point_on_surface(place.shape),
            to=called(seen, seen.rows[place.to]),
            places=[place],
        )
    for pair, places in pairs.items():
        widest = max(places, key=lambda one: one.width_m)
        add(
            "match",
            [seen.rows[row] for row in pair],
            shapely.point_on_surface(widest.shape),
            places=places,
        )
    for pair, edges in seen.unmatched.items():
        add("match", [seen.rows[row] for row in pair], edges, km2=0.0)
    given = {face: place.to for place in seen.places for face in place.faces}
    for k, shape in enumerate(dissolved(seen.faces, given, len(seen.rows))):
        if shape.is_empty:
            add("drop", [seen.rows[k]], seen.sound[k], km2=0.0)


def _crossing(shape: BaseGeometry) -> BaseGeometry:
    lon, lat, _ = self_crossings(shape)[0]
    return shapely.Point(lon, lat)


def km2_of(shape: BaseGeometry) -> float:
    """Return a polygon's area (km2) on the ellipsoid; its edges are straight in degrees."""
    straight = shapely.segmentize(shapely.orient_polygons(shape), MAX_EDGE_DEG)
    return abs(float(ELLIPSOID.geometry_area_perimeter(straight)[0])) / 1e6
