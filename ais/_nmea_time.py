"""Give messages without a time of their own one, and merge transmissions heard more than once."""

from datetime import UTC, datetime

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Bools, Ints
from ais._nmea_columns import STATIONS, Table
from ais._nmea_text import NO_TIME

CLOCK_NEAR_MS, CLOCK_AHEAD_MS = 60_000, 3_600_000
"""How far a base station's clock may stand from the time reached so far to be believed, alone
and when another agrees: stations report every 10 s, and some have clocks that are years off."""
SAME_MS = 30_000
"""A payload heard again within this time is the same transmission (issue 4; a vessel's next
report has another second)."""
_EARLIEST_MS = 946_684_800_000
_AGREE_MS = 60_000
_RING, _ENOUGH, _NEAR_MS = 16, 13, 2_500
"""Of so many last messages so many have to tell the same second, give or take, to be believed:
up to a third of the vessels in a feed have a second that is wrong or old."""
_SLOTS, _WAYS = 1 << 20, 4


def clocks(stations: Table) -> Ints:
    """Return the time in ms that each row of a table tells (types 4 and 11), else NO_TIME."""
    u8 = {name: stations.u8[i].astype(np.int64) for i, name in enumerate(STATIONS.u8)}
    year = stations.u16[STATIONS.u16.index("year")].astype(np.int64)
    month, day = u8["month"], u8["day"]
    inside = (
        (u8["msg_type"] != 21)
        & (year >= 1971) & (year <= 9998)
        & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
        & (u8["hour"] <= 23) & (u8["minute"] <= 59) & (u8["second"] <= 59)
    )  # fmt: skip
    months = np.where(inside, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    date = first + np.where(inside, day - 1, 0).astype("timedelta64[D]")
    real = inside & (date.astype("datetime64[M]").astype(np.int64) == months)
    seconds = u8["hour"] * 3600 + u8["minute"] * 60 + u8["second"]
    ms = date.astype("datetime64[ms]").astype(np.int64) + seconds * 1000
    return np.where(real, ms, NO_TIME)


def first_clock(mmsi: NDArray[np.uint32], told: Ints, not_after: int | None) -> int | None:
    """Return the time that the most base stations agree on first; None where none tells any.

    Parameters
    ----------
    mmsi, told
        Base stations' reports in the order of the file: who, and what time in ms.
    not_after
        The latest time to believe; the earliest is the year 2000.
    """
    latest = int(datetime(9998, 1, 1, tzinfo=UTC).timestamp() * 1000)
    limit = latest if not_after is None else not_after
    good = (told != NO_TIME) & (told >= _EARLIEST_MS) & (told <= limit)
    if not good.any():
        return None
    who, when = mmsi[good], told[good]
    _, opening = np.unique(who, return_index=True)
    begins = np.sort(when[opening])
    agreeing = np.searchsorted(begins, begins + _AGREE_MS, "right") - np.arange(len(begins))
    return int(begins[np.argmax(agreeing)])


@numba.njit(cache=True)
def _agreed(ring: Ints) -> int:
    """Return the time that the last messages' seconds agree on, NO_TIME where they do not."""
    ordered = np.sort(ring)
    middle = ordered[_RING // 2]
    near = 0
    for one in ring:
        near += abs(one - middle) <= _NEAR_MS
    return middle if near >= _ENOUGH else NO_TIME


@numba.njit(cache=True)
def fill_times(t: Ints, second: NDArray[np.int16], told: Ints, reached: Ints) -> None:
    """Give each message without a time one, in place; ``reached`` is where the file's time is.

    It goes on by times of messages that have one; by base stations, of which a jump of more
    than a minute takes two in a row that agree; and by the seconds of the last messages, of
    which most have to agree, so that no single wrong clock moves it. A message takes the moment
    nearest to it that has its own second, where it tells one (-1: none).

    Parameters
    ----------
    t, second, told
        Of each message: its time in ms or NO_TIME, its second, the time that it tells.
    reached
        Changed in place: the time reached, a jump that waits to be confirmed, and whether a
        base station has been believed.
    """
    ring = np.zeros(_RING, np.int64)
    n = 0
    now, jump, by_base = reached[0], reached[1], reached[2]
    for i in range(t.shape[0]):
        if t[i] != NO_TIME:
            now, n = t[i], 0
            continue
        c = told[i]
        if c != NO_TIME:
            if abs(c - now) <= CLOCK_NEAR_MS:
                now, jump, by_base = c, NO_TIME, 1
            elif 0 < c - now <= CLOCK_AHEAD_MS:
                if jump != NO_TIME and abs(c - jump) <= CLOCK_NEAR_MS:
                    now, jump, by_base = c, NO_TIME, 1
                else:
                    jump = c
            t[i] = now
            continue
        if second[i] < 0:
            t[i] = now
            continue
        near = now + (second[i] * 1000 - now % 60_000 + 30_000) % 60_000 - 30_000
        t[i] = near
        ring[n % _RING] = near
        n += 1
        if n >= _RING and not by_base:
            agreed = _agreed(ring)
            if agreed != NO_TIME and agreed > now:
                now = agreed
    reached[0], reached[1], reached[2] = now, jump, by_base


class Recent:
    """Payloads heard in the last half minute.

    Their table has a fixed size, so that a file of any length is merged in constant memory.
    """

    def __init__(self) -> None:
        self._key = np.zeros((_SLOTS, _WAYS), np.uint64)
        self._t = np.full((_SLOTS, _WAYS), NO_TIME)

    def again(self, key: NDArray[np.uint64], t: Ints, *, among: Bools) -> Bools:
        """Return which messages are transmissions that were heard before.

        Messages without a time, and those not ``among`` the ones asked for, are none.
        """
        return _again(key, t, among, self._key, self._t)


@numba.njit(cache=True)
def _again(
    key: NDArray[np.uint64], t: Ints, among: Bools, keys: NDArray[np.uint64], times: Ints
) -> Bools:
    found = np.zeros(key.shape[0], np.bool_)
    for i in range(key.shape[0]):
        if not among[i] or t[i] == NO_TIME:
            continue
        slot = np.int64((key[i] * np.uint64(11400714819323198485)) >> np.uint64(44))
        oldest = 0
        for way in range(_WAYS):
            if keys[slot, way] == key[i] and abs(t[i] - times[slot, way]) <= SAME_MS:
                found[i] = True
                break
            if times[slot, way] < times[slot, oldest]:
                oldest = way
        if not found[i]:
            keys[slot, oldest] = key[i]
            times[slot, oldest] = t[i]
    return found
