"""The indicators of what guards the shore: facilities, cameras, inspections, patrols."""

import numpy as np
import polars as pl

from risk._indicators_common import (
    DAY_MS,
    Floats,
    When,
    by_distance,
    epoch,
    spread,
    unknown,
)
from risk.inputs import Inputs
from risk.weights import Indicator


def facility_cover(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return the share that no working facility covers: the product of what each leaves open.

    One that is out of order now was working in the shifts before that began.
    """
    if inputs.facilities is None or inputs.facility_pairs is None:
        return unknown()
    p = indicator.params
    strength = pl.col("kind").replace_strict(
        {k: v for k, v in p.items() if k != "distance_m"}, default=0.0, return_dtype=pl.Float64
    )
    pairs = inputs.facility_pairs.join(
        inputs.facilities.select(
            "facility_id",
            _out_since(),
            strength=strength,
            reach=_optional(inputs.facilities, "range_m"),
        ),
        on="facility_id",
    ).filter(pl.col("strength") > 0.0)
    beyond = (pl.col("distance_m") - pl.col("reach").fill_null(0.0)).clip(0.0)
    cover = pl.col("strength") * (-beyond / p["distance_m"]).exp()
    return _left_open(pairs.with_columns(cover=cover), inputs, when)


def camera_cover(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return the share that no working camera sees: the product of what each leaves open.

    A camera covers the share of the segment in its view x ``notices`` x its online rate; of one
    that does not say where it looks ``blind_share`` stands for the share.
    """
    if inputs.facilities is None or inputs.camera_views is None:
        return unknown()
    p = indicator.params
    online = _optional(inputs.facilities, "online_rate").fill_null(p["online"])
    cameras = inputs.facilities.select(
        "facility_id", _out_since(), notices=p["notices"] * online.clip(0.0, 1.0)
    )
    share = pl.col("share").fill_null(p["blind_share"]).clip(0.0, 1.0)
    pairs = inputs.camera_views.join(cameras, on="facility_id")
    return _left_open(pairs.with_columns(cover=pl.col("notices") * share), inputs, when)


def _out_since() -> pl.Expr:
    """Return since when a facility is out of order, in milliseconds: inf where it works."""
    return (
        pl.when(pl.col("status") == "working")
        .then(np.inf)
        .otherwise(epoch("status_since").fill_nan(-np.inf))
        .alias("out_since")
    )


def _optional(facilities: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column as numbers, null where the table has none."""
    column = pl.col(name) if name in facilities.columns else pl.lit(None)
    return column.cast(pl.Float64)


def _left_open(pairs: pl.DataFrame, inputs: Inputs, when: When) -> Floats:
    """Return the product of 1 - ``cover`` over the pairs whose facility works in the shift."""
    works = pairs["out_since"].to_numpy()[:, None] > when.cutoff
    open_share = np.ones((len(inputs.segments), len(when.t0)))
    rows = pairs["segment"].to_numpy().astype(np.int64)
    np.multiply.at(open_share, rows, 1.0 - pairs["cover"].to_numpy()[:, None] * works)
    return open_share


def facility_broken(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return how much the worst facility out of order weighs, growing with the days it is out."""
    if inputs.facilities is None or inputs.facility_pairs is None:
        return unknown()
    p = indicator.params
    lines = {k: p[k] for k in ("way_out", "bar", "wharf")}
    things = inputs.facilities.filter(pl.col("status").is_in(["broken", "missing"])).select(
        "facility_id",
        group=pl.lit(0, pl.Int64),
        since=epoch("status_since"),
        line=pl.col("line").replace_strict(
            lines, default=min(lines.values()), return_dtype=pl.Float64
        ),
    )
    since = things["since"].to_numpy()[:, None]
    days = (when.t0 - since) / DAY_MS
    ramp = 0.5 + 0.5 * np.clip(days / p["full_after_days"], 0.0, 1.0)
    ramp = np.where(np.isnan(since), 1.0, ramp)  # nobody knows since when: long
    effect = np.where(since > when.cutoff, 0.0, ramp) * things["line"].to_numpy()[:, None]
    pairs = by_distance(inputs.facility_pairs, reach_m=p["distance_m"])
    return spread(pairs, things, "facility_id", effect, segments=len(inputs.segments))


def inspection_overdue(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return the greatest time since inspection near, in cadences; nothing due near is 0."""
    places, done = inputs.landing_places, inputs.inspections
    if places is None or inputs.place_pairs is None or done is None:
        return unknown()
    p = indicator.params
    things = places.filter(pl.col("cadence_days") > 0).select(
        "place_id", group=pl.lit(0, pl.Int64), cadence=pl.col("cadence_days").cast(pl.Float64)
    )
    known = done.select("place_id", t=epoch("t"))
    cutoffs, which = np.unique(when.cutoff, return_inverse=True)
    last = np.column_stack([_last_before(things, known, cutoff) for cutoff in cutoffs])[:, which]
    times = (when.t0 - last) / DAY_MS / things["cadence"].to_numpy()[:, None]
    times = np.where(np.isnan(times), p["never_inspected"], times)
    pairs = by_distance(inputs.place_pairs, reach_m=p["distance_m"])
    return spread(pairs, things, "place_id", times, segments=len(inputs.segments))


def _last_before(things: pl.DataFrame, done: pl.DataFrame, cutoff: float) -> Floats:
    """Return each place's last inspection until then in milliseconds, NaN where there is none."""
    last = done.filter(pl.col("t") <= cutoff).group_by("place_id").agg(pl.col("t").max())
    found = things.join(last, on="place_id", how="left", maintain_order="left")["t"]
    return found.cast(pl.Float64).fill_null(np.nan).to_numpy()


def patrol_cover(inputs: Inputs, when: When, indicator: Indicator) -> Floats:
    """Return patrols along the whole segment lately, faded by age."""
    if inputs.effort is None:
        return unknown()
    p = indicator.params
    rows = inputs.segments.select(
        "segment_id", "length_m", segment=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    # Rows that no shift looks back to are left out before the large arrays are made.
    oldest = when.t0.min() - p["window_days"] * DAY_MS
    done = (
        inputs.effort.join(rows, on="segment_id")
        .select(
            "segment", t=epoch("shift_start"), passes=pl.col("km") * 1000.0 / pl.col("length_m")
        )
        .filter(pl.col("t") >= oldest)
    )
    starts, which = np.unique(done["t"].to_numpy(), return_inverse=True)
    age = (when.t0 - starts[:, None]) / DAY_MS
    seen = (starts[:, None] <= when.cutoff) & (age <= p["window_days"])
    fades = np.where(seen, np.exp2(-age / p["half_life_days"]), 0.0)
    passes = np.zeros((len(inputs.segments), len(starts)))
    np.add.at(passes, (done["segment"].to_numpy(), which), done["passes"].to_numpy())
    total: Floats = passes @ fades
    return total
