"""The workspace behind the pages: its readers, its accounts and its runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from dashboards.source import MOST_FOUND, MOST_SAMPLES, Person
from workspace import lineage, read, runs, tide, users
from workspace import patrol_sheet as patrolling
from workspace.daily import daily, shift_of
from workspace.folder import open_workspace
from workspace.redrawing import Redrawing
from workspace.sight import Sight, sight

if TYPE_CHECKING:
    import geopandas as gpd

    from workspace.rights import Scope


class WorkspaceSource:
    """Answer the pages from one open workspace."""

    def __init__(self, folder: Path) -> None:
        self._ws = open_workspace(folder)
        self._scoring = threading.Lock()

    @property
    def redrawing(self) -> Redrawing:
        """Return the boundaries."""
        return Redrawing(self._ws)

    def sight(self, role: str, scope: Scope) -> Sight:
        """Return what somebody of a role and scope sees."""
        return sight(self._ws, role, scope)

    def meta(self) -> read.Meta:
        """Return what the workspace says of itself."""
        return read.meta(self._ws)

    def segments(self) -> gpd.GeoDataFrame:
        """Return the segments in the order of the shore."""
        return read.segments(self._ws)

    def land(self) -> gpd.GeoDataFrame:
        """Return the land."""
        return read.land(self._ws)

    def sections(self) -> pl.DataFrame:
        """Return the sections with their chiefs."""
        return read.sections(self._ws)

    def scored_shifts(self) -> list[tuple[str, datetime, datetime]]:
        """Return the shifts that have scores."""
        return read.scored_shifts(self._ws)

    def scores(self, shift_id: str) -> pl.DataFrame | None:
        """Return the scores of a shift in the order of the segments."""
        return read.scores(self._ws, shift_id)

    def strip(
        self, section_id: str | None, day: date, within: frozenset[str] | None = None
    ) -> pl.DataFrame:
        """Return three days of shifts with their highest scores."""
        return read.strip(self._ws, section_id, day, within)

    def explain(self, segment_id: str, shift_id: str) -> dict[str, Any] | None:
        """Return why a segment has its score, or None where it has none."""
        return read.explain(self._ws, segment_id, shift_id)

    def forecast(self) -> read.Outlook | None:
        """Return the newest learned model with its forecast, None where none was trained."""
        return read.forecast(self._ws)

    def forecast_of(self, segment_id: str) -> dict[str, Any] | None:
        """Return what is forecast of a segment and why, None where nothing is offered."""
        return read.forecast_of(self._ws, segment_id)

    def layer(self, name: str, **choice: object) -> gpd.GeoDataFrame:
        """Return one layer of the map."""
        return read.layer(self._ws, name, **choice)

    def tracks(
        self, *, t0: datetime, t1: datetime, bbox: Sequence[float], max_points: int
    ) -> tuple[gpd.GeoDataFrame, bool]:
        """Return the ways of the vessels in a window, and whether points were left out."""
        return read.tracks(self._ws, t0=t0, t1=t1, bbox=bbox, max_points=max_points)

    def events(
        self,
        *,
        t0: datetime,
        t1: datetime,
        kinds: Sequence[str],
        least: float,
        most: int,
        within: frozenset[str] | None = None,
    ) -> read.Events:
        """Return the events of a window that rank ``least`` or higher, the highest first."""
        return read.events(
            self._ws, t0=t0, t1=t1, kinds=kinds, least=least, most=most, within=within
        )

    def event(self, event_id: str) -> read.Event | None:
        """Return one event with its reach, or what it became."""
        return read.event(self._ws, event_id)

    def vessel_events(self, mmsi: int, most: int) -> tuple[pl.DataFrame, int]:
        """Return what a vessel had a part in by rank, and how many there are."""
        return read.vessel_events(self._ws, mmsi, most=most)

    def vessel_pattern(self, mmsi: int) -> dict[str, Any] | None:
        """Return a vessel's pattern of life, None without one."""
        return read.vessel_pattern(self._ws, mmsi)

    def place(self, table: str, key: str) -> dict[str, Any] | None:
        """Return one wharf, risk point or facility with its history, None where there is none."""
        return read.place(self._ws, table, key)

    def place_history(self, table: str, key: str) -> list[dict[str, Any]]:
        """Return what changed of one place, the latest first."""
        return read.changes_of(self._ws, table, key)

    def coasts(self) -> pl.DataFrame:
        """Return the imports of coasts, the newest first."""
        return read.coasts(self._ws)

    def coast_changes(self, coast_id: int) -> gpd.GeoDataFrame:
        """Return what one import changed, as lines."""
        return read.coast_changes(self._ws, coast_id)

    def coast_sums(self, coast_id: int) -> pl.DataFrame:
        """Return how much of each kind one import changed."""
        return lineage.sums(lineage.table(self._ws, coast_id))

    def stretches(self, coast_id: int) -> pl.DataFrame:
        """Return the stretches that one import changed, the longest first."""
        return read.stretches(self._ws, coast_id)

    def feed_days(self) -> pl.DataFrame:
        """Return what came from each source on each UTC day."""
        return read.feed_days(self._ws)

    def coverage(self, day: date, source: str | None) -> read.Coverage:
        """Return the positions and vessels of a UTC day by cell."""
        return read.coverage(self._ws, day, source)

    def refused(self, source: str | None, day: date | None) -> pl.DataFrame:
        """Return samples of what was refused of a source and day, by reason."""
        return read.refused(self._ws, source=source, day=day, most=MOST_SAMPLES)

    def vessel(self, mmsi: int) -> read.Vessel | None:
        """Return what is known of a vessel, None where it was never heard."""
        return read.vessel(self._ws, mmsi)

    def vessels_like(self, text: str) -> pl.DataFrame:
        """Return vessels by a part of their number, call sign or any name they bore."""
        return read.vessels_like(self._ws, text, most=MOST_FOUND + 1)

    def tide(self, t0: datetime, t1: datetime) -> tuple[list[datetime], list[float]] | None:
        """Return the tide's times and heights above mean sea level, or None without a station."""
        station = tide.station(self._ws)
        if station is None:
            return None
        times, heights = tide.curve(station, t0, t1, step_min=30)
        return [moment.replace(tzinfo=UTC) for moment in times.tolist()], heights.tolist()

    def daily(self, section_id: str, shift_id: str) -> dict[str, Any] | None:
        """Return what the people of a section need for a shift, None for no shift."""
        found = shift_of(self._ws, shift_id)
        return found and daily(self._ws, section_id, found, now=self.now())

    def patrol_sheet(
        self, shift_id: str | None, team: str | None, teams: frozenset[str] | None = None
    ) -> str:
        """Return the sheet of a team's patrol as a page."""
        return patrolling.phone(self._ws, shift_id, team, now=self.now(), teams=teams)

    def patrol_route(self, shift_id: str, team: str) -> str | None:
        """Return a team's route as GPX, None where it has none."""
        return patrolling.route(self._ws, shift_id, team)

    def ensure_scored(self, day: date) -> None:
        """Score a date unless it is scored; one at a time."""
        with self._scoring:
            runs.ensure_scored(self._ws, day)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def sign_in(self, name: str, password: str) -> tuple[str, Person] | str:
        """Return a session's token and its person, or why there is none."""
        try:
            token, user = users.sign_in(self._ws, name, password)
        except users.SignInError as refusal:
            return refusal.reason
        return token, _person(user)

    def person(self, token: str) -> Person | None:
        """Return whose session a token opens."""
        user = users.who(self._ws, token)
        return _person(user) if user else None

    def sign_out(self, token: str) -> None:
        """End a session."""
        users.sign_out(self._ws, token)


def _person(user: users.User) -> Person:
    return Person(user.user_id, user.name, user.role, user.scope)
