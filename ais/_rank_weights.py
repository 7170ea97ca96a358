"""What the factors of a rank weigh by rule, in log-odds, and how far a figure is past its limit."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

BASE: dict[str, float] = {
    "stop": -4.0,
    "berth_visit": -5.0,
    "loitering": -0.6,
    "drift": -0.8,
    "rendezvous": -0.2,
    "gap": -0.6,
    "shore_approach": -0.3,
    "dash": 0.8,
    "speed_anomaly": -1.2,
    "course_anomaly": -1.4,
    "identity": -0.2,
    "spoofing": 0.2,
    "dark_target": -0.4,
    "chain": 0.8,
}
"""What a kind weighs on its own; 0 is as likely worth a look as not."""


class Factor(NamedTuple):
    """One thing that a rank is made of: its effect is ``weight`` times a value.

    ``lo`` is the least value, 0 or -1; the greatest is 1.
    """

    name: str
    weight: float
    lo: float = 0.0


FACTORS: tuple[Factor, ...] = (
    Factor("margin", 1.0),
    Factor("dark", 0.8),
    Factor("near_shore", 0.6),
    Factor("landing_place", 0.7),
    Factor("rare_kind", 0.8, -1.0),
    Factor("rare_own", 0.6, -1.0),
    Factor("strange_place", 0.6, -1.0),
    Factor("reception", 0.5),
    Factor("few_positions", -0.6),
    Factor("doubtful", -0.8),
    Factor("stale_device", -1.5),
    Factor("watched", 1.5),
    Factor("in_chain", 1.2),
    Factor("not_as_said", 0.8),
    Factor("near_berth", -1.2),
    Factor("lay_silent", -1.5),
    Factor("own_ground", -2.5),
    Factor("ferry_line", -3.0),
    Factor("pilotage", -3.0),
    Factor("pair_trawling", -2.5),
    Factor("towing", -2.5),
    Factor("in_company", -1.2),
    Factor("bunkering", -0.8),
    Factor("at_work", -2.0),
    Factor("waiting", -1.5),
    Factor("on_duty", -2.5),
    Factor("own_trade", -1.5),
    Factor("at_leisure", -0.8),
)
"""Every factor beside the kind; docs/ranking.md says what each value is. The sign of a weight is
what the factor means: learning may bring it to nothing, not turn it round."""

NAMES = tuple(f.name for f in FACTORS)


class Limit(NamedTuple):
    """A figure of the evidence beside its threshold, a key of the evidence or a number.

    ``full`` is the ratio at which it is as far past it as counts; below 1 less is more.
    """

    figure: str
    limit: str | float
    full: float


LIMITS: dict[str, tuple[Limit, ...]] = {
    "loitering": (Limit("duration_min", "least_min", 4.0),),
    "drift": (Limit("duration_min", "least_min", 4.0),),
    "rendezvous": (
        Limit("duration_min", "least_min", 4.0),
        Limit("mean_m", "max_m", 0.1),
    ),
    "shore_approach": (
        Limit("min_shore_m", "band_m", 0.1),
        Limit("slow_min", 3.0, 4.0),
    ),
    "dash": (
        Limit("mean_speed_kn", "speed_kn", 1.6),
        Limit("min_shore_m", "shore_m", 0.2),
        Limit("duration_min", "least_min", 4.0),
    ),
    "speed_anomaly": (
        Limit("mean_speed_kn", "limit_kn", 1.6),
        Limit("duration_min", "least_min", 4.0),
    ),
    "course_anomaly": (
        Limit("duration_min", "least_min", 4.0),
        Limit("off_deg", "least_deg", 3.0),
        Limit("turns", "least_turns", 2.0),
    ),
    "spoofing": (
        Limit("n_positions", "least_positions", 4.0),
        Limit("turns", "least_turns", 3.0),
        Limit("minutes", "least_min", 4.0),
    ),
}


def margin(kind: str, evidence: Mapping[str, Any]) -> float | None:
    """Return how far the figures are past their thresholds, 0 at them, 1 well past.

    The mean over the figures known; None where none is. A chain has its own score.
    """
    if kind == "chain":
        return number(evidence.get("score"))
    found = []
    for figure, limit, full in LIMITS.get(kind, ()):
        is_ = number(evidence.get(figure))
        than = number(evidence.get(limit)) if isinstance(limit, str) else limit
        if is_ is not None and than:
            ratio = max(is_, 1e-9) / than
            found.append(min(1.0, max(0.0, math.log(ratio) / math.log(full))))
    return sum(found) / len(found) if found else None


def number(value: object) -> float | None:
    """Return a finite, not negative figure of an evidence, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0.0 <= value < math.inf else None
