"""The one place that calls the detectors."""

import polars as pl

from ais.behaviours import behaviours
from tests.validation._county import County


def detect(county: County) -> pl.DataFrame:
    """Return the events (``EVENTS``) of a county, with the column ``rank`` (0..1).

    Given are the simulation's positions, statics and detections, the coast, and the known berths;
    never its truth, sightings or noiseless motion.
    """
    given = county.simulation
    found = behaviours(
        given.positions,
        given.statics,
        county.index,
        county.berths,
        segment_ids=county.segment_ids,
    )
    events = found.events
    return events if "rank" in events.columns else events.with_columns(rank=pl.lit(1.0))
