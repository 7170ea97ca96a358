"""The one place that calls the detectors."""

import numpy as np
import polars as pl

from ais._events import beyond_berths
from ais.behaviours import behaviours
from ais.on_land import Land, judge
from ais.rank import rank
from ais.sensed import sensed
from risk.light import dark_share
from tests.validation._county import County, coast

_FAR_M = 30_000.0


def detect(county: County) -> pl.DataFrame:
    """Return the events (``EVENTS``) of a county, with the column ``rank`` (0..1).

    Given are the simulation's positions, statics and detections, the coast, and the known berths;
    never its truth, sightings or noiseless motion. The steps are those of `shoregrid detect`.
    """
    given = county.simulation
    land = Land.build(coast()[0])
    judged = judge(given.positions, land, error_m=100.0)
    found = behaviours(
        judged.kept.drop("inside_m"),
        given.statics,
        county.index,
        county.berths,
        segment_ids=county.segment_ids,
        ashore=pl.concat([judged.kept.filter(pl.col("inside_m") > 0), judged.deep]),
        afloat=lambda lon, lat: ~land.mask.contains(lon, lat),
    )
    circles = found.judged.circles
    events = found.events
    if given.detections.height:
        seen = sensed(
            given.detections,
            found.tracks,
            given.statics,
            county.index,
            circles,
            segment_ids=county.segment_ids,
            reception=found.judged.reception,
        )
        events = pl.concat([events, seen.events])
    ranks = rank(
        events,
        found.judged.profiles,
        haunts=found.seen.haunts,
        context=_context(events, county, circles),
    )
    return events.join(ranks.select("event_id", "rank"), on="event_id", how="left")


def _context(events: pl.DataFrame, county: County, circles: pl.DataFrame) -> pl.DataFrame:
    lon, lat = events["lon"].to_numpy(), events["lat"].to_numpy()
    shore_m = county.index.off_shore_m(lon, lat, max_m=_FAR_M)
    berth_m = beyond_berths(lon, lat, circles, reach_m=_FAR_M)
    dark = [dark_share(*one) for one in events.select("lon", "lat", "t0", "t1").iter_rows()]
    return events.select(
        "event_id",
        dark=pl.Series(dark, dtype=pl.Float64),
        shore_m=pl.Series(np.minimum(shore_m, _FAR_M)),
        berth_m=pl.Series(np.minimum(berth_m, _FAR_M)),
    )
