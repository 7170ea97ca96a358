"""Published tide tables: NOAA's, plain hourly ones, and those that the national tables print."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from geo._tide_curve import WIDEST_STEP_MIN, TideTable, Times
from geo._tide_layouts import MEND, Raw, read_raw
from geo._tide_limits import check_figures, check_level, check_unit, check_zeros, highest_m
from geo._tide_text import UNITS, Heading, zone_of
from geo.crs import Bools, Floats
from geo.datums import canonical
from geo.errors import InputError, Refusal
from geo.tides import Station

# Rows of high and low water further apart than this share of the usual have one missing between.
_NEAR = 1.4
_EXTREMES_APART_MIN = 150.0
_SPIKE_M = 0.3
_SPIKE_TIMES = 10.0
_ASK = {
    "timezone": "Give --timezone, such as Asia/Shanghai or UTC.",
    "datum": "Give --datum, such as MSL, MLLW or CD.",
    "unit": "Give --unit m, cm or ft.",
    "station": "Give --station with the id of the station that the table is of.",
}


def read_tide_table(
    path: Path,
    *,
    timezone: str | None = None,
    datum: str | None = None,
    unit: str | None = None,
    station: str | None = None,
    sheet: str | None = None,
) -> tuple[Station, list[Refusal]]:
    """Read a published tide table as a station of kind 'table', and the rows that are no good.

    Layouts, all as text (UTF-8, GB 18030) or .xlsx, with lines of heading above:

    - NOAA CO-OPS API, CSV and JSON: predictions at steps or high/low, and water levels
      (https://api.tidesandcurrents.noaa.gov/api/prod/; neither states zone, unit or datum);
    - NOAA annual text ("Date Day Time Pred(Ft) Pred(cm) High/Low" below "StationName:" and so on);
    - a column of times and one of heights (and one of H or L);
    - a date and 24 hourly heights, as the national tide tables of China print principal ports;
    - a date and up to four pairs of 潮时 and 潮高, beside or below each other, also half a month
      beside the other, as they print high and low waters; "潮高基准面在平均海平面下 312 cm" gives
      the datum, "时区 -0800" is UTC+8.

    Parameters
    ----------
    timezone, datum, unit : what the file does not say; what it does say must agree.
    station : id of the station, or its name where the file says both; of several in a column of the
        file, the one to take.
    sheet : a workbook's sheet; its first if left out.

    Raises
    ------
    InputError
        When the file is no such table, zone, datum, unit or station are not known or are said to be
        two, or its heights are those of no tide (docs/tides.md has the limits).
    """
    name = path.name
    raw = read_raw(path, station=station, sheet=sheet)
    if not raw.times:
        worst = raw.refused[0].detail if raw.refused else "there is none"
        raise InputError(f"no row holds a time and a height ({worst})", where=name, mend=MEND)
    heading = raw.heading
    station_id = _station_id(station, heading, name)
    unit = _agreed("unit", unit, heading.unit, name)
    zero = _agreed("datum", canonical(datum) if datum else None, heading.datum, name)
    zone, note = _zone(raw, timezone)
    times = _in_utc(raw, zone)
    datums = {zero: 0.0, **heading.datums}
    check_zeros(datums, where=name)
    figures = np.array(raw.figures)
    height_m = figures * UNITS[unit]
    limit_m = highest_m(zero, datums)
    check_figures(figures, height_m, limit_m, where=name)
    table = _table(raw, times, height_m, zero, limit_m=limit_m)
    check_unit(table, figures, unit, where=name)
    check_level(table, datums, where=name)
    first, last = (str(t.astype("datetime64[D]")) for t in table.span)
    note = f"潮汐表 {first}–{last}{note} · tide table from {first} to {last}{note}"
    return (
        Station(
            station_id=station_id,
            name=heading.name or station_id,
            lon=np.nan if heading.lon is None else heading.lon,
            lat=np.nan if heading.lat is None else heading.lat,
            datums=datums,
            note=note,
            table=table,
        ),
        raw.refused,
    )


def _station_id(given: str | None, heading: Heading, where: str) -> str:
    """Return whose table it is; an option may also name it as the file does."""
    if given is not None and given == heading.name and heading.station_id:
        given = heading.station_id
    if given is None and heading.station_id is None:
        raise _unsaid("which station it is of", "station", where)
    return _agreed("station", given, heading.station_id, where)


def _agreed(what: str, given: str | None, said: str | None, where: str) -> str:
    """Return what was given or what the file says; raise InputError where none or both differ."""
    if given is not None and said is not None and given != said:
        raise InputError(
            f"the file says {what} {said}, and --{what} says {given}",
            where=where,
            mend=f"Leave --{what} out, or mend the file's heading.",
        )
    found = given or said
    if found is None:
        raise _unsaid(f"the {what} of its heights", what, where)
    return found


def _unsaid(what: str, option: str, where: str) -> InputError:
    return InputError(f"the table does not say {what}", where=where, mend=_ASK[option])


def _zone(raw: Raw, option: str | None) -> tuple[tzinfo | None, str]:
    """Return the zone of the times that bear none, and what to note of how it was read."""
    plain = [at for at in raw.times if at.tzinfo is None]
    if not plain:
        return None, ""
    heading, where = raw.heading, raw.where
    given = None if option is None else zone_of("", option, lon=heading.lon, where=where)
    label, text = heading.zone or ("", "LST")
    try:
        said = zone_of(label, text, lon=heading.lon, where=where)
    except InputError:
        # A heading's zone that may mean two things is settled by the option, if it is one of them.
        if given is None:
            raise
        said = None
    if said is None and given is None:
        raise _unsaid("the zone of its times", "timezone", where)
    if given and not _agree(text, said, given, plain[0]):
        raise InputError(
            f"the file says time zone {text}, and --timezone says {option}",
            where=where,
            mend="Leave --timezone out, or mend the file's heading.",
        )
    bare = re.fullmatch(r"[+\-−－]\d{1,2}:?\d{2}", text) is not None
    return given or said, f" ({text} = {said.tzname(plain[0])})" if bare and said else ""


def _agree(text: str, said: tzinfo | None, given: tzinfo, at: datetime) -> bool:
    """Return whether a heading's zone is the given one, or may be where its sign tells nothing."""
    ahead = given.utcoffset(at)
    if said is not None:
        return said.utcoffset(at) == ahead
    match = re.fullmatch(r"[+\-−－＋](\d{1,2}):?(\d{2})?", text)
    if match is None:
        return True
    offset = timedelta(hours=int(match[1]), minutes=int(match[2] or 0))
    return ahead in (offset, -offset)


def _in_utc(raw: Raw, zone: tzinfo | None) -> list[datetime | None]:
    """Return all times in UTC; None where there is no such local time."""
    standard = raw.heading.zone is not None and raw.heading.zone[1].upper() == "LST"
    found: list[datetime | None] = []
    before: datetime | None = None
    for local in raw.times:
        at = _utc(local, zone, before, standard=standard)
        found.append(at)
        before = at or before
    return found


def _utc(
    local: datetime, zone: tzinfo | None, before: datetime | None, *, standard: bool
) -> datetime | None:
    """Return one time in UTC, in its order where clocks are set back, None where it is not."""
    if local.tzinfo is not None or zone is None:
        return local.astimezone(UTC)
    aware = local.replace(tzinfo=zone)
    if not isinstance(zone, ZoneInfo):
        return aware.astimezone(UTC)
    if standard:
        # NOAA's LST keeps standard time all year.
        shift = (aware.utcoffset() or timedelta()) - (aware.dst() or timedelta())
        return (local - shift).replace(tzinfo=UTC)
    at = aware.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        return None
    later = aware.replace(fold=1).astimezone(UTC)
    return later if before is not None and at <= before < later else at


def _table(
    raw: Raw, times: list[datetime | None], height_m: Floats, datum: str, *, limit_m: float
) -> TideTable:
    """Return the figures in order of time, once each; those that cannot be are refused."""
    keys, rows = _in_order(raw, times, height_m, limit_m)
    if len(rows) < 2:
        worst = raw.refused[0].detail if raw.refused else "it has one row"
        raise InputError(f"fewer than two rows can be used ({worst})", where=raw.where, mend=MEND)
    marks = [raw.high[i] for i in rows]
    if not _of_extremes(raw, keys, marks):
        smooth = _smooth(keys, height_m[rows])
        for i in rows[~smooth]:
            detail = f"{raw.figures[i]:g} stands off from the heights around it"
            _refuse(raw, i, "spike", detail, "See whether it is mistyped.")
        return TideTable(datum, keys[smooth], height_m[rows][smooth])
    high, good = _turns(keys, height_m[rows], marks)
    for i in rows[~good]:
        detail = f"{raw.figures[i]:g} is no high or low water between its neighbours"
        _refuse(raw, i, "no_turn", detail, "See whether it is mistyped, or a row is missing.")
    if good.sum() < 2:
        raise InputError("its heights do not rise and fall", where=raw.where, mend=MEND)
    return TideTable(datum, keys[good], height_m[rows][good], high[good])


def _in_order(
    raw: Raw, times: list[datetime | None], height_m: Floats, limit_m: float
) -> tuple[Times, NDArray[np.int64]]:
    """Return the times that can be used, ascending, and which figure each has."""
    order: dict[np.datetime64, int] = {}
    for i, at in enumerate(times):
        if at is None:
            detail = "there is no such local time: clocks were set on"
            _refuse(raw, i, "bad_time", detail, "Correct it, or name another zone.")
            continue
        if abs(height_m[i]) > limit_m:
            detail = f"the height is {height_m[i]:g} m, beyond {limit_m:g} m"
            _refuse(raw, i, "bad_height", detail, "See whether the unit is right, or correct it.")
            continue
        key = np.datetime64(at.replace(tzinfo=None), "ms")
        if height_m[order.setdefault(key, i)] != height_m[i]:
            detail = "the time stands twice, with another height"
            _refuse(raw, i, "twice", detail, "Keep the one that holds.")
    keys = np.array(sorted(order), dtype="datetime64[ms]")
    return keys, np.array([order[key] for key in keys], dtype=np.int64)


def _refuse(raw: Raw, i: int, reason: str, detail: str, mend: str) -> None:
    told = f"{raw.times[i]:%Y-%m-%d %H:%M}: {detail}"
    raw.refused.append(Refusal(raw.where, raw.rows[i], reason, told, mend))


def _of_extremes(raw: Raw, times: Times, marks: list[bool | None]) -> bool:
    """Return whether a table is of high and low waters, by its layout, marks or steps."""
    if raw.extremes or any(mark is not None for mark in marks):
        return True
    steps = np.diff(times) / np.timedelta64(1, "m")
    step = float(np.median(steps))
    if step <= WIDEST_STEP_MIN:
        return False
    # High and low waters stand hours apart, and never at equal steps.
    if step > _EXTREMES_APART_MIN and float(np.ptp(steps)) > 1.0:
        return True
    raise InputError(
        f"its heights stand {step:.0f} min apart; {WIDEST_STEP_MIN} min are allowed",
        where=raw.where,
        mend="Give an hourly table, or one of high and low waters.",
    )


def _smooth(times: Times, height_m: Floats) -> Bools:
    """Return which heights of a series lie near the cubic through their four neighbours.

    In a smooth tide the two part by A (w h)^4 / 6, 4 cm for hourly heights of 4 m amplitude.
    """
    good = np.ones(len(times), dtype=np.bool_)
    if len(times) < 9:
        return good
    h = height_m
    off = np.zeros(len(h))
    off[2:-2] = np.abs(h[2:-2] - (4 * (h[1:-3] + h[3:-1]) - h[:-4] - h[4:]) / 6)
    steps = np.diff(times)
    even = np.zeros(len(h), dtype=np.bool_)
    even[2:-2] = (
        (steps[:-3] == steps[1:-2]) & (steps[1:-2] == steps[2:-1]) & (steps[2:-1] == steps[3:])
    )
    off[~even] = 0.0
    # A wrong height throws its neighbours' cubics off too, by less than its own.
    top = np.max(np.lib.stride_tricks.sliding_window_view(np.pad(off, 2), 5), axis=1)
    limit = max(_SPIKE_M, _SPIKE_TIMES * float(np.median(off[even]))) if even.any() else np.inf
    good[(off > limit) & (off == top)] = False
    return good


def _turns(times: Times, height_m: Floats, marks: list[bool | None]) -> tuple[Bools, Bools]:
    """Return which rows are high waters, and which are turns at all.

    Without marks, highs and lows take turns in each run of neighbours, as the heights say taken
    together; a row that stands on the wrong side of all its neighbours is none.
    """
    gaps = np.diff(times) / np.timedelta64(1, "h")
    near = gaps <= _NEAR * np.median(gaps)
    high = np.zeros(len(times), dtype=np.bool_)
    for run in np.split(np.arange(len(times)), np.flatnonzero(~near) + 1):
        if len(run) == 1:
            high[run] = height_m[run] > np.median(height_m)
        else:
            even = height_m[run[::2]].mean() > height_m[run[1::2]].mean()
            high[run] = (np.arange(len(run)) % 2 == 0) == even
    high = np.array([own if mark is None else mark for own, mark in zip(high, marks, strict=True)])
    rises = np.where(high[1:], 1.0, -1.0) * np.diff(height_m)
    linked = near & (high[1:] != high[:-1])
    wrong = linked & (rises <= 0)
    links, wrongs = np.zeros(len(times)), np.zeros(len(times))
    for side in (slice(None, -1), slice(1, None)):
        links[side] += linked
        wrongs[side] += wrong
    return high, (links == 0) | (wrongs < links)
