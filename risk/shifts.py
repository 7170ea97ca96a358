"""Cut local days into shifts of duty, right across changes of the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from geo.errors import InputError

DEFAULT_STARTS = ("02:00", "06:00", "10:00", "14:00", "18:00", "22:00")


@dataclass(frozen=True)
class Shift:
    """One window of duty.

    ``shift_id`` is the local start as the roster names it ("2026-11-23T22:00"), ``t0`` and ``t1``
    are aware UTC instants with ``t0 < t1``, ``label`` is the local window ("22:00–02:00").
    """

    shift_id: str
    t0: datetime
    t1: datetime
    label: str

    @property
    def day(self) -> date:
        """Return the local day on which it starts."""
        return date.fromisoformat(self.shift_id[:10])

    @property
    def hours(self) -> float:
        """Return the true length in hours: 3 or 5 where a clock change falls inside."""
        return (self.t1 - self.t0).total_seconds() / 3600.0


def shifts(day: date, *, tz: ZoneInfo, starts: Sequence[str] = DEFAULT_STARTS) -> list[Shift]:
    """Return the shifts that start on a local day, in order.

    A shift runs to the next start, the last one to the first start of the next day, so that the
    shifts of successive days neither overlap nor leave a gap. A start that the clock skips in
    spring falls on the instant of the change (a shift that is skipped whole is left out); one
    that the clock shows twice in autumn is the first of the two.

    Parameters
    ----------
    day : date
        The local day.
    tz : ZoneInfo
        The county's time zone.
    starts : sequence of str
        Local starts "HH:MM", strictly increasing.

    Raises
    ------
    InputError
        When there are no starts, or they are not times, or not in order.
    """
    times = _times(starts)
    named = [(at, _instant(day, at, tz)) for at in times]
    named.append((times[0], _instant(day + timedelta(days=1), times[0], tz)))
    return [
        Shift(f"{day.isoformat()}T{at:%H:%M}", t0, t1, f"{at:%H:%M}–{until:%H:%M}")
        for (at, t0), (until, t1) in pairwise(named)
        if t0 < t1
    ]


def _times(starts: Sequence[str]) -> list[time]:
    times: list[time] = []
    bad: list[str] = []
    for text in starts:
        try:
            hour, minute = text.split(":")
            times.append(time(int(hour), int(minute)))
        except ValueError:
            bad.append(text)
    if bad or not times or any(a >= b for a, b in pairwise(times)):
        raise InputError(
            f"shift starts {list(starts)} are not increasing times of day",
            where="shift_starts",
            mend='Write them like ["02:00", "06:00", "10:00"], each later than the one before',
        )
    return times


def _instant(day: date, at: time, tz: ZoneInfo) -> datetime:
    """Return the UTC instant of a local time; of the clock change where it is skipped."""
    local = datetime.combine(day, at, tz)
    instant = local.astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # Skipped: PEP 495 puts fold=1 before the change and fold=0 after it; close in on the change.
    early = int(local.replace(fold=1).astimezone(UTC).timestamp())
    late = int(instant.timestamp())
    before = datetime.fromtimestamp(early, tz).utcoffset()
    while late - early > 1:
        middle = (early + late) // 2
        if datetime.fromtimestamp(middle, tz).utcoffset() == before:
            early = middle
        else:
            late = middle
    return datetime.fromtimestamp(late, UTC)
