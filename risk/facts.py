"""What is known about one segment in one shift, for the sentence that explains its score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from risk.bands import Band


@dataclass(frozen=True)
class NearEvent:
    """A behaviour near the segment; ``distance_m`` over the shore distance.

    ``mmsi`` is None for a vessel that a sensor saw and nobody could name.
    """

    kind: str
    mmsi: int | None
    t0: datetime
    distance_m: float


@dataclass(frozen=True)
class Silence:
    """A vessel's silence, and how likely it touched the segment meanwhile."""

    mmsi: int | None
    t0: datetime
    t1: datetime
    probability: float


@dataclass(frozen=True)
class NearIncident:
    """An incident near the segment; ``known`` is when it was, None: at once."""

    t0: datetime
    distance_m: float
    known: datetime | None = None


@dataclass(frozen=True)
class Broken:
    """A facility out of order near; ``since`` None where nobody noted it."""

    kind: str
    line: str
    status: str
    since: date | None


@dataclass(frozen=True)
class Overdue:
    """A place near that is due for inspection; ``days`` overdue, None for never inspected."""

    name_zh: str
    name_en: str
    days: int | None


@dataclass(frozen=True)
class Facts:
    """What is known about one segment in one shift.

    ``landable`` are windows (UTC), None where tide or depth is unknown, empty where there is none;
    ``landing_basis`` tells what the seabed in them rests on: survey, made or estimate.
    ``raw``, ``contributions`` (points) are by indicator id; ``missing`` are ids. The lists hold
    what is near: facilities and places within `risk.explain.near_m`, events, silences and
    incidents as far as they go.
    """

    score: float
    lo: float
    hi: float
    base: float
    band: Band
    contributions: Mapping[str, float]
    raw: Mapping[str, float]
    missing: Sequence[str]
    landable: Sequence[tuple[datetime, datetime]] | None
    draught_m: float
    landing_basis: str | None = None
    events: Sequence[NearEvent] = field(default=())
    silences: Sequence[Silence] = field(default=())
    incidents: Sequence[NearIncident] = field(default=())
    broken: Sequence[Broken] = field(default=())
    overdue: Sequence[Overdue] = field(default=())
