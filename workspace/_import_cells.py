"""Cells of text to values of a table's columns, every fault of a row named."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from workspace._import_columns import Known

Value = str | float | int | date | datetime | None

_SCHEMES = frozenset({"http", "https", "rtsp", "rtsps"})
_SECRETS = re.compile(r"pass|pwd|token|secret|auth|key|user|sign", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
# Degrees, minutes and seconds as registers write them: 121°54′36″E, 北纬29度15分.
_ANGLE = re.compile(
    r"([NSEW])?(\d{1,3})[°度](?:(\d{1,2}(?:\.\d+)?)['′’分]"
    r"(?:(\d{1,2}(?:\.\d+)?)(?:[\"″”秒]|''|′′|’’))?)?([NSEW])?"
)
_SIDES = (("东经", "E"), ("西经", "W"), ("北纬", "N"), ("南纬", "S"))


def values(
    cells: dict[str, str], known: Sequence[Known], *, headers: dict[str, str], tz: ZoneInfo
) -> tuple[dict[str, Value], list[str]]:
    """Convert one row's cells; return the values and what is wrong with those that have none.

    Places are left to ``_import_coordinates``. Times without a zone are taken in ``tz``.

    Parameters
    ----------
    headers : the file's header of each column that it has.
    """
    out: dict[str, Value] = {}
    faults: list[str] = []
    for one in known:
        if one.type == "degrees":
            continue
        try:
            out[one.name] = _value(one, cells.get(one.name, ""), headers.get(one.name, ""), tz)
        except ValueError as error:
            faults.append(str(error))
    return out, faults


def _value(one: Known, text: str, header: str, tz: ZoneInfo) -> Value:
    """Return one cell as its column's kind of value; raise ValueError with what is wrong."""
    text = text or one.default or ""
    if not text:
        if one.needed:
            raise ValueError(f"`{one.name}` is empty")
        return None
    match one.type:
        case "text":
            if len(text) > 500:
                raise ValueError(f"`{one.name}` has {len(text)} characters, at most 500")
            return text
        case "choice":
            return _choice(one, text)
        case "date":
            return _time(one, text, tz).date()
        case "time":
            return _time(one, text, tz).astimezone(UTC)
        case "share":
            return _share(one, text, header)
        case "link":
            return _link(one, text)
        case _:
            return _number(one, text)


def _choice(one: Known, text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).strip().lower().replace(" ", "_")
    for code, words in one.choices.items():
        if folded == code.lower() or text in words or folded in {word.lower() for word in words}:
            return code
    allowed = ", ".join(f"{code} {words[0]}" for code, words in one.choices.items())
    raise ValueError(f"`{one.name}` was {text!r} but is expected to be in {{{allowed}}}")


def _real(text: str) -> float:
    """Return a number as people write it: full-width digits, commas between thousands."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    if "_" in plain:
        # Python alone takes 1_000 for a number.
        raise ValueError
    return float(plain)


def _number(one: Known, text: str) -> float | int:
    try:
        number = _real(text)
    except ValueError:
        raise ValueError(f"`{one.name}` was {text!r}, expected a number") from None
    low = one.low if one.low is not None else float("-inf")
    high = one.high if one.high is not None else float("inf")
    if not low <= number <= high:
        raise ValueError(f"`{one.name}` was {text}, expected {low:g} to {high:g}")
    if one.type == "integer":
        if number != int(number):
            raise ValueError(f"`{one.name}` was {text}, expected a whole number")
        return int(number)
    return number


def _share(one: Known, text: str, header: str) -> float:
    """Return a share of 1, written as 0.95, as 95 %, or as 95 where the header says %."""
    plain = unicodedata.normalize("NFKC", text).strip()
    marked = plain.endswith("%")
    headed = "%" in unicodedata.normalize("NFKC", header)
    try:
        number = _real(plain.rstrip("% "))
    except ValueError:
        number = float("nan")
    if headed and not marked and 0 < number <= 1:
        raise ValueError(
            f"`{one.name}` was {text} under a header of %: write {number * 100:g} % or {number:g}%"
        )
    share = number / 100.0 if marked or headed or number > 1 else number
    if not 0 <= share <= 1:
        raise ValueError(f"`{one.name}` was {text!r}, expected 0 to 1, or 0 % to 100 %")
    return share


def _link(one: Known, text: str) -> str:
    """Return a link that bears no password; what is refused is not repeated."""
    try:
        link = urlsplit(text)
        whole = link.scheme.lower() in _SCHEMES and bool(link.hostname)
        secret = link.username is not None or link.password is not None
        secret |= any(_SECRETS.search(name) for name, _ in parse_qsl(link.query))
    except ValueError:
        whole, secret = False, False
    if not whole or len(text) > 500 or re.search(r"[\s<>\"'\\]", text):
        raise ValueError(f"`{one.name}` is no link that begins with http://, https:// or rtsp://")
    if secret:
        raise ValueError(f"`{one.name}` bears a user, password or key; give it without")
    return text


def _time(one: Known, text: str, tz: ZoneInfo) -> datetime:
    match = re.match(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T ]*(.*)$", text.strip())
    if match is None:
        raise ValueError(f"`{one.name}` was {text!r}, expected a time like 2026-11-23 22:00")
    year, month, day, rest = match.groups()
    try:
        day_part = date(int(year), int(month), int(day)).isoformat()
        clock = rest.strip() or "00:00"
        clock = f"0{clock}" if re.match(r"\d:", clock) else clock
        found = datetime.fromisoformat(f"{day_part}T{clock}")
    except ValueError as error:
        raise ValueError(f"`{one.name}` was {text!r}, no such time ({error})") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=tz)


def angle(name: str, text: str) -> float:
    """Return degrees or metres from a cell: 121.91, 121°54′36″, 东经121度54分36秒.

    Raises ValueError with what is wrong.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if re.search(r"\d\s+\d", folded):
        raise ValueError(f"`{name}` was {text!r}, expected degrees like 121.91 or 121°54′36″")
    plain = folded.replace(" ", "").upper()
    for word, side in _SIDES:
        plain = plain.replace(word, side)
    match = _ANGLE.fullmatch(plain)
    if match is not None:
        before, degrees, minutes, seconds, after = match.groups()
        side = before or after or ""
        parts = (float(degrees), float(minutes or 0), float(seconds or 0))
        if (before and after) or max(parts[1:]) >= 60:
            raise ValueError(f"`{name}` was {text!r}, expected degrees like 121°54′36″")
        turned = -1.0 if side in {"W", "S"} else 1.0
        return turned * (parts[0] + parts[1] / 60.0 + parts[2] / 3600.0)
    try:
        number = _real(plain.strip("°NE"))
    except ValueError:
        raise ValueError(f"`{name}` was {text!r}, expected a number") from None
    if number != number or abs(number) == float("inf"):
        raise ValueError(f"`{name}` was {text!r}, expected a number")
    return number
