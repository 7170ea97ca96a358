"""Secondary ports: their tide from a main port's by differences of time and height."""

from dataclasses import asdict, dataclass

import numpy as np

from geo._tide_curve import Times
from geo.crs import Bools, Floats

# The main port's turns are wanted this far beyond a time, so that there is one on either side
# after the largest difference that tables print (half a day).
REACH_H = 40
_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Offsets:
    """What turns a main port's high and low waters into a secondary port's.

    Times: minutes to add. Heights: ``ratio`` times the height above ``main_datum``, plus ``add``
    metres, is the height above ``datum``; that holds every published form:

    - 潮差比 with both mean sea levels (Chinese national tide tables, 差比数): (main - Z0 main) x
      ratio + Z0: the ratio, and Z0 - ratio x Z0 main;
    - 潮高比 with 改正值: the ratio and the correction;
    - NOAA (Tide Tables, table 2; MDAPI `tidepredoffsets`): ratios R or added heights F, one for
      high and one for low water, both above MLLW.
    """

    main: str
    time_high_min: float
    time_low_min: float
    ratio_high: float
    ratio_low: float
    add_high_m: float
    add_low_m: float
    main_datum: str
    datum: str

    def as_dict(self) -> dict[str, float | str]:
        """Return the offsets as plain values to be stored."""
        return asdict(self)


def secondary_turns(
    main_t: Times, main_m: Floats, high: Bools, offsets: Offsets
) -> tuple[Times, Floats, Bools, Bools]:
    """Return a secondary port's high and low waters, and which of the main port's they are.

    ``main_m`` stands above ``offsets.main_datum``, the result above ``offsets.datum``. Where a
    high and the low beside it would change places (a weak second tide, with unlike differences
    of time), the pair is left out, so that times ascend and highs and lows take turns.

    Returns
    -------
    times, heights, whether high, and a mask over the main port's turns.
    """
    minutes = np.where(high, offsets.time_high_min, offsets.time_low_min)
    times = main_t + np.rint(minutes * _MINUTE_MS).astype("timedelta64[ms]")
    height_m = np.where(
        high,
        main_m * offsets.ratio_high + offsets.add_high_m,
        main_m * offsets.ratio_low + offsets.add_low_m,
    )
    kept = np.arange(len(times))
    while len(kept) > 1:
        crossed = np.flatnonzero(np.diff(times[kept]) <= np.timedelta64(0, "ms"))
        if len(crossed) == 0:
            break
        kept = np.delete(kept, [crossed[0], crossed[0] + 1])
    mask: Bools = np.zeros(len(times), dtype=np.bool_)
    mask[kept] = True
    return times[mask], height_m[mask], high[mask], mask
