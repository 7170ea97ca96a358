"""Tell what a change of pillar means does to scores, whatever the missing values are."""

import numba
import numpy as np
import numpy.typing as npt

from risk.score import FLOOR

Floats = npt.NDArray[np.float64]


@numba.njit(cache=True)
def falls(
    mean: Floats,
    segment: npt.NDArray[np.int64],
    change: Floats,
    exponent: Floats,
    hours: Floats,
    high: float,
) -> Floats:
    """Return what falls by row: score x hours, its least and most, its size before, high hours.

    The last are the hours that leave the high bands. ``mean`` ``[prior|lo|hi, pillar, segment,
    shift]`` are the means before, ``change`` ``[pillar, row, shift]`` what the measure adds to them
    at ``segment[row]``. Where one pillar changes, the least and most are exact over all values that
    the missing ones may have: the fall grows with the other pillars, and with its own mean up to
    where the lower of before and after leaves the floor, then shrinks (x^w is concave).
    """
    out = np.zeros((len(segment), 5))
    m = np.empty(3)
    before, after = np.empty((3, 3)), np.empty((3, 3))
    for v in range(len(segment)):
        i = segment[v]
        for s in range(change.shape[2]):
            one, other, known = 100.0, 100.0, True
            for j in range(3):
                by, lo, hi = change[j, v, s], mean[1, j, i, s], mean[2, j, i, s]
                known = known and hi - lo < 1e-12
                one *= _power(mean[0, j, i, s], exponent[j])
                other *= _power(mean[0, j, i, s] + by, exponent[j])
                m[0], m[1], m[2] = lo, hi, min(max(FLOOR - min(by, 0.0), lo), hi)
                for q in range(3):
                    before[j, q] = _power(m[q], exponent[j])
                    after[j, q] = _power(m[q] + by, exponent[j])
            fall = one - other
            least, most = fall, fall
            if not known:
                for a in range(3):
                    for b in range(3):
                        for c in range(3):
                            x = 100.0 * (
                                before[0, a] * before[1, b] * before[2, c]
                                - after[0, a] * after[1, b] * after[2, c]
                            )
                            least, most = min(least, x), max(most, x)
            h = hours[s]
            out[v, 0] += fall * h
            out[v, 1] += least * h
            out[v, 2] += most * h
            out[v, 3] += one * h
            out[v, 4] += ((one >= high) - (other >= high)) * h
    return out


@numba.njit(cache=True)
def _power(mean: float, exponent: float) -> float:
    power: float = min(max(mean, FLOOR), 1.0) ** exponent
    return power
