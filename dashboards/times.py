"""Times as people on duty read them: local, with the date where it is not today."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

_DAYS_ZH = "一二三四五六日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun")
_MONTHS_EN += ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clock(t: datetime, tz: ZoneInfo) -> str:
    """Return the local time of day, as 23:10."""
    return t.astimezone(tz).strftime("%H:%M")


def span(t0: datetime, t1: datetime, tz: ZoneInfo) -> str:
    """Return a local time window, as 22:00–02:00."""
    return f"{clock(t0, tz)}–{clock(t1, tz)}"


def day_name(day: date, lang: str) -> str:
    """Return a date with its weekday, as 11月23日 周一 or Mon 23 Nov."""
    if lang == "zh":
        return f"{day.month}月{day.day}日 周{_DAYS_ZH[day.weekday()]}"
    return f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}"


def shift_day(shift_id: str) -> date:
    """Return the local date on which a shift starts; its id is that local start."""
    return date.fromisoformat(shift_id[:10])


def when(t: datetime, tz: ZoneInfo, today: date, lang: str) -> str:
    """Return a local time, with its date where that is not today."""
    local = t.astimezone(tz)
    if local.date() == today:
        return local.strftime("%H:%M")
    if lang == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {_MONTHS_EN[local.month - 1]} {local:%H:%M}"


def ago(t: datetime, now: datetime) -> tuple[str, int]:
    """Return how old a time is as a unit (minutes, hours, days) and a whole number of it."""
    minutes = max(0, int((now - t).total_seconds() // 60))
    if minutes < 120:
        return "minutes", minutes
    if minutes < 48 * 60:
        return "hours", minutes // 60
    return "days", minutes // 1440
