"""The door between pages and source: who asks sees what role and scope let them, and no more.

Nothing else in the pages, the callbacks or the API decides what is seen: they ask a `Seen`. What a
role may not ask for at all is `DeniedError`; what a scope hides is not there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import shapely
from fastapi import Request

from dashboards.seen_redrawing import SeenRedrawing
from dashboards.source import Person, Source
from workspace import rights
from workspace.sight import Sight

if TYPE_CHECKING:
    import geopandas as gpd

    from workspace.read import Coverage, Event, Events, Meta, Outlook, Vessel

#: Scopes whose part of the coast is kept ready.
_KEPT = 200

#: How far from the shore that somebody sees tracks and checkpoints are seen.
_NEAR_M = 10_000.0
_METRES_A_DEGREE = 111_320.0

#: Which table of places each layer's rows are of, and their key.
_PLACES = {
    "wharves": ("wharves", "wharf_id"),
    "risk_points": ("risk_points", "risk_point_id"),
    "facilities": ("facilities", "facility_id"),
    "viewsheds": ("facilities", "facility_id"),
}


class DeniedError(Exception):
    """Somebody's role, or a scope that is not the county, does not allow what was asked."""


@dataclass(frozen=True)
class _Part:
    """The part of the coast that a scope shows, made from one frame of segments."""

    of: gpd.GeoDataFrame
    inside: np.ndarray
    segments: gpd.GeoDataFrame

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        west, south, east, north = self.segments.total_bounds.tolist()
        return west, south, east, north


