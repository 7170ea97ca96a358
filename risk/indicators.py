"""Evaluate every indicator for all segments and shifts at once; what is unknown is NaN."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk.inputs import Inputs
from risk.shifts import Shift
from risk.weights import Indicator, WeightSet

Floats = npt.NDArray[np.float64]
_DAY_MS = 86_400_000.0
# Events are unknown where less than this share of the days that count was heard: three half-lives
# of silence leave an eighth.
_LEAST_HEARD = 0.25


@dataclass(frozen=True)
class Evaluated:
    """Raw and 0..1 values, each ``[indicator, segment, shift]``; NaN where the source lacks.

    ``ids`` names the first axis, in the weight set's order.
    """

    ids: tuple[str, ...]
    raw: Floats
    value: Floats


@dataclass(frozen=True)
class _When:
    """The shifts' starts, and how far each may look: no further than what was known then."""

    t0: Floats
    cutoff: Floats
    hours: Floats
    shift_ids: tuple[str, ...]


def evaluate(
    inputs: Inputs, shifts: Sequence[Shift], *, as_of: datetime, weights: WeightSet
) -> Evaluated:
    """Evaluate a weight set's indicators for all segments and shifts.

    Nothing later than ``as_of`` is seen, nor, for a shift in the past, later than its start.

    Parameters
    ----------
    inputs : Inputs
        The tables; a source that is None leaves its indicators NaN.
    shifts : sequence of Shift
        The shifts, in the order of the last axis.
    as_of : datetime
        The aware instant of the evaluation.
    weights : WeightSet
        Which indicators, with their breaks and constants.

    Raises
    ------
    InputError
        When the set names an unknown indicator or lacks one's constant, or ``landable_h`` does
        not fit the shifts.
    """
    _check(inputs, shifts, weights)
    now = _ms(as_of)
    t0 = np.array([_ms(s.t0) for s in shifts])
    when = _When(
        t0=t0,
        cutoff=np.minimum(t0, now),
        hours=np.array([s.hours for s in shifts]),
        shift_ids=tuple(s.shift_id for s in shifts),
    )
    shape = (len(weights.indicators), len(inputs.segments), len(shifts))
    raw, value = np.empty(shape), np.empty(shape)
    for k, indicator in enumerate(weights.indicators):
        found = _FUNCTIONS[indicator.id](inputs, when, indicator)
        raw[k] = found
        value[k] = indicator.transform(found)  # before broadcasting: static ones are one column
    return Evaluated(weights.ids, raw, value)


def _check(inputs: Inputs, shifts: Sequence[Shift], weights: WeightSet) -> None:
    problems = [
        f"indicator {i.id!r} is not one of {', '.join(_FUNCTIONS)}"
        for i in weights.indicators
        if i.id not in _FUNCTIONS
    ]
    for i in weights.indicators:
        lacking = [p for p in _PARAMS.get(i.id, ()) if p not in i.params]
        if lacking:
            problems.append(f"indicator {i.id!r} lacks the constants {', '.join(lacking)}")
    want = (len(inputs.segments), len(shifts))
    if inputs.landable_h is not None and inputs.landable_h.shape != want:
        problems.append(f"landable_h has shape {inputs.landable_h.shape}, expected {want}")
    if problems:
        raise InputError(
            "; ".join(problems),
            where=f"weight set {weights.name!r} version {weights.version}",
            mend="docs/indicators.md lists the indicators and their constants",
        )


# --- threat ---------------------------------------------------------------------------------


