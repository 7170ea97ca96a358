"""Evaluate every indicator for all segments and shifts at once; what is unknown is NaN."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from geo.errors import InputError
from risk import _indicators_guard as guard
from risk import _indicators_opportunity as opportunity
from risk import _indicators_threat as threat
from risk._indicators_common import Floats, When, milliseconds
from risk.effort import corrected
from risk.inputs import Inputs
from risk.shifts import Shift
from risk.weights import Indicator, WeightSet


@dataclass(frozen=True)
class Evaluated:
    """Raw and 0..1 values, each ``[indicator, segment, shift]``; NaN where the source lacks.

    ``ids`` names the first axis, in the weight set's order.
    """

    ids: tuple[str, ...]
    raw: Floats
    value: Floats

    def of(self, weights: WeightSet) -> Floats:
        """Return the values, in the order of a set that has the same indicators.

        Raises
        ------
        InputError
            When the indicators are not those of the weight set.
        """
        if self.ids != weights.ids:
            raise InputError(
                f"evaluated for {', '.join(self.ids)}, but the set has {', '.join(weights.ids)}",
                where=f"weight set {weights.name!r} version {weights.version}",
                mend="Evaluate the indicators again with this weight set",
            )
        return self.value


def evaluate(
    inputs: Inputs, shifts: Sequence[Shift], *, as_of: datetime, weights: WeightSet
) -> Evaluated:
    """Evaluate a weight set's indicators for all segments and shifts.

    Nothing later than ``as_of`` is seen, nor, for a shift in the past, later than its start.
    Incidents discovered on patrol are corrected for patrol effort first (`risk.effort`).

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
    now = milliseconds(as_of)
    t0 = np.array([milliseconds(s.t0) for s in shifts])
    when = When(
        t0=t0,
        cutoff=np.minimum(t0, now),
        hours=np.array([s.hours for s in shifts]),
        shift_ids=tuple(s.shift_id for s in shifts),
    )
    if inputs.incidents is not None and inputs.incident_pairs is not None:
        fair = corrected(
            inputs.incidents,
            inputs.incident_pairs,
            inputs.segments,
            inputs.effort,
            drawn=inputs.drawn,
        )
        inputs = replace(inputs, incidents=fair)
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


_FUNCTIONS: dict[str, Callable[[Inputs, When, Indicator], Floats]] = {
    "loitering_near": threat.events_near,
    "shore_approach": threat.events_near,
    "gap_reach": threat.gap_reach,
    "incidents_near": threat.incidents_near,
    "near_repeat": threat.incidents_near,
    "seasonality": threat.seasonality,
    "landable": lambda inputs, when, _: opportunity.landable(inputs, when),
    "darkness": opportunity.darkness,
    "shelter": lambda inputs, *_: opportunity.shelter(inputs),
    "access": lambda inputs, _, indicator: opportunity.access(inputs, indicator),
    "landing_place": lambda inputs, _, indicator: opportunity.landing_place(inputs, indicator),
    "facility_cover": guard.facility_cover,
    "camera_cover": guard.camera_cover,
    "facility_broken": guard.facility_broken,
    "inspection_overdue": guard.inspection_overdue,
    "patrol_cover": guard.patrol_cover,
}
_FADING = ("half_life_days", "window_days", "distance_m")
_PARAMS: dict[str, tuple[str, ...]] = {
    "loitering_near": _FADING,
    "shore_approach": _FADING,
    "gap_reach": ("half_life_days", "window_days"),
    "incidents_near": _FADING,
    "near_repeat": _FADING,
    "seasonality": ("width_days", "flat_incidents", "most_years"),
    "darkness": ("moon_relief",),
    "landing_place": ("distance_m", "ungraded"),
    "facility_cover": ("distance_m",),
    "camera_cover": ("notices", "online", "blind_share"),
    "facility_broken": ("distance_m", "full_after_days", "way_out", "bar", "wharf"),
    "inspection_overdue": ("distance_m", "never_inspected"),
    "patrol_cover": ("half_life_days", "window_days"),
}
