"""What is wrong with a layer of grids, told by place, and offered for repair."""

from collections.abc import Callable, Sequence
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
from geo.crs import ELLIPSOID, LONLAT, MAX_EDGE_DEG, Floats
from geo.errors import InputError

# SAME_DEG in digits.
_DIGITS = 9
_TOLD = 5
# Each round fills what the one before closed off; two are rarely needed.
_ROUNDS = 6
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

    ``ids`` are as given ("" for none), ``names`` unique; ``drawn`` are the shapes in degrees,
    ``raw`` their polygons, None where there is none on the map, ``rows`` those that take part,
    ``sound`` their shapes made valid.
    """

    layer: gpd.GeoDataFrame
    ids: tuple[str, ...]
    names: tuple[str, ...]
    drawn: Shapes
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
            (int(bad[a]), int(bad[b])): _apart(edges[bad[a]], edges[bad[b]])
            for a, b in zip(one, two, strict=True)
            if a < b and (int(bad[a]), int(bad[b])) not in known
        }


def _apart(one: BaseGeometry, two: BaseGeometry) -> BaseGeometry:
    """Return the vertices that one of two borders has and the other, running there, has not."""
    found = []
    for mine, other in ((one, two), (two, one)):
        at = np.asarray(shapely.points(shapely.get_coordinates(mine)), dtype=object)
        own = shapely.multipoints(shapely.get_coordinates(other))
        loose = (shapely.distance(at, own) > STEP_DEG) & shapely.dwithin(at, other, STEP_DEG)
        found += at[loose].tolist()
    return shapely.multipoints(found) if found else one


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
    given = _rounded(np.asarray(wgs84.geometry.values))
    raw: Shapes = np.array([*map(_polygon, given), None], dtype=object)[:-1]
    drawn = [row for row, shape in enumerate(raw) if shape is not None]
    if not drawn:
        some = [lacking(one, f"feature {row}")[0] for row, one in enumerate(given[:_TOLD], 1)]
        more = [f"… {len(given) - _TOLD}"] if len(given) > _TOLD else []
        raise InputError(
            f"the layer of grids has no polygon on the map: {'; '.join([*some, *more])}",
            where="grids",
            mend="Give grids as polygons, with longitude before latitude.",
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
        layer, ids, _names(ids, rows), given, raw, rows, twins, folded, sound[list(rows)], narrow_m
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
    return shape if _on_map(shapely.get_coordinates(shape)) else None


def _on_map(xy: Floats) -> bool:
    # What is no number is within no bounds.
    return bool((np.abs(xy) <= [180.0, 90.0]).all())


def lacking(shape: BaseGeometry | None, name: str) -> tuple[str, str, float | None, float | None]:
    """Return why a shape is no polygon on the map, its mend, and its place (lon, lat)."""
    if shape is None or shape.is_empty:
        return f"{name} has no shape", "Draw it, or leave it out.", None, None
    xy = shapely.get_coordinates(shape)
    wrong = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(wrong):
        place = xy[np.isfinite(xy).all(axis=1)]
        lon, lat = map(float, place[0]) if len(place) and _on_map(place[:1]) else (None, None)
        what = f"a coordinate of {name} is no number (vertex {wrong[0] + 1})"
        return what, "Draw that vertex anew, or leave it out.", lon, lat
    x, y = map(float, xy[np.argmax((np.abs(xy) > [180.0, 90.0]).any(axis=1))])
    if not _on_map(xy) and _on_map(xy[:, ::-1]):
        what = f"{name} lies off the map ({x:.5f} {y:.5f})"
        return f"{what}: longitude and latitude are swapped", "Swap them: x is longitude.", y, x
    if not _on_map(xy):
        mend = "Correct its coordinates, or name the CRS of the file: --crs."
        return f"{name} lies off the map ({x:.5f} {y:.5f})", mend, None, None
    what = f"{name} is a {shape.geom_type}, not an area"
    return what, "Draw it as a polygon, or leave it out.", x, y


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

        With all, it is a valid coverage whose ids are unique, without any of the holes that were
        told; `mended` goes on where filling one closes off another. Where any border was mended,
        all vertices come to lie on a grid of 1e-7 degrees (a centimetre).

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


def mended(
    layer: gpd.GeoDataFrame, *, asked: Callable[[Repair, Proposal], bool] | None = None
) -> tuple[gpd.GeoDataFrame, list[Proposal], list[Proposal]]:
    """Take all repairs of a layer, and those that they give rise to, until none is left.

    A gap that is filled may close off the water behind it, or leave a narrower one beside it.

    Parameters
    ----------
    asked : which proposals are not to be taken: a lake, say.

    Returns
    -------
    The layer, the proposals that were taken, and those that were not.
    """
    taken: list[Proposal] = []
    for _ in range(_ROUNDS):
        offer = repair(layer)
        left = [one for one in offer.proposals if asked is not None and asked(offer, one)]
        mends = [one for one in offer.proposals if one not in left]
        if not mends:
            break
        layer = offer.accept([one.number for one in mends])
        taken += mends
    return layer, taken, left


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
