from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from risk.light import _lit, light
from risk.shifts import Shift, shifts

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("instant", "lit"),
    [  # phases as published by the US Naval Observatory
        ("2024-11-15T21:28", 1.0),
        ("2024-12-01T06:21", 0.0),
        ("2024-12-08T15:27", 0.5),
        ("2024-12-22T22:18", 0.5),
        ("2025-01-13T22:27", 1.0),
    ],
)
def test_the_moon_is_lit_as_the_almanac_says(instant, lit):
    assert _lit(datetime.fromisoformat(instant).replace(tzinfo=UTC)) == pytest.approx(lit, abs=5e-3)


def test_a_winter_day_at_xiangshan():
    rows = light(121.9, 29.5, shifts(date(2026, 12, 21), tz=SHANGHAI))
    dark = dict(rows.select("shift_id", "dark_share").iter_rows())
    assert dark["2026-12-21T02:00"] == 1.0
    assert dark["2026-12-21T10:00"] == 0.0
    assert dark["2026-12-21T22:00"] == 1.0
    # Civil twilight ends about 17:27 there on that day: 33 of 240 minutes.
    assert dark["2026-12-21T14:00"] == pytest.approx(33 / 240, abs=0.05)
    assert rows["shift_id"].to_list() == [
        s.shift_id for s in shifts(date(2026, 12, 21), tz=SHANGHAI)
    ]


def test_moonlight_counts_only_in_the_dark_and_while_the_moon_is_up():
    full = light(121.9, 29.5, shifts(date(2024, 11, 15), tz=SHANGHAI))
    new = light(121.9, 29.5, shifts(date(2024, 12, 1), tz=SHANGHAI))
    assert full.filter(shift_id="2024-11-15T22:00")["moon"][0] > 0.95
    assert new.filter(shift_id="2024-12-01T22:00")["moon"][0] < 0.02
    assert full.filter(shift_id="2024-11-15T10:00")["moon"][0] == 0.0
    # The first-quarter moon of 8 December set around local midnight.
    quarter = light(121.9, 29.5, shifts(date(2024, 12, 9), tz=SHANGHAI))
    assert quarter.filter(shift_id="2024-12-09T02:00")["moon"][0] == 0.0


def test_polar_night_and_midsummer():
    for day, share in ((date(2026, 6, 21), 0.0), (date(2026, 12, 21), 1.0)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        one = Shift("x", midnight.replace(hour=21), midnight.replace(hour=23), "x")
        assert light(18.96, 69.65, [one])["dark_share"][0] == share
