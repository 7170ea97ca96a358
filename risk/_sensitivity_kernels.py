"""Rescore and rank one shift under many weights."""

import math

import numba
import numpy as np
import numpy.typing as npt

from risk.score import FLOOR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A score's logarithm is ranked in so many steps: one is 0.006 % of the score.
_STEPS = 1 << 16
_LN2, _ROOT = math.log(2.0), math.sqrt(0.5)
_MANTISSA, _HALF = (1 << 52) - 1, 1022 << 52
_SCALE = (_STEPS - 1) / -math.log(FLOOR)


@numba.njit(cache=True)
def log_scores(value: Floats, pillar: Ints, within: Floats, between: Floats) -> Floats:
    """Return the logarithm of score / 100, ``[draw, cell]``.

    ``value`` ``[indicator, cell]`` has no NaN; ``within`` ``[draw, indicator]`` adds up to 1 in
    each pillar, ``between`` ``[draw, pillar]`` to 1.
    """
    out = np.zeros((len(within), value.shape[1]))
    mean = np.empty((3, value.shape[1]))
    for d in range(len(within)):
        _one(value, pillar, within[d], between[d], mean, out[d])
    return out


@numba.njit(cache=True, nogil=True)
def standings(
    value: Floats,
    pillar: Ints,
    within: Floats,
    between: Floats,
    km: Floats,
    top_km: float,
    rank: npt.NDArray[np.int32],
) -> Ints:
    """Rank segments in every draw, and count how often each is in the first kilometres.

    Arguments as in `log_scores`; ``rank`` ``[draw, segment]`` is filled, from 1, the same for
    equal scores. A segment is in the top where fewer than ``top_km`` kilometres score higher.
    """
    n = value.shape[1]
    mean, level = np.empty((3, n)), np.empty(n)
    step = np.empty(n, np.int64)
    length, count = np.empty(_STEPS), np.empty(_STEPS, np.int32)
    inside = np.zeros(n, np.int64)
    for d in range(len(within)):
        _one(value, pillar, within[d], between[d], mean, level)
        length[:] = 0.0
        count[:] = 0
        for i in range(n):
            at = int(-level[i] * _SCALE + 0.5)  # 0 is the highest score
            at = min(max(at, 0), _STEPS - 1)
            step[i] = at
            length[at] += km[i]
            count[at] += 1
        km_above, above = 0.0, np.int32(1)
        for at in range(_STEPS):  # from amounts to what lies above
            if count[at] > 0:
                own_km, own = length[at], count[at]
                length[at], count[at] = km_above, above
                km_above += own_km
                above += own
        for i in range(n):
            at = step[i]
            rank[d, i] = count[at]
            inside[i] += length[at] < top_km
    return inside


@numba.njit(cache=True)
def _one(
    value: Floats, pillar: Ints, within: Floats, between: Floats, mean: Floats, out: Floats
) -> None:
    mean[:] = 0.0
    for k in range(len(value)):
        w, known, at = within[k], value[k], mean[pillar[k]]
        for c in range(len(known)):
            at[c] += w * known[c]
    out[:] = 0.0
    for j in range(3):
        p, at = between[j], mean[j]
        for c in range(len(out)):
            at[c] = min(max(at[c], FLOOR), 1.0)
        bits = at.view(np.int64)
        # A logarithm to 1e-12 in loops that the compiler vectorises: x = m 2^e, 0.5 <= m < 1, and
        # ln m = ln sqrt(1/2) + 2 artanh((m - sqrt(1/2)) / (m + sqrt(1/2))).
        for c in range(len(out)):
            out[c] += p * _LN2 * ((bits[c] >> 52) - 1022.5)
            bits[c] = (bits[c] & _MANTISSA) | _HALF
        for c in range(len(out)):
            s = (at[c] - _ROOT) / (at[c] + _ROOT)
            q = s * s
            series = 1 / 7 + q * (1 / 9 + q * (1 / 11 + q / 13))
            out[c] += 2.0 * p * s * (1.0 + q * (1 / 3 + q * (1 / 5 + q * series)))