class Door:
    """Hand each person the source as they may see it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._parts: OrderedDict[Any, _Part] = OrderedDict()
        self._lock = Lock()

    def __call__(self, person: Person) -> Seen:
        """Return what somebody sees."""
        return Seen(self._source, person, self.part)

    def part(self, sight: Sight) -> _Part:
        """Return the part of the coast that a sight shows, the same object while the coast is."""
        coast = self._source.segments()
        with self._lock:
            found = self._parts.get(sight.key)
            if found is None or found.of is not coast:
                inside = coast["segment_id"].isin(sight.segments or ()).to_numpy(bool)
                found = _Part(coast, inside, coast[inside].reset_index(drop=True))
                self._parts[sight.key] = found
            self._parts.move_to_end(sight.key)
            while len(self._parts) > _KEPT:
                self._parts.popitem(last=False)
        return found


class Seen(Source):
    """A source as one person sees it."""

    def __init__(self, source: Source, person: Person, part: Any) -> None:  # noqa: ANN401
        self._source = source
        self._person = person
        self._sight = source.sight(person.role, person.scope)
        self._part_of = part

    def may(self, act: str) -> bool:
        """Tell whether whoever asks may do an act at all."""
        return rights.may(self._person.role, self._person.scope, act)

    def _must(self, act: str) -> None:
        if not self.may(act):
            raise DeniedError(act)

    @property
    def key(self) -> Any:  # noqa: ANN401
        """Return what is the same for all who see the same."""
        return self._sight.key

    @property
    def _whole(self) -> bool:
        return self._sight.segments is None

    @property
    def _part(self) -> _Part:
        part: _Part = self._part_of(self._sight)
        return part

    def _sees(self, segment_id: object) -> bool:
        return self._sight.segments is None or segment_id in self._sight.segments

    # ---- what everyone knows ----

    def sight(self, role: str, scope: rights.Scope) -> Sight:
        """Return what somebody else would see."""
        return self._source.sight(role, scope)

    def now(self) -> datetime:
        """Return the time."""
        return self._source.now()

    def land(self) -> gpd.GeoDataFrame:
        """Return the land."""
        return self._source.land()

    def scored_shifts(self) -> list[tuple[str, datetime, datetime]]:
        """Return (id, start, end) of the shifts that have scores."""
        return self._source.scored_shifts()

    def tide(self, t0: datetime, t1: datetime) -> tuple[list[datetime], list[float]] | None:
        """Return times and heights above mean sea level."""
        return self._source.tide(t0, t1)

    def ensure_scored(self, day: date) -> None:
        """Score a date unless it is scored."""
        self._source.ensure_scored(day)

    def sign_in(self, name: str, password: str) -> tuple[str, Person] | str:
        """Return a session's token and its person, or why there is none."""
        return self._source.sign_in(name, password)

    def person(self, token: str) -> Person | None:
        """Return whose session a token opens."""
        return self._source.person(token)

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._source.sign_out(token)

    # ---- the coast and its risk ----

    def meta(self) -> Meta:
        """Return what the workspace says of itself, with the bounds of what is seen."""
        meta = self._source.meta()
        return meta if self._whole or self._nothing() else replace(meta, bounds=self._part.bounds)

    def _nothing(self) -> bool:
        return not len(self._part.segments)

    def segments(self) -> gpd.GeoDataFrame:
        """Return the segments in the order of the shore."""
        return self._source.segments() if self._whole else self._part.segments

    def sections(self) -> pl.DataFrame:
        """Return the sections of which a part is seen."""
        found = self._source.sections()
        return found if self._whole else found.filter(_among("section_id", self._sight.sections))

    def scores(self, shift_id: str) -> pl.DataFrame | None:
        """Return a shift's scores in the order of the segments."""
        found = self._source.scores(shift_id)
        return found if found is None or self._whole else found.filter(self._part.inside)

    def strip(
        self, section_id: str | None, day: date, within: frozenset[str] | None = None
    ) -> pl.DataFrame:
        """Return three days of shifts with their highest scores."""
        return self._source.strip(section_id, day, self._within(within))

    def _within(self, within: frozenset[str] | None) -> frozenset[str] | None:
        if within is None or self._sight.segments is None:
            return within if self._whole else self._sight.segments
        return within & self._sight.segments

    def explain(self, segment_id: str, shift_id: str) -> dict[str, Any] | None:
        """Return why a segment has its score in a shift."""
        return self._source.explain(segment_id, shift_id) if self._sees(segment_id) else None

    def forecast(self) -> Outlook | None:
        """Return the newest learned model with its forecast."""
        found = self._source.forecast()
        if found is None or self._whole or not found.rows.height:
            return found
        return found._replace(rows=found.rows.filter(self._part.inside))

    def forecast_of(self, segment_id: str) -> dict[str, Any] | None:
        """Return what is forecast of a segment."""
        return self._source.forecast_of(segment_id) if self._sees(segment_id) else None

    def layer(self, name: str, **choice: object) -> gpd.GeoDataFrame:
        """Return one layer of the map."""
        if name == "patrols":
            self._must("see_patrols")
        if name == "events":
            self._must("see_events")
        found = self._source.layer(name, **choice)
        if self._whole or found.empty:
            return found
        if name in _PLACES:
            table, key = _PLACES[name]
            inside = found[key].isin(self._sight.places[table])
        elif name == "sections":
            inside = found["section_id"].isin(self._sight.sections)
        elif name in {"incidents", "events"}:
            inside = found["segment_id"].isin(self._sight.segments or ())
        elif name == "patrols":
            inside = self._patrols(found)
        else:
            inside = self._touching(found)
        return found[np.asarray(inside, bool)].reset_index(drop=True)

    def _touching(self, found: gpd.GeoDataFrame) -> np.ndarray:
        """Tell which lines run along the shore that is seen."""
        shown = shapely.STRtree(self._part.segments.geometry.to_numpy())
        rows, near = shown.query(found.geometry.to_numpy(), predicate="intersects")
        # Neighbours share a point; only what shares a length is seen.
        shared = shapely.intersection(
            found.geometry.to_numpy()[rows], self._part.segments.geometry.to_numpy()[near]
        )
        inside = np.zeros(len(found), bool)
        inside[rows[shapely.length(shared) > 0]] = True
        return inside

    def _patrols(self, found: gpd.GeoDataFrame) -> np.ndarray:
        """Tell which routes, stops and checkpoints are seen: own teams', and those on the shore."""
        own = found["team_id"].isin(self._sight.teams).to_numpy(bool)
        part = found["part"].to_numpy()
        stop = (part == "stop") & found["segment_id"].isin(self._sight.segments or ()).to_numpy()
        return own | stop | ((part == "checkpoint") & self._near(found.geometry.to_numpy()))

    def _near(self, shapes: np.ndarray) -> np.ndarray:
        """Tell which places lie near the shore that is seen."""
        if self._nothing():
            return np.zeros(len(shapes), bool)
        shore = self._part.segments.geometry.to_numpy()
        shrink = np.array([np.cos(np.radians(shapely.get_y(shapely.centroid(shore)).mean())), 1.0])
        flat, at = (shapely.transform(part, lambda xy: xy * shrink) for part in (shore, shapes))
        tree = shapely.STRtree(flat)
        inside = np.zeros(len(shapes), bool)
        inside[tree.query(at, predicate="dwithin", distance=_NEAR_M / _METRES_A_DEGREE)[0]] = True
        return inside

    # ---- vessels and what they did ----

    def tracks(
        self, *, t0: datetime, t1: datetime, bbox: Sequence[float], max_points: int
    ) -> tuple[gpd.GeoDataFrame, bool]:
        """Return the ways of vessels off the shore that is seen."""
        self._must("see_events")
        return self._source.tracks(t0=t0, t1=t1, bbox=self._box(bbox), max_points=max_points)

    def _box(self, bbox: Sequence[float]) -> Sequence[float]:
        if self._whole:
            return bbox
        if self._nothing():
            return 0.0, 0.0, 0.0, 0.0
        west, south, east, north = self._part.bounds
        up = _NEAR_M / _METRES_A_DEGREE
        side = up / np.cos(np.radians((south + north) / 2))
        least = (max(bbox[0], west - side), max(bbox[1], south - up))
        most = (min(bbox[2], east + side), min(bbox[3], north + up))
        return *least, max(most[0], least[0]), max(most[1], least[1])

    def events(
        self,
        *,
        t0: datetime,
        t1: datetime,
        kinds: Sequence[str],
        least: float,
        most: int,
        within: frozenset[str] | None = None,
    ) -> Events:
        """Return the events of a window at the shore that is seen, or that may have reached it."""
        self._must("see_events")
        return self._source.events(
            t0=t0, t1=t1, kinds=kinds, least=least, most=most, within=self._within(within)
        )

    def event(self, event_id: str) -> Event | None:
        """Return one event with its reach, that part of it that is seen."""
        self._must("see_events")
        found = self._source.event(event_id)
        if found is None or self._sight.segments is None:
            return found
        sums = pl.col("segment_id").is_in(["none", "rest"])
        shown = _among("segment_id", self._sight.segments)
        if not self._sees(found.row.get("segment_id")) and not found.reach.filter(shown).height:
            return None
        hidden = float(found.reach.filter(~(sums | shown))["probability"].sum())
        return replace(
            found,
            reach=found.reach.filter(sums | shown).with_columns(
                pl.when(pl.col("segment_id") == "rest")
                .then(pl.col("probability") + hidden)
                .otherwise(pl.col("probability"))
                .alias("probability")
            ),
        )

    def vessel(self, mmsi: int) -> Vessel | None:
        """Return what is known of a vessel."""
        self._must("see_vessels")
        return self._source.vessel(mmsi)

    def vessels_like(self, text: str) -> pl.DataFrame:
        """Return vessels by a part of their number or any name."""
        self._must("see_vessels")
        return self._source.vessels_like(text)

    def vessel_events(self, mmsi: int, most: int) -> tuple[pl.DataFrame, int]:
        """Return what a vessel had a part in by rank."""
        self._must("see_vessels")
        return self._source.vessel_events(mmsi, most)

    def vessel_pattern(self, mmsi: int) -> dict[str, Any] | None:
        """Return a vessel's pattern of life."""
        self._must("see_vessels")
        return self._source.vessel_pattern(mmsi)

    # ---- places and duty ----

    def place(self, table: str, key: str) -> dict[str, Any] | None:
        """Return one place with its history."""
        return self._source.place(table, key) if self._holds(table, key) else None

    def place_history(self, table: str, key: str) -> list[dict[str, Any]]:
        """Return what changed of one place."""
        return self._source.place_history(table, key) if self._holds(table, key) else []

    def _holds(self, table: str, key: str) -> bool:
        return self._whole or key in self._sight.places.get(table, ())

    def sees_section(self, section_id: str) -> bool:
        """Tell whether all of a section is seen."""
        return self._whole or section_id in self._sight.whole_sections

    def daily(self, section_id: str, shift_id: str) -> dict[str, Any] | None:
        """Return what the people of a section need for a shift; patrols for those who may."""
        if not self.sees_section(section_id):
            return None
        told = self._source.daily(section_id, shift_id)
        if told is None or self.may("see_patrols"):
            return told
        return {**told, "planned": False, "teams": [], "checkpoints": []}

    def patrol_sheet(
        self, shift_id: str | None, team: str | None, teams: frozenset[str] | None = None
    ) -> str:
        """Return the sheet of a team's patrol as a page."""
        self._must("see_patrols")
        own = teams if self._whole else self._sight.teams
        return self._source.patrol_sheet(shift_id, team, own)

    def patrol_route(self, shift_id: str, team: str) -> str | None:
        """Return a team's route as GPX."""
        self._must("see_patrols")
        if not (self._whole or team in self._sight.teams):
            return None
        return self._source.patrol_route(shift_id, team)

    # ---- of the county as a whole ----

    @property
    def redrawing(self) -> SeenRedrawing:
        """Return the boundaries, to be looked at and changed in the asker's name."""
        return SeenRedrawing(self._source.redrawing, self._person.name, self._must)

    def coasts(self) -> pl.DataFrame:
        """Return the imports of coasts."""
        self._must("see_changes")
        return self._source.coasts()

    def coast_changes(self, coast_id: int) -> gpd.GeoDataFrame:
        """Return what one import changed, as lines."""
        self._must("see_changes")
        return self._source.coast_changes(coast_id)

    def coast_sums(self, coast_id: int) -> pl.DataFrame:
        """Return how much of each kind one import changed."""
        self._must("see_changes")
        return self._source.coast_sums(coast_id)

    def stretches(self, coast_id: int) -> pl.DataFrame:
        """Return the stretches that one import changed."""
        self._must("see_changes")
        return self._source.stretches(coast_id)

    def feed_days(self) -> pl.DataFrame:
        """Return what came from each source on each UTC day."""
        self._must("see_data")
        return self._source.feed_days()

    def coverage(self, day: date, source: str | None) -> Coverage:
        """Return the positions and vessels of a UTC day by cell."""
        self._must("see_data")
        return self._source.coverage(day, source)

    def refused(self, source: str | None, day: date | None) -> pl.DataFrame:
        """Return samples of what was refused."""
        self._must("see_data")
        return self._source.refused(source, day)


def _among(column: str, names: frozenset[str]) -> pl.Expr:
    return pl.col(column).is_in(list(names))


def seen(door: Door, request: Request) -> Seen:
    """Return the source as whoever sent a request sees it."""
    return door(request.state.person)
