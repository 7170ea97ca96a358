"""Hold what a score is made from; a source that does not exist is None, never an empty table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError

_NEEDED: dict[str, tuple[str, ...]] = {
    "segments": ("segment_id", "shoreline_id", "from_m", "to_m", "length_m", "lon", "lat"),
    "light": ("shift_id", "dark_share", "moon"),
    "events": ("event_id", "kind", "mmsi", "t0", "t1"),
    "event_pairs": ("event_id", "segment", "distance_m"),
    "reach": ("event_id", "segment", "probability"),
    "incidents": ("incident_id", "t0", "kind", "source", "weight"),
    "incident_pairs": ("incident_id", "segment", "distance_m"),
    "landing_places": ("place_id", "what", "kind", "grade", "cadence_days"),
    "inspections": ("place_id", "t"),
    "place_pairs": ("place_id", "segment", "distance_m"),
    "facilities": ("facility_id", "kind", "line", "status", "status_since"),
    "facility_pairs": ("facility_id", "segment", "distance_m"),
    "camera_views": ("facility_id", "segment", "share"),
    "effort": ("segment_id", "shift_start", "km"),
    "drawn": ("segment_id", "shift_start", "probability", "chosen"),
}
_PAIRED = {
    "events": "event_pairs",
    "incidents": "incident_pairs",
    "landing_places": "place_pairs",
    "facilities": "facility_pairs",
}


@dataclass(frozen=True)
class Inputs:
    """The tables of one evaluation.

    Segments are the rows of ``segments``, in that order everywhere; the columns ``exposure``
    (0..1), ``road_distance_m`` and ``settlement_distance_m`` may be absent or null. A pair
    table joins things to segment rows (``segment``, counted from 0) with their shore distance
    in metres; pairs beyond reach are simply not there. Times are UTC instants (``status_since``
    too: a local day begins at its own midnight). ``heard_days`` are the UTC dates with
    positions: where too few of those that count were heard, no event is not "nothing happened"
    but unknown; None vouches for every day. ``reach`` tells of the gaps among the events how
    likely the silent vessel touched a segment (`ais.reach`). ``camera_views`` tells which share
    of a segment a camera sees, null where it does not say which way it looks and the segment is
    in its range. ``landable_h`` is hours per segment and shift, NaN where unknown. ``drawn`` has
    the stretches that plans left to exploration, with their chance (`risk.explore`). ``light``
    has one row per shift, as `risk.light.light` makes it.

    ``incidents`` may have ``known``, from when on each counts (null: at once).

    None says that the county has no such source: its indicators are missing then, and take their
    prior with a wider interval. An empty table says that the source is there and nothing in it.
    """

    segments: pl.DataFrame
    light: pl.DataFrame
    events: pl.DataFrame | None = None
    event_pairs: pl.DataFrame | None = None
    reach: pl.DataFrame | None = None
    heard_days: pl.Series | None = None
    incidents: pl.DataFrame | None = None
    incident_pairs: pl.DataFrame | None = None
    landing_places: pl.DataFrame | None = None
    place_pairs: pl.DataFrame | None = None
    inspections: pl.DataFrame | None = None
    facilities: pl.DataFrame | None = None
    facility_pairs: pl.DataFrame | None = None
    camera_views: pl.DataFrame | None = None
    effort: pl.DataFrame | None = None
    drawn: pl.DataFrame | None = None
    landable_h: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check columns and pairings; every problem is in the one error."""
        problems: list[str] = []
        for name, columns in _NEEDED.items():
            table = getattr(self, name)
            if table is not None:
                lacking = [c for c in columns if c not in table.columns]
                if lacking:
                    problems.append(f"{name} lacks the columns {', '.join(lacking)}")
        for name, pairs in _PAIRED.items():
            if getattr(self, name) is not None and getattr(self, pairs) is None:
                problems.append(f"{name} is given without {pairs}")
        problems.extend(
            f"{pairs}.segment is not within the {len(self.segments)} segment rows"
            for pairs in (*_PAIRED.values(), "reach", "camera_views")
            if not _within(getattr(self, pairs), len(self.segments))
        )
        if self.landable_h is not None and self.landable_h.shape[:1] != (len(self.segments),):
            problems.append(
                f"landable_h has shape {self.landable_h.shape} for {len(self.segments)} segments"
            )
        if problems:
            raise InputError(
                "; ".join(problems),
                where="risk inputs",
                mend="Build the tables with the columns that the docstring of Inputs names",
            )


def _within(pairs: pl.DataFrame | None, segments: int) -> bool:
    """Return whether a pair table names rows of segments only."""
    if pairs is None or "segment" not in pairs.columns or pairs.is_empty():
        return True
    rows = pairs["segment"].cast(pl.Int64)
    return not rows.null_count() and bool(rows.is_between(0, segments - 1).all())
