"""Give messages without a time of their own one, and merge transmissions heard more than once."""

from datetime import UTC, datetime

import numba
import numpy as np
from numpy.typing import NDArray

from ais._arrays import Bools, Ints
from ais._nmea_columns import STATIONS, Table
from ais._nmea_text import NO_TIME

CLOCK_NEAR_MS, CLOCK_BACK_MS = 60_000, 3_600_000
"""How far a base station's clock may stand from the time reached so far to be believed alone, and
how far back when another agrees: stations report every 10 s, and some have clocks that are years
off, several by the same 1,024 weeks."""
SAME_MS = 30_000
"""A payload heard again within this time is the same transmission (issue 4; a vessel's next
report has another second)."""
_EARLIEST_MS = 946_684_800_000
_AGREE_MS = 60_000
_RING, _ENOUGH, _NEAR_MS = 4, 3, 3_000
"""Of so many last messages so many have to tell the same second, give or take, to be believed:
up to a third of the vessels in a feed have a second that is wrong or old."""
_STEP_MS = 10_000
"""They do not move the time on by more: messages that come half a minute late seem early."""
_LOST = 6
"""Messages in a row without such agreement after which the time is lost."""
_SLOT_BITS, _WAYS = 18, 4
"""Room for a million payloads: some thirty thousand messages a second."""


def told_times(stations: Table) -> Ints:
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


NOW, JUMP, JUMP_BY, TRUSTED, LOST, HEARD, RING = range(7)
"""What ``fill_times`` remembers: the time reached, a jump that waits to be confirmed and who told
it, the last base station that was right, how many messages did not agree, how many were heard
since the time was last told, and from ``RING`` on what the last of them said."""


def begin(ms: int) -> Ints:
    """Return the memory of ``fill_times`` at the beginning of a recording."""
    return np.array([ms, NO_TIME, 0, 0, 0, 0, *([0] * _RING)])


@numba.njit(cache=True)
def _jumps(memory: Ints, c: int, who: np.uint32) -> bool:
    """Take what a base station tells, and return whether it moves the time reached."""
    if abs(c - memory[NOW]) <= CLOCK_NEAR_MS:
        memory[TRUSTED] = who
    elif memory[NOW] - c > CLOCK_BACK_MS:
        return False
    elif (
        memory[JUMP] == NO_TIME
        or abs(c - memory[JUMP]) > CLOCK_NEAR_MS
        or (who == memory[JUMP_BY] and who != memory[TRUSTED])
    ):
        memory[JUMP], memory[JUMP_BY] = c, who
        return False
    memory[NOW], memory[JUMP], memory[LOST] = c, NO_TIME, 0
    return True


@numba.njit(cache=True)
def fill_times(
    t: Ints, second: NDArray[np.int16], told: Ints, who: NDArray[np.uint32], memory: Ints
) -> None:
    """Give each message without a time one, in place; ``memory`` is changed as well.

    The time reached goes on by times of messages that have one; by base stations, of which a jump
    of more than a minute takes two that agree, or one that was right before and tells it twice;
    and by the seconds of the last messages, of which three in four have to agree, so that no
    single wrong clock moves it. A message takes the moment nearest to the time reached that has
    its own second. Where half a dozen messages in a row do not agree, the feed is too thin to be
    followed: the next keep no time, until some agree or a base station is heard.

    Parameters
    ----------
    t, second, told, who
        Of each message: its time in ms or NO_TIME, its second or -1, the time that it tells, and
        the MMSI.
    memory
        As ``begin`` makes it.
    """
    for i in range(t.shape[0]):
        if t[i] != NO_TIME:
            memory[NOW], memory[LOST], memory[HEARD] = t[i], 0, 0
            continue
        if told[i] != NO_TIME and _jumps(memory, told[i], who[i]):
            memory[HEARD] = 0
        now = memory[NOW]
        if second[i] < 0 or told[i] != NO_TIME:
            t[i] = NO_TIME if memory[LOST] > _LOST else now
            continue
        near = now + (second[i] * 1000 - now % 60_000 + 30_000) % 60_000 - 30_000
        memory[RING + memory[HEARD] % _RING] = near
        memory[HEARD] += 1
        if memory[HEARD] >= _RING:
            agreed = _agreed(memory[RING:])
            if agreed == NO_TIME or (agreed - now > _STEP_MS and memory[LOST] <= _LOST):
                memory[LOST] += 1
            else:
                memory[LOST], memory[NOW] = 0, max(now, agreed)
        if memory[LOST] <= _LOST:
            t[i] = near


class Recent:
    """Payloads heard in the last half minute.

    Their table has a fixed size, so that a file of any length is merged in constant memory.
    """

    def __init__(self) -> None:
        self._key = np.zeros((1 << _SLOT_BITS, _WAYS), np.uint64)
        self._t = np.full((1 << _SLOT_BITS, _WAYS), NO_TIME)

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
        slot = np.int64((key[i] * np.uint64(11400714819323198485)) >> np.uint64(64 - _SLOT_BITS))
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