def _events_near(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    """Count vessels with such events, faded by shore distance and age; a vessel counts once."""
    if inputs.events is None or inputs.event_pairs is None:
        return _unknown()
    things = inputs.events.filter(pl.col("kind").is_in(indicator.kinds)).select(
        "event_id",
        group=pl.col("mmsi").cast(pl.Int64),
        first=_epoch("t0"),
        last=_epoch("t1"),
        weight=pl.lit(1.0),
    )
    found = _faded(inputs.event_pairs, things, "event_id", inputs, when, indicator)
    if inputs.heard_days is None:
        return found
    unheard = _heard_share(inputs.heard_days, when, indicator) < _LEAST_HEARD
    # What little was heard still counts where it tells of more than the prior does.
    return np.where(unheard & (indicator.transform(found) <= indicator.prior), np.nan, found)


def _heard_share(days: pl.Series, when: _When, indicator: Indicator) -> Floats:
    """Return per shift the share of the window's days with positions, recent ones counting most."""
    heard = days.unique().cast(pl.Datetime("ms")).dt.epoch("ms").cast(pl.Float64).to_numpy()
    p = indicator.params
    back = np.arange(p["window_days"])
    weight = np.exp2(-back / p["half_life_days"])
    day = np.floor(when.cutoff / _DAY_MS)[:, None] - back
    share: Floats = np.isin(day, np.floor(heard / _DAY_MS)) @ weight / weight.sum()
    return share


def _incidents_near(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    """Count incidents, by their weights, faded by shore distance and age."""
    if inputs.incidents is None or inputs.incident_pairs is None:
        return _unknown()
    things = inputs.incidents.select(
        "incident_id",
        group=pl.int_range(pl.len(), dtype=pl.Int64),
        first=_epoch("t0"),
        last=_epoch("t0"),
        weight=pl.col("weight").cast(pl.Float64).fill_null(1.0),
    )
    return _faded(inputs.incident_pairs, things, "incident_id", inputs, when, indicator)


def _faded(
    pairs: pl.DataFrame,
    things: pl.DataFrame,
    key: str,
    inputs: Inputs,
    when: _When,
    indicator: Indicator,
) -> Floats:
    """Sum exp(-distance / reach) x 0.5^(age / half-life), the greatest of each group only."""
    p = indicator.params
    first = things["first"].to_numpy()[:, None]
    last = np.minimum(things["last"].to_numpy()[:, None], when.cutoff)
    age = (when.t0 - last) / _DAY_MS
    seen = (first <= when.cutoff) & (age <= p["window_days"])
    effect = np.where(seen, np.exp2(-age / p["half_life_days"]), 0.0)
    effect *= things["weight"].to_numpy()[:, None]
    return _spread(pairs, things, key, inputs, effect, reach_m=p["distance_m"])


# --- opportunity ----------------------------------------------------------------------------


def _landable(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:  # noqa: ARG001
    if inputs.landable_h is None:
        return _unknown()
    return np.minimum(inputs.landable_h / when.hours, 1.0)


def _darkness(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    rows = pl.DataFrame({"shift_id": when.shift_ids}).join(
        inputs.light.unique("shift_id"), on="shift_id", how="left", maintain_order="left"
    )
    dark = rows["dark_share"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    moon = rows["moon"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    share: Floats = (dark * (1.0 - indicator.params["moon_relief"] * moon))[None, :]
    return share


def _shelter(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:  # noqa: ARG001
    return 1.0 - _segment_column(inputs, "exposure")


def _access(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:  # noqa: ARG001
    return _segment_column(inputs, "settlement_distance_m")


def _landing_place(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:  # noqa: ARG001
    if inputs.landing_places is None or inputs.place_pairs is None:
        return _unknown()
    grade = pl.col("grade").cast(pl.Float64).fill_null(indicator.params["ungraded"])
    things = inputs.landing_places.select("place_id", group=pl.lit(0, pl.Int64), grade=grade)
    effect = things["grade"].to_numpy()[:, None].copy()
    return _spread(
        inputs.place_pairs, things, "place_id", inputs, effect,
        reach_m=indicator.params["distance_m"],
    )  # fmt: skip


# --- guardianship deficit -------------------------------------------------------------------


def _facility_cover(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    """Return the share that no working facility covers: the product of what each leaves open.

    One that is out of order now was working in the shifts before that began.
    """
    if inputs.facilities is None or inputs.facility_pairs is None:
        return _unknown()
    p = indicator.params
    strength = pl.col("kind").replace_strict(
        {k: v for k, v in p.items() if k != "distance_m"}, default=0.0, return_dtype=pl.Float64
    )
    reach = pl.col("range_m") if "range_m" in inputs.facilities.columns else pl.lit(None)
    pairs = inputs.facility_pairs.join(
        inputs.facilities.select(
            "facility_id",
            strength=strength,
            reach=reach.cast(pl.Float64).fill_null(0.0),
            out_since=pl.when(pl.col("status") == "working")
            .then(np.inf)
            .otherwise(_epoch("status_since").fill_nan(-np.inf)),
        ),
        on="facility_id",
    )
    beyond = np.maximum(pairs["distance_m"].to_numpy() - pairs["reach"].to_numpy(), 0.0)
    cover = pairs["strength"].to_numpy() * np.exp(-beyond / p["distance_m"])
    works = pairs["out_since"].to_numpy()[:, None] > when.cutoff
    open_share = np.ones((len(inputs.segments), len(when.t0)))
    rows = pairs["segment"].to_numpy().astype(np.int64)
    np.multiply.at(open_share, rows, 1.0 - cover[:, None] * works)
    return open_share


def _facility_broken(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    """Return how much the worst facility out of order weighs, growing with the days it is out."""
    if inputs.facilities is None or inputs.facility_pairs is None:
        return _unknown()
    p = indicator.params
    lines = {k: p[k] for k in ("way_out", "bar", "wharf")}
    things = inputs.facilities.filter(pl.col("status").is_in(["broken", "missing"])).select(
        "facility_id",
        group=pl.lit(0, pl.Int64),
        since=_epoch("status_since"),
        line=pl.col("line").replace_strict(
            lines, default=min(lines.values()), return_dtype=pl.Float64
        ),
    )
    since = things["since"].to_numpy()[:, None]
    days = (when.t0 - since) / _DAY_MS
    ramp = 0.5 + 0.5 * np.clip(days / p["full_after_days"], 0.0, 1.0)
    ramp = np.where(np.isnan(since), 1.0, ramp)  # nobody knows since when: long
    effect = np.where(since > when.cutoff, 0.0, ramp) * things["line"].to_numpy()[:, None]
    return _spread(
        inputs.facility_pairs, things, "facility_id", inputs, effect, reach_m=p["distance_m"]
    )


def _inspection_overdue(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    """Return the greatest time since inspection near, in cadences; nothing due near is 0."""
    places, done = inputs.landing_places, inputs.inspections
    if places is None or inputs.place_pairs is None or done is None:
        return _unknown()
    p = indicator.params
    things = places.filter(pl.col("cadence_days") > 0).select(
        "place_id", group=pl.lit(0, pl.Int64), cadence=pl.col("cadence_days").cast(pl.Float64)
    )
    known = done.select("place_id", t=_epoch("t"))
    last = np.column_stack(
        [
            things.join(
                known.filter(pl.col("t") <= cutoff).group_by("place_id").agg(pl.col("t").max()),
                on="place_id",
                how="left",
                maintain_order="left",
            )["t"]
            .fill_null(np.nan)
            .to_numpy()
            for cutoff in when.cutoff
        ]
    )
    times = (when.t0 - last) / _DAY_MS / things["cadence"].to_numpy()[:, None]
    times = np.where(np.isnan(times), p["never_inspected"], times)
    return _spread(inputs.place_pairs, things, "place_id", inputs, times, reach_m=p["distance_m"])


def _patrol_cover(inputs: Inputs, when: _When, indicator: Indicator) -> Floats:
    """Return patrols along the whole segment lately, faded by age."""
    if inputs.effort is None:
        return _unknown()
    p = indicator.params
    rows = inputs.segments.select(
        "segment_id", "length_m", segment=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    done = inputs.effort.join(rows, on="segment_id").select(
        "segment", t=_epoch("shift_start"), passes=pl.col("km") * 1000.0 / pl.col("length_m")
    )
    age = (when.t0 - done["t"].to_numpy()[:, None]) / _DAY_MS
    seen = (done["t"].to_numpy()[:, None] <= when.cutoff) & (age <= p["window_days"])
    faded = np.where(seen, np.exp2(-age / p["half_life_days"]), 0.0)
    total = np.zeros((len(inputs.segments), len(when.t0)))
    np.add.at(total, done["segment"].to_numpy(), faded * done["passes"].to_numpy()[:, None])
    return total


# --- common ---------------------------------------------------------------------------------


def _unknown() -> Floats:
    return np.full((1, 1), np.nan)


def _segment_column(inputs: Inputs, name: str) -> Floats:
    if name not in inputs.segments.columns:
        return _unknown()
    column = inputs.segments[name].cast(pl.Float64).fill_null(np.nan)
    return column.to_numpy()[:, None]


def _ms(t: datetime) -> float:
    return t.timestamp() * 1000.0


def _epoch(column: str) -> pl.Expr:
    """Return a date or UTC time column as milliseconds, NaN where null."""
    time = pl.col(column).cast(pl.Datetime("ms"))
    return time.dt.epoch("ms").cast(pl.Float64).fill_null(np.nan)


def _spread(
    pairs: pl.DataFrame,
    things: pl.DataFrame,
    key: str,
    inputs: Inputs,
    effect: Floats,
    *,
    reach_m: float,
) -> Floats:
    """Carry effects ``[thing, shift]`` to segments, times exp(-distance / reach_m).

    Within a group (``things.group``) only the greatest counts; groups add up.
    """
    joined = (
        pairs.select(key, "segment", "distance_m")
        .join(things.select(key, "group").with_row_index("thing"), on=key)
        .sort("segment", "group", "thing")
    )
    out = np.zeros((len(inputs.segments), effect.shape[1]))
    _sum_of_greatest(
        joined["segment"].to_numpy().astype(np.int64),
        joined["group"].to_numpy(),
        joined["thing"].to_numpy().astype(np.int64),
        np.exp(-joined["distance_m"].to_numpy() / reach_m),
        np.ascontiguousarray(effect),
        out,
    )
    return out


@numba.njit(cache=True)
def _sum_of_greatest(
    segment: npt.NDArray[np.int64],
    group: npt.NDArray[np.int64],
    thing: npt.NDArray[np.int64],
    strength: Floats,
    effect: Floats,
    out: Floats,
) -> None:
    """Add to ``out[segment]`` each group's greatest strength x effect; pairs are sorted so."""
    n, n_shift = len(segment), effect.shape[1]
    best = np.zeros(n_shift)
    for i in range(n):
        for s in range(n_shift):
            best[s] = max(best[s], strength[i] * effect[thing[i], s])
        if i + 1 == n or segment[i + 1] != segment[i] or group[i + 1] != group[i]:
            for s in range(n_shift):
                out[segment[i], s] += best[s]
                best[s] = 0.0


_FUNCTIONS: dict[str, Callable[[Inputs, _When, Indicator], Floats]] = {
    "loitering_near": _events_near,
    "shore_approach": _events_near,
    "incidents_near": _incidents_near,
    "near_repeat": _incidents_near,
    "landable": _landable,
    "darkness": _darkness,
    "shelter": _shelter,
    "access": _access,
    "landing_place": _landing_place,
    "facility_cover": _facility_cover,
    "facility_broken": _facility_broken,
    "inspection_overdue": _inspection_overdue,
    "patrol_cover": _patrol_cover,
}
_FADING = ("half_life_days", "window_days", "distance_m")
_PARAMS: dict[str, tuple[str, ...]] = {
    "loitering_near": _FADING,
    "shore_approach": _FADING,
    "incidents_near": _FADING,
    "near_repeat": _FADING,
    "darkness": ("moon_relief",),
    "landing_place": ("distance_m", "ungraded"),
    "facility_cover": ("distance_m",),
    "facility_broken": ("distance_m", "full_after_days", "way_out", "bar", "wharf"),
    "inspection_overdue": ("distance_m", "never_inspected"),
    "patrol_cover": ("half_life_days", "window_days"),
}
