"""Find what radar, cameras and satellites saw that no AIS explains, and what it did."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from ais import dash
from ais._arrays import Floats, Ints
from ais._events import sailed
from ais.approach import approach_events
from ais.dark import Dark, dark
from ais.detections import on_sensor_tracks, tracks_of
from ais.loitering import loitering_events
from ais.matching import Gates, match
from ais.reception import Reception
from ais.schema import EVENTS, STATICS, empty
from ais.stops import find_stops
from ais.watch import Rules
from geo.nearest import ShoreIndex


class Sensed(NamedTuple):
    """What sensors saw.

    ``events`` are dark targets, and the loitering, shore approaches and dashes of those that a
    sensor followed (``mmsi`` null); ``matched`` is who each detection is (`ais.matching.MATCHED`).
    """

    events: pl.DataFrame
    matched: pl.DataFrame
    counts: dict[str, int]


def sensed(
    detections: pl.DataFrame,
    positions: pl.DataFrame,
    statics: pl.DataFrame,
    index: ShoreIndex | None,
    berths: pl.DataFrame,
    *,
    segment_ids: Sequence[str] = (),
    reception: Reception | None = None,
    rules: Rules | None = None,
) -> Sensed:
    """Match detections with AIS, and find what the unexplained ones are and did.

    Parameters
    ----------
    detections : DataFrame
        ``DETECTIONS``, in any order, each id once.
    positions : DataFrame
        Of all transmitters about them: mmsi, t, lon, lat and what `ais.matching.match` takes.
    berths : DataFrame
        Known and learned berths and anchorages: lon, lat, radius_m.
    """
    use, gates = rules or Rules(), Gates()
    matched = match(detections, positions, statics=statics, gates=gates)
    found: Dark = dark(
        detections,
        matched,
        gates=gates,
        reception=None if reception is None else _heard(reception),
    )
    unseen = found.verdicts.filter(pl.col("verdict") == "dark").select("detection_id")
    tracks, mapping = tracks_of(
        detections.join(unseen, on="detection_id", how="semi"), track_gap_s=gates.track_gap_s
    )
    did = [empty(EVENTS)]
    s = sailed(tracks)
    if len(s.t):
        lain = find_stops(s, empty(STATICS), use.stop)
        idle = loitering_events(
            s, lain, berths=berths, preset=use.loitering, rule=use.stop, drift=use.drift
        )
        did.append(idle)
        if index is not None:
            near = index.nearest(s.lon, s.lat, max_m=use.approach.band_m)
            did.append(
                approach_events(s, near, berths=berths, segment_ids=segment_ids, rule=use.approach)
            )
            did.append(dash.dashes(dash.fast_runs(s, use.dash), idle, index.off_shore_m, use.dash))
    events = pl.concat([found.events, on_sensor_tracks(pl.concat(did), mapping)])
    return Sensed(events.sort("t0", "kind", "event_id"), matched, found.counts)


def _heard(reception: Reception) -> Callable[[Ints, Floats, Floats], Floats]:
    """Return how likely a class A vessel is heard, NaN where too few vessels tell."""

    def at(t: Ints, lon: Floats, lat: Floats) -> Floats:
        told = reception.probability(
            np.zeros(len(t), np.uint32), np.zeros(len(t), np.uint8), t, lon, lat
        )
        return np.where(told.enough, told.p, np.nan)

    return at
