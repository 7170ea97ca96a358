"""Run everything from cleaned positions to behaviours in one call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from ais._events import sailed
from ais.approach import ApproachRule, approach_events
from ais.clean import clean
from ais.identity import MOVERS, kinds
from ais.loitering import COASTAL, Loitering, loitering_events
from ais.schema import EVENTS, empty
from ais.stops import StopRule, find_stops, stop_events
from ais.tracks import tracks as cut_tracks
from geo.nearest import ShoreIndex

FOUND = ("stop", "loitering", "shore_approach")


@dataclass(frozen=True)
class Settings:
    """Thresholds of all behaviours; each rule names its own units and sources."""

    track_gap_s: float = 3600.0
    max_speed_kn: float = 60.0
    stop: StopRule = field(default_factory=StopRule)
    loitering: Loitering = COASTAL
    approach: ApproachRule = field(default_factory=ApproachRule)


class Behaviours(NamedTuple):
    """What a set of positions shows."""

    events: pl.DataFrame
    """``EVENTS``, by time."""
    tracks: pl.DataFrame
    """Positions of all transmitters with their tracks; see ``ais.tracks.tracks``."""
    vessels: pl.DataFrame
    """mmsi, kind, name, ship_type, length_m."""
    counts: dict[str, int]


def behaviours(
    positions: pl.DataFrame,
    statics: pl.DataFrame,
    index: ShoreIndex | None,
    berths: pl.DataFrame,
    *,
    segment_ids: Sequence[str] = (),
    settings: Settings | None = None,
) -> Behaviours:
    """Clean, cut into tracks, and find stops, loitering and shore approaches.

    Parameters
    ----------
    positions, statics : DataFrame
        ``POSITIONS`` and ``STATICS``, in any order.
    index : ShoreIndex or None
        Of the coast; None finds no shore approaches.
    berths : DataFrame
        Known berths and anchorages: lon, lat, radius_m.
    segment_ids : sequence of str
        The ids of the segments that ``index`` was built of, in order.
    settings : Settings, optional
        The defaults are the design's definitions.

    Returns
    -------
    Behaviours
        ``counts`` has rows_in, kept, reasons of refusal (duplicate, bad_mmsi, bad_position),
        impossible (jumps left out of tracks), tracks, vessels, and events by kind. The same
        positions give the same events with the same ids, however they are ordered.
    """
    use = settings or Settings()
    cleaned = clean(positions)
    cut = cut_tracks(cleaned.kept, track_gap_s=use.track_gap_s, max_speed_kn=use.max_speed_kn)
    vessels = kinds(cleaned.kept, statics)
    movers = vessels.filter(pl.col("kind").is_in(MOVERS))["mmsi"]
    moving = cut.filter(pl.col("mmsi").is_in(movers.implode()))
    s = sailed(moving)
    found = [empty(EVENTS)]
    if len(s.t):
        lain = find_stops(s, statics, use.stop)
        found.append(stop_events(s, lain))
        found.append(loitering_events(s, lain, berths=berths, preset=use.loitering, rule=use.stop))
        if index is not None:
            nearest = index.nearest(s.lon, s.lat, max_m=use.approach.band_m)
            found.append(
                approach_events(
                    s, nearest, berths=berths, segment_ids=segment_ids, rule=use.approach
                )
            )
    events = pl.concat(found).sort("t0", "mmsi", "kind")
    counts = dict(cleaned.counts)
    counts["impossible"] = int(cut["impossible"].sum())
    counts["tracks"] = cut["track_id"].n_unique() - int(cut["track_id"].has_nulls())
    counts["vessels"] = len(movers)
    counts |= dict.fromkeys(FOUND, 0)
    counts |= dict(events.group_by("kind").len().iter_rows())
    return Behaviours(events, cut, vessels, counts)
