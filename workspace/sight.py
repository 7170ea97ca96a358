"""What of a workspace somebody sees: the segments, places and teams of their scope."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
import shapely

from duty.sections import place as section_of
from workspace import rights, store
from workspace._boundaries_held import TABLES as BOUNDARY_TABLES
from workspace._boundaries_held import holding, today
from workspace._cache import cached
from workspace._grids_held import TABLES as GRID_TABLES
from workspace._grids_held import holding as grids_holding
from workspace._places import PLACES
from workspace.folder import Workspace
from workspace.grids import of_places
from workspace.placing import segments
from workspace.staffing import answering

_LEVELS = {"township": ("township",), "village": ("village",), "grid": ("grid", "patrol")}
_READ = (
    *BOUNDARY_TABLES, *GRID_TABLES, *PLACES, "segments", "posts", "post_absences", "teams",
)  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """What somebody sees; ``segments`` is None where that is the whole county.

    ``sections`` are those of which a part is seen, ``whole_sections`` those of which all is.
    ``places`` has the ids of each table of places.
    """

    key: Hashable = None
    segments: frozenset[str] | None = None
    sections: frozenset[str] = frozenset()
    whole_sections: frozenset[str] = frozenset()
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)
    teams: frozenset[str] = frozenset()


def sight(ws: Workspace, role: str, scope: rights.Scope) -> Sight:
    """Return what somebody of a role and scope sees today.

    A section, township, village or grid gives the shore and the places on it; a wharf gives itself
    and its segment; a unit gives what its posts answer for, the wharves that it owns or runs, and
    its teams. What no scope names is not seen.
    """
    if rights.whole(role, scope):
        return Sight()
    day = today(ws)
    key = (day, tuple(sorted((kind, tuple(sorted(ids))) for kind, ids in scope.items())))
    return cached(ws, ("sight", key), _READ, lambda: _sight(ws, scope, key, day))


def unknown(ws: Workspace, scope: rights.Scope) -> list[str]:
    """Return what is wrong with a scope, as phrases."""
    wrong = [
        f"`scope` names {kind!r}, expected one of {', '.join(rights.SCOPES)}"
        for kind in scope
        if kind not in rights.SCOPES
    ]
    for kind, ids in scope.items():
        if kind in rights.SCOPES:
            there = _known(ws, kind)
            wrong += [f"there is no {kind} {one!r}" for one in ids if one not in there]
            if not ids:
                wrong.append(f"`scope` names no {kind}")
    return wrong


def _known(ws: Workspace, kind: str) -> set[str]:
    if kind == "county":
        return {rights.WHOLE}
    if kind == "section":
        return set(holding(ws).sections["section_id"])
    if kind == "wharf":
        return set(store.read(ws.engine, "wharves", columns=["wharf_id"])["wharf_id"])
    if kind in _LEVELS:
        return {one for level in _LEVELS[kind] for one in grids_holding(ws, level).named["grid_id"]}
    wharves = store.read(ws.engine, "wharves", columns=["owner_unit", "operator_unit"])
    posts = store.read(ws.engine, "posts", columns=["unit"])
    teams = store.read(ws.engine, "teams", columns=["unit"])
    columns = (wharves["owner_unit"], wharves["operator_unit"], posts["unit"], teams["unit"])
    return {unit for column in columns for unit in column.drop_nulls()}


def _sight(ws: Workspace, scope: rights.Scope, key: Hashable, day: date) -> Sight:
    named = {kind: set(scope.get(kind, ())) for kind in rights.SCOPES}
    _add_units(ws, named, day)
    shore = segments(ws, day)
    inside = shore["section_id"].isin(named["section"]).to_numpy(bool, copy=True)
    inside |= _in_grids(ws, named, pl.Series(shore["lon"]), pl.Series(shore["lat"]), day)
    places = {table: _inside(ws, table, named, day) for table in PLACES}
    inside |= _with_wharves(ws, shore, named["wharf"])
    seen, hidden = shore[inside], shore[~inside]
    sections = frozenset(one for one in seen["section_id"] if isinstance(one, str))
    teams = store.read(ws.engine, "teams", columns=["team_id", "unit"])
    return Sight(
        key,
        frozenset(seen["segment_id"]),
        sections,
        sections - set(hidden["section_id"]),
        {**places, "wharves": places["wharves"] | named["wharf"]},
        frozenset(teams.filter(pl.col("unit").is_in(list(named["unit"])))["team_id"]),
    )


def _add_units(ws: Workspace, named: dict[str, set[str]], day: date) -> None:
    """Add to a scope what its units answer for, own or run."""
    units = list(named["unit"])
    posts = answering(ws, day).filter(pl.col("unit").is_in(units))
    for kind, found in posts.group_by("object_kind"):
        if kind[0] in named:
            named[str(kind[0])] |= set(found["object_id"].drop_nulls())
    wharves = store.read(ws.engine, "wharves", columns=["wharf_id", "owner_unit", "operator_unit"])
    mine = pl.col("owner_unit").is_in(units) | pl.col("operator_unit").is_in(units)
    named["wharf"] |= set(wharves.filter(mine)["wharf_id"])


def _in_grids(
    ws: Workspace, named: Mapping[str, set[str]], lon: pl.Series, lat: pl.Series, day: date
) -> np.ndarray:
    """Tell of each place whether it lies in a township, village or grid of a scope."""
    inside = np.zeros(len(lon), bool)
    for kind, levels in _LEVELS.items():
        for level in levels if named[kind] else ():
            held = grids_holding(ws, level, day)
            if held.version is not None:
                found = of_places(held, lon, lat)
                inside |= found.is_in(list(named[kind])).fill_null(value=False).to_numpy()
    return inside


def _inside(ws: Workspace, table: str, named: Mapping[str, set[str]], day: date) -> frozenset[str]:
    """Return the places of a table that lie on a section or in a grid of a scope."""
    columns = [PLACES[table], "shoreline_id", "chainage_m", "geometry"]
    found = store.read(ws.engine, table, columns=columns)
    shapes = shapely.from_wkb(np.array(found["geometry"].to_list(), dtype=object))
    lon, lat = (pl.Series(get(shapes), dtype=pl.Float64) for get in (shapely.get_x, shapely.get_y))
    inside = _in_grids(ws, named, lon.fill_nan(None), lat.fill_nan(None), day)
    held = holding(ws, day)
    placed = found["shoreline_id"].is_not_null().to_numpy()
    if held.cuts.height and placed.any():
        on = section_of(
            found.filter(pl.Series(placed)).select("shoreline_id", "chainage_m"),
            held.cuts,
            held.hangs,
        )
        inside[placed] |= on.is_in(list(named["section"])).fill_null(value=False).to_numpy()
    return frozenset(found[PLACES[table]].filter(pl.Series(inside)))


def _with_wharves(ws: Workspace, shore: pl.DataFrame, wharves: set[str]) -> np.ndarray:
    """Tell of each segment whether one of some wharves stands on it."""
    found = store.read(
        ws.engine, "wharves", columns=["wharf_id", "shoreline_id", "chainage_m"]
    ).filter(pl.col("wharf_id").is_in(list(wharves)))
    inside = np.zeros(len(shore), bool)
    lines, first, last = (shore[name].to_numpy() for name in ("shoreline_id", "from_m", "to_m"))
    for line, at in found.select("shoreline_id", "chainage_m").drop_nulls().iter_rows():
        inside |= (lines == line) & (first <= at) & (at <= last)
    return inside
