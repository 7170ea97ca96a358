"""Say times, distances and counts the way people do, in Chinese and in English."""

import math
from datetime import date

Both = tuple[str, str]

_COUNT_ZH = "零一两三四五六七八九十"
_COUNT_EN = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTH_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

BEHAVIOUR: dict[str, Both] = {
    "loitering": ("徘徊", "loitered"),
    "drift": ("漂航", "drifted"),
    "rendezvous": ("靠帮", "met another vessel"),
    "dark_target": ("未开 AIS 活动", "moved without AIS"),
    "shore_approach": ("抵岸", "approached the shore"),
    "dash": ("冲滩", "dashed for the shore"),
    "chain": ("接驳后靠岸", "came to the shore from a meeting"),
}
FACILITY: dict[str, Both] = {
    "camera": ("摄像头", "camera"),
    "height_bar": ("限高杆", "height bar"),
    "width_bar": ("限宽杆", "width bar"),
    "gate": ("闸门", "gate"),
    "wall": ("围墙", "wall"),
    "alarm": ("入侵报警", "intrusion alarm"),
    "light": ("照明", "light"),
    "sign": ("警示牌", "sign"),
}
LINE: dict[str, Both] = {
    "wharf": ("码头的", " at the wharf"),
    "bar": ("卡口的", " at the checkpoint"),
    "way_out": ("唯一出口的", " at the only way out"),
}
# Behind a draught, where nobody measured the seabed.
ESTIMATED: Both = ("，估算", " (estimated)")
STATUS: dict[str, Both] = {"broken": ("损坏", "broken"), "missing": ("缺失", "missing")}

# Indicators without a list of facts: said when the raw value is past the limit.
STANDING: dict[str, tuple[str, float, Both]] = {
    "seasonality": (
        ">",
        1.25,
        ("每年此时案事件是平均的 {} 倍", "{} times the year's mean of incidents at this season"),
    ),
    "darkness": (">", 0.7, ("天黑且月光弱", "dark with little moonlight")),
    "shelter": (">", 0.6, ("岸段避风", "sheltered from the sea")),
    "access": ("<", 750.0, ("陆路便利（约 {}）", "easy to reach by land (about {})")),
    "landing_place": (">", 1.5, ("紧邻高等级上岸点", "beside a high-grade landing place")),
    "facility_cover": (
        ">",
        0.9,
        ("附近没有在用的阻拦或报警设施", "no working barrier or alarm near"),
    ),
    "camera_cover": (">", 0.9, ("没有在用的摄像头看得到", "no working camera sees it")),
    "patrol_cover": ("<", 0.1, ("近 {} 天几乎没有巡逻", "hardly any patrol in {} days")),
}


def distance(metres: float) -> Both:
    """Return a distance in a human step: 50 m below a kilometre, 0.1 km up to 10, then 1 km."""
    step = max(50, round(metres / 50.0) * 50)
    if step < 1000:
        return (f"{step} m",) * 2
    km = metres / 1000.0
    text = f"{km:.0f} km" if km >= 10 else f"{round(km, 1):g} km"
    return text, text


def within(metres: float) -> Both:
    """Return a distance rounded up, for "within"."""
    if metres <= 1000.0:
        return (f"{max(100, math.ceil(metres / 100.0) * 100)} m".replace("1000 m", "1 km"),) * 2
    return (f"{math.ceil(metres / 500.0) / 2:g} km",) * 2


def vessels(n: int) -> Both:
    """Return a count of vessels."""
    chinese = f"{_COUNT_ZH[n]}船" if n < len(_COUNT_ZH) else f" {n} 船"
    return chinese, f"{count_en(n)} vessel{'' if n == 1 else 's'}"


def count_en(n: int) -> str:
    """Return a small count as an English word."""
    return _COUNT_EN[n] if n < len(_COUNT_EN) else str(n)


def days(n: int) -> Both:
    """Return a number of days."""
    return f"{n} 天", f"{n} day{'' if n == 1 else 's'}"


def lasting(seconds: float) -> Both:
    """Return a duration: minutes below two hours, then hours."""
    if seconds < 7200.0:
        return f"{round(seconds / 60.0)} 分钟", f"{round(seconds / 60.0)} min"
    return f"{round(seconds / 3600.0)} 小时", f"{round(seconds / 3600.0)} h"


def days_ago(n: int) -> Both:
    """Return how long ago something was, in days, months from 60 days on, years from 2."""
    if n <= 0:
        return "今天", "today"
    if n == 1:
        return "昨天", "yesterday"
    if n < 60:
        return f"{n} 天前", f"{n} days ago"
    if n < 730:
        return f"{round(n / 30.4)} 个月前", f"{round(n / 30.4)} months ago"
    return f"{n // 365} 年前", f"{n // 365} years ago"


def day_name(day: date, *, today: date) -> Both:
    """Return a date, with the year where it is another one."""
    chinese, english = f"{day.month}月{day.day}日", f"{day.day} {_MONTH_EN[day.month - 1]}"
    if day.year != today.year:
        return f"{day.year}年{chinese}", f"{english} {day.year}"
    return chinese, english
