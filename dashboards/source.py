"""The one door to the workspace: what the pages may ask of the rooms below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from dash.development.base_component import Component

if TYPE_CHECKING:
    import geopandas as gpd
    import polars as pl

    from workspace.read import Coverage, Event, Events, Meta, Outlook, Vessel
    from workspace.rights import Scope
    from workspace.sight import Sight


#: The most refused rows of one reason that the pages are told.
MOST_SAMPLES = 5

#: The most vessels that a search is told.
MOST_FOUND = 20

#: A piece of a page.
Part = Component | str | Sequence[Any] | None


@dataclass(frozen=True)
class Person:
    """Whoever has signed in: never more than the pages need."""

    user_id: str
    name: str
    role: str
    scope: Scope = field(default_factory=dict)

    @property
    def section(self) -> str | None:
        """Return the section that this person answers for, the first of the scope, if any."""
        return next(iter(self.scope.get("section", ())), None)


class Source(Protocol):
    """What the pages ask for. Times are UTC; frames are never changed by the asker."""

    def sight(self, role: str, scope: Scope) -> Sight:
        """Return what somebody of a role and scope sees."""
        ...

    def meta(self) -> Meta:
        """Return what the workspace says of itself."""
        ...

    def segments(self) -> gpd.GeoDataFrame:
        """Return the segments in the order of the shore, each with its section."""
        ...

    def land(self) -> gpd.GeoDataFrame:
        """Return the land."""
        ...

    def sections(self) -> pl.DataFrame:
        """Return the sections with their chiefs."""
        ...

    def scored_shifts(self) -> list[tuple[str, datetime, datetime]]:
        """Return (id, start, end) of the shifts that have scores."""
        ...

    def scores(self, shift_id: str) -> pl.DataFrame | None:
        """Return a shift's scores in the order of the segments."""
        ...

    def strip(
        self, section_id: str | None, day: date, within: frozenset[str] | None = None
    ) -> pl.DataFrame:
        """Return three days of shifts with their highest scores, of a section or some segments."""
        ...

    def explain(self, segment_id: str, shift_id: str) -> dict[str, Any] | None:
        """Return why a segment has its score in a shift."""
        ...

    def forecast(self) -> Outlook | None:
        """Return the newest learned model with its forecast, None where none was trained."""
        ...

    def forecast_of(self, segment_id: str) -> dict[str, Any] | None:
        """Return what is forecast of a segment and why, None where nothing is offered."""
        ...

    def layer(self, name: str, **choice: object) -> gpd.GeoDataFrame:
        """Return one layer of the map."""
        ...

    def tracks(
        self, *, t0: datetime, t1: datetime, bbox: Sequence[float], max_points: int
    ) -> tuple[gpd.GeoDataFrame, bool]:
        """Return the ways of vessels, and whether points were left out."""
        ...

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
        """Return the events of a window that rank ``least`` or higher, the highest first.

        ``within`` limits them to those at some segments, or that may have reached them.
        """
        ...

    def event(self, event_id: str) -> Event | None:
        """Return one event with its reach, or what it became; None where there never was one."""
        ...

    def vessel_events(self, mmsi: int, most: int) -> tuple[pl.DataFrame, int]:
        """Return what a vessel had a part in by rank, ``most`` at most, and how many there are."""
        ...

    def vessel_pattern(self, mmsi: int) -> dict[str, Any] | None:
        """Return a vessel's pattern of life with its confidence and reasons, None without one."""
        ...

    def place(self, table: str, key: str) -> dict[str, Any] | None:
        """Return one wharf, risk point or facility with its history, None where there is none."""
        ...

    def place_history(self, table: str, key: str) -> list[dict[str, Any]]:
        """Return what changed of one place, the latest first."""
        ...

    def coasts(self) -> pl.DataFrame:
        """Return the imports of coasts, the newest first."""
        ...

    def coast_changes(self, coast_id: int) -> gpd.GeoDataFrame:
        """Return what one import changed, as lines."""
        ...

    def coast_sums(self, coast_id: int) -> pl.DataFrame:
        """Return how much of each kind one import changed."""
        ...

    def stretches(self, coast_id: int) -> pl.DataFrame:
        """Return the stretches that one import changed, the longest first."""
        ...

    def feed_days(self) -> pl.DataFrame:
        """Return what came from each source on each UTC day."""
        ...

    def coverage(self, day: date, source: str | None) -> Coverage:
        """Return the positions and vessels of a UTC day by cell."""
        ...

    def refused(self, source: str | None, day: date | None) -> pl.DataFrame:
        """Return samples of what was refused of a source and day: reason, file, row, detail, mend.

        They are of the files that these rows came in, ``MOST_SAMPLES`` a reason, without numbers
        of persons.
        """
        ...

    def vessel(self, mmsi: int) -> Vessel | None:
        """Return what is known of a vessel, None where it was never heard."""
        ...

    def vessels_like(self, text: str) -> pl.DataFrame:
        """Return vessels by a part of their number or any name, or by their call sign.

        Columns: mmsi, name (the last), kind, seen_to. Those seen last come first; one more than
        ``MOST_FOUND`` says that there are more.
        """
        ...

    def tide(self, t0: datetime, t1: datetime) -> tuple[list[datetime], list[float]] | None:
        """Return times and heights above mean sea level, None without a station."""
        ...

    def daily(self, section_id: str, shift_id: str) -> dict[str, Any] | None:
        """Return what the people of a section need for a shift, as `workspace.daily` tells it."""
        ...

    @property
    def redrawing(self) -> Any:  # noqa: ANN401
        """Return the boundaries (`workspace.redrawing.Redrawing`)."""
        ...

    def patrol_sheet(
        self, shift_id: str | None, team: str | None, teams: frozenset[str] | None = None
    ) -> str:
        """Return the sheet of a team's patrol as a page; of some teams only, where named."""
        ...

    def patrol_route(self, shift_id: str, team: str) -> str | None:
        """Return a team's route as GPX, None where it has none."""
        ...

    def ensure_scored(self, day: date) -> None:
        """Score a date unless it is scored."""
        ...

    def now(self) -> datetime:
        """Return the time."""
        ...

    def sign_in(self, name: str, password: str) -> tuple[str, Person] | str:
        """Return a session's token and its person, or why there is none."""
        ...

    def person(self, token: str) -> Person | None:
        """Return whose session a token opens."""
        ...

    def sign_out(self, token: str) -> None:
        """End a session."""
        ...
