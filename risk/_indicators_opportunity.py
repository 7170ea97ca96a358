"""The indicators of opportunity: tide, darkness, shelter, the way inland, landing places."""

import numpy as np
import polars as pl

from risk._indicators_common import Floats, When, by_distance, segment_column, spread, unknown
from risk.inputs import Inputs
from risk.weights import Indicator


def landable(inputs: Inputs, when: When) -> Floats:
    """Return the share of the shift within which the tide lets a boat land."""
    if inputs.landable_h is None:
        return unknown()
    return np.minimum(inputs.landable_h / when.hours, 1.0)


def darkness(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return the share of the shift that is dark, less what the moon lights."""
    rows = pl.DataFrame({"shift_id": when.shift_ids}).join(
        inputs.light.unique("shift_id"), on="shift_id", how="left", maintain_order="left"
    )
    dark = rows["dark_share"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    moon = rows["moon"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    share: Floats = (dark * (1.0 - indicator.params["moon_relief"] * moon))[None, :]
    return share


def shelter(inputs: Inputs) -> Floats:
    """Return how sheltered the segment is: one less its exposure."""
    return 1.0 - segment_column(inputs, "exposure")


def access(inputs: Inputs, indicator: Indicator) -> Floats:
    """Return the metres to the nearest road; without one, a share of those to a settlement."""
    road = segment_column(inputs, "road_distance_m")
    settlement = segment_column(inputs, "settlement_distance_m")
    return np.where(np.isnan(road), indicator.params.get("by_settlement", 1.0) * settlement, road)


def landing_place(inputs: Inputs, indicator: Indicator) -> Floats:
    """Return the highest grade of a landing place near, faded by shore distance."""
    if inputs.landing_places is None or inputs.place_pairs is None:
        return unknown()
    grade = pl.col("grade").cast(pl.Float64).fill_null(indicator.params["ungraded"])
    things = inputs.landing_places.select("place_id", group=pl.lit(0, pl.Int64), grade=grade)
    effect = things["grade"].to_numpy()[:, None]
    pairs = by_distance(inputs.place_pairs, reach_m=indicator.params["distance_m"])
    return spread(pairs, things, "place_id", effect, segments=len(inputs.segments))
