"""What no tide on earth is: heights, amplitudes and zeros that a wrong unit or datum gives.

The limits hold for the greatest tides: a range of 16 m in the Bay of Fundy, some 8 m either side of
mean sea level (Canadian Hydrographic Service; NOAA, https://oceanservice.noaa.gov/facts/highesttide.html).
"""

from collections.abc import Mapping

import numpy as np

from geo._tide_curve import TideTable
from geo.crs import Floats
from geo.datums import MSL, Datums, canonical
from geo.errors import InputError

# Above or below mean sea level, and between it and any zero of tide tables.
HIGHEST_M = 15.0
# Above the zero of charts, which lies at the foot of the range.
_HIGHEST_ABOVE_ZERO_M = 20.0
_OF_TIDES = frozenset({"CD", "TLT", "LAT", "HAT", "MLLW", "MLW", "MHW", "MHHW", "MLWS", "MHWS"})
# M2 reaches some 6 m, in the Minas Basin. All add up to more than the tide ever reaches: to 10.9 m
# at Anchorage, where the range is 12 m.
AMPLITUDE_M = 10.0
AMPLITUDES_M = 20.0
# A season, or the overtides of an estuary, hold a table's mean this far from mean sea level, or
# this share of its range; a chart's zero lies half the range below it.
_MEAN_OFF_M = 1.0
_MEAN_OFF_SHARE = 0.3
_MEAN_HOURS = 47.0
# Within two days every sea moves by more than the first; metres read as centimetres by less than
# the second, and with decimals, which no table in centimetres prints.
_STILL_M = 0.01
_SMALL_M = 0.05
# A tide of a metre that never falls below its zero does not have it at mean sea level.
_ZERO_M = 0.1
_TIDE_M = 1.0
_TURN_HOURS = 12
_UNIT = "See whether the unit is right: in the heading, the column's name or --unit."
_DATUM = (
    "Give --datum with what the heights are counted from, such as CD or MLLW, or correct the "
    "heading's."
)


def highest_m(datum: str, datums: Mapping[str, float]) -> float:
    """Return how far (m) from a table's zero its heights may stand."""
    known = Datums.of(datums, where=datum)
    above_m = abs(known.between(datum, MSL)) if known.knows(datum) else None
    return _HIGHEST_ABOVE_ZERO_M if above_m is None else HIGHEST_M + above_m


def check_zeros(datums: Mapping[str, float], *, where: str) -> None:
    """Raise InputError where a level of the tide is further from mean sea level than tides reach.

    ``datums`` stand above any zero of their own; without mean sea level nothing can be said.
    """
    plain = {canonical(name): height for name, height in datums.items()}
    for name in sorted(_OF_TIDES & plain.keys()) if MSL in plain else ():
        off_m = abs(plain[name] - plain[MSL])
        if off_m > HIGHEST_M:
            raise InputError(
                f"the zero of {name} stands {off_m:g} m from mean sea level; {HIGHEST_M:g} m is "
                "the most",
                where=where,
                mend=_UNIT,
            )


def check_figures(figures: Floats, height_m: Floats, limit_m: float, *, where: str) -> None:
    """Raise InputError where many heights, not some mistyped ones, are beyond any tide's."""
    beyond = np.abs(height_m) > limit_m
    if beyond.sum() > max(2, 0.1 * len(figures)):
        raise InputError(
            f"{beyond.sum()} of {len(figures)} heights are beyond {limit_m:g} m (such as "
            f"{figures[beyond][0]:g})",
            where=where,
            mend=_UNIT,
        )


def check_unit(table: TideTable, figures: Floats, unit: str, *, where: str) -> None:
    """Raise InputError where a table of two days or more hardly rises and falls."""
    range_m = float(np.ptp(table.height_m))
    decimals = unit == "cm" and bool(np.any(figures != np.rint(figures)))
    if _hours(table) >= _MEAN_HOURS and range_m < (_SMALL_M if decimals else _STILL_M):
        raise InputError(
            f"its heights lie within {range_m * 100:.1f} cm of each other, in {unit}",
            where=where,
            mend=_UNIT,
        )


def check_level(table: TideTable, datums: Mapping[str, float], *, where: str) -> None:
    """Raise InputError where a table does not move about the mean sea level that it is tied to.

    A table of less than two days may be one storm's, and is not asked. One that is not tied to mean
    sea level cannot be.
    """
    known = Datums.of(datums, where=where)
    if not known.knows(table.datum):
        return
    level_m = table.height_m + known.between(table.datum, MSL)
    range_m = float(np.ptp(level_m))
    mean_m = float(level_m.mean())
    off = abs(mean_m) > max(_MEAN_OFF_M, _MEAN_OFF_SHARE * range_m)
    zero_m = abs(known.between(table.datum, MSL))
    dry = 0 < zero_m < _ZERO_M and range_m > _TIDE_M and table.height_m.min() > 0
    if (off and _hours(table) >= _MEAN_HOURS) or (dry and _hours(table) >= _TURN_HOURS):
        raise InputError(
            f"its heights stand {mean_m:+.2f} m from mean sea level on the average, taken as above "
            f"{table.datum}, {zero_m:g} m from it",
            where=where,
            mend=_DATUM,
        )


def _hours(table: TideTable) -> float:
    return float((table.span[1] - table.span[0]) / np.timedelta64(1, "h"))
