"""The one door to the workspace: what the pages may ask of the rooms below."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import geopandas as gpd
    import polars as pl


@dataclass(frozen=True)
class Person:
    """Whoever has signed in: never more than the pages need."""

    user_id: str
    name: str
    role: str
    scope: dict[str, Any] = field(default_factory=dict)

    @property
    def section(self) -> str | None:
        """Return the section that this person answers for, if any."""
        return self.scope.get("section")


class Source(Protocol):
    """What the pages ask for. Times are UTC; frames are never changed by the asker."""

    def meta(self) -> Any: ...
    def segments(self) -> gpd.GeoDataFrame: ...
    def land(self) -> gpd.GeoDataFrame: ...
    def sections(self) -> pl.DataFrame: ...
    def scored_shifts(self) -> list[tuple[str, datetime, datetime]]: ...
    def scores(self, shift_id: str) -> pl.DataFrame | None: ...
    def strip(self, section_id: str | None, day: date) -> pl.DataFrame: ...
    def explain(self, segment_id: str, shift_id: str) -> dict[str, Any] | None: ...
    def layer(self, name: str, **choice: Any) -> gpd.GeoDataFrame: ...
    def tracks(
        self, *, t0: datetime, t1: datetime, bbox: Sequence[float], max_points: int
    ) -> tuple[gpd.GeoDataFrame, bool]: ...
    def tide(
        self, t0: datetime, t1: datetime
    ) -> tuple[list[datetime], list[float]] | None: ...
    def ensure_scored(self, day: date) -> None: ...
    def now(self) -> datetime: ...
    def sign_in(self, name: str, password: str) -> tuple[str, Person] | str: ...
    def person(self, token: str) -> Person | None: ...
    def sign_out(self, token: str) -> None: ...
