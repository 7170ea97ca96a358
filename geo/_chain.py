"""Loops behind the comparison of two coasts."""

import numba
import numpy as np

from geo.crs import Bools, Floats


@numba.njit(cache=True)
def longest_rise(values: Floats) -> Bools:
    """Mark the members of a longest subsequence that never falls (Schensted 1961; O(n log n))."""
    n = len(values)
    tail = np.empty(n, np.int64)
    before = np.full(n, -1, np.int64)
    length = 0
    for i in range(n):
        low, high = 0, length
        while low < high:
            middle = (low + high) // 2
            if values[tail[middle]] <= values[i]:
                low = middle + 1
            else:
                high = middle
        if low > 0:
            before[i] = tail[low - 1]
        tail[low] = i
        length = max(length, low + 1)
    mark = np.zeros(n, np.bool_)
    at = tail[length - 1] if length else -1
    while at >= 0:
        mark[at] = True
        at = before[at]
    return mark
