from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from risk.shifts import DEFAULT_STARTS, shifts

ZONES = [
    "Asia/Shanghai",
    "Europe/Copenhagen",
    "America/New_York",
    "Australia/Lord_Howe",  # changes its clock by half an hour
    "America/Sao_Paulo",  # changed at midnight
    "Pacific/Apia",  # left out 30 December 2011
    "UTC",
]
STARTS = st.lists(st.integers(0, 1439), min_size=1, max_size=8, unique=True).map(
    lambda minutes: [f"{m // 60:02d}:{m % 60:02d}" for m in sorted(minutes)]
)
DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(st.sampled_from(ZONES), DAYS, STARTS)
def test_shifts_follow_each_other_without_gap_or_overlap(zone, day, starts):
    tz = ZoneInfo(zone)
    found = [s for d in range(-3, 4) for s in shifts(day + timedelta(days=d), tz=tz, starts=starts)]
    assert all(s.t0 < s.t1 for s in found)
    assert all(a.t1 == b.t0 for a, b in pairwise(found))
    assert len({s.shift_id for s in found}) == len(found)


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_shifts_is_a_year(zone):
    tz = ZoneInfo(zone)
    found = [s for d in range(365) for s in shifts(date(2011, 1, 1) + timedelta(days=d), tz=tz)]
    assert all(a.t1 == b.t0 for a, b in pairwise(found))
    assert sum(s.hours for s in found) == pytest.approx(
        (found[-1].t1 - found[0].t0).total_seconds() / 3600
    )
    assert {s.hours for s in found} >= {4.0}
    assert sum(s.hours == 4.0 for s in found) >= len(found) - 4


def test_a_plain_day():
    found = shifts(date(2026, 11, 23), tz=ZoneInfo("Asia/Shanghai"))
    assert [s.label for s in found][-1] == "22:00–02:00"
    assert found[-1].shift_id == "2026-11-23T22:00"
    assert found[-1].t0 == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert [s.hours for s in found] == [4.0] * 6


def test_the_days_of_the_clock_changes():
    tz = ZoneInfo("Europe/Copenhagen")
    assert [s.hours for s in shifts(date(2026, 3, 29), tz=tz)] == [3.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert [s.hours for s in shifts(date(2026, 3, 28), tz=tz)][-1] == 4.0
    assert next(s.hours for s in shifts(date(2026, 10, 25), tz=tz)) == 5.0
    skipped = shifts(date(2026, 3, 29), tz=tz, starts=["02:00", "02:30", "03:15"])
    assert [s.shift_id[-5:] for s in skipped] == ["02:30", "03:15"]
    assert skipped[0].t0 == datetime(2026, 3, 29, 1, tzinfo=UTC)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    STARTS,
)
def test_every_instant_lies_in_one_shift(zone, t, starts):
    tz = ZoneInfo(zone)
    day = t.astimezone(tz).date()
    near = [s for n in range(-3, 2) for s in shifts(day + timedelta(days=n), tz=tz, starts=starts)]
    assert sum(s.t0 <= t < s.t1 for s in near) == 1


@pytest.mark.parametrize("starts", [[], ["25:00"], ["06:00", "02:00"], ["02:00", "02:00"]])
def test_wrong_starts_are_refused(starts):
    with pytest.raises(InputError, match="increasing times of day"):
        shifts(date(2026, 1, 1), tz=ZoneInfo("UTC"), starts=starts)


def test_default_starts_are_the_six_of_the_design():
    assert DEFAULT_STARTS == ("02:00", "06:00", "10:00", "14:00", "18:00", "22:00")
